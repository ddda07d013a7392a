package dashboards

import (
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// downloading is how long a file may take to be sent: the largest, over a line of
// a few hundred kilobits a second.
const downloading = 10 * time.Minute

// filePath reports whether a path is a file of a release: sent from the disk as it
// is, and so neither prepared nor held in memory.
func filePath(p string) bool {
	return strings.HasPrefix(p, "/utgaver/") && strings.Contains(p, "/filer/")
}

// files serves what the manifests of releases list, and nothing else.
func (s *Server) files(r gin.IRouter) {
	if s.opt.Files == nil {
		return
	}
	r.GET("/utgaver/:id/filer/*name", func(c *gin.Context) {
		if !s.limit.allow(c.Request.RemoteAddr) {
			s.fail(c.Writer, c.Request, http.StatusTooManyRequests)
			return
		}
		if !s.file(c, c.Param("id"), strings.TrimPrefix(c.Param("name"), "/")) {
			s.fail(c.Writer, c.Request, http.StatusNotFound)
		}
	})
}

// file sends one file; it reports false when there is none to send.
func (s *Server) file(c *gin.Context, id, name string) bool {
	info, root, err := s.opt.Files(id)
	if err != nil {
		if data.ErrorCode(err) != data.ENOTFOUND {
			s.opt.Logger.Error("a release's files cannot be read", "release", id, "err", err)
		}
		return false
	}
	at := slices.IndexFunc(info.Files, func(f cube.File) bool { return f.Name == name })
	if at < 0 {
		return false
	}
	f, err := root.Open(name)
	if err != nil {
		s.opt.Logger.Error("a file of a release is missing", "release", id, "file", name, "err", err)
		return false
	}
	defer f.Close()
	content, ok := f.(io.ReadSeeker)
	if !ok {
		return false
	}
	saved := id + "-" + strings.ReplaceAll(name, "/", "-")
	if info.Kind == data.Simulated {
		saved = "SIMULERT-" + saved
	}
	h := c.Writer.Header()
	h.Set("Etag", `"`+info.Files[at].SHA256+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", mediaType(name))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "bygdevekst-" + saved}))
	h.Set("Bygdevekst-Release", id)
	h.Set("Bygdevekst-Kind", string(info.Kind))
	// The server's own deadline is for pages; where it cannot be moved it stands.
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(downloading))
	http.ServeContent(c.Writer, c.Request, "", info.Created, content)
	return true
}

func mediaType(name string) string {
	switch path.Ext(name) {
	case ".parquet":
		return "application/vnd.apache.parquet"
	case ".yaml":
		return "application/yaml"
	default:
		return "application/octet-stream"
	}
}

// Files finds the manifest of a release and its files.
type Files func(id string) (cube.Info, fs.FS, error)
