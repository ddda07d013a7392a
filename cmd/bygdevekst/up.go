package main

import (
	"context"
	"errors"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/ingest"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// UpCmd is the whole main job.
type UpCmd struct {
	Demo bool   `help:"Simulated figures for every table: start a simulator, bring its figures over HTTP, build and serve them. Every page says that they are simulated."`
	Seed uint64 `help:"Seed of the simulated world (with --demo)." default:"1"`
	readers
}

// Help is printed by «bygdevekst up --help».
func (UpCmd) Help() string {
	return `Ingests the recorded figures, builds the first release if there is none, and
serves it. Needs no network.

Examples:
  bygdevekst up --addr 127.0.0.1:9000
  bygdevekst up --demo --home /tmp/demo`
}

// Run ingests, builds and serves.
func (c *UpCmd) Run(a *app) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	info, err := store.Current()
	none := data.ErrorCode(err) == data.ENOTFOUND
	if err != nil && !none {
		return err
	}
	switch {
	case c.Demo && !none && info.Kind != data.Simulated:
		return data.Errorf(data.ECONFLICT, "this home folder serves %s figures; give the demonstration one of its own: --home DIR", info.Kind)
	case c.Demo && none:
		if err := c.demo(a); err != nil {
			return err
		}
	case none:
		if _, _, err := a.ingestRecorded(); err != nil {
			return err
		}
		if _, _, err := a.build(BuildCmd{Seed: defaultSeed}); err != nil {
			return err
		}
	}
	return a.serve(c.readers)
}

// demo makes a release of simulated figures the way live ones are made: over HTTP.
func (c *UpCmd) demo(a *app) error {
	a.printf("SIMULERTE TALL – ikke SSB\n")
	sim, err := ssbsim.New(ssbsim.Options{Regions: simulatedRegions(), Seed: c.Seed})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(a.ctx)
	addr, wait, err := listenAndServe(ctx, "127.0.0.1:0", sim)
	if err != nil {
		stop()
		return err
	}
	err = a.ingest("http://"+addr, sourceFlags{}, func(*ingest.Job) {})
	stop()
	if err := errors.Join(err, wait()); err != nil {
		return err
	}
	_, _, err = a.build(BuildCmd{Kind: data.Simulated, Seed: defaultSeed})
	return err
}

// defaultSeed is the day the agreement was signed, 2025-05-12.
const defaultSeed = 20250512
