package inference

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// LeaveOneOutWeight is the weight above which a donor is left out in turn.
const LeaveOneOutWeight = 0.01

// LeftOut is the estimate without one donor.
type LeftOut struct {
	// Unit is the panel row left out, Weight what it had.
	Unit   int
	Weight float64
	// Estimate is the one without it.
	Estimate panel.Estimate
	// P is the RMSPE-ratio p-value without it, when placebos were asked for.
	P P
	// Failed is the estimator's own words when it gave no estimate.
	Failed string
}

// LeaveOneOutResult is how far the effect hangs on single donors.
type LeaveOneOutResult struct {
	ATT  float64
	Left []LeftOut
	// Lowest and Highest are the range of ATT over those left out and the estimate
	// itself; LowestP and HighestP that of the p-value.
	Lowest, Highest   float64
	LowestP, HighestP float64
	Reason            Reason
}

// LeaveOneOut estimates again without each donor whose weight exceeds
// LeaveOneOutWeight. With placebos, every in-space placebo is run for each, which
// costs a Space per donor.
func LeaveOneOut(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, withPlacebos bool, o Options) (*LeaveOneOutResult, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if err := checkDesign(p, d); err != nil {
		return nil, err
	}
	full, err := est(p, d)
	if err != nil {
		return nil, err
	}
	r := &LeaveOneOutResult{ATT: full.ATT, Lowest: full.ATT, Highest: full.ATT, LowestP: 1}
	if full.Weights == nil {
		r.Reason = NoWeights
		return r, nil
	}
	for a, w := range full.Weights {
		if math.Abs(w) > LeaveOneOutWeight {
			r.Left = append(r.Left, LeftOut{Unit: d.Donors[a], Weight: w})
		}
	}
	if withPlacebos && len(d.Treated) == 1 {
		s, err := Space(ctx, p, d, est, o)
		if err != nil {
			return nil, err
		}
		r.LowestP, r.HighestP = s.RatioP.Value, s.RatioP.Value
	}
	for a := range r.Left {
		if err := r.Left[a].fit(ctx, p, d, est, withPlacebos, o); err != nil {
			return nil, err
		}
		if l := r.Left[a]; l.Failed == "" {
			r.Lowest, r.Highest = min(r.Lowest, l.Estimate.ATT), max(r.Highest, l.Estimate.ATT)
			if withPlacebos {
				r.LowestP, r.HighestP = min(r.LowestP, l.P.Value), max(r.HighestP, l.P.Value)
			}
		}
	}
	if !withPlacebos || len(d.Treated) > 1 {
		r.LowestP, r.HighestP = 0, 0
	}
	return r, nil
}

func (l *LeftOut) fit(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, withPlacebos bool, o Options) error {
	d.Donors = without(d.Donors, l.Unit)
	l.P = P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: NoPlacebo}
	if len(d.Donors) == 0 {
		l.Failed = "no donor is left"
		return nil
	}
	e, err := est(p, d)
	if err != nil {
		l.Failed = err.Error()
		return ctx.Err()
	}
	l.Estimate = e
	if !withPlacebos || len(d.Treated) > 1 {
		return ctx.Err()
	}
	s, err := Space(ctx, p, d, est, o)
	if err != nil {
		return err
	}
	l.P = s.RatioP
	return nil
}

// LeaveTwoOutResult is the refined placebo test.
type LeaveTwoOutResult struct {
	// P is losses over pairs, in steps of 1/N. It can be 0, when the treated beats
	// both placebos in every pair, and Smallest is 0 therefore.
	P P
	// Losses counts pairs in which the treated did not beat both, Pairs those
	// estimated, Failed those that were not, AllPairs those there are.
	Losses, Pairs, Failed, AllPairs int
}

// LeaveTwoOut is the refined placebo test of Lei & Sudijono (arXiv 2401.07152): for
// each pair of donors {i, j} the treated, i and j are each fitted on the donors
// without the pair; the treated loses unless its RMSPE ratio exceeds both; p is the
// share of lost pairs. Its p-values are finer than 1/(N+1). With most > 0 and fewer
// than there are, that many pairs are drawn at random.
func LeaveTwoOut(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, most int, o Options) (*LeaveTwoOutResult, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if err := checkDesign(p, d); err != nil {
		return nil, err
	}
	if len(d.Treated) > 1 {
		return nil, several(d)
	}
	n := len(d.Donors)
	r := &LeaveTwoOutResult{AllPairs: n * (n - 1) / 2}
	if n < 3 {
		r.P = P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: TooFewPlacebos}
		return r, nil
	}
	est = wholePre(est)
	pairs := pairsOf(n, most, o.Seed)
	lost := make([]int8, len(pairs))
	err = o.each(ctx, len(pairs), func(k int) {
		lost[k] = refined(p, d, d.Donors[pairs[k][0]], d.Donors[pairs[k][1]], est)
	})
	if err != nil {
		return nil, err
	}
	for _, v := range lost {
		switch v {
		case pairFailed:
			r.Failed++
		case pairLost:
			r.Losses++
			r.Pairs++
		default:
			r.Pairs++
		}
	}
	if r.Pairs == 0 {
		r.P = P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: NoPlacebo}
		return r, nil
	}
	r.P = P{Value: float64(r.Losses) / float64(r.Pairs), Rank: r.Losses + 1, N: r.Pairs}
	return r, nil
}

const (
	pairWon int8 = iota
	pairLost
	pairFailed
)

// refined compares the treated with a pair, each on the other donors. A pair is
// lost to the first placebo that is not beaten; the second is then not fitted.
func refined(p *panel.Panel, d panel.Design, i, j int, est panel.Estimator) int8 {
	rest := without(d.Donors, i, j)
	on := func(unit int) (panel.Estimate, error) {
		return est(p, panel.Design{Treated: []int{unit}, Donors: rest, Start: d.Start})
	}
	own, err := on(d.Treated[0])
	if err != nil {
		return pairFailed
	}
	for _, unit := range [2]int{i, j} {
		other, err := on(unit)
		if err != nil {
			return pairFailed
		}
		if atLeast(other.PostRMSPE*own.PreRMSPE, own.PostRMSPE*other.PreRMSPE) {
			return pairLost
		}
	}
	return pairWon
}

// pairsOf lists all pairs below n, or draws most of them without replacement.
func pairsOf(n, most int, seed uint64) [][2]int {
	var all [][2]int
	for i := range n {
		for j := i + 1; j < n; j++ {
			all = append(all, [2]int{i, j})
		}
	}
	if most <= 0 || most >= len(all) {
		return all
	}
	rng := rand.New(rand.NewPCG(seed, 0x70616972))
	rng.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	return all[:most]
}
