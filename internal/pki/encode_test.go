package pki

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"testing"
)

func TestPEM(t *testing.T) {
	leaf, err := projectCA(t).IssueClient(clientProfile())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(CertPEM(leaf.Cert), KeyPEM(leaf.Key)); err != nil {
		t.Error(err)
	}
	for kind, b := range map[string][]byte{"CERTIFICATE": CertPEM(leaf.Cert), "PRIVATE KEY": KeyPEM(leaf.Key)} {
		block, rest := pem.Decode(b)
		if block == nil || block.Type != kind || len(block.Headers) != 0 || len(rest) != 0 || !bytes.HasSuffix(b, []byte("-----\n")) {
			t.Errorf("%s is written as %s", kind, b)
		}
	}
	if got := SerialHex([]byte{0x0c, 0xff, 0x00}); got != "0cff00" {
		t.Errorf("serial is written as %s", got)
	}
}
