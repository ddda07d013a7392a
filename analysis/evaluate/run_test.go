package evaluate

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// flagged says whether a flag holds the text.
func flagged(r *Result, text string) bool {
	return slices.ContainsFunc(r.Fit.Flags, func(f string) bool { return strings.Contains(f, text) })
}

const california = `"unit":"state","time":"year","outcome":"cigsale","treated":["California"],"start":1989`

// V from a training window must be the V that the same predictors and window
// give on their own, and its weights those of that V given as numbers.
func TestTrain(t *testing.T) {
	const early = `[{"column":"lnincome","from":1972,"to":1979},{"column":"retprice","from":1971,"to":1979},{"column":"cigsale","from":1971,"to":1979}]`
	const late = `[{"column":"lnincome","from":1980,"to":1988},{"column":"retprice","from":1980,"to":1988},{"column":"cigsale","from":1980,"to":1988}]`
	trained := run(t, "sc_california", `{`+california+`,"method":"sc","predictors":`+late+`,
		"train":{"predictors":`+early+`,"fit_window":{"from":1980,"to":1988}}}`)
	alone := run(t, "sc_california", `{`+california+`,"method":"sc","predictors":`+early+`,"fit_window":{"from":1980,"to":1988}}`)
	numbers := make([]string, len(alone.V))
	for k, v := range alone.V {
		near(t, "v", trained.V[k], float64(v), 1e-12)
		text, err := v.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		numbers[k] = string(text)
	}
	given := run(t, "sc_california", `{`+california+`,"method":"sc","predictors":`+late+`,"v":[`+strings.Join(numbers, ",")+`]}`)
	for _, w := range given.Weights {
		near(t, "weight of "+w.Unit, weight(t, trained, w.Unit), float64(w.Weight), 1e-9)
	}
}

// A predictor window outside periods is obeyed, and one that reaches into
// treatment is obeyed and flagged, as is a fit window.
func TestWindows(t *testing.T) {
	inside := run(t, "sc_california", `{`+california+`,"method":"sc","v":"equal","predictors":[{"column":"cigsale","from":1970,"to":1974},{"column":"cigsale"}]}`)
	outside := run(t, "sc_california", `{`+california+`,"method":"sc","v":"equal","periods":{"from":1975},
		"predictors":[{"column":"cigsale","from":1970,"to":1974},{"column":"cigsale","from":1970,"to":1988}]}`)
	for _, w := range inside.Weights {
		near(t, "weight of "+w.Unit, weight(t, outside, w.Unit), float64(w.Weight), 1e-9)
	}
	late := run(t, "sc_california", `{`+california+`,"method":"sc","v":"equal","fit_window":{"to":1990},"predictors":[{"column":"cigsale","from":1980,"to":1989}]}`)
	if !flagged(late, `predictors[0]: "cigsale" is taken from 1980 to 1989, which reaches into treatment`) || !flagged(late, "fit_window reaches into treatment: weights are fitted on 1990, start is 1989") {
		t.Errorf("flags %q", late.Fit.Flags)
	}
	whole := 0.0
	for _, p := range late.Estimate.PerPeriod[:21] {
		whole += float64(p.Gap * p.Gap)
	}
	near(t, "pre-RMSPE over 1970-1990", late.Fit.PreRMSPE*late.Fit.PreRMSPE, whole/21, 1e-9)
}

func TestVRules(t *testing.T) {
	sum := func(r *Result) (s Number) {
		for _, v := range r.V {
			s += v
		}
		return s
	}
	for _, v := range []string{`"equal"`, `"inverse-variance"`, `[1,0,0,2,3,4,5]`} {
		for _, scale := range []string{"sd", "none"} {
			r := run(t, "sc_california", `{`+california+`,"method":"sc","predictors":`+californiaPredictors+`,"v":`+v+`,"scale":"`+scale+`"}`)
			near(t, "sum of v", sum(r), 1, 1e-12)
		}
	}
}

func TestUnusedFieldsAreNamed(t *testing.T) {
	r := run(t, "sc_california", `{`+california+`,"method":"sc-outcome","predictors":`+californiaPredictors+`,"v":"equal","lambda":1}`)
	for _, want := range []string{"predictors is not used by method sc-outcome", "v is not used", "lambda is not used"} {
		if !flagged(r, want) {
			t.Errorf("no flag %q in %q", want, r.Fit.Flags)
		}
	}
}

func TestRunErrors(t *testing.T) {
	for _, c := range []struct {
		name, spec string
		is         error
		want       string
	}{
		{"sc without predictors", with(`"method":"sc"`), ErrSpec, "predictors: method sc needs at least one"},
		{"fit window after the start", with(`"fit_window":{"from":3}`), ErrSpec, "fit_window: 3 to the last holds no period before start"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := ParseSpec([]byte(c.spec))
			if err != nil {
				t.Fatal(err)
			}
			// C is treated one year before A.
			csv := strings.NewReplacer("C,2,3,1,0", "C,2,3,1,1", "C,3,4,8,0", "C,3,4,8,1").Replace(small)
			_, err = Run(t.Context(), s, strings.NewReader(csv), "test")
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %v with %q", err, c.is, c.want)
			}
		})
	}
}
