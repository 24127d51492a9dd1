package app

import (
	"context"
	"errors"
	"time"
)

// MailState says how a project's mail fares.
type MailState string

// The states of a project's mail, by the newest that was tried.
const (
	MailNotSet  MailState = "not-set" // no mail server is set: mails are kept in the outbox
	MailUntried MailState = "untried" // nothing was sent yet
	MailWorks   MailState = "works"
	MailFails   MailState = "fails"
)

// Health is how a project's sweep and deliveries fare, by what is stored.
type Health struct {
	LastSweep      time.Time // the newest that committed; zero: none yet
	Overdue        int       // the project's users whose renewal is due: normal for as long as a tick takes
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
	LastOutcome MessageState // of the newest message that was tried; due: it failed and is tried again; empty for none
	LastAt      time.Time
	LastError   string
	NextTry     time.Time // of the oldest message that waits; zero for none
}

// ProjectHealth shows how the sweep and a project's deliveries fare.
func (a *App) ProjectHealth(ctx context.Context, actor Actor, project string, now time.Time) (Health, error) {
	h := Health{MailConfigured: a.Mailer.Leaves(), MailState: MailNotSet}
	var err error
	if h.LastSweep, err = a.Inspector.LastSweep(ctx); err != nil {
		return Health{}, err
	}
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		if h.Overdue, err = r.CountOverdue(ctx, s.Project.ID, now); err != nil {
			return err
		}
		return h.read(ctx, r, s.Project.ID)
	})
	return h, err
}

// read adds how deliveries fare.
func (h *Health) read(ctx context.Context, r Reader, projectID int64) (err error) {
	if h.Messages, err = r.CountMessages(ctx, projectID); err != nil {
		return err
	}
	if err := h.readErrors(ctx, r, projectID); err != nil {
		return err
	}
	next, err := r.NextTries(ctx, projectID)
	if err != nil {
		return err
	}
	mail, err := newestTried(ctx, r, projectID, 0)
	if err != nil {
		return err
	}
	if h.MailAt = mail.At; h.MailConfigured {
		h.MailState = mail.mailState()
	}
	channels, err := r.Channels(ctx, projectID)
	for _, c := range channels {
		tried, err := newestTried(ctx, r, projectID, c.ID)
		if err != nil {
			return err
		}
		h.Channels = append(h.Channels, ChannelHealth{
			Name: c.Name, Kind: c.Kind, LastOutcome: tried.State, LastAt: tried.At, LastError: tried.Error, NextTry: next[c.ID],
		})
	}
	return err
}

// readErrors finds the newest error among what waits and what was given up.
func (h *Health) readErrors(ctx context.Context, r Reader, projectID int64) error {
	for _, state := range []MessageState{MessageDue, MessageDead} {
		t, err := r.NewestError(ctx, projectID, state)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if t.At.After(h.NewestErrorAt) {
			h.NewestError, h.NewestErrorAt = t.Error, t.At
		}
	}
	return nil
}

// newestTried is zero where no message was tried.
func newestTried(ctx context.Context, r Reader, projectID, channelID int64) (Tried, error) {
	t, err := r.NewestTried(ctx, projectID, channelID)
	if errors.Is(err, ErrNotFound) {
		return Tried{}, nil
	}
	return t, err
}

func (t Tried) mailState() MailState {
	switch {
	case t.At.IsZero():
		return MailUntried
	case t.Error != "":
		return MailFails
	}
	return MailWorks
}
