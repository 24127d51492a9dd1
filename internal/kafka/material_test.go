package kafka

import (
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/pki"
)

var (
	madeAt  = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
	kitEnds = madeAt.AddDate(0, 0, 820)
)

// newAuthority is a project's authority, or the cluster authority of a service.
func newAuthority(t testing.TB, project, service string) *pki.Authority {
	t.Helper()
	cert, key, err := pki.NewAuthority(pki.AuthoritySubject{Project: project, Service: service}, madeAt.AddDate(0, 0, -1), madeAt.AddDate(10, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	a, err := pki.LoadAuthority(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func brokerLeaf(t testing.TB, by *pki.Authority, project string, use pki.BrokerUse, b app.KitBroker) app.KitLeaf {
	t.Helper()
	leaf, err := by.IssueBroker(pki.BrokerProfile{
		Project: project, Host: b.Host, Alt: b.Alt, Use: use, NotBefore: madeAt.Add(-time.Hour), NotAfter: kitEnds,
	})
	return kitLeaf(t, leaf, err)
}

func adminLeaf(t testing.TB, by *pki.Authority, project string) app.KitLeaf {
	t.Helper()
	leaf, err := by.IssueAdmin(pki.AdminProfile{Project: project, NotBefore: madeAt.Add(-time.Hour), NotAfter: kitEnds})
	return kitLeaf(t, leaf, err)
}

func kitLeaf(t testing.TB, leaf pki.Leaf, err error) app.KitLeaf {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return app.KitLeaf{CertPEM: pki.CertPEM(leaf.Cert), KeyPEM: pki.KeyPEM(leaf.Key)}
}

// material is a whole kit's worth for the given brokers, with fresh keys.
func material(t testing.TB, project, service string, bootstrap []string, brokers ...app.KitBroker) app.KitMaterial {
	t.Helper()
	projectCA, clusterCA := newAuthority(t, project, ""), newAuthority(t, project, service)
	m := app.KitMaterial{
		Project: project, Service: service, Bootstrap: bootstrap, MadeAt: madeAt,
		ReplPort: 9094, ControllerPort: 9095,
		Admin:        adminLeaf(t, clusterCA, project),
		ProjectCAPEM: pki.CertPEM(projectCA.Cert.Raw), ClusterCAPEM: pki.CertPEM(clusterCA.Cert.Raw),
	}
	for _, b := range brokers {
		m.Brokers = append(m.Brokers, app.KitBrokerMaterial{
			KitBroker:      b,
			ClientListener: brokerLeaf(t, projectCA, project, pki.ClientListener, b),
			Cluster:        brokerLeaf(t, clusterCA, project, pki.Cluster, b),
		})
	}
	return m
}
