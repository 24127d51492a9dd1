package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"math/big"
	"strings"

	"github.com/segue-project/segue/internal/app"
)

// A token is the prefix, 32 random bytes and a checksum over both, the latter
// two in base62: secret scanners know it by its form, and a mistyped one is
// refused before anything is looked up.
const (
	tokenPrefix  = "sgu_"
	randomBytes  = 32
	randomLength = 43 // of 32 bytes in base62
	sumLength    = 6  // of a CRC-32 in base62
	tokenLength  = len(tokenPrefix) + randomLength + sumLength
	// shownLength is how much of a token tells it from others in lists; over 220
	// of its bits stay secret.
	shownLength = 10
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Tokens makes and reads bearer tokens.
type Tokens struct{}

var _ app.Tokens = Tokens{}

// New returns a token, its first characters, which may be shown later, and the
// SHA-256 to store.
func (Tokens) New() (token, prefix string, hash []byte, err error) {
	b := make([]byte, randomBytes)
	if _, err := rand.Read(b); err != nil {
		return "", "", nil, err
	}
	body := tokenPrefix + encode(new(big.Int).SetBytes(b), randomLength)
	token = body + checksum(body)
	return token, token[:shownLength], sum(token), nil
}

// Hash returns what a token is stored as; ok is false for what New never made.
func (Tokens) Hash(token string) (hash []byte, ok bool) {
	if len(token) != tokenLength || !strings.HasPrefix(token, tokenPrefix) {
		return nil, false
	}
	body := token[:tokenLength-sumLength]
	if token[tokenLength-sumLength:] != checksum(body) {
		return nil, false
	}
	return sum(token), true
}

func sum(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

func checksum(body string) string {
	return encode(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body)))), sumLength)
}

// encode writes n in base62, padded with zeros to the length.
func encode(n *big.Int, length int) string {
	out := make([]byte, length)
	base, digit := big.NewInt(int64(len(base62))), new(big.Int)
	for i := length - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = base62[digit.Int64()]
	}
	return string(out)
}
