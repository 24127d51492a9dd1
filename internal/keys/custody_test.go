package keys

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/app"
)

func TestRoundTrip(t *testing.T) {
	m := newMemory()
	kf := newKeyFile(t)
	c := open(t, m, kf)
	rapid.Check(t, func(rt *rapid.T) {
		p := place{
			rapid.SampledFrom([]app.Purpose{app.SealUserKey, app.SealPassword, app.SealCAKey}).Draw(rt, "purpose"),
			rapid.Int64().Draw(rt, "project"), rapid.Int64().Draw(rt, "owner"), rapid.String().Draw(rt, "id"),
		}
		secret := string(rapid.SliceOf(rapid.Byte()).Draw(rt, "secret"))
		sealed, again := p.seal(t, c, secret), p.seal(t, c, secret)
		if bytes.Equal(sealed, again) {
			rt.Fatal("the same secret sealed twice looks the same")
		}
		if len(secret) > 8 && bytes.Contains(sealed, []byte(secret)) {
			rt.Fatal("the secret is there in the clear")
		}
		if got, err := p.open(c, sealed); err != nil || got != secret {
			rt.Fatalf("opened %q, %v, want %q", got, err, secret)
		}
	})
}

func TestOpensAfterRestart(t *testing.T) {
	m := newMemory()
	path := filepath.Join(t.TempDir(), "key")
	kf, err := OpenKeyFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	before := open(t, m, kf)
	sealed := somewhere.seal(t, before, "secret")
	tag, err := before.MAC(t.Context(), []byte("entry"))
	if err != nil {
		t.Fatal(err)
	}
	if kf, err = OpenKeyFile(path, false); err != nil {
		t.Fatal(err)
	}
	after := open(t, m, kf)
	somewhere.opens(t, after, sealed, "secret")
	if err := after.VerifyMAC(t.Context(), []byte("entry"), tag); err != nil {
		t.Error(err)
	}
	if after.NeedsReseal(sealed) {
		t.Error("nothing was rotated, yet a secret needs sealing again")
	}
}

// TestMovedSecretDoesNotOpen: swapped between rows, owners, projects or purposes.
func TestMovedSecretDoesNotOpen(t *testing.T) {
	c := open(t, newMemory(), newKeyFile(t))
	from := place{app.SealUserKey, 11, 22, "ab"}
	sealed := from.seal(t, c, "secret")
	for _, to := range []place{
		{app.SealCAKey, 11, 22, "ab"}, {app.SealUserKey, 12, 22, "ab"}, {app.SealUserKey, 11, 23, "ab"}, {app.SealUserKey, 11, 22, "ac"},
		{app.SealUserKey, 22, 11, "ab"}, {app.SealUserKey, 1, 122, "ab"}, {app.SealUserKey, 11, 22, ""}, {app.SealUserKey, 11, 2, "2/ab"},
	} {
		if got, err := to.open(c, sealed); err == nil || got != "" || !strings.Contains(err.Error(), "moved from another row") {
			t.Errorf("at %v: %q, %v", to, got, err)
		}
	}
	from.opens(t, c, sealed, "secret")
}

// TestAssociatedData holds the format: what is sealed today must open for ever.
func TestAssociatedData(t *testing.T) {
	for want, got := range map[string][]byte{
		"segue/v1/user-key/1/-2/0cff":        secretData(app.SealUserKey, 1, -2, "0cff"),
		"segue/v1/password/7/8/password":     secretData(app.SealPassword, 7, 8, app.PasswordID),
		"segue/v1/ca-key/3/255/" + caID(255): secretData(app.SealCAKey, 3, 255, app.CAKeyID(255)),
		"segue/v1/keyset/seal":               keysetData("seal"),
	} {
		if string(got) != want {
			t.Errorf("associated data is %s, want %s", got, want)
		}
	}
}

func caID(id int64) string { return fmt.Sprintf("%016x", id) }

func TestDamagedSecrets(t *testing.T) {
	m := newMemory()
	c := open(t, m, newKeyFile(t))
	sealed := somewhere.seal(t, c, "secret")
	before := m.loaded()
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			damaged := bytes.Clone(sealed)
			damaged[i] ^= bit
			if got, err := somewhere.open(c, damaged); err == nil || got != "" || strings.Contains(err.Error(), "secret") {
				t.Fatalf("byte %d: %q, %v", i, got, err)
			}
		}
	}
	for n := range len(sealed) {
		if _, err := somewhere.open(c, sealed[:n]); err == nil {
			t.Fatalf("the first %d bytes open", n)
		}
	}
	if got := m.loaded() - before; got > 8 { // the 4 octets of the key id, 2 bits each
		t.Errorf("the keyset was read %d times for damage that it cannot repair", got)
	}
}

func TestMAC(t *testing.T) {
	c := open(t, newMemory(), newKeyFile(t))
	tag, err := c.MAC(t.Context(), []byte("entry"))
	if err != nil || len(tag) != 5+32 {
		t.Fatalf("%x, %v", tag, err)
	}
	if err := c.VerifyMAC(t.Context(), []byte("entry"), tag); err != nil {
		t.Error(err)
	}
	if again, _ := c.MAC(t.Context(), []byte("entry")); !bytes.Equal(again, tag) {
		t.Error("the MAC of the same entry differs")
	}
	other := bytes.Clone(tag)
	other[len(other)-1] ^= 1
	for name, err := range map[string]error{
		"another entry": c.VerifyMAC(t.Context(), []byte("entrY"), tag),
		"another tag":   c.VerifyMAC(t.Context(), []byte("entry"), other),
		"a short tag":   c.VerifyMAC(t.Context(), []byte("entry"), tag[:20]),
		"no tag":        c.VerifyMAC(t.Context(), []byte("entry"), nil),
	} {
		if err == nil {
			t.Errorf("%s verifies", name)
		}
	}
}

// TestRotationBesideAnotherProcess: one instance rotates, the other, opened
// before, is told nothing.
func TestRotationBesideAnotherProcess(t *testing.T) {
	m, kf := newMemory(), newKeyFile(t)
	rotating, beside := open(t, m, kf), open(t, m, kf)
	old := somewhere.seal(t, beside, "old")
	oldTag, err := beside.MAC(t.Context(), []byte("old"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(rotating.RotateSeal(t.Context()), rotating.RotateAudit(t.Context())); err != nil {
		t.Fatal(err)
	}
	late := somewhere.seal(t, beside, "late") // by the old primary still
	newer := somewhere.seal(t, rotating, "new")
	newTag, err := rotating.MAC(t.Context(), []byte("new"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Custody{rotating, beside} {
		somewhere.opens(t, c, old, "old")
		somewhere.opens(t, c, late, "late")
		somewhere.opens(t, c, newer, "new")
		if err := errors.Join(c.VerifyMAC(t.Context(), []byte("old"), oldTag), c.VerifyMAC(t.Context(), []byte("new"), newTag)); err != nil {
			t.Error(err)
		}
		if c.NeedsReseal(newer) || !c.NeedsReseal(old) || !c.NeedsReseal(late) || !c.NeedsReseal(nil) {
			t.Error("it is not the old key's secrets that need sealing again")
		}
	}
	if bytes.Equal(oldTag[:5], newTag[:5]) {
		t.Error("the audit key did not change")
	}
}

func TestRefreshTakesUpTheNewPrimary(t *testing.T) {
	m, kf := newMemory(), newKeyFile(t)
	rotating, beside := open(t, m, kf), open(t, m, kf)
	if err := rotating.RotateSeal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !rotating.NeedsReseal(somewhere.seal(t, beside, "late")) {
		t.Fatal("it knew of the rotation before it could")
	}
	if err := beside.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rotating.NeedsReseal(somewhere.seal(t, beside, "new")) {
		t.Error("it still seals with the old key")
	}
}

func TestKeyIDs(t *testing.T) {
	c := open(t, newMemory(), newKeyFile(t))
	first := c.KeyIDs()
	if err := c.RotateSeal(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := c.KeyIDs()
	if len(first) != 2 || len(got) != 3 {
		t.Fatalf("%v, then %v", first, got)
	}
	want := []KeyInfo{
		{"seal", first[0].ID, false, "enabled"},
		{"seal", got[1].ID, true, "enabled"},
		{"audit", first[1].ID, true, "enabled"},
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("key %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// TestRotationGivesWay: somebody else rotates between reading and saving.
func TestRotationGivesWay(t *testing.T) {
	m, kf := newMemory(), newKeyFile(t)
	c, other := open(t, m, kf), open(t, m, kf)
	once := true
	m.onSave = func(string) error {
		if once {
			once = false
			return other.RotateSeal(t.Context())
		}
		return nil
	}
	if err := c.RotateSeal(t.Context()); err != nil {
		t.Fatal(err)
	}
	seals := 0
	for _, k := range c.KeyIDs() {
		if k.Keyset == "seal" {
			seals++
		}
	}
	if seals != 3 {
		t.Errorf("%d sealing keys after two rotations, want 3: one was lost", seals)
	}
	somewhere.opens(t, c, somewhere.seal(t, other, "other"), "other")
}

func TestRotationGivesUp(t *testing.T) {
	m := newMemory()
	c := open(t, m, newKeyFile(t))
	m.onSave = func(string) error { return app.ErrExists }
	if err := c.RotateSeal(t.Context()); err == nil || !strings.Contains(err.Error(), "try again") {
		t.Errorf("%v", err)
	}
	m.onSave = func(string) error { return errors.New("disk full") }
	if err := c.RotateSeal(t.Context()); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("%v", err)
	}
	if len(c.KeyIDs()) != 2 {
		t.Error("a key that was not saved is in use")
	}
}

// TestUnknownKeyIsLookedUpOnce: of many readers that meet a new key at once, and
// of damage that names a key nobody has.
func TestUnknownKeyIsLookedUpOnce(t *testing.T) {
	m, kf := newMemory(), newKeyFile(t)
	rotating, beside := open(t, m, kf), open(t, m, kf)
	if err := rotating.RotateSeal(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealed := somewhere.seal(t, rotating, "new")
	nobodys := bytes.Clone(sealed)
	binary.BigEndian.PutUint32(nobodys[1:], freshID(t, rotating))

	before := m.loaded()
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { somewhere.opens(t, beside, sealed, "new") })
	}
	group.Wait()
	if got := m.loaded() - before; got != 1 {
		t.Errorf("the keyset was read %d times for one new key", got)
	}
	before = m.loaded()
	for range 50 {
		if _, err := somewhere.open(beside, nobodys); err == nil || !strings.Contains(err.Error(), "has no key") {
			t.Fatalf("a key that nobody has: %v", err)
		}
	}
	if got := m.loaded() - before; got != 1 {
		t.Errorf("the keyset was read %d times for a key that nobody has", got)
	}
	moved := place{app.SealUserKey, 1, 3, "0cff"}
	before = m.loaded()
	for range 50 {
		if _, err := moved.open(beside, sealed); err == nil {
			t.Fatal("a moved secret opens")
		}
	}
	if got := m.loaded() - before; got != 0 {
		t.Errorf("the keyset was read %d times for moved secrets", got)
	}
}

// TestAbsentKeyIsLookedForAgainAfterARotation: what the last revision did not
// have, the next one may.
func TestAbsentKeyIsLookedForAgainAfterARotation(t *testing.T) {
	m, kf := newMemory(), newKeyFile(t)
	rotating, beside := open(t, m, kf), open(t, m, kf)
	keep := m.rows["seal"]
	if err := rotating.RotateSeal(t.Context()); err != nil {
		t.Fatal(err)
	}
	rotated := m.rows["seal"]
	sealed := somewhere.seal(t, rotating, "new")
	m.rows["seal"] = keep // as a reader sees it that lags behind
	if _, err := somewhere.open(beside, sealed); err == nil {
		t.Fatal("it opens by a key that was not there")
	}
	m.rows["seal"] = rotated
	if err := beside.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	somewhere.opens(t, beside, sealed, "new")
}

func TestMemoryForAbsentKeysIsBounded(t *testing.T) {
	c := open(t, newMemory(), newKeyFile(t))
	sealed := somewhere.seal(t, c, "secret")
	for range maxAbsent + 100 {
		binary.BigEndian.PutUint32(sealed[1:], freshID(t, c))
		if _, err := somewhere.open(c, sealed); err == nil {
			t.Fatal("it opens")
		}
	}
	if n := len(c.seal.current.Load().absent); n != maxAbsent {
		t.Errorf("%d ids are remembered", n)
	}
}

var lastID uint32

// freshID is a key id that c does not have and that was not given before.
func freshID(t *testing.T, c *Custody) uint32 {
	t.Helper()
	for {
		lastID++
		if !c.seal.current.Load().ids[lastID] {
			return lastID
		}
	}
}

func TestForeignKeyFile(t *testing.T) {
	m := newMemory()
	open(t, m, newKeyFile(t))
	foreign := newKeyFile(t)
	_, err := Open(t.Context(), m, foreign)
	oneLine(t, "foreign", err, "does not open this store", foreign.path)
	if err != nil && !strings.Contains(err.Error(), "--key-file") {
		t.Errorf("names no remedy: %v", err)
	}
}

// TestSwappedKeysetsDoNotOpen: a keyset under the other's name.
func TestSwappedKeysetsDoNotOpen(t *testing.T) {
	m, kf := newMemory(), newKeyFile(t)
	open(t, m, kf)
	m.rows["seal"], m.rows["audit"] = m.rows["audit"], m.rows["seal"]
	if _, err := Open(t.Context(), m, kf); err == nil {
		t.Error("swapped keysets open")
	}
}

func TestLostKeysetIsNotMadeAgain(t *testing.T) {
	m := newMemory()
	kf := newKeyFile(t)
	open(t, m, kf)
	later, err := OpenKeyFile(kf.path, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"seal", "audit"} {
		kept := m.rows[name]
		delete(m.rows, name)
		if _, err := Open(t.Context(), m, later); err == nil || !strings.Contains(err.Error(), "lost its keyset") {
			t.Errorf("%s: %v", name, err)
		}
		if _, made := m.rows[name]; made {
			t.Errorf("%s: was made again", name)
		}
		m.rows[name] = kept
	}
}

// TestFirstStartCutShort: it ended before, between and after the two saves.
func TestFirstStartCutShort(t *testing.T) {
	for saves := range 3 {
		m := newMemory()
		path := filepath.Join(t.TempDir(), "key")
		kf, err := OpenKeyFile(path, true)
		if err != nil {
			t.Fatal(err)
		}
		left := saves
		m.onSave = func(string) error {
			if left--; left < 0 {
				return errors.New("cut short")
			}
			return nil
		}
		if _, err := Open(t.Context(), m, kf); (err == nil) != (saves == 2) {
			t.Fatalf("%d saves: %v", saves, err)
		}
		m.onSave = nil
		if kf, err = OpenKeyFile(path, true); err != nil {
			t.Fatal(err)
		}
		c := open(t, m, kf)
		somewhere.opens(t, c, somewhere.seal(t, c, "secret"), "secret")
	}
}

// TestStartersShareKeysets: several first starts at once on one store.
func TestStartersShareKeysets(t *testing.T) {
	for range 20 {
		m := newMemory()
		path := filepath.Join(t.TempDir(), "key")
		starters := make([]*Custody, 8)
		var group sync.WaitGroup
		for i := range starters {
			group.Go(func() {
				kf, err := OpenKeyFile(path, true)
				if err != nil {
					t.Error(err)
					return
				}
				if starters[i], err = Open(context.Background(), m, kf); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if t.Failed() {
			return
		}
		for _, c := range starters {
			somewhere.opens(t, starters[0], somewhere.seal(t, c, "secret"), "secret")
		}
	}
}

// TestUseWhileRotating: sealing, opening and refreshing on several instances
// while another rotates loses nothing.
func TestUseWhileRotating(t *testing.T) {
	m, kf := newMemory(), newKeyFile(t)
	rotating := open(t, m, kf)
	var group sync.WaitGroup
	for n := range 4 {
		c := open(t, m, kf)
		group.Go(func() {
			for i := range 200 {
				secret := fmt.Sprint(n, i)
				somewhere.opens(t, rotating, somewhere.seal(t, c, secret), secret)
				somewhere.opens(t, c, somewhere.seal(t, rotating, secret), secret)
				if i%20 == 0 {
					if err := c.Refresh(context.Background()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 10 {
		if err := errors.Join(rotating.RotateSeal(t.Context()), rotating.RotateAudit(t.Context())); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
}

func TestContextEndsWaiting(t *testing.T) {
	c := open(t, newMemory(), newKeyFile(t))
	if err := c.seal.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer c.seal.release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Refresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := c.RotateSeal(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestKeysetsAreWrapped: whoever has the store alone finds no raw key in it.
func TestKeysetsAreWrapped(t *testing.T) {
	m := newMemory()
	c := open(t, m, newKeyFile(t))
	for name, handle := range map[string]*keyset.Handle{"seal": c.seal.current.Load().handle, "audit": c.audit.current.Load().handle} {
		key := insecurecleartextkeyset.KeysetMaterial(handle).GetKey()[0].GetKeyData().GetValue()
		if len(key) < 32 {
			t.Fatalf("%s: the key has %d bytes only", name, len(key))
		}
		raw := key[len(key)-32:]
		for row, r := range m.rows {
			if bytes.Contains(r.wrapped, raw) {
				t.Errorf("the key of %s lies in the clear in %s", name, row)
			}
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	c := open(b, newMemory(), newKeyFile(b))
	secret := make([]byte, 138) // a P-256 key in PKCS#8
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Seal(context.Background(), app.SealUserKey, 1, 2, "0cf99b40", secret); err != nil {
				b.Fatal(err)
			}
		}
	})
}
