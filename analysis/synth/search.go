package synth

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/neldermead"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

// The search for V is a low-dimensional, piecewise smooth and non-convex problem:
// many cheap evaluations from many starts beat a careful descent from one.
const (
	// screenDraws random V are evaluated before any descent.
	screenDraws = 60
	// descents is the number of best starts, the two classical ones included, that
	// are descended from.
	descents = 10
	// evalsPerDim bounds one Nelder–Mead descent.
	evalsPerDim = 45
	// logFloor is the smallest log v relative to the largest: e⁻³⁰ is zero for a
	// predictor scaled by its standard deviation.
	logFloor = -30
	// polishPerDim bounds one pattern search.
	polishPerDim = 150
	// polishTop descents are polished coordinate by coordinate.
	polishTop = 3
	// screenSeed fixes the random starts, so that a fit is a pure function of its
	// data.
	screenSeed = 20_100_493
)

// searcher evaluates the outer loss of one V after another without allocating.
type searcher struct {
	k, l    int
	x, x1   []float64 // Scaled predictors J×K and K.
	z, z1   []float64 // Outcomes of the fit window J×L and L.
	xv, x1v []float64
	v       []float64
	solver  simplexls.Solver
	sol     simplexls.Solution
	resid   []float64
	root    []float64
	move    []float64
	trial   []float64
	evals   int
}

func newSearcher(x, x1, z, z1 []float64) *searcher {
	return &searcher{
		k: len(x1), l: len(z1), x: x, x1: x1, z: z, z1: z1,
		xv: make([]float64, len(x)), x1v: make([]float64, len(x1)),
		v: make([]float64, len(x1)), resid: make([]float64, len(z1)), root: make([]float64, len(x1)),
		move: make([]float64, len(x1)), trial: make([]float64, len(x1)),
	}
}

// weigh turns log weights into V with Σv = 1.
func weigh(dst, u []float64) {
	top := slices.Max(u)
	var sum float64
	for k, x := range u {
		dst[k] = math.Exp(max(x-top, logFloor))
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}

// loss is the mean squared gap over the fit window of the weights that V = exp(u)
// gives.
func (s *searcher) loss(u []float64) float64 {
	weigh(s.v, u)
	return s.lossV(s.v)
}

func (s *searcher) lossV(v []float64) float64 {
	s.evals++
	if err := s.inner(v); err != nil || !s.sol.Converged {
		return math.Inf(1)
	}
	copy(s.resid, s.z1)
	for _, j := range s.sol.Support {
		w := s.sol.Weights[j]
		row := s.z[j*s.l : (j+1)*s.l]
		for i, y := range row {
			s.resid[i] -= w * y
		}
	}
	var q float64
	for _, r := range s.resid {
		q += r * r
	}
	return q / float64(s.l)
}

// vFloors are tried when V spans too many orders of magnitude for the inner problem
// to be solved to its certificate in double precision.
var vFloors = [...]float64{0, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8}

// certified solves for V from a cold start, so that the weights are a function of V
// alone, and returns the loss. Where the certificate fails, the smallest v are raised
// in place until it holds.
func (s *searcher) certified(v []float64) float64 {
	loss := math.Inf(1)
	for _, floor := range vFloors {
		var sum float64
		for k, x := range v {
			v[k] = max(x, floor)
			sum += v[k]
		}
		for k := range v {
			v[k] /= sum
		}
		s.solver = simplexls.Solver{}
		if loss = s.lossV(v); s.sol.Converged {
			break
		}
	}
	return loss
}

// inner solves min_w (X₁ − X₀w)' V (X₁ − X₀w) on the simplex.
func (s *searcher) inner(v []float64) error {
	k, root := s.k, s.root
	for i, x := range v {
		root[i] = math.Sqrt(x)
		s.x1v[i] = root[i] * s.x1[i]
	}
	for at := 0; at < len(s.x); at += k {
		src, dst := s.x[at:at+k], s.xv[at:at+k]
		for i, r := range root {
			dst[i] = r * src[i]
		}
	}
	return s.solver.SolveWarm(simplexls.Problem{N: len(s.x) / k, M: k, X: s.xv, Y: s.x1v}, &s.sol)
}

// candidate is a V, as logs, with its loss.
type candidate struct {
	u    []float64
	loss float64
}

// optimise returns the V, summing to one, with the lowest loss found.
func (s *searcher) optimise() []float64 {
	if s.k == 1 {
		return []float64{1}
	}
	pool := s.starts()
	m := neldermead.New(s.k, s.loss)
	m.Step, m.Relative, m.Evaluations = 1.5, 1e-10, evalsPerDim*s.k
	for i := range pool {
		pool[i].loss = m.Descend(pool[i].u, pool[i].loss)
	}
	slices.SortStableFunc(pool, func(a, b candidate) int { return compare(a.loss, b.loss) })
	for i := range min(polishTop, len(pool)) {
		s.polish(&pool[i])
		pool[i].loss = m.Descend(pool[i].u, pool[i].loss)
		s.polish(&pool[i])
	}
	// Where V leaves weights open, a warm start may have found better ones than V alone
	// gives: what counts is what it gives from a cold one.
	best := candidate{loss: math.Inf(1)}
	for _, c := range pool {
		s.solver = simplexls.Solver{}
		if c.loss = s.loss(c.u); c.loss < best.loss || best.u == nil {
			best = c
		}
	}
	v := make([]float64, s.k)
	weigh(v, best.u)
	return v
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// starts returns equal weights, regression-based weights, and the best of the
// single-predictor and random ones.
func (s *searcher) starts() []candidate {
	kept := []candidate{{u: make([]float64, s.k)}, {u: s.regression()}}
	var others []candidate
	for k := range s.k {
		u := make([]float64, s.k)
		u[k] = 5
		others = append(others, candidate{u: u})
	}
	rng := rand.New(rand.NewPCG(screenSeed, uint64(s.k)))
	for range screenDraws {
		u := make([]float64, s.k)
		for k := range u {
			// Log-uniform over eight orders of magnitude: optima have zeros.
			u[k] = -18 * rng.Float64()
		}
		others = append(others, candidate{u: u})
	}
	for i := range kept {
		kept[i].loss = s.loss(kept[i].u)
	}
	for i := range others {
		others[i].loss = s.loss(others[i].u)
	}
	slices.SortStableFunc(others, func(a, b candidate) int { return compare(a.loss, b.loss) })
	return append(kept, others[:min(len(others), descents-len(kept))]...)
}

// regression is the start of R Synth: v_k ∝ Σ_t b_kt², b from the regression of
// the window's outcomes on the predictors over all units.
func (s *searcher) regression() []float64 {
	n := len(s.x)/s.k + 1
	x, y := mat.NewDense(n, s.k+1, nil), mat.NewDense(n, s.l, nil)
	for j := range n {
		xr, zr := s.x1, s.z1
		if j > 0 {
			xr, zr = s.x[(j-1)*s.k:j*s.k], s.z[(j-1)*s.l:j*s.l]
		}
		x.Set(j, 0, 1)
		for k, v := range xr {
			x.Set(j, k+1, v)
		}
		y.SetRow(j, zr)
	}
	u := make([]float64, s.k)
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThin) {
		return u
	}
	rank := svd.Rank(1e-10)
	if rank == 0 {
		return u
	}
	var b mat.Dense
	svd.SolveTo(&b, y, rank)
	for k := range u {
		var q float64
		for t := range s.l {
			q += b.At(k+1, t) * b.At(k+1, t)
		}
		u[k] = math.Log(q + math.SmallestNonzeroFloat64)
	}
	top := slices.Max(u)
	for k := range u {
		u[k] = max(u[k]-top, logFloor)
	}
	return u
}

// polish is the pattern search of Hooke & Jeeves (1961, J. ACM 8:212) with halving
// steps: it follows the ridges of the piecewise smooth loss where a simplex has
// collapsed. A sweep that helps is repeated at once, twice as far each time.
func (s *searcher) polish(c *candidate) {
	stop := s.evals + polishPerDim*s.k
	for step := 2.0; step > 1e-4 && s.evals < stop; step /= 2 {
		for s.sweep(c, step) && s.evals < stop {
			s.leap(c, stop)
		}
	}
}

// sweep tries a step either way along every coordinate, keeps what helps and leaves
// the move in s.move.
func (s *searcher) sweep(c *candidate, step float64) bool {
	copy(s.move, c.u)
	moved := false
	for k := range s.k {
		for _, sign := range [2]float64{1, -1} {
			old := c.u[k]
			c.u[k] = old + sign*step
			if f := s.loss(c.u); f < c.loss*(1-1e-9) {
				c.loss, moved = f, true
				break
			}
			c.u[k] = old
		}
	}
	for k, u := range c.u {
		s.move[k] = u - s.move[k]
	}
	return moved
}

// leap repeats s.move while that helps.
func (s *searcher) leap(c *candidate, stop int) {
	for s.evals < stop {
		for k, u := range c.u {
			s.trial[k] = u + s.move[k]
			s.move[k] *= 2
		}
		f := s.loss(s.trial)
		if !(f < c.loss*(1-1e-9)) {
			return
		}
		copy(c.u, s.trial)
		c.loss = f
	}
}
