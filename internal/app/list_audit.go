package app

import (
	"context"
	"iter"
	"math"
	"time"
)

// ListAudit shows up to limit (1 to 1000, 100 when it is 0) entries of a project's
// audit log before the given one (0: from the newest), newest first. No project is
// the log of the instance, which is for its administrators.
func (a *App) ListAudit(ctx context.Context, actor Actor, project string, f AuditFilter, beforeSeq int64, limit int, now time.Time) ([]AuditEntry, error) {
	if beforeSeq <= 0 {
		beforeSeq = math.MaxInt64
	}
	var entries []AuditEntry
	err := a.read(ctx, actor, now, func(r Reader) error {
		id, err := auditLogOf(ctx, r, actor, project)
		if err != nil {
			return err
		}
		entries, err = r.NewestAudit(ctx, id, f, beforeSeq, Page{Limit: limit}.limit())
		return err
	})
	return entries, err
}

// AuditPage is ListAudit, and the entry before which the next page goes on; 0 on the last.
func (a *App) AuditPage(ctx context.Context, actor Actor, project string, f AuditFilter, beforeSeq int64, limit int, now time.Time) (entries []AuditEntry, next int64, err error) {
	entries, err = a.ListAudit(ctx, actor, project, f, beforeSeq, limit, now)
	if err == nil && len(entries) == (Page{Limit: limit}).limit() {
		next = entries[len(entries)-1].Seq
	}
	return entries, next, err
}

// exportPage is how many entries of an export are held in memory at a time.
const exportPage = 1000

// ExportAudit goes through all entries of an audit log that the filter takes, from
// before the given one (0: from the newest), newest first. It ends after the first
// error; a role taken away bites at the next thousand.
func (a *App) ExportAudit(ctx context.Context, actor Actor, project string, f AuditFilter, beforeSeq int64, now time.Time) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		for {
			entries, next, err := a.AuditPage(ctx, actor, project, f, beforeSeq, exportPage, now)
			if err != nil {
				yield(AuditEntry{}, err)
				return
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
			if next == 0 {
				return
			}
			beforeSeq = next
		}
	}
}

// auditLogOf finds the audit log of a project, or of the instance, for somebody who
// may read it.
func auditLogOf(ctx context.Context, r Reader, actor Actor, project string) (projectID int64, err error) {
	if project != "" {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		return s.Project.ID, err
	}
	if !actor.System && !actor.Administrator {
		return 0, &denial{permission: ReadProject, refusal: &Error{
			Code: CodeForbidden, Message: "only the administrator of this Segue reads its own audit log: name a project for the log of that",
		}}
	}
	return 0, nil
}
