package effects

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// study is one question: the effect on one unit, by one indicator, in one design.
type study struct {
	design    *catalogue.Design
	indicator *catalogue.Indicator
	// region is a municipality, or the agreement's id for all taken together.
	region string
	// panel has the treated unit in row 0 and the donors after it, nearest first;
	// near is the panel with the municipalities left out as spill-over put back, nil
	// when there are none or the design does not ask for it.
	panel, near *panel.Panel
	// each has the municipalities of an agreement in the first rows, as many as
	// treated says, and their donors after them; nil for a single municipality, and
	// for counts, which are not alike in size.
	each    *panel.Panel
	treated int
	// start is the column of the first treated year.
	start int
	// outcome says that the indicator is among the design's outcomes; others are
	// exploratory.
	outcome bool
	// reason says why nothing can be estimated; empty when it can.
	reason Reason
}

func (s *study) design1(p *panel.Panel) panel.Design {
	d := panel.Design{Treated: []int{0}, Start: s.start}
	for i := 1; i < len(p.Units); i++ {
		d.Donors = append(d.Donors, i)
	}
	return d
}

// postYears is how many treated years the panel holds.
func (s *study) postYears() int { return len(s.panel.Times) - s.start }

// source gives studies their figures.
type source struct {
	content *cube.Content
	values  map[string]map[string]map[int]cube.Value // Indicator, region, year.
	members map[string][]string
	// spill are the municipalities left out of a region's group as neighbours or
	// commuting partners.
	spill map[string][]string
}

func newSource(c *cube.Content) *source {
	s := &source{content: c, values: map[string]map[string]map[int]cube.Value{}, members: map[string][]string{}, spill: map[string][]string{}}
	for _, v := range c.Values {
		if v.Window != 1 || v.Status.Missing() || !v.Value.OK() {
			continue
		}
		byRegion := s.values[v.Indicator]
		if byRegion == nil {
			byRegion = map[string]map[int]cube.Value{}
			s.values[v.Indicator] = byRegion
		}
		if byRegion[v.Region] == nil {
			byRegion[v.Region] = map[int]cube.Value{}
		}
		byRegion[v.Region][int(v.Year)] = v
	}
	// Members are sorted by region and position in a release.
	for _, m := range c.Members {
		s.members[m.Region] = append(s.members[m.Region], m.Peer)
	}
	for _, e := range c.Exclusions {
		switch catalogue.ExclusionRule(e.Reason) {
		case catalogue.ExcludeNeighbour, catalogue.ExcludeCommuting:
			s.spill[e.Region] = append(s.spill[e.Region], e.Peer)
		}
	}
	return s
}

// studies lists every question of a design, by indicator and region.
func (s *source) studies(d *catalogue.Design, cat *catalogue.Catalogue) []*study {
	regions := slices.Clone(d.Treated)
	if d.Pooled {
		regions = append(regions, d.Agreement)
	}
	slices.Sort(regions)
	var out []*study
	for i := range cat.Indicators {
		ind := &cat.Indicators[i]
		if s.values[ind.ID] == nil {
			continue
		}
		for _, r := range regions {
			st := &study{design: d, indicator: ind, region: r, outcome: slices.Contains(d.Outcomes, ind.ID)}
			s.build(st)
			out = append(out, st)
		}
	}
	return out
}

// build makes the panels of a study, or says why there is none.
func (s *source) build(st *study) {
	d := st.design
	years := s.years(st.indicator.ID, st.region, d.Window)
	switch {
	case len(years) == 0:
		st.reason = ReasonNoFigures
		return
	case slices.Index(years, d.Start) < 0 && years[len(years)-1] < d.Start:
		st.start = len(years) // Nothing is treated yet; power can still be told.
	default:
		st.start = slices.Index(years, d.Start)
	}
	if st.start < 0 {
		st.reason = ReasonNoPrePeriod
		return
	}
	if st.start < d.Gates.MinPreYears {
		st.reason = ReasonShortPrePeriod
	}
	donors := s.complete(st.indicator.ID, s.members[st.region], years)
	if len(donors) > d.Donors.Max {
		donors = donors[:d.Donors.Max]
	}
	if len(donors) < minDonors {
		st.reason = ReasonFewDonors
		return
	}
	st.panel = s.makePanel(st, st.region, donors, years)
	if parts := s.complete(st.indicator.ID, d.Treated, years); st.region == d.Agreement && st.indicator.Kind != catalogue.Count && len(parts) == len(d.Treated) {
		st.each, st.treated = s.makePanel(st, parts[0], slices.Concat(parts[1:], donors), years), len(parts)
	}
	if !d.Donors.WithoutSpillOver {
		return
	}
	if back := s.complete(st.indicator.ID, s.spill[st.region], years); len(back) > 0 {
		st.near = s.makePanel(st, st.region, slices.Concat(donors, back), years)
	}
}

// minDonors is the least number of donors anything is estimated with; a design's
// own minimum is a flag.
const minDonors = 5

// years returns the unbroken run of years with figures that ends with the
// newest one inside the window.
func (s *source) years(indicator, region string, w catalogue.Window) []int {
	byYear := s.values[indicator][region]
	last := 0
	for y := range byYear {
		if y <= w.To && y >= w.From {
			last = max(last, y)
		}
	}
	var out []int
	for y := last; y >= w.From && last > 0; y-- {
		if _, ok := byYear[y]; !ok {
			break
		}
		out = append(out, y)
	}
	slices.Reverse(out)
	return out
}

// complete returns the regions with a figure for every year, in the order given.
func (s *source) complete(indicator string, regions []string, years []int) []string {
	var out []string
	for _, r := range regions {
		if !slices.ContainsFunc(years, func(y int) bool { _, ok := s.values[indicator][r][y]; return !ok }) {
			out = append(out, r)
		}
	}
	return out
}

func (s *source) makePanel(st *study, first string, donors []string, years []int) *panel.Panel {
	p := &panel.Panel{Units: slices.Concat([]string{first}, donors), Y: mat.NewDense(1+len(donors), len(years), nil)}
	for _, y := range years {
		p.Times = append(p.Times, float64(y))
	}
	pre := years[:st.start]
	own := s.mean(st.indicator.ID, first, pre, value)
	for i, r := range p.Units {
		scale := 1.0
		if level := s.mean(st.indicator.ID, r, pre, value); st.indicator.Kind == catalogue.Count && level > 0 {
			scale = own / level
		}
		for t, y := range years {
			p.Y.Set(i, t, scale*float64(s.values[st.indicator.ID][r][y].Value))
		}
		p.Size = append(p.Size, s.size(st.indicator, r, pre))
	}
	return p
}

// size is what the variance of a unit's figures goes by: the mean denominator
// before the start, or the count itself; for a ratio without a denominator, the
// population.
func (s *source) size(ind *catalogue.Indicator, region string, years []int) float64 {
	of := denominator
	id := ind.ID
	switch {
	case ind.Kind == catalogue.Count:
		of = value
	case ind.Denominator == nil:
		id, of = populationID, value
	}
	return s.mean(id, region, years, of)
}

// populationID is the indicator whose value is the number of inhabitants.
const populationID = "population"

func value(v cube.Value) cube.Float       { return v.Value }
func denominator(v cube.Value) cube.Float { return v.Denominator }

// mean is over the years that have the figure, 0 if none has.
func (s *source) mean(indicator, region string, years []int, of func(cube.Value) cube.Float) float64 {
	sum, n := 0.0, 0
	for _, y := range years {
		if v, ok := s.values[indicator][region][y]; ok && of(v).OK() {
			sum += float64(of(v))
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (st *study) String() string {
	return fmt.Sprintf("design %s, indicator %s, region %s", st.design.ID, st.indicator.ID, st.region)
}
