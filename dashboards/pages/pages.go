// Package pages renders the service for people: html/template, bokmål and
// nynorsk, readable without JavaScript. A page is a pure function of the release
// and the address, so the server may prepare it once.
package pages

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/dashboards/static"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Options say what pages need beside the release.
type Options struct {
	// Releases lists all releases there are, newest first; only the served one
	// is shown when nil.
	Releases func() ([]cube.Info, error)
	// Downloads says that the files of a release can be had over HTTP.
	Downloads bool
	// Contact is where readers tell of barriers: an e-mail address or a web page.
	Contact string
}

// Register adds every page, and the style sheet they use.
func Register(r gin.IRouter, current served.Current, opt Options) {
	r.GET(static.Prefix+"*name", gin.WrapH(static.Handler()))
	for path, build := range map[string]func(*visit) (*page, error){
		"/":                                 frontPage,
		"/avtaler":                          agreementsPage,
		"/avtaler/:agreement":               agreementPage,
		"/avtaler/:agreement/delmal/:goal":  goalPage,
		"/avtaler/:agreement/forpliktelser": obligationsPage,
		"/avtaler/:agreement/evaluering":    evaluationPage,
		"/avtaler/:agreement/evaluering/:indicator": effectPage,
		"/kommuner":                     municipalitiesPage,
		"/kommuner/:code":               municipalityPage,
		"/kommuner/:code/sammenligning": comparisonPage,
		"/indikatorer":                  indicatorsPage,
		"/indikatorer/:indicator":       indicatorPage,
		"/metode":                       methodPage,
		"/data":                         func(v *visit) (*page, error) { return dataPage(v, opt.Downloads) },
		"/tilgjengelighet":              func(v *visit) (*page, error) { return accessibilityPage(v, opt.Contact) },
		"/utgaver":                      func(v *visit) (*page, error) { return releasesPage(v, opt.Releases) },
	} {
		r.GET(path, handle(current, build))
	}
}

// visit is one request for a page: who is asked, for what, in which language.
type visit struct {
	*served.Release
	Lang locale.Lang
	// explicit says that the address names the language; links then keep it.
	explicit bool
	path     string
	query    url.Values
	params   gin.Params
}

// page is what the layout shows. Body is the page's own data.
type page struct {
	Name        string
	Title       string
	Section     string
	Description string
	Crumbs      []crumb
	Body        any

	// Filled in by the handler.
	Lang      locale.Lang
	Info      cube.Info
	Path      string
	Other     locale.Lang
	OtherHref string
	Style     string
	Icon      string
}

type crumb struct{ Href, Text string }

func handle(current served.Current, build func(*visit) (*page, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		v := newVisit(current(), c.Request, c.Params)
		p, err := build(v)
		status := http.StatusOK
		if err != nil {
			status, p = v.failure(err)
		}
		v.write(c.Writer, status, p)
	}
}

// Fail writes the page of a failure outside every other page: what kind it is and
// what was wrong, each in the language of the page.
func Fail(w http.ResponseWriter, r *http.Request, release *served.Release, status int, title, message func(lang string) string) {
	v := newVisit(release, r, nil)
	w.Header().Set("Cache-Control", "no-store")
	v.write(w, status, &page{Name: "error", Title: title(string(v.Lang)), Body: failureBody{Message: message(string(v.Lang))}})
}

// newVisit settles the language: the parameter lang, else that of the agreement
// the page is about, else what the reader's browser asks for, else bokmål.
func newVisit(release *served.Release, r *http.Request, params gin.Params) *visit {
	v := &visit{Release: release, path: r.URL.Path, query: r.URL.Query(), params: params}
	if l, ok := locale.Match(v.query.Get("lang")); ok {
		v.Lang, v.explicit = l, true
		return v
	}
	v.Lang, _ = locale.Match(served.Preferred(r.Header.Get("Accept-Language")))
	if a := v.Catalogue.Agreement(params.ByName("agreement")); a != nil {
		if l, ok := locale.Match(a.Language); ok {
			v.Lang = l
		}
	}
	return v
}

func (v *visit) write(w http.ResponseWriter, status int, p *page) {
	p.Lang, p.Info, p.Path = v.Lang, v.Info, v.path
	p.Style, p.Icon = static.StyleSheet, static.Icon
	p.Other = locale.NN
	if v.Lang == locale.NN {
		p.Other = locale.NB
	}
	p.OtherHref = v.inLanguage(p.Other)
	var b bytes.Buffer
	if err := templates.of(v.Lang, v.explicit, p.Name).ExecuteTemplate(&b, "layout", p); err != nil {
		// The server answers a panic with a page of its own, and logs it.
		panic("pages: " + p.Name + ": " + err.Error())
	}
	w.Header().Set("Content-Language", string(v.Lang))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// A reader who has gone is no failure of ours.
	_, _ = w.Write(b.Bytes())
}

// inLanguage returns the address of this page in a language.
func (v *visit) inLanguage(l locale.Lang) string {
	q := url.Values{}
	for k, values := range v.query {
		q[k] = values
	}
	q.Set("lang", string(l))
	return v.path + "?" + readable(q)
}

// readable encodes parameters and leaves the comma of a list as it is.
func readable(q url.Values) string { return strings.ReplaceAll(q.Encode(), "%2C", ",") }

// failure makes the page that says what was not found.
func (v *visit) failure(err error) (status int, p *page) {
	status, key := http.StatusInternalServerError, "error.internal"
	switch data.ErrorCode(err) {
	case data.ENOTFOUND:
		status, key = http.StatusNotFound, "error.not-found"
	case data.EINVALID:
		status, key = http.StatusUnprocessableEntity, "error.invalid"
	}
	return status, &page{Name: "error", Title: v.t(key), Body: failureBody{Message: data.ErrorMessage(err), Next: v.successor()}}
}

// failureBody says what was wrong, and where the municipality asked for by an old
// code is now, if that is what was wrong.
type failureBody struct {
	Message string
	Next    *place
}

func (v *visit) t(key string, pairs ...any) string {
	return keepTogether(locale.Text(v.Lang, key, pairs...))
}

func (v *visit) text(t catalogue.Text) string { return keepTogether(t.In(string(v.Lang))) }

// notFound is an error in the reader's language.
func (v *visit) notFound(key string, pairs ...any) error {
	return data.Errorf(data.ENOTFOUND, "%s", v.t(key, pairs...))
}

func (v *visit) agreement() (*catalogue.Agreement, error) {
	id := v.params.ByName("agreement")
	if a := v.Catalogue.Agreement(id); a != nil {
		return a, nil
	}
	return nil, v.notFound("error.no-agreement", "id", id)
}
