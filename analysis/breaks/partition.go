package breaks

import (
	"fmt"
	"math"
)

// Partition is the best way to cut a series into segments of constant mean.
type Partition struct {
	// Breaks are the last observations, counted from one, of every segment but
	// the last.
	Breaks []int
	// RSS is the residual sum of squares around the segment means.
	RSS float64
	// BIC is n(log RSS + 1 − log n + log 2π) + 2(m+1) log n for m breaks.
	BIC float64
}

// Partitions returns the best partition with 0, 1, … breaks, up to what segments
// of at least ⌊Trim·n⌋ observations leave room for. The minimum is exact, by
// dynamic programming over the last break. It needs at least fourteen values, so
// that a segment has two.
func Partitions(y []float64) ([]Partition, error) {
	n := len(y)
	h := int(Trim * float64(n))
	if h < 2 {
		return nil, fmt.Errorf("%w: %d values", ErrSeries, n)
	}
	p, err := newPrefix(y)
	if err != nil {
		return nil, err
	}
	most := (n+h-1)/h - 2
	// best[m][t] is the least RSS of the first t observations with m breaks, from
	// [m][t] the last break.
	best, from := make([][]float64, most+1), make([][]int, most+1)
	for m := range best {
		best[m], from[m] = make([]float64, n+1), make([]int, n+1)
		for t := range best[m] {
			best[m][t] = math.Inf(1)
			if m == 0 && t >= h {
				best[0][t] = p.rss(0, t)
			}
			for s := m * h; m > 0 && s <= t-h; s++ {
				if v := best[m-1][s] + p.rss(s, t); v < best[m][t] {
					best[m][t], from[m][t] = v, s
				}
			}
		}
	}
	out := make([]Partition, most+1)
	for m := range out {
		out[m] = Partition{Breaks: make([]int, m), RSS: best[m][n], BIC: bic(best[m][n], n, m)}
		for k, t := m, n; k > 0; k-- {
			t = from[k][t]
			out[m].Breaks[k-1] = t
		}
	}
	return out, nil
}

// bic of a perfect partition takes the smallest number for its RSS.
func bic(rss float64, n, breaks int) float64 {
	size := float64(n)
	return size*(math.Log(max(rss, math.SmallestNonzeroFloat64))+1-math.Log(size)+math.Log(2*math.Pi)) +
		2*float64(breaks+1)*math.Log(size)
}

// Best returns the partition with the least BIC, the fewest breaks among equals.
func Best(parts []Partition) Partition {
	best := parts[0]
	for _, p := range parts[1:] {
		if p.BIC < best.BIC {
			best = p
		}
	}
	return best
}
