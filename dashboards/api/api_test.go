package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/dashboards/served/servedtest"
	"github.com/bygdevekst/bygdevekst/data"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func engine(t testing.TB, release *served.Release) (*gin.Engine, *API) {
	t.Helper()
	gin.SetMode(gin.TestMode)
	r := gin.New()
	a, err := register(r, func() *served.Release { return release }, Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return r, a
}

func get(t testing.TB, h http.Handler, url string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func decode[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	dec := json.NewDecoder(w.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("status %d: %v", w.Code, err)
	}
	return v
}

// TestDescription compares the description with the golden file: a change of the
// interface is seen in review.
func TestDescription(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	got := get(t, r, "/openapi.json").Body.Bytes()
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the description has changed; look at it, then run go test -update (-golden +got):\n%s", cmp.Diff(string(want), string(got)))
	}
	if w := get(t, r, "/openapi.yaml"); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "components:") && !strings.Contains(w.Body.String(), "openapi: 3.1.0") {
		t.Errorf("openapi.yaml: %d %.80s", w.Code, w.Body)
	}
}

// TestEveryRouteIsDescribed holds the routes against the description, both ways.
func TestEveryRouteIsDescribed(t *testing.T) {
	r, a := engine(t, servedtest.Release("r1", data.Recorded))
	undescribed := map[string]bool{DocsPath: true, DocsPath + "/docs.css": true}
	parameter := regexp.MustCompile(`:(\w+)`)
	n := 0
	for _, route := range r.Routes() {
		if !strings.HasPrefix(route.Path, DocsPath) || undescribed[route.Path] {
			continue
		}
		n++
		path := parameter.ReplaceAllString(route.Path, "{$1}")
		item := a.huma.OpenAPI().Paths[path]
		if item == nil || find(a.huma.OpenAPI(), path, route.Method) == nil {
			t.Errorf("%s %s is not in the description", route.Method, route.Path)
		}
	}
	if described := len(a.huma.OpenAPI().Paths); n != described {
		t.Errorf("%d routes, %d described", n, described)
	}
}

// TestEveryTextInEveryLanguage finds a text that was forgotten.
func TestEveryTextInEveryLanguage(t *testing.T) {
	whole := func(name string, x text) {
		if x.NB == "" || x.NN == "" || x.EN == "" {
			t.Errorf("%s lacks a language: %+v", name, x)
		}
	}
	r, a := engine(t, servedtest.Release("r1", data.Recorded))
	for _, d := range a.texts {
		id := d.op.OperationID
		whole(id, d.text.summary)
		whole(id, d.text.detail)
		if examples[id] == "" && d.op.Method == http.MethodGet && id != "release" {
			t.Errorf("%s has no example", id)
		}
	}
	if len(a.texts) != len(operations) {
		t.Errorf("%d operations, %d texts", len(a.texts), len(operations))
	}
	for name, w := range words {
		whole(name, w)
	}
	for status, k := range kinds {
		whole(http.StatusText(status), k.title)
	}
	for _, f := range findings {
		whole(f.english, f.text)
	}
	for id, url := range examples {
		if w := get(t, r, url); w.Code != http.StatusOK {
			t.Errorf("example of %s: %s answers %d", id, url, w.Code)
		}
	}
}

// TestValuesExactly holds the shape others rely on, key by key.
func TestValuesExactly(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	w := get(t, r, "/api/v1/values?indicator=population&municipality=3425&from=2026&to=2026")
	want := `{"release":"r1","indicator":"population","unit":"personer","observations":[{"municipality":"3425","period":"2026","numerator":1287,"denominator":null,"value":1287,"lower":null,"upper":null,"status":""}]}`
	if got := strings.TrimSpace(w.Body.String()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, want := range map[string]string{"Bygdevekst-Release": "r1", "Bygdevekst-Kind": "recorded", "Content-Type": "application/json", "Content-Language": "nb"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	for _, tt := range []struct {
		query string
		want  []string // municipality/period/value/status
	}{
		{"indicator=net-migration-rate&municipality=3425", []string{"3425/2022/0/", "3425/2023/-4.25/few", "3425/2024/null/:", "3425/2025/null/.."}},
		{"indicator=net-migration-rate&municipality=3425&window=3", []string{"3425/2024/null/:", "3425/2025/1.5/"}},
		{"indicator=net-migration-rate&municipality=3421,%203425&from=2023&to=2023", []string{"3421/2023/-4.25/few", "3425/2023/-4.25/few"}},
		{"indicator=net-migration-rate&municipality=innlandet&to=2022", []string{"innlandet/2022/0/"}},
		{"indicator=population&from=2026&municipality=3425,3425", []string{"3425/2026/1287/"}},
	} {
		v := decode[Values](t, get(t, r, "/api/v1/values?"+tt.query))
		var got []string
		for _, o := range v.Observations {
			n, err := json.Marshal(o.Value)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, o.Municipality+"/"+o.Period+"/"+string(n)+"/"+string(o.Status))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, d)
		}
	}
	all := decode[Values](t, get(t, r, "/api/v1/values?indicator=population&from=2026"))
	if len(all.Observations) != 7 { // Four of the agreement and three peers.
		t.Errorf("without municipality: %d observations", len(all.Observations))
	}
}

// TestProblems asks wrongly in every way and wants to be told what was wrong.
func TestProblems(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	for _, tt := range []struct {
		url    string
		status int
		say    string
	}{
		{"/values?indicator=happiness", 404, `"happiness"`},
		{"/values?indicator=population&municipality=9876", 404, `"9876"`},
		{"/values?indicator=population&municipality=0426", 404, "Bruk 3419"},
		{"/values?indicator=population&municipality=Engerdal", 404, `"Engerdal"`},
		{"/values?indicator=population&municipality=0301", 404, "0301"},
		{"/values?indicator=population&municipality=3425,0301", 404, "0301"},
		{"/values?indicator=neet-share", 404, "tabell"},
		{"/values?indicator=population&from=2100", 404, "2015–2026"},
		{"/values", 422, "indicator"},
		{"/values?indicator=population&from=abc", 422, "from: må være et helt tall"},
		{"/values?indicator=population&from=1", 422, "minst 1800"},
		{"/values?indicator=population&from=2020&to=2010", 422, "2020"},
		{"/values?indicator=population&window=2", 422, "window"},
		{"/values?indicator=population&format=xml", 422, "format"},
		{"/values?indicator=population&municipalty=3425", 422, "municipalty"},
		{"/values?indicator=population&lang=de", 422, "lang"},
		{"/values?indicator=" + strings.Repeat("x", 200), 422, "100"},
		{"/indicators/happiness", 404, `"happiness"`},
		{"/agreements/atlantis", 404, `"atlantis"`},
		{"/municipalities/9876", 404, `"9876"`},
		{"/municipalities?search=qqq", 404, `"qqq"`},
		{"/municipalities?agreement=atlantis", 404, `"atlantis"`},
		{"/releases/r0", 404, `"r0"`},
		{"/comparison-groups", 422, "municipality"},
		{"/comparison-groups?municipality=0301", 404, "0301"},
		{"/attainment", 422, "agreement, municipality"},
		{"/attainment?agreement=atlantis", 404, `"atlantis"`},
		{"/attainment?agreement=innlandet&municipality=0301", 404, "3425, 3421, 3419, 3422"},
		{"/attainment?municipality=0301", 404, "0301"},
		{"/attainment?municipality=pooled", 422, "agreement"},
		{"/attainment?agreement=nord-troms", 404, "nord-troms"},
		{"/effects?indicator=happiness", 404, `"happiness"`},
		{"/effects?indicator=population", 404, "r1"},
		{"/effects?municipality=9876", 404, `"9876"`},
		{"/effects?include=everything", 422, "include"},
		{"/designs?agreement=atlantis", 404, `"atlantis"`},
		{"/power?agreement=nord-troms", 404, "r1"},
	} {
		w := get(t, r, Base+tt.url)
		if w.Code != tt.status || w.Header().Get("Content-Type") != problemType {
			t.Errorf("%s: %d %s, want %d", tt.url, w.Code, w.Header().Get("Content-Type"), tt.status)
			continue
		}
		p := decode[Problem](t, w)
		if p.Status != tt.status || p.Title == "" || !strings.HasPrefix(p.Type, "/api#") || !strings.Contains(p.Detail, tt.say) {
			t.Errorf("%s: %+v does not say %q", tt.url, p, tt.say)
		}
		path, _, _ := strings.Cut(Base+tt.url, "?")
		if h := w.Header(); p.Instance != path || h.Get("Content-Language") != "nb" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: instance %q, %v", tt.url, p.Instance, h)
		}
	}
}

func TestLanguages(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	for _, tt := range []struct{ url, accept, want string }{
		{"/values?indicator=population&municipality=3425", "", `"unit":"personer"`},
		{"/values?indicator=population&municipality=3425", "nn-NO,nb;q=0.5", `"unit":"personar"`},
		{"/values?indicator=population&municipality=3425&lang=en", "nn", `"unit":"persons"`},
		{"/values?indicator=x&lang=en", "", "There is no indicator"},
		{"/values?indicator=x", "nn", "finst ikkje"},
		{"/values?indicator=population&from=x&lang=en", "", "must be an integer"},
		{"/values?indicator=population&from=x", "en-GB", "must be an integer"},
	} {
		if w := get(t, r, Base+tt.url, "Accept-Language", tt.accept); !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s with %q: %s does not say %s", tt.url, tt.accept, w.Body, tt.want)
		}
	}
}

// TestSimulatedTables credits no one with figures that are nobody's.
func TestSimulatedTables(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Simulated))
	for lang, want := range map[string]string{"nb": "SIMULERTE TALL – ikke SSB", "nn": "SIMULERTE TAL – ikkje SSB", "en": "SIMULATED FIGURES – not SSB"} {
		for _, x := range decode[Tables](t, get(t, r, Base+"/tables?lang="+lang)).Tables {
			if (x.Rows > 0) != (x.Publisher == want) {
				t.Errorf("%s, %s: %d figures by %q", x.ID, lang, x.Rows, x.Publisher)
			}
		}
	}
}

// TestSimulated looks for the words in every answer of a simulated release.
func TestSimulated(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Simulated))
	for id, url := range examples {
		w := get(t, r, url)
		if !strings.Contains(w.Body.String(), "SIMULERTE TALL – ikke SSB") || w.Header().Get("Bygdevekst-Kind") != "simulated" {
			t.Errorf("%s does not say that it is simulated", id)
		}
	}
	csv := get(t, r, Base+"/values?indicator=population&format=csv")
	if !strings.Contains(csv.Body.String(), ",simulated,") || !strings.Contains(csv.Header().Get("Content-Disposition"), "SIMULERT") {
		t.Errorf("csv: %s %.200s", csv.Header().Get("Content-Disposition"), csv.Body)
	}
	stat := get(t, r, Base+"/values?indicator=population&format=json-stat")
	if !strings.Contains(stat.Body.String(), "SIMULERTE TALL") {
		t.Error("json-stat does not say that it is simulated")
	}
}

func TestCSV(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	const url = Base + "/values?indicator=net-migration-rate&municipality=3425&from=2023&to=2024&format=csv"
	for _, tt := range []struct{ dialect, want string }{
		{
			"rfc4180",
			"release,kind,indicator,municipality,period,numerator,denominator,value,lower,upper,status,unit\r\n" +
				"r1,recorded,net-migration-rate,3425,2023,-4.25,1000,-4.25,-14.25,5.75,few,per 1 000 innbyggere\r\n" +
				"r1,recorded,net-migration-rate,3425,2024,,,,,,:,per 1 000 innbyggere\r\n",
		},
		{
			"no",
			"\uFEFFrelease;kind;indicator;municipality;period;numerator;denominator;value;lower;upper;status;unit\r\n" +
				"r1;recorded;net-migration-rate;3425;2023;-4,25;1000;-4,25;-14,25;5,75;few;per 1 000 innbyggere\r\n" +
				"r1;recorded;net-migration-rate;3425;2024;;;;;;:;per 1 000 innbyggere\r\n",
		},
	} {
		w := get(t, r, url+"&dialect="+tt.dialect)
		if d := cmp.Diff(tt.want, strings.ReplaceAll(w.Body.String(), "\u00a0", " ")); d != "" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
			t.Errorf("%s (-want +got):\n%s", tt.dialect, d)
		}
	}
}

func TestJSONStat(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	d := decode[dataset](t, get(t, r, Base+"/values?indicator=net-migration-rate&municipality=3425,3421&format=json-stat"))
	n := 1
	for i, id := range d.ID {
		if got := len(d.Dimension[id].Category.Index); got != d.Size[i] {
			t.Errorf("%s has %d categories, size says %d", id, got, d.Size[i])
		}
		n *= d.Size[i]
	}
	if len(d.Value) != n || n != 2*4*5 {
		t.Errorf("%d values in %v", len(d.Value), d.Size)
	}
	// Municipality 3425, period 2024, all five measures: suppressed.
	for i := 10; i < 15; i++ {
		if d.Status[string(rune('0'+i/10))+string(rune('0'+i%10))] != ":" {
			t.Errorf("cell %d has status %q", i, d.Status["1"])
		}
	}
	if _, ok := d.Status["0"]; ok {
		t.Error("a figure has a status")
	}
}

func TestEffects(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	all := decode[Effects](t, get(t, r, Base+"/effects?agreement=innlandet&indicator=net-migration-rate"))
	if len(all.Effects) != 10 { // Four and the pooled, by two methods.
		t.Errorf("%d effects", len(all.Effects))
	}
	pool := decode[Effects](t, get(t, r, Base+"/effects?agreement=innlandet&municipality=pooled&include=path"))
	if len(pool.Effects) != 2 || pool.Effects[0].Municipality != "pooled" {
		t.Fatalf("pooled: %+v", pool.Effects)
	}
	sdid := pool.Effects[1]
	if !sdid.Primary || len(sdid.Path) != 1 || sdid.Path[0].Gap != 2 || len(sdid.Flags) != 2 || sdid.SmallestP != .025 {
		t.Errorf("sdid: %+v", sdid)
	}
	if len(pool.Effects[0].Path) != 0 {
		t.Error("did has the path of sdid")
	}
	one := decode[Effects](t, get(t, r, Base+"/effects?municipality=3425&include=weights,placebos,shares"))
	if e := one.Effects[1]; len(e.Weights) != 1 || len(e.Placebos) != 1 || len(e.Shares) != 1 || len(e.Path) != 0 {
		t.Errorf("included: %+v", e)
	}
	power := decode[Curves](t, get(t, r, Base+"/power?agreement=innlandet&municipality=3425"))
	if len(power.Power) != 1 || len(power.Power[0].Points) != 2 || power.Power[0].MDE != 14 {
		t.Errorf("power: %+v", power.Power)
	}
}

func TestTables(t *testing.T) {
	rel := servedtest.Release("r1", data.Recorded)
	r, _ := engine(t, rel)
	list := decode[Tables](t, get(t, r, Base+"/tables")).Tables
	if len(list) != len(rel.Catalogue.Tables) {
		t.Errorf("%d tables of %d plans", len(list), len(rel.Catalogue.Tables))
	}
	for _, x := range list {
		if x.ID == "06913" {
			if x.Kind != data.Recorded || x.Rows != 84 || x.Updated == nil || *x.Retrieved != "2026-11-20T12:00:00Z" { // 7 places, 12 years.
				t.Errorf("06913: %+v", x)
			}
		} else if x.Kind != data.None || x.Rows != 0 || x.Updated != nil {
			t.Errorf("%s: %+v", x.ID, x)
		}
	}
}

func TestAgreement(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	a := decode[OneAgreement](t, get(t, r, Base+"/agreements/innlandet")).Agreement
	if len(a.Municipalities) != 4 || len(a.Goals) != 4 || len(a.Obligations) == 0 || len(a.Plans) != 1 || len(a.OtherEffort) == 0 || a.Ends != "2028-12-30" {
		t.Errorf("innlandet: %d municipalities, %d goals, %d obligations, %d plans, ends %s", len(a.Municipalities), len(a.Goals), len(a.Obligations), len(a.Plans), a.Ends)
	}
	if n := len(decode[Agreements](t, get(t, r, Base+"/agreements")).Agreements); n != 10 {
		t.Errorf("%d agreements", n)
	}
	if n := len(decode[Municipalities](t, get(t, r, Base+"/municipalities")).Municipalities); n != 357 {
		t.Errorf("%d municipalities", n)
	}
	two := decode[Municipalities](t, get(t, r, Base+"/municipalities?search=V%C3%A5ler")).Municipalities
	if len(two) != 2 { // 3114 in Østfold and 3419 in Innlandet.
		t.Errorf("Våler: %+v", two)
	}
	m := decode[OneMunicipality](t, get(t, r, Base+"/municipalities/3419")).Municipality
	if m.Agreement != "innlandet" || len(m.Earlier) == 0 || m.Earlier[0].Code != "0426" || len(m.Indicators) != 2 {
		t.Errorf("3419: %+v", m)
	}
}

func TestIndicatorWithoutFigures(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	i := decode[OneIndicator](t, get(t, r, Base+"/indicators/neet-share")).Indicator
	if i.Figures || !strings.HasPrefix(i.Reason, "Ingen tall i denne utgaven") || i.Definition == "" {
		t.Errorf("neet-share: %+v", i)
	}
}

func TestDocumentation(t *testing.T) {
	r, a := engine(t, servedtest.Release("r1", data.Recorded))
	for lang, say := range map[string]string{"nb": "Når noe er galt", "nn": "Når noko er gale", "en": "When something is wrong"} {
		page := get(t, r, "/api?lang="+lang).Body.String()
		if !strings.Contains(page, say) || strings.Contains(page, "style=") || strings.Contains(page, "<script") || strings.Contains(page, "https://") {
			t.Errorf("documentation in %s is not right", lang)
		}
		for _, d := range a.texts {
			if !strings.Contains(page, `id="`+d.op.OperationID+`"`) {
				t.Errorf("%s is not documented in %s", d.op.OperationID, lang)
			}
		}
	}
}
