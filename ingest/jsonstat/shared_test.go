package jsonstat

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bygdevekst/bygdevekst/data/sharedtest"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return sharedtest.Read(t, "pxweb-fixtures", filepath.FromSlash(name))
}

// The bodies that are datasets: table, shape and, for those with figures, their
// first and last, read in the file.
var recorded = []struct {
	file, table string
	sizes       []int
	metadata    bool
	first, last float64
}{
	{"ssb-v2/07459-3kommuner-80plus-2017-2024.json", "07459", []int{3, 2, 25, 1, 2}, false, 1195, 0},
	{"ssb-v2/12134-data-3kommuner.json", "12134", []int{3, 1, 1}, false, 81240, 62853},
	{"ssb-v2/13599-national-projection.json", "13599", []int{2, 25, 1, 1, 3}, false, 20344, 14},
	{"scb-v2/TAB6471_data.json", "TAB6471", []int{21, 11, 3, 1, 4}, false, 245284, 54},
	{"scb-v2/TAB6471_metadata.json", "TAB6471", []int{312, 134, 3, 1, 16}, true, 0, 0},
	{"pxwebapi-server/MetadataById_tab001_js2.json", "TAB001", []int{30, 3, 22, 1, 3}, true, 0, 0},
	{"pxwebapi-server/MetadataById_tab003_js2.json", "TAB003", nil, true, 0, 0},
	{"pxwebapi-server/MetadataById_tab004_js2.json", "TAB004", nil, true, 0, 0},
}

func TestRecordedBodiesDecodeToTheFiguresTheyHold(t *testing.T) {
	for _, c := range recorded {
		t.Run(c.file, func(t *testing.T) {
			body := fixture(t, c.file)
			d, err := Decode(body, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var plain struct {
				ID, Note []string
				Size     []int
				Value    []*float64
			}
			if err := json.Unmarshal(body, &plain); err != nil {
				t.Fatal(err)
			}
			if c.sizes != nil {
				if diff := cmp.Diff(c.sizes, plain.Size); diff != "" {
					t.Error("the expectation is not what the file says:", diff)
				}
			}
			if d.PX.TableID != c.table || d.Metadata != c.metadata {
				t.Errorf("table %q, metadata %t", d.PX.TableID, d.Metadata)
			}
			if diff := cmp.Diff(plain.Note, d.Notes); diff != "" {
				t.Error(diff)
			}
			for k, dim := range d.Dimensions {
				if dim.ID != plain.ID[k] || len(dim.Codes) != plain.Size[k] {
					t.Errorf("dimension %d: %s with %d codes", k, dim.ID, len(dim.Codes))
				}
			}
			if d.Len() != len(plain.Value) {
				t.Fatalf("%d cells, want %d", d.Len(), len(plain.Value))
			}
			for i, want := range plain.Value {
				if got, ok := d.Value(i); ok != (want != nil) || ok && got != *want {
					t.Errorf("cell %d: %v, %t", i, got, ok)
				}
			}
			if n := d.Len(); n > 0 && (d.Values[0] != c.first || d.Values[n-1] != c.last) {
				t.Errorf("first %v, last %v; want %v, %v", d.Values[0], d.Values[n-1], c.first, c.last)
			}
			roundTrip(t, d)
		})
	}
}

// What SSB answered, decoded and encoded, is what SSB answered, byte for byte
// but for white space.
func TestSSBsBodiesAreReproducedByteForByte(t *testing.T) {
	for _, name := range []string{
		"ssb-v2/07459-3kommuner-80plus-2017-2024.json",
		"ssb-v2/12134-data-3kommuner.json",
		"ssb-v2/13599-national-projection.json",
		"scb-v2/TAB6471_data.json",
	} {
		t.Run(name, func(t *testing.T) {
			body := fixture(t, name)
			d, err := Decode(body, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Encode(d)
			if err != nil {
				t.Fatal(err)
			}
			if want := compact(t, body); !bytes.Equal(compact(t, got), want) {
				at := 0
				for at < min(len(got), len(want)) && got[at] == want[at] {
					at++
				}
				t.Errorf("differs at byte %d:\n%s\n%s", at, got[at:min(at+80, len(got))], want[at:min(at+80, len(want))])
			}
		})
	}
}

func compact(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, body); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The other bodies are not datasets, contradict themselves or are not JSON.
func TestWhatIsNoDatasetIsRejectedWithItsPosition(t *testing.T) {
	for _, c := range []struct{ file, path, reason string }{
		{"ssb-v2/error-400-missing-selection.json", "$", "no member dimension"},
		{"ssb-v2/error-400-nonexistent-table.json", "$", "no member dimension"},
		{"ssb-v2/error-400-nonexistent-value-contents.json", "$", "no member dimension"},
		{"ssb-v2/error-404-url-too-long.truncated.html", "$", `found '<'`},
		{"scb-v2/config.json", "$", "no member dimension"},
		{"scb-v2/tables.json", "$", "no member dimension"},
		{"scb-v2/search.json", "$", "no member dimension"},
		{"scb-v2/agg_Alder10arJ.json", "$.id", "an array"},
		{"pxwebapi-server/GetApiConfiguration.json", "$", "no member dimension"},
		{"pxwebapi-server/ListAllTables.json", "$", "no member dimension"},
		{"pxwebapi-server/TableById_tab004.json", "$.id", "an array"},
		{"spec-examples/codelists-agg_RegionNUTS2_2008-response.json", "$.id", "an array"},
		{"spec-examples/config-response.json", "$", "no member dimension"},
		{"spec-examples/navigation-root-response.json", "$.id", "an array"},
		{"spec-examples/table-metadata-example.json", "$.id", "an array"},
		{"spec-examples/tables-table-response.json", "$", ""},
		{"spec-examples/tables-table-metadata-response.json", "$", ""},
		{"spec-examples/tables-tables-response.json", "$", ""},
		// Size says 1 age, the index has 102: written by hand.
		{"spec-examples/dataset-meta.json", "$.dimension.Alder.category.index", "size says 1"},
		{"spec-examples/table-metadata-example-jsonstat-nocomments.json", "$.dimension.Alder.category.index", "size says 1"},
		// Not JSON: a value is missing, comments.
		{"spec-examples/03024-metadata-eksempel.json", "$.id", "an array"},
		{"spec-examples/03024_metadata-jsonstat.json", "$.extension", "found '/'"},
		{"spec-examples/response-scb-all-region.json", "$.extension", "found '/'"},
	} {
		t.Run(c.file, func(t *testing.T) {
			body := fixture(t, c.file)
			_, err := Decode(body, Options{})
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(e.Path, c.path) || !strings.Contains(e.Reason, c.reason) {
				t.Errorf("got %v, want path %s and %q", err, c.path, c.reason)
			}
		})
	}
}
