package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// VerifyAt checks that the authority issued the leaf and that the leaf is valid
// for the usage at the moment.
func VerifyAt(caDER, leafDER []byte, at time.Time, usage x509.ExtKeyUsage) error {
	ca, leaf, err := readChain(caDER, leafDER)
	if err != nil {
		return err
	}
	return verify(ca, leaf, at, usage)
}

// KeyMatches checks that a key in PKCS#8 is the one of the certificate.
func KeyMatches(certDER, keyDER []byte) error {
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return fmt.Errorf("read a certificate: %w", err)
	}
	key, err := readKey(keyDER)
	if err != nil {
		return fmt.Errorf("read a key: %w", err)
	}
	if !samePublicKey(cert.PublicKey, key.Public()) {
		return errors.New("the key is not the one of the certificate")
	}
	return nil
}

// SerialOf reads a certificate's serial in the form of Leaf.Serial.
func SerialOf(certDER []byte) ([]byte, error) {
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	return cert.SerialNumber.Bytes(), nil
}

func readChain(caDER, leafDER []byte) (ca, leaf *x509.Certificate, err error) {
	if ca, err = x509.ParseCertificate(caDER); err != nil {
		return nil, nil, fmt.Errorf("read a CA certificate: %w", err)
	}
	if leaf, err = x509.ParseCertificate(leafDER); err != nil {
		return nil, nil, fmt.Errorf("read a certificate: %w", err)
	}
	return ca, leaf, nil
}

func verify(ca, leaf *x509.Certificate, at time.Time, usage x509.ExtKeyUsage) error {
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}})
	if err != nil {
		return fmt.Errorf("verify a certificate against its authority: %w", err)
	}
	return nil
}
