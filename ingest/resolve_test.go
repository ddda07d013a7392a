package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
	"github.com/bygdevekst/bygdevekst/ingest/pxweb"
)

// dim is a dimension of a metadata body; codes are code=label.
func dim(id string, lists []string, codes ...string) jsonstat.Dimension {
	d := jsonstat.Dimension{ID: id, Label: strings.ToLower(id)}
	for _, c := range codes {
		code, label, ok := strings.Cut(c, "=")
		if !ok {
			label = code
		}
		d.Codes, d.Labels = append(d.Codes, code), append(d.Labels, label)
	}
	for _, l := range lists {
		d.Codelists = append(d.Codelists, jsonstat.Codelist{ID: l})
	}
	return d
}

// list is a code list; values are code=member+member.
func list(id string, values ...string) pxweb.Codelist {
	l := pxweb.Codelist{ID: id}
	for _, v := range values {
		code, members, _ := strings.Cut(v, "=")
		l.Values = append(l.Values, pxweb.Value{Code: code, Label: code, Members: strings.Split(members, "+")})
	}
	return l
}

func resolveWith(plan *catalogue.Table, dims []jsonstat.Dimension, lists ...pxweb.Codelist) (resolved, error) {
	r := &resolver{plan: plan, meta: &jsonstat.Dataset{Dimensions: dims}, reg: regions.Default(), list: func(id string) (pxweb.Codelist, error) {
		for _, l := range lists {
			if l.ID == id {
				return l, nil
			}
		}
		return pxweb.Codelist{}, data.Errorf(data.ENOTFOUND, "no list %s", id)
	}}
	return r.resolve()
}

func simplePlan(history bool, lists ...string) *catalogue.Table {
	return &catalogue.Table{
		ID: "00001", Time: "Tid", Periods: "from(2018)",
		Region:     &catalogue.RegionDimension{Dimension: "Region", Codelists: lists, History: history},
		Dimensions: []catalogue.Dimension{{ID: "ContentsCode", Codes: []string{"*"}}},
		Series:     map[string]catalogue.Selection{"x": {"ContentsCode": {"A"}}},
	}
}

// asked is the region codes of each query with what they stand for.
func asked(r resolved) string {
	var out []string
	for _, q := range r.Queries {
		var codes []string
		for _, c := range q.Selection[0].Values {
			codes = append(codes, c+"→"+q.Regions[c])
		}
		out = append(out, q.List+"["+strings.Join(codes, " ")+"]")
	}
	return strings.Join(out, " ")
}

// TestRegionCodes matches by member whatever a code looks like.
func TestRegionCodes(t *testing.T) {
	contents, years := dim("ContentsCode", nil, "A", "B"), dim("Tid", nil, "2018", "2019", "2020", "2021")
	for _, c := range []struct {
		name    string
		plan    *catalogue.Table
		region  jsonstat.Dimension
		lists   []pxweb.Codelist
		want    string
		warning string
	}{
		{
			"history on today's codes, counties and the rest left out", simplePlan(true, "agg_KommSummer"), dim("Region", []string{"agg_KommSummer"}),
			[]pxweb.Codelist{list("agg_KommSummer", "K-3421=0428+3421", "K-0301=0301", "K-Rest=9999", "F-34=3419+3421+3425")},
			"agg_KommSummer[K-3421→3421 K-0301→0301]", "355 municipalities are in no code list",
		},
		{
			"an underscore, a dot and none", simplePlan(true, "agg_KommSummerHist"), dim("Region", []string{"agg_KommSummerHist"}),
			[]pxweb.Codelist{list("agg_KommSummerHist", "K_3421=3421+0428", "K.3425=3425+0434", "3419=0426+3419")},
			"agg_KommSummerHist[K_3421→3421 K.3425→3425 3419→3419]", "",
		},
		{
			"codes that lie about their member", simplePlan(true, "agg_KommSummer"), dim("Region", []string{"agg_KommSummer"}),
			[]pxweb.Codelist{list("agg_KommSummer", "K-3421=3425+0434", "K-3425=3421+0428")},
			"agg_KommSummer[K-3421→3425 K-3425→3421]", "",
		},
		{
			"plain codes, each in its own years, from the list that holds most", simplePlan(false, "agg_KommGjeldende", "vs_Kommune"), dim("Region", []string{"agg_KommGjeldende", "vs_Kommune"}),
			[]pxweb.Codelist{list("agg_KommGjeldende", "3421=3421", "3425=3425"), list("vs_Kommune", "0428=0428", "3421=3421", "0434=0434", "3425=3425", "2111=2111")},
			"vs_Kommune[0428→0428 3421→3421 0434→0434 3425→3425]", "",
		},
		{
			"no list of all codes: two queries", simplePlan(false, "agg_KommGjeldende", "agg_KommForrige"), dim("Region", []string{"agg_KommGjeldende", "agg_KommForrige"}),
			[]pxweb.Codelist{list("agg_KommGjeldende", "3421=3421", "3301=3301"), list("agg_KommForrige", "3005=3005", "3421=3421")},
			"agg_KommGjeldende[3421→3421 3301→3301] agg_KommForrige[3005→3005]", "",
		},
		{
			"none of the lists is offered", simplePlan(true, "agg_KommSummer"), dim("Region", []string{"vs_Other"}, "3421=Trysil", "0428=Trysil (-2019)", "EAK=Landet", "EAKUO=Landet uten Oslo"),
			nil, "[3421→3421 0428→0428]", "none of the region lists agg_KommSummer is offered",
		},
		{
			"a code nobody knows", simplePlan(true, "agg_KommSummer"), dim("Region", []string{"agg_KommSummer"}),
			[]pxweb.Codelist{list("agg_KommSummer", "K-3421=3421+0428", "K-3499=3498")},
			"agg_KommSummer[K-3421→3421]", "1 codes of list agg_KommSummer are in no register of municipalities and not asked for: K-3499",
		},
	} {
		got, err := resolveWith(c.plan, []jsonstat.Dimension{c.region, contents, years}, c.lists...)
		if err != nil || asked(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, asked(got), err, c.want)
		}
		if !strings.Contains(strings.Join(got.Warnings, "\n"), c.warning) {
			t.Errorf("%s: warnings %v, want %q", c.name, got.Warnings, c.warning)
		}
		// Only what the series read is asked for, and the periods wanted.
		if sel := got.Queries[0].Selection; !slices.Equal(sel[1].Values, []string{"A"}) || len(sel[2].Values) != 4 {
			t.Errorf("%s: selection %+v", c.name, sel)
		}
	}
	_, err := resolveWith(simplePlan(true, "agg_KommSummer"), []jsonstat.Dimension{dim("Region", []string{"agg_KommSummer"}), contents, years}, list("agg_KommSummer", "F-34=3419+3421"))
	if data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), "none of the municipalities") {
		t.Errorf("a list without municipalities: %v", err)
	}
}

// TestDrift fails loudly, names the file to mend and lists everything at once.
func TestDrift(t *testing.T) {
	region, years := dim("Region", nil, "3421=Trysil"), dim("Tid", nil, "2018", "2019")
	optional := dim("Sektor", nil, "1", "2")
	yes := true
	optional.Elimination = &yes
	plan := func(codelist string, codes ...string) *catalogue.Table {
		p := simplePlan(false)
		p.Dimensions = []catalogue.Dimension{{ID: "Nivaa", Codelist: codelist, Codes: []string{"*"}}}
		p.Series = map[string]catalogue.Selection{"x": {"Nivaa": codes}}
		return p
	}
	for _, c := range []struct {
		name  string
		plan  *catalogue.Table
		dims  []jsonstat.Dimension
		lists []pxweb.Codelist
		want  string // A problem, or "" for the level resolved.
		ok    string
	}{
		{"a code, whatever its case", plan("", "02A"), []jsonstat.Dimension{region, dim("Nivaa", nil, "01=Lav", "02a=Middels"), years}, nil, "", " 02a"},
		{"a label", plan("", "label:i alt"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00=I alt", "01=Lav"), years}, nil, "", " 00"},
		{"a label that is not there", plan("", "label:Sum"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00=I alt", "01=Lav"), years}, nil, `no code is labelled "Sum"; labels are "I alt", "Lav"`, ""},
		{"a label twice", plan("", "label:Sum"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00=Sum", "01=Sum"), years}, nil, `2 codes are labelled "Sum": 00, 01`, ""},
		{"a code that is gone", plan("", "03"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00", "01"), years}, nil, `dimension Nivaa (nivaa): no code is "03"; there are 00, 01`, ""},
		{"two things at once", plan("", "03", "04"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00"), years}, nil, `no code is "04"`, ""},
		{"a dimension more that can be left out", plan("", "00"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00"), optional, years}, nil, "", " 00"},
		{"a dimension more that cannot", plan("", "00"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00"), dim("Sektor", nil, "1"), years}, nil, "dimension Sektor (sektor) is not in the plan and cannot be left out", ""},
		{"a dimension that is gone", plan("", "00"), []jsonstat.Dimension{region, years}, nil, "no dimension Nivaa; it has Region, Tid", ""},
		{"no region dimension", plan("", "00"), []jsonstat.Dimension{dim("Nivaa", nil, "00"), years}, nil, "no region dimension Region", ""},
		{"no time", plan("", "00"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00")}, nil, "no time dimension Tid", ""},
		{"periods after the last", plan("", "00"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00"), dim("Tid", nil, "2009")}, nil, "periods: no code is", ""},
		{"a code list", plan("vs_A", "N1"), []jsonstat.Dimension{region, dim("Nivaa", []string{"vs_A"}, "00"), years}, []pxweb.Codelist{list("vs_A", "N1=00")}, "", "vs_A N1"},
		{"a code list under another name", plan("vs_A", "N1"), []jsonstat.Dimension{region, dim("Nivaa", []string{"vs_B", "vs_C"}, "00"), years}, []pxweb.Codelist{list("vs_B", "M=00"), list("vs_C", "N1=00")}, "", "vs_C N1"},
		{"a code list not needed", plan("vs_A", "00"), []jsonstat.Dimension{region, dim("Nivaa", nil, "00"), years}, nil, "", " 00"},
		{"no code list has it", plan("vs_A", "N1"), []jsonstat.Dimension{region, dim("Nivaa", []string{"vs_B"}, "00"), years}, []pxweb.Codelist{list("vs_B", "M=00")}, "neither its own codes nor its lists (vs_B) hold N1", ""},
	} {
		got, err := resolveWith(c.plan, c.dims, c.lists...)
		if c.want != "" {
			if data.ErrorCode(err) != data.EINVALID || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "tables/00001.yaml") {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		v := got.Queries[0].Selection[1]
		if have := fmt.Sprintf("%s %s", v.Codelist, strings.Join(v.Values, ",")); have != c.ok {
			t.Errorf("%s: asked for %q, want %q", c.name, have, c.ok)
		}
	}
}

func TestMentionedTable(t *testing.T) {
	for text, want := range map[string]string{
		"11924: Årsverk (avslutta serie). Se tabell 14534": "14534",
		"Erstattet av 14534 og 14533":                      "14534",
		"11924: ingen":                                     "",
		"årene 2015–2023, 123456 og 1234":                  "",
	} {
		if got := mentionedTable(text, "11924"); got != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}
