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
	hash, ok := a.Tokens.Hash(token)
	if !ok {
		return InvitationView{}, noInvitation()
	}
	var v InvitationView
	err := a.Store.Read(ctx, func(r Reader) error {
		i, err := invitationAt(ctx, r, hash, now)
		if err != nil {
			return err
		}
		p, err := r.Project(ctx, i.ProjectID)
		if err != nil {
			return err
		}
		v = InvitationView{Project: p.Name, Email: i.Email, Role: i.Role, InvitedBy: i.InvitedBy, ExpiresAt: i.ExpiresAt}
		v.HasAccount, err = hasAccount(ctx, r, i.Email)
		return err
	})
	return v, err
}
