package interval

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Chance is how far chance alone moves a count from one year to the next in 19
// years out of 20 at level 0.95: ±z·√(2o). A count of 0 gives 0: it says too
// little about its own expectation, and Exact tells how much it may hide.
func Chance(o, level float64) (float64, error) {
	z, err := Z(level)
	if err != nil {
		return 0, err
	}
	if err := checkCount(o); err != nil {
		return 0, err
	}
	return z * math.Sqrt(2*o), nil
}

// power is the chance with which a smallest detectable change is to be seen.
const power = 0.80

// power80 is Φ⁻¹(0.80), the extra reach a change needs to be seen four times out
// of five.
var power80 = distuv.UnitNormal.Quantile(power)

// DetectableSD is the smallest true difference between two periods that a
// two-sided test at 1−level sees with 80 % power, given the standard error of
// each period's value: (z + 0.8416)·√(se₀² + se₁²), 2.80·√(se₀² + se₁²) at 0.95.
func DetectableSD(se0, se1, level float64) (float64, error) {
	z, err := Z(level)
	if err != nil {
		return 0, err
	}
	if !(se0 >= 0 && se1 >= 0) || math.IsInf(se0+se1, 0) {
		return 0, fmt.Errorf("%w: standard errors %v and %v", ErrCount, se0, se1)
	}
	d := (z + power80) * math.Hypot(se0, se1)
	if math.IsInf(d, 0) {
		return 0, fmt.Errorf("%w: standard errors %v and %v", ErrCount, se0, se1)
	}
	return d, nil
}

// DetectableCount is the smallest difference in a Poisson rate scale·o/n that
// would be seen between two periods with about this count each:
// (z + 0.8416)·scale·√(2·max(o,1))/n. A rise needs a little more, since it brings
// its own variance, and a fall a little less: DetectableRatio tells both.
func DetectableCount(o, n, scale, level float64) (float64, error) {
	if err := errors.Join(checkCount(o), checkDenominator(n)); err != nil {
		return 0, err
	}
	se := scale * math.Sqrt(math.Max(o, 1)) / n
	return DetectableSD(se, se, level)
}

// DetectableRatio is the smallest change of a count of about o a period on the
// log scale, (z + 0.8416)·√(2/o): with 70 moves 0.47, which is a rise of 61 % or a
// fall of 38 %. The same holds for a rate, whose denominator is known. A count of
// 0 has no logarithm: ErrUndefined.
func DetectableRatio(o, level float64) (rise, fall float64, err error) {
	if err := checkCount(o); err != nil {
		return 0, 0, err
	}
	if o == 0 {
		return 0, 0, fmt.Errorf("%w: relative change of a count of 0", ErrUndefined)
	}
	se := 1 / math.Sqrt(o)
	d, err := DetectableSD(se, se, level)
	if err != nil {
		return 0, 0, err
	}
	rise, fall = math.Expm1(d), -math.Expm1(-d)
	if math.IsInf(rise, 0) {
		return 0, 0, fmt.Errorf("%w: no rise of a count of %v is certain enough", ErrUndefined, o)
	}
	return rise, fall, nil
}

// DetectableProportion is the same as DetectableCount for a proportion o/n:
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

// DetectableFlow is the smallest difference in a net flow, in persons a year, that
// would be seen between two periods of the length of f: from gross flows
// 2.80·√(2·max(in + out, 1)) over the years, else (t + t₀.₈)·s·√(2/years) with s and
// its degrees of freedom from YearSD. It chooses as NetFlow does.
func DetectableFlow(f Flow, level float64) (float64, Method, error) {
	years := float64(max(f.Years, 1))
	if f.HasGross {
		if err := errors.Join(checkCount(f.In), checkCount(f.Out)); err != nil {
			return 0, ByGrossFlows, err
		}
		se := math.Sqrt(math.Max(f.In+f.Out, 1)) / years
		d, err := DetectableSD(se, se, level)
		return d, ByGrossFlows, err
	}
	s, df, err := YearSD(f.History)
	if err != nil {
		return 0, ByDispersion, err
	}
	if _, err := Z(level); err != nil {
		return 0, ByDispersion, err
	}
	t, err := tQuantile(level, df)
	if err != nil {
		return 0, ByDispersion, err
	}
	reach := t + distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(power)
	return reach * s * math.Sqrt(2/years), ByDispersion, nil
}
