package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
)

// maxCSR bounds the text of a certificate signing request, in bytes. The longest
// honest one, of an RSA key of 8192 bits, has 4 KiB.
const maxCSR = 16 << 10

// The sizes of RSA moduli that are taken, in bits. Above them a handshake costs a
// broker more than it protects.
const minRSA, maxRSA = 2048, 8192

// CSRError says why a certificate signing request is refused, and what to do. It
// never repeats what the request holds.
type CSRError struct{ Message string }

func (e *CSRError) Error() string { return e.Message }

func refuseCSR(format string, args ...any) error {
	return &CSRError{Message: fmt.Sprintf(format, args...)}
}

// ClientName is whom a certificate is for.
type ClientName struct {
	Project string // the project's first name
	Service string
	User    string
}

// PublicKey is the key of a client that keeps the private half to itself.
type PublicKey struct {
	key crypto.PublicKey
	// Fingerprint is the SHA-256 of its SubjectPublicKeyInfo, as in Description.
	Fingerprint [sha256.Size]byte
}

func newPublicKey(key crypto.PublicKey) (PublicKey, error) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("encode a public key: %w", err)
	}
	return PublicKey{key: key, Fingerprint: sha256.Sum256(spki)}, nil
}

// PublicKeyOf reads the key of a certificate, so that it can be certified again.
func PublicKeyOf(certDER []byte) (PublicKey, error) {
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read a certificate: %w", err)
	}
	return newPublicKey(cert.PublicKey)
}

// ReadCSR checks a certificate signing request in PEM for a client and returns the
// key to certify: of the rest nothing goes into a certificate. What is wrong with
// the request is a *CSRError.
func ReadCSR(text string, client ClientName) (PublicKey, error) {
	der, err := decodeCSR(text)
	if err != nil {
		return PublicKey{}, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return PublicKey{}, refuseCSR("csr cannot be read as a certificate signing request: make it again, with `openssl req -new` or `keytool -certreq`")
	}
	for _, check := range []func(*x509.CertificateRequest) error{
		func(r *x509.CertificateRequest) error { return checkKey(r.PublicKey) },
		checkRequestSignature,
		client.checkSubject,
		client.checkExtensions,
	} {
		if err := check(csr); err != nil {
			return PublicKey{}, err
		}
	}
	return newPublicKey(csr.PublicKey)
}

// decodeCSR takes one PEM block with nothing but white space around it.
func decodeCSR(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, refuseCSR("csr must not be empty: send the request in PEM, as `openssl req -new` or `keytool -certreq` writes it")
	case len(text) > maxCSR:
		return nil, refuseCSR("csr must be at most %d bytes long", maxCSR)
	}
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return nil, refuseCSR("csr must be in PEM, from -----BEGIN CERTIFICATE REQUEST----- to its end: with `openssl req` leave out -outform DER")
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return nil, refuseCSR("csr holds a private key, which must never leave its owner: throw that key away, make another, and send the request that goes with it")
	case block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST":
		return nil, refuseCSR("csr must hold a CERTIFICATE REQUEST, not another kind of PEM block")
	case len(block.Headers) > 0 || !strings.HasPrefix(text, "-----BEGIN ") || len(strings.TrimSpace(string(rest))) > 0:
		return nil, refuseCSR("csr must hold one CERTIFICATE REQUEST and nothing before or after it")
	}
	return block.Bytes, nil
}

// checkKey refuses keys that are weak, and those that not every broker takes.
func checkKey(key crypto.PublicKey) error {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() && key.Curve != elliptic.P384() && key.Curve != elliptic.P521() {
			return refuseCSR("the key of csr is on a curve that is not taken: make one on P-256, P-384 or P-521")
		}
		return nil
	case *rsa.PublicKey:
		return checkRSA(key)
	case ed25519.PublicKey:
		return refuseCSR("the key of csr is of Ed25519, which clients built on OpenSSL and Java take and others do not: make one of ECDSA P-256")
	}
	return refuseCSR("the key of csr is of a kind that is not taken: make one of ECDSA (P-256, P-384, P-521) or RSA (%d to %d bits)", minRSA, maxRSA)
}

// smallPrimes is the product of the odd primes below 100: the modulus of an honest
// key shares no factor with it.
var smallPrimes = func() *big.Int {
	product := big.NewInt(1)
	for n := int64(3); n < 100; n += 2 {
		if p := big.NewInt(n); p.ProbablyPrime(0) {
			product.Mul(product, p)
		}
	}
	return product
}()

func checkRSA(key *rsa.PublicKey) error {
	bits := key.N.BitLen()
	switch {
	case bits < minRSA:
		return refuseCSR("the RSA key of csr is too short to be safe: make one of %d to %d bits, or of ECDSA P-256", minRSA, maxRSA)
	case bits > maxRSA:
		return refuseCSR("the RSA key of csr is longer than brokers should have to work with: make one of %d to %d bits, or of ECDSA P-256", minRSA, maxRSA)
	case key.E < 65537 || key.E%2 == 0:
		return refuseCSR("the RSA key of csr has a weak public exponent: make one with exponent 65537")
	case key.N.Bit(0) == 0 || new(big.Int).GCD(nil, nil, key.N, smallPrimes).Cmp(big.NewInt(1)) != 0:
		return refuseCSR("the RSA key of csr is no product of two large primes: make another")
	}
	return nil
}

// takenSignatures leaves out what SHA-1, MD5 and MD2 sign.
var takenSignatures = []x509.SignatureAlgorithm{
	x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
	x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
	x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
}

// checkRequestSignature demands proof that who asks has the private key.
func checkRequestSignature(csr *x509.CertificateRequest) error {
	if !slices.Contains(takenSignatures, csr.SignatureAlgorithm) {
		return refuseCSR("csr is signed with an algorithm that is not taken: sign it with SHA-256, `openssl req -sha256` or `keytool -sigalg`")
	}
	if err := csr.CheckSignature(); err != nil {
		return refuseCSR("the signature of csr does not verify by its own key: make the request again with the key that it names")
	}
	return nil
}

// The attributes that a client's subject has.
var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
)

// checkSubject takes an empty subject and one that says nothing which the
// certificate will not say: whoever asks for another name would not get it.
func (c ClientName) checkSubject(csr *x509.CertificateRequest) error {
	seen := 0
	for _, a := range csr.Subject.Names {
		value, _ := a.Value.(string)
		switch {
		case a.Type.Equal(oidCommonName):
			if seen++; seen > 1 || value != c.User {
				return refuseCSR("the subject of csr names somebody else: its CN must be the service user's name, or the subject empty (openssl req -subj /CN=NAME, keytool -dname CN=NAME)")
			}
		case a.Type.Equal(oidUnit) && value == c.Service, a.Type.Equal(oidOrganization) && value == c.Project:
		case a.Type.Equal(oidUnit):
			return refuseCSR("the subject of csr has another OU than the service's name: leave OU out")
		case a.Type.Equal(oidOrganization):
			return refuseCSR("the subject of csr has another O than the project's first name: leave O out")
		default:
			return refuseCSR("the subject of csr says more than who it is for: leave out everything but the CN (openssl req -subj /CN=NAME, keytool -dname CN=NAME)")
		}
	}
	return nil
}

// The extensions whose wishes are looked at; any other is not part of a certificate
// from here, so asking for it changes nothing unless it is critical.
var (
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidAltNames         = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidClientAuth       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	oidAnyUsage         = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
)

// checkExtensions refuses wishes that the certificate would not meet.
func (c ClientName) checkExtensions(csr *x509.CertificateRequest) error {
	for _, e := range csr.Extensions {
		wrong := ""
		switch {
		case e.Id.Equal(oidAltNames):
			if !c.ownNames(csr) {
				wrong = "names other than the user's own: leave subjectAltName out"
			}
		case e.Id.Equal(oidBasicConstraints):
			var constraints struct {
				IsCA    bool `asn1:"optional"`
				PathLen int  `asn1:"optional,default:-1"`
			}
			if rest, err := asn1.Unmarshal(e.Value, &constraints); err != nil || len(rest) > 0 || constraints.IsCA {
				wrong = "an authority's certificate: leave basicConstraints out, or say CA:FALSE"
			}
		case e.Id.Equal(oidKeyUsage):
			var usage asn1.BitString
			if rest, err := asn1.Unmarshal(e.Value, &usage); err != nil || len(rest) > 0 || usage.At(5) == 1 || usage.At(6) == 1 {
				wrong = "leave to sign certificates: leave keyCertSign and cRLSign out of keyUsage"
			}
		case e.Id.Equal(oidExtKeyUsage):
			var usages []asn1.ObjectIdentifier
			if rest, err := asn1.Unmarshal(e.Value, &usages); err != nil || len(rest) > 0 || !slices.ContainsFunc(usages, forClients) {
				wrong = "another use than a client's: leave extendedKeyUsage out, or name clientAuth in it"
			}
		case e.Critical && !e.Id.Equal(oidSubjectKeyID):
			wrong = "a critical extension that no certificate from here has: leave it out"
		}
		if wrong != "" {
			return refuseCSR("csr asks for %s", wrong)
		}
	}
	return nil
}

func forClients(usage asn1.ObjectIdentifier) bool {
	return usage.Equal(oidClientAuth) || usage.Equal(oidAnyUsage)
}

// ownNames reports whether all alternative names are the URI that the certificate
// will have.
func (c ClientName) ownNames(csr *x509.CertificateRequest) bool {
	own := userURI(c.Project, c.Service, c.User).String()
	foreign := func(u *url.URL) bool { return u.String() != own }
	var names []asn1.RawValue
	for _, e := range csr.Extensions {
		if !e.Id.Equal(oidAltNames) {
			continue
		}
		if rest, err := asn1.Unmarshal(e.Value, &names); err != nil || len(rest) > 0 || len(names) != len(csr.URIs) {
			return false
		}
	}
	return !slices.ContainsFunc(csr.URIs, foreign)
}
