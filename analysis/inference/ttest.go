package inference

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// TTestResult is the cross-fitted t-test.
type TTestResult struct {
	// Effect is the mean over blocks of the debiased effects.
	Effect float64
	SE     float64
	// T has K − 1 degrees of freedom; P is two-sided.
	T, P     float64
	Interval Interval
	// Blocks are the effects τ_k; Length is that of a block.
	Blocks []float64
	Length int
	Reason Reason
}

// TTest is the debiased t-test of Chernozhukov, Wüthrich & Zhu (arXiv 1812.10820): the
// last K·r pre-periods, r = min(⌊T₀/K⌋, T₁), are cut into K blocks; the weights are
// fitted without block k and
//
//	τ_k = mean gap after treatment − mean gap of block k,
//	τ = mean τ_k,  se = √(1 + K·r/T₁)·sd(τ_k)/√K,  t with K − 1 degrees of freedom.
//
// Blocks = 0 means 3. For the estimator the left-out block stands after the other
// pre-periods, as a first treated period does.
func TTest(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, blocks int, o Options) (*TTestResult, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if blocks == 0 {
		blocks = 3
	}
	if blocks < 2 {
		return nil, fmt.Errorf("%w: %d blocks, want at least 2", ErrOptions, blocks)
	}
	if err := checkDesign(p, d); err != nil {
		return nil, err
	}
	post := len(p.Times) - d.Start
	r := &TTestResult{Length: min(d.Start/blocks, post)}
	r.Interval.Level = o.Level
	if r.Length < 1 || d.Start-r.Length < minPre {
		r.Reason, r.Interval.Reason, r.P = TooFewPeriods, TooFewPeriods, 1
		return r, nil
	}
	r.Blocks = make([]float64, blocks)
	errs := make([]error, blocks)
	err = o.each(ctx, blocks, func(k int) {
		r.Blocks[k], errs[k] = crossFit(p, d, est, d.Start-(blocks-k)*r.Length, r.Length)
	})
	if err != nil {
		return nil, err
	}
	for k, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("block %d of %d: %w", k+1, blocks, err)
		}
	}
	r.test(post, o)
	return r, nil
}

// crossFit fits without the block from column `from` and debiases by its mean gap.
func crossFit(p *panel.Panel, d panel.Design, est panel.Estimator, from, length int) (float64, error) {
	var cols []int
	for c := range d.Start {
		if c < from || c >= from+length {
			cols = append(cols, c)
		}
	}
	start := len(cols)
	for c := from; c < from+length; c++ {
		cols = append(cols, c)
	}
	for c := d.Start; c < len(p.Times); c++ {
		cols = append(cols, c)
	}
	q := p.Subset(span(len(p.Units)), cols)
	// Periods must increase: the block moves between the last pre-period in use and
	// the first treated one.
	first := p.Times[cols[start-1]]
	gap := (p.Times[d.Start] - first) / float64(length+1)
	for k := range length {
		q.Times[start+k] = first + float64(k+1)*gap
	}
	d.Start = start
	e, err := est(q, d)
	if err != nil {
		return 0, err
	}
	return panel.MeanGap(e.Gaps, start+length, len(e.Gaps)) - panel.MeanGap(e.Gaps, start, start+length), nil
}

// test fills effect, standard error, p and interval.
func (r *TTestResult) test(post int, o Options) {
	k := float64(len(r.Blocks))
	for _, v := range r.Blocks {
		r.Effect += v / k
	}
	var q float64
	for _, v := range r.Blocks {
		q += (v - r.Effect) * (v - r.Effect)
	}
	r.SE = math.Sqrt(1+k*float64(r.Length)/float64(post)) * math.Sqrt(q/(k-1)) / math.Sqrt(k)
	if !(r.SE > 1e-12*math.Abs(r.Effect)) {
		r.Reason, r.Interval.Reason, r.P = NoSpread, NoSpread, 1
		return
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: k - 1}
	r.T = r.Effect / r.SE
	r.P = 2 * t.Survival(math.Abs(r.T))
	half := t.Quantile((1+o.Level)/2) * r.SE
	r.Interval.Lower, r.Interval.Upper = r.Effect-half, r.Effect+half
}
