package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// SessionView is a browser that is signed in, as its owner sees it.
type SessionView struct {
	ID         string // 16 hex digits
	CreatedAt  time.Time
	LastUsedAt time.Time // to a minute
	Address    string    // client IP of the last use
	UserAgent  string
	Current    bool // the one that asks
}

// maxSessions bounds the list of an account's sessions: the newest.
const maxSessions = 100

// AuthenticateSession finds who a session's cookie belongs to.
func (a *App) AuthenticateSession(ctx context.Context, token, address, userAgent string, now time.Time) (Actor, error) {
	return a.authenticate(ctx, SessionToken, token, address, userAgent, now)
}

// CloseSession signs the actor's browser out.
func (a *App) CloseSession(ctx context.Context, actor Actor, now time.Time) error {
	return a.write(ctx, actor, now, func(u *unit) error {
		if err := u.RevokeToken(ctx, actor.TokenID, now); errors.Is(err, ErrNotFound) {
			return fail(CodeUnauthenticated, "nobody is signed in here")
		} else if err != nil {
			return err
		}
		return u.audit(0, "account.sign-out", "", "", map[string]string{"address": actor.Address, "session": sessionID(actor.TokenID)})
	})
}

func sessionID(id int64) string { return fmt.Sprintf("%016x", uint64(id)) }

// ListSessions shows the browsers where the actor is signed in, the newest first.
func (a *App) ListSessions(ctx context.Context, actor Actor, now time.Time) (sessions []SessionView, err error) {
	var live []Token
	err = a.read(ctx, actor, now, func(r Reader) (err error) {
		live, err = liveSessions(ctx, r, actor, now)
		return err
	})
	for _, t := range live {
		sessions = append(sessions, SessionView{
			ID: sessionID(t.ID), CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt,
			Address: t.LastIP, UserAgent: t.LastUserAgent, Current: t.ID == actor.TokenID,
		})
	}
	return sessions, err
}

func liveSessions(ctx context.Context, r Reader, actor Actor, now time.Time) ([]Token, error) {
	return r.Sessions(ctx, actor.AccountID, now, now.Add(-SessionIdle), maxSessions)
}

// RevokeSession signs one of the actor's own browsers out.
func (a *App) RevokeSession(ctx context.Context, actor Actor, id string, now time.Time) error {
	return a.write(ctx, actor, now, func(u *unit) error {
		live, err := liveSessions(ctx, u, actor, now)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(live, func(t Token) bool { return sessionID(t.ID) == id })
		if i < 0 {
			return fail(CodeNotFound, "you have no such session: it ended already, or was never yours")
		}
		if err := u.RevokeToken(ctx, live[i].ID, now); err != nil {
			return err
		}
		return u.audit(0, "account.revoke-session", "", "", map[string]string{"address": actor.Address, "session": id})
	})
}
