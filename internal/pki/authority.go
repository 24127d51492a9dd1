package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Authority is a certificate authority ready to sign. It is safe for concurrent
// use as far as Key is; those of LoadAuthority are.
type Authority struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// AuthoritySubject says whose authority it is.
type AuthoritySubject struct {
	Project string
	Service string // of a cluster CA; empty for a project CA
}

// NewAuthority makes a self-signed authority of path length 0 and its key in
// PKCS#8. Its common name carries the beginning of the key's identifier, so that
// an authority and its successor have different subjects.
func NewAuthority(subject AuthoritySubject, notBefore, notAfter time.Time) (certDER, keyDER []byte, err error) {
	if err := checkLife(notBefore, notAfter); err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate a CA key: %w", err)
	}
	keyID, err := keyIdentifier(&key.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	name, err := subject.der(keyID)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: newSerial(notBefore), RawSubject: name,
		NotBefore: notBefore, NotAfter: notAfter, SubjectKeyId: keyID,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	if certDER, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key); err != nil {
		return nil, nil, fmt.Errorf("sign a CA certificate: %w", err)
	}
	if keyDER, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, fmt.Errorf("encode a CA key: %w", err)
	}
	a, err := LoadAuthority(certDER, keyDER)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(a.Cert.RawSubject, name) || !a.Cert.NotBefore.Equal(notBefore) || !a.Cert.NotAfter.Equal(notAfter) {
		return nil, nil, errors.New("the CA certificate that was signed differs from what was asked")
	}
	return certDER, keyDER, nil
}

func (s AuthoritySubject) der(keyID []byte) ([]byte, error) {
	if err := checkName("project", s.Project); err != nil {
		return nil, err
	}
	kind := "project"
	if s.Service != "" {
		kind = "cluster"
		if err := checkName("service", s.Service); err != nil {
			return nil, err
		}
	}
	return subjectDER(s.Project, s.Service, fmt.Sprintf("Segue %s CA %s", kind, hex.EncodeToString(keyID[:4])))
}

// LoadAuthority reads an authority and refuses a certificate that may not sign
// others, or a key that is not its own.
func LoadAuthority(certDER, keyDER []byte) (*Authority, error) {
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, fmt.Errorf("read a CA certificate: %w", err)
	}
	const signs = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	if !cert.BasicConstraintsValid || !cert.IsCA || cert.KeyUsage&signs != signs || len(cert.SubjectKeyId) == 0 {
		return nil, errors.New("the certificate is not one of an authority that signs certificates and revocation lists")
	}
	key, err := readKey(keyDER)
	if err != nil {
		return nil, fmt.Errorf("read a CA key: %w", err)
	}
	if !samePublicKey(cert.PublicKey, key.Public()) {
		return nil, errors.New("the CA key is not the one of its certificate")
	}
	return &Authority{Cert: cert, Key: key}, nil
}

// isFor refuses to issue for another project, or what the other kind of
// authority issues.
func (a *Authority) isFor(project string, cluster bool) error {
	subject := a.Cert.Subject
	if len(subject.Organization) != 1 || subject.Organization[0] != project {
		return errors.New("the authority belongs to another project than the certificate that it is asked for")
	}
	if cluster != (len(subject.OrganizationalUnit) > 0) {
		if cluster {
			return errors.New("only a service's cluster CA issues this certificate; this is a project CA")
		}
		return errors.New("only a project CA issues this certificate; this is a cluster CA")
	}
	return nil
}

// readKey reads a private key in PKCS#8.
func readKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("not a private key in PKCS#8") // the cause might describe the key
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key cannot sign")
	}
	return signer, nil
}

func samePublicKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// keyIdentifier is the leftmost 160 bits of the SHA-256 of the public key, which of
// ECDSA is the public point (RFC 7093, method 1).
func keyIdentifier(key crypto.PublicKey) ([]byte, error) {
	var bits []byte
	var err error
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		bits, err = key.Bytes()
	case *rsa.PublicKey:
		bits = x509.MarshalPKCS1PublicKey(key)
	default:
		err = errors.New("it is neither of ECDSA nor of RSA")
	}
	if err != nil {
		return nil, fmt.Errorf("encode a public key: %w", err)
	}
	sum := sha256.Sum256(bits)
	return sum[:20], nil
}

// checkLife refuses a validity that a certificate could not say exactly.
func checkLife(notBefore, notAfter time.Time) error {
	switch {
	case !notBefore.Before(notAfter):
		return errors.New("a certificate must end after it begins")
	case notBefore.Nanosecond() != 0 || notAfter.Nanosecond() != 0:
		return errors.New("a certificate's times must be whole seconds")
	}
	return nil
}

// serialEpoch is where the seconds in serials count from; they overflow in 2088,
// which costs locality and nothing else.
var serialEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// newSerial returns a positive serial of at most 20 octets: the seconds of the
// moment in 31 bits, which keeps an index on serials local, then 128 random bits.
func newSerial(at time.Time) *big.Int {
	seconds := uint32(at.Unix()-serialEpoch.Unix()) & (1<<31 - 1)
	b := make([]byte, 4+16)
	b[0], b[1], b[2], b[3] = byte(seconds>>24), byte(seconds>>16), byte(seconds>>8), byte(seconds)
	_, _ = rand.Read(b[4:]) // never fails: see crypto/rand
	return new(big.Int).SetBytes(b)
}
