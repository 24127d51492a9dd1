package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Revoked is one entry of a revocation list.
type Revoked struct {
	Serial []byte // big-endian, as in the certificate
	At     time.Time
}

// CRL signs a revocation list, DER. Times are cut to whole seconds. An entry
// whose moment a faster clock set after thisUpdate gets thisUpdate: readers may
// refuse a list from before what it reports. Numbers of one authority must grow.
// The signature is verified by x509.CreateRevocationList (signTBS), and what the
// list says by reading it back.
func (a *Authority) CRL(revoked []Revoked, number *big.Int, thisUpdate, nextUpdate time.Time) ([]byte, error) {
	thisUpdate, nextUpdate = thisUpdate.UTC().Truncate(time.Second), nextUpdate.UTC().Truncate(time.Second)
	if !nextUpdate.After(thisUpdate) {
		return nil, errors.New("a revocation list must be valid for a second at least")
	}
	template := &x509.RevocationList{Number: number, ThisUpdate: thisUpdate, NextUpdate: nextUpdate}
	for _, r := range revoked {
		serial := new(big.Int).SetBytes(r.Serial)
		if serial.Sign() == 0 || len(r.Serial) > 20 {
			return nil, errors.New("a revoked serial must be a positive number of at most 20 octets")
		}
		at := r.At.UTC().Truncate(time.Second)
		if at.After(thisUpdate) {
			at = thisUpdate
		}
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: serial, RevocationTime: at})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, a.Cert, a.Key)
	if err != nil {
		return nil, fmt.Errorf("sign a revocation list: %w", err)
	}
	if err := a.checkCRL(der, template); err != nil {
		return nil, err
	}
	return der, nil
}

// checkCRL compares a list just signed with what was asked.
func (a *Authority) checkCRL(der []byte, asked *x509.RevocationList) error {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return fmt.Errorf("read back a revocation list: %w", err)
	}
	same := bytes.Equal(list.RawIssuer, a.Cert.RawSubject) && bytes.Equal(list.AuthorityKeyId, a.Cert.SubjectKeyId) &&
		list.Number != nil && list.Number.Cmp(asked.Number) == 0 &&
		list.ThisUpdate.Equal(asked.ThisUpdate) && list.NextUpdate.Equal(asked.NextUpdate) &&
		len(list.RevokedCertificateEntries) == len(asked.RevokedCertificateEntries)
	for i := 0; same && i < len(list.RevokedCertificateEntries); i++ {
		got, want := list.RevokedCertificateEntries[i], asked.RevokedCertificateEntries[i]
		same = got.SerialNumber.Cmp(want.SerialNumber) == 0 && got.RevocationTime.Equal(want.RevocationTime)
	}
	if !same {
		return errors.New("the revocation list that was signed differs from what was asked")
	}
	return nil
}
