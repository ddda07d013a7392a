package api

import (
	"fmt"
	"strings"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// Indicator is an indicator in a list.
type Indicator struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Short    string            `json:"short"`
	Unit     string            `json:"unit"`
	Decimals int               `json:"decimals" doc:"Decimals the value is shown with."`
	Kind     string            `json:"type" enum:"count,proportion,rate,net-rate,ratio" doc:"How the value is made, which decides its interval."`
	Polarity string            `json:"polarity" enum:"up,down,none" doc:"Which way is better; none is neither."`
	Themes   []catalogue.Theme `json:"themes"`
	Core     bool              `json:"core" doc:"Part of the core every agreement reports on."`
	Context  bool              `json:"context" doc:"Shown for understanding, never judged."`
	Tables   []string          `json:"tables" doc:"The tables it is made from."`
	Figures  bool              `json:"figures" doc:"Whether the release has figures for it."`
	First    int               `json:"first,omitempty" doc:"First year with figures."`
	Last     int               `json:"last,omitempty" doc:"Last year with figures."`
	Reason   string            `json:"reason,omitempty" doc:"Why there are no figures."`
	Links    map[string]string `json:"links"`
	Goals    []string          `json:"goals" doc:"The goals it serves, as agreement/goal."`
}

// IndicatorDetail is the whole definition: value = scale · Σ sign·numerator / denominator.
type IndicatorDetail struct {
	Indicator
	Definition   string       `json:"definition"`
	Numerator    []Term       `json:"numerator"`
	Gross        []Term       `json:"gross" doc:"The gross flows behind a net rate."`
	Denominator  *Denominator `json:"denominator,omitempty"`
	Scale        float64      `json:"scale"`
	LagMonths    int          `json:"lag_months" doc:"Months from the end of a period to its figures."`
	Breaks       []Break      `json:"breaks" doc:"Known breaks in the series."`
	Risks        []string     `json:"risks" doc:"How it may be misread."`
	SmallNumbers SmallNumbers `json:"small_numbers"`
	Attributable Attributable `json:"attributable" doc:"How far local effort can be expected to move it."`
	Judgement    string       `json:"judgement" enum:"trend,target,comparison,milestone,rubric"`
	Lower        *float64     `json:"lower_limit,omitempty"`
	Upper        *float64     `json:"upper_limit,omitempty"`
}

// Term is one series in a signed sum.
type Term struct {
	Table  string `json:"table"`
	Series string `json:"series"`
	Sign   int    `json:"sign" enum:"-1,1"`
}

// Denominator is what a numerator is measured against.
type Denominator struct {
	Table  string `json:"table"`
	Series string `json:"series"`
	Clock  string `json:"clock" enum:"start,end,mean,same" doc:"When in the year it is taken: 1 January, 1 January after, the mean of the two, or the numerator's own period."`
}

// Break is a known break: figures before and from the period are not fully comparable.
type Break struct {
	Period string `json:"period"`
	Reason string `json:"reason"`
}

// SmallNumbers is the rule for places this small.
type SmallNumbers struct {
	MinNumerator   float64 `json:"min_numerator"`
	MinDenominator float64 `json:"min_denominator"`
	PoolYears      int     `json:"pool_years" doc:"Years judged together."`
}

// Attributable is how far local effort moves an indicator, and why.
type Attributable struct {
	Level string `json:"level" enum:"high,medium,low"`
	Why   string `json:"why"`
}

// ListInput asks for everything.
type ListInput struct{ About }

// Indicators is the answer.
type Indicators struct {
	Envelope
	Indicators []Indicator `json:"indicators"`
}

// IDInput names one.
type IDInput struct {
	About
	ID string `path:"id" maxLength:"100" doc:"Its id."`
}

// OneIndicator is the answer.
type OneIndicator struct {
	Envelope
	Indicator IndicatorDetail `json:"indicator"`
}

func (a *API) indicators() {
	add(a, "indicators", "/indicators", (*call).listIndicators)
	add(a, "indicator", "/indicators/{id}", (*call).oneIndicator)
}

func (c *call) listIndicators(*ListInput) (*Indicators, error) {
	out := &Indicators{c.envelope(), []Indicator{}}
	for i := range c.Catalogue.Indicators {
		out.Indicators = append(out.Indicators, c.describeIndicator(&c.Catalogue.Indicators[i]))
	}
	return out, nil
}

var noFiguresYet = text{
	NB: "Ingen tall i denne utgaven. Kilden er tabell %s.",
	NN: "Ingen tal i denne utgåva. Kjelda er tabell %s.",
	EN: "No figures in this release. The source is table %s.",
}

func (c *call) describeIndicator(i *catalogue.Indicator) Indicator {
	out := Indicator{
		ID: i.ID, Title: i.Title.In(c.lang), Short: i.Short.In(c.lang), Unit: i.Unit.In(c.lang), Decimals: i.Decimals,
		Kind: string(i.Kind), Polarity: string(i.Polarity), Themes: i.Themes, Core: i.Core, Context: i.Context,
		Tables: i.Tables(), Goals: c.goalsOf(i.ID), Links: map[string]string{"self": Base + "/indicators/" + i.ID},
	}
	out.First, out.Last, out.Figures = c.Cube.Years(i.ID)
	if !out.Figures {
		out.Reason = fmt.Sprintf(noFiguresYet.In(c.lang), strings.Join(out.Tables, ", "))
		return out
	}
	out.Links["values"] = Base + "/values?indicator=" + i.ID
	out.Links["chart"] = "/charts/" + i.ID + ".svg"
	return out
}

func (c *call) goalsOf(indicator string) []string {
	out := []string{}
	for i := range c.Catalogue.Agreements {
		a := &c.Catalogue.Agreements[i]
		for j := range a.Goals {
			for _, g := range a.Goals[j].Indicators {
				if g.Indicator == indicator {
					out = append(out, a.ID+"/"+a.Goals[j].ID)
				}
			}
		}
	}
	return out
}

func (c *call) oneIndicator(in *IDInput) (*OneIndicator, error) {
	i, err := c.indicator(in.ID)
	if err != nil {
		return nil, err
	}
	d := IndicatorDetail{
		Indicator: c.describeIndicator(i), Definition: i.Definition.In(c.lang),
		Numerator: terms(i.Numerator), Gross: terms(i.Gross), Scale: i.Scale, LagMonths: i.LagMonths,
		Breaks: []Break{}, Risks: []string{},
		SmallNumbers: SmallNumbers{i.SmallNumbers.MinNumerator, i.SmallNumbers.MinDenominator, i.SmallNumbers.PoolYears},
		Attributable: Attributable{string(i.Attributable.Level), i.Attributable.Why.In(c.lang)},
		Judgement:    string(i.Judgement), Lower: i.Limits.Lower, Upper: i.Limits.Upper,
	}
	if n := i.Denominator; n != nil {
		d.Denominator = &Denominator{n.Table, n.Series, string(n.Clock)}
	}
	for _, b := range i.Breaks {
		d.Breaks = append(d.Breaks, Break{b.Period, b.Reason.In(c.lang)})
	}
	for _, r := range i.Risks {
		d.Risks = append(d.Risks, r.In(c.lang))
	}
	return &OneIndicator{c.envelope(), d}, nil
}

func terms(list []catalogue.Term) []Term {
	out := []Term{}
	for _, t := range list {
		sign := t.Sign
		if sign == 0 {
			sign = 1
		}
		out = append(out, Term{t.Table, t.Series, sign})
	}
	return out
}
