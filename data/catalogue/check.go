package catalogue

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
)

// check reports what the shapes allow and the meaning does not: references
// that lead nowhere, sums that may not be made, targets nobody agreed on.
func check(c *Catalogue, files sources) {
	for i := range c.Tables {
		checkTable(c, &c.Tables[i], files.tables[i])
	}
	for i := range c.Indicators {
		checkIndicator(c, &c.Indicators[i], files.indicators[i])
	}
	checkAgreements(c, files.agreements)
	for i := range c.Efforts {
		checkEffort(c, &c.Efforts[i], files.efforts[i])
	}
	for i := range c.Plans {
		checkPlan(c, &c.Plans[i], files.plans[i])
	}
	for i := range c.Comparisons {
		checkComparison(c, &c.Comparisons[i], files.comparisons[i])
	}
	checkDesigns(c, files.designs)
}

// where is a path of keys and indexes into a file.
type where []any

func (w where) in(steps ...any) where { return append(slices.Clone(w), steps...) }

// --- Tables ---

// expression is a code, a wildcard or one of PxWebApi's selection expressions.
var expression = regexp.MustCompile(`^(\*|[^()*?]*[*?][^()]*|(top|bottom)\(\d+(,\d+)?\)|(from|to)\([^(),]+\)|range\([^(),]+,[^(),]+\)|[^()*?]+)$`)

var plainCode = regexp.MustCompile(`^[^()*?]+$`)

func checkTable(c *Catalogue, t *Table, f *file) {
	if t.Source == SourceSSB && t.Region == nil {
		f.at(where{}, "table %s has no region dimension", t.ID)
	}
	if !expression.MatchString(t.Periods) {
		f.at(where{"periods"}, "%q is no selection expression; want for instance from(2008), top(5) or *", t.Periods)
	}
	checkFirstLast(t, f)
	if t.Unverified && len(t.Uncertain) == 0 {
		f.at(where{"unverified"}, "say under uncertain what is unverified")
	}
	if t.Successor == t.ID || t.Predecessor == t.ID {
		f.at(where{"id"}, "a table cannot follow itself")
	}
	seen := map[string]bool{t.Time: true}
	if t.Region != nil {
		seen[t.Region.Dimension] = true
	}
	for i, d := range t.Dimensions {
		if seen[d.ID] {
			f.at(where{"dimensions", i, "id"}, "dimension %q is there already", d.ID)
			return
		}
		seen[d.ID] = true
		for j, code := range d.Codes {
			if !expression.MatchString(code) {
				f.at(where{"dimensions", i, "codes", j}, "%q is neither a code nor a selection expression", code)
			}
		}
	}
	for _, name := range t.SeriesNames() {
		checkSelection(t, name, f)
	}
}

func checkFirstLast(t *Table, f *file) {
	first, last := checkPeriod(t.First, where{"first"}, f), checkPeriod(t.Last, where{"last"}, f)
	if t.First != "" && t.Last != "" && first.Compare(last) > 0 {
		f.at(where{"last"}, "last period %s is before first period %s", t.Last, t.First)
	}
}

func checkPeriod(code string, at where, f *file) data.Period {
	if code == "" {
		return data.Period{}
	}
	p, err := data.ParsePeriod(code)
	if err != nil {
		f.at(at, "%s", err)
	}
	return p
}

// checkSelection holds a series to its table: every dimension said once, codes
// the plan asks for, sums only where they may be made.
func checkSelection(t *Table, name string, f *file) {
	selection, at := t.Series[name], where{"series", name}
	expanding := 0
	for _, d := range t.Dimensions {
		codes, ok := selection[d.ID]
		if !ok {
			f.at(at, "series %s says nothing of dimension %s", name, d.ID)
			continue
		}
		if codes.All() {
			expanding++
			continue
		}
		checkCodes(t, d, codes, at.in(d.ID), f)
		if len(codes) > 1 && !t.mayBeSummed(selection) {
			f.at(at.in(d.ID), "series %s sums %d codes of %s, but the table's figures may not be summed", name, len(codes), d.ID)
		}
	}
	if expanding > 1 {
		f.at(at, "series %s expands over %d dimensions; * may stand for one only", name, expanding)
	}
	for id := range selection {
		if !slices.ContainsFunc(t.Dimensions, func(d Dimension) bool { return d.ID == id }) {
			f.at(at.in(id), "table %s has no dimension %q to select in", t.ID, id)
		}
	}
}

func checkCodes(t *Table, d Dimension, codes Codes, at where, f *file) {
	open := slices.ContainsFunc(d.Codes, func(code string) bool { return !plainCode.MatchString(code) })
	for i, code := range codes {
		spot := at
		if len(codes) > 1 {
			spot = at.in(i)
		}
		switch label := strings.HasPrefix(code, LabelPrefix); {
		case label && d.Unverified:
		case label:
			f.at(spot, "a code found by its label needs unverified: true on dimension %s", d.ID)
		case !plainCode.MatchString(code):
			f.at(spot, "%q: a series names codes, or * alone", code)
		case !open && !slices.Contains(d.Codes, code):
			f.at(spot, "code %q is not among those asked for in dimension %s of table %s", code, d.ID, t.ID)
		case slices.Index(codes, code) != i:
			f.at(spot, "code %q would be counted twice", code)
		}
	}
}

// mayBeSummed reports whether the cells of a selection are amounts that add up.
func (t *Table) mayBeSummed(s Selection) bool {
	if !t.Additive {
		return false
	}
	for _, codes := range s {
		for _, code := range codes {
			if slices.Contains(t.NotAdditive, code) {
				return false
			}
		}
	}
	return true
}

// --- Indicators ---

func checkIndicator(c *Catalogue, ind *Indicator, f *file) {
	for i, term := range ind.Numerator {
		checkTerm(c, ind, term.Table, term.Series, where{"numerator", i}, f)
	}
	for i, term := range ind.Gross {
		checkTerm(c, ind, term.Table, term.Series, where{"gross", i}, f)
	}
	if d := ind.Denominator; d != nil {
		checkTerm(c, ind, d.Table, d.Series, where{"denominator"}, f)
	}
	if d := ind.Internal; d != nil {
		checkInternal(c, d, f)
	}
	checkForm(ind, f)
	checkLimits(ind, f)
	for i, b := range ind.Breaks {
		checkPeriod(b.Period, where{"breaks", i, "period"}, f)
	}
	for i := range c.Indicators {
		if other := &c.Indicators[i]; other != ind && other.ID < ind.ID && other.Title.NB == ind.Title.NB {
			f.at(where{"title", "nb"}, "indicator %s has the same title", other.ID)
		}
	}
}

func checkInternal(c *Catalogue, d *Internal, f *file) {
	t := c.Table(d.Table)
	if t == nil {
		f.at(where{"internal", "table"}, "no table plan %q; plans are in tables/<id>.yaml", d.Table)
		return
	}
	if sel, ok := t.Series[d.Series]; !ok || !sel.Expands() {
		f.at(where{"internal", "series"}, "table %s has no series %q with a member for every municipality", d.Table, d.Series)
	}
}

func checkTerm(c *Catalogue, ind *Indicator, table, series string, at where, f *file) {
	t := c.Table(table)
	switch {
	case t == nil:
		f.at(at.in("table"), "no table plan %q; plans are in tables/<id>.yaml", table)
		return
	case !t.HasSeries(series):
		f.at(at.in("series"), "table %s has no series %q; it has %v", table, series, t.SeriesNames())
	}
	within := t.Cadence == Quarterly || t.Cadence == Monthly
	if within && ind.Annual == AnnualNone {
		f.at(at.in("table"), "table %s is %s: say under annual how a year is made", table, t.Cadence)
	}
	if t.Cumulative && (ind.Annual == AnnualSum || ind.Annual == AnnualMean) {
		f.at(where{"annual"}, "table %s holds the year so far in each quarter; only annual: last gives a year", table)
	}
}

// checkForm holds kind, denominator and gross flows together.
func checkForm(ind *Indicator, f *file) {
	switch {
	case ind.Kind == Count && ind.Denominator != nil:
		f.at(where{"denominator"}, "a count has no denominator")
	case ind.Kind != Count && ind.Kind != Ratio && ind.Denominator == nil:
		f.at(where{"kind"}, "a %s needs a denominator", ind.Kind)
	case ind.Kind != NetRate && len(ind.Gross) > 0:
		f.at(where{"gross"}, "only a net-rate has gross flows")
	}
	if ind.Kind == Proportion || ind.Kind == Rate || ind.Kind == Count {
		for i, term := range ind.Numerator {
			if term.Sign < 0 {
				f.at(where{"numerator", i, "sign"}, "a %s counts upwards; a difference is a net-rate or a ratio", ind.Kind)
			}
		}
	}
	if ind.Context && ind.Polarity != NoPolarity {
		f.at(where{"polarity"}, "a context indicator is never judged; its polarity is none")
	}
	if ind.Context && ind.Core {
		f.at(where{"core"}, "a context indicator is not part of the judged core")
	}
}

func checkLimits(ind *Indicator, f *file) {
	lower, upper := ind.Limits.Lower, ind.Limits.Upper
	if lower != nil && upper != nil && *lower >= *upper {
		f.at(where{"limits"}, "lower limit %v is not below upper limit %v", *lower, *upper)
	}
	if ind.Kind == Proportion && (lower == nil || upper == nil || *lower != 0 || *upper != ind.Scale) {
		f.at(where{"limits"}, "the natural limits of a proportion are 0 and its scale, %v", ind.Scale)
	}
}
