package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// problem is a specification applied to a file: a balanced panel, who is treated
// from which column, who may be a donor, and the predictor values.
type problem struct {
	spec  *Spec
	panel *panel.Panel
	times []Moment // One per panel column.
	// treated and donors are panel rows; starts are the first treated columns of treated.
	treated, starts, donors []int
	// x and train are predictor values, predictors by panel rows.
	x, train [][]float64
	flags    []string
}

// selection is a problem before the panel is made: rows and columns of the frame.
type selection struct {
	*frame
	spec     *Spec
	columns  []int
	treated  []int
	starts   []int // Frame columns.
	excluded []int
	donors   []int
	flags    []string
}

func newProblem(f *frame, s *Spec) (*problem, error) {
	sel := &selection{frame: f, spec: s}
	for _, step := range []func() error{sel.selectColumns, sel.selectUnits, sel.checkStarts, sel.checkOutcomes, sel.checkCovariates} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	x, err := sel.predictors("predictors", s.Predictors)
	if err != nil {
		return nil, err
	}
	var train [][]float64
	if s.Train != nil {
		if train, err = sel.predictors("train.predictors", s.Train.Predictors); err != nil {
			return nil, err
		}
	}
	sizes, err := sel.sizes()
	if err != nil {
		return nil, err
	}
	if len(sel.donors) == 0 && s.Method != "att-gt" {
		return nil, fmt.Errorf("%w: no donor is left: %s", ErrData, strings.Join(append(sel.flags, "every unit is treated, excluded or left out; widen donors or periods"), "; "))
	}
	return sel.problem(x, train, sizes)
}

func (s *selection) flag(format string, args ...any) {
	s.flags = append(s.flags, fmt.Sprintf(format, args...))
}

// selectColumns takes the periods of the window in which any unit has an outcome.
func (s *selection) selectColumns() error {
	y := s.values[s.spec.Outcome]
	inside := false
	for j, m := range s.times {
		if !s.spec.Periods.contains(m.Value) {
			continue
		}
		inside = true
		if slices.ContainsFunc(y, func(row []float64) bool { return !math.IsNaN(row[j]) }) {
			s.columns = append(s.columns, j)
		} else {
			s.flag("period %s left out: no unit has %q then", m.Label, s.spec.Outcome)
		}
	}
	switch {
	case !inside:
		return specErrorf("periods", "%s holds no period of the data, which has %s to %s", s.spec.Periods, s.times[0].Label, s.times[len(s.times)-1].Label)
	case len(s.columns) == 0:
		return specErrorf("outcome", "column %q is empty in every period of %s", s.spec.Outcome, s.spec.Periods)
	}
	return nil
}

// row finds a unit by its text, or by its number when both are numbers (17 and 17.0).
func (s *selection) row(path, name string) (int, error) {
	if i := slices.Index(s.units, name); i >= 0 {
		return i, nil
	}
	if want, err := strconv.ParseFloat(name, 64); err == nil {
		for i, u := range s.units {
			if got, err := strconv.ParseFloat(u, 64); err == nil && got == want {
				return i, nil
			}
		}
	}
	return 0, specErrorf(path, "unit %q is not in column %q; it has %s", name, s.spec.Unit, some(s.units))
}

// some lists the first few names.
func some(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func (s *selection) rowsOf(path string, names []string) ([]int, error) {
	var out []int
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		row, err := s.row(at, name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, row) {
			return nil, specErrorf(at, "%q is given twice", name)
		}
		out = append(out, row)
	}
	return out, nil
}

// selectUnits settles who is treated from when, and who may be a donor.
func (s *selection) selectUnits() error {
	var err error
	if s.excluded, err = s.rowsOf("exclude", s.spec.Exclude); err != nil {
		return err
	}
	if s.spec.Treatment != "" {
		err = s.treatedByColumn()
	} else {
		err = s.treatedByName()
	}
	if err != nil {
		return err
	}
	candidates, err := s.rowsOf("donors", s.spec.Donors)
	if err != nil {
		return err
	}
	if s.spec.Donors == nil {
		candidates = make([]int, len(s.units))
		for i := range candidates {
			candidates[i] = i
		}
	}
	for _, i := range candidates {
		switch {
		case slices.Contains(s.treated, i) && s.spec.Donors != nil:
			return specErrorf("donors", "unit %q is treated; remove it", s.units[i])
		case !slices.Contains(s.treated, i) && !slices.Contains(s.excluded, i):
			s.donors = append(s.donors, i)
		}
	}
	return nil
}

func (s *selection) treatedByName() error {
	var err error
	if s.treated, err = s.rowsOf("treated", s.spec.Treated); err != nil {
		return err
	}
	start := s.find(s.spec.Start.Value)
	if start < 0 || !slices.Contains(s.columns, start) {
		return specErrorf("start", "period %s is not among the periods used, %s; give the first treated period as the data writes it",
			s.spec.Start.Label, s.used())
	}
	for range s.treated {
		s.starts = append(s.starts, start)
	}
	return nil
}

func (s *selection) used() string {
	return s.times[s.columns[0]].Label + " to " + s.times[s.columns[len(s.columns)-1]].Label
}

// treatedByColumn reads starts from the 0/1 column; treatment must last.
func (s *selection) treatedByColumn() error {
	for i, u := range s.units {
		if slices.Contains(s.excluded, i) {
			continue
		}
		start, err := s.firstTreated(i)
		switch {
		case err != nil:
			return err
		case start == s.columns[0]:
			s.flag("unit %s left out: treated already in the first period used, %s", u, s.times[start].Label)
			s.excluded = append(s.excluded, i)
		case start >= 0:
			s.treated, s.starts = append(s.treated, i), append(s.starts, start)
		}
	}
	if len(s.treated) == 0 {
		return specErrorf("treatment", "column %q gives no unit an untreated and then a treated period in %s; it must hold 0 before treatment and 1 from its start", s.spec.Treatment, s.used())
	}
	return nil
}

func (s *selection) firstTreated(i int) (int, error) {
	start := -1
	for _, j := range s.columns {
		if s.rows[i][j] == 0 {
			continue
		}
		v := s.values[s.spec.Treatment][i][j]
		where := fmt.Sprintf("row %d, column %q (unit %q, period %s)", s.rows[i][j], s.spec.Treatment, s.units[i], s.times[j].Label)
		switch {
		case math.IsNaN(v):
			return 0, dataErrorf("%s: the treatment is missing; write 0 or 1", where)
		case v != 0 && v != 1:
			return 0, dataErrorf("%s: %v is neither 0 nor 1", where, v)
		case v == 1 && start < 0:
			start = j
		case v == 0 && start >= 0:
			return 0, dataErrorf("%s: the treatment ends after having begun in %s; only lasting treatments can be evaluated, so leave out the later periods or the unit", where, s.times[start].Label)
		}
	}
	return start, nil
}

func (s *selection) checkStarts() error {
	for _, start := range s.starts {
		if start == s.columns[0] {
			return specErrorf("start", "%s is the first period used, so nothing is seen before treatment; begin periods earlier", s.times[start].Label)
		}
	}
	return nil
}

// checkOutcomes drops donors with a missing outcome and refuses treated ones.
func (s *selection) checkOutcomes() error {
	return s.complete("outcome", s.spec.Outcome)
}

// checkCovariates demands covariates in every period, but those only matched on
// in some period before treatment.
func (s *selection) checkCovariates() error {
	if s.spec.Method == "did-matched" || s.spec.Method == "sc-ridge" {
		for k, name := range s.spec.Covariates {
			if err := s.keep(func(i int) string {
				if math.IsNaN(s.mean(name, i, s.preperiod())) {
					return fmt.Sprintf("covariates[%d]: column %q is missing in all of %s", k, name, s.preperiod())
				}
				return ""
			}); err != nil {
				return err
			}
		}
		return nil
	}
	for k, name := range s.spec.Covariates {
		if err := s.complete(fmt.Sprintf("covariates[%d]", k), name); err != nil {
			return err
		}
	}
	return nil
}

// complete demands a value in every period used.
func (s *selection) complete(path, column string) error {
	return s.keep(func(i int) string {
		var gaps []string
		row := 0
		for _, j := range s.columns {
			if math.IsNaN(s.values[column][i][j]) {
				gaps, row = append(gaps, s.times[j].Label), max(row, s.rows[i][j])
			}
		}
		switch {
		case len(gaps) == 0:
			return ""
		case row > 0:
			return fmt.Sprintf("%s: column %q is missing in %s (row %d)", path, column, some(gaps), row)
		default:
			return fmt.Sprintf("%s: column %q has no row for %s", path, column, some(gaps))
		}
	})
}

// keep applies a reason to leave a unit out: donors are dropped and named. A
// treated unit that the specification names is an error; of those a treatment
// column gives, some may be dropped and named, but not all.
func (s *selection) keep(reason func(i int) string) error {
	var treated, starts []int
	var first error
	for k, i := range s.treated {
		why := reason(i)
		switch {
		case why == "":
			treated, starts = append(treated, i), append(starts, s.starts[k])
			continue
		case first == nil:
			first = fmt.Errorf("%w: treated unit %q: %s; a treated unit needs every value: fill it in, narrow periods or remove the unit", ErrData, s.units[i], why)
		}
		if s.spec.Treatment == "" {
			return first
		}
		s.flag("treated unit %s left out: %s", s.units[i], why)
	}
	if len(treated) == 0 {
		return first
	}
	s.treated, s.starts = treated, starts
	kept := s.donors[:0]
	for _, i := range s.donors {
		if why := reason(i); why != "" {
			s.flag("donor %s left out: %s", s.units[i], why)
			continue
		}
		kept = append(kept, i)
	}
	s.donors = kept
	return nil
}

// preperiod is the window that predictors without one are averaged over: the
// periods used before the first unit is treated.
func (s *selection) preperiod() Window {
	first := slices.Min(s.starts)
	last := s.columns[slices.Index(s.columns, first)-1]
	return Window{From: &s.times[s.columns[0]], To: &s.times[last]}
}

// window fills the open ends of a window with those of the pre-period; an end
// that alone is given stands.
func (s *selection) window(w Window) Window {
	pre := s.preperiod()
	if w.From == nil {
		w.From = pre.From
	}
	if w.To == nil {
		w.To = pre.To
	}
	return w
}

// predictors averages each predictor over the periods of its window in which it
// is present, for every unit of the frame. Windows may reach outside periods.
func (s *selection) predictors(path string, list []Predictor) ([][]float64, error) {
	first := s.times[slices.Min(s.starts)].Value
	out := nanMatrix(len(list), len(s.units))
	for k, p := range list {
		at := fmt.Sprintf("%s[%d]", path, k)
		w := s.window(p.Window)
		if !slices.ContainsFunc(s.times, func(m Moment) bool { return w.contains(m.Value) }) {
			return nil, specErrorf(at, "%s holds no period of the data, which has %s to %s", w, s.times[0].Label, s.times[len(s.times)-1].Label)
		}
		if w.To.Value > first-sameMoment {
			s.flag("%s: %q is taken from %s, which reaches into treatment", at, p.Column, w)
		}
		for i := range s.units {
			out[k][i] = s.mean(p.Column, i, w)
		}
		if err := s.keep(func(i int) string {
			if math.IsNaN(out[k][i]) {
				return fmt.Sprintf("%s: column %q is missing in all of %s", at, p.Column, w)
			}
			return ""
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mean is the average over the present cells of a window, NaN when there is none.
func (s *selection) mean(column string, i int, w Window) float64 {
	sum, n := 0.0, 0.0
	for j, m := range s.times {
		if v := s.values[column][i][j]; w.contains(m.Value) && !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

// sizes are the means of the size column before treatment.
func (s *selection) sizes() ([]float64, error) {
	if s.spec.Size == "" {
		return nil, nil
	}
	out := make([]float64, len(s.units))
	for i := range out {
		out[i] = s.mean(s.spec.Size, i, s.preperiod())
	}
	return out, s.keep(func(i int) string {
		if !(out[i] > 0) {
			return fmt.Sprintf("size: column %q has no positive number before treatment", s.spec.Size)
		}
		return ""
	})
}

// problem makes the balanced panel: treated rows first, then donors.
func (s *selection) problem(x, train [][]float64, sizes []float64) (*problem, error) {
	rows := append(slices.Clone(s.treated), s.donors...)
	p := &problem{spec: s.spec, flags: s.flags, x: pick(x, rows), train: pick(train, rows)}
	q := &panel.Panel{Y: s.matrix(s.spec.Outcome, rows)}
	for _, j := range s.columns {
		p.times = append(p.times, s.times[j])
		q.Times = append(q.Times, s.times[j].Value)
	}
	for a, i := range rows {
		q.Units = append(q.Units, s.units[i])
		if sizes != nil {
			q.Size = append(q.Size, sizes[i])
		}
		if a >= len(s.treated) {
			p.donors = append(p.donors, a)
			continue
		}
		p.treated = append(p.treated, a)
		p.starts = append(p.starts, slices.Index(s.columns, s.starts[a]))
	}
	if len(s.spec.Covariates) > 0 {
		q.Covariates = map[string]*mat.Dense{}
		for _, name := range s.spec.Covariates {
			q.Covariates[name] = s.matrix(name, rows)
		}
	}
	if err := q.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	p.panel = q
	return p, nil
}

func (s *selection) matrix(column string, rows []int) *mat.Dense {
	m := mat.NewDense(len(rows), len(s.columns), nil)
	for a, i := range rows {
		for b, j := range s.columns {
			m.Set(a, b, s.values[column][i][j])
		}
	}
	return m
}

func pick(x [][]float64, rows []int) [][]float64 {
	out := make([][]float64, len(x))
	for k := range x {
		for _, i := range rows {
			out[k] = append(out[k], x[k][i])
		}
	}
	return out
}
