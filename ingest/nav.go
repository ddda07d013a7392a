package ingest

import (
	"fmt"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/nav"
)

// navTable is NAV's table of registered unemployed by municipality.
const navTable = "HL060"

// decodeNAV reads an archived workbook.
func decodeNAV(e archive.Entry, body []byte, cat *catalogue.Catalogue) (data.Batch, error) {
	b := data.Batch{Provenance: e.Provenance}
	plan := cat.Table(e.Provenance.Table)
	if plan == nil {
		return b, data.Errorf(data.ENOTFOUND, "archive entry %s: the catalogue has no plan for table %s", e.Key, e.Provenance.Table)
	}
	var err error
	b.Facts, err = nav.Decode(body, plan)
	return b, err
}

// Workbook stores one of NAV's monthly workbooks in the archive, after reading
// it and checking the invariants. A workbook holds its year so far, so that a
// later one takes the place of an earlier: one that ends before the one stored
// is an ECONFLICT error. at is when the file was fetched. It returns the newest
// month and whether the workbook is new.
func Workbook(arch *archive.Archive, cat *catalogue.Catalogue, body []byte, at time.Time) (newest data.Period, added bool, err error) {
	plan := cat.Table(navTable)
	if plan == nil {
		return newest, false, data.Errorf(data.ENOTFOUND, "the catalogue has no table %s", navTable)
	}
	p := data.Provenance{Table: plan.ID, Title: plan.Title, Source: plan.Publisher, Licence: plan.Licence, Retrieved: at, Kind: data.Live}
	e := archive.Entry{Format: archive.FormatNAV, Provenance: p}
	b, err := decodeNAV(e, body, cat)
	if err != nil {
		return newest, false, err
	}
	if newest, err = lastMonth(b.Facts); err != nil {
		return newest, false, err
	}
	set, err := facts.Harmonise([]data.Batch{b}, regions.Default(), func(_, series string) bool { return plan.Sums(series) })
	if err != nil {
		return newest, false, err
	}
	if _, err := facts.Check(set, func(string) bool { return plan.Projection }); err != nil {
		return newest, false, err
	}
	e.Key = fmt.Sprintf("%s/%s/%d", data.Live, plan.ID, newest.Y)
	if old, err := arch.Newest(e.Key); err == nil {
		if err := notOlder(arch, cat, old, newest); err != nil {
			return newest, false, err
		}
	} else if data.ErrorCode(err) != data.ENOTFOUND {
		return newest, false, err
	}
	_, added, err = arch.Put(e, body)
	return newest, added, err
}

// lastMonth is the newest period of a workbook.
func lastMonth(list []data.Fact) (data.Period, error) {
	if len(list) == 0 {
		return data.Period{}, data.Errorf(data.EINVALID, "the workbook holds no figures of the plan's series")
	}
	newest := list[0].Period
	for _, f := range list {
		if f.Period.Compare(newest) > 0 {
			newest = f.Period
		}
	}
	return newest, nil
}

func notOlder(arch *archive.Archive, cat *catalogue.Catalogue, old archive.Entry, newest data.Period) error {
	body, err := arch.Body(old.Provenance.SHA256)
	if err != nil {
		return err
	}
	b, err := decodeNAV(old, body, cat)
	if err != nil {
		return err
	}
	stored, err := lastMonth(b.Facts)
	if err == nil && newest.Compare(stored) < 0 {
		return data.Errorf(data.ECONFLICT, "the workbook ends with %s and the archive has one that ends with %s: the later holds the whole year so far", newest, stored)
	}
	return err
}
