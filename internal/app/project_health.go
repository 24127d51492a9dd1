package app

import (
	"context"
	"time"
)

// MailState says how a project's mail fares.
type MailState string

// The states of a project's mail, by its newest attempt.
const (
	MailNotSet  MailState = "not-set" // no mail server is set: mails are kept in the outbox
	MailUntried MailState = "untried" // nothing was sent yet
	MailWorks   MailState = "works"
	MailFails   MailState = "fails"
)

// Health is how a project's sweep and deliveries fare, by what is stored.
type Health struct {
	LastSweep      time.Time // the newest that committed; zero: none yet
	Overdue        int       // the project's users whose date for the sweep has passed
	MailConfigured bool      // mail leaves this Segue
	MailState      MailState
	MailAt         time.Time // of the newest attempt; zero for none
	Messages       map[MessageState]int
	NewestError    string // of the newest message that is due or dead and failed; empty for none
	NewestErrorAt  time.Time
	Channels       []ChannelHealth // in order of name
}

// ChannelHealth is how a channel fares.
type ChannelHealth struct {
	Name        string
	Kind        ChannelKind
	LastOutcome MessageState // of the newest attempt; empty for none
	LastAt      time.Time
	LastError   string
	NextTry     time.Time // of the oldest message that waits; zero for none
}

// ProjectHealth shows how the sweep and a project's deliveries fare.
func (a *App) ProjectHealth(ctx context.Context, actor Actor, project string, now time.Time) (Health, error) {
	return Health{}, errPending
}
