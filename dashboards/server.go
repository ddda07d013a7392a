// Package dashboards serves a release: the API, pages, charts and what an
// operator needs. It computes nothing: it reads what the release holds, or asks
// package indicators.
package dashboards

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"

	"github.com/bygdevekst/bygdevekst/dashboards/api"
	"github.com/bygdevekst/bygdevekst/dashboards/pages"
	"github.com/bygdevekst/bygdevekst/dashboards/plots"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/dashboards/static"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Release is what is served: one published release, whole and immutable.
type Release = served.Release

// Options say how to serve. The zero value of every field is a good default.
type Options struct {
	// Logger gets an access line for every request, and failures.
	Logger *slog.Logger
	// Releases lists all releases there are; only the served one when nil.
	Releases func() ([]cube.Info, error)
	// Files finds the files of a release; they cannot be downloaded when nil.
	Files Files
	// RatePerSecond is how many bodies one address may have made for it each
	// second in the long run; 200 when 0, no limit when negative. Bodies that are
	// prepared already cost next to nothing and are not counted.
	RatePerSecond float64
	// CacheBytes is the memory for prepared bodies; 64 MiB when 0.
	CacheBytes int64
	// Timeout is how long a request may take; 20 s when 0.
	Timeout time.Duration
	// Contact is where readers tell of barriers, an e-mail address or a web page; the
	// page on accessibility says that none is given when it is empty.
	Contact string
	// Version is the version of the program, for the API's description.
	Version string
}

const (
	defaultRate    = 200
	defaultCache   = 64 << 20
	defaultTimeout = 20 * time.Second
)

func (o *Options) fill() error {
	if o.Timeout < 0 || o.CacheBytes < 0 {
		return data.Errorf(data.EINVALID, "dashboards: Timeout %s and CacheBytes %d cannot be negative", o.Timeout, o.CacheBytes)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RatePerSecond == 0 {
		o.RatePerSecond = defaultRate
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = defaultCache
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Version == "" {
		o.Version = "devel"
		if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
			o.Version = b.Main.Version
		}
	}
	return nil
}

// Server answers from the release that was swapped in last.
type Server struct {
	opt     Options
	state   atomic.Pointer[state]
	router  *gin.Engine
	metrics *metrics
	limit   *limiter
}

// state is a release with everything that was made from it. It is replaced
// whole, so that no body of one release is ever served as another's.
type state struct {
	release *Release
	bodies  *bodies
	making  singleflight.Group
}

// New returns a server that is not ready until a release is swapped in. It
// returns EINVALID when the options are wrong.
func New(opt Options) (*Server, error) {
	if err := opt.fill(); err != nil {
		return nil, err
	}
	s := &Server{opt: opt, limit: newLimiter(opt.RatePerSecond)}
	s.metrics = newMetrics(s)
	r := gin.New()
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	r.HandleMethodNotAllowed = true
	r.Use(noteRoute)
	r.NoRoute(func(c *gin.Context) { s.fail(c.Writer, c.Request, http.StatusNotFound) })
	r.NoMethod(func(c *gin.Context) {
		// What answers GET answers HEAD; the router does not know.
		if allow := c.Writer.Header().Get("Allow"); strings.Contains(allow, http.MethodGet) {
			c.Header("Allow", allow+", "+http.MethodHead)
		}
		s.fail(c.Writer, c.Request, http.StatusMethodNotAllowed)
	})
	s.operations(r)
	if err := api.Register(r, s.current, api.Options{Version: opt.Version, Releases: opt.Releases}); err != nil {
		return nil, err
	}
	plots.Register(r, s.current)
	pages.Register(r, s.current, pages.Options{Releases: opt.Releases, Contact: opt.Contact, Downloads: opt.Files != nil})
	s.files(r)
	s.router = r
	return s, nil
}

// Swap serves another release from now on. Requests under way are answered from
// the one they began with.
func (s *Server) Swap(r *Release) {
	s.state.Store(&state{release: r, bodies: newBodies(s.opt.CacheBytes)})
}

// current is the release handlers answer from; they are not called before
// there is one.
func (s *Server) current() *Release { return s.state.Load().release }

// Handler returns the whole service.
func (s *Server) Handler() http.Handler { return s.observe(http.HandlerFunc(s.serve)) }

// serve sends a request where it belongs: an operator's and one for a style
// sheet to the router at once, a reader's through the prepared bodies.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if len(r.RequestURI) > maxAddress {
		s.fail(w, r, http.StatusRequestURITooLong)
		return
	}
	if operational(r.URL.Path) || filePath(r.URL.Path) || strings.HasPrefix(r.URL.Path, static.Prefix) {
		s.route(w, asGet(r))
		return
	}
	st := s.state.Load()
	if st == nil {
		s.fail(w, r, http.StatusServiceUnavailable)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		s.read(st, w, r)
	default:
		s.write(w, r)
	}
}

// maxAddress is the longest address read: four hundred municipality codes and the
// other parameters take less than half of it.
const maxAddress = 8 << 10

// asGet lets a HEAD find the handler of GET; the connection drops the body.
func asGet(r *http.Request) *http.Request {
	if r.Method != http.MethodHead {
		return r
	}
	get := *r
	get.Method = http.MethodGet
	return &get
}
