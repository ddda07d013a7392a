package cube

import "github.com/bygdevekst/bygdevekst/data"

// The row types below are the tables of a release. Field order is column
// order, the leading fields tagged `key` identify a row and give the sort
// order, and fields tagged `dim:"name"` are stored as integer codes with a
// dimension table of that name. `hash:"-"` keeps a column out of the content
// hash. Regions are municipality codes valid from 2024-01-01 or, for the
// municipalities of an agreement taken together, the agreement's id.

// Source is the provenance of one archived body.
type Source struct {
	ID        int32  `key:"1"`
	Table     string `dim:"table"`
	Title     string
	Source    string
	Licence   string
	Updated   string
	Retrieved string `hash:"-"`
	Kind      string
	SHA256    string
	Request   string
	Note      string
}

// Observation is one harmonised figure as the source published it.
type Observation struct {
	Table  string      `key:"1" dim:"table"`
	Series string      `key:"2" dim:"series"`
	Region string      `key:"3" dim:"region"`
	Period string      `key:"4" dim:"period"`
	Value  Float       // null when Status is missing.
	Status data.Status `dim:"status"`
	// ReportedAs is the region code in the source, which differs from Region
	// where the code has changed.
	ReportedAs string `dim:"region"`
	Source     int32
}

// Value is an indicator's value for a region and a window of years ending in
// Year, rebuilt from counts.
type Value struct {
	Indicator string `key:"1" dim:"indicator"`
	Region    string `key:"2" dim:"region"`
	Year      int32  `key:"3"`
	// Window is the number of years pooled: 1, 3 or 5.
	Window      int32 `key:"4"`
	Numerator   Float
	Denominator Float
	Value       Float
	Lower       Float
	Upper       Float
	Status      data.Status `dim:"status"`
	// Method names the interval: byar, exact, wilson, gross-flows, dispersion, none.
	Method string `dim:"method"`
	// Detectable is the smallest change between two such windows that would be
	// seen with 80 % power at the 5 % level, in the indicator's unit.
	Detectable Float
}

// Change is the difference between the newest window and the baseline window.
type Change struct {
	Indicator string `key:"1" dim:"indicator"`
	Region    string `key:"2" dim:"region"`
	// BaseFrom and BaseTo are the years of the baseline window.
	BaseFrom, BaseTo int32
	From, To         int32
	Baseline         Float
	BaselineLower    Float
	BaselineUpper    Float
	Value            Float
	Lower            Float
	Upper            Float
	Difference       Float
	DifferenceLower  Float
	DifferenceUpper  Float
	Detectable       Float
	Method           string `dim:"method"`
	// Reason says why there is no difference; empty when there is one.
	Reason string `dim:"reason"`
}

// Trend is a stated test of a monotone trend over yearly values.
type Trend struct {
	Indicator string `key:"1" dim:"indicator"`
	Region    string `key:"2" dim:"region"`
	From, To  int32
	Years     int32
	// Slope is Sen's slope in the indicator's unit per year.
	Slope  Float
	Lower  Float
	Upper  Float
	P      Float
	Test   string `dim:"method"`
	Reason string `dim:"reason"`
}

// Member is one municipality of a region's comparison group. Position is the
// order of likeness, not of merit.
type Member struct {
	Region   string `key:"1" dim:"region"`
	Position int32  `key:"2"`
	Peer     string `dim:"region"`
	Distance Float
	Version  string `dim:"version"`
}

// Exclusion is a municipality kept out of a region's comparison group.
type Exclusion struct {
	Region string `key:"1" dim:"region"`
	Peer   string `key:"2" dim:"region"`
	// Reason is the rule's id in the catalogue, the first that applies.
	Reason string `dim:"reason"`
}

// Balance compares a region with its comparison group on one covariate.
type Balance struct {
	Region    string `key:"1" dim:"region"`
	Covariate string `key:"2" dim:"covariate"`
	Own       Float
	GroupMean Float
	GroupSD   Float
	// StdDifference is (own − group mean)/sd over all eligible donors.
	StdDifference Float
	// Outside says that the region lies outside the group's range.
	Outside bool
}

// GroupValue is the indicator's value for a comparison group taken together:
// summed counts, never the mean of rates.
type GroupValue struct {
	Indicator string `key:"1" dim:"indicator"`
	Region    string `key:"2" dim:"region"`
	Year      int32  `key:"3"`
	Window    int32  `key:"4"`
	Value     Float
	Lower     Float
	Upper     Float
	// Low and High are the 10th and 90th percentile of the members' own values.
	Low  Float
	High Float
	// Members is how many of the group had a value.
	Members int32
	Status  data.Status `dim:"status"`
}

// Comparison is a difference-in-differences of a region against its comparison
// group, from the baseline window to the newest.
type Comparison struct {
	Indicator        string `key:"1" dim:"indicator"`
	Region           string `key:"2" dim:"region"`
	BaseFrom, BaseTo int32
	From, To         int32
	OwnChange        Float
	GroupChange      Float
	Estimate         Float
	Lower            Float
	Upper            Float
	// P is the two-sided placebo p and SmallestP the least it could have been.
	P         Float
	SmallestP Float
	Members   int32
	Method    string `dim:"method"`
	Reason    string `dim:"reason"`
}

// Attainment is how far a region has come on one indicator of one goal, by
// every measure, and the verdict.
type Attainment struct {
	Agreement string `key:"1" dim:"agreement"`
	Goal      string `key:"2" dim:"goal"`
	Indicator string `key:"3" dim:"indicator"`
	Region    string `key:"4" dim:"region"`
	Role      string `dim:"role"`
	// Method is the agreed way of judging (vurderingsmåte).
	Method string `dim:"method"`
	// TargetKind is path, range, hold, threshold or none (not agreed).
	TargetKind string `dim:"method"`
	Target     Float
	TargetLow  Float
	TargetHigh Float
	TargetYear int32
	BaseFrom   int32
	BaseTo     int32
	From, To   int32
	Baseline   Float
	Value      Float
	Lower      Float
	Upper      Float
	Difference Float
	DiffLower  Float
	DiffUpper  Float
	Detectable Float
	// Share is the part of the way from baseline to target that is covered, 1 = all.
	Share      Float
	ShareLower Float
	ShareUpper Float
	Expected   Float
	Pace       Float
	// Required is the change a year needed from now to reach the target.
	Required      Float
	EurostatRatio Float
	EurostatClass string `dim:"method"`
	UNRatio       Float
	UNScore       int32
	GAS           Float
	GASLower      Float
	GASUpper      Float
	// Verdict is from the closed set of package indicators; Reason explains it.
	Verdict string `dim:"verdict"`
	Reason  string `dim:"reason"`
	// ShareReason says why Share is null.
	ShareReason string `dim:"reason"`
}

// Effect is one causal estimate of one design.
type Effect struct {
	Design    string `key:"1" dim:"design"`
	Indicator string `key:"2" dim:"indicator"`
	Region    string `key:"3" dim:"region"`
	Method    string `key:"4" dim:"method"`
	Primary   bool
	Start     int32
	To        int32
	ATT       Float
	SE        Float
	Lower     Float
	Upper     Float
	P         Float
	SmallestP Float
	// PAdjusted is the placebo p after size adjustment, to which SE, Lower and Upper
	// belong; PFamily is corrected besides for the design's families of tests, method by
	// method.
	PAdjusted Float
	PFamily   Float
	MDE       Float
	PreRMSPE  Float
	PostRMSPE Float
	Ratio     Float
	Donors    int32
	// Flags is a comma list: non-unique, over-fit, bad-fit, refused, …
	Flags string
	// Needed is the effect that would bring the region to its target; null without a target.
	Needed  Float
	Verdict string `dim:"verdict"`
	Reason  string `dim:"reason"`
}

// EffectPath is observed against counterfactual in one year. Lower and Upper are
// the limits of Gap, from the placebos of the same year after size adjustment.
type EffectPath struct {
	Design         string `key:"1" dim:"design"`
	Indicator      string `key:"2" dim:"indicator"`
	Region         string `key:"3" dim:"region"`
	Method         string `key:"4" dim:"method"`
	Year           int32  `key:"5"`
	Observed       Float
	Counterfactual Float
	Gap            Float
	Lower          Float
	Upper          Float
}

// EffectWeight is a donor's weight.
type EffectWeight struct {
	Design    string `key:"1" dim:"design"`
	Indicator string `key:"2" dim:"indicator"`
	Region    string `key:"3" dim:"region"`
	Method    string `key:"4" dim:"method"`
	Donor     string `key:"5" dim:"region"`
	Weight    Float
}

// EffectPlacebo is the gap of one placebo unit in one year, for the primary method.
type EffectPlacebo struct {
	Design    string `key:"1" dim:"design"`
	Indicator string `key:"2" dim:"indicator"`
	Region    string `key:"3" dim:"region"`
	Placebo   string `key:"4" dim:"region"`
	Year      int32  `key:"5"`
	Gap       Float
}

// EffectShare is the counterfactual-adjusted attainment A = B + C.
type EffectShare struct {
	Design     string `key:"1" dim:"design"`
	Indicator  string `key:"2" dim:"indicator"`
	Region     string `key:"3" dim:"region"`
	Year       int32  `key:"4"`
	Total      Float
	Background Float
	Programme  Float
	Lower      Float
	Upper      Float
	Verdict    string `dim:"verdict"`
	Reason     string `dim:"reason"`
}

// Power is one point of a design's power curve: the share of pseudo-treated
// units for which an effect of this size would have been seen.
type Power struct {
	Design    string `key:"1" dim:"design"`
	Indicator string `key:"2" dim:"indicator"`
	Region    string `key:"3" dim:"region"`
	Method    string `key:"4" dim:"method"`
	Years     int32  `key:"5"`
	Effect    Float  `key:"6"`
	Power     Float
	// MDE is the smallest effect seen with 80 % power, the same on every row of a curve.
	MDE Float
}

// Forecast is a region's value carried to a coming year by one method, with the
// 95 % prediction interval and how the method has done on the region's own past.
type Forecast struct {
	Indicator string `key:"1" dim:"indicator"`
	Region    string `key:"2" dim:"region"`
	Method    string `key:"3" dim:"method"`
	Year      int32  `key:"4"`
	// From and To are the years the forecast rests on.
	From, To int32
	Value    Float
	Lower    Float
	Upper    Float
	// Scale is what the forecast was made on: identity, log or logit. Value is then
	// the median, not the mean.
	Scale string `dim:"method"`
	// MASE is the mean absolute error as many years ahead, forecast again from every
	// earlier year, over the mean absolute yearly change; Covered the share of the
	// true values inside the interval, Origins how many there were.
	MASE    Float
	Covered Float
	Origins int32
	// Best marks the method with the least MASE of those laid side by side.
	Best bool
	// Target is the agreed value of the year and Chance the probability of reaching
	// it; null without a numeric target.
	Target Float
	Chance Float
}

// Shift is a test of a region's series for a break in its level: a question to
// the figures (a changed definition, a merger), never evidence of an effect.
type Shift struct {
	Indicator string `key:"1" dim:"indicator"`
	Region    string `key:"2" dim:"region"`
	From, To  int32
	// After is the last year before the largest break, SupF its statistic and P the
	// p-value of Hansen (1997).
	After int32
	SupF  Float
	P     Float
	// Breaks is the number of breaks with the least BIC.
	Breaks int32
	// CusumP is the p-value of OLS-CUSUM.
	CusumP Float
	// Known is the period of a break the catalogue tells of within a year of After.
	Known  string
	Reason string `dim:"reason"`
}
