package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// ValuesInput asks for the values of one indicator.
type ValuesInput struct {
	About
	Indicator    string   `query:"indicator" required:"true" maxLength:"100" doc:"Indicator id, from /api/v1/indicators." example:"population"`
	Municipality []string `query:"municipality" maxItems:"400" doc:"Municipality codes as a comma list; an agreement's id stands for its municipalities taken together. Without it every municipality that has figures." example:"3425,3421"`
	From         int      `query:"from" minimum:"1800" maximum:"2200" doc:"First year." example:"2015"`
	To           int      `query:"to" minimum:"1800" maximum:"2200" doc:"Last year." example:"2025"`
	Window       window   `query:"window" default:"1" doc:"Years pooled, the last of which is the period."`
	Format       string   `query:"format" enum:"json,csv,json-stat,json-stat2" default:"json" doc:"Form of the answer; json-stat2 is PxWebApi's name of json-stat."`
	Dialect      string   `query:"dialect" enum:"rfc4180,no" default:"rfc4180" doc:"Form of CSV: RFC 4180, or for Norwegian spreadsheets with BOM, semicolon and decimal comma."`
}

// window is a number of years pooled.
type window int

// Schema describes it. Its values are int64 because huma holds them against the
// integers it parses, which are.
func (window) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Enum: []any{int64(1), int64(3), int64(5)}, Default: int64(1)}
}

// Values are the values of one indicator.
type Values struct {
	Release      string        `json:"release" doc:"Id of the release the answer is from."`
	Indicator    string        `json:"indicator"`
	Unit         string        `json:"unit" doc:"Unit of value, lower and upper."`
	Observations []Observation `json:"observations" doc:"By municipality in the order asked for, then by period."`
	Notice       string        `json:"notice,omitempty" doc:"Set when the figures are simulated, and says so."`
}

// Observation is one value. The interval says how much chance alone moves a
// place this small; registers are full counts.
type Observation struct {
	Municipality string `json:"municipality" doc:"Municipality code, or the id of an agreement for its municipalities taken together." example:"3425"`
	Period       string `json:"period" doc:"The year, or the last of the years pooled." example:"2025"`
	Numerator    Number `json:"numerator"`
	Denominator  Number `json:"denominator"`
	Value        Number `json:"value"`
	Lower        Number `json:"lower" doc:"Lower limit of the 95 % interval."`
	Upper        Number `json:"upper" doc:"Upper limit of the 95 % interval."`
	Status       Status `json:"status"`
}

const (
	jsonMedia = "application/json"
	csvMedia  = "text/csv; charset=utf-8; header=present"
	// jsonStatMedia tells it from our own JSON; it has no registered type.
	jsonStatMedia = "application/vnd.json-stat+json"
)

func (a *API) values() {
	const id = "values"
	text := operations[id]
	op := a.operation(id, "/values", text)
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Values](), true, "Values")
	stat := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[dataset](), true, "Dataset")
	op.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content: map[string]*huma.MediaType{
			jsonMedia:     {Schema: schema},
			jsonStatMedia: {Schema: stat},
			"text/csv":    {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}
	type output struct {
		Head
		ContentType string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Body        func(huma.Context)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *ValuesInput) (*output, error) {
		c := a.begin(ctx, in.About)
		v, err := c.values(in)
		if err != nil {
			return nil, err
		}
		kind, name, body, err := c.render(v, in)
		if err != nil {
			return nil, err
		}
		return &output{c.head, kind, name, func(hc huma.Context) {
			hc.SetStatus(http.StatusOK)
			// A reader who has gone is no failure of ours.
			_, _ = hc.BodyWriter().Write(body)
		}}, nil
	})
	a.texts = append(a.texts, documented{find(a.huma.OpenAPI(), op.Path, op.Method), text})
}

func (c *call) values(in *ValuesInput) (*Values, error) {
	ind, err := c.indicator(in.Indicator)
	if err != nil {
		return nil, err
	}
	first, last, ok := c.Cube.Years(ind.ID)
	if !ok {
		return nil, c.noFigures(ind)
	}
	if in.From != 0 && in.To != 0 && in.From > in.To {
		return nil, c.problem(http.StatusUnprocessableEntity, fromAfterTo, in.From, in.To)
	}
	regions, err := c.regions(in.Municipality)
	if err != nil {
		return nil, err
	}
	out := &Values{Release: c.Info.ID, Indicator: ind.ID, Unit: ind.Unit.In(c.lang), Observations: []Observation{}, Notice: c.notice()}
	if len(regions) == 0 {
		regions = c.regionsWith(ind.ID)
	} else if none := c.without(ind.ID, regions); len(none) > 0 {
		return nil, c.notFound(regionsWithoutFigures, strings.Join(none, ", "), ind.ID)
	}
	for _, r := range regions {
		for _, v := range c.Cube.Values(ind.ID, r, int(in.Window)) {
			if int(v.Year) >= in.From && (in.To == 0 || int(v.Year) <= in.To) {
				out.Observations = append(out.Observations, observation(v))
			}
		}
	}
	if len(out.Observations) == 0 {
		return nil, c.notFound(noYears, ind.ID, first, last, in.Window)
	}
	c.link("describedby", Base+"/indicators/"+ind.ID)
	c.link("alternate", "/charts/"+ind.ID+".svg")
	return out, nil
}

func observation(v cube.Value) Observation {
	return Observation{
		Municipality: v.Region, Period: strconv.Itoa(int(v.Year)),
		Numerator: Number(v.Numerator), Denominator: Number(v.Denominator),
		Value: Number(v.Value), Lower: Number(v.Lower), Upper: Number(v.Upper), Status: Status(v.Status),
	}
}

// indicator returns the definition, or a problem that names the id.
func (c *call) indicator(id string) (*catalogue.Indicator, error) {
	if ind := c.Catalogue.Indicator(id); ind != nil {
		return ind, nil
	}
	return nil, c.notFound(unknownIndicator, id)
}

func (c *call) noFigures(ind *catalogue.Indicator) error {
	return c.notFound(indicatorWithoutFigures, ind.ID, c.Info.ID, strings.Join(ind.Tables(), ", "))
}

// regions reads a list of municipality codes and agreement ids. The first one
// that is unknown is named in the problem.
func (c *call) regions(list []string) ([]string, error) {
	var out []string
	for _, id := range list {
		id = strings.TrimSpace(id)
		if id == "" || slices.Contains(out, id) {
			continue
		}
		if c.Catalogue.Agreement(id) == nil {
			if err := c.municipality(id); err != nil {
				return nil, err
			}
		}
		out = append(out, id)
	}
	return out, nil
}

// municipality returns a problem for a code that is not one of today's. One that
// was is answered with its successor.
func (c *call) municipality(code string) error {
	if _, err := c.Regions.Municipality(code); err == nil {
		return nil
	}
	// The year only decides which of several uses of an old code is meant: the
	// latest.
	now, _, err := c.Regions.Harmonise(code, 2023)
	if err != nil || now == "" {
		return c.notFound(unknownMunicipality, code)
	}
	return c.notFound(oldMunicipality, code, now)
}

// without returns the regions that have no values for the indicator.
func (c *call) without(indicator string, regions []string) []string {
	var none []string
	for _, r := range regions {
		if len(c.Cube.Values(indicator, r, 1)) == 0 {
			none = append(none, r)
		}
	}
	return none
}

// regionsWith returns all municipalities with values for the indicator, by code;
// agreements must be asked for by name, or sums would count people twice.
func (c *call) regionsWith(indicator string) []string {
	var out []string
	for _, m := range c.Regions.All() {
		if len(c.Cube.Values(indicator, m.Code, 1)) > 0 {
			out = append(out, m.Code)
		}
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}

// render writes the values in the form asked for.
func (c *call) render(v *Values, in *ValuesInput) (mediaType, disposition string, body []byte, err error) {
	name := "bygdevekst-" + v.Indicator + "-" + c.Info.ID
	if v.Notice != "" {
		name += "-SIMULERT"
	}
	switch in.Format {
	case "csv":
		body, err = c.csv(v, in.Dialect == "no")
		return csvMedia, `attachment; filename="` + name + `.csv"`, body, err
	case "json-stat", "json-stat2":
		body, err = json.Marshal(c.dataset(v))
		return jsonStatMedia, "", append(body, '\n'), err
	default:
		body, err = json.Marshal(v)
		return jsonMedia, "", append(body, '\n'), err
	}
}
