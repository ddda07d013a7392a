package data

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Freq is the length of a period.
type Freq byte

// The frequencies SSB's time codes use, and the half years of its old pages.
const (
	Year    Freq = 'Y'
	Half    Freq = 'H'
	Quarter Freq = 'K'
	Month   Freq = 'M'
	Week    Freq = 'U'
)

// Period is a year, half year, quarter, month or ISO week.
type Period struct {
	Y    int16
	Freq Freq
	Sub  int8
}

// YearPeriod returns the calendar year as a Period.
func YearPeriod(y int) Period { return Period{Y: int16(y), Freq: Year} }

var periodRE = regexp.MustCompile(`^(\d{4})(?:([HKMU])(\d{1,2}))?$`)

var subMax = map[Freq]int{Half: 2, Quarter: 4, Month: 12, Week: 53}

// ParsePeriod reads an SSB time code: 2024, 2024K4, 2024M06, 2024U23, and
// 2003H1. Anything else is an EINVALID error.
func ParsePeriod(code string) (Period, error) {
	m := periodRE.FindStringSubmatch(code)
	if m == nil {
		return Period{}, Errorf(EINVALID, "unknown time code %q; want 2024, 2024K4, 2024M06 or 2024U23", code)
	}
	y, _ := strconv.Atoi(m[1])
	if m[2] == "" {
		return YearPeriod(y), nil
	}
	f := Freq(m[2][0])
	sub, _ := strconv.Atoi(m[3])
	if sub < 1 || sub > subMax[f] {
		return Period{}, Errorf(EINVALID, "time code %q: %d is not between 1 and %d", code, sub, subMax[f])
	}
	return Period{Y: int16(y), Freq: f, Sub: int8(sub)}, nil
}

// String returns SSB's time code.
func (p Period) String() string {
	switch p.Freq {
	case Year, 0:
		return fmt.Sprintf("%04d", p.Y)
	case Month, Week:
		return fmt.Sprintf("%04d%c%02d", p.Y, p.Freq, p.Sub)
	default:
		return fmt.Sprintf("%04d%c%d", p.Y, p.Freq, p.Sub)
	}
}

// Start returns the first day of the period, UTC.
func (p Period) Start() time.Time {
	y, m := int(p.Y), time.January
	switch p.Freq {
	case Half:
		m = time.Month(6*(int(p.Sub)-1) + 1)
	case Quarter:
		m = time.Month(3*(int(p.Sub)-1) + 1)
	case Month:
		m = time.Month(p.Sub)
	case Week:
		// ISO week 1 holds 4 January; weeks start on Monday.
		jan4 := time.Date(y, time.January, 4, 0, 0, 0, 0, time.UTC)
		monday := jan4.AddDate(0, 0, -(int(jan4.Weekday())+6)%7)
		return monday.AddDate(0, 0, 7*(int(p.Sub)-1))
	}
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// End returns the first day after the period, UTC.
func (p Period) End() time.Time {
	s := p.Start()
	switch p.Freq {
	case Half:
		return s.AddDate(0, 6, 0)
	case Quarter:
		return s.AddDate(0, 3, 0)
	case Month:
		return s.AddDate(0, 1, 0)
	case Week:
		return s.AddDate(0, 0, 7)
	default:
		return s.AddDate(1, 0, 0)
	}
}

// Compare orders periods by start, then by length (longer first).
func (p Period) Compare(q Period) int {
	if c := p.Start().Compare(q.Start()); c != 0 {
		return c
	}
	return q.End().Compare(p.End())
}
