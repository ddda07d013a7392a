package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
)

// JsonstatCmd prints a JSON-stat file.
type JsonstatCmd struct {
	File   string `arg:"" help:"JSON-stat file; - reads standard input." placeholder:"FILE"`
	Format string `help:"Format of the table." enum:"csv" default:"csv"`
}

// Help is printed by «bygdevekst jsonstat --help».
func (JsonstatCmd) Help() string {
	return `Prints any JSON-stat dataset (SSB, SCB, Eurostat, every PxWeb server) as a long
table: one column for each dimension, with the codes, then value and status. A
missing value is empty. What is wrong with a file is said with its place, as
file: byte N (path): message, and the exit code is 2.

Examples:
  bygdevekst jsonstat 07459.json > 07459.csv
  curl -s 'https://data.ssb.no/api/pxwebapi/v2/tables/12134/data?lang=no' | bygdevekst jsonstat -`
}

// Run prints.
func (c *JsonstatCmd) Run(a *app) error {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if errors.Is(err, fs.ErrNotExist) {
			return data.Errorf(data.ENOTFOUND, "%s: there is no such file", c.File)
		}
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	d, err := jsonstat.Read(in, jsonstat.Options{})
	var bad *jsonstat.Error
	if errors.As(err, &bad) {
		return data.Errorf(data.EINVALID, "%s: byte %d (%s): %s", c.File, bad.Offset, bad.Path, bad.Reason)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if d.Metadata {
		fmt.Fprintf(a.stderr, "bygdevekst: %s describes a table and holds no figures: only the header is printed\n", c.File)
	}
	return jsonstat.WriteCSV(a.stdout, d)
}
