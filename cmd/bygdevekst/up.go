package main

import (
	"github.com/bygdevekst/bygdevekst/data"
)

// UpCmd is the whole main job.
type UpCmd struct{}

// Help is printed by «bygdevekst up --help».
func (UpCmd) Help() string {
	return `Ingests the recorded figures, builds the first release if there is none, and
serves it. Needs no network.

Example:
  bygdevekst up --addr 127.0.0.1:9000`
}

// Run ingests, builds and serves.
func (c *UpCmd) Run(a *app) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	if _, err := store.Current(); data.ErrorCode(err) == data.ENOTFOUND {
		if _, _, err := a.ingestRecorded(); err != nil {
			return err
		}
		if _, _, err := a.build(BuildCmd{Seed: defaultSeed}); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return a.serve()
}

// defaultSeed is the day the agreement was signed, 2025-05-12.
const defaultSeed = 20250512
