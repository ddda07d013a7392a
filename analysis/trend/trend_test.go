package trend_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/oracle"
	"github.com/bygdevekst/bygdevekst/analysis/trend"
)

// TestOracle reproduces the Nile and nhtemp series (R, packages Kendall and
// trend) at the tolerance the oracle states.
func TestOracle(t *testing.T) {
	dir := oracle.Path(t, "oracles", "structural_break_nile")
	raw, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		Trend map[string]struct{ S, Tau, Z, P, Sen float64 }
		Tol   float64 `json:"tol_rel"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	x, y := series(t, filepath.Join(dir, "data.csv"))
	if len(o.Trend) != 2 {
		t.Fatal("the oracle was not read whole")
	}
	for name, want := range o.Trend {
		k, err := trend.MannKendall(y[name])
		if err != nil {
			t.Fatal(err)
		}
		s, err := trend.Sen(x[name], y[name], 0.95)
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string][2]float64{
			"S": {k.S, want.S}, "tau": {k.Tau, want.Tau}, "z": {k.Z, want.Z}, "p": {k.P, want.P}, "Sen": {s.Value, want.Sen},
		} {
			if math.Abs(pair[0]-pair[1]) > o.Tol*math.Abs(pair[1]) {
				t.Errorf("%s of %s is %v, want %v", what, name, pair[0], pair[1])
			}
		}
		if k.Exact || s.Lower >= s.Value || s.Upper <= s.Value {
			t.Errorf("%s: %+v, %+v", name, k, s)
		}
	}
}

func series(t *testing.T, path string) (x, y map[string][]float64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	x, y = map[string][]float64{}, map[string][]float64{}
	for _, r := range rows[1:] {
		at, err1 := strconv.ParseFloat(r[1], 64)
		v, err2 := strconv.ParseFloat(r[2], 64)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		x[r[0]], y[r[0]] = append(x[r[0]], at), append(y[r[0]], v)
	}
	return x, y
}

// TestExactP counts all orders of short series by brute force, ties included.
func TestExactP(t *testing.T) {
	for _, y := range [][]float64{
		{1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {2, 1, 4, 3, 5}, {1, 1, 2, 3, 4}, {1, 1, 2, 2, 3, 3}, {3, 1, 1, 1, 2, 5, 4}, {1, 1, 1, 1, 2}, {0, 1, 0, 1, 0, 1},
	} {
		k, err := trend.MannKendall(y)
		if err != nil {
			t.Fatal(err)
		}
		reach, all := 0, 0
		permute(append([]float64(nil), y...), 0, func(z []float64) {
			all++
			if math.Abs(score(z)) >= math.Abs(k.S) {
				reach++
			}
		})
		if want := float64(reach) / float64(all); math.Abs(k.P-want) > 1e-12 || !k.Exact || k.S != score(y) {
			t.Errorf("%v: S %v, p %v, want %v", y, k.S, k.P, want)
		}
	}
}

func score(y []float64) (s float64) {
	for j := range y {
		for i := range j {
			if y[j] > y[i] {
				s++
			} else if y[j] < y[i] {
				s--
			}
		}
	}
	return s
}

func permute(y []float64, k int, visit func([]float64)) {
	if k == len(y) {
		visit(y)
		return
	}
	for i := k; i < len(y); i++ {
		y[k], y[i] = y[i], y[k]
		permute(y, k+1, visit)
		y[k], y[i] = y[i], y[k]
	}
}

// TestSenLimits: five points have ten slopes, and only the outermost two are
// limits, with coverage 1 − 2/120 (Conover 1999, table A11: w = 8 for n = 5). Ten
// points have 45; w = 21, so the 12th from either end.
func TestSenLimits(t *testing.T) {
	x := []float64{2021, 2022, 2023, 2024, 2025}
	s, err := trend.Sen(x, []float64{1, 3, 2, 5, 4}, 0.95)
	// Slopes in order: −1, −1, 1/2, 2/3, 3/4, 1, 1, 3/2, 2, 3.
	if err != nil || s.Value != 0.875 || s.Lower != -1 || s.Upper != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	flat, err := trend.Sen(x, []float64{7, 7, 7, 7, 7}, 0.95)
	if err != nil || flat != (trend.Slope{}) {
		t.Errorf("%+v, %v", flat, err)
	}
	k, err := trend.MannKendall([]float64{7, 7, 7, 7, 7})
	if err != nil || k.P != 1 || k.S != 0 {
		t.Errorf("%+v, %v", k, err)
	}
	// A gap in the years counts by its length: 1 a year throughout.
	gap, err := trend.Sen([]float64{2008, 2010, 2011, 2015, 2016, 2020}, []float64{8, 10, 11, 15, 16, 20}, 0.95)
	if err != nil || gap != (trend.Slope{1, 1, 1}) {
		t.Errorf("%+v, %v", gap, err)
	}
}

func TestUndefined(t *testing.T) {
	five := []float64{1, 2, 3, 4, 5}
	for name, c := range map[string]struct {
		x, y  []float64
		level float64
		want  error
	}{
		"four points": {five[:4], five[:4], 0.95, trend.ErrTooFew},
		"missing":     {five, []float64{1, 2, math.NaN(), 4, 5}, 0.95, trend.ErrMissing},
		"infinite":    {five, []float64{1, 2, math.Inf(1), 4, 5}, 0.95, trend.ErrMissing},
		"overflow":    {five, []float64{-1e308, 1e308, 3, 4, 5}, 0.95, trend.ErrMissing},
		"order":       {[]float64{1, 2, 2, 3, 4}, five, 0.95, trend.ErrOrder},
		"level":       {five, five, 1, trend.ErrLevel},
	} {
		if _, err := trend.Sen(c.x, c.y, c.level); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := trend.MannKendall(five[:4]); !errors.Is(err, trend.ErrTooFew) {
		t.Errorf("four points: %v", err)
	}
}

// TestProperties: a mirrored series has the mirrored slope and the same p, scale
// and level do not matter, and the slope lies inside its limits.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(trend.MinPoints, 40).Draw(t, "n")
		x, y, mirror, scaled := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			x[i] = float64(2000 + i)
			y[i] = float64(rapid.IntRange(-20, 20).Draw(t, "y"))
			mirror[i], scaled[i] = -y[i], 8*y[i]+64
		}
		a, err := trend.Sen(x, y, 0.95)
		b, err2 := trend.Sen(x, mirror, 0.95)
		c, err3 := trend.Sen(x, scaled, 0.95)
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		if a.Lower > a.Value || a.Upper < a.Value || b.Value != -a.Value || b.Lower != -a.Upper || math.Abs(c.Value-8*a.Value) > 1e-12 {
			t.Fatalf("%+v, mirrored %+v, scaled %+v", a, b, c)
		}
		k, _ := trend.MannKendall(y)
		m, _ := trend.MannKendall(mirror)
		if !(k.P > 0 && k.P <= 1) || math.Abs(k.P-m.P) > 1e-12 || k.S != -m.S || math.Abs(k.Tau) > 1 {
			t.Fatalf("%+v, mirrored %+v", k, m)
		}
	})
}

// TestExactPOfLongerSeries holds p to R 4.2.2, cor.test(y, 1:n, method = "kendall",
// exact = TRUE), for y = (7i² mod 101) + i/64, which has no ties: the normal p without
// correction for steps is 0.009 and 0.008 too low.
func TestExactPOfLongerSeries(t *testing.T) {
	for _, c := range []struct {
		n    int
		s, p float64
	}{{40, 72, 0.41056322697802}, {49, -50, 0.674352184312134}} {
		y := make([]float64, c.n)
		for i := range y {
			k := i + 1
			y[i] = float64(7*k*k%101) + float64(k)/64
		}
		got, err := trend.MannKendall(y)
		if err != nil {
			t.Fatal(err)
		}
		if got.S != c.s || !got.Exact || math.Abs(got.P-c.p) > 1e-12 {
			t.Errorf("%d values: %+v, want S = %v and p = %v", c.n, got, c.s, c.p)
		}
	}
}
