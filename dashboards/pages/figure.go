package pages

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// figure is one number on a page: as it is read, and as the release holds it. A
// figure that is missing has a symbol and its legend instead.
type figure struct {
	Text, Raw      string
	Symbol, Legend string
	Few            bool
}

// figure writes a number of the release; a null without a status of its own has
// no basis.
func (v *visit) figure(f cube.Float, decimals int, s data.Status) figure {
	return v.write1(f, s, locale.Number(float64(f), decimals))
}

// signed writes a change.
func (v *visit) signed(f cube.Float, decimals int) figure {
	return v.write1(f, data.OK, locale.Signed(float64(f), decimals))
}

func (v *visit) write1(f cube.Float, s data.Status, text string) figure {
	if !f.OK() && !s.Missing() {
		s = data.NotAvailable
	}
	if s.Missing() {
		return figure{Symbol: locale.Symbol(s), Legend: locale.Legend(v.Lang, s)}
	}
	return figure{Text: text, Raw: f.String(), Few: s == data.TooFew}
}

// limits is an interval on a page; OK is false where there is none.
type limits struct {
	OK           bool
	Lower, Upper figure
}

func (v *visit) limits(lower, upper cube.Float, decimals int) limits {
	if !lower.OK() || !upper.OK() {
		return limits{}
	}
	return limits{true, v.figure(lower, decimals, data.OK), v.figure(upper, decimals, data.OK)}
}

// place is a region as a page names it; Whole is an agreement's municipalities
// taken together.
type place struct {
	Code, Name string
	Whole      bool
	Href       string
}

// place returns the region's name for people. Codes come from the release.
func (v *visit) place(region string) place {
	if a := v.Catalogue.Agreement(region); a != nil {
		return place{Code: region, Name: v.t("place.whole"), Whole: true, Href: "/avtaler/" + region}
	}
	m, err := v.Regions.Municipality(region)
	if err != nil {
		return place{Code: region, Name: region}
	}
	return place{Code: region, Name: m.NameNB, Href: "/kommuner/" + region}
}

func (v *visit) places(regions []string) []place {
	out := make([]place, len(regions))
	for i, r := range regions {
		out[i] = v.place(r)
	}
	return out
}

func names(places []place) []string {
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = p.Name
	}
	return out
}

// source is who published a table, and when it was fetched.
type source struct {
	Table, Title, Publisher, Licence, URL string
	Updated, Retrieved                    string
	// Kind is that of the figures in the release, none when there are none.
	Kind data.Kind
}

// sources returns the sources of an indicator: as the release has them, else as
// the catalogue says where they would come from.
func (v *visit) sources(ind *catalogue.Indicator) []source {
	var out []source
	for _, id := range ind.Tables() {
		out = append(out, v.source(id))
	}
	return out
}

func (v *visit) source(table string) source {
	s := source{Table: table, Kind: data.None}
	if t := v.Catalogue.Table(table); t != nil {
		s.Title, s.Publisher, s.Licence, s.URL = t.Title, t.Publisher, t.Licence, t.URL
	}
	for _, row := range v.Cube.Sources {
		if row.Table != table {
			continue
		}
		if s.Kind == data.None {
			s.Publisher, s.Licence, s.Kind = row.Source, row.Licence, data.Kind(row.Kind)
			s.Title = cmp.Or(row.Title, s.Title)
			if s.Kind == data.Simulated {
				s.Publisher = v.t("source.simulated")
			}
		}
		// Several bodies may hold one table; the newest date is the one to show.
		s.Updated = max(s.Updated, row.Updated)
		s.Retrieved = max(s.Retrieved, row.Retrieved)
	}
	s.Updated, s.Retrieved = day(s.Updated), day(s.Retrieved)
	return s
}

// day writes a release's RFC 3339 time as a Norwegian date.
func day(s string) string {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return locale.Date(t)
		}
	}
	return s
}

// hasValues reports whether the release has any value of an indicator.
func (v *visit) hasValues(indicator string) bool {
	_, _, ok := v.Cube.Years(indicator)
	return ok
}

// newest returns the newest year that is not missing, ok false if there is none.
func newest(values []cube.Value) (cube.Value, bool) {
	for _, x := range slices.Backward(values) {
		if !x.Status.Missing() && x.Value.OK() {
			return x, true
		}
	}
	return cube.Value{}, false
}

// spark is the points of a small line without axes, in a box of 120 by 28; gaps
// are gaps.
type spark struct {
	Lines []string
	X, Y  string
	Label string
}

const sparkWidth, sparkHeight, sparkPad = 120.0, 28.0, 3.0

func (v *visit) spark(values []cube.Value, decimals int) *spark {
	last, ok := newest(values)
	if !ok || len(values) < 3 {
		return nil
	}
	low, high := float64(last.Value), float64(last.Value)
	for _, x := range values {
		if x.Value.OK() {
			low, high = min(low, float64(x.Value)), max(high, float64(x.Value))
		}
	}
	first, span := values[0].Year, float64(values[len(values)-1].Year-values[0].Year)
	at := func(x cube.Value) (px, py string) {
		h := 0.5
		if high > low {
			h = (float64(x.Value) - low) / (high - low)
		}
		return decimal(sparkPad + float64(x.Year-first)/span*(sparkWidth-2*sparkPad)), decimal(sparkHeight - sparkPad - h*(sparkHeight-2*sparkPad))
	}
	s := &spark{}
	var line []string
	flush := func() {
		if len(line) > 0 {
			s.Lines = append(s.Lines, strings.Join(line, " "))
		}
		line = nil
	}
	for i, x := range values {
		if !x.Value.OK() || i > 0 && x.Year != values[i-1].Year+1 {
			flush()
		}
		if x.Value.OK() {
			px, py := at(x)
			line = append(line, px+","+py)
		}
	}
	flush()
	s.X, s.Y = at(last)
	s.Label = v.t("spark.label", "from", first, "to", values[len(values)-1].Year,
		"low", locale.Number(low, decimals), "high", locale.Number(high, decimals))
	return s
}

// decimal writes a coordinate of a drawing.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
