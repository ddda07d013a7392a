package static_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/dashboards/static"
)

func get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestHandler(t *testing.T) {
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		static.StyleSheet:          {200, "text/css; charset=utf-8"},
		static.Icon:                {200, "image/svg+xml"},
		"/static/site.css":         {200, "text/css; charset=utf-8"},
		"/static/static.go":        {404, "text/plain; charset=utf-8"},
		"/static/vendor.mjs":       {404, "text/plain; charset=utf-8"},
		"/static/../go.mod":        {404, "text/plain; charset=utf-8"},
		"/static/vendor/README.md": {404, "text/plain; charset=utf-8"},
	} {
		w := get(path)
		if w.Code != want.status || w.Header().Get("Content-Type") != want.kind {
			t.Errorf("%s answers %d %s, want %d %s", path, w.Code, w.Header().Get("Content-Type"), want.status, want.kind)
		}
	}
	if got := get(static.StyleSheet).Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("the versioned address is cached %q", got)
	}
	if got := get("/static/bygdevekst.css?v=old").Header().Get("Cache-Control"); got != "" {
		t.Errorf("an old address is cached %q", got)
	}
}

// TestLocal: the style sheet asks for nothing from elsewhere, and for nothing
// that is not there.
func TestLocal(t *testing.T) {
	css := get(static.StyleSheet).Body.String()
	if !strings.HasPrefix(strings.TrimSpace(regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(css, "")), "@layer fallback, ds.theme") {
		t.Error("the style sheet does not begin with the order of its layers")
	}
	for _, m := range regexp.MustCompile(`url\(["']?([^"')]+)`).FindAllStringSubmatch(css, -1) {
		switch link := m[1]; {
		case strings.HasPrefix(link, "#"):
		case strings.Contains(link, "//"), strings.HasPrefix(link, "data:"):
			t.Errorf("the style sheet loads %s", link)
		default:
			if w := get(static.Prefix + link); w.Code != http.StatusOK {
				t.Errorf("the style sheet asks for %s, which answers %d", link, w.Code)
			}
		}
	}
}

// TestContrast: text on its background has the contrast WCAG 2.2 asks for at
// level AA, 4.5 to 1, and lines that carry meaning 3 to 1.
func TestContrast(t *testing.T) {
	css := get("/static/site.css").Body.String()
	colour := func(name string) string {
		if strings.HasPrefix(name, "#") {
			return name
		}
		m := regexp.MustCompile(`--` + name + `: (#[0-9a-f]{6});`).FindStringSubmatch(css)
		if m == nil {
			t.Fatalf("no colour --%s", name)
		}
		return m[1]
	}
	for _, pair := range []struct {
		front, back string
		least       float64
	}{
		{"ink", "paper", 4.5},
		{"ink", "tint", 4.5},
		{"ink", "tint-strong", 4.5},
		{"ink-soft", "paper", 4.5},
		{"ink-soft", "tint", 4.5},
		{"accent", "paper", 4.5},
		{"accent", "tint", 4.5},
		{"accent-hover", "paper", 4.5},
		{"#ffffff", "accent", 4.5},
		{"#ffffff", "accent-hover", 4.5},
		{"#3d2800", "warn", 4.5},
		{"ink", "warn", 4.5},
		{"line-strong", "paper", 3},
		{"warn-line", "paper", 3},
		{"focus", "paper", 3},
	} {
		if got := contrast(t, colour(pair.front), colour(pair.back)); got < pair.least {
			t.Errorf("%s on %s has the contrast %.2f, want %.1f", pair.front, pair.back, got, pair.least)
		}
	}
}

// contrast is WCAG's contrast ratio of two sRGB colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}
