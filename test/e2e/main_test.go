package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// kafkaDir holds what fetch-kafka.sh fetched; segueBin is the program under test.
var kafkaDir, segueBin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	bin, err := os.MkdirTemp("", "segue-e2e-")
	if err == nil {
		defer func() { _ = os.RemoveAll(bin) }()
		segueBin = filepath.Join(bin, "segue")
		_, err = command("go", "build", "-o", segueBin, "../../cmd/segue")
	}
	if err == nil {
		kafkaDir, err = command("./fetch-kafka.sh")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// fetchAvn installs avn once and returns the program.
var fetchAvn = sync.OnceValues(func() (string, error) { return command("./fetch-avn.sh") })

// command runs a program to its end and returns what it printed last.
func command(name string, args ...string) (string, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, stderr.Bytes())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}
