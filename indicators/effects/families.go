package effects

import (
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/inference"
	"github.com/bygdevekst/bygdevekst/analysis/multiple"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// families corrects size-adjusted p-values for the design's families of tests, method
// by method: what is seen by one of many methods beside the primary must have been
// looked for among as many figures. Outcomes within a region share their placebos, so
// Romano and Wolf's step-down can be used on them; regions have donors of their own and
// are corrected from their p-values. Figures that are no outcomes of the design are
// families of their own. Where a design names both families the larger of the two
// corrected values stands.
func families(all []*result) {
	byRegion, byOutcome := map[familyKey][]*estimate{}, map[familyKey][]*estimate{}
	for _, r := range all {
		d := r.study.design
		for _, e := range r.methods {
			if t := e.test(); t == nil || t.Reason != "" {
				continue
			}
			k := familyKey{design: d.ID, method: e.method, outcome: r.study.outcome}
			if slices.Contains(d.Looks.Families, catalogue.FamilyOutcomes) {
				k.of = r.study.region
				byRegion[k] = append(byRegion[k], e)
			}
			if slices.Contains(d.Looks.Families, catalogue.FamilyMunicipalities) && r.study.region != d.Agreement {
				k.of = r.study.indicator.ID
				byOutcome[k] = append(byOutcome[k], e)
			}
		}
	}
	correction := map[string]catalogue.Correction{}
	for _, r := range all {
		correction[r.study.design.ID] = r.study.design.Looks.Correction
	}
	for k, family := range byRegion {
		correct(family, correction[k.design], true)
	}
	for k, family := range byOutcome {
		correct(family, correction[k.design], false)
	}
}

type familyKey struct {
	design, method, of string
	outcome            bool
}

// test is the size-adjusted test of an estimate, nil without one.
func (e *estimate) test() *inference.Test {
	switch {
	case e.ok():
		return &e.space.SizeAdjusted
	case e.joint != nil:
		return &e.joint.SizeAdjusted
	}
	return nil
}

// correct raises the corrected p of every member of a family.
func correct(family []*estimate, by catalogue.Correction, sharedPlacebos bool) {
	p := make([]float64, len(family))
	for i, e := range family {
		p[i] = e.test().P.Value
	}
	adjusted, err := adjust(family, p, by, sharedPlacebos)
	if err != nil {
		// p-values of a test are between 0 and 1, the only thing that is refused.
		panic("effects: " + err.Error())
	}
	for i, e := range family {
		if math.IsNaN(e.family) || adjusted[i] > e.family {
			e.family = adjusted[i]
		}
	}
}

func adjust(family []*estimate, p []float64, by catalogue.Correction, sharedPlacebos bool) ([]float64, error) {
	switch by {
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
func studentised(family []*estimate) (t []float64, draws [][]float64) {
	var by []map[string]float64
	for _, e := range family {
		if !e.ok() || e.space.SizeAdjusted.SE == 0 {
			return nil, nil
		}
		test := e.space.SizeAdjusted
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
	for _, unit := range family[0].panel.Units[1:] {
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
