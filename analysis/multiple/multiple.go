// Package multiple adjusts p-values for the number of questions asked: family-wise
// error (Bonferroni, Šidák, Holm, Hochberg, Romano–Wolf) and false discovery rate
// (Benjamini–Hochberg, Benjamini–Yekutieli). A family is declared before its
// p-values are seen; sub-goals within a municipality and municipalities within a
// sub-goal are two different families.
package multiple

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrP reports a p-value outside [0, 1]. It is wrapped with its position.
var ErrP = errors.New("multiple: p-value outside [0, 1]")

func check(p []float64) error {
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%w: number %d is %v", ErrP, i, v)
		}
	}
	return nil
}

// order gives the positions of p from the smallest, equal values by position.
func order(p []float64) []int {
	o := make([]int, len(p))
	for i := range o {
		o[i] = i
	}
	slices.SortStableFunc(o, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	return o
}

// single adjusts each p-value on its own.
func single(p []float64, f func(p, m float64) float64) ([]float64, error) {
	if err := check(p); err != nil {
		return nil, err
	}
	out := make([]float64, len(p))
	for i, v := range p {
		out[i] = f(v, float64(len(p)))
	}
	return out, nil
}

// stepDown adjusts from the smallest p-value up, never below the one before:
// p̃_(i) = max_{k ≤ i} f(p_(k), m − k + 1).
func stepDown(p []float64, f func(p, left float64) float64) ([]float64, error) {
	if err := check(p); err != nil {
		return nil, err
	}
	out := make([]float64, len(p))
	running := 0.0
	for k, i := range order(p) {
		running = math.Max(running, f(p[i], float64(len(p)-k)))
		out[i] = running
	}
	return out, nil
}

// stepUp adjusts from the largest p-value down, never above the one after:
// p̃_(i) = min_{k ≥ i} min(1, f(p_(k), k)), k counted from 1.
func stepUp(p []float64, f func(p, rank float64) float64) ([]float64, error) {
	if err := check(p); err != nil {
		return nil, err
	}
	out := make([]float64, len(p))
	running := 1.0
	for k, i := range slices.Backward(order(p)) {
		running = math.Min(running, f(p[i], float64(k+1)))
		out[i] = running
	}
	return out, nil
}

func bonferroni(p, m float64) float64 { return math.Min(1, m*p) }

// sidak is 1 − (1 − p)^m without cancellation.
func sidak(p, m float64) float64 {
	if p == 1 {
		return 1
	}
	return -math.Expm1(m * math.Log1p(-p))
}

// Bonferroni is min(1, m·p): family-wise error under any dependence.
func Bonferroni(p []float64) ([]float64, error) { return single(p, bonferroni) }

// Sidak is 1 − (1 − p)^m: family-wise error of independent tests.
func Sidak(p []float64) ([]float64, error) { return single(p, sidak) }

// SidakStepDown is Holm's procedure with Šidák's adjustment.
func SidakStepDown(p []float64) ([]float64, error) { return stepDown(p, sidak) }

// Holm (1979) is max_{k ≤ i} min(1, (m − k + 1)·p_(k)): family-wise error under any
// dependence, never weaker than Bonferroni.
func Holm(p []float64) ([]float64, error) { return stepDown(p, bonferroni) }

// Hochberg (1988) is min_{k ≥ i} (m − k + 1)·p_(k): family-wise error of independent
// or positively dependent tests.
func Hochberg(p []float64) ([]float64, error) {
	m := float64(len(p))
	return stepUp(p, func(p, k float64) float64 { return (m - k + 1) * p })
}

// BenjaminiHochberg (1995) is min_{k ≥ i} m·p_(k)/k: false discovery rate of
// independent or positively dependent tests.
func BenjaminiHochberg(p []float64) ([]float64, error) {
	m := float64(len(p))
	return stepUp(p, func(p, k float64) float64 { return p * m / k })
}

// BenjaminiYekutieli (2001) is Benjamini–Hochberg times Σ_{k=1}^m 1/k: false
// discovery rate under any dependence.
func BenjaminiYekutieli(p []float64) ([]float64, error) {
	m, c := float64(len(p)), 0.0
	for k := range p {
		c += 1 / float64(k+1)
	}
	return stepUp(p, func(p, k float64) float64 { return p * m / k * c })
}
