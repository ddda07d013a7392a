package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
)

// A lies halfway between B and C until 3 and is then 2 above: worked by hand.
const evaluatePanel = "u,t,y\nA,1,2\nA,2,3\nA,3,7\nB,1,1\nB,2,4\nB,3,4\nC,1,3\nC,2,2\nC,3,6\n"

const evaluateSpec = `{"unit":"u","time":"t","outcome":"y","treated":["A"],"start":3,"method":"sc-outcome"}`

func evaluateFiles(t *testing.T, panel, spec string) EvaluateCmd {
	t.Helper()
	dir := t.TempDir()
	c := EvaluateCmd{Data: filepath.Join(dir, "panel.csv"), Spec: filepath.Join(dir, "spec.json"), Format: "json"}
	for path, text := range map[string]string{c.Data: panel, c.Spec: spec} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestEvaluate(t *testing.T) {
	c := evaluateFiles(t, evaluatePanel, evaluateSpec)
	c.Chart = filepath.Join(t.TempDir(), "out.svg")
	var out bytes.Buffer
	if err := c.Run(&app{ctx: context.Background(), stdout: &out}); err != nil {
		t.Fatal(err)
	}
	var r struct {
		Estimate struct{ ATT float64 }
		Weights  []struct {
			Unit   string
			Weight float64
		}
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	// 1e-9 allows for rounding only.
	if math.Abs(r.Estimate.ATT-2) > 1e-9 || len(r.Weights) != 2 || math.Abs(r.Weights[0].Weight-0.5) > 1e-9 {
		t.Errorf("got %+v, want an effect of 2 and equal weights", r)
	}
	svg, err := os.ReadFile(c.Chart)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the chart is not XML: %v", err)
		}
	}
	for _, want := range []string{"observed", "counterfactual", "start 3"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the chart lacks %q", want)
		}
	}
}

func TestEvaluateText(t *testing.T) {
	c := evaluateFiles(t, evaluatePanel, evaluateSpec)
	c.Format = "text"
	var out bytes.Buffer
	if err := c.Run(&app{ctx: context.Background(), stdout: &out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"effect (att)", "sc-outcome", "counterfactual", "B      0.5"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestEvaluateErrors(t *testing.T) {
	for _, c := range []struct{ name, panel, spec, chart, want string }{
		{"spec", evaluatePanel, strings.Replace(evaluateSpec, "unit", "units", 1), "", "spec.json: spec: units: is not a field"},
		{"data", strings.Replace(evaluatePanel, "B,2,4", "B,2,x", 1), evaluateSpec, "", `panel.csv: data: row 6, column "y"`},
		{"chart", evaluatePanel, evaluateSpec, "out.png", "--chart out.png: only SVG"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := evaluateFiles(t, c.panel, c.spec)
			cmd.Chart = c.chart
			err := cmd.Run(&app{ctx: context.Background(), stdout: io.Discard})
			if exitCode(err) != exitUsage || !strings.Contains(data.ErrorMessage(err), c.want) {
				t.Errorf("exit %d: %v, want %d and %q", exitCode(err), err, exitUsage, c.want)
			}
		})
	}
	missing := EvaluateCmd{Data: "no.csv", Spec: "no.json"}
	if err := missing.Run(&app{ctx: context.Background(), stdout: io.Discard}); exitCode(err) != exitUsage {
		t.Errorf("missing file: exit %d: %v", exitCode(err), err)
	}
}

// Every method answers on the command line with every field of the contract.
func TestEvaluateMethods(t *testing.T) {
	var panel strings.Builder
	panel.WriteString("u,t,y,x,d\n")
	for i := range 8 {
		for s := range 7 {
			effect := 0
			if i < 2 && s >= 5 {
				effect = 3
			}
			// Levels, a common path and a little that differs.
			fmt.Fprintf(&panel, "%d,%d,%d,%d,%d\n", i, 2010+s, 10*i+s*s+(i*s*7)%5+effect, (i*i+s)%4, min(effect, 1))
		}
	}
	for method, more := range map[string]string{
		"sc": `,"predictors":[{"column":"x"},{"column":"y"}]`, "sc-outcome": "", "sc-demeaned": "", "sc-penalised": "", "sc-ridge": `,"lambda":1`,
		"sdid": "", "did": `,"covariates":["x"]`, "did-matched": `,"neighbours":2`, "att-gt": "",
	} {
		t.Run(method, func(t *testing.T) {
			c := evaluateFiles(t, panel.String(), `{"unit":"u","time":"t","outcome":"y","treatment":"d","method":"`+method+`"`+more+`}`)
			var out bytes.Buffer
			if err := c.Run(&app{ctx: context.Background(), stdout: &out}); err != nil {
				t.Fatal(err)
			}
			var r struct {
				Estimate struct {
					ATT       *float64
					PerPeriod []struct {
						Time                          float64
						Observed, Counterfactual, Gap *float64
					} `json:"per_period"`
				}
				Fit map[string]any
			}
			var fields map[string]json.RawMessage
			if err := errors.Join(json.Unmarshal(out.Bytes(), &r), json.Unmarshal(out.Bytes(), &fields)); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"method", "estimate", "weights", "time_weights", "v", "fit", "inference", "donors", "seed", "version"} {
				if v, ok := fields[name]; !ok || string(v) == "null" {
					t.Errorf("%s is %s", name, v)
				}
			}
			if r.Estimate.ATT == nil || len(r.Estimate.PerPeriod) != 7 || r.Estimate.PerPeriod[6].Time != 2016 || r.Estimate.PerPeriod[6].Gap == nil {
				t.Errorf("estimate %+v", r.Estimate)
			}
			for _, name := range []string{"pre_rmspe", "post_rmspe", "ratio", "gap", "flags"} {
				if _, ok := r.Fit[name]; !ok {
					t.Errorf("fit has no %s", name)
				}
			}
		})
	}
}
