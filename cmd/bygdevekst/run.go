package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/adrg/xdg"
	"github.com/alecthomas/kong"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/release"
)

// version is set by make with -ldflags.
var version = "devel"

// Exit codes, documented in docs/cli.md.
const (
	exitOK          = 0
	exitFailure     = 1 // An unexpected failure.
	exitUsage       = 2 // A wrong command line or input: data.EINVALID.
	exitNotFound    = 3 // data.ENOTFOUND.
	exitConflict    = 4 // data.ECONFLICT: another process, or conflicting figures.
	exitUnavailable = 5 // data.EUNAVAILABLE: the source does not answer.
	exitCheck       = 6 // check, verify or doctor found something wrong.
)

// Main is the whole program with its surroundings as fields, so that end-to-end
// tests can run it in process.
type Main struct {
	Args           []string
	Stdout, Stderr io.Writer
}

// CLI is the command line.
type CLI struct {
	Home string `help:"Folder for the archive and the releases." env:"BYGDEVEKST_HOME" placeholder:"DIR" default:"${home}"`
	Addr string `help:"Address to serve on." env:"BYGDEVEKST_ADDR" placeholder:"HOST:PORT" default:"127.0.0.1:8080"`
	Log  string `help:"Log format, json or text." enum:"json,text" env:"BYGDEVEKST_LOG" default:"text"`

	Up       UpCmd       `cmd:"" help:"Make the first release if there is none, and serve it."`
	Ingest   IngestCmd   `cmd:"" help:"Bring figures into the archive."`
	Build    BuildCmd    `cmd:"" help:"Build a release from the archive and publish it."`
	Serve    ServeCmd    `cmd:"" help:"Serve the published release; a newly published one is picked up while running."`
	Doctor   DoctorCmd   `cmd:"" help:"Look for what must be mended; with --live, hold the table plans against the source."`
	Check    CheckCmd    `cmd:"" help:"Check catalogue files and indicator tests; problems are printed as file:line:column: message."`
	Releases ReleasesCmd `cmd:"" help:"List the releases; the one that is served is marked."`
	Verify   VerifyCmd   `cmd:"" help:"Recompute every checksum and invariant of a release and of the archive."`
	Rollback RollbackCmd `cmd:"" help:"Serve an older release again, after verifying it."`
	Export   ExportCmd   `cmd:"" help:"Write a release's tables as CSV, JSON or Parquet."`
	Jsonstat JsonstatCmd `cmd:"" help:"Print a JSON-stat file as a long table."`
	Evaluate EvaluateCmd `cmd:"" help:"Estimate an effect on a panel you bring, with any method of the evaluation engine."`
	Design   DesignCmd   `cmd:"" help:"Tell what a registered design can show before its outcome is seen: balance, pre-fit, size, MDE."`
	Ssbsim   SsbsimCmd   `cmd:"" help:"Serve a simulator of SSB's API, for tests and demonstration without a network."`
	Version  VersionCmd  `cmd:"" help:"Print the version of the program."`
}

// app is what every command works with.
type app struct {
	ctx            context.Context
	stdout, stderr io.Writer
	log            *slog.Logger
	cli            *CLI
}

// errFound says that a check did its work and found something; the findings
// are printed already.
var errFound = errors.New("problems were found")

// Run parses the arguments, runs the command and returns the exit code.
func (m Main) Run(ctx context.Context) int {
	var cli CLI
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("bygdevekst"),
		kong.Description("Goal attainment for bygdevekst agreements from official statistics.\n\nExit codes: 0 done, 1 failure, 2 wrong input, 3 not found, 4 conflict, 5 source unavailable, 6 a check found problems."),
		kong.Writers(m.Stdout, m.Stderr),
		kong.Exit(func(code int) { exited = code; panic(exit{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"home": filepath.Join(xdg.DataHome, "bygdevekst")},
	)
	if err != nil {
		fmt.Fprintln(m.Stderr, "bygdevekst:", err)
		return exitFailure
	}
	kctx, err := parse(parser, m.Args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(m.Stderr, "bygdevekst: %v\nRun «bygdevekst --help» to see what there is.\n", err)
		return exitUsage
	}
	a := &app{ctx: ctx, stdout: m.Stdout, stderr: m.Stderr, cli: &cli, log: logger(cli.Log, m.Stderr)}
	err = kctx.Run(a)
	if err != nil && !errors.Is(err, errFound) {
		fmt.Fprintln(m.Stderr, "bygdevekst:", err)
	}
	return exitCode(err)
}

// exit unwinds kong after it has printed help: kong expects its Exit not to return.
type exit struct{}

func parse(p *kong.Kong, args []string) (kctx *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exit); !ok {
				panic(r)
			}
		}
	}()
	return p.Parse(args)
}

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errFound) {
		return exitCheck
	}
	switch data.ErrorCode(err) {
	case data.EINVALID:
		return exitUsage
	case data.ENOTFOUND:
		return exitNotFound
	case data.ECONFLICT:
		return exitConflict
	case data.EUNAVAILABLE:
		return exitUnavailable
	default:
		return exitFailure
	}
}

func logger(format string, w io.Writer) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

func (a *app) archive() (*archive.Archive, error) {
	return archive.Open(filepath.Join(a.cli.Home, "archive"))
}

func (a *app) store() (*release.Store, error) {
	return release.OpenStore(filepath.Join(a.cli.Home, "releases"))
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// codeVersion names the code a release was built by: the version make set, or
// the module's own where the program was installed by go install.
func codeVersion() string {
	if version != "devel" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}

// isTerminal reports whether w is a terminal, where progress may be drawn over.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
