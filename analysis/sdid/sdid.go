// Package sdid estimates synthetic difference-in-differences (Arkhangelsky,
// Athey, Hirshberg, Imbens & Wager 2021, AER 111:4088), with plain synthetic
// control and difference-in-differences as its two special cases, and its
// variance.
//
// For a block of N₁ units treated in the last T₁ periods and N₀ donors seen T₀
// periods before,
//
//	ω = argmin Σ_{t≤T₀} (ω₀ + Σ_i ω_i Y_it − Ȳ_tr,t)² + ζ² T₀ ‖ω‖²
//	λ = argmin Σ_{i∈co} (λ₀ + Σ_{t≤T₀} λ_t Y_it − Ȳ_i,post)² + (10⁻⁶σ)² N₀ ‖λ‖²
//	τ = [Ȳ_tr,post − Σ λ_t Ȳ_tr,t] − Σ_i ω_i [Ȳ_i,post − Σ λ_t Y_it]
//
// with ω and λ on the simplex, ζ = (N₁T₁)^¼ σ and σ the standard deviation of
// the first differences of donor outcomes before treatment. Both problems are
// solved to their exact minimum with a certificate; the Frank–Wolfe iterations of
// the R package synthdid stop early, which on California's Proposition 99 gives
// −15.6038 where the minimum gives −15.6054.
package sdid

import (
	"errors"
	"fmt"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Sentinel errors for data that define no estimate or no variance.
var (
	// ErrShortPre reports fewer than two periods before treatment, from which
	// neither σ nor unit weights can be had; DID needs only one.
	ErrShortPre = errors.New("sdid: fewer than two periods before treatment")
	// ErrNotConverged reports weights whose certificate failed; they are withheld.
	ErrNotConverged = errors.New("sdid: weights not solved to tolerance")
	// ErrCovariate reports a covariate that is unknown, has missing values, or is
	// determined by unit, period and the other covariates.
	ErrCovariate = errors.New("sdid: unusable covariate")
	// ErrVariance reports a variance that the design does not define.
	ErrVariance = errors.New("sdid: variance not defined for this design")
)

// Method names the weights.
type Method int

const (
	// SDID has ridge-regularised unit weights and time weights, both with intercept.
	SDID Method = iota
	// SC is the synthetic control of the R package: unit weights with ridge
	// (10⁻⁶σ)² T₀ and no intercept, no time weights.
	SC
	// DID has equal weights of units and of periods.
	DID
)

// Adjustment says how covariates enter.
type Adjustment int

const (
	// Projected regresses the outcome on covariates, unit and period effects over
	// all untreated cells and subtracts xβ before anything else (Kranz 2022). β is
	// not estimated again for placebos.
	Projected Adjustment = iota
	// Joint chooses β together with ω and λ, minimising the sum of both problems
	// divided by T₀ and N₀, as the original paper's package does. The problem is
	// bilinear: alternating exact minimisation from β = 0 ends in a stationary
	// point, not always the global one.
	Joint
)

// Options choose the estimator. The zero value is SDID without covariates.
type Options struct {
	Method Method
	// Covariates are names of Panel.Covariates. No value may be missing.
	Covariates []string
	Adjust     Adjustment
}

// Fit is the estimate of one block.
type Fit struct {
	panel.Estimate
	// TimeWeights is λ over the periods before treatment; nil for SC, whose τ
	// compares levels.
	TimeWeights []float64
	// Sigma is σ; Zeta is the ζ used for the unit weights.
	Sigma, Zeta float64
	// Beta are the coefficients of the covariates, in the order of Options.
	Beta []float64
	// Gap is the larger of the two duality gaps, each relative to its objective's
	// scale Σ‖x‖²/n: how far the weights can be from the minimum.
	Gap float64
}

// Estimate fits one block. Gaps are the weighted difference of every period
// minus its λ-weighted mean before treatment, so that the gaps after treatment
// average to ATT. With Design.Start = T the periods have equal weight, ζ is that
// of one treated period, and ATT is 0.
func Estimate(p *panel.Panel, d panel.Design, o Options) (*Fit, error) {
	if err := d.Check(p); err != nil {
		return nil, err
	}
	q, beta, err := adjusted(p, []panel.Design{d}, o)
	if err != nil {
		return nil, err
	}
	f, err := estimate(q, d, o)
	if err == nil && beta != nil {
		f.Beta = beta
	}
	return f, err
}

// estimate fits a block on a panel whose covariates, if they are projected, have
// been taken out.
func estimate(p *panel.Panel, d panel.Design, o Options) (*Fit, error) {
	w, done := borrow(p)
	defer done()
	if joint(o) {
		return w.joint(p, d, o)
	}
	return w.fit(d, o, nil)
}

// Estimator is Estimate in the form inference calls: thousands of times on one panel,
// so that without covariates it asks for no more than that the design's own rows can be used.
func Estimator(o Options) panel.Estimator {
	return func(p *panel.Panel, d panel.Design) (panel.Estimate, error) {
		fit := Estimate
		if len(o.Covariates) == 0 && usable(p, d) {
			fit = estimate
		}
		f, err := fit(p, d, o)
		if err != nil {
			return panel.Estimate{}, err
		}
		return f.Estimate, nil
	}
}

// usable says that the design is possible and its rows are whole; Estimate tells what is
// wrong where they are not.
func usable(p *panel.Panel, d panel.Design) bool {
	if p.Y == nil || d.Check(p) != nil {
		return false
	}
	if r, c := p.Y.Dims(); r != len(p.Units) || c != len(p.Times) {
		return false
	}
	return whole(p, d.Treated) && whole(p, d.Donors)
}

// whole says that every outcome of the rows is finite: 0·v is 0 for those only.
func whole(p *panel.Panel, rows []int) bool {
	for _, i := range rows {
		var zero float64
		for _, v := range p.Y.RawRowView(i) {
			zero += 0 * v
		}
		if zero != 0 {
			return false
		}
	}
	return true
}

// Residualise returns the panel with xβ taken from the outcome, and β: the
// Projected adjustment by itself, for inference that calls an estimator many times
// with β held fixed. Blocks share their donors.
func Residualise(p *panel.Panel, blocks []panel.Design, covariates []string) (*panel.Panel, []float64, error) {
	return prepare(p, blocks, Options{Covariates: covariates})
}

// adjusted validates the panel and subtracts projected covariates.
func adjusted(p *panel.Panel, blocks []panel.Design, o Options) (*panel.Panel, []float64, error) {
	if err := p.Validate(); err != nil {
		return nil, nil, err
	}
	if len(o.Covariates) == 0 {
		return p, nil, nil
	}
	if err := checkCovariates(p, blocks, o.Covariates); err != nil {
		return nil, nil, err
	}
	if o.Adjust == Joint {
		return p, nil, nil
	}
	beta, err := project(p, blocks, o.Covariates)
	if err != nil {
		return nil, nil, err
	}
	return subtract(p, o.Covariates, beta), beta, nil
}

// noise is σ, the standard deviation (n−1) of the first differences of donor
// outcomes before treatment; 0 for a single difference.
func noise(p *panel.Panel, donors []int, start int) float64 {
	n := len(donors) * (start - 1)
	if n < 2 {
		return 0
	}
	var mean, ss float64
	for _, i := range donors {
		row := p.Y.RawRowView(i)
		mean += (row[start-1] - row[0]) / float64(n)
	}
	for _, i := range donors {
		row := p.Y.RawRowView(i)
		var even, odd float64
		for t := 1; t < start; t++ {
			v := row[t] - row[t-1] - mean
			even, odd = odd, even+v*v
		}
		ss += even + odd
	}
	return math.Sqrt(ss / float64(n-1))
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func notConverged(what string, gap float64) error {
	return fmt.Errorf("%w: %s, relative duality gap %.3g", ErrNotConverged, what, gap)
}
