package catalogue

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/bygdevekst/bygdevekst/data"
)

// Default returns the catalogue embedded in the binary. That it does not load
// is a programmer's error.
var Default = sync.OnceValue(func() *Catalogue {
	c, err := Load(DefaultFiles())
	if err != nil {
		panic("catalogue: the embedded catalogue is faulty:\n" + err.Error())
	}
	return c
})

// DefaultFiles returns the files of the embedded catalogue, to start another from.
func DefaultFiles() fs.FS {
	sub, err := fs.Sub(embedded, "files")
	if err != nil {
		panic("catalogue: " + err.Error())
	}
	return sub
}

// Load reads and checks a catalogue: the folders tables, indicators,
// agreements, efforts, plans, comparison and designs of fsys, each a flat
// folder of .yaml files named by the id inside. A folder that is not there is
// empty. The error is of code data.EINVALID and wraps Problems with every fault
// found, or reports that fsys could not be read.
func Load(fsys fs.FS) (*Catalogue, error) {
	l := &loader{fsys: fsys}
	l.folders()
	c := &Catalogue{}
	files := sources{
		tables:      loadAll(l, "tables", "table", &c.Tables),
		indicators:  loadAll(l, "indicators", "indicator", &c.Indicators),
		agreements:  loadAll(l, "agreements", "agreement", &c.Agreements),
		efforts:     loadAll(l, "efforts", "effort", &c.Efforts),
		plans:       loadAll(l, "plans", "plan", &c.Plans),
		comparisons: loadAll(l, "comparison", "comparison", &c.Comparisons),
	}
	files.designs = l.designs(&c.Designs)
	if l.err != nil {
		return nil, data.Errorf(data.EINVALID, "read catalogue: %w", l.err)
	}
	// Meaning is checked once every shape is right: a file that could not be
	// read would else be reported again by all that refer to it.
	if len(l.problems) == 0 {
		check(c, files)
	}
	if len(l.problems) > 0 {
		l.problems.sort()
		return nil, data.Errorf(data.EINVALID, "%w", l.problems)
	}
	c.order()
	c.hash = l.hash()
	return c, nil
}

type loader struct {
	fsys     fs.FS
	problems Problems
	read     []content
	err      error
}

type content struct {
	name  string
	bytes []byte
}

// sources are the files behind each slice of a catalogue, index by index.
type sources struct {
	tables, indicators, agreements, efforts, plans, comparisons, designs []*file
}

// kinds are the folders of a catalogue; schema is for editors and not read.
var kinds = []string{"tables", "indicators", "agreements", "efforts", "plans", "comparison", "designs", "schema"}

// folders reports what lies in the catalogue's root and would else be ignored.
func (l *loader) folders() {
	entries, err := fs.ReadDir(l.fsys, ".")
	if err != nil {
		l.err = err
		return
	}
	for _, e := range entries {
		if !slices.Contains(kinds, e.Name()) && !strings.HasPrefix(e.Name(), ".") && e.Name() != "README.md" {
			l.problems = append(l.problems, Problem{File: e.Name(), Message: "not part of a catalogue; its folders are " + strings.Join(kinds, ", ")})
		}
	}
}

// documents parses every file of a folder.
func (l *loader) documents(folder string) []*file {
	entries, err := fs.ReadDir(l.fsys, folder)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.err = err
		}
		return nil
	}
	var files []*file
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if e.IsDir() || path.Ext(name) != ".yaml" {
			l.problems = append(l.problems, Problem{File: name, Message: "not read: want files named <id>.yaml and no folders here"})
			continue
		}
		bytes, err := fs.ReadFile(l.fsys, name)
		if err != nil {
			l.err = err
			continue
		}
		l.read = append(l.read, content{name, bytes})
		if f := parse(name, bytes, &l.problems); f != nil {
			files = append(files, f)
		}
	}
	return files
}

// loadAll reads a folder into list and returns the file of each element.
func loadAll[T any](l *loader, folder, schema string, list *[]T) []*file {
	var files []*file
	for _, f := range l.documents(folder) {
		if v, ok := decode[T](f, f, schema); ok {
			*list = append(*list, v)
			files = append(files, f)
		}
	}
	return files
}

// decode checks a file's shape and reads it. Faults are reported on f; whole
// is what is read, which is more than f where f extends another file.
func decode[T any](f, whole *file, schema string) (v T, ok bool) {
	if !f.conforms(schema) {
		return v, false
	}
	if err := yaml.NodeToValue(whole.body, &v, yaml.Strict()); err != nil {
		f.yamlError(err)
		return v, false
	}
	f.named()
	return v, true
}

// named reports a file that is not named by the id inside.
func (f *file) named() {
	id, _ := child(f.body, "id")
	stem := strings.TrimSuffix(path.Base(f.name), ".yaml")
	if text := scalar(id); text != stem {
		f.at([]any{"id"}, "id %q does not match the file name; want %q", text, stem)
	}
}

// designs reads the designs: first those that stand on their own, then those
// that extend one of them, each on top of it.
func (l *loader) designs(list *[]Design) []*file {
	var files, overrides []*file
	for _, f := range l.documents("designs") {
		if f.has("extends") {
			overrides = append(overrides, f)
		} else if d, ok := decode[Design](f, f, "design"); ok {
			*list, files = append(*list, d), append(files, f)
		}
	}
	bases := files
	for _, f := range overrides {
		base := baseOf(f, bases)
		if base == nil {
			f.at([]any{"extends"}, "extends no sound design of this folder that stands on its own")
			continue
		}
		if d, ok := decode[Design](f, f.over(base), "design-override"); ok {
			*list, files = append(*list, d), append(files, f)
		}
	}
	return files
}

func baseOf(f *file, bases []*file) *file {
	extends, _ := child(f.body, "extends")
	for _, base := range bases {
		if base.name == path.Join("designs", scalar(extends)+".yaml") {
			return base
		}
	}
	return nil
}

// hash returns the SHA-256 over all files read, by name; the lengths keep one
// file's end from passing for the next one's start.
func (l *loader) hash() string {
	slices.SortFunc(l.read, func(a, b content) int { return cmp.Compare(a.name, b.name) })
	h := sha256.New()
	for _, c := range l.read {
		for _, part := range [][]byte{[]byte(c.name), c.bytes} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			h.Write(part)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// order fills in defaults and sorts what is listed to readers.
func (c *Catalogue) order() {
	for i := range c.Indicators {
		for j := range c.Indicators[i].Numerator {
			defaultSign(&c.Indicators[i].Numerator[j])
		}
		for j := range c.Indicators[i].Gross {
			defaultSign(&c.Indicators[i].Gross[j])
		}
	}
	slices.SortFunc(c.Designs, func(a, b Design) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Agreements, func(a, b Agreement) int { return cmp.Or(cmp.Compare(a.Wave, b.Wave), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(c.Plans, func(a, b Plan) int {
		return cmp.Or(cmp.Compare(a.Agreement, b.Agreement), cmp.Compare(a.Year, b.Year), cmp.Compare(a.ID, b.ID))
	})
}

func defaultSign(t *Term) {
	if t.Sign == 0 {
		t.Sign = 1
	}
}
