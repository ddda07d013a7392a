package facts

import (
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Content returns the set as the sources and observations of a release.
func (s *Set) Content() ([]cube.Source, []cube.Observation) {
	sources := make([]cube.Source, len(s.Sources))
	for i, p := range s.Sources {
		sources[i] = cube.Source{
			ID: int32(i), Table: p.Table, Title: p.Title, Source: p.Source, Licence: p.Licence,
			Updated: stamp(p.Updated), Retrieved: stamp(p.Retrieved), Kind: string(p.Kind),
			SHA256: p.SHA256, Request: p.Request, Note: p.Note,
		}
	}
	obs := make([]cube.Observation, len(s.Rows))
	for i, r := range s.Rows {
		k := s.Series[r.Series]
		o := cube.Observation{
			Table: k.Table, Series: k.Name, Region: s.Regions[r.Region], Period: r.Period.String(),
			Value: cube.Float(r.Value), Status: r.Status, ReportedAs: s.Regions[r.Reported], Source: r.Source,
		}
		if r.Status.Missing() {
			o.Value = cube.Null
		}
		obs[i] = o
	}
	return sources, obs
}

// Batches is the way back: the observations of a release under the codes they
// were reported with, one batch a source.
func Batches(c cube.Content) ([]data.Batch, error) {
	out := make([]data.Batch, len(c.Sources))
	for i, s := range c.Sources {
		out[i].Provenance = data.Provenance{
			Table: s.Table, Title: s.Title, Source: s.Source, Licence: s.Licence,
			Updated: unstamp(s.Updated), Retrieved: unstamp(s.Retrieved), Kind: data.Kind(s.Kind),
			SHA256: s.SHA256, Request: s.Request, Note: s.Note,
		}
	}
	for _, o := range c.Observations {
		if int(o.Source) >= len(out) || o.Source < 0 {
			return nil, data.Errorf(data.EINTERNAL, "%s/%s, region %s, %s: no source %d", o.Table, o.Series, o.Region, o.Period, o.Source)
		}
		p, err := data.ParsePeriod(o.Period)
		if err != nil {
			return nil, err
		}
		f := data.Fact{Table: o.Table, Series: o.Series, Region: o.ReportedAs, Period: p, Status: o.Status}
		if o.Value.OK() {
			f.Value = float64(o.Value)
		}
		b := &out[o.Source]
		b.Facts = append(b.Facts, f)
	}
	return out, nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func unstamp(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
