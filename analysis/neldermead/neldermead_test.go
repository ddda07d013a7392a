package neldermead_test

import (
	"math"
	"testing"

	"github.com/bygdevekst/bygdevekst/analysis/neldermead"
)

// TestDescend finds known minima: of a parabola on the line, of Rosenbrock's valley
// (1960, Computer Journal 3:175; minimum 0 at (1, 1)) and of a bowl of which a part
// is not allowed.
func TestDescend(t *testing.T) {
	rosenbrock := func(x []float64) float64 {
		a, b := 1-x[0], x[1]-x[0]*x[0]
		return a*a + 100*b*b
	}
	for name, c := range map[string]struct {
		value       func([]float64) float64
		start, want []float64
	}{
		"parabola":   {func(x []float64) float64 { return (x[0] - 3) * (x[0] - 3) }, []float64{-10}, []float64{3}},
		"rosenbrock": {rosenbrock, []float64{-1.2, 1}, []float64{1, 1}},
		"forbidden": {func(x []float64) float64 {
			if x[0] < 0 {
				return math.Inf(1)
			}
			return x[0] + (x[1]-2)*(x[1]-2) + x[2]*x[2]
		}, []float64{1, 1, 1}, []float64{0, 2, 0}},
	} {
		s := neldermead.New(len(c.start), c.value)
		s.Step, s.Absolute, s.Evaluations = 1, 1e-12, 5000
		x := append([]float64(nil), c.start...)
		f := s.Descend(x, c.value(x))
		if f != c.value(x) {
			t.Errorf("%s: value %v, at the point it is %v", name, f, c.value(x))
		}
		for k, v := range x {
			if math.Abs(v-c.want[k]) > 1e-4 {
				t.Errorf("%s: minimum at %v, want %v", name, x, c.want)
				break
			}
		}
	}
}

// TestNothingBetter leaves the start as it is where all else is worse, or not
// allowed.
func TestNothingBetter(t *testing.T) {
	s := neldermead.New(2, func(x []float64) float64 {
		if x[0] != 1 || x[1] != 2 {
			return math.Inf(1)
		}
		return 5
	})
	s.Step, s.Evaluations = 1, 100
	x := []float64{1, 2}
	if f := s.Descend(x, 5); f != 5 || x[0] != 1 || x[1] != 2 {
		t.Errorf("%v at %v", f, x)
	}
}
