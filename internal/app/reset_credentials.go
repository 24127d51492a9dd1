package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// ResetCredentials replaces pair and password now; every earlier generation is
// revoked. With a password given, only the password changes: existing tools set
// passwords by this call, and that must not cut off clients that use the pair.
func (a *App) ResetCredentials(ctx context.Context, actor Actor, project, service, user, password string, now time.Time) (UserView, error) {
	var err error
	if password != "" {
		err = a.setPassword(ctx, actor, project, service, user, password, now)
	} else {
		err = a.ResetPair(ctx, actor, project, service, user, now)
	}
	if err != nil {
		return UserView{}, err
	}
	return a.GetUser(ctx, actor, project, service, user, now)
}

// ResetPair is ResetCredentials without a sight of the new key.
func (a *App) ResetPair(ctx context.Context, actor Actor, project, service, user string, now time.Time) error {
	return a.changeUser(ctx, actor, project, service, user, now,
		byFacts(func(f lifecycle.Facts, t lifecycle.Terms) (lifecycle.Change, error) {
			return lifecycle.Reset(f, t, now)
		}),
		func(u *unit, t target) error { return a.resetPassword(ctx, u, t) })
}

func (a *App) resetPassword(ctx context.Context, u *unit, t target) error {
	sealed, err := a.sealPassword(ctx, t.Project.ID, t.user.ID, newPassword())
	if err != nil {
		return err
	}
	return u.setPassword(ctx, t, sealed)
}

func (a *App) setPassword(ctx context.Context, actor Actor, project, service, user, password string, now time.Time) error {
	if len(password) < 8 || len(password) > 256 {
		return failField("new_password", "new_password must be 8 to 256 bytes long")
	}
	return a.write(ctx, actor, now, func(u *unit) error {
		t, err := findTarget(ctx, u, actor, project, service, user, ManageUsers)
		if err != nil {
			return err
		}
		sealed, err := a.sealPassword(ctx, t.Project.ID, t.user.ID, password)
		if err != nil {
			return err
		}
		if err := u.setPassword(ctx, t, sealed); err != nil {
			return err
		}
		return u.audit(t.Project.ID, "user.set-password", t.service.Name, t.user.Name, struct{}{})
	})
}

// setPassword saves a sealed password, and has the cluster told of it where users
// authenticate by SASL.
func (u *unit) setPassword(ctx context.Context, t target, sealed []byte) error {
	if err := u.SetPassword(ctx, t.user.ID, sealed); err != nil || !t.service.SASLAuth() {
		return err
	}
	_, err := u.TouchCluster(ctx, t.Project.ID, t.service.ID, u.now)
	return err
}
