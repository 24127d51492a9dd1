package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

// noticeIndexes is what telling people reads, as indexes has it for the rest.
var noticeIndexes = []indexUse{
	{query: "Members", uses: []string{"members_project"}},
	{query: "DueProjects", uses: []string{"projects_news", "renewals_remind"}, alone: true},
	{query: "DueReminders", uses: []string{"renewals_remind_project"}, sorted: true},
	{query: "PendingRemindersOfProject", uses: []string{"users_project", "renewals_pkey"}, sorted: true},
	{query: "PendingRemindersOfService", uses: []string{"renewals_pending_service"}, sorted: true},
	{query: "UrgentRenewals", uses: []string{"renewals_pending_service"}},
	{query: "PendingByService", uses: []string{"renewals_pending_service"}, alone: true},
	{query: "RenewedByService", uses: []string{"renewals_made"}, alone: true},
	{query: "DueMessages", uses: []string{"messages_due"}, sorted: true},
	{query: "OldestDue", uses: []string{"messages_due"}},
	{query: "Messages", uses: []string{"messages_newest"}, sorted: true},
	{query: "MessagesInState", uses: []string{"messages_state"}, sorted: true},
	{query: "CountMessagesOf", uses: []string{"messages_state"}},
	{query: "DropMessagesOf", uses: []string{"messages_state"}},
	{query: "CountOpenFailures", uses: []string{"failures_open"}},
}

func noticeQueries(ctx context.Context, r reader, at time.Time) []func() error {
	cursor := app.MessageCursor{CreatedAt: at, ID: 7}
	return []func() error{
		func() error { _, err := r.Members(ctx, 5, "", 100); return err },
		func() error { _, err := r.q.DueProjects(ctx, db.DueProjectsParams{Now: 100, Limit: 100}); return err },
		func() error { _, err := r.DueReminders(ctx, 5, at, 100); return err },
		func() error { _, err := r.PendingReminders(ctx, 5, 0, 1000, 100); return err },
		func() error { _, err := r.PendingReminders(ctx, 5, 5, 1000, 100); return err },
		func() error { _, err := r.UrgentRenewals(ctx, 5, at, 100); return err },
		func() error { _, err := r.ServiceSummaries(ctx, 5, at, at); return err },
		func() error { _, err := r.q.DueMessages(ctx, db.DueMessagesParams{Now: 100, Limit: 100}); return err },
		func() error { _, err := r.OldestDue(ctx); return err },
		func() error { _, err := r.Messages(ctx, 5, "", cursor, 100); return err },
		func() error { _, err := r.Messages(ctx, 5, app.MessageDead, cursor, 100); return err },
		func() error { _, err := r.CountMessages(ctx, 5); return err },
		func() error { return r.q.DropMessagesOf(ctx, 5) },
		func() error { _, err := r.q.CountOpenFailures(ctx); return err },
	}
}

// Of 20,000 messages every fiftieth is due and every fiftieth was given up; all
// renewals that await are to be told of, and every tenth project has news.
const (
	fillMessages = `
INSERT INTO messages (id, project_id, channel_id, created_at, due_at, attempts, state, kind, event, recipient, slot, last_error, payload, subject, body, html)
	SELECT n, n % 200 + 1, 0, n * 5, CASE WHEN n % 50 = 0 THEN n * 5 END, CASE WHEN n % 50 = 0 THEN 0 ELSE 1 END,
	CASE n % 50 WHEN 0 THEN 'due' WHEN 1 THEN 'dead' ELSE 'sent' END, 'event', '', 'ann@example.org', '',
	CASE WHEN n % 50 = 1 THEN 'refused' ELSE '' END, '{}', '', '', '' FROM numbers;`
	fillReminders = `;
UPDATE renewals SET remind_at = old_not_after WHERE acknowledged_at IS NULL;
UPDATE projects SET news_at = id WHERE id % 10 = 0`
)
