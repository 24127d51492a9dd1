package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestAddClientListener runs a cluster that knows nothing of Segue, then does to
// it what the kit's page says, and no more.
func TestAddClientListener(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	c := s.createService(t, "demo", "orders.prod")
	alice := s.createUser(t, "demo", c.service, "alice")

	own := fmt.Sprintf("%s:%d", loopback, freePorts(t, 1)[0])
	dir := existingCluster(t, own, freePorts(t, 1)[0])
	broker := startBroker(t, dir, brokerOptions{option: noOption})
	admin := plainAdmin(t, own)
	createTopic(t, admin, topic, 1, "alice")
	broker.stop(t)

	page, err := os.ReadFile(filepath.Join(c.kit, "ADD-CLIENT-LISTENER.md"))
	if err != nil {
		t.Fatal(err)
	}
	option := followPage(t, string(page), c, dir)
	startBroker(t, dir, brokerOptions{option: option})

	goWorks(t, c.client, alice, topic, "by the new listener")
	plain, err := kgo.NewClient(kgo.SeedBrokers(own))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := plain.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("by the old listener")}).FirstErr(); err != nil {
		t.Errorf("the listener that was there: %v", err)
	}
	createTopic(t, newAdmin(t, c.kit, c.repl), "made-by-segue", 1)
	sibling := s.createService(t, "demo", "orders-prod")
	mustHaveNoRights(t, c.client, "a user of a sibling service", loadTLS(t, s.createUser(t, "demo", sibling.service, "alice")))
	mustBeTurnedAway(t, "REPL", c.repl, "alice", trusting(t, "", loadTLS(t, alice), c.kit))
}

// existingCluster writes the settings of a broker with a listener of its own.
func existingCluster(t *testing.T, own string, controllerPort int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	controller := net.JoinHostPort(loopback, strconv.Itoa(controllerPort))
	settings := []string{
		"process.roles=broker,controller",
		"node.id=1",
		"controller.quorum.voters=1@" + controller,
		"listeners=INSIDE://" + own + ",QUORUM://" + controller,
		"advertised.listeners=INSIDE://" + own,
		"listener.security.protocol.map=INSIDE:PLAINTEXT,QUORUM:PLAINTEXT",
		"inter.broker.listener.name=INSIDE",
		"controller.listener.names=QUORUM",
		"log.dirs=data",
		"offsets.topic.replication.factor=1",
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users=User:ANONYMOUS",
		"log.cleaner.dedupe.buffer.size=2097152",
	}
	if err := os.WriteFile(filepath.Join(dir, "server.properties"), []byte(strings.Join(settings, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func plainAdmin(t *testing.T, address string) *kadm.Client {
	t.Helper()
	admin, err := kadm.NewOptClient(kgo.SeedBrokers(address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	return admin
}

var (
	settingsBlock = regexp.MustCompile("(?s)```properties\n(.*?) *```")
	tableRow      = regexp.MustCompile("(?m)^ *\\| 1 \\| `([^`]*)` \\| `([^`]*)` \\| `([^`]*)` \\|$")
	javaOption    = regexp.MustCompile(`KAFKA_OPTS="\$KAFKA_OPTS (-D\S+)"`)
)

// followPage extends a broker's settings by the rows and lines of the page, for
// CLIENT and for REPL, with the files in a folder of the test's own.
func followPage(t *testing.T, page string, c *cluster, dir string) (option string) {
	t.Helper()
	rows, blocks, found := tableRow.FindAllStringSubmatch(page, -1), settingsBlock.FindAllStringSubmatch(page, -1), javaOption.FindStringSubmatch(page)
	if len(rows) != 2 || len(blocks) != 2 || found == nil {
		t.Fatalf("the page has %d rows for broker 1, %d blocks of settings and the Java option %q", len(rows), len(blocks), found)
	}
	settings, err := os.ReadFile(filepath.Join(dir, "server.properties"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(settings)
	extend := func(key, value, separator string) {
		line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + `=.*$`)
		text = line.ReplaceAllStringFunc(text, func(old string) string { return old + separator + value })
	}
	for i, row := range rows {
		extend("listeners", row[1], ",")
		extend("advertised.listeners", row[2], ",")
		extend("listener.security.protocol.map", row[3], ",")
		for line := range strings.Lines(blocks[i][1]) {
			text += strings.TrimLeft(line, " ")
		}
	}
	extend("super.users", "User:@admin", ";")
	installed := t.TempDir()
	text = strings.ReplaceAll(text, "/etc/kafka/segue", installed)
	for _, name := range brokerPEMs {
		copyFile(t, filepath.Join(installed, name), filepath.Join(c.brokerDir(), name))
	}
	if err := os.WriteFile(filepath.Join(dir, "server.properties"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return found[1]
}
