package app

import (
	"context"
	"errors"
	"time"
)

// RevokeAccessToken ends one of the actor's own tokens, named by its prefix or as a whole.
func (a *App) RevokeAccessToken(ctx context.Context, actor Actor, prefixOrToken string, now time.Time) error {
	return a.write(ctx, actor, now, func(u *unit) error {
		t, err := a.ownToken(ctx, u, actor, prefixOrToken, now)
		if err != nil {
			return err
		}
		if err := u.RevokeToken(ctx, t.ID, now); err != nil {
			return err
		}
		return u.audit(0, "token.revoke", "", "", map[string]string{"token": t.Prefix, "address": actor.Address})
	})
}

// ownToken finds a token of the actor's account that is good at now. Whoever shows
// a whole token of somebody else learns no more than for one that never was.
func (a *App) ownToken(ctx context.Context, r Reader, actor Actor, prefixOrToken string, now time.Time) (Token, error) {
	var found []Token
	if hash, ok := a.Tokens.Hash(prefixOrToken); ok {
		switch t, err := r.TokenByHash(ctx, hash); {
		case err == nil && t.AccountID == actor.AccountID && t.live(now):
			found = []Token{t}
		case err != nil && !errors.Is(err, ErrNotFound):
			return Token{}, err
		}
	} else {
		var err error
		if found, err = r.TokensByPrefix(ctx, actor.AccountID, prefixOrToken, now); err != nil {
			return Token{}, err
		}
	}
	switch len(found) {
	case 0:
		return Token{}, fail(CodeNotFound, "you have no such token: list yours, each by its prefix")
	case 1:
		return found[0], nil
	}
	return Token{}, fail(CodeConflict, "several of your tokens begin like this: give the whole token")
}
