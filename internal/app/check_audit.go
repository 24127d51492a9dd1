package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/segue-project/segue/internal/lifecycle"
)

// auditWalk reads every audit log from where it stopped the last time.
type auditWalk struct {
	*checker
	logs   map[int64]*auditLog // by project
	verify bool                // verifies the chain and reports
	each   func(AuditEntry)
}

// auditLog is how far a log was read.
type auditLog struct {
	last   AuditHead
	said   AuditHead // the end that was reported not to be the head; zero for none
	broken int       // entries reported
}

// auditPage is how many entries are read at a time.
const auditPage = 1000

// maxBroken bounds the reports of one log: where much is wrong, the first places tell.
const maxBroken = 10

// run goes on to the present end of every log, the instance's own first.
func (w *auditWalk) run(ctx context.Context) error {
	if err := w.walk(ctx, 0, w.name(0)); err != nil {
		return err
	}
	return pages(ctx, func(p Project) int64 { return p.ID }, w.app.Inspector.InspectProjects, func(p Project) error {
		return w.walk(ctx, p.ID, p.Name)
	})
}

func (w *auditWalk) walk(ctx context.Context, projectID int64, name string) error {
	log := w.logs[projectID]
	if log == nil {
		log = &auditLog{}
		w.logs[projectID] = log
	}
	for {
		entries, head, err := readAudit(ctx, w.app.Store, projectID, log.last.Seq, auditPage)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if w.verify {
				if err := w.entry(ctx, log, name, e); err != nil {
					return err
				}
			}
			log.last = AuditHead{Seq: e.Seq, MAC: e.MAC}
			w.each(e)
		}
		if len(entries) < auditPage {
			if w.verify {
				w.checkHead(log, name, head)
			}
			return nil
		}
	}
}

// readAudit reads entries and, from the same snapshot, the head.
func readAudit(ctx context.Context, s Store, projectID, after int64, limit int) (entries []AuditEntry, head AuditHead, err error) {
	err = s.Read(ctx, func(r Reader) (err error) {
		if entries, err = r.AuditEntries(ctx, projectID, after, limit); err != nil {
			return err
		}
		head, err = r.AuditHeadOf(ctx, projectID)
		return err
	})
	return entries, head, err
}

// linkFault says what is wrong with the entry that comes after last in a log;
// empty where it is as it was written.
func (a *App) linkFault(ctx context.Context, last AuditHead, e AuditEntry) (string, error) {
	if next := last.Seq + 1; e.Seq > next {
		return fmt.Sprintf("entries %d to %d of its audit log are missing: restore them from a backup, and find out who deleted them", next, e.Seq-1), nil
	}
	err := a.Custody.VerifyMAC(ctx, auditInput(e, last.MAC), e.MAC)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return fmt.Sprintf("entry %d of its audit log was changed or moved, or the one before it was: compare it with a backup, and find out who did it", e.Seq), nil
	}
	return "", nil
}

// headFault says that a log does not end where its head is.
func headFault(last, head AuditHead) string {
	return fmt.Sprintf("its audit log ends with entry %d, its head is entry %d: its tail was cut or its head was changed; compare both with the heads in Segue's own log",
		last.Seq, head.Seq)
}

// entry verifies one entry against the one before. The chain goes on from what
// is stored, so that one changed entry is one report.
func (w *auditWalk) entry(ctx context.Context, log *auditLog, name string, e AuditEntry) error {
	fault, err := w.app.linkFault(ctx, log.last, e)
	if err != nil {
		return err
	}
	if fault != "" {
		w.broken(log, name, fault)
	}
	w.checkText(fmt.Sprintf("%s, audit entry %d", name, e.Seq), e.Actor, e.Action, e.Service, e.User, e.Detail)
	return nil
}

func (w *auditWalk) checkHead(log *auditLog, name string, head AuditHead) {
	if head.is(log.last) || log.said.Seq > 0 && log.said.is(log.last) {
		return
	}
	w.broken(log, name, headFault(log.last, head))
	log.said = log.last
}

func (h AuditHead) is(other AuditHead) bool {
	return h.Seq == other.Seq && bytes.Equal(h.MAC, other.MAC)
}

func (w *auditWalk) broken(log *auditLog, name, fault string) {
	if log.broken++; log.broken <= maxBroken {
		w.violation(5, name, "%s", fault)
	}
}

// auditedChange is a generation, acknowledgement, reset or deletion: what has
// exactly one audit entry.
type auditedChange struct {
	projectID, userID int64
	action            lifecycle.Action
	generation        int // 0 for a deletion
}

func (a auditedChange) String() string {
	switch a.action {
	case lifecycle.ActionAcknowledge:
		return fmt.Sprintf("the acknowledgement of generation %d", a.generation)
	case lifecycle.ActionDelete:
		return "its deletion"
	case lifecycle.ActionReset:
		return fmt.Sprintf("the reset that made generation %d", a.generation)
	}
	return fmt.Sprintf("generation %d", a.generation)
}

// changeOf reads what an entry says of a user's pairs; ok is false for an entry
// about something else.
func changeOf(e AuditEntry) (change auditedChange, ok bool, err error) {
	switch action := lifecycle.Action(e.Action); action {
	case lifecycle.ActionCreate, lifecycle.ActionRenew, lifecycle.ActionAcknowledge, lifecycle.ActionReset, lifecycle.ActionDelete:
		var detail changeDetail
		if err := json.Unmarshal([]byte(e.Detail), &detail); err != nil {
			return auditedChange{}, false, err
		}
		id, err := strconv.ParseUint(detail.UserID, 16, 64)
		return auditedChange{e.ProjectID, int64(id), action, detail.Generation}, err == nil, err
	}
	return auditedChange{}, false, nil
}

// changesOf lists what a user's facts say was done, in no particular order.
func changesOf(projectID int64, f lifecycle.Facts) []auditedChange {
	var changes []auditedChange
	add := func(action lifecycle.Action, generation int) {
		changes = append(changes, auditedChange{projectID, f.UserID, action, generation})
	}
	renewed := map[int]bool{}
	for _, r := range f.Renewals {
		renewed[r.New] = true
		if !r.AcknowledgedAt.IsZero() {
			add(lifecycle.ActionAcknowledge, r.New)
		}
	}
	for _, g := range f.Generations {
		switch {
		case g.Number == 1:
			add(lifecycle.ActionCreate, 1)
		case renewed[g.Number]:
			add(lifecycle.ActionRenew, g.Number)
		default:
			add(lifecycle.ActionReset, g.Number)
		}
	}
	if !f.DeletedAt.IsZero() {
		add(lifecycle.ActionDelete, 0)
	}
	return changes
}

// auditEvent notes what the audit logs say of users.
func (c *checker) auditEvent(e AuditEntry) {
	change, ok, err := changeOf(e)
	if err != nil {
		c.violation(5, c.name(e.ProjectID), "entry %d of its audit log does not say which user it is about: %s", e.Seq, restore)
	}
	if ok {
		c.events.add(change)
	}
	if e.Action == actionSetPolicy {
		c.policySet[e.ProjectID] = e.At // entries come in the order of time
	}
}
