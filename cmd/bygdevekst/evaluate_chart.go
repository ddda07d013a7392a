package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/bygdevekst/bygdevekst/analysis/evaluate"
	"github.com/bygdevekst/bygdevekst/data"
)

// Colours tell apart in print and for the colour-blind (Okabe & Ito).
var (
	observedColour       = color.NRGBA{R: 0x00, G: 0x00, B: 0x00, A: 0xff}
	counterfactualColour = color.NRGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
	bandColour           = color.NRGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0x40}
	startColour          = color.NRGBA{R: 0x80, G: 0x80, B: 0x80, A: 0xff}
)

// chartFile draws observed against counterfactual to an SVG file.
func chartFile(path string, r *evaluate.Result) error {
	if !strings.EqualFold(filepath.Ext(path), ".svg") {
		return data.Errorf(data.EINVALID, "evaluate: --chart %s: only SVG is drawn; let the name end in .svg", path)
	}
	p, err := evaluationChart(r)
	if err != nil {
		return fmt.Errorf("evaluate: --chart: %w", err)
	}
	w, err := p.WriterTo(18*vg.Centimeter, 11*vg.Centimeter, "svg")
	if err != nil {
		return fmt.Errorf("evaluate: --chart: %w", err)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return fmt.Errorf("evaluate: --chart: %w", err)
	}
	if err := renameio.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("evaluate: --chart: %w", err)
	}
	return nil
}

// evaluationChart is the observed and the counterfactual series, with the band
// in which the counterfactual lies where the inference gives one.
func evaluationChart(r *evaluate.Result) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s by method %s", r.Outcome, r.Method)
	p.X.Label.Text, p.Y.Label.Text = "period", r.Outcome
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	var observed, counterfactual, upper, lower plotter.XYs
	for _, x := range r.Estimate.PerPeriod {
		at := x.Time.Value
		observed = add(observed, at, x.Observed)
		counterfactual = add(counterfactual, at, x.Counterfactual)
		lower = add(lower, at, x.Observed-x.Upper)
		upper = add(upper, at, x.Observed-x.Lower)
	}
	if len(lower) > 1 && len(lower) == len(upper) {
		for i := len(upper) - 1; i >= 0; i-- {
			lower = append(lower, upper[i])
		}
		band, err := plotter.NewPolygon(lower)
		if err != nil {
			return nil, err
		}
		band.Color, band.LineStyle.Width = bandColour, 0
		p.Add(band)
		p.Legend.Add("interval", band)
	}
	if err := addLine(p, "observed", observed, observedColour, nil); err != nil {
		return nil, err
	}
	if err := addLine(p, "counterfactual", counterfactual, counterfactualColour, []vg.Length{6, 3}); err != nil {
		return nil, err
	}
	start := plotter.XYs{{X: r.Start.Value, Y: p.Y.Min}, {X: r.Start.Value, Y: p.Y.Max}}
	return p, addLine(p, "start "+r.Start.Label, start, startColour, []vg.Length{1, 3})
}

// add appends a point whose figure is known.
func add(to plotter.XYs, x float64, y evaluate.Number) plotter.XYs {
	if v := float64(y); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return append(to, plotter.XY{X: x, Y: v})
	}
	return to
}

func addLine(p *plot.Plot, name string, points plotter.XYs, c color.Color, dashes []vg.Length) error {
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Dashes, line.Width = c, dashes, vg.Points(1.2)
	p.Add(line)
	p.Legend.Add(name, line)
	return nil
}
