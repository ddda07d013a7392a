package effects

import (
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/forecast"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// aim is the numeric target of a study, if one is agreed.
type aim struct {
	ok             bool
	base, target   float64
	year           int
	expected       float64 // Share expected by the newest year.
	share          float64 // Share covered.
	hasShare, down bool
}

// aim finds the target among the release's attainment rows.
func (s *source) aim(st *study) aim {
	for _, a := range s.content.Attainments {
		if a.Agreement != st.design.Agreement || a.Indicator != st.indicator.ID || a.Region != st.region {
			continue
		}
		if !a.Target.OK() || !a.Baseline.OK() || a.Target == a.Baseline {
			continue
		}
		out := aim{ok: true, base: float64(a.Baseline), target: float64(a.Target), year: int(a.TargetYear), expected: math.NaN(), down: a.Target < a.Baseline}
		if a.Share.OK() && a.Expected.OK() {
			out.share, out.expected, out.hasShare = float64(a.Share), float64(a.Expected), true
		}
		return out
	}
	return aim{}
}

// fill adds what the target says to a finding:
//
//	B_t = (yᴺ_t − y₀)/(y_T − y₀),  needed = y_T − ŷᴺ_T
//
// with ŷᴺ_T the counterfactual carried to the target year by smoothing.
func (a aim) fill(f *Finding, e *estimate) {
	if !a.ok {
		return
	}
	f.HasTarget, f.Down = true, a.down
	counterfactual := e.counterfactual()
	last := len(counterfactual) - 1
	if a.hasShare {
		f.OnTrack = a.share >= a.expected
		f.OnTrackWithout = (counterfactual[last]-a.base)/(a.target-a.base) >= a.expected
	}
	h := a.year - int(e.panel.Times[last])
	if h <= 0 {
		f.Needed = a.target - counterfactual[last]
		return
	}
	fit, err := forecast.Estimate(counterfactual, forecast.Default(len(counterfactual)))
	if err != nil {
		return // Needed stays unknown, which makes the verdict «cannot tell».
	}
	f.Needed = a.target - fit.Predict(h)[h-1].Mean
}

// counterfactual is observed minus gap for every year.
func (e *estimate) counterfactual() []float64 {
	out := make([]float64, len(e.panel.Times))
	for t := range out {
		out[t] = e.panel.Y.At(0, t) - e.space.Treated.Gaps[t]
	}
	return out
}

// shares adds the counterfactual-adjusted attainment of every treated year,
//
//	A_t = (y_t − y₀)/(y_T − y₀) = B_t + C_t,  C_t = τ_t/(y_T − y₀)
//
// with the interval of C from that of τ (methods: our construction, simple
// algebra on cited parts). Without a numeric target there is no row.
func (r *result) shares(c *cube.Content, e *estimate) {
	if !r.aim.ok {
		return
	}
	st, way := r.study, r.aim.target-r.aim.base
	row := r.row(e)
	for t := st.start; t < len(e.panel.Times); t++ {
		gap, y := e.space.Treated.Gaps[t], e.panel.Y.At(0, t)
		out := cube.EffectShare{
			Design: st.design.ID, Indicator: st.indicator.ID, Region: st.region, Year: int32(e.panel.Times[t]),
			Total: cube.Float((y - r.aim.base) / way), Background: cube.Float((y - gap - r.aim.base) / way), Programme: cube.Float(gap / way),
			Lower: cube.Null, Upper: cube.Null, Verdict: row.Verdict, Reason: row.Reason,
		}
		if i := r.yearTest(e, t).Interval; i.Reason == "" {
			lo, hi := i.Lower/way, i.Upper/way
			out.Lower, out.Upper = cube.Float(min(lo, hi)), cube.Float(max(lo, hi))
		}
		c.EffectShares = append(c.EffectShares, out)
	}
}
