package app

import (
	"context"
	"time"
)

// ListUserMessages pages through the messages that named a user, newest first.
func (a *App) ListUserMessages(ctx context.Context, actor Actor, project, service, user string, page Page, now time.Time) (messages []Message, next string, err error) {
	return nil, "", errPending
}
