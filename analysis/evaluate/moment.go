package evaluate

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Moment is a period as it was written and as a number that orders it.
type Moment struct {
	Label string
	Value float64
	// Text says that the label is not itself a number.
	Text bool
}

// sameMoment is the tolerance for calling two periods one: far below a day of a
// year (0.0027), far above the rounding of a month written as 2012.0833.
const sameMoment = 5e-4

var parts = regexp.MustCompile(`^(\d{4})[-\s]?([QKqkMmHhWwUu])[-\s]?(\d{1,2})$|^(\d{4})-(\d{2})(?:-(\d{2}))?$`)

// perYear is the number of periods in a year by the letter SSB (K quarter, M
// month, U week, H half-year) or others (Q, W) write.
var perYear = map[string]float64{"Q": 4, "K": 4, "M": 12, "H": 2, "W": 53, "U": 53}

// parseMoment reads a period: a number (1989, 2012.25), a quarter (2012Q1,
// 2012K1), a month (2012M01, 2012-01), a half-year, a week or a date. A part of
// a year becomes year + (part−1)/parts.
func parseMoment(text string) (Moment, error) {
	text = strings.TrimSpace(text)
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(f) || math.Abs(f) > 1e9 {
			return Moment{}, fmt.Errorf("%q is not a period", text)
		}
		return Moment{Label: text, Value: f}, nil
	}
	m := parts.FindStringSubmatch(text)
	if m == nil {
		return Moment{}, fmt.Errorf("%q is not a period; write it as 1989, 2012.25, 2012Q2, 2012K2, 2012M05 or 2012-05-17", text)
	}
	if m[1] != "" {
		return partOfYear(text, m[1], perYear[strings.ToUpper(m[2])], m[3])
	}
	out, err := partOfYear(text, m[4], 12, m[5])
	if err != nil || m[6] == "" {
		return out, err
	}
	day, err := strconv.Atoi(m[6])
	if err != nil || day < 1 || day > 31 {
		return Moment{}, fmt.Errorf("%q has no day %s", text, m[6])
	}
	out.Value += float64(day-1) / 31 / 12
	return out, nil
}

func partOfYear(text, year string, of float64, part string) (Moment, error) {
	y, errYear := strconv.Atoi(year)
	p, errPart := strconv.Atoi(part)
	if errYear != nil || errPart != nil || p < 1 || float64(p) > of {
		return Moment{}, fmt.Errorf("%q is not a period: a year has parts 1 to %g", text, of)
	}
	return Moment{Label: text, Value: float64(y) + float64(p-1)/of, Text: true}, nil
}

// contains says whether t lies in the window.
func (w Window) contains(t float64) bool {
	return (w.From == nil || t >= w.From.Value-sameMoment) && (w.To == nil || t <= w.To.Value+sameMoment)
}

func (w Window) empty() bool { return w.From == nil && w.To == nil }

// String writes the window for messages.
func (w Window) String() string {
	from, to := "the first period", "the last"
	if w.From != nil {
		from = w.From.Label
	}
	if w.To != nil {
		to = w.To.Label
	}
	return from + " to " + to
}
