package pki

import (
	"crypto/sha256"
	"testing"
)

func TestDescribe(t *testing.T) {
	a := projectCA(t)
	leaf, err := a.IssueClient(clientProfile())
	if err != nil {
		t.Fatal(err)
	}
	d, err := Describe(leaf.Cert)
	if err != nil {
		t.Fatal(err)
	}
	cert := parse(t, leaf.Cert)
	if d.Subject != "CN=alice,OU=orders.prod,O=demo" || d.Issuer != cert.Issuer.String() || d.KeyType != "ECDSA P-256" {
		t.Errorf("described as %+v", d)
	}
	if len(d.Names) != 1 || d.Names[0] != "segue:demo/orders.prod/alice" {
		t.Errorf("names are %q", d.Names)
	}
	if d.Fingerprint != sha256.Sum256(leaf.Cert) || d.PublicKey != sha256.Sum256(cert.RawSubjectPublicKeyInfo) {
		t.Error("a digest is of something else")
	}
	broker, err := a.IssueBroker(brokerProfile(ClientListener, "kafka-1.example.com", "10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	if d, err = Describe(broker.Cert); err != nil || len(d.Names) != 2 || d.Names[0] != "kafka-1.example.com" || d.Names[1] != "10.0.0.1" {
		t.Errorf("names of a broker are %q, %v", d.Names, err)
	}
	if _, err := Describe(leaf.Cert[:40]); err == nil {
		t.Error("a cut certificate is described")
	}
}
