package httpapi

import (
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

var sweepAll app.SweepOptions

// crlPathOf is the path of the list that the certificate names.
func crlPathOf(t *testing.T, certPEM string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certPEM))
	if block == nil {
		t.Fatal("no PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if len(cert.CRLDistributionPoints) != 1 {
		t.Fatalf("the certificate names %v", cert.CRLDistributionPoints)
	}
	u, err := url.Parse(cert.CRLDistributionPoints[0])
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

func revokedIn(t *testing.T, der []byte) int {
	t.Helper()
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return len(list.RevokedCertificateEntries)
}
