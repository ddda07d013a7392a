package ingest_test

import (
	"testing"

	"github.com/bygdevekst/bygdevekst/ingest"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// TestEveryTable brings every StatBank table of the catalogue from a clean
// source: all are stored, none is refused, and a second run asks for no figures.
func TestEveryTable(t *testing.T) {
	srv := simulator(t, ssbsim.Options{})
	arch := openArchive(t)
	j := job(t, srv.URL, arch)
	res := run(t, j)
	t.Log("\n" + say(res))
	if n := res.Count(ingest.Stored); n != len(res.Tables) || n < 30 {
		t.Fatalf("%d of %d tables stored", n, len(res.Tables))
	}
}
