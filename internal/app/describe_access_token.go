package app

import (
	"context"
	"time"
)

// DescribeAccessToken changes what one of the actor's own tokens is said to be for.
func (a *App) DescribeAccessToken(ctx context.Context, actor Actor, prefixOrToken, description string, now time.Time) (t Token, err error) {
	if err := checkTokenDescription(description); err != nil {
		return Token{}, err
	}
	err = a.write(ctx, actor, now, func(u *unit) (err error) {
		if t, err = a.ownToken(ctx, u, actor, prefixOrToken, now); err != nil {
			return err
		}
		t.Description = description
		if err := u.SetTokenDescription(ctx, t.ID, description); err != nil {
			return err
		}
		return u.audit(0, "token.describe", "", "", map[string]string{"token": t.Prefix})
	})
	return t, err
}
