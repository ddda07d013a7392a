package klass_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
	"github.com/bygdevekst/bygdevekst/ingest/fetch"
	"github.com/bygdevekst/bygdevekst/ingest/klass"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// day is in the year of the recorded Klass body.
var day = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestCrosswalk follows codes through real changes: Klass lists them so.
func TestCrosswalk(t *testing.T) {
	start := []klass.Code{{Code: "0428"}, {Code: "0709"}, {Code: "0728"}, {Code: "5012"}, {Code: "5011"}, {Code: "5023"}, {Code: "1504"}, {Code: "1546"}, {Code: "0301"}, {Code: "0219"}}
	change := func(day string, pairs ...string) (out []klass.Change) {
		for _, p := range pairs {
			old, next, _ := strings.Cut(p, ">")
			out = append(out, klass.Change{Old: old, New: next, Occurred: day + "-01-01"})
		}
		return out
	}
	var changes []klass.Change
	changes = append(changes, change("2024", "1507>1508", "1507>1580", "3712>3909")...)
	changes = append(changes, change("2018", "0728>0712", "0709>0712")...)
	changes = append(changes, change("2020", "0428>3421", "0712>3712", "5012>5055", "5012>5059", "5011>5055", "5023>5059", "1504>1507", "1546>1507", "0219>0301")...)
	walk := klass.NewCrosswalk(start, changes)
	var got []string
	for _, l := range walk {
		got = append(got, fmt.Sprintf("%s %s %s %s", l.Code, l.Changed[:4], l.How, strings.Join(l.To, ",")))
	}
	want := []string{
		"0219 2020 merged 0301", // Into one that went on under its own code.
		"0428 2020 renumbered 3421",
		"0709 2018 merged 3909",
		"0712 2020 renumbered 3909",
		"0728 2018 merged 3909",
		"1504 2020 split 1508,1580", // Merged first, and divided again.
		"1507 2024 split 1508,1580",
		"1546 2020 split 1508,1580",
		"3712 2024 renumbered 3909",
		"5011 2020 merged 5055",
		"5012 2020 split 5055,5059",
		"5023 2020 merged 5059",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if walk := klass.NewCrosswalk(nil, change("2018", "1756>5053")); len(walk) != 1 || walk[0].How != regions.Renumbered {
		t.Errorf("a code that came into use without a change: %+v", walk)
	}
}

// TestRegisterAgainstKlass holds the register's codes and names against the
// recorded body of 2026.
func TestRegisterAgainstKlass(t *testing.T) {
	raw := sharedtest.Read(t, "pxweb-fixtures", "klass", "klass-131-codesAt-2026-01-01.json")
	var v struct{ Codes []klass.Code }
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Codes) != 358 { // 357 municipalities and 9999 Uoppgitt.
		t.Fatalf("%d codes", len(v.Codes))
	}
	snap := klass.Snapshot{Day: day, Municipalities: v.Codes}
	// The one difference: Klass writes n for the ŋ of the Sámi name Porsáŋgu.
	if d := klass.Compare(snap, regions.Default()); len(d) != 1 || d[0].Code != "5622" || !strings.Contains(d[0].What, "Porsáŋgu") {
		t.Errorf("differs: %v", d)
	}
	// Each kind of difference is found.
	snap.Municipalities = append(v.Codes[1:len(v.Codes):len(v.Codes)], klass.Code{Code: "9901", Name: "Nykommune"})
	snap.Municipalities[0].Name = "Egersund"
	snap.Crosswalk = klass.Crosswalk{
		{Code: "0428", Changed: "2020-01-01", How: regions.Merged, To: []string{"3421"}},
		{Code: "0426", Changed: "2020-01-01", How: regions.Renumbered, To: []string{"3114"}}, // The other Våler.
		{Code: "0429", Changed: "2020-01-01", How: regions.Renumbered, To: []string{"3422"}},
		{Code: "9902", Changed: "2020-01-01", How: regions.Renumbered, To: []string{"3422"}},
	}
	snap.Centrality = []klass.Code{{Code: "5", Name: "Klasse 5"}, {Code: "3421", Parent: "6", Notes: "604"}, {Code: "3422", Parent: "5", Notes: "1"}}
	snap.KOSTRAGroups = []klass.Code{{Code: "3421", Parent: "EKG03"}}
	var got []string
	for _, d := range klass.Compare(snap, regions.Default()) {
		got = append(got, d.String())
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{`1101: Klass has the name "Egersund"`, "9901: Klass has", "0301: the register has", "0428: until 2020-01-01: Klass has merged", "0426: until 2020-01-01: Klass has renumbered into 3114", "9902: Klass has", "3421: Klass has centrality class 6", "3422: Klass has centrality index 1", `3421: Klass has KOSTRA group "EKG03"`} {
		if !strings.Contains(all, want) {
			t.Errorf("not found: %s; in\n%s", want, all)
		}
	}
	if strings.Contains(all, "0429") || len(got) != 10 {
		t.Errorf("%d differences:\n%s", len(got), all)
	}
}

func TestReadFromSimulator(t *testing.T) {
	s, err := ssbsim.New(ssbsim.Options{Seed: 1, Regions: []ssbsim.Region{
		{Code: "3421", Name: "Trysil", County: "34", Centrality: 604, Earlier: []ssbsim.Earlier{{Code: "0428", Name: "Trysil (-2019)", From: 1838, To: 2019}}},
		{Code: "3425", Name: "Engerdal", County: "34", Centrality: 421, Earlier: []ssbsim.Earlier{{Code: "0434", Name: "Engerdal (-2019)", From: 1911, To: 2019}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	h, err := fetch.New(srv.URL, fetch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	c := klass.New(h, srv.URL+"/api/klass/v1")
	snap, err := c.Read(context.Background(), day)
	if err != nil || len(snap.Bodies) != 5 || len(snap.Crosswalk) != 2 || snap.Crosswalk[0].To[0] != "3421" || snap.Crosswalk[0].How != regions.Renumbered {
		t.Fatalf("%+v, %v", snap.Crosswalk, err)
	}
	for _, d := range klass.Compare(snap, regions.Default()) {
		if d.Code == "3421" || d.Code == "3425" || d.Code == "0428" || d.Code == "0434" {
			t.Errorf("differs: %s", d)
		}
	}
	if _, _, err := c.CodesAt(context.Background(), 1, day); data.ErrorCode(err) != data.ENOTFOUND {
		t.Errorf("a classification that is not there: %v", err)
	}
}
