package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// TestKitAlone starts a stock broker from a kit and nothing else, and tries who
// gets in, as whom, and what a kit made again does to it.
func TestKitAlone(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	c := s.createService(t, "demo", "orders.prod")
	c.start(t, brokerOptions{})
	createTopic(t, c.admin, topic, 1, "alice")
	alice := s.createUser(t, "demo", c.service, "alice")
	goWorks(t, c.client, alice, topic, "alice")
	librdkafkaWorks(t, c, alice)

	t.Run("strangers get no rights", func(t *testing.T) { strangersGetNoRights(t, s, c, alice) })
	t.Run("a kit made again is taken live", func(t *testing.T) { kitMadeAgain(t, s, c, alice) })
	s.doctor(t)
}

func strangersGetNoRights(t *testing.T, s *segue, c *cluster, alice string) {
	sibling := s.createService(t, "demo", "orders-prod")
	s.createProject(t, "other", "", "")
	other := s.createService(t, "other", c.service)
	broker := filepath.Join(c.brokerDir(), "client-keystore.pem")
	clusterPair := filepath.Join(c.brokerDir(), "cluster-keystore.pem")

	// Those whom the project's authority vouches for come in, as nobody or as a
	// user without an ACL. All others are turned away.
	named := map[string]*tls.Config{
		"a user of a sibling service":           loadTLS(t, s.createUser(t, "demo", sibling.service, "alice")),
		"a user named like the broker's host":   loadTLS(t, s.createUser(t, "demo", c.service, loopback)),
		"a user named like the broker's other":  loadTLS(t, s.createUser(t, "demo", c.service, "localhost")),
		"a user named like a role":              loadTLS(t, s.createUser(t, "demo", c.service, "admin")),
		"a user of a sibling named like a role": loadTLS(t, s.createUser(t, "demo", sibling.service, "broker")),
	}
	foreign := map[string]*tls.Config{
		"a user of another project":    trusting(t, alice, loadTLS(t, s.createUser(t, "other", other.service, "alice"))),
		"a self-made pair":             selfMade(t, alice),
		"nobody's pair":                trusting(t, alice, &tls.Config{}),
		"the broker's own CLIENT pair": tlsFrom(t, filepath.Join(alice, "ca.pem"), broker, broker),
		"the admin of a sibling":       trusting(t, alice, adminTLS(t, sibling.kit)),
		"the admin of another project": trusting(t, alice, adminTLS(t, other.kit)),
	}
	ownCluster := map[string]*tls.Config{
		"the admin":                     trusting(t, alice, adminTLS(t, c.kit)),
		"the broker's own cluster pair": tlsFrom(t, filepath.Join(alice, "ca.pem"), clusterPair, clusterPair),
	}
	for name, config := range named {
		mustHaveNoRights(t, c.client, name, config)
	}
	for _, strangers := range []map[string]*tls.Config{foreign, ownCluster} {
		for name, config := range strangers {
			mustBeTurnedAway(t, "CLIENT", c.client, name, config)
		}
	}
	named["alice"] = loadTLS(t, alice)
	for _, strangers := range []map[string]*tls.Config{named, foreign} {
		for name, config := range strangers {
			mustBeTurnedAway(t, "REPL", c.repl, name, trusting(t, "", config, c.kit))
			mustBeTurnedAway(t, "CONTROLLER", c.controller(), name, trusting(t, "", config, c.kit))
		}
	}
	// And the same checks can succeed.
	for _, address := range []string{c.repl, c.controller()} {
		if _, err := connect(address, adminTLS(t, c.kit)); err != nil {
			t.Errorf("the admin at %s: %v", address, err)
		}
	}
}

func mustBeTurnedAway(t *testing.T, listener, address, name string, config *tls.Config) {
	t.Helper()
	if _, err := connect(address, config); !refused(err) {
		t.Errorf("%s at %s: got %v, want the broker to refuse the certificate", name, listener, err)
	}
}

// mustHaveNoRights: it may connect, but not write, read, or do what a super user may.
func mustHaveNoRights(t *testing.T, address, name string, config *tls.Config) {
	t.Helper()
	if _, err := connect(address, config); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if err := goSend(address, config, topic, name); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("%s writes: %v", name, err)
	}
	if err := goFetch(address, config, topic, "alice"); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("%s reads: %v", name, err)
	}
	client, err := newGoClient(address, config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, "stolen"); !isDenied(err) {
		t.Errorf("%s makes a topic: %v", name, err)
	}
}

func isDenied(err error) bool {
	return errors.Is(err, kerr.ClusterAuthorizationFailed) || errors.Is(err, kerr.TopicAuthorizationFailed)
}

// trusting is config's pair with the broker's authority: that of a user's folder
// for CLIENT, else that of a kit's admin for REPL and CONTROLLER.
func trusting(t testing.TB, credentials string, config *tls.Config, kit ...string) *tls.Config {
	t.Helper()
	file := filepath.Join(credentials, "ca.pem")
	if len(kit) > 0 {
		file = filepath.Join(kit[0], "admin", "truststore.pem")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config = config.Clone()
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(text)
	return config
}

// selfMade is a pair with the name and uses of another, by an authority of its maker.
func selfMade(t testing.TB, dir string) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "service.cert"), filepath.Join(dir, "service.key"))
	if err != nil {
		t.Fatal(err)
	}
	real := pair.Leaf
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), RawSubject: real.RawIssuer, NotBefore: real.NotBefore, NotAfter: real.NotAfter,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: real.SerialNumber, RawSubject: real.RawSubject, NotBefore: real.NotBefore, NotAfter: real.NotAfter,
		ExtKeyUsage: real.ExtKeyUsage, URIs: real.URIs, KeyUsage: real.KeyUsage,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return trusting(t, dir, &tls.Config{GetClientCertificate: present(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})})
}

func kitMadeAgain(t *testing.T, s *segue, c *cluster, alice string) {
	steady := startSteady(t, c.client, alice, topic)
	again := t.TempDir()
	s.makeKit(t, c, again)
	clientLeaf, clusterLeaf := madeAgain(t, c, again, "client-keystore.pem"), madeAgain(t, c, again, "cluster-keystore.pem")
	for _, name := range brokerPEMs {
		if err := os.Rename(filepath.Join(again, "broker-1", name), filepath.Join(c.brokerDir(), name)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string) {
		t.Helper()
		mustShow(t, c.client, loadTLS(t, alice), clientLeaf)
		mustShow(t, c.repl, adminTLS(t, again), clusterLeaf)
		mustShow(t, c.controller(), adminTLS(t, again), clusterLeaf)
		goWorks(t, c.client, alice, topic, "alice, "+when)
		createTopic(t, newAdmin(t, again, c.repl), "made-"+when, 1)
	}
	alterKeystore(t, c.admin)
	check("live")
	steady.lostNothing(t)
	steady.close()
	c.broker.stop(t)
	c.broker = startBroker(t, c.brokerDir(), brokerOptions{})
	check("after-a-restart")
}

// madeAgain returns the certificate of a new kit's keystore when it differs from
// the one in use by its key and serial alone.
func madeAgain(t *testing.T, c *cluster, kit, keystore string) *x509.Certificate {
	t.Helper()
	before, after := readLeaf(t, filepath.Join(c.brokerDir(), keystore)), readLeaf(t, filepath.Join(kit, "broker-1", keystore))
	if !bytes.Equal(before.RawSubject, after.RawSubject) || !slices.Equal(before.DNSNames, after.DNSNames) ||
		!slices.EqualFunc(before.IPAddresses, after.IPAddresses, net.IP.Equal) {
		t.Errorf("%s made again is for %v %v %v, was for %v %v %v", keystore,
			after.Subject, after.DNSNames, after.IPAddresses, before.Subject, before.DNSNames, before.IPAddresses)
	}
	if before.SerialNumber.Cmp(after.SerialNumber) == 0 {
		t.Errorf("%s made again is the same certificate", keystore)
	}
	return after
}

// mustShow waits until the listener shows the certificate: a broker takes a new
// one a moment after it said so.
func mustShow(t *testing.T, address string, config *tls.Config, want *x509.Certificate) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		conn, err := tls.Dial("tcp", address, config)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if got := conn.ConnectionState().PeerCertificates[0]; !got.Equal(want) {
			return fmt.Errorf("%s shows the certificate with serial %x, not %x", address, got.SerialNumber, want.SerialNumber)
		}
		return nil
	})
}

// alterKeystore is what the kit's README tells people to do with kafka-configs.sh.
func alterKeystore(t *testing.T, admin *kadm.Client) {
	t.Helper()
	file := "client-keystore.pem"
	results, err := admin.AlterBrokerConfigs(t.Context(), []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "listener.name.client.ssl.keystore.location", Value: &file},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatalf("the broker does not take the new keystore: %v: %s", r.Err, r.ErrMessage)
		}
	}
}

func readLeaf(t testing.TB, keystore string) *x509.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(keystore, keystore)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

// TestKitOfThreeBrokers starts a cluster of three from one kit and takes one away.
func TestKitOfThreeBrokers(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	p := freePorts(t, 3)
	kit := t.TempDir()
	s.run(t, "service create events --project demo -c bootstrap_servers=127.0.0.1:%d,127.0.0.2:%d,127.0.0.3:%d", p[0], p[0], p[0])
	s.run(t, "service broker-kit events --project demo --broker 1=127.0.0.1 --broker 2=127.0.0.2 --broker 3=127.0.0.3 --repl-port %d --controller-port %d -d %s", p[1], p[2], kit)
	alice := s.createUser(t, "demo", "events", "alice")

	id := newClusterID(t)
	var brokers []*process
	for n := 1; n <= 3; n++ {
		brokers = append(brokers, launchBroker(t, filepath.Join(kit, fmt.Sprintf("broker-%d", n)), brokerOptions{clusterID: id, settings: small()}))
	}
	// Told to end one after the other, the last would wait for a quorum that is gone.
	t.Cleanup(func() {
		for _, b := range brokers {
			b.terminate()
		}
	})
	for _, b := range brokers {
		awaitBroker(t, b)
	}
	admin := newAdmin(t, kit, fmt.Sprintf("127.0.0.1:%d", p[1]))
	createTopic(t, admin, topic, 3, "alice")
	eventually(t, 30*time.Second, func() error {
		topics, err := admin.ListTopics(t.Context(), topic)
		if err != nil {
			return err
		}
		if isr := topics[topic].Partitions[0].ISR; len(isr) != 3 {
			return fmt.Errorf("in sync are %v, not all three", isr)
		}
		return nil
	})
	eventually(t, 30*time.Second, func() error { // an ACL reaches the other brokers a moment later
		return goSend(fmt.Sprintf("127.0.0.3:%d", p[0]), loadTLS(t, alice), topic, "by the third")
	})
	goWorks(t, fmt.Sprintf("127.0.0.1:%d", p[0]), alice, topic, "with three")
	brokers[2].stop(t)
	eventually(t, 30*time.Second, func() error {
		return goSend(fmt.Sprintf("127.0.0.2:%d", p[0]), loadTLS(t, alice), topic, "with two")
	})
}
