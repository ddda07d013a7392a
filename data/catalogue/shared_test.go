package catalogue

import (
	"os"
	"path/filepath"
	"testing"
)

// readShared reads a file of the shared folder: $SHARED_DIR, or shared beside
// the module's root. Where there is none the test is skipped, save in CI.
func readShared(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("SHARED_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared file missing in CI: %v", err)
		}
		t.Skipf("skipped: no shared folder here (set SHARED_DIR): %v", err)
	}
	return content
}
