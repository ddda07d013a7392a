// Package archive is the only memory of what was known when: every body as
// received, stored once by its SHA-256, and for each a small entry with the
// request, the response and the provenance. Nothing in it is ever changed or
// removed.
package archive

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/bygdevekst/bygdevekst/data"
)

// Format says how a body is to be decoded.
type Format string

// The formats the archive holds.
const (
	FormatRecorded Format = "recorded"
	FormatJSONStat Format = "json-stat2"
	FormatNAV      Format = "nav-xlsx"
	FormatKlass    Format = "klass"
	FormatPxWeb    Format = "pxweb"
	FormatSet      Format = "set"
)

// Entry is one received body: what was asked, what was answered, what it is.
type Entry struct {
	// Key identifies the logical request (table and chunk); the newest entry of
	// a key is the one a build uses, save for the parts of a Set.
	Key        string          `json:"key"`
	Format     Format          `json:"format"`
	Provenance data.Provenance `json:"provenance"`
	// Status and Header are the HTTP answer's, where there was one.
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Bytes  int64             `json:"bytes"`
	// Part marks a body that counts only where a Set names it.
	Part bool `json:"part,omitempty"`
	// Regions maps the region codes of the body to municipality codes, as the
	// code list said when it was asked for: no body says which list it is from.
	Regions map[string]string `json:"regions,omitempty"`
}

// Archive is a directory of bodies and entries. It is safe for several
// processes: every write is an atomic rename of a new file.
type Archive struct{ dir string }

// Open returns the archive in dir, making the directory if needed.
func Open(dir string) (*Archive, error) {
	for _, sub := range []string{"bodies", "entries"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("archive: make %s: %w", sub, err)
		}
	}
	return &Archive{dir: dir}, nil
}

// Hash returns the name a body is stored under.
func Hash(body []byte) string {
	h := sha256.Sum256(body)
	return hex.EncodeToString(h[:])
}

// Put stores a body and its entry and returns the entry as stored, with
// SHA256 and Bytes set. The body is durable before the entry that names it
// exists. A body equal to the newest one of the same key, from the same request,
// adds nothing, and the older entry is returned with added false.
func (a *Archive) Put(e Entry, body []byte) (stored Entry, added bool, err error) {
	if e.Key == "" || e.Provenance.Table == "" {
		return e, false, data.Errorf(data.EINVALID, "archive: entry without key or table")
	}
	e.Provenance.SHA256 = Hash(body)
	e.Bytes = int64(len(body))
	old, err := a.newest(e.Key)
	if err != nil {
		return e, false, err
	}
	if old != nil && old.same(e) {
		return *old, false, nil
	}
	if err := a.putBody(e.Provenance.SHA256, body); err != nil {
		return e, false, err
	}
	raw, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return e, false, fmt.Errorf("archive: encode entry: %w", err)
	}
	dir := a.keyDir(e.Key)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return e, false, fmt.Errorf("archive: %w", err)
	}
	// The name sorts by time of retrieval; the hash keeps equal times apart.
	name := fmt.Sprintf("%020d-%s.json", e.Provenance.Retrieved.UnixNano(), e.Provenance.SHA256[:12])
	if err := renameio.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
		return e, false, fmt.Errorf("archive: write entry %s: %w", e.Key, err)
	}
	return e, true, nil
}

// same reports whether two entries differ in the time of retrieval at most.
func (e *Entry) same(f Entry) bool {
	p, q := e.Provenance, f.Provenance
	return p.SHA256 == q.SHA256 && p.Kind == q.Kind && p.Updated.Equal(q.Updated) && p.Request == q.Request && maps.Equal(e.Regions, f.Regions)
}

func (a *Archive) putBody(sum string, body []byte) error {
	path := a.bodyPath(sum)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	if _, err := zw.Write(body); err != nil {
		return fmt.Errorf("archive: compress: %w", err)
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("archive: compress: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if err := renameio.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		return fmt.Errorf("archive: write body %s: %w", sum[:12], err)
	}
	return nil
}

func (a *Archive) bodyPath(sum string) string {
	return filepath.Join(a.dir, "bodies", sum[:2], sum+".gz")
}

func (a *Archive) keyDir(key string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, key)
	// The hash keeps keys apart that differ only in replaced characters.
	return filepath.Join(a.dir, "entries", fmt.Sprintf("%.80s-%s", safe, Hash([]byte(key))[:8]))
}

// Body returns a stored body after checking it against its name. A damaged
// body is an EINTERNAL error that names it.
func (a *Archive) Body(sum string) ([]byte, error) {
	if len(sum) != sha256.Size*2 {
		return nil, data.Errorf(data.EINVALID, "archive: %q is not a SHA-256", sum)
	}
	f, err := os.Open(a.bodyPath(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, data.Errorf(data.ENOTFOUND, "archive: no body %s", sum)
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, data.Errorf(data.EINTERNAL, "archive: body %s is damaged: %w", sum, err)
	}
	body, err := io.ReadAll(zr)
	if err != nil {
		return nil, data.Errorf(data.EINTERNAL, "archive: body %s is damaged: %w", sum, err)
	}
	if got := Hash(body); got != sum {
		return nil, data.Errorf(data.EINTERNAL, "archive: body %s has hash %s: it was changed after it was stored", sum, got)
	}
	return body, nil
}

func (a *Archive) newest(key string) (*Entry, error) {
	list, err := readEntries(a.keyDir(key))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[len(list)-1], nil
}

// Newest returns the newest entry of a key; ENOTFOUND when there is none.
func (a *Archive) Newest(key string) (Entry, error) {
	e, err := a.newest(key)
	if err != nil {
		return Entry{}, err
	}
	if e == nil {
		return Entry{}, data.Errorf(data.ENOTFOUND, "archive: nothing stored for %s", key)
	}
	return *e, nil
}

// Entries returns every entry, sorted by key and time of retrieval.
func (a *Archive) Entries() ([]Entry, error) {
	dirs, err := os.ReadDir(filepath.Join(a.dir, "entries"))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	var out []Entry
	for _, d := range dirs {
		list, err := readEntries(filepath.Join(a.dir, "entries", d.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortStableFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), a.Provenance.Retrieved.Compare(b.Provenance.Retrieved))
	})
	return out, nil
}

// Current returns what a build of one kind is made from, sorted by key: the
// newest entry of each key that holds figures, and the parts that the newest
// accepted Set of each table names.
func (a *Archive) Current(kind data.Kind) ([]Entry, error) {
	all, err := a.Entries()
	if err != nil {
		return nil, err
	}
	var out []Entry
	sets := map[string]Set{}
	for _, e := range all {
		if e.Provenance.Kind != kind || e.Part || e.Format == FormatKlass || e.Format == FormatPxWeb {
			continue
		}
		if e.Format == FormatSet {
			s, err := a.readSet(e)
			if err != nil {
				return nil, err
			}
			if s.Accepted() {
				sets[s.Table] = s
			}
			continue
		}
		if n := len(out); n > 0 && out[n-1].Key == e.Key {
			out[n-1] = e
			continue
		}
		out = append(out, e)
	}
	for _, s := range sets {
		parts, err := partsOf(s, all)
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

// Verify reads every body an entry names and reports all that are missing or
// damaged, and every Set that names a part there is no entry of.
func (a *Archive) Verify() error {
	all, err := a.Entries()
	if err != nil {
		return err
	}
	var errs []error
	done := map[string]bool{}
	for _, e := range all {
		sum := e.Provenance.SHA256
		if done[sum] {
			continue
		}
		done[sum] = true
		if _, err := a.Body(sum); err != nil {
			errs = append(errs, err)
			continue
		}
		if e.Format == FormatSet {
			s, err := a.readSet(e)
			if err == nil {
				_, err = partsOf(s, all)
			}
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func readEntries(dir string) ([]Entry, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	var out []Entry
	for _, f := range files {
		// Files an interrupted write left behind do not end in .json.
		if !strings.HasSuffix(f.Name(), ".json") || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		var e Entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, data.Errorf(data.EINTERNAL, "archive: entry %s is damaged: %w", f.Name(), err)
		}
		out = append(out, e)
	}
	return out, nil
}
