package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// alarms is how often a comparison calls a municipality without an agreement
// different from its group.
type alarms struct {
	indicator    string
	given, found int
}

// falseAlarms treats every municipality of the recorded figures that has no
// agreement as if it alone had one, in turn with the others, and compares it as the
// service would.
func falseAlarms() ([]alarms, error) {
	own := catalogue.Default()
	set, err := recordedtest.Facts()
	if err != nil {
		return nil, err
	}
	rule := *own.Comparison("default")
	// Each is an agreement here, and would else keep every other out.
	rule.Exclusions = slices.DeleteFunc(slices.Clone(rule.Exclusions), func(e catalogue.Exclusion) bool { return e.Rule == catalogue.ExcludePilot })
	cat := &catalogue.Catalogue{Tables: own.Tables, Indicators: own.Indicators, Comparisons: []catalogue.Comparison{rule}}
	for _, m := range regions.Default().All() {
		if m.Pilot == "" {
			cat.Agreements = append(cat.Agreements, catalogue.Agreement{
				ID: "som-om-" + m.Code, Municipalities: []catalogue.Member{{Code: m.Code}}, Baseline: catalogue.Baseline{Year: indicators.DefaultBaseline},
			})
		}
	}
	c, err := indicators.Derive(context.Background(), indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Workers: 2})
	if err != nil {
		return nil, fmt.Errorf("derive: %w", err)
	}
	var out []alarms
	for _, x := range c.Comparisons {
		if len(out) == 0 || out[len(out)-1].indicator != x.Indicator {
			out = append(out, alarms{indicator: x.Indicator})
		}
		if a := &out[len(out)-1]; len(x.Region) == len("3425") && x.Lower.OK() {
			a.given++
			if x.Lower > 0 || x.Upper < 0 {
				a.found++
			}
		}
	}
	return out, nil
}
