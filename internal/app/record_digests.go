package app

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// reminderPage is how many renewals one transaction moves on in their schedule.
const reminderPage = 500

// projectsPerTick bounds how many projects one look takes on; the next goes on.
const projectsPerTick = 1000

// RecordDigests records, for every project with news or a reminder due, one
// digest for each recipient whom it concerns, and moves the renewals on in their
// schedule. What a digest says is decided when it leaves. Recording again changes
// nothing: each recipient has one place a day.
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

// recordDigest works through what is due in one project, page by page.
func (a *App) recordDigest(ctx context.Context, projectID int64, now time.Time) error {
	for {
		n, err := a.recordPage(ctx, projectID, now)
		if err != nil || n < reminderPage {
			return err
		}
	}
}

// recordPage moves up to reminderPage renewals that are due to be told of on to
// their next date, tells channels, has a lapse mailed at once, and records the
// digests for it, all in one transaction. n is how many renewals it was.
func (a *App) recordPage(ctx context.Context, projectID int64, now time.Time) (n int, err error) {
	err = a.write(ctx, System(), now, func(u *unit) error {
		who, err := u.audience(ctx, projectID)
		if err != nil {
			return err
		}
		due, err := u.DueReminders(ctx, projectID, now, reminderPage)
		if err != nil {
			return err
		}
		about := map[int64]bool{} // the services that a digest is due about
		for i := range due {
			if err := u.advance(who, &due[i], about); err != nil {
				return err
			}
		}
		n = len(due)
		if err := u.SetReminders(ctx, due); err != nil {
			return err
		}
		return u.mailDigests(ctx, who, about)
	})
	return n, err
}

// mailDigests records a digest for everybody whom the services with reminders or
// open news concern; others have nothing new to hear. Where a digest left already
// in this stretch of time, reminders still reach those who got none, and news waits
// for the next.
func (u *unit) mailDigests(ctx context.Context, who *audience, about map[int64]bool) error {
	n, last := who.notices, who.project.DigestAt
	newsDue := !who.project.NewsAt.IsZero() && !who.project.NewsAt.After(u.now)
	if len(about) == 0 && !newsDue {
		return nil
	}
	free := n.DigestFree(last, u.now, who.zone)
	if free {
		if err := u.addNews(ctx, who, about); err != nil {
			return err
		}
		if err := u.NoteDigest(ctx, who.project.ID, u.now); err != nil {
			return err
		}
	} else if newsDue {
		if err := u.PutOffNews(ctx, who.project.ID, n.NewsAt(last, u.now, who.zone)); err != nil {
			return err
		}
	}
	slot := n.Slot(u.now, who.zone)
	if !free && slot != n.Slot(last, who.zone) {
		return nil // between digests: the last one named these renewals, too
	}
	for _, r := range who.recipients() {
		if r.concernsAny(about) {
			u.messages = append(u.messages, Message{
				ID: newID(), ProjectID: who.project.ID, Kind: MessageDigest, Recipient: r.Email, Slot: slot,
				Payload: []byte("{}"), CreatedAt: u.now, DueAt: u.now, State: MessageDue,
			})
		}
	}
	return nil
}

// newsMargin is added to how long news can have been open: renewals are dated when
// their sweep began.
const newsMargin = 48 * time.Hour

// addNews adds the services whose renewals the project's open news is about.
func (u *unit) addNews(ctx context.Context, who *audience, about map[int64]bool) error {
	if who.project.NewsAt.IsZero() {
		return nil
	}
	since := who.project.NewsAt.Add(-who.notices.DigestDelay - who.notices.DigestInterval - newsMargin)
	summaries, err := u.ServiceSummaries(ctx, who.project.ID, since, u.now)
	for _, s := range summaries {
		if s.Renewed > 0 && !who.silent(s.ServiceID) {
			about[s.ServiceID] = true
		}
	}
	return err
}

// advance moves one renewal on and says what is due about it; about gains its
// service where a digest is. A lapse leaves at once and waits for no digest.
func (u *unit) advance(who *audience, d *DueReminder, about map[int64]bool) error {
	lapses := !d.Told.After(d.OldNotAfter) && u.now.After(d.OldNotAfter)
	d.Told = u.now
	if err := who.reschedule(d, u.now); err != nil {
		return err
	}
	if who.silent(d.ServiceID) {
		return nil
	}
	if lapses {
		u.urgent = append(u.urgent, urgentItem{d.ProjectID, d.ServiceID, d.UserID, d.Generation})
		return u.post(who, lapsedEvent(who.project.Name, d.PendingRenewal, u.now), lapsedKey(d.UserID, d.Generation))
	}
	about[d.ServiceID] = true
	return u.post(who, reminderEvent(who.project.Name, d.PendingRenewal, u.now),
		fmt.Sprintf("%s/%x/%d/%d", EventRenewalReminder, uint64(d.UserID), d.Generation, u.now.UnixMilli()))
}

func (p PendingRenewal) pair() *EventPair {
	return &EventPair{Generation: p.Generation, Replaced: p.Replaced, OldNotAfter: p.OldNotAfter, NewNotAfter: p.NewNotAfter}
}

func reminderEvent(project string, p PendingRenewal, now time.Time) Event {
	end := "ends"
	if now.After(p.OldNotAfter) {
		end = "ended"
	}
	return Event{
		Type: EventRenewalReminder, At: now, Project: project, Service: p.Service, User: p.User, UserID: p.UserID, Renewal: p.pair(),
		Message: fmt.Sprintf("the old pair of %s of %s %s at %s and nobody acknowledged the new one", p.User, p.Service, end, stamp(p.OldNotAfter)),
		Remedy:  "put the new pair in use, then acknowledge it",
	}
}

func lapsedEvent(project string, p PendingRenewal, now time.Time) Event {
	e := reminderEvent(project, p, now)
	e.Type = EventCertificateLapsed
	e.Remedy = "clients that still use the old pair are refused: put the new pair in use now, then acknowledge it"
	return e
}

// lapsedKey makes a lapse an event that happens once.
func lapsedKey(userID int64, generation int) string {
	return fmt.Sprintf("%s/%x/%d", EventCertificateLapsed, uint64(userID), generation)
}

// reschedule gives a renewal its next date: after it was told of last, not in the
// past, and not while it is snoozed.
func (a *audience) reschedule(d *DueReminder, now time.Time) error {
	n, err := a.noticesOf(d.ServiceID)
	if err != nil {
		return err
	}
	from := now
	if d.SnoozedUntil.After(now) {
		from = d.SnoozedUntil
	}
	d.RemindAt = time.Time{}
	if !a.silent(d.ServiceID) {
		d.RemindAt, _ = n.ReminderFrom(d.OldNotAfter, d.Told, from, a.zone)
	}
	return nil
}
