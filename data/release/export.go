package release

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Tables returns the names of a release's tables in schema order.
func Tables() []string {
	out := make([]string, len(tables))
	for i, t := range tables {
		out[i] = t.name
	}
	return out
}

// Export writes one table of a release to w as csv (RFC 4180), json (an array
// of objects) or parquet. Every row of csv and json carries the release id and
// the kind of its figures; Parquet files carry them as file metadata. Numbers
// are raw, a missing number is an empty field or null beside its status.
func (s *Store) Export(ctx context.Context, id, name, format string, w io.Writer) error {
	info, err := s.Info(id)
	if err != nil {
		return err
	}
	t, err := tableNamed(name)
	if err != nil {
		return err
	}
	if format == "parquet" {
		f, err := os.Open(filepath.Join(s.dir, id, parquetDir, name+".parquet"))
		if err != nil {
			return fmt.Errorf("release: %w", err)
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}
	c, err := readContent(ctx, filepath.Join(s.dir, id, duckName), name)
	if err != nil {
		return err
	}
	switch format {
	case "csv":
		return t.writeCSV(w, t.rows(&c), info)
	case "json":
		return t.writeJSON(w, t.rows(&c), info)
	default:
		return data.Errorf(data.EINVALID, "unknown format %q; known are csv, json and parquet", format)
	}
}

func tableNamed(name string) (table, error) {
	for _, t := range tables {
		if t.name == name {
			return t, nil
		}
	}
	return table{}, data.Errorf(data.ENOTFOUND, "no table %q; a release has %v", name, Tables())
}

func (t table) writeCSV(w io.Writer, rows reflect.Value, info cube.Info) error {
	cw := csv.NewWriter(w)
	record := make([]string, len(t.columns)+2)
	for j, c := range t.columns {
		record[j] = c.name
	}
	record[len(t.columns)], record[len(t.columns)+1] = "release", "kind"
	if err := cw.Write(record); err != nil {
		return err
	}
	record[len(t.columns)], record[len(t.columns)+1] = info.ID, string(info.Kind)
	for i := range rows.Len() {
		row := rows.Index(i)
		for j := range t.columns {
			record[j] = text(row.Field(j))
		}
		if err := cw.Write(record); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

func text(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int32:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	default:
		return cube.Float(v.Float()).String()
	}
}

func (t table) writeJSON(w io.Writer, rows reflect.Value, info cube.Info) error {
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	for i := range rows.Len() {
		row := rows.Index(i)
		buf := []byte("\n{")
		if i > 0 {
			buf = []byte(",\n{")
		}
		for j, c := range t.columns {
			buf = append(strconv.AppendQuote(buf, c.name), ':')
			cell, err := json.Marshal(row.Field(j).Interface())
			if err != nil {
				return err
			}
			buf = append(append(buf, cell...), ',')
		}
		buf = fmt.Appendf(buf, `"release":%q,"kind":%q}`, info.ID, info.Kind)
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n]\n")
	return err
}
