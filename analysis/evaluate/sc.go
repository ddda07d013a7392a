package evaluate

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

var synthMethods = map[string]synth.Method{
	"sc": synth.Classic, "sc-outcome": synth.OutcomeOnly, "sc-demeaned": synth.Demeaned,
	"sc-penalised": synth.Penalised, "sc-ridge": synth.RidgeAugmented,
}

var synthRules = map[string]synth.VRule{optimise: synth.VOptimise, equal: synth.VEqual, inverseVariance: synth.VInverseVariance}

// syntheticControl fits one of the synth methods to one treated block.
func (p *problem) syntheticControl(d panel.Design) (*fitted, error) {
	spec, after, err := p.synthSpec(d.Start)
	if err != nil {
		return nil, err
	}
	return p.fitSynth(spec, p.withPredictors(), d, after)
}

// predictorName is the panel column that holds a predictor's values.
func predictorName(list string, k int) string { return fmt.Sprintf("%s[%d]", list, k) }

// withPredictors returns the panel with each predictor as a covariate constant
// over time. The window of a predictor may thus lie outside the panel's periods,
// as in the published studies.
func (p *problem) withPredictors() *panel.Panel {
	q := *p.panel
	q.Covariates = map[string]*mat.Dense{}
	for name, c := range p.panel.Covariates {
		q.Covariates[name] = c
	}
	for list, x := range map[string][][]float64{"predictors": p.x, "train.predictors": p.train} {
		for k, values := range x {
			m := mat.NewDense(len(q.Units), len(q.Times), nil)
			for i, v := range values {
				for c := range q.Times {
					m.Set(i, c, v)
				}
			}
			q.Covariates[predictorName(list, k)] = m
		}
	}
	return &q
}

// synthSpec translates the specification. It returns the first column after
// every window in which outcomes are fitted, at least start: a published study
// may fit on the year its treatment begins.
func (p *problem) synthSpec(start int) (synth.Spec, int, error) {
	s := p.spec
	out := synth.Spec{Method: synthMethods[s.Method], Rule: synthRules[s.V.Rule]}
	if s.Scale == "none" {
		out.Scale = synth.ScaleNone
	}
	if s.Lambda != nil {
		out.Lambda, out.LambdaRule = *s.Lambda, synth.LambdaFixed
	}
	var after int
	var err error
	if out.FitWindow, after, err = p.fitWindow("fit_window", s.FitWindow, start); err != nil {
		return out, 0, err
	}
	switch out.Method {
	case synth.Classic, synth.Penalised:
	case synth.RidgeAugmented:
		out.Rule = synth.VOptimise
		out.Predictors = p.balanced()
		return out, after, nil
	default:
		out.Rule = synth.VOptimise
		return out, after, nil
	}
	if s.Method == "sc" && len(s.Predictors) == 0 {
		return out, 0, specErrorf("predictors", "method sc needs at least one; without predictors use sc-outcome")
	}
	out.Predictors = p.constants("predictors", len(s.Predictors))
	if s.V.Weights != nil {
		out.Rule, out.V = synth.VFixed, s.V.Weights
	}
	if s.Train != nil && out.Method == synth.Classic {
		w, end, err := p.fitWindow("train.fit_window", s.Train.FitWindow, start)
		if err != nil {
			return out, 0, err
		}
		out.Train = &synth.Train{Predictors: p.constants("train.predictors", len(s.Train.Predictors)), FitWindow: w}
		after = max(after, end)
	}
	return out, after, nil
}

// balanced are the predictors of sc-ridge and, beside them, the means of its
// covariates before the start. Covariates alone are ridgeCovariates.
func (p *problem) balanced() []synth.Predictor {
	if len(p.spec.Predictors) == 0 {
		return nil
	}
	out := p.constants("predictors", len(p.spec.Predictors))
	times := p.panel.Times
	for _, name := range p.spec.Covariates {
		out = append(out, synth.Predictor{Column: name, From: times[0], To: times[len(times)-1]})
	}
	return out
}

func (p *problem) constants(list string, n int) []synth.Predictor {
	times := p.panel.Times
	out := make([]synth.Predictor, n)
	for k := range out {
		out[k] = synth.Predictor{Column: predictorName(list, k), From: times[0], To: times[len(times)-1]}
	}
	return out
}

// fitWindow snaps a window to the panel's periods, the whole pre-period when it
// is not given, and returns the column after its last.
func (p *problem) fitWindow(path string, w Window, start int) (synth.Window, int, error) {
	if w.empty() {
		return synth.Window{}, start, nil
	}
	given := w
	if w.To == nil {
		w.To = &p.times[start-1]
	}
	first, last := -1, -1
	for c, t := range p.panel.Times {
		if w.contains(t) {
			if first < 0 {
				first = c
			}
			last = c
		}
	}
	if first < 0 || first >= start {
		return synth.Window{}, 0, specErrorf(path, "%s holds no period before start, %s", given, p.times[start].Label)
	}
	if last >= start {
		p.flags = append(p.flags, fmt.Sprintf("%s reaches into treatment: weights are fitted on %s, start is %s", path, p.times[last].Label, p.times[start].Label))
	}
	return synth.Window{From: p.panel.Times[first], To: p.panel.Times[last]}, max(start, last+1), nil
}

// fitSynth estimates with every period before column after open to the windows,
// and measures the effect from the design's start.
func (p *problem) fitSynth(spec synth.Spec, q *panel.Panel, d panel.Design, after int) (*fitted, error) {
	seen := d
	seen.Start = after
	widened := spec.Method == synth.RidgeAugmented && len(spec.Predictors) == 0 && len(p.spec.Covariates) > 0
	fit := spec.Fit
	if widened {
		fit = p.ridgeCovariates(spec).fit
	}
	r, err := fit(q, seen)
	if err != nil {
		return nil, err
	}
	e := &fitted{
		observed: r.Observed, counterfactual: r.Counterfactual, gaps: r.Gaps, weights: r.Weights, v: r.V,
		interval: noInterval, panel: q, blocks: []panel.Design{d},
	}
	e.att = panel.MeanGap(r.Gaps, d.Start, len(r.Gaps))
	e.fit = fitOf(r.PreRMSPE, r.Gaps, d.Start)
	e.fit.Gap = Number(r.Certificate)
	if r.PerfectFit {
		e.fit.Ratio = unknown
	}
	for _, f := range r.Flags {
		e.fit.Flags = append(e.fit.Flags, string(f))
	}
	if spec.Method == synth.Penalised || spec.Method == synth.RidgeAugmented {
		e.fit.Flags = append(e.fit.Flags, fmt.Sprintf("lambda %.6g", r.Lambda))
	}
	base := func(spec synth.Spec) panel.Estimator {
		if widened {
			return p.ridgeCovariates(spec).estimator
		}
		return spec.EstimatorFor(q, seen)
	}
	e.estimators = []panel.Estimator{opened(base(spec), d.Start, after)}
	if !p.spec.FitWindow.empty() {
		spec.FitWindow.To = q.Times[len(q.Times)-1]
	}
	e.whole = opened(base(spec), d.Start, after)
	return e, nil
}

// opened is the estimator with every period before column after open to the
// windows where a design starts at start or later. Its PreRMSPE is over every
// period before the start, as the published placebo tests have it, whatever the
// window of the fit.
func opened(base panel.Estimator, start, after int) panel.Estimator {
	return func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
		seen := d
		if d.Start >= start {
			seen.Start = min(max(d.Start, after), len(p.Times))
		}
		est, err := base(p, seen)
		if err != nil {
			return est, err
		}
		est.ATT = panel.MeanGap(est.Gaps, d.Start, len(est.Gaps))
		est.PreRMSPE = panel.RMSPE(est.Gaps, 0, d.Start)
		est.PostRMSPE = panel.RMSPE(est.Gaps, d.Start, len(est.Gaps))
		return est, nil
	}
}
