package pages

import (
	"bytes"
	"embed"
	"html/template"
	"math"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/parser"

	"github.com/bygdevekst/bygdevekst/dashboards/locale"
	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

//go:embed text
var texts embed.FS

// method and accessibility are the pages that are prose, in each language, made once.
var method, accessibility = sync.OnceValue(prose("method")), sync.OnceValue(prose("accessibility"))

// prose reads a text of ours.
func prose(name string) func() map[locale.Lang]template.HTML {
	return func() map[locale.Lang]template.HTML { return render(name) }
}

func render(name string) map[locale.Lang]template.HTML {
	md := goldmark.New(goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithAttribute()))
	out := map[locale.Lang]template.HTML{}
	for _, l := range locale.Pages {
		source, err := texts.ReadFile("text/" + name + "." + string(l) + ".md")
		if err != nil {
			panic("pages: " + err.Error())
		}
		var b bytes.Buffer
		if err := md.Convert(source, &b); err != nil {
			panic("pages: " + err.Error())
		}
		// Our own text; goldmark leaves raw HTML out.
		out[l] = template.HTML(b.String())
	}
	return out
}

type methodBody struct {
	Text template.HTML
	Rule *catalogue.Comparison
}

func methodPage(v *visit) (*page, error) {
	return &page{Name: "method", Title: v.t("method-page.title"), Section: "method", Body: methodBody{method()[v.Lang], v.Catalogue.Comparison("default")}}, nil
}

type accessibilityBody struct {
	Text template.HTML
	// Contact is where a reader tells of a barrier, Href the same as a link; empty
	// when whoever runs the service has not said.
	Contact, Href string
}

func accessibilityPage(v *visit, contact string) (*page, error) {
	b := accessibilityBody{Text: accessibility()[v.Lang], Contact: contact, Href: contact}
	if contact != "" && !strings.Contains(contact, "://") {
		b.Href = "mailto:" + contact
	}
	return &page{Name: "accessibility", Title: v.t("accessibility.title"), Body: b}, nil
}

type dataBody struct {
	Info     cube.Info
	Tables   []tableRow
	Inputs   []cube.Input
	Files    []cube.File
	Citation string
	// Whole is the file that holds everything, Parquet one a table; none where files
	// cannot be downloaded.
	Whole, Parquet []download
}

// download is a file of the release a reader can have.
type download struct{ Name, Href, Size string }

func (v *visit) download(f cube.File) download {
	const mebi = 1 << 20
	size := locale.Number(float64(f.Bytes)/mebi, 1) + locale.NBSP + "MiB"
	if f.Bytes < mebi {
		size = locale.Number(math.Ceil(float64(f.Bytes)/1024), 0) + locale.NBSP + "KiB"
	}
	return download{path.Base(f.Name), "/utgaver/" + v.Info.ID + "/filer/" + f.Name, size}
}

type tableRow struct {
	source
	// Observations is the number of figures in the release.
	Observations int
}

func dataPage(v *visit, downloads bool) (*page, error) {
	b := dataBody{Info: v.Info, Inputs: v.Info.Inputs, Files: v.Info.Files, Citation: v.citation()}
	for _, f := range v.Info.Files {
		switch {
		case !downloads:
		case path.Ext(f.Name) == ".duckdb":
			b.Whole = append(b.Whole, v.download(f))
		case path.Ext(f.Name) == ".parquet":
			b.Parquet = append(b.Parquet, v.download(f))
		}
	}
	for i := range v.Catalogue.Tables {
		id := v.Catalogue.Tables[i].ID
		b.Tables = append(b.Tables, tableRow{v.source(id), v.Info.TableRows[id]})
	}
	// Tables with figures first; both parts stay in order of id.
	slices.SortStableFunc(b.Tables, func(x, y tableRow) int {
		switch {
		case (x.Kind == data.None) == (y.Kind == data.None):
			return 0
		case x.Kind == data.None:
			return 1
		default:
			return -1
		}
	})
	return &page{Name: "data", Title: v.t("data.title"), Section: "data", Body: b}, nil
}

// citation names the release as a reader may cite it, with who made the figures.
func (v *visit) citation() string {
	var publishers []string
	for _, s := range v.Cube.Sources {
		if !slices.Contains(publishers, s.Source) {
			publishers = append(publishers, s.Source)
		}
	}
	made := v.t("data.cite-simulated")
	if v.Info.Kind != data.Simulated {
		made = v.t("data.cite-sources", "sources", locale.List(v.Lang, publishers))
	}
	return v.t("data.citation", "id", v.Info.ID, "year", v.Info.Created.Year(), "date", locale.Date(v.Info.Created), "made", made, "hash", v.Info.ContentSHA256)
}

type releasesBody struct {
	Rows    []cube.Info
	Current string
}

func releasesPage(v *visit, list func() ([]cube.Info, error)) (*page, error) {
	b := releasesBody{Rows: []cube.Info{v.Info}, Current: v.Info.ID}
	if list != nil {
		all, err := list()
		if err != nil {
			return nil, err
		}
		b.Rows = all
	}
	return &page{Name: "releases", Title: v.t("releases.title"), Section: "data", Crumbs: []crumb{{"/data", v.t("nav.data")}}, Body: b}, nil
}
