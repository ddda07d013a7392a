// Package recorded holds the published figures that ship inside the program,
// each with table, period and source: the embedded default when no source can
// be reached. The figures are data files; no code here holds one.
package recorded

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/bygdevekst/bygdevekst/data"
)

//go:embed *.csv sources.yaml
var files embed.FS

// File is one file of recorded figures as it is archived.
type File struct {
	Name       string
	Body       []byte
	Provenance data.Provenance
}

type source struct {
	File      string `yaml:"file"`
	Table     string `yaml:"table"`
	Title     string `yaml:"title"`
	Source    string `yaml:"source"`
	Licence   string `yaml:"licence"`
	Retrieved string `yaml:"retrieved"`
	Note      string `yaml:"note"`
}

// Files returns every file with its provenance, in a fixed order. It panics if
// an embedded file is broken, which a test rules out.
func Files() []File { return loaded() }

var loaded = sync.OnceValue(func() []File {
	out, err := load()
	if err != nil {
		panic("recorded: embedded figures: " + err.Error())
	}
	return out
})

func load() ([]File, error) {
	raw, err := files.ReadFile("sources.yaml")
	if err != nil {
		return nil, err
	}
	var sources []source
	if err := yaml.UnmarshalWithOptions(raw, &sources, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("sources.yaml: %w", err)
	}
	var out []File
	for _, s := range sources {
		body, err := files.ReadFile(s.File)
		if err != nil {
			return nil, err
		}
		at, err := time.Parse(time.DateOnly, s.Retrieved)
		if err != nil {
			return nil, fmt.Errorf("%s: retrieved: %w", s.File, err)
		}
		sum := sha256.Sum256(body)
		out = append(out, File{s.File, body, data.Provenance{
			Table: s.Table, Title: s.Title, Source: s.Source, Licence: s.Licence, Retrieved: at,
			Kind: data.Recorded, SHA256: hex.EncodeToString(sum[:]), Note: s.Note,
		}})
	}
	return out, nil
}

// Batches decodes every file.
func Batches() ([]data.Batch, error) {
	var out []data.Batch
	for _, f := range Files() {
		b, err := Decode(f.Body, f.Provenance)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out = append(out, b)
	}
	return out, nil
}

// Decode reads a file of recorded figures: a header `series,code` and one column
// a period, then a row for each series and region code. An empty cell is a
// figure the file does not have, a symbol a figure the source does not have.
// Errors are EINVALID and name line and column.
func Decode(body []byte, p data.Provenance) (data.Batch, error) {
	b := data.Batch{Provenance: p}
	r := csv.NewReader(bytes.NewReader(body))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return b, data.Errorf(data.EINVALID, "line 1: no header: %w", err)
	}
	periods, err := readHeader(header)
	if err != nil {
		return b, err
	}
	seen := map[string]bool{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, data.Errorf(data.EINVALID, "%w", err)
		}
		line, _ := r.FieldPos(0)
		if key := row[0] + "/" + row[1]; seen[key] {
			return b, data.Errorf(data.EINVALID, "line %d: series %s, region %s comes twice", line, row[0], row[1])
		} else if seen[key] = true; row[0] == "" || row[1] == "" {
			return b, data.Errorf(data.EINVALID, "line %d: no series or no region code", line)
		}
		for j, cell := range row[2:] {
			if cell == "" {
				continue
			}
			f := data.Fact{Table: p.Table, Series: row[0], Region: row[1], Period: periods[j]}
			if f.Value, f.Status, err = parse(cell); err != nil {
				return b, data.Errorf(data.EINVALID, "line %d, column %s: %w", line, periods[j], err)
			}
			b.Facts = append(b.Facts, f)
		}
	}
}

func readHeader(header []string) ([]data.Period, error) {
	if len(header) < 3 || header[0] != "series" || header[1] != "code" {
		return nil, data.Errorf(data.EINVALID, "line 1: the header must be series,code and at least one period, not %q", header)
	}
	out := make([]data.Period, len(header)-2)
	for j, h := range header[2:] {
		p, err := data.ParsePeriod(h)
		if err != nil {
			return nil, data.Errorf(data.EINVALID, "line 1, column %d: %w", j+3, err)
		}
		if j > 0 && out[j-1].Compare(p) >= 0 {
			return nil, data.Errorf(data.EINVALID, "line 1, column %d: %s does not come after %s", j+3, p, out[j-1])
		}
		out[j] = p
	}
	return out, nil
}

func parse(cell string) (float64, data.Status, error) {
	if v, err := strconv.ParseInt(cell, 10, 64); err == nil {
		return float64(v), data.OK, nil
	}
	s, err := data.ParseStatus(cell)
	if err != nil {
		return 0, s, data.Errorf(data.EINVALID, "%q is neither a whole number nor a status symbol", cell)
	}
	return 0, s, nil
}
