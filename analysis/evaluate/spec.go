package evaluate

import (
	"fmt"
	"slices"
	"strings"
)

// Spec is a decoded specification; see docs/evaluate.md for its fields.
type Spec struct {
	Unit, Time, Outcome string
	Treated             []string
	Start               *Moment
	Treatment           string
	Donors, Exclude     []string
	Periods             Window
	Method              string
	Predictors          []Predictor
	FitWindow           Window
	V                   V
	Train               *Train
	Scale               string
	Lambda              *float64
	Covariates          []string
	Size                string
	Inference           []string
	Replications        int
	Seed                uint64
	Level               float64
	// Neighbours is the number of matches of each treated unit in did-matched, 0
	// for the default.
	Neighbours int
	// Control, Adjustment, BasePeriod and Anticipation are choices of att-gt.
	Control, Adjustment, BasePeriod string
	Anticipation                    int

	replicationsGiven bool
}

// Window is a closed interval of periods; a nil end is open.
type Window struct{ From, To *Moment }

// Predictor is one row of the predictor matrix: a column averaged over the
// periods of the window in which it is present.
type Predictor struct {
	Column string
	Window
	Op string
}

// Train holds the predictors and window on which V is chosen before it is used
// with the specification's own predictors.
type Train struct {
	Predictors []Predictor
	FitWindow  Window
}

// V says how predictors are weighted: by a rule, or by given numbers.
type V struct {
	Rule    string
	Weights []float64
}

// Methods are the names the method field may have.
var Methods = []string{"sc", "sc-outcome", "sc-demeaned", "sc-penalised", "sc-ridge", "sdid", "did", "did-matched", "att-gt"}

// Inferences are the names the inference list may hold.
var Inferences = []string{"placebo-space", "placebo-time", "leave-one-out", "leave-two-out", "conformal", "t-test", "placebo-se", "jackknife", "bootstrap"}

// Rules of the v field.
const (
	optimise        = "optimise"
	equal           = "equal"
	inverseVariance = "inverse-variance"
)

// Choices of att-gt.
const (
	neverTreated  = "never-treated"
	notYetTreated = "not-yet-treated"
	doublyRobust  = "doubly-robust"
	regression    = "regression"
	ipw           = "ipw"
	varying       = "varying"
	universal     = "universal"
)

const maxReplications = 1_000_000

// ParseSpec decodes a specification. Unknown fields, wrong types and values
// outside their range are errors that wrap ErrSpec and name the JSON path.
func ParseSpec(text []byte) (*Spec, error) {
	root, err := parseJSON(text)
	if err != nil {
		return nil, err
	}
	d := &decoder{}
	s := d.spec(root)
	if d.err != nil {
		return nil, d.err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

func (d *decoder) spec(n node) *Spec {
	f := d.object(n, "unit", "time", "outcome", "treated", "start", "treatment", "donors", "exclude", "periods", "method",
		"predictors", "fit_window", "v", "train", "scale", "lambda", "covariates", "size", "inference", "replications", "seed", "level",
		"neighbours", "control", "adjustment", "base_period", "anticipation")
	s := &Spec{Scale: "sd", V: V{Rule: optimise}, Level: 0.95, Replications: 200, Seed: 1}
	s.Unit, s.Time, s.Outcome = d.text(f["unit"]), d.text(f["time"]), d.text(f["outcome"])
	s.Treatment, s.Size = d.text(f["treatment"]), d.text(f["size"])
	s.Treated, s.Donors, s.Exclude = d.names(f["treated"]), d.names(f["donors"]), d.names(f["exclude"])
	s.Covariates = d.names(f["covariates"])
	s.Start = d.moment(f["start"])
	s.Periods, s.FitWindow = d.window(f["periods"]), d.window(f["fit_window"])
	s.Predictors = d.predictors(f["predictors"])
	s.V = d.v(f["v"], s.V)
	s.Train = d.train(f["train"])
	s.Method = d.oneOf(f["method"], Methods, "")
	s.Scale = d.oneOf(f["scale"], []string{"sd", "none"}, s.Scale)
	s.Inference = d.names(f["inference"])
	for i, name := range s.Inference {
		if !slices.Contains(Inferences, name) {
			d.fail(fmt.Sprintf("inference[%d]", i), "%q is not known; use one of %s", name, strings.Join(Inferences, ", "))
		}
	}
	if l := f["lambda"]; !l.absent() {
		x := d.number(l, 0, 1e300)
		s.Lambda = &x
	}
	if r := f["replications"]; !r.absent() {
		s.Replications, s.replicationsGiven = int(d.integer(r, 2, maxReplications)), true
	}
	if n := f["neighbours"]; !n.absent() {
		s.Neighbours = int(d.integer(n, 1, 1e6))
	}
	s.Control = d.oneOf(f["control"], []string{neverTreated, notYetTreated}, "")
	s.Adjustment = d.oneOf(f["adjustment"], []string{doublyRobust, regression, ipw}, "")
	s.BasePeriod = d.oneOf(f["base_period"], []string{varying, universal}, "")
	if a := f["anticipation"]; !a.absent() {
		s.Anticipation = int(d.integer(a, 0, 1e6))
	}
	if r := f["seed"]; !r.absent() {
		s.Seed = d.integer(r, 0, 1<<53)
	}
	if l := f["level"]; !l.absent() {
		s.Level = d.number(l, 0, 1)
		if !(s.Level > 0 && s.Level < 1) {
			d.fail("level", "%v is not a confidence level; give a number between 0 and 1, such as 0.95", s.Level)
		}
	}
	return s
}

// check holds the fields to each other.
func (s *Spec) check() error {
	for _, f := range []struct{ name, value string }{{"unit", s.Unit}, {"time", s.Time}, {"outcome", s.Outcome}, {"method", s.Method}} {
		if f.value == "" {
			return specErrorf(f.name, "is required")
		}
	}
	switch {
	case s.Treatment == "" && len(s.Treated) == 0:
		return specErrorf("treated", "nothing is treated; give treated and start, or treatment (a column of 0 and 1)")
	case s.Treatment != "" && (len(s.Treated) > 0 || s.Start != nil):
		return specErrorf("treatment", "give either treatment, or treated and start, not both")
	case len(s.Treated) > 0 && s.Start == nil:
		return specErrorf("start", "is required with treated: the first treated period")
	}
	for _, l := range []struct {
		name   string
		values []string
	}{{"treated", s.Treated}, {"donors", s.Donors}, {"exclude", s.Exclude}, {"inference", s.Inference}, {"covariates", s.Covariates}} {
		if i := repeated(l.values); i >= 0 {
			return specErrorf(fmt.Sprintf("%s[%d]", l.name, i), "%q is given twice", l.values[i])
		}
	}
	for i, u := range s.Treated {
		if slices.Contains(s.Donors, u) {
			return specErrorf(fmt.Sprintf("treated[%d]", i), "%q is also in donors; a unit is one or the other", u)
		}
		if slices.Contains(s.Exclude, u) {
			return specErrorf(fmt.Sprintf("treated[%d]", i), "%q is also in exclude", u)
		}
	}
	return s.checkV()
}

func (s *Spec) checkV() error {
	if s.V.Weights != nil && len(s.V.Weights) != len(s.Predictors) {
		return specErrorf("v", "%d numbers for %d predictors; give one for each", len(s.V.Weights), len(s.Predictors))
	}
	if s.Train == nil {
		return nil
	}
	if s.V.Rule != optimise {
		return specErrorf("train", "V is chosen in train only when v is %q", optimise)
	}
	if len(s.Train.Predictors) != len(s.Predictors) {
		return specErrorf("train.predictors", "%d predictors, but predictors has %d; they match by position", len(s.Train.Predictors), len(s.Predictors))
	}
	return nil
}

func repeated(names []string) int {
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			return i
		}
	}
	return -1
}
