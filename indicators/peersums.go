package indicators

import (
	"slices"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// minMembers is the least number of a group's members with figures that anything
// is told of the group from: a band of fewer would nearly show single places.
const minMembers = 5

// The band of a group: the 10th and the 90th percentile of its members.
const (
	bandLow  = 0.10
	bandHigh = 0.90
)

// peerSums gives the values of comparison groups of one indicator.
type peerSums struct {
	ind *catalogue.Indicator
	all map[string]yearly
}

// enough reports whether n of a group's members can stand for it: half of them,
// and never fewer than minMembers.
func enough(n, members int) bool { return n >= minMembers && 2*n >= members }

// values returns a group's value for every window in which any member has one.
// Members without a figure for the whole window are left out of it, never
// estimated; with too few left there is no value.
func (p peerSums) values(region string, codes []string) []cube.GroupValue {
	first, end := p.span(codes)
	rows := make([]cube.GroupValue, 0, len(Windows)*(end-first))
	// A pool serves all windows with the same members, most often every one.
	var members []string
	var pooled yearly
	for y := first; y < end; y++ {
		for _, k := range Windows {
			from := y - k + 1
			if from < first {
				continue
			}
			have, own := p.have(codes, from, y)
			if len(have) == 0 {
				continue
			}
			if pools(p.ind) && !slices.Equal(have, members) {
				members, pooled = have, p.pool(have)
			}
			rows = append(rows, p.row(region, from, y, len(codes), have, own, pooled))
		}
	}
	return rows
}

// span is the years any of the codes has cells for.
func (p peerSums) span(codes []string) (first, end int) {
	for _, code := range codes {
		s := p.all[code]
		if len(s.cells) == 0 {
			continue
		}
		if end == 0 || s.first < first {
			first = s.first
		}
		end = max(end, s.end())
	}
	return first, end
}

// have returns the codes with a figure for the whole window, and their values.
func (p peerSums) have(codes []string, from, to int) (have []string, own []float64) {
	have, own = make([]string, 0, len(codes)), make([]float64, 0, len(codes))
	for _, code := range codes {
		if sum := sumOf(p.all[code], from, to); !sum.status.Missing() {
			have, own = append(have, code), append(own, p.ind.Scale*sum.num/sum.den)
		}
	}
	return have, own
}

func (p peerSums) pool(codes []string) yearly {
	parts := make([]yearly, len(codes))
	for i, code := range codes {
		parts[i] = p.all[code]
	}
	return pool(p.ind, parts)
}

func (p peerSums) row(region string, from, to, members int, have []string, own []float64, pooled yearly) cube.GroupValue {
	v := cube.GroupValue{
		Indicator: p.ind.ID, Region: region, Year: int32(to), Window: int32(to - from + 1),
		Value: cube.Null, Lower: cube.Null, Upper: cube.Null, Low: cube.Null, High: cube.Null,
		Members: int32(len(have)), Status: data.NotAvailable,
	}
	if !enough(len(have), members) {
		return v
	}
	slices.Sort(own)
	v.Low, v.High = cube.Float(quantile(own, bandLow)), cube.Float(quantile(own, bandHigh))
	if !pools(p.ind) {
		v.Status = data.NotApplicable
		return v
	}
	e := window(p.ind, pooled, from, to)
	if v.Status = e.status; e.status.Missing() {
		return v
	}
	v.Value, v.Lower, v.Upper = cube.Float(e.value), e.lower(), e.upper()
	return v
}

// quantile is the p-quantile of sorted values, linear between them (Hyndman & Fan
// 1996, type 7, the default of R and of spreadsheets).
func quantile(sorted []float64, p float64) float64 {
	h := p * float64(len(sorted)-1)
	i := int(h)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	w := h - float64(i)
	return (1-w)*sorted[i] + w*sorted[i+1]
}
