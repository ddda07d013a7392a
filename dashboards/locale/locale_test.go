package locale_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/analysis/forecast"
	"github.com/bygdevekst/bygdevekst/analysis/inference"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/indicators"
	"github.com/bygdevekst/bygdevekst/indicators/effects"
	"github.com/bygdevekst/bygdevekst/indicators/outlook"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// TestLanguages: every key has a text in both written forms of Norwegian, with
// the same values to fill in.
func TestLanguages(t *testing.T) {
	for _, key := range locale.Keys() {
		var want []string
		for i, l := range []locale.Lang{locale.NB, locale.NN, locale.EN} {
			if !locale.Has(l, key) {
				if l != locale.EN {
					t.Errorf("%s has no text in %s", key, l)
				}
				continue
			}
			got := placeholder.FindAllString(locale.Text(l, key), -1)
			slices.Sort(got)
			if i == 0 {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%s fills in %v in nb and %v in %s", key, want, got, l)
			}
		}
	}
}

// TestCodes: every code a reader may meet has a text in all three languages.
func TestCodes(t *testing.T) {
	var keys []string
	add := func(prefix string, codes ...string) {
		for _, c := range codes {
			keys = append(keys, prefix+c)
		}
	}
	for _, v := range indicators.Verdicts() {
		add("verdict.", string(v))
	}
	for _, r := range indicators.Reasons() {
		add("reason.", string(r))
	}
	for _, v := range effects.Verdicts() {
		add("effect-verdict.", string(v))
	}
	for _, r := range effects.Reasons() {
		add("effect-reason.", string(r))
	}
	for _, m := range forecast.Methods() {
		add("forecast-method.", m.Name)
	}
	add("shift-reason.", outlook.ReasonShort, outlook.ReasonConstant)
	for _, e := range []catalogue.Estimator{
		catalogue.SC, catalogue.SCOutcome, catalogue.SCDemeaned, catalogue.SCPenalised, catalogue.SCRidge, catalogue.SDID,
		catalogue.DID, catalogue.DIDMatched, catalogue.ATTGT, catalogue.SDID + effects.WithNeighbours,
	} {
		add("estimator.", string(e))
	}
	for _, x := range []catalogue.ExclusionRule{
		catalogue.ExcludeSelf, catalogue.ExcludePilot, catalogue.ExcludeNeighbour, catalogue.ExcludeCommuting,
		catalogue.ExcludeBorder, catalogue.ExcludeGap, catalogue.ExcludeCentrality, catalogue.ExcludePopulation,
	} {
		add("exclusion.", string(x))
	}
	add("method.", indicators.MethodByar, indicators.MethodExact, indicators.MethodWilson, indicators.MethodGross,
		indicators.MethodDispersion, indicators.MethodNone, indicators.MethodNewcombe, indicators.MethodMOVER)
	add("kind.", string(data.Recorded), string(data.Live), string(data.Simulated), string(data.None))
	add("table-kind.", string(data.Recorded), string(data.Live), string(data.Simulated), string(data.None))
	add("flag.", effects.FlagDescriptive, effects.FlagExploratory, effects.FlagFewDonors)
	for _, f := range []synth.Flag{synth.NonUnique, synth.OverFit, synth.BadFit, synth.LevelMiss, synth.Extrapolates, synth.DroppedPredictor} {
		add("flag.", string(f))
	}
	for _, g := range []inference.Gate{inference.GateNormalised, inference.GateMedian, inference.GateTail, inference.GatePlanned} {
		add("flag.", string(g))
	}
	add("polarity.", string(catalogue.Up), string(catalogue.Down), string(catalogue.NoPolarity))
	add("role.", string(catalogue.Lead), string(catalogue.Support), string(catalogue.ContextRole))
	add("roles.", string(catalogue.Lead), string(catalogue.Support), string(catalogue.ContextRole))
	add("judgement.", string(catalogue.JudgeTrend), string(catalogue.JudgeTarget), string(catalogue.JudgeComparison), string(catalogue.JudgeMilestone), string(catalogue.JudgeRubric))
	add("theme.", string(catalogue.ThemeOverarching), string(catalogue.ThemeRecruitment), string(catalogue.ThemeLabourReserve), string(catalogue.ThemeHousing))
	add("level.", string(catalogue.High), string(catalogue.Medium), string(catalogue.Low))
	add("clock.", string(catalogue.ClockStart), string(catalogue.ClockEnd), string(catalogue.ClockMean), string(catalogue.ClockSame))
	add("due.", string(catalogue.DueOnce), string(catalogue.DueYearly), string(catalogue.DueAtEnd), string(catalogue.DueContinuous))
	add("legal.", string(catalogue.NotMapped), string(catalogue.Opens), string(catalogue.Hinders), string(catalogue.Unclear))
	add("party-role.", string(catalogue.RoleMain), string(catalogue.RoleSpecial), string(catalogue.RoleCooperating), string(catalogue.RoleInvitable))
	for _, key := range keys {
		for _, l := range []locale.Lang{locale.NB, locale.NN, locale.EN} {
			if !locale.Has(l, key) {
				t.Errorf("%s has no text in %s", key, l)
			}
		}
	}
	for _, s := range locale.Statuses() {
		if got := locale.Legend(locale.NN, s); got == string(s) {
			t.Errorf("status %q has no legend", s)
		}
	}
}

func TestText(t *testing.T) {
	for got, want := range map[string]string{
		locale.Text(locale.NN, "list.and"):                                         "og",
		locale.Text(locale.NB, "no.such.key"):                                      "no.such.key",
		locale.Text(locale.NB, "goal.numbered", "n", "2"):                          "delmål 2",
		locale.Text(locale.EN, "nav.method"):                                       "Metode",
		locale.Count(locale.NB, "indicator.months", 1):                             "en måned",
		locale.Count(locale.NN, "indicator.months", 13):                            "13 månader",
		locale.List(locale.NB, []string{"Engerdal", "Trysil", "Åmot"}):             "Engerdal, Trysil og Åmot",
		locale.List(locale.NB, []string{"Engerdal"}):                               "Engerdal",
		locale.List(locale.NB, nil):                                                "",
		locale.Symbol(data.Suppressed):                                             ":",
		locale.Symbol(data.TooFew):                                                 "",
		locale.Legend(locale.NB, data.NotAvailable):                                "tallgrunnlag mangler",
		locale.ISODate(locale.NB, "2025-05-12"):                                    "12.05.2025",
		locale.ISODate(locale.NN, "2024-01"):                                       "januar 2024",
		locale.ISODate(locale.NN, "unknown"):                                       "ukjent",
		locale.ISODate(locale.NB, "2024"):                                          "2024",
		locale.Date(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)):                 "23.11.2026",
		locale.Date(time.Date(2026, 6, 30, 22, 30, 0, 0, time.UTC)):                "01.07.2026",
		locale.Date(time.Time{}):                                                   "",
		locale.Time(time.Date(2026, 1, 2, 7, 5, 0, 0, time.UTC)):                   "02.01.2026 kl. 08.05",
		locale.Period(locale.NB, data.Period{Y: 2024, Freq: data.Quarter, Sub: 4}): "4. kvartal 2024",
		locale.Period(locale.NN, data.Period{Y: 2024, Freq: data.Week, Sub: 7}):    "veke 7 2024",
		locale.Period(locale.NB, data.Period{Y: 2024, Freq: data.Month, Sub: 6}):   "juni 2024",
		locale.Period(locale.NB, data.YearPeriod(2024)):                            "2024",
		locale.Years(2022, 2024):                                                   "2022–2024",
		locale.Years(2024, 2024):                                                   "2024",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	for tag, want := range map[string]locale.Lang{"nn": locale.NN, "nn-NO": locale.NN, "NB": locale.NB, "no": locale.NB} {
		if got, ok := locale.Match(tag); got != want || !ok {
			t.Errorf("Match(%q) = %q, %v", tag, got, ok)
		}
	}
	for _, tag := range []string{"", "en", "se", "nnx"} {
		if _, ok := locale.Match(tag); ok {
			t.Errorf("%q was taken", tag)
		}
	}
}

// TestOrder: the last letters of the Norwegian alphabet are æ, ø, å.
func TestOrder(t *testing.T) {
	want := []string{"Engerdal", "Trysil", "Våler", "Zoo", "Ærfugl", "Østre Toten", "Øyer", "Åmot"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, locale.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
