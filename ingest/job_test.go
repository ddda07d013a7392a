package ingest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest"
	"github.com/bygdevekst/bygdevekst/ingest/gate"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

var update = flag.Bool("update", false, "rewrite the table of faults in docs/ingest.md")

// TestEveryTable brings every StatBank table of the catalogue from a clean
// source: all are stored and none is refused; each series of each plan has
// figures, four municipalities of the agreement among them; and a second run
// asks for no figures and adds nothing.
func TestEveryTable(t *testing.T) {
	srv := simulator(t, ssbsim.Options{})
	arch := openArchive(t)
	j := job(t, srv.URL, arch)
	res := run(t, j)
	if n := res.Count(ingest.Stored); n != len(res.Tables) || n < 30 {
		t.Fatalf("%d of %d tables stored:\n%s", n, len(res.Tables), say(res))
	}
	// Klass of the small world lacks all other municipalities, and nothing else differs.
	if n := len(res.Klass); n != 357-len(few) {
		t.Errorf("%d differences from Klass, want %d: %v", n, 357-len(few), res.Klass[:min(n, 3)])
	}
	entries, err := arch.Current(data.Simulated)
	if err != nil {
		t.Fatal(err)
	}
	batches := make([]data.Batch, len(entries))
	for i, e := range entries {
		body, err := arch.Body(e.Provenance.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if batches[i], err = ingest.Decode(e, body, j.Catalogue); err != nil {
			t.Fatal(err)
		}
		if p := e.Provenance; p.Licence != "CC BY 4.0" || p.Updated.IsZero() || !strings.Contains(p.Source, "ikke SSB") || p.Kind != data.Simulated {
			t.Errorf("provenance %+v", p)
		}
		// The body as received has the staff's names; what is published has not.
		if !strings.Contains(string(body), "simulator@example.org") || strings.Contains(fmt.Sprintf("%+v", batches[i].Provenance), "simulator@example.org") {
			t.Errorf("%s: contact details are published, or lost from the body", e.Key)
		}
	}
	set, err := facts.Harmonise(batches, regions.Default(), func(table, series string) bool { return j.Catalogue.Table(table).Sums(series) })
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range res.Tables {
		for _, name := range j.Catalogue.Table(r.ID).SeriesNames() {
			at := slices.IndexFunc(set.Series, func(s facts.Series) bool {
				return s.Table == r.ID && (s.Name == name || strings.HasPrefix(s.Name, name+"/"))
			})
			if at < 0 {
				t.Errorf("table %s: no figures for series %s", r.ID, name)
				continue
			}
			for _, m := range []string{"3419", "3421", "3422", "3425"} {
				if set.Points(r.ID, set.Series[at].Name, m) == nil {
					t.Errorf("table %s, series %s: none for %s", r.ID, name, m)
				}
			}
		}
	}
	before := current(t, arch)
	j = job(t, srv.URL, arch)
	again := run(t, j)
	if n := again.Count(ingest.Unchanged); n != len(again.Tables) {
		t.Errorf("a second run:\n%s", say(again))
	}
	// /config, one question for each table, and five to Klass.
	if want := len(again.Tables) + 1 + 5; again.Sent != want {
		t.Errorf("%d requests for unchanged tables, want %d", again.Sent, want)
	}
	if got := current(t, arch); !slices.Equal(got, before) {
		t.Error("the archive changed")
	}
}

// tables are a few of each kind: history on today's codes, plain codes of their
// time, KOSTRA, quarters.
var tables = []string{"01222", "06913", "07984", "09429", "12292"}

// TestRefetchAddsNothing asks for unchanged figures again: one archive.
func TestRefetchAddsNothing(t *testing.T) {
	srv := simulator(t, ssbsim.Options{})
	dir := t.TempDir()
	arch, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	run(t, job(t, srv.URL, arch, tables...))
	before, files := current(t, arch), count(t, dir)
	j := job(t, srv.URL, arch, tables...)
	j.Refetch = true
	res := run(t, j)
	if res.Count(ingest.Stored) != len(tables) {
		t.Fatalf("\n%s", say(res))
	}
	for _, r := range res.Tables {
		if r.New+r.Revised+r.Gone != 0 {
			t.Errorf("unchanged figures count as changed:\n%s", say(res))
		}
	}
	if got := current(t, arch); !slices.Equal(got, before) || count(t, dir) != files {
		t.Errorf("%d files became %d", files, count(t, dir))
	}
}

func count(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestResume breaks off after some requests; the next run asks only for what is
// missing, and the result is the one of a run that was let be.
func TestResume(t *testing.T) {
	sim := simulator(t, ssbsim.Options{})
	whole := openArchive(t)
	posts := run(t, job(t, sim.URL, whole, tables...)).Sent
	want := current(t, whole)
	for _, stop := range []int64{5, 9, 14} {
		var left, asked atomic.Int64
		left.Store(stop)
		srv := httptest.NewServer(forward(t, sim.URL, &left, &asked))
		arch := openArchive(t)
		if _, err := job(t, srv.URL, arch, tables...).Run(context.Background()); data.ErrorCode(err) != data.EUNAVAILABLE {
			t.Fatalf("stopped after %d: %v", stop, err)
		}
		for _, line := range current(t, arch) {
			if !slices.Contains(want, line) {
				t.Errorf("stopped after %d: %s is not of the whole run", stop, line)
			}
		}
		left.Store(1 << 40)
		run(t, job(t, srv.URL, arch, tables...))
		srv.Close()
		if got := current(t, arch); !slices.Equal(got, want) {
			t.Errorf("resumed:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := asked.Load(); n != int64(len(want)) {
			t.Errorf("stopped after %d of %d requests: figures were asked for %d times, want once each, %d", stop, posts, n, len(want))
		}
	}
}

// forward hands requests on to another server as long as some are left, and
// counts those that asked for figures.
func forward(t *testing.T, to string, left, asked *atomic.Int64) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if left.Add(-1) < 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Method == http.MethodPost {
			asked.Add(1)
		}
		req, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		w.WriteHeader(res.StatusCode)
		if _, err := io.Copy(w, res.Body); err != nil {
			t.Error(err)
		}
	})
}

var port = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// TestFaults runs every fault against an archive that holds clean figures, at
// every request and at every third: what a build uses does not change, and the
// message says what happened. The table in docs/ingest.md is what it found.
func TestFaults(t *testing.T) {
	cleanDir := t.TempDir()
	clean, err := archive.Open(cleanDir)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"06913", "07984", "12292"}
	run(t, job(t, simulator(t, ssbsim.Options{}).URL, clean, ids...))
	before := figures(t, clean)

	table := "| fault | at every request | at every third |\n|---|---|---|\n"
	for _, name := range ssbsim.FaultNames {
		row := "| `" + name + "` |"
		for _, every := range []string{"", ":every-3rd"} {
			if every != "" && !passing[name] {
				row += " – |"
				continue
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(cleanDir)); err != nil {
				t.Fatal(err)
			}
			arch, err := archive.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			var res ingest.Result
			if name == "slow" {
				res, err = runSlow(t, name+every, arch, ids)
			} else {
				j := job(t, simulator(t, ssbsim.Options{}, name+every).URL, arch, ids...)
				j.Refetch = true
				res, err = j.Run(context.Background())
			}
			row += " " + outcome(res, err) + " |"
			if figures(t, arch) != before {
				t.Errorf("%s%s: the figures a build uses changed", name, every)
			}
			if err := arch.Verify(); err != nil {
				t.Errorf("%s%s: %v", name, every, err)
			}
			if every != "" && (err != nil || res.Wrong()) {
				t.Errorf("%s%s: a fault that passes was not outlived: %v\n%s", name, every, err, say(res))
			}
			if every == "" && name != "discontinued" && err == nil && !res.Wrong() {
				t.Errorf("%s: nothing was found wrong", name)
			}
		}
		table += row + "\n"
	}
	golden(t, "faults", table)
}

// runSlow runs a job against a server that is slow, on a clock that stands while
// anybody works: how long an answer takes is then the fault's alone, and not a
// matter of how busy the machine is.
func runSlow(t *testing.T, fault string, arch *archive.Archive, ids []string) (res ingest.Result, err error) {
	t.Helper()
	f, err := ssbsim.ParseFault(fault)
	if err != nil {
		t.Fatal(err)
	}
	loadCatalogue(t)
	today := time.Now() // A test's clock starts in the year 2000.
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		sim, err2 := ssbsim.New(ssbsim.Options{Regions: world(few...), Seed: 1, Faults: []ssbsim.Fault{f}, Slow: time.Hour})
		if err2 != nil {
			t.Fatal(err2)
		}
		opt := quick(t)
		opt.Timeout, opt.Transport = 0, inProcess{sim}
		opt.Now = func() time.Time { return today.Add(time.Since(start)) }
		src, err2 := ingest.OpenSource("http://127.0.0.1:1", opt)
		if err2 != nil {
			t.Fatal(err2)
		}
		j := &ingest.Job{Source: src, Archive: arch, Catalogue: loadCatalogue(t), Regions: regions.Default(), Tables: ids, Bounds: gate.Default, Refetch: true}
		res, err = j.Run(t.Context())
	})
	return res, err
}

// inProcess is a network that is a call: no socket, whose waiting a test's clock
// would not see.
type inProcess struct{ h http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	done := make(chan *http.Response, 1)
	go func() {
		in := r.Clone(r.Context())
		in.RequestURI = r.URL.RequestURI()
		if in.Body == nil {
			in.Body = http.NoBody
		}
		w := httptest.NewRecorder()
		p.h.ServeHTTP(w, in)
		done <- w.Result()
	}()
	select {
	case res := <-done:
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return res, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// figures is a hash of the facts a build would use.
func figures(t *testing.T, arch *archive.Archive) string {
	t.Helper()
	list, err := arch.Current(data.Simulated)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, e := range list {
		body, err := arch.Body(e.Provenance.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ingest.Decode(e, body, loadCatalogue(t))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(h, e.Key, b.Facts)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// passing are the faults that hit single requests; the others change the figures.
var passing = map[string]bool{"rate-limit": true, "unavailable": true, "slow": true, "truncated": true, "html-404": true, "duplicate-500": true, "wrong-type": true}

// outcome is a run in a few words.
func outcome(res ingest.Result, err error) string {
	if err != nil {
		return "exit 5: " + port.ReplaceAllString(err.Error(), "the source")
	}
	if !res.Wrong() {
		for _, r := range res.Tables {
			for _, w := range r.Warnings {
				if !strings.Contains(w, "in no code list") {
					return "exit 0; " + r.ID + ": " + w
				}
			}
		}
		return "exit 0: asked again until it passed"
	}
	out := fmt.Sprintf("exit 6: %d tables %s, %d failed", res.Count(ingest.Refused), ingest.Refused, res.Count(ingest.Failed))
	for _, r := range res.Tables {
		if len(r.Reasons) > 0 {
			return out + "; " + r.ID + ": " + port.ReplaceAllString(r.Reasons[0], "the source")
		}
	}
	return out
}

// golden compares with the part of docs/ingest.md between the markers of a name.
func golden(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("..", "docs", "ingest.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), "<!-- "+name+" -->\n")
	got, tail, ok2 := strings.Cut(rest, "<!-- /"+name+" -->")
	if !ok || !ok2 {
		t.Fatalf("%s has no part marked %s", path, name)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+"<!-- "+name+" -->\n"+want+"<!-- /"+name+" -->"+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s, part %s, is not what was found (rewrite with -update):\n%s", path, name, want)
	}
}

// TestAccept lets a person's judgement stand: refused figures are kept, asked for
// again, and used once they are let through.
func TestAccept(t *testing.T) {
	clean, revised := simulator(t, ssbsim.Options{}), simulator(t, ssbsim.Options{}, "revised")
	arch := openArchive(t)
	run(t, job(t, clean.URL, arch, "07940"))
	before := current(t, arch)
	res := run(t, job(t, revised.URL, arch, "07940"))
	r := res.Tables[0]
	if r.State != ingest.Refused || r.Revised == 0 || r.RevisedIn["3421"] == 0 || !strings.Contains(strings.Join(r.Reasons, " "), "revised-history") {
		t.Fatalf("\n%s%v", say(res), r.RevisedIn)
	}
	if got := current(t, arch); !slices.Equal(got, before) {
		t.Fatal("refused figures are used")
	}
	j := job(t, revised.URL, arch, "07940")
	j.Accept = []string{"07940"}
	if res = run(t, j); res.Tables[0].State != ingest.Stored {
		t.Fatalf("\n%s", say(res))
	}
	if got := current(t, arch); slices.Equal(got, before) {
		t.Fatal("accepted figures are not used")
	}
	if res = run(t, job(t, revised.URL, arch, "07940")); res.Tables[0].State != ingest.Unchanged {
		t.Errorf("after it was accepted:\n%s", say(res))
	}
	// The source goes back to the figures before, with their older date.
	res = run(t, job(t, clean.URL, arch, "07940"))
	if r := res.Tables[0]; r.State != ingest.Refused || !strings.Contains(strings.Join(r.Reasons, " "), "updated-order") {
		t.Errorf("an older date of update:\n%s", say(res))
	}
}

func TestDryRunAndSince(t *testing.T) {
	srv := simulator(t, ssbsim.Options{})
	dir := t.TempDir()
	arch, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	j := job(t, srv.URL, arch, tables...)
	j.DryRun = true
	res := run(t, j)
	if res.Count(ingest.Planned) != len(tables) || count(t, dir) != 0 {
		t.Errorf("a dry run stored %d files:\n%s", count(t, dir), say(res))
	}
	// 07984 in the small world: 12 municipalities and the series' codes: 6
	// industries, 2 sexes, 6 ages, 2 contents, 18 years from 2008.
	if r := res.Tables[2]; r.Cells != 12*6*2*6*2*18 || r.Requests != 1 || !strings.Contains(r.Queries[0], "agg_KommSummer") {
		t.Errorf("planned %+v", r)
	}
	j = job(t, srv.URL, arch, tables...)
	j.Since = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	if res := run(t, j); res.Count(ingest.Older) != len(tables) {
		t.Errorf("\n%s", say(res))
	}
	for _, bad := range [][]string{{"99999"}, {"HL060"}} {
		if _, err := job(t, srv.URL, arch, bad...).Run(context.Background()); err == nil {
			t.Errorf("table %v was let through", bad)
		}
	}
}

func TestStops(t *testing.T) {
	srv := simulator(t, ssbsim.Options{})
	base := srv.URL
	srv.Close()
	if _, err := job(t, base, openArchive(t)).Run(context.Background()); data.ErrorCode(err) != data.EUNAVAILABLE || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("nobody there: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := job(t, simulator(t, ssbsim.Options{}).URL, openArchive(t)).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
