package did

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Sentinel errors of group-time effects.
var (
	// ErrNoControl reports a group and period without untreated units.
	ErrNoControl = errors.New("did: no control unit")
	// ErrOverlap reports covariates that tell a group from its controls almost
	// surely, so that no control stands for it.
	ErrOverlap = errors.New("did: no overlap between group and controls")
	// ErrCovariate reports a covariate that is unknown, missing or collinear.
	ErrCovariate = errors.New("did: unusable covariate")
)

// Never marks a unit that is not treated in the panel.
const Never = -1

// Control says which units a group is compared with.
type Control int

const (
	// NeverTreated are the units without treatment in the panel.
	NeverTreated Control = iota
	// NotYetTreated adds those treated later than the periods compared.
	NotYetTreated
)

// Adjustment says how covariates enter (Sant'Anna & Zhao 2020, J Econometrics
// 219:101). Without covariates all three are the difference of means.
type Adjustment int

const (
	// DoublyRobust needs either the outcome regression or the propensity right.
	DoublyRobust Adjustment = iota
	// OutcomeRegression predicts the controls' change from covariates.
	OutcomeRegression
	// InverseProbability reweights controls by their odds of being in the group.
	InverseProbability
)

// GroupTimeOptions choose the estimator. The zero value compares with the never
// treated, without covariates.
type GroupTimeOptions struct {
	Control Control
	Adjust  Adjustment
	// Covariates are taken from the base period.
	Covariates []string
	// Anticipation is the number of periods before treatment that may be affected.
	Anticipation int
	// Universal compares periods before treatment with g−1−Anticipation too; the
	// base period then has no cell. Otherwise they are compared with t−1.
	Universal bool
	// Level of intervals and simultaneous bands; 0 means 0.95.
	Level float64
	// Replications of the multiplier bootstrap behind the bands; 0 means 999.
	Replications int
	Seed         uint64
	// Bootstrap takes standard errors from the interquartile range of the same
	// draws, as the R package does by default, instead of the influence function.
	Bootstrap bool
}

// Effect is an estimate with its pointwise interval and its part of a band that
// covers all effects of the same list at once.
type Effect struct {
	Estimate float64
	// SE is from the influence function. HasSE is false where only groups of one
	// unit enter, whose own noise cannot be seen; interval and band are then empty
	// (equal to the estimate). Where such a group enters with others, SE lacks its
	// noise, as in the R package: see SingleUnitGroups. The limits are normal, as
	// there, and short with few treated units: four of them and forty controls make
	// a 95 % interval that holds 84 % (docs/coverage.md). Fit.Interval is for those.
	SE                   float64
	HasSE                bool
	Lower, Upper         float64
	BandLower, BandUpper float64
}

// Cell is one group and period, as columns of the panel.
type Cell struct {
	Group, Period     int
	Treated, Controls int
	Effect
}

// Skipped is a group and period without an estimate.
type Skipped struct {
	Group, Period int
	Reason        error
}

// GroupTime holds the group-time effects
//
//	ATT(g,t) = E[Y_t − Y_b | G=g] − E[Y_t − Y_b | C],  b = g−1 (t ≥ g) or t−1
//
// of Callaway & Sant'Anna (2021, J Econometrics 225:200) for g treated from
// column g on, with their influence functions.
type GroupTime struct {
	Cells   []Cell
	Skipped []Skipped
	// Dropped are rows treated in the first period, of which nothing is known
	// before treatment.
	Dropped []int

	o      GroupTimeOptions
	p      *panel.Panel
	rows   []int // Units used.
	starts []int // Their starts.
	inf    [][]float64
	groups []int
}

// EstimateGroupTime estimates every cell. Starts holds the first treated column
// of each row of the panel, Never for none. Cells that cannot be estimated are
// listed with the reason; it is an error if none can.
func EstimateGroupTime(p *panel.Panel, starts []int, o GroupTimeOptions) (*GroupTime, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if o.Level == 0 {
		o.Level = 0.95
	}
	if o.Replications == 0 {
		o.Replications = 999
	}
	if !(o.Level > 0 && o.Level < 1) || o.Replications < 1 || o.Anticipation < 0 {
		return nil, fmt.Errorf("%w: level %g, %d replications, anticipation %d", ErrInterval, o.Level, o.Replications, o.Anticipation)
	}
	for _, name := range o.Covariates {
		if _, ok := p.Covariates[name]; !ok {
			return nil, fmt.Errorf("%w: %q is not in the panel", ErrCovariate, name)
		}
	}
	r := &GroupTime{o: o, p: p}
	if err := r.sort(starts); err != nil {
		return nil, err
	}
	for _, g := range r.groups {
		for t := range p.Times {
			r.estimate(g, t)
		}
	}
	if len(r.Cells) == 0 {
		if len(r.Skipped) > 0 {
			return nil, r.Skipped[0].Reason
		}
		return nil, fmt.Errorf("%w: no group has a period before treatment", panel.ErrDesign)
	}
	effects := make([]*Effect, len(r.Cells))
	for k := range r.Cells {
		effects[k] = &r.Cells[k].Effect
	}
	r.infer(effects, r.inf)
	return r, nil
}

// SingleUnitGroups are the starts of groups of one unit.
func (r *GroupTime) SingleUnitGroups() []int {
	var out []int
	for _, c := range r.Cells {
		if c.Treated == 1 && !slices.Contains(out, c.Group) {
			out = append(out, c.Group)
		}
	}
	return out
}

func (r *GroupTime) sort(starts []int) error {
	if len(starts) != len(r.p.Units) {
		return fmt.Errorf("%w: %d starts for %d units", panel.ErrShape, len(starts), len(r.p.Units))
	}
	for i, g := range starts {
		switch {
		case g < Never || g >= len(r.p.Times):
			return fmt.Errorf("%w: unit %q starts in column %d of %d", panel.ErrDesign, r.p.Units[i], g, len(r.p.Times))
		case g == 0:
			r.Dropped = append(r.Dropped, i)
			continue
		case g != Never && !slices.Contains(r.groups, g):
			r.groups = append(r.groups, g)
		}
		r.rows = append(r.rows, i)
		r.starts = append(r.starts, g)
	}
	slices.Sort(r.groups)
	if len(r.groups) == 0 {
		return fmt.Errorf("%w: no unit becomes treated", panel.ErrDesign)
	}
	if r.o.Control == NotYetTreated && !slices.Contains(r.starts, Never) {
		// The group treated last is nobody's but others' control, as in the R package.
		last := r.groups[len(r.groups)-1]
		r.groups = r.groups[:len(r.groups)-1]
		r.Skipped = append(r.Skipped, Skipped{last, last, fmt.Errorf("group from %v: %w: every unit is treated by then, so the group only serves as control", r.p.Times[last], ErrNoControl)})
	}
	return nil
}

// base is the column a cell is compared with, false where there is none.
func (r *GroupTime) base(g, t int) (int, bool) {
	own := g - 1 - r.o.Anticipation
	if t >= g-r.o.Anticipation || r.o.Universal {
		return own, own >= 0 && own != t
	}
	return t - 1, t >= 1
}

func (r *GroupTime) estimate(g, t int) {
	b, ok := r.base(g, t)
	if !ok {
		return
	}
	s := r.sample(g, t, b)
	cell := Cell{Group: g, Period: t, Treated: s.treated, Controls: len(s.at) - s.treated}
	att, inf, err := s.estimate(r, b, t)
	if err != nil {
		r.Skipped = append(r.Skipped, Skipped{g, t, fmt.Errorf("group from %v, period %v: %w", r.p.Times[g], r.p.Times[t], err)})
		return
	}
	cell.Estimate, cell.HasSE = att, s.treated > 1 && cell.Controls > 1
	full := make([]float64, len(r.rows))
	scale := float64(len(r.rows)) / float64(len(s.at))
	for k, a := range s.at {
		full[a] = scale * inf[k]
	}
	r.Cells = append(r.Cells, cell)
	r.inf = append(r.inf, full)
}

// sample is the two-group, two-period data of a cell.
type sample struct {
	at      []int // Positions in GroupTime.rows.
	d       []float64
	treated int
}

func (r *GroupTime) sample(g, t, b int) sample {
	var s sample
	last := max(t, b) + r.o.Anticipation
	for a, start := range r.starts {
		switch {
		case start == g:
			s.d = append(s.d, 1)
			s.treated++
		case start == Never, r.o.Control == NotYetTreated && start > last:
			s.d = append(s.d, 0)
		default:
			continue
		}
		s.at = append(s.at, a)
	}
	return s
}

func (s sample) estimate(r *GroupTime, b, t int) (float64, []float64, error) {
	if s.treated == len(s.at) {
		return 0, nil, ErrNoControl
	}
	dy := make([]float64, len(s.at))
	for k, a := range s.at {
		row := r.p.Y.RawRowView(r.rows[a])
		dy[k] = row[t] - row[b]
	}
	x, err := s.design(r, b)
	if err != nil {
		return 0, nil, err
	}
	att, inf, err := twoByTwo(r.o.Adjust, dy, s.d, x)
	if err == nil && (math.IsNaN(att) || math.IsInf(att, 0)) {
		err = fmt.Errorf("%w: outcomes overflow", panel.ErrMissing)
	}
	return att, inf, err
}

// design is the constant and the covariates in the base period, standardised: the
// fit and its influence are the same and the normal equations well conditioned.
func (s sample) design(r *GroupTime, b int) (*mat.Dense, error) {
	n := len(s.at)
	x := mat.NewDense(n, 1+len(r.o.Covariates), nil)
	for k := range n {
		x.Set(k, 0, 1)
	}
	for c, name := range r.o.Covariates {
		col := make([]float64, n)
		for k, a := range s.at {
			v := r.p.Covariates[name].At(r.rows[a], b)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("%w: %q has no value for unit %q, period %v", ErrCovariate, name, r.p.Units[r.rows[a]], r.p.Times[b])
			}
			col[k] = v
		}
		m := mean(col)
		var ss float64
		for _, v := range col {
			ss += (v - m) * (v - m)
		}
		sd := math.Sqrt(ss / float64(n))
		if !(sd > 0) || math.IsInf(sd, 1) {
			return nil, fmt.Errorf("%w: %q is the same for all units", ErrCovariate, name)
		}
		for k, v := range col {
			x.Set(k, 1+c, (v-m)/sd)
		}
	}
	return x, nil
}
