package app

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// CAYears is how long an authority lives.
const CAYears = 10

// CABackdate is how long before its making an authority's notBefore lies.
const CABackdate = 24 * time.Hour

// newID returns a random positive row id. Ids are made before the transaction,
// because they are part of what sealed secrets are bound to.
func newID() int64 {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // never fails: see crypto/rand
		if id := int64(binary.BigEndian.Uint64(b[:]) >> 1); id != 0 {
			return id
		}
	}
}

// authority is a CA ready to sign.
type authority struct {
	CA
	*pki.Authority
}

// newCA makes an authority of a project (serviceID 0) or of a service's brokers.
func (a *App) newCA(ctx context.Context, p Project, serviceID int64, service string, kind CAKind, notBefore, now time.Time) (CA, error) {
	notBefore = notBefore.Truncate(time.Second)
	notAfter := now.AddDate(CAYears, 0, 0).Truncate(time.Second)
	cert, key, err := pki.NewAuthority(pki.AuthoritySubject{Project: p.FirstName, Service: service}, notBefore, notAfter)
	if err != nil {
		return CA{}, fmt.Errorf("make %s CA: %w", kind, err)
	}
	ca := CA{
		ID: newID(), ProjectID: p.ID, ServiceID: serviceID, Kind: kind, State: CAActive,
		Cert: cert, NotBefore: notBefore, NotAfter: notAfter, CreatedAt: now,
	}
	if ca.SealedKey, err = a.Custody.Seal(ctx, SealCAKey, p.ID, ca.ID, CAKeyID(ca.ID), key); err != nil {
		return CA{}, fmt.Errorf("seal %s CA key: %w", kind, err)
	}
	return ca, nil
}

// load returns the CA ready to sign; opened keys stay in memory while the process runs.
func (a *App) load(ctx context.Context, ca CA) (*authority, error) {
	if cached, ok := a.authorities.Load(ca.ID); ok {
		return cached.(*authority), nil
	}
	key, err := a.Custody.Open(ctx, SealCAKey, ca.ProjectID, ca.ID, CAKeyID(ca.ID), ca.SealedKey)
	if err != nil {
		return nil, fmt.Errorf("open the key of CA %016x: %w", uint64(ca.ID), err)
	}
	signer, err := pki.LoadAuthority(ca.Cert, key)
	if err != nil {
		return nil, fmt.Errorf("load CA %016x: %w", uint64(ca.ID), err)
	}
	loaded := &authority{CA: ca, Authority: signer}
	a.authorities.Store(ca.ID, loaded)
	return loaded, nil
}

// identity is whom a pair is for.
type identity struct {
	projectID, userID      int64
	project, service, user string // project is its first name
}

// makePair makes the certificate of a decided generation, outside any transaction,
// of the client's key where the generation is by a request, else of a key made here.
func (a *App) makePair(ctx context.Context, by *authority, who identity, is *lifecycle.Issue, clients pki.PublicKey) (*NewPair, error) {
	profile := pki.ClientProfile{
		Project: who.project, Service: who.service, User: who.user,
		NotBefore: is.NotBefore, NotAfter: is.NotAfter, CRLURL: a.crlURL(by.CA.ID),
	}
	if is.ByCSR {
		leaf, err := by.CertifyClient(profile, clients)
		if err != nil {
			return nil, fmt.Errorf("issue generation %d: %w", is.Number, err)
		}
		return &NewPair{CAID: by.CA.ID, Serial: leaf.Serial, Cert: leaf.Cert, PublicKey: clients.Fingerprint[:]}, nil
	}
	leaf, err := by.IssueClient(profile)
	if err != nil {
		return nil, fmt.Errorf("issue generation %d: %w", is.Number, err)
	}
	sealed, err := a.Custody.Seal(ctx, SealUserKey, who.projectID, who.userID, pki.SerialHex(leaf.Serial), leaf.Key)
	if err != nil {
		return nil, fmt.Errorf("seal the key of generation %d: %w", is.Number, err)
	}
	return &NewPair{CAID: by.CA.ID, Serial: leaf.Serial, Cert: leaf.Cert, SealedKey: sealed}, nil
}

func (a *App) crlURL(caID int64) string {
	if a.PublicURL == "" {
		return ""
	}
	return a.PublicURL + CRLPath(caID)
}

// CRLPath is where the CRL of a CA is served.
func CRLPath(caID int64) string { return fmt.Sprintf("/crl/%016x.crl", uint64(caID)) }

// terms are what a pair of this service is issued under now.
func terms(p Project, s Service, ca CA) lifecycle.Terms {
	policy, _ := lifecycle.Effective(p.Override, s.Override)
	rekey, _ := lifecycle.EffectiveRekey(p.Override, s.Override)
	return lifecycle.Terms{Policy: policy, CAEnd: ca.NotAfter, Rekey: rekey}
}
