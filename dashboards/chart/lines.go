package chart

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
)

// Series is a line.
type Series struct {
	Role Role
	// Name stands in the key, Label at the end of the line before its last
	// figure; either may be empty.
	Name, Label string
	// Band says what Low and High are, for the key.
	Band string
	// Points are in order of X. A missing Y is a gap; it is never bridged.
	Points []Point
	// Bare leaves the last figure out of the label.
	Bare bool
}

// Mark is a moment (From = To) or a span on the horizontal axis. It gets a letter
// above the data; the text stands below the picture.
type Mark struct {
	From, To float64
	Text     string
}

// Panel is one plot of a Lines chart.
type Panel struct {
	// Title names the panel; it may be empty where there is but one.
	Title  string
	Series []Series
	Marks  []Mark
	// Empty says why a panel without figures has none.
	Empty string
}

// Lines is a line chart. Several panels stand in two columns, on one scale unless
// Apart is set.
type Lines struct {
	Meta
	Panels []Panel
	Apart  bool
	// Numeric says that X is a quantity measured in XUnit with XDecimals, and not
	// a year.
	Numeric   bool
	XUnit     string
	XDecimals int
	// Step is the distance between neighbouring points, 1 year when 0. Points much
	// further apart than that have a gap between them.
	Step float64
	// Zero draws a line at the value 0.
	Zero bool
}

// maxPanels and maxMain are how much one picture can hold and still be read.
const (
	maxPanels = 6
	maxMain   = 5
	maxPoints = 20000
)

// Draw lays the chart out. It refuses, with EINVALID, a chart without title,
// source or description, one that could not be read, and one whose panel is empty
// without a reason.
func (l Lines) Draw() (*Drawing, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	g := newLineGrid(l)
	meta := l.Meta
	for i, m := range g.marks {
		meta.Notes = append(slices.Clone(meta.Notes), letter(i)+"\u00a0\u00a0"+m.Text)
	}
	return compose(meta, g.key(), g.body()), nil
}

func (l Lines) check() error {
	if err := l.Meta.check(); err != nil {
		return err
	}
	if n := len(l.Panels); n == 0 || n > maxPanels {
		return data.Errorf(data.EINVALID, "chart %q: %d panels; want 1 to %d", l.Title, n, maxPanels)
	}
	points := 0
	for _, p := range l.Panels {
		mains := 0
		for _, s := range p.Series {
			if s.Role == Main {
				mains++
			}
			points += len(s.Points)
			if err := s.check(l.Title); err != nil {
				return err
			}
		}
		if mains > maxMain {
			return data.Errorf(data.EINVALID, "chart %q: %d lines in one panel; at most %d can be told apart", l.Title, mains, maxMain)
		}
		if p.extents(l.Zero, nil, nil) == 0 && p.Empty == "" {
			return data.Errorf(data.EINVALID, "chart %q: panel %q has no figures and does not say why", l.Title, p.Title)
		}
	}
	if points > maxPoints {
		return data.Errorf(data.EINVALID, "chart %q: %d points; at most %d can be drawn", l.Title, points, maxPoints)
	}
	return nil
}

func (s Series) check(title string) error {
	for i, p := range s.Points {
		if !known(p.X) || i > 0 && p.X < s.Points[i-1].X {
			return data.Errorf(data.EINVALID, "chart %q: series %q: point %d is not in order of x", title, s.Name, i)
		}
		if !drawable(p.X, p.Y, p.Low, p.High) {
			return errTooLarge(title, "series "+strconv.Quote(s.Name))
		}
	}
	return nil
}

// extents adds the panel's figures to the extents (either may be nil) and returns
// how many known figures its main and background series have.
func (p Panel) extents(zero bool, x, y *extent) int {
	n := 0
	for _, s := range p.Series {
		for _, q := range s.Points {
			if x != nil {
				x.add(q.X)
			}
			if y != nil {
				y.add(q.Y, q.Low, q.High)
			}
			if known(q.Y) {
				n++
			}
		}
	}
	if y != nil && zero {
		y.add(0)
	}
	return n
}

// segments splits a series at its gaps: missing figures and, where there is a
// step, points that are not there at all.
func (s Series) segments(step float64) [][]Point {
	var out [][]Point
	open := false
	for i, p := range s.Points {
		if !known(p.Y) {
			open = false
			continue
		}
		// A reference line is a shape through chosen years, not a series of them.
		series := step > 0 && s.Role != Baseline && s.Role != Target
		if open && series && p.X-s.Points[i-1].X > 1.5*step {
			open = false
		}
		if !open {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], p)
		open = true
	}
	return out
}

// last returns the newest known point.
func (s Series) last() (Point, bool) {
	for _, p := range slices.Backward(s.Points) {
		if known(p.Y) {
			return p, true
		}
	}
	return Point{}, false
}

// newest is the last place on the horizontal axis that a main series or its group
// has a figure for.
func (p Panel) newest() float64 {
	newest := math.Inf(-1)
	for _, s := range p.Series {
		if q, ok := s.last(); ok && (s.Role == Main || s.Role == Group) {
			newest = math.Max(newest, q.X)
		}
	}
	return newest
}

func (s Series) hasBand() bool {
	return slices.ContainsFunc(s.Points, func(p Point) bool { return known(p.Y) && known(p.Low) && known(p.High) })
}

// lineGrid is the layout of a Lines chart.
type lineGrid struct {
	Lines
	columns int
	// plotHeight is the height of one panel's plot with its axis.
	plotHeight vg.Length
	panelWidth vg.Length
	labelWidth vg.Length
	axisWidth  vg.Length
	x          scale
	y          []scale
	marks      []Mark
	labels     [][]endLabel
}

const columnGap = 24

func newLineGrid(l Lines) *lineGrid {
	g := &lineGrid{Lines: l, columns: 1, plotHeight: 300, panelWidth: l.inner()}
	switch {
	case len(l.Panels) > 1 && l.Small:
		g.plotHeight = 170
	case len(l.Panels) > 1:
		g.columns, g.plotHeight, g.panelWidth = 2, 190, (l.inner()-columnGap)/2
	case l.Small:
		g.plotHeight = 230
	}
	g.scaleY()
	g.labelEnds()
	g.scaleX()
	for _, p := range l.Panels {
		for _, m := range p.Marks {
			if !slices.Contains(g.marks, m) {
				g.marks = append(g.marks, m)
			}
		}
	}
	slices.SortStableFunc(g.marks, func(a, b Mark) int { return cmp.Compare(a.From, b.From) })
	return g
}

func (g *lineGrid) scaleY() {
	steps := 6
	if len(g.Panels) > 1 {
		steps = 5
	}
	all := noExtent()
	for _, p := range g.Panels {
		own := noExtent()
		p.extents(g.Zero, nil, &own)
		p.extents(g.Zero, nil, &all)
		g.y = append(g.y, valueScale(own, steps, g.Decimals))
	}
	if !g.Apart {
		for i := range g.y {
			g.y[i] = valueScale(all, steps, g.Decimals)
		}
	}
	for _, s := range g.y {
		for _, t := range s.ticks {
			g.axisWidth = max(g.axisWidth, tickText.width(t.Label)+8)
		}
	}
}

func (g *lineGrid) scaleX() {
	x := noExtent()
	for _, p := range g.Panels {
		p.extents(false, &x, nil)
	}
	width := g.panelWidth - g.axisWidth - g.labelWidth
	if g.Numeric {
		g.x = valueScale(x, int(math.Max(2, float64(width)/70)), g.XDecimals)
		return
	}
	g.x = yearScale(x, width)
}

// key explains bands, and in a chart of several panels the lines as well.
func (g *lineGrid) key() []sample {
	var key []sample
	add := func(s sample) {
		if s.text != "" && !slices.ContainsFunc(key, func(k sample) bool { return k.text == s.text }) {
			key = append(key, s)
		}
	}
	for _, p := range g.Panels {
		nth := 0
		for _, s := range p.Series {
			look := lookOf(s.Role, nth)
			if s.Role == Main {
				nth++
			}
			q, any := s.last()
			switch {
			case any && g.Small && len(g.Panels) == 1 && s.Role != Background:
				add(sample{text: g.labelOf(s, q, p.newest()), look: look, line: true})
			case any && (len(g.Panels) > 1 || s.Role == Background || s.Label == ""):
				add(sample{text: s.Name, look: look, line: true})
			}
			if s.hasBand() {
				add(sample{text: s.Band, look: look, band: true})
			}
		}
	}
	return key
}

// endLabel is a label at the right end of a line.
type endLabel struct {
	lines  []string
	style  letters
	look   look
	value  float64
	center vg.Length
}

func (e endLabel) height() vg.Length { return e.style.leading() * vg.Length(len(e.lines)) }

func (g *lineGrid) labelEnds() {
	if g.Small {
		// There is no room beside the data: the key and the titles tell.
		g.labels = make([][]endLabel, len(g.Panels))
		return
	}
	room := vg.Length(172)
	if g.columns > 1 {
		room = 96
	}
	for _, p := range g.Panels {
		var labels []endLabel
		newest := p.newest()
		nth := 0
		for _, s := range p.Series {
			look := lookOf(s.Role, nth)
			if s.Role == Main {
				nth++
			}
			q, ok := s.last()
			if !ok || s.Role == Background || s.Label == "" && s.Bare {
				continue
			}
			e := endLabel{style: labelText, look: look, value: q.Y}
			if s.Role == Main {
				e.style = strongText
			}
			e.lines = e.style.wrap(g.labelOf(s, q, newest), room)
			for _, line := range e.lines {
				g.labelWidth = max(g.labelWidth, e.style.width(line)+g.swatch()+10)
			}
			labels = append(labels, e)
		}
		g.labels = append(g.labels, labels)
	}
}

// swatch is the width of the sample of a line beside its label.
func (g *lineGrid) swatch() vg.Length {
	if g.columns > 1 {
		return 17
	}
	return swatch
}

// labelOf is the label of a line: its name, the year if it is not the newest,
// and its last figure.
func (g *lineGrid) labelOf(s Series, q Point, newest float64) string {
	if s.Bare {
		return s.Label
	}
	text := s.Label
	if !g.Numeric && q.X < newest && (s.Role == Main || s.Role == Group) {
		text += " " + strconv.Itoa(int(q.X)) + ":"
	}
	if text != "" {
		text += " "
	}
	return text + locale.Number(q.Y, g.Decimals)
}

func (g *lineGrid) body() block {
	rows := (len(g.Panels) + g.columns - 1) / g.columns
	head := vg.Length(9)
	if len(g.marks) > 0 {
		head += 9
	}
	title := vg.Length(0)
	if len(g.Panels) > 1 {
		title = panelText.leading() + 2
	}
	var unit vg.Length
	if g.Unit != "" {
		unit = unitText.leading()
	}
	if len(g.Panels) > 1 {
		unit += 8
	}
	foot := vg.Length(0)
	if g.XUnit != "" {
		foot = unitText.leading() + 2
	}
	const rowGap = 12
	panel := title + head + g.plotHeight + foot
	return block{unit + vg.Length(rows)*panel + vg.Length(rows-1)*rowGap, func(c draw.Canvas, top vg.Length) {
		unitText.set(c, margin, top-unitText.size, unitText.cut(g.Unit, g.inner()))
		for i := range g.Panels {
			x := margin + vg.Length(i%g.columns)*(g.panelWidth+columnGap)
			y := top - unit - vg.Length(i/g.columns)*(panel+rowGap)
			if title > 0 {
				panelText.set(c, x, y-panelText.size, panelText.cut(g.title(i), g.panelWidth))
			}
			y -= title + head
			g.panel(c, i, vg.Rectangle{Min: vg.Point{X: x, Y: y - g.plotHeight}, Max: vg.Point{X: x + g.panelWidth, Y: y}})
		}
	}}
}

// title is a panel's title, in a small picture with the newest figure that has no
// room beside the data.
func (g *lineGrid) title(i int) string {
	p := g.Panels[i]
	for _, s := range p.Series {
		if q, ok := s.last(); ok && g.Small && s.Role == Main {
			return p.Title + " " + g.labelOf(s, q, p.newest())
		}
	}
	return p.Title
}

// panel draws one plot and its labels within a rectangle.
func (g *lineGrid) panel(c draw.Canvas, i int, r vg.Rectangle) {
	p := g.plot(i)
	area := draw.Canvas{Canvas: c.Canvas, Rectangle: r}
	area.Max.X -= g.labelWidth
	// gonum makes room for the axis by its own labels; panels line up on the widest.
	area.Min.X += g.axisWidth - plotAxisWidth(g.y[i])
	p.Draw(area)
	inside := p.DataCanvas(area)
	g.letterMarks(c, g.Panels[i], p, inside)
	if g.Panels[i].extents(false, nil, nil) == 0 {
		w := inside.Max.X - inside.Min.X
		for k, line := range labelText.wrap(g.Panels[i].Empty, w-20) {
			labelText.set(c, inside.Min.X+10, inside.Center().Y-labelText.leading()*vg.Length(k), line)
		}
	}
	g.drawLabels(c, i, p, inside)
	if g.XUnit != "" {
		w := unitText.width(g.XUnit)
		unitText.set(c, max(inside.Max.X-w, inside.Min.X), r.Min.Y-unitText.size, unitText.cut(g.XUnit, inside.Max.X-inside.Min.X))
	}
}

func plotAxisWidth(s scale) vg.Length {
	w := vg.Length(0)
	for _, t := range s.ticks {
		w = max(w, tickText.width(t.Label)+8)
	}
	return w
}

// plot is the panel as gonum/plot draws it: axes, grid, spans, bands, lines.
func (g *lineGrid) plot(i int) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Min, p.X.Max, p.X.Tick.Marker = g.x.min, g.x.max, g.x
	p.Y.Min, p.Y.Max, p.Y.Tick.Marker = g.y[i].min, g.y[i].max, g.y[i]
	axisStyle(p)
	p.Add(plotFunc(func(c draw.Canvas, p *plot.Plot) { g.drawMarks(c, p, g.Panels[i].Marks) }))
	p.Add(horizontalGrid(g.y[i], g.Zero))
	for _, behind := range []bool{true, false} {
		nth := 0
		for _, s := range g.Panels[i].Series {
			look := lookOf(s.Role, nth)
			if s.Role == Main {
				nth++
			}
			if behind {
				g.addBand(p, s, look)
			} else {
				g.addLine(p, s, look)
				p.Add(plotFunc(func(c draw.Canvas, p *plot.Plot) { symbols(c, p, s) }))
			}
		}
	}
	return p
}

// axisStyle gives a plot the house's axes: a horizontal line with ticks, and
// labels alone at the side.
func axisStyle(p *plot.Plot) {
	p.X.LineStyle = draw.LineStyle{Color: grey, Width: 1}
	p.X.Tick.LineStyle = p.X.LineStyle
	p.X.Tick.Length = 4
	p.X.Padding = 0
	p.X.Tick.Label = tickText.style(text.XCenter, text.YTop)
	p.Y.LineStyle.Width = 0
	p.Y.Tick.LineStyle.Width = 0
	p.Y.Tick.Length = 0
	p.Y.Padding = 5
	p.Y.Tick.Label = tickText.style(text.XRight, text.YCenter)
	p.Y.Label.TextStyle = p.Y.Tick.Label
}

// plotFunc is a plot.Plotter.
type plotFunc func(draw.Canvas, *plot.Plot)

// Plot implements plot.Plotter.
func (f plotFunc) Plot(c draw.Canvas, p *plot.Plot) { f(c, p) }

func horizontalGrid(s scale, zero bool) plotFunc {
	return func(c draw.Canvas, p *plot.Plot) {
		_, y := p.Transforms(&c)
		for _, t := range s.ticks {
			style := draw.LineStyle{Color: grid, Width: 0.8}
			if zero && t.Value == 0 {
				style = draw.LineStyle{Color: grey, Width: 1}
			}
			c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// step is the distance between points beyond which there is a gap, 0 for none.
func (g *lineGrid) step() float64 {
	switch {
	case g.Numeric:
		return 0
	case g.Step > 0:
		return g.Step
	default:
		return 1
	}
}

// addBand fills between the limits of each unbroken run. A run of one point gets
// an upright bar, since an area has no width there.
func (g *lineGrid) addBand(p *plot.Plot, s Series, look look) {
	for _, seg := range s.segments(g.step()) {
		for _, run := range bandRuns(seg) {
			p.Add(plotFunc(func(c draw.Canvas, p *plot.Plot) { drawBand(c, p, run, look) }))
		}
	}
}

// bandRuns splits a segment into the runs whose limits are known.
func bandRuns(seg []Point) [][]Point {
	var out [][]Point
	open := false
	for _, q := range seg {
		if !known(q.Low) || !known(q.High) {
			open = false
			continue
		}
		if !open {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], q)
		open = true
	}
	return out
}

func drawBand(c draw.Canvas, p *plot.Plot, run []Point, look look) {
	x, y := p.Transforms(&c)
	if len(run) == 1 {
		q := run[0]
		c.StrokeLine2(draw.LineStyle{Color: fade(look.color, 0x70), Width: 5}, x(q.X), y(q.Low), x(q.X), y(q.High))
		return
	}
	var upper, lower []vg.Point
	for _, q := range run {
		upper = append(upper, vg.Point{X: x(q.X), Y: y(q.High)})
		lower = append(lower, vg.Point{X: x(q.X), Y: y(q.Low)})
	}
	if look.edge != nothing {
		c.StrokeLines(draw.LineStyle{Color: look.edge, Width: 0.7, Dashes: []vg.Length{1, 2}}, upper, lower)
	}
	slices.Reverse(lower)
	c.FillPolygon(look.band, append(upper, lower...))
}

// manyPoints is how many points a line can have before its markers run together.
const manyPoints = 40

// addLine draws each unbroken run, and a marker at each point, at least where
// nothing joins it to a neighbour.
func (g *lineGrid) addLine(p *plot.Plot, s Series, look look) {
	segments := s.segments(g.step())
	radius := vg.Length(3)
	if g.columns > 1 || g.Small {
		radius = 2.3
	}
	for _, seg := range segments {
		xys := make(plotter.XYs, len(seg))
		for i, q := range seg {
			xys[i] = plotter.XY{X: q.X, Y: q.Y}
		}
		line, err := plotter.NewLine(xys)
		if err != nil {
			panic("chart: a checked series was refused: " + err.Error())
		}
		line.LineStyle = look.line()
		p.Add(line)
		alone := len(seg) == 1
		if look.shape == nil && alone {
			look.shape = draw.CircleGlyph{}
		}
		p.Add(plotFunc(func(c draw.Canvas, p *plot.Plot) {
			x, y := p.Transforms(&c)
			for i, q := range seg {
				if len(s.Points) > manyPoints && !alone && i > 0 && i < len(seg)-1 {
					continue
				}
				look.marker(c, vg.Point{X: x(q.X), Y: y(q.Y)}, radius, q.Weak)
			}
		}))
	}
}

// symbols sets SSB's sign for a missing figure just above the axis.
func symbols(c draw.Canvas, p *plot.Plot, s Series) {
	x, _ := p.Transforms(&c)
	for _, q := range s.Points {
		if !known(q.Y) && q.Symbol != "" {
			strongText.set(c, x(q.X)-strongText.width(q.Symbol)/2, c.Min.Y+4, q.Symbol)
		}
	}
}

// drawMarks shades spans and then rules moments, so that none is hidden.
func (g *lineGrid) drawMarks(c draw.Canvas, p *plot.Plot, marks []Mark) {
	for _, m := range marks {
		if x0, x1 := g.span(c, p, m); x1 > x0 {
			c.FillPolygon(shade, rect(x0, c.Min.Y, x1, c.Max.Y))
		}
	}
	for _, m := range marks {
		if x0, x1 := g.span(c, p, m); x1 == x0 {
			c.StrokeLine2(draw.LineStyle{Color: grey, Width: 1, Dashes: []vg.Length{3, 2}}, x0, c.Min.Y, x0, c.Max.Y)
		}
	}
}

// span returns a mark's edges on the canvas.
func (g *lineGrid) span(c draw.Canvas, p *plot.Plot, m Mark) (x0, x1 vg.Length) {
	x, _ := p.Transforms(&c)
	if m.From == m.To {
		at := min(max(x(m.From), c.Min.X), c.Max.X)
		return at, at
	}
	return max(x(m.From), c.Min.X), max(min(x(m.To), c.Max.X), c.Min.X)
}

func letter(i int) string { return string(rune('A' + i%26)) }

// letterMarks sets each mark's letter above the data, side by side where marks
// lie close.
func (g *lineGrid) letterMarks(c draw.Canvas, panel Panel, p *plot.Plot, inside draw.Canvas) {
	free := inside.Min.X
	for i, m := range g.marks {
		if !slices.Contains(panel.Marks, m) {
			continue
		}
		x0, x1 := g.span(inside, p, m)
		w := strongText.width(letter(i))
		at := max((x0+x1-w)/2, free)
		strongText.set(c, at, inside.Max.Y+6, letter(i))
		free = at + w + 4
	}
}

// drawLabels sets the end labels in the column to the right, moved apart so that
// none meets another, each with a sample of its line.
func (g *lineGrid) drawLabels(c draw.Canvas, i int, p *plot.Plot, inside draw.Canvas) {
	_, y := p.Transforms(&inside)
	labels := slices.Clone(g.labels[i])
	for k := range labels {
		labels[k].center = y(labels[k].value)
	}
	spread(labels, inside.Min.Y-4, inside.Max.Y+8)
	for _, e := range labels {
		x := inside.Max.X + 6
		sample{look: e.look, line: true}.draw(c, x, e.center, g.swatch())
		for k, line := range e.lines {
			up := e.height()/2 - e.style.leading()*vg.Length(k) - e.style.size*0.95
			e.style.set(c, x+g.swatch()+4, e.center+up, line)
		}
	}
}

// spread moves labels apart, keeping their order from the top down and as near to
// their lines as room allows.
func spread(labels []endLabel, bottom, top vg.Length) {
	slices.SortStableFunc(labels, func(a, b endLabel) int { return cmp.Compare(b.center, a.center) })
	edge := top
	for k := range labels {
		h := labels[k].height()
		labels[k].center = min(labels[k].center, edge-h/2)
		edge = labels[k].center - h/2
	}
	edge = bottom
	for k := len(labels) - 1; k >= 0; k-- {
		h := labels[k].height()
		labels[k].center = max(labels[k].center, edge+h/2)
		edge = labels[k].center + h/2
	}
}
