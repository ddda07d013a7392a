package inference

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

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
	// probeFirst is the first step outwards, in units of the RMSPE before treatment;
	// probeGrowth widens the following ones.
	probeFirst  = 0.25
	probeGrowth = 1.15
	// probeMiss rejected steps in a row end the search: the p-value is a step function
	// of the effect and may dip below α before its last accepted value.
	probeMiss = 4
	// probeFar bounds the search on one side, in first steps.
	probeFar = 30_000
)

// invert finds the interval of the last period of one.
func (c *ConformalPeriod) invert(ctx context.Context, one *panel.Panel, d panel.Design, est panel.Estimator, o ConformalOptions) error {
	last := len(one.Times) - 1
	need := int((1-o.Level)*float64(last+1) + 1e-9)
	at := func(effect float64) (P, float64, error) {
		u, err := residuals(one, d, last, effect, est)
		if err != nil {
			return P{}, 0, err
		}
		own := math.Abs(u[last])
		// The residual itself is the first counted.
		p := rankP(last, func(k int) bool { return atLeast(math.Abs(u[k]), own) })
		return p, own - largest(u[:last], need), ctx.Err()
	}
	var err error
	if c.P, _, err = at(0); err != nil {
		return err
	}
	c.Interval.Level = o.Level
	if need < 1 {
		c.Interval.Reason = TooFewPeriods
		return nil
	}
	d.Start = last
	e, err := est(one, d)
	if err != nil {
		return err
	}
	v := &inversion{step: probeFirst * e.PreRMSPE, tol: o.Tolerance}
	v.at = func(effect float64) (point, error) {
		p, margin, err := at(effect)
		return point{effect, margin, p.Value > 1-o.Level+1e-12}, err
	}
	centre, err := v.at(e.Gaps[last])
	if err != nil {
		return err
	}
	if !(v.step > 0) {
		v.step = max(1e-6, 1e-6*math.Abs(centre.effect))
	}
	if v.tol == 0 {
		v.tol = 4e-4 * v.step
	}
	lower, okLower, err := v.edge(centre, -1)
	if err != nil {
		return err
	}
	upper, okUpper, err := v.edge(centre, 1)
	if err != nil {
		return err
	}
	switch {
	case okLower == edgeFar || okUpper == edgeFar:
		c.Interval.Reason = Unbounded
	case okLower == edgeNone && okUpper == edgeNone:
		c.Interval.Reason = EmptyInterval
	case okLower == edgeNone:
		c.Interval.Lower, c.Interval.Upper = centre.effect, upper
	case okUpper == edgeNone:
		c.Interval.Lower, c.Interval.Upper = lower, centre.effect
	default:
		c.Interval.Lower, c.Interval.Upper = lower, upper
	}
	return nil
}

// largest is the k-th largest absolute value, 0 for k = 0.
func largest(u []float64, k int) float64 {
	if k < 1 {
		return 0
	}
	v := make([]float64, len(u))
	for i, x := range u {
		v[i] = -math.Abs(x)
	}
	slices.Sort(v)
	return -v[k-1]
}

// point is an effect, whether the test accepts it, and by how much the residual of
// the period exceeds the largest that is accepted: a number whose root is the edge.
type point struct {
	effect, margin float64
	accepted       bool
}

// inversion looks for the ends of the accepted effects. Every evaluation fits the
// estimator anew, so few of them are made.
type inversion struct {
	at        func(effect float64) (point, error)
	step, tol float64
}

const (
	edgeFound = iota
	// edgeNone: nothing is accepted on this side.
	edgeNone
	// edgeFar: still accepted at the farthest looked at.
	edgeFar
)

// edge follows acceptance from centre outwards to its last value on one side.
func (v *inversion) edge(centre point, side float64) (float64, int, error) {
	in, out, found := centre, centre, centre.accepted
	for {
		if in.accepted {
			var err error
			if out, err = v.leave(centre, in, side); err != nil {
				return 0, 0, err
			}
			if out.accepted {
				return 0, edgeFar, nil
			}
			if in, out, err = v.close(in, out); err != nil {
				return 0, 0, err
			}
		}
		again, err := v.probe(centre, out, side)
		switch {
		case err != nil:
			return 0, 0, err
		case again.accepted:
			in, found = again, true
		case found:
			return in.effect, edgeFound, nil
		default:
			return 0, edgeNone, nil
		}
	}
}

// leave steps outwards from an accepted point to a rejected one, aiming beyond the
// root of the line through the last two.
func (v *inversion) leave(centre, in point, side float64) (point, error) {
	before, now := in, in
	for now.accepted && math.Abs(now.effect-centre.effect) < probeFar*v.step {
		width := v.stride(math.Abs(now.effect - centre.effect))
		reach := width
		if slope := (now.margin - before.margin) / math.Abs(now.effect-before.effect); slope > 0 {
			reach = min(max(1.2*-now.margin/slope, width), 8*width)
		}
		next, err := v.at(now.effect + side*reach)
		if err != nil {
			return point{}, err
		}
		if next.effect == now.effect {
			break // Steps are below the precision of the numbers.
		}
		before, now = now, next
	}
	return now, nil
}

// stride is the step of the search at a distance from the centre, if the first is
// v.step and each is probeGrowth times the one before.
func (v *inversion) stride(distance float64) float64 { return v.step + (probeGrowth-1)*distance }

// probe tries the steps beyond a rejected point, so many that probeMiss are rejected in
// a row, and returns the first that is accepted, or the last.
func (v *inversion) probe(centre, out point, side float64) (point, error) {
	for range probeMiss - 1 {
		var err error
		out, err = v.at(out.effect + side*v.stride(math.Abs(out.effect-centre.effect)))
		if err != nil || out.accepted {
			return out, err
		}
	}
	return out, nil
}

// close narrows an accepted and a rejected point to the tolerance by the method of
// Oliveira & Takahashi (2020, ACM Trans. Math. Softw. 47:5): at most one evaluation
// more than halving, and far fewer where the margin is smooth.
func (v *inversion) close(in, out point) (accepted, rejected point, err error) {
	first := math.Abs(out.effect - in.effect)
	most := math.Ceil(math.Log2(max(1, first/v.tol)))
	for k := 0; math.Abs(out.effect-in.effect) > v.tol && k <= int(most)+1; k++ {
		width := out.effect - in.effect
		middle := in.effect + width/2
		x := middle
		if in.margin <= 0 && out.margin > 0 {
			root := in.effect - in.margin*width/(out.margin-in.margin)
			// A little towards the middle, by 0.2·width²/first.
			shift := math.Copysign(min(0.2*width*width/first, math.Abs(middle-root)), middle-root)
			x = root + shift
			if far := v.tol/2*math.Pow(2, most-float64(k)) - math.Abs(width)/2; math.Abs(x-middle) > far {
				x = middle - math.Copysign(max(0, far), middle-root)
			}
		}
		next, err := v.at(x)
		if err != nil {
			return in, out, err
		}
		if next.accepted {
			in = next
		} else {
			out = next
		}
	}
	return in, out, nil
}
