package multiple

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sentinel errors of RomanoWolf.
var (
	// ErrDraws reports no draws at all, or a draw with another number of
	// statistics than there are questions.
	ErrDraws = errors.New("multiple: draws do not fit the statistics")
	// ErrStatistic reports a statistic that is not a number.
	ErrStatistic = errors.New("multiple: statistic is not a number")
)

// RomanoWolf gives the step-down p-values of Romano & Wolf (2005 Econometrica
// 73:1237; algorithm of Clarke, Romano & Wolf 2020 Stata Journal 20:812), family-wise
// error control that uses the dependence between the questions. t are the
// studentised statistics of the m questions, draws the same statistics of each
// placebo unit, all m on the same unit, which is a draw of the joint null without
// a bootstrap. With |t_(1)| the largest,
//
//	p_(j) = (1 + #{b: max over questions not yet passed of |t_b| ≥ |t_(j)|})/(B + 1),
//	p_(j) = max(p_(j), p_(j−1))
//
// The observed unit counts as one of the draws, so the smallest p is 1/(B + 1).
// Equal statistics keep their order. Comparison allows for rounding by one part in
// 10¹².
func RomanoWolf(t []float64, draws [][]float64) ([]float64, error) {
	if err := checkDraws(t, draws); err != nil {
		return nil, err
	}
	m := len(t)
	size := make([]float64, m)
	for i, v := range t {
		size[i] = -math.Abs(v)
	}
	rank := order(size)
	// max[b] runs over the questions from the least striking up, so that step j
	// needs the maxima of questions j … m: count them from the last.
	hits := make([]int, m)
	most := make([]float64, len(draws))
	for j, i := range slices.Backward(rank) {
		bar := math.Abs(t[i]) * (1 - 1e-12)
		for b, draw := range draws {
			most[b] = math.Max(most[b], math.Abs(draw[i]))
			if most[b] >= bar {
				hits[j]++
			}
		}
	}
	out := make([]float64, m)
	running := 0.0
	for j, i := range rank {
		running = math.Max(running, float64(1+hits[j])/float64(1+len(draws)))
		out[i] = running
	}
	return out, nil
}

func checkDraws(t []float64, draws [][]float64) error {
	if len(draws) == 0 {
		return fmt.Errorf("%w: no draws", ErrDraws)
	}
	for i, v := range t {
		if math.IsNaN(v) {
			return fmt.Errorf("%w: question %d", ErrStatistic, i)
		}
	}
	for b, draw := range draws {
		if len(draw) != len(t) {
			return fmt.Errorf("%w: draw %d has %d statistics for %d questions", ErrDraws, b, len(draw), len(t))
		}
		for i, v := range draw {
			if math.IsNaN(v) {
				return fmt.Errorf("%w: draw %d, question %d", ErrStatistic, b, i)
			}
		}
	}
	return nil
}
