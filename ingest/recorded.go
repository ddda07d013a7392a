package ingest

import (
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/recorded"
)

// Recorded stores the figures that ship in the program in the archive, as any
// other received body. It returns how many bodies there are and how many the
// archive did not have.
func Recorded(arch *archive.Archive) (bodies, added int, err error) {
	for _, f := range recorded.Files() {
		_, isNew, err := arch.Put(archive.Entry{
			Key:        "recorded/" + f.Name,
			Format:     archive.FormatRecorded,
			Provenance: f.Provenance,
		}, f.Body)
		if err != nil {
			return bodies, added, err
		}
		bodies++
		if isNew {
			added++
		}
	}
	return bodies, added, nil
}
