package inference

import (
	"context"
	"fmt"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// minPre is the least number of pre-periods a pretended start leaves for fitting.
const minPre = 2

// InTime is one pretended start, estimated on data from before the true one only.
type InTime struct {
	// Start is the pretended first treated column, K periods before the true one.
	Start, K int
	// Effect is the mean gap from Start to the true start, RMSPE its root mean square.
	Effect, RMSPE float64
	// Gaps cover the columns before the true start.
	Gaps []float64
	// PreRMSPE is that of the fit.
	PreRMSPE float64
	// Failed is the estimator's own words when it gave no estimate.
	Failed string
}

// TimeResult is a set of in-time placebos.
type TimeResult struct {
	Placebos []InTime
	// RMSPE is the root mean square gap of all pretended treated periods, an
	// out-of-sample error and a better measure of noise than the pre-fit, which
	// has seen its data. N is the number of gaps.
	RMSPE float64
	N     int
	// PreRMSPE is the estimate's own, for comparison.
	PreRMSPE float64
	Reason   Reason
}

// InTimePlacebos pretends that treatment began k periods before it did, for each k,
// and uses nothing from the true start on. The gaps should be near zero.
func InTimePlacebos(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, ks []int, o Options) (*TimeResult, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if err := d.Check(p); err != nil {
		return nil, err
	}
	for _, k := range ks {
		if k < 1 {
			return nil, fmt.Errorf("%w: in-time placebo %d periods before the start", ErrOptions, k)
		}
	}
	before := p.Subset(span(len(p.Units)), span(d.Start))
	full, err := est(p, d)
	if err != nil {
		return nil, err
	}
	all := make([]InTime, len(ks))
	err = o.each(ctx, len(ks), func(a int) {
		all[a] = inTime(before, d, ks[a], est)
	})
	if err != nil {
		return nil, err
	}
	r := &TimeResult{PreRMSPE: full.PreRMSPE}
	var q float64
	for _, t := range all {
		if t.Start < minPre {
			continue
		}
		r.Placebos = append(r.Placebos, t)
		if t.Failed == "" {
			q += t.RMSPE * t.RMSPE * float64(t.K)
			r.N += t.K
		}
	}
	if r.N == 0 {
		r.Reason = TooFewPeriods
		return r, nil
	}
	r.RMSPE = math.Sqrt(q / float64(r.N))
	return r, nil
}

// RollingOrigin is InTimePlacebos for every k from 1 to most, those that leave at
// least two pre-periods.
func RollingOrigin(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, most int, o Options) (*TimeResult, error) {
	ks := make([]int, 0, max(0, most))
	for k := 1; k <= most; k++ {
		ks = append(ks, k)
	}
	return InTimePlacebos(ctx, p, d, est, ks, o)
}

func inTime(before *panel.Panel, d panel.Design, k int, est panel.Estimator) InTime {
	end := d.Start
	d.Start -= k
	out := InTime{Start: d.Start, K: k}
	if d.Start < minPre {
		return out
	}
	e, err := est(before, d)
	if err != nil {
		out.Failed = err.Error()
		return out
	}
	out.Gaps, out.PreRMSPE = e.Gaps, e.PreRMSPE
	out.Effect = panel.MeanGap(e.Gaps, d.Start, end)
	out.RMSPE = panel.RMSPE(e.Gaps, d.Start, end)
	return out
}

func span(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
