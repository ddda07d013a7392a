package forecast_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/forecast"
)

// TestCalibration has forecasts that state half the spread they have: their own
// 95 % interval holds Φ(0.98) − Φ(−0.98) = 67.3 % and what they give 80 % happens in
// Φ(0.8416/2) = 66.3 %; calibrated on 2,000 of them both are right.
func TestCalibration(t *testing.T) {
	rng := rand.New(rand.NewPCG(20261125, 2))
	draw := func() forecast.Try {
		p := forecast.Point{Mean: 10, SD: 1}
		return forecast.Try{Point: p, Truth: p.Mean + 2*rng.NormFloat64()}
	}
	tries := make([]forecast.Try, 2000)
	for i := range tries {
		tries[i] = draw()
	}
	c, err := forecast.Calibrate(tries)
	if err != nil {
		t.Fatal(err)
	}
	const n = 20000
	for _, k := range []struct {
		c              *forecast.Calibration
		held, happened float64
	}{{nil, 0.673, 0.663}, {c, 0.95, 0.80}} {
		held, happened := 0.0, 0.0
		for range n {
			try := draw()
			lower, upper, err := k.c.Interval(try.Point, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if lower <= try.Truth && try.Truth <= upper {
				held++
			}
			if k.c.Reach(try.Point, try.Truth, false) <= 0.8 {
				happened++
			}
		}
		// Two thousand tries know a quantile to ±1.5 points, 20,000 draws to ±0.5.
		if math.Abs(held/n-k.held) > 0.02 || math.Abs(happened/n-k.happened) > 0.02 {
			t.Errorf("holds %.3f and happens %.3f, want %.3f and %.3f", held/n, happened/n, k.held, k.happened)
		}
	}
}

// TestCalibrationByHand counts with the 19 errors 1 … 19: the 95 % limit is the
// nineteenth, the 50 % limit the tenth; eleven errors are at least 9, so that a
// target nine below is reached with 1 − 12/20/2.
func TestCalibrationByHand(t *testing.T) {
	tries := make([]forecast.Try, 19)
	for i := range tries {
		tries[i] = forecast.Try{Point: forecast.Point{Mean: 5, SD: 2}, Truth: 5 + 2*float64(i+1)*math.Pow(-1, float64(i))}
	}
	if _, err := forecast.Calibrate(tries[1:]); !errors.Is(err, forecast.ErrShort) {
		t.Errorf("eighteen tries: %v", err)
	}
	c, err := forecast.Calibrate(tries)
	if err != nil {
		t.Fatal(err)
	}
	p := forecast.Point{Mean: 100, SD: 1}
	for level, half := range map[float64]float64{0.95: 19, 0.5: 10} {
		if lower, upper, err := c.Interval(p, level); err != nil || lower != 100-half || upper != 100+half {
			t.Errorf("at %v: %v to %v, %v", level, lower, upper, err)
		}
	}
	if _, _, err := c.Interval(p, 0.96); !errors.Is(err, forecast.ErrShort) {
		t.Errorf("nineteen tries at 96 %%: %v", err)
	}
	for target, want := range map[float64]float64{91: 0.7, 109: 0.3, 1000: 0.025, -1000: 0.975} {
		if got := c.Reach(p, target, false); math.Abs(got-want) > 1e-12 {
			t.Errorf("at least %v: %v, want %v", target, got, want)
		}
		if got := c.Reach(p, target, true); math.Abs(got-(1-want)) > 1e-12 {
			t.Errorf("at most %v: %v, want %v", target, got, 1-want)
		}
	}
	// A forecast without spread is certain, as the method states it.
	if got := c.Reach(forecast.Point{Mean: 3}, 3, false); got != 1 {
		t.Errorf("without spread: %v", got)
	}
	tries[4].SD = 0
	if c, err = forecast.Calibrate(tries); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Interval(p, 0.95); !errors.Is(err, forecast.ErrShort) {
		t.Errorf("an error without stated spread has no limit: %v", err)
	}
	tries[4].Truth = math.NaN()
	if _, err := forecast.Calibrate(tries); !errors.Is(err, forecast.ErrInput) {
		t.Errorf("a truth that is missing: %v", err)
	}
}

// TestCalibrationAnswers: limits and chances of any tries are finite and in order.
func TestCalibrationAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64Range(-1e12, 1e12), rapid.SampledFrom([]float64{0, 0, 1e-300, 1e300}))
		spread := rapid.OneOf(rapid.Float64Range(0, 1e9), rapid.SampledFrom([]float64{0, 1e-300, 1e300}))
		point := rapid.Custom(func(t *rapid.T) forecast.Point {
			return forecast.Point{Mean: number.Draw(t, "mean"), SD: spread.Draw(t, "sd")}
		})
		tries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) forecast.Try {
			return forecast.Try{Point: point.Draw(t, "point"), Truth: number.Draw(t, "truth")}
		}), 0, 60).Draw(t, "tries")
		c, err := forecast.Calibrate(tries)
		if err != nil {
			if !errors.Is(err, forecast.ErrShort) {
				t.Fatal(err)
			}
			return
		}
		p, target := point.Draw(t, "p"), number.Draw(t, "target")
		lower, upper, err := c.Interval(p, rapid.Float64Range(0.01, 0.99).Draw(t, "level"))
		if err != nil && !errors.Is(err, forecast.ErrShort) || err == nil && !(lower <= p.Mean && p.Mean <= upper && !math.IsInf(upper-lower, 0)) {
			t.Fatalf("%+v: %v to %v, %v", p, lower, upper, err)
		}
		up, down := c.Reach(p, target, false), c.Reach(p, target, true)
		if !(up >= 0 && up <= 1 && down >= 0 && down <= 1) {
			t.Fatalf("%+v reaches %v with %v, %v", p, target, up, down)
		}
	})
}
