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
	// Nearest is the number of units, nearest in log size, from which the stand-in
	// of a treated unit is drawn; 0 for the larger of 60 and a quarter of them.
	// Fewer would make a null distribution of few independent effects, which rejects
	// too often; what difference in size is left, SizeAdjusted takes account of.
	// Without sizes any may stand in.
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
	// Candidates is the number of units that may stand in for it.
	Candidates int
	// Gates check its pre-fit against that of the single placebos.
	Gates Gates
}

// JointResult is the joint permutation test.
type JointResult struct {
	// Units is empty for a block.
	Units []JointUnit
	// Plain compares the pooled effect with that of sets as they are,
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
// distribution are sets of as many units, drawn at random and all distinct, each
// matched on size to the treated unit it stands in for. They are drawn from donors and
// treated alike, as Fisher's permutation test asks: sets of donors alone have less to
// vary with than the treated had, and reject too often. The p-value is exact to
// 1/(sets+1).
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
	n := standIns{units: units, effects: effects, treated: d.Treated}
	for _, u := range r.Units {
		n.own = append(n.own, u.Estimate.ATT)
	}
	if len(units) >= len(d.Treated) {
		n.sets = o.draw(p, d.Treated, slices.Concat(units, d.Treated), r)
	}
	r.Sets = len(n.sets)
	plain := n.pool(o.Weights, nil, nil)
	r.Plain = newMixture(effect, plain.draws, []scenario{plain}, o.Options)
	more, err := Earlier(ctx, p, d, est, o.Options)
	if err != nil {
		return nil, err
	}
	o.adjust(p, r, effect, n, more)
	return r, nil
}

// standIns are single effects and the sets they are pooled in.
type standIns struct {
	// units are donors with their placebo effects, treated the treated with their own.
	units, treated []int
	effects, own   []float64
	// sets hold a position in units, then treated, for every treated unit.
	sets [][]int
}

// pool is the weighted sum over every set of effects, each brought from the standard
// deviation at its own size, donors' or own, to that of whom it stands in for; nil for
// equal ones.
//
// The sets are drawn from donors and treated alike, as a permutation test asks, but
// the effects are not alike as they come: each of the n donors is compared with the other
// donors, each of the G treated with all donors. For a difference in means of units
// ε, a donor's effect is n/(n − 1)·(ε − ε̄), a treated one's ε − ε̄, ε̄ the mean of
// donors; and the mean of the treated less ε̄ is (n + G)/n times their mean less the
// mean of all. That is what a set's mean is compared with,
//
//	(n + G)/n · (mean of the set − G/(n + G)·mean of the treated),
//
// donors' effects having mean zero. Of an effect θ on all treated a set holds what
// this makes of it.
func (s standIns) pool(weights, donors, own []float64) scenario {
	n, g := float64(len(s.units)), float64(len(s.treated))
	sd := func(of []float64, k int) float64 {
		if of == nil {
			return 1
		}
		return of[k]
	}
	unit, share := make([]float64, len(s.units)+len(s.treated)), make([]float64, len(s.units)+len(s.treated))
	for j, e := range s.effects {
		unit[j] = (n - 1) / n * e / sd(donors, j)
	}
	var all, mean, part float64
	for k, e := range s.own {
		j := len(s.units) + k
		unit[j], share[j] = e/sd(own, k), 1/sd(own, k)
		mean += unit[j] / g
		part += share[j] / g
		all += weights[k] * sd(own, k)
	}
	out := scenario{draws: make([]float64, len(s.sets)), shares: make([]float64, len(s.sets)), prob: 1}
	for b, set := range s.sets {
		for k, j := range set {
			w := weights[k] * sd(own, k)
			out.draws[b] += w * unit[j]
			out.shares[b] += w * share[j]
		}
		out.draws[b] = ((n+g)*out.draws[b] - g*all*mean) / n
		out.shares[b] = ((n+g)*out.shares[b] - g*all*part) / n
	}
	return out
}

// adjust fills the size-adjusted parts of a separate test.
func (o JointOptions) adjust(p *panel.Panel, r *JointResult, effect float64, s standIns, more []Past) {
	own, okOwn := sizesOf(p, s.treated)
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
	pooled := func(v synth.SizeVariance) scenario {
		return s.pool(o.Weights, deviations(v, sizes), deviations(v, own))
	}
	score := func(v synth.SizeVariance) (float64, []float64) {
		var z float64
		even, at := equalWeights(len(own)), deviations(v, own)
		// Weights over the deviations leave every effect on the scale of z.
		for k, e := range s.own {
			even[k] /= at[k]
			z += even[k] * e
		}
		return z, s.pool(even, deviations(v, sizes), at).draws
	}
	var all []scenario
	beats := 0.0
	for _, l := range posterior(append([]Sample{{s.effects, sizes}}, samples(p, more, att)...), 1) {
		one := pooled(l.v)
		one.prob = l.prob
		all = append(all, one)
		z, draws := score(l.v)
		beats += l.prob * float64(rankP(len(draws), func(b int) bool { return atLeast(math.Abs(draws[b]), math.Abs(z)) }).Rank-1)
	}
	r.SizeAdjusted = newMixture(effect, pooled(r.Variance.SizeVariance).draws, all, o.Options)
	for k := range r.Units {
		r.Units[k].Z = r.Units[k].Estimate.ATT / math.Sqrt(r.Variance.At(own[k]))
	}
	r.Z, _ = score(r.Variance.SizeVariance)
	if r.Standardised = r.SizeAdjusted.P; len(s.sets) > 0 {
		n := null{j: len(s.sets), own: treatedAdds(len(all))}
		r.Standardised.Value, r.Standardised.Rank = n.value(beats), 1+int(math.Ceil(beats-1e-9))
	}
}

func deviations(v synth.SizeVariance, sizes []float64) []float64 {
	return mapped(sizes, func(m float64) float64 { return math.Sqrt(v.At(m)) })
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

// draw returns distinct sets of positions in units, one for every treated unit, and
// never the treated themselves each in its own place, who are counted already.
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
	themselves := make([]int, len(treated))
	for k, i := range treated {
		themselves[k] = slices.Index(units, i)
	}
	seen := map[string]bool{fmt.Sprint(themselves): true}
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

// candidates are the positions of the units nearest in log size.
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

// block estimates sets of units as blocks, with the donors not in the set. What a set
// of G units holds of an effect on all treated is the share of treated in it.
func (o JointOptions) block(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator) (*JointResult, error) {
	full, err := est(p, d)
	if err != nil {
		return nil, err
	}
	r := &JointResult{}
	from := slices.Concat(d.Donors, d.Treated)
	sets := o.draw(p, d.Treated, from, r)
	all := make([]Placebo, len(sets))
	err = o.each(ctx, len(sets), func(b int) {
		rows := make([]int, len(sets[b]))
		for k, j := range sets[b] {
			rows[k] = from[j]
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
	var effects, sizes, shares []float64
	for b, q := range all {
		if q.Failed != "" {
			r.Failed++
			continue
		}
		effects = append(effects, q.Estimate.ATT)
		sizes = append(sizes, meanSize(p, sets[b], from))
		treated := 0
		for _, j := range sets[b] {
			if j >= len(d.Donors) {
				treated++
			}
		}
		shares = append(shares, float64(treated)/float64(len(sets[b])))
	}
	r.Sets = len(effects)
	r.Plain = newMixture(full.ATT, effects, []scenario{{draws: effects, shares: shares, prob: 1}}, o.Options)
	// The effect itself must not tell of sizes.
	null := make([]float64, len(effects))
	for b, e := range effects {
		null[b] = e - shares[b]*full.ATT
	}
	at := meanSize(p, span(len(d.Treated)), d.Treated)
	r.Variance = fitSizes(at, null, sizes)
	if why := r.Variance.Reason; why != "" {
		r.SizeAdjusted = undefined(full.ATT, why, o.Options)
	} else {
		// Sets overlap: they tell no more than as many disjoint ones.
		var all []scenario
		for _, l := range posterior([]Sample{{null, sizes}}, min(1, float64(len(d.Donors))/float64(len(d.Treated)*len(effects)))) {
			all = append(all, scenario{draws: rescale(l.v, at, effects, sizes), shares: rescale(l.v, at, shares, sizes), prob: l.prob})
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
