package forecast

import (
	"testing"

	"pgregory.net/rapid"
)

// TestNoBetterPointOnAGrid looks for a better likelihood than the search found on
// a grid over the whole box of smoothing parameters, for random walks, noise, a
// trend, a step and an outlier.
func TestNoBetterPointOnAGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(8, 24).Draw(t, "n")
		e := rapid.SliceOfN(rapid.Float64Range(-3, 3), n, n).Draw(t, "e")
		walk := rapid.Float64Range(0, 1).Draw(t, "walk")
		slope := rapid.SampledFrom([]float64{0, 0.5, -2}).Draw(t, "slope")
		jump := rapid.SampledFrom([]float64{0, 0, 15}).Draw(t, "jump")
		y, level := make([]float64, n), 100.0
		for i := range y {
			level += walk*e[i] + slope
			if i == n/2 {
				level += jump
			}
			y[i] = level + (1-walk)*e[i]
		}
		for _, m := range []Model{SES, Holt, Damped, {Multiplicative: true}, {Trend: true, Multiplicative: true}} {
			fit, err := Estimate(y, m)
			if err != nil {
				t.Fatal(err)
			}
			s := newSearch(y, m)
			shares := []float64{1e-6, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1 - 1e-6}
			states := make([]float64, m.states())
			try := func(x []float64) {
				if m.Multiplicative {
					x = append(x[:len(x):len(x)], states...)
				}
				// 1e-3 in the likelihood is nothing to a forecast.
				if v := -s.value(x); v > fit.LogLik+1e-3 {
					t.Fatalf("%+v of %v: log-likelihood %v found, %v at %+v", m, y, fit.LogLik, v, s.params(x))
				}
			}
			for _, a := range shares {
				if !m.Trend {
					try([]float64{logit(a)})
					continue
				}
				for _, b := range shares {
					if !m.Damped {
						try([]float64{logit(a), logit(b)})
						continue
					}
					for _, phi := range []float64{1e-6, 0.3, 0.6, 1 - 1e-6} {
						try([]float64{logit(a), logit(b), logit(phi)})
					}
				}
			}
		}
	})
}
