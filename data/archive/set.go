package archive

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
)

// Set says that a table was received whole: which bodies make it, and whether
// they were found fit to be built from. It is written when all of them are
// durable, so that a table is never half old and half new.
type Set struct {
	Table string    `json:"table"`
	Kind  data.Kind `json:"kind"`
	// Updated is the source's own stamp of the figures, as it stands.
	Updated string `json:"updated"`
	// Plan is a hash of what was asked for.
	Plan  string `json:"plan"`
	Parts []Part `json:"parts"`
	// Refused are the reasons why the bodies are kept and not used; none means
	// that the set is accepted.
	Refused []string `json:"refused,omitempty"`
	// Overruled are reasons that a person has looked at and let through.
	Overruled []string `json:"overruled,omitempty"`
	// Retrieved is when the set was made; it is the entry's and not in the body.
	Retrieved time.Time `json:"-"`
}

// Part names one body of a set.
type Part struct {
	Key    string `json:"key"`
	SHA256 string `json:"sha256"`
}

// Accepted reports whether the set may be built from.
func (s Set) Accepted() bool { return len(s.Refused) == 0 }

func setKey(kind data.Kind, table string) string { return string(kind) + "/" + table + "/set" }

// PutSet stores a set. All its parts must be stored.
func (a *Archive) PutSet(s Set) error {
	for _, p := range s.Parts {
		list, err := readEntries(a.keyDir(p.Key))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(e Entry) bool { return e.Provenance.SHA256 == p.SHA256 }) {
			return data.Errorf(data.EINVALID, "archive: set of table %s names %s, which is not stored", s.Table, p.Key)
		}
	}
	body, err := json.Marshal(s)
	if err != nil {
		return data.Errorf(data.EINTERNAL, "archive: encode set of table %s: %w", s.Table, err)
	}
	_, _, err = a.Put(Entry{Key: setKey(s.Kind, s.Table), Format: FormatSet, Provenance: data.Provenance{Table: s.Table, Kind: s.Kind, Retrieved: s.Retrieved}}, body)
	return err
}

// Sets returns the newest set of a table and the newest accepted one, nil where
// there is none.
func (a *Archive) Sets(kind data.Kind, table string) (newest, accepted *Set, err error) {
	list, err := readEntries(a.keyDir(setKey(kind, table)))
	if err != nil {
		return nil, nil, err
	}
	for _, e := range list {
		s, err := a.readSet(e)
		if err != nil {
			return nil, nil, err
		}
		newest = &s
		if s.Accepted() {
			accepted = &s
		}
	}
	return newest, accepted, nil
}

// PartEntries returns the entries of a set's parts, in order.
func (a *Archive) PartEntries(s Set) ([]Entry, error) {
	var all []Entry
	for _, p := range s.Parts {
		list, err := readEntries(a.keyDir(p.Key))
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return partsOf(s, all)
}

func (a *Archive) readSet(e Entry) (Set, error) {
	body, err := a.Body(e.Provenance.SHA256)
	if err != nil {
		return Set{}, err
	}
	var s Set
	if err := json.Unmarshal(body, &s); err != nil {
		return s, data.Errorf(data.EINTERNAL, "archive: set %s is damaged: %w", e.Key, err)
	}
	s.Retrieved = e.Provenance.Retrieved
	return s, nil
}

// partsOf finds the entries of a set's parts; of equal bodies the newest.
func partsOf(s Set, all []Entry) ([]Entry, error) {
	out := make([]Entry, 0, len(s.Parts))
	for _, p := range s.Parts {
		i := -1
		for k, e := range all {
			if e.Key == p.Key && e.Provenance.SHA256 == p.SHA256 {
				i = k
			}
		}
		if i < 0 {
			return nil, data.Errorf(data.EINTERNAL, "archive: set of table %s names %s with body %.12s, which is not stored", s.Table, p.Key, p.SHA256)
		}
		out = append(out, all[i])
	}
	return out, nil
}
