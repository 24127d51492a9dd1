package app

import (
	"context"
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
	err := a.write(ctx, actor, now, func(u *unit) error {
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
	if err != nil {
		return UserView{}, err
	}
	return a.GetUser(ctx, actor, project, service, user, now)
}

func (u *unit) snooze(ctx context.Context, t target, until time.Time, reason string) error {
	pending, ok := t.user.Facts.Pending()
	if !ok {
		return nil
	}
	who, err := u.audience(ctx, t.Project.ID)
	if err != nil {
		return err
	}
	n, err := who.noticesOf(t.service.ID)
	if err != nil {
		return err
	}
	old, _ := t.user.Facts.Generation(pending.Replaced)
	from := u.now
	if until.After(from) {
		from = until.Add(-time.Millisecond)
	}
	remindAt, _ := n.NextReminder(old.NotAfter, from, who.zone)
	if err := u.Snooze(ctx, t.user.ID, pending.New, until, u.actor.Email, reason, remindAt); err != nil {
		return err
	}
	return u.audit(t.Project.ID, "renewal.snooze", t.service.Name, t.user.Name,
		map[string]any{"generation": pending.New, "until": stamp(until), "reason": reason})
}
