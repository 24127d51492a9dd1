package app

import (
	"context"
	"errors"
	"strings"
	"time"
)

// SignInTokenLife is how long a token from signing in is good for.
const SignInTokenLife = 30 * 24 * time.Hour

// maxPassword bounds what is hashed.
const maxPassword = 1024

// SignIn exchanges address and password for a token. Limits per address and
// account are held before anything is hashed, and an unknown account costs the
// same hash as a known one.
func (a *App) SignIn(ctx context.Context, email, password, address, userAgent string, now time.Time) (token string, acc Account, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > 254 || len(password) > maxPassword {
		return "", Account{}, failField("password", "email or password is too long")
	}
	if !a.Limits.Allow(address, email, now) {
		return "", Account{}, fail(CodeTooMany, "too many attempts to sign in: wait a minute, then try again")
	}
	err = a.Store.Read(ctx, func(r Reader) (err error) {
		acc, err = r.AccountByEmail(ctx, email)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", Account{}, err
	}
	ok, err := a.Passwords.Verify(ctx, acc.PasswordHash, password)
	if err != nil {
		return "", Account{}, busy(err)
	}
	if !ok || acc.ID == 0 {
		return "", Account{}, fail(CodeUnauthenticated, "this email and password do not belong together")
	}
	actor := Actor{AccountID: acc.ID, Email: acc.Email, Address: address}
	token, err = a.issueToken(ctx, actor, userAgent, now)
	return token, acc, err
}

func (a *App) issueToken(ctx context.Context, actor Actor, userAgent string, now time.Time) (string, error) {
	token, prefix, hash, err := a.Tokens.New()
	if err != nil {
		return "", err
	}
	return token, a.write(ctx, actor, now, func(u *unit) error {
		err := u.InsertToken(ctx, Token{
			ID: newID(), AccountID: actor.AccountID, Hash: hash, Prefix: prefix, Description: "sign-in",
			CreatedAt: now, ExpiresAt: now.Add(SignInTokenLife), MaxAge: SignInTokenLife, LastUsedAt: now,
			LastIP: actor.Address, LastUserAgent: cut(userAgent, maxLabel),
		})
		if err != nil {
			return err
		}
		return u.audit(0, "account.sign-in", "", "", map[string]string{"address": actor.Address, "token": prefix})
	})
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
