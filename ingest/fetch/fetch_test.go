package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
)

// clock is a clock that moves when somebody sleeps.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	slept []time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

// noon is a Wednesday at 13:00 in Oslo.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// serve starts a server with a list of answers, the last one repeated, and
// returns a client for it and what it was asked.
func serve(t *testing.T, opt Options, answers ...http.HandlerFunc) (c *Client, clk *clock, asked func() []*http.Request, url string) {
	t.Helper()
	var mu sync.Mutex
	var seen []*http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n := min(len(seen), len(answers)-1)
		seen = append(seen, r)
		mu.Unlock()
		answers[n](w, r)
	}))
	t.Cleanup(srv.Close)
	clk = &clock{at: noon}
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	opt.Now, opt.Sleep = clk.now, clk.sleep
	c, err := New(srv.URL, opt)
	if err != nil {
		t.Fatal(err)
	}
	return c, clk, func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}, srv.URL
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		if code == http.StatusOK {
			fmt.Fprint(w, "ok")
		}
	}
}

func accept(*Answer) error { return nil }

func TestDoNamesTheProject(t *testing.T) {
	c, _, seen, url := serve(t, Options{}, status(200))
	ans, err := c.Do(context.Background(), Request{URL: url + "/x", Body: []byte(`{}`)}, accept)
	if err != nil || string(ans.Body) != "ok" || !ans.At.Equal(noon) {
		t.Fatalf("%+v, %v", ans, err)
	}
	r := seen()[0]
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !strings.Contains(r.UserAgent(), "bygdevekst") {
		t.Errorf("%s with %v", r.Method, r.Header)
	}
}

func TestBackoff(t *testing.T) {
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	short := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	}
	for name, trouble := range map[string]http.HandlerFunc{
		"429": status(429), "503": status(503), "500": status(500), "502": status(502), "hung up": hangUp, "body cut off": short,
	} {
		c, clk, seen, url := serve(t, Options{First: 5 * time.Second}, trouble, trouble, trouble, status(200))
		if _, err := c.Do(context.Background(), Request{URL: url}, accept); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(seen()) != 4 {
			t.Errorf("%s: sent %d times", name, len(seen()))
		}
		for i, want := range []float64{5, 10, 20} {
			// Doubling from five seconds, give or take the fifth that keeps clients apart.
			if got := clk.slept[i].Seconds(); got < want*0.8 || got > want*1.2 {
				t.Errorf("%s: pause %d is %.1f s, want about %.0f", name, i, got, want)
			}
		}
	}
}

func TestGivesUp(t *testing.T) {
	c, _, seen, url := serve(t, Options{Tries: 3}, status(503))
	_, err := c.Do(context.Background(), Request{URL: url}, accept)
	if data.ErrorCode(err) != data.EUNAVAILABLE || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "tried 3 times") || len(seen()) != 3 {
		t.Errorf("%v after %d", err, len(seen()))
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second,
		noon.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		"99999999": longestHold,
	} {
		c, clk, _, url := serve(t, Options{}, status(429, "Retry-After", header), status(200))
		if _, err := c.Do(context.Background(), Request{URL: url}, accept); err != nil {
			t.Errorf("%s: %v", header, err)
		}
		if len(clk.slept) != 1 || clk.slept[0] != want {
			t.Errorf("Retry-After %s: slept %v, want %v", header, clk.slept, want)
		}
	}
	for _, header := range []string{"", "soon", "-5", noon.Add(-time.Hour).Format(http.TimeFormat)} {
		if got := retryAfter(http.Header{"Retry-After": {header}}, noon); got != 0 {
			t.Errorf("Retry-After %q is %v", header, got)
		}
	}
}

// TestHoldIsShared lets one process be told to wait and another one wait.
func TestHoldIsShared(t *testing.T) {
	dir := t.TempDir()
	c, _, _, url := serve(t, Options{Dir: dir, Tries: 1}, status(429, "Retry-After", "30"), status(200))
	if _, err := c.Do(context.Background(), Request{URL: url}, accept); data.ErrorCode(err) != data.EUNAVAILABLE {
		t.Fatal(err)
	}
	clk := &clock{at: noon}
	other, err := New(url, Options{Dir: dir, Now: clk.now, Sleep: clk.sleep})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Do(context.Background(), Request{URL: url}, accept); err != nil {
		t.Fatal(err)
	}
	if len(clk.slept) != 1 || clk.slept[0] != 30*time.Second {
		t.Errorf("the other process slept %v", clk.slept)
	}
}

// TestBudgetIsShared has three processes send six requests each and counts how
// many go out in any minute.
func TestBudgetIsShared(t *testing.T) {
	clk := &clock{at: noon}
	var mu sync.Mutex
	var at []time.Time
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		at = append(at, clk.now())
	}))
	defer srv.Close()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 3 {
		c, err := New(srv.URL, Options{Dir: dir, Now: clk.now, Sleep: clk.sleep})
		if err != nil {
			t.Fatal(err)
		}
		c.Limit(12, 60)
		wg.Go(func() {
			for range 6 {
				if _, err := c.Do(context.Background(), Request{URL: srv.URL}, accept); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(at) != 18 {
		t.Fatalf("%d requests", len(at))
	}
	for i := 1; i < len(at); i++ {
		if d := at[i].Sub(at[i-1]); d < 5*time.Second {
			t.Errorf("request %d came %v after the one before; 12 a minute are 5 s apart", i, d)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		base           string
		calls, seconds int
		want           int
	}{
		{"https://data.ssb.no", 0, 0, 30},   // /config has said 0/0: not unlimited.
		{"https://data.ssb.no", 40, 60, 30}, // The gateway's 40 does not raise the guide's 30.
		{"https://data.ssb.no", 10, 60, 10},
		{"https://data.ssb.no", 30, 10, 30},
		{"https://data.ssb.no", 1, 3600, 1},
		{"http://127.0.0.1:1", 0, 0, 0},
		{"http://127.0.0.1:1", 20, 60, 20},
		{"http://127.0.0.1:1", 1 << 40, 1, 60_000},
	} {
		cl, err := New(c.base, Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		cl.Limit(c.calls, c.seconds)
		if got := cl.PerMinute(); got != c.want {
			t.Errorf("%s announcing %d in %d s: %d a minute, want %d", c.base, c.calls, c.seconds, got, c.want)
		}
	}
	c, _, _, url := serve(t, Options{}, status(200, "x-ratelimit-policy", "6;w=60s"))
	if _, err := c.Do(context.Background(), Request{URL: url}, accept); err != nil || c.PerMinute() != 6 {
		t.Errorf("after the header: %d a minute, %v", c.PerMinute(), err)
	}
}

func TestQuietHours(t *testing.T) {
	for at, want := range map[string]bool{
		// Winter: Oslo is UTC+1.
		"2026-11-25T03:54:59Z": false, "2026-11-25T03:55:00Z": true, "2026-11-25T07:19:59Z": true, "2026-11-25T07:20:00Z": false,
		// Summer: UTC+2.
		"2026-07-01T02:54:59Z": false, "2026-07-01T02:55:00Z": true, "2026-07-01T06:20:00Z": false,
		// The morning the clock was set back, 2026-10-25.
		"2026-10-25T03:55:00Z": true, "2026-10-25T02:55:00Z": false,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := Quiet(when); got != want {
			t.Errorf("%s: quiet is %v, want %v", at, got, want)
		}
	}
	clk := &clock{at: time.Date(2026, 11, 25, 5, 0, 0, 0, time.UTC)}
	c, err := New("https://data.ssb.no", Options{Dir: t.TempDir(), Now: clk.now, Sleep: clk.sleep})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Do(context.Background(), Request{URL: "https://data.ssb.no/"}, accept)
	if data.ErrorCode(err) != data.EUNAVAILABLE || !strings.Contains(err.Error(), "after 08:20") || c.Sent() != 0 {
		t.Errorf("%v, %d sent", err, c.Sent())
	}
	// A simulator on this machine loads no figures in the morning.
	local, _, _, url := serve(t, Options{}, status(200))
	local.opt.Now = clk.now
	if _, err := local.Do(context.Background(), Request{URL: url}, accept); err != nil {
		t.Errorf("loopback: %v", err)
	}
}

func TestBoundsAndDeadEnds(t *testing.T) {
	big := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 2000)) }
	c, _, seen, url := serve(t, Options{MaxBody: 1000}, big)
	if _, err := c.Do(context.Background(), Request{URL: url}, accept); data.ErrorCode(err) != data.EINVALID || len(seen()) != 1 {
		t.Errorf("a body too large: %v after %d", err, len(seen()))
	}
	slow := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	c, _, _, url = serve(t, Options{Timeout: 20 * time.Millisecond, Tries: 2}, slow)
	if _, err := c.Do(context.Background(), Request{URL: url}, accept); data.ErrorCode(err) != data.EUNAVAILABLE || !strings.Contains(err.Error(), "no answer in 20ms") || !strings.Contains(err.Error(), "tried 2 times") {
		t.Errorf("slow: %v", err)
	}
	srv := httptest.NewServer(nil)
	srv.Close()
	c, err := New(srv.URL, Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(context.Background(), Request{URL: srv.URL}, accept); data.ErrorCode(err) != data.EUNAVAILABLE || !strings.Contains(err.Error(), "cannot be reached") || c.Sent() != 1 {
		t.Errorf("nobody there: %v after %d", err, c.Sent())
	}
	for _, bad := range []string{"", "data.ssb.no", "ftp://x", "http://"} {
		if _, err := New(bad, Options{Dir: "x"}); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("%q: %v", bad, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c, _, _, url = serve(t, Options{}, status(200))
	if _, err := c.Do(ctx, Request{URL: url}, accept); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestJudgeDecides(t *testing.T) {
	c, _, seen, url := serve(t, Options{}, status(200))
	n := 0
	_, err := c.Do(context.Background(), Request{URL: url}, func(*Answer) error {
		if n++; n < 3 {
			return Again(errors.New("half a body"))
		}
		return nil
	})
	if err != nil || len(seen()) != 3 {
		t.Errorf("%v after %d", err, len(seen()))
	}
	_, err = c.Do(context.Background(), Request{URL: url}, func(*Answer) error { return data.Errorf(data.ENOTFOUND, "no") })
	if data.ErrorCode(err) != data.ENOTFOUND || len(seen()) != 4 {
		t.Errorf("%v after %d", err, len(seen()))
	}
}

func TestDamagedQueueFileWaits(t *testing.T) {
	c, clk, _, url := serve(t, Options{}, status(200))
	c.Limit(30, 60)
	if err := os.WriteFile(c.queue.path(".json"), []byte("{half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(context.Background(), Request{URL: url}, accept); err != nil || len(clk.slept) != 1 || clk.slept[0] != time.Minute {
		t.Errorf("%v, slept %v", err, clk.slept)
	}
	if files, _ := filepath.Glob(filepath.Join(c.opt.Dir, "queue-*")); len(files) != 2 {
		t.Errorf("files %v", files)
	}
}
