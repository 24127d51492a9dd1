package app

import (
	"context"
	"errors"
	"time"
)

// touchEvery is how often the last use of a token is written.
const touchEvery = time.Minute

// touchDue reports whether a use at now is to be written. A token that use extends
// must not end between two uses only because the first was not written.
func (t Token) touchDue(now time.Time) bool {
	every := touchEvery
	if t.ExtendWhenUsed {
		every = min(every, t.MaxAge/4)
	}
	return now.Sub(t.LastUsedAt) >= every
}

// Authenticate finds who a bearer token belongs to.
func (a *App) Authenticate(ctx context.Context, token, address, userAgent string, now time.Time) (Actor, error) {
	return a.authenticate(ctx, BearerToken, token, address, userAgent, now)
}

func (a *App) authenticate(ctx context.Context, kind TokenKind, token, address, userAgent string, now time.Time) (Actor, error) {
	refused := fail(CodeUnauthenticated, "the token is missing, unknown, revoked or expired: sign in again")
	hash, ok := a.Tokens.Hash(token)
	if !ok {
		return Actor{}, refused
	}
	var t Token
	var acc Account
	err := a.Store.Read(ctx, func(r Reader) (err error) {
		if t, err = r.TokenByHash(ctx, hash); err != nil {
			return err
		}
		acc, err = r.Account(ctx, t.AccountID)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return Actor{}, refused
	}
	if err != nil {
		return Actor{}, err
	}
	if t.Kind != kind || !t.live(now) {
		return Actor{}, refused
	}
	if t.touchDue(now) {
		if t.ExtendWhenUsed && t.MaxAge > 0 {
			t.ExpiresAt = now.Add(t.MaxAge)
		}
		a.touch(ctx, t, address, userAgent, now)
	}
	return Actor{
		AccountID: acc.ID, Email: acc.Email, RealName: acc.RealName, Administrator: acc.Administrator,
		TokenID: t.ID, TokenPrefix: t.Prefix, TokenExpiresAt: t.ExpiresAt, TokenCreatedAt: t.CreatedAt, Address: address,
	}, nil
}

// live reports whether the token lets its owner in at now.
func (t Token) live(now time.Time) bool {
	if !t.RevokedAt.IsZero() || !t.ExpiresAt.IsZero() && now.After(t.ExpiresAt) {
		return false
	}
	return t.Kind != SessionToken || !now.After(t.LastUsedAt.Add(SessionIdle))
}

// touchWithin bounds how long noting a token's last use may hold a request up.
const touchWithin = time.Second

// touch notes a token's last use, and its new end, where that can be written now: a store that is
// busy or full must still be readable.
func (a *App) touch(ctx context.Context, t Token, address, userAgent string, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, touchWithin)
	defer cancel()
	err := a.Store.Write(ctx, func(tx Tx) error {
		return tx.TouchToken(ctx, t.ID, now, address, cut(userAgent, maxLabel), t.ExpiresAt)
	})
	if err != nil {
		a.Log.Warn("a token's last use was not noted", "error", err)
	}
}
