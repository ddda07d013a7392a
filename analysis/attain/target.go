package attain

import (
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/interval"
)

// Point is a dated point of a target path.
type Point struct{ Year, Value float64 }

// Path is the target in a year: straight lines between dated points, in order of
// year, level after the last; NoTime before the first.
func Path(points []Point, year float64) (float64, Reason) {
	if len(points) == 0 {
		return 0, NoTarget
	}
	if reason := ordered(points); reason != Defined {
		return 0, reason
	}
	if !finite(year) {
		return 0, NotFinite
	}
	// The first point after the year.
	i := slices.IndexFunc(points, func(p Point) bool { return p.Year > year })
	switch {
	case i == 0:
		return 0, NoTime
	case i < 0:
		return points[len(points)-1].Value, Defined
	}
	a, b := points[i-1], points[i]
	w := (year - a.Year) / (b.Year - a.Year)
	return defined(a.Value*(1-w) + b.Value*w)
}

func ordered(points []Point) Reason {
	for i, p := range points {
		if !finite(p.Year, p.Value) {
			return NotFinite
		}
		if i > 0 && p.Year <= points[i-1].Year {
			return PathUnordered
		}
	}
	return Defined
}

// ExpectedOnPath is the share of the way that should be covered in a year when the
// target is a path: (path(year) − y_0)/(last point − y_0). Like Expected it holds
// whatever the direction, and is NoDistance where the path ends at the baseline.
func ExpectedOnPath(points []Point, base, year float64) (float64, Reason) {
	now, reason := Path(points, year)
	if reason != Defined {
		return 0, reason
	}
	return Share(Course{Base: base, Current: now, Target: points[len(points)-1].Value})
}

// Range is a target between two limits, either of which may be infinite.
type Range struct{ Lower, Upper float64 }

// Hold is the range of a level to be kept: at worst tolerance on the wrong side of
// the baseline, and any improvement on the right one. Direction 0 bounds both
// sides.
func Hold(base, tolerance float64, d Direction) (Range, Reason) {
	switch {
	case !finite(base):
		return Range{}, NotFinite
	case !(tolerance >= 0) || math.IsInf(tolerance, 0):
		return Range{}, NoTolerance
	}
	r := Range{base - tolerance, base + tolerance}
	if d == Up {
		r.Upper = math.Inf(1)
	}
	if d == Down {
		r.Lower = math.Inf(-1)
	}
	return r, Defined
}

// Position is where an estimate lies relative to a range.
type Position string

// The positions.
const (
	// Within: the whole interval lies in the range.
	Within Position = "within"
	// Below: the whole interval lies below it.
	Below Position = "below"
	// Above: the whole interval lies above it.
	Above Position = "above"
	// Unclear: the interval crosses a limit of the range, so that the figure
	// cannot tell.
	Unclear Position = "unclear"
)

// Place says where an estimate lies relative to the range, by its whole interval.
// The limits belong to the range.
func (r Range) Place(e interval.Estimate) (Position, Reason) {
	switch {
	case !(r.Lower <= r.Upper):
		return "", NoTolerance
	case !finite(e.Lower, e.Upper):
		return "", NotFinite
	case e.Upper < r.Lower:
		return Below, Defined
	case e.Lower > r.Upper:
		return Above, Defined
	case e.Lower >= r.Lower && e.Upper <= r.Upper:
		return Within, Defined
	}
	return Unclear, Defined
}

// Toward is the limit of the range that a baseline outside it has to reach, to be
// used as the target of a Course; NoDistance for a baseline inside, which has only
// to stay.
func (r Range) Toward(base float64) (float64, Reason) {
	switch {
	case !finite(base):
		return 0, NotFinite
	case !(r.Lower <= r.Upper):
		return 0, NoTolerance
	case base < r.Lower:
		return defined(r.Lower)
	case base > r.Upper:
		return defined(r.Upper)
	}
	return 0, NoDistance
}
