package ingest

import (
	"fmt"
	"regexp"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
)

// Relabelled is a code that means something else than it did: the same letter is
// another industry in SN2007 and in SN2025, and only the label tells.
const Relabelled = "relabelled"

// label is a text of a table: its title, the name of a dimension, or what one of
// its codes stands for.
type label struct{ what, text string }

// relabelled compares the texts of new figures with those of the figures accepted
// before. All requests of a table hold all of its codes but regions and periods,
// so the first of each tells. What only one of them has is no finding: the plan
// may have changed.
func (t *tableJob) relabelled(parts []archive.Entry) ([]string, error) {
	if t.accepted == nil || len(t.accepted.Parts) == 0 {
		return nil, nil
	}
	first := *t.accepted
	first.Parts = first.Parts[:1]
	old, err := t.Archive.PartEntries(first)
	if err != nil {
		return nil, err
	}
	before, err := t.labels(old[0])
	if err != nil {
		return nil, err
	}
	after, err := t.labels(parts[0])
	if err != nil {
		return nil, err
	}
	was := map[string]string{}
	for _, l := range before {
		was[l.what] = l.text
	}
	var out []string
	for _, l := range after {
		if text, held := was[l.what]; held && text != l.text {
			out = append(out, fmt.Sprintf("%s: table %s, %s: %q became %q", Relabelled, t.plan.ID, l.what, text, l.text))
		}
	}
	return shorten(out), nil
}

// yearRE matches the years in a title, which move with every publication.
var yearRE = regexp.MustCompile(`\b(?:19|20)\d\d\b`)

// labels are the texts of a body, in order. Names of municipalities are left
// out: they change with the years they are valid in, and nothing rests on them.
func (t *tableJob) labels(e archive.Entry) ([]label, error) {
	body, err := t.Archive.Body(e.Provenance.SHA256)
	if err != nil {
		return nil, err
	}
	ds, err := jsonstat.Decode(body, jsonstat.Options{})
	if err != nil {
		return nil, data.Errorf(data.EINVALID, "archive entry %s: %w", e.Key, err)
	}
	out := []label{{"title", yearRE.ReplaceAllString(ds.Label, "…")}}
	for _, p := range t.plan.Dimensions {
		d := ds.Dimension(p.ID)
		if d == nil {
			continue
		}
		out = append(out, label{"dimension " + d.ID, d.Label})
		for i, code := range d.Codes {
			if _, _, err := t.Regions.Harmonise(code, 0); err != nil {
				out = append(out, label{"code " + code + " of " + d.ID, d.Labels[i]})
			}
		}
	}
	return out, nil
}
