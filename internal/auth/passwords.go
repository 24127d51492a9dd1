package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/segue-project/segue/internal/app"
)

// cost is what one hash takes.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// newCost is OWASP's choice for argon2id: 19 MiB and two passes. RFC 9106's 64
// MiB would take half of what the whole process is allowed while two people sign
// in. Each hash records its own cost, so this may grow.
var newCost = cost{memory: 19 << 10, passes: 2, threads: 1}

// maxCost is the most that Verify spends on a stored hash: a row that asks for
// more was not written by Hash.
var maxCost = cost{memory: 256 << 10, passes: 16, threads: 8}

const (
	saltSize = 16
	keySize  = 32
	// atOnce is how many passwords are hashed at the same moment.
	atOnce = 2
	// maxWait is how long a sign-in waits for its turn.
	maxWait = 5 * time.Second
)

// Passwords hashes passwords with argon2id; it is safe for concurrent use.
type Passwords struct {
	places  chan struct{}
	maxWait time.Duration
	derive  func(password, salt []byte, passes, memory uint32, threads uint8, size uint32) []byte
}

var _ app.Passwords = (*Passwords)(nil)

// NewPasswords returns a Passwords that hashes two at once.
func NewPasswords() *Passwords {
	return &Passwords{places: make(chan struct{}, atOnce), maxWait: maxWait, derive: argon2.IDKey}
}

// Hash returns the password's hash as a PHC string. It fails with app.ErrBusy
// when no place became free in time.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	h := phc{cost: newCost, salt: make([]byte, saltSize)}
	rand.Read(h.salt) // never fails
	key, err := p.key(ctx, h, password, keySize)
	if err != nil {
		return "", err
	}
	h.key = key
	return h.String(), nil
}

// Verify reports whether hash was made from the password. An empty hash, which
// stands for an account that does not exist, costs the same and never matches.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (bool, error) {
	h, known := phc{cost: newCost, salt: make([]byte, saltSize), key: make([]byte, keySize)}, hash != ""
	if known {
		var err error
		if h, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	key, err := p.key(ctx, h, password, len(h.key))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, h.key) == 1 && known, nil
}

// key derives a key of size bytes once there is a place.
func (p *Passwords) key(ctx context.Context, h phc, password string, size int) ([]byte, error) {
	timer := time.NewTimer(p.maxWait)
	defer timer.Stop()
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-timer.C:
		return nil, app.ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return p.derive([]byte(password), h.salt, h.passes, h.memory, h.threads, uint32(size)), nil
}

// phc is a hash in the form of the Password Hashing Competition:
// $argon2id$v=19$m=<KiB>,t=<passes>,p=<threads>$<salt>$<key>, base64 without padding.
type phc struct {
	cost
	salt, key []byte
}

func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

// errHash says nothing of the hash itself.
var errHash = errors.New("a stored password hash is not one that Segue made: set that account's password again")

func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 {
		return phc{}, errHash
	}
	var h phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.threads); err != nil {
		return phc{}, errHash
	}
	var saltErr, keyErr error
	h.salt, saltErr = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.key, keyErr = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || !h.sane() || h.String() != s {
		return phc{}, errHash
	}
	return h, nil
}

// sane keeps a damaged row from exhausting memory or stopping the process.
func (h phc) sane() bool {
	return h.memory >= 8 && h.memory <= maxCost.memory &&
		h.passes >= 1 && h.passes <= maxCost.passes &&
		h.threads >= 1 && h.threads <= maxCost.threads &&
		len(h.salt) >= 8 && len(h.key) >= 16 && len(h.key) <= 64
}
