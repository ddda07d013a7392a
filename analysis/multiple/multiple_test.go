package multiple_test

import (
	"encoding/csv"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/multiple"
	"github.com/bygdevekst/bygdevekst/analysis/oracle"
)

var methods = map[string]func([]float64) ([]float64, error){
	"Bonferroni": multiple.Bonferroni, "Holm": multiple.Holm, "Hochberg": multiple.Hochberg,
	"SidakSS": multiple.Sidak, "SidakSD": multiple.SidakStepDown,
	"BH": multiple.BenjaminiHochberg, "BY": multiple.BenjaminiYekutieli,
}

// TestOracle reproduces R multtest at the absolute tolerance 1e-12 the oracle states.
func TestOracle(t *testing.T) {
	for _, name := range []string{"multtest1.csv", "multtest3.csv"} {
		columns := read(t, name)
		for method, f := range methods {
			got, err := f(columns["rawp"])
			if err != nil {
				t.Fatal(err)
			}
			if len(columns[method]) != 10 {
				t.Fatalf("%s has %d values of %s", name, len(columns[method]), method)
			}
			for i, want := range columns[method] {
				if math.Abs(got[i]-want) > 1e-12 {
					t.Errorf("%s, %s, row %d: %v, want %v", name, method, i, got[i], want)
				}
			}
		}
	}
}

// TestBenjaminiHochberg1995: the 15 p-values of the paper's example, of which the
// procedure rejects 4 at 5 % and Hochberg's 3 (J R Stat Soc B 57:289, section 3.2).
func TestBenjaminiHochberg1995(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	for name, want := range map[string]int{"BH": 4, "Hochberg": 3, "Bonferroni": 3} {
		got, err := methods[name](p)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, v := range got {
			if v <= 0.05 {
				n++
			}
		}
		if n != want {
			t.Errorf("%s rejects %d, want %d", name, n, want)
		}
	}
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 1, 0.05})), 0, 30).Draw(t, "p")
		got := map[string][]float64{}
		for name, f := range methods {
			a, err := f(p)
			if err != nil || len(a) != len(p) {
				t.Fatalf("%s: %v, %v", name, a, err)
			}
			got[name] = a
			for i := range p {
				if a[i] < p[i]*(1-1e-12) || a[i] > 1 {
					t.Fatalf("%s adjusts %v to %v", name, p[i], a[i])
				}
				for j := range p {
					if p[i] < p[j] && a[i] > a[j] {
						t.Fatalf("%s turns %v < %v into %v > %v", name, p[i], p[j], a[i], a[j])
					}
				}
			}
		}
		for i := range p {
			const slack = 1e-12
			if got["Holm"][i] > got["Bonferroni"][i]+slack || got["Hochberg"][i] > got["Holm"][i]+slack || got["BH"][i] > got["Hochberg"][i]+slack || got["BH"][i] > got["BY"][i]+slack {
				t.Fatalf("order of strictness broken at %v: %v", p[i], got)
			}
		}
	})
	for name, f := range methods {
		for _, bad := range []float64{-0.1, 1.1, math.NaN()} {
			if _, err := f([]float64{0.5, bad}); !errors.Is(err, multiple.ErrP) {
				t.Errorf("%s of %v: %v", name, bad, err)
			}
		}
	}
}

// TestRomanoWolfByHand: two questions, four draws. |t| = 3 and 2. Step 1, the larger
// of both columns: 4, 2.5, 1, 3 → ≥ 3 in two draws, (1 + 2)/5. Step 2, the second
// column alone: 1, 2.5, 1, 0 → ≥ 2 in one, (1 + 1)/5, raised to 3/5.
func TestRomanoWolfByHand(t *testing.T) {
	draws := [][]float64{{-4, 1}, {0, 2.5}, {1, -1}, {3, 0}}
	p, err := multiple.RomanoWolf([]float64{3, -2}, draws)
	if err != nil || !slices.Equal(p, []float64{0.6, 0.6}) {
		t.Errorf("%v, %v", p, err)
	}
	p, err = multiple.RomanoWolf([]float64{5, -2}, draws)
	if err != nil || !slices.Equal(p, []float64{0.2, 0.4}) {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := multiple.RomanoWolf([]float64{1}, nil); !errors.Is(err, multiple.ErrDraws) {
		t.Errorf("no draws: %v", err)
	}
	if _, err := multiple.RomanoWolf([]float64{1}, [][]float64{{1, 2}}); !errors.Is(err, multiple.ErrDraws) {
		t.Errorf("a draw too wide: %v", err)
	}
	if _, err := multiple.RomanoWolf([]float64{math.NaN()}, [][]float64{{1}}); !errors.Is(err, multiple.ErrStatistic) {
		t.Errorf("no statistic: %v", err)
	}
}

// TestRomanoWolfHoldsItsSize: ten correlated true nulls, 99 placebos, 2,000
// repetitions: at least one p ≤ 5 % in 5 % of them (simulation error 0.5 %), where
// Holm on the same placebos' p-values rejects clearly less.
func TestRomanoWolfHoldsItsSize(t *testing.T) {
	const m, b, reps = 10, 99, 2000
	rng := rand.New(rand.NewPCG(20250512, 3))
	draw := func() []float64 {
		common, x := rng.NormFloat64(), make([]float64, m)
		for i := range x {
			x[i] = 0.8*common + 0.6*rng.NormFloat64()
		}
		return x
	}
	rw, holm := 0, 0
	draws := make([][]float64, b)
	for range reps {
		t0 := draw()
		for i := range draws {
			draws[i] = draw()
		}
		p, err := multiple.RomanoWolf(t0, draws)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Min(p) <= 0.05 {
			rw++
		}
		raw := make([]float64, m)
		for i := range raw {
			n := 1
			for _, d := range draws {
				if math.Abs(d[i]) >= math.Abs(t0[i]) {
					n++
				}
			}
			raw[i] = float64(n) / (b + 1)
		}
		h, err := multiple.Holm(raw)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Min(h) <= 0.05 {
			holm++
		}
	}
	size := float64(rw) / reps
	if size < 0.035 || size > 0.065 || holm >= rw {
		t.Errorf("Romano–Wolf rejects in %.3f, Holm in %.3f of repetitions", size, float64(holm)/reps)
	}
}

func read(t *testing.T, name string) map[string][]float64 {
	t.Helper()
	f, err := os.Open(oracle.Path(t, "oracles", "multiple_testing", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	for j, column := range rows[0] {
		for _, r := range rows[1:] {
			v, err := strconv.ParseFloat(r[j], 64)
			if err != nil {
				t.Fatal(err)
			}
			out[column] = append(out[column], v)
		}
	}
	return out
}
