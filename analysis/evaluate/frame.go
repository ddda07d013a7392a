package evaluate

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// frame is the part of the file that a specification uses: one cell for each
// unit, period and column, NaN where the file has none.
type frame struct {
	units  []string // In order of appearance.
	times  []Moment // Increasing.
	values map[string][][]float64
	// rows is the file's row of each unit and period (the header is row 1), 0 where there is none.
	rows [][]int
}

// missing are the ways to write that there is no value, those of R, Stata,
// pandas and Statistics Norway. A missing value is never a zero.
var missing = map[string]bool{"": true, "NA": true, "N/A": true, "NaN": true, "nan": true, "null": true, "NULL": true, ".": true, "..": true, "...": true, ":": true}

func dataErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrData, fmt.Sprintf(format, args...))
}

// readFrame reads the columns the specification names. Commas, semicolons and
// tabs may separate; the one that the header has most of outside quotes is taken.
// Where commas do not separate, they may be decimal commas.
func readFrame(r io.Reader, s *Spec) (*frame, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if b, err := buffered.Peek(3); err == nil && bytes.Equal(b, []byte("\ufeff")) {
		if _, err := buffered.Discard(3); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrData, err)
		}
	}
	reader := csv.NewReader(buffered)
	reader.Comma = separator(buffered)
	reader.ReuseRecord, reader.TrimLeadingSpace = true, reader.Comma != '\t'
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, dataErrorf("the file is empty; the first row must name the columns")
	}
	if err != nil {
		return nil, dataErrorf("row 1: %v", err)
	}
	if !utf8.ValidString(strings.Join(header, "")) {
		return nil, dataErrorf("row 1: the names of the columns are not UTF-8; save the file as CSV in UTF-8")
	}
	cols, err := locate(slices.Clone(header), s)
	if err != nil {
		return nil, err
	}
	b := newBuilder(cols)
	b.commas = reader.Comma != ','
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, dataErrorf("%v; every row must have the header's %d fields", err, len(header))
		}
		row, _ := reader.FieldPos(0)
		if err := b.add(row, record); err != nil {
			return nil, err
		}
	}
	return b.frame()
}

func separator(r *bufio.Reader) rune {
	head, _ := r.Peek(r.Size()) // A short file ends with EOF; what was read is enough.
	if len(head) == 0 {
		head, _ = r.Peek(r.Buffered())
	}
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		head = head[:i]
	}
	count, quoted := map[byte]int{}, false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			count[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if count[c] > count[best] {
			best = c
		}
	}
	return rune(best)
}

// columns says where the specification's columns stand in the file.
type columns struct {
	unit, time int
	unitName   string
	timeName   string
	names      []string // Numeric columns, each once.
	at         []int
	treatment  string
}

// locate finds every column the specification names.
func locate(header []string, s *Spec) (*columns, error) {
	for i := range header {
		header[i] = norm.NFC.String(strings.TrimSpace(header[i]))
	}
	find := func(path, name string) (int, error) {
		i := slices.Index(header, name)
		if i < 0 {
			return 0, specErrorf(path, "column %q is not in the data; the header has %s", name, strings.Join(header, ", "))
		}
		if slices.Contains(header[i+1:], name) {
			return 0, dataErrorf("row 1: column %q stands twice in the header; rename one", name)
		}
		return i, nil
	}
	c := &columns{unitName: s.Unit, timeName: s.Time, treatment: s.Treatment}
	var err error
	if c.unit, err = find("unit", s.Unit); err != nil {
		return nil, err
	}
	if c.time, err = find("time", s.Time); err != nil {
		return nil, err
	}
	for _, use := range s.uses() {
		i, err := find(use.path, use.column)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(c.names, use.column) {
			c.names, c.at = append(c.names, use.column), append(c.at, i)
		}
	}
	return c, nil
}

type use struct{ path, column string }

// uses are the numeric columns of the specification and the fields naming them.
func (s *Spec) uses() []use {
	out := []use{{"outcome", s.Outcome}}
	for _, u := range []use{{"treatment", s.Treatment}, {"size", s.Size}} {
		if u.column != "" {
			out = append(out, u)
		}
	}
	for i, p := range s.Predictors {
		out = append(out, use{fmt.Sprintf("predictors[%d].column", i), p.Column})
	}
	if s.Train != nil {
		for i, p := range s.Train.Predictors {
			out = append(out, use{fmt.Sprintf("train.predictors[%d].column", i), p.Column})
		}
	}
	for i, c := range s.Covariates {
		out = append(out, use{fmt.Sprintf("covariates[%d]", i), c})
	}
	return out
}

// record is one row of the file.
type record struct {
	row    int
	time   float64
	values []float64
}

// builder collects rows by unit.
type builder struct {
	cols    *columns
	units   []string
	records map[string][]record
	moments map[string]Moment
	// commas says that commas do not separate cells. Comma and point are the rows of
	// the first decimal comma and the first decimal point, 0 for none.
	commas       bool
	comma, point int
}

func newBuilder(c *columns) *builder {
	return &builder{cols: c, records: map[string][]record{}, moments: map[string]Moment{}}
}

func (b *builder) add(row int, fields []string) error {
	unit, when := norm.NFC.String(strings.TrimSpace(fields[b.cols.unit])), strings.TrimSpace(fields[b.cols.time])
	if missing[unit] && missing[when] && b.blank(fields) {
		return nil
	}
	if unit == "" {
		return dataErrorf("row %d, column %q: the unit is empty; fill it in or remove the row", row, b.cols.unitName)
	}
	m, ok := b.moments[when]
	if !ok {
		number, err := b.decimals(row, when)
		if err == nil {
			m, err = parseMoment(number)
		}
		if err != nil {
			return dataErrorf("row %d, column %q: %v", row, b.cols.timeName, err)
		}
		m.Label = strings.Clone(m.Label)
		b.moments[strings.Clone(when)] = m
	}
	rec := record{row: row, time: m.Value, values: make([]float64, len(b.cols.at))}
	for k, at := range b.cols.at {
		text, err := b.decimals(row, strings.TrimSpace(fields[at]))
		v := 0.0
		if err == nil {
			v, err = cell(text, b.cols.names[k] == b.cols.treatment)
		}
		if err != nil {
			return dataErrorf("row %d, column %q: %v", row, b.cols.names[k], err)
		}
		rec.values[k] = v
	}
	if _, seen := b.records[unit]; !seen {
		if !utf8.ValidString(unit) {
			return dataErrorf("row %d, column %q: the unit is not written in UTF-8; save the file as CSV in UTF-8", row, b.cols.unitName)
		}
		unit = strings.Clone(unit)
		b.units = append(b.units, unit)
	}
	b.records[unit] = append(b.records[unit], rec)
	return nil
}

// decimals turns a decimal comma into a point. One file writes decimals one way:
// beside decimal points 1,234 may be a thousand.
func (b *builder) decimals(row int, text string) (string, error) {
	comma, point := strings.Contains(text, ","), strings.Contains(text, ".")
	if !b.commas || missing[text] || comma == point || strings.Count(text, ",") > 1 {
		return text, nil
	}
	if comma && b.comma == 0 {
		b.comma = row
	}
	if point && b.point == 0 {
		b.point = row
	}
	if b.comma > 0 && b.point > 0 {
		return "", fmt.Errorf("%q: decimals are written with a comma in row %d and with a point in row %d; write them one way", text, b.comma, b.point)
	}
	return strings.Replace(text, ",", ".", 1), nil
}

func (b *builder) blank(fields []string) bool {
	for _, at := range b.cols.at {
		if !missing[strings.TrimSpace(fields[at])] {
			return false
		}
	}
	return true
}

// cell reads a number; a treatment may also be written TRUE or FALSE.
func cell(text string, treatment bool) (float64, error) {
	text = strings.TrimSpace(text)
	if missing[text] {
		return math.NaN(), nil
	}
	if treatment {
		switch strings.ToLower(text) {
		case "true":
			return 1, nil
		case "false":
			return 0, nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, fmt.Errorf("%q is not a number; write it with a decimal point, or leave the cell empty if it is missing", text)
	}
	return f, nil
}

func (b *builder) frame() (*frame, error) {
	if len(b.units) == 0 {
		return nil, dataErrorf("there are no rows below the header")
	}
	times, index := distinct(b.moments)
	f := &frame{units: b.units, times: times, values: map[string][][]float64{}}
	for _, name := range b.cols.names {
		f.values[name] = nanMatrix(len(f.units), len(f.times))
	}
	f.rows = make([][]int, len(f.units))
	for i, u := range f.units {
		f.rows[i] = make([]int, len(f.times))
		for _, rec := range b.records[u] {
			j := index[rec.time]
			if first := f.rows[i][j]; first != 0 {
				return nil, dataErrorf("row %d, columns %q and %q: unit %q and period %s stand in row %d already; keep one of them",
					rec.row, b.cols.unitName, b.cols.timeName, u, f.times[j].Label, first)
			}
			f.rows[i][j] = rec.row
			for k, name := range b.cols.names {
				f.values[name][i][j] = rec.values[k]
			}
		}
	}
	return f, nil
}

// distinct sorts periods, merges labels of the same period (1989 and 1989.0) and
// returns the index of every value.
func distinct(moments map[string]Moment) ([]Moment, map[float64]int) {
	all := make([]Moment, 0, len(moments))
	for _, m := range moments {
		all = append(all, m)
	}
	sort.Slice(all, func(a, b int) bool {
		if all[a].Value != all[b].Value {
			return all[a].Value < all[b].Value
		}
		return all[a].Label < all[b].Label
	})
	index := make(map[float64]int, len(all))
	kept := all[:0]
	for _, m := range all {
		if len(kept) == 0 || m.Value-kept[len(kept)-1].Value >= sameMoment {
			kept = append(kept, m)
		}
		index[m.Value] = len(kept) - 1
	}
	return kept, index
}

// find returns the index of a period, or −1.
func (f *frame) find(t float64) int {
	j := sort.Search(len(f.times), func(j int) bool { return f.times[j].Value > t-sameMoment })
	if j < len(f.times) && math.Abs(f.times[j].Value-t) < sameMoment {
		return j
	}
	return -1
}

func nanMatrix(n, t int) [][]float64 {
	flat := make([]float64, n*t)
	for i := range flat {
		flat[i] = math.NaN()
	}
	out := make([][]float64, n)
	for i := range out {
		out[i] = flat[i*t : (i+1)*t]
	}
	return out
}
