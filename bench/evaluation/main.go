// Command evaluation measures the evaluation engine in CPU seconds: the published
// California case, the panel of 352 donors, and a whole release of the recorded
// figures. Peers are measured in the same run where they are installed, else their
// published times are told as such.
//
//	go run ./bench/evaluation [-shared DIR] [-fits 20]
//
// R with quadprog (Debian: r-base-core, r-cran-quadprog) is the peer for exact
// simplex fits; -fits is how many of them it is given, the rest being in
// proportion.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/inference"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/sdid"
	"github.com/bygdevekst/bygdevekst/analysis/simplexls"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
	"github.com/bygdevekst/bygdevekst/indicators"
	"github.com/bygdevekst/bygdevekst/indicators/effects"
)

func main() {
	shared := flag.String("shared", sharedtest.Dir(), "folder with the oracle panels")
	fits := flag.Int("fits", 20, "fits the R peer is timed on")
	flag.Parse()
	if err := run(*shared, *fits); err != nil {
		fmt.Fprintln(os.Stderr, "bench/evaluation:", err)
		os.Exit(1)
	}
}

// row is one line of the table.
type row struct {
	task, limit, peer string
	cpu, wall         time.Duration
}

func run(shared string, fits int) error {
	california, err := read(filepath.Join(shared, "oracles", "sc_california", "data.csv"), "state", "year", "cigsale", "lnincome", "beer", "age15to24", "retprice")
	if err != nil {
		return err
	}
	bench, err := read(filepath.Join(shared, "oracles", "bench_panel", "data.csv"), "unit", "year", "y", "x1", "x2", "x3")
	if err != nil {
		return err
	}
	var rows []row
	add := func(task, limit, peer string, f func() error) error {
		cpu, wall, err := measure(f)
		if err != nil {
			return fmt.Errorf("%s: %w", task, err)
		}
		rows = append(rows, row{task, limit, peer, cpu, wall})
		fmt.Fprintf(os.Stderr, "%-70s %8.3f s CPU\n", task, cpu.Seconds())
		return nil
	}
	tasks := []struct {
		task, limit, peer string
		run               func() error
	}{
		{"California: one classic fit with V search", "", "", californiaFit(california)},
		{"California: fit and 38 re-optimised placebos", "2", "R Synth 140 s, pysyncon 1,447 s (published, this kind of machine)", californiaSpace(california)},
		{"California: 39 outcome-only fits", "0.010", "", outcomeOnly(california, "California")},
		{"352 donors × 24 years: all in-space placebos, outcome-only", "0.2", "", outcomeOnly(bench, "M001")},
		{"352 donors × 24 years: classic V search for every unit", "60", "R Synth about 20 h (published)", classicAll(bench)},
		{"352 donors × 24 years: SDID, every placebo enumerated", "5", "", sdidAll(bench)},
		{"Recorded release: effects of all indicators × units × methods × placebos", "30", "", wholeRelease},
	}
	for _, t := range tasks {
		if err := add(t.task, t.limit, t.peer, t.run); err != nil {
			return err
		}
	}
	peer, err := quadprog(bench, fits)
	if err != nil {
		return err
	}
	flops, rate, err := bound(bench)
	if err != nil {
		return err
	}
	return report(os.Stdout, rows, peer, flops, rate)
}

// measure runs f once and returns the CPU time of the process and the wall time.
func measure(f func() error) (cpu, wall time.Duration, err error) {
	runtime.GC()
	before, start := used(), time.Now()
	err = f()
	return used() - before, time.Since(start), err
}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The specification of Abadie, Diamond & Hainmueller (2010).
var californiaSpec = synth.Spec{Predictors: []synth.Predictor{
	{Column: "lnincome", From: 1980, To: 1988},
	{Column: "retprice", From: 1980, To: 1988},
	{Column: "age15to24", From: 1980, To: 1988},
	{Column: "beer", From: 1984, To: 1988},
	{From: 1975, To: 1975},
	{From: 1980, To: 1980},
	{From: 1988, To: 1988},
}}

// benchSpec matches the panel's covariates and four five-year means of the outcome.
var benchSpec = synth.Spec{Predictors: []synth.Predictor{
	{Column: "x1", From: 2005, To: 2024},
	{Column: "x2", From: 2005, To: 2024},
	{Column: "x3", From: 2005, To: 2024},
	{From: 2005, To: 2009},
	{From: 2010, To: 2014},
	{From: 2015, To: 2019},
	{From: 2020, To: 2024},
}}

// design treats one unit; the donors are all others but the panel's own treated.
func design(p *panel.Panel, unit string, start float64) (panel.Design, error) {
	u, err := p.Unit(unit)
	if err != nil {
		return panel.Design{}, err
	}
	s, err := p.Time(start)
	if err != nil {
		return panel.Design{}, err
	}
	d := panel.Design{Treated: []int{u}, Start: s}
	for i, name := range p.Units {
		if i != u && !slices.Contains(benchTreated, name) {
			d.Donors = append(d.Donors, i)
		}
	}
	return d, nil
}

// benchTreated are the four units treated in the simulated panel.
var benchTreated = []string{"M001", "M002", "M003", "M004"}

func starts(unit string) float64 {
	if unit == "California" {
		return 1989
	}
	return 2025
}

func californiaFit(p *panel.Panel) func() error {
	return func() error {
		d, err := design(p, "California", 1989)
		if err != nil {
			return err
		}
		_, err = californiaSpec.Fit(p, d)
		return err
	}
}

func californiaSpace(p *panel.Panel) func() error {
	return func() error {
		d, err := design(p, "California", 1989)
		if err != nil {
			return err
		}
		_, err = inference.Space(context.Background(), p, d, californiaSpec.Estimator(), inference.Options{})
		return err
	}
}

// outcomeOnly fits the treated unit and every donor in its place.
func outcomeOnly(p *panel.Panel, unit string) func() error {
	return func() error {
		d, err := design(p, unit, starts(unit))
		if err != nil {
			return err
		}
		return everyUnit(p, d, synth.Spec{Method: synth.OutcomeOnly}.Estimator())
	}
}

func classicAll(p *panel.Panel) func() error {
	return func() error {
		d, err := design(p, "M001", 2025)
		if err != nil {
			return err
		}
		return everyUnit(p, d, benchSpec.Estimator())
	}
}

// everyUnit runs an estimator for the treated unit and for every donor, on every
// processor.
func everyUnit(p *panel.Panel, d panel.Design, est panel.Estimator) error {
	all := append([]int{d.Treated[0]}, d.Donors...)
	errs := make([]error, len(all))
	jobs := make(chan int)
	done := make(chan struct{})
	workers := runtime.GOMAXPROCS(0)
	for range workers {
		go func() {
			for k := range jobs {
				j := all[k]
				donors := slices.DeleteFunc(slices.Clone(d.Donors), func(x int) bool { return x == j })
				_, errs[k] = est(p, panel.Design{Treated: []int{j}, Donors: donors, Start: d.Start})
			}
			done <- struct{}{}
		}()
	}
	for k := range all {
		jobs <- k
	}
	close(jobs)
	for range workers {
		<-done
	}
	return errors.Join(errs...)
}

func sdidAll(p *panel.Panel) func() error {
	return func() error {
		d, err := design(p, "M001", 2025)
		if err != nil {
			return err
		}
		if _, err := sdid.Estimate(p, d, sdid.Options{}); err != nil {
			return err
		}
		// More replications than donors: every placebo is enumerated.
		_, err = sdid.Placebo(context.Background(), p, []panel.Design{d}, sdid.Options{}, sdid.VarianceOptions{Replications: 1000, Seed: 1})
		return err
	}
}

// wholeRelease computes the effects of the recorded figures as a build does.
func wholeRelease() error {
	cat := catalogue.Default()
	set, err := recordedtest.Facts()
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := indicators.Derive(ctx, indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set})
	if err != nil {
		return err
	}
	return effects.Derive(ctx, effects.Input{Catalogue: cat, Seed: 1}, &c)
}

// bound counts the floating-point operations an exact active-set method cannot do
// without on the outcome-only fits of the panel, and the rate this machine does
// them at: in every major iteration a product of all donors with the residual,
// 2·J·T.
func bound(p *panel.Panel) (flops float64, rate float64, err error) {
	d, err := design(p, "M001", 2025)
	if err != nil {
		return 0, 0, err
	}
	t := d.Start
	x := make([]float64, 0, len(d.Donors)*t)
	for _, j := range d.Donors {
		x = append(x, p.Y.RawRowView(j)[:t]...)
	}
	var s simplexls.Solver
	var sol simplexls.Solution
	for k, j := range append([]int{d.Treated[0]}, d.Donors...) {
		q := simplexls.Problem{N: len(d.Donors), M: t, X: x, Y: p.Y.RawRowView(j)[:t]}
		if k > 0 {
			// The placebo's own row must not fit it.
			rest := slices.Concat(x[:(k-1)*t], x[k*t:])
			q.N, q.X = q.N-1, rest
		}
		if err := s.Solve(q, &sol); err != nil {
			return 0, 0, err
		}
		flops += float64(sol.Iterations) * 2 * float64(q.N*t)
	}
	return flops, productRate(len(d.Donors), t, x), nil
}

// productRate measures the same product, on one processor.
func productRate(n, t int, x []float64) float64 {
	a := mat.NewDense(n, t, x)
	v, out := mat.NewVecDense(t, x[:t]), mat.NewVecDense(n, nil)
	const times = 20000
	cpu, _, _ := measure(func() error {
		for range times {
			out.MulVec(a, v)
		}
		return nil
	})
	return times * 2 * float64(n*t) / cpu.Seconds()
}

// quadprogScript solves the same fits with quadprog's dual active-set method; it
// needs a small ridge, since the Gram matrix of 352 donors over 20 years is
// singular.
const quadprogScript = `
library(quadprog)
x <- as.matrix(read.csv("x.csv", header = FALSE))
k <- as.integer(commandArgs(TRUE)[1])
cpu <- function() { t <- proc.time(); t[1] + t[2] }
start <- cpu()
for (j in 1:k) {
  z <- t(x[-j, ]); n <- ncol(z)
  D <- crossprod(z) + diag(1e-9 * max(diag(crossprod(z))), n)
  solve.QP(D, crossprod(z, x[j, ]), cbind(1, diag(n)), c(1, rep(0, n)), meq = 1)
}
cat((cpu() - start) / k)
`

// quadprog returns the CPU seconds R's quadprog takes for one fit; 0 when R or the
// package is not installed.
func quadprog(p *panel.Panel, fits int) (float64, error) {
	if err := exec.Command("Rscript", "-e", "library(quadprog)").Run(); err != nil {
		return 0, nil
	}
	dir, err := os.MkdirTemp("", "bench-evaluation-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	d, err := design(p, "M001", 2025)
	if err != nil {
		return 0, err
	}
	var b strings.Builder
	for _, j := range d.Donors {
		for t := range d.Start {
			if t > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.FormatFloat(p.Y.At(j, t), 'g', -1, 64))
		}
		b.WriteByte('\n')
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "x.csv"), []byte(b.String()), 0o644),
		os.WriteFile(filepath.Join(dir, "peer.R"), []byte(quadprogScript), 0o644),
	); err != nil {
		return 0, err
	}
	cmd := exec.Command("Rscript", "peer.R", strconv.Itoa(fits))
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("the R peer: %w", err)
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}

func report(w io.Writer, rows []row, peer, flops, rate float64) error {
	fmt.Fprintf(w, "| task | CPU s | wall s | limit s | limit ÷ measured | peer |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		ratio := ""
		if limit, err := strconv.ParseFloat(r.limit, 64); err == nil {
			ratio = fmt.Sprintf("%.1f", limit/r.cpu.Seconds())
		}
		if strings.Contains(r.task, "all in-space placebos") && peer > 0 {
			r.peer = fmt.Sprintf("R quadprog, measured: %.1f s for 353 (%.0f ms a fit), %.0f times as long", 353*peer, 1000*peer, 353*peer/r.cpu.Seconds())
		}
		fmt.Fprintf(w, "| %s | %.3f | %.3f | %s | %s | %s |\n", r.task, r.cpu.Seconds(), r.wall.Seconds(), r.limit, ratio, r.peer)
	}
	least := flops / rate
	for _, r := range rows {
		if strings.Contains(r.task, "all in-space placebos") {
			_, err := fmt.Fprintf(w, "\nBound of the exact method for those 353 fits: %.2f Gflop of donor products at %.2f Gflop/s (gonum, one core) = %.3f s; measured %.1f times that.\n",
				flops/1e9, rate/1e9, least, r.cpu.Seconds()/least)
			return err
		}
	}
	return nil
}

// read makes a panel of a CSV file: balanced outcome, covariates with gaps.
func read(path, unit, when, outcome string, covariates ...string) (*panel.Panel, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	column := func(name string) int { return slices.Index(records[0], name) }
	p := &panel.Panel{Covariates: map[string]*mat.Dense{}}
	times := map[float64]bool{}
	for _, r := range records[1:] {
		if !slices.Contains(p.Units, r[column(unit)]) {
			p.Units = append(p.Units, r[column(unit)])
		}
		t, err := strconv.ParseFloat(r[column(when)], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		times[t] = true
	}
	for t := range times {
		p.Times = append(p.Times, t)
	}
	slices.Sort(p.Times)
	fill := func(name string) (*mat.Dense, error) {
		if column(name) < 0 {
			return nil, fmt.Errorf("%s has no column %q", path, name)
		}
		m := mat.NewDense(len(p.Units), len(p.Times), nil)
		for _, r := range records[1:] {
			t, _ := strconv.ParseFloat(r[column(when)], 64) // Read above.
			v, err := strconv.ParseFloat(r[column(name)], 64)
			if err != nil {
				v = math.NaN()
			}
			m.Set(slices.Index(p.Units, r[column(unit)]), slices.Index(p.Times, t), v)
		}
		return m, nil
	}
	if p.Y, err = fill(outcome); err != nil {
		return nil, err
	}
	for _, c := range covariates {
		if p.Covariates[c], err = fill(c); err != nil {
			return nil, err
		}
	}
	return p, p.Validate()
}
