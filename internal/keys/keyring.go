package keys

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"github.com/segue-project/segue/internal/app"
)

// Keysets keeps wrapped keysets; package store does.
type Keysets interface {
	// LoadKeyset returns the newest keyset of the name and its revision, which
	// changes with each save; app.ErrNotFound when there is none.
	LoadKeyset(ctx context.Context, name string) (wrapped []byte, revision int64, err error)
	// SaveKeyset replaces the keyset of ifRevision, or inserts the first where it
	// is 0. It is durable when it returns nil; app.ErrExists when the keyset has
	// another revision.
	SaveKeyset(ctx context.Context, name string, wrapped []byte, ifRevision int64) error
}

// storeTimeout bounds each call to Keysets.
const storeTimeout = 10 * time.Second

// keyring is one keyset, as this process last read it. P is its primitive.
type keyring[P any] struct {
	name      string
	template  *tinkpb.KeyTemplate // of new keys
	primitive func(*keyset.Handle) (P, error)
	keysets   Keysets
	file      *KeyFile

	current atomic.Pointer[version[P]] // never nil once opened
	turn    chan struct{}              // holds one token while somebody loads or saves
}

// version is one revision of a keyset. All but absent never changes.
type version[P any] struct {
	revision  int64
	handle    *keyset.Handle
	primitive P
	primary   uint32
	ids       map[uint32]bool
	// absent are key ids that were met and that this revision does not have, so
	// that a damaged secret is not looked up again and again. Whoever has the turn
	// may use it.
	absent map[uint32]bool
}

// maxAbsent bounds the memory for key ids that nobody has.
const maxAbsent = 1024

func newKeyring[P any](name string, template *tinkpb.KeyTemplate, primitive func(*keyset.Handle) (P, error), ks Keysets, kf *KeyFile) *keyring[P] {
	return &keyring[P]{name: name, template: template, primitive: primitive, keysets: ks, file: kf, turn: make(chan struct{}, 1)}
}

// take waits for the turn to load or save; release gives it back.
func (r *keyring[P]) take(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the keyset %q: %w", r.name, ctx.Err())
	}
}

func (r *keyring[P]) release() { <-r.turn }

// open loads the keyset, or makes it where the store is empty.
func (r *keyring[P]) open(ctx context.Context) error {
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.release()
	err := r.load(ctx)
	if !errors.Is(err, app.ErrNotFound) {
		return err
	}
	if !r.file.first {
		return fmt.Errorf("the store has lost its keyset %q: restore the store from a backup", r.name)
	}
	if err := r.add(ctx, keyset.NewManager(), 0); err != nil && !errors.Is(err, app.ErrExists) {
		return err
	}
	return r.load(ctx) // ours, or that of somebody who started at the same moment
}

// refresh rereads the keyset.
func (r *keyring[P]) refresh(ctx context.Context) error {
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.release()
	return r.load(ctx)
}

// rotateAttempts is how often a rotation gives way to others.
const rotateAttempts = 10

// rotate adds a key and makes it primary. When it returns nil, every process
// that reads the store can open what the new key seals.
func (r *keyring[P]) rotate(ctx context.Context) error {
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.release()
	for range rotateAttempts {
		if err := r.load(ctx); err != nil {
			return err
		}
		v := r.current.Load()
		err := r.add(ctx, keyset.NewManagerFromHandle(v.handle), v.revision)
		if err == nil {
			return r.load(ctx)
		}
		if !errors.Is(err, app.ErrExists) {
			return err
		}
	}
	return fmt.Errorf("rotate the keyset %q: others rotate it all the time; try again", r.name)
}

// add puts a new primary key into the keyset and saves it.
func (r *keyring[P]) add(ctx context.Context, m *keyset.Manager, ifRevision int64) error {
	wrapped, err := r.wrapWithNew(m)
	if err != nil {
		return fmt.Errorf("make a key of the keyset %q: %w", r.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := r.keysets.SaveKeyset(ctx, r.name, wrapped, ifRevision); err != nil {
		return fmt.Errorf("save the keyset %q: %w", r.name, err)
	}
	return nil
}

func (r *keyring[P]) wrapWithNew(m *keyset.Manager) ([]byte, error) {
	id, err := m.Add(r.template)
	if err != nil {
		return nil, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, err
	}
	var wrapped bytes.Buffer
	err = handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), r.file.aead, keysetData(r.name))
	return wrapped.Bytes(), err
}

// load reads the keyset from the store; the caller has the turn. A revision that
// is the current one is left as it is.
func (r *keyring[P]) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	wrapped, revision, err := r.keysets.LoadKeyset(ctx, r.name)
	if err != nil {
		return fmt.Errorf("load the keyset %q: %w", r.name, err)
	}
	if v := r.current.Load(); v != nil && v.revision == revision {
		return nil
	}
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), r.file.aead, keysetData(r.name))
	if err != nil {
		return fmt.Errorf("the key file %s does not open this store, it is another one's: start with the file that was made with this store, a copy of it or of another replica's (--key-file)", r.file.path)
	}
	v, err := newVersion(revision, handle, r.primitive)
	if err != nil {
		return fmt.Errorf("use the keyset %q: %w", r.name, err)
	}
	r.current.Store(v)
	return nil
}

func newVersion[P any](revision int64, handle *keyset.Handle, primitive func(*keyset.Handle) (P, error)) (*version[P], error) {
	v := &version[P]{revision: revision, handle: handle, ids: map[uint32]bool{}, absent: map[uint32]bool{}}
	var err error
	if v.primitive, err = primitive(handle); err != nil {
		return nil, err
	}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, err
		}
		if entry.IsPrimary() {
			v.primary = entry.KeyID()
		}
		v.ids[entry.KeyID()] = entry.KeyStatus() == keyset.Enabled
	}
	return v, nil
}

// errNoKeyID is for what no keyset here ever made.
var errNoKeyID = errors.New("it is damaged: it names no key")

// knowing returns the keyset in a version that has the key which made b, a sealed
// secret or a MAC, and rereads it once where the current one has not.
func (r *keyring[P]) knowing(ctx context.Context, b []byte) (*version[P], error) {
	id, ok := keyID(b)
	if !ok {
		return nil, errNoKeyID
	}
	if v := r.current.Load(); v.ids[id] {
		return v, nil
	}
	if err := r.take(ctx); err != nil {
		return nil, err
	}
	defer r.release()
	if v := r.current.Load(); !v.ids[id] && !v.absent[id] {
		if err := r.load(ctx); err != nil {
			return nil, err
		}
	}
	v := r.current.Load()
	if v.ids[id] {
		return v, nil
	}
	if len(v.absent) < maxAbsent {
		v.absent[id] = true
	}
	return nil, fmt.Errorf("it is damaged or of another store: the keyset %q has no key %d", r.name, id)
}

// keyID reads the id of the key that made b from Tink's prefix.
func keyID(b []byte) (id uint32, ok bool) {
	if len(b) <= cryptofmt.TinkPrefixSize || b[0] != cryptofmt.TinkStartByte {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[1:cryptofmt.TinkPrefixSize]), true
}

// keysetData is the associated data of a wrapped keyset.
func keysetData(name string) []byte { return []byte("segue/v1/keyset/" + name) }
