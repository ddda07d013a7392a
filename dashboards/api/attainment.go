package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Attainment is how far a municipality has come on one indicator of one goal.
type Attainment struct {
	Agreement    string `json:"agreement"`
	Goal         string `json:"goal" doc:"As agreement/goal."`
	Indicator    string `json:"indicator"`
	Title        string `json:"title" doc:"Title of the indicator."`
	Unit         string `json:"unit"`
	Municipality string `json:"municipality" doc:"Municipality code, or «pooled» for all of the agreement."`
	Name         string `json:"name"`
	Role         string `json:"role" doc:"The part the indicator plays: lead, support or context."`
	Method       string `json:"method" doc:"The way of judging: trend, target, comparison, milestone or rubric."`

	BaselineYears Years  `json:"baseline_years"`
	Years         Years  `json:"years" doc:"The newest years, judged together."`
	Baseline      Number `json:"baseline"`
	Value         Number `json:"value"`
	Lower         Number `json:"lower"`
	Upper         Number `json:"upper"`

	Difference      Number `json:"difference" doc:"value − baseline."`
	DifferenceLower Number `json:"difference_lower"`
	DifferenceUpper Number `json:"difference_upper"`
	Detectable      Number `json:"detectable" doc:"The smallest change that would have been seen with 80 % power at the 5 % level."`

	TargetKind  string `json:"target_kind" doc:"path, range, hold, threshold, or none where no target is agreed."`
	Target      Number `json:"target"`
	TargetLow   Number `json:"target_low"`
	TargetHigh  Number `json:"target_high"`
	TargetYear  int    `json:"target_year,omitempty"`
	Share       Number `json:"share" doc:"The part of the way from baseline to target that is covered; 1 is all of it."`
	ShareLower  Number `json:"share_lower"`
	ShareUpper  Number `json:"share_upper"`
	ShareReason string `json:"share_reason,omitempty" doc:"Why there is no share."`
	Expected    Number `json:"expected" doc:"Where the path would have it by now."`
	Pace        Number `json:"pace" doc:"Change a year so far."`
	Required    Number `json:"required" doc:"Change a year needed from now."`

	EurostatRatio Number `json:"eurostat_ratio"`
	EurostatClass string `json:"eurostat_class,omitempty"`
	UNRatio       Number `json:"un_ratio"`
	UNScore       int    `json:"un_score,omitempty"`
	GAS           Number `json:"gas" doc:"Goal Attainment Scaling T-score."`
	GASLower      Number `json:"gas_lower"`
	GASUpper      Number `json:"gas_upper"`

	Verdict     string            `json:"verdict" enum:"nådd,i rute,noe framgang,ingen klar endring,tilbakegang,kan ikke vurderes,for tidlig" doc:"From a closed set: achieved, on track, some progress, no clear change, decline, cannot tell, too early."`
	VerdictText string            `json:"verdict_text"`
	Reason      string            `json:"reason,omitempty" doc:"Code of the reason for the verdict."`
	ReasonText  string            `json:"reason_text,omitempty"`
	Links       map[string]string `json:"links"`
}

// Years are a window.
type Years struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// AttainmentInput picks judgements.
type AttainmentInput struct {
	About
	Agreement    string   `query:"agreement" maxLength:"100" doc:"Agreement id. Needed unless municipality is given." example:"innlandet"`
	Municipality []string `query:"municipality" maxItems:"400" doc:"Municipality codes as a comma list; «pooled» is all of the agreement taken together. Without it every one." example:"3425"`
	Goal         string   `query:"goal" maxLength:"100" doc:"Only one goal, as agreement/goal or its id." example:"innlandet/1"`
	Indicator    string   `query:"indicator" maxLength:"100" doc:"Only one indicator."`
}

// Attainments is the answer.
type Attainments struct {
	Envelope
	Attainment []Attainment `json:"attainment"`
}

func (a *API) attainment() {
	add(a, "attainment", "/attainment", (*call).attainments)
}

// pooled is what an agreement's municipalities taken together are called where
// the agreement is given beside.
const pooled = "pooled"

// members reads a list of municipalities of agreements: the codes, with the
// agreement's id for pooled.
func (c *call) members(agreement string, list []string) ([]string, error) {
	a := c.Catalogue.Agreement(agreement)
	if agreement != "" && a == nil {
		return nil, c.notFound(unknownAgreement, agreement)
	}
	for i, id := range list {
		if strings.TrimSpace(id) != pooled {
			continue
		}
		if a == nil {
			return nil, c.problem(http.StatusUnprocessableEntity, pooledNeedsAgreement)
		}
		list = slices.Clone(list)
		list[i] = a.ID
	}
	regions, err := c.regions(list)
	if err != nil || a == nil {
		return regions, err
	}
	for _, r := range regions {
		if r != a.ID && !slices.Contains(a.Codes(), r) {
			return nil, c.notFound(notInAgreement, r, a.ID, strings.Join(a.Codes(), ", "))
		}
	}
	return regions, nil
}

func (c *call) attainments(in *AttainmentInput) (*Attainments, error) {
	if in.Agreement == "" && len(in.Municipality) == 0 {
		return nil, c.problem(http.StatusUnprocessableEntity, askOne, "agreement, municipality")
	}
	regions, err := c.members(in.Agreement, in.Municipality)
	if err != nil {
		return nil, err
	}
	if in.Indicator != "" {
		if _, err := c.indicator(in.Indicator); err != nil {
			return nil, err
		}
	}
	out := &Attainments{c.envelope(), []Attainment{}}
	found := map[string]bool{}
	for i := range c.Cube.Attainments {
		r := &c.Cube.Attainments[i]
		fits := (in.Agreement == "" || r.Agreement == in.Agreement) && (len(regions) == 0 || slices.Contains(regions, r.Region)) &&
			(in.Indicator == "" || r.Indicator == in.Indicator) &&
			(in.Goal == "" || r.Goal == in.Goal || r.Goal == r.Agreement+"/"+in.Goal || strings.TrimPrefix(in.Goal, r.Agreement+"/") == r.Goal)
		if fits {
			found[r.Region] = true
			out.Attainment = append(out.Attainment, c.describeAttainment(r))
		}
	}
	for _, r := range regions {
		if !found[r] {
			return nil, c.notFound(noAttainment, r)
		}
	}
	if len(out.Attainment) == 0 {
		return nil, c.notFound(noAttainment, strings.Trim(in.Agreement+" "+in.Goal+" "+in.Indicator, " "))
	}
	return out, nil
}

func (c *call) describeAttainment(r *cube.Attainment) Attainment {
	ind := c.Catalogue.Indicator(r.Indicator)
	if ind == nil {
		ind = &catalogue.Indicator{ID: r.Indicator}
	}
	goal := r.Goal
	if !strings.Contains(goal, "/") {
		goal = r.Agreement + "/" + goal
	}
	return Attainment{
		Agreement: r.Agreement, Goal: goal, Indicator: r.Indicator, Title: ind.Title.In(c.lang), Unit: ind.Unit.In(c.lang),
		Municipality: regionOut(r.Agreement, r.Region), Name: c.name(r.Region), Role: r.Role, Method: r.Method,
		BaselineYears: Years{int(r.BaseFrom), int(r.BaseTo)}, Years: Years{int(r.From), int(r.To)},
		Baseline: Number(r.Baseline), Value: Number(r.Value), Lower: Number(r.Lower), Upper: Number(r.Upper),
		Difference: Number(r.Difference), DifferenceLower: Number(r.DiffLower), DifferenceUpper: Number(r.DiffUpper), Detectable: Number(r.Detectable),
		TargetKind: r.TargetKind, Target: Number(r.Target), TargetLow: Number(r.TargetLow), TargetHigh: Number(r.TargetHigh), TargetYear: int(r.TargetYear),
		Share: Number(r.Share), ShareLower: Number(r.ShareLower), ShareUpper: Number(r.ShareUpper), ShareReason: r.ShareReason,
		Expected: Number(r.Expected), Pace: Number(r.Pace), Required: Number(r.Required),
		EurostatRatio: Number(r.EurostatRatio), EurostatClass: r.EurostatClass, UNRatio: Number(r.UNRatio), UNScore: int(r.UNScore),
		GAS: Number(r.GAS), GASLower: Number(r.GASLower), GASUpper: Number(r.GASUpper),
		Verdict: r.Verdict, VerdictText: c.word("verdict.", r.Verdict), Reason: r.Reason, ReasonText: c.reasonText(r.Reason),
		Links: map[string]string{
			"indicator": Base + "/indicators/" + r.Indicator, "values": valuesURL(r.Indicator, r.Region),
			"effects": Base + "/effects?agreement=" + r.Agreement + "&indicator=" + r.Indicator,
		},
	}
}

func (c *call) reasonText(code string) string {
	if code == "" {
		return ""
	}
	return c.word("reason.", code)
}

// regionOut is how a region is called in an answer about an agreement.
func regionOut(agreement, region string) string {
	if region == agreement {
		return pooled
	}
	return region
}
