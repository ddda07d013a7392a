package jsonstat

import "slices"

// readExtension reads PxWeb's members of the dataset's extension.
func (d *decoder) readExtension() error {
	if d.null() {
		return nil
	}
	out := d.out
	return d.object(func(key string) (err error) {
		switch key {
		case "px":
			return d.readPX(&out.PX)
		case "noteMandatory":
			out.NoteMandatory, err = d.readMandatory(len(out.Notes))
		case "discontinued":
			out.Discontinued, err = d.optionalBool()
		default:
			err = d.keep(&out.Extension, key)
		}
		return err
	})
}

func (d *decoder) readPX(px *PX) error {
	if d.null() {
		return nil
	}
	return d.object(func(key string) (err error) {
		switch key {
		case "tableid":
			px.TableID, err = d.optionalText()
		case "matrix":
			px.Matrix, err = d.optionalText()
		case "language":
			px.Language, err = d.optionalText()
		case "subject-code":
			px.SubjectCode, err = d.optionalText()
		case "subject-area":
			px.SubjectArea, err = d.optionalText()
		case "contents":
			px.Contents, err = d.optionalText()
		case "nextUpdate":
			px.NextUpdate, err = d.optionalText()
		case "heading":
			px.Heading, err = d.optionalTexts()
		case "stub":
			px.Stub, err = d.optionalTexts()
		case "decimals":
			px.Decimals, err = d.optionalInteger(maxDecimals)
		case "official-statistics":
			px.Official, err = d.optionalBool()
		case "aggregallowed":
			px.AggregAllowed, err = d.optionalBool()
		default:
			err = d.keep(&px.Extra, key)
		}
		return err
	})
}

// readDimensionExtension reads PxWeb's members of a dimension's extension.
func (d *decoder) readDimensionExtension(dim *Dimension) error {
	if d.null() {
		return nil
	}
	return d.object(func(key string) (err error) {
		switch key {
		case "elimination":
			dim.Elimination, err = d.optionalBool()
		case "eliminationValueCode":
			dim.EliminationCode, err = d.optionalText()
		case "noteMandatory":
			dim.NoteMandatory, err = d.readMandatory(len(dim.Notes))
		case "refperiod":
			dim.RefPeriod, err = d.readRefPeriod()
		case "codelists", "codeLists":
			dim.Codelists, err = d.readCodelists()
		default:
			err = d.keep(&dim.Extension, key)
		}
		return err
	})
}

// readMandatory reads {"1": true}: note 1 must be shown with every figure. A
// note that must be shown and is not there is an error, not a thing to forget.
func (d *decoder) readMandatory(notes int) ([]int, error) {
	if d.null() {
		return nil, nil
	}
	var out []int
	err := d.object(func(key string) error {
		at := d.pos
		i, ok := position([]byte(key), notes)
		must, err := d.boolean()
		switch {
		case err != nil || !must:
			return err
		case !ok:
			return d.errorAt(at, "note %q must be shown and is not there; there are %d notes, counted from 0", key, notes)
		}
		out = append(out, i)
		return nil
	})
	slices.Sort(out)
	return out, err
}

func (d *decoder) readRefPeriod() (map[string]string, error) {
	if d.null() {
		return nil, nil
	}
	out := map[string]string{}
	err := d.object(func(code string) error {
		t, err := d.optionalText()
		out[code] = t
		return err
	})
	return out, err
}

func (d *decoder) readCodelists() (out []Codelist, err error) {
	if d.null() {
		return nil, nil
	}
	err = d.array(func(int) error {
		var c Codelist
		err := d.object(func(key string) (err error) {
			switch key {
			case "id":
				c.ID, err = d.optionalText()
			case "label":
				c.Label, err = d.optionalText()
			case "type":
				c.Type, err = d.optionalText()
			default:
				_, err = d.skip()
			}
			return err
		})
		out = append(out, c)
		return err
	})
	return out, err
}

func (s *scanner) optionalInteger(max int) (*int, error) {
	if s.null() {
		return nil, nil
	}
	n, err := s.integer(max)
	return &n, err
}
