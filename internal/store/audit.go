package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) AuditEntries(ctx context.Context, projectID, afterSeq int64, limit int) ([]app.AuditEntry, error) {
	rows, err := r.q.AuditEntries(ctx, db.AuditEntriesParams{ProjectID: projectID, After: afterSeq, Limit: int32(limit)})
	if err != nil {
		return nil, readError("audit log", err)
	}
	return convertAll(rows, auditEntry)
}

func auditEntry(e db.Audit) (app.AuditEntry, error) {
	return app.AuditEntry{
		ProjectID: e.ProjectID, Seq: e.Seq, At: fromMillis(e.At), Actor: e.Actor, Action: e.Action,
		Service: e.Service, User: e.UserName, Detail: e.Detail, MAC: e.Mac,
	}, nil
}

func (r reader) NewestAudit(ctx context.Context, projectID int64, f app.AuditFilter, beforeSeq int64, limit int) ([]app.AuditEntry, error) {
	var rows []db.Audit
	var err error
	switch {
	case f.Service != "" && f.User != "":
		rows, err = r.q.NewestAuditAbout(ctx, db.NewestAuditAboutParams{
			ProjectID: projectID, Service: f.Service, UserName: f.User, Actor: f.Actor, Action: f.Action, Before: beforeSeq, Limit: int32(limit),
		})
	case f.Actor != "" && f.Actor != app.System().Email:
		rows, err = r.q.NewestAuditBy(ctx, db.NewestAuditByParams{
			ProjectID: projectID, Actor: f.Actor, Service: f.Service, UserName: f.User, Action: f.Action, Before: beforeSeq, Limit: int32(limit),
		})
	case f.Action != "" && f.Action != string(lifecycle.ActionRenew):
		rows, err = r.q.NewestAuditOf(ctx, db.NewestAuditOfParams{
			ProjectID: projectID, Action: f.Action, Service: f.Service, UserName: f.User, Actor: f.Actor, Before: beforeSeq, Limit: int32(limit),
		})
	default: // what the sweep does is found anywhere
		rows, err = r.q.NewestAudit(ctx, db.NewestAuditParams{
			ProjectID: projectID, Service: f.Service, UserName: f.User, Actor: f.Actor, Action: f.Action, Before: beforeSeq, Limit: int32(limit),
		})
	}
	if err != nil {
		return nil, readError("audit log", err)
	}
	return convertAll(rows, auditEntry)
}

func (r reader) AuditHeadOf(ctx context.Context, projectID int64) (app.AuditHead, error) {
	head, err := r.q.AuditHead(ctx, projectID)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && head.Seq == 0) {
		return app.AuditHead{}, nil
	}
	return app.AuditHead{Seq: head.Seq, MAC: head.Mac}, readError("audit head", err)
}

// LockAuditHead makes the head's row where the log is empty, so that there is
// something to lock.
func (t *tx) LockAuditHead(ctx context.Context, projectID int64) (app.AuditHead, error) {
	found, err := t.bulk.lockAuditHead(ctx, projectID)
	if err == nil && !found {
		if err = t.q.InsertAuditHead(ctx, db.InsertAuditHeadParams{ProjectID: projectID, Mac: []byte{}}); err == nil {
			_, err = t.bulk.lockAuditHead(ctx, projectID)
		}
	}
	if err != nil {
		return app.AuditHead{}, t.writeError("audit head", err)
	}
	return t.AuditHeadOf(ctx, projectID)
}

// AppendAudit takes entries of any number of projects, each project's in one run.
func (t *tx) AppendAudit(ctx context.Context, entries []app.AuditEntry) error {
	for first := 0; first < len(entries); {
		last := first
		for last+1 < len(entries) && entries[last+1].ProjectID == entries[first].ProjectID {
			last++
		}
		if err := t.moveAuditHead(ctx, entries[first:last+1]); err != nil {
			return err
		}
		first = last + 1
	}
	return t.writeError("audit log", t.bulk.insertAudit(ctx, entries))
}

// moveAuditHead moves a project's head over a run of entries, which must follow it without a gap.
func (t *tx) moveAuditHead(ctx context.Context, run []app.AuditEntry) error {
	first, last := run[0], run[len(run)-1]
	for i, e := range run {
		if e.Seq != first.Seq+int64(i) {
			return fmt.Errorf("audit log: entry %d follows entry %d", e.Seq, first.Seq+int64(i)-1)
		}
	}
	n, err := t.q.MoveAuditHead(ctx, db.MoveAuditHeadParams{
		ProjectID: first.ProjectID, FromSeq: first.Seq - 1, ToSeq: last.Seq, Mac: last.MAC,
	})
	if err == nil && n == 0 {
		return fmt.Errorf("audit log: entry %d does not follow the head: lock the head first", first.Seq)
	}
	return t.writeError("audit head", err)
}
