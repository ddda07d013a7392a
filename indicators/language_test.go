package indicators_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bygdevekst/bygdevekst/indicators/itest"
)

// TestLanguage runs every file of the indicator test language.
func TestLanguage(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.itest"))
	if err != nil {
		t.Fatal(err)
	}
	cases, expectations := 0, 0
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			n, err := itest.Run(path, body)
			if err != nil {
				t.Error(err)
			}
			expectations += n
			cases += strings.Count("\n"+string(body), "\neval ")
		})
	}
	// Issue 2 asks for at least 60 cases.
	if cases < 60 {
		t.Errorf("%d cases with %d expectations in %d files; at least 60 are asked for", cases, expectations, len(files))
	}
	t.Logf("%d cases, %d expectations in %d files", cases, expectations, len(files))
}
