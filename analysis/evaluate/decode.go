package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// node is a JSON value and the path to it.
type node struct {
	path  string
	value any
}

// absent says that the field was not given, or given as null.
func (n node) absent() bool { return n.value == nil }

func (n node) child(key string) string {
	if n.path == "" {
		return key
	}
	return n.path + "." + key
}

func specErrorf(path, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrSpec, path, fmt.Sprintf(format, args...))
}

// parseJSON reads one JSON value; syntax errors give line and column.
func parseJSON(text []byte) (node, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		at := dec.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = max(0, syntax.Offset-1) // Offset counts the offending byte.
		}
		line, column := position(text, at)
		return node{}, fmt.Errorf("%w: line %d, column %d: not JSON: %w", ErrSpec, line, column, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		line, column := position(text, dec.InputOffset())
		return node{}, fmt.Errorf("%w: line %d, column %d: text after the end of the object; remove it", ErrSpec, line, column)
	}
	return node{value: v}, nil
}

func position(text []byte, offset int64) (line, column int) {
	before := text[:min(int(offset), len(text))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, len(before) - bytes.LastIndexByte(before, '\n')
}

// decoder turns nodes into Go values and keeps the first error.
type decoder struct{ err error }

func (d *decoder) fail(path, format string, args ...any) {
	if d.err == nil {
		d.err = specErrorf(path, format, args...)
	}
}

func (d *decoder) wrong(n node, want string) {
	d.fail(n.path, "is %s; give %s", kindOf(n.value), want)
}

func kindOf(v any) string {
	switch x := v.(type) {
	case string:
		return fmt.Sprintf("the text %q", x)
	case json.Number:
		return "the number " + x.String()
	case bool:
		return strconv.FormatBool(x)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return "null"
	}
}

// object returns the fields of an object, each with its path; fields that are
// not given are absent nodes.
func (d *decoder) object(n node, fields ...string) map[string]node {
	out := make(map[string]node, len(fields))
	for _, f := range fields {
		out[f] = node{path: n.child(f)}
	}
	m, ok := n.value.(map[string]any)
	if !ok {
		if n.path == "" {
			n.path = "(whole file)"
		}
		d.wrong(n, "an object with the fields "+strings.Join(fields, ", "))
		return out
	}
	for _, key := range sortedKeys(m) {
		if !slices.Contains(fields, key) {
			d.fail(n.child(key), "is not a field; use one of %s", strings.Join(fields, ", "))
		}
		out[key] = node{path: n.child(key), value: m[key]}
	}
	return out
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (d *decoder) list(n node, of string) []node {
	if n.absent() {
		return nil
	}
	l, ok := n.value.([]any)
	if !ok {
		d.wrong(n, "a list of "+of)
		return nil
	}
	out := make([]node, len(l))
	for i, v := range l {
		out[i] = node{path: fmt.Sprintf("%s[%d]", n.path, i), value: v}
	}
	return out
}

// text decodes a text in composed form, so that an å is an å however it was typed.
func (d *decoder) text(n node) string {
	if n.absent() {
		return ""
	}
	s, ok := n.value.(string)
	if !ok || strings.TrimSpace(s) == "" {
		d.wrong(n, "a text")
	}
	return norm.NFC.String(strings.TrimSpace(s))
}

// names decodes a list of texts; numbers are allowed because units may be
// numbered, and one name may stand without the brackets.
func (d *decoder) names(n node) []string {
	switch n.value.(type) {
	case string, json.Number:
		n = node{path: n.path, value: []any{n.value}}
	}
	var out []string
	for _, e := range d.list(n, "names") {
		if x, ok := e.value.(json.Number); ok {
			out = append(out, x.String())
			continue
		}
		if e.absent() {
			d.wrong(e, "a name")
		}
		out = append(out, d.text(e))
	}
	return out
}

func (d *decoder) oneOf(n node, allowed []string, otherwise string) string {
	if n.absent() {
		return otherwise
	}
	s := d.text(n)
	if !slices.Contains(allowed, s) {
		d.fail(n.path, "%q is not known; use one of %s", s, strings.Join(allowed, ", "))
	}
	return s
}

func (d *decoder) number(n node, low, high float64) float64 {
	x, ok := n.value.(json.Number)
	if !ok {
		d.wrong(n, "a number")
		return 0
	}
	f, err := x.Float64()
	if err != nil || math.IsInf(f, 0) || f < low || f > high {
		d.fail(n.path, "%s is out of range; give a number from %g to %g", x, low, high)
		return 0
	}
	return f
}

func (d *decoder) integer(n node, low, high uint64) uint64 {
	x, ok := n.value.(json.Number)
	if !ok {
		d.wrong(n, "a whole number")
		return low
	}
	u, err := strconv.ParseUint(x.String(), 10, 64)
	if err != nil || u < low || u > high {
		d.fail(n.path, "%s is out of range; give a whole number from %d to %d", x, low, high)
		return low
	}
	return u
}

func (d *decoder) moment(n node) *Moment {
	var text string
	switch x := n.value.(type) {
	case nil:
		return nil
	case string:
		text = x
	case json.Number:
		text = x.String()
	default:
		d.wrong(n, "a period, such as 1989, 2012.25 or \"2012Q2\"")
		return nil
	}
	m, err := parseMoment(text)
	if err != nil {
		d.fail(n.path, "%v", err)
		return nil
	}
	return &m
}

func (d *decoder) window(n node) Window {
	if n.absent() {
		return Window{}
	}
	f := d.object(n, "from", "to")
	return d.ordered(n.path, Window{From: d.moment(f["from"]), To: d.moment(f["to"])})
}

func (d *decoder) ordered(path string, w Window) Window {
	if w.From != nil && w.To != nil && w.From.Value > w.To.Value {
		d.fail(path, "from %s is after to %s; swap them", w.From.Label, w.To.Label)
	}
	return w
}

func (d *decoder) predictors(n node) []Predictor {
	var out []Predictor
	for _, e := range d.list(n, "predictors") {
		f := d.object(e, "column", "from", "to", "op")
		p := Predictor{Column: d.text(f["column"]), Window: Window{From: d.moment(f["from"]), To: d.moment(f["to"])}}
		d.ordered(e.path, p.Window)
		p.Op = d.oneOf(f["op"], []string{"mean"}, "mean")
		if p.Column == "" {
			d.fail(e.child("column"), "is required")
		}
		out = append(out, p)
	}
	return out
}

func (d *decoder) v(n node, otherwise V) V {
	switch n.value.(type) {
	case nil:
		return otherwise
	case string:
		return V{Rule: d.oneOf(n, []string{optimise, equal, inverseVariance}, optimise)}
	}
	weights, total := []float64{}, 0.0
	for _, e := range d.list(n, "numbers, or one of "+optimise+", "+equal+", "+inverseVariance) {
		x := d.number(e, 0, 1e12)
		weights, total = append(weights, x), total+x
	}
	if !(total > 0) {
		d.fail(n.path, "the numbers sum to 0; at least one must be positive")
	}
	return V{Weights: weights}
}

func (d *decoder) train(n node) *Train {
	if n.absent() {
		return nil
	}
	f := d.object(n, "predictors", "fit_window")
	return &Train{Predictors: d.predictors(f["predictors"]), FitWindow: d.window(f["fit_window"])}
}
