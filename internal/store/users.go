package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) UserByName(ctx context.Context, serviceID int64, name string) (app.User, error) {
	row, err := r.q.UserByName(ctx, db.UserByNameParams{ServiceID: serviceID, Name: name})
	if err != nil {
		return app.User{}, readError("user", err)
	}
	u := user(row.User)
	u.Current = currentPair(db.UsersRow(row))
	generations, err := r.q.UserGenerations(ctx, u.ID)
	if err != nil {
		return app.User{}, readError("generations", err)
	}
	for _, g := range generations {
		u.Facts.Generations = append(u.Facts.Generations, generation(g.Number, g.NotBefore, g.NotAfter, fromNullMillis(g.RevokedAt)))
	}
	renewals, err := r.q.UserRenewals(ctx, u.ID)
	if err != nil {
		return app.User{}, readError("renewals", err)
	}
	for _, row := range renewals {
		u.Facts.Renewals = append(u.Facts.Renewals, renewal(row))
	}
	return u, nil
}

func (r reader) Users(ctx context.Context, serviceID int64, after string, limit int) ([]app.User, error) {
	rows, err := r.q.Users(ctx, db.UsersParams{ServiceID: serviceID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("users", err)
	}
	generations, err := r.q.UsersGenerations(ctx, db.UsersGenerationsParams{ServiceID: serviceID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("generations", err)
	}
	renewals, err := r.q.UsersRenewals(ctx, db.UsersRenewalsParams{ServiceID: serviceID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("renewals", err)
	}
	users := make([]app.User, len(rows))
	facts := make(map[int64]*lifecycle.Facts, len(rows))
	for i, row := range rows {
		users[i] = user(row.User)
		users[i].Current = currentPair(row)
		facts[users[i].ID] = &users[i].Facts
	}
	for _, g := range generations {
		if f := facts[g.UserID]; f != nil {
			f.Generations = append(f.Generations, generation(g.Number, g.NotBefore, g.NotAfter, fromNullMillis(g.RevokedAt)))
		}
	}
	for _, row := range renewals {
		if f := facts[row.UserID]; f != nil {
			f.Renewals = append(f.Renewals, renewal(row))
		}
	}
	return users, nil
}

// user reads a row; the caller fills in the generations and renewals of its
// facts and the current pair.
func user(u db.User) app.User {
	f := lifecycle.Facts{UserID: u.ID, Revision: u.Revision, DeletedAt: fromNullMillis(u.DeletedAt)}
	if u.Generation > 0 {
		f.RenewAt = fromMillis(u.RenewAt)
	}
	return app.User{
		ID: u.ID, ProjectID: u.ProjectID, ServiceID: u.ServiceID, Name: u.Name, Primary: u.IsPrimary,
		SealedPassword: u.SealedPassword, CreatedAt: fromMillis(u.CreatedAt),
		Policy:   policy(u.PolicyValidity, u.PolicyRenewBefore, u.PolicySpread),
		SpreadTo: fromNullMillis(u.SpreadTo), DueAt: fromNullMillis(u.DueAt), Facts: f,
	}
}

// notAfter is the end of the current pair as the user's row repeats it; zero where there is none.
func notAfter(u db.User) time.Time {
	if u.Generation == 0 {
		return time.Time{}
	}
	return fromMillis(u.NotAfter)
}

// currentPair is the zero Pair for a user without one.
func currentPair(row db.UsersRow) app.Pair {
	if !row.CaID.Valid {
		return app.Pair{}
	}
	return app.Pair{
		Generation: int(row.User.Generation), CAID: row.CaID.Int64, Serial: row.Serial, Cert: row.Cert, SealedKey: row.SealedKey,
		CreatedAt: fromNullMillis(row.PairCreatedAt), NotBefore: fromNullMillis(row.NotBefore),
		NotAfter: fromMillis(row.User.NotAfter), RevokedAt: fromNullMillis(row.RevokedAt),
	}
}

func generation(number int32, notBefore, notAfter int64, revokedAt time.Time) lifecycle.Generation {
	return lifecycle.Generation{
		Number: int(number), NotBefore: fromMillis(notBefore), NotAfter: fromMillis(notAfter), RevokedAt: revokedAt,
	}
}

func renewal(r db.Renewal) lifecycle.Renewal {
	return lifecycle.Renewal{
		New: int(r.Generation), Replaced: int(r.Replaced), CreatedAt: fromMillis(r.CreatedAt),
		AcknowledgedAt: fromNullMillis(r.AcknowledgedAt), AcknowledgedBy: r.AcknowledgedBy.String,
		AcknowledgedHow: lifecycle.AcknowledgedHow(r.AcknowledgedHow.String),
		ClosedAt:        fromNullMillis(r.ClosedAt), ClosedAs: lifecycle.ClosedAs(r.ClosedAs.String),
	}
}

func (r reader) CountUsers(ctx context.Context, projectID, serviceID int64) (int, error) {
	var n int64
	var err error
	if serviceID == 0 {
		n, err = r.q.CountUsersOfProject(ctx, projectID)
	} else {
		n, err = r.q.CountUsersOfService(ctx, serviceID)
	}
	return int(n), readError("users", err)
}

func (r reader) Pair(ctx context.Context, userID int64, n int) (app.Pair, error) {
	row, err := r.q.Pair(ctx, db.PairParams{UserID: userID, Number: int32(n)})
	if err != nil {
		return app.Pair{}, readError("generation", err)
	}
	return pair(row), nil
}

func pair(g db.Generation) app.Pair {
	return app.Pair{
		Generation: int(g.Number), CAID: g.CaID, Serial: g.Serial, Cert: g.Cert, SealedKey: g.SealedKey,
		CreatedAt: fromMillis(g.CreatedAt), NotBefore: fromMillis(g.NotBefore), NotAfter: fromMillis(g.NotAfter),
		RevokedAt: fromNullMillis(g.RevokedAt),
	}
}

func (r reader) Renewals(ctx context.Context, projectID int64, after app.RenewalCursor, limit int) ([]app.PendingRenewal, error) {
	rows, err := r.q.PendingRenewals(ctx, db.PendingRenewalsParams{
		ProjectID: projectID, OldNotAfter: after.OldNotAfter.UnixMilli(), UserID: after.UserID, Limit: int32(limit),
	})
	if err != nil {
		return nil, readError("renewals", err)
	}
	return convertAll(rows, pendingRenewal)
}

func pendingRenewal(row db.PendingRenewalsRow) (app.PendingRenewal, error) {
	r := row.Renewal
	return app.PendingRenewal{
		ServiceID: r.ServiceID, UserID: r.UserID, Service: row.Service, User: row.UserName,
		Generation: int(r.Generation), Replaced: int(r.Replaced), CreatedAt: fromMillis(r.CreatedAt),
		OldNotBefore: fromMillis(row.OldNotBefore), OldNotAfter: fromMillis(r.OldNotAfter),
		NewNotBefore: fromMillis(row.NewNotBefore), NewNotAfter: fromMillis(row.NewNotAfter),
		SnoozedUntil: fromNullMillis(r.SnoozedUntil), SnoozeReason: r.SnoozeReason.String,
	}, nil
}

func (r reader) CountExpiring(ctx context.Context, serviceID int64) (n int, first time.Time, err error) {
	row, err := r.q.CountExpiring(ctx, serviceID)
	if err != nil || row.N == 0 {
		return 0, time.Time{}, readError("renewals", err)
	}
	return int(row.N), fromMillis(row.First), nil
}

func (r reader) CountKeys(ctx context.Context, serviceID int64) (int, error) {
	n, err := r.q.CountKeys(ctx, serviceID)
	return int(n), readError("keys", err)
}

func (t *tx) InsertUser(ctx context.Context, u app.User) error {
	alive, err := t.bulk.lockService(ctx, u.ServiceID)
	if err != nil {
		return t.writeError("service of a user", err)
	}
	if !alive {
		return errConflict
	}
	return t.writeError("user", t.q.InsertUser(ctx, db.InsertUserParams{
		ID: u.ID, ProjectID: u.ProjectID, ServiceID: u.ServiceID, Shard: int32(app.ShardOf(u.ID)),
		Name: u.Name, IsPrimary: u.Primary, SealedPassword: u.SealedPassword, CreatedAt: u.CreatedAt.UnixMilli(),
	}))
}

func (t *tx) SetPassword(ctx context.Context, userID int64, sealed []byte) error {
	n, err := t.q.SetPassword(ctx, db.SetPasswordParams{ID: userID, SealedPassword: sealed})
	return t.changedOne("user", n, err)
}
