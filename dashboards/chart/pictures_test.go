package chart

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The figures below are made up for the tests: waves with no meaning.

var nan = math.NaN()

func meta(title string) Meta {
	return Meta{
		Title: title, Subtitle: "2025: −4,2 (95 %-intervall −18,9 til 10,6). Sammenligningsgruppe: 1,3.",
		Unit: "per 1 000 innbyggere", Decimals: 1, Language: "nb",
		Notes:       []string{"Registrene er fulle tellinger. Intervallet viser hvor mye tilfeldigheter alene flytter et så lite sted."},
		Source:      "Kilde: SSB, tabell 06913. Bygdevekst-utgave 2026-11-25-1f3a.",
		Description: "Et bilde til prøve.",
	}
}

func wave(role Role, name, label, band string, level, amplitude, width float64) Series {
	s := Series{Role: role, Name: name, Label: label, Band: band}
	for i := range 18 {
		v := level + amplitude*(math.Sin(float64(i)*1.7)+0.5*math.Cos(float64(i)*0.6))
		s.Points = append(s.Points, Point{X: float64(2008 + i), Y: v, Low: v - width, High: v + width})
	}
	return s
}

func flat(role Role, name, label string, from, to, y0, y1 float64) Series {
	return Series{Role: role, Name: name, Label: label, Points: []Point{{X: from, Y: y0, Low: nan, High: nan}, {X: to, Y: y1, Low: nan, High: nan}}}
}

func onePlace() Lines {
	own := wave(Main, "Kommunen", "Engerdal", "95 %-intervall for kommunen", -3, 8, 15)
	own.Points[5] = Point{X: 2013, Y: nan, Low: nan, High: nan, Symbol: ":"}
	own.Points[9].Weak = true
	return Lines{Meta: meta("Nettoinnflytting per 1 000 innbyggere, Engerdal, 2008–2025"), Zero: true, Panels: []Panel{{
		Series: []Series{
			wave(Group, "Sammenligningsgruppe", "Sammenligningsgruppe", "10–90 % av kommunene i gruppen", 0, 3, 9), own,
			flat(Baseline, "Utgangspunkt", "Utgangspunkt 2022–2024", 2022, 2025, -2.1, -2.1),
			flat(Target, "Mål", "Mål 2028", 2024, 2028, -2.1, 5),
		},
		Marks: []Mark{
			{2024.86, 2024.86, "Bygdevekstavtale politisk signert 12.05.2025."},
			{2021.5, 2024.5, "Bosetting av flyktninger ga uvanlig stor innflytting 2022–2024."},
			{2019.5, 2019.5, "Koronapandemien endret flytting, dødelighet og arbeidsmarked i 2020–2021."},
		},
	}}}
}

func fivePlaces() Lines {
	l := Lines{Meta: meta("Nettoinnflytting per 1 000 innbyggere, 2008–2025"), Zero: true}
	for i, name := range []string{"Engerdal", "Trysil", "Våler (Innlandet)", "Åmot", "Rendalen"} {
		p := onePlace().Panels[0]
		p.Title = name
		p.Series[1] = wave(Main, "Kommunen", "", "95 %-intervall for kommunen", float64(i)*4-6, 6, 12)
		p.Series[0].Label, p.Series[2].Label = "gruppe", "utgangspkt."
		l.Panels = append(l.Panels, p)
	}
	return l
}

// mainsTogether has as many lines as one panel can hold, all ending at one place.
func mainsTogether() Lines {
	l := Lines{Meta: meta("Fem linjer som ender på samme sted")}
	p := Panel{}
	for i, name := range []string{"Engerdal", "Trysil", "Våler (Innlandet)", "Åmot", "Rendalen"} {
		s := wave(Main, name, name, "", 5, float64(i+1), 0)
		s.Points[17].Y = 5
		for k := range s.Points {
			s.Points[k].Low, s.Points[k].High = nan, nan
		}
		p.Series = append(p.Series, s)
	}
	l.Panels = []Panel{p}
	return l
}

func allGaps() Lines {
	l := Lines{Meta: meta("Forskjell fra beregnet, kommunen og alle placeboer"), Zero: true}
	p := Panel{Marks: []Mark{{2024.5, 2024.5, "Første år som vurderes: 2025."}}}
	for i := range 40 {
		s := wave(Background, "Sammenligningskommuner uten avtale (placebo)", "", "", 0, 3, 0)
		for k := range s.Points {
			s.Points[k].Y *= math.Sin(float64(i*7+k)) * 2
			s.Points[k].Low, s.Points[k].High = nan, nan
		}
		p.Series = append(p.Series, s)
	}
	own := wave(Main, "Kommunen", "Trysil", "95 %-intervall", 0, 2, 20)
	for k := range 17 {
		own.Points[k].Low, own.Points[k].High = nan, nan
	}
	p.Series = append(p.Series, own)
	l.Panels = []Panel{p}
	return l
}

func powerCurves() Lines {
	l := Lines{Meta: meta("Hvor stor virkning kunne vi ha sett?"), Numeric: true, XUnit: "virkning, per 1 000 innbyggere", XDecimals: 1}
	l.Unit, l.Decimals = "prosent sjanse for å oppdage virkningen", 0
	p := Panel{Series: []Series{flat(Baseline, "", "ønsket", 0, 96, 80, 80)}}
	for n := range 4 {
		s := Series{Role: Main, Label: []string{"1 år med tall", "2 år med tall", "3 år med tall", "4 år med tall"}[n], Bare: true}
		for k := range 17 {
			x := float64(k) * 6
			s.Points = append(s.Points, Point{X: x, Y: 100 * (1 - math.Exp(-x*x*float64(n+1)/2500)), Low: nan, High: nan})
		}
		p.Series = append(p.Series, s)
	}
	l.Panels = []Panel{p}
	return l
}

func rowsOfAnAgreement() Dots {
	m := meta("Endring siden utgangspunktet: Nettoinnflytting per 1 000 innbyggere")
	m.Notice = "SIMULERTE TALL – ikke SSB"
	return Dots{Meta: m, Zero: true, First: "Kommunen", Band: "95 %-intervall", Second: "Endring i sammenligningsgruppen", Rows: []Row{
		{Label: "Engerdal", Value: -6.7, Low: -21.3, High: 8, Text: "−6,7 (−21,3 til 8,0)", Second: -1.2},
		{Label: "Trysil", Value: 3.2, Low: -4, High: 10.4, Text: "+3,2 (−4,0 til 10,4)", Second: 0.4},
		{Label: "Våler (Innlandet)", Value: nan, Low: nan, High: nan, Text: "kan ikke vurderes: tall vises ikke av hensyn til personvern", Second: nan},
		{Label: "Åmot", Value: 1.2, Low: nan, High: nan, Text: "+1,2 (uten intervall)", Second: 3, Weak: true},
		{Label: "Avtalekommunene samlet", Value: 0.6, Low: -3.6, High: 4.9, Text: "+0,6 (−3,6 til 4,9)", Second: 0.1, Strong: true},
	}, Limits: []Limit{{-2, 2, "for lite til å bli sett"}, {10, 10, "nødvendig for å nå målet"}}}
}

func ratios() Strip {
	s := Strip{Meta: meta("Avvik etter start mot avvik før"), Own: 2.31, Label: "Trysil 2,31", OthersName: "Sammenligningskommuner uten avtale (placebo)"}
	s.Unit = "RMSPE etter start delt på RMSPE før"
	for i := range 60 {
		s.Others = append(s.Others, math.Abs(1+math.Sin(float64(i*i))*0.9+float64(i%7)*0.2))
	}
	return s
}

// single is a chart of one series in one panel.
func single(title string, values ...float64) Lines {
	s := Series{Role: Main, Label: "Engerdal", Band: "95 %-intervall"}
	for i, v := range values {
		s.Points = append(s.Points, Point{X: float64(2020 + i), Y: v, Low: v - 1, High: v + 1, Symbol: ".."})
	}
	return Lines{Meta: meta(title), Panels: []Panel{{Series: []Series{s}, Empty: "Ingen tall å vise: tallgrunnlag mangler."}}}
}

// The same for a telephone.
func smallLines(l Lines) Lines {
	l.Small = true
	return l
}

func smallDots(d Dots) Dots {
	d.Small = true
	return d
}

func smallStrip(s Strip) Strip {
	s.Small = true
	return s
}

// drawer is any of the charts.
type drawer interface{ Draw() (*Drawing, error) }

// pictures are the charts looked at and kept as goldens, the edges of what can be
// drawn among them.
var pictures = map[string]drawer{
	"one-place":       onePlace(),
	"five-places":     fivePlaces(),
	"mains-together":  mainsTogether(),
	"all-gaps":        allGaps(),
	"power":           powerCurves(),
	"agreement":       rowsOfAnAgreement(),
	"ratios":          ratios(),
	"small-place":     smallLines(onePlace()),
	"small-places":    smallLines(fivePlaces()),
	"small-agreement": smallDots(rowsOfAnAgreement()),
	"small-ratios":    smallStrip(ratios()),
	"small-gaps":      smallLines(allGaps()),
	"one-point":       single("Ett punkt", 4.2),
	"all-missing":     single("Alle mangler", nan, nan, nan),
	"equal-values":    single("Like verdier", 7, 7, 7, 7),
	"large-values":    single("Store verdier", 123456789012, 987654321098, 5e11),
	"negative":        single("Negative verdier", -1234.5, -1300, nan, -1111.1),
	"no-rows": Dots{Meta: meta("Ingen rader med tall"), Zero: true, Rows: []Row{
		{Label: "Engerdal", Value: nan, Low: nan, High: nan, Second: nan, Text: "Det er ikke avtalt noe mål."},
		{Label: "Trysil", Value: nan, Low: nan, High: nan, Second: nan, Text: "Det er ikke avtalt noe mål."},
	}},
	"no-points": Lines{Meta: meta("Ingen punkter"), Panels: []Panel{{Empty: "Ingen tall i denne utgaven."}}},
}

func picture(t testing.TB, c drawer) *Drawing {
	t.Helper()
	d, err := c.Draw()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestKeepPictures writes every picture in every format for a person to look at.
func TestKeepPictures(t *testing.T) {
	dir := os.Getenv("CHART_DIR")
	if dir == "" {
		t.Skip("set CHART_DIR to a folder to keep pictures")
	}
	for name, c := range pictures {
		d := picture(t, c)
		png, err := d.PNG()
		if err != nil {
			t.Fatal(err)
		}
		pdf, err := d.PDF()
		if err != nil {
			t.Fatal(err)
		}
		for ext, b := range map[string][]byte{"svg": d.SVG(), "png": png, "pdf": pdf} {
			if err := os.WriteFile(filepath.Join(dir, name+"."+ext), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
