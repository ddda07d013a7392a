// Package attain measures how far an outcome has come from a baseline towards a
// target: share of the distance, pace, the Eurostat/Open SDG ratio, the UN
// Progress Chart and the Goal Attainment Scaling T-score. Every defined input
// gives a result or a Reason, never NaN, Inf or a panic.
package attain

import (
	"math"
)

// Reason says why a measure has no value; empty when it has one.
type Reason string

// The reasons.
const (
	// Defined: the measure has a value.
	Defined Reason = ""
	// NoTarget: no target is agreed.
	NoTarget Reason = "no-target"
	// NoDistance: target and baseline are equal; keeping the level is judged by
	// a band, not by a share.
	NoDistance Reason = "target-equals-baseline"
	// NoTime: baseline and target year are the same, or no time has passed.
	NoTime Reason = "no-time-passed"
	// SignChange: growth rates need values of one sign.
	SignChange Reason = "values-change-sign"
	// NotFinite: an input is missing.
	NotFinite Reason = "input-missing"
	// BaselineNoise: the baseline's interval holds the target, so the distance may
	// be nothing and the share of it anything.
	BaselineNoise Reason = "baseline-may-equal-target"
	// PathUnordered: the points of a target path are not in order of year.
	PathUnordered Reason = "path-not-in-order"
	// NoTolerance: a level to be held has no tolerance, or a range no width.
	NoTolerance Reason = "no-tolerance"
	// NoDirection: it is not agreed whether up or down is better.
	NoDirection Reason = "no-direction"
	// OutOfRange: the value is too large to be computed.
	OutOfRange Reason = "out-of-range"
)

// Direction is +1 when a higher value is better and −1 when a lower one is.
type Direction int

// The directions.
const (
	Up   Direction = +1
	Down Direction = -1
)

// Course is where an outcome was, is and should be.
type Course struct {
	Base, Current, Target             float64
	BaseYear, CurrentYear, TargetYear float64
	Direction                         Direction
	// Percentage says that the values are percentages from 0 to 100, which the UN
	// Progress Chart treats apart near the ends.
	Percentage bool
}

func finite(x ...float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// defined turns a result too large for a float into a reason.
func defined(v float64) (float64, Reason) {
	if !finite(v) {
		return 0, OutOfRange
	}
	return v, Defined
}
