package simplexls

import "math"

// newton is the workspace of the dual method.
type newton struct {
	r, grad, dir, trial []float64
	h                   []float64 // m×m, lower triangle.
	mean                []float64
	raw                 []float64
}

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
	d.mean, d.h = grow(d.mean, m), grow(d.h, m*m)
	d.raw = grow(d.raw, n)
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
		if t == 1 && slope <= 4*eps*math.Abs(next) {
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
	clear(s.dual.r)
	for j := range s.n {
		axpy(1/float64(s.n), s.p[j*s.m:(j+1)*s.m], s.dual.r)
	}
}

// dualValue evaluates D(r), leaving the inner minimiser in s.w, s.active and its
// point in s.x.
func (s *Solver) dualValue(r []float64) float64 {
	d := &s.dual
	for j := range s.n {
		v := dot(s.p[j*s.m:(j+1)*s.m], r)
		if s.linear != nil {
			v += s.linear[j] / 2
		}
		d.raw[j] = -v / s.ridge
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
	clear(d.mean)
	for _, j := range s.active {
		axpy(1/float64(len(s.active)), s.p[j*m:(j+1)*m], d.mean)
	}
	clear(d.h)
	for _, j := range s.active {
		p := s.p[j*m : (j+1)*m]
		for i := range m {
			d.trial[i] = p[i] - d.mean[i]
		}
		for i := range m {
			axpy(d.trial[i]/s.ridge, d.trial[:i+1], d.h[i*m:i*m+i+1])
		}
	}
	for i := range m {
		d.h[i*m+i]++
	}
	for i := range m {
		for k := 0; k <= i; k++ {
			v := d.h[i*m+k] - dot(d.h[i*m:i*m+k], d.h[k*m:k*m+k])
			if k < i {
				d.h[i*m+k] = v / d.h[k*m+k]
				continue
			}
			if !(v > 0) {
				return false
			}
			d.h[i*m+i] = math.Sqrt(v)
		}
	}
	for i := range m {
		d.dir[i] = (d.grad[i] - dot(d.h[i*m:i*m+i], d.dir[:i])) / d.h[i*m+i]
	}
	for i := m - 1; i >= 0; i-- {
		d.dir[i] /= d.h[i*m+i]
		for k := range i {
			d.dir[k] -= d.h[i*m+k] * d.dir[i]
		}
	}
	return true
}
