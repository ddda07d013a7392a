package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/bygdevekst/bygdevekst/data"
)

// Row is one estimate with its interval. NaN stands for what is missing.
type Row struct {
	Label            string
	Value, Low, High float64
	// Text stands to the right: the figures in words, or why there are none.
	Text string
	// Strong sets a row off from the others, such as the main method.
	Strong bool
	// Weak draws a hollow marker: an estimate that is not to be read as an effect.
	Weak bool
	// Second is one more figure on the same scale, with a marker of its own, such
	// as the group's; NaN for none.
	Second float64
}

// Limit is a value, or with From < To a range, marked on the value axis. Its text
// stands in the key.
type Limit struct {
	From, To float64
	Text     string
}

// Dots is a chart of estimates with intervals, one row each, in the order given.
// The caller never sorts by value: the chart is not a league table.
type Dots struct {
	Meta
	Rows   []Row
	Limits []Limit
	// First and Second name the two markers in the key; both may be empty.
	First, Second string
	// Band says what the intervals are, for the key.
	Band string
	// Zero draws a line at the value 0.
	Zero bool
}

const maxRows = 60

// Draw lays the chart out; it refuses like Lines.Draw. A row without a figure
// needs a Text that says why.
func (d Dots) Draw() (*Drawing, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return compose(d.Meta, d.key(), d.body()), nil
}

func (d Dots) check() error {
	if err := d.Meta.check(); err != nil {
		return err
	}
	if n := len(d.Rows); n == 0 || n > maxRows {
		return data.Errorf(data.EINVALID, "chart %q: %d rows; want 1 to %d", d.Title, n, maxRows)
	}
	for _, r := range d.Rows {
		if !drawable(r.Value, r.Low, r.High, r.Second) {
			return errTooLarge(d.Title, "row "+r.Label)
		}
		if !known(r.Value) && r.Text == "" {
			return data.Errorf(data.EINVALID, "chart %q: row %q has no figure and does not say why", d.Title, r.Label)
		}
	}
	for _, l := range d.Limits {
		if !known(l.From) || !known(l.To) || !drawable(l.From, l.To) {
			return errTooLarge(d.Title, "limit "+l.Text)
		}
	}
	return nil
}

var (
	dotLook    = look{color: blue, width: 2, shape: draw.CircleGlyph{}}
	secondLook = look{color: red, width: 1.5, shape: diamond{}}
	limitLook  = look{color: green, width: 1.4, dashes: []vg.Length{5, 3}, band: fade(grey, 0x20)}
)

func (d Dots) key() []sample {
	var key []sample
	if d.First != "" || d.Band != "" {
		s := d.First
		if d.Band != "" && s != "" {
			s += " – "
		}
		own := dotLook
		if d.Band == "" {
			own.width = 0
		}
		key = append(key, sample{text: s + d.Band, look: own, line: true})
	}
	if d.Second != "" {
		marker := secondLook
		marker.width = 0
		key = append(key, sample{text: d.Second, look: marker, line: true})
	}
	for _, l := range d.Limits {
		if l.Text != "" {
			key = append(key, sample{text: l.Text, look: limitLook, line: l.From == l.To, band: l.From != l.To})
		}
	}
	return key
}

const rowPad = 12

// body has the row labels to the left, the plot in the middle and the figures to
// the right, with the axis below. In a small picture labels and figures stand
// above the interval.
func (d Dots) body() block {
	g := d.grid()
	var unit vg.Length
	if d.Unit != "" {
		unit = unitText.leading() + 4
	}
	axis := tickText.leading() + 8
	return block{unit + g.height + axis, func(c draw.Canvas, top vg.Length) {
		unitText.set(c, g.x0, top-unitText.size, unitText.cut(d.Unit, margin+d.inner()-g.x0))
		top -= unit
		area := vg.Rectangle{Min: vg.Point{X: g.x0, Y: top - g.height - axis}, Max: vg.Point{X: g.x1, Y: top}}
		inside, x := d.axes(draw.Canvas{Canvas: c.Canvas, Rectangle: area})
		for i, r := range d.Rows {
			upper, lower := top-g.tops[i], top-g.height
			if i+1 < len(g.tops) {
				lower = top - g.tops[i+1]
			}
			if i > 0 {
				c.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.6}, margin, upper, inside.Max.X, upper)
			}
			mid, at := (upper+lower)/2, (upper+lower)/2
			if d.Small {
				words := append(r.letters().wrap(r.Label, g.left), labelText.wrap(r.Text, g.right)...)
				height := labelText.leading() * vg.Length(len(words))
				mid, at = upper-rowPad/2-height/2, lower+rowPad
				for _, s := range words {
					// Words over the grid are read on white.
					c.FillPolygon(white, rect(margin, mid-height/2, margin+r.letters().width(s)+3, mid+height/2))
				}
				r.letters().block(c, margin, mid, words)
			} else {
				r.letters().block(c, margin, mid, r.letters().wrap(r.Label, g.left))
				labelText.block(c, margin+d.inner()-g.right, mid, labelText.wrap(r.Text, g.right))
			}
			r.draw(c, x, at)
		}
	}}
}

// dotGrid is the layout of a Dots chart: the widths of its words, the edges of its
// plot, the distance of each row from the top, and the height of all.
type dotGrid struct {
	left, right, x0, x1, height vg.Length
	tops                        []vg.Length
}

func (d Dots) grid() dotGrid {
	g := dotGrid{left: d.inner(), right: d.inner(), x0: margin + 6, x1: margin + d.inner() - 6}
	if !d.Small {
		g.left, g.right = 0, 0
		for _, r := range d.Rows {
			g.left = max(g.left, min(r.letters().width(r.Label), 220))
			g.right = max(g.right, min(labelText.width(r.Text), 190))
		}
		g.x0, g.x1 = margin+g.left+14, margin+d.inner()-g.right-14
	}
	for _, r := range d.Rows {
		label, text := len(r.letters().wrap(r.Label, g.left)), len(labelText.wrap(r.Text, g.right))
		g.tops = append(g.tops, g.height)
		if d.Small {
			g.height += labelText.leading()*vg.Length(label+text) + 2*rowPad
		} else {
			g.height += labelText.leading()*vg.Length(max(label, text, 1)) + rowPad
		}
	}
	return g
}

func (r Row) letters() letters {
	if r.Strong {
		return strongText
	}
	return labelText
}

// axes draws the value axis and the limits with gonum/plot and returns the data
// area and the transform of values.
func (d Dots) axes(area draw.Canvas) (inside draw.Canvas, x func(float64) vg.Length) {
	e := noExtent()
	for _, r := range d.Rows {
		e.add(r.Value, r.Low, r.High, r.Second)
	}
	for _, l := range d.Limits {
		e.add(l.From, l.To)
	}
	if d.Zero && !e.empty() {
		e.add(0)
	}
	s := valueScale(e, max(2, int((area.Max.X-area.Min.X)/70)), d.Decimals)
	p := plot.New()
	p.BackgroundColor = nil
	axisStyle(p)
	p.HideY()
	p.Y.Padding = 0
	p.X.Min, p.X.Max, p.X.Tick.Marker = s.min, s.max, s
	p.X.Tick.Label = tickText.style(text.XCenter, text.YTop)
	p.Y.Min, p.Y.Max = 0, 1
	p.Add(plotFunc(func(c draw.Canvas, p *plot.Plot) {
		x, _ := p.Transforms(&c)
		for _, t := range s.ticks {
			style := draw.LineStyle{Color: grid, Width: 0.8}
			if d.Zero && t.Value == 0 {
				style = draw.LineStyle{Color: grey, Width: 1.2}
			}
			c.StrokeLine2(style, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
		for _, l := range d.Limits {
			if l.From != l.To {
				c.FillPolygon(limitLook.band, rect(x(l.From), c.Min.Y, x(l.To), c.Max.Y))
				continue
			}
			c.StrokeLine2(limitLook.line(), x(l.From), c.Min.Y, x(l.From), c.Max.Y)
		}
	}))
	p.Draw(area)
	inside = p.DataCanvas(area)
	x, _ = p.Transforms(&inside)
	return inside, x
}

// draw draws the interval with its ends, the estimate, and the second figure.
func (r Row) draw(c draw.Canvas, x func(float64) vg.Length, mid vg.Length) {
	l := dotLook
	if r.Strong {
		l.width = 3
	}
	if known(r.Value) && known(r.Low) && known(r.High) {
		c.StrokeLine2(l.line(), x(r.Low), mid, x(r.High), mid)
		for _, end := range []float64{r.Low, r.High} {
			c.StrokeLine2(draw.LineStyle{Color: l.color, Width: 1.2}, x(end), mid-4, x(end), mid+4)
		}
	}
	if known(r.Second) {
		secondLook.marker(c, vg.Point{X: x(r.Second), Y: mid}, 4, false)
	}
	if known(r.Value) {
		radius := vg.Length(4.2)
		if r.Strong {
			radius = 5
		}
		l.marker(c, vg.Point{X: x(r.Value), Y: mid}, radius, r.Weak)
	}
}
