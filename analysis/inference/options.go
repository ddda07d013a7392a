package inference

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Sentinel errors for calls that define no inference.
var (
	// ErrOptions reports an option outside its range.
	ErrOptions = errors.New("inference: bad option")
	// ErrSeveral reports several treated units where placebos are single donors;
	// use Joint.
	ErrSeveral = errors.New("inference: several treated units")
	// ErrNoPost reports a design without treated periods.
	ErrNoPost = errors.New("inference: no treated period")
)

// Reason names why a result is not defined; empty means that it is.
type Reason string

const (
	// TooFewPlacebos: with so few placebos no p-value can reach 1 − level.
	TooFewPlacebos Reason = "too-few-placebos"
	// NoPlacebo: no placebo could be estimated.
	NoPlacebo Reason = "no-placebo"
	// NoSize: the panel has no unit sizes.
	NoSize Reason = "no-size"
	// NoVarianceModel: sizes and effects do not identify the variance by size.
	NoVarianceModel Reason = "no-variance-model"
	// NoSimilarDonor: no donor has a size within a factor 2 of the treated.
	NoSimilarDonor Reason = "no-donor-of-similar-size"
	// TooFewPeriods: with so few periods the quantity does not exist or cannot
	// reach the level.
	TooFewPeriods Reason = "too-few-periods"
	// NoDirection: no direction of effect was declared.
	NoDirection Reason = "no-direction"
	// NoWeights: the estimator has no donor weights.
	NoWeights Reason = "no-weights"
	// PerfectPreFit: the pre-period gap is zero, so that nothing can be divided by it.
	PerfectPreFit Reason = "perfect-pre-fit"
	// NoSpread: replicated effects do not vary.
	NoSpread Reason = "no-spread"
	// Unbounded: the test accepts values as far out as was looked.
	Unbounded Reason = "unbounded"
	// EmptyInterval: the test rejects every value looked at.
	EmptyInterval Reason = "empty-interval"
)

// Options are common to all methods. The zero value is usable.
type Options struct {
	// Workers is the number of goroutines, 0 for one per processor.
	Workers int
	// Seed starts every random stream.
	Seed uint64
	// Level is that of intervals, 0 for 0.95.
	Level float64
	// Direction is +1 or −1 for the sign of effect that was declared beforehand and
	// is tested one-sided; 0 for none.
	Direction int
	// PlannedEffect is the effect the programme was meant to have, in units of the
	// outcome; 0 when there is none. One gate compares the pre-fit with it.
	PlannedEffect float64
}

func (o Options) check() (Options, error) {
	if o.Level == 0 {
		o.Level = 0.95
	}
	if !(o.Level > 0 && o.Level < 1) {
		return o, fmt.Errorf("%w: level %g, want between 0 and 1", ErrOptions, o.Level)
	}
	if o.Direction < -1 || o.Direction > 1 {
		return o, fmt.Errorf("%w: direction %d, want -1, 0 or 1", ErrOptions, o.Direction)
	}
	if math.IsNaN(o.PlannedEffect) || math.IsInf(o.PlannedEffect, 0) {
		return o, fmt.Errorf("%w: planned effect %g", ErrOptions, o.PlannedEffect)
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o, nil
}

// each calls f for 0..n-1 from several goroutines. It returns early with the
// context's error; f reports its own failures by what it stores.
func (o Options) each(ctx context.Context, n int, f func(i int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(o.Workers, n) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}

// checkDesign asks for a possible design with a treated period.
func checkDesign(p *panel.Panel, d panel.Design) error {
	if err := d.Check(p); err != nil {
		return err
	}
	if d.Start >= len(p.Times) {
		return fmt.Errorf("%w: start is after the last of %d periods", ErrNoPost, len(p.Times))
	}
	return nil
}

// without returns rows less the given ones.
func without(rows []int, out ...int) []int {
	rest := make([]int, 0, len(rows))
	for _, i := range rows {
		keep := true
		for _, j := range out {
			keep = keep && i != j
		}
		if keep {
			rest = append(rest, i)
		}
	}
	return rest
}
