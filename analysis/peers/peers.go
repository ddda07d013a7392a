// Package peers finds the units most like a given one on several variables, and
// says how like they are.
package peers

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
)

// Sentinel errors, wrapped with the variable that caused them.
var (
	// ErrShape reports matrices, names and weights that do not fit together.
	ErrShape = errors.New("peers: shape mismatch")
	// ErrMissing reports a value that is not finite.
	ErrMissing = errors.New("peers: missing value")
	// ErrConstant reports a variable without variation, which has no scale.
	ErrConstant = errors.New("peers: variable has no variation")
	// ErrSingular reports variables that determine each other.
	ErrSingular = errors.New("peers: covariance matrix is singular")
)

// Peer is another unit with its distance.
type Peer struct {
	Unit     int
	Distance float64
}

// Scaler holds the mean and standard deviation (n−1) of each variable over a
// reference set of units.
type Scaler struct{ Mean, SD []float64 }

// NewScaler computes a Scaler over all rows of x (units × variables).
func NewScaler(x *mat.Dense) (Scaler, error) {
	n, k := x.Dims()
	s := Scaler{make([]float64, k), make([]float64, k)}
	col := make([]float64, n)
	for j := range k {
		mat.Col(col, j, x)
		for i, v := range col {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return s, fmt.Errorf("%w: unit %d, variable %d", ErrMissing, i, j)
			}
		}
		s.Mean[j], s.SD[j] = stat.MeanStdDev(col, nil)
		if !(s.SD[j] > 0) {
			return s, fmt.Errorf("%w: variable %d", ErrConstant, j)
		}
		if math.IsInf(s.SD[j], 0) {
			return s, fmt.Errorf("%w: variable %d is too large for a variance", ErrMissing, j)
		}
	}
	return s, nil
}

// Euclidean is the weighted standardised distance d = √Σ_k w_k((x_ik − x_jk)/sd_k)²;
// nil weights are all 1.
func (s Scaler) Euclidean(a, b, weights []float64) float64 {
	sum := 0.0
	for k := range a {
		z := (a[k] - b[k]) / s.SD[k]
		w := 1.0
		if weights != nil {
			w = weights[k]
		}
		sum += w * z * z
	}
	return math.Sqrt(sum)
}

// Nearest returns the k candidates nearest to a unit by the weighted
// standardised distance, nearest first; ties are broken by key, which must be
// unique per unit. x is units × variables, scaled by s. Fewer than k candidates
// give them all.
func Nearest(x *mat.Dense, s Scaler, weights []float64, keys []string, unit int, candidates []int, k int) ([]Peer, error) {
	n, vars := x.Dims()
	if len(keys) != n || weights != nil && len(weights) != vars || len(s.SD) != vars || unit < 0 || unit >= n {
		return nil, fmt.Errorf("%w: %d×%d values, %d keys, %d weights", ErrShape, n, vars, len(keys), len(weights))
	}
	for j, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("%w: weight %v of variable %d", ErrShape, w, j)
		}
	}
	d := make([]float64, n)
	for _, c := range candidates {
		d[c] = s.Euclidean(x.RawRowView(unit), x.RawRowView(c), weights)
	}
	return NearestBy(d, keys, unit, candidates, k)
}

// NearestBy is Nearest for distances already known, such as Mahalanobis's:
// distances[i] is the distance to unit i.
func NearestBy(distances []float64, keys []string, unit int, candidates []int, k int) ([]Peer, error) {
	if len(keys) != len(distances) || k < 1 {
		return nil, fmt.Errorf("%w: %d distances, %d keys, the nearest %d", ErrShape, len(distances), len(keys), k)
	}
	out := make([]Peer, 0, len(candidates))
	for _, c := range candidates {
		if c == unit {
			continue
		}
		if math.IsNaN(distances[c]) || math.IsInf(distances[c], 0) {
			return nil, fmt.Errorf("%w: no distance to %s", ErrMissing, keys[c])
		}
		out = append(out, Peer{c, distances[c]})
	}
	slices.SortFunc(out, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(keys[a.Unit], keys[b.Unit]))
	})
	return out[:min(k, len(out))], nil
}

// maxCond is the condition number of the correlations from which they are called
// singular: fewer than three digits of a distance would be left.
const maxCond = 1e13

// Mahalanobis returns the distances √((x_i − x_j)ᵀ S⁻¹ (x_i − x_j)) from a unit to
// every unit, S being the covariance (n−1) pooled over all rows, with its
// off-diagonal times 1 − ridge, ridge ∈ [0, 1]: 0 is the plain distance, 1 the
// standardised Euclidean. Shrink where there are more than a fifth as many
// variables as units, or where two variables nearly tell the same. It is computed
// from standardised variables and their correlations, and so the same whatever
// units the variables are in.
func Mahalanobis(x *mat.Dense, unit int, ridge float64) ([]float64, error) {
	n, k := x.Dims()
	if unit < 0 || unit >= n || !(ridge >= 0 && ridge <= 1) {
		return nil, fmt.Errorf("%w: unit %d of %d, ridge %v", ErrShape, unit, n, ridge)
	}
	scale, err := NewScaler(x)
	if err != nil {
		return nil, err
	}
	z := mat.NewDense(n, k, nil)
	for i := range n {
		z.SetRow(i, scale.scaled(x.RawRowView(i)))
	}
	var s mat.SymDense
	stat.CovarianceMatrix(&s, z, nil)
	for i := range k {
		for j := range i {
			s.SetSym(i, j, (1-ridge)*s.At(i, j))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(&s) || chol.Cond() > maxCond {
		return nil, fmt.Errorf("%w: use a ridge above 0", ErrSingular)
	}
	out := make([]float64, n)
	d, solved := mat.NewVecDense(k, nil), mat.NewVecDense(k, nil)
	for i := range n {
		d.SubVec(z.RowView(i), z.RowView(unit))
		if err := chol.SolveVecTo(solved, d); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrSingular, err)
		}
		out[i] = math.Sqrt(math.Max(0, mat.Dot(d, solved)))
	}
	return out, nil
}

// Balance compares a unit with a group on one variable.
type Balance struct {
	Own, Mean, SD float64
	// StdDifference is (own − mean of the group)/sd over all candidates; below
	// 0.1 is good and below 0.25 acceptable by custom.
	StdDifference float64
	// Outside says that the unit lies outside the group's range, where a
	// comparison rests on extrapolation.
	Outside bool
}

// Fair says that the standardised difference is within the acceptable 0.25.
func (b Balance) Fair() bool { return math.Abs(b.StdDifference) < 0.25 }

// Balances gives a Balance for each variable: unit against group, with the
// scale taken over all candidates.
func Balances(x *mat.Dense, unit int, group, candidates []int) ([]Balance, error) {
	return WeightedBalances(x, unit, group, nil, candidates)
}

// WeightedBalances is Balances with weights on the group, such as those of a
// synthetic control: Mean = Σ w_i x_i/Σ w_i, SD the weighted spread about it with
// the weights' Kish number of units in place of n. nil weights are all equal.
func WeightedBalances(x *mat.Dense, unit int, group []int, weights []float64, candidates []int) ([]Balance, error) {
	n, k := x.Dims()
	if unit < 0 || unit >= n || len(group) == 0 || len(candidates) < 2 || weights != nil && len(weights) != len(group) {
		return nil, fmt.Errorf("%w: unit %d, group of %d, %d weights, %d candidates", ErrShape, unit, len(group), len(weights), len(candidates))
	}
	if weights != nil && !usable(weights) {
		return nil, fmt.Errorf("%w: weights must be finite and sum to more than zero", ErrShape)
	}
	out := make([]Balance, k)
	for j := range k {
		own := x.At(unit, j)
		g, all := column(x, j, group), column(x, j, candidates)
		sd := stat.StdDev(all, nil)
		if !(sd > 0) {
			return nil, fmt.Errorf("%w: variable %d", ErrConstant, j)
		}
		b := Balance{Own: own, Outside: own < slices.Min(g) || own > slices.Max(g)}
		b.Mean, b.SD = meanSD(g, weights)
		b.StdDifference = (own - b.Mean) / sd
		if math.IsNaN(b.StdDifference+b.SD) || math.IsInf(b.StdDifference, 0) || math.IsInf(b.SD+sd, 0) {
			return nil, fmt.Errorf("%w: variable %d", ErrMissing, j)
		}
		out[j] = b
	}
	return out, nil
}

func usable(weights []float64) bool {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	return sum > 0 && !math.IsInf(sum, 0)
}

// meanSD is the weighted mean and spread; a group worth one unit or less has no
// spread, and gets 0.
func meanSD(x, w []float64) (mean, sd float64) {
	var s0, s1, s2 float64
	for i, v := range x {
		wi := 1.0
		if w != nil {
			wi = w[i]
		}
		s0 += wi
		s2 += wi * wi
		s1 += wi * v
	}
	mean = s1 / s0
	ss := 0.0
	for i, v := range x {
		wi := 1.0
		if w != nil {
			wi = w[i]
		}
		ss += wi * (v - mean) * (v - mean)
	}
	kish := s0 * s0 / s2
	if kish <= 1 || ss <= 0 {
		return mean, 0
	}
	return mean, math.Sqrt(ss / s0 * kish / (kish - 1))
}

// hullTol is the distance to the hull, in standard deviations, that is rounding.
const hullTol = 1e-7

// HullDistance is the distance, in standard deviations of s, from a unit to the
// convex hull of the group: 0 where some weighting of the group equals the unit on
// every variable at once. A unit may lie within the range of each variable and
// still outside the hull, and then every weighted comparison extrapolates.
func HullDistance(x *mat.Dense, s Scaler, unit int, group []int) (float64, error) {
	n, k := x.Dims()
	if unit < 0 || unit >= n || len(group) == 0 || len(s.SD) != k {
		return 0, fmt.Errorf("%w: unit %d of %d, group of %d, %d scales", ErrShape, unit, n, len(group), len(s.SD))
	}
	p := simplexls.Problem{N: len(group), M: k, X: make([]float64, 0, len(group)*k), Y: s.scaled(x.RawRowView(unit))}
	for _, g := range group {
		p.X = append(p.X, s.scaled(x.RawRowView(g))...)
	}
	var solver simplexls.Solver
	var fit simplexls.Solution
	if err := solver.Solve(p, &fit); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	d := math.Sqrt(math.Max(0, fit.Residual))
	if d < hullTol {
		return 0, nil
	}
	return d, nil
}

func (s Scaler) scaled(row []float64) []float64 {
	out := make([]float64, len(row))
	for j, v := range row {
		out[j] = (v - s.Mean[j]) / s.SD[j]
	}
	return out
}

func column(x *mat.Dense, j int, rows []int) []float64 {
	out := make([]float64, len(rows))
	for i, r := range rows {
		out[i] = x.At(r, j)
	}
	return out
}
