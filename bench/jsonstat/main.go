// Command jsonstat measures how fast a JSON-stat body of SSB's largest size
// becomes a durable DuckDB table, here and with the tools a reader would
// otherwise take: npm's jsonstat-toolkit with DuckDB's own Node API, and
// pyjstat. The peers are measured in the same run on the same body.
//
//	go run ./bench/jsonstat [-runs 5] [-peers=false] [-python FILE] [-keep DIR]
//
// npm installs its packages into a temporary folder. pyjstat is in no Debian;
// where the interpreter given by -python cannot import it, its published ratio
// is cited as such.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/bygdevekst/bygdevekst/data/release"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
)

// shape is 800,000 cells, the most that SSB gives in one answer: regions ×
// sexes × ages × contents × years.
var shape = []int{400, 2, 10, 4, 25}

// Shares of cells that are null and that have a status beside a value.
const (
	nullShare   = 0.05
	statusShare = 0.0005
)

func main() {
	runs := flag.Int("runs", 5, "runs of each; the median is told")
	python := flag.String("python", "python3", "interpreter that can import pyjstat")
	peers := flag.Bool("peers", true, "measure the peers too")
	keep := flag.String("keep", "", "folder to work in and leave; a temporary one when empty")
	flag.Parse()
	if err := run(*runs, *peers, *python, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "bench/jsonstat:", err)
		os.Exit(1)
	}
}

func run(runs int, peers bool, python, dir string) error {
	if dir == "" {
		temp, err := os.MkdirTemp("", "bench-jsonstat-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		dir = temp
	}
	body, err := makeBody()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "body.json")
	if err := os.WriteFile(file, body, 0o644); err != nil {
		return err
	}
	fmt.Printf("body: %v cells, %.2f MB; %s, %s/%s, %d CPUs; median of %d runs\n\n", product(shape), float64(len(body))/1e6, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runs)
	fmt.Println("| what | seconds | times here | CPU seconds | times here |\n|---|---|---|---|---|")
	own, err := here(dir, file, runs)
	if err != nil {
		return err
	}
	tell := func(name string, t, base taken) {
		fmt.Printf("| %s | %.3f | %.1f | %.3f | %.1f |\n", name, t.Wall, t.Wall/base.Wall, t.CPU, t.CPU/base.CPU)
	}
	tell("here: file to columns in memory", own.Parse, own.Parse)
	tell("here: file to durable DuckDB table", own.Table, own.Table)
	if !peers {
		return nil
	}
	if npm, err := peerNPM(dir, file, runs); err != nil {
		fmt.Printf("| npm jsonstat-toolkit + @duckdb/node-api | not measured: %v | | | |\n", err)
	} else {
		tell("npm jsonstat-toolkit: file to rows in memory", npm.Parse, own.Parse)
		tell("npm jsonstat-toolkit + @duckdb/node-api: file to durable table", npm.Table, own.Table)
	}
	if py, err := peerPython(dir, file, python, runs); err != nil {
		fmt.Printf("| pyjstat: file to data frame, loses status | not measured (%v); published: 3.6 times our table, with pandas 1.5.3 | | | |\n", err)
	} else {
		tell("pyjstat: file to data frame (loses status), against our table", py.Parse, own.Table)
	}
	return nil
}

// taken is what something took, in seconds: by the clock, and of processors,
// which other work on the machine changes less.
type taken struct{ Wall, CPU float64 }

// result is one way's times: to memory, and on to a table.
type result struct{ Parse, Table taken }

// makeBody writes a body with the same seed and the same figures every time.
func makeBody() ([]byte, error) {
	rng := rand.New(rand.NewPCG(1, 800_000))
	n := product(shape)
	d := &jsonstat.Dataset{
		Label: "Made for measuring", Source: "bench/jsonstat", Updated: "2026-01-01T07:00:00Z",
		Values: make([]float64, n), Missing: jsonstat.NewBitmap(n), Status: make([]uint8, n), Symbols: []string{"", ":", "p"},
		Role: jsonstat.Role{Time: []string{"Tid"}, Geo: []string{"Region"}, Metric: []string{"ContentsCode"}},
	}
	for k, id := range []string{"Region", "Kjonn", "Alder", "ContentsCode", "Tid"} {
		dim := jsonstat.Dimension{ID: id, Label: id}
		for i := range shape[k] {
			code := id[:1] + strconv.Itoa(1000+i)
			if id == "Tid" {
				code = strconv.Itoa(2001 + i)
			}
			dim.Codes = append(dim.Codes, code)
			dim.Labels = append(dim.Labels, id+" "+code)
		}
		d.Dimensions = append(d.Dimensions, dim)
	}
	for i := range d.Values {
		switch u := rng.Float64(); {
		case u < nullShare:
			d.Missing.Set(i)
			d.Status[i] = 1
		case u < nullShare+statusShare:
			d.Status[i] = 2
			fallthrough
		default:
			d.Values[i] = float64(rng.IntN(1_000_000)) / 10
		}
	}
	return jsonstat.Encode(d)
}

func product(sizes []int) int {
	n := 1
	for _, s := range sizes {
		n *= s
	}
	return n
}

// here measures our own way, from the file to columns and to a table.
func here(dir, file string, runs int) (result, error) {
	all := make([]result, runs)
	for i := range all {
		runtime.GC()
		since := start()
		body, err := os.ReadFile(file)
		if err != nil {
			return result{}, err
		}
		d, err := jsonstat.Decode(body, jsonstat.Options{})
		if err != nil {
			return result{}, err
		}
		all[i].Parse = since()
		duck := filepath.Join(dir, fmt.Sprintf("here-%d-%d.duckdb", os.Getpid(), i))
		if err := release.WriteCells(context.Background(), duck, cells(d)); err != nil {
			return result{}, err
		}
		all[i].Table = since()
	}
	return median(all), nil
}

// start begins to measure; what it returns says what was taken since.
func start() func() taken {
	wall, used := time.Now(), cpu()
	return func() taken { return taken{time.Since(wall).Seconds(), cpu() - used} }
}

// cpu is the processor time of this process, all threads, in seconds.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func cells(d *jsonstat.Dataset) release.Cells {
	c := release.Cells{Values: d.Values, Missing: d.Missing.Has, Status: d.Status, Symbols: d.Symbols}
	for _, dim := range d.Dimensions {
		c.Axes = append(c.Axes, release.Axis{Name: dim.ID, Codes: dim.Codes})
	}
	return c
}

// median takes the median of each time by itself.
func median(all []result) result {
	of := func(get func(result) float64) float64 {
		x := make([]float64, len(all))
		for i, r := range all {
			x[i] = get(r)
		}
		slices.Sort(x)
		return x[len(x)/2]
	}
	return result{
		Parse: taken{of(func(r result) float64 { return r.Parse.Wall }), of(func(r result) float64 { return r.Parse.CPU })},
		Table: taken{of(func(r result) float64 { return r.Table.Wall }), of(func(r result) float64 { return r.Table.CPU })},
	}
}

func peerNPM(dir, file string, runs int) (result, error) {
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		cmd := exec.Command("npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", dir,
			"jsonstat-toolkit@2.2.2", "@duckdb/node-api@1.5.6-r.1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return result{}, fmt.Errorf("npm install: %w: %s", err, tail(out))
		}
	}
	return measure(dir, "peer.mjs", npmScript, runs, func(script string) *exec.Cmd { return exec.Command("node", script, file, dir) })
}

func peerPython(dir, file, python string, runs int) (result, error) {
	if err := exec.Command(python, "-c", "from pyjstat import pyjstat").Run(); err != nil {
		return result{}, fmt.Errorf("%s cannot import pyjstat", filepath.Base(python))
	}
	return measure(dir, "peer.py", pyScript, runs, func(script string) *exec.Cmd { return exec.Command(python, script, file) })
}

// measure runs a script in a fresh process each time, as a reader would, and
// takes what it says of itself: starting up does not count.
func measure(dir, name, script string, runs int, command func(string) *exec.Cmd) (result, error) {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		return result{}, err
	}
	all := make([]result, runs)
	for i := range all {
		cmd := command(path)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return result{}, fmt.Errorf("%s: %w", name, err)
		}
		if err := json.Unmarshal(out, &all[i]); err != nil {
			return result{}, fmt.Errorf("%s printed %q: %w", name, tail(out), err)
		}
	}
	return median(all), nil
}

func tail(out []byte) string { return string(out[max(0, len(out)-200):]) }
