package sdid

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// VarianceOptions bound the work and fix the randomness.
type VarianceOptions struct {
	// Replications is B; 0 means 200.
	Replications int
	Seed         uint64
	// Level is that of the interval; 0 means 0.95.
	Level float64
}

// Variance is the spread of replicated estimates and the normal interval
// ATT ± z·SE.
type Variance struct {
	ATT, SE, Lower, Upper float64
	// Draws are the replicates in order. Each has its own random stream, so they do
	// not depend on the number of workers.
	Draws []float64
	// MonteCarlo is the standard error of SE from sampling only B replicates, by
	// the fourth moment; 0 where every replicate there is was computed.
	MonteCarlo float64
	// Enumerated says that Draws are all there are.
	Enumerated bool
	// P is the share of placebos (the estimate itself counted) at least as far
	// from zero; SmallestP = 1/(n+1) is the least it could have been. Both are 0
	// for jackknife and bootstrap, which are not placebos.
	P, SmallestP float64
	// SizeAdjusted is the same from placebos scaled to the size of the treated,
	// τ_b·√(v(M₁)/v(M_b)) with v(M) = a + b/M fitted to the squared placebos
	// (Ferman & Pinto 2019, REStat 101:452): small treated units are noisier than
	// the donors they are compared with. Nil without sizes, with several cohorts,
	// or where v cannot be fitted.
	SizeAdjusted *Variance
}

// run is what all variances share.
type run struct {
	p      *panel.Panel
	blocks []panel.Design
	o      Options
	v      VarianceOptions
	z      []zetas
	shares []float64
	att    float64
	n1     int
}

// newRun estimates once and keeps the regularisation for the replicates, as the
// R package does. Projected coefficients are kept too; joint ones cannot be.
func newRun(p *panel.Panel, blocks []panel.Design, o Options, v VarianceOptions) (*run, error) {
	if joint(o) {
		return nil, fmt.Errorf("%w: covariates chosen jointly; use Projected", ErrVariance)
	}
	v, err := v.check()
	if err != nil {
		return nil, err
	}
	q, _, err := prepare(p, blocks, o)
	if err != nil {
		return nil, err
	}
	r := &run{p: q, blocks: blocks, o: o, v: v, shares: shares(blocks, len(p.Times))}
	w := newWorkspace(q)
	for _, d := range blocks {
		if !slices.Equal(d.Donors, blocks[0].Donors) {
			return nil, fmt.Errorf("%w: cohorts with different donors", ErrVariance)
		}
		r.z = append(r.z, w.regularisation(d, o))
		r.n1 += len(d.Treated)
	}
	r.att, err = r.estimate(w, blocks)
	return r, err
}

// check fills the defaults.
func (v VarianceOptions) check() (VarianceOptions, error) {
	if v.Replications == 0 {
		v.Replications = 200
	}
	if v.Level == 0 {
		v.Level = 0.95
	}
	if v.Replications < 2 || !(v.Level > 0 && v.Level < 1) {
		return v, fmt.Errorf("%w: %d replications, level %g", ErrVariance, v.Replications, v.Level)
	}
	return v, nil
}

// estimate is the pooled τ of blocks with the kept regularisation.
func (r *run) estimate(w *workspace, blocks []panel.Design) (float64, error) {
	var att, sum float64
	for c, d := range blocks {
		if len(d.Treated) == 0 {
			continue
		}
		tau, err := w.effect(d, r.o, r.z[c])
		if err != nil {
			return 0, err
		}
		n := float64(len(d.Treated) * (len(r.p.Times) - d.Start))
		att += n * tau
		sum += n
	}
	return att / sum, nil
}

// Placebo is the spread of estimates with N₁ donors as pseudo-treated and the
// others as donors, SE = √((B−1)/B)·sd. It needs more donors than treated units,
// and assumes that treated and donors are equally noisy: see SizeAdjusted. One
// treated unit gets every donor in turn; several in one cohort get all sets if
// those are no more than B, else B random ones.
func Placebo(ctx context.Context, p *panel.Panel, blocks []panel.Design, o Options, v VarianceOptions) (*Variance, error) {
	r, err := newRun(p, blocks, o, v)
	if err != nil {
		return nil, err
	}
	if err := r.checkDonors(); err != nil {
		return nil, err
	}
	donors := blocks[0].Donors
	sets, all := r.sets()
	draws, err := r.replicate(ctx, len(sets), func(b int, d []panel.Design) {
		chosen := sets[b]
		at := 0
		for c := range d {
			n := len(blocks[c].Treated)
			d[c].Treated = append(d[c].Treated[:0], chosen[at:at+n]...)
			at += n
		}
		for _, i := range donors {
			if !slices.Contains(chosen, i) {
				d[0].Donors = append(d[0].Donors, i)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return r.placebos(draws, sets, all), nil
}

// PlaceboOf is Placebo for any estimators, one for each block, everything they choose
// chosen again in each replicate.
func PlaceboOf(ctx context.Context, p *panel.Panel, blocks []panel.Design, est []panel.Estimator, v VarianceOptions) (*Variance, error) {
	v, err := v.check()
	if err != nil {
		return nil, err
	}
	r := &run{p: p, blocks: blocks, v: v, shares: shares(blocks, len(p.Times))}
	for _, d := range blocks {
		if err := d.Check(p); err != nil {
			return nil, err
		}
		r.n1 += len(d.Treated)
	}
	if err := r.checkDonors(); err != nil {
		return nil, err
	}
	pooled := func(blocks []panel.Design) (float64, error) {
		var att float64
		for c, d := range blocks {
			e, err := est[c](p, d)
			if err != nil {
				return 0, err
			}
			att += r.shares[c] * e.ATT
		}
		return att, nil
	}
	if r.att, err = pooled(blocks); err != nil {
		return nil, err
	}
	sets, all := r.sets()
	draws, err := each(ctx, len(sets), func() func(b int) (float64, error) {
		return func(b int) (float64, error) { return pooled(r.pretended(sets[b])) }
	})
	if err != nil {
		return nil, err
	}
	return r.placebos(draws, sets, all), nil
}

// pretended are the blocks with a set of donors in the place of the treated.
func (r *run) pretended(set []int) []panel.Design {
	var donors []int
	for _, i := range r.blocks[0].Donors {
		if !slices.Contains(set, i) {
			donors = append(donors, i)
		}
	}
	out := make([]panel.Design, len(r.blocks))
	for c, d := range r.blocks {
		n := len(d.Treated)
		out[c] = panel.Design{Treated: set[:n], Donors: donors, Start: d.Start}
		set = set[n:]
	}
	return out
}

func (r *run) checkDonors() error {
	n := len(r.blocks[0].Donors)
	if n <= r.n1 {
		return fmt.Errorf("%w: placebo with %d donors for %d treated units", ErrVariance, n, r.n1)
	}
	if n < 3 {
		return fmt.Errorf("%w: placebo with %d donors", ErrVariance, n)
	}
	return nil
}

func (r *run) placebos(draws []float64, sets [][]int, all bool) *Variance {
	out := r.summarise(draws, all)
	out.P, out.SmallestP = rank(r.att, draws), 1/float64(len(draws)+1)
	out.SizeAdjusted = r.adjust(draws, sets, all)
	return out
}

// sets lists the pseudo-treated rows of each replicate and says whether they are
// all there are.
func (r *run) sets() ([][]int, bool) {
	donors := r.blocks[0].Donors
	if n, few := choose(len(donors), r.n1, r.v.Replications); len(r.blocks) == 1 && few {
		return combinations(donors, r.n1, n), true
	}
	out := make([][]int, r.v.Replications)
	for b := range out {
		s := slices.Clone(donors)
		rng := rand.New(rand.NewPCG(r.v.Seed, uint64(b)))
		for k := range r.n1 {
			j := k + rng.IntN(len(s)-k)
			s[k], s[j] = s[j], s[k]
		}
		out[b] = s[:r.n1]
	}
	return out, false
}

// choose is the binomial coefficient as long as it is at most limit, which does
// not bind for k = 1.
func choose(n, k, limit int) (int, bool) {
	c := 1
	for i := range min(k, n-k) {
		c = c * (n - i) / (i + 1)
		if c > limit && k > 1 {
			return c, false
		}
	}
	return c, true
}

func combinations(rows []int, k, n int) [][]int {
	out := make([][]int, 0, n)
	at := make([]int, k)
	for i := range at {
		at[i] = i
	}
	for {
		set := make([]int, k)
		for i, a := range at {
			set[i] = rows[a]
		}
		out = append(out, set)
		i := k - 1
		for i >= 0 && at[i] == len(rows)-k+i {
			i--
		}
		if i < 0 {
			return out
		}
		at[i]++
		for j := i + 1; j < k; j++ {
			at[j] = at[j-1] + 1
		}
	}
}

// Bootstrap resamples all units with replacement, redrawing samples without
// treated or without donors, and estimates weights again. SE = √((B−1)/B)·sd. It
// is not defined for one treated unit, and unreliable for few.
func Bootstrap(ctx context.Context, p *panel.Panel, blocks []panel.Design, o Options, v VarianceOptions) (*Variance, error) {
	r, err := newRun(p, blocks, o, v)
	if err != nil {
		return nil, err
	}
	if r.n1 < 2 {
		return nil, fmt.Errorf("%w: bootstrap with one treated unit; use placebos", ErrVariance)
	}
	rows := members(blocks)
	cohort := make([]int, len(rows)) // −1 for a donor.
	for k := range cohort {
		cohort[k] = -1
	}
	at := len(blocks[0].Donors)
	for c, d := range blocks {
		for range d.Treated {
			cohort[at] = c
			at++
		}
	}
	draws, err := r.replicate(ctx, r.v.Replications, func(b int, d []panel.Design) {
		rng := rand.New(rand.NewPCG(r.v.Seed, uint64(b)))
		for treated := 0; treated == 0 || len(d[0].Donors) == 0; {
			treated = 0
			d[0].Donors = d[0].Donors[:0]
			for c := range d {
				d[c].Treated = d[c].Treated[:0]
			}
			for range rows {
				k := rng.IntN(len(rows))
				if c := cohort[k]; c >= 0 {
					d[c].Treated = append(d[c].Treated, rows[k])
					treated++
				} else {
					d[0].Donors = append(d[0].Donors, rows[k])
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return r.summarise(draws, false), nil
}

// Jackknife leaves out one unit at a time with weights held fixed and
// renormalised: SE = √((n−1)/n Σ (τ₋ᵢ − τ̄)²). Each cohort needs two treated
// units, and two donors must carry weight.
func Jackknife(p *panel.Panel, blocks []panel.Design, o Options, v VarianceOptions) (*Variance, error) {
	r, err := newRun(p, blocks, o, v)
	if err != nil {
		return nil, err
	}
	for _, d := range blocks {
		if len(d.Treated) < 2 {
			return nil, fmt.Errorf("%w: jackknife with one treated unit (%q) from period %v; use placebos",
				ErrVariance, p.Units[d.Treated[0]], p.Times[d.Start])
		}
	}
	draws, err := r.leaveOneOut()
	if err != nil {
		return nil, err
	}
	out := r.summarise(draws, true)
	n := float64(len(draws))
	out.SE *= math.Sqrt(n - 1) // From √(Σ/n) to √((n−1)/n·Σ).
	r.interval(out)
	return out, nil
}

// leaveOneOut needs only each unit's time contrast under each cohort's weights.
func (r *run) leaveOneOut() ([]float64, error) {
	donors := r.blocks[0].Donors
	draws := make([]float64, len(donors)+r.n1)
	w := newWorkspace(r.p)
	var unitPeriods float64
	for _, d := range r.blocks {
		unitPeriods += float64(len(d.Treated) * (len(r.p.Times) - d.Start))
	}
	earlier := 0 // Treated units of cohorts already done.
	for c, d := range r.blocks {
		tau, err := w.effect(d, r.o, r.z[c])
		if err != nil {
			return nil, err
		}
		var synthetic float64
		for k, i := range donors {
			synthetic += w.omega.Weights[k] * w.contrast(r.p.Y.RawRowView(i), d.Start, r.o)
		}
		treated := tau + synthetic
		for k, i := range donors {
			weight := w.omega.Weights[k]
			if weight > 1-1e-12 {
				return nil, fmt.Errorf("%w: jackknife with all weight on donor %q", ErrVariance, r.p.Units[i])
			}
			rest := (synthetic - weight*w.contrast(r.p.Y.RawRowView(i), d.Start, r.o)) / (1 - weight)
			draws[k] += r.shares[c] * (treated - rest)
		}
		n, periods := float64(len(d.Treated)), float64(len(r.p.Times)-d.Start)
		for k := range r.n1 {
			own := k - earlier
			v, weight := tau, n*periods
			if own >= 0 && own < len(d.Treated) {
				out := w.contrast(r.p.Y.RawRowView(d.Treated[own]), d.Start, r.o)
				v, weight = (n*treated-out)/(n-1)-synthetic, (n-1)*periods
			}
			draws[len(donors)+k] += weight * v / (unitPeriods - r.lost(k))
		}
		earlier += len(d.Treated)
	}
	return draws, nil
}

// lost is the number of periods the k-th treated unit contributes.
func (r *run) lost(k int) float64 {
	for _, d := range r.blocks {
		if k < len(d.Treated) {
			return float64(len(r.p.Times) - d.Start)
		}
		k -= len(d.Treated)
	}
	panic("sdid: treated unit out of range")
}

// replicate runs n estimates on all processors. Fill sets the treated rows of
// every block and the donors of the first, which all share.
func (r *run) replicate(ctx context.Context, n int, fill func(b int, d []panel.Design)) ([]float64, error) {
	return each(ctx, n, func() func(b int) (float64, error) {
		w := newWorkspace(r.p)
		d := slices.Clone(r.blocks)
		for c := range d {
			d[c].Treated = nil
		}
		var donors []int
		return func(b int) (float64, error) {
			d[0].Donors = donors[:0]
			fill(b, d)
			donors = d[0].Donors
			for c := range d {
				d[c].Donors = donors
			}
			return r.estimate(w, d)
		}
	})
}

// each computes n replicates on all processors, each with a worker's own function.
func each(ctx context.Context, n int, worker func() func(b int) (float64, error)) ([]float64, error) {
	draws, errs := make([]float64, n), make([]error, n)
	workers := min(n, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for first := range workers {
		wg.Go(func() {
			f := worker()
			for b := first; b < n; b += workers {
				if ctx.Err() != nil {
					return
				}
				draws[b], errs[b] = f(b)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for b, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("replicate %d: %w", b, err)
		}
	}
	return draws, nil
}

// summarise takes SE = √(Σ(τ_b − τ̄)²/B), which is √((B−1)/B)·sd.
func (r *run) summarise(draws []float64, all bool) *Variance {
	n := float64(len(draws))
	centre := mean(draws)
	var m2, m4 float64
	for _, v := range draws {
		q := (v - centre) * (v - centre)
		m2 += q / n
		m4 += q * q / n
	}
	out := &Variance{ATT: r.att, SE: math.Sqrt(m2), Draws: draws, Enumerated: all}
	if !all && m2 > 0 {
		// Var(s²) ≈ (m₄ − m₂²)/B, and the delta method for its root.
		out.MonteCarlo = math.Sqrt(max(0, m4-m2*m2)/n) / (2 * out.SE)
	}
	r.interval(out)
	return out
}

func (r *run) interval(v *Variance) {
	z := math.Sqrt2 * math.Erfinv(r.v.Level)
	v.Lower, v.Upper = r.att-z*v.SE, r.att+z*v.SE
}

// rank is the placebo p, ties counted against the estimate.
func rank(att float64, draws []float64) float64 {
	n := 1
	for _, v := range draws {
		if math.Abs(v) >= math.Abs(att)*(1-1e-12) {
			n++
		}
	}
	return float64(n) / float64(len(draws)+1)
}

// adjust scales the placebos to the size of the treated. The variance of a mean
// over units is v at their harmonic mean size, divided by their number.
func (r *run) adjust(draws []float64, sets [][]int, all bool) *Variance {
	if r.p.Size == nil || len(r.blocks) > 1 {
		return nil
	}
	target := r.harmonic(r.blocks[0].Treated)
	if !(target > 0) {
		return nil
	}
	squares, sizes := make([]float64, len(draws)), make([]float64, len(draws))
	for b, v := range draws {
		squares[b], sizes[b] = v*v, r.harmonic(sets[b])
	}
	v, err := synth.FitSizeVariance(squares, sizes)
	if err != nil {
		return nil
	}
	scaled := make([]float64, len(draws))
	for b, tau := range draws {
		scaled[b] = tau * math.Sqrt(v.At(target)/v.At(sizes[b]))
	}
	out := r.summarise(scaled, all)
	out.P, out.SmallestP = rank(r.att, scaled), 1/float64(len(scaled)+1)
	return out
}

// harmonic is the harmonic mean size of rows, 0 where a size is not usable.
func (r *run) harmonic(rows []int) float64 {
	var s float64
	for _, i := range rows {
		if m := r.p.Size[i]; !(m > 0) || math.IsInf(m, 1) {
			return 0
		}
		s += 1 / r.p.Size[i]
	}
	return float64(len(rows)) / s
}
