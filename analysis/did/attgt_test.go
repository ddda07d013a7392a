package did

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// mpdta is 500 counties × 2003–2007 with log teen employment, log population and
// the first year of a higher minimum wage (0 for never).
func mpdta(t testing.TB) (*panel.Panel, []int) {
	t.Helper()
	p := &panel.Panel{Times: []float64{2003, 2004, 2005, 2006, 2007}}
	rows := readShared(t, "oracles/did_mpdta/data.csv")
	n := len(rows) / 5
	p.Y = mat.NewDense(n, 5, nil)
	p.Covariates = map[string]*mat.Dense{"lpop": mat.NewDense(n, 5, nil)}
	index := map[string]int{}
	starts := make([]int, n)
	for _, r := range rows {
		i, ok := index[r[1]]
		if !ok {
			i = len(index)
			index[r[1]] = i
			p.Units = append(p.Units, r[1])
		}
		s := int(number(t, r[0])) - 2003
		p.Covariates["lpop"].Set(i, s, number(t, r[2]))
		p.Y.Set(i, s, number(t, r[3]))
		starts[i] = Never
		if g := int(number(t, r[4])); g > 0 {
			starts[i] = g - 2003
		}
	}
	return p, starts
}

func groupTime(t testing.TB, p *panel.Panel, starts []int, o GroupTimeOptions) *GroupTime {
	t.Helper()
	r, err := EstimateGroupTime(p, starts, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type row struct{ key, estimate, se float64 }

// aggregates in the order simple, group, event, calendar.
func aggregates(t testing.TB, r *GroupTime) [4]Aggregate {
	t.Helper()
	var out [4]Aggregate
	for k, f := range []func() (Aggregate, error){r.Simple, r.ByGroup, r.ByEvent, r.ByCalendar} {
		a, err := f()
		if err != nil {
			t.Fatal(err)
		}
		out[k] = a
	}
	return out
}

func nearParts(t *testing.T, what string, a Aggregate, want []row, tol, tolSE float64) {
	t.Helper()
	if len(a.Parts) != len(want) {
		t.Fatalf("%s: %d parts, want %d", what, len(a.Parts), len(want))
	}
	for k, w := range want {
		if a.Parts[k].Key != w.key {
			t.Errorf("%s: key %v, want %v", what, a.Parts[k].Key, w.key)
		}
		near(t, what, a.Parts[k].Estimate, w.estimate, tol)
		if w.se > 0 {
			near(t, what+" se", a.Parts[k].SE, w.se, tolSE)
		}
	}
}

// Values and tolerances: oracles/did_mpdta/expected.json, checks att_gt and
// aggregates; the standard errors there are random, from a multiplier bootstrap.
func TestOracleMpdta(t *testing.T) {
	p, starts := mpdta(t)
	r := groupTime(t, p, starts, GroupTimeOptions{})
	want := []struct{ g, t, att, se float64 }{
		{2004, 2004, -0.0105, 0.0258},
		{2004, 2005, -0.0704, 0.0341},
		{2004, 2006, -0.1373, 0.0384},
		{2004, 2007, -0.1008, 0.0354},
		{2006, 2004, 0.0065, 0.0235},
		{2006, 2005, -0.0028, 0.0192},
		{2006, 2006, -0.0046, 0.0184},
		{2006, 2007, -0.0412, 0.0207},
		{2007, 2004, 0.0305, 0.0161},
		{2007, 2005, -0.0027, 0.0157},
		{2007, 2006, -0.0311, 0.0184},
		{2007, 2007, -0.0261, 0.0176},
	}
	if len(r.Cells) != len(want) {
		t.Fatalf("%d cells, want %d", len(r.Cells), len(want))
	}
	for k, w := range want {
		c := r.Cells[k]
		if p.Times[c.Group] != w.g || p.Times[c.Period] != w.t {
			t.Errorf("cell %d is (%v, %v)", k, p.Times[c.Group], p.Times[c.Period])
		}
		near(t, "att", c.Estimate, w.att, 6e-5)
		near(t, "se", c.SE, w.se, 0.006)
		if !(c.BandLower < c.Lower && c.Upper < c.BandUpper) {
			t.Errorf("cell %d: band %g to %g does not hold interval %g to %g", k, c.BandLower, c.BandUpper, c.Lower, c.Upper)
		}
	}
	a := aggregates(t, r)
	near(t, "simple", a[0].Overall.Estimate, -0.04, 1e-4)
	near(t, "simple se", a[0].Overall.SE, 0.0119, 0.004)
	for k, w := range []row{{0, -0.0310, 0.0126}, {0, -0.0772, 0.0208}, {0, -0.0417, 0.0175}} {
		near(t, "overall", a[k+1].Overall.Estimate, w.estimate, 6e-5)
		near(t, "overall se", a[k+1].Overall.SE, w.se, 0.004)
	}
	nearParts(t, "group", a[1], []row{{2004, -0.0797, 0}, {2006, -0.0229, 0}, {2007, -0.0261, 0}}, 6e-5, 0)
	nearParts(t, "event", a[2], []row{{-3, 0.0305, 0}, {-2, -0.0006, 0}, {-1, -0.0245, 0}, {0, -0.0199, 0}, {1, -0.0510, 0}, {2, -0.1373, 0}, {3, -0.1008, 0}}, 6e-5, 0)
	nearParts(t, "calendar", a[3], []row{{2004, -0.0105, 0}, {2005, -0.0704, 0}, {2006, -0.0488, 0}, {2007, -0.0371, 0}}, 6e-5, 0)
	// P of the package's vignette did-basics: 0.16812.
	w, err := r.PreTest()
	if err != nil || w.DF != 5 {
		t.Fatalf("%+v, %v", w, err)
	}
	near(t, "pre-test p", w.P, 0.16812, 5e-6)
}

// The same data with log population: Stata csdid, method dripw (the R package's
// doubly robust default), analytical standard errors, as printed by its author in
// friosavila/playingwithstata, csdid page, to 7 decimals.
func TestMpdtaDoublyRobust(t *testing.T) {
	p, starts := mpdta(t)
	r := groupTime(t, p, starts, GroupTimeOptions{Covariates: []string{"lpop"}})
	const tol = 5.1e-8
	for k, w := range []row{
		{0, -.0145297, .0221292},
		{0, -.0764219, .0286713},
		{0, -.1404483, .0353782},
		{0, -.1069039, .0328865},
		{0, -.0004721, .0222234},
		{0, -.0062025, .0184957},
		{0, .0009606, .0194002},
		{0, -.0412939, .0197211},
		{0, .0267278, .0140657},
		{0, -.0045766, .0157178},
		{0, -.0284475, .0181809},
		{0, -.0287814, .016239},
	} {
		near(t, "att", r.Cells[k].Estimate, w.estimate, tol)
		near(t, "se", r.Cells[k].SE, w.se, tol)
	}
	a := aggregates(t, r)
	near(t, "simple", a[0].Overall.Estimate, -.0417518, tol)
	near(t, "simple se", a[0].Overall.SE, .0115028, tol)
	nearParts(t, "group", a[1], []row{{2004, -.0845759, .0245649}, {2006, -.0201666, .0174696}, {2007, -.0287814, .016239}}, tol, tol)
	nearParts(t, "event", a[2], []row{
		{-3, .0267278, .0140657},
		{-2, -.0036165, .0129283},
		{-1, -.023244, .0144851},
		{0, -.0210604, .0114942},
		{1, -.0530032, .0163465},
		{2, -.1404483, .0353782},
		{3, -.1069039, .0328865},
	}, tol, tol)
	nearParts(t, "calendar", a[3], []row{{2004, -.0145297, .0221292}, {2005, -.0764219, .0286713}, {2006, -.0461757, .0212107}, {2007, -.0395822, .0129299}}, tol, tol)
	w, err := r.PreTest()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "pre-test χ²", w.Chi2, 6.84, 0.005)
	near(t, "pre-test p", w.P, 0.2327, 5e-5)
}

// Bootstrapped standard errors are those of the influence function but for the
// draws: with B = 4,999 the error of an interquartile range is 1.2/√B = 1.7 %, and
// four of those are allowed. The package's own print of them is 999 draws.
func TestMpdtaBootstrap(t *testing.T) {
	p, starts := mpdta(t)
	plain := groupTime(t, p, starts, GroupTimeOptions{})
	boot := groupTime(t, p, starts, GroupTimeOptions{Bootstrap: true, Replications: 4999, Seed: 3})
	for k := range plain.Cells {
		near(t, "se", boot.Cells[k].SE, plain.Cells[k].SE, 0.07*plain.Cells[k].SE)
	}
	a, b := aggregates(t, plain), aggregates(t, boot)
	for k := range a {
		near(t, "overall se", b[k].Overall.SE, a[k].Overall.SE, 0.07*a[k].Overall.SE)
	}
}

// Without covariates the three adjustments are the difference of means, whose
// influence function gives s²/n with n, not n−1.
func TestGroupTimeByHand(t *testing.T) {
	p := &panel.Panel{Units: []string{"a", "b", "c", "d", "e"}, Times: []float64{1, 2, 3}, Y: mat.NewDense(5, 3, []float64{
		1, 2, 7,
		2, 3, 10,
		0, 1, 2,
		5, 5, 8,
		3, 4, 6,
	})}
	starts := []int{2, 2, Never, Never, Never}
	for _, adjust := range []Adjustment{DoublyRobust, OutcomeRegression, InverseProbability} {
		r := groupTime(t, p, starts, GroupTimeOptions{Adjust: adjust})
		if len(r.Cells) != 2 {
			t.Fatalf("%d cells", len(r.Cells))
		}
		// Changes 2→3: treated 5 and 7, controls 1, 3 and 2.
		c := r.Cells[1]
		near(t, "att", c.Estimate, 4, 1e-12)
		near(t, "se", c.SE, math.Sqrt(1.0/2+2.0/3/3), 1e-12)
		// Before: 1 and 1 against 1, 0 and 1.
		near(t, "placebo", r.Cells[0].Estimate, 1.0/3, 1e-12)
	}
	// Universal base: period 1 against 2 is the placebo's negative.
	r := groupTime(t, p, starts, GroupTimeOptions{Universal: true})
	near(t, "universal", r.Cells[0].Estimate, -1.0/3, 1e-12)
	// One period of anticipation: 3 against 1, changes 6 and 8 against 2, 3 and 3.
	r = groupTime(t, p, starts, GroupTimeOptions{Anticipation: 1})
	near(t, "anticipation", r.Cells[len(r.Cells)-1].Estimate, 7-8.0/3, 1e-12)
}

// Not-yet-treated units are controls until they are treated; without a never
// treated unit the last group is control only.
func TestNotYetTreated(t *testing.T) {
	p := &panel.Panel{Units: []string{"a", "b", "c", "d"}, Times: []float64{1, 2, 3}, Y: mat.NewDense(4, 3, []float64{
		0, 5, 9,
		0, 7, 9,
		0, 1, 8,
		0, 3, 8,
	})}
	r := groupTime(t, p, []int{1, 1, 2, 2}, GroupTimeOptions{Control: NotYetTreated})
	if len(r.Cells) != 1 || len(r.Skipped) != 2 {
		t.Fatalf("cells %+v, skipped %+v", r.Cells, r.Skipped)
	}
	near(t, "att", r.Cells[0].Estimate, 4, 1e-12)
	if _, err := EstimateGroupTime(p, []int{1, 1, 2, 2}, GroupTimeOptions{}); !errors.Is(err, ErrNoControl) {
		t.Errorf("never treated: %v", err)
	}
	if _, err := EstimateGroupTime(p, []int{2, 2, 2, 2}, GroupTimeOptions{Control: NotYetTreated}); !errors.Is(err, ErrNoControl) {
		t.Errorf("one group: %v", err)
	}
}

func TestGroupTimeErrors(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(1, 9)), 30, 6, 10, 4, 1, 0)
	starts := make([]int, 30)
	for i := range starts {
		starts[i] = Never
	}
	for _, i := range d.Treated {
		starts[i] = d.Start
	}
	separate := mat.NewDense(30, 6, nil)
	hole := mat.DenseCopyOf(p.Covariates["level"])
	hole.Set(3, 3, math.NaN())
	for i := range 30 {
		for s := range 6 {
			if i < 10 {
				separate.Set(i, s, 1)
			}
		}
	}
	p.Covariates["separate"], p.Covariates["hole"], p.Covariates["same"] = separate, hole, mat.NewDense(30, 6, nil)
	for _, c := range []struct {
		name   string
		starts []int
		o      GroupTimeOptions
		want   error
	}{
		{"too few starts", starts[1:], GroupTimeOptions{}, panel.ErrShape},
		{"start after the end", append(slices.Clone(starts[1:]), 6), GroupTimeOptions{}, panel.ErrDesign},
		{"nobody treated", slices.Repeat([]int{Never}, 30), GroupTimeOptions{}, panel.ErrDesign},
		{"level", starts, GroupTimeOptions{Level: 1}, ErrInterval},
		{"unknown covariate", starts, GroupTimeOptions{Covariates: []string{"no"}}, ErrCovariate},
		{"hole", starts, GroupTimeOptions{Covariates: []string{"hole"}}, ErrCovariate},
		{"same for all", starts, GroupTimeOptions{Covariates: []string{"same"}}, ErrCovariate},
		{"collinear", starts, GroupTimeOptions{Covariates: []string{"level", "level"}}, ErrCovariate},
		{"no overlap", starts, GroupTimeOptions{Covariates: []string{"separate"}, Adjust: InverseProbability}, ErrOverlap},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := EstimateGroupTime(p, c.starts, c.o)
			if err == nil && len(r.Skipped) > 0 {
				err = r.Skipped[len(r.Skipped)-1].Reason
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	starts[0] = 0
	if r := groupTime(t, p, starts, GroupTimeOptions{}); !slices.Equal(r.Dropped, []int{0}) {
		t.Errorf("dropped %v", r.Dropped)
	}
}

// A single treated unit has effects but no standard error, and no NaN.
func TestOneTreatedUnit(t *testing.T) {
	p, d := simulate(rand.New(rand.NewPCG(8, 1)), 12, 6, 1, 4, 1, 0)
	starts := slices.Repeat([]int{Never}, 12)
	starts[d.Treated[0]] = 4
	r := groupTime(t, p, starts, GroupTimeOptions{})
	for _, a := range aggregates(t, r) {
		if e := a.Overall; e.HasSE || e.SE != 0 || e.Lower != e.Estimate || e.BandUpper != e.Estimate {
			t.Errorf("overall %+v", e)
		}
	}
	if _, err := r.PreTest(); !errors.Is(err, ErrInterval) {
		t.Errorf("pre-test: %v", err)
	}
	// With a second group of two units the whole has one, which lacks the first's noise.
	starts[2], starts[3] = 3, 3
	r = groupTime(t, p, starts, GroupTimeOptions{})
	if a := aggregates(t, r)[1]; !a.Overall.HasSE || !a.Parts[0].HasSE || a.Parts[1].HasSE {
		t.Errorf("by group %+v", a)
	}
	if got := r.SingleUnitGroups(); !slices.Equal(got, []int{4}) {
		t.Errorf("groups of one unit: %v", got)
	}
}

// Period effects, unit levels and the order of units move nothing; covariates may
// be shifted and scaled.
func TestGroupTimeInvariance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
		n := rapid.IntRange(20, 40).Draw(t, "units")
		p, _ := simulate(rng, n, 5, 0, 4, 0, 0)
		starts := make([]int, n)
		for i := range starts {
			starts[i] = []int{Never, Never, 2, 3}[i%4]
		}
		adjust := Adjustment(rapid.IntRange(0, 2).Draw(t, "adjustment"))
		// Weak dependence of treatment on the covariate: overlap holds.
		o := GroupTimeOptions{Adjust: adjust, Covariates: []string{"level"}, Replications: 19}
		a, err := EstimateGroupTime(p, starts, o)
		if err != nil {
			t.Skip("no overlap in this draw: ", err)
		}
		q := &panel.Panel{Times: p.Times, Y: mat.NewDense(n, 5, nil), Covariates: map[string]*mat.Dense{"level": mat.NewDense(n, 5, nil)}}
		turned := make([]int, n)
		for i := range n {
			j := n - 1 - i
			q.Units, turned[i] = append(q.Units, p.Units[j]), starts[j]
			for s := range 5 {
				q.Y.Set(i, s, p.Y.At(j, s)+float64(j%7)+float64(s*s))
				q.Covariates["level"].Set(i, s, 3-0.01*p.Covariates["level"].At(j, s))
			}
		}
		b, err := EstimateGroupTime(q, turned, o)
		if err != nil || len(b.Cells) != len(a.Cells) {
			t.Fatalf("%v, %d cells", err, len(b.Cells))
		}
		for k := range a.Cells {
			if math.Abs(a.Cells[k].Estimate-b.Cells[k].Estimate) > 1e-7 || math.Abs(a.Cells[k].SE-b.Cells[k].SE) > 1e-7 {
				t.Fatalf("cell %d: %+v then %+v", k, a.Cells[k], b.Cells[k])
			}
		}
	})
}

// Whole years that are not consecutive: event time is in years.
func TestEventTimeOfIrregularYears(t *testing.T) {
	p := &panel.Panel{Units: []string{"a", "b", "c", "d"}, Times: []float64{2000, 2001, 2005}, Y: mat.NewDense(4, 3, []float64{
		0, 1, 2,
		0, 2, 2,
		0, 0, 1,
		0, 0, 3,
	})}
	r := groupTime(t, p, []int{1, 1, Never, Never}, GroupTimeOptions{})
	a, err := r.ByEvent()
	if err != nil {
		t.Fatal(err)
	}
	nearParts(t, "event", a, []row{{0, 1.5, 0}, {4, 0, 0}}, 1e-12, 0)
}

// Share of 400 simulated samples whose 90 % band covers four zero effects at once.
// The bound is 0.9 ± 4·√(0.9·0.1/400) = 0.9 ± 0.06.
func TestBandCovers(t *testing.T) {
	const n, level = 400, 0.9
	covered := 0
	for b := range n {
		p, _ := simulate(rand.New(rand.NewPCG(77, uint64(b))), 60, 5, 0, 4, 0, 0)
		starts := make([]int, 60)
		for i := range starts {
			starts[i] = []int{Never, 2}[i%2]
		}
		r := groupTime(t, p, starts, GroupTimeOptions{Level: level, Replications: 299, Seed: uint64(b)})
		all := true
		for _, c := range r.Cells {
			all = all && c.BandLower <= 0 && 0 <= c.BandUpper
		}
		if all {
			covered++
		}
	}
	share := float64(covered) / n
	t.Logf("bands cover in %.3f", share)
	if math.Abs(share-level) > 0.06 {
		t.Errorf("bands cover in %.3f of samples, want %.2f", share, level)
	}
}
