package catalogue

import "strings"

// Catalogue is a whole, checked catalogue. It is read-only once loaded and safe
// for concurrent use.
type Catalogue struct {
	Tables      []Table     // By id.
	Indicators  []Indicator // By id.
	Agreements  []Agreement // By wave, then id.
	Efforts     []Effort    // By id.
	Plans       []Plan      // By agreement, year, id.
	Comparisons []Comparison
	Designs     []Design // By id.

	hash string
}

// Hash returns the SHA-256, in hex, of the catalogue's files: every name and
// content, in order of name.
func (c *Catalogue) Hash() string { return c.hash }

// Table returns the table plan with the id, or nil.
func (c *Catalogue) Table(id string) *Table {
	return find(c.Tables, func(t *Table) bool { return t.ID == id })
}

// Sums reports whether the figures of a series of a table may be summed over regions
// and periods; those of a table there is no plan for may not.
func (c *Catalogue) Sums(table, series string) bool {
	t := c.Table(table)
	return t != nil && t.Sums(series)
}

// Indicator returns the indicator with the id, or nil.
func (c *Catalogue) Indicator(id string) *Indicator {
	return find(c.Indicators, func(i *Indicator) bool { return i.ID == id })
}

// Agreement returns the agreement with the id, or nil.
func (c *Catalogue) Agreement(id string) *Agreement {
	return find(c.Agreements, func(a *Agreement) bool { return a.ID == id })
}

// AgreementOf returns the agreement a municipality takes part in, or nil.
func (c *Catalogue) AgreementOf(municipality string) *Agreement {
	return find(c.Agreements, func(a *Agreement) bool {
		for _, m := range a.Municipalities {
			if m.Code == municipality {
				return true
			}
		}
		return false
	})
}

// Goal returns the goal with the address agreement/goal, such as innlandet/1,
// and its agreement; both nil if there is none.
func (c *Catalogue) Goal(address string) (*Agreement, *Goal) {
	id, goal, ok := strings.Cut(address, "/")
	if !ok {
		return nil, nil
	}
	a := c.Agreement(id)
	if a == nil {
		return nil, nil
	}
	g := a.Goal(goal)
	if g == nil {
		return nil, nil
	}
	return a, g
}

// Comparison returns the comparison rule with the id, or nil. The default one
// has the id default.
func (c *Catalogue) Comparison(id string) *Comparison {
	return find(c.Comparisons, func(x *Comparison) bool { return x.ID == id })
}

// Design returns the design that governs an agreement's evaluation: its own, or
// the common one; nil if there is neither.
func (c *Catalogue) Design(agreement string) *Design {
	own := find(c.Designs, func(d *Design) bool { return d.Agreement == agreement })
	if own != nil {
		return own
	}
	return find(c.Designs, func(d *Design) bool { return d.Agreement == "" })
}

// For returns the design as it governs an agreement: a common design gets the
// agreement and all its municipalities as treated.
func (d *Design) For(a *Agreement) *Design {
	if d.Agreement == a.ID {
		return d
	}
	own := *d
	own.Agreement, own.Treated = a.ID, a.Codes()
	return &own
}

// PlansOf returns the plan editions of an agreement, oldest first.
func (c *Catalogue) PlansOf(agreement string) []*Plan {
	var plans []*Plan
	for i := range c.Plans {
		if c.Plans[i].Agreement == agreement {
			plans = append(plans, &c.Plans[i])
		}
	}
	return plans
}

// Pilots returns the codes of all municipalities with an agreement, in order of
// agreement.
func (c *Catalogue) Pilots() []string {
	var codes []string
	for i := range c.Agreements {
		codes = append(codes, c.Agreements[i].Codes()...)
	}
	return codes
}

func find[T any](list []T, match func(*T) bool) *T {
	for i := range list {
		if match(&list[i]) {
			return &list[i]
		}
	}
	return nil
}
