package effects

import (
	"context"
	"fmt"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/power"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// curvePoints is the number of effects, zero included, a power curve has; it ends
// at twice the minimal detectable effect of one year.
const curvePoints = 17

// powers simulates the power of the primary method for one treated year up to as
// many as the design's window holds, on years before the start only.
func (r *result) powers(ctx context.Context) error {
	st := r.study
	d := st.design
	method := func(p *panel.Panel, start int) panel.Estimator {
		e, _, ok := estimator(d.Method, p, start)
		if !ok {
			return func(*panel.Panel, panel.Design) (panel.Estimate, error) { return panel.Estimate{}, panel.ErrDesign }
		}
		return e
	}
	pd := st.design1(st.panel)
	if _, _, ok := estimator(d.Method, st.panel, min(st.start, len(st.panel.Times))); !ok || pd.Start < 2 {
		return nil
	}
	for years := 1; years <= d.Window.To-d.Start+1; years++ {
		p, err := power.Simulate(ctx, st.panel, pd, method, power.Options{
			Years: years, Alpha: d.Looks.Alpha, Power: d.Gates.Power, MinPre: minPre(d, pd.Start, years), Workers: 1,
		})
		if err != nil {
			return fmt.Errorf("%s: power of %d years: %w", st, years, err)
		}
		r.powerOf = append(r.powerOf, p)
	}
	r.curve()
	return nil
}

// minPre is the least number of years before a pretended start: what the design
// asks for, or two thirds of what there is where that is less.
func minPre(d *catalogue.Design, start, years int) int {
	return max(2, min(d.Gates.MinPreYears, 2*(start-years)/3))
}

// curve adds the rows of the power curves, all on the same grid of effects.
func (r *result) curve() {
	st, top := r.study, 0.0
	for _, p := range r.powerOf {
		if p.Reason == "" {
			top = max(top, 2*p.MDE)
		}
	}
	for _, p := range r.powerOf {
		if p.Reason != "" {
			continue
		}
		for i := range curvePoints {
			effect := top * float64(i) / (curvePoints - 1)
			r.power = append(r.power, cube.Power{
				Design: st.design.ID, Indicator: st.indicator.ID, Region: st.region, Method: string(st.design.Method), Years: int32(p.Years),
				Effect: cube.Float(effect), Power: cube.Float(p.PowerAt(effect)), MDE: cube.Float(p.MDE),
			})
			if top == 0 {
				break // Nothing ever varied; one point says it.
			}
		}
	}
}

// mde is the minimal detectable effect of a method with a standard error: the
// simulated one for the primary method and the number of treated years there
// are, else (z_{1−α/2} + z_power)·se.
func (r *result) mde(e *estimate) float64 {
	if n := r.study.postYears(); e.primary && n >= 1 && n <= len(r.powerOf) && r.powerOf[n-1].Reason == "" {
		return r.powerOf[n-1].MDE
	}
	if t := e.space.SizeAdjusted; t.Reason == "" && t.SE > 0 {
		return power.Quick(t.SE, r.study.design.Looks.Alpha, r.study.design.Gates.Power)
	}
	return math.NaN()
}
