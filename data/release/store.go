// Package release writes, publishes, verifies, opens and exports releases. A
// release is a directory of immutable files: one DuckDB file, ordered Parquet,
// the catalogue it was built with and a manifest with every checksum. It is
// published by atomically replacing one small pointer, so that killing the
// process at any instant leaves the last release served. This is the only
// package that imports the DuckDB driver.
package release

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// InvariantError is a broken invariant; Name is stable and documented.
type InvariantError struct {
	Name   string
	Detail string
}

// Error names the invariant and what broke it.
func (e *InvariantError) Error() string { return "invariant " + e.Name + ": " + e.Detail }

const (
	pointerName  = "CURRENT"
	manifestName = "manifest.json"
	duckName     = "release.duckdb"
	parquetDir   = "parquet"
	catalogueDir = "catalogue"
	buildPrefix  = ".build-"
)

// Store is the directory that holds all releases and the pointer to the one
// that is served.
type Store struct{ dir string }

// OpenStore returns the store in dir, making it if needed.
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	return &Store{dir: dir}, nil
}

// Draft is what a build hands over to be published.
type Draft struct {
	// Info holds kind, code version, catalogue hash, seed and inputs; the rest
	// is filled in by Publish.
	Info      cube.Info
	Content   cube.Content
	Catalogue fs.FS
}

// Publish writes a draft as a new release and points CURRENT at it. The steps
// are: check the row invariants, write everything to a private directory, read
// it back and compare hashes, fsync, rename into place, replace the pointer.
// A draft that is the current release over again (content, kind, catalogue, code
// and seed) publishes nothing and returns that one with fresh false.
func (s *Store) Publish(ctx context.Context, d Draft) (info cube.Info, fresh bool, err error) {
	unlock, err := s.lock()
	if err != nil {
		return info, false, err
	}
	defer unlock()
	if err := s.sweep(); err != nil {
		return info, false, err
	}
	info, err = s.complete(d)
	if err != nil {
		return info, false, err
	}
	if cur, err := s.Current(); err == nil && identity(cur) == identity(info) {
		return cur, false, nil
	}
	work, err := os.MkdirTemp(s.dir, buildPrefix)
	if err != nil {
		return info, false, fmt.Errorf("release: %w", err)
	}
	defer os.RemoveAll(work)
	if err := write(ctx, work, &info, d); err != nil {
		return info, false, err
	}
	final := filepath.Join(s.dir, info.ID)
	if err := os.Rename(work, final); err != nil {
		return info, false, fmt.Errorf("release: move into place: %w", err)
	}
	if err := syncDir(s.dir); err != nil {
		return info, false, err
	}
	return info, true, s.point(info.ID)
}

func (s *Store) complete(d Draft) (cube.Info, error) {
	info := d.Info
	info.Schema = schemaVersion
	info.Created = info.Created.UTC().Truncate(time.Second)
	if info.Created.IsZero() {
		info.Created = time.Now().UTC().Truncate(time.Second)
	}
	info.Rows, info.TableRows = map[string]int{}, map[string]int{}
	for i := range d.Content.Observations {
		info.TableRows[d.Content.Observations[i].Table]++
	}
	for _, t := range tables {
		if err := t.checkOrder(&d.Content); err != nil {
			return info, err
		}
		info.Rows[t.name] = t.rows(&d.Content).Len()
	}
	info.ContentSHA256 = contentHash(&d.Content)
	info.ID = info.Created.Format("20060102T150405Z") + "-" + identity(info)[:8]
	return info, nil
}

// identity is the hash of all that makes a release what it is: two builds with
// the same identity are the same release.
func identity(i cube.Info) string {
	h := sha256.New()
	fmt.Fprintln(h, i.ContentSHA256, i.Kind, i.CatalogueSHA256, i.CodeVersion, i.Seed, i.Schema)
	return hex.EncodeToString(h.Sum(nil))
}

func write(ctx context.Context, dir string, info *cube.Info, d Draft) error {
	duck := filepath.Join(dir, duckName)
	if err := writeDuckDB(ctx, duck, &d.Content); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, parquetDir), 0o755); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	if err := writeParquet(ctx, duck, filepath.Join(dir, parquetDir), info); err != nil {
		return err
	}
	if d.Catalogue != nil {
		if err := os.CopyFS(filepath.Join(dir, catalogueDir), d.Catalogue); err != nil {
			return fmt.Errorf("release: copy catalogue: %w", err)
		}
	}
	if err := readBack(ctx, duck, info.ContentSHA256); err != nil {
		return err
	}
	files, err := checksums(dir)
	if err != nil {
		return err
	}
	info.Files = files
	raw, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return fmt.Errorf("release: encode manifest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), append(raw, '\n'), 0o644); err != nil {
		return fmt.Errorf("release: write manifest: %w", err)
	}
	return syncTree(dir)
}

func readBack(ctx context.Context, duck, want string) error {
	c, err := readContent(ctx, duck)
	if err != nil {
		return err
	}
	if got := contentHash(&c); got != want {
		return &InvariantError{Name: "content-hash", Detail: fmt.Sprintf("the DuckDB file reads back as %s, written as %s", got[:12], want[:12])}
	}
	return nil
}

// lock keeps two builds apart; the kernel drops it when a process dies.
func (s *Store) lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, data.Errorf(data.ECONFLICT, "release: another build is running in %s; wait for it to end", s.dir)
	}
	return func() { f.Close() }, nil
}

// sweep removes what killed builds left behind. Only called under the lock.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), buildPrefix) {
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				return fmt.Errorf("release: %w", err)
			}
		}
	}
	return nil
}

func (s *Store) point(id string) error {
	if err := renameio.WriteFile(filepath.Join(s.dir, pointerName), []byte(id+"\n"), 0o644); err != nil {
		return fmt.Errorf("release: publish %s: %w", id, err)
	}
	return syncDir(s.dir)
}

var idRE = regexp.MustCompile(`^\d{8}T\d{6}Z-[0-9a-f]{8}$`)

// CurrentID returns the id CURRENT points at; ENOTFOUND when nothing has been
// published.
func (s *Store) CurrentID() (string, error) {
	raw, err := os.ReadFile(filepath.Join(s.dir, pointerName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", data.Errorf(data.ENOTFOUND, "no release has been published yet; run «bygdevekst up» or «bygdevekst build»")
	}
	if err != nil {
		return "", fmt.Errorf("release: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// Current returns the manifest of the served release.
func (s *Store) Current() (cube.Info, error) {
	id, err := s.CurrentID()
	if err != nil {
		return cube.Info{}, err
	}
	return s.Info(id)
}

// Info returns a release's manifest; ENOTFOUND for an unknown id.
func (s *Store) Info(id string) (cube.Info, error) {
	var info cube.Info
	if !idRE.MatchString(id) {
		return info, data.Errorf(data.ENOTFOUND, "no release %q; «bygdevekst releases» lists them", id)
	}
	raw, err := os.ReadFile(filepath.Join(s.dir, id, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return info, data.Errorf(data.ENOTFOUND, "no release %q; «bygdevekst releases» lists them", id)
	}
	if err != nil {
		return info, fmt.Errorf("release: %w", err)
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return info, data.Errorf(data.EINTERNAL, "release %s: manifest is damaged: %w", id, err)
	}
	return info, nil
}

// List returns every release's manifest, newest first.
func (s *Store) List() ([]cube.Info, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	var out []cube.Info
	for _, e := range entries {
		if !e.IsDir() || !idRE.MatchString(e.Name()) {
			continue
		}
		info, err := s.Info(e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b cube.Info) int { return cmp.Compare(b.ID, a.ID) })
	return out, nil
}

// Rollback points CURRENT at an older release after verifying it.
func (s *Store) Rollback(ctx context.Context, id string) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.Verify(ctx, id); err != nil {
		return fmt.Errorf("not rolled back: %w", err)
	}
	return s.point(id)
}

// Load reads a release for serving: every table but the raw observations,
// which stay in the file.
func (s *Store) Load(ctx context.Context, id string) (cube.Info, cube.Content, error) {
	info, err := s.Info(id)
	if err != nil {
		return info, cube.Content{}, err
	}
	if info.Schema != schemaVersion {
		return info, cube.Content{}, data.Errorf(data.ECONFLICT, "release %s has table layout %d, this program reads %d; run «bygdevekst build»", id, info.Schema, schemaVersion)
	}
	var names []string
	for _, t := range tables {
		if t.name != "observations" {
			names = append(names, t.name)
		}
	}
	c, err := readContent(ctx, filepath.Join(s.dir, id, duckName), names...)
	return info, c, err
}

// Files returns a release's manifest and the files it lists; ENOTFOUND for an
// unknown id.
func (s *Store) Files(id string) (cube.Info, fs.FS, error) {
	info, err := s.Info(id)
	return info, os.DirFS(filepath.Join(s.dir, id)), err
}

// Catalogue returns the catalogue files a release was built with.
func (s *Store) Catalogue(id string) fs.FS { return os.DirFS(filepath.Join(s.dir, id, catalogueDir)) }

// Verify recomputes every checksum of a release, the content hash from the
// DuckDB file and from the Parquet files, row counts and key order. All that
// is wrong is reported.
func (s *Store) Verify(ctx context.Context, id string) error {
	info, err := s.Info(id)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.dir, id)
	var errs []error
	files, err := checksums(dir)
	if err != nil {
		return err
	}
	errs = append(errs, compareFiles(info.Files, files)...)
	duck, err := readContent(ctx, filepath.Join(dir, duckName))
	if err != nil {
		errs = append(errs, err)
	} else {
		errs = append(errs, checkContent(info, &duck, "the DuckDB file")...)
	}
	pq, err := readParquet(ctx, filepath.Join(dir, parquetDir))
	if err != nil {
		errs = append(errs, err)
	} else {
		errs = append(errs, checkContent(info, &pq, "the Parquet files")...)
	}
	if err := errors.Join(errs...); err != nil {
		return data.Errorf(data.EINTERNAL, "release %s does not verify:\n%w", id, err)
	}
	return nil
}

// Observations reads the raw facts of a release, for checks and exports.
func (s *Store) Observations(ctx context.Context, id string) ([]cube.Observation, error) {
	if _, err := s.Info(id); err != nil {
		return nil, err
	}
	c, err := readContent(ctx, filepath.Join(s.dir, id, duckName), "observations")
	return c.Observations, err
}

func checkContent(info cube.Info, c *cube.Content, where string) []error {
	var errs []error
	for _, t := range tables {
		if n := t.rows(c).Len(); n != info.Rows[t.name] {
			errs = append(errs, &InvariantError{Name: "row-count", Detail: fmt.Sprintf("%s: %s has %d rows, the manifest says %d", where, t.name, n, info.Rows[t.name])})
		}
		if err := t.checkOrder(c); err != nil {
			errs = append(errs, err)
		}
	}
	if got := contentHash(c); got != info.ContentSHA256 {
		errs = append(errs, &InvariantError{Name: "content-hash", Detail: fmt.Sprintf("%s: content hash is %s, the manifest says %s", where, got[:12], info.ContentSHA256[:12])})
	}
	return errs
}

func compareFiles(want, got []cube.File) []error {
	var errs []error
	have := map[string]cube.File{}
	for _, f := range got {
		have[f.Name] = f
	}
	for _, w := range want {
		g, ok := have[w.Name]
		delete(have, w.Name)
		switch {
		case !ok:
			errs = append(errs, &InvariantError{Name: "file-present", Detail: w.Name + " is missing"})
		case g != w:
			errs = append(errs, &InvariantError{Name: "file-checksum", Detail: fmt.Sprintf("%s has sha256 %s, the manifest says %s", w.Name, g.SHA256[:12], w.SHA256[:12])})
		}
	}
	for _, name := range sortedKeys(have) {
		errs = append(errs, &InvariantError{Name: "file-unknown", Detail: name + " is not in the manifest"})
	}
	return errs
}

func checksums(dir string) ([]cube.File, error) {
	var out []cube.File
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == manifestName {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		n, err := io.Copy(h, f)
		out = append(out, cube.File{Name: filepath.ToSlash(rel), SHA256: hex.EncodeToString(h.Sum(nil)), Bytes: n})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("release: checksum: %w", err)
	}
	return out, nil
}

func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncDir(path)
	})
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("release: fsync %s: %w", filepath.Base(path), err)
	}
	return nil
}
