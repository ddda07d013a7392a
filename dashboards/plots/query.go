package plots

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// MaxPlaces is how many municipalities one chart holds and can still be read.
const MaxPlaces = 5

func (v *view) indicator(id string) (*catalogue.Indicator, error) {
	if ind := v.Catalogue.Indicator(id); ind != nil {
		return ind, nil
	}
	return nil, v.notFound("chart.error.no-indicator", "id", id)
}

// home is the agreement shown when none is asked for: the one with the most
// goals, as on the pages.
func (v *view) home() *catalogue.Agreement {
	var home *catalogue.Agreement
	for i := range v.Catalogue.Agreements {
		if a := &v.Catalogue.Agreements[i]; home == nil || len(a.Goals) > len(home.Goals) {
			home = a
		}
	}
	return home
}

func (v *view) agreement(query url.Values) (*catalogue.Agreement, error) {
	id := query.Get("agreement")
	a := v.Catalogue.Agreement(id)
	if !query.Has("agreement") {
		a = v.home()
	}
	if a == nil {
		return nil, v.notFound("chart.error.no-agreement", "id", id)
	}
	return a, nil
}

// places reads the municipalities asked for, in that order, each once; an
// agreement's id stands for its municipalities together. Without any they are
// those of the home agreement.
func (v *view) places(query url.Values) ([]string, error) {
	var out []string
	for code := range strings.SplitSeq(query.Get("municipality"), ",") {
		code = strings.TrimSpace(code)
		if code == "" || slices.Contains(out, code) {
			continue
		}
		if _, err := v.Regions.Municipality(code); err != nil && v.Catalogue.Agreement(code) == nil {
			return nil, v.notFound("chart.error.no-municipality", "id", code)
		}
		out = append(out, code)
	}
	if len(out) > MaxPlaces {
		return nil, v.invalid("chart.error.too-many", "n", len(out), "max", MaxPlaces)
	}
	if len(out) == 0 {
		if home := v.home(); home != nil {
			out = home.Codes()
			out = out[:min(len(out), MaxPlaces)]
		}
	}
	return out, nil
}

// years are the limits asked for; an open end is 0.
type years struct{ from, to int }

func (y years) has(year int) bool { return year >= y.from && (y.to == 0 || year <= y.to) }

func (v *view) years(query url.Values) (y years, err error) {
	if y.from, err = v.year(query, "from"); err != nil {
		return y, err
	}
	if y.to, err = v.year(query, "to"); err != nil {
		return y, err
	}
	if y.to != 0 && y.from > y.to {
		return y, v.invalid("chart.error.years", "from", y.from, "to", y.to)
	}
	return y, nil
}

func (v *view) year(query url.Values, name string) (int, error) {
	s := query.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1800 || n > 2200 {
		return 0, v.badValue(name, s, v.t("chart.error.year"))
	}
	return n, nil
}

func (v *view) window(query url.Values) (int, error) {
	switch s := query.Get("window"); s {
	case "", "1":
		return 1, nil
	case "3":
		return 3, nil
	case "5":
		return 5, nil
	default:
		return 0, v.badValue("window", s, "1, 3, 5")
	}
}
