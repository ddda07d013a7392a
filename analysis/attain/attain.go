// Package attain measures how far an outcome has come from a baseline towards a
// target: share of the distance, pace, the Eurostat/Open SDG ratio, the UN
// Progress Chart and the Goal Attainment Scaling T-score. Every defined input
// gives a result or a Reason, never NaN, Inf or a panic.
package attain

import (
	"errors"
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
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
}

func finite(x ...float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Share is the part of the distance covered, A = (y_t − y_0)/(y_T − y_0). It is
// never clipped: more than all and less than nothing are both told.
func Share(c Course) (float64, Reason) {
	switch {
	case !finite(c.Base, c.Current):
		return 0, NotFinite
	case !finite(c.Target):
		return 0, NoTarget
	case c.Target == c.Base:
		return 0, NoDistance
	}
	return (c.Current - c.Base) / (c.Target - c.Base), Defined
}

// ShareInterval is the interval of Share when both the current value and the
// baseline are noisy and the target is a fixed number: MOVER limits of
// (y_t − y_0)/(y_T − y_0). Numerator and denominator share the baseline, so the
// limits are found over the baseline's interval: the share is monotone in each
// of the two for the other held fixed, and the extremes of the joint region of
// two independent intervals lie on its boundary (Zou & Donner 2008). When the
// baseline may equal the target the interval is unbounded: NoDistance.
func ShareInterval(current, base interval.Estimate, target float64) (interval.Estimate, Reason) {
	c := Course{Base: base.Value, Current: current.Value, Target: target}
	share, reason := Share(c)
	if reason != Defined {
		return interval.Estimate{}, reason
	}
	if base.Contains(target) {
		return interval.Estimate{Value: share}, NoDistance
	}
	// Walk the ellipse whose half axes are the two intervals' half widths.
	lower, upper := share, share
	const steps = 720
	for k := range steps {
		angle := 2 * math.Pi * float64(k) / steps
		y := along(current, math.Cos(angle))
		b := along(base, math.Sin(angle))
		s := (y - b) / (target - b)
		lower, upper = math.Min(lower, s), math.Max(upper, s)
	}
	return interval.Estimate{Value: share, Interval: interval.Interval{Lower: lower, Upper: upper}}, Defined
}

// along is the point u ∈ [−1, 1] of the way from the estimate to its limits.
func along(e interval.Estimate, u float64) float64 {
	if u < 0 {
		return e.Value + u*(e.Value-e.Lower)
	}
	return e.Value + u*(e.Upper-e.Value)
}

// Expected is the share of the way that should be covered by now on a straight
// line from baseline to target.
func Expected(c Course) (float64, Reason) {
	if !finite(c.BaseYear, c.CurrentYear, c.TargetYear) {
		return 0, NotFinite
	}
	if c.TargetYear <= c.BaseYear {
		return 0, NoTime
	}
	return (c.CurrentYear - c.BaseYear) / (c.TargetYear - c.BaseYear), Defined
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
	return a / e, Defined
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
	return (c.Target - c.Current) / (c.TargetYear - c.CurrentYear), Defined
}

// Point is a dated point of a target path.
type Point struct{ Year, Value float64 }

// Path is the target in a year: straight lines between dated points, in order
// of year, level after the last; NoTime before the first.
func Path(points []Point, year float64) (float64, Reason) {
	if len(points) == 0 {
		return 0, NoTarget
	}
	i, exact := slices.BinarySearchFunc(points, year, func(p Point, y float64) int {
		switch {
		case p.Year < y:
			return -1
		case p.Year > y:
			return 1
		default:
			return 0
		}
	})
	switch {
	case exact:
		return points[i].Value, Defined
	case i == 0:
		return 0, NoTime
	case i == len(points):
		return points[i-1].Value, Defined
	}
	a, b := points[i-1], points[i]
	return a.Value + (b.Value-a.Value)*(year-a.Year)/(b.Year-a.Year), Defined
}

// Progress is an outcome by the Eurostat/Open SDG rule.
type Progress struct {
	// Ratio is observed over required compound annual growth, or without a
	// target the growth rate in the wanted direction.
	Ratio float64
	Class string
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

// growth is the compound annual growth rate from a to b over n years.
func growth(a, b, n float64) (float64, Reason) {
	switch {
	case !finite(a, b, n):
		return 0, NotFinite
	case n <= 0:
		return 0, NoTime
	case a == 0 || b/a <= 0:
		return 0, SignChange
	}
	return math.Pow(b/a, 1/n) - 1, Defined
}

// OpenSDG is the progress measure of Open SDG (Statistics Canada, after
// Eurostat's SDG method): R = CAGR observed / CAGR required with the sign of the
// wanted direction; ≥ 0.95 substantial, ≥ 0.60 moderate, ≥ 0 limited, below that
// deterioration; a target already met is its own class. Score is linear in R:
// min(7.1429R − 4.2857, 5) from 0.6 up, max(4.1667R − 2.5, −5) below.
func OpenSDG(c Course) (Progress, Reason) {
	if !finite(c.Target) {
		return Progress{}, NoTarget
	}
	d := float64(c.Direction)
	if finite(c.Current) && d*(c.Current-c.Target) >= 0 {
		p := Progress{Class: Achieved, Score: 5}
		p.Ratio, _ = ratio(c)
		return p, Defined
	}
	r, reason := ratio(c)
	if reason != Defined {
		return Progress{}, reason
	}
	p := Progress{Ratio: r, Class: class(r, 0.95, 0.60)}
	if r >= 0.6 {
		p.Score = math.Min(7.1429*r-4.2857, 5)
	} else {
		p.Score = math.Max(4.1667*r-2.5, -5)
	}
	return p, Defined
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
	base, target := c.Base, c.Target
	if base == 0 {
		base = zeroStandIn
	}
	if target == 0 {
		target = zeroStandIn
	}
	observed, reason := growth(base, c.Current, c.CurrentYear-c.BaseYear)
	if reason != Defined {
		return 0, reason
	}
	required, reason := growth(base, target, c.TargetYear-c.BaseYear)
	if reason != Defined {
		return 0, reason
	}
	if required == 0 {
		return 0, NoDistance
	}
	// Negative values grow towards zero: their sign turns the direction round.
	sign := math.Copysign(1, base)
	return sign * float64(c.Direction) * observed / math.Abs(required), Defined
}

// OpenSDGNoTarget is the same without a target: growth of 1.5 % a year in the
// wanted direction is substantial, 0.5 % moderate, 0 limited. With a natural
// limit both cuts shrink by a coefficient as the baseline nears it:
// 1 if |b| ≥ 2|lim|, 1 − (b/lim)^4.44 if b ≤ lim, 1 − ((2lim − b)/lim)^4.44 between;
// without one, or with the limit 0, it is 1.
func OpenSDGNoTarget(c Course, limit float64, hasLimit bool) (Progress, Reason) {
	g, reason := growth(c.Base, c.Current, c.CurrentYear-c.BaseYear)
	if reason != Defined {
		return Progress{}, reason
	}
	coefficient := 1.0
	if hasLimit && limit != 0 {
		coefficient = limitCoefficient(c.Base, limit)
	}
	r := float64(c.Direction) * math.Copysign(1, c.Base) * g
	p := Progress{Ratio: r, Limit: coefficient}
	if coefficient == 0 {
		p.Class, p.Score = Substantial, 5
		return p, Defined
	}
	p.Class = class(r, 0.015*coefficient, 0.005*coefficient)
	p.Score = noTargetScore(r / coefficient)
	return p, Defined
}

func limitCoefficient(b, lim float64) float64 {
	switch {
	case math.Abs(b) >= 2*math.Abs(lim), b/lim < 0:
		return 1 // Far from the limit, or on the other side of zero.
	case b/lim <= 1:
		return 1 - math.Pow(b/lim, 4.44)
	default:
		return 1 - math.Pow((2*lim-b)/lim, 4.44)
	}
}

// noTargetScore is linear in growth: 0 at 0.5 %, 2.5 at 1.5 %, −2.5 at 0, within ±5.
func noTargetScore(g float64) float64 {
	if g >= 0.005 {
		return math.Min(250*g-1.25, 5)
	}
	return math.Max(500*g-2.5, -5)
}

// UNResult is an outcome by the rule of the UN Progress Chart.
type UNResult struct {
	Growth   float64 // CAGR observed.
	Expected float64 // Value in the target year at that growth.
	Ratio    float64 // Of the distance that would be covered by then.
	Score    int     // 3 on track, 2 fair, 1 stagnation or worse.
}

// UN is the UN Progress Chart: extend the observed growth to the target year,
// y_e = y_t(1+CAGR)^(T−t); (y_e − y_0)/(y_T − y_0) ≥ 0.95 scores 3, ≥ 0.10 scores
// 2, below that 1; a target already met scores 3.
func UN(c Course) (UNResult, Reason) {
	if !finite(c.Target) {
		return UNResult{}, NoTarget
	}
	g, reason := growth(c.Base, c.Current, c.CurrentYear-c.BaseYear)
	if reason != Defined {
		return UNResult{}, reason
	}
	if c.Target == c.Base {
		return UNResult{}, NoDistance
	}
	r := UNResult{Growth: g, Expected: c.Current * math.Pow(1+g, c.TargetYear-c.CurrentYear)}
	r.Ratio = (r.Expected - c.Base) / (c.Target - c.Base)
	switch met := float64(c.Direction)*(c.Current-c.Target) >= 0; {
	case met || r.Ratio >= 0.95:
		r.Score = 3
	case r.Ratio >= 0.10:
		r.Score = 2
	default:
		r.Score = 1
	}
	if !finite(r.Expected, r.Ratio) {
		return UNResult{}, NotFinite
	}
	return r, Defined
}

// ErrGAS reports goal scores and weights that cannot be combined.
var ErrGAS = errors.New("attain: goal scores and weights must be as many, weights not negative and not all zero")

// gasRho is the correlation between goals Kiresuk & Sherman assume.
const gasRho = 0.3

// GAS is the Goal Attainment Scaling T-score (Kiresuk & Sherman 1968):
// T = 50 + 10·Σwx / √((1−ρ)Σw² + ρ(Σw)²), ρ = 0.3, x from −2 to +2 with 0 the
// expected level. It is an index, not a test.
func GAS(x, w []float64) (float64, error) {
	if len(x) == 0 || len(x) != len(w) {
		return 0, ErrGAS
	}
	var wx, w1, w2 float64
	for i := range x {
		if w[i] < 0 || !finite(x[i], w[i]) {
			return 0, ErrGAS
		}
		wx += w[i] * x[i]
		w1 += w[i]
		w2 += w[i] * w[i]
	}
	d := (1-gasRho)*w2 + gasRho*w1*w1
	if d == 0 {
		return 0, ErrGAS
	}
	return 50 + 10*wx/math.Sqrt(d), nil
}

// GASLevel maps a share of the expected way to a GAS score, fixed at the start:
// A ≤ 0 is −2, to 0.75 −1, to 1.25 0, to 1.75 +1, above that +2. It rises with
// A, so the limits of A's interval map to the limits of the score's.
func GASLevel(a float64) float64 {
	switch {
	case a <= 0:
		return -2
	case a < 0.75:
		return -1
	case a <= 1.25:
		return 0
	case a <= 1.75:
		return 1
	default:
		return 2
	}
}
