package indicators

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// The methods of a comparison. A count is compared by its change in per cent,
// since places differ in size; everything else in the indicator's own unit.
const (
	MethodDID         = "did"
	MethodDIDRelative = "did-relative"
)

// power is the chance with which a smallest detectable difference is seen.
const power = 0.80

// comparison is a difference-in-differences against a comparison group.
type comparison struct {
	ch         change
	own, group float64
	estimate   interval.Estimate
	hasChanges bool // The changes have values,
	ok         bool // and the estimate limits.
	p, least   float64
	// detectable is the smallest true difference seen four times out of five.
	detectable float64
	members    int
	method     string
	reason     Reason
}

// compare sets the change of a place against that of its group:
//
//	τ = (now − base) − (G_now − G_base)
//
// G being the group's value from the summed counts of its members with figures in
// both windows. What chance does to τ is read off other places (Conley & Taber
// 2011, REStat 93:113): each municipality j that no rule kept out is treated as if
// the agreement were its own, τ_j = change_j − change of the group without j, and
// the variance of τ_j is scaled to the place's own size by v(M) = a + b/M (Ferman &
// Pinto 2019, REStat 101:452). With n of them
//
//	p = (1 + #{|τ_j| ≥ |τ|})/(n + 1),  limits τ ± the ⌈0.95(n + 1)⌉-th smallest |τ_j|
//
// The smallest difference seen with 80 % power is the half-width plus 0.84 standard
// deviations of the τ_j. No draw is made. All causes that move comparable places
// between the two windows are in it, not only counting chance.
func (d *deriver) compare(ind *catalogue.Indicator, g *group, ch change) comparison {
	x := comparison{ch: ch, method: MethodDID, reason: ch.reason}
	if ind.Kind == catalogue.Count {
		x.method = MethodDIDRelative
	}
	if ch.reason != "" && ch.reason != ReasonNoInterval {
		return x
	}
	p := newPanel(ind, d.series[ind.ID], ch)
	own, ok := p.change(g.region)
	if !ok {
		x.reason = ReasonNoBaseline
		return x
	}
	codes := g.codes()
	members := p.complete(codes)
	x.members = len(members)
	if !enough(len(members), len(codes)) {
		x.reason = ReasonTooFewMembers
		return x
	}
	total := p.total(members)
	x.own, x.hasChanges = own, true
	x.group = total.change(p)
	x.estimate.Value = x.own - x.group
	noise := d.noise(p, g, members, total)
	x.infer(noise)
	return x
}

// infer fills in limits and p from the placebos' estimates.
func (x *comparison) infer(noise []float64) {
	n := len(noise)
	k := int(math.Ceil(Level*float64(n+1) - 1e-9))
	if k > n {
		x.reason = ReasonTooFewPlacebos
		return
	}
	above, squares := 1, 0.0
	for i, v := range noise {
		squares += v * v
		noise[i] = math.Abs(v)
		if noise[i] >= math.Abs(x.estimate.Value)*(1-1e-12) {
			above++
		}
	}
	slices.Sort(noise)
	half := noise[k-1]
	x.estimate.Lower, x.estimate.Upper = x.estimate.Value-half, x.estimate.Value+half
	x.p, x.least = float64(above)/float64(n+1), 1/float64(n+1)
	x.detectable = half + distuv.UnitNormal.Quantile(power)*math.Sqrt(squares/float64(n))
	x.ok, x.reason = true, ""
}

// noise returns the placebo estimates, scaled to the size of the place.
func (d *deriver) noise(p panel, g *group, members []string, total sums) []float64 {
	year := p.ch.base.to
	var noise, sizes []float64
	sized := d.size(g.region, year) > 0
	for _, code := range d.donors(g) {
		own, ok := p.change(code)
		if !ok {
			continue
		}
		rest := total
		if slices.Contains(members, code) {
			rest = total.without(p, code)
		}
		noise = append(noise, own-rest.change(p))
		size := d.size(code, year)
		sizes = append(sizes, size)
		sized = sized && size > 0
	}
	if sized {
		rescale(noise, sizes, d.size(g.region, year))
	}
	return noise
}

// donors are the municipalities with figures that no rule kept out of the group.
func (d *deriver) donors(g *group) []string {
	excluded := make(map[string]bool, len(g.exclusions))
	for _, e := range g.exclusions {
		excluded[e.Peer] = true
	}
	var out []string
	for _, code := range d.regions {
		if !excluded[code] && code != g.region {
			out = append(out, code)
		}
	}
	return out
}

// rescale gives every placebo the variance of a place of the given size. Where no
// variance can be fitted, all being equal, nothing is changed.
func rescale(noise, sizes []float64, size float64) {
	squares := make([]float64, len(noise))
	for i, v := range noise {
		squares[i] = v * v
	}
	v, err := synth.FitSizeVariance(squares, sizes)
	if err != nil {
		return
	}
	target := v.At(size)
	for i := range noise {
		noise[i] *= math.Sqrt(target / v.At(sizes[i]))
	}
}

// panel is the two windows of a comparison for every place.
type panel struct {
	ind      *catalogue.Indicator
	all      map[string]yearly
	ch       change
	relative bool
}

func newPanel(ind *catalogue.Indicator, all map[string]yearly, ch change) panel {
	return panel{ind, all, ch, ind.Kind == catalogue.Count}
}

// ends are the summed counts of one place, or several, in both windows.
type ends struct{ baseNum, baseDen, nowNum, nowDen float64 }

func (p panel) ends(region string) (e ends, ok bool) {
	s := p.all[region]
	base := sumOf(s, p.ch.base.from, p.ch.base.to)
	now := sumOf(s, p.ch.now.from, p.ch.now.to)
	ok = !base.status.Missing() && !now.status.Missing()
	return ends{base.num, base.den, now.num, now.den}, ok
}

// change is that of one place; ok is false without figures in both windows, or
// where a count to be compared by its change in per cent began at nothing.
func (p panel) change(region string) (float64, bool) {
	e, ok := p.ends(region)
	if !ok {
		return 0, false
	}
	return p.of(e)
}

func (p panel) of(e ends) (float64, bool) {
	base, now := e.baseNum/e.baseDen, e.nowNum/e.nowDen
	if p.relative {
		if base < least {
			return 0, false
		}
		return 100 * (now/base - 1), true
	}
	return p.ind.Scale * (now - base), true
}

// complete returns the codes with a change.
func (p panel) complete(codes []string) []string {
	var out []string
	for _, code := range codes {
		if _, ok := p.change(code); ok {
			out = append(out, code)
		}
	}
	return out
}

// sums are what a group's change is made of: its summed counts or, for a ratio the
// source itself has made, the sum of its members' changes.
type sums struct {
	ends
	changes float64
	n       int
}

func (p panel) total(codes []string) sums {
	var t sums
	for _, code := range codes {
		t = t.plus(p, code, 1)
	}
	return t
}

func (t sums) plus(p panel, code string, sign float64) sums {
	e, _ := p.ends(code)
	change, _ := p.of(e)
	t.baseNum += sign * e.baseNum
	t.baseDen += sign * e.baseDen
	t.nowNum += sign * e.nowNum
	t.nowDen += sign * e.nowDen
	t.changes += sign * change
	t.n += int(sign)
	return t
}

func (t sums) without(p panel, code string) sums { return t.plus(p, code, -1) }

// change is the group's: from the counts of all its members together, or their
// mean change where counts are not known.
func (t sums) change(p panel) float64 {
	if !pools(p.ind) {
		return t.changes / float64(t.n)
	}
	v, _ := p.of(t.ends)
	return v
}

// smallest is the smallest detectable difference in the indicator's own unit, none
// for a count, which is compared in per cent.
func (x comparison) smallest() cube.Float {
	if !x.ok || x.method == MethodDIDRelative {
		return cube.Null
	}
	return cube.Float(x.detectable)
}

func (x comparison) row(ind *catalogue.Indicator, region string) cube.Comparison {
	r := cube.Comparison{
		Indicator: ind.ID, Region: region,
		BaseFrom: int32(x.ch.base.from), BaseTo: int32(x.ch.base.to), From: int32(x.ch.now.from), To: int32(x.ch.now.to),
		OwnChange: cube.Null, GroupChange: cube.Null, Estimate: cube.Null, Lower: cube.Null, Upper: cube.Null,
		P: cube.Null, SmallestP: cube.Null, Members: int32(x.members), Method: x.method, Reason: string(x.reason),
	}
	if x.hasChanges {
		r.OwnChange, r.GroupChange, r.Estimate = cube.Float(x.own), cube.Float(x.group), cube.Float(x.estimate.Value)
	}
	if x.ok {
		r.Lower, r.Upper = cube.Float(x.estimate.Lower), cube.Float(x.estimate.Upper)
		r.P, r.SmallestP = cube.Float(x.p), cube.Float(x.least)
	}
	return r
}
