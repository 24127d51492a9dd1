package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"segue": main})
}

// The administrator of the stores that transcripts work on.
const (
	adminOfTests    = "ada@example.com"
	passwordOfTests = "correct horse battery staple"
)

// TestTranscripts runs the files of testdata: command lines, what they print and
// leave, and their exit codes, against a real `segue serve` where one is started.
func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			(&outside{t: t}).keep(env)
			env.Setenv("SEGUE_CONFIG_DIR", filepath.Join(env.WorkDir, ".config"))
			return os.WriteFile(filepath.Join(env.WorkDir, "password"), []byte(passwordOfTests+"\n"), 0o600)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve": cmdServe, "exits": cmdExits, "mode": cmdMode, "holds-pair": cmdHoldsPair, "make-users": cmdMakeUsers, "waits": cmdWaits,
			"mail-server": cmdMailServer, "mailed": cmdMailed,
			"token-of": cmdTokenOf, "receiver": cmdReceiver, "received": cmdReceived, "received-slack": cmdReceivedSlack,
		},
	})
}

// startWithin and stopWithin bound what a transcript waits for its server.
const (
	startWithin   = 30 * time.Second
	stoppedWithin = 10 * time.Second
)

// cmdServe starts `segue serve` on an empty store (or, with a directory, on that
// one) and leaves its address in SEGUE_URL and its directory in DIR. It is told
// to end with the script, and has to end well. With "unclaimed" nobody can sign in
// to it yet. Further arguments go to it.
func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("serve must not be negated")
	}
	dir, first := ts.MkAbs("store"), passwordOfTests
	if len(args) > 0 && args[0] == "unclaimed" {
		args, first = args[1:], ""
	}
	cmd := exec.Command("segue", append([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--tick", "1h"}, args...)...)
	cmd.Env = append(os.Environ(), "SEGUE_ADMIN_EMAIL="+adminOfTests, "SEGUE_ADMIN_PASSWORD="+first,
		"SEGUE_SMTP_URL="+ts.Getenv("SEGUE_SMTP_URL"), "SEGUE_MAIL_FROM="+ts.Getenv("SEGUE_MAIL_FROM"))
	log := &syncBuffer{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				address <- url
			}
		}
		ended <- cmd.Wait()
	}()
	select {
	case url := <-address:
		ts.Setenv("SEGUE_URL", url)
		ts.Setenv("DIR", dir)
	case err := <-ended:
		ts.Fatalf("segue serve ended: %v\n%s", err, log)
	case <-time.After(startWithin):
		_ = cmd.Process.Kill()
		ts.Fatalf("segue serve did not listen within %s\n%s", startWithin, log)
	}
	ts.Defer(func() { stopServe(ts, cmd, ended, log) })
}

func stopServe(ts *testscript.TestScript, cmd *exec.Cmd, ended <-chan error, log fmt.Stringer) {
	_ = cmd.Process.Signal(syscall.SIGTERM) // fails when it ended, which is told below
	select {
	case err := <-ended:
		if err != nil {
			ts.Fatalf("segue serve: %v\n%s", err, log)
		}
	case <-time.After(stoppedWithin):
		_ = cmd.Process.Kill()
		ts.Fatalf("segue serve did not end within %s of SIGTERM\n%s", stoppedWithin, log)
	}
}

// syncBuffer is written by the server while the test may read it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// cmdExits runs a command and expects one exit code: exits CODE COMMAND….
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENT…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("run %s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdWaits runs a command again and again until it prints the word: what a
// running server does by itself takes it a moment.
func cmdWaits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: waits WORD COMMAND [ARGUMENT…]")
	}
	for end := time.Now().Add(startWithin); ; time.Sleep(100 * time.Millisecond) {
		if err := ts.Exec(args[1], args[2:]...); err == nil && strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s did not print %q within %s", args[1], args[0], startWithin)
		}
	}
}

// cmdTokenOf takes a new token out of the JSON of `segue user access-token create`,
// into SEGUE_TOKEN, and its prefix into PREFIX: token-of FILE.
func cmdTokenOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: token-of FILE")
	}
	var made api.AccessTokenCreated
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &made))
	ts.Setenv("SEGUE_TOKEN", made.FullToken)
	ts.Setenv("PREFIX", made.TokenPrefix)
}

// cmdMode expects the permissions of files: mode 0600 FILE….
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode OCTAL FILE…")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if info.Mode().Perm() != os.FileMode(want) {
			ts.Fatalf("%s has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
}

// TestHelp holds every command to what users need of its help.
func TestHelp(t *testing.T) {
	root := newRootCommand(&cli{now: time.Now})
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: says what it is by %q", cmd.CommandPath(), cmd.Short)
		}
		if !cmd.HasSubCommands() && !strings.Contains(cmd.Example, "  "+cmd.CommandPath()) {
			t.Errorf("%s: no example", cmd.CommandPath())
		}
		if cmd.Args == nil {
			t.Errorf("%s: takes any argument", cmd.CommandPath())
		}
		for _, child := range cmd.Commands() {
			visit(child)
		}
	}
	visit(root)
}
