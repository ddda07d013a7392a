package sdid

import (
	"fmt"
	"math"
	"sync"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

// tinyEta is the factor of σ in the ridge of λ and of the plain synthetic
// control: the value of the R package synthdid, there to make weights unique.
const tinyEta = 1e-6

var errOverflow = fmt.Errorf("%w: outcomes overflow", simplexls.ErrNotFinite)

// zetas fixes both regularisations. Replicates of a variance keep those of the
// original estimate, as synthdid does.
type zetas struct{ sigma, omega, lambda float64 }

// workspace holds the buffers of repeated fits on one panel. After the first fit
// of a size, weights and effect allocate nothing.
type workspace struct {
	p              *panel.Panel
	units, periods simplexls.Solver
	omega, lambda  simplexls.Solution
	x, y           []float64
	treated        []float64 // Mean treated series.
}

func newWorkspace(p *panel.Panel) *workspace { return &workspace{p: p} }

// workspaces lends buffers to single fits, which placebos ask for by the thousand.
var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// borrow returns a workspace on p and what gives it back.
func borrow(p *panel.Panel) (*workspace, func()) {
	w := workspaces.Get().(*workspace)
	w.p = p
	return w, func() {
		w.p = nil
		workspaces.Put(w)
	}
}

func (w *workspace) regularisation(d panel.Design, o Options) zetas {
	s := noise(w.p, d.Donors, d.Start)
	_, t := w.p.Y.Dims()
	z := zetas{sigma: s, omega: tinyEta * s, lambda: tinyEta * s}
	if o.Method == SDID {
		z.omega = math.Pow(float64(len(d.Treated)*max(1, t-d.Start)), 0.25) * s
	}
	return z
}

// fit estimates one block; z is nil for the block's own regularisation.
func (w *workspace) fit(d panel.Design, o Options, z *zetas) (*Fit, error) {
	if z == nil {
		own := w.regularisation(d, o)
		z = &own
	}
	gap, err := w.solve(d, o, *z)
	if err != nil {
		return nil, err
	}
	f := &Fit{Sigma: z.sigma, Gap: gap}
	if o.Method != DID {
		f.Zeta = z.omega
	}
	f.Weights = append([]float64(nil), w.omega.Weights...)
	if o.Method != SC {
		f.TimeWeights = append([]float64(nil), w.lambda.Weights...)
	}
	f.Gaps = w.gaps(d, o)
	t := len(f.Gaps)
	f.ATT = panel.MeanGap(f.Gaps, d.Start, t)
	f.PreRMSPE = panel.RMSPE(f.Gaps, 0, d.Start)
	f.PostRMSPE = panel.RMSPE(f.Gaps, d.Start, t)
	if !finite(f.PostRMSPE) || !finite(f.PreRMSPE) {
		return nil, errOverflow
	}
	return f, nil
}

// effect is τ alone, without allocation.
func (w *workspace) effect(d panel.Design, o Options, z zetas) (float64, error) {
	if _, err := w.solve(d, o, z); err != nil {
		return 0, err
	}
	return w.tau(d, o), nil
}

// solve leaves the weights in w.omega.Weights and w.lambda.Weights and the mean
// treated series in w.treated.
func (w *workspace) solve(d panel.Design, o Options, z zetas) (float64, error) {
	w.meanTreated(d.Treated)
	if o.Method == DID {
		w.omega.Weights = equal(w.omega.Weights, len(d.Donors))
		w.lambda.Weights = equal(w.lambda.Weights, d.Start)
		return 0, nil
	}
	if d.Start < 2 {
		return 0, fmt.Errorf("%w: treatment starts in column %d", ErrShortPre, d.Start)
	}
	gap, err := w.unitWeights(d, o, z.omega)
	if err != nil || o.Method == SC {
		return gap, err
	}
	lgap, err := w.timeWeights(d, z.lambda)
	return max(gap, lgap), err
}

// unitWeights solves for ω. The intercept is profiled out by centring each
// series on its mean before treatment.
func (w *workspace) unitWeights(d panel.Design, o Options, zeta float64) (float64, error) {
	n, m := len(d.Donors), d.Start
	w.x, w.y = grow(w.x, n*m), grow(w.y, m)
	copy(w.y, w.treated[:m])
	for k, i := range d.Donors {
		copy(w.x[k*m:(k+1)*m], w.p.Y.RawRowView(i)[:m])
	}
	if o.Method == SDID {
		centre(w.y)
		for k := range n {
			centre(w.x[k*m : (k+1)*m])
		}
	}
	ridge := zeta * zeta * float64(m)
	if !finite(ridge) {
		return 0, errOverflow
	}
	problem := simplexls.Problem{N: n, M: m, X: w.x, Y: w.y, Ridge: ridge}
	if err := w.units.Solve(problem, &w.omega); err != nil {
		return 0, err
	}
	return certificate(&w.omega, "unit weights")
}

// timeWeights solves for λ: the points are periods, the coordinates donors, and
// centring over donors profiles the intercept out. Without treated periods the
// weights are equal.
func (w *workspace) timeWeights(d panel.Design, zeta float64) (float64, error) {
	_, t := w.p.Y.Dims()
	if d.Start == t {
		w.lambda.Weights = equal(w.lambda.Weights, d.Start)
		return 0, nil
	}
	n, m := d.Start, len(d.Donors)
	w.x, w.y = grow(w.x, n*m), grow(w.y, m)
	for k, i := range d.Donors {
		row := w.p.Y.RawRowView(i)
		for s, v := range row[:n] {
			w.x[s*m+k] = v
		}
		w.y[k] = mean(row[n:])
	}
	centre(w.y)
	for s := range n {
		centre(w.x[s*m : (s+1)*m])
	}
	ridge := zeta * zeta * float64(m)
	if !finite(ridge) {
		return 0, errOverflow
	}
	problem := simplexls.Problem{N: n, M: m, X: w.x, Y: w.y, Ridge: ridge}
	if err := w.periods.Solve(problem, &w.lambda); err != nil {
		return 0, err
	}
	return certificate(&w.lambda, "time weights")
}

// certificate turns the duality gap into a share of the points' mean square.
func certificate(s *simplexls.Solution, what string) (float64, error) {
	if s.MeanSquare == 0 {
		return 0, nil
	}
	if !s.Converged {
		return 0, notConverged(what, s.Gap/s.MeanSquare)
	}
	return s.Gap / s.MeanSquare, nil
}

func (w *workspace) meanTreated(rows []int) {
	_, t := w.p.Y.Dims()
	w.treated = grow(w.treated, t)
	clear(w.treated)
	for _, i := range rows {
		for s, v := range w.p.Y.RawRowView(i) {
			w.treated[s] += v
		}
	}
	for s := range w.treated {
		w.treated[s] /= float64(len(rows))
	}
}

// tau is the double difference with the solved weights; 0 without treated periods.
func (w *workspace) tau(d panel.Design, o Options) float64 {
	if d.Start == len(w.treated) {
		return 0
	}
	v := w.contrast(w.treated, d.Start, o)
	for k, i := range d.Donors {
		if weight := w.omega.Weights[k]; weight != 0 {
			v -= weight * w.contrast(w.p.Y.RawRowView(i), d.Start, o)
		}
	}
	return v
}

// contrast is the mean after treatment minus the λ-weighted mean before.
func (w *workspace) contrast(row []float64, start int, o Options) float64 {
	v := mean(row[start:])
	if o.Method != SC {
		for s, l := range w.lambda.Weights {
			v -= l * row[s]
		}
	}
	return v
}

func (w *workspace) gaps(d panel.Design, o Options) []float64 {
	g := append([]float64(nil), w.treated...)
	for k, i := range d.Donors {
		if weight := w.omega.Weights[k]; weight != 0 {
			for s, v := range w.p.Y.RawRowView(i) {
				g[s] -= weight * v
			}
		}
	}
	if o.Method != SC {
		var level float64
		for s, l := range w.lambda.Weights {
			level += l * g[s]
		}
		for s := range g {
			g[s] -= level
		}
	}
	return g
}

func equal(v []float64, n int) []float64 {
	v = grow(v, n)
	for i := range v {
		v[i] = 1 / float64(n)
	}
	return v
}

// mean has four sums, since one waits for itself in every addition.
func mean(v []float64) float64 {
	var s0, s1, s2, s3 float64
	rest := v
	for len(rest) >= 4 {
		s0 += rest[0]
		s1 += rest[1]
		s2 += rest[2]
		s3 += rest[3]
		rest = rest[4:]
	}
	for _, x := range rest {
		s0 += x
	}
	return ((s0 + s1) + (s2 + s3)) / float64(len(v))
}

func centre(v []float64) {
	m := mean(v)
	for i := range v {
		v[i] -= m
	}
}

func grow(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n)
	}
	return v[:n]
}
