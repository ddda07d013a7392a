package catalogue

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bygdevekst/bygdevekst/data"
)

// TestBadFiles breaks one thing at a time in the embedded catalogue. Every
// message names the file, the line, the column, and what is wrong.
func TestBadFiles(t *testing.T) {
	for _, tt := range []struct{ name, file, old, new, want string }{
		// Shape.
		{"unknown field", "indicators/population.yaml", "kind: count", "kind: count\ncolour: red", "indicators/population.yaml:16:9: unknown field \"colour\"; schema/indicator.json lists the known ones"},
		{"unknown nested field", "agreements/innlandet.yaml", "  - { code: \"3425\", name: Engerdal }", "  - { code: \"3425\", nam: Engerdal, name: E }", "agreements/innlandet.yaml:14:26: unknown field \"nam\"; schema/agreement.json lists the known ones"},
		{"missing field", "indicators/population.yaml", "decimals: 0\n", "", "indicators/population.yaml:2:1: the file lacks the field \"decimals\""},
		{"missing language", "indicators/population.yaml", "  nn: \"Folketal\"\n", "", "indicators/population.yaml:3:1: title lacks the field \"nn\""},
		{"unknown word", "indicators/population.yaml", "kind: count", "kind: cont", "indicators/population.yaml:15:7: kind: value must be one of 'count', 'proportion', 'rate', 'net-rate', 'ratio'"},
		{"number for text", "tables/06913.yaml", "id: \"06913\"", "id: 6913", "tables/06913.yaml:2:5: id: got number, want string"},
		{"wrong type", "tables/06913.yaml", "lag_months: 2", "lag_months: soon", "tables/06913.yaml:38:13: lag_months: got string, want integer"},
		{"too large", "tables/06913.yaml", "lag_months: 2", "lag_months: 99", "tables/06913.yaml:38:13: lag_months: maximum: got 99, want 36"},
		{"overflow", "designs/common.yaml", "seed: 20261124", "seed: 99999999999999999999999", "designs/agder-eksempel.yaml:3:10: extends no sound design of this folder that stands on its own\ndesigns/common.yaml:30:7: seed: got string, want integer\ndesigns/innlandet.yaml:3:10: extends no sound design of this folder that stands on its own"},
		{"empty", "efforts/torn.yaml", "*", "", "efforts/torn.yaml:1:1: want a mapping of fields at the top of the file"},
		{"two documents", "efforts/torn.yaml", "basis:", "---\nbasis:", "efforts/torn.yaml:1:1: want one YAML document, found 2"},
		{"not a mapping", "efforts/torn.yaml", "*", "- a\n- b\n", "efforts/torn.yaml:1:1: want a mapping of fields at the top of the file"},
		{"syntax", "efforts/torn.yaml", "dose:", "dose: [", "efforts/torn.yaml:13:1: ',' or ']' must be specified"},
		{"duplicate key", "efforts/torn.yaml", "from: \"unknown\"", "from: \"unknown\"\nfrom: \"2024\"", "efforts/torn.yaml:18:1: mapping key \"from\" already defined at [17:1]"},
		{"alias", "efforts/torn.yaml", "source: \"Ikke funnet\"", "source: &a \"Ikke funnet\"", "efforts/torn.yaml:21:9: anchors, aliases, merge keys and tags are not used in the catalogue; write the value out"},
		{"no such day", "agreements/innlandet.yaml", "ends: \"2028-12-30\"", "ends: \"2028-12-32\"", "agreements/innlandet.yaml:26:9: 2028-12-32 is in no calendar; want a day such as 2025-05-12, or a month such as 2025-05"},
		{"id and file name", "efforts/torn.yaml", "id: torn", "id: tørn", "efforts/torn.yaml:2:5: id: 'tørn' does not match pattern '^[a-z0-9]+(-[a-z0-9]+)*$'"},
		{"id and file name differ", "efforts/torn.yaml", "id: torn", "id: horn", "efforts/torn.yaml:2:5: id \"horn\" does not match the file name; want \"torn\""},
		// Tables.
		{"series code not asked for", "tables/06913.yaml", "ContentsCode: \"Levende\"", "ContentsCode: \"Levande\"", "tables/06913.yaml:24:19: code \"Levande\" is not among those asked for in dimension ContentsCode of table 06913"},
		{"series dimension", "tables/06913.yaml", "    ContentsCode: \"Levende\"", "    Contents: \"Levende\"", "tables/06913.yaml:23:3: series births says nothing of dimension ContentsCode\ntables/06913.yaml:24:15: table 06913 has no dimension \"Contents\" to select in"},
		{"sum of shares", "tables/12209.yaml", "ContentsCode: \"KOShjtj80aarover0001\"", "ContentsCode: [\"KOShjtj80aarover0001\", \"KOSx\"]", "tables/12209.yaml:19:5: series share_80_plus_home_services sums 2 codes of ContentsCode, but the table's figures may not be summed"},
		{"sum of prices", "tables/06035.yaml", "    Boligtype: \"01\"\n    ContentsCode: \"KvPris\"", "    Boligtype: [\"01\", \"02\"]\n    ContentsCode: \"KvPris\"", "tables/06035.yaml:20:5: series price_m2_detached sums 2 codes of Boligtype, but the table's figures may not be summed"},
		{"counted twice", "tables/06265.yaml", "[\"02\", \"03\", \"04\", \"05\"]", "[\"02\", \"03\", \"03\"]", "tables/06265.yaml:27:28: code \"03\" would be counted twice"},
		{"expands twice", "tables/13864.yaml", "ContentsCode: \"label:Flyttinger\"", "ContentsCode: \"*\"", "tables/13864.yaml:21:3: series moves_from expands over 2 dimensions; * may stand for one only"},
		{"label in a verified dimension", "tables/06913.yaml", "ContentsCode: \"Levende\"", "ContentsCode: \"label:Levende\"", "tables/06913.yaml:24:19: a code found by its label needs unverified: true on dimension ContentsCode"},
		{"wildcard among codes", "tables/06265.yaml", "[\"02\", \"03\", \"04\", \"05\"]", "[\"0*\", \"05\"]", "tables/06265.yaml:27:16: \"0*\": a series names codes, or * alone"},
		{"period expression", "tables/06913.yaml", "from(1980)", "from 1980(", "tables/06913.yaml:13:10: \"from 1980(\" is no selection expression; want for instance from(2008), top(5) or *"},
		{"code expression", "tables/07459.yaml", "codes: [\"*\"]", "codes: [\"top(x)\"]", "tables/07459.yaml:18:13: \"top(x)\" is neither a code nor a selection expression"},
		{"time code", "tables/06913.yaml", "first: \"1951\"", "first: \"1951K5\"", "tables/06913.yaml:39:8: time code \"1951K5\": 5 is not between 1 and 4"},
		{"last before first", "tables/06913.yaml", "last: \"2026\"", "last: \"1926\"", "tables/06913.yaml:40:7: last period 1926 is before first period 1951"},
		{"unverified without saying what", "tables/10784.yaml", "uncertain:\n  - \"Whether there are dimensions besides region, content and quarter.\"\n", "", "tables/10784.yaml:24:13: say under uncertain what is unverified"},
		{"own successor", "tables/14288.yaml", "successor: \"14746\"", "successor: \"14288\"", "tables/14288.yaml:2:5: a table cannot follow itself"},
		{"dimension twice", "tables/06265.yaml", "  - id: ContentsCode", "  - id: BygnType", "tables/06265.yaml:17:9: dimension \"BygnType\" is there already"},
		{"no region", "tables/06265.yaml", "region:\n  dimension: Region\n  codelists: [\"agg_KommSummer\"]\n  history: true\n", "", "tables/06265.yaml:2:1: table 06265 has no region dimension"},
		// Indicators.
		{"no such table", "indicators/population.yaml", "table: \"06913\"", "table: \"06914\"", "indicators/population.yaml:17:14: no table plan \"06914\"; plans are in tables/<id>.yaml"},
		{"no such series", "indicators/population.yaml", "series: population", "series: people", "indicators/population.yaml:17:31: table 06913 has no series \"people\"; it has [births deaths growth in_migration natural_increase net_migration out_migration population]"},
		{"count with denominator", "indicators/birth-rate.yaml", "kind: rate", "kind: count", "indicators/birth-rate.yaml:18:1: a count has no denominator"},
		{"rate without denominator", "indicators/population.yaml", "kind: count", "kind: rate", "indicators/population.yaml:15:7: a rate needs a denominator"},
		{"gross flows of a rate", "indicators/net-migration-rate.yaml", "kind: net-rate", "kind: rate", "indicators/net-migration-rate.yaml:18:1: only a net-rate has gross flows"},
		{"internal moves of nowhere", "indicators/in-migration-rate.yaml", "series: moves_from", "series: moves", "indicators/in-migration-rate.yaml:18:37: table 13864 has no series \"moves\" with a member for every municipality"},
		{"internal moves of no table", "indicators/in-migration-rate.yaml", "table: \"13864\"", "table: \"1386\"", "indicators/in-migration-rate.yaml:18:20: no table plan \"1386\"; plans are in tables/<id>.yaml"},
		{"negative count", "indicators/birth-rate.yaml", "series: births }", "series: births, sign: -1 }", "indicators/birth-rate.yaml:17:45: a rate counts upwards; a difference is a net-rate or a ratio"},
		{"limits of a proportion", "indicators/employment-rate.yaml", "upper: 100", "upper: 1000", "indicators/employment-rate.yaml:46:1: the natural limits of a proportion are 0 and its scale, 100"},
		{"limits reversed", "indicators/care-health-educated-share.yaml", "upper: 100", "upper: -1", "indicators/care-health-educated-share.yaml:50:1: lower limit 0 is not below upper limit -1"},
		{"quarters to a year", "indicators/net-immigration-rate.yaml", "annual: sum\n", "", "indicators/net-immigration-rate.yaml:17:14: table 01222 is quarterly: say under annual how a year is made\nindicators/net-immigration-rate.yaml:18:14: table 01222 is quarterly: say under annual how a year is made\nindicators/net-immigration-rate.yaml:20:14: table 01222 is quarterly: say under annual how a year is made\nindicators/net-immigration-rate.yaml:21:14: table 01222 is quarterly: say under annual how a year is made"},
		{"cumulative quarters", "indicators/net-immigration-rate.yaml", "table: \"01222\", series: immigration }", "table: \"01223\", series: immigration }", "indicators/net-immigration-rate.yaml:23:9: table 01223 holds the year so far in each quarter; only annual: last gives a year"},
		{"judged context", "indicators/birth-rate.yaml", "polarity: none", "polarity: up", "indicators/birth-rate.yaml:25:11: a context indicator is never judged; its polarity is none"},
		{"core context", "indicators/birth-rate.yaml", "context: true", "context: true\ncore: true", "indicators/birth-rate.yaml:45:7: a context indicator is not part of the judged core"},
		{"same title", "indicators/out-migration-rate.yaml", "nb: \"Utflytting per 1 000 innbyggere\"", "nb: \"Innflytting per 1 000 innbyggere\"", "indicators/out-migration-rate.yaml:4:7: indicator in-migration-rate has the same title"},
		{"break without period", "indicators/population.yaml", "period: \"2022\"", "period: \"2022M13\"", "indicators/population.yaml:28:13: time code \"2022M13\": 13 is not between 1 and 12"},
		// Agreements.
		{"municipality twice", "agreements/solund-fedje.yaml", "code: \"4633\"", "code: \"4636\"", "agreements/solund-fedje.yaml:13:13: municipality 4636 is in agreement solund-fedje already"},
		{"other county", "agreements/solund-fedje.yaml", "code: \"4633\"", "code: \"3114\"", "agreements/solund-fedje.yaml:13:13: municipality 3114 is not in county 46"},
		{"no such party", "agreements/innlandet.yaml", "owes: [kdd]", "owes: [kmd]", "agreements/innlandet.yaml:285:12: agreement innlandet has no party \"kmd\""},
		{"no such goal", "agreements/innlandet.yaml", "seen_with: [\"2\"]", "seen_with: [\"4\"]", "agreements/innlandet.yaml:162:17: agreement innlandet has no other goal \"4\""},
		{"no such indicator", "agreements/innlandet.yaml", "indicator: jobs-per-1000", "indicator: jobs", "agreements/innlandet.yaml:124:22: no indicator \"jobs\"; indicators are in indicators/<id>.yaml"},
		{"indicator twice", "agreements/innlandet.yaml", "indicator: jobs-per-1000", "indicator: employed-per-1000", "agreements/innlandet.yaml:124:22: id \"employed-per-1000\" is used already in this list"},
		{"context judged", "agreements/innlandet.yaml", "{ indicator: birth-rate, role: context", "{ indicator: birth-rate, role: lead", "agreements/innlandet.yaml:139:40: indicator birth-rate is for context only"},
		{"core missing", "agreements/solund-fedje.yaml", "      - { indicator: tertiary-education-share, role: support, judgement: { method: comparison }, target: { kind: not-agreed } }\n", "", "agreements/solund-fedje.yaml:32:1: core indicator tertiary-education-share is neither used nor left out with a reason"},
		{"target nobody agreed on", "agreements/innlandet.yaml", "indicator: jobs-per-1000, role: support, judgement: { method: comparison }, target: { kind: not-agreed }", "indicator: jobs-per-1000, role: support, judgement: { method: comparison }, target: { kind: path, points: [{ year: 2028, value: 5 }] }", "agreements/innlandet.yaml:124:87: a target needs agreed: by whom, on which date, in which plan edition"},
		{"target from an example", "agreements/innlandet.yaml", "indicator: jobs-per-1000, role: support, judgement: { method: comparison }, target: { kind: not-agreed }", "indicator: jobs-per-1000, role: support, judgement: { method: comparison }, target: { kind: threshold, points: [{ year: 2028, value: 5 }], agreed: { by: [trysil], on: \"2026-01-01\", edition: innlandet-2026-eksempel } }", "agreements/innlandet.yaml:124:201: no agreed or approved plan edition \"innlandet-2026-eksempel\" of agreement innlandet"},
		{"judged against no target", "agreements/innlandet.yaml", "indicator: jobs-per-1000, role: support, judgement: { method: comparison }", "indicator: jobs-per-1000, role: support, judgement: { method: target }", "agreements/innlandet.yaml:124:73: judged against a target, but none is agreed"},
		{"not agreed with a value", "agreements/innlandet.yaml", "indicator: jobs-per-1000, role: support, judgement: { method: comparison }, target: { kind: not-agreed }", "indicator: jobs-per-1000, role: support, judgement: { method: comparison }, target: { kind: not-agreed, year: 2028 }", "agreements/innlandet.yaml:124:87: a target that is not agreed holds no values"},
		{"ends before signed", "agreements/innlandet.yaml", "signed: \"2025-05-12\"", "signed: \"2029-05-12\"", "agreements/innlandet.yaml:26:9: ends 2028-12-30, before it was signed 2029-05-12"},
		{"main party missing", "agreements/innlandet.yaml", "role: main, municipality: \"3421\"", "role: special, municipality: \"3421\"", "agreements/innlandet.yaml:15:5: municipality 3421 is not a main party"},
		{"legal room without law", "agreements/innlandet.yaml", "status: not-mapped", "status: hinders", "agreements/innlandet.yaml:179:17: what is mapped names its law and source"},
		{"unknown but there", "agreements/innlandet.yaml", "unknown: [plan]", "unknown: [plan, goals]", "agreements/innlandet.yaml:60:1: goals is listed as unknown, but is there"},
		{"gap not said", "agreements/innlandet.yaml", "unknown: [plan]", "unknown: []", "agreements/innlandet.yaml:60:1: nothing is said of plan; list it as unknown"},
		// Other effort, plans.
		{"effort ends early", "efforts/gjeldssletting.yaml", "to: \"unknown\"", "to: \"2024\"", "efforts/gjeldssletting.yaml:20:5: ends 2024, before it starts 2025-01-01"},
		{"effort of nobody", "efforts/gjeldssletting.yaml", "authority: \"Lånekassen\"\n", "", "efforts/gjeldssletting.yaml:21:11: what is verified names under authority who decides it"},
		{"effort nowhere", "efforts/gjeldssletting.yaml", "  centrality: [5, 6]\n  note:\n    nb: \"Sentralitetsklasse 5 og 6.\"\n    nn: \"Sentralitetsklasse 5 og 6.\"\n", "  all: false\n", "efforts/gjeldssletting.yaml:14:1: say whom the effort touches, or in a note that it is not known"},
		{"effort indicator", "efforts/gjeldssletting.yaml", "net-migration-rate", "net-migration", "efforts/gjeldssletting.yaml:21:53: no indicator \"net-migration\""},
		{"plan of nobody", "plans/innlandet-2026-eksempel.yaml", "agreement: innlandet", "agreement: hedmark", "plans/innlandet-2026-eksempel.yaml:5:12: no agreement \"hedmark\""},
		{"plan agreed by nobody", "plans/innlandet-2026-eksempel.yaml", "status: example", "status: agreed", "agreements/innlandet.yaml:60:1: plan is listed as unknown, but is there\nplans/innlandet-2026-eksempel.yaml:7:9: an edition has agreed (by whom, when) exactly when its status is agreed or approved"},
		{"plan approved without date", "plans/innlandet-2026-eksempel.yaml", "status: example", "status: approved", "agreements/innlandet.yaml:60:1: plan is listed as unknown, but is there\nplans/innlandet-2026-eksempel.yaml:7:9: an edition has a date of approval exactly when its status is approved\nplans/innlandet-2026-eksempel.yaml:7:9: an edition has agreed (by whom, when) exactly when its status is agreed or approved"},
		{"measure goal", "plans/innlandet-2026-eksempel.yaml", "goal: \"3\"", "goal: \"9\"", "plans/innlandet-2026-eksempel.yaml:147:11: agreement innlandet has no goal \"9\""},
		{"milestone too late", "plans/innlandet-2026-eksempel.yaml", "due: \"2028-10\"", "due: \"2029-10\"", "plans/innlandet-2026-eksempel.yaml:197:14: due 2029-10, after the agreement ends 2028-12-30"},
		// Evaluation.
		{"covariate from the agreement's period", "comparison/default.yaml", "to: 2024", "to: 2025", "designs/common.yaml:17:23: covariate log-population of default uses years from the start in 2025 on"},
		{"covariate of nothing", "comparison/default.yaml", "    attribute: centrality_index\n", "", "comparison/default.yaml:16:5: a covariate is either an indicator or an attribute"},
		{"logarithm of a net rate", "comparison/default.yaml", "    indicator: net-migration-rate\n", "    indicator: net-migration-rate\n    transform: log\n", "comparison/default.yaml:37:16: a net rate can be negative and has no logarithm"},
		{"pilots allowed", "comparison/default.yaml", "rule: pilot", "rule: self", "comparison/default.yaml:69:1: the rule \"pilot\" is missing: pilots are never each other's comparison"},
		{"exclusion without bound", "comparison/default.yaml", "    max: 10\n", "", "comparison/default.yaml:85:5: the rule commuting-partner needs max, the most that is allowed"},
		{"design outcome", "designs/common.yaml", "net-migration-rate,", "net-migration,", "designs/common.yaml:15:12: no indicator \"net-migration\""},
		{"design window", "designs/common.yaml", "from: 2008", "from: 2020", "designs/common.yaml:18:17: from 2020 to the start in 2025 is less than the 10 years the gate asks for"},
		{"design look", "designs/common.yaml", "[2025, 2026, 2027, 2028]", "[2025, 2026, 2027, 2031]", "designs/common.yaml:26:29: look 2031: want rising years from 2025 to 2028\ndesigns/common.yaml:27:17: the confirmatory year 2028 is not among the looks"},
		{"design donors", "designs/common.yaml", "comparison: default", "comparison: other", "designs/common.yaml:17:23: no comparison rule \"other\""},
		{"primary among the others", "designs/common.yaml", "others: [sc-demeaned", "others: [sdid", "designs/common.yaml:21:1: sdid is the primary method already"},
		{"treated elsewhere", "designs/innlandet.yaml", "\"3419\"", "\"3114\"", "designs/innlandet.yaml:10:27: municipality 3114 is not in agreement innlandet"},
		{"deviation without reason", "designs/innlandet.yaml", "registered:", "seed: 5\nregistered:", "designs/innlandet.yaml:11:7: deviates from design common without a reason under reasons"},
		{"reason without deviation", "designs/innlandet.yaml", "treated: [\"3425\", \"3421\", \"3419\", \"3422\"]\n", "", "designs/innlandet.yaml:17:3: a reason for a field that does not deviate"},
		{"extends nothing", "designs/innlandet.yaml", "extends: common", "extends: joint", "designs/innlandet.yaml:3:10: extends no sound design of this folder that stands on its own"},
		// Targets that were agreed on, in the eleventh agreement.
		{"path without points", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: path", "agreements/agder-eksempel.yaml:30:9: a path needs points"},
		{"path backwards", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: path\n          points: [{ year: 2028, value: 50 }, { year: 2026, value: 55.5 }]", "agreements/agder-eksempel.yaml:32:55: year 2026 does not come after 2028"},
		{"target before the baseline", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: path\n          points: [{ year: 2024, value: 50 }]", "agreements/agder-eksempel.yaml:30:9: the target year 2024 is not after the baseline 2024"},
		{"threshold of two", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: threshold\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "agreements/agder-eksempel.yaml:30:9: a threshold needs exactly one point"},
		{"range reversed", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: range\n          lower: 5\n          upper: 4\n          year: 2028", "agreements/agder-eksempel.yaml:30:9: a range needs lower below upper, and a year"},
		{"range without year", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: range\n          lower: 4\n          upper: 5", "agreements/agder-eksempel.yaml:30:9: a range needs lower below upper, and a year"},
		{"hold without tolerance", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: hold\n          year: 2028", "agreements/agder-eksempel.yaml:30:9: to hold a level needs a tolerance of 0 or more, and a year"},
		{"hold with points", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: hold\n          year: 2028\n          tolerance: 1\n          points: [{ year: 2028, value: 1 }]", "agreements/agder-eksempel.yaml:34:11: points belong to a path or a threshold"},
		{"history of nothing", "agreements/agder-eksempel.yaml", "kind: path\n          points: [{ year: 2026, value: 50 }, { year: 2028, value: 55.5 }]", "kind: hold\n          year: 2028\n          tolerance: 1\n          history: [{ kind: path }]", "agreements/agder-eksempel.yaml:34:21: a path needs points\nagreements/agder-eksempel.yaml:34:21: a target needs agreed: by whom, on which date, in which plan edition"},
		{"left out but no core", "agreements/agder-eksempel.yaml", "indicator: employed-per-1000", "indicator: jobs-per-1000", "agreements/agder-eksempel.yaml:19:1: core indicator employed-per-1000 is neither used nor left out with a reason\nagreements/agder-eksempel.yaml:40:18: \"jobs-per-1000\" is no core indicator"},
		{"party elsewhere", "agreements/agder-eksempel.yaml", "municipality: \"4222\"", "municipality: \"3421\"", "agreements/agder-eksempel.yaml:7:53: municipality 4222 is not a main party\nagreements/agder-eksempel.yaml:18:65: municipality 3421 does not take part in agreement agder-eksempel"},
		{"no overarching goal", "agreements/agder-eksempel.yaml", "  - id: overarching", "  - id: \"1\"", "agreements/agder-eksempel.yaml:19:1: the goal \"overarching\" is missing; every agreement has the programme's aims\nplans/agder-eksempel-2026.yaml:11:11: agreement agder-eksempel has no goal \"overarching\""},
		{"second common design", "designs/agder-eksempel.yaml", "agreement: agder-eksempel", "agreement: innlandet", "designs/innlandet.yaml:4:12: design agder-eksempel governs agreement \"innlandet\" already"},
		{"design of nobody", "designs/agder-eksempel.yaml", "agreement: agder-eksempel", "agreement: nowhere", "designs/agder-eksempel.yaml:4:12: no agreement \"nowhere\""},
		{"measure backwards", "plans/agder-eksempel-2026.yaml", "to: \"2027\"", "to: \"2025\"", "plans/agder-eksempel-2026.yaml:15:9: ends 2025, before it starts 2026"},
		{"measure indicator", "plans/agder-eksempel-2026.yaml", "responsible: [bykle]", "responsible: [bykle]\n    indicators: [joy]", "plans/agder-eksempel-2026.yaml:14:18: no indicator \"joy\""},
		{"effort agreement", "efforts/gjeldssletting-nord.yaml", "\"nord-troms\"", "\"nord\"", "efforts/gjeldssletting-nord.yaml:16:16: no agreement \"nord\""},
		{"attribute with years", "comparison/default.yaml", "    attribute: centrality_index\n", "    attribute: centrality_index\n    from: 2020\n", "comparison/default.yaml:19:11: an attribute of a municipality has no years"},
		{"covariate without window", "comparison/default.yaml", "    from: 2020\n    to: 2024\n", "", "comparison/default.yaml:8:5: an indicator needs a window: from, and to not before it"},
		{"covariate without statistic", "comparison/default.yaml", "    stat: growth\n", "", "comparison/default.yaml:20:5: say under stat how the years become one number: mean or growth"},
		{"covariate unknown", "comparison/default.yaml", "indicator: natural-increase-rate", "indicator: joy", "comparison/default.yaml:29:16: no indicator \"joy\""},
		{"exclusion without years", "comparison/default.yaml", "    from: 2008\n    to: 2026\n", "", "comparison/default.yaml:91:5: the rule border-change needs from, and to not before it"},
		{"ratio below one", "comparison/default.yaml", "max: 5\n", "max: 0.5\n", "comparison/default.yaml:112:10: a ratio of the larger to the smaller population is at least 1, not 0.5"},
		{"negative bound", "comparison/default.yaml", "max: 10", "max: -1", "comparison/default.yaml:86:10: max -1 is negative"},
		{"bound of a rule without", "comparison/default.yaml", "rule: neighbour", "rule: neighbour\n    max: 3", "comparison/default.yaml:81:10: the rule neighbour has no max"},
		{"years of a rule without", "comparison/default.yaml", "rule: neighbour", "rule: neighbour\n    from: 2008", "comparison/default.yaml:80:5: the rule neighbour has no years"},
		{"window ends before start", "designs/common.yaml", "to: 2028 }\nstart", "to: 2024 }\nstart", "designs/common.yaml:18:27: the window ends 2024, before the start in 2025\ndesigns/common.yaml:26:11: look 2025: want rising years from 2025 to 2024\ndesigns/common.yaml:26:17: look 2026: want rising years from 2025 to 2024\ndesigns/common.yaml:26:23: look 2027: want rising years from 2025 to 2024\ndesigns/common.yaml:26:29: look 2028: want rising years from 2025 to 2024"},
		{"min above max", "designs/common.yaml", "min: 30", "min: 90", "designs/common.yaml:17:37: min 90 is above max 60"},
		{"common design names places", "designs/common.yaml", "pooled:", "treated: [\"3421\"]\npooled:", "designs/agder-eksempel.yaml:2:1: municipality 3421 is not in agreement agder-eksempel\ndesigns/common.yaml:16:1: a common design names no municipalities; it holds for each agreement's own"},
		{"reasons without extending", "designs/common.yaml", "pooled:", "reasons: { seed: { text: { nb: a, nn: a } } }\npooled:", "designs/common.yaml:16:1: a design that extends no other has nothing to give reasons for"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := defaultFiles(t)
			for name, content := range eleventh {
				files[name] = &fstest.MapFile{Data: []byte(content)}
			}
			files[tt.file] = &fstest.MapFile{Data: []byte(edit(t, string(files[tt.file].Data), tt.old, tt.new))}
			found := problems(t, files)
			if len(found) == 0 {
				t.Fatal("nothing found")
			}
			if got := found.Error(); got != tt.want {
				t.Errorf("found\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// edit replaces the first old by new, or everything for "*".
func edit(t *testing.T, content, old, new string) string {
	t.Helper()
	if old == "*" {
		return new
	}
	if !strings.Contains(content, old) {
		t.Fatalf("the file has no %q to change", old)
	}
	return strings.Replace(content, old, new, 1)
}

// TestStrayFiles reports what would else be ignored without a word.
func TestStrayFiles(t *testing.T) {
	files := fstest.MapFS{
		"README.md":           {Data: []byte("fine")},
		"agreement/new.yaml":  {Data: []byte("id: new")},
		"tables/06913.yml":    {Data: []byte("id: x")},
		"plans/2026/one.yaml": {Data: []byte("id: one")},
	}
	want := `agreement: not part of a catalogue; its folders are tables, indicators, agreements, efforts, plans, comparison, designs, schema
plans/2026: not read: want files named <id>.yaml and no folders here
tables/06913.yml: not read: want files named <id>.yaml and no folders here`
	if got := problems(t, files).Error(); got != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
}

// TestAllProblems reports every fault of several files at once, in order.
func TestAllProblems(t *testing.T) {
	files := fstest.MapFS{
		"efforts/b.yaml": {Data: []byte("id: b\ncolour: red\nverified: 1\n")},
		"efforts/a.yaml": {Data: []byte("id: a\n  bad: [")},
	}
	found := problems(t, files)
	byFile := map[string]int{}
	for i, p := range found {
		byFile[p.File]++
		if i > 0 && (p.File < found[i-1].File || p.File == found[i-1].File && p.Line < found[i-1].Line) {
			t.Errorf("%v comes after %v", p, found[i-1])
		}
	}
	// b.yaml: an unknown field, a wrong type, and eight required fields missing.
	if byFile["efforts/a.yaml"] != 1 || byFile["efforts/b.yaml"] != 10 {
		t.Errorf("found\n%s", found.Error())
	}
}

// TestUnreadable reports a folder that cannot be read as such.
func TestUnreadable(t *testing.T) {
	_, err := Load(os.DirFS(filepath.Join(t.TempDir(), "nowhere")))
	var found Problems
	if err == nil || errors.As(err, &found) || data.ErrorCode(err) != data.EINVALID || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
