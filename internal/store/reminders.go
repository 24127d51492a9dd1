package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) DueReminders(ctx context.Context, projectID int64, now time.Time, limit int) ([]app.DueReminder, error) {
	rows, err := r.q.DueReminders(ctx, db.DueRemindersParams{ProjectID: projectID, Now: now.UnixMilli(), Limit: int32(limit)})
	if err != nil {
		return nil, readError("due reminders", err)
	}
	return convertAll(rows, func(row db.DueRemindersRow) (app.DueReminder, error) { return dueReminder(db.PendingRenewalsRow(row)) })
}

func (r reader) PendingReminders(ctx context.Context, projectID, serviceID, afterUserID int64, limit int) ([]app.DueReminder, error) {
	if serviceID == 0 {
		rows, err := r.q.PendingRemindersOfProject(ctx, db.PendingRemindersOfProjectParams{
			ProjectID: projectID, After: afterUserID, Limit: int32(limit),
		})
		if err != nil {
			return nil, readError("reminders", err)
		}
		return convertAll(rows, func(row db.PendingRemindersOfProjectRow) (app.DueReminder, error) {
			return dueReminder(db.PendingRenewalsRow(row))
		})
	}
	rows, err := r.q.PendingRemindersOfService(ctx, db.PendingRemindersOfServiceParams{
		ProjectID: projectID, ServiceID: serviceID, After: afterUserID, Limit: int32(limit),
	})
	if err != nil {
		return nil, readError("reminders", err)
	}
	return convertAll(rows, func(row db.PendingRemindersOfServiceRow) (app.DueReminder, error) {
		return dueReminder(db.PendingRenewalsRow(row))
	})
}

func dueReminder(row db.PendingRenewalsRow) (app.DueReminder, error) {
	pending, err := pendingRenewal(row)
	return app.DueReminder{
		PendingRenewal: pending, ProjectID: row.Renewal.ProjectID,
		RemindAt: fromNullMillis(row.Renewal.RemindAt), Told: fromMillis(row.Renewal.ToldAt),
	}, err
}

func (r reader) UrgentRenewals(ctx context.Context, serviceID int64, now time.Time, limit int) ([]app.PendingRenewal, error) {
	rows, err := r.q.UrgentRenewals(ctx, db.UrgentRenewalsParams{ServiceID: serviceID, Now: now.UnixMilli(), Limit: int32(limit)})
	if err != nil {
		return nil, readError("renewals", err)
	}
	return convertAll(rows, func(row db.UrgentRenewalsRow) (app.PendingRenewal, error) {
		return pendingRenewal(db.PendingRenewalsRow(row))
	})
}

// ServiceSummaries gives services in the order of their names. It reads two
// indexes and no row of a renewal.
func (r reader) ServiceSummaries(ctx context.Context, projectID int64, since, now time.Time) ([]app.ServiceSummary, error) {
	pending, err := r.q.PendingByService(ctx, db.PendingByServiceParams{ProjectID: projectID, Now: now.UnixMilli()})
	if err != nil {
		return nil, readError("renewals by service", err)
	}
	renewed, err := r.q.RenewedByService(ctx, db.RenewedByServiceParams{ProjectID: projectID, Since: since.UnixMilli()})
	if err != nil {
		return nil, readError("renewals by service", err)
	}
	var list []app.ServiceSummary
	place := make(map[int64]int, len(pending))
	for i, row := range pending {
		list, place[row.ID] = append(list, serviceSummary(row)), i
	}
	for _, row := range renewed {
		i, ok := place[row.ID]
		if !ok {
			i = len(list)
			list = append(list, app.ServiceSummary{ServiceID: row.ID, Service: row.Name})
		}
		list[i].Renewed, list[i].Requested = int(row.Renewed), int(row.Waiting)
	}
	slices.SortFunc(list, func(a, b app.ServiceSummary) int { return cmp.Compare(a.Service, b.Service) })
	return list, nil
}

func serviceSummary(row db.PendingByServiceRow) app.ServiceSummary {
	s := app.ServiceSummary{
		ServiceID: row.ID, Service: row.Name, Awaiting: int(row.Awaiting), Lapsed: int(row.Lapsed), Snoozed: int(row.Snoozed),
	}
	if row.Awaiting > 0 {
		s.FirstEnd = fromMillis(row.FirstEnd)
	}
	return s
}

// DueProjects gives the longest due first, so that a project whose digest cannot
// be made does not keep others from theirs.
func (s *Store) DueProjects(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	var ids []int64
	err := s.read(ctx, func(r reader) (err error) {
		ids, err = r.q.DueProjects(ctx, db.DueProjectsParams{Now: now.UnixMilli(), Limit: int32(limit)})
		return readError("due projects", err)
	})
	return ids, err
}

func (t *tx) NoteNews(ctx context.Context, projectID int64, at time.Time) error {
	n, err := t.q.NoteNews(ctx, db.NoteNewsParams{ID: projectID, At: at.UnixMilli()})
	return t.changedOne("project", n, err)
}

// PutOffNews does nothing where no digest is asked for.
func (t *tx) PutOffNews(ctx context.Context, projectID int64, at time.Time) error {
	return t.writeError("project", t.q.PutOffNews(ctx, db.PutOffNewsParams{ID: projectID, At: nullMillis(at)}))
}

func (t *tx) NoteDigest(ctx context.Context, projectID int64, at time.Time) error {
	n, err := t.q.NoteDigest(ctx, db.NoteDigestParams{ID: projectID, At: nullMillis(at)})
	return t.changedOne("project", n, err)
}

func (t *tx) SetReminders(ctx context.Context, reminders []app.DueReminder) error {
	if len(reminders) == 0 {
		return nil
	}
	return t.writeError("reminders", t.bulk.setReminders(ctx, reminders))
}

func (t *tx) Snooze(ctx context.Context, userID int64, generation int, until time.Time, by, reason string, remindAt time.Time) error {
	if until.IsZero() {
		by, reason = "", ""
	}
	n, err := t.q.Snooze(ctx, db.SnoozeParams{
		UserID: userID, Generation: int32(generation), Until: nullMillis(until), SnoozedBy: nullText(by),
		Reason: nullText(printable(reason)), RemindAt: nullMillis(remindAt),
	})
	return t.changedOne("renewal that awaits acknowledgement", n, err)
}
