package e2e

import (
	"crypto/tls"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const topic = "events"

// noOption stands in for a Java option and changes nothing.
const noOption = "-Dsegue.e2e=true"

// oneNetworkThread has every connection meet the thread that issued its session
// ticket. With the usual three, a client seldom resumes.
func oneNetworkThread(settings map[string]string) map[string]string {
	settings["num.network.threads"] = "1"
	return settings
}

// TestRenewalAtABroker follows one user's renewal at a real broker, from before
// it until after the old pair's end, with clients that did and did not change.
func TestRenewalAtABroker(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	// 50 s with one pair, 40 s with two.
	s.createProject(t, "demo", "90s", "40s")
	kit, lax := startBothClusters(t, s)

	old, laxOld := s.createUser(t, "demo", kit.service, "alice"), s.createUser(t, "demo", lax.service, "alice")
	end := endOf(t, old)
	if laxEnd := endOf(t, laxOld); laxEnd.After(end) {
		end = laxEnd
	}
	live := s.download(t, "demo", kit.service, "alice")
	steady := startSteady(t, kit.client, live, topic)
	withKit := startComingBack(t, kit, old, end)
	without := startComingBack(t, lax, laxOld, end)

	s.awaitGeneration(t, "demo", kit.service, "alice", 2, time.Minute)
	renewed := s.download(t, "demo", kit.service, "alice")
	s.downloadTo(t, "demo", kit.service, "alice", live)
	connections := steady.connections()
	overlap(t, s, kit, old, renewed, end)

	withKit.wait(t)
	without.wait(t)
	withKit.mustBeRefused(t)
	without.mustComeBack(t)
	afterTheEnd(t, kit, old, renewed)
	if _, err := connect(lax.client, loadTLS(t, laxOld)); !refused(err) {
		t.Errorf("a first connection with the old pair after its end, without the kit's settings: %v", err)
	}

	if now := steady.connections(); now != connections {
		t.Errorf("the client that stays connected made %d new connections", now-connections)
	}
	steady.lostNothing(t)
	steady.reconnect(t)
	steady.lostNothing(t)
	s.doctor(t)
}

// overlap tries both pairs side by side, before and after the acknowledgement.
func overlap(t *testing.T, s *segue, kit *cluster, old, renewed string, end time.Time) {
	t.Helper()
	javaOld, javaNew := startJava(t, kit.kit, old, topic), startJava(t, kit.kit, renewed, topic)
	both := func(when string) {
		goWorks(t, kit.client, old, topic, "go, old pair, "+when)
		goWorks(t, kit.client, renewed, topic, "go, new pair, "+when)
		javaWorks(t, javaOld, "java, old pair, "+when)
		javaWorks(t, javaNew, "java, new pair, "+when)
	}
	both("in the overlap")
	if got := s.user(t, kit.project, kit.service, "alice").ExpiringCertNotValidAfterTime; got == nil || !got.Equal(endOf(t, old)) {
		t.Errorf("the renewal awaits acknowledgement until %v, not until the old pair's end", got)
	}
	s.run(t, "service user-creds-acknowledge %s --project %s --username alice", kit.service, kit.project)
	if s.user(t, kit.project, kit.service, "alice").ExpiringCertNotValidAfterTime != nil {
		t.Error("the renewal still awaits acknowledgement")
	}
	both("after the acknowledgement")
	if late := time.Since(end); late > 0 {
		t.Fatalf("this machine is too slow by %s: the old pair ended before both were tried", late)
	}
}

// afterTheEnd tries both pairs by clients that were not there before.
func afterTheEnd(t *testing.T, kit *cluster, old, renewed string) {
	t.Helper()
	if _, err := connect(kit.client, loadTLS(t, old)); !refused(err) {
		t.Errorf("a first connection with the old pair after its end: %v", err)
	}
	_, err := startJava(t, kit.kit, old, topic).send("java, old pair, after its end")
	if err == nil || !strings.Contains(err.Error(), "SslAuthenticationException") {
		t.Errorf("a new Java client with the old pair after its end: %v", err)
	}
	goWorks(t, kit.client, renewed, topic, "go, new pair, after the old one's end")
	javaWorks(t, startJava(t, kit.kit, renewed, topic), "java, new pair, after the old one's end")
}

// startBothClusters starts a broker by its kit, and one by a kit without the
// settings that close session resumption.
func startBothClusters(t *testing.T, s *segue) (kit, lax *cluster) {
	kit, lax = s.createService(t, "demo", "orders.prod"), s.createService(t, "demo", "payments")
	kit.start(t, brokerOptions{settings: oneNetworkThread(small())})
	settings := oneNetworkThread(small())
	maps.Copy(settings, map[string]string{"listener.name.client.ssl.enabled.protocols": ""})
	lax.start(t, brokerOptions{settings: settings, option: noOption})
	for _, c := range []*cluster{kit, lax} {
		createTopic(t, c.admin, topic, 1, "alice")
	}
	return kit, lax
}

// endOf is when the pair in a folder ends.
func endOf(t testing.TB, dir string) time.Time {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "service.cert"), filepath.Join(dir, "service.key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.NotAfter
}

// comingBack are clients with an old pair that make a new connection every
// second, and keep what TLS sessions they get, until some seconds after its end.
type comingBack struct {
	service string
	end     time.Time
	java    *javaClient
	clients map[string]chan []attempt
	results map[string][]attempt
}

type attempt struct {
	begun   time.Time
	resumed bool // known of Go clients
	err     error
}

// pastTheEnd is how long they try on.
const pastTheEnd = 16 * time.Second

func startComingBack(t *testing.T, c *cluster, credentials string, end time.Time) *comingBack {
	java := startJava(t, c.kit, credentials, topic,
		"connections.max.idle.ms=300", "request.timeout.ms=5000", "delivery.timeout.ms=6000")
	b := &comingBack{service: c.service, end: end, java: java, clients: map[string]chan []attempt{}, results: map[string][]attempt{}}
	b.start("java", func() (bool, error) { return false, java.reconnect() })
	for name, version := range map[string]uint16{"go, TLS 1.3": tls.VersionTLS13, "go, TLS 1.2": tls.VersionTLS12} {
		config := loadTLS(t, credentials)
		config.MinVersion, config.MaxVersion = version, version
		config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
		b.start(name, func() (bool, error) { return connect(c.client, config) })
	}
	return b
}

func (b *comingBack) start(name string, try func() (resumed bool, err error)) {
	done := make(chan []attempt, 1)
	b.clients[name] = done
	go func() {
		var all []attempt
		for time.Now().Before(b.end.Add(pastTheEnd)) {
			a := attempt{begun: time.Now()}
			a.resumed, a.err = try()
			all = append(all, a)
			time.Sleep(time.Second)
		}
		done <- all
	}()
}

func (b *comingBack) wait(t *testing.T) {
	t.Helper()
	for name, done := range b.clients {
		select {
		case b.results[name] = <-done:
		case <-time.After(time.Until(b.end) + 2*time.Minute):
			t.Fatalf("%s at %s does not end", name, b.service)
		}
		before, after := b.split(name)
		if len(before) < 5 || len(after) < 2 {
			t.Fatalf("%s at %s: %d attempts before the pair's end and %d after it show nothing", name, b.service, len(before), len(after))
		}
		t.Logf("%s at %s: %d connections before the pair's end, %d after it, %d of those resumed, last error: %v",
			name, b.service, len(before), len(after), countResumed(after), after[len(after)-1].err)
	}
}

// split leaves out the attempts within a second of the end, on either side.
func (b *comingBack) split(name string) (before, after []attempt) {
	for _, a := range b.results[name] {
		switch {
		case a.begun.Before(b.end.Add(-time.Second)):
			before = append(before, a)
		case a.begun.After(b.end.Add(time.Second)):
			after = append(after, a)
		}
	}
	return before, after
}

func countResumed(attempts []attempt) int {
	n := 0
	for _, a := range attempts {
		if a.resumed {
			n++
		}
	}
	return n
}

// mustBeRefused: with the kit's settings nobody comes back after the pair's end,
// and nobody gets in by TLS 1.2 at any time.
func (b *comingBack) mustBeRefused(t *testing.T) {
	t.Helper()
	for name := range b.clients {
		before, after := b.split(name)
		for _, a := range before {
			if tls12 := strings.HasSuffix(name, "1.2"); (a.err == nil) == tls12 {
				t.Errorf("%s with the kit's settings, %s before the pair's end: %v", name, b.end.Sub(a.begun), a.err)
			}
		}
		if n := countResumed(before) + countResumed(after); n > 0 {
			t.Errorf("%s with the kit's settings resumed %d sessions", name, n)
		}
		for _, a := range after {
			if a.err == nil {
				t.Errorf("%s with the kit's settings came back %s after its pair's end", name, a.begun.Sub(b.end))
			}
			if name == "go, TLS 1.3" && !refused(a.err) {
				t.Errorf("%s with the kit's settings after its pair's end: %v", name, a.err)
			}
		}
	}
	if !b.java.wasRefused(t) {
		t.Error("java with the kit's settings failed after its pair's end, but not because it was refused")
	}
}

// mustComeBack: without the kit's settings, whoever kept a session goes on. This
// is the hole that they close, and the proof that mustBeRefused can fail.
func (b *comingBack) mustComeBack(t *testing.T) {
	t.Helper()
	if b.java.wasRefused(t) {
		t.Error("java without the kit's settings was refused")
	}
	for name := range b.clients {
		before, after := b.split(name)
		for _, a := range append(before, after...) {
			if a.err != nil {
				t.Errorf("%s without the kit's settings, %s after its pair's end: %v", name, a.begun.Sub(b.end), a.err)
			}
		}
		if name != "java" && countResumed(after) != len(after) {
			t.Errorf("%s without the kit's settings resumed %d of %d sessions", name, countResumed(after), len(after))
		}
	}
}
