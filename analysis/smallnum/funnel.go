package smallnum

import (
	"fmt"
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
)

// Warning and Alarm are the levels of the two pairs of funnel limits, 95 % and
// 99.8 %.
const (
	Warning = 0.95
	Alarm   = 0.998
)

// Position is where a place lies in a funnel. Outside a limit means further from
// the common level than chance explains, and nothing about good or bad.
type Position int

// Positions from below both limits to above both.
const (
	BelowAlarm   Position = -2
	BelowWarning Position = -1
	Inside       Position = 0
	AboveWarning Position = 1
	AboveAlarm   Position = 2
)

// ProportionLimits are the funnel limits at denominator n around a common
// proportion p: the observed proportions whose Wilson interval just reaches p,
//
//	p ± z √(p(1−p)/n), within [0, 1]
//
// (Spiegelhalter 2005, Stat Med 24:1185; PHE Fingertips).
func ProportionLimits(p, n, level float64) (interval.Interval, error) {
	if !(p >= 0 && p <= 1) {
		return interval.Interval{}, fmt.Errorf("%w: proportion %v", ErrUndefined, p)
	}
	if err := positive(n, 0); err != nil {
		return interval.Interval{}, err
	}
	z, err := interval.Z(level)
	if err != nil {
		return interval.Interval{}, fmt.Errorf("%w: %w", ErrLevel, err)
	}
	half := z * math.Sqrt(p*(1-p)/n)
	return interval.Interval{Lower: max(0, p-half), Upper: min(1, p+half)}, nil
}

// PlaceProportions gives each place's position around the common proportion
// ΣO/Σn, which it returns.
func PlaceProportions(o, n []float64) ([]Position, float64, error) {
	if err := check(o, n, 2); err != nil {
		return nil, 0, err
	}
	p := sum(o) / sum(n)
	out := make([]Position, len(o))
	for i := range o {
		if o[i] > n[i] {
			return nil, 0, fmt.Errorf("%w: number %d is %v of %v", ErrCount, i, o[i], n[i])
		}
		warning, err := ProportionLimits(p, n[i], Warning)
		if err != nil {
			return nil, 0, err
		}
		alarm, err := ProportionLimits(p, n[i], Alarm)
		if err != nil {
			return nil, 0, err
		}
		out[i] = position(o[i]/n[i], warning, alarm)
	}
	return out, p, nil
}

func position(v float64, warning, alarm interval.Interval) Position {
	switch {
	case v < alarm.Lower:
		return BelowAlarm
	case v < warning.Lower:
		return BelowWarning
	case v > alarm.Upper:
		return AboveAlarm
	case v > warning.Upper:
		return AboveWarning
	}
	return Inside
}

// RatioLimits are the exact Poisson funnel limits of O/E at expected count e around
// the ratio target:
//
//	target·χ²_{α/2}(2e)/(2e)  and  target·χ²_{1−α/2}(2e+2)/(2e)
func RatioLimits(target, e, level float64) (interval.Interval, error) {
	if err := positive(target, 0); err != nil {
		return interval.Interval{}, err
	}
	if err := positive(e, 0); err != nil {
		return interval.Interval{}, err
	}
	i, err := interval.Exact(e, level)
	if err != nil {
		return interval.Interval{}, fmt.Errorf("%w: %w", ErrUndefined, err)
	}
	return i.Scale(target / e), nil
}

// PlaceRatio is the position of O events where target·E are expected: above when
// the whole exact interval of O is above, below when it is below. This is the exact
// test, and differs from RatioLimits by the discreteness of counts.
func PlaceRatio(o, e, target float64) (Position, error) {
	if err := check([]float64{o}, []float64{e}, 1); err != nil {
		return Inside, err
	}
	if err := positive(target, 0); err != nil {
		return Inside, err
	}
	out := Inside
	for k, level := range []float64{Warning, Alarm} {
		i, err := interval.Exact(o, level)
		if err != nil {
			return Inside, fmt.Errorf("%w: %w", ErrUndefined, err)
		}
		switch {
		case i.Lower > target*e:
			out = Position(k + 1)
		case i.Upper < target*e:
			out = -Position(k + 1)
		}
	}
	return out, nil
}

// Overdispersion is how much more places vary than chance makes them.
type Overdispersion struct {
	// Phi is the mean square of z, 1 for chance alone; Tau2 the variance between
	// places on the log scale.
	Phi, Tau2 float64
	// Z are √E ln(O/E), before any is winsorised.
	Z []float64
}

// NewOverdispersion estimates both from counts o and expected counts e, the
// ⌊share·n⌋ lowest and highest z set to the nearest that is kept, so that the places
// a funnel is to find do not hide themselves (Spiegelhalter 2005, Stat Med 24:1185):
//
//	φ = Σz²/n,  τ² = max(0, (nφ − (n−1))/(ΣE − ΣE²/ΣE))
//
// A place without events has no logarithm: it is an error, and belongs in an exact
// funnel.
func NewOverdispersion(o, e []float64, share float64) (*Overdispersion, error) {
	if err := check(o, e, 2); err != nil {
		return nil, err
	}
	if !(share >= 0 && share < 0.5) {
		return nil, fmt.Errorf("%w: share winsorised %v, want 0 to below 0.5", ErrUndefined, share)
	}
	n := float64(len(o))
	out := &Overdispersion{Z: make([]float64, len(o))}
	for i := range o {
		if o[i] == 0 {
			return nil, fmt.Errorf("%w: number %d has no event and no logarithm", ErrUndefined, i)
		}
		out.Z[i] = math.Sqrt(e[i]) * math.Log(o[i]/e[i])
	}
	z := slices.Clone(out.Z)
	slices.Sort(z)
	k := int(share * n)
	low, high := z[k], z[len(z)-1-k]
	for _, v := range z {
		v = min(max(v, low), high)
		out.Phi += v * v / n
	}
	// ΣE − ΣE²/ΣE is twice the sum of all products of two over ΣE, and does not cancel
	// where one place is nearly all.
	var products, total float64
	for _, v := range e {
		products += v * total
		total += v
	}
	out.Tau2 = max(0, (n*out.Phi-(n-1))/(2*products/total))
	return out, nil
}

// Limits are the funnel limits of O/E at expected count e around target, widened
// by τ²: target·exp(±z√(1/e + τ²)).
func (d *Overdispersion) Limits(target, e, level float64) (interval.Interval, error) {
	if err := positive(target, 0); err != nil {
		return interval.Interval{}, err
	}
	if err := positive(e, 0); err != nil {
		return interval.Interval{}, err
	}
	z, err := interval.Z(level)
	if err != nil {
		return interval.Interval{}, fmt.Errorf("%w: %w", ErrLevel, err)
	}
	half := z * math.Sqrt(1/e+d.Tau2)
	out := interval.Interval{Lower: target * math.Exp(-half), Upper: target * math.Exp(half)}
	if math.IsInf(out.Upper, 0) {
		return interval.Interval{}, fmt.Errorf("%w: limit overflows at expected count %v", ErrUndefined, e)
	}
	return out, nil
}
