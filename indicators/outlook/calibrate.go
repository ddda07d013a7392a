package outlook

import (
	"errors"

	"github.com/bygdevekst/bygdevekst/analysis/forecast"
)

// calibrations are those of an indicator, by method as in forecast.Methods and
// years ahead less one; nil where too few forecasts could be tried.
type calibrations [][]*forecast.Calibration

// of are those of method k for 1 to h years ahead.
func (c calibrations) of(k, h int) []*forecast.Calibration {
	out := make([]*forecast.Calibration, h)
	if k < len(c) {
		copy(out, c[k])
	}
	return out
}

// A series is tried from up to so many earlier years, every second one: errors of
// neighbouring years are nearly the same, and a series from 1980 is not to count
// for more than one from 2008.
const (
	triedYears = 10
	triedEvery = 2
)

// ahead is how many years the series is forecast, 0 where it is not.
func (s *series) ahead() int {
	if s.horizon == 0 || len(s.y) < fewest {
		return 0
	}
	return max(0, s.horizon-s.last())
}

// train is the least number of years a forecast is tried from.
func (s *series) train() int { return max(fewest-2, len(s.y)/2) }

// longest is how many years any series of an indicator is forecast.
func longest(all []*series) map[string]int {
	out := map[string]int{}
	for _, s := range all {
		out[s.ind.ID] = max(out[s.ind.ID], s.ahead())
	}
	return out
}

// tries forecasts the newest years of the series again from earlier ones, 1 to h
// years ahead: h lists for each method.
func (s *series) tries(h int) ([][]forecast.Try, error) {
	if h < 1 || len(s.y) < fewest {
		return nil, nil
	}
	x := s.scale().all(s.y)
	var out [][]forecast.Try
	for _, m := range forecast.Methods() {
		tries, err := forecast.Tries(x, m, h, max(s.train(), len(x)-triedYears), triedEvery)
		if errors.Is(err, forecast.ErrShort) {
			tries, err = make([][]forecast.Try, h), nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, tries...)
	}
	return out, nil
}

// calibrate pools the tries of all municipalities by indicator, method and years
// ahead. Series of one indicator are forecast on the same scale but for a few that
// touch a limit; sizes of errors are relative to the stated standard deviation and
// have no scale.
func calibrate(all []*series, tries [][][]forecast.Try) (map[string]calibrations, error) {
	pooled := map[string][][]forecast.Try{}
	for i, s := range all {
		for k, t := range tries[i] {
			if pooled[s.ind.ID] == nil {
				pooled[s.ind.ID] = make([][]forecast.Try, len(tries[i]))
			}
			pooled[s.ind.ID][k] = append(pooled[s.ind.ID][k], t...)
		}
	}
	out := map[string]calibrations{}
	for id, lists := range pooled {
		h := len(lists) / len(forecast.Methods())
		by := make(calibrations, len(forecast.Methods()))
		for k, list := range lists {
			c, err := forecast.Calibrate(list)
			if err != nil && !errors.Is(err, forecast.ErrShort) {
				return nil, err
			}
			by[k/h] = append(by[k/h], c)
		}
		out[id] = by
	}
	return out, nil
}
