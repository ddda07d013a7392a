package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/bygdevekst/bygdevekst/analysis/evaluate"
	"github.com/bygdevekst/bygdevekst/data"
)

// EvaluateCmd estimates an effect on a panel the user brings.
type EvaluateCmd struct {
	Data   string `help:"CSV file with a row for each unit and period." required:"" placeholder:"FILE"`
	Spec   string `help:"JSON file that says what to estimate and how; see docs/evaluate.md." required:"" placeholder:"FILE"`
	Format string `help:"json or text." enum:"json,text" default:"json"`
	Chart  string `help:"Also draw observed against counterfactual to this SVG file." placeholder:"FILE"`
}

// Help is printed by «bygdevekst evaluate --help».
func (EvaluateCmd) Help() string {
	return `Methods: sc, sc-outcome, sc-demeaned, sc-penalised, sc-ridge, sdid, did,
did-matched, att-gt. The fields of the specification and of the result are in
docs/evaluate.md. No archive, no release and no network is used.

Examples:
  bygdevekst evaluate --data panel.csv --spec spec.json
  bygdevekst evaluate --data panel.csv --spec spec.json --format text --chart out.svg`
}

// Run evaluates.
func (c *EvaluateCmd) Run(a *app) error {
	text, err := os.ReadFile(c.Spec)
	if err != nil {
		return unreadable("--spec", err)
	}
	spec, err := evaluate.ParseSpec(text)
	if err != nil {
		return evaluateError(c.Spec, err)
	}
	f, err := os.Open(c.Data)
	if err != nil {
		return unreadable("--data", err)
	}
	defer f.Close()
	r, err := evaluate.Run(a.ctx, spec, f, codeVersion())
	if err != nil {
		return evaluateError(c.Data, err)
	}
	if c.Chart != "" {
		if err := chartFile(c.Chart, c.Data, r); err != nil {
			return err
		}
	}
	if c.Format == "text" {
		return r.WriteText(a.stdout)
	}
	return r.WriteJSON(a.stdout)
}

func unreadable(flag string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return data.Errorf(data.EINVALID, "evaluate: %s: %w; give the path of a file", flag, err)
	}
	return fmt.Errorf("evaluate: %s: %w", flag, err)
}

// evaluateError makes what the user can mend a wrong input.
func evaluateError(path string, err error) error {
	for _, sentinel := range []error{evaluate.ErrSpec, evaluate.ErrData, evaluate.ErrMethod} {
		if errors.Is(err, sentinel) {
			return data.Errorf(data.EINVALID, "evaluate: %s: %w", path, err)
		}
	}
	return fmt.Errorf("evaluate: %w", err)
}
