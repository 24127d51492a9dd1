package main

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdHoldsPair expects a directory to hold what a client of Kafka can load:
// holds-pair DIRECTORY USER. The certificate has to be the key's, the user's, and
// signed for clients by the authority beside it.
func cmdHoldsPair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: holds-pair DIRECTORY USER")
	}
	dir := args[0]
	pair, err := tls.X509KeyPair(
		[]byte(ts.ReadFile(filepath.Join(dir, "service.cert"))), []byte(ts.ReadFile(filepath.Join(dir, "service.key"))))
	ts.Check(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ts.ReadFile(filepath.Join(dir, "ca.pem")))) {
		ts.Fatalf("ca.pem holds no certificate")
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	ts.Check(err)
	if pair.Leaf.Subject.CommonName != args[1] {
		ts.Fatalf("the certificate is of %s", strings.TrimSpace(pair.Leaf.Subject.String()))
	}
}
