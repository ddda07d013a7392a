// Package power says, before a result is seen, how large an effect would have to
// be to be seen: the minimal detectable effect (MDE) of a design, by running its
// own placebo test on years in which nothing was done.
//
// Every donor is treated in pretence over the last h years of a past that ends
// before the true start, the whole procedure is run, and its effect τ_j is brought
// to the size of the treated unit by v(M) = a + b/M. An effect δ added to every
// pretended year moves an estimate by exactly δ, since no estimator here lets the
// treated unit's own treated years choose its weights; what the test would say of
// τ_j + δ therefore follows for every δ without running anything again:
//
//	rejected ⇔ |z_j + δ| ≥ c_j,  z_j = τ_j √(v(M₁)/v(M_j))
//
// with c_j the k-th largest |z_i| of the other donors, k = ⌊αJ⌋. Power at δ is the
// weighted share rejected, donors near the treated unit in size counting more, and
// the MDE the smallest δ from which on it stays at or above the power asked for.
// Pretended starts are repeated over several past years and pooled, since a
// single year may be an odd one.
//
// The recipe is our own (methods.md §6) on the placebo test of Abadie, Diamond &
// Hainmueller (2010, JASA 105:493) and the size adjustment of Ferman & Pinto
// (2019, REStat 101:452).
package power

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// ErrOptions reports an option outside its range.
var ErrOptions = errors.New("power: bad option")

// Reason names why there is no MDE; empty when there is one.
type Reason string

const (
	// ShortPast: no past year leaves MinPre years before it and h from it on.
	ShortPast Reason = "short-past"
	// TooFewPlacebos: with so few donors the test never rejects at this level.
	TooFewPlacebos Reason = "too-few-placebos"
	// NoPlacebo: the estimator gave no estimate in any pretence.
	NoPlacebo Reason = "no-placebo"
)

// Method makes the estimator for a panel and a start column, so that what it
// matches on follows the pretended start.
type Method func(p *panel.Panel, start int) panel.Estimator

// Options of a simulation.
type Options struct {
	// Years is h, the number of treated years.
	Years int
	// Alpha is the size of the two-sided test, Power the power asked for.
	Alpha, Power float64
	// MinPre is the least number of years before a pretended start.
	MinPre int
	// Origins bounds the number of pretended starts, the latest ones used; 0 for
	// four.
	Origins int
	// Workers is the number of goroutines, 0 for one per processor. Results do not
	// depend on it.
	Workers int
}

// bandwidth of the weights exp(−½(ln(M_j/M₁)/bandwidth)²): a donor of twice or
// half the size counts 0.61 of one of the same size.
var bandwidth = math.Ln2

// tieTol is the relative difference below which an effect is at its critical value.
const tieTol = 1e-12

// Draw is one pretence on the treated unit's scale.
type Draw struct {
	// Unit is the panel row, Start the pretended start column.
	Unit, Start int
	// Effect is z_j, Critical c_j; Weight is by likeness in size.
	Effect, Critical, Weight float64
}

// Result is the power of a design.
type Result struct {
	Years, Origins int
	// MDE is the minimal detectable effect, in units of the outcome; QuickMDE the
	// normal approximation of it.
	MDE, QuickMDE float64
	// Size is the share rejected without any effect; it should be near alpha and
	// never far above.
	Size float64
	// SmallestP is the least p the test can give.
	SmallestP float64
	Draws     []Draw
	Reason    Reason
}

// Simulate returns the power of a design with one treated unit. Only columns
// before d.Start are used. Without sizes every donor counts the same and nothing is
// adjusted.
func Simulate(ctx context.Context, p *panel.Panel, d panel.Design, m Method, o Options) (*Result, error) {
	if err := d.Check(p); err != nil {
		return nil, err
	}
	switch {
	case o.Years < 1 || o.MinPre < 1 || o.Origins < 0:
		return nil, fmt.Errorf("%w: %d treated years, %d years before, %d origins", ErrOptions, o.Years, o.MinPre, o.Origins)
	case !(o.Alpha > 0 && o.Alpha < 1) || !(o.Power > 0 && o.Power < 1):
		return nil, fmt.Errorf("%w: alpha %g, power %g, want between 0 and 1", ErrOptions, o.Alpha, o.Power)
	case len(d.Treated) != 1:
		return nil, fmt.Errorf("%w: %d treated units, want one", ErrOptions, len(d.Treated))
	}
	r := &Result{Years: o.Years}
	starts := origins(d.Start, o)
	if len(starts) == 0 {
		r.Reason = ShortPast
		return r, nil
	}
	r.Origins = len(starts)
	raw, err := pretend(ctx, p, d, m, o, starts)
	if err != nil {
		return nil, err
	}
	r.weigh(p, d, raw, o)
	return r, nil
}

// origins are the latest pretended starts that leave enough years on both sides.
func origins(start int, o Options) []int {
	most := o.Origins
	if most == 0 {
		most = 4
	}
	var out []int
	for s := start - o.Years; s >= o.MinPre && len(out) < most; s-- {
		out = append(out, s)
	}
	return out
}

// effect is a raw pretence.
type effect struct {
	unit, start int
	att         float64
	ok          bool
}

func pretend(ctx context.Context, p *panel.Panel, d panel.Design, m Method, o Options, starts []int) ([]effect, error) {
	out := make([]effect, len(starts)*len(d.Donors))
	rows := make([]int, len(p.Units))
	for i := range rows {
		rows[i] = i
	}
	pasts := make([]*panel.Panel, len(starts))
	methods := make([]panel.Estimator, len(starts))
	for k, s := range starts {
		cols := make([]int, s+o.Years)
		for c := range cols {
			cols[c] = c
		}
		pasts[k] = p.Subset(rows, cols)
		methods[k] = m(pasts[k], s)
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	next := make(chan int)
	var group sync.WaitGroup
	for range min(workers, len(out)) {
		group.Go(func() {
			for i := range next {
				k, j := i/len(d.Donors), d.Donors[i%len(d.Donors)]
				others := slices.DeleteFunc(slices.Clone(d.Donors), func(x int) bool { return x == j })
				e, err := methods[k](pasts[k], panel.Design{Treated: []int{j}, Donors: others, Start: starts[k]})
				out[i] = effect{j, starts[k], e.ATT, err == nil}
			}
		})
	}
	var err error
	for i := range out {
		if err = ctx.Err(); err != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	return out, err
}

// weigh turns raw effects into draws and reads the power off them.
func (r *Result) weigh(p *panel.Panel, d panel.Design, raw []effect, o Options) {
	raw = slices.DeleteFunc(raw, func(e effect) bool { return !e.ok })
	if len(raw) == 0 {
		r.Reason = NoPlacebo
		return
	}
	scale := scales(p, d.Treated[0], raw)
	byStart := map[int][]float64{}
	sum, weights := 0.0, 0.0
	for _, e := range raw {
		w := 1.0
		if p.Size != nil {
			x := math.Log(p.Size[e.unit]/p.Size[d.Treated[0]]) / bandwidth
			w = math.Exp(-x * x / 2)
		}
		z := e.att * scale[e.unit]
		r.Draws = append(r.Draws, Draw{Unit: e.unit, Start: e.start, Effect: z, Weight: w})
		byStart[e.start] = append(byStart[e.start], math.Abs(z))
		sum, weights = sum+w*z*z, weights+w
	}
	r.QuickMDE = Quick(math.Sqrt(sum/weights), o.Alpha, o.Power)
	for s := range byStart {
		slices.Sort(byStart[s])
	}
	for i := range r.Draws {
		all := byStart[r.Draws[i].Start]
		// Of J places the treated takes one; a rank of at most k rejects. The constant
		// keeps 0.05·20 from falling below 1 in binary.
		k := int(o.Alpha*float64(len(all)) + 1e-9)
		r.SmallestP = max(r.SmallestP, 1/float64(len(all)))
		if k < 1 {
			r.Reason = TooFewPlacebos
			return
		}
		r.Draws[i].Critical = kthOther(all, math.Abs(r.Draws[i].Effect), k)
	}
	r.Size = r.PowerAt(0)
	r.MDE = r.detectable(o.Power)
}

// Quick is the detectable effect of a two-sided normal test with a standard
// error, (z_{1−α/2} + z_power)·se.
func Quick(se, alpha, power float64) float64 {
	return (distuv.UnitNormal.Quantile(1-alpha/2) + distuv.UnitNormal.Quantile(power)) * se
}

// kthOther is the k-th largest of the sorted values when one equal to own is left
// out; 0 when there are fewer.
func kthOther(sorted []float64, own float64, k int) float64 {
	at := len(sorted) - k
	if at < len(sorted) && own >= sorted[at] {
		at-- // own is among the k largest.
	}
	if at < 0 {
		return 0
	}
	return sorted[at]
}

// scales are √(v(M₁)/v(M_j)) by panel row; ones where sizes say nothing.
func scales(p *panel.Panel, treated int, raw []effect) []float64 {
	out := make([]float64, len(p.Units))
	for i := range out {
		out[i] = 1
	}
	if p.Size == nil {
		return out
	}
	squares, sizes := make([]float64, len(raw)), make([]float64, len(raw))
	for i, e := range raw {
		squares[i], sizes[i] = e.att*e.att, p.Size[e.unit]
	}
	v, err := synth.FitSizeVariance(squares, sizes)
	if err != nil || !(p.Size[treated] > 0) {
		return out
	}
	for i, m := range p.Size {
		if m > 0 {
			out[i] = math.Sqrt(v.At(p.Size[treated]) / v.At(m))
		}
	}
	return out
}

// PowerAt is the weighted share of pretences in which an effect of δ, averaged
// over both signs, would be rejected.
func (r *Result) PowerAt(delta float64) float64 {
	hit, all := 0.0, 0.0
	for _, d := range r.Draws {
		all += 2 * d.Weight
		for _, z := range []float64{d.Effect + delta, d.Effect - delta} {
			// z_j + (c_j − z_j), what a draw asks for at the MDE, is c_j up to rounding.
			if math.Abs(z) >= d.Critical-tieTol*max(d.Critical, math.Abs(d.Effect), math.Abs(delta)) {
				hit += d.Weight
			}
		}
	}
	if all == 0 {
		return 0
	}
	return hit / all
}

// detectable is the smallest δ from which on the power stays at or above the one
// asked for: draw j is rejected for good from c_j − z_j on for a positive effect
// and from c_j + z_j on for a negative one.
func (r *Result) detectable(power float64) float64 {
	type step struct{ at, weight float64 }
	var steps []step
	all := 0.0
	for _, d := range r.Draws {
		for _, sign := range []float64{1, -1} {
			steps = append(steps, step{max(d.Critical-sign*d.Effect, 0), d.Weight})
			all += d.Weight
		}
	}
	slices.SortFunc(steps, func(a, b step) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		default:
			return 0
		}
	})
	sum := 0.0
	for _, s := range steps {
		sum += s.weight
		// A sum of all weights may differ from their total by rounding.
		if sum >= power*all*(1-1e-12) {
			return s.at
		}
	}
	return steps[len(steps)-1].at
}

// YearsNeeded is the first of the results, in order of years, whose MDE is at most
// the effect needed; ok is false when none is.
func YearsNeeded(results []*Result, needed float64) (years int, ok bool) {
	for _, r := range results {
		if r.Reason == "" && r.MDE <= math.Abs(needed) {
			return r.Years, true
		}
	}
	return 0, false
}
