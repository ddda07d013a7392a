// Package simplexls solves least squares on the unit simplex exactly:
//
//	minimise  f(w) = ‖Σ_j w_j x_j − y‖² + λ‖w‖² + Σ_j c_j w_j
//	subject to  w_j ≥ 0, Σ_j w_j = 1.
//
// With λ = 0 and c = 0 this is the inner problem of every synthetic control and
// is the nearest point to y in the hull of the donors; with c_j = λ'‖x_j − y‖² it
// is the penalised synthetic control of Abadie & L'Hour (2021, JASA 116:1817);
// with λ > 0 it is the unit-weight problem of synthetic difference-in-differences
// (Arkhangelsky et al. 2021, AER 111:4088).
//
// The method is Wolfe's minimum-norm-point algorithm (P. Wolfe, Finding the
// nearest point in a polytope, Mathematical Programming 11:128, 1976), an active
// set method which ends finitely, with the step on the active points taken by a
// Householder QR of column-scaled differences to the smallest active point:
// squaring the condition number, as a Cholesky step does, leaves a gap of several
// per cent on level data. Where the ridge is material the same optimum is found
// by Newton's method on the dual, whose dimension is the number of rows and not
// the number of donors. Every solution carries its duality gap.
package simplexls

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Sentinel errors for data that define no problem.
var (
	// ErrEmpty reports a problem without donors or without rows.
	ErrEmpty = errors.New("simplexls: no donors or no rows")
	// ErrNotFinite reports a NaN or an infinity in the input, or numbers so large
	// that their squares overflow.
	ErrNotFinite = errors.New("simplexls: input is not finite")
)

const (
	badShape = "simplexls: slice length does not agree with N and M"
	badRidge = "simplexls: negative or non-finite ridge"
)

const (
	eps = 0x1p-52
	// gapTol is the relative duality gap at which a fit is called exact. It sits
	// three digits above what the QR step attains on level data.
	gapTol = 1e-12
	// rankTol is the smallest diagonal of R, for columns of unit norm, that still
	// counts as a new direction. It is well above the rounding of a QR of some
	// dozen columns and well below any difference published data can carry.
	rankTol = 1e-10
	// faceTol decides, relative to the largest ‖p_j‖·‖x‖, which idle donors could
	// enter at no cost when asking whether the weights are unique.
	faceTol = 1e-9
	// perfectTol is the residual norm, relative to the largest ‖p_j‖ of the
	// support, below which the fit is called perfect.
	perfectTol = 1e-9
	// dualRidge is the ridge, relative to max ‖p_j‖², from which the dual Newton
	// method keeps at least nine digits of w.
	dualRidge = 1e-6
)

// Problem is one simplex-constrained least-squares problem. Donors are rows, so
// a block of a panel can be handed over without transposing.
type Problem struct {
	// N is the number of donors and M the number of rows to fit.
	N, M int
	// X holds donor j's values in X[j*M : (j+1)*M].
	X []float64
	// Y holds the M target values.
	Y []float64
	// Ridge is λ ≥ 0.
	Ridge float64
	// Linear is c, length N, or nil for none.
	Linear []float64
}

// Solution is the optimum with its certificate.
type Solution struct {
	// Weights has length N, sums to one and is exactly zero off the support.
	Weights []float64
	// Support lists the donors with positive weight, ascending.
	Support []int
	// Objective is f(w); Residual is its first term ‖Xw − y‖².
	Objective, Residual float64
	// Gap is the duality gap wᵀ∇f − min_j ∇f_j ≥ f(w) − f(w*): an upper bound on
	// what any other weights could gain.
	Gap float64
	// MeanSquare is Σ_j ‖x_j − y‖²/N, what a gap is large or small against.
	MeanSquare float64
	// Iterations counts the major iterations.
	Iterations int
	// NonUnique says that other weights attain the same objective to working
	// precision: the optimal face holds more donors than it has dimensions. It is
	// conservative: a face whose dependence has no admissible direction is flagged
	// too.
	NonUnique bool
	// PerfectFit says that the residual is zero to working precision.
	PerfectFit bool
	// Converged says that Gap is within the certificate tolerance. A fit that is
	// not converged is never returned without this being false.
	Converged bool
}

// Solver is a reusable workspace. The zero value is ready; a Solver must not be
// used by two goroutines at once. After the first call with given dimensions,
// Solve and SolveWarm do not allocate.
type Solver struct {
	n, m    int
	ridge   float64
	sqrtR   float64
	linear  []float64
	p       []float64 // p_j = x_j − y, n×m.
	norm    []float64 // ‖p_j‖.
	maxNorm float64
	squares float64   // Σ ‖p_j‖².
	x       []float64 // Σ w_j p_j.
	g       []float64 // half gradient.
	w       []float64
	active  []int
	saved   []int
	savedW  []float64
	banned  []bool
	qr      factor
	dual    newton
	warmN   int
}

// Solve writes the optimum to dst, reusing its slices.
func (s *Solver) Solve(p Problem, dst *Solution) error {
	return s.solve(p, nil, dst)
}

// SolveWarm is Solve started from the support of the previous solution of this
// Solver when the number of donors is the same: the optimum is the same, a
// sequence of similar problems takes a third of the time.
func (s *Solver) SolveWarm(p Problem, dst *Solution) error {
	if s.warmN != p.N {
		return s.solve(p, nil, dst)
	}
	return s.solve(p, s.w, dst)
}

// SolveFrom is Solve started from the support of given weights, such as those of a
// problem of which this one leaves something out.
func (s *Solver) SolveFrom(p Problem, weights []float64, dst *Solution) error {
	if len(weights) != p.N {
		panic(badShape)
	}
	return s.solve(p, weights, dst)
}

func (s *Solver) solve(p Problem, from []float64, dst *Solution) error {
	if err := s.load(p); err != nil {
		s.warmN = 0
		return err
	}
	done := false
	if s.ridge >= dualRidge*s.maxNorm*s.maxNorm && s.ridge > 0 && s.n > 1 {
		done = s.solveDual(dst)
	}
	if !done {
		s.start(from)
		dst.Iterations = s.descend()
		s.polish()
	}
	s.finish(dst)
	s.warmN = s.n
	return nil
}

// load copies the problem as points p_j = x_j − y and checks it.
func (s *Solver) load(p Problem) error {
	if p.N <= 0 || p.M <= 0 {
		return fmt.Errorf("%w: %d donors, %d rows", ErrEmpty, p.N, p.M)
	}
	if len(p.X) != p.N*p.M || len(p.Y) != p.M || (p.Linear != nil && len(p.Linear) != p.N) {
		panic(badShape)
	}
	if !(p.Ridge >= 0) || math.IsInf(p.Ridge, 1) {
		panic(badRidge)
	}
	n, m := p.N, p.M
	if n != s.n {
		s.w = grow(s.w, n)
		s.norm = grow(s.norm, n)
		s.g = grow(s.g, n)
		s.savedW = grow(s.savedW, n)
		if cap(s.banned) < n {
			s.banned = make([]bool, n)
			s.active = make([]int, 0, n)
			s.saved = make([]int, 0, n)
		}
		s.banned = s.banned[:n]
	}
	s.p = grow(s.p, n*m)
	s.x = grow(s.x, m)
	s.n, s.m, s.ridge, s.sqrtR, s.linear = n, m, p.Ridge, math.Sqrt(p.Ridge), p.Linear
	s.maxNorm, s.squares = 0, 0
	s.qr.forget()
	for j := range n {
		row, src := s.p[j*m:(j+1)*m], p.X[j*m:(j+1)*m]
		for i, y := range p.Y {
			row[i] = src[i] - y
		}
		q := dot(row, row)
		if math.IsNaN(q) || math.IsInf(q, 0) {
			return fmt.Errorf("%w: donor %d", ErrNotFinite, j)
		}
		s.norm[j] = math.Sqrt(q)
		s.squares += q
		s.maxNorm = max(s.maxNorm, s.norm[j])
	}
	for j, c := range p.Linear {
		if math.IsNaN(c) || math.IsInf(c, 0) {
			return fmt.Errorf("%w: linear term of donor %d", ErrNotFinite, j)
		}
	}
	return nil
}

// start puts the solver at the best vertex, or on the support of given weights.
func (s *Solver) start(from []float64) {
	if from != nil {
		copy(s.w, from)
		s.active = s.active[:0]
		for j, v := range s.w {
			if v > 0 {
				s.active = append(s.active, j)
			}
		}
		if len(s.active) > 0 && s.settle(-1) {
			return
		}
	}
	best, at := math.Inf(1), 0
	for j := range s.n {
		v := s.norm[j] * s.norm[j]
		if s.linear != nil {
			v += s.linear[j]
		}
		if v < best {
			best, at = v, j
		}
	}
	clear(s.w)
	s.w[at] = 1
	s.active = append(s.active[:0], at)
}

// point recomputes x = Σ w_j p_j from the active weights.
func (s *Solver) point() {
	clear(s.x)
	for _, j := range s.active {
		axpy(s.w[j], s.p[j*s.m:(j+1)*s.m], s.x)
	}
}

// gradient fills g with half the gradient of f and returns wᵀg.
func (s *Solver) gradient() float64 {
	blas64.Gemv(blas.NoTrans, 1,
		blas64.General{Rows: s.n, Cols: s.m, Stride: s.m, Data: s.p},
		blas64.Vector{N: s.m, Inc: 1, Data: s.x}, 0,
		blas64.Vector{N: s.n, Inc: 1, Data: s.g})
	if s.linear != nil {
		for j, c := range s.linear {
			s.g[j] += c / 2
		}
	}
	var phi float64
	for _, j := range s.active {
		s.g[j] += s.ridge * s.w[j]
		phi += s.w[j] * s.g[j]
	}
	return phi
}

// value is f(w) at the current point.
func (s *Solver) value() float64 {
	v := dot(s.x, s.x)
	for _, j := range s.active {
		v += s.ridge * s.w[j] * s.w[j]
		if s.linear != nil {
			v += s.linear[j] * s.w[j]
		}
	}
	return v
}

// slack is the rounding noise of the half gradient: half gaps below it carry no
// information.
func (s *Solver) slack(phi float64) float64 {
	xn := math.Sqrt(dot(s.x, s.x))
	return gapTol*math.Abs(phi) + 8*eps*s.maxNorm*(xn+8*eps*s.maxNorm)
}

// descend runs major iterations until the certificate holds or no donor can
// improve the fit, and returns their number.
func (s *Solver) descend() int {
	clear(s.banned)
	limit := 50 * (s.n + s.m + 10)
	s.point()
	value := s.value()
	for it := 1; ; it++ {
		phi := s.gradient()
		in, low := -1, math.Inf(1)
		for j, v := range s.g {
			if v < low && !s.banned[j] {
				in, low = j, v
			}
		}
		if in < 0 || phi-low <= s.slack(phi) || s.w[in] > 0 || it >= limit {
			return it
		}
		s.save()
		s.active = append(s.active, in)
		ok := s.settle(in)
		s.point()
		if next := s.value(); ok && next < value {
			value = next
			clear(s.banned)
			continue
		}
		// Rounding left nothing to gain from this donor.
		s.restore()
		s.point()
		s.banned[in] = true
	}
}

func (s *Solver) save() {
	s.saved = append(s.saved[:0], s.active...)
	copy(s.savedW, s.w)
}

func (s *Solver) restore() {
	s.active = append(s.active[:0], s.saved...)
	copy(s.w, s.savedW)
}

// polish takes one step of iterative refinement on the support, the same factor with
// the residual as it is now for right-hand side, where rounding has left a gap that
// can be seen; it stands only if the gap falls.
func (s *Solver) polish() {
	if len(s.active) < 2 {
		return
	}
	s.point()
	before := s.gap()
	if before <= s.slack(0) {
		return
	}
	base := s.base(-1)
	if s.qr.reduce(s, s.active, base) >= 0 {
		return
	}
	s.save()
	s.qr.refine(s, base)
	s.normalise()
	s.point()
	if len(s.active) < len(s.saved) || !(s.gap() < before) {
		s.restore()
	}
}

// gap is half the duality gap at the current point.
func (s *Solver) gap() float64 {
	phi := s.gradient()
	return phi - slices.Min(s.g)
}

// settle moves w to the minimiser over the affine hull of the active points,
// dropping points that would leave the simplex, until it lies inside. It reports
// false when the entering donor brings no new direction and no gain.
func (s *Solver) settle(entering int) bool {
	for {
		if len(s.active) == 1 {
			s.w[s.active[0]] = 1
			return true
		}
		direction, ray, ok := s.step(entering)
		if !ok {
			return false
		}
		t, out := s.ratio(direction, ray)
		if ray && out < 0 {
			return false
		}
		for k, j := range s.active {
			s.w[j] += t * direction[k]
		}
		if out < 0 {
			s.normalise()
			return true
		}
		s.w[s.active[out]] = 0
		s.compact()
		if entering >= 0 && s.w[entering] == 0 {
			entering = -1
		}
	}
}

// ratio returns the longest step that stays in the simplex, at most 1 unless the
// direction is a ray, and the position of the blocking point or -1.
func (s *Solver) ratio(direction []float64, ray bool) (float64, int) {
	t, out := 1.0, -1
	if ray {
		t = math.Inf(1)
	}
	for k, j := range s.active {
		if d := direction[k]; d < 0 && s.w[j]+t*d < 0 {
			t, out = s.w[j]/-d, k
		}
	}
	return t, out
}

// compact drops active points whose weight is not positive.
func (s *Solver) compact() {
	kept := s.active[:0]
	for _, j := range s.active {
		if s.w[j] > 0 {
			kept = append(kept, j)
		} else {
			s.w[j] = 0
		}
	}
	s.active = kept
}

// normalise removes the rounding of Σw = 1 and drops points that reached zero.
func (s *Solver) normalise() {
	s.compact()
	var sum float64
	for _, j := range s.active {
		sum += s.w[j]
	}
	for _, j := range s.active {
		s.w[j] /= sum
	}
}

// finish writes the current point with its certificate to dst.
func (s *Solver) finish(dst *Solution) {
	s.point()
	phi := s.gradient()
	low := math.Inf(1)
	for _, v := range s.g {
		low = min(low, v)
	}
	dst.Weights = grow(dst.Weights, s.n)
	copy(dst.Weights, s.w)
	dst.Support = dst.Support[:0]
	if cap(dst.Support) < s.n {
		dst.Support = make([]int, 0, s.n)
	}
	for j, v := range s.w {
		if v > 0 {
			dst.Support = append(dst.Support, j)
		}
	}
	dst.MeanSquare = s.squares / float64(s.n)
	dst.Residual = dot(s.x, s.x)
	dst.Objective = s.value()
	dst.Gap = max(0, 2*(phi-low))
	var supported float64
	for _, j := range dst.Support {
		supported = max(supported, s.norm[j])
	}
	dst.PerfectFit = math.Sqrt(dst.Residual) <= perfectTol*supported
	dst.Converged = dst.Gap <= 1e-7*max(math.Abs(dst.Objective), 1e-8*s.maxNorm*s.maxNorm)
	dst.NonUnique = s.ridge == 0 && s.ambiguous(low, dst.PerfectFit)
}

// ambiguous reports whether the optimal face holds an affinely dependent set. Where
// the residual is rounding only, so is the gradient, and every donor is on the face.
func (s *Solver) ambiguous(low float64, perfect bool) bool {
	xn := math.Sqrt(dot(s.x, s.x))
	tol := faceTol*s.maxNorm*xn + faceTol*faceTol*s.maxNorm*s.maxNorm
	if perfect && s.linear == nil {
		tol = max(tol, 2*s.maxNorm*xn)
	}
	s.saved = s.saved[:0]
	s.saved = append(s.saved, s.active...)
	for j, v := range s.g {
		if v-low <= tol && s.w[j] == 0 {
			s.saved = append(s.saved, j)
			if len(s.saved) > s.m+1 {
				return true
			}
		}
	}
	if len(s.saved) == len(s.active) {
		return false
	}
	return s.qr.dependent(s, s.saved)
}

func grow(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n)
	}
	return v[:n]
}

// dot has four sums, since one waits for itself in every addition.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func axpy(a float64, x, y []float64) {
	y = y[:len(x)]
	for len(x) >= 4 && len(y) >= 4 {
		y[0] += a * x[0]
		y[1] += a * x[1]
		y[2] += a * x[2]
		y[3] += a * x[3]
		x, y = x[4:], y[4:]
	}
	for i, v := range x {
		y[i] += a * v
	}
}
