package attain

import "math"

// Progress is an outcome by the Eurostat/Open SDG rule.
type Progress struct {
	// Ratio is observed over required compound annual growth, or without a
	// target the growth rate in the wanted direction.
	Ratio float64
	// HasRatio is false when the target is met but no growth rate exists.
	HasRatio bool
	Class    string
	// Score is −5 to 5.
	Score float64
	// Limit is the natural-limit coefficient, without a target.
	Limit float64
}

// The classes of Open SDG.
const (
	Achieved      = "target_achieved"
	Substantial   = "substantial_progress"
	Moderate      = "moderate_progress"
	Limited       = "limited_progress"
	Deterioration = "deterioration"
)

// zeroStandIn replaces a baseline or target of 0, which has no growth rate, as
// Open SDG does.
const zeroStandIn = 0.001

func notZero(x float64) float64 {
	if x == 0 {
		return zeroStandIn
	}
	return x
}

// growth is the compound annual growth rate (b/a)^(1/n) − 1 from a to b over n
// years; to 0 it is −1.
func growth(a, b, n float64) (float64, Reason) {
	switch {
	case !finite(a, b, n):
		return 0, NotFinite
	case n <= 0:
		return 0, NoTime
	case a == 0 || a > 0 && b < 0 || a < 0 && b > 0:
		return 0, SignChange
	case b == 0:
		return -1, Defined
	}
	// Logarithms of each, since their ratio may overflow or vanish.
	return defined(math.Expm1((math.Log(math.Abs(b)) - math.Log(math.Abs(a))) / n))
}

// OpenSDG is the progress measure of Open SDG (Statistics Canada, after Eurostat's
// SDG method):
//
//	R = sign(y_0)·d·CAGR_observed/|CAGR_required|
//	CAGR_observed = (y_t/y_0)^(1/(t − t_0)) − 1, CAGR_required the same to (y_T, T)
//
// R ≥ 0.95 is substantial, ≥ 0.60 moderate, ≥ 0 limited, below that deterioration;
// a target already met is its own class. A baseline or target of 0 counts as 0.001.
// The score is min(7.1429R − 4.2857, 5) from 0.6 up, max(4.1667R − 2.5, −5) below.
// Growth rates suit neither figures that change sign (SignChange) nor shares near a
// limit nor growth rates themselves: there Share is the measure.
func OpenSDG(c Course) (Progress, Reason) {
	if !finite(c.Target) {
		return Progress{}, NoTarget
	}
	r, reason := ratio(c)
	if finite(c.Current) && float64(c.Direction)*(c.Current-c.Target) >= 0 && c.Direction != 0 {
		return Progress{Ratio: r, HasRatio: reason == Defined, Class: Achieved, Score: 5}, Defined
	}
	if reason != Defined {
		return Progress{}, reason
	}
	p := Progress{Ratio: r, HasRatio: true, Class: class(r, 0.95, 0.60)}
	if r >= 0.6 {
		p.Score = math.Min(7.1429*r-4.2857, 5)
	} else {
		p.Score = math.Max(4.1667*r-2.5, -5)
	}
	return p, Defined
}

// Ratio is the R of OpenSDG alone, for Propagate.
func Ratio(c Course) (float64, Reason) {
	if !finite(c.Target) {
		return 0, NoTarget
	}
	return ratio(c)
}

func class(r, substantial, moderate float64) string {
	switch {
	case r >= substantial:
		return Substantial
	case r >= moderate:
		return Moderate
	case r >= 0:
		return Limited
	default:
		return Deterioration
	}
}

func ratio(c Course) (float64, Reason) {
	if c.Direction == 0 {
		return 0, NoDirection
	}
	base := notZero(c.Base)
	observed, reason := growth(base, c.Current, c.CurrentYear-c.BaseYear)
	if reason != Defined {
		return 0, reason
	}
	required, reason := growth(base, notZero(c.Target), c.TargetYear-c.BaseYear)
	if reason != Defined {
		return 0, reason
	}
	if required == 0 {
		return 0, NoDistance
	}
	// Negative values grow towards zero: their sign turns the direction round.
	return defined(math.Copysign(1, base) * float64(c.Direction) * observed / math.Abs(required))
}

// OpenSDGNoTarget is the same without a target: growth of 1.5 % a year in the
// wanted direction is substantial, 0.5 % moderate, 0 limited. With a natural limit
// the cuts shrink by a coefficient C as the baseline nears it:
//
//	C = 1 if |y_0| ≥ 2|lim|, 1 − (|y_0|/|lim|)^4.44 if |y_0| ≤ |lim|, 1 − ((2|lim| − |y_0|)/|lim|)^4.44 between
//
// The score is 500g/C − 5, at most 5, for substantial progress, 250g/C − 1.25 for
// moderate, 500g/C − 2.5 for limited and 125g − 2.5, at least −5, for
// deterioration; at the limit itself anything but deterioration scores 5.
func OpenSDGNoTarget(c Course, limit float64, hasLimit bool) (Progress, Reason) {
	if c.Direction == 0 {
		return Progress{}, NoDirection
	}
	if hasLimit && !finite(limit) {
		return Progress{}, NotFinite
	}
	base := notZero(c.Base)
	g, reason := growth(base, c.Current, c.CurrentYear-c.BaseYear)
	if reason != Defined {
		return Progress{}, reason
	}
	coefficient := 1.0
	if hasLimit {
		coefficient = limitCoefficient(math.Abs(c.Base), math.Abs(limit))
	}
	r := math.Copysign(1, base) * float64(c.Direction) * g
	p := Progress{Ratio: r, HasRatio: true, Limit: coefficient, Class: class(r, 0.015*coefficient, 0.005*coefficient)}
	switch {
	case p.Class == Deterioration:
		p.Score = math.Max(125*r-2.5, -5)
	case coefficient == 0:
		p.Score = 5
	case p.Class == Substantial:
		p.Score = math.Min(500*r/coefficient-5, 5)
	case p.Class == Moderate:
		p.Score = 250*r/coefficient - 1.25
	default:
		p.Score = 500*r/coefficient - 2.5
	}
	return p, Defined
}

func limitCoefficient(b, lim float64) float64 {
	switch {
	case b >= 2*lim:
		return 1
	case b <= lim:
		return 1 - math.Pow(b/lim, 4.44)
	default:
		return 1 - math.Pow((2*lim-b)/lim, 4.44)
	}
}
