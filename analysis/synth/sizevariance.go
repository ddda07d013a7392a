package synth

import (
	"errors"
	"fmt"
	"math"
)

// ErrSize reports sizes from which no variance model can be fitted.
var ErrSize = errors.New("synth: sizes do not identify a variance model")

// SizeVariance is the variance of a unit as a function of its size M (population
// or denominator), v(M) = a + b/M with a, b ≥ 0: a floor common to all units and
// a part that falls as a mean of M independent persons does. Ferman & Pinto
// (2019, REStat 101:452) show why placebo tests need it; methods.md §4.4.
type SizeVariance struct{ A, B float64 }

// At is v(M).
func (v SizeVariance) At(size float64) float64 { return v.A + v.B/size }

// FitSizeVariance fits v by non-negative least squares of the squared effects
// (or residual variances) on 1, 1/M. A squared effect has a standard deviation
// proportional to its mean, so the fit is weighted by 1/v² and iterated; without
// that the few smallest units decide everything.
func FitSizeVariance(squares, sizes []float64) (SizeVariance, error) {
	if len(squares) != len(sizes) {
		panic("synth: squares and sizes differ in length")
	}
	if len(squares) < 3 {
		return SizeVariance{}, fmt.Errorf("%w: %d units", ErrSize, len(squares))
	}
	var mean float64
	for i, m := range sizes {
		if !(m > 0) || math.IsInf(m, 1) || !(squares[i] >= 0) || math.IsInf(squares[i], 1) {
			return SizeVariance{}, fmt.Errorf("%w: size %g, square %g", ErrSize, m, squares[i])
		}
		mean += squares[i] / float64(len(squares))
	}
	if mean == 0 {
		return SizeVariance{}, fmt.Errorf("%w: every effect is zero", ErrSize)
	}
	// In units of the mean, since 1/v² overflows where v is tiny.
	relative := make([]float64, len(squares))
	for i, s := range squares {
		relative[i] = s / mean
	}
	v := SizeVariance{A: 1}
	for range 50 {
		next := weightedNNLS(relative, sizes, v)
		done := math.Abs(next.A-v.A) <= 1e-10 && math.Abs(next.B-v.B) <= 1e-10*(next.B+v.B)
		if v = next; done {
			break
		}
	}
	return SizeVariance{A: mean * v.A, B: mean * v.B}, nil
}

// weightedNNLS solves the two-variable problem by its normal equations, falling
// back to the better edge where a coefficient would be negative.
func weightedNNLS(squares, sizes []float64, at SizeVariance) SizeVariance {
	var s11, s12, s22, y1, y2 float64
	for i, m := range sizes {
		v := at.At(m)
		w, x := 1/(v*v), 1/m
		s11 += w
		s12 += w * x
		s22 += w * x * x
		y1 += w * squares[i]
		y2 += w * x * squares[i]
	}
	det := s11*s22 - s12*s12
	if det > 1e-12*s11*s22 {
		a, b := (s22*y1-s12*y2)/det, (s11*y2-s12*y1)/det
		if a >= 0 && b >= 0 {
			return SizeVariance{A: a, B: b}
		}
	}
	// Gains of the two edges; y1, y2 > 0 because squares are not all zero.
	if y1*y1/s11 >= y2*y2/s22 {
		return SizeVariance{A: y1 / s11}
	}
	return SizeVariance{B: y2 / s22}
}
