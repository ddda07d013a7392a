package plots_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/dashboards/plots"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
	"github.com/bygdevekst/bygdevekst/indicators/effects"
)

// recordedRelease is the release of the embedded figures, made in memory.
var recordedRelease = sync.OnceValues(func() (*served.Release, error) {
	cat := catalogue.Default()
	set, err := recordedtest.Facts()
	if err != nil {
		return nil, err
	}
	c, err := indicators.Derive(context.Background(), indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Seed: 1, Workers: 2})
	if err != nil {
		return nil, err
	}
	if os.Getenv("CHART_DIR") != "" {
		if err := withEffects(cat, &c); err != nil {
			return nil, err
		}
	}
	return &served.Release{Info: cube.Info{ID: "2026-11-25-1f3a", Kind: data.Recorded}, Cube: cube.New(c), Catalogue: cat, Regions: regions.Default()}, nil
})

func withEffects(cat *catalogue.Catalogue, c *cube.Content) error {
	return effects.Derive(context.Background(), effects.Input{Catalogue: cat, Seed: 1, Workers: 2}, c)
}

func router(rel *served.Release) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	plots.Register(r, func() *served.Release { return rel })
	return r
}

func get(t testing.TB, rel *served.Release, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	router(rel).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// TestRecordedFigures: every indicator with figures is drawn for the four
// municipalities, each and together, with the newest figure of the release in it.
func TestRecordedFigures(t *testing.T) {
	rel, err := recordedRelease()
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for i := range rel.Catalogue.Indicators {
		ind := &rel.Catalogue.Indicators[i]
		if _, _, ok := rel.Cube.Years(ind.ID); !ok {
			continue
		}
		for _, query := range []string{"3425", "3421&window=3", "3419&from=2015", "innlandet", all} {
			w := get(t, rel, "/charts/"+ind.ID+".svg?municipality="+query)
			if w.Code != http.StatusOK {
				t.Errorf("%s, %s: %d %s", ind.ID, query, w.Code, w.Body)
				continue
			}
			drawn++
			list := texts(t, w.Body.Bytes())
			values := rel.Cube.Values(ind.ID, "3425", 1)
			if last := values[len(values)-1]; query == "3425" && last.Value.OK() && !contains(list, "Engerdal "+locale.Number(float64(last.Value), ind.Decimals)) {
				t.Errorf("%s: no label with %v among %q", ind.ID, last.Value, list)
			}
		}
		for _, measure := range []string{"change", "comparison", "share"} {
			if w := get(t, rel, "/charts/attainment/"+ind.ID+".svg?measure="+measure); w.Code != http.StatusOK {
				t.Errorf("%s, %s: %d %s", ind.ID, measure, w.Code, w.Body)
			}
		}
	}
	// Population, its change, migration, employment and education are recorded.
	if drawn < 5*7 {
		t.Errorf("only %d charts were drawn", drawn)
	}
}

// TestKeepPictures writes pictures of the real figures for a person to look at.
func TestKeepPictures(t *testing.T) {
	dir := os.Getenv("CHART_DIR")
	if dir == "" {
		t.Skip("set CHART_DIR to a folder to keep pictures")
	}
	rel, err := recordedRelease()
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"r-mig1":    "/charts/net-migration-rate.svg?municipality=3425",
		"r-mig3":    "/charts/net-migration-rate.svg?municipality=3425&window=3",
		"r-mig4":    "/charts/net-migration-rate.svg?municipality=3425,3421,3419,3422",
		"r-pop":     "/charts/population.svg",
		"r-pop1":    "/charts/population.svg?municipality=innlandet",
		"r-health":  "/charts/health-employment-share.svg?municipality=3419&from=2015&lang=nn",
		"r-change":  "/charts/attainment/net-migration-rate.svg?agreement=innlandet",
		"r-comp":    "/charts/attainment/health-employment-share.svg?agreement=innlandet&measure=comparison",
		"r-share":   "/charts/attainment/health-employment-share.svg?measure=share",
		"r-path":    "/charts/effects/net-migration-rate/path.svg?municipality=3421",
		"r-gaps":    "/charts/effects/net-migration-rate/gaps.svg?municipality=3421",
		"r-ratios":  "/charts/effects/net-migration-rate/ratios.svg?municipality=3421",
		"r-spec":    "/charts/effects/health-employment-share/specification.svg?municipality=pooled",
		"r-power":   "/charts/effects/net-migration-rate/power.svg?municipality=3421",
		"r-balance": "/charts/effects/net-migration-rate/balance.svg?municipality=3425",
	} {
		w := get(t, rel, path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name+".svg"), w.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		i := strings.Index(w.Body.String(), "<desc")
		t.Logf("%s: %.900s", name, w.Body.String()[i:])
	}
}
