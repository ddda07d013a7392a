// Package smallnum makes figures of small places comparable: shrinkage towards a
// common level, funnel limits with over-dispersion, and direct and indirect
// standardisation. Counts may be fractions, as weighted registers give them.
// Every defined input gives a result or one of the package's errors, never NaN or
// Inf.
package smallnum

import (
	"errors"
	"fmt"
	"math"
)

// Sentinel errors, wrapped with the offending numbers.
var (
	// ErrCount reports a count that is negative or not finite.
	ErrCount = errors.New("smallnum: invalid count")
	// ErrDenominator reports a population, expected count or weight that is not a
	// positive number.
	ErrDenominator = errors.New("smallnum: invalid denominator")
	// ErrLength reports lists of different length, or with too few places.
	ErrLength = errors.New("smallnum: lists do not fit")
	// ErrUndefined reports figures from which the result cannot be computed, such as
	// no event at all.
	ErrUndefined = errors.New("smallnum: undefined")
	// ErrLevel reports a confidence level outside (0, 1).
	ErrLevel = errors.New("smallnum: level outside (0, 1)")
)

// check asks for counts and as many positive denominators, at least `least`.
func check(o, n []float64, least int) error {
	if len(o) != len(n) || len(o) < least {
		return fmt.Errorf("%w: %d counts, %d denominators, at least %d wanted", ErrLength, len(o), len(n), least)
	}
	for i := range o {
		if !(o[i] >= 0 && o[i] <= 1e12) {
			return fmt.Errorf("%w: number %d is %v", ErrCount, i, o[i])
		}
		if err := positive(n[i], i); err != nil {
			return err
		}
	}
	return nil
}

func positive(v float64, i int) error {
	if !(v >= 1e-9 && v <= 1e12) {
		return fmt.Errorf("%w: number %d is %v", ErrDenominator, i, v)
	}
	return nil
}

func sum(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
