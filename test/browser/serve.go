// Package browser drives Chromium over the console of a running `segue serve`
// with the demo: for the tests of test/console and the pictures of
// test/screenshots, which so look at the same pages.
package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/testenv"
)

// The administrator of a Server.
const (
	AdminEmail    = "ada@example.com"
	AdminPassword = "correct horse battery"
)

// Server is a `segue serve` on loopback with a store of its own.
type Server struct {
	URL string
	Dir string // the store, its log and what its command line keeps
	bin string
	cmd *exec.Cmd

	invitation string // the page of an open one, once Prepare made it
}

// Serve starts bin, a built segue, over dir, which it makes where it is missing,
// and returns when the console answers. It ends with Stop, or with this process.
func Serve(ctx context.Context, bin, dir string, args ...string) (*Server, error) {
	return serve(ctx, bin, dir, []string{"SEGUE_ADMIN_EMAIL=" + AdminEmail, "SEGUE_ADMIN_PASSWORD=" + AdminPassword}, args)
}

// ServeUnset is Serve over an empty store that nobody has set up; setUp is the path
// of the page where somebody does.
func ServeUnset(ctx context.Context, bin, dir string, args ...string) (s *Server, setUp string, err error) {
	if s, err = serve(ctx, bin, dir, []string{"SEGUE_ADMIN_EMAIL=" + AdminEmail, "SEGUE_ADMIN_PASSWORD="}, args); err != nil {
		return nil, "", err
	}
	link, err := os.ReadFile(filepath.Join(dir, "data", "setup-link"))
	if err != nil {
		return nil, "", errors.Join(err, s.Stop())
	}
	return s, strings.TrimPrefix(strings.TrimSpace(string(link)), s.URL), nil
}

func serve(ctx context.Context, bin, dir string, env, args []string) (*Server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, bin: bin}
	args = append([]string{"serve", "--dir", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0"}, args...)
	s.cmd = exec.Command(bin, args...)
	s.cmd.Env = append(os.Environ(), env...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stderr = log
	if err := testenv.Start(s.cmd); err != nil {
		return nil, err
	}
	if s.URL, err = listening(ctx, out); err != nil {
		return nil, errors.Join(err, s.Stop(), fmt.Errorf("it said: %s", s.Log()))
	}
	return s, nil
}

// listening reads where the server listens, and has the rest of what it prints
// read too.
func listening(ctx context.Context, out io.Reader) (string, error) {
	found := make(chan string, 1)
	go func() {
		defer close(found)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				found <- url
			}
		}
	}()
	select {
	case url, ok := <-found:
		if !ok {
			return "", errors.New("segue serve ended before it listened")
		}
		return url, nil
	case <-ctx.Done():
		return "", fmt.Errorf("segue serve does not listen: %w", ctx.Err())
	}
}

func (s *Server) logFile() string { return filepath.Join(s.Dir, "log") }

// Log is what the server logged.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stopWithin is how long a server may take to end when it is asked to.
const stopWithin = 20 * time.Second

// Stop asks the server to end, and after a while makes it. It fails where the
// server did not end well.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails where it has ended by itself
	late := time.AfterFunc(stopWithin, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("segue serve: %w", err)
	}
	return nil
}

// API is a client of the server's API, signed in as the administrator.
func (s *Server) API(ctx context.Context) (*api.Client, error) { return s.APIAs(ctx, AdminEmail) }

// APIAs is API for another account with the same password.
func (s *Server) APIAs(ctx context.Context, email string) (*api.Client, error) {
	nobody, err := api.New(s.URL, "")
	if err != nil {
		return nil, err
	}
	reply, err := nobody.SignIn(ctx, email, AdminPassword)
	if err != nil {
		return nil, err
	}
	return api.New(s.URL, reply.Token)
}

// Command runs a command of the command line beside the server, signed in as the
// administrator, with input typed in, and returns what it printed.
func (s *Server) Command(ctx context.Context, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.bin, args...)
	cmd.Env = append(os.Environ(), "SEGUE_URL="+s.URL, "SEGUE_PROJECT="+Project, "SEGUE_CONFIG_DIR="+s.Dir)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("segue %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// SignInCommandLine signs the administrator in for Command.
func (s *Server) SignInCommandLine(ctx context.Context) error {
	_, err := s.Command(ctx, AdminPassword+"\n", "user", "login", AdminEmail)
	return err
}
