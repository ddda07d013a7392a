// Package facts is the harmonised set of figures a release is built from:
// batches as received, with every region code brought to the codes valid from
// 2024-01-01, each key once, and the invariants that must hold before anything
// is computed.
package facts

import (
	"cmp"
	"errors"
	"slices"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// Row is one harmonised figure. Codes are indexes into the Set's dimensions,
// so that a million rows stay small.
type Row struct {
	Series   int32
	Region   int32
	Reported int32
	Source   int32
	Period   data.Period
	Value    float64
	Status   data.Status
}

// Series names one series of one table.
type Series struct{ Table, Name string }

// Set is an immutable, sorted set of facts.
type Set struct {
	Sources []data.Provenance
	Series  []Series
	Regions []string
	// Rows are sorted by table, series, region and period.
	Rows []Row
	// Dropped counts the figures of regions that cannot be carried to today's
	// borders, by reason; they are in the archive and in no release.
	Dropped map[string]int

	reg      *regions.Register
	additive func(table, series string) bool
	seriesID map[Series]int32
	regionID map[string]int32
	spans    map[[2]int32][2]int
}

// Point is one figure of a series for a region.
type Point struct {
	Period data.Period
	Value  float64
	Status data.Status
}

// Harmonise brings batches to the municipality codes valid from 2024-01-01. A
// pure renumbering carries the figure over. Figures of municipalities that were
// merged since are summed if the series is additive and every part has one; the
// sum of parts one of which is missing or suppressed is missing or suppressed.
// What cannot be rebuilt (a part not among the figures, a municipality that was
// split, a pseudo-region) is counted in Dropped. A cell marked "." (code not in
// use that year) gives way to a figure under the code that was. An unknown code,
// or two different figures for one key, is an error; all such errors are joined.
func Harmonise(batches []data.Batch, reg *regions.Register, additive func(table, series string) bool) (*Set, error) {
	s := &Set{
		reg:      reg,
		additive: additive,
		Dropped:  map[string]int{},
		seriesID: map[Series]int32{},
		regionID: map[string]int32{},
		spans:    map[[2]int32][2]int{},
	}
	var errs []error
	for i, b := range batches {
		s.Sources = append(s.Sources, b.Provenance)
		if err := b.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		for _, f := range b.Facts {
			if err := s.add(f, int32(i), reg); err != nil {
				errs = append(errs, err)
			}
			if len(errs) >= maxErrors {
				return nil, errors.Join(append(errs, data.Errorf(data.EINVALID, "more than %d errors; the rest are not listed", maxErrors))...)
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	s.renumber()
	if err := s.unique(); err != nil {
		return nil, err
	}
	s.index()
	return s, nil
}

// maxErrors bounds the report; a wrong code list would otherwise print a line a cell.
const maxErrors = 50

func (s *Set) add(f data.Fact, source int32, reg *regions.Register) error {
	current, how, err := reg.Harmonise(f.Region, int(f.Period.Y))
	if err != nil {
		return data.Errorf(data.ErrorCode(err), "%s/%s, period %s: %w", f.Table, f.Series, f.Period, err)
	}
	if !how.Carries() && how != regions.Merged {
		s.Dropped[string(how)]++
		return nil
	}
	s.Rows = append(s.Rows, Row{
		Series: s.series(Series{f.Table, f.Series}), Region: s.region(current), Reported: s.region(f.Region),
		Source: source, Period: f.Period, Value: f.Value, Status: f.Status,
	})
	return nil
}

func (s *Set) series(k Series) int32 {
	id, ok := s.seriesID[k]
	if !ok {
		id = int32(len(s.Series))
		s.seriesID[k] = id
		s.Series = append(s.Series, k)
	}
	return id
}

func (s *Set) region(code string) int32 {
	id, ok := s.regionID[code]
	if !ok {
		id = int32(len(s.Regions))
		s.regionID[code] = id
		s.Regions = append(s.Regions, code)
	}
	return id
}

// renumber gives series and regions ids in sorted order, so that the set does
// not depend on the order of the batches.
func (s *Set) renumber() {
	sOrder := sortedIDs(s.Series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Name, b.Name))
	})
	rOrder := sortedIDs(s.Regions, func(a, b string) int { return cmp.Compare(a, b) })
	for i := range s.Rows {
		r := &s.Rows[i]
		r.Series, r.Region, r.Reported = sOrder[r.Series], rOrder[r.Region], rOrder[r.Reported]
	}
	for i, k := range s.Series {
		s.seriesID[k] = int32(i)
	}
	for i, k := range s.Regions {
		s.regionID[k] = int32(i)
	}
	slices.SortFunc(s.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Series, b.Series), cmp.Compare(a.Region, b.Region),
			a.Period.Compare(b.Period), cmp.Compare(a.Reported, b.Reported), cmp.Compare(a.Source, b.Source))
	})
}

// sortedIDs sorts list in place and returns the new position of each old one.
func sortedIDs[T comparable](list []T, compare func(a, b T) int) []int32 {
	old := slices.Clone(list)
	slices.SortFunc(list, compare)
	at := make(map[T]int32, len(list))
	for i, v := range list {
		at[v] = int32(i)
	}
	pos := make([]int32, len(old))
	for i, v := range old {
		pos[i] = at[v]
	}
	return pos
}

// unique keeps one row per series, region and period.
func (s *Set) unique() error {
	var errs []error
	out := s.Rows[:0]
	for i := 0; i < len(s.Rows); {
		j := i + 1
		for j < len(s.Rows) && sameKey(s.Rows[i], s.Rows[j]) {
			j++
		}
		r, keep, err := s.resolve(s.Rows[i:j])
		if err != nil {
			errs = append(errs, err)
		}
		if keep {
			out = append(out, r)
		}
		i = j
	}
	s.Rows = out
	return errors.Join(errs...)
}

func sameKey(a, b Row) bool {
	return a.Series == b.Series && a.Region == b.Region && a.Period == b.Period
}

// resolve makes one row of all rows of a key. They are the same figure from
// several sources, a code in and out of use, or the parts of a merger.
func (s *Set) resolve(rows []Row) (row Row, keep bool, err error) {
	byCode := rows[:0:0]
	for _, r := range rows {
		n := len(byCode)
		if n == 0 || byCode[n-1].Reported != r.Reported {
			byCode = append(byCode, r)
			continue
		}
		if last := byCode[n-1]; r.Value != last.Value || r.Status != last.Status {
			return r, false, s.conflict(last, r)
		}
	}
	inUse := slices.DeleteFunc(slices.Clone(byCode), func(r Row) bool { return r.Status == data.NotApplicable })
	if len(inUse) == 0 {
		return byCode[0], true, nil
	}
	current, year := s.Regions[inUse[0].Region], int(inUse[0].Period.Y)
	parts := s.reg.Parts(current, year)
	if len(parts) > 1 {
		return s.merge(inUse, parts)
	}
	for _, r := range inUse[1:] {
		if r.Value != inUse[0].Value || r.Status != inUse[0].Status {
			return r, false, s.conflict(inUse[0], r)
		}
	}
	if code := s.Regions[inUse[0].Reported]; len(parts) == 0 && code != current {
		if _, how, _ := s.reg.Harmonise(code, year); how == regions.Merged {
			s.Dropped[string(regions.Merged)]++
			return inUse[0], false, nil
		}
	}
	return inUse[0], true, nil
}

// merge sums the parts of a municipality that was merged since.
func (s *Set) merge(rows []Row, parts []string) (row Row, keep bool, err error) {
	if len(rows) == 1 && rows[0].Reported == rows[0].Region {
		return rows[0], true, nil // The source gives the whole on today's borders.
	}
	k := s.Series[rows[0].Series]
	if len(rows) != len(parts) || !s.additive(k.Table, k.Name) {
		s.Dropped[string(regions.Merged)] += len(rows)
		return rows[0], false, nil
	}
	row = rows[0]
	for _, r := range rows[1:] {
		row.Value += r.Value
		row.Status = row.Status.Worst(r.Status)
	}
	if row.Status.Missing() {
		row.Value = 0
	}
	// No one code reported the sum; it stands on today's borders.
	row.Reported = row.Region
	return row, true, nil
}

func (s *Set) conflict(a, b Row) error {
	k := s.Series[a.Series]
	return data.Errorf(data.ECONFLICT, "duplicate key: %s/%s, region %s, period %s is %v%s (as %s) and %v%s (as %s)",
		k.Table, k.Name, s.Regions[a.Region], a.Period, a.Value, a.Status, s.Regions[a.Reported], b.Value, b.Status, s.Regions[b.Reported])
}

func (s *Set) index() {
	for i := 0; i < len(s.Rows); {
		k := [2]int32{s.Rows[i].Series, s.Rows[i].Region}
		j := i + 1
		for j < len(s.Rows) && s.Rows[j].Series == k[0] && s.Rows[j].Region == k[1] {
			j++
		}
		s.spans[k] = [2]int{i, j}
		i = j
	}
}

// Points returns a region's figures of a series in time order, or nil.
func (s *Set) Points(table, series, region string) []Point {
	rows := s.rows(table, series, region)
	if rows == nil {
		return nil
	}
	out := make([]Point, len(rows))
	for i, r := range rows {
		out[i] = Point{r.Period, r.Value, r.Status}
	}
	return out
}

func (s *Set) rows(table, series, region string) []Row {
	sid, ok := s.seriesID[Series{table, series}]
	if !ok {
		return nil
	}
	rid, ok := s.regionID[region]
	if !ok {
		return nil
	}
	span, ok := s.spans[[2]int32{sid, rid}]
	if !ok {
		return nil
	}
	return s.Rows[span[0]:span[1]]
}

// At returns the figure of one year. ok is false when the set has no such
// cell, which is not the same as a cell with a missing status.
func (s *Set) At(table, series, region string, year int) (Point, bool) {
	return s.AtPeriod(table, series, region, data.YearPeriod(year))
}

// AtPeriod is At for any period.
func (s *Set) AtPeriod(table, series, region string, p data.Period) (Point, bool) {
	rows := s.rows(table, series, region)
	i, ok := slices.BinarySearchFunc(rows, p, func(r Row, p data.Period) int { return r.Period.Compare(p) })
	if !ok {
		return Point{}, false
	}
	return Point{rows[i].Period, rows[i].Value, rows[i].Status}, true
}

// Has reports whether the set holds any figure of a series.
func (s *Set) Has(table, series string) bool {
	_, ok := s.seriesID[Series{table, series}]
	return ok
}

// RegionsOf returns the regions that have figures of a series, sorted.
func (s *Set) RegionsOf(table, series string) []string {
	sid, ok := s.seriesID[Series{table, series}]
	if !ok {
		return nil
	}
	var out []string
	for i := range s.Regions {
		if _, ok := s.spans[[2]int32{sid, int32(i)}]; ok {
			out = append(out, s.Regions[i])
		}
	}
	return out
}
