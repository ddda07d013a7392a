package ssbsim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// world is a small Norway: 40 municipalities in four counties, the first four
// of them with codes that changed in 2020.
func world() []ssbsim.Region {
	var out []ssbsim.Region
	for i := range 40 {
		code := fmt.Sprintf("%02d%02d", 34+i/10, i%10+1)
		r := ssbsim.Region{Code: code, Name: "Kommune " + code, County: code[:2], Centrality: 420 + i*9}
		if i < 4 {
			r.Earlier = []ssbsim.Earlier{{Code: fmt.Sprintf("04%02d", i+1), Name: "Gamle " + code + " (-2019)", From: 1900, To: 2019}}
		}
		out = append(out, r)
	}
	return out
}

// shared is one fault-free server for all tests: the model is the slow part.
var shared = sync.OnceValue(func() *ssbsim.Server {
	s, err := ssbsim.New(ssbsim.Options{Regions: world(), Seed: 1})
	if err != nil {
		panic(err)
	}
	return s
})

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	ts := httptest.NewServer(h)
	t.Cleanup(ts.Close)
	return ts.URL + "/api/pxwebapi/v2"
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil && !strings.Contains(err.Error(), "EOF") {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

func post(t *testing.T, url, body string) (int, []byte) {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, out
}

type dataset struct {
	ID     []string
	Size   []int
	Value  []*float64
	Status map[string]string
}

func decode(t *testing.T, body []byte) dataset {
	t.Helper()
	var d dataset
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	n := 1
	for _, s := range d.Size {
		n *= s
	}
	if n != len(d.Value) {
		t.Fatalf("size %v and %d values", d.Size, len(d.Value))
	}
	return d
}

func TestPopulationAccountHolds(t *testing.T) {
	base := serve(t, shared())
	_, body := post(t, base+"/tables/06913/data", `{"selection":[{"variableCode":"Region","codelist":"agg_KommSummerHist","valueCodes":["K_34*","K_35*"]},{"variableCode":"ContentsCode","valueCodes":["*"]},{"variableCode":"Tid","valueCodes":["*"]}]}`)
	d := decode(t, body)
	regions, contents, years := d.Size[0], d.Size[1], d.Size[2]
	at := func(r, c, y int) *float64 { return d.Value[(r*contents+c)*years+y] }
	checked := 0
	for r := range regions {
		for y := range years - 1 {
			p, next, natural, net := *at(r, 0, y), *at(r, 0, y+1), *at(r, 3, y), *at(r, 6, y)
			if p+natural+net != next {
				t.Fatalf("region %d, year %d: %v + %v + %v is not %v", r, y, p, natural, net, next)
			}
			if *at(r, 1, y)-*at(r, 2, y) != natural || *at(r, 4, y)-*at(r, 5, y) != net || natural+net != *at(r, 7, y) {
				t.Fatalf("region %d, year %d: parts do not add up", r, y)
			}
			checked++
		}
		// The newest year has a population and no flows yet.
		if at(r, 6, years-1) != nil {
			t.Fatal("the newest year has flows")
		}
	}
	if checked != 20*21 {
		t.Fatalf("checked %d municipality-years", checked)
	}
}

// TestTablesAgree counts the same persons and jobs through different tables.
func TestTablesAgree(t *testing.T) {
	base := serve(t, shared())
	sum := func(table, query string) (total float64) {
		code, body := get(t, base+"/tables/"+table+"/data?"+query)
		if code != http.StatusOK {
			t.Fatalf("%s: %d %s", table, code, body)
		}
		for _, v := range decode(t, body).Value {
			if v != nil {
				total += *v
			}
		}
		return total
	}
	const region = "&codelist[Region]=agg_KommSummer&valueCodes[Region]=K-3402"
	for what, pair := range map[string][2]float64{
		"population of 07459 and 06913": {
			sum("07459", "valueCodes[ContentsCode]=Personer1&valueCodes[Tid]=2024"+region),
			sum("06913", "valueCodes[ContentsCode]=Folkemengde&valueCodes[Tid]=2024&codelist[Region]=agg_KommSummerHist&valueCodes[Region]=K_3402"),
		},
		"yearly and quarterly births": {
			sum("06913", "valueCodes[ContentsCode]=Levende&valueCodes[Tid]=2024&codelist[Region]=agg_KommSummerHist&valueCodes[Region]=K_3402"),
			sum("01222", "valueCodes[ContentsCode]=Fodte2&valueCodes[Tid]=2024K*"+region),
		},
		"cumulative and quarterly births": {
			sum("01223", "valueCodes[ContentsCode]=Fodte2&valueCodes[Tid]=2024K4"+region),
			sum("01222", "valueCodes[ContentsCode]=Fodte2&valueCodes[Tid]=2024K*"+region),
		},
		"jobs by age and in all": {
			sum("07984", "valueCodes[NACE2007]=86-88&valueCodes[Kjonn]=0&valueCodes[Alder]=15-19,20-24,25-39,40-54,55-66,67-74&valueCodes[ContentsCode]=Sysselsatte&valueCodes[Tid]=2025"+region),
			sum("07984", "valueCodes[NACE2007]=86-88&valueCodes[ContentsCode]=Sysselsatte&valueCodes[Tid]=2025"+region),
		},
		"commuting matrix and residents": {
			sum("03321", "valueCodes[Bokommuen]=3402&valueCodes[ArbstedKomm]=*&valueCodes[ContentsCode]=Sysselsatte&valueCodes[Tid]=2025"),
			sum("07984", "valueCodes[ContentsCode]=Sysselsatte&valueCodes[Tid]=2025"+region),
		},
		"moves in by matrix and in all": {
			sum("13864", "valueCodes[TilflyttRegion]=3402&valueCodes[Fraflyttingsregion]=*&valueCodes[ContentsCode]=Flytting&valueCodes[Tid]=2025"),
			sum("09588", "valueCodes[ContentsCode]=InnInnland&valueCodes[Tid]=2025&codelist[Region]=agg_KommGjeldende&valueCodes[Region]=3402"),
		},
		"educated and aged 16 or more": {
			sum("09429", "valueCodes[Nivaa]=01,02a,11,03a,04a,09a&valueCodes[ContentsCode]=Personer&valueCodes[Tid]=2024&codelist[Region]=agg_KommGjeldende&valueCodes[Region]=3402"),
			sum("09429", "valueCodes[ContentsCode]=Personer&valueCodes[Tid]=2024&codelist[Region]=agg_KommGjeldende&valueCodes[Region]=3402"),
		},
		"stock of dwellings": {
			sum("06265", "valueCodes[ContentsCode]=Boliger&valueCodes[Tid]=2025"+region) - sum("06265", "valueCodes[ContentsCode]=Boliger&valueCodes[Tid]=2024"+region),
			sum("05940", "valueCodes[ContentsCode]=Fullforte&valueCodes[Tid]=2024"+region) - sum("10784", "valueCodes[ContentsCode]=AvgangBoliger&valueCodes[Tid]=2024K*"+region),
		},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v and %v", what, pair[0], pair[1])
		}
		if pair[0] == 0 && what != "stock of dwellings" {
			t.Errorf("%s: nothing counted", what)
		}
	}
}

func TestCodesOfTheirTime(t *testing.T) {
	base := serve(t, shared())
	_, body := get(t, base+"/tables/09429/data?valueCodes[Nivaa]=00&valueCodes[ContentsCode]=Personer&valueCodes[Tid]=2019,2020&codelist[Region]=vs_Kommune&valueCodes[Region]=0401,3401")
	d := decode(t, body)
	// 0401 was in use to 2019, 3401 since 2020; the order is the list's.
	if d.Value[0] == nil || d.Value[1] != nil || d.Value[2] != nil || d.Value[3] == nil {
		t.Fatalf("values %v", d.Value)
	}
	if d.Status["1"] != "." || d.Status["2"] != "." || len(d.Status) != 2 {
		t.Fatalf("status %v", d.Status)
	}
}

// TestErrorsAreSSBsOwn holds the recorded error bodies byte for byte.
func TestErrorsAreSSBsOwn(t *testing.T) {
	base := serve(t, shared())
	dir := sharedtest.Path(t)
	const ok = "&valueCodes[ContentsCode]=KOShjtj80aarover0001&valueCodes[Tid]=2024"
	for file, url := range map[string]string{
		"error-400-nonexistent-table.json":         "/tables/99999/data?valueCodes[Tid]=2024",
		"error-400-nonexistent-value-kommune.json": "/tables/12209/data?valueCodes[KOKkommuneregion0000]=1234" + ok,
		"error-400-missing-selection.json":         "/tables/12209/data?valueCodes[KOKkommuneregion0000]=3401",
	} {
		want, err := os.ReadFile(filepath.Join(dir, "pxweb-fixtures", "ssb-v2", file))
		if err != nil {
			t.Fatal(err)
		}
		code, got := get(t, base+url)
		if code != http.StatusBadRequest || string(got) != strings.TrimSpace(string(want)) {
			t.Errorf("%s: %d %s, want 400 %s", file, code, got, want)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "pxweb-fixtures", "ssb-v2", "error-404-url-too-long.truncated.html"))
	if err != nil {
		t.Fatal(err)
	}
	code, got := get(t, base+"/tables/07459/data?valueCodes[Region]="+strings.Repeat("K-3401,", 500))
	if code != http.StatusNotFound || !strings.HasPrefix(string(got), string(page)) {
		t.Errorf("a long address gave %d %s", code, got)
	}
}

// TestKeyOrderIsSSBs compares the order of keys with a recorded body.
func TestKeyOrderIsSSBs(t *testing.T) {
	base := serve(t, shared())
	raw := sharedtest.Read(t, "pxweb-fixtures", "ssb-v2", "07459-3kommuner-80plus-2017-2024.json")
	_, body := get(t, base+"/tables/07459/data?valueCodes[Region]=3401&valueCodes[Kjonn]=*&valueCodes[Alder]=080,081&valueCodes[ContentsCode]=Personer1&valueCodes[Tid]=2024")
	want, got := keys(t, raw), keys(t, body)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("keys %v, SSB has %v", got, want)
	}
}

// TestShapesAreTheServers holds the simulator's bodies to those the server
// software's own tests expect: every key they have, in their order. Keys beside
// them are SSB's, seen in its answers.
func TestShapesAreTheServers(t *testing.T) {
	base := serve(t, shared())
	dir := sharedtest.Path(t, "pxweb-fixtures", "pxwebapi-server")
	own := map[string]bool{"discontinued": true, "noteMandatory": true, "refperiod": true, "alternativeText": true}
	optional := map[string]bool{"link": true, "note": true, "eliminationValueCode": true}
	for _, c := range []struct{ file, url, path string }{
		{"GetApiConfiguration.json", "/config", ""},
		{"TableById_tab004.json", "/tables/07459", ""},
		{"ListAllTables.json", "/tables", ""},
		{"ListAllTables.json", "/tables", "tables.0"},
		{"ListAllTables.json", "/tables", "page"},
		{"MetadataById_tab001_js2.json", "/tables/07459/metadata", ""},
		{"MetadataById_tab001_js2.json", "/tables/07459/metadata", "dimension.ContentsCode"},
		{"MetadataById_tab001_js2.json", "/tables/07459/metadata", "dimension.ContentsCode.category"},
		{"MetadataById_tab001_js2.json", "/tables/07459/metadata", "dimension.ContentsCode.extension"},
		{"MetadataById_tab001_js2.json", "/tables/07459/metadata", "extension"},
		{"MetadataById_tab001_js2.json", "/tables/07459/metadata", "extension.px"},
	} {
		want, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil {
			t.Fatal(err)
		}
		_, got := get(t, base+c.url)
		w, g := keys(t, within(t, want, c.path)), keys(t, within(t, got, c.path))
		w = slices.DeleteFunc(w, func(k string) bool { return optional[k] && !slices.Contains(g, k) })
		g = slices.DeleteFunc(g, func(k string) bool { return own[k] && !slices.Contains(w, k) })
		if strings.Join(g, " ") != strings.Join(w, " ") {
			t.Errorf("%s of %s:\n got %v\nwant %v", c.path, c.url, g, w)
		}
	}
}

// within is the part of a body at a path of names and positions.
func within(t *testing.T, raw []byte, path string) []byte {
	t.Helper()
	if path == "" {
		return raw
	}
	step, rest, _ := strings.Cut(path, ".")
	if i, err := strconv.Atoi(step); err == nil {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		return within(t, list[i], rest)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return within(t, m[step], rest)
}

// keys returns the top-level keys of an object in order.
func keys(t *testing.T, raw []byte) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	var out []string
	depth, key := 0, true
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			key = depth == 1
		case string:
			if depth == 1 && key {
				out = append(out, v)
				key = false
				continue
			}
			key = depth == 1
		default:
			key = depth == 1
		}
	}
}

func TestExpressions(t *testing.T) {
	base := serve(t, shared())
	const rest = "&valueCodes[ContentsCode]=Folkemengde&codelist[Region]=agg_KommSummerHist&valueCodes[Region]=K_3401"
	for expr, want := range map[string]int{
		"*": 22, "top(3)": 3, "top(3,2)": 3, "bottom(2)": 2, "from(2020)": 7, "to(2006)": 2, "[range(2010,2012)]": 3, "201?": 10, "2024,2025,top(1)": 3,
	} {
		code, body := get(t, base+"/tables/06913/data?valueCodes[Tid]="+expr+rest)
		if code != http.StatusOK {
			t.Errorf("%s: %d %s", expr, code, body)
			continue
		}
		if d := decode(t, body); d.Size[2] != want {
			t.Errorf("%s gives %d periods, want %d", expr, d.Size[2], want)
		}
	}
	for expr, want := range map[string]int{"top(0)": 400, "range(2010)": 400, "2031": 400, "2024,2024": 500, "x(1)": 400} {
		if code, body := get(t, base+"/tables/06913/data?valueCodes[Tid]="+expr+rest); code != want {
			t.Errorf("%s: %d %s, want %d", expr, code, body, want)
		}
	}
}

func TestFaults(t *testing.T) {
	const good = "/tables/07984/data?valueCodes[NACE2007]=86-88&valueCodes[ContentsCode]=Sysselsatte&valueCodes[Tid]=2024,2025&codelist[Region]=agg_KommSummer&valueCodes[Region]=K-3401"
	clean := cleanOf(t, good)
	for _, name := range ssbsim.FaultNames {
		t.Run(name, func(t *testing.T) {
			f, err := ssbsim.ParseFault(name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ssbsim.New(ssbsim.Options{Regions: world()[:8], Seed: 1, Faults: []ssbsim.Fault{f}, Slow: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			base := serve(t, s)
			code, body := get(t, base+good)
			_, meta := get(t, base+"/tables/07984")
			if name == "slow" {
				// Slow only waits; clients' tests time it out.
				if string(body) != string(cleanOf(t, good)) {
					t.Error("a slow answer is another answer")
				}
				return
			}
			if code == http.StatusOK && string(body) == string(clean) && !strings.Contains(string(meta), `"discontinued":true`) {
				t.Error("the fault changed nothing")
			}
		})
	}
	for _, bad := range []string{"", "nothing", "slow:0", "slow:x"} {
		if _, err := ssbsim.ParseFault(bad); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("fault %q: %v", bad, err)
		}
	}
	for s, every := range map[string]int{"slow": 1, "slow:3": 3, "rate-limit:every-2nd": 2, "html-404:every-10": 10, "duplicate-500:4": 4} {
		if f, err := ssbsim.ParseFault(s); err != nil || f.Every != every {
			t.Errorf("%s: %v, %v", s, f, err)
		}
	}
}

// cleanOf is the answer of a server without faults to eight municipalities.
func cleanOf(t *testing.T, url string) []byte {
	t.Helper()
	s, err := ssbsim.New(ssbsim.Options{Regions: world()[:8], Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, body := get(t, serve(t, s)+url)
	return body
}

func TestEffects(t *testing.T) {
	// With and without effects: the figures an address asks for.
	both := func(path string, effects ...string) (a, b []*float64) {
		opt := ssbsim.Options{Regions: world(), Seed: 1}
		for _, text := range effects {
			e, err := ssbsim.ParseEffect(text)
			if err != nil {
				t.Fatal(err)
			}
			opt.Effects = append(opt.Effects, e)
		}
		s, err := ssbsim.New(opt)
		if err != nil {
			t.Fatal(err)
		}
		_, with := get(t, serve(t, s)+path)
		_, without := get(t, serve(t, shared())+path)
		return decode(t, with).Value, decode(t, without).Value
	}
	// Places of residence and of work alike, 2024 and 2025.
	const jobs = "/tables/07984/data?valueCodes[ContentsCode]=Sysselsatte,SysselsatteArb&valueCodes[Tid]=2024,2025&codelist[Region]=agg_KommSummer&valueCodes[Region]=K-3401&valueCodes[NACE2007]="
	const planted = "health-employed:3401:2025:+50%"
	total, totalWas := both(jobs+"00-99", planted)
	sector, sectorWas := both(jobs+"86-88", planted)
	for k := range sector {
		more := *sector[k] - *sectorWas[k]
		if k%2 == 0 && more != 0 {
			t.Errorf("the effect reached back to 2024: %v more", more)
		}
		if got := *total[k] - *totalWas[k]; got != more {
			t.Errorf("all employment rose by %v, health by %v", got, more)
		}
	}
	// 50 % more, within the rounding of a dozen cells by at most one each.
	if more, want := *sector[1]-*sectorWas[1], 0.5**sectorWas[1]; math.Abs(more-want) > 12 {
		t.Errorf("health employment of residents rose by %v of %v", more, *sectorWas[1])
	}
	if home, work := *sector[1]-*sectorWas[1], *sector[3]-*sectorWas[3]; home != work {
		t.Errorf("health employment rose by %v where people live and by %v where they work", home, work)
	}
	// Domestic moves in and immigration; drawn numbers, so four standard deviations.
	const moves = "/tables/06913/data?valueCodes[ContentsCode]=Innflyttinger&valueCodes[Tid]=2024,2025&codelist[Region]=agg_KommSummerHist&valueCodes[Region]=K_3405,K_3406"
	in, inWas := both(moves, "in-migration:3405:2025:+60%", "in-migration:3406:2025:-60%")
	for k, factor := range map[int]float64{1: 1.6, 3: 0.4} {
		if want := factor * *inWas[k]; math.Abs(*in[k]-want) > 4*math.Sqrt(want+*inWas[k]) || *in[k-1] != *inWas[k-1] {
			t.Errorf("in-migration %v and %v were %v and %v", *in[k-1], *in[k], *inWas[k-1], *inWas[k])
		}
	}
	for _, bad := range []string{"", "x:3401:2025:+5%", "births:3401:1999:+5%", "births:3401:2025:5%", "births:3401:2025:-100%", "births:34:2025:+5%"} {
		if _, err := ssbsim.ParseEffect(bad); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("effect %q: %v", bad, err)
		}
	}
	if _, err := ssbsim.New(ssbsim.Options{Regions: world()[:2], Effects: []ssbsim.Effect{{Measure: "births", Region: "9999", Year: 2020, Factor: 2}}}); data.ErrorCode(err) != data.ENOTFOUND {
		t.Errorf("effect on an unknown municipality: %v", err)
	}
}

// TestHostileRequests: whatever is asked has an answer, and names of parameters,
// variables and codes are read without regard to case.
func TestHostileRequests(t *testing.T) {
	base := serve(t, shared())
	const data = "/tables/06913/data?valueCodes[Region]=3401&valueCodes[ContentsCode]=Folkemengde&valueCodes[Tid]="
	for _, c := range []struct {
		path   string
		status int
		holds  string
	}{
		{"/tables?pageSize=0", 404, `{"type":"Parameter error","title":"Non-existent page","status":404,"detail":"Non-existent page"}`},
		{"/tables?pageSize=9223372036854775807", 404, "Non-existent page"},
		{"/tables?pageNumber=-1", 404, "Non-existent page"},
		{"/Tables/?QUERY=title:befolkning&PAGESIZE=1", 200, `"pageSize":1,`},
		{"/tables?query=(neppe%20OR%2006913)", 200, `"id":"06913"`},
		{"/tables?query=neppe&pageSize=5", 200, `"tables":[]`},
		{"/tables?pastDays=1", 200, `"totalElements":0`},
		{"/tables/06913/?lang=en", 200, `"language":"en"`},
		{"/tables/06913/metadata?lang=en", 200, "SIMULATED FIGURES"},
		{"/tables/06913/metadata?CODELIST[region]=agg_KommSummerHist", 200, "K_3401"},
		{"/tables/06913/defaultselection", 200, `"variableCode":"Tid","codelist":null,"valueCodes":["top(1)"]`},
		{"/tables/06913/data", 200, `"value":[`},
		{"/tables/06913/data?valueCodes[Region]=*", 400, "Missing selection for mandantory variable"},
		{"/tables/06913/data?valuecodes[REGION]=3401&valuecodes[contentscode]=folkemengde&valuecodes[TIME]=2023", 200, `"size":[1,1,1]`},
		{data + "2024&valueCodes[Region]=3402", 200, `"size":[2,1,1]`},
		{data + "2024&outputformat=csv", 400, `"detail":"Unsupported output format"`},
		{data + "2024&outputFormatParams=ExcludeZerosAndMissingValues", 400, "Unsupported output format"},
		{data + "2024&heading=Nope", 400, `{"type":"Parameter error","title":"Illegal placment","status":400}`},
		{data + "2024&heading=Tid&stub=tid", 400, "Illegal placment"},
		{data + "2024,2024", 500, ""},
		{data + "[range(2020,2022)]", 200, `"size":[1,1,3]`},
		{data + "range(2022,2020)", 400, "Non-existent value"},
		{data + "top(99999999999999999999)", 400, "Illegal selection expression"},
		{"/tables/07459/data?valueCodes[Region]=*&valueCodes[Kjonn]=*&valueCodes[Alder]=*&valueCodes[ContentsCode]=*&valueCodes[Tid]=*", 200, ""},
		{"/tables/07459/data?valueCodes[Region]=3401&valueCodes[Alder]=105+&valueCodes[ContentsCode]=*&valueCodes[Tid]=2024", 400, "Non-existent value"},
		{"/tables/07459/data?valueCodes[Region]=3401&valueCodes[Alder]=105%2B&valueCodes[ContentsCode]=*&valueCodes[Tid]=2024", 200, `"105+":0`},
	} {
		status, body := get(t, base+strings.ReplaceAll(c.path, " ", "%20"))
		if status != c.status || !strings.Contains(string(body), c.holds) {
			t.Errorf("%s: %d %.200s; want %d and %s", c.path, status, body, c.status, c.holds)
		}
	}
	for _, body := range []string{``, `[]`, `{"selection":[`, `{"selection":[{"variableCode":1}]}`, `{"selection":NaN}`, strings.Repeat("[", 1<<16), `{"selection":[null]}`, `{"selection":[{}]}`, `{"selection":[{"variableCode":"Tid","valueCodes":[null]}]}`} {
		if status, got := post(t, base+"/tables/06913/data", body); status != 400 || !json.Valid(got) {
			t.Errorf("%.60s: %d %.200s", body, status, got)
		}
	}
}

func TestSeedDecides(t *testing.T) {
	body := func(seed uint64) string {
		s, err := ssbsim.New(ssbsim.Options{Regions: world()[:6], Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		_, b := get(t, serve(t, s)+"/tables/06913/data?valueCodes[ContentsCode]=*&valueCodes[Tid]=*&codelist[Region]=agg_KommSummerHist&valueCodes[Region]=*")
		return string(b)
	}
	first, again := body(1), body(1)
	if first != again {
		t.Error("one seed gave two worlds")
	}
	if first == body(2) {
		t.Error("two seeds gave one world")
	}
}

func TestRateLimit(t *testing.T) {
	s, err := ssbsim.New(ssbsim.Options{Regions: world()[:2], Seed: 1, PerMinute: 3})
	if err != nil {
		t.Fatal(err)
	}
	base := serve(t, s)
	for i := range 5 {
		res, err := http.Get(base + "/config")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if want := i < 3; (res.StatusCode == http.StatusOK) != want {
			t.Errorf("request %d: %d", i, res.StatusCode)
		}
		if i >= 3 && (len(body) > 0 || res.Header.Get("x-ratelimit-limit") != "3") {
			t.Errorf("429 with body %q and headers %v", body, res.Header)
		}
	}
}

// TestClassifications lists what of Klass is served; the groups, which no model can
// make up, are there and say that they are empty.
func TestClassifications(t *testing.T) {
	base := strings.TrimSuffix(serve(t, shared()), "/pxwebapi/v2") + "/klass/v1/classifications"
	read := func(url string, v any) {
		t.Helper()
		status, body := get(t, url)
		if err := json.Unmarshal(body, v); status != http.StatusOK || err != nil {
			t.Fatalf("%s: %d, %v: %.200s", url, status, err, body)
		}
	}
	var list struct {
		Embedded struct {
			Classifications []struct{ ID int }
		} `json:"_embedded"`
		Page struct{ TotalElements int }
	}
	read(base, &list)
	if len(list.Embedded.Classifications) != 3 || list.Page.TotalElements != 3 {
		t.Fatalf("%+v", list)
	}
	for _, c := range list.Embedded.Classifications {
		var one struct {
			ID          int
			Description string
		}
		var codes struct{ Codes []struct{ Code string } }
		at := base + "/" + strconv.Itoa(c.ID)
		read(at, &one)
		read(at+"/codesAt.json?date=2026-01-01", &codes)
		if one.ID != c.ID || strings.Contains(one.Description, "er tom") != (len(codes.Codes) == 0) {
			t.Errorf("%d: %+v, %d codes", c.ID, one, len(codes.Codes))
		}
	}
	if status, _ := get(t, base+"/7"); status != http.StatusNotFound {
		t.Errorf("a classification that is not served: %d", status)
	}
}
