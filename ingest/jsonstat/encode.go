package jsonstat

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Encode writes a dataset as JSON-stat 2.0 with its members in the order SSB
// writes them, figures in one dense array, without white space. Decode reads it
// back to an equal dataset.
func Encode(d *Dataset) ([]byte, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	e := encoder{}
	raw := e.dataset(d)
	return raw, e.err
}

// The orders of members, as in the bodies of SSB and of the server it runs;
// others follow, sorted.
var (
	datasetOrder   = []string{"version", "class", "href", "label", "source", "updated", "link", "note", "role", "id", "size", "dimension", "extension"}
	extensionOrder = []string{"noteMandatory", "px", "discontinued", "contact"}
	pxOrder        = []string{"infofile", "tableid", "decimals", "official-statistics", "aggregallowed", "copyright", "language", "contents", "description", "descriptiondefault", "heading", "stub", "matrix", "subject-code", "subject-area", "nextUpdate"}
	dimensionOrder = []string{"label", "note", "category", "extension", "link"}
	categoryOrder  = []string{"index", "label", "note", "child", "unit"}
	axisOrder      = []string{"elimination", "eliminationValueCode", "noteMandatory", "categoryNoteMandatory", "refperiod", "show", "codelists", "measuringType", "priceType", "adjustment", "basePeriod", "alternativeText"}
)

// encoder holds the first thing that cannot be written.
type encoder struct{ err error }

// members is an object before it is written.
type members map[string][]byte

// object writes members in the given order, others after them, sorted.
func (e *encoder) object(m members, order []string) []byte {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		i, j := slices.Index(order, a), slices.Index(order, b)
		switch {
		case i >= 0 && j >= 0:
			return i - j
		case i < 0 && j < 0:
			return strings.Compare(a, b)
		case i < 0:
			return 1
		default:
			return -1
		}
	})
	size := 2
	for _, k := range keys {
		size += len(k) + len(m[k]) + 4
	}
	out := append(make([]byte, 0, size), '{')
	for i, k := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(e.appendText(out, k), ':'), m[k]...)
	}
	return append(out, '}')
}

// extra adds members that are passed through as they stand.
func (e *encoder) extra(m members, extra map[string]json.RawMessage, where string) {
	for k, raw := range extra {
		if _, taken := m[k]; taken {
			e.fail("%s has member %q twice, once as it stands", where, k)
		}
		if !json.Valid(raw) {
			e.fail("%s, member %q: not JSON", where, k)
		}
		m[k] = raw
	}
}

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("jsonstat: "+format, args...)
	}
}

func (e *encoder) dataset(d *Dataset) []byte {
	m := members{
		"version":   []byte(`"2.0"`),
		"class":     []byte(`"dataset"`),
		"label":     e.text(d.Label),
		"role":      e.role(d.Role),
		"id":        e.list(len(d.Dimensions), func(out []byte, i int) []byte { return e.appendText(out, d.Dimensions[i].ID) }),
		"size":      e.list(len(d.Dimensions), func(out []byte, i int) []byte { return strconv.AppendInt(out, int64(len(d.Dimensions[i].Codes)), 10) }),
		"dimension": e.dimensions(d),
	}
	e.ifText(m, "source", d.Source)
	e.ifText(m, "updated", d.Updated)
	e.ifText(m, "href", d.Href)
	e.ifTexts(m, "note", d.Notes)
	if x := e.extension(d); len(x) > 2 {
		m["extension"] = x
	}
	e.extra(m, d.Extra, "the dataset")
	for _, k := range []string{"value", "status"} {
		if _, taken := d.Extra[k]; taken {
			e.fail("the dataset has member %q twice, once as it stands", k)
		}
	}
	head := e.object(m, datasetOrder)
	out := slices.Grow(head[:len(head)-1], 16+6*len(d.Values))
	out = append(out, `,"value":[`...)
	for i, v := range d.Values {
		if i > 0 {
			out = append(out, ',')
		}
		if d.Missing.Has(i) {
			out = append(out, "null"...)
		} else {
			out = appendNumber(out, v)
		}
	}
	return append(e.appendStatus(append(out, ']'), d), '}')
}

// appendStatus writes the statuses of the cells that have one; nothing where
// none has.
func (e *encoder) appendStatus(out []byte, d *Dataset) []byte {
	symbols := make([][]byte, len(d.Symbols))
	for k, s := range d.Symbols {
		symbols[k] = e.text(s)
	}
	first := true
	for i, k := range d.Status {
		if d.Symbols[k] == "" {
			continue
		}
		if first {
			out = append(out, `,"status":{"`...)
		} else {
			out = append(out, `,"`...)
		}
		first = false
		out = append(strconv.AppendInt(out, int64(i), 10), `":`...)
		out = append(out, symbols[k]...)
	}
	if first {
		return out
	}
	return append(out, '}')
}

func (e *encoder) role(r Role) []byte {
	m := members{}
	e.ifTexts(m, "time", r.Time)
	e.ifTexts(m, "geo", r.Geo)
	e.ifTexts(m, "metric", r.Metric)
	return e.object(m, []string{"time", "geo", "metric"})
}

func (e *encoder) dimensions(d *Dataset) []byte {
	m, order := members{}, make([]string, len(d.Dimensions))
	for i := range d.Dimensions {
		dim := &d.Dimensions[i]
		order[i] = dim.ID
		m[dim.ID] = e.dimension(dim, d.Metadata && d.PX.TableID != "")
	}
	return e.object(m, order)
}

// dimension writes one dimension. In metadata the server always lists the code
// lists, also where there are none.
func (e *encoder) dimension(dim *Dimension, lists bool) []byte {
	m := members{"label": e.text(dim.Label), "category": e.category(dim)}
	e.ifTexts(m, "note", dim.Notes)
	x := members{}
	e.ifBool(x, "elimination", dim.Elimination)
	e.ifText(x, "eliminationValueCode", dim.EliminationCode)
	e.ifMandatory(x, dim.NoteMandatory)
	if dim.RefPeriod != nil {
		ref := members{}
		for code, t := range dim.RefPeriod {
			ref[code] = e.text(t)
		}
		x["refperiod"] = e.object(ref, dim.Codes)
	}
	if dim.Codelists != nil || lists {
		x["codelists"] = e.list(len(dim.Codelists), func(out []byte, i int) []byte {
			c := dim.Codelists[i]
			return append(out, e.object(members{"id": e.text(c.ID), "label": e.text(c.Label), "type": e.text(c.Type)}, nil)...)
		})
	}
	e.extra(x, dim.Extension, "the extension of dimension "+dim.ID)
	if len(x) > 0 {
		m["extension"] = e.object(x, axisOrder)
	}
	e.extra(m, dim.Extra, "dimension "+dim.ID)
	return e.object(m, dimensionOrder)
}

func (e *encoder) category(dim *Dimension) []byte {
	m := members{
		"index": e.byCode(dim.Codes, func(out []byte, i int) []byte { return strconv.AppendInt(out, int64(i), 10) }, nil),
		"label": e.byCode(dim.Codes, func(out []byte, i int) []byte { return e.appendText(out, dim.Labels[i]) }, nil),
	}
	if dim.CategoryNotes != nil {
		m["note"] = e.byCode(dim.Codes, func(out []byte, i int) []byte { return append(out, e.texts(dim.CategoryNotes[i])...) },
			func(i int) bool { return len(dim.CategoryNotes[i]) > 0 })
	}
	if dim.Units != nil {
		m["unit"] = e.byCode(dim.Codes, func(out []byte, i int) []byte { return append(out, e.unit(dim.Units[i])...) },
			func(i int) bool { return dim.Units[i] != NoUnit })
	}
	e.extra(m, dim.Category, "the category of dimension "+dim.ID)
	return e.object(m, categoryOrder)
}

// byCode writes an object of codes, in order, of those that are wanted.
func (e *encoder) byCode(codes []string, value func([]byte, int) []byte, wanted func(int) bool) []byte {
	out := []byte{'{'}
	for i, c := range codes {
		if wanted != nil && !wanted(i) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = value(append(e.appendText(out, c), ':'), i)
	}
	return append(out, '}')
}

func (e *encoder) unit(u Unit) []byte {
	m := members{}
	e.ifText(m, "base", u.Base)
	e.ifText(m, "label", u.Label)
	e.ifText(m, "symbol", u.Symbol)
	e.ifText(m, "position", u.Position)
	if u.Decimals >= 0 {
		m["decimals"] = strconv.AppendInt(nil, int64(u.Decimals), 10)
	}
	if u.Multiplier != 0 {
		m["multiplier"] = strconv.AppendInt(nil, int64(u.Multiplier), 10)
	}
	return e.object(m, []string{"base", "label", "symbol", "position", "decimals", "multiplier"})
}

// extension writes the dataset's extension. Bodies with figures say of every
// table whether it is discontinued, if only with a null.
func (e *encoder) extension(d *Dataset) []byte {
	m := members{}
	e.ifMandatory(m, d.NoteMandatory)
	if px := e.px(d.PX); len(px) > 2 {
		m["px"] = px
	}
	if d.Discontinued == nil && d.PX.TableID != "" && !d.Metadata {
		m["discontinued"] = []byte("null")
	}
	e.ifBool(m, "discontinued", d.Discontinued)
	e.extra(m, d.Extension, "extension")
	return e.object(m, extensionOrder)
}

func (e *encoder) px(p PX) []byte {
	m := members{}
	e.ifText(m, "tableid", p.TableID)
	e.ifText(m, "matrix", p.Matrix)
	e.ifText(m, "language", p.Language)
	e.ifText(m, "subject-code", p.SubjectCode)
	e.ifText(m, "subject-area", p.SubjectArea)
	e.ifText(m, "contents", p.Contents)
	e.ifText(m, "nextUpdate", p.NextUpdate)
	e.ifTexts(m, "heading", p.Heading)
	e.ifTexts(m, "stub", p.Stub)
	if p.Decimals != nil {
		m["decimals"] = strconv.AppendInt(nil, int64(*p.Decimals), 10)
	}
	e.ifBool(m, "official-statistics", p.Official)
	e.ifBool(m, "aggregallowed", p.AggregAllowed)
	e.extra(m, p.Extra, "extension.px")
	return e.object(m, pxOrder)
}

func (e *encoder) ifText(m members, key, t string) {
	if t != "" {
		m[key] = e.text(t)
	}
}

func (e *encoder) ifTexts(m members, key string, t []string) {
	if len(t) > 0 {
		m[key] = e.texts(t)
	}
}

func (e *encoder) ifBool(m members, key string, b *bool) {
	if b != nil {
		m[key] = strconv.AppendBool(nil, *b)
	}
}

// ifMandatory writes {"1":true} for note 1.
func (e *encoder) ifMandatory(m members, notes []int) {
	if len(notes) == 0 {
		return
	}
	out := []byte{'{'}
	for k, i := range notes {
		if k > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `"%d":true`, i)
	}
	m["noteMandatory"] = append(out, '}')
}

func (e *encoder) texts(t []string) []byte {
	return e.list(len(t), func(out []byte, i int) []byte { return e.appendText(out, t[i]) })
}

func (e *encoder) list(n int, element func([]byte, int) []byte) []byte {
	out := []byte{'['}
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = element(out, i)
	}
	return append(out, ']')
}

func (e *encoder) text(t string) []byte { return e.appendText(nil, t) }

// appendText appends a string in quotation marks. Letters stand as they are, as
// SSB writes them; only what JSON forbids is escaped.
func (e *encoder) appendText(out []byte, t string) []byte {
	if !utf8.ValidString(t) {
		e.fail("%q is not UTF-8", t)
	}
	out = append(out, '"')
	for i := range len(t) {
		switch c := t[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c < 0x20:
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// appendNumber appends the shortest decimal that reads back as v, without an
// exponent wherever a reader would not expect one.
func appendNumber(dst []byte, v float64) []byte {
	a := math.Abs(v)
	switch {
	case a < 1<<53 && v == math.Trunc(v):
		return strconv.AppendInt(dst, int64(v), 10)
	case a < 1e-6 || a >= 1e21:
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	default:
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
}
