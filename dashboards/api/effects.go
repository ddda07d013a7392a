package api

import (
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Effect is one causal estimate: what happened less what would have happened
// without the agreement.
type Effect struct {
	Design       string `json:"design"`
	Indicator    string `json:"indicator"`
	Unit         string `json:"unit"`
	Municipality string `json:"municipality" doc:"Municipality code, or «pooled» for all of the agreement."`
	Method       string `json:"method"`
	Primary      bool   `json:"primary" doc:"The method the design registered as primary."`
	Start        int    `json:"start" doc:"First treated year."`
	To           int    `json:"to" doc:"Last year judged."`

	ATT   Number `json:"att" doc:"Average effect over the treated years, in the indicator's unit."`
	SE    Number `json:"se"`
	Lower Number `json:"lower"`
	Upper Number `json:"upper"`

	P         Number `json:"p" doc:"Two-sided placebo p."`
	SmallestP Number `json:"smallest_p" doc:"The least p there could have been with so many donors."`
	PAdjusted Number `json:"p_adjusted" doc:"p after adjustment for the size of the place, to which se, lower and upper belong."`
	PFamily   Number `json:"p_family" doc:"p_adjusted corrected besides for the design's families of tests, method by method."`
	MDE       Number `json:"mde" doc:"The smallest effect seen with 80 % power."`

	PreRMSPE  Number   `json:"pre_rmspe" doc:"Misfit before the start."`
	PostRMSPE Number   `json:"post_rmspe"`
	Ratio     Number   `json:"ratio"`
	Donors    int      `json:"donors"`
	Flags     []string `json:"flags" doc:"What to know before it is believed: non-unique, over-fit, bad-fit, refused, …"`

	Needed      Number `json:"needed" doc:"The effect that would bring it to its target; null without a target."`
	Verdict     string `json:"verdict,omitempty"`
	VerdictText string `json:"verdict_text,omitempty"`
	Reason      string `json:"reason,omitempty"`
	ReasonText  string `json:"reason_text,omitempty"`

	Path     []EffectYear    `json:"path,omitempty" doc:"With include=path: observed against counterfactual, by year."`
	Weights  []DonorWeight   `json:"weights,omitempty" doc:"With include=weights."`
	Placebos []PlaceboYear   `json:"placebos,omitempty" doc:"With include=placebos, for the primary method: the gap of every placebo."`
	Shares   []AdjustedShare `json:"shares,omitempty" doc:"With include=shares, for the primary method: attainment split into background and programme."`
}

// EffectYear is observed against counterfactual.
type EffectYear struct {
	Year           int    `json:"year"`
	Observed       Number `json:"observed"`
	Counterfactual Number `json:"counterfactual"`
	Gap            Number `json:"gap"`
	Lower          Number `json:"lower" doc:"Lower limit of the gap."`
	Upper          Number `json:"upper" doc:"Upper limit of the gap."`
}

// DonorWeight is a donor's weight.
type DonorWeight struct {
	Municipality string `json:"municipality"`
	Name         string `json:"name"`
	Weight       Number `json:"weight"`
}

// PlaceboYear is the gap of a placebo.
type PlaceboYear struct {
	Municipality string `json:"municipality"`
	Year         int    `json:"year"`
	Gap          Number `json:"gap"`
}

// AdjustedShare is the counterfactual-adjusted attainment: total = background + programme.
type AdjustedShare struct {
	Year       int    `json:"year"`
	Total      Number `json:"total"`
	Background Number `json:"background"`
	Programme  Number `json:"programme"`
	Lower      Number `json:"lower"`
	Upper      Number `json:"upper"`
	Verdict    string `json:"verdict,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// Picked picks estimates.
type Picked struct {
	About
	Agreement    string   `query:"agreement" maxLength:"100" doc:"Agreement id." example:"innlandet"`
	Indicator    string   `query:"indicator" maxLength:"100" doc:"Indicator id." example:"net-migration-rate"`
	Municipality []string `query:"municipality" maxItems:"400" doc:"Municipality codes as a comma list; «pooled» is all of the agreement taken together." example:"3425"`
}

// EffectsInput picks estimates and what comes with them.
type EffectsInput struct {
	Picked
	Include []string `query:"include" maxItems:"4" enum:"path,weights,placebos,shares" doc:"What to add to each estimate, as a comma list."`
}

// Effects is the answer.
type Effects struct {
	Envelope
	Effects []Effect `json:"effects"`
}

// Design is a registered design.
type Design struct {
	ID         string            `json:"id"`
	Extends    string            `json:"extends,omitempty"`
	Agreement  string            `json:"agreement,omitempty" doc:"Empty for the common design."`
	Title      string            `json:"title"`
	Question   string            `json:"question"`
	Estimand   string            `json:"estimand"`
	Outcomes   []string          `json:"outcomes" doc:"Indicator ids, the primary outcome first."`
	Treated    []string          `json:"treated" doc:"Municipality codes; empty for every municipality of the agreement judged."`
	Pooled     bool              `json:"pooled"`
	Start      int               `json:"start" doc:"First treated year."`
	Window     Years             `json:"window"`
	Method     string            `json:"method" doc:"Primary method."`
	Others     []string          `json:"others" doc:"Methods shown beside it."`
	Donors     Donors            `json:"donors"`
	Looks      Looks             `json:"looks"`
	Seed       uint64            `json:"seed"`
	Registered catalogue.Date    `json:"registered"`
	DataSeenTo int               `json:"data_seen_to" doc:"Last outcome year that was out at registration."`
	Newest     int               `json:"newest_outcome,omitempty" doc:"Newest year of the primary outcome in this release."`
	Older      bool              `json:"older_than_data" doc:"Whether it was registered before the newest outcome data it judges."`
	Hash       string            `json:"hash" doc:"SHA-256 of everything that decides what the design does."`
	Disclosure string            `json:"disclosure"`
	Changes    []Change          `json:"changes" doc:"Earlier versions, oldest first."`
	Reasons    []LeftOutField    `json:"reasons" doc:"Why it deviates from the design it extends, by field."`
	Links      map[string]string `json:"links"`
}

// Donors say which municipalities may be donors.
type Donors struct {
	Comparison string `json:"comparison"`
	Min        int    `json:"min"`
	Max        int    `json:"max"`
}

// Looks says when the design is judged, and at which error rate.
type Looks struct {
	Alpha        float64  `json:"alpha"`
	Spending     string   `json:"spending"`
	Years        []int    `json:"years"`
	Confirmatory int      `json:"confirmatory,omitempty"`
	Correction   string   `json:"correction"`
	Families     []string `json:"families"`
}

// Change is an earlier version.
type Change struct {
	Date catalogue.Date `json:"date"`
	Hash string         `json:"hash"`
	What string         `json:"what"`
}

// LeftOutField is a field that deviates, and why.
type LeftOutField struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Designs is the answer.
type Designs struct {
	Envelope
	Designs []Design `json:"designs"`
}

// Curve is how likely effects of each size were to be seen.
type Curve struct {
	Design       string       `json:"design"`
	Indicator    string       `json:"indicator"`
	Unit         string       `json:"unit"`
	Municipality string       `json:"municipality" doc:"Municipality code, or «pooled»."`
	Method       string       `json:"method"`
	Years        int          `json:"years" doc:"Treated years."`
	MDE          Number       `json:"mde" doc:"The smallest effect seen with 80 % power."`
	Points       []CurvePoint `json:"points"`
}

// CurvePoint is one size of effect.
type CurvePoint struct {
	Effect Number `json:"effect"`
	Power  Number `json:"power" doc:"Share of pseudo-treated municipalities where it would have been seen."`
}

// Curves is the answer.
type Curves struct {
	Envelope
	Power []Curve `json:"power"`
}

func (a *API) evaluations() {
	add(a, "effects", "/effects", (*call).effects)
	add(a, "designs", "/designs", (*call).designs)
	add(a, "power", "/power", (*call).power)
}

// picked is what a picker stands for.
type picked struct {
	agreement *catalogue.Agreement
	indicator string
	regions   []string
}

func (c *call) pick(in *Picked) (*picked, error) {
	regions, err := c.members(in.Agreement, in.Municipality)
	if err != nil {
		return nil, err
	}
	if in.Indicator != "" {
		if _, err := c.indicator(in.Indicator); err != nil {
			return nil, err
		}
	}
	return &picked{c.Catalogue.Agreement(in.Agreement), in.Indicator, regions}, nil
}

func (p *picked) fits(indicator, region string) bool {
	return (p.indicator == "" || indicator == p.indicator) && (len(p.regions) == 0 || slices.Contains(p.regions, region)) &&
		(p.agreement == nil || region == p.agreement.ID || slices.Contains(p.agreement.Codes(), region))
}

func (c *call) effects(in *EffectsInput) (*Effects, error) {
	p, err := c.pick(&in.Picked)
	if err != nil {
		return nil, err
	}
	out := &Effects{c.envelope(), []Effect{}}
	for i := range c.Cube.Content.Effects {
		if e := &c.Cube.Content.Effects[i]; p.fits(e.Indicator, e.Region) {
			out.Effects = append(out.Effects, c.describeEffect(e))
		}
	}
	if len(out.Effects) == 0 {
		return nil, c.notFound(noEffects, c.Info.ID)
	}
	c.include(out.Effects, in.Include)
	c.link("describedby", Base+"/designs")
	return out, nil
}

func (c *call) describeEffect(e *cube.Effect) Effect {
	return Effect{
		Design: e.Design, Indicator: e.Indicator, Unit: c.unit(e.Indicator), Municipality: c.regionOf(e.Region),
		Method: e.Method, Primary: e.Primary, Start: int(e.Start), To: int(e.To),
		ATT: Number(e.ATT), SE: Number(e.SE), Lower: Number(e.Lower), Upper: Number(e.Upper),
		P: Number(e.P), SmallestP: Number(e.SmallestP), PAdjusted: Number(e.PAdjusted), PFamily: Number(e.PFamily), MDE: Number(e.MDE),
		PreRMSPE: Number(e.PreRMSPE), PostRMSPE: Number(e.PostRMSPE), Ratio: Number(e.Ratio), Donors: int(e.Donors),
		Flags: flags(e.Flags), Needed: Number(e.Needed),
		Verdict: e.Verdict, VerdictText: c.textOf("effect-verdict.", e.Verdict), Reason: e.Reason, ReasonText: c.textOf("effect-reason.", e.Reason),
	}
}

// textOf is the text of a code, "" for none.
func (c *call) textOf(prefix, code string) string {
	if code == "" {
		return ""
	}
	return c.word(prefix, code)
}

func flags(list string) []string {
	out := []string{}
	for f := range strings.SplitSeq(list, ",") {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}

func (c *call) unit(indicator string) string {
	if ind := c.Catalogue.Indicator(indicator); ind != nil {
		return ind.Unit.In(c.lang)
	}
	return ""
}

// regionOf is pooled for an agreement, and the code for a municipality.
func (c *call) regionOf(region string) string {
	if c.Catalogue.Agreement(region) != nil {
		return pooled
	}
	return region
}

// effectKey is what the rows that belong to an estimate share.
type effectKey struct{ design, indicator, region, method string }

// include adds what was asked for to each estimate.
func (c *call) include(list []Effect, what []string) {
	at := map[effectKey]*Effect{}
	primary := map[effectKey]*Effect{}
	for i := range list {
		e := &list[i]
		at[effectKey{e.Design, e.Indicator, e.Municipality, e.Method}] = e
		if e.Primary {
			primary[effectKey{e.Design, e.Indicator, e.Municipality, ""}] = e
		}
	}
	if slices.Contains(what, "path") {
		for _, p := range c.Cube.EffectPaths {
			if e := at[effectKey{p.Design, p.Indicator, c.regionOf(p.Region), p.Method}]; e != nil {
				e.Path = append(e.Path, EffectYear{int(p.Year), Number(p.Observed), Number(p.Counterfactual), Number(p.Gap), Number(p.Lower), Number(p.Upper)})
			}
		}
	}
	if slices.Contains(what, "weights") {
		for _, w := range c.Cube.EffectWeights {
			if e := at[effectKey{w.Design, w.Indicator, c.regionOf(w.Region), w.Method}]; e != nil {
				e.Weights = append(e.Weights, DonorWeight{w.Donor, c.name(w.Donor), Number(w.Weight)})
			}
		}
	}
	if slices.Contains(what, "placebos") {
		for _, p := range c.Cube.EffectPlacebos {
			if e := primary[effectKey{p.Design, p.Indicator, c.regionOf(p.Region), ""}]; e != nil {
				e.Placebos = append(e.Placebos, PlaceboYear{p.Placebo, int(p.Year), Number(p.Gap)})
			}
		}
	}
	if slices.Contains(what, "shares") {
		for _, s := range c.Cube.EffectShares {
			if e := primary[effectKey{s.Design, s.Indicator, c.regionOf(s.Region), ""}]; e != nil {
				e.Shares = append(e.Shares, AdjustedShare{int(s.Year), Number(s.Total), Number(s.Background), Number(s.Programme), Number(s.Lower), Number(s.Upper), s.Verdict, s.Reason})
			}
		}
	}
}

// DesignsInput picks designs.
type DesignsInput struct {
	About
	Agreement string `query:"agreement" maxLength:"100" doc:"Only the design that governs an agreement." example:"innlandet"`
}

func (c *call) designs(in *DesignsInput) (*Designs, error) {
	out := &Designs{c.envelope(), []Design{}}
	if in.Agreement != "" {
		if c.Catalogue.Agreement(in.Agreement) == nil {
			return nil, c.notFound(unknownAgreement, in.Agreement)
		}
		if d := c.Catalogue.Design(in.Agreement); d != nil {
			out.Designs = append(out.Designs, c.describeDesign(d))
		}
	} else {
		for i := range c.Catalogue.Designs {
			out.Designs = append(out.Designs, c.describeDesign(&c.Catalogue.Designs[i]))
		}
	}
	if len(out.Designs) == 0 {
		return nil, c.notFound(noEffects, c.Info.ID)
	}
	return out, nil
}

func (c *call) describeDesign(d *catalogue.Design) Design {
	out := Design{
		ID: d.ID, Extends: d.Extends, Agreement: d.Agreement, Title: d.Title.In(c.lang), Question: d.Question.In(c.lang), Estimand: d.Estimand.In(c.lang),
		Outcomes: orEmpty(d.Outcomes), Treated: orEmpty(d.Treated), Pooled: d.Pooled, Start: d.Start, Window: Years{d.Window.From, d.Window.To},
		Method: string(d.Method), Others: each(d.Others, func(e catalogue.Estimator) string { return string(e) }),
		Donors: Donors{d.Donors.Comparison, d.Donors.Min, d.Donors.Max},
		Looks: Looks{
			d.Looks.Alpha, string(d.Looks.Spending), append([]int{}, d.Looks.Years...), d.Looks.Confirmatory, string(d.Looks.Correction),
			each(d.Looks.Families, func(f catalogue.Family) string { return string(f) }),
		},
		Seed: d.Seed, Registered: d.Registered, DataSeenTo: d.DataSeenTo, Hash: d.Hash(), Disclosure: d.Disclosure.In(c.lang),
		Changes: each(d.History, func(h catalogue.DesignChange) Change { return Change{h.Date, h.Hash, h.What.In(c.lang)} }),
		Reasons: []LeftOutField{}, Links: map[string]string{},
	}
	for field, r := range d.Reasons {
		out.Reasons = append(out.Reasons, LeftOutField{field, r.Text.In(c.lang)})
	}
	slices.SortFunc(out.Reasons, func(a, b LeftOutField) int { return strings.Compare(a.Field, b.Field) })
	if len(d.Outcomes) > 0 {
		if _, last, ok := c.Cube.Years(d.Outcomes[0]); ok {
			out.Newest, out.Older = last, d.OlderThan(last)
		}
	}
	if d.Agreement != "" {
		out.Links["agreement"] = Base + "/agreements/" + d.Agreement
		out.Links["effects"] = Base + "/effects?agreement=" + d.Agreement
		out.Links["power"] = Base + "/power?agreement=" + d.Agreement
	}
	return out
}

func (c *call) power(in *Picked) (*Curves, error) {
	p, err := c.pick(in)
	if err != nil {
		return nil, err
	}
	out := &Curves{c.envelope(), []Curve{}}
	for _, r := range c.Cube.Powers {
		if !p.fits(r.Indicator, r.Region) {
			continue
		}
		curve := Curve{
			Design: r.Design, Indicator: r.Indicator, Unit: c.unit(r.Indicator), Municipality: c.regionOf(r.Region),
			Method: r.Method, Years: int(r.Years), MDE: Number(r.MDE), Points: []CurvePoint{},
		}
		if n := len(out.Power); n == 0 || !out.Power[n-1].same(&curve) {
			out.Power = append(out.Power, curve)
		}
		last := &out.Power[len(out.Power)-1]
		last.Points = append(last.Points, CurvePoint{Number(r.Effect), Number(r.Power)})
	}
	if len(out.Power) == 0 {
		return nil, c.notFound(noPower, c.Info.ID)
	}
	return out, nil
}

// same reports whether two rows are points of one curve; rows are in key order.
func (a *Curve) same(b *Curve) bool {
	return a.Design == b.Design && a.Indicator == b.Indicator && a.Municipality == b.Municipality && a.Method == b.Method && a.Years == b.Years
}
