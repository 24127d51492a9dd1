package package_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// machineWithin bounds one machine, from its boot on.
const machineWithin = 4 * time.Minute

// inMachine runs a script as root in a machine of its own with files in its folder,
// and returns what it printed.
func inMachine(t *testing.T, script, files string) string {
	t.Helper()
	needsMachine(t)
	work := t.TempDir()
	boot, err := filepath.Abs("testdata/machine.sh")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), machineWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--kill-child",
		boot, work, script, files)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	booted, err := cmd.CombinedOutput()
	printed, _ := os.ReadFile(filepath.Join(work, "output")) // not there: told below
	status, readErr := os.ReadFile(filepath.Join(work, "status"))
	if err := errors.Join(err, readErr); err != nil {
		t.Fatalf("the machine ended early: %v\n%s\n%s", err, booted, printed)
	}
	if s := strings.TrimSpace(string(status)); s != "0" {
		t.Fatalf("the script ended with %s:\n%s", s, printed)
	}
	return string(printed)
}

// needsMachine skips where no machine can be made: it takes root, systemd, and a
// kernel that lets this process make namespaces and mounts.
func needsMachine(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can boot a machine of its own")
	}
	needs(t, "unshare", "setpriv", "systemctl", "ip", "dpkg", "curl")
	probe := t.TempDir()
	if out, err := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "--cgroup", "mount", "-t", "tmpfs", "tmpfs", probe).CombinedOutput(); err != nil {
		t.Skipf("no machine of its own can be made here: %v: %s", err, out)
	}
}

// TestDebianPackage installs, sets up, upgrades, removes and purges the package
// under systemd, with the whole sandbox of the unit.
func TestDebianPackage(t *testing.T) {
	r := first(t)
	t.Log(inMachine(t, "testdata/debian.sh", r.dist()))
}

// TestContainer builds the image and runs what it says.
func TestContainer(t *testing.T) {
	needs(t, "buildah")
	t.Log(inMachine(t, "testdata/container.sh", first(t).dir))
}

// TestInstallPage runs what docs/install.md tells people to type, in order, in one
// shell, and looks for what it shows. A block that begins with make builds what is
// there already; a line shown may leave parts out with "…".
func TestInstallPage(t *testing.T) {
	needs(t, "sudo", "apt-get")
	page, err := os.ReadFile(filepath.Join(root, "docs/install.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	var shown []string
	for _, m := range fenced.FindAllStringSubmatch(string(page), -1) {
		commands := m[1]
		if strings.HasPrefix(commands, "make ") {
			continue
		}
		// People are slower than a machine: the service is ready when they go on.
		commands = strings.ReplaceAll(commands, "segue ready\n", "until segue ready; do sleep 0.2; done\n")
		script.WriteString("cat <<'SHOWN'\n" + commands + "SHOWN\n" + commands)
		if m[2] != "" {
			shown = append(shown, strings.Split(strings.TrimSpace(m[2]), "\n")...)
		}
	}
	if len(shown) < 8 {
		t.Fatalf("the page shows %d lines", len(shown))
	}
	file := filepath.Join(t.TempDir(), "page.sh")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	printed := inMachine(t, file, first(t).dir)
	rest := printed
	for _, line := range shown {
		parts := strings.Split(line, "…")
		for i, p := range parts {
			parts[i] = regexp.QuoteMeta(strings.TrimSpace(p))
		}
		at := regexp.MustCompile(strings.Join(parts, `.*`)).FindStringIndex(rest)
		if at == nil {
			t.Fatalf("the page shows %q, which was not printed:\n%s", line, printed)
		}
		rest = rest[at[1]:]
	}
}

// fenced is a block of commands, and the block that shows what they print.
var fenced = regexp.MustCompile("(?s)```sh\n(.*?)```\n(?:```text\n(.*?)```)?")
