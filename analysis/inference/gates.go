package inference

import (
	"math"
	"slices"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Gate names a way in which a pre-fit falls short.
type Gate string

const (
	// GateNormalised: the pre-RMSPE exceeds the standard deviation of the treated
	// pre-series; a constant would fit better.
	GateNormalised Gate = "pre-rmspe-above-series-sd"
	// GateMedian: the pre-RMSPE is above the median of the placebos.
	GateMedian Gate = "pre-rmspe-above-median-placebo"
	// GateTail: the pre-RMSPE is above the 90th percentile of the placebos. It
	// refuses a causal word.
	GateTail Gate = "pre-rmspe-above-90th-percentile"
	// GatePlanned: the pre-RMSPE is above a quarter of the planned effect. It
	// refuses a causal word.
	GatePlanned Gate = "pre-rmspe-above-quarter-of-planned-effect"
)

const (
	tailShare    = 0.9
	plannedShare = 0.25
)

// Gates are the checks of the pre-fit, fixed before any effect is seen
// (methods.md §4.3; our proposal).
type Gates struct {
	// Normalised is the pre-RMSPE over the standard deviation (n−1) of the treated
	// pre-series, 0 when the series is constant or a single period.
	Normalised float64
	// OverMedian is the pre-RMSPE over the median placebo's, 0 without placebos or
	// when that median is 0.
	OverMedian float64
	// Closed lists the gates that did not open.
	Closed []Gate
	// Causal is false when a closed gate refuses a causal word.
	Causal bool
}

func gates(p *panel.Panel, d panel.Design, treated panel.Estimate, ests []panel.Estimate, o Options) Gates {
	g := Gates{Causal: true}
	pre := treated.PreRMSPE
	if sd := preSD(p, d); sd > 0 {
		g.Normalised = pre / sd
		if g.Normalised > 1 {
			g.Closed = append(g.Closed, GateNormalised)
		}
	}
	if len(ests) > 0 {
		fits := make([]float64, len(ests))
		for j, e := range ests {
			fits[j] = e.PreRMSPE
		}
		slices.Sort(fits)
		if m := quantile(fits, 0.5); m > 0 {
			g.OverMedian = pre / m
		}
		if pre > quantile(fits, 0.5) {
			g.Closed = append(g.Closed, GateMedian)
		}
		if pre > quantile(fits, tailShare) {
			g.Closed = append(g.Closed, GateTail)
			g.Causal = false
		}
	}
	if o.PlannedEffect != 0 && pre > plannedShare*math.Abs(o.PlannedEffect) {
		g.Closed = append(g.Closed, GatePlanned)
		g.Causal = false
	}
	return g
}

// preSD is the standard deviation of the mean treated series before the start.
func preSD(p *panel.Panel, d panel.Design) float64 {
	if d.Start < 2 {
		return 0
	}
	series := make([]float64, d.Start)
	var mean float64
	for c := range series {
		for _, i := range d.Treated {
			series[c] += p.Y.At(i, c) / float64(len(d.Treated))
		}
		mean += series[c] / float64(d.Start)
	}
	var q float64
	for _, v := range series {
		q += (v - mean) * (v - mean)
	}
	return math.Sqrt(q / float64(d.Start-1))
}
