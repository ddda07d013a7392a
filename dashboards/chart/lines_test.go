package chart

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

var nan = math.NaN()

func meta() Meta {
	return Meta{
		Title: "Nettoinnflytting per 1 000 innbyggere i Engerdal, 2008–2025", Subtitle: "2025: −4,2 (95 %-intervall −18,9 til 10,6). Sammenligningsgruppen: 1,3.",
		Unit: "per 1 000 innbyggere", Decimals: 1, Language: "nb",
		Notes:  []string{"Intervallet viser hvor mye tilfeldigheter alene flytter et så lite sted: 19 av 20 ganger ville tallet havnet innenfor."},
		Source: "Kilde: SSB, tabell 06913. Bygdevekst-utgave 2026-11-25-abc.", Description: "Linjediagram.",
	}
}

func wave(role Role, name, label, band string, level, amp, width float64, years int) Series {
	s := Series{Role: role, Name: name, Label: label, Band: band}
	for i := range years {
		v := level + amp*math.Sin(float64(i)*1.7) + amp*0.5*math.Cos(float64(i)*0.6)
		s.Points = append(s.Points, Point{X: float64(2008 + i), Y: v, Low: v - width, High: v + width})
	}
	return s
}

func one() Lines {
	own := wave(Main, "Engerdal", "Engerdal", "95 %-intervall for kommunen", -3, 8, 15, 18)
	own.Points[5] = Point{X: 2013, Y: nan, Low: nan, High: nan, Symbol: ":"}
	own.Points[9].Weak = true
	base := Series{Role: Baseline, Name: "Utgangspunkt", Label: "Utgangspunkt 2022–2024", Points: []Point{{X: 2022, Y: -2.1, Low: nan, High: nan}, {X: 2025, Y: -2.1, Low: nan, High: nan}}}
	target := Series{Role: Target, Name: "Mål", Label: "Mål 2028", Points: []Point{{X: 2024, Y: -2.1, Low: nan, High: nan}, {X: 2028, Y: 5, Low: nan, High: nan}}}
	return Lines{Meta: meta(), Zero: true, Panels: []Panel{{
		Series: []Series{wave(Group, "Sammenligningsgruppe", "Sammenlignings- gruppe", "10–90 % av kommunene i gruppen", 0, 3, 9, 18), own, base, target},
		Marks:  []Mark{{2025, 2025, "Avtalen politisk signert 12.05.2025"}, {2021.5, 2024.5, "Bosetting av flyktninger fra Ukraina ga uvanlig stor innflytting 2022–2024."}, {2020, 2020, "Koronapandemien endret flytting, dødelighet og arbeidsmarked i 2020–2021."}},
	}}}
}

func four() Lines {
	l := Lines{Meta: meta(), Zero: true}
	l.Title = "Nettoinnflytting per 1 000 innbyggere, 2008–2025"
	l.Subtitle = "Hver kommune for seg, på samme skala."
	for i, n := range []string{"Engerdal", "Trysil", "Våler (Innlandet)", "Åmot", "Rendalen"} {
		p := one().Panels[0]
		p.Title = n
		p.Series[1] = wave(Main, "Kommunen", "", "95 %-intervall for kommunen", float64(i)*4-6, 6, 12, 18)
		p.Series[0].Label, p.Series[2].Label, p.Series[3].Label = "gruppe", "utgangspkt.", "mål 2028"
		l.Panels = append(l.Panels, p)
	}
	return l
}

func show(t *testing.T, name string, d *Drawing) {
	dir := os.Getenv("CHART_DIR")
	if dir == "" {
		return
	}
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

func TestLook(t *testing.T) {
	for name, l := range map[string]Lines{"one": one(), "four": four()} {
		d, err := l.Draw()
		if err != nil {
			t.Fatal(err)
		}
		show(t, name, d)
	}
}

func TestLook2(t *testing.T) {
	m := meta()
	m.Notice = "SIMULERTE TALL – ikke SSB"
	rows := Dots{Meta: m, Zero: true, First: "Kommunen", Band: "95 %-intervall", Second: "Endring i sammenligningsgruppen", Rows: []Row{
		{Label: "Engerdal", Value: -6.7, Low: -21.3, High: 8, Text: "−6,7 (−21,3 til 8,0)", Second: -1.2},
		{Label: "Trysil", Value: 3.2, Low: -4, High: 10.4, Text: "3,2 (−4,0 til 10,4)", Second: 0.4},
		{Label: "Våler (Innlandet)", Value: nan, Low: nan, High: nan, Text: "kan ikke vurderes: tall vises ikke av hensyn til personvern", Second: nan},
		{Label: "Åmot", Value: 1.2, Low: nan, High: nan, Text: "1,2 (uten intervall)", Second: 3, Weak: true},
		{Label: "De fire samlet", Value: 0.6, Low: -3.6, High: 4.9, Text: "0,6 (−3,6 til 4,9)", Second: 0.1, Strong: true},
	}, Limits: []Limit{{-12, 12, "for lite til å bli sett"}, {10, 10, "nødvendig for å nå målet"}}}
	d, err := rows.Draw()
	if err != nil {
		t.Fatal(err)
	}
	show(t, "dots", d)
	s := Strip{Meta: meta(), Own: 2.31, Label: "Trysil 2,3", OthersName: "sammenligningskommuner (60)"}
	for i := range 60 {
		s.Others = append(s.Others, math.Abs(1+math.Sin(float64(i*i))*0.9+float64(i%7)*0.2))
	}
	d, err = s.Draw()
	if err != nil {
		t.Fatal(err)
	}
	show(t, "strip", d)
	d, err = Spark{Title: "x", Language: "nb", Description: "y", Source: "z", Points: one().Panels[0].Series[1].Points}.Draw()
	if err != nil {
		t.Fatal(err)
	}
	show(t, "spark", d)
}
