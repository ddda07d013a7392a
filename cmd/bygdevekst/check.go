package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/release"
	"github.com/bygdevekst/bygdevekst/indicators/itest"
)

// CheckCmd checks catalogue files.
type CheckCmd struct {
	Catalogue string   `help:"Catalogue folder to check; the built-in one when left out." placeholder:"DIR" type:"existingdir"`
	Tests     []string `help:"Indicator test files (*.itest) to run as well." placeholder:"FILE" type:"existingfile"`
}

// Help is printed by «bygdevekst check --help».
func (CheckCmd) Help() string {
	return `Every problem is printed as file:line:column: message, all of them at once, and
the exit code is 6. JSON Schema files for editors lie beside the built-in files.

Examples:
  bygdevekst check --catalogue ./catalogue
  bygdevekst check --tests rates.itest`
}

// Run checks.
func (c *CheckCmd) Run(a *app) error {
	found := false
	cat, _, err := loadCatalogue(c.Catalogue)
	switch {
	case err != nil && data.ErrorCode(err) == data.EINTERNAL && !isProblems(err):
		return err
	case err != nil:
		found = true
		a.printf("%v\n", err)
	default:
		a.printf("catalogue: %d agreements, %d indicators, %d tables, %d designs: ok\n", len(cat.Agreements), len(cat.Indicators), len(cat.Tables), len(cat.Designs))
	}
	for _, path := range c.Tests {
		n, err := runTests(path)
		if err != nil {
			found = true
			a.printf("%v\n", err)
			continue
		}
		a.printf("%s: %d expectations: ok\n", path, n)
	}
	if found {
		return errFound
	}
	return nil
}

func isProblems(err error) bool {
	var p catalogue.Problems
	return errors.As(err, &p)
}

func runTests(path string) (int, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("check: %w", err)
	}
	return itest.Run(path, body)
}

func dirFS(dir string) fs.FS { return os.DirFS(dir) }

func isProjection(cat *catalogue.Catalogue, table string) bool {
	t := cat.Table(table)
	return t != nil && t.Projection
}

// verifyFigures harmonises a release's observations again from the codes they
// were reported under, and checks the invariants on the result.
func (a *app) verifyFigures(store *release.Store, id string) error {
	cat, err := catalogue.Load(store.Catalogue(id))
	if err != nil {
		return fmt.Errorf("catalogue of release %s: %w", id, err)
	}
	_, content, err := store.Load(a.ctx, id)
	if err != nil {
		return err
	}
	content.Observations, err = store.Observations(a.ctx, id)
	if err != nil {
		return err
	}
	batches, err := facts.Batches(content)
	if err != nil {
		return err
	}
	set, err := facts.Harmonise(batches, regions.Default(), cat.Sums)
	if err != nil {
		return err
	}
	if len(set.Rows) != len(content.Observations) {
		return data.Errorf(data.EINTERNAL, "release %s: %d observations harmonise to %d", id, len(content.Observations), len(set.Rows))
	}
	_, err = facts.Check(set, func(table string) bool { return isProjection(cat, table) })
	return err
}
