package synth

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

// Pooling says how several treated units of one start are estimated.
type Pooling int

const (
	// Each fits every treated unit by itself and averages the gaps.
	Each Pooling = iota
	// Aggregate fits the weighted mean of the treated series as one unit whose size
	// is the sum of theirs. With rates and weights by population it is the rate of
	// the area they make up together: the least noise.
	Aggregate
	// Block fits the plain mean of the treated series.
	Block
	// PartiallyPooled trades the fit of every unit for the fit of their mean
	// (Ben-Michael, Feller & Rothstein 2022, JRSS-B 84:351).
	PartiallyPooled
)

// Several is a Spec for several treated units.
type Several struct {
	Spec    Spec
	Pooling Pooling
	// Weights of the treated units in the order of Design.Treated; nil for equal
	// ones. Block takes none, and PartiallyPooled uses them for the mean whose fit
	// is pooled.
	Weights []float64
	// Nu is the share given to the pooled fit, 0 to 1; with NuFixed false it is
	// chosen as q_pool/q_sep of the separate fits.
	Nu      float64
	NuFixed bool
}

// SeveralResult is the pooled effect with what it is made of.
type SeveralResult struct {
	// ATT and Gaps are the weighted mean over treated units.
	ATT                 float64
	Gaps                []float64
	PreRMSPE, PostRMSPE float64
	// Units are the fits of the treated units in order: one for Aggregate and Block.
	Units []*Result
	// Weights are those of Units.
	Weights []float64
	// Nu is the one used; Separate and Pooled are q_sep and q_pool, root mean
	// squares of the pre-period gap of the units and of their mean; Before are the
	// same of the separate fits. All 0 but for PartiallyPooled.
	Nu, Separate, Pooled         float64
	SeparateBefore, PooledBefore float64
	// Certificate is the duality gap of the joint problem, relative to its value at
	// the separate fits.
	Certificate float64
}

// partialTol is the relative duality gap at which the joint problem is solved.
const partialTol = 1e-9

// partialMost bounds the rounds through the treated units.
const partialMost = 20_000

// Fit estimates all treated units of the design.
func (s Several) Fit(p *panel.Panel, d panel.Design) (*SeveralResult, error) {
	if err := d.Check(p); err != nil {
		return nil, err
	}
	w, err := s.weights(len(d.Treated))
	if err != nil {
		return nil, err
	}
	switch s.Pooling {
	case Each:
		return s.each(p, d, w)
	case Aggregate:
		q, one := Together(p, d, w)
		return s.single(q, one)
	case Block:
		return s.single(p, d)
	case PartiallyPooled:
		return s.partial(p, d, w)
	}
	return nil, fmt.Errorf("%w: unknown pooling %d", ErrSpec, int(s.Pooling))
}

// Estimator is Fit in the form inference calls. Donor weights are the mean over the
// treated.
func (s Several) Estimator() panel.Estimator {
	return func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
		if len(d.Treated) == 1 {
			s.Weights = nil
		}
		r, err := s.Fit(p, d)
		if err != nil {
			return panel.Estimate{}, err
		}
		e := panel.Estimate{ATT: r.ATT, Gaps: r.Gaps, PreRMSPE: r.PreRMSPE, PostRMSPE: r.PostRMSPE, Weights: make([]float64, len(d.Donors))}
		for k, u := range r.Units {
			for j, v := range u.Weights {
				e.Weights[j] += r.Weights[k] * v
			}
		}
		return e, nil
	}
}

func (s Several) weights(n int) ([]float64, error) {
	out := make([]float64, n)
	if s.Weights == nil {
		for k := range out {
			out[k] = 1 / float64(n)
		}
		return out, nil
	}
	if len(s.Weights) != n {
		return nil, fmt.Errorf("%w: %d weights for %d treated units", ErrSpec, len(s.Weights), n)
	}
	var sum float64
	for k, w := range s.Weights {
		if !(w > 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("%w: weight %g of treated unit %d, want above 0", ErrSpec, w, k)
		}
		sum += w
	}
	for k, w := range s.Weights {
		out[k] = w / sum
	}
	return out, nil
}

// Together returns the panel with one more row, the weighted mean of the treated,
// whose size is the sum of theirs, and the design that treats it. Weights sum to one.
func Together(p *panel.Panel, d panel.Design, weights []float64) (*panel.Panel, panel.Design) {
	q := *p
	q.Units = append(append([]string(nil), p.Units...), "treated together")
	q.Y = withMean(p.Y, d.Treated, weights)
	if p.Covariates != nil {
		q.Covariates = make(map[string]*mat.Dense, len(p.Covariates))
		for name, c := range p.Covariates {
			q.Covariates[name] = withMean(c, d.Treated, weights)
		}
	}
	if p.Size != nil {
		var sum float64
		for _, i := range d.Treated {
			sum += p.Size[i]
		}
		q.Size = append(append([]float64(nil), p.Size...), sum)
	}
	return &q, panel.Design{Treated: []int{len(p.Units)}, Donors: d.Donors, Start: d.Start}
}

func withMean(m *mat.Dense, rows []int, weights []float64) *mat.Dense {
	n, t := m.Dims()
	out := mat.NewDense(n+1, t, nil)
	out.Slice(0, n, 0, t).(*mat.Dense).Copy(m)
	last := out.RawRowView(n)
	for k, i := range rows {
		for c, v := range m.RawRowView(i) {
			last[c] += weights[k] * v
		}
	}
	return out
}

func (s Several) single(p *panel.Panel, d panel.Design) (*SeveralResult, error) {
	r, err := s.Spec.Fit(p, d)
	if err != nil {
		return nil, err
	}
	out := &SeveralResult{Units: []*Result{r}, Weights: []float64{1}}
	out.pool(d)
	return out, nil
}

func (s Several) each(p *panel.Panel, d panel.Design, w []float64) (*SeveralResult, error) {
	out := &SeveralResult{Weights: w}
	for _, i := range d.Treated {
		r, err := s.Spec.Fit(p, panel.Design{Treated: []int{i}, Donors: d.Donors, Start: d.Start})
		if err != nil {
			return nil, fmt.Errorf("unit %q: %w", p.Units[i], err)
		}
		out.Units = append(out.Units, r)
	}
	out.pool(d)
	return out, nil
}

// pool averages the gaps of the units.
func (r *SeveralResult) pool(d panel.Design) {
	r.Gaps = make([]float64, len(r.Units[0].Gaps))
	for k, u := range r.Units {
		for c, g := range u.Gaps {
			r.Gaps[c] += r.Weights[k] * g
		}
	}
	columns := r.Units[0].columns
	var q float64
	for _, c := range columns {
		q += r.Gaps[c] * r.Gaps[c]
	}
	r.PreRMSPE = math.Sqrt(q / float64(len(columns)))
	r.ATT = panel.MeanGap(r.Gaps, d.Start, len(r.Gaps))
	r.PostRMSPE = panel.RMSPE(r.Gaps, d.Start, len(r.Gaps))
}

// partial minimises, over one weight vector γ_k on the simplex for every treated
// unit, with the window's gaps e_k = X_k − X₀γ_k, L periods and G units,
//
//	ν·‖Σ_k w_k e_k‖²/(L·q̃_pool²) + (1 − ν)·Σ_k w_k‖e_k‖²/(L·q̃_sep²)
//
// with q̃ the values of the separate fits, so that ν is free of units. With the others
// fixed, a unit's part is an ordinary simplex problem with a moved target, solved
// exactly. Rounds through the units end at the joint minimum; the certificate is the
// sum of the units' duality gaps.
func (s Several) partial(p *panel.Panel, d panel.Design, w []float64) (*SeveralResult, error) {
	if m := s.Spec.Method; m != OutcomeOnly && m != Demeaned {
		return nil, fmt.Errorf("%w: partial pooling fits outcomes: use %s or %s, not %s", ErrSpec, OutcomeOnly, Demeaned, m)
	}
	if s.NuFixed && !(s.Nu >= 0 && s.Nu <= 1) {
		return nil, fmt.Errorf("%w: nu %g, want 0 to 1", ErrSpec, s.Nu)
	}
	separate, err := s.each(p, d, w)
	if err != nil {
		return nil, err
	}
	j := newJoint(p, d, separate, w, s.Spec.Method == Demeaned)
	out := &SeveralResult{Units: separate.Units, Weights: w, Nu: s.Nu}
	out.SeparateBefore, out.PooledBefore = j.norms()
	if !s.NuFixed && out.SeparateBefore > 0 {
		out.Nu = min(1, out.PooledBefore/out.SeparateBefore)
	}
	if out.Nu > 0 && out.PooledBefore > 1e-12*out.SeparateBefore {
		if out.Certificate, err = j.solve(out.Nu, out.SeparateBefore, out.PooledBefore); err != nil {
			return nil, err
		}
		for k, u := range out.Units {
			fresh := &Result{Method: u.Method, columns: u.columns, Weights: j.solutions[k].Weights, Certificate: j.solutions[k].Gap}
			one := panel.Design{Treated: d.Treated[k : k+1], Donors: d.Donors, Start: d.Start}
			fresh.measure(p, one)
			fresh.judge(p, one)
			out.Units[k] = fresh
		}
	}
	out.Separate, out.Pooled = j.norms()
	out.pool(d)
	return out, nil
}

// joint is the state of the partially pooled problem.
type joint struct {
	n, l      int
	w         []float64
	x         []float64   // Donors n×l.
	targets   [][]float64 // X_k.
	gaps      [][]float64 // e_k.
	mean      []float64   // Σ w_k e_k.
	solvers   []simplexls.Solver
	solutions []simplexls.Solution
}

func newJoint(p *panel.Panel, d panel.Design, fits *SeveralResult, w []float64, demeaned bool) *joint {
	j := &joint{n: len(d.Donors), w: w, solvers: make([]simplexls.Solver, len(w)), solutions: make([]simplexls.Solution, len(w))}
	for k := range w {
		x, y := outcomeRows(p, panel.Design{Treated: d.Treated[k : k+1], Donors: d.Donors, Start: d.Start}, fits.Units[k].columns)
		if demeaned {
			centre(x, y)
		}
		j.x, j.l = x, len(y)
		j.targets = append(j.targets, y)
		j.solutions[k].Weights = append([]float64(nil), fits.Units[k].Weights...)
		j.gaps = append(j.gaps, make([]float64, len(y)))
		j.residual(k)
	}
	j.mean = make([]float64, j.l)
	j.pool()
	return j
}

func (j *joint) residual(k int) {
	copy(j.gaps[k], j.targets[k])
	for a, v := range j.solutions[k].Weights {
		if v != 0 {
			for i, x := range j.x[a*j.l : (a+1)*j.l] {
				j.gaps[k][i] -= v * x
			}
		}
	}
}

func (j *joint) pool() {
	clear(j.mean)
	for k, e := range j.gaps {
		for i, v := range e {
			j.mean[i] += j.w[k] * v
		}
	}
}

// norms are q_sep and q_pool.
func (j *joint) norms() (separate, pooled float64) {
	for k, e := range j.gaps {
		for _, v := range e {
			separate += j.w[k] * v * v / float64(j.l)
		}
	}
	for _, v := range j.mean {
		pooled += v * v / float64(j.l)
	}
	return math.Sqrt(separate), math.Sqrt(pooled)
}

// solve goes through the units until the duality gap closes, and returns it.
func (j *joint) solve(nu, separate, pooled float64) (float64, error) {
	l := float64(j.l)
	a, b := nu/(l*pooled*pooled), 0.0
	if separate > 0 {
		b = (1 - nu) / (l * separate * separate)
	}
	target := make([]float64, j.l)
	for range partialMost {
		for k, w := range j.w {
			// f = A‖m + w(X_k − X₀γ)‖² + B·w‖X_k − X₀γ‖², m the others' part of the mean:
			// the target is X_k + m·Aw/(Aw² + Bw).
			by := a * w / (a*w*w + b*w)
			for i, e := range j.gaps[k] {
				target[i] = j.targets[k][i] + by*(j.mean[i]-w*e)
			}
			if err := j.solvers[k].SolveWarm(simplexls.Problem{N: j.n, M: j.l, X: j.x, Y: target}, &j.solutions[k]); err != nil {
				return 0, err
			}
			j.residual(k)
			j.pool()
		}
		// The objective was 1 at the separate fits.
		if gap := j.gap(a, b); gap <= partialTol {
			return gap, nil
		}
	}
	return 0, fmt.Errorf("%w: partially pooled weights, duality gap %.3g after %d rounds", ErrNotConverged, j.gap(a, b), partialMost)
}

// gap is Σ_k (γ_kᵀ∇_k − min ∇_k).
func (j *joint) gap(a, b float64) float64 {
	var gap float64
	for k, w := range j.w {
		var own float64
		low := math.Inf(1)
		for c, v := range j.solutions[k].Weights {
			var g float64
			for i, x := range j.x[c*j.l : (c+1)*j.l] {
				g -= 2 * x * (a*w*j.mean[i] + b*w*j.gaps[k][i])
			}
			own += v * g
			low = min(low, g)
		}
		gap += own - low
	}
	return gap
}
