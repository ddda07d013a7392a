package evaluate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// oddPanel is a small panel with what real files have: gaps, missing rows, constant
// and equal series, huge and tiny values, starts that differ.
func oddPanel(t *rapid.T) string {
	units := rapid.IntRange(3, 9).Draw(t, "units")
	const periods = 8
	scale := rapid.SampledFrom([]float64{1, 1e-9, 1e9, 0}).Draw(t, "scale")
	var b strings.Builder
	b.WriteString("u,t,y,d,x,z,n\n")
	for i := range units {
		constant := rapid.IntRange(0, 6).Draw(t, "kind") == 6
		start := rapid.IntRange(1, periods).Draw(t, "start")
		if i > 2 {
			start = periods // Later units are never treated.
		}
		for s := range periods {
			// Rare: rapid likes the ends of a range.
			if rapid.IntRange(0, 200).Draw(t, "missing row") == 77 {
				continue
			}
			y := fmt.Sprintf("%g", scale*float64(rapid.IntRange(-5, 5).Draw(t, "y")))
			switch {
			case constant:
				y = fmt.Sprint(i)
			case rapid.IntRange(0, 200).Draw(t, "missing") == 77:
				y = ""
			}
			d := 0
			if s >= start {
				d = 1
			}
			fmt.Fprintf(&b, "%d,%d,%s,%d,%d,%d,%d\n", i, 2000+s, y, d, rapid.IntRange(-3, 3).Draw(t, "x"), i%3, 100*(i+1))
		}
	}
	return b.String()
}

func oddSpec(t *rapid.T) string {
	spec := map[string]any{
		"unit": "u", "time": "t", "outcome": "y",
		"method": rapid.SampledFrom(Methods).Draw(t, "method"), "inference": rapid.SliceOfNDistinct(rapid.SampledFrom(Inferences), 0, 4, rapid.ID[string]).Draw(t, "inference"),
		"replications": rapid.IntRange(2, 12).Draw(t, "replications"), "level": rapid.SampledFrom([]float64{0.5, 0.9, 0.95}).Draw(t, "level"),
	}
	if rapid.Bool().Draw(t, "by column") {
		spec["treatment"] = "d"
	} else {
		spec["treated"], spec["start"] = []any{0, 1}[:rapid.IntRange(1, 2).Draw(t, "treated")], rapid.IntRange(2001, 2007).Draw(t, "start")
	}
	for name, value := range map[string]any{
		"predictors": []any{map[string]any{"column": "z"}, map[string]any{"column": "y"}}, "covariates": []string{"x"}, "size": "n",
		"v": "equal", "control": "not-yet-treated", "base_period": "universal", "anticipation": 1, "lambda": 0.1, "neighbours": 2,
	} {
		if rapid.IntRange(0, 2).Draw(t, name) == 0 {
			spec[name] = value
		}
	}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every panel and specification has an answer or a named error, the same each time,
// and no figure that JSON or a reader cannot take.
func TestEveryInputHasAnAnswer(t *testing.T) {
	answered := 0
	rapid.Check(t, func(rt *rapid.T) {
		csv, spec := oddPanel(rt), oddSpec(rt)
		evaluate := func() (string, error) {
			s, err := ParseSpec([]byte(spec))
			if err != nil {
				return "", err
			}
			r, err := Run(t.Context(), s, strings.NewReader(csv), "test")
			if err != nil {
				return "", err
			}
			var b strings.Builder
			if err := errors.Join(r.WriteJSON(&b), r.WriteText(&b)); err != nil {
				rt.Fatalf("%v on %s", err, spec)
			}
			return b.String(), nil
		}
		text, err := evaluate()
		if err != nil {
			if !errors.Is(err, ErrSpec) && !errors.Is(err, ErrData) && !errors.Is(err, ErrMethod) {
				rt.Fatalf("unnamed error %v on %s", err, spec)
			}
			return
		}
		answered++
		for _, bad := range []string{"NaN", "Inf"} {
			if strings.Contains(text, bad) {
				rt.Fatalf("%s in\n%s", bad, text)
			}
		}
		if again, err := evaluate(); err != nil || again != text {
			rt.Fatalf("another answer the second time (%v) on %s", err, spec)
		}
	})
	if answered == 0 {
		t.Error("no input was answered")
	}
	t.Logf("%d answered", answered)
}
