package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/analysis/trend"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

func scenarios() []scenario {
	const conservative = "exact, so conservative"
	return []scenario{
		{interval: "Rate, exact below 10 events, Byar from 10", truth: "1–9 events", why: conservative, truths: over(rate, 1, 2.3, 4.6, 6.8, 9)},
		{interval: "Rate, exact below 10 events, Byar from 10", truth: "10–30 events", truths: over(rate, 10, 13.7, 18.2, 24.1, 30)},
		{interval: "Rate, exact below 10 events, Byar from 10", truth: "30–1,000 events", truths: over(rate, 35, 70.4, 140, 400, 1000)},
		{interval: "Proportion, Wilson", truth: "10–25 of 600", truths: over(proportion(600), 10, 13.3, 17, 25)},
		{interval: "Proportion, Wilson", truth: "15–50 % of 600", truths: over(proportion(600), 90, 145, 200, 300)},
		{interval: "Proportion, Wilson", truth: "15–50 % of 3,000", truths: over(proportion(3000), 450, 720, 1300, 1500)},
		{interval: "Difference of proportions, Newcombe", truth: "24 %, change of 0–10 points, 600 each", truths: over(newcombe(600, 0.24), 0, 0.03, -0.06, 0.1)},
		{interval: "Difference of proportions, Newcombe", truth: "3 %, change of 0–3 points, 600 each", truths: over(newcombe(600, 0.03), 0, 0.01, -0.01, 0.03)},
		{interval: "Difference of proportions, half the people the same", truth: "24 %, no change, 600 each", why: "the same people twice, so conservative", truths: over(overlap(600, 0.24), 0.5)},
		{interval: "Difference of rates, MOVER", truth: "one year against three, 10–100 events a year", truths: over(moverRates, 10, 25.5, 60, 100)},
		{interval: "Net flow, from gross flows", truth: "5–20 moves each way", truths: flows(1, 5, 9.4, 14, 20)},
		{interval: "Net flow, from gross flows", truth: "70–400 moves each way", truths: flows(1, 70, 104, 250, 400)},
		{interval: "Net flow, from gross flows", truth: "104 moves each way in households of 2", why: "too short: moves are not independent", truths: flows(2, 104)},
		{interval: "Net flow, from gross flows", truth: "104 moves each way in households of 1–4, mean 2", why: "too short: moves are not independent", truths: flows(0, 104)},
		{interval: "Net flow, own dispersion", truth: "17 other years, no trend, one year", truths: over(dispersion(1, 0, 0), 17)},
		{interval: "Net flow, own dispersion", truth: "17 other years, trend of 1 SD in 10 years", truths: over(dispersion(1, 0.1, 0), 17)},
		{interval: "Net flow, own dispersion", truth: "17 other years, three years pooled", truths: over(dispersion(3, 0, 0), 17)},
		{interval: "Net flow, own dispersion", truth: "17 other years, one of them 6 SD off", why: "one extraordinary year widens it, though its pull is capped", truths: over(dispersion(1, 0, 6), 17)},
		{interval: "Net flow, own dispersion", truth: "8 other years", truths: over(dispersion(1, 0, 0), 8)},
		{interval: "Change of a net flow, MOVER on own dispersion", truth: "one year against three, 17 other years", truths: over(dispersedChange, 0)},
		{interval: "Ratio, MOVER (Donner–Zou)", truth: "100 and 400 of 1,000, both Wilson", truths: over(ratio, 0.1, 0.4)},
		{interval: "Ratio, Fieller", truth: "normal, denominator 5–20 standard errors from 0", truths: over(fieller, 5, 10, 20)},
		{interval: "Attainment share", truth: "24 %, target 30 %, 0–120 % of the way, 3,000 each", truths: over(share(3000, 0.24, 0.30), 0, 0.25, 0.5, 1, 1.2)},
		{interval: "Attainment share", truth: "24 %, target 36 %, 0–120 % of the way, 600 each", truths: over(share(600, 0.24, 0.36), 0, 0.25, 0.5, 1, 1.2)},
		{interval: "Attainment share", truth: "falling rate, 60 to 30 events, 0–120 % of the way", truths: over(shareOfRates(60, 30), 0, 0.25, 0.5, 1, 1.2)},
		{interval: "Attainment score (GAS)", truth: "24 %, target 30 %, 0–120 % of the way, 3,000 each", why: "a score moves in steps, so conservative", truths: over(gas(3000, 0.24, 0.30), 0, 0.25, 0.5, 1, 1.2)},
		{interval: "Trend, Sen's slope", truth: "10 years, normal noise", truths: over(sen, 0, 0.1, 0.5)},
		{interval: "Trend, Sen's slope", truth: "10 years, each year's level carried over by half", why: "too short: years are not independent", truths: over(senCarried, 0.5)},
		{interval: "Difference to the comparison group, placebos", truth: "rates of places of 1,000–7,000, place of 1,300", truths: over(comparison(1300, 0), 0), share: 0.1},
		{interval: "Difference to the comparison group, placebos", truth: "the same, place of 6,500", truths: over(comparison(6500, 0), 0), share: 0.1},
		{interval: "Difference to the comparison group, placebos", truth: "the same, and causes of each place's own, place of 3,600", truths: over(comparison(3600, 0.1), 0), share: 0.1},
	}
}

// over is one truth for each value of its parameter.
func over(f func(x float64) draw, values ...float64) []draw {
	out := make([]draw, len(values))
	for i, x := range values {
		out[i] = f(x)
	}
	return out
}

func look(i interval.Interval, truth float64, err error) outcome {
	switch {
	case err != nil:
		return undefined
	case i.Lower > truth:
		return tooHigh
	case i.Upper < truth:
		return tooLow
	}
	return covered
}

func poisson(r *rand.Rand, mean float64) float64 { return distuv.Poisson{Lambda: mean, Src: r}.Rand() }

func binomial(r *rand.Rand, n, p float64) float64 {
	return distuv.Binomial{N: n, P: p, Src: r}.Rand()
}

func rate(mean float64) draw {
	return func(r *rand.Rand) outcome {
		i, _, err := interval.Rate(poisson(r, mean), 1300, 1000, level)
		return look(i, 1000*mean/1300, err)
	}
}

func proportion(n float64) func(float64) draw {
	return func(mean float64) draw {
		return func(r *rand.Rand) outcome {
			i, err := interval.Wilson(binomial(r, n, mean/n), n, level)
			return look(i, mean/n, err)
		}
	}
}

func newcombe(n, p float64) func(float64) draw {
	return func(change float64) draw {
		return func(r *rand.Rand) outcome {
			e, err := interval.DifferenceOfProportions(binomial(r, n, p+change), n, binomial(r, n, p), n, 100, level)
			return look(e.Interval, 100*change, err)
		}
	}
}

// overlap counts a part of the people at both ends, who have not changed.
func overlap(n, p float64) func(float64) draw {
	return func(same float64) draw {
		return func(r *rand.Rand) outcome {
			both := binomial(r, same*n, p)
			e, err := interval.DifferenceOfProportions(both+binomial(r, n-same*n, p), n, both+binomial(r, n-same*n, p), n, 100, level)
			return look(e.Interval, 0, err)
		}
	}
}

func moverRates(mean float64) draw {
	return func(r *rand.Rand) outcome {
		e, err := interval.DifferenceOfRates(poisson(r, mean), 1, poisson(r, 3*mean), 3, 1, level)
		return look(e.Interval, 0, err)
	}
}

// flows are gross flows with as many moves each way, in households of a size; 0
// stands for sizes 1–4 with mean 2.
func flows(household int, means ...float64) []draw {
	moves := func(r *rand.Rand, mean float64) float64 {
		if household > 0 {
			return float64(household) * poisson(r, mean/float64(household))
		}
		sum := 0.0
		for range int(poisson(r, mean/2)) {
			sum += float64([...]int{1, 1, 1, 1, 2, 2, 2, 3, 3, 4}[r.IntN(10)])
		}
		return sum
	}
	return over(func(mean float64) draw {
		return func(r *rand.Rand) outcome {
			e, err := interval.Net(moves(r, mean), moves(r, mean), level)
			return look(e.Interval, 0, err)
		}
	}, means...)
}

// dispersion is a window of years amid others of normal noise about a straight
// line, one of them an outlier of so many standard deviations.
func dispersion(window int, slope, outlier float64) func(float64) draw {
	return func(others float64) draw {
		return func(r *rand.Rand) outcome {
			n := int(others)
			history := make([]float64, n)
			for i := range history {
				history[i] = slope*float64(i) + r.NormFloat64()
			}
			history[r.IntN(n)] += outlier
			value := 0.0
			for range window {
				value += (slope*float64(n) + r.NormFloat64()) / float64(window)
			}
			i, err := interval.Dispersion(0, history, level)
			half := i.Upper / math.Sqrt(float64(window))
			return look(interval.Interval{Lower: value - half, Upper: value + half}, slope*float64(n), err)
		}
	}
}

// dispersedChange is three years against the one after, each with the interval of
// the years around it.
func dispersedChange(float64) draw {
	return func(r *rand.Rand) outcome {
		y := make([]float64, 18)
		for i := range y {
			y[i] = r.NormFloat64()
		}
		last, base := y[17], (y[14]+y[15]+y[16])/3
		a, err1 := interval.Dispersion(0, y[:17], level)
		b, err2 := interval.Dispersion(0, append(append([]float64(nil), y[:14]...), last), level)
		if err1 != nil || err2 != nil {
			return undefined
		}
		half := b.Upper / math.Sqrt(3)
		d := interval.Difference(
			interval.Estimate{Value: last, Interval: interval.Interval{Lower: last - a.Upper, Upper: last + a.Upper}},
			interval.Estimate{Value: base, Interval: interval.Interval{Lower: base - half, Upper: base + half}},
		)
		return look(d.Interval, 0, nil)
	}
}

func ratio(p float64) draw {
	return func(r *rand.Rand) outcome {
		a, err := interval.ProportionEstimate(binomial(r, 1000, p), 1000, 1, level)
		if err != nil {
			return undefined
		}
		b, err := interval.ProportionEstimate(binomial(r, 1000, 0.4), 1000, 1, level)
		if err != nil {
			return undefined
		}
		e, err := interval.Ratio(a, b)
		return look(e.Interval, p/0.4, err)
	}
}

func fieller(away float64) draw {
	return func(r *rand.Rand) outcome {
		e, err := interval.Fieller(2+r.NormFloat64(), away+r.NormFloat64(), 1, 1, 0, level)
		return look(e.Interval, 2/away, err)
	}
}

// ends draws both ends of a way as proportions.
func ends(r *rand.Rand, n, base, now float64) (b, c interval.Estimate, err error) {
	if b, err = interval.ProportionEstimate(binomial(r, n, base), n, 1, level); err != nil {
		return b, c, err
	}
	c, err = interval.ProportionEstimate(binomial(r, n, now), n, 1, level)
	return b, c, err
}

func share(n, base, target float64) func(float64) draw {
	return func(a float64) draw {
		return func(r *rand.Rand) outcome {
			b, c, err := ends(r, n, base, base+a*(target-base))
			if err != nil {
				return undefined
			}
			e, reason := attain.ShareInterval(c, b, target)
			if reason != attain.Defined {
				return undefined
			}
			return look(e.Interval, a, nil)
		}
	}
}

func shareOfRates(base, target float64) func(float64) draw {
	return func(a float64) draw {
		return func(r *rand.Rand) outcome {
			b, _, err1 := interval.Pooled([]float64{poisson(r, 3*base)}, []float64{3}, 1, level)
			c, _, err2 := interval.Pooled([]float64{poisson(r, base+a*(target-base))}, []float64{1}, 1, level)
			if err1 != nil || err2 != nil {
				return undefined
			}
			e, reason := attain.ShareInterval(c, b, target)
			if reason != attain.Defined {
				return undefined
			}
			return look(e.Interval, a, nil)
		}
	}
}

func gas(n, base, target float64) func(float64) draw {
	return func(a float64) draw {
		return func(r *rand.Rand) outcome {
			b, c, err := ends(r, n, base, base+a*(target-base))
			if err != nil {
				return undefined
			}
			e, reason := attain.ShareInterval(c, b, target)
			if reason != attain.Defined {
				return undefined
			}
			t, err := attain.GASInterval([]attain.GASGoal{{Share: e, Weight: 1}})
			return look(t.Interval, 50+10*attain.GASLevel(a), err)
		}
	}
}

func sen(slope float64) draw {
	return func(r *rand.Rand) outcome {
		x, y := make([]float64, 10), make([]float64, 10)
		for i := range x {
			x[i], y[i] = float64(i), slope*float64(i)+r.NormFloat64()
		}
		s, err := trend.Sen(x, y, level)
		return look(interval.Interval{Lower: s.Lower, Upper: s.Upper}, slope, err)
	}
}

func senCarried(rho float64) draw {
	return func(r *rand.Rand) outcome {
		x, y := make([]float64, 10), make([]float64, 10)
		u := r.NormFloat64() / math.Sqrt(1-rho*rho)
		for i := range x {
			u = rho*u + r.NormFloat64()
			x[i], y[i] = float64(i), u
		}
		s, err := trend.Sen(x, y, level)
		return look(interval.Interval{Lower: s.Lower, Upper: s.Upper}, 0, err)
	}
}

// comparison is the whole derivation of a release of 60 municipalities, in none of
// which anything happens but counting chance and, if shock is above 0, a cause of
// its own that moves each rate by that part of it whatever its size.
func comparison(size, shock float64) func(float64) draw {
	codes := make([]string, 0, 61)
	for _, m := range regions.Default().All() {
		if m.Pilot == "" && len(codes) < cap(codes)-1 {
			codes = append(codes, m.Code)
		}
	}
	const own = "3425"
	cat := comparisonCatalogue(own)
	return func(float64) draw {
		return func(r *rand.Rand) outcome {
			var b data.Batch
			b.Provenance.Kind = data.Simulated
			add := func(code string, size float64) {
				p := 0.1
				b.Facts = append(b.Facts, fact("population", code, 2024, size), fact("population", code, 2025, size))
				b.Facts = append(b.Facts, fact("events", code, 2024, poisson(r, size*p)))
				b.Facts = append(b.Facts, fact("events", code, 2025, poisson(r, size*p*math.Exp(shock*r.NormFloat64()))))
			}
			for _, code := range codes {
				add(code, math.Round(1000*math.Pow(7, r.Float64())))
			}
			add(own, size)
			set, err := facts.Harmonise([]data.Batch{b}, regions.Default(), func(string, string) bool { return true })
			if err != nil {
				panic(fmt.Sprintf("coverage: %v", err))
			}
			c, err := indicators.Derive(context.Background(), indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Workers: 1})
			if err != nil {
				panic(fmt.Sprintf("coverage: %v", err))
			}
			for _, x := range c.Comparisons {
				if x.Indicator == "events" && x.Region == own && x.Lower.OK() {
					return look(interval.Interval{Lower: float64(x.Lower), Upper: float64(x.Upper)}, 0, nil)
				}
			}
			return undefined
		}
	}
}

func fact(series, region string, year int, value float64) data.Fact {
	return data.Fact{Table: "simulated", Series: series, Region: region, Period: data.YearPeriod(year), Value: value}
}

func comparisonCatalogue(own string) *catalogue.Catalogue {
	term := func(series string) []catalogue.Term { return []catalogue.Term{{Table: "simulated", Series: series}} }
	return &catalogue.Catalogue{
		Indicators: []catalogue.Indicator{
			{ID: "events", Kind: catalogue.Rate, Numerator: term("events"), Denominator: &catalogue.Denominator{Table: "simulated", Series: "population", Clock: catalogue.ClockStart}, Scale: 1000, SmallNumbers: catalogue.SmallNumbers{PoolYears: 1}},
			{ID: "population", Kind: catalogue.Count, Numerator: term("population"), Scale: 1, SmallNumbers: catalogue.SmallNumbers{PoolYears: 1}},
		},
		Agreements: []catalogue.Agreement{{ID: "avtale", Municipalities: []catalogue.Member{{Code: own}}, Baseline: catalogue.Baseline{Year: 2024}}},
		Comparisons: []catalogue.Comparison{{
			ID: "default", K: 30,
			Covariates: []catalogue.Covariate{{ID: "population", Indicator: "population", From: 2024, To: 2024, Stat: catalogue.StatMean, Transform: catalogue.LogTransform, Weight: 1}},
			Exclusions: []catalogue.Exclusion{{Rule: catalogue.ExcludeSelf}, {Rule: catalogue.ExcludePilot}, {Rule: catalogue.ExcludeGap}},
		}},
	}
}
