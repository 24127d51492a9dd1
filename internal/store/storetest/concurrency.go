package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var concurrencyTests = []test{
	{"instances see each other's writes", func(f *fixture) {
		second := f.open(f.T)
		u := f.newUser("reader", start)
		f.must(second.Read(f.ctx, func(r app.Reader) error {
			got, err := r.UserByName(f.ctx, f.service.ID, "reader")
			f.must(err)
			f.same("user", got, u)
			return nil
		}))
	}},
	{"what is written outlives the store", func(f *fixture) {
		f.newUser("reader", start)
		u := f.renew("reader", start.Add(725*day))
		f.append(entry(f.project.ID, 1))
		f.must(f.store.Close())
		f.store = f.open(f.T)
		f.same("user", f.user("reader"), u)
		f.same("log", f.auditLog(f.project.ID, 10), []app.AuditEntry{entry(f.project.ID, 1)})
	}},
	{"a change is applied once", func(f *fixture) {
		second := f.open(f.T)
		u := f.newUser("reader", start)
		var mu sync.Mutex
		won := 0
		race := func(s Store) func() error {
			return func() error {
				c, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(725*day))
				f.must(err)
				var applied []bool
				err = s.Write(f.ctx, func(tx app.Tx) (err error) {
					applied, err = tx.Apply(f.ctx, []app.Decided{f.decided(u.ID, c)})
					return err
				})
				if err == nil && applied[0] {
					mu.Lock()
					won++
					mu.Unlock()
				}
				return err
			}
		}
		f.together(8, race(f.store), race(second))
		f.same("writers that won", won, 1)
		f.same("generations", len(f.user("reader").Facts.Generations), 2)
	}},
	{"pages that overlap are renewed once", testOverlappingPages},
	{"a keyset is saved by one", func(f *fixture) {
		second := f.open(f.T)
		f.must(f.store.SaveKeyset(f.ctx, "secrets", []byte("0"), 0))
		grow := func(s Store) func() error {
			return func() error {
				for {
					wrapped, revision, err := s.LoadKeyset(f.ctx, "secrets")
					if err != nil {
						return err
					}
					err = s.SaveKeyset(f.ctx, "secrets", append(wrapped, 'x'), revision)
					if !errors.Is(err, app.ErrExists) {
						return err
					}
				}
			}
		}
		f.together(10, grow(f.store), grow(second))
		wrapped, _, err := f.store.LoadKeyset(f.ctx, "secrets")
		f.must(err)
		f.same("growth", len(wrapped), 21)
	}},
	{"a name goes to one", func(f *fixture) {
		second := f.open(f.T)
		var mu sync.Mutex
		made := 0
		insert := func(s Store) func() error {
			return func() error {
				u := app.User{ID: id(), ProjectID: f.project.ID, ServiceID: f.service.ID, Name: "reader", CreatedAt: start}
				err := s.Write(f.ctx, func(tx app.Tx) error { return tx.InsertUser(f.ctx, u) })
				if err == nil {
					mu.Lock()
					made++
					mu.Unlock()
				}
				if errors.Is(err, app.ErrExists) {
					return nil
				}
				return err
			}
		}
		f.together(5, insert(f.store), insert(second))
		f.same("users made", made, 1)
	}},
	{"users and the end of their service", testServiceEndsUnderUsers},
	{"services and the end of their project", testProjectEndsUnderServices},
	{"a snapshot does not move", func(f *fixture) {
		u := f.newUser("reader", start)
		f.read(func(r app.Reader) error {
			before, err := r.UserByName(f.ctx, f.service.ID, "reader")
			f.must(err)
			f.renew("reader", start.Add(725*day))
			after, err := r.UserByName(f.ctx, f.service.ID, "reader")
			f.must(err)
			f.same("before", before, u)
			f.same("after", after, u)
			return nil
		})
		f.same("generations", len(f.user("reader").Facts.Generations), 2)
	}},
	{"a transaction sees its own writes", func(f *fixture) {
		f.write(func(tx app.Tx) error {
			u := app.User{ID: id(), ProjectID: f.project.ID, ServiceID: f.service.ID, Name: "reader", CreatedAt: start}
			f.must(tx.InsertUser(f.ctx, u))
			_, err := tx.UserByName(f.ctx, f.service.ID, "reader")
			return err
		})
	}},
	{"a context that ends", func(f *fixture) {
		u := f.newUser("reader", start)
		ctx, cancel := context.WithCancel(f.ctx)
		err := f.store.Write(ctx, func(tx app.Tx) error {
			f.must(tx.SetPassword(ctx, u.ID, []byte("lost")))
			cancel()
			return tx.SetPassword(ctx, u.ID, []byte("lost too"))
		})
		f.is(err, context.Canceled)
		f.is(f.store.Write(ctx, func(app.Tx) error { return nil }), context.Canceled)
		f.is(f.store.Read(ctx, func(app.Reader) error { return nil }), context.Canceled)
		f.same("user", f.user("reader"), u)
	}},
	{"the clock of the host", func(f *fixture) {
		before := time.Now().Add(-time.Second)
		at, err := f.store.HostClock(f.ctx)
		f.must(err)
		if after := time.Now().Add(time.Second); at.Before(before) || at.After(after) {
			f.Errorf("%v is not between %v and %v", at, before, after)
		}
	}},
}

// together runs each function n times, all at once.
func (f *fixture) together(n int, fns ...func() error) {
	f.Helper()
	var group sync.WaitGroup
	for _, fn := range fns {
		for range n {
			group.Go(func() {
				if err := fn(); err != nil {
					f.Error(err)
				}
			})
		}
	}
	group.Wait()
	if f.Failed() {
		f.FailNow()
	}
}

// testOverlappingPages lets several sweeps apply the same users in different
// orders: every user is renewed once, and nobody waits for ever.
func testOverlappingPages(f *fixture) {
	second := f.open(f.T)
	const users = 40
	var pages [2][]app.Decided
	for i := range users {
		u := f.newUser(fmt.Sprintf("user-%02d", i), start)
		for j := range pages {
			c, err := lifecycle.Renew(u.Facts, f.terms(), start.Add(725*day))
			f.must(err)
			pages[j] = append(pages[j], f.decided(u.ID, c))
		}
	}
	for i := range users / 2 { // the second page in reverse
		pages[1][i], pages[1][users-1-i] = pages[1][users-1-i], pages[1][i]
	}
	var mu sync.Mutex
	total := 0
	sweep := func(s Store, page []app.Decided) func() error {
		return func() error {
			n := 0
			err := s.Write(f.ctx, func(tx app.Tx) error {
				n = 0
				applied, err := tx.Apply(f.ctx, page)
				for _, ok := range applied {
					if ok {
						n++
					}
				}
				return err
			})
			mu.Lock()
			total += n
			mu.Unlock()
			return err
		}
	}
	f.together(3, sweep(f.store, pages[0]), sweep(second, pages[1]))
	f.same("renewals", total, users)
	f.same("pending", len(f.pendingRenewals(100)), users)
}

// testServiceEndsUnderUsers races new users against the deletion of their
// service: no user is left in a deleted one.
func testServiceEndsUnderUsers(f *fixture) {
	second := f.open(f.T)
	add := func() error {
		u := app.User{ID: id(), ProjectID: f.project.ID, ServiceID: f.service.ID, Name: fmt.Sprintf("user-%d", id()), CreatedAt: start}
		return second.Write(f.ctx, func(tx app.Tx) error {
			if _, err := tx.ServiceByName(f.ctx, f.project.ID, f.service.Name); errors.Is(err, app.ErrNotFound) {
				return nil // too late
			}
			return tx.InsertUser(f.ctx, u)
		})
	}
	end := func() error {
		return f.store.Write(f.ctx, func(tx app.Tx) error {
			users, err := tx.Users(f.ctx, f.service.ID, "", 1000)
			if err != nil {
				return err
			}
			for _, u := range users {
				if err := f.applyIn(tx, f.decided(u.ID, lifecycle.Delete(u.Facts, start))); err != nil {
					return err
				}
			}
			return tx.DeleteService(f.ctx, f.service.ID, start)
		})
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := end(); err != nil {
			f.Error(err)
		}
	})
	f.together(10, add)
	group.Wait()
	f.countUsers(0, f.project.ID, f.service.ID)
}

// testProjectEndsUnderServices makes services while their project is deleted: none
// is left in a deleted project.
func testProjectEndsUnderServices(f *fixture) {
	second := f.open(f.T)
	p := f.newProject("ends")
	errLeft := errors.New("services are left")
	add := func() error {
		s := app.Service{ID: id(), ProjectID: p.ID, Name: fmt.Sprintf("service-%d", id()), CreatedAt: start, UpdatedAt: start}
		return second.Write(f.ctx, func(tx app.Tx) error {
			if _, err := tx.ProjectByName(f.ctx, p.Name); errors.Is(err, app.ErrNotFound) {
				return nil // too late
			}
			return tx.InsertService(f.ctx, s)
		})
	}
	end := func() error {
		return f.store.Write(f.ctx, func(tx app.Tx) error {
			if n, err := tx.CountServices(f.ctx, p.ID); err != nil || n > 0 {
				return errors.Join(err, errLeft)
			}
			return tx.DeleteProject(f.ctx, p.ID, start)
		})
	}
	var ended error
	var group sync.WaitGroup
	group.Go(func() { ended = end() })
	f.together(10, add)
	group.Wait()
	f.read(func(r app.Reader) error {
		n, err := r.CountServices(f.ctx, p.ID)
		f.must(err)
		if ended == nil && n > 0 || ended != nil && (n == 0 || !errors.Is(ended, errLeft)) {
			f.Errorf("the project's end gave %v, and %d services are in it", ended, n)
		}
		return nil
	})
}
