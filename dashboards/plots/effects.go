package plots

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/dashboards/chart"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// effectCharts are the charts of an evaluation, by name. All but the balance of
// the comparison group, which is known before any outcome, show an estimate.
var effectCharts = []struct {
	name     string
	estimate bool
	draw     func(*effect) (*chart.Drawing, error)
}{
	{"path", true, (*effect).path},
	{"gaps", true, (*effect).gaps},
	{"ratios", true, (*effect).ratios},
	{"specification", true, (*effect).specification},
	{"power", true, (*effect).power},
	{"balance", false, (*effect).balance},
}

// effect is the evaluation of one indicator for one municipality, or for all of an
// agreement together.
type effect struct {
	*view
	ind    *catalogue.Indicator
	design *catalogue.Design
	region string
	// all are the estimates by every method; chosen is the one drawn, without a
	// method where there is none.
	all    []cube.Effect
	chosen cube.Effect
	// decimals is one more than the value's: an effect is a difference between
	// small numbers.
	decimals int
}

// pooled is how the municipalities of an agreement together are asked for.
const pooled = "pooled"

func (v *view) effectChart(query url.Values, params gin.Params) (*chart.Drawing, error) {
	name := params.ByName("name")
	var known []string
	for _, c := range effectCharts {
		known = append(known, c.name)
	}
	i := slices.Index(known, name)
	if i < 0 {
		return nil, v.notFound("chart.error.no-chart", "id", name, "known", strings.Join(known, ", "))
	}
	e, err := v.effect(query, params.ByName("indicator"))
	if err != nil {
		return nil, err
	}
	if effectCharts[i].estimate && e.chosen.Method == "" {
		return nil, v.noEffect(e.ind, e.region)
	}
	return effectCharts[i].draw(e)
}

func (v *view) effect(query url.Values, indicator string) (*effect, error) {
	ind, err := v.indicator(indicator)
	if err != nil {
		return nil, err
	}
	a, err := v.agreement(query)
	if err != nil {
		return nil, err
	}
	region := cmp.Or(query.Get("municipality"), pooled)
	switch {
	case region == pooled || region == a.ID:
		region = a.ID
	case !slices.Contains(a.Codes(), region):
		if _, err := v.Regions.Municipality(region); err != nil {
			return nil, v.notFound("chart.error.no-municipality", "id", region)
		}
		return nil, v.notFound("chart.error.not-in-agreement", "id", region, "agreement", a.ID)
	}
	e := &effect{view: v, ind: ind, design: v.Catalogue.Design(a.ID), region: region, decimals: ind.Decimals + 1}
	for _, x := range v.Cube.Effects(ind.ID, region) {
		if e.design == nil || x.Design == e.design.ID {
			e.all = append(e.all, x)
		}
	}
	method := query.Get("method")
	if i := slices.IndexFunc(e.all, func(x cube.Effect) bool { return x.Method == method || method == "" && x.Primary }); i >= 0 {
		e.chosen = e.all[i]
	}
	return e, nil
}

func (v *view) noEffect(ind *catalogue.Indicator, region string) error {
	return v.notFound("chart.error.no-effect", "indicator", ind.ID, "places", v.shortName(region))
}

// meta is the frame of an evaluation chart.
func (e *effect) meta(title string) chart.Meta {
	m := e.view.meta(e.ind)
	m.Title = e.t(title, "title", e.text(e.ind.Title), "name", e.name(e.region))
	m.Subtitle = e.estimate()
	m.Notes = e.notes()
	return m
}

// estimate is the effect in a sentence, with what could have been seen.
func (e *effect) estimate() string {
	x := e.chosen
	if !x.ATT.OK() {
		return sentences(e.t("chart.att.none"), e.reason(x.Reason))
	}
	parts := []string{e.t("chart.att", "years", locale.Years(int(x.Start), int(x.To)), "att", locale.Signed(float64(x.ATT), e.decimals),
		"interval", e.interval(x.Lower, x.Upper, e.decimals))}
	// The corrected p is the one the interval belongs to.
	if p := x.PAdjusted; p.OK() && x.SmallestP.OK() {
		parts = append(parts, e.t("chart.att.p", "p", locale.PValue(float64(p)), "smallest", locale.PValue(float64(x.SmallestP))))
	}
	if x.MDE.OK() {
		parts = append(parts, e.t("chart.att.mde", "mde", locale.Number(float64(x.MDE), e.decimals)))
	}
	return sentences(parts...)
}

// notes are the reservations an estimate comes with.
func (e *effect) notes() []string {
	var out []string
	if e.badFit(e.chosen) {
		out = append(out, e.t("chart.bad-fit"))
	}
	if has(e.chosen, "descriptive") && e.design != nil && e.design.Looks.Confirmatory != 0 {
		out = append(out, e.t("chart.descriptive", "year", e.design.Looks.Confirmatory))
	}
	if has(e.chosen, "exploratory") {
		out = append(out, e.t("chart.exploratory"))
	}
	return out
}

func has(x cube.Effect, flag string) bool {
	for f := range strings.SplitSeq(x.Flags, ",") {
		if strings.TrimSpace(f) == flag {
			return true
		}
	}
	return false
}

// badFit reports whether the treated unit is followed too badly before the start
// for a causal word.
func (e *effect) badFit(x cube.Effect) bool {
	return has(x, "bad-fit") || has(x, "refused") || x.Reason == "bad-pre-fit"
}

func (e *effect) start() chart.Mark {
	at := float64(e.chosen.Start) - 0.5
	return chart.Mark{From: at, To: at, Text: e.t("chart.start", "year", e.chosen.Start)}
}

func (e *effect) rows() []cube.EffectPath {
	var out []cube.EffectPath
	for _, p := range e.Cube.EffectPaths {
		if p.Design == e.chosen.Design && p.Indicator == e.ind.ID && p.Region == e.region && p.Method == e.chosen.Method {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b cube.EffectPath) int { return cmp.Compare(a.Year, b.Year) })
	return out
}

// path is observed against counterfactual. The limits of a gap g = observed −
// counterfactual turned round are those of the counterfactual:
// observed − upper to observed − lower.
func (e *effect) path() (*chart.Drawing, error) {
	rows := e.rows()
	if len(rows) == 0 {
		return nil, e.noEffect(e.ind, e.region)
	}
	own := chart.Series{Role: chart.Main, Name: e.t("chart.path.observed"), Label: e.t("chart.path.observed")}
	other := chart.Series{Role: chart.Counterfactual, Name: e.t("chart.path.counterfactual"), Label: e.t("chart.path.counterfactual"), Band: e.t("chart.path.band")}
	for _, r := range rows {
		own.Points = append(own.Points, level(int(r.Year), f(r.Observed)))
		other.Points = append(other.Points, chart.Point{
			X: float64(r.Year), Y: f(r.Counterfactual), Low: f(r.Observed) - f(r.Upper), High: f(r.Observed) - f(r.Lower),
		})
	}
	l := chart.Lines{Meta: e.meta("chart.path"), Zero: e.ind.Kind == catalogue.NetRate}
	last := rows[len(rows)-1]
	l.Description = sentences(e.t("chart.desc.lines", "title", l.Title), l.Subtitle,
		e.pointInWords(own.Name, last.Year, last.Observed), e.pointInWords(other.Name, last.Year, last.Counterfactual))
	l.Panels = []chart.Panel{{Series: []chart.Series{other, own}, Marks: []chart.Mark{e.start()}, Empty: e.reason(e.chosen.Reason)}}
	return l.Draw()
}

func (e *effect) pointInWords(name string, year int32, y cube.Float) string {
	if !y.OK() {
		return ""
	}
	return e.t("chart.desc.newest", "name", name, "year", year, "value", locale.Number(float64(y), e.ind.Decimals), "interval", "")
}

// placebos are the gaps of every placebo unit over the years, in order of code.
func (e *effect) placebos() []chart.Series {
	var out []chart.Series
	code := ""
	for _, p := range e.Cube.EffectPlacebos {
		if p.Design != e.chosen.Design || p.Indicator != e.ind.ID || p.Region != e.region {
			continue
		}
		if p.Placebo != code || len(out) == 0 {
			code = p.Placebo
			out = append(out, chart.Series{Role: chart.Background, Name: e.t("chart.gaps.placebos")})
		}
		s := &out[len(out)-1]
		s.Points = append(s.Points, level(int(p.Year), f(p.Gap)))
	}
	return out
}

func (e *effect) gap() chart.Series {
	s := chart.Series{Role: chart.Main, Name: e.t("chart.municipality"), Label: e.shortName(e.region), Band: e.t("chart.interval.plain")}
	for _, r := range e.rows() {
		s.Points = append(s.Points, chart.Point{X: float64(r.Year), Y: f(r.Gap), Low: f(r.Lower), High: f(r.Upper)})
	}
	return s
}

func (e *effect) gaps() (*chart.Drawing, error) {
	own := e.gap()
	if len(own.Points) == 0 {
		return nil, e.noEffect(e.ind, e.region)
	}
	l := chart.Lines{Meta: e.meta("chart.gaps"), Zero: true}
	l.Decimals, l.Unit = e.decimals, e.t("chart.gaps.unit", "unit", e.difference(e.ind))
	words := []string{e.t("chart.desc.lines", "title", l.Title), l.Subtitle}
	for _, r := range slices.Backward(e.rows()) {
		if r.Gap.OK() {
			words = append(words, e.t("chart.desc.newest", "name", own.Label, "year", r.Year, "value", locale.Signed(float64(r.Gap), e.decimals),
				"interval", e.interval(r.Lower, r.Upper, e.decimals)))
			break
		}
	}
	l.Description = sentences(words...)
	l.Panels = []chart.Panel{{Series: append(e.placebos(), own), Marks: []chart.Mark{e.start()}, Empty: e.reason(e.chosen.Reason)}}
	return l.Draw()
}

// ratio is the root mean square gap from the start over the one before it, as in
// Abadie, Diamond & Hainmueller (2010); NaN when either has no year, or when the
// fit before is perfect.
func ratio(points []chart.Point, start int32) float64 {
	var gaps []float64
	before := 0
	for _, p := range points {
		if math.IsNaN(p.Y) {
			continue
		}
		gaps = append(gaps, p.Y)
		if p.X < float64(start) {
			before++
		}
	}
	if before == 0 || before == len(gaps) {
		return math.NaN()
	}
	pre := panel.RMSPE(gaps, 0, before)
	if pre == 0 {
		return math.NaN()
	}
	return panel.RMSPE(gaps, before, len(gaps)) / pre
}

func (e *effect) ratios() (*chart.Drawing, error) {
	own := f(e.chosen.Ratio)
	if math.IsNaN(own) {
		own = ratio(e.gap().Points, e.chosen.Start)
	}
	s := chart.Strip{Meta: e.meta("chart.ratios"), Own: own, OthersName: e.t("chart.gaps.placebos")}
	larger := 0
	for _, p := range e.placebos() {
		if r := ratio(p.Points, e.chosen.Start); !math.IsNaN(r) {
			s.Others = append(s.Others, r)
			if r >= own {
				larger++
			}
		}
	}
	if math.IsNaN(own) || len(s.Others) == 0 {
		return nil, e.noEffect(e.ind, e.region)
	}
	s.Decimals, s.Unit = 1, e.t("chart.ratios.unit")
	s.Label = e.shortName(e.region) + " " + locale.Number(own, 2)
	rank := e.t("chart.ratios.rank", "larger", larger, "n", len(s.Others))
	s.Subtitle = rank
	s.Notes = append([]string{e.t("chart.ratios.note")}, s.Notes...)
	s.Description = sentences(e.t("chart.desc.dots", "title", s.Title), e.t("chart.desc.line", "name", e.shortName(e.region), "value", locale.Number(own, 2)), rank)
	return s.Draw()
}

// specification lays every method side by side: the one chosen beforehand first,
// the others in the design's order.
func (e *effect) specification() (*chart.Drawing, error) {
	rows := slices.Clone(e.all)
	order := map[string]int{}
	if e.design != nil {
		for i, m := range e.design.Others {
			order[string(m)] = i + 1
		}
	}
	place := func(x cube.Effect) int {
		if x.Primary {
			return -1
		}
		if n, ok := order[x.Method]; ok {
			return n
		}
		return len(order) + 1
	}
	slices.SortStableFunc(rows, func(a, b cube.Effect) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Method, b.Method))
	})
	d := chart.Dots{Meta: e.meta("chart.specification"), Zero: true, First: e.t("chart.specification.own"), Band: e.t("chart.interval.plain")}
	d.Decimals, d.Unit = e.decimals, e.t("chart.specification.unit", "unit", e.difference(e.ind))
	d.Notes = append([]string{e.t("chart.specification.primary")}, d.Notes...)
	for _, x := range rows {
		row := e.row(e.estimator(x.Method), x.ATT, x.Lower, x.Upper, e.decimals, x.Reason)
		row.Strong, row.Weak = x.Primary, row.Weak || e.badFit(x)
		d.Rows = append(d.Rows, row)
	}
	if needed := f(e.chosen.Needed); !math.IsNaN(needed) {
		d.Limits = []chart.Limit{{From: needed, To: needed, Text: e.t("chart.target.name")}}
	}
	e.describe(&d)
	return d.Draw()
}

// estimator is a method's name for people, as a row begins.
func (v *view) estimator(method string) string {
	key := "estimator." + method
	if !locale.Has(v.lang, key) {
		return method
	}
	r, n := utf8.DecodeRuneInString(v.t(key))
	return string(unicode.ToUpper(r)) + v.t(key)[n:]
}

// maxCurves is how many power curves one chart can hold.
const maxCurves = 5

// power is the chance of seeing an effect by its size, one curve for each number
// of years with figures.
func (e *effect) power() (*chart.Drawing, error) {
	byYears := map[int32][]cube.Power{}
	for _, p := range e.Cube.Powers {
		if p.Design == e.chosen.Design && p.Indicator == e.ind.ID && p.Region == e.region && p.Method == e.chosen.Method {
			byYears[p.Years] = append(byYears[p.Years], p)
		}
	}
	if len(byYears) == 0 {
		return nil, e.noEffect(e.ind, e.region)
	}
	l := chart.Lines{Meta: e.meta("chart.power"), Numeric: true, XDecimals: e.decimals}
	l.XUnit, l.Unit, l.Decimals = e.t("chart.power.x", "unit", e.difference(e.ind)), e.t("chart.power.unit"), 0
	want := 0.8
	if e.design != nil && e.design.Gates.Power > 0 {
		want = e.design.Gates.Power
	}
	var mde []string
	curves := chart.Panel{Empty: e.t("chart.no-figures")}
	low, high := math.Inf(1), math.Inf(-1)
	for _, n := range sortedYears(byYears) {
		rows := byYears[n]
		slices.SortFunc(rows, func(a, b cube.Power) int { return cmp.Compare(a.Effect, b.Effect) })
		s := chart.Series{Role: chart.Main, Label: locale.Count(e.lang, "chart.power.years", int(n)), Bare: true}
		for _, p := range rows {
			if !p.Effect.OK() {
				continue
			}
			s.Points = append(s.Points, chart.Point{X: f(p.Effect), Y: 100 * f(p.Power), Low: math.NaN(), High: math.NaN()})
			low, high = math.Min(low, f(p.Effect)), math.Max(high, f(p.Effect))
		}
		curves.Series = append(curves.Series, s)
		if m := rows[0].MDE; m.OK() {
			mde = append(mde, e.t("chart.power.mde.after", "years", n, "mde", locale.Number(f(m), e.decimals)))
		}
	}
	if low < high {
		curves.Series = append([]chart.Series{{
			Role: chart.Baseline, Label: e.t("chart.power.wanted"),
			Points: []chart.Point{{X: low, Y: 100 * want, Low: math.NaN(), High: math.NaN()}, {X: high, Y: 100 * want, Low: math.NaN(), High: math.NaN()}},
		}}, curves.Series...)
	}
	l.Subtitle = ""
	if len(mde) > 0 {
		l.Subtitle = e.t("chart.power.mde", "power", locale.Number(100*want, 0), "list", locale.List(e.lang, mde), "unit", e.difference(e.ind))
	}
	l.Description = sentences(e.t("chart.desc.lines", "title", l.Title), l.Subtitle)
	l.Panels = []chart.Panel{curves}
	return l.Draw()
}

// sortedYears are the numbers of years with a curve, thinned from the middle when
// there are more than a chart can hold.
func sortedYears(byYears map[int32][]cube.Power) []int32 {
	var out []int32
	for n := range byYears {
		out = append(out, n)
	}
	slices.Sort(out)
	for len(out) > maxCurves {
		out = slices.Delete(out, len(out)-2, len(out)-1)
	}
	return out
}

// balanceLimit is the standardised difference beyond which groups are commonly
// called unlike (Imbens & Rubin 2015, ch. 14).
const balanceLimit = 0.25

// balance is how like the comparison group is, by covariate.
func (e *effect) balance() (*chart.Drawing, error) {
	rows := e.Cube.Balance(e.region)
	if len(rows) == 0 {
		return nil, e.noEffect(e.ind, e.region)
	}
	m := e.meta("chart.balance")
	m.Subtitle, m.Notes = "", nil
	m.Decimals, m.Unit = 2, e.t("chart.balance.unit")
	d := chart.Dots{Meta: m, Zero: true, First: e.t("chart.balance.own")}
	d.Limits = []chart.Limit{{From: -balanceLimit, To: balanceLimit, Text: e.t("chart.balance.good")}}
	d.Source = e.source(e.balanceTables())
	for _, b := range rows {
		row := e.row(e.covariate(b.Covariate), b.StdDifference, cube.Null, cube.Null, 2, "")
		row.Weak = b.Outside
		if b.StdDifference.OK() {
			row.Text = locale.Signed(f(b.StdDifference), 2) + ": " + e.t("chart.balance.text", "own", locale.Number(f(b.Own), 1), "group", locale.Number(f(b.GroupMean), 1))
		}
		if b.Outside {
			row.Text += ", " + e.t("chart.balance.outside")
		}
		d.Rows = append(d.Rows, row)
	}
	e.describe(&d)
	return d.Draw()
}

func (e *effect) rule() *catalogue.Comparison {
	id := "default"
	if e.design != nil {
		id = e.design.Donors.Comparison
	}
	return e.Catalogue.Comparison(id)
}

func (e *effect) covariate(id string) string {
	if c := e.rule(); c != nil {
		for _, x := range c.Covariates {
			if x.ID == id {
				return e.text(x.Title)
			}
		}
	}
	return id
}

// balanceTables are the tables the covariates are made from.
func (e *effect) balanceTables() []string {
	var out []string
	if c := e.rule(); c != nil {
		for _, x := range c.Covariates {
			if ind := e.Catalogue.Indicator(x.Indicator); ind != nil {
				out = append(out, ind.Tables()...)
			}
		}
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) == 0 {
		return e.ind.Tables()
	}
	return out
}
