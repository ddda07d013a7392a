package inference

import (
	"context"
	"fmt"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// PruneLevels are the multiples of the treated pre-period MSPE at which Space also
// reports p with worse-fitting placebos left out (Abadie, Diamond & Hainmueller
// 2010, JASA 105:493).
var PruneLevels = [...]float64{2, 5, 20}

// Placebo is one donor treated in pretence, with the treated unit out of the pool.
type Placebo struct {
	// Unit is the panel row.
	Unit int
	// Estimate is that of the pretence; zero when Failed is set.
	Estimate panel.Estimate
	// Ratio is PostRMSPE/PreRMSPE, 0 with Reason PerfectPreFit where PreRMSPE is 0.
	Ratio  float64
	Reason Reason
	// Failed is the estimator's own words when it gave no estimate.
	Failed string
}

// Pruned is the rank p-value of the RMSPE ratio among placebos whose pre-period
// MSPE is at most Times that of the treated.
type Pruned struct {
	Times float64
	P     P
}

// SpaceResult is an in-space placebo test. PreRMSPE of its estimates is over every
// period before the start.
type SpaceResult struct {
	Treated  panel.Estimate
	Ratio    float64
	Reason   Reason
	Placebos []Placebo
	// Failed counts placebos without estimate; they are not in any N.
	Failed int
	// RatioP ranks PostRMSPE/PreRMSPE, the treated counted: rank/N. Packages differ:
	// pysyncon leaves the treated out of the numerator and can give 0.
	RatioP P
	// SignedP ranks ATT/PreRMSPE in the declared direction.
	SignedP P
	Pruned  []Pruned
	// Plain compares ATT with placebo ATTs as they are, which is right only if
	// treated and donors are equally noisy. SizeAdjusted scales them to the size of
	// the treated; SimilarSize uses only donors within a factor 2 in size.
	Plain, SizeAdjusted, SimilarSize Test
	// Variance is the fitted v(M) = a + b/M behind SizeAdjusted.
	Variance SizeModel
	// Past are the earlier windows that SizeAdjusted used.
	Past  []Past
	Gates Gates
}

// wholePre gives PreRMSPE over every period before the start, whatever window the
// estimator was fitted on: the published ratios are so (Abadie, Diamond & Hainmueller
// 2010), and a good fit of a short window says nothing.
func wholePre(est panel.Estimator) panel.Estimator {
	return func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
		e, err := est(p, d)
		if err == nil && len(e.Gaps) >= d.Start {
			e.PreRMSPE = panel.RMSPE(e.Gaps, 0, d.Start)
		}
		return e, err
	}
}

// Space runs the estimator again with each donor in the place of the treated unit,
// everything it chooses chosen again, and compares. There must be one treated unit.
func Space(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, o Options) (*SpaceResult, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if err := checkDesign(p, d); err != nil {
		return nil, err
	}
	if len(d.Treated) > 1 {
		return nil, several(d)
	}
	est = wholePre(est)
	treated, err := est(p, d)
	if err != nil {
		return nil, err
	}
	placebos, err := placebos(ctx, p, d, est, o)
	if err != nil {
		return nil, err
	}
	more, err := Earlier(ctx, p, d, est, o)
	if err != nil {
		return nil, err
	}
	return compare(p, d, treated, placebos, more, o), nil
}

func several(d panel.Design) error {
	return fmt.Errorf("%w: %d; a placebo is one donor, use Joint", ErrSeveral, len(d.Treated))
}

// Placebos estimates every donor in turn as treated, with the others as donors, in
// the order of Design.Donors. Treated units play no part.
func Placebos(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, o Options) ([]Placebo, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	return placebos(ctx, p, d, est, o)
}

func placebos(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, o Options) ([]Placebo, error) {
	out := make([]Placebo, len(d.Donors))
	err := o.each(ctx, len(out), func(k int) {
		j := d.Donors[k]
		out[k] = pretend(p, panel.Design{Treated: []int{j}, Donors: without(d.Donors, j), Start: d.Start}, est)
	})
	return out, err
}

// pretend estimates one placebo.
func pretend(p *panel.Panel, d panel.Design, est panel.Estimator) Placebo {
	out := Placebo{Unit: d.Treated[0]}
	e, err := est(p, d)
	if err != nil {
		out.Failed = err.Error()
		return out
	}
	out.Estimate = e
	out.Ratio, out.Reason = ratio(e)
	return out
}

func ratio(e panel.Estimate) (float64, Reason) {
	if e.PreRMSPE > tieTol*e.PostRMSPE {
		return e.PostRMSPE / e.PreRMSPE, ""
	}
	return 0, PerfectPreFit
}

// compare ranks the treated among the placebos that have an estimate.
func compare(p *panel.Panel, d panel.Design, treated panel.Estimate, all []Placebo, more []Past, o Options) *SpaceResult {
	r := &SpaceResult{Treated: treated, Placebos: all, Past: more}
	r.Ratio, r.Reason = ratio(treated)
	var units []int
	var ests []panel.Estimate
	for _, q := range all {
		if q.Failed != "" {
			r.Failed++
			continue
		}
		units = append(units, q.Unit)
		ests = append(ests, q.Estimate)
	}
	r.RatioP = ratioP(treated, ests)
	r.SignedP = signedP(treated, ests, o.Direction)
	for _, times := range PruneLevels {
		var kept []panel.Estimate
		for _, e := range ests {
			if atLeast(times*treated.PreRMSPE*treated.PreRMSPE, e.PreRMSPE*e.PreRMSPE) {
				kept = append(kept, e)
			}
		}
		r.Pruned = append(r.Pruned, Pruned{Times: times, P: ratioP(treated, kept)})
	}
	effects := make([]float64, len(ests))
	for j, e := range ests {
		effects[j] = e.ATT
	}
	r.Plain = newTest(treated.ATT, effects, o)
	own, okOwn := sizesOf(p, d.Treated)
	sizes, ok := sizesOf(p, units)
	if !ok || !okOwn {
		r.SizeAdjusted, r.SimilarSize = undefined(treated.ATT, NoSize, o), undefined(treated.ATT, NoSize, o)
		r.Variance.Reason = NoSize
	} else {
		r.SizeAdjusted, r.Variance = SizeAdjusted(treated.ATT, own[0], effects, sizes, o, samples(p, more, att)...)
		r.SimilarSize = similarSize(treated.ATT, own[0], effects, sizes, o)
	}
	r.Gates = gates(p, d, treated, ests, o)
	return r
}

// ratioP compares post_j/pre_j with post_1/pre_1 by products, so that a perfect
// pre-fit needs no infinity.
func ratioP(treated panel.Estimate, ests []panel.Estimate) P {
	return rankP(len(ests), func(j int) bool {
		return atLeast(ests[j].PostRMSPE*treated.PreRMSPE, treated.PostRMSPE*ests[j].PreRMSPE)
	})
}

func signedP(treated panel.Estimate, ests []panel.Estimate, direction int) P {
	if direction == 0 {
		return P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: NoDirection}
	}
	sign := float64(direction)
	return rankP(len(ests), func(j int) bool {
		return atLeast(sign*ests[j].ATT*treated.PreRMSPE, sign*treated.ATT*ests[j].PreRMSPE)
	})
}
