package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// RenewUser makes the next pair now instead of on its date.
func (a *App) RenewUser(ctx context.Context, actor Actor, project, service, user string, now time.Time) (UserView, error) {
	if err := a.RenewPair(ctx, actor, project, service, user, now); err != nil {
		return UserView{}, err
	}
	return a.GetUser(ctx, actor, project, service, user, now)
}

// RenewPair is RenewUser without a sight of the new key.
func (a *App) RenewPair(ctx context.Context, actor Actor, project, service, user string, now time.Time) error {
	return a.changeUser(ctx, actor, project, service, user, now,
		func(f lifecycle.Facts, t lifecycle.Terms) (lifecycle.Change, error) {
			return lifecycle.RenewOnRequest(f, t, now)
		}, nil)
}
