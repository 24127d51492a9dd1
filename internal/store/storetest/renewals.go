package storetest

import (
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
)

var renewalTests = []test{
	{"renewals that await acknowledgement", func(f *fixture) {
		for i := range 5 {
			f.newUser(fmt.Sprintf("user-%d", i), start.Add(time.Duration(i/2)*day)) // some ends are the same
		}
		at := start.Add(730 * day)
		for i := range 5 {
			f.renew(fmt.Sprintf("user-%d", i), at)
		}
		f.acknowledge("user-1", at.Add(time.Hour))
		f.deleteUser("user-4", at.Add(time.Hour))
		var all []app.PendingRenewal
		for _, limit := range []int{10, 3, 2, 1} {
			all = f.pendingRenewals(limit)
			f.same("pending", len(all), 3)
		}
		u := f.user("user-2")
		f.same("the second", all[1], app.PendingRenewal{
			ServiceID: f.service.ID, UserID: u.ID, Service: "orders", User: "user-2", Generation: 2, Replaced: 1, CreatedAt: at,
			OldNotBefore: u.Facts.Generations[0].NotBefore, OldNotAfter: u.Facts.Generations[0].NotAfter,
			NewNotBefore: u.Facts.Generations[1].NotBefore, NewNotAfter: u.Facts.Generations[1].NotAfter,
		})
		f.expiring(f.service.ID, 3, f.user("user-0").Facts.Generations[0].NotAfter)
		f.expiring(f.newService(f.project.ID, "quiet").ID, 0, time.Time{})
	}},
	{"failures", func(f *fixture) {
		u, v := f.newUser("a", start), f.newUser("b", start) // both are due before at
		at := start.Add(735 * day)
		fail := func(u app.User, at time.Time, reason string) {
			f.write(func(tx app.Tx) error {
				return tx.RecordFailures(f.ctx, []app.Failure{{UserID: u.ID, ProjectID: f.project.ID, At: at, Reason: reason, RetryAt: at.Add(time.Hour)}})
			})
		}
		fail(v, at, "first")
		fail(u, at.Add(time.Minute), "other")
		fail(v, at.Add(2*time.Hour), "second")
		want := []app.Failure{
			{UserID: v.ID, ProjectID: f.project.ID, Service: "orders", User: "b", At: at, Reason: "second", RetryAt: at.Add(3 * time.Hour)},
			{UserID: u.ID, ProjectID: f.project.ID, Service: "orders", User: "a", At: at.Add(time.Minute), Reason: "other", RetryAt: at.Add(time.Minute + time.Hour)},
		}
		f.same("failures", f.failures(10), want)
		f.same("the oldest failure", f.failures(1), want[:1])
		f.same("due is put off", f.user("b").DueAt, at.Add(3*time.Hour))
		f.same("what the policy says stays", f.user("b").Facts, v.Facts)

		f.renew("b", at.Add(4*time.Hour))
		f.same("after the renewal", f.failures(10), want[1:])
		fail(v, at.Add(4*time.Hour), "late") // somebody else renewed it: nothing is wrong
		f.same("after a late failure", f.failures(10), want[1:])
		f.deleteUser("a", at.Add(5*time.Hour))
		f.same("after the user's end", f.failures(10), []app.Failure(nil))
		f.same("no failure of a deleted user", f.inspected(u.ID).OpenFailure, (*app.Failure)(nil))

		w := f.user("b")
		fail(v, w.DueAt.Add(day), "again")
		f.same("opened again", f.failures(10)[0].At, w.DueAt.Add(day))
		f.same("inspected", *f.inspected(v.ID).OpenFailure, f.failures(10)[0])
	}},
}

func (f *fixture) pendingRenewals(limit int) []app.PendingRenewal {
	f.Helper()
	var all []app.PendingRenewal
	for after := (app.RenewalCursor{}); ; {
		var page []app.PendingRenewal
		f.read(func(r app.Reader) (err error) {
			page, err = r.Renewals(f.ctx, f.project.ID, after, limit)
			return err
		})
		if len(page) == 0 {
			return all
		}
		last := page[len(page)-1]
		next := app.RenewalCursor{OldNotAfter: last.OldNotAfter, UserID: last.UserID}
		if len(page) > limit || next.OldNotAfter.Before(after.OldNotAfter) {
			f.Fatalf("a page of %d, limit %d, from %v to %v", len(page), limit, after, next)
		}
		all, after = append(all, page...), next
	}
}

func (f *fixture) expiring(serviceID int64, want int, wantFirst time.Time) {
	f.Helper()
	f.read(func(r app.Reader) error {
		n, err := r.CountExpiring(f.ctx, serviceID)
		f.must(err)
		f.same("expiring", n, app.ExpiringCount{Renewals: want, First: wantFirst})
		return nil
	})
}

func (f *fixture) failures(limit int) []app.Failure {
	f.Helper()
	var open []app.Failure
	f.read(func(r app.Reader) (err error) {
		open, err = r.OpenFailures(f.ctx, f.project.ID, limit)
		return err
	})
	return open
}
