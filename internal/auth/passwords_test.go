package auth

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/segue-project/segue/internal/app"
)

func TestHashVerifies(t *testing.T) {
	p, ctx := NewPasswords(), t.Context()
	hash, err := p.Hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %q", hash)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false} {
		if got, err := p.Verify(ctx, hash, password); err != nil || got != want {
			t.Errorf("Verify(%q) = %v, %v; want %v", password, got, err, want)
		}
	}
	again, err := p.Hash(ctx, "correct horse")
	if err != nil || again == hash {
		t.Errorf("the same password hashed twice gives one hash: %v", err)
	}
}

// A hash in PHC form that another argon2id implementation made must verify.
func TestVerifyReadsStandardForm(t *testing.T) {
	// From the test suite of the reference implementation (phc-winner-argon2):
	// argon2id, version 0x13, t=2, m=2^16, p=1, "password", "somesalt".
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, err := NewPasswords().Verify(t.Context(), reference, "password")
	if err != nil || !ok {
		t.Fatalf("Verify = %v, %v", ok, err)
	}
}

func TestVerifyOfNobodyCostsTheSame(t *testing.T) {
	type call struct {
		passes, memory, size uint32
		threads              uint8
		salt                 int
	}
	var calls []call
	p := NewPasswords()
	p.derive = func(password, salt []byte, passes, memory uint32, threads uint8, size uint32) []byte {
		calls = append(calls, call{passes, memory, size, threads, len(salt)})
		return make([]byte, size) // what an empty hash is compared with: must not match all the same
	}
	hash, err := p.Hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify(t.Context(), hash, "y"); err != nil {
		t.Fatal(err)
	}
	if ok, err := p.Verify(t.Context(), "", "y"); err != nil || ok {
		t.Errorf("Verify of nobody = %v, %v; want false", ok, err)
	}
	if len(calls) != 3 || calls[1] != calls[2] {
		t.Errorf("known and unknown cost %+v", calls)
	}
}

func TestVerifyRefusesForeignHashes(t *testing.T) {
	p := NewPasswords()
	p.derive = func(_, _ []byte, _, _ uint32, _ uint8, size uint32) []byte {
		t.Error("a foreign hash was derived")
		return make([]byte, size)
	}
	for _, hash := range []string{
		"x", "$", "$$$$$", "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=19456,t=2,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$",
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=",
		"$argon2id$v=19$m=19456,t=2,p=1 $c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		ok, err := p.Verify(t.Context(), hash, "password")
		if !errors.Is(err, errHash) || ok {
			t.Errorf("Verify with %q = %v, %v", hash, ok, err)
		}
	}
}

func TestTwoAreHashedAtOnceAndTheWaitIsBounded(t *testing.T) {
	p := NewPasswords()
	p.maxWait = 20 * time.Millisecond
	var inside, most atomic.Int32
	release := make(chan struct{})
	entered := make(chan struct{}, 2)
	p.derive = func(password, salt []byte, passes, memory uint32, threads uint8, size uint32) []byte {
		most.Store(max(most.Load(), inside.Add(1)))
		defer inside.Add(-1)
		entered <- struct{}{}
		<-release
		return argon2.IDKey(password, salt, 1, 8, 1, size)
	}
	done := make(chan error, 2)
	for range 2 {
		go func() { _, err := p.Hash(context.Background(), "x"); done <- err }()
	}
	<-entered
	<-entered
	if _, err := p.Hash(t.Context(), "third"); !errors.Is(err, app.ErrBusy) {
		t.Errorf("the third gave %v, want ErrBusy", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	p.maxWait = time.Hour
	if _, err := p.Hash(gone, "fourth"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who went away gave %v", err)
	}
	close(release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 2 {
		t.Errorf("%d at once, want 2", most.Load())
	}
	if _, err := p.Hash(t.Context(), "after"); err != nil {
		t.Errorf("places were not given back: %v", err)
	}
}
