package jsonstat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Options bound what a body may ask of memory. The zero value is the default.
type Options struct {
	// MaxCells is the largest number of cells, 10 million when 0: SSB answers at
	// most 800,000. A cell takes ten bytes.
	MaxCells int
	// MaxBytes is the longest body Read takes, 256 MiB when 0.
	MaxBytes int64
}

const (
	defaultMaxCells = 10_000_000
	defaultMaxBytes = 256 << 20
	// maxProduct bounds the product of the sizes of a metadata body, which
	// allocates nothing: up to here integers are exact in every JSON reader.
	maxProduct = 1 << 53
	// maxSymbols is what a status column of bytes can tell apart, "" included.
	maxSymbols = 256
)

// Read decodes what r gives, of at most Options.MaxBytes.
func Read(r io.Reader, o Options) (*Dataset, error) {
	limit := o.MaxBytes
	if limit <= 0 {
		limit = defaultMaxBytes
	}
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("jsonstat: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, &Error{Offset: limit, Path: "$", Reason: fmt.Sprintf("the body is longer than %d bytes", limit)}
	}
	return Decode(body, o)
}

// Decode reads a JSON-stat dataset. Every error is an *Error. The dataset does
// not hold on to body.
func Decode(body []byte, o Options) (*Dataset, error) {
	if o.MaxCells <= 0 {
		o.MaxCells = defaultMaxCells
	}
	d := decoder{
		scanner: scanner{b: body, path: make([]step, 0, 8)},
		max:     o.MaxCells,
		later:   map[string]int{},
		out:     &Dataset{},
	}
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		d.pos = 3
	}
	if err := d.root(); err != nil {
		return nil, err
	}
	if d.next(); d.pos < len(body) {
		return nil, d.errorAt(d.pos, "more follows after the end of the dataset")
	}
	return d.out, nil
}

// decoder is a scanner with the dataset it fills.
type decoder struct {
	scanner
	max int
	out *Dataset

	// ids, sizes and cells are the shape; haveID and haveSize say they are read.
	ids              []string
	sizes            []int
	cells            int
	haveID, haveSize bool
	sizeAt           int
	haveValue        bool
	// later are the places of members that came before what they build on.
	later map[string]int
	// wrapped is a JSON-stat 1 response, which holds its dataset in a member.
	wrapped bool
}

// gzipMagic is how a gzip file begins (RFC 1952, 2.3.1).
var gzipMagic = []byte{0x1f, 0x8b}

func (d *decoder) root() error {
	start := d.pos
	if d.next() == 0 && d.pos >= len(d.b) {
		return d.errorAt(start, "the body is empty")
	}
	if bytes.HasPrefix(d.b, gzipMagic) {
		return d.errorAt(start, "the body is compressed with gzip; unpack it first")
	}
	start = d.pos
	if err := d.object(d.member); err != nil {
		return err
	}
	if d.wrapped {
		return nil
	}
	return d.finish(start)
}

// member reads one member of the dataset, or notes its place until what it
// needs is known.
func (d *decoder) member(key string) (err error) {
	out := d.out
	switch key {
	case "version":
		return d.version()
	case "class":
		return d.class()
	case "label":
		out.Label, err = d.optionalText()
	case "source":
		out.Source, err = d.optionalText()
	case "updated":
		out.Updated, err = d.optionalText()
	case "href":
		out.Href, err = d.optionalText()
	case "note":
		out.Notes, err = d.optionalTexts()
	case "id":
		return d.readIDs()
	case "size":
		return d.readSizes()
	case "value":
		if d.haveID && d.haveSize {
			return d.readValue()
		}
		return d.postpone(key)
	case "dimension", "role", "status", "extension":
		return d.postpone(key)
	case "dataset":
		return d.unwrap()
	default:
		return d.keep(&out.Extra, key)
	}
	return err
}

func (d *decoder) postpone(key string) error {
	d.later[key] = d.pos
	_, err := d.skip()
	return err
}

// finish reads what was postponed, in the order in which it builds on itself.
func (d *decoder) finish(start int) error {
	if _, ok := d.later["dimension"]; !ok {
		return d.errorAt(start, "there is no member dimension; this is not a JSON-stat dataset")
	}
	if !d.haveID && !d.haveSize {
		if err := d.shapeInDimension(); err != nil {
			return err
		}
	}
	if !d.haveID || !d.haveSize {
		return d.errorAt(start, "there is no member %s; a JSON-stat dataset has both id and size", map[bool]string{false: "id", true: "size"}[d.haveID])
	}
	for _, part := range []struct {
		key  string
		read func() error
	}{
		{"dimension", d.readDimensions},
		{"role", d.readRole},
		{"value", d.readValue},
		{"status", d.readStatus},
		{"extension", d.readExtension},
	} {
		pos, ok := d.later[part.key]
		if !ok {
			continue
		}
		if part.key == "status" && !d.haveValue {
			break
		}
		if err := d.again(pos, part.key, part.read); err != nil {
			return err
		}
	}
	if !d.haveValue {
		return d.errorAt(start, "there is no member value")
	}
	return nil
}

func (d *decoder) version() error {
	d.space()
	at := d.pos
	v, err := d.text()
	if err == nil && !strings.HasPrefix(v, "2.") && !strings.HasPrefix(v, "1.") {
		err = d.errorAt(at, "version %q of JSON-stat is unknown; 2.0 was expected", v)
	}
	return err
}

func (d *decoder) class() error {
	d.space()
	at := d.pos
	c, err := d.text()
	if err == nil && c != "dataset" {
		err = d.errorAt(at, "class %q holds no figures; class dataset was expected", c)
	}
	return err
}

// unwrap reads the dataset of a JSON-stat 1 response, {"dataset": {…}}.
func (d *decoder) unwrap() error {
	if d.wrapped || d.haveID || d.next() != '{' {
		return d.keep(&d.out.Extra, "dataset")
	}
	if len(d.later) > 0 {
		return d.errorAt(d.pos, "a dataset inside a dataset")
	}
	d.wrapped = true
	start := d.pos
	if err := d.object(d.member); err != nil {
		return err
	}
	return d.finish(start)
}

// shapeInDimension reads id, size and role where JSON-stat 1 had them.
func (d *decoder) shapeInDimension() error {
	return d.again(d.later["dimension"], "dimension", func() error {
		return d.object(func(key string) error {
			switch {
			case key == "id" && d.next() == '[':
				return d.readIDs()
			case key == "size" && d.next() == '[':
				return d.readSizes()
			}
			_, err := d.skip()
			return err
		})
	})
}

func (d *decoder) readIDs() error {
	d.haveID = true
	return d.array(func(int) error {
		d.space()
		at := d.pos
		id, err := d.text()
		if err == nil && slices.Contains(d.ids, id) {
			err = d.errorAt(at, "dimension %q comes twice", id)
		}
		d.ids = append(d.ids, id)
		return err
	})
}

func (d *decoder) readSizes() error {
	d.haveSize, d.cells = true, 1
	d.space()
	d.sizeAt = d.pos
	return d.array(func(int) error {
		at := d.pos
		n, err := d.integer(maxProduct)
		if err != nil {
			return err
		}
		if n > 0 && d.cells > maxProduct/n {
			return d.errorAt(at, "the sizes multiply to more than %d cells", maxProduct)
		}
		d.cells *= n
		d.sizes = append(d.sizes, n)
		return nil
	})
}

// tooMany is the error of a body with more cells than Options allow.
func (d *decoder) tooMany() error {
	d.path = append(d.path[:d.baseDepth()], step{"size", -1})
	return d.errorAt(d.sizeAt, "%d cells; at most %d are accepted", d.cells, d.max)
}

func (d *decoder) baseDepth() int {
	if d.wrapped {
		return 1
	}
	return 0
}

// readValue reads the figures. An empty array although there are cells is how
// PxWeb describes a table without giving its figures.
func (d *decoder) readValue() error {
	d.haveValue = true
	out := d.out
	switch d.next() {
	case '[':
		if d.emptyArray() {
			out.Metadata = d.cells > 0
			return nil
		}
		if d.cells > d.max {
			return d.tooMany()
		}
		return d.dense()
	case '{':
		if d.cells > d.max {
			return d.tooMany()
		}
		return d.sparse()
	default:
		return d.unexpected("the figures, an array or an object,")
	}
}

// emptyArray passes [] and reports whether it stood there.
func (d *decoder) emptyArray() bool {
	back := d.pos
	d.pos++
	if d.next() == ']' {
		d.pos++
		return true
	}
	d.pos = back
	return false
}

// dense is the column scanner: one number or null after the other, without a
// value of its own for each.
func (d *decoder) dense() error {
	// Two bytes a cell is the least a body can use, so a wrong size allocates no
	// more than a multiple of the body.
	values := make([]float64, 0, min(d.cells, (len(d.b)-d.pos)/2+1))
	missing := NewBitmap(d.cells)
	d.pos++
	d.path = append(d.path, step{index: 0})
	here := &d.path[len(d.path)-1]
	for i := 0; ; i++ {
		here.index = i
		c := d.next()
		if i == d.cells {
			return d.errorAt(d.pos, "more than the %d values that the sizes %v multiply to", d.cells, d.sizes)
		}
		switch {
		case c == 'n' && d.literal("null"):
			missing.Set(i)
			values = append(values, 0)
		default:
			v, err := d.number()
			if err != nil {
				return err
			}
			values = append(values, v)
		}
		if d.next() != ',' {
			break
		}
		d.pos++
	}
	d.path = d.path[:len(d.path)-1]
	if d.next() != ']' {
		return d.unexpected("a comma or the end of the array")
	}
	if len(values) < d.cells {
		return d.errorAt(d.pos, "%d values; the sizes %v multiply to %d", len(values), d.sizes, d.cells)
	}
	d.pos++
	d.out.Values, d.out.Missing = values, missing
	return nil
}

// sparse reads {"17": 3.2}: what is not there is missing.
func (d *decoder) sparse() error {
	if d.cells == 0 {
		return d.cellObject(0, nil)
	}
	values, missing := make([]float64, d.cells), NewBitmap(d.cells)
	for i := range d.cells {
		missing.Set(i)
	}
	err := d.cellObject(d.cells, func(i int) error {
		if d.null() {
			return nil
		}
		v, err := d.number()
		if err != nil {
			return err
		}
		values[i] = v
		missing[i>>6] &^= 1 << (i & 63)
		return nil
	})
	d.out.Values, d.out.Missing = values, missing
	return err
}

// readStatus reads the status of the cells: by position, for each in turn, or
// one for all.
func (d *decoder) readStatus() error {
	out := d.out
	symbols := symbolTable{}
	set := func(i int) error {
		if d.null() {
			return nil
		}
		d.space()
		at := d.pos
		t, err := d.text()
		if err != nil || t == "" {
			return err
		}
		if out.Metadata {
			return d.errorAt(at, "a status where there are no figures")
		}
		k, ok := symbols.index(out, t)
		if !ok {
			return d.errorAt(at, "more than %d different statuses", maxSymbols-1)
		}
		if out.Status == nil {
			out.Status = make([]uint8, d.cells)
		}
		out.Status[i] = k
		return nil
	}
	switch c := d.next(); {
	case d.null():
		return nil
	case c == '{' && out.Metadata:
		return d.cellObject(0, set)
	case c == '{':
		return d.cellObject(d.cells, set)
	case c == '[':
		return d.statusArray(set)
	case c == '"':
		return d.statusForAll(set)
	default:
		return d.unexpected("the statuses, an object, an array or a string,")
	}
}

// statusArray reads a status for each cell. An empty array says nothing.
func (d *decoder) statusArray(set func(int) error) error {
	start, n := d.pos, 0
	err := d.array(func(i int) error {
		if i >= d.cells {
			return d.errorAt(d.pos, "more than the %d statuses that the sizes %v multiply to", d.cells, d.sizes)
		}
		n++
		return set(i)
	})
	if err == nil && n != d.cells && n != 0 {
		err = d.errorAt(start, "%d statuses; the sizes %v multiply to %d", n, d.sizes, d.cells)
	}
	return err
}

// statusForAll gives one status to every cell.
func (d *decoder) statusForAll(set func(int) error) error {
	if d.cells == 0 {
		_, err := d.text()
		return err
	}
	if err := set(0); err != nil || d.out.Status == nil {
		return err
	}
	for i := range d.out.Status {
		d.out.Status[i] = d.out.Status[0]
	}
	return nil
}

// symbolTable finds the position of a symbol in Dataset.Symbols.
type symbolTable map[string]uint8

func (t symbolTable) index(out *Dataset, symbol string) (uint8, bool) {
	if k, ok := t[symbol]; ok {
		return k, true
	}
	if out.Symbols == nil {
		out.Symbols = []string{""}
	}
	if len(out.Symbols) == maxSymbols {
		return 0, false
	}
	k := uint8(len(out.Symbols))
	out.Symbols = append(out.Symbols, symbol)
	t[symbol] = k
	return k, true
}

// readRole reads which dimensions are time, place and measure.
func (d *decoder) readRole() error {
	if d.null() {
		return nil
	}
	r := &d.out.Role
	return d.object(func(key string) (err error) {
		switch key {
		case "time":
			r.Time, err = d.dimensionNames()
		case "geo":
			r.Geo, err = d.dimensionNames()
		case "metric":
			r.Metric, err = d.dimensionNames()
		default:
			_, err = d.skip()
		}
		return err
	})
}

func (d *decoder) dimensionNames() (out []string, err error) {
	if d.null() {
		return nil, nil
	}
	err = d.array(func(int) error {
		at := d.pos
		id, err := d.text()
		if err == nil && !slices.Contains(d.ids, id) {
			err = d.errorAt(at, "%q is not a dimension; there are %s", id, strings.Join(d.ids, ", "))
		}
		out = append(out, id)
		return err
	})
	return out, err
}

// keep stores a member that is not interpreted.
func (d *decoder) keep(to *map[string]json.RawMessage, key string) error {
	raw, err := d.skip()
	if err != nil {
		return err
	}
	if *to == nil {
		*to = map[string]json.RawMessage{}
	}
	(*to)[key] = bytes.Clone(raw)
	return nil
}

func (s *scanner) optionalText() (string, error) {
	if s.null() {
		return "", nil
	}
	return s.text()
}

func (s *scanner) optionalTexts() ([]string, error) {
	if s.null() {
		return nil, nil
	}
	return s.texts()
}

func (s *scanner) optionalBool() (*bool, error) {
	if s.null() {
		return nil, nil
	}
	b, err := s.boolean()
	return &b, err
}
