package store

// mendable is a failure that a person can mend: one line that names the thing
// and the remedy, over the cause as the database gave it.
type mendable struct {
	message string
	cause   error
}

func (m *mendable) Error() string { return m.message }

func (m *mendable) Unwrap() error { return m.cause }
