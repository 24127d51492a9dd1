package store

import (
	"context"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) OpenFailures(ctx context.Context, projectID int64, limit int) ([]app.Failure, error) {
	rows, err := r.q.OpenFailures(ctx, db.OpenFailuresParams{ProjectID: projectID, Limit: int32(limit)})
	if err != nil {
		return nil, readError("failures", err)
	}
	return convertAll(rows, func(f db.OpenFailuresRow) (app.Failure, error) {
		return app.Failure{
			UserID: f.UserID, ProjectID: f.ProjectID, Service: f.Service, User: f.UserName,
			At: fromMillis(f.OpenedAt), Reason: f.Reason, RetryAt: fromMillis(f.RetryAt),
		}, nil
	})
}

// RecordFailures keeps the moment at which a user began to fail, and leaves
// alone users that are not due any more: somebody else renewed them meanwhile.
func (t *tx) RecordFailures(ctx context.Context, failures []app.Failure) error {
	for _, f := range failures {
		n, err := t.q.PutOff(ctx, db.PutOffParams{
			ID: f.UserID, FailedAt: nullMillis(f.At), RetryAt: nullMillis(f.RetryAt),
		})
		if err != nil {
			return t.writeError("failure", err)
		}
		if n == 0 {
			continue
		}
		err = t.q.OpenFailure(ctx, db.OpenFailureParams{
			UserID: f.UserID, ProjectID: f.ProjectID, OpenedAt: f.At.UnixMilli(),
			Reason: printable(f.Reason), RetryAt: f.RetryAt.UnixMilli(),
		})
		if err != nil {
			return t.writeError("failure", err)
		}
	}
	return nil
}

// openFailure is the failure of an inspected user, nil where none is open.
func openFailure(u app.User, row db.InspectUsersRow) *app.Failure {
	if !row.OpenedAt.Valid {
		return nil
	}
	return &app.Failure{
		UserID: u.ID, ProjectID: u.ProjectID, Service: row.Service, User: u.Name,
		At: fromNullMillis(row.OpenedAt), Reason: row.Reason.String, RetryAt: fromNullMillis(row.RetryAt),
	}
}
