package app

import (
	"context"
	"time"
)

// sweepStaleAfter is how long no sweep may have run before operators are told.
const sweepStaleAfter = 24 * time.Hour

// WatchSweep tells every project's operators, once a day, when no sweep has run
// for a day. It is called by a job of its own, which goes on where the sweep
// refuses or fails.
func (a *App) WatchSweep(ctx context.Context, now time.Time) error {
	last, err := a.Inspector.LastSweep(ctx)
	// A sweep noted in the future is one by a wrong clock: every other is refused until then.
	if err != nil || last.IsZero() || (now.Sub(last) < sweepStaleAfter && last.Sub(now) < sweepAhead) {
		return err
	}
	for after := ""; ; {
		var projects []Project
		err := a.Store.Read(ctx, func(r Reader) (err error) {
			projects, err = r.Projects(ctx, 0, after, usersRead)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range projects {
			if err := a.reportStale(ctx, p, last, now); err != nil {
				return err
			}
			after = p.Name
		}
		if len(projects) < usersRead {
			return nil
		}
	}
}

func (a *App) reportStale(ctx context.Context, p Project, last, now time.Time) error {
	return a.write(ctx, System(), now, func(u *unit) error {
		who, err := u.audience(ctx, p.ID)
		if err != nil {
			return err
		}
		e := Event{
			Type: EventSweepStale, At: now, Project: p.Name,
			Message: "no sweep has run since " + stamp(last) + ": nothing is being renewed",
			Remedy:  "look at the log of `segue serve` and run `segue doctor`",
		}
		if last.After(now) {
			e.Message = "the last sweep was noted at " + stamp(last) + ", ahead of this clock: every sweep is refused until then, and nothing is being renewed"
			e.Remedy = acceptClock
		}
		key := string(EventSweepStale) + "/" + now.UTC().Format(time.DateOnly)
		if err := u.post(who, e, key); err != nil {
			return err
		}
		return u.mailEvent(who, who.operators(), e, key)
	})
}

// Metrics are the instance's figures for /metrics.
type Metrics struct {
	Census
	Messages  map[MessageState]int
	OldestDue time.Time // of a message; zero for none
	LastSweep time.Time // zero for never
	Clusters  ClusterCount
}

// ReadMetrics counts for /metrics.
func (a *App) ReadMetrics(ctx context.Context, now time.Time) (Metrics, error) {
	var m Metrics
	var err error
	if m.Census, err = a.Store.Census(ctx, now); err != nil {
		return m, err
	}
	if m.LastSweep, err = a.Inspector.LastSweep(ctx); err != nil {
		return m, err
	}
	return m, a.Store.Read(ctx, func(r Reader) (err error) {
		if m.Messages, err = r.CountMessages(ctx, 0); err != nil {
			return err
		}
		if m.OldestDue, err = r.OldestDue(ctx); err != nil {
			return err
		}
		m.Clusters, err = r.CountClusterSyncs(ctx)
		return err
	})
}

// rewriteReminders gives the pending renewals of a project or service their
// next date after its notices changed, page by page, as rewriteDues does for
// due dates.
func (a *App) rewriteReminders(ctx context.Context, rewrite PolicyRewrite, now time.Time) error {
	for {
		n, cursor := 0, rewrite.Cursor
		err := a.write(ctx, System(), now, func(u *unit) (err error) {
			n, cursor, err = u.rewriteRemindersPage(ctx, rewrite)
			return err
		})
		if err != nil || n < reminderPage {
			return err
		}
		rewrite.Cursor = cursor
	}
}

// rewriteRemindersPage does the page after the rewrite's cursor and returns where it ends.
func (u *unit) rewriteRemindersPage(ctx context.Context, rewrite PolicyRewrite) (n int, cursor int64, err error) {
	who, err := u.audience(ctx, rewrite.ProjectID)
	if err != nil {
		return 0, 0, err
	}
	pending, err := u.PendingReminders(ctx, rewrite.ProjectID, rewrite.ServiceID, rewrite.Cursor, reminderPage)
	if err != nil {
		return 0, 0, err
	}
	cursor = rewrite.Cursor
	for i := range pending {
		if err := who.reschedule(&pending[i], u.now); err != nil {
			return 0, 0, err
		}
		cursor = pending[i].UserID
	}
	if err := u.SetReminders(ctx, pending); err != nil {
		return 0, 0, err
	}
	return len(pending), cursor, u.AdvancePolicyRewrite(ctx, rewrite.ID, cursor, len(pending) < reminderPage)
}
