package effects_test

import (
	"math"
	"testing"

	"github.com/bygdevekst/bygdevekst/indicators/effects"
)

// base is an estimate of +5 that is seen clearly, without a target.
func base(change func(*effects.Finding)) effects.Finding {
	f := effects.Finding{ATT: 5, Lower: 2, Upper: 8, P: 0.03, SmallestP: 0.03, Alpha: 0.05, MDE: 4, Needed: math.NaN()}
	if change != nil {
		change(&f)
	}
	return f
}

func TestJudge(t *testing.T) {
	unseen := func(f *effects.Finding) { f.ATT, f.Lower, f.Upper, f.P = 1, -2, 4, 0.5 }
	target := func(on, without bool, needed float64) func(*effects.Finding) {
		return func(f *effects.Finding) {
			f.HasTarget, f.OnTrack, f.OnTrackWithout, f.Needed = true, on, without, needed
		}
	}
	both := func(changes ...func(*effects.Finding)) func(*effects.Finding) {
		return func(f *effects.Finding) {
			for _, c := range changes {
				c(f)
			}
		}
	}
	nan := math.NaN()
	for name, c := range map[string]struct {
		change func(*effects.Finding)
		want   effects.Verdict
		why    effects.Reason
	}{
		"seen":                          {nil, effects.EffectSeen, effects.ReasonSignificant},
		"seen, downwards":               {func(f *effects.Finding) { f.ATT, f.Lower, f.Upper = -5, -8, -2 }, effects.EffectSeen, effects.ReasonSignificant},
		"not seen":                      {unseen, effects.CannotTell, effects.ReasonBelowDetectable},
		"p small, interval over zero":   {func(f *effects.Finding) { f.Lower = -1 }, effects.CannotTell, effects.ReasonBelowDetectable},
		"interval clear, p large":       {func(f *effects.Finding) { f.P = 0.06 }, effects.CannotTell, effects.ReasonBelowDetectable},
		"bad pre-fit":                   {func(f *effects.Finding) { f.Refused = effects.ReasonPreFit }, effects.CannotTell, effects.ReasonPreFit},
		"no outcome":                    {func(f *effects.Finding) { f.Refused = effects.ReasonNoOutcome }, effects.CannotTell, effects.ReasonNoOutcome},
		"no interval":                   {func(f *effects.Finding) { f.Lower = nan }, effects.CannotTell, effects.ReasonNoInterval},
		"no p":                          {func(f *effects.Finding) { f.P = nan }, effects.CannotTell, effects.ReasonNoInterval},
		"too few placebos":              {func(f *effects.Finding) { f.SmallestP = 0.1 }, effects.CannotTell, effects.ReasonResolution},
		"target reached because":        {target(true, false, 3), effects.ReachedWith, effects.ReasonSignificant},
		"target reached anyway":         {both(unseen, target(true, true, 0)), effects.ReachedAnyway, effects.ReasonTarget},
		"reached, would be, further":    {target(true, true, 0), effects.ReachedAnyway, effects.ReasonSignificant},
		"better, not there":             {target(false, false, 20), effects.BetterThanWithout, effects.ReasonSignificant},
		"worse, seen":                   {both(func(f *effects.Finding) { f.ATT, f.Lower, f.Upper = -5, -8, -2 }, target(false, false, 20)), effects.EffectSeen, effects.ReasonSignificant},
		"no difference, would be seen":  {both(unseen, target(false, false, 20)), effects.NoDifference, effects.ReasonTarget},
		"mde exceeds the need":          {both(unseen, target(false, false, 3)), effects.CannotTell, effects.ReasonPowerShort},
		"mde exceeds the need, down":    {both(unseen, target(false, false, -3)), effects.CannotTell, effects.ReasonPowerShort},
		"mde equal to the need":         {both(unseen, target(false, false, 4)), effects.NoDifference, effects.ReasonTarget},
		"mde not known":                 {both(unseen, target(false, false, 20), func(f *effects.Finding) { f.MDE = nan }), effects.CannotTell, effects.ReasonPowerShort},
		"need not known":                {both(unseen, target(false, false, nan)), effects.CannotTell, effects.ReasonPowerShort},
		"on track, difference not seen": {both(unseen, target(true, false, 20)), effects.CannotTell, effects.ReasonBelowDetectable},
		"falling target, falls":         {both(func(f *effects.Finding) { f.ATT, f.Lower, f.Upper, f.Down = -5, -8, -2, true }, target(true, false, -3)), effects.ReachedWith, effects.ReasonSignificant},
		"falling target, rises":         {both(func(f *effects.Finding) { f.Down = true }, target(false, false, -3)), effects.EffectSeen, effects.ReasonSignificant},
		"exactly at the error rate":     {func(f *effects.Finding) { f.P = 0.05 }, effects.EffectSeen, effects.ReasonSignificant},
	} {
		v, why := effects.Judge(base(c.change))
		if v != c.want || why != c.why {
			t.Errorf("%s: %s (%s), want %s (%s)", name, v, why, c.want, c.why)
		}
	}
}
