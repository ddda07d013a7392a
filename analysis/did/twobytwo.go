package did

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

const (
	// maxScore is the propensity from which overlap is denied, as in the R package did.
	maxScore = 0.999
	// maxCond is the condition number of standardised covariates' cross products
	// above which they are called collinear.
	maxCond   = 1e12
	logitStep = 100
	logitTol  = 1e-10
)

// nuisance is a fitted first step: a value per unit and its influence on the
// coefficients, n × k.
type nuisance struct {
	value     []float64
	influence *mat.Dense
}

// twoByTwo is the effect on the group (d = 1) from changes dy and its influence
// function, after Sant'Anna & Zhao (2020) as in the R package DRDID
// (reg_did_panel, std_ipw_did_panel, drdid_panel).
func twoByTwo(a Adjustment, dy, d []float64, x *mat.Dense) (float64, []float64, error) {
	n := len(dy)
	regression := nuisance{value: make([]float64, n)}
	odds := make([]float64, n)
	for i, v := range d {
		odds[i] = 1 - v
	}
	var score nuisance
	var err error
	if a != InverseProbability {
		if regression, err = outcomeRegression(dy, d, x); err != nil {
			return 0, nil, err
		}
	}
	if a != OutcomeRegression {
		if score, err = propensity(d, x); err != nil {
			return 0, nil, err
		}
		for i, v := range score.value {
			odds[i] = (1 - d[i]) * v / (1 - v)
		}
	}
	residual := make([]float64, n)
	for i := range dy {
		residual[i] = dy[i] - regression.value[i]
	}
	if a == OutcomeRegression {
		return regressionEffect(dy, d, regression, x)
	}
	treated, control := weighted(residual, d), weighted(residual, odds)
	mt, mc := mean(d), mean(odds)
	inf := make([]float64, n)
	for i := range inf {
		inf[i] = d[i]*(residual[i]-treated)/mt - odds[i]*(residual[i]-control)/mc
	}
	// Estimation of the score moves the controls' weights.
	slope := make([]float64, n)
	for i := range slope {
		slope[i] = odds[i] * (residual[i] - control)
	}
	carry(inf, score.influence, columnMeans(slope, x), -1/mc)
	if a == DoublyRobust {
		carry(inf, regression.influence, columnMeans(d, x), -1/mt)
		carry(inf, regression.influence, columnMeans(odds, x), 1/mc)
	}
	return treated - control, inf, nil
}

func regressionEffect(dy, d []float64, fit nuisance, x *mat.Dense) (float64, []float64, error) {
	treated, control, m := weighted(dy, d), weighted(fit.value, d), mean(d)
	inf := make([]float64, len(dy))
	for i := range inf {
		inf[i] = d[i] * (dy[i] - treated - (fit.value[i] - control)) / m
	}
	carry(inf, fit.influence, columnMeans(d, x), -1/m)
	return treated - control, inf, nil
}

// outcomeRegression fits dy on x among controls.
func outcomeRegression(dy, d []float64, x *mat.Dense) (nuisance, error) {
	n, k := x.Dims()
	w := make([]float64, n)
	for i, v := range d {
		w[i] = 1 - v
	}
	inverse, err := crossInverse(w, x)
	if err != nil {
		return nuisance{}, err
	}
	xy := make([]float64, k)
	for i, y := range dy {
		for c := range k {
			xy[c] += w[i] * y * x.At(i, c)
		}
	}
	b := mat.NewVecDense(k, nil)
	b.MulVec(inverse, mat.NewVecDense(k, xy))
	fit := nuisance{value: make([]float64, n)}
	scores := mat.NewDense(n, k, nil)
	for i := range n {
		fit.value[i] = mat.Dot(x.RowView(i), b)
		for c := range k {
			scores.Set(i, c, w[i]*(dy[i]-fit.value[i])*x.At(i, c))
		}
	}
	fit.influence = influence(scores, inverse)
	return fit, nil
}

// propensity fits a logit of d on x by Newton's method.
func propensity(d []float64, x *mat.Dense) (nuisance, error) {
	n, k := x.Dims()
	b := mat.NewVecDense(k, nil)
	value, w := make([]float64, n), make([]float64, n)
	scores := mat.NewDense(n, k, nil)
	for range logitStep {
		for i := range n {
			value[i] = 1 / (1 + math.Exp(-mat.Dot(x.RowView(i), b)))
			w[i] = value[i] * (1 - value[i])
			for c := range k {
				scores.Set(i, c, (d[i]-value[i])*x.At(i, c))
			}
		}
		inverse, err := crossInverse(w, x)
		if err != nil {
			return nuisance{}, fmt.Errorf("%w: logit: %w", ErrOverlap, err)
		}
		gradient := mat.NewVecDense(k, nil)
		for i := range n {
			gradient.AddVec(gradient, scores.RowView(i))
		}
		var step mat.VecDense
		step.MulVec(inverse, gradient)
		if mat.Norm(&step, math.Inf(1)) <= logitTol {
			for i, v := range value {
				if v >= maxScore && d[i] == 0 {
					return nuisance{}, fmt.Errorf("%w: a control has propensity %.4f", ErrOverlap, v)
				}
			}
			return nuisance{value, influence(scores, inverse)}, nil
		}
		// A step beyond 5 standard deviations of the index overshoots.
		if s := mat.Norm(&step, math.Inf(1)); s > 5 {
			step.ScaleVec(5/s, &step)
		}
		b.AddVec(b, &step)
	}
	return nuisance{}, fmt.Errorf("%w: the logit does not converge", ErrOverlap)
}

// crossInverse is (Σ w x xᵀ)⁻¹.
func crossInverse(w []float64, x *mat.Dense) (*mat.SymDense, error) {
	n, k := x.Dims()
	cross := mat.NewSymDense(k, nil)
	for i := range n {
		if w[i] == 0 {
			continue
		}
		row := x.RawRowView(i)
		for a := range k {
			for b := a; b < k; b++ {
				cross.SetSym(a, b, cross.At(a, b)+w[i]*row[a]*row[b])
			}
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(cross) || chol.Cond() > maxCond {
		return nil, fmt.Errorf("%w: collinear among the units compared", ErrCovariate)
	}
	var inverse mat.SymDense
	if err := chol.InverseTo(&inverse); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCovariate, err)
	}
	return &inverse, nil
}

// influence is n·scores·inverse: each unit's pull on the coefficients.
func influence(scores *mat.Dense, inverse *mat.SymDense) *mat.Dense {
	n, _ := scores.Dims()
	var out mat.Dense
	out.Mul(scores, inverse)
	out.Scale(float64(n), &out)
	return &out
}

// carry adds factor·influence·slope to inf.
func carry(inf []float64, influence *mat.Dense, slope []float64, factor float64) {
	for i := range inf {
		for c, v := range slope {
			inf[i] += factor * influence.At(i, c) * v
		}
	}
}

func weighted(v, w []float64) float64 {
	var s, n float64
	for i, x := range v {
		s += w[i] * x
		n += w[i]
	}
	return s / n
}

// columnMeans is (1/n) Σ w x.
func columnMeans(w []float64, x *mat.Dense) []float64 {
	n, k := x.Dims()
	out := make([]float64, k)
	for i := range n {
		for c := range k {
			out[c] += w[i] * x.At(i, c) / float64(n)
		}
	}
	return out
}
