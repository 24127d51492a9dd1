package app

import (
	"context"
	"time"
)

// AuditFilter says which entries of an audit log are asked for; an empty field takes all.
type AuditFilter struct {
	Service, User, Actor, Action string
}

// ListAudit shows up to limit entries of a project's audit log before the given
// one (0: from the newest), newest first.
func (a *App) ListAudit(ctx context.Context, actor Actor, project string, f AuditFilter, beforeSeq int64, limit int, now time.Time) ([]AuditEntry, error) {
	return nil, errPending
}
