package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bygdevekst/bygdevekst"

// TestImportsRunOneWay holds the house to docs/architecture.md: it reads what
// go list says every package imports.
func TestImportsRunOneWay(t *testing.T) {
	direct := goList(t, "-f", "{{.ImportPath}} {{join .Imports \" \"}}")
	for pkg, imports := range direct {
		for _, imp := range imports {
			if !strings.HasPrefix(imp, module) {
				continue
			}
			if from, to := room(pkg), room(imp); from != to && !slices.Contains(allowed[from], to) {
				t.Errorf("%s imports %s: %s may import %v only", short(pkg), short(imp), from, allowed[from])
			}
			if short(pkg) == "data" {
				t.Errorf("data imports %s; it may import the standard library only", short(imp))
			}
		}
		for _, imp := range imports {
			if strings.HasPrefix(imp, "github.com/duckdb/") && short(pkg) != "data/release" {
				t.Errorf("%s imports the DuckDB driver; only data/release may", short(pkg))
			}
			if room(pkg) == "analysis" && (imp == "net/http" || imp == "database/sql") {
				t.Errorf("%s imports %s; analysis is pure numerics", short(pkg), imp)
			}
		}
	}
	deps := goList(t, "-f", "{{.ImportPath}} {{join .Deps \" \"}}")
	for _, pure := range []string{"analysis", "indicators", "dashboards", "ingest"} {
		for pkg, all := range deps {
			if room(pkg) != pure {
				continue
			}
			for _, dep := range all {
				if strings.HasPrefix(dep, "github.com/duckdb/") {
					t.Errorf("%s links DuckDB through %s", short(pkg), dep)
				}
				if pure == "analysis" && strings.HasPrefix(dep, module) && room(dep) != "analysis" {
					t.Errorf("%s depends on %s; a researcher must be able to import analysis alone", short(pkg), short(dep))
				}
			}
		}
	}
}

// allowed is which rooms a room may import besides itself.
var allowed = map[string][]string{
	"cmd":        {"dashboards", "indicators", "ingest", "data", "analysis"},
	"bench":      {"dashboards", "indicators", "ingest", "data", "analysis"},
	"dashboards": {"indicators", "data", "analysis"},
	"indicators": {"data", "analysis"},
	"ingest":     {"data"},
	"data":       {},
	"analysis":   {},
}

func goList(t *testing.T, args ...string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, append(args, module+"/...")...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	res := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		res[f[0]] = f[1:]
	}
	if len(res) < 10 {
		t.Fatalf("go list found %d packages", len(res))
	}
	return res
}

func short(pkg string) string { return strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/") }

func room(pkg string) string {
	first, _, _ := strings.Cut(short(pkg), "/")
	return first
}
