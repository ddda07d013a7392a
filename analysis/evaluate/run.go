package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Run reads the panel, estimates the effect and makes the inference the
// specification asks for. Version is written into the result.
func Run(ctx context.Context, s *Spec, data io.Reader, version string) (*Result, error) {
	f, err := readFrame(data, s)
	if err != nil {
		return nil, err
	}
	p, err := newProblem(f, s)
	if err != nil {
		return nil, err
	}
	r, err := p.evaluate(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, p.explain(err)
	}
	r.Version = version
	return r, nil
}

// explain wraps what the estimators found in ErrMethod, unless it is explained already.
func (p *problem) explain(err error) error {
	if errors.Is(err, ErrSpec) || errors.Is(err, ErrData) || errors.Is(err, ErrMethod) {
		return err
	}
	return fmt.Errorf("%w: method %s: %w", ErrMethod, p.spec.Method, err)
}

// fitted is an estimated effect before it is made a Result.
type fitted struct {
	observed, counterfactual []float64
	gaps                     []float64
	att                      float64
	weights                  []float64 // In the order of donors; nil where the method has none.
	timeWeights              []float64 // By column before start; nil where the method has none.
	v                        []float64
	fit                      Fit
	// design and estimator are what permutation inference calls; estimator is nil
	// where starts differ.
	design    panel.Design
	estimator panel.Estimator
}

func (p *problem) evaluate(ctx context.Context) (*Result, error) {
	p.noteUnused()
	var e *fitted
	var err error
	switch {
	case strings.HasPrefix(p.spec.Method, "sc"):
		e, err = p.syntheticControl()
	default:
		err = specErrorf("method", "%q cannot be run", p.spec.Method)
	}
	if err != nil {
		return nil, err
	}
	r := p.result(e)
	return r, nil
}

// noteUnused flags fields the method has no use for, so that nobody believes
// they were heard.
func (p *problem) noteUnused() {
	s := p.spec
	sc := strings.HasPrefix(s.Method, "sc")
	matches := s.Method == "sc" || s.Method == "sc-penalised"
	for _, f := range []struct {
		name        string
		given, used bool
	}{
		{"predictors", len(s.Predictors) > 0, matches || s.Method == "did-matched"},
		{"v", s.V.Rule != optimise, matches},
		{"train", s.Train != nil, s.Method == "sc"},
		{"scale", s.Scale != "sd", matches},
		{"fit_window", !s.FitWindow.empty(), sc},
		{"lambda", s.Lambda != nil, s.Method == "sc-penalised" || s.Method == "sc-ridge"},
		{"covariates", len(s.Covariates) > 0, !sc},
	} {
		if f.given && !f.used {
			p.flags = append(p.flags, fmt.Sprintf("%s is not used by method %s", f.name, s.Method))
		}
	}
}

// commonStart is the design of a block of units treated from the same period.
func (p *problem) commonStart() (panel.Design, error) {
	for i, start := range p.starts {
		if start != p.starts[0] {
			return panel.Design{}, specErrorf("method", "%q needs one start, but %s is treated from %s and %s from %s; use sdid, did or att-gt, or evaluate them one at a time with exclude",
				p.spec.Method, p.panel.Units[p.treated[0]], p.times[p.starts[0]].Label, p.panel.Units[p.treated[i]], p.times[start].Label)
		}
	}
	return panel.Design{Treated: p.treated, Donors: p.donors, Start: p.starts[0]}, nil
}

func (p *problem) result(e *fitted) *Result {
	r := &Result{
		Method:    p.spec.Method,
		Estimate:  Estimate{ATT: Number(e.att), SE: unknown, Lower: unknown, Upper: unknown, PerPeriod: []Period{}},
		Weights:   []UnitWeight{},
		V:         []Number{},
		Fit:       e.fit,
		Inference: map[string]any{},
		Donors:    []string{},
		Seed:      p.spec.Seed,
		Outcome:   p.spec.Outcome,
		Start:     p.times[slices.Min(p.starts)],

		TimeWeights: []TimeWeight{},
	}
	r.Fit.Flags = append(append([]string{}, p.flags...), e.fit.Flags...)
	for c, m := range p.times {
		if c < len(e.gaps) {
			r.Estimate.PerPeriod = append(r.Estimate.PerPeriod, Period{Time: m, Observed: Number(e.observed[c]),
				Counterfactual: Number(e.counterfactual[c]), Gap: Number(e.gaps[c]), Lower: unknown, Upper: unknown})
		}
		if c < len(e.timeWeights) {
			r.TimeWeights = append(r.TimeWeights, TimeWeight{m, Number(e.timeWeights[c])})
		}
	}
	for a, i := range p.donors {
		r.Donors = append(r.Donors, p.panel.Units[i])
		if e.weights != nil {
			r.Weights = append(r.Weights, UnitWeight{p.panel.Units[i], Number(e.weights[a])})
		}
	}
	slices.SortStableFunc(r.Weights, func(a, b UnitWeight) int {
		switch {
		case a.Weight > b.Weight:
			return -1
		case a.Weight < b.Weight:
			return 1
		}
		return 0
	})
	for _, v := range e.v {
		r.V = append(r.V, Number(v))
	}
	return r
}
