package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) CA(ctx context.Context, id int64) (app.CA, error) {
	row, err := r.q.CA(ctx, id)
	if err != nil {
		return app.CA{}, readError("certificate authority", err)
	}
	return ca(row)
}

func (r reader) ActiveCA(ctx context.Context, projectID, serviceID int64, kind app.CAKind) (app.CA, error) {
	row, err := r.q.ActiveCA(ctx, db.ActiveCAParams{ProjectID: projectID, ServiceID: serviceID, Kind: string(kind)})
	if err != nil {
		return app.CA{}, readError("active certificate authority", err)
	}
	return ca(row)
}

func (r reader) TrustedCAs(ctx context.Context, projectID int64) ([]app.CA, error) {
	rows, err := r.q.TrustedCAs(ctx, projectID)
	if err != nil {
		return nil, readError("certificate authorities", err)
	}
	return convertAll(rows, ca)
}

func ca(c db.CA) (app.CA, error) {
	return app.CA{
		ID: c.ID, ProjectID: c.ProjectID, ServiceID: c.ServiceID, Kind: app.CAKind(c.Kind), State: app.CAState(c.State),
		Cert: c.Cert, SealedKey: c.SealedKey, NotBefore: fromMillis(c.NotBefore), NotAfter: fromMillis(c.NotAfter),
		CRLRevision: c.CrlRevision, CreatedAt: fromMillis(c.CreatedAt),
	}, nil
}

func (r reader) Revoked(ctx context.Context, caID int64, endAfter time.Time) ([]app.RevokedCert, error) {
	rows, err := r.q.Revoked(ctx, db.RevokedParams{CaID: caID, EndAfter: endAfter.UnixMilli()})
	if err != nil {
		return nil, readError("revoked certificates", err)
	}
	return convertAll(rows, func(row db.RevokedRow) (app.RevokedCert, error) {
		return app.RevokedCert{Serial: row.Serial, RevokedAt: fromNullMillis(row.RevokedAt)}, nil
	})
}

func (r reader) NewestBrokerCert(ctx context.Context, serviceID int64) (app.BrokerCert, error) {
	row, err := r.q.NewestBrokerCert(ctx, serviceID)
	if err != nil {
		return app.BrokerCert{}, readError("broker certificate", err)
	}
	return brokerCert(row)
}

func brokerCert(c db.BrokerCert) (app.BrokerCert, error) {
	return app.BrokerCert{
		CAID: c.CaID, ServiceID: c.ServiceID, Serial: c.Serial, Cert: c.Cert, Purpose: c.Purpose,
		NotAfter: fromMillis(c.NotAfter), CreatedAt: fromMillis(c.CreatedAt),
	}, nil
}

func (t *tx) InsertCA(ctx context.Context, c app.CA) error {
	return t.writeError("certificate authority", t.q.InsertCA(ctx, db.InsertCAParams{
		ID: c.ID, ProjectID: c.ProjectID, ServiceID: c.ServiceID, Kind: string(c.Kind), State: string(c.State),
		Cert: c.Cert, SealedKey: c.SealedKey, NotBefore: c.NotBefore.UnixMilli(), NotAfter: c.NotAfter.UnixMilli(),
		CrlRevision: c.CRLRevision, CreatedAt: c.CreatedAt.UnixMilli(),
	}))
}

func (t *tx) InsertBrokerCert(ctx context.Context, c app.BrokerCert) error {
	return t.writeError("broker certificate", t.q.InsertBrokerCert(ctx, db.InsertBrokerCertParams{
		CaID: c.CAID, Serial: c.Serial, ServiceID: c.ServiceID, Purpose: c.Purpose,
		NotAfter: c.NotAfter.UnixMilli(), CreatedAt: c.CreatedAt.UnixMilli(), Cert: c.Cert,
	}))
}
