// Package itest is a small language for testing indicators: load figures, define
// or borrow an indicator, expect values, intervals, statuses and verdicts. What
// runs is the whole derivation of a release, on the figures of the test alone.
//
//	# Comments begin with a hash.
//	load 06913/population
//	  3425 2022: 1253 1328 1361 1326 1287
//	load 06913/net_migration
//	  3425 2022: 91 41 -25 -30
//
//	eval value net-migration-rate 3425 2025
//	  value    -22.96
//	  status   ok
//	eval change net-migration-rate 3425
//	  baseline 26.89
//
// Commands stand at the start of a line, what belongs to them is indented.
//
//	clear                            forget all that was loaded and defined
//	load TABLE/SERIES                REGION PERIOD: VALUE …, a value a period from the first on;
//	                                 . .. : are statuses, _ is no figure at all
//	define INDICATOR                 kind, numerator, denominator, gross, internal, scale, annual,
//	                                 polarity, small_numbers, limits; one not defined is the catalogue's
//	agree REGION …                   baseline, signed, method, role, target; the agreement's id is avtale
//	compare K                        covariate INDICATOR FROM TO [growth] [log]; the K nearest are the group
//	eval value INDICATOR REGION YEAR [WINDOW]
//	eval group INDICATOR REGION YEAR [WINDOW]
//	eval change|trend|comparison|attainment INDICATOR REGION
//
// Under eval each line is an expectation: a column of the row, as it is named in a
// release, and its value. A number is compared at as many decimals as are written;
// none is a missing number. «interval L U» is short for lower and upper, «absent»
// expects that there is no such row.
package itest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// maxFailures bounds the report of one file.
const maxFailures = 50

// Run runs a test file. It returns the number of expectations that were met or,
// joined, every one that was not as `path:line: message`. A file that cannot be
// read on is reported at the line where reading stopped.
func Run(path string, body []byte) (expectations int, err error) {
	r := &runner{path: path, state: newState()}
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && len(r.failures) < maxFailures {
		r.line++
		if !indented(lines.Text()) {
			if err := r.finish(); err != nil {
				return r.met, r.fail(r.opened, err)
			}
		}
		if err := r.read(lines.Text()); err != nil {
			return r.met, r.fail(r.line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return r.met, r.fail(r.line+1, err)
	}
	if err := r.finish(); err != nil {
		return r.met, r.fail(r.opened, err)
	}
	if len(r.failures) == 0 && r.met == 0 {
		return 0, r.fail(r.line, errors.New("nothing is expected; write eval and what it should give"))
	}
	return r.met, errors.Join(r.failures...)
}

// runner reads a file line by line.
type runner struct {
	path     string
	line     int
	state    *state
	block    block
	opened   int // The line of the block's command.
	met      int
	failures []error
}

// block takes the indented lines of a command.
type block interface {
	// add takes one line's fields.
	add(fields []string) error
	// end is called when the block is whole.
	end() error
}

// fail joins an error that ends the reading to the failures so far.
func (r *runner) fail(line int, err error) error {
	return errors.Join(append(r.failures, r.at(line, err))...)
}

func (r *runner) at(line int, err error) error {
	return data.Errorf(data.EINVALID, "%s:%d: %w", r.path, line, err)
}

// read takes one line.
func (r *runner) read(line string) error {
	text, _, _ := strings.Cut(line, "#")
	fields := strings.Fields(text)
	switch {
	case len(fields) == 0:
		return nil
	case !indented(line):
		r.opened = r.line
		return r.command(fields)
	case r.block == nil:
		return errors.New("an indented line belongs to a command above it, and there is none")
	}
	return r.expectOrAdd(fields)
}

// indented reports whether a line belongs to the command above it, as blank lines
// and comments do.
func indented(line string) bool {
	text := strings.TrimLeft(line, " \t")
	return text == "" || text[0] == '#' || len(text) < len(line)
}

// finish ends the open block. An error is that of the whole block.
func (r *runner) finish() error {
	if r.block == nil {
		return nil
	}
	b := r.block
	r.block = nil
	return b.end()
}

func (r *runner) expectOrAdd(fields []string) error {
	e, ok := r.block.(*evaluation)
	if !ok {
		return r.block.add(fields)
	}
	n, err := e.expect(fields)
	if err != nil {
		r.failures = append(r.failures, r.at(r.line, err))
		return nil
	}
	r.met += n
	return nil
}

func (r *runner) command(fields []string) error {
	args := fields[1:]
	var err error
	switch fields[0] {
	case "clear":
		r.state = newState()
	case "load":
		r.block, err = newLoad(r.state, args)
	case "define":
		r.block, err = newDefinition(r.state, args)
	case "agree":
		r.block, err = newAgreement(r.state, args)
	case "compare":
		r.block, err = newCompare(r.state, args)
	case "eval":
		r.block, err = newEvaluation(r.state, args)
	default:
		err = fmt.Errorf("unknown command %q; known are clear, load, define, agree, compare and eval", fields[0])
	}
	return err
}

// content derives the release of the figures loaded so far.
func (s *state) content() (cube.Content, error) {
	if s.derived != nil {
		return *s.derived, nil
	}
	in, err := s.input()
	if err != nil {
		return cube.Content{}, err
	}
	c, err := derive(context.Background(), in)
	if err != nil {
		return cube.Content{}, err
	}
	s.derived = &c
	return c, nil
}
