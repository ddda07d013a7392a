package itest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// evaluation is the block of eval: one row, and what is expected of it.
type evaluation struct {
	what string
	row  reflect.Value // The zero Value when there is none.
	kind reflect.Type
}

func newEvaluation(s *state, args []string) (block, error) {
	usage := fmt.Errorf("want eval value|group INDICATOR REGION YEAR [WINDOW], or eval change|trend|comparison|attainment INDICATOR REGION")
	if len(args) < 3 {
		return nil, usage
	}
	table, key := args[0], key{indicator: args[1], region: args[2], window: 1}
	rest := args[3:]
	yearly := table == "value" || table == "group"
	switch {
	case yearly && (len(rest) < 1 || len(rest) > 2), !yearly && len(rest) > 0:
		return nil, usage
	case s.indicator(key.indicator) == nil:
		return nil, fmt.Errorf("no indicator %q; define it, or take one of the catalogue", key.indicator)
	}
	if yearly {
		var err error
		if key.year, err = year(rest[:1]); err != nil {
			return nil, err
		}
		if len(rest) == 2 {
			if key.window, err = strconv.Atoi(rest[1]); err != nil {
				return nil, fmt.Errorf("%q is no window; windows are 1, 3 and 5 years", rest[1])
			}
		}
	}
	c, err := s.content()
	if err != nil {
		return nil, err
	}
	e := &evaluation{what: strings.Join(args, " ")}
	switch table {
	case "value":
		pick(e, c.Values, func(v cube.Value) bool { return key.is(v.Indicator, v.Region, v.Year, v.Window) })
	case "group":
		pick(e, c.GroupValues, func(v cube.GroupValue) bool { return key.is(v.Indicator, v.Region, v.Year, v.Window) })
	case "change":
		pick(e, c.Changes, func(v cube.Change) bool { return key.of(v.Indicator, v.Region) })
	case "trend":
		pick(e, c.Trends, func(v cube.Trend) bool { return key.of(v.Indicator, v.Region) })
	case "comparison":
		pick(e, c.Comparisons, func(v cube.Comparison) bool { return key.of(v.Indicator, v.Region) })
	case "attainment":
		pick(e, c.Attainments, func(v cube.Attainment) bool { return key.of(v.Indicator, v.Region) })
	default:
		return nil, usage
	}
	return e, nil
}

type key struct {
	indicator, region string
	year, window      int
}

func (k key) of(indicator, region string) bool { return k.indicator == indicator && k.region == region }

func (k key) is(indicator, region string, year, window int32) bool {
	return k.of(indicator, region) && k.year == int(year) && k.window == int(window)
}

func pick[T any](e *evaluation, rows []T, match func(T) bool) {
	e.kind = reflect.TypeFor[T]()
	if i := slices.IndexFunc(rows, match); i >= 0 {
		e.row = reflect.ValueOf(rows[i])
	}
}

func (e *evaluation) add(fields []string) error { _, err := e.expect(fields); return err }

func (e *evaluation) end() error { return nil }

// expect checks one line and returns how many expectations it held.
func (e *evaluation) expect(fields []string) (int, error) {
	name, want := fields[0], strings.Join(fields[1:], " ")
	switch {
	case name == "absent" && want == "":
		if e.row.IsValid() {
			return 0, fmt.Errorf("%s: there is a row, expected none", e.what)
		}
		return 1, nil
	case !e.row.IsValid():
		return 0, fmt.Errorf("%s: no such row", e.what)
	case name == "interval":
		return e.interval(fields[1:])
	}
	return 1, e.field(name, want)
}

func (e *evaluation) interval(limits []string) (int, error) {
	if len(limits) != 2 {
		return 0, fmt.Errorf("want interval LOWER UPPER")
	}
	if err := e.field("lower", limits[0]); err != nil {
		return 0, err
	}
	return 2, e.field("upper", limits[1])
}

// field compares one column.
func (e *evaluation) field(name, want string) error {
	i := e.column(name)
	if i < 0 {
		return fmt.Errorf("%s: no column %q; there are %s", e.what, name, strings.Join(e.columns(), ", "))
	}
	switch v := e.row.Field(i).Interface().(type) {
	case cube.Float:
		return e.number(name, v, want)
	case data.Status:
		if want == "ok" {
			want = ""
		}
		return e.text(name, string(v), want)
	default:
		return e.text(name, fmt.Sprint(v), want)
	}
}

func (e *evaluation) text(name, got, want string) error {
	if want == "none" && got == "" {
		return nil
	}
	if got != want {
		return fmt.Errorf("%s: %s is %q, expected %q", e.what, name, got, want)
	}
	return nil
}

// number compares at the decimals written.
func (e *evaluation) number(name string, got cube.Float, want string) error {
	if want == "none" {
		if got.OK() {
			return fmt.Errorf("%s: %s is %v, expected none", e.what, name, got)
		}
		return nil
	}
	w, err := number(want)
	if err != nil {
		return err
	}
	decimals := 0
	if _, fraction, ok := strings.Cut(want, "."); ok {
		decimals = len(fraction)
	}
	// A hair more than half a unit, so that a rounded half is right either way.
	tolerance := math.Pow10(-decimals) * (0.5 + 1e-6)
	if !got.OK() || math.Abs(float64(got)-w) > tolerance {
		return fmt.Errorf("%s: %s is %s, expected %s", e.what, name, shown(got), want)
	}
	return nil
}

func shown(f cube.Float) string {
	if !f.OK() {
		return "none"
	}
	return strconv.FormatFloat(float64(f), 'g', 8, 64)
}

func (e *evaluation) column(name string) int { return slices.Index(e.columns(), name) }

// columns are the names of the row's fields as a release has them.
func (e *evaluation) columns() []string {
	names := make([]string, e.kind.NumField())
	for i := range names {
		names[i] = snake(e.kind.Field(i).Name)
	}
	return names
}

// snake writes DiffLower as diff_lower and UNRatio as un_ratio.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
