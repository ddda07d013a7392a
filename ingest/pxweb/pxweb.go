// Package pxweb is a client for PxWebApi v2 as Statistics Norway runs it.
//
// What an answer means is decided by status and body together: /data for a
// table that does not exist is 400 with 404 in the body, too many cells is 400
// here and 403 in the specification, and a 404 that is not JSON comes from the
// web server in front, for an address that is too long.
//
// API: https://www.ssb.no/api/pxwebapiv2 and PxTools/PxApiSpecs, version 2.0.
package pxweb

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/ingest/fetch"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
)

// DefaultMaxCells is SSB's limit on a request, used until /config has said one.
const DefaultMaxCells = 800_000

// Client asks one PxWebApi v2 server. It is not changed after Config.
type Client struct {
	http     *fetch.Client
	base     string
	maxCells int
}

// New returns a client for the API at base, as in
// https://data.ssb.no/api/pxwebapi/v2.
func New(http *fetch.Client, base string) *Client {
	return &Client{http: http, base: strings.TrimSuffix(base, "/"), maxCells: DefaultMaxCells}
}

// MaxCells is the most cells one request may ask for.
func (c *Client) MaxCells() int { return c.maxCells }

// Raw is a body as received with the request that gave it.
type Raw struct {
	Request fetch.Request
	*fetch.Answer
}

// Config is what a server says of itself.
type Config struct {
	APIVersion            string `json:"apiVersion"`
	AppVersion            string `json:"appVersion"`
	MaxDataCells          int    `json:"maxDataCells"`
	MaxCallsPerTimeWindow int    `json:"maxCallsPerTimeWindow"`
	TimeWindow            int    `json:"timeWindow"`
	License               string `json:"license"`
	DefaultLanguage       string `json:"defaultLanguage"`
	SourceReferences      []struct {
		Language string `json:"language"`
		Text     string `json:"text"`
	} `json:"sourceReferences"`
	DataFormats []string `json:"dataFormats"`
}

// Config reads /config and takes its limits: cells in a request, and requests in
// a window, where 0 means that nothing is announced and not that there is no limit.
func (c *Client) Config(ctx context.Context) (Config, Raw, error) {
	var v Config
	raw, err := c.get(ctx, "/config", nil, object(&v))
	if err != nil {
		return v, raw, err
	}
	if v.MaxDataCells > 0 {
		c.maxCells = v.MaxDataCells
	}
	c.http.Limit(v.MaxCallsPerTimeWindow, v.TimeWindow)
	return v, raw, nil
}

// Table describes a table.
type Table struct {
	ID            string   `json:"id"`
	Label         string   `json:"label"`
	Description   string   `json:"description"`
	Updated       string   `json:"updated"`
	FirstPeriod   string   `json:"firstPeriod"`
	LastPeriod    string   `json:"lastPeriod"`
	TimeUnit      string   `json:"timeUnit"`
	VariableNames []string `json:"variableNames"`
	Source        string   `json:"source"`
	SubjectCode   string   `json:"subjectCode"`
	Discontinued  bool     `json:"discontinued"`
}

// UpdatedTime is Updated as a time; ok is false where it is not one or lies
// before there were such tables.
func (t Table) UpdatedTime() (at time.Time, ok bool) {
	at, err := time.Parse(time.RFC3339, t.Updated)
	return at, err == nil && at.Year() >= 1980
}

// Table reads /tables/{id}; ENOTFOUND when there is no such table.
func (c *Client) Table(ctx context.Context, id string) (Table, Raw, error) {
	var v Table
	raw, err := c.get(ctx, "/tables/"+url.PathEscape(id), nil, object(&v))
	return v, raw, named(err, "table "+id)
}

// Tables searches /tables and follows its pages; discontinued includes tables
// that have ended.
func (c *Client) Tables(ctx context.Context, query string, discontinued bool) ([]Table, error) {
	var out []Table
	for page, pages := 1, 1; page <= pages; page++ {
		var v struct {
			Tables []Table `json:"tables"`
			Page   struct {
				TotalPages int `json:"totalPages"`
			} `json:"page"`
		}
		q := url.Values{"query": {query}, "pageNumber": {strconv.Itoa(page)}, "pageSize": {"100"}}
		if discontinued {
			q.Set("includeDiscontinued", "true")
		}
		if _, err := c.get(ctx, "/tables", q, object(&v)); err != nil {
			return nil, err
		}
		out = append(out, v.Tables...)
		pages = v.Page.TotalPages
	}
	return out, nil
}

// Metadata reads /tables/{id}/metadata: every code of every dimension, and the
// code lists there are.
func (c *Client) Metadata(ctx context.Context, id string) (*jsonstat.Dataset, Raw, error) {
	var v *jsonstat.Dataset
	raw, err := c.get(ctx, "/tables/"+url.PathEscape(id)+"/metadata", nil, dataset(&v))
	return v, raw, named(err, "table "+id)
}

// Codelist is a code list: for each code the codes of the dimension it stands for.
type Codelist struct {
	ID     string  `json:"id"`
	Label  string  `json:"label"`
	Type   string  `json:"type"`
	Values []Value `json:"values"`
}

// Value is one code of a list. Members are the codes it stands for.
type Value struct {
	Code    string   `json:"code"`
	Label   string   `json:"label"`
	Members []string `json:"valueMap"`
}

// Codelist reads /codelists/{id}; ENOTFOUND when there is no such list. Ids are
// case-sensitive.
func (c *Client) Codelist(ctx context.Context, id string) (Codelist, Raw, error) {
	var v Codelist
	raw, err := c.get(ctx, "/codelists/"+url.PathEscape(id), nil, object(&v))
	return v, raw, named(err, "code list "+id)
}

// Variable is what is asked of one dimension.
type Variable struct {
	Code     string   `json:"variableCode"`
	Codelist string   `json:"codelist,omitempty"`
	Values   []string `json:"valueCodes"`
}

// Selection is what is asked of a table; a dimension that can be eliminated may
// be left out.
type Selection []Variable

// Cells is how many cells a selection of explicit codes asks for. It stops
// counting at the largest int.
func (s Selection) Cells() int {
	n := 1
	for _, v := range s {
		if len(v.Values) > 0 && n > maxInt/len(v.Values) {
			return maxInt
		}
		n *= len(v.Values)
	}
	return n
}

const maxInt = int(^uint(0) >> 1)

// DataRequest is the POST for a selection.
func (c *Client) DataRequest(id string, sel Selection) (fetch.Request, error) {
	body, err := json.Marshal(struct {
		Selection Selection `json:"selection"`
	}{sel})
	if err != nil {
		return fetch.Request{}, data.Errorf(data.EINTERNAL, "table %s: encode the selection: %w", id, err)
	}
	return fetch.Request{URL: c.base + "/tables/" + url.PathEscape(id) + "/data?lang=no&outputFormat=json-stat2", Body: body}, nil
}

// Data sends a request made by DataRequest. A body that cannot be read is tried
// again, and returned beside the error at last.
func (c *Client) Data(ctx context.Context, id string, req fetch.Request) (*jsonstat.Dataset, Raw, error) {
	var v *jsonstat.Dataset
	ans, err := c.http.Do(ctx, req, judge(req, dataset(&v)))
	return v, Raw{req, ans}, named(err, "table "+id)
}

func (c *Client) get(ctx context.Context, path string, q url.Values, read func([]byte) error) (Raw, error) {
	if q == nil {
		q = url.Values{}
	}
	if path != "/config" {
		q.Set("lang", "no")
	}
	req := fetch.Request{URL: c.base + path}
	if len(q) > 0 {
		req.URL += "?" + q.Encode()
	}
	ans, err := c.http.Do(ctx, req, judge(req, read))
	return Raw{req, ans}, err
}

func object(v any) func([]byte) error {
	return func(body []byte) error { return json.Unmarshal(body, v) }
}

func dataset(v **jsonstat.Dataset) func([]byte) error {
	return func(body []byte) error {
		d, err := jsonstat.Decode(body, jsonstat.Options{MaxCells: 4 * DefaultMaxCells})
		*v = d
		return err
	}
}

// longURL is where addresses begin to fail: 2,092 characters have been seen to
// work and 2,142 not.
const longURL = 2092

// problem is SSB's error body.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// judge says what an answer means.
func judge(req fetch.Request, read func([]byte) error) func(*fetch.Answer) error {
	return func(a *fetch.Answer) error {
		if a.Status == http.StatusOK {
			if err := read(a.Body); err != nil {
				// Half a body, or one that is not what it says: the next may be whole.
				return fetch.Again(data.Errorf(data.EINVALID, "the answer cannot be read: %w", err))
			}
			return nil
		}
		var p problem
		if err := json.Unmarshal(a.Body, &p); err != nil || p.Title == "" {
			return notTheAPI(req, a)
		}
		return p.meaning(a.Status)
	}
}

// notTheAPI says what an error without SSB's body means: it comes from what
// stands in front of the API and says nothing of the table.
func notTheAPI(req fetch.Request, a *fetch.Answer) error {
	switch {
	case a.Status == http.StatusNotFound && len(req.URL) > longURL:
		return data.Errorf(data.EINVALID, "the address is too long (%d characters): the web server in front of the API answers 404 with a page of its own; ask by POST", len(req.URL))
	case a.Status == http.StatusNotFound:
		return fetch.Again(data.Errorf(data.EUNAVAILABLE, "the web server in front of the API answered 404 with a page of its own: this says nothing of the table"))
	case a.Status == http.StatusForbidden:
		return data.Errorf(data.EINVALID, "403: too many cells in one request, or no access")
	default:
		return data.Errorf(data.EUNAVAILABLE, "answered %d: %s", a.Status, fetch.Excerpt(a.Body))
	}
}

func (p problem) meaning(status int) error {
	detail := ""
	if p.Detail != "" {
		detail = ": " + p.Detail
	}
	switch {
	case p.Status == http.StatusNotFound || status == http.StatusNotFound:
		return data.Errorf(data.ENOTFOUND, "%s%s", p.Title, detail)
	case p.Title == "Too many cells selected":
		return data.Errorf(data.EINVALID, "too many cells in one request%s", detail)
	default:
		return data.Errorf(data.EINVALID, "the request was refused (%d): %s%s", status, p.Title, detail)
	}
}

// named puts what was asked for before an error, and keeps its code.
func named(err error, what string) error {
	if err == nil {
		return nil
	}
	return data.Errorf(data.ErrorCode(err), "%s: %w", what, err)
}
