package jsonstat

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"
)

// Dataset is one JSON-stat dataset.
type Dataset struct {
	Label  string
	Source string
	// Updated is the publisher's time stamp as it stands; it is a version key
	// and not always a possible date (see UpdatedTime).
	Updated string
	Href    string
	Notes   []string
	// NoteMandatory holds, ascending, the positions in Notes that must be shown
	// with every figure.
	NoteMandatory []int
	Role          Role
	Dimensions    []Dimension

	// Metadata is a body that describes a table without its figures: no cell
	// columns, although the product of the sizes is not 0.
	Metadata bool
	// Values has one number for each cell, row-major, 0 where it is missing.
	Values []float64
	// Missing has a bit for each cell that has no number.
	Missing Bitmap
	// Status has for each cell a position in Symbols; nil when no cell has one.
	Status []uint8
	// Symbols are the status symbols that occur; the first is always "", none.
	Symbols []string

	PX PX
	// Discontinued is whether the publisher has closed the table; nil when it
	// does not say.
	Discontinued *bool
	// Extension and Extra are members of extension and of the dataset that this
	// package does not interpret, as they stand. SSB's contact, names of its
	// staff, is one of them: see WithoutContacts.
	Extension map[string]json.RawMessage
	Extra     map[string]json.RawMessage
}

// Role names the dimensions of time, place and measure.
type Role struct{ Time, Geo, Metric []string }

// Dimension is one axis.
type Dimension struct {
	ID, Label string
	// Codes and Labels are the categories in order.
	Codes, Labels []string
	// Units has one unit for each category, or is nil.
	Units []Unit
	Notes []string
	// NoteMandatory holds, ascending, the positions in Notes to be shown always.
	NoteMandatory []int
	// CategoryNotes has the notes of each category, or is nil.
	CategoryNotes [][]string

	// Elimination is whether the dimension may be left out of a request, when a
	// total is returned; nil when not said. Only a metadata body says it
	// reliably. EliminationCode is the code of that total, where given.
	Elimination     *bool
	EliminationCode string
	// RefPeriod says, by code, what day or period a figure refers to.
	RefPeriod map[string]string
	// Codelists are the code lists that can be asked for (metadata bodies).
	Codelists []Codelist
	// Extension, Category and Extra are members of extension, category and the
	// dimension that this package does not interpret, as they stand.
	Extension, Category, Extra map[string]json.RawMessage
}

// Codelist names a code list of a dimension; Type is Aggregation or Valueset.
type Codelist struct{ ID, Label, Type string }

// Unit is the unit of a category. Decimals is -1 when not said.
type Unit struct {
	Base, Label, Symbol, Position string
	Decimals                      int
	// Multiplier says that figures are in units of 10 to this power; 0 when not
	// said.
	Multiplier int
}

// NoUnit is the unit of a category that states none.
var NoUnit = Unit{Decimals: -1}

// PX is what PxWeb says of the table in extension.px.
type PX struct {
	TableID, Matrix, Language, SubjectCode, SubjectArea, Contents, NextUpdate string
	Heading, Stub                                                             []string
	// Decimals, Official (official statistics) and AggregAllowed are nil when
	// not said. Where AggregAllowed is false, figures must never be summed: the
	// server does not stop anyone.
	Decimals                *int
	Official, AggregAllowed *bool
	Extra                   map[string]json.RawMessage
}

// Bitmap is a set of cells.
type Bitmap []uint64

// NewBitmap returns an empty set with room for n cells.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)/64) }

// Has reports whether cell i is in the set.
func (m Bitmap) Has(i int) bool { return m[i>>6]>>(i&63)&1 == 1 }

// Set puts cell i in the set.
func (m Bitmap) Set(i int) { m[i>>6] |= 1 << (i & 63) }

// Len is the number of cells that are held; 0 for metadata.
func (d *Dataset) Len() int { return len(d.Values) }

// Dimension returns the dimension of the given id, or nil.
func (d *Dataset) Dimension(id string) *Dimension {
	for i := range d.Dimensions {
		if d.Dimensions[i].ID == id {
			return &d.Dimensions[i]
		}
	}
	return nil
}

// Position returns the position of a code in the dimension, or -1.
func (d *Dimension) Position(code string) int {
	for i, c := range d.Codes {
		if c == code {
			return i
		}
	}
	return -1
}

// UpdatedTime is Updated as a time; ok is false where it is not one, or lies
// before there were such tables (SSB has "0003-10-13").
func (d *Dataset) UpdatedTime() (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339, d.Updated)
	if err != nil || t.Year() < 1980 {
		return time.Time{}, false
	}
	return t, true
}

// Value returns the number of a cell; ok is false where it is missing.
func (d *Dataset) Value(i int) (v float64, ok bool) {
	return d.Values[i], !d.Missing.Has(i)
}

// Symbol returns the status symbol of a cell, "" for none.
func (d *Dataset) Symbol(i int) string {
	if d.Status == nil {
		return ""
	}
	return d.Symbols[d.Status[i]]
}

// Strides returns how far apart neighbours along each dimension are.
func (d *Dataset) Strides() []int {
	out := make([]int, len(d.Dimensions))
	stride := 1
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = stride
		stride *= len(d.Dimensions[i].Codes)
	}
	return out
}

// Cell is one cell in turn.
type Cell struct {
	// Codes are the positions in the dimensions. The slice is reused: copy it to
	// keep it.
	Codes []int
	Value float64
	// Missing cells have no number; Value is then 0.
	Missing bool
	// Status is a position in Symbols.
	Status uint8
}

// Cells goes through the cells in order, the last dimension fastest. It
// allocates once.
func (d *Dataset) Cells() iter.Seq2[int, Cell] {
	return func(yield func(int, Cell) bool) {
		codes := make([]int, len(d.Dimensions))
		for i, v := range d.Values {
			c := Cell{Codes: codes, Value: v, Missing: d.Missing.Has(i)}
			if d.Status != nil {
				c.Status = d.Status[i]
			}
			if !yield(i, c) {
				return
			}
			for k := len(codes) - 1; k >= 0; k-- {
				if codes[k]++; codes[k] < len(d.Dimensions[k].Codes) {
					break
				}
				codes[k] = 0
			}
		}
	}
}

// WithoutContacts returns the dataset without the names, telephone numbers and
// addresses of the publisher's staff, which are not for republishing. The
// original keeps them; all else is shared.
func (d *Dataset) WithoutContacts() *Dataset {
	out := *d
	out.Extension = maps.Clone(d.Extension)
	for _, key := range []string{"contact", "contacts"} {
		delete(out.Extension, key)
	}
	if len(out.Extension) == 0 {
		out.Extension = nil
	}
	return &out
}

// Validate reports the first thing that keeps the dataset from being one: it
// holds for everything Decode returns, and Encode asks for it.
func (d *Dataset) Validate() error {
	cells, err := d.validateShape()
	switch {
	case err != nil:
		return err
	case d.Metadata && (len(d.Values) > 0 || len(d.Status) > 0):
		return fmt.Errorf("jsonstat: metadata holds figures")
	case d.Metadata && cells == 0:
		return fmt.Errorf("jsonstat: metadata of a table without cells")
	case d.Metadata:
		return nil
	case len(d.Values) != cells:
		return fmt.Errorf("jsonstat: %d values for %d cells", len(d.Values), cells)
	case len(d.Missing) != len(NewBitmap(cells)):
		return fmt.Errorf("jsonstat: the bitmap of missing cells has %d words for %d cells", len(d.Missing), cells)
	case d.Status != nil && len(d.Status) != cells:
		return fmt.Errorf("jsonstat: %d statuses for %d cells", len(d.Status), cells)
	case len(d.Symbols) > 0 && d.Symbols[0] != "":
		return fmt.Errorf("jsonstat: the first symbol is %q; it must be empty", d.Symbols[0])
	}
	return d.validateCells()
}

// validateShape checks dimensions, roles and notes and returns the number of
// cells.
func (d *Dataset) validateShape() (cells int, err error) {
	cells = 1
	ids := make(map[string]bool, len(d.Dimensions))
	for i := range d.Dimensions {
		dim := &d.Dimensions[i]
		if ids[dim.ID] {
			return 0, fmt.Errorf("jsonstat: dimension %q comes twice", dim.ID)
		}
		ids[dim.ID] = true
		if err := dim.validate(); err != nil {
			return 0, err
		}
		n := len(dim.Codes)
		if n > 0 && cells > maxProduct/n {
			return 0, fmt.Errorf("jsonstat: more than %d cells", maxProduct)
		}
		cells *= n
	}
	for _, id := range slices.Concat(d.Role.Time, d.Role.Geo, d.Role.Metric) {
		if !ids[id] {
			return 0, fmt.Errorf("jsonstat: role names %q, which is not a dimension", id)
		}
	}
	return cells, validateMandatory("the dataset", d.NoteMandatory, len(d.Notes))
}

func (d *Dimension) validate() error {
	n := len(d.Codes)
	if len(d.Labels) != n || d.Units != nil && len(d.Units) != n || d.CategoryNotes != nil && len(d.CategoryNotes) != n {
		return fmt.Errorf("jsonstat: dimension %s has %d codes, %d labels, %d units, %d category notes; they must be as many", d.ID, n, len(d.Labels), len(d.Units), len(d.CategoryNotes))
	}
	codes := make(map[string]bool, n)
	for _, c := range d.Codes {
		if codes[c] {
			return fmt.Errorf("jsonstat: dimension %s has code %q twice", d.ID, c)
		}
		codes[c] = true
	}
	for i, u := range d.Units {
		if u.Decimals < -1 || u.Decimals > maxDecimals || u.Multiplier < 0 || u.Multiplier > maxDecimals {
			return fmt.Errorf("jsonstat: dimension %s, unit of %s: %d decimals, multiplier %d; decimals are -1 to %d, a multiplier 0 to %d", d.ID, d.Codes[i], u.Decimals, u.Multiplier, maxDecimals, maxDecimals)
		}
	}
	return validateMandatory("dimension "+d.ID, d.NoteMandatory, len(d.Notes))
}

func validateMandatory(where string, must []int, notes int) error {
	for k, i := range must {
		if i < 0 || i >= notes || k > 0 && must[k-1] >= i {
			return fmt.Errorf("jsonstat: %s: mandatory notes %v of %d; they must be ascending positions", where, must, notes)
		}
	}
	return nil
}

func (d *Dataset) validateCells() error {
	for i, v := range d.Values {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			return fmt.Errorf("jsonstat: cell %d is not a finite number", i)
		case v != 0 && d.Missing.Has(i):
			return fmt.Errorf("jsonstat: cell %d is missing and has a number", i)
		case d.Status != nil && int(d.Status[i]) >= len(d.Symbols):
			return fmt.Errorf("jsonstat: cell %d has status %d of %d symbols", i, d.Status[i], len(d.Symbols))
		}
	}
	return nil
}
