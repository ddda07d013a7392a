package evaluate

import (
	"context"
	"errors"
	"fmt"

	"github.com/bygdevekst/bygdevekst/analysis/sdid"
)

// errNotFor says that an inference does not exist for a method.
type errNotFor struct{ why string }

func (e errNotFor) Error() string { return e.why }

// Unavailable stands where an inference has no answer on these data.
type Unavailable struct {
	Reason string `json:"unavailable"`
}

// inferred is one inference: what it says, and the interval of the effect and of
// the periods where it gives them.
type inferred struct {
	says     any
	interval interval
	bands    []interval
	flags    []string
}

// infer runs the inferences asked for, in order. The first that gives an interval
// of the effect gives the estimate's, and so for the periods.
func (p *problem) infer(ctx context.Context, e *fitted, r *Result) error {
	effect, periods := false, false
	for i, name := range p.spec.Inference {
		x, err := p.inferOne(ctx, e, name)
		var never errNotFor
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &never):
			return specErrorf(fmt.Sprintf("inference[%d]", i), "%q is not defined for method %s: %s", name, p.spec.Method, never.why)
		case err != nil:
			r.Inference[name] = Unavailable{err.Error()}
			r.Fit.Flags = append(r.Fit.Flags, fmt.Sprintf("inference %s has no answer: %v", name, err))
			continue
		}
		if x.says != nil {
			r.Inference[name] = x.says
		}
		r.Fit.Flags = append(r.Fit.Flags, x.flags...)
		if x.interval.SE.known() || x.interval.Lower.known() {
			if !effect {
				r.Estimate.SE, r.Estimate.Lower, r.Estimate.Upper = x.interval.SE, x.interval.Lower, x.interval.Upper
			}
			effect = true
		}
		if x.bands != nil {
			for c := range r.Estimate.PerPeriod {
				if !periods {
					r.Estimate.PerPeriod[c].Lower, r.Estimate.PerPeriod[c].Upper = x.bands[c].Lower, x.bands[c].Upper
				}
			}
			periods = true
		}
	}
	return nil
}

func (p *problem) inferOne(ctx context.Context, e *fitted, name string) (inferred, error) {
	if p.spec.Method == "att-gt" {
		if name == "bootstrap" {
			return p.multiplier(e)
		}
		return inferred{}, errNotFor{"its standard errors come from influence functions or, with bootstrap, from the multiplier bootstrap"}
	}
	switch name {
	case "placebo-se", "jackknife", "bootstrap":
		return p.variance(ctx, e, name)
	}
	if len(e.blocks) > 1 {
		return inferred{}, fmt.Errorf("units are treated from %d different periods; %s needs one: use placebo-se, or evaluate them one at a time with exclude", len(e.blocks), name)
	}
	return p.permute(ctx, e, name)
}

// multiplier says what the estimator of att-gt has done already.
func (p *problem) multiplier(e *fitted) (inferred, error) {
	if !e.interval.SE.known() {
		return inferred{}, errors.New("a group of one unit shows no spread of its own, and no other group is there")
	}
	says := &Variance{interval: e.interval, P: unknown, SmallestP: unknown, Replicates: p.multiplierDraws(), MonteCarloSE: unknown}
	return inferred{says: says, interval: noInterval}, nil
}

// Variance is the spread of replicated estimates.
type Variance struct {
	interval
	// P is the share of placebos at least as far from zero, the estimate counted;
	// null for jackknife and bootstrap.
	P          Number `json:"p"`
	SmallestP  Number `json:"smallest_p"`
	Replicates int    `json:"replicates"`
	// Enumerated says that these are all the replicates there are.
	Enumerated bool `json:"enumerated"`
	// MonteCarloSE is the standard error of se from drawing only so many.
	MonteCarloSE Number `json:"monte_carlo_se"`
	// SizeAdjusted is the same with each placebo scaled to the size of the treated.
	SizeAdjusted *Variance `json:"size_adjusted,omitempty"`
}

func variance(v *sdid.Variance) *Variance {
	if v == nil {
		return nil
	}
	out := &Variance{
		interval: interval{Number(v.SE), Number(v.Lower), Number(v.Upper)}, P: Number(v.P), SmallestP: Number(v.SmallestP),
		Replicates: len(v.Draws), Enumerated: v.Enumerated, MonteCarloSE: Number(v.MonteCarlo), SizeAdjusted: variance(v.SizeAdjusted),
	}
	if v.SmallestP == 0 {
		out.P, out.SmallestP = unknown, unknown
	}
	return out
}

// variance runs the replications of synthetic difference-in-differences; its
// placebos exist for every method. With sizes the adjusted spread is the interval.
func (p *problem) variance(ctx context.Context, e *fitted, name string) (inferred, error) {
	o := sdid.VarianceOptions{Replications: p.spec.Replications, Seed: p.spec.Seed, Level: p.spec.Level}
	method, own := sdidMethods[p.spec.Method]
	if !own && name != "placebo-se" {
		return inferred{}, errNotFor{"resampling units is not valid for weights or matches chosen by fit; use placebo-se"}
	}
	var v *sdid.Variance
	var err error
	switch {
	case name == "jackknife":
		v, err = sdid.Jackknife(e.panel, e.blocks, sdid.Options{Method: method}, o)
	case name == "bootstrap":
		v, err = sdid.Bootstrap(ctx, e.panel, e.blocks, sdid.Options{Method: method}, o)
	case own:
		v, err = sdid.Placebo(ctx, e.panel, e.blocks, sdid.Options{Method: method}, o)
	default:
		v, err = sdid.PlaceboOf(ctx, e.panel, e.blocks, e.estimators, o)
	}
	if err != nil {
		return inferred{}, err
	}
	says := variance(v)
	out := inferred{says: says, interval: says.interval}
	if says.SizeAdjusted != nil {
		out.interval = says.SizeAdjusted.interval
	}
	return out, nil
}
