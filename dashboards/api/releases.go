package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// ReleaseItem is a release in a list.
type ReleaseItem struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Kind          data.Kind         `json:"kind" enum:"recorded,live,simulated"`
	CodeVersion   string            `json:"code_version"`
	ContentSHA256 string            `json:"content_sha256" doc:"Hash over every table's ordered rows: the same content has the same hash."`
	Current       bool              `json:"current" doc:"Whether it is the one that is served."`
	Notice        string            `json:"notice,omitempty"`
	Links         map[string]string `json:"links"`
}

// Releases is the answer.
type Releases struct {
	Envelope
	Releases []ReleaseItem `json:"releases"`
}

// OneRelease is the answer.
type OneRelease struct {
	Envelope
	Current  bool      `json:"current" doc:"Whether it is the one that is served."`
	Manifest cube.Info `json:"manifest"`
}

func (a *API) releases() {
	add(a, "releases", "/releases", func(c *call, _ *ListInput) (*Releases, error) {
		list, err := a.list(c)
		if err != nil {
			return nil, err
		}
		out := &Releases{c.envelope(), []ReleaseItem{}}
		for _, i := range list {
			item := ReleaseItem{
				ID: i.ID, Created: i.Created, Kind: i.Kind, CodeVersion: i.CodeVersion, ContentSHA256: i.ContentSHA256,
				Current: i.ID == c.Info.ID, Links: map[string]string{"self": Base + "/releases/" + i.ID},
			}
			if i.Kind == data.Simulated {
				item.Notice = simulated.In(c.lang)
			}
			out.Releases = append(out.Releases, item)
		}
		return out, nil
	})
	add(a, "release", "/releases/{id}", func(c *call, in *IDInput) (*OneRelease, error) {
		list, err := a.list(c)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(i cube.Info) bool { return i.ID == in.ID })
		if i < 0 {
			return nil, c.notFound(unknownRelease, in.ID)
		}
		m := list[i]
		// An empty list is [] and an empty table {}, never null.
		m.Inputs = append([]cube.Input{}, m.Inputs...)
		m.Files = append([]cube.File{}, m.Files...)
		if m.Rows == nil {
			m.Rows = map[string]int{}
		}
		return &OneRelease{c.envelope(), m.ID == c.Info.ID, m}, nil
	})
}

// list returns all releases, newest first. The served one is always among them.
func (a *API) list(c *call) ([]cube.Info, error) {
	c.head.Cache = served.Live
	list, err := a.opt.Releases()
	if err != nil {
		return nil, c.problem(http.StatusServiceUnavailable, notListed)
	}
	if !slices.ContainsFunc(list, func(i cube.Info) bool { return i.ID == c.Info.ID }) {
		list = append(list, c.Info)
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y cube.Info) int { return y.Created.Compare(x.Created) })
	return list, nil
}
