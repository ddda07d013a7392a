package did

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/oracle"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// readShared reads a CSV of the shared folder, found by SHARED_DIR or beside the
// module.
func readShared(t testing.TB, name string) [][]string {
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
	return rows[1:]
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// california has columns state, year, packs, treated; 39 states × 1970–2000.
func california(t testing.TB) (*panel.Panel, panel.Design) {
	t.Helper()
	p := &panel.Panel{Y: mat.NewDense(39, 31, nil)}
	for s := range 31 {
		p.Times = append(p.Times, float64(1970+s))
	}
	for _, r := range readShared(t, "oracles/sdid_california/data.csv") {
		i := slices.Index(p.Units, r[0])
		if i < 0 {
			i = len(p.Units)
			p.Units = append(p.Units, r[0])
		}
		p.Y.Set(i, int(number(t, r[1]))-1970, number(t, r[2]))
	}
	d := panel.Design{Start: 19}
	for i, u := range p.Units {
		if u == "California" {
			d.Treated = append(d.Treated, i)
		} else {
			d.Donors = append(d.Donors, i)
		}
	}
	return p, d
}
