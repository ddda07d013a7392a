package synth

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

const (
	// completionFolds random masks, each of which keeps completionShare of the cells,
	// choose λ among completionGrid values down to completionRatio of the largest:
	// the numbers of the R package MCPanel but for a shorter grid.
	completionFolds, completionGrid = 5, 30
	completionShare                 = 0.8
	completionRatio                 = 1e-3
	// completionTol is the relative change of the objective that ends the iterations.
	completionTol  = 1e-7
	completionMost = 5_000
)

// CompletionOptions choose matrix completion. The zero value chooses λ.
type CompletionOptions struct {
	Lambda      float64
	LambdaFixed bool
	Seed        uint64
}

// Completion is matrix completion with nuclear norm (Athey, Bayati, Doudchenko, Imbens
// & Khosravi 2021, JASA 116:1716): treated cells are missing, and
//
//	min (1/|O|)·Σ_O (Y_it − L_it − γ_i − δ_t)² + λ‖L‖_*
//
// over the observed cells O, by alternating the fixed effects with singular value
// thresholding. A sensitivity check: it has no donor weights.
type Completion struct {
	panel.Estimate
	Lambda float64
	// Rank of L at the λ used.
	Rank int
	// Gap is the relative change of the objective in the last iteration.
	Gap float64
}

// Complete estimates the effect of a design.
func Complete(p *panel.Panel, d panel.Design, o CompletionOptions) (*Completion, error) {
	if err := d.Check(p); err != nil {
		return nil, err
	}
	if !(o.Lambda >= 0) || math.IsInf(o.Lambda, 1) {
		return nil, fmt.Errorf("%w: lambda %g", ErrSpec, o.Lambda)
	}
	rows := append(append([]int(nil), d.Treated...), d.Donors...)
	t := len(p.Times)
	c := newCompletion(len(rows), t)
	for a, i := range rows {
		for s, y := range p.Y.RawRowView(i) {
			c.y.Set(a, s, y)
			c.seen[a*t+s] = a >= len(d.Treated) || s < d.Start
		}
	}
	out := &Completion{Lambda: o.Lambda}
	if !o.LambdaFixed {
		out.Lambda = c.choose(o.Seed)
	}
	var err error
	if out.Gap, err = c.path(out.Lambda); err != nil {
		return nil, err
	}
	out.Rank = c.rank
	out.Gaps = make([]float64, t)
	for a := range d.Treated {
		for s := range t {
			out.Gaps[s] += (c.y.At(a, s) - c.fitted(a, s)) / float64(len(d.Treated))
		}
	}
	out.ATT = panel.MeanGap(out.Gaps, d.Start, t)
	out.PreRMSPE = panel.RMSPE(out.Gaps, 0, d.Start)
	out.PostRMSPE = panel.RMSPE(out.Gaps, d.Start, t)
	return out, nil
}

// completion is the workspace of one matrix.
type completion struct {
	n, t         int
	y, l, filled *mat.Dense
	seen         []bool
	row, col     []float64
	gram         *mat.SymDense
	eigen        mat.EigenSym
	vectors      mat.Dense
	score        *mat.Dense
	rank         int
	nuclear      float64
}

func newCompletion(n, t int) *completion {
	return &completion{
		n: n, t: t, y: mat.NewDense(n, t, nil), l: mat.NewDense(n, t, nil), filled: mat.NewDense(n, t, nil),
		seen: make([]bool, n*t), row: make([]float64, n), col: make([]float64, t),
		gram: mat.NewSymDense(t, nil), score: mat.NewDense(n, t, nil),
	}
}

func (c *completion) fitted(i, s int) float64 { return c.l.At(i, s) + c.row[i] + c.col[s] }

func (c *completion) count() float64 {
	n := 0.0
	for _, ok := range c.seen {
		if ok {
			n++
		}
	}
	return n
}

// effects sets the fixed effects to their best given L, a few rounds at a time, and
// returns the sum of squared errors.
func (c *completion) effects() float64 {
	for range 5 {
		for i := range c.n {
			var sum, k float64
			for s := range c.t {
				if c.seen[i*c.t+s] {
					sum += c.y.At(i, s) - c.l.At(i, s) - c.col[s]
					k++
				}
			}
			if k > 0 {
				c.row[i] = sum / k
			}
		}
		for s := range c.t {
			var sum, k float64
			for i := range c.n {
				if c.seen[i*c.t+s] {
					sum += c.y.At(i, s) - c.l.At(i, s) - c.row[i]
					k++
				}
			}
			if k > 0 {
				c.col[s] = sum / k
			}
		}
	}
	var q float64
	for i := range c.n {
		for s := range c.t {
			if c.seen[i*c.t+s] {
				e := c.y.At(i, s) - c.fitted(i, s)
				q += e * e
			}
		}
	}
	return q
}

// threshold replaces L by the singular value thresholding of L with observed cells
// filled in, by the eigenvectors of the Gram matrix.
func (c *completion) threshold(by float64) bool {
	for i := range c.n {
		for s := range c.t {
			v := c.l.At(i, s)
			if c.seen[i*c.t+s] {
				v = c.y.At(i, s) - c.row[i] - c.col[s]
			}
			c.filled.Set(i, s, v)
		}
	}
	c.gram.SymOuterK(1, c.filled.T())
	if !c.eigen.Factorize(c.gram, true) {
		return false
	}
	c.eigen.VectorsTo(&c.vectors)
	c.rank, c.nuclear = 0, 0
	c.score.Mul(c.filled, &c.vectors)
	for k, v := range c.eigen.Values(nil) {
		sigma, shrink := math.Sqrt(max(0, v)), 0.0
		if sigma > by {
			shrink = 1 - by/sigma
			c.rank++
			c.nuclear += sigma - by
		}
		for i := range c.n {
			c.score.Set(i, k, shrink*c.score.At(i, k))
		}
	}
	c.l.Mul(c.score, c.vectors.T())
	return true
}

// descend iterates at one λ from the present state.
func (c *completion) descend(lambda float64) (float64, error) {
	count := c.count()
	last, change := math.Inf(1), 0.0
	for range completionMost {
		q := c.effects()
		value := q/count + lambda*c.nuclear
		if change = (last - value) / max(value, math.SmallestNonzeroFloat64); change <= completionTol {
			return max(change, 0), nil
		}
		last = value
		if !c.threshold(lambda * count / 2) {
			return 0, fmt.Errorf("%w: eigenvalues of the completed matrix", ErrNotConverged)
		}
	}
	return 0, fmt.Errorf("%w: matrix completion, last relative change %.3g", ErrNotConverged, change)
}

// grid falls from the λ at which L is zero.
func (c *completion) grid() []float64 {
	c.l.Zero()
	c.nuclear = 0
	for range 20 {
		c.effects()
	}
	c.threshold(0)
	top := 0.0
	for _, v := range c.eigen.Values(nil) {
		top = max(top, math.Sqrt(max(0, v)))
	}
	c.l.Zero()
	c.nuclear = 0
	out := make([]float64, completionGrid)
	for g := range out {
		out[g] = 2 * top / c.count() * math.Pow(completionRatio, float64(g)/(completionGrid-1))
	}
	return out
}

// path goes down the grid to λ, each fit starting from the last.
func (c *completion) path(lambda float64) (float64, error) {
	for _, g := range c.grid() {
		if g <= lambda {
			break
		}
		if _, err := c.descend(g); err != nil {
			return 0, err
		}
	}
	return c.descend(lambda)
}

// choose returns the λ of the grid with the smallest error on masked cells.
func (c *completion) choose(seed uint64) float64 {
	grid := c.grid()
	all := append([]bool(nil), c.seen...)
	errs := make([]float64, len(grid))
	for f := range completionFolds {
		rng := rand.New(rand.NewPCG(seed, uint64(f)))
		for k, ok := range all {
			c.seen[k] = ok && rng.Float64() < completionShare
		}
		c.l.Zero()
		c.nuclear = 0
		for g, lambda := range grid {
			if _, err := c.descend(lambda); err != nil {
				errs[g] = math.Inf(1)
				continue
			}
			for k, ok := range all {
				if ok && !c.seen[k] {
					e := c.y.At(k/c.t, k%c.t) - c.fitted(k/c.t, k%c.t)
					errs[g] += e * e
				}
			}
		}
	}
	copy(c.seen, all)
	best := 0
	for g, e := range errs {
		if e < errs[best] {
			best = g
		}
	}
	return grid[best]
}
