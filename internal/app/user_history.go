package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// historyShown bounds the generations of a history: somebody may reset a user
// as often as they like.
const historyShown = 60

// GenerationView is a generation with what its certificate says, without its key.
type GenerationView struct {
	PairView
	pki.Description
}

// UserHistory is what is known of a service user's pairs, without any secret.
type UserHistory struct {
	UserView
	// Generations are the newest, oldest first; their certificates stand in them
	// where the role sees pairs.
	Generations []GenerationView
	Renewals    []lifecycle.Renewal // oldest first
	// Reminders is where the pending renewal stands; nil where none awaits acknowledgement.
	Reminders *ReminderView
	// Failure is why the renewal that is due could not be made; nil where none failed.
	Failure *Failure
}

// ReminderView is where the reminders of a renewal stand.
type ReminderView struct {
	Next         time.Time // zero: the schedule is over
	SnoozedUntil time.Time // may have passed; zero: not snoozed
	SnoozeReason string
}

// UserHistory shows every pair that a user had, and its renewals.
func (a *App) UserHistory(ctx context.Context, actor Actor, project, service, user string, now time.Time) (UserHistory, error) {
	var t target
	var h UserHistory
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		h = UserHistory{}
		if t, err = findTarget(ctx, r, actor, project, service, user, ReadProject); err != nil {
			return err
		}
		generations := t.user.Facts.Generations
		for _, g := range generations[max(0, len(generations)-historyShown):] {
			v, err := generationView(ctx, r, t, g.Number)
			if err != nil {
				return err
			}
			h.Generations = append(h.Generations, v)
		}
		if h.Reminders, err = remindersOf(ctx, r, t); err != nil {
			return err
		}
		h.Failure, err = failureOf(ctx, r, t, now)
		return err
	})
	if err != nil {
		return UserHistory{}, err
	}
	h.Renewals = t.user.Facts.Renewals
	h.UserView, err = a.userView(ctx, t.user, true, now)
	h.Hidden = t.hidden()
	return h, err
}

func generationView(ctx context.Context, r Reader, t target, n int) (GenerationView, error) {
	p, err := r.Pair(ctx, t.user.ID, n)
	if err != nil {
		return GenerationView{}, err
	}
	v := GenerationView{PairView: p.view(t.user.Current.Generation)}
	if !t.hidden() {
		v.Cert = string(pki.CertPEM(p.Cert))
	}
	v.Description, err = pki.Describe(p.Cert)
	return v, err
}

func remindersOf(ctx context.Context, r Reader, t target) (*ReminderView, error) {
	if _, ok := t.user.Facts.Pending(); !ok {
		return nil, nil
	}
	found, err := r.PendingReminders(ctx, t.Project.ID, t.service.ID, t.user.ID-1, 1)
	if err != nil || len(found) == 0 || found[0].UserID != t.user.ID {
		return nil, err
	}
	d := found[0]
	return &ReminderView{Next: d.RemindAt, SnoozedUntil: d.SnoozedUntil, SnoozeReason: d.SnoozeReason}, nil
}

// failuresRead bounds the failures among which one is looked for.
const failuresRead = 1000

func failureOf(ctx context.Context, r Reader, t target, now time.Time) (*Failure, error) {
	if t.user.Facts.RenewAt.After(now) {
		return nil, nil
	}
	open, err := r.OpenFailures(ctx, t.Project.ID, failuresRead)
	for i := range open {
		if open[i].UserID == t.user.ID {
			return &open[i], err
		}
	}
	return nil, err
}
