package pages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

type evaluationBody struct {
	*catalogue.Agreement
	Design   *designView
	Outcomes []outcomeTable
	// Others are indicators estimated outside the design's outcomes: exploratory.
	Others []outcomeTable
	// Empty are the design's outcomes without any estimate in this release.
	Empty []named
}

type designView struct {
	*catalogue.Design
	Hash string
	// Parent is the common design this one builds on, or nil.
	Parent   *catalogue.Design
	Outcomes []named
	Treated  []place
	Method   string
	Others   []string
	Reasons  []designReason
}

type designReason struct {
	Field string
	Text  catalogue.Text
}

type outcomeTable struct {
	*catalogue.Indicator
	Primary bool
	Rows    []effectRow
	Sources []source
}

// effectRow is one estimate, in words and numbers.
type effectRow struct {
	Place               place
	Method              string
	Primary             bool
	Start, To           int32
	ATT                 figure
	Limits              limits
	P, PAdjusted        string
	PFamily, SmallestP  string
	MDE                 figure
	PreRMSPE, PostRMSPE figure
	Ratio               figure
	Donors              int32
	Flags               []string
	Needed              figure
	Verdict, Reason     string
}

func (v *visit) effectRow(ind *catalogue.Indicator, e cube.Effect) effectRow {
	// An effect is a difference between small numbers: one decimal more than the
	// value, as in the charts.
	d := ind.Decimals + 1
	r := effectRow{
		Place: v.place(e.Region), Method: e.Method, Primary: e.Primary, Start: e.Start, To: e.To,
		ATT: v.signed(e.ATT, d), Limits: v.limits(e.Lower, e.Upper, d), P: pValue(e.P), PAdjusted: pValue(e.PAdjusted),
		PFamily: pValue(e.PFamily), SmallestP: pValue(e.SmallestP), MDE: v.figure(e.MDE, d, data.OK),
		PreRMSPE: v.figure(e.PreRMSPE, d, data.OK), PostRMSPE: v.figure(e.PostRMSPE, d, data.OK), Ratio: v.figure(e.Ratio, 2, data.OK),
		Donors: e.Donors, Needed: v.signed(e.Needed, d), Verdict: e.Verdict, Reason: e.Reason,
	}
	if e.Flags != "" {
		r.Flags = strings.Split(e.Flags, ",")
	}
	return r
}

func (v *visit) design(a *catalogue.Agreement) *designView {
	d := v.Catalogue.Design(a.ID)
	if d == nil {
		return nil
	}
	view := &designView{Design: d, Hash: d.Hash(), Method: string(d.Method), Treated: v.places(d.Treated)}
	for i := range v.Catalogue.Designs {
		if d.Extends != "" && v.Catalogue.Designs[i].ID == d.Extends {
			view.Parent = &v.Catalogue.Designs[i]
		}
	}
	for _, id := range d.Outcomes {
		view.Outcomes = append(view.Outcomes, v.indicatorName(id))
	}
	for _, m := range d.Others {
		view.Others = append(view.Others, string(m))
	}
	for field, reason := range d.Reasons {
		view.Reasons = append(view.Reasons, designReason{field, reason.Text})
	}
	slices.SortFunc(view.Reasons, func(x, y designReason) int { return cmp.Compare(x.Field, y.Field) })
	return view
}

// evaluationPage shows what the registered design found: for each outcome the
// planned method's estimate for every municipality and for all together.
func evaluationPage(v *visit) (*page, error) {
	a, err := v.agreement()
	if err != nil {
		return nil, err
	}
	b := evaluationBody{Agreement: a, Design: v.design(a)}
	for i := range v.Catalogue.Indicators {
		ind := &v.Catalogue.Indicators[i]
		t := outcomeTable{Indicator: ind, Sources: v.sources(ind)}
		for _, region := range append(a.Codes(), a.ID) {
			for _, e := range v.Cube.Effects(ind.ID, region) {
				if e.Primary {
					t.Rows = append(t.Rows, v.effectRow(ind, e))
				}
			}
		}
		position := -1
		if b.Design != nil {
			position = slices.Index(b.Design.Design.Outcomes, ind.ID)
		}
		t.Primary = position == 0
		switch {
		case len(t.Rows) == 0 && position >= 0:
			b.Empty = append(b.Empty, v.indicatorName(ind.ID))
		case len(t.Rows) == 0:
		case position >= 0:
			b.Outcomes = append(b.Outcomes, t)
		default:
			b.Others = append(b.Others, t)
		}
	}
	if b.Design != nil {
		order := b.Design.Design.Outcomes
		slices.SortFunc(b.Outcomes, func(x, y outcomeTable) int { return slices.Index(order, x.ID) - slices.Index(order, y.ID) })
	}
	return &page{
		Name: "evaluation", Title: v.t("evaluation.title"), Section: "agreements", Body: b,
		Crumbs: []crumb{{"/avtaler", v.t("nav.agreements")}, {"/avtaler/" + a.ID, v.text(a.Name)}},
	}, nil
}

type effectBody struct {
	Agreement *catalogue.Agreement
	Indicator *catalogue.Indicator
	Region    place
	Regions   []place
	Design    *designView
	// Primary is the planned method's estimate; nil when the release has none.
	Primary *effectRow
	Methods []effectRow
	// Shared are the flags every method's estimate carries; they are told once.
	Shared  []string
	Path    []pathRow
	Weights []weightRow
	// Rest is the number of donors not listed.
	Rest       int
	Powers     []powerRow
	PowerMDE   figure
	PowerYears int32
	Shares     []shareRow
	Placebos   int
	Sources    []source
	// Confirmatory says that the design is older than the figures judged.
	Confirmatory bool
}

type pathRow struct {
	Year                          int32
	Treated                       bool
	Observed, Counterfactual, Gap figure
	Limits                        limits
}

type weightRow struct {
	Place  place
	Weight figure
}

type powerRow struct{ Effect, Power figure }

type shareRow struct {
	Year                         int32
	Total, Background, Programme figure
	Limits                       limits
	Verdict, Reason              string
}

// effectPage explains one outcome for one municipality, or for all together.
func effectPage(v *visit) (*page, error) {
	a, err := v.agreement()
	if err != nil {
		return nil, err
	}
	id := v.params.ByName("indicator")
	ind := v.Catalogue.Indicator(id)
	if ind == nil {
		return nil, v.notFound("error.no-indicator", "id", id)
	}
	regions := append(a.Codes(), a.ID)
	region := cmp.Or(strings.TrimSpace(v.query.Get("municipality")), a.ID)
	if region == "pooled" {
		// The API's name for all together.
		region = a.ID
	}
	if !slices.Contains(regions, region) {
		return nil, v.notFound("error.not-in-agreement", "code", region, "agreement", v.text(a.Name))
	}
	b := effectBody{
		Agreement: a, Indicator: ind, Region: v.place(region), Regions: v.places(regions), Design: v.design(a), Sources: v.sources(ind),
	}
	for _, e := range v.Cube.Effects(ind.ID, region) {
		row := v.effectRow(ind, e)
		b.Methods = append(b.Methods, row)
		if e.Primary {
			b.Primary = &row
			b.fill(v, ind, region, e)
		}
	}
	b.share()
	slices.SortStableFunc(b.Methods, func(x, y effectRow) int {
		switch {
		case x.Primary == y.Primary:
			return 0
		case x.Primary:
			return -1
		default:
			return 1
		}
	})
	return &page{
		Name: "effect", Title: v.t("effect.title", "indicator", v.text(ind.Short), "place", b.Region.Name), Section: "agreements", Body: b,
		Crumbs: []crumb{
			{"/avtaler", v.t("nav.agreements")},
			{"/avtaler/" + a.ID, v.text(a.Name)},
			{"/avtaler/" + a.ID + "/evaluering", v.t("evaluation.title")},
		},
	}, nil
}

// share takes the flags that all methods carry out of their rows.
func (b *effectBody) share() {
	if len(b.Methods) < 2 {
		return
	}
	for _, f := range b.Methods[0].Flags {
		if !slices.ContainsFunc(b.Methods, func(m effectRow) bool { return !slices.Contains(m.Flags, f) }) {
			b.Shared = append(b.Shared, f)
		}
	}
	for i := range b.Methods {
		b.Methods[i].Flags = slices.DeleteFunc(slices.Clone(b.Methods[i].Flags), func(f string) bool { return slices.Contains(b.Shared, f) })
	}
}

// maxWeights is how many donors are listed; the API has all.
const maxWeights = 15

// fill adds what belongs to the primary estimate.
func (b *effectBody) fill(v *visit, ind *catalogue.Indicator, region string, e cube.Effect) {
	d := ind.Decimals + 1
	same := func(design, indicator, r, method string) bool {
		return design == e.Design && indicator == ind.ID && r == region && (method == e.Method || method == "")
	}
	for _, p := range v.Cube.EffectPaths {
		if same(p.Design, p.Indicator, p.Region, p.Method) {
			b.Path = append(b.Path, pathRow{
				Year: p.Year, Treated: p.Year >= e.Start, Observed: v.figure(p.Observed, ind.Decimals, data.OK), Counterfactual: v.figure(p.Counterfactual, ind.Decimals, data.OK),
				Gap: v.signed(p.Gap, d), Limits: v.limits(p.Lower, p.Upper, d),
			})
		}
	}
	slices.Reverse(b.Path)
	b.weights(v, same)
	placebos := map[string]bool{}
	for _, p := range v.Cube.EffectPlacebos {
		if same(p.Design, p.Indicator, p.Region, "") {
			placebos[p.Placebo] = true
		}
	}
	b.Placebos = len(placebos)
	for _, s := range v.Cube.EffectShares {
		if same(s.Design, s.Indicator, s.Region, "") {
			percent := func(f cube.Float) cube.Float { return f * 100 }
			b.Shares = append(b.Shares, shareRow{
				Year: s.Year, Total: v.figure(percent(s.Total), 0, data.OK), Background: v.figure(percent(s.Background), 0, data.OK),
				Programme: v.figure(percent(s.Programme), 0, data.OK), Limits: v.limits(percent(s.Lower), percent(s.Upper), 0), Verdict: s.Verdict, Reason: s.Reason,
			})
		}
	}
	b.powers(v, d, e, same)
	if b.Design != nil {
		b.Confirmatory = b.Design.OlderThan(int(e.To))
	}
}

func (b *effectBody) weights(v *visit, same func(design, indicator, region, method string) bool) {
	var all []cube.EffectWeight
	for _, w := range v.Cube.EffectWeights {
		if same(w.Design, w.Indicator, w.Region, w.Method) {
			all = append(all, w)
		}
	}
	// By weight, which says who counts most in the comparison; the weight is no
	// property of the municipality.
	slices.SortStableFunc(all, func(x, y cube.EffectWeight) int { return cmp.Compare(y.Weight, x.Weight) })
	for i, w := range all {
		if i == maxWeights {
			b.Rest = len(all) - i
			break
		}
		b.Weights = append(b.Weights, weightRow{v.place(w.Donor), v.figure(w.Weight*100, 1, data.OK)})
	}
}

// powers takes the curve for the fewest years, which are those there are.
func (b *effectBody) powers(v *visit, decimals int, e cube.Effect, same func(design, indicator, region, method string) bool) {
	var rows []cube.Power
	for _, p := range v.Cube.Powers {
		if same(p.Design, p.Indicator, p.Region, p.Method) && (len(rows) == 0 || p.Years <= rows[0].Years) {
			if len(rows) > 0 && p.Years < rows[0].Years {
				rows = nil
			}
			rows = append(rows, p)
		}
	}
	b.PowerMDE = v.figure(cube.Null, decimals, data.OK)
	for _, p := range rows {
		b.Powers = append(b.Powers, powerRow{v.figure(p.Effect, decimals, data.OK), v.figure(p.Power*100, 0, data.OK)})
		b.PowerMDE, b.PowerYears = v.figure(p.MDE, decimals, data.OK), p.Years
	}
}
