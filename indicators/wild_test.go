package indicators_test

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// TestWildFigures derives releases of figures no register would publish: zeros,
// fractions, negative populations, holes, symbols, one year, billions; against
// targets of every kind. Nothing panics and no number is not a number.
func TestWildFigures(t *testing.T) {
	cell := rapid.OneOf(rapid.Float64Range(0, 5000), rapid.Float64Range(0, 30), rapid.Float64Range(-1e12, 1e12),
		rapid.SampledFrom([]float64{0, 0, 1, -1, 1e12, 1e-9, math.SmallestNonzeroFloat64}))
	rapid.Check(t, func(t *rapid.T) {
		var b data.Batch
		for _, s := range []struct{ table, series string }{
			{"06913", "population"}, {"06913", "net_migration"}, {"06913", "in_migration"}, {"06913", "out_migration"}, {"07984", "employed"}, {"07984", "employed_health"},
		} {
			for _, code := range append([]string{"3425", "3421"}, donors...) {
				first := rapid.IntRange(2008, 2025).Draw(t, "first")
				last := min(2028, first+rapid.IntRange(0, 20).Draw(t, "years"))
				for y := first; y <= last; y++ {
					f := data.Fact{Table: s.table, Series: s.series, Region: code, Period: data.YearPeriod(y)}
					switch rapid.IntRange(0, 9).Draw(t, "what") {
					case 0:
						f.Status = rapid.SampledFrom([]data.Status{data.NotApplicable, data.NotAvailable, data.Suppressed}).Draw(t, "status")
					case 1:
						continue
					default:
						f.Value = cell.Draw(t, "cell")
					}
					b.Facts = append(b.Facts, f)
				}
			}
		}
		set, err := facts.Harmonise([]data.Batch{b}, regions.Default(), func(string, string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		in := indicators.Input{Catalogue: wildCatalogue(t, cell), Regions: regions.Default(), Facts: set, Workers: 2}
		c, err := indicators.Derive(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		tables := reflect.ValueOf(c)
		for i := range tables.NumField() {
			for j := range tables.Field(i).Len() {
				row := tables.Field(i).Index(j)
				for k := range row.NumField() {
					if f, ok := row.Field(k).Interface().(cube.Float); ok && !f.OK() && math.Float64bits(float64(f)) != math.Float64bits(float64(cube.Null)) {
						t.Fatalf("%s: %s is %v in %+v", tables.Type().Field(i).Name, row.Type().Field(k).Name, float64(f), row)
					}
				}
			}
		}
	})
}

// donors are some municipalities without an agreement.
var donors = []string{"3101", "3103", "3105", "3107", "3110"}

func wildCatalogue(t *rapid.T, cell *rapid.Generator[float64]) *catalogue.Catalogue {
	value := func(label string) *float64 { v := cell.Draw(t, label); return &v }
	target := catalogue.Target{Kind: rapid.SampledFrom([]catalogue.TargetKind{
		catalogue.NotAgreed, catalogue.PathTarget, catalogue.RangeTarget, catalogue.HoldTarget, catalogue.ThresholdTarget,
	}).Draw(t, "target")}
	target.Points = []catalogue.TargetPoint{{Year: rapid.IntRange(2020, 2030).Draw(t, "year"), Value: *value("point")}}
	target.Lower, target.Upper, target.Tolerance, target.Year = value("lower"), value("upper"), value("tolerance"), 2028
	a := catalogue.Agreement{
		ID: "avtale", Municipalities: []catalogue.Member{{Code: "3425"}, {Code: "3421"}}, Goals: []catalogue.Goal{{ID: "1"}},
		Baseline: catalogue.Baseline{Year: rapid.IntRange(2006, 2030).Draw(t, "baseline")},
	}
	method := rapid.SampledFrom([]catalogue.Method{catalogue.JudgeTrend, catalogue.JudgeTarget, catalogue.JudgeComparison}).Draw(t, "method")
	for _, ind := range catalogue.Default().Indicators {
		a.Goals[0].Indicators = append(a.Goals[0].Indicators, catalogue.GoalIndicator{
			Indicator: ind.ID, Role: catalogue.Lead, Judgement: catalogue.Judgement{Method: method}, Target: target,
		})
	}
	return &catalogue.Catalogue{
		Tables: catalogue.Default().Tables, Indicators: catalogue.Default().Indicators, Agreements: []catalogue.Agreement{a},
		Comparisons: []catalogue.Comparison{{
			ID: "default", K: 5,
			Covariates: []catalogue.Covariate{
				{ID: "level", Indicator: "population", From: 2024, To: 2024, Weight: 1},
				{ID: "growth", Indicator: "population", From: 2020, To: 2024, Stat: catalogue.StatGrowth, Weight: 1},
			},
			Exclusions: []catalogue.Exclusion{{Rule: catalogue.ExcludeSelf}, {Rule: catalogue.ExcludePilot}, {Rule: catalogue.ExcludeGap}},
		}},
	}
}

// TestImplausibleFigure: a slip of twelve places is an error that names the cell.
func TestImplausibleFigure(t *testing.T) {
	b := data.Batch{Facts: []data.Fact{{Table: "06913", Series: "population", Region: "3425", Period: data.YearPeriod(2025), Value: 1326e12}}}
	set, err := facts.Harmonise([]data.Batch{b}, regions.Default(), func(string, string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	in := input(t)
	in.Facts = set
	_, err = indicators.Derive(context.Background(), in)
	if data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), "06913/population, region 3425, period 2025") {
		t.Errorf("%v", err)
	}
}
