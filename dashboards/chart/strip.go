package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/bygdevekst/bygdevekst/data"
)

// Strip is a distribution: one dot per placebo, stacked where they meet, and one
// that stands out.
type Strip struct {
	Meta
	// Others are the placebos' figures; missing ones (NaN) are not drawn.
	Others []float64
	// Own is the figure that stands out, with its label.
	Own   float64
	Label string
	// OthersName names the placebos in the key.
	OthersName string
}

const (
	maxOthers = 2000
	dotSize   = 8.0
)

// Draw lays the chart out; it refuses like Lines.Draw, and when nothing is known.
func (s Strip) Draw() (*Drawing, error) {
	if err := s.Meta.check(); err != nil {
		return nil, err
	}
	if !known(s.Own) {
		return nil, data.Errorf(data.EINVALID, "chart %q: no figure of its own to set beside the placebos", s.Title)
	}
	if !drawable(append(slices.Clone(s.Others), s.Own)...) {
		return nil, errTooLarge(s.Title, "the distribution")
	}
	if len(s.Others) > maxOthers {
		return nil, data.Errorf(data.EINVALID, "chart %q: %d placebos; at most %d can be drawn", s.Title, len(s.Others), maxOthers)
	}
	others := look{color: grey, shape: draw.CircleGlyph{}}
	key := []sample{{text: s.Label, look: look{color: blue, shape: diamond{}}, line: true}}
	if s.OthersName != "" {
		key = append(key, sample{text: s.OthersName, look: others, line: true})
	}
	return compose(s.Meta, key, s.body(others)), nil
}

// body stacks the dots from the axis up, in order of value.
func (s Strip) body(others look) block {
	e := noExtent()
	e.add(0, s.Own)
	e.add(s.Others...)
	inner := s.inner()
	sc := valueScale(e, int(inner/80), s.Decimals)
	bin := func(v float64) int { return int((v - sc.min) / (sc.max - sc.min) * float64(inner-30) / dotSize) }
	stack := map[int]int{}
	most := 0
	for _, v := range s.Others {
		if known(v) {
			stack[bin(v)]++
			most = max(most, stack[bin(v)])
		}
	}
	most = max(most, stack[bin(s.Own)]+1)
	// High stacks are pressed together rather than cut off.
	step := math.Min(dotSize, 240/float64(most))
	plotHeight := vg.Length(step*float64(most)) + 34
	axis := tickText.leading() + 8
	unit := unitText.leading() + 4
	return block{unit + plotHeight + axis, func(c draw.Canvas, top vg.Length) {
		unitText.set(c, margin, top-unitText.size, unitText.cut(s.Unit, inner))
		area := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: margin + 8, Y: top - unit - plotHeight - axis}, Max: vg.Point{X: margin + inner - 8, Y: top - unit},
		}}
		p := plot.New()
		p.BackgroundColor = nil
		axisStyle(p)
		p.HideY()
		p.Y.Padding = 0
		p.X.Min, p.X.Max, p.X.Tick.Marker = sc.min, sc.max, sc
		p.Y.Min, p.Y.Max = 0, 1
		p.Draw(area)
		inside := p.DataCanvas(area)
		x, _ := p.Transforms(&inside)
		up := func(n int) vg.Length { return inside.Min.Y + vg.Length(dotSize/2+1+step*float64(n)) }
		sorted := slices.DeleteFunc(slices.Clone(s.Others), func(v float64) bool { return !known(v) })
		slices.Sort(sorted)
		count := map[int]int{}
		for _, v := range sorted {
			n := count[bin(v)]
			count[bin(v)]++
			others.marker(c, vg.Point{X: x(v), Y: up(n)}, dotSize/2-0.6, true)
		}
		at := vg.Point{X: x(s.Own), Y: up(count[bin(s.Own)])}
		look{color: blue, shape: diamond{}}.marker(c, at, dotSize/2+0.6, false)
		text := strongText.cut(s.Label, inner/2)
		w := strongText.width(text)
		strongText.set(c, min(max(at.X-w/2, inside.Min.X), inside.Max.X-w), at.Y+dotSize+2, text)
	}}
}
