package evaluate

import (
	"fmt"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/did"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/sdid"
)

var sdidMethods = map[string]sdid.Method{"sdid": sdid.SDID, "did": sdid.DID}

// Cohort is the effect on the units treated from one period.
type Cohort struct {
	Start       Moment       `json:"start"`
	Treated     []string     `json:"treated"`
	ATT         Number       `json:"att"`
	Share       Number       `json:"share"`
	Weights     []UnitWeight `json:"weights"`
	TimeWeights []TimeWeight `json:"time_weights"`
}

// EventEffect is the effect h periods after a unit's own start.
type EventEffect struct {
	Event int    `json:"event"`
	ATT   Number `json:"att"`
}

// Coefficient is that of a covariate in the regression whose xβ is taken out.
type Coefficient struct {
	Column string `json:"column"`
	Beta   Number `json:"beta"`
}

// differences estimates sdid and did, each cohort against the never treated.
func (p *problem) differences() (*fitted, error) {
	starts, blocks := p.cohortDesigns()
	q, beta, err := sdid.Residualise(p.panel, blocks, p.spec.Covariates)
	if err != nil {
		return nil, err
	}
	o := sdid.Options{Method: sdidMethods[p.spec.Method]}
	s, err := sdid.EstimateStaggered(q, starts, p.donors, o)
	if err != nil {
		return nil, err
	}
	e := &fitted{att: s.ATT, interval: noInterval, panel: q, blocks: blocks, details: map[string]any{}}
	p.pool(e, s)
	if len(blocks) == 1 {
		e.whole = sdid.Estimator(o)
		e.estimators = []panel.Estimator{e.whole}
	}
	if len(beta) > 0 {
		e.details["covariates"] = p.coefficients(beta)
	}
	if p.spec.Method == "did" && len(blocks) == 1 {
		f, err := did.Estimate(q, blocks[0], did.Options{})
		if err != nil {
			return nil, err
		}
		return e, p.clustered(e, f)
	}
	return e, nil
}

// cohortDesigns are the units treated from each period, against the never treated.
func (p *problem) cohortDesigns() (starts map[int]int, blocks []panel.Design) {
	starts = map[int]int{}
	for k, i := range p.treated {
		starts[i] = p.starts[k]
	}
	return starts, sdid.Cohorts(starts, p.donors)
}

// byCohort estimates with a method that knows one start, each cohort by itself.
func (p *problem) byCohort(one func(panel.Design) (*fitted, error)) (*fitted, error) {
	_, blocks := p.cohortDesigns()
	if len(blocks) == 1 {
		return one(blocks[0])
	}
	e := &fitted{interval: noInterval, blocks: blocks, details: map[string]any{}}
	fits := make([]*sdid.Fit, len(blocks))
	cohorts := make([]*fitted, len(blocks))
	for c, d := range blocks {
		f, err := one(d)
		if err != nil {
			return nil, fmt.Errorf("units treated from %s: %w", p.times[d.Start].Label, err)
		}
		cohorts[c] = f
		fits[c] = &sdid.Fit{
			Estimate:    panel.Estimate{ATT: f.att, Gaps: f.gaps, Weights: f.weights, PreRMSPE: float64(f.fit.PreRMSPE), PostRMSPE: float64(f.fit.PostRMSPE)},
			TimeWeights: f.timeWeights, Gap: float64(f.fit.Gap),
		}
		e.panel = f.panel
		e.estimators = append(e.estimators, f.estimators...)
		for _, flag := range f.fit.Flags {
			e.fit.Flags = append(e.fit.Flags, fmt.Sprintf("from %s: %s", p.times[d.Start].Label, flag))
		}
	}
	s := sdid.Pool(e.panel, blocks, fits)
	e.att = s.ATT
	p.pool(e, s)
	var all float64
	for c, f := range cohorts {
		all += s.Shares[c] * float64(f.fit.PreAllRMSPE*f.fit.PreAllRMSPE)
		for k, v := range f.v {
			if e.v == nil {
				e.v = make([]float64, len(f.v))
			}
			e.v[k] += s.Shares[c] * v
		}
	}
	e.fit.PreAllRMSPE, e.fit.Ratio = Number(math.Sqrt(all)), unknown
	if all > 0 {
		e.fit.Ratio = e.fit.PostRMSPE / e.fit.PreAllRMSPE
	}
	return e, nil
}

func (p *problem) coefficients(beta []float64) []Coefficient {
	out := make([]Coefficient, len(beta))
	for k, b := range beta {
		out[k] = Coefficient{p.spec.Covariates[k], Number(b)}
	}
	return out
}

// pool combines cohorts: weights by their share of treated unit-periods, periods
// by treated units.
func (p *problem) pool(e *fitted, s *sdid.Staggered) {
	t := len(p.times)
	if len(s.Cohorts) > 1 {
		e.details["cohorts"] = p.cohorts(s)
		e.details["event"] = events(s)
	}
	e.weights = make([]float64, len(p.donors))
	if s.Fits[0].TimeWeights != nil {
		e.timeWeights = make([]float64, s.Cohorts[len(s.Cohorts)-1].Start)
	}
	e.fit.Gap = 0
	var pre, post float64
	gaps := make([][]float64, len(s.Fits))
	for c, f := range s.Fits {
		gaps[c] = f.Gaps
		for k, w := range f.Weights {
			e.weights[k] += s.Shares[c] * w
		}
		for k, w := range f.TimeWeights {
			e.timeWeights[k] += s.Shares[c] * w
		}
		pre += s.Shares[c] * f.PreRMSPE * f.PreRMSPE
		post += s.Shares[c] * f.PostRMSPE * f.PostRMSPE
		e.fit.Gap = max(e.fit.Gap, Number(f.Gap))
	}
	e.fit.PreRMSPE, e.fit.PostRMSPE, e.fit.Ratio = Number(math.Sqrt(pre)), Number(math.Sqrt(post)), unknown
	e.fit.PreAllRMSPE = e.fit.PreRMSPE
	if pre > 0 {
		e.fit.Ratio = e.fit.PostRMSPE / e.fit.PreRMSPE
	}
	e.gaps = make([]float64, t)
	e.observed = make([]float64, t)
	for c := range t {
		e.gaps[c] = p.across(s.Cohorts, c, func(k int) float64 { return gaps[k][c] })
	}
	p.observe(e)
}

// across is the mean of a cohort quantity over the cohorts that count in column
// c, weighted by their treated units: those treated by then, or all before the
// first is treated.
func (p *problem) across(blocks []panel.Design, c int, of func(k int) float64) float64 {
	var sum, n float64
	for k, d := range blocks {
		if c >= d.Start || c < blocks[0].Start {
			w := float64(len(d.Treated))
			sum += w * of(k)
			n += w
		}
	}
	return sum / n
}

// observe fills the observed mean of the treated that count in each column, and
// the counterfactual as observed minus gap.
func (p *problem) observe(e *fitted) {
	e.observed, e.counterfactual = make([]float64, len(p.times)), make([]float64, len(p.times))
	for c := range p.times {
		e.observed[c] = p.across(e.blocks, c, func(k int) float64 {
			var sum float64
			for _, i := range e.blocks[k].Treated {
				sum += p.panel.Y.At(i, c)
			}
			return sum / float64(len(e.blocks[k].Treated))
		})
		e.counterfactual[c] = e.observed[c] - e.gaps[c]
	}
}

func (p *problem) cohorts(s *sdid.Staggered) []Cohort {
	out := make([]Cohort, len(s.Cohorts))
	for c, d := range s.Cohorts {
		f := s.Fits[c]
		out[c] = Cohort{
			Start: p.times[d.Start], ATT: Number(f.ATT), Share: Number(s.Shares[c]),
			Weights: p.unitWeights(f.Weights), TimeWeights: p.timeWeights(f.TimeWeights),
		}
		for _, i := range d.Treated {
			out[c].Treated = append(out[c].Treated, p.panel.Units[i])
		}
	}
	return out
}

func events(s *sdid.Staggered) []EventEffect {
	out := make([]EventEffect, len(s.ByEvent))
	for h, v := range s.ByEvent {
		out[h] = EventEffect{h, Number(v)}
	}
	return out
}

// defaultNeighbours is the number of matches of each treated unit, fewer where
// there are fewer donors.
const defaultNeighbours = 10

// matched estimates did-matched: on predictors and covariates where there are
// any, else on the outcome of every period before treatment.
func (p *problem) matched(d panel.Design) (*fitted, error) {
	k := p.spec.Neighbours
	switch {
	case k == 0:
		k = min(defaultNeighbours, len(d.Donors))
	case k > len(d.Donors):
		return nil, specErrorf("neighbours", "%d matches, but there are %d donors", k, len(d.Donors))
	}
	m := did.Match{K: k, Covariates: append([]string{}, p.spec.Covariates...)}
	for a := range p.spec.Predictors {
		m.Covariates = append(m.Covariates, predictorName("predictors", a))
	}
	m.Outcomes = len(m.Covariates) == 0
	q := p.withPredictors()
	o := did.Options{Match: m}
	f, err := did.Estimate(q, d, o)
	if err != nil {
		return nil, err
	}
	e := &fitted{att: f.ATT, gaps: f.Gaps, weights: f.Weights, interval: noInterval, panel: q, blocks: []panel.Design{d}, details: map[string]any{}}
	e.fit = fitOf(f.PreRMSPE, f.Gaps, d.Start)
	for range d.Start {
		e.timeWeights = append(e.timeWeights, 1/float64(d.Start))
	}
	e.whole = did.Estimator(o)
	e.estimators = []panel.Estimator{e.whole}
	p.observe(e)
	return e, p.clustered(e, f)
}

// Clustered is the interval of did from the spread of units.
type Clustered struct {
	interval
	DF Number `json:"df"`
	P  Number `json:"p"`
}

// clustered gives did its own interval where two treated units and two donors
// show their spread.
func (p *problem) clustered(e *fitted, f *did.Fit) error {
	used := 0
	for _, w := range f.Weights {
		if w > 0 {
			used++
		}
	}
	if len(f.Design.Treated) < 2 || used < 2 {
		return nil
	}
	o := did.IntervalOptions{Kind: did.Cluster, Level: p.spec.Level}
	iv, err := f.Interval(o)
	if err != nil {
		return err
	}
	e.interval = interval{Number(iv.SE), Number(iv.Lower), Number(iv.Upper)}
	e.details["clustered"] = Clustered{e.interval, Number(iv.DF), Number(iv.P)}
	points, err := f.EventStudy(-1, o)
	if err != nil {
		return err
	}
	for _, x := range points {
		e.bands = append(e.bands, interval{Number(x.Interval.SE), Number(x.Interval.Lower), Number(x.Interval.Upper)})
	}
	return nil
}
