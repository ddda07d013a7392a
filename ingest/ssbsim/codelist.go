package ssbsim

import "slices"

// entry is one code of a region list: what it stands for, and in which years.
type entry struct {
	code, label string
	region      int // −1 for a pseudo-region.
	from, to    int
	members     []string
}

const (
	always = 1900
	never  = 2100
)

// regionLists are the lists the simulator knows, with SSB's differing prefixes.
func (m *Model) regionLists() map[string][]entry {
	lists := map[string][]entry{}
	for i, r := range m.Regions {
		since := always
		members := []string{r.Code}
		for _, e := range r.Earlier {
			since = max(since, e.To+1)
			members = append(members, e.Code)
			old := entry{e.Code, e.Name, i, e.From, e.To, []string{e.Code}}
			lists[vsKommune] = append(lists[vsKommune], old)
			lists[vsKommun] = append(lists[vsKommun], old)
			if e.From <= 2020 && e.To >= 2023 {
				lists[kommForrige] = append(lists[kommForrige], entry{e.Code, e.Name, i, e.From, e.To, []string{e.Code}})
			}
		}
		now := entry{r.Code, r.Name, i, since, never, []string{r.Code}}
		lists[vsKommune] = append(lists[vsKommune], now)
		lists[vsKommun] = append(lists[vsKommun], now)
		lists[kommGjeldende] = append(lists[kommGjeldende], now)
		if since <= 2020 {
			lists[kommForrige] = append(lists[kommForrige], now)
		}
		lists[kommunFram] = append(lists[kommunFram], entry{r.Code, r.Name, i, always, never, []string{r.Code}})
		lists[kommSummer] = append(lists[kommSummer], entry{"K-" + r.Code, r.Name, i, always, never, members})
		lists[kommSummerHist] = append(lists[kommSummerHist], entry{"K_" + r.Code, r.Name, i, always, never, members})
	}
	lists[kommSummer] = append(lists[kommSummer], entry{"K-Rest", "Rest/Delte kommuner og uoppgitt", -1, always, never, []string{"9999"}})
	lists[kommSummerHist] = append(lists[kommSummerHist], entry{"K_Rest", "Rest/Delte kommuner og uoppgitt", -1, always, never, []string{"9999"}})
	kostra := slices.Clone(lists[vsKommune])
	lists[kostraRegion] = append(kostra, entry{"EAK", "Landet", -1, always, never, nil}, entry{"EAKUO", "Landet uten Oslo", -1, always, never, nil})
	return lists
}

// plain is what a region dimension holds when no list is asked for.
func (t *table) plain() string {
	switch {
	case t.region == kostraRegion:
		return kostraRegion
	case slices.Contains(t.lists, vsKommun):
		return vsKommun
	case t.projection:
		return kommunFram
	case len(t.lists) == 1 && t.lists[0] == kommGjeldende:
		return kommGjeldende
	default:
		return vsKommune
	}
}

var listLabels = map[string]string{
	kommSummer: "Kommuner 2024, sammenslåtte tidsserier", kommSummerHist: "Kommuner 2024, sammenslåtte tidsserier", kommGjeldende: "Kommuner 2024-",
	kommForrige: "Kommuner 2020-2023", vsKommune: "Kommune", vsKommun: "Kommune", kommunFram: "Kommuner i framskrivingene",
}
