package evaluate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bygdevekst/bygdevekst/analysis/inference"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// rollingOrigins is the most periods before the start that placebo-time pretends.
const rollingOrigins = 5

// Rank is a p-value by rank: the share of n units, the treated counted, whose
// statistic is at least the treated's.
type Rank struct {
	P         Number `json:"p"`
	SmallestP Number `json:"smallest_p"`
	Rank      int    `json:"rank"`
	N         int    `json:"n"`
	Reason    string `json:"reason,omitempty"`
}

func rank(p inference.P) Rank {
	out := Rank{Number(p.Value), Number(p.Smallest), p.Rank, p.N, string(p.Reason)}
	if p.Reason != "" {
		out.P, out.SmallestP, out.Rank, out.N = unknown, unknown, 0, 0
	}
	return out
}

// Comparison compares the effect with placebo effects; se is their root mean
// square and the interval holds the effects that the two-sided test accepts.
type Comparison struct {
	interval
	Rank
}

func comparison(t inference.Test) Comparison {
	out := Comparison{noInterval, rank(t.P)}
	if t.Reason == "" {
		out.SE = Number(t.SE)
	}
	if t.Interval.Reason == "" {
		out.Lower, out.Upper = Number(t.Interval.Lower), Number(t.Interval.Upper)
	}
	return out
}

// Placebo is one donor treated in pretence.
type Placebo struct {
	Unit      string `json:"unit"`
	ATT       Number `json:"att"`
	PreRMSPE  Number `json:"pre_rmspe"`
	PostRMSPE Number `json:"post_rmspe"`
	Ratio     Number `json:"ratio"`
	Failed    string `json:"failed,omitempty"`
}

// Pruned ranks the ratio among placebos whose pre-MSPE is at most times the
// treated's.
type Pruned struct {
	Times Number `json:"times"`
	Rank
}

// Gates are the checks of the fit before treatment.
type Gates struct {
	Normalised Number   `json:"pre_rmspe_over_sd"`
	OverMedian Number   `json:"pre_rmspe_over_median_placebo"`
	Closed     []string `json:"closed"`
	Causal     bool     `json:"causal"`
}

// SpaceResult is the in-space placebo test; its own p is that of the RMSPE ratio.
type SpaceResult struct {
	Rank
	Ratio        Number      `json:"ratio"`
	Pruned       []Pruned    `json:"pruned"`
	Effect       Comparison  `json:"effect"`
	SizeAdjusted *Comparison `json:"size_adjusted,omitempty"`
	SimilarSize  *Comparison `json:"similar_size,omitempty"`
	Gates        Gates       `json:"gates"`
	Failed       int         `json:"failed"`
	Placebos     []Placebo   `json:"placebos"`
}

// JointResult is the placebo test of several treated units: sets of as many units,
// donors and treated alike, as blocks.
type JointResult struct {
	Effect       Comparison  `json:"effect"`
	SizeAdjusted *Comparison `json:"size_adjusted,omitempty"`
	Sets         int         `json:"sets"`
	Failed       int         `json:"failed"`
}

// InTime is one pretended start.
type InTime struct {
	Start    Moment `json:"start"`
	Effect   Number `json:"effect"`
	RMSPE    Number `json:"rmspe"`
	PreRMSPE Number `json:"pre_rmspe"`
	Failed   string `json:"failed,omitempty"`
}

// TimeResult is the rolling-origin placebo; RMSPE is over all its gaps.
type TimeResult struct {
	RMSPE    Number   `json:"rmspe"`
	Gaps     int      `json:"gaps"`
	Reason   string   `json:"reason,omitempty"`
	Placebos []InTime `json:"placebos"`
}

// LeftOut is the effect without one donor.
type LeftOut struct {
	Unit     string `json:"unit"`
	Weight   Number `json:"weight"`
	ATT      Number `json:"att"`
	PreRMSPE Number `json:"pre_rmspe"`
	Failed   string `json:"failed,omitempty"`
}

// LeaveOneOutResult is the range of effects without single donors.
type LeaveOneOutResult struct {
	Lowest  Number    `json:"lowest"`
	Highest Number    `json:"highest"`
	Reason  string    `json:"reason,omitempty"`
	Without []LeftOut `json:"without"`
}

// LeaveTwoOutResult is the refined placebo test.
type LeaveTwoOutResult struct {
	P      Number `json:"p"`
	Losses int    `json:"losses"`
	Pairs  int    `json:"pairs"`
	// AllPairs are those there are.
	AllPairs int    `json:"all_pairs"`
	Failed   int    `json:"failed"`
	Reason   string `json:"reason,omitempty"`
}

// ConformalPeriod is the interval of the effect in one treated period.
type ConformalPeriod struct {
	Time      Moment `json:"time"`
	P         Number `json:"p"`
	SmallestP Number `json:"smallest_p"`
	Lower     Number `json:"lower"`
	Upper     Number `json:"upper"`
	Reason    string `json:"reason,omitempty"`
}

// ConformalResult is the conformal test; P permutes by cyclic shifts.
type ConformalResult struct {
	P         Number            `json:"p"`
	SmallestP Number            `json:"smallest_p"`
	PIID      Number            `json:"p_iid"`
	Periods   []ConformalPeriod `json:"periods"`
}

// TTestResult is the cross-fitted t-test.
type TTestResult struct {
	ATT Number `json:"att"`
	interval
	T           Number   `json:"t"`
	DF          int      `json:"df"`
	P           Number   `json:"p"`
	Blocks      []Number `json:"blocks"`
	BlockLength int      `json:"block_length"`
	Reason      string   `json:"reason,omitempty"`
}

// permute runs the inferences that call the estimator again.
func (p *problem) permute(ctx context.Context, e *fitted, name string) (inferred, error) {
	o := inference.Options{Seed: p.spec.Seed, Level: p.spec.Level}
	d := e.blocks[0]
	switch name {
	case "placebo-space":
		if len(d.Treated) > 1 {
			return p.joint(ctx, e, d, o)
		}
		return p.space(ctx, e, d, o)
	case "placebo-time":
		return p.inTime(ctx, e, d, o)
	case "leave-one-out":
		return p.leaveOneOut(ctx, e, d, o)
	case "leave-two-out":
		return p.leaveTwoOut(ctx, e, d, o)
	case "conformal":
		return p.conformal(ctx, e, d, o)
	case "t-test":
		return p.tTest(ctx, e, d, o)
	}
	return inferred{}, errors.New("not an inference")
}

func (p *problem) space(ctx context.Context, e *fitted, d panel.Design, o inference.Options) (inferred, error) {
	r, err := inference.Space(ctx, e.panel, d, e.estimators[0], o)
	if err != nil {
		return inferred{}, err
	}
	says := SpaceResult{Rank: rank(r.RatioP), Ratio: unknown, Pruned: []Pruned{}, Effect: comparison(r.Plain), Failed: r.Failed, Placebos: []Placebo{}}
	if r.Reason == "" {
		says.Ratio = Number(r.Ratio)
	}
	for _, x := range r.Pruned {
		says.Pruned = append(says.Pruned, Pruned{Number(x.Times), rank(x.P)})
	}
	says.Gates = Gates{Normalised: Number(r.Gates.Normalised), OverMedian: Number(r.Gates.OverMedian), Closed: []string{}, Causal: r.Gates.Causal}
	for _, g := range r.Gates.Closed {
		says.Gates.Closed = append(says.Gates.Closed, string(g))
	}
	for _, x := range r.Placebos {
		says.Placebos = append(says.Placebos, p.placebo(x))
	}
	out := inferred{interval: says.Effect.interval}
	if !says.Gates.Causal {
		out.flags = []string{fmt.Sprintf("the fit before treatment is too poor for a causal word: %s", strings.Join(says.Gates.Closed, ", "))}
	}
	if p.spec.Size != "" {
		adjusted, similar := comparison(r.SizeAdjusted), comparison(r.SimilarSize)
		says.SizeAdjusted, says.SimilarSize = &adjusted, &similar
		if r.SizeAdjusted.Reason == "" {
			out.interval = adjusted.interval
		}
	}
	out.says = says
	return out, nil
}

func (p *problem) placebo(x inference.Placebo) Placebo {
	out := Placebo{Unit: p.panel.Units[x.Unit], ATT: unknown, PreRMSPE: unknown, PostRMSPE: unknown, Ratio: unknown, Failed: x.Failed}
	if x.Failed == "" {
		out.ATT, out.PreRMSPE, out.PostRMSPE = Number(x.Estimate.ATT), Number(x.Estimate.PreRMSPE), Number(x.Estimate.PostRMSPE)
		if x.Reason == "" {
			out.Ratio = Number(x.Ratio)
		}
	}
	return out
}

func (p *problem) joint(ctx context.Context, e *fitted, d panel.Design, o inference.Options) (inferred, error) {
	r, err := inference.Joint(ctx, e.panel, d, e.estimators[0], inference.JointOptions{Options: o, Block: true})
	if err != nil {
		return inferred{}, err
	}
	says := JointResult{Effect: comparison(r.Plain), Sets: r.Sets, Failed: r.Failed}
	out := inferred{interval: says.Effect.interval}
	if p.spec.Size != "" {
		adjusted := comparison(r.SizeAdjusted)
		says.SizeAdjusted = &adjusted
		if r.SizeAdjusted.Reason == "" {
			out.interval = adjusted.interval
		}
	}
	out.says = says
	return out, nil
}

func (p *problem) inTime(ctx context.Context, e *fitted, d panel.Design, o inference.Options) (inferred, error) {
	r, err := inference.RollingOrigin(ctx, e.panel, d, e.estimators[0], rollingOrigins, o)
	if err != nil {
		return inferred{}, err
	}
	says := TimeResult{RMSPE: unknown, Gaps: r.N, Reason: string(r.Reason), Placebos: []InTime{}}
	if r.Reason == "" {
		says.RMSPE = Number(r.RMSPE)
	}
	for _, x := range r.Placebos {
		t := InTime{Start: p.times[x.Start], Effect: unknown, RMSPE: unknown, PreRMSPE: unknown, Failed: x.Failed}
		if x.Failed == "" {
			t.Effect, t.RMSPE, t.PreRMSPE = Number(x.Effect), Number(x.RMSPE), Number(x.PreRMSPE)
		}
		says.Placebos = append(says.Placebos, t)
	}
	return inferred{says: says, interval: noInterval}, nil
}

func (p *problem) leaveOneOut(ctx context.Context, e *fitted, d panel.Design, o inference.Options) (inferred, error) {
	r, err := inference.LeaveOneOut(ctx, e.panel, d, e.estimators[0], false, o)
	if err != nil {
		return inferred{}, err
	}
	says := LeaveOneOutResult{Lowest: Number(r.Lowest), Highest: Number(r.Highest), Reason: string(r.Reason), Without: []LeftOut{}}
	for _, x := range r.Left {
		l := LeftOut{Unit: p.panel.Units[x.Unit], Weight: Number(x.Weight), ATT: unknown, PreRMSPE: unknown, Failed: x.Failed}
		if x.Failed == "" {
			l.ATT, l.PreRMSPE = Number(x.Estimate.ATT), Number(x.Estimate.PreRMSPE)
		}
		says.Without = append(says.Without, l)
	}
	return inferred{says: says, interval: noInterval}, nil
}

// The most pairs leave-two-out takes when replications is not given. Where a fit is one
// solve there are so many that p is known to within 0.014 (two standard errors at one
// half). Where every one of the three fits of a pair searches for its V or λ anew, which
// takes in proportion to the donors, they are as many as take a minute of one
// processor: all of them for 38 donors, and never fewer than give p to within 0.07.
const (
	pairsSolved   = 5_000
	pairsSearched = 200
	pairsByDonors = 28_000
)

// searches says whether every fit of the method searches for V or λ.
func (s *Spec) searches() bool {
	switch s.Method {
	case "sc":
		return s.V.Rule == optimise && s.V.Weights == nil
	case "sc-penalised", "sc-ridge":
		return s.Lambda == nil
	default:
		return false
	}
}

// mostPairs is how many pairs of so many donors leave-two-out takes.
func (s *Spec) mostPairs(donors int) int {
	switch {
	case s.replicationsGiven:
		return s.Replications
	case s.searches():
		return max(pairsSearched, pairsByDonors/donors)
	default:
		return pairsSolved
	}
}

// leaveTwoOut takes every pair of donors, or as many as mostPairs says.
func (p *problem) leaveTwoOut(ctx context.Context, e *fitted, d panel.Design, o inference.Options) (inferred, error) {
	if n := len(d.Treated); n > 1 {
		return inferred{}, fmt.Errorf("%d units are treated; leave-two-out compares one: use placebo-space, which draws sets of as many units", n)
	}
	most := p.spec.mostPairs(len(d.Donors))
	r, err := inference.LeaveTwoOut(ctx, e.panel, d, e.estimators[0], most, o)
	if err != nil {
		return inferred{}, err
	}
	says := LeaveTwoOutResult{P: Number(r.P.Value), Losses: r.Losses, Pairs: r.Pairs, AllPairs: r.AllPairs, Failed: r.Failed, Reason: string(r.P.Reason)}
	if r.P.Reason != "" {
		says.P = unknown
	}
	out := inferred{says: says, interval: noInterval}
	if most < r.AllPairs {
		out.flags = []string{fmt.Sprintf("leave-two-out: %d of the %d pairs were drawn; replications takes more", most, r.AllPairs)}
	}
	return out, nil
}

func (p *problem) conformal(ctx context.Context, e *fitted, d panel.Design, o inference.Options) (inferred, error) {
	r, err := inference.Conformal(ctx, e.panel, d, e.whole, inference.ConformalOptions{Options: o})
	if err != nil {
		return inferred{}, err
	}
	iid, err := inference.ConformalP(ctx, r.Residuals, d.Start, inference.ConformalOptions{Options: o, Permutations: inference.IID})
	if err != nil {
		return inferred{}, err
	}
	says := ConformalResult{P: Number(r.P.Value), SmallestP: Number(r.P.Smallest), PIID: Number(iid.Value)}
	out := inferred{interval: noInterval, bands: make([]interval, len(p.times))}
	for c := range out.bands {
		out.bands[c] = noInterval
	}
	for _, x := range r.Periods {
		c := ConformalPeriod{Time: p.times[x.Column], P: Number(x.P.Value), SmallestP: Number(x.P.Smallest), Lower: unknown, Upper: unknown, Reason: string(x.Interval.Reason)}
		if x.Interval.Reason == "" {
			c.Lower, c.Upper = Number(x.Interval.Lower), Number(x.Interval.Upper)
			out.bands[x.Column] = interval{unknown, c.Lower, c.Upper}
		}
		says.Periods = append(says.Periods, c)
	}
	out.says = says
	return out, nil
}

func (p *problem) tTest(ctx context.Context, e *fitted, d panel.Design, o inference.Options) (inferred, error) {
	r, err := inference.TTest(ctx, e.panel, d, e.estimators[0], 0, o)
	if err != nil {
		return inferred{}, err
	}
	says := TTestResult{ATT: unknown, interval: noInterval, T: unknown, P: unknown, DF: max(0, len(r.Blocks)-1), Blocks: []Number{}, BlockLength: r.Length, Reason: string(r.Reason)}
	for _, b := range r.Blocks {
		says.Blocks = append(says.Blocks, Number(b))
	}
	if len(r.Blocks) > 0 {
		says.ATT = Number(r.Effect)
	}
	if r.Reason == "" {
		says.interval = interval{Number(r.SE), Number(r.Interval.Lower), Number(r.Interval.Upper)}
		says.T, says.P = Number(r.T), Number(r.P)
	}
	return inferred{says: says, interval: says.interval}, nil
}
