package evaluate

import (
	"cmp"
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
	// interval is the method's own, unknown where it has none, and bands those of
	// the periods, nil where it has none.
	interval interval
	bands    []interval
	weights  []float64 // In the order of donors; nil where the method has none.
	// timeWeights are by column before the start; nil where the method has none.
	timeWeights []float64
	v           []float64
	fit         Fit
	// details are what the method has to say beyond this, by name.
	details map[string]any
	// panel is the one that inference works on: with predictors as covariates, or
	// with covariates taken out of the outcome.
	panel *panel.Panel
	// blocks are the designs, one for each start.
	blocks []panel.Design
	// estimators are what placebos call, one for each block, or none. whole fits
	// every period, as conformal inference asks of a single block.
	estimators []panel.Estimator
	whole      panel.Estimator
}

// interval is a standard error with an interval.
type interval struct {
	SE    Number `json:"se"`
	Lower Number `json:"lower"`
	Upper Number `json:"upper"`
}

var noInterval = interval{unknown, unknown, unknown}

func (p *problem) evaluate(ctx context.Context) (*Result, error) {
	p.noteUnused()
	var e *fitted
	var err error
	switch p.spec.Method {
	case "sdid", "did":
		e, err = p.differences()
	case "did-matched":
		e, err = p.byCohort(p.matched)
	case "att-gt":
		e, err = p.groupTime()
	default:
		e, err = p.byCohort(p.syntheticControl)
	}
	if err != nil {
		return nil, err
	}
	r := p.result(e)
	return r, p.infer(ctx, e, r)
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
		{"predictors", len(s.Predictors) > 0, matches || s.Method == "did-matched" || s.Method == "sc-ridge"},
		{"neighbours", s.Neighbours > 0, s.Method == "did-matched"},
		{"control", s.Control != "", s.Method == "att-gt"},
		{"adjustment", s.Adjustment != "", s.Method == "att-gt"},
		{"base_period", s.BasePeriod != "", s.Method == "att-gt"},
		{"anticipation", s.Anticipation > 0, s.Method == "att-gt"},
		{"donors", len(s.Donors) > 0, s.Method != "att-gt" || s.Control != notYetTreated},
		{"v", s.V.Rule != optimise, matches},
		{"train", s.Train != nil, s.Method == "sc"},
		{"scale", s.Scale != "sd", matches},
		{"fit_window", !s.FitWindow.empty(), sc},
		{"lambda", s.Lambda != nil, s.Method == "sc-penalised" || s.Method == "sc-ridge"},
		{"covariates", len(s.Covariates) > 0, !sc || s.Method == "sc-ridge"},
	} {
		if f.given && !f.used {
			p.flags = append(p.flags, fmt.Sprintf("%s is not used by method %s", f.name, s.Method))
		}
	}
}

func (p *problem) result(e *fitted) *Result {
	r := &Result{
		Method:    p.spec.Method,
		Estimate:  Estimate{ATT: Number(e.att), SE: e.interval.SE, Lower: e.interval.Lower, Upper: e.interval.Upper, PerPeriod: []Period{}},
		Weights:   p.unitWeights(e.weights),
		V:         []Number{},
		Fit:       e.fit,
		Inference: e.details,
		Donors:    []string{},
		Seed:      p.spec.Seed,
		Outcome:   p.spec.Outcome,
		Start:     p.times[slices.Min(p.starts)],

		TimeWeights: p.timeWeights(e.timeWeights),
	}
	if r.Inference == nil {
		r.Inference = map[string]any{}
	}
	r.Fit.Flags = append(append([]string{}, p.flags...), e.fit.Flags...)
	for c, m := range p.times {
		band := noInterval
		if c < len(e.bands) {
			band = e.bands[c]
		}
		r.Estimate.PerPeriod = append(r.Estimate.PerPeriod, Period{
			Time: m, Observed: Number(e.observed[c]),
			Counterfactual: Number(e.counterfactual[c]), Gap: Number(e.gaps[c]), Lower: band.Lower, Upper: band.Upper,
		})
	}
	for _, i := range p.donors {
		r.Donors = append(r.Donors, p.panel.Units[i])
	}
	for _, v := range e.v {
		r.V = append(r.V, Number(v))
	}
	return r
}

// unitWeights names the donors of weights, the largest first.
func (p *problem) unitWeights(weights []float64) []UnitWeight {
	out := []UnitWeight{}
	for a, w := range weights {
		out = append(out, UnitWeight{p.panel.Units[p.donors[a]], Number(w)})
	}
	slices.SortStableFunc(out, func(a, b UnitWeight) int { return cmp.Compare(b.Weight, a.Weight) })
	return out
}

func (p *problem) timeWeights(weights []float64) []TimeWeight {
	out := []TimeWeight{}
	for c, w := range weights {
		out = append(out, TimeWeight{p.times[c], Number(w)})
	}
	return out
}
