package release_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/release"
)

var day = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// content makes a small content with every trap in it: missing values, zeros,
// Norwegian letters, suppressed cells.
func content(seed uint64) cube.Content {
	rng := rand.New(rand.NewPCG(seed, 1))
	var c cube.Content
	c.Sources = []cube.Source{{ID: 0, Table: "06913", Title: "Endringer i kommuner – «befolkning»", Source: "SSB", Kind: "recorded", SHA256: "ab", Retrieved: day.Format(time.RFC3339)}}
	for r := range 3 {
		region := fmt.Sprintf("34%02d", 19+r)
		for y := range int32(5) {
			o := cube.Observation{Table: "06913", Series: "population", Region: region, Period: fmt.Sprint(2020 + y), Value: cube.Float(rng.IntN(3)), ReportedAs: region}
			v := cube.Value{Indicator: "population", Region: region, Year: 2020 + y, Window: 1, Numerator: o.Value, Denominator: cube.Null, Value: o.Value, Lower: cube.Null, Upper: cube.Null, Detectable: cube.Null, Method: "none"}
			if rng.IntN(4) == 0 {
				o.Value, o.Status = cube.Null, data.Suppressed
				v.Value, v.Numerator, v.Status = cube.Null, cube.Null, data.Suppressed
			}
			c.Observations = append(c.Observations, o)
			c.Values = append(c.Values, v)
		}
		c.Balances = append(c.Balances, cube.Balance{Region: region, Covariate: "log-population", Own: cube.Float(rng.NormFloat64()), GroupMean: cube.Float(math.Copysign(0, -1)), GroupSD: cube.Null, StdDifference: cube.Null, Outside: r == 1})
	}
	return c
}

func draft(c cube.Content) release.Draft {
	return release.Draft{
		Info:      cube.Info{Kind: data.Recorded, Created: day, CatalogueSHA256: "c0", CodeVersion: "test"},
		Content:   c,
		Catalogue: fstest.MapFS{"agreements/innlandet.yaml": {Data: []byte("id: innlandet\n")}},
	}
}

func store(t *testing.T) (*release.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := release.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func publish(t *testing.T, s *release.Store, d release.Draft) cube.Info {
	t.Helper()
	info, fresh, err := s.Publish(context.Background(), d)
	if err != nil || !fresh {
		t.Fatalf("publish: fresh %v, %v", fresh, err)
	}
	return info
}

func TestPublishedContentReadsBackEqual(t *testing.T) {
	s, _ := store(t)
	want := content(1)
	info := publish(t, s, draft(want))
	if err := s.Verify(context.Background(), info.ID); err != nil {
		t.Fatal(err)
	}
	_, got, err := s.Load(context.Background(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	obs, err := s.Observations(context.Background(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	got.Observations = obs
	sameFloat := cmp.Comparer(func(a, b cube.Float) bool { return a == b || !a.OK() && !b.OK() })
	if diff := cmp.Diff(want, got, sameFloat); diff != "" {
		t.Fatal(diff)
	}
}

func TestSameContentGivesSameHashAndPublishesNothing(t *testing.T) {
	s, _ := store(t)
	first := publish(t, s, draft(content(1)))
	again := draft(content(1))
	again.Info.Created = day.Add(time.Hour)
	again.Content.Sources[0].Retrieved = "later" // When we fetched it is not content.
	info, fresh, err := s.Publish(context.Background(), again)
	if err != nil || fresh || info.ID != first.ID {
		t.Fatalf("%v %v %v; want the first release again", info.ID, fresh, err)
	}
	other, _ := store(t)
	if got := publish(t, other, again); got.ContentSHA256 != first.ContentSHA256 {
		t.Fatalf("content hash %s, want %s", got.ContentSHA256, first.ContentSHA256)
	}
	changed := content(1)
	changed.Values[3].Value++
	if got := publish(t, s, draft(changed)); got.ContentSHA256 == first.ContentSHA256 {
		t.Fatal("another value gave the same content hash")
	}
}

func TestRollbackAndList(t *testing.T) {
	s, _ := store(t)
	a := publish(t, s, draft(content(1)))
	d := draft(content(2))
	d.Info.Created = day.Add(time.Hour)
	b := publish(t, s, d)
	if cur, _ := s.Current(); cur.ID != b.ID {
		t.Fatalf("current is %s, want %s", cur.ID, b.ID)
	}
	if err := s.Rollback(context.Background(), a.ID); err != nil {
		t.Fatal(err)
	}
	if cur, _ := s.Current(); cur.ID != a.ID {
		t.Fatalf("current is %s, want %s", cur.ID, a.ID)
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].ID != b.ID {
		t.Fatalf("%v, %v", list, err)
	}
	for _, id := range []string{"", "..", "../../etc", "20260101T000000Z-deadbeef"} {
		if err := s.Rollback(context.Background(), id); data.ErrorCode(err) != data.ENOTFOUND {
			t.Errorf("rollback %q: %v, want ENOTFOUND", id, err)
		}
	}
}

func TestInvariantsStopAPublication(t *testing.T) {
	for name, spoil := range map[string]func(*cube.Content){
		"duplicate": func(c *cube.Content) { c.Values[1] = c.Values[0] },
		"unsorted":  func(c *cube.Content) { c.Values[0], c.Values[1] = c.Values[1], c.Values[0] },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := store(t)
			c := content(1)
			spoil(&c)
			_, _, err := s.Publish(context.Background(), draft(c))
			var inv *release.InvariantError
			if !errors.As(err, &inv) || inv.Name != "one-value-per-key" {
				t.Fatalf("error %v, want invariant one-value-per-key", err)
			}
			if _, err := s.Current(); data.ErrorCode(err) != data.ENOTFOUND {
				t.Fatalf("something was published: %v", err)
			}
		})
	}
}

// TestVerifyFindsEveryDamage changes each file of a release in turn.
func TestVerifyFindsEveryDamage(t *testing.T) {
	s, dir := store(t)
	info := publish(t, s, draft(content(1)))
	root := filepath.Join(dir, info.ID)
	for _, f := range info.Files {
		path := filepath.Join(root, filepath.FromSlash(f.Name))
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bad := append([]byte{}, raw...)
		bad[len(bad)/2] ^= 0x55
		for what, body := range map[string][]byte{"flipped": bad, "truncated": raw[:len(raw)/2]} {
			if err := os.WriteFile(path, body, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(context.Background(), info.ID); err == nil {
				t.Errorf("%s %s: verify found nothing", f.Name, what)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(context.Background(), info.ID); err == nil {
			t.Errorf("%s removed: verify found nothing", f.Name)
		}
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Verify(context.Background(), info.ID); err != nil {
		t.Fatalf("mended release does not verify: %v", err)
	}
	if err := os.WriteFile(filepath.Join(root, "extra"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(context.Background(), info.ID); err == nil {
		t.Error("a file nobody listed was not found")
	}
}

func TestAbandonedBuildsAreSweptAndNeverListed(t *testing.T) {
	s, dir := store(t)
	left := filepath.Join(dir, ".build-123")
	if err := os.MkdirAll(filepath.Join(left, "parquet"), 0o755); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Fatalf("%v, %v", list, err)
	}
	publish(t, s, draft(content(1)))
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is still there: %v", left, err)
	}
}
