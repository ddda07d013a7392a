// Package regions is the register of Norwegian municipalities through time: the
// 357 of 2024 with their names, centrality and neighbours, and what became of
// every code in use since 2005, and of most since 1988. Figures are joined on code and year, never on a
// name: Våler is two places.
package regions

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/bygdevekst/bygdevekst/data"
)

//go:embed *.csv
var files embed.FS

// Municipality is one of the 357 municipalities valid from 2024-01-01.
type Municipality struct {
	Code string
	// Name is the official name as Klass 131 gives it, with parallel forms;
	// NameNB, NameSami and NameKven are its parts.
	Name, NameNB, NameSami, NameKven string
	County, CountyName               string
	// CentralityClass is SSB's class 1–6 and CentralityIndex its index 0–1000
	// (Klass 128, an edition valid from 2024).
	CentralityClass, CentralityIndex int
	// KOSTRAGroup is empty: no source for the groups of 2024 was found.
	KOSTRAGroup string
	// Pilot is the id of the agreement the municipality is part of, or "".
	Pilot string
	// BorderChange is the year of a border change since 2011 that makes series
	// across it incomparable, or 0.
	BorderChange int
	// Earlier are the codes of the same municipality before, newest first:
	// pure renumberings only.
	Earlier []Span
	// Neighbours are codes that share a land border or, for islands, a strait.
	Neighbours []string
}

// Span is a code and the years it was in use; From 0 is «as long as we know».
type Span struct {
	Code     string
	From, To int
}

// ValidFrom is the year the code came into use; 0 when it is older than 2005.
func (m Municipality) ValidFrom() int {
	if len(m.Earlier) == 0 {
		return 0
	}
	return m.Earlier[0].To + 1
}

// Change says what became of a code.
type Change string

// The changes.
const (
	// Same is a code that is still in use for the same area.
	Same Change = "same"
	// Renumbered is a one-to-one change of code.
	Renumbered Change = "renumbered"
	// Merged is a code whose municipality became part of a larger one.
	Merged Change = "merged"
	// Split is a code whose municipality was divided.
	Split Change = "split"
	// Pseudo is a code for no municipality: unknown, Svalbard, the shelf.
	Pseudo Change = "pseudo-region"
)

// Carries reports whether a figure can be carried over to the new code.
func (c Change) Carries() bool { return c == Same || c == Renumbered }

// Register is the loaded register; it is read-only.
type Register struct {
	byCode   map[string]*Municipality
	all      []Municipality
	history  map[string][]segment
	madeOf   map[string][]string // Codes that became, or are, a current code.
	counties map[string]string
}

type segment struct {
	from, to int
	change   Change
	current  string
}

// Default returns the built-in register. It panics if the embedded files are
// broken, which a test rules out.
func Default() *Register { return loaded() }

var loaded = sync.OnceValue(func() *Register {
	r, err := load()
	if err != nil {
		panic("regions: embedded register: " + err.Error())
	}
	return r
})

func load() (*Register, error) {
	r := &Register{byCode: map[string]*Municipality{}, history: map[string][]segment{}, madeOf: map[string][]string{}, counties: map[string]string{}}
	for _, step := range []struct {
		file string
		add  func(row []string) error
	}{
		{"counties.csv", r.addCounty},
		{"municipalities.csv", r.addMunicipality},
		{"codes.csv", r.addCode},
		{"neighbours.csv", r.addNeighbours},
		{"pilots.csv", r.addPilot},
		{"borders.csv", r.addBorder},
	} {
		if err := readRows(step.file, step.add); err != nil {
			return nil, err
		}
		if step.file == "municipalities.csv" {
			for i := range r.all {
				r.byCode[r.all[i].Code] = &r.all[i]
			}
		}
	}
	for i := range r.all {
		m := &r.all[i]
		slices.SortFunc(m.Earlier, func(a, b Span) int { return cmp.Compare(b.To, a.To) })
		slices.Sort(m.Neighbours)
	}
	for code, h := range r.history {
		for _, s := range h {
			if s.current != "" && !slices.Contains(r.madeOf[s.current], code) {
				r.madeOf[s.current] = append(r.madeOf[s.current], code)
			}
		}
	}
	return r, nil
}

func readRows(file string, add func([]string) error) error {
	raw, err := files.ReadFile(file)
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for i, row := range rows[1:] {
		if err := add(row); err != nil {
			return fmt.Errorf("%s:%d: %w", file, i+2, err)
		}
	}
	return nil
}

func (r *Register) addCounty(row []string) error {
	r.counties[row[0]] = row[1]
	return nil
}

func (r *Register) addMunicipality(row []string) error {
	class, err := strconv.Atoi(row[6])
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(row[7])
	if err != nil {
		return err
	}
	if r.counties[row[5]] == "" {
		return fmt.Errorf("no county %q", row[5])
	}
	r.all = append(r.all, Municipality{
		Code: row[0], Name: row[1], NameNB: row[2], NameSami: row[3], NameKven: row[4],
		County: row[5], CountyName: r.counties[row[5]], CentralityClass: class, CentralityIndex: index,
	})
	r.history[row[0]] = []segment{{0, forever, Same, row[0]}}
	return nil
}

// forever stands for «still in use».
const forever = 9999

func year(s string, open int) (int, error) {
	if s == "" {
		return open, nil
	}
	return strconv.Atoi(s)
}

func (r *Register) addCode(row []string) error {
	from, err := year(row[1], 0)
	if err != nil {
		return err
	}
	to, err := year(row[2], forever)
	if err != nil {
		return err
	}
	seg := segment{from, to, Change(row[3]), row[4]}
	switch seg.change {
	case Same:
		if row[0] != row[4] {
			return fmt.Errorf("code %s cannot be the same as %s", row[0], row[4])
		}
	case Renumbered, Merged:
		m := r.byCode[row[4]]
		if m == nil {
			return fmt.Errorf("no municipality %q", row[4])
		}
		if seg.change == Renumbered {
			m.Earlier = append(m.Earlier, Span{row[0], from, to})
		}
	case Split:
	default:
		return fmt.Errorf("unknown change %q", row[3])
	}
	if old := r.history[row[0]]; len(old) == 1 && old[0].from == 0 && old[0].to == forever {
		// The first line of a code replaces the default «always the same».
		r.history[row[0]] = nil
	}
	r.history[row[0]] = append(r.history[row[0]], seg)
	return nil
}

func (r *Register) addNeighbours(row []string) error {
	a, b := r.byCode[row[0]], r.byCode[row[1]]
	if a == nil || b == nil {
		return fmt.Errorf("no municipality %s or %s", row[0], row[1])
	}
	a.Neighbours = append(a.Neighbours, b.Code)
	b.Neighbours = append(b.Neighbours, a.Code)
	return nil
}

func (r *Register) addPilot(row []string) error {
	m := r.byCode[row[0]]
	if m == nil {
		return fmt.Errorf("no municipality %q", row[0])
	}
	m.Pilot = row[1]
	return nil
}

func (r *Register) addBorder(row []string) error {
	m := r.byCode[row[0]]
	if m == nil {
		return fmt.Errorf("no municipality %q", row[0])
	}
	y, err := strconv.Atoi(row[1])
	m.BorderChange = y
	return err
}

// Municipality returns a municipality by its code of 2024. ENOTFOUND names the
// code and, for a code that has gone, the one that took its place.
func (r *Register) Municipality(code string) (Municipality, error) {
	if m := r.byCode[code]; m != nil {
		return *m, nil
	}
	if h := r.history[code]; len(h) > 0 {
		last := h[len(h)-1]
		if last.current != "" {
			return Municipality{}, data.Errorf(data.ENOTFOUND, "municipality code %s was in use until %d (%s); the code now is %s (%s)", code, last.to, last.change, last.current, r.byCode[last.current].Name)
		}
		return Municipality{}, data.Errorf(data.ENOTFOUND, "municipality code %s was in use until %d and the municipality was split", code, last.to)
	}
	return Municipality{}, data.Errorf(data.ENOTFOUND, "no municipality has the code %q; codes are four digits, such as 3425", code)
}

// All returns every municipality in order of code.
func (r *Register) All() []Municipality { return slices.Clone(r.all) }

// Harmonise returns the code valid from 2024-01-01 for a code as it was used in
// a year, and what kind of change lies between. Only a change that Carries
// gives a code figures may be joined on. An unknown code is ENOTFOUND.
func (r *Register) Harmonise(code string, year int) (current string, how Change, err error) {
	if pseudo(code) {
		return "", Pseudo, nil
	}
	h := r.history[code]
	if len(h) == 0 {
		return "", "", data.Errorf(data.ENOTFOUND, "unknown municipality code %q", code)
	}
	best := h[0]
	for _, s := range h {
		// Outside its years a code stands for what it last or first was.
		if distance(s, year) < distance(best, year) {
			best = s
		}
	}
	return best.current, best.change, nil
}

func distance(s segment, year int) int { return max(0, s.from-year, year-s.to) }

// pseudo reports whether a code is one of SSB's codes for no municipality.
func pseudo(code string) bool {
	if len(code) != 4 {
		return false
	}
	return code == "9999" || code[2:] == "99" || code[:2] == "21" || code[:2] == "22" || code[:2] == "23"
}

// Parts returns the codes whose municipalities made up the area of a current
// code in a year, sorted: itself or its old number when nothing was merged. It
// returns nil when the area cannot be rebuilt because a border went through a
// municipality.
func (r *Register) Parts(current string, year int) []string {
	m := r.byCode[current]
	if m == nil || m.BorderChange != 0 {
		return nil
	}
	var out []string
	for _, code := range r.madeOf[current] {
		for _, s := range r.history[code] {
			if s.current == current && distance(s, year) == 0 {
				out = append(out, code)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Counties returns county codes and names.
func (r *Register) Counties() map[string]string { return r.counties }

// Search finds municipalities whose code or any name begins with or holds the
// text, for people to pick from; never to join figures on.
func (r *Register) Search(text string) []Municipality {
	want := strings.ToLower(strings.TrimSpace(text))
	if want == "" {
		return nil
	}
	var out []Municipality
	for _, m := range r.all {
		if strings.HasPrefix(m.Code, want) || strings.Contains(strings.ToLower(m.Name), want) || strings.Contains(strings.ToLower(m.NameNB), want) {
			out = append(out, m)
		}
	}
	SortByName(out)
	return out
}

// SortByName sorts for display. The collation is nynorsk's: x/text orders æ, ø
// and å wrongly for bokmål (golang/go#59908).
func SortByName(list []Municipality) {
	c := collate.New(language.Make("nn"))
	slices.SortFunc(list, func(a, b Municipality) int {
		return cmp.Or(c.CompareString(a.NameNB, b.NameNB), cmp.Compare(a.Code, b.Code))
	})
}
