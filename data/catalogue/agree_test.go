package catalogue

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bygdevekst/bygdevekst/data/sharedtest"
)

// schemaOf names the schema of a folder's files, and reads one strictly into its type.
var schemaOf = map[string]struct {
	schema string
	decode func([]byte) error
}{
	"tables":     {"table", strictly[Table]},
	"indicators": {"indicator", strictly[Indicator]},
	"agreements": {"agreement", strictly[Agreement]},
	"efforts":    {"effort", strictly[Effort]},
	"plans":      {"plan", strictly[Plan]},
	"comparison": {"comparison", strictly[Comparison]},
	"designs":    {"design", strictly[Design]},
}

func strictly[T any](content []byte) error {
	var v T
	return yaml.UnmarshalWithOptions(content, &v, yaml.Strict())
}

// compiled reads a schema file the way any other tool would.
func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	content, err := fs.ReadFile(DefaultFiles(), "schema/"+name+".json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func decoded(t *testing.T, content []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(content, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchemasAcceptDefault validates every embedded file against its schema.
func TestSchemasAcceptDefault(t *testing.T) {
	n := 0
	for folder, kind := range schemaOf {
		entries, err := fs.ReadDir(DefaultFiles(), folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			content, err := fs.ReadFile(DefaultFiles(), path.Join(folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			name := kind.schema
			if bytes.Contains(content, []byte("\nextends:")) {
				name = "design-override"
			}
			if err := compiled(t, name).Validate(decoded(t, content)); err != nil {
				t.Errorf("%s/%s: %v", folder, e.Name(), err)
			}
			if !bytes.Contains(content, []byte("$schema=../schema/"+name+".json")) {
				t.Errorf("%s/%s does not tell editors its schema %s", folder, e.Name(), name)
			}
			n++
		}
	}
	if n < 100 {
		t.Errorf("only %d files seen", n)
	}
}

// TestSchemasAndTypesRefuseAlike puts an unknown field into every mapping and a
// mapping in place of every scalar of one file per kind. The schema and the
// strict decoder must both refuse each: a field that one of them does not know
// would else slip through.
func TestSchemasAndTypesRefuseAlike(t *testing.T) {
	for folder, example := range map[string]string{
		"tables":     "tables/06035.yaml",
		"indicators": "indicators/net-migration-rate.yaml",
		"agreements": "", // The eleventh agreement: rich and short.
		"efforts":    "efforts/gjeldssletting.yaml",
		"plans":      "plans/innlandet-2026-eksempel.yaml",
		"comparison": "comparison/default.yaml",
		"designs":    "designs/common.yaml",
	} {
		t.Run(folder, func(t *testing.T) {
			content := []byte(eleventh["agreements/agder-eksempel.yaml"])
			if example != "" {
				content, _ = fs.ReadFile(DefaultFiles(), example)
			}
			kind := schemaOf[folder]
			schema, root := compiled(t, kind.schema), decoded(t, content)
			n := 0
			mutate(root, "", func(where string) {
				n++
				if schema.Validate(root) == nil {
					t.Errorf("%s: the schema accepts it", where)
				}
				broken, err := json.Marshal(root)
				if err != nil {
					t.Fatal(err)
				}
				if kind.decode(broken) == nil {
					t.Errorf("%s: the decoder accepts it", where)
				}
			})
			if n < 20 {
				t.Errorf("only %d mutations", n)
			}
		})
	}
}

// mutate calls try with the tree broken at each of its places in turn.
func mutate(node any, where string, try func(where string)) {
	odd := map[string]any{"zzz": map[string]any{}}
	switch node := node.(type) {
	case map[string]any:
		node["zzz"] = odd
		try(where + ".zzz")
		delete(node, "zzz")
		for key, value := range node {
			if !isTree(value) {
				node[key] = odd
				try(where + "." + key)
				node[key] = value
			}
			mutate(value, where+"."+key, try)
		}
	case []any:
		for i, value := range node {
			if !isTree(value) {
				node[i] = odd
				try(where + "[]")
				node[i] = value
			}
			mutate(value, where+"[]", try)
		}
	}
}

func isTree(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// FuzzLoad reads anything as a file of any kind: no input panics, and every
// problem lies inside the file it is reported in.
func FuzzLoad(f *testing.F) {
	folders := []string{"tables", "indicators", "agreements", "efforts", "plans", "comparison", "designs"}
	for i, name := range []string{
		"tables/06035.yaml", "indicators/net-migration-rate.yaml", "agreements/solund-fedje.yaml",
		"efforts/gjeldssletting.yaml", "plans/innlandet-2026-eksempel.yaml", "comparison/default.yaml", "designs/innlandet.yaml",
	} {
		content, err := fs.ReadFile(DefaultFiles(), name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), content)
	}
	for _, odd := range []string{
		"", "\x00", "a: &x [*x, *x]", "id: !!binary x", "- -", "? a\n: b", "id: .inf\nwave: .nan", "id: 1e999",
		"<<: *a", "\"a\": 'b", "id: |\n  x\n   y", "{a: {b: [}}", "id: x\n\tb: c", "a: b: c", "%YAML 9\n---", "--- 1\n--- 2",
		"id: f\nseries: {a: {b: *}}", "1: 2\n[a]: 3", "id: f\nextends: f", "a: >-9\n x",
	} {
		f.Add(uint8(0), []byte(odd))
		f.Add(uint8(6), []byte(odd))
	}
	f.Fuzz(func(t *testing.T, kind uint8, content []byte) {
		name := folders[int(kind)%len(folders)] + "/f.yaml"
		for _, p := range problems(t, fstest.MapFS{name: {Data: content}}) {
			lines := bytes.Count(content, []byte("\n")) + bytes.Count(content, []byte("\r")) + 1
			if p.File != name || p.Line < 1 || p.Column < 1 || p.Line > lines+1 || p.Message == "" {
				t.Errorf("%+v in a file of %d lines", p, lines)
			}
		}
	})
}

// TestVerbatim holds every quoted obligation and goal to the agreement's
// scanned text. Vowels, g, l, i and signs are left out of the comparison, since
// the scan misreads å, æ and ø as these; its other misreadings are listed.
func TestVerbatim(t *testing.T) {
	scan := string(sharedtest.Read(t, "agreement", "000_cdc476e1b307f5e7.txt"))
	for misread, printed := range map[string]string{
		"distrikstrettet": "distriktsrettet", "trdd": "tråd", "szerlig": "særlig", "bestadende": "bestående av",
		"skonomisk": "økonomisk", "distrikisdepartementet": "distriktsdepartementet",
	} {
		scan = strings.ReplaceAll(scan, misread, printed)
	}
	text := skeleton(scan)
	a := Default().Agreement("innlandet")
	quotes := map[string]string{}
	for _, o := range a.Obligations {
		quotes[o.ID] = o.Text
	}
	for _, g := range a.Goals {
		quotes["goal "+g.ID] = g.Text
	}
	sentence := regexp.MustCompile(`\[[^\]]*\]|[.] `)
	for id, quote := range quotes {
		for _, part := range sentence.Split(quote, -1) {
			if !strings.Contains(text, skeleton(part)) {
				t.Errorf("%s: not in the agreement: %q", id, part)
			}
		}
	}
}

func skeleton(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("bcdfhjkmnpqrstvwxz", r) {
			return r
		}
		return -1
	}, strings.ToLower(s))
}
