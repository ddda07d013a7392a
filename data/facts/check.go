package facts

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Violation is a broken invariant of the figures. Name is stable and
// documented in docs/release.md.
type Violation struct {
	Name   string
	Detail string
}

// Error names the invariant and the figure that breaks it.
func (v *Violation) Error() string { return "invariant " + v.Name + ": " + v.Detail }

// The invariants Check knows.
const (
	// PopulationAccount is P(t+1) = P(t) + natural increase + net migration + rest, with a bounded rest.
	PopulationAccount = "population-account"
	// PartOfTotal is part ≤ total in the same cell.
	PartOfTotal = "part-of-total"
	// BalanceOfFlows is net = in − out and natural increase = births − deaths.
	BalanceOfFlows = "balance-of-flows"
	// InventedYear is a figure for a period that had not begun when it was fetched.
	InventedYear = "invented-year"
	// NonNegative is a count below zero.
	NonNegative = "non-negative"
)

// parts are the series that can never exceed another of the same table, region
// and period.
var parts = []struct{ table, part, total string }{
	{"07984", "employed_health", "employed"},
	{"07984", "employed_primary", "employed"},
	{"07984", "employed_manufacturing", "employed"},
	{"07984", "employed_public_admin", "employed"},
	{"07984", "employed_education", "employed"},
	{"07984", "workplace_employed_health", "workplace_employed"},
	{"09429", "tertiary_short", "persons_16_plus"},
	{"09429", "tertiary_long", "persons_16_plus"},
	{"folkendrkv", "in_from_abroad", "in_migration"},
	{"folkendrkv", "out_to_abroad", "out_migration"},
}

// balances are the differences that must hold exactly where all three are published.
var balances = []struct{ table, plus, minus, equals string }{
	{"06913", "births", "deaths", "natural_increase"},
	{"06913", "in_migration", "out_migration", "net_migration"},
	{"folkendrkv", "births", "deaths", "natural_increase"},
	{"folkendrkv", "in_migration", "out_migration", "net_migration"},
}

// signed are the series that may be below zero; every other series is a count
// or an amount.
var signed = map[string]bool{"natural_increase": true, "net_migration": true, "growth": true, "net_domestic": true, "net_abroad": true, "rest": true}

// MaxRest is the largest absolute rest of the population account that is let
// through for a municipality of p inhabitants. SSB's rest is corrections of the
// register: the largest in the recorded figures is 17 (Åmot, 1995), and large
// municipalities have a few per thousand. A wrong digit or a border change is
// an order of magnitude more.
func MaxRest(p float64) float64 { return 20 + p/500 }

// Report is what Check found besides violations.
type Report struct {
	// LargestRest is the largest absolute rest of the population account, and
	// LargestRestAt where.
	LargestRest   int
	LargestRestAt string
	// Accounts is how many municipality-years the account was checked for.
	Accounts int
}

// Check verifies the invariants of a set. Projection tables may hold future
// years. All violations found are joined, at most maxErrors of them.
func Check(s *Set, projection func(table string) bool) (Report, error) {
	c := checker{set: s}
	c.account()
	c.parts()
	c.balances()
	c.cells(projection)
	return c.report, errors.Join(c.errs...)
}

type checker struct {
	set    *Set
	report Report
	errs   []error
}

func (c *checker) fail(name, format string, args ...any) {
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, &Violation{Name: name, Detail: fmt.Sprintf(format, args...)})
	}
}

func (c *checker) account() {
	const table = "06913"
	for _, region := range c.set.RegionsOf(table, "population") {
		for _, p := range c.set.Points(table, "population", region) {
			y := int(p.Period.Y)
			next, ok1 := c.set.At(table, "population", region, y+1)
			natural, ok2 := c.set.At(table, "natural_increase", region, y)
			net, ok3 := c.set.At(table, "net_migration", region, y)
			if !ok1 || !ok2 || !ok3 || p.Status.Missing() || next.Status.Missing() || natural.Status.Missing() || net.Status.Missing() {
				continue
			}
			c.report.Accounts++
			rest := next.Value - p.Value - natural.Value - net.Value
			if math.Abs(rest) > MaxRest(p.Value) {
				c.fail(PopulationAccount, "%s, municipality %s, %d: %v + %v + %v leaves a rest of %v to %v, more than %.0f",
					table, region, y, p.Value, natural.Value, net.Value, rest, next.Value, MaxRest(p.Value))
			}
			if int(math.Abs(rest)) > c.report.LargestRest {
				c.report.LargestRest = int(math.Abs(rest))
				c.report.LargestRestAt = fmt.Sprintf("%s, %d", region, y)
			}
		}
	}
}

func (c *checker) parts() {
	for _, p := range parts {
		for _, region := range c.set.RegionsOf(p.table, p.part) {
			for _, part := range c.set.Points(p.table, p.part, region) {
				total, ok := c.set.AtPeriod(p.table, p.total, region, part.Period)
				if ok && !part.Status.Missing() && !total.Status.Missing() && part.Value > total.Value {
					c.fail(PartOfTotal, "%s, municipality %s, %s: %s %v is more than %s %v", p.table, region, part.Period, p.part, part.Value, p.total, total.Value)
				}
			}
		}
	}
}

func (c *checker) balances() {
	for _, b := range balances {
		for _, region := range c.set.RegionsOf(b.table, b.equals) {
			for _, eq := range c.set.Points(b.table, b.equals, region) {
				plus, ok1 := c.set.AtPeriod(b.table, b.plus, region, eq.Period)
				minus, ok2 := c.set.AtPeriod(b.table, b.minus, region, eq.Period)
				if !ok1 || !ok2 || eq.Status.Missing() || plus.Status.Missing() || minus.Status.Missing() {
					continue
				}
				if plus.Value-minus.Value != eq.Value {
					c.fail(BalanceOfFlows, "%s, municipality %s, %s: %s %v − %s %v is not %s %v",
						b.table, region, eq.Period, b.plus, plus.Value, b.minus, minus.Value, b.equals, eq.Value)
				}
			}
		}
	}
}

func (c *checker) cells(projection func(table string) bool) {
	for _, r := range c.set.Rows {
		k := c.set.Series[r.Series]
		src := c.set.Sources[r.Source]
		if read := src.Retrieved; !read.IsZero() && !projection(k.Table) && !r.Status.Missing() && r.Period.Start().After(read) {
			c.fail(InventedYear, "%s/%s, municipality %s: a figure for %s, but the source was read on %s",
				k.Table, k.Name, c.set.Regions[r.Region], r.Period, read.Format(time.DateOnly))
		}
		if r.Value < 0 && !signed[k.Name] {
			c.fail(NonNegative, "%s/%s, municipality %s, %s: %v", k.Table, k.Name, c.set.Regions[r.Region], r.Period, r.Value)
		}
	}
}
