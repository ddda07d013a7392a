package pages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/regions"
)

type municipalitiesBody struct {
	Query    string
	Searched bool
	// Rows are the pilots, or what was found.
	Rows []municipalityRow
}

type municipalityRow struct {
	regions.Municipality
	Agreement *catalogue.Agreement
	// HasFigures says that the release has values for it.
	HasFigures bool
}

// municipalitiesPage lists the municipalities with an agreement, and searches
// all by name in Norwegian, Sámi or Kven, or by code.
func municipalitiesPage(v *visit) (*page, error) {
	b := municipalitiesBody{Query: strings.TrimSpace(v.query.Get("q"))}
	b.Searched = b.Query != ""
	var found []regions.Municipality
	if b.Searched {
		found = v.Regions.Search(b.Query)
	} else {
		for _, code := range v.Catalogue.Pilots() {
			if m, err := v.Regions.Municipality(code); err == nil {
				found = append(found, m)
			}
		}
		regions.SortByName(found)
	}
	for _, m := range found {
		b.Rows = append(b.Rows, municipalityRow{m, v.Catalogue.AgreementOf(m.Code), v.Cube.Values(population, m.Code, 1) != nil})
	}
	return &page{Name: "municipalities", Title: v.t("municipalities.title"), Section: "municipalities", Body: b}, nil
}

// population is the id of the one indicator every municipality with figures has.
const population = "population"

type municipalityBody struct {
	regions.Municipality
	Agreement *catalogue.Agreement
	Themes    []themeTable
	Sources   []source
	Missing   []missingIndicator
	Group     int
	// Goals are those of its agreement that have a judged indicator, with the
	// municipality's own row for each.
	Goals []goalCard
}

// themeTable is the indicators of one theme.
type themeTable struct {
	Theme catalogue.Theme
	Rows  []indicatorRow
}

type indicatorRow struct {
	*catalogue.Indicator
	Year       int32
	Value      figure
	Limits     limits
	Base       string
	BaseFrom   int32
	BaseTo     int32
	Difference figure
	DiffLimits limits
	Reason     string
	Spark      *spark
}

var themes = []catalogue.Theme{catalogue.ThemeOverarching, catalogue.ThemeRecruitment, catalogue.ThemeLabourReserve, catalogue.ThemeHousing}

func municipalityPage(v *visit) (*page, error) {
	m, err := v.municipality()
	if err != nil {
		return nil, err
	}
	b := municipalityBody{Municipality: m, Agreement: v.Catalogue.AgreementOf(m.Code), Group: len(v.Cube.Members(m.Code))}
	if b.Agreement != nil {
		b.Goals = v.ownGoals(b.Agreement, m.Code)
	}
	for _, theme := range themes {
		t := themeTable{Theme: theme}
		for i := range v.Catalogue.Indicators {
			ind := &v.Catalogue.Indicators[i]
			// An indicator with several themes stands under its first.
			if len(ind.Themes) == 0 || ind.Themes[0] != theme {
				continue
			}
			row, ok := v.indicatorRow(ind, m.Code)
			if !ok {
				b.Missing = append(b.Missing, missingIndicator{v.indicatorName(ind.ID), "", v.sources(ind)})
				continue
			}
			t.Rows = append(t.Rows, row)
			b.Sources = v.addSources(b.Sources, ind)
		}
		if len(t.Rows) > 0 {
			b.Themes = append(b.Themes, t)
		}
	}
	return &page{Name: "municipality", Title: m.NameNB, Section: "municipalities", Crumbs: []crumb{{"/kommuner", v.t("nav.municipalities")}}, Body: b}, nil
}

// ownGoals returns the agreement's goals with one municipality's verdicts on what
// leads and supports each: what is only context is not judged.
func (v *visit) ownGoals(a *catalogue.Agreement, code string) []goalCard {
	var out []goalCard
	for i := range a.Goals {
		card := v.goalCard(a, &a.Goals[i], catalogue.Lead, catalogue.Support)
		var own []judged
		for _, j := range card.Indicators {
			j.Rows = slices.DeleteFunc(j.Rows, func(r verdictRow) bool { return r.Place.Code != code })
			if len(j.Rows) > 0 {
				own = append(own, j)
			}
		}
		if card.Indicators = own; len(own) > 0 {
			out = append(out, card)
		}
	}
	slices.SortStableFunc(out, func(x, y goalCard) int { return cmp.Compare(rank(x.ID), rank(y.ID)) })
	return out
}

// addSources adds the sources of an indicator that are not there already.
func (v *visit) addSources(list []source, ind *catalogue.Indicator) []source {
	for _, s := range v.sources(ind) {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func (v *visit) municipality() (regions.Municipality, error) {
	code := v.params.ByName("code")
	m, err := v.Regions.Municipality(code)
	if err == nil {
		return m, nil
	}
	if now := v.successor(); now != nil {
		return m, v.notFound("error.old-code", "code", code, "current", now.Code)
	}
	return m, v.notFound("error.no-municipality", "code", code)
}

// successor is the municipality of today that the code in the address, no longer
// in use, belongs to; nil when there is none.
func (v *visit) successor() *place {
	current, how, err := v.Regions.Harmonise(v.params.ByName("code"), 0)
	if err != nil || current == "" || how == regions.Same {
		return nil
	}
	now := v.place(current)
	return &now
}

// indicatorRow is an indicator's newest value for a region; ok is false when
// the release has none.
func (v *visit) indicatorRow(ind *catalogue.Indicator, region string) (row indicatorRow, ok bool) {
	values := v.Cube.Values(ind.ID, region, 1)
	if len(values) == 0 {
		return row, false
	}
	last, ok := newest(values)
	if !ok {
		last = values[len(values)-1]
	}
	row = indicatorRow{
		Indicator: ind, Year: last.Year, Value: v.figure(last.Value, ind.Decimals, last.Status),
		Limits: v.limits(last.Lower, last.Upper, ind.Decimals), Spark: v.spark(values, ind.Decimals),
		Difference: v.signed(cube.Null, 0),
	}
	if c := v.Cube.Change(ind.ID, region); c != nil {
		row.BaseFrom, row.BaseTo, row.Reason = c.BaseFrom, c.BaseTo, c.Reason
		row.Difference = v.signed(c.Difference, ind.Decimals)
		row.DiffLimits = v.limits(c.DifferenceLower, c.DifferenceUpper, ind.Decimals)
	}
	return row, true
}

type comparisonBody struct {
	Place     place
	Agreement *catalogue.Agreement
	Rule      *catalogue.Comparison
	Members   []memberRow
	Balance   []balanceRow
	// Reasons are the exclusions by reason, in the rule's order.
	Reasons []exclusionGroup
	Version string
	Sources []source
}

type memberRow struct {
	place
	County   string
	Position int32
	Distance figure
}

type balanceRow struct {
	Title         string
	Own, Mean, SD figure
	Std           figure
	Outside       bool
}

type exclusionGroup struct {
	Rule   string
	Text   string
	Places []place
}

// comparisonPage shows whom a municipality, or an agreement's municipalities
// taken together, are compared with, and why not with the others.
func comparisonPage(v *visit) (*page, error) {
	code := v.params.ByName("code")
	b := comparisonBody{Agreement: v.Catalogue.Agreement(code), Rule: v.Catalogue.Comparison("default")}
	title := ""
	crumbs := []crumb{{"/kommuner", v.t("nav.municipalities")}}
	if b.Agreement != nil {
		b.Place = v.place(code)
		title = v.text(b.Agreement.Name)
		crumbs = []crumb{{"/avtaler", v.t("nav.agreements")}, {"/avtaler/" + code, title}}
	} else {
		m, err := v.municipality()
		if err != nil {
			return nil, err
		}
		b.Place, b.Agreement = v.place(m.Code), v.Catalogue.AgreementOf(m.Code)
		title = m.NameNB
		crumbs = append(crumbs, crumb{"/kommuner/" + code, title})
	}
	for _, m := range v.Cube.Members(code) {
		row := memberRow{place: v.place(m.Peer), Position: m.Position, Distance: v.figure(m.Distance, 2, data.OK)}
		if r, err := v.Regions.Municipality(m.Peer); err == nil {
			row.County = r.CountyName
		}
		b.Members, b.Version = append(b.Members, row), m.Version
	}
	b.Balance, b.Reasons = v.balance(b.Rule, code), v.exclusions(b.Rule, code)
	if b.Rule != nil {
		for _, c := range b.Rule.Covariates {
			if ind := v.Catalogue.Indicator(c.Indicator); ind != nil {
				b.Sources = v.addSources(b.Sources, ind)
			}
		}
	}
	return &page{Name: "comparison", Title: v.t("comparison.title", "place", title), Section: "municipalities", Crumbs: crumbs, Body: b}, nil
}

func (v *visit) balance(rule *catalogue.Comparison, region string) []balanceRow {
	var out []balanceRow
	for _, x := range v.Cube.Balance(region) {
		row := balanceRow{Title: x.Covariate, Outside: x.Outside, Std: v.signed(x.StdDifference, 2)}
		decimals := 2
		if rule != nil {
			if i := slices.IndexFunc(rule.Covariates, func(c catalogue.Covariate) bool { return c.ID == x.Covariate }); i >= 0 {
				row.Title = v.text(rule.Covariates[i].Title)
				if rule.Covariates[i].Attribute != "" {
					decimals = 0
				}
			}
		}
		row.Own, row.Mean, row.SD = v.figure(x.Own, decimals, data.OK), v.figure(x.GroupMean, decimals, data.OK), v.figure(x.GroupSD, decimals, data.OK)
		out = append(out, row)
	}
	return out
}

func (v *visit) exclusions(rule *catalogue.Comparison, region string) []exclusionGroup {
	by := map[string][]place{}
	var order []string
	for _, e := range v.Cube.Exclusions(region) {
		if by[e.Reason] == nil {
			order = append(order, e.Reason)
		}
		by[e.Reason] = append(by[e.Reason], v.place(e.Peer))
	}
	position := func(reason string) int {
		if rule == nil {
			return -1
		}
		return slices.IndexFunc(rule.Exclusions, func(x catalogue.Exclusion) bool { return string(x.Rule) == reason })
	}
	slices.SortStableFunc(order, func(a, b string) int { return position(a) - position(b) })
	var out []exclusionGroup
	for _, reason := range order {
		g := exclusionGroup{Rule: reason, Places: by[reason], Text: v.t("exclusion." + reason)}
		if i := position(reason); i >= 0 {
			g.Text = v.text(rule.Exclusions[i].Text)
		}
		out = append(out, g)
	}
	return out
}
