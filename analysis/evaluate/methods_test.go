package evaluate

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/analysis/oracle"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
)

// staggeredCalifornia is the Proposition 99 panel with Nevada made treated from 1985.
func staggeredCalifornia(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(oracle.Path(t, "oracles", "sdid_california", "data.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, l := range lines[1:] {
		if f := strings.Split(l, ","); f[0] == "Nevada" && f[1] >= "1985" {
			lines[i+1] = strings.Join([]string{f[0], f[1], f[2], "1"}, ",")
		}
	}
	return strings.Join(lines, "\n")
}

// Two cohorts are two evaluations without the other's unit, weighted by their 12
// and 16 treated unit-periods.
func TestStaggered(t *testing.T) {
	csv := staggeredCalifornia(t)
	const early = `"predictors":[{"column":"packspercapita","from":1970,"to":1974},{"column":"packspercapita","from":1980,"to":1984}]`
	for _, method := range []string{
		`"sdid"`, `"did"`, `"did-matched"`, `"sc-outcome"`, `"sc-demeaned"`, `"sc-penalised","lambda":0.1`, `"sc-ridge"`, `"sc",` + early,
	} {
		both := runText(t, csv, `{`+prop99+`,"method":`+method+`,"replications":20,"inference":["placebo-se","placebo-space"]}`)
		california := runText(t, csv, `{`+prop99+`,"method":`+method+`,"exclude":["Nevada"]}`)
		nevada := runText(t, csv, `{`+prop99+`,"method":`+method+`,"exclude":["California"]}`)
		near(t, "att", both.Estimate.ATT, float64(12*california.Estimate.ATT+16*nevada.Estimate.ATT)/28, 1e-9)
		cohorts, ok := both.Inference["cohorts"].([]Cohort)
		if !ok || len(cohorts) != 2 || cohorts[0].Start.Label != "1985" || cohorts[1].Treated[0] != "California" {
			t.Fatalf("cohorts %+v", both.Inference["cohorts"])
		}
		near(t, "california", cohorts[1].ATT, float64(california.Estimate.ATT), 1e-9)
		near(t, "pre-RMSPE", both.Fit.PreRMSPE, math.Sqrt(float64(12*california.Fit.PreRMSPE*california.Fit.PreRMSPE+16*nevada.Fit.PreRMSPE*nevada.Fit.PreRMSPE)/28), 1e-9)
		for k := range both.V {
			near(t, "v", both.V[k], float64(12*california.V[k]+16*nevada.V[k])/28, 1e-9)
		}
		// Nevada alone counts in 1986, both in 1990, both before 1985.
		near(t, "1986", both.Estimate.PerPeriod[16].Gap, float64(nevada.Estimate.PerPeriod[16].Gap), 1e-9)
		for _, c := range []int{0, 20} {
			near(t, "both", both.Estimate.PerPeriod[c].Gap, float64(nevada.Estimate.PerPeriod[c].Gap+california.Estimate.PerPeriod[c].Gap)/2, 1e-9)
		}
		if !both.Estimate.SE.known() {
			t.Error("no standard error from placebos")
		}
		if u, ok := both.Inference["placebo-space"].(Unavailable); !ok || !strings.Contains(u.Reason, "2 different periods") || !flagged(both, "inference placebo-space has no answer") {
			t.Errorf("placebo-space %+v, flags %q", both.Inference["placebo-space"], both.Fit.Flags)
		}
	}
}

// An inference that has no meaning for a method is a wrong specification; one that
// these data do not define is said in the result.
func TestInferenceThatDoesNotApply(t *testing.T) {
	for spec, want := range map[string]string{
		`"method":"sc-outcome","inference":["conformal","bootstrap"]`: `inference[1]: "bootstrap" is not defined for method sc-outcome`,
		`"method":"did-matched","inference":["jackknife"]`:            `inference[0]: "jackknife" is not defined for method did-matched`,
		`"method":"att-gt","inference":["conformal"]`:                 `inference[0]: "conformal" is not defined for method att-gt`,
	} {
		s, err := ParseSpec([]byte(`{` + prop99 + `,` + spec + `}`))
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(oracle.Path(t, "oracles", "sdid_california", "data.csv"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(t.Context(), s, f, "test")
		if !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, "sdid_california", `{`+prop99+`,"method":"sdid","inference":["jackknife","bootstrap","conformal"]}`)
	for _, name := range []string{"jackknife", "bootstrap"} {
		if _, ok := r.Inference[name].(Unavailable); !ok {
			t.Errorf("%s of one treated unit: %+v", name, r.Inference[name])
		}
	}
	if r.Estimate.SE.known() || !r.Estimate.PerPeriod[30].Lower.known() {
		t.Errorf("se %v, last period from %v", r.Estimate.SE, r.Estimate.PerPeriod[30].Lower)
	}
}

// Two treated units: DID's own interval is there unasked, and an asked one stands
// before it.
func TestClusteredInterval(t *testing.T) {
	spec := strings.Replace(california, `["California"]`, `["California","Nevada"]`, 1)
	for _, method := range []string{"did", "did-matched"} {
		r := run(t, "sc_california", `{`+spec+`,"method":"`+method+`"}`)
		own, ok := r.Inference["clustered"].(Clustered)
		if !ok || r.Estimate.SE != own.SE || !r.Estimate.PerPeriod[25].Lower.known() {
			t.Fatalf("%s: %+v", method, r.Inference)
		}
		r = run(t, "sc_california", `{`+spec+`,"method":"`+method+`","inference":["placebo-se","placebo-space"]}`)
		if v, ok := r.Inference["placebo-se"].(*Variance); !ok || r.Estimate.SE != v.SE || v.SE == own.SE {
			t.Errorf("%s: se %v, own %v", method, r.Estimate.SE, own.SE)
		}
		two := run(t, "sc_california", `{`+spec+`,"method":"`+method+`","inference":["leave-two-out"]}`)
		if u, ok := two.Inference["leave-two-out"].(Unavailable); !ok || !strings.Contains(u.Reason, "2 units are treated; leave-two-out compares one: use placebo-space") {
			t.Errorf("%s: %+v", method, two.Inference["leave-two-out"])
		}
		if j, ok := r.Inference["placebo-space"].(JointResult); !ok || j.Sets < 600 || !j.Effect.P.known() {
			t.Errorf("%s: %+v", method, r.Inference["placebo-space"])
		}
	}
	r := run(t, "sc_california", `{`+california+`,"method":"did-matched","neighbours":3,"predictors":[{"column":"lnincome"},{"column":"cigsale","from":1980,"to":1988}]}`)
	n := 0
	for _, w := range r.Weights {
		if w.Weight > 0 {
			n++
			near(t, "weight", w.Weight, 1.0/3, 1e-12)
		}
	}
	if n != 3 {
		t.Errorf("%d matches, want 3", n)
	}
}

// With hardly any ridge and more donors than rows, the augmented weights balance
// outcomes and covariates exactly: the definition that augsynth shares.
func TestRidgeCovariates(t *testing.T) {
	predictors := `"predictors":[{"column":"lnincome","from":1980,"to":1988},{"column":"beer","from":1984,"to":1988}]`
	r := run(t, "sc_california", `{`+california+`,"method":"sc-ridge","lambda":1e-9,"covariates":["retprice"],`+predictors+`}`)
	s, err := ParseSpec([]byte(`{` + california + `,"method":"sc-ridge","covariates":["retprice"],` + predictors + `}`))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(oracle.Path(t, "oracles", "sc_california", "data.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	frame, err := readFrame(f, s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProblem(frame, s)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "pre-RMSPE", r.Fit.PreRMSPE, 0, 1e-6)
	for k := range p.x {
		sum := p.x[k][0]
		for _, i := range p.donors {
			sum -= float64(weight(t, r, p.panel.Units[i])) * p.x[k][i]
		}
		near(t, fmt.Sprintf("imbalance of predictor %d", k), Number(sum), 0, 1e-6)
	}
	if !flagged(r, string(synth.Extrapolates)) {
		t.Errorf("flags %q", r.Fit.Flags)
	}
}

// A treated unit that a column names and that lacks a value is left out and named,
// as the published software does; the last one is not.
func TestTreatedLeftOut(t *testing.T) {
	const csv = "u,t,y,d\nA,1,1,0\nA,2,,1\nB,1,1,0\nB,2,5,1\nC,1,1,0\nC,2,2,0\n"
	r := runText(t, csv, `{"unit":"u","time":"t","outcome":"y","treatment":"d","method":"did"}`)
	near(t, "att", r.Estimate.ATT, 3, 1e-12)
	if !flagged(r, "treated unit A left out") {
		t.Errorf("flags %q", r.Fit.Flags)
	}
}

// A group-time effect without never treated units compares with those not yet
// treated: 2000 and 2001 against 2002, worked by hand.
func TestAttGTWithoutNeverTreated(t *testing.T) {
	const csv = "u,t,y,d\nA,2000,0,0\nA,2001,5,1\nA,2002,9,1\nB,2000,0,0\nB,2001,7,1\nB,2002,9,1\nC,2000,0,0\nC,2001,1,0\nC,2002,8,1\nD,2000,0,0\nD,2001,3,0\nD,2002,8,1\n"
	r := runText(t, csv, `{"unit":"u","time":"t","outcome":"y","treatment":"d","method":"att-gt"}`)
	near(t, "att", r.Estimate.ATT, 4, 1e-12)
	res := r.Inference["att_gt"].(*GroupTimeResult)
	if res.Control != notYetTreated || len(res.ATTGT) != 1 || len(res.Skipped) != 2 {
		t.Errorf("%+v", res)
	}
	if !flagged(r, "4 treated units: the normal limits of group-time effects are short") {
		t.Errorf("flags %q", r.Fit.Flags)
	}
	if last := r.Estimate.PerPeriod[2]; last.Gap.known() || last.Counterfactual.known() || !last.Observed.known() {
		t.Errorf("2002 has no control but %+v", last)
	}
}

// M002 lies outside its donors (oracles/bench_panel: plain synthetic control is to
// be refused for it), M001 inside.
func TestGates(t *testing.T) {
	for unit, closed := range map[string]bool{"M001": false, "M002": true} {
		others := []string{}
		for _, u := range []string{"M001", "M002", "M003", "M004"} {
			if u != unit {
				others = append(others, `"`+u+`"`)
			}
		}
		r := run(t, "bench_panel", `{"unit":"unit","time":"year","outcome":"y","treated":["`+unit+`"],"start":2025,"exclude":[`+strings.Join(others, ",")+`],
			"method":"sc-outcome","size":"population","inference":["placebo-space"]}`)
		if flagged(r, "too poor for a causal word") != closed || flagged(r, string(synth.BadFit)) != closed {
			t.Errorf("%s: flags %q", unit, r.Fit.Flags)
		}
		if s := r.Inference["placebo-space"].(SpaceResult); s.SizeAdjusted == nil || s.N != 353 || !s.SizeAdjusted.P.known() {
			t.Errorf("%s: %+v", unit, s.Rank)
		}
	}
}
