package inference

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Permutations names the set of permutations of the residuals.
type Permutations int

const (
	// MovingBlock takes the T cyclic shifts, valid under serial dependence.
	MovingBlock Permutations = iota
	// IID draws Replications random permutations, valid for exchangeable residuals.
	IID
)

// ConformalOptions choose the conformal test.
type ConformalOptions struct {
	Options
	Permutations Permutations
	// Replications of IID, 0 for 10,000.
	Replications int
	// Q is the exponent of S(u) = (T₁^(−1/2) Σ_post |u_t|^Q)^(1/Q); 0 for 1.
	Q float64
	// Null is the effect tested in every treated period, 0 by default.
	Null float64
	// Tolerance of interval ends, 0 for a ten-thousandth of the gaps' spread.
	Tolerance float64
}

// ConformalResult is a conformal test with an interval for every treated period.
type ConformalResult struct {
	// P is for the joint hypothesis that the effect is Null in every treated period.
	// Smallest is 1/T for MovingBlock.
	P P
	// Periods are the treated periods' own intervals, from the pre-periods and that
	// period alone.
	Periods []ConformalPeriod
	// Residuals are u, fitted on all periods under the null.
	Residuals []float64
}

// ConformalPeriod is the interval of one treated period.
type ConformalPeriod struct {
	// Column is the panel's.
	Column int
	// P is for no effect in that period; Smallest is 1/(T₀+1).
	P        P
	Interval Interval
}

// Conformal is the test of Chernozhukov, Wüthrich & Zhu (2021, JASA 116:1849): under
// the null the treated outcome less the effect is an ordinary series, the estimator
// is fitted to all periods, and the residuals of the treated periods should not
// stand out among all. It needs an estimator that accepts Design.Start = T.
//
// The interval of a period inverts that test on the T₀ pre-periods and the period
// itself. It needs T₀ + 1 ≥ 1/(1 − level): nineteen pre-periods for 95 %.
func Conformal(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, o ConformalOptions) (*ConformalResult, error) {
	var err error
	if o.Options, err = o.check(); err != nil {
		return nil, err
	}
	if o.Q == 0 {
		o.Q = 1
	}
	if o.Replications == 0 {
		o.Replications = 10_000
	}
	if !(o.Q > 0) || o.Replications < 1 || math.IsNaN(o.Null) || math.IsInf(o.Null, 0) || !(o.Tolerance >= 0) {
		return nil, fmt.Errorf("%w: exponent %g, %d replications, null %g, tolerance %g", ErrOptions, o.Q, o.Replications, o.Null, o.Tolerance)
	}
	if err := checkDesign(p, d); err != nil {
		return nil, err
	}
	n, t := len(p.Units), len(p.Times)
	r := &ConformalResult{}
	u, err := residuals(p, d, d.Start, o.Null, est)
	if err != nil {
		return nil, err
	}
	r.Residuals = u
	if r.P, err = o.joint(ctx, u, d.Start); err != nil {
		return nil, err
	}
	r.Periods = make([]ConformalPeriod, t-d.Start)
	errs := make([]error, t-d.Start)
	err = o.each(ctx, t-d.Start, func(a int) {
		c := &r.Periods[a]
		c.Column = d.Start + a
		one := p.Subset(span(n), append(span(d.Start), c.Column))
		errs[a] = c.invert(ctx, one, d, est, o)
	})
	if err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// residuals fits the estimator on every period with the effect taken off the
// treated from column start on.
func residuals(p *panel.Panel, d panel.Design, start int, effect float64, est panel.Estimator) ([]float64, error) {
	q := *p
	q.Y = mat.DenseCopyOf(p.Y)
	for _, i := range d.Treated {
		row := q.Y.RawRowView(i)
		for c := start; c < len(row); c++ {
			row[c] -= effect
		}
	}
	d.Start = len(p.Times)
	e, err := est(&q, d)
	if err != nil {
		return nil, err
	}
	return e.Gaps, nil
}

// joint is the p-value of the treated block of residuals.
func (o ConformalOptions) joint(ctx context.Context, u []float64, start int) (P, error) {
	t := len(u)
	// T₁^(−1/2) and the outer root do not change the order.
	score := func(at func(c int) float64) float64 {
		var s float64
		for c := start; c < t; c++ {
			s += math.Pow(math.Abs(at(c)), o.Q)
		}
		return s
	}
	own := score(func(c int) float64 { return u[c] })
	if o.Permutations == MovingBlock {
		p := P{N: t, Smallest: 1 / float64(t)}
		for shift := range t {
			if atLeast(score(func(c int) float64 { return u[(c+shift)%t] }), own) {
				p.Rank++
			}
		}
		p.Value = float64(p.Rank) / float64(t)
		return p, nil
	}
	larger := make([]bool, o.Replications)
	err := o.each(ctx, o.Replications, func(b int) {
		order := rand.New(rand.NewPCG(o.Seed, uint64(b))).Perm(t)
		larger[b] = atLeast(score(func(c int) float64 { return u[order[c]] }), own)
	})
	if err != nil {
		return P{}, err
	}
	return rankP(o.Replications, func(b int) bool { return larger[b] }), nil
}

const (
	// scanGrowth widens the steps with which acceptance is followed outwards.
	scanGrowth = 1.15
	// scanMost bounds the steps on one side: 1.15⁶⁰ is 4,400 times the first step.
	scanMost = 60
	// scanMiss rejected steps in a row end the scan: the p-value is a step function
	// of the effect and may dip below α before its last accepted value.
	scanMiss = 4
)

// invert finds the interval of the last period of one.
func (c *ConformalPeriod) invert(ctx context.Context, one *panel.Panel, d panel.Design, est panel.Estimator, o ConformalOptions) error {
	last := len(one.Times) - 1
	at := func(effect float64) (P, error) {
		u, err := residuals(one, d, last, effect, est)
		if err != nil {
			return P{}, err
		}
		// The residual itself is the first counted.
		return rankP(last, func(k int) bool { return atLeast(math.Abs(u[k]), math.Abs(u[last])) }), ctx.Err()
	}
	var err error
	if c.P, err = at(0); err != nil {
		return err
	}
	c.Interval.Level = o.Level
	if int((1-o.Level)*float64(last+1)+1e-9) < 1 {
		c.Interval.Reason = TooFewPeriods
		return nil
	}
	accept := func(effect float64) (bool, error) {
		p, err := at(effect)
		return p.Value > 1-o.Level+1e-12, err
	}
	d.Start = last
	e, err := est(one, d)
	if err != nil {
		return err
	}
	centre, step := e.Gaps[last], e.PreRMSPE/4
	if !(step > 0) {
		step = max(1e-6, 1e-6*math.Abs(centre))
	}
	if o.Tolerance == 0 {
		o.Tolerance = 4e-4 * step
	}
	lower, okLower, err := edge(centre, -step, o.Tolerance, accept)
	if err != nil {
		return err
	}
	upper, okUpper, err := edge(centre, step, o.Tolerance, accept)
	if err != nil {
		return err
	}
	switch {
	case okLower == edgeFar || okUpper == edgeFar:
		c.Interval.Reason = Unbounded
	case okLower == edgeNone && okUpper == edgeNone:
		c.Interval.Reason = EmptyInterval
	case okLower == edgeNone:
		c.Interval.Lower, c.Interval.Upper = centre, upper
	case okUpper == edgeNone:
		c.Interval.Lower, c.Interval.Upper = lower, centre
	default:
		c.Interval.Lower, c.Interval.Upper = lower, upper
	}
	return nil
}

const (
	edgeFound = iota
	// edgeNone: nothing is accepted on this side.
	edgeNone
	// edgeFar: still accepted at the last step.
	edgeFar
)

// edge follows acceptance outwards from centre and halves the last step.
func edge(centre, step, tol float64, accept func(float64) (bool, error)) (float64, int, error) {
	in, out, found, misses := centre, centre, false, 0
	x := centre
	for k := 0; ; k++ {
		ok, err := accept(x)
		if err != nil {
			return 0, 0, err
		}
		if ok {
			in, found, misses = x, true, 0
		} else {
			if misses == 0 {
				out = x
			}
			misses++
		}
		if misses == scanMiss {
			break
		}
		if k == scanMost {
			if misses == 0 {
				return 0, edgeFar, nil
			}
			break
		}
		x += step
		step *= scanGrowth
	}
	if !found {
		return 0, edgeNone, nil
	}
	for math.Abs(out-in) > tol {
		middle := (in + out) / 2
		ok, err := accept(middle)
		if err != nil {
			return 0, 0, err
		}
		if ok {
			in = middle
		} else {
			out = middle
		}
	}
	return in, edgeFound, nil
}
