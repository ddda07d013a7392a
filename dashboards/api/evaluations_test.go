package api

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/dashboards/served/servedtest"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// planted is a release where employment in 3421 is ten above its common path
// from 2025, and each municipality moves in its own regular way besides.
func planted() *served.Release {
	r := servedtest.Release("r1", data.Recorded)
	c := r.Cube.Content
	for i, m := range r.Regions.All()[:40] {
		c.Values = append(c.Values, employed(m.Code, i, 0)...)
	}
	c.Values = append(c.Values, employed("3421", 7, 10)...)
	// One that is in the panel and is kept out, and one that is not in it.
	c.Exclusions = append(c.Exclusions, cube.Exclusion{Region: "3421", Peer: "0301", Reason: "gap"}, cube.Exclusion{Region: "3421", Peer: "5601", Reason: "gap"})
	r.Cube = cube.New(c)
	return r
}

func employed(code string, i int, effect float64) []cube.Value {
	var out []cube.Value
	for y := 2008; y <= 2025; y++ {
		v := 500 + float64(10*i) + float64(y-2008) + math.Sin(float64(y*(i%5+1)))
		if y == 2025 {
			v += effect
		}
		out = append(out, cube.Value{Indicator: "employed-per-1000", Region: code, Year: int32(y), Window: 1, Value: cube.Float(v), Numerator: cube.Float(v), Denominator: 1000})
	}
	return out
}

func post(h http.Handler, url, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, url, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEvaluate(t *testing.T) {
	r, _ := engine(t, planted())
	for _, method := range []string{"did", "sdid", "sc-demeaned"} {
		w := post(r, Base+"/evaluations", `{"outcome":"employed-per-1000","treated":["3421"],"start":2025,"method":"`+method+`","inference":["placebo-space"]}`)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", method, w.Code, w.Body)
		}
		e := decode[Evaluation](t, w)
		var res struct {
			Estimate struct{ ATT float64 }
			Donors   []string
		}
		if err := json.Unmarshal(e.Result, &res); err != nil {
			t.Fatal(err)
		}
		// The regular movements are at most one either way, before and after.
		if math.Abs(res.Estimate.ATT-10) > 4 || len(res.Donors) != 39 || len(e.Excluded) != 1 {
			t.Errorf("%s: an effect of ten is estimated as %v with %d donors", method, res.Estimate.ATT, len(res.Donors))
		}
		if e.Release != "r1" || e.Indicator != "employed-per-1000" || e.Unit == "" {
			t.Errorf("%s: %+v", method, e.Envelope)
		}
	}
}

func TestEvaluateWrongly(t *testing.T) {
	r, _ := engine(t, planted())
	for _, tt := range []struct {
		body   string
		status int
		say    string
	}{
		{``, 400, ""},
		{`{`, 422, "Spesifikasjonen"},
		{`[]`, 422, "JSON-objekt"},
		{`"x"`, 422, "JSON-objekt"},
		{`null`, 422, "JSON-objekt"},
		{`{"outcome":"employed-per-1000"}`, 422, "method"},
		{`{"unit":"x","outcome":"employed-per-1000"}`, 422, "unit"},
		{`{"outcome":"happiness","treated":["3421"],"start":2025,"method":"did"}`, 404, "happiness"},
		{`{"outcome":"neet-share","treated":["3421"],"start":2025,"method":"did"}`, 404, "neet-share"},
		{`{"outcome":"employed-per-1000","treated":["9876"],"start":2025,"method":"did"}`, 404, "9876"},
		{`{"outcome":"employed-per-1000","treated":["3421"],"start":2025,"method":"magic"}`, 422, "method"},
		{`{"outcome":"employed-per-1000","treated":["3421"],"start":2050,"method":"did"}`, 422, "start"},
		{`{"outcome":"employed-per-1000","treated":["3421"],"start":2025,"method":"did","donors":["3425"]}`, 422, "3425"},
		{`{"outcome":"employed-per-1000","treated":["3421"],"start":2025,"method":"did","replications":100000}`, 422, "replications"},
		{`{"outcome":"` + strings.Repeat("x", maxSpec) + `"}`, 413, "16384 byte"},
	} {
		w := post(r, Base+"/evaluations", tt.body)
		if w.Code != tt.status || w.Header().Get("Content-Type") != problemType || !strings.Contains(w.Body.String(), tt.say) {
			t.Errorf("%.100s: %d %s, want %d and %q", tt.body, w.Code, w.Body, tt.status, tt.say)
		}
	}
}

// TestEvaluateWays names the treated in every way ParseSpec reads them: the rules
// of comparison groups keep the same ones out.
func TestEvaluateWays(t *testing.T) {
	r, _ := engine(t, planted())
	var want string
	for _, treated := range []string{`["3421"]`, `"3421"`, `3421`, `[3421]`} {
		w := post(r, Base+"/evaluations", `{"outcome":"employed-per-1000","treated":`+treated+`,"start":2025,"method":"did"}`)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", treated, w.Code, w.Body)
		}
		e := decode[Evaluation](t, w)
		if len(e.Excluded) != 1 || e.From == 0 {
			t.Errorf("%s: %d kept out, from %d", treated, len(e.Excluded), e.From)
		}
		if want == "" {
			want = string(e.Result)
		} else if string(e.Result) != want {
			t.Errorf("%s: another result", treated)
		}
	}
	for _, treated := range []string{`null`, `[null]`, `true`, `[]`, `[[3421]]`, `{}`, `""`, `[""]`} {
		w := post(r, Base+"/evaluations", `{"outcome":"employed-per-1000","treated":`+treated+`,"start":2025,"method":"did"}`)
		if w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", treated, w.Code, w.Body)
		}
	}
}

// TestEvaluateLongSeries gives the treated and one neighbour figures for years no
// other donor has: the window is the design's unless the request names another.
func TestEvaluateLongSeries(t *testing.T) {
	rel := planted()
	content := rel.Cube.Content
	for _, code := range []string{"3421", "0301"} {
		for y := int32(1980); y < 2008; y++ {
			content.Values = append(content.Values, cube.Value{Indicator: "employed-per-1000", Region: code, Year: y, Window: 1, Value: cube.Float(500 + y%3), Numerator: 500, Denominator: 1000})
		}
	}
	rel.Cube = cube.New(content)
	r, _ := engine(t, rel)
	const question = `{"outcome":"employed-per-1000","treated":["3421"],"start":2025,"method":"did"`
	e := decode[Evaluation](t, post(r, Base+"/evaluations", question+`}`))
	if want := rel.Catalogue.Design("innlandet").Window.From; e.From != want {
		t.Errorf("the years begin in %d, the design's in %d", e.From, want)
	}
	w := post(r, Base+"/evaluations", question+`,"periods":{"from":2012}}`)
	if e := decode[Evaluation](t, w); w.Code != http.StatusOK || e.From != 0 || !strings.Contains(string(e.Result), `"time":2012,`) || strings.Contains(string(e.Result), `"time":2011,`) {
		t.Errorf("from 2012: %d %.300s", w.Code, w.Body)
	}
}

// TestQueue lets one in, keeps eight waiting, and turns the rest away.
func TestQueue(t *testing.T) {
	q := &queue{slots: make(chan struct{}, evaluating)}
	ctx, cancel := context.WithCancel(context.Background())
	started, release := make(chan struct{}), make(chan struct{})
	ends := make(chan error, mostEvaluations)
	go func() { ends <- q.do(ctx, func() error { close(started); <-release; return nil }) }()
	<-started
	for range waitingMost {
		go func() { ends <- q.do(ctx, func() error { return nil }) }()
	}
	for q.in.Load() != mostEvaluations {
		runtime.Gosched()
	}
	if err := q.do(ctx, func() error { return nil }); err != errBusy {
		t.Errorf("one too many: %v", err)
	}
	cancel()
	for range waitingMost {
		if err := <-ends; err != context.Canceled {
			t.Errorf("waiting when the time was up: %v", err)
		}
	}
	close(release)
	if err := <-ends; err != nil {
		t.Error(err)
	}
	if n := q.in.Load(); n != 0 {
		t.Errorf("%d are still in", n)
	}
}
