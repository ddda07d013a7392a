package jsonstat

import (
	"math"
	"strconv"
)

// pow10 are the powers of ten a float64 holds exactly.
var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// number reads a JSON number. Figures of at most 15 significant digits and 22
// decimals, which is all of them in practice, are exact by one division: the
// mantissa is below 2⁵³ and the power of ten exact, so IEEE 754 rounds once
// (Clinger, W. D. 1990, How to read floating point numbers accurately, PLDI).
// The rest go to strconv.
func (s *scanner) number() (float64, error) {
	b, i := s.b, s.pos
	start := i
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	first := i
	var mantissa uint64
	for ; i < len(b) && isDigit(b[i]); i++ {
		mantissa = mantissa*10 + uint64(b[i]-'0')
	}
	digits := i - first
	if digits == 0 {
		s.pos = i
		return 0, s.unexpected("a number")
	}
	if digits > 1 && b[first] == '0' {
		return 0, s.errorAt(start, "the number has a leading zero")
	}
	decimals := 0
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for ; i < len(b) && isDigit(b[i]); i++ {
			mantissa = mantissa*10 + uint64(b[i]-'0')
		}
		if decimals = i - point; decimals == 0 {
			s.pos = i
			return 0, s.unexpected("a digit after the decimal point")
		}
	}
	exact := digits+decimals <= 15
	if i < len(b) && b[i]|0x20 == 'e' {
		exact = false
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i >= len(b) || !isDigit(b[i]) {
			s.pos = i
			return 0, s.unexpected("an exponent")
		}
		for i < len(b) && isDigit(b[i]) {
			i++
		}
	}
	s.pos = i
	if !exact {
		v, err := strconv.ParseFloat(string(b[start:i]), 64)
		if err != nil {
			return 0, s.errorAt(start, "the number does not fit a 64-bit float")
		}
		return v, nil
	}
	v := float64(mantissa) / pow10[decimals]
	if negative {
		v = math.Copysign(v, -1)
	}
	return v, nil
}
