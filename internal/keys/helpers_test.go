package keys

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

// memory is Keysets in memory. onSave, if set, runs before each save, and an
// error of it fails the save.
type memory struct {
	mu     sync.Mutex
	rows   map[string]memoryRow
	loads  int
	onSave func(name string) error
}

type memoryRow struct {
	wrapped  []byte
	revision int64
}

func newMemory() *memory { return &memory{rows: map[string]memoryRow{}} }

func (m *memory) LoadKeyset(ctx context.Context, name string) ([]byte, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	row, ok := m.rows[name]
	if !ok {
		return nil, 0, fmt.Errorf("keyset %s: %w", name, app.ErrNotFound)
	}
	return bytes.Clone(row.wrapped), row.revision, nil
}

func (m *memory) SaveKeyset(ctx context.Context, name string, wrapped []byte, ifRevision int64) error {
	if m.onSave != nil {
		if err := m.onSave(name); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[name].revision != ifRevision {
		return fmt.Errorf("keyset %s of another revision: %w", name, app.ErrExists)
	}
	m.rows[name] = memoryRow{bytes.Clone(wrapped), ifRevision + 1}
	return nil
}

func (m *memory) loaded() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loads
}

func newKeyFile(t testing.TB) *KeyFile {
	t.Helper()
	kf, err := OpenKeyFile(filepath.Join(t.TempDir(), "key"), true)
	if err != nil {
		t.Fatal(err)
	}
	return kf
}

func open(t testing.TB, m *memory, kf *KeyFile) *Custody {
	t.Helper()
	c, err := Open(t.Context(), m, kf)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// place is where a secret lies.
type place struct {
	purpose        app.Purpose
	project, owner int64
	id             string
}

var somewhere = place{app.SealUserKey, 1, 2, "0cff"}

func (p place) seal(t testing.TB, c *Custody, secret string) []byte {
	t.Helper()
	sealed, err := c.Seal(t.Context(), p.purpose, p.project, p.owner, p.id, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func (p place) open(c *Custody, sealed []byte) (string, error) {
	secret, err := c.Open(context.Background(), p.purpose, p.project, p.owner, p.id, sealed)
	return string(secret), err
}

// opens demands that the secret opens as what was sealed.
func (p place) opens(t testing.TB, c *Custody, sealed []byte, secret string) {
	t.Helper()
	if got, err := p.open(c, sealed); err != nil || got != secret {
		t.Errorf("opened %q, %v, want %q", got, err, secret)
	}
}
