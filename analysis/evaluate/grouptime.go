package evaluate

import (
	"fmt"
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/did"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

var (
	controls    = map[string]did.Control{neverTreated: did.NeverTreated, notYetTreated: did.NotYetTreated}
	adjustments = map[string]did.Adjustment{"": did.DoublyRobust, doublyRobust: did.DoublyRobust, regression: did.OutcomeRegression, ipw: did.InverseProbability}
)

// Effect is an estimate with its pointwise interval and its part of a
// simultaneous band over the list it stands in.
type Effect struct {
	ATT Number `json:"att"`
	interval
	BandLower Number `json:"band_lower"`
	BandUpper Number `json:"band_upper"`
}

// GroupTimeEffect is the effect on one group in one period.
type GroupTimeEffect struct {
	Group Moment `json:"group"`
	Time  Moment `json:"time"`
	Effect
	Treated  int `json:"treated"`
	Controls int `json:"controls"`
}

// AggregateEffect is an overall effect and its parts by group, event or period.
type AggregateEffect struct {
	Overall Effect       `json:"overall"`
	Effects []PartEffect `json:"effects"`
}

// PartEffect is one part of an aggregate, of a group, an event time (periods since
// the start) or a period.
type PartEffect struct {
	Group *Moment `json:"group,omitempty"`
	Event *Number `json:"event,omitempty"`
	Time  *Moment `json:"time,omitempty"`
	Effect
}

// PreTest is the Wald test that all effects before treatment are zero.
type PreTest struct {
	Chi2 Number `json:"chi2"`
	DF   int    `json:"df"`
	P    Number `json:"p"`
}

// GroupTimeResult is what att-gt says.
type GroupTimeResult struct {
	Control      string            `json:"control"`
	Adjustment   string            `json:"adjustment"`
	BasePeriod   string            `json:"base_period"`
	Anticipation int               `json:"anticipation"`
	Bootstrap    bool              `json:"bootstrap"`
	ATTGT        []GroupTimeEffect `json:"att_gt"`
	Simple       AggregateEffect   `json:"simple"`
	Group        AggregateEffect   `json:"group"`
	Event        AggregateEffect   `json:"event"`
	Calendar     AggregateEffect   `json:"calendar"`
	PreTest      *PreTest          `json:"pre_test"`
	Skipped      []string          `json:"skipped"`
}

// groupTime estimates att-gt. The effect is the simple aggregate; periods are the
// calendar aggregate, and before treatment the difference from the base period.
func (p *problem) groupTime() (*fitted, error) {
	starts := slices.Repeat([]int{did.Never}, len(p.panel.Units))
	for k, i := range p.treated {
		starts[i] = p.starts[k]
	}
	o := p.groupTimeOptions()
	r, err := did.EstimateGroupTime(p.panel, starts, o)
	if err != nil {
		return nil, err
	}
	res, err := p.groupTimeResult(r)
	if err != nil {
		return nil, err
	}
	if res.Control = neverTreated; o.Control == did.NotYetTreated {
		res.Control = notYetTreated
	}
	e := &fitted{att: float64(res.Simple.Overall.ATT), interval: res.Simple.Overall.interval, panel: p.panel, details: map[string]any{"att_gt": res}}
	e.fit = Fit{Ratio: unknown, Gap: unknown}
	for _, s := range r.Skipped {
		res.Skipped = append(res.Skipped, s.Reason.Error())
	}
	if n := len(res.Skipped); n > 0 {
		e.fit.Flags = append(e.fit.Flags, fmt.Sprintf("%d groups and periods have no estimate: %s", n, some(res.Skipped)))
	}
	for _, g := range r.SingleUnitGroups() {
		e.fit.Flags = append(e.fit.Flags, fmt.Sprintf("the group from %s is one unit: its own noise is in no standard error", p.times[g].Label))
	}
	if n := len(p.treated); n < fewTreated {
		e.fit.Flags = append(e.fit.Flags, fmt.Sprintf("%d treated units: the normal limits of group-time effects are short below %d; a 95 %% interval of four holds the truth in 84 %%, one of did in 94 %%", n, fewTreated))
	}
	return e, p.groupTimePeriods(e, r, starts, o)
}

// fewTreated is the number of treated units below which intervals are called short:
// with forty controls a 95 % interval holds 84 % with four treated, 91 with eight and
// 93 with twelve (bench/coverage, docs/coverage.md).
const fewTreated = 10

func (p *problem) groupTimeOptions() did.GroupTimeOptions {
	s := p.spec
	o := did.GroupTimeOptions{
		Control: controls[s.Control], Adjust: adjustments[s.Adjustment], Covariates: s.Covariates,
		Anticipation: s.Anticipation, Universal: s.BasePeriod == universal, Level: s.Level, Seed: s.Seed,
	}
	if s.Control == "" && len(p.donors) == 0 {
		o.Control = did.NotYetTreated
	}
	if slices.Contains(s.Inference, "bootstrap") {
		o.Bootstrap, o.Replications = true, p.multiplierDraws()
	}
	return o
}

// multiplierDraws is the number of draws of the multiplier bootstrap, that of the R
// package did when replications is not given.
func (p *problem) multiplierDraws() int {
	if p.spec.replicationsGiven {
		return p.spec.Replications
	}
	return 999
}

func effect(e did.Effect) Effect {
	out := Effect{Number(e.Estimate), noInterval, unknown, unknown}
	if e.HasSE {
		out.interval = interval{Number(e.SE), Number(e.Lower), Number(e.Upper)}
		out.BandLower, out.BandUpper = Number(e.BandLower), Number(e.BandUpper)
	}
	return out
}

func (p *problem) groupTimeResult(r *did.GroupTime) (*GroupTimeResult, error) {
	s := p.spec
	out := &GroupTimeResult{Adjustment: doublyRobust, BasePeriod: varying, Anticipation: s.Anticipation, Bootstrap: slices.Contains(s.Inference, "bootstrap"), Skipped: []string{}}
	switch {
	case len(s.Covariates) == 0:
		out.Adjustment = "none"
	case s.Adjustment != "":
		out.Adjustment = s.Adjustment
	}
	if s.BasePeriod != "" {
		out.BasePeriod = s.BasePeriod
	}
	for _, c := range r.Cells {
		out.ATTGT = append(out.ATTGT, GroupTimeEffect{p.times[c.Group], p.times[c.Period], effect(c.Effect), c.Treated, c.Controls})
	}
	for _, a := range []struct {
		to   *AggregateEffect
		from func() (did.Aggregate, error)
		at   func(part *PartEffect, key float64)
	}{
		{&out.Simple, r.Simple, nil},
		{&out.Group, r.ByGroup, func(part *PartEffect, key float64) { part.Group = p.moment(key) }},
		{&out.Event, r.ByEvent, func(part *PartEffect, key float64) { h := Number(key); part.Event = &h }},
		{&out.Calendar, r.ByCalendar, func(part *PartEffect, key float64) { part.Time = p.moment(key) }},
	} {
		agg, err := a.from()
		if err != nil {
			return nil, err
		}
		a.to.Overall, a.to.Effects = effect(agg.Overall), []PartEffect{}
		for _, part := range agg.Parts {
			x := PartEffect{Effect: effect(part.Effect)}
			a.at(&x, part.Key)
			a.to.Effects = append(a.to.Effects, x)
		}
	}
	if w, err := r.PreTest(); err == nil { // Nothing before treatment, or one unit in a group: no test.
		out.PreTest = &PreTest{Number(w.Chi2), w.DF, Number(w.P)}
	}
	return out, nil
}

// moment is the period of a panel column's time.
func (p *problem) moment(t float64) *Moment {
	return &p.times[slices.Index(p.panel.Times, t)]
}

// groupTimePeriods fills the periods, and fit by the gaps before and after.
func (p *problem) groupTimePeriods(e *fitted, r *did.GroupTime, starts []int, o did.GroupTimeOptions) error {
	before := r
	if !o.Universal {
		o.Universal = true
		var err error
		if before, err = did.EstimateGroupTime(p.panel, starts, o); err != nil {
			return err
		}
	}
	calendar, err := r.ByCalendar()
	if err != nil {
		return err
	}
	for _, c := range before.Cells {
		if !slices.ContainsFunc(e.blocks, func(d panel.Design) bool { return d.Start == c.Group }) {
			e.blocks = append(e.blocks, p.group(starts, c.Group))
		}
	}
	first := e.blocks[0].Start
	e.gaps, e.bands = make([]float64, len(p.times)), slices.Repeat([]interval{noInterval}, len(p.times))
	for c := range first {
		e.gaps[c] = p.across(e.blocks, c, func(k int) float64 {
			for _, cell := range before.Cells {
				if cell.Group == e.blocks[k].Start && cell.Period == c {
					return cell.Estimate
				}
			}
			return 0 // The base period.
		})
	}
	for c := first; c < len(p.times); c++ {
		e.gaps[c] = float64(unknown)
		for _, part := range calendar.Parts {
			if part.Key == p.panel.Times[c] {
				e.gaps[c], e.bands[c] = part.Estimate, effect(part.Effect).interval
			}
		}
	}
	p.observe(e)
	estimated := slices.DeleteFunc(slices.Clone(e.gaps[first:]), math.IsNaN)
	e.fit.PreRMSPE, e.fit.PostRMSPE = Number(panel.RMSPE(e.gaps, 0, first)), Number(panel.RMSPE(estimated, 0, len(estimated)))
	e.fit.PreAllRMSPE = e.fit.PreRMSPE
	if e.fit.PreRMSPE > 0 {
		e.fit.Ratio = e.fit.PostRMSPE / e.fit.PreRMSPE
	}
	return nil
}

func (p *problem) group(starts []int, start int) panel.Design {
	d := panel.Design{Start: start, Donors: p.donors}
	for i, s := range starts {
		if s == start {
			d.Treated = append(d.Treated, i)
		}
	}
	return d
}
