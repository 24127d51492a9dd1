package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLiteFile is the name of the embedded store in its directory.
const SQLiteFile = "segue.db"

// busyTimeout is how long a connection waits for another process that writes.
// After that somebody should look at what holds the lock.
const busyTimeout = 10 * time.Second

// sqlite is a store in one file.
type sqlite struct {
	dir      string
	file     string
	prepared *[sqliteStatements]*sql.Stmt
}

func newSQLite(dir string) *sqlite {
	return &sqlite{dir: dir, file: filepath.Join(dir, SQLiteFile)}
}

func (s *sqlite) dialect() string { return "sqlite" }

func (s *sqlite) open(ctx context.Context, o Options) (writer, reader *sql.DB, err error) {
	if err := s.makeFile(); err != nil {
		return nil, nil, err
	}
	if writer, err = s.openWriter(ctx, o); err != nil {
		return nil, nil, err
	}
	if s.prepared, err = prepareSQLite(ctx, writer); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	if reader, err = s.pool(readerPragmas, "deferred", max(4, runtime.GOMAXPROCS(0))); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	return writer, reader, nil
}

// makeFile makes directory and file where they are missing, so that nobody else
// can read them from their first moment.
func (s *sqlite) makeFile() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return s.unusable(err)
	}
	file, err := os.OpenFile(s.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return s.unusable(err)
	}
	return file.Close()
}

// unusable explains a failure of the file system.
func (s *sqlite) unusable(err error) error {
	remedy := "name another directory with --dir"
	switch {
	case errors.Is(err, fs.ErrPermission):
		remedy = "give the user who runs segue the right to read and write it and its directory, or name another directory with --dir"
	case isDiskFull(err):
		remedy = "free space on its disk"
	}
	return &mendable{fmt.Sprintf("the store %s cannot be opened: %s; %s", s.file, reason(err), remedy), err}
}

// reason is the innermost text of a failure of the file system.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// openWriter opens the one connection that writes and migrates on it. Only one
// process at a time does so: two could not both turn a new file to WAL.
func (s *sqlite) openWriter(ctx context.Context, o Options) (*sql.DB, error) {
	unlock, err := lockFile(ctx, filepath.Join(s.dir, "migrate.lock"), true)
	if err != nil {
		return nil, s.unusable(err)
	}
	defer unlock()
	writer, err := s.pool(writerPragmas, "immediate", 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, writer, s, o); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return writer, nil
}

var (
	writerPragmas = []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)", // a commit is on the disk when it returns
		"foreign_keys(ON)",
		// A burst of renewals touches pages all over the file: a cache of 16 MiB and
		// a checkpoint every 16 MiB of log write each of them less often. A longer
		// log gains nothing more, and its checkpoint holds up the writer longer.
		"cache_size(-16384)",
		"wal_autocheckpoint(4000)",
		"journal_size_limit(67108864)", // of the log after a reader that held it up, as a backup does
	}
	readerPragmas = []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"query_only(ON)",
	}
)

// pool opens connections that begin transactions as lock says.
func (s *sqlite) pool(pragmas []string, lock string, size int) (*sql.DB, error) {
	path, err := filepath.Abs(s.file)
	if err != nil {
		return nil, s.unusable(err)
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{"_pragma": pragmas, "_txlock": {lock}}.Encode()}
	pool, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

func (s *sqlite) readOptions() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (s *sqlite) bulk(_ *sql.Conn, tx *sql.Tx) bulk { return &sqliteBulk{tx: tx, prepared: s.prepared} }

// sqliteCode is the extended result code of an error; 0 for one of another kind.
func sqliteCode(err error) int {
	var e *sqlitedriver.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// conflicts leaves out SQLITE_BUSY itself: that comes after busyTimeout.
func (s *sqlite) conflicts(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_BUSY_SNAPSHOT || code == sqlite3.SQLITE_BUSY_RECOVERY
}

func (s *sqlite) duplicates(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// missesTable takes every error of the SQL itself: the text that it is asked
// about is right on any database that has the tables.
func (s *sqlite) missesTable(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_ERROR }

func (s *sqlite) explain(err error) error {
	var already *mendable
	if err == nil || errors.As(err, &already) {
		return err
	}
	say := func(format string) error { return &mendable{fmt.Sprintf(format, s.file), err} }
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return say("the store %s is locked by another process: wait for it to end, or end it")
	case sqlite3.SQLITE_FULL:
		return say("the disk of the store %s is full: free space on it")
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return say("the store %s cannot be written: give the user who runs segue the right to write it and its directory")
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH:
		return say("the store %s cannot be opened: give the user who runs segue the right to read and write it and its directory")
	case sqlite3.SQLITE_IOERR:
		return say("the disk of the store %s fails to read or write: look at the system's log, then restart segue")
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return say("%s is damaged or no SQLite database: put a backup in its place, or name another directory with --dir")
	}
	return err
}

func (s *sqlite) clockQuery() string { return `SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)` }

// backup lets SQLite write the copy from one snapshot; other connections go on.
func (s *sqlite) backup(ctx context.Context, file string) (err error) {
	copied, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &mendable{fmt.Sprintf("%s exists already: name a new file for the backup", file), err}
	}
	if err != nil {
		return &mendable{fmt.Sprintf("the backup %s cannot be written: %s; name a file in a directory that this user may write", file, reason(err)), err}
	}
	defer func() {
		if err = errors.Join(err, copied.Close()); err != nil {
			err = errors.Join(err, os.Remove(file))
		}
	}()
	source, err := s.pool([]string{readerPragmas[0]}, "deferred", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if _, err := source.ExecContext(ctx, `VACUUM INTO ?`, file); err != nil {
		return fmt.Errorf("write the backup %s: %w", file, err)
	}
	return copied.Sync()
}
