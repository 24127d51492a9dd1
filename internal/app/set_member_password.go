package app

import (
	"context"
	"errors"
	"strings"
	"time"
)

// SetMemberPassword gives an account another password, for somebody who is locked
// out and asks whoever runs the server. Everything that the old one opened ends:
// ended counts the sessions and tokens. keepTokens ends the browsers' sessions
// alone, for an account whose tokens programs use.
func (a *App) SetMemberPassword(ctx context.Context, actor Actor, email, password string, keepTokens bool, now time.Time) (ended int, err error) {
	if !actor.System {
		return 0, fail(CodeForbidden, "a password is set by whoever runs the server, at its store")
	}
	if err := checkMemberPassword(password); err != nil {
		return 0, err
	}
	encoded, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return 0, busy(err)
	}
	var kind TokenKind // every one
	if keepTokens {
		kind = SessionToken
	}
	err = a.write(ctx, actor, now, func(u *unit) error {
		acc, err := u.AccountByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
		if errors.Is(err, ErrNotFound) {
			return fail(CodeNotFound, "nobody has an account with this address")
		}
		if err != nil {
			return err
		}
		if err := u.SetPasswordHash(ctx, acc.ID, encoded); err != nil {
			return err
		}
		if ended, err = u.RevokeTokens(ctx, acc.ID, kind, now); err != nil {
			return err
		}
		return u.audit(0, "account.set-password", "", "", map[string]any{"email": acc.Email, "ended": ended, "tokens_kept": keepTokens})
	})
	return ended, err
}
