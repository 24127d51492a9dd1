package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// AcknowledgeRenewal records that the new pair is in use: reminders stop, both
// pairs go on authenticating. generation is the one the caller saw; 0, from the
// compatible call, takes the pending renewal. Repeating it changes nothing.
func (a *App) AcknowledgeRenewal(ctx context.Context, actor Actor, project, service, user string, generation int, now time.Time) error {
	return retryStale(func() error {
		return a.write(ctx, actor, now, func(u *unit) error {
			t, err := findTarget(ctx, u, actor, project, service, user, ManageUsers)
			if err != nil {
				return err
			}
			c, err := lifecycle.Acknowledge(t.user.Facts, generation, actor.Email, lifecycle.AckByPerson, now)
			if err != nil {
				return AsError(err)
			}
			return u.save(ctx, t, c, nil)
		})
	})
}
