package indicators

import (
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// TargetNone is the target kind of a row where no target is agreed.
const TargetNone = "none"

// Aim is an agreed target seen from one baseline.
type Aim struct {
	// Kind is the form; the zero value and NotAgreed are no target.
	Kind catalogue.TargetKind
	// Points are the dated values of a path after the baseline, in order of year.
	Points []attain.Point
	// Range is where the value is to be, for every other kind.
	Range attain.Range
	// Year is the final year.
	Year int
	// Problem says why an agreed target cannot be measured against.
	Problem Reason
}

// newAim reads a target of the catalogue. A threshold is the range from its value
// on in the better direction; a level to hold the range about the baseline value.
func newAim(t *catalogue.Target, polarity catalogue.Polarity, base float64) Aim {
	a := Aim{Kind: t.Kind, Year: t.FinalYear()}
	switch t.Kind {
	case catalogue.PathTarget:
		for _, p := range t.Points {
			a.Points = append(a.Points, attain.Point{Year: float64(p.Year), Value: p.Value})
		}
		if len(a.Points) == 0 {
			a.Problem = ReasonNoTarget
		}
	case catalogue.ThresholdTarget:
		a.threshold(t, polarity)
	case catalogue.RangeTarget:
		if t.Lower == nil || t.Upper == nil || *t.Lower > *t.Upper {
			a.Problem = ReasonNoTolerance
			break
		}
		a.Range = attain.Range{Lower: *t.Lower, Upper: *t.Upper}
	case catalogue.HoldTarget:
		if t.Tolerance == nil {
			a.Problem = ReasonNoTolerance
			break
		}
		r, reason := attain.Hold(base, *t.Tolerance, direction(polarity))
		a.Range, a.Problem = r, Reason(reason)
	default:
		a.Kind, a.Problem = catalogue.NotAgreed, ReasonNoTarget
	}
	return a
}

func (a *Aim) threshold(t *catalogue.Target, polarity catalogue.Polarity) {
	if len(t.Points) == 0 {
		a.Problem = ReasonNoTarget
		return
	}
	v := t.Points[len(t.Points)-1].Value
	switch direction(polarity) {
	case attain.Up:
		a.Range = attain.Range{Lower: v, Upper: math.Inf(1)}
	case attain.Down:
		a.Range = attain.Range{Lower: math.Inf(-1), Upper: v}
	default:
		a.Problem = ReasonNoPolarity
	}
}

func direction(p catalogue.Polarity) attain.Direction {
	switch p {
	case catalogue.Up:
		return attain.Up
	case catalogue.Down:
		return attain.Down
	}
	return 0
}

// inside reports whether the aim is a range that holds the baseline, which has
// only to be kept.
func (a Aim) inside(base float64) bool {
	return a.Kind != catalogue.PathTarget && a.Problem == "" && a.Range.Lower <= base && base <= a.Range.Upper
}

// target is the value to be reached from a baseline: the path's last point, or
// the nearer limit of the range.
func (a Aim) target(base float64) (float64, Reason) {
	if a.Problem != "" {
		return 0, a.Problem
	}
	if a.Kind == catalogue.PathTarget {
		return a.Points[len(a.Points)-1].Value, ""
	}
	if a.inside(base) {
		return 0, ReasonInsideRange
	}
	v, reason := a.Range.Toward(base)
	return v, Reason(reason)
}

// expected is the share of the way that should be covered in a year: along the
// path, which begins at the baseline, or along a straight line to the final year,
// and all of it after that.
func (a Aim) expected(base float64, baseYear, year int) (float64, Reason) {
	target, reason := a.target(base)
	if reason != "" {
		return 0, reason
	}
	points := a.Points
	if a.Kind != catalogue.PathTarget {
		points = []attain.Point{{Year: float64(a.Year), Value: target}}
	}
	path := append([]attain.Point{{Year: float64(baseYear), Value: base}}, points...)
	e, r := attain.ExpectedOnPath(path, base, float64(year))
	return e, Reason(r)
}

// progress is how far along the way to the aim a place is.
type progress struct {
	target   float64
	share    interval.Estimate
	hasShare bool // The share has a value,
	ok       bool // and limits.
	expected float64
	noPlan   Reason // Why no share is expected by now; empty when one is.
	reason   Reason // Why there is no share, or no limits of it.
}

// measure is the share of the way from the baseline to the aim, with limits where
// both ends have them, and the share expected by now.
func (a Aim) measure(base, now interval.Estimate, baseYear, year int, intervals bool) progress {
	target, reason := a.target(base.Value)
	if reason != "" {
		return progress{reason: reason}
	}
	p := progress{target: target}
	share, r := attain.Share(attain.Course{Base: base.Value, Current: now.Value, Target: target})
	if p.reason = Reason(r); r != attain.Defined {
		return p
	}
	p.share.Value, p.hasShare = share, true
	p.expected, p.noPlan = a.expected(base.Value, baseYear, year)
	if !intervals {
		p.reason = ReasonNoInterval
		return p
	}
	limits, r := attain.ShareInterval(now, base, target)
	if p.reason = Reason(r); r == attain.Defined {
		p.share, p.ok = limits, true
	}
	return p
}
