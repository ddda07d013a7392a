// Package recordedtest has the recorded figures as a release is built from them,
// for tests and benches that need no archive.
package recordedtest

import (
	"sync"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/recorded"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// Facts are the embedded figures on today's municipalities under the embedded
// catalogue, made once. They must not be changed.
var Facts = sync.OnceValues(func() (*facts.Set, error) {
	batches, err := recorded.Batches()
	if err != nil {
		return nil, err
	}
	return facts.Harmonise(batches, regions.Default(), catalogue.Default().Sums)
})
