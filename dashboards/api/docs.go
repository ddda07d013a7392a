package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

//go:embed docs.html
var docsSource string

//go:embed docs.css
var docsStyle []byte

var docsPage = template.Must(template.New("docs").Parse(docsSource))

// document serves the documentation: a page per language, made once.
func (a *API) document(r gin.IRouter) error {
	pages := map[string][]byte{}
	for _, lang := range []string{served.NB, served.NN, served.EN} {
		var buf bytes.Buffer
		if err := docsPage.Execute(&buf, a.documentation(lang)); err != nil {
			return err
		}
		pages[lang] = buf.Bytes()
	}
	r.GET(DocsPath, func(c *gin.Context) {
		lang := served.Language(c.Request)
		c.Header("Content-Language", lang)
		c.Data(http.StatusOK, "text/html; charset=utf-8", pages[lang])
	})
	r.GET(DocsPath+"/docs.css", func(c *gin.Context) { c.Data(http.StatusOK, "text/css; charset=utf-8", docsStyle) })
	return nil
}

type docsData struct {
	Lang, Title, Intro           string
	Word                         map[string]string
	Tags                         []docsTag
	Problems                     []docsProblem
	Languages                    []string
	Contents, ProblemsTitle, Raw string
}

type docsTag struct {
	Name string
	Ops  []docsOp
}

type docsOp struct {
	ID, Method, Path, Summary, Detail, Example string
	Params                                     []docsParam
	Fields                                     []docsField
	List                                       string
}

type docsParam struct {
	Name, In, Type, Doc string
	Required            bool
}

type docsField struct{ Name, Type, Doc string }

type docsProblem struct {
	Anchor, Title string
	Status        int
}

// words are the documentation's own words.
var words = map[string]catalogue.Text{
	"title":       {NB: "API", NN: "API", EN: "API"},
	"home":        {NB: "Forsiden", NN: "Framsida", EN: "Front page"},
	"spec":        {NB: "Beskrivelsen i OpenAPI 3.1", NN: "Skildringa i OpenAPI 3.1", EN: "The description in OpenAPI 3.1"},
	"parameter":   {NB: "Parameter", NN: "Parameter", EN: "Parameter"},
	"meaning":     {NB: "Betyr", NN: "Tyder", EN: "Meaning"},
	"type":        {NB: "Type", NN: "Type", EN: "Type"},
	"field":       {NB: "Felt i svaret", NN: "Felt i svaret", EN: "Field of the answer"},
	"required":    {NB: "må oppgis", NN: "må oppgjevast", EN: "required"},
	"try":         {NB: "Eksempel", NN: "Døme", EN: "Example"},
	"problems":    {NB: "Når noe er galt", NN: "Når noko er gale", EN: "When something is wrong"},
	"problems-1":  {NB: "Feil svares med application/problem+json (RFC 9457): title, detail med hva som er galt og hva du kan gjøre, og errors med hver parameter.", NN: "Feil blir svara med application/problem+json (RFC 9457): title, detail med kva som er gale og kva du kan gjere, og errors med kvar parameter.", EN: "Errors are answered with application/problem+json (RFC 9457): title, detail with what is wrong and what to do, and errors with each parameter."},
	"caching":     {NB: "Mellomlagring og grenser", NN: "Mellomlagring og grenser", EN: "Caching and limits"},
	"caching-1":   {NB: "Hvert svar har en sterk ETag som navngir utgaven. Send den tilbake i If-None-Match: svaret er 304 til neste utgave. Svar komprimeres når Accept-Encoding har gzip. HEAD virker overalt GET gjør.", NN: "Kvart svar har ein sterk ETag som namngjev utgåva. Send han tilbake i If-None-Match: svaret er 304 til neste utgåve. Svar blir komprimerte når Accept-Encoding har gzip. HEAD verkar overalt GET gjer.", EN: "Every answer has a strong ETag that names the release. Send it back in If-None-Match: the answer is 304 until the next release. Answers are compressed when Accept-Encoding has gzip. HEAD works wherever GET does."},
	"caching-2":   {NB: "Hver adresse kan be om 200 nye svar i sekundet i snitt, og 4 000 på én gang. Svar som alt er laget, telles ikke. Utover det er svaret 429 med Retry-After. Trenger du alt, last ned datasettet.", NN: "Kvar adresse kan be om 200 nye svar i sekundet i snitt, og 4 000 på éin gong. Svar som alt er laga, blir ikkje talde. Utover det er svaret 429 med Retry-After. Treng du alt, last ned datasettet.", EN: "Each address may ask for 200 new answers a second on average, and 4,000 at once. Answers already made are not counted. Beyond that the answer is 429 with Retry-After. If you need everything, download the dataset."},
	tagAgreements: {NB: "Avtaler", NN: "Avtalar", EN: "Agreements"},
	tagFigures:    {NB: "Tall", NN: "Tal", EN: "Figures"},
	tagJudgement:  {NB: "Vurdering", NN: "Vurdering", EN: "Judgement"},
	tagEvaluation: {NB: "Evaluering", NN: "Evaluering", EN: "Evaluation"},
	tagProvenance: {NB: "Opphav", NN: "Opphav", EN: "Provenance"},
}

func (a *API) documentation(lang string) docsData {
	d := docsData{Lang: lang, Intro: description.In(lang), Word: map[string]string{}}
	for k, w := range words {
		d.Word[strings.ReplaceAll(k, "-", "_")] = w.In(lang)
	}
	for _, t := range a.texts {
		i := slices.IndexFunc(d.Tags, func(x docsTag) bool { return x.Name == words[t.text.tag].In(lang) })
		if i < 0 {
			i = len(d.Tags)
			d.Tags = append(d.Tags, docsTag{Name: words[t.text.tag].In(lang)})
		}
		d.Tags[i].Ops = append(d.Tags[i].Ops, a.documentOperation(t, lang))
	}
	for status, k := range kinds {
		d.Problems = append(d.Problems, docsProblem{k.anchor, k.title.In(lang), status})
	}
	slices.SortFunc(d.Problems, func(x, y docsProblem) int { return x.Status - y.Status })
	return d
}

func (a *API) documentOperation(t documented, lang string) docsOp {
	op := docsOp{ID: t.op.OperationID, Method: t.op.Method, Path: t.op.Path, Summary: t.text.summary.In(lang), Detail: t.text.detail.In(lang)}
	op.Example = examples[op.ID]
	for _, p := range t.op.Parameters {
		if p.In == "header" {
			continue
		}
		op.Params = append(op.Params, docsParam{p.Name, p.In, typeOf(p.Schema), p.Description, p.Required})
	}
	media := t.op.Responses["200"].Content[jsonMedia]
	if media == nil {
		return op
	}
	registry := a.huma.OpenAPI().Components.Schemas
	op.List, op.Fields = fieldsOf(registry, media.Schema)
	return op
}

// fieldsOf lists the fields of an answer: those of the rows where it is a list.
func fieldsOf(registry huma.Registry, s *huma.Schema) (list string, fields []docsField) {
	s = resolve(registry, s)
	names := namesOf(s)
	for _, name := range names {
		p := s.Properties[name]
		inner := p
		if p.Type == huma.TypeArray {
			inner = p.Items
		}
		if r := resolve(registry, inner); r.Type == huma.TypeObject && len(r.Properties) > 0 {
			list = name
			for _, n := range namesOf(r) {
				fields = append(fields, docsField{n, typeOf(r.Properties[n]), r.Properties[n].Description})
			}
		}
	}
	return list, fields
}

func namesOf(s *huma.Schema) []string {
	names := make([]string, 0, len(s.Properties))
	for n := range s.Properties {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func resolve(registry huma.Registry, s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return registry.SchemaFromRef(s.Ref)
	}
	return s
}

// typeOf says what a value may be, in a few signs.
func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case len(s.Enum) > 0:
		var vs []string
		for _, v := range s.Enum {
			vs = append(vs, valueText(v))
		}
		return strings.Join(vs, " | ")
	case s.Type == huma.TypeArray:
		return typeOf(s.Items) + "[]"
	case s.Nullable:
		return s.Type + " | null"
	default:
		return s.Type
	}
}

// examples are questions that have an answer in every release with the built-in
// catalogue and the recorded figures.
//
// A release is known by an id that is its own, so it has none.
var examples = map[string]string{
	"agreements":        Base + "/agreements",
	"agreement":         Base + "/agreements/innlandet",
	"indicators":        Base + "/indicators",
	"indicator":         Base + "/indicators/net-migration-rate",
	"municipalities":    Base + "/municipalities?agreement=innlandet",
	"municipality":      Base + "/municipalities/3425",
	"values":            Base + "/values?indicator=population&municipality=3425,3421&from=2015",
	"comparison-groups": Base + "/comparison-groups?municipality=3425",
	"attainment":        Base + "/attainment?agreement=innlandet&municipality=3425",
	"releases":          Base + "/releases",
	"tables":            Base + "/tables",
	"effects":           Base + "/effects?agreement=innlandet&indicator=net-migration-rate",
	"designs":           Base + "/designs?agreement=innlandet",
	"power":             Base + "/power?agreement=innlandet",
	"forecasts":         Base + "/forecasts?agreement=innlandet",
	"shifts":            Base + "/shifts?agreement=innlandet",
}
