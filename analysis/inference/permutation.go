package inference

import (
	"context"
	"fmt"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// ConformalP is the p-value of Conformal from residuals already had, such as
// ConformalResult.Residuals, under another set of permutations.
func ConformalP(ctx context.Context, u []float64, start int, o ConformalOptions) (P, error) {
	var err error
	if o.Options, err = o.check(); err != nil {
		return P{}, err
	}
	if o.Q == 0 {
		o.Q = 1
	}
	if o.Replications == 0 {
		o.Replications = 10_000
	}
	if !(o.Q > 0) || o.Replications < 1 {
		return P{}, fmt.Errorf("%w: exponent %g, %d replications", ErrOptions, o.Q, o.Replications)
	}
	if start < 1 || start >= len(u) {
		return P{}, fmt.Errorf("%w: start %d of %d residuals", panel.ErrDesign, start, len(u))
	}
	return o.joint(ctx, u, start)
}
