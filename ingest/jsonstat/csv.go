package jsonstat

import (
	"encoding/csv"
	"fmt"
	"io"
)

// WriteCSV writes the cells as a long table in RFC 4180: one column for each
// dimension with the codes, then value and status. A missing value is empty.
// Metadata gives the header alone.
func WriteCSV(w io.Writer, d *Dataset) error {
	out := csv.NewWriter(w)
	n := len(d.Dimensions)
	row := make([]string, n+2)
	for k := range d.Dimensions {
		row[k] = d.Dimensions[k].ID
	}
	row[n], row[n+1] = "value", "status"
	if err := out.Write(row); err != nil {
		return fmt.Errorf("jsonstat: %w", err)
	}
	var number [32]byte
	for i, c := range d.Cells() {
		for k, code := range c.Codes {
			row[k] = d.Dimensions[k].Codes[code]
		}
		row[n], row[n+1] = "", d.Symbol(i)
		if !c.Missing {
			row[n] = string(appendNumber(number[:0], c.Value))
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("jsonstat: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("jsonstat: %w", err)
	}
	return nil
}
