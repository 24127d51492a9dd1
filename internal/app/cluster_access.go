package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// sessionLife is how long the pair lasts by which Segue administers a cluster.
// It is issued by the process that uses it, whose memory alone holds its key, and
// replaced at half its life.
const sessionLife = 7 * 24 * time.Hour

// session is Segue's own admin pair for one cluster.
type session struct {
	caID      int64
	leaf      KitLeaf
	renewFrom time.Time
}

// connect makes ready to ask a service's brokers.
func (a *App) connect(ctx context.Context, w *clusterWish, now time.Time) (Cluster, error) {
	pair, err := a.sessionFor(ctx, w, now)
	if err != nil {
		return nil, err
	}
	return a.Clusters.Connect(ClusterAccess{
		Addresses: w.service.ReplAddresses, CAs: pki.CertPEM(w.ca.Cert), Cert: pair.leaf.CertPEM, Key: pair.leaf.KeyPEM,
	})
}

func (a *App) sessionFor(ctx context.Context, w *clusterWish, now time.Time) (*session, error) {
	if known, ok := a.sessions.Load(w.service.ID); ok {
		if s := known.(*session); s.caID == w.ca.ID && now.Before(s.renewFrom) {
			return s, nil
		}
	}
	s, cert, err := a.newSession(ctx, w, now)
	if err != nil {
		return nil, err
	}
	err = a.write(ctx, System(), now, func(u *unit) error { // before it is shown to anybody
		if err := u.InsertBrokerCert(ctx, cert); err != nil {
			return err
		}
		return u.audit(w.project.ID, "admin-session.create", w.service.Name, "", map[string]string{"serial": pki.SerialHex(cert.Serial), "not_after": stamp(cert.NotAfter)})
	})
	if err != nil {
		return nil, err
	}
	a.sessions.Store(w.service.ID, s)
	return s, nil
}

func (a *App) newSession(ctx context.Context, w *clusterWish, now time.Time) (*session, BrokerCert, error) {
	by, err := a.load(ctx, w.ca)
	if err != nil {
		return nil, BrokerCert{}, err
	}
	notAfter := now.Add(sessionLife)
	if notAfter.After(by.CA.NotAfter) {
		notAfter = by.CA.NotAfter
	}
	notAfter = notAfter.Truncate(time.Second)
	leaf, err := by.IssueAdmin(pki.AdminProfile{
		Project: w.project.FirstName, NotBefore: now.Add(-lifecycle.Backdate).Truncate(time.Second), NotAfter: notAfter, CRLURL: a.crlURL(by.CA.ID),
	})
	if err != nil {
		return nil, BrokerCert{}, err
	}
	s := &session{
		caID: by.CA.ID, leaf: KitLeaf{CertPEM: pki.CertPEM(leaf.Cert), KeyPEM: pki.KeyPEM(leaf.Key)},
		renewFrom: now.Add(sessionLife / 2),
	}
	return s, BrokerCert{
		CAID: by.CA.ID, ServiceID: w.service.ID, Serial: leaf.Serial, Cert: leaf.Cert,
		Purpose: BrokerCertSession, NotAfter: notAfter, CreatedAt: now,
	}, nil
}
