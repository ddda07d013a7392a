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
	"github.com/bygdevekst/bygdevekst/data"
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
	r := httptest.NewRequest(http.MethodGet, url, nil)
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
}

// FuzzQuestions asks anything of every operation: no 5xx, no status that is not
// in the description, no list that is empty with 200.
func FuzzQuestions(f *testing.F) {
	_, h := serving(f, Options{RatePerSecond: -1}, data.Recorded)
	paths := []string{
		"agreements", "agreements/innlandet", "indicators", "indicators/population", "municipalities", "municipalities/3425",
		"values", "comparison-groups", "attainment", "releases", "releases/r1", "tables", "effects", "designs", "power",
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
