package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
)

// TestBackupWhileWriting has a copy hold, at whatever moment it was made, a log
// without a gap whose head fits.
func TestBackupWhileWriting(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	appendEntries(t, s, 200)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				appendEntries(t, s, 3)
			}
		}
	}()
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	for _, dir := range dirs {
		if err := s.Backup(t.Context(), filepath.Join(dir, store.SQLiteFile)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-stopped
	for _, dir := range dirs {
		info, err := os.Stat(filepath.Join(dir, store.SQLiteFile))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("the copy has mode %v, %v", info.Mode(), err)
		}
		copied := open(t, store.Options{Dir: dir})
		n := wholeLog(t, copied)
		if n < 200 {
			t.Errorf("a copy of %d entries, want at least 200", n)
		}
		appendEntries(t, copied, 1) // it is a store like any other
	}
}

func TestBackupsThatAreRefused(t *testing.T) {
	s := open(t, store.Options{Dir: t.TempDir()})
	dir := t.TempDir()
	existing := filepath.Join(dir, "existing")
	if err := os.WriteFile(existing, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	isOneLine(t, s.Backup(t.Context(), existing), existing, "exists already", "new file")
	below := filepath.Join(dir, "missing", "copy.db")
	isOneLine(t, s.Backup(t.Context(), below), below, "cannot be written")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cancelled := filepath.Join(dir, "cancelled")
	if err := s.Backup(ctx, cancelled); err == nil {
		t.Error("a backup was made after its context ended")
	}
	if _, err := os.Stat(cancelled); !os.IsNotExist(err) {
		t.Errorf("a backup that failed left a file: %v", err)
	}
	if info, err := os.Stat(existing); err != nil || info.Size() != 0 {
		t.Error("a refused backup changed the file")
	}
	p := open(t, store.Options{DatabaseURL: testenv.Postgres(t)})
	isOneLine(t, p.Backup(t.Context(), filepath.Join(dir, "copy")), "pg_dump")
}

// appendEntries appends n entries to the instance's log in one transaction.
func appendEntries(t *testing.T, s *store.Store, n int) {
	t.Helper()
	err := s.Write(t.Context(), func(tx app.Tx) error {
		head, err := tx.LockAuditHead(t.Context(), 0)
		if err != nil {
			return err
		}
		var entries []app.AuditEntry
		for i := range n {
			entries = append(entries, app.AuditEntry{Seq: head.Seq + int64(i) + 1, Actor: "system", Action: "test", Detail: "{}", MAC: []byte{byte(i)}})
		}
		return tx.AppendAudit(t.Context(), entries)
	})
	if err != nil {
		t.Error(err)
	}
}

// wholeLog returns the length of the instance's log, which has no gap and ends at its head.
func wholeLog(t *testing.T, s *store.Store) int {
	t.Helper()
	var head app.AuditHead
	var entries []app.AuditEntry
	err := s.Read(t.Context(), func(r app.Reader) (err error) {
		if head, err = r.AuditHeadOf(t.Context(), 0); err != nil {
			return err
		}
		entries, err = r.AuditEntries(t.Context(), 0, 0, 1_000_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if e.Seq != int64(i+1) {
			t.Fatalf("entry %d at place %d", e.Seq, i+1)
		}
	}
	if head.Seq != int64(len(entries)) {
		t.Fatalf("a head at %d over %d entries", head.Seq, len(entries))
	}
	return len(entries)
}
