package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// maxReason bounds a snooze's reason.
const maxReason = 500

// SnoozeUser silences the reminders of a user's pending renewal until a moment,
// with a reason; never past the old pair's end. A zero until ends a snooze.
func (a *App) SnoozeUser(ctx context.Context, actor Actor, project, service, user string, until time.Time, reason string, now time.Time) (UserView, error) {
	reason = strings.TrimSpace(reason)
	if !until.IsZero() && (reason == "" || len(reason) > maxReason) {
		return UserView{}, failField("reason", "reason must say in 1 to %d bytes why nobody is to be reminded", maxReason)
	}
	err := retryStale(func() error {
		return a.write(ctx, actor, now, func(u *unit) error {
			t, err := findTarget(ctx, u, actor, project, service, user, ManageUsers)
			if err != nil {
				return err
			}
			if !until.IsZero() {
				if err := lifecycle.CheckSnooze(t.user.Facts, until, now); err != nil {
					return AsError(err)
				}
			}
			return u.snooze(ctx, t, until, reason)
		})
	})
	if err != nil {
		return UserView{}, err
	}
	return a.DescribeUser(ctx, actor, project, service, user, now)
}

// snooze silences the target's pending renewal, if it has one: its reminders go on
// from until, or where until is zero from now.
func (u *unit) snooze(ctx context.Context, t target, until time.Time, reason string) error {
	pending, ok := t.user.Facts.Pending()
	if !ok {
		return nil
	}
	found, err := u.PendingReminders(ctx, t.Project.ID, t.service.ID, t.user.ID-1, 1)
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0].UserID != t.user.ID || found[0].Generation != pending.New {
		return errStale
	}
	who, err := u.audience(ctx, t.Project.ID)
	if err != nil {
		return err
	}
	d := found[0]
	d.SnoozedUntil = until
	if err := who.reschedule(&d, u.now); err != nil {
		return err
	}
	switch err := u.Snooze(ctx, t.user.ID, pending.New, until, u.actor.Email, reason, d.RemindAt); {
	case errors.Is(err, ErrNotFound):
		return errStale
	case err != nil:
		return err
	case until.IsZero():
		return u.audit(t.Project.ID, "renewal.end-snooze", t.service.Name, t.user.Name, map[string]any{"generation": pending.New})
	}
	return u.audit(t.Project.ID, "renewal.snooze", t.service.Name, t.user.Name,
		map[string]any{"generation": pending.New, "until": stamp(until), "reason": reason})
}
