package api

import (
	"github.com/bygdevekst/bygdevekst/data/regions"
)

// Named is a code with its name; the name is for reading, never for joining.
type Named struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Municipality is one of the 357 of 2024.
type Municipality struct {
	Code       string            `json:"code"`
	Name       string            `json:"name" doc:"Official name with parallel forms."`
	NameSami   string            `json:"name_sami,omitempty"`
	NameKven   string            `json:"name_kven,omitempty"`
	County     Named             `json:"county"`
	Centrality Centrality        `json:"centrality"`
	Agreement  string            `json:"agreement,omitempty" doc:"Id of the agreement it takes part in."`
	Figures    bool              `json:"figures" doc:"Whether the release has population figures for it."`
	Links      map[string]string `json:"links"`
}

// Centrality is SSB's classification (Klass 128).
type Centrality struct {
	Class int `json:"class" minimum:"1" maximum:"6" doc:"1 is the most central."`
	Index int `json:"index" minimum:"0" maximum:"1000"`
}

// MunicipalityDetail adds what is asked of one at a time.
type MunicipalityDetail struct {
	Municipality
	Earlier      []Code      `json:"earlier_codes" doc:"Codes of the same municipality before, newest first."`
	BorderChange int         `json:"border_change,omitempty" doc:"Year of a border change that makes series across it incomparable."`
	Neighbours   []Named     `json:"neighbours"`
	Indicators   []YearsHeld `json:"indicators" doc:"The indicators the release has figures for."`
}

// Code is a code and the years it was in use.
type Code struct {
	Code string `json:"code"`
	From int    `json:"from,omitempty"`
	To   int    `json:"to"`
}

// YearsHeld are the years of an indicator's figures.
type YearsHeld struct {
	Indicator string `json:"indicator"`
	First     int    `json:"first"`
	Last      int    `json:"last"`
	Values    string `json:"values" doc:"Where the values are."`
}

// MunicipalitiesInput picks municipalities.
type MunicipalitiesInput struct {
	About
	Search    string `query:"search" maxLength:"100" doc:"Part of a name, or the first digits of a code." example:"Våler"`
	Agreement string `query:"agreement" maxLength:"100" doc:"Only those of an agreement." example:"innlandet"`
}

// Municipalities is the answer.
type Municipalities struct {
	Envelope
	Municipalities []Municipality `json:"municipalities"`
}

// MunicipalityInput names one.
type MunicipalityInput struct {
	About
	Code string `path:"code" maxLength:"20" doc:"Municipality code." example:"3425"`
}

// OneMunicipality is the answer.
type OneMunicipality struct {
	Envelope
	Municipality MunicipalityDetail `json:"municipality"`
}

func (a *API) municipalities() {
	add(a, "municipalities", "/municipalities", (*call).listMunicipalities)
	add(a, "municipality", "/municipalities/{code}", (*call).oneMunicipality)
}

func (c *call) listMunicipalities(in *MunicipalitiesInput) (*Municipalities, error) {
	list := c.Regions.All()
	if in.Search != "" {
		if list = c.Regions.Search(in.Search); len(list) == 0 {
			return nil, c.notFound(noSearch, in.Search)
		}
	}
	if in.Agreement != "" && c.Catalogue.Agreement(in.Agreement) == nil {
		return nil, c.notFound(unknownAgreement, in.Agreement)
	}
	out := &Municipalities{Envelope: c.envelope(), Municipalities: []Municipality{}}
	for _, m := range list {
		if in.Agreement == "" || c.agreementOf(m.Code) == in.Agreement {
			out.Municipalities = append(out.Municipalities, c.describeMunicipality(m))
		}
	}
	if len(out.Municipalities) == 0 {
		return nil, c.notFound(noSearch, in.Search)
	}
	return out, nil
}

func (c *call) oneMunicipality(in *MunicipalityInput) (*OneMunicipality, error) {
	if err := c.municipality(in.Code); err != nil {
		return nil, err
	}
	m, err := c.Regions.Municipality(in.Code)
	if err != nil {
		return nil, err
	}
	d := MunicipalityDetail{
		Municipality: c.describeMunicipality(m), BorderChange: m.BorderChange,
		Earlier: []Code{}, Neighbours: []Named{}, Indicators: []YearsHeld{},
	}
	for _, s := range m.Earlier {
		d.Earlier = append(d.Earlier, Code{s.Code, s.From, s.To})
	}
	for _, n := range m.Neighbours {
		d.Neighbours = append(d.Neighbours, Named{n, c.name(n)})
	}
	for i := range c.Catalogue.Indicators {
		id := c.Catalogue.Indicators[i].ID
		if v := c.Cube.Values(id, m.Code, 1); len(v) > 0 {
			d.Indicators = append(d.Indicators, YearsHeld{id, int(v[0].Year), int(v[len(v)-1].Year), valuesURL(id, m.Code)})
		}
	}
	return &OneMunicipality{c.envelope(), d}, nil
}

func valuesURL(indicator, municipality string) string {
	return Base + "/values?indicator=" + indicator + "&municipality=" + municipality
}

func (c *call) describeMunicipality(m regions.Municipality) Municipality {
	out := Municipality{
		Code: m.Code, Name: m.Name, NameSami: m.NameSami, NameKven: m.NameKven,
		County: Named{m.County, m.CountyName}, Centrality: Centrality{m.CentralityClass, m.CentralityIndex},
		Agreement: c.agreementOf(m.Code), Figures: len(c.Cube.Values("population", m.Code, 1)) > 0,
		Links: map[string]string{"self": Base + "/municipalities/" + m.Code},
	}
	if out.Figures {
		out.Links["values"] = valuesURL("population", m.Code)
	}
	if len(c.Cube.Members(m.Code)) > 0 {
		out.Links["comparison-group"] = Base + "/comparison-groups?municipality=" + m.Code
	}
	if out.Agreement != "" {
		out.Links["agreement"] = Base + "/agreements/" + out.Agreement
		out.Links["attainment"] = Base + "/attainment?agreement=" + out.Agreement + "&municipality=" + m.Code
	}
	return out
}

func (c *call) agreementOf(code string) string {
	if a := c.Catalogue.AgreementOf(code); a != nil {
		return a.ID
	}
	return ""
}

// name is what a region is called: a municipality, or an agreement.
func (c *call) name(region string) string {
	if m, err := c.Regions.Municipality(region); err == nil {
		return m.Name
	}
	if a := c.Catalogue.Agreement(region); a != nil {
		return a.Name.In(c.lang)
	}
	return region
}
