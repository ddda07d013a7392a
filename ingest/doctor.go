package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/ingest/klass"
	"github.com/bygdevekst/bygdevekst/ingest/pxweb"
)

// Diagnosis is one thing looked at: a table plan, the server's own description,
// Klass.
type Diagnosis struct {
	Subject string
	// Fine is what was found in order.
	Fine string
	// Mend is what a person must mend before figures can be brought or trusted.
	Mend []string
	// Note is what a person may want to know.
	Note []string
}

// Examine holds a source against the catalogue and the register without asking
// for figures or storing anything: /config, every table plan against /tables and
// /metadata with its code lists, and Klass. tell is given each diagnosis as it is
// made. An error says that the source does not answer.
func (j *Job) Examine(ctx context.Context, tell func(Diagnosis)) error {
	plans, err := j.plans()
	if err != nil {
		return err
	}
	cfg, _, err := j.Source.API.Config(ctx)
	if err != nil {
		return data.Errorf(data.ErrorCode(err), "%s, /config: %w", j.Source.Base, err)
	}
	tell(j.config(cfg))
	j.lists = map[string]pxweb.Codelist{}
	dry := *j
	// Also what has not changed is looked at.
	dry.DryRun, dry.Refetch, dry.Since = true, true, time.Time{}
	for _, plan := range plans {
		d, err := dry.examine(ctx, plan)
		if err != nil {
			return err
		}
		tell(d)
	}
	if len(j.Tables) > 0 {
		return nil
	}
	d, err := j.examineKlass(ctx)
	if err == nil {
		tell(d)
	}
	return err
}

func (j *Job) config(c pxweb.Config) Diagnosis {
	d := Diagnosis{Subject: "config"}
	announced := "no limit announced"
	if c.MaxCallsPerTimeWindow > 0 {
		announced = fmt.Sprintf("%d requests in %d s announced", c.MaxCallsPerTimeWindow, c.TimeWindow)
	}
	ours := "none kept"
	if n := j.Source.HTTP.PerMinute(); n > 0 {
		ours = fmt.Sprintf("%d a minute kept", n)
	}
	d.Fine = fmt.Sprintf("PxWebApi %s (%s), %d cells a request, %s, %s", c.APIVersion, c.AppVersion, j.Source.API.MaxCells(), announced, ours)
	if !slices.Contains(c.DataFormats, "json-stat2") {
		d.Mend = append(d.Mend, "json-stat2 is not among the formats: "+strings.Join(c.DataFormats, ", "))
	}
	if !strings.HasPrefix(c.APIVersion, "2.") {
		d.Mend = append(d.Mend, "the API's version is "+c.APIVersion+"; this program speaks version 2")
	}
	return d
}

// examine holds one plan against the source.
func (j *Job) examine(ctx context.Context, plan *catalogue.Table) (Diagnosis, error) {
	d := Diagnosis{Subject: "table " + plan.ID}
	t := &tableJob{Job: j, plan: plan}
	err := t.run(ctx)
	d.Note = t.res.Warnings
	if t.info.Discontinued && plan.Cadence != catalogue.Ended {
		// The first warning says so; it is a plan to mend.
		d.Mend, d.Note = d.Note[:1], d.Note[1:]
	}
	switch code := data.ErrorCode(err); {
	case ctx.Err() != nil:
		return d, ctx.Err()
	case code == data.EUNAVAILABLE || code == data.EINTERNAL:
		return d, err
	case err != nil:
		d.Mend = append(d.Mend, err.Error())
		return d, nil
	}
	d.Fine = fmt.Sprintf("%s, updated %s, %d cells in %d requests", t.info.Label, t.info.Updated, t.res.Cells, t.res.Requests)
	if plan.Unverified {
		d.Note = append(d.Note, fmt.Sprintf("every code of the plan is there; when a person has read the labels, unverified can go from tables/%s.yaml", plan.ID))
	}
	if plan.Last != "" && t.info.LastPeriod != "" && t.info.LastPeriod < plan.Last {
		d.Note = append(d.Note, fmt.Sprintf("the newest period is %s, and %s has been seen before", t.info.LastPeriod, plan.Last))
	}
	return d, nil
}

func (j *Job) examineKlass(ctx context.Context) (Diagnosis, error) {
	d := Diagnosis{Subject: "klass"}
	s, err := j.Source.Klass.Read(ctx, j.Source.HTTP.Now())
	switch code := data.ErrorCode(err); {
	case code == data.EUNAVAILABLE || ctx.Err() != nil:
		return d, err
	case err != nil:
		d.Mend = append(d.Mend, err.Error())
		return d, nil
	}
	for _, x := range klass.Compare(s, j.Regions) {
		if x.Kind == klass.Codes {
			d.Mend = append(d.Mend, x.String())
		} else {
			d.Note = append(d.Note, x.String())
		}
	}
	d.Fine = fmt.Sprintf("%d municipalities, %d codes that have gone", len(s.Municipalities), len(s.Crosswalk))
	return d, nil
}
