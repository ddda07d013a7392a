package fetch

import (
	"time"
	// The zone is part of the program: a container without zone files keeps the hours too.
	_ "time/tzdata"
)

// oslo is the clock the hours are given on.
var oslo = func() *time.Location {
	l, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("fetch: no zone Europe/Oslo: " + err.Error()) // It is embedded.
	}
	return l
}()

// The quiet hours: SSB loads new figures from 05:00, shows zeros or dots for
// those due that day until 08:00, and is busiest right after.
const (
	quietFrom = 4*time.Hour + 55*time.Minute
	quietTo   = 8*time.Hour + 20*time.Minute
)

// Quiet reports whether t lies in the quiet hours, 04:55 to 08:20 in Oslo, and
// when they end.
func Quiet(t time.Time) (until time.Time, quiet bool) {
	t = t.In(oslo)
	// Wall-clock arithmetic: on the night the clock changes the hours are still the wall's.
	minute := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	end := time.Date(t.Year(), t.Month(), t.Day(), 8, 20, 0, 0, oslo)
	return end, minute >= quietFrom && minute < quietTo
}
