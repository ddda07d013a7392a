package indicators

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// populationID is the indicator sizes and the population rule are taken from.
const populationID = "population"

// defaultComparison is the id of the rule comparison groups are made by.
const defaultComparison = "default"

// Input is what a release is computed from.
type Input struct {
	Catalogue *catalogue.Catalogue
	Regions   *regions.Register
	Facts     *facts.Set
	// Seed is for every random draw. Nothing here draws; packages that take the
	// content further do.
	Seed uint64
	// Workers is how many goroutines compute; the content does not depend on it.
	Workers int
}

// Derive computes the content of a release but for the effects: its sources and
// observations as they are, and everything this package says of them. Rows are in
// order of their keys. Errors are the context's, and EINVALID for a figure no
// municipality has.
func Derive(ctx context.Context, in Input) (cube.Content, error) {
	if err := plausible(in.Facts); err != nil {
		return cube.Content{}, err
	}
	d := newDeriver(in)
	if err := d.readAll(ctx); err != nil {
		return cube.Content{}, err
	}
	d.makeGroups()
	var c cube.Content
	if err := d.perIndicator(ctx, &c); err != nil {
		return cube.Content{}, err
	}
	for _, region := range d.grouped {
		g := d.groups[region]
		c.Members = append(c.Members, g.members...)
		c.Exclusions = append(c.Exclusions, g.exclusions...)
		c.Balances = append(c.Balances, g.balances...)
	}
	slices.SortFunc(c.Balances, func(a, b cube.Balance) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Covariate, b.Covariate))
	})
	c.Attainments = d.attainments()
	c.Sources, c.Observations = in.Facts.Content()
	return c, nil
}

// maxFigure is beyond any count or amount of a municipality, and far below where
// sums and products of figures stop being exact.
const maxFigure = 1e12

// plausible reports the first figure beyond maxFigure.
func plausible(set *facts.Set) error {
	for _, r := range set.Rows {
		if math.Abs(r.Value) > maxFigure {
			s := set.Series[r.Series]
			return data.Errorf(data.EINVALID, "%s/%s, region %s, period %s: %v is beyond any figure of a municipality; check the source", s.Table, s.Name, set.Regions[r.Region], r.Period, r.Value)
		}
	}
	return nil
}

// deriver holds what the parts of a derivation share. It is filled in order:
// series, then groups, then the results of each indicator.
type deriver struct {
	in Input
	// indicators are those with figures, by id; byID finds them.
	indicators []*catalogue.Indicator
	byID       map[string]*catalogue.Indicator
	agreements []*catalogue.Agreement
	// regions are the municipalities with any figure, sorted; places are they and
	// the agreements.
	regions, places []string
	series          map[string]map[string]yearly
	// horizon is the newest year of any figure that is not a projection.
	horizon int
	// groups are the comparison groups by region, grouped their regions, sorted.
	groups  map[string]*group
	grouped []string
	// results are by indicator, in the order of indicators.
	results []results
}

// results are the rows of one indicator, with what attainment needs again.
type results struct {
	values      []cube.Value
	changes     []cube.Change
	trends      []cube.Trend
	groupValues []cube.GroupValue
	comparisons []cube.Comparison
	change      map[string]change
	comparison  map[string]comparison
}

func newDeriver(in Input) *deriver {
	d := &deriver{in: in, byID: map[string]*catalogue.Indicator{}, series: map[string]map[string]yearly{}, groups: map[string]*group{}}
	r := newReader(in.Facts, in.Catalogue.Tables)
	for i := range in.Catalogue.Indicators {
		if ind := &in.Catalogue.Indicators[i]; r.has(ind) {
			d.indicators = append(d.indicators, ind)
			d.byID[ind.ID] = ind
		}
	}
	slices.SortFunc(d.indicators, func(a, b *catalogue.Indicator) int { return cmp.Compare(a.ID, b.ID) })
	for i := range in.Catalogue.Agreements {
		d.agreements = append(d.agreements, &in.Catalogue.Agreements[i])
	}
	slices.SortFunc(d.agreements, func(a, b *catalogue.Agreement) int { return cmp.Compare(a.ID, b.ID) })
	d.horizon = horizon(in)
	return d
}

// horizon is the newest year of any figure that is not a projection.
func horizon(in Input) int {
	projection := make([]bool, len(in.Facts.Series))
	for i, s := range in.Facts.Series {
		t := in.Catalogue.Table(s.Table)
		projection[i] = t != nil && t.Projection
	}
	newest := 0
	for _, r := range in.Facts.Rows {
		if !projection[r.Series] && !r.Status.Missing() {
			newest = max(newest, int(r.Period.Y))
		}
	}
	return newest
}

// each calls f for 0 … n−1 on the input's workers and waits. What f writes must
// belong to its own number.
func (d *deriver) each(ctx context.Context, n int, f func(i int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range max(1, min(d.in.Workers, n)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// readAll reads the cells of every indicator for every municipality, and adds
// those of each agreement's municipalities together.
func (d *deriver) readAll(ctx context.Context) error {
	r := newReader(d.in.Facts, d.in.Catalogue.Tables)
	all := d.in.Regions.All()
	read := make([]map[string]yearly, len(d.indicators))
	err := d.each(ctx, len(d.indicators), func(i int) {
		ind := d.indicators[i]
		read[i] = map[string]yearly{}
		for _, m := range all {
			if s := r.read(ind, m.Code); len(s.cells) > 0 {
				read[i][m.Code] = s
			}
		}
		if !pools(ind) {
			return
		}
		for _, a := range d.agreements {
			parts := make([]yearly, len(a.Municipalities))
			for j, m := range a.Municipalities {
				parts[j] = read[i][m.Code]
			}
			if s := pool(ind, parts); len(s.cells) > 0 {
				r.apart(ind, a.Codes(), s)
				read[i][a.ID] = s
			}
		}
	})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, ind := range d.indicators {
		d.series[ind.ID] = read[i]
		for region := range read[i] {
			seen[region] = true
		}
	}
	for _, m := range all {
		if seen[m.Code] {
			d.regions = append(d.regions, m.Code)
		}
	}
	for region := range seen {
		d.places = append(d.places, region)
	}
	slices.Sort(d.places)
	return nil
}

// makeGroups makes the comparison group of every municipality of an agreement and
// of each agreement's municipalities together.
func (d *deriver) makeGroups() {
	rule := d.in.Catalogue.Comparison(defaultComparison)
	if rule == nil {
		return
	}
	gs, ok := newGroups(d, rule)
	if !ok {
		return
	}
	for _, a := range d.agreements {
		parts := make([]*group, len(a.Municipalities))
		for i, m := range a.Municipalities {
			if parts[i] = gs.of(m.Code, a); parts[i] != nil {
				d.groups[m.Code] = parts[i]
			}
		}
		if together := gs.union(a, parts); together != nil {
			d.groups[a.ID] = together
		}
	}
	for region := range d.groups {
		d.grouped = append(d.grouped, region)
	}
	slices.Sort(d.grouped)
}

// baseline is the baseline year of a place: its agreement's, or the default.
func (d *deriver) baseline(region string) int {
	a := d.in.Catalogue.Agreement(region)
	if a == nil {
		a = d.in.Catalogue.AgreementOf(region)
	}
	if a == nil || a.Baseline.Year == 0 {
		return DefaultBaseline
	}
	return a.Baseline.Year
}

// perIndicator computes the rows of each indicator and joins them in order.
func (d *deriver) perIndicator(ctx context.Context, c *cube.Content) error {
	d.results = make([]results, len(d.indicators))
	err := d.each(ctx, len(d.indicators), func(i int) { d.results[i] = d.derive(d.indicators[i]) })
	if err != nil {
		return err
	}
	for _, r := range d.results {
		c.Values = append(c.Values, r.values...)
		c.Changes = append(c.Changes, r.changes...)
		c.Trends = append(c.Trends, r.trends...)
		c.GroupValues = append(c.GroupValues, r.groupValues...)
		c.Comparisons = append(c.Comparisons, r.comparisons...)
	}
	return nil
}

func (d *deriver) derive(ind *catalogue.Indicator) results {
	r := results{change: map[string]change{}, comparison: map[string]comparison{}}
	all := d.series[ind.ID]
	for _, region := range d.places {
		s, ok := all[region]
		if !ok {
			continue
		}
		r.values = append(r.values, values(ind, region, s)...)
		ch := changeOf(ind, s, d.baseline(region), d.horizon)
		r.change[region] = ch
		r.changes = append(r.changes, ch.row(ind, region))
		r.trends = append(r.trends, trendOf(ind, region, s, d.horizon))
	}
	peers := peerSums{ind, all}
	for _, region := range d.grouped {
		r.groupValues = append(r.groupValues, peers.values(region, d.groups[region].codes())...)
		ch, ok := r.change[region]
		if !ok {
			continue
		}
		x := d.compare(ind, d.groups[region], ch)
		r.comparison[region] = x
		r.comparisons = append(r.comparisons, x.row(ind, region))
	}
	return r
}

// result returns the results of an indicator with figures, or nil.
func (d *deriver) result(id string) *results {
	i, ok := slices.BinarySearchFunc(d.indicators, id, func(ind *catalogue.Indicator, id string) int { return cmp.Compare(ind.ID, id) })
	if !ok {
		return nil
	}
	return &d.results[i]
}

// size is the population of a place in a year, 0 when it is not known.
func (d *deriver) size(region string, year int) float64 {
	c := d.series[populationID][region].at(year)
	if c.status != data.OK || c.num <= 0 {
		return 0
	}
	return c.num
}
