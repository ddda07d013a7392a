package pages

import (
	"embed"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/dashboards/plots"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

//go:embed templates
var files embed.FS

// variant is a language, and whether links carry it.
type variant struct {
	lang     locale.Lang
	explicit bool
}

type library struct {
	once sync.Once
	byOf map[variant]map[string]*template.Template
}

var templates library

// of returns the template set of a page.
func (l *library) of(lang locale.Lang, explicit bool, name string) *template.Template {
	l.once.Do(l.load)
	t := l.byOf[variant{lang, explicit}][name]
	if t == nil {
		panic("pages: no template " + name)
	}
	return t
}

// load parses every page once for each variant: functions are bound to the
// language when a template is parsed. The files are embedded and tested, so a
// fault in them is a programmer's.
func (l *library) load() {
	l.byOf = map[variant]map[string]*template.Template{}
	for _, lang := range locale.Pages {
		for _, explicit := range []bool{false, true} {
			v := variant{lang, explicit}
			shared := template.Must(template.New("").Funcs(v.funcs()).ParseFS(files, "templates/shared/*.html"))
			set := map[string]*template.Template{}
			for _, file := range pageFiles() {
				t := template.Must(template.Must(shared.Clone()).ParseFS(files, file))
				set[strings.TrimSuffix(path.Base(file), ".html")] = t
			}
			l.byOf[v] = set
		}
	}
}

func pageFiles() []string {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic("pages: " + err.Error())
	}
	return names
}

func (v variant) funcs() template.FuncMap {
	return template.FuncMap{
		"t":     func(key string, pairs ...any) string { return keepTogether(locale.Text(v.lang, key, pairs...)) },
		"count": func(key string, n int) string { return locale.Count(v.lang, key, n) },
		"text":  func(t catalogue.Text) string { return keepTogether(t.In(string(v.lang))) },
		"points": func(unit catalogue.Text, percent bool) string {
			return keepTogether(locale.Difference(v.lang, unit.In(string(v.lang)), percent))
		},
		"iso": func(d catalogue.Date) string { return locale.ISODate(v.lang, string(d)) },
		"span": func(from, to catalogue.Date) string {
			a, b := locale.ISODate(v.lang, string(from)), locale.ISODate(v.lang, string(to))
			if a == b {
				return a
			}
			return a + " – " + b
		},
		"date":  func(t time.Time) string { return locale.Date(t) },
		"time":  func(t time.Time) string { return locale.Time(t) },
		"years": func(from, to int32) string { return locale.Years(int(from), int(to)) },
		"whole": func(n int) string { return locale.Number(float64(n), 0) },
		"href":  v.href,
		"join":  func(words []string) string { return locale.List(v.lang, words) },
		"pvalue": func(p string) string {
			if strings.HasPrefix(p, "<") {
				return "p" + locale.NBSP + p
			}
			return "p" + locale.NBSP + "=" + locale.NBSP + p
		},
		"short": func(hash string) string { return hash[:min(12, len(hash))] },
		"names": names,
		"codes": func(places []place) string { return codeList(codesOf(places)) },
		"int":   func(n int32) int { return int(n) },
		"plain": func(x float64) string { return locale.Number(x, weightDecimals) },

		"indicatorChart": func(id, codes, form string) string {
			// A chart holds fewer municipalities than a table: the first of them.
			list := strings.Split(codes, ",")
			codes = strings.Join(list[:min(len(list), plots.MaxPlaces)], ",")
			return "/charts/" + id + "." + form + "?municipality=" + codes + "&lang=" + string(v.lang)
		},
		"effectChart": func(b effectBody, name string) string {
			return "/charts/effects/" + b.Indicator.ID + "/" + name + ".svg?agreement=" + b.Agreement.ID + "&municipality=" + b.Region.Code + "&lang=" + string(v.lang)
		},
		"picture":  func(src, alt string) picture { return picture{src, alt} },
		"lang":     func() string { return string(v.lang) },
		"explicit": func() bool { return v.explicit },
		"sections": func() []section { return sections },
		"statuses": legend,
		"outcome":  func(agreement string, t outcomeTable) agreementOutcome { return agreementOutcome{agreement, t} },
	}
}

// picture is a chart on a page and what it shows in words.
type picture struct{ Src, Alt string }

// Small is the same chart laid out for a telephone.
func (p picture) Small() string { return p.Src + "&size=small" }

var (
	thousands = regexp.MustCompile(`(\d) (\d{3})\b`)
	percents  = regexp.MustCompile(`(\d) %`)
)

// keepTogether puts no-break spaces inside the numbers of a text.
func keepTogether(s string) string {
	return percents.ReplaceAllString(thousands.ReplaceAllString(s, "$1"+locale.NBSP+"$2"), "$1"+locale.NBSP+"%")
}

// weightDecimals is what the weights of a comparison rule are written with.
const weightDecimals = 1

// section is one entry of the menu.
type section struct{ ID, Href, Key string }

var sections = []section{
	{"agreements", "/avtaler", "nav.agreements"},
	{"municipalities", "/kommuner", "nav.municipalities"},
	{"indicators", "/indikatorer", "nav.indicators"},
	{"method", "/metode", "nav.method"},
	{"data", "/data", "nav.data"},
}

// sign is one entry of the legend under a table.
type sign struct{ Sign, Key string }

func legend() []sign {
	return []sign{
		{locale.Symbol(data.NotApplicable), "status.not-applicable"},
		{locale.Symbol(data.NotAvailable), "status.not-available"},
		{locale.Symbol(data.Suppressed), "status.suppressed"},
		{"*", "status.few"},
	}
}

// agreementOutcome is a table of an agreement's evaluation.
type agreementOutcome struct {
	Agreement string
	Table     outcomeTable
}

func codesOf(places []place) []string {
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = p.Code
	}
	return out
}

// href is the address of a page from a page in this language.
func (v variant) href(address string) string {
	if !v.explicit {
		return address
	}
	base, fragment, found := strings.Cut(address, "#")
	if found {
		fragment = "#" + fragment
	}
	mark := "?"
	if strings.Contains(base, "?") {
		mark = "&"
	}
	return base + mark + "lang=" + string(v.lang) + fragment
}
