package nav

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds on a workbook. The one of October 2022 has 85 kB, 300 kB unpacked, 415
// rows and 20 columns on its largest sheet.
const (
	maxBody     = 16 << 20
	maxUnpacked = 64 << 20
	maxRows     = 20_000
	maxColumns  = 400
)

// workbook is an open file; close gives back what the library holds.
type workbook struct{ file *excelize.File }

// sheet is one sheet's cells as they are stored: numbers with a decimal point,
// texts trimmed.
type sheet struct {
	name  string
	cells [][]string
}

func openWorkbook(body []byte) (*workbook, error) {
	if len(body) > maxBody {
		return nil, fmt.Errorf("the workbook is longer than %d bytes", maxBody)
	}
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{
		RawCellValue: true,
		// A small file can unpack to gigabytes. The limits are equal so that
		// nothing is unpacked to disk.
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked,
	})
	if err != nil {
		return nil, fmt.Errorf("not a workbook that can be read: %w", err)
	}
	if err := wholeSheets(body); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &workbook{f}, nil
}

// wholeSheets checks that the XML of every sheet goes on to its end: the library
// takes what comes before a fault for the whole sheet.
func wholeSheets(body []byte) error {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return fmt.Errorf("not a workbook that can be read: %w", err)
	}
	for _, f := range z.File {
		if !strings.HasPrefix(strings.ToLower(f.Name), "xl/worksheets/") || !strings.HasSuffix(strings.ToLower(f.Name), ".xml") {
			continue
		}
		if err := wholeXML(f); err != nil {
			return fmt.Errorf("%s in the workbook is cut off or damaged: %w", f.Name, err)
		}
	}
	return nil
}

func wholeXML(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	// The library has refused what unpacks to more.
	d := xml.NewDecoder(io.LimitReader(r, maxUnpacked))
	for {
		switch _, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func (w *workbook) close() { _ = w.file.Close() }

// sheets reads all sheets. Hidden ones count: NAV hides none, and a figure is
// not less true for being hidden.
func (w *workbook) sheets() ([]sheet, error) {
	var out []sheet
	for _, name := range w.file.GetSheetList() {
		s, err := w.sheet(name)
		if err != nil {
			return nil, fmt.Errorf("sheet %q: %w", name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func (w *workbook) sheet(name string) (sheet, error) {
	s := sheet{name: name}
	rows, err := w.file.Rows(name)
	if err != nil {
		// A chart sheet has no rows.
		return s, nil
	}
	defer rows.Close()
	for rows.Next() {
		if len(s.cells) == maxRows {
			return s, fmt.Errorf("more than %d rows", maxRows)
		}
		row, err := rows.Columns()
		if err != nil {
			return s, err
		}
		if len(row) > maxColumns {
			return s, fmt.Errorf("row %d has more than %d columns", len(s.cells)+1, maxColumns)
		}
		for i := range row {
			row[i] = clean(row[i])
		}
		s.cells = append(s.cells, row)
	}
	return s, rows.Error()
}

// isPercentage reports whether a cell is stored as a fraction and shown as per
// cent.
func (w *workbook) isPercentage(s *sheet, row, col int) bool {
	name, err := excelize.CoordinatesToCellName(col+1, row+1)
	if err != nil {
		return false
	}
	id, err := w.file.GetCellStyle(s.name, name)
	if err != nil {
		return false
	}
	style, err := w.file.GetStyle(id)
	if err != nil {
		return false
	}
	// 9 and 10 are Excel's built-in formats 0% and 0.00%.
	return style.NumFmt == 9 || style.NumFmt == 10 || style.CustomNumFmt != nil && strings.Contains(*style.CustomNumFmt, "%")
}

// at names a cell, as in "3. Kommune Antall!C8".
func (s *sheet) at(row, col int) string {
	name, err := excelize.CoordinatesToCellName(col+1, row+1)
	if err != nil {
		name = fmt.Sprintf("R%dC%d", row+1, col+1)
	}
	return s.name + "!" + name
}

// spaces are the white space that spreadsheets and copied pages are full of.
var spaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ", "\t", " ", "\r", " ", "\n", " ")

// clean trims a text and makes all white space one space.
func clean(s string) string { return strings.Join(strings.Fields(spaces.Replace(s)), " ") }
