package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// DeleteUser ends a service user: every generation revoked, keys and password
// destroyed, facts kept; what it was allowed at the brokers is taken away. acceptedUntil says until when a broker that does not
// check revocation still accepts one of its pairs; zero when none.
func (a *App) DeleteUser(ctx context.Context, actor Actor, project, service, user string, now time.Time) (acceptedUntil time.Time, err error) {
	if user == lifecycle.PrimaryUser {
		return time.Time{}, failField("username", "the primary user of a service cannot be deleted: reset its credentials, or delete the service")
	}
	err = retryStale(func() error {
		return a.write(ctx, actor, now, func(u *unit) error {
			t, err := findTarget(ctx, u, actor, project, service, user, ManageUsers)
			if err != nil {
				return err
			}
			c := lifecycle.Delete(t.user.Facts, now)
			acceptedUntil, _ = t.user.Facts.LastEnd(c, now)
			if err := u.save(ctx, t, c, nil); err != nil {
				return err
			}
			return u.dropACLs(ctx, t)
		})
	})
	return acceptedUntil, err
}
