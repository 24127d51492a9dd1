package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

// noticeIndexes is what telling people reads, as indexes has it for the rest.
var noticeIndexes = []indexUse{
	{"Members", []string{"members_project"}, false},
	{"DueProjects", []string{"projects_news", "renewals_remind"}, false},
	{"DueReminders", []string{"renewals_remind_project"}, true},
	{"PendingRemindersOfProject", []string{"users_project", "renewals_pkey"}, true},
	{"PendingRemindersOfService", []string{"renewals_pending_service"}, true},
	{"PendingByService", []string{"renewals_pending_service"}, false},
	{"RenewedByService", []string{"renewals_made"}, false},
	{"DueMessages", []string{"messages_due"}, true},
	{"OldestDue", []string{"messages_due"}, false},
	{"Messages", []string{"messages_newest"}, true},
	{"MessagesInState", []string{"messages_state"}, true},
	{"CountMessagesOf", []string{"messages_state"}, false},
	{"DropMessagesOf", []string{"messages_state"}, false},
	{"CountOpenFailures", []string{"failures_open"}, false},
}

func noticeQueries(ctx context.Context, r reader, at time.Time) []func() error {
	cursor := app.MessageCursor{CreatedAt: at, ID: 7}
	return []func() error{
		func() error { _, err := r.Members(ctx, 5, "", 100); return err },
		func() error { _, err := r.q.DueProjects(ctx, db.DueProjectsParams{Now: 100, Limit: 100}); return err },
		func() error { _, err := r.DueReminders(ctx, 5, at, 100); return err },
		func() error { _, err := r.PendingReminders(ctx, 5, 0, 1000, 100); return err },
		func() error { _, err := r.PendingReminders(ctx, 5, 5, 1000, 100); return err },
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
	SELECT n, n % 200 + 1, 0, n * 5, CASE WHEN n % 50 = 0 THEN n * 5 END, 0,
	CASE n % 50 WHEN 0 THEN 'due' WHEN 1 THEN 'dead' ELSE 'sent' END, 'event', '', 'ann@example.org', '', '', '{}', '', '', '' FROM numbers;`
	fillReminders = `;
UPDATE renewals SET remind_at = old_not_after WHERE acknowledged_at IS NULL;
UPDATE projects SET news_at = id WHERE id % 10 = 0`
)
