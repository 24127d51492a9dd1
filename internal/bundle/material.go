package bundle

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// material is an Input whose parts were looked at.
type material struct {
	Input
	chain       []*x509.Certificate // the user's certificate first
	key         crypto.PrivateKey
	keyDER      []byte // PKCS#8
	authorities []*x509.Certificate
}

// load refuses what no client could load, and what would break out of its place
// in a settings file.
func load(in Input) (*material, error) {
	for what, text := range map[string]string{"project": in.Project, "service": in.Service, "user": in.User, "bootstrap address": in.Bootstrap} {
		if !plain(text) {
			return nil, fmt.Errorf("the %s holds a character that no settings file may", what)
		}
	}
	m := &material{Input: in}
	var err error
	if m.chain, err = certificates(in.Cert); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if m.authorities, err = certificates(in.CA); err != nil {
		return nil, fmt.Errorf("authorities: %w", err)
	}
	block, _ := pem.Decode([]byte(in.Key))
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("key: not a PKCS#8 key in PEM")
	}
	m.keyDER = block.Bytes
	if m.key, err = x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		return nil, errors.New("key: not a PKCS#8 key") // the parser's error could speak of the key
	}
	if !belongs(m.key, m.chain[0]) {
		return nil, errors.New("certificate and key do not belong together")
	}
	return m, nil
}

// plain holds for text that stands on one line of every settings file unquoted.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"'`\\$#", r)
	})
}

func certificates(text string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, errors.New("no PEM block")
	}
	return all, nil
}

func belongs(key crypto.PrivateKey, cert *x509.Certificate) bool {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return false
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}

// maxDir bounds a directory's name, in bytes.
const maxDir = 1024

func validDir(dir string) bool {
	return len(dir) <= maxDir && utf8.ValidString(dir) && strings.TrimSpace(dir) == dir && !strings.ContainsFunc(dir, unicode.IsControl)
}

// at is where a file of the bundle lies, as settings name it. A slash serves on
// every system.
func (m *material) at(name string) string {
	if m.Dir == "" || strings.HasSuffix(m.Dir, "/") || strings.HasSuffix(m.Dir, `\`) {
		return m.Dir + name
	}
	return m.Dir + "/" + name
}

// quoted writes text as a string that JavaScript, Python, Go and YAML all read back.
func quoted(text string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(text)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// ended ends PEM text with exactly one line's end.
func ended(text string) string { return strings.TrimRight(text, "\r\n") + "\n" }
