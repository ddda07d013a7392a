package power_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/did"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/power"
)

// noise is a panel of independent normal outcomes around unit levels, standard
// deviation sd(size); the treated unit is row 0.
func noise(units, years int, seed uint64, size func(i int) float64, sd func(size float64) float64) *panel.Panel {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := &panel.Panel{Y: mat.NewDense(units, years, nil)}
	for t := range years {
		p.Times = append(p.Times, float64(2000+t))
	}
	for i := range units {
		p.Units = append(p.Units, string(rune('a'+i%26))+string(rune('a'+i/26)))
		m := size(i)
		p.Size = append(p.Size, m)
		level := rng.NormFloat64() * 10
		for t := range years {
			p.Y.Set(i, t, level+sd(m)*rng.NormFloat64())
		}
	}
	return p
}

func design(p *panel.Panel, start int) panel.Design {
	d := panel.Design{Treated: []int{0}, Start: start}
	for i := 1; i < len(p.Units); i++ {
		d.Donors = append(d.Donors, i)
	}
	return d
}

func simple(*panel.Panel, int) panel.Estimator { return did.Estimator(did.Options{}) }

var options = power.Options{Years: 2, Alpha: 0.05, Power: 0.8, MinPre: 5}

// TestAgainstTheory: with independent normal noise, simple DID over h years after
// T₀ has variance σ²(1/h + 1/T₀) (1 + 1/J), from which the quick form follows; a
// rank test is a little less sharp.
func TestAgainstTheory(t *testing.T) {
	same := func(int) float64 { return 1000 }
	one := func(float64) float64 { return 1 }
	var mde, quick float64
	const panels = 20
	for seed := range uint64(panels) {
		p := noise(61, 20, seed, same, one)
		r, err := power.Simulate(context.Background(), p, design(p, 20), simple, options)
		if err != nil || r.Reason != "" {
			t.Fatal(r, err)
		}
		mde += r.MDE / panels
		quick += r.QuickMDE / panels
		if r.Size > 0.07 {
			t.Errorf("seed %d: %v rejected without an effect", seed, r.Size)
		}
	}
	// Starts after 18, 17, 16 and 15 years; 2.80 = z(0.975) + z(0.8).
	var want float64
	for _, pre := range []float64{18, 17, 16, 15} {
		want += (0.5 + 1/pre) * (1 + 1.0/59) / 4
	}
	want = 2.8016 * math.Sqrt(want)
	if math.Abs(quick/want-1) > 0.06 {
		t.Errorf("quick MDE is %v, theory says %v", quick, want)
	}
	if mde < 0.93*want || mde > 1.2*want {
		t.Errorf("MDE is %v, theory says about %v", mde, want)
	}
}

// TestSizeAdjusted: the treated unit is a tenth of its donors and its variance
// ten times theirs, which the adjustment finds from the donors alone.
func TestSizeAdjusted(t *testing.T) {
	size := func(i int) float64 {
		if i == 0 {
			return 600
		}
		return 600 * float64(1+i%20)
	}
	sd := func(m float64) float64 { return math.Sqrt(1000 / m) }
	var got, plain float64
	const panels = 20
	for seed := range uint64(panels) {
		p := noise(101, 22, seed, size, sd)
		r, err := power.Simulate(context.Background(), p, design(p, 22), simple, options)
		if err != nil || r.Reason != "" {
			t.Fatal(r, err)
		}
		got += r.MDE / panels
		p.Size = nil
		r, err = power.Simulate(context.Background(), p, design(p, 22), simple, options)
		if err != nil {
			t.Fatal(err)
		}
		plain += r.MDE / panels
	}
	// The variance of the treated is 1000/600; the donors' part is small.
	want := 2.8016 * math.Sqrt(1000.0/600*(0.5+1.0/18))
	if math.Abs(got/want-1) > 0.25 {
		t.Errorf("MDE is %v, theory says about %v", got, want)
	}
	if plain > 0.8*got {
		t.Errorf("without sizes the MDE is %v, not well below %v", plain, got)
	}
}

// TestDefinition checks the MDE against the power function itself, and that
// nothing depends on the number of workers.
func TestDefinition(t *testing.T) {
	p := noise(41, 20, 3, func(i int) float64 { return 1000 + 50*float64(i) }, func(float64) float64 { return 1 })
	o := options
	o.Workers = 1
	r, err := power.Simulate(context.Background(), p, design(p, 18), simple, o)
	if err != nil {
		t.Fatal(err)
	}
	if at := r.PowerAt(r.MDE); at < o.Power*(1-1e-12) { // Sums of weights are rounded.
		t.Errorf("power at the MDE is %v", at)
	}
	if at := r.PowerAt(r.MDE * 0.98); at >= o.Power {
		t.Errorf("power just below the MDE is %v already", at)
	}
	o.Workers = 4
	again, err := power.Simulate(context.Background(), p, design(p, 18), simple, o)
	if err != nil || again.MDE != r.MDE || again.QuickMDE != r.QuickMDE {
		t.Errorf("four workers give %v, one %v (%v)", again, r.MDE, err)
	}
	// An effect in the treated years themselves must not be looked at.
	for tt := 18; tt < 20; tt++ {
		for i := range p.Units {
			p.Y.Set(i, tt, 1e6)
		}
	}
	if blind, err := power.Simulate(context.Background(), p, design(p, 18), simple, o); err != nil || blind.MDE != r.MDE {
		t.Errorf("the outcome changed the MDE to %v from %v (%v)", blind.MDE, r.MDE, err)
	}
}

func TestReasons(t *testing.T) {
	p := noise(41, 8, 1, func(int) float64 { return 1000 }, func(float64) float64 { return 1 })
	for name, c := range map[string]struct {
		donors, start int
		want          power.Reason
	}{
		"short past": {40, 6, power.ShortPast},
		"few donors": {10, 8, power.TooFewPlacebos},
		"enough":     {40, 8, ""},
	} {
		d := design(p, c.start)
		d.Donors = d.Donors[:c.donors]
		r, err := power.Simulate(context.Background(), p, d, simple, options)
		if err != nil || r.Reason != c.want {
			t.Errorf("%s: %v, %v", name, r.Reason, err)
		}
	}
	o := options
	o.Alpha = 0
	if _, err := power.Simulate(context.Background(), p, design(p, 8), simple, o); err == nil {
		t.Error("alpha 0 is accepted")
	}
	if y, ok := power.YearsNeeded([]*power.Result{{Years: 1, MDE: 5}, {Years: 2, MDE: 3}}, -4); !ok || y != 2 {
		t.Errorf("years needed: %d, %v", y, ok)
	}
}
