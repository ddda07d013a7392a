package ingest

import (
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/recorded"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
)

// Decode turns an archived body into facts. What a body means is said by its
// format and, for SSB's tables, by the table plan of the catalogue.
func Decode(e archive.Entry, body []byte, cat *catalogue.Catalogue) (data.Batch, error) {
	switch e.Format {
	case archive.FormatRecorded:
		return recorded.Decode(body, e.Provenance)
	case archive.FormatJSONStat:
		return decodeTable(e, body, cat)
	case archive.FormatNAV:
		return decodeNAV(e, body, cat)
	default:
		return data.Batch{}, data.Errorf(data.EINVALID, "archive entry %s: no decoder for format %q", e.Key, e.Format)
	}
}

// decodeTable reads the series of a table plan from a JSON-stat body. Which
// municipality a region code stands for is the entry's to say.
func decodeTable(e archive.Entry, body []byte, cat *catalogue.Catalogue) (data.Batch, error) {
	b := data.Batch{Provenance: e.Provenance}
	plan := cat.Table(e.Provenance.Table)
	if plan == nil {
		return b, data.Errorf(data.ENOTFOUND, "archive entry %s: the catalogue has no plan for table %s", e.Key, e.Provenance.Table)
	}
	ds, err := jsonstat.Decode(body, jsonstat.Options{})
	if err != nil {
		return b, data.Errorf(data.EINVALID, "archive entry %s: %w", e.Key, err)
	}
	if b.Facts, err = readSeries(plan, cells(ds), e.Regions); err != nil {
		return b, err
	}
	if plan.Region.History {
		structuralZeros(b.Facts, regions.Default())
	}
	return b, nil
}

// cells is a dataset as series are read from it. A missing cell without a
// symbol is not available; a symbol that means missing outweighs a number
// beside it.
func cells(ds *jsonstat.Dataset) *cube {
	c := &cube{}
	for _, d := range ds.Dimensions {
		c.ids = append(c.ids, d.ID)
		c.codes = append(c.codes, d.Codes)
		c.labels = append(c.labels, d.Labels)
	}
	c.value = func(i int) (float64, data.Status, error) {
		v, ok := ds.Value(i)
		symbol := ds.Symbol(i)
		if symbol == "" {
			if !ok {
				return 0, data.NotAvailable, nil
			}
			return v, data.OK, nil
		}
		status, err := data.ParseStatus(strings.TrimSpace(symbol))
		if err != nil || status.Missing() {
			return 0, status, err
		}
		return v, status, nil
	}
	return c
}

// structuralZeros marks the zeros that are no figures: a list of series on
// today's borders gives 0, not a dot, for a municipality that cannot be rebuilt
// in years before a border went through it (SSB: «Rest/Delte kommuner»).
func structuralZeros(list []data.Fact, reg *regions.Register) {
	border := map[string]int{}
	for _, m := range reg.All() {
		if m.BorderChange != 0 {
			border[m.Code] = m.BorderChange
		}
	}
	for i, f := range list {
		if f.Value == 0 && f.Status == data.OK && int(f.Period.Y) <= border[f.Region] {
			list[i].Status = data.NotApplicable
		}
	}
}
