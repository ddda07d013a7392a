package ssbsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object with its keys in a given order: SSB's bodies have
// one, and clients have come to rely on it.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		var v bytes.Buffer
		enc := json.NewEncoder(&v)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
		b.Write(bytes.TrimRight(v.Bytes(), "\n"))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// extract is what a request selects: for every variable the positions chosen,
// nil for one that is eliminated.
type extract struct {
	t      *table
	from   []entry // Codes of the region variable, and of the second one.
	to     []entry
	chosen map[string][]int
	period []period
}

func (s *Server) axis(t *table, id, list string) (*axis, []entry, *problem) {
	switch id {
	case t.region, t.regionTo:
		name := t.plain()
		if list != "" {
			if !slices.Contains(t.lists, list) {
				return nil, nil, noCodelist
			}
			name = list
		}
		entries := s.lists[name]
		a := &axis{id: id}
		for _, e := range entries {
			a.codes = append(a.codes, e.code)
			a.labels = append(a.labels, e.label)
		}
		return a, entries, nil
	case "Tid":
		a := &axis{id: id, time: true}
		for _, p := range t.periods() {
			a.codes = append(a.codes, p.code)
			a.labels = append(a.labels, p.code)
		}
		return a, nil, nil
	}
	d := t.dim(id)
	if list != "" && list != d.list {
		return nil, nil, noCodelist
	}
	a := &axis{id: id}
	for i, c := range d.codes {
		if s.removed(t, d, i) {
			// A removed code keeps its place so that cells keep theirs, and
			// cannot be asked for.
			c = code{code: "\x00" + c.code}
		}
		a.codes = append(a.codes, c.code)
		a.labels = append(a.labels, c.label)
	}
	return a, nil, nil
}

func (s *Server) extract(t *table, sel []*selection) (*extract, *problem) {
	x := &extract{t: t, chosen: map[string][]int{}, period: t.periods()}
	asked := map[string]*selection{}
	order := t.order()
	for _, v := range sel {
		name := v.VariableCode
		if strings.EqualFold(name, "time") {
			name = "Tid" // The server's name for whichever variable is time.
		}
		i := slices.IndexFunc(order, func(id string) bool { return strings.EqualFold(id, name) })
		if i < 0 {
			return nil, noVariable
		}
		asked[order[i]] = v
	}
	cells := 1
	for _, id := range order {
		v := asked[id]
		list := ""
		if v != nil {
			list = v.Codelist
		}
		a, entries, p := s.axis(t, id, list)
		if p != nil {
			return nil, p
		}
		if id == t.region {
			x.from = entries
		} else if id == t.regionTo {
			x.to = entries
		}
		if v == nil || len(v.ValueCodes) == 0 {
			if d := t.dim(id); d == nil || !d.eliminable {
				return nil, noSelection
			}
			continue
		}
		at, p := a.choose(v.ValueCodes)
		if p != nil {
			return nil, p
		}
		at = slices.DeleteFunc(at, func(i int) bool { return strings.HasPrefix(a.codes[i], "\x00") })
		if len(at) == 0 {
			return nil, noValue
		}
		x.chosen[id] = at
		cells *= len(at)
	}
	if cells > MaxCells {
		return nil, tooMany
	}
	return x, nil
}

// ids are the variables the answer has, in order.
func (x *extract) ids() []string {
	return slices.DeleteFunc(x.t.order(), func(id string) bool { return x.chosen[id] == nil })
}

// places says whether variables can be put in heading or stub: each is in the
// answer, once.
func (x *extract) places(names []string) bool {
	left := x.ids()
	for _, n := range names {
		i := slices.IndexFunc(left, func(id string) bool { return strings.EqualFold(id, n) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// cells walks the answer row-major, last variable fastest.
func (s *Server) cells(x *extract, visit func(value float64, status string)) {
	ids := x.ids()
	at := make([]int, len(ids))
	for {
		s.cell(x, ids, at, visit)
		k := len(ids) - 1
		for ; k >= 0; k-- {
			at[k]++
			if at[k] < len(x.chosen[ids[k]]) {
				break
			}
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

func (s *Server) cell(x *extract, ids []string, at []int, visit func(float64, string)) {
	t := x.t
	c := cellRef{at: make([]int, len(t.dims)), to: -1}
	for k := range t.dims {
		c.at[k] = -1
	}
	var own, other entry
	for k, id := range ids {
		pos := x.chosen[id][at[k]]
		switch id {
		case t.region:
			own = x.from[pos]
		case t.regionTo:
			other = x.to[pos]
		case "Tid":
			c.year, c.sub = x.period[pos].year, x.period[pos].sub
		default:
			c.at[slices.IndexFunc(t.dims, func(d dimension) bool { return d.id == id })] = pos
		}
	}
	if own.region < 0 {
		if t.region == kostraRegion {
			visit(0, "..")
			return
		}
		visit(0, "")
		return
	}
	if c.year < own.from || c.year > own.to || t.regionTo != "" && (c.year < other.from || c.year > other.to) {
		visit(0, ".") // The code was not in use that year.
		return
	}
	c.region, c.to = own.region, other.region
	v, status := s.sum(t, c, 0)
	visit(s.bend(t, c, v, status))
}

// sum fills in eliminated dimensions: their total if they have one, else the
// sum of their parts.
func (s *Server) sum(t *table, c cellRef, from int) (float64, string) {
	for k := from; k < len(t.dims); k++ {
		if c.at[k] >= 0 {
			continue
		}
		d := t.dims[k]
		if d.total != "" {
			c.at[k] = slices.IndexFunc(d.codes, func(x code) bool { return x.code == d.total })
			continue
		}
		total := 0.0
		for i := range d.codes {
			sub := c
			sub.at = slices.Clone(c.at)
			sub.at[k] = i
			v, status := s.sum(t, sub, k+1)
			if status != "" {
				return 0, status
			}
			total += v
		}
		return total, ""
	}
	return t.cell(s.model, c)
}

func (s *Server) writeData(w http.ResponseWriter, x *extract) {
	var values, status bytes.Buffer
	n := 0
	s.cells(x, func(v float64, symbol string) {
		if n > 0 {
			values.WriteByte(',')
		}
		if symbol != "" {
			values.WriteString("null")
			if status.Len() > 0 {
				status.WriteByte(',')
			}
			fmt.Fprintf(&status, "%q:%q", strconv.Itoa(n), symbol)
		} else {
			values.WriteString(strconv.FormatFloat(v, 'f', -1, 64))
		}
		n++
	})
	body := append(s.head(x), member{"value", json.RawMessage("[" + values.String() + "]")})
	if status.Len() > 0 {
		body = append(body, member{"status", json.RawMessage("{" + status.String() + "}")})
	}
	s.deliver(w, body)
}

// head is everything before the values, in SSB's order.
func (s *Server) head(x *extract) object {
	t := x.t
	ids := x.ids()
	sizes := make([]int, len(ids))
	dims := object{}
	for k, id := range ids {
		sizes[k] = len(x.chosen[id])
		dims = append(dims, member{id, s.dimensionObject(x, id, false)})
	}
	geo := []string{}
	for _, id := range ids {
		if id == t.region || id == t.regionTo {
			geo = append(geo, id)
		}
	}
	return object{
		{"version", "2.0"},
		{"class", "dataset"},
		{"label", t.label()},
		{"source", "Simulerte tall – ikke SSB"},
		{"updated", s.updated(t).Format(time.RFC3339)},
		{"note", t.notes()},
		{"role", object{{"time", []string{"Tid"}}, {"geo", geo}, {"metric", []string{"ContentsCode"}}}},
		{"id", ids},
		{"size", sizes},
		{"dimension", dims},
		{"extension", s.extension(t, ids)},
	}
}

func (t *table) notes() []string {
	return []string{
		"SIMULERTE TALL – ikke SSB. Tallene er laget av en modell og beskriver ingen virkelig kommune.",
		"Tegnforklaring: . = Ikke mulig å oppgi tall. .. = Tallgrunnlag mangler. : = Vises ikke av konfidensialitetshensyn.",
	}
}

func (s *Server) extension(t *table, ids []string) object {
	return object{
		{"noteMandatory", object{{"0", true}}},
		{"px", object{
			{"infofile", "None"},
			{"tableid", t.id},
			{"decimals", 0},
			{"official-statistics", false},
			{"aggregallowed", t.aggregate},
			{"copyright", false},
			{"language", "no"},
			{"contents", t.id + ": " + t.title + ","},
			{"descriptiondefault", false},
			{"heading", ids[len(ids)-2:]},
			{"stub", ids[:len(ids)-2]},
			{"matrix", t.id},
			{"subject-code", t.subject},
			{"subject-area", t.subject},
		}},
		{"discontinued", orNull(s.discontinued(t))},
		{"contact", []object{{{"name", "Simulatoren"}, {"organization", "Ikke SSB"}, {"phone", "00 00 00 00"}, {"mail", "simulator@example.org"}, {"raw", "Simulatoren, Ikke SSB#simulator@example.org"}}}},
	}
}

func orNull(b bool) any {
	if b {
		return true
	}
	return nil
}

func (s *Server) dimensionObject(x *extract, id string, meta bool) object {
	t := x.t
	index, label := object{}, object{}
	ext := object{{"elimination", false}}
	add := func(k int, c, l string) {
		index = append(index, member{c, k})
		label = append(label, member{c, l})
	}
	name := id
	category, measures := object{}, object{}
	show := "value"
	var lists []string
	switch id {
	case t.region, t.regionTo:
		entries := x.from
		if id == t.regionTo {
			entries = x.to
		}
		for k, pos := range x.chosen[id] {
			add(k, entries[pos].code, entries[pos].label)
		}
		name, show, lists = regionLabel(id), "code_value", t.lists
	case "Tid":
		for k, pos := range x.chosen[id] {
			add(k, x.period[pos].code, x.period[pos].code)
		}
		name, show = t.timeLabel(), "code"
	default:
		d := t.dim(id)
		name = d.label
		ext[0].value = d.eliminable
		units, ref, kind, price, adjust, text := object{}, object{}, object{}, object{}, object{}, object{}
		for k, pos := range x.chosen[id] {
			c := d.codes[pos]
			add(k, c.code, c.label)
			units = append(units, member{c.code, object{{"base", c.unit}, {"decimals", c.decimals}}})
			ref = append(ref, member{c.code, t.refperiod})
			kind = append(kind, member{c.code, map[bool]string{true: "Stock", false: "Flow"}[c.stock]})
			price = append(price, member{c.code, "NotApplicable"})
			adjust = append(adjust, member{c.code, "None"})
			text = append(text, member{c.code, c.label})
		}
		if id == "ContentsCode" {
			category = object{{"unit", units}}
			ext = append(ext, member{"refperiod", ref})
			measures = object{{"measuringType", kind}, {"priceType", price}, {"adjustment", adjust}, {"alternativeText", text}}
		}
		if d.list != "" {
			lists = []string{d.list}
		}
	}
	ext = append(ext, member{"show", show})
	if meta {
		out := []object{}
		for _, l := range lists {
			out = append(out, object{{"id", l}, {"label", listLabels[l]}, {"type", listType(l)}, {"links", []object{{{"rel", "metadata"}, {"hreflang", "no"}, {"href", "/api/pxwebapi/v2/codeLists/" + l + "?lang=no"}}}}})
		}
		ext = append(ext, member{"codelists", out})
	}
	ext = append(ext, measures...)
	return object{{"label", name}, {"category", append(object{{"index", index}, {"label", label}}, category...)}, {"extension", ext}}
}

// metadata answers with every code and no values.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	t := s.table(w, r, noTable404)
	if t == nil {
		return
	}
	var sel []*selection
	for _, id := range t.order() {
		v := &selection{VariableCode: id, ValueCodes: []string{"*"}}
		v.Codelist = params(r).Get("codelist[" + strings.ToLower(id) + "]")
		sel = append(sel, v)
	}
	x := &extract{t: t, chosen: map[string][]int{}, period: t.periods()}
	for k, id := range t.order() {
		a, entries, p := s.axis(t, id, sel[k].Codelist)
		if p != nil {
			p.write(w)
			return
		}
		if id == t.region {
			x.from = entries
		} else if id == t.regionTo {
			x.to = entries
		}
		for i, c := range a.codes {
			if !strings.HasPrefix(c, "\x00") {
				x.chosen[id] = append(x.chosen[id], i)
			}
		}
	}
	body := s.head(x)
	for i, m := range body {
		if m.key == "dimension" {
			dims := object{}
			for _, id := range x.ids() {
				dims = append(dims, member{id, s.dimensionObject(x, id, true)})
			}
			body[i].value = dims
		}
	}
	s.deliver(w, append(body, member{"value", []int{}}))
}

// bend applies the faults that change figures: revision, and the morning trap,
// in which figures due today are 0 in some tables and dots in others.
func (s *Server) bend(t *table, c cellRef, v float64, status string) (float64, string) {
	if status != "" {
		return v, status
	}
	if s.has(faultEarlyMorning) && c.year == t.last {
		if t.id[len(t.id)-1]%2 == 1 {
			return missing(".")
		}
		return 0, ""
	}
	if s.has(faultRevised) && c.year == t.last-1 && v > 20 {
		return math.Round(v * 1.03), ""
	}
	return v, ""
}
