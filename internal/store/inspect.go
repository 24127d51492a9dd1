package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

// InspectUsers reads a page from one snapshot.
func (s *Store) InspectUsers(ctx context.Context, afterID int64, limit int) ([]app.InspectedUser, error) {
	var users []app.InspectedUser
	err := s.read(ctx, func(r reader) (err error) {
		users, err = r.inspectUsers(ctx, afterID, limit)
		return err
	})
	return users, err
}

func (r reader) inspectUsers(ctx context.Context, afterID int64, limit int) ([]app.InspectedUser, error) {
	rows, err := r.q.InspectUsers(ctx, db.InspectUsersParams{After: afterID, Limit: int32(limit)})
	if err != nil || len(rows) == 0 {
		return nil, readError("users", err)
	}
	last := rows[len(rows)-1].User.ID
	generations, err := r.q.InspectGenerations(ctx, db.InspectGenerationsParams{After: afterID, Last: last})
	if err != nil {
		return nil, readError("generations", err)
	}
	renewals, err := r.q.InspectRenewals(ctx, db.InspectRenewalsParams{After: afterID, Last: last})
	if err != nil {
		return nil, readError("renewals", err)
	}
	users := make([]app.InspectedUser, len(rows))
	place := make(map[int64]*app.InspectedUser, len(rows))
	for i, row := range rows {
		users[i] = inspectedUser(row)
		place[row.User.ID] = &users[i]
	}
	for _, g := range generations {
		if u := place[g.UserID]; u != nil {
			inspectPair(u, g)
		}
	}
	for _, row := range renewals {
		if u := place[row.UserID]; u != nil {
			inspectRenewal(u, row)
		}
	}
	return users, nil
}

func inspectedUser(row db.InspectUsersRow) app.InspectedUser {
	u := user(row.User)
	return app.InspectedUser{
		User: u, ServiceName: row.Service, OpenFailure: openFailure(u, row),
		Copies: app.UserCopies{
			Shard: int(row.User.Shard), Generation: int(row.User.Generation), NotAfter: notAfter(row.User),
			OldNotAfter: fromNullMillis(row.User.OldNotAfter), Acknowledged: row.User.Acknowledged,
		},
	}
}

// inspectPair takes pairs in ascending order: the last one is the current.
func inspectPair(u *app.InspectedUser, g db.Generation) {
	u.Current = pair(g)
	u.Pairs = append(u.Pairs, u.Current)
	u.Facts.Generations = append(u.Facts.Generations, generation(g.Number, g.NotBefore, g.NotAfter, u.Current.RevokedAt))
	u.Copies.PairShards = append(u.Copies.PairShards, int(g.Shard))
}

func inspectRenewal(u *app.InspectedUser, row db.Renewal) {
	u.Facts.Renewals = append(u.Facts.Renewals, renewal(row))
	u.Copies.Renewals = append(u.Copies.Renewals, app.RenewalCopy{
		ProjectID: row.ProjectID, ServiceID: row.ServiceID, OldNotAfter: fromMillis(row.OldNotAfter),
	})
	u.Reminders = append(u.Reminders, app.InspectedReminder{
		RemindAt: fromNullMillis(row.RemindAt), Told: fromMillis(row.ToldAt), SnoozedUntil: fromNullMillis(row.SnoozedUntil),
	})
}

// InspectProjects pages by id.
func (s *Store) InspectProjects(ctx context.Context, afterID int64, limit int) ([]app.Project, error) {
	return inspect(ctx, s, "projects", func(q *db.Queries) ([]db.Project, error) {
		return q.InspectProjects(ctx, db.InspectProjectsParams{After: afterID, Limit: int32(limit)})
	}, project)
}

// InspectServices pages by id, deleted services too.
func (s *Store) InspectServices(ctx context.Context, afterID int64, limit int) ([]app.Service, error) {
	return inspect(ctx, s, "services", func(q *db.Queries) ([]db.Service, error) {
		return q.InspectServices(ctx, db.InspectServicesParams{After: afterID, Limit: int32(limit)})
	}, service)
}

// InspectCAs pages by id.
func (s *Store) InspectCAs(ctx context.Context, afterID int64, limit int) ([]app.CA, error) {
	return inspect(ctx, s, "certificate authorities", func(q *db.Queries) ([]db.CA, error) {
		return q.InspectCAs(ctx, db.InspectCAsParams{After: afterID, Limit: int32(limit)})
	}, ca)
}

// InspectBrokerCerts pages by position, the oldest first.
func (s *Store) InspectBrokerCerts(ctx context.Context, offset, limit int) ([]app.BrokerCert, error) {
	return inspect(ctx, s, "broker certificates", func(q *db.Queries) ([]db.BrokerCert, error) {
		return q.InspectBrokerCerts(ctx, db.InspectBrokerCertsParams{Offset: int32(offset), Limit: int32(limit)})
	}, brokerCert)
}

func inspect[R, T any](ctx context.Context, s *Store, what string, query func(*db.Queries) ([]R, error), convert func(R) (T, error)) ([]T, error) {
	var list []T
	err := s.read(ctx, func(r reader) error {
		rows, err := query(r.q)
		if err != nil {
			return readError(what, err)
		}
		list, err = convertAll(rows, convert)
		return err
	})
	return list, err
}

// InspectAccounts pages by id.
func (s *Store) InspectAccounts(ctx context.Context, afterID int64, limit int) ([]app.Account, error) {
	return inspect(ctx, s, "accounts", func(q *db.Queries) ([]db.Account, error) {
		return q.InspectAccounts(ctx, db.InspectAccountsParams{After: afterID, Limit: int32(limit)})
	}, account)
}

// InspectTokens pages by id.
func (s *Store) InspectTokens(ctx context.Context, afterID int64, limit int) ([]app.Token, error) {
	return inspect(ctx, s, "tokens", func(q *db.Queries) ([]db.Token, error) {
		return q.InspectTokens(ctx, db.InspectTokensParams{After: afterID, Limit: int32(limit)})
	}, token)
}

// InspectChannels pages by id.
func (s *Store) InspectChannels(ctx context.Context, afterID int64, limit int) ([]app.Channel, error) {
	return inspect(ctx, s, "channels", func(q *db.Queries) ([]db.Channel, error) {
		return q.InspectChannels(ctx, db.InspectChannelsParams{After: afterID, Limit: int32(limit)})
	}, channel)
}

// InspectMessages pages by id.
func (s *Store) InspectMessages(ctx context.Context, afterID int64, limit int) ([]app.InspectedMessage, error) {
	return inspect(ctx, s, "messages", func(q *db.Queries) ([]db.InspectMessagesRow, error) {
		return q.InspectMessages(ctx, db.InspectMessagesParams{After: afterID, Limit: int32(limit)})
	}, inspectedMessage)
}

func inspectedMessage(row db.InspectMessagesRow) (app.InspectedMessage, error) {
	m, err := message(db.Message{
		ID: row.ID, ProjectID: row.ProjectID, ChannelID: row.ChannelID, CreatedAt: row.CreatedAt, DueAt: row.DueAt,
		Attempts: row.Attempts, State: row.State, Kind: row.Kind, Recipient: row.Recipient,
		LastError: row.LastError, Payload: row.Payload, Subject: row.Subject, Body: row.Body,
	})
	return app.InspectedMessage{Message: m, Recorded: int(row.Recorded), HasChannel: row.Reachable > 0}, err
}

// LastSweep is the newest moment that SweepCommitted noted; zero for none.
func (s *Store) LastSweep(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := s.read(ctx, func(r reader) error {
		ms, err := r.q.LastSweep(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		at = fromMillis(ms)
		return readError("last sweep", err)
	})
	return at, err
}

// SweptShards reads the notes of ShardSwept.
func (s *Store) SweptShards(ctx context.Context) ([app.Shards]time.Time, error) {
	var swept [app.Shards]time.Time
	err := s.read(ctx, func(r reader) error {
		rows, err := r.q.SweptShards(ctx)
		for _, row := range rows {
			var shard int
			if _, err := fmt.Sscanf(row.Name, sweptShard, &shard); err != nil || shard < 0 || shard >= app.Shards {
				return fmt.Errorf("sweeps of shards: %q is no shard's", row.Name)
			}
			swept[shard] = fromMillis(row.Value)
		}
		return readError("sweeps of shards", err)
	})
	return swept, err
}
