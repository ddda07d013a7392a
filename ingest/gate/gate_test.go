package gate_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/recorded"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/gate"
)

func all(string, string) bool { return true }

func harmonise(t *testing.T, batches []data.Batch) (*facts.Set, error) {
	t.Helper()
	return facts.Harmonise(batches, regions.Default(), all)
}

// published returns the recorded figures as a source that can be spoilt: deep
// copies, so that tests do not see each other's faults.
func published(t *testing.T) []data.Batch {
	t.Helper()
	batches, err := recorded.Batches()
	if err != nil {
		t.Fatal(err)
	}
	batches = batches[:3]
	for i := range batches {
		batches[i].Facts = slices.Clone(batches[i].Facts)
		batches[i].Provenance.Updated = time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)
	}
	return batches
}

// lastYear leaves out the newest period of every table: what was known a year ago.
func lastYear(batches []data.Batch) []data.Batch {
	for i := range batches {
		newest := 0
		for _, f := range batches[i].Facts {
			newest = max(newest, int(f.Period.Y))
		}
		batches[i].Facts = slices.DeleteFunc(batches[i].Facts, func(f data.Fact) bool { return int(f.Period.Y) == newest })
		batches[i].Provenance.Updated = batches[i].Provenance.Updated.AddDate(-1, 0, 0)
		batches[i].Provenance.Retrieved = batches[i].Provenance.Retrieved.AddDate(-1, 0, 0)
		batches[i].Provenance.SHA256 = "last year's"
	}
	return batches
}

// TestNoFalseAlarms runs every gate on the clean sets: the first release, an
// unchanged one, and a year's new figures on top of the old.
func TestNoFalseAlarms(t *testing.T) {
	now, err := harmonise(t, published(t))
	if err != nil {
		t.Fatal(err)
	}
	before, err := harmonise(t, lastYear(published(t)))
	if err != nil {
		t.Fatal(err)
	}
	for name, prev := range map[string]*facts.Set{"first release": nil, "unchanged": now, "a year later": before} {
		for _, f := range gate.Check(prev, now, gate.Default) {
			t.Errorf("%s: false alarm: %s", name, f)
		}
	}
	if diff := gate.Diff(before, now); len(diff) != 0 {
		t.Errorf("a year's new figures count as %d changes to the old", len(diff))
	}
}

// TestSeededFaults plants each fault in the newest figures and wants it caught,
// by a gate, by an invariant or by the harmonisation.
func TestSeededFaults(t *testing.T) {
	prev, err := harmonise(t, lastYear(published(t)))
	if err != nil {
		t.Fatal(err)
	}
	where := func(table, series string, year int, change func(f *data.Fact)) func([]data.Batch) []data.Batch {
		return func(b []data.Batch) []data.Batch {
			hit := 0
			for i := range b {
				for j := range b[i].Facts {
					if f := &b[i].Facts[j]; f.Table == table && f.Series == series && (year == 0 || int(f.Period.Y) == year) {
						change(f)
						hit++
					}
				}
			}
			if hit == 0 {
				t.Fatalf("no figure of %s/%s to spoil", table, series)
			}
			return b
		}
	}
	one := func(code string, change func(f *data.Fact)) func(f *data.Fact) {
		return func(f *data.Fact) {
			if f.Region == code {
				change(f)
			}
		}
	}
	drop := func(keep func(f data.Fact) bool) func([]data.Batch) []data.Batch {
		return func(b []data.Batch) []data.Batch {
			for i := range b {
				b[i].Facts = slices.DeleteFunc(b[i].Facts, func(f data.Fact) bool { return !keep(f) })
			}
			return b
		}
	}
	for _, c := range []struct {
		name, caught string
		spoil        func([]data.Batch) []data.Batch
	}{
		{"the six o'clock trap: zeros", gate.AllZero, where("07984", "employed_health", 2025, func(f *data.Fact) { f.Value = 0 })},
		{"the six o'clock trap: dots over known figures", gate.AllMissing, func(b []data.Batch) []data.Batch {
			// The newest year is not out; the one before is shown as dots.
			return where("07984", "employed", 2024, func(f *data.Fact) { f.Value, f.Status = 0, data.NotAvailable })(drop(func(f data.Fact) bool { return f.Table != "07984" || f.Period.Y < 2025 })(b))
		}},
		{"a series gone", gate.SeriesGone, drop(func(f data.Fact) bool { return f.Series != "tertiary_long" })},
		{"half the municipalities gone", gate.RegionsGone, drop(func(f data.Fact) bool { return f.Table != "06913" || f.Region[:2] != "34" })},
		{"a digit too many", gate.Jump, where("09429", "tertiary_short", 2025, one("3422", func(f *data.Fact) { f.Value *= 10 }))},
		{"two municipalities swapped", gate.Jump, where("07984", "employed", 2025, func(f *data.Fact) {
			switch f.Region {
			case "3421":
				f.Value = 594 // Engerdal's figure,
			case "3425":
				f.Value = 3061 // and Trysil's.
			}
		})},
		{"the other Våler's figures", gate.Jump, where("06913", "population", 2026, one("3419", func(f *data.Fact) { f.Value = 6229 }))},
		{"history revised by three per cent", gate.Revised, where("07984", "employed", 0, func(f *data.Fact) {
			if f.Period.Y < 2025 {
				f.Value = math.Round(f.Value * 1.03)
			}
		})},
		{"one old year revised by three per cent", "for 2018, which was not the newest", where("07984", "employed", 2018, func(f *data.Fact) { f.Value = math.Round(f.Value * 1.03) })},
		{"one old figure rewritten", gate.Revised, where("07984", "employed_health", 2015, one("0428", func(f *data.Fact) { f.Value = 1200 }))},
		{"an older vintage served again", gate.UpdatedOrder, func(b []data.Batch) []data.Batch {
			for i := range b {
				b[i].Provenance.Updated = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			return b
		}},
		{"the newest year a copy of the one before", gate.RepeatedPeriod, func(b []data.Batch) []data.Batch {
			before := map[string]float64{}
			where("09429", "persons_16_plus", 2024, func(f *data.Fact) { before[f.Region] = f.Value })(b)
			return where("09429", "persons_16_plus", 2025, func(f *data.Fact) { f.Value = before[f.Region] })(b)
		}},
		{"a part larger than its total", facts.PartOfTotal, where("07984", "employed_health", 2025, one("3425", func(f *data.Fact) { f.Value = 595 }))},
		{"an account that does not add up", facts.PopulationAccount, where("06913", "net_migration", 2025, one("3425", func(f *data.Fact) { f.Value += 100 }))},
		{"an unknown municipality", "unknown municipality", where("06913", "population", 2026, one("3425", func(f *data.Fact) { f.Region = "3499x" }))},
		{"an imputed future year", facts.InventedYear, func(b []data.Batch) []data.Batch {
			return append(b[:0:0], append(b, data.Batch{Provenance: b[0].Provenance, Facts: []data.Fact{{Table: "06913", Series: "population", Region: "3425", Period: data.YearPeriod(2031), Value: 1287}}})...)
		}},
		{"a negative count", facts.NonNegative, where("07984", "employed_health", 2025, one("3425", func(f *data.Fact) { f.Value = -1 }))},
		{"one cell twice, differently", "duplicate key", func(b []data.Batch) []data.Batch {
			f := b[0].Facts[0]
			f.Value += 7
			b[0].Facts = append(b[0].Facts, f)
			return b
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if told := report(t, prev, c.spoil(published(t))); !strings.Contains(told, c.caught) {
				t.Errorf("not caught as %q; told:\n%s", c.caught, told)
			}
		})
	}
}

// report is everything harmonisation, invariants and gates say.
func report(t *testing.T, prev *facts.Set, b []data.Batch) string {
	t.Helper()
	set, err := harmonise(t, b)
	if err != nil {
		return err.Error()
	}
	var lines []string
	if _, err := facts.Check(set, func(string) bool { return false }); err != nil {
		lines = append(lines, err.Error())
	}
	for _, f := range gate.Check(prev, set, gate.Default) {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

func TestDiffListsExactlyTheChangedCells(t *testing.T) {
	prev, err := harmonise(t, published(t))
	if err != nil {
		t.Fatal(err)
	}
	b := published(t)
	for j := range b[1].Facts {
		if f := &b[1].Facts[j]; f.Region == "3425" && f.Series == "employed_health" && f.Period.Y == 2025 {
			f.Value, f.Status = 0, data.Suppressed
		}
	}
	next, err := harmonise(t, b)
	if err != nil {
		t.Fatal(err)
	}
	got := gate.Diff(prev, next)
	// Engerdal's health employment in 2025 is 145 (real-data.md).
	if len(got) != 1 || got[0].Region != "3425" || got[0].Old.Value != 145 || got[0].New.Status != data.Suppressed {
		t.Errorf("%+v", got)
	}
}
