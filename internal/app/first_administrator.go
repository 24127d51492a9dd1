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
	acc := Account{ID: newID(), Email: email, PasswordHash: hash, Administrator: true, CreatedAt: now}
	err = a.write(ctx, System(), now, func(u *unit) (err error) {
		created, err = u.insertFirst(ctx, acc)
		return err
	})
	return created, err
}

// insertFirst stores the first administrator and makes any set-up link worthless;
// created is false where there is somebody already.
func (u *unit) insertFirst(ctx context.Context, acc Account) (created bool, err error) {
	if empty, err := u.nobody(ctx); err != nil || !empty {
		return false, err
	}
	if err := u.InsertAccount(ctx, acc); err != nil {
		return false, err
	}
	if err := u.DeleteSetupLinks(ctx); err != nil {
		return false, err
	}
	return true, u.audit(0, "account.create", "", "", map[string]any{"email": acc.Email, "administrator": true})
}

// nobody reports whether the store has no account yet. Of two that ask at once on
// one store the second waits, and finds what the first made.
func (u *unit) nobody(ctx context.Context) (bool, error) {
	if _, err := u.LockAuditHead(ctx, 0); err != nil {
		return false, err
	}
	n, err := u.CountAccounts(ctx)
	return n == 0, err
}
