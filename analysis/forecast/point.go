package forecast

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Point is the forecast of one future value: normal around Mean with standard
// deviation SD, or Student t with DF degrees of freedom where DF > 0.
type Point struct{ Mean, SD, DF float64 }

func (p Point) quantile(q float64) float64 {
	if p.DF > 0 {
		return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: p.DF}.Quantile(q)
	}
	return distuv.UnitNormal.Quantile(q)
}

// Interval returns the limits a value will lie between with probability level.
// It returns ErrInput for a level outside (0, 1).
func (p Point) Interval(level float64) (lower, upper float64, err error) {
	if !(level > 0 && level < 1) {
		return 0, 0, fmt.Errorf("%w: level %v is not between 0 and 1", ErrInput, level)
	}
	half := p.quantile(0.5+level/2) * p.SD
	return p.Mean - half, p.Mean + half, nil
}

// Reach is the probability that the value is at or above the target, or at or
// below it when down is set: Φ(±(mean − target)/sd). Without spread it is 1 or 0.
func (p Point) Reach(target float64, down bool) float64 {
	d := p.Mean - target
	if down {
		d = -d
	}
	switch {
	case p.SD == 0 && d >= 0:
		return 1
	case p.SD == 0:
		return 0
	case p.DF > 0:
		return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: p.DF}.CDF(d / p.SD)
	default:
		return distuv.UnitNormal.CDF(d / p.SD)
	}
}

// Naive forecasts that the last value stays, as a random walk without drift:
// variance h·σ², σ² the mean squared yearly change. It needs two values.
func Naive(y []float64, h int) ([]Point, error) {
	if err := check(y, Model{}, 1); err != nil {
		return nil, err
	}
	s := 0.0
	for t := 1; t < len(y); t++ {
		s += (y[t] - y[t-1]) * (y[t] - y[t-1])
	}
	s /= float64(len(y) - 1)
	out := make([]Point, max(h, 0))
	for i := range out {
		out[i] = Point{Mean: y[len(y)-1], SD: math.Sqrt(s * float64(i+1))}
	}
	return out, finite(out)
}

// Linear carries the least-squares line on, with Student t limits of n − 2
// degrees of freedom:
//
//	var = s² (1 + 1/n + (x − x̄)²/Sxx)
//
// It needs three values.
func Linear(y []float64, h int) ([]Point, error) {
	if err := check(y, Model{}, 2); err != nil {
		return nil, err
	}
	n := float64(len(y))
	mx, my := (n-1)/2, 0.0
	for _, v := range y {
		my += v / n
	}
	sxx, sxy := 0.0, 0.0
	for t, v := range y {
		d := float64(t) - mx
		sxx += d * d
		sxy += d * (v - my)
	}
	slope, rss := sxy/sxx, 0.0
	for t, v := range y {
		r := v - my - slope*(float64(t)-mx)
		rss += r * r
	}
	out := make([]Point, max(h, 0))
	for i := range out {
		d := n + float64(i) - mx
		out[i] = Point{Mean: my + slope*d, SD: math.Sqrt(rss / (n - 2) * (1 + 1/n + d*d/sxx)), DF: n - 2}
	}
	return out, finite(out)
}

// finite reports values so large that their squares are not numbers.
func finite(points []Point) error {
	for _, p := range points {
		if math.IsNaN(p.Mean+p.SD) || math.IsInf(p.Mean, 0) || math.IsInf(p.SD, 0) {
			return fmt.Errorf("%w: values too large for a variance", ErrInput)
		}
	}
	return nil
}
