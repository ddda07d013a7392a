package catalogue

import (
	"slices"
	"strings"
	"time"
)

// Text is something a user reads. NB and NN are always there; EN where the API
// needs it (titles, definitions, units), else it may be empty.
type Text struct {
	NB string `yaml:"nb" schema:"required,nonempty"`
	NN string `yaml:"nn" schema:"required,nonempty"`
	EN string `yaml:"en" schema:"nonempty"`
}

// In returns the text in the language asked for (nb, nn or en), and the bokmål
// text where that language has none.
func (t Text) In(language string) string {
	switch {
	case language == "nn" && t.NN != "":
		return t.NN
	case language == "en" && t.EN != "":
		return t.EN
	default:
		return t.NB
	}
}

// Unknown stands where a source was looked for and nothing was found. It is
// shown as such and never replaced by a guess.
const Unknown = "unknown"

// Date is a calendar day, a month or a year as ISO 8601 writes them
// (2025-05-12, 2022-11, 2024), Unknown, or empty where none applies.
type Date string

// Time returns the first day the date covers, UTC; ok is false for an empty or
// unknown date.
func (d Date) Time() (t time.Time, ok bool) {
	// A layout is as long as what it reads.
	const layout = time.DateOnly
	if len(d) != len("2006") && len(d) != len("2006-01") && len(d) != len(layout) {
		return time.Time{}, false
	}
	t, err := time.Parse(layout[:len(d)], string(d))
	return t, err == nil
}

// --- Table plans ---

// TableSource says how the figures of a table are published.
type TableSource string

// The sources of figures.
const (
	SourceSSB  TableSource = "ssb"  // StatBank, PxWebApi v2.
	SourceNAV  TableSource = "nav"  // Monthly workbooks from NAV.
	SourcePage TableSource = "page" // An old page of tables; recorded only.
)

// Cadence is how often a table gets a new period.
type Cadence string

// The cadences in use.
const (
	Yearly    Cadence = "yearly"
	Quarterly Cadence = "quarterly"
	Monthly   Cadence = "monthly"
	Irregular Cadence = "irregular"
	Ended     Cadence = "ended"
)

// Table is the plan for one table at its source: what to ask for, and which
// cells make up each named series. The plan holds no municipality codes: the
// caller adds the regions wanted.
type Table struct {
	ID string `yaml:"id" schema:"required,nonempty"`
	// Title is the source's own, bokmål, as far as it is known; the live run keeps
	// the one it is given.
	Title string `yaml:"title" schema:"required,nonempty"`
	// Source is how it is published, Publisher who to credit, Licence the terms.
	Source    TableSource `yaml:"source" schema:"required"`
	Publisher string      `yaml:"publisher" schema:"required,nonempty"`
	Licence   string      `yaml:"licence" schema:"required,nonempty"`
	URL       string      `yaml:"url" schema:"required,nonempty"`
	// Region is the dimension that holds municipalities; nil where the table has none.
	Region *RegionDimension `yaml:"region"`
	// Time is the time dimension's id; Periods the expression to ask for,
	// such as from(2008).
	Time    string `yaml:"time" schema:"required,nonempty"`
	Periods string `yaml:"periods" schema:"required,nonempty"`
	// Dimensions are all other dimensions, in the order the source gives them.
	Dimensions []Dimension `yaml:"dimensions" schema:"required"`
	// Series are the named series facts are stored under.
	Series map[string]Selection `yaml:"series" schema:"required,format=selections"`
	// Cadence and LagMonths say when figures come: a period's figures are
	// out about that many months after its end.
	Cadence   Cadence `yaml:"cadence" schema:"required"`
	LagMonths int     `yaml:"lag_months" schema:"required,min=0,max=36"`
	// First and Last are the oldest and newest period seen in a source; Last
	// moves with every publication and is no limit.
	First string `yaml:"first" schema:"format=period"`
	Last  string `yaml:"last" schema:"format=period"`
	// Additive says that cells may be summed over dimensions, save those of
	// the contents named in NotAdditive (shares, averages, prices).
	Additive    bool     `yaml:"additive" schema:"required"`
	NotAdditive []string `yaml:"not_additive"`
	// Cumulative says that a quarter holds the year so far: never summed over quarters.
	Cumulative bool `yaml:"cumulative"`
	// Projection says that periods may lie in the future.
	Projection bool `yaml:"projection"`
	// Unverified says that the table or its codes were not seen in a live
	// source: the live run must discover them from /metadata. Uncertain says
	// what exactly is in doubt.
	Unverified bool     `yaml:"unverified"`
	Uncertain  []string `yaml:"uncertain"`
	Notes      []string `yaml:"notes"` // For those who work on the plan, in English.
	// Predecessor and Successor are table ids at the same source.
	Predecessor string `yaml:"predecessor"`
	Successor   string `yaml:"successor"`
}

// SeriesNames returns the series of the plan in sorted order.
func (t *Table) SeriesNames() []string {
	names := make([]string, 0, len(t.Series))
	for name := range t.Series {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// HasSeries reports whether the plan yields the series; name/code asks for one
// member of an expanded series.
func (t *Table) HasSeries(name string) bool {
	base, code, member := strings.Cut(name, "/")
	sel, ok := t.Series[base]
	return ok && member == sel.Expands() && (!member || code != "")
}

// Sums reports whether the figures of a series may be summed over regions and
// periods: the table is additive and no content of the series is named in
// NotAdditive. An unknown series may not.
func (t *Table) Sums(series string) bool {
	base, _, _ := strings.Cut(series, "/")
	sel, ok := t.Series[base]
	if !ok || !t.Additive {
		return false
	}
	for _, codes := range sel {
		for _, c := range codes {
			if slices.Contains(t.NotAdditive, c) {
				return false
			}
		}
	}
	return true
}

// RegionDimension is the dimension that holds municipalities.
type RegionDimension struct {
	Dimension string `yaml:"dimension" schema:"required,nonempty"`
	// Codelists are the lists to try, best first. A municipality's code in a
	// list is found through the list's own members, never built from a prefix.
	// Empty: the dimension's plain codes.
	Codelists []string `yaml:"codelists" schema:"required"`
	// History says that the list gives figures back in time on today's codes;
	// else earlier codes must be asked for as well.
	History bool `yaml:"history"`
	// PilotsOnly limits a matrix of municipality by municipality to rows of
	// municipalities in an agreement.
	PilotsOnly bool `yaml:"pilots_only"`
}

// Dimension is one dimension other than region and time.
type Dimension struct {
	ID       string `yaml:"id" schema:"required,nonempty"`
	Codelist string `yaml:"codelist"`
	// Codes are codes or expressions (*, top(n), from(x)) to ask for.
	Codes      []string `yaml:"codes" schema:"required,minItems=1"`
	Unverified bool     `yaml:"unverified"`
}

// Selection says which cells of a table a series is: for every dimension but
// region and time, the codes summed.
type Selection map[string]Codes

// Expands reports whether the selection stands for one series per code, each
// named series/code.
func (s Selection) Expands() bool {
	for _, codes := range s {
		if codes.All() {
			return true
		}
	}
	return false
}

// LabelPrefix starts a code that is not known: what follows is the label by
// which the live run finds the code in the table's /metadata. It stands only in
// a dimension marked unverified.
const LabelPrefix = "label:"

// Codes are the codes of one dimension whose cells are summed; in YAML one code
// or a list. The single code * stands for one series per code.
type Codes []string

// All reports whether the codes are the single code *.
func (c Codes) All() bool { return len(c) == 1 && c[0] == "*" }

// UnmarshalYAML reads one code or a list of codes.
func (c *Codes) UnmarshalYAML(unmarshal func(any) error) error {
	var list []string
	if err := unmarshal(&list); err == nil {
		*c = list
		return nil
	}
	var one string
	if err := unmarshal(&one); err != nil {
		return err
	}
	*c = Codes{one}
	return nil
}

// --- Indicators ---

// IndicatorKind says how a value is made and which interval it gets.
type IndicatorKind string

// The kinds of indicators.
const (
	// Count is the numerator itself.
	Count IndicatorKind = "count"
	// Proportion is a numerator that is part of the denominator (Wilson).
	Proportion IndicatorKind = "proportion"
	// Rate is a count of events per denominator (Byar, exact).
	Rate IndicatorKind = "rate"
	// NetRate is a signed net flow per denominator; interval from the gross
	// flows if there are any, else from the municipality's own dispersion.
	NetRate IndicatorKind = "net-rate"
	// Ratio is an amount, an amount per amount, or a stock that chance does not
	// move: no count interval.
	Ratio IndicatorKind = "ratio"
)

// Clock says at which point the denominator of year t is taken.
type Clock string

// The clocks of a denominator.
const (
	ClockStart Clock = "start" // 1 January of t.
	ClockEnd   Clock = "end"   // 1 January of t+1.
	ClockMean  Clock = "mean"  // Mean of the two; for flows.
	ClockSame  Clock = "same"  // The numerator's own period.
)

// Polarity says which way is better.
type Polarity string

// The polarities.
const (
	Up   Polarity = "up"
	Down Polarity = "down"
	// NoPolarity marks an indicator whose direction is neither good nor bad.
	NoPolarity Polarity = "none"
)

// Annual says how quarters or months become a year.
type Annual string

// The ways to a yearly figure.
const (
	AnnualNone Annual = ""     // The figures are yearly.
	AnnualSum  Annual = "sum"  // Flows.
	AnnualMean Annual = "mean" // Stocks measured several times a year.
	AnnualLast Annual = "last" // Last quarter or month.
)

// Method is a way of judging (vurderingsmåte).
type Method string

// The ways of judging.
const (
	JudgeTrend      Method = "trend"
	JudgeTarget     Method = "target"
	JudgeComparison Method = "comparison"
	JudgeMilestone  Method = "milestone"
	JudgeRubric     Method = "rubric"
)

// Theme groups indicators by what they are about.
type Theme string

// The themes: the overarching aims and the three goals of the first agreement,
// which other agreements share.
const (
	ThemeOverarching   Theme = "overarching"
	ThemeRecruitment   Theme = "recruitment"
	ThemeLabourReserve Theme = "labour-reserve"
	ThemeHousing       Theme = "housing"
)

// Level is high, medium or low.
type Level string

// The levels.
const (
	High   Level = "high"
	Medium Level = "medium"
	Low    Level = "low"
)

// Indicator is the definition of one indicator: value = Scale · Σ sign·numerator / denominator.
type Indicator struct {
	ID         string        `yaml:"id" schema:"required,format=id"`
	Title      Text          `yaml:"title" schema:"required,english"`
	Short      Text          `yaml:"short" schema:"required,english"`
	Definition Text          `yaml:"definition" schema:"required,english"`
	Kind       IndicatorKind `yaml:"kind" schema:"required"`
	// Numerator is a signed sum of series.
	Numerator []Term `yaml:"numerator" schema:"required,minItems=1"`
	// Gross are the gross flows behind a net rate, where the table has them;
	// the variance of the net is their sum.
	Gross []Term `yaml:"gross"`
	// Internal are the moves or commutes between two municipalities, where they
	// count in the numerator of one or both and are none of the two together.
	Internal *Internal `yaml:"internal"`
	// Denominator is nil for a count, and for a ratio that the source itself has
	// made, such as a price per square metre.
	Denominator *Denominator `yaml:"denominator"`
	// Annual says how quarters or months become a year.
	Annual       Annual          `yaml:"annual"`
	Scale        float64         `yaml:"scale" schema:"required,above=0"`
	Decimals     int             `yaml:"decimals" schema:"required,min=0,max=4"`
	Unit         Text            `yaml:"unit" schema:"required,english"`
	Polarity     Polarity        `yaml:"polarity" schema:"required"`
	Themes       []Theme         `yaml:"themes" schema:"required,minItems=1"`
	LagMonths    int             `yaml:"lag_months" schema:"required,min=0,max=36"`
	Breaks       []Break         `yaml:"breaks"`
	Risks        []Text          `yaml:"risks"`
	SmallNumbers SmallNumbers    `yaml:"small_numbers" schema:"required"`
	Attributable Attributability `yaml:"attributable" schema:"required"`
	Judgement    Method          `yaml:"judgement" schema:"required"`
	Limits       Limits          `yaml:"limits"`
	// Core marks the common core every agreement reports on.
	Core bool `yaml:"core"`
	// Context marks an indicator that is shown for understanding and never judged.
	Context bool `yaml:"context"`
}

// Percent reports whether the value is a share in per cent, so that differences
// of it are percentage points.
func (i *Indicator) Percent() bool { return i.Kind == Proportion && i.Scale == 100 }

// Tables returns the ids of the tables the indicator is made from, in order of
// first use.
func (i *Indicator) Tables() []string {
	var ids []string
	add := func(id string) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, t := range i.Numerator {
		add(t.Table)
	}
	if i.Denominator != nil {
		add(i.Denominator.Table)
	}
	for _, t := range i.Gross {
		add(t.Table)
	}
	return ids
}

// Term is one series in a signed sum.
type Term struct {
	Table  string `yaml:"table" schema:"required,nonempty"`
	Series string `yaml:"series" schema:"required,format=series"`
	Sign   int    `yaml:"sign" schema:"oneOf=-1|1"` // +1 (default) or -1.
}

// Internal is a series with a member for every other municipality: moves_from/3421
// of 3425 are those from 3421 to 3425.
type Internal struct {
	Table  string `yaml:"table" schema:"required,nonempty"`
	Series string `yaml:"series" schema:"required,format=series"`
}

// Denominator is what a numerator is measured against.
type Denominator struct {
	Table  string `yaml:"table" schema:"required,nonempty"`
	Series string `yaml:"series" schema:"required,format=series"`
	Clock  Clock  `yaml:"clock" schema:"required"`
}

// Break is a known break in a series: figures before and from Period are not
// fully comparable.
type Break struct {
	Period string `yaml:"period" schema:"required,format=period"`
	Reason Text   `yaml:"reason" schema:"required"`
}

// SmallNumbers is the small-number rule: below the minimum no single value is
// judged, and judgements use PoolYears years together.
type SmallNumbers struct {
	MinNumerator   float64 `yaml:"min_numerator" schema:"required,min=0"`
	MinDenominator float64 `yaml:"min_denominator" schema:"required,min=0"`
	PoolYears      int     `yaml:"pool_years" schema:"required,oneOf=1|3|5"` // 1, 3 or 5.
}

// Attributability says how far local effort can be expected to move an
// indicator within an agreement's period.
type Attributability struct {
	Level Level `yaml:"level" schema:"required"`
	Why   Text  `yaml:"why" schema:"required"`
}

// Limits are the natural limits of the value; nil where there is none.
type Limits struct {
	Lower *float64 `yaml:"lower"`
	Upper *float64 `yaml:"upper"`
}

// --- Agreements ---

// Agreement is one bygdevekstavtale. What the agreement itself says is kept
// verbatim, in its own language; what is ours is Text.
type Agreement struct {
	ID   string `yaml:"id" schema:"required,format=id"`
	Name Text   `yaml:"name" schema:"required,english"`
	// Wave is the round the pilot was chosen in (pulje 1 or 2).
	Wave int `yaml:"wave" schema:"required,oneOf=1|2"`
	// Language is the language the agreement's parties write: nb, nn or unknown.
	Language       string   `yaml:"language" schema:"required,oneOf=nb|nn|unknown"`
	County         County   `yaml:"county" schema:"required"`
	Municipalities []Member `yaml:"municipalities" schema:"required,minItems=1"`
	Period         Period   `yaml:"period" schema:"required"`
	// Dates are what is known of the pilot's way so far.
	Dates []Event `yaml:"dates" schema:"required"`
	// Themes are the pilot's themes as its sources give them.
	Themes []Text `yaml:"themes"`
	// Unknown names the parts of the agreement no source was found for.
	Unknown []string `yaml:"unknown" schema:"oneOf=signed|ends|parties|goals|obligations|references|themes|language|plan"`
	Parties []Party  `yaml:"parties"`
	// Goals holds the overarching aims (id overarching) and each delmål.
	Goals       []Goal       `yaml:"goals" schema:"required,minItems=1"`
	Obligations []Obligation `yaml:"obligations"`
	References  []Reference  `yaml:"references"`
	Baseline    Baseline     `yaml:"baseline" schema:"required"`
	Source      string       `yaml:"source" schema:"required,nonempty"`
	Notes       []Text       `yaml:"notes"`
	// LeftOut are core indicators the agreement does not use, each with its reason.
	LeftOut []LeftOut `yaml:"left_out"`
}

// LeftOut is a core indicator an agreement does not use.
type LeftOut struct {
	Indicator string `yaml:"indicator" schema:"required,format=id"`
	Reason    Text   `yaml:"reason" schema:"required"`
}

// Codes returns the municipality codes of the agreement, in its own order.
func (a *Agreement) Codes() []string {
	codes := make([]string, len(a.Municipalities))
	for i, m := range a.Municipalities {
		codes[i] = m.Code
	}
	return codes
}

// Goal returns the goal with the id, or nil.
func (a *Agreement) Goal(id string) *Goal {
	for i := range a.Goals {
		if a.Goals[i].ID == id {
			return &a.Goals[i]
		}
	}
	return nil
}

// Party returns the party with the id, or nil.
func (a *Agreement) Party(id string) *Party {
	for i := range a.Parties {
		if a.Parties[i].ID == id {
			return &a.Parties[i]
		}
	}
	return nil
}

// County is the county of an agreement, in codes valid from 2024-01-01.
type County struct {
	Code string `yaml:"code" schema:"required,format=county"`
	Name string `yaml:"name" schema:"required,nonempty"`
}

// Member is a municipality of an agreement. Name is for the reader of the file;
// only Code is ever joined on.
type Member struct {
	Code string `yaml:"code" schema:"required,format=municipality"`
	Name string `yaml:"name" schema:"required,nonempty"`
}

// Period is when an agreement is in force.
type Period struct {
	// Signed is the day it was politically signed.
	Signed Date   `yaml:"signed" schema:"required,format=date"`
	Source string `yaml:"source" schema:"required,nonempty"`
	// InForce is the day the last main party approved it, which is when it
	// starts to be in force; Rule says so in words.
	InForce Date `yaml:"in_force" schema:"required,format=date"`
	Rule    Text `yaml:"rule" schema:"required"`
	Ends    Date `yaml:"ends" schema:"required,format=date"`
}

// Event is a dated fact.
type Event struct {
	Date     Date   `yaml:"date" schema:"required,format=date"`
	What     Text   `yaml:"what" schema:"required"`
	Source   string `yaml:"source" schema:"required,nonempty"`
	Verified bool   `yaml:"verified" schema:"required"`
}

// PartyRole is a party's part in an agreement.
type PartyRole string

// The roles of parties.
const (
	RoleMain        PartyRole = "main"        // Hovedpart.
	RoleSpecial     PartyRole = "special"     // Aktør med særlig rolle.
	RoleCooperating PartyRole = "cooperating" // Navngitt samarbeidspart under et delmål.
	RoleInvitable   PartyRole = "invitable"   // Kan inviteres inn.
)

// Party is a party of an agreement.
type Party struct {
	ID   string    `yaml:"id" schema:"required,format=id"`
	Name string    `yaml:"name" schema:"required,nonempty"`
	Role PartyRole `yaml:"role" schema:"required"`
	// Municipality is the code of a party that is a municipality.
	Municipality string `yaml:"municipality" schema:"format=municipality"`
	// OnBehalfOf and Includes are the agreement's own words.
	OnBehalfOf string   `yaml:"on_behalf_of"`
	Includes   []string `yaml:"includes"`
	// Reservation is a reservation taken, verbatim.
	Reservation string `yaml:"reservation"`
	// Approved is when the party approved the agreement politically.
	Approved  Date   `yaml:"approved" schema:"format=date"`
	Paragraph string `yaml:"paragraph" schema:"required,nonempty"`
}

// Goal is a delmål, or the overarching aims (id overarching). It is addressed
// agreement/goal, as innlandet/1.
type Goal struct {
	ID string `yaml:"id" schema:"required,format=id"`
	// Paragraph is where in the agreement it stands.
	Paragraph string `yaml:"paragraph" schema:"required,nonempty"`
	// Title and Text are the official wording, in the agreement's language.
	Title string `yaml:"title" schema:"required,nonempty"`
	Text  string `yaml:"text" schema:"required,nonempty"`
	// Summary is ours: one sentence on what the goal is about.
	Summary Text  `yaml:"summary" schema:"required,english"`
	Theme   Theme `yaml:"theme" schema:"required"`
	// Parties are the named parties, MayInvite those the agreement says may be
	// invited; both are party ids.
	Parties   []string `yaml:"parties"`
	MayInvite []string `yaml:"may_invite"`
	// SeenWith are ids of goals the agreement says this one is seen together with.
	SeenWith   []string        `yaml:"seen_with"`
	Indicators []GoalIndicator `yaml:"indicators" schema:"required,minItems=1"`
	LegalRoom  []LegalRoom     `yaml:"legal_room"`
}

// IndicatorRole is the part an indicator plays for a goal.
type IndicatorRole string

// The roles of indicators.
const (
	Lead    IndicatorRole = "lead"
	Support IndicatorRole = "support"
	// ContextRole is shown for understanding and never judged.
	ContextRole IndicatorRole = "context"
)

// GoalIndicator ties an indicator to a goal, with how it is judged.
type GoalIndicator struct {
	Indicator string        `yaml:"indicator" schema:"required,format=id"`
	Role      IndicatorRole `yaml:"role" schema:"required"`
	Why       Text          `yaml:"why"`
	Judgement Judgement     `yaml:"judgement" schema:"required"`
	Target    Target        `yaml:"target" schema:"required"`
}

// Agreed says whether, by whom and when something was agreed.
type Agreed struct {
	By      []string `yaml:"by" schema:"required,minItems=1"` // Party ids.
	On      Date     `yaml:"on" schema:"required,format=date"`
	Edition string   `yaml:"edition" schema:"required,format=id"` // Plan edition id.
}

// Judgement is a way of judging and its standing. Agreed is nil while the
// parties have not agreed on it: Method is then the catalogue's proposal.
type Judgement struct {
	Method Method  `yaml:"method" schema:"required"`
	Agreed *Agreed `yaml:"agreed"`
}

// TargetKind is the form of a target.
type TargetKind string

// The forms of targets.
const (
	// NotAgreed ("ikke avtalt") is a normal state, and the zero value's meaning.
	NotAgreed TargetKind = "not-agreed"
	// PathTarget is one or more dated values.
	PathTarget TargetKind = "path"
	// RangeTarget is to be between Lower and Upper in the final year.
	RangeTarget TargetKind = "range"
	// HoldTarget is to stay within Tolerance of the baseline value.
	HoldTarget TargetKind = "hold"
	// ThresholdTarget is to be at or beyond a value, in the indicator's
	// direction, in the final year.
	ThresholdTarget TargetKind = "threshold"
)

// Target is what the parties aim at. History holds what was agreed earlier,
// oldest first.
type Target struct {
	Kind TargetKind `yaml:"kind" schema:"required"`
	// Points are the dated values of a path, in order of year; a threshold has one.
	Points []TargetPoint `yaml:"points"`
	// Lower, Upper and Year are for a range; Year also for hold.
	Lower *float64 `yaml:"lower"`
	Upper *float64 `yaml:"upper"`
	Year  int      `yaml:"year" schema:"min=2000,max=2100"`
	// Tolerance is for hold, in the indicator's unit.
	Tolerance *float64 `yaml:"tolerance"`
	Agreed    *Agreed  `yaml:"agreed"`
	Reason    Text     `yaml:"reason"` // Why it was changed, in a history.
	History   []Target `yaml:"history"`
}

// TargetPoint is a value aimed at in a year.
type TargetPoint struct {
	Year  int     `yaml:"year" schema:"required,min=2000,max=2100"`
	Value float64 `yaml:"value" schema:"required"`
}

// FinalYear returns the year the target is to be reached, 0 where none is agreed.
func (t *Target) FinalYear() int {
	if n := len(t.Points); n > 0 {
		return t.Points[n-1].Year
	}
	return t.Year
}

// LegalStatus is what has been found out about a legal question.
type LegalStatus string

// The legal statuses.
const (
	NotMapped LegalStatus = "not-mapped" // "Ikke kartlagt".
	Opens     LegalStatus = "opens"
	Hinders   LegalStatus = "hinders"
	Unclear   LegalStatus = "unclear"
)

// LegalRoom is one entry of the register of what the law opens for, or is in
// the way of.
type LegalRoom struct {
	ID     string      `yaml:"id" schema:"required,format=id"`
	Status LegalStatus `yaml:"status" schema:"required"`
	// Form is the form of cooperation, Law the provision; empty while not mapped.
	Form   string `yaml:"form"`
	Law    string `yaml:"law"`
	Text   Text   `yaml:"text" schema:"required"`
	Source string `yaml:"source"`
	Date   Date   `yaml:"date" schema:"format=date"`
}

// ObligationKind says when an obligation falls due.
type ObligationKind string

// The kinds of obligations.
const (
	DueOnce       ObligationKind = "once"
	DueYearly     ObligationKind = "yearly"
	DueAtEnd      ObligationKind = "at-end"
	DueContinuous ObligationKind = "continuous"
)

// Obligation is something a party owes by the agreement.
type Obligation struct {
	ID        string         `yaml:"id" schema:"required,format=id"`
	Paragraph string         `yaml:"paragraph" schema:"required,nonempty"`
	Owes      []string       `yaml:"owes" schema:"required,minItems=1"` // Party ids.
	Text      string         `yaml:"text" schema:"required,nonempty"`   // Verbatim, mended.
	Kind      ObligationKind `yaml:"kind" schema:"required"`
	Goal      string         `yaml:"goal"` // Goal id, where it belongs to one.
	// Truncated says that the text we hold is cut off here; the rest is not guessed.
	Truncated bool `yaml:"truncated"`
	// Reservation is a reservation taken, verbatim.
	Reservation string `yaml:"reservation"`
	// Note is ours: what the reader must know to read the text right.
	Note Text `yaml:"note"`
}

// Reference is a document the agreement builds on, or one about it.
type Reference struct {
	ID        string `yaml:"id" schema:"required,format=id"`
	Title     string `yaml:"title" schema:"required,nonempty"`
	Paragraph string `yaml:"paragraph"`
	Date      Date   `yaml:"date" schema:"format=date"`
	URL       string `yaml:"url"`
	Verified  bool   `yaml:"verified" schema:"required"`
}

// Baseline is the point change is measured from: Year, or for an indicator that
// pools n years the n years that end with Year.
type Baseline struct {
	Year int  `yaml:"year" schema:"required,min=2000,max=2100"`
	Rule Text `yaml:"rule" schema:"required"`
}

// --- Other effort and plans ---

// Effort is other effort that touches municipalities in the same period ("øvrig innsats").
type Effort struct {
	ID   string `yaml:"id" schema:"required,format=id"`
	Name Text   `yaml:"name" schema:"required,english"`
	// Authority decides it; empty where that is not verified.
	Authority string `yaml:"authority"`
	// Basis is the law or budget it rests on; Dose what it gives.
	Basis      Text      `yaml:"basis" schema:"required"`
	Dose       Text      `yaml:"dose" schema:"required"`
	Geography  Geography `yaml:"geography" schema:"required"`
	From       Date      `yaml:"from" schema:"required,format=date"`
	To         Date      `yaml:"to" schema:"required,format=date"`
	Indicators []string  `yaml:"indicators" schema:"required"` // Where it may be seen.
	Verified   bool      `yaml:"verified" schema:"required"`
	Source     string    `yaml:"source" schema:"required,nonempty"`
	Note       Text      `yaml:"note"`
}

// Geography says whom an effort touches: everything listed counts, a
// municipality is touched if any of it fits. With nothing listed and All false
// the geography is unknown.
type Geography struct {
	All            bool     `yaml:"all"`
	Municipalities []string `yaml:"municipalities" schema:"format=municipality"`
	Counties       []string `yaml:"counties" schema:"format=county"`
	Centrality     []int    `yaml:"centrality" schema:"min=1,max=6"` // Classes 1–6.
	Agreements     []string `yaml:"agreements" schema:"format=id"`
	Note           Text     `yaml:"note"`
}

// Known reports whether anything is known of the geography.
func (g *Geography) Known() bool {
	return g.All || len(g.Municipalities)+len(g.Counties)+len(g.Centrality)+len(g.Agreements) > 0
}

// Touches reports whether the effort reaches a municipality, given its code,
// its centrality class (0 if not known) and the id of its agreement ("" if none).
func (g *Geography) Touches(code string, centrality int, agreement string) bool {
	return g.All ||
		slices.Contains(g.Municipalities, code) ||
		len(code) >= 2 && slices.Contains(g.Counties, code[:2]) ||
		slices.Contains(g.Centrality, centrality) ||
		agreement != "" && slices.Contains(g.Agreements, agreement)
}

// PlanStatus is how far a plan edition has come.
type PlanStatus string

// The statuses of a plan edition.
const (
	PlanExample  PlanStatus = "example" // "Eksempel, ikke vedtatt".
	PlanDraft    PlanStatus = "draft"
	PlanAgreed   PlanStatus = "agreed"   // By the parties.
	PlanApproved PlanStatus = "approved" // By KDD.
)

// Plan is one edition of an agreement's action plan (handlingsplan).
type Plan struct {
	ID        string     `yaml:"id" schema:"required,format=id"`
	Agreement string     `yaml:"agreement" schema:"required,format=id"`
	Year      int        `yaml:"year" schema:"required,min=2000,max=2100"`
	Status    PlanStatus `yaml:"status" schema:"required"`
	Label     Text       `yaml:"label" schema:"required,english"` // Shown with everything of the edition.
	Agreed    *Agreed    `yaml:"agreed"`
	Approved  Date       `yaml:"approved" schema:"format=date"`
	Source    string     `yaml:"source" schema:"required,nonempty"`
	Measures  []Measure  `yaml:"measures" schema:"required,minItems=1"`
}

// Measure is a tiltak.
type Measure struct {
	ID          string      `yaml:"id" schema:"required,format=id"`
	Goal        string      `yaml:"goal" schema:"required,nonempty"` // Goal id.
	Title       Text        `yaml:"title" schema:"required"`
	Responsible []string    `yaml:"responsible" schema:"required,minItems=1"` // Party ids.
	Partners    []string    `yaml:"partners"`                                 // Party ids.
	From        Date        `yaml:"from" schema:"required,format=date"`
	To          Date        `yaml:"to" schema:"required,format=date"`
	Milestones  []Milestone `yaml:"milestones" schema:"required,minItems=1"`
	// Chain is the reasoning from effort to effect.
	Chain      Chain     `yaml:"chain" schema:"required"`
	Judgement  Judgement `yaml:"judgement" schema:"required"`
	Indicators []string  `yaml:"indicators"`
	Tags       []string  `yaml:"tags"`
}

// Chain is a result chain: innsats, aktivitet, resultat, effekt.
type Chain struct {
	Input    Text `yaml:"input" schema:"required"`
	Activity Text `yaml:"activity" schema:"required"`
	Result   Text `yaml:"result" schema:"required"`
	Effect   Text `yaml:"effect" schema:"required"`
}

// Milestone is a dated step of a measure.
type Milestone struct {
	Text Text `yaml:"text" schema:"required"`
	Due  Date `yaml:"due" schema:"required,format=date"`
	Done Date `yaml:"done" schema:"format=date"`
}

// --- Comparison groups ---

// Transform is applied to a covariate before it is standardised.
type Transform string

// The transforms.
const (
	NoTransform  Transform = ""
	LogTransform Transform = "log"
)

// CovariateStat says how a window of years becomes one number.
type CovariateStat string

// The statistics of a covariate.
const (
	StatMean CovariateStat = "mean"
	// StatGrowth is the relative change from the first to the last year, in per cent.
	StatGrowth CovariateStat = "growth"
)

// Covariate is one variable of the distance between municipalities.
type Covariate struct {
	ID    string `yaml:"id" schema:"required,format=id"`
	Title Text   `yaml:"title" schema:"required,english"`
	// Indicator or Attribute says what it is; Attribute names a fixed property
	// of a municipality (centrality_index).
	Indicator string        `yaml:"indicator"`
	Attribute string        `yaml:"attribute" schema:"oneOf=centrality_index"`
	From      int           `yaml:"from" schema:"min=1980,max=2100"`
	To        int           `yaml:"to" schema:"min=1980,max=2100"`
	Stat      CovariateStat `yaml:"stat"`
	Transform Transform     `yaml:"transform"`
	Weight    float64       `yaml:"weight" schema:"required,above=0"`
}

// ExclusionRule is a hard rule that keeps a municipality out of a comparison group.
type ExclusionRule string

// The exclusion rules.
const (
	ExcludeSelf       ExclusionRule = "self"
	ExcludePilot      ExclusionRule = "pilot"
	ExcludeNeighbour  ExclusionRule = "neighbour"
	ExcludeCommuting  ExclusionRule = "commuting-partner"
	ExcludeBorder     ExclusionRule = "border-change"
	ExcludeGap        ExclusionRule = "gap"
	ExcludeCentrality ExclusionRule = "centrality"
	ExcludePopulation ExclusionRule = "population"
)

// Exclusion is one exclusion with its parameters and its reason.
type Exclusion struct {
	Rule ExclusionRule `yaml:"rule" schema:"required"`
	// Max is the most that is allowed: for centrality the difference in class,
	// for population the ratio of the larger to the smaller, for commuting-partner
	// the per cent of employed residents who commute, either way.
	Max *float64 `yaml:"max"`
	// From and To are the years a border change or a gap counts in.
	From int  `yaml:"from"`
	To   int  `yaml:"to"`
	Text Text `yaml:"text" schema:"required,english"`
}

// Comparison is the rule a comparison group is made by. Version changes with
// any change of a rule or weight.
type Comparison struct {
	ID         string      `yaml:"id" schema:"required,format=id"`
	Version    string      `yaml:"version" schema:"required,nonempty"`
	K          int         `yaml:"k" schema:"required,min=5,max=100"`
	Covariates []Covariate `yaml:"covariates" schema:"required,minItems=1"`
	Exclusions []Exclusion `yaml:"exclusions" schema:"required,minItems=1"`
	Note       Text        `yaml:"note" schema:"required,english"`
}

// --- Registered designs ---

// Design is a registered evaluation design. A design that extends another holds
// the whole effective design; Reasons then says, per top-level field, why it
// deviates.
type Design struct {
	ID        string `yaml:"id" schema:"required,format=id"`
	Extends   string `yaml:"extends" schema:"format=id"`
	Agreement string `yaml:"agreement" schema:"format=id"` // Empty for a common design.
	Title     Text   `yaml:"title" schema:"required,english"`
	Question  Text   `yaml:"question" schema:"required,english"`
	Estimand  Text   `yaml:"estimand" schema:"required,english"`
	// Outcomes are indicator ids; the first is the primary outcome.
	Outcomes []string `yaml:"outcomes" schema:"required,minItems=1"`
	// Treated are municipality codes; empty in a common design, where it is
	// every municipality of the agreement judged.
	Treated []string `yaml:"treated" schema:"format=municipality"`
	// Pooled says that the municipalities are also judged together.
	Pooled bool        `yaml:"pooled" schema:"required"`
	Donors DonorRules  `yaml:"donors" schema:"required"`
	Window Window      `yaml:"window" schema:"required"`
	Start  int         `yaml:"start" schema:"required,min=1990,max=2100"` // First treated year.
	Method Estimator   `yaml:"method" schema:"required"`
	Others []Estimator `yaml:"others" schema:"required"` // Sensitivity, shown beside the primary.
	Gates  DesignGates `yaml:"gates" schema:"required"`
	Looks  Looks       `yaml:"looks" schema:"required"`
	Seed   uint64      `yaml:"seed" schema:"required,min=0"`
	// Registered is the date; DataSeenTo the last outcome period that was out then.
	Registered Date `yaml:"registered" schema:"required,format=date"`
	DataSeenTo int  `yaml:"data_seen_to" schema:"required,min=1990,max=2100"`
	Disclosure Text `yaml:"disclosure" schema:"required"`
	// History are earlier versions, oldest first.
	History []DesignChange    `yaml:"history"`
	Reasons map[string]Reason `yaml:"reasons"`
}

// Reason says why a design deviates from the one it extends.
type Reason struct {
	Text Text `yaml:"text" schema:"required"`
}

// DesignChange records an earlier version of a design.
type DesignChange struct {
	Date Date   `yaml:"date" schema:"required,format=date"`
	Hash string `yaml:"hash" schema:"required,nonempty"`
	What Text   `yaml:"what" schema:"required"`
}

// DonorRules say which municipalities may be donors.
type DonorRules struct {
	Comparison string `yaml:"comparison" schema:"required,format=id"` // Comparison id.
	Min        int    `yaml:"min" schema:"required,min=1"`
	Max        int    `yaml:"max" schema:"required,min=1"`
	// WithoutSpillOver repeats the estimate without the neighbour exclusion.
	WithoutSpillOver bool `yaml:"without_spill_over"`
}

// Window is the years a design uses.
type Window struct {
	From int `yaml:"from" schema:"required,min=1980,max=2100"`
	To   int `yaml:"to" schema:"required,min=1980,max=2100"`
}

// DesignGates are limits an estimate must keep to be called an effect.
type DesignGates struct {
	// MaxPreFitQuantile is the quantile of the placebos' pre-RMSPE the treated must be under.
	MaxPreFitQuantile float64 `yaml:"max_pre_fit_quantile" schema:"required,above=0,max=1"`
	MinPreYears       int     `yaml:"min_pre_years" schema:"required,min=1"`
	// Power is the power the minimal detectable effect is stated at.
	Power float64 `yaml:"power" schema:"required,above=0,max=1"`
}

// Estimator is a method of the evaluation engine.
type Estimator string

// The estimators a design may name.
const (
	SC          Estimator = "sc"
	SCOutcome   Estimator = "sc-outcome"
	SCDemeaned  Estimator = "sc-demeaned"
	SCPenalised Estimator = "sc-penalised"
	SCRidge     Estimator = "sc-ridge"
	SDID        Estimator = "sdid"
	DID         Estimator = "did"
	DIDMatched  Estimator = "did-matched"
	ATTGT       Estimator = "att-gt"
)

// Spending says how the error rate is used over repeated looks.
type Spending string

// The ways of spending the error rate.
const (
	// Confirmatory is one confirmatory look; the others are descriptive.
	Confirmatory  Spending = "confirmatory"
	Pocock        Spending = "pocock"
	OBrienFleming Spending = "obrien-fleming"
)

// Correction is a correction for multiple tests.
type Correction string

// The corrections.
const (
	Holm              Correction = "holm"
	BenjaminiHochberg Correction = "benjamini-hochberg"
	RomanoWolf        Correction = "romano-wolf"
)

// Family is a set of tests corrected together.
type Family string

// The families.
const (
	FamilyOutcomes       Family = "outcomes"
	FamilyMunicipalities Family = "municipalities"
)

// Looks says when the design is judged, and at which error rate.
type Looks struct {
	Alpha        float64    `yaml:"alpha" schema:"required,above=0,max=1"`
	Spending     Spending   `yaml:"spending" schema:"required"`
	Years        []int      `yaml:"years" schema:"required,minItems=1"`      // Outcome years looked at.
	Confirmatory int        `yaml:"confirmatory" schema:"min=1990,max=2100"` // The one confirmatory outcome year.
	Correction   Correction `yaml:"correction" schema:"required"`
	Families     []Family   `yaml:"families" schema:"required,minItems=1"`
}
