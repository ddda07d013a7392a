package indicators

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Level is the confidence level of every interval in a release.
const Level = 0.95

// Windows are the lengths, in years, values are pooled over.
var Windows = [...]int{1, 3, 5}

// The methods of an interval.
const (
	MethodByar       = "byar"
	MethodExact      = "exact"
	MethodWilson     = "wilson"
	MethodGross      = "gross-flows"
	MethodDispersion = "dispersion"
	MethodNone       = "none"
)

// dispersionReach is how many years to either side of a window the year-to-year
// dispersion is taken from. It lets every municipality with figures since 2008
// use all of them for the newest year, and keeps the moving habits of the 1980s
// out of today's intervals for those with a longer series.
const dispersionReach = 17

// estimate is an indicator's value for a run of years. Numbers are only set
// when the status is not missing; ok says whether there is an interval.
type estimate struct {
	from, to    int
	num, den    float64
	value       float64
	limits      interval.Interval
	ok          bool
	status      data.Status
	method      string
	detectable  float64
	hasDetector bool
}

// se is the standard error the interval stands for: its width over 2z.
func (e estimate) se() float64 {
	z, err := interval.Z(Level)
	if err != nil {
		panic("indicators: confidence level: " + err.Error())
	}
	return (e.limits.Upper - e.limits.Lower) / (2 * z)
}

// interval returns the estimate in the form of package interval.
func (e estimate) interval() interval.Estimate {
	return interval.Estimate{Value: e.value, Interval: e.limits}
}

// window pools the years from first to last of a series:
//
//	value = scale · Σ num / Σ den
//
// A year that is missing makes the whole window missing, with the worst status.
// The interval is by kind: rates by Byar or exactly from the summed events,
// proportions by Wilson from the mean counts (see the package's comment on
// stocks), net rates from the gross flows when every year has them, else from
// the place's own year-to-year dispersion; counts and ratios have none. A window
// under the small-number rule keeps its value and has status TooFew.
func window(ind *catalogue.Indicator, s yearly, first, last int) estimate {
	e := estimate{from: first, to: last, method: MethodNone}
	sum := sumOf(s, first, last)
	e.status = sum.status
	if e.status.Missing() {
		return e
	}
	e.num, e.den = sum.num, sum.den
	e.value = ind.Scale * sum.num / sum.den
	n := float64(last - first + 1)
	switch ind.Kind {
	case catalogue.Rate:
		e.count(ind, sum)
	case catalogue.Proportion:
		e.proportion(ind, sum.num/n, sum.den/n)
	case catalogue.NetRate:
		e.net(ind, s, sum)
	}
	if tooFew(ind, sum, n) {
		e.status = data.TooFew
	}
	return e
}

func (e *estimate) count(ind *catalogue.Indicator, sum cell) {
	limits, method, err := interval.Rate(sum.num, sum.den, ind.Scale, Level)
	if err != nil {
		return
	}
	e.setLimits(limits, method)
	e.setDetectable(interval.DetectableCount(sum.num, sum.den, ind.Scale, Level))
}

func (e *estimate) proportion(ind *catalogue.Indicator, o, n float64) {
	limits, err := interval.Wilson(o, n, Level)
	if err != nil {
		return
	}
	e.setLimits(limits.Scale(ind.Scale), MethodWilson)
	e.setDetectable(interval.DetectableProportion(o, n, ind.Scale, Level))
}

func (e *estimate) net(ind *catalogue.Indicator, s yearly, sum cell) {
	if sum.gross {
		net, err := interval.Net(sum.plus, sum.minus, Level)
		if err != nil {
			return
		}
		e.setLimits(net.Scale(ind.Scale/sum.den), MethodGross)
	} else {
		sd, df, err := interval.YearSD(history(ind, s, e.from, e.to))
		if err != nil {
			return
		}
		// The mean of k years varies √k times less than a single one.
		half := student(df) * sd / math.Sqrt(float64(e.to-e.from+1))
		// A run of equal years proves no certainty: never narrower than gross flows
		// as small as the net allows would make it.
		least, err := interval.Net(math.Max(0, sum.num), math.Max(0, -sum.num), Level)
		if err != nil {
			return
		}
		floor := least.Scale(ind.Scale / sum.den)
		e.setLimits(interval.Interval{Lower: min(e.value-half, floor.Lower), Upper: max(e.value+half, floor.Upper)}, MethodDispersion)
	}
	e.setDetectable(interval.DetectableSD(e.se(), e.se(), Level))
}

// students holds Student's t quantiles by degrees of freedom. There are as many as
// lengths of history, and each takes longer to find than all else of a window.
var students sync.Map

// student is the two-sided quantile of Student's t at Level.
func student(df float64) float64 {
	if t, ok := students.Load(df); ok {
		return t.(float64)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1 - (1-Level)/2)
	students.Store(df, t)
	return t
}

// history returns the rates of the years around a window, the window left out.
func history(ind *catalogue.Indicator, s yearly, first, last int) []float64 {
	var rates []float64
	for y := first - dispersionReach; y <= last+dispersionReach; y++ {
		if c := s.at(y); (y < first || y > last) && !c.status.Missing() {
			rates = append(rates, ind.Scale*c.num/c.den)
		}
	}
	return rates
}

func (e *estimate) setLimits(i interval.Interval, method string) {
	e.limits, e.method, e.ok = i, method, true
}

func (e *estimate) setDetectable(d float64, err error) {
	if err == nil {
		e.detectable, e.hasDetector = d, true
	}
}

// tooFew applies the small-number rule: to the events and person-years of a
// flow, to the mean counts of a stock. The numerator of a net flow may well be
// near zero and is not tested.
func tooFew(ind *catalogue.Indicator, sum cell, years float64) bool {
	num, den := sum.num, sum.den
	if ind.Kind == catalogue.Proportion || ind.Kind == catalogue.Count || ind.Kind == catalogue.Ratio {
		num, den = num/years, den/years
	}
	if ind.Kind != catalogue.NetRate && num < ind.SmallNumbers.MinNumerator {
		return true
	}
	return ind.Denominator != nil && den < ind.SmallNumbers.MinDenominator
}

// row returns the estimate as a row of a release.
func (e estimate) row(ind *catalogue.Indicator, region string) cube.Value {
	v := cube.Value{
		Indicator: ind.ID, Region: region, Year: int32(e.to), Window: int32(e.to - e.from + 1),
		Numerator: cube.Null, Denominator: cube.Null, Value: cube.Null, Lower: cube.Null, Upper: cube.Null,
		Status: e.status, Method: e.method, Detectable: cube.Null,
	}
	if e.status.Missing() {
		return v
	}
	v.Numerator, v.Value = cube.Float(e.num), cube.Float(e.value)
	if ind.Denominator != nil {
		v.Denominator = cube.Float(e.den)
	}
	v.Lower, v.Upper = e.lower(), e.upper()
	if e.hasDetector {
		v.Detectable = cube.Float(e.detectable)
	}
	return v
}

func (e estimate) lower() cube.Float {
	if !e.ok {
		return cube.Null
	}
	return cube.Float(e.limits.Lower)
}

func (e estimate) upper() cube.Float {
	if !e.ok {
		return cube.Null
	}
	return cube.Float(e.limits.Upper)
}

// values returns every window of a series, by year and length. A window that
// begins before the series is not one.
func values(ind *catalogue.Indicator, region string, s yearly) []cube.Value {
	rows := make([]cube.Value, 0, len(Windows)*len(s.cells))
	for y := s.first; y < s.end(); y++ {
		for _, k := range Windows {
			if y-k+1 >= s.first {
				rows = append(rows, window(ind, s, y-k+1, y).row(ind, region))
			}
		}
	}
	return rows
}
