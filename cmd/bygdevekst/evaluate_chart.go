package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/bygdevekst/bygdevekst/analysis/evaluate"
	"github.com/bygdevekst/bygdevekst/dashboards/chart"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
)

// chartFile draws observed against counterfactual to an SVG file. The source
// named in the picture is the file the figures came from.
func chartFile(path, source string, r *evaluate.Result) error {
	if !strings.EqualFold(filepath.Ext(path), ".svg") {
		return data.Errorf(data.EINVALID, "evaluate: --chart %s: only SVG is drawn; let the name end in .svg", path)
	}
	d, err := evaluationChart(filepath.Base(source), r).Draw()
	if err != nil {
		return fmt.Errorf("evaluate: --chart: %w", err)
	}
	if err := renameio.WriteFile(path, d.SVG(), 0o644); err != nil {
		return fmt.Errorf("evaluate: --chart: %w", err)
	}
	return nil
}

// evaluationChart is the observed and the counterfactual series, with the band
// in which the counterfactual lies where the inference gives one.
func evaluationChart(source string, r *evaluate.Result) chart.Lines {
	own := chart.Series{Role: chart.Main, Name: "observed", Label: "observed"}
	other := chart.Series{Role: chart.Counterfactual, Name: "counterfactual", Label: "counterfactual", Band: "interval of the counterfactual"}
	l := chart.Lines{}
	for i, x := range r.Estimate.PerPeriod {
		at := x.Time.Value
		own.Points = append(own.Points, chart.Point{X: at, Y: float64(x.Observed), Low: math.NaN(), High: math.NaN()})
		other.Points = append(other.Points, chart.Point{
			X: at, Y: float64(x.Counterfactual), Low: float64(x.Observed - x.Upper), High: float64(x.Observed - x.Lower),
		})
		if i > 0 {
			// Periods are as far apart as the data have them.
			l.Step = math.Max(l.Step, at-r.Estimate.PerPeriod[i-1].Time.Value)
		}
		l.Decimals = max(l.Decimals, decimals(float64(x.Observed)))
	}
	e := r.Estimate
	l.Language, l.Unit = "en", r.Outcome
	l.Title = fmt.Sprintf("%s: observed and counterfactual", r.Outcome)
	l.Subtitle = fmt.Sprintf("Effect from %s by %s: %s (interval %s to %s).", r.Start.Label, r.Method,
		locale.Number(float64(e.ATT), l.Decimals), locale.Number(float64(e.Lower), l.Decimals), locale.Number(float64(e.Upper), l.Decimals))
	l.Description = "Line chart. " + l.Title + ". " + l.Subtitle
	l.Source = fmt.Sprintf("Source: %s, evaluated by bygdevekst %s with seed %d.", source, r.Version, r.Seed)
	l.Panels = []chart.Panel{{
		Series: []chart.Series{other, own},
		Marks:  []chart.Mark{{From: r.Start.Value, To: r.Start.Value, Text: "start " + r.Start.Label}},
		Empty:  "no period has figures",
	}}
	return l
}

// decimals gives a figure three significant digits, within what a chart shows.
func decimals(v float64) int {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return min(max(2-int(math.Floor(math.Log10(math.Abs(v)))), 0), 4)
}
