package storetest

import (
	"bytes"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var authorityTests = []test{
	{"authorities", func(f *fixture) {
		f.read(func(r app.Reader) error {
			got, err := r.CA(f.ctx, f.ca.ID)
			f.must(err)
			f.same("authority by id", got, f.ca)
			got, err = r.ActiveCA(f.ctx, f.project.ID, 0, app.ProjectCA)
			f.must(err)
			f.same("active authority", got, f.ca)
			_, err = r.CA(f.ctx, id())
			f.is(err, app.ErrNotFound)
			_, err = r.ActiveCA(f.ctx, f.project.ID, f.service.ID, app.ClusterCA)
			f.is(err, app.ErrNotFound)
			return nil
		})
		make := func(state app.CAState, kind app.CAKind, serviceID int64, after time.Duration) app.CA {
			c := f.ca
			c.ID, c.State, c.Kind, c.ServiceID, c.CreatedAt = id(), state, kind, serviceID, start.Add(after)
			f.write(func(tx app.Tx) error { return tx.InsertCA(f.ctx, c) })
			return c
		}
		next := make(app.CANext, app.ProjectCA, 0, 2)
		trusted := make(app.CATrusted, app.ProjectCA, 0, 0)
		make(app.CARetired, app.ProjectCA, 0, 0)
		cluster := make(app.CAActive, app.ClusterCA, f.service.ID, 0)
		f.read(func(r app.Reader) error {
			list, err := r.TrustedCAs(f.ctx, f.project.ID)
			f.must(err)
			f.same("trusted authorities", caIDs(list), []int64{f.ca.ID, next.ID, trusted.ID})
			got, err := r.ActiveCA(f.ctx, f.project.ID, f.service.ID, app.ClusterCA)
			f.must(err)
			f.same("cluster authority", got.ID, cluster.ID)
			return nil
		})
		second := f.ca
		second.ID = id()
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertCA(f.ctx, second) }), app.ErrExists)
	}},
	{"revoked certificates", func(f *fixture) {
		u := f.newUser("reader", start)
		at := start.Add(day)
		c, err := lifecycle.Reset(u.Facts, f.terms(), at)
		f.must(err)
		f.apply(f.decided(u.ID, c))
		f.newUser("writer", start)
		end := u.Current.NotAfter
		f.same("while it could be used", f.revoked(end.Add(-time.Millisecond)), []app.RevokedCert{{Serial: u.Current.Serial, RevokedAt: at}})
		f.same("after its end", f.revoked(end), []app.RevokedCert(nil))
	}},
	{"certificates of brokers", func(f *fixture) {
		f.is(f.store.Read(f.ctx, func(r app.Reader) error { _, err := r.NewestBrokerCert(f.ctx, f.service.ID); return err }), app.ErrNotFound)
		var made []app.BrokerCert
		for i, purpose := range []string{"client-listener", "cluster", "admin"} {
			c := app.BrokerCert{
				CAID: f.ca.ID, ServiceID: f.service.ID, Serial: randomBytes(16), Cert: randomBytes(500), Purpose: purpose,
				NotAfter: start.Add(820 * day), CreatedAt: start.Add(time.Duration(i) * time.Hour),
			}
			made = append(made, c)
			f.write(func(tx app.Tx) error { return tx.InsertBrokerCert(f.ctx, c) })
		}
		f.read(func(r app.Reader) error {
			newest, err := r.NewestBrokerCert(f.ctx, f.service.ID)
			f.must(err)
			f.same("newest", newest, made[2])
			return nil
		})
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertBrokerCert(f.ctx, made[0]) }), app.ErrExists)
		var all []app.BrokerCert
		for len(all) < len(made) {
			page, err := f.store.InspectBrokerCerts(f.ctx, len(all), 2)
			f.must(err)
			if len(page) == 0 {
				f.Fatalf("%d certificates, want %d", len(all), len(made))
			}
			all = append(all, page...)
		}
		f.same("inspected", all, made)
	}},
}

func caIDs(list []app.CA) []int64 {
	var ids []int64
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

func (f *fixture) revoked(endAfter time.Time) []app.RevokedCert {
	f.Helper()
	var list []app.RevokedCert
	f.read(func(r app.Reader) (err error) {
		list, err = r.Revoked(f.ctx, f.ca.ID, endAfter)
		return err
	})
	slices.SortFunc(list, func(a, b app.RevokedCert) int { return bytes.Compare(a.Serial, b.Serial) })
	return list
}
