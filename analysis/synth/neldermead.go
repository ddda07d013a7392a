package synth

import "math"

// simplex is Nelder & Mead's method (Computer Journal 7:308, 1965) with the
// dimension-dependent coefficients of Gao & Han (Comput. Optim. Appl. 51:259,
// 2012), allocation-free because it runs some hundred thousand times in a release.
type simplex struct {
	s             *searcher
	k             int
	p             [][]float64
	f             []float64
	mean, try, up []float64
}

func newSimplex(s *searcher) *simplex {
	m := &simplex{s: s, k: s.k, f: make([]float64, s.k+1)}
	for range s.k + 1 {
		m.p = append(m.p, make([]float64, s.k))
	}
	m.mean, m.try, m.up = make([]float64, s.k), make([]float64, s.k), make([]float64, s.k)
	return m
}

// descend improves the candidate in place.
func (m *simplex) descend(c *candidate) {
	n := float64(m.k)
	expand, contract, shrink := 1+2/n, 0.75-1/(2*n), 1-1/n
	for i := range m.p {
		copy(m.p[i], c.u)
		if i > 0 {
			m.p[i][i-1] += 1.5
		}
		m.f[i] = m.s.loss(m.p[i])
	}
	stop := m.s.evals + evalsPerDim*m.k
	for m.s.evals < stop {
		best, worst, second := m.rank()
		if m.f[worst]-m.f[best] <= 1e-10*math.Abs(m.f[best]) {
			break
		}
		m.centroid(worst)
		reflected := m.at(m.try, worst, -1)
		switch {
		case reflected < m.f[best]:
			if far := m.at(m.up, worst, -expand); far < reflected {
				m.take(worst, m.up, far)
			} else {
				m.take(worst, m.try, reflected)
			}
		case reflected < m.f[second]:
			m.take(worst, m.try, reflected)
		default:
			by := contract
			if reflected < m.f[worst] {
				by = -contract
			}
			if near := m.at(m.up, worst, by); near < min(reflected, m.f[worst]) {
				m.take(worst, m.up, near)
			} else {
				m.shrink(best, shrink)
			}
		}
	}
	best, _, _ := m.rank()
	if m.f[best] < c.loss {
		c.loss = m.f[best]
		copy(c.u, m.p[best])
	}
}

// rank returns the best, worst and second worst vertices.
func (m *simplex) rank() (best, worst, second int) {
	for i, f := range m.f {
		if f < m.f[best] {
			best = i
		}
		if f > m.f[worst] {
			worst = i
		}
	}
	second = best
	for i, f := range m.f {
		if i != worst && f > m.f[second] {
			second = i
		}
	}
	return best, worst, second
}

func (m *simplex) centroid(except int) {
	clear(m.mean)
	for i, p := range m.p {
		if i == except {
			continue
		}
		for k, v := range p {
			m.mean[k] += v / float64(m.k)
		}
	}
}

// at evaluates mean + by·(vertex − mean) into dst.
func (m *simplex) at(dst []float64, vertex int, by float64) float64 {
	for k, v := range m.mean {
		dst[k] = v + by*(m.p[vertex][k]-v)
	}
	return m.s.loss(dst)
}

func (m *simplex) take(i int, p []float64, f float64) {
	copy(m.p[i], p)
	m.f[i] = f
}

func (m *simplex) shrink(best int, by float64) {
	for i, p := range m.p {
		if i == best {
			continue
		}
		for k := range p {
			p[k] = m.p[best][k] + by*(p[k]-m.p[best][k])
		}
		m.f[i] = m.s.loss(p)
	}
}
