package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/segue-project/segue/api"
)

// TestACLsAtABroker sets access lists by Segue's command line and tries on a real
// broker what users then may do.
func TestACLsAtABroker(t *testing.T) {
	t.Parallel()
	s := startSegue(t, "--reconcile", "2s")
	s.createProject(t, "demo", "", "")
	c := s.createService(t, "demo", "orders")
	alice, bob := s.createUser(t, "demo", "orders", "alice"), s.createUser(t, "demo", "orders", "bob")

	// Set before there is a broker: told as not applied yet, and not lost.
	said := s.acl(t, "acl-add orders --permission readwrite --topic orders.new --username alice")
	if !strings.Contains(said, "not applied yet") {
		t.Errorf("a row that no broker has was added with %q", said)
	}
	eventually(t, 20*time.Second, func() error {
		if out := s.acl(t, "acl-list orders"); !strings.Contains(out, "not yet") || !strings.Contains(out, "no broker answers at its REPL listener") {
			return fmt.Errorf("acl-list says %q", out)
		}
		return nil
	})
	if out := s.run(t, "service get orders --project demo"); !strings.Contains(out, "no broker answers") {
		t.Errorf("service get does not say why: %s", out)
	}
	c.start(t, brokerOptions{settings: small()})
	for _, name := range []string{"orders.new", "orders.old", "audit", "public"} {
		createTopic(t, c.admin, name, 1)
	}
	foreign := foreignACLs(t, c.admin)
	s.applied(t)

	a, b := newUserClient(t, c, alice), newUserClient(t, c, bob)
	a.may(t, write, "orders.new")
	a.may(t, consume, "orders.new")
	for _, topic := range []string{"orders.old", "audit"} {
		a.mayNot(t, write, topic)
	}
	b.mayNot(t, write, "orders.new")
	b.mayNot(t, consume, "orders.new")

	testPrefixAndEverybody(t, s, a, b)
	testRevoked(t, s, a)
	testDrift(t, s, c, a)
	testOutage(t, s, c, a)
	testUserDeleted(t, s, c)
	if now := describeACLs(t, c.admin, "User:somebody-else"); len(now) != len(foreign) {
		t.Errorf("of %d foreign ACLs %d are left", len(foreign), len(now))
	}
	s.doctor(t)
}

// acl is a command about the access list of service orders.
func (s *segue) acl(t testing.TB, format string, args ...any) string {
	t.Helper()
	return s.run(t, "service "+format+" --project demo", args...)
}

// applied waits until the brokers have every row.
func (s *segue) applied(t testing.TB) {
	t.Helper()
	eventually(t, time.Minute, func() error {
		reply, err := s.api.ACLs(t.Context(), "demo", "orders")
		if err != nil || reply.Pending == "" {
			return err
		}
		return errors.New(reply.Pending)
	})
}

// rowOf is the id of a row.
func (s *segue) rowOf(t testing.TB, permission, topic, user string) string {
	t.Helper()
	reply, err := s.api.ACLs(t.Context(), "demo", "orders")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range reply.ACL {
		if row.Permission == permission && row.Topic == topic && row.Username == user {
			return row.ID
		}
	}
	t.Fatalf("no row lets %s %s %s", user, permission, topic)
	return ""
}

func testPrefixAndEverybody(t *testing.T, s *segue, a, b *userClient) {
	s.acl(t, "acl-add orders --permission write --topic orders.* --username bob")
	s.acl(t, "acl-add orders --permission read --topic public --username *")
	s.acl(t, "acl-add orders --permission write --topic public --username alice")
	s.applied(t)
	for _, topic := range []string{"orders.new", "orders.old"} {
		b.may(t, write, topic)
	}
	b.mayNot(t, consume, "orders.new")
	b.mayNot(t, write, "audit")
	a.may(t, write, "public")
	a.may(t, consume, "public")
	b.may(t, consume, "public")
	b.mayNot(t, write, "public")
	if err := b.admin.createTopic("orders.made"); err == nil {
		t.Error("who may write made a topic")
	}
	s.acl(t, "acl-add orders --permission admin --topic orders.* --username bob")
	s.applied(t)
	eventually(t, 20*time.Second, func() error { return b.admin.createTopic("orders.made") })
	if err := b.admin.createTopic("other.made"); !errors.Is(err, kerr.TopicAuthorizationFailed) && !errors.Is(err, kerr.ClusterAuthorizationFailed) {
		t.Errorf("admin of a prefix made another topic: %v", err)
	}
	b.may(t, transact, "orders.made")
	b.may(t, consume, "orders.made")
}

func testRevoked(t *testing.T, s *segue, a *userClient) {
	s.acl(t, "acl-delete orders %s", s.rowOf(t, "readwrite", "orders.new", "alice"))
	s.applied(t)
	a.mayNot(t, write, "orders.new")
	a.mayNot(t, consume, "orders.new")
	a.may(t, write, "public") // another row's
}

// testDrift takes a binding of Segue's away by hand: it comes back, and is reported.
func testDrift(t *testing.T, s *segue, c *cluster, a *userClient) {
	gone := kadm.NewACLs().Allow("User:alice").AllowHosts("*").Topics("public").ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpWrite)
	if deleted, err := c.admin.DeleteACLs(t.Context(), gone); err != nil || len(deleted) != 1 || len(deleted[0].Deleted) != 1 {
		t.Fatalf("took away %+v, %v", deleted, err)
	}
	eventually(t, 30*time.Second, func() error {
		if n := len(describeACLs(t, c.admin, "User:alice")); n != 5 {
			return fmt.Errorf("alice has %d ACLs, not 5", n)
		}
		return nil
	})
	a.may(t, write, "public")
	eventually(t, 30*time.Second, func() error {
		if text := s.metrics(t); !strings.Contains(text, "\nsegue_cluster_repairs_total 1\n") || !strings.Contains(text, `segue_clusters{state="applied"} 1`) {
			return fmt.Errorf("metrics: %s", text)
		}
		return nil
	})
	if out := s.acl(t, "acl-diff orders"); !strings.Contains(out, "The brokers have the access list") {
		t.Errorf("acl-diff says %q", out)
	}
}

func (s *segue) metrics(t testing.TB) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testOutage changes the list while the broker is down.
func testOutage(t *testing.T, s *segue, c *cluster, a *userClient) {
	c.broker.stop(t)
	s.acl(t, "acl-add orders --permission write --topic audit --username alice")
	s.acl(t, "acl-delete orders %s", s.rowOf(t, "write", "public", "alice"))
	eventually(t, 30*time.Second, func() error {
		reply, err := s.api.ACLs(t.Context(), "demo", "orders")
		if err == nil && !strings.Contains(reply.Pending, "no broker answers") {
			err = fmt.Errorf("pending: %q", reply.Pending)
		}
		return err
	})
	var refused *api.Error
	if _, err := s.api.DiffACL(t.Context(), "demo", "orders"); !errors.As(err, &refused) || refused.Status != 503 {
		t.Errorf("comparing with a broker that is down: %v", err)
	}
	c.broker = startBroker(t, c.brokerDir(), brokerOptions{settings: small()})
	s.applied(t)
	a.may(t, write, "audit")
	a.mayNot(t, write, "public")
}

func testUserDeleted(t *testing.T, s *segue, c *cluster) {
	s.run(t, "service user-delete orders --project demo --username bob --force")
	s.applied(t)
	if left := describeACLs(t, c.admin, "User:bob"); len(left) != 0 {
		t.Errorf("of a deleted user are left: %+v", left)
	}
	if out := s.acl(t, "acl-list orders"); strings.Contains(out, "bob") {
		t.Errorf("rows of a deleted user are left: %s", out)
	}
}

// foreignACLs are some that somebody else sets, one of them about alice.
func foreignACLs(t testing.TB, admin *kadm.Client) []kadm.DescribedACL {
	t.Helper()
	b := kadm.NewACLs().Allow("User:somebody-else").AllowHosts("*").Topics("orders.new", "*").Groups("*").
		ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead, kadm.OpDescribe)
	if results, err := admin.CreateACLs(t.Context(), b); err != nil || len(results) != 6 {
		t.Fatalf("foreign ACLs: %v, %v", results, err)
	}
	var made []kadm.DescribedACL
	eventually(t, 20*time.Second, func() error {
		if made = describeACLs(t, admin, "User:somebody-else"); len(made) != 6 {
			return fmt.Errorf("%d foreign ACLs", len(made))
		}
		return nil
	})
	return made
}

func describeACLs(t testing.TB, admin *kadm.Client, principal string) []kadm.DescribedACL {
	t.Helper()
	b := kadm.NewACLs().AnyResource().Allow(principal).AllowHosts().Operations().ResourcePatternType(kadm.ACLPatternAny)
	described, err := admin.DescribeACLs(t.Context(), b)
	if err != nil || len(described) != 1 || described[0].Err != nil {
		t.Fatalf("ACLs of %s: %+v, %v", principal, described, err)
	}
	return described[0].Described
}

// userClient is a Kafka client with a user's pair, or with its password.
type userClient struct {
	name    string
	options []kgo.Opt
	admin   userAdmin
}

type userAdmin struct{ *kadm.Client }

func newUserClient(t testing.TB, c *cluster, credentials string) *userClient {
	t.Helper()
	return clientWith(t, credentials, kgo.SeedBrokers(c.client), kgo.DialTLSConfig(loadTLS(t, credentials)))
}

func clientWith(t testing.TB, name string, options ...kgo.Opt) *userClient {
	t.Helper()
	options = append(options, kgo.RecordDeliveryTimeout(5*time.Second), kgo.RetryTimeout(5*time.Second), kgo.MetadataMinAge(100*time.Millisecond))
	admin, err := kadm.NewOptClient(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	return &userClient{name: name, options: options, admin: userAdmin{admin}}
}

func (a userAdmin) createTopic(topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	reply, err := a.CreateTopic(ctx, 1, 1, nil, topic)
	if err == nil {
		err = reply.Err
	}
	return err
}

// What a client tries, each with a connection of its own.
var (
	write    = (*userClient).write
	consume  = (*userClient).consume
	transact = (*userClient).transact
)

type try func(u *userClient, ctx context.Context, topic string) error

func (u *userClient) write(ctx context.Context, topic string) error {
	client, err := kgo.NewClient(u.options...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("hello")}).FirstErr()
}

// consume reads one record as a member of a group, and commits.
func (u *userClient) consume(ctx context.Context, topic string) error {
	client, err := kgo.NewClient(append(u.options, kgo.ConsumeTopics(topic), kgo.ConsumerGroup("group-"+u.name+topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		return err
	}
	defer client.CloseAllowingRebalance()
	fetches := client.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		return err
	}
	if fetches.NumRecords() == 0 {
		return errors.New("nothing was read")
	}
	defer func() { _, _ = kadm.NewClient(client).DeleteGroup(ctx, "group-"+u.name+topic) }()
	return client.CommitRecords(ctx, fetches.Records()...)
}

func (u *userClient) transact(ctx context.Context, topic string) error {
	client, err := kgo.NewClient(append(u.options, kgo.TransactionalID("transaction-of-"+topic))...)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	if err := client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("hello")}).FirstErr(); err != nil {
		return errors.Join(err, client.EndTransaction(ctx, kgo.TryAbort))
	}
	return client.EndTransaction(ctx, kgo.TryCommit)
}

// may tries until it works: what a broker is told acts a moment later.
func (u *userClient) may(t testing.TB, do try, topic string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		return do(u, ctx, topic)
	})
}

// mayNot tries until the broker says no to it by its ACLs.
func (u *userClient) mayNot(t testing.TB, do try, topic string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := do(u, ctx, topic)
		if errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.GroupAuthorizationFailed) {
			return nil
		}
		return fmt.Errorf("at %s it is not refused: %w", topic, err)
	})
}
