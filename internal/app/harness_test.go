package app_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/auth"
	"github.com/segue-project/segue/internal/kafka"
	"github.com/segue-project/segue/internal/keys"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/notify"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
)

const day = 24 * time.Hour

// start is when the tests' time begins; it moves only where a test moves it.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// fixture is the real thing on one database: store, keys, use cases.
type fixture struct {
	*app.App
	t     testing.TB
	ctx   context.Context
	store *store.Store
	dir   string
	url   string
	now   time.Time
	admin app.Actor

	members int64
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newFixture(t, t.TempDir(), ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newFixture(t, t.TempDir(), testenv.Postgres(t)))
	})
}

func newFixture(t testing.TB, dir, url string) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), dir: dir, url: url, now: start, admin: app.System()}
	f.App, f.store = f.open()
	return f
}

// open returns another instance over the same store and key file, as another process has it.
func (f *fixture) open() (*app.App, *store.Store) {
	f.t.Helper()
	st, err := store.Open(f.ctx, store.Options{Dir: f.dir, DatabaseURL: f.url, Version: "test"})
	f.must(err)
	f.t.Cleanup(func() { _ = st.Close() })
	empty, err := st.Empty(f.ctx)
	f.must(err)
	keyFile, err := keys.OpenKeyFile(filepath.Join(f.dir, "key"), empty)
	f.must(err)
	custody, err := keys.Open(f.ctx, st, keyFile)
	f.must(err)
	outgoing := notify.NewOutgoing(true)
	return app.New(app.Config{
		Store: st, Inspector: st, Resealer: st, Custody: custody,
		Passwords: auth.NewPasswords(), Tokens: auth.Tokens{}, Limits: auth.NewLimits(), Kit: kafka.Kit{}, Clusters: kafka.Clusters{},
		Renderer: notify.NewRenderer(), Mailer: notify.NewOutbox(), NewWebhookSecret: notify.NewWebhookSecret,
		Posters: map[app.ChannelKind]app.Poster{
			app.ChannelWebhook: notify.NewWebhook(outgoing, time.Now), app.ChannelSlack: notify.NewSlack(outgoing),
		},
		PublicURL: "http://segue.example:8420", Log: slog.New(slog.DiscardHandler),
	}), st
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// refused checks that err is a refusal with this code.
func (f *fixture) refused(err error, code app.Code) *app.Error {
	f.t.Helper()
	refusal, ok := asRefusal(err)
	if !ok || refusal.Code != code {
		f.t.Fatalf("got %v, want a refusal with code %s", err, code)
	}
	return refusal
}

// service makes project "acme" with service "orders".
func (f *fixture) service() {
	f.t.Helper()
	_, err := f.CreateProject(f.ctx, f.admin, app.NewProject{Name: "acme", TechEmails: []string{"kafka-team@example.com"}}, f.now)
	f.must(err)
	_, err = f.CreateService(f.ctx, f.admin, "acme", app.NewService{
		Name: "orders", UserConfig: map[string]any{"bootstrap_servers": "127.0.0.1:9092"},
	}, f.now)
	f.must(err)
}

func (f *fixture) createUser(name string) app.UserView {
	f.t.Helper()
	v, err := f.CreateUser(f.ctx, f.admin, "acme", "orders", name, f.now)
	f.must(err)
	return v
}

func (f *fixture) user(name string) app.UserView {
	f.t.Helper()
	v, err := f.GetUser(f.ctx, f.admin, "acme", "orders", name, f.now)
	f.must(err)
	return v
}

func (f *fixture) sweep() app.SweepReport {
	f.t.Helper()
	report, err := f.Sweep(f.ctx, app.SweepOptions{}, f.now)
	f.must(err)
	return report
}

// clean demands that every invariant holds now.
func (f *fixture) clean() {
	f.t.Helper()
	f.must(f.CheckStore(f.ctx, f.now, func(v app.Violation) {
		if v.Invariant != 0 {
			f.t.Errorf("invariant %d: %s: %s", v.Invariant, v.Subject, v.Message)
		}
	}))
}

func (f *fixture) state(name string, want lifecycle.State) {
	f.t.Helper()
	if got := f.user(name).State; got != want {
		f.t.Fatalf("%s is %s at %s, want %s", name, got, f.now, want)
	}
}

// member puts an account with a role into the store.
func (f *fixture) member(email string, role app.Role) app.Actor {
	f.t.Helper()
	f.members++
	actor := app.Actor{AccountID: f.members, Email: email}
	f.must(f.store.Write(f.ctx, func(tx app.Tx) error {
		p, err := tx.ProjectByName(f.ctx, "acme")
		if err != nil {
			return err
		}
		if err := tx.InsertAccount(f.ctx, app.Account{ID: actor.AccountID, Email: email, CreatedAt: f.now}); err != nil {
			return err
		}
		return tx.SetRole(f.ctx, p.ID, actor.AccountID, role, f.now)
	}))
	return actor
}

// audited counts the entries of project "acme" with this action.
func (f *fixture) audited(action string) int {
	f.t.Helper()
	n := 0
	f.must(f.store.Read(f.ctx, func(r app.Reader) error {
		p, err := r.ProjectByName(f.ctx, "acme")
		if err != nil {
			return err
		}
		entries, err := r.AuditEntries(f.ctx, p.ID, 0, 10_000)
		for _, e := range entries {
			if e.Action == action {
				n++
			}
		}
		return err
	}))
	return n
}
