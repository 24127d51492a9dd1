package notify

import (
	"context"

	"github.com/segue-project/segue/internal/app"
)

// Outbox takes mails where no SMTP server is set: none leaves, and what was
// rendered stays with its message in the store, where people can look at it.
type Outbox struct{}

var _ app.Mailer = Outbox{}

// NewOutbox returns the mailer of a Segue without an SMTP server.
func NewOutbox() Outbox { return Outbox{} }

// Send does nothing: the store has the mail.
func (Outbox) Send(context.Context, app.Mail) error { return nil }

// Leaves reports that no mail leaves.
func (Outbox) Leaves() bool { return false }

// Check does nothing: there is no server that could fail.
func (Outbox) Check(context.Context) error { return nil }
