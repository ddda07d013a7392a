package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
	"github.com/bygdevekst/bygdevekst/ingest/pxweb"
)

// query is one selection of a table plan, resolved to the codes the source has.
type query struct {
	// List is the region code list asked, "" for the dimension's own codes.
	List      string
	Selection pxweb.Selection
	// Regions maps region codes of the list to municipality codes.
	Regions map[string]string
}

// resolved is a table plan held against the table's metadata.
type resolved struct {
	Queries []query
	// Warnings are for a person: nothing is wrong with the figures.
	Warnings []string
}

// Cells is how many cells the queries ask for.
func (r resolved) Cells() int {
	n := 0
	for _, q := range r.Queries {
		n += q.Selection.Cells()
	}
	return n
}

// resolver holds a table plan against its metadata.
type resolver struct {
	plan *catalogue.Table
	meta *jsonstat.Dataset
	// list reads a code list of the source.
	list func(id string) (pxweb.Codelist, error)
	reg  *regions.Register

	warnings []string
	problems []string
}

// resolve finds every code the plan's series read, by code or by label, and the
// region codes of the municipalities. Only what the series read is asked for.
// What is not there is an EINVALID error that lists all of it and names the file
// to mend; nothing is assumed.
func (r *resolver) resolve() (resolved, error) {
	var sel pxweb.Selection
	var regionDim *jsonstat.Dimension
	var periods []string
	for i := range r.meta.Dimensions {
		d := &r.meta.Dimensions[i]
		switch {
		case strings.EqualFold(d.ID, r.plan.Time):
			var err error
			if periods, err = pxweb.Select(d.Codes, []string{r.plan.Periods}, true); err != nil {
				r.problem("periods: %v", err)
			}
			sel = append(sel, pxweb.Variable{Code: d.ID, Values: periods})
		case r.plan.Region != nil && strings.EqualFold(d.ID, r.plan.Region.Dimension):
			regionDim = d
		default:
			v, ask, err := r.dimension(d)
			if err != nil {
				return resolved{}, err
			}
			if ask {
				sel = append(sel, v)
			}
		}
	}
	r.known(regionDim)
	var out resolved
	if len(r.problems) == 0 {
		queries, err := r.regionCodes(regionDim, periods)
		if err != nil {
			return resolved{}, err
		}
		for i := range queries {
			queries[i].Selection = append(queries[i].Selection, sel...)
		}
		out.Queries = queries
	}
	out.Warnings = r.warnings
	if len(r.problems) > 0 {
		return out, data.Errorf(data.EINVALID, "table %s is not as tables/%s.yaml has it: %s", r.plan.ID, r.plan.ID, strings.Join(r.problems, "; "))
	}
	return out, nil
}

func (r *resolver) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

func (r *resolver) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// known reports the dimensions of the plan that the table does not have.
func (r *resolver) known(region *jsonstat.Dimension) {
	var ids []string
	for _, d := range r.meta.Dimensions {
		ids = append(ids, d.ID)
	}
	has := func(id string) bool {
		return slices.ContainsFunc(ids, func(x string) bool { return strings.EqualFold(x, id) })
	}
	for _, d := range r.plan.Dimensions {
		if !has(d.ID) {
			r.problem("no dimension %s; it has %s", d.ID, strings.Join(ids, ", "))
		}
	}
	switch {
	case r.plan.Region == nil:
		r.problem("the plan names no region dimension; the table has %s", strings.Join(ids, ", "))
	case region == nil:
		r.problem("no region dimension %s; it has %s", r.plan.Region.Dimension, strings.Join(ids, ", "))
	}
	if !has(r.plan.Time) {
		r.problem("no time dimension %s; it has %s", r.plan.Time, strings.Join(ids, ", "))
	}
}

// dimension resolves one dimension other than region and time; ask is false for
// one the plan does not know and the table can leave out.
func (r *resolver) dimension(d *jsonstat.Dimension) (v pxweb.Variable, ask bool, err error) {
	i := slices.IndexFunc(r.plan.Dimensions, func(p catalogue.Dimension) bool { return strings.EqualFold(p.ID, d.ID) })
	if i < 0 {
		if d.Elimination != nil && *d.Elimination {
			r.warn("dimension %s (%s) is not in the plan; left out, its total is given", d.ID, d.Label)
			return v, false, nil
		}
		r.problem("dimension %s (%s) is not in the plan and cannot be left out", d.ID, d.Label)
		return v, false, nil
	}
	p := r.plan.Dimensions[i]
	wanted, all := r.wanted(p.ID)
	list, codes, labels, err := r.codesOf(d, p, wanted)
	if err != nil {
		return v, false, err
	}
	if all {
		wanted = append(wanted, p.Codes...)
	}
	var values []string
	for _, w := range wanted {
		got, err := find(codes, labels, w)
		if err != nil {
			r.problem("dimension %s (%s): %v", d.ID, d.Label, err)
			continue
		}
		values = append(values, got...)
	}
	if values, err = pxweb.Select(codes, values, false); err != nil && len(r.problems) == 0 {
		r.problem("dimension %s: %v", d.ID, err)
	}
	return pxweb.Variable{Code: d.ID, Codelist: list, Values: values}, true, nil
}

// wanted is what the series select from a dimension; all says that one of them
// reads every code the plan asks for.
func (r *resolver) wanted(id string) (codes []string, all bool) {
	for _, name := range r.plan.SeriesNames() {
		for dim, c := range r.plan.Series[name] {
			switch {
			case !strings.EqualFold(dim, id):
			case c.All():
				all = true
			default:
				for _, code := range c {
					if !slices.Contains(codes, code) {
						codes = append(codes, code)
					}
				}
			}
		}
	}
	return codes, all
}

// find resolves one code, label or expression.
func find(codes, labels []string, want string) ([]string, error) {
	label, byLabel := strings.CutPrefix(want, catalogue.LabelPrefix)
	if !byLabel {
		return pxweb.Select(codes, []string{want}, false)
	}
	var got []string
	for i, l := range labels {
		if strings.EqualFold(l, label) {
			got = append(got, codes[i])
		}
	}
	switch len(got) {
	case 1:
		return got, nil
	case 0:
		return nil, data.Errorf(data.EINVALID, "no code is labelled %q; labels are %s", label, quoted(labels))
	default:
		return nil, data.Errorf(data.EINVALID, "%d codes are labelled %q: %s", len(got), label, strings.Join(got, ", "))
	}
}

func quoted(labels []string) string {
	const most = 20
	out := make([]string, 0, most+1)
	for i, l := range labels {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(labels)-most))
			break
		}
		out = append(out, fmt.Sprintf("%q", l))
	}
	return strings.Join(out, ", ")
}

// codesOf returns the codes a dimension is asked by: those of the plan's code
// list, or the dimension's own. A list the table does not offer is replaced by
// the first that holds every code wanted, and a warning says so.
func (r *resolver) codesOf(d *jsonstat.Dimension, p catalogue.Dimension, wanted []string) (list string, codes, labels []string, err error) {
	if p.Codelist == "" {
		return "", d.Codes, d.Labels, nil
	}
	holds := func(codes, labels []string) bool {
		return !slices.ContainsFunc(wanted, func(w string) bool { _, err := find(codes, labels, w); return err != nil })
	}
	offered := slices.ContainsFunc(d.Codelists, func(l jsonstat.Codelist) bool { return l.ID == p.Codelist })
	if offered {
		codes, labels, err = r.listCodes(p.Codelist)
		return p.Codelist, codes, labels, err
	}
	if holds(d.Codes, d.Labels) {
		r.warn("dimension %s has no code list %s; its own codes hold all that is wanted", d.ID, p.Codelist)
		return "", d.Codes, d.Labels, nil
	}
	var ids []string
	for _, l := range d.Codelists {
		codes, labels, err := r.listCodes(l.ID)
		if err != nil {
			return "", nil, nil, err
		}
		if holds(codes, labels) {
			r.warn("dimension %s has no code list %s; %s holds all that is wanted", d.ID, p.Codelist, l.ID)
			return l.ID, codes, labels, nil
		}
		ids = append(ids, l.ID)
	}
	r.problem("dimension %s has no code list %s, and neither its own codes nor its lists (%s) hold %s", d.ID, p.Codelist, strings.Join(ids, ", "), strings.Join(wanted, ", "))
	return "", d.Codes, d.Labels, nil
}

func (r *resolver) listCodes(id string) (codes, labels []string, err error) {
	l, err := r.list(id)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range l.Values {
		codes = append(codes, v.Code)
		labels = append(labels, v.Label)
	}
	return codes, labels, nil
}
