package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/testenv"
)

// javaClient is Kafka's own client in a process of its own; see java/TestClient.java.
type javaClient struct {
	in    io.Writer
	lines chan string
	log   string // file
	made  int    // connections by the producer, when it last sent
}

// startJava starts a client with the settings of a kit and the pair and authority
// of a folder that user-creds-download filled, and more settings.
func startJava(t testing.TB, kit, credentials, topic string, more ...string) *javaClient {
	t.Helper()
	dir := t.TempDir()
	copyFile(t, filepath.Join(dir, "ca.pem"), filepath.Join(credentials, "ca.pem"))
	// The one file that a Java keystore is, as the kit's client.properties says.
	copyFile(t, filepath.Join(dir, "service.pem"), filepath.Join(credentials, "service.key"), filepath.Join(credentials, "service.cert"))
	const config = "client.properties"
	copyFile(t, filepath.Join(dir, config), filepath.Join(kit, "clients", config))
	return runJava(t, dir, config, topic, more...)
}

// runJava starts a client with the settings of a file in dir, and more.
func runJava(t testing.TB, dir, config, topic string, more ...string) *javaClient {
	t.Helper()
	appendLines(t, filepath.Join(dir, config), append([]string{
		"reconnect.backoff.ms=50",
		"max.block.ms=10000",
		"request.timeout.ms=5000",
		"delivery.timeout.ms=10000",
	}, more...)...)
	cmd := exec.Command("java", append(javaOptions(t, "-Xmx64m"), "-cp", javaClasses(), "TestClient", config, topic)...)
	cmd.Dir = dir
	return talk(t, cmd)
}

// javaClasses is where the test's client and Kafka's lie.
func javaClasses() string {
	return filepath.Join(kafkaDir, "classes") + string(os.PathListSeparator) + filepath.Join(kafkaDir, "tools", "*")
}

// copyFile writes what the sources hold, one after the other.
func copyFile(t testing.TB, to string, sources ...string) {
	t.Helper()
	var all []byte
	for _, from := range sources {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	if err := os.WriteFile(to, all, 0o600); err != nil {
		t.Fatal(err)
	}
}

func appendLines(t testing.TB, file string, lines ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, strings.Join(lines, "\n")+"\n"...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func talk(t testing.TB, cmd *exec.Cmd) *javaClient {
	t.Helper()
	log, err := os.Create(filepath.Join(cmd.Dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd.Stderr = log
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, testenv.Start(cmd)); err != nil {
		t.Fatal(err)
	}
	c := &javaClient{in: in, lines: make(chan string), log: log.Name()}
	finished := make(chan struct{})
	go func() {
		defer close(c.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			select {
			case c.lines <- lines.Text():
			case <-finished:
			}
		}
	}()
	t.Cleanup(func() {
		close(finished)
		_ = in.Close()
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
	})
	if _, err := c.read(time.Minute); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *javaClient) read(within time.Duration) (string, error) {
	select {
	case line, open := <-c.lines:
		if !open {
			return "", errors.New("the Java client ended")
		}
		return line, nil
	case <-time.After(within):
		return "", fmt.Errorf("the Java client said nothing for %s", within)
	}
}

// do returns how many connections the producer or consumer has made so far.
func (c *javaClient) do(command string) (connections int, err error) {
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		return 0, err
	}
	line, err := c.read(time.Minute)
	if err != nil {
		return 0, err
	}
	word, rest, _ := strings.Cut(line, " ")
	if word != "ok" {
		return 0, errors.New(rest)
	}
	return strconv.Atoi(rest)
}

func (c *javaClient) send(value string) (connections int, err error)  { return c.do("send " + value) }
func (c *javaClient) fetch(value string) (connections int, err error) { return c.do("fetch " + value) }

// reconnect sends until the producer has made a new connection for it, which it
// does only once it has noticed that the one it has was idle for too long.
func (c *javaClient) reconnect() error {
	for range 5 {
		connections, err := c.send("java, by a new connection")
		if err != nil {
			return err
		}
		if connections > c.made {
			c.made = connections
			return nil
		}
		time.Sleep(400 * time.Millisecond)
	}
	return errors.New("the Java client makes no new connection, so this shows nothing")
}

// wasRefused reports whether a broker has refused this client's certificate. A
// producer that is connected already only times out; what it met is in its log.
func (c *javaClient) wasRefused(t testing.TB) bool {
	t.Helper()
	text, err := os.ReadFile(c.log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "failed authentication due to")
}
