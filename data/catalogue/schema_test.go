package catalogue

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite files/schema from types.go")

// TestSchemas keeps files/schema and types.go one: the schemas are made from the
// types, their doc comments, their constants and their schema tags.
func TestSchemas(t *testing.T) {
	g := newSchemaGenerator(t)
	for name, root := range map[string]string{
		"table": "Table", "indicator": "Indicator", "agreement": "Agreement", "effort": "Effort",
		"plan": "Plan", "comparison": "Comparison", "design": "Design",
	} {
		g.compare(t, name, root, nil)
	}
	g.compare(t, "design-override", "Design", []string{"id", "extends", "agreement", "registered", "reasons"})
}

type object = map[string]any

type schemaGenerator struct {
	structs map[string]*ast.TypeSpec
	docs    map[string]string
	named   map[string]string   // Named type → its underlying basic type.
	enums   map[string][]string // Named string type → its constants.
	defs    object
}

func newSchemaGenerator(t *testing.T) *schemaGenerator {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "types.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	g := &schemaGenerator{
		structs: map[string]*ast.TypeSpec{}, docs: map[string]string{},
		named: map[string]string{}, enums: map[string][]string{},
	}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				g.addType(spec, gen.Doc.Text())
			case *ast.ValueSpec:
				g.addConstant(t, spec)
			}
		}
	}
	return g
}

func (g *schemaGenerator) addType(spec *ast.TypeSpec, doc string) {
	name := spec.Name.Name
	g.docs[name] = oneLine(doc)
	switch underlying := spec.Type.(type) {
	case *ast.StructType:
		g.structs[name] = spec
	case *ast.Ident:
		g.named[name] = underlying.Name
	}
}

func (g *schemaGenerator) addConstant(t *testing.T, spec *ast.ValueSpec) {
	typ, ok := spec.Type.(*ast.Ident)
	if !ok {
		return
	}
	value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
	if err != nil {
		t.Fatal(err)
	}
	if value != "" {
		g.enums[typ.Name] = append(g.enums[typ.Name], value)
	}
}

func (g *schemaGenerator) compare(t *testing.T, name, root string, required []string) {
	t.Helper()
	g.defs = object{}
	schema := g.object(t, root)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["$id"] = "https://bygdevekst.example/schema/" + name + ".json"
	schema["title"] = name
	schema["$defs"] = g.defs
	if required != nil {
		schema["required"] = required
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("files", "schema", name+".json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, buf.Bytes()) {
		t.Errorf("%s is not what types.go says; run go test ./data/catalogue -run TestSchemas -update", path)
	}
}

// object returns the schema of a struct; those it refers to go to $defs.
func (g *schemaGenerator) object(t *testing.T, name string) object {
	t.Helper()
	properties, required := object{}, []string{}
	for _, field := range g.structs[name].Type.(*ast.StructType).Fields.List {
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		key := reflect.StructTag(tag).Get("yaml")
		rules := strings.Split(reflect.StructTag(tag).Get("schema"), ",")
		schema := g.field(t, field.Type, rules)
		doc := oneLine(field.Doc.Text())
		if doc == "" {
			doc = oneLine(field.Comment.Text())
		}
		if doc != "" {
			schema["description"] = doc
		}
		properties[key] = schema
		if slices.Contains(rules, "required") {
			required = append(required, key)
		}
	}
	schema := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	if g.docs[name] != "" {
		schema["description"] = g.docs[name]
	}
	return schema
}

func (g *schemaGenerator) field(t *testing.T, typ ast.Expr, rules []string) object {
	t.Helper()
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return g.field(t, typ.X, rules)
	case *ast.ArrayType:
		array := object{"type": "array", "items": g.field(t, typ.Elt, append([]string{"nonempty"}, rules...))}
		if slices.Contains(rules, "minItems=1") {
			array["minItems"] = 1
		}
		return array
	case *ast.MapType:
		if slices.Contains(rules, "format=selections") {
			return selections()
		}
		return object{"type": "object", "additionalProperties": g.field(t, typ.Value, nil)}
	case *ast.Ident:
		return g.ident(t, typ.Name, rules)
	default:
		t.Fatalf("no schema for %T", typ)
		return nil
	}
}

func selections() object {
	codes := object{"type": []string{"string", "array"}, "minLength": 1, "minItems": 1, "items": object{"type": "string", "minLength": 1}}
	return object{
		"type": "object", "minProperties": 1,
		"propertyNames":        object{"pattern": `^[a-z][a-z0-9_]*$`},
		"additionalProperties": object{"type": "object", "additionalProperties": codes},
	}
}

func (g *schemaGenerator) ident(t *testing.T, name string, rules []string) object {
	t.Helper()
	if _, ok := g.structs[name]; ok {
		return g.reference(t, name, slices.Contains(rules, "english"))
	}
	if enum := g.enums[name]; enum != nil {
		return object{"type": "string", "enum": enum}
	}
	if basic, ok := g.named[name]; ok {
		name = basic
	}
	schema := object{"type": map[string]string{
		"string": "string", "bool": "boolean", "int": "integer", "uint64": "integer", "float64": "number",
	}[name]}
	for _, rule := range rules {
		applyRule(t, schema, rule)
	}
	return schema
}

func (g *schemaGenerator) reference(t *testing.T, name string, english bool) object {
	t.Helper()
	def := name
	if english {
		def = "TextWithEnglish"
	}
	if g.defs[def] == nil {
		g.defs[def] = object{} // Stops the recursion of types that hold themselves.
		schema := g.object(t, name)
		if english {
			schema["required"] = []string{"nb", "nn", "en"}
		}
		g.defs[def] = schema
	}
	return object{"$ref": "#/$defs/" + def}
}

// patterns are the formats a schema tag may name.
var patterns = map[string]string{
	"id":           `^[a-z0-9]+(-[a-z0-9]+)*$`,
	"series":       `^[a-z][a-z0-9_]*(/.+)?$`,
	"municipality": `^\d{4}$`,
	"county":       `^\d{2}$`,
	"date":         `^(unknown|\d{4}(-\d{2}(-\d{2})?)?)$`,
	"period":       `^\d{4}([HKMU]\d{1,2})?$`,
}

func applyRule(t *testing.T, schema object, rule string) {
	t.Helper()
	key, value, _ := strings.Cut(rule, "=")
	switch key {
	case "", "required", "minItems":
	case "nonempty":
		if schema["type"] == "string" {
			schema["minLength"] = 1
		}
	case "format":
		schema["pattern"] = patterns[value]
		delete(schema, "minLength")
	case "min":
		schema["minimum"] = number(t, value)
	case "max":
		schema["maximum"] = number(t, value)
	case "above":
		schema["exclusiveMinimum"] = number(t, value)
	case "oneOf":
		var values []any
		for v := range strings.SplitSeq(value, "|") {
			if schema["type"] == "string" {
				values = append(values, v)
			} else {
				values = append(values, number(t, v))
			}
		}
		schema["enum"] = values
	default:
		t.Fatalf("unknown schema rule %q", rule)
	}
}

func number(t *testing.T, s string) json.Number {
	t.Helper()
	if _, err := strconv.ParseFloat(s, 64); err != nil {
		t.Fatal(err)
	}
	return json.Number(s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
