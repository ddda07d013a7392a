package klass

import (
	"cmp"
	"maps"
	"slices"

	"github.com/bygdevekst/bygdevekst/data/regions"
)

// Link says what became of a code: on Changed it gave way, and To are the codes
// of today that hold its area.
type Link struct {
	Code, Name string
	// Changed is the last day on which an own code of the area was given up, as
	// 2020-01-01: the first day that Code no longer was in use.
	Changed string
	How     regions.Change
	To      []string
}

// Crosswalk is the dated list of every code that has gone.
type Crosswalk []Link

// NewCrosswalk follows every change from the codes valid at the start. Codes
// that are today's under the same number have no link. A change to a code that
// goes on beside it is a merger; one code to several is a split, and what comes
// after a split stays one. A code that came into use without a change is followed
// from the day it changes.
func NewCrosswalk(start []Code, changes []Change) Crosswalk {
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Occurred, b.Occurred), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
	})
	inUse := map[string]bool{}
	for _, c := range start {
		inUse[c.Code] = true
	}
	var links []Link
	for len(changes) > 0 {
		day := changes[0].Occurred
		n := slices.IndexFunc(changes, func(c Change) bool { return c.Occurred != day })
		if n < 0 {
			n = len(changes)
		}
		more := oneDay(changes[:n], inUse)
		changes = changes[n:]
		for i := range links {
			links[i].follow(more)
		}
		links = append(links, more...)
	}
	slices.SortFunc(links, func(a, b Link) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Changed, b.Changed)) })
	return links
}

// oneDay makes the links of the changes of one day and brings inUse past it.
func oneDay(changes []Change, inUse map[string]bool) []Link {
	to, from, names := map[string][]string{}, map[string][]string{}, map[string]string{}
	for _, c := range changes {
		names[c.Old] = c.OldName
		if !slices.Contains(to[c.Old], c.New) {
			to[c.Old] = append(to[c.Old], c.New)
			from[c.New] = append(from[c.New], c.Old)
		}
	}
	var out []Link
	for _, old := range slices.Sorted(maps.Keys(to)) {
		news := to[old]
		if slices.Contains(news, old) {
			continue // A new name, or a part given away by one that goes on.
		}
		how := regions.Renumbered
		switch {
		case len(news) > 1:
			how = regions.Split
		case len(from[news[0]]) > 1 || inUse[news[0]] && to[news[0]] == nil:
			how = regions.Merged
		}
		out = append(out, Link{Code: old, Name: names[old], Changed: changes[0].Occurred, How: how, To: news})
	}
	for _, l := range out {
		delete(inUse, l.Code)
	}
	for _, news := range to {
		for _, n := range news {
			inUse[n] = true
		}
	}
	return out
}

// severity orders changes by how little can be carried over them.
func severity(c regions.Change) int {
	return slices.Index([]regions.Change{regions.Same, regions.Renumbered, regions.Merged, regions.Split}, c)
}

// follow brings an older link past the changes of a later day.
func (l *Link) follow(later []Link) {
	var to []string
	for _, code := range l.To {
		next := []string{code}
		for _, m := range later {
			if m.Code == code {
				next = m.To
				if severity(m.How) > severity(l.How) {
					l.How = m.How
				}
			}
		}
		for _, n := range next {
			if !slices.Contains(to, n) {
				to = append(to, n)
			}
		}
	}
	l.To = to
}
