package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// valleys is a small world: the four of the agreement and their neighbours.
func valleys() []ssbsim.Region {
	in := []string{"3403", "3411", "3417", "3418", "3419", "3420", "3421", "3422", "3423", "3424", "3425", "3426"}
	var out []ssbsim.Region
	for _, r := range simulatedRegions() {
		if slices.Contains(in, r.Code) {
			r.Neighbours = slices.DeleteFunc(r.Neighbours, func(n string) bool { return !slices.Contains(in, n) })
			out = append(out, r)
		}
	}
	return out
}

func simulate(t *testing.T, faults ...ssbsim.Fault) *httptest.Server {
	t.Helper()
	s, err := ssbsim.New(ssbsim.Options{Regions: valleys(), Seed: 1, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv
}

// bygdevekst runs the program in process.
func bygdevekst(t *testing.T, home string, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = Main{Args: append([]string{"--home", home}, args...), Stdout: &b, Stderr: &b}.Run(context.Background())
	return code, b.String()
}

// TestIngestFromSimulator is the way of live figures, from the command line:
// plan, ingest, build, and faulty sources that leave the release as it is.
func TestIngestFromSimulator(t *testing.T) {
	home := t.TempDir()
	srv := simulate(t)
	want := func(code int, contains string, args ...string) string {
		t.Helper()
		got, out := bygdevekst(t, home, args...)
		if got != code || !strings.Contains(out, contains) {
			t.Fatalf("%v: exit %d, want %d with %q:\n%s", args, got, code, contains, out)
		}
		return out
	}
	from := func(url string, more ...string) []string {
		return append([]string{"ingest", "--source", url, "--table", "06913", "--table", "07984"}, more...)
	}
	want(0, "an ingest would ask for", "ingest", "plan", "--source", srv.URL, "--table", "06913")
	want(0, "2 planned", from(srv.URL, "--dry-run")...)
	want(0, "2 stored", from(srv.URL)...)
	want(0, "2 unchanged", from(srv.URL)...)
	want(0, "published", "build", "--kind", "simulated")
	release, used := want(0, "simulated", "releases"), bodies(t, home)
	for fault, code := range map[string]int{"early-morning": 6, "codes-removed": 6, "unavailable": 5, "truncated": 6} {
		bad := simulate(t, ssbsim.Fault{Name: fault, Every: 1})
		t.Logf("%s: %s", fault, want(code, "", "ingest", "--source", bad.URL, "--table", "07984", "--refetch"))
	}
	// A build is a pure function of these bodies: it would make the same release.
	want(0, ": ok", "verify")
	if got := want(0, "", "releases"); got != release || !slices.Equal(bodies(t, home), used) {
		t.Errorf("the release, or what the next would be built from, changed:\n%s", got)
	}
	// The same figures again, in another home: the same content.
	other := t.TempDir()
	for _, args := range [][]string{from(srv.URL), {"build", "--kind", "simulated"}} {
		if code, out := bygdevekst(t, other, args...); code != 0 {
			t.Fatalf("exit %d:\n%s", code, out)
		}
	}
	_, list := bygdevekst(t, other, "releases")
	hash := func(s string) string { f := strings.Fields(s); return f[len(f)-1] }
	if hash(list) != hash(release) {
		t.Errorf("two ingests of one source differ:\n%s\n%s", list, release)
	}

	want(5, "cannot be reached", "doctor", "--live", "--source", "http://127.0.0.1:1")
	want(6, "things to mend", "doctor", "--live", "--source", srv.URL) // The small world lacks municipalities.
	want(0, "nothing to mend", "doctor")
	want(0, "nothing to mend", "doctor", "--live", "--source", srv.URL, "--table", "07984")
	want(2, "is not the address", "ingest", "--source", "nonsense")
	want(2, "is not a day", "ingest", "--source", srv.URL, "--since", "last week")
	want(3, "no table", "ingest", "--source", srv.URL, "--table", "99999")
	want(2, "for a source that is asked", "ingest", "--dry-run")
	want(2, "recorded figures are not asked for", "ingest", "plan", "--source", "recorded")
}

var storedRE = regexp.MustCompile(`(?m)^(\d{5})  stored`)

// TestKillDuringIngest kills an ingest with SIGKILL at random moments. What was
// acknowledged by a printed line is there, the archive is whole and holds whole
// tables only, and the run that is let be ends with what an undisturbed one has.
// An ingest publishes nothing; TestKillDuringBuild is about what does.
func TestKillDuringIngest(t *testing.T) {
	exe := testProgram(t)
	srv := simulate(t)
	tables := []string{"--table", "06913", "--table", "07984", "--table", "09429", "--table", "01222", "--table", "12292"}
	args := append([]string{"ingest", "--source", srv.URL}, tables...)
	whole := t.TempDir()
	started := time.Now()
	if out, err := exec.Command(exe, append([]string{"--home", whole}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(started)
	want := bodies(t, whole)
	rng := rand.New(rand.NewPCG(3, 4))
	home, killed := "", 0
	for i := range killRuns() {
		if i%4 == 0 { // A new archive now and then, so that there is something to do.
			home = t.TempDir()
		}
		cmd := exec.Command(exe, append([]string{"--home", home}, args...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, io.Discard
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended: // The kill would have come too late.
		// A third of a run: the next ones go on from there and are killed in turn.
		case <-time.After(time.Duration(rng.Float64() * float64(took) / 3)):
			_ = cmd.Process.Kill() // It may be ending by itself.
			if err := <-ended; err != nil {
				killed++
			}
		}
		arch, err := archive.Open(filepath.Join(home, "archive"))
		if err != nil {
			t.Fatal(err)
		}
		if err := arch.Verify(); err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		have := bodies(t, home)
		for _, m := range storedRE.FindAllStringSubmatch(out.String(), -1) {
			if !slices.ContainsFunc(have, func(b string) bool { return strings.HasPrefix(b, "simulated/"+m[1]+"/") }) {
				t.Fatalf("kill %d: table %s was acknowledged and is not there", i, m[1])
			}
		}
		for _, b := range have {
			if !slices.Contains(want, b) {
				t.Fatalf("kill %d: %s is of no whole run", i, b)
			}
		}
		if i%4 == 3 {
			if out, err := exec.Command(exe, append([]string{"--home", home}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("after the kills: %v\n%s", err, out)
			}
			if got := bodies(t, home); !slices.Equal(got, want) {
				t.Fatalf("after the kills:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	t.Logf("%d of %d runs were killed before they ended", killed, killRuns())
}

// bodies are the keys and hashes a build of simulated figures would use.
func bodies(t *testing.T, home string) []string {
	t.Helper()
	arch, err := archive.Open(filepath.Join(home, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := arch.Current(data.Simulated)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Key + " " + e.Provenance.SHA256
	}
	return out
}

// TestProgressTellsOfWaits has a source that says when to come back: the wait is
// logged with its reason.
func TestProgressTellsOfWaits(t *testing.T) {
	var log bytes.Buffer
	a := &app{stdout: io.Discard, stderr: &log, log: logger("text", &log), cli: &CLI{}}
	p := a.progress()
	p.waiting("asks for fewer requests (429)", 7*time.Second)
	p.waiting("a moment", time.Second)
	if got := log.String(); !strings.Contains(got, "for=7s") || !strings.Contains(got, "429") || strings.Contains(got, "a moment") {
		t.Errorf("log: %s", got)
	}
}
