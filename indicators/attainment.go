package indicators

import (
	"cmp"
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// attainments judges every indicator of every goal of every agreement, for each
// municipality and for them together.
func (d *deriver) attainments() []cube.Attainment {
	var rows []cube.Attainment
	for _, a := range d.agreements {
		for i := range a.Goals {
			g := &a.Goals[i]
			for j := range g.Indicators {
				for _, region := range append(a.Codes(), a.ID) {
					rows = append(rows, d.attainment(a, g, &g.Indicators[j], region))
				}
			}
		}
	}
	slices.SortFunc(rows, func(a, b cube.Attainment) int {
		return cmp.Or(cmp.Compare(a.Agreement, b.Agreement), cmp.Compare(a.Goal, b.Goal),
			cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Region, b.Region))
	})
	return rows
}

// attainment measures and judges one indicator of one goal for one place. The
// detectable change of its row is that of what is judged: of the change since the
// baseline or, where the way of judging is comparison, of the difference to the
// group.
func (d *deriver) attainment(a *catalogue.Agreement, g *catalogue.Goal, gi *catalogue.GoalIndicator, region string) cube.Attainment {
	row := emptyAttainment(a.ID, g.ID, gi, region)
	ind := d.in.Catalogue.Indicator(gi.Indicator)
	e := Evidence{Method: gi.Judgement.Method, Context: gi.Role == catalogue.ContextRole || ind == nil || ind.Context, Problem: ReasonNoFigures}
	ch, found := d.changeFor(gi.Indicator, region)
	if !found {
		if ind != nil && d.result(ind.ID) != nil {
			e.Problem = d.whyAbsent(ind, a, region)
		}
		row.ShareReason = string(e.Problem)
		judge(&row, e)
		return row
	}
	versus, grouped := d.result(ind.ID).comparison[region]
	e = d.evidence(a, ind, gi, ch)
	if grouped {
		e.Comparison, e.ComparisonProblem = versus.estimate, versus.reason
	}
	measure(&row, ind, e, ch)
	if e.Method == catalogue.JudgeComparison {
		row.Detectable = versus.smallest()
	}
	judge(&row, e)
	return row
}

// changeFor returns the change of an indicator for a place, if there are figures.
func (d *deriver) changeFor(id, region string) (change, bool) {
	r := d.result(id)
	if r == nil {
		return change{}, false
	}
	ch, ok := r.change[region]
	return ch, ok
}

// whyAbsent tells why an indicator with figures has none for a place.
func (d *deriver) whyAbsent(ind *catalogue.Indicator, a *catalogue.Agreement, region string) Reason {
	if region == a.ID && !pools(ind) {
		return ReasonNotPoolable
	}
	return ReasonMissing
}

// evidence gathers what a verdict rests on.
func (d *deriver) evidence(a *catalogue.Agreement, ind *catalogue.Indicator, gi *catalogue.GoalIndicator, ch change) Evidence {
	e := Evidence{
		Method: gi.Judgement.Method, Polarity: ind.Polarity,
		Context:    gi.Role == catalogue.ContextRole || ind.Context,
		BaseStatus: ch.base.status, NowStatus: ch.now.status,
		Base: ch.base.interval(), Now: ch.now.interval(),
		Intervals: ch.ok, Change: ch.diff, Detectable: ch.detectable,
		BaseYear: d.baseline(a.ID), Year: ch.now.to,
		Aim:               newAim(&gi.Target, ind.Polarity, ch.base.value),
		ComparisonProblem: ReasonNoGroup,
	}
	if ch.reason != ReasonNoInterval {
		e.Problem = ch.reason
	}
	if signed, ok := a.Period.Signed.Time(); ok {
		e.NotInForce = ch.now.to < signed.Year()
	}
	return e
}

func emptyAttainment(agreement, goal string, gi *catalogue.GoalIndicator, region string) cube.Attainment {
	null := cube.Null
	row := cube.Attainment{
		Agreement: agreement, Goal: goal, Indicator: gi.Indicator, Region: region,
		Role: string(gi.Role), Method: string(gi.Judgement.Method), TargetKind: string(gi.Target.Kind),
		Target: null, TargetLow: null, TargetHigh: null, TargetYear: int32(gi.Target.FinalYear()),
		Baseline: null, Value: null, Lower: null, Upper: null, Difference: null, DiffLower: null, DiffUpper: null, Detectable: null,
		Share: null, ShareLower: null, ShareUpper: null, Expected: null, Pace: null, Required: null,
		EurostatRatio: null, UNRatio: null, GAS: null, GASLower: null, GASUpper: null,
	}
	if gi.Target.Kind == catalogue.NotAgreed || gi.Target.Kind == "" {
		row.TargetKind, row.TargetYear = TargetNone, 0
	}
	return row
}

func judge(row *cube.Attainment, e Evidence) {
	v, why := Judge(e)
	row.Verdict, row.Reason = string(v), string(why)
}

// measure fills in what is known of a place, and every measure of the way to the
// target that is defined for it.
func measure(row *cube.Attainment, ind *catalogue.Indicator, e Evidence, ch change) {
	c := ch.row(ind, row.Region)
	row.BaseFrom, row.BaseTo, row.From, row.To = c.BaseFrom, c.BaseTo, c.From, c.To
	row.Baseline, row.Value, row.Lower, row.Upper = c.Baseline, c.Value, c.Lower, c.Upper
	row.Difference, row.DiffLower, row.DiffUpper, row.Detectable = c.Difference, c.DifferenceLower, c.DifferenceUpper, c.Detectable
	if e.Problem != "" {
		row.ShareReason = string(e.Problem)
		return
	}
	target(row, e)
	way(row, e)
	if !e.Context && ch.base.status == data.OK && ch.now.status == data.OK {
		growth(row, ind, e)
	}
}

// target fills in what is to be reached.
func target(row *cube.Attainment, e Evidence) {
	if e.Aim.Problem != "" {
		return
	}
	if e.Aim.Kind != catalogue.PathTarget {
		row.TargetLow, row.TargetHigh = finiteOrNull(e.Aim.Range.Lower), finiteOrNull(e.Aim.Range.Upper)
	}
	if v, reason := e.Aim.target(e.Base.Value); reason == "" {
		row.Target = cube.Float(v)
	}
}

func finiteOrNull(x float64) cube.Float {
	if math.IsInf(x, 0) {
		return cube.Null
	}
	return cube.Float(x)
}

// way fills in the measures linear in the value: share, pace, what is required
// and the score made of them.
func way(row *cube.Attainment, e Evidence) {
	p := e.Aim.measure(e.Base, e.Now, e.BaseYear, e.Year, e.Intervals)
	row.ShareReason = string(p.reason)
	if !p.hasShare {
		return
	}
	row.Share = cube.Float(p.share.Value)
	if p.ok {
		row.ShareLower, row.ShareUpper = cube.Float(p.share.Lower), cube.Float(p.share.Upper)
	}
	c := attain.Course{Current: e.Now.Value, Target: p.target, CurrentYear: float64(e.Year), TargetYear: float64(e.Aim.Year)}
	if v, reason := attain.Required(c); reason == attain.Defined {
		row.Required = cube.Float(v)
	}
	if p.noPlan != "" {
		return
	}
	row.Expected = cube.Float(p.expected)
	if p.expected <= 0 {
		return
	}
	row.Pace = cube.Float(p.share.Value / p.expected)
	if !p.ok {
		return
	}
	pace := interval.Estimate{Value: p.share.Value / p.expected, Interval: p.share.Interval.Scale(1 / p.expected)}
	if t, err := attain.GASInterval([]attain.GASGoal{{Share: pace, Weight: 1}}); err == nil {
		row.GAS, row.GASLower, row.GASUpper = cube.Float(t.Value), cube.Float(t.Lower), cube.Float(t.Upper)
	}
}

// growth fills in the measures made of growth rates, which suit neither net flows,
// growth rates themselves, nor an indicator nobody has said the better way of. With
// a target the Eurostat ratio is observed over required growth and the UN's the
// part of the distance covered by the target year at this growth; without one the
// Eurostat ratio is the growth a year in the better direction.
func growth(row *cube.Attainment, ind *catalogue.Indicator, e Evidence) {
	if ind.Kind == catalogue.NetRate {
		return
	}
	c := attain.Course{
		Base: e.Base.Value, Current: e.Now.Value, Target: math.NaN(),
		BaseYear: float64(e.BaseYear), CurrentYear: float64(e.Year), TargetYear: float64(e.Aim.Year),
		Direction: direction(ind.Polarity), Percentage: ind.Kind == catalogue.Proportion && ind.Scale == 100,
	}
	if e.Aim.Problem == ReasonNoTarget {
		withoutTarget(row, ind, c)
		return
	}
	v, reason := e.Aim.target(e.Base.Value)
	if reason != "" {
		return
	}
	c.Target = v
	if c.Direction = attain.Up; v < c.Base {
		c.Direction = attain.Down
	}
	if p, reason := attain.OpenSDG(c); reason == attain.Defined {
		row.EurostatClass = p.Class
		if p.HasRatio {
			row.EurostatRatio = cube.Float(p.Ratio)
		}
	}
	if u, reason := attain.UN(c); reason == attain.Defined {
		row.UNRatio, row.UNScore = cube.Float(u.Ratio), int32(u.Score)
	}
}

func withoutTarget(row *cube.Attainment, ind *catalogue.Indicator, c attain.Course) {
	limit, has := 0.0, false
	if l := ind.Limits.Upper; l != nil && c.Direction == attain.Up {
		limit, has = *l, true
	}
	if p, reason := attain.OpenSDGNoTarget(c, limit, has); reason == attain.Defined {
		row.EurostatRatio, row.EurostatClass = cube.Float(p.Ratio), p.Class
	}
	if u, reason := attain.UNNoTarget(c); reason == attain.Defined {
		row.UNScore = int32(u.Score)
	}
}
