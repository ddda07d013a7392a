// Package trend tests short yearly series for a monotone trend and estimates its
// slope. Neither test nor slope knows what caused a trend.
package trend

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Sentinel errors, wrapped with the numbers that caused them.
var (
	// ErrTooFew reports fewer than MinPoints points.
	ErrTooFew = errors.New("trend: too few points")
	// ErrMissing reports a time or value that is not finite.
	ErrMissing = errors.New("trend: missing value")
	// ErrOrder reports times that do not increase.
	ErrOrder = errors.New("trend: times must increase")
	// ErrLevel reports a confidence level outside (0, 1).
	ErrLevel = errors.New("trend: level outside (0, 1)")
)

// MinPoints is the least number of points a trend is told of. Of four points in
// perfect order one in twelve sets is by chance; only from five on can a
// two-sided test at the 5 % level reject, and Sen's slope have limits.
const MinPoints = 5

// exactUpTo is the length to which the null distribution is counted out. Beyond it
// p is that of S/√Var, without a correction for S moving in steps of two: it is
// below the exact one by at most 0.0075 without ties, and by 0.0006 where p is below 5 %.
const exactUpTo = 50

// Kendall is the result of a Mann–Kendall test.
type Kendall struct {
	// S is the number of rising pairs less that of falling ones, Tau Kendall's
	// tau-b with time.
	S, Tau float64
	// Var is the variance of S without trend, given the ties, and Z is S/√Var.
	Var, Z float64
	// P is two-sided. Exact says that it is counted out, else it is normal.
	P     float64
	Exact bool
}

// MannKendall tests for a monotone trend (Mann 1945, Econometrica 13:245; Kendall
// 1975) in y, values in time order:
//
//	S = Σ_{i<j} sgn(y_j − y_i),  Var = (n(n−1)(2n+5) − Σ t(t−1)(2t+5))/18
//
// t being the sizes of groups of equal values. Up to 50 points p is exact: over
// all orders of the values the falling pairs are distributed as the coefficients
// of the q-multinomial [n]!/Π[t]!, ties included. A series without two different
// values has no trend: S = 0 and p = 1. Years are taken as independent; where one
// year's level carries over to the next, as it does for stocks, p is too small.
func MannKendall(y []float64) (Kendall, error) {
	if err := check(y); err != nil {
		return Kendall{}, err
	}
	n := len(y)
	var k Kendall
	for j := range y {
		for i := range j {
			k.S += sign(y[j] - y[i])
		}
	}
	ties := tieGroups(y)
	k.Var = variance(n)
	untied := float64(n*(n-1)) / 2
	pairs := untied
	for _, t := range ties {
		k.Var -= variance(t)
		untied -= float64(t*(t-1)) / 2
	}
	if untied == 0 {
		k.P, k.Exact = 1, true
		k.Var = 0
		return k, nil
	}
	k.Tau = k.S / math.Sqrt(pairs*untied)
	k.Z = k.S / math.Sqrt(k.Var)
	if n <= exactUpTo {
		k.P, k.Exact = exactP(inversions(ties), math.Abs(k.S)), true
		return k, nil
	}
	k.P = 2 * distuv.UnitNormal.Survival(math.Abs(k.Z))
	return k, nil
}

// Slope is a slope per unit of time with its limits.
type Slope struct{ Value, Lower, Upper float64 }

// Sen is the median of the slopes (y_j − y_i)/(x_j − x_i) over all pairs of points
// (Theil 1950; Sen 1968, JASA 63:1379). With N slopes in order the limits are the
// ones numbered (N − w)/2 and (N + w)/2 + 1, w being the least number with
// P(S > w) ≤ (1 − level)/2 without trend and without ties: exact up to 50 points,
// conservative with ties.
func Sen(x, y []float64, level float64) (Slope, error) {
	if len(x) != len(y) {
		panic("trend: times and values differ in length")
	}
	if err := errors.Join(check(y), check(x)); err != nil {
		return Slope{}, err
	}
	if !(level > 0 && level < 1) {
		return Slope{}, fmt.Errorf("%w: %v", ErrLevel, level)
	}
	n := len(x)
	slopes := make([]float64, 0, n*(n-1)/2)
	for j := range x {
		if j > 0 && x[j] <= x[j-1] {
			return Slope{}, fmt.Errorf("%w: %v after %v", ErrOrder, x[j], x[j-1])
		}
		for i := range j {
			s := (y[j] - y[i]) / (x[j] - x[i])
			if math.IsInf(s, 0) {
				return Slope{}, fmt.Errorf("%w: the slope from %v to %v overflows", ErrMissing, y[i], y[j])
			}
			slopes = append(slopes, s)
		}
	}
	slices.Sort(slopes)
	m := len(slopes)
	r := rank(n, level)
	// Halves are added, since the sum of two large slopes may overflow.
	return Slope{slopes[(m-1)/2]/2 + slopes[m/2]/2, slopes[r-1], slopes[m-r]}, nil
}

// rank is the number, from 1, of the slope that is the lower limit. A level too
// high for so few points gives the outermost slopes.
func rank(n int, level float64) int {
	pairs := n * (n - 1) / 2
	tail := (1 - level) / 2
	w := 0
	if n > exactUpTo {
		z := distuv.UnitNormal.Quantile(1 - tail)
		w = int(math.Ceil(z * math.Sqrt(variance(n))))
	} else {
		single := make([]int, n)
		for i := range single {
			single[i] = 1
		}
		// S = pairs − 2·inversions, so P(S > w) sums the first coefficients.
		sum := 0.0
		for i, p := range inversions(single) {
			sum += p
			if sum > tail {
				w = pairs - 2*i
				break
			}
		}
	}
	return max(1, (pairs-w)/2)
}

func check(v []float64) error {
	if len(v) < MinPoints {
		return fmt.Errorf("%w: %d, need %d", ErrTooFew, len(v), MinPoints)
	}
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%w: point %d is %v", ErrMissing, i, x)
		}
	}
	return nil
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// variance is that of S for n different values, and what a group of n ties takes
// away from it.
func variance(n int) float64 {
	m := float64(n)
	return m * (m - 1) * (2*m + 5) / 18
}

// tieGroups returns the sizes of the groups of equal values.
func tieGroups(y []float64) []int {
	sorted := slices.Clone(y)
	slices.Sort(sorted)
	var sizes []int
	for i := 0; i < len(sorted); {
		j := i + 1
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		sizes = append(sizes, j-i)
		i = j
	}
	return sizes
}

// inversions is the distribution of the number of inversions in a random order of
// values in groups of ties: the product of the Gaussian binomials [N over t], each
// divided by its sum. Only sums of positive numbers occur, so nothing cancels.
func inversions(ties []int) []float64 {
	out := []float64{1}
	n := 0
	for _, t := range ties {
		n += t
		out = convolve(out, gaussian(n, t))
	}
	return out
}

// gaussian is the distribution with the coefficients of [n over k], by Pascal's
// rule [n, k] = [n−1, k−1] + q^k [n−1, k] in probabilities.
func gaussian(n, k int) []float64 {
	k = min(k, n-k)
	// row[j] holds [m, j] for the m reached.
	row := make([][]float64, k+1)
	row[0] = []float64{1}
	for m := 1; m <= n; m++ {
		for j := min(m, k); j >= 1; j-- {
			next := make([]float64, j*(m-j)+1)
			// A random choice holds the m-th of m with probability j/m.
			with := float64(j) / float64(m)
			for i, p := range row[j-1] {
				next[i] += with * p
			}
			if j < m {
				for i, p := range row[j] {
					next[i+j] += (1 - with) * p
				}
			}
			row[j] = next
		}
	}
	return row[k]
}

func convolve(a, b []float64) []float64 {
	out := make([]float64, len(a)+len(b)-1)
	for i, p := range a {
		for j, q := range b {
			out[i+j] += p * q
		}
	}
	return out
}

// exactP is P(|S| ≥ s) when S = M − 2·inversions, M being the largest number of
// them. The distribution is symmetric.
func exactP(inversions []float64, s float64) float64 {
	if s == 0 {
		return 1
	}
	m := float64(len(inversions) - 1)
	p := 0.0
	for i, q := range inversions {
		if m-2*float64(i) < s {
			break
		}
		p += 2 * q
	}
	return math.Min(1, p)
}
