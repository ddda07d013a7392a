package ssbsim

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
)

// Effect is a change planted in the model: from Year on, Measure in Region is
// Factor times what it would have been. An evaluation that works finds it.
type Effect struct {
	Measure string
	Region  string
	Year    int
	Factor  float64
}

// Measures are what an effect can be planted on.
var Measures = []string{"births", "dwellings", "employed", "health-employed", "in-migration", "out-migration"}

var effectRE = regexp.MustCompile(`^([a-z-]+):(\d{4}):(\d{4}):([+-]\d+(?:\.\d+)?)%$`)

// ParseEffect reads an effect such as health-employed:3421:2025:+5%. What is
// wrong is an EINVALID error that shows how to write it.
func ParseEffect(s string) (Effect, error) {
	f := effectRE.FindStringSubmatch(s)
	if f == nil {
		return Effect{}, data.Errorf(data.EINVALID, "effect %q is not measure:municipality:year:±percent%%, as in health-employed:3421:2025:+5%%", s)
	}
	if !slices.Contains(Measures, f[1]) {
		return Effect{}, data.Errorf(data.EINVALID, "effect %q: unknown measure %q; known are %s", s, f[1], strings.Join(Measures, ", "))
	}
	year, _ := strconv.Atoi(f[3])
	if year < firstYear || year >= lastYear {
		return Effect{}, data.Errorf(data.EINVALID, "effect %q: year %d is not between %d and %d", s, year, firstYear, lastYear-1)
	}
	pct, err := strconv.ParseFloat(f[4], 64)
	if err != nil || pct <= -100 || pct > 1000 {
		return Effect{}, data.Errorf(data.EINVALID, "effect %q: %s %% is not between −100 and 1000", s, f[4])
	}
	return Effect{Measure: f[1], Region: f[2], Year: year, Factor: 1 + pct/100}, nil
}

// factor is the product of all effects on a measure in a region and year.
func (m *Model) factor(measure string, region, year int) float64 {
	f := 1.0
	for _, e := range m.effects {
		if e.Measure == measure && e.Region == m.Regions[region].Code && year >= e.Year {
			f *= e.Factor
		}
	}
	return f
}

// pull is a place that draws people by its factor more, or less.
type pull struct {
	region int
	factor float64
}

// pulls are the effects on in-migration in a year; immigration has them too.
func (m *Model) pulls(year int) []pull {
	var out []pull
	for i := range m.Regions {
		if f := m.factor("in-migration", i, year); f != 1 {
			out = append(out, pull{i, f})
		}
	}
	return out
}
