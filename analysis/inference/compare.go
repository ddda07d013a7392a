package inference

import (
	"cmp"
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
	// SE is the root mean square of the null distribution, the effect taken from
	// what of it the treated hold.
	SE float64
	// P is two-sided; OneSided is for the declared direction.
	P, OneSided P
	// Interval holds every θ with p(effect − θ) > 1 − level, for a constant effect.
	Interval Interval
	// Draws are the placebo effects, in the order of the placebos.
	Draws  []float64
	Reason Reason
}

// scenario is one view of the placebo effects and how likely it is.
type scenario struct {
	draws []float64
	// shares, where a draw has treated units in it, are how much of a constant effect
	// on all treated it holds; nil for none.
	shares []float64
	prob   float64
}

// Plain compares an effect with placebo effects as they are.
func Plain(effect float64, effects []float64, o Options) Test {
	o, err := o.check()
	if err != nil {
		o = Options{Level: 0.95}
	}
	return newTest(effect, effects, o)
}

// newTest ranks |effect| among |draws|.
func newTest(effect float64, draws []float64, o Options) Test {
	return newMixture(effect, draws, []scenario{{draws: draws, prob: 1}}, o)
}

// newMixture ranks |effect| in each scenario and averages; draws are those shown.
func newMixture(effect float64, draws []float64, all []scenario, o Options) Test {
	if len(draws) == 0 {
		return undefined(effect, NoPlacebo, o)
	}
	t := Test{Effect: effect, Draws: draws}
	for _, s := range all {
		for k, v := range s.draws {
			if s.shares != nil {
				v -= s.shares[k] * effect
			}
			t.SE += s.prob * v * v / float64(len(s.draws))
		}
	}
	t.SE = math.Sqrt(t.SE)
	n := newNull(all, scenario.sizes)
	t.P = n.p(math.Abs(effect))
	t.OneSided = P{Value: 1, Smallest: 1, Rank: 1, N: 1, Reason: NoDirection}
	if o.Direction != 0 {
		sign := float64(o.Direction)
		t.OneSided = newNull(all, func(s scenario) []float64 { return mapped(s.draws, func(v float64) float64 { return sign * v }) }).p(sign * effect)
	}
	t.Interval = interval(effect, all, n, o)
	return t
}

// interval inverts the test: it holds every θ at which the null, with θ taken from
// the treated, does not reject effect − θ. n is the null at θ = 0.
func interval(effect float64, all []scenario, n null, o Options) Interval {
	up, down := n, n
	if slices.ContainsFunc(all, func(s scenario) bool { return s.shares != nil }) {
		up = newNull(all, func(s scenario) []float64 { return s.reach(effect, 1) })
		down = newNull(all, func(s scenario) []float64 { return s.reach(effect, -1) })
	}
	above, reason := up.critical(o.Level)
	below, _ := down.critical(o.Level)
	switch {
	case reason != "":
		return Interval{Level: o.Level, Reason: reason}
	case math.IsInf(above, 1) || math.IsInf(below, 1):
		return Interval{Level: o.Level, Reason: TooFewPlacebos}
	}
	return Interval{Lower: effect - below, Upper: effect + above, Level: o.Level}
}

func (s scenario) sizes() []float64 { return mapped(s.draws, math.Abs) }

// reach is, for each draw, the largest u ≥ 0 at which, θ = effect + sign·u being the
// truth, the draw less what it holds of θ is no smaller than what is left of the
// effect: |draw − share·θ| ≥ |effect − θ| = u. With c = draw − share·effect that is
// |c − share·sign·u| ≥ u.
func (s scenario) reach(effect, sign float64) []float64 {
	if s.shares == nil {
		return s.sizes()
	}
	out := make([]float64, len(s.draws))
	for k, v := range s.draws {
		c, m := v-s.shares[k]*effect, sign*s.shares[k]
		if c < 0 {
			c, m = -c, -m
		}
		// c − m·u ≥ u, that is u ≤ c/(1 + m). For m ≤ −1 it holds for every u. For
		// m > 1, a set of mostly treated units in the places of smaller ones, it holds
		// again from c/(m − 1) on; such a draw counts always, which can only widen.
		if out[k] = math.Inf(1); m > -1 && m <= 1 {
			out[k] = c / (1 + m)
		}
	}
	return out
}

func mapped(v []float64, f func(float64) float64) []float64 {
	out := make([]float64, len(v))
	for k, x := range v {
		out[k] = f(x)
	}
	return out
}

// null is a null distribution of J placebos: descending values, and how many
// placebos are expected at or above each.
type null struct {
	values, above []float64
	j             int
	// own is what the treated adds to the count: 1 among J placebos. An average
	// over scenarios is no whole number, and to ask that it stay below one less than
	// the critical rank would ask that of nearly every scenario; ½, the mean of the
	// step it smooths (Lancaster's mid-p), brings the size back to the nominal.
	own float64
}

func treatedAdds(scenarios int) float64 {
	if scenarios > 1 {
		return 0.5
	}
	return 1
}

func newNull(all []scenario, of func(scenario) []float64) null {
	n := null{j: len(all[0].draws), own: treatedAdds(len(all))}
	type entry struct{ value, weight float64 }
	entries := make([]entry, 0, n.j*len(all))
	for _, s := range all {
		for _, v := range of(s) {
			entries = append(entries, entry{v, s.prob})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(b.value, a.value) })
	n.values, n.above = make([]float64, len(entries)), make([]float64, len(entries))
	var sum float64
	for k, e := range entries {
		sum += e.weight
		n.values[k], n.above[k] = e.value, sum
	}
	return n
}

// p counts the placebos not below x, the treated included, and is never below
// 1/(J + 1). With several scenarios the count is an average and the rank its next
// whole number.
func (n null) p(x float64) P {
	low := x - tieTol*math.Abs(x)
	// The first value below.
	at, _ := slices.BinarySearchFunc(n.values, low, func(v, low float64) int {
		if v >= low {
			return -1
		}
		return 1
	})
	beats := 0.0
	if at > 0 {
		beats = n.above[at-1]
	}
	all := float64(n.j + 1)
	return P{Value: n.value(beats), Smallest: 1 / all, Rank: 1 + int(math.Ceil(beats-1e-9)), N: n.j + 1}
}

func (n null) value(beats float64) float64 {
	return min(1, max(1, n.own+beats)/float64(n.j+1))
}

// critical is the largest x whose p-value exceeds 1 − level.
func (n null) critical(level float64) (float64, Reason) {
	// own + count > α(J+1). Levels such as 0.9 are not exact in binary: (1 − 0.9)·10
	// is just below 1, hence the margin.
	most := (1-level)*float64(n.j+1) + 1e-9
	if most < 1 {
		return 0, TooFewPlacebos
	}
	spare := most - n.own
	k, _ := slices.BinarySearch(n.above, spare)
	for k < len(n.above)-1 && n.above[k] <= spare {
		k++
	}
	return n.values[k], ""
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
