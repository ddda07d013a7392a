package forecast

import (
	"fmt"
	"math"
)

// Method is one way of forecasting h steps from a series.
type Method struct {
	Name     string
	Forecast func(y []float64, h int) ([]Point, error)
}

// Methods are the ways that are laid side by side, the default model first.
func Methods() []Method {
	return []Method{
		{"damped", estimated(Damped)},
		{"ses", estimated(SES)},
		{"naive", Naive},
		{"linear", Linear},
	}
}

func estimated(m Model) func([]float64, int) ([]Point, error) {
	return func(y []float64, h int) ([]Point, error) {
		f, err := Estimate(y, m)
		if err != nil {
			return nil, err
		}
		return f.Predict(h), nil
	}
}

// Score is how a method did on a series, forecast again and again from a
// growing past.
type Score struct {
	Method string
	// Horizon is the number of steps ahead, Origins the number of forecasts.
	Horizon, Origins int
	// MASE is the mean absolute error over the mean absolute yearly change of the
	// whole series: below 1, better than the last value does one step ahead.
	// Undefined says that the series never changes, so that there is no scale.
	MASE      float64
	Undefined bool
	// Covered is how many of the true values lay inside the 95 % interval.
	Covered int
}

// Roll scores a method at horizons 1 to h over every origin that leaves it at
// least train values. Horizons no origin reaches are left out. It returns the
// method's own error, ErrShort mostly, if it fails at an origin.
func Roll(y []float64, m Method, h, train int) ([]Score, error) {
	if h < 1 || train < 1 {
		return nil, fmt.Errorf("%w: horizon %d, %d training values", ErrInput, h, train)
	}
	scale := 0.0
	for t := 1; t < len(y); t++ {
		scale += math.Abs(y[t] - y[t-1])
	}
	scale /= float64(max(len(y)-1, 1))
	scores := make([]Score, h)
	sums := make([]float64, h)
	for n := train; n < len(y); n++ {
		points, err := m.Forecast(y[:n], h)
		if err != nil {
			return nil, fmt.Errorf("%s from %d values: %w", m.Name, n, err)
		}
		for i := 0; i < h && n+i < len(y); i++ {
			truth := y[n+i]
			lower, upper, _ := points[i].Interval(0.95) // 0.95 is a level.
			sums[i] += math.Abs(truth - points[i].Mean)
			scores[i].Origins++
			if lower <= truth && truth <= upper {
				scores[i].Covered++
			}
		}
	}
	for i := range scores {
		if scores[i].Origins == 0 {
			return scores[:i], nil
		}
		scores[i].Method, scores[i].Horizon = m.Name, i+1
		if scale == 0 {
			scores[i].Undefined = true
			continue
		}
		scores[i].MASE = sums[i] / float64(scores[i].Origins) / scale
	}
	return scores, nil
}
