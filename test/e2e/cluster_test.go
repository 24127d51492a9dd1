package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// cluster is a service with one running broker that was set up by its kit.
type cluster struct {
	project, service string
	client, repl     string // addresses of the listeners
	controllerPort   int
	kit              string // folder
	broker           *process
	admin            *kadm.Client // by REPL
}

const loopback = "127.0.0.1"

// createService makes a service and its kit, for one broker of this machine.
func (s *segue) createService(t testing.TB, project, service string) *cluster {
	t.Helper()
	p := freePorts(t, 3)
	c := &cluster{
		project: project, service: service, kit: t.TempDir(), controllerPort: p[2],
		client: fmt.Sprintf("%s:%d", loopback, p[0]), repl: fmt.Sprintf("%s:%d", loopback, p[1]),
	}
	s.run(t, "service create %s --project %s -c bootstrap_servers=%s", service, project, c.client)
	s.makeKit(t, c, c.kit)
	return c
}

func (s *segue) makeKit(t testing.TB, c *cluster, dir string) {
	t.Helper()
	_, replPort, _ := net.SplitHostPort(c.repl)
	s.run(t, "service broker-kit %s --project %s --broker 1=%s,localhost --repl-port %s --controller-port %d -d %s",
		c.service, c.project, loopback, replPort, c.controllerPort, dir)
}

func (c *cluster) brokerDir() string { return filepath.Join(c.kit, "broker-1") }

// controller is the address of CONTROLLER.
func (c *cluster) controller() string {
	return net.JoinHostPort(loopback, strconv.Itoa(c.controllerPort))
}

// brokerPEMs are the keystores and truststores of a kit's broker.
var brokerPEMs = []string{"client-keystore.pem", "client-truststore.pem", "cluster-keystore.pem", "cluster-truststore.pem"}

// start starts the broker and connects the kit's admin.
func (c *cluster) start(t testing.TB, o brokerOptions) {
	t.Helper()
	c.broker = startBroker(t, c.brokerDir(), o)
	c.admin = newAdmin(t, c.kit, c.repl)
}

// adminTLS is the kit's admin pair.
func adminTLS(t testing.TB, kit string) *tls.Config {
	t.Helper()
	pair := filepath.Join(kit, "admin", "admin.pem")
	return tlsFrom(t, filepath.Join(kit, "admin", "truststore.pem"), pair, pair)
}

func newAdmin(t testing.TB, kit string, addresses ...string) *kadm.Client {
	t.Helper()
	admin, err := kadm.NewOptClient(kgo.SeedBrokers(addresses...), kgo.DialTLSConfig(adminTLS(t, kit)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	return admin
}

// createTopic makes a topic of one partition and lets users write and read it.
func createTopic(t testing.TB, admin *kadm.Client, topic string, replicas int16, users ...string) {
	t.Helper()
	eventually(t, time.Minute, func() error { // a broker that has just started may have no leader yet
		reply, err := admin.CreateTopic(t.Context(), 1, replicas, nil, topic)
		if err == nil || errors.Is(reply.Err, kerr.TopicAlreadyExists) {
			return nil
		}
		return err
	})
	if len(users) == 0 {
		return
	}
	b := kadm.NewACLs().Allow(users...).AllowHosts("*").Topics(topic).
		ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpWrite, kadm.OpRead)
	b.PrefixUser()
	results, err := admin.CreateACLs(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatalf("ACL of %s: %v", r.Principal, r.Err)
		}
	}
}
