package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// listIndexes is what the console reads, as indexes has it for the rest. Lists go
// through a service's users once and sort what they show: a page of it.
var listIndexes = []indexUse{
	{query: "FindUsers", uses: []string{"COVERING INDEX users_list", "generations_pkey", "renewals_pkey"}},
	{query: "CountStates", uses: []string{"COVERING INDEX users_list"}},
	{query: "CountUrgentServices", uses: []string{"COVERING INDEX users_list"}},
	{query: "CountServicesPage", uses: []string{"COVERING INDEX users_list"}},
	{query: "TotalServices", uses: []string{"COVERING INDEX users_list"}},
	{query: "CountOverdue", uses: []string{"COVERING INDEX users_list"}},
	{query: "CountDates", uses: []string{"COVERING INDEX users_list"}},
	{query: "ListDates", uses: []string{"COVERING INDEX users_list"}},
	{query: "NewestAudit", uses: []string{"audit_pkey"}, sorted: true},
	{query: "NewestAuditAbout", uses: []string{"audit_about"}, sorted: true},
	{query: "NewestAuditBy", uses: []string{"audit_actor"}, sorted: true},
	{query: "NewestAuditOf", uses: []string{"audit_action"}, sorted: true},
	{query: "MessagesOfUser", uses: []string{"message_users_pkey"}, sorted: true},
	{query: "NewestTried", uses: []string{"messages_tried"}, sorted: true},
	{query: "NextTries", uses: []string{"messages_state"}},
	{query: "NewestError", uses: []string{"messages_state"}, sorted: true},
	{query: "Sessions", uses: []string{"tokens_account"}},
	{query: "SignInAddresses", uses: []string{"tokens_account"}, sorted: true},
}

func listQueries(ctx context.Context, r reader, at time.Time) []func() error {
	audit := func(f app.AuditFilter) func() error {
		return func() error { _, err := r.NewestAudit(ctx, 5, f, 100, 50); return err }
	}
	return []func() error{
		func() error {
			_, err := r.FindUsers(ctx, app.UserQuery{
				ServiceID: 5, Now: at, States: []lifecycle.State{lifecycle.Lapsed}, Search: "2", Sort: app.SortUrgency, Limit: 100,
			})
			return err
		},
		func() error { _, err := r.CountStates(ctx, 5, 5, at); return err },
		func() error { _, err := r.UrgentServices(ctx, 5, at, 200); return err },
		func() error { _, err := r.CountedServices(ctx, 5, "", at, 100); return err },
		func() error { _, err := r.TotalServices(ctx, 5, at); return err },
		func() error { _, err := r.CountOverdue(ctx, 5, at); return err },
		func() error { _, err := r.CountDates(ctx, 5, 0, at, at.Add(time.Hour), at); return err },
		func() error {
			_, err := r.Dates(ctx, 5, 0, at, at.Add(time.Hour), at, app.DateCursor{At: at}, 100)
			return err
		},
		audit(app.AuditFilter{}),
		audit(app.AuditFilter{Service: "service-5", User: "user-204"}),
		audit(app.AuditFilter{Actor: "ann@example.org"}),
		audit(app.AuditFilter{Action: "user.delete"}),
		func() error {
			_, err := r.MessagesOfUser(ctx, 5, app.MessageCursor{CreatedAt: at, ID: 7}, 100)
			return err
		},
		func() error { _, err := r.NewestTried(ctx, 5, 0); return ignoreNotFound(err) },
		func() error { _, err := r.NextTries(ctx, 5); return err },
		func() error { _, err := r.NewestError(ctx, 5, app.MessageDead); return ignoreNotFound(err) },
		func() error { _, err := r.Sessions(ctx, 5, at, at, 100); return err },
		func() error { _, err := r.SignInAddresses(ctx, 5, 50); return err },
	}
}

// Of 20,000 audit entries every hundredth is somebody's; every message but those
// that are due was tried, and names two users.
const fillLists = `;
INSERT INTO audit (project_id, seq, at, actor, action, service, user_name, detail, mac)
	SELECT n % 200 + 1, n, n, CASE WHEN n % 100 = 0 THEN 'ann@example.org' ELSE 'system' END,
	CASE WHEN n % 100 = 0 THEN 'user.delete' ELSE 'renewal.create' END, 'service-' || (n % 200 + 1), 'user-' || n, '{}', CAST('m' AS BYTES) FROM numbers;
INSERT INTO message_users (user_id, created_at, message_id)
	SELECT n, n * 5, n FROM numbers UNION ALL SELECT n % 100, n * 5, n FROM numbers WHERE n >= 100;
INSERT INTO accounts (id, email, real_name, password_hash, administrator, created_at)
	SELECT n, 'user-' || n, '', '', CAST(0 AS BOOLEAN), 0 FROM numbers WHERE n <= 100;
INSERT INTO tokens (id, account_id, hash, prefix, description, created_at, last_used_at, last_ip, last_user_agent, kind)
	SELECT n, n % 100 + 1, CAST('hash-' || n AS BYTES), '', '', n, n, '192.0.2.1', '', 'session' FROM numbers;
DROP TABLE numbers`
