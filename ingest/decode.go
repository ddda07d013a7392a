package ingest

import (
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/recorded"
)

// Decode turns an archived body into facts. What a body means is said by its
// format and, for SSB's tables, by the table plan of the catalogue.
func Decode(e archive.Entry, body []byte, cat *catalogue.Catalogue) (data.Batch, error) {
	switch e.Format {
	case archive.FormatRecorded:
		return recorded.Decode(body, e.Provenance)
	default:
		return data.Batch{}, data.Errorf(data.EINVALID, "archive entry %s: no decoder for format %q", e.Key, e.Format)
	}
}
