package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// bulk is what only one of the databases can run, or runs much faster in a form
// of its own, within one transaction.
type bulk interface {
	// lockService keeps the service from being deleted until the transaction
	// ends; alive is false when it was.
	lockService(ctx context.Context, id int64) (alive bool, err error)
	// lockAuditHead locks the row of a project's head; found is false when there is none.
	lockAuditHead(ctx context.Context, projectID int64) (found bool, err error)
	// changeUsers saves what changes do to the rows of users, no user twice, with
	// the renewals that begin, and sets applied where the user was still as the
	// change was decided on.
	changeUsers(ctx context.Context, changes []app.Decided, applied []bool) error
	// writeRows saves what changes that applied do to other rows. It returns the
	// authorities of the generations that were revoked.
	writeRows(ctx context.Context, rows changeRows) (revokedOf []int64, err error)
	setDues(ctx context.Context, dues []app.UserDue) (set int, err error)
	insertAudit(ctx context.Context, entries []app.AuditEntry) error
	// insertMessages leaves out messages whose slot is taken.
	insertMessages(ctx context.Context, messages []app.Message) error
	// setReminders saves where reminders stand of renewals that still await.
	setReminders(ctx context.Context, reminders []app.DueReminder) error
}

// changeRows is what a set of changes writes besides the rows of users.
type changeRows struct {
	issued       []issuedRow
	acknowledged []acknowledgedRow
	closed       []closedRow
	revoked      []revokedRow
	settled      []settledRow
}

type issuedRow struct {
	userID int64
	issue  *lifecycle.Issue
	pair   *app.NewPair
	at     time.Time
}

type acknowledgedRow struct {
	userID  int64
	renewal *lifecycle.Renewal
}

type closedRow struct {
	userID     int64
	generation int
	at         time.Time
	as         lifecycle.ClosedAs
}

type revokedRow struct {
	userID     int64
	generation int
	at         time.Time
}

// settledRow is a user whose open failure ends: it got a pair, or was deleted.
type settledRow struct {
	userID int64
	at     time.Time
}

// Apply is the one way in which pairs change, for one user or for a page of the sweep.
func (t *tx) Apply(ctx context.Context, changes []app.Decided) ([]bool, error) {
	for _, d := range changes {
		if err := checkChange(d); err != nil {
			return nil, fmt.Errorf("apply %s: %w", d.Change.Action, err)
		}
	}
	applied := make([]bool, len(changes))
	for start := 0; start < len(changes); {
		end := distinctUsers(changes, start)
		if err := t.apply(ctx, changes[start:end], applied[start:end]); err != nil {
			return nil, t.writeError("changes of users", err)
		}
		start = end
	}
	return applied, nil
}

// checkChange holds what lifecycle promises of every change and this package builds on.
func checkChange(d app.Decided) error {
	c := d.Change
	switch {
	case (c.Issue != nil) != (d.Pair != nil):
		return errors.New("a pair belongs to exactly the changes that issue one")
	case c.Issue != nil && c.Due == nil:
		return errors.New("a change that issues a pair must say when that is due")
	case c.Delete && (c.Issue != nil || c.Due != nil):
		return errors.New("a change that deletes a user must not give it a pair or a due date")
	case c.Empty():
		return errors.New("a change must do something")
	case c.Acknowledge != nil && (c.Due != nil || c.Delete):
		return errors.New("a change that acknowledges does nothing else")
	}
	return nil
}

// distinctUsers is where the run of changes from start ends that holds no user
// twice: a second change of a user is decided on what the first one leaves.
func distinctUsers(changes []app.Decided, start int) int {
	seen := make(map[int64]bool, len(changes)-start)
	for end := start; end < len(changes); end++ {
		if seen[changes[end].UserID] {
			return end
		}
		seen[changes[end].UserID] = true
	}
	return len(changes)
}

func (t *tx) apply(ctx context.Context, changes []app.Decided, applied []bool) error {
	if err := t.bulk.changeUsers(ctx, changes, applied); err != nil {
		return err
	}
	var rows changeRows
	for i, d := range changes {
		if applied[i] {
			rows.add(d)
		}
	}
	revokedOf, err := t.bulk.writeRows(ctx, rows)
	if err != nil {
		return err
	}
	slices.Sort(revokedOf) // in one order everywhere, so that no two writers wait for each other
	for _, caID := range slices.Compact(revokedOf) {
		if err := t.q.NextCRL(ctx, caID); err != nil {
			return err
		}
	}
	return nil
}

func (rows *changeRows) add(d app.Decided) {
	c := d.Change
	if c.Issue != nil {
		rows.issued = append(rows.issued, issuedRow{d.UserID, c.Issue, d.Pair, c.At})
	}
	for _, n := range c.Close {
		rows.closed = append(rows.closed, closedRow{d.UserID, n, c.At, c.CloseAs})
	}
	if c.Acknowledge != nil {
		rows.acknowledged = append(rows.acknowledged, acknowledgedRow{d.UserID, c.Acknowledge})
	}
	for _, n := range c.Revoke {
		rows.revoked = append(rows.revoked, revokedRow{d.UserID, n, c.At})
	}
	if c.Issue != nil || c.Delete {
		rows.settled = append(rows.settled, settledRow{d.UserID, c.At})
	}
}
