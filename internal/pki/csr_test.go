package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
)

var alice = ClientName{Project: "demo", Service: "orders.prod", User: "alice"}

// requestPEM makes a certificate signing request.
func requestPEM(t testing.TB, key crypto.Signer, template x509.CertificateRequest) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// rsaKey makes one key for all tests: making them is slow.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func named(cn string, more ...pkix.AttributeTypeAndValue) x509.CertificateRequest {
	name := pkix.Name{CommonName: cn, ExtraNames: more}
	return x509.CertificateRequest{Subject: name}
}

func attribute(oid asn1.ObjectIdentifier, value string) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: oid, Value: value}
}

func asking(id asn1.ObjectIdentifier, critical bool, value any) x509.CertificateRequest {
	der, err := asn1.Marshal(value)
	if err != nil {
		panic(err)
	}
	return x509.CertificateRequest{ExtraExtensions: []pkix.Extension{{Id: id, Critical: critical, Value: der}}}
}

func TestCSRBecomesACertificateOfItsKey(t *testing.T) {
	a := projectCA(t)
	for name, key := range map[string]crypto.Signer{
		"P-256": ecKey(t, elliptic.P256()), "P-384": ecKey(t, elliptic.P384()), "P-521": ecKey(t, elliptic.P521()), "RSA": rsaKey(),
	} {
		public, err := ReadCSR(requestPEM(t, key, named("alice")), alice)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		leaf, err := a.CertifyClient(clientProfile(), public)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if leaf.Key != nil || !samePublicKey(parse(t, leaf.Cert).PublicKey, key.Public()) {
			t.Errorf("%s: the certificate is not of the key that was sent, or there is a key here", name)
		}
		if err := VerifyClient(a.Cert.Raw, leaf.Cert, clientProfile()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if found, passed := lintCertificate(t, leaf.Cert); len(found) > 0 || passed < 20 {
			t.Errorf("%s: %d lints passed\n%s", name, passed, strings.Join(found, "\n"))
		}
		again, err := PublicKeyOf(leaf.Cert)
		if err != nil || again.Fingerprint != public.Fingerprint {
			t.Errorf("%s: the key read back from the certificate is another: %v", name, err)
		}
		if d, err := Describe(leaf.Cert); err != nil || d.PublicKey != public.Fingerprint {
			t.Errorf("%s: the fingerprint is not the one that people are shown: %v", name, err)
		}
	}
	if _, err := a.CertifyClient(ClientProfile{Project: "other", Service: "s", User: "u"}, PublicKey{key: rsaKey().Public()}); err == nil {
		t.Error("an authority certified a user of another project")
	}
}

func TestCSRThatIsTaken(t *testing.T) {
	key := ecKey(t, elliptic.P256())
	own, _ := url.Parse("segue:demo/orders.prod/alice")
	for name, template := range map[string]x509.CertificateRequest{
		"an empty subject":            {},
		"a full subject":              named("alice", attribute(oidUnit, "orders.prod"), attribute(oidOrganization, "demo")),
		"its own alternative name":    {URIs: []*url.URL{own}},
		"CA:FALSE":                    asking(oidBasicConstraints, true, struct{}{}),
		"a key identifier":            asking(oidSubjectKeyID, false, []byte{1, 2, 3}),
		"keyUsage of a signer":        asking(oidKeyUsage, true, asn1.BitString{Bytes: []byte{0xa0}, BitLength: 3}),
		"clientAuth":                  asking(oidExtKeyUsage, false, []asn1.ObjectIdentifier{oidClientAuth}),
		"an extension we do not have": asking(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2}, false, "x"),
		"SHA-384":                     {SignatureAlgorithm: x509.ECDSAWithSHA384},
	} {
		if _, err := ReadCSR(requestPEM(t, key, template), alice); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	text := strings.ReplaceAll(requestPEM(t, key, named("alice")), "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
	if _, err := ReadCSR("\n"+strings.ReplaceAll(text, "\n", "\r\n")+"\n", alice); err != nil {
		t.Errorf("as keytool writes it: %v", err)
	}
}

// weakRSA makes a request whose signature is not looked at, as the key is refused before.
func weakRSA(t *testing.T, change func(*rsa.PublicKey)) string {
	t.Helper()
	block, _ := pem.Decode([]byte(requestPEM(t, rsaKey(), named("alice"))))
	var outer struct {
		Info struct {
			Version int
			Subject asn1.RawValue
			Key     struct {
				Algorithm pkix.AlgorithmIdentifier
				Bits      asn1.BitString
			}
			Attributes asn1.RawValue `asn1:"tag:0"`
		}
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(block.Bytes, &outer); err != nil {
		t.Fatal(err)
	}
	key := rsaKey().PublicKey
	key.N = new(big.Int).Set(key.N)
	change(&key)
	bits := x509.MarshalPKCS1PublicKey(&key)
	outer.Info.Key.Bits = asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}
	der, err := asn1.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func TestCSRThatIsRefused(t *testing.T) {
	key := ecKey(t, elliptic.P256())
	good := requestPEM(t, key, named("alice"))
	ask := func(template x509.CertificateRequest) string { return requestPEM(t, key, template) }
	block, _ := pem.Decode([]byte(good))
	forged := append([]byte(nil), block.Bytes...)
	forged[len(forged)-1] ^= 1
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	der, _ := x509.MarshalPKCS8PrivateKey(key)
	foreign, _ := url.Parse("segue:demo/orders.prod/bob")
	asPEM := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for name, c := range map[string]struct{ text, why string }{
		"nothing":            {" \n", "must not be empty"},
		"too long":           {good + strings.Repeat(" ", 10) + strings.Repeat("x", maxCSR), "at most 16384 bytes"},
		"no PEM":             {string(block.Bytes), "must be in PEM"},
		"a private key":      {asPEM("PRIVATE KEY", der), "holds a private key"},
		"a certificate":      {asPEM("CERTIFICATE", block.Bytes), "not another kind"},
		"two of them":        {good + good, "nothing before or after"},
		"text before":        {"Subject: x\n" + good, "nothing before or after"},
		"headers":            {asPEMWithHeader(block.Bytes), "nothing before or after"},
		"garbage":            {asPEM("CERTIFICATE REQUEST", []byte("garbage")), "cannot be read"},
		"trailing bytes":     {asPEM("CERTIFICATE REQUEST", append(append([]byte(nil), block.Bytes...), 0)), "cannot be read"},
		"a forged signature": {asPEM("CERTIFICATE REQUEST", forged), "does not verify"},
		"SHA-1":              {sha1Request(t), "algorithm that is not taken"},
		"P-224":              {requestPEM(t, ecKey(t, elliptic.P224()), named("alice")), "on a curve"},
		"Ed25519":            {requestPEM(t, edKey, named("alice")), "Ed25519"},
		"short RSA":          {weakRSA(t, func(k *rsa.PublicKey) { k.N.Rsh(k.N, 1024).SetBit(k.N, 0, 1) }), "too short"},
		"long RSA":           {weakRSA(t, func(k *rsa.PublicKey) { k.N.Lsh(k.N, 7000).SetBit(k.N, 0, 1) }), "longer than brokers"},
		"exponent 3":         {weakRSA(t, func(k *rsa.PublicKey) { k.E = 3 }), "weak public exponent"},
		"an even exponent":   {weakRSA(t, func(k *rsa.PublicKey) { k.E = 65538 }), "weak public exponent"},
		"a small factor": {weakRSA(t, func(k *rsa.PublicKey) {
			k.N.Div(k.N, big.NewInt(97)).Mul(k.N, big.NewInt(97)).SetBit(k.N, 2047, 1)
			fixOdd(k.N)
		}), "two large primes"},
		"another's name":      {ask(named("mallory")), "names somebody else"},
		"upper case":          {ask(named("Alice")), "names somebody else"},
		"two names":           {ask(named("", attribute(oidCommonName, "alice"), attribute(oidCommonName, "alice"))), "names somebody else"},
		"another service":     {ask(named("alice", attribute(oidUnit, "@admin"))), "another OU"},
		"another project":     {ask(named("alice", attribute(oidOrganization, "other"))), "another O "},
		"a country":           {ask(named("alice", attribute(asn1.ObjectIdentifier{2, 5, 4, 6}, "FI"))), "more than who"},
		"a DNS name":          {ask(x509.CertificateRequest{DNSNames: []string{"broker"}}), "names other than"},
		"another's URI":       {ask(x509.CertificateRequest{URIs: []*url.URL{foreign}}), "names other than"},
		"an e-mail address":   {ask(x509.CertificateRequest{EmailAddresses: []string{"a@b.c"}}), "names other than"},
		"CA:TRUE":             {ask(asking(oidBasicConstraints, true, struct{ IsCA bool }{true})), "authority's certificate"},
		"keyCertSign":         {ask(asking(oidKeyUsage, true, asn1.BitString{Bytes: []byte{0x04}, BitLength: 6})), "sign certificates"},
		"serverAuth":          {ask(asking(oidExtKeyUsage, false, []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 1}})), "another use"},
		"a critical unknown":  {ask(asking(asn1.ObjectIdentifier{1, 2, 3}, true, "x")), "critical extension"},
		"a name beside URIs":  {ask(x509.CertificateRequest{URIs: []*url.URL{userURI("demo", "orders.prod", "alice")}, DNSNames: []string{"x"}}), "names other than"},
		"a directory name":    {ask(asking(oidAltNames, false, []asn1.RawValue{{Class: 2, Tag: 4, IsCompound: true, Bytes: []byte{0x30, 0}}})), "names other than"},
		"an unknown key type": {dsaRequest(), "kind that is not taken"},
	} {
		_, err := ReadCSR(c.text, alice)
		var refusal *CSRError
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Message, c.why) {
			t.Errorf("%s: got %v, want a refusal with %q", name, err, c.why)
			continue
		}
		for _, value := range []string{"mallory", "bob", "@admin", "a@b.c"} {
			if strings.Contains(refusal.Message, value) {
				t.Errorf("%s: the refusal repeats what was sent: %s", name, refusal.Message)
			}
		}
	}
}

func fixOdd(n *big.Int) {
	for n.Bit(0) == 0 || new(big.Int).Mod(n, big.NewInt(97)).Sign() != 0 {
		n.Add(n, big.NewInt(1))
	}
}

func asPEMWithHeader(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Headers: map[string]string{"A": "b"}, Bytes: der}))
}

// rewritten is a request with one run of bytes replaced by another as long.
func rewritten(t testing.TB, text string, from, to []byte) string {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if !strings.Contains(string(block.Bytes), string(from)) {
		t.Fatal("the request does not hold what is to be replaced")
	}
	der := strings.ReplaceAll(string(block.Bytes), string(from), string(to))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte(der)}))
}

// sha1Request names SHA-1 where SHA-256 stood; Go signs nothing with it any more.
func sha1Request(t *testing.T) string {
	sha256RSA, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11})
	sha1RSA, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5})
	return rewritten(t, requestPEM(t, rsaKey(), named("alice")), sha256RSA, sha1RSA)
}

// dsaRequest is a request whose key is of an algorithm that Go does not know.
func dsaRequest() string {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, _ := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	ec, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1})
	other, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 9})
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte(strings.Replace(string(der), string(ec), string(other), 1))}))
}

// FuzzReadCSR: whatever is sent is refused with a reason, or has a key that can be
// certified and that is safe.
func FuzzReadCSR(f *testing.F) {
	f.Add(requestPEM(f, ecKey(f, elliptic.P256()), named("alice")))
	f.Add(requestPEM(f, rsaKey(), named("alice", attribute(oidUnit, "orders.prod"))))
	f.Add(requestPEM(f, ecKey(f, elliptic.P521()), x509.CertificateRequest{URIs: []*url.URL{userURI("demo", "orders.prod", "alice")}}))
	f.Add(requestPEM(f, ecKey(f, elliptic.P256()), asking(oidExtKeyUsage, true, []asn1.ObjectIdentifier{oidClientAuth})))
	f.Add("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n")
	a := projectCA(f)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ReadCSR(text, alice)
		var refusal *CSRError
		switch {
		case err != nil && !errors.As(err, &refusal):
			t.Fatalf("no refusal: %v", err)
		case err != nil:
			return
		}
		leaf, err := a.CertifyClient(clientProfile(), key)
		if err != nil {
			t.Fatalf("a key that was taken cannot be certified: %v", err)
		}
		if err := VerifyClient(a.Cert.Raw, leaf.Cert, clientProfile()); err != nil {
			t.Fatal(err)
		}
	})
}
