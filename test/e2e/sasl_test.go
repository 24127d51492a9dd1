package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// TestPasswordsAtABroker has a broker of the kit take users by the passwords that
// Segue sets there.
func TestPasswordsAtABroker(t *testing.T) {
	t.Parallel()
	s := startSegue(t, "--reconcile", "2s")
	s.createProject(t, "demo", "", "")
	c, sasl := s.createSASLService(t)
	credentials := s.createUser(t, "demo", "orders", "alice")
	s.acl(t, "acl-add orders --permission readwrite --topic events --username alice")
	c.start(t, brokerOptions{settings: small()})
	createTopic(t, c.admin, topic, 1)
	s.applied(t)

	trust := &tls.Config{RootCAs: loadTLS(t, credentials).RootCAs}
	as := func(password string) *userClient {
		return clientWith(t, "alice", kgo.SeedBrokers(sasl), kgo.DialTLSConfig(trust), kgo.SASL(scram.Auth{User: "alice", Pass: password}.AsSha512Mechanism()))
	}
	first := s.user(t, "demo", "orders", "alice").Password
	as(first).may(t, write, topic)
	as(first).may(t, consume, topic)
	newUserClient(t, c, credentials).may(t, write, topic) // by certificate as before
	javaByPassword(t, c, credentials, first)

	wrongPassword(t, as("not the password"))
	withoutPassword(t, sasl, trust)

	s.run(t, "service user-password-reset orders --project demo --username alice --force")
	s.applied(t)
	second := s.user(t, "demo", "orders", "alice").Password
	if second == first {
		t.Fatal("a reset left the password")
	}
	as(second).may(t, write, topic)
	wrongPassword(t, as(first))

	s.run(t, "service user-delete orders --project demo --username alice --force")
	s.applied(t)
	wrongPassword(t, as(second))
	left, err := c.admin.DescribeUserSCRAMs(t.Context())
	if _, has := left["avnadmin"]; err != nil || len(left) != 1 || !has {
		t.Errorf("passwords on the broker: %+v, %v; want avnadmin's", left, err)
	}
	s.run(t, "service update orders --project demo -c kafka_authentication_methods.sasl=false")
	s.applied(t)
	if left, err := c.admin.DescribeUserSCRAMs(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("after SASL was switched off the broker has %+v, %v", left, err)
	}
	s.doctor(t)
}

// createSASLService makes service orders and its kit, with a listener for passwords.
func (s *segue) createSASLService(t *testing.T) (c *cluster, sasl string) {
	t.Helper()
	p := freePorts(t, 4)
	at := func(port int) string { return net.JoinHostPort(loopback, fmt.Sprint(port)) }
	c = &cluster{project: "demo", service: "orders", kit: t.TempDir(), client: at(p[0]), repl: at(p[1]), controllerPort: p[2]}
	sasl = at(p[3])
	s.run(t, "service create orders --project demo -c bootstrap_servers=%s -c sasl_bootstrap_servers=%s -c kafka_authentication_methods.sasl=true", c.client, sasl)
	s.makeKit(t, c, c.kit)
	service, err := s.api.DescribeService(t.Context(), "demo", "orders")
	if err != nil {
		t.Fatal(err)
	}
	if ways := service.Components; len(ways) != 2 || ways[0].KafkaAuthenticationMethod != "certificate" || ways[1].KafkaAuthenticationMethod != "sasl" || ways[1].Port != p[3] {
		t.Errorf("components: %+v", ways)
	}
	return c, sasl
}

// wrongPassword demands that the broker refuses who it is, not what it asks for.
func wrongPassword(t *testing.T, u *userClient) {
	t.Helper()
	eventually(t, 20*time.Second, func() error { // a broker hears of a new password a moment later
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := u.write(ctx, topic); !errors.Is(err, kerr.SaslAuthenticationFailed) {
			return fmt.Errorf("not refused: %w", err)
		}
		return nil
	})
}

func withoutPassword(t *testing.T, address string, trust *tls.Config) {
	t.Helper()
	u := clientWith(t, "nobody", kgo.SeedBrokers(address), kgo.DialTLSConfig(trust))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := u.write(ctx, topic); err == nil {
		t.Error("who shows neither certificate nor password may write")
	}
}

// javaByPassword uses the kit's file for Java clients, as it says.
func javaByPassword(t *testing.T, c *cluster, credentials, password string) {
	t.Helper()
	const config = "sasl-client.properties"
	text, err := os.ReadFile(filepath.Join(c.kit, "clients", config))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyFile(t, filepath.Join(dir, "ca.pem"), filepath.Join(credentials, "ca.pem"))
	filled := strings.NewReplacer(`"USER"`, `"alice"`, `"PASSWORD"`, `"`+password+`"`).Replace(string(text))
	if err := os.WriteFile(filepath.Join(dir, config), []byte(filled), 0o600); err != nil {
		t.Fatal(err)
	}
	javaWorks(t, runJava(t, dir, config, topic), "java, by password")
}
