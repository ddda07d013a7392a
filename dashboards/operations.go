package dashboards

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	livePath    = "/livez"
	readyPath   = "/readyz"
	metricsPath = "/metrics"
)

// operational reports whether a path is an operator's: answered without a
// release, never limited, never prepared.
func operational(path string) bool {
	return path == livePath || path == readyPath || path == metricsPath
}

func (s *Server) operations(r gin.IRouter) {
	say := func(c *gin.Context, status int, text string) {
		c.Header("Cache-Control", "no-store")
		c.String(status, text+"\n")
	}
	live := func(c *gin.Context) { say(c, http.StatusOK, "ok") }
	ready := func(c *gin.Context) {
		if s.state.Load() == nil {
			say(c, http.StatusServiceUnavailable, "no release is loaded")
			return
		}
		say(c, http.StatusOK, "ok")
	}
	measure := gin.WrapH(promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	for path, handle := range map[string]gin.HandlerFunc{livePath: live, readyPath: ready, metricsPath: measure} {
		r.GET(path, handle)
	}
}
