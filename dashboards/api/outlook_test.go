package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/dashboards/served/servedtest"
	"github.com/bygdevekst/bygdevekst/data"
)

func TestForecasts(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	w := get(t, r, Base+"/forecasts?agreement=innlandet&municipality=3425&lang=en")
	body := w.Body.String()
	f := decode[Forecasts](t, w)
	if f.Release != "r1" || len(f.Forecasts) != 2 {
		t.Fatalf("%+v", f)
	}
	// The figures are those of servedtest.
	naive := f.Forecasts[0]
	if naive.Municipality != "3425" || naive.Method != "naive" || naive.Value != -4 || naive.Lower != -30 || naive.Upper != 22 || naive.Year != 2028 || !naive.Best || naive.MethodText == "" || naive.Unit == "" {
		t.Errorf("%+v", naive)
	}
	if !strings.Contains(body, `"target":null,"chance":null`) || !strings.Contains(body, `"mase":null,"covered":null,"origins":0`) {
		t.Errorf("what is missing is not null: %s", body)
	}
}

func TestShifts(t *testing.T) {
	rel := servedtest.Release("r1", data.Recorded)
	rel.Cube.Shifts[0].After, rel.Cube.Shifts[0].Reason = 0, "too-short"
	rel.Cube.Shifts[1].Region = "innlandet"
	r, _ := engine(t, rel)
	all := decode[Shifts](t, get(t, r, Base+"/shifts?indicator=net-migration-rate")).Shifts
	if len(all) != len(rel.Cube.Shifts) || all[0].After != nil || all[0].Reason != "too-short" || all[1].After == nil || *all[1].After != 2020 || all[1].P != .4 ||
		all[0].Agreement != "" || all[1].Agreement != "innlandet" || all[1].Municipality != "pooled" {
		t.Errorf("%+v", all)
	}
}

func TestOutlookNotFound(t *testing.T) {
	r, _ := engine(t, servedtest.Release("r1", data.Recorded))
	for _, path := range []string{"/forecasts", "/shifts"} {
		for query, want := range map[string]int{
			"?agreement=none": 404, "?indicator=none": 404, "?municipality=9999": 404, "?indicator=neet-share": 404,
			"?municipality=pooled": 422, "?from=2025": 422, "?lang=xx": 422, "": http.StatusOK,
		} {
			if w := get(t, r, Base+path+query); w.Code != want {
				t.Errorf("%s%s: %d, want %d: %s", path, query, w.Code, want, w.Body)
			}
		}
	}
}
