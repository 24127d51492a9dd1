package app

import (
	"bytes"
	"context"
	"crypto/x509"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// checkPairs is invariant 2 for each pair of a user, and notes what must be in a CRL.
func (k *userCheck) checkPairs(ctx context.Context) error {
	seen := map[serialKey]bool{}
	for _, p := range k.Pairs {
		serial := keyOf(p.CAID, p.Serial)
		_, atBroker := k.brokerSerials[serial]
		if seen[serial] || atBroker {
			k.violation(2, "generation %d has a serial that its authority gave to another certificate too: %s", p.Generation, resetIt)
		}
		seen[serial] = true
		ok := k.checkCert(p)
		if ok && !p.RevokedAt.IsZero() && !k.now.After(p.NotAfter) {
			k.revoked = append(k.revoked, serial)
		}
		if err := k.checkKey(ctx, p, ok); err != nil {
			return err
		}
	}
	return nil
}

// checkCert demands that a certificate is its user's own; ok is false where it is not.
func (k *userCheck) checkCert(p Pair) (ok bool) {
	ca, known := k.cas[p.CAID]
	if !known || ca.Kind != ProjectCA || ca.ProjectID != k.ProjectID {
		k.violation(2, "generation %d is not of an authority of its project: %s", p.Generation, resetIt)
		return false
	}
	cert, err := x509.ParseCertificate(p.Cert)
	if err != nil {
		k.violation(2, "the certificate of generation %d cannot be read: %s", p.Generation, resetIt)
		return false
	}
	if !bytes.Equal(cert.SerialNumber.Bytes(), p.Serial) {
		k.violation(2, "the certificate of generation %d is another than its row says, by its serial: %s", p.Generation, resetIt)
		return false
	}
	if d, err := pki.Describe(p.Cert); p.PublicKey != nil && (err != nil || !bytes.Equal(d.PublicKey[:], p.PublicKey)) {
		k.violation(2, "the certificate of generation %d is of another key than its request brought: %s", p.Generation, resetIt)
		return false
	}
	err = pki.VerifyClient(ca.Cert, p.Cert, pki.ClientProfile{
		Project: k.project.FirstName, Service: k.ServiceName, User: k.Name, NotBefore: p.NotBefore, NotAfter: p.NotAfter,
	})
	if err != nil {
		k.violation(2, "generation %d: %v: %s", p.Generation, err, resetIt)
	}
	return err == nil
}

// keyDestroyedBy is how long after KeyKeptFor a key may still be there: the
// sweep that destroys it comes after the renewals.
const keyDestroyedBy = 24 * time.Hour

// checkKey demands that a key opens and is its certificate's, or that it is gone
// because its time is over. Of a certificate that is not its user's own it asks
// for no key.
func (k *userCheck) checkKey(ctx context.Context, p Pair, ownCert bool) error {
	over := p.NotAfter.Add(lifecycle.KeyKeptFor)
	if p.PublicKey != nil {
		if p.SealedKey != nil {
			k.violation(6, "a key of generation %d is here, though its client keeps it: set sealed_key of that row to null", p.Generation)
		}
		return nil
	}
	if p.SealedKey == nil {
		if p.RevokedAt.IsZero() && !k.moment().After(over) {
			k.violation(2, "the key of generation %d is gone before its time: %s", p.Generation, resetIt)
		}
		return nil
	}
	if !p.RevokedAt.IsZero() {
		k.violation(2, "the key of generation %d is still here although the generation is revoked: %s", p.Generation, destroyKey)
	} else if k.swept.Sub(over) > keyDestroyedBy {
		k.violation(2, "the key of generation %d is still here more than 30 days after its end: %s", p.Generation, destroyKey)
	}
	key, err := k.app.Custody.Open(ctx, SealUserKey, k.ProjectID, k.ID, pki.SerialHex(p.Serial), p.SealedKey)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && inClear(p.SealedKey):
		k.violation(6, "the key of generation %d lies in the store in the clear: %s", p.Generation, resetIt)
	case err != nil:
		k.violation(2, "the key of generation %d does not open in its place: %s", p.Generation, resetIt)
	case ownCert && pki.KeyMatches(p.Cert, key) != nil:
		k.violation(2, "the key of generation %d is not the one of its certificate: %s", p.Generation, resetIt)
	}
	return nil
}

// destroyKey is the remedy for a key that should not be here any more.
const destroyKey = "run `segue sweep`, and where it stays, set sealed_key of that row to null"

// checkPassword demands that the password is sealed for this user, and gone with it.
func (k *userCheck) checkPassword(ctx context.Context) error {
	if k.deleted() {
		if k.SealedPassword != nil {
			k.violation(6, "its password is still here although the user is deleted: set sealed_password of its row to null")
		}
		return nil
	}
	_, err := k.app.Custody.Open(ctx, SealPassword, k.ProjectID, k.ID, PasswordID, k.SealedPassword)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		k.violation(6, "its password does not open in its place, so it was not sealed for this user: %s", resetIt)
	}
	return nil
}
