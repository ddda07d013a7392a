package evaluate

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// ridgeCovariates lets the ridge-augmented method balance covariates beside the
// outcomes, as the R package augsynth does without residualising: each covariate's
// mean before treatment, centred on the donors, is scaled so that its standard
// deviation over donors is that of all centred donor outcomes, and stands as one
// more period to fit.
type ridgeCovariates struct {
	spec    synth.Spec
	columns []string
}

// ridgeCovariates are the covariates of sc-ridge; predictors are synth's own.
func (p *problem) ridgeCovariates(spec synth.Spec) *ridgeCovariates {
	return &ridgeCovariates{spec, p.spec.Covariates}
}

// fit chooses weights on the widened panel and measures gaps on the real one.
func (c *ridgeCovariates) fit(p *panel.Panel, d panel.Design) (*synth.Result, error) {
	cols := c.window(p, d)
	if len(cols) == 0 {
		return nil, fmt.Errorf("%w: no period of the fit window before the start", synth.ErrWindow)
	}
	wide, err := c.widen(p, d, cols)
	if err != nil {
		return nil, err
	}
	spec := c.spec
	spec.FitWindow = synth.Window{}
	r, err := spec.Fit(wide, panel.Design{Treated: d.Treated, Donors: d.Donors, Start: len(wide.Times)})
	if err != nil {
		return nil, err
	}
	t := len(p.Times)
	r.Observed, r.Counterfactual, r.Gaps = make([]float64, t), make([]float64, t), make([]float64, t)
	for s := range t {
		for _, i := range d.Treated {
			r.Observed[s] += p.Y.At(i, s) / float64(len(d.Treated))
		}
		for j, i := range d.Donors {
			r.Counterfactual[s] += r.Weights[j] * p.Y.At(i, s)
		}
		r.Gaps[s] = r.Observed[s] - r.Counterfactual[s]
	}
	var q float64
	for _, s := range cols {
		q += r.Gaps[s] * r.Gaps[s]
	}
	r.PreRMSPE = math.Sqrt(q / float64(len(cols)))
	// Those flags compare the fit with the noise of periods, which covariates are not.
	r.Flags = slices.DeleteFunc(r.Flags, func(f synth.Flag) bool { return f == synth.OverFit || f == synth.BadFit || f == synth.LevelMiss })
	return r, nil
}

// estimator is fit in the form inference calls.
func (c *ridgeCovariates) estimator(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
	r, err := c.fit(p, d)
	if err != nil {
		return panel.Estimate{}, err
	}
	t := len(p.Times)
	return panel.Estimate{
		ATT: panel.MeanGap(r.Gaps, d.Start, t), Gaps: r.Gaps, PreRMSPE: r.PreRMSPE,
		PostRMSPE: panel.RMSPE(r.Gaps, d.Start, t), Weights: r.Weights,
	}, nil
}

func (c *ridgeCovariates) window(p *panel.Panel, d panel.Design) []int {
	var cols []int
	w := c.spec.FitWindow
	for s, t := range p.Times[:d.Start] {
		if w == (synth.Window{}) || (w.From <= t && t <= w.To) {
			cols = append(cols, s)
		}
	}
	return cols
}

// widen is the panel of the columns fitted and one more for each covariate.
func (c *ridgeCovariates) widen(p *panel.Panel, d panel.Design, cols []int) (*panel.Panel, error) {
	n, l := len(p.Units), len(cols)
	q := &panel.Panel{Units: p.Units, Y: mat.NewDense(n, l+len(c.columns), nil)}
	for s := range l + len(c.columns) {
		q.Times = append(q.Times, float64(s))
	}
	for i := range n {
		for s, col := range cols {
			q.Y.Set(i, s, p.Y.At(i, col))
		}
	}
	var squares float64
	for s := range l {
		squares += donorSquares(q.Y, d.Donors, s)
	}
	scale := math.Sqrt(squares / float64(len(d.Donors)*l-1))
	for k, name := range c.columns {
		for i := range n {
			q.Y.Set(i, l+k, preMean(p.Covariates[name].RawRowView(i)[:d.Start]))
		}
		sd := math.Sqrt(donorSquares(q.Y, d.Donors, l+k) / float64(len(d.Donors)-1))
		if !(sd > 0) {
			return nil, fmt.Errorf("covariate %q does not vary between donors", name)
		}
		for i := range n {
			q.Y.Set(i, l+k, q.Y.At(i, l+k)*scale/sd)
		}
	}
	return q, nil
}

// donorSquares is the sum of squares about the donor mean of a column.
func donorSquares(y *mat.Dense, donors []int, s int) float64 {
	var mean, q float64
	for _, i := range donors {
		mean += y.At(i, s) / float64(len(donors))
	}
	for _, i := range donors {
		q += (y.At(i, s) - mean) * (y.At(i, s) - mean)
	}
	return q
}

// preMean is the mean over the values present.
func preMean(v []float64) float64 {
	var sum, n float64
	for _, x := range v {
		if !math.IsNaN(x) {
			sum, n = sum+x, n+1
		}
	}
	return sum / n
}
