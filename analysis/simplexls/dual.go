package simplexls

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// newton is the workspace of the dual method.
type newton struct {
	r, grad, dir, trial []float64
	h                   []float64 // m×m, lower triangle.
	raw                 []float64
	// about is the mean of all points; sum and scatter (lower triangle) are Σ (p − about) and
	// Σ (p − about)(p − about)' over the points marked in member. From one step to the
	// next few points come and go.
	about, sum, scatter []float64
	member              []bool
	before              []int // The active points of the last step.
	// pend are deviations waiting to be added to scatter, and signed the same with the
	// sign they count with.
	pend, signed [together][]float64
}

// together is how many points scatter takes at a time: one pass over it for all.
const together = 4

const (
	dualLimit = 100
	// armijo is the usual sufficient-decrease constant of a backtracking search.
	armijo = 1e-4
)

// solveDual minimises f for a material ridge by semismooth Newton on the concave
// dual in r = Σ w_j p_j ∈ ℝᵐ,
//
//	D(r) = −‖r‖² + min_{w ∈ Δ} 2 wᵀPr + cᵀw + λ‖w‖²,
//
// whose inner minimiser is the projection of −(Pr + c/2)/λ on the simplex. D is
// piecewise quadratic, so Newton ends exactly once the support is found; one step
// costs n·m² flops instead of the |S|³ of an active set method. It reports
// whether the certificate holds, with the result in s.w and s.active.
func (s *Solver) solveDual(dst *Solution) bool {
	d := &s.dual
	m, n := s.m, s.n
	d.r, d.grad = grow(d.r, m), grow(d.grad, m)
	d.dir, d.trial = grow(d.dir, m), grow(d.trial, m)
	d.h, d.raw = grow(d.h, m*m), grow(d.raw, n)
	s.dualStart()
	value := s.dualValue(d.r)
	for it := 1; it <= dualLimit; it++ {
		dst.Iterations = it
		// grad = P'w − r, up to the factor 2; s.x holds P'w at r.
		var size float64
		for i := range m {
			d.grad[i] = s.x[i] - d.r[i]
			size += d.grad[i] * d.grad[i]
		}
		if math.Sqrt(size) <= 16*eps*s.maxNorm {
			break
		}
		if !s.dualDirection() {
			return false
		}
		slope := 2 * dot(d.grad, d.dir)
		if !(slope > 0) {
			break
		}
		next, t := value, 1.0
		for ; t > 1e-12; t /= 2 {
			for i := range m {
				d.trial[i] = d.r[i] + t*d.dir[i]
			}
			next = s.dualValue(d.trial)
			if next >= value+armijo*t*slope-8*eps*math.Abs(value) {
				break
			}
		}
		if t <= 1e-12 {
			s.dualValue(d.r)
			break
		}
		copy(d.r, d.trial)
		// On an unchanged support D is quadratic, and a whole step ends at its top.
		if t == 1 && (slope <= 4*eps*math.Abs(next) || slices.Equal(s.active, d.before)) {
			break
		}
		value = next
	}
	s.normalise()
	s.point()
	phi := s.gradient()
	low := math.Inf(1)
	for _, v := range s.g {
		low = min(low, v)
	}
	return phi-low <= 1e-9*math.Abs(s.value())+s.slack(phi)
}

// dualStart begins at the mean of the points, the optimum for an infinite ridge.
func (s *Solver) dualStart() {
	d := &s.dual
	clear(d.r)
	for j := range s.n {
		axpy(1/float64(s.n), s.p[j*s.m:(j+1)*s.m], d.r)
	}
	d.about, d.sum, d.scatter = grow(d.about, s.m), grow(d.sum, s.m), grow(d.scatter, s.m*s.m)
	copy(d.about, d.r)
	clear(d.sum)
	clear(d.scatter)
	for k := range together {
		d.pend[k], d.signed[k] = grow(d.pend[k], s.m), grow(d.signed[k], s.m)
	}
	if cap(d.member) < s.n {
		d.member = make([]bool, s.n)
	}
	d.member = d.member[:s.n]
	clear(d.member)
}

// dualValue evaluates D(r), leaving the inner minimiser in s.w, s.active and its
// point in s.x.
func (s *Solver) dualValue(r []float64) float64 {
	d := &s.dual
	blas64.Gemv(blas.NoTrans, -1/s.ridge,
		blas64.General{Rows: s.n, Cols: s.m, Stride: s.m, Data: s.p},
		blas64.Vector{N: s.m, Inc: 1, Data: r}, 0,
		blas64.Vector{N: s.n, Inc: 1, Data: d.raw})
	for j, c := range s.linear {
		d.raw[j] -= c / 2 / s.ridge
	}
	s.project(d.raw)
	s.point()
	value := -dot(r, r)
	for _, j := range s.active {
		w := s.w[j]
		value += w * (s.ridge*w - 2*s.ridge*d.raw[j])
	}
	return value
}

// project writes the Euclidean projection of v on the simplex to s.w by
// Michelot's shrinking set (J. Optim. Theory Appl. 50:195, 1986).
func (s *Solver) project(v []float64) {
	s.active = s.active[:0]
	top := math.Inf(-1)
	for _, x := range v {
		top = max(top, x)
	}
	for j, x := range v {
		if x > top-1 {
			s.active = append(s.active, j)
		}
	}
	var theta float64
	for {
		var sum float64
		for _, j := range s.active {
			sum += v[j] - top
		}
		theta = (sum-1)/float64(len(s.active)) + top
		kept := s.active[:0]
		for _, j := range s.active {
			if v[j] > theta {
				kept = append(kept, j)
			}
		}
		if len(kept) == len(s.active) {
			break
		}
		s.active = kept
	}
	clear(s.w)
	for _, j := range s.active {
		s.w[j] = v[j] - theta
	}
}

// dualDirection solves (I + C/λ) dir = grad with C the scatter of the active
// points about their mean, by Cholesky.
func (s *Solver) dualDirection() bool {
	d := &s.dual
	m := s.m
	s.dualScatter()
	k, inverse := float64(len(s.active)), 1/s.ridge
	for i := range m {
		// C is the scatter about the mean of all less k times what the means differ by.
		row, all := d.h[i*m:i*m+i+1], d.scatter[i*m:i*m+i+1]
		by := d.sum[i] / k
		for c := range row {
			row[c] = (all[c] - by*d.sum[c]) * inverse
		}
		row[i]++
	}
	for i := range m {
		row := d.h[i*m : i*m+i+1]
		for c := range i {
			row[c] = (row[c] - dot(row[:c], d.h[c*m:])) / d.h[c*m+c]
		}
		v := row[i] - dot(row[:i], row)
		if !(v > 0) {
			return false
		}
		row[i] = math.Sqrt(v)
	}
	for i := range m {
		d.dir[i] = (d.grad[i] - dot(d.h[i*m:i*m+i], d.dir)) / d.h[i*m+i]
	}
	for i := m - 1; i >= 0; i-- {
		d.dir[i] /= d.h[i*m+i]
		axpy(-d.dir[i], d.h[i*m:i*m+i], d.dir)
	}
	return true
}

// dualScatter brings sum and scatter to the active points.
func (s *Solver) dualScatter() {
	d := &s.dual
	m := s.m
	d.before = append(d.before[:0], s.active...)
	k, waiting := 0, 0
	for j, in := range d.member {
		now := k < len(s.active) && s.active[k] == j
		if now {
			k++
		}
		if now == in {
			continue
		}
		d.member[j] = now
		sign := 1.0
		if in {
			sign = -1
		}
		v, signed := d.pend[waiting], d.signed[waiting]
		for i, x := range s.p[j*m : (j+1)*m] {
			v[i] = x - d.about[i]
			signed[i] = sign * v[i]
			d.sum[i] += signed[i]
		}
		if waiting++; waiting == together {
			d.absorb(m)
			waiting = 0
		}
	}
	if waiting > 0 {
		for ; waiting < together; waiting++ {
			clear(d.pend[waiting])
			clear(d.signed[waiting])
		}
		d.absorb(m)
	}
}

// absorb adds what waits to scatter.
func (d *newton) absorb(m int) {
	for i := range m {
		row := d.scatter[i*m : i*m+i+1]
		v0, v1, v2, v3 := d.pend[0][:len(row)], d.pend[1][:len(row)], d.pend[2][:len(row)], d.pend[3][:len(row)]
		s0, s1, s2, s3 := d.signed[0][i], d.signed[1][i], d.signed[2][i], d.signed[3][i]
		for c := range row {
			row[c] += (s0*v0[c] + s1*v1[c]) + (s2*v2[c] + s3*v3[c])
		}
	}
}
