// Package neldermead is the search without derivatives of Nelder & Mead (Computer
// Journal 7:308, 1965) with the dimension-dependent coefficients of Gao & Han
// (Comput. Optim. Appl. 51:259, 2012). It allocates nothing while it searches,
// because it runs some hundred thousand times in a release.
package neldermead

import "math"

// Search is a simplex over a function, used again for every descent.
type Search struct {
	// Step is the side of the first simplex. A descent ends when the values at its
	// corners differ by no more than Absolute + Relative·|best|, or after Evaluations.
	Step, Absolute, Relative float64
	Evaluations              int

	value         func([]float64) float64
	left          int
	p             [][]float64
	f             []float64
	mean, try, up []float64
}

// New prepares a search for the minimum of value over k coordinates. +Inf marks
// points that are not allowed; value must not keep its argument.
func New(k int, value func([]float64) float64) *Search {
	m := &Search{value: value, f: make([]float64, k+1)}
	for range k + 1 {
		m.p = append(m.p, make([]float64, k))
	}
	m.mean, m.try, m.up = make([]float64, k), make([]float64, k), make([]float64, k)
	return m
}

// Descend moves x, where the value is f, to the best point found and returns its
// value; where none is better it leaves x.
func (m *Search) Descend(x []float64, f float64) float64 {
	n := float64(len(x))
	// In one dimension Gao & Han's coefficients neither contract nor shrink.
	expand, contract, shrink := 1+2/n, 0.75-1/(2*n), 1-1/n
	if len(x) == 1 {
		expand, contract, shrink = 2, 0.5, 0.5
	}
	m.left = m.Evaluations + len(m.p)
	for i := range m.p {
		copy(m.p[i], x)
		if i > 0 {
			m.p[i][i-1] += m.Step
		}
		m.f[i] = m.evaluate(m.p[i])
	}
	for m.left > 0 {
		best, worst, second := m.rank()
		if m.f[worst]-m.f[best] <= m.Absolute+m.Relative*math.Abs(m.f[best]) {
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
	if m.f[best] < f {
		copy(x, m.p[best])
		return m.f[best]
	}
	return f
}

func (m *Search) evaluate(x []float64) float64 {
	m.left--
	return m.value(x)
}

// rank returns the best, worst and second worst vertices.
func (m *Search) rank() (best, worst, second int) {
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

func (m *Search) centroid(except int) {
	clear(m.mean)
	for i, p := range m.p {
		if i == except {
			continue
		}
		for k, v := range p {
			m.mean[k] += v / float64(len(m.mean))
		}
	}
}

// at evaluates mean + by·(vertex − mean) into dst.
func (m *Search) at(dst []float64, vertex int, by float64) float64 {
	for k, v := range m.mean {
		dst[k] = v + by*(m.p[vertex][k]-v)
	}
	return m.evaluate(dst)
}

func (m *Search) take(i int, p []float64, f float64) {
	copy(m.p[i], p)
	m.f[i] = f
}

func (m *Search) shrink(best int, by float64) {
	for i, p := range m.p {
		if i == best {
			continue
		}
		for k := range p {
			p[k] = m.p[best][k] + by*(p[k]-m.p[best][k])
		}
		m.f[i] = m.evaluate(p)
	}
}
