package locale_test

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
)

func TestNumber(t *testing.T) {
	// Spaces are no-break spaces and the minus is U+2212.
	for _, tt := range []struct {
		v        float64
		decimals int
		want     string
	}{
		{0, 0, "0"},
		{0, 1, "0,0"},
		{math.Copysign(0, -1), 0, "0"},
		{-0.04, 1, "0,0"},
		{-0.05, 1, "−0,1"},
		{0.5, 0, "1"},
		{2.5, 0, "3"},
		{-2.5, 0, "−3"},
		{1.005, 2, "1,01"},
		{2.675, 2, "2,68"},
		{999, 0, "999"},
		{999.5, 0, "1\u00a0000"},
		{1234.5, 1, "1\u00a0234,5"},
		{-1234567.89, 1, "−1\u00a0234\u00a0567,9"},
		{9.96, 1, "10,0"},
		{1e21, 0, "1\u00a0000\u00a0000\u00a0000\u00a0000\u00a0000\u00a0000\u00a0000"},
		{1e-7, 3, "0,000"},
		{12, -1, "12"},
		{math.NaN(), 1, ".."},
		{math.Inf(1), 1, ".."},
	} {
		if got := locale.Number(tt.v, tt.decimals); got != tt.want {
			t.Errorf("Number(%v, %d) = %q, want %q", tt.v, tt.decimals, got, tt.want)
		}
	}
}

func TestSigns(t *testing.T) {
	for got, want := range map[string]string{
		locale.Signed(1.25, 1):                    "+1,3",
		locale.Signed(0.04, 1):                    "0,0",
		locale.Signed(-1.2, 1):                    "−1,2",
		locale.Percent(12.34, 1):                  "12,3\u00a0%",
		locale.Interval(locale.NB, -3.21, 1.5, 1): "−3,2\u00a0til 1,5",
		locale.Interval(locale.EN, 0, 1, 0):       "0\u00a0to 1",
		locale.PValue(0.0321):                     "0,032",
		locale.PValue(0.0004):                     "<\u00a00,001",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// exactHalfUp rounds the decimal that stands for v by rational arithmetic, half
// away from zero: another road to the same answer.
func exactHalfUp(v float64, decimals int) *big.Rat {
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(math.Abs(v), 'g', -1, 64))
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	r.Mul(r, scale).Add(r, big.NewRat(1, 2))
	whole := new(big.Int).Quo(r.Num(), r.Denom())
	out := new(big.Rat).SetInt(whole)
	out.Quo(out, scale)
	if v < 0 {
		out.Neg(out)
	}
	return out
}

func TestParseFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(
			rapid.Float64Range(-1e9, 1e9),
			rapid.Float64(),
			// Exact halves, where ways of rounding part.
			rapid.Map(rapid.Int64Range(-1e7, 1e7), func(n int64) float64 { return float64(n) / 2000 }),
		).Draw(t, "v")
		if math.IsInf(v, 0) || math.IsNaN(v) {
			t.Skip()
		}
		decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
		text := locale.Number(v, decimals)
		got, err := locale.ParseNumber(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want, _ := exactHalfUp(v, decimals).Float64()
		if got != want && !(math.IsInf(want, 0) && math.IsInf(got, 0)) {
			t.Fatalf("Number(%v, %d) = %q reads as %v, want %v", v, decimals, text, got, want)
		}
		if round := locale.Round(v, decimals); round != got {
			t.Fatalf("Round(%v, %d) = %v but Number shows %v", v, decimals, round, got)
		}
		if strings.ContainsAny(text, " .-") {
			t.Fatalf("%q holds a breaking space, a point or a hyphen", text)
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"1 234,5", "−3", "1\u00a0000", "", "1.5", "1e400", strings.Repeat("9", 400), "0x1p-2", "NaN"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := locale.ParseNumber(s)
		if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("%q was read as %v", s, v)
		}
	})
}
