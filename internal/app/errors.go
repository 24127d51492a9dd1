package app

import (
	"errors"
	"fmt"

	"github.com/segue-project/segue/internal/lifecycle"
)

// Code says what sort of failure an Error is; each edge translates it once.
type Code string

// The codes of failures that are somebody's to act on. Anything else is internal.
const (
	CodeInvalid         Code = "invalid"
	CodeUnauthenticated Code = "unauthenticated"
	CodeForbidden       Code = "forbidden"
	CodeNotFound        Code = "not_found"
	CodeConflict        Code = "conflict"
	CodeTooMany         Code = "too_many_requests"
	CodeUnavailable     Code = "unavailable"
)

// Error is a failure with a message for people: what happened and what to do.
// It never repeats a value somebody sent.
type Error struct {
	Code    Code
	Field   string
	Message string
}

func (e *Error) Error() string { return e.Message }

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func failField(field, format string, args ...any) error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// ErrNotFound is what a Store returns for a row that is not there.
var ErrNotFound = errors.New("not found")

// ErrExists is what a Store returns when a unique name is taken.
var ErrExists = errors.New("already exists")

// ErrBusy is what Passwords returns when no place to hash became free in time.
var ErrBusy = errors.New("too many sign-ins at the same moment: try again in a few seconds")

// ErrClockBehind is what a Store returns for a sweep whose now lies more than
// five minutes before the last one that committed.
var ErrClockBehind = errors.New("this clock is more than 5 minutes behind the last sweep: " + acceptClock)

// AsError turns a refusal by a rule into an Error and leaves everything else.
func AsError(err error) error {
	var rule *lifecycle.Error
	if errors.As(err, &rule) {
		code := CodeConflict
		if rule.Kind == lifecycle.Invalid {
			code = CodeInvalid
		}
		return &Error{Code: code, Field: rule.Field, Message: rule.Message}
	}
	return err
}
