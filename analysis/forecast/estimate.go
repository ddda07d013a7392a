package forecast

import (
	"math"

	"gonum.org/v1/gonum/optimize"
)

// The bounds of the smoothing parameters, those of R's forecast::ets, so that
// fits can be held against it: β is also below α.
const (
	smoothMin, smoothMax = 1e-4, 0.9999
	phiMin, phiMax       = 0.8, 0.98
)

// Starting points of the search. The criterion has several local optima on
// short series, so the search starts all over the box.
var (
	alphaStarts = []float64{0.02, 0.2, 0.4, 0.6, 0.8, 0.97}
	betaStarts  = []float64{0.02, 0.2, 0.6} // As a share of alpha.
	phiStarts   = []float64{0.82, 0.9, 0.97}
)

// descents is how many of the best starting points are followed down.
const descents = 2

// Estimate fits a model by maximum likelihood. For additive errors the errors
// are linear in the initial states, which are therefore found exactly by least
// squares for every trial of the smoothing parameters; only those, three at the
// most, are searched for. It returns ErrShort unless there are more values than
// parameters.
func Estimate(y []float64, m Model) (*Fit, error) {
	k := m.parameters()
	if err := check(y, m, k); err != nil {
		return nil, err
	}
	s := newSearch(y, m)
	type start struct {
		x []float64
		f float64
	}
	var starts []start
	for _, x := range s.starts() {
		starts = append(starts, start{x, s.value(x)})
	}
	best := starts[0]
	for range min(descents, len(starts)) {
		i := 0
		for j := range starts {
			if starts[j].f < starts[i].f {
				i = j
			}
		}
		x, f := s.descend(starts[i].x, starts[i].f)
		if f < best.f {
			best = start{x, f}
		}
		starts[i].f = math.Inf(1)
	}
	return With(y, m, s.params(best.x), k)
}

// search is the likelihood over unbounded coordinates.
type search struct {
	y    []float64
	m    Model
	zero []float64
	// Work space: means and errors of a run, and the responses to a unit level
	// and a unit slope.
	fitted, errs, unitLevel, unitSlope []float64
}

func newSearch(y []float64, m Model) *search {
	n := len(y)
	return &search{
		y: y, m: m, zero: make([]float64, n),
		fitted: make([]float64, n), errs: make([]float64, n), unitLevel: make([]float64, n), unitSlope: make([]float64, n),
	}
}

func logit(share float64) float64      { return math.Log(share / (1 - share)) }
func expit(x float64) float64          { return 1 / (1 + math.Exp(-x)) }
func place(v, lo, hi float64) float64  { return logit((v - lo) / (hi - lo)) }
func within(x, lo, hi float64) float64 { return lo + (hi-lo)*expit(x) }

func (s *search) starts() [][]float64 {
	var out [][]float64
	for _, a := range alphaStarts {
		x := []float64{place(a, smoothMin, smoothMax)}
		if !s.m.Trend {
			out = append(out, s.states(x))
			continue
		}
		for _, b := range betaStarts {
			xb := append(x[:1:1], logit(b))
			if !s.m.Damped {
				out = append(out, s.states(xb))
				continue
			}
			for _, phi := range phiStarts {
				out = append(out, s.states(append(xb[:2:2], place(phi, phiMin, phiMax))))
			}
		}
	}
	return out
}

// states adds the initial states to the coordinates of a multiplicative model,
// starting from those of the additive one.
func (s *search) states(x []float64) []float64 {
	if !s.m.Multiplicative {
		return x
	}
	additive := *s
	additive.m.Multiplicative = false
	p := additive.params(x)
	if p.Level <= 0 {
		p.Level = s.y[0]
	}
	x = append(x[:len(x):len(x)], p.Level/s.y[0])
	if s.m.Trend {
		x = append(x, p.Slope/s.y[0])
	}
	return x
}

// params turns coordinates into parameters. The initial states are the exact
// least-squares ones for additive errors.
func (s *search) params(x []float64) Params {
	p := Params{Alpha: within(x[0], smoothMin, smoothMax), Phi: 1}
	i := 1
	if s.m.Trend {
		p.Beta = smoothMin + (p.Alpha-smoothMin)*expit(x[i])
		i++
	}
	if s.m.Damped {
		p.Phi = within(x[i], phiMin, phiMax)
		i++
	}
	if s.m.Multiplicative {
		p.Level = x[i] * s.y[0]
		if s.m.Trend {
			p.Slope = x[i+1] * s.y[0]
		}
		return p
	}
	run(s.y, s.m, p, s.fitted, s.errs)
	run(s.zero, s.m, Params{p.Alpha, p.Beta, p.Phi, 1, 0}, s.fitted, s.unitLevel)
	run(s.zero, s.m, Params{p.Alpha, p.Beta, p.Phi, 0, 1}, s.fitted, s.unitSlope)
	p.Level, p.Slope = solve(s.errs, s.unitLevel, s.unitSlope, s.m.Trend)
	return p
}

// solve minimises ‖e + u·a + w·b‖ by Gram–Schmidt: u first, then what is left
// of w. A slope the series says nothing about is zero.
func solve(e, u, w []float64, trend bool) (a, b float64) {
	uu, ue, uw := dot(u, u), dot(u, e), dot(u, w)
	if uu == 0 {
		return 0, 0
	}
	if trend {
		ww, we := 0.0, 0.0
		for t := range w {
			r := w[t] - uw/uu*u[t]
			ww += r * r
			we += r * (e[t] - ue/uu*u[t])
		}
		// Below this share of w the remainder is rounding.
		if ww > 1e-20*dot(w, w) {
			b = -we / ww
		}
	}
	return -(ue + uw*b) / uu, b
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// value is minus the log-likelihood, up to a constant.
func (s *search) value(x []float64) float64 {
	p := s.params(x)
	run(s.y, s.m, p, s.fitted, s.errs)
	sse, logs := dot(s.errs, s.errs), 0.0
	if s.m.Multiplicative {
		for _, mu := range s.fitted {
			if !(mu > 0) {
				return math.Inf(1)
			}
			logs += math.Log(mu)
		}
	}
	v := float64(len(s.y))/2*math.Log(max(sse, math.SmallestNonzeroFloat64)) + logs
	if math.IsNaN(v) {
		return math.Inf(1)
	}
	return v
}

// descend follows Nelder and Mead's simplex from x; where that fails the start
// itself is returned.
func (s *search) descend(x []float64, f float64) ([]float64, float64) {
	if math.IsInf(f, 0) {
		return x, f
	}
	res, err := optimize.Minimize(optimize.Problem{Func: s.value}, x,
		&optimize.Settings{FuncEvaluations: 2000, Converger: &optimize.FunctionConverge{Absolute: 1e-8, Iterations: 25}},
		&optimize.NelderMead{SimplexSize: 0.5})
	if err != nil && res == nil || !(res.F <= f) {
		return x, f
	}
	return res.X, res.F
}
