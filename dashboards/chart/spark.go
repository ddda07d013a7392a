package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/bygdevekst/bygdevekst/data"
)

// Spark is a line the height of a line of text, for the cell of a table that
// gives the figures and the source. The source stands in its description.
type Spark struct {
	Title, Description, Source, Language string
	Points                               []Point
}

const (
	sparkWidth  = 120
	sparkHeight = 28
)

// Draw lays the spark out. It refuses one without title, description or source.
// One without figures is empty.
func (s Spark) Draw() (*Drawing, error) {
	m := Meta{Title: s.Title, Description: s.Description, Source: s.Source, Language: s.Language}
	if err := m.check(); err != nil {
		return nil, err
	}
	line := Series{Role: Main, Name: s.Title, Points: s.Points}
	if err := line.check(s.Title); err != nil {
		return nil, err
	}
	if len(s.Points) > maxPoints {
		return nil, data.Errorf(data.EINVALID, "chart %q: %d points; at most %d can be drawn", s.Title, len(s.Points), maxPoints)
	}
	m.Description += " " + s.Source
	return &Drawing{meta: m, width: sparkWidth, height: sparkHeight, paint: func(c draw.Canvas) {
		x, y := noExtent(), noExtent()
		for _, p := range s.Points {
			x.add(p.X)
			y.add(p.Y)
		}
		if y.empty() {
			return
		}
		p := plot.New()
		p.BackgroundColor = nil
		p.HideAxes()
		p.X.Padding, p.Y.Padding = 0, 0
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x.min-0.5, x.max+0.5, y.min, y.max
		look := lookOf(Main, 0)
		look.width, look.shape = 1.4, nil
		g := &lineGrid{columns: 2}
		g.addLine(p, line, look)
		end := lookOf(Main, 0)
		if q, ok := line.last(); ok {
			p.Add(plotFunc(func(c draw.Canvas, p *plot.Plot) {
				px, py := p.Transforms(&c)
				end.marker(c, vg.Point{X: px(q.X), Y: py(q.Y)}, 2.4, q.Weak)
			}))
		}
		p.Draw(draw.Crop(c, 4, -4, 4, -4))
	}}, nil
}
