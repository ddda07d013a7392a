package ingest

import (
	"net/url"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/ingest/fetch"
	"github.com/bygdevekst/bygdevekst/ingest/klass"
	"github.com/bygdevekst/bygdevekst/ingest/pxweb"
)

// LiveBase is where Statistics Norway answers.
const LiveBase = "https://data.ssb.no"

// Source is a server of StatBank tables and classifications.
type Source struct {
	Base string
	// Kind is live for Statistics Norway's own server and simulated for every
	// other: nothing is called SSB's that SSB has not said.
	Kind data.Kind
	HTTP *fetch.Client
	API  *pxweb.Client
	// Klass is the classification server of the same host.
	Klass *klass.Client
}

// OpenSource returns the source of that name: live, or the address of a server
// such as «bygdevekst ssbsim». Nothing is sent yet.
func OpenSource(name string, opt fetch.Options) (*Source, error) {
	base := name
	if name == string(data.Live) {
		base = LiveBase
	}
	base = strings.TrimSuffix(strings.TrimSuffix(strings.TrimRight(base, "/"), "/api/pxwebapi/v2"), "/")
	h, err := fetch.New(base, opt)
	if err != nil {
		return nil, err
	}
	kind := data.Simulated
	if u, err := url.Parse(base); err == nil && u.Scheme == "https" && u.Host == "data.ssb.no" {
		kind = data.Live
	}
	return &Source{
		Base: base, Kind: kind, HTTP: h,
		API:   pxweb.New(h, base+"/api/pxwebapi/v2"),
		Klass: klass.New(h, base+"/api/klass/v1"),
	}, nil
}
