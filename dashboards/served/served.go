// Package served is what every part of dashboards answers from: one published
// release, whole and immutable.
package served

import (
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// Release is one release as readers see it. It must not be changed.
type Release struct {
	Info      cube.Info
	Cube      *cube.Cube
	Catalogue *catalogue.Catalogue
	Regions   *regions.Register
}

// Current returns the release that is served now. It is cheap and safe for
// concurrent use; a handler calls it once and answers from what it got.
type Current func() *Release

// Live is the Cache-Control of an answer that rests on more than the release,
// such as the list of releases: no one keeps it without asking again, and the
// server makes it anew each time.
const Live = "no-cache"
