package served

import (
	"net/http"
	"strconv"
	"strings"
)

// The languages readers can have: bokmål, nynorsk and, in the API, English.
const (
	NB = "nb"
	NN = "nn"
	EN = "en"
)

// Language returns the language a request is answered in: the parameter lang
// where it is one of ours, else the best of Accept-Language, else bokmål.
func Language(r *http.Request) string {
	if strings.Contains(r.URL.RawQuery, "lang=") {
		if l := known(r.URL.Query().Get("lang")); l != "" {
			return l
		}
	}
	return Preferred(r.Header.Get("Accept-Language"))
}

// Preferred reads an Accept-Language header. Norwegian without a written form
// (no) is bokmål; of languages asked for equally, the first wins.
func Preferred(header string) string {
	best, weight := NB, 0.0
	for header != "" {
		var item string
		item, header, _ = strings.Cut(header, ",")
		tag, params, _ := strings.Cut(item, ";")
		w := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			f, err := strconv.ParseFloat(q, 64)
			if err != nil || f < 0 || f > 1 {
				continue
			}
			w = f
		}
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if l := known(primary); l != "" && w > weight {
			best, weight = l, w
		}
	}
	return best
}

func known(tag string) string {
	switch tag {
	case "nb", "no":
		return NB
	case "nn":
		return NN
	case "en":
		return EN
	default:
		return ""
	}
}
