package itest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// agreementID is the id of the one agreement of a test, goalID of its one goal.
const (
	agreementID = "avtale"
	goalID      = "1"
)

// derive is the derivation under test.
var derive = indicators.Derive

// state is what was loaded and defined so far.
type state struct {
	facts      []data.Fact
	indicators []catalogue.Indicator
	agreement  *catalogue.Agreement
	goal       catalogue.GoalIndicator
	comparison *catalogue.Comparison
	// derived is the content, nil when anything changed since.
	derived *cube.Content
}

func newState() *state {
	return &state{indicators: slices.Clone(catalogue.Default().Indicators)}
}

// input is the state as the input of a derivation.
func (s *state) input() (indicators.Input, error) {
	set, err := facts.Harmonise([]data.Batch{{Facts: s.facts}}, regions.Default(), additive)
	if err != nil {
		return indicators.Input{}, err
	}
	cat := &catalogue.Catalogue{Tables: catalogue.Default().Tables, Indicators: s.indicators}
	if s.agreement != nil {
		a := *s.agreement
		g := catalogue.Goal{ID: goalID}
		for i := range s.indicators {
			gi := s.goal
			gi.Indicator = s.indicators[i].ID
			g.Indicators = append(g.Indicators, gi)
		}
		a.Goals = []catalogue.Goal{g}
		cat.Agreements = []catalogue.Agreement{a}
	}
	if s.comparison != nil {
		cat.Comparisons = []catalogue.Comparison{*s.comparison}
	}
	return indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Workers: 1}, nil
}

// additive lets figures be summed over the parts of a merger as the catalogue's
// tables say, and those of a table it does not know.
func additive(table, series string) bool {
	t := catalogue.Default().Table(table)
	return t == nil || t.Sums(series)
}

func (s *state) indicator(id string) *catalogue.Indicator {
	for i := range s.indicators {
		if s.indicators[i].ID == id {
			return &s.indicators[i]
		}
	}
	return nil
}

// --- load ---

type load struct {
	state         *state
	table, series string
}

func newLoad(s *state, args []string) (block, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("want load TABLE/SERIES, such as load 06913/population")
	}
	table, series, err := seriesName(args[0])
	return &load{s, table, series}, err
}

func seriesName(name string) (table, series string, err error) {
	table, series, ok := strings.Cut(name, "/")
	if !ok || table == "" || series == "" {
		return "", "", fmt.Errorf("%q is no TABLE/SERIES, such as 06913/population", name)
	}
	return table, series, nil
}

func (l *load) add(fields []string) error {
	if len(fields) < 3 || !strings.HasSuffix(fields[1], ":") {
		return fmt.Errorf("want REGION PERIOD: VALUE …, such as 3425 2024: 1361 1326")
	}
	p, err := data.ParsePeriod(strings.TrimSuffix(fields[1], ":"))
	if err != nil {
		return err
	}
	if _, _, err := regions.Default().Harmonise(fields[0], int(p.Y)); err != nil {
		return err
	}
	for _, cell := range fields[2:] {
		if p.Y > maxYear {
			return fmt.Errorf("there are more values than years up to %d", maxYear)
		}
		if cell != "_" {
			f := data.Fact{Table: l.table, Series: l.series, Region: fields[0], Period: p}
			if f.Value, f.Status, err = figure(cell); err != nil {
				return err
			}
			l.state.facts = append(l.state.facts, f)
		}
		p = next(p)
	}
	l.state.derived = nil
	return nil
}

func (l *load) end() error { return nil }

// maxYear keeps a test within the time codes.
const maxYear = 9998

func figure(cell string) (float64, data.Status, error) {
	if v, err := strconv.ParseFloat(cell, 64); err == nil && !math.IsInf(v, 0) && !math.IsNaN(v) {
		return v, data.OK, nil
	}
	s, err := data.ParseStatus(cell)
	if err != nil {
		return 0, s, fmt.Errorf("%q is neither a number nor one of the statuses . .. : nor _", cell)
	}
	return 0, s, nil
}

// next is the period after p, of the same length.
func next(p data.Period) data.Period {
	parts := map[data.Freq]int8{data.Half: 2, data.Quarter: 4, data.Month: 12, data.Week: 52}[p.Freq]
	if p.Sub++; parts == 0 || p.Sub > parts {
		p.Y++
		p.Sub = min(1, parts)
	}
	return p
}

// --- define ---

type definition struct {
	state *state
	ind   catalogue.Indicator
}

func newDefinition(s *state, args []string) (block, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("want define INDICATOR, one id")
	}
	return &definition{s, catalogue.Indicator{
		ID: args[0], Kind: catalogue.Count, Scale: 1, Polarity: catalogue.Up,
		SmallNumbers: catalogue.SmallNumbers{PoolYears: 1},
	}}, nil
}

func (d *definition) add(fields []string) (err error) {
	args := fields[1:]
	switch fields[0] {
	case "kind":
		d.ind.Kind, err = one(args, catalogue.Count, catalogue.Proportion, catalogue.Rate, catalogue.NetRate, catalogue.Ratio)
	case "numerator":
		d.ind.Numerator, err = terms(args)
	case "gross":
		d.ind.Gross, err = terms(args)
	case "internal":
		d.ind.Internal, err = internal(args)
	case "denominator":
		d.ind.Denominator, err = denominator(args)
	case "annual":
		d.ind.Annual, err = one(args, catalogue.AnnualSum, catalogue.AnnualMean, catalogue.AnnualLast)
	case "polarity":
		d.ind.Polarity, err = one(args, catalogue.Up, catalogue.Down, catalogue.NoPolarity)
	case "scale":
		d.ind.Scale, err = positive(args)
	case "small_numbers":
		d.ind.SmallNumbers, err = smallNumbers(args)
	case "limits":
		d.ind.Limits, err = limits(args)
	default:
		err = fmt.Errorf("unknown field %q of an indicator; known are kind, numerator, gross, internal, denominator, annual, polarity, scale, small_numbers and limits", fields[0])
	}
	return err
}

// end puts the indicator among the others, in place of one with the same id.
func (d *definition) end() error {
	switch {
	case len(d.ind.Numerator) == 0:
		return fmt.Errorf("indicator %s has no numerator", d.ind.ID)
	case d.ind.Denominator == nil && d.ind.Kind != catalogue.Count && d.ind.Kind != catalogue.Ratio:
		return fmt.Errorf("indicator %s: a %s needs a denominator", d.ind.ID, d.ind.Kind)
	case d.ind.Denominator != nil && d.ind.Kind == catalogue.Count:
		return fmt.Errorf("indicator %s: a count has no denominator", d.ind.ID)
	}
	if old := d.state.indicator(d.ind.ID); old != nil {
		*old = d.ind
	} else {
		d.state.indicators = append(d.state.indicators, d.ind)
	}
	d.state.derived = nil
	return nil
}

func one[T ~string](args []string, known ...T) (T, error) {
	if len(args) == 1 && slices.Contains(known, T(args[0])) {
		return T(args[0]), nil
	}
	return "", fmt.Errorf("want one of %v, found %q", known, strings.Join(args, " "))
}

func terms(args []string) ([]catalogue.Term, error) {
	var out []catalogue.Term
	for _, a := range args {
		sign := 1
		if rest, ok := strings.CutPrefix(a, "-"); ok {
			sign, a = -1, rest
		}
		table, series, err := seriesName(a)
		if err != nil {
			return nil, err
		}
		out = append(out, catalogue.Term{Table: table, Series: series, Sign: sign})
	}
	return out, nil
}

func internal(args []string) (*catalogue.Internal, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("want internal TABLE/SERIES, the series with a member for every municipality")
	}
	table, series, err := seriesName(args[0])
	return &catalogue.Internal{Table: table, Series: series}, err
}

func denominator(args []string) (*catalogue.Denominator, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("want denominator TABLE/SERIES and a clock: start, end, mean or same")
	}
	table, series, err := seriesName(args[0])
	if err != nil {
		return nil, err
	}
	clock, err := one(args[1:], catalogue.ClockStart, catalogue.ClockEnd, catalogue.ClockMean, catalogue.ClockSame)
	return &catalogue.Denominator{Table: table, Series: series, Clock: clock}, err
}

func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return v, nil
}

func numbers(args []string, n int, what string) ([]float64, error) {
	if len(args) != n {
		return nil, fmt.Errorf("want %s, found %q", what, strings.Join(args, " "))
	}
	out := make([]float64, n)
	for i, a := range args {
		var err error
		if out[i], err = number(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func positive(args []string) (float64, error) {
	v, err := numbers(args, 1, "one number above 0")
	if err != nil {
		return 0, err
	}
	if v[0] <= 0 {
		return 0, fmt.Errorf("want a number above 0, found %v", v[0])
	}
	return v[0], nil
}

func smallNumbers(args []string) (catalogue.SmallNumbers, error) {
	v, err := numbers(args, 3, "the least numerator, the least denominator and the years pooled")
	if err != nil {
		return catalogue.SmallNumbers{}, err
	}
	if v[2] != 1 && v[2] != 3 && v[2] != 5 {
		return catalogue.SmallNumbers{}, fmt.Errorf("years pooled are 1, 3 or 5, not %v", v[2])
	}
	return catalogue.SmallNumbers{MinNumerator: v[0], MinDenominator: v[1], PoolYears: int(v[2])}, nil
}

func limits(args []string) (catalogue.Limits, error) {
	v, err := numbers(args, 2, "the lower and the upper natural limit")
	if err != nil {
		return catalogue.Limits{}, err
	}
	return catalogue.Limits{Lower: &v[0], Upper: &v[1]}, nil
}
