package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// brokerOptions are how a test's broker differs from what its kit says.
type brokerOptions struct {
	clusterID string            // empty: an id of its own
	settings  map[string]string // come after those of the kit; "" takes a setting away
	option    string            // the Java option in place of the kit's jvm.options
}

// small lets a broker live in a heap of 128 MiB and answer soon after its start.
func small() map[string]string {
	return map[string]string{
		"log.cleaner.dedupe.buffer.size":       "2097152",
		"offsets.topic.num.partitions":         "1",
		"transaction.state.log.num.partitions": "1",
		"group.initial.rebalance.delay.ms":     "0",
	}
}

// startBroker launches a broker and waits until it serves.
func startBroker(t testing.TB, dir string, o brokerOptions) *process {
	t.Helper()
	p := launchBroker(t, dir, o)
	awaitBroker(t, p)
	return p
}

func awaitBroker(t testing.TB, p *process) {
	t.Helper()
	p.await(t, "Kafka Server started", 2*time.Minute)
}

// launchBroker formats dir, a kit's broker-N, unless that was done before, and
// starts a stock broker inside it.
func launchBroker(t testing.TB, dir string, o brokerOptions) *process {
	t.Helper()
	properties := "server.properties"
	if len(o.settings) > 0 {
		properties = writeSettings(t, dir, o.settings)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "meta.properties")); err != nil {
		id := o.clusterID
		if id == "" {
			id = newClusterID(t)
		}
		format := exec.Command("java", "-cp", filepath.Join(kafkaDir, "broker", "*"), "kafka.tools.StorageTool", "format", "-t", id, "-c", properties)
		format.Dir = dir
		if out, err := format.CombinedOutput(); err != nil {
			t.Fatalf("format: %v\n%s", err, out)
		}
	}
	heap := "-Xmx256m"
	if _, fits := o.settings["log.cleaner.dedupe.buffer.size"]; fits {
		heap = "-Xmx128m"
	}
	args := append(javaOptions(t, heap), "-cp", filepath.Join(kafkaDir, "broker", "*"))
	option := "@jvm.options"
	if o.option != "" {
		option = o.option
	}
	cmd := exec.Command("java", append(args, option, "kafka.Kafka", properties)...)
	cmd.Dir = dir
	return launch(t, cmd)
}

// javaOptions keep a JVM small and quick to start.
func javaOptions(t testing.TB, heap string) []string {
	t.Helper()
	log, err := filepath.Abs("kafka/log4j2.xml")
	if err != nil {
		t.Fatal(err)
	}
	return []string{heap, "-Xms32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.configurationFile=" + log}
}

// writeSettings writes the kit's settings with changes and returns the file's name.
func writeSettings(t testing.TB, dir string, changes map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "server.properties"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		key, _, _ := strings.Cut(line, "=")
		if _, changed := changes[key]; !changed {
			b.WriteString(line)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		if changes[key] != "" {
			b.WriteString(key + "=" + changes[key] + "\n")
		}
	}
	const name = "changed.properties"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// newClusterID is a random id as kafka-storage random-uuid makes it: one that
// does not begin with "-", which the tool would read as an option.
func newClusterID(t testing.TB) string {
	t.Helper()
	for {
		var b [16]byte
		if _, err := rand.Read(b[:]); err != nil {
			t.Fatal(err)
		}
		if id := base64.RawURLEncoding.EncodeToString(b[:]); id[0] != '-' {
			return id
		}
	}
}
