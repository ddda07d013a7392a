package ingest

import (
	"regexp"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
)

// kostraRegion is the region dimension every KOSTRA table has.
const kostraRegion = "KOKkommuneregion0000"

// note is what must be shown with the figures: the source's mandatory notes, and
// for KOSTRA whether they are revised, which the source does not say in its data.
func note(plan *catalogue.Table, ds *jsonstat.Dataset) string {
	var out []string
	if plan.Region != nil && plan.Region.Dimension == kostraRegion {
		if at, ok := ds.UpdatedTime(); ok {
			out = append(out, KOSTRA(at).Note())
		}
	}
	for _, i := range ds.NoteMandatory {
		out = append(out, ds.Notes[i])
	}
	return strings.Join(out, "\n")
}

// Stage is how final KOSTRA figures are.
type Stage string

// The stages.
const (
	Unrevised Stage = "unrevised"
	Revised   Stage = "revised"
)

// KOSTRA says how final the newest year of KOSTRA figures updated at a time is:
// unrevised from 15 March, revised from 15 June. The source marks neither.
func KOSTRA(updated time.Time) Stage {
	y := updated.Year()
	march, june := time.Date(y, time.March, 15, 0, 0, 0, 0, time.UTC), time.Date(y, time.June, 15, 0, 0, 0, 0, time.UTC)
	if !updated.Before(march) && updated.Before(june) {
		return Unrevised
	}
	return Revised
}

// Note is the stage for a reader, in words both forms of Norwegian share.
func (s Stage) Note() string {
	if s == Unrevised {
		return "KOSTRA: urevidert publisering (15. mars)."
	}
	return "KOSTRA: revidert publisering (15. juni)."
}

var tableRE = regexp.MustCompile(`\b\d{5}\b`)

// mentionedTable is the first other table a text names, or "".
func mentionedTable(text, self string) string {
	for _, id := range tableRE.FindAllString(text, -1) {
		if id != self {
			return id
		}
	}
	return ""
}
