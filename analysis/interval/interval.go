// Package interval gives confidence intervals for the counts, rates,
// proportions, differences and net flows of small places, and the smallest
// change such figures could have shown. Every defined input gives a result or
// one of the package's errors, never NaN or Inf.
package interval

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Sentinel errors. They are wrapped with the offending numbers.
var (
	// ErrLevel reports a confidence level outside (0, 1 − 10⁻¹²].
	ErrLevel = errors.New("interval: level outside (0, 1)")
	// ErrCount reports a value that is not finite, or a count that is negative,
	// above 10¹² or, though not 0, below 10⁻⁹.
	ErrCount = errors.New("interval: invalid count")
	// ErrDenominator reports a denominator that is not between 10⁻⁹ and 10¹², or
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

// maxLevel keeps 1 − level exact to four digits.
const maxLevel = 1 - 1e-12

// Z returns the exact normal quantile of a two-sided level, 1.959963… for 0.95.
func Z(level float64) (float64, error) {
	if !(level > 0 && level <= maxLevel) {
		return 0, fmt.Errorf("%w: %v", ErrLevel, level)
	}
	// √2·erf⁻¹(level) loses nothing in 1 − (1 − level)/2.
	return math.Sqrt2 * math.Erfinv(level), nil
}

// check reports limits that floating point cannot hold, far outside any count or
// level in use.
func (i Interval) check(o, level float64) error {
	if math.IsNaN(i.Lower+i.Upper) || math.IsInf(i.Lower, 0) || math.IsInf(i.Upper, 0) {
		return fmt.Errorf("%w: limits of %v at level %v cannot be computed", ErrUndefined, o, level)
	}
	return nil
}

// The range of counts and denominators the quantile functions are trusted in: no
// place has more people, and no shrunken or dispersion-scaled count means anything
// below.
const (
	maxCount = 1e12
	minCount = 1e-9
)

func checkCount(o float64) error {
	if o != 0 && !(o >= minCount && o <= maxCount) {
		return fmt.Errorf("%w: %v", ErrCount, o)
	}
	return nil
}

func checkDenominator(n float64) error {
	if !(n >= minCount && n <= maxCount) {
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
	// Half a χ² quantile is a gamma quantile; the upper tail is inverted as such,
	// so that a level near 1 loses nothing.
	alpha := 1 - level
	i := Interval{Upper: mathext.GammaIncRegCompInv(o+1, alpha/2)}
	if o > 0 {
		i.Lower = mathext.GammaIncRegInv(o, alpha/2)
	}
	return i, i.check(o, level)
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
	if err != nil {
		return Interval{}, method, err
	}
	i = i.Scale(scale / n)
	return i, method, i.check(o, level)
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
		// The upper limit is one less the lower limit of the rest.
		i.Upper = 1 - distuv.Beta{Alpha: n - o, Beta: o + 1}.Quantile(alpha/2)
	}
	return i, i.check(o, level)
}

// Estimate is a point estimate with its interval.
type Estimate struct {
	Value float64
	Interval
}

func (e Estimate) check() error {
	if math.IsInf(e.Value, 0) || math.IsNaN(e.Value+e.Lower+e.Upper) || math.IsInf(e.Lower, 0) || math.IsInf(e.Upper, 0) {
		return fmt.Errorf("%w: %v with limits %v and %v cannot be computed", ErrUndefined, e.Value, e.Lower, e.Upper)
	}
	return nil
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
		a, b = negate(a), negate(b)
	}
	v := a.Value / b.Value
	// Rounding must not leave the value outside a very short interval.
	e := Estimate{v, Interval{math.Min(v, lowerRatio(a, b)), math.Max(v, -lowerRatio(negate(a), b))}}
	return e, e.check()
}

func negate(e Estimate) Estimate { return Estimate{-e.Value, e.Interval.Scale(-1)} }

// lowerRatio solves a − θb − √((a − l_a)² + θ²·d²) = 0 for θ, the lower MOVER
// limit of a/b with b above zero. d is the distance from b to its upper limit
// where θ is positive, to its lower limit where it is negative; θ has the sign of
// l_a, since zero is a possible ratio exactly when it is a possible numerator.
func lowerRatio(a, b Estimate) float64 {
	d := b.Upper - b.Value
	if a.Lower < 0 {
		d = b.Value - b.Lower
	}
	// qa·θ² − 2ab·θ + qc = 0, in units of b so that nothing overflows.
	ra, da, db := a.Value/b.Value, (a.Value-a.Lower)/b.Value, d/b.Value
	qa, qc := 1-db*db, (ra-da)*(ra+da)
	// ra² − qa·qc, written without a difference of near equals: qc is below zero
	// only where l_a is, and then d < b and qa is above zero.
	root := math.Sqrt(da*da + db*db*qc)
	if qc < 0 {
		root = math.Hypot(math.Sqrt(qa)*da, db*ra)
	}
	// Of the two forms of the root the one that adds, not subtracts. An upper
	// limit more than twice b makes qa negative; only the first form occurs then.
	if ra >= 0 {
		if ra+root == 0 {
			return 0
		}
		return qc / (ra + root)
	}
	return (ra - root) / qa
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
	q, err := ClopperPearson(o2, o1+o2, level)
	if err != nil {
		return Estimate{}, err
	}
	// The limits of o2's share are those of o1's from the other side, without the
	// rounding of 1 − p.
	e := Estimate{o1 / n1 / (o2 / n2), Interval{p.Lower / q.Upper * (n2 / n1), (1 - q.Lower) / q.Lower * (n2 / n1)}}
	return e, e.check()
}
