package synth

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// simulate draws a panel of n units and t periods with two factors and two
// covariates that are the loadings with noise; row 0 is treated.
func simulate(rng *rand.Rand, n, t int) *panel.Panel {
	p := &panel.Panel{Y: mat.NewDense(n, t, nil), Covariates: map[string]*mat.Dense{"x1": mat.NewDense(n, t, nil), "x2": mat.NewDense(n, t, nil)}}
	factor := mat.NewDense(2, t, nil)
	for k := range 2 {
		for c := range t {
			factor.Set(k, c, rng.NormFloat64()+float64(c)*0.1*float64(k))
		}
	}
	for i := range n {
		p.Units = append(p.Units, fmt.Sprint("u", i))
		l1, l2, level := rng.Float64(), rng.Float64(), 10*rng.Float64()
		for c := range t {
			p.Y.Set(i, c, level+4*l1*factor.At(0, c)+4*l2*factor.At(1, c)+0.3*rng.NormFloat64())
			p.Covariates["x1"].Set(i, c, l1+0.1*rng.NormFloat64())
			p.Covariates["x2"].Set(i, c, l2+0.1*rng.NormFloat64())
		}
	}
	for c := range t {
		p.Times = append(p.Times, float64(2000+c))
	}
	return p
}

func first(n, start int) panel.Design {
	d := panel.Design{Treated: []int{0}, Start: start}
	for i := 1; i < n; i++ {
		d.Donors = append(d.Donors, i)
	}
	return d
}

// every is one Spec of each method.
func every() map[string]Spec {
	predictors := []Predictor{{Column: "x1", From: 2000, To: 2007}, {Column: "x2", From: 2000, To: 2007}, {From: 2000, To: 2003}, {From: 2004, To: 2007}}
	return map[string]Spec{
		"sc":              {Predictors: predictors},
		"sc equal":        {Predictors: predictors, Rule: VEqual},
		"sc train":        {Predictors: predictors[2:], Train: &Train{Predictors: []Predictor{{From: 2000, To: 2001}, {From: 2002, To: 2003}}, FitWindow: Window{2004, 2007}}},
		"outcome":         {Method: OutcomeOnly},
		"demeaned":        {Method: Demeaned},
		"penalised":       {Method: Penalised},
		"penalised fixed": {Method: Penalised, Predictors: predictors, Lambda: 0.1, LambdaRule: LambdaFixed},
		"ridge":           {Method: RidgeAugmented},
		"robust":          {Method: Robust, Rank: 2, Lambda: 0.1},
	}
}

// check runs a property for fifty seeds, or eight where V is searched.
func check(t *testing.T, s Spec, property func(rng *rand.Rand)) {
	t.Helper()
	n := 50
	if s.Method == Classic && s.Rule == VOptimise {
		n = 8
	}
	for seed := range n {
		property(rand.New(rand.NewPCG(uint64(seed), 1)))
	}
}

// What happens after the start must not move a weight, and adding δ to the treated
// then must add δ to the effect. The penalised λ is chosen from donors' outcomes
// after the start, which are not the treated's.
func TestNoPeeking(t *testing.T) {
	for name, s := range every() {
		t.Run(name, func(t *testing.T) {
			check(t, s, func(rng *rand.Rand) {
				p := simulate(rng, 9, 11)
				d := first(9, 8)
				delta := 100 * (rng.Float64() - 0.5)
				a, err := s.Fit(p, d)
				if err != nil {
					t.Fatal(err)
				}
				for c := 8; c < 11; c++ {
					p.Y.Set(0, c, p.Y.At(0, c)+delta)
				}
				b, err := s.Fit(p, d)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(a.Weights, b.Weights) {
					t.Fatalf("weights moved: %v %v", a.Weights, b.Weights)
				}
				if math.Abs(b.ATT-a.ATT-delta) > 1e-9*(1+math.Abs(delta)) {
					t.Fatalf("effect moved by %v, want %v", b.ATT-a.ATT, delta)
				}
			})
		})
	}
}

// Weights of every simplex method are on the simplex; another unit of measurement
// scales the effect and leaves weights alone.
func TestSimplexAndScale(t *testing.T) {
	for name, s := range every() {
		if s.Method == Robust {
			continue
		}
		t.Run(name, func(t *testing.T) {
			check(t, s, func(rng *rand.Rand) {
				p := simulate(rng, 8, 11)
				d := first(8, 8)
				r, err := s.Fit(p, d)
				if err != nil {
					t.Fatal(err)
				}
				var sum float64
				for _, w := range r.Weights {
					sum += w
					if w < 0 && s.Method != RidgeAugmented {
						t.Fatalf("negative weight %v", w)
					}
				}
				if math.Abs(sum-1) > 1e-9 {
					t.Fatalf("weights sum to %v", sum)
				}
				// Powers of two are exact, so that a search takes the same path.
				q := *p
				q.Y = mat.DenseCopyOf(p.Y)
				q.Y.Scale(8, q.Y)
				u, err := s.Fit(&q, d)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(u.ATT-8*r.ATT) > 1e-6*(1+math.Abs(u.ATT)) {
					t.Fatalf("effect %v in another unit, want %v", u.ATT, 8*r.ATT)
				}
			})
		})
	}
}

// An intercept takes up levels: adding a constant to any unit changes nothing.
func TestDemeanedIgnoresLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := simulate(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3)), 8, 11)
		d := first(8, 8)
		s := Spec{Method: Demeaned}
		a, err := s.Fit(p, d)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			by := rapid.Float64Range(-100, 100).Draw(t, "level")
			for c := range 11 {
				p.Y.Set(i, c, p.Y.At(i, c)+by)
			}
		}
		b, err := s.Fit(p, d)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(a.ATT-b.ATT) > 1e-7 {
			t.Fatalf("effect %v, with other levels %v", a.ATT, b.ATT)
		}
	})
}

// λ → ∞ is the nearest neighbour; λ = 0 the plain synthetic control of the rows.
func TestPenaltyLimits(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(5, 4)), 12, 11)
	d := first(12, 8)
	far := fit(t, Spec{Method: Penalised, Lambda: 1e9, LambdaRule: LambdaFixed}, p, d)
	nearest, best := -1, math.Inf(1)
	for a, j := range d.Donors {
		var q float64
		for c := range 8 {
			q += math.Pow(p.Y.At(0, c)-p.Y.At(j, c), 2)
		}
		if q < best {
			nearest, best = a, q
		}
	}
	near(t, "weight of the nearest", far.Weights[nearest], 1, 1e-12)
	none := fit(t, Spec{Method: Penalised, LambdaRule: LambdaFixed}, p, d)
	plain := fit(t, Spec{Method: OutcomeOnly}, p, d)
	near(t, "effect without penalty", none.ATT, plain.ATT, 1e-9)
	ridge := fit(t, Spec{Method: RidgeAugmented, Lambda: 1e12, LambdaRule: LambdaFixed}, p, d)
	near(t, "effect at an infinite ridge", ridge.ATT, plain.ATT, 1e-6)
}

// V that leaves weights open counts with the loss that it gives by itself, from a cold
// start. Ranked by that of weights a warm one happened to find, the searches of these
// four panels ended where the losses below are; how far below them another ends hangs on
// rounding.
func TestSearchRanksByV(t *testing.T) {
	spec := Spec{Predictors: []Predictor{
		{Column: "x1", From: 2000, To: 2007}, {Column: "x2", From: 2000, To: 2007}, {From: 2000, To: 2003}, {From: 2004, To: 2007}, {From: 2009, To: 2009},
	}}
	for seed, warm := range map[uint64]float64{4: 0.2889, 5: 0.1425, 11: 0.3194, 13: 0.2353} {
		p := simulate(rand.New(rand.NewPCG(seed, 5)), 24, 14)
		if r := fit(t, spec, p, first(24, 11)); r.VLoss > 0.98*warm {
			t.Errorf("seed %d: loss %v, want below %v", seed, r.VLoss, warm)
		}
	}
}

// λ is that of the definition, every fold solved by itself, and designs that share folds
// get the estimates of those that do not.
func TestPenaltyFolds(t *testing.T) {
	shared := 0
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 14).Draw(t, "units")
		p := simulate(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3)), n, 11)
		d := first(n, 8)
		s := Spec{Method: Penalised}
		if rapid.Bool().Draw(t, "predictors") {
			s.Predictors = []Predictor{{From: 2000, To: 2003}, {From: 2004, To: 2007}, {Column: "x2", From: 2000, To: 2007}}
			s.Rule = VEqual
			if rapid.Bool().Draw(t, "unscaled") {
				s.Scale = ScaleNone
			}
		}
		r, err := s.Fit(p, d)
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]float64, len(penaltyGrid))
		for _, i := range d.Donors {
			fold := panel.Design{Treated: []int{i}, Start: d.Start}
			for _, j := range d.Donors {
				if j != i {
					fold.Donors = append(fold.Donors, j)
				}
			}
			for g, lambda := range penaltyGrid {
				one := s
				one.LambdaRule, one.Lambda = LambdaFixed, lambda
				f, err := one.Fit(p, fold)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range f.Gaps[d.Start:] {
					errs[g] += e * e
				}
			}
		}
		for g, e := range errs {
			if e < errs[slices.Index(penaltyGrid, r.Lambda)]*(1-1e-9) {
				t.Fatalf("λ %v with error %v, but %v has %v", r.Lambda, errs[slices.Index(penaltyGrid, r.Lambda)], penaltyGrid[g], e)
			}
		}
		est := s.EstimatorFor(p, d)
		if s.sharesFolds() {
			shared++
		}
		for a := range d.Donors {
			for _, without := range []int{0, 1} {
				e := panel.Design{Treated: d.Donors[a : a+1], Start: d.Start, Donors: slices.DeleteFunc(slices.Clone(d.Donors), func(j int) bool {
					return j == d.Donors[a] || j == d.Donors[(a+without)%len(d.Donors)]
				})}
				got, err := est(p, e)
				if err != nil {
					t.Fatal(err)
				}
				want, err := s.Estimator()(p, e)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(got.ATT-want.ATT) > 1e-9*(1+math.Abs(want.ATT)) {
					t.Fatalf("effect %v with shared folds, %v without", got.ATT, want.ATT)
				}
			}
		}
	})
	if shared == 0 {
		t.Error("no design shared its folds")
	}
}

// The search finds a V no worse than its starts and than 300 random ones, and does
// not depend on anything but the data.
func TestSearchBeatsRandomV(t *testing.T) {
	for seed := range uint64(6) {
		p := simulate(rand.New(rand.NewPCG(seed, 5)), 14, 11)
		d := first(14, 8)
		s := every()["sc"]
		best := fit(t, s, p, d)
		if again := fit(t, s, p, d); !slices.Equal(best.Weights, again.Weights) {
			t.Error("two searches differ")
		}
		rng := rand.New(rand.NewPCG(seed, 6))
		for range 300 {
			v := make([]float64, len(s.Predictors))
			for k := range v {
				v[k] = math.Exp(-12 * rng.Float64())
			}
			other := s
			other.Rule, other.V = VFixed, v
			if r := fit(t, other, p, d); r.VLoss < best.VLoss*(1-1e-4) {
				t.Errorf("seed %d: V %v has loss %v below the %v found", seed, v, r.VLoss, best.VLoss)
			}
		}
	}
}

// A treated unit that is an exact mixture of donors, predictors included, is found.
func TestExactMixture(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(9, 9)), 10, 11)
	for _, m := range []*mat.Dense{p.Y, p.Covariates["x1"], p.Covariates["x2"]} {
		for c := range 11 {
			m.Set(0, c, 0.25*m.At(3, c)+0.75*m.At(7, c))
		}
	}
	d := first(10, 8)
	for _, name := range []string{"outcome", "demeaned", "sc"} {
		r := fit(t, every()[name], p, d)
		near(t, name+" effect", r.ATT, 0, 1e-6)
		if name != "sc" && (!r.PerfectFit || !r.Has(OverFit) || r.Ratio != 0) {
			t.Errorf("%s: perfect fit %v, flags %v, ratio %v", name, r.PerfectFit, r.Flags, r.Ratio)
		}
	}
}

// With as many donors as one likes inside the hull, weights are not unique.
func TestNonUnique(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(1, 9)), 40, 5)
	d := first(40, 2)
	for c := range 2 {
		mean := 0.0
		for i := 1; i < 40; i++ {
			mean += p.Y.At(i, c) / 39
		}
		p.Y.Set(0, c, mean)
	}
	if r := fit(t, Spec{Method: OutcomeOnly}, p, d); !r.Has(NonUnique) || !r.PerfectFit {
		t.Errorf("flags %v, perfect %v", r.Flags, r.PerfectFit)
	}
}

// Donors that do not differ have an answer.
func TestRidgeOfEqualDonors(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(1, 9)), 5, 11)
	for i := 2; i < 5; i++ {
		for c := range 11 {
			p.Y.Set(i, c, p.Y.At(1, c))
		}
	}
	r := fit(t, Spec{Method: RidgeAugmented}, p, first(5, 8))
	near(t, "gap", r.Gaps[9], p.Y.At(0, 9)-p.Y.At(1, 9), 1e-9)
}

func TestSpecCheck(t *testing.T) {
	one := []Predictor{{From: 2000, To: 2001}}
	for name, s := range map[string]Spec{
		"no predictors":   {},
		"unknown method":  {Method: 17},
		"short v":         {Predictors: one, Rule: VFixed},
		"negative v":      {Predictors: one, Rule: VFixed, V: []float64{-1}},
		"zero v":          {Predictors: one, Rule: VFixed, V: []float64{0}},
		"training length": {Predictors: one, Train: &Train{}},
		"training method": {Method: Demeaned, Predictors: one, Train: &Train{Predictors: one}},
		"lambda":          {Method: Penalised, Lambda: math.NaN()},
		"rank":            {Method: Robust},
	} {
		if err := s.Check(); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefused(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(1, 9)), 6, 11)
	d := first(6, 8)
	for i := range 6 {
		p.Covariates["x2"].Set(i, 1, math.NaN())
	}
	p.Covariates["flat"] = mat.NewDense(6, 11, nil)
	for name, tt := range map[string]struct {
		spec Spec
		want error
	}{
		"unknown column": {Spec{Predictors: []Predictor{{Column: "zz", From: 2000, To: 2001}}}, ErrPredictor},
		"all missing":    {Spec{Predictors: []Predictor{{Column: "x2", From: 2001, To: 2001}}}, ErrPredictor},
		"after start":    {Spec{Predictors: []Predictor{{From: 2009, To: 2010}}}, ErrPredictor},
		"window":         {Spec{Method: OutcomeOnly, FitWindow: Window{1990, 1991}}, ErrWindow},
		"flat predictor": {Spec{Method: RidgeAugmented, Predictors: []Predictor{{Column: "flat", From: 2000, To: 2007}}}, ErrSpec},
		"short ridge":    {Spec{Method: RidgeAugmented, FitWindow: Window{2000, 2001}}, ErrWindow},
	} {
		if _, err := tt.spec.Fit(p, d); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	// A predictor of which some periods are present is their mean.
	r := fit(t, Spec{Predictors: []Predictor{{Column: "x2", From: 2000, To: 2002}, {From: 2009, To: 2010}}}, p, d)
	near(t, "mean of the periods present", r.Balance[0].Treated, (p.Covariates["x2"].At(0, 0)+p.Covariates["x2"].At(0, 2))/2, 1e-12)
	if !r.Has(DroppedPredictor) || len(r.Dropped) != 1 {
		t.Errorf("a predictor after the start is not named: %v", r.Dropped)
	}
}

// v(M) = 0.5 + 4000/M is found again from 20,000 squares to a few per cent.
func TestFitSizeVariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const n = 20_000
	squares, sizes := make([]float64, n), make([]float64, n)
	for i := range sizes {
		sizes[i] = 1000 * math.Exp(2.5*rng.Float64())
		squares[i] = math.Pow(rng.NormFloat64(), 2) * (0.5 + 4000/sizes[i])
	}
	v, err := FitSizeVariance(squares, sizes)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "a", v.A, 0.5, 0.05)
	near(t, "b", v.B, 4000, 200)
	for name, bad := range map[string][2][]float64{
		"few": {{1, 2}, {1, 2}}, "size": {{1, 2, 3}, {1, 2, 0}}, "square": {{1, 2, math.NaN()}, {1, 2, 3}}, "zero": {{0, 0, 0}, {1, 2, 3}},
	} {
		if _, err := FitSizeVariance(bad[0], bad[1]); !errors.Is(err, ErrSize) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Treated rows 0..2 among the others.
func several(rng *rand.Rand) (*panel.Panel, panel.Design) {
	p := simulate(rng, 14, 13)
	p.Size = make([]float64, 14)
	for i := range p.Size {
		p.Size[i] = 1000 * float64(i+1)
	}
	d := first(14, 10)
	return p, panel.Design{Treated: []int{0, 1, 2}, Donors: d.Donors[2:], Start: 10}
}

func fitSeveral(t testing.TB, s Several, p *panel.Panel, d panel.Design) *SeveralResult {
	t.Helper()
	r, err := s.Fit(p, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSeveral(t *testing.T) {
	p, d := several(rand.New(rand.NewPCG(2, 2)))
	spec := Spec{Method: Demeaned}
	each := fitSeveral(t, Several{Spec: spec}, p, d)
	var mean float64
	for k := range d.Treated {
		mean += fit(t, spec, p, panel.Design{Treated: d.Treated[k : k+1], Donors: d.Donors, Start: 10}).ATT / 3
	}
	near(t, "each", each.ATT, mean, 1e-12)
	block := fitSeveral(t, Several{Spec: spec, Pooling: Block}, p, d)
	near(t, "block", block.ATT, fit(t, spec, p, d).ATT, 0)
	together := fitSeveral(t, Several{Spec: spec, Pooling: Aggregate}, p, d)
	near(t, "aggregate with equal weights", together.ATT, block.ATT, 1e-9)
	// By size: 1, 2 and 3 thousand.
	q, one := Together(p, d, []float64{1.0 / 6, 2.0 / 6, 3.0 / 6})
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
	near(t, "size together", q.Size[14], 6000, 0)
	bySize := fitSeveral(t, Several{Spec: spec, Pooling: Aggregate, Weights: []float64{1000, 2000, 3000}}, p, d)
	near(t, "aggregate by size", bySize.ATT, fit(t, spec, q, one).ATT, 1e-9)
	for name, bad := range map[string]Several{
		"weights": {Spec: spec, Weights: []float64{1}}, "zero weight": {Spec: spec, Weights: []float64{1, 0, 1}},
		"nu": {Spec: spec, Pooling: PartiallyPooled, Nu: 2, NuFixed: true}, "pooling": {Spec: spec, Pooling: 9},
		"method": {Spec: Spec{Method: RidgeAugmented}, Pooling: PartiallyPooled},
	} {
		if _, err := bad.Fit(p, d); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// At ν = 0 partial pooling is the separate fits, at ν = 1 its pooled fit is that of
// the block; between, pooled fit is bought with separate fit, and no other weights
// on the simplexes do better.
func TestPartiallyPooled(t *testing.T) {
	for seed := range uint64(5) {
		p, d := several(rand.New(rand.NewPCG(seed, 8)))
		for _, m := range []Method{OutcomeOnly, Demeaned} {
			spec := Spec{Method: m}
			each := fitSeveral(t, Several{Spec: spec}, p, d)
			at := func(nu float64) *SeveralResult {
				return fitSeveral(t, Several{Spec: spec, Pooling: PartiallyPooled, Nu: nu, NuFixed: true}, p, d)
			}
			near(t, "ν = 0", at(0).ATT, each.ATT, 0)
			near(t, "pooled fit at ν = 1", at(1).Pooled, fit(t, spec, p, d).PreRMSPE, 1e-5)
			half := at(0.5)
			if half.Pooled > half.PooledBefore+1e-9 || half.Separate < half.SeparateBefore-1e-9 || half.Certificate > partialTol {
				t.Errorf("%+v", half)
			}
			near(t, "pooled fit", half.Pooled, half.PreRMSPE, 1e-9)
			own := fitSeveral(t, Several{Spec: spec, Pooling: PartiallyPooled}, p, d)
			near(t, "ν chosen", own.Nu, own.PooledBefore/own.SeparateBefore, 1e-12)
			w := []float64{1.0 / 3, 1.0 / 3, 1.0 / 3}
			j := newJoint(p, d, half, w, m == Demeaned)
			value := func() float64 {
				separate, pooled := j.norms()
				return 0.5*math.Pow(pooled/half.PooledBefore, 2) + 0.5*math.Pow(separate/half.SeparateBefore, 2)
			}
			best := value()
			rng := rand.New(rand.NewPCG(seed, 10))
			for range 200 {
				k, a := rng.IntN(3), rng.IntN(len(d.Donors))
				old := slices.Clone(j.solutions[k].Weights)
				step := rng.Float64() * 0.05
				for b := range j.solutions[k].Weights {
					j.solutions[k].Weights[b] *= 1 - step
				}
				j.solutions[k].Weights[a] += step
				j.residual(k)
				j.pool()
				if v := value(); v < best-1e-7 {
					t.Fatalf("other weights are better: %v below %v", v, best)
				}
				j.solutions[k].Weights = old
				j.residual(k)
				j.pool()
			}
		}
	}
}

// NoiseScale finds the noise of a two-factor panel, 0.3, within a fifth.
func TestNoiseScale(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(7, 7)), 60, 24)
	units, columns := make([]int, 60), make([]int, 24)
	for i := range units {
		units[i] = i
	}
	for c := range columns {
		columns[c] = c
	}
	sd, ok := NoiseScale(p, units, columns)
	if !ok {
		t.Fatal("no noise scale for 60 units and 24 periods")
	}
	var q float64
	for _, v := range sd {
		q += v * v / 60
	}
	near(t, "noise", math.Sqrt(q), 0.3, 0.06)
	if _, ok := NoiseScale(p, units[:3], columns); ok {
		t.Error("three units have a noise scale")
	}
}
