package storetest

import (
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var inspectTests = []test{
	{"inspected users", func(f *fixture) {
		for i := range 4 {
			f.newUser(fmt.Sprintf("user-%d", i), start)
		}
		f.renew("user-2", start.Add(725*day))
		f.acknowledge("user-2", start.Add(726*day))
		u := f.renew("user-2", start.Add(1450*day))
		gone := f.deleteUser("user-1", start.Add(time.Hour))
		for _, limit := range []int{1, 3, 4, 5} {
			var all []app.InspectedUser
			for after := int64(0); ; after = all[len(all)-1].ID {
				page, err := f.store.InspectUsers(f.ctx, after, limit)
				f.must(err)
				if len(page) == 0 {
					break
				}
				all = append(all, page...)
			}
			f.same("users", len(all), 4)
			f.same("name", all[2].Name, "user-2")
			f.same("user", all[2].User, u)
			f.same("pairs", len(all[2].Pairs), 3)
			f.same("service", all[2].ServiceName, "orders")
			f.same("failure", all[2].OpenFailure, (*app.Failure)(nil))
			f.same("facts of a deleted user", all[1].Facts, gone.Facts.Apply(lifecycle.Delete(gone.Facts, start.Add(time.Hour))))
			shard := app.ShardOf(u.ID)
			repeat := func(n int) app.RenewalCopy {
				return app.RenewalCopy{ProjectID: f.project.ID, ServiceID: f.service.ID, OldNotAfter: u.Facts.Generations[n].NotAfter}
			}
			f.same("copies", all[2].Copies, app.UserCopies{
				Shard: shard, Generation: 3, NotAfter: u.Current.NotAfter, OldNotAfter: u.Facts.Generations[1].NotAfter, PairShards: []int{shard, shard, shard},
				Renewals: []app.RenewalCopy{repeat(0), repeat(1)},
			})
		}
	}},
	{"inspected tables", func(f *fixture) {
		other := f.newProject("other")
		otherCA := f.newCA(other.ID)
		gone := f.newService(other.ID, "gone")
		f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, gone.ID, start) })
		a := app.Account{ID: id(), Email: "ann@example.org", CreatedAt: start}
		k := app.Token{ID: id(), AccountID: a.ID, Hash: hashOf(1), CreatedAt: start}
		f.write(func(tx app.Tx) error {
			f.must(tx.InsertAccount(f.ctx, a))
			return tx.InsertToken(f.ctx, k)
		})
		projects, err := f.store.InspectProjects(f.ctx, f.project.ID, 10)
		f.must(err)
		f.same("projects after the first", projects, []app.Project{other})
		services, err := f.store.InspectServices(f.ctx, 0, 10)
		f.must(err)
		f.same("services", len(services), 2)
		f.same("the deleted one", services[1].DeletedAt, start)
		cas, err := f.store.InspectCAs(f.ctx, 0, 1)
		f.must(err)
		f.same("the first authority", cas, []app.CA{f.ca})
		cas, err = f.store.InspectCAs(f.ctx, f.ca.ID, 10)
		f.must(err)
		f.same("authorities after it", cas, []app.CA{otherCA})
		accounts, err := f.store.InspectAccounts(f.ctx, 0, 10)
		f.must(err)
		f.same("accounts", accounts, []app.Account{a})
		tokens, err := f.store.InspectTokens(f.ctx, 0, 10)
		f.must(err)
		f.same("tokens", tokens, []app.Token{k})
	}},
}

func (f *fixture) inspected(userID int64) app.InspectedUser {
	f.Helper()
	page, err := f.store.InspectUsers(f.ctx, userID-1, 1)
	f.must(err)
	if len(page) != 1 || page[0].ID != userID {
		f.Fatalf("user %d cannot be inspected: %d others", userID, len(page))
	}
	return page[0]
}
