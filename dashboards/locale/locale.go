// Package locale is what users read: Norwegian numbers and dates, the symbols of
// missing figures, names in Norwegian order, and every text in bokmål and
// nynorsk (and English, where the API needs it) from one file, strings.yaml.
package locale

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/bygdevekst/bygdevekst/data"
)

// Lang is a language users read.
type Lang string

// The languages.
const (
	NB Lang = "nb"
	NN Lang = "nn"
	EN Lang = "en"
)

// Pages are the languages pages are written in.
var Pages = []Lang{NB, NN}

// Match returns the page language a tag such as nn, nn-NO or no asks for; ok is
// false for one that is neither bokmål nor nynorsk.
func Match(tag string) (l Lang, ok bool) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	switch base {
	case "nn":
		return NN, true
	case "nb", "no":
		return NB, true
	default:
		return NB, false
	}
}

// entry is one text in its languages; EN is there where the API shows it.
type entry struct {
	NB string `yaml:"nb"`
	NN string `yaml:"nn"`
	EN string `yaml:"en"`
}

//go:embed strings.yaml
var source []byte

var texts = sync.OnceValue(func() map[string]entry {
	m := map[string]entry{}
	if err := yaml.UnmarshalWithOptions(source, &m, yaml.Strict()); err != nil {
		panic("locale: strings.yaml: " + err.Error())
	}
	return m
})

// Keys returns every key, sorted.
func Keys() []string {
	var keys []string
	for k := range texts() {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Has reports whether there is a text with the key in the language.
func Has(l Lang, key string) bool {
	e, ok := texts()[key]
	return ok && e.in(l) != ""
}

func (e entry) in(l Lang) string {
	switch l {
	case NN:
		return e.NN
	case EN:
		return e.EN
	default:
		return e.NB
	}
}

// Text returns the text with the key, with {name} replaced by the values given
// as name, value pairs. A key that is not there comes back as itself, and a text
// that has no English comes back in bokmål.
func Text(l Lang, key string, pairs ...any) string {
	e, ok := texts()[key]
	if !ok {
		return key
	}
	s := e.in(l)
	if s == "" {
		s = e.NB
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return s
}

// Count returns key.one or key.other with {n} replaced: 1 kommune, 35 kommuner.
func Count(l Lang, key string, n int) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return Text(l, key+form, "n", Number(float64(n), 0))
}

// Symbol returns the sign shown in place of a missing figure, SSB's own. It is
// empty for a figure that is there.
func Symbol(s data.Status) string {
	if s.Missing() {
		return string(s)
	}
	return ""
}

// Legend explains a status in words.
func Legend(l Lang, s data.Status) string {
	for _, k := range statusKeys {
		if k.status == s {
			return Text(l, k.key)
		}
	}
	return string(s)
}

var statusKeys = []struct {
	status data.Status
	key    string
}{
	{data.OK, "status.ok"},
	{data.NotApplicable, "status.not-applicable"},
	{data.NotAvailable, "status.not-available"},
	{data.Suppressed, "status.suppressed"},
	{data.TooFew, "status.few"},
}

// Statuses are the statuses with a legend, in the order legends show them.
func Statuses() []data.Status {
	out := make([]data.Status, len(statusKeys))
	for i, k := range statusKeys {
		out[i] = k.status
	}
	return out
}

// collator is nynorsk's: x/text orders æ, ø and å wrongly for bokmål
// (golang/go#59908). A Collator is not safe for concurrent use.
var collator = sync.Pool{New: func() any { return collate.New(language.Make("nn")) }}

// Compare orders names as Norwegians do: …, z, æ, ø, å, and aa with å.
func Compare(a, b string) int {
	c := collator.Get().(*collate.Collator)
	defer collator.Put(c)
	return c.CompareString(a, b)
}

// List joins words: a, b og c.
func List(l Lang, words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " " + Text(l, "list.and") + " " + words[n-1]
	}
}
