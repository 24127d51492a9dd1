package app

import (
	"context"
	"time"
)

// PolicyPreview is what a policy change would do.
type PolicyPreview struct {
	Before, After         PolicyView
	Users                 int           // whose dates it concerns
	DueAtOnce             int           // that it would make due at once
	NextBefore, NextAfter []RenewalDate // the next ten renewals, without it and with it
	NeedsConfirm          bool          // it is refused unless it is confirmed
}

// RenewalDate is when a user's pair is to be renewed.
type RenewalDate struct {
	Service, User string
	At            time.Time
}

// PreviewPolicy tells what SetPolicy would do, and refuses what it would refuse.
// Nothing is written.
func (a *App) PreviewPolicy(ctx context.Context, actor Actor, project, service string, patch PolicyPatch, now time.Time) (PolicyPreview, error) {
	return PolicyPreview{}, errPending
}
