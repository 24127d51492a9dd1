package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var sweepTests = []test{
	{"due users", testDueUsers},
	{"what the sweep needs of a user", testDueFacts},
	{"keys past their time", testDestroyKeys},
	{"a clock behind", func(f *fixture) {
		commit := func(now time.Time) error {
			return f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SweepCommitted(f.ctx, now) })
		}
		last := func() time.Time {
			at, err := f.store.LastSweep(f.ctx)
			f.must(err)
			return at
		}
		f.same("before the first sweep", last(), time.Time{})
		f.must(commit(start))
		f.must(commit(start.Add(time.Hour)))
		f.must(commit(start.Add(55 * time.Minute)))
		f.same("last sweep", last(), start.Add(time.Hour))
		f.is(commit(start.Add(55*time.Minute-time.Millisecond)), app.ErrClockBehind)
		f.same("last sweep", last(), start.Add(time.Hour))
	}},
	{"shards with nothing due", testShardSwept},
	{"a clock that was ahead", testRewindClock},
}

// testRewindClock notes sweeps, a digest and an attempt ahead of the right time, and others behind it.
func testRewindClock(f *fixture) {
	u := f.newUser("ada", start)
	ahead := start.Add(365 * day)
	due, waits := f.newMessage("ann@example.org", start), f.newMessage("bob@example.org", start)
	due.DueAt, waits.DueAt = ahead, start.Add(time.Hour)
	late := f.newMessage("cid@example.org", ahead)
	late.Kind, late.Slot = app.MessageDigest, "2027-01-01"
	f.insertMessages(due, waits, late)
	f.must(f.store.Write(f.ctx, func(tx app.Tx) error {
		return errors.Join(tx.ShardSwept(f.ctx, app.ShardOf(u.ID), start.Add(-time.Hour)), tx.SweepCommitted(f.ctx, ahead),
			tx.ShardSwept(f.ctx, (app.ShardOf(u.ID)+1)%app.Shards, ahead), tx.NoteNews(f.ctx, f.project.ID, ahead))
	}))
	f.must(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.RewindClock(f.ctx, start, start.Add(9*time.Hour)) }))

	last, err := f.store.LastSweep(f.ctx)
	f.must(err)
	f.same("last sweep", last, start)
	swept, err := f.store.SweptShards(f.ctx)
	f.must(err)
	f.same("a shard swept before", swept[app.ShardOf(u.ID)], start.Add(-time.Hour))
	f.same("a shard swept ahead", swept[(app.ShardOf(u.ID)+1)%app.Shards], start)
	f.same("the attempt that was put off for a year", f.message(due.ID).DueAt, start)
	f.same("the attempt that was put off for an hour", f.message(waits.ID).DueAt, start.Add(time.Hour))
	f.same("news", f.readProject().NewsAt, start)
	today := late
	today.ID, today.CreatedAt = late.ID+1, start
	f.insertMessages(today)
	f.same("the digest of that day", f.message(today.ID).Slot, late.Slot)
	f.must(f.store.Read(f.ctx, func(r app.Reader) error {
		newer, err := r.HasNewerDigest(f.ctx, today)
		f.same("a newer digest", newer, false)
		return err
	}))

	f.must(f.store.Write(f.ctx, func(tx app.Tx) error {
		return errors.Join(tx.NoteDigest(f.ctx, f.project.ID, ahead), tx.RewindClock(f.ctx, start, start.Add(9*time.Hour)))
	}))
	f.same("digest", f.readProject().DigestAt, time.Time{})
	f.must(f.store.Write(f.ctx, func(tx app.Tx) error {
		return errors.Join(tx.NoteDigest(f.ctx, f.project.ID, start.Add(-time.Hour)), tx.RewindClock(f.ctx, start, start.Add(9*time.Hour)))
	}))
	f.same("digest", f.readProject().DigestAt, start.Add(-time.Hour))
}

func (f *fixture) readProject() (p app.Project) {
	f.must(f.store.Read(f.ctx, func(r app.Reader) (err error) {
		p, err = r.Project(f.ctx, f.project.ID)
		return err
	}))
	return p
}

// testShardSwept demands that a shard is noted where nothing is due in it, and only forwards.
func testShardSwept(f *fixture) {
	u := f.newUser("ada", start)
	shard, due := app.ShardOf(u.ID), f.user("ada").DueAt
	swept := func(now time.Time) [app.Shards]time.Time {
		f.must(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.ShardSwept(f.ctx, shard, now) }))
		at, err := f.store.SweptShards(f.ctx)
		f.must(err)
		return at
	}
	var want [app.Shards]time.Time
	f.same("while the user is due", swept(due), want)
	want[shard] = due.Add(-time.Millisecond)
	f.same("before the user is due", swept(want[shard]), want)
	f.same("an earlier sweep that ended later", swept(want[shard].Add(-time.Hour)), want)
}

// due is the names of the users due at now, by shards and pages of two, each in its order.
func (f *fixture) due(now time.Time) []string {
	f.Helper()
	var names []string
	for shard := range app.Shards {
		for after := (app.DueCursor{}); ; {
			page, err := f.store.DuePage(f.ctx, shard, now, after, 2)
			f.must(err)
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				next := app.DueCursor{DueAt: u.DueAt, UserID: u.Facts.UserID}
				if app.ShardOf(u.Facts.UserID) != shard || next.DueAt.Before(after.DueAt) || next.DueAt.After(now) || next == after {
					f.Fatalf("user %d, due %v, in shard %d after %v", u.Facts.UserID, u.DueAt, shard, after)
				}
				names, after = append(names, u.User), next
			}
		}
	}
	slices.Sort(names)
	return names
}

func testDueUsers(f *fixture) {
	var want []string
	for i := range 60 {
		inShard := int64(i%app.Shards)<<59 | id()
		want = append(want, f.newUserOf(inShard, fmt.Sprintf("user-%02d", i), f.terms(), start).Name)
	}
	f.newUser("user-gone", start)
	f.deleteUser("user-gone", start)
	first := f.terms().Policy.RenewAt(f.user(want[0]).ID, f.user(want[0]).Facts.Current().NotAfter)
	for _, name := range want {
		if u := f.user(name); u.DueAt.Before(first) {
			first = u.DueAt
		}
	}
	all := start.Add(735 * day)
	f.same("before the first", f.due(first.Add(-time.Millisecond)), []string(nil))
	f.same("at the moment of the first", len(f.due(first)), 1)
	f.same("when all are due", f.due(all), want)
	shards, err := f.store.DueShards(f.ctx, all)
	f.must(err)
	f.same("shards with users due", len(shards), app.Shards)
	shards, err = f.store.DueShards(f.ctx, first)
	f.must(err)
	f.same("shards with one user due", len(shards), 1)
	n, err := f.store.CountDue(f.ctx, all)
	f.must(err)
	f.same("users due", n, len(want))
	n, err = f.store.CountDue(f.ctx, first)
	f.must(err)
	f.same("users due", n, 1)

	for _, name := range want[:20] {
		f.renew(name, all)
	}
	f.same("after some renewals", f.due(all), want[20:])
}

func testDueFacts(f *fixture) {
	project := override(200*day, 20*day)
	service := lifecycle.Override{RenewBefore: new(10 * day), Spread: new(time.Duration(0))}
	f.write(func(tx app.Tx) error {
		f.must(tx.SetProjectPolicy(f.ctx, f.project.ID, project))
		return tx.SetServicePolicy(f.ctx, f.service.ID, service, start)
	})
	policy, _ := lifecycle.Effective(project, service)
	u := f.newUserWith("reader", lifecycle.Terms{Policy: policy, CAEnd: f.ca.NotAfter}, start)
	f.renew("reader", start.Add(50*day)) // all three of these pairs are live at once
	f.acknowledge("reader", start.Add(51*day))
	f.renew("reader", start.Add(100*day))
	u = f.user("reader")

	find := func(now time.Time) app.DueUser {
		f.Helper()
		page, err := f.store.DuePage(f.ctx, app.ShardOf(u.ID), now, app.DueCursor{}, 10)
		f.must(err)
		if len(page) != 1 {
			f.Fatalf("%d users are due, want 1", len(page))
		}
		return page[0]
	}
	want := app.DueUser{
		ProjectID: f.project.ID, ServiceID: f.service.ID, DueAt: u.DueAt, User: "reader", Service: "orders", Project: "acme", Policy: policy,
		Facts: lifecycle.Facts{UserID: u.ID, Revision: u.Facts.Revision, RenewAt: u.Facts.RenewAt},
	}
	want.Facts.Renewals = u.Facts.Renewals[1:] // the first one was acknowledged
	want.Facts.Generations = u.Facts.Generations[1:]
	f.same("with the first pair ended", find(u.DueAt), want)

	want.Facts.Generations = u.Facts.Generations[2:]
	f.same("with the current pair alone", find(u.Facts.Generations[1].NotAfter.Add(time.Millisecond)), want)
	f.same("with no pair live", find(u.Facts.Generations[2].NotAfter.Add(day)), want)
}

func testDestroyKeys(f *fixture) {
	f.newUser("reader", start)
	u := f.renew("reader", start.Add(725*day))
	ended := u.Facts.Generations[0].NotAfter
	shard := app.ShardOf(u.ID)
	destroy := func(endedBefore time.Time, limit int) (n int) {
		f.write(func(tx app.Tx) (err error) {
			n, err = tx.DestroyKeys(f.ctx, shard, endedBefore, limit)
			return err
		})
		return n
	}
	due := func(now time.Time) []int {
		shards, err := f.store.DueShards(f.ctx, now)
		f.must(err)
		return shards
	}
	f.same("at the end of a pair", destroy(ended, 10), 0)
	f.same("shards when the key's time is over to the millisecond", due(ended.Add(lifecycle.KeyKeptFor)), []int(nil))
	f.same("shards after it", due(ended.Add(lifecycle.KeyKeptFor+time.Millisecond)), []int{shard})
	f.same("with no room", destroy(ended.Add(time.Millisecond), 0), 0)
	f.same("after the end", destroy(ended.Add(time.Millisecond), 10), 1)
	f.same("once more", destroy(ended.Add(time.Millisecond), 10), 0)
	f.same("shards when it is done", due(ended.Add(lifecycle.KeyKeptFor+time.Millisecond)), []int(nil))
	f.read(func(r app.Reader) error {
		first, err := r.Pair(f.ctx, u.ID, 1)
		f.must(err)
		if first.SealedKey != nil || first.Cert == nil || !first.RevokedAt.IsZero() {
			f.Errorf("the ended pair: key %t, certificate %t, revoked %v", first.SealedKey != nil, first.Cert != nil, first.RevokedAt)
		}
		second, err := r.Pair(f.ctx, u.ID, 2)
		f.must(err)
		f.same("the current pair", second, u.Current)
		return nil
	})
}
