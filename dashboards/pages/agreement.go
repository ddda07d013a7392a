package pages

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// agreementRow is one agreement in a list.
type agreementRow struct {
	*catalogue.Agreement
	Places []place
	// Goals is the number of goals of its own; the programme's common aims are
	// not counted.
	Goals int
}

func (v *visit) agreementRows() []agreementRow {
	rows := make([]agreementRow, len(v.Catalogue.Agreements))
	for i := range v.Catalogue.Agreements {
		a := &v.Catalogue.Agreements[i]
		rows[i] = agreementRow{Agreement: a, Places: v.places(a.Codes()), Goals: len(delmal(a))}
	}
	return rows
}

// delmal returns the goals that are numbered in the agreement.
func delmal(a *catalogue.Agreement) []*catalogue.Goal {
	var out []*catalogue.Goal
	for i := range a.Goals {
		if a.Goals[i].ID != overarching {
			out = append(out, &a.Goals[i])
		}
	}
	return out
}

// overarching is the id of the overarching aims in every agreement.
const overarching = "overarching"

type frontBody struct {
	Agreements []agreementRow
	// Home is the agreement whose text is held most whole.
	Home           *agreementRow
	Municipalities int
	Indicators     int
	WithFigures    int
}

func frontPage(v *visit) (*page, error) {
	b := frontBody{Agreements: v.agreementRows(), Municipalities: len(v.Catalogue.Pilots()), Indicators: len(v.Catalogue.Indicators)}
	for i := range b.Agreements {
		if r := &b.Agreements[i]; r.Goals > 0 && (b.Home == nil || r.Goals > b.Home.Goals) {
			b.Home = r
		}
	}
	for _, ind := range v.Catalogue.Indicators {
		if v.hasValues(ind.ID) {
			b.WithFigures++
		}
	}
	return &page{Name: "front", Title: v.t("front.title"), Description: v.t("front.lead"), Body: b}, nil
}

func agreementsPage(v *visit) (*page, error) {
	return &page{Name: "agreements", Title: v.t("agreements.title"), Section: "agreements", Body: v.agreementRows()}, nil
}

// clock is where an agreement's period stands, seen from the day the release
// was built: a page of an old release says the same for ever.
type clock struct {
	Signed, InForce, Ends catalogue.Date
	// Known says that both ends are known; Passed of Total whole months then
	// have passed at Seen.
	Known         bool
	Passed, Total int
	Over          bool
	Seen          time.Time
}

func (v *visit) clock(a *catalogue.Agreement) clock {
	c := clock{Signed: a.Period.Signed, InForce: a.Period.InForce, Ends: a.Period.Ends, Seen: v.Info.Created}
	from, ok := a.Period.InForce.Time()
	if !ok {
		from, ok = a.Period.Signed.Time()
	}
	to, okTo := a.Period.Ends.Time()
	if c.Known = ok && okTo && to.After(from); c.Known {
		c.Total = months(from, to)
		c.Passed = min(max(0, months(from, c.Seen)), c.Total)
		c.Over = c.Seen.After(to)
	}
	return c
}

// months is the number of months from a to b, the last one begun counted.
func months(a, b time.Time) int {
	n := 12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month())
	if b.Day() > a.Day() {
		n++
	}
	return n
}

type agreementBody struct {
	*catalogue.Agreement
	Places      []place
	Clock       clock
	Goals       []goalCard
	Plans       []planView
	Parties     []partyRow
	Efforts     []effortRow
	LegalRoom   []legalRow
	References  []catalogue.Reference
	LeftOut     []leftOut
	Evaluated   bool
	Obligations int
	UnknownKeys []string
}

type leftOut struct {
	ID     string
	Title  catalogue.Text
	Reason catalogue.Text
}

type partyRow struct {
	catalogue.Party
	Obligations int
	Goals       []string
}

type legalRow struct {
	catalogue.LegalRoom
	Goal *catalogue.Goal
}

type effortRow struct {
	catalogue.Effort
	Places     []place
	Indicators []named
}

// named is an id with a name to read and a page to go to.
type named struct{ ID, Title, Href string }

func (v *visit) indicatorName(id string) named {
	n := named{ID: id, Title: id, Href: "/indikatorer/" + id}
	if ind := v.Catalogue.Indicator(id); ind != nil {
		n.Title = v.text(ind.Title)
	}
	return n
}

func agreementPage(v *visit) (*page, error) {
	a, err := v.agreement()
	if err != nil {
		return nil, err
	}
	b := agreementBody{
		Agreement: a, Places: v.places(a.Codes()), Clock: v.clock(a), Plans: v.plans(a, ""), References: a.References,
		Efforts: v.efforts(a.Codes(), nil), Evaluated: v.evaluated(a), Obligations: len(a.Obligations),
	}
	for i := range a.Goals {
		b.Goals = append(b.Goals, v.goalCard(a, &a.Goals[i], catalogue.Lead))
	}
	// The numbered goals are what the parties agreed to work on; the overarching
	// aims come after them.
	slices.SortStableFunc(b.Goals, func(x, y goalCard) int { return cmp.Compare(rank(x.ID), rank(y.ID)) })
	b.Parties, b.LegalRoom = v.parties(a), legalRoom(a)
	for _, l := range a.LeftOut {
		if ind := v.Catalogue.Indicator(l.Indicator); ind != nil {
			b.LeftOut = append(b.LeftOut, leftOut{ind.ID, ind.Title, l.Reason})
		}
	}
	for _, u := range a.Unknown {
		b.UnknownKeys = append(b.UnknownKeys, "unknown."+u)
	}
	return &page{
		Name: "agreement", Title: v.text(a.Name), Section: "agreements",
		Crumbs: []crumb{{"/avtaler", v.t("nav.agreements")}}, Body: b,
	}, nil
}

func rank(goal string) int {
	if goal == overarching {
		return 1
	}
	return 0
}

func (v *visit) parties(a *catalogue.Agreement) []partyRow {
	var out []partyRow
	for _, p := range a.Parties {
		r := partyRow{Party: p}
		for _, o := range a.Obligations {
			if slices.Contains(o.Owes, p.ID) {
				r.Obligations++
			}
		}
		for i := range a.Goals {
			g := &a.Goals[i]
			if slices.Contains(g.Parties, p.ID) || slices.Contains(g.MayInvite, p.ID) {
				r.Goals = append(r.Goals, v.goalName(g))
			}
		}
		out = append(out, r)
	}
	return out
}

// goalName is what a goal is called in running text: delmål 1, or the
// overarching aims.
func (v *visit) goalName(g *catalogue.Goal) string {
	if g.ID == overarching {
		return v.t("goal.overarching")
	}
	return v.t("goal.numbered", "n", g.ID)
}

func legalRoom(a *catalogue.Agreement) []legalRow {
	var out []legalRow
	for i := range a.Goals {
		for _, l := range a.Goals[i].LegalRoom {
			out = append(out, legalRow{l, &a.Goals[i]})
		}
	}
	return out
}

// efforts returns the other effort that touches any of the municipalities and,
// unless indicators is nil, may be seen in one of those. Effort whose geography
// is not known is shown: leaving it out would say that it touches no one.
func (v *visit) efforts(codes, indicators []string) []effortRow {
	var out []effortRow
	for i := range v.Catalogue.Efforts {
		e := &v.Catalogue.Efforts[i]
		if indicators != nil && !slices.ContainsFunc(e.Indicators, func(id string) bool { return slices.Contains(indicators, id) }) {
			continue
		}
		row := effortRow{Effort: *e}
		for _, code := range codes {
			m, err := v.Regions.Municipality(code)
			if err == nil && e.Geography.Touches(code, m.CentralityClass, m.Pilot) {
				row.Places = append(row.Places, v.place(code))
			}
		}
		if len(row.Places) == 0 && e.Geography.Known() {
			continue
		}
		for _, id := range e.Indicators {
			row.Indicators = append(row.Indicators, v.indicatorName(id))
		}
		out = append(out, row)
	}
	return out
}

// planView is a plan edition with names in place of ids.
type planView struct {
	*catalogue.Plan
	Measures []measureView
}

type measureView struct {
	catalogue.Measure
	GoalName              string
	Responsible, Partners []string
	Indicators            []named
}

// plans returns the plan editions of an agreement, newest first, with the
// measures of one goal or, for "", of all.
func (v *visit) plans(a *catalogue.Agreement, goal string) []planView {
	var out []planView
	for _, p := range slices.Backward(v.Catalogue.PlansOf(a.ID)) {
		view := planView{Plan: p}
		for _, m := range p.Measures {
			if goal != "" && m.Goal != goal {
				continue
			}
			mv := measureView{Measure: m, GoalName: m.Goal, Responsible: partyNames(a, m.Responsible), Partners: partyNames(a, m.Partners)}
			if g := a.Goal(m.Goal); g != nil {
				mv.GoalName = v.goalName(g)
			}
			for _, id := range m.Indicators {
				mv.Indicators = append(mv.Indicators, v.indicatorName(id))
			}
			view.Measures = append(view.Measures, mv)
		}
		if len(view.Measures) > 0 {
			out = append(out, view)
		}
	}
	return out
}

func partyNames(a *catalogue.Agreement, ids []string) []string {
	var out []string
	for _, id := range ids {
		name := id
		if p := a.Party(id); p != nil {
			name = p.Name
		}
		out = append(out, name)
	}
	return out
}

// goalCard is a goal with how far its indicators have come.
type goalCard struct {
	*catalogue.Goal
	Agreement  string
	Name       string
	Indicators []judged
	// Missing are the indicators of the goal this release has no figures for.
	Missing []missingIndicator
}

type missingIndicator struct {
	named
	Role    catalogue.IndicatorRole
	Sources []source
}

// judged is one indicator of one goal: a row for each municipality and one for
// all of them together.
type judged struct {
	*catalogue.Indicator
	Role      catalogue.IndicatorRole
	Why       catalogue.Text
	Judgement catalogue.Judgement
	Target    catalogue.Target
	Sources   []source
	Rows      []verdictRow
	// Chart has the codes to draw.
	Codes string
}

// verdictRow is how one place has come on one indicator.
type verdictRow struct {
	Place      place
	From, To   int32
	Value      figure
	Limits     limits
	Baseline   figure
	BaseFrom   int32
	BaseTo     int32
	Difference figure
	DiffLimits limits
	// Versus is the difference to the comparison group, nil unless that is what
	// is judged; Detectable is then the smallest such difference to be seen.
	Versus     *comparisonView
	Detectable figure
	// Basis are the cautions that belong to a verdict of a clear movement.
	Basis []string
	// TargetKind is none where nothing is agreed.
	TargetKind            string
	Target                figure
	TargetLow, TargetHigh figure
	TargetYear            int32
	Share                 figure
	ShareLimits           limits
	ShareReason           string
	Method                string
	Verdict, Reason       string
}

// goalCard gathers the indicators of a goal with one of the roles, or all.
func (v *visit) goalCard(a *catalogue.Agreement, g *catalogue.Goal, roles ...catalogue.IndicatorRole) goalCard {
	card := goalCard{Goal: g, Agreement: a.ID, Name: v.goalName(g)}
	for _, gi := range g.Indicators {
		ind := v.Catalogue.Indicator(gi.Indicator)
		if ind == nil || len(roles) > 0 && !slices.Contains(roles, gi.Role) {
			continue
		}
		if !v.hasValues(ind.ID) {
			card.Missing = append(card.Missing, missingIndicator{v.indicatorName(ind.ID), gi.Role, v.sources(ind)})
			continue
		}
		j := judged{Indicator: ind, Role: gi.Role, Why: gi.Why, Judgement: gi.Judgement, Target: gi.Target, Sources: v.sources(ind), Codes: codeList(a.Codes())}
		for _, region := range append(a.Codes(), a.ID) {
			for _, row := range v.Cube.Attainment(a.ID, "", region) {
				if row.Indicator == ind.ID && strings.TrimPrefix(row.Goal, a.ID+"/") == g.ID {
					j.Rows = append(j.Rows, v.verdictRow(ind, row))
				}
			}
		}
		card.Indicators = append(card.Indicators, j)
	}
	return card
}

func (v *visit) verdictRow(ind *catalogue.Indicator, a cube.Attainment) verdictRow {
	d := ind.Decimals
	r := verdictRow{
		Place: v.place(a.Region), From: a.From, To: a.To, BaseFrom: a.BaseFrom, BaseTo: a.BaseTo,
		Value: v.figure(a.Value, d, data.OK), Limits: v.limits(a.Lower, a.Upper, d), Baseline: v.figure(a.Baseline, d, data.OK),
		Difference: v.signed(a.Difference, d), DiffLimits: v.limits(a.DiffLower, a.DiffUpper, d), Detectable: v.figure(a.Detectable, d, data.OK),
		TargetKind: a.TargetKind, Target: v.figure(a.Target, d, data.OK), TargetLow: v.figure(a.TargetLow, d, data.OK),
		TargetHigh: v.figure(a.TargetHigh, d, data.OK), TargetYear: a.TargetYear,
		ShareReason: a.ShareReason, Method: a.Method, Verdict: a.Verdict, Reason: a.Reason,
	}
	percent := func(f cube.Float) cube.Float { return f * 100 }
	r.Share = v.figure(percent(a.Share), 0, data.OK)
	r.ShareLimits = v.limits(percent(a.ShareLower), percent(a.ShareUpper), 0)
	seen := a.Difference
	if a.Method == string(catalogue.JudgeComparison) {
		r.Versus, seen = v.comparisonView(ind, a.Region), cube.Null
		if c := v.Cube.Comparison(ind.ID, a.Region); c != nil {
			seen = c.Estimate
		}
	}
	r.Basis = v.basis(a, seen)
	return r
}

// basis tells what a verdict of a clear movement rests on where that is little:
// a single year, or a movement smaller than the place could be counted on to
// show. Estimates that pass a test of low power are too large on average
// (Gelman and Carlin 2014, Perspectives on Psychological Science 9(6)).
func (v *visit) basis(a cube.Attainment, seen cube.Float) []string {
	switch indicators.Verdict(a.Verdict) {
	case indicators.Achieved, indicators.OnTrack, indicators.SomeProgress, indicators.Decline:
	default:
		return nil
	}
	var out []string
	if a.From == a.To {
		out = append(out, v.t("basis.one-year", "year", a.To))
	}
	if seen.OK() && a.Detectable.OK() && math.Abs(float64(seen)) < float64(a.Detectable) {
		out = append(out, v.t("basis.weak"))
	}
	return out
}

type goalBody struct {
	goalCard
	// Groups are the indicators by the part they play.
	Groups        []roleGroup
	AgreementName catalogue.Text
	Places        []place
	PartyNames    []string
	InviteNames   []string
	SeenWith      []named
	Plans         []planView
	Obligations   []obligationRow
	Efforts       []effortRow
}

type roleGroup struct {
	Role       catalogue.IndicatorRole
	Indicators []judged
}

func byRole(list []judged) []roleGroup {
	var out []roleGroup
	for _, role := range []catalogue.IndicatorRole{catalogue.Lead, catalogue.Support, catalogue.ContextRole} {
		g := roleGroup{Role: role}
		for _, j := range list {
			if j.Role == role {
				g.Indicators = append(g.Indicators, j)
			}
		}
		if len(g.Indicators) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func goalPage(v *visit) (*page, error) {
	a, err := v.agreement()
	if err != nil {
		return nil, err
	}
	id := v.params.ByName("goal")
	g := a.Goal(id)
	if g == nil {
		return nil, v.notFound("error.no-goal", "id", id, "agreement", v.text(a.Name))
	}
	var ids []string
	for _, gi := range g.Indicators {
		ids = append(ids, gi.Indicator)
	}
	b := goalBody{
		goalCard: v.goalCard(a, g), AgreementName: a.Name, Places: v.places(a.Codes()), PartyNames: partyNames(a, g.Parties),
		InviteNames: partyNames(a, g.MayInvite), Plans: v.plans(a, g.ID), Efforts: v.efforts(a.Codes(), ids),
	}
	b.Groups = byRole(b.Indicators)
	for _, id := range g.SeenWith {
		if other := a.Goal(id); other != nil {
			b.SeenWith = append(b.SeenWith, named{other.ID, v.goalName(other), "/avtaler/" + a.ID + "/delmal/" + other.ID})
		}
	}
	for _, o := range a.Obligations {
		if o.Goal == g.ID {
			b.Obligations = append(b.Obligations, obligationRow{o, partyNames(a, o.Owes)})
		}
	}
	title := g.Title
	if g.ID != overarching {
		title = v.t("goal.title", "n", g.ID, "title", g.Title)
	}
	return &page{
		Name: "goal", Title: title, Section: "agreements", Body: b,
		Crumbs: []crumb{{"/avtaler", v.t("nav.agreements")}, {"/avtaler/" + a.ID, v.text(a.Name)}},
	}, nil
}

type obligationRow struct {
	catalogue.Obligation
	OwedBy []string
}

type obligationsBody struct {
	*catalogue.Agreement
	// Chosen is the party the list is limited to, or nil.
	Chosen *catalogue.Party
	Rows   []obligationRow
}

// obligationsPage lists what the parties owe, all or one party's.
func obligationsPage(v *visit) (*page, error) {
	a, err := v.agreement()
	if err != nil {
		return nil, err
	}
	b := obligationsBody{Agreement: a}
	if id := v.query.Get("part"); id != "" {
		if b.Chosen = a.Party(id); b.Chosen == nil {
			return nil, v.notFound("error.no-party", "id", id)
		}
	}
	for _, o := range a.Obligations {
		if b.Chosen == nil || slices.Contains(o.Owes, b.Chosen.ID) {
			b.Rows = append(b.Rows, obligationRow{o, partyNames(a, o.Owes)})
		}
	}
	title := v.t("obligations.title")
	if b.Chosen != nil {
		title = v.t("obligations.title-of", "party", b.Chosen.Name)
	}
	return &page{
		Name: "obligations", Title: title, Section: "agreements", Body: b,
		Crumbs: []crumb{{"/avtaler", v.t("nav.agreements")}, {"/avtaler/" + a.ID, v.text(a.Name)}},
	}, nil
}

// evaluated reports whether the release has an effect estimated for the
// agreement or any of its municipalities.
func (v *visit) evaluated(a *catalogue.Agreement) bool {
	regions := append(a.Codes(), a.ID)
	return slices.ContainsFunc(v.Cube.Content.Effects, func(e cube.Effect) bool { return slices.Contains(regions, e.Region) })
}

// codeList joins codes for an address.
func codeList(codes []string) string {
	var out []byte
	for i, c := range codes {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, c...)
	}
	return string(out)
}
