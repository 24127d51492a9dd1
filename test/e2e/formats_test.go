package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFormats loads a user's pair in every format by the client that the format
// is for, which writes a record to a real broker and reads it back.
func TestFormats(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	c := s.createService(t, "demo", "formats")
	c.start(t, brokerOptions{settings: small()})
	s.run(t, "service user-create formats --project demo --username alice")
	createTopic(t, c.admin, topic, 1, "alice")

	for _, format := range []string{"combined-pem", "pkcs12", "jks", "java-creds"} {
		t.Run(format, func(t *testing.T) {
			javaWorks(t, startJavaWith(t, filepath.Join(s.bundle(t, c, format), "client.properties")), "java by "+format)
		})
	}
	s.doctor(t)
}

// bundle is user-bundle of alice into a new folder, which it returns.
func (s *segue) bundle(t testing.TB, c *cluster, format string) string {
	t.Helper()
	dir := t.TempDir()
	s.run(t, "service user-bundle %s --project %s --username alice --format %s -d %s", c.service, c.project, format, dir)
	return dir
}

// startJavaWith starts Kafka's own client with a settings file as it is, in
// another folder than the file's.
func startJavaWith(t testing.TB, config string) *javaClient {
	t.Helper()
	cmd := exec.Command("java", append(javaOptions(t, "-Xmx64m"), "-cp", javaClasses(), "TestClient", config, topic)...)
	cmd.Dir = t.TempDir()
	return talk(t, cmd)
}
