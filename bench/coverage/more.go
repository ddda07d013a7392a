package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/did"
	"github.com/bygdevekst/bygdevekst/analysis/forecast"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/smallnum"
)

// more are the intervals of standardised and shrunken rates, of forecasts and of
// differences in differences.
func more() []scenario {
	const (
		conservative = "exact, so conservative"
		model        = "too short: parameters and model taken as known; the service calibrates"
		hyper        = "too short: the common rate and its spread taken as known"
		earlier      = "tried from fewer years than are known now, so conservative"
		outside      = "the variance of a place smaller than any donor is extrapolated"
		fewGroups    = "too short: the normal limits of the R package did, with four treated"
	)
	return []scenario{
		{interval: "Proportion, Clopper–Pearson", truth: "10–25 of 600", why: conservative, truths: over(clopper(600), 10, 13.3, 17, 25)},
		{interval: "Ratio of rates, exact", truth: "10–100 events each", why: conservative, truths: over(rateRatio, 10, 23.5, 100)},
		{interval: "Directly standardised rate (Dobson)", truth: "18 ages, 1,300 inhabitants, 12–40 events", truths: over(dobson(1300), 12, 20, 40)},
		{interval: "Directly standardised rate (Dobson)", truth: "18 ages, 6,500 inhabitants, 60–200 events", truths: over(dobson(6500), 60, 100, 200)},
		{interval: "Indirectly standardised ratio", truth: "12–60 expected", truths: over(indirect, 12, 25, 60)},
		{interval: "Rate with over-dispersion estimated from 17 years", truth: "variance twice the mean, 20–100 events", truths: over(overdispersed, 20, 50, 100)},
		{interval: "Shrunken ratio (Poisson–gamma)", truth: "60 places, 10–60 expected, spread of 25 %", why: hyper, truths: over(shrunken, 10, 25, 60), share: 0.2},
		{interval: "Forecast, straight line", truth: "18 years about a line, 3 ahead", truths: over(ahead(forecast.Linear, line), 3)},
		{interval: "Forecast, last value", truth: "18 years of a random walk, 3 ahead", truths: over(ahead(forecast.Naive, walk), 3)},
		{interval: "Forecast, simple smoothing's own", truth: "18 years of its own model, α = 0.4, 3 ahead", why: model, truths: over(ahead(estimated(forecast.SES), smoothed), 3), share: 0.2},
		{interval: "Forecast, damped trend's own", truth: "18 years of a random walk, 3 ahead", why: model, truths: over(ahead(estimated(forecast.Damped), walk), 3), share: 0.1},
		{interval: "Forecast, damped trend calibrated on 30 other places", truth: "18 years of a random walk, 3 ahead", why: earlier, truths: over(calibrated, 3), share: 0.05},
		{interval: "DID, clustered (Welch)", truth: "four treated of 44, one size", truths: over(differences(did.Cluster, 4, 0), 4000)},
		{interval: "DID, clustered (Welch)", truth: "four treated of 1,300–6,500, 40 donors of 2,000–20,000", truths: over(differences(did.Cluster, 4, 1), 0), share: 0.5},
		{interval: "DID, Conley–Taber", truth: "one treated of 41, one size", truths: over(differences(did.ConleyTaber, 1, 0), 4000), share: 0.5},
		{interval: "DID, Conley–Taber", truth: "one treated of 1,300, 40 donors of 2,000–20,000", why: "too short: donors are larger and less noisy", truths: over(differences(did.ConleyTaber, 1, 1), 1300), share: 0.2},
		{interval: "DID, Conley–Taber adjusted for size", truth: "one treated of 1,300, 40 donors of 2,000–20,000", why: outside, truths: over(differences(did.ConleyTaberSize, 1, 1), 1300), share: 0.2},
		{interval: "DID, Conley–Taber adjusted for size", truth: "one treated of 6,500, 40 donors of 2,000–20,000", truths: over(differences(did.ConleyTaberSize, 1, 1), 6500), share: 0.2},
		{interval: "Group-time effects, simple aggregate", truth: "four treated in one year of 44, one size", why: fewGroups, truths: over(groupTime, 4), share: 0.1},
		{interval: "Group-time effects, simple aggregate", truth: "30 treated in one year of 70, one size", truths: over(groupTime, 30), share: 0.1},
	}
}

func clopper(n float64) func(float64) draw {
	return func(mean float64) draw {
		return func(r *rand.Rand) outcome {
			i, err := interval.ClopperPearson(binomial(r, n, mean/n), n, level)
			return look(i, mean/n, err)
		}
	}
}

func rateRatio(mean float64) draw {
	return func(r *rand.Rand) outcome {
		e, err := interval.RateRatio(poisson(r, mean), 1300, poisson(r, mean), 1500, level)
		return look(e.Interval, 1500.0/1300, err)
	}
}

// ages are the shares of 18 age groups in a place with many old and in the standard,
// and rates that rise with age.
func ages(k int) (place, standard, rate float64) {
	x := float64(k) / 17
	return (1 + x) / 27, (1.5 - x) / 18, math.Exp(3 * x)
}

func dobson(size float64) func(float64) draw {
	return func(events float64) draw {
		n, w, expected := make([]float64, 18), make([]float64, 18), make([]float64, 18)
		total := 0.0
		for k := range n {
			place, standard, rate := ages(k)
			n[k], w[k], expected[k] = size*place, standard, place*rate
			total += expected[k]
		}
		truth, weight := 0.0, 0.0
		for k := range n {
			expected[k] *= events / total
			truth += w[k] * expected[k] / n[k]
			weight += w[k]
		}
		return func(r *rand.Rand) outcome {
			o := make([]float64, len(n))
			for k := range o {
				o[k] = poisson(r, expected[k])
			}
			s, err := smallnum.Direct(o, n, w, 1000, level)
			return look(interval.Interval{Lower: s.Lower, Upper: s.Upper}, 1000*truth/weight, err)
		}
	}
}

func indirect(expected float64) draw {
	return func(r *rand.Rand) outcome {
		s, err := smallnum.Indirect(poisson(r, 1.2*expected), []float64{1000, 2000}, []float64{expected / 2000, expected / 4000}, level)
		return look(interval.Interval{Lower: s.Lower, Upper: s.Upper}, 1.2, err)
	}
}

// overdispersed counts are Poisson about a gamma level, with variance twice the mean.
func overdispersed(mean float64) draw {
	return func(r *rand.Rand) outcome {
		count := func() float64 { return poisson(r, distuv.Gamma{Alpha: mean, Beta: 1, Src: r}.Rand()) }
		o, e := make([]float64, 17), make([]float64, 17)
		sum := 0.0
		for i := range o {
			o[i] = count()
			sum += o[i]
		}
		for i := range e {
			e[i] = sum / float64(len(o))
		}
		phi, err := interval.DispersionFactor(o, e, 1)
		if err != nil {
			return undefined
		}
		i, _, err := interval.Overdispersed(count(), phi, level)
		return look(i, mean, err)
	}
}

// shrunken looks at the first of sixty places whose ratios differ by 25 %.
func shrunken(expected float64) draw {
	return func(r *rand.Rand) outcome {
		o, e := make([]float64, 60), make([]float64, 60)
		var truth float64
		for i := range o {
			ratio := distuv.Gamma{Alpha: 16, Beta: 16, Src: r}.Rand()
			if e[i] = expected * (0.5 + 2*r.Float64()); i == 0 {
				e[i], truth = expected, ratio
			}
			o[i] = poisson(r, ratio*e[i])
		}
		p, err := smallnum.NewPoissonGamma(o, e)
		if err != nil {
			return undefined
		}
		lower, upper, err := p.Interval(0, level)
		return look(interval.Interval{Lower: lower, Upper: upper}, truth, err)
	}
}

const years = 18

func line(r *rand.Rand, n int) []float64 {
	y := make([]float64, n)
	for i := range y {
		y[i] = 0.3*float64(i) + r.NormFloat64()
	}
	return y
}

func walk(r *rand.Rand, n int) []float64 {
	y := make([]float64, n)
	for i := range y {
		y[i] = r.NormFloat64()
		if i > 0 {
			y[i] += y[i-1]
		}
	}
	return y
}

func smoothed(r *rand.Rand, n int) []float64 {
	y := make([]float64, n)
	l := 50.0
	for i := range y {
		e := r.NormFloat64()
		y[i] = l + e
		l += 0.4 * e
	}
	return y
}

func estimated(m forecast.Model) func([]float64, int) ([]forecast.Point, error) {
	return func(y []float64, h int) ([]forecast.Point, error) {
		f, err := forecast.Estimate(y, m)
		if err != nil {
			return nil, err
		}
		return f.Predict(h), nil
	}
}

func ahead(f func([]float64, int) ([]forecast.Point, error), series func(*rand.Rand, int) []float64) func(float64) draw {
	return func(steps float64) draw {
		h := int(steps)
		return func(r *rand.Rand) outcome {
			y := series(r, years+h)
			points, err := f(y[:years], h)
			if err != nil {
				return undefined
			}
			lower, upper, err := points[h-1].Interval(level)
			return look(interval.Interval{Lower: lower, Upper: upper}, y[years+h-1], err)
		}
	}
}

// calibrated tries the damped trend on thirty other places as indicators/outlook does.
func calibrated(steps float64) draw {
	h := int(steps)
	m := forecast.Method{Name: "damped", Forecast: estimated(forecast.Damped)}
	return func(r *rand.Rand) outcome {
		var tries []forecast.Try
		for range 30 {
			t, err := forecast.Tries(walk(r, years), m, h, 9, 2)
			if err != nil {
				return undefined
			}
			tries = append(tries, t[h-1]...)
		}
		c, err := forecast.Calibrate(tries)
		if err != nil {
			return undefined
		}
		y := walk(r, years+h)
		points, err := m.Forecast(y[:years], h)
		if err != nil {
			return undefined
		}
		lower, upper, err := c.Interval(points[h-1], level)
		return look(interval.Interval{Lower: lower, Upper: upper}, y[years+h-1], err)
	}
}

// nothing is a panel of 14 years in which nothing happens in the last four: a level
// of each place, what moves all, and noise whose variance is 1 or, with sizes,
// 4,000/size.
func nothing(r *rand.Rand, sizes []float64) *panel.Panel {
	const t = 14
	p := &panel.Panel{Y: mat.NewDense(len(sizes), t, nil), Size: sizes}
	common := walk(r, t)
	for i, m := range sizes {
		p.Units = append(p.Units, fmt.Sprint(1000+i))
		level := 5 * r.NormFloat64()
		for s := range t {
			p.Y.Set(i, s, level+common[s]+math.Sqrt(4000/m)*r.NormFloat64())
		}
	}
	for s := range t {
		p.Times = append(p.Times, float64(2008+s))
	}
	return p
}

// places are treated ones of one size (0: the four of the agreement's) and donors,
// of the same size or of 2,000 to 20,000.
func places(r *rand.Rand, treated, donors int, own float64, unequal bool) []float64 {
	out := make([]float64, 0, treated+donors)
	for i := range treated {
		size := own
		if own == 0 {
			size = [...]float64{1300, 3600, 4400, 6500}[i]
		}
		out = append(out, size)
	}
	for range donors {
		size := own
		if unequal {
			size = 2000 * math.Pow(10, r.Float64())
		}
		out = append(out, size)
	}
	return out
}

func differences(kind did.Kind, treated int, unequal float64) func(float64) draw {
	return func(own float64) draw {
		return func(r *rand.Rand) outcome {
			p := nothing(r, places(r, treated, 40, own, unequal > 0))
			d := panel.Design{Start: 10}
			for i := range p.Units {
				if i < treated {
					d.Treated = append(d.Treated, i)
				} else {
					d.Donors = append(d.Donors, i)
				}
			}
			f, err := did.Estimate(p, d, did.Options{})
			if err != nil {
				return undefined
			}
			i, err := f.Interval(did.IntervalOptions{Kind: kind, Level: level})
			return look(interval.Interval{Lower: i.Lower, Upper: i.Upper}, 0, err)
		}
	}
}

func groupTime(treated float64) draw {
	return func(r *rand.Rand) outcome {
		p := nothing(r, places(r, int(treated), 40, 4000, false))
		starts := make([]int, len(p.Units))
		for i := range starts {
			starts[i] = did.Never
			if i < int(treated) {
				starts[i] = 10
			}
		}
		g, err := did.EstimateGroupTime(p, starts, did.GroupTimeOptions{Level: level, Replications: 1})
		if err != nil {
			return undefined
		}
		a, err := g.Simple()
		return look(interval.Interval{Lower: a.Overall.Lower, Upper: a.Overall.Upper}, 0, err)
	}
}
