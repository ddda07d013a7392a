package release_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/release"
)

func TestCellsReadBackInOrderWithTheirTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cells.duckdb")
	missing := map[int]bool{1: true, 5: true}
	c := release.Cells{
		Axes:    []release.Axis{{Name: "Region", Codes: []string{"3425", "3421"}}, {Name: `År "x"`, Codes: []string{"2023", "2024", "2025"}}},
		Values:  []float64{1287, 0, 0, -0.5, 6474, 0},
		Missing: func(i int) bool { return missing[i] },
		Status:  []uint8{0, 1, 0, 2, 0, 0},
		Symbols: []string{"", ":", "p"},
	}
	if err := release.WriteCells(context.Background(), path, c); err != nil {
		t.Fatal(err)
	}
	want := []string{"3425 2023 1287 ", "3425 2024 NULL :", "3425 2025 0 ", "3421 2023 -0.5 p", "3421 2024 6474 ", "3421 2025 NULL "}
	if diff := cmp.Diff(want, readCells(t, path)); diff != "" {
		t.Error(diff)
	}
	if err := release.WriteCells(context.Background(), path, c); data.ErrorCode(err) != data.ECONFLICT {
		t.Errorf("an existing file: %v", err)
	}
}

// readCells opens the file by the driver that release has registered.
func readCells(t *testing.T, path string) (out []string) {
	t.Helper()
	db, err := sql.Open("duckdb", path+"?access_mode=read_only")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT * FROM cells ORDER BY Region DESC, "År ""x"""`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var region, year, status string
		var value sql.NullFloat64
		if err := rows.Scan(&region, &year, &value, &status); err != nil {
			t.Fatal(err)
		}
		v := "NULL"
		if value.Valid {
			v = fmt.Sprint(value.Float64)
		}
		out = append(out, fmt.Sprintf("%s %s %s %s", region, year, v, status))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// 70,000 codes need the widest integer, and 2,048 cells are one chunk of
// DuckDB's: both borders lie inside.
func TestManyCellsAndCodes(t *testing.T) {
	const n = 70_000
	c := release.Cells{Axes: []release.Axis{{Name: "A", Codes: make([]string, n)}}, Values: make([]float64, n), Missing: func(int) bool { return false }}
	for i := range n {
		c.Axes[0].Codes[i] = fmt.Sprint("c", i)
		c.Values[i] = float64(i)
	}
	path := filepath.Join(t.TempDir(), "cells.duckdb")
	if err := release.WriteCells(context.Background(), path, c); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", path+"?access_mode=read_only")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var wrong, all int
	if err := db.QueryRow(`SELECT count(*) FILTER (A <> 'c' || CAST(value AS INTEGER)), count(*) FROM cells`).Scan(&wrong, &all); err != nil {
		t.Fatal(err)
	}
	if wrong != 0 || all != n {
		t.Errorf("%d of %d cells under the wrong code", wrong, all)
	}
}

func TestCellsThatAreNoTableAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(c *release.Cells)
	}{
		{"too few values", func(c *release.Cells) { c.Values = c.Values[:1] }},
		{"too few statuses", func(c *release.Cells) { c.Status = []uint8{0} }},
		{"status without symbol", func(c *release.Cells) { c.Status = []uint8{0, 1} }},
		{"axis called value", func(c *release.Cells) { c.Axes[0].Name = "Value" }},
		{"axes that differ in case", func(c *release.Cells) { c.Axes = append(c.Axes, release.Axis{Name: "REGION", Codes: []string{"x"}}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cells := release.Cells{Axes: []release.Axis{{Name: "Region", Codes: []string{"a", "b"}}}, Values: []float64{1, 2}, Missing: func(int) bool { return false }, Symbols: []string{""}}
			c.spoil(&cells)
			path := filepath.Join(t.TempDir(), "cells.duckdb")
			if err := release.WriteCells(context.Background(), path, cells); data.ErrorCode(err) != data.EINVALID {
				t.Errorf("got %v", err)
			}
		})
	}
}
