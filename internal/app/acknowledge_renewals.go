package app

import (
	"context"
	"time"
)

// RenewalRef names a renewal by the generation that somebody saw.
type RenewalRef struct {
	Service, User string
	Generation    int
}

// AckResult is what became of one acknowledgement.
type AckResult struct {
	RenewalRef
	Err error     // nil: it is acknowledged
	By  string    // who acknowledged it, now or before
	At  time.Time // and when
}

// AcknowledgeRenewals acknowledges up to 1000 renewals, each by itself: one that
// fails does not stop the others. What was acknowledged before tells by whom and
// when, and is no failure.
func (a *App) AcknowledgeRenewals(ctx context.Context, actor Actor, project string, which []RenewalRef, now time.Time) ([]AckResult, error) {
	return nil, errPending
}

// Acknowledgement tells who acknowledged the renewal that made a generation, and
// when; by is empty while nobody did.
func (a *App) Acknowledgement(ctx context.Context, actor Actor, project, service, user string, generation int, now time.Time) (by string, at time.Time, err error) {
	return "", time.Time{}, errPending
}
