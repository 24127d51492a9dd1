package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/bundle"
)

// TestFormats loads a user's pair in every format by the client that the format
// is for, which writes a record to a real broker.
func TestFormats(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	c := s.createService(t, "demo", "formats")
	c.start(t, brokerOptions{settings: small()})
	pem := s.createUser(t, "demo", "formats", "alice")
	createTopic(t, c.admin, topic, 1, "alice")
	eventually(t, 20*time.Second, func() error { // a new ACL takes a moment to act
		return goSend(c.client, loadTLS(t, pem), topic, "before all")
	})

	consumers := map[string]func(t *testing.T, dir, value string){
		"pem":          func(t *testing.T, dir, value string) { goWorks(t, c.client, dir, topic, value) },
		"combined-pem": javaSends, "pkcs12": javaSends, "jks": javaSends, "java-creds": javaSends, "properties": javaSends,
		"spring": springSends,
		"librdkafka": func(t *testing.T, dir, value string) {
			pythonSends(t, dir, "roundtrip.py", filepath.Join(dir, "librdkafka.conf"), topic, value)
		},
		"kafka-python": func(t *testing.T, dir, value string) { pythonSends(t, dir, "send_kafka_python.py", topic, value) },
		"kubernetes": func(t *testing.T, dir, value string) {
			pythonSends(t, dir, "send_secret.py", filepath.Join(dir, "secret.yaml"), topic, value)
		},
		"kafkajs":  kafkajsSends,
		"franz-go": franzGoSends,
		"env":      environmentSends,
	}
	for _, f := range bundle.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			sends, known := consumers[f.Name]
			if !known {
				t.Fatal("nothing loads this format here")
			}
			value := "by " + f.Name
			sends(t, s.bundle(t, c, f), value)
			if err := goFetch(c.client, loadTLS(t, pem), topic, value); err != nil {
				t.Error(err)
			}
		})
	}
	s.doctor(t)
}

// storePassword and bundleDir hold what settings and code have to quote.
const (
	storePassword = `p%s\ "q'$ #=:!~`
	bundleDir     = `pairs of 'alice'`
)

// bundle is user-bundle of alice into a new folder, which it returns.
func (s *segue) bundle(t testing.TB, c *cluster, f bundle.Format) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), bundleDir)
	args := []string{"service", "user-bundle", c.service, "--project", c.project, "--username", "alice", "--format", f.Name, "-d", dir}
	if f.Password {
		file := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(file, []byte(storePassword+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--password-file", file)
	}
	s.runArgs(t, args...)
	return dir
}

// javaSends starts Kafka's own client in another folder than the bundle's.
func javaSends(t *testing.T, dir, value string) {
	config := filepath.Join(dir, "client.properties")
	cmd := exec.Command("java", append(javaOptions(t, "-Xmx64m"), "-cp", javaClasses(), "TestClient", config, topic)...)
	cmd.Dir = t.TempDir()
	if _, err := talk(t, cmd).send(value); err != nil {
		t.Error(err)
	}
}

func springSends(t *testing.T, dir, value string) {
	classes := filepath.Join(kafkaDir, "spring-classes") + string(os.PathListSeparator) + filepath.Join(kafkaDir, "spring", "*")
	sendWith(t, nil, "java", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes, "SpringClient", filepath.Join(dir, "application.yml"), topic, value)
}

// python is the interpreter that has the clients of Kafka.
func python(t testing.TB) string {
	t.Helper()
	avn, err := fetchAvn()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(filepath.Dir(avn), "python")
}

func pythonSends(t *testing.T, dir, script string, args ...string) {
	t.Helper()
	sendWith(t, []string{"PYTHONPATH=" + dir}, python(t), append([]string{absolute(t, "python/"+script)}, args...)...)
}

func kafkajsSends(t *testing.T, dir, value string) {
	modules, err := command("./fetch-node.sh")
	if err != nil {
		t.Fatal(err)
	}
	sendWith(t, []string{"NODE_PATH=" + modules}, "node", absolute(t, "node/send.cjs"), filepath.Join(dir, "kafka.cjs"), topic, value)
}

// franzGoSends builds a module of its own from the bundle's package and a program
// that uses it, with the franz-go that this one has.
func franzGoSends(t *testing.T, dir, value string) {
	module := t.TempDir()
	goMod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	goMod = bytes.Replace(goMod, []byte("module github.com/segue-project/segue"), []byte("module example.com/bundle"), 1)
	if err := os.Mkdir(filepath.Join(module, "kafkaclient"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(module, "go.mod"), goMod, 0o600); err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join(module, "go.sum"), "../../go.sum")
	copyFile(t, filepath.Join(module, "main.go"), "testdata/franzgo/main.go")
	copyFile(t, filepath.Join(module, "kafkaclient", "kafkaclient.go"), filepath.Join(dir, "kafkaclient.go"))
	program := filepath.Join(module, "send")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with the bundle's package: %v\n%s", err, out)
	}
	sendWith(t, nil, program, dir, topic, value)
}

// environmentSends has a shell read the file, then a dotenv library.
func environmentSends(t *testing.T, dir, value string) {
	file, script := filepath.Join(dir, ".env"), absolute(t, "python/send_env.py")
	sendWith(t, nil, "sh", "-c", `set -a; . "$1"; shift; exec "$@"`, "sh", file, python(t), script, topic, "by a shell with env")
	sendWith(t, nil, python(t), "-m", "dotenv", "-f", file, "run", "--", python(t), script, topic, value)
}

// sendWith runs a client to its end, in a folder that holds nothing.
func sendWith(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

func absolute(t testing.TB, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}
