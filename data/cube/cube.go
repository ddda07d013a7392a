// Package cube is the read model of one release: immutable rows with the
// look-ups readers need. It is loaded once per release and shared by all
// readers without locks.
package cube

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// Float is a number that may be missing. Missing is NaN in memory, NULL in
// DuckDB and Parquet, null in JSON and an empty field in CSV; it is never a
// number.
type Float float64

// Null is the missing Float.
var Null = Float(math.NaN())

// OK reports whether there is a number.
func (f Float) OK() bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }

// MarshalJSON writes the shortest decimal that reads back as f, or null.
func (f Float) MarshalJSON() ([]byte, error) {
	if !f.OK() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads a number or null.
func (f *Float) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Null
		return nil
	}
	return json.Unmarshal(b, (*float64)(f))
}

// String returns the shortest decimal that reads back as f, or "".
func (f Float) String() string {
	if !f.OK() {
		return ""
	}
	return strconv.FormatFloat(float64(f), 'g', -1, 64)
}

// Content is every table of a release. Rows are sorted by key.
type Content struct {
	Sources        []Source
	Observations   []Observation
	Values         []Value `table:"indicator_values"`
	Changes        []Change
	Trends         []Trend
	Members        []Member
	Exclusions     []Exclusion
	Balances       []Balance
	GroupValues    []GroupValue
	Comparisons    []Comparison
	Attainments    []Attainment
	Effects        []Effect
	EffectPaths    []EffectPath
	EffectWeights  []EffectWeight
	EffectPlacebos []EffectPlacebo
	EffectShares   []EffectShare
	Powers         []Power
	Forecasts      []Forecast
	Shifts         []Shift
}

// Cube is a Content with indexes. It must not be changed after New.
type Cube struct {
	Content
	values      map[seriesKey][]Value
	groupValues map[seriesKey][]GroupValue
	changes     map[pairKey]*Change
	trends      map[pairKey]*Trend
	comparisons map[pairKey]*Comparison
	members     map[string][]Member
	exclusions  map[string][]Exclusion
	balances    map[string][]Balance
	effects     map[pairKey][]Effect
	years       map[string][2]int32
}

type seriesKey struct {
	indicator, region string
	window            int32
}

type pairKey struct{ indicator, region string }

// New indexes a content. The content's slices are kept, not copied.
func New(c Content) *Cube {
	q := &Cube{
		Content:     c,
		values:      map[seriesKey][]Value{},
		groupValues: map[seriesKey][]GroupValue{},
		changes:     map[pairKey]*Change{},
		trends:      map[pairKey]*Trend{},
		comparisons: map[pairKey]*Comparison{},
		members:     map[string][]Member{},
		exclusions:  map[string][]Exclusion{},
		balances:    map[string][]Balance{},
		effects:     map[pairKey][]Effect{},
		years:       map[string][2]int32{},
	}
	for _, v := range c.Values {
		k := seriesKey{v.Indicator, v.Region, v.Window}
		q.values[k] = append(q.values[k], v)
		y, ok := q.years[v.Indicator]
		if !ok {
			y = [2]int32{v.Year, v.Year}
		}
		q.years[v.Indicator] = [2]int32{min(y[0], v.Year), max(y[1], v.Year)}
	}
	for _, v := range c.GroupValues {
		k := seriesKey{v.Indicator, v.Region, v.Window}
		q.groupValues[k] = append(q.groupValues[k], v)
	}
	for i := range c.Changes {
		q.changes[pairKey{c.Changes[i].Indicator, c.Changes[i].Region}] = &c.Changes[i]
	}
	for i := range c.Trends {
		q.trends[pairKey{c.Trends[i].Indicator, c.Trends[i].Region}] = &c.Trends[i]
	}
	for i := range c.Comparisons {
		q.comparisons[pairKey{c.Comparisons[i].Indicator, c.Comparisons[i].Region}] = &c.Comparisons[i]
	}
	for _, m := range c.Members {
		q.members[m.Region] = append(q.members[m.Region], m)
	}
	for _, e := range c.Exclusions {
		q.exclusions[e.Region] = append(q.exclusions[e.Region], e)
	}
	for _, b := range c.Balances {
		q.balances[b.Region] = append(q.balances[b.Region], b)
	}
	for _, e := range c.Effects {
		k := pairKey{e.Indicator, e.Region}
		q.effects[k] = append(q.effects[k], e)
	}
	byYear := func(a, b Value) int { return cmp.Compare(a.Year, b.Year) }
	for _, s := range q.values {
		slices.SortFunc(s, byYear)
	}
	return q
}

// Values returns the yearly values of a region, oldest first; nil when the
// release has none.
func (q *Cube) Values(indicator, region string, window int) []Value {
	return q.values[seriesKey{indicator, region, int32(window)}]
}

// GroupValues returns the comparison group's yearly values.
func (q *Cube) GroupValues(indicator, region string, window int) []GroupValue {
	return q.groupValues[seriesKey{indicator, region, int32(window)}]
}

// Change returns the change since the baseline, or nil.
func (q *Cube) Change(indicator, region string) *Change {
	return q.changes[pairKey{indicator, region}]
}

// Trend returns the trend test, or nil.
func (q *Cube) Trend(indicator, region string) *Trend { return q.trends[pairKey{indicator, region}] }

// Comparison returns the difference-in-differences, or nil.
func (q *Cube) Comparison(indicator, region string) *Comparison {
	return q.comparisons[pairKey{indicator, region}]
}

// Members returns the comparison group in order of likeness.
func (q *Cube) Members(region string) []Member { return q.members[region] }

// Exclusions returns who was kept out of the comparison group, and why.
func (q *Cube) Exclusions(region string) []Exclusion { return q.exclusions[region] }

// Balance returns the balance table of the comparison group.
func (q *Cube) Balance(region string) []Balance { return q.balances[region] }

// Effects returns every estimate for an indicator and region.
func (q *Cube) Effects(indicator, region string) []Effect {
	return q.effects[pairKey{indicator, region}]
}

// Years returns the first and last year an indicator has values for; ok is
// false when the release holds none.
func (q *Cube) Years(indicator string) (first, last int, ok bool) {
	y, ok := q.years[indicator]
	return int(y[0]), int(y[1]), ok
}

// Attainment returns the rows of a goal ("1") of an agreement for a region, in
// catalogue order; all goals of the agreement when goal is empty, all regions
// when region is empty.
func (q *Cube) Attainment(agreement, goal, region string) []Attainment {
	var out []Attainment
	for _, a := range q.Attainments {
		if a.Agreement == agreement && (goal == "" || a.Goal == goal) && (region == "" || a.Region == region) {
			out = append(out, a)
		}
	}
	return out
}
