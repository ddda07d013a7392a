package api

import (
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Forecast is what an indicator would become if it went on as it has: by one
// method, for one year.
type Forecast struct {
	Indicator    string `json:"indicator"`
	Unit         string `json:"unit"`
	Municipality string `json:"municipality" doc:"Municipality code, or «pooled» for all of the agreement."`
	Agreement    string `json:"agreement,omitempty" doc:"For «pooled»: whose municipalities they are."`
	Method       string `json:"method"`
	MethodText   string `json:"method_text"`
	Best         bool   `json:"best" doc:"The method with the least mase of those laid side by side."`
	Year         int    `json:"year"`
	From         int    `json:"from" doc:"First year it rests on."`
	To           int    `json:"to" doc:"Last year it rests on."`
	Scale        string `json:"scale" doc:"What it was made on: identity, log or logit."`

	Value Number `json:"value" doc:"The median where scale is not identity."`
	Lower Number `json:"lower" doc:"Lower limit of the 95 % prediction interval, as wide as it had to be when the method was tried on the past of all municipalities; null where no such limit can be told."`
	Upper Number `json:"upper" doc:"Upper limit of the 95 % prediction interval."`

	MASE    Number `json:"mase" doc:"Mean absolute error as many years ahead, forecast again from every earlier year, over the mean absolute yearly change; null where there were too few years."`
	Covered Number `json:"covered" doc:"Share of the true values that were inside the interval in those tries."`
	Origins int    `json:"origins" doc:"How many tries there were."`
	Target  Number `json:"target" doc:"The agreed value of the year; null without a numeric target."`
	Chance  Number `json:"chance" doc:"Probability of reaching the target, calibrated as the interval is; null without a target."`
}

// Forecasts is the answer.
type Forecasts struct {
	Envelope
	Forecasts []Forecast `json:"forecasts"`
}

// Shift is a test of a series for a break in its level. It is a question to the
// figures, such as whether a definition changed; never evidence of an effect.
type Shift struct {
	Indicator    string `json:"indicator"`
	Municipality string `json:"municipality" doc:"Municipality code, or «pooled» for all of the agreement."`
	Agreement    string `json:"agreement,omitempty" doc:"For «pooled»: whose municipalities they are."`
	From         int    `json:"from" doc:"First year tested."`
	To           int    `json:"to" doc:"Last year tested."`
	After        *int   `json:"after" doc:"Last year before the largest break; null where none could be looked for."`
	SupF         Number `json:"sup_f" doc:"Largest F over all years the break may be after."`
	P            Number `json:"p" doc:"Its p by Hansen (1997)."`
	Breaks       int    `json:"breaks" doc:"Number of breaks with the least BIC."`
	CusumP       Number `json:"cusum_p" doc:"p of OLS-CUSUM."`
	Known        string `json:"known,omitempty" doc:"Period of a break the catalogue tells of within a year of after."`
	Reason       string `json:"reason,omitempty" doc:"Why nothing was tested."`
	ReasonText   string `json:"reason_text,omitempty"`
}

// Shifts is the answer.
type Shifts struct {
	Envelope
	Shifts []Shift `json:"shifts"`
}

func (a *API) outlook() {
	add(a, "forecasts", "/forecasts", (*call).forecasts)
	add(a, "shifts", "/shifts", (*call).shifts)
}

func (c *call) forecasts(in *Picked) (*Forecasts, error) {
	p, err := c.pick(in)
	if err != nil {
		return nil, err
	}
	out := &Forecasts{c.envelope(), []Forecast{}}
	for i := range c.Cube.Forecasts {
		if f := &c.Cube.Forecasts[i]; p.fits(f.Indicator, f.Region) {
			out.Forecasts = append(out.Forecasts, c.describeForecast(f))
		}
	}
	if len(out.Forecasts) == 0 {
		return nil, c.notFound(noForecasts, c.Info.ID)
	}
	return out, nil
}

func (c *call) describeForecast(f *cube.Forecast) Forecast {
	return Forecast{
		Indicator: f.Indicator, Unit: c.unit(f.Indicator), Municipality: c.regionOf(f.Region), Agreement: c.poolOf(f.Region),
		Method: f.Method, MethodText: c.textOf("forecast-method.", f.Method), Best: f.Best,
		Year: int(f.Year), From: int(f.From), To: int(f.To), Scale: f.Scale,
		Value: Number(f.Value), Lower: Number(f.Lower), Upper: Number(f.Upper),
		MASE: Number(f.MASE), Covered: Number(f.Covered), Origins: int(f.Origins),
		Target: Number(f.Target), Chance: Number(f.Chance),
	}
}

func (c *call) shifts(in *Picked) (*Shifts, error) {
	p, err := c.pick(in)
	if err != nil {
		return nil, err
	}
	out := &Shifts{c.envelope(), []Shift{}}
	for i := range c.Cube.Shifts {
		if s := &c.Cube.Shifts[i]; p.fits(s.Indicator, s.Region) {
			out.Shifts = append(out.Shifts, c.describeShift(s))
		}
	}
	if len(out.Shifts) == 0 {
		return nil, c.notFound(noShifts, c.Info.ID)
	}
	return out, nil
}

func (c *call) describeShift(s *cube.Shift) Shift {
	out := Shift{
		Indicator: s.Indicator, Municipality: c.regionOf(s.Region), Agreement: c.poolOf(s.Region), From: int(s.From), To: int(s.To),
		SupF: Number(s.SupF), P: Number(s.P), Breaks: int(s.Breaks), CusumP: Number(s.CusumP),
		Known: s.Known, Reason: s.Reason, ReasonText: c.textOf("shift-reason.", s.Reason),
	}
	if after := int(s.After); after != 0 {
		out.After = &after
	}
	return out
}

// poolOf is the agreement a region stands for, "" for a municipality.
func (c *call) poolOf(region string) string {
	if c.Catalogue.Agreement(region) != nil {
		return region
	}
	return ""
}
