package interval_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
)

var sentinels = []error{interval.ErrLevel, interval.ErrCount, interval.ErrDenominator, interval.ErrUndefined, interval.ErrTooFew}

func named(err error) bool {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// TestEveryInputHasAnAnswer draws wild inputs: a finite ordered interval or a
// named error, never anything else.
func TestEveryInputHasAnAnswer(t *testing.T) {
	count := rapid.OneOf(rapid.Float64Range(0, 1e4), rapid.Map(rapid.IntRange(0, 50), func(i int) float64 { return float64(i) }),
		rapid.SampledFrom([]float64{0, 0.5, 1, 9, 10, -1, math.NaN(), math.Inf(1), 1e-300, 1e-9, 1e12, 1e300}))
	level := rapid.SampledFrom([]float64{0.95, 0.95, 0.5, 0.998, 1 - 1e-12, 1e-9, 0, 1, math.NaN()})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := count.Draw(t, "a"), count.Draw(t, "b"), count.Draw(t, "c"), count.Draw(t, "d")
		lv := level.Draw(t, "level")
		history := rapid.SliceOfN(count, 0, 12).Draw(t, "history")
		tag := func(i interval.Interval, _ interval.Method, err error) (interval.Interval, error) { return i, err }
		str := func(i interval.Interval, _ string, err error) (interval.Interval, error) { return i, err }
		est := func(e interval.Estimate, err error) (interval.Interval, error) {
			if err == nil && (math.IsNaN(e.Value) || math.IsInf(e.Value, 0)) {
				t.Fatalf("value %v", e.Value)
			}
			return e.Interval, err
		}
		tagEst := func(e interval.Estimate, _ interval.Method, err error) (interval.Interval, error) { return est(e, err) }
		for name, f := range map[string]func() (interval.Interval, error){
			"Byar":           func() (interval.Interval, error) { return interval.Byar(a, lv) },
			"Exact":          func() (interval.Interval, error) { return interval.Exact(a, lv) },
			"Poisson":        func() (interval.Interval, error) { return str(interval.Poisson(a, lv)) },
			"Rate":           func() (interval.Interval, error) { return str(interval.Rate(a, b, 1000, lv)) },
			"Wilson":         func() (interval.Interval, error) { return interval.Wilson(a, b, lv) },
			"ClopperPearson": func() (interval.Interval, error) { return interval.ClopperPearson(a, b, lv) },
			"RateRatio":      func() (interval.Interval, error) { return est(interval.RateRatio(a, b, c, d, lv)) },
			"Net":            func() (interval.Interval, error) { return est(interval.Net(a, b, lv)) },
			"proportions":    func() (interval.Interval, error) { return est(interval.DifferenceOfProportions(a, b, c, d, 100, lv)) },
			"rates":          func() (interval.Interval, error) { return est(interval.DifferenceOfRates(a, b, c, d, 1000, lv)) },
			"Fieller":        func() (interval.Interval, error) { return est(interval.Fieller(a-b, c-d, b, d, 0, lv)) },
			"Overdispersed":  func() (interval.Interval, error) { return tag(interval.Overdispersed(a, b, lv)) },
			"Pooled": func() (interval.Interval, error) {
				return tagEst(interval.Pooled([]float64{a, b}, []float64{c, d}, 1000, lv))
			},
			"gross": func() (interval.Interval, error) {
				return tagEst(interval.NetFlow(interval.Flow{HasGross: true, In: a, Out: b}, lv))
			},
			"history": func() (interval.Interval, error) {
				return tagEst(interval.NetFlow(interval.Flow{Net: a - b, History: history}, lv))
			},
		} {
			i, err := f()
			switch {
			case err != nil && !named(err):
				t.Fatalf("%s: unnamed error %v", name, err)
			case err == nil && (math.IsNaN(i.Lower) || math.IsInf(i.Lower, 0) || math.IsNaN(i.Upper) || math.IsInf(i.Upper, 0) || i.Lower > i.Upper):
				t.Fatalf("%s of %v %v %v %v at %v is %+v", name, a, b, c, d, lv, i)
			}
		}
		for name, f := range map[string]func() (float64, error){
			"Chance": func() (float64, error) { return interval.Chance(a, lv) },
			"count":  func() (float64, error) { return interval.DetectableCount(a, b, 1, lv) },
			"share":  func() (float64, error) { return interval.DetectableProportion(a, b, 1, lv) },
			"ratio":  func() (float64, error) { r, _, err := interval.DetectableRatio(a, lv); return r, err },
			"flow": func() (float64, error) {
				d, _, err := interval.DetectableFlow(interval.Flow{History: history}, lv)
				return d, err
			},
			"gross": func() (float64, error) {
				d, _, err := interval.DetectableFlow(interval.Flow{HasGross: true, In: a, Out: b}, lv)
				return d, err
			},
			"factor": func() (float64, error) {
				return interval.DispersionFactor([]float64{a, b}, []float64{c, d}, 1)
			},
		} {
			v, err := f()
			if err != nil && !named(err) || err == nil && (math.IsNaN(v) || math.IsInf(v, 0) || v < 0) {
				t.Fatalf("%s of %v %v %v %v at %v is %v, %v", name, a, b, c, d, lv, v, err)
			}
		}
	})
}

// TestRatioSolvesItsEquation: at the limits of a ratio the MOVER limit of a − θb
// is zero, also where b's upper limit is more than twice b.
func TestRatioSolvesItsEquation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.Float64Range(0.01, 40)
		a := rapid.Float64Range(-30, 30).Draw(t, "a")
		b := rapid.Float64Range(1, 20).Draw(t, "b")
		ea := est(a, a-side.Draw(t, "la"), a+side.Draw(t, "ua"))
		eb := est(b, b*rapid.Float64Range(0.01, 0.99).Draw(t, "lb"), b+side.Draw(t, "ub"))
		r, err := interval.Ratio(ea, eb)
		if err != nil {
			t.Fatal(err)
		}
		scaled := func(k float64) interval.Estimate { return interval.Estimate{Value: k * b, Interval: eb.Scale(k)} }
		lo := interval.Difference(ea, scaled(r.Lower)).Lower
		hi := interval.Difference(ea, scaled(r.Upper)).Upper
		size := 1e-9 * (math.Abs(a) + math.Abs(ea.Lower) + math.Abs(ea.Upper) + math.Max(math.Abs(r.Lower), math.Abs(r.Upper))*eb.Upper)
		if math.Abs(lo) > size || math.Abs(hi) > size || !r.Contains(r.Value) {
			t.Fatalf("%+v/%+v = %+v leaves %v and %v", ea, eb, r, lo, hi)
		}
	})
}

// TestFieller: at Fieller's limits (a − θb)² = z²(va − 2θcab + θ²vb), and without
// covariance they are MOVER's with normal limits.
func TestFieller(t *testing.T) {
	z, err := interval.Z(0.95)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(-20, 20).Draw(t, "a"), rapid.Float64Range(10, 30).Draw(t, "b")
		sa, sb := rapid.Float64Range(0.1, 5).Draw(t, "sa"), rapid.Float64Range(0.1, 4).Draw(t, "sb")
		cab := sa * sb * rapid.Float64Range(-0.9, 0.9).Draw(t, "rho")
		f, err := interval.Fieller(a, b, sa*sa, sb*sb, cab, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		for _, theta := range []float64{f.Lower, f.Upper} {
			left, right := (a-theta*b)*(a-theta*b), z*z*(sa*sa-2*theta*cab+theta*theta*sb*sb)
			if math.Abs(left-right) > 1e-8*(1+right) {
				t.Fatalf("θ = %v: %v against %v", theta, left, right)
			}
		}
		f, err = interval.Fieller(a, b, sa*sa, sb*sb, 0, 0.95)
		m, err2 := interval.Ratio(est(a, a-z*sa, a+z*sa), est(b, b-z*sb, b+z*sb))
		if errors.Join(err, err2) != nil || math.Abs(f.Lower-m.Lower) > 1e-9 || math.Abs(f.Upper-m.Upper) > 1e-9 {
			t.Fatalf("Fieller %+v, MOVER %+v", f, m)
		}
	})
	if _, err := interval.Fieller(1, 1, 1, 1, 0, 0.95); !errors.Is(err, interval.ErrUndefined) {
		t.Errorf("a denominator within 1.96 standard errors of zero: %v", err)
	}
}

// TestRateRatioExact: the limits are those of R's poisson.test(c(11, 6+8+7),
// c(800, 1083+1050+878)) quoted in its help page: rate ratio 1.971488 (the help
// page's data, Boice & Monson 1977 with fewer groups, give the conditional
// binomial); recomputed here from the definition through the binomial tail.
func TestRateRatioExact(t *testing.T) {
	const o1, n1, o2, n2 = 11, 800, 21, 3011
	e, err := interval.RateRatio(o1, n1, o2, n2, 0.95)
	if err != nil || math.Abs(e.Value-1.971488) > 5e-7 {
		t.Fatalf("%+v, %v", e, err)
	}
	tail := func(ratio float64, upper bool) float64 {
		p := ratio * n1 / (ratio*n1 + n2)
		sum := 0.0
		for k := range o1 + o2 + 1 {
			if upper && k >= o1 || !upper && k <= o1 {
				lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
				sum += math.Exp(lg(o1+o2) - lg(k) - lg(o1+o2-k) + float64(k)*math.Log(p) + float64(o1+o2-k)*math.Log1p(-p))
			}
		}
		return sum
	}
	if lo, hi := tail(e.Lower, true), tail(e.Upper, false); math.Abs(lo-0.025) > 1e-9 || math.Abs(hi-0.025) > 1e-9 {
		t.Errorf("tails %v and %v at %+v, want 0.025", lo, hi, e)
	}
}

func TestNetFlow(t *testing.T) {
	history := []float64{-8, 12, -20, 3, 15, -6, -11, 9, 2, -14}
	gross, m, err := interval.NetFlow(interval.Flow{HasGross: true, In: 70, Out: 80, History: history}, 0.95)
	plain, err2 := interval.Net(70, 80, 0.95)
	if errors.Join(err, err2) != nil || m != interval.ByGrossFlows || gross != plain {
		t.Errorf("gross flows known: %+v by %q, %v; want %+v", gross, m, err, plain)
	}
	own, m, err := interval.NetFlow(interval.Flow{Net: -10, History: history}, 0.95)
	around, err2 := interval.Dispersion(-10, history, 0.95)
	if errors.Join(err, err2) != nil || m != interval.ByDispersion || own.Interval != around {
		t.Errorf("net only: %+v by %q, %v; want %+v", own, m, err, around)
	}
	// A history without variation proves no certainty: the floor is a Poisson count.
	still, _, err := interval.NetFlow(interval.Flow{Net: 0, History: make([]float64, 10)}, 0.95)
	exact, err2 := interval.Exact(0, 0.95)
	if errors.Join(err, err2) != nil || still.Upper != exact.Upper || still.Lower != -exact.Upper {
		t.Errorf("ten equal years: %+v, want ±%v", still, exact.Upper)
	}
	// The mean of four years is known twice as well as one.
	one, _, err := interval.NetFlow(interval.Flow{Net: -10, History: history}, 0.95)
	four, _, err2 := interval.NetFlow(interval.Flow{Net: -10, Years: 4, History: history}, 0.95)
	if errors.Join(err, err2) != nil || math.Abs((one.Upper-one.Lower)/(four.Upper-four.Lower)-2) > 1e-12 {
		t.Errorf("one year %+v, four %+v", one, four)
	}
	for years := range interval.MinDispersionYears {
		if _, _, err := interval.NetFlow(interval.Flow{History: history[:years]}, 0.95); !errors.Is(err, interval.ErrTooFew) {
			t.Errorf("%d years: %v", years, err)
		}
	}
}

// TestYearSD: on independent normal years the estimate is unbiased for σ² within
// 4 % (the cap costs a little at 8 years), its degrees of freedom describe its
// variance, and one year of 10σ, which would widen a plain
// standard deviation of differences 2.7 times, widens it less than twice.
func TestYearSD(t *testing.T) {
	rng := rand.New(rand.NewPCG(20250512, 2))
	const draws = 20000
	for _, n := range []int{8, 17, 40} {
		var sum, sum2, df float64
		for range draws {
			h := make([]float64, n)
			for i := range h {
				h[i] = 3 * rng.NormFloat64()
			}
			s, d, err := interval.YearSD(h)
			if err != nil {
				t.Fatal(err)
			}
			v := s * s / 9
			sum, sum2, df = sum+v, sum2+v*v, d
		}
		mean := sum / draws
		variance := sum2/draws - mean*mean
		if math.Abs(mean-1) > 0.04 || math.Abs(variance*df/2-1) > 0.1 {
			t.Errorf("%d years: mean %.4f, variance·df/2 %.4f", n, mean, variance*df/2)
		}
	}
	h := make([]float64, 17)
	for i := range h {
		h[i] = rng.NormFloat64()
	}
	before, _, err := interval.YearSD(h)
	h[8] += 10
	after, _, err2 := interval.YearSD(h)
	if errors.Join(err, err2) != nil || after > 2*before {
		t.Errorf("one shock moved the standard deviation from %v to %v", before, after)
	}
}

func TestOverdispersed(t *testing.T) {
	plain, method, err := interval.Poisson(40, 0.95)
	one, m, err2 := interval.Overdispersed(40, 1, 0.95)
	if errors.Join(err, err2) != nil || one != plain || string(m) != method {
		t.Errorf("phi 1: %+v by %s, want %+v by %s", one, m, plain, method)
	}
	// phi = 4 is a quarter of the count, four times as wide.
	four, _, err := interval.Overdispersed(400, 4, 0.95)
	quarter, _, err2 := interval.Poisson(100, 0.95)
	if errors.Join(err, err2) != nil || four != quarter.Scale(4) {
		t.Errorf("phi 4: %+v, want 4 × %+v, %v", four, quarter, err)
	}
	if _, _, err := interval.Overdispersed(40, 0.9, 0.95); !errors.Is(err, interval.ErrUndefined) {
		t.Errorf("phi below 1: %v", err)
	}
	// Pearson's statistic by hand: (4 + 4 + 0)/10 over 3 − 1 = 0.4, so 1.
	if f, err := interval.DispersionFactor([]float64{12, 8, 10}, []float64{10, 10, 10}, 1); err != nil || f != 1 {
		t.Errorf("factor %v, %v", f, err)
	}
	// (100 + 100 + 0)/10 over 2 = 10.
	if f, err := interval.DispersionFactor([]float64{20, 0, 10}, []float64{10, 10, 10}, 1); err != nil || f != 10 {
		t.Errorf("factor %v, %v", f, err)
	}
}

func TestPooled(t *testing.T) {
	e, m, err := interval.Pooled([]float64{3, 4, 5}, []float64{1300, 1290, 1280}, 1000, 0.95)
	want, method, err2 := interval.Rate(12, 3870, 1000, 0.95)
	if errors.Join(err, err2) != nil || e.Interval != want || string(m) != method || math.Abs(e.Value-12000.0/3870) > 1e-12 {
		t.Errorf("%+v by %s, %v; want %+v by %s", e, m, err, want, method)
	}
	if _, _, err := interval.Pooled(nil, nil, 1000, 0.95); !errors.Is(err, interval.ErrDenominator) {
		t.Errorf("no years: %v", err)
	}
}

// TestDetectableRatio: product.md's own arithmetic, 70 moves a year detect a rise
// of 61 % or a fall of 38 %.
func TestDetectableRatio(t *testing.T) {
	rise, fall, err := interval.DetectableRatio(70, 0.95)
	if err != nil || math.Round(100*rise) != 61 || math.Round(100*fall) != 38 {
		t.Errorf("%v, %v, %v", rise, fall, err)
	}
	if _, _, err := interval.DetectableRatio(0, 0.95); !errors.Is(err, interval.ErrUndefined) {
		t.Errorf("of nothing: %v", err)
	}
}

// TestScaleTooLarge: a scale that makes the figure overflow is an error.
func TestScaleTooLarge(t *testing.T) {
	const huge = math.MaxFloat64
	_, err1 := interval.DifferenceOfProportions(1, 2, 2, 2, huge, 0.95)
	_, err2 := interval.ProportionEstimate(2, 2, huge, 0.95)
	_, err3 := interval.DetectableProportion(2, 2, huge, 0.95)
	_, _, err4 := interval.Overdispersed(0, huge, 0.95)
	_, _, err5 := interval.Pooled([]float64{9}, []float64{1}, huge, 0.95)
	for i, err := range []error{err1, err2, err3, err4, err5} {
		if err == nil {
			t.Errorf("case %d: no error", i)
		}
	}
}
