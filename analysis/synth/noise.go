package synth

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// NoiseScale estimates the standard deviation of each unit's own noise: what is
// left of its series after unit means, period means and common factors.
//
// Outcomes of the columns are centred both ways and the leading r principal
// components removed, r by the eigenvalue ratio of Ahn & Horenstein (2013,
// Econometrica 81:1203) among at most a third of the periods. The residual sum of
// squares of a unit has about (T−1−r)(1−r/n) degrees of freedom, n units. With
// sizes in the panel, the variances are those of v(M) = a + b/M (SizeVariance)
// fitted to all units' residual variances, which is far less noisy than one
// unit's own. It reports false with fewer than 5 periods or 4 units, where
// factors and noise cannot be told apart.
func NoiseScale(p *panel.Panel, units, columns []int) ([]float64, bool) {
	n, t := len(units), len(columns)
	if n < 4 || t < 5 {
		return nil, false
	}
	x := mat.NewDense(n, t, nil)
	for a, i := range units {
		for b, c := range columns {
			x.Set(a, b, p.Y.At(i, c))
		}
	}
	doubleCentre(x)
	r := removeFactors(x)
	df := float64(t-1-r) * (1 - float64(r)/float64(n))
	variance := make([]float64, n)
	for a := range variance {
		for _, v := range x.RawRowView(a) {
			variance[a] += v * v / df
		}
	}
	if p.Size != nil {
		sizes := make([]float64, n)
		for a, i := range units {
			sizes[a] = p.Size[i]
		}
		if v, err := FitSizeVariance(variance, sizes); err == nil {
			for a := range variance {
				variance[a] = v.At(sizes[a])
			}
		}
	}
	for a, v := range variance {
		variance[a] = math.Sqrt(v)
	}
	return variance, true
}

func doubleCentre(x *mat.Dense) {
	n, t := x.Dims()
	mean := make([]float64, t)
	for a := range n {
		row := x.RawRowView(a)
		demean(row)
		for b, v := range row {
			mean[b] += v / float64(n)
		}
	}
	for a := range n {
		row := x.RawRowView(a)
		for b := range row {
			row[b] -= mean[b]
		}
	}
}

// removeFactors subtracts the leading components and returns their number.
func removeFactors(x *mat.Dense) int {
	n, t := x.Dims()
	var gram mat.SymDense
	gram.SymOuterK(1, x.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&gram, true) {
		return 0
	}
	value := eigen.Values(nil) // Ascending.
	most := min(t/3, n-2)
	r, best := 0, 0.0
	floor := 1e-12 * value[t-1]
	for k := 1; k <= most; k++ {
		next := value[t-1-k]
		if next <= floor {
			break
		}
		if ratio := value[t-k] / next; ratio > best {
			r, best = k, ratio
		}
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for a := range n {
		row := x.RawRowView(a)
		for k := range r {
			var score float64
			for b, v := range row {
				score += v * vectors.At(b, t-1-k)
			}
			for b := range row {
				row[b] -= score * vectors.At(b, t-1-k)
			}
		}
	}
	return r
}
