package catalogue

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// file is one parsed YAML file, which knows where everything in it stands.
type file struct {
	name     string
	body     ast.Node
	problems *Problems
}

// parse reads one YAML document. It reports what is wrong and returns nil
// unless the document is a mapping that can be looked at further.
func parse(name string, content []byte, problems *Problems) *file {
	f := &file{name: name, problems: problems}
	tree, err := parseYAML(content)
	if err != nil {
		f.yamlError(err)
		return nil
	}
	if len(tree.Docs) != 1 {
		f.report(1, 1, "want one YAML document, found %d", len(tree.Docs))
		return nil
	}
	f.body = tree.Docs[0].Body
	if _, ok := f.body.(ast.MapNode); !ok {
		f.report(1, 1, "want a mapping of fields at the top of the file")
		return nil
	}
	before := len(*problems)
	ast.Walk(lint{f}, f.body)
	if len(*problems) > before {
		return nil
	}
	return f
}

// parseYAML turns a panic of the parser on malformed input into an error.
func parseYAML(content []byte) (tree *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not YAML: %v", r)
		}
	}()
	return parser.ParseBytes(content, 0)
}

// lint reports what YAML has and the catalogue does not use, and dates that
// are in no calendar.
type lint struct{ *file }

var isoDate = regexp.MustCompile(`^\d{4}-\d{2}(-\d{2})?$`)

// Visit implements ast.Visitor.
func (l lint) Visit(node ast.Node) ast.Visitor {
	switch node := node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		line, column := position(node)
		l.report(line, column, "anchors, aliases, merge keys and tags are not used in the catalogue; write the value out")
		return nil
	case *ast.StringNode:
		if _, ok := Date(node.Value).Time(); isoDate.MatchString(node.Value) && !ok {
			line, column := position(node)
			l.report(line, column, "%s is in no calendar; want a day such as 2025-05-12, or a month such as 2025-05", node.Value)
		}
	}
	return l
}

func (f *file) report(line, column int, format string, args ...any) {
	*f.problems = append(*f.problems, Problem{f.name, line, column, fmt.Sprintf(format, args...)})
}

// yamlError reports an error of the YAML library at its own place.
func (f *file) yamlError(err error) {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p := at.GetToken().Position
		f.report(max(1, p.Line), max(1, p.Column), "%s", at.GetMessage())
		return
	}
	f.report(1, 1, "%s", err)
}

// at reports a problem with the value at a path of keys and indexes. Where the
// path is not in the file, the innermost part that is takes the blame.
func (f *file) at(path []any, format string, args ...any) {
	node := f.body
	line, column := position(node)
	for _, step := range path {
		next, key := child(node, fmt.Sprint(step))
		if next == nil {
			break
		}
		node = next
		line, column = position(node)
		if _, isScalar := node.(ast.ScalarNode); key != nil && !isScalar {
			line, column = position(key)
		}
	}
	f.report(line, column, format, args...)
}

// child returns the value under a key or index, and the key's own node.
func child(node ast.Node, step string) (value, key ast.Node) {
	switch node := node.(type) {
	case ast.MapNode:
		for it := node.MapRange(); it.Next(); {
			if keyText(it.Key()) == step {
				return it.Value(), it.Key()
			}
		}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(node.Values) {
			return node.Values[i], nil
		}
	}
	return nil, nil
}

func keyText(key ast.MapKeyNode) string {
	if s, ok := key.(*ast.StringNode); ok {
		return s.Value
	}
	return key.String()
}

// position returns where a node starts; a mapping starts at its first key.
func position(node ast.Node) (line, column int) {
	switch n := node.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return position(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(n.Key)
	case *ast.SequenceNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return position(n.Values[0])
		}
	}
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 1, 1
	}
	p := node.GetToken().Position
	return max(1, p.Line), max(1, p.Column)
}

// has reports whether the file has a top-level key.
func (f *file) has(key string) bool {
	value, _ := child(f.body, key)
	return value != nil
}

// over returns the file's fields on top of base's: what a file that extends
// another stands for.
func (f *file) over(base *file) *file {
	var values []*ast.MappingValueNode
	seen := map[string]bool{}
	for _, part := range []*file{f, base} {
		for it := part.body.(ast.MapNode).MapRange(); it.Next(); {
			if key := keyText(it.Key()); !seen[key] {
				seen[key] = true
				values = append(values, it.KeyValue())
			}
		}
	}
	merged := *f
	merged.body = ast.Mapping(f.body.GetToken(), false, values...)
	return &merged
}

// scalar returns the text of a plain or quoted value, "" for anything else.
func scalar(node ast.Node) string {
	if s, ok := node.(*ast.StringNode); ok {
		return s.Value
	}
	return ""
}

// keys returns the file's top-level keys in their order.
func (f *file) keys() []string {
	var keys []string
	for it := f.body.(ast.MapNode).MapRange(); it.Next(); {
		keys = append(keys, keyText(it.Key()))
	}
	return keys
}
