package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) FindUsers(ctx context.Context, q app.UserQuery) ([]app.ListedUser, error) {
	wants := func(s lifecycle.State) bool { return slices.Contains(q.States, s) }
	after := q.After
	if after == (app.UserCursor{}) {
		after.Standing = -1
	}
	rows, err := r.q.FindUsers(ctx, db.FindUsersParams{
		ServiceID: q.ServiceID, Now: q.Now.UnixMilli(), Pattern: containing(q.Search), Limit: int32(q.Limit),
		ByUrgency: q.Sort == app.SortUrgency, ByEnd: q.Sort == app.SortEnd,
		Lapsed: wants(lifecycle.Lapsed), Expiring: wants(lifecycle.Expiring),
		Acknowledged: wants(lifecycle.Acknowledged), Valid: wants(lifecycle.Valid),
		AfterStanding: int32(after.Standing), AfterPlace: after.Place, After: after.Name,
	})
	if err != nil {
		return nil, readError("users", err)
	}
	return convertAll(rows, listedUser)
}

// containing is the pattern of names that contain the text; empty for all.
func containing(text string) string {
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

func listedUser(row db.FindUsersRow) (app.ListedUser, error) {
	u := app.ListedUser{
		Name: row.Name, Primary: row.IsPrimary, CreatedAt: fromMillis(row.CreatedAt), KeyGone: row.KeyGone,
		Current: app.Pair{
			Generation: int(row.Generation), Serial: row.Serial, CreatedAt: fromMillis(row.PairCreatedAt),
			NotBefore: fromMillis(row.NotBefore), NotAfter: fromMillis(row.NotAfter), RevokedAt: fromNullMillis(row.RevokedAt),
		},
		Facts:        lifecycle.Facts{UserID: row.ID, RenewAt: fromMillis(row.RenewAt)},
		SnoozedUntil: fromNullMillis(row.SnoozedUntil), SnoozeReason: row.SnoozeReason.String,
		Cursor: app.UserCursor{Standing: int(row.Standing), Place: row.Place, Name: row.Name},
	}
	if row.Replaced.Valid && row.OldNotAfter.Valid {
		u.Facts.Generations = append(u.Facts.Generations,
			generation(row.Replaced.Int32, row.OldNotBefore.Int64, row.OldNotAfter.Int64, fromNullMillis(row.OldRevokedAt)))
		u.Facts.Renewals = []lifecycle.Renewal{{
			New: u.Current.Generation, Replaced: int(row.Replaced.Int32), CreatedAt: fromNullMillis(row.RenewedAt),
			AcknowledgedAt: fromNullMillis(row.AcknowledgedAt), AcknowledgedBy: row.AcknowledgedBy.String, ClosedAt: fromNullMillis(row.ClosedAt),
		}}
	}
	u.Facts.Generations = append(u.Facts.Generations, generation(row.Generation, row.NotBefore, row.NotAfter, u.Current.RevokedAt))
	return u, nil
}

func (r reader) CountStates(ctx context.Context, projectID, serviceID int64, now time.Time) (app.StateCounts, error) {
	row, err := r.q.CountStates(ctx, db.CountStatesParams{ProjectID: projectID, ServiceID: serviceID, Now: now.UnixMilli()})
	c := app.StateCounts{
		Lapsed: int(row.Lapsed), Expiring: int(row.Expiring), Acknowledged: int(row.Acknowledged), Total: int(row.Total),
		Valid: int(row.Total - row.Lapsed - row.Expiring - row.Acknowledged),
	}
	if c.Expiring > 0 {
		c.FirstEnd = fromMillis(row.FirstEnd)
	}
	return c, readError("users", err)
}

func (r reader) UrgentServices(ctx context.Context, projectID int64, now time.Time, limit int) ([]app.ServiceCount, error) {
	rows, err := r.q.CountUrgentServices(ctx, db.CountUrgentServicesParams{ProjectID: projectID, Now: now.UnixMilli(), Limit: int32(limit)})
	if err != nil {
		return nil, readError("services", err)
	}
	return convertAll(rows, serviceCount)
}

func (r reader) CountedServices(ctx context.Context, projectID int64, after string, now time.Time, limit int) ([]app.ServiceCount, error) {
	rows, err := r.q.CountServicesPage(ctx, db.CountServicesPageParams{
		ProjectID: projectID, After: after, Now: now.UnixMilli(), Limit: int32(limit),
	})
	if err != nil {
		return nil, readError("services", err)
	}
	return convertAll(rows, func(row db.CountServicesPageRow) (app.ServiceCount, error) {
		return serviceCount(db.CountUrgentServicesRow(row))
	})
}

func serviceCount(row db.CountUrgentServicesRow) (app.ServiceCount, error) {
	c := app.ServiceCount{Name: row.Service, Users: int(row.Users), Awaiting: int(row.Expiring), Lapsed: int(row.Lapsed)}
	if c.Awaiting > 0 {
		c.FirstEnd = fromMillis(row.FirstEnd)
	}
	return c, nil
}

func (r reader) TotalServices(ctx context.Context, projectID int64, now time.Time) (app.ServiceTotals, error) {
	row, err := r.q.TotalServices(ctx, db.TotalServicesParams{ProjectID: projectID, Now: now.UnixMilli()})
	return app.ServiceTotals{Services: int(row.Services), Awaiting: int(row.Awaiting)}, readError("services", err)
}

func (r reader) CountOverdue(ctx context.Context, projectID int64, now time.Time) (int, error) {
	n, err := r.q.CountOverdue(ctx, db.CountOverdueParams{ProjectID: projectID, Now: now.UnixMilli()})
	return int(n), readError("users", err)
}

// quarter is the unit in which dates are counted.
const quarter = 15 * time.Minute

func (r reader) CountDates(ctx context.Context, projectID, serviceID int64, from, to, now time.Time) ([]app.QuarterCount, error) {
	rows, err := r.q.CountDates(ctx, db.CountDatesParams{
		ProjectID: projectID, ServiceID: serviceID, FromAt: from.UnixMilli(), ToAt: to.UnixMilli(), Now: now.UnixMilli(),
	})
	if err != nil {
		return nil, readError("dates", err)
	}
	return convertAll(rows, func(row db.CountDatesRow) (app.QuarterCount, error) {
		return app.QuarterCount{
			At: fromMillis(row.Quarter * quarter.Milliseconds()), Ends: int(row.Ends), Renewals: int(row.Renewals),
		}, nil
	})
}

func (r reader) Dates(ctx context.Context, projectID, serviceID int64, from, to, now time.Time, after app.DateCursor, limit int) ([]app.DatedUser, error) {
	rows, err := r.q.ListDates(ctx, db.ListDatesParams{
		ProjectID: projectID, ServiceID: serviceID, FromAt: from.UnixMilli(), ToAt: to.UnixMilli(), Now: now.UnixMilli(),
		AfterAt: after.At.UnixMilli(), AfterWhat: int32(after.What), AfterID: after.UserID, Limit: int32(limit),
	})
	if err != nil {
		return nil, readError("dates", err)
	}
	return convertAll(rows, func(row db.ListDatesRow) (app.DatedUser, error) {
		return app.DatedUser{
			Standing: app.Standing{
				NotAfter: fromMillis(row.NotAfter), OldNotAfter: fromNullMillis(row.OldNotAfter), Acknowledged: row.Acknowledged,
			},
			Cursor:  app.DateCursor{At: fromMillis(row.At), What: app.DateKind(row.What), UserID: row.ID},
			Service: row.Service, User: row.Name,
		}, nil
	})
}

func (r reader) UserNames(ctx context.Context, userID int64) (service, user string, err error) {
	row, err := r.q.UserNames(ctx, userID)
	return row.Service, row.Name, readError("user", err)
}
