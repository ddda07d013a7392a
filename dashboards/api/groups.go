package api

import (
	"net/http"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// Group is a municipality's comparison group.
type Group struct {
	Municipality string            `json:"municipality"`
	Name         string            `json:"name"`
	Rule         string            `json:"rule" doc:"Version of the rule the group was made by."`
	Members      []GroupMember     `json:"members" doc:"In order of likeness, which is no order of merit."`
	Excluded     []Excluded        `json:"excluded" doc:"Who was kept out, with the first rule that applies."`
	Balance      []Balance         `json:"balance"`
	Links        map[string]string `json:"links"`
}

// GroupMember is one municipality of a group.
type GroupMember struct {
	Municipality string `json:"municipality"`
	Name         string `json:"name"`
	Position     int    `json:"position"`
	Distance     Number `json:"distance" doc:"Standardised distance on the covariates."`
}

// Excluded is a municipality kept out of a group.
type Excluded struct {
	Municipality string `json:"municipality"`
	Name         string `json:"name"`
	Reason       string `json:"reason" doc:"The rule."`
	Text         string `json:"text" doc:"The rule in words."`
}

// Balance compares a municipality with its group on one covariate.
type Balance struct {
	Covariate     string `json:"covariate"`
	Title         string `json:"title"`
	Own           Number `json:"own"`
	GroupMean     Number `json:"group_mean"`
	GroupSD       Number `json:"group_sd"`
	StdDifference Number `json:"std_difference" doc:"(own − group mean) / sd over all eligible donors."`
	Outside       bool   `json:"outside" doc:"The municipality lies outside the group's range."`
}

// GroupsInput names municipalities.
type GroupsInput struct {
	About
	Municipality []string `query:"municipality" required:"true" minItems:"1" maxItems:"400" doc:"Municipality codes as a comma list." example:"3425"`
}

// Groups is the answer.
type Groups struct {
	Envelope
	Groups []Group `json:"groups"`
}

func (a *API) comparisonGroups() {
	add(a, "comparison-groups", "/comparison-groups", (*call).groups)
}

func (c *call) groups(in *GroupsInput) (*Groups, error) {
	regions, err := c.regions(in.Municipality)
	if err != nil {
		return nil, err
	}
	if len(regions) == 0 {
		return nil, c.problem(http.StatusUnprocessableEntity, askOne, "municipality")
	}
	out := &Groups{c.envelope(), []Group{}}
	for _, r := range regions {
		g, ok := c.group(r)
		if !ok {
			return nil, c.notFound(noGroup, r)
		}
		out.Groups = append(out.Groups, g)
	}
	return out, nil
}

func (c *call) group(region string) (Group, bool) {
	members := c.Cube.Members(region)
	if len(members) == 0 {
		return Group{}, false
	}
	g := Group{
		Municipality: region, Name: c.name(region), Rule: members[0].Version,
		Members: []GroupMember{}, Excluded: []Excluded{}, Balance: []Balance{},
		Links: map[string]string{"municipality": Base + "/municipalities/" + region},
	}
	for _, m := range members {
		g.Members = append(g.Members, GroupMember{m.Peer, c.name(m.Peer), int(m.Position), Number(m.Distance)})
	}
	rule := c.Catalogue.Comparison("default")
	for _, e := range c.Cube.Exclusions(region) {
		g.Excluded = append(g.Excluded, Excluded{e.Peer, c.name(e.Peer), e.Reason, c.exclusionText(rule, e.Reason)})
	}
	for _, b := range c.Cube.Balance(region) {
		g.Balance = append(g.Balance, Balance{
			b.Covariate, c.covariateTitle(rule, b.Covariate), Number(b.Own), Number(b.GroupMean), Number(b.GroupSD), Number(b.StdDifference), b.Outside,
		})
	}
	return g, true
}

func (c *call) exclusionText(rule *catalogue.Comparison, id string) string {
	if rule != nil {
		for _, e := range rule.Exclusions {
			if string(e.Rule) == id {
				return e.Text.In(c.lang)
			}
		}
	}
	return c.word("exclusion.", id)
}

func (c *call) covariateTitle(rule *catalogue.Comparison, id string) string {
	if rule != nil {
		for _, v := range rule.Covariates {
			if v.ID == id {
				return v.Title.In(c.lang)
			}
		}
	}
	return id
}

// word is a code in words, or the code where there are none.
func (c *call) word(prefix, code string) string {
	if l := locale.Lang(c.lang); locale.Has(l, prefix+code) {
		return locale.Text(l, prefix+code)
	}
	return code
}
