package archive_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
)

func part(t *testing.T, a *archive.Archive, key, body string, at time.Time) archive.Part {
	t.Helper()
	e, _, err := a.Put(archive.Entry{Key: key, Format: archive.FormatJSONStat, Part: true, Provenance: data.Provenance{Table: "06913", Kind: data.Live, Retrieved: at}}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return archive.Part{Key: key, SHA256: e.Provenance.SHA256}
}

// current is the bodies a build would use.
func current(t *testing.T, a *archive.Archive) (out string) {
	t.Helper()
	list, err := a.Current(data.Live)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		body, err := a.Body(e.Provenance.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		out += string(body) + " "
	}
	return out
}

// TestSets holds that a table is used whole or not at all, and that what is
// refused is kept and not used.
func TestSets(t *testing.T) {
	dir := t.TempDir()
	a, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	put := func(s archive.Set) {
		t.Helper()
		day = day.AddDate(0, 0, 1)
		s.Table, s.Kind, s.Retrieved = "06913", data.Live, day
		if err := a.PutSet(s); err != nil {
			t.Fatal(err)
		}
	}
	a1 := part(t, a, "live/06913/1", "a1", day)
	if got := current(t, a); got != "" {
		t.Errorf("a part without a set is used: %q", got)
	}
	a2 := part(t, a, "live/06913/2", "a2", day)
	put(archive.Set{Updated: "1", Parts: []archive.Part{a1, a2}})
	if got := current(t, a); got != "a1 a2 " {
		t.Errorf("the first set: %q", got)
	}
	// New bodies come in; until they are a set the old ones stay.
	b1 := part(t, a, "live/06913/1", "b1", day)
	if got := current(t, a); got != "a1 a2 " {
		t.Errorf("half of the new set is used: %q", got)
	}
	put(archive.Set{Updated: "2", Parts: []archive.Part{b1}, Refused: []string{"all-zero"}})
	newest, accepted, err := a.Sets(data.Live, "06913")
	if err != nil || newest.Accepted() || newest.Updated != "2" || accepted.Updated != "1" {
		t.Errorf("newest %+v, accepted %+v, %v", newest, accepted, err)
	}
	if got := current(t, a); got != "a1 a2 " {
		t.Errorf("a refused set is used: %q", got)
	}
	put(archive.Set{Updated: "2", Parts: []archive.Part{b1}, Overruled: []string{"all-zero"}})
	if got := current(t, a); got != "b1 " {
		t.Errorf("the set let through: %q", got)
	}
	// The first figures again: their bodies are there already and count anew.
	put(archive.Set{Updated: "1", Parts: []archive.Part{a1, a2}})
	if got := current(t, a); got != "a1 a2 " {
		t.Errorf("the older figures again: %q", got)
	}
	if err := a.Verify(); err != nil {
		t.Error(err)
	}
	if err := a.PutSet(archive.Set{Table: "06913", Kind: data.Live, Parts: []archive.Part{{Key: "live/06913/1", SHA256: "x"}}}); data.ErrorCode(err) != data.EINVALID {
		t.Errorf("a set of what is not stored: %v", err)
	}
	// An entry is lost: the set says so instead of giving half a table.
	dirs, err := filepath.Glob(filepath.Join(dir, "entries", "live_06913_2-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatal(dirs, err)
	}
	if err := os.RemoveAll(dirs[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Current(data.Live); data.ErrorCode(err) != data.EINTERNAL {
		t.Errorf("half a table: %v", err)
	}
	if err := a.Verify(); err == nil {
		t.Error("verify does not miss the lost entry")
	}
}
