package storetest

import (
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var csrTests = []test{
	{"a renewal that waits for a request", testWaitingRenewal},
	{"a policy change while a renewal waits", testPolicyWhileWaiting},
	{"holders of a key", testKeyHolders},
	{"a change that contradicts itself about keys", testKeyContradictions},
}

// strict is terms under which each renewal of a key that its client keeps waits.
func (f *fixture) strict() lifecycle.Terms {
	t := f.terms()
	t.Rekey = lifecycle.RekeyRequired
	return t
}

// byCSR gives a user its next generation by a request.
func (f *fixture) byCSR(name string, now time.Time) app.User {
	f.Helper()
	u := f.user(name)
	c, err := lifecycle.RenewByCSR(u.Facts, f.strict(), false, now)
	f.must(err)
	f.apply(f.decided(u.ID, c))
	return f.user(name)
}

// wait makes a user by a request and lets its renewal wait for the next.
func (f *fixture) wait(name string, at time.Time) app.User {
	f.Helper()
	f.newUser(name, start)
	u := f.byCSR(name, start.Add(100*day))
	c, err := lifecycle.Renew(u.Facts, f.strict(), at)
	f.must(err)
	d := f.decided(u.ID, c)
	d.RemindAt = at.Add(14 * day)
	f.apply(d)
	return f.user(name)
}

func testWaitingRenewal(f *fixture) {
	at := start.Add(835 * day) // the first pair ended
	u := f.wait("reader", at)
	end := u.Facts.Current().NotAfter
	waiting, ok := u.Facts.Waiting()
	f.same("waits", ok, true)
	f.same("the renewal", waiting, lifecycle.Renewal{New: 3, Replaced: 2, CreatedAt: at, Waits: true})
	f.same("the current pair", u.Current.Generation, 2)
	f.same("its key", u.Current.SealedKey, []byte(nil))
	f.same("its public key", len(u.Current.PublicKey), 32)
	f.same("when the sweep looks", u.DueAt, time.Time{})
	f.same("due users", f.due(at.Add(3000*day)), []string(nil))
	f.same("pending", f.pendingRenewals(10), []app.PendingRenewal{{
		ServiceID: f.service.ID, UserID: u.ID, Service: "orders", User: "reader", Generation: 3, Replaced: 2, CreatedAt: at,
		OldNotBefore: u.Facts.Generations[1].NotBefore, OldNotAfter: end, Waits: true,
	}})
	f.same("reminders", len(f.dueReminders(at.Add(14*day), 10)), 1)
	f.read(func(r app.Reader) error {
		n, err := r.CountExpiring(f.ctx, f.service.ID)
		f.same("expiring", n, app.ExpiringCount{Renewals: 1, Waiting: 1, First: end})
		return err
	})
	f.same("summaries", f.summaries(start, at), []app.ServiceSummary{{ServiceID: f.service.ID, Service: "orders", Renewed: 1, Requested: 1, Awaiting: 1, FirstEnd: end}})
	f.read(func(r app.Reader) error {
		n, err := r.CountOverdue(f.ctx, f.project.ID, at.Add(3000*day))
		f.same("overdue", n, 0)
		return err
	})
	found := f.foundUsers(app.UserQuery{Now: at, States: allStates, Sort: app.SortUrgency}, 10)
	f.same("listed renewals", found[0].Facts.Renewals, []lifecycle.Renewal{waiting})
	f.same("listed as by request", found[0].ByCSR && !found[0].KeyGone, true)

	later := at.Add(20 * day)
	u = f.byCSR("reader", later)
	f.same("the renewal that was fulfilled", u.Facts.Renewals[1], lifecycle.Renewal{New: 3, Replaced: 2, CreatedAt: later})
	f.same("when the sweep looks", u.DueAt, u.Facts.RenewAt)
	f.same("pending", f.pendingRenewals(10)[0].NewNotAfter, u.Facts.Current().NotAfter)
	f.same("state", u.Facts.State(later), lifecycle.Expiring)
	f.same("state once acknowledged", f.acknowledge("reader", later).Facts.State(later), lifecycle.Acknowledged)
}

func testPolicyWhileWaiting(f *fixture) {
	at := start.Add(835 * day)
	u := f.wait("reader", at)
	rewrite := func(rekey lifecycle.Rekey) app.User {
		dues := f.duesToRewrite(f.service.ID, 10)
		f.same("due dates", len(dues), 1)
		f.same("waits", dues[0].Waits, true)
		dues[0].Rekey = rekey
		f.write(func(tx app.Tx) error {
			set, err := tx.SetDues(f.ctx, dues)
			f.same("set", set, 1)
			return err
		})
		return f.user("reader")
	}
	f.same("while it must wait", rewrite(lifecycle.RekeyRequired).DueAt, time.Time{})
	f.same("once it need not", rewrite(lifecycle.RekeyAllowed).DueAt, u.Facts.RenewAt)
	f.same("due users", f.due(at), []string{"reader"})
	page, err := f.store.DuePage(f.ctx, app.ShardOf(u.ID), at, app.DueCursor{}, 10)
	f.must(err)
	f.same("the certificate whose key is certified again", page[0].CSRCert, u.Current.Cert)
	u = f.renew("reader", at)
	f.same("the pair", u.Facts.Current().ByCSR, true)
	f.same("renewals", len(u.Facts.Renewals), 2)

	f.write(func(tx app.Tx) error {
		f.must(tx.SetProjectPolicy(f.ctx, f.project.ID, lifecycle.Override{Rekey: new(lifecycle.RekeyRequired)}))
		return tx.SetServicePolicy(f.ctx, f.service.ID, lifecycle.Override{Rekey: new(lifecycle.RekeyAllowed)}, at)
	})
	f.same("the project's", *f.readProject().Override.Rekey, lifecycle.RekeyRequired)
	f.same("the service's", *f.serviceByName("orders").Override.Rekey, lifecycle.RekeyAllowed)
	page, err = f.store.DuePage(f.ctx, app.ShardOf(u.ID), u.DueAt, app.DueCursor{}, 10)
	f.must(err)
	f.same("in force", page[0].Rekey, lifecycle.RekeyAllowed)
}

func testKeyHolders(f *fixture) {
	u := f.wait("reader", start.Add(835*day))
	key := u.Current.PublicKey
	holders := func(projectID int64) (list []app.KeyHolder) {
		f.read(func(r app.Reader) (err error) {
			list, err = r.KeyHolders(f.ctx, projectID, key, 10)
			return err
		})
		return list
	}
	want := []app.KeyHolder{{UserID: u.ID, Generation: 2}}
	f.same("holders", holders(f.project.ID), want)
	f.same("holders elsewhere", holders(f.newProject("other").ID), []app.KeyHolder(nil))
	gone := start.Add(840 * day)
	f.deleteUser("reader", gone)
	want[0].RevokedAt = gone
	f.same("holders after the user's end", holders(f.project.ID), want)
}

func testKeyContradictions(f *fixture) {
	f.newUser("reader", start)
	u := f.byCSR("reader", start.Add(100*day))
	at := start.Add(835 * day)
	c, err := lifecycle.RenewByCSR(u.Facts, f.terms(), true, at)
	f.must(err)
	refused := func(what string, d app.Decided) {
		f.Helper()
		err := f.store.Write(f.ctx, func(tx app.Tx) error { return f.applyIn(tx, d) })
		f.same(what+" was refused", err != nil, true)
		f.same("revision after "+what, f.user("reader").Facts.Revision, u.Facts.Revision)
	}
	d := f.decided(u.ID, c)
	d.Pair.SealedKey = randomBytes(170)
	refused("a key that should not be here", d)
	d = f.decided(u.ID, c)
	d.Pair.PublicKey = nil
	refused("no public key", d)
	d = f.decided(u.ID, c)
	d.Change.Fulfil, d.Change.Open = &lifecycle.Renewal{New: 3, Replaced: 2}, nil
	refused("fulfilling what does not wait", d)
	d.Change.Issue, d.Change.Due, d.Change.Fulfil, d.Pair = nil, nil, nil, nil
	d.Change.Await, d.Change.Open = true, &lifecycle.Renewal{New: 3, Replaced: 2}
	refused("awaiting with a renewal that does not wait", d)
}
