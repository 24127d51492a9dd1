package app

import (
	"context"
	"time"
)

// NewAccessToken is what an access token is made of.
type NewAccessToken struct {
	Description string
	// MaxAgeSeconds is for how long it is good; nil: until it is revoked.
	MaxAgeSeconds *int
	// ExtendWhenUsed lets each use begin MaxAgeSeconds anew.
	ExtendWhenUsed bool
}

const (
	// maxTokenAge bounds MaxAgeSeconds: ten years.
	maxTokenAge = 10 * 365 * 24 * 60 * 60
	// maxTokens bounds the tokens of one account that are good at the same time.
	maxTokens = 1000
)

func (n NewAccessToken) check() error {
	if err := checkTokenDescription(n.Description); err != nil {
		return err
	}
	if n.MaxAgeSeconds != nil && (*n.MaxAgeSeconds < 1 || *n.MaxAgeSeconds > maxTokenAge) {
		return failField("max_age_seconds", "max_age_seconds must be 1 to %d; leave it out for a token that is good until it is revoked", maxTokenAge)
	}
	return nil
}

func checkTokenDescription(text string) error {
	if text == "" || len(text) > maxLabel {
		return failField("description", "description must say what the token is for, in at most %d bytes", maxLabel)
	}
	return nil
}

// CreateAccessToken makes a token of the actor's account. full is the token
// itself, which is shown only here.
func (a *App) CreateAccessToken(ctx context.Context, actor Actor, n NewAccessToken, now time.Time) (full string, t Token, err error) {
	if err := n.check(); err != nil {
		return "", Token{}, err
	}
	full, prefix, hash, err := a.Tokens.New()
	if err != nil {
		return "", Token{}, err
	}
	t = Token{
		ID: newID(), AccountID: actor.AccountID, Kind: BearerToken, Hash: hash, Prefix: prefix, Description: n.Description, CreatedAt: now,
		ExtendWhenUsed: n.ExtendWhenUsed && n.MaxAgeSeconds != nil,
	}
	if n.MaxAgeSeconds != nil {
		t.MaxAge = time.Duration(*n.MaxAgeSeconds) * time.Second
		t.ExpiresAt = now.Add(t.MaxAge)
	}
	err = a.write(ctx, actor, now, func(u *unit) error {
		have, err := u.CountTokens(ctx, actor.AccountID, now)
		if err != nil {
			return err
		}
		if have >= maxTokens {
			return fail(CodeConflict, "this account has %d tokens already: revoke those that are not needed", have)
		}
		if err := u.InsertToken(ctx, t); err != nil {
			return err
		}
		return u.audit(0, "token.create", "", "", map[string]any{
			"token": prefix, "by": actor.TokenPrefix, "max_age_seconds": n.MaxAgeSeconds, "extend_when_used": t.ExtendWhenUsed, "address": actor.Address,
		})
	})
	return full, t, err
}
