package interval_test

import (
	"encoding/csv"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/analysis/oracle"
)

// relTol is the tolerance oracles/intervals_phe states.
const relTol = 1e-9

func near(got, want float64) bool { return math.Abs(got-want) <= relTol*math.Max(1e-3, math.Abs(want)) }

// TestPublicHealthEngland reproduces the test data of PHEindicatormethods and
// R's own exact limits.
func TestPublicHealthEngland(t *testing.T) {
	level := map[string]float64{"95%": 0.95, "99.8%": 0.998, "0.95": 0.95, "0.998": 0.998}
	for _, r := range rows(t, "byar_wilson.csv") {
		x, lv := num(t, r["x"]), level[r["confidence"]]
		if lv == 0 {
			t.Fatalf("level %q", r["confidence"])
		}
		var got interval.Interval
		var err error
		if strings.HasPrefix(r["method"], "Byar") {
			got, err = interval.Byar(x, lv)
		} else {
			got, err = interval.Wilson(x, num(t, r["n"]), lv)
		}
		if r["lowercl"] == "" {
			// The package reports a negative Byar limit as missing (x = 1 at 99.8 %).
			if !errors.Is(err, interval.ErrUndefined) {
				t.Errorf("%v: %+v, %v; want undefined", r, got, err)
			}
			continue
		}
		if err != nil || !near(got.Lower, num(t, r["lowercl"])) || !near(got.Upper, num(t, r["uppercl"])) {
			t.Errorf("%v: %+v, %v", r, got, err)
		}
	}
	for _, r := range rows(t, "rates.csv") {
		if r["lower95_0cl"] == "" {
			continue
		}
		o, n, m := num(t, r["Numerator"]), num(t, r["Denominator"]), num(t, r["multiplier"])
		for _, c := range []struct {
			level  float64
			lo, hi string
		}{{0.95, "lower95_0cl", "upper95_0cl"}, {0.998, "lower99_8cl", "upper99_8cl"}} {
			got, method, err := interval.Rate(o, n, m, c.level)
			if err != nil || !near(got.Lower, num(t, r[c.lo])) || !near(got.Upper, num(t, r[c.hi])) {
				t.Errorf("rate %v: %+v %s, %v", r, got, method, err)
			}
			if want := strings.ToLower(strings.TrimSuffix(r["method"], "s")); method != want {
				t.Errorf("rate of %v by %s, PHE by %s", o, method, want)
			}
		}
	}
	for _, r := range rows(t, "proportions.csv") {
		if r["lower95_0cl"] == "" {
			continue
		}
		m := num(t, r["multiplier"])
		got, err := interval.Wilson(num(t, r["Numerator"]), num(t, r["Denominator"]), 0.95)
		got = got.Scale(m)
		if err != nil || !near(got.Lower, num(t, r["lower95_0cl"])) || !near(got.Upper, num(t, r["upper95_0cl"])) {
			t.Errorf("proportion %v: %+v, %v", r, got, err)
		}
	}
	for _, r := range rows(t, "poisson_exact_R.csv") {
		got, err := interval.Exact(num(t, r["count"]), 0.95)
		if err != nil || !near(got.Lower, num(t, r["lower95"])) || !near(got.Upper, num(t, r["upper95"])) {
			t.Errorf("exact %v: %+v, %v", r, got, err)
		}
		if got, err = interval.Exact(num(t, r["count"]), 0.998); err != nil || !near(got.Lower, num(t, r["lower998"])) || !near(got.Upper, num(t, r["upper998"])) {
			t.Errorf("exact 99.8 %v: %+v, %v", r, got, err)
		}
	}
	for _, r := range rows(t, "wilson_clopper_R.csv") {
		w, err := interval.Wilson(num(t, r["x"]), num(t, r["n"]), 0.95)
		if err != nil || !near(w.Lower, num(t, r["wilson_lower95"])) || !near(w.Upper, num(t, r["wilson_upper95"])) {
			t.Errorf("Wilson %v: %+v, %v", r, w, err)
		}
		c, err := interval.ClopperPearson(num(t, r["x"]), num(t, r["n"]), 0.95)
		if err != nil || !near(c.Lower, num(t, r["clopper_lower95"])) || !near(c.Upper, num(t, r["clopper_upper95"])) {
			t.Errorf("Clopper-Pearson %v: %+v, %v", r, c, err)
		}
	}
}

func est(v, lo, hi float64) interval.Estimate {
	return interval.Estimate{Value: v, Interval: interval.Interval{Lower: lo, Upper: hi}}
}

// TestNewcombe is the worked example of Newcombe (1998) Statistics in Medicine
// 17:873, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339.
func TestNewcombe(t *testing.T) {
	a, err1 := interval.Wilson(56, 70, 0.95)
	b, err2 := interval.Wilson(48, 80, 0.95)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	d := interval.Difference(interval.Estimate{Value: 56.0 / 70, Interval: a}, interval.Estimate{Value: 48.0 / 80, Interval: b})
	if math.Abs(d.Lower-0.0524) > 5e-5 || math.Abs(d.Upper-0.3339) > 5e-5 {
		t.Errorf("%+v", d)
	}
}

// TestRatioAgainstFieller: for normal limits MOVER's ratio is Fieller's set,
// (ab ± √(a²b² − (a²−da²)(b²−db²)))/(b²−db²).
func TestRatioAgainstFieller(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(-50, 50).Draw(t, "a")
		b := rapid.Float64Range(10, 60).Draw(t, "b") * rapid.SampledFrom([]float64{-1, 1}).Draw(t, "sign")
		da, db := rapid.Float64Range(0.1, 20).Draw(t, "da"), rapid.Float64Range(0.1, 9).Draw(t, "db")
		r, err := interval.Ratio(est(a, a-da, a+da), est(b, b-db, b+db))
		if err != nil {
			t.Fatal(err)
		}
		q := b*b - db*db
		root := math.Sqrt(a*a*b*b - (a*a-da*da)*q)
		lo, hi := (a*b-root)/q, (a*b+root)/q
		if math.Abs(r.Lower-lo) > 1e-9*(1+math.Abs(lo)) || math.Abs(r.Upper-hi) > 1e-9*(1+math.Abs(hi)) {
			t.Fatalf("%+v, Fieller %v to %v", r, lo, hi)
		}
	})
	if _, err := interval.Ratio(est(1, 0, 2), est(1, -1, 3)); !errors.Is(err, interval.ErrUndefined) {
		t.Errorf("a denominator that may be zero: %v", err)
	}
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := float64(rapid.IntRange(0, 3000).Draw(t, "o"))
		n := o + float64(rapid.IntRange(1, 5000).Draw(t, "rest"))
		p, _, err := interval.Poisson(o, 0.95)
		if err != nil || !p.Contains(o) || p.Lower < 0 {
			t.Fatalf("Poisson %v: %+v, %v", o, p, err)
		}
		w, err := interval.Wilson(o, n, 0.95)
		if err != nil || !w.Contains(o/n) || w.Lower < 0 || w.Upper > 1 {
			t.Fatalf("Wilson %v/%v: %+v, %v", o, n, w, err)
		}
		// A higher level is never narrower.
		p99, _, err := interval.Poisson(o, 0.99)
		if err != nil || p99.Lower > p.Lower || p99.Upper < p.Upper {
			t.Fatalf("95 %%: %+v, 99 %%: %+v, %v", p, p99, err)
		}
		// The difference of two equal figures holds zero and is symmetric.
		d := interval.Difference(interval.Estimate{Value: o, Interval: p}, interval.Estimate{Value: o, Interval: p})
		if !d.Contains(0) || math.Abs(d.Lower+d.Upper) > 1e-9*(1+d.Upper) {
			t.Fatalf("difference %+v", d)
		}
		net, err := interval.Net(o, n-o, 0.95)
		if err != nil || net.Value != 2*o-n || !net.Contains(net.Value) {
			t.Fatalf("net %+v, %v", net, err)
		}
	})
}

func TestErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, bad := range []float64{-1, nan, inf} {
		for name, f := range map[string]func() error{
			"Byar":   func() error { _, err := interval.Byar(bad, 0.95); return err },
			"Exact":  func() error { _, err := interval.Exact(bad, 0.95); return err },
			"Wilson": func() error { _, err := interval.Wilson(bad, 10, 0.95); return err },
			"Net":    func() error { _, err := interval.Net(bad, 10, 0.95); return err },
			"ratio":  func() error { _, err := interval.RateRatio(bad, 1, 1, 1, 0.95); return err },
		} {
			if err := f(); !errors.Is(err, interval.ErrCount) {
				t.Errorf("%s of %v: %v", name, bad, err)
			}
		}
	}
	for _, n := range []float64{0, -5, nan, inf} {
		if _, _, err := interval.Rate(3, n, 1000, 0.95); !errors.Is(err, interval.ErrDenominator) {
			t.Errorf("rate over %v: %v", n, err)
		}
	}
	if _, err := interval.Wilson(11, 10, 0.95); !errors.Is(err, interval.ErrDenominator) {
		t.Errorf("11 of 10: %v", err)
	}
	for _, level := range []float64{0, 1, -1, nan} {
		if _, err := interval.Byar(5, level); !errors.Is(err, interval.ErrLevel) {
			t.Errorf("level %v: %v", level, err)
		}
	}
	if _, err := interval.RateRatio(3, 10, 0, 10, 0.95); !errors.Is(err, interval.ErrUndefined) {
		t.Errorf("ratio to zero: %v", err)
	}
	if _, err := interval.Dispersion(1, make([]float64, 7), 0.95); !errors.Is(err, interval.ErrTooFew) {
		t.Errorf("seven years: %v", err)
	}
}

// TestDispersionCovers: for a year drawn like its history, with and without a
// slow trend, the interval covers the true level in 93–98 % of draws. The
// simulated error of a coverage of 95 % in 4,000 draws is 0.35 %.
func TestDispersionCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(20250512, 1))
	for _, trend := range []float64{0, 0.2} {
		covered := 0
		const draws = 4000
		for range draws {
			history := make([]float64, 15)
			for i := range history {
				history[i] = trend*float64(i) + 10*rng.NormFloat64()
			}
			truth := trend * 15
			i, err := interval.Dispersion(truth+10*rng.NormFloat64(), history, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if i.Contains(truth) {
				covered++
			}
		}
		if c := float64(covered) / draws; c < 0.93 || c > 0.98 {
			t.Errorf("trend %v: coverage %.3f", trend, c)
		}
	}
}

// TestDetectable is product.md's own arithmetic: with 70 moves a year the
// smallest log change seen is 2.80·√(2/70) = 0.47.
func TestDetectable(t *testing.T) {
	d, err := interval.DetectableCount(70, 70, 1, 0.95)
	if err != nil || math.Abs(d-0.47) > 0.005 {
		t.Errorf("%v, %v", d, err)
	}
	// methods.md 5.6: with 15 births a year chance moves a count by ±11 in 95 % of years.
	c, err := interval.Chance(15, 0.95)
	if err != nil || math.Round(c) != 11 {
		t.Errorf("%v, %v", c, err)
	}
}

func num(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func rows(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(oracle.Path(t, "oracles", "intervals_phe", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range all[1:] {
		m := map[string]string{}
		for j, v := range r {
			m[all[0][j]] = v
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return out
}
