package catalogue

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bygdevekst/bygdevekst/data"
)

// defaultFiles returns a copy of the embedded catalogue to change.
func defaultFiles(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(DefaultFiles(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(DefaultFiles(), name)
		files[name] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func load(t *testing.T, files fs.FS) *Catalogue {
	t.Helper()
	c, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDefault holds the embedded catalogue to what others rely on.
func TestDefault(t *testing.T) {
	c := Default()
	if n := len(c.Agreements); n != 10 {
		t.Errorf("%d agreements, want 10: five pilots were chosen in 2022 and five in 2024", n)
	}
	pilots := c.Pilots()
	slices.Sort(pilots)
	if n := len(slices.Compact(slices.Clone(pilots))); n != 35 || len(pilots) != 35 {
		t.Errorf("%d distinct of %d pilot municipalities, want 35 = 17 + 18", n, len(pilots))
	}
	waves := map[int]int{}
	for _, a := range c.Agreements {
		waves[a.Wave] += len(a.Municipalities)
	}
	if waves[1] != 17 || waves[2] != 18 {
		t.Errorf("municipalities by wave: %v, want 17 and 18", waves)
	}
	for _, id := range []string{
		"population", "net-migration-rate", "natural-increase-rate", "health-employment-share",
		"health-employed-per-1000", "employed-per-1000", "tertiary-education-share",
	} {
		if c.Indicator(id) == nil {
			t.Errorf("no indicator %s, which others rely on", id)
		}
	}
	if got, want := c.Agreement("innlandet").Codes(), []string{"3425", "3421", "3419", "3422"}; !slices.Equal(got, want) {
		t.Errorf("innlandet: municipalities %v, want %v", got, want)
	}
	for _, address := range []string{"innlandet/overarching", "innlandet/1", "innlandet/2", "innlandet/3", "solund-fedje/overarching"} {
		if a, g := c.Goal(address); a == nil || g == nil {
			t.Errorf("no goal %s", address)
		}
	}
	for _, address := range []string{"innlandet", "innlandet/4", "nowhere/1", ""} {
		if a, g := c.Goal(address); a != nil || g != nil {
			t.Errorf("goal %q is there", address)
		}
	}
}

// TestSeries holds the names facts are stored under, which recorded figures
// share with the plans.
func TestSeries(t *testing.T) {
	for table, series := range map[string][]string{
		"06913":      {"population", "births", "deaths", "natural_increase", "in_migration", "out_migration", "net_migration", "growth"},
		"07984":      {"employed", "employed_health", "employed_primary", "employed_manufacturing", "employed_public_admin", "employed_education", "workplace_employed", "workplace_employed_health", "employed_55_66_health"},
		"09429":      {"persons_16_plus", "tertiary_short", "tertiary_long"},
		"folkendrkv": {"births", "deaths", "in_migration", "in_from_abroad", "out_migration", "out_to_abroad", "natural_increase", "net_migration", "growth", "population_start", "population_end"},
	} {
		for _, name := range series {
			if plan := Default().Table(table); plan == nil || !plan.HasSeries(name) {
				t.Errorf("table %s lacks series %s", table, name)
			}
		}
	}
	moves := Default().Table("13864")
	for name, want := range map[string]bool{"moves_from": false, "moves_from/3420": true, "moves_from/": false, "moves_to/3420": false} {
		if got := moves.HasSeries(name); got != want {
			t.Errorf("13864: HasSeries(%q) = %v, want %v", name, got, want)
		}
	}
}

// TestInnlandet holds the agreement to what its text says, and to what it does not.
func TestInnlandet(t *testing.T) {
	a := Default().Agreement("innlandet")
	if county := a.Party("innlandet-fylkeskommune"); county.Reservation == "" || county.Role != RoleMain {
		t.Error("the county is a main party with a reservation")
	}
	if signed, _ := a.Period.Signed.Time(); signed.Format("2006-01-02") != "2025-05-12" || a.Period.Ends != "2028-12-30" {
		t.Errorf("period %+v", a.Period)
	}
	byParagraph := map[string]int{}
	for _, o := range a.Obligations {
		byParagraph[o.Paragraph]++
		if o.Truncated != (o.ID == "7-7") {
			t.Errorf("obligation %s: truncated is %v; only the last sentence of § 7 is cut off", o.ID, o.Truncated)
		}
	}
	for _, paragraph := range []string{"2", "3", "6", "6.1", "6.2", "6.3", "7"} {
		if byParagraph[paragraph] == 0 {
			t.Errorf("no obligation from § %s", paragraph)
		}
	}
	for _, g := range a.Goals {
		for _, gi := range g.Indicators {
			if gi.Target.Kind != NotAgreed || gi.Judgement.Agreed != nil {
				t.Errorf("goal %s, %s: the agreement has no numeric targets", g.ID, gi.Indicator)
			}
		}
		if g.ID != Overarching && (len(g.LegalRoom) == 0 || g.LegalRoom[0].Status != NotMapped) {
			t.Errorf("goal %s: the legal room has not been mapped", g.ID)
		}
	}
	for _, p := range Default().PlansOf("innlandet") {
		if p.Status != PlanExample || p.Label.NB != "Eksempel, ikke vedtatt" {
			t.Errorf("plan %s: no adopted plan is known", p.ID)
		}
	}
}

// TestLanguages holds every text a user reads to both forms of Norwegian.
func TestLanguages(t *testing.T) {
	n := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		if text, ok := v.Interface().(Text); ok {
			if text != (Text{}) {
				n++
				if strings.TrimSpace(text.NB) == "" || strings.TrimSpace(text.NN) == "" {
					t.Errorf("%s: bokmål %q, nynorsk %q", path, text.NB, text.NN)
				}
			}
			return
		}
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(path+"."+v.Type().Field(i).Name, v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(path+"."+v.Index(i).String(), v.Index(i))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(path+"."+key.String(), v.MapIndex(key))
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(path, v.Elem())
			}
		}
	}
	walk("", reflect.ValueOf(*Default()))
	if n < 500 {
		t.Errorf("only %d texts seen: the walk misses some", n)
	}
}

// TestEleventhAgreement adds an agreement, its plan with an agreed target and
// its design by files alone.
func TestEleventhAgreement(t *testing.T) {
	files := defaultFiles(t)
	for name, content := range eleventh {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	c := load(t, files)
	if len(c.Agreements) != 11 || c.AgreementOf("4212").ID != "agder-eksempel" {
		t.Fatal("the eleventh agreement is not there")
	}
	_, g := c.Goal("agder-eksempel/overarching")
	if target := g.Indicators[0].Target; target.Kind != PathTarget || target.FinalYear() != 2028 || target.Agreed.Edition != "agder-eksempel-2026" {
		t.Errorf("target %+v", target)
	}
	d := c.Design("agder-eksempel")
	if d.ID != "agder-eksempel" || d.Seed != 7 || d.Method != SDID || len(d.Outcomes) != 3 {
		t.Errorf("design %+v: want its own seed and the rest from the common one", d)
	}
	if d := c.Design("solund-fedje"); d.ID != "common" {
		t.Errorf("an agreement without a design of its own is governed by %s", d.ID)
	}
	if c.Hash() == Default().Hash() {
		t.Error("the hash does not see the new files")
	}
}

var eleventh = map[string]string{
	"agreements/agder-eksempel.yaml": `
id: agder-eksempel
name: { nb: Eksempel i Agder, nn: Døme i Agder, en: Example in Agder }
wave: 2
language: nn
county: { code: "42", name: Agder }
municipalities: [{ code: "4212", name: Vegårshei }, { code: "4222", name: Bykle }]
period:
  signed: "2025-09"
  source: test
  in_force: unknown
  rule: { nb: ukjent, nn: ukjend }
  ends: "2028-12-31"
dates: []
unknown: [themes, goals, obligations, references]
parties:
  - { id: vegarshei, name: Vegårshei kommune, role: main, municipality: "4212", paragraph: "2" }
  - { id: bykle, name: Bykle kommune, role: main, municipality: "4222", paragraph: "2" }
goals:
  - id: overarching
    paragraph: "4"
    title: Busetjing
    text: Fleire skal bu her.
    summary: { nb: Bosetting, nn: Busetjing, en: Settlement }
    theme: overarching
    indicators:
      - indicator: in-migration-rate
        role: lead
        judgement: { method: target, agreed: { by: [vegarshei, bykle], on: "2026-01-15", edition: agder-eksempel-2026 } }
        target:
          kind: path
          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]
          agreed: { by: [vegarshei, bykle], on: "2026-01-15", edition: agder-eksempel-2026 }
      - { indicator: out-migration-rate, role: lead, judgement: { method: comparison }, target: { kind: not-agreed } }
      - { indicator: net-migration-rate, role: lead, judgement: { method: comparison }, target: { kind: not-agreed } }
      - { indicator: population, role: context, judgement: { method: comparison }, target: { kind: not-agreed } }
      - { indicator: natural-increase-rate, role: context, judgement: { method: comparison }, target: { kind: not-agreed } }
      - { indicator: tertiary-education-share, role: support, judgement: { method: comparison }, target: { kind: not-agreed } }
left_out:
  - { indicator: employed-per-1000, reason: { nb: Ikke valgt, nn: Ikkje vald } }
baseline: { year: 2024, rule: { nb: Året før, nn: Året før } }
source: test
`,
	"plans/agder-eksempel-2026.yaml": `
id: agder-eksempel-2026
agreement: agder-eksempel
year: 2026
status: agreed
label: { nb: Plan 2026, nn: Plan 2026, en: Plan 2026 }
agreed: { by: [vegarshei, bykle], on: "2026-01-15", edition: agder-eksempel-2026 }
source: test
measures:
  - id: en
    goal: overarching
    title: { nb: Tiltak, nn: Tiltak }
    responsible: [bykle]
    from: "2026"
    to: "2027"
    milestones: [{ text: { nb: Ferdig, nn: Ferdig }, due: "2027-12" }]
    chain: { input: { nb: a, nn: a }, activity: { nb: b, nn: b }, result: { nb: c, nn: c }, effect: { nb: d, nn: d } }
    judgement: { method: milestone }
`,
	"designs/agder-eksempel.yaml": `
id: agder-eksempel
extends: common
agreement: agder-eksempel
registered: "2026-11-24"
seed: 7
reasons:
  seed: { text: { nb: Eget frø, nn: Eige frø } }
`,
}

func TestHash(t *testing.T) {
	files := defaultFiles(t)
	if got := load(t, files).Hash(); got != Default().Hash() || len(got) != 64 {
		t.Errorf("hash of a copy: %s, want %s", got, Default().Hash())
	}
	files["indicators/population.yaml"].Data = append(files["indicators/population.yaml"].Data, "\n# A comment.\n"...)
	if load(t, files).Hash() == Default().Hash() {
		t.Error("a change of one file does not change the hash")
	}
}

func TestDesignHash(t *testing.T) {
	d := *Default().Design("innlandet")
	if d.Hash() != Default().Design("innlandet").Hash() {
		t.Error("the same design has two hashes")
	}
	changed := d
	changed.Seed++
	if changed.Hash() == d.Hash() {
		t.Error("another seed has the same hash")
	}
	recorded := d
	recorded.History = []DesignChange{{Date: "2027-01-01", Hash: d.Hash()}}
	if recorded.Hash() != d.Hash() {
		t.Error("recording a change changes the hash")
	}
	if d.OlderThan(2025) || !d.OlderThan(2026) {
		t.Error("figures to 2025 were seen when the design was registered, those of 2026 were not")
	}
}

func TestLoadEmpty(t *testing.T) {
	c := load(t, fstest.MapFS{})
	if len(c.Agreements)+len(c.Indicators)+len(c.Tables)+len(c.Designs) != 0 {
		t.Error("an empty folder is not an empty catalogue")
	}
	if c.Design("innlandet") != nil || c.Comparison("default") != nil {
		t.Error("an empty catalogue answers with something")
	}
}

func TestDateTime(t *testing.T) {
	for date, want := range map[Date]string{"2025-05-12": "2025-05-12", "2022-11": "2022-11-01", "2024": "2024-01-01"} {
		got, ok := date.Time()
		if !ok || got.Format("2006-01-02") != want {
			t.Errorf("%s: %v, %v", date, got, ok)
		}
	}
	for _, date := range []Date{"", Unknown, "2025-13-01", "2025-02-29"} {
		if _, ok := date.Time(); ok {
			t.Errorf("%q is a date", date)
		}
	}
}

func TestTouches(t *testing.T) {
	debt := Geography{Centrality: []int{5, 6}}
	north := Geography{Counties: []string{"56"}, Agreements: []string{"nord-troms"}}
	for _, tt := range []struct {
		g          *Geography
		code       string
		centrality int
		agreement  string
		want       bool
	}{
		{&debt, "3421", 5, "innlandet", true},
		{&debt, "3420", 3, "", false},
		{&debt, "3421", 0, "innlandet", false},
		{&north, "5628", 6, "vestre-varanger", true},
		{&north, "5544", 6, "nord-troms", true},
		{&north, "5501", 2, "", false},
		{&Geography{All: true}, "0301", 1, "", true},
		{&Geography{}, "3421", 5, "innlandet", false},
	} {
		if got := tt.g.Touches(tt.code, tt.centrality, tt.agreement); got != tt.want {
			t.Errorf("%+v touches %s, class %d: %v", tt.g, tt.code, tt.centrality, got)
		}
	}
}

// problems returns what Load finds wrong, and holds the error to its contract.
func problems(t testing.TB, files fs.FS) Problems {
	t.Helper()
	_, err := Load(files)
	if err == nil {
		return nil
	}
	var found Problems
	if !errors.As(err, &found) || data.ErrorCode(err) != data.EINVALID || data.ErrorMessage(err) != found.Error() {
		t.Fatalf("not problems of code invalid: %v", err)
	}
	return found
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(DefaultFiles()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTextIn(t *testing.T) {
	full, short := Text{"ikke", "ikkje", "not"}, Text{NB: "ikke"}
	for language, want := range map[string]string{"nb": "ikke", "nn": "ikkje", "en": "not", "se": "ikke"} {
		if got := full.In(language); got != want {
			t.Errorf("In(%q) = %q, want %q", language, got, want)
		}
		if got := short.In(language); got != "ikke" {
			t.Errorf("In(%q) without that language = %q", language, got)
		}
	}
}

func TestIndicatorTables(t *testing.T) {
	for id, want := range map[string][]string{
		"population":                        {"06913"},
		"employment-rate":                   {"07984", "07459"},
		"net-immigration-rate":              {"01222", "06913"},
		"dwellings-without-household-share": {"06265", "06070"},
	} {
		if got := Default().Indicator(id).Tables(); !slices.Equal(got, want) {
			t.Errorf("%s is made from %v, want %v", id, got, want)
		}
	}
}
