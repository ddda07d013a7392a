package indicators

import (
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
)

// Verdict is what is said of a place on one indicator, from a closed set. The
// values are the words of the service's own language, bokmål; pages translate
// them.
type Verdict string

// The verdicts.
const (
	// Achieved: the target is reached, beyond what chance explains.
	Achieved Verdict = "nådd"
	// OnTrack: as far on the way as agreed, or further, or the agreed level held.
	OnTrack Verdict = "i rute"
	// SomeProgress: clearly better than at the baseline or than others, but not as
	// far as agreed, or without an agreed target to be on track to.
	SomeProgress Verdict = "noe framgang"
	// NoClearChange: what has changed may be chance.
	NoClearChange Verdict = "ingen klar endring"
	// Decline: clearly worse.
	Decline Verdict = "tilbakegang"
	// CannotTell: the figures, or what is agreed, do not allow a judgement.
	CannotTell Verdict = "kan ikke vurderes"
	// TooEarly: there is no figure yet from the time to be judged.
	TooEarly Verdict = "for tidlig"
)

// Verdicts returns every verdict, from the best known to the unknown.
func Verdicts() []Verdict {
	return []Verdict{Achieved, OnTrack, SomeProgress, NoClearChange, Decline, CannotTell, TooEarly}
}

// Reason is a code that says why a verdict is what it is, or why a number is not
// there. Pages hold a text in every language for each of Reasons.
type Reason string

// The reasons a number, an interval or a judgement is not there.
const (
	// ReasonNoFigures: the release holds no figures of the indicator.
	ReasonNoFigures Reason = "no-figures"
	// ReasonMissing: the source has no figure for this place.
	ReasonMissing Reason = "missing"
	// ReasonSuppressed: the source holds the figure back.
	ReasonSuppressed Reason = "suppressed"
	// ReasonNotPoolable: the source's own ratio cannot be put together for several
	// places.
	ReasonNotPoolable Reason = "not-poolable"
	// ReasonNoBaseline: a figure of the baseline years is missing.
	ReasonNoBaseline Reason = "no-baseline"
	// ReasonNoNewFigure: no figure after the baseline is out yet.
	ReasonNoNewFigure Reason = "no-new-figure"
	// ReasonNotInForce: the newest figure is from before the agreement was signed.
	ReasonNotInForce Reason = "not-in-force"
	// ReasonNoInterval: nothing tells how much of the figure is chance.
	ReasonNoInterval Reason = "no-interval"
	// ReasonSmallNumbers: fewer cases than the indicator's small-number rule asks for.
	ReasonSmallNumbers Reason = "small-numbers"
	// ReasonTooFewYears: fewer years than a trend is told of.
	ReasonTooFewYears Reason = "too-few-years"
	// ReasonNoGroup: no comparison group could be made.
	ReasonNoGroup Reason = "no-comparison-group"
	// ReasonTooFewMembers: too few of the comparison group have the figures.
	ReasonTooFewMembers Reason = "too-few-members"
	// ReasonTooFewPlacebos: too few other municipalities to take the measure of
	// chance from.
	ReasonTooFewPlacebos Reason = "too-few-placebos"
	// ReasonContext: the indicator is shown for understanding and never judged.
	ReasonContext Reason = "context"
	// ReasonJudgedByPeople: the agreed way of judging is people's own, by milestone
	// or rubric.
	ReasonJudgedByPeople Reason = "judged-by-people"
	// ReasonNoPolarity: it is not agreed which way is better.
	ReasonNoPolarity Reason = "no-polarity"
	// ReasonBelowDetectable: the whole way to the target is less than the smallest
	// change that could have been seen.
	ReasonBelowDetectable Reason = "distance-below-detectable"
	// ReasonOvershot: the value has passed through the agreed range and out on the
	// other side.
	ReasonOvershot Reason = "overshot-range"
)

// The reasons of the measures of attainment.
const (
	ReasonNoTarget             = Reason(attain.NoTarget)
	ReasonTargetEqualsBaseline = Reason(attain.NoDistance)
	ReasonNoTime               = Reason(attain.NoTime)
	ReasonSignChange           = Reason(attain.SignChange)
	ReasonInputMissing         = Reason(attain.NotFinite)
	ReasonBaselineNoise        = Reason(attain.BaselineNoise)
	ReasonPathUnordered        = Reason(attain.PathUnordered)
	ReasonNoTolerance          = Reason(attain.NoTolerance)
	ReasonNoDirection          = Reason(attain.NoDirection)
	ReasonOutOfRange           = Reason(attain.OutOfRange)
	// ReasonInsideRange: the baseline lies in the agreed range, which has only to
	// be kept; there is no way to have a share of.
	ReasonInsideRange Reason = "inside-range"
)

// The reasons of a judgement that could be made.
const (
	// ReasonTargetReached: the whole interval lies at or beyond the target.
	ReasonTargetReached Reason = "target-reached"
	// ReasonReachedWithinChance: clearly better, and at or beyond the target, but
	// its interval reaches back across it.
	ReasonReachedWithinChance Reason = "target-reached-within-chance"
	// ReasonOnPace: clearly better, and at least the expected part of the way.
	ReasonOnPace Reason = "on-pace"
	// ReasonBehindPace: clearly better, but less than the expected part of the way.
	ReasonBehindPace Reason = "behind-pace"
	// ReasonWithinRange: the whole interval lies in the agreed range.
	ReasonWithinRange Reason = "within-range"
	// ReasonLeftRange: the whole interval lies outside the range it was to keep.
	ReasonLeftRange Reason = "left-range"
	// ReasonRangeUnclear: the interval crosses a limit of the range.
	ReasonRangeUnclear Reason = "range-unclear"
	// ReasonClearImprovement: the interval of the change lies on the better side.
	ReasonClearImprovement Reason = "clear-improvement"
	// ReasonClearDecline: the interval of the change lies on the worse side.
	ReasonClearDecline Reason = "clear-decline"
	// ReasonWithinChance: the interval holds no change at all.
	ReasonWithinChance Reason = "within-chance"
	// ReasonBetterThanGroup: clearly better than the comparison group.
	ReasonBetterThanGroup Reason = "better-than-group"
	// ReasonWorsenedLessThanGroup: worse than at the baseline, but clearly less so
	// than the comparison group.
	ReasonWorsenedLessThanGroup Reason = "worsened-less-than-group"
	// ReasonWorseThanGroup: clearly worse than the comparison group.
	ReasonWorseThanGroup Reason = "worse-than-group"
	// ReasonImprovedLessThanGroup: better than at the baseline, but clearly less so
	// than the comparison group.
	ReasonImprovedLessThanGroup Reason = "improved-less-than-group"
	// ReasonLikeGroup: the difference to the comparison group may be chance.
	ReasonLikeGroup Reason = "like-group"
)

var reasons = []Reason{
	ReasonNoFigures, ReasonMissing, ReasonSuppressed, ReasonNotPoolable, ReasonNoBaseline, ReasonNoNewFigure,
	ReasonNotInForce, ReasonNoInterval, ReasonSmallNumbers, ReasonTooFewYears, ReasonNoGroup, ReasonTooFewMembers,
	ReasonTooFewPlacebos, ReasonContext, ReasonJudgedByPeople, ReasonNoPolarity, ReasonBelowDetectable, ReasonOvershot,
	ReasonNoTarget, ReasonTargetEqualsBaseline, ReasonNoTime, ReasonSignChange, ReasonInputMissing, ReasonBaselineNoise,
	ReasonPathUnordered, ReasonNoTolerance, ReasonNoDirection, ReasonOutOfRange, ReasonInsideRange,
	ReasonTargetReached, ReasonReachedWithinChance, ReasonOnPace, ReasonBehindPace, ReasonWithinRange, ReasonLeftRange,
	ReasonRangeUnclear, ReasonClearImprovement, ReasonClearDecline, ReasonWithinChance, ReasonBetterThanGroup,
	ReasonWorsenedLessThanGroup, ReasonWorseThanGroup, ReasonImprovedLessThanGroup, ReasonLikeGroup,
}

// Reasons returns every reason code a row of Content may hold.
func Reasons() []Reason { return slices.Clone(reasons) }
