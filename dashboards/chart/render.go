package chart

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"html"
	"image/png"
	"regexp"
	"strings"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pngScale is how many pixels of a PNG go to one of the SVG: enough for print at
// half a page's width.
const pngScale = 2

// Size returns the picture's width and height in pixels of the SVG.
func (d *Drawing) Size() (width, height int) {
	return int(d.width + 0.5), int(d.height + 0.5)
}

// Description returns the chart in plain words.
func (d *Drawing) Description() string { return d.meta.Description }

// SVG returns the picture as SVG 1.1 for the web: it scales with its container,
// carries its title and description, and needs no style sheet, so that a content
// security policy without inline styles shows it unharmed.
func (d *Drawing) SVG() []byte {
	c := vgsvg.New(d.width, d.height)
	d.paint(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		panic("chart: writing to memory: " + err.Error())
	}
	return d.accessible(b.Bytes())
}

// PNG returns the picture as PNG at twice the SVG's size.
func (d *Drawing) PNG() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(d.width, d.height), vgimg.UseDPI(72*pngScale))
	d.paint(draw.New(c))
	var b bytes.Buffer
	// A picture is drawn once for each release; speed matters more than the last
	// tenth of its size.
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&b, c.Image()); err != nil {
		return nil, fmt.Errorf("chart %q: PNG: %w", d.meta.Title, err)
	}
	return b.Bytes(), nil
}

var (
	rootTag  = regexp.MustCompile(`(?s)^.*?<svg[^>]*>`)
	styleTag = regexp.MustCompile(`\s+style="([^"]*)"`)
)

// accessible replaces the root of gonum's SVG, which is fixed in points and says
// nothing of what it shows, and turns inline styles into attributes, which a
// content security policy lets through.
func (d *Drawing) accessible(svg []byte) []byte {
	m := d.meta
	h := fnv.New32a()
	fmt.Fprint(h, m.Title, m.Description)
	id := fmt.Sprintf("%08x", h.Sum32())
	width, height := d.Size()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
		`<svg xmlns="http://www.w3.org/2000/svg" width="100%%" viewBox="0 0 %d %d" role="img" aria-labelledby="t-%s d-%s" xml:lang="%s" lang="%s" font-family="Liberation Sans, Arimo, Arial, Helvetica, sans-serif">`+"\n"+
		`<title id="t-%s">%s</title>`+"\n"+`<desc id="d-%s">%s</desc>`,
		width, height, id, id, html.EscapeString(m.Language), html.EscapeString(m.Language),
		id, clean(m.Title), id, clean(m.Description))
	b.Write(styleTag.ReplaceAllFunc(rootTag.ReplaceAll(svg, nil), func(s []byte) []byte {
		return attributes(string(styleTag.FindSubmatch(s)[1]))
	}))
	return b.Bytes()
}

// clean escapes a text for XML.
func clean(s string) string { return html.EscapeString(printable(s)) }

// attributes turns the declarations of a style attribute into attributes. What
// only restates SVG's defaults is left out; the font stands once, on the root,
// with the faces of the same measures that other machines have.
func attributes(style string) []byte {
	var b bytes.Buffer
	for _, decl := range strings.Split(style, ";") {
		key, value, _ := strings.Cut(decl, ":")
		switch {
		case key == "font-size":
			value = strings.TrimSuffix(value, "px")
		case value == "normal" || key == "font-variant" || key == "font-family":
			continue
		}
		fmt.Fprintf(&b, ` %s="%s"`, key, value)
	}
	return b.Bytes()
}
