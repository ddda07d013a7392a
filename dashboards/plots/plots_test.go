package plots_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/dashboards/served/servedtest"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

const (
	rate = "net-migration-rate"
	// The municipalities of the agreement, in its own order.
	all = "3425,3421,3419,3422"
)

// figures are made up: a rate over 2015–2025 with every kind of hole, its group,
// its baseline and a whole evaluation.
func figures() cube.Content {
	var c cube.Content
	for i, code := range append(strings.Split(all, ","), "innlandet") {
		for y := int32(2015); y <= 2025; y++ {
			v := cube.Value{
				Indicator: rate, Region: code, Year: y, Window: 1, Numerator: cube.Float(y%7) - 3, Denominator: 1000,
				Value: cube.Float(y%7) - 3 + cube.Float(i), Lower: cube.Float(y%7) - 13, Upper: cube.Float(y%7) + 9, Method: "gross-flows",
			}
			switch y {
			case 2017:
				v.Value, v.Lower, v.Upper, v.Status = cube.Null, cube.Null, cube.Null, data.Suppressed
			case 2018:
				v.Status = data.TooFew
			case 2020:
				v.Value, v.Lower, v.Upper, v.Status = cube.Null, cube.Null, cube.Null, data.NotAvailable
			}
			c.Values = append(c.Values, v)
			c.GroupValues = append(c.GroupValues, cube.GroupValue{Indicator: rate, Region: code, Year: y, Window: 1, Value: cube.Float(y%3) + 0.25, Low: -6, High: 7, Members: 30})
			c.EffectPaths = append(c.EffectPaths, path(code, y))
		}
		for k := range 25 {
			for y := int32(2015); y <= 2025; y++ {
				c.EffectPlacebos = append(c.EffectPlacebos, cube.EffectPlacebo{
					Design: "innlandet", Indicator: rate, Region: code, Placebo: fmt.Sprint(3401 + k), Year: y, Gap: cube.Float((int(y)*(k+3))%11) - 5,
				})
			}
		}
		c.Changes = append(c.Changes, cube.Change{
			Indicator: rate, Region: code, BaseFrom: 2022, BaseTo: 2024, From: 2025, To: 2025, Baseline: 1.5, Value: 3,
			Difference: cube.Float(3 - 2*i), DifferenceLower: cube.Float(-7 - 2*i), DifferenceUpper: cube.Float(13 - 2*i), Detectable: 14,
		})
		c.Comparisons = append(c.Comparisons, cube.Comparison{
			Indicator: rate, Region: code, BaseFrom: 2022, BaseTo: 2024, From: 2025, To: 2025, OwnChange: 3, GroupChange: 1, Estimate: 2, Lower: -8, Upper: 12, Members: 30,
		})
		c.Attainments = append(c.Attainments,
			cube.Attainment{Agreement: "innlandet", Goal: "innlandet/1", Indicator: rate, Region: code, Share: cube.Null, ShareLower: cube.Null, ShareUpper: cube.Null, ShareReason: "no-target"},
			cube.Attainment{Agreement: "innlandet", Goal: "innlandet/2", Indicator: rate, Region: code, BaseFrom: 2022, BaseTo: 2024, From: 2025, To: 2025, Share: .25, ShareLower: -.5, ShareUpper: 1.125})
		c.Balances = append(c.Balances,
			cube.Balance{Region: code, Covariate: "log-population", Own: 7.16, GroupMean: 7.5, GroupSD: .4, StdDifference: -.85, Outside: true},
			cube.Balance{Region: code, Covariate: "net-migration", Own: 4.4, GroupMean: 3.1, GroupSD: 4, StdDifference: .29})
		for k, m := range []string{"sdid", "did", "sc-demeaned", "sdid-with-neighbours"} {
			c.Effects = append(c.Effects, cube.Effect{
				Design: "innlandet", Indicator: rate, Region: code, Method: m, Primary: k == 0, Start: 2023, To: 2025, ATT: cube.Float(k) - 1.25, Lower: -9, Upper: 8,
				PAdjusted: .65, SmallestP: .038, MDE: 12.5, Ratio: 1.37, Needed: cube.Null, Flags: "descriptive",
			})
		}
		for years := range int32(7) {
			for e := range 6 {
				c.Powers = append(c.Powers, cube.Power{
					Design: "innlandet", Indicator: rate, Region: code, Method: "sdid", Years: years + 1, Effect: cube.Float(4 * e), Power: min(1, cube.Float(e)*.1*cube.Float(years+1)), MDE: 20 / cube.Float(years+1),
				})
			}
		}
	}
	return c
}

func path(code string, y int32) cube.EffectPath {
	p := cube.EffectPath{
		Design: "innlandet", Indicator: rate, Region: code, Method: "sdid", Year: y, Observed: cube.Float(y % 7), Counterfactual: cube.Float(y%5) + 0.5,
		Lower: cube.Null, Upper: cube.Null,
	}
	p.Gap = p.Observed - p.Counterfactual
	if y >= 2023 {
		p.Lower, p.Upper = p.Gap-9, p.Gap+9
	}
	return p
}

func release(kind data.Kind) *served.Release {
	return &served.Release{Info: cube.Info{ID: "2026-11-25-1f3a", Kind: kind}, Cube: cube.New(figures()), Catalogue: catalogue.Default(), Regions: regions.Default()}
}

// routes are one of every chart.
var routes = []string{
	"/charts/net-migration-rate.svg?municipality=3425",
	"/charts/net-migration-rate.svg?municipality=" + all,
	"/charts/net-migration-rate.svg?municipality=innlandet&from=2018&to=2024",
	"/charts/net-migration-rate.svg",
	"/charts/attainment/net-migration-rate.svg?agreement=innlandet",
	"/charts/attainment/net-migration-rate.svg?agreement=innlandet&measure=comparison",
	"/charts/attainment/net-migration-rate.svg?agreement=innlandet&measure=share",
	"/charts/effects/net-migration-rate/path.svg?agreement=innlandet&municipality=3421",
	"/charts/effects/net-migration-rate/gaps.svg?agreement=innlandet&municipality=pooled",
	"/charts/effects/net-migration-rate/ratios.svg?municipality=3421",
	"/charts/effects/net-migration-rate/specification.svg?municipality=3421",
	"/charts/effects/net-migration-rate/power.svg?municipality=3421",
	"/charts/effects/net-migration-rate/balance.svg",
}

// texts reads the texts of an SVG, its title and description among them.
func texts(t testing.TB, svg []byte) []string {
	t.Helper()
	var out []string
	in := ""
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("not XML: %v in %s", err, svg)
		}
		switch x := token.(type) {
		case xml.StartElement:
			in = x.Name.Local
		case xml.CharData:
			if s := strings.TrimSpace(string(x)); s != "" && in != "" {
				out = append(out, s)
			}
		case xml.EndElement:
			in = ""
		}
	}
}

func contains(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}

// TestEveryRoute: every chart is drawn in every format and language, names the
// release, and holds the source in the picture.
func TestEveryRoute(t *testing.T) {
	rel := release(data.Recorded)
	for _, route := range routes {
		for _, lang := range []string{"nb", "nn", "en"} {
			sep := "?"
			if strings.Contains(route, "?") {
				sep = "&"
			}
			w := get(t, rel, route+sep+"lang="+lang)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml; charset=utf-8" || w.Header().Get("Content-Language") != lang ||
				w.Header().Get("Bygdevekst-Release") != rel.Info.ID {
				t.Errorf("%s in %s: %d %v %s", route, lang, w.Code, w.Header(), w.Body)
				continue
			}
			list := texts(t, w.Body.Bytes())
			if !contains(list, locale.Text(locale.Lang(lang), "chart.source.table.one", "publisher", "SSB", "tables", "06913")) && !contains(list, "06913, 07984") || !contains(list, rel.Info.ID) {
				t.Errorf("%s in %s: no source among %q", route, lang, list)
			}
			for _, s := range list {
				// A key, a hole in a text, a figure that is none, a sentence ended twice.
				for _, bad := range []string{"chart.", "{", "NaN", "!.", ").."} {
					if strings.Contains(s, bad) {
						t.Errorf("%s in %s: the text %q holds %q", route, lang, s, bad)
					}
				}
			}
		}
	}
	for _, route := range routes {
		sep := "?"
		if strings.Contains(route, "?") {
			sep = "&"
		}
		// 380 is the width of a small picture.
		if w := get(t, rel, route+sep+"size=small"); !strings.Contains(w.Body.String(), `viewBox="0 0 380 `) {
			t.Errorf("%s, small: %d %.300s", route, w.Code, w.Body)
		}
	}
	for ext, magic := range map[string]string{"png": "\x89PNG", "pdf": "%PDF"} {
		w := get(t, rel, "/charts/net-migration-rate."+ext+"?municipality=3425")
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), magic) || !strings.Contains(w.Header().Get("Content-Disposition"), "net-migration-rate-3425."+ext) {
			t.Errorf("%s: %d %v", ext, w.Code, w.Header())
		}
	}
}

// TestSimulatedSaysSo: no chart of simulated figures passes for SSB's.
func TestSimulatedSaysSo(t *testing.T) {
	for _, route := range routes {
		w := get(t, release(data.Simulated), route)
		list := texts(t, w.Body.Bytes())
		inPicture := contains(list, "SIMULERTE TALL – ikke SSB")
		if w.Code != http.StatusOK || !inPicture || contains(list, "Kilde: SSB") || !contains(list, "Simulerte tall") {
			t.Errorf("%s: %d, texts %q", route, w.Code, list)
		}
	}
}

// TestOneNumberOneValue: the figures in a picture are the release's, at the
// indicator's decimals, in the label, the subtitle and the description.
func TestOneNumberOneValue(t *testing.T) {
	rel := release(data.Recorded)
	values := rel.Cube.Values(rate, "3425", 1)
	last := values[len(values)-1]
	want := locale.Number(float64(last.Value), 1)
	list := texts(t, get(t, rel, routes[0]).Body.Bytes())
	label := "Engerdal " + want
	sentence := "Engerdal, 2025: " + want + " (95 %-intervall " + locale.Interval(locale.NB, float64(last.Lower), float64(last.Upper), 1) + ")"
	if !slices.Contains(list, label) || !contains(list[1:2], sentence) || !contains(list[2:], sentence) {
		t.Errorf("want the label %q and the sentence %q among %q", label, sentence, list)
	}
	for _, part := range []string{"Sammenligningsgruppe 0,3", "Utgangspunkt 2022–2024 1,5", "Mål: ikke avtalt.", ": vises ikke av hensyn til personvern.", ".. tallgrunnlag mangler.", "Hul markør", "12.05.2025"} {
		if !contains(list, part) {
			t.Errorf("no %q among %q", part, list)
		}
	}
	if !contains(list[1:2], "Tall mangler for 2017 og 2020.") {
		t.Errorf("the description does not name the years without figures: %q", list[1])
	}
	rows := texts(t, get(t, rel, "/charts/attainment/net-migration-rate.svg").Body.Bytes())
	for _, c := range rel.Cube.Changes {
		text := locale.Signed(float64(c.Difference), 1) + " (" + locale.Interval(locale.NB, float64(c.DifferenceLower), float64(c.DifferenceUpper), 1) + ")"
		if !slices.Contains(rows, text) {
			t.Errorf("no %q among %q", text, rows)
		}
	}
}

// TestShares: the share of the way is in per cent, from the goal that has one; where
// there is no target the row says so.
func TestShares(t *testing.T) {
	route := "/charts/attainment/net-migration-rate.svg?measure=share"
	list := texts(t, get(t, release(data.Recorded), route).Body.Bytes())
	for _, want := range []string{"+25 (−50\u00a0til 113)", "målet nådd", "Fra 2022–2024 til 2025. Kommunene står i avtalens rekkefølge."} {
		if !slices.Contains(list, want) {
			t.Errorf("no %q among %q", want, list)
		}
	}
	rel := release(data.Recorded)
	c := rel.Cube.Content
	c.Attainments = slices.DeleteFunc(slices.Clone(c.Attainments), func(x cube.Attainment) bool { return x.Share.OK() })
	rel.Cube = cube.New(c)
	if list := texts(t, get(t, rel, route).Body.Bytes()); !slices.Contains(list, locale.Text(locale.NB, "reason.no-target")) || slices.Contains(list, "målet nådd") {
		t.Errorf("no target, but %q", list)
	}
}

// TestOrder: rows stand in the agreement's order, though the values fall.
func TestOrder(t *testing.T) {
	list := texts(t, get(t, release(data.Recorded), "/charts/attainment/net-migration-rate.svg").Body.Bytes())
	last := -1
	for _, name := range []string{"Engerdal", "Trysil", "Våler (Innlandet)", "Åmot", "Avtalekommunene samlet"} {
		at := slices.Index(list, name)
		if at <= last {
			t.Errorf("%s stands at %d, after %d, in %q", name, at, last, list)
		}
		last = at
	}
}

// withTarget is the release with a target on the rate.
func withTarget(target catalogue.Target) *served.Release {
	rel := release(data.Recorded)
	cat := *rel.Catalogue
	cat.Agreements = slices.Clone(cat.Agreements)
	a := cat.Agreement("innlandet")
	a.Goals = slices.Clone(a.Goals)
	for i := range a.Goals {
		a.Goals[i].Indicators = slices.Clone(a.Goals[i].Indicators)
		for k := range a.Goals[i].Indicators {
			if a.Goals[i].Indicators[k].Indicator == rate {
				a.Goals[i].Indicators[k].Target = target
			}
		}
	}
	rel.Catalogue = &cat
	return rel
}

func TestTargets(t *testing.T) {
	two, five := 2.0, 5.0
	for _, c := range []struct {
		name   string
		target catalogue.Target
		want   []string
	}{
		{"path", catalogue.Target{Kind: catalogue.PathTarget, Points: []catalogue.TargetPoint{{Year: 2026, Value: 3}, {Year: 2028, Value: 5}}}, []string{"Mål 2028 5,0"}},
		{"threshold", catalogue.Target{Kind: catalogue.ThresholdTarget, Points: []catalogue.TargetPoint{{Year: 2028, Value: 5}}}, []string{"Mål 2028 5,0"}},
		{"range", catalogue.Target{Kind: catalogue.RangeTarget, Lower: &two, Upper: &five, Year: 2028}, []string{"Mål 2028, minst 2,0", "Mål 2028, høyst 5,0"}},
		// Baseline 1.5 ± 2.
		{"hold", catalogue.Target{Kind: catalogue.HoldTarget, Tolerance: &two, Year: 2028}, []string{"Mål 2028, minst −0,5", "Mål 2028, høyst 3,5"}},
		{"before the baseline", catalogue.Target{Kind: catalogue.PathTarget, Points: []catalogue.TargetPoint{{Year: 2020, Value: 3}}}, []string{"Mål 2020 3,0"}},
		{"none", catalogue.Target{Kind: catalogue.NotAgreed}, []string{"Mål: ikke avtalt."}},
	} {
		w := get(t, withTarget(c.target), routes[0])
		list := texts(t, w.Body.Bytes())
		for _, want := range c.want {
			if w.Code != http.StatusOK || !slices.Contains(list, want) {
				t.Errorf("%s: %d, no %q among %q", c.name, w.Code, want, list)
			}
		}
	}
}

func TestProblems(t *testing.T) {
	rel := release(data.Recorded)
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/charts/no-such.svg?municipality=3425", 404, "no-such"},
		{"/charts/net-migration-rate.gif", 404, ".gif"},
		{"/charts/net-migration-rate", 404, "slutter ikke på"},
		{"/charts/net-migration-rate.svg?municipality=9999", 404, "9999"},
		{"/charts/net-migration-rate.svg?municipality=0301", 404, "net-migration-rate"},
		{"/charts/birth-rate.svg?municipality=3425", 404, "birth-rate"},
		{"/charts/net-migration-rate.svg?municipality=3425&from=1900&to=1901", 404, "net-migration-rate"},
		{"/charts/net-migration-rate.svg?municipality=3425&window=3", 404, "net-migration-rate"},
		{"/charts/net-migration-rate.svg?municipality=3425,3421,3419,3422,3427,3428", 422, "6 kommuner"},
		{"/charts/net-migration-rate.svg?municipality=3425&window=2", 422, "window=2"},
		{"/charts/net-migration-rate.svg?municipality=3425&from=x", 422, "from=x"},
		{"/charts/net-migration-rate.svg?municipality=3425&from=2020&to=2019", 422, "from=2020"},
		{"/charts/net-migration-rate.svg?municipalities=3425", 422, "municipalities"},
		{"/charts/net-migration-rate.svg?municipality=3425&lang=se", 422, "lang=se"},
		{"/charts/net-migration-rate.svg?municipality=3425&size=huge", 422, "size=huge"},
		{"/charts/attainment/net-migration-rate.svg?agreement=no-such", 404, "no-such"},
		{"/charts/attainment/net-migration-rate.svg?measure=rank", 422, "measure=rank"},
		{"/charts/attainment/birth-rate.svg", 404, "birth-rate"},
		{"/charts/effects/net-migration-rate/league.svg", 404, "path, gaps, ratios, specification, power, balance"},
		{"/charts/effects/net-migration-rate/path.svg?municipality=3427", 404, "3427 er ikke med"},
		{"/charts/effects/net-migration-rate/path.svg?municipality=9999", 404, "9999"},
		{"/charts/effects/net-migration-rate/path.svg?method=magic", 404, "net-migration-rate"},
		{"/charts/effects/birth-rate/path.svg", 404, "birth-rate"},
		{"/charts/effects/no-such/path.svg", 404, "no-such"},
	} {
		w := get(t, rel, c.path)
		var p struct {
			Type, Title, Detail, Instance string
			Status                        int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s: %v in %.200s", c.path, err, w.Body)
			continue
		}
		if w.Code != c.status || p.Status != c.status || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(p.Detail, c.want) || p.Title == "" {
			t.Errorf("%s: %d %+v, want %d with %q", c.path, w.Code, p, c.status, c.want)
		}
	}
	if w := get(t, rel, "/charts/no-such.svg?lang=nn"); !strings.Contains(w.Body.String(), "Det finst ingen") {
		t.Errorf("not in nynorsk: %s", w.Body)
	}
}

// TestLanguage: a picture speaks the language of the page it stands on.
func TestLanguage(t *testing.T) {
	for _, c := range []struct{ header, query, want string }{
		{"", "", "nb"}, {"nn,nb;q=0.9", "", "nn"}, {"en-GB,en;q=0.9", "", "nb"}, {"en", "&lang=nn", "nn"}, {"nb", "&lang=en", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, routes[0]+c.query, nil)
		r.Header.Set("Accept-Language", c.header)
		w := httptest.NewRecorder()
		router(release(data.Recorded)).ServeHTTP(w, r)
		if got := w.Header().Get("Content-Language"); w.Code != http.StatusOK || got != c.want {
			t.Errorf("%q%s: %d in %s, want %s", c.header, c.query, w.Code, got, c.want)
		}
	}
}

// TestOtherReleases: a release with next to nothing in it, and the one other
// packages test with, are drawn or refused by name.
func TestOtherReleases(t *testing.T) {
	bare := &served.Release{Info: cube.Info{ID: "bare", Kind: data.Live}, Cube: cube.New(cube.Content{}), Catalogue: catalogue.Default(), Regions: regions.Default()}
	for _, rel := range []*served.Release{bare, servedtest.Release("r1", data.Live)} {
		for _, route := range append(routes, "/charts/population.svg?municipality="+all, "/charts/population.svg?municipality=3425,0301") {
			w := get(t, rel, route)
			if w.Code != http.StatusOK && w.Code != http.StatusNotFound || w.Code == http.StatusOK && rel == bare && !strings.Contains(route, "balance") {
				t.Errorf("%s of %s: %d %s", route, rel.Info.ID, w.Code, w.Body)
			}
			if w.Code == http.StatusOK {
				texts(t, w.Body.Bytes())
			}
		}
	}
}

// FuzzRequest asks for anything: the answer is a picture that is XML, or a problem.
func FuzzRequest(f *testing.F) {
	rel := release(data.Recorded)
	for _, route := range routes {
		u, err := url.Parse(route)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(u.Path, u.RawQuery)
	}
	f.Add("/charts/.svg", "municipality=,,,&from=&to=&window=")
	f.Add("/charts/effects//.svg", "municipality=%00&agreement=innlandet")
	f.Fuzz(func(t *testing.T, path, query string) {
		if !strings.HasPrefix(path, "/charts/") || strings.HasSuffix(path, ".png") || strings.HasSuffix(path, ".pdf") {
			t.Skip()
		}
		// A client may write what no URL should hold; net/http lets much of it by.
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: path, RawQuery: query}
		w := httptest.NewRecorder()
		router(rel).ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			texts(t, w.Body.Bytes())
		case http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		default:
			t.Fatalf("%s?%s: %d %s", path, query, w.Code, w.Body)
		}
	})
}

// BenchmarkRoutes draws from a release over HTTP, without the server's cache.
func BenchmarkRoutes(b *testing.B) {
	rel := release(data.Recorded)
	for _, route := range []string{routes[0], routes[1], routes[4], routes[8], strings.Replace(routes[0], ".svg", ".png", 1), strings.Replace(routes[0], ".svg", ".pdf", 1)} {
		b.Run(strings.TrimPrefix(route, "/charts/"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if w := get(b, rel, route); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
