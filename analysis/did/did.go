// Package did estimates difference-in-differences: simple, on matched donors,
// with unit trends removed, period by period, and for groups treated at different
// times (att_gt.go).
//
// For every unit the outcome is made relative to what it was before treatment,
//
//	D_it = Y_it − Ȳ_i,pre   or   D_it = Y_it − (â_i + b̂_i t)
//
// with â, b̂ the least-squares line through the periods before treatment (Lee &
// Wooldridge 2023, "A simple transformation approach to difference-in-differences
// estimation for panel data"). The effect in period t is the treated mean of D
// minus the weighted donor mean, and ATT its mean over treated periods; without
// trend that is (Ȳ_tr,post − Ȳ_tr,pre) − (Ȳ_co,post − Ȳ_co,pre).
package did

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/peers"
)

// Sentinel errors for data that define no estimate or no interval.
var (
	// ErrShortPre reports fewer than three periods before treatment, through which
	// any line fits.
	ErrShortPre = errors.New("did: fewer than three periods before treatment for a trend")
	// ErrMatch reports a matching that cannot be made.
	ErrMatch = errors.New("did: matching is not possible")
	// ErrInterval reports an interval that the design does not define.
	ErrInterval = errors.New("did: interval not defined for this design")
)

// Match chooses donors by the Euclidean distance of standardised variables.
type Match struct {
	// K is the number of nearest donors of each treated unit; 0 means no matching.
	K int
	// Outcomes asks for the outcome of every period before treatment. A mean would
	// choose donors that were high or low by chance and return to their own level
	// afterwards (Illenberger, Small & Shaw 2020, Epidemiology 31:815).
	Outcomes bool
	// Covariates are matched on their mean before treatment, missing values left out.
	Covariates []string
}

// Options choose the estimator. The zero value is simple DID.
type Options struct {
	Match Match
	// Detrend removes each unit's linear trend before treatment.
	Detrend bool
}

// Fit is the estimate with what an interval needs.
type Fit struct {
	panel.Estimate
	// Relative is D, units × periods, for the rows of the panel.
	Relative *mat.Dense
	// Design is the one estimated.
	Design panel.Design

	sizes []float64
	times []float64
}

// Estimate computes the effect of one block. Weights are those of the donors, 1/N₀
// each or, when matched, the share of the k·N₁ matches that fell on each. With
// Design.Start = T every period counts as before treatment and ATT is 0.
func Estimate(p *panel.Panel, d panel.Design, o Options) (*Fit, error) {
	if err := d.Check(p); err != nil {
		return nil, err
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	weights, err := o.Match.weights(p, d)
	if err != nil {
		return nil, err
	}
	rel, err := relative(p, d.Start, o.Detrend)
	if err != nil {
		return nil, err
	}
	f := &Fit{Relative: rel, Design: d, sizes: p.Size, times: p.Times}
	f.Weights = weights
	t := len(p.Times)
	f.Gaps = make([]float64, t)
	for s := range t {
		f.Gaps[s] = f.effect(func(i int) float64 { return rel.At(i, s) })
	}
	f.ATT = panel.MeanGap(f.Gaps, d.Start, t)
	f.PreRMSPE = panel.RMSPE(f.Gaps, 0, d.Start)
	f.PostRMSPE = panel.RMSPE(f.Gaps, d.Start, t)
	if math.IsInf(f.PreRMSPE+f.PostRMSPE, 0) || math.IsNaN(f.PreRMSPE+f.PostRMSPE) {
		return nil, fmt.Errorf("%w: outcomes overflow", panel.ErrMissing)
	}
	return f, nil
}

// Estimator is Estimate in the form inference calls.
func Estimator(o Options) panel.Estimator {
	return func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
		f, err := Estimate(p, d, o)
		if err != nil {
			return panel.Estimate{}, err
		}
		return f.Estimate, nil
	}
}

// effect is the treated mean of a unit quantity minus its weighted donor mean.
func (f *Fit) effect(of func(int) float64) float64 {
	var v float64
	for _, i := range f.Design.Treated {
		v += of(i) / float64(len(f.Design.Treated))
	}
	for k, i := range f.Design.Donors {
		if w := f.Weights[k]; w != 0 {
			v -= w * of(i)
		}
	}
	return v
}

// relative is D for all rows.
func relative(p *panel.Panel, start int, detrend bool) (*mat.Dense, error) {
	if detrend && start < 3 {
		return nil, fmt.Errorf("%w: treatment starts in column %d", ErrShortPre, start)
	}
	out := mat.DenseCopyOf(p.Y)
	at := mean(p.Times[:start])
	for i := range p.Units {
		row := out.RawRowView(i)
		level, slope := mean(row[:start]), 0.0
		if detrend {
			var sxy, sxx float64
			for s, y := range row[:start] {
				x := p.Times[s] - at
				sxy += x * (y - level)
				sxx += x * x
			}
			slope = sxy / sxx
		}
		for s := range row {
			row[s] -= level + slope*(p.Times[s]-at)
		}
	}
	return out, nil
}

// weights are 1/N₀ each, or the matches.
func (m Match) weights(p *panel.Panel, d panel.Design) ([]float64, error) {
	out := make([]float64, len(d.Donors))
	if m.K == 0 {
		for k := range out {
			out[k] = 1 / float64(len(out))
		}
		return out, nil
	}
	if m.K < 0 || m.K > len(d.Donors) {
		return nil, fmt.Errorf("%w: %d nearest of %d donors", ErrMatch, m.K, len(d.Donors))
	}
	rows := append(append([]int(nil), d.Donors...), d.Treated...)
	x, err := m.variables(p, rows, d.Start)
	if err != nil {
		return nil, err
	}
	scale, err := peers.NewScaler(x)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMatch, err)
	}
	keys, candidates := make([]string, len(rows)), make([]int, len(d.Donors))
	for a, i := range rows {
		keys[a] = p.Units[i]
	}
	for a := range candidates {
		candidates[a] = a
	}
	for a := range d.Treated {
		nearest, err := peers.Nearest(x, scale, nil, keys, len(d.Donors)+a, candidates, m.K)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMatch, err)
		}
		for _, n := range nearest {
			out[n.Unit] += 1 / float64(m.K*len(d.Treated))
		}
	}
	return out, nil
}

// variables is the matrix to match on. Periods in which no unit differs from any
// other say nothing and are left out.
func (m Match) variables(p *panel.Panel, rows []int, start int) (*mat.Dense, error) {
	var columns [][]float64
	if m.Outcomes {
		for s := range start {
			col := make([]float64, len(rows))
			for a, i := range rows {
				col[a] = p.Y.At(i, s)
			}
			if varies(col) {
				columns = append(columns, col)
			}
		}
	}
	for _, name := range m.Covariates {
		c, ok := p.Covariates[name]
		if !ok {
			return nil, fmt.Errorf("%w: covariate %q is not in the panel", ErrMatch, name)
		}
		col := make([]float64, len(rows))
		for a, i := range rows {
			v, n := 0.0, 0
			for _, x := range c.RawRowView(i)[:start] {
				if !math.IsNaN(x) {
					v += x
					n++
				}
			}
			if n == 0 || math.IsInf(v, 0) {
				return nil, fmt.Errorf("%w: covariate %q has no value before treatment for unit %q", ErrMatch, name, p.Units[i])
			}
			col[a] = v / float64(n)
		}
		if !varies(col) {
			return nil, fmt.Errorf("%w: covariate %q is the same for all units", ErrMatch, name)
		}
		columns = append(columns, col)
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("%w: nothing to match on; ask for Outcomes or name Covariates", ErrMatch)
	}
	x := mat.NewDense(len(rows), len(columns), nil)
	for k, col := range columns {
		x.SetCol(k, col)
	}
	return x, nil
}

func varies(v []float64) bool {
	for _, x := range v {
		if x != v[0] {
			return true
		}
	}
	return false
}

func mean(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}
