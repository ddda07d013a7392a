package synth

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// robust regresses the treated pre-period on donors whose whole T×J series have
// been denoised by keeping Rank singular values, with ridge λ‖w‖². Weights are free
// in sign and sum; with λ = 0 the minimum-norm solution is taken.
func (s Spec) robust(p *panel.Panel, d panel.Design, r *Result) error {
	t := len(p.Times)
	m := mat.NewDense(t, len(d.Donors), nil)
	for j, i := range d.Donors {
		m.SetCol(j, p.Y.RawRowView(i))
	}
	var svd mat.SVD
	if !svd.Factorize(m, mat.SVDThin) {
		return fmt.Errorf("%w: singular values of the donors", ErrNotConverged)
	}
	rank := min(s.Rank, t, len(d.Donors))
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	values := svd.Values(nil)
	var clean mat.Dense
	clean.Mul(scaleColumns(u.Slice(0, t, 0, rank), values), v.Slice(0, len(d.Donors), 0, rank).T())
	pre := mat.NewDense(len(r.columns), len(d.Donors), nil)
	for a, c := range r.columns {
		pre.SetRow(a, clean.RawRowView(c))
	}
	_, y := outcomeRows(p, d, r.columns)
	if !svd.Factorize(pre, mat.SVDThin) {
		return fmt.Errorf("%w: singular values of the pre-period", ErrNotConverged)
	}
	u.Reset()
	v.Reset()
	svd.UTo(&u)
	svd.VTo(&v)
	values = svd.Values(nil)
	r.Weights = make([]float64, len(d.Donors))
	r.Lambda = s.Lambda
	for k := range min(rank, len(values)) {
		if values[k] <= 1e-12*values[0] {
			break
		}
		score := mat.Dot(u.ColView(k), mat.NewVecDense(len(y), y))
		score *= values[k] / (values[k]*values[k] + s.Lambda)
		for j := range r.Weights {
			r.Weights[j] += score * v.At(j, k)
		}
	}
	return nil
}

func scaleColumns(u mat.Matrix, by []float64) *mat.Dense {
	out := mat.DenseCopyOf(u)
	n, k := out.Dims()
	for i := range n {
		for c := range k {
			out.Set(i, c, out.At(i, c)*by[c])
		}
	}
	return out
}
