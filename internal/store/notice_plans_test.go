package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/store/db"
)

// plan is a query and the indexes from which it must read, in words of both databases.
type plan struct {
	name    string
	run     func(ctx context.Context, q *db.Queries) error
	indexes []string
	// alone: SQLite finds all that it reads of the indexes in them.
	alone bool
	// sorts: its order is not an index's, and what it sorts is bounded otherwise.
	sorts bool
}

var noticePlans = []plan{
	{name: "DueMessages", indexes: []string{"messages_due"}, alone: true, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.DueMessages(ctx, db.DueMessagesParams{Now: 1, Limit: 100})
		return err
	}},
	{name: "OldestDue", indexes: []string{"messages_due"}, alone: true, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.OldestDue(ctx)
		return err
	}},
	{name: "Messages", indexes: []string{"messages_newest"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.Messages(ctx, db.MessagesParams{ProjectID: 1, CreatedAt: 1, ID: 1, Limit: 100})
		return err
	}},
	{name: "MessagesInState", indexes: []string{"messages_state"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.MessagesInState(ctx, db.MessagesInStateParams{ProjectID: 1, State: "dead", CreatedAt: 1, ID: 1, Limit: 100})
		return err
	}},
	{name: "CountMessagesOf", indexes: []string{"messages_state"}, alone: true, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.CountMessagesOf(ctx, 1)
		return err
	}},
	{name: "DropMessagesOf", indexes: []string{"messages_state"}, run: func(ctx context.Context, q *db.Queries) error {
		return q.DropMessagesOf(ctx, 1)
	}},
	{name: "DueProjects", indexes: []string{"projects_news", "renewals_remind"}, alone: true, sorts: true, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.DueProjects(ctx, db.DueProjectsParams{Now: 1, Limit: 100})
		return err
	}},
	{name: "DueReminders", indexes: []string{"renewals_remind_project"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.DueReminders(ctx, db.DueRemindersParams{ProjectID: 1, Now: 1, Limit: 100})
		return err
	}},
	{name: "PendingByService", indexes: []string{"services_name", "renewals_pending_service"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.PendingByService(ctx, db.PendingByServiceParams{ProjectID: 1, Now: 1})
		return err
	}},
	{name: "RenewedByService", indexes: []string{"services_name", "renewals_made"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.RenewedByService(ctx, db.RenewedByServiceParams{ProjectID: 1, Since: 1})
		return err
	}},
	{name: "PendingRenewals", indexes: []string{"renewals_pending"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.PendingRenewals(ctx, db.PendingRenewalsParams{ProjectID: 1, Limit: 100})
		return err
	}},
	{name: "PendingRemindersOfProject", indexes: []string{"users_project"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.PendingRemindersOfProject(ctx, db.PendingRemindersOfProjectParams{ProjectID: 1, Limit: 100})
		return err
	}},
	{name: "PendingRemindersOfService", indexes: []string{"users_project"}, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.PendingRemindersOfService(ctx, db.PendingRemindersOfServiceParams{ProjectID: 1, ServiceID: 1, Limit: 100})
		return err
	}},
	{name: "Members", indexes: []string{"members_project"}, sorts: true, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.Members(ctx, db.MembersParams{ProjectID: 1, Limit: 100})
		return err
	}},
	{name: "CountOpenFailures", indexes: []string{"failures_open"}, alone: true, run: func(ctx context.Context, q *db.Queries) error {
		_, err := q.CountOpenFailures(ctx)
		return err
	}},
}

// explainer answers each statement as the connection does and keeps its plan.
type explainer struct {
	*sql.Conn
	explain string
	plan    []string
	err     error
}

func (e *explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	e.keep(ctx, query, args)
	return e.Conn.QueryContext(ctx, query, args...)
}

func (e *explainer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.keep(ctx, query, args)
	return e.Conn.QueryRowContext(ctx, query, args...)
}

func (e *explainer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	e.keep(ctx, query, args)
	return e.Conn.ExecContext(ctx, query, args...)
}

// keep reads the last column of each line, which says what it does on both databases.
func (e *explainer) keep(ctx context.Context, query string, args []any) {
	rows, err := e.Conn.QueryContext(ctx, e.explain+query, args...)
	if err != nil {
		e.err = err
		return
	}
	defer func() { e.err = rows.Close() }()
	columns, err := rows.Columns()
	for err == nil && rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(any)
		}
		if err = rows.Scan(line...); err == nil {
			e.plan = append(e.plan, fmt.Sprint(*line[len(line)-1].(*any)))
		}
	}
	if err != nil {
		e.plan = append(e.plan, err.Error())
	}
}

// TestNoticePlans demands that what ticks, digests and lists ask follows indexes.
// PostgreSQL would read tables this small as a whole: it is told not to.
func TestNoticePlans(t *testing.T) {
	onBoth(t, func(t *testing.T, o store.Options) {
		s := open(t, o)
		conn, err := s.Writer().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		explain := "EXPLAIN QUERY PLAN "
		if s.Dialect() == "postgres" {
			explain = "EXPLAIN "
			for _, setting := range []string{"enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"} {
				if _, err := conn.ExecContext(t.Context(), "SET "+setting+" = off"); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, p := range noticePlans {
			t.Run(p.name, func(t *testing.T) {
				e := &explainer{Conn: conn, explain: explain}
				if err := p.run(t.Context(), db.New(e)); err != nil && err != sql.ErrNoRows {
					t.Fatal(err)
				}
				if e.err != nil {
					t.Fatal(e.err)
				}
				p.check(t, s.Dialect(), e.plan)
			})
		}
	})
}

func (p plan) check(t *testing.T, dialect string, lines []string) {
	text := strings.Join(lines, "\n")
	fail := func(what string) { t.Errorf("%s:\n%s", what, text) }
	for _, index := range p.indexes {
		if !strings.Contains(text+" ", index+" ") && !strings.Contains(text+"\n", index+"\n") {
			fail("does not read " + index)
		}
	}
	if dialect == "postgres" {
		if strings.Contains(text, "Seq Scan") {
			fail("reads a whole table")
		}
		return
	}
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "SCAN") && !strings.Contains(line, "USING COVERING INDEX") && line != "SCAN due":
			fail("reads a whole table")
		case p.alone && strings.Contains(line, "USING INDEX"):
			fail("reads rows besides the index")
		case !p.sorts && strings.Contains(line, "TEMP B-TREE"):
			fail("sorts")
		}
	}
}
