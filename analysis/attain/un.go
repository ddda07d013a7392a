package attain

import "math"

// UNResult is an outcome by the rule of the UN Progress Chart.
type UNResult struct {
	Growth   float64 // CAGR observed.
	Expected float64 // Value in the target year at that growth.
	Ratio    float64 // Of the distance that would be covered by then.
	Score    int     // 3 on track, 2 fair, 1 stagnation or worse.
	Met      bool    // The target is met already.
}

// UN is the UN Progress Chart (technical note 2023): extend the observed growth to
// the target year, y_e = y_t(1 + CAGR)^(T − t); (y_e − y_0)/(y_T − y_0) ≥ 0.95
// scores 3, ≥ 0.10 scores 2, below that 1; a target already met scores 3, and so
// does a percentage within one point of a target of 0 or 100. The rule knows no
// stand-in for 0 and needs a baseline of one sign with the current value.
func UN(c Course) (UNResult, Reason) {
	if !finite(c.Target) {
		return UNResult{}, NoTarget
	}
	if !finite(c.Base, c.Current, c.BaseYear, c.CurrentYear, c.TargetYear) {
		return UNResult{}, NotFinite
	}
	if c.Direction == 0 {
		return UNResult{}, NoDirection
	}
	if c.Target == c.Base {
		return UNResult{}, NoDistance
	}
	if c.TargetYear <= c.BaseYear {
		return UNResult{}, NoTime
	}
	g, reason := growth(c.Base, c.Current, c.CurrentYear-c.BaseYear)
	if reason != Defined {
		return UNResult{}, reason
	}
	r := UNResult{Growth: g, Expected: c.Current * math.Pow(1+g, c.TargetYear-c.CurrentYear)}
	if c.Current == 0 {
		// Nothing grows from nothing, also at 0^negative after the target year.
		r.Expected = 0
	}
	r.Ratio = (r.Expected - c.Base) / (c.Target - c.Base)
	if !finite(r.Expected, r.Ratio) {
		return UNResult{}, OutOfRange
	}
	r.Met = float64(c.Direction)*(c.Current-c.Target) >= 0 ||
		c.Percentage && (c.Target == 0 || c.Target == 100) && math.Abs(c.Current-c.Target) <= 1
	switch {
	case r.Met || r.Ratio >= 0.95:
		r.Score = 3
	case r.Ratio >= 0.10:
		r.Score = 2
	default:
		r.Score = 1
	}
	return r, Defined
}

// UNRatio is the ratio of UN alone, for Propagate.
func UNRatio(c Course) (float64, Reason) {
	r, reason := UN(c)
	return r.Ratio, reason
}

// UNNoTarget is the rule without a target: growth in the wanted direction of at
// least 2 % a year scores 3, at least 0.5 % scores 2, below that 1.
func UNNoTarget(c Course) (UNResult, Reason) {
	if c.Direction == 0 {
		return UNResult{}, NoDirection
	}
	g, reason := growth(c.Base, c.Current, c.CurrentYear-c.BaseYear)
	if reason != Defined {
		return UNResult{}, reason
	}
	r := UNResult{Growth: g, Expected: c.Current, Score: 1}
	switch wanted := math.Copysign(1, c.Base) * float64(c.Direction) * g; {
	case wanted >= 0.02:
		r.Score = 3
	case wanted >= 0.005:
		r.Score = 2
	}
	return r, Defined
}
