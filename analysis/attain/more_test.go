package attain_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
)

func about(v, lo, hi float64) interval.Estimate {
	return interval.Estimate{Value: v, Interval: interval.Interval{Lower: lo, Upper: hi}}
}

// TestShareIntervalSolvesItsEquation: a limit A of the share is where the linear
// contrast y − (1 − A)·b − A·T has a MOVER limit of zero.
func TestShareIntervalSolvesItsEquation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.Float64Range(0.1, 9)
		b := rapid.Float64Range(-50, 50).Draw(t, "b")
		y := rapid.Float64Range(-100, 100).Draw(t, "y")
		target := b + rapid.SampledFrom([]float64{-1, 1}).Draw(t, "side")*rapid.Float64Range(10, 90).Draw(t, "distance")
		now := about(y, y-side.Draw(t, "ly"), y+side.Draw(t, "uy"))
		base := about(b, b-side.Draw(t, "lb"), b+side.Draw(t, "ub"))
		s, reason := attain.ShareInterval(now, base, target)
		if reason != "" || !s.Contains(s.Value) {
			t.Fatalf("%+v %q", s, reason)
		}
		for _, a := range []float64{s.Lower, s.Upper} {
			k := 1 - a
			part := interval.Estimate{Value: k * b, Interval: base.Scale(k)}
			d := interval.Difference(now, part)
			slack := 1e-9 * (1 + math.Abs(y) + math.Abs(k)*(math.Abs(b)+10) + math.Abs(a*target))
			if math.Abs(d.Lower-a*target) > slack && math.Abs(d.Upper-a*target) > slack {
				t.Fatalf("A = %v of %+v, %+v to %v: the contrast runs from %v to %v", a, now, base, target, d.Lower-a*target, d.Upper-a*target)
			}
		}
	})
	if _, reason := attain.ShareInterval(about(5, 4, 6), about(1, 0, 2), 2); reason != attain.BaselineNoise {
		t.Errorf("a baseline that may equal the target: %q", reason)
	}
	// A baseline agreed as a number: the limits of the current value alone.
	s, reason := attain.ShareInterval(about(15, 14, 17), about(10, 10, 10), 20)
	if reason != "" || math.Abs(s.Lower-0.4) > 1e-12 || math.Abs(s.Upper-0.7) > 1e-12 {
		t.Errorf("%+v %q, want 0.4 to 0.7", s, reason)
	}
}

func TestPropagate(t *testing.T) {
	c := attain.Course{Target: 20, BaseYear: 2024, CurrentYear: 2026, TargetYear: 2028, Direction: attain.Up}
	// Required is linear in the current value: (20 − 15 ∓ …)/2.
	r, reason := attain.Propagate(attain.Required, c, about(15, 14, 17), about(10, 9, 11))
	if reason != "" || r.Value != 2.5 || r.Lower != 1.5 || r.Upper != 3 {
		t.Errorf("required %+v %q, want 2.5 from 1.5 to 3", r, reason)
	}
	// With an exact baseline the share agrees with ShareInterval.
	p, reason := attain.Propagate(attain.Share, c, about(15, 14, 17), about(10, 10, 10))
	if reason != "" || math.Abs(p.Lower-0.4) > 1e-12 || math.Abs(p.Upper-0.7) > 1e-12 {
		t.Errorf("share %+v %q", p, reason)
	}
	// R moves by 0 for the baseline here and by its own formula for the current value.
	q, reason := attain.Propagate(attain.Ratio, c, about(15, 12, 18), about(10, 10, 10))
	lo, _ := attain.Ratio(attain.Course{Base: 10, Current: 12, Target: 20, BaseYear: 2024, CurrentYear: 2026, TargetYear: 2028, Direction: attain.Up})
	if reason != "" || math.Abs(q.Lower-lo) > 1e-12 {
		t.Errorf("ratio %+v %q, want from %v", q, reason, lo)
	}
	if _, reason := attain.Propagate(attain.Ratio, c, about(5, -1, 9), about(10, 9, 11)); reason != attain.SignChange {
		t.Errorf("a limit below zero: %q", reason)
	}
}

// TestOpenSDGScores checks every piece of the score against sdg-build's own code
// (ProgressMeasure.get_score): 500g − 5, 250g − 1.25, 500g − 2.5, 125g − 2.5.
func TestOpenSDGScores(t *testing.T) {
	at := func(growth float64) attain.Course {
		return attain.Course{Base: 100, Current: 100 * (1 + growth), BaseYear: 2024, CurrentYear: 2025, Direction: attain.Up}
	}
	for growth, want := range map[float64]struct {
		score float64
		class string
	}{
		0.03: {5, attain.Substantial}, 0.016: {3, attain.Substantial}, 0.010: {1.25, attain.Moderate},
		0.002: {-1.5, attain.Limited}, 0: {-2.5, attain.Limited}, -0.01: {-3.75, attain.Deterioration}, -0.5: {-5, attain.Deterioration},
	} {
		p, reason := attain.OpenSDGNoTarget(at(growth), 0, false)
		if reason != "" || p.Class != want.class || math.Abs(p.Score-want.score) > 1e-9 {
			t.Errorf("growth %v: %+v %q, want %+v", growth, p, reason, want)
		}
	}
}

func TestOpenSDGEdges(t *testing.T) {
	course := func(base, current, target float64, d attain.Direction) attain.Course {
		return attain.Course{Base: base, Current: current, Target: target, BaseYear: 2024, CurrentYear: 2026, TargetYear: 2028, Direction: d}
	}
	for name, c := range map[string]struct {
		course attain.Course
		class  string
		reason attain.Reason
	}{
		"met without a growth rate":      {course(-5, 12, 10, attain.Up), attain.Achieved, ""},
		"down to nothing":                {course(10, 0, 0, attain.Down), attain.Achieved, ""},
		"target zero, half way":          {course(10, 5, 0, attain.Down), attain.Limited, ""},
		"fallen to nothing, up wanted":   {course(10, 0, 20, attain.Up), attain.Deterioration, ""},
		"baseline zero stands as 0.001":  {course(0, 1, 2, attain.Up), attain.Substantial, ""},
		"negative values, rising wanted": {course(-10, -8, -4, attain.Up), attain.Limited, ""},
		"across zero":                    {course(-10, 4, 10, attain.Up), "", attain.SignChange},
		"target equals baseline":         {course(10, 9, 10, attain.Up), "", attain.NoDistance},
		"no direction":                   {course(10, 15, 20, 0), "", attain.NoDirection},
		"no target":                      {course(10, 15, math.NaN(), attain.Up), "", attain.NoTarget},
	} {
		p, reason := attain.OpenSDG(c.course)
		if p.Class != c.class || reason != c.reason {
			t.Errorf("%s: %+v %q, want %q %q", name, p, reason, c.class, c.reason)
		}
	}
}

func TestUNEdges(t *testing.T) {
	// Within one point of 100 % is met, though the growth is far from enough.
	c := attain.Course{Base: 98.9, Current: 99, Target: 100, BaseYear: 2015, CurrentYear: 2022, TargetYear: 2030, Direction: attain.Up, Percentage: true}
	if r, reason := attain.UN(c); reason != "" || !r.Met || r.Score != 3 {
		t.Errorf("%+v %q", r, reason)
	}
	c.Percentage = false
	if r, reason := attain.UN(c); reason != "" || r.Met || r.Score != 2 {
		t.Errorf("not a percentage: %+v %q", r, reason)
	}
	for growth, want := range map[float64]int{0.021: 3, 0.006: 2, 0.004: 1, -0.1: 1} {
		up := attain.Course{Base: 50, Current: 50 * (1 + growth), BaseYear: 2024, CurrentYear: 2025, Direction: attain.Up}
		down := up
		down.Current, down.Direction = 50*(1-growth), attain.Down
		for _, c := range []attain.Course{up, down} {
			if r, reason := attain.UNNoTarget(c); reason != "" || r.Score != want {
				t.Errorf("%+v: %+v %q, want %d", c, r, reason, want)
			}
		}
	}
}

func TestRangesAndHolding(t *testing.T) {
	hold, reason := attain.Hold(1287, 25, attain.Up)
	if reason != "" || hold.Lower != 1262 || !math.IsInf(hold.Upper, 1) {
		t.Fatalf("%+v %q", hold, reason)
	}
	for name, c := range map[string]struct {
		e    interval.Estimate
		want attain.Position
	}{
		"well above the floor": {about(1300, 1280, 1320), attain.Within},
		"on the floor":         {about(1280, 1262, 1298), attain.Within},
		"may have fallen":      {about(1270, 1250, 1290), attain.Unclear},
		"has fallen":           {about(1200, 1180, 1220), attain.Below},
	} {
		if got, reason := hold.Place(c.e); got != c.want || reason != "" {
			t.Errorf("%s: %q %q, want %q", name, got, reason, c.want)
		}
	}
	both, _ := attain.Hold(10, 1, 0)
	if got, _ := both.Place(about(13, 12, 14)); got != attain.Above {
		t.Errorf("above a two-sided range: %q", got)
	}
	for base, want := range map[float64]float64{5: 9, 20: 11} {
		if got, reason := both.Toward(base); got != want || reason != "" {
			t.Errorf("from %v: %v %q, want %v", base, got, reason, want)
		}
	}
	if _, reason := both.Toward(10); reason != attain.NoDistance {
		t.Errorf("from inside: %q", reason)
	}
	for _, tol := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, reason := attain.Hold(10, tol, attain.Up); reason != attain.NoTolerance {
			t.Errorf("tolerance %v: %q", tol, reason)
		}
	}
	if _, reason := (attain.Range{Lower: 2, Upper: 1}).Place(about(1, 1, 1)); reason != attain.NoTolerance {
		t.Errorf("an empty range: %q", reason)
	}
}

func TestExpectedOnPath(t *testing.T) {
	path := []attain.Point{{2024, 10}, {2026, 11}, {2028, 20}}
	for year, want := range map[float64]float64{2024: 0, 2026: 0.1, 2027: 0.55, 2028: 1, 2030: 1} {
		if got, reason := attain.ExpectedOnPath(path, 10, year); math.Abs(got-want) > 1e-12 || reason != "" {
			t.Errorf("%v: %v %q, want %v", year, got, reason, want)
		}
	}
	if _, reason := attain.ExpectedOnPath(path, 20, 2026); reason != attain.NoDistance {
		t.Errorf("a path that ends at the baseline: %q", reason)
	}
	if _, reason := attain.Path([]attain.Point{{2026, 1}, {2024, 2}}, 2025); reason != attain.PathUnordered {
		t.Errorf("a path out of order: %q", reason)
	}
}

// TestGASInterval: one goal gives the T-scores of its own limits, 50 + 10x; four
// equal goals as uncertain each are half as uncertain together, but for the
// correlation in the scale: c = 10/√(0.7·4 + 0.3·16) = 3.627.
func TestGASInterval(t *testing.T) {
	goal := attain.GASGoal{Share: about(1, 0.5, 1.5), Weight: 1}
	one, err := attain.GASInterval([]attain.GASGoal{goal})
	if err != nil || one.Value != 50 || one.Lower != 40 || one.Upper != 60 {
		t.Errorf("%+v, %v; want 50 from 40 to 60", one, err)
	}
	four, err := attain.GASInterval([]attain.GASGoal{goal, goal, goal, goal})
	half := 2 * 10 / math.Sqrt(0.7*4+0.3*16)
	if err != nil || math.Abs(four.Upper-50-half) > 1e-12 || math.Abs(50-half-four.Lower) > 1e-12 {
		t.Errorf("%+v, %v; want 50 ± %v", four, err, half)
	}
	for _, bad := range [][]attain.GASGoal{nil, {{Share: about(1, math.NaN(), 2), Weight: 1}}, {{Share: about(1, 0, 2), Weight: -1}}} {
		if _, err := attain.GASInterval(bad); err == nil {
			t.Errorf("%+v gave no error", bad)
		}
	}
	for a, want := range map[float64]float64{-1: -2, 0: -2, 0.01: -1, 0.74: -1, 0.75: 0, 1: 0, 1.25: 0, 1.26: 1, 1.75: 1, 1.76: 2} {
		if got := attain.GASLevel(a); got != want {
			t.Errorf("share %v: %v, want %v", a, got, want)
		}
	}
}
