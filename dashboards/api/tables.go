package api

import (
	"slices"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// Table is a planned table and what the release holds of it.
type Table struct {
	ID         string            `json:"id"`
	Title      string            `json:"title" doc:"The source's own title."`
	Kind       data.Kind         `json:"kind" enum:"recorded,live,simulated,none" doc:"Where its figures in the release are from; none where there are none."`
	Rows       int               `json:"rows" doc:"Figures in the release, missing ones with their status included."`
	Updated    *string           `json:"updated" doc:"When the source updated the figures; null when not known."`
	Retrieved  *string           `json:"retrieved" doc:"When they were fetched; null when not known."`
	Publisher  string            `json:"publisher" doc:"Who publishes the figures; that they are simulated where they are."`
	Licence    string            `json:"licence"`
	URL        string            `json:"url"`
	Cadence    string            `json:"cadence" enum:"yearly,quarterly,monthly,irregular,ended"`
	Unverified bool              `json:"unverified" doc:"The table or its codes were not seen in a live source when the plan was made."`
	Indicators []string          `json:"indicators" doc:"What is made from it."`
	Links      map[string]string `json:"links"`
}

// Tables is the answer.
type Tables struct {
	Envelope
	Tables []Table `json:"tables"`
}

func (a *API) tables() { add(a, "tables", "/tables", (*call).tables) }

func (c *call) tables(*ListInput) (*Tables, error) {
	out := &Tables{c.envelope(), []Table{}}
	for i := range c.Catalogue.Tables {
		t := c.describeTable(&c.Catalogue.Tables[i])
		if t.Rows = c.Info.TableRows[t.ID]; t.Rows > 0 {
			c.source(&t)
		}
		out.Tables = append(out.Tables, t)
	}
	return out, nil
}

func (c *call) describeTable(p *catalogue.Table) Table {
	t := Table{
		ID: p.ID, Title: p.Title, Kind: data.None, Publisher: p.Publisher, Licence: p.Licence, URL: p.URL,
		Cadence: string(p.Cadence), Unverified: p.Unverified, Indicators: []string{}, Links: map[string]string{},
	}
	for i := range c.Catalogue.Indicators {
		if ind := &c.Catalogue.Indicators[i]; slices.Contains(ind.Tables(), p.ID) {
			t.Indicators = append(t.Indicators, ind.ID)
		}
	}
	return t
}

// source fills in where the figures are from: the newest of a table's bodies.
func (c *call) source(t *Table) {
	t.Kind = c.Info.Kind
	var updated, retrieved string
	for _, s := range c.Cube.Sources {
		if s.Table == t.ID {
			// RFC 3339 in UTC sorts as text.
			updated, retrieved = max(updated, s.Updated), max(retrieved, s.Retrieved)
			t.Kind = data.Kind(s.Kind)
		}
	}
	if t.Kind == data.Simulated {
		// The table is SSB's pattern; the figures are nobody's.
		t.Publisher = simulated.In(c.lang)
	}
	if updated != "" {
		t.Updated = &updated
	}
	if retrieved != "" {
		t.Retrieved = &retrieved
	}
}
