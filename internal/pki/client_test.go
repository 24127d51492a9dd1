package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// extension is what a certificate says in one extension, in hexadecimal; the
// value is empty where it is not the same in each certificate.
type extension struct {
	oid      string
	critical bool
	value    string
}

// TestClientFacts holds the client profile byte for byte.
func TestClientFacts(t *testing.T) {
	a := projectCA(t)
	profile := clientProfile()
	profile.CRLURL = "http://segue.example/crl/1.crl"
	leaf, err := a.IssueClient(profile)
	cert := mustIssue(t)(leaf, err)

	wantSubject := "3035" + // SEQUENCE of O, OU, CN
		"310d300b060355040a130464656d6f" + // O=demo
		"31143012060355040b130b6f72646572732e70726f64" + // OU=orders.prod
		"310e300c06035504031305616c696365" // CN=alice
	if got := hex.EncodeToString(cert.RawSubject); got != wantSubject {
		t.Errorf("subject is\n%s, want\n%s", got, wantSubject)
	}
	if got := kafkaDN(t, cert.RawSubject); got != "CN=alice,OU=orders.prod,O=demo" {
		t.Errorf("Kafka sees %s", got)
	}
	checkExtensions(t, cert, []extension{
		{"2.5.29.15", true, "03020780"},                                            // digitalSignature
		{"2.5.29.37", false, "300a06082b06010505070302"},                           // clientAuth
		{"2.5.29.19", true, "3000"},                                                // not an authority
		{"2.5.29.14", false, ""},                                                   // subject key identifier
		{"2.5.29.35", false, "30168014" + hex.EncodeToString(a.Cert.SubjectKeyId)}, // authority's
		{"2.5.29.17", false, "301e861c" + hex.EncodeToString([]byte("segue:demo/orders.prod/alice"))},
		{"2.5.29.31", false, "30263024a022a020861e" + hex.EncodeToString([]byte(profile.CRLURL))},
	})
	if !cert.NotBefore.Equal(profile.NotBefore) || !cert.NotAfter.Equal(profile.NotAfter) {
		t.Errorf("life is %s to %s", cert.NotBefore, cert.NotAfter)
	}
	if cert.SignatureAlgorithm != x509.ECDSAWithSHA256 || cert.Version != 3 {
		t.Errorf("signed by %s, version %d", cert.SignatureAlgorithm, cert.Version)
	}
	if !bytes.Equal(leaf.Serial, cert.SerialNumber.Bytes()) || leaf.Serial[0] == 0 {
		t.Errorf("serial is %x, certificate has %x", leaf.Serial, cert.SerialNumber)
	}
	if serial, err := SerialOf(leaf.Cert); err != nil || !bytes.Equal(serial, leaf.Serial) {
		t.Errorf("SerialOf gives %x, %v", serial, err)
	}
	if err := cert.CheckSignatureFrom(a.Cert); err != nil {
		t.Error(err)
	}
}

func checkExtensions(t *testing.T, cert *x509.Certificate, want []extension) {
	t.Helper()
	if len(cert.Extensions) != len(want) {
		t.Errorf("%d extensions, want %d", len(cert.Extensions), len(want))
	}
	for _, w := range want {
		i := slices.IndexFunc(cert.Extensions, func(e pkixExtension) bool { return e.Id.String() == w.oid })
		if i < 0 {
			t.Errorf("no extension %s", w.oid)
			continue
		}
		got := cert.Extensions[i]
		if got.Critical != w.critical || (w.value != "" && hex.EncodeToString(got.Value) != w.value) {
			t.Errorf("extension %s is critical %v, %x, want %v, %s", w.oid, got.Critical, got.Value, w.critical, w.value)
		}
	}
}

func TestClientWithoutCRLHasNoDistributionPoint(t *testing.T) {
	cert := mustIssue(t)(projectCA(t).IssueClient(clientProfile()))
	if len(cert.CRLDistributionPoints) != 0 || len(cert.Extensions) != 6 {
		t.Errorf("points %v, %d extensions", cert.CRLDistributionPoints, len(cert.Extensions))
	}
}

func TestEachPairIsItsOwn(t *testing.T) {
	a := projectCA(t)
	one, two := mustIssue(t)(a.IssueClient(clientProfile())), mustIssue(t)(a.IssueClient(clientProfile()))
	if samePublicKey(one.PublicKey, two.PublicKey) || one.SerialNumber.Cmp(two.SerialNumber) == 0 {
		t.Error("two pairs share key or serial")
	}
}

func TestIssueClientRefuses(t *testing.T) {
	project, cluster := projectCA(t), clusterCA(t)
	for name, tc := range map[string]struct {
		by     *Authority
		change func(*ClientProfile)
		says   string
	}{
		"outlives its authority":  {project, func(p *ClientProfile) { p.NotAfter = project.Cert.NotAfter.Add(time.Second) }, "outlive its authority"},
		"begins before it":        {project, func(p *ClientProfile) { p.NotBefore = project.Cert.NotBefore.Add(-time.Second) }, "begin before its authority"},
		"no life":                 {project, func(p *ClientProfile) { p.NotAfter = p.NotBefore }, "end after it begins"},
		"fraction of a second":    {project, func(p *ClientProfile) { p.NotAfter = p.NotAfter.Add(time.Millisecond) }, "whole seconds"},
		"another project":         {project, func(p *ClientProfile) { p.Project = "other" }, "another project"},
		"by the cluster CA":       {cluster, func(*ClientProfile) {}, "only a project CA"},
		"CRL by file":             {project, func(p *ClientProfile) { p.CRLURL = "file:///ca.crl" }, "address of the CRL"},
		"CRL with a password":     {project, func(p *ClientProfile) { p.CRLURL = "https://u:p@segue.example/ca.crl" }, "address of the CRL"},
		"CRL without a host":      {project, func(p *ClientProfile) { p.CRLURL = "/crl/1.crl" }, "address of the CRL"},
		"CRL with other letters":  {project, func(p *ClientProfile) { p.CRLURL = "https://ségue.example/ca.crl" }, "address of the CRL"},
		"Kafka's anonymous":       {project, func(p *ClientProfile) { p.User = "ANONYMOUS" }, "meaning of its own"},
		"principal of the denied": {project, func(p *ClientProfile) { p.User = "nobody" }, "meaning of its own"},
	} {
		p := clientProfile()
		tc.change(&p)
		leaf, err := tc.by.IssueClient(p)
		if err == nil || !strings.Contains(err.Error(), tc.says) || leaf.Cert != nil || leaf.Key != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLeafMayEndWithItsAuthority(t *testing.T) {
	a := projectCA(t)
	p := clientProfile()
	p.NotBefore, p.NotAfter = a.Cert.NotBefore, a.Cert.NotAfter
	leaf, err := a.IssueClient(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyClient(a.Cert.Raw, leaf.Cert, p); err != nil {
		t.Error(err)
	}
}

// hostileNames would change what a subject, a SAN or a mapping rule means.
var hostileNames = []string{
	"", " ", "alice ", " alice", "a,OU=x", "a+OU=x", "a=b", `a"b`, `a\b`, "a/b", "a;b", "a<b", "#a", "@admin", "@brokers", "a@b", "a:b",
	"a\x00", "a\nb", "-a", ".a", "ä", "alice\u200b", "а", "a*", "$1", "(a)", strings.Repeat("a", 65), "\xff",
}

func TestHostileNamesAreRefused(t *testing.T) {
	a := projectCA(t)
	for _, hostile := range hostileNames {
		for field, change := range map[string]func(*ClientProfile){
			"project": func(p *ClientProfile) { p.Project = hostile },
			"service": func(p *ClientProfile) { p.Service = hostile },
			"user":    func(p *ClientProfile) { p.User = hostile },
		} {
			p := clientProfile()
			change(&p)
			_, err := a.IssueClient(p)
			if err == nil || !strings.Contains(err.Error(), "a certificate's "+field+" must be") {
				t.Errorf("%s %q: %v", field, hostile, err)
			}
		}
	}
}

// TestAnyNameBecomesExactlyItself: every name the rule allows, and no other user
// or service, comes out of the certificate that carries it.
func TestAnyNameBecomesExactlyItself(t *testing.T) {
	name := rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9._-]{0,63}`).Filter(func(s string) bool { return s != "nobody" && s != "ANONYMOUS" })
	rapid.Check(t, func(t *rapid.T) {
		project, service, user := name.Draw(t, "project"), name.Draw(t, "service"), name.Draw(t, "user")
		life := time.Duration(rapid.Int64Range(1, 100*365*24*3600).Draw(t, "life")) * time.Second
		caDER, keyDER, err := NewAuthority(AuthoritySubject{Project: project}, made.Add(-day), made.Add(life+day))
		if err != nil {
			t.Fatal(err)
		}
		a, err := LoadAuthority(caDER, keyDER)
		if err != nil {
			t.Fatal(err)
		}
		p := ClientProfile{Project: project, Service: service, User: user, NotBefore: made.Add(-time.Hour), NotAfter: made.Add(life)}
		leaf, err := a.IssueClient(p)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(leaf.Cert)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := kafkaDN(t, cert.RawSubject), "CN="+user+",OU="+service+",O="+project; got != want {
			t.Fatalf("Kafka sees %s, want %s", got, want)
		}
		rule := regexp.MustCompile(`^CN=([A-Za-z0-9_][A-Za-z0-9._-]*),OU=` + regexp.QuoteMeta(service) + `,O=` + regexp.QuoteMeta(project) + `$`)
		if m := rule.FindStringSubmatch(kafkaDN(t, cert.RawSubject)); m == nil || m[1] != user {
			t.Fatalf("the rule of service %s maps %s to %v", service, cert.Subject, m)
		}
		if len(cert.URIs) != 1 || cert.URIs[0].String() != "segue:"+project+"/"+service+"/"+user {
			t.Fatalf("URIs are %v", cert.URIs)
		}
		if err := VerifyClient(caDER, leaf.Cert, p); err != nil {
			t.Fatal(err)
		}
		if err := KeyMatches(leaf.Cert, leaf.Key); err != nil {
			t.Fatal(err)
		}
	})
}

func TestVerifyClientFindsWhatIsWrong(t *testing.T) {
	a, successor := projectCA(t), projectCA(t)
	p := clientProfile()
	leaf, err := a.IssueClient(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		ca     []byte
		change func(*ClientProfile)
		says   string
	}{
		"another authority": {successor.Cert.Raw, func(*ClientProfile) {}, "issuer"},
		"another user":      {a.Cert.Raw, func(p *ClientProfile) { p.User = "alic" }, "subject"},
		"another service":   {a.Cert.Raw, func(p *ClientProfile) { p.Service = "orders-prod" }, "subject"},
		"a later end":       {a.Cert.Raw, func(p *ClientProfile) { p.NotAfter = p.NotAfter.Add(time.Second) }, "end"},
		"another beginning": {a.Cert.Raw, func(p *ClientProfile) { p.NotBefore = p.NotBefore.Add(time.Second) }, "beginning"},
		"no authority":      {leaf.Cert[1:], func(*ClientProfile) {}, "read a CA certificate"},
	} {
		p := p
		tc.change(&p)
		if err := VerifyClient(tc.ca, leaf.Cert, p); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.CRLURL = "https://moved.example/crl/1.crl"
	if err := VerifyClient(a.Cert.Raw, leaf.Cert, p); err != nil {
		t.Errorf("where lists are served has changed: %v", err)
	}
}

// TestForgedSignatureIsFound: a leaf that says everything right under the right
// issuer name, signed by a stranger's key.
func TestForgedSignatureIsFound(t *testing.T) {
	a := projectCA(t)
	leaf, err := a.IssueClient(clientProfile())
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(leaf.Cert)
	forged[len(forged)-1] ^= 1
	if err := VerifyClient(a.Cert.Raw, forged, clientProfile()); err == nil {
		t.Error("a changed signature verifies")
	}
	forged = bytes.Replace(leaf.Cert, []byte("orders.prod"), []byte("orders-prod"), 2)
	p := clientProfile()
	p.Service = "orders-prod"
	if err := VerifyClient(a.Cert.Raw, forged, p); err == nil || !strings.Contains(err.Error(), "verify") {
		t.Errorf("a changed subject verifies: %v", err)
	}
}

// faultySigner has the authority's public key and returns signatures of nothing.
type faultySigner struct{ crypto.Signer }

func (s faultySigner) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	wrong := bytes.Clone(digest)
	wrong[0] ^= 1
	return s.Signer.Sign(r, wrong, opts)
}

// TestFaultySignerIsFound holds the standard library to what issue relies on: that
// it verifies the signature it was given.
func TestFaultySignerIsFound(t *testing.T) {
	a := projectCA(t)
	a.Key = faultySigner{a.Key}
	if _, err := a.IssueClient(clientProfile()); err == nil {
		t.Error("a certificate with a wrong signature left")
	}
	if _, err := a.CRL(nil, big.NewInt(1), made, made.Add(day)); err == nil {
		t.Error("a revocation list with a wrong signature left")
	}
}

// TestCheckIssuedComparesEverything signs certificates that each differ from what
// was asked in one part, and expects that part to be named.
func TestCheckIssuedComparesEverything(t *testing.T) {
	a := projectCA(t)
	asked := clientProfile()
	asked.CRLURL = "http://segue.example/crl/1.crl"
	r, err := asked.request()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := a.IssueClient(asked)
	if err != nil {
		t.Fatal(err)
	}
	key, err := readKey(leaf.Key)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := subjectDER("demo", "orders.prod", "mallory")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*x509.Certificate){
		"":                  func(*x509.Certificate) {},
		"subject":           func(c *x509.Certificate) { c.RawSubject = elsewhere },
		"serial":            func(c *x509.Certificate) { c.SerialNumber = big.NewInt(1) },
		"beginning":         func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(-time.Second) },
		"end":               func(c *x509.Certificate) { c.NotAfter = c.NotAfter.Add(time.Second) },
		"basic constraints": func(c *x509.Certificate) { c.IsCA = true },
		"key usage":         func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyAgreement },
		"extended key usage": func(c *x509.Certificate) {
			c.ExtKeyUsage = append(slices.Clone(c.ExtKeyUsage), x509.ExtKeyUsageServerAuth)
		},
		"subject alternative names": func(c *x509.Certificate) { c.DNSNames = []string{"broker1"} },
		"CRL distribution points":   func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://elsewhere/1.crl"} },
		"extensions":                func(c *x509.Certificate) { c.OCSPServer = []string{"http://elsewhere/ocsp"} },
		"critical extensions": func(c *x509.Certificate) {
			c.ExtraExtensions = []pkixExtension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		},
	}
	for part, change := range cases {
		template := parse(t, leaf.Cert)
		change(template)
		der, err := x509.CreateCertificate(nil, template, a.Cert, key.Public(), a.Key)
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		err = a.checkIssued(der, r, parse(t, leaf.Cert).SerialNumber, publicKey(t, leaf.Cert))
		if (part == "") != (err == nil) || (err != nil && !strings.HasSuffix(err.Error(), "in its "+part)) {
			t.Errorf("%q: %v", part, err)
		}
	}
}

// TestCheckIssuedComparesIssuerAndKey: what CreateCertificate takes from others
// than the template.
func TestCheckIssuedComparesIssuerAndKey(t *testing.T) {
	a, other := projectCA(t), projectCA(t)
	r, err := clientProfile().request()
	if err != nil {
		t.Fatal(err)
	}
	leaf := mustIssue(t)(a.IssueClient(clientProfile()))
	twin := &Authority{Cert: parse(t, a.Cert.Raw), Key: a.Key}
	twin.Cert.SubjectKeyId = other.Cert.SubjectKeyId
	for part, err := range map[string]error{
		"issuer":                   other.checkIssued(leaf.Raw, r, leaf.SerialNumber, publicKey(t, leaf.Raw)),
		"authority key identifier": twin.checkIssued(leaf.Raw, r, leaf.SerialNumber, publicKey(t, leaf.Raw)),
		"public key":               a.checkIssued(leaf.Raw, r, leaf.SerialNumber, publicKey(t, a.Cert.Raw)),
	} {
		if err == nil || !strings.HasSuffix(err.Error(), "in its "+part) {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func TestSameNamesComparesEachKind(t *testing.T) {
	r := request{names: hostNames{dns: []string{"a"}, addresses: []net.IP{net.ParseIP("10.0.0.1").To4()}}, uris: []*url.URL{userURI("p", "s", "u")}}
	same := func() *x509.Certificate {
		return &x509.Certificate{DNSNames: []string{"a"}, IPAddresses: []net.IP{net.ParseIP("10.0.0.1")}, URIs: []*url.URL{userURI("p", "s", "u")}}
	}
	if !r.sameNames(same()) {
		t.Error("the same names differ")
	}
	for kind, change := range map[string]func(*x509.Certificate){
		"DNS":     func(c *x509.Certificate) { c.DNSNames = []string{"b"} },
		"address": func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("10.0.0.2")} },
		"URI":     func(c *x509.Certificate) { c.URIs[0] = userURI("p", "s", "v") },
		"mail":    func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b.example"} },
	} {
		c := same()
		change(c)
		if r.sameNames(c) {
			t.Errorf("another %s counts as the same", kind)
		}
	}
}

func TestVerifyAt(t *testing.T) {
	a := projectCA(t)
	p := clientProfile()
	leaf, err := a.IssueClient(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		at    time.Time
		usage x509.ExtKeyUsage
		ok    bool
	}{
		"at its beginning":   {p.NotBefore, x509.ExtKeyUsageClientAuth, true},
		"at its end":         {p.NotAfter, x509.ExtKeyUsageClientAuth, true},
		"before":             {p.NotBefore.Add(-time.Second), x509.ExtKeyUsageClientAuth, false},
		"after":              {p.NotAfter.Add(time.Second), x509.ExtKeyUsageClientAuth, false},
		"as a server":        {made, x509.ExtKeyUsageServerAuth, false},
		"long past its time": {p.NotAfter.AddDate(5, 0, 0), x509.ExtKeyUsageClientAuth, false},
	} {
		if err := VerifyAt(a.Cert.Raw, leaf.Cert, tc.at, tc.usage); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := VerifyAt(projectCA(t).Cert.Raw, leaf.Cert, made, x509.ExtKeyUsageClientAuth); err == nil {
		t.Error("verifies against another authority")
	}
	if err := VerifyAt(a.Cert.Raw, nil, made, x509.ExtKeyUsageClientAuth); err == nil {
		t.Error("no certificate verifies")
	}
}

func TestKeyMatches(t *testing.T) {
	a := projectCA(t)
	one, err1 := a.IssueClient(clientProfile())
	two, err2 := a.IssueClient(clientProfile())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := KeyMatches(one.Cert, two.Key); err == nil {
		t.Error("another's key matches")
	}
	damaged := bytes.Clone(one.Key)
	damaged[0] ^= 0xff
	if err := KeyMatches(one.Cert, damaged); err == nil || strings.Contains(err.Error(), "asn1") {
		t.Errorf("a damaged key: %v", err)
	}
	if err := KeyMatches(nil, one.Key); err == nil {
		t.Error("no certificate matches")
	}
}
