package app

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ListMessages pages through a project's messages, newest first; state is empty for all.
func (a *App) ListMessages(ctx context.Context, actor Actor, project string, state MessageState, page Page, now time.Time) (messages []Message, next string, err error) {
	before, err := parseMessageCursor(page.After)
	if err != nil {
		return nil, "", err
	}
	switch state {
	case "", MessageDue, MessageSent, MessageKept, MessageDropped, MessageDead:
	default:
		return nil, "", failField("state", "state must be due, sent, kept, dropped or dead")
	}
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		messages, err = r.Messages(ctx, s.Project.ID, state, before, page.limit())
		return err
	})
	return messages, page.next(len(messages), func(i int) string { return messages[i].cursor() }), err
}

func (m Message) cursor() string { return fmt.Sprintf("%d-%x", m.CreatedAt.UnixMilli(), uint64(m.ID)) }

func parseMessageCursor(s string) (MessageCursor, error) {
	if s == "" {
		return MessageCursor{}, nil
	}
	at, id, err := parseCursor(s)
	return MessageCursor{CreatedAt: at, ID: id}, err
}

// parseCursor reads a cursor made of a moment and a row id.
func parseCursor(s string) (at time.Time, id int64, err error) {
	var ms int64
	var row uint64
	if n, err := fmt.Sscanf(s, "%d-%x", &ms, &row); n != 2 || err != nil {
		return time.Time{}, 0, failField("after", "after must be the next of the page before")
	}
	return time.UnixMilli(ms).UTC(), int64(row), nil
}

// GetMessage shows a message with its attempts.
func (a *App) GetMessage(ctx context.Context, actor Actor, project string, id int64, now time.Time) (m Message, attempts []Attempt, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		if m, err = findMessage(ctx, r, s, id); err != nil {
			return err
		}
		attempts, err = r.Attempts(ctx, id)
		return err
	})
	return m, attempts, err
}

func findMessage(ctx context.Context, r Reader, s scope, id int64) (Message, error) {
	m, err := r.Message(ctx, id)
	if errors.Is(err, ErrNotFound) || (err == nil && m.ProjectID != s.Project.ID) {
		return Message{}, fail(CodeNotFound, "no such message in this project")
	}
	return m, err
}

// RetryMessage makes a message that was given up, dropped or kept due again.
func (a *App) RetryMessage(ctx context.Context, actor Actor, project string, id int64, now time.Time) error {
	return a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageNotices)
		if err != nil {
			return err
		}
		m, err := findMessage(ctx, u, s, id)
		if err != nil {
			return err
		}
		if err := u.RetryMessage(ctx, id, now); errors.Is(err, ErrNotFound) {
			return fail(CodeConflict, "this message is %s: only one that was given up, dropped or kept can be retried", m.State)
		} else if err != nil {
			return err
		}
		return u.audit(s.Project.ID, "message.retry", "", "", map[string]string{"message": fmt.Sprintf("%016x", uint64(id))})
	})
}
