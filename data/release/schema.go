package release

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/bygdevekst/bygdevekst/data/cube"
)

// schemaVersion is raised when a table's layout changes; a release of another
// version is rebuilt from the archive, never migrated.
const schemaVersion = 2

// table is one row type of cube.Content, as a DuckDB table: dimension columns
// become integer codes in fact_<name>, and a view <name> puts the texts back.
type table struct {
	name    string
	field   int
	row     reflect.Type
	columns []column
	keys    []int // column positions in key order
}

type column struct {
	name string
	typ  string // DuckDB type of the view's column
	dim  string // dimension table, or ""
	hash bool
}

var tables = makeTables()

func makeTables() []table {
	ct := reflect.TypeFor[cube.Content]()
	out := make([]table, ct.NumField())
	for i := range out {
		f := ct.Field(i)
		name := f.Tag.Get("table")
		if name == "" {
			name = snake(f.Name)
		}
		out[i] = makeTable(name, i, f.Type.Elem())
	}
	return out
}

func makeTable(name string, field int, row reflect.Type) table {
	t := table{name: name, field: field, row: row}
	type key struct{ rank, col int }
	var keys []key
	for i := range row.NumField() {
		f := row.Field(i)
		c := column{name: snake(f.Name), dim: f.Tag.Get("dim"), hash: f.Tag.Get("hash") != "-"}
		switch f.Type.Kind() {
		case reflect.Float64:
			c.typ = "DOUBLE"
		case reflect.Int32:
			c.typ = "INTEGER"
		case reflect.Bool:
			c.typ = "BOOLEAN"
		case reflect.String:
			c.typ = "VARCHAR"
		default:
			panic("release: unsupported column type " + f.Type.String())
		}
		t.columns = append(t.columns, c)
		if k := f.Tag.Get("key"); k != "" {
			rank, err := strconv.Atoi(k)
			if err != nil {
				panic("release: bad key tag on " + f.Name)
			}
			keys = append(keys, key{rank, i})
		}
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Compare(a.rank, b.rank) })
	for _, k := range keys {
		t.keys = append(t.keys, k.col)
	}
	return t
}

func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func (t table) createSQL() string {
	cols := make([]string, len(t.columns))
	for i, c := range t.columns {
		typ := c.typ
		if c.dim != "" {
			typ = "INTEGER"
		}
		cols[i] = quote(c.stored()) + " " + typ
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", quote("fact_"+t.name), strings.Join(cols, ", "))
}

func (c column) stored() string {
	if c.dim != "" {
		return c.name + "_id"
	}
	return c.name
}

// viewSQL joins the texts back in. A positional join would be faster and wrong
// the day a dimension is written in another order.
func (t table) viewSQL() string {
	cols := make([]string, len(t.columns))
	var joins strings.Builder
	for i, c := range t.columns {
		if c.dim == "" {
			cols[i] = "f." + quote(c.name)
			continue
		}
		d := fmt.Sprintf("d%d", i)
		cols[i] = fmt.Sprintf("%s.code AS %s", d, quote(c.name))
		fmt.Fprintf(&joins, " JOIN %s %s ON %s.id = f.%s", quote("dim_"+c.dim), d, d, quote(c.stored()))
	}
	return fmt.Sprintf("CREATE VIEW %s AS SELECT %s FROM %s f%s", quote(t.name), strings.Join(cols, ", "), quote("fact_"+t.name), joins.String())
}

func (t table) orderBy() string {
	keys := make([]string, len(t.keys))
	for i, k := range t.keys {
		keys[i] = quote(t.columns[k].name)
	}
	return strings.Join(keys, ", ")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// rows returns the table's slice of a content.
func (t table) rows(c *cube.Content) reflect.Value {
	return reflect.ValueOf(c).Elem().Field(t.field)
}

// compare orders two rows by key.
func (t table) compare(a, b reflect.Value) int {
	for _, k := range t.keys {
		x, y := a.Field(k), b.Field(k)
		var c int
		switch x.Kind() {
		case reflect.String:
			c = strings.Compare(x.String(), y.String())
		case reflect.Int32:
			c = cmp.Compare(x.Int(), y.Int())
		case reflect.Float64:
			c = cmp.Compare(x.Float(), y.Float())
		default:
			panic("release: unsupported key type " + x.Kind().String())
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// checkOrder reports the first row that is out of order or a duplicate: one
// value per key is an invariant of every table.
func (t table) checkOrder(c *cube.Content) error {
	rows := t.rows(c)
	for i := 1; i < rows.Len(); i++ {
		if d := t.compare(rows.Index(i-1), rows.Index(i)); d >= 0 {
			what := "duplicate key"
			if d > 0 {
				what = "rows are not in key order"
			}
			return &InvariantError{Name: "one-value-per-key", Detail: fmt.Sprintf("%s: %s at %s", t.name, what, t.describe(rows.Index(i)))}
		}
	}
	return nil
}

func (t table) describe(row reflect.Value) string {
	parts := make([]string, len(t.keys))
	for i, k := range t.keys {
		parts[i] = fmt.Sprintf("%s=%v", t.columns[k].name, row.Field(k).Interface())
	}
	return strings.Join(parts, " ")
}

// contentHash is the SHA-256 over every table in schema order: its name, its
// column names and its rows in key order, each cell length-prefixed, floats as
// their IEEE bits with one bit pattern for missing. It depends on nothing but
// the content, so the Go rows, the DuckDB file and the Parquet files must all
// give the same.
func contentHash(c *cube.Content) string {
	h := sha256.New()
	for _, t := range tables {
		t.hashInto(h, t.rows(c))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (t table) hashInto(h hash.Hash, rows reflect.Value) {
	buf := make([]byte, 0, 1<<16)
	buf = appendText(buf, t.name)
	for _, c := range t.columns {
		if c.hash {
			buf = appendText(buf, c.name)
		}
	}
	buf = binary.LittleEndian.AppendUint64(buf, uint64(rows.Len()))
	for i := range rows.Len() {
		row := rows.Index(i)
		for j, c := range t.columns {
			if c.hash {
				buf = appendCell(buf, row.Field(j))
			}
		}
		if len(buf) > 1<<15 {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	h.Write(buf)
}

func appendCell(buf []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		return appendText(buf, v.String())
	case reflect.Int32:
		return binary.LittleEndian.AppendUint32(buf, uint32(v.Int()))
	case reflect.Bool:
		if v.Bool() {
			return append(buf, 1)
		}
		return append(buf, 0)
	default:
		f := v.Float()
		if math.IsNaN(f) {
			return binary.LittleEndian.AppendUint64(buf, math.MaxUint64)
		}
		if f == 0 {
			f = 0 // One zero: −0 and 0 are the same figure.
		}
		return binary.LittleEndian.AppendUint64(buf, math.Float64bits(f))
	}
}

func appendText(buf []byte, s string) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(s)))
	return append(buf, s...)
}
