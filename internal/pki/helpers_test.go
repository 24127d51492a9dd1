package pki

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"
)

// made is the moment at which the tests' authorities are made and pairs issued.
var made = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func newAuthority(t testing.TB, subject AuthoritySubject) *Authority {
	t.Helper()
	cert, key, err := NewAuthority(subject, made.Add(-day), made.AddDate(10, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	a, err := LoadAuthority(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func projectCA(t testing.TB) *Authority { return newAuthority(t, AuthoritySubject{Project: "demo"}) }

func clusterCA(t testing.TB) *Authority {
	return newAuthority(t, AuthoritySubject{Project: "demo", Service: "orders.prod"})
}

func clientProfile() ClientProfile {
	return ClientProfile{
		Project: "demo", Service: "orders.prod", User: "alice",
		NotBefore: made.Add(-time.Hour), NotAfter: made.Add(820 * day),
	}
}

func brokerProfile(use BrokerUse, host string, alt ...string) BrokerProfile {
	return BrokerProfile{
		Project: "demo", Host: host, Alt: alt, Use: use,
		NotBefore: made.Add(-time.Hour), NotAfter: made.Add(820 * day),
	}
}

func adminProfile() AdminProfile {
	return AdminProfile{Project: "demo", NotBefore: made.Add(-time.Hour), NotAfter: made.Add(820 * day)}
}

func parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// fatal is what tests and properties have in common.
type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// kafkaDN writes a subject as Kafka's mapping rules see it: RFC 2253, the reverse
// of the order in the certificate. It insists on one attribute each, as several
// in one would show as "A=x+B=y".
func kafkaDN(t fatal, subject []byte) string {
	t.Helper()
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(subject, &rdns); err != nil || len(rest) > 0 {
		t.Fatalf("subject does not parse: %v", err)
	}
	for _, rdn := range rdns {
		if len(rdn) != 1 {
			t.Fatalf("an RDN of %s has %d attributes", rdns, len(rdn))
		}
	}
	return rdns.String()
}

// mustIssue returns the certificate of a leaf that a call gave.
func mustIssue(t testing.TB) func(Leaf, error) *x509.Certificate {
	return func(leaf Leaf, err error) *x509.Certificate {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := KeyMatches(leaf.Cert, leaf.Key); err != nil {
			t.Fatal(err)
		}
		return parse(t, leaf.Cert)
	}
}

type pkixExtension = pkix.Extension

func publicKey(t testing.TB, certDER []byte) *ecdsa.PublicKey {
	t.Helper()
	return parse(t, certDER).PublicKey.(*ecdsa.PublicKey)
}
