package indicators

import (
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// Evidence is everything a verdict rests on.
type Evidence struct {
	// Method is the way of judging, agreed or proposed.
	Method catalogue.Method
	// Context says that the indicator is never judged.
	Context  bool
	Polarity catalogue.Polarity
	// Problem is why there is no baseline or no new figure; empty when both are.
	Problem Reason
	// NotInForce says that the newest figure is older than the agreement.
	NotInForce bool
	// BaseStatus and NowStatus are those of the two windows; TooFew bars a verdict.
	BaseStatus, NowStatus data.Status
	// Base and Now are the windows' values, with limits if Intervals.
	Base, Now interval.Estimate
	Intervals bool
	// Change is Now − Base with limits, Detectable the smallest change that could
	// have been seen; they mean nothing without Intervals.
	Change         interval.Estimate
	Detectable     float64
	BaseYear, Year int
	Aim            Aim
	// Comparison is the difference-in-differences against the comparison group; it
	// has no value when ComparisonProblem says why.
	Comparison        interval.Estimate
	ComparisonProblem Reason
}

// Judge gives the verdict and its reason. It is pure: the same evidence always
// gets the same verdict, and every evidence gets one.
//
// First comes what bars a judgement: an indicator shown as context, a way of
// judging that is people's own, figures missing, held back, too few or not out
// yet. Then the agreed way decides:
//
//   - target: the interval of the value against the target, the interval of the
//     change against none, and the share of the way against the share expected;
//   - comparison: the interval of the difference to the comparison group;
//   - trend: the interval of the change since the baseline.
//
// Better and worse are only ever said of an interval that holds no zero; «on
// track» only of an agreed target.
func Judge(e Evidence) (Verdict, Reason) {
	switch {
	case e.Context:
		return CannotTell, ReasonContext
	case e.Method == catalogue.JudgeMilestone || e.Method == catalogue.JudgeRubric:
		return CannotTell, ReasonJudgedByPeople
	case e.Problem == ReasonNoNewFigure:
		return TooEarly, ReasonNoNewFigure
	case e.Problem != "":
		return CannotTell, e.Problem
	case e.NotInForce:
		return TooEarly, ReasonNotInForce
	case e.BaseStatus == data.TooFew || e.NowStatus == data.TooFew:
		return CannotTell, ReasonSmallNumbers
	}
	e.Intervals = e.Intervals && limited(e.Base) && limited(e.Now) && limited(e.Change)
	if e.ComparisonProblem == "" && !limited(e.Comparison) {
		e.ComparisonProblem = ReasonNoInterval
	}
	switch e.Method {
	case catalogue.JudgeTarget:
		return judgeTarget(e)
	case catalogue.JudgeComparison:
		return judgeComparison(e)
	default:
		return judgeTrend(e)
	}
}

func judgeTarget(e Evidence) (Verdict, Reason) {
	switch {
	case e.Aim.Problem != "":
		return CannotTell, e.Aim.Problem
	case !e.Intervals:
		return CannotTell, ReasonNoInterval
	case e.Aim.Kind == catalogue.PathTarget:
		return judgeWay(e)
	}
	position, reason := e.Aim.Range.Place(e.Now)
	if reason != attain.Defined {
		return CannotTell, Reason(reason)
	}
	inside := e.Aim.inside(e.Base.Value)
	switch {
	case position == attain.Within && e.Aim.Kind == catalogue.ThresholdTarget:
		return Achieved, ReasonTargetReached
	case position == attain.Within && e.Year >= e.Aim.Year:
		return Achieved, ReasonWithinRange
	case position == attain.Within:
		return OnTrack, ReasonWithinRange
	case inside && position == attain.Unclear:
		return NoClearChange, ReasonRangeUnclear
	case inside:
		return Decline, ReasonLeftRange
	case position == attain.Above && e.Base.Value < e.Aim.Range.Lower, position == attain.Below && e.Base.Value > e.Aim.Range.Upper:
		return CannotTell, ReasonOvershot
	}
	return judgeWay(e)
}

// judgeWay judges a way from the baseline to a target away from it.
func judgeWay(e Evidence) (Verdict, Reason) {
	p := e.Aim.measure(e.Base, e.Now, e.BaseYear, e.Year, e.Intervals)
	if !p.hasShare {
		return CannotTell, p.reason
	}
	d := 1.0
	if p.target < e.Base.Value {
		d = -1
	}
	now, change := turn(e.Now, d), turn(e.Change, d)
	switch {
	case now.Lower >= d*p.target && e.Aim.Kind == catalogue.PathTarget:
		return Achieved, ReasonTargetReached
	case change.Upper < 0:
		return Decline, ReasonClearDecline
	case change.Lower <= 0 && math.Abs(p.target-e.Base.Value) < e.Detectable:
		return CannotTell, ReasonBelowDetectable
	case change.Lower <= 0:
		return NoClearChange, ReasonWithinChance
	case p.share.Value >= 1:
		return OnTrack, ReasonReachedWithinChance
	case p.noPlan != "":
		return CannotTell, p.noPlan
	case p.share.Value >= p.expected:
		return OnTrack, ReasonOnPace
	}
	return SomeProgress, ReasonBehindPace
}

func judgeTrend(e Evidence) (Verdict, Reason) {
	d := float64(direction(e.Polarity))
	switch change := turn(e.Change, d); {
	case d == 0:
		return CannotTell, ReasonNoPolarity
	case !e.Intervals:
		return CannotTell, ReasonNoInterval
	case change.Lower > 0:
		return SomeProgress, ReasonClearImprovement
	case change.Upper < 0:
		return Decline, ReasonClearDecline
	}
	return NoClearChange, ReasonWithinChance
}

func judgeComparison(e Evidence) (Verdict, Reason) {
	d := float64(direction(e.Polarity))
	own := d * (e.Now.Value - e.Base.Value)
	switch versus := turn(e.Comparison, d); {
	case d == 0:
		return CannotTell, ReasonNoPolarity
	case e.ComparisonProblem != "":
		return CannotTell, e.ComparisonProblem
	case versus.Lower > 0 && own < 0:
		return SomeProgress, ReasonWorsenedLessThanGroup
	case versus.Lower > 0:
		return SomeProgress, ReasonBetterThanGroup
	case versus.Upper < 0 && own > 0:
		return Decline, ReasonImprovedLessThanGroup
	case versus.Upper < 0:
		return Decline, ReasonWorseThanGroup
	}
	return NoClearChange, ReasonLikeGroup
}

// limited reports whether an estimate has a value and limits about it.
func limited(e interval.Estimate) bool {
	return !math.IsInf(e.Lower, 0) && !math.IsInf(e.Upper, 0) && e.Lower <= e.Value && e.Value <= e.Upper
}

// turn mirrors an estimate when lower is better, so that more is always better.
func turn(e interval.Estimate, d float64) interval.Estimate {
	if d >= 0 {
		return e
	}
	return interval.Estimate{Value: -e.Value, Interval: e.Interval.Scale(-1)}
}
