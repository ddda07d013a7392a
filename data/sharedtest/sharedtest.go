// Package sharedtest finds the shared folder of reference data for tests: published
// results, recorded bodies and figures of others, which are no part of the module.
package sharedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir is the shared folder: $SHARED_DIR, or shared beside the module's root. It
// need not be there.
func Dir() string {
	if dir := os.Getenv("SHARED_DIR"); dir != "" {
		return dir
	}
	// Tests run in their package's folder, commands where they are started.
	root := "."
	for range 6 {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Join(root, "..")
	}
	return filepath.Join(root, "..", "shared")
}

// Path is a file or folder of the shared folder. Where it is missing the test is
// skipped, save in CI, where nothing may be.
func Path(t testing.TB, name ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{Dir()}, name...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the shared folder must be there in CI: %v", err)
		}
		t.Skipf("skipped: set SHARED_DIR to the shared folder to run this test: %v", err)
	}
	return path
}

// Read is the content of a file of the shared folder.
func Read(t testing.TB, name ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(Path(t, name...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
