package storetest

import (
	"time"

	"github.com/segue-project/segue/internal/app"
)

var memberTests = []test{
	{"members of a project", testMembers},
	{"invitations", testInvitations},
	{"a password that is set anew", func(f *fixture) {
		a := f.newAccount("ann@example.org")
		f.write(func(tx app.Tx) error { return tx.SetAccountPassword(f.ctx, a.ID, "$argon2id$new", "Ann") })
		a.PasswordHash, a.RealName = "$argon2id$new", "Ann"
		f.read(func(r app.Reader) error {
			got, err := r.Account(f.ctx, a.ID)
			f.must(err)
			f.same("account", got, a)
			return nil
		})
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SetAccountPassword(f.ctx, id(), "", "") }), app.ErrNotFound)
	}},
	{"contacts", func(f *fixture) {
		emails := []string{"b@example.org", "a@example.org"}
		at := start.Add(time.Hour)
		f.write(func(tx app.Tx) error {
			f.must(tx.SetProjectContacts(f.ctx, f.project.ID, emails))
			return tx.SetServiceContacts(f.ctx, f.service.ID, emails[:1], at)
		})
		f.project.TechEmails = emails
		f.service.TechEmails, f.service.UpdatedAt = emails[:1], at
		f.sameOwners()
		f.write(func(tx app.Tx) error {
			f.must(tx.SetProjectContacts(f.ctx, f.project.ID, nil))
			return tx.SetServiceContacts(f.ctx, f.service.ID, nil, at)
		})
		f.project.TechEmails, f.service.TechEmails = nil, nil
		f.sameOwners()
		f.refusedOfUnknown(
			func(tx app.Tx, unknown int64) error { return tx.SetProjectContacts(f.ctx, unknown, emails) },
			func(tx app.Tx, unknown int64) error { return tx.SetServiceContacts(f.ctx, unknown, emails, at) })
	}},
	{"what notices set themselves", func(f *fixture) {
		mine, own := []byte(`{"digest_delay":"1m"}`), []byte(`{"time_zone":"Europe/Helsinki"}`)
		at := start.Add(time.Hour)
		f.write(func(tx app.Tx) error {
			f.must(tx.SetProjectNotices(f.ctx, f.project.ID, mine))
			return tx.SetServiceNotices(f.ctx, f.service.ID, own, at)
		})
		f.project.Notices = mine
		f.service.Notices, f.service.UpdatedAt = own, at
		f.sameOwners()
		f.write(func(tx app.Tx) error {
			f.must(tx.SetProjectNotices(f.ctx, f.project.ID, nil))
			return tx.SetServiceNotices(f.ctx, f.service.ID, nil, at)
		})
		f.project.Notices, f.service.Notices = nil, nil
		f.sameOwners()
		f.refusedOfUnknown(
			func(tx app.Tx, unknown int64) error { return tx.SetProjectNotices(f.ctx, unknown, mine) },
			func(tx app.Tx, unknown int64) error { return tx.SetServiceNotices(f.ctx, unknown, mine, at) })

		f.project = app.Project{ID: id(), Name: "b", FirstName: "b", Notices: mine, CreatedAt: start}
		f.service = app.Service{
			ID: id(), ProjectID: f.project.ID, Name: "s", UserConfig: []byte(`{}`), Notices: own, CreatedAt: start, UpdatedAt: start,
		}
		f.write(func(tx app.Tx) error {
			f.must(tx.InsertProject(f.ctx, f.project))
			return tx.InsertService(f.ctx, f.service)
		})
		f.sameOwners()
	}},
}

func (f *fixture) newAccount(email string) app.Account {
	f.Helper()
	a := app.Account{ID: id(), Email: email, RealName: "The one of " + email, PasswordHash: "$argon2id$", CreatedAt: start}
	f.write(func(tx app.Tx) error { return tx.InsertAccount(f.ctx, a) })
	return a
}

// sameOwners demands that the fixture's project and service are stored as the fixture has them.
func (f *fixture) sameOwners() {
	f.Helper()
	f.read(func(r app.Reader) error {
		p, err := r.Project(f.ctx, f.project.ID)
		f.must(err)
		f.same("project", p, f.project)
		s, err := r.ServiceByName(f.ctx, f.project.ID, f.service.Name)
		f.must(err)
		f.same("service", s, f.service)
		return nil
	})
}

// refusedOfUnknown demands ErrNotFound of a project that is not there, and of a
// service that is not there and one that was deleted.
func (f *fixture) refusedOfUnknown(project, service func(tx app.Tx, unknown int64) error) {
	f.Helper()
	gone := f.newService(f.project.ID, "gone")
	f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, gone.ID, start) })
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return project(tx, id()) }), app.ErrNotFound)
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return service(tx, id()) }), app.ErrNotFound)
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return service(tx, gone.ID) }), app.ErrNotFound)
}

func testMembers(f *fixture) {
	other := f.newProject("other")
	var want []string
	accounts := map[string]app.Account{}
	for _, email := range []string{"a-b@example.org", "a.b@example.org", "ann@example.org", "bob@example.org"} {
		a := f.newAccount(email)
		accounts[email], want = a, append(want, email)
		f.write(func(tx app.Tx) error { return tx.SetRole(f.ctx, f.project.ID, a.ID, app.RoleOperator, start) })
	}
	f.newAccount("al@example.org") // no member
	ann := accounts["ann@example.org"]
	f.write(func(tx app.Tx) error { return tx.SetRole(f.ctx, other.ID, ann.ID, app.RoleReadOnly, start) })
	later := start.Add(day)
	f.write(func(tx app.Tx) error { return tx.SetRole(f.ctx, f.project.ID, ann.ID, app.RoleAdmin, later) })
	for _, limit := range []int{1, 3, 10} {
		f.same("members", f.memberEmails(f.project.ID, limit), want)
	}
	f.read(func(r app.Reader) error {
		members, err := r.Members(f.ctx, f.project.ID, "a.b@example.org", 1)
		f.must(err)
		f.same("a member", members, []app.Member{
			{AccountID: ann.ID, Email: ann.Email, RealName: ann.RealName, Role: app.RoleAdmin, Since: later},
		})
		return nil
	})

	f.write(func(tx app.Tx) error { return tx.RemoveMember(f.ctx, f.project.ID, ann.ID) })
	f.same("without one", f.memberEmails(f.project.ID, 10), []string{want[0], want[1], want[3]})
	f.same("of the other project", f.memberEmails(other.ID, 10), []string{ann.Email})
	f.is(f.store.Read(f.ctx, func(r app.Reader) error { _, err := r.Role(f.ctx, f.project.ID, ann.ID); return err }), app.ErrNotFound)
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.RemoveMember(f.ctx, f.project.ID, ann.ID) }), app.ErrNotFound)
}

func (f *fixture) memberEmails(projectID int64, limit int) []string {
	f.Helper()
	return f.pages(limit, func(r app.Reader, after string) ([]string, error) {
		page, err := r.Members(f.ctx, projectID, after, limit)
		var emails []string
		for _, m := range page {
			emails = append(emails, m.Email)
		}
		return emails, err
	})
}

func testInvitations(f *fixture) {
	other := f.newProject("other")
	invite := func(projectID int64, email string, n int64) app.Invitation {
		return app.Invitation{
			ProjectID: projectID, Email: email, Role: app.RoleDeveloper, TokenHash: hashOf(n), InvitedBy: "ann@example.org",
			CreatedAt: start, ExpiresAt: start.Add(7 * day),
		}
	}
	insert := func(i app.Invitation) error {
		return f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertInvitation(f.ctx, i) })
	}
	byHash := func(n int64) (i app.Invitation, err error) {
		err = f.store.Read(f.ctx, func(r app.Reader) (err error) {
			i, err = r.InvitationByHash(f.ctx, hashOf(n))
			return err
		})
		return i, err
	}
	emails := []string{"a-b@example.org", "a.b@example.org", "bob@example.org"}
	for i, email := range emails {
		f.must(insert(invite(f.project.ID, email, int64(i))))
	}
	f.must(insert(invite(other.ID, "bob@example.org", 10)))
	f.same("by hash", f.got(byHash(2)), invite(f.project.ID, "bob@example.org", 2))
	for _, limit := range []int{1, 2, 10} {
		f.same("invitations", f.invitedEmails(f.project.ID, limit), emails)
	}

	again := invite(f.project.ID, "bob@example.org", 20)
	again.Role, again.InvitedBy, again.CreatedAt, again.ExpiresAt = app.RoleAdmin, "eve@example.org", start.Add(day), start.Add(8*day)
	f.must(insert(again))
	f.same("invited again", f.got(byHash(20)), again)
	_, err := byHash(2)
	f.is(err, app.ErrNotFound)
	f.same("invitations", f.invitedEmails(f.project.ID, 10), emails)
	f.is(insert(invite(f.project.ID, "carl@example.org", 20)), app.ErrExists)

	remove := func() error {
		return f.store.Write(f.ctx, func(tx app.Tx) error { return tx.DeleteInvitation(f.ctx, f.project.ID, "bob@example.org") })
	}
	f.must(remove())
	f.is(remove(), app.ErrNotFound)
	_, err = byHash(20)
	f.is(err, app.ErrNotFound)
	f.same("of the other project", f.invitedEmails(other.ID, 10), []string{"bob@example.org"})
}

// got is the invitation, which must have been found.
func (f *fixture) got(i app.Invitation, err error) app.Invitation {
	f.Helper()
	f.must(err)
	return i
}

func (f *fixture) invitedEmails(projectID int64, limit int) []string {
	f.Helper()
	return f.pages(limit, func(r app.Reader, after string) ([]string, error) {
		page, err := r.Invitations(f.ctx, projectID, after, limit)
		var emails []string
		for _, i := range page {
			emails = append(emails, i.Email)
		}
		return emails, err
	})
}
