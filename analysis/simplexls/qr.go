package simplexls

import "math"

// factor is a Householder QR of the scaled differences of the active points to
// the smallest of them, kept column by column.
type factor struct {
	rows, cols int
	a          []float64 // Columns, then reflected in place; R above the diagonal.
	diag       []float64 // R's diagonal.
	scale      []float64 // Norm of each column before scaling.
	rhs        []float64
	sol        []float64
	dir        []float64
	cd         []float64
}

// step returns the direction from w, one entry per active point, to the
// minimiser over the affine hull of the active points; or, when the entering
// point lies in the hull of the others but is cheaper, the ray along which f
// falls linearly (ray = true). It reports false if the hull is degenerate and
// nothing can be gained.
func (s *Solver) step(entering int) (direction []float64, ray, ok bool) {
	base := s.base(entering)
	q := &s.qr
	q.load(s, s.active, base)
	bad := q.reduce()
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

// load builds the scaled columns p_j − p_b, with the rows of √λI appended when
// there is a ridge, and the right-hand side −p_b.
func (q *factor) load(s *Solver, set []int, base int) {
	m, k := s.m, len(set)-1
	q.rows, q.cols = m, k
	if s.ridge > 0 {
		q.rows += k + 1
	}
	q.a = grow(q.a, q.rows*k)
	q.diag, q.scale = grow(q.diag, k), grow(q.scale, k)
	q.rhs, q.sol = grow(q.rhs, q.rows), grow(q.sol, k)
	q.cd = grow(q.cd, k)
	pb := s.p[base*m : (base+1)*m]
	clear(q.rhs)
	for i, v := range pb {
		q.rhs[i] = -v
	}
	if s.ridge > 0 {
		q.rhs[m+k] = -s.sqrtR
	}
	c := 0
	for _, j := range set {
		if j == base {
			continue
		}
		col := q.a[c*q.rows : (c+1)*q.rows]
		clear(col[m:])
		var sum float64
		for i, v := range s.p[j*m : (j+1)*m] {
			d := v - pb[i]
			col[i] = d
			sum += d * d
		}
		if s.ridge > 0 {
			col[m+c], col[m+k] = s.sqrtR, -s.sqrtR
			sum += 2 * s.ridge
		}
		norm := math.Sqrt(sum)
		q.scale[c] = norm
		if norm > 0 {
			inv := 1 / norm
			for i := range col {
				col[i] *= inv
			}
		} else {
			q.scale[c] = 1
		}
		q.cd[c] = 0
		if s.linear != nil {
			q.cd[c] = (s.linear[j] - s.linear[base]) / (2 * q.scale[c])
		}
		c++
	}
}

// reduce runs the reflections on the columns and the right-hand side. It returns
// the first column that depends on those before it, or -1.
func (q *factor) reduce() int {
	m := q.rows
	for k := range q.cols {
		if k >= m {
			return k
		}
		col := q.a[k*m : (k+1)*m]
		v := col[k:]
		norm := math.Sqrt(dot(v, v))
		if norm <= rankTol {
			return k
		}
		if v[0] > 0 {
			norm = -norm
		}
		// Reflector v − ‖v‖e₁, applied as I − v vᵀ/(−norm·v₀).
		q.diag[k] = norm
		v[0] -= norm
		h := 1 / (-norm * v[0])
		for c := k + 1; c < q.cols; c++ {
			u := q.a[c*m+k : (c+1)*m]
			axpy(-h*dot(v, u), v, u)
		}
		u := q.rhs[k:]
		axpy(-h*dot(v, u), v, u)
	}
	return -1
}

// solve puts R⁻¹(Qᵀrhs − R⁻ᵀc/2) into sol, in scaled units.
func (q *factor) solve() {
	m := q.rows
	for k := range q.cols {
		v := q.cd[k]
		for i := range k {
			v -= q.a[k*m+i] * q.sol[i]
		}
		q.sol[k] = v / q.diag[k]
	}
	for k := range q.cols {
		q.sol[k] = q.rhs[k] - q.sol[k]
	}
	q.back(q.cols)
}

// back solves R z = sol in place for the leading n columns.
func (q *factor) back(n int) {
	m := q.rows
	for k := n - 1; k >= 0; k-- {
		q.sol[k] /= q.diag[k]
		v := q.sol[k]
		for i := range k {
			q.sol[i] -= q.a[k*m+i] * v
		}
	}
}

// ray turns the dependence of column bad on those before it into a direction
// which leaves Xw unchanged, pointed so that the linear term falls.
func (q *factor) ray(s *Solver, base, bad int) ([]float64, bool, bool) {
	m := q.rows
	for i := range bad {
		q.sol[i] = q.a[bad*m+i]
	}
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
	q.load(s, set, base)
	return q.reduce() >= 0
}
