package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// killRuns is how many times a build is killed at a random moment; set
// BYGDEVEKST_KILLS for a long run (docs/release.md has the result of 60).
func killRuns() int {
	if n, err := strconv.Atoi(os.Getenv("BYGDEVEKST_KILLS")); err == nil {
		return n
	}
	return 6
}

// TestKillDuringBuild kills builds with SIGKILL at random moments, spread over
// the whole of a build. The catalogue has no designs: evaluating them takes most of
// a build's time and writes nothing, so that more kills fall where files are made.
// After each, the release served before is still served and verifies, or a new
// whole one does.
func TestKillDuringBuild(t *testing.T) {
	recorded, err := recordedHome()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.CopyFS(home, os.DirFS(recorded)); err != nil {
		t.Fatal(err)
	}
	cat := t.TempDir()
	if err := os.CopyFS(cat, catalogue.DefaultFiles()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(cat, "designs")); err != nil {
		t.Fatal(err)
	}
	exe := testProgram(t)
	run := func(args ...string) (string, error) {
		cmd := exec.Command(exe, append([]string{"--home", home}, args...)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	started := time.Now()
	if out, err := run("build", "--catalogue", cat, "--seed", "2"); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	whole := time.Since(started)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range killRuns() {
		cmd := exec.Command(exe, "--home", home, "build", "--catalogue", cat, "--seed", strconv.Itoa(100+i))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// One kill in each part of a build, at a random moment of the part.
		time.Sleep(time.Duration((float64(i) + rng.Float64()) / float64(killRuns()) * 1.1 * float64(whole)))
		_ = cmd.Process.Kill() // It may have ended already.
		_ = cmd.Wait()
		if out, err := run("verify"); err != nil {
			t.Fatalf("kill %d: verify: %v\n%s", i, err, out)
		}
	}
	if out, err := run("build", "--catalogue", cat, "--seed", "3"); err != nil {
		t.Fatalf("a build after the kills: %v\n%s", err, out)
	}
}

// testProgram is the test binary itself, which testscript lets act as the program.
func testProgram(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("bygdevekst")
	if err == nil {
		return path
	}
	path = t.TempDir() + "/bygdevekst"
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", path, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}
