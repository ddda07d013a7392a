package catalogue

import (
	"slices"
	"strings"
)

// Overarching is the id of the goal that holds an agreement's overarching aims.
const Overarching = "overarching"

func checkAgreements(c *Catalogue, files []*file) {
	taken := map[string]string{}
	for i := range c.Agreements {
		a, f := &c.Agreements[i], files[i]
		for j, m := range a.Municipalities {
			if other, ok := taken[m.Code]; ok {
				f.at(where{"municipalities", j, "code"}, "municipality %s is in agreement %s already", m.Code, other)
			}
			taken[m.Code] = a.ID
			if !strings.HasPrefix(m.Code, a.County.Code) {
				f.at(where{"municipalities", j, "code"}, "municipality %s is not in county %s", m.Code, a.County.Code)
			}
		}
		agreementCheck{c, a, f}.run()
	}
}

type agreementCheck struct {
	*Catalogue
	a *Agreement
	*file
}

func (k agreementCheck) run() {
	signed, isSigned := k.a.Period.Signed.Time()
	ends, hasEnd := k.a.Period.Ends.Time()
	if isSigned && hasEnd && !ends.After(signed) {
		k.at(where{"period", "ends"}, "ends %s, before it was signed %s", k.a.Period.Ends, k.a.Period.Signed)
	}
	k.parties()
	k.goals()
	for i, o := range k.a.Obligations {
		at := where{"obligations", i}
		k.unique(i, o.ID, func(j int) string { return k.a.Obligations[j].ID }, at.in("id"))
		k.knownParties(o.Owes, at.in("owes"))
		if o.Goal != "" && k.a.Goal(o.Goal) == nil {
			k.at(at.in("goal"), "agreement %s has no goal %q", k.a.ID, o.Goal)
		}
	}
	for i, r := range k.a.References {
		k.unique(i, r.ID, func(j int) string { return k.a.References[j].ID }, where{"references", i, "id"})
	}
	k.core()
	k.unknowns()
}

// unknowns holds the list of what is unknown to what is in fact not there, so
// that a gap is always said and a found answer is never hidden.
func (k agreementCheck) unknowns() {
	adopted := slices.ContainsFunc(k.PlansOf(k.a.ID), func(p *Plan) bool { return p.Status != PlanExample })
	for _, part := range []struct {
		name   string
		absent bool
	}{
		{"signed", k.a.Period.Signed == Unknown},
		{"ends", k.a.Period.Ends == Unknown},
		{"language", k.a.Language == Unknown},
		{"themes", len(k.a.Themes) == 0},
		{"parties", len(k.a.Parties) == 0},
		{"goals", len(k.a.Goals) < 2},
		{"obligations", len(k.a.Obligations) == 0},
		{"references", len(k.a.References) == 0},
		{"plan", !adopted},
	} {
		listed := slices.Contains(k.a.Unknown, part.name)
		switch {
		case part.absent && !listed:
			k.at(where{"unknown"}, "nothing is said of %s; list it as unknown", part.name)
		case listed && !part.absent:
			k.at(where{"unknown"}, "%s is listed as unknown, but is there", part.name)
		}
	}
}

// unique reports an id that an earlier element of the same list has.
func (k agreementCheck) unique(i int, id string, idOf func(int) string, at where) {
	for j := range i {
		if idOf(j) == id {
			k.at(at, "id %q is used already in this list", id)
			return
		}
	}
}

func (k agreementCheck) parties() {
	for i, p := range k.a.Parties {
		at := where{"parties", i}
		k.unique(i, p.ID, func(j int) string { return k.a.Parties[j].ID }, at.in("id"))
		if p.Municipality != "" && !slices.Contains(k.a.Codes(), p.Municipality) {
			k.at(at.in("municipality"), "municipality %s does not take part in agreement %s", p.Municipality, k.a.ID)
		}
	}
	if len(k.a.Parties) == 0 {
		return
	}
	for i, m := range k.a.Municipalities {
		main := func(p Party) bool { return p.Municipality == m.Code && p.Role == RoleMain }
		if !slices.ContainsFunc(k.a.Parties, main) {
			k.at(where{"municipalities", i}, "municipality %s is not a main party", m.Code)
		}
	}
}

func (k agreementCheck) knownParties(ids []string, at where) {
	for i, id := range ids {
		if k.a.Party(id) == nil {
			k.at(at.in(i), "agreement %s has no party %q", k.a.ID, id)
		}
	}
}

func (k agreementCheck) goals() {
	if k.a.Goal(Overarching) == nil {
		k.at(where{"goals"}, "the goal %q is missing; every agreement has the programme's aims", Overarching)
	}
	for i, g := range k.a.Goals {
		at := where{"goals", i}
		k.unique(i, g.ID, func(j int) string { return k.a.Goals[j].ID }, at.in("id"))
		k.knownParties(g.Parties, at.in("parties"))
		k.knownParties(g.MayInvite, at.in("may_invite"))
		for j, id := range g.SeenWith {
			if id == g.ID || k.a.Goal(id) == nil {
				k.at(at.in("seen_with", j), "agreement %s has no other goal %q", k.a.ID, id)
			}
		}
		for j := range g.Indicators {
			k.goalIndicator(&g, j, at.in("indicators", j))
		}
		for j, l := range g.LegalRoom {
			k.unique(j, l.ID, func(n int) string { return g.LegalRoom[n].ID }, at.in("legal_room", j, "id"))
			if l.Status != NotMapped && (l.Law == "" || l.Source == "") {
				k.at(at.in("legal_room", j, "status"), "what is mapped names its law and source")
			}
		}
	}
}

func (k agreementCheck) goalIndicator(g *Goal, j int, at where) {
	gi := &g.Indicators[j]
	k.unique(j, gi.Indicator, func(n int) string { return g.Indicators[n].Indicator }, at.in("indicator"))
	ind := k.Indicator(gi.Indicator)
	switch {
	case ind == nil:
		k.at(at.in("indicator"), "no indicator %q; indicators are in indicators/<id>.yaml", gi.Indicator)
	case ind.Context && gi.Role != ContextRole:
		k.at(at.in("role"), "indicator %s is for context only", ind.ID)
	}
	k.agreed(gi.Judgement.Agreed, at.in("judgement", "agreed"))
	k.target(&gi.Target, at.in("target"))
	if gi.Judgement.Method == JudgeTarget && gi.Target.Kind == NotAgreed {
		k.at(at.in("judgement", "method"), "judged against a target, but none is agreed")
	}
	for n := range gi.Target.History {
		k.target(&gi.Target.History[n], at.in("target", "history", n))
	}
}

// target holds a target to its form, and to someone having agreed on it.
func (k agreementCheck) target(t *Target, at where) {
	if t.Kind == NotAgreed {
		if t.Agreed != nil || len(t.Points) > 0 || t.Lower != nil || t.Upper != nil || t.Tolerance != nil || t.Year != 0 {
			k.at(at, "a target that is not agreed holds no values")
		}
		return
	}
	if t.Agreed == nil {
		k.at(at, "a target needs agreed: by whom, on which date, in which plan edition")
	}
	k.agreed(t.Agreed, at.in("agreed"))
	for i := range t.Points {
		if i > 0 && t.Points[i].Year <= t.Points[i-1].Year {
			k.at(at.in("points", i, "year"), "year %d does not come after %d", t.Points[i].Year, t.Points[i-1].Year)
		}
	}
	k.targetForm(t, at)
	if year := t.FinalYear(); year != 0 && year <= k.a.Baseline.Year {
		k.at(at, "the target year %d is not after the baseline %d", year, k.a.Baseline.Year)
	}
}

func (k agreementCheck) targetForm(t *Target, at where) {
	switch {
	case t.Kind == PathTarget && len(t.Points) == 0:
		k.at(at, "a path needs points")
	case t.Kind == ThresholdTarget && len(t.Points) != 1:
		k.at(at, "a threshold needs exactly one point")
	case t.Kind == RangeTarget && (t.Lower == nil || t.Upper == nil || *t.Lower >= *t.Upper || t.Year == 0):
		k.at(at, "a range needs lower below upper, and a year")
	case t.Kind == HoldTarget && (t.Tolerance == nil || *t.Tolerance < 0 || t.Year == 0):
		k.at(at, "to hold a level needs a tolerance of 0 or more, and a year")
	case t.Kind != PathTarget && t.Kind != ThresholdTarget && len(t.Points) > 0:
		k.at(at.in("points"), "points belong to a path or a threshold")
	}
}

// agreed holds an agreement on something to known parties and to an edition
// that was agreed on; an example or a draft binds nobody.
func (k agreementCheck) agreed(g *Agreed, at where) {
	if g == nil {
		return
	}
	k.knownParties(g.By, at.in("by"))
	for _, p := range k.PlansOf(k.a.ID) {
		if p.ID == g.Edition && (p.Status == PlanAgreed || p.Status == PlanApproved) {
			return
		}
	}
	k.at(at.in("edition"), "no agreed or approved plan edition %q of agreement %s", g.Edition, k.a.ID)
}

// core reports core indicators an agreement neither uses nor leaves out with a reason.
func (k agreementCheck) core() {
	for i, l := range k.a.LeftOut {
		if ind := k.Indicator(l.Indicator); ind == nil || !ind.Core {
			k.at(where{"left_out", i, "indicator"}, "%q is no core indicator", l.Indicator)
		}
	}
	for i := range k.Indicators {
		id := k.Indicators[i].ID
		if !k.Indicators[i].Core || k.Indicators[i].Context || slices.ContainsFunc(k.a.LeftOut, func(l LeftOut) bool { return l.Indicator == id }) {
			continue
		}
		uses := func(g Goal) bool {
			return slices.ContainsFunc(g.Indicators, func(gi GoalIndicator) bool { return gi.Indicator == id })
		}
		if !slices.ContainsFunc(k.a.Goals, uses) {
			k.at(where{"goals"}, "core indicator %s is neither used nor left out with a reason", id)
		}
	}
}

// --- Other effort and plans ---

func checkEffort(c *Catalogue, e *Effort, f *file) {
	from, hasFrom := e.From.Time()
	to, hasTo := e.To.Time()
	if hasFrom && hasTo && to.Before(from) {
		f.at(where{"to"}, "ends %s, before it starts %s", e.To, e.From)
	}
	for i, id := range e.Indicators {
		if c.Indicator(id) == nil {
			f.at(where{"indicators", i}, "no indicator %q", id)
		}
	}
	for i, id := range e.Geography.Agreements {
		if c.Agreement(id) == nil {
			f.at(where{"geography", "agreements", i}, "no agreement %q", id)
		}
	}
	if e.Verified && e.Authority == "" {
		f.at(where{"verified"}, "what is verified names under authority who decides it")
	}
	if !e.Geography.Known() && e.Geography.Note.NB == "" {
		f.at(where{"geography"}, "say whom the effort touches, or in a note that it is not known")
	}
}

func checkPlan(c *Catalogue, p *Plan, f *file) {
	a := c.Agreement(p.Agreement)
	if a == nil {
		f.at(where{"agreement"}, "no agreement %q", p.Agreement)
		return
	}
	k := agreementCheck{c, a, f}
	bound := p.Status == PlanAgreed || p.Status == PlanApproved
	if bound != (p.Agreed != nil) {
		f.at(where{"status"}, "an edition has agreed (by whom, when) exactly when its status is agreed or approved")
	}
	if _, ok := p.Approved.Time(); ok != (p.Status == PlanApproved) {
		f.at(where{"status"}, "an edition has a date of approval exactly when its status is approved")
	}
	k.agreed(p.Agreed, where{"agreed"})
	for i, m := range p.Measures {
		at := where{"measures", i}
		k.unique(i, m.ID, func(j int) string { return p.Measures[j].ID }, at.in("id"))
		if a.Goal(m.Goal) == nil {
			f.at(at.in("goal"), "agreement %s has no goal %q", a.ID, m.Goal)
		}
		k.knownParties(m.Responsible, at.in("responsible"))
		k.knownParties(m.Partners, at.in("partners"))
		for j, id := range m.Indicators {
			if c.Indicator(id) == nil {
				f.at(at.in("indicators", j), "no indicator %q", id)
			}
		}
		k.agreed(m.Judgement.Agreed, at.in("judgement", "agreed"))
		checkMeasureDates(a, &m, at, f)
	}
}

func checkMeasureDates(a *Agreement, m *Measure, at where, f *file) {
	from, hasFrom := m.From.Time()
	to, hasTo := m.To.Time()
	if hasFrom && hasTo && to.Before(from) {
		f.at(at.in("to"), "ends %s, before it starts %s", m.To, m.From)
	}
	ends, hasEnd := a.Period.Ends.Time()
	for i, s := range m.Milestones {
		if due, ok := s.Due.Time(); ok && hasEnd && due.After(ends) {
			f.at(at.in("milestones", i, "due"), "due %s, after the agreement ends %s", s.Due, a.Period.Ends)
		}
	}
}
