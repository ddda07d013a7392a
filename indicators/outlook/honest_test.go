package outlook

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/analysis/forecast"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// backtest chooses the years TestHonest stands in. With
// `go test ./indicators/outlook -run Honest -v -args -years 2018,2019,2020,2021,2022,2023,2024`
// it makes the table in docs/validation.md.
var backtest = flag.String("years", "2018,2021", "years to forecast from, with what was known then")

func recordedContent(t *testing.T, cat *catalogue.Catalogue) *cube.Content {
	t.Helper()
	set, err := recordedtest.Facts()
	if err != nil {
		t.Fatal(err)
	}
	c, err := indicators.Derive(context.Background(), indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return &c
}

// score counts, for the model's own distribution and the calibrated one, the truths
// inside the 95 and 80 % intervals and the times that what was given 80 % happened:
// a value at least, and a value at most.
type score struct {
	n        int
	in95     [2]int
	in80     [2]int
	happened [2]int
}

func (s *score) add(p forecast.Point, c *forecast.Calibration, truth float64) {
	s.n++
	for k, c := range []*forecast.Calibration{nil, c} {
		for _, at := range []struct {
			level float64
			to    *int
		}{{0.95, &s.in95[k]}, {0.80, &s.in80[k]}} {
			lower, upper, err := c.Interval(p, at.level)
			if err != nil || lower <= truth && truth <= upper {
				*at.to++
			}
		}
		// The chance of at least the truth is below 80 % just when the truth is above
		// what was given 80 %.
		if c.Reach(p, truth, false) <= 0.8 {
			s.happened[k]++
		}
		if c.Reach(p, truth, true) <= 0.8 {
			s.happened[k]++
		}
	}
}

func (s *score) share(n int) float64 { return 100 * float64(n) / float64(s.n) }

// TestHonest stands in earlier years with what was known then, forecasts every
// municipality of the recorded figures one to four years on, and looks at what came.
// The refugees of 2022 were in no earlier year, so the bounds allow for some misses:
// 95 % intervals must hold at least 90 % and what was given 80 % must happen in 75 to
// 85 % of all cases of a method and number of years. The models' own intervals of the
// damped trend hold 70 to 87 %.
func TestHonest(t *testing.T) {
	cat := catalogue.Default()
	c := recordedContent(t, cat)
	type key struct {
		pooled bool
		method string
		ahead  int
	}
	scores := map[key]*score{}
	for word := range strings.SplitSeq(*backtest, ",") {
		year, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		past, later := standingIn(collect(cat, c), year)
		by := calibrationsOf(t, cat, past)
		for i, s := range past {
			to := s.scale()
			for k, m := range forecast.Methods() {
				points, err := m.Forecast(to.all(s.y), min(4, len(later[i])))
				if errors.Is(err, forecast.ErrShort) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				for h, p := range points {
					at := key{cat.Agreement(s.region) != nil, m.Name, h + 1}
					if scores[at] == nil {
						scores[at] = new(score)
					}
					scores[at].add(p, by[s.ind.ID][k][h], to.to(later[i][h]))
				}
			}
		}
	}
	keys := make([]key, 0, len(scores))
	for k := range scores {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(fmt.Sprint(a.pooled), fmt.Sprint(b.pooled)), cmp.Compare(a.method, b.method), cmp.Compare(a.ahead, b.ahead))
	})
	for _, k := range keys {
		s := scores[k]
		t.Logf("| %s | %v | %d | %d | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f |", k.method, k.pooled, k.ahead, s.n,
			s.share(s.in95[0]), s.share(s.in95[1]), s.share(s.in80[0]), s.share(s.in80[1]), s.share(s.happened[0])/2, s.share(s.happened[1])/2)
		if k.pooled {
			continue
		}
		if held := s.share(s.in95[1]); held < 90 {
			t.Errorf("%s %d years ahead: the 95 %% interval holds %.1f %%", k.method, k.ahead, held)
		}
		if happened := s.share(s.happened[1]) / 2; happened < 75 || happened > 85 {
			t.Errorf("%s %d years ahead: a chance of 80 %% happens in %.1f %%", k.method, k.ahead, happened)
		}
	}
	if len(keys) < 16 {
		t.Errorf("only %d lines", len(keys))
	}
}

// standingIn cuts the series off after a year, and gives what came later.
func standingIn(all []*series, year int) (past []*series, later [][]float64) {
	for _, s := range all {
		n := year - s.first + 1
		if n < fewest || n >= len(s.y) {
			continue
		}
		cut := *s
		cut.y = s.y[:n:n]
		past, later = append(past, &cut), append(later, s.y[n:])
	}
	return past, later
}

func calibrationsOf(t *testing.T, cat *catalogue.Catalogue, past []*series) map[string]calibrations {
	t.Helper()
	tries, errs := make([][][]forecast.Try, len(past)), make([]error, len(past))
	each(len(past), 0, func(i int) {
		if cat.Agreement(past[i].region) == nil {
			tries[i], errs[i] = past[i].tries(4)
		}
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	by, err := calibrate(past, tries)
	if err != nil {
		t.Fatal(err)
	}
	return by
}
