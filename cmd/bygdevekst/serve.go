package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bygdevekst/bygdevekst/dashboards"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/data/release"
)

// ServeCmd serves the published release.
type ServeCmd struct {
	readers
}

// readers are the flags of every command that serves readers.
type readers struct {
	Contact string `help:"Where readers tell of barriers, an e-mail address or https address; shown on /tilgjengelighet." env:"BYGDEVEKST_CONTACT" placeholder:"ADDRESS"`
}

// Validate is called by kong when the arguments are parsed.
func (r readers) Validate() error {
	u, err := url.Parse(r.Contact)
	if r.Contact == "" || err == nil && u.Scheme == "https" && u.Host != "" {
		return nil
	}
	if a, err := mail.ParseAddress(r.Contact); err == nil && a.Address == r.Contact {
		return nil
	}
	return fmt.Errorf("--contact %q: give an e-mail address or an address that begins with https://", r.Contact)
}

// Help is printed by «bygdevekst serve --help».
func (ServeCmd) Help() string {
	return `Serves pages, charts, the API (/api/v1, /openapi.json), /livez, /readyz and
/metrics. A release published while it runs is picked up within a second, or at
once on SIGHUP; readers never wait. SIGTERM drains and stops.

Example:
  bygdevekst serve --addr 0.0.0.0:8080 --log json`
}

// Run serves until the context ends.
func (c *ServeCmd) Run(a *app) error { return a.serve(c.readers) }

const (
	// pollEvery is how often the pointer is looked at: one small file read.
	pollEvery = time.Second
	// drain is how long requests under way get when the server stops.
	drain = 10 * time.Second
)

func (a *app) serve(to readers) (err error) {
	var flush func() error
	a.log, flush = dashboards.BufferedLog(a.stderr, func(w io.Writer) *slog.Logger { return logger(a.cli.Log, w) })
	defer func() { err = errors.Join(err, flush()) }()
	store, err := a.store()
	if err != nil {
		return err
	}
	rel, err := load(a.ctx, store)
	if err != nil {
		return err
	}
	srv, err := dashboards.New(dashboards.Options{
		Logger:   a.log,
		Releases: func() ([]cube.Info, error) { return store.List() },
		Files:    store.Files,
		Contact:  to.Contact,
	})
	if err != nil {
		return err
	}
	srv.Swap(rel)
	ctx, stop := context.WithCancel(a.ctx)
	defer stop()
	addr, wait, err := listenAndServe(ctx, a.cli.Addr, srv.Handler())
	if err != nil {
		return err
	}
	go a.follow(ctx, store, srv, rel.Info.ID)
	a.printf("http://%s\n", addr)
	return wait()
}

// follow swaps in each newly published release. One that cannot be read is
// logged and the old one stays served.
func (a *app) follow(ctx context.Context, store *release.Store, srv *dashboards.Server, served string) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	refused := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-hup:
		}
		id, err := store.CurrentID()
		if err != nil || id == served || id == refused {
			continue
		}
		rel, err := load(ctx, store)
		if err != nil {
			a.log.Error("the new release cannot be read; the old one stays served", "new", id, "served", served, "err", err)
			refused = id
			continue
		}
		srv.Swap(rel)
		a.log.Info("serving another release", "new", id, "old", served)
		served, refused = id, ""
	}
}

func load(ctx context.Context, store *release.Store) (*dashboards.Release, error) {
	id, err := store.CurrentID()
	if err != nil {
		return nil, err
	}
	info, content, err := store.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	cat, err := catalogue.Load(store.Catalogue(id))
	if err != nil {
		return nil, fmt.Errorf("catalogue of release %s: %w", id, err)
	}
	return &dashboards.Release{Info: info, Cube: cube.New(content), Catalogue: cat, Regions: regions.Default()}, nil
}
