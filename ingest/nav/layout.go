package nav

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
)

// cellError names a cell and what is wrong with it.
type cellError struct{ cell, reason string }

// Error gives cell and reason in one line.
func (e *cellError) Error() string { return e.cell + ": " + e.reason }

func (s *sheet) errorAt(row, col int, format string, args ...any) error {
	return &cellError{s.at(row, col), fmt.Sprintf(format, args...)}
}

// measure is what the figures of a sheet are; the plan calls it Ark.
type measure string

// The measures NAV gives.
const (
	count   measure = "Antall"
	percent measure = "Prosent"
)

// footnotes are the marks behind titles: ¹ ² ³.
var footnotes = strings.NewReplacer("¹", "", "²", "", "³", "", "⁴", "")

// numbering is what stands before a sheet's name: "3. ".
var numbering = regexp.MustCompile(`^\d+[.)]?\s*`)

// measureOf tells what a title announces: "Kommune¹. Antall²" and "4. Kommune
// Prosent av arbeidsst" do; a title that names both or neither does not.
func measureOf(title string) (measure, bool) {
	t := strings.ToLower(footnotes.Replace(numbering.ReplaceAllString(title, "")))
	if !strings.HasPrefix(t, "kommune") {
		return "", false
	}
	a, p := strings.Contains(t, "antall"), strings.Contains(t, "prosent")
	switch {
	case a && !p:
		return count, true
	case p && !a:
		return percent, true
	default:
		return "", false
	}
}

// measure tells what a sheet holds, from its name and the titles above its
// first row of months. Where they say different things the sheet is refused.
func (s *sheet) measure() (m measure, ok bool, err error) {
	m, ok = measureOf(s.name)
	for r, row := range s.cells {
		if h, _ := s.header(r); h != nil {
			break
		}
		for c, text := range row {
			t, said := measureOf(text)
			switch {
			case !said:
			case ok && t != m:
				return "", false, s.errorAt(r, c, "the title %q says %s; the sheet's name or a title above says %s", text, t, m)
			default:
				m, ok = t, true
			}
		}
	}
	return m, ok, nil
}

// months are the names in bokmål, nynorsk and short, by their first three
// letters: no two months share them.
var months = map[string]int8{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "mai": 5, "jun": 6,
	"jul": 7, "aug": 8, "sep": 9, "okt": 10, "nov": 11, "des": 12,
}

const monthName = `(januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember|jan|feb|mar|apr|jun|jul|aug|sept|sep|okt|nov|des)\.?`

var (
	namedMonth   = regexp.MustCompile(`^(?i:` + monthName + `)(?:[ -]?(\d{4}))?$`)
	numericMonth = regexp.MustCompile(`^(\d{4})[-M./]?(0[1-9]|1[0-2])$`)
	spanOfMonths = regexp.MustCompile(`^(?i:` + monthName + `)(?: (\d{4}))? ?[-–—] ?(?i:` + monthName + `) (\d{4})$`)
)

// month is a month with or without its year (0).
type month struct {
	y int16
	m int8
}

func (m month) period() data.Period { return data.Period{Y: m.y, Freq: data.Month, Sub: m.m} }

// next is the month after.
func (m month) next() month {
	if m.m == 12 {
		return month{m.y + 1, 1}
	}
	return month{m.y, m.m + 1}
}

func named(name, year string) month {
	y, _ := strconv.Atoi(year)
	return month{int16(y), months[strings.ToLower(name[:3])]}
}

// parseMonth reads a header: Januar, jan. 2022, 2022-01, 202201.
func parseMonth(text string) (month, bool) {
	text = footnotes.Replace(text)
	if m := namedMonth.FindStringSubmatch(text); m != nil {
		return named(m[1], m[2]), true
	}
	if m := numericMonth.FindStringSubmatch(text); m != nil {
		y, _ := strconv.Atoi(m[1])
		sub, _ := strconv.Atoi(m[2])
		if y >= 1990 && y < 2100 {
			return month{int16(y), int8(sub)}, true
		}
	}
	return month{}, false
}

// span is the months a workbook says that it covers, both with a year.
type span struct {
	from, to month
	cell     string
}

// parseSpan reads "Januar - oktober 2022" and "Oktober 2021 – oktober 2022"; of
// a text that stands alone in its row also "Januar 2022".
func parseSpan(text string, alone bool) (span, bool) {
	m := spanOfMonths.FindStringSubmatch(footnotes.Replace(text))
	if m == nil {
		one, ok := parseMonth(text)
		return span{from: one, to: one}, ok && alone && one.y != 0
	}
	s := span{from: named(m[1], m[2]), to: named(m[3], m[4])}
	if s.from.y == 0 {
		s.from.y = s.to.y
		if s.from.m > s.to.m {
			s.from.y--
		}
	}
	return s, true
}

// column is a column of figures with its month.
type column struct {
	col   int
	month month
}

// header is a row of months; first is the first column of figures.
type header struct {
	row     int
	columns []column
}

func (h *header) first() int { return h.columns[0].col }

// header reads a row of months, nil where the row is none. Left of the months
// stand headings of the label columns, or nothing; what else stands in the row
// is a column that we do not know, and is refused.
func (s *sheet) header(r int) (*header, error) {
	h := &header{row: r}
	unknown := -1
	for c, text := range s.cells[r] {
		if text == "" {
			continue
		}
		m, ok := parseMonth(text)
		switch {
		case ok:
			h.columns = append(h.columns, column{c, m})
		case len(h.columns) > 0 || !isLabelHeading(text):
			if unknown < 0 {
				unknown = c
			}
		}
	}
	switch {
	case len(h.columns) == 0:
		return nil, nil
	case unknown >= 0 && len(h.columns) > 1:
		return nil, s.errorAt(r, unknown, "%q in a row of months is not a month", s.cells[r][unknown])
	case unknown >= 0:
		// A month in a sentence or beside a label is no header.
		return nil, nil
	}
	return h, nil
}

// isLabelHeading reports whether a text heads a column of codes or names.
func isLabelHeading(text string) bool {
	t := strings.ToLower(text)
	for _, w := range []string{"kommune", "fylke", "region", "nr", "navn", "namn"} {
		if strings.HasPrefix(t, w) {
			return true
		}
	}
	return false
}

// date gives the months of a header their years, from the header itself or from
// the span the sheet states, and checks that each follows the one before.
func (s *sheet) date(h *header, said *span) error {
	given := h.columns[0].month.y != 0
	if !given && said == nil {
		return s.errorAt(h.row, h.first(), "the months have no year, and no cell above says which months these are, as in «Januar - oktober 2022»")
	}
	want := h.columns[0].month
	if !given {
		want = said.from
	}
	for i := range h.columns {
		c := &h.columns[i]
		if (c.month.y != 0) != given {
			return s.errorAt(h.row, c.col, "some months have a year and some have none")
		}
		if c.month.m != want.m || given && c.month.y != want.y {
			return s.errorAt(h.row, c.col, "%q is not the month expected here, %s", s.cells[h.row][c.col], want.period())
		}
		c.month = want
		want = want.next()
	}
	last := h.columns[len(h.columns)-1].month
	if said != nil && (h.columns[0].month != said.from || last.before(said.to)) {
		return s.errorAt(h.row, h.first(), "the months are %s to %s; %s says %s to %s", h.columns[0].month.period(), last.period(), said.cell, said.from.period(), said.to.period())
	}
	return nil
}

func (m month) before(n month) bool { return m.y < n.y || m.y == n.y && m.m < n.m }
