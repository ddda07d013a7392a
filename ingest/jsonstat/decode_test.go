package jsonstat

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// body wraps members in a dataset of two dimensions, two codes and three.
func body(rest string) string {
	return `{"version":"2.0","class":"dataset","id":["R","T"],"size":[2,3],"dimension":{` +
		`"R":{"category":{"index":{"a":0,"b":1}}},"T":{"category":{"index":["x","y","z"]}}},` + rest + `}`
}

func decode(t *testing.T, body string) *Dataset {
	t.Helper()
	d, err := Decode([]byte(body), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	return d
}

// show writes the cells in a line: a number, ~ for missing, the status after it.
func show(d *Dataset) string {
	var out []string
	for i, c := range d.Cells() {
		s := "~"
		if !c.Missing {
			s = fmt.Sprint(c.Value)
		}
		out = append(out, s+d.Symbol(i))
	}
	return strings.Join(out, " ")
}

func TestValueAndStatusShapes(t *testing.T) {
	for _, c := range []struct{ name, rest, want string }{
		{"dense", `"value":[1,2,3,4,5,6]`, "1 2 3 4 5 6"},
		{"nulls", `"value":[1,null,3,null,5,6]`, "1 ~ 3 ~ 5 6"},
		{"white space", "\"value\" : [ 1 ,\n null\t, 3 , 4 , 5 , 6 ] ", "1 ~ 3 4 5 6"},
		{"sparse", `"value":{"5":6.5,"0":-1}`, "-1 ~ ~ ~ ~ 6.5"},
		{"sparse with null", `"value":{"1":null,"2":0}`, "~ ~ 0 ~ ~ ~"},
		{"sparse and empty", `"value":{}`, "~ ~ ~ ~ ~ ~"},
		{"status object", `"value":[1,null,3,null,5,6],"status":{"1":".","3":":","4":"p"}`, "1 ~. 3 ~: 5p 6"},
		{"status array", `"value":[1,2,3,4,5,6],"status":["a",null,"","b","a","a"]`, "1a 2 3 4b 5a 6a"},
		{"status string", `"value":[1,2,3,4,5,null],"status":"e"`, "1e 2e 3e 4e 5e ~e"},
		{"status null", `"value":[1,2,3,4,5,6],"status":null`, "1 2 3 4 5 6"},
		{"status empty", `"value":[1,2,3,4,5,6],"status":{}`, "1 2 3 4 5 6"},
		{"status empty array", `"value":[1,2,3,4,5,6],"status":[]`, "1 2 3 4 5 6"},
		{"status before value", `"status":{"0":"."},"value":[null,2,3,4,5,6]`, "~. 2 3 4 5 6"},
		{"decimals", `"value":[0.1,-0.25,1e3,1.5E-3,123456789012345.6,9007199254740991]`, "0.1 -0.25 1000 0.0015 1.234567890123456e+14 9.007199254740991e+15"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(decode(t, body(c.rest))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestMembersInAnyOrder(t *testing.T) {
	d := decode(t, `{"status":{"1":"."},"value":[1,null],"extension":{"noteMandatory":{"1":true}},"role":{"geo":["R"]},
		"dimension":{"R":{"extension":{"noteMandatory":{"0":true}},"category":{"unit":{"b":{"base":"kr"}},"label":{"b":"B"},"note":{"a":["n"]},"index":{"b":1,"a":0}},"note":["m"]}},
		"size":[2],"note":["0","1"],"id":["R"],"class":"dataset","label":"l","version":"2.0"}`)
	want := Dimension{
		ID: "R", Codes: []string{"a", "b"}, Labels: []string{"a", "B"}, Units: []Unit{NoUnit, {Base: "kr", Decimals: -1}},
		Notes: []string{"m"}, NoteMandatory: []int{0}, CategoryNotes: [][]string{{"n"}, nil},
	}
	if diff := cmp.Diff(want, d.Dimensions[0]); diff != "" {
		t.Error(diff)
	}
	if got := show(d); got != "1 ~." {
		t.Errorf("cells %s", got)
	}
	if diff := cmp.Diff([]int{1}, d.NoteMandatory); diff != "" {
		t.Error(diff)
	}
}

func TestIndexMayBeAbsentForOneCategory(t *testing.T) {
	d := decode(t, `{"id":["C"],"size":[1],"dimension":{"C":{"category":{"label":{"k":"Kroner"}}}},"value":[7]}`)
	if dim := d.Dimensions[0]; dim.Codes[0] != "k" || dim.Labels[0] != "Kroner" {
		t.Errorf("got %q %q", dim.Codes, dim.Labels)
	}
}

func TestMetadataHasNoCells(t *testing.T) {
	d := decode(t, body(`"value":[ ],"extension":{"px":{"tableid":"07459"}}`))
	if !d.Metadata || d.Len() != 0 || d.PX.TableID != "07459" {
		t.Errorf("metadata %t, %d cells, table %q", d.Metadata, d.Len(), d.PX.TableID)
	}
	d = decode(t, `{"value":[],"id":["A","B"],"size":[1,3],"dimension":{"A":{"category":{"index":["a"]}},"B":{"category":{"index":["x","y","z"]}}}}`)
	if !d.Metadata {
		t.Error("value before size: metadata expected")
	}
}

func TestTableWithoutCells(t *testing.T) {
	d := decode(t, `{"id":["A"],"size":[0],"dimension":{"A":{"category":{"index":[]}}},"value":[]}`)
	if d.Metadata || d.Len() != 0 {
		t.Errorf("metadata %t, %d cells", d.Metadata, d.Len())
	}
	if d = decode(t, `{"id":[],"size":[],"dimension":{},"value":[5]}`); show(d) != "5" {
		t.Errorf("scalar: %s", show(d))
	}
}

func TestJSONStat1Response(t *testing.T) {
	d := decode(t, `{"dataset":{"dimension":{"R":{"category":{"index":{"a":0,"b":1}}},"id":["R"],"size":[2],"role":{"geo":["R"]}},"label":"l","value":[1,2]}}`)
	if show(d) != "1 2" || d.Label != "l" || len(d.Role.Geo) != 1 {
		t.Errorf("got %s, %q, %v", show(d), d.Label, d.Role)
	}
}

func TestPxWebExtensions(t *testing.T) {
	d := decode(t, `{"id":["C"],"size":[1],"note":["a","b"],"link":{"x":1},"dimension":{"C":{"link":{"y":2},"category":{"index":{"k":0},"child":{"k":[]},"unit":{"k":{"base":"kr","decimals":2,"multiplier":3}}},
		"extension":{"elimination":true,"eliminationValueCode":"k","refperiod":{"k":"1.1."},"show":"value","codelists":[{"id":"agg_K","label":"K","type":"Aggregation","links":[]}]}}},
		"extension":{"px":{"decimals":1,"official-statistics":true,"aggregallowed":false,"heading":["C"],"stub":[],"copyright":false},"discontinued":true,"contact":[{"name":"N"}]},"value":[1]}`)
	dim := d.Dimensions[0]
	switch {
	case dim.Elimination == nil || !*dim.Elimination || dim.EliminationCode != "k":
		t.Error("elimination")
	case dim.RefPeriod["k"] != "1.1.":
		t.Error("refperiod")
	case dim.Units[0] != Unit{Base: "kr", Decimals: 2, Multiplier: 3}:
		t.Errorf("unit %+v", dim.Units[0])
	case len(dim.Codelists) != 1 || dim.Codelists[0] != Codelist{"agg_K", "K", "Aggregation"}:
		t.Errorf("code lists %v", dim.Codelists)
	case string(dim.Extension["show"]) != `"value"` || string(dim.Category["child"]) != `{"k":[]}` || string(dim.Extra["link"]) != `{"y":2}`:
		t.Error("members that are passed through")
	case d.PX.Decimals == nil || *d.PX.Decimals != 1 || d.PX.Official == nil || !*d.PX.Official || d.PX.AggregAllowed == nil || *d.PX.AggregAllowed:
		t.Errorf("px %+v", d.PX)
	case d.Discontinued == nil || !*d.Discontinued:
		t.Error("discontinued")
	case d.WithoutContacts().Extension != nil || d.Extension["contact"] == nil:
		t.Error("contacts")
	}
}

func TestUpdatedIsAVersionKeyNotAlwaysATime(t *testing.T) {
	for updated, ok := range map[string]bool{"2026-03-16T07:00:00Z": true, "0003-10-13T00:00:00Z": false, "": false, "yesterday": false} {
		if _, got := (&Dataset{Updated: updated}).UpdatedTime(); got != ok {
			t.Errorf("%q: %t", updated, got)
		}
	}
}

func TestRejectsNamingOffsetAndPath(t *testing.T) {
	for _, c := range []struct{ name, body, path, reason string }{
		{"empty", ``, "$", "empty"},
		{"white space", "  \n", "$", "empty"},
		{"gzip", "\x1f\x8b\x08", "$", "gzip"},
		{"HTML", "<!DOCTYPE html>", "$", `found '<'`},
		{"an array", `[]`, "$", "an object"},
		{"no dataset", `{"apiVersion":"2.0.0"}`, "$", "no member dimension"},
		{"collection", `{"class":"collection"}`, "$.class", "collection"},
		{"version", `{"version":"3.0"}`, "$.version", "3.0"},
		{"version is a number", `{"version":2.0}`, "$.version", "a string"},
		{"no id", `{"size":[1],"dimension":{},"value":[1]}`, "$", "no member id"},
		{"no size", `{"id":["A"],"dimension":{},"value":[1]}`, "$", "no member size"},
		{"no value", body(`"label":""`), "$", "no member value"},
		{"trailing", body(`"value":[1,2,3,4,5,6]`) + "{}", "$", "more follows"},
		{"too few values", body(`"value":[1,2,3,4,5]`), "$.value", "5 values; the sizes [2 3] multiply to 6"},
		{"too many values", body(`"value":[1,2,3,4,5,6,7]`), "$.value[6]", "more than the 6 values"},
		{"string value", body(`"value":[1,"2",3,4,5,6]`), "$.value[1]", "found '\"'"},
		{"boolean value", body(`"value":[1,true,3,4,5,6]`), "$.value[1]", "found 't'"},
		{"nested value", body(`"value":[1,[2],3,4,5,6]`), "$.value[1]", "found '['"},
		{"value is null", body(`"value":null`), "$.value", "an array or an object"},
		{"NaN", body(`"value":[NaN,2,3,4,5,6]`), "$.value[0]", "found 'N'"},
		{"Infinity", body(`"value":[1,2,3,4,5,-Infinity]`), "$.value[5]", "found 'I'"},
		{"too large", body(`"value":[1,2,3,4,5,1e999]`), "$.value[5]", "does not fit"},
		{"leading zero", body(`"value":[01,2,3,4,5,6]`), "$.value[0]", "leading zero"},
		{"leading plus", body(`"value":[+1,2,3,4,5,6]`), "$.value[0]", "found '+'"},
		{"no decimals", body(`"value":[1.,2,3,4,5,6]`), "$.value[0]", "decimal point"},
		{"no exponent", body(`"value":[1e,2,3,4,5,6]`), "$.value[0]", "exponent"},
		{"trailing comma", body(`"value":[1,2,3,4,5,]`), "$.value[5]", "found ']'"},
		{"comment", body(`"value":[1,2,3,4,5,/*6*/]`), "$.value[5]", "found '/'"},
		{"cut in value", strings.TrimSuffix(body(`"value":[1,2`), "}"), "$.value", "truncated"},
		{"cut in text", `{"label":"abc`, "$.label", "truncated"},
		{"cut in object", `{"label":"abc"`, "$", "truncated"},
		{"sparse beyond", body(`"value":{"6":1}`), "$.value", `"6" is not the position of a cell; there are 6`},
		{"sparse negative", body(`"value":{"-1":1}`), "$.value", "not the position"},
		{"sparse padded", body(`"value":{"01":1}`), "$.value", "not the position"},
		{"sparse twice", body(`"value":{"1":1,"1":2}`), `$.value["1"]`, "comes twice"},
		{"sparse string", body(`"value":{"1":"x"}`), `$.value["1"]`, "a number"},
		{"status beyond", body(`"value":[1,2,3,4,5,6],"status":{"6":"."}`), "$.status", "not the position"},
		{"status is a number", body(`"value":[1,2,3,4,5,6],"status":{"0":1}`), `$.status["0"]`, "a string"},
		{"status too short", body(`"value":[1,2,3,4,5,6],"status":["a"]`), "$.status", "1 statuses"},
		{"status too long", body(`"value":[1,2,3,4,5,6],"status":["a","a","a","a","a","a","a"]`), "$.status[6]", "more than the 6 statuses"},
		{"status true", body(`"value":[1,2,3,4,5,6],"status":true`), "$.status", "found 't'"},
		{"status of metadata", body(`"value":[],"status":{"0":"."}`), "$.status", "there are 0"},
		{"status for all of metadata", body(`"value":[],"status":"."`), "$.status", "no figures"},
		{"value twice", body(`"value":[1,2,3,4,5,6],"value":[1,2,3,4,5,6]`), "$.value", "comes twice"},
		{"id twice", `{"id":["A","A"],"size":[1,1],"dimension":{},"value":[]}`, "$.id[1]", "comes twice"},
		{"id is a string", `{"id":"03024","label":""}`, "$.id", "an array"},
		{"size is text", `{"id":["A"],"size":["1"],"dimension":{}}`, "$.size[0]", "whole number"},
		{"size is broken", `{"id":["A"],"size":[1.5],"dimension":{}}`, "$.size[0]", "whole number"},
		{"size is negative", `{"id":["A"],"size":[-1],"dimension":{}}`, "$.size[0]", "whole number"},
		{"size is absurd", `{"id":["A"],"size":[99999999999999999999],"dimension":{}}`, "$.size[0]", "larger than"},
		{"sizes overflow", `{"id":["A","B"],"size":[4294967296,4294967296],"dimension":{}}`, "$.size[1]", "multiply to more"},
		{"more cells than allowed", `{"id":["A"],"size":[10000001],"dimension":{"A":{}},"value":{}}`, "$.size", "at most 10000000"},
		{"sizes for other ids", `{"id":["A"],"size":[1,1],"dimension":{"A":{}},"value":[1]}`, "$.size", "2 sizes for the 1 dimensions"},
		{"more categories than bytes", `{"id":["A"],"size":[1000000],"dimension":{"A":{"category":{"index":{"a":0}}}},"value":[]}`, "$.dimension.A.category", "more than the body can hold"},
		{"dimension not described", `{"id":["A","B"],"size":[1,1],"dimension":{"A":{"category":{"index":["a"]}}},"value":[1]}`, "$.dimension", `"B" of id is not described`},
		{"dimension not in id", `{"id":["A"],"size":[1],"dimension":{"B":{}},"value":[1]}`, "$.dimension.B", "not in id"},
		{"dimension twice", `{"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":["a"]}},"A":{}},"value":[1]}`, "$.dimension.A", "comes twice"},
		{"no category", `{"id":["A"],"size":[1],"dimension":{"A":{}},"value":[1]}`, "$.dimension.A", "no category"},
		{"no index", `{"id":["A"],"size":[2],"dimension":{"A":{"category":{"label":{"a":"","b":""}}}},"value":[1,2]}`, "$.dimension.A.category", "no index"},
		{"no index, two labels", `{"id":["A"],"size":[1],"dimension":{"A":{"category":{"label":{"a":"","b":""}}}},"value":[1]}`, "$.dimension.A.category.label", "2 labels"},
		{"index too short", `{"id":["A"],"size":[2],"dimension":{"A":{"category":{"index":{"a":0}}}},"value":[1,2]}`, "$.dimension.A.category.index", "position 1 has none"},
		{"index position twice", `{"id":["A"],"size":[2],"dimension":{"A":{"category":{"index":{"0301":0,"0302":0}}}},"value":[1,2]}`, `$.dimension.A.category.index["0302"]`, `taken by "0301"`},
		{"index position beyond", `{"id":["A"],"size":[2],"dimension":{"A":{"category":{"index":{"a":0,"b":2}}}},"value":[1,2]}`, "$.dimension.A.category.index.b", "position 2"},
		{"index code twice", `{"id":["A"],"size":[2],"dimension":{"A":{"category":{"index":{"a":0,"a":1}}}},"value":[1,2]}`, "$.dimension.A.category.index.a", "comes twice"},
		{"index array code twice", `{"id":["A"],"size":[2],"dimension":{"A":{"category":{"index":["a","a"]}}},"value":[1,2]}`, "$.dimension.A.category.index[1]", "comes twice"},
		{"index array too short", `{"id":["A"],"size":[2],"dimension":{"A":{"category":{"index":["a"]}}},"value":[1,2]}`, "$.dimension.A.category.index", "1 codes"},
		{"index array too long", `{"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":["a","b"]}}},"value":[1]}`, "$.dimension.A.category.index[1]", "more than the 1"},
		{"index is text", `{"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":{"a":"0"}}}},"value":[1]}`, "$.dimension.A.category.index.a", "whole number"},
		{"index is a string", `{"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":"a"}}},"value":[1]}`, "$.dimension.A.category.index", "an object or an array"},
		{"label of no code", `{"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":["a"],"label":{"b":"B"}}}},"value":[1]}`, "$.dimension.A.category.label.b", "not in the index"},
		{"decimals are text", `{"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":["a"],"unit":{"a":{"decimals":"2"}}}}},"value":[1]}`, "$.dimension.A.category.unit.a.decimals", "whole number"},
		{"role of no dimension", body(`"role":{"time":["Tid"]},"value":[]`), "$.role.time[0]", "not a dimension"},
		{"mandatory note is not there", body(`"note":["a"],"extension":{"noteMandatory":{"1":true}},"value":[]`), `$.extension.noteMandatory["1"]`, "not there"},
		{"deep nesting", `{"x":` + strings.Repeat("[", 1000), "$.x", "nested deeper"},
		{"control character", "{\"label\":\"a\x01\"}", "$.label", "control character"},
		{"not UTF-8", "{\"label\":\"V\xe5ler\"}", "$.label", "not UTF-8"},
		{"bad escape", `{"label":"\q"}`, "$.label", "escape"},
		{"bad escape in a key", `{"link":{"\q":1}}`, "$.link", "escape"},
		{"no colon", `{"label" 1}`, "$.label", "a colon"},
		{"dataset in a dataset", `{"dataset":{"dataset":{"dimension":{}}}}`, "$.dataset", "no member dimension"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode([]byte(c.body), Options{})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Path != c.path || !strings.Contains(e.Reason, c.reason) || e.Offset < 0 || e.Offset > int64(len(c.body)) {
				t.Errorf("got %v, want path %s and %q", err, c.path, c.reason)
			}
		})
	}
}

// Offsets are counted by hand in the bodies.
func TestOffsetIsWhereTheFaultStands(t *testing.T) {
	for _, c := range []struct {
		body string
		want int64
	}{
		{`{"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":["a"]}}},"value":[x]}`, 79},
		{`{"value":["a"],"id":["A"],"size":[1],"dimension":{"A":{"category":{"index":["a"]}}}}`, 10},
		{`{"version":"2.0",}`, 17},
		{`{"label":"a`, 11},
	} {
		_, err := Decode([]byte(c.body), Options{})
		var e *Error
		if !errors.As(err, &e) || e.Offset != c.want {
			t.Errorf("%s: got %v, want byte %d", c.body, err, c.want)
		}
	}
}

// Every proper prefix of a body is rejected as truncated, none panics.
func TestEveryPrefixIsRejected(t *testing.T) {
	whole := body(`"label":"å\"","value":[1.5,null,-3e1,4,5,6],"status":{"1":"."},"extension":{"px":{"tableid":"1"},"x":[true,{"y":null}]}`)
	decode(t, whole)
	for n := range len(whole) {
		_, err := Decode([]byte(whole[:n]), Options{})
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("prefix of %d bytes: %v", n, err)
		}
		if e.Offset > int64(n) {
			t.Errorf("prefix of %d bytes: offset %d", n, e.Offset)
		}
	}
}

func TestByteOrderMarkIsPassed(t *testing.T) {
	if got := show(decode(t, "\xef\xbb\xbf"+body(`"value":[1,2,3,4,5,6]`))); got != "1 2 3 4 5 6" {
		t.Error(got)
	}
}

func TestReadStopsAtMaxBytes(t *testing.T) {
	b := body(`"value":[1,2,3,4,5,6]`)
	if _, err := Read(strings.NewReader(b), Options{MaxBytes: int64(len(b))}); err != nil {
		t.Error(err)
	}
	_, err := Read(strings.NewReader(b), Options{MaxBytes: int64(len(b)) - 1})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Reason, "longer than") {
		t.Errorf("got %v", err)
	}
}

func TestMaxCells(t *testing.T) {
	if _, err := Decode([]byte(body(`"value":[1,2,3,4,5,6]`)), Options{MaxCells: 5}); err == nil {
		t.Error("6 cells accepted where 5 are allowed")
	}
	// A description allocates no cells, so the bound does not concern it.
	if _, err := Decode([]byte(body(`"value":[]`)), Options{MaxCells: 5}); err != nil {
		t.Error(err)
	}
}

// A small body that claims more than it can hold allocates next to nothing.
func TestMemoryIsBounded(t *testing.T) {
	one := `"dimension":{"A":{"category":{"index":["a"]}}},`
	for _, body := range []string{
		`{"id":["A"],"size":[9007199254740992],` + one + `"value":[1]}`,
		`{"id":["A"],"size":[9007199254740992],` + one + `"value":{}}`,
		`{"id":["A"],"size":[10000000],` + one + `"value":[1]}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Decode([]byte(body), Options{}); err == nil {
			t.Errorf("%s accepted", body)
		}
		runtime.ReadMemStats(&after)
		// The bitmap of the 10 million cells allowed is 1.25 MB; their values would
		// be 80 MB.
		if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
			t.Errorf("%d bytes allocated for %s", got, body)
		}
	}
}

func TestStatusSymbolsAreBounded(t *testing.T) {
	make256 := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%d":"s%d"`, i, i)
		}
		return fmt.Sprintf(`{"id":["A","B"],"size":[16,32],"dimension":{%s},"value":{},"status":{%s}}`,
			`"A":{"category":{"index":[`+codes(16)+`]}},"B":{"category":{"index":[`+codes(32)+`]}}`, b.String()[1:])
	}
	decode(t, make256(255))
	_, err := Decode([]byte(make256(256)), Options{})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Reason, "255 different") {
		t.Errorf("got %v", err)
	}
}

func codes(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`"c%d"`, i)
	}
	return strings.Join(out, ",")
}

// The fast path of number must give what strconv gives.
func TestNumbersAreReadExactly(t *testing.T) {
	for _, v := range []float64{0, 0.1, 0.3, 1.005, 2.675, 123.456, 99999.99999, 0.000001, 1e-7, 5e-324, math.MaxFloat64, 1 << 53, 999999999999999, 99999999.9999999, 1e21, 123456789.123456} {
		for _, v := range []float64{v, -v} {
			s := scanner{b: appendNumber(nil, v)}
			got, err := s.number()
			if err != nil || got != v || s.pos != len(s.b) {
				t.Errorf("%s: got %v, %v", s.b, got, err)
			}
		}
	}
}
