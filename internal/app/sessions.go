package app

import (
	"context"
	"errors"
	"time"
)

var errPending = errors.New("not built yet")

// SessionView is a browser that is signed in, as its owner sees it.
type SessionView struct {
	ID         string // hex
	CreatedAt  time.Time
	LastUsedAt time.Time
	Address    string // client IP of the last use
	UserAgent  string
	Current    bool // the one that asks
}

// AuthenticateSession finds who a session's cookie belongs to.
func (a *App) AuthenticateSession(ctx context.Context, token, address, userAgent string, now time.Time) (Actor, error) {
	return Actor{}, errPending
}

// CloseSession signs the actor's browser out.
func (a *App) CloseSession(ctx context.Context, actor Actor, now time.Time) error {
	return errPending
}

// ListSessions shows the browsers where the actor is signed in, the newest first.
func (a *App) ListSessions(ctx context.Context, actor Actor, now time.Time) ([]SessionView, error) {
	return nil, errPending
}

// RevokeSession signs one of the actor's own browsers out.
func (a *App) RevokeSession(ctx context.Context, actor Actor, id string, now time.Time) error {
	return errPending
}
