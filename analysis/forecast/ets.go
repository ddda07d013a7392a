package forecast

import (
	"errors"
	"fmt"
	"math"
)

// ErrShort reports a series with too few values for the model.
var ErrShort = errors.New("forecast: too few values")

// ErrInput reports a value, a parameter or a horizon that cannot be used.
var ErrInput = errors.New("forecast: bad input")

// Model is an exponential smoothing model without season.
type Model struct {
	Trend, Damped bool
	// Multiplicative says that errors are relative to the level; the series must
	// then be positive.
	Multiplicative bool
}

// The models used for yearly figures.
var (
	SES    = Model{}
	Holt   = Model{Trend: true}
	Damped = Model{Trend: true, Damped: true}
)

// Default returns the model for a series of n values: damped Holt from ten
// values, simple smoothing below.
func Default(n int) Model {
	if n >= 10 {
		return Damped
	}
	return SES
}

// parameters is how many parameters of the model are estimated from a series,
// the initial states included.
func (m Model) parameters() int {
	k := 1 + m.states()
	if m.Trend {
		k++
	}
	if m.Damped {
		k++
	}
	return k
}

// states is how many initial states the model has.
func (m Model) states() int {
	if m.Trend {
		return 2
	}
	return 1
}

// Params are the parameters of a model. Beta, Phi and Slope are not used
// without a trend; Phi is 1 without damping.
type Params struct {
	Alpha, Beta, Phi float64
	// Level and Slope are the states before the first value.
	Level, Slope float64
}

func (m Model) tidy(p Params) Params {
	if !m.Trend {
		p.Beta, p.Slope = 0, 0
	}
	if !m.Damped {
		p.Phi = 1
	}
	return p
}

// Fit is a model with its parameters, run through a series of n values.
type Fit struct {
	Model  Model
	Params Params
	// N is the number of values, Estimated the number of parameters that were
	// estimated from them.
	N, Estimated int
	// Fitted are the one-step means, Errors the one-step errors, length N.
	Fitted, Errors []float64
	// SSE is the sum of squared errors and Sigma2 = SSE/(N − k), k the number of
	// the model's parameters, given ones too, as R's forecast counts them.
	SSE, Sigma2 float64
	// LogLik is −n/2·log SSE (− Σ log|μ| for multiplicative errors), constants
	// left out as in R's forecast; AICc counts the estimated parameters and σ, and is
	// +Inf where there are no more values than one above their number.
	LogLik, AICc float64
	// level and slope are the states after the last value.
	level, slope float64
}

// With runs a model with given parameters through a series, estimated of which
// came from the series. It needs more values than the model has parameters.
func With(y []float64, m Model, p Params, estimated int) (*Fit, error) {
	p = m.tidy(p)
	for _, v := range []float64{p.Alpha, p.Beta, p.Phi, p.Level, p.Slope} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%w: parameters %+v", ErrInput, p)
		}
	}
	if err := check(y, m, m.parameters()); err != nil {
		return nil, err
	}
	f := &Fit{Model: m, Params: p, N: len(y), Estimated: estimated, Fitted: make([]float64, len(y)), Errors: make([]float64, len(y))}
	f.level, f.slope = run(y, m, p, f.Fitted, f.Errors)
	logs := 0.0
	for i, e := range f.Errors {
		f.SSE += e * e
		if m.Multiplicative {
			logs += math.Log(math.Abs(f.Fitted[i]))
		}
	}
	if math.IsNaN(f.SSE) || math.IsInf(f.SSE, 0) || math.IsNaN(logs) {
		return nil, fmt.Errorf("%w: the recursion leaves the numbers with parameters %+v", ErrInput, p)
	}
	n, k := float64(f.N), float64(estimated+1)
	f.Sigma2 = f.SSE / (n - float64(m.parameters()))
	// A series the model follows without error has no finite likelihood; the
	// smallest number stands in for its sum of squares.
	f.LogLik = -n/2*math.Log(max(f.SSE, math.SmallestNonzeroFloat64)) - logs
	f.AICc = math.Inf(1)
	if n > k+1 {
		f.AICc = -2*f.LogLik + 2*k + 2*k*(k+1)/(n-k-1)
	}
	return f, nil
}

func check(y []float64, m Model, parameters int) error {
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: value %d is not a number", ErrInput, i)
		}
		if m.Multiplicative && v <= 0 {
			return fmt.Errorf("%w: value %d is not positive, as multiplicative errors need", ErrInput, i)
		}
	}
	if len(y) <= max(parameters, 1) {
		return fmt.Errorf("%w: %d for a model with %d parameters", ErrShort, len(y), parameters)
	}
	return nil
}

// run writes one-step means and errors to fitted and errs and returns the
// states after the last value.
func run(y []float64, m Model, p Params, fitted, errs []float64) (level, slope float64) {
	level, slope = p.Level, p.Slope
	for t, v := range y {
		mu := level + p.Phi*slope
		e, step := v-mu, v-mu
		if m.Multiplicative {
			e = (v - mu) / mu
		}
		level, slope = mu+p.Alpha*step, p.Phi*slope+p.Beta*step
		fitted[t], errs[t] = mu, e
	}
	return level, slope
}

// Predict returns the forecasts 1 to h steps ahead.
func (f *Fit) Predict(h int) []Point {
	p := f.Params
	out := make([]Point, max(h, 0))
	// damp is φ_j; tail the sum of squared weights of errors j = 1 … h−1 (times
	// the squared means, for multiplicative errors).
	mean, c := make([]float64, len(out)), make([]float64, len(out))
	damp, power := 0.0, 1.0
	for i := range out {
		power *= p.Phi
		damp += power
		mean[i] = f.level + damp*f.slope
		c[i] = p.Alpha + p.Beta*damp
	}
	// Means are taken in units of the largest, whose square may not be a number.
	theta, unit := make([]float64, len(out)), 1.0
	if f.Model.Multiplicative {
		unit = 0
		for _, m := range mean {
			unit = max(unit, math.Abs(m))
		}
	}
	for i := range out {
		tail := 0.0
		for j := range i {
			if f.Model.Multiplicative {
				tail += c[j] * c[j] * theta[i-1-j]
			} else {
				tail += c[j] * c[j]
			}
		}
		variance := f.Sigma2 * (1 + tail)
		if f.Model.Multiplicative && unit > 0 {
			// Hyndman et al. (2008), class 2: θ_h = μ_h² + σ² Σ c_j² θ_{h−j},
			// variance (1 + σ²)θ_h − μ_h².
			m := mean[i] / unit
			theta[i] = m*m + f.Sigma2*tail
			variance = (1+f.Sigma2)*theta[i] - m*m
		}
		out[i] = Point{Mean: mean[i], SD: unit * math.Sqrt(max(variance, 0))}
	}
	return out
}
