package nav

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
)

// plan is a plan of both measures; the catalogue's own has only the count.
func plan() *catalogue.Table {
	return &catalogue.Table{ID: "HL060", Series: map[string]catalogue.Selection{
		"unemployed":       {"Ark": {"Antall"}},
		"unemployed_share": {"Ark": {"Prosent"}},
	}}
}

func countPlan() *catalogue.Table {
	return &catalogue.Table{ID: "HL060", Series: map[string]catalogue.Selection{"unemployed": {"Ark": {"Antall"}}}}
}

// The oracle is a conversion of the workbook by others, per cent rounded to the
// one decimal that NAV gives.
func TestOctober2022IsWhatOthersRead(t *testing.T) {
	got, err := Decode(sharedtest.Read(t, "real", "nav", "202210_HL060_helt_ledige_fylke_og_kommune.xlsx"), plan())
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]string{}
	for _, f := range got {
		v := strconv.FormatFloat(f.Value, 'f', -1, 64)
		if f.Status == data.Suppressed {
			v = "*"
		} else if f.Status != data.OK {
			t.Errorf("%+v: only * is in the file", f)
		}
		cells[f.Series+" "+f.Region+" "+f.Period.String()] = v
	}
	want := map[string]string{}
	suppressed := 0
	for series, file := range map[string]string{"unemployed": "nav_helt_ledige_2022_antall.csv", "unemployed_share": "nav_helt_ledige_2022_prosent.csv"} {
		rows, err := csv.NewReader(bytes.NewReader(sharedtest.Read(t, "real", "nav", file))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			// Svalbard is no municipality.
			if row[0] == "2100" {
				continue
			}
			for c := 2; c < len(row); c++ {
				want[series+" "+row[0]+" "+strings.Replace(rows[0][c], "-", "M", 1)] = row[c]
				if row[c] == "*" {
					suppressed++
				}
			}
		}
	}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Error(diff)
	}
	// 356 municipalities in 10 months, twice.
	if len(got) != 356*10*2 || suppressed == 0 {
		t.Errorf("%d facts, %d suppressed in the oracle", len(got), suppressed)
	}
	if err := (data.Batch{Facts: got}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheCataloguesPlanIsExecuted(t *testing.T) {
	cat := catalogue.Default()
	got, err := Decode(sharedtest.Read(t, "real", "nav", "202210_HL060_helt_ledige_fylke_og_kommune.xlsx"), cat.Table("HL060"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 356*10 || got[0].Series != "unemployed" {
		t.Errorf("%d facts, the first %+v", len(got), got[0])
	}
}

// grid is a sheet as a test writes it: rows of cells, nil for empty.
type grid [][]any

// book makes a workbook. Sheets are pairs of name and grid.
func book(t testing.TB, sheets ...any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i := 0; i < len(sheets); i += 2 {
		name := sheets[i].(string)
		if i == 0 {
			must(t, f.SetSheetName("Sheet1", name))
		} else if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for r, row := range sheets[i+1].(grid) {
			for c, v := range row {
				if v == nil {
					continue
				}
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				must(t, err)
				must(t, f.SetCellValue(name, cell, v))
			}
		}
	}
	var out bytes.Buffer
	must(t, f.Write(&out))
	return out.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// october is the layout of October 2022, cut to two months and two places.
func october() grid {
	return grid{
		nil,
		{nil, "Kilde: NAV", "Helt ledige. Fylke og kommune. Tidsserie måned"},
		{nil, nil, "Kommune¹. Antall²"},
		nil,
		{nil, "Januar - februar 2022"},
		{nil, "Innlandet"},
		{nil, nil, "Januar", "Februar"},
		{nil, "I alt Innlandet", 3881, 3428},
		{nil, "3421 Trysil", 95, 88},
		{nil, "3425 Engerdal", "*", 12},
	}
}

const octoberFacts = "3421 2022M01 95 | 3421 2022M02 88 | 3425 2022M01 : | 3425 2022M02 12"

func show(facts []data.Fact) string {
	var out []string
	for _, f := range facts {
		s := f.Region + " " + f.Period.String() + " "
		if f.Status.Missing() {
			s += string(f.Status)
		} else {
			s += strconv.FormatFloat(f.Value, 'f', -1, 64)
		}
		out = append(out, s)
	}
	return strings.Join(out, " | ")
}

func TestDriftThatIsRecognised(t *testing.T) {
	edit := func(change func(g grid) grid) grid { return change(october()) }
	for _, c := range []struct {
		name   string
		sheets []any
		want   string
	}{
		{"as in 2022", []any{"3. Kommune Antall", october()}, octoberFacts},
		{"another sheet name", []any{"Ark1", october()}, octoberFacts},
		{"title only in the sheet name", []any{"Kommune antall", edit(func(g grid) grid { g[2] = nil; return g })}, octoberFacts},
		{"other sheets", []any{
			"0. Om tabellene",
			grid{{"Januar - oktober 2022"}, {"0710 Sandefjord", 1}},
			"1. Fylke Antall",
			grid{{"Fylke. Antall²"}, {nil, nil, "Januar"}, {"34", "Innlandet", 3881}},
			"3. Kommune Antall", october(),
			"Telemark",
			grid{{"Vestfold og Telemark"}, {nil, "Januar"}, {"3421 Trysil", 1}},
		}, octoberFacts},
		{"moved down and to the right", []any{"x", edit(func(g grid) grid {
			out := grid{nil, nil, nil}
			for _, row := range g {
				out = append(out, append([]any{nil, nil}, row...))
			}
			return out
		})}, octoberFacts},
		{"short months with years", []any{"x", edit(func(g grid) grid { g[4], g[6] = nil, []any{nil, nil, "jan. 2022", "feb. 2022"}; return g })}, octoberFacts},
		{"months as numbers", []any{"x", edit(func(g grid) grid { g[4], g[6] = nil, []any{nil, nil, 202201, "2022-02"}; return g })}, octoberFacts},
		{"months in small letters with footnotes", []any{"x", edit(func(g grid) grid { g[6] = []any{nil, nil, "januar¹", "FEBRUAR²"}; return g })}, octoberFacts},
		{"headings of the label columns", []any{"x", edit(func(g grid) grid { g[6] = []any{nil, "Kommune", "Januar", "Februar"}; return g })}, octoberFacts},
		{"code and name apart", []any{"x", edit(func(g grid) grid {
			g[6] = []any{"Kommunenr.", "Kommune", "Januar", "Februar"}
			g[8], g[9] = []any{"3421", "Trysil", 95, 88}, []any{3425, "Engerdal", "*", 12}
			return g
		})}, octoberFacts},
		{"a code that has lost its zero", []any{"x", edit(func(g grid) grid {
			g[8], g[9] = []any{301, "Oslo", 95, 88}, nil
			return g
		})}, "0301 2022M01 95 | 0301 2022M02 88"},
		{"no-break spaces and numbers as text", []any{"x", edit(func(g grid) grid {
			g[4] = []any{nil, "Januar\u00a0–\u00a0februar\u00a02022"}
			g[8] = []any{nil, "3421\u00a0Trysil", "1\u00a0095", " 88 "}
			return g
		})}, "3421 2022M01 1095 | 3421 2022M02 88 | 3425 2022M01 : | 3425 2022M02 12"},
		{"a turn of the year", []any{"x", edit(func(g grid) grid {
			g[4], g[6] = []any{"Desember 2021 - januar 2022"}, []any{nil, nil, "Desember", "Januar"}
			return g
		})}, "3421 2021M12 95 | 3421 2022M01 88 | 3425 2021M12 : | 3425 2022M01 12"},
		{"only January", []any{"x", edit(func(g grid) grid {
			g[4], g[6] = []any{nil, "Januar 2022"}, []any{nil, nil, "Januar"}
			g[8], g[9] = []any{nil, "3421 Trysil", 95}, []any{nil, "3425 Engerdal", "*"}
			return g
		})}, "3421 2022M01 95 | 3425 2022M01 :"},
		{"the rest of the year is empty", []any{"x", edit(func(g grid) grid {
			g[6] = append(g[6], "Mars", "April")
			return g
		})}, octoberFacts},
		{"an empty cell is not zero", []any{"x", edit(func(g grid) grid { g[8] = []any{nil, "3421 Trysil", nil, 88}; return g })}, "3421 2022M01 .. | 3421 2022M02 88 | 3425 2022M01 : | 3425 2022M02 12"},
		{"zero is a figure", []any{"x", edit(func(g grid) grid { g[8][2] = 0; return g })}, "3421 2022M01 0 | 3421 2022M02 88 | 3425 2022M01 : | 3425 2022M02 12"},
		{"one header above all counties", []any{"x", append(october(), []any{nil, "Trøndelag"}, []any{nil, "5025 Røros", 40, 41})}, octoberFacts + " | 5025 2022M01 40 | 5025 2022M02 41"},
		{"a header for each county, in other columns", []any{"x", append(october(), nil, []any{nil, "Trøndelag"}, []any{nil, nil, nil, "Januar", "Februar"}, []any{nil, "5025 Røros", nil, 40, 41})}, octoberFacts + " | 5025 2022M01 40 | 5025 2022M02 41"},
		{"Svalbard, unknown and notes", []any{"x", append(october(), []any{nil, "2100 Svalbard", 5, 6}, []any{nil, "Ukjent", 7, 8}, []any{nil, "99 Øvrige områder", 1, "*"}, []any{"Kilde: NAV. Se 2022 for 4 forbehold."})}, octoberFacts},
	} {
		t.Run(c.name, func(t *testing.T) {
			sheets := c.sheets
			got, err := Decode(book(t, sheets...), countPlan())
			if err != nil {
				t.Fatal(err)
			}
			if s := show(got); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

func TestDriftThatIsRefusedNamesTheCell(t *testing.T) {
	edit := func(change func(g grid)) grid { g := october(); change(g); return g }
	for _, c := range []struct {
		name   string
		sheets []any
		want   string
	}{
		{"no such sheet", []any{"Fylke", grid{{"Fylke. Antall"}}}, `there are "Fylke"`},
		{"the same twice", []any{"A", october(), "B", october()}, `B!A1: sheet "A" holds Antall`},
		{"name and title differ", []any{"4. Kommune Prosent", october()}, "4. Kommune Prosent!C3"},
		{"a column that is no month", []any{"X", edit(func(g grid) { g[6] = append(g[6], "Endring siste år") })}, `X!E7: "Endring siste år" in a row of months`},
		{"a month left out", []any{"X", edit(func(g grid) { g[6][3] = "Mars" })}, `X!D7: "Mars" is not the month expected here, 2022M02`},
		{"a month twice", []any{"X", edit(func(g grid) { g[6][3] = "Januar" })}, "X!D7"},
		{"months turned round", []any{"X", edit(func(g grid) { g[6][2], g[6][3] = "Februar", "Januar" })}, "X!C7"},
		{"fewer months than said", []any{"X", edit(func(g grid) { g[4][1] = "Januar - mars 2022" })}, "X!C7: the months are 2022M01 to 2022M02; X!B5 says 2022M01 to 2022M03"},
		{"years differ from what is said", []any{"X", edit(func(g grid) { g[6] = []any{nil, nil, "Januar 2021", "Februar 2021"} })}, "X!C7"},
		{"two statements of the months", []any{"X", edit(func(g grid) { g[3] = []any{"Januar - februar 2021"} })}, "X!B5"},
		{"no year", []any{"X", edit(func(g grid) { g[4] = nil })}, "X!C7: the months have no year"},
		{"a year on some", []any{"X", edit(func(g grid) { g[6][3] = "Februar 2022" })}, "X!D7: some months have a year"},
		{"no months", []any{"X", edit(func(g grid) { g[6] = nil })}, `X!B9: figures of "3421 Trysil" without a row of months`},
		{"an unknown code", []any{"X", edit(func(g grid) { g[8][1] = "3998 Ingensteds" })}, "X!B9: municipality code 3998"},
		{"a code twice", []any{"X", edit(func(g grid) { g[9][1] = "3421 Trysil" })}, "X!B10: municipality 3421 comes twice; the first is in row 9"},
		{"a name without a code", []any{"X", edit(func(g grid) { g[8][1] = "Våler" })}, `X!B9: figures without a municipality code; the label is "Våler"`},
		{"a figure under no month", []any{"X", edit(func(g grid) { g[8] = append(g[8], 7) })}, `X!E9: "7" stands under no month`},
		{"an unknown symbol", []any{"X", edit(func(g grid) { g[8][2] = "**" })}, `X!C9: "**" is neither a number nor a symbol`},
		{"a dash", []any{"X", edit(func(g grid) { g[8][2] = "–" })}, "X!C9"},
		{"an error of Excel", []any{"X", edit(func(g grid) { g[8][2] = "#REF!" })}, "X!C9"},
		{"half a person", []any{"X", edit(func(g grid) { g[8][2] = 12.5 })}, "X!C9"},
		{"less than nobody", []any{"X", edit(func(g grid) { g[8][2] = -1 })}, "X!C9"},
		{"no municipality", []any{"X", edit(func(g grid) { g[8], g[9] = nil, nil })}, "X!A1: no row of a municipality"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(book(t, c.sheets...), countPlan())
			if err == nil || data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "table HL060") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestPerCent(t *testing.T) {
	g := october()
	g[2][2] = "Kommune¹. Prosent av arbeidsstyrken²"
	g[8], g[9] = []any{nil, "3421 Trysil", 2.2999999999999998, "2,1"}, []any{nil, "3425 Engerdal", "*", 0}
	p := &catalogue.Table{ID: "HL060", Series: map[string]catalogue.Selection{"share": {"Ark": {"Prosent"}}}}
	got, err := Decode(book(t, "x", g), p)
	if err != nil {
		t.Fatal(err)
	}
	if s, want := show(got), "3421 2022M01 2.3 | 3421 2022M02 2.1 | 3425 2022M01 : | 3425 2022M02 0"; s != want {
		t.Errorf("got %s, want %s", s, want)
	}
	g[8][2] = 101
	if _, err := Decode(book(t, "x", g), p); err == nil || !strings.Contains(err.Error(), `x!C9: "101" is not per cent`) {
		t.Errorf("got %v", err)
	}
}

// Cells that Excel shows as 2.3 % hold 0.023.
func TestPerCentStoredAsFraction(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	must(t, f.SetSheetName("Sheet1", "Kommune prosent"))
	custom := "0.0 %"
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &custom})
	must(t, err)
	for cell, v := range map[string]any{"A1": "Januar 2022", "B2": "Januar", "A3": "3421 Trysil", "B3": 0.023} {
		must(t, f.SetCellValue("Kommune prosent", cell, v))
	}
	must(t, f.SetCellStyle("Kommune prosent", "B3", "B3", style))
	var body bytes.Buffer
	must(t, f.Write(&body))
	got, err := Decode(body.Bytes(), &catalogue.Table{ID: "HL060", Series: map[string]catalogue.Selection{"share": {"Ark": {"Prosent"}}}})
	must(t, err)
	if s := show(got); s != "3421 2022M01 2.3" {
		t.Error(s)
	}
}

func TestMergedTitlesAndCells(t *testing.T) {
	f, err := excelize.OpenReader(bytes.NewReader(book(t, "x", grid{
		nil,
		{nil, "Kilde: NAV"},
		{nil, "Kommune¹. Antall²"},
		nil,
		{nil, "Januar - februar 2022"},
		nil,
		{nil, nil, "Januar", nil, "Februar"},
		{nil, "3421 Trysil", 95, nil, 88},
	})))
	must(t, err)
	defer f.Close()
	for _, m := range [][2]string{{"B2", "F2"}, {"B3", "F3"}, {"C7", "D7"}, {"C8", "D8"}} {
		must(t, f.MergeCell("x", m[0], m[1]))
	}
	var body bytes.Buffer
	must(t, f.Write(&body))
	got, err := Decode(body.Bytes(), countPlan())
	must(t, err)
	if s := show(got); s != "3421 2022M01 95 | 3421 2022M02 88" {
		t.Error(s)
	}
}

func TestWhatIsNoWorkbookIsRefused(t *testing.T) {
	whole := book(t, "x", october())
	for name, body := range map[string][]byte{
		"empty": nil, "HTML": []byte("<!DOCTYPE html><title>Feil</title>"), "half": whole[:len(whole)/2], "too long": make([]byte, maxBody+1),
	} {
		if _, err := Decode(body, countPlan()); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A sheet that breaks off after its first municipality must not pass for a whole
// one.
func TestSheetThatBreaksOffIsRefused(t *testing.T) {
	whole := book(t, "x", october())
	sheet := part(t, whole, sheetPart)
	cut := sheet[:bytes.LastIndex(sheet, []byte("<row"))]
	_, err := Decode(repack(t, whole, map[string][]byte{sheetPart: cut}), countPlan())
	if data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), "sheet1.xml in the workbook is cut off") {
		t.Errorf("got %v", err)
	}
	if _, err := Decode(repack(t, whole, nil), countPlan()); err != nil {
		t.Error(err)
	}
}

func TestPlanThatNAVCannotMeet(t *testing.T) {
	for _, s := range []catalogue.Selection{{"Ark": {"Antall", "Prosent"}}, {"Ark": {"Endring"}}, {"Kjonn": {"0"}}, {}, {"Ark": {"Antall"}, "Kjonn": {"0"}}} {
		p := &catalogue.Table{ID: "HL060", Series: map[string]catalogue.Selection{"x": s}}
		if _, err := Decode(nil, p); data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), "series x") {
			t.Errorf("%v: %v", s, err)
		}
	}
}
