package panel

import (
	"errors"
	"fmt"
	"math"
)

// ErrDesign reports a design that cannot be estimated on the panel: no treated
// unit, no donor, a unit on both sides, or no pre-period.
var ErrDesign = errors.New("panel: impossible design")

// Design says who is treated, who may serve as comparison and when treatment
// starts, as row and column numbers of a Panel.
type Design struct {
	// Treated are the treated rows, all from the same start.
	Treated []int
	// Donors are the untreated rows the estimator may use.
	Donors []int
	// Start is the first treated column, 1 ≤ Start ≤ T. Start = T means that no
	// period is treated: the estimator is then fitted on every period and ATT is
	// zero by definition, which is what conformal inference asks for.
	Start int
}

// Estimate is what inference needs from any estimator.
type Estimate struct {
	// ATT is the mean effect over the treated units and the treated periods, in
	// units of the outcome.
	ATT float64
	// Gaps are observed minus counterfactual for every column of the panel
	// (length T), averaged over treated units.
	Gaps []float64
	// PreRMSPE is the root mean square gap of the periods the estimator was
	// fitted on.
	PreRMSPE float64
	// PostRMSPE is the root mean square gap over the treated periods, 0 if none.
	PostRMSPE float64
	// Weights are the donor weights in the order of Design.Donors; nil where the
	// estimator has no such weights.
	Weights []float64
}

// Estimator estimates the effect of one design on one panel. It must not keep or
// change p or d, must be safe for concurrent use, and must be deterministic:
// inference calls it thousands of times from several goroutines.
type Estimator func(p *Panel, d Design) (Estimate, error)

// Check reports the first thing that makes a design impossible on the panel.
func (d Design) Check(p *Panel) error {
	n, t := len(p.Units), len(p.Times)
	if len(d.Treated) == 0 {
		return fmt.Errorf("%w: no treated unit", ErrDesign)
	}
	if len(d.Donors) == 0 {
		return fmt.Errorf("%w: no donor", ErrDesign)
	}
	if d.Start < 1 || d.Start > t {
		return fmt.Errorf("%w: start column %d outside 1..%d", ErrDesign, d.Start, t)
	}
	side := make([]bool, n)
	for _, rows := range [][]int{d.Treated, d.Donors} {
		for _, i := range rows {
			if i < 0 || i >= n {
				return fmt.Errorf("%w: row %d outside the panel's %d units", ErrDesign, i, n)
			}
			if side[i] {
				return fmt.Errorf("%w: unit %q is listed twice", ErrDesign, p.Units[i])
			}
			side[i] = true
		}
	}
	return nil
}

// MeanGap returns the mean of gaps over columns from..to-1, 0 when empty.
func MeanGap(gaps []float64, from, to int) float64 {
	if to <= from {
		return 0
	}
	var s float64
	for _, g := range gaps[from:to] {
		s += g
	}
	return s / float64(to-from)
}

// RMSPE returns the root mean square of gaps over columns from..to-1, 0 when
// empty.
func RMSPE(gaps []float64, from, to int) float64 {
	if to <= from {
		return 0
	}
	var s float64
	for _, g := range gaps[from:to] {
		s += g * g
	}
	return math.Sqrt(s / float64(to-from))
}
