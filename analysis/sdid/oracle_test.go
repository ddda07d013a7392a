package sdid

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/oracle"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// load reads a long panel: columns unit, time, outcome, treated and, if size ≥ 0,
// size.
func load(t testing.TB, name string, outcome, treated, size int) (*panel.Panel, panel.Design) {
	t.Helper()
	f, err := os.Open(oracle.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	p := &panel.Panel{}
	unit, at := map[string]int{}, map[float64]int{}
	for _, r := range rows[1:] {
		if _, ok := unit[r[0]]; !ok {
			unit[r[0]] = len(p.Units)
			p.Units = append(p.Units, r[0])
			if size >= 0 {
				p.Size = append(p.Size, number(t, r[size]))
			}
		}
		if y := number(t, r[1]); !slices.Contains(p.Times, y) {
			p.Times = append(p.Times, y)
		}
	}
	slices.Sort(p.Times)
	for j, y := range p.Times {
		at[y] = j
	}
	p.Y = mat.NewDense(len(p.Units), len(p.Times), nil)
	d := panel.Design{Start: len(p.Times)}
	isTreated := make([]bool, len(p.Units))
	for _, r := range rows[1:] {
		i, j := unit[r[0]], at[number(t, r[1])]
		p.Y.Set(i, j, number(t, r[outcome]))
		if number(t, r[treated]) == 1 {
			isTreated[i] = true
			d.Start = min(d.Start, j)
		}
	}
	for i, yes := range isTreated {
		if yes {
			d.Treated = append(d.Treated, i)
		} else {
			d.Donors = append(d.Donors, i)
		}
	}
	return p, d
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func california(t testing.TB) (*panel.Panel, panel.Design) {
	return load(t, "oracles/sdid_california/data.csv", 2, 3, -1)
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.9g, want %.9g ± %g", what, got, want, tol)
	}
}

// Values and tolerances of this file: oracles/sdid_california/expected.json.
func TestCaliforniaPoint(t *testing.T) {
	p, d := california(t)
	for _, c := range []struct {
		name      string
		method    Method
		want, tol float64
	}{
		{"sdid, R", SDID, -15.603829, 0.003},
		{"sdid, exact (Facure)", SDID, -15.605397234587002, 0.0005},
		{"did", DID, -27.349111, 1e-6},
	} {
		f, err := Estimate(p, d, Options{Method: c.method})
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.name, f.ATT, c.want, c.tol)
		t.Logf("%s: %.9f, gap %.2g", c.name, f.ATT, f.Gap)
	}
}

// frankWolfe repeats synthdid's sc.weight.fw: steps until the objective falls by
// less than decrease², first 100 from equal weights, then up to 10,000 from what
// is left after dropping weights of at most a quarter of the largest. Points are
// rows of a.
func frankWolfe(a [][]float64, b []float64, zeta, decrease float64) []float64 {
	x := equal(nil, len(a))
	x = frankWolfeFrom(a, b, x, zeta, decrease, 100)
	top, sum := slices.Max(x), 0.0
	for j, v := range x {
		if v <= top/4 {
			x[j] = 0
		}
		sum += x[j]
	}
	for j := range x {
		x[j] /= sum
	}
	return frankWolfeFrom(a, b, x, zeta, decrease, 10000)
}

func frankWolfeFrom(a [][]float64, b, x []float64, zeta, decrease float64, limit int) []float64 {
	n := float64(len(b))
	eta := n * zeta * zeta
	value, before := math.Inf(1), math.Inf(1)
	for it := 0; it < limit && (it < 2 || before-value > decrease*decrease); it++ {
		r := residual(a, b, x)
		in, low := 0, math.Inf(1)
		g := make([]float64, len(x))
		for j := range x {
			for i, v := range r {
				g[j] += v * a[j][i]
			}
			g[j] += eta * x[j]
			if g[j] < low {
				in, low = j, g[j]
			}
		}
		var slope, curve float64
		for j, v := range x {
			d := -v
			if j == in {
				d = 1 - v
			}
			slope += g[j] * d
			curve += eta * d * d
		}
		for i, v := range r {
			e := a[in][i] - (v + b[i])
			curve += e * e
		}
		step := min(1, max(0, -slope/curve))
		for j := range x {
			x[j] *= 1 - step
		}
		x[in] += step
		before, value = value, objective(a, b, x, zeta)
	}
	return x
}

func residual(a [][]float64, b, x []float64) []float64 {
	r := make([]float64, len(b))
	for i := range r {
		r[i] = -b[i]
		for j, v := range x {
			r[i] += v * a[j][i]
		}
	}
	return r
}

// objective is synthdid's, 1/n of ours.
func objective(a [][]float64, b, x []float64, zeta float64) float64 {
	var v float64
	for _, e := range residual(a, b, x) {
		v += e * e / float64(len(b))
	}
	for _, e := range x {
		v += zeta * zeta * e * e
	}
	return v
}

// The package's synthetic control stops at −19.6197. The check asks for that
// within 0.02; the minimum of the same problem is −19.5136. Our weights are
// therefore judged by what issue 4 says of a better optimum: the package's
// iterations are repeated here, reproduce its number within the tolerance, and
// must end at a larger objective than ours.
func TestCaliforniaSyntheticControl(t *testing.T) {
	p, d := california(t)
	f, err := Estimate(p, d, Options{Method: SC})
	if err != nil {
		t.Fatal(err)
	}
	var a [][]float64
	for _, i := range d.Donors {
		a = append(a, p.Y.RawRowView(i)[:d.Start])
	}
	b := p.Y.RawRowView(d.Treated[0])[:d.Start]
	x := frankWolfe(a, b, f.Zeta, 1e-5*f.Sigma)
	var att float64
	for s := d.Start; s < len(p.Times); s++ {
		att += p.Y.At(d.Treated[0], s)
		for k, i := range d.Donors {
			att -= x[k] * p.Y.At(i, s)
		}
	}
	att /= float64(len(p.Times) - d.Start)
	near(t, "the package's iterations", att, -19.619665, 0.02)
	ours, theirs := objective(a, b, f.Weights, f.Zeta), objective(a, b, x, f.Zeta)
	if !(ours < theirs) {
		t.Errorf("objective %.9g is not below the package's %.9g", ours, theirs)
	}
	t.Logf("package's iterations: %.6f at objective %.9g; minimum: %.6f at %.9g", att, theirs, f.ATT, ours)
}

func TestCaliforniaWeights(t *testing.T) {
	p, d := california(t)
	f, err := Estimate(p, d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "noise level", f.Sigma, 5.494401, 1e-6)
	near(t, "zeta", f.Zeta, 10.22623, 1e-5)
	omega := map[string]float64{}
	for k, i := range d.Donors {
		omega[p.Units[i]] = f.Weights[k]
	}
	lambda := map[float64]float64{}
	for j, v := range f.TimeWeights {
		lambda[p.Times[j]] = v
	}
	for name, want := range map[string]float64{
		"Nevada": 0.1245, "New Hampshire": 0.105, "Connecticut": 0.0783, "Delaware": 0.0704,
		"Colorado": 0.0575, "Illinois": 0.0534, "Nebraska": 0.0479, "Montana": 0.0451, "Utah": 0.0415, "New Mexico": 0.0406,
		"Minnesota": 0.0395, "Wisconsin": 0.0367,
	} {
		near(t, name, omega[name], want, 0.002)
	}
	for name, want := range map[string]float64{"Colorado": 0.057, "Connecticut": 0.078, "Delaware": 0.07} {
		near(t, name+" (exact)", omega[name], want, 0.0011)
	}
	for year, want := range map[float64]float64{1986: 0.3665, 1987: 0.2065, 1988: 0.4271} {
		near(t, "lambda", lambda[year], want, 0.002)
	}
	for year, want := range map[float64]float64{1986: 0.366, 1987: 0.206, 1988: 0.427} {
		near(t, "lambda (exact)", lambda[year], want, 0.0011)
	}
}

func TestCaliforniaPlaceboSE(t *testing.T) {
	p, d := california(t)
	for _, c := range []struct {
		name      string
		method    Method
		low, high float64
	}{{"sdid", SDID, 7.2, 10.6}, {"sc", SC, 8.6, 11.6}, {"did", DID, 15.0, 20.5}} {
		v, err := Placebo(context.Background(), p, []panel.Design{d}, Options{Method: c.method}, VarianceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !v.Enumerated || len(v.Draws) != 38 || v.MonteCarlo != 0 {
			t.Errorf("%s: %d draws, enumerated %v", c.name, len(v.Draws), v.Enumerated)
		}
		if v.SE < c.low || v.SE > c.high {
			t.Errorf("%s: placebo SE %.4f outside [%g, %g]", c.name, v.SE, c.low, c.high)
		}
		t.Logf("%s: SE of all 38 placebos %.6f, p %.4f", c.name, v.SE, v.P)
	}
}

// benchPanel is the panel the speed of issue 4 is stated on.
func benchPanel(t testing.TB) (*panel.Panel, panel.Design) {
	return load(t, "oracles/bench_panel/data.csv", 3, 7, 2)
}

func BenchmarkEnumerateBenchPanel(b *testing.B) {
	p, d := benchPanel(b)
	d.Treated = d.Treated[:1]
	for b.Loop() {
		if _, err := Placebo(context.Background(), p, []panel.Design{d}, Options{}, VarianceOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCaliforniaFit(b *testing.B) {
	p, d := california(b)
	for b.Loop() {
		if _, err := Estimate(p, d, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestReplicateAllocatesNothing(t *testing.T) {
	p, d := california(t)
	w := newWorkspace(p)
	z := w.regularisation(d, Options{})
	if _, err := w.effect(d, Options{}, z); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() { _, _ = w.effect(d, Options{}, z) }); n != 0 {
		t.Errorf("%g allocations in a repeated fit", n)
	}
}
