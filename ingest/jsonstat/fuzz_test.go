package jsonstat

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bygdevekst/bygdevekst/data/sharedtest"
)

// fuzzMaxCells keeps a fuzzed body from spending its time on large columns.
const fuzzMaxCells = 1 << 16

// FuzzDecode: no body panics; every error has a position in the body; what is
// accepted is JSON, is valid, and comes back equal from being written.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(body(`"value":[1,null,3,4,5,6],"status":{"1":"."}`)))
	f.Add([]byte(body(`"value":{"1":-1.5e3},"status":["a",null,"a","a","a","a"]`)))
	f.Add([]byte(body(`"value":[],"role":{"time":["T"]},"note":["n"],"extension":{"noteMandatory":{"0":true},"px":{"decimals":1}}`)))
	f.Add([]byte(`{"dataset":{"dimension":{"R":{"category":{"label":{"a":"A"}}},"id":["R"],"size":[1]},"value":[1]}}`))
	for _, name := range seeds() {
		if content, err := os.ReadFile(name); err == nil && len(content) < 1<<13 {
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := Decode(body, Options{MaxCells: fuzzMaxCells})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > int64(len(body)) || e.Path == "" || e.Reason == "" {
				t.Fatalf("error without a position: %#v", err)
			}
			return
		}
		if !json.Valid(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))) {
			t.Fatal("accepted what is not JSON")
		}
		raw, err := Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(raw, Options{MaxCells: fuzzMaxCells})
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		if diff := cmp.Diff(d, back); diff != "" {
			t.Fatalf("%s\n%s", diff, raw)
		}
		if err := WriteCSV(new(bytes.Buffer), d); err != nil {
			t.Fatal(err)
		}
	})
}

// seeds are the recorded bodies, where they are at hand.
func seeds() []string {
	out, _ := filepath.Glob(filepath.Join(sharedtest.Dir(), "pxweb-fixtures", "*", "*.json"))
	return out
}

// FuzzNumber: the column scanner takes exactly the numbers of JSON and reads
// them to the last bit as encoding/json does.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-0", "1.5", "-12e-3", "123456789012345", "0.1234567890123456", "1e999", "01", ".5", "1."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := scanner{b: text}
		got, err := s.number()
		var want float64
		errWant := json.Unmarshal(text, &want)
		isNumber := len(text) > 0 && (text[0] == '-' || isDigit(text[0])) && !bytes.ContainsAny(text, " \t\r\n")
		if err == nil && s.pos == len(text) {
			if errWant != nil || math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("%q: got %v; encoding/json %v, %v", text, got, want, errWant)
			}
			return
		}
		if errWant == nil && isNumber {
			t.Fatalf("%q: got %v at %d, %v; encoding/json %v", text, got, s.pos, err, want)
		}
	})
}
