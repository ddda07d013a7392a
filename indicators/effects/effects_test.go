package effects_test

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
	"github.com/bygdevekst/bygdevekst/indicators/effects"
)

// plain is the content of a release of the recorded figures before effects.
var plain = sync.OnceValues(func() (cube.Content, error) {
	cat := catalogue.Default()
	set, err := recordedtest.Facts()
	if err != nil {
		return cube.Content{}, err
	}
	return indicators.Derive(context.Background(), indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Workers: 2})
})

// few is the catalogue with these indicators only, for tests that need not
// evaluate everything.
func few(ids ...string) *catalogue.Catalogue {
	cat := *catalogue.Default()
	cat.Indicators = nil
	for _, id := range ids {
		cat.Indicators = append(cat.Indicators, *catalogue.Default().Indicator(id))
	}
	return &cat
}

func derive(t testing.TB, cat *catalogue.Catalogue, workers int, change func(*cube.Content)) cube.Content {
	t.Helper()
	c, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&c)
	}
	if err := effects.Derive(context.Background(), effects.Input{Catalogue: cat, Seed: 1, Workers: workers}, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRecorded checks what must hold of every estimate of the real figures: one
// primary a study, intervals round the estimate, gaps that add up, weights that
// sum to one, a verdict from the closed set and never one without an interval.
func TestRecorded(t *testing.T) {
	cat := catalogue.Default()
	c := derive(t, cat, 2, nil)
	primaries := map[[2]string]int{}
	for _, e := range c.Effects {
		key := e.Indicator + "/" + e.Region + "/" + e.Method
		if e.Primary {
			primaries[[2]string{e.Indicator, e.Region}]++
		}
		if !slices.Contains(effects.Verdicts(), effects.Verdict(e.Verdict)) {
			t.Errorf("%s: verdict %q", key, e.Verdict)
		}
		if e.Reason == "" || !slices.Contains(effects.Reasons(), effects.Reason(e.Reason)) {
			t.Errorf("%s: reason %q", key, e.Reason)
		}
		if e.ATT.OK() && e.Lower.OK() && !(e.Lower <= e.ATT && e.ATT <= e.Upper) {
			t.Errorf("%s: %v outside %v to %v", key, e.ATT, e.Lower, e.Upper)
		}
		if !e.Lower.OK() && effects.Verdict(e.Verdict) != effects.CannotTell {
			t.Errorf("%s: verdict %q without an interval", key, e.Verdict)
		}
		if e.PAdjusted.OK() && !e.PFamily.OK() {
			t.Errorf("%s: p %v is not corrected for its family", key, e.PAdjusted)
		}
		if alpha := cat.Design(e.Design).Looks.Alpha; effects.Verdict(e.Verdict) == effects.EffectSeen && !(float64(e.PFamily) <= alpha && float64(e.PAdjusted) <= alpha) {
			t.Errorf("%s: seen with p %v, among its family %v", key, e.PAdjusted, e.PFamily)
		}
		if e.ATT.OK() && !strings.Contains(e.Flags, effects.FlagDescriptive) {
			t.Errorf("%s: figures to %d are judged as if 2028 were out", key, e.To)
		}
	}
	for _, ind := range cat.Design("innlandet").Outcomes {
		for _, r := range []string{"3425", "3421", "3419", "3422", "innlandet"} {
			if n := primaries[[2]string{ind, r}]; n != 1 {
				t.Errorf("%s in %s has %d primary estimates", ind, r, n)
			}
		}
	}
	whole := map[[3]string]cube.Effect{}
	for _, e := range c.Effects {
		whole[[3]string{e.Indicator, e.Region, e.Method}] = e
	}
	for _, p := range c.EffectPaths {
		// Where figures end in 2025 its gap is the effect, the start being 2025, and one
		// number has one interval.
		if e := whole[[3]string{p.Indicator, p.Region, p.Method}]; p.Year == 2025 && e.To == 2025 && p.Lower.OK() && e.Lower.OK() && (p.Lower != e.Lower || p.Upper != e.Upper) {
			t.Errorf("%s/%s/%s: %v to %v in 2025, the effect %v to %v", p.Indicator, p.Region, p.Method, p.Lower, p.Upper, e.Lower, e.Upper)
		}
		if d := float64(p.Observed - p.Counterfactual - p.Gap); math.Abs(d) > 1e-9 {
			t.Errorf("%s/%s/%s %d: observed − counterfactual − gap = %v", p.Indicator, p.Region, p.Method, p.Year, d)
		}
	}
	sums := map[string]float64{}
	for _, w := range c.EffectWeights {
		sums[w.Indicator+"/"+w.Region+"/"+w.Method] += float64(w.Weight)
	}
	for k, s := range sums {
		// Ridge-augmented weights sum to one as well, though some are negative.
		if math.Abs(s-1) > 1e-6 {
			t.Errorf("%s: weights sum to %v", k, s)
		}
	}
	for _, e := range c.Effects {
		if e.Primary && testing.Verbose() {
			t.Logf("%-26s %-9s ATT %8.3f (%8.3f to %8.3f) p %.3f adj %.3f fam %.3f mde %.2f pre %.2f %s %s [%s]", e.Indicator, e.Region, e.ATT, e.Lower, e.Upper, e.P, e.PAdjusted, e.PFamily, e.MDE, e.PreRMSPE, e.Verdict, e.Reason, e.Flags)
		}
	}
}

// TestPlantedEffect adds a known effect to one municipality's treated year: every
// method finds just so much more than before, and the verdict says that it is seen.
func TestPlantedEffect(t *testing.T) {
	const ind, region, effect = "net-migration-rate", "3421", 150
	before := derive(t, few(ind), 2, nil)
	after := derive(t, few(ind), 2, func(c *cube.Content) {
		c.Values = slices.Clone(c.Values)
		for i := range c.Values {
			if v := &c.Values[i]; v.Indicator == ind && v.Region == region && v.Year == 2025 && v.Window == 1 {
				v.Value += effect
			}
		}
	})
	for i, a := range after.Effects {
		b := before.Effects[i]
		if a.Indicator != ind || a.Region != region || !a.ATT.OK() {
			continue
		}
		if d := float64(a.ATT - b.ATT); math.Abs(d-effect) > 1e-6 {
			t.Errorf("%s: the estimate moved by %v, want %v", a.Method, d, effect)
		}
		if a.Primary && effects.Verdict(a.Verdict) != effects.EffectSeen {
			t.Errorf("150 net movers per 1,000 are called %s (%s), p %v", a.Verdict, a.Reason, a.PAdjusted)
		}
	}
}

// TestSameForAnyWorkers: the rows do not depend on how they were computed.
func TestSameForAnyWorkers(t *testing.T) {
	cat := few("net-migration-rate", "population")
	a, b := derive(t, cat, 4, nil), derive(t, cat, 1, nil)
	for _, pair := range [][2]any{{a.Effects, b.Effects}, {a.EffectPaths, b.EffectPaths}, {a.EffectWeights, b.EffectWeights}, {a.EffectPlacebos, b.EffectPlacebos}, {a.EffectShares, b.EffectShares}, {a.Powers, b.Powers}} {
		x, y := reflect.ValueOf(pair[0]), reflect.ValueOf(pair[1])
		if x.Len() != y.Len() {
			t.Fatalf("%T: %d and %d rows", pair[0], x.Len(), y.Len())
		}
		for i := range x.Len() {
			if !sameRow(x.Index(i), y.Index(i)) {
				t.Fatalf("%+v, then %+v", x.Index(i), y.Index(i))
			}
		}
	}
}

// sameRow compares by bits, since a missing number is never equal to itself.
func sameRow(a, b reflect.Value) bool {
	for i := range a.NumField() {
		x, y := a.Field(i), b.Field(i)
		if x.Kind() == reflect.Float64 {
			if math.Float64bits(x.Float()) != math.Float64bits(y.Float()) {
				return false
			}
		} else if x.Interface() != y.Interface() {
			return false
		}
	}
	return true
}

func BenchmarkDerive(b *testing.B) {
	if _, err := plain(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		derive(b, catalogue.Default(), 2, nil)
	}
}
