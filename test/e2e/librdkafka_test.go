package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// librdkafkaWorks is a round trip by librdkafka with the kit's own files, beside
// what user-creds-download wrote.
func librdkafkaWorks(t *testing.T, c *cluster, credentials string) {
	t.Helper()
	program, err := fetchAvn()
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("python/roundtrip.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{"librdkafka.conf", "kcat.conf"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(program), "python"), script, filepath.Join(c.kit, "clients", config), topic, "by "+config)
		cmd.Dir = credentials
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("librdkafka with %s: %v\n%s", config, err, out)
		}
	}
}
