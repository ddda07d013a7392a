package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// Problem is an RFC 9457 problem: what was wrong, with what, and what to do.
type Problem struct {
	// Type points at the paragraph of the documentation that explains it.
	Type     string       `json:"type" format:"uri-reference" doc:"Reference to the documentation of this kind of problem."`
	Title    string       `json:"title" doc:"The kind of problem, in the language asked for."`
	Status   int          `json:"status" doc:"The HTTP status."`
	Detail   string       `json:"detail" doc:"What was wrong here, and what to do about it."`
	Instance string       `json:"instance,omitempty" format:"uri-reference" doc:"The request path."`
	Errors   []FieldError `json:"errors,omitempty" doc:"One entry for each parameter that was wrong." nullable:"false"`
}

// FieldError is one parameter that was wrong.
type FieldError struct {
	Location string `json:"location" doc:"Where it was: query.from, path.id, body.method."`
	Message  string `json:"message" doc:"What is wrong with it."`
	Value    string `json:"value,omitempty" doc:"The value given."`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType replaces JSON's media type with that of problems.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// kinds are the problems there are: the anchor in the documentation and the title.
var kinds = map[int]struct {
	anchor string
	title  catalogue.Text
}{
	http.StatusBadRequest:            {"bad-request", catalogue.Text{NB: "Ugyldig forespørsel", NN: "Ugyldig førespurnad", EN: "Bad request"}},
	http.StatusNotFound:              {"not-found", catalogue.Text{NB: "Finnes ikke", NN: "Finst ikkje", EN: "Not found"}},
	http.StatusMethodNotAllowed:      {"method", catalogue.Text{NB: "Metoden er ikke tillatt", NN: "Metoden er ikkje tillaten", EN: "Method not allowed"}},
	http.StatusRequestEntityTooLarge: {"too-large", catalogue.Text{NB: "For stor forespørsel", NN: "For stor førespurnad", EN: "Request too large"}},
	http.StatusRequestURITooLong:     {"too-long", catalogue.Text{NB: "For lang adresse", NN: "For lang adresse", EN: "Address too long"}},
	http.StatusUnsupportedMediaType:  {"media-type", catalogue.Text{NB: "Ukjent innholdstype", NN: "Ukjend innhaldstype", EN: "Unknown media type"}},
	http.StatusUnprocessableEntity:   {"bad-parameter", catalogue.Text{NB: "Ugyldig parameter", NN: "Ugyldig parameter", EN: "Bad parameter"}},
	http.StatusTooManyRequests:       {"rate-limit", catalogue.Text{NB: "For mange forespørsler", NN: "For mange førespurnader", EN: "Too many requests"}},
	http.StatusInternalServerError:   {"internal", catalogue.Text{NB: "Intern feil", NN: "Intern feil", EN: "Internal error"}},
	http.StatusServiceUnavailable:    {"unavailable", catalogue.Text{NB: "Ikke tilgjengelig nå", NN: "Ikkje tilgjengeleg no", EN: "Not available now"}},
}

// NewProblem returns the problem of a status; a status without a kind of its own
// is a bad request or an internal error.
func NewProblem(status int, language, detail string) *Problem {
	k, ok := kinds[status]
	if !ok {
		k = kinds[http.StatusInternalServerError]
		if status < 500 {
			k = kinds[http.StatusBadRequest]
		}
	}
	return &Problem{Type: DocsPath + "#" + k.anchor, Title: k.title.In(language), Status: status, Detail: detail}
}

// complete gives every problem of a handler what one made outside it has: the
// path it is about and its language. Nobody keeps it.
func complete(c huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*Problem)
	if !ok {
		return v, nil
	}
	u := c.URL()
	out := *p
	out.Instance = u.EscapedPath()
	c.SetHeader("Content-Language", languageOf(c))
	c.SetHeader("Cache-Control", "no-store")
	return &out, nil
}

// Write answers a request with the problem.
func (p *Problem) Write(w http.ResponseWriter, r *http.Request) {
	if p.Instance == "" {
		p.Instance = r.URL.EscapedPath()
	}
	body, err := json.Marshal(p)
	if err != nil {
		// Strings and an integer always marshal.
		panic(err)
	}
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Content-Language", served.Language(r))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

// DocsPath is where the documentation of the API is served.
const DocsPath = "/api"

// Owns reports whether a path belongs to the API, whose errors are problems and
// not pages.
func Owns(path string) bool {
	return path == DocsPath || strings.HasPrefix(path, DocsPath+"/") || strings.HasPrefix(path, "/openapi")
}
