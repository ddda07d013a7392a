package did

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Part is one effect of an aggregate: of a group (Key = its start), a calendar
// period (Key = the period) or an event time (Key = periods since the start).
type Part struct {
	Key float64
	Effect
}

// Aggregate is an overall effect and its parts, which share a simultaneous band.
type Aggregate struct {
	Overall Effect
	Parts   []Part
}

// average is a weighted mean of cells with its influence function.
type average struct {
	estimate float64
	inf      []float64
	hasSE    bool
}

// Simple weights all cells after treatment by the size of their group.
func (r *GroupTime) Simple() (Aggregate, error) {
	a, err := r.bySize(func(c Cell) bool { return c.Period >= c.Group })
	if err != nil {
		return Aggregate{}, err
	}
	return r.aggregate(nil, nil, a), nil
}

// ByGroup averages each group over its treated periods, and groups by size.
func (r *GroupTime) ByGroup() (Aggregate, error) {
	var keys []float64
	var parts []average
	var groups []int
	for _, g := range r.groups {
		a, ok := r.equally(func(c Cell) bool { return c.Group == g && c.Period >= g })
		if ok {
			keys, parts, groups = append(keys, r.p.Times[g]), append(parts, a), append(groups, g)
		}
	}
	if len(parts) == 0 {
		return Aggregate{}, r.nothing()
	}
	return r.aggregate(keys, parts, r.combine(parts, groups)), nil
}

// ByEvent averages over groups, by size, h after each's start; negative h are
// before treatment. Overall is the plain mean over h ≥ 0. h is the difference of
// the times where all are whole numbers, as in the R package, which matters when
// years are missing; else it counts periods.
func (r *GroupTime) ByEvent() (Aggregate, error) {
	whole := !slices.ContainsFunc(r.p.Times, func(t float64) bool { return t != math.Trunc(t) })
	return r.along(func(c Cell) (float64, bool) {
		h := float64(c.Period - c.Group)
		if whole {
			h = r.p.Times[c.Period] - r.p.Times[c.Group]
		}
		return h, h >= 0
	}, true)
}

// ByCalendar averages over groups treated by each period, by size. Overall is the
// plain mean over those periods.
func (r *GroupTime) ByCalendar() (Aggregate, error) {
	return r.along(func(c Cell) (float64, bool) { return r.p.Times[c.Period], c.Period >= c.Group }, false)
}

// along groups cells by key, averages each by group size, and takes the plain
// mean of those after treatment.
func (r *GroupTime) along(key func(Cell) (float64, bool), before bool) (Aggregate, error) {
	var keys []float64
	for _, c := range r.Cells {
		if k, after := key(c); (after || before) && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	overall := average{inf: make([]float64, len(r.rows))}
	var parts []average
	n := 0.0
	for _, want := range keys {
		post := false
		a, err := r.bySize(func(c Cell) bool {
			k, after := key(c)
			if k != want || (!after && !before) {
				return false
			}
			post = after
			return true
		})
		if err != nil {
			return Aggregate{}, err
		}
		parts = append(parts, a)
		if post {
			overall.add(a, 1)
			n++
		}
	}
	if n == 0 {
		return Aggregate{}, r.nothing()
	}
	overall.estimate /= n
	for i := range overall.inf {
		overall.inf[i] /= n
	}
	return r.aggregate(keys, parts, overall), nil
}

func (r *GroupTime) nothing() error {
	return fmt.Errorf("%w: no cell after treatment", panel.ErrDesign)
}

func (a *average) add(b average, w float64) {
	a.estimate += w * b.estimate
	a.hasSE = a.hasSE || b.hasSE
	for i, v := range b.inf {
		a.inf[i] += w * v
	}
}

func (r *GroupTime) cell(k int) average {
	return average{r.Cells[k].Estimate, r.inf[k], r.Cells[k].HasSE}
}

// equally is the plain mean of the cells kept.
func (r *GroupTime) equally(keep func(Cell) bool) (average, bool) {
	a := average{inf: make([]float64, len(r.rows))}
	n := 0
	for _, c := range r.Cells {
		if keep(c) {
			n++
		}
	}
	for k, c := range r.Cells {
		if keep(c) {
			a.add(r.cell(k), 1/float64(n))
		}
	}
	return a, n > 0
}

// bySize is the mean of the cells kept, weighted by group size.
func (r *GroupTime) bySize(keep func(Cell) bool) (average, error) {
	var parts []average
	var groups []int
	for k, c := range r.Cells {
		if keep(c) {
			parts, groups = append(parts, r.cell(k)), append(groups, c.Group)
		}
	}
	if len(parts) == 0 {
		return average{}, r.nothing()
	}
	return r.combine(parts, groups), nil
}

// combine weights parts by the share of units in their groups, p_g/Σp. Shares are
// estimates: ψ_i gets Σ_k τ_k (1{G_i=g_k} − p_k)/S − Σ_k τ_k p_k/S² Σ_l (1{G_i=g_l} − p_l).
func (r *GroupTime) combine(parts []average, groups []int) average {
	n := float64(len(r.rows))
	share := make(map[int]float64)
	for _, g := range r.starts {
		share[g] += 1 / n
	}
	var sum float64
	for _, g := range groups {
		sum += share[g]
	}
	out := average{inf: make([]float64, len(r.rows))}
	for k, a := range parts {
		out.add(a, share[groups[k]]/sum)
	}
	for i, start := range r.starts {
		for k, a := range parts {
			v := -share[groups[k]]
			if start == groups[k] {
				v++
			}
			out.inf[i] += (a.estimate - out.estimate) * v / sum
		}
	}
	return out
}

func (r *GroupTime) aggregate(keys []float64, parts []average, overall average) Aggregate {
	out := Aggregate{Overall: Effect{Estimate: overall.estimate, HasSE: overall.hasSE}}
	r.infer([]*Effect{&out.Overall}, [][]float64{overall.inf})
	var effects []*Effect
	var inf [][]float64
	out.Parts = make([]Part, len(parts))
	for k, a := range parts {
		out.Parts[k] = Part{keys[k], Effect{Estimate: a.estimate, HasSE: a.hasSE}}
		effects, inf = append(effects, &out.Parts[k].Effect), append(inf, a.inf)
	}
	r.infer(effects, inf)
	return out
}

// PreTest is the joint Wald test that every effect before treatment is zero,
//
//	W = n τ'V⁻¹τ ~ χ²(df),  V = (1/n) Σ ψψ'
//
// over the cells before treatment (and before anticipation). Passing it does not
// prove parallel trends.
func (r *GroupTime) PreTest() (WaldTest, error) {
	var at []int
	for k, c := range r.Cells {
		if c.Period < c.Group-r.o.Anticipation {
			if !c.HasSE {
				return WaldTest{}, fmt.Errorf("%w: a group of one unit has no variance", ErrInterval)
			}
			at = append(at, k)
		}
	}
	if len(at) == 0 {
		return WaldTest{}, fmt.Errorf("%w: no effect before treatment", ErrInterval)
	}
	n := float64(len(r.rows))
	v, tau := mat.NewSymDense(len(at), nil), mat.NewVecDense(len(at), nil)
	for a, k := range at {
		tau.SetVec(a, r.Cells[k].Estimate)
		for b := a; b < len(at); b++ {
			var s float64
			for i, x := range r.inf[k] {
				s += x * r.inf[at[b]][i]
			}
			v.SetSym(a, b, s/(n*n))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(v) || chol.Cond() > maxCond {
		return WaldTest{}, fmt.Errorf("%w: the %d effects before treatment are linearly dependent", ErrInterval, len(at))
	}
	var solved mat.VecDense
	if err := chol.SolveVecTo(&solved, tau); err != nil {
		return WaldTest{}, fmt.Errorf("%w: %w", ErrInterval, err)
	}
	w := WaldTest{Chi2: mat.Dot(tau, &solved), DF: len(at)}
	w.P = distuv.ChiSquared{K: float64(w.DF)}.Survival(w.Chi2)
	return w, nil
}

// WaldTest is a χ² test.
type WaldTest struct {
	Chi2, P float64
	DF      int
}

// infer fills standard errors √(Σψ²)/n, pointwise normal intervals and the band.
func (r *GroupTime) infer(effects []*Effect, inf [][]float64) {
	n := float64(len(r.rows))
	for k, e := range effects {
		if !e.HasSE {
			continue
		}
		e.SE = floats.Norm(inf[k], 2) / n
	}
	z := math.Sqrt2 * math.Erfinv(r.o.Level)
	c := z
	if len(effects) > 0 && (r.o.Bootstrap || len(effects) > 1) {
		draws := r.draws(effects, inf)
		if r.o.Bootstrap {
			for k, e := range effects {
				if e.HasSE {
					e.SE = spread(draws[k])
				}
			}
		}
		c = max(z, critical(effects, draws, r.o.Level))
	}
	for _, e := range effects {
		e.Lower, e.Upper = e.Estimate-z*e.SE, e.Estimate+z*e.SE
		e.BandLower, e.BandUpper = e.Estimate-c*e.SE, e.Estimate+c*e.SE
	}
}

// draws are Σ_i v_i ψ_ik / n for each effect k with a standard error and each
// replication, with Mammen's two points v (mean 0, variance 1, third moment 1).
func (r *GroupTime) draws(effects []*Effect, inf [][]float64) [][]float64 {
	root := math.Sqrt(5)
	low, high, chance := (1-root)/2, (1+root)/2, (root+1)/(2*root)
	out := make([][]float64, len(effects))
	for k := range out {
		out[k] = make([]float64, r.o.Replications)
	}
	v := make([]float64, len(r.rows))
	for b := range r.o.Replications {
		rng := rand.New(rand.NewPCG(r.o.Seed, uint64(b)))
		for i := range v {
			v[i] = high
			if rng.Float64() < chance {
				v[i] = low
			}
		}
		for k, e := range effects {
			if !e.HasSE {
				continue
			}
			var s float64
			for i, x := range inf[k] {
				s += v[i] * x
			}
			out[k][b] = s / float64(len(v))
		}
	}
	return out
}

// critical is the level quantile of max_k |draw_k|/se_k.
func critical(effects []*Effect, draws [][]float64, level float64) float64 {
	top := make([]float64, len(draws[0]))
	for k, e := range effects {
		if e.SE == 0 {
			continue
		}
		for b, x := range draws[k] {
			top[b] = max(top[b], math.Abs(x)/e.SE)
		}
	}
	return quantile(top, level)
}

// spread is the interquartile range over that of the standard normal.
func spread(draws []float64) float64 {
	normal := distuv.UnitNormal
	return (quantile(draws, 0.75) - quantile(draws, 0.25)) / (normal.Quantile(0.75) - normal.Quantile(0.25))
}

// quantile is the ⌈qn⌉-th smallest.
func quantile(v []float64, q float64) float64 {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	return sorted[max(1, min(len(sorted), int(math.Ceil(q*float64(len(sorted))))))-1]
}
