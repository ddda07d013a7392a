package api

import (
	"slices"
	"strconv"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// dataset is a JSON-stat 2.0 dataset with the dimensions municipality, period
// and measure.
type dataset struct {
	Version   string               `json:"version" enum:"2.0"`
	Class     string               `json:"class" enum:"dataset"`
	Label     string               `json:"label"`
	Source    string               `json:"source"`
	Updated   string               `json:"updated"`
	ID        []string             `json:"id"`
	Size      []int                `json:"size"`
	Dimension map[string]dimension `json:"dimension"`
	Value     []Number             `json:"value" doc:"Row by row: the last dimension runs fastest."`
	Status    map[string]string    `json:"status" doc:"Why a cell is empty, by its position."`
	Note      []string             `json:"note,omitempty"`
	Extension map[string]string    `json:"extension" doc:"Release and kind."`
}

type dimension struct {
	Label    string   `json:"label"`
	Category category `json:"category"`
}

type category struct {
	Index []string          `json:"index"`
	Label map[string]string `json:"label"`
	Unit  map[string]unit   `json:"unit,omitempty"`
}

type unit struct {
	Base     string `json:"base"`
	Decimals int    `json:"decimals"`
}

var measures = []string{"numerator", "denominator", "value", "lower", "upper"}

// dataset lays the values out as a cube. A cell the release has no row for is
// empty with the status «..»; a limit or a denominator that does not exist is
// empty without one.
func (c *call) dataset(v *Values) *dataset {
	ind := c.Catalogue.Indicator(v.Indicator)
	var regions, periods []string
	rows := map[[2]string]Observation{}
	for _, o := range v.Observations {
		if !slices.Contains(regions, o.Municipality) {
			regions = append(regions, o.Municipality)
		}
		rows[[2]string{o.Municipality, o.Period}] = o
	}
	for k := range rows {
		if !slices.Contains(periods, k[1]) {
			periods = append(periods, k[1])
		}
	}
	slices.Sort(periods)
	d := &dataset{
		Version: "2.0", Class: "dataset", Label: ind.Title.In(c.lang), Source: "Bygdevekst " + v.Release,
		Updated: c.Info.Created.UTC().Format("2006-01-02T15:04:05Z"),
		ID:      []string{"municipality", "period", "measure"}, Size: []int{len(regions), len(periods), len(measures)},
		Dimension: map[string]dimension{}, Status: map[string]string{},
		Extension: map[string]string{"release": v.Release, "kind": string(c.Info.Kind)},
	}
	if v.Notice != "" {
		d.Note = []string{v.Notice}
	}
	names := map[string]string{}
	for _, r := range regions {
		names[r] = c.name(r)
	}
	years := map[string]string{}
	for _, p := range periods {
		years[p] = p
	}
	labels := map[string]string{}
	units := map[string]unit{}
	for _, m := range measures {
		labels[m] = m
	}
	for _, m := range measures[2:] {
		units[m] = unit{v.Unit, ind.Decimals}
	}
	d.Dimension["municipality"] = dimension{"municipality", category{Index: regions, Label: names}}
	d.Dimension["period"] = dimension{"period", category{Index: periods, Label: years}}
	d.Dimension["measure"] = dimension{"measure", category{Index: measures, Label: labels, Unit: units}}
	for _, r := range regions {
		for _, p := range periods {
			d.add(rows, r, p)
		}
	}
	return d
}

func (d *dataset) add(rows map[[2]string]Observation, region, period string) {
	o, ok := rows[[2]string{region, period}]
	if !ok {
		o = Observation{Status: Status(data.NotAvailable)}
		o.Numerator, o.Denominator, o.Value, o.Lower, o.Upper = null, null, null, null, null
	}
	for i, n := range []Number{o.Numerator, o.Denominator, o.Value, o.Lower, o.Upper} {
		if o.Status != "" && (measures[i] == "value" || !cube.Float(n).OK()) {
			d.Status[strconv.Itoa(len(d.Value))] = string(o.Status)
		}
		d.Value = append(d.Value, n)
	}
}

var null = Number(cube.Null)
