package ingest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/ingest"
	"github.com/bygdevekst/bygdevekst/ingest/ssbsim"
)

// examine returns what must be mended, as lines.
func examine(t *testing.T, base string, tables ...string) string {
	t.Helper()
	var b strings.Builder
	err := job(t, base, openArchive(t), tables...).Examine(context.Background(), func(d ingest.Diagnosis) {
		for _, m := range d.Mend {
			fmt.Fprintf(&b, "%s: %s\n", d.Subject, m)
		}
		if len(d.Mend) == 0 && d.Fine == "" {
			t.Errorf("%s: nothing said", d.Subject)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExamine(t *testing.T) {
	// A clean source: only the municipalities that the small world lacks.
	told := examine(t, simulator(t, ssbsim.Options{}).URL)
	if n := strings.Count(told, "\n"); n != 357-len(few) || strings.Count(told, "Klass has no such code") != n {
		t.Errorf("a clean source:\n%.2000s", told)
	}
	for fault, want := range map[string]string{
		"discontinued":  "table 07984: the source has ended this table",
		"codes-removed": `dimension NACE2007 (næring (SN2007)): no code is "86-88"`,
		"truncated":     "table 07984: table 07984: the answer cannot be read",
	} {
		if told := examine(t, simulator(t, ssbsim.Options{}, fault).URL, "07984", "06913"); !strings.Contains(told, want) {
			t.Errorf("%s: told %q, want %q", fault, told, want)
		}
	}
	for _, fault := range []string{"unavailable", "rate-limit", "html-404"} {
		err := job(t, simulator(t, ssbsim.Options{}, fault).URL, openArchive(t)).Examine(context.Background(), func(ingest.Diagnosis) {})
		if data.ErrorCode(err) != data.EUNAVAILABLE {
			t.Errorf("%s: %v", fault, err)
		}
	}
}
