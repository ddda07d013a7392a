// Package api is the machine interface of a release: JSON under /api/v1, its
// OpenAPI 3.1 description and its documentation. Every answer names the release
// it is from; what is missing is null beside its reason, never zero.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Options are what the API needs beside the release.
type Options struct {
	// Version is the version of the program.
	Version string
	// Releases lists all releases; only the served one is known when nil.
	Releases func() ([]cube.Info, error)
}

// Base is the path of the first version of the API.
const Base = DocsPath + "/v1"

func init() {
	// An empty list is [], never null.
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return translated(served.NB, status, msg, errs)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return translated(languageOf(c), status, msg, errs)
	}
}

func languageOf(c huma.Context) string {
	u := c.URL()
	return served.Language(&http.Request{URL: &u, Header: http.Header{"Accept-Language": {c.Header("Accept-Language")}}})
}

// API is the registered API.
type API struct {
	huma    huma.API
	current served.Current
	opt     Options
	texts   []documented
}

// documented is an operation with its texts in every language.
type documented struct {
	op   *huma.Operation
	text operationText
}

// Register adds the API, its description and its documentation to a router.
func Register(r *gin.Engine, current served.Current, opt Options) error {
	_, err := register(r, current, opt)
	return err
}

func register(r *gin.Engine, current served.Current, opt Options) (*API, error) {
	if opt.Releases == nil {
		opt.Releases = func() ([]cube.Info, error) { return []cube.Info{current().Info}, nil }
	}
	cfg := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Bygdevekst", Version: "1", Description: description.EN,
				License: &huma.License{Name: "Figures: CC BY 4.0, Statistics Norway and the sources named", URL: "https://creativecommons.org/licenses/by/4.0/"},
			},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
		},
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		Transformers:                 []huma.Transformer{complete},
		RejectUnknownQueryParameters: true,
	}
	a := &API{huma: humagin.New(r, cfg), current: current, opt: opt}
	a.agreements()
	a.indicators()
	a.municipalities()
	a.values()
	a.comparisonGroups()
	a.attainment()
	a.outlook()
	a.releases()
	a.tables()
	a.evaluations()
	a.adHoc()
	return a, a.describe(r)
}

var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	},
	Unmarshal: json.Unmarshal,
}

// About is the parameter every operation has.
type About struct {
	Lang           string `query:"lang" enum:"nb,nn,en" doc:"Language of titles and problem texts. Without it the best of Accept-Language, else nb."`
	AcceptLanguage string `header:"Accept-Language" doc:"Used when lang is not given: nb, nn or en."`
}

func (p About) about() About { return p }

// Head is what every answer says in its headers.
type Head struct {
	Release  string   `header:"Bygdevekst-Release" doc:"The release the answer is from."`
	Kind     string   `header:"Bygdevekst-Kind" doc:"Where its figures are from: recorded, live or simulated."`
	Language string   `header:"Content-Language" doc:"Language of titles."`
	Cache    string   `header:"Cache-Control" doc:"How long it may be kept without asking."`
	Links    []string `header:"Link" doc:"Where to go next (RFC 8288)."`
}

// Envelope is what every body begins with.
type Envelope struct {
	Release string    `json:"release" doc:"Id of the release the answer is from."`
	Kind    data.Kind `json:"kind" enum:"recorded,live,simulated" doc:"Where the figures of the release are from."`
	Notice  string    `json:"notice,omitempty" doc:"Set when the figures are simulated, and says so."`
}

// call is one request: the release it is answered from and its language.
type call struct {
	*served.Release
	context.Context
	lang string
	head Head
}

func (c *call) envelope() Envelope {
	return Envelope{Release: c.Info.ID, Kind: c.Info.Kind, Notice: c.notice()}
}

func (c *call) notice() string {
	if c.Info.Kind != data.Simulated {
		return ""
	}
	return simulated.In(c.lang)
}

// link says where to go next.
func (c *call) link(rel, target string) {
	c.head.Links = append(c.head.Links, fmt.Sprintf("<%s>; rel=%q", target, rel))
}

// problem is a problem with a text and what goes into it.
func (c *call) problem(status int, text catalogue.Text, args ...any) error {
	return NewProblem(status, c.lang, fmt.Sprintf(text.In(c.lang), args...))
}

func (c *call) notFound(text catalogue.Text, args ...any) error {
	return c.problem(http.StatusNotFound, text, args...)
}

// answered is a body with the headers.
type answered[B any] struct {
	Head
	Body B
}

// statuses are the ways any reading may fail.
var statuses = []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}

func (a *API) operation(id, path string, text operationText) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: Base + path, Tags: []string{text.tag},
		Summary: text.summary.EN, Description: text.detail.EN, Errors: slices.Clone(statuses),
		Responses: map[string]*huma.Response{"304": {Description: "The reader has it already: If-None-Match names this answer."}},
	}
	return op
}

// add registers a reading: fn answers from the release that is served.
func add[I interface{ about() About }, B any](a *API, id, path string, fn func(*call, *I) (B, error)) {
	text := operations[id]
	op := a.operation(id, path, text)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*answered[B], error) {
		c := a.begin(ctx, (*in).about())
		body, err := fn(c, in)
		if err != nil {
			return nil, err
		}
		return &answered[B]{c.head, body}, nil
	})
	a.texts = append(a.texts, documented{find(a.huma.OpenAPI(), op.Path, op.Method), text})
}

func (a *API) begin(ctx context.Context, p About) *call {
	c := &call{Release: a.current(), Context: ctx, lang: p.Lang}
	if c.lang == "" {
		c.lang = served.Preferred(p.AcceptLanguage)
	}
	c.head = Head{Release: c.Info.ID, Kind: string(c.Info.Kind), Language: c.lang}
	c.link("service-desc", "/openapi.json")
	c.link("license", "https://creativecommons.org/licenses/by/4.0/")
	return c
}

func find(spec *huma.OpenAPI, path, method string) *huma.Operation {
	item := spec.Paths[path]
	if method == http.MethodPost {
		return item.Post
	}
	return item.Get
}

// describe serves the description, made once, and the documentation.
func (a *API) describe(r gin.IRouter) error {
	asJSON, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return data.Errorf(data.EINTERNAL, "api: description: %w", err)
	}
	asYAML, err := a.huma.OpenAPI().YAML()
	if err != nil {
		return data.Errorf(data.EINTERNAL, "api: description: %w", err)
	}
	for path, f := range map[string]struct {
		kind string
		body []byte
	}{
		"/openapi.json": {"application/openapi+json;version=3.1", append(asJSON, '\n')},
		"/openapi.yaml": {"application/openapi+yaml;version=3.1", asYAML},
	} {
		r.GET(path, func(c *gin.Context) { c.Data(http.StatusOK, f.kind, f.body) })
	}
	return a.document(r)
}

// translated makes huma's findings a problem in the reader's language.
func translated(lang string, status int, msg string, errs []error) *Problem {
	var lines []string
	var fields []FieldError
	for _, err := range errs {
		if err == nil {
			continue
		}
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			d = &huma.ErrorDetail{Message: err.Error()}
		}
		f := FieldError{Location: d.Location, Message: finding(lang, d.Message)}
		if d.Value != nil {
			f.Value = valueText(d.Value)
		}
		fields = append(fields, f)
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(d.Location, "query."), "body.")+": "+f.Message)
	}
	switch {
	case status >= 500:
		// What went wrong inside is no concern of the reader's.
		return NewProblem(status, lang, "Internal error.")
	case len(lines) == 0:
		return NewProblem(status, lang, finding(lang, msg))
	}
	slices.Sort(lines)
	p := NewProblem(status, lang, fmt.Sprintf(seeDocs.In(lang), strings.Join(lines, "; ")))
	p.Errors = fields
	return p
}

// valueText shows a value that was refused, cut so that an answer stays small.
func valueText(v any) string {
	var buf bytes.Buffer
	fmt.Fprint(&buf, v)
	const most = 100
	if buf.Len() > most {
		return strings.ToValidUTF8(buf.String()[:most], "") + "…"
	}
	return buf.String()
}
