package app

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// KitBroker is one broker of a kit.
type KitBroker struct {
	ID   int
	Host string
	Alt  []string // further DNS names or addresses
}

// KitRequest is what a broker kit is asked for.
type KitRequest struct {
	Brokers                  []KitBroker
	ReplPort, ControllerPort int // 0: 9094 and 9095
}

// KitFile is one file of a broker kit.
type KitFile struct {
	Path   string // with forward slashes, relative to the kit
	Secret bool   // holds a private key: mode 0600
	Data   []byte
}

// KitLeaf is one certificate with its key.
type KitLeaf struct {
	CertPEM, KeyPEM []byte // KeyPEM is PKCS#8
}

// KitBrokerMaterial is one broker with its certificates.
type KitBrokerMaterial struct {
	KitBroker
	ClientListener KitLeaf // by the project CA, serverAuth alone
	Cluster        KitLeaf // by the cluster CA, both uses
}

// KitMaterial is what a broker kit is rendered from.
type KitMaterial struct {
	Project, Service         string   // Project is the first name, as certificates carry it
	Bootstrap                []string // host:port of CLIENT
	SASL                     []string // host:port of the listener for passwords; nil: there is none
	ReplPort, ControllerPort int
	Brokers                  []KitBrokerMaterial
	Admin                    KitLeaf // by the cluster CA, OU=@admin
	ProjectCAPEM             []byte  // every authority that CLIENT should trust
	ClusterCAPEM             []byte
	MadeAt                   time.Time
}

// KitRenderer writes the files of a broker kit; package kafka does.
type KitRenderer interface {
	Render(m KitMaterial) ([]KitFile, error)
}

// maxKitBrokers bounds a kit.
const maxKitBrokers = 500

func (r *KitRequest) check() error {
	if len(r.Brokers) == 0 || len(r.Brokers) > maxKitBrokers {
		return failField("brokers", "brokers must name 1 to %d brokers, each with its id and host", maxKitBrokers)
	}
	seen := map[int]bool{}
	for _, b := range r.Brokers {
		if b.ID < 0 || b.ID > 1<<30 || seen[b.ID] {
			return failField("brokers", "each broker needs an id of its own, 0 or more, its node.id")
		}
		seen[b.ID] = true
		if len(b.Alt) > 100 || !pki.ValidHost(b.Host) || slices.ContainsFunc(b.Alt, func(h string) bool { return !pki.ValidHost(h) }) {
			return failField("brokers", "a broker's host and alternatives must be DNS names or addresses")
		}
	}
	for field, port := range map[string]*int{"repl_port": &r.ReplPort, "controller_port": &r.ControllerPort} {
		if *port == 0 {
			*port = map[string]int{"repl_port": 9094, "controller_port": 9095}[field]
		}
		if *port < 1 || *port > 65535 {
			return failField(field, "%s must be a port, 1 to 65535", field)
		}
	}
	return nil
}

// BrokerKit makes all that a stock broker needs to take this service's users,
// and keeps the addresses by which Segue's admin reaches it.
func (a *App) BrokerKit(ctx context.Context, actor Actor, project, service string, r KitRequest, now time.Time) ([]KitFile, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var k kit
	err := a.read(ctx, actor, now, func(rd Reader) (err error) {
		k, err = readKit(ctx, rd, actor, project, service)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := k.make(ctx, a, r, now); err != nil {
		return nil, err
	}
	files, err := a.Kit.Render(k.material)
	if err != nil {
		return nil, err
	}
	addresses := make([]string, len(r.Brokers))
	for i, b := range r.Brokers {
		addresses[i] = net.JoinHostPort(b.Host, strconv.Itoa(r.ReplPort))
	}
	err = a.write(ctx, actor, now, func(u *unit) error {
		if _, err := authorise(ctx, u, actor, project, MakeBrokerKit); err != nil {
			return err
		}
		for _, c := range k.issued {
			if err := u.InsertBrokerCert(ctx, c); err != nil {
				return err
			}
		}
		if err := u.SetReplAddresses(ctx, k.service.ID, addresses, now); err != nil {
			return err
		}
		if err := u.wakeCluster(ctx, k.service); err != nil {
			return err
		}
		return u.audit(k.scope.Project.ID, "broker-kit.create", service, "", map[string]int{"brokers": len(r.Brokers), "keys": len(k.issued)})
	})
	return files, err
}

// kit is a broker kit in the making.
type kit struct {
	scope            scope
	service          Service
	project, cluster CA
	trusted          []CA
	material         KitMaterial
	issued           []BrokerCert
}

func readKit(ctx context.Context, r Reader, actor Actor, project, service string) (kit, error) {
	var k kit
	var err error
	if k.scope, err = authorise(ctx, r, actor, project, MakeBrokerKit); err != nil {
		return k, err
	}
	if k.service, err = findService(ctx, r, k.scope, service); err != nil {
		return k, err
	}
	if len(k.service.Bootstrap()) == 0 {
		return k, fail(CodeConflict, "the service has no address yet: set user_config.bootstrap_servers to the CLIENT listener's \"host:port\", then make the kit")
	}
	if k.service.SASLAuth() && len(k.service.SASLBootstrap()) == 0 {
		return k, fail(CodeConflict, "users authenticate by SASL, and no listener is named for it: set user_config.sasl_bootstrap_servers to its \"host:port\", then make the kit")
	}
	if k.project, err = r.ActiveCA(ctx, k.scope.Project.ID, 0, ProjectCA); err != nil {
		return k, err
	}
	if k.cluster, err = r.ActiveCA(ctx, k.scope.Project.ID, k.service.ID, ClusterCA); err != nil {
		return k, err
	}
	k.trusted, err = r.TrustedCAs(ctx, k.scope.Project.ID)
	return k, err
}

func (k *kit) make(ctx context.Context, a *App, r KitRequest, now time.Time) error {
	project, err := a.load(ctx, k.project)
	if err != nil {
		return err
	}
	cluster, err := a.load(ctx, k.cluster)
	if err != nil {
		return err
	}
	k.material = KitMaterial{
		Project: k.scope.Project.FirstName, Service: k.service.Name, Bootstrap: k.service.Bootstrap(), SASL: k.service.SASLBootstrap(),
		ReplPort: r.ReplPort, ControllerPort: r.ControllerPort, MadeAt: now,
		ProjectCAPEM: []byte(bundlePEM(k.trusted)), ClusterCAPEM: pki.CertPEM(k.cluster.Cert),
	}
	for _, b := range r.Brokers {
		m := KitBrokerMaterial{KitBroker: b}
		if m.ClientListener, err = k.broker(a, project, "client-listener", pki.ClientListener, b, now); err != nil {
			return err
		}
		if m.Cluster, err = k.broker(a, cluster, "cluster", pki.Cluster, b, now); err != nil {
			return err
		}
		k.material.Brokers = append(k.material.Brokers, m)
	}
	notBefore, notAfter := kitLife(cluster, now)
	leaf, err := cluster.IssueAdmin(pki.AdminProfile{
		Project: k.material.Project, NotBefore: notBefore, NotAfter: notAfter, CRLURL: a.crlURL(cluster.CA.ID),
	})
	if err != nil {
		return err
	}
	k.material.Admin = k.keep(cluster, "admin", leaf, notAfter, now)
	return nil
}

func (k *kit) broker(a *App, by *authority, purpose string, use pki.BrokerUse, b KitBroker, now time.Time) (KitLeaf, error) {
	notBefore, notAfter := kitLife(by, now)
	leaf, err := by.IssueBroker(pki.BrokerProfile{
		Project: k.material.Project, Host: b.Host, Alt: b.Alt, Use: use,
		NotBefore: notBefore, NotAfter: notAfter, CRLURL: a.crlURL(by.CA.ID),
	})
	if err != nil {
		return KitLeaf{}, err
	}
	return k.keep(by, purpose, leaf, notAfter, now), nil
}

// keep notes a certificate for the store; its key leaves with the kit alone.
func (k *kit) keep(by *authority, purpose string, leaf pki.Leaf, notAfter, now time.Time) KitLeaf {
	k.issued = append(k.issued, BrokerCert{
		CAID: by.CA.ID, ServiceID: k.service.ID, Serial: leaf.Serial, Cert: leaf.Cert,
		Purpose: purpose, NotAfter: notAfter, CreatedAt: now,
	})
	return KitLeaf{CertPEM: pki.CertPEM(leaf.Cert), KeyPEM: pki.KeyPEM(leaf.Key)}
}

func kitLife(by *authority, now time.Time) (notBefore, notAfter time.Time) {
	notAfter = now.Add(lifecycle.BrokerValidity)
	if notAfter.After(by.CA.NotAfter) {
		notAfter = by.CA.NotAfter
	}
	return now.Add(-lifecycle.Backdate).Truncate(time.Second), notAfter.Truncate(time.Second)
}
