package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

// DueShards costs at most two probes of an index per shard.
func (s *Store) DueShards(ctx context.Context, now time.Time) ([]int, error) {
	var shards []int
	err := s.read(ctx, func(r reader) error {
		rows, err := r.q.DueShards(ctx, db.DueShardsParams{
			Now: now.UnixMilli(), EndedBefore: now.Add(-lifecycle.KeyKeptFor).UnixMilli(),
		})
		for _, shard := range rows {
			shards = append(shards, int(shard))
		}
		return readError("shards", err)
	})
	return shards, err
}

// CountDue reads the index of due users and nothing else.
func (s *Store) CountDue(ctx context.Context, now time.Time) (int, error) {
	var n int64
	err := s.read(ctx, func(r reader) (err error) {
		n, err = r.q.CountDue(ctx, now.UnixMilli())
		return readError("due users", err)
	})
	return int(n), err
}

// DuePage reads a page in three queries of one snapshot.
func (s *Store) DuePage(ctx context.Context, shard int, now time.Time, after app.DueCursor, limit int) ([]app.DueUser, error) {
	var users []app.DueUser
	err := s.read(ctx, func(r reader) (err error) {
		users, err = r.duePage(ctx, db.DueUsersParams{
			Shard: int32(shard), Now: sql.NullInt64{Int64: now.UnixMilli(), Valid: true},
			DueAt: after.DueAt.UnixMilli(), UserID: after.UserID, Limit: int32(limit),
		})
		return err
	})
	return users, err
}

func (r reader) duePage(ctx context.Context, page db.DueUsersParams) ([]app.DueUser, error) {
	rows, err := r.q.DueUsers(ctx, page)
	if err != nil || len(rows) == 0 {
		return nil, readError("due users", err)
	}
	generations, err := r.q.DueGenerations(ctx, db.DueGenerationsParams(page))
	if err != nil {
		return nil, readError("generations of due users", err)
	}
	renewals, err := r.q.DueRenewals(ctx, db.DueRenewalsParams(page))
	if err != nil {
		return nil, readError("renewals of due users", err)
	}
	users := make([]app.DueUser, len(rows))
	facts := make(map[int64]*lifecycle.Facts, len(rows))
	for i, row := range rows {
		users[i] = dueUser(row)
		facts[row.ID] = &users[i].Facts
	}
	for _, g := range generations {
		f := facts[g.UserID]
		f.Generations = append(f.Generations, generation(g.Number, g.NotBefore, g.NotAfter, fromNullMillis(g.RevokedAt)))
	}
	for _, r := range renewals {
		if !r.Awaiting {
			continue
		}
		f := facts[r.UserID]
		f.Renewals = append(f.Renewals, lifecycle.Renewal{
			New: int(r.Generation), Replaced: int(r.Replaced), CreatedAt: fromMillis(r.CreatedAt),
		})
	}
	return users, nil
}

func dueUser(row db.DueUsersRow) app.DueUser {
	effective, _ := lifecycle.Effective(
		override(row.ProjectValidity, row.ProjectRenewBefore, row.ProjectSpread),
		override(row.Validity, row.RenewBefore, row.Spread))
	return app.DueUser{
		ProjectID: row.ProjectID, ServiceID: row.ServiceID, DueAt: fromNullMillis(row.DueAt),
		User: row.Name, Service: row.Service, Project: row.Project, Policy: effective,
		Facts: lifecycle.Facts{UserID: row.ID, Revision: row.Revision, RenewAt: fromMillis(row.RenewAt)},
	}
}

// maxClockBehind is how far a sweep's now may lie before the last one that committed.
const maxClockBehind = 5 * time.Minute

// SweepCommitted writes only where now is newer than what is noted, so that the
// pages of one sweep, which share their now, do not wait for each other.
func (t *tx) SweepCommitted(ctx context.Context, now time.Time) error {
	last, err := t.q.LastSweep(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t.writeError("sweep", t.q.InsertLastSweep(ctx, now.UnixMilli()))
	case err != nil:
		return t.writeError("sweep", err)
	case fromMillis(last).Sub(now) > maxClockBehind:
		return app.ErrClockBehind
	case last >= now.UnixMilli():
		return nil
	}
	return t.writeError("sweep", t.q.AdvanceLastSweep(ctx, now.UnixMilli()))
}

func (t *tx) RewindClock(ctx context.Context, now, longestWait time.Time) error {
	if err := t.q.RewindSweeps(ctx, now.UnixMilli()); err != nil {
		return t.writeError("sweep", err)
	}
	if err := t.q.RewindDigests(ctx, now.UnixMilli()); err != nil {
		return t.writeError("digests", err)
	}
	if err := t.q.RewindSlots(ctx, now.UnixMilli()); err != nil {
		return t.writeError("digests", err)
	}
	return t.writeError("messages", t.q.RewindMessages(ctx, db.RewindMessagesParams{Now: now.UnixMilli(), LongestWait: longestWait.UnixMilli()}))
}

// sweptShard is the name under which a shard's last complete sweep is noted.
const sweptShard = "swept:%02d"

func (t *tx) ShardSwept(ctx context.Context, shard int, now time.Time) error {
	return t.writeError("sweep", t.q.NoteShard(ctx, db.NoteShardParams{
		Shard: int32(shard), Name: fmt.Sprintf(sweptShard, shard), Now: now.UnixMilli(),
	}))
}

// DestroyKeys leaves the certificates.
func (t *tx) DestroyKeys(ctx context.Context, shard int, endedBefore time.Time, limit int) (int, error) {
	n, err := t.q.DestroyKeys(ctx, db.DestroyKeysParams{
		Shard: int32(shard), NotAfter: endedBefore.UnixMilli(), Limit: int32(limit),
	})
	return int(n), t.writeError("keys", err)
}
