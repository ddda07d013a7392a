package effects

import (
	"cmp"
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/multiple"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// families corrects the size-adjusted p-values of primary estimates for the
// design's families of tests. Outcomes within a region share their placebos, so
// Romano and Wolf's step-down can be used on them; regions have donors of their
// own and are corrected from their p-values. Where a design names both families
// the larger of the two corrected values stands.
func families(all []*result) {
	byRegion, byOutcome := map[familyKey][]*result{}, map[familyKey][]*result{}
	for _, r := range all {
		e := r.primary()
		if !r.study.outcome || e == nil || e.space.SizeAdjusted.Reason != "" {
			continue
		}
		d := r.study.design
		if slices.Contains(d.Looks.Families, catalogue.FamilyOutcomes) {
			k := familyKey{d.ID, r.study.region}
			byRegion[k] = append(byRegion[k], r)
		}
		if slices.Contains(d.Looks.Families, catalogue.FamilyMunicipalities) && r.study.region != d.Agreement {
			k := familyKey{d.ID, r.study.indicator.ID}
			byOutcome[k] = append(byOutcome[k], r)
		}
	}
	for _, k := range sorted(byRegion) {
		correct(byRegion[k], true)
	}
	for _, k := range sorted(byOutcome) {
		correct(byOutcome[k], false)
	}
}

type familyKey struct{ design, of string }

func sorted(m map[familyKey][]*result) []familyKey {
	var keys []familyKey
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b familyKey) int { return cmp.Or(cmp.Compare(a.design, b.design), cmp.Compare(a.of, b.of)) })
	return keys
}

// primary is the primary estimate if there is one.
func (r *result) primary() *estimate {
	for _, e := range r.methods {
		if e.primary && e.ok() {
			return e
		}
	}
	return nil
}

// correct raises the corrected p of every member of a family.
func correct(family []*result, sharedPlacebos bool) {
	p := make([]float64, len(family))
	for i, r := range family {
		p[i] = r.primary().space.SizeAdjusted.P.Value
	}
	adjusted, err := adjust(family, p, sharedPlacebos)
	if err != nil {
		// p-values of a test are between 0 and 1, the only thing that is refused.
		panic("effects: " + err.Error())
	}
	for i, r := range family {
		e := r.primary()
		if math.IsNaN(e.family) || adjusted[i] > e.family {
			e.family = adjusted[i]
		}
	}
}

func adjust(family []*result, p []float64, sharedPlacebos bool) ([]float64, error) {
	switch family[0].study.design.Looks.Correction {
	case catalogue.BenjaminiHochberg:
		return multiple.BenjaminiHochberg(p)
	case catalogue.RomanoWolf:
		if sharedPlacebos {
			if t, draws := studentised(family); len(draws) > 0 {
				return multiple.RomanoWolf(t, draws)
			}
		}
	}
	return multiple.Holm(p)
}

// studentised returns each outcome's effect over its standard error, and for
// every donor that is a placebo of all outcomes its adjusted effects likewise.
func studentised(family []*result) (t []float64, draws [][]float64) {
	var by []map[string]float64
	for _, r := range family {
		e := r.primary()
		test := e.space.SizeAdjusted
		if test.SE == 0 {
			return nil, nil
		}
		t = append(t, test.Effect/test.SE)
		m := map[string]float64{}
		k := 0
		for _, p := range e.space.Placebos {
			if p.Failed == "" {
				m[e.panel.Units[p.Unit]] = test.Draws[k] / test.SE
				k++
			}
		}
		by = append(by, m)
	}
	for _, unit := range family[0].primary().panel.Units[1:] {
		row := make([]float64, len(family))
		whole := true
		for s := range family {
			v, ok := by[s][unit]
			row[s], whole = v, whole && ok
		}
		if whole {
			draws = append(draws, row)
		}
	}
	return t, draws
}
