package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/schollz/progressbar/v3"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest"
	polite "github.com/bygdevekst/bygdevekst/ingest/fetch"
	"github.com/bygdevekst/bygdevekst/ingest/gate"
)

// IngestCmd brings figures into the archive, or says what that would take.
type IngestCmd struct {
	Fetch IngestFetchCmd `cmd:"" default:"withargs" help:"Bring figures into the archive (the default)."`
	Plan  IngestPlanCmd  `cmd:"" help:"Show requests and cells before any figure is asked for."`
	NAV   IngestNAVCmd   `cmd:"" name:"nav" help:"Store NAV's monthly workbooks of registered unemployed by municipality."`
}

// Help is printed by «bygdevekst ingest --help».
func (IngestCmd) Help() string { return ingestHelp }

const ingestHelp = `Stores every body as received, with where it comes from and when. A table counts
when all of it is stored and the gates have found nothing; what they refuse is
kept with the reason and not used, and the figures before stay. Figures the
source has not updated are not asked for again, and an interrupted run goes on
where it stopped.

SSB is asked at most 30 times a minute by all processes of the machine together,
and not between 04:55 and 08:20 in Oslo, when it loads new figures. A source on
this machine is a simulator; figures from any other server than SSB's own are
marked simulated everywhere.

Examples:
  bygdevekst ingest --source recorded && bygdevekst build
  bygdevekst ingest plan
  bygdevekst ingest --source live --table 06913 --table 07984
  bygdevekst ingest --source http://127.0.0.1:8090
  bygdevekst ingest nav 202510_HL060.xlsx`

// sourceFlags say where to ask and for what.
type sourceFlags struct {
	Table []string `help:"Only this table (may be repeated)." placeholder:"ID"`
	Since string   `help:"Only tables the source has updated on or after this day." placeholder:"YYYY-MM-DD"`
	Force bool     `help:"Ask SSB also between 04:55 and 08:20, when figures due that day show as zeros."`
}

// IngestFetchCmd brings figures.
type IngestFetchCmd struct {
	Source string `help:"Where from: recorded (the published figures that ship in the program), live (SSB), or the address of a simulator." default:"recorded" placeholder:"recorded|live|URL"`
	sourceFlags
	DryRun  bool     `help:"Ask for no figures and store nothing: show what would be asked for."`
	Refetch bool     `help:"Ask for figures again that the source has not updated."`
	Accept  []string `help:"Let this table's figures through although a gate refuses them; the reasons are kept with them (may be repeated)." placeholder:"ID"`
}

// Help is printed by «bygdevekst ingest fetch --help».
func (IngestFetchCmd) Help() string { return ingestHelp }

// Run ingests.
func (c *IngestFetchCmd) Run(a *app) error {
	if c.Source == string(data.Recorded) {
		if len(c.Table) > 0 || c.Since != "" || c.DryRun {
			return data.Errorf(data.EINVALID, "--table, --since and --dry-run are for a source that is asked: give --source live or an address")
		}
		n, added, err := a.ingestRecorded()
		if err != nil {
			return err
		}
		a.printf("%d recorded bodies, %d new\n", n, added)
		return nil
	}
	return a.ingest(c.Source, c.sourceFlags, func(j *ingest.Job) { j.DryRun, j.Refetch, j.Accept = c.DryRun, c.Refetch, c.Accept })
}

// IngestPlanCmd shows what an ingest would ask for.
type IngestPlanCmd struct {
	Source string `help:"Whose tables: live (SSB) or the address of a simulator." default:"live" placeholder:"live|URL"`
	sourceFlags
}

// Help is printed by «bygdevekst ingest plan --help».
func (IngestPlanCmd) Help() string {
	return `Holds every table plan against the source's metadata and code lists, and prints
the requests and cells an ingest would take. No figure is asked for and nothing
is stored.

Example:
  bygdevekst ingest plan --table 07459`
}

// Run plans.
func (c *IngestPlanCmd) Run(a *app) error {
	if c.Source == string(data.Recorded) {
		return data.Errorf(data.EINVALID, "recorded figures are not asked for: give --source live or an address")
	}
	return a.ingest(c.Source, c.sourceFlags, func(j *ingest.Job) { j.DryRun, j.Refetch = true, true })
}

// IngestNAVCmd stores workbooks.
type IngestNAVCmd struct {
	Files []string `arg:"" help:"Workbooks (HL060), oldest first." type:"existingfile" placeholder:"FILE"`
}

// Help is printed by «bygdevekst ingest nav --help».
func (IngestNAVCmd) Help() string {
	return `Reads NAV's workbooks «Helt ledige. Fylke og kommune» (HL060), one a month, and
stores those that are understood to the last cell. * is a count NAV keeps back. A
workbook holds its year so far: the latest of a year is the one a build uses.

Example:
  bygdevekst ingest nav 202412_HL060.xlsx 202510_HL060.xlsx`
}

// Run stores.
func (c *IngestNAVCmd) Run(a *app) error {
	arch, err := a.archive()
	if err != nil {
		return err
	}
	cat, _, err := loadCatalogue("")
	if err != nil {
		return err
	}
	for _, file := range c.Files {
		body, err := os.ReadFile(file)
		if err != nil {
			return data.Errorf(data.ENOTFOUND, "%w", err)
		}
		st, err := os.Stat(file)
		if err != nil {
			return err
		}
		newest, added, err := ingest.Workbook(arch, cat, body, st.ModTime().UTC())
		if err != nil {
			return data.Errorf(data.ErrorCode(err), "%s: %w", file, err)
		}
		what := "stored"
		if !added {
			what = "unchanged"
		}
		a.printf("%s  %s, figures to %s\n", file, what, newest)
	}
	return nil
}

func (a *app) ingestRecorded() (bodies, added int, err error) {
	arch, err := a.archive()
	if err != nil {
		return 0, 0, err
	}
	return ingest.Recorded(arch)
}

// newJob is a job on a source; tell is given every step and every wait.
func (a *app) newJob(source string, flags sourceFlags, waiting func(why string, d time.Duration)) (*ingest.Job, error) {
	opt := polite.Options{Dir: a.queueDir(source), Force: flags.Force, Waiting: waiting}
	src, err := ingest.OpenSource(source, opt)
	if err != nil {
		return nil, err
	}
	arch, err := a.archive()
	if err != nil {
		return nil, err
	}
	cat, _, err := loadCatalogue("")
	if err != nil {
		return nil, err
	}
	j := &ingest.Job{Source: src, Archive: arch, Catalogue: cat, Regions: regions.Default(), Tables: flags.Table, Bounds: gate.Default}
	if flags.Since != "" {
		if j.Since, err = time.Parse(time.DateOnly, flags.Since); err != nil {
			return nil, data.Errorf(data.EINVALID, "--since %q is not a day such as 2026-03-15", flags.Since)
		}
	}
	return j, nil
}

// queueDir is where processes share the budget: one folder for the machine's
// user for SSB, the home folder for a simulator.
func (a *app) queueDir(source string) string {
	home := filepath.Join(a.cli.Home, "queue")
	if source != string(data.Live) {
		return home
	}
	dir := filepath.Join(xdg.CacheHome, "bygdevekst")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		a.log.Warn("the budget of requests is not shared with other home folders", "folder", dir, "error", err)
		return home
	}
	return dir
}

// ingest runs a job and prints what became of it.
func (a *app) ingest(source string, flags sourceFlags, set func(*ingest.Job)) error {
	p := a.progress()
	j, err := a.newJob(source, flags, p.waiting)
	if err != nil {
		return err
	}
	set(j)
	j.Progress = p.event
	started := time.Now()
	res, err := j.Run(a.ctx)
	p.finish()
	a.summary(res, j, time.Since(started), err == nil)
	switch {
	case err != nil && a.ctx.Err() != nil:
		return errors.New("interrupted; what is stored stays, and the next run goes on from there")
	case data.ErrorCode(err) == data.ENOTFOUND || data.ErrorCode(err) == data.EINVALID:
		return err // A question to mend, and nothing to go on with.
	case err != nil:
		return data.Errorf(data.ErrorCode(err), "%w\nwhat is stored stays; run again to go on", err)
	case res.Wrong():
		return errFound
	}
	return nil
}

// summary prints what changed and what a person must look at.
func (a *app) summary(res ingest.Result, j *ingest.Job, took time.Duration, whole bool) {
	for _, d := range res.Klass {
		if len(res.Klass) > maxLines {
			a.printf("klass: %d differences from the register of municipalities; see «bygdevekst doctor --live --source %s»\n", len(res.Klass), j.Source.Base)
			break
		}
		a.printf("klass %s\n", d)
	}
	if len(res.Tables) == 0 {
		return
	}
	counts := make([]string, 0, 6)
	for _, s := range []ingest.State{ingest.Planned, ingest.Stored, ingest.Unchanged, ingest.Older, ingest.Refused, ingest.Failed} {
		if n := res.Count(s); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, s))
		}
	}
	requests, cells := 0, 0
	for _, t := range res.Tables {
		requests, cells = requests+t.Requests, cells+t.Cells
	}
	a.printf("%d tables (%s figures): %s; %d requests sent in %s\n", len(res.Tables), res.Kind, strings.Join(counts, ", "), res.Sent, took.Round(time.Second))
	if j.DryRun {
		a.printf("an ingest would ask for %d cells in %d requests", cells, requests)
		if n := j.Source.HTTP.PerMinute(); n > 0 {
			a.printf(", at %d a minute", n)
		}
		a.printf("\n")
		return
	}
	if whole && res.Count(ingest.Stored) > 0 {
		a.printf("run «bygdevekst build --kind %s» to make a release of them\n", res.Kind)
	}
}

// maxLines bounds lists that a person is to read.
const maxLines = 10

// describe prints what became of one table.
func describe(w io.Writer, t ingest.TableResult) {
	switch t.State {
	case ingest.Planned:
		fmt.Fprintf(w, "%s  %d cells in %d requests\n", t.ID, t.Cells, t.Requests)
		for _, q := range t.Queries {
			fmt.Fprintf(w, "       %s\n", q)
		}
	case ingest.Stored:
		fmt.Fprintf(w, "%s  stored: %d new, %d revised%s, %d gone\n", t.ID, t.New, t.Revised, revisedIn(t.RevisedIn), t.Gone)
	default:
		fmt.Fprintf(w, "%s  %s\n", t.ID, t.State)
	}
	bounded(w, "", t.Reasons)
	bounded(w, "note: ", t.Warnings)
}

// bounded prints lines under a table, as many as a person reads; all reasons are
// kept with the figures.
func bounded(w io.Writer, before string, lines []string) {
	for i, l := range lines {
		if i == maxLines {
			fmt.Fprintf(w, "       %sand %d more\n", before, len(lines)-maxLines)
			return
		}
		fmt.Fprintf(w, "       %s%s\n", before, l)
	}
}

// revisedIn lists revised figures by municipality, those with most first.
func revisedIn(counts map[string]int) string {
	if len(counts) == 0 {
		return ""
	}
	codes := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, 0, maxLines+1)
	for i, c := range codes {
		if i == maxLines {
			parts = append(parts, fmt.Sprintf("and %d municipalities more", len(codes)-maxLines))
			break
		}
		parts = append(parts, fmt.Sprintf("%s: %d", c, counts[c]))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// progress shows a run: a bar on a terminal, a line a table elsewhere.
type progress struct {
	a   *app
	bar *progressbar.ProgressBar
}

func (a *app) progress() *progress { return &progress{a: a} }

func (p *progress) event(e ingest.Event) {
	if isTerminal(p.a.stderr) && p.bar == nil {
		p.bar = progressbar.NewOptions(e.Total, progressbar.OptionSetWriter(p.a.stderr), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
	}
	if p.bar != nil {
		what := "table " + e.Table
		if e.Cells > 0 {
			what += fmt.Sprintf(", %d cells", e.Cells)
		}
		p.bar.Describe(what)
	}
	if e.Done == nil {
		return
	}
	// Errors of the bar are the terminal's going away: the run matters more.
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	describe(p.a.stdout, *e.Done)
	if p.bar != nil {
		_ = p.bar.Set(e.Index + 1)
	}
}

// waiting tells of pauses: in the bar, or in the log when they are long enough
// to be wondered at.
func (p *progress) waiting(why string, d time.Duration) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("waits %s: %s", d.Round(time.Second), why))
		return
	}
	if d >= 5*time.Second {
		p.a.log.Info("waiting", "for", d.Round(time.Second), "because", why)
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
