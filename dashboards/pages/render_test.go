package pages_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/dashboards/pages"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/dashboards/served/servedtest"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// visited is one page as a reader gets it.
type visited struct {
	path, body string
	doc        *html.Node
}

// mostOfAShape is how many pages of one shape, such as /kommuner/3425, are looked
// at: more of the same say no more. It lets every indicator through.
const mostOfAShape = 51

var codeOrID = regexp.MustCompile(`^(/[a-z]+/)[^/?]+|(evaluering/|delmal/)[^/?]+|=[^&]+`)

// crawl follows links from page to page, beginning with the front page and a few
// pages nothing links to. Where links go that are not pages is checked by the
// tests of the whole server.
func crawl(t *testing.T, h http.Handler, lang string) []visited {
	t.Helper()
	with := func(path string) string {
		if lang == "" || strings.Contains(path, "lang=") {
			return path
		}
		if strings.Contains(path, "?") {
			return path + "&lang=" + lang
		}
		return path + "?lang=" + lang
	}
	queue := []string{with("/"), with("/kommuner?q=k%C3%A5fjord"), with("/kommuner?q=xyz"), with("/kommuner/innlandet/sammenligning"), with("/avtaler/innlandet/evaluering/net-migration-rate?municipality=3421")}
	seen, shapes := map[string]bool{}, map[string]int{}
	var out []visited
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		shape := codeOrID.ReplaceAllString(path, "$1$2")
		if shapes[shape]++; shapes[shape] > mostOfAShape {
			continue
		}
		status, body := get(t, h, path)
		if status != http.StatusOK {
			t.Errorf("%s answers %d", path, status)
			continue
		}
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, visited{path, body, doc})
		for _, a := range all(doc, atom.A) {
			link, _, _ := strings.Cut(attr(a, "href"), "#")
			other := strings.Contains(link, "lang=") && lang != "" && !strings.Contains(link, "lang="+lang)
			if isPage(link) && !other && (lang != "" || !strings.Contains(link, "lang=")) {
				queue = append(queue, link)
			}
		}
	}
	if len(out) < 100 {
		t.Errorf("only %d pages were found", len(out))
	}
	return out
}

var crawled = map[string][]visited{}

// evaluatedPages are the pages of the evaluated release, crawled once a language.
func evaluatedPages(t *testing.T, lang string) []visited {
	t.Helper()
	if crawled[lang] == nil {
		crawled[lang] = crawl(t, serve(evaluated(t)), lang)
	}
	return crawled[lang]
}

func isPage(link string) bool {
	path, _, _ := strings.Cut(link, "?")
	if path == "/" {
		return true
	}
	for _, p := range []string{"/avtaler", "/kommuner", "/indikatorer", "/metode", "/data", "/utgaver", "/tilgjengelighet"} {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

func all(n *html.Node, a atom.Atom) []*html.Node {
	var out []*html.Node
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && c.DataAtom == a {
			out = append(out, c)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// prefixes are the first parts of all keys: a text that begins so and goes on
// after a full stop is a key that had no text.
func prefixes() *regexp.Regexp {
	first := map[string]bool{}
	for _, k := range locale.Keys() {
		if head, _, ok := strings.Cut(k, "."); ok {
			first[regexp.QuoteMeta(head)] = true
		}
	}
	var list []string
	for f := range first {
		list = append(list, f)
	}
	slices.Sort(list)
	return regexp.MustCompile(`(?:^|\s)(?:` + strings.Join(list, "|") + `)\.[a-z][a-z.-]*`)
}

// TestPages renders every page in both languages: nothing is left unfilled, every
// page names its release and kind, and its structure is what a screen reader needs.
func TestPages(t *testing.T) {
	keyLike := prefixes()
	for _, lang := range []string{"", "nn"} {
		pages := evaluatedPages(t, lang)
		t.Logf("language %q: %d pages", lang, len(pages))
		for _, p := range pages {
			for _, bad := range []string{"NaN", "Inf", "%!", "<no value>", "ZgotmplZ", "<nil>", "{n}", "{place}"} {
				if strings.Contains(p.body, bad) {
					t.Errorf("%s holds %q", p.path, bad)
				}
			}
			if m := keyLike.FindString(text(p.doc)); m != "" {
				t.Errorf("%s shows the key %q", p.path, m)
			}
			want := lang
			if want == "" {
				want = "nb"
			}
			structure(t, p, want)
		}
	}
}

func structure(t *testing.T, p visited, lang string) {
	t.Helper()
	if got := attr(all(p.doc, atom.Html)[0], "lang"); got != lang {
		t.Errorf("%s is in %q, want %q", p.path, got, lang)
	}
	if n := len(all(p.doc, atom.H1)); n != 1 {
		t.Errorf("%s has %d h1", p.path, n)
	}
	if text(all(p.doc, atom.Title)[0]) == "" {
		t.Errorf("%s has no title", p.path)
	}
	footers := all(p.doc, atom.Footer)
	footer := footers[len(footers)-1]
	if !strings.Contains(text(footer), "2026-11-25-0123456789ab") || !strings.Contains(text(footer), "SSB") {
		t.Errorf("%s does not say which release and kind of figures it shows", p.path)
	}
	ids := map[string]bool{}
	for n := range p.doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s has the id %q twice", p.path, id)
			}
			ids[id] = true
		}
		if attr(n, "style") != "" || n.DataAtom == atom.Script || n.DataAtom == atom.Style {
			t.Errorf("%s has a script or a style of its own, which the content policy refuses", p.path)
		}
	}
	for _, img := range all(p.doc, atom.Img) {
		if attr(img, "alt") == "" {
			t.Errorf("%s has a picture without a text: %s", p.path, attr(img, "src"))
		}
	}
	for _, table := range all(p.doc, atom.Table) {
		if captions := all(table, atom.Caption); len(captions) != 1 || text(captions[0]) == "" {
			t.Errorf("%s has a table without a caption", p.path)
		}
		for _, th := range all(table, atom.Th) {
			if attr(th, "scope") == "" {
				t.Errorf("%s: the heading %q has no scope", p.path, text(th))
			}
		}
	}
	if strings.Contains(p.body, "aria-sort") || strings.Contains(p.body, "sort=") {
		t.Errorf("%s offers to sort", p.path)
	}
	if strings.Contains(p.path, "/sammenligning") && !strings.Contains(p.body, locale.Text(locale.Lang(lang), "comparison.not-merit")) {
		t.Errorf("%s does not say what its order is", p.path)
	}
	headings(t, p)
	for _, a := range all(p.doc, atom.A) {
		link := attr(a, "href")
		if id, ok := strings.CutPrefix(link, "#"); ok && !ids[id] {
			t.Errorf("%s links to %s, which is not there", p.path, link)
		}
		// A picture's text stands for that of its link.
		if text(a) == "" && len(all(a, atom.Img)) == 0 {
			t.Errorf("%s has an empty link to %s", p.path, link)
		}
	}
}

// headings go down one level at a time.
func headings(t *testing.T, p visited) {
	t.Helper()
	level := 0
	for n := range p.doc.Descendants() {
		if n.Type != html.ElementNode || len(n.Data) != 2 || n.Data[0] != 'h' || n.Data[1] < '1' || n.Data[1] > '6' {
			continue
		}
		next := int(n.Data[1] - '0')
		if next > level+1 {
			t.Errorf("%s goes from h%d to h%d at %q", p.path, level, next, text(n))
		}
		level = next
	}
}

// TestFigures: every number marked up on a page is one the release holds, or that
// number in per cent, and what is read is that number rounded. Numbers outside
// data elements are years, counts of rows and texts.
func TestFigures(t *testing.T) {
	r := evaluated(t)
	held := numbers(r.Cube.Content)
	n := 0
	for _, p := range evaluatedPages(t, "") {
		for _, d := range all(p.doc, atom.Data) {
			n++
			raw, shown := attr(d, "value"), text(d)
			v, err := strconv.ParseFloat(raw, 64)
			if err != nil || !held[raw] {
				t.Errorf("%s shows %q for %q, which the release does not hold", p.path, shown, raw)
				continue
			}
			plain := strings.TrimPrefix(shown, "+")
			got, err := locale.ParseNumber(plain)
			_, decimals, _ := strings.Cut(plain, ",")
			if err != nil || got != locale.Round(v, len(decimals)) || strings.HasPrefix(shown, "+") != (got > 0 && plain != shown) {
				t.Errorf("%s shows %q for %s", p.path, shown, raw)
			}
		}
	}
	if n < 10000 {
		t.Errorf("only %d numbers were met", n)
	}
	t.Logf("%d numbers", n)
}

// numbers are all floats of a content, as they are and times 100.
func numbers(c cube.Content) map[string]bool {
	out := map[string]bool{}
	v := reflect.ValueOf(c)
	float := reflect.TypeFor[cube.Float]()
	for i := range v.NumField() {
		rows := v.Field(i)
		for j := range rows.Len() {
			row := rows.Index(j)
			for k := range row.NumField() {
				if row.Field(k).Type() == float {
					f := row.Field(k).Interface().(cube.Float)
					out[f.String()], out[(f*100).String()] = true, true
				}
			}
		}
	}
	delete(out, "")
	return out
}

// TestTemplateKeys: every key a template asks for by name is there.
func TestTemplateKeys(t *testing.T) {
	direct := regexp.MustCompile(`\bt "([^"]+)"`)
	counted := regexp.MustCompile(`\bcount "([^"]+)"`)
	err := fs.WalkDir(os.DirFS("templates"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile("templates/" + name)
		if err != nil {
			return err
		}
		var keys []string
		for _, m := range direct.FindAllStringSubmatch(string(raw), -1) {
			keys = append(keys, m[1])
		}
		for _, m := range counted.FindAllStringSubmatch(string(raw), -1) {
			keys = append(keys, m[1]+".one", m[1]+".other")
		}
		for _, k := range keys {
			if !locale.Has(locale.NB, k) || !locale.Has(locale.NN, k) {
				t.Errorf("%s asks for %q", name, k)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestZeroAndMissing: a zero is 0, a missing figure is its symbol with a legend,
// and a value on very few cases is marked.
func TestZeroAndMissing(t *testing.T) {
	r := *recordedFigures(t)
	c := r.Cube.Content
	null := cube.Null
	row := func(year int32, value cube.Float, status data.Status) cube.Value {
		return cube.Value{Indicator: "birth-rate", Region: "3425", Year: year, Window: 1, Numerator: value, Denominator: value, Value: value, Lower: null, Upper: null, Status: status, Method: "none", Detectable: null}
	}
	c.Values = append(slices.Clone(c.Values), row(2020, 0, data.OK), row(2021, null, data.Suppressed), row(2022, null, data.NotAvailable), row(2023, null, data.NotApplicable), row(2024, 1.25, data.TooFew))
	r.Cube = cube.New(c)
	_, body := get(t, serve(&r), "/indikatorer/birth-rate?municipality=3425")
	for _, want := range []string{
		`<data value="0">0,0</data>`, `<data value="1.25">1,3</data> <span class="few">*</span>`,
		`<span aria-hidden="true">:</span><span class="ds-sr-only">vises ikke av hensyn til personvern</span>`,
		`<span aria-hidden="true">..</span>`, `<span aria-hidden="true">.</span>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// TestEmpty: a simulated release without a single figure has every page, each
// says that its figures are simulated, and those about figures that there are none.
func TestEmpty(t *testing.T) {
	r := &served.Release{Info: info(data.Simulated), Cube: cube.New(cube.Content{}), Catalogue: catalogue.Default(), Regions: regions.Default()}
	pages := crawl(t, serve(r), "nn")
	said := 0
	for _, p := range pages {
		if strings.Contains(strings.ToLower(p.body), "ingen tal i denne utgåva") {
			said++
		}
		if !strings.Contains(text(all(p.doc, atom.Title)[0]), "SIMULERTE TAL – ikkje SSB") || !strings.Contains(p.body, `<p class="simulated"><strong>SIMULERTE TAL – ikkje SSB</strong>`) {
			t.Errorf("%s does not say that its figures are simulated", p.path)
		}
	}
	if said < 50 {
		t.Errorf("only %d of %d pages say that there are no figures", said, len(pages))
	}
}

// TestAccessibility says whom to tell, or that whoever runs the service has not said.
func TestAccessibility(t *testing.T) {
	for contact, want := range map[string]string{
		"":                        "har ikke oppgitt",
		"post@example.org":        `<a href="mailto:post@example.org">post@example.org</a>`,
		"https://example.org/si":  `<a href="https://example.org/si">`,
		"javascript://alert(1)//": `<a href="#ZgotmplZ">`, // html/template lets no script through.
	} {
		router := gin.New()
		pages.Register(router, func() *served.Release { return recordedFigures(t) }, pages.Options{Contact: contact})
		if status, body := get(t, router, "/tilgjengelighet"); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%q: %d, without %q", contact, status, want)
		}
	}
}

// TestNynorsk: what the service itself says of an effort nobody has verified, and of
// figures that are simulated, is said in the reader's written form.
func TestNynorsk(t *testing.T) {
	h := serve(servedtest.Release("r1", data.Simulated))
	_, body := get(t, h, "/avtaler/innlandet?lang=nn")
	for _, want := range []string{"ansvarleg ikkje kjend", "Simulerte tal – ikkje SSB"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, bad := range []string{"Ikke bekreftet", "Statistisk sentralbyrå, tabell <a"} {
		if _, after, found := strings.Cut(body, bad); found {
			t.Errorf("the page says %q %.80s", bad, after)
		}
	}
}

func TestLanguage(t *testing.T) {
	h := serve(recordedFigures(t))
	for _, tt := range []struct{ path, accept, want string }{
		{"/", "", "nb"},
		{"/", "nn-NO,nn;q=0.9,en;q=0.5", "nn"},
		{"/", "en", "nb"},
		{"/?lang=nn", "nb", "nn"},
		{"/?lang=xx", "nn", "nn"},
		// The agreement's own language, bokmål, outweighs the reader's.
		{"/avtaler/innlandet", "nn", "nb"},
		{"/avtaler/innlandet?lang=nn", "", "nn"},
	} {
		req := httptest.NewRequest(http.MethodGet, tt.path, nil)
		req.Header.Set("Accept-Language", tt.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if got := w.Header().Get("Content-Language"); got != tt.want || !strings.Contains(w.Body.String(), `<html lang="`+tt.want+`"`) {
			t.Errorf("%s for %q is in %q, want %q", tt.path, tt.accept, got, tt.want)
		}
	}
	_, body := get(t, h, "/kommuner/3425?lang=nn")
	if !strings.Contains(body, `href="/metode?lang=nn#intervall"`) || !strings.Contains(body, `href="/kommuner/3425/sammenligning?lang=nn"`) {
		t.Error("links do not keep the language asked for")
	}
}

func TestFailures(t *testing.T) {
	h := serve(recordedFigures(t))
	for _, tt := range []struct {
		path   string
		status int
		want   string
	}{
		{"/avtaler/atlantis", 404, "Det finnes ingen avtale med navnet «atlantis»."},
		{"/avtaler/innlandet/delmal/9", 404, "har ikke noe delmål «9»"},
		{"/avtaler/innlandet/forpliktelser?part=nisse", 404, "ingen part «nisse»"},
		{"/avtaler/innlandet/evaluering/birth", 404, "ingen indikator med navnet «birth»"},
		{"/avtaler/innlandet/evaluering/birth-rate?municipality=0301", 404, "«0301» er ikke med"},
		{"/kommuner/9998", 404, "Ingen kommune har nummeret «9998»."},
		// Våler's number until 2019.
		{"/kommuner/0426", 404, `<a href="/kommuner/3419">Gå til Våler (Innlandet)</a>`},
		{"/kommuner/9998/sammenligning", 404, "«9998»"},
		{"/indikatorer/gdp", 404, "«gdp»"},
		{"/indikatorer/population?municipality=3425,1", 404, "«1»"},
		{"/indikatorer/population?municipality=" + strings.Join(codes(13), ","), 422, "høyst 12 kommuner"},
		{"/kommuner/%3Cscript%3E", 404, "«&lt;script&gt;»"},
	} {
		status, body := get(t, h, tt.path)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s answers %d; want %d and %q", tt.path, status, tt.status, tt.want)
		}
	}
}

func codes(n int) []string {
	var out []string
	for _, m := range regions.Default().All()[:n] {
		out = append(out, m.Code)
	}
	return out
}

// TestSearch finds a municipality by any of its names, and shows what was typed
// as text.
func TestSearch(t *testing.T) {
	h := serve(recordedFigures(t))
	for query, want := range map[string]string{
		"g%C3%A1ivuotna": "/kommuner/5540", "kaivuono": "/kommuner/5540", "k%C3%A5fjord": "/kommuner/5540", "3419": "/kommuner/3419", "engerd": "/kommuner/3425",
	} {
		_, body := get(t, h, "/kommuner?q="+query)
		if !strings.Contains(body, `href="`+want+`"`) {
			t.Errorf("%s does not find %s", query, want)
		}
	}
	_, body := get(t, h, "/kommuner?q=v%C3%A5ler")
	if !strings.Contains(body, "/kommuner/3419") || !strings.Contains(body, "/kommuner/3114") {
		t.Error("a search for Våler must give both")
	}
	if _, body = get(t, h, "/kommuner?q=%3Cb%3E"); strings.Contains(body, "<b>") {
		t.Error("what is searched for is not escaped")
	}
}

// TestVerdicts: the attainment of a goal is on its page, for each municipality and
// for all together, with what the release says.
func TestVerdicts(t *testing.T) {
	r := recordedFigures(t)
	h := serve(r)
	a := r.Catalogue.Agreement("innlandet")
	for i := range a.Goals {
		_, body := get(t, h, "/avtaler/innlandet/delmal/"+a.Goals[i].ID)
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range all(doc, atom.Strong) {
			if v := attr(s, "data-verdict"); v != "" {
				got = append(got, v)
			}
		}
		var want []string
		for _, gi := range a.Goals[i].Indicators {
			if _, _, ok := r.Cube.Years(gi.Indicator); !ok {
				continue
			}
			for _, region := range append(a.Codes(), a.ID) {
				for _, row := range r.Cube.Attainment(a.ID, "", region) {
					if row.Indicator == gi.Indicator && strings.TrimPrefix(row.Goal, a.ID+"/") == a.Goals[i].ID {
						want = append(want, row.Verdict)
					}
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("goal %s shows %d verdicts %v, the release has %d %v", a.Goals[i].ID, len(got), got, len(want), want)
		}
	}
}

// TestOwnVerdicts: a municipality's page has its verdict on each indicator that
// leads or supports a goal of its agreement, with what is judged beside it.
func TestOwnVerdicts(t *testing.T) {
	r := recordedFigures(t)
	h := serve(r)
	a := r.Catalogue.Agreement("innlandet")
	for _, code := range a.Codes() {
		_, body := get(t, h, "/kommuner/"+code)
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, s := range all(doc, atom.Strong) {
			if v := attr(s, "data-verdict"); v != "" {
				got = append(got, v)
			}
		}
		held := map[string]bool{}
		for _, d := range all(doc, atom.Data) {
			held[attr(d, "value")] = true
		}
		for _, row := range r.Cube.Attainment(a.ID, "", code) {
			if _, _, ok := r.Cube.Years(row.Indicator); !ok || row.Role == string(catalogue.ContextRole) {
				continue
			}
			want = append(want, row.Verdict)
			c := r.Cube.Comparison(row.Indicator, code)
			if row.Method != string(catalogue.JudgeComparison) || c == nil || !c.Lower.OK() {
				continue
			}
			for _, x := range []cube.Float{c.Estimate, c.Lower, c.Upper, row.Detectable} {
				if x.OK() && !held[x.String()] {
					t.Errorf("%s: %s is judged by %s, which is not on the page", code, row.Indicator, x)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s shows %v, the release has %v", code, got, want)
		}
	}
}

// TestBasis: Engerdal's net migration is judged on one year, and the movement is
// smaller than what a place of its size can be counted on to show.
func TestBasis(t *testing.T) {
	_, body := get(t, serve(recordedFigures(t)), "/kommuner/3425?lang=nn")
	for _, want := range []string{"Byggjer på tal frå eitt år (2025).", "truleg overdriven"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestObligations: what the agreement lays on each party is there, whole.
func TestObligations(t *testing.T) {
	r := recordedFigures(t)
	a := r.Catalogue.Agreement("innlandet")
	_, body := get(t, serve(r), "/avtaler/innlandet/forpliktelser")
	for _, o := range a.Obligations {
		if !strings.Contains(body, `id="forpliktelse-`+o.ID+`"`) || !strings.Contains(body, html.EscapeString(o.Text)) {
			t.Errorf("obligation %s is not on the page", o.ID)
		}
	}
	if n := strings.Count(body, `id="forpliktelse-`); n != len(a.Obligations) {
		t.Errorf("%d obligations on the page, %d in the agreement", n, len(a.Obligations))
	}
}
