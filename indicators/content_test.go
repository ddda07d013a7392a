package indicators_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/sharedtest"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// TestNothingIsNotANumber: a number is finite or missing by the one missing bit
// pattern, and no row of another number hides behind a missing status.
func TestNothingIsNotANumber(t *testing.T) {
	c := content(t)
	tables := reflect.ValueOf(c)
	for i := range tables.NumField() {
		rows := tables.Field(i)
		for j := range rows.Len() {
			row := rows.Index(j)
			for k := range row.NumField() {
				f, ok := row.Field(k).Interface().(cube.Float)
				if ok && math.IsInf(float64(f), 0) || ok && !f.OK() && math.Float64bits(float64(f)) != math.Float64bits(float64(cube.Null)) {
					t.Fatalf("%s: %s of %+v", tables.Type().Field(i).Name, row.Type().Field(k).Name, row)
				}
			}
		}
	}
	for _, v := range c.Values {
		if v.Status.Missing() == v.Value.OK() || v.Lower.OK() != v.Upper.OK() || v.Lower.OK() && (v.Lower > v.Value || v.Upper < v.Value) {
			t.Fatalf("%+v", v)
		}
		if v.Lower.OK() == (v.Method == indicators.MethodNone) {
			t.Fatalf("method and limits disagree: %+v", v)
		}
	}
}

// TestKeysAreSortedAndUnique: as a release demands of every table.
func TestKeysAreSortedAndUnique(t *testing.T) {
	tables := reflect.ValueOf(content(t))
	for i := range tables.NumField() {
		rows := tables.Field(i)
		var keys []int
		for k := range rows.Type().Elem().NumField() {
			if rows.Type().Elem().Field(k).Tag.Get("key") != "" {
				keys = append(keys, k)
			}
		}
		for j := 1; j < rows.Len(); j++ {
			if compareKeys(rows.Index(j-1), rows.Index(j), keys) >= 0 {
				t.Fatalf("%s, row %d: %+v then %+v", tables.Type().Field(i).Name, j, rows.Index(j-1), rows.Index(j))
			}
		}
	}
}

func compareKeys(a, b reflect.Value, keys []int) int {
	for _, k := range keys {
		c := 0
		switch x := a.Field(k); x.Kind() {
		case reflect.String:
			c = strings.Compare(x.String(), b.Field(k).String())
		case reflect.Int32:
			c = int(x.Int() - b.Field(k).Int())
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// TestCodesAreListed: every verdict and reason of a row has a text to be found by.
func TestCodesAreListed(t *testing.T) {
	c := content(t)
	reason := func(r string, row any) {
		if r != "" && !slices.Contains(indicators.Reasons(), indicators.Reason(r)) {
			t.Fatalf("reason %q of %+v is not listed", r, row)
		}
	}
	for _, r := range c.Changes {
		reason(r.Reason, r)
	}
	for _, r := range c.Trends {
		reason(r.Reason, r)
		if (r.Reason == "") != r.Slope.OK() {
			t.Fatalf("%+v", r)
		}
	}
	for _, r := range c.Comparisons {
		reason(r.Reason, r)
		if (r.Reason == "") != r.Lower.OK() || r.P.OK() && (r.P < r.SmallestP || r.P > 1) {
			t.Fatalf("%+v", r)
		}
	}
	for _, r := range c.Attainments {
		reason(r.Reason, r)
		reason(r.ShareReason, r)
		if !slices.Contains(indicators.Verdicts(), indicators.Verdict(r.Verdict)) || r.Reason == "" || r.ShareReason == "" && !r.Share.OK() {
			t.Fatalf("%+v", r)
		}
	}
}

// TestEveryGoalIsAnswered: a row for each agreement, goal, indicator and place.
func TestEveryGoalIsAnswered(t *testing.T) {
	in, c := input(t), content(t)
	rows := map[string]bool{}
	for _, r := range c.Attainments {
		rows[strings.Join([]string{r.Agreement, r.Goal, r.Indicator, r.Region}, "/")] = true
	}
	want := 0
	for _, a := range in.Catalogue.Agreements {
		for _, g := range a.Goals {
			for _, gi := range g.Indicators {
				for _, region := range append(a.Codes(), a.ID) {
					want++
					if k := strings.Join([]string{a.ID, g.ID, gi.Indicator, region}, "/"); !rows[k] {
						t.Errorf("no row %s", k)
					}
				}
			}
		}
	}
	if len(rows) != want || want < 500 {
		t.Errorf("%d rows, want %d", len(rows), want)
	}
}

// TestFigures compares with the tables of real-data.md for the four
// municipalities: population, natural increase, net migration and employment of
// every year, and the rates made of them by hand.
func TestFigures(t *testing.T) {
	values := map[string]cube.Value{}
	for _, v := range content(t).Values {
		if v.Window == 1 {
			values[fmt.Sprintf("%s %s %d", v.Indicator, v.Region, v.Year)] = v
		}
	}
	at := func(indicator, region string, year int) (cube.Value, bool) {
		v, ok := values[fmt.Sprintf("%s %s %d", indicator, region, year)]
		return v, ok && v.Value.OK()
	}
	checked := 0
	for region, rows := range figureTables(t) {
		for i, r := range rows {
			year, population := int(r[0]), r[1]
			check := func(indicator string, numerator, denominator, scale float64) {
				v, ok := at(indicator, region, year)
				if !ok || float64(v.Numerator) != numerator || v.Denominator.OK() && float64(v.Denominator) != denominator || math.Abs(float64(v.Value)-scale*numerator/denominator) > 1e-9 {
					t.Errorf("%s of %s in %d is %+v, want %v of %v", indicator, region, year, v, numerator, denominator)
				}
				checked++
			}
			check("population", population, 1, 1)
			if i+1 == len(rows) {
				continue // The last line has a population only.
			}
			next := rows[i+1][1]
			check("natural-increase-rate", r[2], (population+next)/2, 1000)
			check("net-migration-rate", r[3], (population+next)/2, 1000)
			if len(r) > 4 {
				check("health-employment-share", r[5], r[4], 100)
				check("employed-per-1000", r[4], next, 1000)
				check("health-employed-per-1000", r[5], next, 1000)
				if v, _ := at("health-employment-share", region, year); math.Abs(float64(v.Value)-r[6]) > 0.05+1e-9 {
					t.Errorf("health share of %s in %d is %v, the table has %v", region, year, v.Value, r[6])
				}
			}
		}
	}
	// 22 populations, 21 years of two flows and 18 of three rates, four times.
	if checked != 4*(22+2*21+3*18) {
		t.Errorf("%d figures compared", checked)
	}
}

// figureTables reads the tables under «Figures for the four», by municipality:
// year, P, B-D, net and, from 2008 to 2025, emp, health and health %.
func figureTables(t *testing.T) map[string][][]float64 {
	t.Helper()
	raw := sharedtest.Read(t, "reference", "real-data.md")
	tables, region := map[string][][]float64{}, ""
	for _, line := range strings.Split(string(raw), "\n") {
		if strings.HasPrefix(line, "### ") {
			region = ""
			if i := strings.LastIndex(line, "("); i > 0 && strings.HasSuffix(line, ")") {
				region = line[i+1 : len(line)-1]
			}
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
		if region == "" || len(cells) != 7 {
			continue
		}
		var row []float64
		for _, c := range cells {
			if v, err := strconv.ParseFloat(strings.TrimSpace(c), 64); err == nil {
				row = append(row, v)
			}
		}
		if len(row) > 0 {
			tables[region] = append(tables[region], row)
		}
	}
	if len(tables) != 4 {
		t.Fatalf("found tables of %d municipalities", len(tables))
	}
	return tables
}

// TestGrossFlowsOf2012: the one year with gross flows for all four has its
// interval from them, every other from the place's own dispersion.
func TestGrossFlowsOf2012(t *testing.T) {
	n := 0
	for _, v := range content(t).Values {
		if v.Indicator != "net-migration-rate" || v.Window != 1 || !slices.Contains([]string{"3419", "3421", "3422", "3425"}, v.Region) || v.Status.Missing() {
			continue
		}
		want := indicators.MethodDispersion
		// Trysil's own of 2015 and 2016 are from a newspaper.
		if v.Year == 2012 || v.Region == "3421" && (v.Year == 2015 || v.Year == 2016) {
			want = indicators.MethodGross
			n++
		}
		if v.Method != want {
			t.Errorf("%+v, want %s", v, want)
		}
	}
	if n != 6 {
		t.Errorf("%d with gross flows", n)
	}
}

// TestTogether: an agreement's counts are the sums of its municipalities', for
// every indicator and window.
func TestTogether(t *testing.T) {
	in, c := input(t), content(t)
	q := cube.New(c)
	n := 0
	for _, v := range c.Values {
		a := in.Catalogue.Agreement(v.Region)
		if a == nil {
			continue
		}
		num, den, missing := 0.0, 0.0, false
		for _, code := range a.Codes() {
			i := slices.IndexFunc(q.Values(v.Indicator, code, int(v.Window)), func(x cube.Value) bool { return x.Year == v.Year })
			if i < 0 {
				missing = true
				continue
			}
			x := q.Values(v.Indicator, code, int(v.Window))[i]
			missing = missing || x.Status.Missing()
			num, den = num+float64(x.Numerator), den+float64(x.Denominator)
		}
		if missing != v.Status.Missing() {
			t.Fatalf("%+v: missing is %v", v, missing)
		}
		if !missing && (math.Abs(num-float64(v.Numerator)) > 1e-9 || v.Denominator.OK() && math.Abs(den-float64(v.Denominator)) > 1e-9) {
			t.Fatalf("%+v: the parts sum to %v of %v", v, num, den)
		}
		n++
	}
	if n == 0 {
		t.Error("no agreement has values")
	}
}

// TestGroups: thirty each, no pilot, neighbour or municipality with a changed
// border among them, nobody both in and out, and the rule's version on each row.
func TestGroups(t *testing.T) {
	in, c := input(t), content(t)
	rule := in.Catalogue.Comparison("default")
	members, excluded := map[string][]string{}, map[string]string{}
	for _, m := range c.Members {
		if m.Version != rule.Version {
			t.Fatalf("%+v", m)
		}
		members[m.Region] = append(members[m.Region], m.Peer)
	}
	for _, e := range c.Exclusions {
		excluded[e.Region+e.Peer] = e.Reason
	}
	for _, a := range in.Catalogue.Agreements {
		for _, code := range a.Codes() {
			group := members[code]
			if len(group) > 0 && len(group) != rule.K {
				t.Errorf("%s has a group of %d", code, len(group))
			}
			for _, peer := range group {
				m, err := in.Regions.Municipality(peer)
				if err != nil || m.Pilot != "" || m.BorderChange != 0 || excluded[code+peer] != "" {
					t.Errorf("%s is in the group of %s: %+v, excluded for %q, %v", peer, code, m, excluded[code+peer], err)
				}
				if slices.ContainsFunc(a.Codes(), func(own string) bool { return slices.Contains(m.Neighbours, own) }) {
					t.Errorf("%s, a neighbour of %s's agreement, is in its group", peer, code)
				}
			}
		}
	}
	for _, code := range []string{"3419", "3421", "3422", "3425", "innlandet"} {
		if len(members[code]) < rule.K {
			t.Errorf("%s has a group of %d", code, len(members[code]))
		}
	}
	for _, want := range []struct{ pair, reason string }{
		{"34253425", "self"}, {"34253421", "pilot"}, {"34213420", "neighbour"}, {"34251806", "border-change"},
	} {
		if excluded[want.pair] != want.reason {
			t.Errorf("%s is excluded for %q, want %s", want.pair, excluded[want.pair], want.reason)
		}
	}
}

// TestComparisonAddsUp: the estimate is own less group change, both are the
// differences of published values, and p is a rank among the placebos.
func TestComparisonAddsUp(t *testing.T) {
	q := cube.New(content(t))
	n := 0
	for _, x := range q.Comparisons {
		if !x.Estimate.OK() {
			continue
		}
		if math.Abs(float64(x.OwnChange-x.GroupChange-x.Estimate)) > 1e-9 {
			t.Fatalf("%+v", x)
		}
		ch := q.Change(x.Indicator, x.Region)
		base, now := group(q, x, x.BaseFrom, x.BaseTo), group(q, x, x.From, x.To)
		own, others := ch.Difference, now-base
		if x.Method == indicators.MethodDIDRelative {
			own, others = 100*ch.Difference/ch.Baseline, 100*(now/base-1)
		}
		if math.Abs(float64(own-x.OwnChange)) > 1e-9 || int(x.Members) == len(q.Members(x.Region)) && math.Abs(float64(others-x.GroupChange)) > 1e-9 {
			t.Fatalf("%+v: own change %v, group change %v", x, own, others)
		}
		n++
	}
	if n < 200 {
		t.Errorf("%d comparisons", n)
	}
}

func group(q *cube.Cube, x cube.Comparison, from, to int32) cube.Float {
	for _, v := range q.GroupValues(x.Indicator, x.Region, int(to-from+1)) {
		if v.Year == to {
			return v.Value
		}
	}
	return cube.Null
}

// TestPopulationEqualsTheSource reads SSB 07459 from another extract: 166
// municipalities, 2008–2026.
func TestPopulationEqualsTheSource(t *testing.T) {
	f, err := os.Open(sharedtest.Path(t, "real", "csdata", "population_total_by_municipality_2005_2026.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"municipality_code", "municipality_name", "year", "population_1_jan"}; !slices.Equal(rows[0], want) {
		t.Fatalf("columns %v, want %v", rows[0], want)
	}
	source := map[string]string{}
	for _, r := range rows[1:] {
		source[r[0]+" "+r[2]] = r[3]
	}
	in, n := input(t), 0
	for _, v := range content(t).Values {
		if v.Indicator != "population" || v.Window != 1 || v.Status != data.OK || in.Catalogue.Agreement(v.Region) != nil {
			continue
		}
		if want, ok := source[fmt.Sprintf("%s %d", v.Region, v.Year)]; ok {
			if want != strconv.Itoa(int(v.Value)) {
				t.Errorf("%s in %d is %v, csdata has %s", v.Region, v.Year, v.Value, want)
			}
			n++
		}
	}
	if n < 3000 {
		t.Errorf("%d populations compared", n)
	}
}

// TestProposedMethodsCanJudge: where the way of judging is the catalogue's own
// proposal, it is one that the indicator's kind has an interval for. A count and a
// ratio have none but against the comparison group.
func TestProposedMethodsCanJudge(t *testing.T) {
	in := input(t)
	for _, a := range in.Catalogue.Agreements {
		for _, g := range a.Goals {
			for _, gi := range g.Indicators {
				ind := in.Catalogue.Indicator(gi.Indicator)
				none := ind.Kind == catalogue.Count || ind.Kind == catalogue.Ratio
				if gi.Role != catalogue.ContextRole && none && gi.Judgement.Agreed == nil && gi.Judgement.Method != catalogue.JudgeComparison {
					t.Errorf("%s/%s: %s is a %s and is to be judged by %s", a.ID, g.ID, ind.ID, ind.Kind, gi.Judgement.Method)
				}
			}
		}
	}
}
