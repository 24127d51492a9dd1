package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/testenv"
)

// process is a server that a test started; the test's end ends it.
type process struct {
	cmd  *exec.Cmd
	log  string // the file with what it printed
	done chan struct{}
}

// launch starts cmd; what it prints goes to a file.
func launch(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	if err := testenv.Start(cmd); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	p := &process{cmd: cmd, log: log.Name(), done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.stop(t) })
	return p
}

// await returns when the process has printed ready.
func (p *process) await(t testing.TB, ready string, within time.Duration) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !strings.Contains(p.printed(t), ready) {
		select {
		case <-p.done:
			t.Fatalf("%s ended before it was ready:\n%s", p.cmd.Path, p.tail(t))
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s was not ready within %s:\n%s", p.cmd.Path, within, p.tail(t))
		}
	}
}

func (p *process) printed(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tail is the end of what the process printed.
func (p *process) tail(t testing.TB) string {
	text := []byte(p.printed(t))
	const most = 4000
	if len(text) > most {
		text = text[bytes.IndexByte(text[len(text)-most:], '\n')+len(text)-most+1:]
	}
	return string(text)
}

// terminate asks the process to end.
func (p *process) terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// stop asks the process to end, and after a while makes it. A second call does nothing.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.terminate()
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		t.Errorf("%s did not end on SIGTERM", p.cmd.Path)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	if t.Failed() {
		t.Logf("%s printed last:\n%s", p.cmd.Path, p.tail(t))
	}
}

var ports struct {
	sync.Mutex
	next int
}

// freePorts returns n ports of 127.0.0.1 that nobody listens on, from below the
// range that the system gives to outgoing connections.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	if ports.next == 0 {
		ports.next = 20000 + os.Getpid()%100*100
	}
	var out []int
	for range 2000 {
		ports.next = 20000 + (ports.next-20000+1)%12000
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", ports.next))
		if err != nil {
			continue
		}
		_ = l.Close()
		if out = append(out, ports.next); len(out) == n {
			return out
		}
	}
	t.Fatal("no free ports between 20000 and 32000")
	return nil
}

// eventually calls try until it returns nil; the last error fails the test.
func eventually(t testing.TB, within time.Duration, try func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %v", within, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
