package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
)

const (
	adminEmail    = "admin@example.com"
	adminPassword = "correct horse battery"
)

// segue is a running `segue serve` and its administrator at the command line.
type segue struct {
	url string
	dir string // the store
	env []string
	api *api.Client
}

// startSegue serves an empty store and signs the administrator in; more are
// further arguments of serve.
func startSegue(t testing.TB, more ...string) *segue {
	t.Helper()
	home := t.TempDir()
	s := &segue{url: fmt.Sprintf("http://127.0.0.1:%d", freePorts(t, 1)[0]), dir: filepath.Join(home, "data")}
	s.env = []string{"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "PATH=" + os.Getenv("PATH"), "SEGUE_URL=" + s.url}
	args := []string{"serve", "--dir", s.dir, "--listen", strings.TrimPrefix(s.url, "http://"), "--tick", "1s"}
	cmd := exec.Command(segueBin, append(args, more...)...)
	cmd.Env = append(s.env, "SEGUE_ADMIN_EMAIL="+adminEmail, "SEGUE_ADMIN_PASSWORD="+adminPassword)
	launch(t, cmd).await(t, "listening on "+s.url, 30*time.Second)

	signIn, err := api.New(s.url, "")
	if err != nil {
		t.Fatal(err)
	}
	reply, err := signIn.SignIn(t.Context(), adminEmail, adminPassword)
	if err != nil {
		t.Fatal(err)
	}
	if s.api, err = api.New(s.url, reply.Token); err != nil {
		t.Fatal(err)
	}
	login := exec.Command(segueBin, "user", "login", adminEmail)
	login.Env, login.Stdin = s.env, strings.NewReader(adminPassword+"\n")
	if out, err := login.CombinedOutput(); err != nil {
		t.Fatalf("segue user login: %v\n%s", err, out)
	}
	return s
}

// run is one command of the CLI, split at blanks.
func (s *segue) run(t testing.TB, format string, args ...any) string {
	t.Helper()
	return s.runArgs(t, strings.Fields(fmt.Sprintf(format, args...))...)
}

// runArgs is one command of the CLI whose arguments may hold blanks.
func (s *segue) runArgs(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, segueBin, args...)
	cmd.Env = s.env
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		t.Fatalf("segue %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// createProject makes a project; a policy of seconds is set where validity is given.
func (s *segue) createProject(t testing.TB, project, validity, renewBefore string) {
	t.Helper()
	s.run(t, "project create %s", project)
	if validity == "" {
		return
	}
	policy := api.PolicyUpdate{Validity: api.Give(validity), RenewBefore: api.Give(renewBefore), Spread: api.Give("0s")}
	if _, err := s.api.SetProjectPolicy(t.Context(), project, policy); err != nil {
		t.Fatal(err)
	}
}

// download is user-creds-download into a new folder, which it returns.
func (s *segue) download(t testing.TB, project, service, user string) string {
	t.Helper()
	dir := t.TempDir()
	s.downloadTo(t, project, service, user, dir)
	return dir
}

func (s *segue) downloadTo(t testing.TB, project, service, user, dir string) {
	t.Helper()
	s.run(t, "service user-creds-download %s --project %s --username %s -d %s", service, project, user, dir)
}

// createUser makes a user and downloads its pair.
func (s *segue) createUser(t testing.TB, project, service, user string) (dir string) {
	t.Helper()
	s.run(t, "service user-create %s --project %s --username %s", service, project, user)
	return s.download(t, project, service, user)
}

func (s *segue) user(t testing.TB, project, service, user string) api.User {
	t.Helper()
	reply, err := s.api.User(t.Context(), project, service, user)
	if err != nil {
		t.Fatal(err)
	}
	return reply.User
}

// awaitGeneration waits until the sweep has made the generation.
func (s *segue) awaitGeneration(t testing.TB, project, service, user string, generation int, within time.Duration) {
	t.Helper()
	eventually(t, within, func() error {
		if got := s.user(t, project, service, user).Generation; got < generation {
			return fmt.Errorf("%s has generation %d, not yet %d", user, got, generation)
		}
		return nil
	})
}

// doctor checks every invariant of the store beside the running server.
func (s *segue) doctor(t testing.TB) {
	t.Helper()
	s.run(t, "doctor --dir %s", s.dir)
}

// loadTLS is what a client makes of a folder that user-creds-download filled.
func loadTLS(t testing.TB, dir string) *tls.Config {
	t.Helper()
	return tlsFrom(t, filepath.Join(dir, "ca.pem"), filepath.Join(dir, "service.cert"), filepath.Join(dir, "service.key"))
}

func tlsFrom(t testing.TB, ca, cert, key string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", ca)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{RootCAs: roots, GetClientCertificate: present(pair)}
}

// present shows the pair even to a broker that names only other authorities, to
// which a Go client would otherwise show none.
func present(pair tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
}
