package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
)

// scale is an axis' range with its ticks.
type scale struct {
	min, max float64
	ticks    []plot.Tick
}

// Ticks implements plot.Ticker.
func (s scale) Ticks(_, _ float64) []plot.Tick { return s.ticks }

// extent is the range of the figures seen so far.
type extent struct{ min, max float64 }

func noExtent() extent { return extent{math.Inf(1), math.Inf(-1)} }

func (e *extent) add(values ...float64) {
	for _, v := range values {
		if known(v) {
			e.min, e.max = math.Min(e.min, v), math.Max(e.max, v)
		}
	}
}

func (e extent) empty() bool { return e.min > e.max }

// valueScale rounds an extent outwards to whole steps of 1, 2, 2.5 or 5 times a
// power of ten, with about n of them. Equal values get room on both sides that
// is no finer than their decimals show. Without figures there is nothing to mark.
func valueScale(e extent, n, decimals int) scale {
	if e.empty() {
		return scale{min: 0, max: 1}
	}
	finest := math.Pow10(-decimals)
	if e.max-e.min < finest {
		mid, room := (e.min+e.max)/2, math.Max(2*finest, math.Abs(e.max)*0.02)
		e = extent{mid - room, mid + room}
	}
	step := niceStep((e.max - e.min) / float64(n))
	// The last bits of a float are no reason for another step.
	from, to := math.Floor(e.min/step+1e-9), math.Ceil(e.max/step-1e-9)
	s := scale{min: from * step, max: to * step}
	places := stepDecimals(step)
	for i := from; i <= to; i++ {
		// The product is rounded so that 3·0.1 is 0.3.
		v := locale.Round(i*step, places)
		s.ticks = append(s.ticks, plot.Tick{Value: v, Label: locale.Number(v, places)})
	}
	return s
}

// niceStep returns the smallest of 1, 2, 2.5, 5 times a power of ten that is at
// least x.
func niceStep(x float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*p >= x*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// stepDecimals returns the decimals needed to tell multiples of step apart.
func stepDecimals(step float64) int {
	d := 0
	for d < 15 && math.Abs(step*math.Pow10(d)-math.Round(step*math.Pow10(d))) > 1e-6*step*math.Pow10(d) {
		d++
	}
	return d
}

// yearScale puts ticks on whole years, as many as have room for their labels.
func yearScale(e extent, width vg.Length) scale {
	if e.empty() {
		e = extent{0, 1}
	}
	from, to := math.Floor(e.min), math.Ceil(e.max)
	// Half a year on each side keeps the first and last markers whole.
	s := scale{min: from - 0.5, max: to + 0.5}
	label := tickText.width("2000") + 10
	most := math.Max(2, math.Floor(float64(width/label)))
	step := to - from + 1
	for _, n := range []float64{1, 2, 5, 10, 20, 50, 100} {
		if (to-from)/n <= most {
			step = n
			break
		}
	}
	for y := math.Ceil(from/step) * step; y <= to; y += step {
		s.ticks = append(s.ticks, plot.Tick{Value: y, Label: strconv.Itoa(int(y))})
	}
	if len(s.ticks) == 0 {
		s.ticks = []plot.Tick{{Value: from, Label: strconv.Itoa(int(from))}}
	}
	for y := from; y <= to && to-from <= 60; y++ {
		// A tick without a label is a short one.
		s.ticks = append(s.ticks, plot.Tick{Value: y})
	}
	return s
}
