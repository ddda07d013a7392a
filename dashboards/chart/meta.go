package chart

import (
	"math"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
)

// Meta is what every chart carries besides its figures.
type Meta struct {
	// Title says what is shown and where; Subtitle, which may be empty, the
	// figures in a sentence.
	Title, Subtitle string
	// Unit is what the value axis measures, set level above it.
	Unit string
	// Decimals is how many decimals figures are shown with.
	Decimals int
	// Notes are printed below the chart, one paragraph each.
	Notes []string
	// Source is the source line inside the picture, such as
	// "Kilde: SSB, tabell 06913." It may not be empty.
	Source string
	// Notice is set as a band across the top, for figures that are not SSB's.
	Notice string
	// Description is the chart in plain words, with its numbers, for those who
	// do not see it.
	Description string
	// Language is the language of the texts: nb, nn or en.
	Language string
	// Small lays the picture out for a screen as narrow as a telephone's, at the
	// same size of letters: one column, and the figures of lines in the key.
	Small bool
}

// Point is one figure. NaN stands for what is missing.
type Point struct {
	X, Y float64
	// Low and High are the limits of the interval, NaN where there is none.
	Low, High float64
	// Weak marks a figure that rests on very few cases; its marker is hollow.
	Weak bool
	// Symbol is why Y is missing, in SSB's own sign; it is set on the axis.
	Symbol string
}

// largest is the largest magnitude drawn: above it labels would be wider than
// the picture, and no statistic of a municipality comes near.
const largest = 1e12

func (m Meta) check() error {
	for _, need := range []struct{ name, value, why string }{
		{"title", m.Title, "it says what is shown"},
		{"source", m.Source, "SSB's terms ask for it beside every figure"},
		{"description", m.Description, "those who do not see the chart need it"},
	} {
		if strings.TrimSpace(need.value) == "" {
			return data.Errorf(data.EINVALID, "chart %q: no %s; %s", m.Title, need.name, need.why)
		}
	}
	if m.Language != "nb" && m.Language != "nn" && m.Language != "en" {
		return data.Errorf(data.EINVALID, "chart %q: language %q; want nb, nn or en", m.Title, m.Language)
	}
	if m.Decimals < 0 || m.Decimals > 6 {
		return data.Errorf(data.EINVALID, "chart %q: %d decimals; want 0 to 6", m.Title, m.Decimals)
	}
	return nil
}

// known reports whether a figure is there.
func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// drawable reports whether a figure is missing or small enough to draw.
func drawable(values ...float64) bool {
	for _, v := range values {
		if known(v) && math.Abs(v) > largest {
			return false
		}
	}
	return true
}

func errTooLarge(title, what string) error {
	return data.Errorf(data.EINVALID, "chart %q: %s holds a figure beyond ±10¹², which cannot be labelled", title, what)
}
