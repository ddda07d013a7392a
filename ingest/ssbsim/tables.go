package ssbsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
)

// code is one value of a dimension.
type code struct {
	code, label string
	unit        string // Contents only.
	decimals    int
	stock       bool
}

// dimension is one dimension other than region and time.
type dimension struct {
	id, label string
	codes     []code
	// total is the code whose figures are given when an eliminable dimension is
	// left out; empty when the dimension is mandatory or the parts are summed.
	total      string
	eliminable bool
	list       string // A value set that holds the codes, if the table has one.
}

// table is one StatBank table of the simulator. The cell function is given the
// region, the positions in dims and the period, and answers with a value or a
// status symbol.
type table struct {
	id, title  string
	subject    string
	region     string   // Region dimension.
	lists      []string // Region code lists; empty: plain codes only.
	regionTo   string   // A second dimension of all municipalities, or "".
	dims       []dimension
	quarterly  bool
	first      int // Year.
	last       int
	projection bool
	refperiod  string
	lag        int // Months from period end to publication.
	aggregate  bool
	cell       func(m *Model, c cellRef) (float64, string)
}

// cellRef addresses one cell.
type cellRef struct {
	region int
	to     int // Position of the second region, in tables that have one.
	at     []int
	year   int
	sub    int // Quarter, or 0.
}

const (
	kommSummer     = "agg_KommSummer"     // K-3421, series on today's borders.
	kommSummerHist = "agg_KommSummerHist" // K_3421.
	kommGjeldende  = "agg_KommGjeldende"  // 3421, today's codes, no history.
	kommForrige    = "agg_KommForrige"    // Codes of 2020–2023.
	vsKommune      = "vs_Kommune"         // All codes ever, each in its own years.
	vsKommun       = "vs_Kommun"
	kommunFram     = "vs_KommunFram2024"
)

var (
	summed  = []string{kommSummer, vsKommune}
	current = []string{kommGjeldende, kommForrige, vsKommune}
)

func contents(codes ...code) dimension {
	return dimension{id: "ContentsCode", label: "statistikkvariabel", codes: codes}
}

func persons(id, label string) code { return code{code: id, label: label, unit: "personer"} }

func stock(id, label, unit string) code { return code{code: id, label: label, unit: unit, stock: true} }

func list(id, label string, pairs ...string) dimension {
	d := dimension{id: id, label: label}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.codes = append(d.codes, code{code: pairs[i], label: pairs[i+1]})
	}
	return d
}

func (d dimension) withTotal(code string) dimension { d.eliminable, d.total = true, code; return d }

func (d dimension) summable() dimension { d.eliminable = true; return d }

func (d dimension) valueSet(id string) dimension { d.list = id; return d }

func ageDimension() dimension {
	d := dimension{id: "Alder", label: "alder", eliminable: true}
	for a := range ages {
		c := fmt.Sprintf("%03d", a)
		l := strconv.Itoa(a) + " år"
		if a == ages-1 {
			c, l = "105+", "105 år eller eldre"
		}
		d.codes = append(d.codes, code{code: c, label: l})
	}
	return d
}

func sexDimension(both bool) dimension {
	if both {
		return list("Kjonn", "kjønn", "0", "Begge kjønn", "1", "Menn", "2", "Kvinner").withTotal("0")
	}
	return list("Kjonn", "kjønn", "2", "Kvinner", "1", "Menn").summable()
}

var flowCodes = []code{
	persons("Fodte2", "Fødte"), persons("Dode3", "Døde"), persons("Fodselsoverskudd4", "Fødselsoverskudd"),
	persons("Innvandring5", "Innvandring"), persons("Utvandring6", "Utvandring"),
	persons("Tilflytting7", "Tilflytting, innenlandsk"), persons("Fraflytting8", "Fraflytting, innenlandsk"),
	persons("Nettoflytting9", "Nettoinnflytting, inkl. inn- og utvandring"), persons("Folketilvekst10", "Folketilvekst"),
}

func (f flows) natural() int32 { return f.births - f.deaths }

func (f flows) net() int32 { return f.inDomestic + f.immigration - f.outDomestic - f.emigration }

func (f flows) byCode() [9]int32 {
	return [9]int32{f.births, f.deaths, f.natural(), f.immigration, f.emigration, f.inDomestic, f.outDomestic, f.net(), f.natural() + f.net()}
}

// makeTables lists every table the simulator serves.
func makeTables() []*table {
	var out []*table
	for _, group := range [][]*table{populationTables(), jobTables(), attachmentTables(), careTables(), housingTables()} {
		out = append(out, group...)
	}
	return out
}

func (m *Model) flow(c cellRef) (flows, bool) {
	y := c.year - firstYear
	if y < 0 || y >= years-1 {
		return flows{}, false
	}
	return m.events[y][c.region], true
}

// quarter splits a year's events over its quarters, whole and adding up.
func (m *Model) quarter(c cellRef, f flows) flows {
	q := func(n int32, what int) int32 {
		rng := rand.New(m.stream("quarter"+strconv.Itoa(what), c.year, c.region))
		var parts [4]int32
		for k := range 3 {
			parts[k] = binomial(n-parts[0]-parts[1]-parts[2], 1/float64(4-k), rng)
		}
		parts[3] = n - parts[0] - parts[1] - parts[2]
		return parts[c.sub-1]
	}
	return flows{q(f.births, 0), q(f.deaths, 1), q(f.inDomestic, 2), q(f.outDomestic, 3), q(f.immigration, 4), q(f.emigration, 5)}
}

func num[T int32 | int | float64](v T) (float64, string) { return float64(v), "" }

func missing(symbol string) (float64, string) { return 0, symbol }

func populationTables() []*table {
	return []*table{
		{
			id: "07459", title: "Befolkning", subject: "be", region: "Region", lists: summed, first: firstYear, last: lastYear, refperiod: "01.01.", lag: 2, aggregate: true,
			dims: []dimension{sexDimension(false), ageDimension(), contents(stock("Personer1", "Personer", "personer"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				sex := 1 - c.at[0] // Women first, as SSB lists them.
				return num(m.persons[c.year-firstYear][c.region][sex*ages+c.at[1]])
			},
		},
		{
			id: "06913", title: "Endringer i kommuner, fylker og hele landets befolkning", subject: "be", region: "Region",
			lists: []string{kommSummerHist, vsKommun}, first: firstYear, last: lastYear, lag: 2, aggregate: true,
			dims: []dimension{contents(stock("Folkemengde", "Befolkning 1. januar", "personer"), persons("Levende", "Levendefødte"), persons("Dode", "Døde"),
				persons("Fodselsoverskudd", "Fødselsoverskudd"), persons("Innflyttinger", "Innflyttinger"), persons("Utflyttinger", "Utflyttinger"),
				persons("Nettoinnflytting", "Nettoinnflytting"), persons("Folketilvekst", "Folketilvekst"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				if c.at[0] == 0 {
					return num(m.total(c.year-firstYear, c.region))
				}
				f, ok := m.flow(c)
				if !ok {
					return missing("..") // The flows of the newest year are not out yet.
				}
				return num([...]int32{0, f.births, f.deaths, f.natural(), f.inDomestic + f.immigration, f.outDomestic + f.emigration, f.net(), f.natural() + f.net()}[c.at[0]])
			},
		},
		{
			id: "01222", title: "Befolkning og kvartalsvise endringer", subject: "be", region: "Region", lists: summed, quarterly: true, first: firstYear, last: lastYear - 1, lag: 2, aggregate: true,
			dims: []dimension{contents(flowCodes...)},
			cell: func(m *Model, c cellRef) (float64, string) {
				f, ok := m.flow(c)
				if !ok {
					return missing("..")
				}
				return num(m.quarter(c, f).byCode()[c.at[0]])
			},
		},
		{
			id: "01223", title: "Befolkning og endringer hittil i år", subject: "be", region: "Region", lists: summed, quarterly: true, first: lastYear - 3, last: lastYear - 1, lag: 2, aggregate: true,
			dims: []dimension{contents(append([]code{stock("Folketallet1", "Folketallet ved inngangen til året", "personer"), stock("Folketallet11", "Folketallet ved utgangen av kvartalet", "personer")}, flowCodes...)...)},
			cell: func(m *Model, c cellRef) (float64, string) {
				f, ok := m.flow(c)
				if !ok {
					return missing("..")
				}
				var sum [9]int32
				for q := 1; q <= c.sub; q++ {
					part := m.quarter(cellRef{region: c.region, year: c.year, sub: q}, f).byCode()
					for k := range sum {
						sum[k] += part[k]
					}
				}
				start := m.total(c.year-firstYear, c.region)
				switch c.at[0] {
				case 0:
					return num(start)
				case 1:
					return num(start + float64(sum[8]))
				default:
					return num(sum[c.at[0]-2])
				}
			},
		},
		{
			id: "13864", title: "Innenlandsk flytting mellom kommuner", subject: "be", region: "TilflyttRegion", regionTo: "Fraflyttingsregion", lists: []string{kommGjeldende}, first: lastYear - matrixYears, last: lastYear - 1, lag: 3, aggregate: true,
			dims: []dimension{contents(persons("Flytting", "Flyttinger"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				return num(m.moves[c.year-(lastYear-matrixYears)][c.to*len(m.Regions)+c.region])
			},
		},
		{
			id: "09588", title: "Inn- og utflytting", subject: "be", region: "Region", lists: current, first: firstYear, last: lastYear - 1, lag: 3, aggregate: true,
			dims: []dimension{contents(persons("InnInnland", "Innenlands innflytting"), persons("UtInnland", "Innenlands utflytting"), persons("NettoInnland", "Netto innenlands flytting"), persons("Innvandring", "Innvandring"), persons("Utvandring", "Utvandring"), persons("Nettoinnvandring", "Nettoinnvandring"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				f, ok := m.flow(c)
				if !ok {
					return missing("..")
				}
				return num([...]int32{f.inDomestic, f.outDomestic, f.inDomestic - f.outDomestic, f.immigration, f.emigration, f.immigration - f.emigration}[c.at[0]])
			},
		},
		{
			id: "09817", title: "Innvandrere og norskfødte med innvandrerforeldre", subject: "be", region: "Region", lists: current, first: 2010, last: lastYear, refperiod: "01.01.", lag: 2,
			dims: []dimension{
				list("InnvandrKat", "innvandringskategori", "B", "Innvandrere"), list("Landbakgrunn", "landbakgrunn", "999", "Alle land").withTotal("999"),
				contents(stock("Personer1", "Personer", "personer"), code{code: "AndelBefolkning", label: "Personer i prosent av befolkningen", unit: "prosent", decimals: 1, stock: true}),
			},
			cell: func(m *Model, c cellRef) (float64, string) {
				n := m.immigrants(c.year, c.region)
				if c.at[2] == 0 {
					return num(n)
				}
				return round(100*n/m.total(c.year-firstYear, c.region), 1), ""
			},
		},
		projectionTable("14746", lastYear, 0), projectionTable("14288", lastYear-2, -2),
	}
}

// immigrants counts those who have come since the model began, less one in
// twelve a year, on top of a starting share of six per cent.
func (m *Model) immigrants(year, region int) float64 {
	n := 0.06 * m.total(0, region)
	for y := range min(year-firstYear, years-1) {
		n = n*0.97 + float64(m.events[y][region].immigration)*0.75
	}
	return math.Round(n)
}

// projectionTable carries the population of its base year forward with the
// model's own rates and no chance; the alternatives bend migration and births.
func projectionTable(id string, base, shift int) *table {
	alternatives := []code{}
	for k, name := range []string{"Hovedalternativet (MMMM)", "Lav nasjonal vekst (LLML)", "Høy nasjonal vekst (HHMH)", "Lav innvandring (MMML)", "Høy innvandring (MMMH)", "Sterk aldring (LHML)", "Svak aldring (HLMH)", "Ingen flytting (MMM0)", "Ingen nettoinnvandring (MM00)"} {
		c := "Personer"
		if k > 0 {
			c += strconv.Itoa(k)
		}
		alternatives = append(alternatives, stock(c, name, "personer"))
	}
	growth := [9]float64{0, -0.004, 0.004, -0.003, 0.003, -0.003, 0.001, -0.001, -0.005}
	return &table{
		id: id, title: "Framskrevet folkemengde 1. januar", subject: "be", region: "Region", lists: []string{kommunFram}, first: base, last: 2050, projection: true, refperiod: "01.01.", lag: 6, aggregate: true,
		dims: []dimension{sexDimension(false), ageDimension(), contents(alternatives...)},
		cell: func(m *Model, c cellRef) (float64, string) {
			sex, age, h := 1-c.at[0], c.at[1], c.year-base
			from := age - h
			p := 0.0
			if from >= 0 {
				p = float64(m.persons[base-firstYear][c.region][sex*ages+from])
				for a := from; a < age; a++ {
					p *= 1 - deathRate(sex, a)
				}
			} else {
				// Not born yet: as many as the youngest, in step with the trend.
				p = float64(m.persons[base-firstYear][c.region][sex*ages]) * math.Pow(0.995, float64(h-age))
			}
			return math.Round(p * math.Pow(1+growth[c.at[2]]+float64(shift)*0.0002, float64(h))), ""
		},
	}
}

func round(v float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(v*p) / p
}

func (j *jobs) sum(sex, age, industry int) float64 {
	var t int32
	for s := range sexes {
		if sex >= 0 && s != sex {
			continue
		}
		for a := range jobAges {
			if age >= 0 && a != age {
				continue
			}
			for k := range industries {
				if industry < 0 || k == industry {
					t += j[s][a][k]
				}
			}
		}
	}
	return float64(t)
}

func industryDimension() dimension {
	d := dimension{id: "NACE2007", label: "næring (SN2007)", eliminable: true, total: "00-99", codes: []code{{code: "00-99", label: "Alle næringer"}}}
	for _, c := range industryCodes {
		d.codes = append(d.codes, code{code: c, label: "Næring " + c})
	}
	return d
}

func (m *Model) job(y, region int, workplace bool) *jobs {
	if workplace {
		return &m.workers[y][region]
	}
	return &m.residents[y][region]
}

func jobTables() []*table {
	jobAgeDim := dimension{id: "Alder", label: "alder", eliminable: true, total: "15-74", codes: []code{{code: "15-74", label: "15-74 år"}}}
	for _, c := range jobAgeCodes {
		jobAgeDim.codes = append(jobAgeDim.codes, code{code: c, label: c + " år"})
	}
	both := contents(persons("Sysselsatte", "Sysselsatte personer etter bosted"), persons("SysselsatteArb", "Sysselsatte personer etter arbeidssted"))
	return []*table{
		{
			id: "07984", title: "Sysselsatte per 4. kvartal", subject: "al", region: "Region", lists: summed, first: 2008, last: lastYear - 1, refperiod: "4. kvartal", lag: 5, aggregate: true,
			dims: []dimension{industryDimension(), sexDimension(true), jobAgeDim, both},
			cell: func(m *Model, c cellRef) (float64, string) {
				return num(m.job(c.year-firstYear, c.region, c.at[3] == 1).sum(c.at[1]-1, c.at[2]-1, c.at[0]-1))
			},
		},
		{
			id: "13470", title: "Sysselsatte per 4. kvartal, etter 5-siffer næring", subject: "al", region: "Region", lists: summed, first: 2008, last: lastYear - 1, refperiod: "4. kvartal", lag: 5, aggregate: true,
			dims: []dimension{industryDimension().valueSet("agg_NACE2007arb11"), both},
			cell: func(m *Model, c cellRef) (float64, string) {
				return num(m.job(c.year-firstYear, c.region, c.at[1] == 1).sum(-1, -1, c.at[0]-1))
			},
		},
		{
			id: "13472", title: "Sysselsatte etter sektor", subject: "al", region: "Region", lists: summed, first: 2008, last: lastYear - 1, refperiod: "4. kvartal", lag: 5, aggregate: true,
			dims: []dimension{list("Sektor", "sektor", "6100", "Statlig forvaltning", "6500.6", "Kommuneforvaltningen", "6500.7", "Fylkeskommuneforvaltningen", "A+B+D+E.5-7", "Privat sektor og offentlige foretak"), industryDimension(), contents(persons("SysselEtterArbste", "Sysselsatte etter arbeidssted"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				share := [...]float64{0.10, 0.62, 0.03, 0.25}
				n := m.job(c.year-firstYear, c.region, true).sum(-1, -1, c.at[1]-1)
				if c.at[1]-1 != health {
					share = [...]float64{0.08, 0.16, 0.03, 0.73}
				}
				return math.Round(n * share[c.at[0]]), ""
			},
		},
		{
			id: "07940", title: "Sysselsatte med helse- og sosialfaglig utdanning", subject: "he", region: "Region", lists: current, first: 2008, last: lastYear - 2, refperiod: "4. kvartal", lag: 8, aggregate: true,
			dims: []dimension{list("UtdHelse", "utdanning", "01", "Videregående", "02", "Bachelor", "03", "Master").valueSet("vs_UtdNivaa2"), list("Alder", "alder", "999A", "Alle aldre").withTotal("999A"), list("NACE2007", "næring", "86-87", "Helse- og omsorgstjenester"), contents(persons("Sysselsatte", "Sysselsatte"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				n := m.job(c.year-firstYear, c.region, true).sum(-1, -1, health)
				drift := 0.006 * float64(c.year-2008)
				return math.Round(n * [...]float64{0.30, 0.24 + drift, 0.03 + drift/4}[c.at[0]]), ""
			},
		},
		{
			id: "11616", title: "Sysselsatte og pendlere", subject: "al", region: "Region", lists: current, first: 2008, last: lastYear - 1, refperiod: "4. kvartal", lag: 5, aggregate: true,
			dims: []dimension{contents(persons("SysBosatt", "Sysselsatte personer bosatt i regionen"), persons("Innpendlere", "Personer som pendler inn i regionen"), persons("Utpendlere", "Personer som pendler ut av regionen"), persons("SysArbsted", "Sysselsatte personer med arbeidssted i regionen"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				y := c.year - firstYear
				out := m.outside[y][c.region]
				switch c.at[0] {
				case 0:
					return num(m.job(y, c.region, false).sum(-1, -1, -1))
				case 1:
					return num(out[0])
				case 2:
					return num(out[1])
				default:
					return num(m.job(y, c.region, true).sum(-1, -1, -1))
				}
			},
		},
		{
			id: "03321", title: "Sysselsatte etter bosted og arbeidssted (pendlingsstrømmer)", subject: "al", region: "Bokommuen", regionTo: "ArbstedKomm", first: lastYear - matrixYears, last: lastYear - 1, refperiod: "4. kvartal", lag: 5, aggregate: true,
			dims: []dimension{contents(persons("Sysselsatte", "Sysselsatte personer"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				return num(m.commuters[c.year-(lastYear-matrixYears)][c.region*len(m.Regions)+c.to])
			},
		},
		{
			id: "11607", title: "Sysselsatte innvandrere", subject: "al", region: "Region", lists: current, first: 2008, last: lastYear - 1, refperiod: "4. kvartal", lag: 5, aggregate: true,
			dims: []dimension{list("Alder", "alder", "20-66", "20-66 år", "15-74", "15-74 år"), sexDimension(true), list("Landbakgrunn", "landbakgrunn", "zzz", "Alle innvandrere").withTotal("zzz"), contents(persons("Sysselsatte2", "Sysselsatte"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				return math.Round(m.immigrants(c.year+1, c.region) * [...]float64{0.58, 0.62}[c.at[0]] * [...]float64{1, 0.54, 0.46}[c.at[1]]), ""
			},
		},
		{
			id: "06445", title: "Andel sysselsatte i befolkningen", subject: "al", region: "Region", lists: current, first: 2008, last: lastYear - 1, refperiod: "4. kvartal", lag: 5,
			dims: []dimension{sexDimension(true), list("Alder", "alder", "15-74", "15-74 år"), contents(code{code: "Sysselsatte", label: "Sysselsatte i prosent av befolkningen", unit: "prosent", decimals: 1, stock: true})},
			cell: func(m *Model, c cellRef) (float64, string) {
				p := m.between(c.year+1-firstYear, c.region, c.at[0]-1, 15, 74)
				if p == 0 {
					return missing(".")
				}
				return round(100*m.job(c.year-firstYear, c.region, false).sum(c.at[0]-1, -1, -1)/p, 1), ""
			},
		},
	}
}

// between counts persons of a sex (−1 both) and ages from to to.
func (m *Model) between(y, region, sex, from, to int) float64 {
	var t int32
	for s := range sexes {
		if sex >= 0 && s != sex {
			continue
		}
		for a := from; a <= to; a++ {
			t += m.persons[y][region][s*ages+a]
		}
	}
	return float64(t)
}

// registerRound is how SSB publishes small register counts: 1 and 2 become 0 or 3.
func registerRound(n float64) float64 {
	switch n {
	case 1:
		return 0
	case 2:
		return 3
	default:
		return n
	}
}

var attachmentShares = [7]float64{0, 0.022, 0.045, 0.012, 0.125, 0.02, 0.04}

func attachmentTables() []*table {
	status := list("HovArbStyrkStatus", "prioritert arbeidsstyrkestatus",
		"A.01", "Sysselsatte", "A.09", "Registrerte arbeidsledige", "U.01", "Under ordinær utdanning", "U.03", "Deltakere på arbeidsmarkedstiltak",
		"U.04-U.05", "Mottakere av arbeidsavklaringspenger / uføretrygd", "U.06-U.07", "Mottakere av AFP/alderspensjon", "U.90A", "Andre").valueSet("vs_ArbStatus2018niva2a")
	age := list("Alder", "alder", "20-66", "20-66 år", "15-29", "15-29 år", "30-61", "30-61 år")
	bounds := [3][2]int{{20, 66}, {15, 29}, {30, 61}}
	level := list("Nivaa", "nivå", "00", "I alt", "01", "Grunnskolenivå", "02a", "Videregående skolenivå", "11", "Fagskolenivå", "03a", "Universitets- og høgskolenivå, kort", "04a", "Universitets- og høgskolenivå, lang", "09a", "Uoppgitt eller ingen fullført utdanning").withTotal("00")
	return []*table{
		{
			id: "13563", title: "Tilknytning til arbeid, utdanning og velferdsordninger", subject: "al", region: "Region", lists: []string{kommSummer}, first: 2008, last: lastYear - 2, refperiod: "16.11.", lag: 9, aggregate: true,
			dims: []dimension{status, age, list("InnvandrKat", "innvandringskategori", "A-G", "I alt").withTotal("A-G"), contents(persons("Bosatte", "Bosatte"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				b := bounds[c.at[1]]
				return registerRound(m.attached(c.year, c.region, b[0], b[1])[c.at[0]]), ""
			},
		},
		{
			id: "13556", title: "Unge utenfor arbeid og utdanning (NEET)", subject: "al", region: "Region", lists: []string{kommGjeldende}, first: 2008, last: lastYear - 2, refperiod: "16.11.", lag: 9,
			dims: []dimension{
				list("HovArbStyrkStatus", "status", "TOT3", "I alt", "NEET", "Utenfor arbeid, utdanning og arbeidsmarkedstiltak").valueSet("vs_ArbStatus2018niva4"), list("Alder", "alder", "15-29", "15-29 år"), sexDimension(true),
				contents(persons("Bosatte", "Bosatte"), code{code: "BosatteProsent", label: "Bosatte (prosent)", unit: "prosent", decimals: 1}),
			},
			cell: func(m *Model, c cellRef) (float64, string) {
				all := m.between(c.year+1-firstYear, c.region, c.at[2]-1, 15, 29)
				n := all
				if c.at[0] == 1 {
					n = registerRound(math.Round(all * m.local("neet", c.region, 0.11, 0.18) * (1 + 0.04*normal(m.stream("neet-year", c.year, c.region)))))
				}
				if c.at[3] == 0 {
					return num(n)
				}
				if all == 0 {
					return missing(".")
				}
				return round(100*n/all, 1), ""
			},
		},
		{
			id: "09429", title: "Utdanningsnivå", subject: "ut", region: "Region", lists: current, first: 2008, last: lastYear - 1, refperiod: "01.10.", lag: 8, aggregate: true,
			dims: []dimension{level, sexDimension(true), contents(persons("Personer", "Personer"), code{code: "PersonerProsent", label: "Personer (prosent)", unit: "prosent", decimals: 1})},
			cell: func(m *Model, c cellRef) (float64, string) {
				parts := m.educated(c.year, c.region, c.at[1]-1)
				n := parts[c.at[0]]
				if c.at[2] == 0 {
					return num(n)
				}
				if parts[0] == 0 {
					return missing(".")
				}
				return round(100*n/parts[0], 1), ""
			},
		},
	}
}

// local is a share that varies between municipalities and stays put in time.
func (m *Model) local(what string, region int, mean, sd float64) float64 {
	return mean * math.Exp(sd*normal(m.stream(what, 0, region)))
}

// attached splits the persons of an age span over the seven statuses, whole and
// adding up: the employed at the municipality's rate, and those who are not over
// the other statuses in shares that differ between municipalities and move
// little from year to year.
func (m *Model) attached(year, region, from, to int) [7]float64 {
	all := m.between(year+1-firstYear, region, -1, from, to)
	rate := 0.0
	if p := m.between(year+1-firstYear, region, -1, 15, 74); p > 0 {
		rate = m.job(year-firstYear, region, false).sum(-1, -1, -1) / p
	}
	young := to <= 29
	var out [7]float64
	out[0] = math.Round(all * math.Min(0.9, rate*map[bool]float64{true: 0.92, false: 1.1}[young]))
	rest := all - out[0]
	weights, total := attachmentShares, 0.0
	for k := 1; k < len(weights); k++ {
		switch {
		case young && k == 2:
			weights[k] = 0.22
		case young && (k == 4 || k == 5):
			weights[k] *= 0.2
		}
		weights[k] *= m.local("status"+strconv.Itoa(k), region, 1, 0.2) * (1 + 0.03*normal(m.stream("status-year"+strconv.Itoa(k), year, region)))
		total += weights[k]
	}
	out[6] = rest
	for k := 1; k < 6; k++ {
		out[k] = math.Min(out[6], math.Round(rest*math.Max(0, weights[k])/total))
		out[6] -= out[k]
	}
	return out
}

// educated splits persons 16+ by level: total first, then the levels of 09429.
func (m *Model) educated(year, region, sex int) [7]float64 {
	var out [7]float64
	if sex < 0 {
		men, women := m.educated(year, region, 0), m.educated(year, region, 1)
		for k := range out {
			out[k] = men[k] + women[k]
		}
		return out
	}
	out[0] = m.between(year+1-firstYear, region, sex, 16, ages-1)
	drift := 0.0035 * float64(year-2008)
	c := float64(m.Regions[region].Centrality-600) / 400
	short := math.Max(0.08, m.local("edu-short", region, 0.16+0.1*c, 0.06)+drift+0.05*float64(sex))
	long := math.Max(0.01, m.local("edu-long", region, 0.03+0.1*math.Max(0, c), 0.15)+drift/2)
	shares := [6]float64{0.30 - drift, 0, 0.03, short, long, 0.025}
	rest := out[0]
	for k, s := range shares {
		if k == 1 {
			continue
		}
		out[k+1] = math.Min(rest, math.Round(out[0]*math.Max(0, s)))
		rest -= out[k+1]
	}
	out[2] = rest // Upper secondary takes what the others leave.
	return out
}
