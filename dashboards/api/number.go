package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Number is a number that may be missing: null then, never zero.
type Number cube.Float

// MarshalJSON writes the shortest decimal that reads back the same, or null.
func (n Number) MarshalJSON() ([]byte, error) { return cube.Float(n).MarshalJSON() }

// UnmarshalJSON reads a number or null.
func (n *Number) UnmarshalJSON(b []byte) error { return (*cube.Float)(n).UnmarshalJSON(b) }

// Schema describes it.
func (Number) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Format: "double", Nullable: true}
}

// Status is why a figure is missing, or that it rests on few cases.
type Status data.Status

// Schema describes it.
func (Status) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString,
		Enum: []any{string(data.OK), string(data.NotApplicable), string(data.NotAvailable), string(data.Suppressed), string(data.TooFew)},
		Description: "Empty: a figure. «.»: not applicable. «..»: not available. «:»: suppressed for confidentiality. " +
			"«few»: a figure that rests on fewer cases than the indicator's rule asks for.",
	}
}
