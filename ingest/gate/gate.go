// Package gate compares a new set of figures with the one that is served and
// says what is too odd to publish: the checks a careful person makes before
// new figures reach a council. It changes nothing and repairs nothing; a
// finding names the table, so that its new bodies can be set aside and the
// older ones kept.
package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/facts"
)

// The gates. Names are stable; docs/ingest.md explains each.
const (
	// AllZero: the newest period of a series that is never 0 throughout is 0
	// everywhere. Between 05:00 and 08:00 SSB shows 0 for figures due that day.
	AllZero = "all-zero"
	// AllMissing: a series has lost every figure of a period it had before.
	AllMissing = "all-missing"
	// SeriesGone: a series that was there is not.
	SeriesGone = "series-gone"
	// RegionsGone: a series has lost municipalities.
	RegionsGone = "regions-gone"
	// Jump: a year-on-year change beyond a robust bound.
	Jump = "jump"
	// Revised: history changed more than revisions do.
	Revised = "revised-history"
	// UpdatedOrder: the source's date of update went backwards.
	UpdatedOrder = "updated-order"
	// RepeatedPeriod: the newest period repeats the one a year before in every
	// municipality, as imputed figures do.
	RepeatedPeriod = "repeated-period"
)

// Finding is one thing found.
type Finding struct {
	Gate, Table, Series string
	Detail              string
}

// String is one line for a person.
func (f Finding) String() string {
	return fmt.Sprintf("%s: table %s, series %s: %s", f.Gate, f.Table, f.Series, f.Detail)
}

// Bounds are the limits of the gates that need one.
type Bounds struct {
	// Jump is how many scale units a year-on-year change may be. The scale of a
	// municipality's series is counting noise √(x₀+x₁) plus 1.4826·MAD of its
	// own changes plus a fiftieth of its level.
	Jump float64
	// RevisedShare is the share of a series' old cells that may change by more
	// than RevisedBy of their value, and RevisedPeriod the share of one period's
	// that may. The newest period of the served set is held to the first alone:
	// preliminary figures become final. RevisedCell is the most one cell may
	// change, as a share of its value plus three.
	RevisedShare, RevisedPeriod, RevisedBy, RevisedCell float64
	// RegionsLost is the share of municipalities a series may lose.
	RegionsLost float64
}

// Default are bounds that let every clean set we hold through with room to
// spare and stop each seeded fault of the tests.
var Default = Bounds{Jump: 12, RevisedShare: 0.10, RevisedPeriod: 0.5, RevisedBy: 0.005, RevisedCell: 0.5, RegionsLost: 0.02}

// minRegions is the least number of municipalities a statement about «every
// municipality» is made on.
const minRegions = 5

const (
	// tellingTotal is what a series must have counted a year before for zeros to
	// be a wonder: a Poisson count of 20 is 0 once in 5·10⁸.
	tellingTotal = 20
	// tellingValue is the least figure whose coming back unchanged is evidence:
	// two Poisson counts of 10 are equal once in eleven, five pairs of them once
	// in 170,000.
	tellingValue = 10
)

// Check runs every gate on next; prev is the set of the served release, or nil
// for the first. Findings come sorted, at most a few for each gate and series.
func Check(prev, next *facts.Set, b Bounds) []Finding {
	c := checker{prev: prev, next: next, bounds: b}
	for _, s := range next.Series {
		c.newest(s)
		c.jumps(s)
	}
	if prev != nil {
		for _, s := range prev.Series {
			c.gone(s)
		}
		c.revisions()
		c.updates()
	}
	slices.SortStableFunc(c.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Series, b.Series))
	})
	return c.found
}

type checker struct {
	prev, next *facts.Set
	bounds     Bounds
	found      []Finding
}

func (c *checker) add(gate string, s facts.Series, format string, args ...any) {
	c.found = append(c.found, Finding{gate, s.Table, s.Name, fmt.Sprintf(format, args...)})
}

// newest looks at a series' last period over all municipalities.
func (c *checker) newest(s facts.Series) {
	var last data.Period
	for _, r := range c.next.RegionsOf(s.Table, s.Name) {
		pts := c.next.Points(s.Table, s.Name, r)
		if p := pts[len(pts)-1].Period; p.Compare(last) > 0 || last == (data.Period{}) {
			last = p
		}
	}
	var n, zero, missing, same, pairs, telling int
	before := 0.0
	for _, r := range c.next.RegionsOf(s.Table, s.Name) {
		pts := c.next.Points(s.Table, s.Name, r)
		i := len(pts) - 1
		j, ok := yearBefore(pts, i)
		if !ok || pts[i].Period != last {
			continue
		}
		a, b := pts[j], pts[i]
		n++
		if b.Status.Missing() {
			missing++
			continue
		}
		if b.Value == 0 {
			zero++
		}
		if a.Status.Missing() {
			continue
		}
		pairs++
		before += math.Abs(a.Value)
		if a.Value == b.Value {
			same++
		}
		if math.Abs(a.Value) >= tellingValue {
			telling++
		}
	}
	if n < minRegions {
		return
	}
	switch {
	case zero == n && before >= tellingTotal:
		c.add(AllZero, s, "all %d figures for %s are 0; a year before there were others", n, last)
	case telling >= minRegions && same == pairs:
		c.add(RepeatedPeriod, s, "%s repeats the year before in all %d municipalities", last, pairs)
	}
	if missing == n && c.had(s, last) {
		c.add(AllMissing, s, "all %d figures for %s are missing; the served release has them", n, last)
	}
}

// had reports whether the served set has a figure of the period.
func (c *checker) had(s facts.Series, p data.Period) bool {
	if c.prev == nil {
		return false
	}
	for _, r := range c.prev.RegionsOf(s.Table, s.Name) {
		if pt, ok := c.prev.AtPeriod(s.Table, s.Name, r, p); ok && !pt.Status.Missing() {
			return true
		}
	}
	return false
}

// maxPerSeries keeps a report readable.
const maxPerSeries = 3

func (c *checker) jumps(s facts.Series) {
	told := 0
	for _, r := range c.next.RegionsOf(s.Table, s.Name) {
		pts := c.next.Points(s.Table, s.Name, r)
		changes := yearly(pts)
		if len(changes) < 4 {
			continue
		}
		mad := medianAbs(changes)
		for i := range pts {
			j, ok := yearBefore(pts, i)
			if !ok {
				continue
			}
			a, b := pts[j], pts[i]
			if a.Status.Missing() || b.Status.Missing() || c.served(s, r, a) && c.served(s, r, b) {
				continue
			}
			level := math.Max(math.Abs(a.Value), math.Abs(b.Value))
			scale := math.Sqrt(math.Abs(a.Value)+math.Abs(b.Value)) + 1.4826*mad + math.Min(math.Abs(a.Value), math.Abs(b.Value))/50
			if d := math.Abs(b.Value - a.Value); level >= 20 && d > c.bounds.Jump*scale {
				if told++; told <= maxPerSeries {
					c.add(Jump, s, "municipality %s goes from %v in %s to %v in %s, %.0f times its usual change", r, a.Value, a.Period, b.Value, b.Period, d/scale)
				}
			}
		}
	}
	if told > maxPerSeries {
		c.add(Jump, s, "and %d more", told-maxPerSeries)
	}
}

// served reports whether the served set has the very figure: what was looked at
// once is not looked at again.
func (c *checker) served(s facts.Series, region string, p facts.Point) bool {
	if c.prev == nil {
		return false
	}
	old, ok := c.prev.AtPeriod(s.Table, s.Name, region, p.Period)
	return ok && old == p
}

// yearBefore is the position of the period to compare a period with: for a
// quarter or a month the same one of the year before, since seasons and sums
// within the year are no change; for a year the one before in the series.
func yearBefore(pts []facts.Point, i int) (j int, ok bool) {
	p := pts[i].Period
	if p.Freq == data.Year {
		return i - 1, i > 0
	}
	p.Y--
	return slices.BinarySearchFunc(pts[:i], p, func(x facts.Point, p data.Period) int { return x.Period.Compare(p) })
}

// yearly lists the changes over a year of all figures there are.
func yearly(pts []facts.Point) []float64 {
	var out []float64
	for i := range pts {
		if j, ok := yearBefore(pts, i); ok && !pts[i].Status.Missing() && !pts[j].Status.Missing() {
			out = append(out, pts[i].Value-pts[j].Value)
		}
	}
	return out
}

func medianAbs(x []float64) float64 {
	abs := make([]float64, len(x))
	for i, v := range x {
		abs[i] = math.Abs(v)
	}
	slices.Sort(abs)
	return abs[len(abs)/2]
}

func (c *checker) gone(s facts.Series) {
	before := c.prev.RegionsOf(s.Table, s.Name)
	if !c.next.Has(s.Table, s.Name) {
		c.add(SeriesGone, s, "the served release has it for %d municipalities, the new figures not at all", len(before))
		return
	}
	var lost []string
	for _, r := range before {
		if c.next.Points(s.Table, s.Name, r) == nil {
			lost = append(lost, r)
		}
	}
	if float64(len(lost)) > c.bounds.RegionsLost*float64(len(before)) {
		c.add(RegionsGone, s, "%d of %d municipalities are gone, the first %s", len(lost), len(before), lost[0])
	}
}

// Change is one figure that differs between two releases.
type Change struct {
	Table, Series, Region string
	Period                data.Period
	Old, New              facts.Point
}

// Diff lists every figure that both sets have and that differs, and every one
// that only the older has, in the order of the older set.
func Diff(prev, next *facts.Set) []Change {
	var out []Change
	for _, r := range prev.Rows {
		k := prev.Series[r.Series]
		region := prev.Regions[r.Region]
		old := facts.Point{Period: r.Period, Value: r.Value, Status: r.Status}
		now, ok := next.AtPeriod(k.Table, k.Name, region, r.Period)
		if !ok {
			now = facts.Point{Period: r.Period, Status: data.NotAvailable}
		}
		if now != old {
			out = append(out, Change{k.Table, k.Name, region, r.Period, old, now})
		}
	}
	return out
}

// seriesPeriod is one period of one series.
type seriesPeriod struct {
	facts.Series
	period data.Period
}

func (c *checker) revisions() {
	cells, inPeriod := map[facts.Series]int{}, map[seriesPeriod]int{}
	newest := map[facts.Series]data.Period{}
	for _, r := range c.prev.Rows {
		s := c.prev.Series[r.Series]
		cells[s]++
		inPeriod[seriesPeriod{s, r.Period}]++
		if last, ok := newest[s]; !ok || r.Period.Compare(last) > 0 {
			newest[s] = r.Period
		}
	}
	moved, movedIn := map[facts.Series]int{}, map[seriesPeriod]int{}
	worst := map[facts.Series]Change{}
	for _, ch := range Diff(c.prev, c.next) {
		if ch.Old.Status.Missing() || ch.New.Status.Missing() {
			continue
		}
		s := facts.Series{Table: ch.Table, Name: ch.Series}
		if math.Abs(ch.New.Value-ch.Old.Value) > c.bounds.RevisedBy*math.Abs(ch.Old.Value) {
			moved[s]++
			movedIn[seriesPeriod{s, ch.Period}]++
		}
		if w, ok := worst[s]; !ok || size(ch) > size(w) {
			worst[s] = ch
		}
	}
	rewritten := map[facts.Series]data.Period{}
	for k, n := range movedIn {
		if k.period == newest[k.Series] || n < minRegions || float64(n) <= c.bounds.RevisedPeriod*float64(inPeriod[k]) {
			continue
		}
		if p, ok := rewritten[k.Series]; !ok || k.period.Compare(p) > 0 {
			rewritten[k.Series] = k.period
		}
	}
	for _, s := range c.prev.Series {
		w, ok := worst[s]
		if !ok {
			continue
		}
		share := float64(moved[s]) / float64(cells[s])
		p, old := rewritten[s]
		switch {
		case share > c.bounds.RevisedShare:
			c.add(Revised, s, "%d of %d published figures changed by more than %.1f %%; most in municipality %s, %s: %v became %v",
				moved[s], cells[s], 100*c.bounds.RevisedBy, w.Region, w.Period, w.Old.Value, w.New.Value)
		case old:
			c.add(Revised, s, "%d of %d figures for %s, which was not the newest, changed by more than %.1f %%; most in municipality %s, %s: %v became %v",
				movedIn[seriesPeriod{s, p}], inPeriod[seriesPeriod{s, p}], p, 100*c.bounds.RevisedBy, w.Region, w.Period, w.Old.Value, w.New.Value)
		case size(w) > c.bounds.RevisedCell && math.Abs(w.New.Value-w.Old.Value) > 20:
			c.add(Revised, s, "municipality %s, %s: %v became %v", w.Region, w.Period, w.Old.Value, w.New.Value)
		}
	}
}

func size(c Change) float64 {
	return math.Abs(c.New.Value-c.Old.Value) / (math.Abs(c.Old.Value) + 3)
}

func (c *checker) updates() {
	newest := map[string]data.Provenance{}
	for _, p := range c.prev.Sources {
		if p.Updated.After(newest[p.Table].Updated) {
			newest[p.Table] = p
		}
	}
	for _, p := range c.next.Sources {
		if old, ok := newest[p.Table]; ok && !p.Updated.IsZero() && p.Updated.Before(old.Updated) && p.SHA256 != old.SHA256 && p.Retrieved.After(old.Retrieved) {
			c.add(UpdatedOrder, facts.Series{Table: p.Table, Name: "(all)"}, "the source says it was updated %s, before the %s of the figures we have", p.Updated.Format("2006-01-02"), old.Updated.Format("2006-01-02"))
		}
	}
}
