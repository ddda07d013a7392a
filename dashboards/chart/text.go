package chart

import (
	"image/color"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// letters is a text size, weight and colour.
type letters struct {
	size  vg.Length
	bold  bool
	color color.NRGBA
}

var (
	titleText    = letters{size: 16, bold: true, color: ink}
	subtitleText = letters{size: 12, color: ink}
	unitText     = letters{size: 11, color: muted}
	panelText    = letters{size: 12.5, bold: true, color: ink}
	tickText     = letters{size: 11, color: muted}
	labelText    = letters{size: 11.5, color: ink}
	strongText   = letters{size: 11.5, bold: true, color: ink}
	noteText     = letters{size: 10.5, color: muted}
	noticeText   = letters{size: 13, bold: true, color: ink}
)

func (l letters) font() font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: l.size}
	if l.bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

func (l letters) face() font.Face { return font.DefaultCache.Lookup(l.font(), l.size) }

// style is the same for the text gonum/plot sets itself.
func (l letters) style(x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: l.color, Font: l.font(), XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}

func (l letters) width(s string) vg.Length {
	f := l.face()
	return f.Width(s)
}

// leading is the distance from one baseline to the next.
func (l letters) leading() vg.Length { return l.size * 1.3 }

// set writes a line whose baseline starts at x, y.
func (l letters) set(c draw.Canvas, x, y vg.Length, s string) {
	s = printable(s)
	if s == "" {
		return
	}
	c.SetColor(l.color)
	c.FillString(l.face(), vg.Point{X: x, Y: y}, s)
}

// wrap breaks a text into lines no wider than w where words allow; a word that
// is wider stands alone and is cut with an ellipsis.
func (l letters) wrap(s string, w vg.Length) []string {
	var lines []string
	line := ""
	f := l.face()
	for _, word := range strings.Split(s, " ") {
		next := word
		if line != "" {
			next = line + " " + word
		}
		if line != "" && f.Width(next) > w {
			lines = append(lines, l.cut(line, w))
			next = word
		}
		line = next
	}
	if line != "" {
		lines = append(lines, l.cut(line, w))
	}
	return lines
}

// cut shortens a text to the width.
func (l letters) cut(s string, w vg.Length) string {
	f := l.face()
	if f.Width(s) <= w {
		return s
	}
	r := []rune(s)
	for len(r) > 1 && f.Width(string(r)+"…") > w {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}

// printable drops what no XML document can hold and no font can show.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// block writes lines one below the other, centred on mid.
func (l letters) block(c draw.Canvas, x, mid vg.Length, lines []string) {
	for i, s := range lines {
		up := (vg.Length(len(lines)-1)/2 - vg.Length(i)) * l.leading()
		l.set(c, x, mid+up-l.size*0.35, s)
	}
}
