package plots

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/dashboards/chart"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// meta is what every chart of an indicator carries.
func (v *view) meta(ind *catalogue.Indicator) chart.Meta {
	m := chart.Meta{Language: string(v.lang), Small: v.small, Decimals: ind.Decimals, Unit: v.text(ind.Unit), Source: v.source(ind.Tables())}
	if v.Info.Kind == data.Simulated {
		m.Notice = v.t("kind.simulated")
	}
	return m
}

func (v *view) text(t catalogue.Text) string { return t.In(string(v.lang)) }

// difference is the unit of a difference between two values.
func (v *view) difference(ind *catalogue.Indicator) string {
	return locale.Difference(v.lang, ind.Unit.In(string(v.lang)), ind.Percent())
}

// source is the source line: publisher, tables, the source's own date, release.
// Simulated figures are nobody's but ours.
func (v *view) source(tables []string) string {
	list := v.tables(tables)
	if v.Info.Kind == data.Simulated {
		return v.t("chart.source.simulated", "tables", list, "release", v.Info.ID)
	}
	parts := []string{v.t("chart.source", "tables", list, "release", v.Info.ID)}
	updated := ""
	for _, s := range v.Cube.Sources {
		if slices.Contains(tables, s.Table) {
			updated = max(updated, s.Updated)
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, updated); err == nil && !t.IsZero() {
		parts = append(parts, v.t("chart.source.updated", "date", locale.Date(t)))
	}
	if v.Info.Kind == data.Recorded {
		parts = append(parts, v.t("chart.source.recorded"))
	}
	return strings.Join(parts, " ")
}

// tables names tables by publisher: SSB, tabell 06913 og 07984.
func (v *view) tables(ids []string) string {
	var order []string
	by := map[string][]string{}
	for _, id := range ids {
		publisher := "SSB"
		if t := v.Catalogue.Table(id); t != nil && t.Source != catalogue.SourceSSB {
			publisher = t.Publisher
		}
		if by[publisher] == nil {
			order = append(order, publisher)
		}
		by[publisher] = append(by[publisher], id)
	}
	var parts []string
	for _, p := range order {
		key := "chart.source.table.other"
		if len(by[p]) == 1 {
			key = "chart.source.table.one"
		}
		parts = append(parts, v.t(key, "publisher", p, "tables", locale.List(v.lang, by[p])))
	}
	return strings.Join(parts, "; ")
}

// name is what a region is called in a title.
func (v *view) name(region string) string {
	if a := v.Catalogue.Agreement(region); a != nil {
		return v.t("chart.whole", "agreement", v.text(a.Name))
	}
	return v.shortName(region)
}

// shortName is what a region is called in a row or a label.
func (v *view) shortName(region string) string {
	if v.Catalogue.Agreement(region) != nil {
		return v.t("chart.whole.short")
	}
	m, err := v.Regions.Municipality(region)
	if err != nil {
		return region
	}
	return cmp.Or(m.NameNB, m.Name, region)
}

func (v *view) names(regions []string) string {
	out := make([]string, len(regions))
	for i, r := range regions {
		out[i] = v.shortName(r)
	}
	return locale.List(v.lang, out)
}

// f is a number of the release as a chart takes it: NaN where there is none.
func f(x cube.Float) float64 {
	if !x.OK() {
		return math.NaN()
	}
	return float64(x)
}

// interval is " (95 %-intervall −8,1 til 1,0)", or "" where there is none.
func (v *view) interval(lower, upper cube.Float, decimals int) string {
	if !lower.OK() || !upper.OK() {
		return ""
	}
	return " " + v.t("chart.interval.of", "interval", locale.Interval(v.lang, float64(lower), float64(upper), decimals))
}

// reason is a reason code in words; a code without a text of its own says no more
// than that there is no figure.
func (v *view) reason(code string) string {
	for _, key := range []string{"reason." + code, "effect-reason." + code} {
		if code != "" && locale.Has(v.lang, key) {
			return v.t(key)
		}
	}
	return v.t("chart.no-figures")
}

// sentences joins what there is.
func sentences(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}
