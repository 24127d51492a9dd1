package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// newPair makes a certificate and its key.
func newPair(t *testing.T) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		generation: 2,
		cert:       string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		key:        string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}
}

func TestOnlyAWholePairIsWritten(t *testing.T) {
	good, other := newPair(t), newPair(t)
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for want, p := range map[string]pair{
		"your role in this project sees no certificates":      {generation: 2},
		"no key of generation 2":                              {generation: 2, cert: good.cert},
		"a certificate and a key that do not belong together": {generation: 2, cert: good.cert, key: other.key},
	} {
		err := p.check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "PRIVATE KEY") {
			t.Error("the error holds the key")
		}
	}
}
