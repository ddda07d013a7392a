package main

import (
	"github.com/bygdevekst/bygdevekst/ingest"
)

// IngestCmd brings figures into the archive.
type IngestCmd struct {
	Source string `help:"Where from: recorded (the published figures that ship in the program)." enum:"recorded" default:"recorded"`
}

// Help is printed by «bygdevekst ingest --help».
func (IngestCmd) Help() string {
	return `Stores every body as received, with where it comes from and when. A body the
archive has already adds nothing, so the command may be repeated.

Example:
  bygdevekst ingest --source recorded && bygdevekst build`
}

// Run ingests.
func (c *IngestCmd) Run(a *app) error {
	n, added, err := a.ingestRecorded()
	if err != nil {
		return err
	}
	a.printf("%d recorded bodies, %d new\n", n, added)
	return nil
}

func (a *app) ingestRecorded() (bodies, added int, err error) {
	arch, err := a.archive()
	if err != nil {
		return 0, 0, err
	}
	return ingest.Recorded(arch)
}
