package dashboards

import (
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// TestFiles sends what a manifest lists, whole or in part, and nothing beside it.
func TestFiles(t *testing.T) {
	_, h := serving(t, Options{Files: func(id string) (cube.Info, fs.FS, error) {
		if id != "r1" && id != "sim" {
			return cube.Info{}, nil, data.Errorf(data.ENOTFOUND, "no release %q", id)
		}
		info := cube.Info{ID: id, Kind: data.Recorded, Created: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Files: []cube.File{
			{Name: "parquet/values.parquet", SHA256: "abc", Bytes: 6}, {Name: "gone.duckdb", SHA256: "def", Bytes: 1},
		}}
		if id == "sim" {
			info.Kind = data.Simulated
		}
		return info, fstest.MapFS{"parquet/values.parquet": {Data: []byte("figure")}, "manifest.json": {Data: []byte("{}")}}, nil
	}}, data.Recorded)
	const path = "/utgaver/r1/filer/parquet/values.parquet"
	w := ask(h, http.MethodGet, path)
	if hd := w.Header(); w.Code != 200 || w.Body.String() != "figure" || hd.Get("Etag") != `"abc"` || !strings.Contains(hd.Get("Cache-Control"), "immutable") ||
		hd.Get("Content-Type") != "application/vnd.apache.parquet" || hd.Get("Content-Disposition") != "attachment; filename=bygdevekst-r1-parquet-values.parquet" {
		t.Errorf("%d %q %v", w.Code, w.Body, hd)
	}
	for _, tt := range []struct {
		method, url  string
		header       []string
		status       int
		body, inHead string
	}{
		{"GET", path, []string{"Range", "bytes=1-3"}, 206, "igu", ""},
		{"GET", path, []string{"If-None-Match", `"abc"`}, 304, "", ""},
		{"GET", "/utgaver/sim/filer/parquet/values.parquet", nil, 200, "figure", "SIMULERT"},
		{"POST", path, nil, 405, "", ""},
		{"GET", "/utgaver/r2/filer/parquet/values.parquet", nil, 404, "", ""},
		{"GET", "/utgaver/r1/filer/manifest.json", nil, 404, "", ""},
		{"GET", "/utgaver/r1/filer/gone.duckdb", nil, 404, "", ""},
		{"GET", "/utgaver/r1/filer/parquet/../manifest.json", nil, 404, "", ""},
		{"GET", "/utgaver/r1/filer/..%2f..%2fetc%2fpasswd", nil, 404, "", ""},
		{"GET", "/utgaver/r1/filer/", nil, 404, "", ""},
	} {
		w := ask(h, tt.method, tt.url, tt.header...)
		if w.Code != tt.status || tt.body != "" && w.Body.String() != tt.body || !strings.Contains(w.Header().Get("Content-Disposition"), tt.inHead) {
			t.Errorf("%s %s %v: %d %.80q", tt.method, tt.url, tt.header, w.Code, w.Body)
		}
		if tt.status >= 400 && strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: a failure is kept for ever", tt.url)
		}
	}
	if w := ask(h, http.MethodGet, "/data"); !strings.Contains(w.Body.String(), "release.duckdb\" download>Hele utgaven") {
		t.Error("the page on data leads to no file")
	}
	_, none := serving(t, Options{}, data.Recorded)
	if w := ask(none, http.MethodGet, path); w.Code != 404 {
		t.Errorf("without files: %d", w.Code)
	}
}
