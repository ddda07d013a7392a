// Command validation measures, on simulated panels where the truth is known, how
// often the placebo tests of analysis/inference reject when nothing happened, how
// often their intervals hold the true effect, and how often they find an effect: for
// treated units of 1,300 to 6,500 inhabitants among larger donors.
//
//	go run ./bench/validation -reps 800
//
// It prints the tables of docs/validation.md as Markdown. The same seed gives the
// same tables whatever the number of processors.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/did"
	"github.com/bygdevekst/bygdevekst/analysis/inference"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/sdid"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// sizes are the populations of the treated units: about those of the four
// municipalities.
var sizes = []float64{1300, 2500, 4100, 6500}

const (
	post  = 3
	level = 0.95
	// median and spread of the lognormal sizes of donors: of the 352 of
	// oracles/bench_panel a tenth have fewer than 1,300 inhabitants, half fewer than
	// 4,700, a tenth more than 23,900.
	median, spread = 4700, 1.15
	// least is the smallest donor where all are larger than three of the treated.
	least = 4000
	// floor and perHead give a yearly noise variance of floor + perHead/M: that of
	// oracles/bench_panel, 3.6 at 1,300 inhabitants and 0.9 at 10,000.
	floor, perHead = 0.5, 4000
)

// effects are those whose power is measured, in units of the outcome.
var effects = []float64{2, 4, 6}

var methods = []struct {
	name string
	est  panel.Estimator
}{
	{"SDID", sdid.Estimator(sdid.Options{})},
	{"DID", did.Estimator(did.Options{})},
	{"demeaned SC", synth.Spec{Method: synth.Demeaned}.Estimator()},
}

// world is one way the data come about.
type world struct {
	pre int
	// rho is the autocorrelation of the noise.
	rho float64
	// perHead is b of the noise variance.
	perHead float64
	// larger has no donor below least.
	larger bool
}

func (w world) String() string {
	s := fmt.Sprint(w.pre, " years before")
	if w.rho != 0 {
		s += fmt.Sprint(", noise autocorrelated ", w.rho)
	}
	if w.perHead == 0 {
		s += ", noise the same for all sizes"
	}
	if w.larger {
		s += ", every donor larger"
	}
	return s
}

var worlds = []world{
	{pre: 10, perHead: perHead},
	{pre: 20, perHead: perHead},
	{pre: 20, perHead: perHead, rho: 0.5},
	{pre: 20, perHead: 0},
	{pre: 10, perHead: perHead, larger: true},
	{pre: 20, perHead: perHead, larger: true},
	{pre: 20, perHead: perHead, rho: 0.5, larger: true},
	{pre: 20, perHead: 0, larger: true},
}

func main() {
	reps := flag.Int("reps", 1000, "simulated panels for each table")
	seed := flag.Uint64("seed", 1, "seed of the random streams")
	donors := flag.Int("donors", 60, "donors of a panel")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *reps, *donors, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "validation:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, reps, donors int, seed uint64) error {
	if reps < 1 {
		return fmt.Errorf("-reps %d, want at least 1", reps)
	}
	if donors < len(sizes) {
		return fmt.Errorf("-donors %d, want at least %d", donors, len(sizes))
	}
	fmt.Fprintf(w, "%d panels a table, seed %d, %d donors, %d treated years.\n", reps, seed, donors, post)
	all := make([]*table, len(worlds))
	for k, world := range worlds {
		var err error
		if all[k], err = world.simulate(ctx, reps, donors, seed+uint64(k)<<32); err != nil {
			return err
		}
	}
	for _, larger := range []bool{false, true} {
		summary(w, all, larger, reps)
	}
	for k, world := range worlds {
		all[k].print(w, world, reps)
	}
	return said(ctx, w, max(1, reps/5), donors, seed)
}

// size draws a donor's inhabitants.
func (w world) size(rng *rand.Rand) float64 {
	z := spread * rng.NormFloat64()
	if w.larger {
		return least * math.Exp(math.Abs(z))
	}
	return median * math.Exp(z)
}

// panel draws the treated units, then the donors: level, two random-walk factors with
// own loadings, and noise.
func (w world) panel(donors int, rng *rand.Rand) (*panel.Panel, []int) {
	n, t := donors+len(sizes), w.pre+post
	p := &panel.Panel{Y: mat.NewDense(n, t, nil)}
	var factors [2][]float64
	for f := range factors {
		factors[f] = make([]float64, t)
		for c := range t {
			factors[f][c] = rng.NormFloat64()
			if c > 0 {
				factors[f][c] += factors[f][c-1]
			}
		}
	}
	for c := range t {
		p.Times = append(p.Times, float64(2000+c))
	}
	var rest []int
	for i := range n {
		p.Units = append(p.Units, fmt.Sprint("u", i))
		size := w.size(rng)
		if i < len(sizes) {
			size = sizes[i]
		} else {
			rest = append(rest, i)
		}
		p.Size = append(p.Size, size)
		sd := math.Sqrt(floor + w.perHead/size)
		base, l0, l1, e := 10*rng.NormFloat64(), 1+0.3*rng.NormFloat64(), 0.5*rng.NormFloat64(), rng.NormFloat64()
		for c := range t {
			if c > 0 {
				e = w.rho*e + math.Sqrt(1-w.rho*w.rho)*rng.NormFloat64()
			}
			p.Y.Set(i, c, base+l0*factors[0][c]+l1*factors[1][c]+sd*e)
		}
	}
	return p, rest
}

// Tests compared.
const (
	plain = iota
	ratio
	similar
	adjusted
	tests
)

var testNames = [tests]string{"plain", "RMSPE ratio", "similar size", "size-adjusted"}

// tally counts, for one method and one size.
type tally struct {
	rejected, defined [tests]int
	covered           [tests]int
	found             [tests][3]int
	width             [tests]float64
}

// table holds tallies by method and size, and the joint test of all four.
type table struct {
	cells [][]tally
	joint []tally
}

func newTable() *table {
	t := &table{cells: make([][]tally, len(methods)), joint: make([]tally, len(methods))}
	for m := range methods {
		t.cells[m] = make([]tally, len(sizes))
	}
	return t
}

// simulate runs replicates on all processors; each has its own stream. The joint test
// costs as much as all else and is run in every second.
func (w world) simulate(ctx context.Context, reps, donors int, seed uint64) (*table, error) {
	workers := runtime.GOMAXPROCS(0)
	all := make([]*table, reps)
	errs := make([]error, reps)
	var group sync.WaitGroup
	for k := range workers {
		group.Go(func() {
			for b := k; b < reps && ctx.Err() == nil; b += workers {
				all[b], errs[b] = w.replicate(ctx, donors, rand.New(rand.NewPCG(seed, uint64(b))), b%2 == 0)
			}
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sum := newTable()
	for b, t := range all {
		if errs[b] != nil {
			return nil, errs[b]
		}
		sum.add(t)
	}
	return sum, nil
}

func (w world) replicate(ctx context.Context, donors int, rng *rand.Rand, joint bool) (*table, error) {
	p, rest := w.panel(donors, rng)
	t := newTable()
	o := inference.Options{Workers: 1, Level: level, Seed: rng.Uint64()}
	for m, method := range methods {
		d := panel.Design{Donors: rest, Start: w.pre}
		placebos, err := inference.Placebos(ctx, p, d, method.est, o)
		if err != nil {
			return nil, err
		}
		d.Treated = []int{0, 1, 2, 3}
		past, err := inference.Earlier(ctx, p, d, method.est, o)
		if err != nil {
			return nil, err
		}
		for k := range sizes {
			d.Treated = []int{k}
			e, err := method.est(p, d)
			if err != nil {
				return nil, err
			}
			t.cells[m][k].single(e, sizes[k], placebos, samples(p, past, k), p, o)
		}
		if !joint {
			continue
		}
		d.Treated = []int{0, 1, 2, 3}
		j, err := inference.Joint(ctx, p, d, method.est, inference.JointOptions{Options: o, Sets: 199})
		if err != nil {
			return nil, err
		}
		t.joint[m].count(plain, j.Plain)
		t.joint[m].count(adjusted, j.SizeAdjusted)
	}
	return t, nil
}

// samples are the earlier effects of the donors and of one treated unit: all that an
// evaluation of that unit alone has.
func samples(p *panel.Panel, past []inference.Past, treated int) []inference.Sample {
	var out []inference.Sample
	for _, w := range past {
		one := inference.Past{Start: w.Start}
		for _, q := range w.Placebos {
			if q.Unit >= len(sizes) || q.Unit == treated {
				one.Placebos = append(one.Placebos, q)
			}
		}
		out = append(out, one.Sample(p, func(e panel.Estimate) float64 { return e.ATT }))
	}
	return out
}

// single tests one treated unit, in whose panel nothing happened.
func (t *tally) single(e panel.Estimate, size float64, placebos []inference.Placebo, more []inference.Sample, p *panel.Panel, o inference.Options) {
	var all, alike, sizes []float64
	rank := 1
	for _, q := range placebos {
		m := p.Size[q.Unit]
		all, sizes = append(all, q.Estimate.ATT), append(sizes, m)
		if m <= 2*size && m >= size/2 {
			alike = append(alike, q.Estimate.ATT)
		}
		if q.Estimate.PostRMSPE*e.PreRMSPE >= e.PostRMSPE*q.Estimate.PreRMSPE {
			rank++
		}
	}
	t.count(plain, inference.Plain(e.ATT, all, o))
	a, _ := inference.SizeAdjusted(e.ATT, size, all, sizes, o, more...)
	t.count(adjusted, a)
	t.count(similar, inference.Plain(e.ATT, alike, o))
	t.defined[ratio]++
	if float64(rank)/float64(len(placebos)+1) <= 1-o.Level {
		t.rejected[ratio]++
	}
}

// count takes a test of no effect. Adding an effect to every treated year adds it to
// the estimate, so that the test of another effect is the test of a shifted one.
func (t *tally) count(k int, r inference.Test) {
	if r.Reason != "" || r.Interval.Reason != "" {
		return
	}
	half := (r.Interval.Upper - r.Interval.Lower) / 2
	t.defined[k]++
	t.width[k] += 2 * half
	if r.P.Value <= 1-level+1e-12 {
		t.rejected[k]++
	}
	if r.Interval.Lower <= 0 && 0 <= r.Interval.Upper {
		t.covered[k]++
	}
	for e, delta := range effects {
		if math.Abs(r.Effect+delta) > half {
			t.found[k][e]++
		}
	}
}

func (t *table) add(u *table) {
	for m := range t.cells {
		for k := range t.cells[m] {
			t.cells[m][k].add(&u.cells[m][k])
		}
		t.joint[m].add(&u.joint[m])
	}
}

func (t *tally) add(u *tally) {
	for k := range tests {
		t.rejected[k] += u.rejected[k]
		t.defined[k] += u.defined[k]
		t.covered[k] += u.covered[k]
		t.width[k] += u.width[k]
		for e := range effects {
			t.found[k][e] += u.found[k][e]
		}
	}
}

// share is a percentage of the defined, or a dash where the test was defined in
// fewer than half of the panels.
func (t *tally) share(n, k, reps int) string {
	if 2*t.defined[k] < reps {
		return "–"
	}
	return fmt.Sprintf("%.1f", 100*float64(n)/float64(t.defined[k]))
}

// summary is how often plain and size-adjusted tests reject, world by world.
func summary(w io.Writer, all []*table, larger bool, reps int) {
	heading, line := "| Method | Inhabitants |", "|---|--:|"
	for _, world := range worlds {
		if world.larger == larger {
			heading += fmt.Sprintf(" %s |", world)
			line += "--:|"
		}
	}
	fmt.Fprintf(w, "\nRejected at 5 %% when nothing happened, per cent, plain → size-adjusted:\n\n%s\n%s\n", heading, line)
	for m, method := range methods {
		for k := range len(sizes) + 1 {
			row, n := fmt.Sprintf("| %s | all four |", method.name), reps/2
			if k < len(sizes) {
				row, n = fmt.Sprintf("| %s | %.0f |", method.name, sizes[k]), reps
			}
			for j, t := range all {
				if worlds[j].larger != larger {
					continue
				}
				c := &t.joint[m]
				if k < len(sizes) {
					c = &t.cells[m][k]
				}
				row += fmt.Sprintf(" %s → %s |", c.share(c.rejected[plain], plain, n), c.share(c.rejected[adjusted], adjusted, n))
			}
			fmt.Fprintln(w, row)
		}
	}
}

func (t *table) print(w io.Writer, world world, reps int) {
	fmt.Fprintf(w, "\n### %s\n\n", world)
	fmt.Fprint(w, "Rejected at 5 % when nothing happened, per cent:\n\n| Method | Inhabitants |")
	for _, name := range testNames {
		fmt.Fprintf(w, " %s |", name)
	}
	fmt.Fprint(w, " coverage plain | coverage adjusted |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for m, method := range methods {
		for k, size := range sizes {
			c := &t.cells[m][k]
			fmt.Fprintf(w, "| %s | %.0f |", method.name, size)
			for j := range tests {
				fmt.Fprintf(w, " %s |", c.share(c.rejected[j], j, reps))
			}
			fmt.Fprintf(w, " %s | %s |\n", c.share(c.covered[plain], plain, reps), c.share(c.covered[adjusted], adjusted, reps))
		}
		j := &t.joint[m]
		fmt.Fprintf(w, "| %s | all four | %s | | | %s | %s | %s |\n", method.name, j.share(j.rejected[plain], plain, reps/2), j.share(j.rejected[adjusted], adjusted, reps/2),
			j.share(j.covered[plain], plain, reps/2), j.share(j.covered[adjusted], adjusted, reps/2))
	}
	fmt.Fprint(w, "\nFound (power), per cent, plain and size-adjusted, and mean half-width of the adjusted 95 % interval:\n\n| Method | Inhabitants |")
	for _, e := range effects {
		fmt.Fprintf(w, " effect %g plain | adjusted |", e)
	}
	fmt.Fprint(w, " half-width |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for m, method := range methods {
		for k := range len(sizes) + 1 {
			c, label := &t.joint[m], "all four"
			if k < len(sizes) {
				c, label = &t.cells[m][k], fmt.Sprintf("%.0f", sizes[k])
			}
			fmt.Fprintf(w, "| %s | %s |", method.name, label)
			for e := range effects {
				fmt.Fprintf(w, " %s | %s |", c.share(c.found[plain][e], plain, reps), c.share(c.found[adjusted][e], adjusted, reps))
			}
			fmt.Fprintf(w, " %.2f |\n", c.width[adjusted]/2/math.Max(1, float64(c.defined[adjusted])))
		}
	}
}
