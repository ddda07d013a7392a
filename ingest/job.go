package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/archive"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/facts"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/ingest/gate"
	"github.com/bygdevekst/bygdevekst/ingest/jsonstat"
	"github.com/bygdevekst/bygdevekst/ingest/klass"
	"github.com/bygdevekst/bygdevekst/ingest/pxweb"
)

// Job brings the tables of a catalogue from a source into an archive: plan,
// request, archive, decode, gates. A table counts when all its bodies are stored
// and its set says so; until then, and when a gate refuses it, the figures
// accepted before stay the ones a build uses.
type Job struct {
	Source    *Source
	Archive   *archive.Archive
	Catalogue *catalogue.Catalogue
	Regions   *regions.Register
	// Tables are the ids wanted; all tables SSB publishes when empty.
	Tables []string
	// Since leaves out tables the source has not updated since.
	Since time.Time
	// DryRun asks for no figures and stores nothing.
	DryRun bool
	// Refetch asks for figures again that have not changed.
	Refetch bool
	// Accept are tables whose gates a person has looked at: findings are kept
	// with the figures and do not refuse them. Broken invariants still do.
	Accept []string
	Bounds gate.Bounds
	// Progress is told what happens, in order.
	Progress func(Event)

	lists map[string]pxweb.Codelist
}

// Event is one step of a job.
type Event struct {
	// Table is the table in hand, Index its place among Total.
	Table        string
	Index, Total int
	// Cells is how many cells a request that is about to be sent asks for.
	Cells int
	// Done is the result of the table, nil while it is in hand.
	Done *TableResult
}

// State says how it went with a table.
type State string

// The states.
const (
	// Planned is a dry run: nothing was asked for.
	Planned State = "planned"
	// Unchanged is a table the source has not updated.
	Unchanged State = "unchanged"
	// Older is a table the source has not updated since the day given.
	Older State = "not updated since"
	// Stored is new or first figures, accepted.
	Stored State = "stored"
	// Refused is figures that are kept and not used, with the reasons.
	Refused State = "refused"
	// Failed is a table that could not be asked for, with the reason.
	Failed State = "failed"
)

// TableResult is what became of a table.
type TableResult struct {
	ID, Title string
	State     State
	// Updated is the source's stamp.
	Updated string
	// Requests and Cells are what was, or in a dry run would be, asked for;
	// Resumed are requests an interrupted run had stored already.
	Requests, Cells, Resumed int
	// Queries describe the requests, one line for each code list.
	Queries []string
	// New, Revised and Gone count figures against the ones accepted before;
	// RevisedIn counts the revised by municipality.
	New, Revised, Gone int
	RevisedIn          map[string]int
	// Reasons say why it was refused or failed; Warnings ask for a person's eye.
	Reasons, Warnings []string
	// Code is the error code of what failed.
	Code string
}

// Result is what became of a run.
type Result struct {
	Kind   data.Kind
	Tables []TableResult
	// Klass is where the register of municipalities differs from Klass; it is
	// asked when all tables are.
	Klass []klass.Difference
	// Sent is how many requests went out.
	Sent int
}

// Count is how many tables are in a state.
func (r Result) Count(s State) int {
	n := 0
	for _, t := range r.Tables {
		if t.State == s {
			n++
		}
	}
	return n
}

// Wrong reports whether a table was refused or failed.
func (r Result) Wrong() bool { return r.Count(Refused)+r.Count(Failed) > 0 }

// Run does the job. The result holds every table done; an error says why the run
// stopped before the last: the source does not answer (EUNAVAILABLE), the archive
// cannot be written, or ctx ended. Running it again goes on where it stopped.
func (j *Job) Run(ctx context.Context) (Result, error) {
	res := Result{Kind: j.Source.Kind}
	plans, err := j.plans()
	if err != nil {
		return res, err
	}
	_, raw, err := j.Source.API.Config(ctx)
	if err != nil {
		return res, data.Errorf(data.ErrorCode(err), "%s, /config: %w", j.Source.Base, err)
	}
	if err := j.keep("config", "config", raw); err != nil {
		return res, err
	}
	j.lists = map[string]pxweb.Codelist{}
	for i, plan := range plans {
		j.tell(Event{Table: plan.ID, Index: i, Total: len(plans)})
		t, err := j.table(ctx, plan, i, len(plans))
		res.Sent = j.Source.HTTP.Sent()
		if err != nil {
			return res, err
		}
		res.Tables = append(res.Tables, t)
		j.tell(Event{Table: plan.ID, Index: i, Total: len(plans), Done: &t})
	}
	if len(j.Tables) == 0 && !j.DryRun {
		if res.Klass, err = j.municipalities(ctx); err != nil {
			return res, err
		}
		res.Sent = j.Source.HTTP.Sent()
	}
	return res, nil
}

// municipalities reads Klass, keeps what it said and returns where the built-in
// register differs. The register is a person's to mend: figures of a code it does
// not know are refused, whatever Klass says.
func (j *Job) municipalities(ctx context.Context) ([]klass.Difference, error) {
	s, err := j.Source.Klass.Read(ctx, j.Source.HTTP.Now())
	for _, b := range s.Bodies {
		_, _, err := j.Archive.Put(archive.Entry{
			Key: fmt.Sprintf("%s/klass/%s", j.Source.Kind, b.Name), Format: archive.FormatKlass, Status: b.Status,
			Provenance: data.Provenance{Table: "klass", Kind: j.Source.Kind, Retrieved: b.At, Request: b.Request.String()},
		}, b.Body)
		if err != nil {
			return nil, err
		}
	}
	switch code := data.ErrorCode(err); {
	case err == nil:
		return klass.Compare(s, j.Regions), nil
	case code == data.EINVALID || code == data.ENOTFOUND:
		// The figures do not hang on it; a person must know.
		return []klass.Difference{{Code: "classification", What: err.Error(), Kind: klass.Codes}}, nil
	default:
		return nil, err
	}
}

func (j *Job) tell(e Event) {
	if j.Progress != nil {
		j.Progress(e)
	}
}

// plans are the table plans wanted, in order of id.
func (j *Job) plans() ([]*catalogue.Table, error) {
	for _, id := range slices.Concat(j.Tables, j.Accept) {
		t := j.Catalogue.Table(id)
		switch {
		case t == nil:
			return nil, data.Errorf(data.ENOTFOUND, "the catalogue has no table %q", id)
		case t.Source != catalogue.SourceSSB:
			return nil, data.Errorf(data.EINVALID, "table %s is not published in the StatBank (source %s)", id, t.Source)
		}
	}
	var out []*catalogue.Table
	for i := range j.Catalogue.Tables {
		t := &j.Catalogue.Tables[i]
		if t.Source == catalogue.SourceSSB && (len(j.Tables) == 0 || slices.Contains(j.Tables, t.ID)) {
			out = append(out, t)
		}
	}
	return out, nil
}

// table does one table. Only what stops the whole run is an error.
func (j *Job) table(ctx context.Context, plan *catalogue.Table, index, total int) (TableResult, error) {
	t := &tableJob{
		Job: j, plan: plan, res: TableResult{ID: plan.ID, Title: plan.Title, RevisedIn: map[string]int{}},
		asking: func(cells int) { j.tell(Event{Table: plan.ID, Index: index, Total: total, Cells: cells}) },
	}
	err := t.run(ctx)
	switch code := data.ErrorCode(err); {
	case err == nil:
	case ctx.Err() != nil:
		return t.res, ctx.Err()
	case code == data.EUNAVAILABLE || code == data.EINTERNAL:
		return t.res, err
	default:
		t.res.State, t.res.Code = Failed, code
		t.res.Reasons = append(t.res.Reasons, err.Error())
	}
	return t.res, nil
}

// tableJob is one table of a job.
type tableJob struct {
	*Job
	plan   *catalogue.Table
	res    TableResult
	asking func(cells int)

	info             pxweb.Table
	newest, accepted *archive.Set
}

func (t *tableJob) run(ctx context.Context) error {
	var err error
	if t.newest, t.accepted, err = t.Archive.Sets(t.Source.Kind, t.plan.ID); err != nil {
		return err
	}
	if t.info, _, err = t.Source.API.Table(ctx, t.plan.ID); err != nil {
		if data.ErrorCode(err) == data.ENOTFOUND {
			return data.Errorf(data.ENOTFOUND, "%w%s", err, t.successor())
		}
		return err
	}
	t.res.Updated, t.res.Title = t.info.Updated, t.info.Label
	if t.info.Discontinued && t.plan.Cadence != catalogue.Ended {
		t.res.Warnings = append(t.res.Warnings, "the source has ended this table"+t.successor())
	}
	if at, ok := t.info.UpdatedTime(); ok && !t.Since.IsZero() && at.Before(t.Since) {
		t.res.State = Older
		return nil
	}
	if t.unchanged() {
		t.res.State = Unchanged
		return nil
	}
	requests, err := t.ask(ctx)
	if err != nil || t.res.State == Refused {
		return err
	}
	if t.DryRun {
		t.res.State = Planned
		return nil
	}
	return t.bring(ctx, requests)
}

// successor names the table that took over, where the plan or the source says one.
func (t *tableJob) successor() string {
	next := t.plan.Successor
	if next == "" {
		next = mentionedTable(t.info.Label+" "+t.info.Description, t.plan.ID)
	}
	if next == "" {
		return "; no successor is known: look for one at " + t.plan.URL
	}
	return fmt.Sprintf("; its successor is %s: mend tables/%s.yaml", next, t.plan.ID)
}

// unchanged reports whether the source has the figures that were looked at last.
// Figures that were refused are asked for again: in the early morning the same
// stamp stands over zeros and an hour later over figures.
func (t *tableJob) unchanged() bool {
	if t.Refetch || slices.Contains(t.Accept, t.plan.ID) || t.newest == nil || !t.newest.Accepted() {
		return false
	}
	// A stamp can stand before its hour: what was read before it counts for nothing.
	at, ok := t.info.UpdatedTime()
	early := ok && t.newest.Retrieved.Before(at)
	return !early && t.newest.Updated == t.info.Updated && t.newest.Plan == t.fingerprint()
}

// fingerprint is a hash of what decides which figures are asked for.
func (t *tableJob) fingerprint() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	// Encoding to a hash cannot fail for these types.
	_ = enc.Encode(t.plan)
	for _, m := range t.Regions.All() {
		_ = enc.Encode([]any{m.Code, m.Pilot != "", m.Earlier})
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// request is one POST of a table.
type request struct {
	key     string
	sel     pxweb.Selection
	regions map[string]string
}

// ask reads the metadata and the code lists and plans the requests.
func (t *tableJob) ask(ctx context.Context) ([]request, error) {
	meta, raw, err := t.Source.API.Metadata(ctx, t.plan.ID)
	if err != nil {
		return nil, t.quarantine(raw, err)
	}
	if err := t.keep(t.plan.ID, "metadata", raw); err != nil {
		return nil, err
	}
	r := &resolver{plan: t.plan, meta: meta, reg: t.Regions, list: func(id string) (pxweb.Codelist, error) { return t.codelist(ctx, id) }}
	got, err := r.resolve()
	t.res.Warnings = append(t.res.Warnings, got.Warnings...)
	if err != nil {
		return nil, err
	}
	var out []request
	for _, q := range got.Queries {
		chunks, err := pxweb.Chunks(q.Selection, t.Source.API.MaxCells(), q.Selection[0].Code, timeID(meta, t.plan))
		if err != nil {
			return nil, data.Errorf(data.EINVALID, "table %s: %w", t.plan.ID, err)
		}
		name := q.List
		if name == "" {
			name = "codes"
		}
		t.res.Queries = append(t.res.Queries, describe(q, len(chunks)))
		for k, sel := range chunks {
			part := map[string]string{}
			for _, code := range sel[0].Values {
				part[code] = q.Regions[code]
			}
			out = append(out, request{fmt.Sprintf("%s/%s/%s/%d-of-%d", t.Source.Kind, t.plan.ID, name, k+1, len(chunks)), sel, part})
		}
	}
	t.res.Requests, t.res.Cells = len(out), got.Cells()
	return out, nil
}

func timeID(meta *jsonstat.Dataset, plan *catalogue.Table) string {
	for _, d := range meta.Dimensions {
		if strings.EqualFold(d.ID, plan.Time) {
			return d.ID
		}
	}
	return plan.Time
}

// describe is one line on a query for a person.
func describe(q query, requests int) string {
	sizes := make([]string, len(q.Selection))
	for i, v := range q.Selection {
		sizes[i] = fmt.Sprintf("%s %d", v.Code, len(v.Values))
		if v.Codelist != "" {
			sizes[i] += " of " + v.Codelist
		}
	}
	return fmt.Sprintf("%s: %d cells in %d requests", strings.Join(sizes, " × "), q.Selection.Cells(), requests)
}

// codelist reads a code list once a run.
func (j *Job) codelist(ctx context.Context, id string) (pxweb.Codelist, error) {
	if l, ok := j.lists[id]; ok {
		return l, nil
	}
	l, raw, err := j.Source.API.Codelist(ctx, id)
	if err != nil {
		return l, err
	}
	j.lists[id] = l
	return l, j.keep("codelist", id, raw)
}

// keep stores a body that holds no figures: what was known of a table when its
// figures were asked for.
func (j *Job) keep(table, what string, raw pxweb.Raw) error {
	if j.DryRun {
		return nil
	}
	_, _, err := j.Archive.Put(archive.Entry{
		Key: fmt.Sprintf("%s/%s/%s", j.Source.Kind, table, what), Format: archive.FormatPxWeb, Status: raw.Status, Header: headers(raw),
		Provenance: data.Provenance{Table: table, Kind: j.Source.Kind, Retrieved: raw.At, Request: raw.Request.String()},
	}, raw.Body)
	return err
}

// keptHeaders are the headers that matter later.
var keptHeaders = []string{"Content-Type", "Date", "ETag", "Last-Modified", "x-ratelimit-limit", "x-ratelimit-policy"}

func headers(raw pxweb.Raw) map[string]string {
	out := map[string]string{}
	for _, name := range keptHeaders {
		if v := raw.Header.Get(name); v != "" {
			out[name] = v
		}
	}
	return out
}

// bring asks for the figures and stores them. A table that is updated while it is
// read is read once more.
func (t *tableJob) bring(ctx context.Context, requests []request) error {
	for try := 0; ; try++ {
		parts, err := t.parts(ctx, requests)
		if err != nil || t.res.State == Refused {
			return err
		}
		if one := oneStamp(parts); one || try == 1 {
			if !one {
				return data.Errorf(data.EUNAVAILABLE, "table %s was updated while it was read, twice; run again", t.plan.ID)
			}
			return t.judge(parts)
		}
		t.newest = nil // Nothing stored so far counts.
		if t.info, _, err = t.Source.API.Table(ctx, t.plan.ID); err != nil {
			return err
		}
		t.res.Updated = t.info.Updated
	}
}

// oneStamp reports whether all parts carry one date of update.
func oneStamp(parts []archive.Entry) bool {
	for _, p := range parts {
		if !p.Provenance.Updated.Equal(parts[0].Provenance.Updated) {
			return false
		}
	}
	return true
}

// parts returns the stored bodies of all requests, asking for those that an
// interrupted run has not stored already.
func (t *tableJob) parts(ctx context.Context, requests []request) ([]archive.Entry, error) {
	var out []archive.Entry
	t.res.Resumed = 0
	for _, r := range requests {
		req, err := t.Source.API.DataRequest(t.plan.ID, r.sel)
		if err != nil {
			return nil, err
		}
		if e, ok := t.stored(r, req.String()); ok {
			out = append(out, e)
			t.res.Resumed++
			continue
		}
		t.asking(r.sel.Cells())
		ds, raw, err := t.Source.API.Data(ctx, t.plan.ID, req)
		if err != nil {
			return nil, t.quarantine(raw, err)
		}
		e, _, err := t.Archive.Put(t.entry(r, raw, ds), raw.Body)
		if err != nil {
			return nil, err
		}
		if err := drifted(t.plan.ID, r.sel, ds); err != nil {
			return nil, t.refuse([]archive.Entry{e}, []string{err.Error()})
		}
		out = append(out, e)
	}
	return out, nil
}

// stored returns the body an earlier run has stored for the same request and the
// same date of update, if no set was refused or made since.
func (t *tableJob) stored(r request, text string) (archive.Entry, bool) {
	if t.Refetch || slices.Contains(t.Accept, t.plan.ID) {
		return archive.Entry{}, false
	}
	e, err := t.Archive.Newest(r.key)
	if err != nil || e.Provenance.Request != text {
		return e, false
	}
	at, ok := t.info.UpdatedTime()
	if !ok || !e.Provenance.Updated.Equal(at) {
		return e, false
	}
	return e, !e.Provenance.Retrieved.Before(at) && (t.newest == nil || e.Provenance.Retrieved.After(t.newest.Retrieved))
}

func (t *tableJob) entry(r request, raw pxweb.Raw, ds *jsonstat.Dataset) archive.Entry {
	p := data.Provenance{
		Table: t.plan.ID, Title: ds.Label, Source: ds.Source, Licence: t.plan.Licence, Retrieved: raw.At,
		Kind: t.Source.Kind, Request: raw.Request.String(), Note: note(t.plan, ds),
	}
	if p.Source == "" {
		p.Source = t.plan.Publisher
	}
	if at, ok := ds.UpdatedTime(); ok {
		p.Updated = at
	}
	return archive.Entry{Key: r.key, Format: archive.FormatJSONStat, Provenance: p, Status: raw.Status, Header: headers(raw), Part: true, Regions: r.regions}
}

// drifted reports an answer that does not hold what was asked for.
func drifted(table string, sel pxweb.Selection, ds *jsonstat.Dataset) error {
	for _, v := range sel {
		d := ds.Dimension(v.Code)
		if d == nil {
			return data.Errorf(data.EINVALID, "%s: the answer has no dimension %s, which was asked for", Drift, v.Code)
		}
		if len(d.Codes) != len(v.Values) {
			return data.Errorf(data.EINVALID, "%s: %d codes of %s were asked for and the answer has %d", Drift, len(v.Values), v.Code, len(d.Codes))
		}
		for _, code := range v.Values {
			if d.Position(code) < 0 {
				return data.Errorf(data.EINVALID, "%s: the answer lacks code %s of %s, which was asked for", Drift, code, v.Code)
			}
		}
	}
	if len(ds.Dimensions) != len(sel) {
		return data.Errorf(data.EINVALID, "%s: the answer has %d dimensions, %d were asked for", Drift, len(ds.Dimensions), len(sel))
	}
	return nil
}

// quarantine keeps a body that cannot be read and refuses the table; any other
// error is returned as it is.
func (t *tableJob) quarantine(raw pxweb.Raw, err error) error {
	var bad *jsonstat.Error
	if t.DryRun || raw.Answer == nil || !errors.As(err, &bad) {
		return err
	}
	e, _, putErr := t.Archive.Put(archive.Entry{
		Key: fmt.Sprintf("%s/%s/unreadable", t.Source.Kind, t.plan.ID), Format: archive.FormatJSONStat, Part: true, Status: raw.Status, Header: headers(raw),
		Provenance: data.Provenance{Table: t.plan.ID, Kind: t.Source.Kind, Retrieved: raw.At, Request: raw.Request.String()},
	}, raw.Body)
	if putErr != nil {
		return putErr
	}
	return t.refuse([]archive.Entry{e}, []string{Unreadable + ": " + err.Error()})
}

// refuse stores a set that is kept and not used.
func (t *tableJob) refuse(parts []archive.Entry, reasons []string) error {
	t.res.State, t.res.Reasons = Refused, append(t.res.Reasons, reasons...)
	s := t.set(parts)
	s.Refused = reasons
	return t.Archive.PutSet(s)
}

func (t *tableJob) set(parts []archive.Entry) archive.Set {
	s := archive.Set{Table: t.plan.ID, Kind: t.Source.Kind, Updated: t.info.Updated, Plan: t.fingerprint()}
	for _, p := range parts {
		s.Parts = append(s.Parts, archive.Part{Key: p.Key, SHA256: p.Provenance.SHA256})
		if p.Provenance.Retrieved.After(s.Retrieved) {
			s.Retrieved = p.Provenance.Retrieved
		}
	}
	// A set is made after the newest of what it names, also of bodies that were
	// stored before.
	if t.newest != nil && !s.Retrieved.After(t.newest.Retrieved) {
		s.Retrieved = t.newest.Retrieved.Add(time.Nanosecond)
	}
	return s
}

// judge decodes the parts, runs the gates and the invariants, and stores the set.
func (t *tableJob) judge(parts []archive.Entry) error {
	next, unfit, err := t.facts(parts)
	if err != nil {
		return err
	}
	if next == nil {
		return t.refuse(parts, unfit)
	}
	prev, err := t.served()
	if err != nil {
		return err
	}
	found, err := t.relabelled(parts)
	if err != nil {
		return err
	}
	for _, f := range gate.Check(prev, next, t.Bounds) {
		found = append(found, f.String())
	}
	t.compare(prev, next)
	if len(unfit) > 0 || len(found) > 0 && !slices.Contains(t.Accept, t.plan.ID) {
		return t.refuse(parts, append(found, unfit...))
	}
	s := t.set(parts)
	s.Overruled = found
	t.res.Warnings = append(t.res.Warnings, found...)
	t.res.State = Stored
	return t.Archive.PutSet(s)
}

// served is the figures accepted before, nil where there are none, or none this
// plan can read.
func (t *tableJob) served() (*facts.Set, error) {
	if t.accepted == nil {
		return nil, nil
	}
	old, err := t.Archive.PartEntries(*t.accepted)
	if err != nil {
		return nil, err
	}
	prev, unfit, err := t.facts(old)
	if err != nil {
		return nil, err
	}
	if len(unfit) > 0 {
		t.res.Warnings = append(t.res.Warnings, "the figures accepted before cannot be read by this plan; not compared")
		return nil, nil
	}
	return prev, nil
}

// facts decodes and harmonises bodies. unfit says why they cannot be built from,
// and the set is nil if they cannot even be read together; an error is a fault of
// ours.
func (t *tableJob) facts(parts []archive.Entry) (set *facts.Set, unfit []string, err error) {
	batches := make([]data.Batch, len(parts))
	for i, e := range parts {
		body, err := t.Archive.Body(e.Provenance.SHA256)
		if err != nil {
			return nil, nil, err
		}
		if batches[i], err = Decode(e, body, t.Catalogue); err != nil {
			return nil, []string{Drift + ": " + err.Error()}, nil
		}
	}
	set, err = facts.Harmonise(batches, t.Regions, func(table, series string) bool { return t.plan.Sums(series) })
	if err != nil {
		return nil, lines(Unknown, err), nil
	}
	if _, err := facts.Check(set, func(string) bool { return t.plan.Projection }); err != nil {
		unfit = lines("", err)
	}
	return set, unfit, nil
}

// The gates of a table on its own; gate.Check and facts.Check have the others.
const (
	// Unreadable is a body that is no JSON-stat.
	Unreadable = "unreadable"
	// Drift is an answer that is not what was asked for, or not as the plan has it.
	Drift = "drift"
	// Unknown is a code that stands for no municipality, or one cell twice.
	Unknown = "unknown-code"
)

// lines splits a joined error, each line after the name of its gate.
func lines(gate string, err error) []string {
	all := shorten(strings.Split(err.Error(), "\n"))
	if gate != "" {
		for i := range all {
			all[i] = gate + ": " + all[i]
		}
	}
	return all
}

// shorten keeps the first few of many lines.
func shorten(all []string) []string {
	const most = 5
	if len(all) > most {
		all = append(all[:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	return all
}

// compare counts what changed since the figures accepted before.
func (t *tableJob) compare(prev, next *facts.Set) {
	if prev == nil {
		t.res.New = len(next.Rows)
		return
	}
	kept := len(prev.Rows)
	for _, c := range gate.Diff(prev, next) {
		if _, ok := next.AtPeriod(c.Table, c.Series, c.Region, c.Period); !ok {
			t.res.Gone++
			kept--
			continue
		}
		t.res.Revised++
		t.res.RevisedIn[c.Region]++
	}
	t.res.New = len(next.Rows) - kept
}
