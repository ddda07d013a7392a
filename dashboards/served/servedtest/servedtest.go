// Package servedtest makes a small release for tests of what is served. Its
// figures are made up, but for the one a test may know from SSB.
package servedtest

import (
	"slices"
	"time"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// Engerdal, Trysil, Våler and Åmot, the agreement's order.
var codes = []string{"3425", "3421", "3419", "3422"}

// Peers stand for comparison municipalities: Tynset, Alvdal, Tolga.
var peers = []string{"3427", "3428", "3426"}

// EngerdalPopulation2026 is the population of 3425 on 1 January 2026, SSB table 06913.
const EngerdalPopulation2026 = 1287

// Release returns a release of a kind with the built-in catalogue and register.
// Two releases with the same arguments are equal.
func Release(id string, kind data.Kind) *served.Release {
	created := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	c := content(kind)
	observations := len(c.Observations)
	// As a release is loaded: the observations stay in its file.
	c.Observations = nil
	return &served.Release{
		Info: cube.Info{
			ID: id, Created: created, Kind: kind, CodeVersion: "test", ContentSHA256: "0123456789abcdef", Seed: 1, Schema: 1,
			Rows:      map[string]int{"observations": observations, "indicator_values": len(c.Values)},
			TableRows: map[string]int{"06913": observations},
			Inputs:    []cube.Input{{Table: "06913", SHA256: "aa", Kind: kind, Bytes: 10, Retrieved: created}},
			Files:     []cube.File{{Name: "release.duckdb", SHA256: "bb", Bytes: 20}},
		},
		Cube: cube.New(c), Catalogue: catalogue.Default(), Regions: regions.Default(),
	}
}

func content(kind data.Kind) cube.Content {
	c := cube.Content{
		Sources: []cube.Source{{
			ID: 0, Table: "06913", Title: "Folkemengde og endringer", Source: "Statistisk sentralbyrå", Licence: "CC BY 4.0",
			Updated: "2026-02-24T07:00:00Z", Retrieved: "2026-11-20T12:00:00Z", Kind: string(kind), SHA256: "aa",
		}},
		Members:    members(),
		Exclusions: []cube.Exclusion{{Region: "3425", Peer: "3421", Reason: "pilot"}},
		Balances:   []cube.Balance{{Region: "3425", Covariate: "log-population", Own: 7.16, GroupMean: 7.5, GroupSD: .4, StdDifference: -.8, Outside: true}},
	}
	for i, code := range slices.Concat(codes, peers) {
		c.Values = append(c.Values, population(code, i)...)
		c.Values = append(c.Values, migration(code)...)
	}
	c.Values = append(c.Values, migration("innlandet")...)
	for _, v := range c.Values {
		if v.Indicator == "population" && v.Window == 1 {
			c.Observations = append(c.Observations, cube.Observation{
				Table: "06913", Series: "population", Region: v.Region, Period: "2026", Value: v.Value, ReportedAs: v.Region,
			})
		}
	}
	for _, code := range slices.Concat(codes, []string{"innlandet"}) {
		c.Attainments = append(c.Attainments, attainment(code))
		c.Effects = append(c.Effects, effects(code)...)
		c.EffectPaths = append(c.EffectPaths, cube.EffectPath{Design: "innlandet", Indicator: "net-migration-rate", Region: code, Method: "sdid", Year: 2025, Observed: -3, Counterfactual: -5, Gap: 2, Lower: -9, Upper: 13})
		c.Powers = append(c.Powers,
			cube.Power{Design: "innlandet", Indicator: "net-migration-rate", Region: code, Method: "sdid", Years: 1, Effect: 5, Power: .2, MDE: 14},
			cube.Power{Design: "innlandet", Indicator: "net-migration-rate", Region: code, Method: "sdid", Years: 1, Effect: 14, Power: .8, MDE: 14})
		c.Forecasts = append(c.Forecasts,
			cube.Forecast{Indicator: "net-migration-rate", Region: code, Method: "naive", Year: 2028, From: 2015, To: 2025, Value: -4, Lower: -30, Upper: 22, Scale: "identity", MASE: 1.2, Covered: .9, Origins: 6, Best: true, Target: cube.Null, Chance: cube.Null},
			cube.Forecast{Indicator: "net-migration-rate", Region: code, Method: "ses", Year: 2028, From: 2015, To: 2025, Value: -3, Lower: -25, Upper: 19, Scale: "identity", MASE: cube.Null, Covered: cube.Null, Target: cube.Null, Chance: cube.Null})
		c.Shifts = append(c.Shifts, cube.Shift{Indicator: "net-migration-rate", Region: code, From: 2015, To: 2025, After: 2020, SupF: 4.2, P: .4, CusumP: .6})
	}
	c.EffectWeights = []cube.EffectWeight{{Design: "innlandet", Indicator: "net-migration-rate", Region: "3425", Method: "sdid", Donor: "3427", Weight: 1}}
	c.EffectPlacebos = []cube.EffectPlacebo{{Design: "innlandet", Indicator: "net-migration-rate", Region: "3425", Placebo: "3427", Year: 2025, Gap: -4}}
	c.EffectShares = []cube.EffectShare{{Design: "innlandet", Indicator: "net-migration-rate", Region: "3425", Year: 2025, Total: cube.Null, Background: cube.Null, Programme: cube.Null, Lower: cube.Null, Upper: cube.Null, Verdict: "cannot-tell", Reason: "no-target"}}
	return c
}

func population(code string, i int) []cube.Value {
	var out []cube.Value
	for y := int32(2015); y <= 2026; y++ {
		n := cube.Float(EngerdalPopulation2026 + 1000*i + 5*int(2026-y))
		out = append(out, cube.Value{
			Indicator: "population", Region: code, Year: y, Window: 1, Numerator: n, Denominator: cube.Null,
			Value: n, Lower: cube.Null, Upper: cube.Null, Method: "none", Detectable: cube.Null,
		})
	}
	return out
}

// migration has a figure, one on few cases, one suppressed and one not available.
func migration(code string) []cube.Value {
	v := func(y, w int32, value cube.Float, s data.Status) cube.Value {
		r := cube.Value{
			Indicator: "net-migration-rate", Region: code, Year: y, Window: w, Numerator: value, Denominator: 1000,
			Value: value, Lower: value - 10, Upper: value + 10, Status: s, Method: "gross-flows", Detectable: 20,
		}
		if s.Missing() {
			r.Numerator, r.Denominator, r.Value, r.Lower, r.Upper, r.Detectable = cube.Null, cube.Null, cube.Null, cube.Null, cube.Null, cube.Null
		}
		return r
	}
	return []cube.Value{
		v(2022, 1, 0, data.OK), v(2023, 1, -4.25, data.TooFew), v(2024, 1, 0, data.Suppressed), v(2025, 1, 0, data.NotAvailable),
		v(2024, 3, 0, data.Suppressed), v(2025, 3, 1.5, data.OK),
	}
}

func members() []cube.Member {
	var out []cube.Member
	for _, code := range codes {
		for i, p := range peers {
			out = append(out, cube.Member{Region: code, Position: int32(i + 1), Peer: p, Distance: cube.Float(i) + .5, Version: "1"})
		}
	}
	return out
}

func attainment(code string) cube.Attainment {
	return cube.Attainment{
		Agreement: "innlandet", Goal: "innlandet/overarching", Indicator: "net-migration-rate", Region: code, Role: "lead", Method: "comparison", TargetKind: "none",
		Target: cube.Null, TargetLow: cube.Null, TargetHigh: cube.Null, BaseFrom: 2022, BaseTo: 2024, From: 2025, To: 2025,
		Baseline: -2, Value: -3, Lower: -13, Upper: 7, Difference: -1, DiffLower: -12, DiffUpper: 10, Detectable: 16,
		Share: cube.Null, ShareLower: cube.Null, ShareUpper: cube.Null, Expected: cube.Null, Pace: cube.Null, Required: cube.Null,
		EurostatRatio: cube.Null, UNRatio: cube.Null, GAS: cube.Null, GASLower: cube.Null, GASUpper: cube.Null,
		Verdict: "kan ikke vurderes", Reason: "small-numbers", ShareReason: "no-target",
	}
}

func effects(code string) []cube.Effect {
	e := cube.Effect{
		Design: "innlandet", Indicator: "net-migration-rate", Region: code, Method: "sdid", Primary: true, Start: 2025, To: 2025,
		ATT: 2, SE: 5, Lower: -9, Upper: 13, P: .6, SmallestP: .025, PAdjusted: .65, PFamily: 1, MDE: 14,
		PreRMSPE: 4, PostRMSPE: 6, Ratio: 1.5, Donors: 40, Flags: "non-unique, bad-fit", Needed: cube.Null, Verdict: "cannot-tell", Reason: "mde-above-needed",
	}
	d := e
	d.Method, d.Primary, d.Flags, d.SE, d.Lower, d.Upper = "did", false, "", cube.Null, cube.Null, cube.Null
	return []cube.Effect{d, e}
}
