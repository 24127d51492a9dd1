package store

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) Message(ctx context.Context, id int64) (app.Message, error) {
	row, err := r.q.Message(ctx, id)
	if err != nil {
		return app.Message{}, readError("message", err)
	}
	return message(row)
}

func (r reader) Messages(ctx context.Context, projectID int64, state app.MessageState, before app.MessageCursor, limit int) ([]app.Message, error) {
	page := db.MessagesParams{ProjectID: projectID, CreatedAt: before.CreatedAt.UnixMilli(), ID: before.ID, Limit: int32(limit)}
	if before == (app.MessageCursor{}) {
		page.CreatedAt = math.MaxInt64
	}
	var rows []db.Message
	var err error
	if state == "" {
		rows, err = r.q.Messages(ctx, page)
	} else {
		rows, err = r.q.MessagesInState(ctx, db.MessagesInStateParams{
			ProjectID: projectID, State: string(state), CreatedAt: page.CreatedAt, ID: page.ID, Limit: page.Limit,
		})
	}
	if err != nil {
		return nil, readError("messages", err)
	}
	return convertAll(rows, message)
}

func message(m db.Message) (app.Message, error) {
	var payload []byte
	if m.Payload != "" {
		payload = []byte(m.Payload)
	}
	return app.Message{
		ID: m.ID, ProjectID: m.ProjectID, Kind: app.MessageKind(m.Kind), Event: app.EventType(m.Event),
		ChannelID: m.ChannelID, Recipient: m.Recipient, Slot: m.Slot, Payload: payload,
		CreatedAt: fromMillis(m.CreatedAt), DueAt: fromNullMillis(m.DueAt),
		State: app.MessageState(m.State), Attempts: int(m.Attempts), LastError: m.LastError, SentAt: fromNullMillis(m.SentAt),
		Subject: m.Subject, Body: m.Body, HTML: m.Html,
	}, nil
}

func (r reader) Attempts(ctx context.Context, messageID int64) ([]app.Attempt, error) {
	rows, err := r.q.Attempts(ctx, messageID)
	if err != nil {
		return nil, readError("attempts", err)
	}
	return convertAll(rows, func(a db.Attempt) (app.Attempt, error) {
		return app.Attempt{
			MessageID: a.MessageID, Number: int(a.Number), StartedAt: fromMillis(a.StartedAt), EndedAt: fromMillis(a.EndedAt),
			Outcome: app.MessageState(a.Outcome), Error: a.Error,
		}, nil
	})
}

func (r reader) MessagesOfUser(ctx context.Context, userID int64, before app.MessageCursor, limit int) ([]app.Message, error) {
	at := before.CreatedAt.UnixMilli()
	if before == (app.MessageCursor{}) {
		at = math.MaxInt64
	}
	rows, err := r.q.MessagesOfUser(ctx, db.MessagesOfUserParams{UserID: userID, CreatedAt: at, ID: before.ID, Limit: int32(limit)})
	if err != nil {
		return nil, readError("messages", err)
	}
	return convertAll(rows, message)
}

func (r reader) NewestTried(ctx context.Context, projectID, channelID int64) (app.Tried, error) {
	row, err := r.q.NewestTried(ctx, db.NewestTriedParams{ProjectID: projectID, ChannelID: channelID})
	if err != nil {
		return app.Tried{}, readError("newest message", err)
	}
	return app.Tried{State: app.MessageState(row.State), Error: row.LastError, At: fromMillis(row.TriedAt)}, nil
}

func (r reader) NewestError(ctx context.Context, projectID int64, state app.MessageState) (app.Tried, error) {
	row, err := r.q.NewestError(ctx, db.NewestErrorParams{ProjectID: projectID, State: string(state)})
	if err != nil {
		return app.Tried{}, readError("newest message", err)
	}
	return app.Tried{State: state, Error: row.LastError, At: fromMillis(row.TriedAt)}, nil
}

func (r reader) NextTries(ctx context.Context, projectID int64) (map[int64]time.Time, error) {
	rows, err := r.q.NextTries(ctx, projectID)
	next := make(map[int64]time.Time, len(rows))
	for _, row := range rows {
		next[row.ChannelID] = fromMillis(row.DueAt)
	}
	return next, readError("messages", err)
}

func (r reader) HasNewerDigest(ctx context.Context, m app.Message) (bool, error) {
	n, err := r.q.HasNewerDigest(ctx, db.HasNewerDigestParams{
		ProjectID: m.ProjectID, Recipient: m.Recipient, CreatedAt: m.CreatedAt.UnixMilli(),
	})
	return n > 0, readError("newer digests", err)
}

// CountMessages leaves out states that no message is in.
func (r reader) CountMessages(ctx context.Context, projectID int64) (map[app.MessageState]int, error) {
	var rows []db.CountMessagesRow
	var err error
	if projectID == 0 {
		rows, err = r.q.CountMessages(ctx)
	} else {
		var ofProject []db.CountMessagesOfRow
		ofProject, err = r.q.CountMessagesOf(ctx, projectID)
		for _, row := range ofProject {
			rows = append(rows, db.CountMessagesRow(row))
		}
	}
	counts := make(map[app.MessageState]int, len(rows))
	for _, row := range rows {
		counts[app.MessageState(row.State)] = int(row.N)
	}
	return counts, readError("messages", err)
}

func (r reader) OldestDue(ctx context.Context) (time.Time, error) {
	row, err := r.q.OldestDue(ctx)
	if err != nil || row.N == 0 {
		return time.Time{}, readError("messages", err)
	}
	return fromMillis(row.Oldest), nil
}

// DueMessages reads an index of what is due and nothing else.
func (s *Store) DueMessages(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	var ids []int64
	err := s.read(ctx, func(r reader) (err error) {
		ids, err = r.q.DueMessages(ctx, db.DueMessagesParams{Now: now.UnixMilli(), Limit: int32(limit)})
		return readError("due messages", err)
	})
	return ids, err
}

// InsertMessages takes new messages alone: due, without an attempt.
func (t *tx) InsertMessages(ctx context.Context, messages []app.Message) error {
	for _, m := range messages {
		if m.State != "" && m.State != app.MessageDue {
			return fmt.Errorf("insert a message in state %q: a new message is due", m.State)
		}
	}
	if len(messages) == 0 {
		return nil
	}
	return t.writeError("messages", t.bulk.insertMessages(ctx, messages))
}

// ClaimMessage moves the due date in one statement, which only one of several
// finds in the past. An attempt that ends without a record leaves the message
// due at until.
func (t *tx) ClaimMessage(ctx context.Context, id int64, now, until time.Time) (app.Message, error) {
	row, err := t.q.ClaimMessage(ctx, db.ClaimMessageParams{ID: id, Now: now.UnixMilli(), Until: until.UnixMilli()})
	if err != nil {
		return app.Message{}, readError("due message", err)
	}
	return message(row)
}

func (t *tx) TakeIn(ctx context.Context, m app.Message, now time.Time) ([][]byte, error) {
	rows, err := t.q.TakeIn(ctx, db.TakeInParams{
		ProjectID: m.ProjectID, Kind: string(m.Kind), ChannelID: m.ChannelID, Recipient: m.Recipient, ID: m.ID, Now: now.UnixMilli(),
	})
	payloads := make([][]byte, len(rows))
	for i, payload := range rows {
		payloads[i] = []byte(payload)
	}
	return payloads, t.writeError("messages", err)
}

func (t *tx) SetPayload(ctx context.Context, id int64, payload []byte) error {
	n, err := t.q.SetPayload(ctx, db.SetPayloadParams{ID: id, Payload: string(payload)})
	return t.changedOne("due message", n, err)
}

// RecordAttempt fails with ErrExists where another attempt took the number:
// this one's claim ran out. The message is saved while it is due; afterwards, as
// when its channel went meanwhile, only that it was delivered is news.
func (t *tx) RecordAttempt(ctx context.Context, a app.Attempt, m app.Message) error {
	err := t.q.InsertAttempt(ctx, db.InsertAttemptParams{
		MessageID: a.MessageID, Number: int32(a.Number), StartedAt: a.StartedAt.UnixMilli(), EndedAt: a.EndedAt.UnixMilli(),
		Outcome: string(a.Outcome), Error: printable(a.Error),
	})
	if err != nil {
		return t.writeError("attempt", err)
	}
	due := m.DueAt
	if m.State != app.MessageDue {
		due = time.Time{}
	}
	return t.writeError("message", t.q.SaveMessage(ctx, db.SaveMessageParams{
		ID: a.MessageID, State: string(m.State), DueAt: nullMillis(due), Attempts: int32(m.Attempts),
		LastError: printable(m.LastError), SentAt: nullMillis(m.SentAt), Subject: m.Subject, Body: m.Body, Html: m.HTML,
	}))
}

func (t *tx) NameUsers(ctx context.Context, m app.Message, userIDs []int64) error {
	for _, id := range userIDs {
		err := t.q.InsertMessageUser(ctx, db.InsertMessageUserParams{UserID: id, CreatedAt: m.CreatedAt.UnixMilli(), MessageID: m.ID})
		if err != nil {
			return t.writeError("users of a message", err)
		}
	}
	return nil
}

func (t *tx) RetryMessage(ctx context.Context, id int64, now time.Time) error {
	n, err := t.q.RetryMessage(ctx, db.RetryMessageParams{ID: id, Now: nullMillis(now)})
	return t.changedOne("message that was given up", n, err)
}
