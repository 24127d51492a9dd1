package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/segue-project/segue/internal/app"
)

// On SQLite a statement prepared once and run row by row is faster than one
// statement with many rows: there is no round trip to save.

// sqliteStatement names a bulk statement; sqliteTexts has them.
type sqliteStatement int

const (
	issueUser sqliteStatement = iota
	acknowledgeUser
	endUser
	insertGeneration
	insertRenewal
	acknowledgeRenewal
	closeRenewal
	revokeGeneration
	closeFailure
	setDue
	insertAudit
	insertMessage
	setReminder
	sqliteStatements // how many there are
)

// A statement names in SET only what it changes: naming a column of an index, or
// of its condition, makes SQLite write that index.
var sqliteTexts = [sqliteStatements]string{
	issueUser: `UPDATE users SET revision = revision + 1, generation = ?, not_after = ?,
	old_not_after = CASE WHEN ? THEN not_after END, acknowledged = 0,
	renew_at = ?, due_at = ?, spread_to = ?, policy_validity = ?, policy_renew_before = ?, policy_spread = ?
	WHERE id = ? AND revision = ? AND deleted_at IS NULL`,
	acknowledgeUser: `UPDATE users SET revision = revision + 1, acknowledged = 1 WHERE id = ? AND revision = ? AND deleted_at IS NULL`,
	endUser: `UPDATE users SET revision = revision + 1, deleted_at = ?, sealed_password = NULL,
	pairs_end = (SELECT MAX(not_after) FROM generations WHERE user_id = users.id)
	WHERE id = ? AND revision = ? AND deleted_at IS NULL`,
	insertGeneration: `INSERT INTO generations (user_id, number, shard, ca_id, not_before, not_after, created_at, serial, cert, sealed_key)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	insertRenewal: `INSERT INTO renewals (user_id, generation, replaced, project_id, service_id, old_not_after, created_at, told_at, remind_at)
	SELECT id, ?, generation, project_id, service_id, not_after, ?, ?, ? FROM users
	WHERE id = ? AND generation = ? AND revision = ? AND deleted_at IS NULL`,
	acknowledgeRenewal: `UPDATE renewals SET acknowledged_at = ?, acknowledged_by = ?, acknowledged_how = ? WHERE user_id = ? AND generation = ?`,
	closeRenewal:       `UPDATE renewals SET closed_at = ?, closed_as = ? WHERE user_id = ? AND generation = ?`,
	revokeGeneration:   `UPDATE generations SET revoked_at = ?, sealed_key = NULL WHERE user_id = ? AND number = ? RETURNING ca_id`,
	closeFailure:       `UPDATE failures SET closed_at = ? WHERE user_id = ? AND closed_at IS NULL`,
	setDue: `UPDATE users SET revision = revision + 1, renew_at = ?, due_at = ?, spread_to = ?,
	policy_validity = ?, policy_renew_before = ?, policy_spread = ?
	WHERE id = ? AND revision = ? AND deleted_at IS NULL`,
	insertAudit: `INSERT INTO audit (project_id, seq, at, actor, action, service, user_name, detail, mac)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	insertMessage: `INSERT INTO messages (id, project_id, channel_id, created_at, due_at, kind, event, recipient, slot, payload,
	state, attempts, last_error, subject, body, html)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'due', 0, '', '', '', '')
	ON CONFLICT (project_id, kind, channel_id, recipient, slot) WHERE slot <> '' DO NOTHING`,
	setReminder: `UPDATE renewals SET remind_at = ?, told_at = ?
	WHERE user_id = ? AND generation = ? AND acknowledged_at IS NULL AND closed_at IS NULL`,
}

// sqliteBulk runs the bulk statements in a transaction of the one connection
// that writes, on which they stay prepared.
type sqliteBulk struct {
	tx       *sql.Tx
	prepared *[sqliteStatements]*sql.Stmt
	inTx     [sqliteStatements]*sql.Stmt // those that this transaction has used
}

// prepareSQLite prepares the bulk statements on the connection that writes.
func prepareSQLite(ctx context.Context, writer *sql.DB) (*[sqliteStatements]*sql.Stmt, error) {
	var prepared [sqliteStatements]*sql.Stmt
	for i, text := range sqliteTexts {
		var err error
		if prepared[i], err = writer.PrepareContext(ctx, text); err != nil {
			return nil, fmt.Errorf("prepare statement %d: %w", i, err)
		}
	}
	return &prepared, nil
}

// run executes a statement. It watches no context while the statement runs, as
// that costs a goroutine each time and one row takes microseconds.
func (b *sqliteBulk) run(ctx context.Context, s sqliteStatement, args ...any) (changed bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if b.inTx[s] == nil {
		b.inTx[s] = b.tx.StmtContext(ctx, b.prepared[s])
	}
	result, err := b.inTx[s].ExecContext(context.WithoutCancel(ctx), args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// The transaction that writes is alone: there is nothing else to lock.

func (b *sqliteBulk) lockService(ctx context.Context, id int64) (alive bool, err error) {
	err = b.tx.QueryRowContext(ctx, `SELECT deleted_at IS NULL FROM services WHERE id = ?`, id).Scan(&alive)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return alive, err
}

func (b *sqliteBulk) lockAuditHead(ctx context.Context, projectID int64) (found bool, err error) {
	err = b.tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM audit_heads WHERE project_id = ?)`, projectID).Scan(&found)
	return found, err
}

func (b *sqliteBulk) changeUsers(ctx context.Context, changes []app.Decided, applied []bool) error {
	for i, d := range changes {
		opened, err := b.openRenewal(ctx, d)
		if err != nil {
			return err
		}
		if applied[i], err = b.changeUser(ctx, d); err != nil {
			return err
		}
		if d.Change.Open != nil && opened != applied[i] {
			return fmt.Errorf("generation %d, which a renewal replaces, is not the current one", d.Change.Open.Replaced)
		}
	}
	return nil
}

// openRenewal goes before the change of its user: what the row repeats is still
// in the user's row, and reading it from the replaced generation would cost a page.
func (b *sqliteBulk) openRenewal(ctx context.Context, d app.Decided) (opened bool, err error) {
	r := d.Change.Open
	if r == nil {
		return false, nil
	}
	at := r.CreatedAt.UnixMilli()
	return b.run(ctx, insertRenewal, r.New, at, at, nullMillis(d.RemindAt), d.UserID, r.Replaced, d.Change.Base)
}

func (b *sqliteBulk) changeUser(ctx context.Context, d app.Decided) (applied bool, err error) {
	c := d.Change
	switch {
	case c.Delete:
		return b.run(ctx, endUser, c.At.UnixMilli(), d.UserID, c.Base)
	case c.Acknowledge != nil:
		return b.run(ctx, acknowledgeUser, d.UserID, c.Base)
	}
	p := c.Due.Policy
	due := []any{
		c.Due.At.UnixMilli(), c.Due.At.UnixMilli(), nullMillis(c.Due.SpreadTo),
		p.Validity.Milliseconds(), p.RenewBefore.Milliseconds(), p.Spread.Milliseconds(), d.UserID, c.Base,
	}
	if c.Issue == nil {
		return b.run(ctx, setDue, due...)
	}
	return b.run(ctx, issueUser, append([]any{c.Issue.Number, c.Issue.NotAfter.UnixMilli(), c.Open != nil}, due...)...)
}

func (b *sqliteBulk) writeRows(ctx context.Context, rows changeRows) (revokedOf []int64, err error) {
	for _, r := range rows.closed {
		if _, err := b.run(ctx, closeRenewal, r.at.UnixMilli(), string(r.as), r.userID, r.generation); err != nil {
			return nil, err
		}
	}
	for _, r := range rows.issued {
		_, err := b.run(ctx, insertGeneration, r.userID, r.issue.Number, app.ShardOf(r.userID), r.pair.CAID,
			r.issue.NotBefore.UnixMilli(), r.issue.NotAfter.UnixMilli(), r.at.UnixMilli(), r.pair.Serial, r.pair.Cert, r.pair.SealedKey)
		if err != nil {
			return nil, err
		}
	}
	for _, r := range rows.acknowledged {
		_, err := b.run(ctx, acknowledgeRenewal, r.renewal.AcknowledgedAt.UnixMilli(), r.renewal.AcknowledgedBy,
			string(r.renewal.AcknowledgedHow), r.userID, r.renewal.New)
		if err != nil {
			return nil, err
		}
	}
	if err := b.settle(ctx, rows.settled); err != nil {
		return nil, err
	}
	return b.revoke(ctx, rows.revoked)
}

// settle looks first whether any failure is open: hardly ever one is.
func (b *sqliteBulk) settle(ctx context.Context, rows []settledRow) error {
	var some bool
	if err := b.tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM failures WHERE closed_at IS NULL)`).Scan(&some); err != nil || !some {
		return err
	}
	for _, r := range rows {
		if _, err := b.run(ctx, closeFailure, r.at.UnixMilli(), r.userID); err != nil {
			return err
		}
	}
	return nil
}

func (b *sqliteBulk) revoke(ctx context.Context, rows []revokedRow) (revokedOf []int64, err error) {
	for _, r := range rows {
		var caID int64
		err := b.tx.StmtContext(ctx, b.prepared[revokeGeneration]).QueryRowContext(ctx, r.at.UnixMilli(), r.userID, r.generation).Scan(&caID)
		if err != nil {
			return nil, fmt.Errorf("revoke generation %d: %w", r.generation, err)
		}
		revokedOf = append(revokedOf, caID)
	}
	return revokedOf, nil
}

func (b *sqliteBulk) setDues(ctx context.Context, dues []app.UserDue) (set int, err error) {
	for _, d := range dues {
		changed, err := b.run(ctx, setDue, d.RenewAt.UnixMilli(), d.RenewAt.UnixMilli(), nullMillis(d.SpreadTo),
			d.Policy.Validity.Milliseconds(), d.Policy.RenewBefore.Milliseconds(), d.Policy.Spread.Milliseconds(), d.UserID, d.Revision)
		if err != nil {
			return 0, err
		}
		if changed {
			set++
		}
	}
	return set, nil
}

func (b *sqliteBulk) insertAudit(ctx context.Context, entries []app.AuditEntry) error {
	for _, e := range entries {
		_, err := b.run(ctx, insertAudit, e.ProjectID, e.Seq, e.At.UnixMilli(), e.Actor, e.Action, e.Service, e.User, e.Detail, e.MAC)
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *sqliteBulk) insertMessages(ctx context.Context, messages []app.Message) error {
	for _, m := range messages {
		_, err := b.run(ctx, insertMessage, m.ID, m.ProjectID, m.ChannelID, m.CreatedAt.UnixMilli(), m.DueAt.UnixMilli(),
			string(m.Kind), string(m.Event), m.Recipient, m.Slot, string(m.Payload))
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *sqliteBulk) setReminders(ctx context.Context, reminders []app.DueReminder) error {
	for _, r := range reminders {
		if _, err := b.run(ctx, setReminder, nullMillis(r.RemindAt), r.Told.UnixMilli(), r.UserID, r.Generation); err != nil {
			return err
		}
	}
	return nil
}
