package jsonstat

import (
	"slices"
	"strings"
)

// readDimensions reads the dimensions, in whatever order they come.
func (d *decoder) readDimensions() error {
	if len(d.sizes) != len(d.ids) {
		d.path = append(d.path[:d.baseDepth()], step{"size", -1})
		return d.errorAt(d.sizeAt, "%d sizes for the %d dimensions of id", len(d.sizes), len(d.ids))
	}
	dims := make([]Dimension, len(d.ids))
	read := make([]bool, len(d.ids))
	d.space()
	start := d.pos
	err := d.object(func(key string) error {
		k := slices.Index(d.ids, key)
		if k < 0 {
			return d.strayDimension(key)
		}
		read[k] = true
		dims[k].ID = key
		return d.readDimension(&dims[k], d.sizes[k])
	})
	if err != nil {
		return err
	}
	if k := slices.Index(read, false); k >= 0 {
		return d.errorAt(start, "dimension %q of id is not described", d.ids[k])
	}
	d.out.Dimensions = dims
	return nil
}

// strayDimension handles a member of dimension that is not in id: the shape
// that JSON-stat 1 put there, else an error.
func (d *decoder) strayDimension(key string) error {
	shape := key == "id" || key == "size"
	switch c := d.next(); {
	case shape && c == '[':
		_, err := d.skip()
		return err
	case key == "role" && c == '{':
		if _, ok := d.later["role"]; !ok {
			return d.readRole()
		}
		_, err := d.skip()
		return err
	default:
		return d.errorAt(d.pos, "this dimension is not in id, which has %s", strings.Join(d.ids, ", "))
	}
}

func (d *decoder) readDimension(dim *Dimension, n int) error {
	category, described := 0, false
	extension, extended := 0, false
	start := d.pos
	err := d.object(func(key string) (err error) {
		switch key {
		case "label":
			dim.Label, err = d.optionalText()
		case "note":
			dim.Notes, err = d.optionalTexts()
		case "class":
			_, err = d.skip()
		case "category":
			category, described = d.pos, true
			_, err = d.skip()
		case "extension":
			extension, extended = d.pos, true
			_, err = d.skip()
		default:
			err = d.keep(&dim.Extra, key)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !described {
		return d.errorAt(start, "the dimension has no category")
	}
	if err := d.again(category, "category", func() error { return d.readCategory(dim, n) }); err != nil {
		return err
	}
	if !extended {
		return nil
	}
	return d.again(extension, "extension", func() error { return d.readDimensionExtension(dim) })
}

// readCategory reads the codes first, then what is said about them.
func (d *decoder) readCategory(dim *Dimension, n int) error {
	d.space()
	start := d.pos
	at := map[string]int{}
	err := d.object(func(key string) error {
		switch key {
		case "index", "label", "unit", "note":
			at[key] = d.pos
			_, err := d.skip()
			return err
		default:
			return d.keep(&dim.Category, key)
		}
	})
	if err != nil {
		return err
	}
	// Three bytes are the least a category takes in a body.
	if n > len(d.b)/3+1 {
		return d.errorAt(start, "size says %d categories, more than the body can hold", n)
	}
	dim.Codes = []string{}
	index, indexed := at["index"]
	_, labelled := at["label"]
	switch {
	case indexed:
		err = d.again(index, "index", func() error { return d.readIndex(dim, n) })
	case n == 1 && labelled:
		err = d.again(at["label"], "label", func() error { return d.onlyCode(dim) })
	case n > 0:
		err = d.errorAt(start, "there is no index and size says %d categories; only a dimension of one can be without, and then has a label", n)
	}
	if err != nil {
		return err
	}
	return d.describeCategories(dim, at)
}

func (d *decoder) describeCategories(dim *Dimension, at map[string]int) error {
	positions := make(map[string]int, len(dim.Codes))
	for i, c := range dim.Codes {
		positions[c] = i
	}
	dim.Labels = slices.Clone(dim.Codes)
	for _, part := range []struct {
		key  string
		read func() error
	}{
		{"label", func() error { return d.readLabels(dim, positions) }},
		{"unit", func() error { return d.readUnits(dim, positions) }},
		{"note", func() error { return d.readCategoryNotes(dim, positions) }},
	} {
		pos, ok := at[part.key]
		if !ok {
			continue
		}
		if err := d.again(pos, part.key, part.read); err != nil {
			return err
		}
	}
	return nil
}

// readIndex reads the codes in order, from an object code → position or an
// array of codes.
func (d *decoder) readIndex(dim *Dimension, n int) error {
	switch d.next() {
	case '{':
		return d.indexObject(dim, n)
	case '[':
		return d.indexArray(dim, n)
	default:
		return d.unexpected("the codes, an object or an array,")
	}
}

func (d *decoder) indexObject(dim *Dimension, n int) error {
	codes, taken, found := make([]string, n), make([]bool, n), 0
	start := d.pos
	err := d.object(func(code string) error {
		d.space()
		at := d.pos
		i, err := d.integer(maxProduct)
		switch {
		case err != nil:
			return err
		case i >= n:
			return d.errorAt(at, "position %d; size says %d categories", i, n)
		case taken[i]:
			return d.errorAt(at, "position %d is taken by %q", i, codes[i])
		}
		codes[i], taken[i] = code, true
		found++
		return nil
	})
	if err != nil {
		return err
	}
	if found != n {
		return d.errorAt(start, "%d codes; size says %d, and position %d has none", found, n, slices.Index(taken, false))
	}
	dim.Codes = codes
	return nil
}

func (d *decoder) indexArray(dim *Dimension, n int) error {
	codes, seen := make([]string, 0, n), make(map[string]bool, n)
	start := d.pos
	err := d.array(func(i int) error {
		at := d.pos
		code, err := d.text()
		switch {
		case err != nil:
			return err
		case i >= n:
			return d.errorAt(at, "more than the %d categories that size says", n)
		case seen[code]:
			return d.errorAt(at, "code %q comes twice", code)
		}
		seen[code] = true
		codes = append(codes, code)
		return nil
	})
	if err != nil {
		return err
	}
	if len(codes) != n {
		return d.errorAt(start, "%d codes; size says %d", len(codes), n)
	}
	dim.Codes = codes
	return nil
}

// onlyCode takes the code of a dimension of one category from its label.
func (d *decoder) onlyCode(dim *Dimension) error {
	start := d.pos
	err := d.object(func(code string) error {
		dim.Codes = append(dim.Codes, code)
		_, err := d.skip()
		return err
	})
	if err == nil && len(dim.Codes) != 1 {
		err = d.errorAt(start, "%d labels and no index; size says 1 category", len(dim.Codes))
	}
	return err
}

// readLabels reads the labels. One for a code that is not in the index would
// mean that the index has lost a category.
func (d *decoder) readLabels(dim *Dimension, positions map[string]int) error {
	return d.object(func(code string) error {
		i, ok := positions[code]
		if !ok {
			return d.errorAt(d.pos, "a label for code %q, which is not in the index", code)
		}
		t, err := d.text()
		dim.Labels[i] = t
		return err
	})
}

// readUnits reads the units. Those of codes outside the extract are passed.
func (d *decoder) readUnits(dim *Dimension, positions map[string]int) error {
	dim.Units = make([]Unit, len(dim.Codes))
	for i := range dim.Units {
		dim.Units[i] = NoUnit
	}
	return d.object(func(code string) error {
		u := NoUnit
		err := d.object(func(key string) (err error) {
			if d.null() {
				return nil
			}
			switch key {
			case "base":
				u.Base, err = d.text()
			case "label":
				u.Label, err = d.text()
			case "symbol":
				u.Symbol, err = d.text()
			case "position":
				u.Position, err = d.text()
			case "decimals":
				u.Decimals, err = d.integer(maxDecimals)
			case "multiplier":
				u.Multiplier, err = d.integer(maxDecimals)
			default:
				_, err = d.skip()
			}
			return err
		})
		if i, ok := positions[code]; ok {
			dim.Units[i] = u
		}
		return err
	})
}

// maxDecimals bounds the decimals and the multiplier of a unit: a float64 has
// no more than 308 of either.
const maxDecimals = 308

// readCategoryNotes reads notes by code. Those of codes outside the extract are
// passed.
func (d *decoder) readCategoryNotes(dim *Dimension, positions map[string]int) error {
	dim.CategoryNotes = make([][]string, len(dim.Codes))
	return d.object(func(code string) error {
		notes, err := d.optionalTexts()
		if i, ok := positions[code]; ok {
			dim.CategoryNotes[i] = notes
		}
		return err
	})
}
