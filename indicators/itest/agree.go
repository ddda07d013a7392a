package itest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// agreement is the block of agree: who is judged, from when, and how.
type agreement struct {
	state *state
	a     catalogue.Agreement
	goal  catalogue.GoalIndicator
}

func newAgreement(s *state, args []string) (block, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("want agree REGION …, the municipalities of the agreement")
	}
	b := &agreement{state: s, a: catalogue.Agreement{ID: agreementID, Baseline: catalogue.Baseline{Year: indicators.DefaultBaseline}}}
	b.goal.Role, b.goal.Judgement.Method, b.goal.Target.Kind = catalogue.Lead, catalogue.JudgeTrend, catalogue.NotAgreed
	for _, code := range args {
		m, err := regions.Default().Municipality(code)
		if err != nil {
			return nil, err
		}
		if slices.Contains(b.a.Codes(), code) {
			return nil, fmt.Errorf("municipality %s comes twice", code)
		}
		b.a.Municipalities = append(b.a.Municipalities, catalogue.Member{Code: m.Code, Name: m.NameNB})
	}
	return b, nil
}

func (b *agreement) add(fields []string) (err error) {
	args := fields[1:]
	switch fields[0] {
	case "baseline":
		b.a.Baseline.Year, err = year(args)
	case "signed":
		b.a.Period.Signed = catalogue.Date(strings.Join(args, " "))
		if _, ok := b.a.Period.Signed.Time(); !ok {
			err = fmt.Errorf("%q is no date such as 2025-05-12", strings.Join(args, " "))
		}
	case "method":
		b.goal.Judgement.Method, err = one(args, catalogue.JudgeTrend, catalogue.JudgeTarget, catalogue.JudgeComparison, catalogue.JudgeMilestone, catalogue.JudgeRubric)
	case "role":
		b.goal.Role, err = one(args, catalogue.Lead, catalogue.Support, catalogue.ContextRole)
	case "target":
		b.goal.Target, err = target(args)
	default:
		err = fmt.Errorf("unknown field %q of an agreement; known are baseline, signed, method, role and target", fields[0])
	}
	return err
}

func (b *agreement) end() error {
	b.state.agreement, b.state.goal, b.state.derived = &b.a, b.goal, nil
	return nil
}

func year(args []string) (int, error) {
	if len(args) != 1 {
		return 0, fmt.Errorf("want one year, found %q", strings.Join(args, " "))
	}
	y, err := strconv.Atoi(args[0])
	if err != nil || y < 1 || y > maxYear {
		return 0, fmt.Errorf("%q is no year", args[0])
	}
	return y, nil
}

// target reads a target: none, path YEAR:VALUE …, threshold YEAR:VALUE, range
// LOWER UPPER YEAR or hold TOLERANCE YEAR.
func target(args []string) (t catalogue.Target, err error) {
	if len(args) == 0 {
		return t, fmt.Errorf("want target none, path, threshold, range or hold")
	}
	kind, args := args[0], args[1:]
	switch kind {
	case "none":
		t.Kind = catalogue.NotAgreed
		return t, nil
	case "path", "threshold":
		t.Kind = catalogue.TargetKind(kind)
		if t.Points, err = points(args); err == nil && kind == "threshold" && len(t.Points) != 1 {
			err = fmt.Errorf("a threshold has one YEAR:VALUE")
		}
		return t, err
	case "range":
		v, err := numbers(args, 3, "range LOWER UPPER YEAR")
		if err != nil {
			return t, err
		}
		t.Kind, t.Lower, t.Upper, t.Year = catalogue.RangeTarget, &v[0], &v[1], int(v[2])
		return t, nil
	case "hold":
		v, err := numbers(args, 2, "hold TOLERANCE YEAR")
		if err != nil {
			return t, err
		}
		t.Kind, t.Tolerance, t.Year = catalogue.HoldTarget, &v[0], int(v[1])
		return t, nil
	}
	return t, fmt.Errorf("unknown target %q; known are none, path, threshold, range and hold", kind)
}

func points(args []string) ([]catalogue.TargetPoint, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("want YEAR:VALUE …, such as 2028:25")
	}
	var out []catalogue.TargetPoint
	for _, a := range args {
		y, v, ok := strings.Cut(a, ":")
		if !ok {
			return nil, fmt.Errorf("%q is no YEAR:VALUE", a)
		}
		at, err := year([]string{y})
		if err != nil {
			return nil, err
		}
		value, err := number(v)
		if err != nil {
			return nil, err
		}
		out = append(out, catalogue.TargetPoint{Year: at, Value: value})
	}
	return out, nil
}

// compare is the block of compare: how comparison groups are made. The
// municipality itself, the agreement's others and those without figures are kept
// out, nobody else.
type compare struct {
	state *state
	rule  catalogue.Comparison
}

func newCompare(s *state, args []string) (block, error) {
	v, err := numbers(args, 1, "compare K, the number of municipalities in a group")
	if err != nil {
		return nil, err
	}
	if v[0] != float64(int(v[0])) || v[0] < 1 || v[0] > 357 {
		return nil, fmt.Errorf("a group has 1 to 357 municipalities, not %v", v[0])
	}
	return &compare{s, catalogue.Comparison{ID: "default", Version: "test", K: int(v[0]), Exclusions: []catalogue.Exclusion{
		{Rule: catalogue.ExcludeSelf}, {Rule: catalogue.ExcludePilot}, {Rule: catalogue.ExcludeGap},
	}}}, nil
}

func (c *compare) add(fields []string) error {
	if fields[0] != "covariate" || len(fields) < 4 {
		return fmt.Errorf("want covariate INDICATOR FROM TO [growth] [log]")
	}
	x := catalogue.Covariate{ID: strings.Join(fields[1:], "-"), Indicator: fields[1], Stat: catalogue.StatMean, Weight: 1}
	if c.state.indicator(x.Indicator) == nil {
		return fmt.Errorf("no indicator %q", x.Indicator)
	}
	var err error
	if x.From, err = year(fields[2:3]); err != nil {
		return err
	}
	if x.To, err = year(fields[3:4]); err != nil {
		return err
	}
	if x.To < x.From {
		return fmt.Errorf("the years %d to %d are none", x.From, x.To)
	}
	for _, f := range fields[4:] {
		switch f {
		case "growth":
			x.Stat = catalogue.StatGrowth
		case "log":
			x.Transform = catalogue.LogTransform
		default:
			return fmt.Errorf("unknown %q; known are growth and log", f)
		}
	}
	c.rule.Covariates = append(c.rule.Covariates, x)
	return nil
}

func (c *compare) end() error {
	if len(c.rule.Covariates) == 0 {
		return fmt.Errorf("a comparison group needs a covariate")
	}
	c.state.comparison, c.state.derived = &c.rule, nil
	return nil
}
