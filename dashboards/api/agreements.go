package api

import (
	"strings"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// Agreement is an agreement in a list.
type Agreement struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Wave           int               `json:"wave" doc:"The round the pilot was chosen in."`
	County         Named             `json:"county"`
	Municipalities []Named           `json:"municipalities"`
	Signed         catalogue.Date    `json:"signed,omitempty" doc:"Day, month or year, or «unknown»."`
	InForce        catalogue.Date    `json:"in_force,omitempty"`
	Ends           catalogue.Date    `json:"ends,omitempty"`
	Unknown        []string          `json:"unknown" doc:"The parts no source was found for."`
	Links          map[string]string `json:"links"`
}

// AgreementDetail is all that is known of an agreement. What the agreement itself
// says is verbatim, in its own language.
type AgreementDetail struct {
	Agreement
	Language    string       `json:"language" enum:"nb,nn,unknown" doc:"The language the parties write."`
	InForceRule string       `json:"in_force_rule"`
	Themes      []string     `json:"themes"`
	Events      []Event      `json:"events"`
	Parties     []Party      `json:"parties"`
	Goals       []Goal       `json:"goals"`
	Obligations []Obligation `json:"obligations"`
	References  []Reference  `json:"references"`
	Baseline    Baseline     `json:"baseline"`
	LeftOut     []LeftOut    `json:"left_out" doc:"Core indicators the agreement does not use, with the reason."`
	Plans       []Plan       `json:"plans" doc:"Editions of the action plan, oldest first."`
	OtherEffort []Effort     `json:"other_effort" doc:"Other effort that touches the municipalities in the same period."`
	Notes       []string     `json:"notes"`
	Source      string       `json:"source"`
}

// Event is a dated fact.
type Event struct {
	Date     catalogue.Date `json:"date"`
	What     string         `json:"what"`
	Source   string         `json:"source"`
	Verified bool           `json:"verified"`
}

// Party is a party of an agreement.
type Party struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Role         string         `json:"role" enum:"main,special,cooperating,invitable"`
	Municipality string         `json:"municipality,omitempty"`
	OnBehalfOf   string         `json:"on_behalf_of,omitempty"`
	Includes     []string       `json:"includes"`
	Reservation  string         `json:"reservation,omitempty" doc:"A reservation taken, verbatim."`
	Approved     catalogue.Date `json:"approved,omitempty"`
	Paragraph    string         `json:"paragraph"`
}

// Goal is a sub-goal (delmål), or the overarching aims.
type Goal struct {
	ID         string          `json:"id"`
	Address    string          `json:"address" doc:"As agreement/goal."`
	Paragraph  string          `json:"paragraph"`
	Title      string          `json:"title" doc:"Official wording."`
	Text       string          `json:"text" doc:"Official wording."`
	Summary    string          `json:"summary"`
	Theme      string          `json:"theme"`
	Parties    []string        `json:"parties" doc:"Party ids."`
	MayInvite  []string        `json:"may_invite" doc:"Party ids."`
	SeenWith   []string        `json:"seen_with" doc:"Goal ids."`
	Indicators []GoalIndicator `json:"indicators"`
	LegalRoom  []LegalRoom     `json:"legal_room"`
}

// GoalIndicator ties an indicator to a goal.
type GoalIndicator struct {
	Indicator string  `json:"indicator"`
	Title     string  `json:"title"`
	Role      string  `json:"role" enum:"lead,support,context"`
	Why       string  `json:"why,omitempty"`
	Method    string  `json:"method" enum:"trend,target,comparison,milestone,rubric"`
	Agreed    *Agreed `json:"method_agreed,omitempty" doc:"Absent while the parties have not agreed on the way of judging."`
	Target    Target  `json:"target"`
}

// Agreed says by whom, when and in which plan edition.
type Agreed struct {
	By      []string       `json:"by" doc:"Party ids."`
	On      catalogue.Date `json:"on"`
	Edition string         `json:"edition"`
}

// Target is what the parties aim at.
type Target struct {
	Kind      string        `json:"kind" enum:"not-agreed,path,range,hold,threshold"`
	Points    []TargetPoint `json:"points"`
	Lower     *float64      `json:"lower,omitempty"`
	Upper     *float64      `json:"upper,omitempty"`
	Year      int           `json:"year,omitempty"`
	Tolerance *float64      `json:"tolerance,omitempty"`
	Agreed    *Agreed       `json:"agreed,omitempty"`
}

// TargetPoint is a value aimed at in a year.
type TargetPoint struct {
	Year  int     `json:"year"`
	Value float64 `json:"value"`
}

// LegalRoom is what the law opens for, or is in the way of.
type LegalRoom struct {
	ID     string `json:"id"`
	Status string `json:"status" enum:"not-mapped,opens,hinders,unclear"`
	Form   string `json:"form,omitempty"`
	Law    string `json:"law,omitempty"`
	Text   string `json:"text"`
}

// Obligation is something a party owes.
type Obligation struct {
	ID          string   `json:"id"`
	Paragraph   string   `json:"paragraph"`
	Owes        []string `json:"owes" doc:"Party ids."`
	Text        string   `json:"text" doc:"Verbatim."`
	Kind        string   `json:"kind" enum:"once,yearly,at-end,continuous"`
	Goal        string   `json:"goal,omitempty"`
	Truncated   bool     `json:"truncated" doc:"The text we hold is cut off here; the rest is not guessed."`
	Reservation string   `json:"reservation,omitempty"`
	Note        string   `json:"note,omitempty"`
}

// Reference is a document.
type Reference struct {
	ID        string         `json:"id"`
	Title     string         `json:"title"`
	Paragraph string         `json:"paragraph,omitempty"`
	Date      catalogue.Date `json:"date,omitempty"`
	URL       string         `json:"url,omitempty"`
	Verified  bool           `json:"verified"`
}

// Baseline is the point change is measured from.
type Baseline struct {
	Year int    `json:"year"`
	Rule string `json:"rule"`
}

// LeftOut is a core indicator not used.
type LeftOut struct {
	Indicator string `json:"indicator"`
	Reason    string `json:"reason"`
}

// Plan is an edition of the action plan.
type Plan struct {
	ID       string         `json:"id"`
	Year     int            `json:"year"`
	Status   string         `json:"status" enum:"example,draft,agreed,approved"`
	Label    string         `json:"label" doc:"To be shown with everything of the edition."`
	Approved catalogue.Date `json:"approved,omitempty"`
	Source   string         `json:"source"`
	Measures []Measure      `json:"measures"`
}

// Measure is a tiltak.
type Measure struct {
	ID          string         `json:"id"`
	Goal        string         `json:"goal"`
	Title       string         `json:"title"`
	Responsible []string       `json:"responsible" doc:"Party ids."`
	Partners    []string       `json:"partners" doc:"Party ids."`
	From        catalogue.Date `json:"from"`
	To          catalogue.Date `json:"to"`
	Milestones  []Milestone    `json:"milestones"`
	Chain       Chain          `json:"chain"`
	Method      string         `json:"method"`
	Indicators  []string       `json:"indicators"`
	Tags        []string       `json:"tags"`
}

// Chain is the reasoning from effort to effect.
type Chain struct {
	Input    string `json:"input"`
	Activity string `json:"activity"`
	Result   string `json:"result"`
	Effect   string `json:"effect"`
}

// Milestone is a dated step.
type Milestone struct {
	Text string         `json:"text"`
	Due  catalogue.Date `json:"due"`
	Done catalogue.Date `json:"done,omitempty"`
}

// Effort is other effort.
type Effort struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Authority  string         `json:"authority" doc:"Who decides it; empty where that is not verified."`
	Basis      string         `json:"basis"`
	Dose       string         `json:"dose"`
	From       catalogue.Date `json:"from"`
	To         catalogue.Date `json:"to"`
	Touches    []string       `json:"touches" doc:"The municipalities of the agreement it reaches."`
	Indicators []string       `json:"indicators" doc:"Where it may be seen."`
	Verified   bool           `json:"verified"`
	Source     string         `json:"source"`
	Note       string         `json:"note,omitempty"`
}

// Agreements is the answer.
type Agreements struct {
	Envelope
	Agreements []Agreement `json:"agreements"`
}

// OneAgreement is the answer.
type OneAgreement struct {
	Envelope
	Agreement AgreementDetail `json:"agreement"`
}

func (a *API) agreements() {
	add(a, "agreements", "/agreements", (*call).listAgreements)
	add(a, "agreement", "/agreements/{id}", (*call).oneAgreement)
}

func (c *call) listAgreements(*ListInput) (*Agreements, error) {
	out := &Agreements{c.envelope(), []Agreement{}}
	for i := range c.Catalogue.Agreements {
		out.Agreements = append(out.Agreements, c.describeAgreement(&c.Catalogue.Agreements[i]))
	}
	return out, nil
}

func (c *call) describeAgreement(a *catalogue.Agreement) Agreement {
	out := Agreement{
		ID: a.ID, Name: a.Name.In(c.lang), Wave: a.Wave, County: Named{a.County.Code, a.County.Name}, Municipalities: []Named{},
		Signed: a.Period.Signed, InForce: a.Period.InForce, Ends: a.Period.Ends, Unknown: orEmpty(a.Unknown),
		Links: map[string]string{
			"self":       Base + "/agreements/" + a.ID,
			"attainment": Base + "/attainment?agreement=" + a.ID,
			"effects":    Base + "/effects?agreement=" + a.ID,
			"values":     Base + "/values?indicator=population&municipality=" + strings.Join(a.Codes(), ","),
		},
	}
	for _, code := range a.Codes() {
		out.Municipalities = append(out.Municipalities, Named{code, c.name(code)})
	}
	return out
}

func (c *call) oneAgreement(in *IDInput) (*OneAgreement, error) {
	a := c.Catalogue.Agreement(in.ID)
	if a == nil {
		return nil, c.notFound(unknownAgreement, in.ID)
	}
	d := AgreementDetail{
		Agreement: c.describeAgreement(a), Language: a.Language, InForceRule: a.Period.Rule.In(c.lang),
		Themes: c.texts(a.Themes), Notes: c.texts(a.Notes), Source: a.Source,
		Baseline: Baseline{a.Baseline.Year, a.Baseline.Rule.In(c.lang)},
		Events: each(a.Dates, func(e catalogue.Event) Event {
			return Event{e.Date, e.What.In(c.lang), e.Source, e.Verified}
		}),
		Parties: each(a.Parties, func(p catalogue.Party) Party {
			return Party{p.ID, p.Name, string(p.Role), p.Municipality, p.OnBehalfOf, orEmpty(p.Includes), p.Reservation, p.Approved, p.Paragraph}
		}),
		Goals: each(a.Goals, func(g catalogue.Goal) Goal { return c.describeGoal(a, &g) }),
		Obligations: each(a.Obligations, func(o catalogue.Obligation) Obligation {
			return Obligation{o.ID, o.Paragraph, orEmpty(o.Owes), o.Text, string(o.Kind), o.Goal, o.Truncated, o.Reservation, o.Note.In(c.lang)}
		}),
		References: each(a.References, func(r catalogue.Reference) Reference {
			return Reference{r.ID, r.Title, r.Paragraph, r.Date, r.URL, r.Verified}
		}),
		LeftOut: each(a.LeftOut, func(l catalogue.LeftOut) LeftOut { return LeftOut{l.Indicator, l.Reason.In(c.lang)} }),
		Plans: each(c.Catalogue.PlansOf(a.ID), func(p *catalogue.Plan) Plan {
			return Plan{p.ID, p.Year, string(p.Status), p.Label.In(c.lang), p.Approved, p.Source, each(p.Measures, c.describeMeasure)}
		}),
		OtherEffort: c.effortsOn(a),
	}
	return &OneAgreement{c.envelope(), d}, nil
}

func (c *call) describeGoal(a *catalogue.Agreement, g *catalogue.Goal) Goal {
	return Goal{
		ID: g.ID, Address: a.ID + "/" + g.ID, Paragraph: g.Paragraph, Title: g.Title, Text: g.Text,
		Summary: g.Summary.In(c.lang), Theme: string(g.Theme),
		Parties: orEmpty(g.Parties), MayInvite: orEmpty(g.MayInvite), SeenWith: orEmpty(g.SeenWith),
		Indicators: each(g.Indicators, func(i catalogue.GoalIndicator) GoalIndicator {
			title := i.Indicator
			if ind := c.Catalogue.Indicator(i.Indicator); ind != nil {
				title = ind.Title.In(c.lang)
			}
			return GoalIndicator{
				i.Indicator, title, string(i.Role), i.Why.In(c.lang),
				string(i.Judgement.Method), agreed(i.Judgement.Agreed), describeTarget(&i.Target),
			}
		}),
		LegalRoom: each(g.LegalRoom, func(l catalogue.LegalRoom) LegalRoom {
			return LegalRoom{l.ID, string(l.Status), l.Form, l.Law, l.Text.In(c.lang)}
		}),
	}
}

func describeTarget(t *catalogue.Target) Target {
	kind := t.Kind
	if kind == "" {
		kind = catalogue.NotAgreed
	}
	points := each(t.Points, func(p catalogue.TargetPoint) TargetPoint { return TargetPoint{p.Year, p.Value} })
	return Target{string(kind), points, t.Lower, t.Upper, t.Year, t.Tolerance, agreed(t.Agreed)}
}

func agreed(a *catalogue.Agreed) *Agreed {
	if a == nil {
		return nil
	}
	return &Agreed{orEmpty(a.By), a.On, a.Edition}
}

func (c *call) describeMeasure(m catalogue.Measure) Measure {
	return Measure{
		ID: m.ID, Goal: m.Goal, Title: m.Title.In(c.lang), Responsible: orEmpty(m.Responsible), Partners: orEmpty(m.Partners),
		From: m.From, To: m.To, Method: string(m.Judgement.Method), Indicators: orEmpty(m.Indicators), Tags: orEmpty(m.Tags),
		Chain: Chain{m.Chain.Input.In(c.lang), m.Chain.Activity.In(c.lang), m.Chain.Result.In(c.lang), m.Chain.Effect.In(c.lang)},
		Milestones: each(m.Milestones, func(s catalogue.Milestone) Milestone {
			return Milestone{s.Text.In(c.lang), s.Due, s.Done}
		}),
	}
}

func (c *call) effortsOn(a *catalogue.Agreement) []Effort {
	out := []Effort{}
	for i := range c.Catalogue.Efforts {
		e := &c.Catalogue.Efforts[i]
		var touches []string
		for _, code := range a.Codes() {
			m, err := c.Regions.Municipality(code)
			if err == nil && e.Geography.Touches(code, m.CentralityClass, a.ID) {
				touches = append(touches, code)
			}
		}
		if len(touches) == 0 {
			continue
		}
		out = append(out, Effort{
			e.ID, e.Name.In(c.lang), e.Authority, e.Basis.In(c.lang), e.Dose.In(c.lang), e.From, e.To, touches,
			orEmpty(e.Indicators), e.Verified, e.Source, e.Note.In(c.lang),
		})
	}
	return out
}

func (c *call) texts(list []catalogue.Text) []string {
	return each(list, func(t catalogue.Text) string { return t.In(c.lang) })
}

func each[T, U any](list []T, f func(T) U) []U {
	out := make([]U, 0, len(list))
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
