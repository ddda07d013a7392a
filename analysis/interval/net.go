package interval

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Method names how an interval was found.
type Method string

// The methods.
const (
	ByExact      Method = "exact"
	ByByar       Method = "byar"
	ByGrossFlows Method = "gross-flows"
	ByDispersion Method = "own-dispersion"
)

// Net gives the limits of a net flow in − out from its gross flows: MOVER on the
// two Poisson counts with Public Health England's limits. Were moves independent,
// the net flow would be Skellam distributed with variance in + out; that
// distribution gives no exact interval for the difference of its means, since the
// total is a nuisance, and the MOVER limits are close enough: bench/coverage
// finds 94–97 % at nominal 95 for flows of 5 to 400. Households move together, so
// the truth is somewhat wider: see Overdispersed.
func Net(in, out, level float64) (Estimate, error) {
	a, _, err := Poisson(in, level)
	if err != nil {
		return Estimate{}, err
	}
	b, _, err := Poisson(out, level)
	if err != nil {
		return Estimate{}, err
	}
	return Difference(Estimate{in, a}, Estimate{out, b}), nil
}

// Flow is one year's net flow in persons, or the mean of some years, with what is
// known about it.
type Flow struct {
	// Net is in − out.
	Net float64
	// HasGross says that In and Out are known, in persons.
	HasGross bool
	In, Out  float64
	// History holds the net flows of other years in time order, in persons, the
	// assessed years left out; used where the gross flows are not published.
	History []float64
	// Years is the number of years Net is the mean of; 0 counts as 1. In and Out
	// are then sums over those years.
	Years int
}

// NetFlow gives the limits of a net flow in persons a year by the best method its
// data allow, and says which: from gross flows (Net), else from the place's own
// year-to-year dispersion (Dispersion). The latter is never narrower than gross
// flows as small as the net allows, one of them 0, would make it: a run of equal
// years proves no certainty.
func NetFlow(f Flow, level float64) (Estimate, Method, error) {
	years := float64(max(f.Years, 1))
	if f.HasGross {
		e, err := Net(f.In, f.Out, level)
		if err != nil {
			return Estimate{}, ByGrossFlows, err
		}
		return Estimate{e.Value / years, e.Interval.Scale(1 / years)}, ByGrossFlows, nil
	}
	i, err := dispersion(f.Net, f.History, years, level)
	if err != nil {
		return Estimate{}, ByDispersion, err
	}
	least, err := Net(math.Max(0, f.Net)*years, math.Max(0, -f.Net)*years, level)
	if err != nil {
		return Estimate{}, ByDispersion, err
	}
	i.Lower = math.Min(i.Lower, least.Lower/years)
	i.Upper = math.Max(i.Upper, least.Upper/years)
	return Estimate{f.Net, i}, ByDispersion, nil
}

// MinDispersionYears is the least number of other years a dispersion is
// estimated from.
const MinDispersionYears = 8

// Dispersion gives the limits of one year's net flow from the place's own
// year-to-year variation, for when only the net is published: value ± t·s with s
// and its degrees of freedom from YearSD. history are the values of the other
// years in time order, the assessed year left out, in the unit of value. It tells
// how far one year strays from the place's level of that time, all causes
// together: household moves, a cornerstone firm, an asylum centre.
func Dispersion(value float64, history []float64, level float64) (Interval, error) {
	return dispersion(value, history, 1, level)
}

func dispersion(value float64, history []float64, years, level float64) (Interval, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return Interval{}, fmt.Errorf("%w: %v", ErrCount, value)
	}
	if _, err := Z(level); err != nil {
		return Interval{}, err
	}
	s, df, err := YearSD(history)
	if err != nil {
		return Interval{}, err
	}
	t, err := tQuantile(level, df)
	if err != nil {
		return Interval{}, err
	}
	half := s * t / math.Sqrt(years)
	return Interval{value - half, value + half}, nil
}

func tQuantile(level, df float64) (float64, error) {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1 - (1-level)/2)
	if math.IsInf(t, 0) || math.IsNaN(t) {
		return 0, fmt.Errorf("%w: %v has no finite quantile", ErrLevel, level)
	}
	return t, nil
}

// outlierCap is how many robust standard deviations a first difference may
// count for.
const outlierCap = 3

// YearSD estimates the standard deviation of a single year about its local level
// and the degrees of freedom of that estimate, from the m first differences d:
//
//	s = √(Σ min(|d|, c)²/(2m)),  c = 3·1.4826·median|d|,  df = 2m²/(3m − 1)
//
// First differences are blind to a slow trend (von Neumann, Kent, Bellinson & Hart
// 1941); capping them keeps one extraordinary year, a reception centre opened and
// closed, from widening every other year's interval, and never binds more than
// half of the differences. The degrees of freedom are Satterthwaite's for
// neighbouring differences correlated −1/2. Where more than half of the
// differences are 0 nothing is capped.
func YearSD(history []float64) (sd, df float64, err error) {
	if len(history) < MinDispersionYears {
		return 0, 0, fmt.Errorf("%w: %d, need %d", ErrTooFew, len(history), MinDispersionYears)
	}
	d := make([]float64, len(history)-1)
	for i := range d {
		d[i] = math.Abs(history[i+1] - history[i])
		if math.IsNaN(d[i]) || math.IsInf(d[i], 0) {
			return 0, 0, fmt.Errorf("%w: year %d or %d of the history", ErrCount, i, i+1)
		}
	}
	slices.Sort(d)
	m := float64(len(d))
	limit := outlierCap * 1.4826 * (d[(len(d)-1)/2] + d[len(d)/2]) / 2
	if limit == 0 {
		limit = math.Inf(1)
	}
	sum := 0.0
	for _, v := range d {
		v = math.Min(v, limit)
		sum += v * v
	}
	if math.IsInf(sum, 0) {
		return 0, 0, fmt.Errorf("%w: the history overflows", ErrCount)
	}
	return math.Sqrt(sum / (2 * m)), 2 * m * m / (3*m - 1), nil
}
