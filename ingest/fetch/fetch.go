// Package fetch is polite HTTP for public statistics services: a serial queue
// with a budget a minute that all processes of a machine share, quiet hours,
// backoff that honours Retry-After, bounded bodies and a User-Agent that names
// the project. What an answer means is for the caller to judge.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/bygdevekst/bygdevekst/data"
)

// UserAgent names the project to those who run the service.
const UserAgent = "bygdevekst/1 (+https://github.com/bygdevekst/bygdevekst; statistics for bygdevekst agreements)"

// PerMinute is the most we ask of a public service: SSB's guide says 30 a
// minute and address, and addresses are shared.
const PerMinute = 30

// Options say how a client behaves. The zero value of a field is its default.
type Options struct {
	// Dir holds the queue's files; processes that share it share the budget.
	Dir string
	// Force asks in the quiet hours too.
	Force bool
	// Timeout bounds one request with its body; two minutes by default.
	Timeout time.Duration
	// MaxBody bounds a body in bytes; 256 MB by default.
	MaxBody int64
	// Tries is how often a request is sent at most; 6 by default.
	Tries int
	// First is the first pause of the backoff, which doubles up to a minute;
	// 5 s by default, 50 ms for a server on this machine.
	First time.Duration
	// Waiting is told of every pause and why, before it.
	Waiting func(why string, d time.Duration)
	// Now and Sleep are the clock, for tests.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// Transport is the network, for tests.
	Transport http.RoundTripper
}

// Client sends requests to one host. Safe for concurrent use; requests go out
// one at a time.
type Client struct {
	opt   Options
	host  string
	local bool
	http  *http.Client
	queue *queue

	mu        sync.Mutex
	perMinute int
	sent      int
}

// Request is one request. A body makes it a POST of JSON.
type Request struct {
	URL  string
	Body []byte
}

// Method is GET, or POST where there is a body.
func (r Request) Method() string {
	if r.Body != nil {
		return http.MethodPost
	}
	return http.MethodGet
}

// String is the request as it is kept with what it gave.
func (r Request) String() string {
	if r.Body == nil {
		return r.Method() + " " + r.URL
	}
	return r.Method() + " " + r.URL + "\n" + string(r.Body)
}

// Answer is what came back, body whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// At is when the answer had arrived.
	At time.Time
}

// again marks an error a later try may not meet.
type again struct {
	err   error
	after time.Duration
}

func (a *again) Error() string { return a.err.Error() }
func (a *again) Unwrap() error { return a.err }

// Again wraps an error of a judge to say that the request may be sent again.
func Again(err error) error { return &again{err: err} }

// New returns a client for the host of base.
func New(base string, opt Options) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, data.Errorf(data.EINVALID, "%q is not the address of a service, such as https://data.ssb.no", base)
	}
	c := &Client{opt: opt, host: u.Host, local: loopback(u.Hostname())}
	if c.opt.Timeout == 0 {
		c.opt.Timeout = 2 * time.Minute
	}
	if c.opt.MaxBody == 0 {
		c.opt.MaxBody = 256 << 20
	}
	if c.opt.Tries == 0 {
		c.opt.Tries = 6
	}
	if c.opt.First == 0 {
		c.opt.First = 5 * time.Second
		if c.local {
			c.opt.First = 50 * time.Millisecond
		}
	}
	if c.opt.Waiting == nil {
		c.opt.Waiting = func(string, time.Duration) {}
	}
	if c.opt.Now == nil {
		c.opt.Now = time.Now
	}
	if c.opt.Sleep == nil {
		c.opt.Sleep = sleep
	}
	if c.opt.Dir == "" {
		return nil, data.Errorf(data.EINVALID, "fetch: no folder for the queue")
	}
	if !c.local {
		c.perMinute = PerMinute
	}
	c.queue = &queue{dir: c.opt.Dir, host: u.Host, now: c.opt.Now, sleep: c.opt.Sleep}
	c.http = &http.Client{
		Transport: c.opt.Transport,
		Timeout:   c.opt.Timeout,
		// A redirect would turn a POST into a GET and lead away from the host asked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// loopback reports whether the server is on this machine: a simulator, to which
// the manners of a public service are not owed unless it asks for them.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Limit takes a limit the service has announced, calls in a window of seconds.
// It lowers the budget and never raises it; 0 calls or seconds announce nothing.
func (c *Client) Limit(calls, seconds int) {
	if calls <= 0 || seconds <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	most := float64(c.perMinute)
	if most == 0 {
		most = 60_000 // A simulator that announces more is asked every millisecond.
	}
	c.perMinute = max(1, int(min(most, float64(calls)*60/float64(seconds))))
}

// PerMinute is the budget in force; 0 is none.
func (c *Client) PerMinute() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.perMinute
}

// Sent is how many requests have gone out.
func (c *Client) Sent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// Now is the client's clock.
func (c *Client) Now() time.Time { return c.opt.Now() }

// Local reports whether the server is on this machine.
func (c *Client) Local() bool { return c.local }

func (c *Client) spacing() time.Duration {
	if n := c.PerMinute(); n > 0 {
		return time.Minute / time.Duration(n)
	}
	return 0
}

// Do sends a request until judge accepts the answer. A judge's error made by
// Again is tried again, any other is final. 429, 5xx, time-outs and broken
// connections are tried again without asking the judge. What is given up is
// EUNAVAILABLE and says how often it was tried and what came back.
func (c *Client) Do(ctx context.Context, req Request, judge func(*Answer) error) (*Answer, error) {
	if until, quiet := Quiet(c.opt.Now()); quiet && !c.local && !c.opt.Force {
		return nil, data.Errorf(data.EUNAVAILABLE, "%s is loading new figures and shows zeros for those due today: nothing is asked between 04:55 and 08:20 in Oslo; try again after %s, or use --force", c.host, until.Format("15:04"))
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.Multiplier, pause.RandomizationFactor = c.opt.First, 2, 0.2
	pause.MaxInterval = time.Minute
	for try := 1; ; try++ {
		ans, err := c.once(ctx, req, judge)
		if err == nil {
			return ans, nil
		}
		var a *again
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !errors.As(err, &a):
			return ans, err
		case try == c.opt.Tries:
			code := data.ErrorCode(a.err)
			if code == data.EINTERNAL {
				code = data.EUNAVAILABLE
			}
			return ans, data.Errorf(code, "%w (tried %d times)", a.err, try)
		}
		d := pause.NextBackOff()
		if a.after > 0 {
			d = a.after
		}
		c.opt.Waiting(a.err.Error(), d)
		if err := c.opt.Sleep(ctx, d); err != nil {
			return nil, err
		}
	}
}

// once sends the request in its turn of the queue.
func (c *Client) once(ctx context.Context, req Request, judge func(*Answer) error) (*Answer, error) {
	leave, err := c.queue.enter(ctx, c.spacing(), func(d time.Duration) {
		if d > time.Second {
			c.opt.Waiting(fmt.Sprintf("%d requests a minute", c.PerMinute()), d)
		}
	})
	if err != nil {
		return nil, err
	}
	defer leave()
	ans, err := c.send(ctx, req)
	if err != nil {
		return nil, err
	}
	c.announced(ans.Header)
	switch {
	case ans.Status == http.StatusTooManyRequests || ans.Status == http.StatusServiceUnavailable:
		after := retryAfter(ans.Header, c.opt.Now())
		if after > 0 {
			if err := c.queue.hold(after); err != nil {
				return ans, err
			}
		}
		why := "asks for fewer requests (429)"
		if ans.Status == http.StatusServiceUnavailable {
			why = "is not available (503): figures are being updated, or the service is being maintained"
		}
		return ans, &again{data.Errorf(data.EUNAVAILABLE, "%s %s", c.host, why), after}
	case ans.Status >= 500:
		return ans, &again{data.Errorf(data.EUNAVAILABLE, "%s answered %d%s", c.host, ans.Status, said(ans.Body)), 0}
	}
	return ans, judge(ans)
}

func said(body []byte) string {
	if len(body) == 0 {
		return " with an empty body, as SSB does when a code is asked for twice"
	}
	return ": " + Excerpt(body)
}

// Excerpt is the beginning of a body on one line.
func Excerpt(body []byte) string {
	const most = 160
	s := strings.Join(strings.Fields(string(body[:min(len(body), most)])), " ")
	if len(body) > most {
		s += " …"
	}
	return strings.ToValidUTF8(s, "?")
}

func (c *Client) send(ctx context.Context, req Request) (*Answer, error) {
	var body io.Reader
	if req.Body != nil {
		body = bytes.NewReader(req.Body)
	}
	r, err := http.NewRequestWithContext(ctx, req.Method(), req.URL, body)
	if err != nil {
		return nil, data.Errorf(data.EINVALID, "request %s: %w", req.URL, err)
	}
	r.Header.Set("User-Agent", UserAgent)
	r.Header.Set("Accept", "application/json")
	if req.Body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	c.mu.Lock()
	c.sent++
	c.mu.Unlock()
	res, err := c.http.Do(r)
	if err != nil {
		return nil, c.broken(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, c.opt.MaxBody+1))
	if err != nil {
		return nil, c.broken(err)
	}
	if int64(len(raw)) > c.opt.MaxBody {
		return nil, data.Errorf(data.EINVALID, "%s sent more than %d MB", c.host, c.opt.MaxBody>>20)
	}
	return &Answer{res.StatusCode, res.Header, raw, c.opt.Now().UTC()}, nil
}

// broken says what a connection that gave no answer means: nobody there is
// final, a time-out or a broken connection may be tried again.
func (c *Client) broken(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // Its text repeats method and address.
	}
	nobody := errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
	if nobody {
		return data.Errorf(data.EUNAVAILABLE, "%s cannot be reached: %w", c.host, err)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Again(data.Errorf(data.EUNAVAILABLE, "%s gave no answer in %s", c.host, c.opt.Timeout))
	}
	return Again(data.Errorf(data.EUNAVAILABLE, "%s broke off: %w", c.host, err))
}

// announced reads the limit of a gateway, as in x-ratelimit-policy: 40;w=60s.
func (c *Client) announced(h http.Header) {
	calls, window, ok := strings.Cut(h.Get("x-ratelimit-policy"), ";w=")
	if !ok {
		return
	}
	n, err := strconv.Atoi(strings.TrimSpace(calls))
	seconds, err2 := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(window), "s"))
	if err == nil && err2 == nil {
		c.Limit(n, seconds)
	}
}

// retryAfter reads the header, in seconds or as a date; 0 where there is none.
// It is bounded by longestHold.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	d := time.Duration(0)
	if n, err := strconv.Atoi(v); err == nil {
		d = time.Duration(min(max(n, 0), int(longestHold/time.Second))) * time.Second
	} else if t, err := http.ParseTime(v); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), longestHold)
}
