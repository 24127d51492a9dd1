package pki

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
)

// Description is what a certificate says, in the forms that people compare.
type Description struct {
	Subject, Issuer string   // RFC 2253, as brokers write a principal
	Names           []string // the subject's alternative names: URIs, DNS names, addresses
	KeyType         string   // such as "ECDSA P-256"
	// Fingerprint is the SHA-256 of the certificate, PublicKey that of its
	// SubjectPublicKeyInfo: two certificates of one key share the second.
	Fingerprint, PublicKey [sha256.Size]byte
}

// Describe reads a certificate.
func Describe(certDER []byte) (Description, error) {
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return Description{}, fmt.Errorf("describe a certificate: %w", err)
	}
	d := Description{
		Subject: cert.Subject.String(), Issuer: cert.Issuer.String(), KeyType: keyType(cert),
		Fingerprint: sha256.Sum256(cert.Raw), PublicKey: sha256.Sum256(cert.RawSubjectPublicKeyInfo),
	}
	for _, u := range cert.URIs {
		d.Names = append(d.Names, u.String())
	}
	d.Names = append(d.Names, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		d.Names = append(d.Names, ip.String())
	}
	return d, nil
}

func keyType(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}
