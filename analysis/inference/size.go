package inference

import (
	"math"
	"math/rand/v2"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

const (
	// similarFactor bounds the sizes of the donors in the similar-size test.
	similarFactor = 2
	// sizeReplicates variance models are fitted to resampled placebos.
	sizeReplicates = 199
	// sizeStream keeps the resampling apart from other uses of one seed.
	sizeStream = 0x73697a65
)

// SizeModel is the variance of a placebo effect by unit size, v(M) = a + b/M.
type SizeModel struct {
	synth.SizeVariance
	// AtTreated is v at the size of the treated.
	AtTreated float64
	// Units is the number of placebos it was fitted to.
	Units  int
	Reason Reason
}

// SizeAdjusted tests the effect of a unit of the given size against placebo effects
// of units of other sizes, τ_j·√(v(M₁)/v(M_j)) with v(M) = a + b/M fitted to the
// placebo effects by weighted non-negative least squares.
//
// Small units are noisier than the larger ones they are compared with, and a
// placebo test that takes all units as exchangeable rejects too often (Ferman &
// Pinto 2019, REStat 101:452; methods.md §4.4). The fitted v(M₁) is itself
// uncertain, most of all when the treated is smaller than every donor: taken as
// known, the test would still reject too often. So v is fitted again to placebo
// effects drawn from the fitted model (their standardised values resampled), and
// the draws are inflated by √(v̂(M₁)/v*(M₁)), as a bootstrap-t does. The effect is
// not in the fit, so the two are independent and every draw meets every factor.
func SizeAdjusted(effect, size float64, effects, sizes []float64, o Options) (Test, SizeModel) {
	o, err := o.check()
	if err != nil {
		o = Options{Level: 0.95}
	}
	m := fitSizes(size, effects, sizes)
	if m.Reason != "" {
		return undefined(effect, m.Reason, o), m
	}
	return newTest(effect, m.scale(effects, sizes), m.inflation(size, effects, sizes, o.Seed), o), m
}

// sizesOf returns the sizes of rows, and false unless all are positive and finite.
func sizesOf(p *panel.Panel, rows []int) ([]float64, bool) {
	if p.Size == nil {
		return nil, false
	}
	out := make([]float64, len(rows))
	for k, i := range rows {
		if m := p.Size[i]; !(m > 0) || math.IsInf(m, 1) {
			return nil, false
		}
		out[k] = p.Size[i]
	}
	return out, true
}

// fitSizes fits v to squared effects. Size 0 stands for unknown sizes.
func fitSizes(size float64, effects, sizes []float64) SizeModel {
	m := SizeModel{Units: len(effects)}
	if !(size > 0) || math.IsInf(size, 1) {
		m.Reason = NoSize
		return m
	}
	squares := make([]float64, len(effects))
	for j, v := range effects {
		squares[j] = v * v
	}
	v, err := synth.FitSizeVariance(squares, sizes)
	if err != nil {
		m.Reason = NoVarianceModel
		return m
	}
	m.SizeVariance, m.AtTreated = v, v.At(size)
	return m
}

// scale brings every effect to the size of the treated.
func (m SizeModel) scale(effects, sizes []float64) []float64 {
	out := make([]float64, len(effects))
	for j, v := range effects {
		out[j] = v * math.Sqrt(m.AtTreated/m.At(sizes[j]))
	}
	return out
}

// inflation draws √(v̂(M₁)/v*(M₁)).
func (m SizeModel) inflation(size float64, effects, sizes []float64, seed uint64) []float64 {
	squares := make([]float64, len(effects))
	out := make([]float64, 0, sizeReplicates)
	for b := range sizeReplicates {
		rng := rand.New(rand.NewPCG(seed, sizeStream+uint64(b)))
		for j := range squares {
			k := rng.IntN(len(effects))
			squares[j] = effects[k] * effects[k] * m.At(sizes[j]) / m.At(sizes[k])
		}
		if v, err := synth.FitSizeVariance(squares, sizes); err == nil && v.At(size) > 0 {
			out = append(out, math.Sqrt(m.AtTreated/v.At(size)))
		}
	}
	return out
}

// similarSize is the plain test among donors within a factor 2 in size.
func similarSize(effect, size float64, effects, sizes []float64, o Options) Test {
	var kept []float64
	for j, v := range effects {
		if r := sizes[j] / size; r >= 1.0/similarFactor && r <= similarFactor {
			kept = append(kept, v)
		}
	}
	if len(kept) == 0 {
		return undefined(effect, NoSimilarDonor, o)
	}
	return newTest(effect, kept, nil, o)
}
