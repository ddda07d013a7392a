package inference

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/did"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/sdid"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// level compares the treated mean with the donor mean period by period, so that
// every number of a test can be had by hand.
func level(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
	if err := d.Check(p); err != nil {
		return panel.Estimate{}, err
	}
	t := len(p.Times)
	e := panel.Estimate{Gaps: make([]float64, t), Weights: make([]float64, len(d.Donors))}
	for c := range t {
		for _, i := range d.Treated {
			e.Gaps[c] += p.Y.At(i, c) / float64(len(d.Treated))
		}
		for a, i := range d.Donors {
			e.Weights[a] = 1 / float64(len(d.Donors))
			e.Gaps[c] -= p.Y.At(i, c) * e.Weights[a]
		}
	}
	e.ATT = panel.MeanGap(e.Gaps, d.Start, t)
	e.PreRMSPE = panel.RMSPE(e.Gaps, 0, d.Start)
	e.PostRMSPE = panel.RMSPE(e.Gaps, d.Start, t)
	return e, nil
}

func newPanel(rows ...[]float64) *panel.Panel {
	p := &panel.Panel{Y: mat.NewDense(len(rows), len(rows[0]), nil)}
	for i, r := range rows {
		p.Units = append(p.Units, fmt.Sprint("u", i))
		p.Y.SetRow(i, r)
	}
	for j := range rows[0] {
		p.Times = append(p.Times, float64(2000+j))
	}
	return p
}

// Donor means before and after: A 1, 2; B 2, 2; C 3, 3; treated 2, 6.
func byHand() (*panel.Panel, panel.Design) {
	return newPanel([]float64{2, 6}, []float64{1, 2}, []float64{2, 2}, []float64{3, 3}), panel.Design{Treated: []int{0}, Donors: []int{1, 2, 3}, Start: 1}
}

func TestSpaceByHand(t *testing.T) {
	p, d := byHand()
	r, err := Space(t.Context(), p, d, level, Options{Level: 0.5, Direction: 1})
	if err != nil {
		t.Fatal(err)
	}
	// Gaps: treated 0, 11/3; A −3/2, −1/2; B 0, −1/2; C 3/2, 1.
	near(t, "att", r.Treated.ATT, 11.0/3, 1e-12)
	for k, want := range []float64{-0.5, -0.5, 1} {
		near(t, "placebo", r.Placebos[k].Estimate.ATT, want, 1e-12)
	}
	// The treated's pre-fit is perfect, and so is B's: they tie, A and C are below.
	if r.Reason != PerfectPreFit || r.RatioP.Rank != 2 || r.RatioP.N != 4 {
		t.Errorf("ratio %v (%s), rank %d of %d", r.Ratio, r.Reason, r.RatioP.Rank, r.RatioP.N)
	}
	near(t, "plain p", r.Plain.P.Value, 0.25, 0)
	near(t, "one-sided p", r.Plain.OneSided.Value, 0.25, 0)
	near(t, "se", r.Plain.SE, math.Sqrt((0.25+0.25+1)/3), 1e-12)
	// k = ⌊0.5·4⌋ = 2: the second largest |placebo| is 0.5.
	near(t, "lower", r.Plain.Interval.Lower, 11.0/3-0.5, 1e-12)
	// Pruning at any multiple of 0 keeps B alone.
	for _, c := range r.Pruned {
		if c.P.N != 2 || c.P.Rank != 2 {
			t.Errorf("pruned at %v: %+v", c.Times, c.P)
		}
	}
}

func TestTooFew(t *testing.T) {
	p, d := byHand()
	r, err := Space(t.Context(), p, d, level, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Plain.Interval.Reason != TooFewPlacebos || r.Plain.Interval.Upper != 0 {
		t.Errorf("three placebos give a 95 %% interval: %+v", r.Plain.Interval)
	}
	if r.SignedP.Reason != NoDirection || r.Plain.OneSided.Reason != NoDirection {
		t.Errorf("one-sided without direction: %+v", r.SignedP)
	}
	d.Donors = d.Donors[:1]
	if r, err = Space(t.Context(), p, d, level, Options{}); err != nil {
		t.Fatal(err)
	}
	if r.Failed != 1 || r.RatioP.Reason != NoPlacebo || r.Plain.Reason != NoPlacebo || r.RatioP.Value != 1 {
		t.Errorf("a single donor has no placebo: %+v", r)
	}
	c, err := Conformal(t.Context(), p, d, level, ConformalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Periods[0].Interval.Reason != TooFewPeriods || c.Periods[0].P.Smallest != 0.5 {
		t.Errorf("one pre-period gives an interval: %+v", c.Periods[0])
	}
	tt, err := TTest(t.Context(), p, d, level, 3, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if tt.Reason != TooFewPeriods || tt.P != 1 {
		t.Errorf("one pre-period gives a t-test: %+v", tt)
	}
	l, err := LeaveTwoOut(t.Context(), p, d, level, 0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l.P.Reason != TooFewPlacebos {
		t.Errorf("one donor gives pairs: %+v", l)
	}
}

func TestRefused(t *testing.T) {
	p, d := byHand()
	several := panel.Design{Treated: []int{0, 1}, Donors: []int{2, 3}, Start: 1}
	late := d
	late.Start = 2
	for name, tt := range map[string]struct {
		want error
		run  func() error
	}{
		"several treated":   {ErrSeveral, func() error { _, err := Space(t.Context(), p, several, level, Options{}); return err }},
		"several in pairs":  {ErrSeveral, func() error { _, err := LeaveTwoOut(t.Context(), p, several, level, 0, Options{}); return err }},
		"no treated period": {ErrNoPost, func() error { _, err := Space(t.Context(), p, late, level, Options{}); return err }},
		"level":             {ErrOptions, func() error { _, err := Space(t.Context(), p, d, level, Options{Level: 1}); return err }},
		"direction":         {ErrOptions, func() error { _, err := Space(t.Context(), p, d, level, Options{Direction: 2}); return err }},
		"blocks":            {ErrOptions, func() error { _, err := TTest(t.Context(), p, d, level, 1, Options{}); return err }},
		"sets":              {ErrOptions, func() error { _, err := Joint(t.Context(), p, d, level, JointOptions{Sets: -1}); return err }},
		"weights": {ErrOptions, func() error {
			_, err := Joint(t.Context(), p, d, level, JointOptions{Weights: []float64{0}})
			return err
		}},
		"null": {ErrOptions, func() error {
			_, err := Conformal(t.Context(), p, d, level, ConformalOptions{Null: math.NaN()})
			return err
		}},
		"in-time": {ErrOptions, func() error { _, err := InTimePlacebos(t.Context(), p, d, level, []int{0}, Options{}); return err }},
		"design":  {panel.ErrDesign, func() error { _, err := Space(t.Context(), p, panel.Design{}, level, Options{}); return err }},
	} {
		if err := tt.run(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// simulate draws one factor, unit levels and noise of variance a + b/M; sizes run
// from 5,000, the first unit being one of 2,000.
func simulate(rng *rand.Rand, n, t int) *panel.Panel {
	rows := make([][]float64, n)
	factor := make([]float64, t)
	for c := range factor {
		factor[c] = rng.NormFloat64()
		if c > 0 {
			factor[c] += factor[c-1]
		}
	}
	sizes := make([]float64, n)
	for i := range rows {
		sizes[i] = 5000 * math.Exp(math.Abs(rng.NormFloat64()))
		if i == 0 {
			sizes[i] = 2000
		}
		level, loading, sd := 3*rng.NormFloat64(), 1+0.2*rng.NormFloat64(), math.Sqrt(0.2+4000/sizes[i])
		rows[i] = make([]float64, t)
		for c := range rows[i] {
			rows[i][c] = level + loading*factor[c] + sd*rng.NormFloat64()
		}
	}
	p := newPanel(rows...)
	p.Size = sizes
	return p
}

func first(n, start int) panel.Design {
	return panel.Design{Treated: []int{0}, Donors: span(n)[1:], Start: start}
}

// Results must be the same for one worker and for many, and for the same seed.
func TestWorkers(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(1, 2)), 24, 14)
	d := first(24, 10)
	est := synth.Spec{Method: synth.Demeaned}.Estimator()
	run := func(workers int, seed uint64) []any {
		o := Options{Workers: workers, Seed: seed, Level: 0.8}
		s, err := Space(t.Context(), p, d, est, o)
		if err != nil {
			t.Fatal(err)
		}
		j, err := Joint(t.Context(), p, panel.Design{Treated: []int{0, 1}, Donors: d.Donors[1:], Start: 10}, est, JointOptions{Options: o, Sets: 99})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Joint(t.Context(), p, panel.Design{Treated: []int{0, 1}, Donors: d.Donors[1:], Start: 10}, est, JointOptions{Options: o, Sets: 99, Block: true})
		if err != nil {
			t.Fatal(err)
		}
		l, err := LeaveTwoOut(t.Context(), p, d, est, 50, o)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Conformal(t.Context(), p, d, est, ConformalOptions{Options: o, Permutations: IID, Replications: 500})
		if err != nil {
			t.Fatal(err)
		}
		r, err := RollingOrigin(t.Context(), p, d, est, 5, o)
		if err != nil {
			t.Fatal(err)
		}
		out, err := LeaveOneOut(t.Context(), p, d, est, true, o)
		if err != nil {
			t.Fatal(err)
		}
		return []any{s, j, b, l, c, r, out}
	}
	one := run(1, 5)
	if !reflect.DeepEqual(one, run(7, 5)) {
		t.Error("results depend on the number of workers")
	}
	if reflect.DeepEqual(one, run(7, 6)) {
		t.Error("results do not depend on the seed")
	}
	for k, v := range one {
		finiteOnly(t, fmt.Sprint("result ", k), reflect.ValueOf(v))
	}
}

// finiteOnly walks a result and fails on any NaN or infinity.
func finiteOnly(t interface {
	Helper()
	Errorf(string, ...any)
}, path string, v reflect.Value,
) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			finiteOnly(t, path, v.Elem())
		}
	case reflect.Struct:
		for k := range v.NumField() {
			finiteOnly(t, path+"."+v.Type().Field(k).Name, v.Field(k))
		}
	case reflect.Slice, reflect.Array:
		for k := range v.Len() {
			finiteOnly(t, fmt.Sprintf("%s[%d]", path, k), v.Index(k))
		}
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			t.Errorf("%s is %v", path, f)
		}
	}
}

func TestCancelled(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(1, 2)), 12, 10)
	d := first(12, 7)
	for name, run := range map[string]func(context.Context, panel.Estimator) error{
		"space": func(ctx context.Context, e panel.Estimator) error {
			_, err := Space(ctx, p, d, e, Options{})
			return err
		},
		"in time": func(ctx context.Context, e panel.Estimator) error {
			_, err := RollingOrigin(ctx, p, d, e, 3, Options{})
			return err
		},
		"leave one out": func(ctx context.Context, e panel.Estimator) error {
			_, err := LeaveOneOut(ctx, p, d, e, false, Options{})
			return err
		},
		"leave two out": func(ctx context.Context, e panel.Estimator) error {
			_, err := LeaveTwoOut(ctx, p, d, e, 0, Options{})
			return err
		},
		"conformal": func(ctx context.Context, e panel.Estimator) error {
			_, err := Conformal(ctx, p, d, e, ConformalOptions{})
			return err
		},
		"t-test": func(ctx context.Context, e panel.Estimator) error {
			_, err := TTest(ctx, p, d, e, 3, Options{})
			return err
		},
		"joint": func(ctx context.Context, e panel.Estimator) error {
			_, err := Joint(ctx, p, d, e, JointOptions{})
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		stop := func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
			cancel()
			return level(p, d)
		}
		if err := run(ctx, stop); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v after the context was cancelled", name, err)
		}
	}
}

// A placebo that fails is named and counted, not ranked.
func TestFailedPlacebo(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(1, 2)), 12, 10)
	d := first(12, 7)
	odd := func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
		if d.Treated[0] == 5 {
			return panel.Estimate{}, errors.New("no weights for five")
		}
		return level(p, d)
	}
	r, err := Space(t.Context(), p, d, odd, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed != 1 || r.RatioP.N != 11 || len(r.Plain.Draws) != 10 || !strings.Contains(r.Placebos[4].Failed, "five") {
		t.Errorf("%d failed, %d ranked, %q", r.Failed, r.RatioP.N, r.Placebos[4].Failed)
	}
}

// The interval holds 0 exactly when the p-value exceeds 1 − level, adjusted or not.
func TestIntervalAndPAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 60).Draw(t, "placebos")
		effects := rapid.SliceOfN(rapid.Float64Range(-5, 5), n, n).Draw(t, "effects")
		sizes := rapid.SliceOfN(rapid.Float64Range(500, 50_000), n, n).Draw(t, "sizes")
		o := Options{Level: rapid.SampledFrom([]float64{0.5, 0.8, 0.9, 0.95}).Draw(t, "level"), Seed: 3}
		effect := rapid.Float64Range(-10, 10).Draw(t, "effect")
		adjusted, _ := SizeAdjusted(effect, 1300, effects, sizes, o)
		for name, r := range map[string]Test{"plain": newTest(effect, effects, o), "adjusted": adjusted} {
			finiteOnly(t, name, reflect.ValueOf(r))
			if r.P.Value < r.P.Smallest-1e-15 || r.P.Value > 1 {
				t.Fatalf("%s: p %v outside %v..1", name, r.P.Value, r.P.Smallest)
			}
			if r.Interval.Reason != "" || r.Reason != "" {
				continue
			}
			holds := r.Interval.Lower <= 0 && 0 <= r.Interval.Upper
			if holds != (r.P.Value > 1-o.Level+1e-12) {
				t.Fatalf("%s: p %v, interval %+v", name, r.P.Value, r.Interval)
			}
		}
	})
}

// p-values do not depend on the unit of the outcome; effects and intervals scale.
func TestScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		c := rapid.Float64Range(1e-3, 1e3).Draw(t, "factor")
		p := simulate(rand.New(rand.NewPCG(seed, 1)), 15, 10)
		d := first(15, 7)
		q := *p
		q.Y = mat.DenseCopyOf(p.Y)
		q.Y.Scale(c, q.Y)
		est := did.Estimator(did.Options{})
		a, err := Space(context.Background(), p, d, est, Options{Level: 0.8})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Space(context.Background(), &q, d, est, Options{Level: 0.8})
		if err != nil {
			t.Fatal(err)
		}
		if a.RatioP != b.RatioP || a.Plain.P != b.Plain.P {
			t.Fatalf("p depends on the unit: %+v %+v", a.RatioP, b.RatioP)
		}
		if u := b.SizeAdjusted.Interval.Upper; math.Abs(u-c*a.SizeAdjusted.Interval.Upper) > 1e-6*math.Abs(u) {
			t.Fatalf("interval end %v, want %v times %v", u, c, a.SizeAdjusted.Interval.Upper)
		}
	})
}

// Conformal p-values of an effect inside the interval exceed 1 − level, outside
// they do not, for estimators of every kind.
func TestConformalInverts(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(4, 9)), 12, 22)
	d := first(12, 21)
	for name, est := range map[string]panel.Estimator{
		"outcome": synth.Spec{Method: synth.OutcomeOnly}.Estimator(), "demeaned": synth.Spec{Method: synth.Demeaned}.Estimator(),
		"did": did.Estimator(did.Options{}), "sdid": sdid.Estimator(sdid.Options{}),
	} {
		o := ConformalOptions{Options: Options{Level: 0.9}, Tolerance: 1e-6}
		r, err := Conformal(t.Context(), p, d, est, o)
		if err != nil {
			t.Fatal(name, err)
		}
		i := r.Periods[0].Interval
		if i.Reason != "" {
			t.Errorf("%s: %q", name, i.Reason)
			continue
		}
		for _, c := range []struct {
			null   float64
			inside bool
		}{{i.Lower + 1e-5, true}, {i.Upper - 1e-5, true}, {i.Lower - 1e-5, false}, {i.Upper + 1e-5, false}} {
			o.Null = c.null
			at, err := Conformal(t.Context(), p, d, est, o)
			if err != nil {
				t.Fatal(name, err)
			}
			if (at.P.Value > 0.1+1e-12) != c.inside {
				t.Errorf("%s: p %v at %v, interval %+v", name, at.P.Value, c.null, i)
			}
		}
	}
}

// With few possible sets all distinct ones are found and the bound says so.
func TestJointFewSets(t *testing.T) {
	p := simulate(rand.New(rand.NewPCG(4, 9)), 6, 10)
	d := panel.Design{Treated: []int{0, 1}, Donors: []int{2, 3, 4, 5}, Start: 7}
	r, err := Joint(t.Context(), p, d, level, JointOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range r.Units {
		if u.Gates.OverMedian <= 0 {
			t.Errorf("unit %d is not compared with the placebos' fit: %+v", u.Unit, u.Gates)
		}
	}
	// Ordered pairs of six units, 6·5, less that of the treated in their own places.
	if r.Sets != 29 || r.Plain.P.Smallest != 1.0/30 {
		t.Errorf("%d sets, smallest p %v", r.Sets, r.Plain.P.Smallest)
	}
	// Equal weights: the pooled effect is the mean of the two.
	near(t, "pooled", r.Plain.Effect, (r.Units[0].Estimate.ATT+r.Units[1].Estimate.ATT)/2, 1e-12)
}

// An effect at an end of the interval, taken from the treated, is just not rejected by
// the whole test run again, and beyond it is. Adjusted, the interval may be a little
// wider (scenario.reach), and only what lies beyond is asked for.
func TestJointInverts(t *testing.T) {
	for name, run := range map[string]struct {
		est panel.Estimator
		o   JointOptions
	}{
		"did":        {did.Estimator(did.Options{}), JointOptions{Weights: []float64{1, 2, 3}}},
		"sdid":       {sdid.Estimator(sdid.Options{}), JointOptions{Weights: []float64{1, 2, 3}}},
		"sdid block": {sdid.Estimator(sdid.Options{}), JointOptions{Block: true}},
	} {
		p := simulate(rand.New(rand.NewPCG(7, 3)), 30, 14)
		d := panel.Design{Treated: []int{0, 1, 2}, Donors: span(30)[3:], Start: 11}
		o := run.o
		o.Options, o.Sets = Options{Level: 0.9, Seed: 2}, 400
		at := func(theta float64) *JointResult {
			q := *p
			q.Y = mat.DenseCopyOf(p.Y)
			for _, i := range d.Treated {
				for c := d.Start; c < len(p.Times); c++ {
					q.Y.Set(i, c, q.Y.At(i, c)-theta)
				}
			}
			r, err := Joint(t.Context(), &q, d, run.est, o)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for kind, test := range map[string]func(*JointResult) Test{
			"plain": func(r *JointResult) Test { return r.Plain }, "adjusted": func(r *JointResult) Test { return r.SizeAdjusted },
		} {
			i := test(at(0)).Interval
			if i.Reason != "" {
				t.Errorf("%s, %s: %q", name, kind, i.Reason)
				continue
			}
			const near = 1e-6
			for _, c := range []struct {
				theta  float64
				inside bool
			}{{i.Lower + near, true}, {i.Upper - near, true}, {i.Lower - near, false}, {i.Upper + near, false}} {
				if c.inside && kind == "adjusted" {
					continue
				}
				if r := test(at(c.theta)); (r.P.Value > 0.1+1e-12) != c.inside {
					t.Errorf("%s, %s: p %v with %v taken away, interval %+v", name, kind, r.P.Value, c.theta, i)
				}
			}
		}
	}
}

// The nominal 5 % test of a unit of 1,300 inhabitants among donors above 4,000, for
// effects of variance 0.5 + 4000/M (the noise of oracles/bench_panel) in four windows,
// as Space has. The bounds are 5 % ± 2.5 standard errors of 1,000 replicates, and three
// times 5 %.
func TestSizeAdjustmentHoldsItsSize(t *testing.T) {
	const replicates, donors = 1000, 60
	rng := rand.New(rand.NewPCG(11, 12))
	effects, sizes := make([]float64, donors), make([]float64, donors)
	draw := func(size float64) float64 { return rng.NormFloat64() * math.Sqrt(0.5+4000/size) }
	var adjusted, plain int
	for range replicates {
		for j := range sizes {
			sizes[j] = 4000 * math.Exp(math.Abs(1.1*rng.NormFloat64()))
			effects[j] = draw(sizes[j])
		}
		more := make([]Sample, 3)
		for k := range more {
			more[k] = Sample{Effects: make([]float64, donors), Sizes: sizes}
			for j := range sizes {
				more[k].Effects[j] = draw(sizes[j])
			}
		}
		effect := draw(1300)
		a, _ := SizeAdjusted(effect, 1300, effects, sizes, Options{}, more...)
		if a.P.Value <= 0.05 {
			adjusted++
		}
		if newTest(effect, effects, Options{Level: 0.95}).P.Value <= 0.05 {
			plain++
		}
	}
	if adjusted < 33 || adjusted > 67 {
		t.Errorf("the size-adjusted 5 %% test rejects %d of %d", adjusted, replicates)
	}
	if plain < 150 {
		t.Errorf("the unadjusted test rejects only %d of %d; this check shows nothing", plain, replicates)
	}
}
