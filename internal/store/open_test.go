package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
)

// run runs a statement on the store's own database, beside its methods.
func run(t *testing.T, s *store.Store, statement string) {
	t.Helper()
	if _, err := s.Writer().ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// refused demands that the store does not open, with one line that has the words.
func refused(t *testing.T, o store.Options, words ...string) {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err == nil {
		t.Fatal(errors.Join(errors.New("the store opened"), s.Close()))
	}
	isOneLine(t, err, words...)
}

func isOneLine(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than one line", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func TestStoreThatIsTooNew(t *testing.T) {
	onBoth(t, func(t *testing.T, o store.Options) {
		s := open(t, o)
		run(t, s, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
		open(t, o) // newer, and made so that this binary can live with it
		run(t, s, `UPDATE meta SET value = 9999 WHERE name = 'min_binary'`)
		o.Version = "0.9.1"
		refused(t, o, "needs a newer segue than 0.9.1", "upgrade segue")
	})
}

func TestOpenersMigrateOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, o store.Options) {
		var inside, ran atomic.Int32
		o.Migrations = []store.Migration{func(ctx context.Context, db *sql.DB, dialect string) error {
			if inside.Add(1) != 1 {
				t.Error("two openers migrate at once")
			}
			defer inside.Add(-1)
			var accounts int
			if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM accounts`).Scan(&accounts); err != nil {
				t.Errorf("migrations of others run before the store's own: %v", err)
			}
			if _, err := db.ExecContext(ctx, `SELECT * FROM made_by_another`); err == nil {
				return nil
			}
			ran.Add(1)
			_, err := db.ExecContext(ctx, `CREATE TABLE made_by_another (dialect TEXT)`)
			return err
		}}
		var openers sync.WaitGroup
		for range 4 {
			openers.Go(func() {
				s, err := store.Open(t.Context(), o)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		openers.Wait()
		if ran.Load() != 1 {
			t.Errorf("the migration of another package ran %d times", ran.Load())
		}
		var applied int
		err := open(t, o).Writer().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM goose_db_version WHERE version_id = 1`).Scan(&applied)
		if err != nil || applied != 1 {
			t.Errorf("migration 1 was applied %d times: %v", applied, err)
		}
	})
}

func TestMigrationOfAnotherPackageFails(t *testing.T) {
	onBoth(t, func(t *testing.T, o store.Options) {
		broken := errors.New("broken")
		failing := o
		failing.Migrations = []store.Migration{func(context.Context, *sql.DB, string) error { return broken }}
		if _, err := store.Open(t.Context(), failing); !errors.Is(err, broken) {
			t.Errorf("error %v, want %v", err, broken)
		}
		open(t, o) // the lock is free again
	})
}

func TestDialectAndWriter(t *testing.T) {
	if s := open(t, store.Options{Dir: t.TempDir()}); s.Dialect() != "sqlite" || s.Writer().Stats().MaxOpenConnections != 1 {
		t.Errorf("dialect %q with %d writers", s.Dialect(), s.Writer().Stats().MaxOpenConnections)
	}
	if s := open(t, store.Options{DatabaseURL: testenv.Postgres(t)}); s.Dialect() != "postgres" {
		t.Errorf("dialect %q", s.Dialect())
	}
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode here")
	}
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := open(t, store.Options{Dir: dir})
	write(t, s, func(tx app.Tx) error {
		return tx.InsertProject(t.Context(), app.Project{ID: 1, Name: "acme", FirstName: "acme"})
	})
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s: %v, %v", dir, info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 { // the store, its log and the log's index
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
	}
}

func TestDirectoriesOfAnyName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b%20c?mode=memory#d&e;ö")
	s := open(t, store.Options{Dir: dir})
	write(t, s, func(tx app.Tx) error {
		return tx.InsertProject(t.Context(), app.Project{ID: 1, Name: "acme", FirstName: "acme"})
	})
	if info, err := os.Stat(filepath.Join(dir, store.SQLiteFile)); err != nil || info.Size() == 0 {
		t.Errorf("the store is not where it was asked to be: %v", err)
	}
}

func TestDurableSettings(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	for setting, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := s.Writer().QueryRowContext(t.Context(), "PRAGMA "+setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", setting, got, err, want)
		}
	}
}

func TestStoresThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, store.Options{Dir: file}, file, "--dir")
	refused(t, store.Options{Dir: filepath.Join(file, "below")}, file, "--dir")

	foreign := filepath.Join(dir, "foreign")
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, store.SQLiteFile), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, store.Options{Dir: foreign}, foreign, "no SQLite database", "backup")

	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, store.SQLiteFile), 0o700); err != nil {
		t.Fatal(err)
	}
	refused(t, store.Options{Dir: taken}, taken, "--dir")
}

func TestDiskFull(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	run(t, s, `PRAGMA max_page_count = 1`) // SQLite takes the pages that there are
	err := s.Write(t.Context(), func(tx app.Tx) error {
		return tx.InsertProject(t.Context(), app.Project{ID: 1, Name: "acme", FirstName: "acme", TechEmails: []string{strings.Repeat("x", 1<<20)}})
	})
	isOneLine(t, err, "disk", "full", "free space")
	run(t, s, `PRAGMA max_page_count = 1000000`)
	write(t, s, func(tx app.Tx) error {
		return tx.InsertProject(t.Context(), app.Project{ID: 1, Name: "acme", FirstName: "acme"})
	})
}

func TestPostgresThatCannotBeOpened(t *testing.T) {
	const secret = "hunter2"
	server := testenv.Postgres(t)
	missing := strings.Replace(server, "/segue_", "/no_such_", 1)
	for name, test := range map[string]struct {
		url   string
		words []string
	}{
		"no server":        {"postgres://segue:" + secret + "@127.0.0.1:1/segue", []string{"127.0.0.1:1", "does not answer", "start it"}},
		"no host":          {"postgres://segue:" + secret + "@host.invalid/segue", []string{"host.invalid", "does not answer"}},
		"no such database": {missing, []string{"no such database", "createdb"}},
		"not a URL":        {"postgres://segue:" + secret + "@host:port/segue", []string{"database URL", "postgres://USER:PASSWORD@HOST:PORT/DATABASE"}},
		"another scheme":   {"mysql://segue:" + secret + "@host/segue", []string{"does not begin with postgres://"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(t.Context(), store.Options{DatabaseURL: test.url})
			isOneLine(t, err, test.words...)
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), secret) {
					t.Errorf("the password is in %q", e)
				}
			}
		})
	}
}

// TestConnectionsThatEnd has the server end every connection, as a restart does.
func TestConnectionsThatEnd(t *testing.T) {
	o := store.Options{DatabaseURL: testenv.Postgres(t)}
	s, other := open(t, o), open(t, o)
	for i := range 3 {
		write(t, s, func(tx app.Tx) error {
			return tx.InsertProject(t.Context(), app.Project{ID: int64(i + 1), Name: string(rune('a' + i)), FirstName: string(rune('a' + i))})
		})
		run(t, other, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	}
	projects, err := s.InspectProjects(t.Context(), 0, 10)
	if err != nil || len(projects) != 3 {
		t.Errorf("%d projects, %v", len(projects), err)
	}
}

func TestServeLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	release, err := store.LockServe(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.LockServe(dir)
	isOneLine(t, err, "another `segue serve`", dir, "--dir")
	open(t, store.Options{Dir: dir}) // commands open the store beside
	elsewhere, err := store.LockServe(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere()
	release()
	again, err := store.LockServe(dir)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
