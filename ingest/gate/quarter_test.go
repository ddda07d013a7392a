package gate_test

import (
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/ingest/gate"
)

// quarters is a made-up cumulative series, the year so far, of eight
// municipalities over six years: about 40 events a quarter. change bends one
// figure and leaves the rest.
func quarters(t *testing.T, change func(f *data.Fact)) *facts.Set {
	t.Helper()
	b := data.Batch{Provenance: data.Provenance{Table: "01223"}}
	for m, code := range []string{"3419", "3420", "3421", "3422", "3423", "3424", "3425", "3426"} {
		for y := 2020; y <= 2025; y++ {
			for q := 1; q <= 4; q++ {
				f := data.Fact{
					Table: "01223", Series: "births", Region: code, Period: data.Period{Y: int16(y), Freq: data.Quarter, Sub: int8(q)},
					Value: float64(q*40 + (7*m+3*y+q)%11),
				}
				change(&f)
				b.Facts = append(b.Facts, f)
			}
		}
	}
	set, err := harmonise(t, []data.Batch{b})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func found(list []gate.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, f.String())
	}
	return strings.Join(out, "\n")
}

// TestQuarters compares quarters with the same one a year before: that the sum of
// the year starts again in January is no jump.
func TestQuarters(t *testing.T) {
	clean := quarters(t, func(*data.Fact) {})
	if told := found(gate.Check(clean, clean, gate.Default)); told != "" {
		t.Errorf("false alarm: %s", told)
	}
	is := func(f *data.Fact, y, q int) bool { return int(f.Period.Y) == y && int(f.Period.Sub) == q }
	for name, c := range map[string]struct {
		change func(f *data.Fact)
		want   string
	}{
		"zeros": {func(f *data.Fact) {
			if is(f, 2025, 4) {
				f.Value = 0
			}
		}, "all-zero: table 01223, series births: all 8 figures for 2025K4"},
		"last year's fourth quarter again": {func(f *data.Fact) {
			if is(f, 2025, 4) {
				f.Value = float64(4*40 + f.Region[3]%5)
			}
			if is(f, 2024, 4) {
				f.Value = float64(4*40 + f.Region[3]%5)
			}
		}, "repeated-period: table 01223, series births: 2025K4 repeats the year before"},
		"a digit too many": {func(f *data.Fact) {
			if is(f, 2025, 2) && f.Region == "3421" {
				f.Value *= 10
			}
		}, "jump: table 01223, series births: municipality 3421 goes from"},
	} {
		bad := quarters(t, c.change)
		if told := found(gate.Check(nil, bad, gate.Default)); !strings.Contains(told, c.want) {
			t.Errorf("%s: told %q, want %q", name, told, c.want)
		}
		// What a person has let through is not held against the next figures.
		if told := found(gate.Check(bad, bad, gate.Default)); strings.Contains(told, "jump") {
			t.Errorf("%s: looked at again: %s", name, told)
		}
	}
}

// TestFewEventsAreNoWonder has a series of so few events that a year without any,
// or one just like the last, means nothing: moves between two far municipalities.
func TestFewEventsAreNoWonder(t *testing.T) {
	for _, v := range []float64{0, 1} {
		set := quarters(t, func(f *data.Fact) {
			f.Value = 1
			if f.Period.Y == 2025 {
				f.Value = v
			}
		})
		if told := found(gate.Check(nil, set, gate.Default)); told != "" {
			t.Errorf("false alarm: %s", told)
		}
	}
}
