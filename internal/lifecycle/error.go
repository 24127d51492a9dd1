package lifecycle

import "fmt"

// Kind says what sort of refusal an Error is; the edges map it to a status.
type Kind string

// The kinds of refusal.
const (
	Invalid  Kind = "invalid"  // a value breaks a rule that does not depend on facts
	Conflict Kind = "conflict" // the facts do not allow it now
)

// Error is a refusal by a rule. It never repeats a value somebody sent.
type Error struct {
	Kind    Kind
	Field   string // the field at fault; empty where it is no single one
	Message string // for people: what is wrong and what to do
}

func (e *Error) Error() string { return e.Message }

func invalid(field, format string, args ...any) error {
	return &Error{Kind: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &Error{Kind: Conflict, Message: fmt.Sprintf(format, args...)}
}
