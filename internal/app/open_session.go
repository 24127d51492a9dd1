package app

import (
	"context"
	"time"
)

// How long a browser stays signed in: at most, and without being used.
const (
	SessionLife = 14 * 24 * time.Hour
	SessionIdle = 24 * time.Hour
)

// OpenSession exchanges address and password for a session of a browser, under
// the same limits and at the same cost as SignIn. Its token is a cookie's value
// and no bearer token.
func (a *App) OpenSession(ctx context.Context, email, password, address, userAgent string, now time.Time) (token string, acc Account, err error) {
	return a.signIn(ctx, SessionToken, email, password, address, userAgent, now)
}
