package effects

import (
	"context"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// detectable is the smallest effect seen with the given power by a two-sided test
// of size alpha: (z_{1−α/2} + z_power)·se.
func detectable(se, alpha, power float64) float64 {
	if !(se > 0) {
		return math.NaN()
	}
	return (distuv.UnitNormal.Quantile(1-alpha/2) + distuv.UnitNormal.Quantile(power)) * se
}

func (r *result) powers(_ context.Context) error { return nil }
