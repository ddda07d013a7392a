package indicators

import (
	"github.com/bygdevekst/bygdevekst/analysis/trend"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// trendYears is how many of the newest yearly values a trend is told of: the same
// for every place, however long its series, and short enough to be of our time.
const trendYears = 10

// The tests of a trend.
const (
	TestExactKendall = "mann-kendall-exact"
	TestKendall      = "mann-kendall"
)

// trendOf is the Mann–Kendall test and Sen's slope over the yearly values of the
// newest ten years with a value among them. Years without a value are left out;
// the slope is per year all the same. It describes a course and judges nothing:
// most of it lies before the agreement.
func trendOf(ind *catalogue.Indicator, region string, s yearly, horizon int) cube.Trend {
	t := cube.Trend{Indicator: ind.ID, Region: region, Slope: cube.Null, Lower: cube.Null, Upper: cube.Null, P: cube.Null, Test: MethodNone}
	newest, found := s.newest(horizon)
	if !found {
		last := absentEstimate(s)
		t.From, t.To, t.Reason = int32(last.from), int32(last.to), string(missingReason(last.status))
		return t
	}
	var x, y []float64
	for year := newest - trendYears + 1; year <= newest; year++ {
		if c := s.at(year); !c.status.Missing() {
			x, y = append(x, float64(year)), append(y, ind.Scale*c.num/c.den)
		}
	}
	t.From, t.To, t.Years = int32(x[0]), int32(newest), int32(len(x))
	kendall, err := trend.MannKendall(y)
	if err != nil {
		t.Reason = string(ReasonTooFewYears)
		return t
	}
	slope, err := trend.Sen(x, y, Level)
	if err != nil {
		t.Reason = string(ReasonOutOfRange)
		return t
	}
	t.Slope, t.Lower, t.Upper, t.P = cube.Float(slope.Value), cube.Float(slope.Lower), cube.Float(slope.Upper), cube.Float(kendall.P)
	t.Test = TestKendall
	if kendall.Exact {
		t.Test = TestExactKendall
	}
	return t
}
