package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"
)

// SignInTokenLife is how long a token from signing in is good for.
const SignInTokenLife = 30 * 24 * time.Hour

// maxPassword bounds what is hashed.
const maxPassword = 1024

// SignIn exchanges address and password for a token.
func (a *App) SignIn(ctx context.Context, email, password, address, userAgent string, now time.Time) (token string, acc Account, err error) {
	return a.signIn(ctx, BearerToken, email, password, address, userAgent, now)
}

func (a *App) signIn(ctx context.Context, kind TokenKind, email, password, address, userAgent string, now time.Time) (token string, acc Account, err error) {
	acc, ok, err := a.checkPassword(ctx, email, password, address, now)
	if err != nil {
		return "", Account{}, err
	}
	if !ok {
		return "", Account{}, fail(CodeUnauthenticated, "this email and password do not belong together")
	}
	actor := Actor{AccountID: acc.ID, Email: acc.Email, Address: address}
	token, t, err := a.newToken(kind, actor, userAgent, now)
	if err != nil {
		return "", Account{}, err
	}
	err = a.write(ctx, actor, now, func(u *unit) error { return u.signIn(ctx, t) })
	return token, acc, err
}

// checkPassword finds the account of an address and holds its password against
// the one given. Limits per address and account are held before anything is
// hashed, and an unknown account costs the same hash as a known one.
func (a *App) checkPassword(ctx context.Context, email, password, address string, now time.Time) (acc Account, ok bool, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > 254 || len(password) > maxPassword {
		return Account{}, false, failField("password", "email or password is too long")
	}
	var known []string
	err = a.Store.Read(ctx, func(r Reader) (err error) {
		if acc, err = r.AccountByEmail(ctx, email); err != nil {
			return err
		}
		known, err = r.SignInAddresses(ctx, acc.ID, knownAddresses)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, false, err
	}
	if !a.Limits.Allow(address, email, known, now) {
		return Account{}, false, fail(CodeTooMany, "too many attempts to sign in: wait a minute, then try again")
	}
	ok, err = a.Passwords.Verify(ctx, acc.PasswordHash, password)
	if err != nil {
		return Account{}, false, busy(err)
	}
	if ok = ok && acc.ID != 0; !ok {
		err = a.noteFailedSignIn(ctx, acc, address, now)
	}
	return acc, ok, err
}

// knownAddresses is how many of an account's addresses keep an allowance of their own.
const knownAddresses = 50

// failurePlaces is how many failed sign-ins are audited in a minute: addresses
// share these places, so that neither one nor many fill the log. An account has
// no part in it: whether an entry is written must not tell that it exists.
const failurePlaces = 64

// noteFailedSignIn audits in the instance's log that a password was wrong. What
// was typed for an account that does not exist may be a password, and is left out.
func (a *App) noteFailedSignIn(ctx context.Context, acc Account, address string, now time.Time) error {
	place := sha256.Sum256([]byte(address))
	if !a.denials.due(denialKey{account: int64(place[0] % failurePlaces), permission: "sign-in"}, now) {
		return nil
	}
	detail := map[string]string{"address": address}
	if acc.ID != 0 {
		detail["account"] = acc.Email
	}
	return a.write(ctx, System(), now, func(u *unit) error { return u.audit(0, "account.sign-in-failed", "", "", detail) })
}

// newToken makes a token of the actor's, which the caller stores.
func (a *App) newToken(kind TokenKind, actor Actor, userAgent string, now time.Time) (token string, t Token, err error) {
	token, prefix, hash, err := a.Tokens.New()
	life := SignInTokenLife
	if kind == SessionToken {
		life = SessionLife
	}
	return token, Token{
		ID: newID(), AccountID: actor.AccountID, Kind: kind, Hash: hash, Prefix: prefix, Description: "sign-in",
		CreatedAt: now, ExpiresAt: now.Add(life), MaxAge: life, LastUsedAt: now, LastIP: actor.Address, LastUserAgent: cut(userAgent, maxLabel),
	}, err
}

// signIn stores a token and audits that its owner signed in.
func (u *unit) signIn(ctx context.Context, t Token) error {
	if err := u.InsertToken(ctx, t); err != nil {
		return err
	}
	return u.audit(0, "account.sign-in", "", "", map[string]string{"address": t.LastIP, "token": t.Prefix, "kind": string(t.Kind)})
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
