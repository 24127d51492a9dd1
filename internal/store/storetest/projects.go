package storetest

import (
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func override(validity, renewBefore time.Duration) lifecycle.Override {
	return lifecycle.Override{Validity: &validity, RenewBefore: &renewBefore}
}

var projectTests = []test{
	{"projects", func(f *fixture) {
		p := app.Project{
			ID: id(), Name: "Beta_1.x", FirstName: "beta", TechEmails: []string{"a@example.org", "b@example.org"},
			Override: override(100*day, 1500*time.Millisecond), CreatedAt: start,
		}
		f.write(func(tx app.Tx) error { return tx.InsertProject(f.ctx, p) })
		f.read(func(r app.Reader) error {
			got, err := r.Project(f.ctx, p.ID)
			f.must(err)
			f.same("project by id", got, p)
			got, err = r.ProjectByName(f.ctx, p.Name)
			f.must(err)
			f.same("project by name", got, p)
			_, err = r.Project(f.ctx, id())
			f.is(err, app.ErrNotFound)
			_, err = r.ProjectByName(f.ctx, "beta") // a first name is not a name
			f.is(err, app.ErrNotFound)
			return nil
		})
		sameName, sameFirst := p, p
		sameName.ID, sameName.FirstName = id(), "gamma"
		sameFirst.ID, sameFirst.Name = id(), "gamma"
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertProject(f.ctx, sameName) }), app.ErrExists)
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertProject(f.ctx, sameFirst) }), app.ErrExists)
	}},
	{"policy of a project", func(f *fixture) {
		o := override(10*time.Minute, time.Minute)
		f.write(func(tx app.Tx) error { return tx.SetProjectPolicy(f.ctx, f.project.ID, o) })
		f.read(func(r app.Reader) error {
			got, err := r.Project(f.ctx, f.project.ID)
			f.must(err)
			f.same("override", got.Override, o)
			return nil
		})
		f.write(func(tx app.Tx) error { return tx.SetProjectPolicy(f.ctx, f.project.ID, lifecycle.Override{}) })
		f.read(func(r app.Reader) error {
			got, err := r.Project(f.ctx, f.project.ID)
			f.must(err)
			f.same("inherited again", got, f.project)
			return nil
		})
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SetProjectPolicy(f.ctx, id(), o) }), app.ErrNotFound)
	}},
	{"names and tags of a project", func(f *fixture) {
		f.newProject("beta")
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.RenameProject(f.ctx, f.project.ID, "beta") }), app.ErrExists)
		tags := map[string]string{"team": "Ö", "a": ""}
		f.write(func(tx app.Tx) error {
			f.must(tx.RenameProject(f.ctx, f.project.ID, "gamma"))
			return tx.SetProjectTags(f.ctx, f.project.ID, tags)
		})
		want := f.project
		want.Name, want.Tags = "gamma", tags
		f.read(func(r app.Reader) error {
			got, err := r.ProjectByName(f.ctx, "gamma")
			f.must(err)
			f.same("renamed", got, want)
			for name, taken := range map[string]bool{"acme": true, "beta": true, "gamma": false} {
				got, err := r.FirstNameTaken(f.ctx, name)
				f.must(err)
				f.same(name+" is a first name", got, taken)
			}
			return nil
		})
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.RenameProject(f.ctx, id(), "delta") }), app.ErrNotFound)
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SetProjectTags(f.ctx, id(), nil) }), app.ErrNotFound)
	}},
	{"deleted project", func(f *fixture) {
		a := app.Account{ID: id(), Email: "ann@example.org", CreatedAt: start}
		f.write(func(tx app.Tx) error {
			f.must(tx.InsertAccount(f.ctx, a))
			f.must(tx.SetRole(f.ctx, f.project.ID, a.ID, app.RoleAdmin, start))
			f.must(tx.InsertInvitation(f.ctx, app.Invitation{ProjectID: f.project.ID, Email: "bob@example.org", TokenHash: hashOf(1), ExpiresAt: start.Add(day)}))
			f.must(tx.DeleteService(f.ctx, f.service.ID, start))
			return tx.DeleteProject(f.ctx, f.project.ID, start.Add(time.Hour))
		})
		f.read(func(r app.Reader) error {
			got, err := r.Project(f.ctx, f.project.ID)
			f.must(err)
			f.same("when it was deleted", got.DeletedAt, start.Add(time.Hour))
			for _, name := range []string{f.project.Name, got.Name} {
				_, err = r.ProjectByName(f.ctx, name)
				f.is(err, app.ErrNotFound)
			}
			_, err = r.InvitationByHash(f.ctx, hashOf(1))
			f.is(err, app.ErrNotFound)
			taken, err := r.FirstNameTaken(f.ctx, f.project.FirstName)
			f.must(err)
			f.same("its first name is taken", taken, true)
			return nil
		})
		f.same("all", f.projectNames(0, 2), []string(nil))
		f.same("those of an account", f.projectNames(a.ID, 2), []string(nil))
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.DeleteProject(f.ctx, f.project.ID, start) }), app.ErrNotFound)
		again := app.Project{ID: id(), Name: f.project.Name, FirstName: "acme-2", CreatedAt: start}
		f.write(func(tx app.Tx) error { return tx.InsertProject(f.ctx, again) })
	}},
	{"pages of projects", func(f *fixture) {
		a := app.Account{ID: id(), Email: "ann@example.org", CreatedAt: start}
		f.write(func(tx app.Tx) error { return tx.InsertAccount(f.ctx, a) })
		for _, name := range []string{"a-b", "a.b", "B", "_x"} { // in an order that no language has
			p := f.newProject(name)
			if name != "B" {
				f.write(func(tx app.Tx) error { return tx.SetRole(f.ctx, p.ID, a.ID, app.RoleReadOnly, start) })
			}
		}
		f.same("all", f.projectNames(0, 2), []string{"B", "_x", "a-b", "a.b", "acme"})
		f.same("those of an account", f.projectNames(a.ID, 2), []string{"_x", "a-b", "a.b"})
		f.same("those of another account", f.projectNames(id(), 2), []string(nil))
	}},
}

// projectNames reads all pages.
func (f *fixture) projectNames(accountID int64, limit int) []string {
	f.Helper()
	return f.pages(limit, func(r app.Reader, after string) ([]string, error) {
		page, err := r.Projects(f.ctx, accountID, after, limit)
		var names []string
		for _, p := range page {
			names = append(names, p.Name)
		}
		return names, err
	})
}

// pages reads a list page by page until a page is empty; no page is longer than
// limit, and none but the last is shorter.
func (f *fixture) pages(limit int, read func(r app.Reader, after string) ([]string, error)) []string {
	f.Helper()
	var all []string
	for after, short := "", false; ; {
		var names []string
		f.read(func(r app.Reader) (err error) {
			names, err = read(r, after)
			return err
		})
		if len(names) == 0 {
			return all
		}
		if len(names) > limit || short {
			f.Fatalf("a page of %d after %q, limit %d", len(names), after, limit)
		}
		all, after, short = append(all, names...), names[len(names)-1], len(names) < limit
	}
}
