package store_test

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store"
)

// TestRenewalsOfBeforeNotices brings a store of the first migration up to date:
// people hear at once of what awaits them, and of nothing else.
func TestRenewalsOfBeforeNotices(t *testing.T) {
	onBoth(t, func(t *testing.T, o store.Options) {
		makeFirstStore(t, o)
		s := open(t, o)
		created := time.UnixMilli(5000).UTC()
		due, err := s.DueProjects(t.Context(), created, 10)
		if err != nil || len(due) != 1 || due[0] != 1 {
			t.Errorf("due are projects %v, %v; want project 1", due, err)
		}
		err = s.Read(t.Context(), func(r app.Reader) error {
			list, err := r.DueReminders(t.Context(), 1, created, 10)
			if err != nil || len(list) != 1 {
				t.Fatalf("%d reminders, %v; want one", len(list), err)
			}
			if got := list[0]; got.User != "reader" || !got.Told.Equal(created) || !got.RemindAt.Equal(created) || !got.SnoozedUntil.IsZero() {
				t.Errorf("reminder %+v", got)
			}
			rewrites, err := r.PolicyRewrites(t.Context())
			if err != nil || len(rewrites) != 1 || rewrites[0].Kind != app.RewriteRenewals {
				t.Errorf("policy changes %+v, %v", rewrites, err)
			}
			users, err := r.FindUsers(t.Context(), app.UserQuery{
				ServiceID: 2, Now: created, States: []lifecycle.State{lifecycle.Expiring, lifecycle.Acknowledged}, Sort: app.SortUrgency, Limit: 10,
			})
			if err != nil || len(users) != 2 || users[0].Name != "reader" || users[1].Name != "writer" || users[1].Cursor.Standing != 2 {
				t.Errorf("lists show %+v, %v; want reader, which awaits, and writer, which is acknowledged", users, err)
			}
			p, err := r.Project(t.Context(), 1)
			if err != nil || p.Notices != nil || !p.NewsAt.IsZero() || !p.DigestAt.IsZero() {
				t.Errorf("project %+v, %v", p, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var minBinary int
		if err := s.Writer().QueryRowContext(t.Context(), `SELECT value FROM meta WHERE name = 'min_binary'`).Scan(&minBinary); err != nil || minBinary != 5 {
			t.Errorf("the store asks for a binary that knows migration %d, %v; want 5", minBinary, err)
		}
	})
}

// makeFirstStore makes a store as the first migration left it, in which one
// renewal awaits acknowledgement and one does not.
func makeFirstStore(t *testing.T, o store.Options) {
	t.Helper()
	driver, name, dialect, files := "pgx", o.DatabaseURL, goose.DialectPostgres, "migrations/postgres"
	if o.DatabaseURL == "" {
		driver, name, dialect, files = "sqlite", "file:"+o.Dir+"/"+store.SQLiteFile, goose.DialectSQLite3, "migrations/sqlite"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // what it wrote is committed
	provider, err := goose.NewProvider(dialect, db, os.DirFS(files))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	fillFirstStore(t.Context(), t, db)
}

func fillFirstStore(ctx context.Context, t *testing.T, db *sql.DB) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO projects (id, name, first_name, tech_emails, created_at) VALUES (1, 'acme', 'acme', '[]', 0)`,
		`INSERT INTO services (id, project_id, name, plan, cloud, user_config, tech_emails, repl_addresses, termination_protection, created_at, updated_at)
			VALUES (2, 1, 'orders', '', '', '{}', '[]', '[]', FALSE, 0, 0)`,
		`INSERT INTO users (id, project_id, service_id, revision, shard, generation, not_after, renew_at, due_at,
			policy_validity, policy_renew_before, policy_spread, name, is_primary, created_at)
			VALUES (3, 1, 2, 2, 0, 2, 20000, 15000, 15000, 1, 1, 1, 'reader', FALSE, 0), (4, 1, 2, 3, 0, 2, 20000, 15000, 15000, 1, 1, 1, 'writer', FALSE, 0)`,
		`INSERT INTO renewals (user_id, generation, replaced, project_id, service_id, old_not_after, created_at) VALUES (3, 2, 1, 1, 2, 10000, 5000)`,
		`INSERT INTO renewals (user_id, generation, replaced, project_id, service_id, old_not_after, created_at, acknowledged_at, acknowledged_by, acknowledged_how)
			VALUES (4, 2, 1, 1, 2, 10000, 5000, 6000, 'ann@example.org', 'person')`,
		`INSERT INTO policy_rewrites (id, project_id, service_id, done_to, at) VALUES (7, 1, 0, 0, 6000)`,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, userID := range []int64{3, 4} {
		_, err := db.ExecContext(ctx, `INSERT INTO generations (user_id, number, shard, ca_id, not_before, not_after, created_at, serial, cert)
			VALUES ($1, 1, 0, 9, 0, 10000, 0, $2, $2), ($1, 2, 0, 9, 5000, 20000, 5000, $3, $3)`,
			userID, []byte{byte(userID), 1}, []byte{byte(userID), 2})
		if err != nil {
			t.Fatal(err)
		}
	}
}
