// Package data holds the domain types every room shares: facts with their
// period, status and provenance, and the error type. It imports the standard
// library only, and no adapter.
package data

import (
	"fmt"
	"math"
	"time"
)

// Status says why a figure is missing, in SSB's own symbols. It travels from
// the source to the last export.
type Status string

// The statuses a fact or an indicator value may carry.
const (
	// OK is a figure, zero included.
	OK Status = ""
	// NotApplicable is SSB's ".": the category was not in use.
	NotApplicable Status = "."
	// NotAvailable is SSB's "..": no basis, or too unreliable.
	NotAvailable Status = ".."
	// Suppressed is SSB's ":": kept back for confidentiality. It is never
	// summed, imputed or reconstructed.
	Suppressed Status = ":"
	// TooFew marks an indicator value that exists but rests on fewer cases than
	// the indicator's small-number rule asks for.
	TooFew Status = "few"
)

// Missing reports whether the status means that there is no number.
func (s Status) Missing() bool { return s != OK && s != TooFew }

// Worst returns the status a sum of two cells carries: suppression outweighs
// missing, missing outweighs a value.
func (s Status) Worst(t Status) Status {
	if rank(t) > rank(s) {
		return t
	}
	return s
}

func rank(s Status) int {
	switch s {
	case OK:
		return 0
	case TooFew:
		return 1
	case NotApplicable:
		return 2
	case NotAvailable:
		return 3
	default:
		return 4
	}
}

// ParseStatus maps a symbol to a Status. Legacy symbols are mapped one by one;
// an unknown symbol is an EINVALID error, never a guess.
func ParseStatus(symbol string) (Status, error) {
	switch symbol {
	case "":
		return OK, nil
	case ".":
		return NotApplicable, nil
	case "..", "...":
		return NotAvailable, nil
	case ":", "*":
		return Suppressed, nil
	default:
		return OK, Errorf(EINVALID, "unknown status symbol %q; known are . .. ... : and *", symbol)
	}
}

// Kind says where the figures of a release come from. One release holds one kind.
type Kind string

// The kinds of figures.
const (
	Recorded  Kind = "recorded"
	Live      Kind = "live"
	Simulated Kind = "simulated"
	// None is the kind of a table that has no figures in the release.
	None Kind = "none"
)

// Provenance says where a batch of facts comes from; it follows every figure
// to the last export.
type Provenance struct {
	// Table is the SSB table id, Title its title at the source.
	Table string `json:"table"`
	Title string `json:"title"`
	// Source is the publisher as credited, Licence the terms.
	Source  string `json:"source"`
	Licence string `json:"licence"`
	// Updated is the source's own date of the figures; zero when not known.
	Updated time.Time `json:"updated,omitzero"`
	// Retrieved is when we, or who recorded it, fetched them; zero when not known.
	Retrieved time.Time `json:"retrieved,omitzero"`
	Kind      Kind      `json:"kind"`
	// SHA256 is the hash of the archived body, in hex.
	SHA256 string `json:"sha256"`
	// Request is the request that gave the body: method, URL and POST body.
	Request string `json:"request,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Fact is one figure of one series, for one region and period.
type Fact struct {
	Table  string
	Series string
	// Region is the code as the source gave it; harmonised facts carry the
	// code valid from 2024-01-01.
	Region string
	Period Period
	// Value is the figure; it is 0 and means nothing when Status.Missing().
	Value  float64
	Status Status
}

// Batch is the facts of one archived body with their provenance.
type Batch struct {
	Provenance Provenance
	Facts      []Fact
}

// Validate reports the first fact that breaks an invariant: a number beside a
// missing status, a value that is not finite, an empty key.
func (b Batch) Validate() error {
	for i, f := range b.Facts {
		switch {
		case f.Table == "" || f.Series == "" || f.Region == "":
			return Errorf(EINVALID, "table %s, fact %d: empty key %q/%q/%q", b.Provenance.Table, i, f.Table, f.Series, f.Region)
		case math.IsNaN(f.Value) || math.IsInf(f.Value, 0):
			return Errorf(EINVALID, "%s: value is not a finite number", f.key())
		case f.Status.Missing() && f.Value != 0:
			return Errorf(EINVALID, "%s: status %q beside a number", f.key(), f.Status)
		}
	}
	return nil
}

func (f Fact) key() string {
	return fmt.Sprintf("%s/%s, region %s, period %s", f.Table, f.Series, f.Region, f.Period)
}
