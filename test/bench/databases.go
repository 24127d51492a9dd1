package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/keys"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
)

// database holds one population and gives fresh copies of it.
type database interface {
	name() string
	// prepare makes the population, replacing any before it.
	prepare(ctx context.Context, due, others int, now time.Time) error
	// copy makes a fresh copy and returns the arguments that name it to segue.
	copy(ctx context.Context) ([]string, error)
	// open opens the newest copy.
	open(ctx context.Context) (*store.Store, error)
	// drop removes population and copy.
	drop(ctx context.Context) error
}

// fill makes the population in a new store.
func fill(ctx context.Context, o store.Options, due, others int, now time.Time) (err error) {
	st, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	custody, err := openCustody(ctx, st, o.Dir)
	if err != nil {
		return err
	}
	a := app.New(app.Config{Store: st, Custody: custody, Log: slog.New(slog.DiscardHandler)})
	return populate(ctx, a, due, others, now)
}

func openCustody(ctx context.Context, ks keys.Keysets, dir string) (*keys.Custody, error) {
	keyFile, err := keys.OpenKeyFile(filepath.Join(dir, "key"), true)
	if err != nil {
		return nil, err
	}
	return keys.Open(ctx, ks, keyFile)
}

// memoryCustody is a real custody over a store of its own that is thrown away.
func memoryCustody(ctx context.Context) (_ *keys.Custody, err error) {
	dir, err := os.MkdirTemp("", "segue-bench-keys-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	st, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return openCustody(ctx, st, dir)
}

// findTime is how long finding the first page of due users takes.
func findTime(ctx context.Context, d database, now time.Time) (took time.Duration, err error) {
	st, err := d.open(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	find := func() error {
		shards, err := st.DueShards(ctx, now)
		if err != nil {
			return err
		}
		users, err := st.DuePage(ctx, shards[0], now, app.DueCursor{}, 250)
		if err == nil && len(users) == 0 {
			err = errors.New("no due user found")
		}
		return err
	}
	if err := find(); err != nil { // warms caches, which a running serve has warm
		return 0, err
	}
	const times = 20
	start := time.Now()
	for range times {
		if err := find(); err != nil {
			return 0, err
		}
	}
	return time.Since(start) / times, nil
}

// sqlite keeps the population in dir/population and copies it to dir/copy.
type sqlite struct{ dir string }

func (s *sqlite) name() string { return "SQLite" }

func (s *sqlite) at(name string) string { return filepath.Join(s.dir, name) }

func (s *sqlite) prepare(ctx context.Context, due, others int, now time.Time) error {
	if err := os.RemoveAll(s.at("population")); err != nil {
		return err
	}
	return fill(ctx, store.Options{Dir: s.at("population")}, due, others, now)
}

func (s *sqlite) copy(context.Context) ([]string, error) {
	if err := os.RemoveAll(s.at("copy")); err != nil {
		return nil, err
	}
	if err := os.CopyFS(s.at("copy"), os.DirFS(s.at("population"))); err != nil {
		return nil, err
	}
	syscall.Sync() // what the copy wrote must not be written during the measurement
	return []string{"--dir", s.at("copy")}, os.Chmod(filepath.Join(s.at("copy"), "key"), 0o600)
}

func (s *sqlite) open(ctx context.Context) (*store.Store, error) {
	return store.Open(ctx, store.Options{Dir: s.at("copy")})
}

func (s *sqlite) drop(context.Context) error {
	return errors.Join(os.RemoveAll(s.at("population")), os.RemoveAll(s.at("copy")))
}

// postgresql keeps the population in a database and copies it as a template.
type postgresql struct {
	server *testenv.PostgresServer
	dir    string
}

func startPostgres(dir string) (*postgresql, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := testenv.StartPostgres(ctx)
	return &postgresql{server: server, dir: filepath.Join(dir, "postgres-keys")}, err
}

func (p *postgresql) stop() { _ = p.server.Stop() }

func (p *postgresql) name() string { return "PostgreSQL" }

func (p *postgresql) url(database string) string {
	u, err := url.Parse(p.server.URL)
	if err != nil {
		panic(err) // our own server's
	}
	u.Path = "/" + database
	return u.String()
}

func (p *postgresql) administer(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, p.server.URL)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", s, err), conn.Close(ctx))
		}
	}
	return conn.Close(ctx)
}

func (p *postgresql) prepare(ctx context.Context, due, others int, now time.Time) error {
	if err := errors.Join(os.RemoveAll(p.dir), os.MkdirAll(p.dir, 0o700)); err != nil {
		return err
	}
	if err := p.administer(ctx, "CREATE DATABASE population"); err != nil {
		return err
	}
	if err := fill(ctx, store.Options{Dir: p.dir, DatabaseURL: p.url("population")}, due, others, now); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, p.url("population"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "VACUUM ANALYZE") // as autovacuum keeps a database in life
	return errors.Join(err, conn.Close(ctx))
}

func (p *postgresql) copy(ctx context.Context) ([]string, error) {
	args := []string{"--dir", p.dir, "--database-url", p.url("copy")}
	return args, p.administer(ctx, "DROP DATABASE IF EXISTS copy", "CREATE DATABASE copy TEMPLATE population", "CHECKPOINT")
}

func (p *postgresql) open(ctx context.Context) (*store.Store, error) {
	return store.Open(ctx, store.Options{Dir: p.dir, DatabaseURL: p.url("copy")})
}

func (p *postgresql) drop(ctx context.Context) error {
	return p.administer(ctx, "DROP DATABASE IF EXISTS copy", "DROP DATABASE population")
}

// firstAnswer asks until the server answers.
func firstAnswer(ctx context.Context, address string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}
