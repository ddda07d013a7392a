package inference

import (
	"math"
	"slices"
)

// tieTol is the relative difference below which two statistics are tied. Ties
// count against the treated.
const tieTol = 1e-12

// P is a rank p-value: the share of N units, the treated counted, whose statistic
// is at least that of the treated.
type P struct {
	Value float64
	// Smallest is 1/N, the least Value could have been.
	Smallest float64
	// Rank is 1 for the largest statistic.
	Rank, N int
	Reason  Reason
}

// rankP counts the placebos not below the treated.
func rankP(n int, beats func(j int) bool) P {
	if n == 0 {
		return P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: NoPlacebo}
	}
	rank := 1
	for j := range n {
		if beats(j) {
			rank++
		}
	}
	return P{Value: float64(rank) / float64(n+1), Smallest: 1 / float64(n+1), Rank: rank, N: n + 1}
}

// atLeast is a ≥ b up to rounding.
func atLeast(a, b float64) bool { return a >= b-tieTol*max(math.Abs(a), math.Abs(b)) }

// Interval is the set of effects that the test of the same result does not reject.
type Interval struct {
	Lower, Upper, Level float64
	Reason              Reason
}

// Test compares an effect with placebo effects that are its null distribution.
type Test struct {
	Effect float64
	// SE is the root mean square of the placebo effects.
	SE float64
	// P is two-sided; OneSided is for the declared direction.
	P, OneSided P
	// Interval holds every θ with p(effect − θ) > 1 − level, for a constant effect.
	Interval Interval
	// Draws are the placebo effects, in the order of the placebos.
	Draws []float64
	// Inflation are factors on the draws, each as likely, that carry the
	// uncertainty of their scale; nil for none.
	Inflation []float64
	Reason    Reason
}

// newTest ranks |effect| among |draws|, each multiplied by every factor in turn.
func newTest(effect float64, draws, inflation []float64, o Options) Test {
	if len(draws) == 0 {
		return undefined(effect, NoPlacebo, o)
	}
	t := Test{Effect: effect, Draws: draws, Inflation: inflation}
	for _, v := range draws {
		t.SE += v * v / float64(len(draws))
	}
	t.SE = math.Sqrt(t.SE)
	n := newNull(draws, inflation, math.Abs)
	t.P = n.p(math.Abs(effect))
	t.OneSided = P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: NoDirection}
	if o.Direction != 0 {
		sign := float64(o.Direction)
		t.OneSided = newNull(draws, inflation, func(v float64) float64 { return sign * v }).p(sign * effect)
	}
	t.Interval = Interval{Level: o.Level}
	half, reason := n.critical(o.Level)
	if t.Interval.Reason = reason; reason == "" {
		t.Interval.Lower, t.Interval.Upper = effect-half, effect+half
	}
	return t
}

// null is a sorted null distribution of J placebos, each present as many times as
// there are factors.
type null struct {
	values []float64
	copies int
	j      int
}

func newNull(draws, inflation []float64, of func(float64) float64) null {
	if len(inflation) == 0 {
		inflation = []float64{1}
	}
	n := null{copies: len(inflation), j: len(draws), values: make([]float64, 0, len(draws)*len(inflation))}
	for _, f := range inflation {
		for _, v := range draws {
			n.values = append(n.values, of(f*v))
		}
	}
	slices.Sort(n.values)
	return n
}

// p counts the placebos not below x, the treated included. Among inflated draws
// the count is an average and the rank its next whole number.
func (n null) p(x float64) P {
	low := x - tieTol*math.Abs(x)
	at, _ := slices.BinarySearch(n.values, low)
	beats := float64(len(n.values)-at) / float64(n.copies)
	all := float64(n.j + 1)
	return P{Value: (1 + beats) / all, Smallest: 1 / all, Rank: 1 + int(math.Ceil(beats-tieTol)), N: n.j + 1}
}

// critical is the largest x whose p-value exceeds 1 − level.
func (n null) critical(level float64) (float64, Reason) {
	// 1 + count/copies > α(J+1). Levels such as 0.9 are not exact in binary:
	// (1 − 0.9)·10 is just below 1, hence the margin.
	spare := (1-level)*float64(n.j+1) - 1 + 1e-9
	if spare < 0 {
		return 0, TooFewPlacebos
	}
	k := int(spare*float64(n.copies)) + 1
	return n.values[len(n.values)-k], ""
}

func undefined(effect float64, why Reason, o Options) Test {
	none := P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: why}
	return Test{Effect: effect, P: none, OneSided: none, Interval: Interval{Level: o.Level, Reason: why}, Reason: why}
}

// quantile is the sample quantile with linear interpolation between order
// statistics (Hyndman & Fan 1996, American Statistician 50:361, type 7).
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	if low >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}
