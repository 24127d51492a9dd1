package store

import (
	"cmp"
	"context"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) DuesToRewrite(ctx context.Context, projectID, serviceID, afterUserID int64, limit int) ([]app.UserDue, error) {
	if serviceID == 0 {
		rows, err := r.q.DuesOfProject(ctx, db.DuesOfProjectParams{ProjectID: projectID, After: afterUserID, Limit: int32(limit)})
		if err != nil {
			return nil, readError("due dates", err)
		}
		return convertAll(rows, userDue)
	}
	rows, err := r.q.DuesOfService(ctx, db.DuesOfServiceParams{
		ProjectID: projectID, ServiceID: serviceID, After: afterUserID, Limit: int32(limit),
	})
	if err != nil {
		return nil, readError("due dates", err)
	}
	return convertAll(rows, func(row db.DuesOfServiceRow) (app.UserDue, error) { return userDue(db.DuesOfProjectRow(row)) })
}

func userDue(row db.DuesOfProjectRow) (app.UserDue, error) {
	return app.UserDue{
		UserID: row.ID, ServiceID: row.ServiceID, Service: override(row.Validity, row.RenewBefore, row.Spread, row.Rekey),
		NotAfter: fromMillis(row.NotAfter), RenewAt: fromMillis(row.RenewAt), SpreadTo: fromNullMillis(row.SpreadTo),
		Policy:   policy(row.PolicyValidity, row.PolicyRenewBefore, row.PolicySpread),
		Revision: row.Revision, Waits: row.Waits,
	}, nil
}

func (r reader) PolicyRewrites(ctx context.Context) ([]app.PolicyRewrite, error) {
	rows, err := r.q.PolicyRewrites(ctx)
	if err != nil {
		return nil, readError("policy changes", err)
	}
	return convertAll(rows, func(row db.PolicyRewrite) (app.PolicyRewrite, error) {
		return app.PolicyRewrite{
			ID: row.ID, Kind: row.Kind, ProjectID: row.ProjectID, ServiceID: row.ServiceID, Cursor: row.DoneTo, At: fromMillis(row.At),
		}, nil
	})
}

// SetDues moves the revision of each user, so that a change decided on the old
// due date is not applied after it.
func (t *tx) SetDues(ctx context.Context, dues []app.UserDue) (set int, err error) {
	set, err = t.bulk.setDues(ctx, dues)
	return set, t.writeError("due dates", err)
}

func (t *tx) InsertPolicyRewrite(ctx context.Context, r app.PolicyRewrite) error {
	return t.writeError("policy change", t.q.InsertPolicyRewrite(ctx, db.InsertPolicyRewriteParams{
		ID: r.ID, Kind: cmp.Or(r.Kind, app.RewriteRenewals), ProjectID: r.ProjectID, ServiceID: r.ServiceID, DoneTo: r.Cursor, At: r.At.UnixMilli(),
	}))
}

// AdvancePolicyRewrite finds nothing to do where another process finished the row.
func (t *tx) AdvancePolicyRewrite(ctx context.Context, id, cursor int64, done bool) error {
	if done {
		return t.writeError("policy change", t.q.DeletePolicyRewrite(ctx, id))
	}
	return t.writeError("policy change", t.q.AdvancePolicyRewrite(ctx, db.AdvancePolicyRewriteParams{ID: id, DoneTo: cursor}))
}
