package dashboards

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// routed is a response that is told which route it is the answer of.
type routed interface{ setRoute(template string) }

// noteRoute tells the response its route, for metrics and the access line.
func noteRoute(c *gin.Context) {
	u, ok := c.Writer.(interface{ Unwrap() http.ResponseWriter })
	if !ok {
		return
	}
	if w, ok := u.Unwrap().(routed); ok {
		w.setRoute(c.FullPath())
	}
}

// noRoute is the route of what no handler answers; a path as the client gave
// it would let anyone fill the metrics.
const noRoute = "none"

// observed counts what is written.
type observed struct {
	http.ResponseWriter
	route  string
	status int
	bytes  int64
}

func (o *observed) setRoute(t string) {
	if t != "" {
		o.route = t
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// WriteHeader notes the status.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write notes the size.
func (o *observed) Write(b []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(b)
	o.bytes += int64(n)
	return n, err
}

// observe gives every request an id, measures it and writes its access line.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := requestID(r.Header.Get("X-Request-Id"))
		w.Header()["X-Request-Id"] = []string{id}
		o := &observed{ResponseWriter: w, route: noRoute}
		next.ServeHTTP(o, r)
		took := time.Since(start)
		if o.status == 0 {
			o.status = http.StatusOK
		}
		s.metrics.observe(o.route, r.Method, o.status, took)
		s.opt.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("id", id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.String("query", r.URL.RawQuery), slog.String("route", o.route), slog.Int("status", o.status),
			slog.Int64("bytes", o.bytes), slog.Duration("took", took), slog.String("client", r.RemoteAddr))
	})
}

const maxRequestID = 64

// requestID keeps the id a proxy gave, if it is safe to log and send back, and
// makes one otherwise.
func requestID(given string) string {
	if given == "" || len(given) > maxRequestID {
		return rand.Text()
	}
	for _, c := range []byte(given) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return rand.Text()
		}
	}
	return given
}

// metrics are what /metrics shows.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	bodies   *prometheus.CounterVec
	hits     prometheus.Counter
	misses   prometheus.Counter
	// series are the histograms of requests by their labels, looked up once.
	series sync.Map
}

// outcome is the labels of a request.
type outcome struct {
	route, method string
	status        int
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer, by route template, method and status.",
			// From a prepared body (some 20 µs) to a chart drawn anew and beyond.
			Buckets: []float64{.0001, .0005, .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "code"}),
		bodies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bygdevekst_prepared_bodies_total", Help: "Requests for bodies, by whether one was prepared.",
		}, []string{"result"}),
	}
	m.hits, m.misses = m.bodies.WithLabelValues("hit"), m.bodies.WithLabelValues("miss")
	m.registry.MustRegister(m.requests, m.bodies, releaseCollector{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		// A client may invent methods; the metrics must stay few.
		method = "other"
	}
	key := outcome{route, method, status}
	h, ok := m.series.Load(key)
	if !ok {
		h, _ = m.series.LoadOrStore(key, m.requests.WithLabelValues(route, method, strconv.Itoa(status)))
	}
	h.(prometheus.Observer).Observe(took.Seconds())
}

// releaseCollector reads the served release when the metrics are scraped.
type releaseCollector struct{ s *Server }

var (
	releaseInfo = prometheus.NewDesc("bygdevekst_release_info", "The release that is served; always 1.", []string{"id", "kind"}, nil)
	releaseAge  = prometheus.NewDesc("bygdevekst_release_age_seconds", "Time since the served release was built.", nil, nil)
	releaseRows = prometheus.NewDesc("bygdevekst_release_rows", "Rows of the served release, by table.", []string{"table"}, nil)
	preparedUse = prometheus.NewDesc("bygdevekst_prepared_bytes", "Memory held by prepared bodies.", nil, nil)
)

// Describe sends the descriptions.
func (releaseCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{releaseInfo, releaseAge, releaseRows, preparedUse} {
		ch <- d
	}
}

// Collect sends what the served release is; nothing when there is none.
func (c releaseCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.s.state.Load()
	if st == nil {
		return
	}
	info := st.release.Info
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(releaseInfo, 1, info.ID, string(info.Kind))
	gauge(releaseAge, time.Since(info.Created).Seconds())
	for table, rows := range info.Rows {
		gauge(releaseRows, float64(rows), table)
	}
	gauge(preparedUse, float64(st.bodies.size()))
}
