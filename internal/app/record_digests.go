package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// reminderPage is how many renewals one transaction moves on in their schedule.
const reminderPage = 500

// projectsPerTick bounds how many projects one look takes on; the next goes on.
const projectsPerTick = 1000

// RecordDigests records, for every project with news or a reminder due, one
// digest for each recipient, and moves the renewals on in their schedule. What a
// digest says is decided when it leaves. Recording again changes nothing: each
// recipient has one place a day.
func (a *App) RecordDigests(ctx context.Context, now time.Time) error {
	due, err := a.Store.DueProjects(ctx, now, projectsPerTick)
	if err != nil {
		return err
	}
	var failed error
	for _, projectID := range due {
		if err := a.recordDigest(ctx, projectID, now); err != nil && !errors.Is(err, ErrNotFound) {
			failed = errors.Join(failed, fmt.Errorf("digest of project %d: %w", projectID, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

func (a *App) recordDigest(ctx context.Context, projectID int64, now time.Time) error {
	err := a.write(ctx, System(), now, func(u *unit) error {
		who, err := u.audience(ctx, projectID)
		if err != nil {
			return err
		}
		if !who.notices.DigestFree(who.project.DigestAt, now, who.zone) {
			return u.putOffNews(ctx, who)
		}
		slot := who.notices.Slot(now, who.zone)
		for _, r := range who.recipients() {
			u.messages = append(u.messages, Message{
				ID: newID(), ProjectID: projectID, Kind: MessageDigest, Recipient: r.Email, Slot: slot,
				Payload: []byte("{}"), CreatedAt: now, DueAt: now, State: MessageDue,
			})
		}
		return u.NoteDigest(ctx, projectID, now)
	})
	if err != nil {
		return err
	}
	for {
		n, err := a.advanceReminders(ctx, projectID, now)
		if err != nil || n < reminderPage {
			return err
		}
	}
}

// putOffNews moves news that came due while today's digest had left already.
func (u *unit) putOffNews(ctx context.Context, who *audience) error {
	if who.project.NewsAt.IsZero() || who.project.NewsAt.After(u.now) {
		return nil
	}
	return u.PutOffNews(ctx, who.project.ID, who.notices.NewsAt(who.project.DigestAt, u.now, who.zone))
}

// advanceReminders moves a page of renewals that are due to be told of on to
// their next date, and tells channels; a lapse is mailed at once.
func (a *App) advanceReminders(ctx context.Context, projectID int64, now time.Time) (n int, err error) {
	err = a.write(ctx, System(), now, func(u *unit) error {
		who, err := u.audience(ctx, projectID)
		if err != nil {
			return err
		}
		due, err := u.DueReminders(ctx, projectID, now, reminderPage)
		if err != nil {
			return err
		}
		for i := range due {
			if err := u.advance(who, &due[i]); err != nil {
				return err
			}
		}
		n = len(due)
		return u.SetReminders(ctx, due)
	})
	return n, err
}

func (u *unit) advance(who *audience, d *DueReminder) error {
	silent := who.silent(d.ServiceID)
	lapsesNow := d.Told.Before(d.OldNotAfter) && !u.now.Before(d.OldNotAfter)
	n, err := who.noticesOf(d.ServiceID)
	if err != nil {
		return err
	}
	d.Told = u.now
	next, more := n.NextReminder(d.OldNotAfter, u.now, who.zone)
	if d.RemindAt = next; !more || silent {
		d.RemindAt = time.Time{}
	}
	if silent {
		return nil
	}
	e := reminderEvent(who.project.Name, *d, lapsesNow, u.now)
	if lapsesNow {
		u.urgent = append(u.urgent, urgentItem{d.ProjectID, d.ServiceID, d.UserID, d.Generation})
	}
	return u.post(who, e, fmt.Sprintf("%s/%x/%d/%d", e.Type, uint64(d.UserID), d.Generation, u.now.UnixMilli()))
}

func reminderEvent(project string, d DueReminder, lapses bool, now time.Time) Event {
	e := Event{
		Type: EventRenewalReminder, At: now, Project: project, Service: d.Service, User: d.User,
		Renewal: &EventPair{Generation: d.Generation, Replaced: d.Replaced, OldNotAfter: d.OldNotAfter, NewNotAfter: d.NewNotAfter},
		Message: fmt.Sprintf("the old pair of %s of %s ends at %s and nobody acknowledged the new one", d.User, d.Service, stamp(d.OldNotAfter)),
		Remedy:  "put the new pair in use, then acknowledge it",
	}
	if now.After(d.OldNotAfter) {
		e.Message = fmt.Sprintf("the old pair of %s of %s ended at %s and nobody acknowledged the new one", d.User, d.Service, stamp(d.OldNotAfter))
	}
	if lapses {
		e.Type = EventCertificateLapsed
		e.Remedy = "clients that still use the old pair are refused: put the new pair in use now, then acknowledge it"
	}
	return e
}

// rewriteReminders gives renewals their next date after the schedule changed.
func (d *DueReminder) reschedule(n lifecycle.Notices, zone *time.Location) {
	last := d.Told
	if last.Before(d.CreatedAt) {
		last = d.CreatedAt
	}
	next, more := n.NextReminder(d.OldNotAfter, last, zone)
	if d.RemindAt = next; !more {
		d.RemindAt = time.Time{}
	}
	if !d.RemindAt.IsZero() && d.RemindAt.Before(d.SnoozedUntil) {
		d.RemindAt = d.SnoozedUntil
	}
}
