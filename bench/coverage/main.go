// Command coverage simulates how often every interval of the service holds what
// it should hold, at a nominal 95 %, where the service uses it.
//
//	go run ./bench/coverage > docs/coverage.md
//
// It draws figures from known truths, computes the interval as the service does,
// and counts. Same seed, same table, whatever the number of processors.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// level is the nominal level of every interval of a release.
const level = 0.95

// The band coverage is to lie in.
const (
	bandLow  = 0.93
	bandHigh = 0.97
)

// outcome is what became of one drawing.
type outcome int

const (
	covered   outcome = iota
	tooHigh           // The whole interval lies above the truth.
	tooLow            // The whole interval lies below it.
	undefined         // No interval is given, and the service says so.
)

// draw draws figures from one truth and looks where the interval came to lie.
type draw func(r *rand.Rand) outcome

// scenario is one interval in one range of use.
type scenario struct {
	interval, truth string
	// why is told where the coverage is to be outside the band.
	why string
	// truths are points of the range; each is drawn from equally often.
	truths []draw
	// share is the part of the drawings made, for those that take long.
	share float64
}

// result is the coverage over the truths of a scenario.
type result struct {
	mean, low, high float64
	above, below    float64
	undefined       float64
}

func main() {
	reps := flag.Int("reps", 20000, "drawings a scenario")
	seed := flag.Uint64("seed", 20261125, "seed of the drawings")
	flag.Parse()
	all := append(scenarios(), more()...)
	results := run(all, *reps, *seed)
	found, err := falseAlarms()
	if err == nil {
		err = write(os.Stdout, all, results, found, *reps, *seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
	outside := false
	for i, r := range results {
		if all[i].why == "" && !inBand(r.mean) {
			fmt.Fprintf(os.Stderr, "coverage: %s, %s: %.1f %% is outside %.0f–%.0f %%\n", all[i].interval, all[i].truth, 100*r.mean, 100*bandLow, 100*bandHigh)
			outside = true
		}
	}
	if outside {
		os.Exit(1)
	}
}

func inBand(c float64) bool { return c >= bandLow && c <= bandHigh }

// run draws every scenario; each truth has its own stream of random numbers.
func run(all []scenario, reps int, seed uint64) []result {
	out := make([]result, len(all))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				out[i] = all[i].run(reps, seed, uint64(i))
			}
		})
	}
	wg.Wait()
	return out
}

func (s scenario) run(reps int, seed, stream uint64) result {
	share := s.share
	if share == 0 {
		share = 1
	}
	n := max(1, int(share*float64(reps))/len(s.truths))
	r := result{low: 1}
	given := 0.0
	for k, f := range s.truths {
		rng := rand.New(rand.NewPCG(seed, stream<<16|uint64(k)))
		var count [4]float64
		for range n {
			count[f(rng)]++
		}
		has := float64(n) - count[undefined]
		r.undefined += count[undefined] / float64(n*len(s.truths))
		if has == 0 {
			continue
		}
		c := count[covered] / has
		r.low, r.high = math.Min(r.low, c), math.Max(r.high, c)
		r.mean += c
		r.above += count[tooHigh] / has
		r.below += count[tooLow] / has
		given++
	}
	r.mean, r.above, r.below = r.mean/given, r.above/given, r.below/given
	return r
}

func write(w io.Writer, all []scenario, results []result, found []alarms, reps int, seed uint64) error {
	p := &printer{w: w}
	p.f(`# Coverage of the intervals

How often each interval holds the truth it was drawn from, at a nominal 95 %%, in the ranges the
service uses it. Made by

    go run ./bench/coverage > docs/coverage.md

with %d drawings a line (seed %d); a coverage of 95 %% is then known to within ±%.1f points where all
drawings are used. Each line averages over several truths, between which the coverage of counts
jumps; *lowest* is the worst of them. *Above* and *below* are the times the whole interval lay above
or below the truth, which should be like each other. *None* is how often no interval is given: the
service then says why. Aim: %.0f–%.0f %%. Lines outside say the reason; the command fails on one that
has none.

| Interval | Truth | Coverage | Lowest | Above | Below | None | |
|---|---|---|---|---|---|---|---|
`, reps, seed, 196*math.Sqrt(0.95*0.05/float64(reps)), 100*bandLow, 100*bandHigh)
	for i, s := range all {
		r := results[i]
		note := s.why
		if note == "" && inBand(r.mean) {
			note = "✓"
		}
		p.f("| %s | %s | %.1f | %.1f | %.1f | %.1f | %.1f | %s |\n", s.interval, s.truth, 100*r.mean, 100*r.low, 100*r.above, 100*r.below, 100*r.undefined, note)
	}
	p.f(`
## On the recorded figures

Every municipality of the recorded figures without an agreement, compared with its group as if it had
one, by the service's own rule: how often the newest figures would be called different from the group's
when nothing was done anywhere. 5 %% is aimed at. The same years moved them all, and the refugees of
2022–2024 came to some places and not to others, so the lines are not independent draws.

| Indicator | Municipalities | Called different | Per cent |
|---|---|---|---|
`)
	given, called := 0, 0
	for _, a := range found {
		p.f("| %s | %d | %d | %.1f |\n", a.indicator, a.given, a.found, 100*float64(a.found)/float64(max(1, a.given)))
		given, called = given+a.given, called+a.found
	}
	p.f("| **all** | %d | %d | %.1f |\n", given, called, 100*float64(called)/float64(max(1, given)))
	p.f(`
## What this tells a reader of the service

- **An interval from counting chance is right about counting chance.** Where people move in
  households, or a workplace closes, more moves than chance: the lines with households show by how
  much an interval from gross flows is then too short. The interval from a place's own year-to-year
  dispersion, and the comparison with other places, have such causes in them.
- **Exact intervals of small counts are longer than they need be**, since a count is a whole number.
  A place is then called unclear once too often, never clear once too often.
- **A stock counted twice holds the same people twice.** The interval of its change is longer than it
  need be; a clear change is certainly clear.
- **An attainment score moves in steps.** Its interval covers the true step nearly always.
- **A forecast model is too sure of itself.** Its own interval takes the model and its parameters as
  known. What the service shows is calibrated on how far the same method was off in all
  municipalities ([validation.md](validation.md) stands in earlier years and looks what came).
- **One small place against larger ones** needs the adjustment for size; without it the interval of
  a difference in differences is far too short. The normal limits of group-time effects want more
  than a handful of treated places.
`)
	return p.err
}

// printer keeps the first error of many writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
