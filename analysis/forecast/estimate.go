package forecast

import (
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/neldermead"
)

// The bounds of the smoothing parameters, those of R's forecast::ets, so that
// fits can be held against it: β is also below α.
const (
	smoothMin, smoothMax = 1e-4, 0.9999
	phiMin, phiMax       = 0.8, 0.98
)

// The grid of smoothing parameters the search starts on, into the corners, where
// short series often have their optimum.
var (
	alphaGrid = []float64{0.0002, 0.02, 0.07, 0.15, 0.3, 0.5, 0.7, 0.85, 0.96, 0.9998}
	betaGrid  = []float64{0.001, 0.05, 0.2, 0.5, 0.9998} // As a share of alpha.
	phiGrid   = []float64{0.801, 0.87, 0.94, 0.979}
)

// Estimate fits a model by maximum likelihood. For additive errors the errors
// are linear in the initial states, which are therefore found exactly by least
// squares for every trial of the smoothing parameters; only those, three at the
// most, are searched for. The likelihood has several local optima on short series:
// it is looked at on a grid, and every point of the grid that is no worse than its
// neighbours is followed down. It returns ErrShort unless there are more values
// than parameters.
func Estimate(y []float64, m Model) (*Fit, error) {
	k := m.parameters()
	if err := check(y, m, k); err != nil {
		return nil, err
	}
	s := newSearch(y, m)
	grid, sizes := s.grid()
	values := make([]float64, len(grid))
	for i, x := range grid {
		values[i] = s.value(x)
	}
	best, least := grid[0], math.Inf(1)
	for i, x := range grid {
		if !lowest(values, sizes, i) {
			continue
		}
		if x, f := s.descend(x, values[i]); f < least {
			best, least = x, f
		}
	}
	return With(y, m, s.params(best), k)
}

// lowest says whether point i of a grid is no higher than its neighbours along
// every axis. The last axis runs fastest.
func lowest(values []float64, sizes []int, i int) bool {
	stride := 1
	for _, n := range slices.Backward(sizes) {
		at := i / stride % n
		if at > 0 && values[i-stride] < values[i] || at < n-1 && values[i+stride] < values[i] {
			return false
		}
		stride *= n
	}
	return true
}

// search is the likelihood over unbounded coordinates.
type search struct {
	y []float64
	m Model
	// Work space: means and errors of a run, and the responses to a unit level
	// and a unit slope.
	fitted, errs, unitLevel, unitSlope []float64
}

func newSearch(y []float64, m Model) *search {
	n := len(y)
	return &search{
		y: y, m: m,
		fitted: make([]float64, n), errs: make([]float64, n), unitLevel: make([]float64, n), unitSlope: make([]float64, n),
	}
}

func logit(share float64) float64      { return math.Log(share / (1 - share)) }
func expit(x float64) float64          { return 1 / (1 + math.Exp(-x)) }
func place(v, lo, hi float64) float64  { return logit((v - lo) / (hi - lo)) }
func within(x, lo, hi float64) float64 { return lo + (hi-lo)*expit(x) }

// grid lists the points to start from and the length of each axis.
func (s *search) grid() (points [][]float64, sizes []int) {
	points = [][]float64{nil}
	axis := func(coordinates []float64) {
		sizes = append(sizes, len(coordinates))
		var next [][]float64
		for _, p := range points {
			for _, v := range coordinates {
				next = append(next, append(slices.Clone(p), v))
			}
		}
		points = next
	}
	axis(mapped(alphaGrid, func(a float64) float64 { return place(a, smoothMin, smoothMax) }))
	if s.m.Trend {
		axis(mapped(betaGrid, logit))
	}
	if s.m.Damped {
		axis(mapped(phiGrid, func(phi float64) float64 { return place(phi, phiMin, phiMax) }))
	}
	for i, x := range points {
		points[i] = s.states(x)
	}
	return points, sizes
}

func mapped(v []float64, f func(float64) float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = f(x)
	}
	return out
}

// states adds the initial states to the coordinates of a multiplicative model,
// starting from those of the additive one; where these lead below zero, from the
// first value and no slope.
func (s *search) states(x []float64) []float64 {
	if !s.m.Multiplicative {
		return x
	}
	x = x[:len(x):len(x)]
	n := len(x)
	x = append(x, 0)
	if s.m.Trend {
		x = append(x, 0)
	}
	if math.IsInf(s.value(x), 0) {
		g := s.gram(s.smoothing(x))
		if s.m.Trend {
			x[n+1] = ratio(-g.slope, g.slopeSD)
		}
		x[n] = ratio(s.y[0]-g.level-g.tilt*g.slope, g.levelSD)
	}
	return x
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// smoothing are the parameters but for the initial states.
func (s *search) smoothing(x []float64) Params {
	p := Params{Alpha: within(x[0], smoothMin, smoothMax), Phi: 1}
	if s.m.Trend {
		p.Beta = smoothMin + (p.Alpha-smoothMin)*expit(x[1])
	}
	if s.m.Damped {
		p.Phi = within(x[2], phiMin, phiMax)
	}
	return p
}

// gram is the least-squares fit of the initial states to additive errors, and how
// well it knows them: standard deviations of the level at a given slope and of the
// slope, and tilt, by how much the level falls as the slope rises by one.
// rss is what it leaves.
type gram struct {
	level, slope, levelSD, slopeSD, tilt, rss float64
	// Products of the errors e and the responses u and w of solve.
	uu, ue, uw float64
}

// The series from no states, a unit level and a unit slope run side by side: each
// waits for its own last value only, so that the three take the time of one.
func (s *search) gram(p Params) gram {
	var level, slope, levelOfLevel, slopeOfLevel, levelOfSlope, slopeOfSlope float64
	levelOfLevel = 1
	if s.m.Trend {
		slopeOfSlope = 1
	}
	var g gram
	e, u, w := s.errs, s.unitLevel[:len(s.errs)], s.unitSlope[:len(s.errs)]
	for t, y := range s.y {
		mean, ofLevel, ofSlope := level+p.Phi*slope, levelOfLevel+p.Phi*slopeOfLevel, levelOfSlope+p.Phi*slopeOfSlope
		step, stepU, stepW := y-mean, 0-ofLevel, 0-ofSlope
		level, slope = mean+p.Alpha*step, p.Phi*slope+p.Beta*step
		levelOfLevel, slopeOfLevel = ofLevel+p.Alpha*stepU, p.Phi*slopeOfLevel+p.Beta*stepU
		levelOfSlope, slopeOfSlope = ofSlope+p.Alpha*stepW, p.Phi*slopeOfSlope+p.Beta*stepW
		e[t], u[t], w[t] = step, stepU, stepW
		g.uu += stepU * stepU
		g.ue += stepU * step
		g.uw += stepU * stepW
	}
	g.solve(e, u, w, s.m.Trend)
	return g
}

// params turns coordinates into parameters. The initial states are the exact
// least-squares ones for additive errors. For multiplicative ones, whose
// recursion of states is the same but whose likelihood is not, they are a number
// of standard deviations from there, so that all coordinates are of one size.
func (s *search) params(x []float64) Params {
	p := s.smoothing(x)
	g := s.gram(p)
	p.Level, p.Slope = g.level, g.slope
	if !s.m.Multiplicative {
		return p
	}
	states := x[s.m.parameters()-s.m.states():]
	p.Level += states[0] * g.levelSD
	if s.m.Trend {
		p.Slope += states[1] * g.slopeSD
		p.Level -= g.tilt * states[1] * g.slopeSD
	}
	return p
}

// solve minimises ‖e + u·level + w·slope‖ by Gram–Schmidt: u first, then what is
// left of w. A slope the series says nothing about is zero.
func (g *gram) solve(e, u, w []float64, trend bool) {
	if g.uu == 0 {
		g.rss = dot(e, e)
		return
	}
	ww, we, tilt := 0.0, 0.0, g.uw/g.uu
	if trend {
		whole, share := 0.0, g.ue/g.uu
		for t := range w {
			r := w[t] - tilt*u[t]
			ww += r * r
			we += r * (e[t] - share*u[t])
			whole += w[t] * w[t]
		}
		// Below this share of w the remainder is rounding.
		if ww > 1e-20*whole {
			g.slope, g.tilt = -we/ww, tilt
		} else {
			ww = 0
		}
	}
	g.level = -(g.ue + g.uw*g.slope) / g.uu
	for t := range e {
		r := e[t] + u[t]*g.level + w[t]*g.slope
		g.rss += r * r
	}
	sd := math.Sqrt(g.rss / float64(len(e)))
	g.levelSD = sd / math.Sqrt(g.uu)
	if ww > 0 {
		g.slopeSD = sd / math.Sqrt(ww)
	}
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
	var sse, logs float64
	if s.m.Multiplicative {
		run(s.y, s.m, s.params(x), s.fitted, s.errs)
		sse = dot(s.errs, s.errs)
		for _, mu := range s.fitted {
			if !(mu > 0) {
				return math.Inf(1)
			}
			logs += math.Log(mu)
		}
	} else {
		sse = s.gram(s.smoothing(x)).rss
	}
	v := float64(len(s.y))/2*math.Log(max(sse, math.SmallestNonzeroFloat64)) + logs
	if math.IsNaN(v) {
		return math.Inf(1)
	}
	return v
}

// restarts is how often a search may be begun anew from where it ended, which is
// done until nothing is gained: a simplex may collapse at the edge of the box.
const restarts = 8

// descend follows a simplex down from x, where the value is f.
func (s *search) descend(x []float64, f float64) ([]float64, float64) {
	if math.IsInf(f, 0) {
		return x, f
	}
	simplex := neldermead.New(len(x), s.value)
	simplex.Step, simplex.Absolute, simplex.Evaluations = 0.5, 1e-8, 2000
	x = slices.Clone(x)
	for range 1 + restarts {
		better := simplex.Descend(x, f)
		gained := f - better
		if f = better; gained < 1e-6 {
			break
		}
	}
	return x, f
}
