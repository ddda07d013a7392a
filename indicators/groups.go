package indicators

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/peers"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// groups makes comparison groups by one rule of the catalogue.
//
// The distance between municipalities i and j is
//
//	d = √Σ_k w_k ((x_ik − x_jk)/sd_k)²
//
// over the rule's covariates, sd_k being the standard deviation (n−1) over all
// municipalities of the release that have every covariate. Hard exclusions come
// first, each with its reason; the k nearest of the rest are the group.
type groups struct {
	d    *deriver
	rule *catalogue.Comparison
	// keys are the municipalities with every covariate, sorted, and after them
	// the agreements with every covariate; x has a row for each.
	keys    []string
	at      map[string]int
	x       *mat.Dense
	scaler  peers.Scaler
	weights []float64
	gaps    map[string]bool
}

// group is a region's comparison group.
type group struct {
	region     string
	members    []cube.Member
	exclusions []cube.Exclusion
	balances   []cube.Balance
}

// codes returns the municipalities of the group.
func (g *group) codes() []string {
	out := make([]string, len(g.members))
	for i, m := range g.members {
		out[i] = m.Peer
	}
	return out
}

// newGroups computes the covariates; ok is false when there are too few
// municipalities with all of them to set a scale.
func newGroups(d *deriver, rule *catalogue.Comparison) (g *groups, ok bool) {
	g = &groups{d: d, rule: rule, at: map[string]int{}, gaps: map[string]bool{}}
	for _, c := range rule.Covariates {
		g.weights = append(g.weights, c.Weight)
	}
	var rows []float64
	add := func(key string) {
		if x, ok := g.covariates(key); ok {
			g.at[key] = len(g.keys)
			g.keys = append(g.keys, key)
			rows = append(rows, x...)
		}
	}
	for _, code := range d.regions {
		add(code)
	}
	n := len(g.keys)
	if n == 0 {
		return nil, false
	}
	for _, a := range d.agreements {
		add(a.ID)
	}
	g.x = mat.NewDense(len(g.keys), len(g.weights), rows)
	scaler, err := peers.NewScaler(g.x.Slice(0, n, 0, len(g.weights)).(*mat.Dense))
	if err != nil {
		return nil, false
	}
	g.scaler = scaler
	for _, m := range d.in.Regions.All() {
		g.gaps[m.Code] = g.hasGap(m.Code)
	}
	return g, true
}

// covariates returns a region's row, or ok = false if it lacks one.
func (g *groups) covariates(region string) (x []float64, ok bool) {
	for _, c := range g.rule.Covariates {
		v, ok := g.covariate(c, region)
		if !ok {
			return nil, false
		}
		x = append(x, v)
	}
	return x, true
}

func (g *groups) covariate(c catalogue.Covariate, region string) (v float64, ok bool) {
	switch ind := g.d.byID[c.Indicator]; {
	case c.Attribute == "centrality_index":
		v, ok = g.centralityIndex(region)
	case ind == nil:
		return 0, false
	case c.Stat == catalogue.StatGrowth:
		s := g.d.series[c.Indicator][region]
		a, b := window(ind, s, c.From, c.From), window(ind, s, c.To, c.To)
		ok = !a.status.Missing() && !b.status.Missing() && math.Abs(a.value) >= least
		if ok {
			v = 100 * (b.value/a.value - 1)
		}
	default:
		e := window(ind, g.d.series[c.Indicator][region], c.From, c.To)
		v, ok = e.value, !e.status.Missing()
		if a := g.d.in.Catalogue.Agreement(region); a != nil && ind.Kind == catalogue.Count {
			// A place is like places of its own size: the mean of the municipalities.
			v /= float64(len(a.Municipalities))
		}
	}
	if c.Transform == catalogue.LogTransform {
		ok = ok && v > 0
		v = math.Log(v)
	}
	return v, ok
}

// centralityIndex is SSB's index; for an agreement its municipalities' mean.
func (g *groups) centralityIndex(region string) (float64, bool) {
	codes := []string{region}
	if a := g.d.in.Catalogue.Agreement(region); a != nil {
		codes = a.Codes()
	}
	sum := 0.0
	for _, code := range codes {
		m, err := g.d.in.Regions.Municipality(code)
		if err != nil {
			return 0, false
		}
		sum += float64(m.CentralityIndex)
	}
	return sum / float64(len(codes)), true
}

// hasGap applies the gap rule: every covariate, and every year of the rule for
// each indicator among the covariates.
func (g *groups) hasGap(code string) bool {
	if _, ok := g.at[code]; !ok {
		return true
	}
	for _, e := range g.rule.Exclusions {
		if e.Rule != catalogue.ExcludeGap || e.From == 0 {
			continue
		}
		for _, c := range g.rule.Covariates {
			if c.Indicator != "" && !g.d.series[c.Indicator][code].covers(e.From, e.To) {
				return true
			}
		}
	}
	return false
}

// of makes the group of a municipality of an agreement; nil when the
// municipality itself lacks a covariate.
func (g *groups) of(code string, a *catalogue.Agreement) *group {
	unit, ok := g.at[code]
	if !ok {
		return nil
	}
	own, err := g.d.in.Regions.Municipality(code)
	if err != nil {
		return nil
	}
	out := &group{region: code}
	var candidates []int
	for _, m := range g.d.in.Regions.All() {
		if rule, excluded := g.exclude(own, a, m); excluded {
			out.exclusions = append(out.exclusions, cube.Exclusion{Region: code, Peer: m.Code, Reason: string(rule)})
		} else {
			candidates = append(candidates, g.at[m.Code])
		}
	}
	near, err := peers.Nearest(g.x, g.scaler, g.weights, g.keys, unit, candidates, g.rule.K)
	if err != nil {
		// The matrix is whole and the candidates are rows of it.
		panic("indicators: nearest: " + err.Error())
	}
	for i, p := range near {
		out.members = append(out.members, cube.Member{Region: code, Position: int32(i + 1), Peer: g.keys[p.Unit], Distance: cube.Float(p.Distance), Version: g.rule.Version})
	}
	out.balances = g.balance(code, out.codes(), candidates)
	return out
}

// exclude returns the first rule that keeps m out.
func (g *groups) exclude(own regions.Municipality, a *catalogue.Agreement, m regions.Municipality) (catalogue.ExclusionRule, bool) {
	for _, e := range g.rule.Exclusions {
		if g.applies(e, own, a, m) {
			return e.Rule, true
		}
	}
	// Without a gap rule, there is still nothing to measure a distance with.
	return catalogue.ExcludeGap, g.gaps[m.Code]
}

func (g *groups) applies(e catalogue.Exclusion, own regions.Municipality, a *catalogue.Agreement, m regions.Municipality) bool {
	switch e.Rule {
	case catalogue.ExcludeSelf:
		return m.Code == own.Code
	case catalogue.ExcludePilot:
		return g.d.in.Catalogue.AgreementOf(m.Code) != nil
	case catalogue.ExcludeNeighbour:
		return slices.ContainsFunc(a.Codes(), func(code string) bool { return slices.Contains(m.Neighbours, code) })
	case catalogue.ExcludeCommuting:
		return e.Max != nil && slices.ContainsFunc(a.Codes(), func(code string) bool {
			return g.d.commuting(m.Code, code) > *e.Max || g.d.commuting(code, m.Code) > *e.Max
		})
	case catalogue.ExcludeBorder:
		return m.BorderChange != 0 && m.BorderChange >= e.From && m.BorderChange <= e.To
	case catalogue.ExcludeGap:
		return g.gaps[m.Code]
	case catalogue.ExcludeCentrality:
		return e.Max != nil && math.Abs(float64(m.CentralityClass-own.CentralityClass)) > *e.Max
	case catalogue.ExcludePopulation:
		return e.Max != nil && g.populationRatio(own.Code, m.Code, a.Baseline.Year) > *e.Max
	}
	return false
}

// populationRatio is the larger population over the smaller in the baseline
// year; 0 when one is not known, which is the gap rule's matter.
func (g *groups) populationRatio(a, b string, year int) float64 {
	p, q := g.d.series[populationID][a].at(year), g.d.series[populationID][b].at(year)
	if p.status.Missing() || q.status.Missing() || p.num <= 0 || q.num <= 0 {
		return 0
	}
	return max(p.num, q.num) / min(p.num, q.num)
}

func (g *groups) balance(region string, group []string, candidates []int) []cube.Balance {
	unit, ok := g.at[region]
	if !ok || len(group) == 0 {
		return nil
	}
	rows := make([]int, len(group))
	for i, code := range group {
		rows[i] = g.at[code]
	}
	balances, err := peers.Balances(g.x, unit, rows, candidates)
	if err != nil {
		// A covariate without variation among the candidates has no scale.
		return nil
	}
	out := make([]cube.Balance, len(balances))
	for i, b := range balances {
		out[i] = cube.Balance{
			Region: region, Covariate: g.rule.Covariates[i].ID, Own: cube.Float(b.Own),
			GroupMean: cube.Float(b.Mean), GroupSD: cube.Float(b.SD), StdDifference: cube.Float(b.StdDifference), Outside: b.Outside,
		}
	}
	return out
}

// union makes the group of an agreement's municipalities taken together: every
// municipality in the group of at least one of them, once, in order of its
// smallest distance to any. Excluded are those kept out for all of them, with
// the reason for the first.
func (g *groups) union(a *catalogue.Agreement, parts []*group) *group {
	out := &group{region: a.ID}
	nearest := map[string]cube.Member{}
	excluded := map[string]int{}
	reasons := map[string]string{}
	whole := 0
	for _, p := range parts {
		if p == nil {
			continue
		}
		whole++
		for _, m := range p.members {
			if best, ok := nearest[m.Peer]; !ok || m.Distance < best.Distance {
				nearest[m.Peer] = m
			}
		}
		for _, e := range p.exclusions {
			excluded[e.Peer]++
			if reasons[e.Peer] == "" {
				reasons[e.Peer] = e.Reason
			}
		}
	}
	if whole == 0 {
		return nil
	}
	for _, m := range nearest {
		m.Region = a.ID
		out.members = append(out.members, m)
	}
	slices.SortFunc(out.members, func(p, q cube.Member) int {
		return cmp.Or(cmp.Compare(p.Distance, q.Distance), cmp.Compare(p.Peer, q.Peer))
	})
	var candidates []int
	for i := range out.members {
		out.members[i].Position = int32(i + 1)
	}
	for _, m := range g.d.in.Regions.All() {
		if excluded[m.Code] == whole {
			out.exclusions = append(out.exclusions, cube.Exclusion{Region: a.ID, Peer: m.Code, Reason: reasons[m.Code]})
		} else {
			candidates = append(candidates, g.at[m.Code])
		}
	}
	out.balances = g.balance(a.ID, out.codes(), candidates)
	return out
}

// commuting returns the per cent of the employed residents of a municipality who
// work in another, in the newest year with both figures; 0 when there are none.
func (d *deriver) commuting(home, work string) float64 {
	const flows, employment = "03321", "07984"
	points := d.in.Facts.Points(flows, "commuters_to/"+work, home)
	for _, p := range slices.Backward(points) {
		all, ok := d.in.Facts.At(employment, "employed", home, int(p.Period.Y))
		if ok && p.Status == data.OK && all.Status == data.OK && all.Value > 0 {
			return 100 * p.Value / all.Value
		}
	}
	return 0
}
