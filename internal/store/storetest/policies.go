package storetest

import (
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var policyTests = []test{
	{"due dates to rewrite", testRewriteDues},
	{"policy changes in progress", func(f *fixture) {
		list := func() (left []app.PolicyRewrite) {
			f.read(func(r app.Reader) (err error) {
				left, err = r.PolicyRewrites(f.ctx)
				return err
			})
			return left
		}
		f.same("none", list(), []app.PolicyRewrite(nil))
		first := app.PolicyRewrite{ID: id(), ProjectID: f.project.ID, At: start}
		second := app.PolicyRewrite{ID: id(), Kind: app.RewriteReminders, ProjectID: f.project.ID, ServiceID: f.service.ID, At: start.Add(-time.Hour)}
		f.write(func(tx app.Tx) error {
			f.must(tx.InsertPolicyRewrite(f.ctx, first))
			return tx.InsertPolicyRewrite(f.ctx, second)
		})
		first.Kind = app.RewriteRenewals
		f.same("the oldest first", list(), []app.PolicyRewrite{second, first})
		f.write(func(tx app.Tx) error { return tx.AdvancePolicyRewrite(f.ctx, first.ID, 42, false) })
		first.Cursor = 42
		f.same("advanced", list(), []app.PolicyRewrite{second, first})
		for range 2 { // another process may have finished it
			f.write(func(tx app.Tx) error { return tx.AdvancePolicyRewrite(f.ctx, second.ID, 42, true) })
		}
		f.same("one done", list(), []app.PolicyRewrite{first})
	}},
}

func testRewriteDues(f *fixture) {
	o := override(300*day, 30*day)
	f.write(func(tx app.Tx) error { return tx.SetServicePolicy(f.ctx, f.service.ID, o, start) })
	for i := range 5 {
		f.newUser(fmt.Sprintf("user-%d", i), start)
	}
	f.newUser("user-gone", start)
	f.deleteUser("user-gone", start)
	f.write(func(tx app.Tx) error { // a user whose first pair is not there yet has no due date
		return tx.InsertUser(f.ctx, app.User{ID: id(), ProjectID: f.project.ID, ServiceID: f.service.ID, Name: "user-bare", CreatedAt: start})
	})
	mine := f.service
	f.service = f.newService(f.project.ID, "other")
	f.newUser("elsewhere", start)
	f.service = mine

	f.same("of the project", len(f.duesToRewrite(0, 4)), 6)
	dues := f.duesToRewrite(mine.ID, 2)
	f.same("of the service", len(dues), 5)
	u := f.user("user-0")
	f.same("a due date", dues[0], app.UserDue{
		UserID: u.ID, ServiceID: mine.ID, Service: o, NotAfter: u.Facts.Current().NotAfter, RenewAt: u.Facts.RenewAt,
		Policy: f.terms().Policy, Revision: u.Facts.Revision,
	})

	changed := f.renew("user-1", start.Add(700*day))
	policy := lifecycle.Policy{Validity: 300 * day, RenewBefore: 30 * day, Spread: time.Hour}
	for i := range dues {
		dues[i].Policy, dues[i].RenewAt, dues[i].SpreadTo = policy, start.Add(day), start.Add(day)
	}
	f.write(func(tx app.Tx) error {
		none, err := tx.SetDues(f.ctx, nil)
		f.must(err)
		f.same("due dates set of none", none, 0)
		set, err := tx.SetDues(f.ctx, dues)
		f.same("due dates set where nobody was faster", set, len(dues)-1)
		return err
	})
	got := f.user("user-0")
	if got.Facts.RenewAt != start.Add(day) || got.DueAt != start.Add(day) || got.SpreadTo != start.Add(day) || got.Policy != policy {
		f.Errorf("rewritten user: %+v", got)
	}
	f.same("a user that changed meanwhile", f.user("user-1"), changed)
	f.same("due", f.due(start.Add(day)), []string{"user-0", "user-2", "user-3", "user-4"})

	// What was decided on the old due date is refused.
	c, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(700*day))
	f.must(err)
	f.notApplied(f.decided(u.ID, c))
}

func (f *fixture) duesToRewrite(serviceID int64, limit int) []app.UserDue {
	f.Helper()
	var all []app.UserDue
	for after := int64(0); ; {
		var page []app.UserDue
		f.read(func(r app.Reader) (err error) {
			page, err = r.DuesToRewrite(f.ctx, f.project.ID, serviceID, after, limit)
			return err
		})
		if len(page) == 0 {
			return all
		}
		for _, d := range page {
			if d.UserID <= after {
				f.Fatalf("user %d after %d", d.UserID, after)
			}
			after = d.UserID
		}
		all = append(all, page...)
	}
}
