package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/release"
)

// ExportCmd writes tables of a release.
type ExportCmd struct {
	Format  string   `help:"csv, json or parquet." enum:"csv,json,parquet" default:"csv"`
	Release string   `help:"Release id; the served one when left out." placeholder:"ID"`
	Out     string   `help:"Folder to write one file a table to, or - for one table to standard output." default:"-" placeholder:"DIR"`
	Tables  []string `arg:"" optional:"" help:"Tables to write; all when left out (then --out must be a folder)."`
}

// Help is printed by «bygdevekst export --help».
func (ExportCmd) Help() string {
	return `Every row says which release it is from and which kind its figures are of.

Examples:
  bygdevekst export indicator_values > values.csv
  bygdevekst export --format parquet --out figures/`
}

// Run exports.
func (c *ExportCmd) Run(a *app) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	id := c.Release
	if id == "" {
		if id, err = store.CurrentID(); err != nil {
			return err
		}
	}
	names := c.Tables
	if c.Out == "-" {
		if len(names) != 1 {
			return data.Errorf(data.EINVALID, "standard output takes one table; name one of %v, or give --out DIR", release.Tables())
		}
		return store.Export(a.ctx, id, names[0], c.Format, a.stdout)
	}
	if len(names) == 0 {
		names = release.Tables()
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	for _, name := range names {
		if err := c.file(a, store, id, name); err != nil {
			return err
		}
	}
	a.printf("%d tables of %s written to %s\n", len(names), id, c.Out)
	return nil
}

func (c *ExportCmd) file(a *app, store *release.Store, id, name string) error {
	f, err := os.Create(filepath.Join(c.Out, name+"."+c.Format))
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := store.Export(a.ctx, id, name, c.Format, f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
