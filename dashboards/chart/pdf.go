package chart

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-pdf/fpdf"
	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pdfDate is the date written into every PDF: the picture, not the moment it was
// asked for, decides the bytes. The source line says which release it shows.
var pdfDate = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// PDF returns the picture as a one-page PDF with its fonts cut to the letters used.
func (d *Drawing) PDF() ([]byte, error) {
	c := newPDFCanvas(d)
	d.paint(draw.NewCanvas(c, d.width, d.height))
	var b bytes.Buffer
	if err := c.doc.Output(&b); err != nil {
		return nil, fmt.Errorf("chart %q: PDF: %w", d.meta.Title, err)
	}
	return b.Bytes(), nil
}

// pdfCanvas draws on a PDF page. gonum's own (vgpdf v0.17) writes UTF-8 into a
// font of code page 1252, so that æ, ø, å and the minus sign come out garbled, and
// cannot set two weights of a font; this one is the part of vg.Canvas the house
// style uses, with Unicode fonts.
type pdfCanvas struct {
	doc    *fpdf.Fpdf
	height vg.Length
	width  vg.Length
}

const pdfFont = "LiberationSans"

func newPDFCanvas(d *Drawing) *pdfCanvas {
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: d.width.Points(), Ht: d.height.Points()}})
	doc.SetCatalogSort(true)
	doc.SetCreationDate(pdfDate)
	doc.SetModificationDate(pdfDate)
	doc.SetTitle(d.meta.Title, true)
	doc.SetSubject(d.meta.Description, true)
	doc.SetLang(d.meta.Language)
	doc.SetAutoPageBreak(false, 0)
	doc.AddUTF8FontFromBytes(pdfFont, "", liberationsansregular.TTF)
	doc.AddUTF8FontFromBytes(pdfFont, "B", liberationsansbold.TTF)
	doc.AddPage()
	c := &pdfCanvas{doc: doc, height: d.height}
	vg.Initialize(c)
	return c
}

// SetLineWidth implements vg.Canvas.
func (c *pdfCanvas) SetLineWidth(w vg.Length) {
	c.width = w
	c.doc.SetLineWidth(w.Points())
}

// SetLineDash implements vg.Canvas.
func (c *pdfCanvas) SetLineDash(dashes []vg.Length, offset vg.Length) {
	pattern := make([]float64, len(dashes))
	for i, d := range dashes {
		pattern[i] = d.Points()
	}
	c.doc.SetDashPattern(pattern, offset.Points())
}

// SetColor implements vg.Canvas.
func (c *pdfCanvas) SetColor(col color.Color) {
	if col == nil {
		col = color.Black
	}
	n := color.NRGBAModel.Convert(col).(color.NRGBA)
	r, g, b := int(n.R), int(n.G), int(n.B)
	c.doc.SetDrawColor(r, g, b)
	c.doc.SetFillColor(r, g, b)
	c.doc.SetTextColor(r, g, b)
	c.doc.SetAlpha(float64(n.A)/math.MaxUint8, "Normal")
}

// Stroke implements vg.Canvas.
func (c *pdfCanvas) Stroke(p vg.Path) {
	if c.width > 0 {
		c.path(p, "D")
	}
}

// Fill implements vg.Canvas.
func (c *pdfCanvas) Fill(p vg.Path) { c.path(p, "F") }

func (c *pdfCanvas) path(p vg.Path, how string) {
	const deg = 180 / math.Pi
	for _, s := range p {
		x, y := s.Pos.X.Points(), (c.height - s.Pos.Y).Points()
		switch s.Type {
		case vg.MoveComp:
			c.doc.MoveTo(x, y)
		case vg.LineComp:
			c.doc.LineTo(x, y)
		case vg.ArcComp:
			r := s.Radius.Points()
			c.doc.ArcTo(x, y, r, r, 0, s.Start*deg, (s.Start+s.Angle)*deg)
		case vg.CloseComp:
			c.doc.ClosePath()
		default:
			panic(unused)
		}
	}
	c.doc.DrawPath(how)
}

// FillString implements vg.Canvas.
func (c *pdfCanvas) FillString(f font.Face, at vg.Point, s string) {
	style := ""
	if f.Font.Weight == xfont.WeightBold {
		style = "B"
	}
	c.doc.SetFont(pdfFont, style, f.Font.Size.Points())
	c.doc.Text(at.X.Points(), (c.height - at.Y).Points(), s)
}

// unused is the panic of what the house style never does: it sets all text level
// and embeds no pictures.
const unused = "chart: the house style turns, scales and embeds nothing"

// Rotate implements vg.Canvas.
func (c *pdfCanvas) Rotate(float64) { panic(unused) }

// Translate implements vg.Canvas.
func (c *pdfCanvas) Translate(vg.Point) { panic(unused) }

// Scale implements vg.Canvas.
func (c *pdfCanvas) Scale(_, _ float64) { panic(unused) }

// Push implements vg.Canvas.
func (c *pdfCanvas) Push() { panic(unused) }

// Pop implements vg.Canvas.
func (c *pdfCanvas) Pop() { panic(unused) }

// DrawImage implements vg.Canvas.
func (c *pdfCanvas) DrawImage(vg.Rectangle, image.Image) { panic(unused) }
