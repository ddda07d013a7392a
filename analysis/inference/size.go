package inference

import (
	"context"
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

const (
	// similarFactor bounds the sizes of the donors in the similar-size test.
	similarFactor = 2
	// shares is the number of points at which φ is tried.
	shares = 41
	// informative is the number of placebo effects that tell φ well enough; with
	// fewer donors than that, up to earlierMost earlier windows are used too.
	informative, earlierMost = 200, 3
	// faint scenarios change no p-value in its fifth digit.
	faint = 1e-6
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
// of units of other sizes, τ_j·√(v(M₁)/v(M_j)), v(M) = a + b/M.
//
// Small units are noisier than the larger ones they are compared with, and a
// placebo test that takes all units as exchangeable rejects too often (Ferman &
// Pinto 2019, REStat 101:452; methods.md §4.4).
//
// The SizeModel returned, and Draws, are the fit of v by weighted non-negative least
// squares of squared placebo effects. That fit is uncertain, most of all for a
// treated unit smaller than every donor, and a test that takes it as known still
// rejects too often. P, SE and Interval therefore average over the share φ of the
// variance, at the placebos' geometric mean size M̄, that depends on size,
//
//	v(M) ∝ (1 − φ) + φ·M̄/M,
//
// by its posterior given the placebo effects: normal likelihood with the scale
// integrated out, Π_j h_j^(−½)·(Σ_j τ_j²/h_j)^(−J/2), tempered where the effects
// have heavier tails than the normal, and Jeffreys' prior of a share, so that there is
// nothing to tune. Within one φ the test is a rank test and the scale does not matter;
// the average of ranks is read as a mid-p. More samples, such as those of earlier
// pretended starts, each with its own scale, tell more of φ.
func SizeAdjusted(effect, size float64, effects, sizes []float64, o Options, more ...Sample) (Test, SizeModel) {
	o, err := o.check()
	if err != nil {
		o = Options{Level: 0.95}
	}
	m := fitSizes(size, effects, sizes)
	if m.Reason != "" {
		return undefined(effect, m.Reason, o), m
	}
	var all []scenario
	for _, v := range posterior(append([]Sample{{effects, sizes}}, more...), 1) {
		all = append(all, scenario{draws: rescale(v.v, size, effects, sizes), prob: v.prob})
	}
	return newMixture(effect, rescale(m.SizeVariance, size, effects, sizes), all, o), m
}

// Past is a window of as many periods that ended before the start: every donor, and
// every treated unit, treated in pretence when nothing was yet done.
type Past struct {
	Start    int
	Placebos []Placebo
}

// Earlier runs the placebos again for windows of the same length that end before the
// start, for SizeAdjusted: with fewer than two hundred donors, up to three windows
// that leave at least half of the pre-periods for fitting; shorter ones say little of
// the window that counts. The treated units' own are the only ones of their size where
// all donors are larger. It returns none where sizes are not known.
func Earlier(ctx context.Context, p *panel.Panel, d panel.Design, est panel.Estimator, o Options) ([]Past, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if _, ok := sizesOf(p, slices.Concat(d.Donors, d.Treated)); !ok || len(d.Donors) == 0 {
		return nil, nil
	}
	post := len(p.Times) - d.Start
	var out []Past
	for k := 1; k <= earlierMost && len(d.Donors)*k < informative; k++ {
		w := Past{Start: d.Start - k*post}
		if w.Start < max(minPre, d.Start/2) {
			break
		}
		past := p.Subset(span(len(p.Units)), span(w.Start+post))
		if w.Placebos, err = placebos(ctx, past, panel.Design{Donors: d.Donors, Start: w.Start}, est, o); err != nil {
			return nil, err
		}
		for _, i := range d.Treated {
			w.Placebos = append(w.Placebos, pretend(past, panel.Design{Treated: []int{i}, Donors: d.Donors, Start: w.Start}, est))
		}
		out = append(out, w)
	}
	return out, nil
}

// Sample is what of says of every placebo that has an estimate.
func (w Past) Sample(p *panel.Panel, of func(panel.Estimate) float64) Sample {
	var s Sample
	for _, q := range w.Placebos {
		if q.Failed == "" {
			s.Effects, s.Sizes = append(s.Effects, of(q.Estimate)), append(s.Sizes, p.Size[q.Unit])
		}
	}
	return s
}

// samples leaves out windows with too few effects to tell a variance.
func samples(p *panel.Panel, all []Past, of func(panel.Estimate) float64) []Sample {
	var out []Sample
	for _, w := range all {
		if s := w.Sample(p, of); len(s.Effects) >= 3 {
			out = append(out, s)
		}
	}
	return out
}

func att(e panel.Estimate) float64 { return e.ATT }

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

// rescale brings every effect to one size.
func rescale(v synth.SizeVariance, size float64, effects, sizes []float64) []float64 {
	at := v.At(size)
	out := make([]float64, len(effects))
	for j, e := range effects {
		out[j] = e * math.Sqrt(at/v.At(sizes[j]))
	}
	return out
}

// likely is one variance model, up to scale, and its posterior probability.
type likely struct {
	v    synth.SizeVariance
	prob float64
}

// Sample is a set of placebo effects of one window with the sizes of their units.
type Sample struct{ Effects, Sizes []float64 }

// posterior weighs points that are equally likely before the effects are seen under
// the arcsine law, Jeffreys' prior of a share (Jeffreys 1946, Proc. R. Soc. A 186:453):
// the ends, a variance that does not depend on size and one that is all b/M, count more
// than what lies between. independent is the share of the effects that are independent
// of each other.
func posterior(samples []Sample, independent float64) []likely {
	var centre, n float64
	for _, s := range samples {
		for _, m := range s.Sizes {
			centre += math.Log(m)
			n++
		}
	}
	centre = math.Exp(centre / n)
	temper := independent * temper(samples)
	all := make([]likely, shares)
	top := math.Inf(-1)
	for k := range all {
		root := math.Sin(math.Pi / 2 * (float64(k) + 0.5) / shares)
		phi := root * root
		all[k].v = synth.SizeVariance{A: 1 - phi, B: phi * centre}
		for _, s := range samples {
			all[k].prob += temper * s.logLikelihood(all[k].v)
		}
		top = max(top, all[k].prob)
	}
	var sum float64
	for k := range all {
		all[k].prob = math.Exp(all[k].prob - top)
		sum += all[k].prob
	}
	kept, total := all[:0], 0.0
	for _, l := range all {
		if l.prob > faint*sum {
			kept = append(kept, l)
			total += l.prob
		}
	}
	for k := range kept {
		kept[k].prob /= total
	}
	return kept
}

// logLikelihood has the sample's scale integrated out.
func (s Sample) logLikelihood(v synth.SizeVariance) float64 {
	// Logs of products of some dozen sizes: one logarithm costs more than all of them.
	logs, product, sum := 0.0, 1.0, 0.0
	for j, e := range s.Effects {
		h := v.At(s.Sizes[j])
		if product *= h; product > 1e200 || product < 1e-200 {
			logs += math.Log(product)
			product = 1
		}
		sum += e * e / h
	}
	logs += math.Log(product)
	if sum == 0 {
		return 0
	}
	return -(logs + float64(len(s.Effects))*math.Log(sum)) / 2
}

// temper is 2/(κ − 1), at most 1, κ the kurtosis of the standardised effects: the
// variance of their squares relative to the normal's.
func temper(samples []Sample) float64 {
	var fourth, n float64
	for _, s := range samples {
		squares := make([]float64, len(s.Effects))
		for j, e := range s.Effects {
			squares[j] = e * e
		}
		v, err := synth.FitSizeVariance(squares, s.Sizes)
		if err != nil {
			continue
		}
		var mean, four float64
		k := float64(len(squares))
		for j, q := range squares {
			squares[j] = q / v.At(s.Sizes[j])
			mean += squares[j] / k
		}
		if mean == 0 {
			continue
		}
		for _, z := range squares {
			four += (z / mean) * (z / mean)
		}
		fourth += four
		n += k
	}
	if n == 0 || fourth/n <= 3 {
		return 1
	}
	return 2 / (fourth/n - 1)
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
	return newTest(effect, kept, o)
}
