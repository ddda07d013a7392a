package dashboards

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/bygdevekst/bygdevekst/dashboards/served/servedtest"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

const values = "/api/v1/values?indicator=population&municipality=3425,3421"

func serving(t testing.TB, opt Options, kind data.Kind) (*Server, http.Handler) {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	s.Swap(servedtest.Release("r1", kind))
	return s, s.Handler()
}

// ask sends a request with headers given as name, value pairs.
func ask(h http.Handler, method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOptions(t *testing.T) {
	for _, opt := range []Options{{Timeout: -1}, {CacheBytes: -1}} {
		if _, err := New(opt); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("%+v: %v", opt, err)
		}
	}
}

// TestNotReady asks before there is a release.
func TestNotReady(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := s.Handler()
	for url, want := range map[string]int{"/livez": 200, "/readyz": 503, "/metrics": 200, values: 503, "/": 503} {
		w := ask(h, http.MethodGet, url)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", url, w.Code, want)
		}
		if w.Code == 503 && url != "/readyz" && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", url)
		}
	}
	s.Swap(servedtest.Release("r1", data.Recorded))
	if w := ask(h, http.MethodGet, "/readyz"); w.Code != 200 {
		t.Errorf("with a release: %d", w.Code)
	}
}

func TestPreparedBody(t *testing.T) {
	_, h := serving(t, Options{}, data.Recorded)
	first := ask(h, http.MethodGet, values)
	tag := first.Header().Get("Etag")
	if first.Code != 200 || !strings.HasPrefix(tag, `"r1.`) {
		t.Fatalf("%d, tag %s", first.Code, tag)
	}
	zipped := ask(h, http.MethodGet, values, "Accept-Encoding", "br, gzip;q=0.8")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Header().Get("Etag") == tag {
		t.Errorf("gzip: %v", zipped.Header())
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, first.Body.Bytes()) {
		t.Errorf("gzip holds something else: %v", err)
	}
	for _, tt := range []struct {
		name   string
		header []string
		want   int
	}{
		{"the tag", []string{"If-None-Match", tag}, 304},
		{"weak, among others", []string{"If-None-Match", `"x", W/` + tag}, 304},
		{"of the other encoding", []string{"If-None-Match", zipped.Header().Get("Etag")}, 304},
		{"any", []string{"If-None-Match", "*"}, 304},
		{"another", []string{"If-None-Match", `"r0.abc"`}, 200},
		{"no gzip wanted", []string{"Accept-Encoding", "gzip;q=0"}, 200},
		{"no gzip wanted, anything else", []string{"Accept-Encoding", "*, gzip;q=0"}, 200},
	} {
		w := ask(h, http.MethodGet, values, tt.header...)
		if w.Code != tt.want || w.Header().Get("Content-Encoding") != "" || w.Header().Get("Vary") != "Accept-Encoding, Accept-Language" {
			t.Errorf("%s: %d %v", tt.name, w.Code, w.Header())
		}
		if tt.want == 304 && w.Body.Len() > 0 {
			t.Errorf("%s: 304 with a body", tt.name)
		}
	}
}

// TestHead asks over a real connection: the recorder would show a body a client
// never sees.
func TestHead(t *testing.T) {
	_, h := serving(t, Options{}, data.Recorded)
	srv := httptest.NewServer(h)
	defer srv.Close()
	for _, url := range []string{values, "/api", "/openapi.json", "/livez", "/api/v1/values"} {
		get, err := http.Get(srv.URL + url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(get.Body)
		if err != nil {
			t.Fatal(err)
		}
		get.Body.Close()
		r, err := http.NewRequest(http.MethodHead, srv.URL+url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "identity")
		head, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		head.Body.Close()
		if head.StatusCode != get.StatusCode || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") || head.ContentLength != int64(len(body)) {
			t.Errorf("%s: HEAD %d, %d bytes; GET %d, %d bytes", url, head.StatusCode, head.ContentLength, get.StatusCode, len(body))
		}
	}
}

// TestCanonical asks the same in several ways; it is made once.
func TestCanonical(t *testing.T) {
	_, h := serving(t, Options{}, data.Recorded)
	want := ask(h, http.MethodGet, values).Header().Get("Etag")
	for _, url := range []string{
		"/api/v1/values?municipality=3425,3421&indicator=population",
		"/api/v1/values?municipality=3425%2C3421&indicator=population",
		"/api/v1/values?municipality=3425&municipality=3421&indicator=population",
	} {
		if got := ask(h, http.MethodGet, url, "Accept-Language", "nb-NO").Header().Get("Etag"); got != want {
			t.Errorf("%s: tag %s, want %s", url, got, want)
		}
	}
	if text := ask(h, http.MethodGet, "/metrics").Body.String(); !strings.Contains(text, `bygdevekst_prepared_bodies_total{result="miss"} 1`) {
		t.Error("made more than once")
	}
	if got := ask(h, http.MethodGet, values, "Accept-Language", "nn").Header().Get("Etag"); got == want {
		t.Error("nynorsk has the tag of bokmål")
	}
	for _, url := range []string{values + "&indicator=population", values + "&from=%zz", "/?a=1&a=2"} {
		if w := ask(h, http.MethodGet, url); w.Code != 422 {
			t.Errorf("%s: %d", url, w.Code)
		}
	}
}

// TestSwap reads while releases change. Body, header and tag are always of one
// release, and a release that is swapped in is what the next request gets.
func TestSwap(t *testing.T) {
	s, h := serving(t, Options{RatePerSecond: -1}, data.Recorded)
	ctx, stop := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				w := ask(h, http.MethodGet, fmt.Sprintf("/api/v1/values?indicator=population&from=%d", 2015+(i+n)%10))
				var v struct{ Release string }
				if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
					t.Error(err)
					return
				}
				if w.Header().Get("Bygdevekst-Release") != v.Release || !strings.HasPrefix(w.Header().Get("Etag"), `"`+v.Release+".") {
					t.Errorf("body of %s, header %s, tag %s", v.Release, w.Header().Get("Bygdevekst-Release"), w.Header().Get("Etag"))
				}
			}
		})
	}
	for n := range 50 {
		id := fmt.Sprintf("r%d", n+2)
		s.Swap(servedtest.Release(id, data.Recorded))
		if got := ask(h, http.MethodGet, values).Header().Get("Bygdevekst-Release"); got != id {
			t.Errorf("after %s was swapped in: %s", id, got)
		}
	}
	stop()
	readers.Wait()
}

// TestMadeOnce lets many ask for one slow body at once.
func TestMadeOnce(t *testing.T) {
	s, h := serving(t, Options{}, data.Recorded)
	var made atomic.Int32
	s.router.GET("/slow", func(c *gin.Context) {
		made.Add(1)
		time.Sleep(50 * time.Millisecond)
		c.String(200, "x")
	})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if w := ask(h, http.MethodGet, "/slow"); w.Code != 200 || w.Body.String() != "x" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("made %d times", n)
	}
}

func TestTooSlow(t *testing.T) {
	s, h := serving(t, Options{Timeout: 20 * time.Millisecond}, data.Recorded)
	done := make(chan error, 1)
	s.router.GET("/api/stuck", func(c *gin.Context) {
		<-c.Request.Context().Done()
		done <- c.Request.Context().Err()
	})
	if w := ask(h, http.MethodGet, "/api/stuck"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := <-done; err != context.DeadlineExceeded {
		t.Errorf("the handler was told %v", err)
	}
}

func TestFailures(t *testing.T) {
	var log bytes.Buffer
	s, h := serving(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, data.Recorded)
	boom := func(c *gin.Context) {
		c.Header("Content-Type", "text/plain")
		_, _ = c.Writer.WriteString("half a ")
		panic("secret")
	}
	s.router.GET("/api/boom", boom)
	s.router.GET("/boom", boom)
	s.router.POST("/api/boom", func(*gin.Context) { panic("secret") })
	for _, tt := range []struct {
		method, url string
		status      int
		media, say  string
	}{
		{"GET", "/api/boom", 500, "application/problem+json", "Internal error."},
		{"POST", "/api/boom", 500, "application/problem+json", "Internal error."},
		{"GET", "/boom", 500, "text/html; charset=utf-8", "Internal error."},
		{"GET", "/api/v1/nothing", 404, "application/problem+json", "/api/v1/nothing"},
		{"GET", "/ingenting", 404, "text/html; charset=utf-8", "Finnes ikke"},
		{"GET", "/ingenting?lang=nn", 404, "text/html; charset=utf-8", "Finst ikkje"},
		{"DELETE", "/api/v1/tables", 405, "application/problem+json", "/api/v1/tables"},
		{"DELETE", "/kommuner", 405, "text/html; charset=utf-8", "/kommuner"},
		{"GET", "/?a;b", 422, "text/html; charset=utf-8", "Ugyldig parameter"},
		{"GET", "/kommuner?q=" + strings.Repeat("x", maxAddress), 414, "text/html; charset=utf-8", "For lang adresse"},
		{"GET", values + strings.Repeat("&x", maxAddress), 414, "application/problem+json", "For lang adresse"},
	} {
		w := ask(h, tt.method, tt.url)
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.media || !strings.Contains(w.Body.String(), tt.say) {
			t.Errorf("%s %s: %d %s %s", tt.method, tt.url, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "half") {
			t.Errorf("%s %s shows the reader what is ours: %s", tt.method, tt.url, w.Body)
		}
		if allow := w.Header().Get("Allow"); tt.status == 405 && allow != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", tt.method, tt.url, allow)
		}
	}
	if !strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "TestFailures") {
		t.Error("the log has no panic with its stack")
	}
}

// TestFailuresOfSimulated says of a simulated release's failures what every other
// page of it says, and leads on.
func TestFailuresOfSimulated(t *testing.T) {
	s, h := serving(t, Options{}, data.Simulated)
	s.router.GET("/boom", func(*gin.Context) { panic("secret") })
	for url, want := range map[string]int{"/ingenting": 404, "/kommuner/9999": 404, "/?a=%zz": 422, "/boom": 500} {
		for lang, notice := range map[string]string{"nb": "SIMULERTE TALL – ikke SSB", "nn": "SIMULERTE TAL – ikkje SSB"} {
			w := ask(h, http.MethodGet, url, "Accept-Language", lang)
			if w.Code != want || !strings.Contains(w.Body.String(), `class="simulated"`) || !strings.Contains(w.Body.String(), notice) {
				t.Errorf("%s in %s: %d %s", url, lang, w.Code, w.Body)
			}
			if want != 500 && !strings.Contains(w.Body.String(), `href="/avtaler"`) {
				t.Errorf("%s in %s leads nowhere", url, lang)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	_, h := serving(t, Options{}, data.Recorded)
	for _, url := range []string{values, "/api", "/livez", "/ingenting", "/api/v1/values"} {
		w := ask(h, http.MethodGet, url)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "strict-origin-when-cross-origin", "X-Request-Id": "",
		} {
			if got := w.Header().Get(name); got == "" || !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %q", url, name, got)
			}
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s may be framed", url)
		}
	}
}

func TestRequestID(t *testing.T) {
	_, h := serving(t, Options{}, data.Recorded)
	for given, kept := range map[string]bool{"abc-123_X": true, "": false, "a b": false, "<script>": false, strings.Repeat("a", 65): false} {
		got := ask(h, http.MethodGet, "/livez", "X-Request-Id", given).Header().Get("X-Request-Id")
		if (got == given) != kept || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
	a, b := ask(h, http.MethodGet, values), ask(h, http.MethodGet, values)
	if a.Header().Get("X-Request-Id") == b.Header().Get("X-Request-Id") {
		t.Error("a prepared body carries the id of who asked first")
	}
}

func TestRateLimit(t *testing.T) {
	_, h := serving(t, Options{RatePerSecond: 0.1}, data.Recorded) // A burst of two.
	from := func(address, url string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, url, nil)
		r.RemoteAddr = address
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i, tt := range []struct {
		address, url string
		want         int
	}{
		{"192.0.2.1:1", values, 200},
		{"192.0.2.1:2", "/api/v1/tables", 200},
		{"192.0.2.1:3", "/api/v1/designs", 429},
		{"192.0.2.1:3", values, 200}, // Prepared already.
		{"192.0.2.1:3", "/livez", 200},
		{"192.0.2.2:1", "/api/v1/designs", 200}, // Another address.
		{"[2001:db8::1]:1", "/api/v1/agreements", 200},
		{"[2001:db8::2]:1", "/api/v1/indicators", 200},
		{"[2001:db8:0:0:ffff::3]:1", "/api/v1/releases", 429}, // The same subscriber.
		{"[2001:db8:0:1::3]:1", "/api/v1/releases", 200},
	} {
		w := from(tt.address, tt.url)
		if w.Code != tt.want {
			t.Errorf("%d: %s from %s: %d, want %d", i, tt.url, tt.address, w.Code, tt.want)
		}
		if w.Code == 429 && (w.Header().Get("Retry-After") == "" || w.Header().Get("Content-Type") != "application/problem+json") {
			t.Errorf("%d: 429 with %v", i, w.Header())
		}
	}
}

func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(1)
	for i := range maxAddresses + 100 {
		l.allow(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
	}
	if len(l.buckets) != maxAddresses || l.order.Len() != maxAddresses {
		t.Errorf("%d addresses kept, %d in order", len(l.buckets), l.order.Len())
	}
}

func TestBodiesAreBounded(t *testing.T) {
	p := newBodies(100 << 10)
	big := &body{key: "big", plain: make([]byte, 20<<10)}
	p.put(big)
	if p.get("big") != nil {
		t.Error("a body that takes a fifth of the room was kept")
	}
	for i := range 100 {
		p.put(&body{key: fmt.Sprint(i), plain: make([]byte, 8<<10)})
		if p.size() > p.max {
			t.Fatalf("%d bytes of %d", p.size(), p.max)
		}
		if p.get("0") == nil {
			t.Fatal("the body asked for all the time was let go")
		}
	}
	if len(p.byKey) != p.order.Len() || len(p.byKey) < 8 {
		t.Errorf("%d bodies, %d in order", len(p.byKey), p.order.Len())
	}
}

func TestMetrics(t *testing.T) {
	s, h := serving(t, Options{}, data.Recorded)
	ask(h, http.MethodGet, values)
	ask(h, http.MethodGet, "/api/v1/municipalities/3425")
	ask(h, http.MethodGet, "/no/such/place")
	ask(h, "BREW", "/api")
	families, err := s.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	text := ask(h, http.MethodGet, "/metrics").Body.String()
	for _, want := range []string{
		`http_request_duration_seconds_count{code="200",method="GET",route="/api/v1/values"} 1`,
		`http_request_duration_seconds_count{code="200",method="GET",route="/api/v1/municipalities/:code"} 1`,
		`http_request_duration_seconds_count{code="404",method="GET",route="none"} 1`,
		`http_request_duration_seconds_count{code="405",method="other",route="none"} 1`,
		`bygdevekst_release_info{id="r1",kind="recorded"} 1`,
		`bygdevekst_release_rows{table="observations"}`,
		`bygdevekst_release_age_seconds`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// TestReleases lists what the store lists, and is not kept: the list changes
// without a swap.
func TestReleases(t *testing.T) {
	list := []cube.Info{servedtest.Release("r1", data.Recorded).Info}
	_, h := serving(t, Options{Releases: func() ([]cube.Info, error) { return list, nil }}, data.Recorded)
	if w := ask(h, http.MethodGet, "/api/v1/releases/r2"); w.Code != 404 {
		t.Errorf("r2 before it is there: %d", w.Code)
	}
	ask(h, http.MethodGet, "/api/v1/releases")
	list = append(list, servedtest.Release("r2", data.Recorded).Info)
	for _, url := range []string{"/api/v1/releases", "/api/v1/releases/r2"} {
		w := ask(h, http.MethodGet, url)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"r2"`) || w.Header().Get("Etag") == "" {
			t.Errorf("%s: %d %s", url, w.Code, w.Body)
		}
	}
}

// BenchmarkPrepared is one request for a prepared body, all of the service but
// the connection.
func BenchmarkPrepared(b *testing.B) {
	_, h := serving(b, Options{}, data.Recorded)
	r := httptest.NewRequest(http.MethodGet, values, nil)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

// BenchmarkMade is the same body made anew.
func BenchmarkMade(b *testing.B) {
	s, h := serving(b, Options{RatePerSecond: -1}, data.Recorded)
	rel := servedtest.Release("r1", data.Recorded)
	r := httptest.NewRequest(http.MethodGet, values, nil)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		s.Swap(rel)
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
