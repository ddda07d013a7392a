package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteText writes the result for a reader: the effect, the fit and its flags,
// every period, the donors that carry weight, and each inference.
func (r *Result) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "method         %s\n", r.Method)
	fmt.Fprintf(&b, "effect (att)   %v   se %v   interval %v to %v\n", r.Estimate.ATT, r.Estimate.SE, r.Estimate.Lower, r.Estimate.Upper)
	fmt.Fprintf(&b, "fit            pre-RMSPE %v   all periods before the start %v   post-RMSPE %v   ratio %v\n", r.Fit.PreRMSPE, r.Fit.PreAllRMSPE, r.Fit.PostRMSPE, r.Fit.Ratio)
	fmt.Fprintf(&b, "donors         %d   seed %d   version %s\n", len(r.Donors), r.Seed, r.Version)
	for _, f := range r.Fit.Flags {
		fmt.Fprintf(&b, "flag           %s\n", f)
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nperiod\tobserved\tcounterfactual\tgap\tlower\tupper\n")
	for _, p := range r.Estimate.PerPeriod {
		fmt.Fprintf(t, "%s\t%v\t%v\t%v\t%v\t%v\n", p.Time.Label, p.Observed, p.Counterfactual, p.Gap, p.Lower, p.Upper)
	}
	r.textWeights(t)
	if err := t.Flush(); err != nil {
		return err
	}
	if err := r.textInference(&b); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// textWeights leaves out donors and periods without weight, and says how many.
func (r *Result) textWeights(t io.Writer) {
	if len(r.Weights) > 0 {
		fmt.Fprint(t, "\ndonor\tweight\n")
		none := 0
		for _, x := range r.Weights {
			if x.Weight == 0 {
				none++
				continue
			}
			fmt.Fprintf(t, "%s\t%v\n", x.Unit, x.Weight)
		}
		if none > 0 {
			fmt.Fprintf(t, "%d others\t0\n", none)
		}
	}
	if len(r.TimeWeights) > 0 {
		fmt.Fprint(t, "\nperiod\tweight\n")
		for _, x := range r.TimeWeights {
			if x.Weight != 0 {
				fmt.Fprintf(t, "%s\t%v\n", x.Time.Label, x.Weight)
			}
		}
	}
	if len(r.V) > 0 {
		fmt.Fprint(t, "\npredictor\tv\n")
		for k, v := range r.V {
			fmt.Fprintf(t, "%d\t%v\n", k, v)
		}
	}
}

// textInference prints each inference, those of the list first.
func (r *Result) textInference(b *bytes.Buffer) error {
	names := slices.Clone(Inferences)
	for _, name := range sortedKeys(r.Inference) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		says, ok := r.Inference[name]
		if !ok {
			continue
		}
		text, err := json.Marshal(says)
		if err != nil {
			return fmt.Errorf("evaluate: %s: %w", name, err)
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		v, err := ordered(dec)
		if err != nil {
			return fmt.Errorf("evaluate: %s: %w", name, err)
		}
		b.WriteString("\n")
		if err := outline(b, name, v, ""); err != nil {
			return err
		}
	}
	return nil
}

// field is one member of a JSON object, whose order is kept.
type field struct {
	key   string
	value any
}

// ordered decodes the next JSON value: []field for an object, []any for a list.
func ordered(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		out := []field{}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			v, err := ordered(dec)
			if err != nil {
				return nil, err
			}
			out = append(out, field{fmt.Sprint(key), v})
		}
		_, err = dec.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for dec.More() {
			v, err := ordered(dec)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		_, err = dec.Token()
		return out, err
	}
	return token, nil
}

// outline prints a value under its name: objects indented, lists of objects as
// tables.
func outline(b *bytes.Buffer, name string, v any, indent string) error {
	label := indent + strings.ReplaceAll(name, "_", " ")
	switch x := v.(type) {
	case []field:
		fmt.Fprintln(b, label)
		for _, f := range x {
			if err := outline(b, f.key, f.value, indent+"  "); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if len(x) > 0 {
			if _, ok := x[0].([]field); ok {
				fmt.Fprintln(b, label)
				return tabulate(b, x, indent+"  ")
			}
		}
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = scalar(e)
		}
		fmt.Fprintf(b, "%s: %s\n", label, strings.Join(parts, ", "))
		return nil
	}
	fmt.Fprintf(b, "%s: %s\n", label, scalar(v))
	return nil
}

// tabulate prints objects as rows; what is not a scalar is left to the JSON.
func tabulate(b *bytes.Buffer, rows []any, indent string) error {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	var keys []string
	for _, row := range rows {
		fields, ok := row.([]field)
		if !ok {
			return errors.New("evaluate: a list of unlike things")
		}
		for _, f := range fields {
			if !slices.Contains(keys, f.key) && scalar(f.value) != "" {
				keys = append(keys, f.key)
			}
		}
	}
	fmt.Fprintf(t, "%s%s\n", indent, strings.ReplaceAll(strings.Join(keys, "\t"), "_", " "))
	for _, row := range rows {
		cells := make([]string, len(keys))
		for _, f := range row.([]field) {
			if k := slices.Index(keys, f.key); k >= 0 {
				cells[k] = scalar(f.value)
			}
		}
		fmt.Fprintf(t, "%s%s\n", indent, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// scalar prints six significant digits of a number, a dash for what is unknown,
// and nothing for what has parts.
func scalar(v any) string {
	switch x := v.(type) {
	case nil:
		return unknown.String()
	case json.Number:
		if f, err := x.Float64(); err == nil {
			return Number(f).String()
		}
		return x.String()
	case []field:
		return ""
	case []any:
		parts := make([]string, 0, len(x))
		for _, e := range x {
			switch e.(type) {
			case []field, []any:
				return ""
			}
			parts = append(parts, scalar(e))
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(v)
}
