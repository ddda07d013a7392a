package chart

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Colours by Okabe & Ito (2008), which tell apart for every common form of
// colour blindness. Text is never set in them: their contrast is too low.
var (
	blue    = color.NRGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	red     = color.NRGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
	green   = color.NRGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}
	purple  = color.NRGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}
	amber   = color.NRGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}
	ink     = color.NRGBA{R: 0x1a, G: 0x1a, B: 0x1a, A: 0xff}
	muted   = color.NRGBA{R: 0x55, G: 0x55, B: 0x55, A: 0xff}
	grey    = color.NRGBA{R: 0x76, G: 0x76, B: 0x76, A: 0xff}
	pale    = color.NRGBA{R: 0xb4, G: 0xb4, B: 0xb4, A: 0xff}
	grid    = color.NRGBA{R: 0xdc, G: 0xdc, B: 0xdc, A: 0xff}
	shade   = color.NRGBA{R: 0xf3, G: 0xee, B: 0xdc, A: 0xff}
	white   = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
	nothing = color.NRGBA{}
)

// Role says what a series is, which gives it its look.
type Role int

// The roles of series.
const (
	// Main is what the chart is about; up to five, each with its own look.
	Main Role = iota
	// Group is a comparison group; its Low and High are the range of its
	// members, drawn as an outline.
	Group
	// Counterfactual is what would have been.
	Counterfactual
	// Baseline is the level change is measured from.
	Baseline
	// Target is what is aimed at; Low and High give a range aimed at.
	Target
	// Background is one of many, such as a placebo; it gets no label.
	Background
)

// look is how a series is drawn.
type look struct {
	color  color.NRGBA
	width  vg.Length
	dashes []vg.Length
	// shape is the marker; nil for a line without.
	shape draw.GlyphDrawer
	// band is the fill between Low and High, edge its outline.
	band, edge color.NRGBA
}

// mains are the looks of the main series in order.
var mains = []look{
	{color: blue, width: 2, shape: draw.CircleGlyph{}},
	{color: red, width: 2, shape: draw.BoxGlyph{}, dashes: []vg.Length{7, 3}},
	{color: ink, width: 2, shape: draw.PyramidGlyph{}, dashes: []vg.Length{2, 2}},
	{color: green, width: 2, shape: diamond{}, dashes: []vg.Length{9, 3, 2, 3}},
	{color: purple, width: 2, shape: cross{}, dashes: []vg.Length{4, 2}},
}

func lookOf(role Role, nth int) look {
	switch role {
	case Group:
		return look{color: muted, width: 1.5, dashes: []vg.Length{6, 3}, shape: draw.BoxGlyph{}, band: fade(muted, 0x16), edge: grey}
	case Counterfactual:
		return look{color: red, width: 2, dashes: []vg.Length{7, 3}, shape: draw.BoxGlyph{}, band: fade(red, 0x2c)}
	case Baseline:
		return look{color: ink, width: 1, dashes: []vg.Length{1.5, 2.5}}
	case Target:
		return look{color: green, width: 1.6, dashes: []vg.Length{12, 4}, shape: diamond{}, band: fade(green, 0x24)}
	case Background:
		return look{color: pale, width: 0.6}
	default:
		l := mains[nth%len(mains)]
		l.band = fade(l.color, 0x30)
		return l
	}
}

func fade(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

func (l look) line() draw.LineStyle {
	return draw.LineStyle{Color: l.color, Width: l.width, Dashes: l.dashes}
}

// marker draws the series' marker; a weak one is hollow.
func (l look) marker(c draw.Canvas, at vg.Point, radius vg.Length, weak bool) {
	if l.shape == nil {
		return
	}
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: l.color, Radius: radius, Shape: l.shape}, at)
	if weak {
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: white, Radius: radius * 0.55, Shape: l.shape}, at)
	}
}

// diamond is a filled square on its corner.
type diamond struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	r := sty.Radius * 1.25
	c.FillPolygon(sty.Color, []vg.Point{{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}})
}

// cross is a saltire.
type cross struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (cross) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	r := sty.Radius * 0.85
	s := draw.LineStyle{Color: sty.Color, Width: sty.Radius * 0.7}
	c.StrokeLine2(s, at.X-r, at.Y-r, at.X+r, at.Y+r)
	c.StrokeLine2(s, at.X-r, at.Y+r, at.X+r, at.Y-r)
}
