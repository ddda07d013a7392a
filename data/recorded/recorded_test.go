package recorded_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/recorded"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
)

// cells are figures by table, series, code as published, and period.
func cells(t *testing.T) map[string]string {
	t.Helper()
	batches, err := recorded.Batches()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, b := range batches {
		if b.Provenance.Kind != data.Recorded || b.Provenance.Title == "" || b.Provenance.Source == "" || b.Provenance.Licence == "" || b.Provenance.Retrieved.IsZero() || len(b.Provenance.SHA256) != 64 {
			t.Errorf("provenance of %s is not whole: %+v", b.Provenance.Table, b.Provenance)
		}
		if err := b.Validate(); err != nil {
			t.Error(err)
		}
		for _, f := range b.Facts {
			key := strings.Join([]string{f.Table, f.Series, f.Region, f.Period.String()}, " ")
			if _, twice := out[key]; twice {
				t.Errorf("%s comes twice", key)
			}
			v := strconv.FormatFloat(f.Value, 'f', -1, 64)
			if f.Status.Missing() {
				v = string(f.Status)
			}
			out[key] = v
		}
	}
	return out
}

// TestEveryCellIsThePublishedOne compares with shared/real in both directions.
func TestEveryCellIsThePublishedOne(t *testing.T) {
	dir := sharedtest.Path(t, "real")
	want := map[string]string{}
	put := func(table, series, code, period, value string) {
		key := strings.Join([]string{table, series, code, period}, " ")
		if old, ok := want[key]; ok && old != value {
			t.Fatalf("shared/real contradicts itself at %s: %s and %s", key, old, value)
		}
		want[key] = value
	}
	runs := func(file, table, column string, names map[string]string) {
		for _, r := range rows(t, filepath.Join(dir, file)) {
			first, err := strconv.Atoi(r["first_year"])
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range strings.Fields(r["values"]) {
				put(table, names[r[column]], r["code"], strconv.Itoa(first+i), v)
			}
		}
	}
	flows := map[string]string{"Folkemengde": "population", "Fodselsoverskudd": "natural_increase", "Nettoinnflytting": "net_migration"}
	industries := map[string]string{"00-99": "employed", "86-88": "employed_health", "01-03": "employed_primary", "10-33": "employed_manufacturing", "84": "employed_public_admin", "85": "employed_education"}
	levels := map[string]string{"00": "persons_16_plus", "03a": "tertiary_short", "04a": "tertiary_long"}
	runs("ssb06913/flytting_06913_2008_2026.csv", "06913", "variable", flows)
	runs("ssb07984/sysselsatte_07984_2008_2025.csv", "07984", "industry", industries)
	runs("ssb09429/utdanning_09429_2008_2025.csv", "09429", "level", levels)
	for _, r := range rows(t, filepath.Join(dir, "oystess_extracts/flytt06913_utdrag.csv")) {
		put("06913", flows[r["variabel"]], r["kode"], r["aar"], r["verdi"])
	}
	for _, r := range rows(t, filepath.Join(dir, "oystess_extracts/syss07984_utdrag.csv")) {
		put("07984", industries[r["naering"]], r["kode"], r["aar"], r["verdi"])
	}
	for _, r := range rows(t, filepath.Join(dir, "oystess_extracts/utd09429_utdrag.csv")) {
		put("09429", levels[r["nivaa"]], r["kode"], r["aar"], r["verdi"])
	}
	columns := map[string]string{
		"folkemengde_start": "population_start", "fodte": "births", "dode": "deaths", "fodselsoverskudd": "natural_increase", "innflyttinger": "in_migration",
		"herav_fra_utlandet": "in_from_abroad", "utflyttinger": "out_migration", "herav_til_utlandet": "out_to_abroad", "nettoinnflytting": "net_migration",
		"folketilvekst": "growth", "folkemengde_slutt": "population_end",
	}
	for file, period := range map[string]string{"hedmark_2012_hele_aaret.csv": "2012", "hedmark_2003_1_halvaar_forelopig.csv": "2003H1", "trysil_2015_2016_avis.csv": ""} {
		for _, r := range rows(t, filepath.Join(dir, "ssb_pages", file)) {
			for column, series := range columns {
				if v, ok := r[column]; ok {
					p := period
					if p == "" {
						p = r["aar"]
					}
					put("folkendrkv", series, r["kode"], p, v)
				}
			}
		}
	}
	got := cells(t)
	for key, v := range want {
		if got[key] != v {
			t.Errorf("%s is %q here, %q in shared/real", key, got[key], v)
		}
	}
	for key, v := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s = %s is not in shared/real", key, v)
		}
	}
	// 10,186 + 6,396 + 9,126 cells of the three tables and 496 of the old pages.
	if len(got) != 26204 {
		t.Errorf("%d cells, want 26,204", len(got))
	}
}

// TestSumsEqualStatmans holds the harmonised sums 2011–2025 against an
// independent computation from the same table.
func TestSumsEqualStatmans(t *testing.T) {
	set := harmonised(t)
	compared := 0
	for _, r := range rows(t, sharedtest.Path(t, "real", "statman", "befolkningsvekst_kommune.csv")) {
		code := r["kommunenummer"]
		natural, ok1 := sum(set, "natural_increase", code)
		net, ok2 := sum(set, "net_migration", code)
		if !ok1 || !ok2 {
			continue
		}
		compared++
		if want := number(t, r["fodselsoverskudd_sum"]); natural != want {
			t.Errorf("%s: natural increase 2011–2025 is %v, statman has %v", code, natural, want)
		}
		if want := number(t, r["nettoinnflytting_sum"]); net != want {
			t.Errorf("%s: net migration 2011–2025 is %v, statman has %v", code, net, want)
		}
	}
	if compared < 166 {
		t.Errorf("compared %d municipalities, want all 166", compared)
	}
}

func sum(set *facts.Set, series, code string) (float64, bool) {
	total := 0.0
	for y := 2011; y <= 2025; y++ {
		p, ok := set.At("06913", series, code, y)
		if !ok || p.Status.Missing() {
			return 0, false
		}
		total += p.Value
	}
	return total, true
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestPopulationEqualsTable07459 compares with an independent extract.
func TestPopulationEqualsTable07459(t *testing.T) {
	set := harmonised(t)
	compared := 0
	for _, r := range rows(t, sharedtest.Path(t, "real", "csdata", "population_total_by_municipality_2005_2026.csv")) {
		y, err := strconv.Atoi(r["year"])
		if err != nil {
			t.Fatal(err)
		}
		p, ok := set.At("06913", "population", r["municipality_code"], y)
		if !ok {
			continue
		}
		compared++
		if p.Value != number(t, r["population_1_jan"]) {
			t.Errorf("%s on 1 January %d: %v, 07459 has %s", r["municipality_code"], y, p.Value, r["population_1_jan"])
		}
	}
	// 166 municipalities and 19 years, and earlier years for some.
	if compared < 166*19 {
		t.Errorf("compared %d cells", compared)
	}
}

func harmonised(t *testing.T) *facts.Set {
	t.Helper()
	batches, err := recorded.Batches()
	if err != nil {
		t.Fatal(err)
	}
	set, err := facts.Harmonise(batches, regions.Default(), func(string, string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func rows(t *testing.T, path string) []map[string]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range all[1:] {
		m := map[string]string{}
		for j, v := range r {
			m[all[0][j]] = v
		}
		out = append(out, m)
	}
	return out
}

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		"":                                   "line 1",
		"a,b,2020\n":                         "line 1",
		"series,code\n":                      "line 1",
		"series,code,2020,x\n":               "column 4",
		"series,code,2021,2020\n":            "does not come after",
		"series,code,2020\np,3425,1.5\n":     "line 2, column 2020",
		"series,code,2020\np,3425,-\n":       "line 2, column 2020",
		"series,code,2020\np,3425\n":         "wrong number of fields",
		"series,code,2020\n,3425,1\n":        "line 2",
		"series,code,2020\np,1,1\np,1,2\n":   "line 3",
		"series,code,2020\np,\"34\"25,1\n":   "line 2",
		"series,code,2020\np,3425,1,2,3,4\n": "wrong number of fields",
	} {
		_, err := recorded.Decode([]byte(body), data.Provenance{Table: "t"})
		if data.ErrorCode(err) != data.EINVALID || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: %v; want EINVALID with %q", body, err, want)
		}
	}
	b, err := recorded.Decode([]byte("series,code,2020,2021,2022\np,3425,0,:,\n"), data.Provenance{Table: "t"})
	if err != nil || len(b.Facts) != 2 || b.Facts[0].Status != data.OK || b.Facts[1].Status != data.Suppressed {
		t.Errorf("%+v, %v", b.Facts, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("series,code,2020\np,3425,1\n")
	f.Add("series,code,2020K1,2020K2\np,3425,:,..\n")
	f.Fuzz(func(t *testing.T, body string) {
		b, err := recorded.Decode([]byte(body), data.Provenance{Table: "t"})
		if err == nil {
			if err := b.Validate(); err != nil {
				t.Fatal(err)
			}
		} else if data.ErrorCode(err) != data.EINVALID {
			t.Fatalf("%v is not EINVALID", err)
		}
	})
}
