package pages

import (
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/indicators"
)

type indicatorsBody struct {
	Themes []themeList
}

type themeList struct {
	Theme catalogue.Theme
	Rows  []indicatorListRow
}

type indicatorListRow struct {
	*catalogue.Indicator
	Sources     []source
	First, Last int
	HasValues   bool
}

func indicatorsPage(v *visit) (*page, error) {
	var b indicatorsBody
	for _, theme := range themes {
		t := themeList{Theme: theme}
		for i := range v.Catalogue.Indicators {
			ind := &v.Catalogue.Indicators[i]
			if len(ind.Themes) == 0 || ind.Themes[0] != theme {
				continue
			}
			row := indicatorListRow{Indicator: ind, Sources: v.sources(ind)}
			row.First, row.Last, row.HasValues = v.Cube.Years(ind.ID)
			t.Rows = append(t.Rows, row)
		}
		slices.SortFunc(t.Rows, func(x, y indicatorListRow) int { return locale.Compare(v.text(x.Title), v.text(y.Title)) })
		b.Themes = append(b.Themes, t)
	}
	return &page{Name: "indicators", Title: v.t("indicators.title"), Section: "indicators", Body: b}, nil
}

type indicatorBody struct {
	*catalogue.Indicator
	Chosen     []place
	Codes      string
	Rows       []yearRow
	Series     []seriesTable
	Sources    []source
	Terms      []term
	Methods    []string
	HasValues  bool
	Agreements []agreementRow
	// Goals are the goals the indicator belongs to in the agreements of the
	// municipalities chosen.
	Goals []named
	// Group has the municipalities with a comparison group drawn in the chart.
	Group bool
	// Whole is the agreement whose municipalities are shown together.
	Whole string
}

// yearRow is one year over the municipalities chosen.
type yearRow struct {
	Year  int32
	Cells []valueCell
}

type valueCell struct {
	Value  figure
	Limits limits
}

// seriesTable is all there is for one municipality.
type seriesTable struct {
	Place place
	Rows  []seriesRow
	// Change, Trend and Comparison are nil where the release has none.
	Change     *changeView
	Trend      *trendView
	Comparison *comparisonView
	Shift      *shiftView
	// Forecasts are for the last year of the agreement, by every method.
	Forecasts []forecastView
}

type seriesRow struct {
	Year                           int32
	Numerator, Denominator, Value  figure
	Limits                         limits
	Method                         string
	Detectable                     figure
	GroupValue, GroupLow, GroupTop figure
}

type changeView struct {
	BaseFrom, BaseTo, From, To int32
	Baseline, Value            figure
	Difference                 figure
	Limits                     limits
	Detectable                 figure
	Reason                     string
}

type trendView struct {
	From, To int32
	Slope    figure
	Limits   limits
	P        string
	Reason   string
}

type comparisonView struct {
	BaseFrom, BaseTo, From, To int32
	Own, Group, Estimate       figure
	Limits                     limits
	P, SmallestP               string
	Members                    int32
	Method, Reason             string
	// Relative says that the changes of a count are compared in per cent.
	Relative bool
}

// term is one part of the fraction: which series of which table.
type term struct {
	Part, Table, Series string
	Minus               bool
	Clock               catalogue.Clock
}

func indicatorPage(v *visit) (*page, error) {
	id := v.params.ByName("indicator")
	ind := v.Catalogue.Indicator(id)
	if ind == nil {
		return nil, v.notFound("error.no-indicator", "id", id)
	}
	chosen, err := v.chosen(ind)
	if err != nil {
		return nil, err
	}
	b := indicatorBody{
		Indicator: ind, Chosen: v.places(chosen), Codes: codeList(chosen), Sources: v.sources(ind), Terms: terms(ind),
		HasValues: v.hasValues(ind.ID), Agreements: v.agreementRows(),
	}
	columns := make([][]cube.Value, len(chosen))
	for i, code := range chosen {
		columns[i] = v.Cube.Values(ind.ID, code, 1)
		b.Series = append(b.Series, v.seriesTable(ind, code))
		b.Group = b.Group || len(v.Cube.GroupValues(ind.ID, code, 1)) > 0
		for _, x := range columns[i] {
			if key := "method." + x.Method; x.Method != "" && !slices.Contains(b.Methods, key) {
				b.Methods = append(b.Methods, key)
			}
		}
	}
	slices.Sort(b.Methods)
	b.Rows = v.yearRows(ind, columns)
	b.Goals = v.goalsOf(ind.ID, chosen)
	return &page{Name: "indicator", Title: v.text(ind.Title), Section: "indicators", Description: v.text(ind.Definition), Crumbs: []crumb{{"/indikatorer", v.t("nav.indicators")}}, Body: b}, nil
}

// chosen reads the municipalities asked for. Without any, they are those of the
// agreement with the most goals, so that the page has something to show.
func (v *visit) chosen(ind *catalogue.Indicator) ([]string, error) {
	var out []string
	for code := range strings.SplitSeq(v.query.Get("municipality"), ",") {
		code = strings.TrimSpace(code)
		if code == "" || slices.Contains(out, code) {
			continue
		}
		if _, err := v.Regions.Municipality(code); err != nil && v.Catalogue.Agreement(code) == nil {
			return nil, v.notFound("error.no-municipality", "code", code)
		}
		out = append(out, code)
	}
	if len(out) > maxChosen {
		return nil, data.Errorf(data.EINVALID, "%s", v.t("error.too-many", "n", maxChosen))
	}
	if len(out) == 0 {
		var home *catalogue.Agreement
		for i := range v.Catalogue.Agreements {
			if a := &v.Catalogue.Agreements[i]; home == nil || len(a.Goals) > len(home.Goals) {
				home = a
			}
		}
		if home != nil {
			out = home.Codes()
		}
	}
	return out, nil
}

// maxChosen keeps a table readable; the API takes any number.
const maxChosen = 12

func (v *visit) yearRows(ind *catalogue.Indicator, columns [][]cube.Value) []yearRow {
	years := map[int32]bool{}
	for _, c := range columns {
		for _, x := range c {
			years[x.Year] = true
		}
	}
	var order []int32
	for y := range years {
		order = append(order, y)
	}
	slices.Sort(order)
	slices.Reverse(order)
	var rows []yearRow
	for _, y := range order {
		row := yearRow{Year: y}
		for _, c := range columns {
			cell := valueCell{Value: v.figure(cube.Null, 0, data.NotAvailable)}
			if i := slices.IndexFunc(c, func(x cube.Value) bool { return x.Year == y }); i >= 0 {
				cell = valueCell{v.figure(c[i].Value, ind.Decimals, c[i].Status), v.limits(c[i].Lower, c[i].Upper, ind.Decimals)}
			}
			row.Cells = append(row.Cells, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

func (v *visit) seriesTable(ind *catalogue.Indicator, region string) seriesTable {
	t := seriesTable{Place: v.place(region)}
	group := map[int32]cube.GroupValue{}
	for _, g := range v.Cube.GroupValues(ind.ID, region, 1) {
		group[g.Year] = g
	}
	for _, x := range slices.Backward(v.Cube.Values(ind.ID, region, 1)) {
		row := seriesRow{
			Year: x.Year, Numerator: v.figure(x.Numerator, countDecimals(x.Numerator), x.Status), Denominator: v.figure(x.Denominator, countDecimals(x.Denominator), x.Status),
			Value: v.figure(x.Value, ind.Decimals, x.Status), Limits: v.limits(x.Lower, x.Upper, ind.Decimals),
			Method: x.Method, Detectable: v.figure(x.Detectable, ind.Decimals, data.OK),
			GroupValue: v.figure(cube.Null, 0, data.OK), GroupLow: v.figure(cube.Null, 0, data.OK), GroupTop: v.figure(cube.Null, 0, data.OK),
		}
		// The mark for few cases belongs to the value.
		row.Numerator.Few, row.Denominator.Few = false, false
		if g, ok := group[x.Year]; ok {
			row.GroupValue = v.figure(g.Value, ind.Decimals, g.Status)
			row.GroupLow, row.GroupTop = v.figure(g.Low, ind.Decimals, data.OK), v.figure(g.High, ind.Decimals, data.OK)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Change, t.Trend, t.Comparison = v.changeView(ind, region), v.trendView(ind, region), v.comparisonView(ind, region)
	t.Shift, t.Forecasts = v.shiftView(ind, region), v.forecastViews(ind, region)
	return t
}

// countDecimals shows whole counts whole; a mean of two populations may end on a
// half.
func countDecimals(f cube.Float) int {
	if f.OK() && float64(f) != float64(int64(f)) {
		return 1
	}
	return 0
}

func (v *visit) changeView(ind *catalogue.Indicator, region string) *changeView {
	c := v.Cube.Change(ind.ID, region)
	if c == nil {
		return nil
	}
	d := ind.Decimals
	return &changeView{
		BaseFrom: c.BaseFrom, BaseTo: c.BaseTo, From: c.From, To: c.To, Reason: c.Reason,
		Baseline: v.figure(c.Baseline, d, data.OK), Value: v.figure(c.Value, d, data.OK), Difference: v.signed(c.Difference, d),
		Limits: v.limits(c.DifferenceLower, c.DifferenceUpper, d), Detectable: v.figure(c.Detectable, d, data.OK),
	}
}

func (v *visit) trendView(ind *catalogue.Indicator, region string) *trendView {
	t := v.Cube.Trend(ind.ID, region)
	if t == nil {
		return nil
	}
	// A slope a year is small beside the value: one decimal more.
	d := ind.Decimals + 1
	return &trendView{From: t.From, To: t.To, Slope: v.signed(t.Slope, d), Limits: v.limits(t.Lower, t.Upper, d), P: pValue(t.P), Reason: t.Reason}
}

func (v *visit) comparisonView(ind *catalogue.Indicator, region string) *comparisonView {
	c := v.Cube.Comparison(ind.ID, region)
	if c == nil {
		return nil
	}
	d, relative := ind.Decimals, c.Method == indicators.MethodDIDRelative
	if relative {
		d = max(d, 1)
	}
	return &comparisonView{
		BaseFrom: c.BaseFrom, BaseTo: c.BaseTo, From: c.From, To: c.To, Members: c.Members, Method: c.Method, Reason: c.Reason,
		Own: v.signed(c.OwnChange, d), Group: v.signed(c.GroupChange, d), Estimate: v.signed(c.Estimate, d),
		Limits: v.limits(c.Lower, c.Upper, d), P: pValue(c.P), SmallestP: pValue(c.SmallestP),
		Relative: relative,
	}
}

type forecastView struct {
	Method    string
	Year      int32
	Value     figure
	Limits    limits
	MASE      figure
	Covered   figure
	Origins   int32
	Best      bool
	HasTarget bool
	Chance    figure
}

func (v *visit) forecastViews(ind *catalogue.Indicator, region string) []forecastView {
	var out []forecastView
	last := int32(0)
	for _, f := range v.Cube.Forecasts {
		if f.Indicator != ind.ID || f.Region != region || f.Year < last {
			continue
		}
		if f.Year > last {
			out, last = nil, f.Year
		}
		out = append(out, forecastView{
			Method: f.Method, Year: f.Year, Value: v.figure(f.Value, ind.Decimals, data.OK), Limits: v.limits(f.Lower, f.Upper, ind.Decimals),
			MASE: v.figure(f.MASE, 2, data.OK), Covered: v.figure(f.Covered*100, 0, data.OK), Origins: f.Origins, Best: f.Best,
			HasTarget: f.Target.OK(), Chance: v.figure(f.Chance*100, 0, data.OK),
		})
	}
	return out
}

type shiftView struct {
	From, To, After int32
	P               string
	Breaks          int32
	Known, Reason   string
}

func (v *visit) shiftView(ind *catalogue.Indicator, region string) *shiftView {
	for _, s := range v.Cube.Shifts {
		if s.Indicator == ind.ID && s.Region == region {
			return &shiftView{From: s.From, To: s.To, After: s.After, P: pValue(s.P), Breaks: s.Breaks, Known: s.Known, Reason: s.Reason}
		}
	}
	return nil
}

func pValue(p cube.Float) string {
	if !p.OK() {
		return ""
	}
	return locale.PValue(float64(p))
}

func terms(ind *catalogue.Indicator) []term {
	var out []term
	for _, t := range ind.Numerator {
		out = append(out, term{Part: "numerator", Table: t.Table, Series: t.Series, Minus: t.Sign < 0})
	}
	if d := ind.Denominator; d != nil {
		out = append(out, term{Part: "denominator", Table: d.Table, Series: d.Series, Clock: d.Clock})
	}
	for _, t := range ind.Gross {
		out = append(out, term{Part: "gross", Table: t.Table, Series: t.Series, Minus: t.Sign < 0})
	}
	return out
}

// goalsOf lists the goals an indicator belongs to, in the agreements of the
// regions chosen.
func (v *visit) goalsOf(indicator string, chosen []string) []named {
	var out []named
	for i := range v.Catalogue.Agreements {
		a := &v.Catalogue.Agreements[i]
		if !slices.ContainsFunc(chosen, func(code string) bool { return code == a.ID || slices.Contains(a.Codes(), code) }) {
			continue
		}
		for j := range a.Goals {
			g := &a.Goals[j]
			if slices.ContainsFunc(g.Indicators, func(x catalogue.GoalIndicator) bool { return x.Indicator == indicator }) {
				out = append(out, named{g.ID, v.text(a.Name) + ": " + v.goalName(g), "/avtaler/" + a.ID + "/delmal/" + g.ID})
			}
		}
	}
	return out
}
