package jsonstat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tb is what testing.T and rapid.T share.
type tb interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

// roundTrip checks decode(encode(x)) = x, and that what is encoded is JSON.
func roundTrip(t tb, d *Dataset) {
	t.Helper()
	raw, err := Encode(d)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	if !json.Valid(raw) {
		t.Fatalf("not JSON: %s", raw)
	}
	back, err := Decode(raw, Options{})
	if err != nil {
		t.Fatalf("decode: %v\n%s", err, raw)
	}
	if diff := cmp.Diff(d, back); diff != "" {
		t.Errorf("%s\n%s", diff, raw)
	}
}

func TestDecodeOfEncodeIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { roundTrip(t, drawDataset(t)) })
}

// TestShapesOfOneDatasetAreEqual writes the same cells dense, sparse and with
// the members turned round, and wants the same dataset from all.
func TestShapesOfOneDatasetAreEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDataset(t)
		if d.Metadata {
			t.Skip()
		}
		raw, err := Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		m["value"] = sparse(d)
		if d.Status != nil {
			m["status"] = statusArray(d)
		}
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		keys = rapid.Permutation(keys).Draw(t, "order")
		var out bytes.Buffer
		for i, k := range keys {
			name, _ := json.Marshal(k)
			fmt.Fprintf(&out, "%c %s :\n%s", "{,"[min(i, 1)], name, m[k])
		}
		out.WriteByte('}')
		back, err := Decode(out.Bytes(), Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, out.Bytes())
		}
		if diff := cmp.Diff(d, back); diff != "" {
			t.Errorf("%s\n%s", diff, out.Bytes())
		}
	})
}

func sparse(d *Dataset) []byte {
	out := []byte("{")
	for i := d.Len() - 1; i >= 0; i-- {
		if d.Missing.Has(i) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = appendNumber(fmt.Appendf(out, `"%d":`, i), d.Values[i])
	}
	return append(out, '}')
}

func statusArray(d *Dataset) []byte {
	out := make([]*string, d.Len())
	for i := range out {
		if s := d.Symbol(i); s != "" {
			out[i] = &s
		}
	}
	raw, _ := json.Marshal(out)
	return raw
}

// drawDataset draws a dataset in the form Decode gives: absent where empty, the
// symbols in order of first use.
func drawDataset(t *rapid.T) *Dataset {
	text := rapid.StringMatching(`[a-zæøå0-9 "\\/<\n\x01-]{0,6}`)
	name := rapid.StringMatching(`[A-Za-z0-9.+ æ"\\-]{1,5}`)
	d := &Dataset{
		Label: text.Draw(t, "label"), Source: text.Draw(t, "source"), Updated: text.Draw(t, "updated"), Href: text.Draw(t, "href"),
		Notes:        drawTexts(t, text, "notes"),
		Discontinued: drawBool(t, "discontinued"),
		Extension:    drawRaw(t, "extension", "contact", "tags"),
		Extra:        drawRaw(t, "extra", "link", "x"),
	}
	d.NoteMandatory = drawPositions(t, len(d.Notes))
	d.PX = PX{
		TableID: text.Draw(t, "tableid"), Contents: text.Draw(t, "contents"), Heading: drawTexts(t, text, "heading"), Stub: drawTexts(t, text, "stub"),
		Official: drawBool(t, "official"), AggregAllowed: drawBool(t, "aggreg"), Extra: drawRaw(t, "px", "infofile", "copyright"),
	}
	if rapid.Bool().Draw(t, "decimals said") {
		n := rapid.IntRange(0, maxDecimals).Draw(t, "decimals")
		d.PX.Decimals = &n
	}
	ids := rapid.SliceOfNDistinct(name, 0, 4, rapid.ID).Draw(t, "ids")
	// Made as Decode makes it: not nil, if empty.
	d.Dimensions = make([]Dimension, len(ids))
	cells := 1
	for k, id := range ids {
		d.Dimensions[k] = drawDimension(t, id, text, name)
		cells *= len(d.Dimensions[k].Codes)
	}
	if len(ids) > 0 {
		d.Role.Time = rapid.SliceOfN(rapid.SampledFrom(ids), 0, 1).Draw(t, "time")
		if len(d.Role.Time) == 0 {
			d.Role.Time = nil
		}
	}
	if d.Metadata = cells > 0 && rapid.Bool().Draw(t, "metadata"); !d.Metadata {
		drawCells(t, d, cells)
	}
	return d
}

func drawDimension(t *rapid.T, id string, text, name *rapid.Generator[string]) Dimension {
	dim := Dimension{
		ID: id, Label: text.Draw(t, "dimension label"),
		Codes:           rapid.SliceOfNDistinct(name, 0, 5, rapid.ID).Draw(t, "codes"),
		Notes:           drawTexts(t, text, "dimension notes"),
		Elimination:     drawBool(t, "elimination"),
		EliminationCode: text.Draw(t, "elimination code"),
		Extension:       drawRaw(t, "axis", "show", "zzz"),
		Category:        drawRaw(t, "category", "child", "coordinates"),
		Extra:           drawRaw(t, "dimension extra", "link"),
	}
	dim.NoteMandatory = drawPositions(t, len(dim.Notes))
	n := len(dim.Codes)
	dim.Labels = rapid.SliceOfN(text, n, n).Draw(t, "labels")
	if rapid.Bool().Draw(t, "units") {
		dim.Units = make([]Unit, n)
		for i := range dim.Units {
			dim.Units[i] = Unit{Base: text.Draw(t, "base"), Symbol: text.Draw(t, "symbol"), Decimals: rapid.IntRange(-1, 3).Draw(t, "unit decimals"), Multiplier: rapid.IntRange(0, 6).Draw(t, "multiplier")}
		}
	}
	if rapid.Bool().Draw(t, "category notes") {
		dim.CategoryNotes = make([][]string, n)
		for i := range dim.CategoryNotes {
			dim.CategoryNotes[i] = drawTexts(t, text, "category note")
		}
	}
	if rapid.Bool().Draw(t, "refperiod") {
		dim.RefPeriod = rapid.MapOfN(name, text, 0, 3).Draw(t, "refperiods")
	}
	for range rapid.IntRange(0, 2).Draw(t, "code lists") {
		dim.Codelists = append(dim.Codelists, Codelist{text.Draw(t, "id"), text.Draw(t, "label"), "Aggregation"})
	}
	return dim
}

func drawCells(t *rapid.T, d *Dataset, cells int) {
	figure := rapid.OneOf(
		rapid.Map(rapid.Int32(), func(n int32) float64 { return float64(n) }),
		rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) / 1000 }),
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64),
	)
	symbol := rapid.SampledFrom([]string{"", "", "", ".", "..", ":", "p"})
	if cells == 0 {
		return
	}
	d.Values, d.Missing = make([]float64, cells), NewBitmap(cells)
	symbols := symbolTable{}
	for i := range cells {
		if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
			d.Missing.Set(i)
		} else {
			d.Values[i] = figure.Draw(t, "value")
		}
		s := symbol.Draw(t, "symbol")
		if s == "" {
			continue
		}
		if d.Status == nil {
			d.Status = make([]uint8, cells)
		}
		d.Status[i], _ = symbols.index(d, s)
	}
}

func drawTexts(t *rapid.T, text *rapid.Generator[string], what string) []string {
	if out := rapid.SliceOfN(text, 0, 3).Draw(t, what); len(out) > 0 {
		return out
	}
	return nil
}

func drawBool(t *rapid.T, what string) *bool {
	if !rapid.Bool().Draw(t, what+" said") {
		return nil
	}
	b := rapid.Bool().Draw(t, what)
	return &b
}

func drawPositions(t *rapid.T, n int) (out []int) {
	for i := range n {
		if rapid.Bool().Draw(t, "mandatory") {
			out = append(out, i)
		}
	}
	return out
}

func drawRaw(t *rapid.T, what string, keys ...string) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	for _, k := range keys {
		if rapid.Bool().Draw(t, what+" "+k) {
			if out == nil {
				out = map[string]json.RawMessage{}
			}
			out[k] = json.RawMessage(rapid.SampledFrom([]string{`null`, `[1, {"a":"\u00e5"}]`, `{"k":[]}`, `"t"`, `-1.5e3`, `false`}).Draw(t, what))
		}
	}
	return out
}

func TestEncodeRefusesWhatIsNoDataset(t *testing.T) {
	ok := func() *Dataset {
		return &Dataset{
			Dimensions: []Dimension{{ID: "A", Codes: []string{"a", "b"}, Labels: []string{"a", "b"}}},
			Values:     []float64{1, 0}, Missing: Bitmap{2}, Status: []uint8{0, 1}, Symbols: []string{"", "."},
		}
	}
	roundTripOfFixed(t, ok())
	for _, c := range []struct {
		name   string
		spoil  func(d *Dataset)
		reason string
	}{
		{"number beside missing", func(d *Dataset) { d.Values[1] = 2 }, "missing and has a number"},
		{"NaN", func(d *Dataset) { d.Values[0] = math.NaN() }, "not a finite number"},
		{"infinite", func(d *Dataset) { d.Values[0] = math.Inf(1) }, "not a finite number"},
		{"too few values", func(d *Dataset) { d.Values = d.Values[:1] }, "1 values for 2 cells"},
		{"no bitmap", func(d *Dataset) { d.Missing = nil }, "bitmap"},
		{"too few statuses", func(d *Dataset) { d.Status = d.Status[:1] }, "1 statuses"},
		{"status without symbol", func(d *Dataset) { d.Status[0] = 2 }, "status 2 of 2"},
		{"first symbol", func(d *Dataset) { d.Symbols[0] = "." }, "first symbol"},
		{"figures in metadata", func(d *Dataset) { d.Metadata = true }, "metadata holds figures"},
		{"labels", func(d *Dataset) { d.Dimensions[0].Labels = nil }, "2 codes, 0 labels"},
		{"code twice", func(d *Dataset) { d.Dimensions[0].Codes[1] = "a" }, "twice"},
		{"dimension twice", func(d *Dataset) { d.Dimensions = append(d.Dimensions, d.Dimensions[0]) }, "twice"},
		{"role", func(d *Dataset) { d.Role.Geo = []string{"B"} }, "not a dimension"},
		{"mandatory note", func(d *Dataset) { d.NoteMandatory = []int{0} }, "mandatory"},
		{"decimals", func(d *Dataset) { d.Dimensions[0].Units = []Unit{{Decimals: -2}, NoUnit} }, "decimals"},
		{"not UTF-8", func(d *Dataset) { d.Label = "V\xe5ler" }, "UTF-8"},
		{"raw is not JSON", func(d *Dataset) { d.Extra = map[string]json.RawMessage{"x": json.RawMessage("{")} }, "not JSON"},
		{"raw member twice", func(d *Dataset) { d.Extra = map[string]json.RawMessage{"label": json.RawMessage("1")} }, "twice"},
		{"raw value", func(d *Dataset) { d.Extra = map[string]json.RawMessage{"value": json.RawMessage("[]")} }, "twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := ok()
			c.spoil(d)
			if _, err := Encode(d); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want %q", err, c.reason)
			}
		})
	}
}

func roundTripOfFixed(t *testing.T, d *Dataset) {
	t.Helper()
	raw, err := Encode(d)
	const want = `{"version":"2.0","class":"dataset","label":"","role":{},"id":["A"],"size":[2],` +
		`"dimension":{"A":{"label":"","category":{"index":{"a":0,"b":1},"label":{"a":"a","b":"b"}}}},"value":[1,null],"status":{"1":"."}}`
	if err != nil || string(raw) != want {
		t.Errorf("got %s, %v\nwant %s", raw, err, want)
	}
}

func TestWriteCSV(t *testing.T) {
	d := decode(t, `{"id":["Region","Tid"],"size":[2,2],"dimension":{"Region":{"category":{"index":["3425","34,\"x\""]}},"Tid":{"category":{"index":["2024","2025"]}}},
		"value":[1287,null,0,0.5],"status":{"1":":","2":"p"}}`)
	var out bytes.Buffer
	if err := WriteCSV(&out, d); err != nil {
		t.Fatal(err)
	}
	want := "Region,Tid,value,status\n3425,2024,1287,\n3425,2025,,:\n\"34,\"\"x\"\"\",2024,0,p\n\"34,\"\"x\"\"\",2025,0.5,\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
