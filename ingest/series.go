package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// cube is a decoded table as series are read from it: dimensions with their
// codes and labels, and cells in row-major order, the last dimension fastest.
type cube struct {
	ids    []string
	codes  [][]string
	labels [][]string
	value  func(cell int) (float64, data.Status, error)
}

// axis is a dimension's position and stride.
type axis struct{ pos, stride, size int }

func (c *cube) axis(id string) (axis, bool) {
	i := slices.IndexFunc(c.ids, func(x string) bool { return strings.EqualFold(x, id) })
	if i < 0 {
		return axis{}, false
	}
	stride := 1
	for k := i + 1; k < len(c.ids); k++ {
		stride *= len(c.codes[k])
	}
	return axis{i, stride, len(c.codes[i])}, true
}

// readSeries reads every series of the plan from a table. region maps the table's
// region codes to municipality codes; codes it does not have are pseudo-regions
// and left out. A cell summed from several is missing if any of them is. A
// dimension or code of the plan that the table lacks is an EINVALID error.
func readSeries(plan *catalogue.Table, c *cube, region map[string]string) ([]data.Fact, error) {
	tim, ok := c.axis(plan.Time)
	if !ok {
		return nil, drift(plan, "no time dimension %s; it has %v", plan.Time, c.ids)
	}
	if plan.Region == nil {
		return nil, data.Errorf(data.EINVALID, "table %s has no municipalities: tables/%s.yaml names no region dimension", plan.ID, plan.ID)
	}
	reg, ok := c.axis(plan.Region.Dimension)
	if !ok {
		return nil, drift(plan, "no region dimension %s; it has %v", plan.Region.Dimension, c.ids)
	}
	periods := make([]data.Period, tim.size)
	for i, code := range c.codes[tim.pos] {
		p, err := data.ParsePeriod(code)
		if err != nil {
			return nil, drift(plan, "%v", err)
		}
		periods[i] = p
	}
	var out []data.Fact
	for _, name := range plan.SeriesNames() {
		members, err := expand(plan, c, name)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			for r, listCode := range c.codes[reg.pos] {
				code, ok := region[listCode]
				if !ok {
					continue
				}
				for t, p := range periods {
					v, status, err := sum(c, m.offsets, r*reg.stride+t*tim.stride)
					if err != nil {
						return nil, fmt.Errorf("table %s, series %s, region %s, %s: %w", plan.ID, m.name, code, p, err)
					}
					out = append(out, data.Fact{Table: plan.ID, Series: m.name, Region: code, Period: p, Value: v, Status: status})
				}
			}
		}
	}
	return out, nil
}

func drift(plan *catalogue.Table, format string, args ...any) error {
	return data.Errorf(data.EINVALID, "table %s is not as the plan (tables/%s.yaml) has it: %s", plan.ID, plan.ID, fmt.Sprintf(format, args...))
}

// member is one series with the cell offsets that are summed for it.
type member struct {
	name    string
	offsets []int
}

// expand turns a series' selection into offsets: one member, or one for each
// code of the dimension that is selected with *.
func expand(plan *catalogue.Table, c *cube, name string) ([]member, error) {
	members := []member{{name, []int{0}}}
	sel := plan.Series[name]
	// Dimensions in the table's order, so that names and sums do not depend on
	// the order of a map.
	for k, id := range c.ids {
		if id == plan.Time || strings.EqualFold(id, plan.Region.Dimension) {
			continue
		}
		codes, ok := sel[id]
		if !ok {
			return nil, drift(plan, "series %s selects nothing from dimension %s", name, id)
		}
		ax, _ := c.axis(id)
		if codes.All() {
			var next []member
			for _, m := range members {
				for i, code := range c.codes[k] {
					next = append(next, member{m.name + "/" + code, shift(m.offsets, i*ax.stride)})
				}
			}
			members = next
			continue
		}
		at, err := positions(plan, c, k, codes)
		if err != nil {
			return nil, err
		}
		for i, m := range members {
			var offsets []int
			for _, p := range at {
				offsets = append(offsets, shift(m.offsets, p*ax.stride)...)
			}
			members[i].offsets = offsets
		}
	}
	for id := range sel {
		if _, ok := c.axis(id); !ok {
			return nil, drift(plan, "series %s selects from dimension %s, which it does not have; it has %v", name, id, c.ids)
		}
	}
	return members, nil
}

func shift(offsets []int, by int) []int {
	out := make([]int, len(offsets))
	for i, o := range offsets {
		out[i] = o + by
	}
	return out
}

func positions(plan *catalogue.Table, c *cube, k int, codes catalogue.Codes) ([]int, error) {
	out := make([]int, len(codes))
	for i, code := range codes {
		list := c.codes[k]
		if label, ok := strings.CutPrefix(code, catalogue.LabelPrefix); ok {
			code, list = label, c.labels[k]
		}
		p := slices.IndexFunc(list, func(x string) bool { return strings.EqualFold(x, code) })
		if p < 0 {
			return nil, drift(plan, "dimension %s has no %q", c.ids[k], code)
		}
		out[i] = p
	}
	return out, nil
}

func sum(c *cube, offsets []int, base int) (float64, data.Status, error) {
	total, status := 0.0, data.OK
	for _, o := range offsets {
		v, s, err := c.value(base + o)
		if err != nil {
			return 0, status, err
		}
		total += v
		status = status.Worst(s)
	}
	if status.Missing() {
		return 0, status, nil
	}
	return total, status, nil
}
