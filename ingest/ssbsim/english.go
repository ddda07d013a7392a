package ssbsim

import (
	"net/http"
	"strings"
)

// english words what the server itself says in English, for lang=en. Titles of
// tables and labels of values are the model's and stay Norwegian.
var english = strings.NewReplacer(
	`"language":"no"`, `"language":"en"`, `"hreflang":"no"`, `"hreflang":"en"`, `?lang=no`, `?lang=en`,
	`, etter `, ` by `, ` og år"`, ` and year"`, ` og kvartal"`, ` and quarter"`, `, statistikkvariabel`, `, contents`, `, kjønn`, `, sex`, `, alder`, `, age`,
	`"statistikkvariabel"`, `"contents"`, `"kjønn"`, `"sex"`, `"alder"`, `"age"`, `"år"`, `"year"`, `"kvartal"`, `"quarter"`, `"næring (SN2007)"`, `"industry (SIC2007)"`,
	`"Simulerte tall – ikke SSB"`, `"Simulated figures – not Statistics Norway"`,
	`SIMULERTE TALL – ikke SSB. Tallene er laget av en modell og beskriver ingen virkelig kommune.`,
	`SIMULATED FIGURES – not Statistics Norway. The figures are made by a model and describe no real municipality.`,
	`Tegnforklaring: . = Ikke mulig å oppgi tall. .. = Tallgrunnlag mangler. : = Vises ikke av konfidensialitetshensyn.`,
	`Explanation of signs: . = Category not applicable. .. = Data not available. : = Confidential.`,
	`Tabellen er avsluttet og erstattet av tabell `, `The table is discontinued and replaced by table `,
)

// translator writes bodies in English; each is written whole.
type translator struct{ http.ResponseWriter }

func (t translator) Write(body []byte) (int, error) {
	if _, err := english.WriteString(t.ResponseWriter, string(body)); err != nil {
		return 0, err
	}
	return len(body), nil
}
