package app

import (
	"context"
	"time"
)

// InvitationView is what an invitation's page shows to whoever has the link.
type InvitationView struct {
	Project    string
	Email      string
	Role       Role
	InvitedBy  string
	ExpiresAt  time.Time
	HasAccount bool // the address has an account: its password is asked for, no new one is chosen
}

// CheckInvitation shows what an invitation's link opens.
func (a *App) CheckInvitation(ctx context.Context, token string, now time.Time) (InvitationView, error) {
	return InvitationView{}, errPending
}
