package sdid

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

// simulate draws a two-way panel with one factor; the first treated rows get
// effect from column start. Noise has standard deviation sd.
func simulate(rng *rand.Rand, n, t, treated, start int, effect, sd float64) (*panel.Panel, panel.Design) {
	p := &panel.Panel{Y: mat.NewDense(n, t, nil), Covariates: map[string]*mat.Dense{"x": mat.NewDense(n, t, nil)}}
	d := panel.Design{Start: start}
	factor := make([]float64, t)
	for s := range factor {
		p.Times = append(p.Times, float64(2000+s))
		factor[s] = rng.NormFloat64() + 0.3*float64(s)
	}
	for i := range n {
		p.Units = append(p.Units, fmt.Sprintf("u%02d", i))
		p.Size = append(p.Size, 500+10000*rng.Float64())
		level, load := 5*rng.NormFloat64(), rng.Float64()
		for s := range t {
			y := level + load*factor[s] + sd*rng.NormFloat64()
			if i < treated && s >= start {
				y += effect
			}
			p.Y.Set(i, s, y)
			p.Covariates["x"].Set(i, s, rng.NormFloat64()+0.1*level)
		}
		if i < treated {
			d.Treated = append(d.Treated, i)
		} else {
			d.Donors = append(d.Donors, i)
		}
	}
	return p, d
}

// draw is simulate with shape from rapid.
func draw(t *rapid.T) (*panel.Panel, panel.Design) {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	start := rapid.IntRange(2, 12).Draw(t, "start")
	treated := rapid.IntRange(1, 4).Draw(t, "treated")
	n := treated + rapid.IntRange(2, 25).Draw(t, "donors")
	return simulate(rng, n, start+rapid.IntRange(1, 5).Draw(t, "post"), treated, start, 1, 0.5)
}

func alike(a, b, tol float64) bool { return math.Abs(a-b) <= tol*(1+math.Abs(a)) }

func TestWeightsLieOnTheSimplex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, d := draw(t)
		for _, m := range []Method{SDID, SC, DID} {
			f, err := Estimate(p, d, Options{Method: m})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range [][]float64{f.Weights, f.TimeWeights} {
				var sum float64
				for _, v := range w {
					if v < 0 {
						t.Fatalf("method %d: weight %g", m, v)
					}
					sum += v
				}
				if w != nil && !alike(sum, 1, 1e-12) {
					t.Fatalf("method %d: weights sum to %.15g", m, sum)
				}
			}
			if !alike(f.ATT, panel.MeanGap(f.Gaps, d.Start, len(f.Gaps)), 1e-9) {
				t.Fatalf("gaps do not average to the effect")
			}
		}
	})
}

// Unit effects leave first differences, and so σ, unchanged only if constant in
// time; period effects change σ. Adding both moves neither ω, λ nor τ when ζ is
// kept, and unit effects alone move nothing even when it is not.
func TestInvarianceToUnitAndTimeEffects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, d := draw(t)
		w := newWorkspace(p)
		z := w.regularisation(d, Options{})
		before, err := w.fit(d, Options{}, &z)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(7, 7))
		n, periods := p.Y.Dims()
		unit, both := *p, *p
		unit.Y, both.Y = mat.DenseCopyOf(p.Y), mat.DenseCopyOf(p.Y)
		gamma := make([]float64, periods)
		for s := range gamma {
			gamma[s] = 10 * rng.NormFloat64()
		}
		for i := range n {
			alpha := 10 * rng.NormFloat64()
			for s := range periods {
				unit.Y.Set(i, s, p.Y.At(i, s)+alpha)
				both.Y.Set(i, s, p.Y.At(i, s)+alpha+gamma[s])
			}
		}
		after, err := newWorkspace(&both).fit(d, Options{}, &z)
		if err != nil {
			t.Fatal(err)
		}
		shifted, err := Estimate(&unit, d, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !alike(before.ATT, after.ATT, 1e-5) || !alike(before.ATT, shifted.ATT, 1e-5) {
			t.Fatalf("effect %.12g, with both effects %.12g, with unit effects %.12g", before.ATT, after.ATT, shifted.ATT)
		}
	})
}

// Adding δ to every treated outcome after treatment moves τ by exactly δ.
func TestEffectShifts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, d := draw(t)
		q := *p
		q.Y = mat.DenseCopyOf(p.Y)
		for _, i := range d.Treated {
			for s := d.Start; s < len(p.Times); s++ {
				q.Y.Set(i, s, p.Y.At(i, s)+3)
			}
		}
		for _, m := range []Method{SDID, SC, DID} {
			a, err := Estimate(p, d, Options{Method: m})
			if err != nil {
				t.Fatal(err)
			}
			b, err := Estimate(&q, d, Options{Method: m})
			if err != nil {
				t.Fatal(err)
			}
			if !alike(a.ATT+3, b.ATT, 1e-9) {
				t.Fatalf("method %d: %g then %g", m, a.ATT, b.ATT)
			}
		}
	})
}

// 200 panels of 30 units, 15+5 periods, one factor, noise 0.5, effect 2: the mean
// error must be within four of its own standard errors.
func TestKnownEffectRecovered(t *testing.T) {
	var sum, ss float64
	const n = 200
	for b := range n {
		p, d := simulate(rand.New(rand.NewPCG(11, uint64(b))), 30, 20, 3, 15, 2, 0.5)
		f, err := Estimate(p, d, Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := f.ATT - 2
		sum += e
		ss += e * e
	}
	bias := sum / n
	if se := math.Sqrt(ss/n-bias*bias) / math.Sqrt(n); math.Abs(bias) > 4*se {
		t.Errorf("mean error %.4f, standard error %.4f", bias, se)
	} else {
		t.Logf("mean error %.4f ± %.4f, rmse %.4f", bias, se, math.Sqrt(ss/n))
	}
}

// β = 1.5 enters the outcome; both adjustments find it and the effect.
func TestCovariates(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(3, 3)), 40, 20, 2, 15, 2, 0.1)
	n, periods := p.Y.Dims()
	for i := range n {
		for s := range periods {
			p.Y.Set(i, s, p.Y.At(i, s)+1.5*p.Covariates["x"].At(i, s))
		}
	}
	for _, a := range []Adjustment{Projected, Joint} {
		f, err := Estimate(p, d, Options{Covariates: []string{"x"}, Adjust: a})
		if err != nil {
			t.Fatal(err)
		}
		// Loose enough for noise 0.1 and the factor left in the projection's error.
		near(t, "beta", f.Beta[0], 1.5, 0.1)
		near(t, "effect", f.ATT, 2, 0.25)
	}
	// With no noise and no factor the projection is exact.
	for i := range n {
		for s := range periods {
			y := float64(i) + float64(s*s) + 1.5*p.Covariates["x"].At(i, s)
			if i < 2 && s >= d.Start {
				y += 2
			}
			p.Y.Set(i, s, y)
		}
	}
	f, err := Estimate(p, d, Options{Covariates: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "exact beta", f.Beta[0], 1.5, 1e-9)
	near(t, "exact effect", f.ATT, 2, 1e-9)
}

func TestUnusableCovariates(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(3, 4)), 10, 8, 1, 5, 0, 1)
	fixed, twice := mat.NewDense(10, 8, nil), mat.DenseCopyOf(p.Covariates["x"])
	twice.Scale(2, twice)
	gone := mat.DenseCopyOf(twice)
	gone.Set(4, 2, math.NaN())
	p.Covariates["fixed"], p.Covariates["twice"], p.Covariates["gone"] = fixed, twice, gone
	for _, names := range [][]string{{"fixed"}, {"x", "twice"}, {"gone"}, {"unknown"}} {
		for _, a := range []Adjustment{Projected, Joint} {
			if _, err := Estimate(p, d, Options{Covariates: names, Adjust: a}); !errors.Is(err, ErrCovariate) {
				t.Errorf("%q: error %v, want ErrCovariate", names, err)
			}
		}
	}
}

func TestStaggered(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(5, 5)), 30, 16, 5, 16, 0, 0)
	starts := map[int]int{0: 8, 1: 8, 2: 8, 3: 12, 4: 12}
	n, periods := p.Y.Dims()
	for i := range n {
		for s := range periods {
			y := float64(3*i) + math.Sqrt(float64(s))
			if start, ok := starts[i]; ok && s >= start {
				y += float64(1 + s - start)
			}
			p.Y.Set(i, s, y)
		}
	}
	r, err := EstimateStaggered(p, starts, d.Donors, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Cohort means are 4.5 over 8 periods and 2.5 over 4; unit-periods are 24 and 8.
	near(t, "pooled", r.ATT, (24*4.5+8*2.5)/32, 1e-6)
	for h, v := range r.ByEvent {
		near(t, "event", v, float64(h+1), 1e-6)
	}
	for _, f := range []func() (*Variance, error){
		func() (*Variance, error) {
			return Placebo(context.Background(), p, r.Cohorts, Options{}, VarianceOptions{Replications: 20, Seed: 1})
		},
		func() (*Variance, error) {
			return Bootstrap(context.Background(), p, r.Cohorts, Options{}, VarianceOptions{Replications: 20, Seed: 1})
		},
		func() (*Variance, error) { return Jackknife(p, r.Cohorts, Options{}, VarianceOptions{}) },
	} {
		v, err := f()
		if err != nil {
			t.Fatal(err)
		}
		near(t, "variance's own estimate", v.ATT, r.ATT, 1e-9)
	}
}

// The jackknife by its definition, refitting τ from fixed weights unit by unit.
func TestJackknifeDefinition(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(8, 8)), 15, 12, 3, 8, 1, 0.7)
	f, err := Estimate(p, d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tau := func(skip int) float64 {
		var treated, n, synthetic, sum float64
		contrast := func(i int) float64 {
			v := mean(p.Y.RawRowView(i)[d.Start:])
			for s, l := range f.TimeWeights {
				v -= l * p.Y.At(i, s)
			}
			return v
		}
		for _, i := range d.Treated {
			if i != skip {
				treated += contrast(i)
				n++
			}
		}
		for k, i := range d.Donors {
			if i != skip {
				synthetic += f.Weights[k] * contrast(i)
				sum += f.Weights[k]
			}
		}
		return treated/n - synthetic/sum
	}
	var all []float64
	for i := range p.Units {
		all = append(all, tau(i))
	}
	m, ss := mean(all), 0.0
	for _, v := range all {
		ss += (v - m) * (v - m)
	}
	n := float64(len(all))
	v, err := Jackknife(p, []panel.Design{d}, Options{}, VarianceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "jackknife", v.SE, math.Sqrt((n-1)/n*ss), 1e-12)
}

func TestVarianceSeedAndWork(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(9, 9)), 30, 14, 4, 10, 1, 0.7)
	blocks := []panel.Design{d}
	v := VarianceOptions{Replications: 50, Seed: 4}
	for name, f := range map[string]func(context.Context, *panel.Panel, []panel.Design, Options, VarianceOptions) (*Variance, error){
		"placebo": Placebo, "bootstrap": Bootstrap,
	} {
		a, err := f(context.Background(), p, blocks, Options{}, v)
		if err != nil {
			t.Fatal(err)
		}
		b, err := f(context.Background(), p, blocks, Options{}, v)
		if err != nil {
			t.Fatal(err)
		}
		for k := range a.Draws {
			if a.Draws[k] != b.Draws[k] {
				t.Fatalf("%s: draw %d differs between runs with one seed", name, k)
			}
		}
		if a.Enumerated || !(a.MonteCarlo > 0) || !(a.SE > 0) {
			t.Errorf("%s: %+v", name, a)
		}
		done, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := f(done, p, blocks, Options{}, v); !errors.Is(err, context.Canceled) {
			t.Errorf("%s after cancel: %v", name, err)
		}
	}
	two := panel.Design{Treated: d.Treated[:2], Donors: d.Donors, Start: d.Start}
	a, err := Placebo(context.Background(), p, []panel.Design{two}, Options{}, VarianceOptions{Replications: 400})
	if err != nil {
		t.Fatal(err)
	}
	// C(26, 2) = 325 pairs are fewer than 400.
	if !a.Enumerated || len(a.Draws) != 325 || a.SizeAdjusted == nil {
		t.Errorf("%d draws, enumerated %v", len(a.Draws), a.Enumerated)
	}
}

func TestUndefined(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(2, 2)), 6, 8, 1, 5, 0, 1)
	one := []panel.Design{d}
	if _, err := Jackknife(p, one, Options{}, VarianceOptions{}); !errors.Is(err, ErrVariance) {
		t.Errorf("jackknife, one treated: %v", err)
	}
	if _, err := Bootstrap(context.Background(), p, one, Options{}, VarianceOptions{}); !errors.Is(err, ErrVariance) {
		t.Errorf("bootstrap, one treated: %v", err)
	}
	many := []panel.Design{{Treated: []int{0, 1, 2}, Donors: []int{3, 4, 5}, Start: 5}}
	if _, err := Placebo(context.Background(), p, many, Options{}, VarianceOptions{}); !errors.Is(err, ErrVariance) {
		t.Errorf("placebo, as many treated as donors: %v", err)
	}
	short := d
	short.Start = 1
	if _, err := Estimate(p, short, Options{}); !errors.Is(err, ErrShortPre) {
		t.Errorf("one pre-period: %v", err)
	}
	if _, err := Estimate(p, short, Options{Method: DID}); err != nil {
		t.Errorf("DID with one pre-period: %v", err)
	}
	none := d
	none.Start = 8
	for _, m := range []Method{SDID, SC, DID} {
		f, err := Estimate(p, none, Options{Method: m, Covariates: []string{"x"}})
		if err != nil || f.ATT != 0 || math.IsNaN(f.PreRMSPE) {
			t.Errorf("no treated period: %v, %v", f, err)
		}
	}
	if _, err := Estimate(p, none, Options{Covariates: []string{"x"}, Adjust: Joint}); err != nil {
		t.Errorf("joint, no treated period: %v", err)
	}
	flat := *p
	flat.Y = mat.NewDense(6, 8, nil)
	f, err := Estimate(&flat, d, Options{})
	if err != nil || f.ATT != 0 {
		t.Errorf("constant outcomes: %v, %v", f, err)
	}
	if _, err := Placebo(context.Background(), &flat, one, Options{}, VarianceOptions{}); err != nil {
		t.Errorf("placebo on constant outcomes: %v", err)
	}
	// The largest finite outcomes overflow where they are squared or subtracted.
	for _, big := range []float64{1e200, 1e308} {
		huge := *p
		huge.Y = mat.DenseCopyOf(p.Y)
		huge.Y.Set(d.Donors[0], 1, big)
		huge.Y.Set(d.Donors[0], 2, -big)
		if _, err := Estimate(&huge, d, Options{}); !errors.Is(err, simplexls.ErrNotFinite) {
			t.Errorf("outcomes of %g: %v", big, err)
		}
	}
}

// PlaceboOf with SDID's own estimator is Placebo but for the regularisation, which
// the placebos choose again: with DID, which has none, they agree exactly.
func TestPlaceboOfAnyEstimator(t *testing.T) {
	for _, treated := range []int{1, 2} {
		p, d := simulate(rand.New(rand.NewPCG(9, 9)), 15, 9, treated, 6, 1, 0.5)
		o, v := Options{Method: DID}, VarianceOptions{Replications: 100, Seed: 4}
		want, err := Placebo(context.Background(), p, []panel.Design{d}, o, v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := PlaceboOf(context.Background(), p, []panel.Design{d}, []panel.Estimator{Estimator(o)}, v)
		if err != nil {
			t.Fatal(err)
		}
		if !alike(got.SE, want.SE, 1e-12) || got.P != want.P || got.Enumerated != want.Enumerated || !alike(got.SizeAdjusted.SE, want.SizeAdjusted.SE, 1e-12) {
			t.Errorf("%d treated: %+v, want %+v", treated, got, want)
		}
	}
	p, d := simulate(rand.New(rand.NewPCG(9, 9)), 15, 9, 2, 6, 1, 0.5)
	blocks := []panel.Design{{Treated: d.Treated[:1], Donors: d.Donors, Start: 4}, {Treated: d.Treated[1:], Donors: d.Donors, Start: 6}}
	o, v := Options{Method: DID}, VarianceOptions{Replications: 50, Seed: 4}
	want, err := Placebo(context.Background(), p, blocks, o, v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := PlaceboOf(context.Background(), p, blocks, []panel.Estimator{Estimator(o), Estimator(o)}, v)
	if err != nil {
		t.Fatal(err)
	}
	if !alike(got.SE, want.SE, 1e-12) || !alike(got.ATT, want.ATT, 1e-12) || got.P != want.P {
		t.Errorf("two cohorts: %+v, want %+v", got, want)
	}
	p, d = simulate(rand.New(rand.NewPCG(9, 9)), 3, 9, 1, 6, 1, 0.5)
	if _, err := PlaceboOf(context.Background(), p, []panel.Design{d}, []panel.Estimator{Estimator(Options{Method: DID})}, VarianceOptions{}); !errors.Is(err, ErrVariance) {
		t.Errorf("two donors: %v", err)
	}
}
