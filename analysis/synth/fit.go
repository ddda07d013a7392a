package synth

import (
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

// Flag is something a reader must know before believing a fit.
type Flag string

const (
	// NonUnique: other weights fit exactly as well, so the weights mean nothing.
	NonUnique Flag = "non-unique"
	// OverFit: the pre-period gap is smaller than the noise of the units involved
	// allows; the fit has followed noise and says nothing about the future.
	OverFit Flag = "over-fit"
	// BadFit: the pre-period gap is larger than noise can explain.
	BadFit Flag = "bad-fit"
	// LevelMiss: the fit is bad for want of an intercept only: a demeaned synthetic
	// control or synthetic difference-in-differences fits.
	LevelMiss Flag = "level-miss"
	// Extrapolates: some weights are negative.
	Extrapolates Flag = "extrapolates"
	// DroppedPredictor: a predictor has no period before the start.
	DroppedPredictor Flag = "dropped-predictor"
)

// perfectTol is the pre-period gap, relative to the treated series, below which
// the outcome is reproduced to working precision.
const perfectTol = 1e-10

// badFitLevel is the tail of the χ² test behind BadFit: under a correct model
// one fit in a thousand is called bad.
const badFitLevel = 0.001

// Balance is one row of the balance table, in the predictor's own units.
type Balance struct {
	Name                          string
	Treated, Synthetic, DonorMean float64
	// SD is the standard deviation (n−1) over treated and donors.
	SD float64
}

// Result is a fitted synthetic control.
type Result struct {
	Method Method
	// Weights are the donor weights in the order of Design.Donors.
	Weights []float64
	// Intercept is a of the demeaned method, 0 elsewhere.
	Intercept float64
	// V are the weights of the predictors in use, summing to one; nil without.
	V []float64
	// VLoss is the outer loss of V: mean squared gap over the window V was chosen
	// on (the training window if there is one).
	VLoss float64
	// Lambda is the penalty or ridge used.
	Lambda float64
	// Observed, Counterfactual and Gaps cover every column of the panel.
	Observed, Counterfactual, Gaps []float64
	// ATT is the mean gap from Start on.
	ATT float64
	// PreRMSPE is taken over the fit window, PreAllRMSPE over all pre-periods,
	// PostRMSPE from Start on.
	PreRMSPE, PreAllRMSPE, PostRMSPE float64
	// Ratio is PostRMSPE/PreRMSPE; 0 with PerfectFit set where it is not defined.
	Ratio float64
	// NormalisedRMSPE is PreRMSPE over the standard deviation of the treated
	// series in the fit window; 0 when the series is constant.
	NormalisedRMSPE float64
	// Noise is the standard deviation the gap would have if the weights had been
	// chosen without looking at the noise; 0 when it cannot be estimated.
	Noise float64
	// Certificate is the duality gap of the inner problem: no other weights can
	// lower its objective by more.
	Certificate float64
	// Support counts donors with a weight, NegativeWeight sums those below zero.
	Support        int
	NegativeWeight float64
	// PerfectFit says that the outcome of the fit window is reproduced to working
	// precision.
	PerfectFit bool
	Flags      []Flag
	Balance    []Balance
	Dropped    []string

	columns []int
}

// Has reports whether the fit carries the flag.
func (r *Result) Has(f Flag) bool {
	for _, g := range r.Flags {
		if g == f {
			return true
		}
	}
	return false
}

// Estimate is the part inference needs.
func (r *Result) Estimate() panel.Estimate {
	return panel.Estimate{ATT: r.ATT, Gaps: r.Gaps, PreRMSPE: r.PreRMSPE, PostRMSPE: r.PostRMSPE, Weights: r.Weights}
}

// Estimator returns the specification as a function of panel and design. Flags
// that need a model of the noise are not computed.
func (s Spec) Estimator() panel.Estimator {
	return func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
		r, err := s.fit(p, d)
		if err != nil {
			return panel.Estimate{}, err
		}
		return r.Estimate(), nil
	}
}

// EstimatorFor is Estimator, for use on p with d or with some of its donors: work
// that such designs share is done once, when it is first called for. It keeps p, which
// must not change.
func (s Spec) EstimatorFor(p *panel.Panel, d panel.Design) panel.Estimator {
	if !s.sharesFolds() || len(d.Donors) < 2 {
		return s.Estimator()
	}
	known := sync.OnceValue(func() *penaltyFolds {
		cols, err := window(p, d, s.FitWindow)
		if err != nil {
			return nil // The fit itself will say so.
		}
		f, err := s.folds(p, d, cols, nil)
		if err != nil {
			return nil
		}
		return f
	})
	return func(q *panel.Panel, e panel.Design) (panel.Estimate, error) {
		t := s
		if q == p && e.Start == d.Start {
			t.known = known()
		}
		return t.Estimator()(q, e)
	}
}

// Fit estimates the design. Several treated rows are one block: their mean is
// the treated series.
func (s Spec) Fit(p *panel.Panel, d panel.Design) (*Result, error) {
	r, err := s.fit(p, d)
	if err != nil {
		return nil, err
	}
	r.judge(p, d)
	return r, nil
}

func (s Spec) fit(p *panel.Panel, d panel.Design) (*Result, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := d.Check(p); err != nil {
		return nil, err
	}
	cols, err := window(p, d, s.FitWindow)
	if err != nil {
		return nil, err
	}
	r := &Result{Method: s.Method, columns: cols}
	switch s.Method {
	case Classic:
		err = s.classic(p, d, r)
	case OutcomeOnly, Demeaned:
		err = s.outcome(p, d, r)
	case Penalised:
		err = s.penalised(p, d, r)
	case RidgeAugmented:
		err = s.ridge(p, d, r)
	case Robust:
		err = s.robust(p, d, r)
	}
	if err != nil {
		return nil, err
	}
	r.measure(p, d)
	return r, nil
}

// outcome fits the outcomes of the window, with an intercept when demeaned.
func (s Spec) outcome(p *panel.Panel, d panel.Design, r *Result) error {
	x, y := outcomeRows(p, d, r.columns)
	if s.Method == Demeaned {
		centre(x, y)
	}
	return r.simplex(simplexls.Problem{N: len(d.Donors), M: len(y), X: x, Y: y})
}

// solvers keeps the workspaces of inner problems between fits: inference makes
// thousands of the same dimensions. A cold Solve does not depend on what was before.
var solvers = sync.Pool{New: func() any { return new(workspace) }}

type workspace struct {
	solver simplexls.Solver
	sol    simplexls.Solution
}

// simplex solves the inner problem into the result.
func (r *Result) simplex(prob simplexls.Problem) error {
	w := solvers.Get().(*workspace)
	defer solvers.Put(w)
	if err := w.solver.Solve(prob, &w.sol); err != nil {
		return err
	}
	return r.adopt(&w.sol)
}

func (r *Result) adopt(sol *simplexls.Solution) error {
	if !sol.Converged {
		return fmt.Errorf("%w: duality gap %g at objective %g", ErrNotConverged, sol.Gap, sol.Objective)
	}
	r.Weights = append([]float64(nil), sol.Weights...)
	r.Certificate = sol.Gap
	if sol.NonUnique {
		r.Flags = append(r.Flags, NonUnique)
	}
	return nil
}

// classic chooses V, on the training side if there is one, and solves for w.
func (s Spec) classic(p *panel.Panel, d panel.Design, r *Result) error {
	main, dropped, err := predictorRows(p, d, s.Predictors, s.Scale)
	if err != nil {
		return err
	}
	r.drop(dropped)
	x, x1 := main.scaled()
	z, z1 := outcomeRows(p, d, r.columns)
	search := newSearcher(x, x1, z, z1)
	switch {
	case s.Rule != VOptimise:
		r.V = s.chosenV(main)
	case s.Train != nil:
		if r.V, r.VLoss, err = s.trainV(p, d, main); err != nil {
			return err
		}
	default:
		r.V = search.optimise()
	}
	loss := search.certified(r.V)
	if s.Train == nil {
		r.VLoss = loss
	}
	if err := r.adopt(&search.sol); err != nil {
		return err
	}
	r.balance(main)
	return nil
}

// chosenV is V of the rules that need no search, for the rows in use.
func (s Spec) chosenV(rows *rows) []float64 {
	v := make([]float64, rows.k())
	for a := range v {
		switch {
		case s.Rule == VFixed:
			v[a] = s.V[rows.index[a]]
		case s.Rule == VInverseVariance && rows.sd[a] > 0:
			ratio := rows.scale[a] / rows.sd[a]
			v[a] = ratio * ratio
		case s.Rule == VInverseVariance:
			v[a] = 0
		default:
			v[a] = 1
		}
	}
	var sum float64
	for _, x := range v {
		sum += x
	}
	for a := range v {
		if sum > 0 {
			v[a] /= sum
		} else {
			v[a] = 1 / float64(len(v))
		}
	}
	return v
}

// trainV optimises V on the training predictors and window, and returns it for
// the predictors in use with its training loss.
func (s Spec) trainV(p *panel.Panel, d panel.Design, main *rows) ([]float64, float64, error) {
	list := make([]Predictor, main.k())
	for a, k := range main.index {
		list[a] = s.Train.Predictors[k]
	}
	train, dropped, err := predictorRows(p, d, list, s.Scale)
	if err != nil {
		return nil, 0, fmt.Errorf("training: %w", err)
	}
	if len(dropped) > 0 {
		return nil, 0, fmt.Errorf("training: %w: %q has no period before the start", ErrPredictor, dropped[0])
	}
	cols, err := window(p, d, s.Train.FitWindow)
	if err != nil {
		return nil, 0, fmt.Errorf("training: %w", err)
	}
	x, x1 := train.scaled()
	z, z1 := outcomeRows(p, d, cols)
	search := newSearcher(x, x1, z, z1)
	v := search.optimise()
	return v, search.lossV(v), nil
}

func (r *Result) drop(names []string) {
	r.Dropped = names
	if len(names) > 0 {
		r.Flags = append(r.Flags, DroppedPredictor)
	}
}

func (r *Result) balance(rows *rows) {
	k := rows.k()
	n := float64(len(r.Weights))
	for a := range k {
		b := Balance{Name: rows.names[a], Treated: rows.treated[a], SD: rows.sd[a]}
		for j, w := range r.Weights {
			b.Synthetic += w * rows.donors[j*k+a]
			b.DonorMean += rows.donors[j*k+a] / n
		}
		r.Balance = append(r.Balance, b)
	}
}

// measure fills counterfactual, gaps and their summaries from the weights.
func (r *Result) measure(p *panel.Panel, d panel.Design) {
	t := len(p.Times)
	all := make([]int, t)
	for c := range all {
		all[c] = c
	}
	x, y := outcomeRows(p, d, all)
	r.Observed = y
	r.Counterfactual = make([]float64, t)
	for j, w := range r.Weights {
		if w != 0 {
			r.Support++
			r.NegativeWeight += min(w, 0)
			for c, v := range x[j*t : (j+1)*t] {
				r.Counterfactual[c] += w * v
			}
		}
	}
	if r.NegativeWeight < 0 {
		r.Flags = append(r.Flags, Extrapolates)
	}
	if r.Method == Demeaned {
		for _, c := range r.columns {
			r.Intercept += (y[c] - r.Counterfactual[c]) / float64(len(r.columns))
		}
	}
	r.Gaps = make([]float64, t)
	for c := range r.Gaps {
		r.Counterfactual[c] += r.Intercept
		r.Gaps[c] = y[c] - r.Counterfactual[c]
	}
	r.ATT = panel.MeanGap(r.Gaps, d.Start, t)
	r.PreAllRMSPE = panel.RMSPE(r.Gaps, 0, d.Start)
	r.PostRMSPE = panel.RMSPE(r.Gaps, d.Start, t)
	var q, sum, squares, largest float64
	for _, c := range r.columns {
		q += r.Gaps[c] * r.Gaps[c]
		sum += y[c]
		largest = max(largest, math.Abs(y[c]))
	}
	l := float64(len(r.columns))
	for _, c := range r.columns {
		squares += (y[c] - sum/l) * (y[c] - sum/l)
	}
	r.PreRMSPE = math.Sqrt(q / l)
	r.PerfectFit = r.PreRMSPE <= perfectTol*largest
	if squares > 0 && l > 1 {
		r.NormalisedRMSPE = r.PreRMSPE / math.Sqrt(squares/(l-1))
	}
	if r.PreRMSPE > 0 && !r.PerfectFit {
		r.Ratio = r.PostRMSPE / r.PreRMSPE
	}
}

// judge compares the pre-period gap with the noise of the units it is made of
// and sets the over-fit, bad-fit and level flags.
func (r *Result) judge(p *panel.Panel, d panel.Design) {
	if r.PerfectFit {
		r.Flags = append(r.Flags, OverFit)
	}
	units := append(append([]int(nil), d.Treated...), d.Donors...)
	sigma, ok := NoiseScale(p, units, r.columns)
	if !ok {
		return
	}
	r.Noise = r.noise(d, sigma)
	switch {
	case r.PreRMSPE < r.Noise && !r.PerfectFit:
		r.Flags = append(r.Flags, OverFit)
	case r.bad():
		r.Flags = append(r.Flags, BadFit)
		if r.Method != Demeaned && r.levelMiss(p, d, sigma) {
			r.Flags = append(r.Flags, LevelMiss)
		}
	}
}

// noise is the standard deviation of the gap under weights that know nothing of
// the noise, from the standard deviations of treated and donors.
func (r *Result) noise(d panel.Design, sigma []float64) float64 {
	g := float64(len(d.Treated))
	var variance float64
	for _, v := range sigma[:len(d.Treated)] {
		variance += v * v / (g * g)
	}
	for j, w := range r.Weights {
		v := w * sigma[len(d.Treated)+j]
		variance += v * v
	}
	return math.Sqrt(variance)
}

// bad says that the pre-period gap is beyond what noise explains, by a χ² test.
func (r *Result) bad() bool {
	l := float64(len(r.columns))
	limit := distuv.ChiSquared{K: l}.Quantile(1-badFitLevel) * r.Noise * r.Noise
	return l*r.PreRMSPE*r.PreRMSPE > limit
}

// levelMiss says that the same window is fitted well with an intercept.
func (r *Result) levelMiss(p *panel.Panel, d panel.Design, sigma []float64) bool {
	free := &Result{Method: Demeaned, columns: r.columns}
	if err := (Spec{Method: Demeaned}).outcome(p, d, free); err != nil {
		return false
	}
	free.measure(p, d)
	free.Noise = free.noise(d, sigma)
	return !free.bad()
}
