package synth

import (
	"fmt"
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
		if r.Lambda, err = s.leaveOneOut(p, d, r.columns, s.known); err != nil {
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
	prob := simplexls.Problem{N: len(x) / len(x1), M: len(x1), X: x, Y: x1}
	if lambda > 0 {
		prob.Linear = distances(nil, x, x1)
		for j := range prob.Linear {
			prob.Linear[j] *= lambda
		}
	}
	return prob
}

// distances appends ‖x_j − x₁‖² for every donor to dst[:0].
func distances(dst, x, x1 []float64) []float64 {
	dst = dst[:0]
	for at := 0; at < len(x); at += len(x1) {
		var q float64
		for i, y := range x1 {
			e := x[at+i] - y
			q += e * e
		}
		dst = append(dst, q)
	}
	return dst
}

// penaltyFolds holds what leaving each donor out gave for every λ of the grid: the
// squared prediction error, and the donors with weight. A donor without weight can
// be removed and the solution stays what it was: so the folds of a design serve every
// design on the same panel with fewer donors, such as its placebos, for all units
// whose donors with weight are still there.
type penaltyFolds struct {
	p       *panel.Panel
	start   int
	at      map[int]int // By panel row.
	errs    [][]float64 // By fold and λ.
	support [][][]int   // Panel rows, by fold and λ.
}

// serves says whether the folds can be used for a design on the panel.
func (f *penaltyFolds) serves(p *panel.Panel, d panel.Design) bool {
	return f != nil && f.p == p && f.start == d.Start
}

// sharesFolds says that rows do not depend on which donors are there, as those
// divided by a standard deviation over donors do.
func (s Spec) sharesFolds() bool {
	return s.Method == Penalised && s.LambdaRule == LambdaChosen &&
		(len(s.Predictors) == 0 || (s.Scale == ScaleNone && s.Rule != VInverseVariance))
}

// leaveOneOut returns the λ of the grid with the smallest squared prediction
// error when each donor in turn is predicted from the others, over the periods
// from Start on or, when there is none, over the fit window.
func (s Spec) leaveOneOut(p *panel.Panel, d panel.Design, window []int, known *penaltyFolds) (float64, error) {
	if len(d.Donors) == 1 {
		return penaltyGrid[0], nil
	}
	f, err := s.folds(p, d, window, known)
	if err != nil {
		return 0, err
	}
	best, least := 0, math.Inf(1)
	for g := range penaltyGrid {
		var sum float64
		for a := range d.Donors {
			sum += f.errs[a][g]
		}
		if sum < least {
			best, least = g, sum
		}
	}
	return penaltyGrid[best], nil
}

// folds leaves every donor out, but for what is known.
func (s Spec) folds(p *panel.Panel, d panel.Design, window []int, known *penaltyFolds) (*penaltyFolds, error) {
	predicted := window
	if from, to := d.Start, len(p.Times); from < to {
		predicted = make([]int, 0, to-from)
		for c := from; c < to; c++ {
			predicted = append(predicted, c)
		}
	}
	out := &penaltyFolds{p: p, start: d.Start, at: map[int]int{}}
	there := make([]bool, len(p.Units))
	for a, i := range d.Donors {
		out.at[i], there[i] = a, true
	}
	f := &penaltyFold{p: p, d: d, predicted: predicted}
	if err := f.load(s, window); err != nil {
		return nil, err
	}
	for a, i := range d.Donors {
		errs, support := make([]float64, len(penaltyGrid)), make([][]int, len(penaltyGrid))
		f.begin(a)
		// From the nearest neighbour of the largest λ the support grows donor by donor.
		for g := len(penaltyGrid) - 1; g >= 0; g-- {
			if known.serves(p, d) && known.holds(i, g, there) {
				k := known.at[i]
				errs[g], support[g] = known.errs[k][g], known.support[k][g]
				continue
			}
			var err error
			if errs[g], support[g], err = f.solve(penaltyGrid[g]); err != nil {
				return nil, err
			}
		}
		out.errs, out.support = append(out.errs, errs), append(out.support, support)
	}
	return out, nil
}

// holds says whether the solution of a fold needs no donor that is not there.
func (f *penaltyFolds) holds(unit, g int, there []bool) bool {
	k, ok := f.at[unit]
	if !ok {
		return false
	}
	for _, j := range f.support[k][g] {
		if !there[j] {
			return false
		}
	}
	return true
}

// penaltyFold predicts one donor from the others.
type penaltyFold struct {
	p         *panel.Panel
	d         panel.Design
	predicted []int     // Columns.
	rows      []float64 // What is fitted on, J×M: the same for every fold, whoever is left out.
	m         int
	unit      int
	rest      []int
	x, x1     []float64
	far       []float64 // Squared distances of rest.
	linear    []float64
	warm      bool
	solver    simplexls.Solver
	sol       simplexls.Solution
}

func (f *penaltyFold) load(s Spec, window []int) error {
	one := panel.Design{Treated: f.d.Donors[:1], Donors: f.d.Donors[1:], Start: f.d.Start}
	x, x1, err := s.penaltyRows(f.p, one, &Result{columns: window})
	if err != nil {
		return err
	}
	f.m = len(x1)
	f.rows = append(append(f.rows, x1...), x...)
	f.x = make([]float64, len(x))
	return nil
}

// begin leaves out the a-th donor.
func (f *penaltyFold) begin(a int) {
	f.unit = f.d.Donors[a]
	f.rest = append(append(f.rest[:0], f.d.Donors[:a]...), f.d.Donors[a+1:]...)
	f.x1 = f.rows[a*f.m : (a+1)*f.m]
	f.x = append(append(f.x[:0], f.rows[:a*f.m]...), f.rows[(a+1)*f.m:]...)
	f.far = distances(f.far, f.x, f.x1)
	f.warm = false
}

// solve returns the squared error and the donors with weight for one λ. All but the
// first start from the support of the one before; the optimum is the same.
func (f *penaltyFold) solve(lambda float64) (float64, []int, error) {
	f.linear = f.linear[:0]
	for _, v := range f.far {
		f.linear = append(f.linear, lambda*v)
	}
	prob := simplexls.Problem{N: len(f.rest), M: len(f.x1), X: f.x, Y: f.x1, Linear: f.linear}
	solve := f.solver.Solve
	if f.warm {
		solve = f.solver.SolveWarm
	}
	f.warm = true
	if err := solve(prob, &f.sol); err != nil {
		return 0, nil, err
	}
	if !f.sol.Converged {
		return 0, nil, fmt.Errorf("%w: duality gap %g at objective %g without one donor", ErrNotConverged, f.sol.Gap, f.sol.Objective)
	}
	support := make([]int, len(f.sol.Support))
	for k, j := range f.sol.Support {
		support[k] = f.rest[j]
	}
	var sum float64
	for _, c := range f.predicted {
		e := f.p.Y.At(f.unit, c)
		for k, j := range f.sol.Support {
			e -= f.sol.Weights[j] * f.p.Y.At(support[k], c)
		}
		sum += e * e
	}
	return sum, support, nil
}
