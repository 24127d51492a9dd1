package app_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/kafka"
	"github.com/segue-project/segue/internal/lifecycle"
)

// memoryCluster keeps what a cluster keeps, and can fail at any request, before or
// after it took effect. The real thing is tried in test/e2e.
type memoryCluster struct {
	acls      map[lifecycle.Binding]bool
	passwords map[string]string

	down     bool
	failAt   int  // the request that fails, from 1; 0: none
	landed   bool // it fails after it took effect
	requests int
	access   app.ClusterAccess
}

func newMemoryCluster() *memoryCluster {
	return &memoryCluster{acls: map[lifecycle.Binding]bool{}, passwords: map[string]string{}}
}

var errDown = errors.New("no broker answers")

func (m *memoryCluster) Connect(a app.ClusterAccess) (app.Cluster, error) {
	m.access = a
	return m, nil
}

// request counts and fails; do is what it asks for.
func (m *memoryCluster) request(do func()) error {
	m.requests++
	switch {
	case m.down, m.requests == m.failAt && !m.landed:
		return errDown
	case m.requests == m.failAt:
		do()
		return errDown
	}
	do()
	return nil
}

func (m *memoryCluster) Bindings(context.Context) (found map[lifecycle.Binding]bool, err error) {
	err = m.request(func() { found = maps.Clone(m.acls) })
	return found, err
}

func (m *memoryCluster) CreateBindings(_ context.Context, bindings []lifecycle.Binding) error {
	return m.request(func() {
		for _, b := range bindings {
			m.acls[b] = true
		}
	})
}

func (m *memoryCluster) DeleteBindings(_ context.Context, bindings []lifecycle.Binding) error {
	return m.request(func() {
		for _, b := range bindings {
			delete(m.acls, b)
		}
	})
}

func (m *memoryCluster) SCRAMUsers(context.Context) (map[string]bool, error) {
	users := map[string]bool{}
	err := m.request(func() {
		for name := range m.passwords {
			users[name] = true
		}
	})
	return users, err
}

func (m *memoryCluster) SetPasswords(_ context.Context, passwords map[string]string) error {
	return m.request(func() { maps.Copy(m.passwords, passwords) })
}

func (m *memoryCluster) DeletePasswords(_ context.Context, usernames []string) error {
	return m.request(func() {
		for _, name := range usernames {
			delete(m.passwords, name)
		}
	})
}

func (m *memoryCluster) Close() {}

// reachable gives service "orders" a kit, and the fixture a cluster behind it.
func (f *fixture) reachable() *memoryCluster {
	f.t.Helper()
	m := newMemoryCluster()
	f.Clusters = m
	_, err := f.BrokerKit(f.ctx, f.admin, "acme", "orders", app.KitRequest{Brokers: []app.KitBroker{{ID: 1, Host: "127.0.0.1"}}}, f.now)
	f.must(err)
	return m
}

func (f *fixture) addACL(permission, topic, user string) app.ACLList {
	f.t.Helper()
	list, err := f.AddACL(f.ctx, f.admin, "acme", "orders", lifecycle.Grant{Permission: permission, Topic: topic, Username: user}, f.now)
	f.must(err)
	return list
}

// setSASL switches passwords at the brokers on or off.
func (f *fixture) setSASL(on bool) error {
	return f.UpdateService(f.ctx, f.admin, "acme", "orders", app.ServicePatch{UserConfig: map[string]any{
		"sasl_bootstrap_servers": "127.0.0.1:9097", "kafka_authentication_methods": map[string]any{"sasl": on},
	}}, f.now)
}

// sync looks at every cluster that is due and returns what it did, together.
func (f *fixture) sync() (all app.SyncReport) {
	f.t.Helper()
	due, err := f.DueClusters(f.ctx, f.now, 100)
	f.must(err)
	for _, id := range due {
		r, err := f.SyncCluster(f.ctx, id, f.now)
		f.must(err)
		all.Looked, all.Failure = all.Looked || r.Looked, r.Failure
		all.Created, all.Deleted, all.Repaired = all.Created+r.Created, all.Deleted+r.Deleted, all.Repaired+r.Repaired
	}
	return all
}

func (f *fixture) acl() app.ACLList {
	f.t.Helper()
	list, err := f.ListACL(f.ctx, f.admin, "acme", "orders", f.now)
	f.must(err)
	return list
}

// has checks that the cluster has what grants come to and what is foreign, and nothing else.
func (m *memoryCluster) has(t testing.TB, foreign []lifecycle.Binding, grants ...lifecycle.Grant) {
	t.Helper()
	want := lifecycle.WishedBindings(grants)
	for _, b := range foreign {
		want[b] = true
	}
	if !maps.Equal(m.acls, want) {
		t.Fatalf("the cluster has %v, want %v", m.acls, want)
	}
}

func grant(permission, topic, user string) lifecycle.Grant {
	return lifecycle.Grant{Permission: permission, Topic: topic, Username: user}
}

func TestACLsAreAppliedAndTakenAway(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		first := f.addACL("read", "orders", "alice")
		if len(first.Rows) != 1 || first.Rows[0].Applied || !strings.Contains(first.Pending, "broker-kit") {
			t.Fatalf("before a kit was made: %+v", first)
		}
		if r := f.sync(); r.Looked || f.acl().Rows[0].Applied {
			t.Fatalf("applied without a way to the brokers: %+v", r)
		}
		if due, err := f.DueClusters(f.ctx, f.now.Add(day), 1); err != nil || len(due) != 0 {
			t.Errorf("a cluster that nobody knows is looked for: %v, %v", due, err)
		}
		needs := 0
		f.must(f.CheckStore(f.ctx, f.now, func(v app.Violation) {
			if strings.Contains(v.Message, "broker-kit") {
				needs++
			}
		}))
		if needs != 1 {
			t.Errorf("doctor says %d times that there is no kit", needs)
		}
		cluster := f.reachable() // makes the cluster due
		if r := f.sync(); r.Created != 6 || r.Failure != "" {
			t.Fatalf("the first look: %+v", r)
		}
		cluster.has(t, nil, grant("read", "orders", "alice"))
		if list := f.acl(); !list.Rows[0].Applied || list.Pending != "" {
			t.Errorf("after it: %+v", list)
		}
		second := f.addACL("write", "orders.*", "*")
		if len(second.Rows) != 2 || !second.Rows[0].Applied || second.Rows[1].Applied || second.Rows[1].Topic != "orders.*" {
			t.Errorf("the newest row is not the last, or the first is not applied: %+v", second)
		}
		f.sync()
		cluster.has(t, nil, grant("read", "orders", "alice"), grant("write", "orders.*", "*"))

		_, err := f.DeleteACL(f.ctx, f.admin, "acme", "orders", app.ACLID(first.Rows[0].ID), f.now)
		f.must(err)
		if list := f.acl(); list.Pending == "" || !list.Rows[0].Applied {
			t.Errorf("a deletion is pending, and the rest is applied: %+v", list)
		}
		f.sync()
		cluster.has(t, nil, grant("write", "orders.*", "*"))
		if r := f.sync(); r.Looked {
			t.Error("looked again at once")
		}
		f.clean()
	})
}

func TestACLRowsAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		add := func(by app.Actor, g lifecycle.Grant) error {
			_, err := f.AddACL(f.ctx, by, "acme", "orders", g, f.now)
			return err
		}
		f.refused(add(f.admin, grant("own", "t", "u")), app.CodeInvalid)
		f.must(add(f.admin, grant("read", "t", "u")))
		if e := f.refused(add(f.admin, grant("read", "t", "u")), app.CodeConflict); !strings.Contains(e.Message, "already exists") {
			t.Errorf("a second row of the same: %s", e.Message)
		}
		f.must(add(f.admin, grant("write", "t", "u")))
		f.must(add(f.member("dev@example.com", app.RoleDeveloper), grant("write", "t2", "u")))
		reader := f.member("reader@example.com", app.RoleReadOnly)
		f.refused(add(reader, grant("write", "t3", "u")), app.CodeForbidden)
		list, err := f.ListACL(f.ctx, reader, "acme", "orders", f.now)
		f.must(err)
		_, err = f.DeleteACL(f.ctx, reader, "acme", "orders", app.ACLID(list.Rows[0].ID), f.now)
		f.refused(err, app.CodeForbidden)
		for _, id := range []string{"default", "acl", "aclzz", app.ACLID(1), "acl1", ""} {
			_, err = f.DeleteACL(f.ctx, f.admin, "acme", "orders", id, f.now)
			f.refused(err, app.CodeNotFound)
		}
		if n := f.audited("acl.add"); n != 3 {
			t.Errorf("%d rows are in the audit log, want 3", n)
		}
	})
}

func TestAServiceHasNotTooManyACLs(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.service()
	f.must(f.store.Write(f.ctx, func(tx app.Tx) error {
		p, err := tx.ProjectByName(f.ctx, "acme")
		f.must(err)
		s, err := tx.ServiceByName(f.ctx, p.ID, "orders")
		f.must(err)
		for i := range 9999 {
			revision, err := tx.TouchCluster(f.ctx, p.ID, s.ID, f.now)
			f.must(err)
			f.must(tx.InsertACL(f.ctx, app.ACL{ID: int64(i + 1), ServiceID: s.ID, Revision: revision, Grant: grant("read", fmt.Sprint(i), "*"), CreatedAt: f.now}))
		}
		return nil
	}))
	if list := f.addACL("read", "the-last", "*"); len(list.Rows) != 10_000 || list.Rows[9_999].Topic != "the-last" {
		t.Errorf("%d rows", len(list.Rows))
	}
	_, err := f.AddACL(f.ctx, f.admin, "acme", "orders", grant("read", "one-more", "*"), f.now)
	if e := f.refused(err, app.CodeConflict); !strings.Contains(e.Message, "10000") {
		t.Errorf("one too many: %s", e.Message)
	}
	cluster := f.reachable()
	if r := f.sync(); r.Failure != "" || r.Created != 30_003 { // three for each topic, three for the groups
		t.Errorf("all of them: %+v", r)
	}
	if len(cluster.acls) != 30_003 {
		t.Errorf("the cluster has %d", len(cluster.acls))
	}
}

func TestForeignACLsAreLeftAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		cluster := f.reachable()
		foreign := []lifecycle.Binding{
			{Resource: "TOPIC", Name: "orders", Pattern: "LITERAL", Principal: "User:bob", Host: "*", Operation: "READ", Effect: "ALLOW"},
			{Resource: "TOPIC", Name: "orders", Pattern: "LITERAL", Principal: "User:alice", Host: "10.0.0.1", Operation: "READ", Effect: "ALLOW"},
			{Resource: "TOPIC", Name: "*", Pattern: "LITERAL", Principal: "User:*", Host: "*", Operation: "ALTER", Effect: "DENY"},
			grant("read", "orders", "alice").Bindings()[0], // one that Segue would make, made by somebody before
		}
		for _, b := range foreign {
			cluster.acls[b] = true
		}
		row := f.addACL("read", "orders", "alice").Rows[0]
		if r := f.sync(); r.Created != 5 {
			t.Fatalf("one of six is there already: %+v", r)
		}
		cluster.has(t, foreign, grant("read", "orders", "alice"))
		d, err := f.DiffACL(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if len(d.Missing)+len(d.Extra) != 0 || len(d.Foreign) != 3 {
			t.Errorf("differs by %+v, want three foreign ones: bob is no user of the service", d)
		}
		_, err = f.DeleteACL(f.ctx, f.admin, "acme", "orders", app.ACLID(row.ID), f.now)
		f.must(err)
		f.sync()
		cluster.has(t, foreign)
	})
}

func TestDriftIsRepairedAndReported(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		cluster := f.reachable()
		f.addACL("write", "orders", "alice")
		f.sync()
		gone := grant("write", "orders", "alice").Bindings()[2]
		delete(cluster.acls, gone)
		d, err := f.DiffACL(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if len(d.Missing) != 1 || d.Missing[0] != gone || d.Pending != "" {
			t.Errorf("what was removed by hand: %+v", d)
		}
		f.now = f.now.Add(app.DefaultReconcileEvery)
		if r := f.sync(); r.Repaired != 1 || r.Created != 1 {
			t.Fatalf("the look after it: %+v", r)
		}
		cluster.has(t, nil, grant("write", "orders", "alice"))
		m, err := f.ReadMetrics(f.ctx, f.now)
		f.must(err)
		if f.audited("acl.repair") != 1 || m.Clusters != (app.ClusterCount{Applied: 1, Repaired: 1}) {
			t.Errorf("a repair is audited %d times and counted as %+v", f.audited("acl.repair"), m.Clusters)
		}
	})
}

func TestAClusterThatIsDownDelays(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		cluster := f.reachable()
		cluster.down = true
		f.addACL("write", "orders", "alice")
		since := f.now
		for range 12 {
			if r := f.sync(); !r.Looked || r.Failure == "" {
				t.Fatalf("a look at a cluster that is down: %+v", r)
			}
			if f.sync().Looked {
				t.Fatal("looked again at once")
			}
			f.now = f.now.Add(5 * time.Minute)
		}
		list := f.acl()
		if list.Rows[0].Applied || !strings.Contains(list.Pending, errDown.Error()) || !strings.Contains(list.Pending, since.Format(time.RFC3339)) {
			t.Errorf("the row is shown as %+v", list)
		}
		v, err := f.GetService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if !hasNote(v, app.NoteNotApplied, "warning") {
			t.Errorf("the service says %+v", v.Notifications)
		}
		told := 0
		f.must(f.CheckStore(f.ctx, f.now, func(v app.Violation) {
			if strings.Contains(v.Message, errDown.Error()) {
				told++
			}
		}))
		m, err := f.ReadMetrics(f.ctx, f.now)
		f.must(err)
		if told != 1 || m.Clusters.Failing != 1 {
			t.Errorf("doctor says it %d times, metrics %+v", told, m.Clusters)
		}
		cluster.down = false
		f.sync()
		cluster.has(t, nil, grant("write", "orders", "alice"))
		if list := f.acl(); !list.Rows[0].Applied || list.Pending != "" {
			t.Errorf("the cluster is up again: %+v", list)
		}
		f.clean()
	})
}

func hasNote(v app.ServiceView, kind, level string) bool {
	for _, n := range v.Notifications {
		if n.Type == kind && n.Level == level {
			return true
		}
	}
	return false
}

func TestACLsEndWithTheirUserAndService(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		cluster := f.reachable()
		f.addACL("write", "orders", "alice")
		f.addACL("read", "audit", "alice")
		f.addACL("read", "public.*", "*")
		f.sync()
		_, err := f.DeleteUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if list := f.acl(); len(list.Rows) != 1 || list.Rows[0].Username != "*" || f.audited("acl.delete-of-user") != 1 {
			t.Errorf("after the user: %+v", list)
		}
		f.sync()
		cluster.has(t, nil, grant("read", "public.*", "*"))

		cluster.down = true
		_, err = f.DeleteService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		f.sync()
		f.now = f.now.Add(time.Hour)
		cluster.down = false
		f.sync()
		cluster.has(t, nil)
		f.now = f.now.Add(24 * time.Hour)
		if f.sync().Looked {
			t.Error("a cluster without a service is still looked at")
		}
		f.clean()
	})
}

// A deleted service whose cluster never comes back is not looked for for ever.
func TestAClusterThatWentWithItsService(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		cluster := f.reachable()
		f.addACL("read", "public.*", "*")
		f.sync()
		cluster.down = true
		until, err := f.DeleteService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		f.now = until.Add(-time.Hour)
		if !f.sync().Looked {
			t.Error("given up while a pair is left")
		}
		f.now = until.Add(time.Hour)
		f.sync()
		f.now = f.now.Add(24 * time.Hour)
		if f.sync().Looked {
			t.Error("looked for although no pair is left")
		}
	})
}

// Whatever request fails, before or after it took effect, the next look ends as if
// none had failed, and nothing that is foreign is touched.
func TestALookThatBreaksAnywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		cluster := f.reachable()
		f.must(f.setSASL(true))
		foreign := lifecycle.Binding{Resource: "GROUP", Name: "*", Pattern: "LITERAL", Principal: "User:alice", Host: "*", Operation: "DESCRIBE_CONFIGS", Effect: "ALLOW"}
		cluster.acls[foreign] = true
		for round := range 14 {
			topic := fmt.Sprintf("t%d", round)
			f.addACL("read", topic, "alice")
			for _, row := range f.acl().Rows {
				if row.Topic != topic {
					_, err := f.DeleteACL(f.ctx, f.admin, "acme", "orders", app.ACLID(row.ID), f.now)
					f.must(err)
				}
			}
			f.must(f.ResetPair(f.ctx, f.admin, "acme", "orders", "alice", f.now))
			cluster.requests, cluster.failAt, cluster.landed = 0, 1+round/2, round%2 == 0
			broke := f.sync()
			if requests := cluster.requests; broke.Failure == "" && requests >= cluster.failAt {
				t.Fatalf("request %d failed and the look did not", cluster.failAt)
			}
			cluster.failAt = 0
			f.now = f.now.Add(lookAgainAtMost)
			if r := f.sync(); r.Failure != "" || r.Repaired != 0 {
				t.Fatalf("the look after it: %+v", r)
			}
			cluster.has(t, []lifecycle.Binding{foreign}, grant("read", topic, "alice"))
			if want := f.user("alice").Password; cluster.passwords["alice"] != want {
				t.Fatalf("round %d: the cluster has another password", round)
			}
		}
		f.clean()
	})
}

const lookAgainAtMost = 10 * time.Minute

func TestPasswordsAtTheCluster(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		cluster := f.reachable()
		f.createUser("alice")
		f.sync()
		if len(cluster.passwords) != 0 {
			t.Fatalf("passwords although users authenticate by certificate: %v", cluster.passwords)
		}
		f.must(f.setSASL(true))
		bob := f.createUser("bob")
		f.sync()
		if len(cluster.passwords) != 3 || cluster.passwords["bob"] != bob.Password || cluster.passwords["alice"] != f.user("alice").Password {
			t.Fatalf("%d passwords, want those of avnadmin, alice and bob", len(cluster.passwords))
		}
		_, err := f.ResetCredentials(f.ctx, f.admin, "acme", "orders", "bob", "chosen by hand", f.now)
		f.must(err)
		f.must(f.ResetPair(f.ctx, f.admin, "acme", "orders", "alice", f.now))
		f.sync()
		if cluster.passwords["bob"] != "chosen by hand" || cluster.passwords["alice"] != f.user("alice").Password {
			t.Error("a reset did not reach the cluster")
		}
		delete(cluster.passwords, "bob") // by somebody else
		_, err = f.DeleteUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if r := f.sync(); r.Repaired != 1 || f.audited("password.repair") != 1 {
			t.Errorf("a password that was taken away: %+v", r)
		}
		if _, left := cluster.passwords["alice"]; left || cluster.passwords["bob"] != "chosen by hand" {
			t.Errorf("after a deletion and a repair: %d passwords", len(cluster.passwords))
		}
		f.must(f.setSASL(false))
		f.sync()
		if len(cluster.passwords) != 0 {
			t.Errorf("%d passwords after SASL was switched off", len(cluster.passwords))
		}
		f.clean()
	})
}

// The pair that Segue shows to brokers is stored, of the cluster CA, and made anew
// at half its life; its key is nowhere in the store.
func TestSeguesOwnPair(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		cluster := f.reachable()
		f.addACL("read", "t", "alice")
		f.sync()
		first := string(cluster.access.Cert)
		if _, err := (kafka.Clusters{}).Connect(cluster.access); err != nil || strings.Join(cluster.access.Addresses, ",") != "127.0.0.1:9094" {
			t.Fatalf("access to %v: %v", cluster.access.Addresses, err)
		}
		f.now = f.now.Add(3 * day)
		if f.sync(); string(cluster.access.Cert) != first {
			t.Error("another pair before half its life")
		}
		f.now = f.now.Add(day)
		if f.sync(); string(cluster.access.Cert) == first || f.audited("admin-session.create") != 2 {
			t.Error("the same pair past half its life")
		}
		f.must(f.store.Read(f.ctx, func(r app.Reader) error {
			p, err := r.ProjectByName(f.ctx, "acme")
			f.must(err)
			s, err := r.ServiceByName(f.ctx, p.ID, "orders")
			f.must(err)
			kit, err := r.NewestBrokerCert(f.ctx, s.ID)
			if kit.Purpose == app.BrokerCertSession {
				t.Error("Segue's own pair counts as a kit's")
			}
			return err
		}))
		f.clean()
	})
}
