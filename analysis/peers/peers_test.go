package peers_test

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/oracle"
	"github.com/bygdevekst/bygdevekst/analysis/peers"
)

// TestSwissProvinces reproduces R's dist(scale(X)) and mahalanobis() on the
// dataset swiss, to the oracle's relative tolerance of 1e-9.
func TestSwissProvinces(t *testing.T) {
	dir := oracle.Path(t, "oracles", "neighbours_swiss")
	data := rows(t, filepath.Join(dir, "data.csv"))
	var names []string
	x := mat.NewDense(len(data), len(data[0])-1, nil)
	for i, r := range data {
		names = append(names, r[0])
		for j, v := range r[1:] {
			x.Set(i, j, number(t, v))
		}
	}
	s, err := peers.NewScaler(x)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, len(names))
	for i := range all {
		all[i] = i
	}
	for _, r := range rows(t, filepath.Join(dir, "neighbours.csv")) {
		unit, rank := slices.Index(names, r[0]), int(number(t, r[1]))
		near, err := peers.Nearest(x, s, nil, names, unit, all, 5)
		if err != nil {
			t.Fatal(err)
		}
		if p := near[rank-1]; names[p.Unit] != r[2] || !close(p.Distance, number(t, r[3])) {
			t.Errorf("%s, rank %d: %s at %v, R has %s at %s", r[0], rank, names[p.Unit], p.Distance, r[2], r[3])
		}
		d, err := peers.Mahalanobis(x, unit, 0)
		if err != nil {
			t.Fatal(err)
		}
		order := slices.Clone(all)
		slices.SortFunc(order, func(a, b int) int { return cmpFloat(d[a], d[b]) })
		if j := order[rank]; names[j] != r[4] || !close(d[j], number(t, r[5])) {
			t.Errorf("%s, Mahalanobis rank %d: %s at %v, R has %s at %s", r[0], rank, names[j], d[j], r[4], r[5])
		}
	}
}

func cmpFloat(a, b float64) int {
	if a < b {
		return -1
	}
	return 1
}

func close(got, want float64) bool { return math.Abs(got-want) <= 1e-9*math.Abs(want) }

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(4, 12).Draw(t, "n"), rapid.IntRange(1, 4).Draw(t, "k")
		x := mat.NewDense(n, k, nil)
		keys := make([]string, n)
		for i := range n {
			keys[i] = strconv.Itoa(i)
			for j := range k {
				x.Set(i, j, rapid.Float64Range(-100, 100).Draw(t, "x")+float64(i))
			}
		}
		s, err := peers.NewScaler(x)
		if errors.Is(err, peers.ErrConstant) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		// Distance is symmetric, and a change of unit does not move it.
		a, b := x.RawRowView(0), x.RawRowView(1)
		d := s.Euclidean(a, b, nil)
		if e := s.Euclidean(b, a, nil); d != e {
			t.Fatalf("%v and %v", d, e)
		}
		var y mat.Dense
		y.Scale(1000, x)
		s2, err := peers.NewScaler(&y)
		if err != nil {
			t.Fatal(err)
		}
		if e := s2.Euclidean(y.RawRowView(0), y.RawRowView(1), nil); math.Abs(d-e) > 1e-9*(1+d) {
			t.Fatalf("in another unit %v becomes %v", d, e)
		}
		// More weight on every variable moves all distances alike.
		two := slices.Repeat([]float64{4}, k)
		if e := s.Euclidean(a, b, two); math.Abs(2*d-e) > 1e-9*(1+d) {
			t.Fatalf("fourfold weights make %v of %v", e, d)
		}
		near, err := peers.Nearest(x, s, nil, keys, 0, []int{0, 1, 2, 3}, 99)
		if err != nil || len(near) != 3 {
			t.Fatalf("%v, %v", near, err)
		}
	})
}

func TestErrors(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{1, 5, 2, 5, 3, 5})
	if _, err := peers.NewScaler(x); !errors.Is(err, peers.ErrConstant) {
		t.Errorf("constant: %v", err)
	}
	x.Set(0, 1, math.NaN())
	if _, err := peers.NewScaler(x); !errors.Is(err, peers.ErrMissing) {
		t.Errorf("missing: %v", err)
	}
	y := mat.NewDense(4, 2, []float64{1, 2, 2, 4, 3, 6, 5, 10})
	if _, err := peers.Mahalanobis(y, 0, 0); !errors.Is(err, peers.ErrSingular) {
		t.Errorf("singular: %v", err)
	}
	if _, err := peers.Mahalanobis(y, 0, 0.1); err != nil {
		t.Errorf("with a ridge: %v", err)
	}
	if _, err := peers.Balances(y, 0, nil, []int{1, 2}); !errors.Is(err, peers.ErrShape) {
		t.Errorf("no group: %v", err)
	}
}

func TestBalance(t *testing.T) {
	x := mat.NewDense(5, 1, []float64{10, 1, 2, 3, 6})
	b, err := peers.Balances(x, 0, []int{1, 2, 3}, []int{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	// Mean of 1, 2, 3 is 2; sd of 1, 2, 3, 6 is √(14/3).
	if b[0].Mean != 2 || b[0].SD != 1 || !b[0].Outside || !close(b[0].StdDifference, 8/math.Sqrt(14.0/3)) {
		t.Errorf("%+v", b[0])
	}
}

// TestWeightedBalance: equal weights are no weights, and weights on two units put
// the mean between them: (1·3 + 3·1)/4 = 1.5.
func TestWeightedBalance(t *testing.T) {
	x := mat.NewDense(5, 1, []float64{10, 1, 2, 3, 6})
	plain, err1 := peers.Balances(x, 0, []int{1, 2, 3}, []int{1, 2, 3, 4})
	equal, err2 := peers.WeightedBalances(x, 0, []int{1, 2, 3}, []float64{0.2, 0.2, 0.2}, []int{1, 2, 3, 4})
	skew, err3 := peers.WeightedBalances(x, 0, []int{1, 2, 3}, []float64{3, 0, 1}, []int{1, 2, 3, 4})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if !close(plain[0].Mean, equal[0].Mean) || !close(plain[0].SD, equal[0].SD) {
		t.Errorf("%+v and %+v", plain[0], equal[0])
	}
	if skew[0].Mean != 1.5 || skew[0].Fair() {
		t.Errorf("%+v", skew[0])
	}
	for _, w := range [][]float64{{1}, {0, 0, 0}, {math.NaN(), 1, 1}} {
		if _, err := peers.WeightedBalances(x, 0, []int{1, 2, 3}, w, []int{1, 2, 3, 4}); !errors.Is(err, peers.ErrShape) {
			t.Errorf("weights %v: %v", w, err)
		}
	}
}

// TestHull: in a square the centre is inside, the corner of the circumscribed
// diamond is within the range of each variable and outside the hull of a triangle.
func TestHull(t *testing.T) {
	x := mat.NewDense(5, 2, []float64{0.5, 0.5, 0, 0, 1, 0, 0, 1, 0.9, 0.9})
	unit := peers.Scaler{Mean: []float64{0, 0}, SD: []float64{1, 1}}
	if d, err := peers.HullDistance(x, unit, 0, []int{1, 2, 3}); err != nil || d != 0 {
		t.Errorf("on the edge: %v, %v", d, err)
	}
	// (0.9, 0.9) is |0.9 + 0.9 − 1|/√2 from the line x + y = 1.
	if d, err := peers.HullDistance(x, unit, 4, []int{1, 2, 3}); err != nil || math.Abs(d-0.8/math.Sqrt2) > 1e-9 {
		t.Errorf("outside: %v, %v", d, err)
	}
	b, err := peers.Balances(x, 4, []int{1, 2, 3}, []int{1, 2, 3})
	if err != nil || b[0].Outside || b[1].Outside {
		t.Errorf("within each range: %+v, %v", b, err)
	}
}

// TestTiesGoByKey: equal distances come in order of key whatever the order asked.
func TestTiesGoByKey(t *testing.T) {
	keys := []string{"3425", "3421", "3419", "3422"}
	for _, candidates := range [][]int{{1, 2, 3}, {3, 2, 1}, {0, 2, 1, 3}} {
		near, err := peers.NearestBy([]float64{0, 1, 1, 1}, keys, 0, candidates, 2)
		if err != nil || len(near) != 2 || keys[near[0].Unit] != "3419" || keys[near[1].Unit] != "3421" {
			t.Errorf("%v: %v, %v", candidates, near, err)
		}
	}
	if _, err := peers.NearestBy([]float64{0, math.NaN()}, keys[:2], 0, []int{1}, 1); !errors.Is(err, peers.ErrMissing) {
		t.Errorf("no distance: %v", err)
	}
	if _, err := peers.NearestBy([]float64{0, 1}, keys[:2], 0, []int{1}, 0); !errors.Is(err, peers.ErrShape) {
		t.Errorf("the nearest 0: %v", err)
	}
}

// TestFullRidgeIsEuclidean: shrunk wholly to its diagonal, Mahalanobis's distance
// is the standardised Euclidean.
func TestFullRidgeIsEuclidean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n, k = 9, 3
		x := mat.NewDense(n, k, nil)
		for i := range n {
			for j := range k {
				x.Set(i, j, float64(i*(j+1)%7)+rapid.Float64Range(0, 5).Draw(t, "x"))
			}
		}
		s, err := peers.NewScaler(x)
		if err != nil {
			return
		}
		d, err := peers.Mahalanobis(x, 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if e := s.Euclidean(x.RawRowView(2), x.RawRowView(i), nil); math.Abs(d[i]-e) > 1e-9*(1+e) {
				t.Fatalf("unit %d: %v and %v", i, d[i], e)
			}
		}
	})
}

func rows(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestMahalanobisUnits: the distance does not depend on the units the variables
// are in. For five places with (x, y) = (0,0), (1,2), (2,1), (3,5), (4,4) the
// covariance is ((2.5, 2.75), (2.75, 4.3)), and from the first place the second is
// √((1·4.3 − 2·2·2.75 + 4·2.5)/(2.5·4.3 − 2.75²)) = √(3.3/3.1875) away. In millions of
// persons and in shares the condition number of the covariance is 10²⁴.
func TestMahalanobisUnits(t *testing.T) {
	for _, unit := range [][2]float64{{1, 1}, {1e9, 1e-3}} {
		x := mat.NewDense(5, 2, []float64{0, 0, 1, 2, 2, 1, 3, 5, 4, 4})
		for i := range 5 {
			x.Set(i, 0, x.At(i, 0)*unit[0])
			x.Set(i, 1, x.At(i, 1)*unit[1])
		}
		d, err := peers.Mahalanobis(x, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := math.Sqrt(3.3 / 3.1875); math.Abs(d[1]-want) > 1e-12 || d[0] != 0 {
			t.Errorf("in units %v: %v, want %v", unit, d, want)
		}
	}
}

// TestTooLarge: a variable whose variance is not a number has no scale.
func TestTooLarge(t *testing.T) {
	x := mat.NewDense(4, 1, []float64{0, 1e300, -1e300, 1e300})
	if _, err := peers.NewScaler(x); !errors.Is(err, peers.ErrMissing) {
		t.Errorf("scaler: %v", err)
	}
	if _, err := peers.Balances(x, 0, []int{1, 2}, []int{0, 1, 2, 3}); !errors.Is(err, peers.ErrMissing) {
		t.Errorf("balances: %v", err)
	}
}
