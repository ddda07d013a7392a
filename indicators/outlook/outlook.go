// Package outlook carries the series of the municipalities with an agreement to
// its last year, with prediction intervals and the chance of an agreed target, and
// tests every series for breaks in its level.
//
// A share is forecast on the logit scale and a positive rate or count on the log
// scale, so that no limit lies outside what is possible; the value told is then
// the median. Where a series touches its limit it is forecast as it is. Every
// method is scored on the series itself, and the last value and the straight line
// always stand beside: which of them has done best is marked, not assumed.
//
// Intervals and chances are not the models' own, which are too sure of themselves,
// but calibrated: how far the same method, as many years ahead, was off in all
// municipalities when it was tried on their past, tells how wide they have to be.
package outlook

import (
	"cmp"
	"errors"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/bygdevekst/bygdevekst/analysis/breaks"
	"github.com/bygdevekst/bygdevekst/analysis/forecast"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// level is that of prediction intervals.
const level = 0.95

// fewest is the least number of years anything is forecast from; a rolling score
// needs one more.
const fewest = 8

// Why a series has no test of breaks.
const (
	ReasonShort    = "few-years"
	ReasonConstant = "no-variation"
)

// Derive fills the forecasts and shifts of a content whose values and attainment
// are there. It is a pure function of both, whatever the number of workers (0 for
// one per processor).
func Derive(cat *catalogue.Catalogue, c *cube.Content, workers int) error {
	all := collect(cat, c)
	shifts, rows, errs := make([]cube.Shift, len(all)), make([][]cube.Forecast, len(all)), make([]error, len(all))
	tries := make([][][]forecast.Try, len(all))
	most := longest(all)
	each(len(all), workers, func(i int) {
		if shifts[i], errs[i] = all[i].shift(); errs[i] == nil && cat.Agreement(all[i].region) == nil {
			tries[i], errs[i] = all[i].tries(most[all[i].ind.ID])
		}
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	by, err := calibrate(all, tries)
	if err != nil {
		return err
	}
	each(len(all), workers, func(i int) { rows[i], errs[i] = all[i].forecasts(c, by[all[i].ind.ID]) })
	c.Shifts = append(c.Shifts, shifts...)
	c.Forecasts = append(c.Forecasts, slices.Concat(rows...)...)
	return errors.Join(errs...)
}

// each calls do for 0 … n−1 on so many workers, 0 for one per processor.
func each(n, workers int, do func(int)) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

// series is the newest unbroken run of yearly values of a region.
type series struct {
	ind    *catalogue.Indicator
	region string
	first  int
	y      []float64
	// horizon is the last year of the region's agreement, 0 without one.
	horizon int
}

func (s *series) last() int { return s.first + len(s.y) - 1 }

// collect lists every series, by indicator and region.
func collect(cat *catalogue.Catalogue, c *cube.Content) []*series {
	type key struct{ indicator, region string }
	byKey := map[key]map[int]float64{}
	for _, v := range c.Values {
		if v.Window != 1 || v.Status.Missing() || !v.Value.OK() {
			continue
		}
		k := key{v.Indicator, v.Region}
		if byKey[k] == nil {
			byKey[k] = map[int]float64{}
		}
		byKey[k][int(v.Year)] = float64(v.Value)
	}
	ends := horizons(cat)
	var out []*series
	for k, years := range byKey {
		ind := cat.Indicator(k.indicator)
		if ind == nil {
			continue
		}
		s := &series{ind: ind, region: k.region, horizon: ends[k.region]}
		for y := range years {
			s.first = max(s.first, y)
		}
		for {
			v, ok := years[s.first]
			if !ok {
				break
			}
			s.y = append(s.y, v)
			s.first--
		}
		s.first++
		slices.Reverse(s.y)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *series) int {
		return cmp.Or(cmp.Compare(a.ind.ID, b.ind.ID), cmp.Compare(a.region, b.region))
	})
	return out
}

// horizons maps every municipality of an agreement, and the agreement, to the
// last year it is in force.
func horizons(cat *catalogue.Catalogue) map[string]int {
	out := map[string]int{}
	for i := range cat.Agreements {
		a := &cat.Agreements[i]
		end, ok := a.Period.Ends.Time()
		if !ok {
			continue
		}
		for _, r := range append(a.Codes(), a.ID) {
			out[r] = end.Year()
		}
	}
	return out
}

func (s *series) shift() (cube.Shift, error) {
	row := cube.Shift{Indicator: s.ind.ID, Region: s.region, From: int32(s.first), To: int32(s.last()), SupF: cube.Null, P: cube.Null, CusumP: cube.Null}
	scan, err := breaks.F(s.y)
	var parts []breaks.Partition
	if err == nil {
		parts, err = breaks.Partitions(s.y)
	}
	var sum breaks.Cusum
	if err == nil {
		sum, err = breaks.OLSCusum(s.y)
	}
	switch {
	case errors.Is(err, breaks.ErrSeries) && len(s.y) < 14: // What Partitions asks for.
		row.Reason = ReasonShort
		return row, nil
	case errors.Is(err, breaks.ErrSeries):
		row.Reason = ReasonConstant
		return row, nil
	case err != nil:
		return row, err
	}
	after := s.first + scan.At - 1
	row.After, row.SupF, row.P, row.CusumP = int32(after), cube.Float(scan.Sup), cube.Float(scan.P), cube.Float(sum.P)
	row.Breaks = int32(len(breaks.Best(parts).Breaks))
	for _, b := range s.ind.Breaks {
		if y, err := strconv.Atoi(b.Period[:min(4, len(b.Period))]); err == nil && y >= after && y <= after+2 {
			row.Known = b.Period
		}
	}
	return row, nil
}

// scale is the transformation a series is forecast on.
type scale struct {
	name      string
	to, from  func(float64) float64
	clip      bool
	low, high float64
}

func (s *series) scale() scale {
	low, high := math.Inf(-1), math.Inf(1)
	if l := s.ind.Limits.Lower; l != nil {
		low = *l
	}
	if u := s.ind.Limits.Upper; u != nil {
		high = *u
	}
	same := func(v float64) float64 { return v }
	out := scale{"identity", same, same, true, low, high}
	lowest, highest := slices.Min(s.y), slices.Max(s.y)
	switch {
	case s.ind.Kind == catalogue.Proportion && lowest > 0 && highest < s.ind.Scale:
		k := s.ind.Scale
		return scale{name: "logit", to: func(v float64) float64 { return math.Log(v / (k - v)) }, from: func(x float64) float64 { return k / (1 + math.Exp(-x)) }}
	case (s.ind.Kind == catalogue.Rate || s.ind.Kind == catalogue.Count) && lowest > 0:
		return scale{name: "log", to: math.Log, from: math.Exp}
	}
	return out
}

func (t scale) all(y []float64) []float64 {
	x := make([]float64, len(y))
	for i, v := range y {
		x[i] = t.to(v)
	}
	return x
}

// back brings a value to the indicator's own scale, inside its limits.
func (t scale) back(x float64) cube.Float {
	v := t.from(x)
	if t.clip {
		v = min(max(v, t.low), t.high)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return cube.Null
	}
	return cube.Float(v)
}

func (s *series) forecasts(c *cube.Content, by calibrations) ([]cube.Forecast, error) {
	h := s.ahead()
	if h < 1 {
		return nil, nil
	}
	t := s.scale()
	x := t.all(s.y)
	target, down, hasTarget := s.target(c)
	var out []cube.Forecast
	for k, m := range forecast.Methods() {
		known := by.of(k, h)
		points, err := m.Forecast(x, h)
		if errors.Is(err, forecast.ErrShort) {
			continue
		}
		if err != nil {
			return nil, err
		}
		scores, err := forecast.Roll(x, m, h, s.train(), known)
		if err != nil {
			return nil, err
		}
		for i, p := range points {
			low, high := cube.Null, cube.Null
			lower, upper, err := known[i].Interval(p, level)
			if err == nil {
				low, high = t.back(lower), t.back(upper)
			} else if !errors.Is(err, forecast.ErrShort) {
				return nil, err
			}
			row := cube.Forecast{
				Indicator: s.ind.ID, Region: s.region, Method: m.Name, Year: int32(s.last() + 1 + i), From: int32(s.first), To: int32(s.last()),
				Value: t.back(p.Mean), Lower: low, Upper: high, Scale: t.name,
				MASE: cube.Null, Covered: cube.Null, Target: cube.Null, Chance: cube.Null,
			}
			if i < len(scores) && !scores[i].Undefined {
				row.MASE, row.Origins = cube.Float(scores[i].MASE), int32(scores[i].Origins)
				row.Covered = cube.Float(float64(scores[i].Covered) / float64(scores[i].Origins))
			}
			if hasTarget && int(row.Year) == target.year {
				row.Target = cube.Float(target.value)
				if v := t.to(target.value); !math.IsNaN(v) && !math.IsInf(v, 0) {
					row.Chance = cube.Float(known[i].Reach(p, v, down))
				}
			}
			out = append(out, row)
		}
	}
	mark(out)
	slices.SortFunc(out, func(a, b cube.Forecast) int {
		return cmp.Or(cmp.Compare(a.Method, b.Method), cmp.Compare(a.Year, b.Year))
	})
	return out, nil
}

// mark sets Best on the method with the least MASE of every year.
func mark(rows []cube.Forecast) {
	best := map[int32]int{}
	for i, r := range rows {
		if j, ok := best[r.Year]; r.MASE.OK() && (!ok || r.MASE < rows[j].MASE) {
			best[r.Year] = i
		}
	}
	for _, i := range best {
		rows[i].Best = true
	}
}

type aim struct {
	year  int
	value float64
}

// target is the numeric target of the series among the attainment rows.
func (s *series) target(c *cube.Content) (a aim, down, ok bool) {
	for _, r := range c.Attainments {
		if r.Indicator == s.ind.ID && r.Region == s.region && r.Target.OK() {
			return aim{int(r.TargetYear), float64(r.Target)}, r.Baseline.OK() && r.Target < r.Baseline, true
		}
	}
	return aim{}, false, false
}
