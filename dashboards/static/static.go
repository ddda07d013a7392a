// Package static serves the style sheet and fonts that pages need. Third-party
// files come from npm at build time (see vendor.mjs); a build without them works,
// with our own style sheet and the reader's own fonts.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed *
var files embed.FS

// Prefix is where Handler expects to be mounted.
const Prefix = "/static/"

// forever is how long a versioned address may be cached; its content never changes.
const forever = "public, max-age=31536000, immutable"

type asset struct {
	content []byte
	kind    string
	version string
}

var (
	assets = load()
	// StyleSheet is the address of the one style sheet, which changes with its content.
	StyleSheet = address("bygdevekst.css")
	// Icon is the address of the icon.
	Icon = address("icon.svg")
)

func address(name string) string { return Prefix + name + "?v=" + assets[name].version }

// served are the kinds of files that are answered; the rest of the folder is source.
var served = map[string]string{
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

func load() map[string]asset {
	out := map[string]asset{}
	add := func(name string, content []byte) {
		sum := sha256.Sum256(content)
		out[name] = asset{content: content, kind: served[path.Ext(name)], version: hex.EncodeToString(sum[:6])}
	}
	// Walking an embedded folder does not fail.
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && served[path.Ext(name)] != "" {
			add(name, read(name))
		}
		return err
	})
	add("bygdevekst.css", styleSheet())
	return out
}

// styleSheet joins the layers into one file: one request, one cache entry. Ours
// comes first to set the order of the layers. Fonts that are not there are not
// asked for.
func styleSheet() []byte {
	names := []string{"site.css", "vendor/designsystemet-theme.css", "vendor/designsystemet.css"}
	if read("vendor/inter-latin-400-normal.woff2") != nil {
		names = append(names, "fonts.css")
	}
	var b bytes.Buffer
	for _, name := range names {
		b.Write(read(name))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// read returns a file's content, nil when it was not there at build time.
func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		return nil
	}
	return b
}

// Handler answers Prefix + name.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", a.kind)
		if r.URL.Query().Get("v") == a.version {
			w.Header().Set("Cache-Control", forever)
		}
		// A reader who has gone is no failure of ours.
		_, _ = w.Write(a.content)
	})
}
