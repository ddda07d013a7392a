package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bygdevekst/bygdevekst/analysis/evaluate"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Evaluation is an estimate made on request. It is exploration: only what a
// registered design says beforehand can confirm anything.
type Evaluation struct {
	Envelope
	Indicator string          `json:"indicator"`
	Unit      string          `json:"unit"`
	From      int             `json:"from,omitempty" doc:"First year used, that of the registered design; left out when the request gave periods."`
	Excluded  []string        `json:"excluded" doc:"Municipalities kept out by the rules of comparison groups; empty when donors or exclude were given."`
	Result    json.RawMessage `json:"result" doc:"As «bygdevekst evaluate» answers: method, estimate, weights, time_weights, v, fit, inference, donors, seed, version."`
}

// EvaluationSpec describes the body of a request. It is read by package
// evaluate, which names the field that is wrong.
type EvaluationSpec struct {
	_            struct{}          `json:"-" additionalProperties:"true"`
	Outcome      string            `json:"outcome" doc:"Indicator id." example:"net-migration-rate"`
	Treated      []string          `json:"treated" doc:"Municipality codes; an agreement's id stands for its municipalities." example:"[\"innlandet\"]"`
	Start        int               `json:"start" doc:"First treated year." example:"2025"`
	Method       string            `json:"method" enum:"sc,sc-outcome,sc-demeaned,sc-penalised,sc-ridge,sdid,did,did-matched" example:"sdid"`
	Donors       []string          `json:"donors,omitempty" doc:"Municipality codes. Without donors and exclude: every municipality with figures that the rules of comparison groups let in."`
	Exclude      []string          `json:"exclude,omitempty" doc:"Municipality codes taken out."`
	Periods      *EvaluationWindow `json:"periods,omitempty" doc:"Years used. Without it: from the first year of the registered design to the newest."`
	Size         string            `json:"size,omitempty" doc:"Indicator id of the size placebos are adjusted for." example:"population"`
	Inference    []string          `json:"inference,omitempty" enum:"placebo-space,placebo-time,leave-one-out,leave-two-out,conformal,t-test,placebo-se,jackknife,bootstrap"`
	Replications int               `json:"replications,omitempty" maximum:"1000"`
	Seed         uint64            `json:"seed,omitempty"`
	Level        float64           `json:"level,omitempty"`
}

// EvaluationWindow is a closed run of years.
type EvaluationWindow struct {
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
}

const (
	// maxSpec is the largest specification read: some 400 codes in two lists.
	maxSpec = 16 << 10
	// evaluationTime is how long an evaluation may take. Most take well under a
	// second; a V search over every placebo does not and belongs to the command line.
	evaluationTime = 5 * time.Second
	// evaluating is how many run at once, waitingMost how many may wait.
	evaluating      = 1
	waitingMost     = 8
	mostReplicates  = 1000
	mostEvaluations = evaluating + waitingMost
)

// queue lets a few in at a time, keeps a few waiting, and turns the rest away.
type queue struct {
	slots chan struct{}
	in    atomic.Int32
}

var errBusy = errors.New("too many evaluations")

func (q *queue) do(ctx context.Context, f func() error) error {
	defer q.in.Add(-1)
	if q.in.Add(1) > mostEvaluations {
		return errBusy
	}
	select {
	case q.slots <- struct{}{}:
		defer func() { <-q.slots }()
		return f()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// EvaluateInput is a request for an evaluation.
type EvaluateInput struct {
	About
	RawBody []byte `contentType:"application/json"`
}

var (
	evaluationBusy = text{
		NB: "Det regnes på %d evalueringer allerede. Prøv igjen om noen sekunder, eller kjør «bygdevekst evaluate» selv.",
		NN: "Det blir rekna på %d evalueringar alt. Prøv igjen om nokre sekund, eller køyr «bygdevekst evaluate» sjølv.",
		EN: "%d evaluations are under way already. Try again in a few seconds, or run «bygdevekst evaluate» yourself.",
	}
	evaluationSlow = text{
		NB: "Evalueringen tok mer enn %s. Velg færre donorer, en raskere metode eller mindre inference, eller kjør «bygdevekst evaluate» selv.",
		NN: "Evalueringa tok meir enn %s. Vel færre donorar, ein raskare metode eller mindre inference, eller køyr «bygdevekst evaluate» sjølv.",
		EN: "The evaluation took more than %s. Choose fewer donors, a faster method or less inference, or run «bygdevekst evaluate» yourself.",
	}
	evaluationNoObject = text{
		NB: "den må være ett JSON-objekt, som {\"outcome\": …}",
		NN: "han må vere eitt JSON-objekt, som {\"outcome\": …}",
		EN: "it must be one JSON object, as in {\"outcome\": …}",
	}
	evaluationWrong = text{
		NB: "Spesifikasjonen kan ikke brukes: %s. Feltene står i /api#evaluate.",
		NN: "Spesifikasjonen kan ikkje brukast: %s. Felta står i /api#evaluate.",
		EN: "The specification cannot be used: %s. The fields are in /api#evaluate.",
	}
)

func (a *API) adHoc() {
	const id = "evaluate"
	text := operations[id]
	op := a.operation(id, "/evaluations", text)
	// Package evaluate checks the body, and names the field that is wrong.
	op.Method, op.MaxBodyBytes, op.SkipValidateBody = http.MethodPost, maxSpec, true
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusBadRequest)
	delete(op.Responses, "304")
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[EvaluationSpec](), true, "EvaluationSpec")
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonMedia: {Schema: schema}}}
	q := &queue{slots: make(chan struct{}, evaluating)}
	huma.Register(a.huma, op, func(ctx context.Context, in *EvaluateInput) (*answered[*Evaluation], error) {
		c := a.begin(ctx, in.About)
		c.head.Cache = "no-store"
		ctx, cancel := context.WithTimeout(ctx, evaluationTime)
		defer cancel()
		var out *Evaluation
		err := q.do(ctx, func() (err error) {
			out, err = c.evaluate(ctx, in.RawBody, a.opt.Version)
			return err
		})
		if err != nil {
			return nil, c.evaluationProblem(ctx, err)
		}
		return &answered[*Evaluation]{c.head, out}, nil
	})
	described := find(a.huma.OpenAPI(), op.Path, op.Method)
	// For a body that is read raw huma describes a string in place of what is given.
	for _, media := range described.RequestBody.Content {
		media.Schema = schema
	}
	a.texts = append(a.texts, documented{described, text})
}

func (c *call) evaluationProblem(ctx context.Context, err error) error {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, errBusy):
		busy := c.problem(http.StatusTooManyRequests, evaluationBusy, mostEvaluations)
		return huma.ErrorWithHeaders(busy, http.Header{"Retry-After": {strconv.Itoa(int(evaluationTime.Seconds()))}})
	case ctx.Err() != nil:
		return c.problem(http.StatusServiceUnavailable, evaluationSlow, evaluationTime)
	case errors.Is(err, evaluate.ErrSpec), errors.Is(err, evaluate.ErrData), errors.Is(err, evaluate.ErrMethod):
		return c.problem(http.StatusUnprocessableEntity, evaluationWrong, err)
	default:
		return err
	}
}

// Columns of the panel an evaluation is made on; indicators are the others.
const (
	unitColumn = "municipality"
	timeColumn = "year"
)

func (c *call) evaluate(ctx context.Context, body []byte, version string) (*Evaluation, error) {
	fields, err := c.specification(body)
	if err != nil {
		return nil, err
	}
	from := c.window(fields)
	excluded, err := c.population(fields)
	if err != nil {
		return nil, err
	}
	whole, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	spec, err := evaluate.ParseSpec(whole)
	if err != nil {
		return nil, err
	}
	if spec.Replications > mostReplicates {
		return nil, c.problem(http.StatusUnprocessableEntity, evaluationWrong, "replications: at most "+strconv.Itoa(mostReplicates))
	}
	panel, err := c.panel(spec)
	if err != nil {
		return nil, err
	}
	result, err := evaluate.Run(ctx, spec, panel, version)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return nil, err
	}
	return &Evaluation{c.envelope(), spec.Outcome, c.unit(spec.Outcome), from, excluded, raw}, nil
}

// specification reads the body as far as the release decides it: unit and time
// are ours.
func (c *call) specification(body []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(body, &fields)
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &other), err == nil && fields == nil:
		return nil, c.problem(http.StatusUnprocessableEntity, evaluationWrong, evaluationNoObject.In(c.lang))
	case err != nil:
		return nil, c.problem(http.StatusUnprocessableEntity, evaluationWrong, err)
	}
	for name, column := range map[string]string{"unit": unitColumn, "time": timeColumn} {
		if _, given := fields[name]; given {
			return nil, c.problem(http.StatusUnprocessableEntity, evaluationWrong, name+": leave it out, the release decides it")
		}
		fields[name], _ = json.Marshal(column)
	}
	return fields, nil
}

// window starts the panel where the registered design does, unless the request
// says otherwise: a few municipalities have figures for decades no donor has,
// and a donor must have them for every year. It returns 0 when the request did.
func (c *call) window(fields map[string]json.RawMessage) (from int) {
	if fields["periods"] != nil {
		return 0
	}
	treated, _ := codesIn(fields["treated"]) // ParseSpec says what is wrong with it.
	d := c.designOf(treated)
	if d == nil {
		return 0
	}
	fields["periods"], _ = json.Marshal(EvaluationWindow{From: d.Window.From})
	return d.Window.From
}

// designOf is the design of the first agreement among the treated, and the
// common one where there is none.
func (c *call) designOf(treated []string) *catalogue.Design {
	for _, id := range treated {
		if d := c.Catalogue.Design(id); d != nil {
			return d
		}
	}
	for i := range c.Catalogue.Designs {
		if d := &c.Catalogue.Designs[i]; d.Agreement == "" {
			return d
		}
	}
	return nil
}

// population replaces agreements among the treated by their municipalities, and
// keeps out whom the rules of comparison groups keep out unless the request
// itself says who may be a donor.
func (c *call) population(fields map[string]json.RawMessage) (excluded []string, err error) {
	treated, ok := codesIn(fields["treated"])
	if !ok {
		return []string{}, nil // ParseSpec says what is wrong with it.
	}
	codes := []string{}
	for _, id := range treated {
		if a := c.Catalogue.Agreement(id); a != nil {
			codes = append(codes, a.Codes()...)
			continue
		}
		if err := c.municipality(id); err != nil {
			return nil, err
		}
		codes = append(codes, id)
	}
	excluded = []string{}
	if fields["donors"] == nil && fields["exclude"] == nil {
		var outcome string
		_ = json.Unmarshal(fields["outcome"], &outcome) // ParseSpec says what is wrong with it.
		held := c.regionsWith(outcome)
		for _, code := range codes {
			for _, e := range c.Cube.Exclusions(code) {
				if slices.Contains(held, e.Peer) && !slices.Contains(codes, e.Peer) && !slices.Contains(excluded, e.Peer) {
					excluded = append(excluded, e.Peer)
				}
			}
		}
		slices.Sort(excluded)
		fields["exclude"], _ = json.Marshal(excluded)
	}
	fields["treated"], _ = json.Marshal(codes)
	return excluded, nil
}

// codesIn reads a list of municipalities as ParseSpec does: one name may stand
// alone, and a number is its digits. What is read otherwise than it is run would
// let in donors the rules keep out.
func codesIn(raw json.RawMessage) (codes []string, ok bool) {
	if len(raw) == 0 {
		return nil, false
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	for _, one := range list {
		var name string
		if json.Unmarshal(one, &name) != nil {
			var number json.Number
			if json.Unmarshal(one, &number) != nil {
				return nil, false
			}
			name = number.String()
		}
		if name == "" {
			return nil, false
		}
		codes = append(codes, name)
	}
	return codes, true
}

// panel writes the indicators a specification names as the panel it is run on.
func (c *call) panel(s *evaluate.Spec) (*bytes.Buffer, error) {
	columns := []string{s.Outcome}
	add := func(names ...string) {
		for _, n := range names {
			if n != "" && !slices.Contains(columns, n) {
				columns = append(columns, n)
			}
		}
	}
	add(s.Size)
	add(s.Covariates...)
	for _, p := range s.Predictors {
		add(p.Column)
	}
	if s.Train != nil {
		for _, p := range s.Train.Predictors {
			add(p.Column)
		}
	}
	first, last := 9999, 0
	for _, id := range columns {
		ind, err := c.indicator(id)
		if err != nil {
			return nil, err
		}
		f, l, ok := c.Cube.Years(id)
		if !ok {
			return nil, c.noFigures(ind)
		}
		first, last = min(first, f), max(last, l)
	}
	buf := &bytes.Buffer{}
	w := csv.NewWriter(buf)
	_ = w.Write(append([]string{unitColumn, timeColumn}, columns...)) // A buffer refuses nothing.
	for _, code := range c.regionsWith(s.Outcome) {
		series := make([]map[int]string, len(columns))
		for i, id := range columns {
			series[i] = map[int]string{}
			for _, v := range c.Cube.Values(id, code, 1) {
				series[i][int(v.Year)] = cell(v)
			}
		}
		for y := first; y <= last; y++ {
			row := []string{code, strconv.Itoa(y)}
			for i := range columns {
				row = append(row, series[i][y])
			}
			_ = w.Write(row)
		}
	}
	w.Flush()
	return buf, nil
}

func cell(v cube.Value) string {
	if v.Status.Missing() {
		return ""
	}
	return strings.TrimSpace(plain(Number(v.Value)))
}
