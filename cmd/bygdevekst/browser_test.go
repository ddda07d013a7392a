package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// sharedHome is the folder recordedHome made, if any.
var sharedHome string

// recordedHome is a home folder with the recorded figures' release, built once
// for all tests that only read it.
var recordedHome = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bygdevekst")
	if err != nil {
		return "", err
	}
	sharedHome = dir
	for _, args := range [][]string{{"ingest"}, {"build"}} {
		var out bytes.Buffer
		m := Main{Args: append([]string{"--home", dir}, args...), Stdout: &out, Stderr: &out}
		if code := m.Run(context.Background()); code != exitOK {
			return dir, fmt.Errorf("%v ended with %d: %s", args, code, out.String())
		}
	}
	return dir, nil
})

// serveRecorded runs `up` on the recorded figures and returns the address it prints.
func serveRecorded(t *testing.T) string {
	t.Helper()
	home, err := recordedHome()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- Main{Args: []string{"--home", home, "--addr", "127.0.0.1:0", "up"}, Stdout: w, Stderr: io.Discard}.Run(ctx)
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("up ended with %d", code)
		}
	})
	return strings.TrimSpace(line)
}

var hrefRE = regexp.MustCompile(`(?:href|src|srcset)="([^"#]+)`)

// idRE matches what differs between addresses of one shape.
var idRE = regexp.MustCompile(`((?:avtaler|kommuner|indikatorer|delmal|evaluering|charts|charts/effects|utgaver|filer|filer/parquet|agreements|indicators|municipalities)/|=)[^/?&.]+`)

// TestCrawl follows the internal links of every shape from the front page: all answer 200, no
// page has a hole where a figure should be, and every page says which release
// and which kind of figures it shows.
func TestCrawl(t *testing.T) {
	base := serveRecorded(t)
	seen := map[string]bool{"/": true}
	queue := []string{"/"}
	pages := 0
	// More than a few addresses of one shape, such as /kommuner/3425, say no more.
	const mostOfAShape = 8
	shapes := map[string]int{}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		shape := idRE.ReplaceAllString(path, "$1*")
		if shapes[shape]++; shapes[shape] > mostOfAShape {
			continue
		}
		body, kind := fetch(t, base+path)
		if !strings.HasPrefix(kind, "text/html") {
			continue
		}
		pages++
		for _, bad := range []string{"NaN", "+Inf", "-Inf", "%!", "<no value>", "ZgotmplZ"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
		if !strings.Contains(body, `lang="n`) || !strings.Contains(body, "<h1") || !strings.Contains(body, "<title>") {
			t.Errorf("%s lacks lang, h1 or title", path)
		}
		for _, m := range hrefRE.FindAllStringSubmatch(body, -1) {
			link := strings.ReplaceAll(m[1], "&amp;", "&")
			u, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s links to %q: %v", path, link, err)
				continue
			}
			if u.Host == "" && u.Scheme == "" && strings.HasPrefix(u.Path, "/") && !seen[link] {
				seen[link] = true
				queue = append(queue, link)
			}
		}
	}
	for _, want := range []string{
		"/avtaler", "/avtaler/*", "/avtaler/*/delmal/*", "/avtaler/*/forpliktelser", "/avtaler/*/evaluering", "/avtaler/*/evaluering/*?municipality=*",
		"/kommuner", "/kommuner/*", "/kommuner/*/sammenligning", "/indikatorer", "/indikatorer/*?municipality=*", "/metode", "/data", "/utgaver", "/tilgjengelighet",
	} {
		if shapes[want] == 0 {
			t.Errorf("no link leads to a page like %s", want)
		}
	}
	t.Logf("%d links of %d shapes, %d pages", len(seen), len(shapes), pages)
}

// client keeps under the server's rate limit by waiting when told to.
func fetch(t *testing.T, url string) (body, kind string) {
	t.Helper()
	for range 200 {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == http.StatusTooManyRequests {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %.200s", url, res.StatusCode, raw)
		}
		return string(raw), res.Header.Get("Content-Type")
	}
	t.Fatalf("%s: still refused", url)
	return "", ""
}

// browserPages are the pages looked at in a real browser.
var browserPages = []string{
	"/",
	"/avtaler/innlandet",
	"/avtaler/innlandet/delmal/1",
	"/kommuner/3425",
	"/indikatorer/net-migration-rate?municipality=3425,3421,3419,3422",
	"/kommuner/3425/sammenligning",
	"/avtaler/innlandet/evaluering",
	"/avtaler/innlandet/evaluering/net-migration-rate?municipality=3421",
	"/indikatorer",
	"/metode?lang=nn",
	"/data",
	"/avtaler?lang=nn",
	"/avtaler/innlandet/forpliktelser?lang=nn",
	"/kommuner?q=tr",
	"/kommuner/3421?lang=nn",
	"/avtaler/innlandet/evaluering?lang=nn",
	"/tilgjengelighet?lang=nn",
	"/utgaver",
}

// TestBrowser opens the pages in Chromium at three widths: nothing is refused by
// the content security policy, nothing scrolls sideways at 320 pixels, the
// keyboard reaches the content first, and axe-core finds no breach of WCAG 2.1 A and AA,
// as the page on accessibility says. Set BYGDEVEKST_SHOTS to a folder to keep
// screenshots.
func TestBrowser(t *testing.T) {
	chromium := chromiumPath(t)
	axe := axeSource(t)
	base := serveRecorded(t)
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true)))
	defer cancel()
	complaints := make(chan string, 1000)
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			complaints <- e.ExceptionDetails.Text
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError {
				complaints <- fmt.Sprint(e.Args)
			}
		case *browserlog.EventEntryAdded:
			// What the content security policy refuses is said here.
			if e.Entry.Level == browserlog.EntryLevelError {
				complaints <- e.Entry.Text + " " + e.Entry.URL
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, enableLog); err != nil {
		t.Fatal(err)
	}
	for _, path := range browserPages {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(base+path), chromedp.WaitReady(chromedp.CSS("main"))); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		keyboard(t, ctx, path)
		for _, width := range []int64{1280, 768, 320} {
			name := fmt.Sprintf("%s at %d", path, width)
			// A page is laid out anew for each width, as when a telephone is turned.
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			over, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if over > 0 {
				t.Errorf("%s scrolls sideways by %d pixels", name, over)
			}
			keep(t, ctx, path, width)
			// The narrow form has lists where the wide has tables.
			if width != 768 {
				audit(t, ctx, axe, name)
			}
		}
	}
	cancel() // Nothing listens any more.
	close(complaints)
	for c := range complaints {
		t.Errorf("the browser complained: %s", c)
	}
}

// enableLog asks for the browser's own log.
func enableLog(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
	_, err := cdp.Call(ctx, target, browserlog.Enable, cdp.Empty{})
	return chromedp.Void{}, err
}

// keyboard presses the tabulator twice: first comes the link past the menu, in
// sight and leading to the content, then the menu itself.
func keyboard(t *testing.T, ctx context.Context, path string) {
	t.Helper()
	const focused = `(e => [e.tagName, e.getAttribute("href"), e.getBoundingClientRect().width > 1].join(" "))(document.activeElement)`
	for _, want := range []string{"A #innhold true", "A /"} {
		if err := chromedp.Do(ctx, chromedp.KeyEvent("\t")); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](focused))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: the tabulator leads to %q, want %q", path, got, want)
		}
	}
}

// audit runs axe-core and reports every breach of WCAG 2.1 A and AA.
func audit(t *testing.T, ctx context.Context, axe, name string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](axe+";0")); err != nil {
		t.Fatalf("%s: axe: %v", name, err)
	}
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, node: v.nodes[0].html}))))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: axe: %v", name, err)
	}
	var found []struct{ ID, Impact, Help, Node string }
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Errorf("%s: %s (%s): %s in %.160s", name, v.ID, v.Impact, v.Help, v.Node)
	}
}

// keep writes a screenshot to the folder BYGDEVEKST_SHOTS names, if any.
func keep(t *testing.T, ctx context.Context, path string, width int64) {
	t.Helper()
	dir := os.Getenv("BYGDEVEKST_SHOTS")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(path, "-"), "-")
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.jpg", name, width)), shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

func chromiumPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("CI needs a Chromium; make tools installs it")
	}
	t.Skip("no Chromium here; make tools installs one")
	return ""
}

func axeSource(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs axe-core; npm ci installs it: %v", err)
		}
		t.Skip("axe-core is not installed; npm ci installs it")
	}
	return string(raw)
}
