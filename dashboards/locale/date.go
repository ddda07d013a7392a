package locale

import (
	"strconv"
	"time"
	_ "time/tzdata" // Norwegian time wherever the binary runs.

	"github.com/bygdevekst/bygdevekst/data"
)

// oslo is the zone readers live in; times are shown in it, data hold UTC.
var oslo = func() *time.Location {
	if loc, err := time.LoadLocation("Europe/Oslo"); err == nil {
		return loc
	}
	return time.UTC
}()

// Date writes a day as dd.mm.yyyy, "" for the zero time. A time of day is taken
// to Norwegian time first; midnight UTC is a day without one.
func Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if t.UTC().Truncate(24 * time.Hour).Equal(t) {
		return t.UTC().Format("02.01.2006")
	}
	return t.In(oslo).Format("02.01.2006")
}

// Time writes a point in time as dd.mm.yyyy kl. hh.mm, Norwegian time.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(oslo).Format("02.01.2006 kl. 15.04")
}

// ISODate writes a day, month or year given as ISO 8601: 12.05.2025, januar 2024
// or 2024. "unknown" becomes the word for it and anything else comes back as it is.
func ISODate(l Lang, s string) string {
	if s == "unknown" {
		return Text(l, "date.unknown")
	}
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return t.Format("02.01.2006")
	}
	if t, err := time.Parse("2006-01", s); err == nil {
		return Text(l, "month."+strconv.Itoa(int(t.Month()))) + " " + strconv.Itoa(t.Year())
	}
	return s
}

// Period writes a period: 2024, 4. kvartal 2024, juni 2024.
func Period(l Lang, p data.Period) string {
	y, sub := strconv.Itoa(int(p.Y)), strconv.Itoa(int(p.Sub))
	switch p.Freq {
	case data.Half, data.Quarter, data.Week:
		return Text(l, "period."+string(rune(p.Freq)), "n", sub, "year", y)
	case data.Month:
		return Text(l, "month."+sub) + " " + y
	default:
		return y
	}
}

// Years writes a year, or a run of years with an en dash: 2022–2024.
func Years(from, to int) string {
	if from == to {
		return strconv.Itoa(to)
	}
	return strconv.Itoa(from) + "–" + strconv.Itoa(to)
}
