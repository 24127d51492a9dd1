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
// stopped the last time, at most 20,000 entries further, and each of the entries
// that are shown beside the proof, so that nobody reads a changed one under it.
// `segue doctor` verifies all of it each time.
func (a *App) VerifyAudit(ctx context.Context, actor Actor, project string, shown []AuditEntry, now time.Time) (AuditProof, error) {
	var s scope
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		s, err = authorise(ctx, r, actor, project, ReadProject)
		return err
	})
	if err != nil {
		return AuditProof{}, err
	}
	v := a.verified.of(s.Project.ID)
	select {
	case v.place <- struct{}{}:
		defer func() { <-v.place }()
	case <-ctx.Done():
		return AuditProof{}, ctx.Err()
	}
	proof, err := a.verify(ctx, s.Project.ID, &v.last)
	if err != nil || proof.BrokenAt != 0 {
		return proof, err
	}
	return a.verifyShown(ctx, s.Project.ID, shown, proof)
}

// verifyShown holds entries, newest first, against the ones before them.
func (a *App) verifyShown(ctx context.Context, projectID int64, shown []AuditEntry, proof AuditProof) (AuditProof, error) {
	for i, e := range shown {
		before := AuditHead{Seq: e.Seq - 1}
		switch {
		case e.Seq == 1:
		case i+1 < len(shown) && shown[i+1].Seq == e.Seq-1:
			before.MAC = shown[i+1].MAC
		default:
			one, _, err := readAudit(ctx, a.Store, projectID, e.Seq-2, 1)
			if err != nil {
				return AuditProof{}, err
			}
			if len(one) > 0 {
				before = AuditHead{Seq: one[0].Seq, MAC: one[0].MAC}
			}
		}
		fault, err := a.linkFault(ctx, before, e)
		if err != nil {
			return AuditProof{}, err
		}
		if fault != "" {
			proof = AuditProof{VerifiedTo: e.Seq - 1, BrokenAt: e.Seq, Reason: fault} // the oldest is told of
		}
	}
	return proof, nil
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
	place chan struct{} // one verifies at a time
	last  AuditHead
}

func (v *verified) of(projectID int64) *verifiedLog {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byProject == nil {
		v.byProject = map[int64]*verifiedLog{}
	}
	if v.byProject[projectID] == nil {
		v.byProject[projectID] = &verifiedLog{place: make(chan struct{}, 1)}
	}
	return v.byProject[projectID]
}
