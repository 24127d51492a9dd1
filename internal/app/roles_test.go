package app_test

import (
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// TestRoles holds every use case against every role.
func TestRoles(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		calls := map[string]struct {
			call func(who app.Actor) error
			may  map[app.Role]bool
		}{
			"read project": {func(who app.Actor) error { _, err := f.GetProject(f.ctx, who, "acme", f.now); return err }, all},
			"list services": {func(who app.Actor) error {
				for _, err := range f.ReadServices(f.ctx, who, "acme", f.now) {
					return err
				}
				return nil
			}, all},
			"read service": {func(who app.Actor) error { _, err := f.GetService(f.ctx, who, "acme", "orders", f.now); return err }, all},
			"read user": {func(who app.Actor) error {
				_, err := f.GetUser(f.ctx, who, "acme", "orders", "alice", f.now)
				return err
			}, all},
			"list renewals": {func(who app.Actor) error {
				_, _, err := f.ListRenewals(f.ctx, who, "acme", app.Page{}, f.now)
				return err
			}, all},
			"read policy": {func(who app.Actor) error { _, err := f.GetPolicy(f.ctx, who, "acme", "", f.now); return err }, all},
			"generations": {func(who app.Actor) error {
				_, err := f.ListGenerations(f.ctx, who, "acme", "orders", "alice", f.now)
				return err
			}, all},
			"read pair": {func(who app.Actor) error {
				_, err := f.GetGeneration(f.ctx, who, "acme", "orders", "alice", 1, f.now)
				return err
			}, users},
			"acknowledge": {func(who app.Actor) error {
				return f.AcknowledgeRenewal(f.ctx, who, "acme", "orders", "alice", 0, f.now)
			}, users},
			"set password": {func(who app.Actor) error {
				_, err := f.ResetCredentials(f.ctx, who, "acme", "orders", "alice", "12345678", f.now)
				return err
			}, users},
			"set policy": {func(who app.Actor) error {
				_, err := f.SetPolicy(f.ctx, who, "acme", "", app.PolicyPatch{}, false, f.now)
				return err
			}, operators},
			"make broker kit": {func(who app.Actor) error {
				_, err := f.BrokerKit(f.ctx, who, "acme", "orders", oneBroker, f.now)
				return err
			}, admins},
		}
		for _, role := range []app.Role{app.RoleAdmin, app.RoleOperator, app.RoleDeveloper, app.RoleReadOnly} {
			who := f.member(string(role)+"@example.com", role)
			for name, c := range calls {
				if err := c.call(who); c.may[role] {
					if err != nil {
						t.Errorf("%s may %s, got: %v", role, name, err)
					}
				} else {
					f.refused(err, app.CodeForbidden)
				}
			}
		}
		stranger := app.Actor{AccountID: 999, Email: "stranger@example.com"}
		_, err := f.GetProject(f.ctx, stranger, "acme", f.now)
		f.refused(err, app.CodeNotFound)
		_, err = f.CreateProject(f.ctx, stranger, app.NewProject{Name: "other"}, f.now)
		f.refused(err, app.CodeForbidden)
	})
}

var (
	all       = map[app.Role]bool{app.RoleAdmin: true, app.RoleOperator: true, app.RoleDeveloper: true, app.RoleReadOnly: true}
	users     = map[app.Role]bool{app.RoleAdmin: true, app.RoleOperator: true, app.RoleDeveloper: true}
	operators = map[app.Role]bool{app.RoleAdmin: true, app.RoleOperator: true}
	admins    = map[app.Role]bool{app.RoleAdmin: true}
	oneBroker = app.KitRequest{Brokers: []app.KitBroker{{ID: 1, Host: "127.0.0.1"}}}
)

func TestReadOnlySeesNoSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		reader := f.member("reader@example.com", app.RoleReadOnly)
		before := f.audited("keys.read")
		v, err := f.GetUser(f.ctx, reader, "acme", "orders", "alice", f.now)
		f.must(err)
		s, err := f.GetService(f.ctx, reader, "acme", "orders", f.now)
		f.must(err)
		for _, u := range append(s.Users, v) {
			if u.Password != "" || u.Current.Key != "" || u.Current.Cert != "" || !u.Hidden {
				t.Errorf("%s shows a secret to read_only", u.Name)
			}
		}
		if f.audited("keys.read") != before {
			t.Error("seeing no key must not be audited as seeing one")
		}
	})
}

func TestSightOfKeysAndDenialsAreAudited(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		before := f.audited("keys.read")
		_, err := f.GetService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if n := f.audited("keys.read"); n != before+1 {
			t.Errorf("%d audit entries for one request that showed keys", n-before)
		}
		reader := f.member("reader@example.com", app.RoleReadOnly)
		for range 5 { // rate-capped: a denial a minute
			_, err := f.GetGeneration(f.ctx, reader, "acme", "orders", "alice", 1, f.now)
			f.refused(err, app.CodeForbidden)
		}
		if n := f.audited("denied"); n != 1 {
			t.Errorf("%d audit entries for repeated denials, want 1", n)
		}
		_, err = f.GetGeneration(f.ctx, reader, "acme", "orders", "alice", 1, f.now.Add(2*time.Minute))
		f.refused(err, app.CodeForbidden)
		if n := f.audited("denied"); n != 2 {
			t.Errorf("%d audit entries for denials two minutes apart, want 2", n)
		}
	})
}

func TestSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		created, err := f.FirstAdministrator(f.ctx, "Admin@Example.com", "a long password", f.now)
		f.must(err)
		again, err := f.FirstAdministrator(f.ctx, "other@example.com", "a long password", f.now)
		f.must(err)
		if !created || again {
			t.Fatalf("first administrator: created %v, then %v", created, again)
		}
		token, acc, err := f.SignIn(f.ctx, "admin@example.com", "a long password", "127.0.0.1", "test", f.now)
		f.must(err)
		who, err := f.Authenticate(f.ctx, token, "127.0.0.1", "test", f.now.Add(2*time.Minute))
		f.must(err)
		if who.AccountID != acc.ID || !who.Administrator {
			t.Errorf("the token belongs to %+v", who)
		}
		_, err = f.Authenticate(f.ctx, token, "127.0.0.1", "test", f.now.Add(app.SignInTokenLife+time.Second))
		f.refused(err, app.CodeUnauthenticated)
		_, _, err = f.SignIn(f.ctx, "admin@example.com", "wrong", "127.0.0.1", "test", f.now)
		f.refused(err, app.CodeUnauthenticated)
		for range 100 {
			if _, _, err = f.SignIn(f.ctx, "nobody@example.com", "wrong", "127.0.0.1", "test", f.now); err == nil {
				t.Fatal("an unknown account signed in")
			}
			if refusal, ok := asRefusal(err); ok && refusal.Code == app.CodeTooMany {
				return
			}
		}
		t.Error("a hundred attempts were never limited")
	})
}
