package plots

import (
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/chart"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// attainmentChart is one indicator over the municipalities of an agreement, and
// them together, in the agreement's own order: the change since the baseline, what
// of it is beyond the comparison group, or the share of the way to the target.
func (v *view) attainmentChart(query url.Values, params gin.Params) (*chart.Drawing, error) {
	ind, err := v.indicator(params.ByName("name"))
	if err != nil {
		return nil, err
	}
	a, err := v.agreement(query)
	if err != nil {
		return nil, err
	}
	rows := map[string]func(*catalogue.Indicator, *catalogue.Agreement) chart.Dots{
		"": v.changes, "change": v.changes, "comparison": v.comparisons, "share": v.shares,
	}[query.Get("measure")]
	if rows == nil {
		return nil, v.badValue("measure", query.Get("measure"), "change, comparison, share")
	}
	d := rows(ind, a)
	if !slices.ContainsFunc(d.Rows, func(r chart.Row) bool { return !math.IsNaN(r.Value) }) && !v.hasValues(ind, a) {
		return nil, v.notFound("chart.error.no-figures", "indicator", ind.ID, "places", v.names(a.Codes()))
	}
	v.describe(&d)
	return d.Draw()
}

func (v *view) hasValues(ind *catalogue.Indicator, a *catalogue.Agreement) bool {
	return slices.ContainsFunc(a.Codes(), func(code string) bool { return len(v.Cube.Values(ind.ID, code, 1)) > 0 })
}

// regions are an agreement's municipalities in its own order, and them together.
func regions(a *catalogue.Agreement) []string { return append(a.Codes(), a.ID) }

// describe puts a dot chart's rows into words.
func (v *view) describe(d *chart.Dots) {
	words := []string{v.t("chart.desc.dots", "title", d.Title), d.Subtitle, v.t("chart.desc.unit", "unit", d.Unit)}
	for _, r := range d.Rows {
		words = append(words, v.t("chart.desc.line", "name", r.Label, "value", strings.TrimSuffix(r.Text, ".")))
	}
	d.Description = sentences(words...)
}

// row is one estimate with its interval in figures and in words.
func (v *view) row(label string, value, lower, upper cube.Float, decimals int, reason string) chart.Row {
	r := chart.Row{Label: label, Value: f(value), Low: f(lower), High: f(upper), Second: math.NaN()}
	switch {
	case !value.OK():
		r.Text = v.reason(reason)
	case lower.OK() && upper.OK():
		r.Text = locale.Signed(float64(value), decimals) + " (" + locale.Interval(v.lang, float64(lower), float64(upper), decimals) + ")"
	default:
		r.Text = locale.Signed(float64(value), decimals) + " (" + v.t("chart.no-interval") + ")"
		r.Weak = true
	}
	return r
}

func (v *view) dots(ind *catalogue.Indicator, title string) chart.Dots {
	d := chart.Dots{Meta: v.meta(ind), Zero: true, Band: v.t("chart.interval.plain")}
	d.Title = v.t(title, "title", v.text(ind.Title))
	d.Unit = v.t("chart.unit.change", "unit", v.difference(ind))
	d.Notes = []string{v.t("chart.note.interval")}
	return d
}

func (v *view) changes(ind *catalogue.Indicator, a *catalogue.Agreement) chart.Dots {
	d := v.dots(ind, "chart.change")
	d.First, d.Subtitle = v.t("chart.change.own"), v.t("chart.change.order")
	for _, region := range regions(a) {
		row := v.row(v.shortName(region), cube.Null, cube.Null, cube.Null, 0, "")
		if c := v.Cube.Change(ind.ID, region); c != nil {
			row = v.row(v.shortName(region), c.Difference, c.DifferenceLower, c.DifferenceUpper, ind.Decimals, c.Reason)
			if c.Difference.OK() {
				d.Subtitle = v.t("chart.change.years", "base", locale.Years(int(c.BaseFrom), int(c.BaseTo)), "now", locale.Years(int(c.From), int(c.To)))
			}
		}
		if c := v.Cube.Comparison(ind.ID, region); c != nil && c.GroupChange.OK() {
			row.Second, d.Second = f(c.GroupChange), v.t("chart.change.group")
		}
		row.Strong = region == a.ID
		d.Rows = append(d.Rows, row)
	}
	return d
}

func (v *view) comparisons(ind *catalogue.Indicator, a *catalogue.Agreement) chart.Dots {
	d := v.dots(ind, "chart.comparison")
	d.First, d.Subtitle = v.t("chart.comparison.own"), v.t("chart.change.order")
	for _, region := range regions(a) {
		row := v.row(v.shortName(region), cube.Null, cube.Null, cube.Null, 0, "")
		if c := v.Cube.Comparison(ind.ID, region); c != nil {
			row = v.row(v.shortName(region), c.Estimate, c.Lower, c.Upper, ind.Decimals, c.Reason)
			if c.Estimate.OK() {
				d.Subtitle = v.t("chart.change.years", "base", locale.Years(int(c.BaseFrom), int(c.BaseTo)), "now", locale.Years(int(c.From), int(c.To)))
			}
		}
		row.Strong = region == a.ID
		d.Rows = append(d.Rows, row)
	}
	return d
}

// shares are of the way from baseline to target, in per cent; 100 is the target.
func (v *view) shares(ind *catalogue.Indicator, a *catalogue.Agreement) chart.Dots {
	d := v.dots(ind, "chart.share")
	d.First, d.Subtitle = v.t("chart.share.own"), v.t("chart.change.order")
	d.Unit, d.Decimals = v.t("chart.share.unit"), 0
	any := false
	for _, region := range regions(a) {
		row := v.row(v.shortName(region), cube.Null, cube.Null, cube.Null, 0, "")
		for i := range a.Goals {
			rows := v.Cube.Attainment(a.ID, a.ID+"/"+a.Goals[i].ID, region)
			k := slices.IndexFunc(rows, func(x cube.Attainment) bool { return x.Indicator == ind.ID })
			if k < 0 {
				continue
			}
			x := rows[k]
			row = v.row(v.shortName(region), 100*x.Share, 100*x.ShareLower, 100*x.ShareUpper, 0, x.ShareReason)
			if x.Share.OK() {
				any = true
				break
			}
		}
		row.Strong = region == a.ID
		d.Rows = append(d.Rows, row)
	}
	if any {
		d.Limits = []chart.Limit{{From: 100, To: 100, Text: v.t("chart.share.reached")}}
	}
	return d
}
