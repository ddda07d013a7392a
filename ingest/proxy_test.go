package ingest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/ingest"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// bending hands requests on and lets bend change the answers; n counts those of
// figures, from 1, and is 0 for others.
func bending(t *testing.T, to string, bend func(path string, n int, body []byte) []byte) *httptest.Server {
	t.Helper()
	posts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		n := 0
		if r.Method == http.MethodPost {
			posts++ // Requests come one at a time.
			n = posts
		}
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(bend(r.URL.Path, n, body))
	}))
	t.Cleanup(srv.Close)
	return srv
}

// smallCells lowers the limit that /config announces.
func smallCells(path string, body []byte) []byte {
	if strings.HasSuffix(path, "/config") {
		return bytes.Replace(body, []byte(`"maxDataCells":800000`), []byte(`"maxDataCells":3000`), 1)
	}
	return body
}

// sortedFacts are the keys of the facts a build would use.
func sortedFacts(t *testing.T, arch *archive.Archive) []string {
	t.Helper()
	list, err := arch.Current(data.Simulated)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		body, err := arch.Body(e.Provenance.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ingest.Decode(e, body, loadCatalogue(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.Facts {
			out = append(out, strings.Join([]string{f.Series, f.Region, f.Period.String(), string(f.Status), strconv.FormatFloat(f.Value, 'g', -1, 64)}, "/"))
		}
	}
	slices.Sort(out)
	return out
}

// TestChunksMakeTheSameTable asks for one table in one request and in many.
func TestChunksMakeTheSameTable(t *testing.T) {
	sim := simulator(t, ssbsim.Options{})
	one, many := openArchive(t), openArchive(t)
	run(t, job(t, sim.URL, one, "07459"))
	small := bending(t, sim.URL, func(path string, _ int, body []byte) []byte { return smallCells(path, body) })
	res := run(t, job(t, small.URL, many, "07459"))
	// 12 municipalities × 2 × 106 × 19 years = 48,336 cells, 3,000 at a time: cut
	// along years, the longer, each of which has 2,544.
	if r := res.Tables[0]; r.Requests != 19 || r.State != ingest.Stored {
		t.Fatalf("%+v", r)
	}
	if !slices.Equal(sortedFacts(t, one), sortedFacts(t, many)) {
		t.Error("the chunks do not make the table")
	}
}

var stampRE = regexp.MustCompile(`"updated":"[^"]+"`)

// TestUpdatedWhileRead has the second of three answers carry another stamp.
func TestUpdatedWhileRead(t *testing.T) {
	sim := simulator(t, ssbsim.Options{})
	for last, want := range map[int]ingest.State{2: ingest.Stored, 1000: ""} {
		srv := bending(t, sim.URL, func(path string, n int, body []byte) []byte {
			if n%2 == 0 && n > 0 && n <= last {
				return stampRE.ReplaceAll(body, []byte(`"updated":"2026-01-05T07:00:00Z"`))
			}
			return smallCells(path, body)
		})
		arch := openArchive(t)
		res, err := job(t, srv.URL, arch, "01222").Run(t.Context())
		if want == "" {
			if data.ErrorCode(err) != data.EUNAVAILABLE || !strings.Contains(err.Error(), "updated while it was read, twice") || len(current(t, arch)) != 0 {
				t.Errorf("always updated: %v", err)
			}
			continue
		}
		if err != nil || res.Tables[0].State != want || res.Tables[0].Requests < 2 {
			t.Errorf("updated once: %v\n%s", err, say(res))
		}
	}
}

// TestRelabelled refuses figures whose codes are called something else than they
// were, until a person has read the labels; a year in a title is no other name.
func TestRelabelled(t *testing.T) {
	sim := simulator(t, ssbsim.Options{})
	arch := openArchive(t)
	run(t, job(t, sim.URL, arch, "07984"))
	bent := func(old, new string) *ingest.Job {
		srv := bending(t, sim.URL, func(path string, _ int, body []byte) []byte {
			if path != "/api/pxwebapi/v2/tables/07984/data" {
				return body
			}
			out := bytes.ReplaceAll(body, []byte(old), []byte(new))
			if bytes.Equal(out, body) {
				t.Errorf("nothing in the answer is %q: %.400s", old, body)
			}
			return out
		})
		j := job(t, srv.URL, arch, "07984")
		j.Refetch = true
		return j
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"another code", `"Næring 86-88"`, `"Omsetning og drift av fast eiendom"`, `code 86-88 of NACE2007: "Næring 86-88" became "Omsetning og drift av fast eiendom"`},
		{"another classification", "næring (SN2007)", "næring (SN2025)", `dimension NACE2007: "næring (SN2007)" became "næring (SN2025)"`},
		{"another title", `"label":"07984: `, `"label":"07984: Endret `, `title: "07984: `},
	} {
		res := run(t, bent(c.old, c.new))
		r := res.Tables[0]
		if r.State != ingest.Refused || !strings.Contains(strings.Join(r.Reasons, "\n"), ingest.Relabelled+": table 07984, "+c.want) {
			t.Errorf("%s:\n%s", c.name, say(res))
		}
	}
	j := bent("næring (SN2007)", "næring (SN2025)")
	j.Accept = []string{"07984"}
	if res := run(t, j); res.Tables[0].State != ingest.Stored || !strings.Contains(strings.Join(res.Tables[0].Warnings, "\n"), ingest.Relabelled) {
		t.Errorf("let through:\n%s", say(res))
	}
	// A year in the title: the first publication, then the next.
	other := openArchive(t)
	for _, year := range []string{"2024", "2025"} {
		srv := bending(t, sim.URL, func(_ string, _ int, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(`"label":"07984: `), []byte(`"label":"07984: 2008-`+year+` `))
		})
		j := job(t, srv.URL, other, "07984")
		j.Refetch = true
		if res := run(t, j); res.Tables[0].State != ingest.Stored {
			t.Errorf("a title that ends in %s:\n%s", year, say(res))
		}
	}
}

// TestWrongAnswers refuses answers to another question.
func TestWrongAnswers(t *testing.T) {
	sim := simulator(t, ssbsim.Options{})
	for name, c := range map[string]struct {
		old, new string
		want     string
	}{
		"a code of another municipality": {`"K_3421"`, `"K_3999"`, "drift: the answer lacks code K_3421 of Region"},
		"another content":                {`"Folkemengde"`, `"Folketall"`, "drift: the answer lacks code Folkemengde"},
		"a symbol nobody knows":          {`"status":{"`, `"status":{"0":"x","`, "unknown status symbol"},
	} {
		srv := bending(t, sim.URL, func(_ string, n int, body []byte) []byte {
			if n > 0 {
				return bytes.ReplaceAll(body, []byte(c.old), []byte(c.new))
			}
			return body
		})
		arch := openArchive(t)
		res := run(t, job(t, srv.URL, arch, "06913"))
		r := res.Tables[0]
		if r.State != ingest.Refused || !strings.Contains(strings.Join(r.Reasons, "\n"), c.want) || len(current(t, arch)) != 0 {
			t.Errorf("%s:\n%s", name, say(res))
		}
		if newest, accepted, err := arch.Sets(data.Simulated, "06913"); err != nil || newest == nil || newest.Accepted() || accepted != nil || len(newest.Parts) == 0 {
			t.Errorf("%s: the body is not kept as refused: %+v, %v", name, newest, err)
		}
	}
}
