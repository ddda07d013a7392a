package did

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// Kind says which reasoning an interval rests on.
type Kind string

const (
	// Cluster is the two-sample variance of unit contrasts, s²_tr/N₁ + s²_co Σw²,
	// with Welch's degrees of freedom: the variance clustered by unit in its
	// unbiased (CR2) form. It needs two treated units, and holds matches fixed.
	Cluster Kind = "cluster"
	// ConleyTaber takes the distribution of the treated units' noise from donors
	// (Conley & Taber 2011, REStat 93:113): consistent in the number of donors with
	// few or one treated unit, and exact in rank for exchangeable units.
	ConleyTaber Kind = "conley-taber"
	// ConleyTaberSize scales each donor's noise to the size of the treated by
	// v(M) = a + b/M (Ferman & Pinto 2019, REStat 101:452).
	ConleyTaberSize Kind = "conley-taber-size"
)

// Interval of one contrast. SE is that of Cluster, or the root mean square of the
// donors' noise. P is two-sided against no effect; SmallestP is the least it
// could have been, 0 for Cluster.
type Interval struct {
	Kind             Kind
	SE, Lower, Upper float64
	DF               float64
	P, SmallestP     float64
}

// IntervalOptions choose the kind, "" meaning Cluster for two treated units or
// more and else ConleyTaberSize with sizes and ConleyTaber without.
type IntervalOptions struct {
	Kind  Kind
	Level float64 // 0 means 0.95.
	// Draws is the number of random sets of donors for several treated units under
	// ConleyTaber; 0 means 999.
	Draws int
	Seed  uint64
}

// Point is the effect of one period.
type Point struct {
	Time, Effect float64
	Interval     Interval
}

// Interval is that of ATT.
func (f *Fit) Interval(o IntervalOptions) (Interval, error) {
	_, t := f.Relative.Dims()
	start := f.Design.Start
	if start == t {
		return Interval{}, fmt.Errorf("%w: no treated period", ErrInterval)
	}
	return f.interval(func(i int) float64 { return mean(f.Relative.RawRowView(i)[start:]) }, o)
}

// EventStudy gives every period's effect relative to the base period, −1 meaning
// the mean (or line) before treatment and any other column that one alone. The
// base period itself is left out: its effect is 0 by definition.
func (f *Fit) EventStudy(base int, o IntervalOptions) ([]Point, error) {
	_, t := f.Relative.Dims()
	if base < -1 || base >= t {
		return nil, fmt.Errorf("%w: base column %d of %d", panel.ErrDesign, base, t)
	}
	var out []Point
	for s := range t {
		if s == base {
			continue
		}
		of := func(i int) float64 {
			if base < 0 {
				return f.Relative.At(i, s)
			}
			return f.Relative.At(i, s) - f.Relative.At(i, base)
		}
		iv, err := f.interval(of, o)
		if err != nil {
			return nil, err
		}
		out = append(out, Point{f.times[s], f.effect(of), iv})
	}
	return out, nil
}

func (f *Fit) interval(of func(int) float64, o IntervalOptions) (Interval, error) {
	if o.Level == 0 {
		o.Level = 0.95
	}
	if !(o.Level > 0 && o.Level < 1) {
		return Interval{}, fmt.Errorf("%w: level %g", ErrInterval, o.Level)
	}
	if o.Kind == "" {
		switch {
		case len(f.Design.Treated) > 1:
			o.Kind = Cluster
		case f.sizes != nil:
			o.Kind = ConleyTaberSize
		default:
			o.Kind = ConleyTaber
		}
	}
	switch o.Kind {
	case Cluster:
		return f.cluster(of, o)
	case ConleyTaber, ConleyTaberSize:
		return f.conleyTaber(of, o)
	}
	return Interval{}, fmt.Errorf("%w: unknown kind %q", ErrInterval, o.Kind)
}

func (f *Fit) cluster(of func(int) float64, o IntervalOptions) (Interval, error) {
	var used []int
	var squares float64
	for k, i := range f.Design.Donors {
		if w := f.Weights[k]; w > 0 {
			used = append(used, i)
			squares += w * w
		}
	}
	n1, n0 := float64(len(f.Design.Treated)), float64(len(used))
	if n1 < 2 || n0 < 2 {
		return Interval{}, fmt.Errorf("%w: clustered variance with %g treated units and %g donors", ErrInterval, n1, n0)
	}
	v1, v0 := variance(f.Design.Treated, of)/n1, variance(used, of)*squares
	att := f.effect(of)
	iv := Interval{Kind: Cluster, SE: math.Sqrt(v1 + v0), Lower: att, Upper: att, P: 1, DF: n1 + n0 - 2}
	if att != 0 {
		iv.P = 0
	}
	if iv.SE == 0 {
		return iv, nil
	}
	// Shares of the variance, so that tiny variances do not underflow.
	a, b := v1/(v1+v0), v0/(v1+v0)
	iv.DF = 1 / (a*a/(n1-1) + b*b/(n0-1))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: iv.DF}
	c := t.Quantile((1 + o.Level) / 2)
	iv.Lower, iv.Upper = att-c*iv.SE, att+c*iv.SE
	iv.P = 2 * t.Survival(math.Abs(att)/iv.SE)
	return iv, nil
}

func variance(rows []int, of func(int) float64) float64 {
	var m, ss float64
	for k, i := range rows {
		v := of(i)
		d := v - m
		m += d / float64(k+1)
		ss += d * (v - m)
	}
	return ss / float64(len(rows)-1)
}

// conleyTaber inverts the rank test: the interval holds every θ for which
// |ATT − θ| is below the ⌈level·(n+1)⌉-th smallest of the n noise draws.
func (f *Fit) conleyTaber(of func(int) float64, o IntervalOptions) (Interval, error) {
	noise, err := f.noise(of, o)
	if err != nil {
		return Interval{}, err
	}
	n := len(noise)
	k := int(math.Ceil(o.Level*float64(n+1) - 1e-9))
	if k > n {
		return Interval{}, fmt.Errorf("%w: %d donors give no interval at level %g; at least %g are needed",
			ErrInterval, n, o.Level, math.Ceil(o.Level/(1-o.Level)-1e-9))
	}
	att, above, ss := f.effect(of), 1, 0.0
	for i, v := range noise {
		noise[i] = math.Abs(v)
		ss += v * v
		if noise[i] >= math.Abs(att)*(1-1e-12) {
			above++
		}
	}
	slices.Sort(noise)
	half := noise[k-1]
	return Interval{
		Kind: o.Kind, SE: math.Sqrt(ss / float64(n)), Lower: att - half, Upper: att + half,
		P: float64(above) / float64(n+1), SmallestP: 1 / float64(n+1),
	}, nil
}

// noise is each donor's contrast minus the mean of the others', all donors and
// not only matches: the more, the finer. Several treated units get means over
// random sets of as many donors.
func (f *Fit) noise(of func(int) float64, o IntervalOptions) ([]float64, error) {
	donors := f.Design.Donors
	n := len(donors)
	if n < 2 {
		return nil, fmt.Errorf("%w: %d donors", ErrInterval, n)
	}
	out := make([]float64, n)
	for k, i := range donors {
		out[k] = of(i)
	}
	m := mean(out)
	for k := range out {
		out[k] = (out[k] - m) * float64(n) / float64(n-1)
	}
	if o.Kind == ConleyTaberSize {
		if err := f.resize(out); err != nil {
			return nil, err
		}
	}
	n1 := len(f.Design.Treated)
	if n1 == 1 {
		return out, nil
	}
	if n1 >= n {
		return nil, fmt.Errorf("%w: %d donors for %d treated units", ErrInterval, n, n1)
	}
	if o.Draws == 0 {
		o.Draws = 999
	}
	sums := make([]float64, o.Draws)
	for b := range sums {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(b)))
		pool := slices.Clone(out)
		for k := range n1 {
			j := k + rng.IntN(n-k)
			pool[k], pool[j] = pool[j], pool[k]
			sums[b] += pool[k] / float64(n1)
		}
	}
	return sums, nil
}

// resize scales noise to the harmonic mean size of the treated.
func (f *Fit) resize(noise []float64) error {
	if f.sizes == nil {
		return fmt.Errorf("%w: the panel has no sizes", ErrInterval)
	}
	squares, sizes := make([]float64, len(noise)), make([]float64, len(noise))
	zero := true
	for k, i := range f.Design.Donors {
		squares[k], sizes[k] = noise[k]*noise[k], f.sizes[i]
		zero = zero && squares[k] == 0
	}
	if zero {
		return nil
	}
	var inverse float64
	for _, i := range f.Design.Treated {
		if m := f.sizes[i]; !(m > 0) {
			return fmt.Errorf("%w: size %g of a treated unit", ErrInterval, m)
		}
		inverse += 1 / f.sizes[i]
	}
	v, err := synth.FitSizeVariance(squares, sizes)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInterval, err)
	}
	target := v.At(float64(len(f.Design.Treated)) / inverse)
	for k := range noise {
		noise[k] *= math.Sqrt(target / v.At(sizes[k]))
	}
	return nil
}
