package evaluate

import (
	"errors"
	"strings"
	"testing"
)

const okSpec = `{"unit":"state","time":"year","outcome":"y","treated":["A"],"start":3,"method":"sc-outcome"}`

func TestParseSpecDefaults(t *testing.T) {
	s, err := ParseSpec([]byte(okSpec))
	if err != nil {
		t.Fatal(err)
	}
	if s.Scale != "sd" || s.V.Rule != optimise || s.Level != 0.95 || s.Seed != 1 || s.Start.Value != 3 {
		t.Errorf("defaults: %+v", s)
	}
}

func TestParseSpecErrors(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"not JSON", "{\n \"unit\": x}", "line 2, column 10"},
		{"two values", okSpec + "{}", "after the end"},
		{"not an object", `[]`, "(whole file): is a list"},
		{"unknown field", with(`"outcom":"z"`), "outcom: is not a field"},
		{"nested unknown field", with(`"predictors":[{"column":"a"},{"column":"b","form":1980}]`), "predictors[1].form: is not a field"},
		{"text for a list", with(`"predictors":"a"`), "predictors: is the text"},
		{"object for a text", with(`"size":{}`), "size: is an object"},
		{"number for a text", with(`"size":3`), "size: is the number 3"},
		{"bad method", `{"method":"ols"}`, `method: "ols" is not known; use one of sc, sc-outcome`},
		{"bad op", with(`"predictors":[{"column":"a","op":"median"}]`), `predictors[0].op: "median"`},
		{"bad inference", with(`"inference":["placebo"]`), `inference[0]: "placebo"`},
		{"repeated inference", with(`"inference":["conformal","conformal"]`), `inference[1]: "conformal" is given twice`},
		{"bad scale", with(`"scale":"iqr"`), `scale: "iqr"`},
		{"bad v", with(`"v":"best"`), `v: "best"`},
		{"v of another length", with(`"v":[1]`), "v: 1 numbers for 0 predictors"},
		{"v of zeros", with(`"predictors":[{"column":"a"}],"v":[0]`), "v: the numbers sum to 0"},
		{"v negative", with(`"predictors":[{"column":"a"},{"column":"b"}],"v":[1,-1]`), "v[1]: -1 is out of range"},
		{"v a text in the list", with(`"v":["a"]`), "v[0]: is the text"},
		{"window backwards", with(`"periods":{"from":5,"to":1}`), "periods: from 5 is after to 1"},
		{"predictor window backwards", with(`"predictors":[{"column":"a","from":5,"to":1}]`), "predictors[0]: from 5"},
		{"bad period", with(`"fit_window":{"from":"spring"}`), `fit_window.from: "spring" is not a period`},
		{"bad quarter", with(`"fit_window":{"from":"2012Q5"}`), "fit_window.from:"},
		{"period of a wrong type", with(`"fit_window":{"from":true}`), "fit_window.from: is true"},
		{"level", with(`"level":1`), "level: 1 is not a confidence level"},
		{"level of 95", with(`"level":95`), "level: 95 is out of range"},
		{"seed", with(`"seed":1.5`), "seed: 1.5"},
		{"replications", with(`"replications":0`), "replications: 0"},
		{"lambda", with(`"lambda":-1`), "lambda: -1"},
		{"train without its predictors", with(`"predictors":[{"column":"a"}],"train":{"predictors":[]}`), "train.predictors: 0 predictors"},
		{"train field", with(`"train":{"window":1}`), "train.window: is not a field"},
		{"train with equal v", with(`"v":"equal","train":{"predictors":[]}`), "train: V is chosen in train only"},
		{"no unit", `{"time":"t","outcome":"y","treated":["A"],"start":1,"method":"sc"}`, "unit: is required"},
		{"no method", `{"unit":"u","time":"t","outcome":"y","treated":["A"],"start":1}`, "method: is required"},
		{"nothing treated", `{"unit":"u","time":"t","outcome":"y","method":"sc"}`, "treated: nothing is treated"},
		{"no start", `{"unit":"u","time":"t","outcome":"y","method":"sc","treated":["A"]}`, "start: is required"},
		{"both ways of treatment", with(`"treatment":"d"`), "treatment: give either"},
		{"treated donor", with(`"donors":["B","A"]`), `treated[0]: "A" is also in donors`},
		{"treated excluded", with(`"exclude":["A"]`), `treated[0]: "A" is also in exclude`},
		{"neighbours", with(`"neighbours":0`), "neighbours: 0"},
		{"control", with(`"control":"later"`), `control: "later" is not known; use one of never-treated`},
		{"adjustment", with(`"adjustment":"ols"`), `adjustment: "ols"`},
		{"base period", with(`"base_period":1999`), "base_period: is the number 1999"},
		{"anticipation", with(`"anticipation":-1`), "anticipation: -1"},
		{"null in names", with(`"donors":[null]`), "donors[0]: is null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseSpec([]byte(c.spec))
			if !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ErrSpec with %q", err, c.want)
			}
		})
	}
}

func TestParseMoment(t *testing.T) {
	for text, want := range map[string]float64{
		"1989": 1989, " 2012.25 ": 2012.25, "2012Q2": 2012.25, "2012K4": 2012.75, "2012-Q1": 2012, "2012q3": 2012.5,
		"2012M07": 2012.5, "2012-07": 2012.5, "2012-07-01": 2012.5, "2012H2": 2012.5, "2012U01": 2012, "1955.0": 1955, "-3": -3,
	} {
		if m, err := parseMoment(text); err != nil || m.Value != want {
			t.Errorf("%q: got %v, %v, want %v", text, m.Value, err, want)
		}
	}
	for _, text := range []string{"", "x", "2012Q0", "2012M13", "NaN", "Inf", "2012-13-01", "2012-01-40", "1e12"} {
		if m, err := parseMoment(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, m)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	f.Add(okSpec)
	f.Add(`{"unit":"u","time":"t","outcome":"y","treatment":"d","method":"sdid","v":[1,2],"train":{"predictors":[{"column":"a","from":1,"to":"2012Q1"}],"fit_window":{"from":1}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpec([]byte(text))
		if (s == nil) == (err == nil) {
			t.Fatalf("spec %v, error %v", s, err)
		}
		if err != nil && !errors.Is(err, ErrSpec) {
			t.Fatalf("unwrapped error %v", err)
		}
	})
}
