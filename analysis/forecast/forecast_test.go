package forecast_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/forecast"
	"github.com/bygdevekst/bygdevekst/analysis/oracle"
)

// shared opens a file of the oracle set; without the set the test is skipped,
// which CI does not allow.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(oracle.Path(t, "oracles", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	if err := json.NewDecoder(shared(t, name)).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// column reads the last column of a CSV file with a header; key selects rows by
// their first column unless empty.
func column(t *testing.T, name, key string) []float64 {
	t.Helper()
	rows, err := csv.NewReader(shared(t, name)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var y []float64
	for _, r := range rows[1:] {
		if key != "" && r[0] != key {
			continue
		}
		v, err := strconv.ParseFloat(r[len(r)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		y = append(y, v)
	}
	return y
}

// near compares with a tolerance relative to the larger of 1 and the number wanted.
func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*max(1, math.Abs(want))) {
		t.Errorf("%s is %v, want %v within %g", what, got, want, tol)
	}
}

type etsR struct {
	Alpha     float64
	Beta, Phi *float64
	Sigma2    float64
	LogLik    float64
	InitState []float64
	Fitted    []float64
	Forecast  []float64
}

var etsModels = map[string]forecast.Model{
	"ANN": {}, "AAN": {Trend: true}, "MNN": {Multiplicative: true}, "MAN": {Trend: true, Multiplicative: true},
}

// TestOilETS holds the recursion to R's ets() on the oil series: with R's
// parameters the fitted values and forecasts, on our own search a likelihood
// that is not worse than R's by more than the file allows.
func TestOilETS(t *testing.T) {
	var want struct {
		ETSR map[string]map[string]etsR `json:"ets_R"`
	}
	raw := map[string]json.RawMessage{}
	load(t, "ets_oil_air/expected.json", &raw)
	groups := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw["ets_R"], &groups); err != nil {
		t.Fatal(err)
	}
	want.ETSR = map[string]map[string]etsR{}
	for _, damped := range []string{"undamped", "damped"} {
		m := map[string]etsR{}
		if err := json.Unmarshal(groups[damped], &m); err != nil {
			t.Fatal(err)
		}
		want.ETSR[damped] = m
	}
	y := column(t, "ets_oil_air/oil.csv", "")
	for damped, models := range want.ETSR {
		for name, w := range models {
			m := etsModels[name]
			m.Damped = damped == "damped"
			p := forecast.Params{Alpha: w.Alpha, Level: w.InitState[0]}
			k := 2
			if w.Beta != nil {
				p.Beta, p.Slope, k = *w.Beta, w.InitState[1], 4
			}
			if w.Phi != nil {
				p.Phi, k = *w.Phi, 5
			}
			f, err := forecast.With(y, m, p, k)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range w.Fitted {
				near(t, name+" fitted", f.Fitted[i], v, 1e-4/max(1, v))
			}
			for i, pt := range f.Predict(len(w.Forecast)) {
				near(t, name+" forecast", pt.Mean, w.Forecast[i], 1e-4/w.Forecast[i])
			}
			near(t, name+" loglik", f.LogLik, w.LogLik, 1e-6)
			near(t, name+" sigma2", f.Sigma2, w.Sigma2, 1e-6)
			own, err := forecast.Estimate(y, m)
			if err != nil {
				t.Fatal(err)
			}
			// The file's rule: not more than 0.5 below R's own likelihood.
			if own.LogLik < w.LogLik-0.5 {
				t.Errorf("%s %s: log-likelihood %v, R has %v", damped, name, own.LogLik, w.LogLik)
			}
			// Forecasts within 3 % where the likelihood is R's too; a better optimum
			// may forecast otherwise.
			if math.Abs(own.LogLik-w.LogLik) < 0.05 {
				for i, pt := range own.Predict(len(w.Forecast)) {
					near(t, damped+" "+name+" own forecast", pt.Mean, w.Forecast[i], 0.03)
				}
			}
		}
	}
}

// TestTextbook holds Holt and simple smoothing to Hyndman & Athanasopoulos.
func TestTextbook(t *testing.T) {
	var want struct {
		Air struct {
			Alpha          float64
			BetaStar       float64   `json:"beta_star"`
			ForecastLinear []float64 `json:"forecast_linear"`
			FittedLinear   []float64 `json:"fitted_linear"`
			Tol            float64   `json:"tol_forecast"`
		} `json:"fpp_air_holt_fixed"`
		Oil struct {
			A2        float64 `json:"alpha_0.2_forecast"`
			A6        float64 `json:"alpha_0.6_forecast"`
			Estimated struct{ Alpha, Level0, Forecast float64 }
			Tol       float64
		} `json:"ses_oil_1996_2007"`
	}
	load(t, "ets_oil_air/expected.json", &want)
	air := column(t, "ets_oil_air/air.csv", "")
	f, err := forecast.With(air, forecast.Holt, forecast.Params{
		Alpha: want.Air.Alpha, Beta: want.Air.Alpha * want.Air.BetaStar, Level: air[0], Slope: air[1] - air[0],
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Air.FittedLinear {
		near(t, "air fitted", f.Fitted[i], v, 1e-6)
	}
	for i, p := range f.Predict(5) {
		if math.Abs(p.Mean-want.Air.ForecastLinear[i]) > want.Air.Tol {
			t.Errorf("air %d steps ahead is %v, want %v", i+1, p.Mean, want.Air.ForecastLinear[i])
		}
	}
	oil := column(t, "ets_oil_air/oil_1996_2007.csv", "")
	for alpha, v := range map[float64]float64{0.2: want.Oil.A2, 0.6: want.Oil.A6} {
		f, err := forecast.With(oil, forecast.SES, forecast.Params{Alpha: alpha, Level: oil[0]}, 0)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "oil", f.Predict(1)[0].Mean, v, 1e-8)
	}
	own, err := forecast.Estimate(oil, forecast.SES)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(own.Predict(1)[0].Mean-want.Oil.Estimated.Forecast) > want.Oil.Tol || math.Abs(own.Params.Alpha-want.Oil.Estimated.Alpha) > want.Oil.Tol {
		t.Errorf("estimated %+v forecasts %v, want alpha %v and %v", own.Params, own.Predict(1)[0].Mean, want.Oil.Estimated.Alpha, want.Oil.Estimated.Forecast)
	}
}

// TestPredictionIntervals holds means and 80 and 95 % limits to R's forecast 8.20.
func TestPredictionIntervals(t *testing.T) {
	type model struct {
		Par                                struct{ Alpha, Beta, Phi, L, B float64 }
		Sigma2, LogLik, AICc               float64
		Mean                               []float64
		Lower80, Lower95, Upper80, Upper95 []float64
	}
	var want struct{ Series map[string]map[string]model }
	load(t, "forecast_pi_a/expected.json", &want)
	kinds := map[string]struct {
		m forecast.Model
		k int
	}{"ses": {forecast.SES, 2}, "holt": {forecast.Holt, 4}, "holt_damped": {forecast.Damped, 5}, "fixed": {forecast.Damped, 2}}
	for series, models := range want.Series {
		y := column(t, "forecast_pi_a/data.csv", series)
		for name, w := range models {
			what := series + " " + name
			kind := kinds[name]
			f, err := forecast.With(y, kind.m, forecast.Params{Alpha: w.Par.Alpha, Beta: w.Par.Beta, Phi: w.Par.Phi, Level: w.Par.L, Slope: w.Par.B}, kind.k)
			if err != nil {
				t.Fatal(err)
			}
			const tol = 1e-6 // The file's.
			near(t, what+" sigma2", f.Sigma2, w.Sigma2, tol)
			near(t, what+" loglik", f.LogLik, w.LogLik, tol)
			near(t, what+" AICc", f.AICc, w.AICc, tol)
			for i, p := range f.Predict(len(w.Mean)) {
				near(t, what+" mean", p.Mean, w.Mean[i], tol)
				for level, limits := range map[float64][2]float64{0.8: {w.Lower80[i], w.Upper80[i]}, 0.95: {w.Lower95[i], w.Upper95[i]}} {
					lo, hi, err := p.Interval(level)
					if err != nil {
						t.Fatal(err)
					}
					near(t, what+" lower", lo, limits[0], tol)
					near(t, what+" upper", hi, limits[1], tol)
				}
			}
			if name == "fixed" {
				continue
			}
			own, err := forecast.Estimate(y, kind.m)
			if err != nil {
				t.Fatal(err)
			}
			if own.LogLik < w.LogLik-0.5 {
				t.Errorf("%s: log-likelihood %v, R has %v", what, own.LogLik, w.LogLik)
			}
		}
	}
}

// TestEveryInputHasAnAnswer feeds all kinds of series: the answer is a finite
// forecast or a named error.
func TestEveryInputHasAnAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.SampledFrom([]float64{0, 1, 1, math.NaN(), math.Inf(1)})), 0, 25).Draw(t, "y")
		h := rapid.IntRange(0, 6).Draw(t, "h")
		for _, m := range forecast.Methods() {
			points, err := m.Forecast(y, h)
			if err != nil {
				if !errors.Is(err, forecast.ErrShort) && !errors.Is(err, forecast.ErrInput) {
					t.Fatalf("%s: %v", m.Name, err)
				}
				continue
			}
			for _, p := range points {
				lo, hi, err := p.Interval(0.95)
				if err != nil || !(lo <= p.Mean && p.Mean <= hi) || math.IsInf(p.Mean, 0) {
					t.Fatalf("%s of %v: %+v, %v to %v, %v", m.Name, y, p, lo, hi, err)
				}
				up, down := p.Reach(p.Mean+1, false), p.Reach(p.Mean+1, true)
				if !(up >= 0 && up <= 1) || p.SD > 0 && math.Abs(up+down-1) > 1e-12 {
					t.Fatalf("%s: chances %v and %v", m.Name, up, down)
				}
			}
		}
	})
}

// TestConstantAndLine checks what must be so: a constant stays, a straight line
// goes on, both without spread.
func TestConstantAndLine(t *testing.T) {
	flat, line := make([]float64, 12), make([]float64, 12)
	for i := range line {
		flat[i], line[i] = 7, 3+2*float64(i)
	}
	for _, m := range forecast.Methods() {
		p, err := m.Forecast(flat, 3)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(p[2].Mean-7) > 1e-6 || p[2].SD > 1e-6 {
			t.Errorf("%s of a constant: %+v", m.Name, p[2])
		}
	}
	p, err := forecast.Linear(line, 4)
	if err != nil {
		t.Fatal(err)
	}
	// Value 15 of 3, 5, 7 … is 3 + 2·15.
	if math.Abs(p[3].Mean-33) > 1e-9 || p[3].SD > 1e-6 {
		t.Errorf("the line goes on to %+v, want 33", p[3])
	}
	if p[3].Reach(33-1e-3, false) < 0.999 || p[3].Reach(33+1e-3, false) > 0.001 {
		t.Errorf("chances around a certain value: %v, %v", p[3].Reach(33-1e-3, false), p[3].Reach(33+1e-3, false))
	}
	scores, err := forecast.Roll(line, forecast.Methods()[2], 2, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The last value is one yearly change short one step ahead, two at two.
	if scores[0].MASE != 1 || scores[1].MASE != 2 || scores[0].Origins != 8 || scores[1].Origins != 7 {
		t.Errorf("scores of the last value on a line: %+v", scores)
	}
	if s, err := forecast.Roll(flat, forecast.Methods()[2], 1, 4, nil); err != nil || !s[0].Undefined {
		t.Errorf("scores on a constant: %+v, %v", s, err)
	}
}

func BenchmarkEstimateDamped(b *testing.B) {
	y := make([]float64, 18)
	for i := range y {
		y[i] = 20 + float64(i)*0.3 + float64(i*i%5)
	}
	for b.Loop() {
		if _, err := forecast.Estimate(y, forecast.Damped); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTooLarge: values whose squares are not numbers are an error, not a forecast
// with an infinite spread.
func TestTooLarge(t *testing.T) {
	y := []float64{2, 0, 1e300, 1, -1e300, 1e300, 3, 1e299, 0, 4, 1e300, 2}
	for _, m := range forecast.Methods() {
		if _, err := m.Forecast(y, 3); !errors.Is(err, forecast.ErrInput) {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
	// Relative errors have a finite spread at any size: the same series in units of
	// 1 and of 1e300.
	m := forecast.Model{Multiplicative: true}
	var sd [2]float64
	for k, unit := range []float64{1, 1e300} {
		f, err := forecast.With([]float64{1 * unit, 1.1 * unit, 1 * unit, 1.2 * unit}, m, forecast.Params{Alpha: 0.5, Level: unit}, 2)
		if err != nil {
			t.Fatal(err)
		}
		sd[k] = f.Predict(3)[2].SD / unit
	}
	if !(math.Abs(sd[0]-sd[1]) <= 1e-12*sd[0]) {
		t.Errorf("spread %v, in large units %v", sd[0], sd[1])
	}
}
