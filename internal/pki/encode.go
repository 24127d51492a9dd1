package pki

import (
	"encoding/hex"
	"encoding/pem"
)

// CertPEM encodes a certificate as PEM.
func CertPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// KeyPEM encodes a private key in PKCS#8 as PEM.
func KeyPEM(pkcs8 []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// SerialHex writes a serial in lower-case hexadecimal, two digits an octet.
func SerialHex(serial []byte) string { return hex.EncodeToString(serial) }
