package synth

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

const (
	// ridgeSteps and ridgeRatio give augsynth's grid λ_max·(1e-8)^(i/20), i = 0..20.
	ridgeSteps = 20
	ridgeRatio = 1e-8
)

// RidgePath is the cross-validation of the ridge-augmented method.
type RidgePath struct {
	// Lambda is the grid from λ_max, the squared largest singular value of the
	// centred donors, down.
	Lambda []float64
	// Err is the mean squared error of the left-out pre-period and SE its standard
	// error, over all pre-periods but the last: the R package augsynth never leaves
	// the last one out, and only so are its published λ reproduced.
	Err, SE []float64
	// Best is the position of the smallest error, Chosen of the largest λ whose
	// error is within one SE of it.
	Best, Chosen int
}

// ridge computes w = w_sc + X₀(X₀'X₀ + λI)⁻¹(x₁ − X₀'w_sc), with the J×L
// pre-period outcomes X₀ centred per period on the donor mean.
//
// With predictors X₀ has a row more for each, centred likewise and scaled to the
// standard deviation of all centred outcomes; w_sc and λ are those of the outcomes
// alone, λ with rows as they stand. So does the Python package pysyncon (1.5), whose
// result on the Basque panel is published.
func (s Spec) ridge(p *panel.Panel, d panel.Design, r *Result) error {
	r.Lambda = s.Lambda
	if s.LambdaRule == LambdaChosen {
		path, err := s.RidgeCV(p, d)
		if err != nil {
			return err
		}
		r.Lambda = path.Lambda[path.Chosen]
	}
	x, x1 := outcomeRows(p, d, r.columns)
	base := &Result{}
	if err := base.simplex(simplexls.Problem{N: len(d.Donors), M: len(x1), X: x, Y: x1}); err != nil {
		return err
	}
	r.Certificate, r.Flags = base.Certificate, base.Flags
	centreRows(x, x1)
	if len(s.Predictors) > 0 {
		var err error
		if x, x1, err = s.stack(p, d, x, x1, r); err != nil {
			return err
		}
	}
	f, err := newRidgeFit(x, x1)
	if err != nil {
		return err
	}
	r.Weights = make([]float64, len(d.Donors))
	f.augment(r.Weights, base.Weights, r.Lambda)
	return nil
}

// stack puts the predictors under centred outcomes, centred themselves and with the
// standard deviation of those.
func (s Spec) stack(p *panel.Panel, d panel.Design, x, x1 []float64, r *Result) ([]float64, []float64, error) {
	more, dropped, err := predictorRows(p, d, s.Predictors, ScaleNone)
	if err != nil {
		return nil, nil, err
	}
	r.drop(dropped)
	n, l, k := len(d.Donors), len(x1), more.k()
	var squares float64
	for _, v := range x {
		squares += v * v
	}
	scale := math.Sqrt(squares / float64(n*l-1))
	z, z1 := more.donors, more.treated
	centreRows(z, z1)
	for a := range k {
		var q float64
		for j := range n {
			q += z[j*k+a] * z[j*k+a]
		}
		if !(q > 0) {
			return nil, nil, fmt.Errorf("%w: %q does not vary between donors; leave it out", ErrPredictor, more.names[a])
		}
		by := scale / math.Sqrt(q/float64(n-1))
		for j := range n {
			z[j*k+a] *= by
		}
		z1[a] *= by
	}
	rows := make([]float64, 0, n*(l+k))
	for j := range n {
		rows = append(append(rows, x[j*l:(j+1)*l]...), z[j*k:(j+1)*k]...)
	}
	return rows, append(append([]float64(nil), x1...), z1...), nil
}

// centreRows subtracts the donor mean from every period of donors and treated.
func centreRows(x, x1 []float64) {
	l := len(x1)
	n := len(x) / l
	for i := range l {
		var mean float64
		for j := range n {
			mean += x[j*l+i] / float64(n)
		}
		for j := range n {
			x[j*l+i] -= mean
		}
		x1[i] -= mean
	}
}

// ridgeFit holds the eigenvectors of the smaller Gram matrix, so that every λ
// costs a product only.
type ridgeFit struct {
	n, l    int
	x, x1   []float64
	byUnit  bool // Gram is X₀X₀' (J×J) rather than X₀'X₀ (L×L).
	value   []float64
	vectors mat.Dense
}

func newRidgeFit(x, x1 []float64) (*ridgeFit, error) {
	f := &ridgeFit{l: len(x1), x: x, x1: x1}
	f.n = len(x) / f.l
	f.byUnit = f.n < f.l
	m := mat.NewDense(f.n, f.l, x)
	var gram mat.SymDense
	if f.byUnit {
		gram.SymOuterK(1, m)
	} else {
		gram.SymOuterK(1, m.T())
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(&gram, true) {
		return nil, fmt.Errorf("%w: eigenvalues of the donors' Gram matrix", ErrNotConverged)
	}
	f.value = eigen.Values(nil)
	eigen.VectorsTo(&f.vectors)
	return f, nil
}

// top is the squared largest singular value of the donors.
func (f *ridgeFit) top() float64 { return max(0, f.value[len(f.value)-1]) }

// augment writes w + X₀(X₀'X₀ + λI)⁻¹(x₁ − X₀'w) to dst. Directions without any
// variation are left alone when λ = 0.
func (f *ridgeFit) augment(dst, w []float64, lambda float64) {
	miss := f.miss(w)
	copy(dst, w)
	if f.byUnit {
		// (X₀X₀' + λI)⁻¹ X₀ miss.
		rhs := f.times(miss)
		f.shrink(rhs, lambda)
		for j, v := range rhs {
			dst[j] += v
		}
		return
	}
	f.shrink(miss, lambda)
	for j, v := range f.times(miss) {
		dst[j] += v
	}
}

// miss is x₁ − X₀'w.
func (f *ridgeFit) miss(w []float64) []float64 {
	out := append([]float64(nil), f.x1...)
	for j, v := range w {
		if v == 0 {
			continue
		}
		for i := range out {
			out[i] -= v * f.x[j*f.l+i]
		}
	}
	return out
}

// times is X₀ v.
func (f *ridgeFit) times(v []float64) []float64 {
	out := make([]float64, f.n)
	for j := range out {
		for i, x := range f.x[j*f.l : (j+1)*f.l] {
			out[j] += x * v[i]
		}
	}
	return out
}

// shrink replaces v by (Gram + λI)⁻¹ v.
func (f *ridgeFit) shrink(v []float64, lambda float64) {
	k := len(f.value)
	in := mat.NewVecDense(k, append([]float64(nil), v...))
	var score mat.VecDense
	score.MulVec(f.vectors.T(), in)
	for i := range k {
		by := max(f.value[i], 0) + lambda
		if by <= 1e-14*f.top() {
			score.SetVec(i, 0)
			continue
		}
		score.SetVec(i, score.AtVec(i)/by)
	}
	out := mat.NewVecDense(k, v)
	out.MulVec(&f.vectors, &score)
}

// RidgeCV is the leave-one-pre-period-out cross-validation of the method.
func (s Spec) RidgeCV(p *panel.Panel, d panel.Design) (*RidgePath, error) {
	if err := d.Check(p); err != nil {
		return nil, err
	}
	cols, err := window(p, d, s.FitWindow)
	if err != nil {
		return nil, err
	}
	if len(cols) < 3 {
		return nil, fmt.Errorf("%w: leave-one-out needs 3 pre-periods, got %d; give lambda", ErrWindow, len(cols))
	}
	x, x1 := outcomeRows(p, d, cols)
	if len(s.Predictors) == 0 {
		centreRows(x, x1)
	}
	full, err := newPeriodGram(x, len(cols))
	if err != nil {
		return nil, err
	}
	if full.top() == 0 {
		// Donors that do not differ leave nothing to correct.
		return &RidgePath{Lambda: []float64{0}, Err: []float64{0}, SE: []float64{0}}, nil
	}
	path := &RidgePath{}
	for i := range ridgeSteps + 1 {
		path.Lambda = append(path.Lambda, full.top()*math.Pow(ridgeRatio, float64(i)/ridgeSteps))
	}
	errs := make([][]float64, len(path.Lambda))
	fold := newFold(x, x1)
	for t := range len(cols) - 1 {
		if err := fold.leave(full, t, path.Lambda, errs); err != nil {
			return nil, err
		}
	}
	path.choose(errs)
	return path, nil
}

// fold leaves one period out after another.
type fold struct {
	n, l         int
	x, x1        []float64
	xs, ys       []float64
	miss, scores []float64
	solver       simplexls.Solver
	sol          simplexls.Solution
}

func newFold(x, x1 []float64) *fold {
	l := len(x1)
	n := len(x) / l
	return &fold{
		n: n, l: l, x: x, x1: x1, xs: make([]float64, 0, n*(l-1)), ys: make([]float64, 0, l-1),
		miss: make([]float64, l), scores: make([]float64, l),
	}
}

// leave appends the squared error of period t for every λ. The weights w are fitted
// without it; the ridge correction without it needs no fit of its own: with the
// periods' Gram matrix G and r = x₁ − X₀'w over all periods, the error at t is
// [(G + λI)⁻¹r]_t / [(G + λI)⁻¹]_tt, the leave-one-out identity of ridge regression.
func (f *fold) leave(g *periodGram, t int, lambda []float64, errs [][]float64) error {
	f.xs, f.ys = f.xs[:0], f.ys[:0]
	for j := range f.n {
		row := f.x[j*f.l : (j+1)*f.l]
		f.xs = append(append(f.xs, row[:t]...), row[t+1:]...)
	}
	f.ys = append(append(f.ys, f.x1[:t]...), f.x1[t+1:]...)
	if err := f.solver.SolveWarm(simplexls.Problem{N: f.n, M: f.l - 1, X: f.xs, Y: f.ys}, &f.sol); err != nil {
		return err
	}
	if !f.sol.Converged {
		return fmt.Errorf("%w: duality gap %g at objective %g without one period", ErrNotConverged, f.sol.Gap, f.sol.Objective)
	}
	copy(f.miss, f.x1)
	for _, j := range f.sol.Support {
		w := f.sol.Weights[j]
		for i, v := range f.x[j*f.l : (j+1)*f.l] {
			f.miss[i] -= w * v
		}
	}
	g.project(f.scores, f.miss)
	for k, v := range lambda {
		e := g.leftOut(f.scores, t, v)
		errs[k] = append(errs[k], e*e)
	}
	return nil
}

// periodGram is G = X₀'X₀ (L×L) by its eigenvectors, row by row.
type periodGram struct {
	l       int
	value   []float64
	vectors []float64 // vectors[t*l+i] is entry t of eigenvector i.
}

func newPeriodGram(x []float64, l int) (*periodGram, error) {
	m := mat.NewDense(len(x)/l, l, x)
	var gram mat.SymDense
	gram.SymOuterK(1, m.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&gram, true) {
		return nil, fmt.Errorf("%w: eigenvalues of the periods' Gram matrix", ErrNotConverged)
	}
	g := &periodGram{l: l, value: eigen.Values(nil)}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for t := range l {
		g.vectors = append(g.vectors, mat.Row(nil, t, &vectors)...)
	}
	for i, v := range g.value {
		g.value[i] = max(0, v)
	}
	return g, nil
}

// top is the squared largest singular value of the donors.
func (g *periodGram) top() float64 { return g.value[g.l-1] }

// project writes the coordinates of r in the eigenvectors.
func (g *periodGram) project(dst, r []float64) {
	clear(dst)
	for t, v := range r {
		for i, q := range g.vectors[t*g.l : (t+1)*g.l] {
			dst[i] += v * q
		}
	}
}

// leftOut is the leave-one-out error at t.
func (g *periodGram) leftOut(scores []float64, t int, lambda float64) float64 {
	var above, below float64
	for i, q := range g.vectors[t*g.l : (t+1)*g.l] {
		by := q / (g.value[i] + lambda)
		above += by * scores[i]
		below += by * q
	}
	return above / below
}

// choose fills the path from the errors by period.
func (path *RidgePath) choose(errs [][]float64) {
	for g, e := range errs {
		n := float64(len(e))
		var mean, q float64
		for _, v := range e {
			mean += v / n
		}
		for _, v := range e {
			q += (v - mean) * (v - mean)
		}
		path.Err = append(path.Err, mean)
		path.SE = append(path.SE, math.Sqrt(q/(n-1)/n))
		if mean < path.Err[path.Best] {
			path.Best = g
		}
	}
	for g, e := range path.Err {
		if e <= path.Err[path.Best]+path.SE[path.Best] {
			path.Chosen = g
			return
		}
	}
}
