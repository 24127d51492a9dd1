package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"time"
)

// Leaf is an issued certificate with its key.
type Leaf struct {
	Serial []byte // big-endian, minimal, as in the certificate
	Cert   []byte // DER
	Key    []byte // PKCS#8 DER; nil where the client keeps it
}

// request is what a leaf has to say, in the form the certificate holds it.
type request struct {
	subject   []byte // DER
	names     hostNames
	uris      []*url.URL
	usages    []x509.ExtKeyUsage
	notBefore time.Time
	notAfter  time.Time
	crlURL    string // empty: no distribution point
}

// issue makes a key and its certificate.
func (a *Authority) issue(r request) (Leaf, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Leaf{}, fmt.Errorf("generate a key: %w", err)
	}
	leaf, err := a.certify(r, &key.PublicKey)
	if err != nil {
		return Leaf{}, err
	}
	if leaf.Key, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return Leaf{}, fmt.Errorf("encode a key: %w", err)
	}
	return leaf, nil
}

// certify makes the certificate of a key and verifies it once: its signature
// inside x509.CreateCertificate, which checks what the signer returned against
// the authority's public key (signTBS, Go 1.26), and everything that it says
// here, by reading it back. A second ECDSA verification would find nothing more
// and add two fifths to the cost of a pair, which is the hot path of the sweep.
func (a *Authority) certify(r request, key crypto.PublicKey) (Leaf, error) {
	if err := a.admits(r); err != nil {
		return Leaf{}, err
	}
	keyID, err := keyIdentifier(key)
	if err != nil {
		return Leaf{}, err
	}
	template := &x509.Certificate{
		SerialNumber: newSerial(r.notBefore), RawSubject: r.subject,
		NotBefore: r.notBefore, NotAfter: r.notAfter, SubjectKeyId: keyID,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: r.usages, BasicConstraintsValid: true,
		URIs: r.uris, DNSNames: r.names.dns, IPAddresses: r.names.addresses,
		CRLDistributionPoints: r.distributionPoints(),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, key, a.Key)
	if err != nil {
		return Leaf{}, fmt.Errorf("sign a certificate: %w", err)
	}
	if err := a.checkIssued(der, r, template.SerialNumber, key); err != nil {
		return Leaf{}, err
	}
	return Leaf{Serial: template.SerialNumber.Bytes(), Cert: der}, nil
}

// admits refuses a leaf whose life is not inside the authority's, or whose CRL
// address no client could use.
func (a *Authority) admits(r request) error {
	if err := checkLife(r.notBefore, r.notAfter); err != nil {
		return err
	}
	switch {
	case r.notAfter.After(a.Cert.NotAfter):
		return fmt.Errorf("the certificate would outlive its authority, which ends at %s: make the authority's successor first", stamp(a.Cert.NotAfter))
	case r.notBefore.Before(a.Cert.NotBefore):
		return fmt.Errorf("the certificate would begin before its authority, which begins at %s", stamp(a.Cert.NotBefore))
	}
	if r.crlURL == "" {
		return nil
	}
	u, err := url.Parse(r.crlURL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") || !isASCII(r.crlURL) {
		return errors.New("the address of the CRL must be an http or https URL without a password: correct --public-url")
	}
	return nil
}

func isASCII(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return c >= 0x80 })
}

// checkIssued compares a certificate just signed with what was asked.
func (a *Authority) checkIssued(der []byte, r request, serial *big.Int, key crypto.PublicKey) error {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("read back a certificate: %w", err)
	}
	wrong := r.differs(cert, a.Cert)
	switch {
	case wrong != "":
	case cert.Version != 3:
		wrong = "version"
	case cert.SerialNumber.Cmp(serial) != 0 || serial.Sign() <= 0:
		wrong = "serial"
	case !samePublicKey(key, cert.PublicKey):
		wrong = "public key"
	case !slices.Equal(cert.CRLDistributionPoints, r.distributionPoints()):
		wrong = "CRL distribution points"
	case len(cert.Extensions) != r.extensions():
		wrong = "extensions"
	default:
		return nil
	}
	return fmt.Errorf("the certificate that was signed differs from what was asked in its %s", wrong)
}

// distributionPoints is none or one.
func (r *request) distributionPoints() []string {
	if r.crlURL == "" {
		return nil
	}
	return []string{r.crlURL}
}

// extensions is how many a certificate has: key usage, extended key usage, basic
// constraints and both key identifiers always, names and CRL address where asked.
func (r *request) extensions() int {
	n := 5 + len(r.distributionPoints())
	if len(r.uris)+len(r.names.dns)+len(r.names.addresses) > 0 {
		n++
	}
	return n
}

// differs names the first part in which cert is not what r asks of the
// authority; empty when all is as asked. What says nothing about who may do what
// (serial, key, CRL address) is not looked at, nor is the signature.
func (r *request) differs(cert, authority *x509.Certificate) string {
	switch {
	case !bytes.Equal(cert.RawIssuer, authority.RawSubject):
		return "issuer"
	case !bytes.Equal(cert.AuthorityKeyId, authority.SubjectKeyId):
		return "authority key identifier"
	case !bytes.Equal(cert.RawSubject, r.subject):
		return "subject"
	case !cert.NotBefore.Equal(r.notBefore):
		return "beginning"
	case !cert.NotAfter.Equal(r.notAfter):
		return "end"
	case cert.IsCA || !cert.BasicConstraintsValid:
		return "basic constraints"
	case cert.KeyUsage != x509.KeyUsageDigitalSignature:
		return "key usage"
	case !slices.Equal(cert.ExtKeyUsage, r.usages) || len(cert.UnknownExtKeyUsage) > 0:
		return "extended key usage"
	case !r.sameNames(cert):
		return "subject alternative names"
	case len(cert.UnhandledCriticalExtensions) > 0:
		return "critical extensions"
	}
	return ""
}

func (r *request) sameNames(cert *x509.Certificate) bool {
	return slices.Equal(cert.DNSNames, r.names.dns) &&
		slices.EqualFunc(cert.IPAddresses, r.names.addresses, net.IP.Equal) &&
		slices.EqualFunc(cert.URIs, r.uris, func(a, b *url.URL) bool { return a.String() == b.String() }) &&
		len(cert.EmailAddresses) == 0
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
