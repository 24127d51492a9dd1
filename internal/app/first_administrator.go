package app

import (
	"context"
	"strings"
	"time"
)

// minMemberPassword is the shortest password of a member.
const minMemberPassword = 10

// FirstAdministrator makes the administrator of an empty store; created is
// false where there is somebody already.
func (a *App) FirstAdministrator(ctx context.Context, email, password string, now time.Time) (created bool, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !validEmail(email) {
		return false, failField("email", "the first administrator's email must be an e-mail address")
	}
	if len(password) < minMemberPassword || len(password) > maxPassword {
		return false, failField("password", "the first administrator's password must be %d to %d bytes long", minMemberPassword, maxPassword)
	}
	hash, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return false, err
	}
	err = a.write(ctx, System(), now, func(u *unit) error {
		// Two that start at once on one store: the second waits, and finds the first's.
		if _, err := u.LockAuditHead(ctx, 0); err != nil {
			return err
		}
		n, err := u.CountAccounts(ctx)
		if err != nil || n > 0 {
			return err
		}
		created = true
		acc := Account{ID: newID(), Email: email, PasswordHash: hash, Administrator: true, CreatedAt: now}
		if err := u.InsertAccount(ctx, acc); err != nil {
			return err
		}
		return u.audit(0, "account.create", "", "", map[string]any{"email": email, "administrator": true})
	})
	return created, err
}
