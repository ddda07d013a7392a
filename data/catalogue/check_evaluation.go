package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

func checkComparison(c *Catalogue, x *Comparison, f *file) {
	for i, v := range x.Covariates {
		at := where{"covariates", i}
		if (v.Indicator == "") == (v.Attribute == "") {
			f.at(at, "a covariate is either an indicator or an attribute")
		}
		if v.Attribute != "" && (v.From != 0 || v.To != 0) {
			f.at(at.in("from"), "an attribute of a municipality has no years")
		}
		if v.Indicator == "" {
			continue
		}
		ind := c.Indicator(v.Indicator)
		switch {
		case ind == nil:
			f.at(at.in("indicator"), "no indicator %q", v.Indicator)
		case v.From == 0 || v.To < v.From:
			f.at(at, "an indicator needs a window: from, and to not before it")
		case v.Stat == "":
			f.at(at, "say under stat how the years become one number: mean or growth")
		}
		if v.Transform == LogTransform && ind != nil && ind.Kind == NetRate {
			f.at(at.in("transform"), "a net rate can be negative and has no logarithm")
		}
	}
	for i, e := range x.Exclusions {
		checkExclusion(&e, where{"exclusions", i}, f)
	}
	if !slices.ContainsFunc(x.Exclusions, func(e Exclusion) bool { return e.Rule == ExcludePilot }) {
		f.at(where{"exclusions"}, "the rule %q is missing: pilots are never each other's comparison", ExcludePilot)
	}
}

func checkExclusion(e *Exclusion, at where, f *file) {
	years := e.Rule == ExcludeBorder || e.Rule == ExcludeGap
	bound := e.Rule == ExcludeCentrality || e.Rule == ExcludePopulation || e.Rule == ExcludeCommuting
	switch {
	case years && (e.From == 0 || e.To < e.From):
		f.at(at, "the rule %s needs from, and to not before it", e.Rule)
	case bound && e.Max == nil:
		f.at(at, "the rule %s needs max, the most that is allowed", e.Rule)
	case e.Rule == ExcludePopulation && *e.Max < 1:
		f.at(at.in("max"), "a ratio of the larger to the smaller population is at least 1, not %v", *e.Max)
	case bound && *e.Max < 0:
		f.at(at.in("max"), "max %v is negative", *e.Max)
	case !bound && e.Max != nil:
		f.at(at.in("max"), "the rule %s has no max", e.Rule)
	case !years && (e.From != 0 || e.To != 0):
		f.at(at, "the rule %s has no years", e.Rule)
	}
}

func checkDesigns(c *Catalogue, files []*file) {
	governs, said := map[string]string{}, map[string]bool{}
	for i := range c.Designs {
		d, f := &c.Designs[i], files[i]
		if other, ok := governs[d.Agreement]; ok {
			f.at(where{"agreement"}, "design %s governs agreement %q already", other, d.Agreement)
		}
		governs[d.Agreement] = d.ID
		before := len(*f.problems)
		checkDesign(c, d, f)
		f.inherited(before, d.Extends != "", said)
		checkReasons(d, f)
	}
}

// inherited drops what a design has from the one it extends, which comes before
// it: that fault is said there.
func (f *file) inherited(before int, extends bool, said map[string]bool) {
	own := slices.DeleteFunc((*f.problems)[before:], func(p Problem) bool { return extends && said[p.Message] })
	*f.problems = (*f.problems)[:before+len(own)]
	for _, p := range own {
		said[p.Message] = true
	}
}

func checkDesign(c *Catalogue, d *Design, f *file) {
	for i, id := range d.Outcomes {
		if c.Indicator(id) == nil {
			f.at(where{"outcomes", i}, "no indicator %q", id)
		}
	}
	checkTreated(c, d, f)
	checkDonors(c, d, f)
	if d.Window.From+d.Gates.MinPreYears > d.Start {
		f.at(where{"window", "from"}, "from %d to the start in %d is less than the %d years the gate asks for", d.Window.From, d.Start, d.Gates.MinPreYears)
	}
	if d.Window.To < d.Start {
		f.at(where{"window", "to"}, "the window ends %d, before the start in %d", d.Window.To, d.Start)
	}
	for i, year := range d.Looks.Years {
		if year < d.Start || year > d.Window.To || i > 0 && year <= d.Looks.Years[i-1] {
			f.at(where{"looks", "years", i}, "look %d: want rising years from %d to %d", year, d.Start, d.Window.To)
		}
	}
	if d.Looks.Spending == Confirmatory && !slices.Contains(d.Looks.Years, d.Looks.Confirmatory) {
		f.at(where{"looks", "confirmatory"}, "the confirmatory year %d is not among the looks", d.Looks.Confirmatory)
	}
	if slices.Contains(d.Others, d.Method) {
		f.at(where{"others"}, "%s is the primary method already", d.Method)
	}
}

func checkTreated(c *Catalogue, d *Design, f *file) {
	if d.Agreement == "" {
		if len(d.Treated) > 0 {
			f.at(where{"treated"}, "a common design names no municipalities; it holds for each agreement's own")
		}
		return
	}
	a := c.Agreement(d.Agreement)
	if a == nil {
		f.at(where{"agreement"}, "no agreement %q", d.Agreement)
		return
	}
	for i, code := range d.Treated {
		if !slices.Contains(a.Codes(), code) {
			f.at(where{"treated", i}, "municipality %s is not in agreement %s", code, a.ID)
		}
	}
}

func checkDonors(c *Catalogue, d *Design, f *file) {
	if d.Donors.Min > d.Donors.Max {
		f.at(where{"donors", "min"}, "min %d is above max %d", d.Donors.Min, d.Donors.Max)
	}
	x := c.Comparison(d.Donors.Comparison)
	if x == nil {
		f.at(where{"donors", "comparison"}, "no comparison rule %q", d.Donors.Comparison)
		return
	}
	for _, v := range x.Covariates {
		if v.To >= d.Start {
			f.at(where{"donors", "comparison"}, "covariate %s of %s uses years from the start in %d on", v.ID, x.ID, d.Start)
		}
	}
}

// bookkeeping are the fields in which a design always differs from the one it extends.
var bookkeeping = []string{"id", "extends", "agreement", "registered", "reasons", "history", "title"}

// checkReasons asks for a reason for every field that deviates, and no other.
func checkReasons(d *Design, f *file) {
	if d.Extends == "" {
		if len(d.Reasons) > 0 {
			f.at(where{"reasons"}, "a design that extends no other has nothing to give reasons for")
		}
		return
	}
	for _, key := range f.keys() {
		if _, ok := d.Reasons[key]; !ok && !slices.Contains(bookkeeping, key) {
			f.at(where{key}, "deviates from design %s without a reason under reasons", d.Extends)
		}
	}
	for key := range d.Reasons {
		if !f.has(key) || slices.Contains(bookkeeping, key) {
			f.at(where{"reasons", key}, "a reason for a field that does not deviate")
		}
	}
}

// Hash returns the SHA-256, in hex, of everything that decides what a design
// does. The history of earlier versions is left out, so that recording a change
// does not itself change the hash.
func (d Design) Hash() string {
	d.History = nil
	canonical, err := json.Marshal(d)
	if err != nil {
		panic("catalogue: a design has no JSON form: " + err.Error())
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// OlderThan reports whether the design was registered before figures for the
// year were out: whether a judgement on them is confirmatory.
func (d *Design) OlderThan(year int) bool { return d.DataSeenTo < year }
