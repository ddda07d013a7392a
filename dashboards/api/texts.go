package api

import (
	"fmt"
	"strings"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

type text = catalogue.Text

// description introduces the API.
var description = text{
	NB: "Tall, måloppnåelse og effekter for bygdevekstavtalene, med intervall og utgave på alt. Registertall er fulle tellinger: et intervall sier hvor mye tilfeldigheter alene flytter et så lite sted. Det som mangler er null med en grunn i status, aldri 0. Kommuner oppgis med kode, aldri navn.",
	NN: "Tal, måloppnåing og effektar for bygdevekstavtalane, med intervall og utgåve på alt. Registertal er fulle teljingar: eit intervall seier kor mykje tilfelle åleine flyttar ein så liten stad. Det som manglar er null med ein grunn i status, aldri 0. Kommunar blir oppgjevne med kode, aldri namn.",
	EN: "Figures, goal attainment and effects for Norway's rural growth agreements, with interval and release on everything. Registers are full counts: an interval says how much chance alone moves a place this small. What is missing is null with a reason in status, never 0. Municipalities are given by code, never by name.",
}

var simulated = text{NB: "SIMULERTE TALL – ikke SSB", NN: "SIMULERTE TAL – ikkje SSB", EN: "SIMULATED FIGURES – not SSB"}

// The problems with a question, each saying what to do.
var (
	seeDocs = text{
		NB: "%s. Se /api for parameterne og verdiene de kan ha.",
		NN: "%s. Sjå /api for parametrane og verdiane dei kan ha.",
		EN: "%s. See /api for the parameters and the values they can have.",
	}
	unknownIndicator = text{
		NB: "Indikatoren %q finnes ikke. Se /api/v1/indicators for dem som finnes.",
		NN: "Indikatoren %q finst ikkje. Sjå /api/v1/indicators for dei som finst.",
		EN: "There is no indicator %q. See /api/v1/indicators for those there are.",
	}
	unknownAgreement = text{
		NB: "Avtalen %q finnes ikke. Se /api/v1/agreements for dem som finnes.",
		NN: "Avtalen %q finst ikkje. Sjå /api/v1/agreements for dei som finst.",
		EN: "There is no agreement %q. See /api/v1/agreements for those there are.",
	}
	unknownMunicipality = text{
		NB: "Ingen kommune har koden %q. Koder har fire siffer, som 3425; se /api/v1/municipalities.",
		NN: "Ingen kommune har koden %q. Kodar har fire siffer, som 3425; sjå /api/v1/municipalities.",
		EN: "No municipality has the code %q. Codes have four digits, such as 3425; see /api/v1/municipalities.",
	}
	oldMunicipality = text{
		NB: "Kommunekoden %s er ikke i bruk lenger. Bruk %s.",
		NN: "Kommunekoden %s er ikkje i bruk lenger. Bruk %s.",
		EN: "The municipality code %s is no longer in use. Use %s.",
	}
	unknownRelease = text{
		NB: "Utgaven %q finnes ikke. Se /api/v1/releases for dem som finnes.",
		NN: "Utgåva %q finst ikkje. Sjå /api/v1/releases for dei som finst.",
		EN: "There is no release %q. See /api/v1/releases for those there are.",
	}
	indicatorWithoutFigures = text{
		NB: "Indikatoren %s har ingen tall i denne utgaven (%s). Den lages av tabell %s; se /api/v1/tables for hva utgaven har.",
		NN: "Indikatoren %s har ingen tal i denne utgåva (%s). Han blir laga av tabell %s; sjå /api/v1/tables for kva utgåva har.",
		EN: "The indicator %s has no figures in this release (%s). It is made from table %s; see /api/v1/tables for what the release holds.",
	}
	regionsWithoutFigures = text{
		NB: "Ingen tall for %s på indikatoren %s i denne utgaven. Ta dem ut av municipality, eller utelat den for alle som har tall.",
		NN: "Ingen tal for %s på indikatoren %s i denne utgåva. Ta dei ut av municipality, eller utelat han for alle som har tal.",
		EN: "No figures for %s on the indicator %s in this release. Take them out of municipality, or leave it out for all that have figures.",
	}
	noYears = text{
		NB: "Ingen tall for %s i årene det er spurt om. Utgaven har %d–%d (vindu %d år krever så mange år bakover).",
		NN: "Ingen tal for %s i åra det er spurt om. Utgåva har %d–%d (vindauge %d år krev så mange år bakover).",
		EN: "No figures for %s in the years asked for. The release has %d–%d (a window of %d years needs as many years back).",
	}
	fromAfterTo = text{
		NB: "from (%d) er etter to (%d). Bytt dem om.",
		NN: "from (%d) er etter to (%d). Byt dei om.",
		EN: "from (%d) is after to (%d). Swap them.",
	}
	askOne = text{
		NB: "Oppgi minst én av parameterne %s.",
		NN: "Oppgje minst éin av parametrane %s.",
		EN: "Give at least one of the parameters %s.",
	}
	noGroup = text{
		NB: "Ingen sammenligningsgruppe for %s i denne utgaven: kommunen mangler tall for kjennetegnene gruppen lages av.",
		NN: "Inga samanlikningsgruppe for %s i denne utgåva: kommunen manglar tal for kjenneteikna gruppa blir laga av.",
		EN: "No comparison group for %s in this release: the municipality lacks figures for the covariates the group is made by.",
	}
	noAttainment = text{
		NB: "Ingen måloppnåelse for %s i denne utgaven. Bare kommuner med avtale blir vurdert; se /api/v1/agreements.",
		NN: "Inga måloppnåing for %s i denne utgåva. Berre kommunar med avtale blir vurderte; sjå /api/v1/agreements.",
		EN: "No attainment for %s in this release. Only municipalities with an agreement are judged; see /api/v1/agreements.",
	}
	notInAgreement = text{
		NB: "Kommunen %s er ikke med i avtalen %s. Kommunene er %s.",
		NN: "Kommunen %s er ikkje med i avtalen %s. Kommunane er %s.",
		EN: "Municipality %s is not part of the agreement %s. Its municipalities are %s.",
	}
	noEffects = text{
		NB: "Ingen effekter som passer spørsmålet i denne utgaven (%s). Se /api/v1/designs for hva som blir evaluert.",
		NN: "Ingen effektar som passar spørsmålet i denne utgåva (%s). Sjå /api/v1/designs for kva som blir evaluert.",
		EN: "No effects that fit the question in this release (%s). See /api/v1/designs for what is evaluated.",
	}
	noPower = text{
		NB: "Ingen styrkeberegning som passer spørsmålet i denne utgaven (%s). Se /api/v1/designs for hva som blir evaluert.",
		NN: "Inga styrkeutrekning som passar spørsmålet i denne utgåva (%s). Sjå /api/v1/designs for kva som blir evaluert.",
		EN: "No power calculation that fits the question in this release (%s). See /api/v1/designs for what is evaluated.",
	}
	noForecasts = text{
		NB: "Ingen framskriving som passer spørsmålet i denne utgaven (%s). Se /api/v1/indicators for hva som har tall, og /api/v1/agreements for kommunene som blir framskrevet.",
		NN: "Inga framskriving som passar spørsmålet i denne utgåva (%s). Sjå /api/v1/indicators for kva som har tal, og /api/v1/agreements for kommunane som blir framskrivne.",
		EN: "No forecast that fits the question in this release (%s). See /api/v1/indicators for what has figures, and /api/v1/agreements for the municipalities that are forecast.",
	}
	noShifts = text{
		NB: "Ingen test av brudd som passer spørsmålet i denne utgaven (%s). Se /api/v1/indicators for hva som har tall, og /api/v1/agreements for kommunene som blir testet.",
		NN: "Ingen test av brot som passar spørsmålet i denne utgåva (%s). Sjå /api/v1/indicators for kva som har tal, og /api/v1/agreements for kommunane som blir testa.",
		EN: "No test for breaks that fits the question in this release (%s). See /api/v1/indicators for what has figures, and /api/v1/agreements for the municipalities that are tested.",
	}
	pooledNeedsAgreement = text{
		NB: "municipality=pooled er kommunene i en avtale samlet. Oppgi agreement også.",
		NN: "municipality=pooled er kommunane i ein avtale samla. Oppgje agreement òg.",
		EN: "municipality=pooled is an agreement's municipalities taken together. Give agreement as well.",
	}
	noSearch = text{
		NB: "Ingen kommune heter noe med %q. Søk på en del av navnet eller de første sifrene i koden.",
		NN: "Ingen kommune heiter noko med %q. Søk på ein del av namnet eller dei fyrste sifra i koden.",
		EN: "No municipality's name holds %q. Search for part of the name or the first digits of the code.",
	}
	notListed = text{
		NB: "Listen over utgaver kan ikke leses akkurat nå. Prøv igjen om litt.",
		NN: "Lista over utgåver kan ikkje lesast akkurat no. Prøv igjen om litt.",
		EN: "The list of releases cannot be read right now. Try again in a moment.",
	}
)

// findings are what validation finds, in huma's words, and ours for them.
var findings = []struct {
	english string
	text    text
}{
	{"required query parameter is missing", text{NB: "må oppgis", NN: "må oppgjevast", EN: "must be given"}},
	{"unknown query parameter", text{NB: "er en ukjent parameter", NN: "er ein ukjend parameter", EN: "is an unknown parameter"}},
	{"invalid integer", text{NB: "må være et helt tall", NN: "må vere eit heilt tal", EN: "must be an integer"}},
	{"expected value to be one of", text{NB: "må være en av%s", NN: "må vere ein av%s", EN: "must be one of%s"}},
	{"expected number >=", text{NB: "må være minst%s", NN: "må vere minst%s", EN: "must be at least%s"}},
	{"expected number <=", text{NB: "må være høyst%s", NN: "må vere høgst%s", EN: "must be at most%s"}},
	{"expected length <=", text{NB: "må ha høyst%s tegn", NN: "må ha høgst%s teikn", EN: "must have at most%s characters"}},
	{"expected length >=", text{NB: "må ha minst%s tegn", NN: "må ha minst%s teikn", EN: "must have at least%s characters"}},
	{"expected array length <=", text{NB: "kan ha høyst%s elementer", NN: "kan ha høgst%s element", EN: "may have at most%s items"}},
	{"expected array length >=", text{NB: "må ha minst%s elementer", NN: "må ha minst%s element", EN: "must have at least%s items"}},
	{"expected required property", text{NB: "mangler feltet%s", NN: "manglar feltet%s", EN: "lacks the field%s"}},
	{"unexpected property", text{NB: "er et ukjent felt", NN: "er eit ukjent felt", EN: "is an unknown field"}},
	{"request body is required", text{NB: "spesifikasjonen mangler i forespørselen", NN: "spesifikasjonen manglar i førespurnaden", EN: "the specification is missing from the request"}},
	{"request body is too large limit=", text{NB: "Forespørselen er for stor. Grensen er %s.", NN: "Førespurnaden er for stor. Grensa er %s.", EN: "The request is too large. The limit is %s."}},
}

// finding puts a finding of validation in the reader's words; one we have no
// words for stays as it is.
func finding(lang, english string) string {
	for _, f := range findings {
		rest, ok := strings.CutPrefix(english, f.english)
		if !ok {
			continue
		}
		t := f.text.In(lang)
		if strings.Contains(t, "%s") {
			return fmt.Sprintf(t, strings.TrimSuffix(rest, " to be present"))
		}
		return t
	}
	return english
}

// operationText is what an operation is for.
type operationText struct {
	tag             string
	summary, detail text
}

const (
	tagAgreements = "Agreements"
	tagFigures    = "Figures"
	tagJudgement  = "Judgement"
	tagEvaluation = "Evaluation"
	tagProvenance = "Provenance"
)

// operations are the texts of every operation, by its id.
var operations = map[string]operationText{
	"agreements": {
		tagAgreements,
		text{NB: "Alle avtaler", NN: "Alle avtalar", EN: "All agreements"},
		text{NB: "Avtalene med kommuner, fylke og periode. Det ingen kilde er funnet for, står i unknown.", NN: "Avtalane med kommunar, fylke og periode. Det inga kjelde er funnen for, står i unknown.", EN: "The agreements with municipalities, county and period. What no source was found for is listed in unknown."},
	},
	"agreement": {
		tagAgreements,
		text{NB: "Én avtale", NN: "Éin avtale", EN: "One agreement"},
		text{NB: "Avtalen med parter, delmål, forpliktelser, handlingsplan og øvrig innsats. Det avtalen selv sier, står ordrett.", NN: "Avtalen med partar, delmål, plikter, handlingsplan og øvrig innsats. Det avtalen sjølv seier, står ordrett.", EN: "The agreement with parties, sub-goals, obligations, action plan and other effort. What the agreement itself says is verbatim."},
	},
	"indicators": {
		tagFigures,
		text{NB: "Alle indikatorer", NN: "Alle indikatorar", EN: "All indicators"},
		text{NB: "Indikatorene med enhet, ønsket retning og årene utgaven har tall for.", NN: "Indikatorane med eining, ønskt retning og åra utgåva har tal for.", EN: "The indicators with unit, wanted direction and the years the release has figures for."},
	},
	"indicator": {
		tagFigures,
		text{NB: "Én indikator", NN: "Éin indikator", EN: "One indicator"},
		text{NB: "Definisjonen: teller, nevner, kilder, brudd, regel for små tall og hvor langt lokal innsats kan flytte den. En indikator uten tall svarer med grunnen.", NN: "Definisjonen: teljar, nemnar, kjelder, brot, regel for små tal og kor langt lokal innsats kan flytte han. Ein indikator utan tal svarar med grunnen.", EN: "The definition: numerator, denominator, sources, breaks, small-number rule and how far local effort can move it. An indicator without figures says why."},
	},
	"municipalities": {
		tagFigures,
		text{NB: "Alle kommuner", NN: "Alle kommunar", EN: "All municipalities"},
		text{NB: "De 357 kommunene fra 2024 med navn, fylke, sentralitet og avtale. Til å velge fra; tall kobles på kode, aldri på navn.", NN: "Dei 357 kommunane frå 2024 med namn, fylke, sentralitet og avtale. Til å velje frå; tal blir kopla på kode, aldri på namn.", EN: "The 357 municipalities of 2024 with names, county, centrality and agreement. To pick from; figures are joined on code, never on name."},
	},
	"municipality": {
		tagFigures,
		text{NB: "Én kommune", NN: "Éin kommune", EN: "One municipality"},
		text{NB: "Kommunen med tidligere koder, naboer og indikatorene utgaven har tall for.", NN: "Kommunen med tidlegare kodar, naboar og indikatorane utgåva har tal for.", EN: "The municipality with earlier codes, neighbours and the indicators the release has figures for."},
	},
	"values": {
		tagFigures,
		text{NB: "Verdier av en indikator", NN: "Verdiar av ein indikator", EN: "Values of an indicator"},
		text{NB: "Verdier regnet fra tellinger, med teller, nevner, 95 %-intervall og status. For population er verdien antallet.", NN: "Verdiar rekna frå teljingar, med teljar, nemnar, 95 %-intervall og status. For population er verdien talet på folk.", EN: "Values rebuilt from counts, with numerator, denominator, 95 % interval and status. For population the value is the count."},
	},
	"comparison-groups": {
		tagJudgement,
		text{NB: "Sammenligningsgrupper", NN: "Samanlikningsgrupper", EN: "Comparison groups"},
		text{NB: "Kommunene en kommune holdes opp mot, i rekkefølge etter likhet, hvem som er holdt utenfor og hvorfor, og balansetabellen.", NN: "Kommunane ein kommune blir halden opp mot, i rekkjefølgje etter likskap, kven som er haldne utanfor og kvifor, og balansetabellen.", EN: "The municipalities one is held against, in order of likeness, who was kept out and why, and the balance table."},
	},
	"attainment": {
		tagJudgement,
		text{NB: "Måloppnåelse", NN: "Måloppnåing", EN: "Goal attainment"},
		text{NB: "For hvert delmål og hver indikator: utgangspunkt, nå, endring med intervall, minste endring som kunne vært sett, mål og vurdering. Uten avtalt mål er target_kind none.", NN: "For kvart delmål og kvar indikator: utgangspunkt, no, endring med intervall, minste endring som kunne vore sett, mål og vurdering. Utan avtalt mål er target_kind none.", EN: "For each sub-goal and indicator: baseline, now, change with interval, smallest change that could have been seen, target and verdict. Where no target is agreed target_kind is none."},
	},
	"releases": {
		tagProvenance,
		text{NB: "Alle utgaver", NN: "Alle utgåver", EN: "All releases"},
		text{NB: "Utgavene som finnes, den nyeste først. En utgave endres aldri.", NN: "Utgåvene som finst, den nyaste først. Ei utgåve blir aldri endra.", EN: "The releases there are, newest first. A release never changes."},
	},
	"release": {
		tagProvenance,
		text{NB: "Én utgave", NN: "Éi utgåve", EN: "One release"},
		text{NB: "Manifestet: hva utgaven er laget av, av hvilket program, og sjekksummene.", NN: "Manifestet: kva utgåva er laga av, av kva program, og sjekksummane.", EN: "The manifest: what the release was made of, by which program, and the checksums."},
	},
	"tables": {
		tagProvenance,
		text{NB: "Alle tabeller", NN: "Alle tabellar", EN: "All tables"},
		text{NB: "Hver tabell i planen og hva utgaven har av den: slag, rader, oppdatert ved kilden, hentet.", NN: "Kvar tabell i planen og kva utgåva har av han: slag, rader, oppdatert ved kjelda, henta.", EN: "Every planned table and what the release holds of it: kind, rows, updated at the source, retrieved."},
	},
	"effects": {
		tagEvaluation,
		text{NB: "Effekter", NN: "Effektar", EN: "Effects"},
		text{NB: "Hva som skjedde sammenlignet med hva som ville skjedd uten avtalen, etter hver metode side om side, med intervall, p og minste effekt som kunne vært sett. pooled er avtalens kommuner samlet.", NN: "Kva som hende samanlikna med kva som ville ha hendt utan avtalen, etter kvar metode side om side, med intervall, p og minste effekt som kunne vore sett. pooled er kommunane i avtalen samla.", EN: "What happened against what would have happened without the agreement, by every method side by side, with interval, p and the smallest effect that could have been seen. pooled is the agreement's municipalities taken together."},
	},
	"designs": {
		tagEvaluation,
		text{NB: "Registrerte design", NN: "Registrerte design", EN: "Registered designs"},
		text{NB: "Evalueringsdesignene med dato, hash og siste år med data da de ble registrert: det som avgjør om en vurdering er bekreftende.", NN: "Evalueringsdesigna med dato, hash og siste år med data då dei vart registrerte: det som avgjer om ei vurdering er stadfestande.", EN: "The evaluation designs with date, hash and the last year of data when they were registered: what decides whether a judgement is confirmatory."},
	},
	"evaluate": {
		tagEvaluation,
		text{NB: "Egen evaluering", NN: "Eiga evaluering", EN: "An evaluation of one's own"},
		text{NB: "Regner en indikator om igjen med andre donorer eller metoder, på utgavens verdier. Kropp: feltene i «bygdevekst evaluate» uten unit og time; outcome, size, covariates og predictors er indikatorer. Dette er utforsking: bare et design registrert på forhånd kan bekrefte noe. Høyst fem sekunder, én om gangen, åtte i kø.", NN: "Reknar ein indikator om igjen med andre donorar eller metodar, på verdiane i utgåva. Kropp: felta i «bygdevekst evaluate» utan unit og time; outcome, size, covariates og predictors er indikatorar. Dette er utforsking: berre eit design registrert på førehand kan stadfeste noko. Høgst fem sekund, éin om gongen, åtte i kø.", EN: "Estimates an indicator anew with other donors or methods, on the release's values. Body: the fields of «bygdevekst evaluate» without unit and time; outcome, size, covariates and predictors are indicators. This is exploration: only a design registered beforehand can confirm anything. At most five seconds, one at a time, eight waiting."},
	},
	"power": {
		tagEvaluation,
		text{NB: "Styrke", NN: "Styrke", EN: "Power"},
		text{NB: "Hvor stor en effekt må være for å bli sett, før resultatet er kjent.", NN: "Kor stor ein effekt må vere for å bli sett, før resultatet er kjent.", EN: "How large an effect must be to be seen, before the result is known."},
	},
	"forecasts": {
		tagJudgement,
		text{NB: "Framskrivinger", NN: "Framskrivingar", EN: "Forecasts"},
		text{NB: "Hva indikatoren blir om den fortsetter som før, etter hver metode side om side, med 95 %-intervall og hvor godt metoden traff da den ble prøvd på tidligere år. Sannsynligheten for å nå målet står bare der et mål er avtalt.", NN: "Kva indikatoren blir om han held fram som før, etter kvar metode side om side, med 95 %-intervall og kor godt metoden trefte då han vart prøvd på tidlegare år. Sannsynet for å nå målet står berre der eit mål er avtalt.", EN: "What the indicator becomes if it goes on as before, by every method side by side, with 95 % prediction interval and how well the method did when tried on earlier years. The probability of reaching the target is given only where a target is agreed."},
	},
	"shifts": {
		tagFigures,
		text{NB: "Brudd i seriene", NN: "Brot i seriane", EN: "Breaks in the series"},
		text{NB: "Test av om nivået i en serie flytter seg brått: et spørsmål til tallene, som en endret definisjon, aldri et tegn på virkning av avtalen.", NN: "Test av om nivået i ein serie flyttar seg brått: eit spørsmål til tala, som ein endra definisjon, aldri eit teikn på verknad av avtalen.", EN: "A test of whether the level of a series moves at once: a question to the figures, such as a changed definition, never evidence of an effect of the agreement."},
	},
}
