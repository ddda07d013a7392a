package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
)

// ReleasesCmd lists releases.
type ReleasesCmd struct {
	JSON bool `help:"Print the manifests as JSON." name:"json"`
}

// Help is printed by «bygdevekst releases --help».
func (ReleasesCmd) Help() string {
	return `Newest first; a star marks the one that is served. With --json the whole manifests:
inputs with hashes, versions, row counts, files with checksums.

Examples:
  bygdevekst releases
  bygdevekst releases --json`
}

// Run lists.
func (c *ReleasesCmd) Run(a *app) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	list, err := store.List()
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	current, err := store.CurrentID()
	if err != nil && data.ErrorCode(err) != data.ENOTFOUND {
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tID\tKIND\tBUILT\tOBSERVATIONS\tVALUES\tCONTENT")
	for _, r := range list {
		mark := ""
		if r.ID == current {
			mark = "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", mark, r.ID, r.Kind, r.Created.Format(time.DateTime), r.Rows["observations"], r.Rows["indicator_values"], r.ContentSHA256[:12])
	}
	return w.Flush()
}

// VerifyCmd verifies a release.
type VerifyCmd struct {
	ID string `arg:"" optional:"" help:"Release id; the served one when left out."`
}

// Help is printed by «bygdevekst verify --help».
func (VerifyCmd) Help() string {
	return `Recomputes the checksum of every file, the content hash from the DuckDB file and
from the Parquet files, the order and uniqueness of keys, the invariants of the
figures, and the hash of every body in the archive. Exit code 6 if anything differs.

Example:
  bygdevekst verify 20261124T120000Z-1a2b3c4d`
}

// Run verifies.
func (c *VerifyCmd) Run(a *app) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	id := c.ID
	if id == "" {
		if id, err = store.CurrentID(); err != nil {
			return err
		}
	}
	if _, err := store.Info(id); err != nil {
		return err
	}
	arch, err := a.archive()
	if err != nil {
		return err
	}
	if err := errors.Join(store.Verify(a.ctx, id), a.verifyFigures(store, id), arch.Verify()); err != nil {
		a.printf("%s: NOT OK\n%v\n", id, err)
		return errFound
	}
	a.printf("%s: ok\n", id)
	return nil
}

// RollbackCmd points CURRENT back.
type RollbackCmd struct {
	ID string `arg:"" help:"Release id, as «bygdevekst releases» prints it."`
}

// Help is printed by «bygdevekst rollback --help».
func (RollbackCmd) Help() string {
	return `The release is verified first; if anything differs nothing changes. A running server
picks it up within seconds. Roll forward again with the newer release's id.

Example:
  bygdevekst rollback 20261124T120000Z-1a2b3c4d`
}

// Run rolls back.
func (c *RollbackCmd) Run(a *app) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	if err := store.Rollback(a.ctx, c.ID); err != nil {
		return err
	}
	a.printf("serving %s\n", c.ID)
	return nil
}

// VersionCmd prints versions.
type VersionCmd struct{}

// Help is printed by «bygdevekst version --help».
func (VersionCmd) Help() string {
	return `The version make set, or the module's own where it was installed by go install.

Example:
  bygdevekst version`
}

// Run prints.
func (VersionCmd) Run(a *app) error {
	a.printf("bygdevekst %s\n", codeVersion())
	return nil
}
