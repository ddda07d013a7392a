// Package panel holds the one data type every estimator of analysis works on:
// a balanced outcome panel of units by periods, with optional covariates and
// unit sizes. It knows no municipality, no SQL and no HTTP.
package panel

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Sentinel errors for data-dependent failures. They are wrapped with the unit,
// period or column that caused them; test with errors.Is.
var (
	// ErrShape reports matrices whose dimensions disagree with Units and Times.
	ErrShape = errors.New("panel: shape mismatch")
	// ErrMissing reports a NaN or infinite outcome where a balanced panel is required.
	ErrMissing = errors.New("panel: missing outcome")
	// ErrUnknownUnit reports a unit name that is not in the panel.
	ErrUnknownUnit = errors.New("panel: unknown unit")
	// ErrUnknownTime reports a period that is not in the panel.
	ErrUnknownTime = errors.New("panel: unknown period")
	// ErrDuplicate reports a unit or period given twice.
	ErrDuplicate = errors.New("panel: duplicate")
)

// Panel is a balanced panel: N = len(Units) rows, T = len(Times) columns.
type Panel struct {
	// Units are the unit names in row order, each once.
	Units []string
	// Times are the periods in column order, strictly increasing. They are
	// float64 because published panels use quarters as 2012.25.
	Times []float64
	// Y is the N×T outcome matrix.
	Y *mat.Dense
	// Covariates are N×T matrices by column name; NaN marks a missing value.
	Covariates map[string]*mat.Dense
	// Size is the population or denominator of each unit (length N), used by
	// size-adjusted placebos; nil when unknown.
	Size []float64
}

// Validate checks shapes, uniqueness and that every outcome is finite.
func (p *Panel) Validate() error {
	n, t := len(p.Units), len(p.Times)
	if n == 0 || t == 0 || p.Y == nil {
		return fmt.Errorf("%w: %d units, %d periods", ErrShape, n, t)
	}
	if r, c := p.Y.Dims(); r != n || c != t {
		return fmt.Errorf("%w: outcome is %d×%d, want %d×%d", ErrShape, r, c, n, t)
	}
	seen := make(map[string]bool, n)
	for _, u := range p.Units {
		if seen[u] {
			return fmt.Errorf("%w: unit %q", ErrDuplicate, u)
		}
		seen[u] = true
	}
	for j := 1; j < t; j++ {
		if !(p.Times[j] > p.Times[j-1]) {
			return fmt.Errorf("%w: period %v after %v", ErrDuplicate, p.Times[j], p.Times[j-1])
		}
	}
	for i := range n {
		for j, v := range p.Y.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%w: unit %q, period %v", ErrMissing, p.Units[i], p.Times[j])
			}
		}
	}
	for name, c := range p.Covariates {
		if r, k := c.Dims(); r != n || k != t {
			return fmt.Errorf("%w: covariate %q is %d×%d, want %d×%d", ErrShape, name, r, k, n, t)
		}
	}
	if p.Size != nil && len(p.Size) != n {
		return fmt.Errorf("%w: %d sizes for %d units", ErrShape, len(p.Size), n)
	}
	return nil
}

// Unit returns the row of a unit, or ErrUnknownUnit.
func (p *Panel) Unit(name string) (int, error) {
	for i, u := range p.Units {
		if u == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrUnknownUnit, name)
}

// Time returns the column of a period, or ErrUnknownTime.
func (p *Panel) Time(t float64) (int, error) {
	for j, v := range p.Times {
		if v == t {
			return j, nil
		}
	}
	return 0, fmt.Errorf("%w: %v", ErrUnknownTime, t)
}

// Subset returns a new panel of the given rows and columns, in the given order.
// Columns must be increasing.
func (p *Panel) Subset(rows, cols []int) *Panel {
	q := &Panel{Units: make([]string, len(rows)), Times: make([]float64, len(cols))}
	for a, i := range rows {
		q.Units[a] = p.Units[i]
	}
	for b, j := range cols {
		q.Times[b] = p.Times[j]
	}
	q.Y = take(p.Y, rows, cols)
	if p.Covariates != nil {
		q.Covariates = make(map[string]*mat.Dense, len(p.Covariates))
		for name, c := range p.Covariates {
			q.Covariates[name] = take(c, rows, cols)
		}
	}
	if p.Size != nil {
		q.Size = make([]float64, len(rows))
		for a, i := range rows {
			q.Size[a] = p.Size[i]
		}
	}
	return q
}

func take(m *mat.Dense, rows, cols []int) *mat.Dense {
	out := mat.NewDense(len(rows), len(cols), nil)
	for a, i := range rows {
		src, dst := m.RawRowView(i), out.RawRowView(a)
		for b, j := range cols {
			dst[b] = src[j]
		}
	}
	return out
}
