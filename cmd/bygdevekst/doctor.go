package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/ingest"
)

// DoctorCmd looks for what a person must mend.
type DoctorCmd struct {
	Live   bool   `help:"Ask the source: its description, every table plan against its metadata and code lists, and Klass."`
	Source string `help:"The source to ask with --live: live (SSB) or the address of a simulator." default:"live" placeholder:"live|URL"`
	sourceFlags
}

// Help is printed by «bygdevekst doctor --help».
func (DoctorCmd) Help() string {
	return `Looks at the home folder: the archive's bodies against their hashes, and the served
release. With --live also at a source, without asking for figures or storing
anything. What must be mended is marked !, what may be of interest is a note.
Exit code 6 if something must be mended, 5 if the source does not answer.

Example:
  bygdevekst doctor --live`
}

// Run examines.
func (c *DoctorCmd) Run(a *app) error {
	wrong := 0
	tell := func(d ingest.Diagnosis) {
		mark := "ok"
		if len(d.Mend) > 0 {
			mark = "! "
			wrong += len(d.Mend)
		}
		a.printf("%s  %s", mark, d.Subject)
		if d.Fine != "" {
			a.printf(": %s", d.Fine)
		}
		a.printf("\n")
		for _, m := range d.Mend {
			a.printf("      ! %s\n", m)
		}
		for _, n := range d.Note {
			a.printf("      note: %s\n", n)
		}
	}
	tell(a.examineHome())
	if c.Live {
		p := a.progress()
		j, err := a.newJob(c.Source, c.sourceFlags, p.waiting)
		if err != nil {
			return err
		}
		if err := j.Examine(a.ctx, tell); err != nil {
			return err
		}
	}
	if wrong > 0 {
		a.printf("%d things to mend\n", wrong)
		return errFound
	}
	a.printf("nothing to mend\n")
	return nil
}

// examineHome looks at the archive and the served release.
func (a *app) examineHome() ingest.Diagnosis {
	d := ingest.Diagnosis{Subject: "home " + a.cli.Home}
	if _, err := os.Stat(a.cli.Home); errors.Is(err, fs.ErrNotExist) {
		d.Note = append(d.Note, "nothing is there yet; «bygdevekst up» makes the first release")
		return d
	}
	arch, err := a.archive()
	if err == nil {
		err = arch.Verify()
	}
	if err != nil {
		d.Mend = append(d.Mend, err.Error())
	}
	store, err := a.store()
	if err != nil {
		d.Mend = append(d.Mend, err.Error())
		return d
	}
	switch id, err := store.CurrentID(); {
	case data.ErrorCode(err) == data.ENOTFOUND:
		d.Note = append(d.Note, "no release has been published yet")
	case err != nil:
		d.Mend = append(d.Mend, err.Error())
	default:
		d.Fine = "serves " + id
	}
	return d
}
