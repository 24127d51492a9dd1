package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/segue-project/segue/internal/app"
)

// On PostgreSQL each bulk statement takes its rows as arrays, one per column,
// and the statements of a step travel together: the cost of a page is a few
// round trips, whatever its size.

const (
	pgLockService   = `SELECT id FROM services WHERE id = $1 AND deleted_at IS NULL FOR SHARE`
	pgLockAuditHead = `SELECT project_id FROM audit_heads WHERE project_id = $1 FOR UPDATE`

	pgMoveUsers = `UPDATE users u SET revision = u.revision + 1,
	generation = COALESCE(c.number, u.generation), not_after = COALESCE(c.not_after, u.not_after),
	old_not_after = CASE WHEN c.number IS NULL THEN u.old_not_after WHEN c.opens THEN u.not_after END,
	acknowledged = u.acknowledged AND c.number IS NULL,
	renew_at = c.due_at, due_at = c.due_at, spread_to = c.spread_to,
	policy_validity = c.validity, policy_renew_before = c.renew_before, policy_spread = c.spread
	FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bool[])
		AS c (id, base, number, not_after, due_at, spread_to, validity, renew_before, spread, opens)
	WHERE u.id = c.id AND u.revision = c.base AND u.deleted_at IS NULL RETURNING u.id`
	pgAcknowledgeUsers = `UPDATE users u SET revision = u.revision + 1, acknowledged = TRUE
	FROM unnest($1::bigint[], $2::bigint[]) AS c (id, base)
	WHERE u.id = c.id AND u.revision = c.base AND u.deleted_at IS NULL RETURNING u.id`
	pgEndUsers = `UPDATE users u SET revision = u.revision + 1, deleted_at = c.at, sealed_password = NULL,
	pairs_end = (SELECT MAX(g.not_after) FROM generations g WHERE g.user_id = u.id)
	FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS c (id, base, at)
	WHERE u.id = c.id AND u.revision = c.base AND u.deleted_at IS NULL RETURNING u.id`

	pgInsertGenerations = `INSERT INTO generations
	(user_id, number, shard, ca_id, not_before, not_after, created_at, serial, cert, sealed_key)
	SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::bytea[], $10::bytea[])`
	pgInsertRenewals = `INSERT INTO renewals (user_id, generation, replaced, project_id, service_id, old_not_after, created_at, told_at, remind_at)
	SELECT c.user_id, c.generation, c.replaced, c.project_id, c.service_id, g.not_after, c.created_at, c.created_at, c.remind_at
	FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
		AS c (user_id, generation, replaced, project_id, service_id, created_at, remind_at)
	JOIN generations g ON g.user_id = c.user_id AND g.number = c.replaced`
	pgAcknowledgeRenewals = `UPDATE renewals r SET acknowledged_at = c.at, acknowledged_by = c.by, acknowledged_how = c.how
	FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::text[]) AS c (user_id, generation, at, by, how)
	WHERE r.user_id = c.user_id AND r.generation = c.generation`
	pgCloseRenewals = `UPDATE renewals r SET closed_at = c.at, closed_as = c.reason
	FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[]) AS c (user_id, generation, at, reason)
	WHERE r.user_id = c.user_id AND r.generation = c.generation`
	pgRevokeGenerations = `UPDATE generations g SET revoked_at = c.at, sealed_key = NULL
	FROM unnest($1::bigint[], $2::int[], $3::bigint[]) AS c (user_id, number, at)
	WHERE g.user_id = c.user_id AND g.number = c.number RETURNING g.ca_id`
	pgCloseFailures = `UPDATE failures f SET closed_at = c.at
	FROM unnest($1::bigint[], $2::bigint[]) AS c (user_id, at)
	WHERE f.user_id = c.user_id AND f.closed_at IS NULL`

	pgSetDues = `UPDATE users u SET revision = u.revision + 1, renew_at = c.due_at, due_at = c.due_at, spread_to = c.spread_to,
	policy_validity = c.validity, policy_renew_before = c.renew_before, policy_spread = c.spread
	FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
		AS c (id, base, due_at, spread_to, validity, renew_before, spread)
	WHERE u.id = c.id AND u.revision = c.base AND u.deleted_at IS NULL`
	pgInsertAudit = `INSERT INTO audit (project_id, seq, at, actor, action, service, user_name, detail, mac)
	SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[])`

	pgInsertMessages = `INSERT INTO messages (id, project_id, channel_id, created_at, due_at, kind, event, recipient, slot, payload,
	state, attempts, last_error, subject, body, html)
	SELECT c.*, 'due', 0, '', '', '', ''
	FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) AS c
	ON CONFLICT (project_id, kind, channel_id, recipient, slot) WHERE slot <> '' DO NOTHING`
	pgSetReminders = `UPDATE renewals r SET remind_at = c.remind_at, told_at = c.told_at
	FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[]) AS c (user_id, generation, remind_at, told_at)
	WHERE r.user_id = c.user_id AND r.generation = c.generation AND r.acknowledged_at IS NULL AND r.closed_at IS NULL`
)

// postgresBulk runs the bulk statements on the native connection of a transaction.
type postgresBulk struct {
	conn *sql.Conn
	tx   *sql.Tx
}

// send runs the statements of a batch in one round trip.
func (b postgresBulk) send(ctx context.Context, batch *pgx.Batch) error {
	if batch.Len() == 0 {
		return nil
	}
	return b.conn.Raw(func(driver any) error {
		return driver.(*stdlib.Conn).Conn().SendBatch(ctx, batch).Close()
	})
}

func (b postgresBulk) lockService(ctx context.Context, id int64) (alive bool, err error) {
	return b.lock(ctx, pgLockService, id)
}

func (b postgresBulk) lockAuditHead(ctx context.Context, projectID int64) (found bool, err error) {
	return b.lock(ctx, pgLockAuditHead, projectID)
}

func (b postgresBulk) lock(ctx context.Context, text string, id int64) (found bool, err error) {
	err = b.tx.QueryRowContext(ctx, text, id).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// column makes the array of one column.
func column[R, T any](rows []R, value func(R) T) []T {
	list := make([]T, len(rows))
	for i, row := range rows {
		list[i] = value(row)
	}
	return list
}

// moves are the changes of a set by what they do to the row of their user.
type moves struct{ due, acknowledge, end []app.Decided }

func (b postgresBulk) changeUsers(ctx context.Context, changes []app.Decided, applied []bool) error {
	var m moves
	place := make(map[int64]int, len(changes)) // user id → place in applied
	for i, d := range changes {
		place[d.UserID] = i
		switch {
		case d.Change.Delete:
			m.end = append(m.end, d)
		case d.Change.Acknowledge != nil:
			m.acknowledge = append(m.acknowledge, d)
		default:
			m.due = append(m.due, d)
		}
	}
	batch := &pgx.Batch{}
	note := func(rows pgx.Rows) error {
		var id int64
		_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
			applied[place[id]] = true
			return nil
		})
		return err
	}
	m.queue(batch, note)
	if err := b.send(ctx, batch); err != nil {
		return err
	}
	return b.openRenewals(ctx, changes, applied)
}

func (b postgresBulk) openRenewals(ctx context.Context, changes []app.Decided, applied []bool) error {
	var rows []app.Decided
	for i, d := range changes {
		if applied[i] && d.Change.Open != nil {
			rows = append(rows, d)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	batch.Queue(pgInsertRenewals,
		column(rows, func(d app.Decided) int64 { return d.UserID }),
		column(rows, func(d app.Decided) int32 { return int32(d.Change.Open.New) }),
		column(rows, func(d app.Decided) int32 { return int32(d.Change.Open.Replaced) }),
		column(rows, func(d app.Decided) int64 { return d.ProjectID }),
		column(rows, func(d app.Decided) int64 { return d.ServiceID }),
		column(rows, func(d app.Decided) int64 { return d.Change.Open.CreatedAt.UnixMilli() }),
		column(rows, func(d app.Decided) *int64 { return millisOrNil(nullMillis(d.RemindAt)) }),
	).Exec(func(done pgconn.CommandTag) error {
		if int(done.RowsAffected()) != len(rows) {
			return errors.New("a generation that a renewal replaces is not there")
		}
		return nil
	})
	return b.send(ctx, batch)
}

func (m moves) queue(batch *pgx.Batch, note func(pgx.Rows) error) {
	id := func(d app.Decided) int64 { return d.UserID }
	base := func(d app.Decided) int64 { return d.Change.Base }
	if len(m.due) > 0 {
		batch.Queue(pgMoveUsers, column(m.due, id), column(m.due, base),
			column(m.due, func(d app.Decided) *int32 {
				if d.Change.Issue == nil {
					return nil
				}
				return new(int32(d.Change.Issue.Number))
			}),
			column(m.due, func(d app.Decided) *int64 {
				if d.Change.Issue == nil {
					return nil
				}
				return new(d.Change.Issue.NotAfter.UnixMilli())
			}),
			column(m.due, func(d app.Decided) int64 { return d.Change.Due.At.UnixMilli() }),
			column(m.due, func(d app.Decided) *int64 { return millisOrNil(nullMillis(d.Change.Due.SpreadTo)) }),
			column(m.due, func(d app.Decided) int64 { return d.Change.Due.Policy.Validity.Milliseconds() }),
			column(m.due, func(d app.Decided) int64 { return d.Change.Due.Policy.RenewBefore.Milliseconds() }),
			column(m.due, func(d app.Decided) int64 { return d.Change.Due.Policy.Spread.Milliseconds() }),
			column(m.due, func(d app.Decided) bool { return d.Change.Open != nil }),
		).Query(note)
	}
	if len(m.acknowledge) > 0 {
		batch.Queue(pgAcknowledgeUsers, column(m.acknowledge, id), column(m.acknowledge, base)).Query(note)
	}
	if len(m.end) > 0 {
		batch.Queue(pgEndUsers, column(m.end, id), column(m.end, base),
			column(m.end, func(d app.Decided) int64 { return d.Change.At.UnixMilli() })).Query(note)
	}
}

func millisOrNil(ms sql.NullInt64) *int64 {
	if !ms.Valid {
		return nil
	}
	return &ms.Int64
}

func (b postgresBulk) writeRows(ctx context.Context, rows changeRows) (revokedOf []int64, err error) {
	batch := &pgx.Batch{}
	queueRenewals(batch, rows)
	queueIssued(batch, rows.issued)
	if len(rows.settled) > 0 {
		batch.Queue(pgCloseFailures,
			column(rows.settled, func(r settledRow) int64 { return r.userID }),
			column(rows.settled, func(r settledRow) int64 { return r.at.UnixMilli() }))
	}
	if len(rows.revoked) > 0 {
		batch.Queue(pgRevokeGenerations,
			column(rows.revoked, func(r revokedRow) int64 { return r.userID }),
			column(rows.revoked, func(r revokedRow) int32 { return int32(r.generation) }),
			column(rows.revoked, func(r revokedRow) int64 { return r.at.UnixMilli() }),
		).Query(func(got pgx.Rows) (err error) {
			revokedOf, err = pgx.CollectRows(got, pgx.RowTo[int64])
			return err
		})
	}
	if err := b.send(ctx, batch); err != nil {
		return nil, err
	}
	if len(revokedOf) != len(rows.revoked) {
		return nil, fmt.Errorf("%d generations to revoke, %d found", len(rows.revoked), len(revokedOf))
	}
	return revokedOf, nil
}

func queueRenewals(batch *pgx.Batch, rows changeRows) {
	if len(rows.closed) > 0 {
		batch.Queue(pgCloseRenewals,
			column(rows.closed, func(r closedRow) int64 { return r.userID }),
			column(rows.closed, func(r closedRow) int32 { return int32(r.generation) }),
			column(rows.closed, func(r closedRow) int64 { return r.at.UnixMilli() }),
			column(rows.closed, func(r closedRow) string { return string(r.as) }))
	}
	if len(rows.acknowledged) > 0 {
		batch.Queue(pgAcknowledgeRenewals,
			column(rows.acknowledged, func(r acknowledgedRow) int64 { return r.userID }),
			column(rows.acknowledged, func(r acknowledgedRow) int32 { return int32(r.renewal.New) }),
			column(rows.acknowledged, func(r acknowledgedRow) int64 { return r.renewal.AcknowledgedAt.UnixMilli() }),
			column(rows.acknowledged, func(r acknowledgedRow) string { return r.renewal.AcknowledgedBy }),
			column(rows.acknowledged, func(r acknowledgedRow) string { return string(r.renewal.AcknowledgedHow) }))
	}
}

func queueIssued(batch *pgx.Batch, rows []issuedRow) {
	if len(rows) == 0 {
		return
	}
	batch.Queue(pgInsertGenerations,
		column(rows, func(r issuedRow) int64 { return r.userID }),
		column(rows, func(r issuedRow) int32 { return int32(r.issue.Number) }),
		column(rows, func(r issuedRow) int32 { return int32(app.ShardOf(r.userID)) }),
		column(rows, func(r issuedRow) int64 { return r.pair.CAID }),
		column(rows, func(r issuedRow) int64 { return r.issue.NotBefore.UnixMilli() }),
		column(rows, func(r issuedRow) int64 { return r.issue.NotAfter.UnixMilli() }),
		column(rows, func(r issuedRow) int64 { return r.at.UnixMilli() }),
		column(rows, func(r issuedRow) []byte { return r.pair.Serial }),
		column(rows, func(r issuedRow) []byte { return r.pair.Cert }),
		column(rows, func(r issuedRow) []byte { return r.pair.SealedKey }))
}

func (b postgresBulk) setDues(ctx context.Context, dues []app.UserDue) (set int, err error) {
	batch := &pgx.Batch{}
	batch.Queue(pgSetDues,
		column(dues, func(d app.UserDue) int64 { return d.UserID }),
		column(dues, func(d app.UserDue) int64 { return d.Revision }),
		column(dues, func(d app.UserDue) int64 { return d.RenewAt.UnixMilli() }),
		column(dues, func(d app.UserDue) *int64 { return millisOrNil(nullMillis(d.SpreadTo)) }),
		column(dues, func(d app.UserDue) int64 { return d.Policy.Validity.Milliseconds() }),
		column(dues, func(d app.UserDue) int64 { return d.Policy.RenewBefore.Milliseconds() }),
		column(dues, func(d app.UserDue) int64 { return d.Policy.Spread.Milliseconds() }),
	).Exec(func(done pgconn.CommandTag) error {
		set = int(done.RowsAffected())
		return nil
	})
	err = b.send(ctx, batch)
	return set, err
}

func (b postgresBulk) insertAudit(ctx context.Context, entries []app.AuditEntry) error {
	batch := &pgx.Batch{}
	batch.Queue(pgInsertAudit,
		column(entries, func(e app.AuditEntry) int64 { return e.ProjectID }),
		column(entries, func(e app.AuditEntry) int64 { return e.Seq }),
		column(entries, func(e app.AuditEntry) int64 { return e.At.UnixMilli() }),
		column(entries, func(e app.AuditEntry) string { return e.Actor }),
		column(entries, func(e app.AuditEntry) string { return e.Action }),
		column(entries, func(e app.AuditEntry) string { return e.Service }),
		column(entries, func(e app.AuditEntry) string { return e.User }),
		column(entries, func(e app.AuditEntry) string { return e.Detail }),
		column(entries, func(e app.AuditEntry) []byte { return e.MAC }))
	return b.send(ctx, batch)
}

func (b postgresBulk) insertMessages(ctx context.Context, messages []app.Message) error {
	batch := &pgx.Batch{}
	batch.Queue(pgInsertMessages,
		column(messages, func(m app.Message) int64 { return m.ID }),
		column(messages, func(m app.Message) int64 { return m.ProjectID }),
		column(messages, func(m app.Message) int64 { return m.ChannelID }),
		column(messages, func(m app.Message) int64 { return m.CreatedAt.UnixMilli() }),
		column(messages, func(m app.Message) int64 { return m.DueAt.UnixMilli() }),
		column(messages, func(m app.Message) string { return string(m.Kind) }),
		column(messages, func(m app.Message) string { return string(m.Event) }),
		column(messages, func(m app.Message) string { return m.Recipient }),
		column(messages, func(m app.Message) string { return m.Slot }),
		column(messages, func(m app.Message) string { return string(m.Payload) }))
	return b.send(ctx, batch)
}

func (b postgresBulk) setReminders(ctx context.Context, reminders []app.DueReminder) error {
	batch := &pgx.Batch{}
	batch.Queue(pgSetReminders,
		column(reminders, func(r app.DueReminder) int64 { return r.UserID }),
		column(reminders, func(r app.DueReminder) int32 { return int32(r.Generation) }),
		column(reminders, func(r app.DueReminder) *int64 { return millisOrNil(nullMillis(r.RemindAt)) }),
		column(reminders, func(r app.DueReminder) int64 { return r.Told.UnixMilli() }))
	return b.send(ctx, batch)
}
