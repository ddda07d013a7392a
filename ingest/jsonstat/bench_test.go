package jsonstat

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// large makes a dataset of 800,000 cells, the most that SSB gives in one
// answer: 5 dimensions, 5 % of the cells null with a status.
func large() *Dataset {
	d := &Dataset{Symbols: []string{"", ":"}}
	n := 1
	for k, size := range []int{400, 2, 10, 4, 25} {
		dim := Dimension{ID: "D" + strconv.Itoa(k)}
		for i := range size {
			dim.Codes = append(dim.Codes, strconv.Itoa(1000+i))
			dim.Labels = append(dim.Labels, "category "+strconv.Itoa(i))
		}
		d.Dimensions = append(d.Dimensions, dim)
		n *= size
	}
	rng := rand.New(rand.NewPCG(1, 2))
	d.Values, d.Missing, d.Status = make([]float64, n), NewBitmap(n), make([]uint8, n)
	for i := range d.Values {
		if rng.IntN(20) == 0 {
			d.Missing.Set(i)
			d.Status[i] = 1
			continue
		}
		d.Values[i] = float64(rng.IntN(1_000_000)) / 10
	}
	return d
}

func BenchmarkDecode(b *testing.B) {
	body, err := Encode(large())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(body, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	d := large()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(d); err != nil {
			b.Fatal(err)
		}
	}
}
