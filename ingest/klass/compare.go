package klass

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data/regions"
)

// Since is how far back codes are followed: the register holds every code in
// use since then.
var Since = time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)

// Snapshot is what Klass says of municipalities on a day.
type Snapshot struct {
	Day            time.Time
	Municipalities []Code
	Crosswalk      Crosswalk
	Centrality     []Code
	KOSTRAGroups   []Code
	// Bodies are the answers as received, in the order of the requests.
	Bodies []Raw
}

// Read asks Klass for everything a Snapshot holds.
func (c *Client) Read(ctx context.Context, day time.Time) (Snapshot, error) {
	s := Snapshot{Day: day}
	var start []Code
	for _, step := range []struct {
		name string
		into *[]Code
		id   int
		day  time.Time
	}{
		{"131-start", &start, Municipalities, Since},
		{"131", &s.Municipalities, Municipalities, day},
		{"128", &s.Centrality, Centrality, day},
		{"112", &s.KOSTRAGroups, KOSTRAGroups, day},
	} {
		codes, raw, err := c.CodesAt(ctx, step.id, step.day)
		if err != nil {
			return s, err
		}
		*step.into, raw.Name = codes, step.name
		s.Bodies = append(s.Bodies, raw)
	}
	changes, raw, err := c.Changes(ctx, Municipalities, Since, day)
	if err != nil {
		return s, err
	}
	raw.Name = "131-changes"
	s.Bodies = append(s.Bodies, raw)
	s.Crosswalk = NewCrosswalk(start, changes)
	return s, nil
}

// Difference is one thing Klass and the register do not agree on. Figures hang
// on Codes: which there are and what became of them; names, centrality and groups
// are Details.
type Difference struct {
	Code, What string
	Kind       DifferenceKind
}

// DifferenceKind says what a difference is about.
type DifferenceKind string

// The kinds of differences.
const (
	Codes   DifferenceKind = "codes"
	Details DifferenceKind = "details"
)

// String is one line for a person.
func (d Difference) String() string { return d.Code + ": " + d.What }

// Compare lists everything a snapshot and the register do not agree on, in order
// of code within each kind: today's codes and names, what became of the old
// ones, centrality, KOSTRA groups.
func Compare(s Snapshot, reg *regions.Register) []Difference {
	var out []Difference
	add := func(code, format string, args ...any) {
		out = append(out, Difference{code, fmt.Sprintf(format, args...), Codes})
	}
	current := map[string]Code{}
	for _, k := range s.Municipalities {
		if _, how, err := reg.Harmonise(k.Code, s.Day.Year()); err == nil && how == regions.Pseudo {
			continue
		}
		current[k.Code] = k
		m, err := reg.Municipality(k.Code)
		switch {
		case err != nil:
			add(k.Code, "Klass has %q; the register has no such municipality in use", k.Name)
		case m.Name != k.Name:
			out = append(out, Difference{k.Code, fmt.Sprintf("Klass has the name %q, the register %q", k.Name, m.Name), Details})
		}
	}
	for _, m := range reg.All() {
		if _, ok := current[m.Code]; !ok {
			add(m.Code, "the register has %q; Klass has no such code on %s", m.Name, s.Day.Format(time.DateOnly))
		}
	}
	for _, l := range s.Crosswalk {
		changed, err := time.Parse(time.DateOnly, l.Changed)
		if err != nil {
			add(l.Code, "Klass dates a change %q", l.Changed)
			continue
		}
		to, how, err := reg.Harmonise(l.Code, changed.AddDate(0, 0, -1).Year())
		switch {
		case err != nil:
			add(l.Code, "Klass has %q until %s; the register has never had it", l.Name, l.Changed)
		case how != l.How:
			add(l.Code, "until %s: Klass has %s into %s, the register %s into %s", l.Changed, l.How, strings.Join(l.To, ", "), how, to)
		case how.Carries() || how == regions.Merged:
			if len(l.To) != 1 || l.To[0] != to {
				add(l.Code, "until %s: Klass has %s into %s, the register into %s", l.Changed, l.How, strings.Join(l.To, ", "), to)
			}
		}
	}
	return append(append(out, centrality(s.Centrality, reg)...), groups(s.KOSTRAGroups, reg)...)
}

// centrality compares classes and, where Klass's notes are a number, indexes.
func centrality(codes []Code, reg *regions.Register) []Difference {
	var out []Difference
	for _, k := range codes {
		m, err := reg.Municipality(k.Code)
		if err != nil {
			continue // A class, or a municipality reported above.
		}
		if class, err := strconv.Atoi(k.Parent); err == nil && class != m.CentralityClass {
			out = append(out, Difference{k.Code, fmt.Sprintf("Klass has centrality class %d, the register %d", class, m.CentralityClass), Details})
		}
		if index, err := strconv.Atoi(strings.TrimSpace(k.Notes)); err == nil && index != m.CentralityIndex {
			out = append(out, Difference{k.Code, fmt.Sprintf("Klass has centrality index %d, the register %d", index, m.CentralityIndex), Details})
		}
	}
	return out
}

func groups(codes []Code, reg *regions.Register) []Difference {
	var out []Difference
	for _, k := range codes {
		if m, err := reg.Municipality(k.Code); err == nil && k.Parent != m.KOSTRAGroup {
			out = append(out, Difference{k.Code, fmt.Sprintf("Klass has KOSTRA group %q, the register %q", k.Parent, m.KOSTRAGroup), Details})
		}
	}
	return slices.Clip(out)
}
