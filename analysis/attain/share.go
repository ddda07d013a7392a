package attain

import (
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
)

// Share is the part of the distance covered, A = (y_t − y_0)/(y_T − y_0). It is
// never clipped: more than all and less than nothing are both told. It is
// undefined where the target is the baseline: see Hold.
func Share(c Course) (float64, Reason) {
	switch {
	case !finite(c.Base, c.Current):
		return 0, NotFinite
	case !finite(c.Target):
		return 0, NoTarget
	case c.Target == c.Base:
		return 0, NoDistance
	}
	return defined((c.Current - c.Base) / (c.Target - c.Base))
}

// ShareInterval is the interval of Share when both the current value and the
// baseline are noisy and independent and the target is a fixed number. The
// baseline stands above and below the line, so the two are not independent; but
//
//	A = 1 − (y_t − y_T)/(y_0 − y_T)
//
// is one less a ratio of independent estimates, whose limits are MOVER's (Donner &
// Zou 2012), Fieller's where the inputs are normal. Where the baseline may equal
// the target the set is unbounded: BaselineNoise. A baseline agreed as a number is
// an estimate with both limits at its value.
func ShareInterval(current, base interval.Estimate, target float64) (interval.Estimate, Reason) {
	share, reason := Share(Course{Base: base.Value, Current: current.Value, Target: target})
	if reason != Defined {
		return interval.Estimate{}, reason
	}
	if !finite(current.Lower, current.Upper, base.Lower, base.Upper) {
		return interval.Estimate{}, NotFinite
	}
	if base.Contains(target) {
		return interval.Estimate{}, BaselineNoise
	}
	left, err := interval.Ratio(less(current, target), less(base, target))
	if err != nil {
		// Every cause but overflow is excluded above.
		return interval.Estimate{}, OutOfRange
	}
	return interval.Estimate{Value: share, Interval: interval.Interval{
		// Rounding must not leave the share outside a very short interval.
		Lower: math.Min(share, 1-left.Upper), Upper: math.Max(share, 1-left.Lower),
	}}, Defined
}

func less(e interval.Estimate, x float64) interval.Estimate {
	return interval.Estimate{Value: e.Value - x, Interval: interval.Interval{Lower: e.Lower - x, Upper: e.Upper - x}}
}

// Propagate gives the interval of any measure of a course from the intervals of
// the current value and the baseline, by variance recovery: each input alone is
// moved to both of its limits, the worst move each way taken, and the moves of the
// two combined by root of sum of squares. It is exact for a measure linear in
// both, and deterministic. For Share use ShareInterval, which does not
// approximate. The reason is the measure's own where it is not defined at a limit.
func Propagate(measure func(Course) (float64, Reason), c Course, current, base interval.Estimate) (interval.Estimate, Reason) {
	c.Current, c.Base = current.Value, base.Value
	value, reason := measure(c)
	if reason != Defined {
		return interval.Estimate{}, reason
	}
	var down, up float64
	for _, ends := range [2][2]Course{
		{with(c, current.Lower, base.Value), with(c, current.Upper, base.Value)},
		{with(c, current.Value, base.Lower), with(c, current.Value, base.Upper)},
	} {
		var most, least float64
		for _, end := range ends {
			v, reason := measure(end)
			if reason != Defined {
				return interval.Estimate{}, reason
			}
			most, least = math.Max(most, v-value), math.Min(least, v-value)
		}
		down, up = math.Hypot(down, least), math.Hypot(up, most)
	}
	if !finite(value-down, value+up) {
		return interval.Estimate{}, OutOfRange
	}
	return interval.Estimate{Value: value, Interval: interval.Interval{Lower: value - down, Upper: value + up}}, Defined
}

func with(c Course, current, base float64) Course {
	c.Current, c.Base = current, base
	return c
}

// Expected is the share of the way that should be covered by now on a straight
// line from baseline to target: below 0 before the baseline year, above 1 after
// the target year.
func Expected(c Course) (float64, Reason) {
	if !finite(c.BaseYear, c.CurrentYear, c.TargetYear) {
		return 0, NotFinite
	}
	if c.TargetYear <= c.BaseYear {
		return 0, NoTime
	}
	return defined((c.CurrentYear - c.BaseYear) / (c.TargetYear - c.BaseYear))
}

// Pace is Share over Expected: 1 is just in time.
func Pace(c Course) (float64, Reason) {
	a, reason := Share(c)
	if reason != Defined {
		return 0, reason
	}
	e, reason := Expected(c)
	if reason != Defined {
		return 0, reason
	}
	if e <= 0 {
		return 0, NoTime
	}
	return defined(a / e)
}

// Required is the change a year needed from now to reach the target in time.
func Required(c Course) (float64, Reason) {
	switch {
	case !finite(c.Current, c.CurrentYear, c.TargetYear):
		return 0, NotFinite
	case !finite(c.Target):
		return 0, NoTarget
	case c.TargetYear <= c.CurrentYear:
		return 0, NoTime
	}
	return defined((c.Target - c.Current) / (c.TargetYear - c.CurrentYear))
}
