package interval

import (
	"errors"
	"fmt"
	"math"
)

// Overdispersed gives the limits of a count whose variance is phi times its mean:
// those of a Poisson count o/phi, times phi. phi = 1 is Poisson; below 1 is not
// accepted, since nothing makes people's moves more even than chance.
func Overdispersed(o, phi, level float64) (i Interval, method Method, err error) {
	if !(phi >= 1) || math.IsInf(phi, 0) {
		return Interval{}, "", fmt.Errorf("%w: dispersion %v below 1", ErrUndefined, phi)
	}
	if err := checkCount(o); err != nil {
		return Interval{}, "", err
	}
	i, m, err := Poisson(o/phi, level)
	if err != nil {
		return Interval{}, Method(m), err
	}
	i = i.Scale(phi)
	return i, Method(m), i.check(o, level)
}

// DispersionFactor estimates phi for Overdispersed: Pearson's Σ(o − e)²/e over the
// degrees of freedom len(o) − fitted, at least 1. e are the expected counts and
// fitted the number of parameters they were estimated with.
func DispersionFactor(o, e []float64, fitted int) (float64, error) {
	if len(o) != len(e) {
		panic("interval: counts and expected counts differ in length")
	}
	df := len(o) - fitted
	if df < 1 {
		return 0, fmt.Errorf("%w: %d counts, %d fitted", ErrTooFew, len(o), fitted)
	}
	sum := 0.0
	for i := range o {
		if err := errors.Join(checkCount(o[i]), checkDenominator(e[i])); err != nil {
			return 0, err
		}
		sum += (o[i] - e[i]) / e[i] * (o[i] - e[i])
	}
	if math.IsInf(sum, 0) {
		return 0, fmt.Errorf("%w: dispersion overflows", ErrCount)
	}
	return math.Max(1, sum/float64(df)), nil
}

// Pooled is the rate over several years, scale·Σo/Σn, with the limits of the
// pooled count. A year that is missing must be left out of both by the caller.
func Pooled(o, n []float64, scale, level float64) (Estimate, Method, error) {
	if len(o) != len(n) {
		panic("interval: counts and denominators differ in length")
	}
	var so, sn float64
	for i := range o {
		if err := errors.Join(checkCount(o[i]), checkDenominator(n[i])); err != nil {
			return Estimate{}, "", err
		}
		so += o[i]
		sn += n[i]
	}
	i, m, err := Rate(so, sn, scale, level)
	if err != nil {
		return Estimate{}, "", err
	}
	e := Estimate{scale * so / sn, i}
	return e, Method(m), e.check()
}

// ProportionEstimate is o/n with Wilson's limits, times scale.
func ProportionEstimate(o, n, scale, level float64) (Estimate, error) {
	i, err := Wilson(o, n, level)
	if err != nil {
		return Estimate{}, err
	}
	e := Estimate{scale * o / n, i.Scale(scale)}
	return e, e.check()
}

// DifferenceOfProportions gives Newcombe's (1998) hybrid score limits of
// scale·(o1/n1 − o0/n0).
func DifferenceOfProportions(o1, n1, o0, n0, scale, level float64) (Estimate, error) {
	a, err := ProportionEstimate(o1, n1, scale, level)
	if err != nil {
		return Estimate{}, err
	}
	b, err := ProportionEstimate(o0, n0, scale, level)
	if err != nil {
		return Estimate{}, err
	}
	d := Difference(a, b)
	return d, d.check()
}

// DifferenceOfRates gives MOVER limits of scale·(o1/n1 − o0/n0) for Poisson counts
// with Public Health England's limits.
func DifferenceOfRates(o1, n1, o0, n0, scale, level float64) (Estimate, error) {
	a, _, err := Pooled([]float64{o1}, []float64{n1}, scale, level)
	if err != nil {
		return Estimate{}, err
	}
	b, _, err := Pooled([]float64{o0}, []float64{n0}, scale, level)
	if err != nil {
		return Estimate{}, err
	}
	d := Difference(a, b)
	return d, d.check()
}

// Fieller gives Fieller's (1954) limits of a/b for normal estimates with variances
// va, vb and covariance cab: the θ with (a − θb)² ≤ z²·(va − 2θ·cab + θ²·vb). The
// set is bounded when b differs from zero at the level, b² > z²·vb; otherwise
// ErrUndefined.
func Fieller(a, b, va, vb, cab, level float64) (Estimate, error) {
	z, err := Z(level)
	if err != nil {
		return Estimate{}, err
	}
	for _, v := range []float64{a, b, va, vb, cab} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Estimate{}, fmt.Errorf("%w: %v", ErrCount, v)
		}
	}
	if va < 0 || vb < 0 || cab*cab > va*vb*(1+1e-12) {
		return Estimate{}, fmt.Errorf("%w: variances %v, %v with covariance %v", ErrUndefined, va, vb, cab)
	}
	// In units of b, so that squares do not overflow.
	ra := a / b
	va, vb, cab = va/b/b, vb/b/b, cab/b/b
	qa, qb := 1-z*z*vb, ra-z*z*cab
	if !(b != 0 && qa > 0) {
		return Estimate{}, fmt.Errorf("%w: the denominator %v may be zero", ErrUndefined, b)
	}
	// (qb² − qa·(ra² − z²va))/z² as a sum of squares, which cannot cancel.
	root := z * math.Sqrt(va)
	if vb > 0 {
		det := math.Max(0, va-cab*(cab/vb))
		root = z * math.Sqrt(vb*(ra-cab/vb)*(ra-cab/vb)+det*qa)
	}
	e := Estimate{ra, Interval{(qb - root) / qa, (qb + root) / qa}}
	return e, e.check()
}
