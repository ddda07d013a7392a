package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/bygdevekst/bygdevekst/analysis/inference"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/power"
	"github.com/bygdevekst/bygdevekst/analysis/sdid"
)

// promise is one MDE by size: what was said before, and whether an effect of that
// size was then found.
type promise struct {
	mde   float64
	said  bool
	found bool
}

// said prints how often an effect as large as the MDE that analysis/power gives on
// the years before is found by the size-adjusted test of the years after: it should
// be four times in five. SDID only; white noise that depends on size.
func said(ctx context.Context, w io.Writer, reps, donors int, seed uint64) error {
	fmt.Fprintf(w, "\n### The minimal detectable effect said beforehand\n\nSDID, %d panels. An effect of just that size, found by the size-adjusted test, per cent (aim: 80):\n\n", reps)
	fmt.Fprint(w, "| World | Inhabitants | Mean MDE | Found |\n|---|--:|--:|--:|\n")
	for k, world := range worlds {
		if world.rho != 0 || world.perHead == 0 {
			continue
		}
		all := make([][]promise, reps)
		errs := make([]error, reps)
		workers := runtime.GOMAXPROCS(0)
		var group sync.WaitGroup
		for first := range workers {
			group.Go(func() {
				for b := first; b < reps && ctx.Err() == nil; b += workers {
					all[b], errs[b] = world.promises(ctx, donors, rand.New(rand.NewPCG(seed+uint64(k+len(worlds))<<32, uint64(b))))
				}
			})
		}
		group.Wait()
		if err := ctx.Err(); err != nil {
			return err
		}
		for i, size := range sizes {
			var mean, n, found float64
			for b, one := range all {
				if errs[b] != nil {
					return errs[b]
				}
				if one[i].said {
					n++
					mean += one[i].mde
				}
				if one[i].found {
					found++
				}
			}
			if n == 0 {
				fmt.Fprintf(w, "| %s | %.0f | – | – |\n", world, size)
				continue
			}
			fmt.Fprintf(w, "| %s | %.0f | %.2f | %.0f |\n", world, size, mean/n, 100*found/n)
		}
	}
	return nil
}

// promises asks for the MDE of every treated unit and tests an effect of that size, of
// either sign in turn.
func (w world) promises(ctx context.Context, donors int, rng *rand.Rand) ([]promise, error) {
	p, rest := w.panel(donors, rng)
	est := sdid.Estimator(sdid.Options{})
	o := inference.Options{Workers: 1, Level: level}
	out := make([]promise, len(sizes))
	for k := range sizes {
		d := panel.Design{Treated: []int{k}, Donors: rest, Start: w.pre}
		r, err := power.Simulate(ctx, p, d, func(*panel.Panel, int) panel.Estimator { return est },
			power.Options{Years: post, Alpha: 1 - level, Power: 0.8, MinPre: 5, Workers: 1})
		if err != nil {
			return nil, err
		}
		if r.Reason != "" {
			continue
		}
		out[k] = promise{mde: r.MDE, said: true}
		s, err := inference.Space(ctx, p, d, est, o)
		if err != nil {
			return nil, err
		}
		effect := r.MDE
		if rng.IntN(2) == 0 {
			effect = -effect
		}
		i := s.SizeAdjusted.Interval
		out[k].found = i.Reason == "" && (i.Lower+effect > 0 || i.Upper+effect < 0)
	}
	return out, nil
}
