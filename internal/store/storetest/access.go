package storetest

import (
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var accessTests = []test{
	{"access lists", testACLs},
	{"access lists end with users and services", testACLsEnd},
	{"bindings", testBindings},
	{"states of clusters", testClusterSyncs},
	{"passwords of clusters", testClusterPasswords},
}

// newACL adds a row to a service's list.
func (f *fixture) newACL(s app.Service, g lifecycle.Grant) app.ACL {
	f.Helper()
	a := app.ACL{ID: id(), ServiceID: s.ID, Grant: g, CreatedAt: start}
	f.write(func(tx app.Tx) (err error) {
		if a.Revision, err = tx.TouchCluster(f.ctx, s.ProjectID, s.ID, start); err != nil {
			return err
		}
		return tx.InsertACL(f.ctx, a)
	})
	return a
}

func (f *fixture) acls(serviceID, after int64, limit int) (list []app.ACL) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		list, err = r.ACLs(f.ctx, serviceID, after, limit)
		return err
	})
	return list
}

func testACLs(f *fixture) {
	f.same("rows", f.acls(f.service.ID, 0, 10), []app.ACL(nil))
	first := f.newACL(f.service, lifecycle.Grant{Permission: "read", Topic: "orders.*", Username: "z"})
	second := f.newACL(f.service, lifecycle.Grant{Permission: "read", Topic: "orders.*", Username: "a"})
	third := f.newACL(f.service, lifecycle.Grant{Permission: "write", Topic: "orders.*", Username: "z"})
	f.same("rows", f.acls(f.service.ID, 0, 10), []app.ACL{first, second, third}) // in the order they came
	f.same("a page", f.acls(f.service.ID, first.Revision, 1), []app.ACL{second})
	other := f.newService(f.project.ID, "payments")
	same := first.Grant
	f.newACL(other, same) // each service has its own

	again := app.ACL{ID: id(), ServiceID: f.service.ID, Revision: 99, Grant: first.Grant, CreatedAt: start}
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertACL(f.ctx, again) }), app.ErrExists)
	f.read(func(r app.Reader) error {
		got, err := r.ACL(f.ctx, f.service.ID, second.ID)
		f.must(err)
		f.same("by id", got, second)
		_, err = r.ACL(f.ctx, other.ID, second.ID)
		f.is(err, app.ErrNotFound)
		n, err := r.CountACLs(f.ctx, f.service.ID)
		f.same("count", n, 3)
		return err
	})
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.DeleteACL(f.ctx, other.ID, first.ID) }), app.ErrNotFound)
	f.write(func(tx app.Tx) error { return tx.DeleteACL(f.ctx, f.service.ID, first.ID) })
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.DeleteACL(f.ctx, f.service.ID, first.ID) }), app.ErrNotFound)
	f.same("rows", f.acls(f.service.ID, 0, 10), []app.ACL{second, third})
	fourth := f.newACL(f.service, first.Grant) // may come again, and is the newest then
	f.same("rows", f.acls(f.service.ID, 0, 10), []app.ACL{second, third, fourth})
}

func testACLsEnd(f *fixture) {
	other := f.newService(f.project.ID, "payments")
	kept := f.newACL(other, lifecycle.Grant{Permission: "read", Topic: "t", Username: "a"})
	f.newACL(f.service, lifecycle.Grant{Permission: "read", Topic: "t", Username: "a"})
	f.newACL(f.service, lifecycle.Grant{Permission: "write", Topic: "t", Username: "a"})
	all := f.newACL(f.service, lifecycle.Grant{Permission: "read", Topic: "t", Username: "*"})
	f.write(func(tx app.Tx) error {
		n, err := tx.DeleteACLsOf(f.ctx, f.service.ID, "a")
		f.same("rows of a user", n, 2)
		return err
	})
	f.same("rows", f.acls(f.service.ID, 0, 10), []app.ACL{all})
	f.write(func(tx app.Tx) error {
		n, err := tx.DeleteAllACLs(f.ctx, f.service.ID)
		f.same("rows of a service", n, 1)
		return err
	})
	f.same("rows of the other", f.acls(other.ID, 0, 10), []app.ACL{kept})
}

func testBindings(f *fixture) {
	bindings := lifecycle.Grant{Permission: "readwrite", Topic: "orders.*", Username: "a"}.Bindings()
	own := func(serviceID int64) (own map[lifecycle.Binding]bool) {
		f.read(func(r app.Reader) (err error) {
			own, err = r.OwnBindings(f.ctx, serviceID)
			return err
		})
		return own
	}
	f.same("none", own(f.service.ID), map[lifecycle.Binding]bool{})
	f.write(func(tx app.Tx) error {
		f.must(tx.RecordBindings(f.ctx, f.service.ID, bindings))
		f.must(tx.RecordBindings(f.ctx, f.service.ID, bindings[:2])) // again changes nothing
		return tx.ConfirmBindings(f.ctx, f.service.ID, bindings[1:], start)
	})
	want := map[lifecycle.Binding]bool{}
	for i, b := range bindings {
		want[b] = i > 0
	}
	f.same("own", own(f.service.ID), want)
	f.write(func(tx app.Tx) error { // what is confirmed stays so
		f.must(tx.RecordBindings(f.ctx, f.service.ID, bindings))
		return tx.ForgetBindings(f.ctx, f.service.ID, bindings[2:])
	})
	f.same("own", own(f.service.ID), map[lifecycle.Binding]bool{bindings[0]: false, bindings[1]: true})
	f.same("of another service", own(id()), map[lifecycle.Binding]bool{})
}

func (f *fixture) clusterSync(serviceID int64) (s app.ClusterSync) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		s, err = r.ClusterSync(f.ctx, serviceID)
		return err
	})
	return s
}

func (f *fixture) touch(s app.Service, due time.Time) (revision int64) {
	f.Helper()
	f.write(func(tx app.Tx) (err error) {
		revision, err = tx.TouchCluster(f.ctx, s.ProjectID, s.ID, due)
		return err
	})
	return revision
}

func (f *fixture) dueClusters(now time.Time, limit int) []int64 {
	f.Helper()
	due, err := f.store.DueClusters(f.ctx, now, limit)
	f.must(err)
	return due
}

func testClusterSyncs(f *fixture) {
	f.is(f.store.Read(f.ctx, func(r app.Reader) error {
		_, err := r.ClusterSync(f.ctx, f.service.ID)
		return err
	}), app.ErrNotFound)
	f.same("revision", f.touch(f.service, start), int64(1))
	f.same("revision", f.touch(f.service, start.Add(time.Second)), int64(2))
	s := app.ClusterSync{ServiceID: f.service.ID, ProjectID: f.project.ID, Revision: 2, DueAt: start.Add(time.Second)}
	f.same("touched", f.clusterSync(f.service.ID), s)
	f.same("due", f.dueClusters(start, 10), []int64(nil))
	f.same("due", f.dueClusters(start.Add(time.Second), 10), []int64{f.service.ID})

	s.Applied, s.SyncedAt, s.DueAt = 2, start.Add(2*time.Second), start.Add(time.Hour)
	s.Repaired, s.RepairedAt = 3, start.Add(2*time.Second)
	f.write(func(tx app.Tx) error { return tx.SaveClusterSync(f.ctx, s) })
	f.same("saved", f.clusterSync(f.service.ID), s)

	// Something changed while the cluster was looked at: it stays due.
	f.touch(f.service, start.Add(3*time.Second))
	failed := s
	failed.FailingSince, failed.Failures, failed.Error, failed.DueAt = start.Add(4*time.Second), 1, "down", start.Add(time.Hour)
	f.write(func(tx app.Tx) error { return tx.SaveClusterSync(f.ctx, failed) })
	failed.Revision, failed.DueAt = 3, start.Add(3*time.Second)
	f.same("changed meanwhile", f.clusterSync(f.service.ID), failed)

	other := f.newService(f.project.ID, "payments")
	f.touch(other, start)
	f.same("due", f.dueClusters(start.Add(time.Minute), 10), []int64{other.ID, f.service.ID})
	f.same("due", f.dueClusters(start.Add(time.Minute), 1), []int64{other.ID})
	f.read(func(r app.Reader) error {
		n, err := r.CountClusterSyncs(f.ctx)
		f.same("counts", n, app.ClusterCount{Pending: 1, Failing: 1, Repaired: 3})
		return err
	})
	f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, other.ID, start) })
	f.read(func(r app.Reader) error {
		n, err := r.CountClusterSyncs(f.ctx)
		f.must(err)
		f.same("counts without deleted services", n, app.ClusterCount{Failing: 1, Repaired: 3})
		gone, err := r.ServiceByID(f.ctx, other.ID)
		f.same("a deleted service", gone.DeletedAt, start)
		return err
	})
	list, err := f.store.InspectClusterSyncs(f.ctx, f.service.ID, 10)
	f.must(err)
	f.same("inspected", len(list), 1)
	missing := app.ClusterSync{ServiceID: id()}
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SaveClusterSync(f.ctx, missing) }), app.ErrNotFound)
}

func testClusterPasswords(f *fixture) {
	toSet := func(after string, limit int) (list []app.PasswordToSet) {
		f.read(func(r app.Reader) (err error) {
			list, err = r.PasswordsToSet(f.ctx, f.service.ID, after, limit)
			return err
		})
		return list
	}
	named := func(list []app.PasswordToSet) (names []string) {
		for _, p := range list {
			names = append(names, p.Username)
		}
		return names
	}
	left := func() (names []string) {
		f.read(func(r app.Reader) (err error) {
			names, err = r.PasswordsLeft(f.ctx, f.service.ID, "", 10)
			return err
		})
		return names
	}
	f.newUser("b", start)
	f.newUser("a", start)
	b := f.user("b")
	f.same("to set", named(toSet("", 10)), []string{"a", "b"})
	f.same("a page", named(toSet("a", 10)), []string{"b"})
	f.same("one", toSet("a", 1), []app.PasswordToSet{{ProjectID: f.project.ID, UserID: b.ID, Username: "b", Sealed: b.SealedPassword, Revision: 1}})

	set := app.ClusterPassword{Username: "b", UserID: b.ID}
	f.write(func(tx app.Tx) error { return tx.RecordPasswords(f.ctx, f.service.ID, []app.ClusterPassword{set}) })
	f.same("about to be set", named(toSet("", 10)), []string{"a", "b"})
	set.Revision = 1
	f.write(func(tx app.Tx) error { return tx.RecordPasswords(f.ctx, f.service.ID, []app.ClusterPassword{set}) })
	f.same("set", named(toSet("", 10)), []string{"a"})
	f.write(func(tx app.Tx) error { return tx.SetPassword(f.ctx, b.ID, randomBytes(40)) })
	f.same("a new password", named(toSet("", 10)), []string{"a", "b"})
	set.Revision = 2
	f.write(func(tx app.Tx) error { return tx.RecordPasswords(f.ctx, f.service.ID, []app.ClusterPassword{set}) })
	f.read(func(r app.Reader) error {
		list, err := r.ClusterPasswords(f.ctx, f.service.ID, "", 10)
		f.same("recorded", list, []app.ClusterPassword{set})
		return err
	})
	f.same("left", left(), []string(nil))

	f.deleteUser("b", start.Add(time.Hour))
	f.same("left", left(), []string{"b"})
	f.newUser("b", start.Add(2*time.Hour)) // another user of the same name
	f.same("left", left(), []string(nil))
	f.same("to set", named(toSet("", 10)), []string{"a", "b"})
	f.write(func(tx app.Tx) error { return tx.ForgetPasswords(f.ctx, f.service.ID, []string{"b", "nobody"}) })
	f.read(func(r app.Reader) error {
		list, err := r.ClusterPasswords(f.ctx, f.service.ID, "", 10)
		f.same("recorded", list, []app.ClusterPassword(nil))
		return err
	})
}
