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

// addRows adds a row for each region of the agreement, what estimate gives for it,
// under the years the estimates are of.
func (v *view) addRows(d *chart.Dots, a *catalogue.Agreement, estimate func(region, label string) (chart.Row, string)) {
	d.Subtitle = v.t("chart.change.order")
	for _, region := range regions(a) {
		row, years := estimate(region, v.shortName(region))
		if years != "" && !math.IsNaN(row.Value) {
			d.Subtitle = years
		}
		row.Strong = region == a.ID
		d.Rows = append(d.Rows, row)
	}
}

func (v *view) between(baseFrom, baseTo, from, to int32) string {
	return v.t("chart.change.years", "base", locale.Years(int(baseFrom), int(baseTo)), "now", locale.Years(int(from), int(to)))
}

func (v *view) noRow(label string) chart.Row {
	return v.row(label, cube.Null, cube.Null, cube.Null, 0, "")
}

func (v *view) changes(ind *catalogue.Indicator, a *catalogue.Agreement) chart.Dots {
	d := v.dots(ind, "chart.change")
	d.First = v.t("chart.change.own")
	v.addRows(&d, a, func(region, label string) (row chart.Row, years string) {
		row = v.noRow(label)
		if c := v.Cube.Change(ind.ID, region); c != nil {
			row = v.row(label, c.Difference, c.DifferenceLower, c.DifferenceUpper, ind.Decimals, c.Reason)
			years = v.between(c.BaseFrom, c.BaseTo, c.From, c.To)
		}
		if c := v.Cube.Comparison(ind.ID, region); c != nil && c.GroupChange.OK() {
			row.Second, d.Second = f(c.GroupChange), v.t("chart.change.group")
		}
		return row, years
	})
	return d
}

func (v *view) comparisons(ind *catalogue.Indicator, a *catalogue.Agreement) chart.Dots {
	d := v.dots(ind, "chart.comparison")
	d.First = v.t("chart.comparison.own")
	v.addRows(&d, a, func(region, label string) (chart.Row, string) {
		c := v.Cube.Comparison(ind.ID, region)
		if c == nil {
			return v.noRow(label), ""
		}
		return v.row(label, c.Estimate, c.Lower, c.Upper, ind.Decimals, c.Reason), v.between(c.BaseFrom, c.BaseTo, c.From, c.To)
	})
	return d
}

// shares are of the way from baseline to target, in per cent; 100 is the target.
func (v *view) shares(ind *catalogue.Indicator, a *catalogue.Agreement) chart.Dots {
	d := v.dots(ind, "chart.share")
	d.First, d.Unit, d.Decimals = v.t("chart.share.own"), v.t("chart.share.unit"), 0
	v.addRows(&d, a, func(region, label string) (chart.Row, string) {
		x := v.attainment(ind, a, region)
		if x == nil {
			return v.noRow(label), ""
		}
		if x.Share.OK() {
			d.Limits = []chart.Limit{{From: 100, To: 100, Text: v.t("chart.share.reached")}}
		}
		return v.row(label, 100*x.Share, 100*x.ShareLower, 100*x.ShareUpper, 0, x.ShareReason), v.between(x.BaseFrom, x.BaseTo, x.From, x.To)
	})
	return d
}

// attainment is the region's row on the indicator, of the first goal where a share
// is known, else of the first goal; nil when there is none.
func (v *view) attainment(ind *catalogue.Indicator, a *catalogue.Agreement, region string) *cube.Attainment {
	var found *cube.Attainment
	for _, x := range v.Cube.Attainment(a.ID, "", region) {
		if x.Indicator == ind.ID && (found == nil || x.Share.OK() && !found.Share.OK()) {
			found = &x
		}
	}
	return found
}
