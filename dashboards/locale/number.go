package locale

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// The characters of Norwegian numbers: a no-break space between thousands, a
// comma before decimals, and a true minus sign.
const (
	NBSP  = "\u00a0"
	Minus = "\u2212"
)

// Number writes a number as Norwegians read it: 1 234,5, −3,0. It rounds half
// away from zero, on the shortest decimal that stands for v: 1.005 becomes 1,01
// although the float is a hair less, since 1.005 is what every file and the API
// show. What rounds to zero is 0, never −0. What is not a finite number is the
// symbol for no basis, "..".
func Number(v float64, decimals int) string {
	digits, negative, ok := rounded(v, decimals)
	if !ok {
		return ".."
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	var b strings.Builder
	if negative {
		b.WriteString(Minus)
	}
	for i, c := range whole {
		if left := len(whole) - i; i > 0 && left%3 == 0 {
			b.WriteString(NBSP)
		}
		b.WriteRune(c)
	}
	if fraction != "" {
		b.WriteString(",")
		b.WriteString(fraction)
	}
	return b.String()
}

// Signed is Number with a plus before what is above zero, for changes.
func Signed(v float64, decimals int) string {
	s := Number(v, decimals)
	if r := Round(v, decimals); r > 0 {
		return "+" + s
	}
	return s
}

// Percent writes a number of per cent, 12,3 %, the sign after a no-break space.
func Percent(v float64, decimals int) string { return Number(v, decimals) + NBSP + "%" }

// Interval writes an interval's two limits: −3,2 til 1,5.
func Interval(l Lang, lower, upper float64, decimals int) string {
	return Number(lower, decimals) + NBSP + Text(l, "number.to") + " " + Number(upper, decimals)
}

// PValue writes a p-value: 0,032, or < 0,001 for what would round to nothing.
func PValue(p float64) string {
	if p >= 0 && p < 0.001 {
		return "<" + NBSP + "0,001"
	}
	return Number(p, 3)
}

// Round returns the number that Number shows. A number that is not finite is
// returned as it is.
func Round(v float64, decimals int) float64 {
	digits, negative, ok := rounded(v, decimals)
	if !ok {
		return v
	}
	r, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		// A float's own digits, rounded up past the largest float.
		r = math.Inf(1)
	}
	if negative {
		return -r
	}
	return r
}

// ParseNumber reads what Number writes. It also takes an ordinary space, a
// narrow no-break space and a hyphen, which people type.
func ParseNumber(s string) (float64, error) {
	plain := strings.NewReplacer(NBSP, "", "\u202f", "", " ", "", Minus, "-", ",", ".").Replace(s)
	if strings.Contains(s, ".") || !plainNumber.MatchString(plain) {
		return 0, fmt.Errorf("%q is not a number; want 1 234,5 or −3", s)
	}
	return strconv.ParseFloat(plain, 64)
}

var plainNumber = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?$`)

// rounded returns |v|'s decimal digits after rounding half away from zero, and
// whether a minus belongs in front.
func rounded(v float64, decimals int) (digits string, negative, ok bool) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "", false, false
	}
	decimals = max(0, decimals)
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'f', -1, 64), ".")
	up := len(fraction) > decimals && fraction[decimals] >= '5'
	if missing := decimals - len(fraction); missing > 0 {
		fraction += strings.Repeat("0", missing)
	}
	all := []byte(whole + fraction[:decimals])
	if up {
		all = increment(all)
	}
	n := len(all) - decimals
	digits = string(all[:n])
	if decimals > 0 {
		digits += "." + string(all[n:])
	}
	return digits, v < 0 && strings.Trim(digits, "0.") != "", true
}

// increment adds one in the last place.
func increment(digits []byte) []byte {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i] != '9' {
			digits[i]++
			return digits
		}
		digits[i] = '0'
	}
	return append([]byte{'1'}, digits...)
}

// Difference is the unit of a difference between two values: those of a share in
// per cent are percentage points.
func Difference(lang Lang, unit string, percent bool) string {
	if percent {
		return Text(lang, "chart.unit.points")
	}
	return unit
}
