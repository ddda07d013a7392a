package effects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/bygdevekst/bygdevekst/analysis/inference"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/power"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Input is what effects are computed from besides a release's content.
type Input struct {
	Catalogue *catalogue.Catalogue
	Seed      uint64
	// Workers is the number of goroutines, 0 for one per processor; results do not
	// depend on it.
	Workers int
}

// The flags an estimate may carry, besides those of synth and the gates of
// inference.
const (
	// FlagDescriptive: the design's confirmatory look is later.
	FlagDescriptive = "descriptive"
	// FlagExploratory: the indicator is no outcome of the design.
	FlagExploratory = "exploratory"
	// FlagFewDonors: fewer donors than the design asks for.
	FlagFewDonors = "few-donors"
)

// WithNeighbours is added to the name of the primary method where the
// municipalities left out as spill-over are among the donors: the difference
// between the two says how much spill-over there may be.
const WithNeighbours = "-with-neighbours"

// EachPooled is added to the name of the primary method where every municipality
// of an agreement is estimated by itself and the effects are averaged by size;
// the test is a joint permutation over sets of donors and treated matched on size.
const EachPooled = "-each-pooled"

// Derive fills the effect tables of a release whose values, comparison groups
// and attainment are there. Only agreements with a registered design of their own
// are evaluated.
func Derive(ctx context.Context, in Input, c *cube.Content) error {
	src := newSource(c)
	var all []*result
	for i := range in.Catalogue.Designs {
		if d := &in.Catalogue.Designs[i]; d.Agreement != "" {
			for _, st := range src.studies(d, in.Catalogue) {
				all = append(all, &result{study: st, seed: in.Seed ^ d.Seed, aim: src.aim(st)})
			}
		}
	}
	if err := each(ctx, in.Workers, all); err != nil {
		return err
	}
	families(all)
	for _, r := range all {
		r.append(c)
	}
	sortRows(c)
	return nil
}

// each evaluates the studies from several goroutines.
func each(ctx context.Context, workers int, all []*result) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	errs := make([]error, len(all))
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				errs[i] = all[i].evaluate(ctx)
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	group.Wait()
	return errors.Join(errs...)
}

// result is a study with what was found.
type result struct {
	study *study
	seed  uint64
	aim   aim
	// methods are the estimates, the primary one first.
	methods []*estimate
	// powerOf is the simulated power of one treated year, two, and so on.
	powerOf []*power.Result
	power   []cube.Power
}

// estimate is one method's answer to a study.
type estimate struct {
	method  string
	primary bool
	panel   *panel.Panel
	space   *inference.SpaceResult
	joint   *inference.JointResult // Instead of space, for EachPooled.
	flags   []string
	reason  Reason
	mde     float64
	// family is the p corrected for the design's families; NaN when it is none.
	family float64
}

// ok reports whether there is an estimate.
func (e *estimate) ok() bool { return e.space != nil }

func (r *result) options() inference.Options {
	o := inference.Options{Workers: 1, Seed: r.seed, Level: 1 - r.study.design.Looks.Alpha}
	switch r.study.indicator.Polarity {
	case catalogue.Up:
		o.Direction = 1
	case catalogue.Down:
		o.Direction = -1
	}
	return o
}

func (r *result) evaluate(ctx context.Context) error {
	st := r.study
	d := st.design
	if st.panel == nil {
		r.methods = []*estimate{{method: string(d.Method), primary: true, reason: st.reason, mde: math.NaN(), family: math.NaN()}}
		return nil
	}
	if err := r.powers(ctx); err != nil {
		return err
	}
	if st.postYears() == 0 {
		r.methods = []*estimate{{method: string(d.Method), primary: true, reason: ReasonNoOutcome, mde: math.NaN(), family: math.NaN()}}
		return nil
	}
	for i, m := range slices.Concat([]catalogue.Estimator{d.Method}, d.Others) {
		e, err := r.run(ctx, m, st.panel)
		if err != nil {
			return err
		}
		e.primary = i == 0
		if e.ok() {
			e.mde = r.mde(e)
		}
		r.methods = append(r.methods, e)
	}
	if st.each != nil {
		e, err := r.runEach(ctx)
		if err != nil {
			return err
		}
		r.methods = append(r.methods, e)
	}
	if st.near != nil {
		e, err := r.run(ctx, d.Method, st.near)
		if err != nil {
			return err
		}
		e.method += WithNeighbours
		if e.ok() {
			e.mde = r.mde(e)
		}
		r.methods = append(r.methods, e)
	}
	return nil
}

// run estimates one method with its placebos.
func (r *result) run(ctx context.Context, m catalogue.Estimator, p *panel.Panel) (*estimate, error) {
	st := r.study
	e := &estimate{method: string(m), panel: p, mde: math.NaN(), family: math.NaN(), reason: st.reason, flags: st.flags(p)}
	est, spec, ok := estimator(m, p, st.start)
	if !ok {
		e.reason = ReasonMethod
		return e, nil
	}
	if spec != nil {
		fit, err := spec.Fit(p, st.design1(p))
		if err != nil {
			e.reason = ReasonMethod
			return e, nil
		}
		for _, f := range fit.Flags {
			e.flags = append(e.flags, string(f))
		}
		if spec.Method == synth.Penalised {
			// The penalty is chosen by leaving donors out, without a look at the treated
			// unit, so its placebos share it.
			spec.Lambda, spec.LambdaRule = fit.Lambda, synth.LambdaFixed
			est = spec.Estimator()
		}
	}
	space, err := inference.Space(ctx, p, st.design1(p), est, r.options())
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", st, err)
		}
		e.reason = ReasonMethod
		return e, nil
	}
	e.space = space
	for _, g := range space.Gates.Closed {
		e.flags = append(e.flags, string(g))
	}
	if q := preFitQuantile(space); q > st.design.Gates.MaxPreFitQuantile && e.reason == ReasonNone {
		e.reason = ReasonPreFit
	}
	return e, nil
}

// runEach estimates every municipality by itself and tests their average.
func (r *result) runEach(ctx context.Context) (*estimate, error) {
	st, p := r.study, r.study.each
	e := &estimate{method: string(st.design.Method) + EachPooled, panel: p, mde: math.NaN(), family: math.NaN(), reason: st.reason, flags: st.flags(p)}
	d := panel.Design{Start: st.start}
	for i := range p.Units {
		if i < st.treated {
			d.Treated = append(d.Treated, i)
		} else {
			d.Donors = append(d.Donors, i)
		}
	}
	est, _, ok := estimator(st.design.Method, p, st.start)
	if !ok {
		e.reason = ReasonMethod
		return e, nil
	}
	joint, err := inference.Joint(ctx, p, d, est, inference.JointOptions{Options: r.options(), Weights: p.Size[:st.treated]})
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", st, err)
	case err != nil:
		e.reason = ReasonMethod
	default:
		e.joint = joint
		if t := joint.SizeAdjusted; t.Reason == "" && t.SE > 0 {
			e.mde = power.Quick(t.SE, st.design.Looks.Alpha, st.design.Gates.Power)
		}
	}
	return e, nil
}

// preFitQuantile is the share of placebos that are followed better before the
// start than the treated unit.
func preFitQuantile(s *inference.SpaceResult) float64 {
	better, n := 0, 0
	for _, p := range s.Placebos {
		if p.Failed != "" {
			continue
		}
		n++
		if p.Estimate.PreRMSPE < s.Treated.PreRMSPE {
			better++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(better) / float64(n)
}

// flags are those the study itself gives an estimate.
func (s *study) flags(p *panel.Panel) []string {
	var out []string
	if last := int(p.Times[len(p.Times)-1]); s.design.Looks.Spending == catalogue.Confirmatory && last < s.design.Looks.Confirmatory {
		out = append(out, FlagDescriptive)
	}
	if !s.outcome {
		out = append(out, FlagExploratory)
	}
	if len(p.Units)-1 < s.design.Donors.Min {
		out = append(out, FlagFewDonors)
	}
	return out
}

// append adds the rows of a result.
func (r *result) append(c *cube.Content) {
	st := r.study
	for _, e := range r.methods {
		c.Effects = append(c.Effects, r.row(e))
		if !e.ok() {
			continue
		}
		r.path(c, e)
		for i, w := range e.space.Treated.Weights {
			// Weights are given for what carries any; a donor left out has none.
			if w != 0 {
				c.EffectWeights = append(c.EffectWeights, cube.EffectWeight{
					Design: st.design.ID, Indicator: st.indicator.ID, Region: st.region, Method: e.method, Donor: e.panel.Units[i+1], Weight: cube.Float(w),
				})
			}
		}
		if e.primary {
			r.placebos(c, e)
			r.shares(c, e)
		}
	}
	c.Powers = append(c.Powers, r.power...)
}

func (r *result) row(e *estimate) cube.Effect {
	st := r.study
	row := cube.Effect{
		Design: st.design.ID, Indicator: st.indicator.ID, Region: st.region, Method: e.method, Primary: e.primary, Start: int32(st.design.Start),
		ATT: cube.Null, SE: cube.Null, Lower: cube.Null, Upper: cube.Null, P: cube.Null, SmallestP: cube.Null, PAdjusted: cube.Null, PFamily: cube.Null,
		MDE: cube.Null, PreRMSPE: cube.Null, PostRMSPE: cube.Null, Ratio: cube.Null, Needed: cube.Null, Flags: strings.Join(e.flags, ","),
	}
	f := Finding{Refused: e.reason, ATT: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), P: math.NaN(), Alpha: st.design.Looks.Alpha, MDE: e.mde, Needed: math.NaN()}
	if e.ok() {
		s := e.space
		row.PreRMSPE, row.PostRMSPE = cube.Float(s.Treated.PreRMSPE), cube.Float(s.Treated.PostRMSPE)
		if s.Reason == "" {
			row.Ratio = cube.Float(s.Ratio)
		}
		e.fill(&row, &f, s.Treated.ATT, s.RatioP, s.SizeAdjusted, 1)
	} else if e.joint != nil {
		e.fill(&row, &f, e.joint.Plain.Effect, e.joint.Plain.P, e.joint.SizeAdjusted, st.treated)
	}
	if e.ok() || e.joint != nil {
		row.MDE, row.PFamily = number(e.mde), number(e.family)
		if e.family > f.P {
			// What is looked for among many figures is judged among them.
			f.P = e.family
		}
		if e.ok() {
			r.aim.fill(&f, e)
		}
		row.Needed = number(f.Needed)
	}
	v, why := Judge(f)
	row.Verdict, row.Reason = string(v), string(why)
	return row
}

// fill sets what an effect and its tests say, in the row and in what is judged.
func (e *estimate) fill(row *cube.Effect, f *Finding, att float64, plain inference.P, adjusted inference.Test, treated int) {
	row.To = int32(e.panel.Times[len(e.panel.Times)-1])
	row.Donors = int32(len(e.panel.Units) - treated)
	row.ATT, f.ATT, f.SmallestP = cube.Float(att), att, plain.Smallest
	if plain.Reason == "" {
		row.P, row.SmallestP = cube.Float(plain.Value), cube.Float(plain.Smallest)
	}
	if adjusted.Reason != "" {
		return
	}
	row.SE, row.PAdjusted = cube.Float(adjusted.SE), cube.Float(adjusted.P.Value)
	f.P, f.SmallestP = adjusted.P.Value, adjusted.P.Smallest
	if i := adjusted.Interval; i.Reason == "" {
		row.Lower, row.Upper = cube.Float(i.Lower), cube.Float(i.Upper)
		f.Lower, f.Upper = i.Lower, i.Upper
	}
}

// number turns NaN, which stands for not known, into a missing cell.
func number(v float64) cube.Float {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return cube.Null
	}
	return cube.Float(v)
}

// path adds observed, counterfactual and gap of every year. The limits are those
// of the size-adjusted placebo test of the year.
func (r *result) path(c *cube.Content, e *estimate) {
	st, s := r.study, e.space
	for t, year := range e.panel.Times {
		gap := s.Treated.Gaps[t]
		row := cube.EffectPath{
			Design: st.design.ID, Indicator: st.indicator.ID, Region: st.region, Method: e.method, Year: int32(year),
			Observed: cube.Float(e.panel.Y.At(0, t)), Counterfactual: cube.Float(e.panel.Y.At(0, t) - gap), Gap: cube.Float(gap),
			Lower: cube.Null, Upper: cube.Null,
		}
		if t >= st.start {
			if i := r.yearTest(e, t).Interval; i.Reason == "" {
				row.Lower, row.Upper = cube.Float(i.Lower), cube.Float(i.Upper)
			}
		}
		c.EffectPaths = append(c.EffectPaths, row)
	}
}

// yearTest is the size-adjusted placebo test of one year's gap, beside the gaps as
// long after the start of the earlier windows.
func (r *result) yearTest(e *estimate, t int) inference.Test {
	gaps := func(w inference.Past) inference.Sample {
		return w.Sample(e.panel, func(p panel.Estimate) float64 { return p.Gaps[w.Start+t-r.study.start] })
	}
	now := gaps(inference.Past{Start: r.study.start, Placebos: e.space.Placebos})
	var past []inference.Sample
	for _, w := range e.space.Past {
		past = append(past, gaps(w))
	}
	test, _ := inference.SizeAdjusted(e.space.Treated.Gaps[t], e.panel.Size[0], now.Effects, now.Sizes, r.options(), past...)
	return test
}

func (r *result) placebos(c *cube.Content, e *estimate) {
	st := r.study
	for _, p := range e.space.Placebos {
		if p.Failed != "" {
			continue
		}
		for t, year := range e.panel.Times {
			c.EffectPlacebos = append(c.EffectPlacebos, cube.EffectPlacebo{
				Design: st.design.ID, Indicator: st.indicator.ID, Region: st.region, Placebo: e.panel.Units[p.Unit], Year: int32(year), Gap: cube.Float(p.Estimate.Gaps[t]),
			})
		}
	}
}

// sortRows puts every table in key order.
func sortRows(c *cube.Content) {
	slices.SortFunc(c.Effects, func(a, b cube.Effect) int {
		return cmp.Or(cmp.Compare(a.Design, b.Design), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Method, b.Method))
	})
	slices.SortFunc(c.EffectPaths, func(a, b cube.EffectPath) int {
		return cmp.Or(cmp.Compare(a.Design, b.Design), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Year, b.Year))
	})
	slices.SortFunc(c.EffectWeights, func(a, b cube.EffectWeight) int {
		return cmp.Or(cmp.Compare(a.Design, b.Design), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Donor, b.Donor))
	})
	slices.SortFunc(c.EffectPlacebos, func(a, b cube.EffectPlacebo) int {
		return cmp.Or(cmp.Compare(a.Design, b.Design), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Placebo, b.Placebo), cmp.Compare(a.Year, b.Year))
	})
	slices.SortFunc(c.EffectShares, func(a, b cube.EffectShare) int {
		return cmp.Or(cmp.Compare(a.Design, b.Design), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Year, b.Year))
	})
	slices.SortFunc(c.Powers, func(a, b cube.Power) int {
		return cmp.Or(cmp.Compare(a.Design, b.Design), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Years, b.Years), cmp.Compare(a.Effect, b.Effect))
	})
}
