package app

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
)

// checkAccounts demands that no password lies in the store but as its hash. An
// account without a hash has no password and matches none.
func (c *checker) checkAccounts(ctx context.Context) error {
	return pages(ctx, func(a Account) int64 { return a.ID }, c.app.Inspector.InspectAccounts, func(a Account) error {
		if a.PasswordHash != "" && !strings.HasPrefix(a.PasswordHash, "$argon2id$") {
			c.violation(6, "account "+a.Email, "its password is not stored as an argon2id hash: set a new password, for whoever read the store knows this one")
		}
		return nil
	})
}

// tokenHashSize is that of SHA-256.
const tokenHashSize = 32

// maxTokenPrefix is how much of a token may be shown.
const maxTokenPrefix = 16

func (c *checker) checkTokens(ctx context.Context) error {
	return pages(ctx, func(t Token) int64 { return t.ID }, c.app.Inspector.InspectTokens, func(t Token) error {
		subject := fmt.Sprintf("token %016x", uint64(t.ID))
		switch {
		case len(t.Hash) != tokenHashSize:
			c.violation(6, subject, "it is not stored as a SHA-256 hash: revoke it, for whoever read the store may hold it")
		case len(t.Prefix) > maxTokenPrefix:
			c.violation(6, subject, "more of it is stored than the prefix that lists show: revoke it, for whoever read the store may hold it")
		}
		c.checkText(subject, t.Prefix, t.Description, t.LastUserAgent)
		return nil
	})
}

// longWord is what could be a token.
var longWord = regexp.MustCompile(`[0-9A-Za-z_]{32,}`)

// checkText demands that texts of a row hold neither a private key nor a token.
func (c *checker) checkText(subject string, texts ...string) {
	for _, text := range texts {
		if c.app.holdsSecret(text) {
			c.violation(6, subject, "a text of it holds a private key or a token in the clear: revoke that token or reset those credentials, then take the text out")
			return
		}
	}
}

func (a *App) holdsSecret(text string) bool {
	if strings.Contains(text, "PRIVATE KEY-----") {
		return true
	}
	for _, word := range longWord.FindAllString(text, -1) {
		if _, ok := a.Tokens.Hash(word); ok {
			return true
		}
	}
	return false
}

// inClear reports whether bytes that should be sealed are a private key as it is.
func inClear(sealed []byte) bool {
	if block, _ := pem.Decode(sealed); block != nil {
		return true
	}
	_, err := x509.ParsePKCS8PrivateKey(sealed)
	return err == nil
}
