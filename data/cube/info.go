package cube

import (
	"time"

	"github.com/bygdevekst/bygdevekst/data"
)

// Input is one archived body a release was built from.
type Input struct {
	Table     string    `json:"table"`
	SHA256    string    `json:"sha256"`
	Kind      data.Kind `json:"kind"`
	Bytes     int64     `json:"bytes"`
	Updated   time.Time `json:"updated,omitzero"`
	Retrieved time.Time `json:"retrieved,omitzero"`
}

// File is one file of a release directory with its checksum.
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Info is the manifest of a release: what it was made of, by what, and the
// checksums that prove it unchanged.
type Info struct {
	ID string `json:"id"`
	// Created is when the release was built, UTC.
	Created time.Time `json:"created"`
	// Kind is where its figures come from; one release holds one kind.
	Kind            data.Kind `json:"kind"`
	CodeVersion     string    `json:"code_version"`
	CatalogueSHA256 string    `json:"catalogue_sha256"`
	// ContentSHA256 is over every table's ordered rows, in table order.
	ContentSHA256 string         `json:"content_sha256"`
	Seed          uint64         `json:"seed"`
	Rows          map[string]int `json:"rows"`
	// TableRows counts the observations of each table at its source: those who
	// read a release do not load them.
	TableRows map[string]int `json:"table_rows,omitempty"`
	Inputs    []Input        `json:"inputs"`
	Files     []File         `json:"files"`
	// Schema is the version of the table layout.
	Schema int `json:"schema"`
	// Dropped counts figures of the inputs that cannot be carried to today's
	// municipality borders, by reason.
	Dropped map[string]int `json:"dropped,omitempty"`
	// LargestRest is the largest absolute rest of the population account
	// P(t+1) − P(t) − natural increase − net migration found, and where.
	LargestRest   int    `json:"largest_rest"`
	LargestRestAt string `json:"largest_rest_at,omitempty"`
}
