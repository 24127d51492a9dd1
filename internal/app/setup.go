package app

import (
	"context"
	"errors"
	"strings"
	"time"
)

// SetupLife is how long the link of the first set-up is good for.
const SetupLife = 7 * 24 * time.Hour

// OfferSetup makes the token of the one-time link by which the first
// administrator chooses a password, and makes the one before worthless. It is
// empty where the store has an account already.
func (a *App) OfferSetup(ctx context.Context, email string, now time.Time) (token string, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !validEmail(email) {
		return "", failField("email", "the first administrator's email must be an e-mail address")
	}
	token, _, hash, err := a.Tokens.New()
	if err != nil {
		return "", err
	}
	offered := false
	err = a.write(ctx, System(), now, func(u *unit) (err error) {
		if offered, err = u.nobody(ctx); err != nil || !offered {
			return err
		}
		l := SetupLink{TokenHash: hash, Email: email, CreatedAt: now, ExpiresAt: now.Add(SetupLife)}
		if err := u.SetSetupLink(ctx, l); err != nil {
			return err
		}
		return u.audit(0, "setup.offer", "", "", map[string]string{"email": email})
	})
	if err != nil || !offered {
		return "", err
	}
	return token, nil
}

// CheckSetup is the address that a set-up link was made for.
func (a *App) CheckSetup(ctx context.Context, token string, now time.Time) (email string, err error) {
	hash, ok := a.Tokens.Hash(token)
	if !ok {
		return "", noSetup()
	}
	var l SetupLink
	err = a.Store.Read(ctx, func(r Reader) (err error) {
		l, err = setupAt(ctx, r, hash, now)
		return err
	})
	return l.Email, err
}

// CompleteSetup makes the first administrator and signs its browser in. The link
// works once.
func (a *App) CompleteSetup(ctx context.Context, token, password, realName, address, userAgent string, now time.Time) (sessionToken string, err error) {
	sessionToken, _, err = a.completeSetup(ctx, SessionToken, token, password, realName, address, userAgent, now)
	return sessionToken, err
}

// SetUp does the same for somebody without a browser, who gets a bearer token.
func (a *App) SetUp(ctx context.Context, token, password, realName, address, userAgent string, now time.Time) (bearer string, acc Account, err error) {
	return a.completeSetup(ctx, BearerToken, token, password, realName, address, userAgent, now)
}

func (a *App) completeSetup(ctx context.Context, kind TokenKind, token, password, realName, address, userAgent string, now time.Time) (string, Account, error) {
	email, err := a.CheckSetup(ctx, token, now) // before anything is hashed
	if err != nil {
		return "", Account{}, err
	}
	if err := checkNewAccount(password, realName); err != nil {
		return "", Account{}, err
	}
	encoded, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return "", Account{}, busy(err)
	}
	acc := Account{ID: newID(), Email: email, RealName: realName, PasswordHash: encoded, Administrator: true, CreatedAt: now}
	actor := Actor{AccountID: acc.ID, Email: acc.Email, Address: address}
	opened, t, err := a.newToken(kind, actor, userAgent, now)
	if err != nil {
		return "", Account{}, err
	}
	hash, _ := a.Tokens.Hash(token)
	err = a.write(ctx, actor, now, func(u *unit) error {
		if _, err := setupAt(ctx, u, hash, now); err != nil {
			return err
		}
		switch created, err := u.insertFirst(ctx, acc); {
		case err != nil:
			return err
		case !created:
			return noSetup()
		}
		return u.signIn(ctx, t)
	})
	if err != nil {
		return "", Account{}, err
	}
	return opened, acc, nil
}

// setupAt is the set-up link that a token opens at now.
func setupAt(ctx context.Context, r Reader, hash []byte, now time.Time) (SetupLink, error) {
	l, err := r.SetupLink(ctx, hash)
	if errors.Is(err, ErrNotFound) || (err == nil && now.After(l.ExpiresAt)) {
		return SetupLink{}, noSetup()
	}
	return l, err
}

func noSetup() error {
	return fail(CodeUnauthenticated, "this link is unknown, used or too old: start `segue serve` again for a new one, or sign in if the first administrator exists")
}

// checkNewAccount holds what somebody chose for a new account against the rules.
func checkNewAccount(password, realName string) error {
	if len(password) < minMemberPassword || len(password) > maxPassword {
		return failField("password", "password must be %d to %d bytes long", minMemberPassword, maxPassword)
	}
	return checkRealName(realName)
}

func checkRealName(realName string) error {
	if len(realName) > maxLabel {
		return failField("real_name", "real_name must be at most %d bytes long", maxLabel)
	}
	return nil
}
