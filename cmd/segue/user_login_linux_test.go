package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a new pseudo-terminal: the keyboard that a
// test types on, and the terminal that a command reads from.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { keyboard.Close() })
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return keyboard, terminal
}

func shows(t *testing.T, terminal *os.File) bool {
	t.Helper()
	settings, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return settings.Lflag&unix.ECHO != 0
}

// asking is a command that waits for a password at a terminal.
type asking struct {
	*exec.Cmd
	keyboard, terminal *os.File
	stderr             io.Reader
}

// startAsking starts segue with the arguments and waits until it asks by the prompt.
func startAsking(t *testing.T, prompt string, args ...string) asking {
	t.Helper()
	keyboard, terminal := openTerminal(t)
	if !shows(t, terminal) {
		t.Fatal("a new terminal shows nothing")
	}
	a := asking{exec.Command("segue", args...), keyboard, terminal, nil}
	a.Env = append(os.Environ(), "SEGUE_CONFIG_DIR="+t.TempDir())
	a.Stdin = terminal
	stderr, err := a.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	a.stderr = stderr
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(startWithin, func() { _ = a.Process.Kill() }) // a question that never comes ends here
	t.Cleanup(func() {
		late.Stop()
		_ = a.Process.Kill() // it has ended where the test went well
	})
	a.asks(t, prompt)
	return a
}

// startLogin starts a `segue user login`.
func startLogin(t *testing.T, url string) asking {
	t.Helper()
	return startAsking(t, "Password of ada@example.com at "+url, "user", "login", "ada@example.com", "--url", url)
}

// asks waits for a question, with the terminal silent.
func (a asking) asks(t *testing.T, prompt string) {
	t.Helper()
	said := make([]byte, 512)
	for got := ""; !strings.HasPrefix(strings.TrimLeft(got, "\n"), prompt); {
		n, err := a.stderr.Read(said)
		if got += string(said[:n]); err != nil {
			t.Fatalf("asked %q, %v", got, err)
		}
	}
	for left := 500; shows(t, a.terminal); left-- { // the question comes a moment before
		if left == 0 {
			t.Fatal("the terminal shows what is typed")
		}
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 10e6}, nil)
	}
}

// types is what somebody answers.
func (a asking) types(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(a.keyboard, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// end waits for the command and returns its exit code and what it still said.
func (a asking) end(t *testing.T) (int, string) {
	t.Helper()
	said, _ := io.ReadAll(a.stderr)
	err := a.Wait()
	if !shows(t, a.terminal) {
		t.Error("the terminal stays silent afterwards")
	}
	if err != nil && a.ProcessState.ExitCode() < 1 {
		t.Errorf("%s: %v", a.Cmd, err)
	}
	return a.ProcessState.ExitCode(), string(said)
}

// TestPasswordIsNotShown looks at the terminal itself while the question stands,
// and after it.
func TestPasswordIsNotShown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != `{"email":"ada@example.com","password":"a secret"}` {
			t.Errorf("asked with %s", body)
		}
		_, _ = io.WriteString(w, `{"token":"sgu_x","user_email":"ada@example.com"}`)
	}))
	defer server.Close()
	a := startLogin(t, server.URL)
	a.types(t, "a secret")
	if code, said := a.end(t); code != 0 {
		t.Errorf("exit code %d, %s", code, said)
	}
}

func TestInterruptEndsTheQuestion(t *testing.T) {
	a := startLogin(t, "http://127.0.0.1:9")
	if err := a.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, said := a.end(t); code != exitFailed || said != "\nsegue: interrupted\n" {
		t.Errorf("exit code %d, said %q", code, said)
	}
}
