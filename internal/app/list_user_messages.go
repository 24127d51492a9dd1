package app

import (
	"context"
	"time"
)

// ListUserMessages pages through the messages that named a user, newest first.
func (a *App) ListUserMessages(ctx context.Context, actor Actor, project, service, user string, page Page, now time.Time) (messages []Message, next string, err error) {
	before, err := parseMessageCursor(page.After)
	if err != nil {
		return nil, "", err
	}
	err = a.read(ctx, actor, now, func(r Reader) error {
		t, err := findTarget(ctx, r, actor, project, service, user, ReadProject)
		if err != nil {
			return err
		}
		messages, err = r.MessagesOfUser(ctx, t.user.ID, before, page.limit())
		return err
	})
	return messages, page.next(len(messages), func(i int) string { return messages[i].cursor() }), err
}
