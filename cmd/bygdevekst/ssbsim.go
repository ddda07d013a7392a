package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// SsbsimCmd serves the simulator.
type SsbsimCmd struct {
	Seed      uint64   `help:"Seed of the model world; the same seed gives the same figures." default:"1"`
	Effect    []string `help:"Plant a known effect, as in health-employed:3421:2025:+5% (may be repeated)." placeholder:"MEASURE:CODE:YEAR:±P%"`
	Fault     []string `help:"Misbehave, as in rate-limit:every-3rd (may be repeated)." placeholder:"NAME[:every-Nth]"`
	PerMinute int      `help:"Requests allowed a minute; 0 sets no limit." default:"0"`
}

// Help is printed by «bygdevekst ssbsim --help».
func (SsbsimCmd) Help() string {
	return `Serves PxWebApi v2 (/api/pxwebapi/v2) and Klass (/api/klass/v1) with every table of
the catalogue, for all 357 municipalities, out of a demographic and labour-market
model. The figures are invented: a release made from them says so on every page,
chart and file.

Measures for --effect: births, dwellings, employed, health-employed, in-migration,
out-migration. Faults: codes-removed, discontinued, duplicate-500, early-morning,
html-404, rate-limit, revised, slow, truncated, unavailable, wrong-type.

Example:
  bygdevekst ssbsim --addr 127.0.0.1:8090 --fault unavailable:every-5th &
  bygdevekst ingest --source http://127.0.0.1:8090`
}

// Run serves until the context ends.
func (c *SsbsimCmd) Run(a *app) error {
	if c.PerMinute < 0 {
		return data.Errorf(data.EINVALID, "--per-minute %d is not a number of requests; 0 sets no limit", c.PerMinute)
	}
	opt := ssbsim.Options{Regions: simulatedRegions(), Seed: c.Seed, PerMinute: c.PerMinute, Log: a.log}
	for _, s := range c.Effect {
		e, err := ssbsim.ParseEffect(s)
		if err != nil {
			return err
		}
		opt.Effects = append(opt.Effects, e)
	}
	for _, s := range c.Fault {
		f, err := ssbsim.ParseFault(s)
		if err != nil {
			return err
		}
		opt.Faults = append(opt.Faults, f)
	}
	sim, err := ssbsim.New(opt)
	if err != nil {
		return err
	}
	addr, wait, err := listenAndServe(a.ctx, a.cli.Addr, sim)
	if err != nil {
		return err
	}
	a.printf("http://%s\n", addr)
	return wait()
}

// listenAndServe serves a handler until the context ends; wait returns then.
func listenAndServe(ctx context.Context, addr string, h http.Handler) (actual string, wait func() error, err error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return "", nil, data.Errorf(data.EINVALID, "--addr %q: %w; give HOST:PORT, such as 127.0.0.1:8080", addr, err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, data.Errorf(data.ECONFLICT, "cannot serve on %s: %w; give another with --addr", addr, err)
	}
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	return listener.Addr().String(), func() error {
		select {
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		case <-ctx.Done():
		}
		shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if err := srv.Shutdown(shutdown); err != nil && !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: stop: %w", err)
		}
		return nil
	}, nil
}

// simulatedRegions are the real municipalities the model is peopled for.
func simulatedRegions() []ssbsim.Region {
	var out []ssbsim.Region
	for _, m := range regions.Default().All() {
		r := ssbsim.Region{Code: m.Code, Name: m.Name, County: m.County, Centrality: m.CentralityIndex, Neighbours: m.Neighbours}
		for _, e := range m.Earlier {
			r.Earlier = append(r.Earlier, ssbsim.Earlier{Code: e.Code, Name: fmt.Sprintf("%s (-%d)", m.NameNB, e.To), From: e.From, To: e.To})
		}
		out = append(out, r)
	}
	return out
}
