package effects

import "math"

// Verdict is what an estimate shows, from a closed set.
type Verdict string

// The verdicts. The first needs no target; the next four are of attainment with
// the counterfactual beside it (A = B + C).
const (
	// EffectSeen: the adjusted interval excludes no effect at all.
	EffectSeen Verdict = "effect-seen"
	// ReachedWith: on track or reached, and it would not have been without.
	ReachedWith Verdict = "reached-with"
	// ReachedAnyway: on track or reached, and no difference from what would have been.
	ReachedAnyway Verdict = "reached-anyway"
	// BetterThanWithout: not on track, but better than it would have been.
	BetterThanWithout Verdict = "better-than-without"
	// NoDifference: not on track, and an effect as large as needed would have been seen.
	NoDifference Verdict = "no-difference"
	// CannotTell: the figures cannot answer.
	CannotTell Verdict = "cannot-tell"
)

// Verdicts lists the closed set.
func Verdicts() []Verdict {
	return []Verdict{EffectSeen, ReachedWith, ReachedAnyway, BetterThanWithout, NoDifference, CannotTell}
}

// Reason explains a verdict, or why there is no estimate.
type Reason string

// The reasons.
const (
	ReasonNone Reason = ""
	// ReasonSignificant: the size-adjusted p, corrected for the design's families of
	// tests, is at most its error rate.
	ReasonSignificant Reason = "significant"
	// ReasonTarget: the position against the target decides.
	ReasonTarget Reason = "target"
	// ReasonBelowDetectable: no effect is seen, and the smallest one that could have
	// been is stated; without a target there is nothing to hold it against.
	ReasonBelowDetectable Reason = "below-detectable"
	// ReasonPowerShort: the effect needed is smaller than what could have been seen.
	ReasonPowerShort Reason = "detectable-exceeds-needed"
	// ReasonPreFit: the treated unit is followed worse before the start than the
	// design allows; no causal word is used.
	ReasonPreFit Reason = "bad-pre-fit"
	// ReasonResolution: with so few placebos no p could reach the error rate.
	ReasonResolution Reason = "too-few-placebos"
	// ReasonNoInterval: the placebos define no interval.
	ReasonNoInterval Reason = "no-effect-interval"
	// ReasonNoOutcome: no treated year has figures yet.
	ReasonNoOutcome Reason = "no-outcome-yet"
	// ReasonNoFigures: the release has no figures for the unit.
	ReasonNoFigures Reason = "no-effect-figures"
	// ReasonNoPrePeriod: there is no year before the start.
	ReasonNoPrePeriod Reason = "no-pre-period"
	// ReasonShortPrePeriod: fewer years before the start than the design asks for.
	ReasonShortPrePeriod Reason = "short-pre-period"
	// ReasonFewDonors: too few comparison municipalities have every figure.
	ReasonFewDonors Reason = "few-donors"
	// ReasonMethod: the method has no answer on this panel.
	ReasonMethod Reason = "method-undefined"
)

// Reasons lists the closed set, the empty one left out.
func Reasons() []Reason {
	return []Reason{
		ReasonSignificant, ReasonTarget, ReasonBelowDetectable, ReasonPowerShort, ReasonPreFit, ReasonResolution, ReasonNoInterval,
		ReasonNoOutcome, ReasonNoFigures, ReasonNoPrePeriod, ReasonShortPrePeriod, ReasonFewDonors, ReasonMethod,
	}
}

// Finding is all a verdict on an effect rests on. NaN stands for what is not
// known.
type Finding struct {
	// Refused is why no causal word may be used, empty when it may.
	Refused Reason
	// ATT with its size-adjusted interval, its p, corrected for the design's families,
	// and the least p there could be.
	ATT, Lower, Upper, P, SmallestP float64
	// Alpha is the error rate of the look.
	Alpha float64
	// MDE is the smallest effect seen with the design's power.
	MDE float64
	// HasTarget says that a numeric target is agreed. OnTrack is then whether the
	// observed value is at least where the target's path has it, and OnTrackWithout
	// whether the counterfactual is. Needed is the effect still needed to reach it,
	// signed; Down that the target is to go down.
	HasTarget, OnTrack, OnTrackWithout bool
	Needed                             float64
	Down                               bool
}

// Judge is the verdict on one effect: a pure function. An interval is compulsory
// for everything but CannotTell, and CannotTell is compulsory where an effect as
// large as the one needed could not have been seen.
func Judge(f Finding) (Verdict, Reason) {
	switch {
	case f.Refused != ReasonNone:
		return CannotTell, f.Refused
	case math.IsNaN(f.ATT) || math.IsNaN(f.Lower) || math.IsNaN(f.Upper) || math.IsNaN(f.P):
		return CannotTell, ReasonNoInterval
	case f.SmallestP > f.Alpha:
		return CannotTell, ReasonResolution
	}
	seen := f.P <= f.Alpha && (f.Lower > 0 || f.Upper < 0)
	if !f.HasTarget {
		if seen {
			return EffectSeen, ReasonSignificant
		}
		return CannotTell, ReasonBelowDetectable
	}
	wanted := seen && (f.ATT > 0) != f.Down
	switch {
	case f.OnTrack && wanted && !f.OnTrackWithout:
		return ReachedWith, ReasonSignificant
	case f.OnTrack && f.OnTrackWithout && !wanted:
		return ReachedAnyway, ReasonTarget
	case f.OnTrack && wanted:
		// It would have been on track without, and is further still.
		return ReachedAnyway, ReasonSignificant
	case wanted:
		return BetterThanWithout, ReasonSignificant
	case seen:
		// An effect, against what was wanted.
		return EffectSeen, ReasonSignificant
	case math.IsNaN(f.MDE) || math.IsNaN(f.Needed) || f.MDE > math.Abs(f.Needed):
		return CannotTell, ReasonPowerShort
	case f.OnTrack:
		// On track, the counterfactual not, and the difference not seen.
		return CannotTell, ReasonBelowDetectable
	default:
		return NoDifference, ReasonTarget
	}
}
