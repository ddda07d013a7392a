package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Measures of the picture, in pixels of the SVG.
const (
	wide   = 760
	narrow = 380
	margin = 20
	swatch = 26 // Width of a sample of a line in a key or label.
)

// width is the width of the picture, inner that between its margins.
func (m Meta) width() vg.Length {
	if m.Small {
		return narrow
	}
	return wide
}

func (m Meta) inner() vg.Length { return m.width() - 2*margin }

// Drawing is a laid-out picture, ready to be written in any format.
type Drawing struct {
	meta          Meta
	width, height vg.Length
	paint         func(draw.Canvas)
}

// sample is one entry of the key: a line, a band or both, and what it stands for.
type sample struct {
	text string
	look look
	line bool
	band bool
}

// block is a part of the picture, painted with its upper edge at top.
type block struct {
	height vg.Length
	paint  func(c draw.Canvas, top vg.Length)
}

// compose stacks the frame around a body: notice, title, subtitle, key, body,
// notes, source.
func compose(m Meta, key []sample, body block) *Drawing {
	var blocks []block
	inner := m.inner()
	if m.Notice != "" {
		blocks = append(blocks, notice(m.Notice, m.width()))
	}
	blocks = append(blocks, space(12), lines(titleText, titleText.wrap(m.Title, inner)))
	if m.Subtitle != "" {
		blocks = append(blocks, space(3), lines(subtitleText, subtitleText.wrap(m.Subtitle, inner)))
	}
	if len(key) > 0 {
		blocks = append(blocks, space(7), keyBlock(key, inner))
	}
	blocks = append(blocks, space(9), body, space(5))
	for _, n := range m.Notes {
		blocks = append(blocks, space(2), lines(noteText, noteText.wrap(n, inner)))
	}
	blocks = append(blocks, space(6), rule(inner), space(3), lines(noteText, noteText.wrap(m.Source, inner)), space(10))
	d := &Drawing{meta: m, width: m.width()}
	for _, b := range blocks {
		d.height += b.height
	}
	d.height = vg.Length(math.Ceil(float64(d.height)))
	d.paint = func(c draw.Canvas) {
		c.FillPolygon(white, rect(0, 0, d.width, d.height))
		top := d.height
		for _, b := range blocks {
			if b.paint != nil {
				b.paint(c, top)
			}
			top -= b.height
		}
	}
	return d
}

func space(h vg.Length) block { return block{height: h} }

func lines(l letters, text []string) block {
	return block{l.leading() * vg.Length(len(text)), func(c draw.Canvas, top vg.Length) {
		for i, s := range text {
			l.set(c, margin, top-l.leading()*vg.Length(i)-l.size, s)
		}
	}}
}

func rule(w vg.Length) block {
	return block{1, func(c draw.Canvas, top vg.Length) {
		c.StrokeLine2(draw.LineStyle{Color: grid, Width: 1}, margin, top, margin+w, top)
	}}
}

// notice is a band across the whole picture that cannot be taken for decoration.
func notice(s string, w vg.Length) block {
	const h = 30
	return block{h, func(c draw.Canvas, top vg.Length) {
		c.FillPolygon(amber, rect(0, top-h, w, top))
		noticeText.set(c, margin, top-20, s)
	}}
}

// keyBlock sets the samples in a row of their own, outside the data, over as many
// lines as they need.
func keyBlock(key []sample, inner vg.Length) block {
	const between = 18
	at := make([]vg.Point, len(key))
	var x, y vg.Length
	for i, k := range key {
		w := swatch + 6 + noteText.width(k.text)
		if x > 0 && x+w > inner {
			x, y = 0, y+17
		}
		at[i] = vg.Point{X: x, Y: y}
		x += w + between
	}
	return block{y + 17, func(c draw.Canvas, top vg.Length) {
		for i, k := range key {
			x, mid := margin+at[i].X, top-at[i].Y-9
			k.draw(c, x, mid, swatch)
			noteText.set(c, x+swatch+6, mid-3.6, noteText.cut(k.text, inner-swatch-6))
		}
	}}
}

// draw draws the sample w wide with its left end at x, centred on mid.
func (k sample) draw(c draw.Canvas, x, mid, w vg.Length) {
	if k.band {
		box := rect(x, mid-5, x+w, mid+5)
		c.FillPolygon(k.look.band, box)
		if k.look.edge != nothing {
			s := draw.LineStyle{Color: k.look.edge, Width: 0.7, Dashes: []vg.Length{1, 2}}
			c.StrokeLines(s, box[:2], box[2:])
		}
	}
	if k.line {
		c.StrokeLine2(k.look.line(), x, mid, x+w, mid)
		k.look.marker(c, vg.Point{X: x + w/2, Y: mid}, 3, false)
	}
}

// rect returns the corners of a rectangle.
func rect(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}
