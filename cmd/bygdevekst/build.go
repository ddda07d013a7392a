package main

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/release"
	"github.com/bygdevekst/bygdevekst/indicators"
	"github.com/bygdevekst/bygdevekst/indicators/effects"
	"github.com/bygdevekst/bygdevekst/indicators/outlook"
	"github.com/bygdevekst/bygdevekst/ingest"
)

// BuildCmd builds and publishes a release.
type BuildCmd struct {
	Kind      data.Kind `help:"Which figures to build from: recorded, live or simulated. Default: live if the archive has any, else simulated, else recorded." enum:",recorded,live,simulated" default:""`
	Catalogue string    `help:"Catalogue folder instead of the built-in one." placeholder:"DIR" type:"existingdir"`
	Seed      uint64    `help:"Seed of every random draw; it is kept in the release." default:"20250512"`
	Workers   int       `help:"Goroutines to compute with; the result does not depend on it." default:"0"`
}

// Help is printed by «bygdevekst build --help».
func (BuildCmd) Help() string {
	return `Reads the newest body of every table from the archive, harmonises municipality
codes, checks the invariants, computes indicators, comparison groups and
attainment, writes a new release and points CURRENT at it. If anything is wrong
nothing is published and the last release stays served. Unchanged content
publishes nothing.

Example:
  bygdevekst build --kind recorded`
}

// Run builds.
func (c *BuildCmd) Run(a *app) error {
	info, fresh, err := a.build(*c)
	if err != nil {
		return err
	}
	what := "published"
	if !fresh {
		what = "unchanged, still"
	}
	a.printf("%s %s (%s figures, content %s)\n", what, info.ID, info.Kind, info.ContentSHA256[:12])
	return nil
}

// buildGC is the growth of the heap between collections while building, in per cent.
const buildGC = 400

func (a *app) build(c BuildCmd) (cube.Info, bool, error) {
	started := time.Now()
	// A build allocates much and keeps little: fewer collections take a quarter less
	// processor time, for some hundred megabytes.
	defer debug.SetGCPercent(debug.SetGCPercent(buildGC))
	arch, err := a.archive()
	if err != nil {
		return cube.Info{}, false, err
	}
	cat, files, err := loadCatalogue(c.Catalogue)
	if err != nil {
		return cube.Info{}, false, err
	}
	kind, entries, err := pickKind(arch, c.Kind)
	if err != nil {
		return cube.Info{}, false, err
	}
	d, err := derive(a.ctx, arch, entries, cat, c)
	if err != nil {
		return cube.Info{}, false, err
	}
	computed := time.Since(started)
	d.Info.Kind, d.Catalogue = kind, files
	store, err := a.store()
	if err != nil {
		return cube.Info{}, false, err
	}
	info, fresh, err := store.Publish(a.ctx, d)
	if err != nil {
		return info, false, err
	}
	a.log.Info("release", "id", info.ID, "kind", info.Kind, "fresh", fresh, "bodies", len(info.Inputs),
		"observations", info.Rows["observations"], "values", info.Rows["indicator_values"],
		"computed", computed.Round(time.Millisecond), "total", time.Since(started).Round(time.Millisecond))
	return info, fresh, nil
}

// loadCatalogue returns the catalogue in dir, or the built-in one, with its files.
func loadCatalogue(dir string) (*catalogue.Catalogue, fs.FS, error) {
	files := catalogue.DefaultFiles()
	if dir != "" {
		files = dirFS(dir)
	}
	cat, err := catalogue.Load(files)
	return cat, files, err
}

// pickKind returns the kind asked for, or the best the archive has, with its
// newest bodies.
func pickKind(arch *archive.Archive, want data.Kind) (data.Kind, []archive.Entry, error) {
	kinds := []data.Kind{data.Live, data.Simulated, data.Recorded}
	if want != "" {
		kinds = []data.Kind{want}
	}
	for _, k := range kinds {
		entries, err := arch.Current(k)
		if err != nil || len(entries) > 0 {
			return k, entries, err
		}
	}
	return "", nil, data.Errorf(data.ENOTFOUND, "the archive holds no %sfigures; run «bygdevekst ingest --source recorded» first", label(want))
}

func label(k data.Kind) string {
	if k == "" {
		return ""
	}
	return string(k) + " "
}

// derive is the pure part of a build: archive, catalogue and code in, content out.
func derive(ctx context.Context, arch *archive.Archive, entries []archive.Entry, cat *catalogue.Catalogue, c BuildCmd) (release.Draft, error) {
	var d release.Draft
	batches := make([]data.Batch, len(entries))
	for i, e := range entries {
		body, err := arch.Body(e.Provenance.SHA256)
		if err != nil {
			return d, err
		}
		if batches[i], err = ingest.Decode(e, body, cat); err != nil {
			return d, fmt.Errorf("decode %s: %w", e.Key, err)
		}
		p := e.Provenance
		d.Info.Inputs = append(d.Info.Inputs, cube.Input{Table: p.Table, SHA256: p.SHA256, Kind: p.Kind, Bytes: e.Bytes, Updated: p.Updated, Retrieved: p.Retrieved})
	}
	set, err := facts.Harmonise(batches, regions.Default(), cat.Sums)
	if err != nil {
		return d, err
	}
	report, err := facts.Check(set, func(table string) bool { return isProjection(cat, table) })
	if err != nil {
		return d, err
	}
	workers := c.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	d.Content, err = indicators.Derive(ctx, indicators.Input{
		Catalogue: cat, Regions: regions.Default(), Facts: set, Seed: c.Seed, Workers: workers,
	})
	if err != nil {
		return d, err
	}
	if err := effects.Derive(ctx, effects.Input{Catalogue: cat, Seed: c.Seed, Workers: workers}, &d.Content); err != nil {
		return d, err
	}
	if err := outlook.Derive(cat, &d.Content, workers); err != nil {
		return d, err
	}
	d.Info.CodeVersion, d.Info.CatalogueSHA256, d.Info.Seed = codeVersion(), cat.Hash(), c.Seed
	d.Info.Dropped, d.Info.LargestRest, d.Info.LargestRestAt = set.Dropped, report.LargestRest, report.LargestRestAt
	return d, nil
}
