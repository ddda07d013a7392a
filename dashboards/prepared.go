package dashboards

import (
	"bytes"
	"compress/gzip"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
)

// body is one answer, ready to send: plain and, where it pays, compressed.
type body struct {
	key     string
	route   string
	status  int
	header  http.Header
	plain   []byte
	gz      []byte
	tag     string
	tagGzip string
	// What is sent with every answer, made once.
	tagLine, tagGzipLine, length, lengthGzip []string
}

func (b *body) bytes() int64 {
	n := len(b.key) + len(b.plain) + len(b.gz) + bodyOverhead
	return int64(n)
}

// keep reports whether the body may answer later requests too.
func (b *body) keep() bool {
	cache := b.header.Get("Cache-Control")
	return b.status == http.StatusOK && cache != served.Live && !strings.Contains(cache, "no-store")
}

// bodyOverhead is about what a body costs beside its bytes: headers, map, list.
const bodyOverhead = 2 << 10

// bodies are the prepared answers of one release, bounded by their bytes: the
// ones not asked for longest go first.
type bodies struct {
	mu    sync.Mutex
	max   int64
	used  int64
	byKey map[string]*list.Element
	order *list.List // Of *body, the newest first.
}

func newBodies(maxBytes int64) *bodies {
	return &bodies{max: maxBytes, byKey: map[string]*list.Element{}, order: list.New()}
}

func (p *bodies) get(key string) *body {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.byKey[key]
	if e == nil {
		return nil
	}
	p.order.MoveToFront(e)
	return e.Value.(*body)
}

// put keeps a body, unless it alone would take more than an eighth of the room.
func (p *bodies) put(b *body) {
	n := b.bytes()
	if n > p.max/8 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byKey[b.key] != nil {
		return
	}
	p.byKey[b.key] = p.order.PushFront(b)
	p.used += n
	for p.used > p.max {
		old := p.order.Remove(p.order.Back()).(*body)
		delete(p.byKey, old.key)
		p.used -= old.bytes()
	}
}

func (p *bodies) size() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// canonical is the one way to write a request: path, parameters in order of
// name, and the language where the request does not name it. The list of
// municipalities may be given as a comma list or by repeating the name. ok is
// false when the parameters cannot be read, or one is given twice: which one
// was meant cannot be known.
func canonical(r *http.Request) (query, key string, ok bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", "", false
	}
	for name, values := range q {
		switch {
		case len(values) == 1:
		case name == "municipality":
			q[name] = []string{strings.Join(values, ",")}
		default:
			return "", "", false
		}
	}
	query = q.Encode()
	key = r.URL.EscapedPath() + "?" + query
	if !q.Has("lang") {
		key += "\n" + served.Preferred(r.Header.Get("Accept-Language"))
	}
	return query, key, true
}

// read answers a GET or HEAD: from a prepared body, or by making one. The same
// body is made once however many ask for it.
func (s *Server) read(st *state, w http.ResponseWriter, r *http.Request) {
	query, key, ok := canonical(r)
	if !ok {
		s.fail(w, r, http.StatusUnprocessableEntity)
		return
	}
	if b := st.bodies.get(key); b != nil {
		s.metrics.hits.Inc()
		b.send(w, r)
		return
	}
	s.metrics.misses.Inc()
	if !s.limit.allow(r.RemoteAddr) {
		s.fail(w, r, http.StatusTooManyRequests)
		return
	}
	// Who asked may be gone, and their answer's header with them, when this is read.
	id := w.Header().Get("X-Request-Id")
	made := st.making.DoChan(key, func() (any, error) {
		// The body is for all who ask, so that one who leaves does not end it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.opt.Timeout)
		defer cancel()
		return s.make(ctx, st, r, id, query, key), nil
	})
	wait, cancel := context.WithTimeout(r.Context(), s.opt.Timeout)
	defer cancel()
	select {
	case res := <-made:
		res.Val.(*body).send(w, r)
	case <-wait.Done():
		s.fail(w, r, http.StatusServiceUnavailable)
	}
}

// attempts is how often a body is made anew because the release changed
// meanwhile; after that it is sent but not kept.
const attempts = 3

func (s *Server) make(ctx context.Context, st *state, r *http.Request, id, query, key string) *body {
	var b *body
	for range attempts {
		b = s.record(ctx, r, id, query).body(st.release.Info.ID)
		b.key = key
		now := s.state.Load()
		if now == st {
			if b.keep() {
				st.bodies.put(b)
			}
			return b
		}
		// The handler may have read either release.
		st = now
	}
	return b
}

// record runs the handlers into memory. They see the request in its canonical
// form, so that nothing else can colour a body others get.
func (s *Server) record(ctx context.Context, r *http.Request, id, query string) *recorder {
	u := *r.URL
	u.RawQuery = query
	in := &http.Request{
		Method: http.MethodGet, URL: &u, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Host: r.Host, RemoteAddr: r.RemoteAddr, RequestURI: u.RequestURI(), Body: http.NoBody,
		Header: http.Header{"Accept-Language": {served.Preferred(r.Header.Get("Accept-Language"))}},
	}
	rec := &recorder{header: http.Header{"X-Request-Id": {id}}}
	s.route(rec, in.WithContext(ctx))
	if ctx.Err() != nil && rec.buf.Len() == 0 {
		// The handler gave up in time; one that finished late has an answer all the same.
		rec.reset()
		s.fail(rec, in, http.StatusServiceUnavailable)
	}
	rec.header.Del("X-Request-Id")
	return rec
}

// recorder is a response in memory.
type recorder struct {
	header http.Header
	status int
	buf    bytes.Buffer
	route  string
}

func (w *recorder) setRoute(t string)           { w.route = t }
func (w *recorder) reset()                      { *w = recorder{header: http.Header{}, route: w.route} }
func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) Write(b []byte) (int, error) { w.WriteHeader(http.StatusOK); return w.buf.Write(b) }

// WriteHeader keeps the first status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// minGzip is the least worth compressing: a packet holds more.
const minGzip = 1 << 10

// body prepares what was recorded. The tag is strong: it names the release and
// is a hash of the very bytes, so that it can never vouch for others.
func (w *recorder) body(release string) *body {
	b := &body{route: w.route, status: max(w.status, http.StatusOK), header: w.header, plain: slices.Clone(w.buf.Bytes())}
	b.header.Del("Content-Length")
	b.header.Set("Vary", "Accept-Encoding, Accept-Language")
	b.length = []string{strconv.Itoa(len(b.plain))}
	if b.status != http.StatusOK {
		return b
	}
	if b.header.Get("Cache-Control") == "" {
		// Kept by whoever wants, asked about each time: 304 until the next release.
		b.header.Set("Cache-Control", "public, no-cache")
	}
	// Where releases change faster than a body is made, it says itself whose it is.
	if named := b.header.Get("Bygdevekst-Release"); named != "" {
		release = named
	}
	sum := sha256.Sum256(b.plain)
	hash := base64.RawURLEncoding.EncodeToString(sum[:12])
	b.tag = `"` + release + "." + hash + `"`
	b.tagGzip = `"` + release + "." + hash + `.gz"`
	if len(b.plain) >= minGzip && compressible(b.header.Get("Content-Type")) {
		b.gz = compress(b.plain)
		b.lengthGzip = []string{strconv.Itoa(len(b.gz))}
	}
	b.tagLine, b.tagGzipLine = []string{b.tag}, []string{b.tagGzip}
	return b
}

func compressible(mediaType string) bool {
	for _, part := range []string{"text/", "json", "xml", "yaml", "javascript"} {
		if strings.Contains(mediaType, part) {
			return true
		}
	}
	return false
}

func compress(plain []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	// Writes to a buffer do not fail.
	_, _ = z.Write(plain)
	_ = z.Close()
	if buf.Len() >= len(plain) {
		return nil
	}
	return buf.Bytes()
}

var zipped = []string{"gzip"}

// send answers with the body, or with 304 where the reader has it already.
func (b *body) send(w http.ResponseWriter, r *http.Request) {
	if o, ok := w.(routed); ok {
		o.setRoute(b.route)
	}
	h := w.Header()
	maps.Copy(h, b.header)
	out, tag, length := b.plain, b.tagLine, b.length
	if b.gz != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h["Content-Encoding"] = zipped
		out, tag, length = b.gz, b.tagGzipLine, b.lengthGzip
	}
	if b.tag != "" {
		h["Etag"] = tag
		if b.known(r.Header["If-None-Match"]) {
			h.Del("Content-Encoding")
			h.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h["Content-Length"] = length
	w.WriteHeader(b.status)
	if r.Method != http.MethodHead {
		// A reader who has gone is no failure of ours.
		_, _ = w.Write(out)
	}
}

// known compares weakly, as If-None-Match does: either encoding will do, since
// both hold the same text.
func (b *body) known(lines []string) bool {
	for _, line := range lines {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == "*" || tag == b.tag || tag == b.tagGzip {
				return true
			}
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding: gzip or * is named, and not refused.
func acceptsGzip(header string) bool {
	any := false
	for item := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(item, ";")
		coding = strings.TrimSpace(coding)
		if coding != "gzip" && coding != "*" {
			continue
		}
		q, weighted := strings.CutPrefix(strings.TrimSpace(params), "q=")
		accepted := true
		if weighted {
			f, err := strconv.ParseFloat(q, 64)
			accepted = err == nil && f > 0
		}
		if coding == "gzip" {
			return accepted
		}
		any = accepted
	}
	return any
}
