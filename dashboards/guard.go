package dashboards

import (
	"context"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/api"
	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/dashboards/pages"
	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/dashboards/static"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

func init() { gin.SetMode(gin.ReleaseMode) }

// maxBody is the largest request body read: a re-evaluation's specification is
// a few hundred bytes.
const maxBody = 64 << 10

// safety is what every answer says to browsers. Nothing is loaded from elsewhere,
// no script or style is inline, and no one may frame a page.
var safety = http.Header{
	"Content-Security-Policy":    {"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"},
	"X-Content-Type-Options":     {"nosniff"},
	"Referrer-Policy":            {"strict-origin-when-cross-origin"},
	"X-Frame-Options":            {"DENY"},
	"Cross-Origin-Opener-Policy": {"same-origin"},
}

// secure sets the headers every answer carries. The values are shared by all
// answers: who would say otherwise sets, and never appends.
func secure(h http.Header) { maps.Copy(h, safety) }

// write answers a request that is no reading: it is limited, its body and its
// time are bounded, and nothing is kept.
func (s *Server) write(w http.ResponseWriter, r *http.Request) {
	if !s.limit.allow(r.RemoteAddr) {
		s.fail(w, r, http.StatusTooManyRequests)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.opt.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.route(w, r)
}

// resettable is a response that can be begun anew.
type resettable interface{ reset() }

// route hands a request to the router. A panic is our mistake: it is logged with
// its stack, and the reader learns no more than that.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		s.opt.Logger.Error("panic", "id", w.Header().Get("X-Request-Id"), "path", r.URL.Path, "query", r.URL.RawQuery, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
		if b, ok := w.(resettable); ok {
			b.reset()
		}
		s.fail(w, r, http.StatusInternalServerError)
	}()
	s.router.ServeHTTP(w, r)
}

// failures say what went wrong outside any handler, and what to do.
var failures = map[int]catalogue.Text{
	http.StatusNotFound: {
		NB: "Her er det ingenting: %s. Se /api for det som finnes, eller forsiden.",
		NN: "Her er det ingenting: %s. Sjå /api for det som finst, eller framsida.",
		EN: "There is nothing at %s. See /api for what there is, or the front page.",
	},
	http.StatusMethodNotAllowed: {
		NB: "Adressen %s svarer ikke på denne metoden. Bruk en metode fra Allow-hodet.",
		NN: "Adressa %s svarar ikkje på denne metoden. Bruk ein metode frå Allow-hovudet.",
		EN: "The address %s does not answer this method. Use one from the Allow header.",
	},
	http.StatusUnprocessableEntity: {
		NB: "Parameterne i %s kan ikke leses. Skriv dem som navn=verdi med & mellom, hvert navn én gang, og kod spesialtegn med %%.",
		NN: "Parametrane i %s kan ikkje lesast. Skriv dei som namn=verdi med & mellom, kvart namn éin gong, og kod spesialteikn med %%.",
		EN: "The parameters of %s cannot be read. Write them as name=value with & between, each name once, and percent-encode special characters.",
	},
	http.StatusRequestURITooLong: {
		NB: "Adressen er for lang. Den kan ha høyst 8192 tegn; alle kommuner får du uten municipality.",
		NN: "Adressa er for lang. Ho kan ha høgst 8192 teikn; alle kommunar får du utan municipality.",
		EN: "The address is too long. It may have at most 8192 characters; leave out municipality for all of them.",
	},
	http.StatusTooManyRequests: {
		NB: "For mange forespørsler fra denne adressen (%s). Vent så lenge Retry-After sier. Trenger du alt, last ned datasettet fra /data.",
		NN: "For mange førespurnader frå denne adressa (%s). Vent så lenge Retry-After seier. Treng du alt, last ned datasettet frå /data.",
		EN: "Too many requests from this address (%s). Wait as long as Retry-After says. If you need everything, download the dataset from /data.",
	},
	http.StatusInternalServerError: {
		NB: "Internal error. Feilen i %s er loggført; oppgi X-Request-Id når du melder fra.",
		NN: "Internal error. Feilen i %s er loggført; oppgje X-Request-Id når du melder frå.",
		EN: "Internal error. The failure of %s is logged; give X-Request-Id when you report it.",
	},
	http.StatusServiceUnavailable: {
		NB: "Ingen utgave kan svare på %s akkurat nå. Prøv igjen om litt.",
		NN: "Inga utgåve kan svare på %s akkurat no. Prøv igjen om litt.",
		EN: "No release can answer %s right now. Try again in a moment.",
	},
}

// retrySeconds is how long one who was turned away is asked to wait.
const retrySeconds = 5

// fail answers with a failure of the service itself: a problem for the API, a
// page for everyone else.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int) {
	language := served.Language(r)
	detail := func(language string) string {
		text := failures[status].In(language)
		if !strings.Contains(text, "%") {
			return text
		}
		return fmt.Sprintf(text, r.URL.EscapedPath())
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retrySeconds))
	}
	if api.Owns(r.URL.Path) {
		api.NewProblem(status, language, detail(language)).Write(w, r)
		return
	}
	st := s.state.Load()
	if st != nil && status < http.StatusInternalServerError {
		title := func(language string) string { return api.NewProblem(status, language, "").Title }
		pages.Fail(w, r, st.release, status, title, detail)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", language)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	said := map[string]any{
		"Problem": api.NewProblem(status, language, detail(language)), "Language": language, "Style": static.StyleSheet, "Icon": static.Icon,
	}
	if st != nil && st.release.Info.Kind == data.Simulated {
		said["Notice"] = locale.Text(locale.Lang(language), "kind.simulated")
	}
	if err := failurePage.Execute(w, said); err != nil {
		s.opt.Logger.Warn("failure page not sent", "err", err)
	}
}

// failurePage is for when nothing better is there: no release, or a page that failed.
var failurePage = template.Must(template.New("failure").Parse(`<!doctype html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Problem.Title}} – Bygdevekst</title>
<link rel="stylesheet" href="{{.Style}}"><link rel="icon" href="{{.Icon}}" type="image/svg+xml"></head>
<body>{{with .Notice}}<p class="simulated"><strong>{{.}}</strong></p>{{end}}<main class="wide"><h1>{{.Problem.Title}}</h1><p>{{.Problem.Detail}}</p><p><a href="/">Bygdevekst</a></p></main></body>
</html>
`))
