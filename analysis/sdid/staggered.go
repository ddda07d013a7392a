package sdid

import (
	"fmt"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Staggered is the estimate of units treated from different periods.
type Staggered struct {
	// ATT is the mean of the cohorts' τ weighted by treated unit-periods N₁T₁.
	ATT float64
	// Cohorts are the blocks in order of their start, Fits their estimates and
	// Shares their weights in ATT.
	Cohorts []panel.Design
	Fits    []*Fit
	Shares  []float64
	// ByEvent is the effect h = 0, 1, … periods after a cohort's own start, over
	// the cohorts seen that long, weighted by their treated units.
	ByEvent []float64
}

// Cohorts groups treated rows by their first treated column. Donors are the
// never treated rows, which every cohort is compared with.
func Cohorts(starts map[int]int, donors []int) []panel.Design {
	by := map[int][]int{}
	for row, start := range starts {
		by[start] = append(by[start], row)
	}
	var out []panel.Design
	for start, rows := range by {
		slices.Sort(rows)
		out = append(out, panel.Design{Treated: rows, Donors: donors, Start: start})
	}
	slices.SortFunc(out, func(a, b panel.Design) int { return a.Start - b.Start })
	return out
}

// EstimateStaggered fits each cohort against the never treated.
func EstimateStaggered(p *panel.Panel, starts map[int]int, donors []int, o Options) (*Staggered, error) {
	blocks := Cohorts(starts, donors)
	q, beta, err := prepare(p, blocks, o)
	if err != nil {
		return nil, err
	}
	var fits []*Fit
	w := newWorkspace(q)
	for _, d := range blocks {
		var f *Fit
		if joint(o) {
			f, err = w.joint(p, d, o)
		} else {
			f, err = w.fit(d, o, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("cohort from period %v: %w", p.Times[d.Start], err)
		}
		if beta != nil {
			f.Beta = beta
		}
		fits = append(fits, f)
	}
	return Pool(p, blocks, fits), nil
}

// Pool combines the fits of cohorts, in the order of their start, by any estimator.
func Pool(p *panel.Panel, blocks []panel.Design, fits []*Fit) *Staggered {
	s := &Staggered{Cohorts: blocks, Fits: fits, Shares: shares(blocks, len(p.Times))}
	for c, f := range fits {
		s.ATT += s.Shares[c] * f.ATT
	}
	for h := range len(p.Times) - blocks[0].Start {
		var sum, n float64
		for c, d := range blocks {
			if d.Start+h < len(p.Times) {
				n1 := float64(len(d.Treated))
				sum += n1 * s.Fits[c].Gaps[d.Start+h]
				n += n1
			}
		}
		s.ByEvent = append(s.ByEvent, sum/n)
	}
	return s
}

// prepare checks all blocks and adjusts the panel. A staggered design needs a
// treated period in each block; a single block may lie wholly before treatment.
func prepare(p *panel.Panel, blocks []panel.Design, o Options) (*panel.Panel, []float64, error) {
	if len(blocks) == 0 {
		return nil, nil, fmt.Errorf("%w: no treated unit", panel.ErrDesign)
	}
	for _, d := range blocks {
		if err := d.Check(p); err != nil {
			return nil, nil, err
		}
		if d.Start == len(p.Times) {
			return nil, nil, fmt.Errorf("%w: unit %q has no treated period", panel.ErrDesign, p.Units[d.Treated[0]])
		}
	}
	return adjusted(p, blocks, o)
}

func joint(o Options) bool { return len(o.Covariates) > 0 && o.Adjust == Joint }

// shares are the cohorts' weights N₁T₁/Σ N₁T₁.
func shares(blocks []panel.Design, t int) []float64 {
	out := make([]float64, len(blocks))
	var sum float64
	for c, d := range blocks {
		out[c] = float64(len(d.Treated) * (t - d.Start))
		sum += out[c]
	}
	for c := range out {
		out[c] /= sum
	}
	return out
}
