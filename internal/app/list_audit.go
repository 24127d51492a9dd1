package app

import (
	"context"
	"math"
	"time"
)

// ListAudit shows up to limit (1 to 1000, 100 when it is 0) entries of a project's
// audit log before the given one (0: from the newest), newest first.
func (a *App) ListAudit(ctx context.Context, actor Actor, project string, f AuditFilter, beforeSeq int64, limit int, now time.Time) ([]AuditEntry, error) {
	if beforeSeq <= 0 {
		beforeSeq = math.MaxInt64
	}
	var entries []AuditEntry
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		entries, err = r.NewestAudit(ctx, s.Project.ID, f, beforeSeq, Page{Limit: limit}.limit())
		return err
	})
	return entries, err
}
