package breaks

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// ErrSeries reports a series that is too short for the trimming, has a value
// that is not a number, or never varies.
var ErrSeries = errors.New("breaks: series cannot be tested")

// Trim is the share of the series left out at each end, and the smallest share
// of it a segment may be.
const Trim = 0.15

// Scan is the F statistic for a break after every admissible observation.
type Scan struct {
	// First is the number of observations before the first candidate break.
	First int
	F     []float64
	// Sup is the largest F, after At observations; Ave their mean, Exp the
	// logarithm of the mean of exp(F/2) (Andrews & Ploberger 1994).
	Sup, Ave, Exp float64
	At            int
	// P is the asymptotic p-value of Sup.
	P float64
}

// prefix holds running sums, from which the residual sum of squares of any
// segment around its mean follows at once.
type prefix struct{ sum, square []float64 }

// newPrefix centres the series first, so that the squares do not cancel: on the first
// value, from which a constant does not differ even by rounding, and then on the mean.
func newPrefix(y []float64) (prefix, error) {
	mean := 0.0
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return prefix{}, fmt.Errorf("%w: value %d is not a number", ErrSeries, i)
		}
		mean += (v - y[0]) / float64(len(y))
	}
	p := prefix{make([]float64, len(y)+1), make([]float64, len(y)+1)}
	for i, v := range y {
		d := v - y[0] - mean
		p.sum[i+1], p.square[i+1] = p.sum[i]+d, p.square[i]+d*d
	}
	if !(p.square[len(y)] > 0) || math.IsInf(p.square[len(y)], 0) {
		return prefix{}, fmt.Errorf("%w: its sum of squares is %v", ErrSeries, p.square[len(y)])
	}
	return p, nil
}

// rss is the residual sum of squares of observations from … to−1.
func (p prefix) rss(from, to int) float64 {
	s := p.sum[to] - p.sum[from]
	return max(p.square[to]-p.square[from]-s*s/float64(to-from), 0)
}

// fewest is the least number of values that are scanned.
const fewest = 8

// F scans a series for one break in its mean, after ⌊Trim·n⌋ … n − ⌊Trim·n⌋
// observations as R's strucchange does, but always with two at each end. It needs
// at least eight values.
func F(y []float64) (*Scan, error) {
	n := len(y)
	if n < fewest {
		return nil, fmt.Errorf("%w: %d values, need %d", ErrSeries, n, fewest)
	}
	first := max(2, int(Trim*float64(n)))
	last := n - first
	p, err := newPrefix(y)
	if err != nil {
		return nil, err
	}
	s := &Scan{First: first, Sup: math.Inf(-1)}
	whole := p.rss(0, n)
	for i := first; i <= last; i++ {
		split := p.rss(0, i) + p.rss(i, n)
		f := math.Inf(1)
		// Below this share of the whole the rest is rounding: the split is exact.
		if split > 1e-14*whole {
			f = max(whole-split, 0) / (split / float64(n-2))
		}
		s.F = append(s.F, f)
		s.Ave += f
		if f > s.Sup {
			s.Sup, s.At = f, i
		}
	}
	if math.IsInf(s.Sup, 1) {
		return nil, fmt.Errorf("%w: two constants without any noise, the break is after observation %d", ErrSeries, s.At)
	}
	s.Ave /= float64(len(s.F))
	for _, f := range s.F {
		s.Exp += math.Exp((f - s.Sup) / 2)
	}
	s.Exp = s.Sup/2 + math.Log(s.Exp/float64(len(s.F)))
	s.P = supP(s.Sup, n, first, last)
	return s, nil
}

// Chow is the F test of a break after observation at, known beforehand: F with
// 1 and n − 2 degrees of freedom, and its p-value.
func Chow(y []float64, at int) (f, p float64, err error) {
	n := len(y)
	if at < 1 || at >= n || n < 4 {
		return 0, 0, fmt.Errorf("%w: a break after %d of %d values", ErrSeries, at, n)
	}
	sums, err := newPrefix(y)
	if err != nil {
		return 0, 0, err
	}
	split := sums.rss(0, at) + sums.rss(at, n)
	if !(split > 0) {
		return 0, 0, fmt.Errorf("%w: no noise on either side of the break", ErrSeries)
	}
	f = max(sums.rss(0, n)-split, 0) / (split / float64(n-2))
	return f, distuv.F{D1: 1, D2: float64(n - 2)}.Survival(f), nil
}

// hansen is the response surface of Hansen (1997) for one parameter: with
// trimming τ = 0.49, 0.47, …, 0.01 the p-value of x is that of a χ² with df
// degrees of freedom at b0 + b1·x.
var hansen = [...]struct{ b0, b1, df float64 }{
	{-0.0648467, 0.99671156, 1.2573241},
	{-0.15305667, 0.96757645, 1.43651315},
	{-0.23071675, 0.95825013, 1.56531261},
	{-0.29247661, 0.95715782, 1.68851898},
	{-0.35706588, 0.95237505, 1.77889686},
	{-0.40514715, 0.96055795, 1.89761322},
	{-0.45248386, 0.95810999, 1.98370422},
	{-0.50458517, 0.96149538, 2.07086519},
	{-0.55009159, 0.96684273, 2.17244338},
	{-0.60241623, 0.96518399, 2.23509053},
	{-0.64308746, 0.97354902, 2.33722161},
	{-0.68833676, 0.97829106, 2.42776524},
	{-0.73136161, 0.9820687, 2.50833918},
	{-0.78078198, 0.99475319, 2.6209551},
	{-0.82894221, 1.00023473, 2.70286643},
	{-0.88430133, 1.00162529, 2.77835798},
	{-0.9499265, 1.00384268, 2.84325795},
	{-0.98828874, 1.01604712, 2.96752918},
	{-1.04892713, 1.02570939, 3.08442682},
	{-1.11527783, 1.03526033, 3.19770394},
	{-1.14992644, 1.06643436, 3.44739573},
	{-1.24010871, 1.06929468, 3.54993605},
	{-1.38522113, 1.06808543, 3.61667211},
	{-1.48296473, 1.1283969, 4.07202473},
	{-1.78738608, 1.17220925, 4.4726701},
}

// supP interpolates linearly between the rows of the response surface around
// the effective symmetric trimming 1/(1 + √λ), λ = (n − first)·last/(first·(n − last)).
func supP(x float64, n, first, last int) float64 {
	lambda := float64(n-first) * float64(last) / (float64(first) * float64(n-last))
	tau := 1 / (1 + math.Sqrt(lambda))
	row := func(i int) float64 {
		h := hansen[i]
		return distuv.ChiSquared{K: h.df}.Survival(max(h.b0+h.b1*x, 0))
	}
	at := (0.49 - tau) * 50
	switch {
	case tau >= 0.5:
		return distuv.ChiSquared{K: 1}.Survival(x)
	case at <= 0:
		// Between one candidate only (χ² with one degree of freedom) and the first row.
		w := (0.5 - tau) * 100
		return w*row(0) + (1-w)*distuv.ChiSquared{K: 1}.Survival(x)
	case at >= float64(len(hansen)-1):
		return row(len(hansen) - 1)
	}
	i := int(at)
	w := at - float64(i)
	return (1-w)*row(i) + w*row(i+1)
}
