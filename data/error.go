package data

import (
	"errors"
	"fmt"
)

// Error codes. Adapters map them to HTTP statuses and exit codes; the message
// is written for the person who must mend the input.
const (
	EINVALID     = "invalid"
	ENOTFOUND    = "not_found"
	ECONFLICT    = "conflict"
	EUNAVAILABLE = "unavailable"
	EINTERNAL    = "internal"
)

// Error is a failure with a machine code and a message a person can act on.
type Error struct {
	Code string
	err  error
}

// Error returns the message.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns what Errorf's %w verbs wrapped.
func (e *Error) Unwrap() error { return e.err }

// Errorf makes an Error of the given code. A %w verb keeps the cause for
// errors.Is and errors.As.
func Errorf(code, format string, args ...any) error {
	return &Error{Code: code, err: fmt.Errorf(format, args...)}
}

// ErrorCode returns the code of the outermost *Error in err's chain, EINTERNAL
// for any other error, and "" for nil.
func ErrorCode(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	default:
		return EINTERNAL
	}
}

// ErrorMessage returns the message for a reader. What is not an *Error is an
// internal matter and its text is kept from them.
func ErrorMessage(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Error()
	default:
		return "Internal error."
	}
}
