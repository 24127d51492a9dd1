package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCRLFacts(t *testing.T) {
	a := projectCA(t)
	at := made.Add(123 * time.Millisecond)
	revoked := []Revoked{
		{Serial: []byte{0x0c, 0xff}, At: at.Add(-time.Hour)},
		{Serial: []byte{0xff}, At: at.Add(time.Hour)}, // by a replica whose clock is ahead
	}
	der, err := a.CRL(revoked, big.NewInt(at.UnixMilli()), at, at.Add(14*day))
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(a.Cert); err != nil {
		t.Error(err)
	}
	if !list.ThisUpdate.Equal(made) || !list.NextUpdate.Equal(made.Add(14*day)) || list.Number.Int64() != at.UnixMilli() {
		t.Errorf("list %d says %s to %s", list.Number, list.ThisUpdate, list.NextUpdate)
	}
	got := ""
	for _, e := range list.RevokedCertificateEntries {
		got += fmt.Sprintf("%x at %s, reason %d, %d extensions; ", e.SerialNumber, stamp(e.RevocationTime), e.ReasonCode, len(e.Extensions))
	}
	want := "cff at 2026-11-24T11:00:00Z, reason 0, 0 extensions; ff at 2026-11-24T12:00:00Z, reason 0, 0 extensions; "
	if got != want {
		t.Errorf("entries are %s\nwant %s", got, want)
	}
}

func TestEmptyCRL(t *testing.T) {
	der, err := clusterCA(t).CRL(nil, big.NewInt(1), made, made.Add(day))
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil || len(list.RevokedCertificateEntries) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestCRLRefuses(t *testing.T) {
	a := projectCA(t)
	one := big.NewInt(1)
	for name, tc := range map[string]struct {
		revoked []Revoked
		number  *big.Int
		next    time.Time
	}{
		"no serial":       {[]Revoked{{At: made}}, one, made.Add(day)},
		"serial zero":     {[]Revoked{{Serial: []byte{0}, At: made}}, one, made.Add(day)},
		"long serial":     {[]Revoked{{Serial: bytes.Repeat([]byte{1}, 21), At: made}}, one, made.Add(day)},
		"no number":       {nil, nil, made.Add(day)},
		"ends at once":    {nil, one, made.Add(time.Second / 2)},
		"number too long": {nil, new(big.Int).Lsh(one, 160), made.Add(day)},
	} {
		if der, err := a.CRL(tc.revoked, tc.number, made, tc.next); err == nil || der != nil {
			t.Errorf("%s: signed, %v", name, err)
		}
	}
}

func TestCheckCRLComparesEverything(t *testing.T) {
	a, other := projectCA(t), projectCA(t)
	asked := func() *x509.RevocationList {
		return &x509.RevocationList{Number: big.NewInt(7), ThisUpdate: made, NextUpdate: made.Add(day),
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(5), RevocationTime: made}}}
	}
	der, err := a.CRL([]Revoked{{Serial: []byte{5}, At: made}}, big.NewInt(7), made, made.Add(day))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.checkCRL(der, asked()); err != nil {
		t.Error(err)
	}
	for part, change := range map[string]func(*x509.RevocationList){
		"number":      func(l *x509.RevocationList) { l.Number = big.NewInt(8) },
		"this update": func(l *x509.RevocationList) { l.ThisUpdate = made.Add(-time.Second) },
		"next update": func(l *x509.RevocationList) { l.NextUpdate = made.Add(2 * day) },
		"count":       func(l *x509.RevocationList) { l.RevokedCertificateEntries = nil },
		"serial":      func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].SerialNumber = big.NewInt(6) },
		"moment":      func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].RevocationTime = made.Add(-time.Second) },
	} {
		l := asked()
		change(l)
		if err := a.checkCRL(der, l); err == nil {
			t.Errorf("another %s is not seen", part)
		}
	}
	if err := other.checkCRL(der, asked()); err == nil {
		t.Error("another issuer is not seen")
	}
	if err := a.checkCRL(der[1:], asked()); err == nil {
		t.Error("garbage is not seen")
	}
}

// TestOpenSSLAgrees lets another implementation judge chain, purpose and
// revocation.
func TestOpenSSLAgrees(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	a := projectCA(t)
	good, revoked := mustIssue(t)(a.IssueClient(clientProfile())), mustIssue(t)(a.IssueClient(clientProfile()))
	broker := mustIssue(t)(a.IssueBroker(brokerProfile(ClientListener, "broker1.example", "10.0.0.1")))
	list, err := a.CRL([]Revoked{{Serial: revoked.SerialNumber.Bytes(), At: made}}, big.NewInt(1), made, made.Add(14*day))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	crl := filepath.Join(dir, "ca.crl.pem")
	if out, err := exec.CommandContext(t.Context(), openssl, "crl", "-inform", "DER", "-in", write("ca.crl", list), "-out", crl).CombinedOutput(); err != nil {
		t.Fatalf("openssl crl: %s", out)
	}
	ca := write("ca.pem", CertPEM(a.Cert.Raw))
	for _, tc := range []struct {
		name string
		cert *x509.Certificate
		args []string
		says string
	}{
		{"good", good, []string{"-purpose", "sslclient"}, "OK"},
		{"revoked", revoked, []string{"-purpose", "sslclient"}, "certificate revoked"},
		{"user-as-server", good, []string{"-purpose", "sslserver"}, "purpose"},
		{"broker", broker, []string{"-purpose", "sslserver", "-verify_hostname", "broker1.example"}, "OK"},
		{"broker-by-address", broker, []string{"-purpose", "sslserver", "-verify_ip", "10.0.0.1"}, "OK"},
		{"broker-as-client", broker, []string{"-purpose", "sslclient"}, "purpose"},
	} {
		args := slices.Concat([]string{"verify", "-x509_strict", "-CAfile", ca, "-CRLfile", crl, "-crl_check", "-attime", fmt.Sprint(made.Unix())},
			tc.args, []string{write(tc.name+".pem", CertPEM(tc.cert.Raw))})
		out, err := exec.CommandContext(t.Context(), openssl, args...).CombinedOutput()
		if (err == nil) != (tc.says == "OK") || !strings.Contains(string(out), tc.says) {
			t.Errorf("%s: %v\n%s", tc.name, err, out)
		}
	}
}
