package archive_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
)

func entry(key string, at time.Time, kind data.Kind) archive.Entry {
	return archive.Entry{Key: key, Format: archive.FormatJSONStat, Provenance: data.Provenance{Table: "06913", Kind: kind, Retrieved: at}}
}

func put(t *testing.T, a *archive.Archive, e archive.Entry, body string) (archive.Entry, bool) {
	t.Helper()
	e, added, err := a.Put(e, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return e, added
}

func TestPutKeepsEveryVintageOnce(t *testing.T) {
	a, err := archive.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	first, added := put(t, a, entry("06913/1", day, data.Live), "one")
	if !added {
		t.Fatal("first body was not added")
	}
	if _, added := put(t, a, entry("06913/1", day.AddDate(0, 1, 0), data.Live), "one"); added {
		t.Fatal("an unchanged body added an entry")
	}
	second, added := put(t, a, entry("06913/1", day.AddDate(0, 2, 0), data.Live), "two")
	if !added {
		t.Fatal("a revised body was not added")
	}
	put(t, a, entry("06913/2", day, data.Recorded), "three")

	all, err := a.Entries()
	if err != nil || len(all) != 3 {
		t.Fatalf("%d entries, %v; want 3", len(all), err)
	}
	cur, err := a.Current(data.Live)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]archive.Entry{second}, cur); diff != "" {
		t.Fatal(diff)
	}
	// The old vintage is still there.
	if body, err := a.Body(first.Provenance.SHA256); err != nil || string(body) != "one" {
		t.Fatalf("%q, %v", body, err)
	}
	if err := a.Verify(); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	a, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := put(t, a, entry("k", time.Now(), data.Live), "body")
	sum := e.Provenance.SHA256
	path := filepath.Join(dir, "bodies", sum[:2], sum+".gz")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string][]byte{
		"truncated": raw[:len(raw)/2],
		"flipped":   append(append([]byte{}, raw[:12]...), append([]byte{raw[12] ^ 0xff}, raw[13:]...)...),
		"empty":     {},
	} {
		if err := os.WriteFile(path, damage, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Body(sum); data.ErrorCode(err) != data.EINTERNAL {
			t.Errorf("%s: error %v, want EINTERNAL", name, err)
		}
		if a.Verify() == nil {
			t.Errorf("%s: Verify found nothing", name)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Body(sum); data.ErrorCode(err) != data.ENOTFOUND {
		t.Errorf("removed: error %v, want ENOTFOUND", err)
	}
	if _, err := a.Body("xyz"); data.ErrorCode(err) != data.EINVALID {
		t.Errorf("bad name: error %v, want EINVALID", err)
	}
}

func TestKeysThatLookAlikeStayApart(t *testing.T) {
	a, err := archive.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put(t, a, entry("a/b", time.Unix(1, 0), data.Live), "x")
	put(t, a, entry("a_b", time.Unix(1, 0), data.Live), "y")
	for key, want := range map[string]string{"a/b": "x", "a_b": "y"} {
		e, err := a.Newest(key)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := a.Body(e.Provenance.SHA256); string(body) != want {
			t.Errorf("%s holds %q, want %q", key, body, want)
		}
	}
	if _, err := a.Newest("none"); data.ErrorCode(err) != data.ENOTFOUND {
		t.Errorf("unknown key: %v", err)
	}
}
