package app

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/segue-project/segue/internal/pki"
)

// CRLValidFor is how far nextUpdate lies ahead: brokers fail closed, so a CRL
// must outlive any outage of Segue that people would notice.
const CRLValidFor = 14 * 24 * time.Hour

// cachedCRL is the newest CRL of a CA made by this process.
type cachedCRL struct {
	revision   int64
	der        []byte
	thisUpdate time.Time
}

// fresh reports whether the cached list still says what the store says, and
// half its life lies ahead.
func (c *cachedCRL) fresh(revision int64, now time.Time) bool {
	age := now.Sub(c.thisUpdate)
	return c.revision == revision && age >= 0 && age < CRLValidFor/2
}

// CRL gives the revocation list of a CA, DER, signed. It is public: brokers fetch it.
func (a *App) CRL(ctx context.Context, caID int64, now time.Time) ([]byte, error) {
	var ca CA
	var revoked []RevokedCert
	var cached *cachedCRL
	err := a.Store.Read(ctx, func(r Reader) (err error) {
		ca, err = r.CA(ctx, caID)
		if errors.Is(err, ErrNotFound) {
			return fail(CodeNotFound, "no such certificate authority")
		}
		if err != nil {
			return err
		}
		if c, ok := a.crls.Load(caID); ok && c.(*cachedCRL).fresh(ca.CRLRevision, now) {
			cached = c.(*cachedCRL)
			return nil
		}
		// An entry stays for one list beyond the certificate's end, as RFC 5280 asks.
		revoked, err = r.Revoked(ctx, caID, now.Add(-CRLValidFor))
		return err
	})
	if err != nil {
		return nil, err
	}
	if cached != nil {
		return cached.der, nil
	}
	return a.makeCRL(ctx, ca, revoked, now)
}

func (a *App) makeCRL(ctx context.Context, ca CA, revoked []RevokedCert, now time.Time) ([]byte, error) {
	by, err := a.load(ctx, ca)
	if err != nil {
		return nil, err
	}
	entries := make([]pki.Revoked, len(revoked))
	for i, r := range revoked {
		entries[i] = pki.Revoked{Serial: r.Serial, At: r.RevokedAt}
	}
	// Milliseconds keep the number growing across replicas.
	der, err := by.CRL(entries, big.NewInt(now.UnixMilli()), now, now.Add(CRLValidFor))
	if err != nil {
		return nil, fmt.Errorf("sign the CRL of CA %016x: %w", uint64(ca.ID), err)
	}
	a.crls.Store(ca.ID, &cachedCRL{revision: ca.CRLRevision, der: der, thisUpdate: now})
	return der, nil
}
