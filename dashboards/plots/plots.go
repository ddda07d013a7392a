package plots

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/api"
	"github.com/bygdevekst/bygdevekst/dashboards/chart"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data"
)

// Prefix is the path all charts are served under.
const Prefix = "/charts/"

// Register adds the charts to a router. Errors are answered as problem+json: 404
// for an unknown indicator, municipality, agreement or chart and for one without
// figures, 422 for a bad parameter.
func Register(r gin.IRouter, current served.Current) {
	get := func(path string, allowed []string, draw func(*view, url.Values, gin.Params) (*chart.Drawing, error)) {
		r.GET(path, func(c *gin.Context) {
			v := &view{Release: current(), lang: language(c.Request), small: c.Query("size") == "small"}
			if err := v.answer(c, allowed, draw); err != nil {
				v.fail(c, err)
			}
		})
	}
	get(Prefix+":name", []string{"municipality", "window", "from", "to"}, (*view).indicatorChart)
	get(Prefix+"attainment/:name", []string{"agreement", "measure"}, (*view).attainmentChart)
	get(Prefix+"effects/:indicator/:name", []string{"agreement", "municipality", "method"}, (*view).effectChart)
}

// language is the one asked for, else that of the page a picture stands on: pages
// are in Norwegian whatever a browser prefers, so English must be asked for.
func language(r *http.Request) locale.Lang {
	l := served.Language(r)
	if l == served.EN && r.URL.Query().Get("lang") != served.EN {
		return locale.NB
	}
	return locale.Lang(l)
}

// formats are the forms a chart is served in.
var formats = map[string]struct {
	media string
	write func(*chart.Drawing) ([]byte, error)
}{
	"svg": {"image/svg+xml; charset=utf-8", func(d *chart.Drawing) ([]byte, error) { return d.SVG(), nil }},
	"png": {"image/png", (*chart.Drawing).PNG},
	"pdf": {"application/pdf", (*chart.Drawing).PDF},
}

// view is one request: the release it is answered from, the language, and whether
// the picture is for a narrow screen.
type view struct {
	*served.Release
	lang  locale.Lang
	small bool
}

func (v *view) t(key string, pairs ...any) string { return locale.Text(v.lang, key, pairs...) }

// answer draws the chart named by the last part of the path.
func (v *view) answer(c *gin.Context, allowed []string, draw func(*view, url.Values, gin.Params) (*chart.Drawing, error)) error {
	name, ext, _ := cutLast(c.Param("name"))
	format, ok := formats[ext]
	if !ok {
		return v.notFound("chart.error.extension", "id", c.Param("name"))
	}
	query := c.Request.URL.Query()
	if err := v.known(query, allowed); err != nil {
		return err
	}
	params := slices.Clone(c.Params)
	for i := range params {
		if params[i].Key == "name" {
			params[i].Value = name
		}
	}
	d, err := draw(v, query, params)
	if err != nil {
		return err
	}
	body, err := format.write(d)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Language", string(v.lang))
	h.Set("Content-Disposition", `inline; filename="`+filename(params, query)+"."+ext+`"`)
	h.Set("Bygdevekst-Release", v.Info.ID)
	h.Set("Bygdevekst-Kind", string(v.Info.Kind))
	c.Data(http.StatusOK, format.media, body)
	return nil
}

func cutLast(name string) (base, ext string, found bool) {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i], name[i+1:], true
	}
	return name, "", false
}

// known refuses a parameter the chart does not have: a misspelt one would
// otherwise give another chart than was meant.
func (v *view) known(query url.Values, allowed []string) error {
	all := append(slices.Clone(allowed), "size", "lang")
	for _, name := range sortedKeys(query) {
		if !slices.Contains(all, name) {
			return v.invalid("chart.error.parameter", "name", name, "known", strings.Join(all, ", "))
		}
	}
	if lang := query.Get("lang"); query.Has("lang") && lang != served.NB && lang != served.NN && lang != served.EN {
		return v.badValue("lang", lang, "nb, nn, en")
	}
	if size := query.Get("size"); size != "" && size != "small" {
		return v.badValue("size", size, "small")
	}
	return nil
}

func sortedKeys(query url.Values) []string {
	keys := make([]string, 0, len(query))
	for k := range query {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// filename is what a browser saves the picture as.
func filename(params gin.Params, query url.Values) string {
	var parts []string
	for _, p := range params {
		parts = append(parts, p.Value)
	}
	for _, name := range []string{"agreement", "municipality", "measure", "window", "size"} {
		if s := query.Get(name); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.Join(parts, "-"))
}

func (v *view) notFound(key string, pairs ...any) error {
	return data.Errorf(data.ENOTFOUND, "%s", v.t(key, pairs...))
}

func (v *view) invalid(key string, pairs ...any) error {
	return data.Errorf(data.EINVALID, "%s", v.t(key, pairs...))
}

func (v *view) badValue(name, value, want string) error {
	return v.invalid("chart.error.value", "name", name, "value", value, "want", want)
}

var statuses = map[string]int{
	data.ENOTFOUND: http.StatusNotFound,
	data.EINVALID:  http.StatusUnprocessableEntity,
}

// fail answers with a problem. What is not the reader's doing is told without its
// innards, and reported to gin for the server's log.
func (v *view) fail(c *gin.Context, err error) {
	var p *api.Problem
	if !errors.As(err, &p) {
		status, ok := statuses[data.ErrorCode(err)]
		if !ok {
			status = http.StatusInternalServerError
			_ = c.Error(err)
		}
		p = api.NewProblem(status, string(v.lang), data.ErrorMessage(err))
	}
	p.Write(c.Writer, c.Request)
}
