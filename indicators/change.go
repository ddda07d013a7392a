package indicators

import (
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// DefaultBaseline is the baseline year of municipalities without an agreement,
// so that they can be laid beside those with one: the last whole year before
// the agreements of the second round.
const DefaultBaseline = 2024

// The methods of a difference's interval. Newcombe's hybrid score interval is
// MOVER on Wilson limits.
const (
	MethodNewcombe = "newcombe"
	MethodMOVER    = "mover"
)

// change is the difference between the baseline window and the newest one.
type change struct {
	base, now  estimate
	diff       interval.Estimate
	hasDiff    bool // There is a difference,
	ok         bool // and an interval of it.
	detectable float64
	method     string
	reason     Reason
}

// changeOf measures from the PoolYears years that end with the baseline year to
// the newest years after it, at most as many. The windows never share a year,
// so that their estimates are independent: with one year since the baseline, one
// year is set against the pooled baseline, with its own wide interval. Runs of
// years are unbroken; a gap starts a new one.
//
//	difference = now − baseline, limits by MOVER (Newcombe for proportions)
//	detectable = (z + 0.8416)·√(se₀² + se₁²), se = width/(2z)
//
// For stocks the same people are counted at both ends, which makes the interval
// wider than it need be: a clear change is then certainly clear.
func changeOf(ind *catalogue.Indicator, s yearly, baseYear, horizon int) change {
	k := ind.SmallNumbers.PoolYears
	c := change{base: window(ind, s, baseYear-k+1, baseYear), method: MethodNone}
	newest, found := s.newest(horizon)
	switch {
	case !found:
		c.now = absentEstimate(s)
		c.reason = missingReason(c.now.status)
		return c
	case newest <= baseYear:
		c.now = window(ind, s, newest, newest)
		c.reason = ReasonNoNewFigure
		if s.suppressed(baseYear+1, horizon) {
			c.reason = ReasonSuppressed
		}
		return c
	}
	first := newest
	for first-1 > baseYear && newest-first+1 < k && !s.at(first-1).status.Missing() {
		first--
	}
	c.now = window(ind, s, first, newest)
	if c.base.status.Missing() {
		c.reason = ReasonNoBaseline
		return c
	}
	c.diff.Value, c.hasDiff = c.now.value-c.base.value, true
	if !c.base.ok || !c.now.ok {
		c.reason = ReasonNoInterval
		return c
	}
	c.diff, c.ok = interval.Difference(c.now.interval(), c.base.interval()), true
	c.method = MethodMOVER
	if ind.Kind == catalogue.Proportion {
		c.method = MethodNewcombe
	}
	// Widths are finite and not negative, the only thing DetectableSD refuses.
	c.detectable, _ = interval.DetectableSD(c.base.se(), c.now.se(), Level)
	return c
}

// absentEstimate stands for a region none of whose years has a value.
func absentEstimate(s yearly) estimate {
	last := s.end() - 1
	return estimate{from: last, to: last, status: s.at(last).status, method: MethodNone}
}

func missingReason(s data.Status) Reason {
	if s == data.Suppressed {
		return ReasonSuppressed
	}
	return ReasonMissing
}

func (c change) row(ind *catalogue.Indicator, region string) cube.Change {
	r := cube.Change{
		Indicator: ind.ID, Region: region,
		BaseFrom: int32(c.base.from), BaseTo: int32(c.base.to), From: int32(c.now.from), To: int32(c.now.to),
		Baseline: cube.Null, BaselineLower: c.base.lower(), BaselineUpper: c.base.upper(),
		Value: cube.Null, Lower: c.now.lower(), Upper: c.now.upper(),
		Difference: cube.Null, DifferenceLower: cube.Null, DifferenceUpper: cube.Null,
		Detectable: cube.Null, Method: c.method, Reason: string(c.reason),
	}
	if !c.base.status.Missing() {
		r.Baseline = cube.Float(c.base.value)
	}
	if !c.now.status.Missing() {
		r.Value = cube.Float(c.now.value)
	}
	if c.hasDiff {
		r.Difference = cube.Float(c.diff.Value)
	}
	if c.ok {
		r.DifferenceLower, r.DifferenceUpper = cube.Float(c.diff.Lower), cube.Float(c.diff.Upper)
		r.Detectable = cube.Float(c.detectable)
	}
	return r
}
