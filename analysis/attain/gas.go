package attain

import (
	"errors"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
)

// ErrGAS reports goal scores and weights that cannot be combined.
var ErrGAS = errors.New("attain: goal scores and weights must be as many, weights not negative and not all zero")

// gasRho is the correlation between goals Kiresuk & Sherman assume.
const gasRho = 0.3

// GAS is the Goal Attainment Scaling T-score (Kiresuk & Sherman 1968):
// T = 50 + 10·Σwx / √((1−ρ)Σw² + ρ(Σw)²), ρ = 0.3, x from −2 to +2 with 0 the
// expected level. It is an index, not a test.
func GAS(x, w []float64) (float64, error) {
	if len(x) == 0 || len(x) != len(w) {
		return 0, ErrGAS
	}
	sum := 0.0
	for i := range x {
		if w[i] < 0 || !finite(x[i], w[i]) {
			return 0, ErrGAS
		}
		sum += w[i] * x[i]
	}
	scale := gasScale(w)
	if scale == 0 || !finite(sum) {
		return 0, ErrGAS
	}
	return 50 + scale*sum, nil
}

// GASLevel maps a share of the expected way to a GAS score, fixed at the start:
// A ≤ 0 is −2, to 0.75 −1, to 1.25 0, to 1.75 +1, above that +2. It rises with
// A, so the limits of A's interval map to the limits of the score's.
func GASLevel(a float64) float64 {
	switch {
	case a <= 0:
		return -2
	case a < 0.75:
		return -1
	case a <= 1.25:
		return 0
	case a <= 1.75:
		return 1
	default:
		return 2
	}
}

// GASGoal is one goal of an interval of a T-score: its share of the expected way
// with limits, and its weight.
type GASGoal struct {
	Share  interval.Estimate
	Weight float64
}

// GASInterval is the T-score of goals whose shares are known with limits. Each
// limit is mapped to a score, and the distances of the goals, independent of each
// other, are combined by variance recovery:
//
//	lower = T − √Σ c_i²(x_i − x(l_i))²,  upper = T + √Σ c_i²(x(u_i) − x_i)²,  c_i = 10w_i/√((1−ρ)Σw² + ρ(Σw)²)
//
// It is deterministic and, for one goal, the limits' own T-scores.
func GASInterval(goals []GASGoal) (interval.Estimate, error) {
	x, w := make([]float64, len(goals)), make([]float64, len(goals))
	for i, g := range goals {
		if !finite(g.Share.Value, g.Share.Lower, g.Share.Upper) {
			return interval.Estimate{}, ErrGAS
		}
		x[i], w[i] = GASLevel(g.Share.Value), g.Weight
	}
	t, err := GAS(x, w)
	if err != nil {
		return interval.Estimate{}, err
	}
	scale := gasScale(w)
	var down, up float64
	for i, g := range goals {
		down = math.Hypot(down, scale*w[i]*(x[i]-GASLevel(g.Share.Lower)))
		up = math.Hypot(up, scale*w[i]*(GASLevel(g.Share.Upper)-x[i]))
	}
	return interval.Estimate{Value: t, Interval: interval.Interval{Lower: t - down, Upper: t + up}}, nil
}

// gasScale is 10/√((1−ρ)Σw² + ρ(Σw)²), 0 when there is no weight.
func gasScale(w []float64) float64 {
	var w1, w2 float64
	for _, v := range w {
		w1 += v
		w2 += v * v
	}
	d := (1-gasRho)*w2 + gasRho*w1*w1
	if d == 0 || math.IsInf(d, 0) {
		return 0
	}
	return 10 / math.Sqrt(d)
}
