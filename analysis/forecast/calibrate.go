package forecast

import (
	"fmt"
	"math"
	"slices"
)

// Calibration is how far forecasts by one method, as many years ahead, were off in
// like series, in units of the standard deviation they stated themselves. It makes
// intervals and chances that would have been right there.
//
// A model's own interval takes the model and its parameters as known. On ten to
// twenty years, with up to five parameters estimated, it is far too short: of the
// recorded municipalities a 95 % interval of the damped trend three years ahead held
// 75 % of the values (docs/validation.md). With |e|_(1) ≤ … ≤ |e|_(K) the sizes of
// the errors over their stated standard deviations in K tries,
//
//	interval = mean ± |e|_(⌈level·(K+1)⌉)·sd
//	P(reach) = 1 − ½(1 + #{|e| ≥ d})/(K+1),  d = ±(mean − target)/sd ≥ 0
//
// and one less that of −d for d < 0. It is the split conformal interval (Lei,
// G'Sell, Rinaldo, Tibshirani & Wasserman 2018, JASA 113:1094) with the model's
// standard deviation for scale, exact were the place and year exchangeable with
// those of the tries. Errors count by their size only, so that a past in which all
// places were above their forecasts is not taken to come again. What no earlier year
// holds, such as a war that sends refugees, no calibration knows.
//
// A nil Calibration leaves a Point as its method stated it.
type Calibration struct{ sizes []float64 }

// fewestTries is the least number of tries that have a 95 % limit.
const fewestTries = 19

// Calibrate takes the tries of many series. It returns ErrShort for fewer than 19
// and ErrInput for a try that is not a number.
func Calibrate(tries []Try) (*Calibration, error) {
	if len(tries) < fewestTries {
		return nil, fmt.Errorf("%w: %d tries, need %d", ErrShort, len(tries), fewestTries)
	}
	c := &Calibration{make([]float64, len(tries))}
	for i, t := range tries {
		off := math.Abs(t.Truth - t.Mean)
		if math.IsNaN(off) || !(t.SD >= 0) {
			return nil, fmt.Errorf("%w: try %d is %+v", ErrInput, i, t)
		}
		// Without spread or error there is no quotient, and nothing was off.
		if off > 0 {
			c.sizes[i] = off / t.SD
		}
	}
	slices.Sort(c.sizes)
	return c, nil
}

// Interval returns the limits a value will lie between with probability level. It
// returns ErrShort for a level that so few tries, or tries so far off, have no limit
// for.
func (c *Calibration) Interval(p Point, level float64) (lower, upper float64, err error) {
	if c == nil || !(level > 0 && level < 1) {
		return p.Interval(level)
	}
	k := int(math.Ceil(level*float64(len(c.sizes)+1) - 1e-9))
	if k > len(c.sizes) {
		return 0, 0, fmt.Errorf("%w: %d tries have no limit at level %v", ErrShort, len(c.sizes), level)
	}
	lower, upper = p.Mean-c.sizes[k-1]*p.SD, p.Mean+c.sizes[k-1]*p.SD
	if math.IsNaN(upper-lower) || math.IsInf(upper-lower, 0) {
		return 0, 0, fmt.Errorf("%w: tries were off too far for a limit at level %v", ErrShort, level)
	}
	return lower, upper, nil
}

// Reach is the probability that the value is at or above the target, or at or below
// it when down is set. It is never 0 or 1, unless the forecast has no spread.
func (c *Calibration) Reach(p Point, target float64, down bool) float64 {
	if c == nil || p.SD == 0 {
		return p.Reach(target, down)
	}
	d := (p.Mean - target) / p.SD
	if down {
		d = -d
	}
	at, _ := slices.BinarySearch(c.sizes, math.Abs(d))
	beyond := float64(1+len(c.sizes)-at) / float64(1+len(c.sizes)) / 2
	if d < 0 {
		return beyond
	}
	return 1 - beyond
}
