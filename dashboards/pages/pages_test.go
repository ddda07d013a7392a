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
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
	"github.com/bygdevekst/bygdevekst/indicators/outlook"
)

// recordedRelease is what the embedded figures and catalogue make, without
// effects: those are in release below.
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
	if err := outlook.Derive(cat, &c, 0); err != nil {
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

// evaluated is the recorded release with a small evaluation laid in by hand: the
// numbers only have to be told apart. Våler has a target agreed and Trysil no
// figures, so that both states are shown.
func evaluated(t testing.TB) *served.Release {
	t.Helper()
	r := *recordedFigures(t)
	c := r.Cube.Content
	const design, indicator = "innlandet", "net-migration-rate"
	null := cube.Null
	for i, region := range []string{"3419", "3421", "3422", "3425", "innlandet"} {
		x := cube.Float(i + 1)
		if region == "3421" {
			c.Effects = append(c.Effects, cube.Effect{
				Design: design, Indicator: indicator, Region: region, Method: "sdid", Primary: true, Start: 2025,
				ATT: null, SE: null, Lower: null, Upper: null, P: null, SmallestP: null, PAdjusted: null, PFamily: null, MDE: null,
				PreRMSPE: null, PostRMSPE: null, Ratio: null, Needed: null, Verdict: "cannot-tell", Reason: "few-donors",
			})
			continue
		}
		for j, method := range []string{"sdid", "did", "sdid-with-neighbours"} {
			y := x + cube.Float(j)/8
			e := cube.Effect{
				Design: design, Indicator: indicator, Region: region, Method: method, Primary: j == 0, Start: 2025, To: 2025,
				ATT: y, SE: y / 3, Lower: y - 2, Upper: y + 2, P: 0.4, SmallestP: 0.0323, PAdjusted: 0.5, PFamily: 0.75, MDE: 3 * y,
				PreRMSPE: y / 4, PostRMSPE: y / 5, Ratio: 0.8125, Donors: 30, Needed: null, Flags: "descriptive,over-fit",
				Verdict: "cannot-tell", Reason: "below-detectable",
			}
			if j > 0 {
				e.Flags = "descriptive"
			}
			c.Effects = append(c.Effects, e)
		}
		for year := int32(2020); year <= 2025; year++ {
			p := cube.EffectPath{Design: design, Indicator: indicator, Region: region, Method: "sdid", Year: year, Observed: x * 3, Counterfactual: x * 2, Gap: x, Lower: null, Upper: null}
			if year == 2025 {
				p.Lower, p.Upper = -x, 3*x
			}
			c.EffectPaths = append(c.EffectPaths, p)
		}
		for n, donor := range r.Cube.Members("3425") {
			if n < 17 {
				c.EffectWeights = append(c.EffectWeights, cube.EffectWeight{Design: design, Indicator: indicator, Region: region, Method: "sdid", Donor: donor.Peer, Weight: 1.0 / 17})
			}
			c.EffectPlacebos = append(c.EffectPlacebos, cube.EffectPlacebo{Design: design, Indicator: indicator, Region: region, Placebo: donor.Peer, Year: 2025, Gap: 1})
		}
		for n := range 3 {
			for _, years := range []int32{4, 1} {
				c.Powers = append(c.Powers, cube.Power{Design: design, Indicator: indicator, Region: region, Method: "sdid", Years: years, Effect: cube.Float(n) * 5, Power: cube.Float(n) / 2, MDE: 8.25})
			}
		}
	}
	c.EffectShares = append(c.EffectShares, cube.EffectShare{
		Design: design, Indicator: indicator, Region: "3419", Year: 2025, Total: 0.5, Background: 0.375, Programme: 0.125, Lower: -0.25, Upper: 0.5,
		Verdict: "no-difference", Reason: "target",
	})
	r.Cube = cube.New(c)
	return &r
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
