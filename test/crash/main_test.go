package crash

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/testenv"
)

// segueBin is the program under test.
var segueBin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "segue-crash-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		segueBin = filepath.Join(dir, "segue")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", segueBin, "../../cmd/segue").CombinedOutput(); err != nil {
			err = fmt.Errorf("build segue: %w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// output is what a process prints, while it runs too.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a segue that a test started; the test's end ends it.
type process struct {
	cmd  *exec.Cmd
	out  output
	done chan struct{}
	err  error // of the process, once done is closed
}

func (in instance) start(t *testing.T, command string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(segueBin, in.args(command, args...)...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := testenv.Start(p.cmd); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a power cut does, without a chance to tidy up.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails where it has ended by itself
	<-p.done
}

// patience bounds every wait for a process; a busy machine takes long.
const patience = 2 * time.Minute

// await demands that the process ends by itself and well.
func (p *process) await(t *testing.T) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		t.Fatalf("%v does not end:\n%s", p.cmd.Args[1:2], p.out.String())
	}
	if p.err != nil {
		t.Fatalf("%v ended with %v:\n%s", p.cmd.Args[1:2], p.err, p.out.String())
	}
}

// terminate asks the process to end and demands that it does within ten seconds.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("%v is gone: %v:\n%s", p.cmd.Args[1:2], err, p.out.String())
	}
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.kill()
		t.Fatalf("%v does not end on SIGTERM:\n%s", p.cmd.Args[1:2], p.out.String())
	}
	if p.err != nil {
		t.Fatalf("%v ended with %v on SIGTERM:\n%s", p.cmd.Args[1:2], p.err, p.out.String())
	}
}
