package attain_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/analysis/oracle"
)

type oracleIn struct {
	Base           float64  `json:"base"`
	BaseYear       float64  `json:"base_year"`
	Current        float64  `json:"current"`
	CurrentYear    float64  `json:"current_year"`
	Target         *float64 `json:"target"`
	TargetYear     float64  `json:"target_year"`
	Direction      string   `json:"direction"`
	Limit          *float64 `json:"limit"`
	IncreaseWanted bool     `json:"increase_wanted"`
}

func (o oracleIn) course() attain.Course {
	c := attain.Course{Base: o.Base, BaseYear: o.BaseYear, Current: o.Current, CurrentYear: o.CurrentYear, Target: math.NaN(), TargetYear: o.TargetYear, Direction: attain.Down}
	if o.Target != nil {
		c.Target = *o.Target
	}
	if o.Direction == "positive" || o.IncreaseWanted {
		c.Direction = attain.Up
	}
	return c
}

func near(got, want, tol float64) bool { return math.Abs(got-want) <= tol }

// TestSDGOracle reproduces Open SDG's own outputs and the UN rule at the
// tolerance the oracle states.
func TestSDGOracle(t *testing.T) {
	var o struct {
		Target []struct {
			In  oracleIn
			Out struct {
				Value  float64 `json:"progress_value"`
				Status string
				Score  float64
			}
		} `json:"open_sdg_target"`
		NoTarget []struct {
			In  oracleIn
			Out struct {
				Value       float64 `json:"progress_value"`
				Status      string
				Score       float64
				Coefficient float64
			}
		} `json:"open_sdg_no_target"`
		UN []struct {
			In  oracleIn
			Out struct {
				CAGR     float64
				Expected float64 `json:"expected_T"`
				Ratio    float64
				Score    int
			}
		} `json:"un_chart"`
		Tol float64 `json:"tol_abs"`
	}
	read(t, "sdg_progress", &o)
	for i, c := range o.Target {
		p, reason := attain.OpenSDG(c.In.course())
		if reason != "" || p.Class != c.Out.Status || !near(p.Ratio, c.Out.Value, o.Tol) || !near(p.Score, c.Out.Score, o.Tol) {
			t.Errorf("target case %d: %+v %q, want %+v", i, p, reason, c.Out)
		}
	}
	for i, c := range o.NoTarget {
		limit := 0.0
		if c.In.Limit != nil {
			limit = *c.In.Limit
		}
		p, reason := attain.OpenSDGNoTarget(c.In.course(), limit, c.In.Limit != nil)
		if reason != "" || p.Class != c.Out.Status || !near(p.Ratio, c.Out.Value, o.Tol) || !near(p.Limit, c.Out.Coefficient, o.Tol) || !near(p.Score, c.Out.Score, o.Tol) {
			t.Errorf("no-target case %d: %+v %q, want %+v", i, p, reason, c.Out)
		}
	}
	for i, c := range o.UN {
		r, reason := attain.UN(c.In.course())
		if reason != "" || r.Score != c.Out.Score || !near(r.Growth, c.Out.CAGR, o.Tol) || !near(r.Expected, c.Out.Expected, 1e-4) || !near(r.Ratio, c.Out.Ratio, o.Tol) {
			t.Errorf("UN case %d: %+v %q, want %+v", i, r, reason, c.Out)
		}
	}
	if len(o.Target) != 5 || len(o.NoTarget) != 4 || len(o.UN) != 3 {
		t.Error("the oracle was not read whole")
	}
}

func TestGASOracle(t *testing.T) {
	var o struct {
		Cases []struct {
			X, W []float64
			T    float64
		}
		Tol float64 `json:"tol_abs"`
	}
	read(t, "gas_tscore", &o)
	for _, c := range o.Cases {
		got, err := attain.GAS(c.X, c.W)
		if err != nil || !near(got, c.T, o.Tol) {
			t.Errorf("GAS of %v, %v is %v, %v; want %v", c.X, c.W, got, err, c.T)
		}
	}
	if len(o.Cases) == 0 {
		t.Error("the oracle was not read")
	}
	for _, bad := range [][2][]float64{{nil, nil}, {{1}, {}}, {{1}, {0}}, {{1}, {-1}}, {{math.NaN()}, {1}}} {
		if _, err := attain.GAS(bad[0], bad[1]); err == nil {
			t.Errorf("GAS of %v gave no error", bad)
		}
	}
}

func TestRuleEight(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		course attain.Course
		want   float64
		reason attain.Reason
	}{
		"half way up":             {attain.Course{Base: 10, Current: 15, Target: 20}, 0.5, ""},
		"half way down":           {attain.Course{Base: 20, Current: 15, Target: 10}, 0.5, ""},
		"past the target":         {attain.Course{Base: 10, Current: 25, Target: 20}, 1.5, ""},
		"the wrong way":           {attain.Course{Base: 10, Current: 5, Target: 20}, -0.5, ""},
		"target equals baseline":  {attain.Course{Base: 10, Current: 15, Target: 10}, 0, attain.NoDistance},
		"target zero":             {attain.Course{Base: 10, Current: 5, Target: 0}, 0.5, ""},
		"baseline zero":           {attain.Course{Base: 0, Current: 5, Target: 10}, 0.5, ""},
		"both below zero":         {attain.Course{Base: -10, Current: -5, Target: 0}, 0.5, ""},
		"across zero":             {attain.Course{Base: -10, Current: 0, Target: 10}, 0.5, ""},
		"no target agreed":        {attain.Course{Base: 10, Current: 15, Target: nan}, 0, attain.NoTarget},
		"no current value":        {attain.Course{Base: 10, Current: nan, Target: 20}, 0, attain.NotFinite},
		"no baseline":             {attain.Course{Base: nan, Current: 10, Target: 20}, 0, attain.NotFinite},
		"an infinite observation": {attain.Course{Base: 10, Current: math.Inf(1), Target: 20}, 0, attain.NotFinite},
	} {
		got, reason := attain.Share(c.course)
		if got != c.want || reason != c.reason {
			t.Errorf("%s: %v %q, want %v %q", name, got, reason, c.want, c.reason)
		}
	}
}

func TestPath(t *testing.T) {
	path := []attain.Point{{2024, 10}, {2026, 14}, {2028, 20}}
	for year, want := range map[float64]float64{2024: 10, 2025: 12, 2026: 14, 2027: 17, 2028: 20, 2031: 20} {
		if got, reason := attain.Path(path, year); got != want || reason != "" {
			t.Errorf("%v: %v %q, want %v", year, got, reason, want)
		}
	}
	if _, reason := attain.Path(path, 2023); reason != attain.NoTime {
		t.Errorf("before the path: %q", reason)
	}
	if _, reason := attain.Path(nil, 2023); reason != attain.NoTarget {
		t.Errorf("no path: %q", reason)
	}
}

// TestNothingIsEverNotANumber draws wild inputs.
func TestNothingIsEverNotANumber(t *testing.T) {
	value := rapid.OneOf(rapid.Float64Range(-1e4, 1e4), rapid.SampledFrom([]float64{0, 1, -1, math.NaN(), math.Inf(1), 1e-300, 1e300}))
	year := rapid.OneOf(rapid.Float64Range(1990, 2040), rapid.SampledFrom([]float64{2024, 2028, math.NaN()}))
	rapid.Check(t, func(t *rapid.T) {
		c := attain.Course{
			Base: value.Draw(t, "base"), Current: value.Draw(t, "current"), Target: value.Draw(t, "target"),
			BaseYear: year.Draw(t, "y0"), CurrentYear: year.Draw(t, "y"), TargetYear: year.Draw(t, "yT"),
			Direction: rapid.SampledFrom([]attain.Direction{attain.Up, attain.Down}).Draw(t, "direction"),
		}
		for name, f := range map[string]func(attain.Course) (float64, attain.Reason){
			"share": attain.Share, "expected": attain.Expected, "pace": attain.Pace, "required": attain.Required,
			"sdg": func(c attain.Course) (float64, attain.Reason) { p, r := attain.OpenSDG(c); return p.Ratio + p.Score, r },
			"no target": func(c attain.Course) (float64, attain.Reason) {
				p, r := attain.OpenSDGNoTarget(c, 100, true)
				return p.Ratio + p.Score, r
			},
			"un":           func(c attain.Course) (float64, attain.Reason) { p, r := attain.UN(c); return p.Ratio + p.Expected, r },
			"un no target": func(c attain.Course) (float64, attain.Reason) { p, r := attain.UNNoTarget(c); return p.Growth, r },
			"propagated": func(c attain.Course) (float64, attain.Reason) {
				e, r := attain.Propagate(attain.Ratio, c, about(c.Current, c.Current-1, c.Current+1), about(c.Base, c.Base, c.Base))
				return e.Lower + e.Upper, r
			},
			"interval": func(c attain.Course) (float64, attain.Reason) {
				e, r := attain.ShareInterval(about(c.Current, c.Current-1, c.Current+1), about(c.Base, c.Base-1, c.Base+1), c.Target)
				return e.Lower/2 + e.Upper/2, r
			},
		} {
			if v, reason := f(c); reason == attain.Defined && (math.IsNaN(v) || math.IsInf(v, 0)) {
				t.Fatalf("%s of %+v is %v", name, c, v)
			}
		}
	})
}

// TestShareIntervalIsMonotone: wider inputs never give a narrower interval, and
// the share lies inside.
func TestShareIntervalIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Float64Range(1, 50).Draw(t, "base")
		current := rapid.Float64Range(1, 100).Draw(t, "current")
		target := base + rapid.SampledFrom([]float64{-1, 1}).Draw(t, "side")*rapid.Float64Range(20, 90).Draw(t, "distance")
		w := rapid.Float64Range(0, 5).Draw(t, "width")
		est := func(v, w float64) interval.Estimate {
			return interval.Estimate{Value: v, Interval: interval.Interval{Lower: v - w, Upper: v + w}}
		}
		a, ra := attain.ShareInterval(est(current, w), est(base, w), target)
		b, rb := attain.ShareInterval(est(current, 2*w), est(base, 2*w), target)
		if ra != "" || rb != "" || !a.Contains(a.Value) || b.Lower > a.Lower+1e-12 || b.Upper < a.Upper-1e-12 {
			t.Fatalf("%+v %q then %+v %q", a, ra, b, rb)
		}
	})
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(oracle.Path(t, "oracles", name, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}
