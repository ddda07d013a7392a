package nav

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// sheetDimension is what the plan calls the choice of sheet.
const sheetDimension = "Ark"

// Decode reads a workbook by its table plan and returns the facts of the plan's
// series, in the order of series, row and month. Codes are as NAV gives them;
// codes for no municipality (Svalbard, unknown) are left out. Every error is
// EINVALID and names the sheet and cell, where there is one.
func Decode(body []byte, plan *catalogue.Table) ([]data.Fact, error) {
	wanted, err := measures(plan)
	if err != nil {
		return nil, err
	}
	w, err := openWorkbook(body)
	if err != nil {
		return nil, data.Errorf(data.EINVALID, "table %s: %w", plan.ID, err)
	}
	defer w.close()
	found, names, err := w.bySubject()
	if err != nil {
		return nil, data.Errorf(data.EINVALID, "table %s: %w", plan.ID, err)
	}
	var out []data.Fact
	for _, name := range plan.SeriesNames() {
		m := wanted[name]
		s := found[m]
		if s == nil {
			return nil, data.Errorf(data.EINVALID, "table %s: no sheet has a title that starts with «Kommune» and says «%s»; there are %s", plan.ID, m, strings.Join(names, ", "))
		}
		facts, err := w.facts(s, m, data.Fact{Table: plan.ID, Series: name})
		if err != nil {
			return nil, data.Errorf(data.EINVALID, "table %s: %w", plan.ID, err)
		}
		out = append(out, facts...)
	}
	return out, nil
}

// measures tells which measure each series of the plan is.
func measures(plan *catalogue.Table) (map[string]measure, error) {
	out := map[string]measure{}
	for name, selection := range plan.Series {
		codes := selection[sheetDimension]
		if len(selection) != 1 || len(codes) != 1 || measure(codes[0]) != count && measure(codes[0]) != percent {
			return nil, data.Errorf(data.EINVALID, "table %s, series %s: a series of a NAV workbook selects %s: %s or %s", plan.ID, name, sheetDimension, count, percent)
		}
		out[name] = measure(codes[0])
	}
	return out, nil
}

// bySubject finds the sheet of each measure, and the names of all sheets. Two
// of the same are an error: which one holds would be a guess.
func (w *workbook) bySubject() (found map[measure]*sheet, names []string, err error) {
	all, err := w.sheets()
	if err != nil {
		return nil, nil, err
	}
	found = map[measure]*sheet{}
	for i := range all {
		s := &all[i]
		names = append(names, strconv.Quote(s.name))
		m, ok, err := s.measure()
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		if other := found[m]; other != nil {
			return nil, nil, s.errorAt(0, 0, "sheet %q holds %s by municipality too", other.name, m)
		}
		found[m] = s
	}
	return found, names, nil
}

// label is what stands left of the figures of a row.
type label struct {
	code string // "" where the row is no municipality's.
	skip bool   // A total, a county, or a heading.
}

var (
	codeAndName = regexp.MustCompile(`^(?:K-)?(\d{4})(?: ?[-–] ?| )\D`)
	onlyCode    = regexp.MustCompile(`^(?:K-)?(\d{4})$`)
	// A code that Excel took for a number has lost its zero: 301 Oslo.
	shortCode  = regexp.MustCompile(`^\d{3}$`)
	countyCode = regexp.MustCompile(`^\d{2}( \D|$)`)
	noPlace    = regexp.MustCompile(`^(?i:i alt|totalt|heile|hele|landet|ukjent|uoppgitt|øvrige|andre|utlandet|svalbard)(?:\P{L}|$)`)
)

// readLabel joins the texts left of the figures: "0301 Oslo", or 0301 and Oslo.
func readLabel(texts []string) label {
	var parts []string
	for _, t := range texts {
		if t = footnotes.Replace(t); t != "" {
			parts = append(parts, t)
		}
	}
	if len(parts) == 0 {
		return label{}
	}
	first := parts[0]
	if m := codeAndName.FindStringSubmatch(first); m != nil {
		return label{code: m[1]}
	}
	if m := onlyCode.FindStringSubmatch(first); m != nil {
		return label{code: m[1]}
	}
	if len(parts) > 1 && shortCode.MatchString(first) {
		return label{code: "0" + first}
	}
	return label{skip: countyCode.MatchString(first) || noPlace.MatchString(first)}
}

// reader goes down a sheet.
type reader struct {
	*sheet
	book     *workbook
	measure  measure
	fact     data.Fact
	said     *span
	header   *header
	register *regions.Register
	// seen has the row of each code that was read.
	seen map[string]int
	out  []data.Fact
}

func (w *workbook) facts(s *sheet, m measure, fact data.Fact) ([]data.Fact, error) {
	r := reader{sheet: s, book: w, measure: m, fact: fact, register: regions.Default(), seen: map[string]int{}}
	for i := range s.cells {
		if err := r.row(i); err != nil {
			return nil, err
		}
	}
	if len(r.seen) == 0 {
		return nil, s.errorAt(0, 0, "no row of a municipality under a row of months")
	}
	return r.withoutEmptyMonths(), nil
}

func (r *reader) row(i int) error {
	if r.header == nil || len(r.seen) == 0 {
		if err := r.readSpan(i); err != nil {
			return err
		}
	}
	h, err := r.sheet.header(i)
	if err != nil {
		return err
	}
	if h != nil {
		if err := r.date(h, r.said); err != nil {
			return err
		}
		r.header = h
		return nil
	}
	if r.header == nil {
		return r.beforeHeader(i)
	}
	return r.figures(i)
}

// readSpan takes the statement of which months the sheet covers. Two that differ
// are refused.
func (r *reader) readSpan(i int) error {
	filled := 0
	for _, text := range r.cells[i] {
		if text != "" {
			filled++
		}
	}
	for c, text := range r.cells[i] {
		s, ok := parseSpan(text, filled == 1)
		if !ok {
			continue
		}
		s.cell = r.at(i, c)
		if r.said != nil && (r.said.from != s.from || r.said.to != s.to) {
			return r.errorAt(i, c, "%q; %s says %s to %s", text, r.said.cell, r.said.from.period(), r.said.to.period())
		}
		r.said = &s
	}
	return nil
}

// beforeHeader refuses figures of a municipality above the first row of months.
func (r *reader) beforeHeader(i int) error {
	row := r.cells[i]
	for c := range row {
		named := codeAndName.MatchString(row[c]) ||
			c+1 < len(row) && onlyCode.MatchString(row[c]) && row[c+1] != "" && !isFigure(row[c+1])
		if named && slices.ContainsFunc(row[c+1:], isFigure) {
			return r.errorAt(i, c, "figures of %q without a row of months above; months are read as Januar, jan. 2022, 2022-01", row[c])
		}
	}
	return nil
}

// figures reads one row under a header.
func (r *reader) figures(i int) error {
	row := r.cells[i]
	first := r.header.first()
	l := readLabel(row[:min(first, len(row))])
	if l.code == "" {
		return r.noMunicipality(i, l)
	}
	year := int(r.header.columns[0].month.y)
	_, how, err := r.register.Harmonise(l.code, year)
	if err != nil {
		return r.errorAt(i, labelColumn(row), "municipality code %s is not in the register (data/regions)", l.code)
	}
	if how == regions.Pseudo {
		return nil
	}
	if at, ok := r.seen[l.code]; ok {
		return r.errorAt(i, labelColumn(row), "municipality %s comes twice; the first is in row %d", l.code, at+1)
	}
	r.seen[l.code] = i
	if err := r.strayFigure(i); err != nil {
		return err
	}
	for _, c := range r.header.columns {
		f := r.fact
		f.Region, f.Period = l.code, c.month.period()
		f.Value, f.Status, err = r.value(i, c.col)
		if err != nil {
			return err
		}
		r.out = append(r.out, f)
	}
	return nil
}

func labelColumn(row []string) int {
	for c, text := range row {
		if text != "" {
			return c
		}
	}
	return 0
}

// noMunicipality passes totals, headings and notes, and refuses a row of
// figures whose label says nothing we know.
func (r *reader) noMunicipality(i int, l label) error {
	if l.skip {
		return nil
	}
	for _, c := range r.header.columns {
		if c.col >= len(r.cells[i]) {
			break
		}
		if isFigure(r.cells[i][c.col]) {
			return r.errorAt(i, labelColumn(r.cells[i]), "figures without a municipality code; the label is %q", r.cells[i][labelColumn(r.cells[i])])
		}
	}
	return nil
}

// strayFigure refuses a figure in a column that no month heads.
func (r *reader) strayFigure(i int) error {
	k := 0
	for c := r.header.first(); c < len(r.cells[i]); c++ {
		for k < len(r.header.columns) && r.header.columns[k].col < c {
			k++
		}
		headed := k < len(r.header.columns) && r.header.columns[k].col == c
		if !headed && r.cells[i][c] != "" {
			return r.errorAt(i, c, "%q stands under no month; the months are in row %d", r.cells[i][c], r.header.row+1)
		}
	}
	return nil
}

// withoutEmptyMonths leaves out the months in which no cell of the sheet has
// anything: the rest of a year that is not over.
func (r *reader) withoutEmptyMonths() []data.Fact {
	filled := map[data.Period]bool{}
	for _, f := range r.out {
		filled[f.Period] = filled[f.Period] || f.Status != data.NotAvailable
	}
	out := r.out[:0]
	for _, f := range r.out {
		if filled[f.Period] {
			out = append(out, f)
		}
	}
	return out
}

// value reads one cell. Empty is "..": NAV says nothing of it, and it is not 0.
func (r *reader) value(i, c int) (float64, data.Status, error) {
	if c >= len(r.cells[i]) || r.cells[i][c] == "" {
		return 0, data.NotAvailable, nil
	}
	text := r.cells[i][c]
	v, ok := parseNumber(text)
	if !ok {
		status, err := data.ParseStatus(text)
		if err != nil {
			return 0, "", r.errorAt(i, c, "%q is neither a number nor a symbol that is known: * . .. :", text)
		}
		return 0, status, nil
	}
	switch {
	case r.measure == count && (v < 0 || v != math.Trunc(v) || v > maxCount):
		return 0, "", r.errorAt(i, c, "%q is not a number of people", text)
	case r.measure == percent && r.book.isPercentage(r.sheet, i, c):
		// 0.023 shown as 2.3 %. Ten decimals are more than NAV has and fewer than
		// a float64 mistakes.
		v = math.Round(v*100*1e10) / 1e10
	}
	if r.measure == percent && (v < 0 || v > 100) {
		return 0, "", r.errorAt(i, c, "%q is not per cent", text)
	}
	return v, data.OK, nil
}

// maxCount is more people than any municipality will ever have.
const maxCount = 10_000_000

// isFigure reports whether a text is a number or a symbol for one that is
// missing.
func isFigure(text string) bool {
	if text == "" {
		return false
	}
	if _, ok := parseNumber(text); ok {
		return true
	}
	_, err := data.ParseStatus(text)
	return err == nil
}

var (
	plainNumber = regexp.MustCompile(`^[-\x{2212}]?\d{1,15}([.]\d+)?([eE][-+]?\d{1,2})?$`)
	// Numbers stored as text, written in Norwegian: 1 234,5.
	norwegianNumber = regexp.MustCompile(`^[-\x{2212}]?(\d{1,3}( \d{3})+|\d{1,15})(,\d+)?$`)
)

// parseNumber reads a number as Excel stores it, or as Norwegian text.
func parseNumber(text string) (float64, bool) {
	if !plainNumber.MatchString(text) {
		if !norwegianNumber.MatchString(text) {
			return 0, false
		}
		text = strings.NewReplacer(" ", "", ",", ".").Replace(text)
	}
	v, err := strconv.ParseFloat(strings.Replace(text, "\u2212", "-", 1), 64)
	return v, err == nil && !math.IsInf(v, 0)
}
