package sdid

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// collinear is the smallest diagonal of R, for columns of unit norm, at which a
// covariate still counts as a column of its own.
const collinear = 1e-9

// checkCovariates asks every used cell of every covariate for a finite value.
func checkCovariates(p *panel.Panel, blocks []panel.Design, names []string) error {
	for _, name := range names {
		x, ok := p.Covariates[name]
		if !ok {
			return fmt.Errorf("%w: %q is not in the panel", ErrCovariate, name)
		}
		for _, i := range members(blocks) {
			for t, v := range x.RawRowView(i) {
				if !finite(v) {
					return fmt.Errorf("%w: %q has no value for unit %q, period %v", ErrCovariate, name, p.Units[i], p.Times[t])
				}
			}
		}
	}
	return nil
}

// members are the rows of all blocks, donors first; blocks share their donors.
func members(blocks []panel.Design) []int {
	rows := append([]int(nil), blocks[0].Donors...)
	for _, d := range blocks {
		rows = append(rows, d.Treated...)
	}
	return rows
}

// project estimates β of Y_it = α_i + γ_t + x_it'β on untreated cells: all
// periods of donors and those before treatment of treated units. Unit effects are
// removed by centring each unit on its own cells, period effects by dummies
// centred likewise, so that unequal lengths are exact.
func project(p *panel.Panel, blocks []panel.Design, names []string) ([]float64, error) {
	_, t := p.Y.Dims()
	length := make(map[int]int)
	cells := 0
	for _, d := range blocks {
		for _, i := range d.Treated {
			length[i] = d.Start
		}
	}
	rows := members(blocks)
	for _, i := range rows {
		if _, ok := length[i]; !ok {
			length[i] = t
		}
		cells += length[i]
	}
	k := len(names)
	cols := t - 1 + k
	if cells <= cols {
		return nil, fmt.Errorf("%w: %d untreated cells for %d coefficients", ErrCovariate, cells, cols)
	}
	a, y := mat.NewDense(cells, cols, nil), mat.NewDense(cells, 1, nil)
	at := 0
	for _, i := range rows {
		n := length[i]
		block := a.Slice(at, at+n, 0, cols).(*mat.Dense)
		for s := range n {
			if s > 0 {
				block.Set(s, s-1, 1)
			}
			for c, name := range names {
				block.Set(s, t-1+c, p.Covariates[name].At(i, s))
			}
			y.Set(at+s, 0, p.Y.At(i, s))
		}
		centreColumns(block)
		centreColumns(y.Slice(at, at+n, 0, 1).(*mat.Dense))
		at += n
	}
	b, err := leastSquares(a, y)
	if err != nil {
		return nil, fmt.Errorf("%w (covariates %q)", err, names)
	}
	return b[t-1:], nil
}

func centreColumns(m *mat.Dense) {
	r, c := m.Dims()
	for j := range c {
		var s float64
		for i := range r {
			s += m.At(i, j)
		}
		s /= float64(r)
		for i := range r {
			m.Set(i, j, m.At(i, j)-s)
		}
	}
}

// leastSquares solves by QR with columns scaled to unit norm. The rank is read
// from the diagonal of R.
func leastSquares(a, y *mat.Dense) ([]float64, error) {
	r, c := a.Dims()
	scale := make([]float64, c)
	for j := range c {
		scale[j] = mat.Norm(a.ColView(j), 2)
		if scale[j] == 0 || !finite(scale[j]) {
			return nil, fmt.Errorf("%w: no variation within units", ErrCovariate)
		}
		for i := range r {
			a.Set(i, j, a.At(i, j)/scale[j])
		}
	}
	var qr mat.QR
	qr.Factorize(a)
	var upper mat.Dense
	qr.RTo(&upper)
	for j := range c {
		if math.Abs(upper.At(j, j)) < collinear {
			return nil, fmt.Errorf("%w: collinear with unit, period or another covariate", ErrCovariate)
		}
	}
	var b mat.Dense
	if err := qr.SolveTo(&b, false, y); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCovariate, err)
	}
	out := make([]float64, c)
	for j := range out {
		out[j] = b.At(j, 0) / scale[j]
		if !finite(out[j]) {
			return nil, fmt.Errorf("%w: coefficient overflows", ErrCovariate)
		}
	}
	return out, nil
}

// subtract returns the panel with outcome Y − xβ.
func subtract(p *panel.Panel, names []string, beta []float64) *panel.Panel {
	q := *p
	q.Y = mat.DenseCopyOf(p.Y)
	for k, name := range names {
		var part mat.Dense
		part.Scale(beta[k], p.Covariates[name])
		q.Y.Sub(q.Y, &part)
	}
	return &q
}

const (
	jointLimit = 2000
	// jointTol ends the alternation once β moves less than this share of itself.
	jointTol = 1e-10
)

// joint alternates exact weights given β with the least squares of β given the
// weights. The objective falls at every step.
func (w *workspace) joint(p *panel.Panel, d panel.Design, o Options) (*Fit, error) {
	if o.Method == DID {
		return nil, fmt.Errorf("%w: DID has no weights to choose jointly with covariates; use Projected", ErrCovariate)
	}
	beta := make([]float64, len(o.Covariates))
	z := w.regularisation(d, o)
	for range jointLimit {
		w.p = subtract(p, o.Covariates, beta)
		f, err := w.fit(d, o, &z)
		if err != nil {
			return nil, err
		}
		next, err := w.betaGivenWeights(p, d, o)
		if err != nil {
			return nil, err
		}
		moved, size := 0.0, 0.0
		for c := range beta {
			moved = max(moved, math.Abs(next[c]-beta[c]))
			size = max(size, math.Abs(next[c]))
		}
		if moved <= jointTol*size {
			f.Beta = beta
			return f, nil
		}
		beta = next
	}
	return nil, fmt.Errorf("%w: covariate coefficients after %d rounds", ErrNotConverged, jointLimit)
}

// betaGivenWeights stacks the T₀ residuals of ω and the N₀ residuals of λ, each
// centred where the problem has an intercept and divided by the root of their
// number: all are linear in β.
func (w *workspace) betaGivenWeights(p *panel.Panel, d panel.Design, o Options) ([]float64, error) {
	target := w.residuals(p.Y, d, o)
	m := len(target)
	if m < len(o.Covariates) {
		return nil, fmt.Errorf("%w: %d residuals for %d coefficients", ErrCovariate, m, len(o.Covariates))
	}
	a, y := mat.NewDense(m, len(o.Covariates), nil), mat.NewDense(m, 1, target)
	for c, name := range o.Covariates {
		for i, v := range w.residuals(p.Covariates[name], d, o) {
			a.Set(i, c, v)
		}
	}
	return leastSquares(a, y)
}

func (w *workspace) residuals(y *mat.Dense, d panel.Design, o Options) []float64 {
	byTime := make([]float64, d.Start)
	for t := range byTime {
		for k, i := range d.Donors {
			byTime[t] += w.omega.Weights[k] * y.At(i, t)
		}
		for _, i := range d.Treated {
			byTime[t] -= y.At(i, t) / float64(len(d.Treated))
		}
	}
	if o.Method == SC {
		return scaled(byTime)
	}
	centre(byTime)
	if _, t := y.Dims(); d.Start == t {
		return scaled(byTime)
	}
	byUnit := make([]float64, len(d.Donors))
	for k, i := range d.Donors {
		byUnit[k] = -w.contrast(y.RawRowView(i), d.Start, o)
	}
	centre(byUnit)
	return append(scaled(byTime), scaled(byUnit)...)
}

func scaled(v []float64) []float64 {
	f := 1 / math.Sqrt(float64(len(v)))
	for i := range v {
		v[i] *= f
	}
	return v
}
