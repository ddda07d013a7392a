package indicators_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/attain"
	"github.com/bygdevekst/bygdevekst/analysis/interval"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/indicators"
)

func about(v, half float64) interval.Estimate {
	return interval.Estimate{Value: v, Interval: interval.Interval{Lower: v - half, Upper: v + half}}
}

// from is evidence of a way from base to now in one of four years, each known to
// within half; the change is known to within √2·half.
func from(base, now, half float64) indicators.Evidence {
	return indicators.Evidence{
		Method: catalogue.JudgeTarget, Polarity: catalogue.Up,
		Base: about(base, half), Now: about(now, half), Intervals: true,
		Change: about(now-base, math.Sqrt2*half), Detectable: 2 * half,
		BaseYear: 2024, Year: 2025,
		Aim:               indicators.Aim{Kind: catalogue.NotAgreed, Problem: indicators.ReasonNoTarget},
		ComparisonProblem: indicators.ReasonNoGroup,
	}
}

func path(e indicators.Evidence, points ...attain.Point) indicators.Evidence {
	e.Aim = indicators.Aim{Kind: catalogue.PathTarget, Points: points, Year: int(points[len(points)-1].Year)}
	return e
}

func within(e indicators.Evidence, kind catalogue.TargetKind, lower, upper float64, year int) indicators.Evidence {
	e.Aim = indicators.Aim{Kind: kind, Range: attain.Range{Lower: lower, Upper: upper}, Year: year}
	return e
}

func by(method catalogue.Method, e indicators.Evidence) indicators.Evidence {
	e.Method = method
	return e
}

func polarity(p catalogue.Polarity, e indicators.Evidence) indicators.Evidence {
	e.Polarity = p
	return e
}

// against adds a difference to the comparison group.
func against(e indicators.Evidence, difference, half float64) indicators.Evidence {
	e.Method, e.Comparison, e.ComparisonProblem = catalogue.JudgeComparison, about(difference, half), ""
	return e
}

func with(e indicators.Evidence, change func(*indicators.Evidence)) indicators.Evidence {
	change(&e)
	return e
}

func problem(r indicators.Reason) indicators.Evidence {
	return with(path(from(10, 15, 1), attain.Point{Year: 2028, Value: 20}), func(e *indicators.Evidence) { e.Problem = r })
}

func TestJudge(t *testing.T) {
	to := func(v float64) attain.Point { return attain.Point{Year: 2028, Value: v} }
	inf := math.Inf(1)
	const (
		hold      = catalogue.HoldTarget
		ranged    = catalogue.RangeTarget
		threshold = catalogue.ThresholdTarget
	)
	for name, c := range map[string]struct {
		e       indicators.Evidence
		verdict indicators.Verdict
		reason  indicators.Reason
	}{
		// What bars a judgement, in its order.
		"context, however clear":   {with(path(from(10, 20, 1), to(15)), func(e *indicators.Evidence) { e.Context = true }), indicators.CannotTell, indicators.ReasonContext},
		"context without figures":  {with(problem(indicators.ReasonNoFigures), func(e *indicators.Evidence) { e.Context = true }), indicators.CannotTell, indicators.ReasonContext},
		"milestone":                {by(catalogue.JudgeMilestone, from(10, 20, 1)), indicators.CannotTell, indicators.ReasonJudgedByPeople},
		"rubric without figures":   {by(catalogue.JudgeRubric, problem(indicators.ReasonMissing)), indicators.CannotTell, indicators.ReasonJudgedByPeople},
		"no new figure":            {problem(indicators.ReasonNoNewFigure), indicators.TooEarly, indicators.ReasonNoNewFigure},
		"older than the agreement": {with(path(from(10, 20, 1), to(15)), func(e *indicators.Evidence) { e.NotInForce = true }), indicators.TooEarly, indicators.ReasonNotInForce},
		"no figures":               {problem(indicators.ReasonNoFigures), indicators.CannotTell, indicators.ReasonNoFigures},
		"missing":                  {problem(indicators.ReasonMissing), indicators.CannotTell, indicators.ReasonMissing},
		"suppressed":               {problem(indicators.ReasonSuppressed), indicators.CannotTell, indicators.ReasonSuppressed},
		"not poolable":             {problem(indicators.ReasonNotPoolable), indicators.CannotTell, indicators.ReasonNotPoolable},
		"no baseline":              {problem(indicators.ReasonNoBaseline), indicators.CannotTell, indicators.ReasonNoBaseline},
		"suppressed and older than the agreement": {with(problem(indicators.ReasonSuppressed), func(e *indicators.Evidence) { e.NotInForce = true }), indicators.CannotTell, indicators.ReasonSuppressed},
		"too few now":                 {with(path(from(10, 18, 1), to(20)), func(e *indicators.Evidence) { e.NowStatus = data.TooFew }), indicators.CannotTell, indicators.ReasonSmallNumbers},
		"too few then, clearly worse": {with(path(from(10, 2, 1), to(20)), func(e *indicators.Evidence) { e.BaseStatus = data.TooFew }), indicators.CannotTell, indicators.ReasonSmallNumbers},
		"too few, by comparison":      {with(against(from(10, 2, 1), -8, 1), func(e *indicators.Evidence) { e.NowStatus = data.TooFew }), indicators.CannotTell, indicators.ReasonSmallNumbers},
		"too few, by trend":           {with(by(catalogue.JudgeTrend, from(10, 20, 1)), func(e *indicators.Evidence) { e.NowStatus = data.TooFew }), indicators.CannotTell, indicators.ReasonSmallNumbers},

		// A path upwards, from 10 to 20 in 2028; a quarter is expected by 2025.
		"half the way":                    {path(from(10, 15, 1), to(20)), indicators.OnTrack, indicators.ReasonOnPace},
		"exactly the expected part":       {path(from(10, 12.5, 1), to(20)), indicators.OnTrack, indicators.ReasonOnPace},
		"clear, but too slow":             {path(from(10, 12, 1), to(20)), indicators.SomeProgress, indicators.ReasonBehindPace},
		"chance":                          {path(from(10, 11, 1), to(20)), indicators.NoClearChange, indicators.ReasonWithinChance},
		"no change":                       {path(from(10, 10, 1), to(20)), indicators.NoClearChange, indicators.ReasonWithinChance},
		"chance the wrong way":            {path(from(10, 9, 1), to(20)), indicators.NoClearChange, indicators.ReasonWithinChance},
		"clearly the wrong way":           {path(from(10, 7, 1), to(20)), indicators.Decline, indicators.ReasonClearDecline},
		"reached, beyond chance":          {path(from(10, 21.5, 1), to(20)), indicators.Achieved, indicators.ReasonTargetReached},
		"reached on the dot of the limit": {path(from(10, 21, 1), to(20)), indicators.Achieved, indicators.ReasonTargetReached},
		"reached, but barely":             {path(from(10, 20.5, 1), to(20)), indicators.OnTrack, indicators.ReasonReachedWithinChance},
		"far past it":                     {path(from(10, 90, 1), to(20)), indicators.Achieved, indicators.ReasonTargetReached},
		"a way shorter than can be seen":  {path(from(10, 10.5, 1), to(11)), indicators.CannotTell, indicators.ReasonBelowDetectable},
		"a short way, clearly passed":     {path(from(10, 13, 1), to(11)), indicators.Achieved, indicators.ReasonTargetReached},
		"a short way, clearly backwards":  {path(from(10, 7, 1), to(11)), indicators.Decline, indicators.ReasonClearDecline},
		"the baseline is the target":      {path(from(10, 12, 1), to(10)), indicators.CannotTell, indicators.ReasonTargetEqualsBaseline},
		"no intervals":                    {with(path(from(10, 15, 1), to(20)), func(e *indicators.Evidence) { e.Intervals = false }), indicators.CannotTell, indicators.ReasonNoInterval},
		"no target":                       {from(10, 15, 1), indicators.CannotTell, indicators.ReasonNoTarget},
		"a certain figure, on the way":    {path(from(10, 15, 0), to(20)), indicators.OnTrack, indicators.ReasonOnPace},
		"a certain figure, unchanged":     {path(from(10, 10, 0), to(20)), indicators.NoClearChange, indicators.ReasonWithinChance},

		// Rule 8 and product.md §3.3 item 3: baseline 0, target 0, falling targets,
		// values below zero.
		"target below the baseline":     {path(from(20, 15, 1), to(10)), indicators.OnTrack, indicators.ReasonOnPace},
		"target below, and up it went":  {path(from(20, 25, 1), to(10)), indicators.Decline, indicators.ReasonClearDecline},
		"target below, reached":         {path(from(20, 8, 1), to(10)), indicators.Achieved, indicators.ReasonTargetReached},
		"target zero":                   {path(from(20, 10, 1), to(0)), indicators.OnTrack, indicators.ReasonOnPace},
		"target zero, reached":          {path(from(20, 0, 0), to(0)), indicators.Achieved, indicators.ReasonTargetReached},
		"baseline zero":                 {path(from(0, 5, 1), to(10)), indicators.OnTrack, indicators.ReasonOnPace},
		"baseline and target zero":      {path(from(0, 5, 1), to(0)), indicators.CannotTell, indicators.ReasonTargetEqualsBaseline},
		"below zero throughout":         {path(from(-20, -15, 1), to(-10)), indicators.OnTrack, indicators.ReasonOnPace},
		"across zero":                   {path(from(-10, 0, 1), to(10)), indicators.OnTrack, indicators.ReasonOnPace},
		"from below zero to zero":       {path(from(-10, -2, 1), to(0)), indicators.OnTrack, indicators.ReasonOnPace},
		"polarity does not turn a path": {polarity(catalogue.Down, path(from(10, 15, 1), to(20))), indicators.OnTrack, indicators.ReasonOnPace},
		"a path needs no polarity":      {polarity(catalogue.NoPolarity, path(from(10, 15, 1), to(20))), indicators.OnTrack, indicators.ReasonOnPace},

		// Paths with corners, and time.
		"a path slow at first":   {path(from(10, 12, 1), attain.Point{Year: 2026, Value: 11}, to(20)), indicators.OnTrack, indicators.ReasonOnPace},
		"a path quick at first":  {path(from(10, 15, 1), attain.Point{Year: 2025, Value: 18}, to(20)), indicators.SomeProgress, indicators.ReasonBehindPace},
		"a path that dips first": {path(from(10, 12, 1), attain.Point{Year: 2025, Value: 8}, to(20)), indicators.OnTrack, indicators.ReasonOnPace},
		"a path past its end":    {path(from(10, 15, 1), attain.Point{Year: 2025, Value: 20}), indicators.SomeProgress, indicators.ReasonBehindPace},
		"a path out of order":    {path(from(10, 15, 1), to(18), attain.Point{Year: 2026, Value: 20}), indicators.CannotTell, indicators.ReasonPathUnordered},

		// Thresholds.
		"threshold, above":                {within(from(10, 22, 1), threshold, 20, inf, 2028), indicators.Achieved, indicators.ReasonTargetReached},
		"threshold, barely above":         {within(from(10, 20.5, 1), threshold, 20, inf, 2028), indicators.OnTrack, indicators.ReasonReachedWithinChance},
		"threshold, on the way":           {within(from(10, 15, 1), threshold, 20, inf, 2028), indicators.OnTrack, indicators.ReasonOnPace},
		"threshold, too slow":             {within(from(10, 12, 1), threshold, 20, inf, 2028), indicators.SomeProgress, indicators.ReasonBehindPace},
		"threshold, away from it":         {within(from(10, 7, 1), threshold, 20, inf, 2028), indicators.Decline, indicators.ReasonClearDecline},
		"threshold, met from the start":   {within(from(25, 25, 1), threshold, 20, inf, 2028), indicators.Achieved, indicators.ReasonTargetReached},
		"threshold, fallen under":         {within(from(25, 15, 1), threshold, 20, inf, 2028), indicators.Decline, indicators.ReasonLeftRange},
		"threshold, perhaps fallen under": {within(from(21, 19.5, 1), threshold, 20, inf, 2028), indicators.NoClearChange, indicators.ReasonRangeUnclear},
		"threshold from above":            {within(polarity(catalogue.Down, from(30, 18, 1)), threshold, -inf, 20, 2028), indicators.Achieved, indicators.ReasonTargetReached},

		// Ranges and holding.
		"range, inside before the year": {within(from(10, 15, 1), ranged, 12, 18, 2028), indicators.OnTrack, indicators.ReasonWithinRange},
		"range, inside in the year":     {within(from(10, 15, 1), ranged, 12, 18, 2025), indicators.Achieved, indicators.ReasonWithinRange},
		"range, at its edge":            {within(from(10, 12.5, 1), ranged, 12, 18, 2028), indicators.OnTrack, indicators.ReasonReachedWithinChance},
		"range, through it":             {within(from(10, 30, 1), ranged, 12, 18, 2028), indicators.CannotTell, indicators.ReasonOvershot},
		"range, through it downwards":   {within(from(30, 5, 1), ranged, 12, 18, 2028), indicators.CannotTell, indicators.ReasonOvershot},
		"range, down to it":             {within(from(30, 22, 1), ranged, 12, 18, 2028), indicators.OnTrack, indicators.ReasonOnPace},
		"range, no clear change":        {within(from(5, 5.5, 1), ranged, 12, 18, 2028), indicators.NoClearChange, indicators.ReasonWithinChance},
		"hold, kept":                    {within(from(10, 10, 1), hold, 8, inf, 2028), indicators.OnTrack, indicators.ReasonWithinRange},
		"hold, kept to the end":         {within(from(10, 10, 1), hold, 8, inf, 2025), indicators.Achieved, indicators.ReasonWithinRange},
		"hold, lost":                    {within(from(10, 5, 1), hold, 8, inf, 2028), indicators.Decline, indicators.ReasonLeftRange},
		"hold, perhaps lost":            {within(from(10, 8, 1), hold, 8, inf, 2028), indicators.NoClearChange, indicators.ReasonRangeUnclear},
		"hold to the last person":       {within(from(10, 10, 1), hold, 10, 10, 2028), indicators.NoClearChange, indicators.ReasonRangeUnclear},
		"a range of nothing":            {within(from(10, 10, 1), ranged, 12, 8, 2028), indicators.CannotTell, indicators.ReasonNoTolerance},

		// By the change alone.
		"better":                {by(catalogue.JudgeTrend, from(10, 15, 1)), indicators.SomeProgress, indicators.ReasonClearImprovement},
		"worse":                 {by(catalogue.JudgeTrend, from(15, 10, 1)), indicators.Decline, indicators.ReasonClearDecline},
		"neither":               {by(catalogue.JudgeTrend, from(10, 11, 1)), indicators.NoClearChange, indicators.ReasonWithinChance},
		"lower is better":       {polarity(catalogue.Down, by(catalogue.JudgeTrend, from(15, 10, 1))), indicators.SomeProgress, indicators.ReasonClearImprovement},
		"no better way":         {polarity(catalogue.NoPolarity, by(catalogue.JudgeTrend, from(15, 10, 1))), indicators.CannotTell, indicators.ReasonNoPolarity},
		"better, no interval":   {with(by(catalogue.JudgeTrend, from(10, 15, 1)), func(e *indicators.Evidence) { e.Intervals = false }), indicators.CannotTell, indicators.ReasonNoInterval},
		"a method nobody knows": {by("", from(10, 15, 1)), indicators.SomeProgress, indicators.ReasonClearImprovement},

		// Against the group.
		"better than the group":      {against(from(10, 15, 1), 4, 1), indicators.SomeProgress, indicators.ReasonBetterThanGroup},
		"worsened less":              {against(from(10, 8, 1), 4, 1), indicators.SomeProgress, indicators.ReasonWorsenedLessThanGroup},
		"like the group":             {against(from(10, 15, 1), 0.5, 1), indicators.NoClearChange, indicators.ReasonLikeGroup},
		"worse than the group":       {against(from(10, 8, 1), -4, 1), indicators.Decline, indicators.ReasonWorseThanGroup},
		"improved less":              {against(from(10, 12, 1), -4, 1), indicators.Decline, indicators.ReasonImprovedLessThanGroup},
		"unchanged, others fell":     {against(from(10, 10, 1), 4, 1), indicators.SomeProgress, indicators.ReasonBetterThanGroup},
		"lower is better, group":     {polarity(catalogue.Down, against(from(10, 8, 1), -4, 1)), indicators.SomeProgress, indicators.ReasonBetterThanGroup},
		"higher is worse, group":     {polarity(catalogue.Down, against(from(10, 12, 1), 4, 1)), indicators.Decline, indicators.ReasonWorseThanGroup},
		"no better way, group":       {polarity(catalogue.NoPolarity, against(from(10, 12, 1), 4, 1)), indicators.CannotTell, indicators.ReasonNoPolarity},
		"no group":                   {by(catalogue.JudgeComparison, from(10, 15, 1)), indicators.CannotTell, indicators.ReasonNoGroup},
		"few placebos":               {with(against(from(10, 15, 1), 4, 1), func(e *indicators.Evidence) { e.ComparisonProblem = indicators.ReasonTooFewPlacebos }), indicators.CannotTell, indicators.ReasonTooFewPlacebos},
		"few members":                {with(against(from(10, 15, 1), 4, 1), func(e *indicators.Evidence) { e.ComparisonProblem = indicators.ReasonTooFewMembers }), indicators.CannotTell, indicators.ReasonTooFewMembers},
		"own interval is not needed": {with(against(from(10, 15, 1), 4, 1), func(e *indicators.Evidence) { e.Intervals = false }), indicators.SomeProgress, indicators.ReasonBetterThanGroup},
		"limits that are none":       {against(from(10, 15, 1), 4, math.NaN()), indicators.CannotTell, indicators.ReasonNoInterval},
	} {
		verdict, reason := indicators.Judge(c.e)
		if verdict != c.verdict || reason != c.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", name, verdict, reason, c.verdict, c.reason)
		}
	}
}

// TestEveryVerdictIsListed draws wild evidence. Every verdict and reason is in the
// lists; the small-number rule, context and missing intervals bar every word of
// better or worse; and the same evidence mirrored gets the same verdict.
func TestEveryVerdictIsListed(t *testing.T) {
	value := rapid.OneOf(rapid.Float64Range(-50, 50), rapid.SampledFrom([]float64{0, 10, 1e9, math.NaN(), math.Inf(1)}))
	half := rapid.OneOf(rapid.Float64Range(0, 20), rapid.SampledFrom([]float64{0, 1, math.NaN(), math.Inf(1)}))
	method := rapid.SampledFrom([]catalogue.Method{catalogue.JudgeTrend, catalogue.JudgeTarget, catalogue.JudgeComparison, catalogue.JudgeMilestone, ""})
	rapid.Check(t, func(t *rapid.T) {
		e := from(value.Draw(t, "base"), value.Draw(t, "now"), half.Draw(t, "half"))
		if rapid.Bool().Draw(t, "grouped") {
			e = against(e, value.Draw(t, "difference"), half.Draw(t, "spread"))
		}
		e.Method = method.Draw(t, "method")
		e.Polarity = rapid.SampledFrom([]catalogue.Polarity{catalogue.Up, catalogue.Down, catalogue.NoPolarity}).Draw(t, "polarity")
		e.Intervals = rapid.Bool().Draw(t, "intervals")
		e.Context = rapid.IntRange(0, 9).Draw(t, "context") == 0
		e.Problem = rapid.SampledFrom([]indicators.Reason{"", "", "", indicators.ReasonMissing, indicators.ReasonNoNewFigure}).Draw(t, "problem")
		e.NowStatus = rapid.SampledFrom([]data.Status{data.OK, data.OK, data.TooFew}).Draw(t, "status")
		e.Year = rapid.IntRange(2020, 2032).Draw(t, "year")
		switch rapid.IntRange(0, 3).Draw(t, "aim") {
		case 1:
			e = path(e, attain.Point{Year: 2028, Value: value.Draw(t, "target")})
		case 2:
			e = within(e, catalogue.RangeTarget, value.Draw(t, "lower"), value.Draw(t, "upper"), 2028)
		case 3:
			e = within(e, catalogue.ThresholdTarget, value.Draw(t, "lower"), math.Inf(1), 2028)
		}
		v, r := indicators.Judge(e)
		if !slices.Contains(indicators.Verdicts(), v) || !slices.Contains(indicators.Reasons(), r) {
			t.Fatalf("%q (%q) is not in the lists", v, r)
		}
		told := v != indicators.CannotTell && v != indicators.TooEarly
		if told && (e.Context || e.NowStatus == data.TooFew || e.Problem != "") {
			t.Fatalf("%s (%s) of %+v", v, r, e)
		}
		if told && e.Method != catalogue.JudgeComparison && !e.Intervals {
			t.Fatalf("%s (%s) without an interval", v, r)
		}
		if w, s := indicators.Judge(mirrored(e)); w != v || s != r {
			t.Fatalf("%s (%s), mirrored %s (%s)", v, r, w, s)
		}
	})
}

// mirrored turns everything round zero, the better way too.
func mirrored(e indicators.Evidence) indicators.Evidence {
	turn := func(x interval.Estimate) interval.Estimate {
		return interval.Estimate{Value: -x.Value, Interval: interval.Interval{Lower: -x.Upper, Upper: -x.Lower}}
	}
	e.Base, e.Now, e.Change, e.Comparison = turn(e.Base), turn(e.Now), turn(e.Change), turn(e.Comparison)
	e.Polarity = map[catalogue.Polarity]catalogue.Polarity{catalogue.Up: catalogue.Down, catalogue.Down: catalogue.Up, catalogue.NoPolarity: catalogue.NoPolarity}[e.Polarity]
	points := slices.Clone(e.Aim.Points)
	for i := range points {
		points[i].Value = -points[i].Value
	}
	e.Aim.Points, e.Aim.Range = points, attain.Range{Lower: -e.Aim.Range.Upper, Upper: -e.Aim.Range.Lower}
	return e
}

// TestListsAreWhole: each code is there once.
func TestListsAreWhole(t *testing.T) {
	seen := map[indicators.Reason]bool{}
	for _, r := range indicators.Reasons() {
		if seen[r] || r == "" {
			t.Errorf("%q comes twice", r)
		}
		seen[r] = true
	}
	if len(indicators.Verdicts()) != 7 {
		t.Errorf("%v", indicators.Verdicts())
	}
}
