package evaluate

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// small is a made-up panel: A is treated from 3, E lacks an outcome, z has gaps.
const small = "state,year,y,z,d,pop\n" +
	"A,1,1,,0,10\nA,2,2,4,0,20\nA,3,9,8,1,30\n" +
	"B,1,1,2,0,10\nB,2,2,NA,0,20\nB,3,3,8,0,30\n" +
	"C,1,2,1,0,10\nC,2,3,1,0,20\nC,3,4,8,0,30\n" +
	"E,1,5,1,0,10\nE,2,.,1,0,20\nE,3,6,8,0,30\n"

func setUp(t *testing.T, csv, spec string) (*problem, error) {
	t.Helper()
	s, err := ParseSpec([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	f, err := readFrame(strings.NewReader(csv), s)
	if err != nil {
		return nil, err
	}
	return newProblem(f, s)
}

func with(fields string) string { return strings.TrimSuffix(okSpec, "}") + "," + fields + "}" }

func TestProblem(t *testing.T) {
	p, err := setUp(t, small, with(`"predictors":[{"column":"z"},{"column":"y","from":2,"to":2}],"size":"pop"`))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.panel.Units; !slices.Equal(got, []string{"A", "B", "C"}) {
		t.Errorf("units %v", got)
	}
	if len(p.flags) != 1 || !strings.Contains(p.flags[0], `donor E left out: outcome: column "y" is missing in 2 (row 12)`) {
		t.Errorf("flags %q", p.flags)
	}
	if p.starts[0] != 2 || p.panel.Y.At(0, 2) != 9 {
		t.Errorf("start %v", p.starts)
	}
	// z of A before 3 is only seen in year 2 (4), of B only in year 1 (2).
	if !slices.Equal(p.x[0], []float64{4, 2, 1}) || !slices.Equal(p.x[1], []float64{2, 2, 3}) {
		t.Errorf("predictors %v", p.x)
	}
	if !slices.Equal(p.panel.Size, []float64{15, 15, 15}) { // (10 + 20)/2.
		t.Errorf("size %v", p.panel.Size)
	}
}

// The same panel in other clothes must give the same problem.
func TestProblemForms(t *testing.T) {
	swap := strings.NewReplacer("state,year,y,z,d,pop", "year,pop,state,d,z,y")
	lines := strings.Split(strings.TrimSpace(swap.Replace(small)), "\n")
	for i, l := range lines[1:] {
		c := strings.Split(l, ",")
		lines[i+1] = strings.Join([]string{c[1], c[5], c[0], c[4], c[3], c[2]}, ",")
	}
	reversed := slices.Clone(lines)
	slices.Reverse(reversed[1:])
	for name, csv := range map[string]string{
		"plain":           small,
		"columns moved":   strings.Join(lines, "\n"),
		"rows reversed":   strings.Join(reversed, "\r\n"),
		"quoted":          `"` + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(small), ",", `","`), "\n", "\"\n\"") + `"`,
		"semicolons":      strings.ReplaceAll(small, ",", ";"),
		"tabs and a mark": "\ufeff" + strings.ReplaceAll(small, ",", "\t"),
		"decimal commas":  strings.NewReplacer(",", ";", "A,3,9", "A;3;9,0", "B,2,2", "B;2,0;2").Replace(small),
		"commas in names": strings.Replace(strings.ReplaceAll(small, ",", ";"), "pop", `"a, b, c, d, e, f"`, 1),
		"spaces":          strings.ReplaceAll(small, ",", ", "),
		"empty last rows": small + ",,,,,\n",
		"decimal periods": strings.NewReplacer(",1,", ",1.0,", ",2,", ",2.0,", ",3,", ",3.0,").Replace(small),
	} {
		t.Run(name, func(t *testing.T) {
			p, err := setUp(t, csv, with(`"donors":["B","C"]`))
			if err != nil {
				t.Fatal(err)
			}
			if p.panel.Y.At(0, 2) != 9 || p.panel.Y.At(1, 0) != 1 || p.panel.Y.At(2, 1) != 3 || len(p.donors) != 2 {
				t.Errorf("panel %v of %v", p.panel.Y, p.panel.Units)
			}
		})
	}
}

// A decomposed å (a and a ring) in the file finds a composed one in the specification.
func TestNamesAreComposed(t *testing.T) {
	p, err := setUp(t, strings.ReplaceAll(small, "B,", "Va\u030aler,"), with(`"donors":["V\u00e5ler","C"]`))
	if err != nil {
		t.Fatal(err)
	}
	if p.panel.Units[1] != "V\u00e5ler" {
		t.Errorf("units %q", p.panel.Units)
	}
}

func TestTreatmentColumn(t *testing.T) {
	const csv = "u,t,y,d\n1,2012Q1,1,0\n1,2012Q2,1,0\n1,2012Q3,1,1\n2,2012Q1,1,0\n2,2012Q2,1,TRUE\n2,2012Q3,1,1.0\n3,2012K1,1,0\n3,2012K2,1,0\n3,2012K3,1,0\n4,2012Q1,1,1\n4,2012Q2,1,1\n4,2012Q3,1,1\n"
	p, err := setUp(t, csv, `{"unit":"u","time":"t","outcome":"y","treatment":"d","method":"did"}`)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.panel.Units, []string{"1", "2", "3"}) || !slices.Equal(p.starts, []int{2, 1}) {
		t.Errorf("units %v starts %v", p.panel.Units, p.starts)
	}
	if len(p.flags) != 1 || !strings.Contains(p.flags[0], "unit 4 left out: treated already") {
		t.Errorf("flags %q", p.flags)
	}
	if p.panel.Times[1] != 2012.25 {
		t.Errorf("times %v", p.panel.Times)
	}
}

func TestDataErrors(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(small, old, new, 1) }
	const staggered = `{"unit":"state","time":"year","outcome":"y","treatment":"d","method":"did"}`
	for _, c := range []struct {
		name, csv, spec string
		is              error
		want            string
	}{
		{"empty file", "", okSpec, ErrData, "the file is empty"},
		{"header only", "state,year,y\n", okSpec, ErrData, "no rows below the header"},
		{"no such outcome", replace("y,z", "q,z"), okSpec, ErrSpec, `outcome: column "y" is not in the data; the header has state, year, q`},
		{"no such unit column", replace("state", "land"), okSpec, ErrSpec, `unit: column "state"`},
		{"no such predictor", small, with(`"predictors":[{"column":"z"},{"column":"w"}]`), ErrSpec, `predictors[1].column: column "w"`},
		{"no such covariate", small, with(`"covariates":["w"]`), ErrSpec, `covariates[0]: column "w"`},
		{"no such size", small, with(`"size":"w"`), ErrSpec, `size: column "w"`},
		{"column twice", replace("z,d", "y,d"), okSpec, ErrData, `row 1: column "y" stands twice`},
		{"ragged row", replace("B,1,1,2,0,10", "B,1,1,2,0"), okSpec, ErrData, "line 5"},
		{"not a number", replace("B,2,2,NA", "B,2,two,NA"), okSpec, ErrData, `row 6, column "y": "two" is not a number`},
		{"decimal comma", replace("B,2,2,NA", `B,2,"2,5",NA`), okSpec, ErrData, `row 6, column "y": "2,5" is not a number`},
		{"two decimal signs", strings.ReplaceAll(replace("A,2,2,4", "A,2,2.5,4"), ",", ";") + "E;4;2,5;;0;\n", okSpec, ErrData, `row 14, column "y": "2,5": decimals are written with a comma in row 14 and with a point in row 3`},
		{"thousands", strings.Replace(strings.ReplaceAll(replace("A,2,2,4", "A,2,Q,4"), ",", ";"), "Q", "1,234,567", 1), okSpec, ErrData, `row 3, column "y": "1,234,567" is not a number`},
		{"infinite", replace("B,2,2,NA", "B,2,Inf,NA"), okSpec, ErrData, `row 6, column "y": "Inf"`},
		{"header in Latin-1", replace("pop", "st\xf8rrelse"), okSpec, ErrData, "row 1: the names of the columns are not UTF-8"},
		{"unit in Latin-1", replace("B,2,2", "V\xe5ler,2,2"), okSpec, ErrData, `row 6, column "state": the unit is not written in UTF-8`},
		{"bad time", replace("B,2,2", "B,two,2"), okSpec, ErrData, `row 6, column "year": "two" is not a period`},
		{"no unit", replace("B,2,2", ",2,2"), okSpec, ErrData, `row 6, column "state": the unit is empty`},
		{"duplicate", replace("B,2,2", "B,1,2"), okSpec, ErrData, `row 6, columns "state" and "year": unit "B" and period 1 stand in row 5 already`},
		{"unknown treated", small, strings.Replace(okSpec, `"A"`, `"Q"`, 1), ErrSpec, `treated[0]: unit "Q" is not in column "state"; it has A, B, C, E`},
		{"unknown donor", small, with(`"donors":["B","Q"]`), ErrSpec, `donors[1]: unit "Q"`},
		{"unknown exclude", small, with(`"exclude":["Q"]`), ErrSpec, `exclude[0]: unit "Q"`},
		{"unknown start", small, strings.Replace(okSpec, `"start":3`, `"start":7`, 1), ErrSpec, "start: period 7 is not among the periods used, 1 to 3"},
		{"start outside periods", small, with(`"periods":{"to":2}`), ErrSpec, "start: period 3 is not among the periods used, 1 to 2"},
		{"nothing before start", small, with(`"periods":{"from":3}`), ErrSpec, "start: 3 is the first period used"},
		{"no period", small, with(`"periods":{"from":1990}`), ErrSpec, "periods: 1990 to the last holds no period"},
		{"predictor window", small, with(`"predictors":[{"column":"z","from":1980,"to":1988}]`), ErrSpec, "predictors[0]: 1980 to 1988 holds no period"},
		{"treated outcome missing", replace("A,2,2", "A,2,"), okSpec, ErrData, `treated unit "A": outcome: column "y" is missing in 2 (row 3)`},
		{"treated row missing", replace("A,2,2,4,0,20\n", ""), okSpec, ErrData, `treated unit "A": outcome: column "y" has no row for 2`},
		{"treated predictor missing", small, with(`"predictors":[{"column":"z","from":1,"to":1}]`), ErrData, `treated unit "A": predictors[0]: column "z" is missing in all of 1 to 1`},
		{"no donor left", small, with(`"donors":["E"]`), ErrData, "no donor is left: donor E left out"},
		{"size zero", replace("A,1,1,,0,10\nA,2,2,4,0,20", "A,1,1,,0,0\nA,2,2,4,0,0"), with(`"size":"pop"`), ErrData, `treated unit "A": size: column "pop" has no positive number`},
		{"treatment 2", replace("B,3,3,8,0", "B,3,3,8,2"), staggered, ErrData, `row 7, column "d" (unit "B", period 3): 2 is neither 0 nor 1`},
		{"treatment missing", replace("B,3,3,8,0", "B,3,3,8,NA"), staggered, ErrData, `row 7, column "d" (unit "B", period 3): the treatment is missing`},
		{"treatment ends", replace("B,2,2,NA,0", "B,2,2,NA,1"), staggered, ErrData, "the treatment ends after having begun in 2"},
		{"never treated", replace("A,3,9,8,1", "A,3,9,8,0"), staggered, ErrSpec, `treatment: column "d" gives no unit`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := setUp(t, c.csv, c.spec)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want %v with %q", p, err, c.is, c.want)
			}
		})
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(small)
	f.Add("state;year;y\n\"A\";2012Q1;1\n")
	f.Add("state,year,y\nA,1,\"\n")
	s, err := ParseSpec([]byte(okSpec))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fr, err := readFrame(strings.NewReader(text), s)
		if err == nil {
			_, err = newProblem(fr, s)
		}
		if err != nil && !errors.Is(err, ErrData) && !errors.Is(err, ErrSpec) {
			t.Fatalf("unwrapped error %v", err)
		}
	})
}
