package regions_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
)

func TestRegister(t *testing.T) {
	reg := regions.Default()
	all := reg.All()
	if len(all) != 357 {
		t.Fatalf("%d municipalities, Norway has 357 since 2024", len(all))
	}
	pilots := map[string]int{}
	for _, m := range all {
		if len(m.Code) != 4 || m.Code[:2] != m.County || m.CountyName == "" || m.NameNB == "" || !strings.Contains(m.Name, strings.TrimSuffix(m.NameNB, "")) {
			t.Errorf("%+v is not whole", m)
		}
		// The bounds of the six classes are Klass 128's.
		low := []int{925, 870, 775, 670, 565, 0}[m.CentralityClass-1]
		if m.CentralityIndex < low || m.CentralityIndex > 1000 {
			t.Errorf("%s: index %d is not in class %d", m.Code, m.CentralityIndex, m.CentralityClass)
		}
		if m.Pilot != "" {
			pilots[m.Pilot]++
		}
		for _, n := range m.Neighbours {
			other, err := reg.Municipality(n)
			if err != nil || !slices.Contains(other.Neighbours, m.Code) {
				t.Errorf("%s has neighbour %s, which does not have it: %v", m.Code, n, err)
			}
		}
	}
	total := 0
	for _, n := range pilots {
		total += n
	}
	if len(pilots) != 10 || total != 35 || pilots["innlandet"] != 4 {
		t.Errorf("pilots %v; ten with 35 municipalities in all", pilots)
	}
	trysil, err := reg.Municipality("3421")
	if err != nil || trysil.CentralityIndex != 604 || trysil.Pilot != "innlandet" || len(trysil.Earlier) != 1 || trysil.Earlier[0].Code != "0428" || trysil.ValidFrom() != 2020 {
		t.Errorf("%+v, %v", trysil, err)
	}
	tana, _ := reg.Municipality("5628")
	if tana.NameNB != "Tana" || tana.NameSami != "Deatnu" {
		t.Errorf("%+v", tana)
	}
}

func TestHarmonise(t *testing.T) {
	for _, c := range []struct {
		code    string
		year    int
		current string
		how     regions.Change
	}{
		{"0434", 2019, "3425", regions.Renumbered},
		{"0434", 1980, "3425", regions.Renumbered},
		{"3425", 2026, "3425", regions.Same},
		{"0426", 2010, "3419", regions.Renumbered}, // Våler in Hedmark,
		{"0137", 2010, "3114", regions.Renumbered}, // and the other one, in Østfold.
		{"3018", 2022, "3114", regions.Renumbered},
		{"2004", 2019, "5603", regions.Merged}, // Hammerfest and Kvalsund, 2020.
		{"2017", 2019, "5603", regions.Merged},
		{"5406", 2021, "5603", regions.Renumbered},
		{"1507", 2021, "", regions.Split},      // Ålesund, before Haram left in 2024.
		{"0102", 1991, "3105", regions.Merged}, // Sarpsborg with three others, 1992.
		{"0401", 1991, "", regions.Split},      // Hamar took in a part of Ringsaker in 1992,
		{"0412", 1991, "", regions.Split},      // which gave it up,
		{"0412", 1992, "3411", regions.Renumbered},
		{"0403", 1992, "3403", regions.Renumbered},
		{"5030", 2019, "5001", regions.Merged}, // Klæbu and Trondheim, 2020.
		{"5001", 2019, "5001", regions.Merged},
		{"5001", 2020, "5001", regions.Same},
		{"9999", 2020, "", regions.Pseudo},
		{"2100", 2020, "", regions.Pseudo},
		{"0399", 2020, "", regions.Pseudo},
	} {
		current, how, err := regions.Default().Harmonise(c.code, c.year)
		if err != nil || how != c.how || how.Carries() && current != c.current {
			t.Errorf("%s in %d is %s (%s), %v; want %s (%s)", c.code, c.year, current, how, err, c.current, c.how)
		}
	}
	for _, code := range []string{"", "1", "34", "K-3425", "34250", "4444", "Våler"} {
		if _, _, err := regions.Default().Harmonise(code, 2020); data.ErrorCode(err) != data.ENOTFOUND {
			t.Errorf("%q: %v, want ENOTFOUND", code, err)
		}
	}
}

func TestUnknownCodesNameWhatTheyBecame(t *testing.T) {
	for code, want := range map[string]string{"0428": "3421", "2017": "5603", "1507": "split", "xx": "xx"} {
		_, err := regions.Default().Municipality(code)
		if data.ErrorCode(err) != data.ENOTFOUND || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want ENOTFOUND naming %s", code, err, want)
		}
	}
}

func TestSearchFindsBothVåler(t *testing.T) {
	got := regions.Default().Search("våler")
	if len(got) != 2 || got[0].Code != "3419" || got[1].Code != "3114" {
		t.Errorf("%v", got)
	}
	for text, code := range map[string]string{"deatnu": "5628", "Porsanki": "5622", "3425": "3425"} {
		if got := regions.Default().Search(text); len(got) != 1 || got[0].Code != code {
			t.Errorf("%s finds %v", text, got)
		}
	}
	if regions.Default().Search(" ") != nil {
		t.Error("blank text finds something")
	}
}

func TestNorwegianOrder(t *testing.T) {
	list := regions.Default().All()
	regions.SortByName(list)
	at := map[string]int{}
	for i, m := range list {
		at[m.NameNB] = i
	}
	// Æ, Ø, Å come last, and aa sorts as å.
	for _, pair := range [][2]string{{"Voss", "Øvre Eiker"}, {"Øystre Slidre", "Ålesund"}, {"Åmot", "Årdal"}, {"Alta", "Bergen"}} {
		if at[pair[0]] >= at[pair[1]] {
			t.Errorf("%s sorts after %s", pair[0], pair[1])
		}
	}
}

func FuzzHarmonise(f *testing.F) {
	f.Add("0434", 2019)
	f.Add("3425", 1)
	f.Add("9999", -5)
	f.Fuzz(func(t *testing.T, code string, year int) {
		current, how, err := regions.Default().Harmonise(code, year)
		if err != nil {
			return
		}
		if how.Carries() {
			if _, err := regions.Default().Municipality(current); err != nil {
				t.Fatalf("%s in %d became %s, which is none: %v", code, year, current, err)
			}
		}
	})
}

// TestNeighboursAreTheMaps recomputes land borders from Kartverket's map.
func TestNeighboursAreTheMaps(t *testing.T) {
	raw := sharedtest.Read(t, "real", "geo", "Kommuner-S.geojson")
	var fc struct {
		Features []struct {
			Properties struct{ Kommunenummer string }
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(raw, &fc); err != nil {
		t.Fatal(err)
	}
	type point [2]float64
	type edge [2]point
	owners := map[edge][]string{}
	for _, f := range fc.Features {
		var polygons [][][]point
		if f.Geometry.Type == "Polygon" {
			var one [][]point
			if err := json.Unmarshal(f.Geometry.Coordinates, &one); err != nil {
				t.Fatal(err)
			}
			polygons = append(polygons, one)
		} else if err := json.Unmarshal(f.Geometry.Coordinates, &polygons); err != nil {
			t.Fatal(err)
		}
		for _, rings := range polygons {
			for _, ring := range rings {
				for i := 1; i < len(ring); i++ {
					e := edge{ring[i-1], ring[i]}
					if e[1][0] < e[0][0] || e[1][0] == e[0][0] && e[1][1] < e[0][1] {
						e[0], e[1] = e[1], e[0]
					}
					if !slices.Contains(owners[e], f.Properties.Kommunenummer) {
						owners[e] = append(owners[e], f.Properties.Kommunenummer)
					}
				}
			}
		}
	}
	want := map[[2]string]bool{}
	for _, o := range owners {
		for _, a := range o {
			for _, b := range o {
				if a < b {
					want[[2]string{a, b}] = true
				}
			}
		}
	}
	land, sea := ownPairs(t)
	for p := range want {
		if !land[p] {
			t.Errorf("the map has %v as neighbours, the register not", p)
		}
	}
	for p := range land {
		if !want[p] {
			t.Errorf("the register has %v as neighbours by land, the map not", p)
		}
	}
	if len(sea) == 0 {
		t.Error("no island has a neighbour")
	}
}

func ownPairs(t *testing.T) (land, sea map[[2]string]bool) {
	t.Helper()
	f, err := os.Open("neighbours.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	land, sea = map[[2]string]bool{}, map[[2]string]bool{}
	for _, r := range rows[1:] {
		into := map[string]map[[2]string]bool{"land": land, "sea": sea}[r[2]]
		into[[2]string{r[0], r[1]}] = true
	}
	return land, sea
}

func TestCentralityIsKlass(t *testing.T) {
	f, err := os.Open(sharedtest.Path(t, "real", "oystess_extracts", "sentralitet_2024.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 358 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows[1:] {
		m, err := regions.Default().Municipality(r[0])
		if err != nil || r[1] != string(rune('0'+m.CentralityClass)) || r[2] != itoa(m.CentralityIndex) {
			t.Errorf("%v is %d / %d here, %v", r, m.CentralityClass, m.CentralityIndex, err)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }
