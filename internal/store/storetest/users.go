package storetest

import (
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var userTests = []test{
	{"a new user", func(f *fixture) {
		u := app.User{
			ID: id(), ProjectID: f.project.ID, ServiceID: f.service.ID, Name: lifecycle.PrimaryUser, Primary: true,
			SealedPassword: randomBytes(60), CreatedAt: start,
		}
		f.write(func(tx app.Tx) error { return tx.InsertUser(f.ctx, u) })
		bare := u
		bare.Facts = lifecycle.Facts{UserID: u.ID}
		f.same("user without a pair", f.user(u.Name), bare)
		f.same("due before its first pair", f.due(start.AddDate(100, 0, 0)), []string(nil))

		c, err := lifecycle.Create(u.ID, f.terms(), start)
		f.must(err)
		d := f.decided(u.ID, c)
		f.apply(d)
		want := bare
		want.Facts = bare.Facts.Apply(c)
		want.Policy, want.DueAt = c.Due.Policy, c.Due.At
		want.Current = app.Pair{
			Generation: 1, CAID: f.ca.ID, Serial: d.Pair.Serial, Cert: d.Pair.Cert, SealedKey: d.Pair.SealedKey,
			CreatedAt: start, NotBefore: c.Issue.NotBefore, NotAfter: c.Issue.NotAfter,
		}
		f.same("user", f.user(u.Name), want)
		f.read(func(r app.Reader) error {
			pair, err := r.Pair(f.ctx, u.ID, 1)
			f.must(err)
			f.same("pair", pair, want.Current)
			_, err = r.Pair(f.ctx, u.ID, 2)
			f.is(err, app.ErrNotFound)
			_, err = r.UserByName(f.ctx, f.service.ID, "avnadmi")
			f.is(err, app.ErrNotFound)
			_, err = r.UserByName(f.ctx, id(), u.Name)
			f.is(err, app.ErrNotFound)
			return nil
		})
	}},
	{"names of users", func(f *fixture) {
		u := f.newUser("reader", start)
		again := app.User{ID: id(), ProjectID: f.project.ID, ServiceID: f.service.ID, Name: u.Name, CreatedAt: start}
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertUser(f.ctx, again) }), app.ErrExists)
		f.deleteUser("reader", start.Add(time.Hour))
		f.is(f.store.Read(f.ctx, func(r app.Reader) error { _, err := r.UserByName(f.ctx, f.service.ID, u.Name); return err }), app.ErrNotFound)
		f.is(f.store.Read(f.ctx, func(r app.Reader) error { _, err := r.Pair(f.ctx, u.ID, 1); return err }), app.ErrNotFound)
		f.newUser("reader", start.Add(2*time.Hour)) // the name is free again
	}},
	{"pages of users", func(f *fixture) {
		var want []string
		for i := range 7 {
			want = append(want, f.newUser(fmt.Sprintf("user-%d", i), start).Name)
		}
		f.newUser("user-gone", start)
		f.deleteUser("user-gone", start)
		f.renew("user-3", start.Add(400*day))
		f.acknowledge("user-3", start.Add(401*day))
		f.renew("user-3", start.Add(800*day))
		for _, limit := range []int{1, 3, 7, 8} {
			f.same("users", f.userNames(limit), want)
		}
		f.countUsers(7, f.project.ID, 0)
		f.countUsers(7, f.project.ID, f.service.ID)
		f.countUsers(0, f.project.ID, id())
		f.countUsers(0, id(), 0)
	}},
	{"passwords", func(f *fixture) {
		u := f.newUser("reader", start)
		sealed := randomBytes(70)
		f.write(func(tx app.Tx) error { return tx.SetPassword(f.ctx, u.ID, sealed) })
		u.SealedPassword = sealed
		f.same("user with a new password", f.user("reader"), u)
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SetPassword(f.ctx, id(), sealed) }), app.ErrNotFound)
		f.deleteUser("reader", start)
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SetPassword(f.ctx, u.ID, sealed) }), app.ErrNotFound)
	}},
}

// userNames reads all pages, and each user once more by its name: both must tell the same.
func (f *fixture) userNames(limit int) []string {
	f.Helper()
	return f.pages(limit, func(r app.Reader, after string) ([]string, error) {
		page, err := r.Users(f.ctx, f.service.ID, after, limit)
		var names []string
		for _, u := range page {
			alone, err := r.UserByName(f.ctx, f.service.ID, u.Name)
			f.must(err)
			f.same("user of a page", u, alone)
			names = append(names, u.Name)
		}
		return names, err
	})
}

func (f *fixture) countUsers(want int, projectID, serviceID int64) {
	f.Helper()
	f.read(func(r app.Reader) error {
		n, err := r.CountUsers(f.ctx, projectID, serviceID)
		f.must(err)
		f.same("users", n, want)
		return nil
	})
}
