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
		points := f.Predict(h)
		return points, finite(points)
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

// Try is a forecast of a value that is known.
type Try struct {
	Point
	Truth float64
}

// Tries forecasts the last values of a series again, 1 to h steps ahead, from every
// step-th origin back from the last that leaves the method at least train values.
// Those i+1 steps ahead are in element i, the newest origin first. It returns the
// method's own error, ErrShort mostly, if it fails at an origin.
func Tries(y []float64, m Method, h, train, step int) ([][]Try, error) {
	if h < 1 || train < 1 || step < 1 {
		return nil, fmt.Errorf("%w: horizon %d, %d training values, every %d", ErrInput, h, train, step)
	}
	tries := make([][]Try, h)
	for n := len(y) - 1; n >= train; n -= step {
		points, err := m.Forecast(y[:n], min(h, len(y)-n))
		if err != nil {
			return nil, fmt.Errorf("%s from %d values: %w", m.Name, n, err)
		}
		for i, p := range points {
			tries[i] = append(tries[i], Try{p, y[n+i]})
		}
	}
	return tries, nil
}

// Roll scores a method at horizons 1 to h over every origin that leaves it at
// least train values. Horizons no origin reaches are left out. by gives the
// interval of each horizon, nil for the method's own; a calibration that has no
// limit covers everything.
func Roll(y []float64, m Method, h, train int, by []*Calibration) ([]Score, error) {
	tries, err := Tries(y, m, h, train, 1)
	if err != nil {
		return nil, err
	}
	scale := 0.0
	for t := 1; t < len(y); t++ {
		scale += math.Abs(y[t] - y[t-1])
	}
	scale /= float64(max(len(y)-1, 1))
	var scores []Score
	for i, at := range tries {
		if len(at) == 0 {
			break
		}
		var c *Calibration
		if i < len(by) {
			c = by[i]
		}
		s := Score{Method: m.Name, Horizon: i + 1, Origins: len(at), Undefined: scale == 0}
		sum := 0.0
		for _, t := range at {
			lower, upper, err := c.Interval(t.Point, 0.95) // 0.95 is a level.
			sum += math.Abs(t.Truth - t.Mean)
			if err != nil || lower <= t.Truth && t.Truth <= upper {
				s.Covered++
			}
		}
		if !s.Undefined {
			s.MASE = sum / float64(len(at)) / scale
		}
		scores = append(scores, s)
	}
	return scores, nil
}
