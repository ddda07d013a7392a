package ingest_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/ingest"
)

// TestWorkbook stores NAV's workbook of October 2022 and reads it back.
func TestWorkbook(t *testing.T) {
	dir := os.Getenv("SHARED_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	body, err := os.ReadFile(filepath.Join(dir, "real", "nav", "202210_HL060_helt_ledige_fylke_og_kommune.xlsx"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the shared folder must be there in CI: %v", err)
		}
		t.Skip("the shared folder is not here; set SHARED_DIR to run this test")
	}
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
