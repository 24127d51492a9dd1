package storetest

import (
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var serviceTests = []test{
	{"changed service", func(f *fixture) {
		s := f.service
		s.Plan, s.Cloud, s.UserConfig, s.TechEmails = "new", "other", []byte(`{"a":1}`), []string{"a@example.org"}
		s.Tags, s.TerminationProtection, s.UpdatedAt = map[string]string{"k": "v"}, true, start.Add(time.Hour)
		f.write(func(tx app.Tx) error { return tx.UpdateService(f.ctx, s) })
		f.read(func(r app.Reader) error {
			got, err := r.ServiceByName(f.ctx, f.project.ID, s.Name)
			f.must(err)
			f.same("service", got, s)
			n, err := r.CountServices(f.ctx, f.project.ID)
			f.must(err)
			f.same("services", n, 1)
			return nil
		})
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.DeleteService(f.ctx, s.ID, start) }), app.ErrNotFound) // protected
		s.TerminationProtection = false
		f.write(func(tx app.Tx) error { return tx.UpdateService(f.ctx, s) })
		f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, s.ID, start) })
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.UpdateService(f.ctx, s) }), app.ErrNotFound)
	}},
	{"services", func(f *fixture) {
		s := app.Service{
			ID: id(), ProjectID: f.project.ID, Name: "orders.prod", Plan: "business-4", Cloud: "own",
			UserConfig: []byte(`{"bootstrap_servers":"kafka:9092","z":null}`), TechEmails: []string{"a@example.org"},
			Override: override(100*day, 10*day), TerminationProtection: true, ReplAddresses: []string{"k1:9093", "k2:9093"},
			CreatedAt: start, UpdatedAt: start.Add(time.Second),
		}
		f.write(func(tx app.Tx) error { return tx.InsertService(f.ctx, s) })
		f.same("service", f.serviceByName(s.Name), s)
		f.is(f.readService(f.project.ID, "orders-prod"), app.ErrNotFound)
		f.is(f.readService(id(), s.Name), app.ErrNotFound)

		again := s
		again.ID = id()
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertService(f.ctx, again) }), app.ErrExists)
		other := f.newProject("other")
		f.newService(other.ID, s.Name) // a name belongs to its project

		at := start.Add(time.Hour)
		s.Override, s.ReplAddresses, s.UpdatedAt = lifecycle.Override{}, []string{"k3:9093"}, at
		f.write(func(tx app.Tx) error {
			f.must(tx.SetServicePolicy(f.ctx, s.ID, s.Override, at))
			return tx.SetReplAddresses(f.ctx, s.ID, s.ReplAddresses, at)
		})
		f.same("changed service", f.serviceByName(s.Name), s)

		s.TerminationProtection = false
		f.write(func(tx app.Tx) error {
			f.must(tx.UpdateService(f.ctx, s))
			return tx.DeleteService(f.ctx, s.ID, at)
		})
		f.is(f.readService(f.project.ID, s.Name), app.ErrNotFound)
		for what, change := range map[string]func(app.Tx) error{
			"policy":    func(tx app.Tx) error { return tx.SetServicePolicy(f.ctx, s.ID, s.Override, at) },
			"addresses": func(tx app.Tx) error { return tx.SetReplAddresses(f.ctx, s.ID, nil, at) },
			"delete":    func(tx app.Tx) error { return tx.DeleteService(f.ctx, s.ID, at) },
		} {
			f.Log(what)
			f.is(f.store.Write(f.ctx, change), app.ErrNotFound)
		}
		f.newService(f.project.ID, s.Name) // the name is free again
	}},
	{"pages of services", func(f *fixture) {
		for _, name := range []string{"b", "a-b", "a.b"} {
			f.newService(f.project.ID, name)
		}
		gone := f.newService(f.project.ID, "aa")
		f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, gone.ID, start) })
		for _, limit := range []int{1, 2, 4, 5} {
			names := f.pages(limit, func(r app.Reader, after string) ([]string, error) {
				page, err := r.Services(f.ctx, f.project.ID, after, limit)
				var names []string
				for _, s := range page {
					names = append(names, s.Name)
				}
				return names, err
			})
			f.same("services", names, []string{"a-b", "a.b", "b", "orders"})
		}
	}},
	{"a service is not deleted over its users", func(f *fixture) {
		f.newUser("reader", start)
		if err := f.store.Write(f.ctx, func(tx app.Tx) error { return tx.DeleteService(f.ctx, f.service.ID, start) }); err == nil {
			f.Fatal("a service with users was deleted")
		}
		f.same("service", f.serviceByName(f.service.Name), f.service)
	}},
	{"no user comes to a deleted service", func(f *fixture) {
		f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, f.service.ID, start) })
		err := f.store.Write(f.ctx, func(tx app.Tx) error {
			return tx.InsertUser(f.ctx, app.User{ID: id(), ProjectID: f.project.ID, ServiceID: f.service.ID, Name: "late", CreatedAt: start})
		})
		if err == nil {
			f.Fatal("a user was inserted into a deleted service")
		}
	}},
	{"pairs of deleted users", testDeletedPairs},
}

func testDeletedPairs(f *fixture) {
	f.is(f.deletedPairsEnd("orders", "", start), app.ErrNotFound)
	f.newUser("reader", start)
	f.newUser("writer", start.Add(time.Hour))
	f.is(f.deletedPairsEnd("orders", "", start), app.ErrNotFound) // nobody is deleted
	reader := f.deleteUser("reader", start.Add(2*time.Hour))
	end := reader.Facts.Current().NotAfter
	f.samePairsEnd("orders", "reader", start, end)
	f.samePairsEnd("orders", "", start, end)
	f.samePairsEnd("orders", "reader", end, end) // valid at its very end
	f.is(f.deletedPairsEnd("orders", "reader", end.Add(time.Millisecond)), app.ErrNotFound)
	f.is(f.deletedPairsEnd("orders", "writer", start), app.ErrNotFound)
	f.is(f.deletedPairsEnd("order", "reader", start), app.ErrNotFound)

	// An earlier pair may end later, under an earlier policy.
	f.newUser("reader", start.Add(3*time.Hour))
	u := f.user("reader")
	long := u.Facts.Current().NotAfter
	short := f.terms()
	short.Policy = lifecycle.Policy{Validity: 10 * day, RenewBefore: day}
	c, err := lifecycle.Reset(u.Facts, short, start.Add(4*time.Hour))
	f.must(err)
	f.apply(f.decided(u.ID, c))
	f.deleteUser("reader", start.Add(5*time.Hour))
	f.samePairsEnd("orders", "reader", start, long)

	// Of the users that are left, the last pair counts; a service without any has none.
	f.read(func(r app.Reader) error {
		got, err := r.PairsEnd(f.ctx, f.service.ID, start)
		f.must(err)
		f.same("end of a service's pairs", got, f.user("writer").Facts.Current().NotAfter)
		_, err = r.PairsEnd(f.ctx, f.service.ID, got.Add(time.Millisecond))
		f.is(err, app.ErrNotFound)
		return nil
	})

	// The service goes, with the rest of its users, and comes again.
	writer := f.deleteUser("writer", start.Add(6*time.Hour))
	f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, f.service.ID, start.Add(6*time.Hour)) })
	f.service = f.newService(f.project.ID, "orders")
	f.samePairsEnd("orders", "writer", start, writer.Facts.Current().NotAfter)
	f.samePairsEnd("orders", "", start, long)
	other := f.newProject("other")
	f.newService(other.ID, "orders")
	f.is(f.store.Read(f.ctx, func(r app.Reader) error {
		_, err := r.DeletedPairsEnd(f.ctx, other.ID, "orders", "", start)
		return err
	}), app.ErrNotFound)
}

// deleteUser returns the user as it was before.
func (f *fixture) deleteUser(name string, now time.Time) app.User {
	f.Helper()
	u := f.user(name)
	f.apply(f.decided(u.ID, lifecycle.Delete(u.Facts, now)))
	return u
}

func (f *fixture) deletedPairsEnd(service, user string, now time.Time) error {
	return f.store.Read(f.ctx, func(r app.Reader) error {
		_, err := r.DeletedPairsEnd(f.ctx, f.project.ID, service, user, now)
		return err
	})
}

func (f *fixture) samePairsEnd(service, user string, now, want time.Time) {
	f.Helper()
	f.read(func(r app.Reader) error {
		got, err := r.DeletedPairsEnd(f.ctx, f.project.ID, service, user, now)
		f.must(err)
		f.same("end of deleted pairs", got, want)
		return nil
	})
}

func (f *fixture) readService(projectID int64, name string) error {
	return f.store.Read(f.ctx, func(r app.Reader) error {
		_, err := r.ServiceByName(f.ctx, projectID, name)
		return err
	})
}

func (f *fixture) serviceByName(name string) app.Service {
	f.Helper()
	var s app.Service
	f.read(func(r app.Reader) (err error) {
		s, err = r.ServiceByName(f.ctx, f.project.ID, name)
		return err
	})
	return s
}
