package synth

import (
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

// penaltyGrid are the λ tried by cross-validation: λ has no unit, since both
// terms are squared distances, and beyond 10 the nearest neighbour is reached.
var penaltyGrid = []float64{1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10}

// penalised minimises ‖X₁ − X₀w‖²_V + λ Σ_j w_j ‖X₁ − X₀j‖²_V, unique and sparse
// for λ > 0.
func (s Spec) penalised(p *panel.Panel, d panel.Design, r *Result) error {
	x, x1, err := s.penaltyRows(p, d, r)
	if err != nil {
		return err
	}
	r.Lambda = s.Lambda
	if s.LambdaRule == LambdaChosen {
		if r.Lambda, err = s.leaveOneOut(p, d, r); err != nil {
			return err
		}
	}
	return r.simplex(penaltyProblem(x, x1, r.Lambda))
}

// penaltyRows are predictors scaled and weighted by √V, or the outcomes of the
// window when there are none.
func (s Spec) penaltyRows(p *panel.Panel, d panel.Design, r *Result) (x, x1 []float64, err error) {
	if len(s.Predictors) == 0 {
		x, x1 = outcomeRows(p, d, r.columns)
		return x, x1, nil
	}
	rows, dropped, err := predictorRows(p, d, s.Predictors, s.Scale)
	if err != nil {
		return nil, nil, err
	}
	x, x1 = rows.scaled()
	if s.Rule == VOptimise {
		// Abadie & L'Hour take V as given; equal weights are their default.
		s.Rule = VEqual
	}
	v := s.chosenV(rows)
	for a, w := range v {
		root := math.Sqrt(w)
		x1[a] *= root
		for j := range d.Donors {
			x[j*len(v)+a] *= root
		}
	}
	if r != nil {
		r.V = v
		r.Dropped = nil
		r.drop(dropped)
	}
	return x, x1, nil
}

func penaltyProblem(x, x1 []float64, lambda float64) simplexls.Problem {
	m := len(x1)
	n := len(x) / m
	prob := simplexls.Problem{N: n, M: m, X: x, Y: x1}
	if lambda > 0 {
		prob.Linear = make([]float64, n)
		for j := range prob.Linear {
			for i, y := range x1 {
				e := x[j*m+i] - y
				prob.Linear[j] += lambda * e * e
			}
		}
	}
	return prob
}

// leaveOneOut returns the λ of the grid with the smallest squared prediction
// error when each donor in turn is predicted from the others, over the periods
// from Start on or, when there is none, over the fit window.
func (s Spec) leaveOneOut(p *panel.Panel, d panel.Design, r *Result) (float64, error) {
	from, to := d.Start, len(p.Times)
	cols := r.columns
	if from < to {
		cols = make([]int, 0, to-from)
		for c := from; c < to; c++ {
			cols = append(cols, c)
		}
	}
	errs := make([]float64, len(penaltyGrid))
	var solver simplexls.Solver
	var sol simplexls.Solution
	rest := make([]int, 0, len(d.Donors))
	for a, i := range d.Donors {
		rest = append(append(rest[:0], d.Donors[:a]...), d.Donors[a+1:]...)
		if len(rest) == 0 {
			return penaltyGrid[0], nil
		}
		fold := panel.Design{Treated: []int{i}, Donors: rest, Start: d.Start}
		x, x1, err := s.penaltyRows(p, fold, &Result{columns: r.columns})
		if err != nil {
			return 0, err
		}
		for g, lambda := range penaltyGrid {
			if err := solver.Solve(penaltyProblem(x, x1, lambda), &sol); err != nil {
				return 0, err
			}
			for _, c := range cols {
				e := p.Y.At(i, c)
				for _, j := range sol.Support {
					e -= sol.Weights[j] * p.Y.At(rest[j], c)
				}
				errs[g] += e * e
			}
		}
	}
	best := 0
	for g, e := range errs {
		if e < errs[best] {
			best = g
		}
	}
	return penaltyGrid[best], nil
}
