package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
)

var update = flag.Bool("update", false, "rewrite the golden pictures; look at them before they are kept")

// TestGolden compares every picture with the one that was looked at.
func TestGolden(t *testing.T) {
	for name, c := range pictures {
		t.Run(name, func(t *testing.T) {
			got := picture(t, c).SVG()
			path := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from what was looked at; run with -update and look at it", path)
			}
		})
	}
}

// fataler is a test or a property.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// node is an SVG element as a test reads it.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// all returns the elements of a name, in drawing order.
func (n node) all(name string) []node {
	var out []node
	if n.XMLName.Local == name {
		out = append(out, n)
	}
	for _, c := range n.Children {
		out = append(out, c.all(name)...)
	}
	return out
}

func parse(t fataler, svg []byte) node {
	t.Helper()
	var n node
	if err := xml.Unmarshal(svg, &n); err != nil {
		t.Fatalf("not XML: %v", err)
	}
	return n
}

// TestAccessible: the root is an image with a name and a description, scales with
// its container, and nothing in it needs an inline style.
func TestAccessible(t *testing.T) {
	for name, c := range pictures {
		d := picture(t, c)
		svg := d.SVG()
		n := parse(t, svg)
		ids := strings.Fields(n.attr("aria-labelledby"))
		title, desc := n.all("title"), n.all("desc")
		if n.attr("role") != "img" || len(ids) != 2 || len(title) != 1 || len(desc) != 1 ||
			title[0].attr("id") != ids[0] || desc[0].attr("id") != ids[1] || title[0].Text != d.meta.Title || desc[0].Text != d.Description() {
			t.Errorf("%s: the root does not name and describe the picture: %.300s", name, svg)
		}
		if n.attr("width") != "100%" || n.attr("viewBox") == "" || n.attr("lang") == "" {
			t.Errorf("%s: root %v", name, n.Attrs)
		}
		for _, bad := range []string{" style=", "pt\"", "NaN", "Inf", "xlink", "font-variant"} {
			if bytes.Contains(svg, []byte(bad)) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
}

// box is where a text stands.
type box struct {
	text           string
	x0, y0, x1, y1 vg.Length
}

// texts returns the boxes of all texts, y downwards.
func texts(t fataler, n node) []box {
	t.Helper()
	g := n.all("g")
	if len(g) == 0 {
		t.Fatal("no group")
	}
	_, height, _ := strings.Cut(n.attr("viewBox"), "0 0 ")
	_, height, _ = strings.Cut(height, " ")
	var out []box
	for _, e := range n.all("text") {
		number := func(name string) vg.Length {
			v, err := strconv.ParseFloat(e.attr(name), 64)
			if err != nil {
				t.Fatalf("%s of %q: %v", name, e.Text, err)
			}
			return vg.Length(v)
		}
		size := number("font-size")
		l := letters{size: size, bold: e.attr("font-weight") == "bold"}
		// gonum draws in a group whose y points up.
		y := -number("y")
		h, err := strconv.ParseFloat(height, 64)
		if err != nil {
			t.Fatal(err)
		}
		down := vg.Length(h) - y
		x := number("x")
		// Capitals reach about 0.72, descenders about 0.21 of the size.
		out = append(out, box{e.Text, x, down - 0.72*size, x + l.width(e.Text), down + 0.2*size})
	}
	return out
}

// overlapping reports texts that meet or leave the picture.
func overlapping(t fataler, svg []byte) []string {
	t.Helper()
	n := parse(t, svg)
	size := strings.Fields(n.attr("viewBox"))
	w, _ := strconv.ParseFloat(size[2], 64)
	h, _ := strconv.ParseFloat(size[3], 64)
	var out []string
	all := texts(t, n)
	for i, a := range all {
		if a.x0 < 0 || a.y0 < 0 || a.x1 > vg.Length(w) || a.y1 > vg.Length(h) {
			out = append(out, a.text+" leaves the picture")
		}
		for _, b := range all[i+1:] {
			// Half a pixel is rounding.
			if a.x0+0.5 < b.x1 && b.x0+0.5 < a.x1 && a.y0+0.5 < b.y1 && b.y0+0.5 < a.y1 {
				out = append(out, a.text+" meets "+b.text)
			}
		}
	}
	return out
}

// TestNothingOverlaps: no text of any picture meets another or leaves it.
func TestNothingOverlaps(t *testing.T) {
	for name, c := range pictures {
		for _, s := range overlapping(t, picture(t, c).SVG()) {
			t.Errorf("%s: %s", name, s)
		}
	}
}

// TestFormats: the same struct gives the same bytes, in every format, of the size
// the SVG has.
func TestFormats(t *testing.T) {
	for _, name := range []string{"one-place", "agreement"} {
		a, b := picture(t, pictures[name]), picture(t, pictures[name])
		if !bytes.Equal(a.SVG(), b.SVG()) {
			t.Errorf("%s: two SVGs differ", name)
		}
		pngA, errA := a.PNG()
		pngB, errB := b.PNG()
		if errA != nil || errB != nil || !bytes.Equal(pngA, pngB) {
			t.Errorf("%s: two PNGs differ: %v %v", name, errA, errB)
		}
		img, err := png.DecodeConfig(bytes.NewReader(pngA))
		w, h := a.Size()
		if err != nil || img.Width != w*pngScale || img.Height != h*pngScale {
			t.Errorf("%s: PNG is %d × %d, want %d × %d: %v", name, img.Width, img.Height, w*pngScale, h*pngScale, err)
		}
		pdfA, errA := a.PDF()
		pdfB, errB := b.PDF()
		if errA != nil || errB != nil || !bytes.Equal(pdfA, pdfB) || !bytes.HasPrefix(pdfA, []byte("%PDF-")) {
			t.Errorf("%s: two PDFs differ: %v %v", name, errA, errB)
		}
	}
}

// strokes returns the point counts of the paths stroked in a colour.
func strokes(n node, color string, width string) []int {
	var out []int
	for _, p := range n.all("path") {
		if p.attr("stroke") == color && p.attr("stroke-width") == width {
			out = append(out, strings.Count(p.attr("d"), "L")+strings.Count(p.attr("d"), "M"))
		}
	}
	return out
}

// TestGapsAreNeverBridged: a line is drawn in as many parts as it has runs of
// figures, with just their points, and a run of one is a marker with a bar.
func TestGapsAreNeverBridged(t *testing.T) {
	l := single("Hull", 1, 2, nan, 4, nan, 6, 7, 8)
	// A year that is not there at all is a gap as well.
	p := &l.Panels[0].Series[0].Points
	*p = append(*p, Point{X: 2030, Y: 3, Low: 2, High: 4}, Point{X: 2031, Y: 3, Low: 2, High: 4})
	n := parse(t, picture(t, l).SVG())
	// The run of one year has no line; the last is the sample beside the label.
	if got, want := strokes(n, "#0072B2", "2"), []int{2, 3, 2, 2}; !slices.Equal(got, want) {
		t.Errorf("line in parts of %v points, want %v", got, want)
	}
	// A faded colour loses its last bit in gonum.
	if bars := strokes(n, "#0071B1", "5"); len(bars) != 1 {
		t.Errorf("%d bars, want one for the run of one year", len(bars))
	}
	bands := 0
	for _, p := range n.all("path") {
		if p.attr("fill") == "#0071B1" || p.attr("fill") == "#0072B2" && p.attr("fill-opacity") != "" {
			bands++
		}
	}
	// Three runs of more than one year, and the sample in the key.
	if bands != 4 {
		t.Errorf("%d bands, want 4", bands)
	}
	signs := 0
	for _, e := range n.all("text") {
		if e.Text == ".." {
			signs++
		}
	}
	if signs != 2 {
		t.Errorf("%d signs for missing figures, want 2", signs)
	}
}

// TestLabelsShowTheFigures: the label at the end of a line holds its last figure
// as locale.Number writes it, with the year where it is not the newest.
func TestLabelsShowTheFigures(t *testing.T) {
	l := single("To linjer", 1, 2, 3.456)
	short := l.Panels[0].Series[0]
	short.Label, short.Points = "Trysil", short.Points[:2]
	l.Panels[0].Series = append(l.Panels[0].Series, short)
	svg := string(picture(t, l).SVG())
	for _, want := range []string{"Engerdal 3,5", "Trysil 2021: 2,0"} {
		if !strings.Contains(svg, ">"+want+"<") {
			t.Errorf("no label %q", want)
		}
	}
}

// TestTellApart: any two main series differ in dash and in marker, and so do the
// roles of one panel, so that the picture needs no colour.
func TestTellApart(t *testing.T) {
	looks := append([]look{lookOf(Group, 0), lookOf(Target, 0)}, mains...)
	for i, a := range looks {
		for _, b := range looks[i+1:] {
			sameDash := len(a.dashes) == len(b.dashes)
			for k := range min(len(a.dashes), len(b.dashes)) {
				sameDash = sameDash && a.dashes[k] == b.dashes[k]
			}
			if sameDash && a.shape == b.shape {
				t.Errorf("%v and %v look alike without colour", a, b)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	change := func(f func(*Lines)) Lines {
		l := onePlace()
		f(&l)
		return l
	}
	for _, c := range []struct {
		name  string
		chart drawer
		want  string
	}{
		{"no source", change(func(l *Lines) { l.Source = " " }), "no source"},
		{"no title", change(func(l *Lines) { l.Title = "" }), "no title"},
		{"no description", change(func(l *Lines) { l.Description = "" }), "no description"},
		{"language", change(func(l *Lines) { l.Language = "se" }), `language "se"`},
		{"decimals", change(func(l *Lines) { l.Decimals = 7 }), "7 decimals"},
		{"no panel", change(func(l *Lines) { l.Panels = nil }), "0 panels"},
		{"many panels", change(func(l *Lines) { l.Panels = make([]Panel, 7) }), "7 panels"},
		{"many lines", change(func(l *Lines) { l.Panels[0].Series = make([]Series, 6) }), "6 lines"},
		{"many points", change(func(l *Lines) { l.Panels[0].Series[1].Points = make([]Point, maxPoints+1) }), "points"},
		{"order", change(func(l *Lines) { l.Panels[0].Series[1].Points[3].X = 2000 }), "not in order"},
		{"too large", change(func(l *Lines) { l.Panels[0].Series[1].Points[3].High = 1e13 }), "10¹²"},
		{"empty panel", Lines{Meta: meta("x"), Panels: []Panel{{}}}, "does not say why"},
		{"no rows", Dots{Meta: meta("x")}, "0 rows"},
		{"many rows", Dots{Meta: meta("x"), Rows: make([]Row, 61)}, "61 rows"},
		{"silent row", Dots{Meta: meta("x"), Rows: []Row{{Label: "Engerdal", Value: nan}}}, "does not say why"},
		{"large row", Dots{Meta: meta("x"), Rows: []Row{{Label: "Engerdal", Value: -1e13}}}, "10¹²"},
		{"limit", Dots{Meta: meta("x"), Rows: []Row{{Value: 1}}, Limits: []Limit{{nan, 1, "x"}}}, "limit"},
		{"no own", Strip{Meta: meta("x"), Own: nan}, "no figure of its own"},
		{"large ratio", Strip{Meta: meta("x"), Own: 1, Others: []float64{2e12}}, "10¹²"},
		{"many placebos", Strip{Meta: meta("x"), Own: 1, Others: make([]float64, 2001)}, "2001 placebos"},
	} {
		_, err := c.chart.Draw()
		if data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want EINVALID with %q", c.name, err, c.want)
		}
	}
}

// TestValueScale: ticks cover the extent in even steps, few enough to be read,
// with labels that differ and read back to their values.
func TestValueScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(-1e9, 1e9).Draw(t, "a")
		b := rapid.Float64Range(-1e9, 1e9).Draw(t, "b")
		n := rapid.IntRange(2, 10).Draw(t, "n")
		decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
		e := noExtent()
		e.add(a, b, nan, math.Inf(1))
		s := valueScale(e, n, decimals)
		// 1e-9 of the range is what valueScale allows for the last bits of a float.
		slack := (s.max - s.min) * 1e-9
		if s.min > e.min+slack || s.max < e.max-slack || len(s.ticks) < 2 || len(s.ticks) > n+3 {
			t.Fatalf("%v: %d ticks from %v to %v", e, len(s.ticks), s.min, s.max)
		}
		for i, k := range s.ticks {
			v, err := locale.ParseNumber(k.Label)
			if err != nil || math.Abs(v-k.Value) > 1e-9*math.Max(1, math.Abs(v)) {
				t.Fatalf("label %q for %v: %v", k.Label, k.Value, err)
			}
			if i > 0 && k.Label == s.ticks[i-1].Label {
				t.Fatalf("two ticks are labelled %q", k.Label)
			}
		}
	})
}

// TestSpread: labels keep their order, do not meet, and stay in the column as long
// as it has room for them.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 9).Draw(t, "n")
		labels := make([]endLabel, n)
		for i := range labels {
			lines := rapid.IntRange(1, 2).Draw(t, "lines")
			labels[i] = endLabel{lines: make([]string, lines), style: labelText, center: vg.Length(rapid.Float64Range(0, 300).Draw(t, "y"))}
		}
		spread(labels, 0, 300)
		for i, l := range labels {
			// 9 labels of 2 lines of 15 are 270 high: there is room. 1e-6 is rounding.
			if l.center-l.height()/2 < -1e-6 || l.center+l.height()/2 > 300+1e-6 {
				t.Fatalf("label %d is at %v", i, l.center)
			}
			if i > 0 && labels[i-1].center-labels[i-1].height()/2 < l.center+l.height()/2-1e-6 {
				t.Fatalf("labels %d and %d meet", i-1, i)
			}
		}
	})
}

// undrawn is what a missing or infinite figure would look like.
var undrawn = regexp.MustCompile(`NaN|Inf`)

var plainText = regexp.MustCompile(`^[^\x00-\x1f\x7f]*$`)

// TestAnyLines: whatever the figures and texts, the chart is XML without NaN in
// which no text meets another, or an error says why there is none.
func TestAnyLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.Float64Range(-1, 1), rapid.Just(0.0), rapid.Just(nan), rapid.Just(math.Inf(1)))
		// Half of the charts have texts people write: in those nothing may overlap.
		plain := rapid.Bool().Draw(t, "plain")
		name := rapid.StringN(0, 30, 60)
		if plain {
			name = rapid.StringMatching(`[A-ZÆØÅa-zæøå]{0,12}( [a-zæøå0-9]{1,10}){0,2}`)
		}
		// A name may hold the very letters that a figure that is not there would leave.
		name = name.Filter(func(s string) bool { return !undrawn.MatchString(s) })
		l := Lines{Meta: meta("x" + name.Draw(t, "title")), Zero: rapid.Bool().Draw(t, "zero"), Apart: rapid.Bool().Draw(t, "apart")}
		l.Decimals = rapid.IntRange(0, 3).Draw(t, "decimals")
		for range rapid.IntRange(1, 4).Draw(t, "panels") {
			p := Panel{Title: name.Draw(t, "panel"), Empty: "ingen tall"}
			for _, role := range []Role{Main, Group, Baseline, Target} {
				s := Series{Role: role, Name: name.Draw(t, "name"), Label: name.Draw(t, "label"), Band: "intervall"}
				for x := range rapid.IntRange(0, 12).Draw(t, "years") {
					q := Point{X: float64(2010 + x), Y: value.Draw(t, "y"), Low: value.Draw(t, "low"), High: value.Draw(t, "high")}
					s.Points = append(s.Points, q)
				}
				p.Series = append(p.Series, s)
			}
			l.Panels = append(l.Panels, p)
		}
		d, err := l.Draw()
		if err != nil {
			t.Fatal(err)
		}
		svg := d.SVG()
		if undrawn.Match(svg) {
			t.Fatalf("a figure that is not there was drawn: %s", svg)
		}
		if err := wellFormed(svg); err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if plain {
			if bad := overlapping(t, svg); len(bad) > 0 {
				t.Fatalf("%q", bad)
			}
		}
	})
}

func wellFormed(svg []byte) error {
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-zæøå ]{0,80}`).Draw(t, "text")
		w := vg.Length(rapid.Float64Range(30, 300).Draw(t, "width"))
		for _, line := range noteText.wrap(s, w) {
			if noteText.width(line) > w {
				t.Fatalf("%q is %v wide, want at most %v", line, noteText.width(line), w)
			}
		}
	})
	if got := printable("a\x00b\x1b\xffc"); got != "abc" || !plainText.MatchString(got) {
		t.Errorf("printable gave %q", got)
	}
}

func benchmark(b *testing.B, write func(*Drawing) ([]byte, error)) {
	for _, name := range []string{"one-place", "five-places"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := write(picture(b, pictures[name])); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSVG(b *testing.B) {
	benchmark(b, func(d *Drawing) ([]byte, error) { return d.SVG(), nil })
}
func BenchmarkPNG(b *testing.B) { benchmark(b, (*Drawing).PNG) }
func BenchmarkPDF(b *testing.B) { benchmark(b, (*Drawing).PDF) }
