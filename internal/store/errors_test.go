package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/segue-project/segue/internal/app"
)

// TestFailuresOfPostgres holds what the server says against what people read.
func TestFailuresOfPostgres(t *testing.T) {
	p, err := newPostgres("postgres://segue:hunter2@db.example.org:5433/certs?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		pgInvalidPassword:      "correct the database URL",
		pgInvalidAuthorization: "correct the database URL",
		pgNoDatabase:           "createdb",
		pgNoPrivilege:          "owner of the database",
		pgReadOnlyTransaction:  "primary",
		pgDiskFull:             "free space",
		pgTooManyConnections:   "max_connections",
		pgCannotConnectNow:     "try again",
	} {
		cause := fmt.Errorf("write user: %w", &pgconn.PgError{Code: code, Message: "two\nlines"})
		err := p.explain(cause)
		text := err.Error()
		if !strings.HasPrefix(text, "PostgreSQL at db.example.org:5433, database certs: ") || !strings.Contains(text, want) || strings.ContainsAny(text, "\n") {
			t.Errorf("%s: %q does not say %q", code, text, want)
		}
		if !errors.Is(err, cause) || p.explain(err) != err {
			t.Errorf("%s: the cause is lost, or explained twice", code)
		}
	}
	for _, err := range []error{nil, app.ErrNotFound, context.Canceled, &pgconn.PgError{Code: "42601"}} {
		if got := p.explain(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	p := &postgres{}
	for code, want := range map[string]bool{
		pgSerializationFailure: true, pgDeadlock: true, pgLockNotAvailable: true, pgUniqueViolation: false, pgDiskFull: false, "": false,
	} {
		if got := p.conflicts(fmt.Errorf("commit: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%q is tried again: %t", code, got)
		}
	}
}

// TestFailuresOfSQLite lets a real connection fail: another one has the lock.
func TestFailuresOfSQLite(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	d := s.database.(*sqlite)
	impatient, err := d.pool([]string{"busy_timeout(0)"}, "immediate", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = impatient.Close() }()
	err = s.write(t.Context(), func(*tx) error {
		_, err := impatient.BeginTx(t.Context(), nil)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), d.file) || !strings.Contains(err.Error(), "locked by another process") {
		t.Errorf("a lock held: %v", err)
	}
	if d.conflicts(err) {
		t.Error("what waited for busyTimeout is tried again")
	}
	_, err = s.reader.ExecContext(t.Context(), `DELETE FROM meta`)
	if err = d.explain(err); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("a write on a connection that reads: %v", err)
	}
}

func TestFailuresOfTheFileSystem(t *testing.T) {
	d := newSQLite("/data")
	for cause, want := range map[error]string{
		fs.ErrPermission: "right to read and write",
		syscall.ENOSPC:   "free space",
		syscall.ENOTDIR:  "another directory",
	} {
		err := d.unusable(&fs.PathError{Op: "open", Path: "/data/segue.db", Err: cause})
		if !strings.Contains(err.Error(), "/data/segue.db") || !strings.Contains(err.Error(), want) || !errors.Is(err, cause) {
			t.Errorf("%v: %v", cause, err)
		}
	}
}
