package pxweb_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
	"github.com/bygdevekst/bygdevekst/ingest/fetch"
	"github.com/bygdevekst/bygdevekst/ingest/pxweb"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

func client(t *testing.T, base string) *pxweb.Client {
	t.Helper()
	h, err := fetch.New(base, fetch.Options{Dir: t.TempDir(), Tries: 2, Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return pxweb.New(h, base+"/api/pxwebapi/v2/")
}

// replay answers every path with a recorded body and status.
func replay(t *testing.T, answers map[string]string) *pxweb.Client {
	t.Helper()
	dir := sharedtest.Path(t, "pxweb-fixtures")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, file, ok := strings.Cut(answers[strings.TrimPrefix(r.URL.Path, "/api/pxwebapi/v2")], " ")
		if !ok {
			t.Errorf("nothing recorded for %s", r.URL.Path)
			return
		}
		body, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Error(err)
		}
		code := http.StatusOK
		fmt.Sscan(status, &code)
		w.WriteHeader(code)
		_, _ = w.Write(body)
	}))
	t.Cleanup(srv.Close)
	return client(t, srv.URL)
}

// TestRecordedErrors holds every recorded error to what it means.
func TestRecordedErrors(t *testing.T) {
	for file, want := range map[string]struct{ code, says string }{
		"400 ssb-v2/error-400-nonexistent-table.json":             {data.ENOTFOUND, "Non-existent table"},
		"400 ssb-v2/error-400-nonexistent-value-kommune.json":     {data.EINVALID, "Non-existent value"},
		"400 ssb-v2/error-400-nonexistent-value-contents.json":    {data.EINVALID, "Non-existent value"},
		"400 ssb-v2/error-400-nonexistent-value-old-kommune.json": {data.EINVALID, "Non-existent value"},
		"400 ssb-v2/error-400-missing-selection.json":             {data.EINVALID, "mandantory"},
		"404 ssb-v2/error-404-url-too-long.truncated.html":        {data.EUNAVAILABLE, "says nothing of the table"},
	} {
		c := replay(t, map[string]string{"/tables/12209/data": file, "/tables/12209": file, "/codelists/x": file})
		req, err := c.DataRequest("12209", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, raw, err := c.Data(context.Background(), "12209", req)
		if data.ErrorCode(err) != want.code || !strings.Contains(err.Error(), want.says) || !strings.Contains(err.Error(), "table 12209") {
			t.Errorf("%s: %s, %v", file, data.ErrorCode(err), err)
		}
		if raw.Answer == nil || len(raw.Body) == 0 {
			t.Errorf("%s: the body is lost", file)
		}
	}
}

// TestLongAddress meets the web server's own page with an address that is too long.
func TestLongAddress(t *testing.T) {
	c := replay(t, map[string]string{"/codelists/" + strings.Repeat("x", 2100): "404 ssb-v2/error-404-url-too-long.truncated.html"})
	_, _, err := c.Codelist(context.Background(), strings.Repeat("x", 2100))
	if data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), "too long") {
		t.Errorf("%v", err)
	}
}

// TestOtherErrors are answers that were described and not recorded.
func TestOtherErrors(t *testing.T) {
	for _, c := range []struct {
		status     int
		body       string
		code, says string
	}{
		{400, `{"type":"Parameter error","title":"Too many cells selected","status":400,"detail":"Too many cells"}`, data.EINVALID, "too many cells"},
		{403, `{"type":"Parameter error","title":"Too many cells selected","status":403}`, data.EINVALID, "too many cells"},
		{403, ``, data.EINVALID, "too many cells"},
		{404, `{"type":"Parameter error","title":"Non-existent codelist","status":404}`, data.ENOTFOUND, "Non-existent codelist"},
		{429, ``, data.EUNAVAILABLE, "429"},
		{500, ``, data.EUNAVAILABLE, "a code is asked for twice"},
		{503, ``, data.EUNAVAILABLE, "503"},
		{302, ``, data.EUNAVAILABLE, "answered 302"},
		{200, `{"id":"12`, data.EINVALID, "cannot be read"},
		{200, `<html>`, data.EINVALID, "cannot be read"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		_, _, err := client(t, srv.URL).Table(context.Background(), "12209")
		srv.Close()
		if data.ErrorCode(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d %q: %s, %v", c.status, c.body, data.ErrorCode(err), err)
		}
	}
}

// TestRecordedBodies reads what SSB, Statistics Sweden and the server's own
// tests have answered.
func TestRecordedBodies(t *testing.T) {
	c := replay(t, map[string]string{
		"/config": "200 scb-v2/config.json", "/tables": "200 scb-v2/search.json", "/tables/TAB004": "200 pxwebapi-server/TableById_tab004.json",
		"/tables/TAB003/metadata": "200 pxwebapi-server/MetadataById_tab003_js2.json", "/tables/TAB6471/metadata": "200 scb-v2/TAB6471_metadata.json",
		"/tables/12134/data": "200 ssb-v2/12134-data-3kommuner.json", "/codelists/agg_x": "200 scb-v2/agg_Alder10arJ.json",
	})
	ctx := context.Background()
	// Numbers below are those of the files.
	cfg, _, err := c.Config(ctx)
	if err != nil || cfg.MaxDataCells != 150_000 || c.MaxCells() != 150_000 || cfg.MaxCallsPerTimeWindow != 3 {
		t.Errorf("config %+v, %v", cfg, err)
	}
	tab, _, err := c.Table(ctx, "TAB004")
	if at, ok := tab.UpdatedTime(); err != nil || !ok || at.Year() != 2023 || tab.LastPeriod != "2017" || tab.Discontinued {
		t.Errorf("table %+v, %v", tab, err)
	}
	meta, _, err := c.Metadata(ctx, "TAB003")
	if err != nil || len(meta.Dimensions) != 4 || len(meta.Dimensions[1].Codes) != 34 {
		t.Errorf("metadata: %v", err)
	}
	meta, _, err = c.Metadata(ctx, "TAB6471")
	if err != nil || len(meta.Dimensions) == 0 {
		t.Errorf("metadata of Statistics Sweden: %v", err)
	}
	list, _, err := c.Codelist(ctx, "agg_x")
	if err != nil || list.Type != "Aggregation" || len(list.Values[0].Members) != 10 {
		t.Errorf("code list %+v, %v", list, err)
	}
	if hits, err := c.Tables(ctx, "x", true); err != nil || len(hits) == 0 {
		t.Errorf("search: %d, %v", len(hits), err)
	}
	req, err := c.DataRequest("12134", pxweb.Selection{{Code: "Tid", Values: []string{"2024"}}})
	if err != nil {
		t.Fatal(err)
	}
	ds, raw, err := c.Data(ctx, "12134", req)
	if err != nil || ds.Values[0] != 81240 || ds.Updated != "2026-03-16T07:00:00Z" {
		t.Errorf("data: %v", err)
	}
	if !strings.Contains(raw.Request.String(), `"selection":[{"variableCode":"Tid","valueCodes":["2024"]}]`) {
		t.Errorf("request %s", raw.Request)
	}
}

// TestSimulator asks the simulator for what a plan asks.
func TestSimulator(t *testing.T) {
	s, err := ssbsim.New(ssbsim.Options{Seed: 1, Regions: []ssbsim.Region{{Code: "3421", Name: "Trysil", County: "34", Centrality: 604}, {Code: "3425", Name: "Engerdal", County: "34", Centrality: 421}}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	c := client(t, srv.URL)
	ctx := context.Background()
	if _, _, err := c.Config(ctx); err != nil || c.MaxCells() != ssbsim.MaxCells {
		t.Fatalf("%d cells, %v", c.MaxCells(), err)
	}
	all, err := c.Tables(ctx, "", true)
	if err != nil || len(all) != len(s.Tables()) {
		t.Errorf("%d tables of %d, %v", len(all), len(s.Tables()), err)
	}
	if _, _, err := c.Table(ctx, "99999"); data.ErrorCode(err) != data.ENOTFOUND {
		t.Errorf("no such table: %v", err)
	}
	if _, _, err := c.Metadata(ctx, "99999"); data.ErrorCode(err) != data.ENOTFOUND {
		t.Errorf("no such table: %v", err)
	}
	if _, _, err := c.Codelist(ctx, "agg_kommsummer"); data.ErrorCode(err) != data.ENOTFOUND {
		t.Errorf("ids of code lists are case-sensitive: %v", err)
	}
	req, err := c.DataRequest("06913", pxweb.Selection{{"Region", "agg_KommSummerHist", []string{"K_3425"}}, {"ContentsCode", "", []string{"Folkemengde"}}, {"Tid", "", []string{"top(2)"}}})
	if err != nil {
		t.Fatal(err)
	}
	ds, _, err := c.Data(ctx, "06913", req)
	if err != nil || ds.Len() != 2 {
		t.Errorf("%v", err)
	}
}

func TestSelect(t *testing.T) {
	years := []string{"2019", "2020", "2021", "2022", "2023"}
	quarters := []string{"2023K4", "2024K1", "2024K2"}
	ages := []string{"000", "001", "010", "105+"}
	for _, c := range []struct {
		codes []string
		expr  string
		time  bool
		want  string
	}{
		{years, "*", true, "2019 2020 2021 2022 2023"},
		{years, "top(2)", true, "2022 2023"},
		{years, "top(2,1)", true, "2021 2022"},
		{years, "TOP(99)", true, "2019 2020 2021 2022 2023"},
		{years, "bottom(2)", true, "2019 2020"},
		{years, "from(2021)", true, "2021 2022 2023"},
		{years, "from(2008)", true, "2019 2020 2021 2022 2023"},
		{years, "to(2020)", true, "2019 2020"},
		{years, "[range(2020,2021)]", true, "2020 2021"},
		{years, "range(2015, 2020)", true, "2019 2020"},
		{years, "202?", true, "2020 2021 2022 2023"},
		{years, "2020;2020;2019", true, "2019 2020"},
		{quarters, "from(2024K1)", true, "2024K1 2024K2"},
		{[]string{"2023", "2022"}, "top(1)", true, "2023"},
		{ages, "0*", false, "000 001 010"},
		{ages, "105+", false, "105+"},
		{ages, "top(2)", false, "000 001"},
		{ages, "bottom(1)", false, "105+"},
		{[]string{"Abc", "b"}, "aBC", false, "Abc"},
	} {
		got, err := pxweb.Select(c.codes, strings.Split(c.expr, ";"), c.time)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s of %v: %v, %v; want %s", c.expr, c.codes, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "2030", "9*", "top(0)", "top()", "top(x)", "top(1,2,3)", "top(1,-1)", "from(x)", "range(2020)", "range(2020,x)", "from(2024)", "to(2010)", "range(2022,2020)"} {
		if got, err := pxweb.Select(years, []string{bad}, true); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("%q gave %v, %v", bad, got, err)
		}
	}
	if _, err := pxweb.Select(ages, []string{"from(002)"}, false); data.ErrorCode(err) != data.EINVALID {
		t.Errorf("an edge that is no code: %v", err)
	}
}

func FuzzSelect(f *testing.F) {
	for _, s := range []string{"*", "top(2)", "range(2020,2021)", "20?0", "bottom(9999999999)", "top(1,9223372036854775807)"} {
		f.Add(s, true)
	}
	codes := []string{"2019", "2020", "2021"}
	f.Fuzz(func(t *testing.T, expr string, time bool) {
		got, err := pxweb.Select(codes, []string{expr}, time)
		if err == nil && (len(got) == 0 || len(got) > len(codes) || !slices.IsSorted(got)) {
			t.Fatalf("%q gave %v", expr, got)
		}
	})
}

// TestChunks cuts any selection into parts under the limit that hold every cell once.
func TestChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sel := pxweb.Selection{}
		for k, name := range []string{"Region", "Alder", "Tid"} {
			v := pxweb.Variable{Code: name}
			for i := range rapid.IntRange(1, []int{400, 20, 30}[k]).Draw(t, name) {
				v.Values = append(v.Values, fmt.Sprint(i))
			}
			sel = append(sel, v)
		}
		limit := rapid.IntRange(20, 5000).Draw(t, "limit")
		parts, err := pxweb.Chunks(sel, limit, "Region", "Tid")
		if err != nil {
			t.Fatalf("20 ages fit in any limit drawn: %v", err)
		}
		cells := 0
		seen := map[string]bool{}
		for _, p := range parts {
			if p.Cells() > limit || p.Cells() == 0 {
				t.Fatalf("a part of %d cells, limit %d", p.Cells(), limit)
			}
			if len(p[1].Values) != len(sel[1].Values) {
				t.Fatal("ages were cut")
			}
			for _, r := range p[0].Values {
				for _, y := range p[2].Values {
					if seen[r+"/"+y] {
						t.Fatalf("%s, %s twice", r, y)
					}
					seen[r+"/"+y] = true
				}
			}
			cells += p.Cells()
		}
		if cells != sel.Cells() {
			t.Fatalf("%d cells of %d", cells, sel.Cells())
		}
	})
}

func TestChunksOfKnownTables(t *testing.T) {
	list := func(n int) []string { return make([]string, n) }
	// 07459 from 2008: 357 × 2 × 106 × 19 = 1,437,996 cells, two requests.
	sel := pxweb.Selection{{Code: "Region", Values: list(357)}, {Code: "Kjonn", Values: list(2)}, {Code: "Alder", Values: list(106)}, {Code: "Tid", Values: list(19)}}
	parts, err := pxweb.Chunks(sel, pxweb.DefaultMaxCells, "Region", "Tid")
	if err != nil || len(parts) != 2 || len(parts[0][0].Values) != 178 {
		t.Errorf("%d parts, %v", len(parts), err)
	}
	if _, err := pxweb.Chunks(sel, 211, "Region", "Tid"); data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), "212 cells") {
		t.Errorf("212 cells that cannot be cut: %v", err)
	}
}
