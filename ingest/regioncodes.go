package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
	"github.com/bygdevekst/bygdevekst/ingest/pxweb"
)

// regionCodes finds the codes by which municipalities are asked for, one query
// for each code list that is needed. A code is never built: a list's code stands
// for the municipality its members say, whatever it looks like (K-3421, K_3421,
// 3421).
//
// Where the plan says that its lists carry history, the first list offered
// serves every municipality it has. Else each code a municipality has had in the
// periods asked for is looked up on its own, in the lists that hold most of them.
func (r *resolver) regionCodes(d *jsonstat.Dimension, periods []string) ([]query, error) {
	needed, err := r.neededCodes(periods)
	if err != nil {
		return nil, err
	}
	lists, err := r.regionLists(d)
	if err != nil {
		return nil, err
	}
	var out []query
	served := map[string]bool{}
	for len(lists) > 0 && len(needed) > 0 {
		at := 0
		if !r.plan.Region.History {
			at = fullest(lists, needed)
		}
		l := lists[at]
		lists = slices.Delete(lists, at, at+1)
		q := query{List: l.id, Regions: map[string]string{}}
		v := pxweb.Variable{Code: d.ID, Codelist: l.id}
		history := r.plan.Region.History && l.sums
		for _, e := range l.entries {
			m, want := needed[e.region]
			if !want {
				continue
			}
			v.Values = append(v.Values, e.code)
			q.Regions[e.code] = e.region
			served[m] = true
			delete(needed, e.region)
			if history {
				for code, of := range needed {
					if of == m {
						delete(needed, code)
					}
				}
			}
		}
		if len(v.Values) > 0 {
			q.Selection = pxweb.Selection{v}
			out = append(out, q)
		}
	}
	return out, r.unserved(needed, served)
}

// unserved reports the municipalities no list has; that none is served is an error.
func (r *resolver) unserved(needed map[string]string, served map[string]bool) error {
	var missing []string
	for _, m := range needed {
		if !served[m] && !slices.Contains(missing, m) {
			missing = append(missing, m)
		}
	}
	slices.Sort(missing)
	if len(served) == 0 {
		return data.Errorf(data.EINVALID, "table %s: none of the municipalities is in a code list of %s; the lists tried are %s", r.plan.ID, r.plan.Region.Dimension, strings.Join(r.plan.Region.Codelists, ", "))
	}
	if len(missing) > 0 {
		r.warn("%d municipalities are in no code list of the table: %s", len(missing), strings.Join(missing[:min(len(missing), 8)], ", "))
	}
	return nil
}

// neededCodes maps every code to be asked for to the municipality of today it
// belongs to: its code now and, for those years, the codes before.
func (r *resolver) neededCodes(periods []string) (map[string]string, error) {
	first, last := 0, 0
	for _, code := range periods {
		p, err := data.ParsePeriod(code)
		if err != nil {
			return nil, data.Errorf(data.EINVALID, "table %s: %w", r.plan.ID, err)
		}
		if y := int(p.Y); first == 0 || y < first {
			first = y
		}
		last = max(last, int(p.Y))
	}
	out := map[string]string{}
	for _, m := range r.reg.All() {
		if r.plan.Region.PilotsOnly && m.Pilot == "" {
			continue
		}
		out[m.Code] = m.Code
		for _, e := range m.Earlier {
			if e.From <= last && e.To >= first {
				out[e.Code] = m.Code
			}
		}
		for y := first; y <= last; y++ {
			for _, code := range r.reg.Parts(m.Code, y) {
				out[code] = m.Code
			}
		}
	}
	return out, nil
}

// regionList is a code list read as municipalities.
type regionList struct {
	id      string
	sums    bool // Some code stands for several.
	entries []regionEntry
}

// regionEntry is a list's code and the municipality code its figures are of.
type regionEntry struct{ code, region string }

// regionLists reads the lists of the plan that the table offers, in the plan's
// order, and last the dimension's own codes.
func (r *resolver) regionLists(d *jsonstat.Dimension) ([]regionList, error) {
	var out []regionList
	var missing []string
	for _, id := range r.plan.Region.Codelists {
		if !slices.ContainsFunc(d.Codelists, func(l jsonstat.Codelist) bool { return l.ID == id }) {
			missing = append(missing, id)
			continue
		}
		l, err := r.list(id)
		if err != nil {
			return nil, err
		}
		out = append(out, r.readList(id, l.Values))
	}
	if len(out) == 0 && len(missing) > 0 {
		var offered []string
		for _, l := range d.Codelists {
			offered = append(offered, l.ID)
		}
		r.warn("none of the region lists %s is offered; asked by the dimension's own codes (offered are: %s)", strings.Join(missing, ", "), strings.Join(offered, ", "))
	}
	own := make([]pxweb.Value, len(d.Codes))
	for i, c := range d.Codes {
		own[i] = pxweb.Value{Code: c, Label: d.Labels[i]}
	}
	return append(out, r.readList("", own)), nil
}

// readList says which municipality each code of a list stands for: its one
// member, or of several the one that is in use today. Counties, pseudo-regions
// and what holds no or several municipalities of today are left out.
func (r *resolver) readList(id string, values []pxweb.Value) regionList {
	l := regionList{id: id}
	var unknown []string
	for _, v := range values {
		members := v.Members
		if len(members) == 0 {
			members = []string{v.Code}
		}
		region := ""
		if len(members) == 1 {
			switch _, how, err := r.reg.Harmonise(members[0], anyYear); {
			case err == nil && how != regions.Pseudo:
				region = members[0]
			case err != nil && len(members[0]) == 4 && digits(members[0]):
				unknown = append(unknown, fmt.Sprintf("%s (%s)", v.Code, v.Label))
			}
		} else {
			l.sums = true
			region = r.onlyCurrent(members)
		}
		if region != "" {
			l.entries = append(l.entries, regionEntry{v.Code, region})
		}
	}
	if len(unknown) > 0 && id != "" {
		r.warn("%d codes of list %s are in no register of municipalities and not asked for: %s", len(unknown), id, strings.Join(unknown[:min(len(unknown), 5)], ", "))
	}
	return l
}

// anyYear is the year in which codes of a list are looked up: whether a code is
// known does not depend on it.
const anyYear = 2024

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}

// onlyCurrent is the one member that is a municipality today, or "".
func (r *resolver) onlyCurrent(members []string) string {
	found := ""
	for _, m := range members {
		if _, err := r.reg.Municipality(m); err == nil {
			if found != "" {
				return ""
			}
			found = m
		}
	}
	return found
}

// fullest is the list that holds most of the codes needed; of equals the first.
func fullest(lists []regionList, needed map[string]string) int {
	best, most := 0, -1
	for i, l := range lists {
		n := 0
		for _, e := range l.entries {
			if _, ok := needed[e.region]; ok {
				n++
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	return best
}
