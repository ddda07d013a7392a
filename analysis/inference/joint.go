package inference

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// JointOptions choose the joint test of several treated units.
type JointOptions struct {
	Options
	// Sets of donors drawn, 0 for 999.
	Sets int
	// Block estimates all treated units, and every set, as one block instead of
	// each unit by itself.
	Block bool
	// Weights of the treated units in the pooled effect, in the order of
	// Design.Treated; nil for equal ones. Block takes none.
	Weights []float64
	// Nearest is the number of donors, nearest in log size, from which the stand-in
	// of a treated unit is drawn; 0 for the larger of 60 and a quarter of the donors.
	// Fewer would make a null distribution of few independent effects, which rejects
	// too often; what difference in size is left, SizeAdjusted takes account of.
	// Without sizes any donor may stand in.
	Nearest int
}

// JointUnit is one treated unit by itself.
type JointUnit struct {
	// Unit is the panel row.
	Unit     int
	Weight   float64
	Estimate panel.Estimate
	// Z is ATT/√v(M), 0 without a variance model.
	Z float64
	// Candidates is the number of donors that may stand in for it.
	Candidates int
	// Gates check its pre-fit against that of the single placebos.
	Gates Gates
}

// JointResult is the joint permutation test.
type JointResult struct {
	// Units is empty for a block.
	Units []JointUnit
	// Plain compares the pooled effect with that of sets of donors as they are,
	// SizeAdjusted with stand-ins scaled to the size of whom they stand in for.
	Plain, SizeAdjusted Test
	// Standardised is the mean of Z among the means of the sets.
	Standardised P
	Z            float64
	// Variance is fitted to single placebos, or to sets for a block.
	Variance SizeModel
	// Sets counts distinct sets in use, Failed single placebos or sets without
	// estimate.
	Sets, Failed int
}

// Joint tests whether several treated units are affected on average. Its null
// distribution are sets of as many donors, each matched on size to the unit it
// stands in for, drawn at random and all distinct. The p-value is exact to 1/(sets+1).
func Joint(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, o JointOptions) (*JointResult, error) {
	var err error
	if o.Options, err = o.check(); err != nil {
		return nil, err
	}
	if o.Sets == 0 {
		o.Sets = 999
	}
	if o.Sets < 1 {
		return nil, fmt.Errorf("%w: %d sets", ErrOptions, o.Sets)
	}
	if err := checkDesign(p, d); err != nil {
		return nil, err
	}
	if o.Weights, err = o.weights(len(d.Treated)); err != nil {
		return nil, err
	}
	if o.Block {
		return o.block(ctx, p, d, est)
	}
	return o.separate(ctx, p, d, est)
}

func (o JointOptions) weights(n int) ([]float64, error) {
	if o.Weights == nil {
		return equalWeights(n), nil
	}
	out := make([]float64, n)
	if len(o.Weights) != n {
		return nil, fmt.Errorf("%w: %d weights for %d treated units", ErrOptions, len(o.Weights), n)
	}
	var sum float64
	for _, w := range o.Weights {
		if !(w >= 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("%w: weight %g", ErrOptions, w)
		}
		sum += w
	}
	if sum == 0 {
		return nil, fmt.Errorf("%w: every weight is zero", ErrOptions)
	}
	for k, w := range o.Weights {
		out[k] = w / sum
	}
	return out, nil
}

// separate estimates every treated unit and every donor once.
func (o JointOptions) separate(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator) (*JointResult, error) {
	est = wholePre(est)
	r := &JointResult{Units: make([]JointUnit, len(d.Treated))}
	effect := 0.0
	for k, i := range d.Treated {
		e, err := est(p, panel.Design{Treated: []int{i}, Donors: d.Donors, Start: d.Start})
		if err != nil {
			return nil, fmt.Errorf("unit %q: %w", p.Units[i], err)
		}
		r.Units[k] = JointUnit{Unit: i, Weight: o.Weights[k], Estimate: e}
		effect += o.Weights[k] * e.ATT
	}
	all, err := placebos(ctx, p, d, est, o.Options)
	if err != nil {
		return nil, err
	}
	var units []int
	var effects []float64
	var ests []panel.Estimate
	for _, q := range all {
		if q.Failed != "" {
			r.Failed++
			continue
		}
		units, effects, ests = append(units, q.Unit), append(effects, q.Estimate.ATT), append(ests, q.Estimate)
	}
	for k := range r.Units {
		u := &r.Units[k]
		u.Gates = gates(p, panel.Design{Treated: []int{u.Unit}, Donors: d.Donors, Start: d.Start}, u.Estimate, ests, o.Options)
	}
	n := standIns{sets: o.draw(p, d.Treated, units, r), units: units, effects: effects, weights: o.Weights}
	r.Sets = len(n.sets)
	r.Plain = newTest(effect, n.pool(func(_, j int) float64 { return effects[j] }), o.Options)
	if n.more, err = Earlier(ctx, p, d, est, o.Options); err != nil {
		return nil, err
	}
	o.adjust(p, r, effect, n)
	return r, nil
}

// standIns are the single placebos and the sets they are pooled in.
type standIns struct {
	sets    [][]int // Positions in units, one for every treated unit.
	units   []int
	effects []float64
	weights []float64
	more    []Sample
}

// pool is the weighted mean over every set, widened by spread.
func (s standIns) pool(of func(k, j int) float64) []float64 {
	out := make([]float64, len(s.sets))
	wide := s.spread()
	for b, set := range s.sets {
		for k, j := range set {
			out[b] += wide * s.weights[k] * of(k, j)
		}
	}
	return out
}

// spread makes up for what sets of G of the n donors cannot show: they are drawn
// without replacement from effects that sum to nearly zero, each donor being
// compared with the others, while the treated are none of them. For a difference in
// means of independent units the variances are σ²(1/G + 1/n) of the treated and
// σ²(1/G − 1/n)·(n/(n − 1))² of the sets.
func (s standIns) spread() float64 {
	n, g := float64(len(s.units)), float64(len(s.weights))
	if n <= g {
		return 1
	}
	return math.Sqrt((n+g)/(n-g)) * (n - 1) / n
}

// adjust fills the size-adjusted parts of a separate test.
func (o JointOptions) adjust(p *panel.Panel, r *JointResult, effect float64, s standIns) {
	treated := make([]int, len(r.Units))
	for k, u := range r.Units {
		treated[k] = u.Unit
	}
	own, okOwn := sizesOf(p, treated)
	sizes, ok := sizesOf(p, s.units)
	at := 0.0
	if okOwn && ok {
		at = pooledSize(o.Weights, own)
	}
	r.Variance = fitSizes(at, s.effects, sizes)
	if why := r.Variance.Reason; why != "" {
		r.SizeAdjusted = undefined(effect, why, o.Options)
		r.Standardised = r.SizeAdjusted.P
		return
	}
	// Pooled draws and equally weighted standardised ones under a model of v.
	pooled := func(v synth.SizeVariance) []float64 {
		return s.pool(func(k, j int) float64 { return s.effects[j] * math.Sqrt(v.At(own[k])/v.At(sizes[j])) })
	}
	equal := standIns{sets: s.sets, units: s.units, weights: equalWeights(len(own))}
	score := func(v synth.SizeVariance) (float64, []float64) {
		var z float64
		for k, u := range r.Units {
			z += u.Estimate.ATT / math.Sqrt(v.At(own[k])) / float64(len(own))
		}
		return z, equal.pool(func(_, j int) float64 { return s.effects[j] / math.Sqrt(v.At(sizes[j])) })
	}
	var all []scenario
	beats := 0.0
	for _, l := range posterior(append([]Sample{{s.effects, sizes}}, s.more...), 1) {
		all = append(all, scenario{pooled(l.v), l.prob})
		z, draws := score(l.v)
		beats += l.prob * float64(rankP(len(draws), func(b int) bool { return atLeast(math.Abs(draws[b]), math.Abs(z)) }).Rank-1)
	}
	r.SizeAdjusted = newMixture(effect, pooled(r.Variance.SizeVariance), all, o.Options)
	for k := range r.Units {
		r.Units[k].Z = r.Units[k].Estimate.ATT / math.Sqrt(r.Variance.At(own[k]))
	}
	r.Z, _ = score(r.Variance.SizeVariance)
	if r.Standardised = r.SizeAdjusted.P; len(s.sets) > 0 {
		n := null{j: len(s.sets), own: treatedAdds(len(all))}
		r.Standardised.Value, r.Standardised.Rank = n.value(beats), 1+int(math.Ceil(beats-1e-9))
	}
}

func equalWeights(n int) []float64 {
	out := make([]float64, n)
	for k := range out {
		out[k] = 1 / float64(n)
	}
	return out
}

// pooledSize is the size M of one unit as noisy, in the part of the variance that
// depends on size, as the units are on weighted average: Σw²/Σ(w²/M_i).
func pooledSize(weights, sizes []float64) float64 {
	var over, sum float64
	for k, w := range weights {
		over += w * w / sizes[k]
		sum += w * w
	}
	return sum / over
}

// draw returns distinct sets of positions in units, one for every treated unit.
func (o JointOptions) draw(p *panel.Panel, treated, units []int, r *JointResult) [][]int {
	lists := make([][]int, len(treated))
	possible := 1.0
	for k, i := range treated {
		lists[k] = o.candidates(p, i, units)
		if r.Units != nil {
			r.Units[k].Candidates = len(lists[k])
		}
		possible *= float64(len(lists[k]))
	}
	if len(units) < len(treated) || possible == 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x6a6f696e))
	seen := map[string]bool{}
	var sets [][]int
	// Where few sets exist, most draws repeat; twenty times as many find nearly all.
	for range 20 * o.Sets {
		if len(sets) == o.Sets {
			break
		}
		set := make([]int, len(treated))
		ok := true
		for k := range set {
			set[k] = lists[k][rng.IntN(len(lists[k]))]
			ok = ok && !slices.Contains(set[:k], set[k])
		}
		key := fmt.Sprint(set)
		if !ok || seen[key] {
			continue
		}
		seen[key] = true
		sets = append(sets, set)
	}
	return sets
}

// candidates are the positions of the donors nearest in log size.
func (o JointOptions) candidates(p *panel.Panel, unit int, units []int) []int {
	out := span(len(units))
	sizes, ok := sizesOf(p, units)
	own, okOwn := sizesOf(p, []int{unit})
	if !ok || !okOwn {
		return out
	}
	n := o.Nearest
	if n <= 0 {
		n = max(60, len(units)/4)
	}
	away := func(k int) float64 { return math.Abs(math.Log(sizes[k] / own[0])) }
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(away(a), away(b)) })
	return out[:min(n, len(out))]
}

// block estimates sets of donors as blocks.
func (o JointOptions) block(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator) (*JointResult, error) {
	full, err := est(p, d)
	if err != nil {
		return nil, err
	}
	r := &JointResult{}
	sets := o.draw(p, d.Treated, d.Donors, r)
	all := make([]Placebo, len(sets))
	err = o.each(ctx, len(sets), func(b int) {
		rows := make([]int, len(sets[b]))
		for k, j := range sets[b] {
			rows[k] = d.Donors[j]
		}
		rest := without(d.Donors, rows...)
		if len(rest) == 0 {
			all[b].Failed = "no donor is left"
			return
		}
		all[b] = pretend(p, panel.Design{Treated: rows, Donors: rest, Start: d.Start}, est)
	})
	if err != nil {
		return nil, err
	}
	var effects, sizes []float64
	for b, q := range all {
		if q.Failed != "" {
			r.Failed++
			continue
		}
		effects = append(effects, q.Estimate.ATT)
		sizes = append(sizes, meanSize(p, sets[b], d.Donors))
	}
	r.Sets = len(effects)
	r.Plain = newTest(full.ATT, effects, o.Options)
	at := meanSize(p, span(len(d.Treated)), d.Treated)
	r.Variance = fitSizes(at, effects, sizes)
	if why := r.Variance.Reason; why != "" {
		r.SizeAdjusted = undefined(full.ATT, why, o.Options)
	} else {
		// Sets overlap: they tell no more than as many disjoint ones.
		var all []scenario
		for _, l := range posterior([]Sample{{effects, sizes}}, min(1, float64(len(d.Donors))/float64(len(d.Treated)*len(effects)))) {
			all = append(all, scenario{rescale(l.v, at, effects, sizes), l.prob})
		}
		r.SizeAdjusted = newMixture(full.ATT, rescale(r.Variance.SizeVariance, at, effects, sizes), all, o.Options)
		r.Z = full.ATT / math.Sqrt(r.Variance.AtTreated)
	}
	r.Standardised = r.SizeAdjusted.P
	return r, nil
}

// meanSize is the harmonic mean size, 0 where a size is unknown: the variance of a
// mean of units is that of one of this size over their number.
func meanSize(p *panel.Panel, positions, rows []int) float64 {
	chosen := make([]int, len(positions))
	for k, j := range positions {
		chosen[k] = rows[j]
	}
	sizes, ok := sizesOf(p, chosen)
	if !ok {
		return 0
	}
	return pooledSize(equalWeights(len(sizes)), sizes)
}
