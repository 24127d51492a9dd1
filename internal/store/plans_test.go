package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
	"github.com/segue-project/segue/internal/testenv"
)

// planned runs queries and keeps how the database says that it runs each.
type planned struct {
	db.DBTX
	explain string
	plans   map[string]string // by the query's name
}

var queryName = regexp.MustCompile(`^-- name: (\w+)`)

func (p *planned) note(ctx context.Context, query string, args []any) error {
	rows, err := p.DBTX.QueryContext(ctx, p.explain+" "+query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err says what is wrong
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	var plan strings.Builder
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(sql.NullString)
		}
		if err := rows.Scan(line...); err != nil {
			return err
		}
		fmt.Fprintln(&plan, line[len(line)-1].(*sql.NullString).String)
	}
	p.plans[queryName.FindStringSubmatch(query)[1]] = plan.String()
	return rows.Err()
}

func (p *planned) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := p.note(ctx, query, args); err != nil {
		return nil, err
	}
	return p.DBTX.QueryContext(ctx, query, args...)
}

func (p *planned) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := p.note(ctx, query, args); err != nil {
		panic(err)
	}
	return p.DBTX.QueryRowContext(ctx, query, args...)
}

func (p *planned) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := p.note(ctx, query, args); err != nil {
		return nil, err
	}
	return p.DBTX.ExecContext(ctx, query, args...)
}

type indexUse struct {
	query  string
	uses   []string
	sorted bool // rows come from the index in their order
	alone  bool // no row is read besides: SQLite says so, PostgreSQL decides by what vacuum left
}

// indexes says which indexes each query must use; those that page must not sort
// either. What grows with the users there are is never read as a whole.
var indexes = []indexUse{
	{query: "DueUsers", uses: []string{"users_due"}, sorted: true},
	{query: "DueGenerations", uses: []string{"users_due", "generations_pkey"}},
	{query: "DueRenewals", uses: []string{"users_due", "renewals_pkey"}},
	{query: "DueShards", uses: []string{"users_due", "generations_keys"}},
	{query: "CountDue", uses: []string{"users_due"}},
	{query: "PendingRenewals", uses: []string{"renewals_pending"}, sorted: true},
	{query: "CountExpiring", uses: []string{"renewals_pending_service"}},
	{query: "UserByName", uses: []string{"users_name", "generations_pkey"}},
	{query: "Users", uses: []string{"users_name", "generations_pkey"}, sorted: true},
	{query: "CountUsersOfProject", uses: []string{"users_project"}},
	{query: "CountUsersOfService", uses: []string{"users_(name|list)"}},
	{query: "DuesOfProject", uses: []string{"users_project"}, sorted: true},
	{query: "DuesOfService", uses: []string{"users_project"}, sorted: true},
	{query: "DeletedPairsEnd", uses: []string{"services_every_name", "users_left"}},
	{query: "PairsEnd", uses: []string{"generations_pkey"}},
	{query: "Revoked", uses: []string{"generations_revoked"}},
	{query: "DestroyKeys", uses: []string{"generations_keys"}},
}

func TestQueriesUseTheirIndexes(t *testing.T) {
	for name, test := range map[string]struct {
		o           Options
		explain     string
		settings    string
		fill        string
		wholeTables *regexp.Regexp
		sorts       string
		names       map[string]string // as the plan names what the tables of indexes call otherwise
	}{
		"sqlite": {
			o: Options{Dir: t.TempDir()}, explain: "EXPLAIN QUERY PLAN", fill: fillSQLite, settings: "SELECT 1",
			wholeTables: regexp.MustCompile(`(?m)^SCAN (u|v|users|g|generations|r|renewals|projects|audit|k|e|m|tokens)\b`), sorts: "TEMP B-TREE",
			names: map[string]string{
				"generations_pkey": "sqlite_autoindex_generations_1", "renewals_pkey": "PRIMARY KEY", "audit_pkey": "PRIMARY KEY",
				"message_users_pkey": "PRIMARY KEY",
			},
		},
		"postgres": {
			o: Options{DatabaseURL: testenv.Postgres(t)}, explain: "EXPLAIN", fill: fillPostgres,
			// 20,000 rows are so few that reading them all is often cheapest: ask what it does where there are more.
			settings:    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
			wholeTables: regexp.MustCompile(`Seq Scan on (users|generations|renewals|messages|projects|audit|tokens)\b`), sorts: "Sort Key",
			names: map[string]string{"COVERING INDEX users_list": "users_name"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openFilled(t, test.o, test.fill)
			plans := plansOf(t, s, test.settings, test.explain)
			for _, want := range slices.Concat(indexes, noticeIndexes, listIndexes) {
				plan, ok := plans[want.query]
				if !ok {
					t.Errorf("%s was not run", want.query)
				}
				for _, index := range want.uses {
					if name := test.names[index]; name != "" {
						index = name
					}
					if !regexp.MustCompile(index + `\b`).MatchString(plan) {
						t.Errorf("%s does not use %s:\n%s", want.query, index, plan)
					}
				}
				if want.alone && name == "sqlite" && strings.Contains(plan, "USING INDEX renewals") {
					t.Errorf("%s reads rows besides its indexes:\n%s", want.query, plan)
				}
				if test.wholeTables.MatchString(plan) || want.sorted && strings.Contains(plan, test.sorts) {
					t.Errorf("%s reads a whole table, or sorts:\n%s", want.query, plan)
				}
			}
		})
	}
}

// TestSweepWithoutStatistics asks PostgreSQL before it has counted anything, as in
// the minutes after a burst began: what a page reads must still follow its size.
func TestSweepWithoutStatistics(t *testing.T) {
	s := openFilled(t, Options{DatabaseURL: testenv.Postgres(t)}, strings.TrimSuffix(fillPostgres, "ANALYZE"))
	plans := plansOf(t, s, "SELECT 1", "EXPLAIN")
	if plan := plans["DueRenewals"]; plan == "" || strings.Contains(plan, "renewals_pending") {
		t.Errorf("DueRenewals reads all that await for each user of the page:\n%s", plan)
	}
}

func openFilled(t *testing.T, o Options, fill string) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for statement := range strings.SplitSeq(fill, ";") {
		if _, err := s.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return s
}

// plansOf runs the queries in the middle of the population.
func plansOf(t *testing.T, s *Store, settings, explain string) map[string]string {
	t.Helper()
	ctx := t.Context()
	at := time.UnixMilli(50_000)
	transaction, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = transaction.Rollback() }()
	if _, err := transaction.ExecContext(ctx, settings); err != nil {
		t.Fatal(err)
	}
	p := &planned{DBTX: transaction, explain: explain, plans: map[string]string{}}
	r := reader{q: db.New(p)}
	queries := []func() error{
		func() error {
			_, err := r.duePage(ctx, db.DueUsersParams{Shard: 3, Now: nullMillis(at), DueAt: 40_000, UserID: 7, Limit: 250})
			return err
		},
		func() error { _, err := r.q.DueShards(ctx, db.DueShardsParams{Now: 100, EndedBefore: 100}); return err },
		func() error { _, err := r.q.CountDue(ctx, 100); return err },
		func() error {
			_, err := r.Renewals(ctx, 5, app.RenewalCursor{OldNotAfter: at, UserID: 7}, 100)
			return err
		},
		func() error { _, _, err := r.CountExpiring(ctx, 5); return err },
		func() error { _, err := r.UserByName(ctx, 5, "user-204"); return err },
		func() error { _, err := r.Users(ctx, 5, "user-204", 100); return err },
		func() error { _, err := r.CountUsers(ctx, 5, 0); return err },
		func() error { _, err := r.CountUsers(ctx, 5, 5); return err },
		func() error { _, err := r.DuesToRewrite(ctx, 5, 0, 1000, 500); return err },
		func() error { _, err := r.DuesToRewrite(ctx, 5, 5, 1000, 500); return err },
		func() error {
			_, err := r.DeletedPairsEnd(ctx, 11, "service-11", "user-10", at)
			return ignoreNotFound(err)
		},
		func() error { _, err := r.PairsEnd(ctx, 5, at); return ignoreNotFound(err) },
		func() error { _, err := r.Revoked(ctx, 1, at); return err },
		func() error {
			_, err := r.q.DestroyKeys(ctx, db.DestroyKeysParams{Shard: 3, NotAfter: 20_000, Limit: 250})
			return err
		},
	}
	for i, query := range slices.Concat(queries, noticeQueries(ctx, r, at), listQueries(ctx, r, at)) {
		if err := query(); err != nil {
			t.Fatalf("query %d: %v", i, err)
		}
	}
	return p.plans
}

func ignoreNotFound(err error) error {
	if err != nil && strings.Contains(err.Error(), app.ErrNotFound.Error()) {
		return nil
	}
	return err
}

// A population of 20,000 users in 200 projects of one service each: user n is due
// at n×5 milliseconds, every tenth is deleted, every fourth was renewed, a tenth of these await.
const (
	fillRows = `
INSERT INTO projects (id, name, first_name, tech_emails, created_at) SELECT n, 'project-' || n, 'project-' || n, '[]', 0 FROM numbers WHERE n <= 200;
INSERT INTO services (id, project_id, name, plan, cloud, user_config, tech_emails, repl_addresses, termination_protection, created_at, updated_at)
	SELECT n, n, 'service-' || n, '', '', '{}', '[]', '[]', CAST(0 AS BOOLEAN), 0, 0 FROM numbers WHERE n <= 200;
INSERT INTO users (id, project_id, service_id, revision, shard, generation, not_after, renew_at, due_at, policy_validity, policy_renew_before,
	policy_spread, name, is_primary, created_at, deleted_at, pairs_end)
	SELECT n, n % 200 + 1, n % 200 + 1, 1, n % 16, 1, n * 6, n * 5, n * 5, 1, 1, 1, 'user-' || n, CAST(0 AS BOOLEAN), 0,
	CASE WHEN n % 10 = 0 THEN 1 END, CASE WHEN n % 10 = 0 THEN n * 6 END FROM numbers;
INSERT INTO generations (user_id, number, shard, ca_id, not_before, not_after, created_at, revoked_at, serial, cert, sealed_key)
	SELECT n, 1, n % 16, 1, 0, n * 6, 0, CASE WHEN n % 10 = 0 THEN 1 END, CAST('serial-' || n AS BYTES), CAST('c' AS BYTES),
	CASE WHEN n % 10 <> 0 THEN CAST('k' AS BYTES) END FROM numbers;
INSERT INTO renewals (user_id, generation, replaced, project_id, service_id, old_not_after, created_at, acknowledged_at)
	SELECT n, 1, 0, n % 200 + 1, n % 200 + 1, n * 6, 0, CASE WHEN n % 40 <> 0 THEN 1 END FROM numbers WHERE n % 4 = 0`
	fillAll      = countTo20000 + fillMessages + fillRows + fillReminders + fillLists
	countTo20000 = `CREATE TABLE numbers AS WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c;`
)

// SQLite has no statistics in real stores either; PostgreSQL makes its own.
var (
	fillSQLite   = strings.NewReplacer("AS BYTES", "AS BLOB", "CAST(0 AS BOOLEAN)", "0").Replace(fillAll)
	fillPostgres = strings.ReplaceAll(fillAll, "AS BYTES", "AS BYTEA") + ";ANALYZE"
)
