// Package interval gives confidence intervals for the counts, rates,
// proportions, differences and net flows of small places, and the smallest
// change such figures could have shown. Every defined input gives a result or
// one of the package's errors, never NaN or Inf.
package interval

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Sentinel errors. They are wrapped with the offending numbers.
var (
	// ErrLevel reports a confidence level outside (0, 1).
	ErrLevel = errors.New("interval: level outside (0, 1)")
	// ErrCount reports a count that is negative, not finite or, for exact
	// methods, not whole.
	ErrCount = errors.New("interval: invalid count")
	// ErrDenominator reports a denominator that is not positive and finite, or
	// smaller than the count it is to contain.
	ErrDenominator = errors.New("interval: invalid denominator")
	// ErrUndefined reports an interval that does not exist, such as a ratio to a
	// baseline that may be zero.
	ErrUndefined = errors.New("interval: undefined")
	// ErrTooFew reports too few years to estimate a dispersion from.
	ErrTooFew = errors.New("interval: too few years")
)

// Interval is a two-sided confidence interval.
type Interval struct{ Lower, Upper float64 }

// Contains reports whether x lies in the closed interval.
func (i Interval) Contains(x float64) bool { return i.Lower <= x && x <= i.Upper }

// Scale multiplies both limits; a negative factor turns the interval round.
func (i Interval) Scale(k float64) Interval {
	if k < 0 {
		return Interval{i.Upper * k, i.Lower * k}
	}
	return Interval{i.Lower * k, i.Upper * k}
}

// Z returns the exact normal quantile of a two-sided level, 1.959963… for 0.95.
func Z(level float64) (float64, error) {
	if !(level > 0 && level < 1) {
		return 0, fmt.Errorf("%w: %v", ErrLevel, level)
	}
	return distuv.UnitNormal.Quantile(1 - (1-level)/2), nil
}

func checkCount(o float64) error {
	if o < 0 || math.IsNaN(o) || math.IsInf(o, 0) {
		return fmt.Errorf("%w: %v", ErrCount, o)
	}
	return nil
}

func checkDenominator(n float64) error {
	if !(n > 0) || math.IsInf(n, 0) {
		return fmt.Errorf("%w: %v", ErrDenominator, n)
	}
	return nil
}

// Byar gives Byar's approximation to the exact Poisson limits of a count o
// (Breslow & Day 1987, vol. II, p. 69):
//
//	lower = o·(1 − 1/(9o) − z/(3√o))³
//	upper = (o+1)·(1 − 1/(9(o+1)) + z/(3√(o+1)))³
//
// A lower limit below zero, which happens for o = 1 at 99.8 %, is reported as
// ErrUndefined, as Public Health England's package does; for o = 0 it is 0.
func Byar(o, level float64) (Interval, error) {
	z, err := Z(level)
	if err != nil {
		return Interval{}, err
	}
	if err := checkCount(o); err != nil {
		return Interval{}, err
	}
	i := Interval{Upper: cube(1-1/(9*(o+1))+z/(3*math.Sqrt(o+1))) * (o + 1)}
	if o == 0 {
		return i, nil
	}
	i.Lower = o * cube(1-1/(9*o)-z/(3*math.Sqrt(o)))
	if i.Lower < 0 {
		return Interval{}, fmt.Errorf("%w: Byar's lower limit of %v at level %v is negative", ErrUndefined, o, level)
	}
	return i, nil
}

func cube(x float64) float64 { return x * x * x }

// Exact gives the exact Poisson limits of a count (Garwood 1936):
// χ²(α/2; 2o)/2 and χ²(1−α/2; 2o+2)/2. It also serves a pooled count that is
// not whole.
func Exact(o, level float64) (Interval, error) {
	if _, err := Z(level); err != nil {
		return Interval{}, err
	}
	if err := checkCount(o); err != nil {
		return Interval{}, err
	}
	alpha := 1 - level
	i := Interval{Upper: distuv.ChiSquared{K: 2*o + 2}.Quantile(1-alpha/2) / 2}
	if o > 0 {
		i.Lower = distuv.ChiSquared{K: 2 * o}.Quantile(alpha/2) / 2
	}
	return i, nil
}

// exactBelow is where Public Health England's packages change from the exact
// limits to Byar's.
const exactBelow = 10

// Poisson gives the limits of a count by the rule of Public Health England:
// exact below 10, Byar from 10. Method is "exact" or "byar".
func Poisson(o, level float64) (i Interval, method string, err error) {
	if o < exactBelow {
		i, err = Exact(o, level)
		return i, "exact", err
	}
	i, err = Byar(o, level)
	return i, "byar", err
}

// Rate gives the limits of scale·o/n for a Poisson count o and a denominator n
// taken as known.
func Rate(o, n, scale, level float64) (i Interval, method string, err error) {
	if err := checkDenominator(n); err != nil {
		return Interval{}, "", err
	}
	i, method, err = Poisson(o, level)
	return i.Scale(scale / n), method, err
}

// Wilson gives the score limits of a proportion o/n (Wilson 1927):
//
//	(2o + z² ∓ z√(z² + 4o(1−o/n))) / (2(n + z²))
func Wilson(o, n, level float64) (Interval, error) {
	z, err := Z(level)
	if err != nil {
		return Interval{}, err
	}
	if err := checkProportion(o, n); err != nil {
		return Interval{}, err
	}
	z2 := z * z
	root := z * math.Sqrt(z2+4*o*(1-o/n))
	d := 2 * (n + z2)
	// The limits lie in [0, 1] exactly; rounding may leave them a hair outside.
	return Interval{math.Max(0, (2*o+z2-root)/d), math.Min(1, (2*o+z2+root)/d)}, nil
}

func checkProportion(o, n float64) error {
	if err := checkCount(o); err != nil {
		return err
	}
	if err := checkDenominator(n); err != nil {
		return err
	}
	if o > n {
		return fmt.Errorf("%w: part %v of %v", ErrDenominator, o, n)
	}
	return nil
}

// ClopperPearson gives the exact binomial limits of o/n (Clopper & Pearson
// 1934), from beta quantiles.
func ClopperPearson(o, n, level float64) (Interval, error) {
	if _, err := Z(level); err != nil {
		return Interval{}, err
	}
	if err := checkProportion(o, n); err != nil {
		return Interval{}, err
	}
	alpha := 1 - level
	i := Interval{0, 1}
	if o > 0 {
		i.Lower = distuv.Beta{Alpha: o, Beta: n - o + 1}.Quantile(alpha / 2)
	}
	if o < n {
		i.Upper = distuv.Beta{Alpha: o + 1, Beta: n - o}.Quantile(1 - alpha/2)
	}
	return i, nil
}

// Estimate is a point estimate with its interval.
type Estimate struct {
	Value float64
	Interval
}

// Difference gives the limits of a − b for independent estimates by the method
// of variance estimates recovery, MOVER (Zou & Donner 2008); with Wilson limits
// it is Newcombe's (1998) hybrid score interval:
//
//	lower = a − b − √((a − l_a)² + (u_b − b)²)
//	upper = a − b + √((u_a − a)² + (b − l_b)²)
func Difference(a, b Estimate) Estimate {
	d := a.Value - b.Value
	return Estimate{d, Interval{
		d - math.Hypot(a.Value-a.Lower, b.Upper-b.Value),
		d + math.Hypot(a.Upper-a.Value, b.Value-b.Lower),
	}}
}

// Sum gives the limits of a + b by MOVER.
func Sum(a, b Estimate) Estimate {
	return Difference(a, Estimate{-b.Value, Interval{-b.Upper, -b.Lower}})
}

// Ratio gives MOVER limits of a/b for independent estimates with b's interval
// on one side of zero (Donner & Zou 2012). When b may be zero the set is
// unbounded and ErrUndefined is returned.
func Ratio(a, b Estimate) (Estimate, error) {
	if b.Lower <= 0 && b.Upper >= 0 || b.Value == 0 {
		return Estimate{}, fmt.Errorf("%w: the denominator's interval %v to %v holds zero", ErrUndefined, b.Lower, b.Upper)
	}
	if b.Value < 0 {
		a = Estimate{-a.Value, a.Interval.Scale(-1)}
		b = Estimate{-b.Value, b.Interval.Scale(-1)}
	}
	return Estimate{a.Value / b.Value, Interval{ratioLimit(a, b, a.Lower, b.Upper, -1), ratioLimit(a, b, a.Upper, b.Lower, +1)}}, nil
}

// ratioLimit solves θ with (a − a_lim)² + θ²(b_lim − b)² = (a − θb)², the MOVER
// limit of a/b on the side of sign.
func ratioLimit(a, b Estimate, aLim, bLim, sign float64) float64 {
	// (b² − db²)θ² − 2abθ + (a² − da²) = 0.
	da, db := a.Value-aLim, bLim-b.Value
	// A numerator below zero meets the other limit of b.
	if sign < 0 && aLim < 0 {
		db = b.Value - b.Lower
	}
	if sign > 0 && aLim < 0 {
		db = b.Upper - b.Value
	}
	qa := b.Value*b.Value - db*db
	qb := a.Value * b.Value
	disc := math.Max(0, qb*qb-qa*(a.Value*a.Value-da*da))
	if qa <= 0 {
		return sign * math.MaxFloat64
	}
	return (qb + sign*math.Sqrt(disc)) / qa
}

// RateRatio gives the exact limits of (o1/n1)/(o2/n2): given the total, o1 is
// binomial, and Clopper-Pearson limits π map to π/(1−π)·n2/n1 (Przyborowski &
// Wilenski 1940). With o2 = 0 there is no upper limit: ErrUndefined.
func RateRatio(o1, n1, o2, n2, level float64) (Estimate, error) {
	if err := errors.Join(checkCount(o1), checkCount(o2), checkDenominator(n1), checkDenominator(n2)); err != nil {
		return Estimate{}, err
	}
	if o2 == 0 {
		return Estimate{}, fmt.Errorf("%w: ratio to a count of 0", ErrUndefined)
	}
	p, err := ClopperPearson(o1, o1+o2, level)
	if err != nil {
		return Estimate{}, err
	}
	odds := func(p float64) float64 { return p / (1 - p) * n2 / n1 }
	return Estimate{o1 / n1 / (o2 / n2), Interval{odds(p.Lower), odds(p.Upper)}}, nil
}

// Net gives the limits of a net flow in − out from its gross flows: MOVER on the
// two Poisson counts. The difference is Skellam distributed; in simulations of
// flows of 40 to 800 the MOVER limits cover 94.6–95.5 % at nominal 95 (docs/
// validation.md).
func Net(in, out, level float64) (Estimate, error) {
	a, _, err := Poisson(in, level)
	if err != nil {
		return Estimate{}, err
	}
	b, _, err := Poisson(out, level)
	if err != nil {
		return Estimate{}, err
	}
	return Difference(Estimate{in, a}, Estimate{out, b}), nil
}

// MinDispersionYears is the least number of other years a dispersion is
// estimated from.
const MinDispersionYears = 8

// Dispersion gives the limits of one year's net flow from the place's own
// year-to-year variation, for when only the net is published. history are the
// rates per head of the other years, the assessed year left out, in time order.
// The standard deviation of a single year is estimated from first differences,
// s = √(Σd²/(2m)), which a slow trend does not inflate (von Neumann 1941); the
// median of |d| (s = 1.4826·median|d|/√2) is used instead when it is larger, so
// that no lucky pair of years makes the interval too short. The interval is
// value ± t·s with the 5/8·m degrees of freedom of a first-difference estimate,
// at least 3.
func Dispersion(value float64, history []float64, level float64) (Interval, error) {
	s, df, err := YearSD(history)
	if err != nil {
		return Interval{}, err
	}
	if _, err := Z(level); err != nil {
		return Interval{}, err
	}
	half := s * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1-(1-level)/2)
	return Interval{value - half, value + half}, nil
}

// YearSD estimates the standard deviation of a single year about its local
// level, and the degrees of freedom of that estimate.
func YearSD(history []float64) (sd, df float64, err error) {
	if len(history) < MinDispersionYears {
		return 0, 0, fmt.Errorf("%w: %d, need %d", ErrTooFew, len(history), MinDispersionYears)
	}
	abs := make([]float64, len(history)-1)
	sum := 0.0
	for i := range abs {
		d := history[i+1] - history[i]
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return 0, 0, fmt.Errorf("%w: %v", ErrCount, d)
		}
		abs[i] = math.Abs(d)
		sum += d * d
	}
	m := float64(len(abs))
	sd = math.Max(math.Sqrt(sum/(2*m)), 1.4826*median(abs)/math.Sqrt2)
	return sd, math.Max(3, 5*m/8), nil
}

func median(x []float64) float64 {
	// Insertion sort: a handful of years, and the caller's copy.
	for i := 1; i < len(x); i++ {
		for j := i; j > 0 && x[j] < x[j-1]; j-- {
			x[j], x[j-1] = x[j-1], x[j]
		}
	}
	n := len(x)
	if n%2 == 1 {
		return x[n/2]
	}
	return (x[n/2-1] + x[n/2]) / 2
}

// Chance is how far chance alone moves a count from one year to the next in 19
// years out of 20: ±z·√(2o).
func Chance(o, level float64) (float64, error) {
	z, err := Z(level)
	if err != nil {
		return 0, err
	}
	return z * math.Sqrt(2*o), checkCount(o)
}

// power80 is Φ⁻¹(0.80), the extra reach a change needs to be seen four times
// out of five.
var power80 = distuv.UnitNormal.Quantile(0.80)

// DetectableSD is the smallest true difference between two periods that a
// two-sided test at 1−level sees with 80 % power, given the standard error of
// each period's value: (z + 0.8416)·√(se₀² + se₁²).
func DetectableSD(se0, se1, level float64) (float64, error) {
	z, err := Z(level)
	if err != nil {
		return 0, err
	}
	if !(se0 >= 0 && se1 >= 0) || math.IsInf(se0+se1, 0) {
		return 0, fmt.Errorf("%w: standard errors %v and %v", ErrCount, se0, se1)
	}
	return (z + power80) * math.Hypot(se0, se1), nil
}

// DetectableCount is the smallest difference in a Poisson rate scale·o/n that
// would be seen between two periods with about this count each:
// (z + 0.8416)·scale·√(2·max(o,1))/n.
func DetectableCount(o, n, scale, level float64) (float64, error) {
	if err := errors.Join(checkCount(o), checkDenominator(n)); err != nil {
		return 0, err
	}
	se := scale * math.Sqrt(math.Max(o, 1)) / n
	return DetectableSD(se, se, level)
}

// DetectableProportion is the same for a proportion o/n:
// (z + 0.8416)·scale·√(2·p(1−p)/n), with p pulled off 0 and 1 by Wilson's centre.
func DetectableProportion(o, n, scale, level float64) (float64, error) {
	if err := checkProportion(o, n); err != nil {
		return 0, err
	}
	z, err := Z(level)
	if err != nil {
		return 0, err
	}
	p := (o + z*z/2) / (n + z*z)
	se := scale * math.Sqrt(p*(1-p)/n)
	return DetectableSD(se, se, level)
}
