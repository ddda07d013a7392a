package breaks

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Cusum is the largest excursion of a fluctuation process and its p-value.
type Cusum struct{ Statistic, P float64 }

// OLSCusum is the largest absolute cumulated deviation from the mean over
// s√n, s² the variance with n − 1 degrees of freedom. Its limit is the largest
// excursion of a Brownian bridge: P = 2 Σ (−1)^{k+1} exp(−2k²x²).
func OLSCusum(y []float64) (Cusum, error) {
	n := len(y)
	if n < 3 {
		return Cusum{}, fmt.Errorf("%w: %d values", ErrSeries, n)
	}
	p, err := newPrefix(y)
	if err != nil {
		return Cusum{}, err
	}
	largest := 0.0
	for _, s := range p.sum {
		largest = max(largest, math.Abs(s))
	}
	x := largest / math.Sqrt(p.rss(0, n)/float64(n-1)*float64(n))
	return Cusum{x, kolmogorov(x)}, nil
}

func kolmogorov(x float64) float64 {
	// Below this the series needs too many terms and the value is 1 to 15 digits.
	if x < 0.2 {
		return 1
	}
	p, sign := 0.0, 1.0
	for k := 1.0; k <= 100; k++ {
		p += sign * 2 * math.Exp(-2*k*k*x*x)
		sign = -sign
	}
	return min(max(p, 0), 1)
}

// RecursiveCusum is Brown, Durbin & Evans (1975, JRSS-B 37:149): cumulated
// recursive residuals over s√(n−1) against boundaries that widen from 1 to 3
// times the statistic,
//
//	x = max_t |W_t| / (1 + 2t),  t = (i−1)/(n−1)
//
// with their approximation of the p-value.
func RecursiveCusum(y []float64) (Cusum, error) {
	n := len(y)
	if n < 4 {
		return Cusum{}, fmt.Errorf("%w: %d values", ErrSeries, n)
	}
	if _, err := newPrefix(y); err != nil {
		return Cusum{}, err
	}
	w := make([]float64, 0, n-1)
	mean, avg := y[0], 0.0
	for i := 1; i < n; i++ {
		k := float64(i)
		w = append(w, (y[i]-mean)/math.Sqrt(1+1/k))
		mean += (y[i] - mean) / (k + 1)
	}
	for _, v := range w {
		avg += v / float64(len(w))
	}
	ss := 0.0
	for _, v := range w {
		ss += (v - avg) * (v - avg)
	}
	if !(ss > 0) {
		return Cusum{}, fmt.Errorf("%w: its recursive residuals never vary", ErrSeries)
	}
	k := float64(len(w))
	scale := math.Sqrt(ss / (k - 1) * k)
	sum, x := 0.0, 0.0
	for i, v := range w {
		sum += v
		x = max(x, math.Abs(sum)/scale/(1+2*float64(i+1)/k))
	}
	return Cusum{x, widening(x)}, nil
}

// widening is the chance that a Wiener process leaves the widening boundaries.
func widening(x float64) float64 {
	if x < 0.3 {
		// Outside the range of the approximation, where it is close to linear.
		return 1 - 0.1465*x
	}
	phi := distuv.UnitNormal.CDF
	upper := distuv.UnitNormal.Survival
	return min(1, 2*(upper(3*x)+math.Exp(-4*x*x)*(phi(x)+phi(5*x)-1)-math.Exp(-16*x*x)*upper(x)))
}
