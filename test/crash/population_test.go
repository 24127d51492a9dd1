package crash

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/auth"
	"github.com/segue-project/segue/internal/kafka"
	"github.com/segue-project/segue/internal/keys"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
	"github.com/segue-project/segue/internal/work"
)

const day = 24 * time.Hour

// instance is one store with its key file.
type instance struct {
	dir string // of the key file, and of the store where url is empty
	url string
}

func (in instance) args(command string, args ...string) []string {
	all := []string{command, "--dir", in.dir}
	if in.url != "" {
		all = append(all, "--database-url", in.url)
	}
	return append(all, args...)
}

// opened is an instance with the use cases over it, in this process.
type opened struct {
	*app.App
	store *store.Store
}

func (in instance) open(t *testing.T) opened {
	t.Helper()
	ctx := context.Background() // outlives the test's own, for cleanups
	st, err := store.Open(ctx, store.Options{Dir: in.dir, DatabaseURL: in.url, Version: "test", Migrations: []store.Migration{work.Migrate}})
	must(t, err)
	empty, err := st.Empty(ctx)
	must(t, err)
	keyFile, err := keys.OpenKeyFile(filepath.Join(in.dir, "key"), empty)
	must(t, err)
	custody, err := keys.Open(ctx, st, keyFile)
	must(t, err)
	return opened{store: st, App: app.New(app.Config{
		Store: st, Inspector: st, Resealer: st, Custody: custody,
		Passwords: auth.NewPasswords(), Tokens: auth.Tokens{}, Limits: auth.NewLimits(), Kit: kafka.Kit{}, Log: slog.New(slog.DiscardHandler),
	})}
}

func (o opened) close(t *testing.T) {
	t.Helper()
	must(t, o.store.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// populate fills a store with users that are all due at the same moment: the
// young for the first time, the old for the second, with a renewal that nobody
// acknowledged and that the next one closes. The two avnadmin are among them.
func populate(t *testing.T, in instance, young, old int, due time.Time) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	life := lifecycle.DefaultPolicy()
	between := life.Validity - life.RenewBefore // from a pair to the next, without a spread
	first := due.Add(-2 * between)
	ctx := t.Context()
	_, err := o.FirstAdministrator(ctx, "root@example.com", "correct horse battery", first)
	must(t, err)
	_, err = o.CreateProject(ctx, app.System(), app.NewProject{Name: "acme"}, first)
	must(t, err)
	noSpread := "0s"
	_, err = o.SetPolicy(ctx, app.System(), "acme", "", app.PolicyPatch{Renewal: map[string]*string{"spread": &noSpread}}, false, first)
	must(t, err)
	create := func(service string, users int, at time.Time) {
		_, err := o.CreateService(ctx, app.System(), "acme", app.NewService{Name: service}, at)
		must(t, err)
		for i := range users {
			_, err := o.CreateUser(ctx, app.System(), "acme", service, fmt.Sprintf("user-%04d", i), at)
			must(t, err)
		}
	}
	create("old", old, first)
	_, err = o.Sweep(ctx, app.SweepOptions{}, first.Add(between))
	must(t, err)
	create("young", young, first.Add(between))
	for at, want := range map[time.Time]int{due.Add(-time.Second): 0, due: old + young + 2} {
		if n, err := o.Store.CountDue(ctx, at); err != nil || n != want {
			t.Fatalf("%d users are due at %s (%v), want %d", n, at, err, want)
		}
	}
}

// renewed counts the users whose current pair is the expected one: the third of
// the old, the second of the young.
func (o opened) renewed(t *testing.T) (n int) {
	t.Helper()
	o.users(t, func(u app.InspectedUser) {
		if u.Facts.Current().Number == expected(u) {
			n++
		}
	})
	return n
}

func expected(u app.InspectedUser) int {
	if u.ServiceName == "old" {
		return 3
	}
	return 2
}

func (o opened) users(t *testing.T, each func(app.InspectedUser)) {
	t.Helper()
	for after := int64(0); ; {
		page, err := o.Inspector.InspectUsers(t.Context(), after, 500)
		must(t, err)
		for _, u := range page {
			each(u)
			after = u.ID
		}
		if len(page) < 500 {
			return
		}
	}
}

// renewedOnce demands that everybody who was due was renewed exactly once.
func (o opened) renewedOnce(t *testing.T, users int) {
	t.Helper()
	n := 0
	o.users(t, func(u app.InspectedUser) {
		n++
		want := expected(u)
		if got := u.Facts.Current().Number; got != want || len(u.Pairs) != want || len(u.Facts.Renewals) != want-1 {
			t.Errorf("%s/%s has generation %d, %d pairs and %d renewals, want generation %d",
				u.ServiceName, u.Name, got, len(u.Pairs), len(u.Facts.Renewals), want)
		}
	})
	if n != users {
		t.Errorf("there are %d users, want %d", n, users)
	}
}

// sound demands that every invariant holds now.
func (o opened) sound(t *testing.T, when string) {
	t.Helper()
	must(t, o.CheckStore(t.Context(), time.Now(), func(v app.Violation) {
		if v.Invariant != 0 {
			t.Errorf("%s: invariant %d: %s: %s", when, v.Invariant, v.Subject, v.Message)
		}
	}))
}

// progress counts the renewals of this day; it is cheap enough to be asked all the time.
func (o opened) progress(t *testing.T) (n int) {
	t.Helper()
	row := o.store.Writer().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM renewals WHERE created_at >= $1`, time.Now().Add(-day).UnixMilli())
	must(t, row.Scan(&n))
	return n
}

// template is a populated instance to copy.
type template struct {
	instance
	users int
}

func newTemplate(t *testing.T, url string, young, old int, due time.Time) template {
	t.Helper()
	in := instance{dir: t.TempDir(), url: url}
	populate(t, in, young, old, due)
	return template{in, young + old + 2}
}

// copy makes an instance of its own, with the same keys.
func (from template) copy(t *testing.T) instance {
	t.Helper()
	to := instance{dir: t.TempDir()}
	files := []string{"key"}
	if from.url == "" {
		files = append(files, store.SQLiteFile)
	} else {
		to.url = copyDatabase(t, from.url)
	}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(from.dir, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(to.dir, name), data, 0o600))
	}
	return to
}

// copyDatabase copies a PostgreSQL database that nobody is connected to.
func copyDatabase(t *testing.T, from string) string {
	t.Helper()
	address, err := url.Parse(from)
	must(t, err)
	name := "crash_" + strings.ToLower(rand.Text())
	template := strings.TrimPrefix(address.Path, "/")
	other := testenv.Postgres(t) // to give orders from
	order := func(statement string) error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		conn, err := pgx.Connect(ctx, other)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, statement)
		return errors.Join(err, conn.Close(ctx))
	}
	must(t, order("CREATE DATABASE "+name+" TEMPLATE "+template))
	t.Cleanup(func() { must(t, order("DROP DATABASE "+name+" WITH (FORCE)")) })
	address.Path = "/" + name
	return address.String()
}
