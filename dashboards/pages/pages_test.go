package pages_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/pages"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/recorded"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// recordedRelease is what the embedded figures and catalogue make, without
// effects: those are in release below.
var recordedRelease = sync.OnceValues(func() (*served.Release, error) {
	cat := catalogue.Default()
	batches, err := recorded.Batches()
	if err != nil {
		return nil, err
	}
	set, err := facts.Harmonise(batches, regions.Default(), func(table, series string) bool {
		t := cat.Table(table)
		return t != nil && t.Sums(series)
	})
	if err != nil {
		return nil, err
	}
	c, err := indicators.Derive(context.Background(), indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Seed: 1, Workers: 2})
	if err != nil {
		return nil, err
	}
	return &served.Release{Info: info(data.Recorded), Cube: cube.New(c), Catalogue: cat, Regions: regions.Default()}, nil
})

func info(kind data.Kind) cube.Info {
	return cube.Info{
		ID: "2026-11-25-0123456789ab", Created: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Kind: kind, CodeVersion: "test",
		CatalogueSHA256: strings.Repeat("cd", 32), ContentSHA256: strings.Repeat("ab", 32), Seed: 1,
		Inputs: []cube.Input{{Table: "06913", SHA256: strings.Repeat("ef", 32), Kind: kind}},
		Files:  []cube.File{{Name: "values.parquet", SHA256: strings.Repeat("01", 32)}},
	}
}

func recordedFigures(t testing.TB) *served.Release {
	t.Helper()
	r, err := recordedRelease()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// serve returns a handler of nothing but pages over a release.
func serve(r *served.Release) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	pages.Register(router, func() *served.Release { return r }, pages.Options{})
	return router
}

func get(t testing.TB, h http.Handler, path string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(raw)
}
