package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestAuthorityFacts(t *testing.T) {
	for _, tc := range []struct {
		subject AuthoritySubject
		dn      string
	}{
		{AuthoritySubject{Project: "demo"}, `^CN=Segue project CA ([0-9a-f]{8}),O=demo$`},
		{AuthoritySubject{Project: "demo", Service: "orders.prod"}, `^CN=Segue cluster CA ([0-9a-f]{8}),OU=orders\.prod,O=demo$`},
	} {
		cert := newAuthority(t, tc.subject).Cert
		dn := regexp.MustCompile(tc.dn).FindStringSubmatch(kafkaDN(t, cert.RawSubject))
		if dn == nil {
			t.Fatalf("subject is %s", cert.Subject)
		}
		if !strings.HasPrefix(hex.EncodeToString(cert.SubjectKeyId), dn[1]) || len(cert.SubjectKeyId) != 20 {
			t.Errorf("key identifier %x does not begin with %s", cert.SubjectKeyId, dn[1])
		}
		if !cert.IsCA || cert.MaxPathLen != 0 || !cert.MaxPathLenZero {
			t.Errorf("path length is %d, zero %v", cert.MaxPathLen, cert.MaxPathLenZero)
		}
		if cert.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(cert.ExtKeyUsage) != 0 {
			t.Errorf("usages are %b %v", cert.KeyUsage, cert.ExtKeyUsage)
		}
		if !cert.NotBefore.Equal(made.Add(-day)) || !cert.NotAfter.Equal(made.AddDate(10, 0, 0)) {
			t.Errorf("life is %s to %s", cert.NotBefore, cert.NotAfter)
		}
		if key := cert.PublicKey.(*ecdsa.PublicKey); key.Curve != elliptic.P256() {
			t.Errorf("curve is %s", key.Params().Name)
		}
		if err := cert.CheckSignatureFrom(cert); err != nil {
			t.Error(err)
		}
	}
}

// TestAuthorityIsNoUser: somebody who shows an authority's own certificate to a
// broker must not become a user by its subject.
func TestAuthorityIsNoUser(t *testing.T) {
	users := regexp.MustCompile(`^CN=([A-Za-z0-9_][A-Za-z0-9._-]*),OU=orders\.prod,O=demo$`)
	if dn := kafkaDN(t, mustIssue(t)(projectCA(t).IssueClient(clientProfile())).RawSubject); !users.MatchString(dn) {
		t.Fatalf("the rule of this test does not take a user: %s", dn)
	}
	if dn := kafkaDN(t, clusterCA(t).Cert.RawSubject); users.MatchString(dn) {
		t.Errorf("%s reads as a user", dn)
	}
}

func TestSuccessorHasAnotherSubject(t *testing.T) {
	if bytes.Equal(projectCA(t).Cert.RawSubject, projectCA(t).Cert.RawSubject) {
		t.Error("two authorities of one project have the same subject")
	}
}

func TestNewAuthorityRefuses(t *testing.T) {
	end := made.Add(day)
	for name, tc := range map[string]struct {
		subject       AuthoritySubject
		before, after time.Time
	}{
		"project name":   {AuthoritySubject{Project: "a,O=b"}, made, end},
		"no project":     {AuthoritySubject{Service: "orders"}, made, end},
		"service name":   {AuthoritySubject{Project: "demo", Service: "@brokers"}, made, end},
		"empty life":     {AuthoritySubject{Project: "demo"}, made, made},
		"half a second":  {AuthoritySubject{Project: "demo"}, made, end.Add(time.Second / 2)},
		"reversed times": {AuthoritySubject{Project: "demo"}, end, made},
	} {
		if _, _, err := NewAuthority(tc.subject, tc.before, tc.after); err == nil {
			t.Errorf("%s: made", name)
		}
	}
}

func TestLoadAuthorityRefuses(t *testing.T) {
	cert, key, err := NewAuthority(AuthoritySubject{Project: "demo"}, made, made.Add(day))
	if err != nil {
		t.Fatal(err)
	}
	_, otherKey, err := NewAuthority(AuthoritySubject{Project: "demo"}, made, made.Add(day))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := projectCA(t).IssueClient(clientProfile())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		cert, key []byte
		says      string
	}{
		"another's key":    {cert, otherKey, "not the one of its certificate"},
		"a leaf":           {leaf.Cert, leaf.Key, "not one of an authority"},
		"a damaged key":    {cert, key[:len(key)-1], "not a private key"},
		"no certificate":   {nil, key, "read a CA certificate"},
		"trailing garbage": {append(bytes.Clone(cert), 0), key, "read a CA certificate"},
	} {
		if _, err := LoadAuthority(tc.cert, tc.key); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LoadAuthority(cert, key); err != nil {
		t.Error(err)
	}
}

func TestSerial(t *testing.T) {
	seen := map[string]bool{}
	for _, at := range []time.Time{serialEpoch.Add(-time.Second), serialEpoch, serialEpoch.Add(time.Second), made, made.AddDate(100, 0, 0)} {
		for range 200 {
			serial := newSerial(at)
			if serial.Sign() <= 0 || serial.BitLen() > 159 {
				t.Fatalf("at %s: %x has %d bits", at, serial, serial.BitLen())
			}
			if b := serial.Bytes(); seen[string(b)] {
				t.Fatalf("%x twice", b)
			}
			seen[string(serial.Bytes())] = true
		}
	}
	earlier, later := newSerial(made), newSerial(made.Add(time.Second))
	if earlier.Cmp(later) >= 0 {
		t.Errorf("serials do not grow with time: %x, then %x", earlier, later)
	}
	if got := SerialHex(newSerial(made).Bytes())[:8]; got != "0cf99b40" {
		t.Errorf("the first octets of a serial at %s are %s", made, got)
	}
}
