package outlook_test

import (
	"context"
	"testing"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
	"github.com/bygdevekst/bygdevekst/indicators/outlook"
)

// plain is the content of a release of the recorded figures before forecasts.
func plain(t testing.TB) cube.Content {
	t.Helper()
	cat := catalogue.Default()
	set, err := recordedtest.Facts()
	if err != nil {
		t.Fatal(err)
	}
	c, err := indicators.Derive(context.Background(), indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRecorded checks the forecasts of the real figures: inside what is possible,
// to the last year of the agreement and no further, each beside the last value,
// one method marked a year.
func TestRecorded(t *testing.T) {
	cat := catalogue.Default()
	c := plain(t)
	if err := outlook.Derive(cat, &c, 0); err != nil {
		t.Fatal(err)
	}
	best := map[cube.Forecast]int{}
	found := false
	for _, f := range c.Forecasts {
		if !(f.Lower <= f.Value && f.Value <= f.Upper) {
			t.Errorf("%+v: value outside its interval", f)
		}
		if ind := cat.Indicator(f.Indicator); ind.Kind == catalogue.Proportion && (f.Lower < 0 || float64(f.Upper) > ind.Scale) {
			t.Errorf("%+v: a share outside 0 to %v", f, ind.Scale)
		}
		if f.Best {
			best[cube.Forecast{Indicator: f.Indicator, Region: f.Region, Year: f.Year}]++
		}
		// SSB 06913: Trysil had 6,474 inhabitants on 1 January 2026.
		if f.Indicator == "population" && f.Region == "3421" && f.Method == "naive" {
			found = true
			if f.Value < 6473.999 || f.Value > 6474.001 || f.To != 2026 || f.Year > 2028 {
				t.Errorf("the last value of Trysil's population: %+v", f)
			}
		}
	}
	if !found {
		t.Error("no forecast of Trysil's population")
	}
	for k, n := range best {
		if n != 1 {
			t.Errorf("%s/%s %d: %d methods marked", k.Indicator, k.Region, k.Year, n)
		}
	}
	if len(c.Shifts) < 1000 {
		t.Errorf("only %d series tested for breaks", len(c.Shifts))
	}
	for _, s := range c.Shifts {
		if s.Reason == "" && !(s.P >= 0 && s.P <= 1 && s.CusumP >= 0 && s.CusumP <= 1 && s.From <= s.After && s.After < s.To) {
			t.Errorf("%+v", s)
		}
	}
}

// TestShift plants a change of level after 2015 and finds it; a constant and a
// short series have a named reason.
func TestShift(t *testing.T) {
	cat := catalogue.Default()
	var c cube.Content
	for y := int32(2005); y < 2025; y++ {
		v := 10 + float64(y%3)
		if y > 2015 {
			v += 30
		}
		add := func(region string, v float64) {
			c.Values = append(c.Values, cube.Value{Indicator: "natural-increase-rate", Region: region, Year: y, Window: 1, Value: cube.Float(v)})
		}
		add("3421", v)
		add("3422", 5)
		if y > 2018 {
			add("3425", v)
		}
	}
	if err := outlook.Derive(cat, &c, 0); err != nil {
		t.Fatal(err)
	}
	got := map[string]cube.Shift{}
	for _, s := range c.Shifts {
		got[s.Region] = s
	}
	if s := got["3421"]; s.After != 2015 || s.P > 1e-6 || s.Breaks != 1 {
		t.Errorf("a planted break after 2015 is told as %+v", s)
	}
	if s := got["3422"]; s.Reason != outlook.ReasonConstant {
		t.Errorf("a constant: %+v", s)
	}
	if s := got["3425"]; s.Reason != outlook.ReasonShort {
		t.Errorf("six years: %+v", s)
	}
}

func BenchmarkDerive(b *testing.B) {
	c := plain(b)
	for b.Loop() {
		again := c
		if err := outlook.Derive(catalogue.Default(), &again, 0); err != nil {
			b.Fatal(err)
		}
	}
}
