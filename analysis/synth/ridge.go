package synth

import (
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack"
	"gonum.org/v1/gonum/lapack/lapack64"

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
	x, x1 := outcomeRows(p, d, r.columns)
	base := &Result{}
	if err := base.simplex(simplexls.Problem{N: len(d.Donors), M: len(x1), X: x, Y: x1}); err != nil {
		return err
	}
	r.Certificate, r.Flags = base.Certificate, base.Flags
	w := ridgeSpaces.Get().(*ridgeSpace)
	defer ridgeSpaces.Put(w)
	if len(s.Predictors) == 0 {
		centreRows(x, x1)
	}
	w.known = false
	r.Lambda = s.Lambda
	if s.LambdaRule == LambdaChosen {
		path, err := w.validate(x, x1, base.Weights)
		if err != nil {
			return err
		}
		r.Lambda = path.Lambda[path.Chosen]
	}
	if len(s.Predictors) > 0 {
		centreRows(x, x1)
		var err error
		if x, x1, err = s.stack(p, d, x, x1, r); err != nil {
			return err
		}
		w.known = false
	}
	r.Weights = make([]float64, len(d.Donors))
	return w.augment(r.Weights, base.Weights, x, x1, r.Lambda)
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
			return nil, nil, fmt.Errorf("%w: predictor %q does not vary between donors; leave it out", ErrSpec, more.names[a])
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

// gram is X₀'X₀ (periods), or X₀X₀' (units), by its eigenvectors.
type gram struct {
	k       int
	value   []float64 // Ascending, none below zero.
	vectors []float64 // vectors[t*k+i] is entry t of eigenvector i.
	work    []float64
}

// of factorises the Gram matrix of the rows of m, or of its columns.
func (g *gram) of(m blas64.General, trans blas.Transpose) error {
	g.k = m.Rows
	if trans == blas.Trans {
		g.k = m.Cols
	}
	g.value, g.vectors = ofLength(g.value, g.k), ofLength(g.vectors, g.k*g.k)
	a := blas64.Symmetric{Uplo: blas.Upper, N: g.k, Stride: g.k, Data: g.vectors}
	blas64.Syrk(trans, 1, m, 0, a)
	var ask [1]float64
	lapack64.Syev(lapack.EVCompute, a, g.value, ask[:], -1)
	g.work = ofLength(g.work, int(ask[0]))
	if !lapack64.Syev(lapack.EVCompute, a, g.value, g.work, len(g.work)) {
		return fmt.Errorf("%w: eigenvalues of a Gram matrix of %d", ErrNotConverged, g.k)
	}
	for i, v := range g.value {
		g.value[i] = max(0, v)
	}
	return nil
}

// top is the largest eigenvalue, the squared largest singular value of X₀.
func (g *gram) top() float64 { return g.value[g.k-1] }

// project writes the coordinates of r in the eigenvectors.
func (g *gram) project(dst, r []float64) {
	clear(dst)
	for t, v := range r {
		for i, q := range g.vectors[t*g.k : (t+1)*g.k] {
			dst[i] += v * q
		}
	}
}

// shrink replaces v by (Gram + λI)⁻¹ v. Directions without any variation are left
// out when λ = 0. Scores are room for the coordinates.
func (g *gram) shrink(v, scores []float64, lambda float64) {
	g.project(scores, v)
	for i, q := range g.value {
		if q+lambda <= 1e-14*g.top() {
			scores[i] = 0
			continue
		}
		scores[i] /= q + lambda
	}
	for t := range v {
		v[t] = 0
		for i, q := range g.vectors[t*g.k : (t+1)*g.k] {
			v[t] += q * scores[i]
		}
	}
}

// ridgeSpace holds the buffers of a fit, which placebos ask for by the thousand.
type ridgeSpace struct {
	gram gram
	// known says that gram is that of the periods of the rows about to be augmented.
	known        bool
	solver       simplexls.Solver
	sol          simplexls.Solution
	column       []float64 // The period left out.
	miss, scores []float64
	inverse      []float64 // 1/(value + λ), by eigenvalue and λ.
	above, below []float64
	weights      []float64 // Those that leave out no period.
	errs         []float64 // Squared errors by period left out and λ.
}

var ridgeSpaces = sync.Pool{New: func() any { return new(ridgeSpace) }}

// augment writes w + X₀(X₀'X₀ + λI)⁻¹(x₁ − X₀'w) to dst, by the smaller Gram matrix.
func (s *ridgeSpace) augment(dst, w, x, x1 []float64, lambda float64) error {
	l := len(x1)
	m := blas64.General{Rows: len(w), Cols: l, Stride: l, Data: x}
	s.miss = ofLength(s.miss, l)
	missed(s.miss, w, x, x1)
	copy(dst, w)
	if m.Rows < l {
		// (X₀X₀' + λI)⁻¹ X₀ miss.
		if err := s.gram.of(m, blas.NoTrans); err != nil {
			return err
		}
		rhs := make([]float64, m.Rows)
		addProduct(rhs, x, s.miss)
		s.scores = ofLength(s.scores, m.Rows)
		s.gram.shrink(rhs, s.scores, lambda)
		for j, v := range rhs {
			dst[j] += v
		}
		return nil
	}
	if !s.known {
		if err := s.gram.of(m, blas.Trans); err != nil {
			return err
		}
	}
	s.scores = ofLength(s.scores, l)
	s.gram.shrink(s.miss, s.scores, lambda)
	addProduct(dst, x, s.miss)
	return nil
}

// missed writes x₁ − X₀'w to dst.
func missed(dst, w, x, x1 []float64) {
	l := len(x1)
	copy(dst, x1)
	for j, v := range w {
		if v == 0 {
			continue
		}
		for i, q := range x[j*l : (j+1)*l] {
			dst[i] -= v * q
		}
	}
}

// addProduct adds X₀v to dst.
func addProduct(dst, x, v []float64) {
	l := len(v)
	for j := range dst {
		var sum float64
		for i, q := range x[j*l : (j+1)*l] {
			sum += q * v[i]
		}
		dst[j] += sum
	}
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
	x, x1 := outcomeRows(p, d, cols)
	if len(s.Predictors) == 0 {
		centreRows(x, x1)
	}
	w := ridgeSpaces.Get().(*ridgeSpace)
	defer ridgeSpaces.Put(w)
	base := &Result{}
	if err := base.simplex(simplexls.Problem{N: len(d.Donors), M: len(x1), X: x, Y: x1}); err != nil {
		return nil, err
	}
	return w.validate(x, x1, base.Weights)
}

// validate leaves one period out after another; weights are those that leave out none.
func (s *ridgeSpace) validate(x, x1, weights []float64) (*RidgePath, error) {
	l := len(x1)
	n := len(x) / l
	if l < 3 {
		return nil, fmt.Errorf("%w: leave-one-out needs 3 pre-periods, got %d; give lambda", ErrWindow, l)
	}
	if err := s.gram.of(blas64.General{Rows: n, Cols: l, Stride: l, Data: x}, blas.Trans); err != nil {
		return nil, err
	}
	s.known = true
	if s.gram.top() == 0 {
		// Donors that do not differ leave nothing to correct.
		return &RidgePath{Lambda: []float64{0}, Err: []float64{0}, SE: []float64{0}}, nil
	}
	path := &RidgePath{Lambda: make([]float64, ridgeSteps+1)}
	for i := range path.Lambda {
		path.Lambda[i] = s.gram.top() * math.Pow(ridgeRatio, float64(i)/ridgeSteps)
	}
	s.begin(weights, path.Lambda)
	for t := range l - 1 {
		if err := s.leave(x, x1, t); err != nil {
			return nil, err
		}
	}
	path.choose(s.errs)
	return path, nil
}

// begin makes room for the folds.
func (s *ridgeSpace) begin(weights, lambda []float64) {
	n, l, k := len(weights), s.gram.k, len(lambda)
	s.weights, s.column, s.miss, s.scores = weights, ofLength(s.column, n), ofLength(s.miss, l), ofLength(s.scores, l)
	s.above, s.below, s.inverse = ofLength(s.above, k), ofLength(s.below, k), ofLength(s.inverse, l*k)
	for i, v := range s.gram.value {
		for a, q := range lambda {
			s.inverse[i*k+a] = 1 / (v + q)
		}
	}
	s.errs = s.errs[:0]
}

// leave appends the squared error of period t for every λ. The weights w are fitted
// without it; the ridge correction without it needs no fit of its own: with the
// periods' Gram matrix G and r = x₁ − X₀'w over all periods, the error at t is
// [(G + λI)⁻¹r]_t / [(G + λI)⁻¹]_tt, the leave-one-out identity of ridge regression.
func (s *ridgeSpace) leave(x, x1 []float64, t int) error {
	if err := s.without(x, x1, t); err != nil {
		return err
	}
	if !s.sol.Converged {
		return fmt.Errorf("%w: duality gap %g at objective %g without one period", ErrNotConverged, s.sol.Gap, s.sol.Objective)
	}
	missed(s.miss, s.sol.Weights, x, x1)
	s.gram.project(s.scores, s.miss)
	clear(s.above)
	clear(s.below)
	k := len(s.above)
	for i, q := range s.gram.vectors[t*s.gram.k : (t+1)*s.gram.k] {
		above, below := q*s.scores[i], q*q
		for a, inverse := range s.inverse[i*k : (i+1)*k] {
			s.above[a] += above * inverse
			s.below[a] += below * inverse
		}
	}
	for a, v := range s.above {
		e := v / s.below[a]
		s.errs = append(s.errs, e*e)
	}
	return nil
}

// without fits the simplex weights with period t set to zero for everyone, in which
// nobody then differs.
func (s *ridgeSpace) without(x, x1 []float64, t int) error {
	l := len(x1)
	for j := range s.column {
		s.column[j], x[j*l+t] = x[j*l+t], 0
	}
	own := x1[t]
	x1[t] = 0
	err := s.solver.SolveFrom(simplexls.Problem{N: len(s.column), M: l, X: x, Y: x1}, s.weights, &s.sol)
	for j, v := range s.column {
		x[j*l+t] = v
	}
	x1[t] = own
	return err
}

// choose fills the path from the errors, by period and λ.
func (path *RidgePath) choose(errs []float64) {
	k := len(path.Lambda)
	n := float64(len(errs) / k)
	path.Err, path.SE = make([]float64, k), make([]float64, k)
	for g := range k {
		var mean, q float64
		for at := g; at < len(errs); at += k {
			mean += errs[at] / n
		}
		for at := g; at < len(errs); at += k {
			q += (errs[at] - mean) * (errs[at] - mean)
		}
		path.Err[g], path.SE[g] = mean, math.Sqrt(q/(n-1)/n)
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

// ofLength returns v with length n, its content undefined.
func ofLength(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n)
	}
	return v[:n]
}
