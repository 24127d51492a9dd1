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
			"end of pairs": {func(who app.Actor) error { _, err := f.PairsEnd(f.ctx, who, "acme", "orders", f.now); return err }, all},
			"list renewals": {func(who app.Actor) error {
				_, _, err := f.ListRenewals(f.ctx, who, "acme", app.Page{}, f.now)
				return err
			}, all},
			"read policy": {func(who app.Actor) error { _, err := f.GetPolicy(f.ctx, who, "acme", "", f.now); return err }, all},
			"generations": {func(who app.Actor) error {
				_, err := f.ListGenerations(f.ctx, who, "acme", "orders", "alice", f.now)
				return err
			}, all},
			"history": {func(who app.Actor) error {
				_, err := f.UserHistory(f.ctx, who, "acme", "orders", "alice", f.now)
				return err
			}, all},
			"preview user": {func(who app.Actor) error {
				_, err := f.PreviewUser(f.ctx, who, "acme", "orders", "alice", f.now)
				return err
			}, users},
			"read pair": {func(who app.Actor) error {
				_, err := f.GetGeneration(f.ctx, who, "acme", "orders", "alice", 1, f.now)
				return err
			}, users},
			"make bundle": {func(who app.Actor) error {
				_, err := f.MakeBundle(f.ctx, who, "acme", "orders", "alice", app.BundleRequest{Format: "jks"}, f.now)
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
			"find users": {func(who app.Actor) error {
				_, _, err := f.FindUsers(f.ctx, who, "acme", "orders", app.UserFilter{}, app.Page{}, f.now)
				return err
			}, all},
			"count users":    {func(who app.Actor) error { _, err := f.CountUsers(f.ctx, who, "acme", "", f.now); return err }, all},
			"count services": {func(who app.Actor) error { _, err := f.CountServices(f.ctx, who, "acme", f.now); return err }, all},
			"total services": {func(who app.Actor) error { _, err := f.TotalServices(f.ctx, who, "acme", f.now); return err }, all},
			"list service counts": {func(who app.Actor) error {
				_, _, err := f.ListServiceCounts(f.ctx, who, "acme", app.Page{}, f.now)
				return err
			}, all},
			"count dates": {func(who app.Actor) error {
				_, err := f.CountDates(f.ctx, who, "acme", "", f.now, f.now.Add(day), time.UTC, f.now)
				return err
			}, all},
			"list dates": {func(who app.Actor) error {
				_, _, err := f.ListDates(f.ctx, who, "acme", "orders", f.now, f.now.Add(day), app.Page{}, f.now)
				return err
			}, all},
			"list audit": {func(who app.Actor) error {
				_, err := f.ListAudit(f.ctx, who, "acme", app.AuditFilter{}, 0, 10, f.now)
				return err
			}, all},
			"verify audit": {func(who app.Actor) error { _, err := f.VerifyAudit(f.ctx, who, "acme", nil, f.now); return err }, all},
			"list user messages": {func(who app.Actor) error {
				_, _, err := f.ListUserMessages(f.ctx, who, "acme", "orders", "alice", app.Page{}, f.now)
				return err
			}, all},
			"acknowledgement": {func(who app.Actor) error {
				_, _, err := f.Acknowledgement(f.ctx, who, "acme", "orders", "alice", 1, f.now)
				return err
			}, all},
			"health": {func(who app.Actor) error { _, err := f.ProjectHealth(f.ctx, who, "acme", f.now); return err }, all},
			"acknowledge many": {func(who app.Actor) error {
				_, err := f.AcknowledgeRenewals(f.ctx, who, "acme", []app.RenewalRef{{Service: "orders", User: "alice"}}, f.now)
				return err
			}, users},
			"preview policy": {func(who app.Actor) error {
				_, err := f.PreviewPolicy(f.ctx, who, "acme", "", app.PolicyPatch{}, f.now)
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
		for _, c := range calls {
			f.refused(c.call(stranger), app.CodeNotFound)
		}
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
