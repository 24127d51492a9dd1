// Package testenv starts what tests need beside this process: real servers, on
// sockets of this machine alone, that end by themselves when the tests do.
package testenv

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresVariable names the environment variable with the URL of a PostgreSQL
// where tests may make databases. Test processes that find it share that server;
// the others start their own.
const PostgresVariable = "SEGUE_TEST_POSTGRES"

// startWithin bounds making and starting a server, and making a database.
const startWithin = 2 * time.Minute

// own are the servers of this process. Kept here they live as long as the process:
// collected as garbage, their leash would close and they would stop.
var own struct{ forTests, forBenchmarks *PostgresServer }

// The URLs of the servers that this process uses; the first that asks starts one.
var (
	serverForTests      = sync.OnceValues(func() (string, error) { return server(&own.forTests, Hasty...) })
	serverForBenchmarks = sync.OnceValues(func() (string, error) { return server(&own.forBenchmarks) })
)

func server(own **PostgresServer, settings ...string) (address string, err error) {
	if address := os.Getenv(PostgresVariable); address != "" {
		return address, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	if *own, err = StartPostgres(ctx, settings...); err != nil {
		return "", err
	}
	return (*own).URL, nil
}

// Postgres makes a fresh database for the test and returns its URL. A benchmark's
// is on a server with the settings that PostgreSQL has by itself, a test's on one
// that does not wait for the disk. The test fails where there is no PostgreSQL to run.
func Postgres(t testing.TB) string {
	t.Helper()
	find := serverForTests
	if _, ok := t.(*testing.B); ok {
		find = serverForBenchmarks
	}
	server, err := find()
	if err != nil {
		t.Fatal(err)
	}
	name := "segue_" + strings.ToLower(rand.Text())
	if err := administer(server, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := administer(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop a database: %v", err)
		}
	})
	address, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", PostgresVariable)
	}
	address.Path = "/" + name
	return address.String()
}

// administer runs one statement on a server.
func administer(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// Hasty are settings for a server whose data nobody needs after a power cut. To
// its clients it behaves like any other.
var Hasty = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}

// PostgresServer is a private PostgreSQL on a unix socket.
type PostgresServer struct {
	URL    string // of its database postgres
	keeper *exec.Cmd
	leash  *os.File // the server stops when this end of the pipe closes
}

// keep starts a server and waits until its standard input ends, as it does when
// the process that started it stops it or dies. Then it stops the server and
// removes the directory.
const keep = `
postgres=$1 dir=$2
shift 2
"$postgres" -D "$dir/data" -k "$dir" "$@" >"$dir/log" 2>&1 &
server=$!
read -r stop
kill -INT "$server"
wait "$server"
rm -rf "$dir"
`

// StartPostgres makes and starts a server that ends with Stop, or by itself when
// this process ends in whatever way. Where nothing refers to it any more it may
// stop too. Settings are "name=value"; the rest is as PostgreSQL has it by itself.
func StartPostgres(ctx context.Context, settings ...string) (_ *PostgresServer, err error) {
	binaries, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	owner, err := serverOwner()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "segue-pg-")
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{URL: "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop(), os.RemoveAll(dir))
		}
	}()
	if err := owner.give(dir); err != nil {
		return nil, err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(binaries, "initdb"), "-D", filepath.Join(dir, "data"),
		"-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	owner.run(initdb, dir)
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := s.start(owner, binaries, dir, settings); err != nil {
		return nil, err
	}
	return s, s.await(ctx, filepath.Join(dir, "log"))
}

// start runs the keeper on a leash.
func (s *PostgresServer) start(owner owner, binaries, dir string, settings []string) error {
	end, leash, err := os.Pipe()
	if err != nil {
		return err
	}
	args := []string{"-c", keep, "keep-postgres", filepath.Join(binaries, "postgres"), dir}
	for _, setting := range append([]string{"listen_addresses=", "max_connections=400"}, settings...) {
		args = append(args, "-c", setting)
	}
	s.keeper = exec.Command("/bin/sh", args...)
	s.keeper.Stdin = end
	owner.run(s.keeper, dir)
	if err := s.keeper.Start(); err != nil {
		s.keeper = nil
		return errors.Join(err, end.Close(), leash.Close())
	}
	s.leash = leash
	return end.Close()
}

// await returns when the server answers.
func (s *PostgresServer) await(ctx context.Context, log string) error {
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			said, _ := os.ReadFile(log)
			return fmt.Errorf("PostgreSQL does not start: %w: %s", err, said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server and waits until it has and its directory is gone.
func (s *PostgresServer) Stop() error {
	if s.keeper == nil {
		return nil
	}
	return errors.Join(s.leash.Close(), s.keeper.Wait())
}

// postgresBinaries is the directory of PostgreSQL's programs, of the newest
// version where there are several.
func postgresBinaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil && isServerDir(filepath.Dir(initdb)) {
			return filepath.Dir(initdb), nil
		}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // fails for a bad pattern only
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(b, a)) })
	for _, dir := range dirs {
		if isServerDir(dir) {
			return dir, nil
		}
	}
	return "", errors.New("PostgreSQL is missing: apt-get install postgresql, or set " + PostgresVariable + " to the URL of a server where databases may be made")
}

func isServerDir(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			return false
		}
	}
	return true
}
