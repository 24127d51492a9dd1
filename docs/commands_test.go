package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runPages are the pages whose "sh" blocks are run, each against a demo of its own.
// Those of install.md are run by test/package, which installs.
var runPages = []string{
	"../README.md",
	"tour.md",
	"renew-service-user-certificates.md",
	"broker-kit.md",
	"operations.md",
	"notifications.md",
	"formats.md",
	"roles.md",
	"csr.md",
	"acls.md",
}

// signIn goes before the commands of a page that does not show how to sign in.
const signIn = `export PATH="$PWD/bin:$PATH" SEGUE_URL=http://` + pageAddress + ` SEGUE_PROJECT=demo
segue user login admin@example.com`

// pageAddress is where the pages say that Segue listens; the test's own takes its place.
const pageAddress = "127.0.0.1:8420"

// pageWithin bounds one page: a life of seconds is lived through in it.
const pageWithin = 4 * time.Minute

// TestCommands runs what the pages tell people to run.
func TestCommands(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "segue")
	build := exec.Command("go", "build", "-o", bin, "../cmd/segue")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build segue: %v\n%s", err, out)
	}
	for _, name := range runPages {
		t.Run(filepath.Base(name), func(t *testing.T) {
			commands := pageCommands(t, name)
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(bin, filepath.Join(dir, "bin", "segue")); err != nil {
				t.Fatal(err)
			}
			runCommands(t, dir, startDemo(t, dir), name, commands)
		})
	}
}

// pageCommands are the blocks to run, without those that run make: these start
// what the test starts itself, and TestMakeTargets looks at them.
func pageCommands(t *testing.T, name string) []block {
	t.Helper()
	all, err := blocks(readPage(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var commands []block
	signsIn := false
	for _, b := range all {
		if b.info == "sh" && !strings.HasPrefix(b.text, "make ") {
			commands = append(commands, b)
			signsIn = signsIn || strings.Contains(b.text, "segue user login")
		}
	}
	if len(commands) == 0 {
		t.Fatalf("%s shows no command", name)
	}
	if !signsIn {
		commands = append([]block{{text: signIn}}, commands...)
	}
	return commands
}

// startDemo does what `make run` does, in dir and on a port of its own, and
// returns its address. The end of the test ends it.
func startDemo(t *testing.T, dir string) (address string) {
	t.Helper()
	said := &announcement{address: make(chan string, 1)}
	log := &bytes.Buffer{}
	cmd := exec.Command("bin/segue", "serve", "--dir", "data", "--listen", "127.0.0.1:0", "--tick", "1s", "--demo")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, log
	cmd.Env = append(environment(dir), "SEGUE_ADMIN_PASSWORD="+password) // as if somebody had opened the link
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("segue serve: %v\n%s", err, log)
			}
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			t.Error("segue serve did not end on SIGTERM")
		}
	})
	select {
	case address := <-said.address:
		return address
	case <-time.After(time.Minute):
		t.Fatal("segue serve did not say where it listens")
		return ""
	}
}

var listening = regexp.MustCompile(`listening on http://(\S+)\n`)

// announcement is the standard output of `segue serve`; it passes on the address.
type announcement struct {
	address chan string
	text    []byte
	heard   bool
}

func (a *announcement) Write(p []byte) (int, error) {
	a.text = append(a.text, p...)
	if m := listening.FindSubmatch(a.text); m != nil && !a.heard {
		a.heard = true
		a.address <- string(m[1])
	}
	return len(p), nil
}

// password is the first administrator's.
const password = "correct-horse-battery"

func environment(dir string) []string {
	return []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
}

// mark stands between the blocks in what a session prints.
const mark = "\x1e"

// runCommands runs the blocks of a page in one shell, as somebody who reads it
// would, with the first administrator's password at hand when it is asked for.
func runCommands(t *testing.T, dir, address, page string, commands []block) {
	t.Helper()
	var script strings.Builder
	script.WriteString("set -euo pipefail\nexec 2>&1\n")
	for _, b := range commands {
		fmt.Fprintf(&script, "printf '%s'\n%s\n", mark, strings.ReplaceAll(b.text, pageAddress, address))
	}
	file := filepath.Join(dir, "page.sh")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), pageWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "page.sh")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, environment(dir), strings.NewReader(password+"\n")
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	printed := strings.Split(string(out), mark)[1:]
	for i, b := range commands {
		if i >= len(printed) {
			break
		}
		if line := missing(strings.ReplaceAll(b.prints, pageAddress, address), printed[i]); line != "" {
			t.Errorf("%s:%d: shows %q, which was not printed:\n%s", page, b.line, line, printed[i])
		}
	}
	if err != nil {
		b := commands[max(len(printed)-1, 0)]
		t.Errorf("%s:%d: %v\n%s\nprinted:\n%s", page, b.line, err, b.text, printed[max(len(printed)-1, 0)])
	}
}

// TestMakeTargets holds the README's and CONTRIBUTING's make commands to the Makefile.
func TestMakeTargets(t *testing.T) {
	targets := regexp.MustCompile("(?m)(?:^|`)make ([a-z0-9-]+)")
	for _, name := range []string{"../README.md", "../CONTRIBUTING.md", "broker-kit.md", "install.md", "performance.md"} {
		found := targets.FindAllStringSubmatch(readPage(t, name), -1)
		if len(found) == 0 {
			t.Errorf("%s names no make target", name)
		}
		for _, m := range found {
			cmd := exec.Command("make", "-n", m[1])
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: make %s: %v\n%s", name, m[1], err, out)
			}
		}
	}
}
