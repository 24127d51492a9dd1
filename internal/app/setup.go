package app

import (
	"context"
	"time"
)

// SetupLife is how long the link of the first set-up is good for.
const SetupLife = 7 * 24 * time.Hour

// OfferSetup makes the token of the one-time link by which the first
// administrator chooses a password, and makes the one before worthless. It is
// empty where the store has an account already.
func (a *App) OfferSetup(ctx context.Context, email string, now time.Time) (token string, err error) {
	return "", errPending
}

// CheckSetup is the address that a set-up link was made for.
func (a *App) CheckSetup(ctx context.Context, token string, now time.Time) (email string, err error) {
	return "", errPending
}

// CompleteSetup makes the first administrator and signs its browser in. The link
// works once.
func (a *App) CompleteSetup(ctx context.Context, token, password, realName, address, userAgent string, now time.Time) (sessionToken string, err error) {
	return "", errPending
}
