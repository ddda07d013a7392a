package itest_test

import (
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/indicators/itest"
)

const figures = `load 06913/population
  3425 2024: 1361 1326 1287
`

func TestRun(t *testing.T) {
	n, err := itest.Run("a.itest", []byte(figures+`
# A comment, and a blank line above.
eval value population 3425 2026
  value    1287   # And one behind.
  interval none none
  status   ok
eval value population 3425 2023
  absent
`))
	if err != nil || n != 5 {
		t.Errorf("%d expectations, %v", n, err)
	}
}

// TestErrors: each names file and line, what is wrong, and what would be right.
func TestErrors(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"empty":                    {"", "a.itest:0: nothing is expected; write eval and what it should give"},
		"nothing expected":         {figures, "a.itest:2: nothing is expected; write eval and what it should give"},
		"unknown command":          {"lode 06913/population", `a.itest:1: unknown command "lode"; known are clear, load, define, agree, compare and eval`},
		"indented at the top":      {"  3425 2024: 1", "a.itest:1: an indented line belongs to a command above it, and there is none"},
		"indented after clear":     {"clear\n  3425 2024: 1", "a.itest:2: an indented line belongs to a command above it, and there is none"},
		"no series":                {"load 06913", `a.itest:1: "06913" is no TABLE/SERIES, such as 06913/population`},
		"no colon":                 {"load a/b\n  3425 2024 1", "a.itest:2: want REGION PERIOD: VALUE …, such as 3425 2024: 1361 1326"},
		"no period":                {"load a/b\n  3425 24: 1", `a.itest:2: unknown time code "24"; want 2024, 2024K4, 2024M06 or 2024U23`},
		"no region":                {"load a/b\n  4444 2024: 1", `a.itest:2: unknown municipality code "4444"`},
		"no figure":                {"load a/b\n  3425 2024: 1 x", `a.itest:2: "x" is neither a number nor one of the statuses . .. : nor _`},
		"infinite":                 {"load a/b\n  3425 2024: Inf", `a.itest:2: "Inf" is neither a number nor one of the statuses . .. : nor _`},
		"beyond time":              {"load a/b\n  3425 9998: 1 2", "a.itest:2: there are more values than years up to 9998"},
		"no numerator":             {"define x\n  kind count\n\neval value x 3425 2024", "a.itest:1: indicator x has no numerator"},
		"no numerator at the end":  {"define x\n  kind count", "a.itest:1: indicator x has no numerator"},
		"rate of nothing":          {"define x\n  kind rate\n  numerator a/b\nclear", "a.itest:1: indicator x: a rate needs a denominator"},
		"count of something":       {"define x\n  numerator a/b\n  denominator a/c same\nclear", "a.itest:1: indicator x: a count has no denominator"},
		"unknown kind":             {"define x\n  kind share", `a.itest:2: want one of [count proportion rate net-rate ratio], found "share"`},
		"unknown clock":            {"define x\n  denominator a/b noon", `a.itest:2: want one of [start end mean same], found "noon"`},
		"unknown field":            {"define x\n  colour red", `a.itest:2: unknown field "colour" of an indicator; known are kind, numerator, gross, internal, denominator, annual, polarity, scale, small_numbers and limits`},
		"scale nothing":            {"define x\n  scale 0", "a.itest:2: want a number above 0, found 0"},
		"pooled two years":         {"define x\n  small_numbers 1 1 2", "a.itest:2: years pooled are 1, 3 or 5, not 2"},
		"agreement of an old code": {"agree 0434", "a.itest:1: municipality code 0434 was in use until 2019 (renumbered); the code now is 3425 (Engerdal)"},
		"agreement twice":          {"agree 3425 3425", "a.itest:1: municipality 3425 comes twice"},
		"signed when":              {"agree 3425\n  signed soon", `a.itest:2: "soon" is no date such as 2025-05-12`},
		"target unknown":           {"agree 3425\n  target dream 5", `a.itest:2: unknown target "dream"; known are none, path, threshold, range and hold`},
		"threshold twice":          {"agree 3425\n  target threshold 2026:1 2028:2", "a.itest:2: a threshold has one YEAR:VALUE"},
		"path without year":        {"agree 3425\n  target path 5", `a.itest:2: "5" is no YEAR:VALUE`},
		"compare nobody":           {"compare 0\n  covariate population 2024 2024", "a.itest:1: a group has 1 to 357 municipalities, not 0"},
		"compare on nothing":       {"compare 5\nclear", "a.itest:1: a comparison group needs a covariate"},
		"compare backwards":        {"compare 5\n  covariate population 2024 2020", "a.itest:2: the years 2024 to 2020 are none"},
		"eval what":                {figures + "eval mood population 3425", "a.itest:3: want eval value|group INDICATOR REGION YEAR [WINDOW], or eval change|trend|comparison|attainment INDICATOR REGION"},
		"eval when":                {figures + "eval value population 3425", "a.itest:3: want eval value|group INDICATOR REGION YEAR [WINDOW], or eval change|trend|comparison|attainment INDICATOR REGION"},
		"eval whom":                {figures + "eval value joy 3425 2024", `a.itest:3: no indicator "joy"; define it, or take one of the catalogue`},
		"two figures of one key":   {figures + "load 06913/population\n  3425 2024: 1362\neval value population 3425 2024", "a.itest:5: duplicate key: 06913/population, region 3425, period 2024 is 1361 (as 3425) and 1362 (as 3425)"},
		"wrong value":              {figures + "eval value population 3425 2026\n  value 1288", "a.itest:4: value population 3425 2026: value is 1287, expected 1288"},
		"wrong at the decimals":    {figures + "eval value population 3425 2026 3\n  value 1324.66", "a.itest:4: value population 3425 2026 3: value is 1324.6667, expected 1324.66"},
		"wrong status":             {figures + "eval value population 3425 2026\n  status few", `a.itest:4: value population 3425 2026: status is "", expected "few"`},
		"a number for none":        {figures + "eval value population 3425 2026\n  value none", "a.itest:4: value population 3425 2026: value is 1287, expected none"},
		"no such row":              {figures + "eval value population 3425 2027\n  value 1", "a.itest:4: value population 3425 2027: no such row"},
		"not absent":               {figures + "eval value population 3425 2026\n  absent", "a.itest:4: value population 3425 2026: there is a row, expected none"},
		"unknown column":           {figures + "eval value population 3425 2026\n  mood good", `a.itest:4: value population 3425 2026: no column "mood"; there are indicator, region, year, window, numerator, denominator, value, lower, upper, status, method, detectable`},
		"two failures":             {figures + "eval value population 3425 2026\n  value 1\n  value 2", "a.itest:4: value population 3425 2026: value is 1287, expected 1\na.itest:5: value population 3425 2026: value is 1287, expected 2"},
	} {
		_, err := itest.Run("a.itest", []byte(c.body))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
	_, err := itest.Run("a.itest", []byte("lode"))
	if data.ErrorCode(err) != data.EINVALID {
		t.Errorf("code %q", data.ErrorCode(err))
	}
}

// TestFailuresAreBounded: a file all wrong prints a page, not a book.
func TestFailuresAreBounded(t *testing.T) {
	body := figures + "eval value population 3425 2026\n" + strings.Repeat("  value 1\n", 1000)
	_, err := itest.Run("a.itest", []byte(body))
	if n := strings.Count(err.Error(), "\n") + 1; n != 50 {
		t.Errorf("%d lines", n)
	}
}

// FuzzRun: whatever the text, an answer, and an error that says where.
func FuzzRun(f *testing.F) {
	f.Add(figures + "eval value population 3425 2026\n  value 1287\n")
	f.Add("load a/b\n  3425 2024K1: 1 . .. : _ 2\ndefine x\n  kind rate\n  numerator a/b -a/c\n  denominator a/b mean\n  annual sum\neval value x 3425 2024 3\n  interval 1 2\n")
	f.Add("agree 3425 3421\n  baseline 2023\n  target hold 3 2028\n  method target\neval attainment population avtale\n  verdict nådd\n")
	f.Add("compare 5\n  covariate population 2020 2024 growth log\neval comparison population 3425\n  p none\n")
	f.Fuzz(func(t *testing.T, body string) {
		_, err := itest.Run("a.itest", []byte(body))
		if err == nil {
			return
		}
		for _, line := range strings.Split(err.Error(), "\na.itest:") {
			where, _, ok := strings.Cut(strings.TrimPrefix(line, "a.itest:"), ": ")
			if !ok || strings.Trim(where, "0123456789") != "" {
				t.Fatalf("no line in %q", line)
			}
		}
	})
}
