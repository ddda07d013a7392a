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
	out := make([]Peer, 0, len(candidates))
	for _, c := range candidates {
		if c != unit {
			out = append(out, Peer{c, s.Euclidean(x.RawRowView(unit), x.RawRowView(c), weights)})
		}
	}
	sortPeers(out, keys)
	return out[:min(k, len(out))], nil
}

func sortPeers(list []Peer, keys []string) {
	slices.SortFunc(list, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(keys[a.Unit], keys[b.Unit]))
	})
}

// Mahalanobis returns the distances √((x_i − x_j)ᵀ S⁻¹ (x_i − x_j)) from a unit to
// every unit, S being the covariance (n−1) over all rows, shrunk towards its
// diagonal by ridge ∈ [0, 1] for when there are many variables and few units.
func Mahalanobis(x *mat.Dense, unit int, ridge float64) ([]float64, error) {
	n, k := x.Dims()
	if unit < 0 || unit >= n {
		return nil, fmt.Errorf("%w: unit %d of %d", ErrShape, unit, n)
	}
	if _, err := NewScaler(x); err != nil {
		return nil, err
	}
	var s mat.SymDense
	stat.CovarianceMatrix(&s, x, nil)
	for i := range k {
		for j := range i {
			s.SetSym(i, j, (1-ridge)*s.At(i, j))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(&s) {
		return nil, fmt.Errorf("%w: use a ridge above 0", ErrSingular)
	}
	out := make([]float64, n)
	d, solved := mat.NewVecDense(k, nil), mat.NewVecDense(k, nil)
	for i := range n {
		for j := range k {
			d.SetVec(j, x.At(i, j)-x.At(unit, j))
		}
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

// Balances gives a Balance for each variable: unit against group, with the
// scale taken over all candidates.
func Balances(x *mat.Dense, unit int, group, candidates []int) ([]Balance, error) {
	n, k := x.Dims()
	if unit < 0 || unit >= n || len(group) == 0 || len(candidates) < 2 {
		return nil, fmt.Errorf("%w: unit %d, group of %d, %d candidates", ErrShape, unit, len(group), len(candidates))
	}
	out := make([]Balance, k)
	for j := range k {
		own := x.At(unit, j)
		g, all := column(x, j, group), column(x, j, candidates)
		b := Balance{Own: own, Outside: own < slices.Min(g) || own > slices.Max(g)}
		b.Mean, b.SD = stat.Mean(g, nil), 0
		if len(g) > 1 {
			b.SD = stat.StdDev(g, nil)
		}
		sd := stat.StdDev(all, nil)
		if !(sd > 0) {
			return nil, fmt.Errorf("%w: variable %d", ErrConstant, j)
		}
		b.StdDifference = (own - b.Mean) / sd
		out[j] = b
	}
	return out, nil
}

func column(x *mat.Dense, j int, rows []int) []float64 {
	out := make([]float64, len(rows))
	for i, r := range rows {
		out[i] = x.At(r, j)
	}
	return out
}
