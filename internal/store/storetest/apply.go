package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var applyTests = []test{
	{"a life", testLife},
	{"a change on another revision", func(f *fixture) {
		before := f.newUser("reader", start)
		c, err := lifecycle.Renew(before.Facts, f.terms(), start.Add(700*day))
		f.must(err)
		f.apply(f.decided(before.ID, c))
		after := f.user("reader")
		for _, base := range []int64{0, before.Facts.Revision, after.Facts.Revision + 1} {
			c.Base = base
			f.notApplied(f.decided(before.ID, c))
		}
		f.same("user", f.user("reader"), after)
		f.notApplied(f.decided(id(), c)) // a user that is not there
	}},
	{"a change of a deleted user", func(f *fixture) {
		f.newUser("reader", start)
		u := f.deleteUser("reader", start.Add(time.Hour))
		c, err := lifecycle.Reset(u.Facts, f.terms(), start.Add(2*time.Hour))
		f.must(err)
		c.Base = u.Facts.Revision + 1 // as if somebody had read the deleted user
		f.notApplied(f.decided(u.ID, c))
		f.notApplied(f.decided(u.ID, lifecycle.Delete(u.Facts, start.Add(2*time.Hour))))
	}},
	{"some of many changes", func(f *fixture) {
		var changes []app.Decided
		var want []bool
		for i := range 20 {
			u := f.newUser(fmt.Sprintf("user-%02d", i), start)
			c, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(700*day))
			f.must(err)
			stale := i%3 == 1
			if stale {
				c.Base++
			}
			changes, want = append(changes, f.decided(u.ID, c)), append(want, !stale)
		}
		f.write(func(tx app.Tx) error {
			applied, err := tx.Apply(f.ctx, changes)
			f.same("applied", applied, want)
			return err
		})
		for i, d := range changes {
			n := len(f.user(fmt.Sprintf("user-%02d", i)).Facts.Generations)
			if applied := n == 2; applied != want[i] {
				f.Errorf("user %d has %d generations; its change was applied: %t", d.UserID, n, want[i])
			}
		}
		f.write(func(tx app.Tx) error {
			applied, err := tx.Apply(f.ctx, nil)
			f.same("applied of nothing", len(applied), 0)
			return err
		})
	}},
	{"two changes of one user at once", func(f *fixture) {
		u := f.newUser("reader", start)
		renew, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(700*day))
		f.must(err)
		facts := u.Facts.Apply(renew)
		ack, err := lifecycle.Acknowledge(facts, 2, "ann@example.org", lifecycle.AckByPerson, start.Add(701*day))
		f.must(err)
		f.apply(f.decided(u.ID, renew), f.decided(u.ID, ack))
		f.same("facts", f.user("reader").Facts, facts.Apply(ack))
	}},
	{"an error takes everything back", func(f *fixture) {
		u := f.newUser("reader", start)
		broken := errors.New("broken")
		err := f.store.Write(f.ctx, func(tx app.Tx) error {
			c, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(700*day))
			f.must(err)
			f.must(f.applyIn(tx, f.decided(u.ID, c)))
			f.must(tx.SetPassword(f.ctx, u.ID, []byte("lost")))
			return broken
		})
		f.is(err, broken)
		f.same("user", f.user("reader"), u)
	}},
	{"a panic takes everything back", func(f *fixture) {
		u := f.newUser("reader", start)
		func() {
			defer func() { _ = recover() }()
			_ = f.store.Write(f.ctx, func(tx app.Tx) error {
				f.must(tx.SetPassword(f.ctx, u.ID, []byte("lost")))
				panic("on purpose")
			})
		}()
		f.same("user", f.user("reader"), u)
		f.newUser("writer", start) // the store still writes
	}},
	{"changes that break their own rules", func(f *fixture) {
		u := f.newUser("reader", start)
		c, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(700*day))
		f.must(err)
		without := f.decided(u.ID, c)
		without.Pair = nil
		undue := f.decided(u.ID, c)
		undue.Change.Due = nil
		extra := f.decided(u.ID, lifecycle.Delete(u.Facts, start))
		extra.Pair = &app.NewPair{}
		for _, d := range []app.Decided{without, undue, extra} {
			if err := f.store.Write(f.ctx, func(tx app.Tx) error { _, err := tx.Apply(f.ctx, []app.Decided{d}); return err }); err == nil {
				f.Error("a change that breaks its own rules was applied")
			}
		}
		f.same("user", f.user("reader"), u)
	}},
	{"a serial is used once", func(f *fixture) {
		a, b := f.newUser("a", start), f.newUser("b", start)
		ca, err := lifecycle.Renew(a.Facts, f.terms(), start.Add(700*day))
		f.must(err)
		cb, err := lifecycle.Renew(b.Facts, f.terms(), start.Add(700*day))
		f.must(err)
		first, second := f.decided(a.ID, ca), f.decided(b.ID, cb)
		second.Pair.Serial = first.Pair.Serial
		err = f.store.Write(f.ctx, func(tx app.Tx) error { _, err := tx.Apply(f.ctx, []app.Decided{first, second}); return err })
		f.is(err, app.ErrExists)
		f.same("user", f.user("a"), a)
	}},
	{"a pair without a key", func(f *fixture) {
		u := f.newUser("reader", start)
		c, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(700*day))
		f.must(err)
		d := f.decided(u.ID, c)
		d.Pair.SealedKey = nil
		f.apply(d)
		if f.user("reader").Current.SealedKey != nil {
			f.Error("a pair has a key that never was here")
		}
	}},
}

func (f *fixture) notApplied(d app.Decided) {
	f.Helper()
	f.write(func(tx app.Tx) error {
		applied, err := tx.Apply(f.ctx, []app.Decided{d})
		f.same("applied", applied, []bool{false})
		return err
	})
}

// testLife walks one user through everything and looks at all that is stored.
func testLife(f *fixture) {
	u := f.newUser("reader", start)
	facts := u.Facts
	step := func(c lifecycle.Change, err error) app.Decided {
		f.Helper()
		f.must(err)
		d := f.decided(u.ID, c)
		f.apply(d)
		facts = facts.Apply(c)
		f.same("facts after "+string(c.Action), f.user("reader").Facts, facts)
		return d
	}
	step(lifecycle.Renew(facts, f.terms(), start.Add(725*day)))
	step(lifecycle.Acknowledge(facts, 2, "ann@example.org", lifecycle.AckByPerson, start.Add(726*day)))
	step(lifecycle.Renew(facts, f.terms(), start.Add(1450*day)))
	third := step(lifecycle.Renew(facts, f.terms(), start.Add(2175*day))) // the one before closes
	if got := f.user("reader"); got.DueAt != third.Change.Due.At || got.Policy != third.Change.Due.Policy || !got.SpreadTo.IsZero() {
		f.Errorf("due %v under %v, spread to %v; want what the change says: %+v", got.DueAt, got.Policy, got.SpreadTo, third.Change.Due)
	}

	// A postponement keeps the pair, and records where the date was moved to.
	at := start.Add(2200 * day)
	postpone := lifecycle.Change{Action: lifecycle.ActionPostpone, Base: facts.Revision, At: at,
		Due: &lifecycle.Due{At: at.Add(day), Policy: f.terms().Policy, SpreadTo: at.Add(day)}}
	step(postpone, nil)
	if got := f.user("reader"); got.SpreadTo != at.Add(day) || got.DueAt != at.Add(day) || got.Current.Generation != 4 {
		f.Errorf("after a postponement: spread to %v, due %v, generation %d", got.SpreadTo, got.DueAt, got.Current.Generation)
	}

	// A reset revokes what was, destroys its keys and asks for a new CRL.
	step(lifecycle.Reset(facts, f.terms(), start.Add(2260*day)))
	f.same("CRL revision", f.crlRevision(), f.ca.CRLRevision+1)
	f.read(func(r app.Reader) error {
		for n := 1; n <= 5; n++ {
			pair, err := r.Pair(f.ctx, u.ID, n)
			f.must(err)
			f.same(fmt.Sprintf("key of generation %d is there", n), pair.SealedKey != nil, n == 5)
		}
		revoked, err := r.Revoked(f.ctx, f.ca.ID, start.Add(2260*day))
		f.must(err)
		f.same("revoked pairs that have not ended", len(revoked), 2) // the third and the fourth
		return nil
	})

	c := lifecycle.Delete(facts, start.Add(2400*day))
	f.apply(f.decided(u.ID, c))
	f.same("CRL revision", f.crlRevision(), f.ca.CRLRevision+2)
	got := f.inspected(u.ID)
	f.same("facts after the end", got.Facts, facts.Apply(c))
	if got.SealedPassword != nil {
		f.Error("the password of a deleted user is kept")
	}
	for _, p := range got.Pairs {
		if p.SealedKey != nil || len(p.Cert) == 0 {
			f.Errorf("generation %d of a deleted user: key kept %t, certificate kept %t", p.Generation, p.SealedKey != nil, len(p.Cert) > 0)
		}
	}
}

func (f *fixture) crlRevision() int64 {
	f.Helper()
	var ca app.CA
	f.read(func(r app.Reader) (err error) {
		ca, err = r.CA(f.ctx, f.ca.ID)
		return err
	})
	return ca.CRLRevision
}
