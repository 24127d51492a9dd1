package app

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// AuditProof says how far a project's audit log is what was written.
type AuditProof struct {
	VerifiedTo int64  // the last entry up to which the chain holds
	BrokenAt   int64  // the first entry where it does not; 0: nowhere
	Reason     string // what is wrong there, and what to do
}

// verifyPages bounds one look at a log: a longer one is verified further by the next.
const verifyPages = 20

// VerifyAudit verifies the chain of a project's audit log from where this process
// stopped the last time, at most 20,000 entries further. `segue doctor` verifies
// all of it each time.
func (a *App) VerifyAudit(ctx context.Context, actor Actor, project string, now time.Time) (AuditProof, error) {
	var s scope
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		s, err = authorise(ctx, r, actor, project, ReadProject)
		return err
	})
	if err != nil {
		return AuditProof{}, err
	}
	v := a.verified.of(s.Project.ID)
	v.mu.Lock()
	defer v.mu.Unlock()
	return a.verify(ctx, s.Project.ID, &v.last)
}

// verify goes on from last and moves it to the last entry that is as it was written.
func (a *App) verify(ctx context.Context, projectID int64, last *AuditHead) (AuditProof, error) {
	switch there, err := a.holds(ctx, projectID, *last); {
	case err != nil:
		return AuditProof{}, err
	case !there:
		return AuditProof{VerifiedTo: max(0, last.Seq-1), BrokenAt: last.Seq, Reason: fmt.Sprintf(
			"entry %d of its audit log was verified before, and is gone or changed: compare it with a backup, and find out who did it", last.Seq)}, nil
	}
	for range verifyPages {
		entries, head, err := readAudit(ctx, a.Store, projectID, last.Seq, auditPage)
		if err != nil {
			return AuditProof{}, err
		}
		for _, e := range entries {
			fault, err := a.linkFault(ctx, *last, e)
			if err != nil || fault != "" {
				return AuditProof{VerifiedTo: last.Seq, BrokenAt: last.Seq + 1, Reason: fault}, err
			}
			*last = AuditHead{Seq: e.Seq, MAC: e.MAC}
		}
		if len(entries) < auditPage {
			if !head.is(*last) {
				return AuditProof{VerifiedTo: last.Seq, BrokenAt: last.Seq + 1, Reason: headFault(*last, head)}, nil
			}
			break
		}
	}
	return AuditProof{VerifiedTo: last.Seq}, nil
}

// holds reports whether the log has the entry at a place as it was.
func (a *App) holds(ctx context.Context, projectID int64, at AuditHead) (bool, error) {
	if at.Seq == 0 {
		return true, nil
	}
	entries, _, err := readAudit(ctx, a.Store, projectID, at.Seq-1, 1)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	return at.is(AuditHead{Seq: entries[0].Seq, MAC: entries[0].MAC}), nil
}

// verified is how far this process verified each project's audit log.
type verified struct {
	mu        sync.Mutex
	byProject map[int64]*verifiedLog
}

type verifiedLog struct {
	mu   sync.Mutex
	last AuditHead
}

func (v *verified) of(projectID int64) *verifiedLog {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byProject == nil {
		v.byProject = map[int64]*verifiedLog{}
	}
	if v.byProject[projectID] == nil {
		v.byProject[projectID] = &verifiedLog{}
	}
	return v.byProject[projectID]
}
