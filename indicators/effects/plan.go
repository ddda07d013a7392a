package effects

import (
	"context"
	"fmt"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/power"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Plan is what can be told of a design for one region before any outcome is
// looked at: no figure from its start on is used.
type Plan struct {
	Region string
	// From and To are the years before the start, Donors the number of comparison
	// municipalities with a figure in all of them.
	From, To, Donors int
	// PreRMSPE is how far the treated unit is from its counterfactual in those
	// years, Better the share of donors that are followed better when treated in
	// pretence.
	PreRMSPE, Better float64
	// Power has an entry for one treated year, two, and so on.
	Power []*power.Result
	// Reason says why there is nothing more; empty when there is.
	Reason Reason
}

// PlanOf returns the plans of every region of a design by one indicator, whether
// or not the indicator is among its outcomes.
func PlanOf(ctx context.Context, d *catalogue.Design, ind *catalogue.Indicator, cat *catalogue.Catalogue, c *cube.Content) ([]Plan, error) {
	src := newSource(c)
	var out []Plan
	for _, st := range src.studies(d, cat) {
		if st.indicator.ID != ind.ID {
			continue
		}
		p := Plan{Region: st.region, Reason: st.reason}
		if st.panel != nil {
			if err := p.measure(ctx, st); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, data.Errorf(data.ENOTFOUND, "the release has no figures for indicator %s", ind.ID)
	}
	return out, nil
}

func (p *Plan) measure(ctx context.Context, st *study) error {
	rows, cols := make([]int, len(st.panel.Units)), make([]int, st.start)
	for i := range rows {
		rows[i] = i
	}
	for t := range cols {
		cols[t] = t
	}
	past := st.panel.Subset(rows, cols)
	p.From, p.To, p.Donors = int(past.Times[0]), int(past.Times[len(past.Times)-1]), len(rows)-1
	est, _, ok := estimator(st.design.Method, past, st.start)
	if !ok {
		p.Reason = ReasonMethod
		return nil
	}
	own, err := est(past, st.design1(past))
	if err != nil {
		p.Reason = ReasonMethod
		return nil
	}
	p.PreRMSPE = own.PreRMSPE
	better, n := 0, 0
	all := st.design1(past).Donors
	for k, j := range all {
		others := slices.Concat(all[:k], all[k+1:])
		e, err := est(past, panel.Design{Treated: []int{j}, Donors: others, Start: st.start})
		if err != nil {
			continue
		}
		n++
		if e.PreRMSPE < own.PreRMSPE {
			better++
		}
	}
	if n > 0 {
		p.Better = float64(better) / float64(n)
	}
	r := &result{study: &study{design: st.design, indicator: st.indicator, region: st.region, panel: past, start: st.start}}
	if err := r.powers(ctx); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	p.Power = r.powerOf
	return nil
}
