package indicators

import (
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/facts"
)

// cell is an indicator's counts for one year. Numbers mean nothing when the
// status is missing.
type cell struct {
	num, den float64
	// plus and minus are the gross flows behind a net one, where known.
	plus, minus float64
	gross       bool
	status      data.Status
}

// absent is a year the figures do not cover.
var absent = cell{status: data.NotAvailable}

// yearly is an indicator's cells for a region, year by year without gaps.
type yearly struct {
	first int
	cells []cell
}

func (s yearly) at(year int) cell {
	if i := year - s.first; i >= 0 && i < len(s.cells) {
		return s.cells[i]
	}
	return absent
}

// end is the first year after the series.
func (s yearly) end() int { return s.first + len(s.cells) }

// newest returns the newest year up to limit that has a value; ok is false when
// there is none.
func (s yearly) newest(limit int) (year int, ok bool) {
	for y := min(s.end()-1, limit); y >= s.first; y-- {
		if !s.at(y).status.Missing() {
			return y, true
		}
	}
	return 0, false
}

// covers reports whether every year from first to last has a value.
func (s yearly) covers(first, last int) bool {
	for y := first; y <= last; y++ {
		if s.at(y).status.Missing() {
			return false
		}
	}
	return true
}

// suppressed reports whether the source holds back any year from first to last.
func (s yearly) suppressed(first, last int) bool {
	for y := max(first, s.first); y <= last && y < s.end(); y++ {
		if s.at(y).status == data.Suppressed {
			return true
		}
	}
	return false
}

// sumOf adds the cells from first to last.
func sumOf(s yearly, first, last int) cell {
	sum := cell{gross: true}
	for y := first; y <= last; y++ {
		sum = sum.add(s.at(y))
	}
	return sum
}

// pool adds the cells of several places year by year. A year one of them lacks
// is missing with the worst status: a suppressed part is never summed over.
func pool(ind *catalogue.Indicator, parts []yearly) yearly {
	first, end := 0, 0
	for _, p := range parts {
		if len(p.cells) == 0 {
			continue
		}
		if end == 0 || p.first < first {
			first = p.first
		}
		end = max(end, p.end())
	}
	out := yearly{first, make([]cell, end-first)}
	for i := range out.cells {
		sum := cell{gross: true}
		for _, p := range parts {
			sum = sum.add(p.at(first + i))
		}
		if ind.Denominator == nil {
			sum.den = 1
		}
		out.cells[i] = sum
	}
	return out
}

// apart takes what goes on between the municipalities of an agreement out of their
// sum: a move from one to another counts in both and crosses no border of the
// whole. A net flow has it in and out; there only the gross flows are mended, where
// the moves are known. A sum that cannot be mended is not available.
func (r reader) apart(ind *catalogue.Indicator, codes []string, s yearly) {
	if ind.Internal == nil {
		return
	}
	var pairs []annualFigures
	for _, a := range codes {
		for _, b := range codes {
			if a != b {
				pairs = append(pairs, r.annual(ind.Internal.Table, ind.Internal.Series+"/"+b, a, ind.Annual))
			}
		}
	}
	for i := range s.cells {
		inside := figure{}
		for _, p := range pairs {
			f := p.at(s.first + i)
			inside = figure{inside.value + f.value, inside.status.Worst(f.status)}
		}
		s.cells[i].without(inside, ind.Kind == catalogue.NetRate)
	}
}

func (c *cell) without(inside figure, net bool) {
	switch known := !inside.status.Missing(); {
	case net && known && c.gross && min(c.plus, c.minus) >= inside.value:
		c.plus, c.minus = c.plus-inside.value, c.minus-inside.value
	case net:
	case known && c.num < inside.value:
		// More moves inside than in all: the two tables do not fit together.
		c.status = c.status.Worst(data.NotAvailable)
	default:
		c.num -= inside.value
		c.status = c.status.Worst(inside.status)
	}
}

// pools reports whether an indicator of several places can be rebuilt from their
// figures. A ratio the source itself has made, such as a price, can not.
func pools(ind *catalogue.Indicator) bool {
	return ind.Denominator != nil || ind.Kind == catalogue.Count
}

func (c cell) add(d cell) cell {
	return cell{
		num: c.num + d.num, den: c.den + d.den,
		plus: c.plus + d.plus, minus: c.minus + d.minus,
		gross:  c.gross && d.gross,
		status: c.status.Worst(d.status),
	}
}

// reader makes cells out of facts by an indicator's definition.
type reader struct {
	set *facts.Set
	// heirs maps a table to the ended tables it took over from; their figures
	// serve where the newer table has none.
	heirs map[string][]string
}

func newReader(set *facts.Set, tables []catalogue.Table) reader {
	r := reader{set: set, heirs: map[string][]string{}}
	for _, t := range tables {
		if t.Successor != "" {
			r.heirs[t.Successor] = append(r.heirs[t.Successor], t.ID)
		}
	}
	return r
}

// has reports whether there are figures of every numerator and of the denominator.
func (r reader) has(ind *catalogue.Indicator) bool {
	for _, t := range ind.Numerator {
		if !r.set.Has(t.Table, t.Series) {
			return false
		}
	}
	return ind.Denominator == nil || r.set.Has(ind.Denominator.Table, ind.Denominator.Series)
}

// read returns a region's cells for the years any numerator has a figure for.
//
//	num(t) = Σ sign·series(t)
//	den(t) = P(t), P(t+1), (P(t)+P(t+1))/2 or the figure of the numerator's own
//	         period, for the clocks start, end, mean and same; 1 without a denominator.
func (r reader) read(ind *catalogue.Indicator, region string) yearly {
	terms := make([]annualFigures, len(ind.Numerator))
	first, end := 0, 0
	for i, t := range ind.Numerator {
		terms[i] = r.annual(t.Table, t.Series, region, ind.Annual)
		if len(terms[i].years) == 0 {
			return yearly{}
		}
		if i == 0 || terms[i].first < first {
			first = terms[i].first
		}
		end = max(end, terms[i].first+len(terms[i].years))
	}
	s := yearly{first, make([]cell, end-first)}
	for i := range s.cells {
		c := &s.cells[i]
		for j, t := range ind.Numerator {
			f := terms[j].at(first + i)
			c.num += sign(t) * f.value
			c.status = c.status.Worst(f.status)
		}
	}
	r.denominators(ind, region, s)
	r.gross(ind, region, s)
	return s
}

// least is the least number anything is divided by; no count of people or hours is
// above nothing and below it.
const least = 1e-9

func sign(t catalogue.Term) float64 {
	if t.Sign < 0 {
		return -1
	}
	return 1
}

func (r reader) denominators(ind *catalogue.Indicator, region string, s yearly) {
	d := ind.Denominator
	if d == nil {
		for i := range s.cells {
			s.cells[i].den = 1
		}
		return
	}
	figures := r.annual(d.Table, d.Series, region, ind.Annual)
	for i := range s.cells {
		y, c := s.first+i, &s.cells[i]
		a, b := figures.at(y), figures.at(y)
		switch d.Clock {
		case catalogue.ClockEnd:
			a, b = figures.at(y+1), figures.at(y+1)
		case catalogue.ClockMean:
			b = figures.at(y + 1)
		}
		c.den = (a.value + b.value) / 2
		c.status = c.status.Worst(a.status).Worst(b.status)
		if !c.status.Missing() && c.den < least {
			// Nobody to measure against: there is no such figure.
			c.status = data.NotApplicable
		}
	}
}

// gross fills in the gross flows of the years that have both, from the
// indicator's own tables or the ones they took over from. Flows that do not add
// up to the published net are left out.
func (r reader) gross(ind *catalogue.Indicator, region string, s yearly) {
	if len(ind.Gross) != 2 {
		return
	}
	in, out := ind.Gross[0], ind.Gross[1]
	tables := append([]string{in.Table}, r.heirs[in.Table]...)
	for _, table := range tables {
		plus := r.annual(table, in.Series, region, ind.Annual)
		minus := r.annual(table, out.Series, region, ind.Annual)
		for i := range s.cells {
			c := &s.cells[i]
			p, m := plus.at(s.first+i), minus.at(s.first+i)
			if !c.gross && !c.status.Missing() && !p.status.Missing() && !m.status.Missing() && p.value-m.value == c.num {
				c.plus, c.minus, c.gross = p.value, m.value, true
			}
		}
	}
}

// figure is a yearly figure of one series.
type figure struct {
	value  float64
	status data.Status
}

type annualFigures struct {
	first int
	years []figure
}

func (a annualFigures) at(year int) figure {
	if i := year - a.first; i >= 0 && i < len(a.years) {
		return a.years[i]
	}
	return figure{status: data.NotAvailable}
}

// partsOfYear is how many periods of a length make a year. Weeks are left out:
// a year of weeks is not a calendar year.
var partsOfYear = map[data.Freq]int{data.Half: 2, data.Quarter: 4, data.Month: 12}

// annual returns the yearly figures of a series. Figures of quarters or months
// become a year by the indicator's rule: their sum, their mean, or the last one.
// A year that lacks a part is missing with the worst status.
func (r reader) annual(table, series, region string, rule catalogue.Annual) annualFigures {
	points := r.set.Points(table, series, region)
	if len(points) == 0 {
		return annualFigures{}
	}
	first, last := int(points[0].Period.Y), int(points[len(points)-1].Period.Y)
	out := annualFigures{first, make([]figure, last-first+1)}
	for i := range out.years {
		out.years[i].status = data.NotAvailable
	}
	for i := 0; i < len(points); {
		j := i + 1
		for j < len(points) && points[j].Period.Y == points[i].Period.Y {
			j++
		}
		out.years[int(points[i].Period.Y)-first] = yearOf(points[i:j], rule)
		i = j
	}
	// Years at the ends without a yearly figure were never published as such.
	for len(out.years) > 0 && out.years[0] == (figure{status: data.NotAvailable}) {
		out.years, out.first = out.years[1:], out.first+1
	}
	return out
}

// yearOf makes one yearly figure of a year's points, in time order.
func yearOf(points []facts.Point, rule catalogue.Annual) figure {
	newest := points[len(points)-1]
	if points[0].Period.Freq == data.Year {
		return figure{points[0].Value, points[0].Status}
	}
	n := partsOfYear[newest.Period.Freq]
	if rule == catalogue.AnnualLast && int(newest.Period.Sub) == n {
		return figure{newest.Value, newest.Status}
	}
	if rule == catalogue.AnnualNone || rule == catalogue.AnnualLast || len(points) != n {
		return figure{status: data.NotAvailable}
	}
	var f figure
	for _, p := range points {
		f.value += p.Value
		f.status = f.status.Worst(p.Status)
	}
	if rule == catalogue.AnnualMean {
		f.value /= float64(n)
	}
	return f
}
