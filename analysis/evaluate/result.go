package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// Number is a figure that may be unknown: NaN and infinities are written null.
type Number float64

// unknown is the Number written null.
var unknown = Number(math.NaN())

// MarshalJSON writes null for what is not a finite number.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func (n Number) known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// String writes six significant digits, or a dash for what is unknown.
func (n Number) String() string {
	if !n.known() {
		return "–"
	}
	return fmt.Sprintf("%.6g", float64(n))
}

// MarshalJSON writes a period as the data wrote it: a number where it is one.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m.Text {
		return json.Marshal(m.Label)
	}
	return json.Marshal(m.Value)
}

// Result is one evaluation.
type Result struct {
	Method      string         `json:"method"`
	Estimate    Estimate       `json:"estimate"`
	Weights     []UnitWeight   `json:"weights"`
	TimeWeights []TimeWeight   `json:"time_weights"`
	V           []Number       `json:"v"`
	Fit         Fit            `json:"fit"`
	Inference   map[string]any `json:"inference"`
	Donors      []string       `json:"donors"`
	Seed        uint64         `json:"seed"`
	Version     string         `json:"version"`

	// Outcome and Start are for charts: the column's name and the first period in
	// which any unit is treated.
	Outcome string `json:"-"`
	Start   Moment `json:"-"`
}

// Estimate is the effect on the treated in units of the outcome: the mean over
// treated units and treated periods, and each period by itself.
type Estimate struct {
	ATT       Number   `json:"att"`
	SE        Number   `json:"se"`
	Lower     Number   `json:"lower"`
	Upper     Number   `json:"upper"`
	PerPeriod []Period `json:"per_period"`
}

// Period is one period of the panel, before or after treatment.
type Period struct {
	Time           Moment `json:"time"`
	Observed       Number `json:"observed"`
	Counterfactual Number `json:"counterfactual"`
	Gap            Number `json:"gap"`
	Lower          Number `json:"lower"`
	Upper          Number `json:"upper"`
}

// UnitWeight is the weight of one donor.
type UnitWeight struct {
	Unit   string `json:"unit"`
	Weight Number `json:"weight"`
}

// TimeWeight is the weight of one period before treatment.
type TimeWeight struct {
	Time   Moment `json:"time"`
	Weight Number `json:"weight"`
}

// Fit says how well the method reproduces what was before treatment.
type Fit struct {
	// PreRMSPE is over the periods fitted on, PreAllRMSPE over all before the start.
	PreRMSPE    Number `json:"pre_rmspe"`
	PreAllRMSPE Number `json:"pre_rmspe_all"`
	PostRMSPE   Number `json:"post_rmspe"`
	// Ratio is PostRMSPE over PreAllRMSPE.
	Ratio Number `json:"ratio"`
	// Gap is the certificate of the optimisation: how far the objective can be from
	// its minimum.
	Gap   Number   `json:"gap"`
	Flags []string `json:"flags"`
}

// fitOf measures gaps around a start.
func fitOf(fitted float64, gaps []float64, start int) Fit {
	f := Fit{PreRMSPE: Number(fitted), PreAllRMSPE: Number(panel.RMSPE(gaps, 0, start)), PostRMSPE: Number(panel.RMSPE(gaps, start, len(gaps))), Ratio: unknown}
	if f.PreAllRMSPE > 0 {
		f.Ratio = f.PostRMSPE / f.PreAllRMSPE
	}
	return f
}

// WriteJSON writes the result as indented JSON.
func (r *Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}
