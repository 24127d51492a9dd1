package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

// Migration brings tables of another package in the same database up to date.
// It is called at every opening, under the migration lock, and finds nothing to
// do almost always. dialect is "sqlite" or "postgres".
type Migration func(ctx context.Context, db *sql.DB, dialect string) error

// Options says which store to open.
type Options struct {
	// Dir is where the SQLite file lies; made with mode 0700 where it is missing.
	Dir string
	// DatabaseURL is a PostgreSQL to use instead, "postgres://…".
	DatabaseURL string
	// Version of this binary, for messages.
	Version string
	// Migrations run after the store's own.
	Migrations []Migration
}

// Store is an open store; it is safe for concurrent use, and any number of
// processes may have it open.
type Store struct {
	database
	writer *sql.DB
	reader *sql.DB
}

var (
	_ app.Store     = (*Store)(nil)
	_ app.Inspector = (*Store)(nil)
	_ app.Resealer  = (*Store)(nil)
)

// database is what differs between SQLite and PostgreSQL outside the bulk statements.
type database interface {
	// dialect is "sqlite" or "postgres".
	dialect() string
	// open brings the database to the newest migration and opens it.
	open(ctx context.Context, o Options) (writer, reader *sql.DB, err error)
	// readOptions begin a transaction that reads one snapshot.
	readOptions() *sql.TxOptions
	// bulk gives the bulk statements in a transaction that began on conn.
	bulk(conn *sql.Conn, tx *sql.Tx) bulk
	// conflicts reports whether the transaction failed only because of another one.
	conflicts(err error) bool
	// duplicates reports whether a unique index refused a row.
	duplicates(err error) bool
	// missesTable reports whether a query named a table that is not there.
	missesTable(err error) bool
	// explain turns what a person can mend into one line that says how, and
	// leaves everything else alone.
	explain(err error) error
	// clockQuery reads the host's clock in unix milliseconds.
	clockQuery() string
	backup(ctx context.Context, file string) error
}

// Open opens the store, makes it where there is none, and brings it to the
// newest migration. It refuses a store that needs a newer binary.
func Open(ctx context.Context, o Options) (*Store, error) {
	var d database = newSQLite(o.Dir)
	if o.DatabaseURL != "" {
		var err error
		if d, err = newPostgres(o.DatabaseURL); err != nil {
			return nil, err
		}
	}
	writer, reader, err := d.open(ctx, o)
	if err != nil {
		return nil, d.explain(err)
	}
	return &Store{database: d, writer: writer, reader: reader}, nil
}

// Close waits for what is running and closes the store.
func (s *Store) Close() error {
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect() }

// Writer is the database that writes go to. On SQLite it is one connection: to
// hold it while waiting for a Write is a deadlock.
func (s *Store) Writer() *sql.DB { return s.writer }

// Empty reports whether the store has no account yet.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var some bool
	err := s.read(ctx, func(r reader) (err error) {
		some, err = r.q.HasAccounts(ctx)
		return readError("accounts", err)
	})
	return !some, err
}

// HostClock is the time on the database's host.
func (s *Store) HostClock(ctx context.Context) (time.Time, error) {
	var ms int64
	if err := s.reader.QueryRowContext(ctx, s.clockQuery()).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("clock of the database's host: %w", s.explain(err))
	}
	return fromMillis(ms), nil
}

// Backup writes a consistent copy of a SQLite store, beside everything else that
// goes on, into a new file of mode 0600. Keys are not part of the store, so the
// copy opens nothing without the key file.
func (s *Store) Backup(ctx context.Context, file string) error {
	return s.explain(s.backup(ctx, file))
}

// Read runs fn on one snapshot.
func (s *Store) Read(ctx context.Context, fn func(app.Reader) error) error {
	return s.read(ctx, func(r reader) error { return fn(r) })
}

func (s *Store) read(ctx context.Context, fn func(reader) error) (err error) {
	snapshot, err := s.reader.BeginTx(ctx, s.readOptions())
	if err != nil {
		return fmt.Errorf("begin to read: %w", s.explain(err))
	}
	defer func() { _ = snapshot.Rollback() }() // nothing was written
	return s.explain(fn(reader{q: db.New(snapshot)}))
}

// Write runs fn in one transaction, and again where another writer was in the way.
func (s *Store) Write(ctx context.Context, fn func(app.Tx) error) error {
	return s.write(ctx, func(t *tx) error { return fn(t) })
}

// writeTries is how often a transaction is tried.
const writeTries = 10

// errConflict is what a write returns that lost to another transaction in a way
// that the database itself does not notice.
var errConflict = errors.New("another writer was faster")

func (s *Store) write(ctx context.Context, fn func(*tx) error) error {
	for try := 1; ; try++ {
		err := s.writeOnce(ctx, fn)
		if err == nil || try == writeTries || !(errors.Is(err, errConflict) || s.conflicts(err)) {
			return s.explain(err)
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// pause waits a little, longer with each try and never the same, for the other
// writer to end.
func pause(ctx context.Context, try int) error {
	limit := min(time.Millisecond<<try, 200*time.Millisecond)
	timer := time.NewTimer(rand.N(limit) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) writeOnce(ctx context.Context, fn func(*tx) error) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	transaction, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer func() { _ = transaction.Rollback() }() // nothing to roll back once it committed
	t := &tx{reader: reader{q: db.New(transaction)}, bulk: s.bulk(conn, transaction), duplicates: s.duplicates}
	if err := fn(t); err != nil {
		return err
	}
	if err := transaction.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// reader implements app.Reader in any transaction.
type reader struct{ q *db.Queries }

// tx implements app.Tx in one transaction.
type tx struct {
	reader
	bulk       bulk
	duplicates func(error) bool
}

// readError names what was read.
func readError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%s: %w", what, app.ErrNotFound)
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// writeError names what was written.
func (t *tx) writeError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case t.duplicates(err):
		return fmt.Errorf("%s: %w", what, app.ErrExists)
	}
	return fmt.Errorf("write %s: %w", what, err)
}

// changedOne makes ErrNotFound of a statement that found nothing to change.
func (t *tx) changedOne(what string, n int64, err error) error {
	if err == nil && n == 0 {
		return fmt.Errorf("%s: %w", what, app.ErrNotFound)
	}
	return t.writeError(what, err)
}
