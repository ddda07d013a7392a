package catalogue

import (
	"bytes"
	"embed"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed files
var embedded embed.FS

// schemas are the compiled JSON Schemas by name. They are part of the binary:
// that they do not compile is a programmer's error.
var schemas = sync.OnceValue(func() map[string]*jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	entries, err := fs.ReadDir(embedded, "files/schema")
	if err != nil {
		panic("catalogue: " + err.Error())
	}
	compiled := make(map[string]*jsonschema.Schema, len(entries))
	for _, entry := range entries {
		content, err := fs.ReadFile(embedded, "files/schema/"+entry.Name())
		if err != nil {
			panic("catalogue: " + err.Error())
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		if err != nil {
			panic("catalogue: " + entry.Name() + ": " + err.Error())
		}
		if err := compiler.AddResource(entry.Name(), doc); err != nil {
			panic("catalogue: " + entry.Name() + ": " + err.Error())
		}
		compiled[strings.TrimSuffix(entry.Name(), path.Ext(entry.Name()))] = compiler.MustCompile(entry.Name())
	}
	return compiled
})

// conforms checks the file against a schema and reports every deviation at its
// own place.
func (f *file) conforms(schema string) bool {
	var value any
	if err := yaml.NodeToValue(f.body, &value); err != nil {
		f.yamlError(err)
		return false
	}
	err := schemas()[schema].Validate(value)
	if err == nil {
		return true
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		f.report(1, 1, "%s", err)
		return false
	}
	f.deviation(schema, invalid)
	return false
}

func (f *file) deviation(schema string, e *jsonschema.ValidationError) {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			f.deviation(schema, cause)
		}
		return
	}
	where := make([]any, len(e.InstanceLocation))
	for i, step := range e.InstanceLocation {
		where[i] = step
	}
	field := "the file"
	if len(e.InstanceLocation) > 0 {
		field = strings.Join(e.InstanceLocation, ".")
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		slices.Sort(k.Properties)
		for _, name := range k.Properties {
			f.at(append(slices.Clone(where), name), "unknown field %q; schema/%s.json lists the known ones", name, schema)
		}
	case *kind.Required:
		for _, name := range k.Missing {
			f.at(where, "%s lacks the field %q", field, name)
		}
	default:
		f.at(where, "%s: %s", field, e.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
}
