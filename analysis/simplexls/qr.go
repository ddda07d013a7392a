package simplexls

import "math"

// factor is a Householder QR of the scaled differences of the active points to
// the smallest of them, kept column by column.
//
// It is kept from one step to the next: a point that enters is a column more, one
// that leaves takes with it only the columns after its own. Every column meets the
// same reflections in the same order as if the factor were made afresh.
type factor struct {
	base   int
	set    []int // The point of each finished column.
	stride int
	a      []float64 // Columns, then reflected in place; R above the diagonal.
	diag   []float64 // R's diagonal.
	by     []float64 // Reflector k is I − by[k] v vᵀ.
	scale  []float64 // Norm of each column before scaling.
	rhs    []float64 // −p_b with the reflections of all finished columns.
	sol    []float64
	dir    []float64
	cd     []float64
}

// forget drops all columns; those of another problem mean nothing.
func (q *factor) forget() { q.base, q.set = -1, q.set[:0] }

// step returns the direction from w, one entry per active point, to the
// minimiser over the affine hull of the active points; or, when the entering
// point lies in the hull of the others but is cheaper, the ray along which f
// falls linearly (ray = true). It reports false if the hull is degenerate and
// nothing can be gained.
func (s *Solver) step(entering int) (direction []float64, ray, ok bool) {
	base := s.base(entering)
	q := &s.qr
	bad := q.reduce(s, s.active, base)
	k := len(s.active)
	q.dir = grow(q.dir, k)
	if bad >= 0 {
		return q.ray(s, base, bad)
	}
	q.solve()
	// Weights of the affine minimiser minus the present ones.
	rest, c := 1.0, 0
	for i, j := range s.active {
		if j == base {
			continue
		}
		z := q.sol[c] / q.scale[c]
		rest -= z
		q.dir[i] = z - s.w[j]
		c++
	}
	for i, j := range s.active {
		if j == base {
			q.dir[i] = rest - s.w[j]
		}
	}
	return q.dir, false, true
}

// base is the active point of smallest norm, the entering one excepted so that
// the column that may be dependent is a column.
func (s *Solver) base(entering int) int {
	at := -1
	for _, j := range s.active {
		if j != entering && (at < 0 || s.norm[j] < s.norm[at]) {
			at = j
		}
	}
	return at
}

// reduce makes the factor that of the points of set other than the base, in their
// order. It returns the first column that depends on those before it, which the
// factor then ends before, or -1.
func (q *factor) reduce(s *Solver, set []int, base int) int {
	k := len(set) - 1
	q.stride = s.m
	if s.ridge > 0 {
		q.stride = s.m + s.n
	}
	q.a = extend(q.a, q.stride*len(q.set), q.stride*k)
	q.diag, q.by = extend(q.diag, len(q.set), k), extend(q.by, len(q.set), k)
	q.scale, q.cd = extend(q.scale, len(q.set), k), extend(q.cd, len(q.set), k)
	q.sol = grow(q.sol, k)
	if base != q.base {
		q.base, q.set = base, q.set[:0]
	}
	done := q.agree(set)
	if done < len(q.set) || done == 0 {
		q.set = q.set[:done]
		q.start(s)
	}
	c := 0
	for _, j := range set {
		if j == base {
			continue
		}
		if c >= done && !q.add(s, j, c) {
			return c
		}
		c++
	}
	return -1
}

// agree is the number of leading columns that are those of the set.
func (q *factor) agree(set []int) int {
	c := 0
	for _, j := range set {
		if j == q.base {
			continue
		}
		if c == len(q.set) || q.set[c] != j {
			break
		}
		c++
	}
	return c
}

// rows is how many rows of column c, or of the right-hand side with c columns
// before it, can differ from zero: with a ridge, rows of √λI stand below the
// points' own, the base's first.
func (q *factor) rows(s *Solver, c int) int {
	if s.ridge > 0 {
		return s.m + 1 + c
	}
	return s.m
}

// start sets the right-hand side to −p_b under the reflections there are.
func (q *factor) start(s *Solver) {
	q.rhs = grow(q.rhs, q.stride)
	for i, v := range s.p[q.base*s.m : (q.base+1)*s.m] {
		q.rhs[i] = -v
	}
	if s.ridge > 0 {
		clear(q.rhs[s.m:])
		q.rhs[s.m] = -s.sqrtR
	}
	for k := range q.set {
		q.reflect(s, k, q.rhs)
	}
}

// reflect applies reflector k.
func (q *factor) reflect(s *Solver, k int, u []float64) {
	to := q.rows(s, k+1)
	v := q.a[k*q.stride+k : k*q.stride+to]
	u = u[k:to]
	axpy(-q.by[k]*dot(v, u), v, u)
}

// add appends column c, the scaled p_j − p_b. It reports false, and appends
// nothing, if it depends on those before it.
func (q *factor) add(s *Solver, j, c int) bool {
	m := s.m
	col := q.a[c*q.stride : c*q.stride+q.rows(s, c+1)]
	pb := s.p[q.base*m : (q.base+1)*m]
	for i, v := range s.p[j*m : (j+1)*m] {
		col[i] = v - pb[i]
	}
	sum := dot(col[:m], col[:m])
	if s.ridge > 0 {
		clear(col[m:])
		col[m], col[m+1+c] = -s.sqrtR, s.sqrtR
		sum += 2 * s.ridge
	}
	q.scale[c] = 1
	if norm := math.Sqrt(sum); norm > 0 {
		q.scale[c] = norm
		inv := 1 / norm
		for i := range col {
			col[i] *= inv
		}
	}
	q.cd[c] = 0
	if s.linear != nil {
		q.cd[c] = (s.linear[j] - s.linear[q.base]) / (2 * q.scale[c])
	}
	for k := range c {
		q.reflect(s, k, col)
	}
	if c >= len(col) {
		return false
	}
	v := col[c:]
	norm := math.Sqrt(dot(v, v))
	if norm <= rankTol {
		return false
	}
	if v[0] > 0 {
		norm = -norm
	}
	// Reflector v − ‖v‖e₁, applied as I − v vᵀ/(−norm·v₀).
	q.diag[c] = norm
	v[0] -= norm
	q.by[c] = 1 / (-norm * v[0])
	q.set = append(q.set, j)
	q.reflect(s, c, q.rhs)
	return true
}

// solve puts R⁻¹(Qᵀrhs − R⁻ᵀc/2) into sol, in scaled units.
func (q *factor) solve() {
	n := len(q.set)
	for k := range n {
		above := q.a[k*q.stride : k*q.stride+k]
		q.sol[k] = (q.cd[k] - dot(above, q.sol)) / q.diag[k]
	}
	for k := range n {
		q.sol[k] = q.rhs[k] - q.sol[k]
	}
	q.back(n)
}

// refine adds to the weights the affine minimiser's distance from them, computed
// from the residual.
func (q *factor) refine(s *Solver, base int) {
	for i, v := range s.x {
		q.rhs[i] = -v
	}
	if s.ridge > 0 {
		q.rhs[s.m] = -s.sqrtR * s.w[base]
		for c, j := range q.set {
			q.rhs[s.m+1+c] = -s.sqrtR * s.w[j]
		}
	}
	for k := range q.set {
		q.reflect(s, k, q.rhs)
	}
	q.solve()
	for c, j := range q.set {
		z := q.sol[c] / q.scale[c]
		s.w[j] += z
		s.w[base] -= z
	}
	q.forget() // The right-hand side is no longer that of a step.
}

// back solves R z = sol in place for the leading n columns.
func (q *factor) back(n int) {
	for k := n - 1; k >= 0; k-- {
		q.sol[k] /= q.diag[k]
		axpy(-q.sol[k], q.a[k*q.stride:k*q.stride+k], q.sol)
	}
}

// ray turns the dependence of column bad on those before it into a direction
// which leaves Xw unchanged, pointed so that the linear term falls.
func (q *factor) ray(s *Solver, base, bad int) ([]float64, bool, bool) {
	copy(q.sol, q.a[bad*q.stride:bad*q.stride+bad])
	q.back(bad)
	slope, rest, c := 0.0, 0.0, 0
	for i, j := range s.active {
		if j == base {
			continue
		}
		z := 0.0
		switch {
		case c < bad:
			z = -q.sol[c] / q.scale[c]
			slope -= q.sol[c] * q.cd[c]
		case c == bad:
			z = 1 / q.scale[c]
			slope += q.cd[c]
		}
		q.dir[i] = z
		rest -= z
		c++
	}
	sign := 1.0
	if slope > 0 {
		sign = -1
	}
	for i, j := range s.active {
		if j == base {
			q.dir[i] = rest
		}
		q.dir[i] *= sign
	}
	return q.dir, true, math.Abs(slope) > rankTol*(1+s.maxNorm)
}

// dependent reports whether the points of the set are affinely dependent.
func (q *factor) dependent(s *Solver, set []int) bool {
	base := set[0]
	for _, j := range set {
		if s.norm[j] < s.norm[base] {
			base = j
		}
	}
	return q.reduce(s, set, base) >= 0
}

// extend is grow which keeps the first kept entries.
func extend(v []float64, kept, n int) []float64 {
	if cap(v) < n {
		w := make([]float64, n, 2*n)
		copy(w, v[:kept])
		return w
	}
	return v[:n]
}
