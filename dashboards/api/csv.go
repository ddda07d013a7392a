package api

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data/cube"
)

// csvHeader is the same in every language: it is for programs.
var csvHeader = []string{"release", "kind", "indicator", "municipality", "period", "numerator", "denominator", "value", "lower", "upper", "status", "unit"}

// bom makes a spreadsheet read the file as UTF-8.
const bom = "\uFEFF"

// csv writes values by RFC 4180, or in the form Norwegian spreadsheets open:
// with a byte order mark, semicolons and decimal commas. A missing number is an
// empty field, and its reason is in status.
func (c *call) csv(v *Values, norwegian bool) ([]byte, error) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.UseCRLF = true
	number := plain
	if norwegian {
		buf.WriteString(bom)
		w.Comma = ';'
		number = func(n Number) string { return strings.ReplaceAll(plain(n), ".", ",") }
	}
	rows := [][]string{csvHeader}
	for _, o := range v.Observations {
		rows = append(rows, []string{
			v.Release, string(c.Info.Kind), v.Indicator, o.Municipality, o.Period,
			number(o.Numerator), number(o.Denominator), number(o.Value), number(o.Lower), number(o.Upper),
			string(o.Status), v.Unit,
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// plain is the shortest decimal that reads back the same, without an exponent.
func plain(n Number) string {
	if !cube.Float(n).OK() {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'f', -1, 64)
}
