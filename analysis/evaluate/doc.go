// Package evaluate runs one evaluation of a researcher's own panel: it reads a
// CSV file and a specification, chooses nothing on its own, calls the estimators
// and the inference of the other analysis packages and returns one result that
// can be printed as JSON or text.
//
// What is missing stays missing: an empty cell is never a zero. A donor without
// an outcome in the window is left out and named in the result's flags; a treated
// unit without one is an error. Every error names the field of the specification,
// or the row and column of the data, and says what to do; it wraps ErrSpec,
// ErrData or ErrMethod.
package evaluate

import "errors"

// Sentinel errors; test with errors.Is.
var (
	// ErrSpec reports a specification that cannot be understood or does not fit the data.
	ErrSpec = errors.New("spec")
	// ErrData reports a panel file that cannot be used.
	ErrData = errors.New("data")
	// ErrMethod reports that the method or the inference has no answer on these data.
	ErrMethod = errors.New("method")
)
