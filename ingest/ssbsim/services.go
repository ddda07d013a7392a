package ssbsim

import (
	"fmt"
	"math"
)

const kostraRegion = "KOKkommuneregion0000"

func manYears(id, label string) code {
	return code{code: id, label: label, unit: "årsverk", decimals: 1}
}

// careTables are KOSTRA tables: their own region variable, opaque codes, every
// dimension mandatory, nothing may be aggregated.
func careTables() []*table {
	occupations := list("KOKyrker0000", "yrke", "TOT", "Alle yrker", "01", "Sykepleier", "02", "Vernepleier", "03", "Helsefagarbeider", "04", "Assistent", "05", "Aktivitør", "06", "Ergoterapeut", "08", "Fysioterapeut", "09", "Lege", "99", "Andre")
	education := list("KOKutdanningoms0000", "utdanning", "TOT", "I alt", "01", "Sykepleiere i alt", "02", "Vernepleiere", "03", "Helsefagarbeidere", "04", "Annen helseutdanning", "99", "Uten helseutdanning")
	return []*table{
		{
			id: "14533", title: "Avtalte årsverk i omsorgstjenesten, etter yrke", subject: "he", region: kostraRegion, first: lastYear - 2, last: lastYear - 1, refperiod: "16.11.", lag: 3,
			dims: []dimension{occupations, contents(manYears("KOSARBAARSVERKST0000", "Avtalte årsverk"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				return m.care(c, [...]float64{1, 0.22, 0.05, 0.42, 0.16, 0.01, 0.02, 0.02, 0.01, 0.09}[c.at[0]]), ""
			},
		},
		{
			id: "14534", title: "Avtalte årsverk i omsorgstjenesten, etter utdanning", subject: "he", region: kostraRegion, first: 2015, last: lastYear - 1, refperiod: "16.11.", lag: 3,
			dims: []dimension{list("KOKstillingkode0000", "stilling", "TOT", "Alle stillinger"), education, contents(manYears("KOSavtalteaarsverk0000", "Avtalte årsverk"), code{code: "KOSaarsverk100000000", label: "Avtalte årsverk per 10 000 innbyggere", unit: "årsverk", decimals: 1})},
			cell: func(m *Model, c cellRef) (float64, string) {
				v := m.care(c, [...]float64{1, 0.24, 0.06, 0.40, 0.06, 0.24}[c.at[1]])
				if c.at[2] == 1 {
					v = round(1e4*v/m.total(c.year+1-firstYear, c.region), 1)
				}
				return v, ""
			},
		},
		{
			id: "12292", title: "Omsorgstjenester – grunnlagstall", subject: "he", region: kostraRegion, first: 2015, last: lastYear - 1, refperiod: "31.12.", lag: 3,
			dims: []dimension{contents(manYears("KOSaarsverkbruke0000", "Årsverk i brukerrettede tjenester"), manYears("KOSaarsverkvgs0000", "Årsverk i brukerrettede tjenester m/ fagutdanning fra videregående skole"), manYears("KOSaarsverkhoy0000", "Årsverk i brukerrettede tjenester m/ fagutdanning fra høyskole/universitet"),
				persons("KOSkjernetotalt0000", "Brukere av kjernetjenester"), persons("KOSkjerne066aar0000", "Brukere 0–66 år"), persons("KOSkjerne80aarov0000", "Brukere 80 år og over"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				y := c.year + 1 - firstYear
				old := m.between(y, c.region, -1, 80, ages-1)
				young := m.between(y, c.region, -1, 0, 66)
				users80, users66 := math.Round(old*0.42), math.Round(young*0.016)
				users := users80 + users66 + math.Round(m.between(y, c.region, -1, 67, 79)*0.10)
				switch c.at[0] {
				case 0, 1, 2:
					return m.care(c, [...]float64{0.9, 0.42, 0.9*m.local("care-edu", c.region, 0.36, 0.08) + 0.002*float64(c.year-2015)}[c.at[0]]), ""
				case 3:
					return hideFew(users, 5)
				case 4:
					return hideFew(users66, 5)
				default:
					return hideFew(users80, 5)
				}
			},
		},
		{
			id: "12209", title: "Omsorgstjenester – utvalgte nøkkeltall", subject: "he", region: kostraRegion, first: 2015, last: lastYear - 1, refperiod: "31.12.", lag: 3,
			dims: []dimension{contents(code{code: "KOShjtj80aarover0001", label: "Andel innbyggere 80 år og over som bruker hjemmetjenester", unit: "prosent", decimals: 1}, code{code: "KOSandelhelsefag0000", label: "Andel brukerrettede årsverk i omsorgstjenesten m/ helsefaglig utdanning", unit: "prosent", decimals: 1})},
			cell: func(m *Model, c cellRef) (float64, string) {
				base := [...]float64{30, 76}[c.at[0]]
				return round(base*m.local("kostra", c.region, 1, 0.06)+normal(m.stream("kostra-year", c.year, c.region)), 1), ""
			},
		},
		{
			id: "11996", title: "Avtalte legeårsverk", subject: "he", region: kostraRegion, first: 2015, last: lastYear - 1, refperiod: "31.12.", lag: 3,
			dims: []dimension{list("KOKavtaleform0000", "avtaleform", "00", "Alle avtaleformer", "01", "Fastlønnet"), list("KOKfunksjon0000", "funksjon", "00", "Alle funksjoner", "241", "Diagnose, behandling, rehabilitering"), contents(manYears("KOSlegeaarsverk0000", "Avtalte legeårsverk"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				v := m.total(c.year+1-firstYear, c.region) / 1e4 * 13 * [...]float64{1, 0.3}[c.at[0]] * [...]float64{1, 0.7}[c.at[1]]
				return round(math.Max(0.5, v), 1), ""
			},
		},
	}
}

// care is man-years in municipal care: a share of health workers by place of work.
func (m *Model) care(c cellRef, share float64) float64 {
	n := m.job(c.year-firstYear, c.region, true).sum(-1, -1, health)
	return round(n*m.local("care", c.region, 0.45, 0.08)*share, 1)
}

// hideFew keeps counts under the limit back, as KOSTRA does; zero is shown.
func hideFew(n float64, limit float64) (float64, string) {
	if n > 0 && n < limit {
		return missing(":")
	}
	return n, ""
}

func housingTables() []*table {
	types := list("BygnType", "bygningstype", "01", "Enebolig", "02", "Tomannsbolig", "03", "Rekkehus, kjedehus og andre småhus", "04", "Boligblokk", "05", "Bygning for bofellesskap", "999", "Andre bygningstyper").summable()
	area := list("Byggeareal", "byggeareal", "000", "I alt", "01", "Eneboliger", "02", "Andre boliger").withTotal("000")
	built := contents(code{code: "Igangsatte", label: "Igangsatte boliger", unit: "boliger"}, code{code: "Fullforte", label: "Fullførte boliger", unit: "boliger"})
	detached := func(n int32) int32 { return int32(math.Round(float64(n) * 0.7)) }
	byType := func(b building, at []int) int32 {
		n := [2]int32{b.started, b.completed}[at[1]]
		return [3]int32{n, detached(n), n - detached(n)}[at[0]]
	}
	all := func(b building) (t int32) {
		for _, n := range b.dwellings {
			t += n
		}
		return t
	}
	return []*table{
		{
			id: "06265", title: "Boliger", subject: "bb", region: "Region", lists: summed, first: 2006, last: lastYear, refperiod: "01.01.", lag: 4, aggregate: true,
			dims: []dimension{types, contents(stock("Boliger", "Boliger", "boliger"))},
			cell: func(m *Model, c cellRef) (float64, string) { return num(m.house(c).dwellings[c.at[0]]) },
		},
		{
			id: "05940", title: "Byggeareal. Boliger", subject: "bb", region: "Region", lists: summed, first: firstYear, last: lastYear - 1, lag: 2, aggregate: true,
			dims: []dimension{area, built},
			cell: func(m *Model, c cellRef) (float64, string) { return num(byType(m.house(c), c.at)) },
		},
		{
			id: "05889", title: "Byggeareal. Boliger (kvartal)", subject: "bb", region: "Region", lists: summed, quarterly: true, first: firstYear, last: lastYear - 1, lag: 2, aggregate: true,
			dims: []dimension{area, built},
			cell: func(m *Model, c cellRef) (float64, string) { return num(share4(byType(m.house(c), c.at), c.sub)) },
		},
		{
			id: "10784", title: "Avgang av boliger", subject: "bb", region: "Region", lists: summed, quarterly: true, first: 2009, last: lastYear - 1, lag: 2, aggregate: true,
			dims: []dimension{contents(code{code: "AvgangBoliger", label: "Avgang boliger", unit: "boliger"})},
			cell: func(m *Model, c cellRef) (float64, string) { return num(share4(m.house(c).demolished, c.sub)) },
		},
		{
			id: "06513", title: "Boliger, etter bruksareal", subject: "bb", region: "Region", lists: summed, first: 2007, last: lastYear, refperiod: "01.01.", lag: 4, aggregate: true,
			dims: []dimension{list("BygnType", "bygningstype", "000", "I alt").withTotal("000"), list("BruksAreal", "bruksareal", "01", "Under 60 kvm", "02", "60-119 kvm", "03", "120 kvm eller mer").summable(), contents(stock("Boliger5", "Boliger", "boliger"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				t := float64(all(m.house(c)))
				small, middle := math.Round(t*0.15), math.Round(t*0.40)
				return [...]float64{small, middle, t - small - middle}[c.at[1]], ""
			},
		},
		{
			id: "14724", title: "Boliger, etter eierskap", subject: "bb", region: "Region", lists: summed, first: 2012, last: lastYear, refperiod: "01.01.", lag: 4, aggregate: true,
			dims: []dimension{list("BygnType", "bygningstype", "000", "I alt").withTotal("000"), list("Eier", "eier", "01", "Privatperson", "02", "Kommune", "03", "Andre").summable(), contents(stock("Boliger", "Boliger", "boliger"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				t := float64(all(m.house(c)))
				private, municipal := math.Round(t*0.82), math.Round(t*0.04)
				return [...]float64{private, municipal, t - private - municipal}[c.at[1]], ""
			},
		},
		{
			id: "06070", title: "Privathusholdninger", subject: "be", region: "Region", lists: summed, first: 2006, last: lastYear, refperiod: "01.01.", lag: 5, aggregate: true,
			dims: []dimension{householdTypes(), contents(stock("Husholdninger", "Privathusholdninger", "husholdninger"))},
			cell: func(m *Model, c cellRef) (float64, string) {
				n := float64(m.house(c).households)
				alone, couple := math.Round(n*0.41), math.Round(n*0.24)
				return [...]float64{n, alone, couple, n - alone - couple}[c.at[0]], ""
			},
		},
		priceTable("06035", "Selveierboliger. Gjennomsnittlig kvadratmeterpris og antall omsetninger"),
		{
			id: "14545", title: "Kvadratmeterpris på boliger", subject: "pp", region: "Region", lists: current, first: 2008, last: lastYear - 1, lag: 4,
			dims: []dimension{list("Boligtype", "boligtype", "01", "Eneboliger", "02", "Småhus", "03", "Blokkleiligheter"), contents(code{code: "KvmPris", label: "Gjennomsnittlig kvadratmeterpris", unit: "kr"})},
			cell: func(m *Model, c cellRef) (float64, string) { return m.house(c).priced(c.at[0]) },
		},
		{
			id: "03174", title: "Fritidsbygninger", subject: "bb", region: "Region", lists: summed, first: 2006, last: lastYear, refperiod: "01.01.", lag: 4, aggregate: true,
			dims: []dimension{list("BygnType", "bygningstype", "991", "Fritidsbygning"), contents(stock("Bygninger", "Fritidsbygninger", "bygninger"))},
			cell: func(m *Model, c cellRef) (float64, string) { return num(m.house(c).holidayHomes) },
		},
	}
}

func householdTypes() dimension {
	return list("HushType", "husholdningstype", "000", "Alle husholdninger", "001", "Aleneboende", "002", "Par uten barn", "003", "Andre husholdninger").withTotal("000")
}

func priceTable(id, title string) *table {
	return &table{
		id: id, title: title, subject: "pp", region: "Region", lists: current, first: 2008, last: lastYear - 1, lag: 4,
		dims: []dimension{list("Boligtype", "boligtype", "01", "Eneboliger", "02", "Småhus", "03", "Blokkleiligheter"), contents(code{code: "KvPris", label: "Gjennomsnittlig kvadratmeterpris", unit: "kr"}, code{code: "Omsetninger", label: "Omsetninger", unit: "omsetninger"})},
		cell: func(m *Model, c cellRef) (float64, string) {
			b := m.house(c)
			if c.at[1] == 1 {
				return num(b.sales[c.at[0]])
			}
			return b.priced(c.at[0])
		},
	}
}

// priced keeps the price back where fewer than five dwellings were sold.
func (b building) priced(kind int) (float64, string) {
	switch n := b.sales[kind]; {
	case n == 0:
		return missing("..")
	case n < 5:
		return missing(":")
	default:
		return num(b.price[kind])
	}
}

func (m *Model) house(c cellRef) building { return m.housing[c.year-firstYear][c.region] }

// share4 splits a yearly count over four quarters, whole and adding up.
func share4(n int32, quarter int) int32 {
	q := n / 4
	if quarter <= int(n%4) {
		q++
	}
	return q
}

// periods returns the table's time codes, oldest first.
func (t *table) periods() []period {
	var out []period
	for y := t.first; y <= t.last; y++ {
		if !t.quarterly {
			out = append(out, period{fmt.Sprint(y), y, 0})
			continue
		}
		for q := 1; q <= 4; q++ {
			out = append(out, period{fmt.Sprintf("%dK%d", y, q), y, q})
		}
	}
	return out
}

type period struct {
	code      string
	year, sub int
}
