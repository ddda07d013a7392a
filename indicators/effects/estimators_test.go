package effects

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// BenchmarkPlacebo is one placebo of each method, on a panel of the size a release
// has: 30 donors, 17 years before the start and one after, one common factor. A release makes
// some sixty thousand of them. Fits are short, so that the least of several runs (-count) is
// that of a quiet machine even on a busy one.
func BenchmarkPlacebo(b *testing.B) {
	const units, years = 31, 18
	rng := rand.New(rand.NewPCG(5, 7))
	p := &panel.Panel{Y: mat.NewDense(units, years, nil)}
	var factor [years]float64
	for t := range factor {
		factor[t] = 3 * rng.NormFloat64()
		p.Times = append(p.Times, float64(2008+t))
	}
	for i := range units {
		p.Units = append(p.Units, fmt.Sprint(3400+i))
		level, loading := 20+5*rng.NormFloat64(), 1+0.5*rng.NormFloat64()
		for t, f := range factor {
			p.Y.Set(i, t, level+loading*f+2*rng.NormFloat64())
		}
	}
	d := panel.Design{Treated: []int{1}, Start: years - 1}
	for i := 2; i < units; i++ {
		d.Donors = append(d.Donors, i)
	}
	for _, m := range []catalogue.Estimator{catalogue.SDID, catalogue.SCOutcome, catalogue.SCDemeaned, catalogue.SCRidge, catalogue.DID, catalogue.DIDMatched} {
		b.Run(string(m), func(b *testing.B) {
			est, _, ok := estimator(m, p, d.Start)
			if !ok {
				b.Fatal("no such method")
			}
			for b.Loop() {
				if _, err := est(p, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
