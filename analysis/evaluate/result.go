package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

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

// WriteText writes the result for a reader.
func (r *Result) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "method\t%s\n", r.Method)
	fmt.Fprintf(t, "effect (att)\t%v\tse %v\tinterval %v to %v\n", r.Estimate.ATT, r.Estimate.SE, r.Estimate.Lower, r.Estimate.Upper)
	fmt.Fprintf(t, "fit\tpre-RMSPE %v\tpost-RMSPE %v\tratio %v\n", r.Fit.PreRMSPE, r.Fit.PostRMSPE, r.Fit.Ratio)
	fmt.Fprintf(t, "donors\t%d\tseed %d\tversion %s\n", len(r.Donors), r.Seed, r.Version)
	for _, f := range r.Fit.Flags {
		fmt.Fprintf(t, "flag\t%s\n", f)
	}
	if len(r.Estimate.PerPeriod) > 0 {
		fmt.Fprint(t, "\nperiod\tobserved\tcounterfactual\tgap\tlower\tupper\n")
		for _, p := range r.Estimate.PerPeriod {
			fmt.Fprintf(t, "%s\t%v\t%v\t%v\t%v\t%v\n", p.Time.Label, p.Observed, p.Counterfactual, p.Gap, p.Lower, p.Upper)
		}
	}
	if len(r.Weights) > 0 {
		fmt.Fprint(t, "\ndonor\tweight\n")
		for _, x := range r.Weights {
			fmt.Fprintf(t, "%s\t%v\n", x.Unit, x.Weight)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return r.writeInference(w)
}

// writeInference prints each inference as its JSON, one a line.
func (r *Result) writeInference(w io.Writer) error {
	if len(r.Inference) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("\ninference\n")
	for _, name := range Inferences {
		v, ok := r.Inference[name]
		if !ok {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("evaluate: %s: %w", name, err)
		}
		fmt.Fprintf(&b, "  %s: %s\n", name, text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
