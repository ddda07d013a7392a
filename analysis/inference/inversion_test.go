package inference

import (
	"math"
	"testing"
)

// The ends of accepted sets that are known: an interval, one with a dip that the four
// probes see beyond, one that does not hold the centre, none, and a half-line.
func TestEdge(t *testing.T) {
	for _, c := range []struct {
		name         string
		margin       func(x float64) float64
		lower, upper float64
		state        int // Of the upper side.
		most         int // Evaluations of both sides.
	}{
		// Five to leave, six to close and three beyond on each side, and the centre.
		{"interval", func(x float64) float64 { return math.Abs(x-1) - 3 }, -2, 4, edgeFound, 30},
		{"curved", func(x float64) float64 { return math.Expm1(x) - 3 }, math.NaN(), math.Log(4), edgeFound, 30},
		{"dip", func(x float64) float64 {
			if x > 4 && x < 4.3 {
				return 1
			}
			return math.Abs(x) - 6
		}, -6, 6, edgeFound, 60},
		{"jump", func(x float64) float64 {
			if math.Abs(x) > 2 {
				return 50
			}
			return -1
		}, -2, 2, edgeFound, 60},
		{"not the centre", func(x float64) float64 { return math.Abs(x-0.5) - 0.4 }, math.NaN(), 0.9, edgeFound, 60},
		{"none", func(float64) float64 { return 1 }, math.NaN(), math.NaN(), edgeNone, 10},
		{"half-line", func(x float64) float64 { return -1 - x }, math.NaN(), math.NaN(), edgeFar, 80},
		{"everything", func(float64) float64 { return -1 }, math.NaN(), math.NaN(), edgeFar, 80},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			v := &inversion{step: 0.25, tol: 1e-4, at: func(x float64) (point, error) {
				n++
				return point{x, c.margin(x), c.margin(x) <= 0}, nil
			}}
			centre, err := v.at(0)
			if err != nil {
				t.Fatal(err)
			}
			upper, state, err := v.edge(centre, 1)
			if err != nil || state != c.state {
				t.Fatalf("state %d, want %d; %v", state, c.state, err)
			}
			if state == edgeFound {
				near(t, "upper", upper, c.upper, v.tol)
			}
			if n > c.most {
				t.Errorf("%d evaluations, want at most %d", n, c.most)
			}
			if math.IsNaN(c.lower) {
				return
			}
			lower, state, err := v.edge(centre, -1)
			if err != nil || state != edgeFound {
				t.Fatalf("lower state %d, %v", state, err)
			}
			near(t, "lower", lower, c.lower, v.tol)
			if n > c.most {
				t.Errorf("%d evaluations, want at most %d", n, c.most)
			}
		})
	}
}

// Where a step is below the precision of the numbers the search ends.
func TestEdgeBelowPrecision(t *testing.T) {
	for _, margin := range []func(x float64) float64{func(float64) float64 { return -1 }, func(x float64) float64 { return x - 1e17 - 64 }, func(float64) float64 { return math.NaN() }} {
		n := 0
		v := &inversion{step: 1e-9, tol: 1e-13, at: func(x float64) (point, error) {
			if n++; n > 1000 {
				t.Fatal("no end")
			}
			return point{x, margin(x), margin(x) <= 0}, nil
		}}
		centre, err := v.at(1e17)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []float64{-1, 1} {
			if _, _, err := v.edge(centre, side); err != nil {
				t.Fatal(err)
			}
		}
		v.step, v.tol = 30, 1e-13
		for _, side := range []float64{-1, 1} {
			if _, _, err := v.edge(centre, side); err != nil {
				t.Fatal(err)
			}
		}
	}
}
