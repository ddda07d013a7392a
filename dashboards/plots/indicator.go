package plots

import (
	"math"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/chart"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// indicatorChart draws an indicator for the first MaxPlaces of the places asked for.
func (v *view) indicatorChart(query url.Values, params gin.Params) (*chart.Drawing, error) {
	ind, err := v.indicator(params.ByName("name"))
	if err != nil {
		return nil, err
	}
	places, err := v.places(query)
	if err != nil {
		return nil, err
	}
	window, err := v.window(query)
	if err != nil {
		return nil, err
	}
	years, err := v.years(query)
	if err != nil {
		return nil, err
	}
	l, err := v.lines(ind, places[:min(len(places), MaxPlaces)], window, years)
	if err != nil {
		return nil, err
	}
	return l.Draw()
}

// indicatorLines is one indicator chart in the making.
type indicatorLines struct {
	*view
	ind    *catalogue.Indicator
	window int
	years  years
	many   bool
	// statuses are the statuses of missing figures met; weak and interval say that
	// some figure rests on few cases or has an interval.
	statuses       []data.Status
	weak, interval bool
	// first and last are the years drawn.
	first, last int
}

// lines maps an indicator for some places: one panel for each, with its interval,
// its comparison group, its baseline and what is aimed at.
func (v *view) lines(ind *catalogue.Indicator, places []string, window int, years years) (chart.Lines, error) {
	g := &indicatorLines{view: v, ind: ind, window: window, years: years, many: len(places) > 1, first: math.MaxInt, last: math.MinInt}
	l := chart.Lines{Meta: v.meta(ind), Zero: ind.Kind == catalogue.NetRate, Apart: ind.Kind == catalogue.Count}
	values := make([][]cube.Value, len(places))
	for i, region := range places {
		values[i] = g.values(region)
	}
	if g.first > g.last {
		return l, v.notFound("chart.error.no-figures", "indicator", ind.ID, "places", v.names(places))
	}
	var described []string
	for i, region := range places {
		panel, words := g.panel(region, values[i])
		if g.many {
			panel.Title = v.shortName(region)
		}
		l.Panels = append(l.Panels, panel)
		described = append(described, words)
	}
	l.Title = g.title(places)
	l.Subtitle = g.subtitle(places)
	l.Notes = g.notes(places)
	l.Description = sentences(append([]string{v.t("chart.desc.lines", "title", l.Title), v.t("chart.desc.unit", "unit", l.Unit), g.pooled()}, described...)...)
	return l, nil
}

func (g *indicatorLines) values(region string) []cube.Value {
	var out []cube.Value
	for _, x := range g.Cube.Values(g.ind.ID, region, g.window) {
		if g.years.has(int(x.Year)) {
			out = append(out, x)
			g.first, g.last = min(g.first, int(x.Year)), max(g.last, int(x.Year))
		}
	}
	return out
}

func (g *indicatorLines) title(places []string) string {
	title := g.text(g.ind.Title)
	if !g.many {
		title += ", " + g.name(places[0])
	}
	return title + ", " + locale.Years(g.first, g.last)
}

// subtitle gives one place's newest figure, or says how to read several panels.
func (g *indicatorLines) subtitle(places []string) string {
	if g.many {
		key := "chart.one-scale"
		if g.ind.Kind == catalogue.Count {
			key = "chart.own-scale"
		}
		return sentences(g.t(key), g.pooled())
	}
	return sentences(g.newest(places[0]), g.newestOfGroup(places[0]), g.pooled())
}

func (g *indicatorLines) pooled() string {
	if g.window == 1 {
		return ""
	}
	return g.t("chart.window", "n", g.window)
}

func (g *indicatorLines) newest(region string) string {
	for _, x := range slices.Backward(g.values(region)) {
		if x.Value.OK() {
			return g.t("chart.desc.newest", "name", g.shortName(region), "year", x.Year,
				"value", locale.Number(float64(x.Value), g.ind.Decimals), "interval", g.view.interval(x.Lower, x.Upper, g.ind.Decimals))
		}
	}
	return ""
}

// grouped reports whether the comparison group is drawn: the count of thirty
// municipalities together is on no scale with that of one.
func (g *indicatorLines) grouped() bool { return g.ind.Kind != catalogue.Count }

func (g *indicatorLines) newestOfGroup(region string) string {
	if !g.grouped() {
		return ""
	}
	for _, x := range slices.Backward(g.Cube.GroupValues(g.ind.ID, region, g.window)) {
		if x.Value.OK() && g.years.has(int(x.Year)) {
			return g.t("chart.desc.newest", "name", g.t("chart.group"), "year", x.Year, "value", locale.Number(float64(x.Value), g.ind.Decimals), "interval", "")
		}
	}
	return ""
}

// panel is one place's plot, and the same in words.
func (g *indicatorLines) panel(region string, values []cube.Value) (chart.Panel, string) {
	p := chart.Panel{Empty: g.empty(values), Marks: g.marks(region)}
	if group := g.group(region); len(group.Points) > 0 && g.grouped() {
		p.Series = append(p.Series, group)
	}
	p.Series = append(p.Series, g.own(region, values))
	words := []string{g.newest(region), g.spread(values), g.missing(values), g.newestOfGroup(region)}
	if len(values) > 0 {
		base, ok := g.baseline(region)
		if ok {
			p.Series = append(p.Series, base)
			words = append(words, g.lineInWords(base))
		}
		for _, s := range g.targets(region) {
			p.Series = append(p.Series, s)
			words = append(words, g.lineInWords(s))
		}
	}
	return p, sentences(words...)
}

func (g *indicatorLines) own(region string, values []cube.Value) chart.Series {
	s := chart.Series{Role: chart.Main, Name: g.t("chart.municipality"), Label: g.shortName(region), Band: g.t("chart.interval")}
	if g.Catalogue.Agreement(region) != nil {
		s.Band = g.t("chart.interval.plain")
	}
	if g.many {
		s.Label = ""
	}
	for _, x := range values {
		q := chart.Point{X: float64(x.Year), Y: f(x.Value), Low: f(x.Lower), High: f(x.Upper), Weak: x.Status == data.TooFew}
		if x.Status.Missing() {
			// A number beside a missing status is no number.
			q.Y, q.Low, q.High = math.NaN(), math.NaN(), math.NaN()
			q.Symbol = locale.Symbol(x.Status)
			if !slices.Contains(g.statuses, x.Status) {
				g.statuses = append(g.statuses, x.Status)
			}
		}
		g.weak = g.weak || q.Weak && x.Value.OK()
		g.interval = g.interval || x.Lower.OK() && x.Upper.OK()
		s.Points = append(s.Points, q)
	}
	return s
}

func (g *indicatorLines) group(region string) chart.Series {
	s := chart.Series{Role: chart.Group, Name: g.t("chart.group"), Label: g.t("chart.group"), Band: g.t("chart.group.range")}
	if g.many {
		s.Label = g.t("chart.group.short")
	}
	for _, x := range g.Cube.GroupValues(g.ind.ID, region, g.window) {
		if g.years.has(int(x.Year)) {
			q := chart.Point{X: float64(x.Year), Y: f(x.Value), Low: f(x.Low), High: f(x.High)}
			if x.Status.Missing() {
				q.Y = math.NaN()
			}
			s.Points = append(s.Points, q)
		}
	}
	return s
}

// baseline is a level line from the first year of the baseline to the last drawn.
func (g *indicatorLines) baseline(region string) (chart.Series, bool) {
	c := g.Cube.Change(g.ind.ID, region)
	if c == nil || !c.Baseline.OK() || int(c.BaseFrom) > g.last {
		return chart.Series{}, false
	}
	s := chart.Series{Role: chart.Baseline, Name: g.t("chart.baseline.name"), Label: g.t("chart.baseline", "years", locale.Years(int(c.BaseFrom), int(c.BaseTo)))}
	if g.many {
		s.Label = g.t("chart.baseline.short")
	}
	from := max(int(c.BaseFrom), g.first)
	s.Points = []chart.Point{level(from, f(c.Baseline)), level(max(g.last, from), f(c.Baseline))}
	return s, true
}

func level(year int, y float64) chart.Point {
	return chart.Point{X: float64(year), Y: y, Low: math.NaN(), High: math.NaN()}
}

// target returns what the region's agreement aims at on the indicator, nil when
// the indicator is not among its goals. The zero kind is «not agreed».
func (v *view) target(ind *catalogue.Indicator, region string) *catalogue.Target {
	a := v.Catalogue.Agreement(region)
	if a == nil {
		a = v.Catalogue.AgreementOf(region)
	}
	if a == nil {
		return nil
	}
	var found *catalogue.Target
	for i := range a.Goals {
		for k := range a.Goals[i].Indicators {
			gi := &a.Goals[i].Indicators[k]
			if gi.Indicator == ind.ID && (found == nil || found.Kind == catalogue.NotAgreed) {
				found = &gi.Target
			}
		}
	}
	return found
}

// targets are the lines of what is aimed at: the dated path from the baseline, a
// level, or the two limits of a range.
func (g *indicatorLines) targets(region string) []chart.Series {
	t := g.target(g.ind, region)
	if t == nil {
		return nil
	}
	year := t.FinalYear()
	from, base := g.last, math.NaN()
	if c := g.Cube.Change(g.ind.ID, region); c != nil && c.Baseline.OK() {
		from, base = int(c.BaseTo), f(c.Baseline)
	}
	from = min(max(from, g.first), year)
	flat := func(key string, y float64) chart.Series {
		return g.targetSeries(key, year, []chart.Point{level(from, y), level(year, y)})
	}
	switch {
	case t.Kind == catalogue.PathTarget && len(t.Points) > 0:
		var points []chart.Point
		if !math.IsNaN(base) && from < t.Points[0].Year {
			points = append(points, level(from, base))
		}
		for _, p := range t.Points {
			points = append(points, level(p.Year, p.Value))
		}
		return []chart.Series{g.targetSeries("chart.target", year, points)}
	case t.Kind == catalogue.ThresholdTarget && len(t.Points) > 0:
		return []chart.Series{flat("chart.target", t.Points[0].Value)}
	case t.Kind == catalogue.RangeTarget && t.Lower != nil && t.Upper != nil:
		return []chart.Series{flat("chart.target.least", *t.Lower), flat("chart.target.most", *t.Upper)}
	case t.Kind == catalogue.HoldTarget && t.Tolerance != nil && !math.IsNaN(base):
		return []chart.Series{flat("chart.target.least", base-*t.Tolerance), flat("chart.target.most", base+*t.Tolerance)}
	}
	return nil
}

func (g *indicatorLines) targetSeries(key string, year int, points []chart.Point) chart.Series {
	return chart.Series{Role: chart.Target, Name: g.t("chart.target.name"), Label: g.t(key, "year", year), Points: points}
}

// marks are what a reader must know of the years: breaks, when the agreement was
// signed, and other effort with known dates.
func (g *indicatorLines) marks(region string) []chart.Mark {
	var out []chart.Mark
	for _, b := range g.ind.Breaks {
		period, err := data.ParsePeriod(b.Period)
		if y := int(period.Y); err == nil && y > g.first && y <= g.last {
			at := float64(y) - 0.5
			out = append(out, chart.Mark{From: at, To: at, Text: g.t("chart.break", "period", b.Period, "reason", g.text(b.Reason))})
		}
	}
	a := g.Catalogue.Agreement(region)
	if a == nil {
		a = g.Catalogue.AgreementOf(region)
	}
	if a == nil {
		return out
	}
	if at, ok := g.moment(a.Period.Signed); ok {
		text := g.t("chart.signed", "agreement", g.text(a.Name), "date", locale.ISODate(g.lang, string(a.Period.Signed)))
		out = append(out, chart.Mark{From: at, To: at, Text: text})
	}
	return append(out, g.efforts(region, a)...)
}

// moment is where a date lies on an axis whose ticks are years. The figure of a
// flow stands for its whole year, that of a stock for its beginning.
func (g *indicatorLines) moment(d catalogue.Date) (float64, bool) {
	t, ok := d.Time()
	if !ok || t.Year() < g.first || t.Year() > g.last+1 {
		return 0, false
	}
	at := float64(t.Year()) + float64(t.YearDay()-1)/366
	if g.ind.Kind != catalogue.Count {
		at -= 0.5
	}
	return at, at >= float64(g.first)-0.5 && at <= float64(g.last)+0.5
}

// efforts are other effort that may be seen in the indicator, where it is known
// when and whom it touches.
func (g *indicatorLines) efforts(region string, a *catalogue.Agreement) []chart.Mark {
	var out []chart.Mark
	for i := range g.Catalogue.Efforts {
		e := &g.Catalogue.Efforts[i]
		from, ok := e.From.Time()
		if !ok || !slices.Contains(e.Indicators, g.ind.ID) || !g.touches(e, region, a) {
			continue
		}
		first, last, text := from.Year(), g.last, g.t("chart.from", "year", from.Year())
		if to, ok := e.To.Time(); ok {
			last, text = to.Year(), locale.Years(from.Year(), to.Year())
		}
		if first > g.last || last < g.first {
			continue
		}
		key := "chart.effort"
		if !e.Verified {
			key = "chart.effort.unverified"
		}
		out = append(out, chart.Mark{
			From: float64(max(first, g.first)) - 0.5, To: float64(min(last, g.last)) + 0.5,
			Text: g.t(key, "years", text, "name", g.text(e.Name)),
		})
	}
	return out
}

func (g *indicatorLines) touches(e *catalogue.Effort, region string, a *catalogue.Agreement) bool {
	codes := []string{region}
	if g.Catalogue.Agreement(region) != nil {
		codes = a.Codes()
	}
	return slices.ContainsFunc(codes, func(code string) bool {
		m, _ := g.Regions.Municipality(code)
		return e.Geography.Touches(code, m.CentralityClass, a.ID)
	})
}

func (g *indicatorLines) notes(places []string) []string {
	var out []string
	if g.interval {
		out = append(out, g.t("chart.note.interval"))
	}
	if g.ind.Kind == catalogue.Count {
		out = append(out, g.t("chart.note.axis"))
	}
	if g.weak {
		out = append(out, g.t("chart.note.weak"))
	}
	slices.Sort(g.statuses)
	for _, s := range g.statuses {
		out = append(out, g.t("chart.note.symbol", "symbol", locale.Symbol(s), "legend", locale.Legend(g.lang, s)))
	}
	if slices.ContainsFunc(places, func(r string) bool {
		t := g.target(g.ind, r)
		return t != nil && t.Kind == catalogue.NotAgreed
	}) {
		out = append(out, g.t("chart.target.none"))
	}
	return out
}

// empty says why a place has no figure to show.
func (g *indicatorLines) empty(values []cube.Value) string {
	if len(values) == 0 {
		return g.t("chart.no-figures")
	}
	var reasons []string
	for _, x := range values {
		if legend := locale.Legend(g.lang, x.Status); x.Status.Missing() && !slices.Contains(reasons, legend) {
			reasons = append(reasons, legend)
		}
	}
	if len(reasons) == 0 {
		return g.t("chart.no-figures")
	}
	return g.t("chart.all-missing", "reasons", locale.List(g.lang, reasons))
}

// spread is the lowest and the highest year in words, for three years or more.
func (g *indicatorLines) spread(values []cube.Value) string {
	var known []cube.Value
	for _, x := range values {
		if x.Value.OK() && !x.Status.Missing() {
			known = append(known, x)
		}
	}
	if len(known) < 3 {
		return ""
	}
	low, high := known[0], known[0]
	for _, x := range known {
		if x.Value < low.Value {
			low = x
		}
		if x.Value > high.Value {
			high = x
		}
	}
	return g.t("chart.desc.range", "low", locale.Number(float64(low.Value), g.ind.Decimals), "lowyear", low.Year,
		"highyear", high.Year, "high", locale.Number(float64(high.Value), g.ind.Decimals))
}

func (g *indicatorLines) missing(values []cube.Value) string {
	var years []string
	for _, x := range values {
		if x.Status.Missing() {
			years = append(years, strconv.Itoa(int(x.Year)))
		}
	}
	if len(years) == 0 {
		return ""
	}
	return g.t("chart.desc.missing", "years", locale.List(g.lang, years))
}

func (g *indicatorLines) lineInWords(s chart.Series) string {
	return g.t("chart.desc.line", "name", s.Label, "value", locale.Number(s.Points[len(s.Points)-1].Y, g.ind.Decimals))
}
