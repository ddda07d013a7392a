package dashboards

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/bygdevekst/bygdevekst/dashboards/api"
	"github.com/bygdevekst/bygdevekst/dashboards/served/servedtest"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// contract is the description as served, by a reader of its own.
func contract(t testing.TB, h http.Handler) validator.Validator {
	t.Helper()
	doc, err := libopenapi.NewDocument(ask(h, http.MethodGet, "/openapi.json").Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, faults := v.ValidateDocument(); !ok {
		for _, f := range faults {
			t.Errorf("the description is not OpenAPI: %s: %s", f.Message, f.Reason)
		}
	}
	return v
}

func keeps(t testing.TB, v validator.Validator, url string, w *httptest.ResponseRecorder) {
	t.Helper()
	answers(t, v, httptest.NewRequest(http.MethodGet, url, nil), w)
}

func answers(t testing.TB, v validator.Validator, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	url := r.Method + " " + r.URL.String()
	ok, faults := v.ValidateHttpResponse(r, w.Result())
	if ok {
		return
	}
	for _, f := range faults {
		t.Errorf("%s, status %d: %s: %s", url, w.Code, f.Message, f.Reason)
		for _, s := range f.SchemaValidationErrors {
			t.Errorf("  %s: %s", s.FieldPath, s.Reason)
		}
	}
}

// TestAnswersKeepTheDescription validates an answer of every operation, and one
// of every kind of problem, against the description.
func TestAnswersKeepTheDescription(t *testing.T) {
	for _, kind := range []data.Kind{data.Recorded, data.Simulated} {
		_, h := serving(t, Options{}, kind)
		v := contract(t, h)
		for _, url := range questions {
			w := ask(h, http.MethodGet, url)
			keeps(t, v, url, w)
			if w.Code == http.StatusOK && strings.Contains(url, "=none") {
				t.Errorf("%s has an answer", url)
			}
		}
	}
}

// TestEvaluationsKeepTheDescription does the same for the one operation that is
// no reading: an answer, a specification that is wrong, and one that is not JSON.
func TestEvaluationsKeepTheDescription(t *testing.T) {
	rel := servedtest.Release("r1", data.Recorded)
	content := rel.Cube.Content
	for i, m := range rel.Regions.All()[:20] {
		for y := range 18 {
			v := cube.Float(500 + 10*i + y + (i*y)%7)
			content.Values = append(content.Values, cube.Value{Indicator: "employed-per-1000", Region: m.Code, Year: int32(2008 + y), Window: 1, Value: v, Numerator: v, Denominator: 1000})
		}
	}
	rel.Cube = cube.New(content)
	s, h := serving(t, Options{}, data.Recorded)
	s.Swap(rel)
	v := contract(t, h)
	treated := rel.Regions.All()[0].Code
	for body, want := range map[string]int{
		`{"outcome":"employed-per-1000","treated":["` + treated + `"],"start":2025,"method":"sdid","inference":["placebo-space"]}`: 200,
		`{"outcome":"employed-per-1000","treated":["` + treated + `"],"start":2025,"method":"none"}`:                               422,
		`{"outcome":"none","treated":["` + treated + `"],"start":2025,"method":"did"}`:                                             404,
		`{`: 422,
		``:  400,
	} {
		const url = api.Base + "/evaluations"
		ask := func() *http.Request {
			r := httptest.NewRequest(http.MethodPost, url, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			return r
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, ask())
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", body, w.Code, w.Body, want)
		}
		answers(t, v, ask(), w)
		if ok, faults := v.ValidateHttpRequest(ask()); want == 200 && !ok {
			t.Errorf("%s is not a request of the description: %v", body, faults)
		}
	}
}

// questions are at least one of every operation, right and wrong.
var questions = []string{
	"/api/v1/agreements",
	"/api/v1/agreements/innlandet",
	"/api/v1/agreements/solund-fedje?lang=nn",
	"/api/v1/agreements/none",
	"/api/v1/indicators?lang=en",
	"/api/v1/indicators/net-migration-rate",
	"/api/v1/indicators/neet-share",
	"/api/v1/indicators/none",
	"/api/v1/municipalities",
	"/api/v1/municipalities?search=Engerdal",
	"/api/v1/municipalities/3425",
	"/api/v1/municipalities/0426",
	"/api/v1/values?indicator=population",
	"/api/v1/values?indicator=net-migration-rate&municipality=3425,innlandet&window=3&lang=en",
	"/api/v1/values?indicator=population&format=json-stat",
	"/api/v1/values?indicator=population&format=csv&dialect=no",
	"/api/v1/values?indicator=none",
	"/api/v1/values?indicator=population&from=x",
	"/api/v1/values",
	"/api/v1/comparison-groups?municipality=3425,3421",
	"/api/v1/comparison-groups?municipality=0301",
	"/api/v1/attainment?agreement=innlandet",
	"/api/v1/attainment?agreement=innlandet&municipality=3425,pooled",
	"/api/v1/attainment",
	"/api/v1/releases",
	"/api/v1/releases/r1",
	"/api/v1/releases/none",
	"/api/v1/tables",
	"/api/v1/effects?agreement=innlandet&include=path,weights,placebos,shares",
	"/api/v1/effects?municipality=pooled",
	"/api/v1/designs",
	"/api/v1/designs?agreement=nord-troms",
	"/api/v1/power?agreement=innlandet",
	"/api/v1/power?indicator=none",
	"/api/v1/forecasts?agreement=innlandet&lang=en",
	"/api/v1/forecasts?municipality=3425&indicator=net-migration-rate",
	"/api/v1/forecasts?indicator=none",
	"/api/v1/shifts?agreement=innlandet",
	"/api/v1/shifts?municipality=none",
}

// FuzzQuestions asks anything of every operation: no 5xx, no status that is not
// in the description, no list that is empty with 200.
func FuzzQuestions(f *testing.F) {
	_, h := serving(f, Options{RatePerSecond: -1}, data.Recorded)
	paths := []string{
		"agreements", "agreements/innlandet", "indicators", "indicators/population", "municipalities", "municipalities/3425",
		"values", "comparison-groups", "attainment", "releases", "releases/r1", "tables", "effects", "designs", "power", "forecasts", "shifts",
	}
	for i, url := range questions {
		_, query, _ := strings.Cut(url, "?")
		f.Add(uint8(i), query)
	}
	for _, query := range []string{"%", "a=%zz", "indicator=population&indicator=x", "municipality=,,", "municipality=3425&municipality=3421", "from=99999999999999999999", "lang=", ";", "window=-1", "municipality=%00", "agreement=innlandet&goal=/"} {
		f.Add(uint8(6), query)
	}
	allowed := []int{200, 404, 422}
	f.Fuzz(func(t *testing.T, which uint8, query string) {
		path := api.Base + "/" + paths[int(which)%len(paths)]
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		body := w.Body.String()
		if !slices.Contains(allowed, w.Code) || w.Code == http.StatusOK && (strings.Contains(body, "NaN") || strings.HasSuffix(strings.TrimSpace(body), ":[]}")) {
			t.Errorf("%s?%s: %d %.300s", path, query, w.Code, body)
		}
	})
}
