package ingest_test

import (
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
	"github.com/bygdevekst/bygdevekst/ingest"
)

// TestWorkbook stores NAV's workbook of October 2022 and reads it back.
func TestWorkbook(t *testing.T) {
	body := sharedtest.Read(t, "real", "nav", "202210_HL060_helt_ledige_fylke_og_kommune.xlsx")
	arch, cat := openArchive(t), loadCatalogue(t)
	at := time.Date(2022, 11, 5, 0, 0, 0, 0, time.UTC)
	newest, added, err := ingest.Workbook(arch, cat, body, at)
	if err != nil || !added || newest.String() != "2022M10" {
		t.Fatalf("%s, %v, %v", newest, added, err)
	}
	if _, added, err := ingest.Workbook(arch, cat, body, at.AddDate(0, 0, 1)); err != nil || added {
		t.Errorf("again: %v, %v", added, err)
	}
	list, err := arch.Current(data.Live)
	if err != nil || len(list) != 1 || list[0].Format != archive.FormatNAV || list[0].Provenance.Source != "NAV" {
		t.Fatalf("%+v, %v", list, err)
	}
	b, err := ingest.Decode(list[0], body, cat)
	if err != nil || len(b.Facts) == 0 {
		t.Errorf("%d facts, %v", len(b.Facts), err)
	}
	if _, _, err := ingest.Workbook(arch, cat, []byte("no workbook"), at); data.ErrorCode(err) != data.EINVALID {
		t.Errorf("no workbook: %v", err)
	}
}
