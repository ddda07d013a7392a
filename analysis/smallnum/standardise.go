package smallnum

import (
	"fmt"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
)

// Standardised is a rate or ratio with its limits.
type Standardised struct {
	Value, Lower, Upper float64
	// Count is the number of events it rests on.
	Count float64
	// Small says that fewer than ten events do: PHE does not publish a directly
	// standardised rate then, and neither should we.
	Small bool
}

// smallCount is the number of events below which a directly standardised rate is
// called small.
const smallCount = 10

// Direct is the directly standardised rate Σw_iO_i/n_i/Σw_i, times scale, of counts o
// in populations n with the standard population w, with Dobson's limits (Dobson,
// Kuulasmaa, Eberle & Scherer 1991, Stat Med 10:457):
//
//	Var = Σw_i²O_i/n_i²/(Σw_i)²,  DSR + √(Var/O)(O_L − O),  DSR + √(Var/O)(O_U − O)
//
// with Byar's limits O_L, O_U of the total count O, exact below ten. Without events
// the rate is 0, the lower limit 0, and the upper the largest that any one stratum
// gives its exact limit.
func Direct(o, n, w []float64, scale, level float64) (Standardised, error) {
	if err := check(o, n, 1); err != nil {
		return Standardised{}, err
	}
	if len(w) != len(o) {
		return Standardised{}, fmt.Errorf("%w: %d counts, %d standard weights", ErrLength, len(o), len(w))
	}
	if err := positive(scale, 0); err != nil {
		return Standardised{}, err
	}
	var rate, variance, total, weight, widest float64
	for i := range o {
		if err := positive(w[i], i); err != nil {
			return Standardised{}, err
		}
		rate += w[i] * o[i] / n[i]
		variance += w[i] * w[i] * o[i] / (n[i] * n[i])
		total += o[i]
		weight += w[i]
		widest = max(widest, w[i]/n[i])
	}
	out := Standardised{Value: scale * rate / weight, Count: total, Small: total < smallCount}
	limits, _, err := interval.Poisson(total, level)
	if err != nil {
		return Standardised{}, fmt.Errorf("%w: %w", ErrUndefined, err)
	}
	each := widest / weight // The weight of one event where it counts most.
	if total > 0 {
		each = math.Sqrt(variance/total) / weight
	}
	out.Lower = out.Value + scale*each*(limits.Lower-total)
	out.Upper = out.Value + scale*each*(limits.Upper-total)
	if !finite(out.Value) || !finite(out.Lower) || !finite(out.Upper) {
		return Standardised{}, fmt.Errorf("%w: the rate overflows", ErrUndefined)
	}
	return out, nil
}

// Indirect is the ratio of o events to those expected if the reference rates r
// (events per person) held in populations n, E = Σn_ir_i, with Byar's limits, exact
// below ten. The indirectly standardised rate is the ratio times the reference's
// overall rate.
func Indirect(o float64, n, r []float64, level float64) (Standardised, error) {
	if len(n) != len(r) || len(n) == 0 {
		return Standardised{}, fmt.Errorf("%w: %d populations, %d reference rates", ErrLength, len(n), len(r))
	}
	var e float64
	for i := range n {
		if err := positive(n[i], i); err != nil {
			return Standardised{}, err
		}
		if !(r[i] >= 0 && r[i] <= 1e12) {
			return Standardised{}, fmt.Errorf("%w: reference rate %d is %v", ErrCount, i, r[i])
		}
		e += n[i] * r[i]
	}
	if err := check([]float64{o}, []float64{e}, 1); err != nil {
		return Standardised{}, err
	}
	limits, _, err := interval.Poisson(o, level)
	if err != nil {
		return Standardised{}, fmt.Errorf("%w: %w", ErrUndefined, err)
	}
	limits = limits.Scale(1 / e)
	return Standardised{Value: o / e, Lower: limits.Lower, Upper: limits.Upper, Count: o, Small: o < smallCount}, nil
}

// Decompose splits the difference of two crude rates into what changed rates and
// what a changed structure explain (Kitagawa 1955, JASA 50:1168). w are shares of
// the population by stratum, r rates:
//
//	rates = Σ ½(w₀+w₁)(r₁−r₀),  structure = Σ ½(r₀+r₁)(w₁−w₀)
//
// which sum to Σw₁r₁ − Σw₀r₀.
func Decompose(w0, r0, w1, r1 []float64) (rates, structure float64, err error) {
	for _, v := range [][]float64{r0, w1, r1} {
		if len(v) != len(w0) || len(v) == 0 {
			return 0, 0, fmt.Errorf("%w: %d, %d, %d and %d", ErrLength, len(w0), len(r0), len(w1), len(r1))
		}
	}
	for i := range w0 {
		rates += (w0[i] + w1[i]) / 2 * (r1[i] - r0[i])
		structure += (r0[i] + r1[i]) / 2 * (w1[i] - w0[i])
	}
	if !finite(rates) || !finite(structure) {
		return 0, 0, fmt.Errorf("%w: a share or rate is not a number", ErrUndefined)
	}
	return rates, structure, nil
}
