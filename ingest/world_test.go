package ingest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest"
	"github.com/bygdevekst/bygdevekst/ingest/fetch"
	"github.com/bygdevekst/bygdevekst/ingest/gate"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// few are the municipalities of the small world: the four of the agreement,
// neighbours, a town, and one with a border change (Ålesund).
var few = []string{"3403", "3418", "3419", "3420", "3421", "3422", "3423", "3424", "3425", "3426", "1508", "0301"}

// world is the simulator's regions for some codes, all when none is given.
func world(codes ...string) []ssbsim.Region {
	var out []ssbsim.Region
	for _, m := range regions.Default().All() {
		if len(codes) > 0 && !slices.Contains(codes, m.Code) {
			continue
		}
		r := ssbsim.Region{Code: m.Code, Name: m.Name, County: m.County, Centrality: m.CentralityIndex}
		for _, n := range m.Neighbours {
			if len(codes) == 0 || slices.Contains(codes, n) {
				r.Neighbours = append(r.Neighbours, n)
			}
		}
		for _, e := range m.Earlier {
			r.Earlier = append(r.Earlier, ssbsim.Earlier{Code: e.Code, Name: fmt.Sprintf("%s (-%d)", m.NameNB, e.To), From: e.From, To: e.To})
		}
		out = append(out, r)
	}
	return out
}

// simulator serves a small world, with faults as on the command line.
func simulator(t *testing.T, opt ssbsim.Options, faults ...string) *httptest.Server {
	t.Helper()
	if opt.Regions == nil {
		opt.Regions = world(few...)
	}
	if opt.Seed == 0 {
		opt.Seed = 1
	}
	for _, s := range faults {
		f, err := ssbsim.ParseFault(s)
		if err != nil {
			t.Fatal(err)
		}
		opt.Faults = append(opt.Faults, f)
	}
	s, err := ssbsim.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv
}

var catalogueOnce = sync.OnceValues(func() (*catalogue.Catalogue, error) { return catalogue.Load(catalogue.DefaultFiles()) })

func loadCatalogue(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	cat, err := catalogueOnce()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func openArchive(t *testing.T) *archive.Archive {
	t.Helper()
	a, err := archive.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// quick are the options of a client that does not wait; a busy machine may take
// its time to answer.
func quick(t *testing.T) fetch.Options {
	t.Helper()
	return fetch.Options{Dir: t.TempDir(), First: time.Millisecond, Tries: 4}
}

func job(t *testing.T, base string, arch *archive.Archive, tables ...string) *ingest.Job {
	t.Helper()
	src, err := ingest.OpenSource(base, quick(t))
	if err != nil {
		t.Fatal(err)
	}
	return &ingest.Job{Source: src, Archive: arch, Catalogue: loadCatalogue(t), Regions: regions.Default(), Tables: tables, Bounds: gate.Default}
}

// run runs a job that must not stop early.
func run(t *testing.T, j *ingest.Job) ingest.Result {
	t.Helper()
	res, err := j.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// say is a result in a line for each table that has something to say.
func say(res ingest.Result) string {
	var b strings.Builder
	for _, r := range res.Tables {
		fmt.Fprintf(&b, "%s %s new %d revised %d gone %d", r.ID, r.State, r.New, r.Revised, r.Gone)
		for _, x := range r.Reasons {
			fmt.Fprintf(&b, "\n    reason: %s", x)
		}
		for _, x := range r.Warnings {
			fmt.Fprintf(&b, "\n    warning: %s", x)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// current is what a build would use, as table, key and hash.
func current(t *testing.T, arch *archive.Archive) []string {
	t.Helper()
	list, err := arch.Current(data.Simulated)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Key+" "+e.Provenance.SHA256)
	}
	return out
}
