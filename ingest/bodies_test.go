package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
)

// recordedBody is a body SSB has answered with.
func recordedBody(t *testing.T, name string) *jsonstat.Dataset {
	t.Helper()
	raw := sharedtest.Read(t, "pxweb-fixtures", "ssb-v2", name)
	ds, err := jsonstat.Decode(raw, jsonstat.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// TestRecordedBodies reads the bodies SSB has answered with to the figures they
// hold, through plans as the catalogue has them.
func TestRecordedBodies(t *testing.T) {
	ds := recordedBody(t, "07459-3kommuner-80plus-2017-2024.json")
	plan := &catalogue.Table{
		ID: "07459", Region: &catalogue.RegionDimension{Dimension: "Region"}, Time: "Tid",
		Series: map[string]catalogue.Selection{"old": {"Kjonn": {"1", "2"}, "Alder": ds.Dimension("Alder").Codes, "ContentsCode": {"Personer1"}}},
	}
	regionCodes := map[string]string{}
	for _, c := range ds.Dimension("Region").Codes {
		regionCodes[c] = strings.TrimPrefix(c, "K-")
	}
	got, err := readSeries(plan, cells(ds), regionCodes)
	if err != nil {
		t.Fatal(err)
	}
	// Sums over sex and age made from the file by other code (Python).
	want := map[string]float64{"0301 2017": 20949, "0301 2024": 22988, "1103 2017": 4523, "1103 2024": 5408, "1804 2017": 1791, "1804 2024": 2424}
	if len(got) != len(want) {
		t.Fatalf("%d facts", len(got))
	}
	for _, f := range got {
		if v, ok := want[f.Region+" "+f.Period.String()]; !ok || v != f.Value || f.Status != data.OK {
			t.Errorf("%+v, want %v", f, v)
		}
	}

	ds = recordedBody(t, "12134-data-3kommuner.json")
	plan = &catalogue.Table{
		ID: "12134", Region: &catalogue.RegionDimension{Dimension: kostraRegion}, Time: "Tid",
		Series: map[string]catalogue.Selection{"income": {"ContentsCode": {"label:Frie inntekter per innbygger (kr)"}}},
	}
	got, err = readSeries(plan, cells(ds), map[string]string{"0301": "0301", "4601": "4601", "5001": "5001"})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []float64{81240, 66605, 62853} {
		if got[i].Value != v || got[i].Period != data.YearPeriod(2024) {
			t.Errorf("%+v, want %v", got[i], v)
		}
	}
	// Updated 16 March: the unrevised figures, with the notes that must be shown.
	if n := note(plan, ds); !strings.HasPrefix(n, Unrevised.Note()) || !strings.Contains(n, "brudd i tidsserien") || !strings.Contains(n, "landet uten Oslo publiseres ikke") || strings.Contains(n, "@ssb.no") {
		t.Errorf("note %q", n)
	}

	// A national table has no municipalities to give.
	ds = recordedBody(t, "13599-national-projection.json")
	if _, err := readSeries(&catalogue.Table{ID: "13599", Time: "Tid"}, cells(ds), nil); data.ErrorCode(err) != data.EINVALID {
		t.Errorf("a table without regions: %v", err)
	}
}

func TestKOSTRAStage(t *testing.T) {
	for day, want := range map[string]Stage{
		"2026-03-14": Revised, "2026-03-15": Unrevised, "2026-06-14": Unrevised, "2026-06-15": Revised, "2026-12-31": Revised,
	} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := KOSTRA(at); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}

// TestStructuralZeros: Ålesund (1508) was divided in 2024; a list of series on
// today's borders gives it 0 before.
func TestStructuralZeros(t *testing.T) {
	list := []data.Fact{
		{Region: "1508", Period: data.YearPeriod(2023)},
		{Region: "1508", Period: data.YearPeriod(2024)},
		{Region: "3425", Period: data.YearPeriod(2023)},
		{Region: "1508", Period: data.YearPeriod(2022), Value: 3},
	}
	structuralZeros(list, regions.Default())
	for i, want := range []data.Status{data.NotApplicable, data.OK, data.OK, data.OK} {
		if list[i].Status != want {
			t.Errorf("fact %d has status %q, want %q", i, list[i].Status, want)
		}
	}
}

// TestCellStatus reads a cell's symbol beside its value.
func TestCellStatus(t *testing.T) {
	ds := &jsonstat.Dataset{Values: []float64{1, 0, 0, 0, 0, 5}, Missing: jsonstat.NewBitmap(6), Symbols: []string{"", ".", "..", ":", "?"}, Status: []uint8{0, 1, 2, 3, 0, 4}}
	for _, i := range []int{1, 2, 3, 4} {
		ds.Missing.Set(i)
	}
	c := cells(ds)
	for i, want := range []data.Status{data.OK, data.NotApplicable, data.NotAvailable, data.Suppressed, data.NotAvailable} {
		if _, got, err := c.value(i); got != want || err != nil {
			t.Errorf("cell %d: %q, %v; want %q", i, got, err, want)
		}
	}
	if _, _, err := c.value(5); data.ErrorCode(err) != data.EINVALID {
		t.Errorf("an unknown symbol: %v", err)
	}
}
