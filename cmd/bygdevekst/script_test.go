package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets test scripts run the program itself as a command, and the
// kill tests run it as a process.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"bygdevekst": func() {
			os.Exit(Main{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr}.Run(context.Background()))
		},
	})
}

// tests are the package's tests, with what they share taken away afterwards.
type tests struct{ *testing.M }

// Run runs the tests.
func (m tests) Run() int {
	code := m.M.Run()
	if sharedHome != "" {
		_ = os.RemoveAll(sharedHome) // It lies in the folder for temporary files.
	}
	return code
}

// TestScripts runs testdata/script/*.txtar: each is a session at the command
// line with what it must print.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("BYGDEVEKST_HOME", env.WorkDir+"/home")
			env.Setenv("XDG_DATA_HOME", env.WorkDir+"/xdg")
			return nil
		},
	})
}
