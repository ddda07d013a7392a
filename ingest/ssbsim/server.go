// Package ssbsim is a PxWebApi v2 and Klass server that behaves as Statistics
// Norway's does, for tests and for demonstration without a network: every table
// of the catalogue with SSB's own codes, code lists with their differing
// prefixes, old and new municipality codes, notes, the symbols . .. and :,
// quarterly time, revisions and the recorded errors, counted out of one model
// world. Its figures are invented; a release made from them says so everywhere.
package ssbsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// MaxCells is SSB's limit on one request, counting empty cells.
const MaxCells = 800_000

// maxURL is the longest GET address that works; a longer one meets the web
// server's own 404.
const maxURL = 2100

// Options say what the simulator serves and how it misbehaves.
type Options struct {
	Regions []Region
	Seed    uint64
	Effects []Effect
	Faults  []Fault
	Log     *slog.Logger
	// PerMinute is the rate the server allows; 0 sets no limit and, as SSB's
	// own /config has done, reports 0.
	PerMinute int
	// Slow is how long the fault slow waits; three seconds when 0.
	Slow time.Duration
	// Now is the server's clock; time.Now when nil.
	Now func() time.Time
}

// Server is an http.Handler. Safe for concurrent use.
type Server struct {
	model  *Model
	tables map[string]*table
	ids    []string
	lists  map[string][]entry
	opt    Options
	mux    *http.ServeMux
	counts []atomic.Int64 // Requests seen by each fault.

	mu     sync.Mutex
	window time.Time
	used   int
}

// New runs the model and returns the server.
func New(opt Options) (*Server, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Slow == 0 {
		opt.Slow = slowFor
	}
	s := &Server{model: NewModel(opt.Regions, opt.Seed, opt.Effects), tables: map[string]*table{}, opt: opt, counts: make([]atomic.Int64, len(opt.Faults))}
	if err := s.knowsEffects(); err != nil {
		return nil, err
	}
	s.lists = s.model.regionLists()
	for _, t := range makeTables() {
		s.tables[t.id] = t
		s.ids = append(s.ids, t.id)
	}
	slices.Sort(s.ids)
	s.mux = http.NewServeMux()
	const base = "/api/pxwebapi/v2"
	s.mux.HandleFunc("GET "+base+"/config", s.config)
	s.mux.HandleFunc("GET "+base+"/tables", s.listTables)
	s.mux.HandleFunc("GET "+base+"/tables/{id}", s.oneTable)
	s.mux.HandleFunc("GET "+base+"/tables/{id}/metadata", s.metadata)
	s.mux.HandleFunc("GET "+base+"/tables/{id}/data", s.dataGet)
	s.mux.HandleFunc("POST "+base+"/tables/{id}/data", s.dataPost)
	s.mux.HandleFunc("GET "+base+"/tables/{id}/defaultselection", s.defaultSelection)
	s.mux.HandleFunc("GET "+base+"/codelists/{id}", s.codelist)
	s.klassRoutes()
	return s, nil
}

// Tables returns the ids of the tables served, sorted.
func (s *Server) Tables() []string { return slices.Clone(s.ids) }

// ServeHTTP applies the rate limit and the faults before the answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.opt.Log.Info("request", "method", r.Method, "path", r.URL.Path)
	// SSB matches paths without regard to case; ids of code lists keep theirs.
	r.URL.Path = lowerRoute(strings.TrimSuffix(r.URL.Path, "/"))
	if r.Method == http.MethodGet && len(r.RequestURI) > maxURL {
		notFoundPage(w)
		return
	}
	if !s.allowed(w) {
		w.WriteHeader(http.StatusTooManyRequests) // SSB's body is empty.
		return
	}
	if s.misbehave(w, r) {
		return
	}
	if strings.EqualFold(params(r).Get("lang"), "en") {
		w = translator{w}
	}
	s.mux.ServeHTTP(w, r)
}

// params are the query's parameters by their names in lower case, which is how
// SSB reads them; a parameter given twice is one list.
func params(r *http.Request) url.Values {
	out := url.Values{}
	for k, v := range r.URL.Query() {
		k = strings.ToLower(k)
		out.Set(k, strings.Join(append(out[k], v...), ","))
	}
	return out
}

func lowerRoute(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		if i > 0 && strings.EqualFold(parts[i-1], "codelists") {
			continue
		}
		switch l := strings.ToLower(parts[i]); l {
		case "api", "pxwebapi", "v2", "tables", "config", "metadata", "data", "defaultselection", "codelists":
			parts[i] = l
		}
	}
	return strings.Join(parts, "/")
}

func (s *Server) allowed(w http.ResponseWriter) bool {
	if s.opt.PerMinute == 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opt.Now()
	if now.Sub(s.window) >= time.Minute {
		s.window, s.used = now, 0
	}
	s.used++
	left := max(0, s.opt.PerMinute-s.used)
	h := w.Header()
	h.Set("x-ratelimit-limit", strconv.Itoa(s.opt.PerMinute))
	h.Set("x-ratelimit-policy", strconv.Itoa(s.opt.PerMinute)+";w=60s")
	h.Set("x-ratelimit-remaining", strconv.Itoa(left))
	h.Set("x-ratelimit-resource", "SB_API_1MIN")
	return s.used <= s.opt.PerMinute
}

func notFoundPage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, iisPage)
}

// iisPage is the page the host in front of SSB's API gives for an address it
// finds too long: its first 500 bytes are as recorded, the rest was not kept.
const iisPage = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\r\n<html xmlns=\"http://www.w3.org/1999/xhtml\">\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\"/>\r\n<title>404 - File or directory not found.</title>\r\n<style type=\"text/css\">\r\n<!--\r\nbody{margin:0;font-size:.7em;font-family:Verdana, Arial, Helvetica, sans-serif;background:#EEEEEE;}\r\nfieldset{padding:0 15px 10px 15px;} \r\nh1{font-size:2.4em;margin:0;color:#FFF;}\r\n-->\r\n</style>\r\n</head>\r\n<body>\r\n<div id=\"header\"><h1>Server Error</h1></div>\r\n<h2>404 - File or directory not found.</h2>\r\n</body>\r\n</html>\r\n"

func (p *problem) write(w http.ResponseWriter) {
	if p.title == "" {
		w.WriteHeader(p.http)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(p.http)
	detail := ""
	if p.detailed {
		detail = fmt.Sprintf(`,"detail":%q`, p.title)
	}
	fmt.Fprintf(w, `{"type":"Parameter error","title":%q,"status":%d%s}`, p.title, p.status, detail)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	// An error here is the client's hanging up: there is nobody to tell.
	_ = enc.Encode(v)
}

func (s *Server) config(w http.ResponseWriter, _ *http.Request) {
	window := 0
	if s.opt.PerMinute > 0 {
		window = 60
	}
	reply(w, object{
		{"apiVersion", "2.3.2"},
		{"appVersion", "2.5.0+simulator"},
		{"languages", []object{{{"id", "no"}, {"label", "Norsk"}}, {{"id", "en"}, {"label", "English"}}}},
		{"defaultLanguage", "no"},
		{"maxDataCells", MaxCells},
		{"maxCallsPerTimeWindow", s.opt.PerMinute},
		{"timeWindow", window},
		{"license", "https://www.ssb.no/en/diverse/lisens"},
		{"sourceReferences", []object{{{"language", "en"}, {"text", "Source: simulated figures, not Statistics Norway"}}, {{"language", "no"}, {"text", "Kilde: simulerte tall, ikke Statistisk sentralbyrå"}}}},
		{"defaultDataFormat", "json-stat2"},
		{"dataFormats", []string{"json-stat2"}}, // SSB has six more; what is not served is not offered.
		{"features", []object{{{"id", "CORS"}, {"params", []object{{{"key", "enabled"}, {"value", "True"}}}}}}},
	})
}

// updated is when the table's newest figures came out, 08:00 in Oslo.
func (s *Server) updated(t *table) time.Time {
	last := t.last
	if t.projection {
		last = lastYear - 1
		if t.first < lastYear {
			last = t.first - 1
		}
	} else if last == lastYear {
		last-- // The newest figures are of 1 January.
	}
	d := time.Date(last+1, time.Month(1+t.lag), 20, 7, 0, 0, 0, time.UTC)
	if m := d.Month(); m >= time.April && m <= time.October {
		d = d.Add(-time.Hour)
	}
	return d.Add(s.revisedBy())
}

func (s *Server) table(w http.ResponseWriter, r *http.Request, missing *problem) *table {
	t := s.tables[strings.ToUpper(r.PathValue("id"))]
	if t == nil {
		missing.write(w)
	}
	return t
}

func (t *table) names() []string {
	var out []string
	for _, a := range t.order() {
		switch a {
		case t.region, t.regionTo:
			out = append(out, strings.ToLower(regionLabel(a)))
		case "Tid":
			out = append(out, t.timeLabel())
		default:
			out = append(out, t.dim(a).label)
		}
	}
	return out
}

func regionLabel(id string) string {
	switch id {
	case "TilflyttRegion":
		return "tilflyttingsregion"
	case "Fraflyttingsregion":
		return "fraflyttingsregion"
	case "ArbstedKomm":
		return "arbeidsstedskommune"
	case "Bokommuen":
		return "bostedskommune"
	default:
		return "region"
	}
}

func (t *table) timeLabel() string {
	if t.quarterly {
		return "kvartal"
	}
	return "år"
}

func (t *table) dim(id string) *dimension {
	for i := range t.dims {
		if t.dims[i].id == id {
			return &t.dims[i]
		}
	}
	return nil
}

// order is the variables in SSB's order: region(s), the others, contents, time.
func (t *table) order() []string {
	out := []string{}
	if t.regionTo != "" {
		out = append(out, t.regionTo)
	}
	out = append(out, t.region)
	for _, d := range t.dims {
		out = append(out, d.id)
	}
	return append(out, "Tid")
}

func (t *table) label() string {
	n := t.names()
	return t.id + ": " + t.title + ", etter " + strings.Join(n[:len(n)-1], ", ") + " og " + n[len(n)-1]
}

func (s *Server) tableObject(t *table) object {
	p := t.periods()
	unit := "Annual"
	if t.quarterly {
		unit = "Quarterly"
	}
	self := "/api/pxwebapi/v2/tables/" + t.id
	description := ""
	if s.discontinued(t) {
		description = "Tabellen er avsluttet og erstattet av tabell " + endedSuccessor + "."
	}
	return object{
		{"id", t.id},
		{"label", t.label()},
		{"description", description},
		{"sortCode", t.id},
		{"updated", s.updated(t).Format(time.RFC3339)},
		{"firstPeriod", p[0].code},
		{"lastPeriod", p[len(p)-1].code},
		{"category", "public"},
		{"variableNames", t.names()},
		{"discontinued", s.discontinued(t)},
		{"source", "Simulerte tall – ikke SSB"},
		{"subjectCode", t.subject},
		{"timeUnit", unit},
		{"paths", [][]object{{{{"id", t.subject}, {"label", t.subject}, {"sortCode", t.subject}}}}},
		{"links", []object{
			{{"rel", "self"}, {"hreflang", "no"}, {"href", self + "?lang=no"}},
			{{"rel", "metadata"}, {"hreflang", "no"}, {"href", self + "/metadata?lang=no"}},
			{{"rel", "data"}, {"hreflang", "no"}, {"href", self + "/data?lang=no&outputFormat=json-stat2"}},
		}},
	}
}

func (s *Server) listTables(w http.ResponseWriter, r *http.Request) {
	q := params(r)
	page, size := atoi(q.Get("pagenumber"), 1), atoi(q.Get("pagesize"), 20)
	if size < 1 || size > maxPage {
		noPage.write(w)
		return
	}
	since := time.Time{}
	if days := atoi(q.Get("pastdays"), 0); days > 0 {
		since = s.opt.Now().AddDate(0, 0, -min(days, 1e6))
	}
	var hits []*table
	for _, id := range s.ids {
		t := s.tables[id]
		if matches(t, q.Get("query")) && (strings.EqualFold(q.Get("includediscontinued"), "true") || !s.discontinued(t)) && !s.updated(t).Before(since) {
			hits = append(hits, t)
		}
	}
	pages := max(1, (len(hits)+size-1)/size)
	if page < 1 || page > pages {
		noPage.write(w)
		return
	}
	list := []object{}
	for _, t := range hits[(page-1)*size : min(len(hits), page*size)] {
		list = append(list, s.tableObject(t))
	}
	reply(w, object{
		{"language", "no"},
		{"tables", list},
		{"page", object{{"pageNumber", page}, {"pageSize", size}, {"totalElements", len(hits)}, {"totalPages", pages}, {"links", []object{}}}},
		{"links", []object{{{"rel", "self"}, {"hreflang", "no"}, {"href", fmt.Sprintf("/api/pxwebapi/v2/tables/?lang=no&pagesize=%d&pageNumber=%d", size, page)}}}},
	})
}

// matches is a plain reading of the search: every word must be in the label, or
// every word of one side of an OR. Fields, quotes and stars are read over.
func matches(t *table, query string) bool {
	label := strings.ToLower(t.label())
	return slices.ContainsFunc(strings.Split(query, " OR "), func(side string) bool {
		for _, word := range strings.Fields(strings.NewReplacer("(", " ", ")", " ", `"`, " ", "*", "", " AND ", " ").Replace(side)) {
			if _, rest, ok := strings.Cut(word, ":"); ok {
				word = rest
			}
			if !strings.Contains(label, strings.ToLower(word)) {
				return false
			}
		}
		return true
	})
}

// maxPage is more tables than there are.
const maxPage = 100_000

func atoi(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return otherwise
	}
	return n
}

func (s *Server) oneTable(w http.ResponseWriter, r *http.Request) {
	if t := s.table(w, r, noTable404); t != nil {
		reply(w, append(object{{"language", "no"}}, s.tableObject(t)...))
	}
}

func (s *Server) codelist(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if list, ok := s.lists[id]; ok && id != kostraRegion {
		values := make([]object, len(list))
		for i, e := range list {
			values[i] = object{{"code", e.code}, {"label", e.label}, {"valueMap", e.members}}
		}
		reply(w, codelistObject(id, listLabels[id], values))
		return
	}
	for _, tid := range s.ids {
		for _, d := range s.tables[tid].dims {
			if d.list == id && id != "" {
				values := make([]object, len(d.codes))
				for i, c := range d.codes {
					values[i] = object{{"code", c.code}, {"label", c.label}, {"valueMap", []string{c.code}}}
				}
				reply(w, codelistObject(id, d.label, values))
				return
			}
		}
	}
	noCodelist404.write(w)
}

func listType(id string) string {
	if strings.HasPrefix(id, "agg_") {
		return "Aggregation"
	}
	return "Valueset"
}

func codelistObject(id, label string, values []object) object {
	return object{
		{"id", id},
		{"label", label},
		{"language", "no"},
		{"languages", []string{"no", "en"}},
		{"elimination", false},
		{"type", listType(id)},
		{"values", values},
		{"links", []object{{{"rel", "self"}, {"hreflang", "no"}, {"href", "/api/pxwebapi/v2/codeLists/" + id + "?lang=no"}}}},
	}
}

// selection is one variable's part of a request.
type selection struct {
	VariableCode string   `json:"variableCode"`
	Codelist     string   `json:"codelist"`
	ValueCodes   []string `json:"valueCodes"`
}

func (s *Server) dataGet(w http.ResponseWriter, r *http.Request) {
	byVariable := map[string]*selection{}
	var sel []*selection
	variable := func(name string) *selection {
		v := byVariable[strings.ToLower(name)]
		if v == nil {
			v = &selection{VariableCode: name}
			byVariable[strings.ToLower(name)] = v
			sel = append(sel, v)
		}
		return v
	}
	q := params(r)
	for _, k := range slices.Sorted(maps.Keys(q)) {
		name, arg, ok := strings.Cut(strings.TrimSuffix(k, "]"), "[")
		switch {
		case ok && name == "valuecodes":
			variable(arg).ValueCodes = splitCodes(q.Get(k))
		case ok && name == "codelist":
			variable(arg).Codelist = q.Get(k)
		}
	}
	placed := slices.Concat(splitList(q.Get("heading")), splitList(q.Get("stub")))
	s.answer(w, r, sel, placed)
}

func splitList(v string) []string {
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

// splitCodes splits on commas outside brackets and parentheses.
func splitCodes(v string) []string {
	var out []string
	depth, start := 0, 0
	for i, c := range v {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, v[start:i])
				start = i + 1
			}
		}
	}
	return append(out, v[start:])
}

func (s *Server) dataPost(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Selection []selection `json:"selection"`
		Placement struct {
			Heading []string `json:"heading"`
			Stub    []string `json:"stub"`
		} `json:"placement"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<20)).Decode(&body); err != nil {
		badExpression.write(w)
		return
	}
	sel := make([]*selection, len(body.Selection))
	for i := range body.Selection {
		sel[i] = &body.Selection[i]
	}
	s.answer(w, r, sel, slices.Concat(body.Placement.Heading, body.Placement.Stub))
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, sel []*selection, placed []string) {
	t := s.table(w, r, noTable)
	if t == nil {
		return
	}
	q := params(r)
	if f := cmp.Or(q.Get("outputformat"), "json-stat2"); !strings.EqualFold(f, "json-stat2") || strings.Contains(strings.ToLower(q.Get("outputformatparams")), "excludezeros") {
		badFormat.write(w)
		return
	}
	if len(sel) == 0 {
		sel = s.usual(t)
	}
	x, p := s.extract(t, sel)
	if p == nil && !x.places(placed) {
		p = badPlacement
	}
	if p != nil {
		p.write(w)
		return
	}
	s.writeData(w, x)
}

// usual is what is given when nothing is selected: every region's newest figure
// of the first content, and the first value of what else must be chosen. SSB's
// own choice differs by table and is not known.
func (s *Server) usual(t *table) []*selection {
	var out []*selection
	for _, id := range t.order() {
		v := &selection{VariableCode: id}
		switch d := t.dim(id); {
		case d == nil && id == "Tid":
			v.ValueCodes = []string{"top(1)"}
		case d == nil:
			v.ValueCodes = []string{"*"}
		case !d.eliminable:
			v.ValueCodes = []string{d.codes[0].code}
		default:
			continue
		}
		out = append(out, v)
	}
	return out
}

func (s *Server) defaultSelection(w http.ResponseWriter, r *http.Request) {
	t := s.table(w, r, noTable404)
	if t == nil {
		return
	}
	ids, sel := []string{}, []object{}
	for _, v := range s.usual(t) {
		ids = append(ids, v.VariableCode)
		sel = append(sel, object{{"variableCode", v.VariableCode}, {"codelist", nil}, {"valueCodes", v.ValueCodes}})
	}
	reply(w, object{
		{"language", "no"},
		{"selection", sel},
		{"placement", object{{"heading", ids[len(ids)-1:]}, {"stub", ids[:len(ids)-1]}}},
		{"links", []object{{{"rel", "self"}, {"hreflang", "no"}, {"href", "/api/pxwebapi/v2/tables/" + t.id + "/defaultselection?lang=no"}}}},
	})
}
