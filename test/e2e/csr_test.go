package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// openssl runs openssl in a folder.
func openssl(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// certify makes a user of a key that openssl makes, and returns the folder of both.
func certify(t testing.TB, s *segue, c *cluster, user string, algorithm ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	openssl(t, dir, append([]string{"req", "-new", "-noenc", "-keyout", "service.key", "-subj", "/CN=" + user, "-out", "user.csr", "-newkey"}, algorithm...)...)
	s.run(t, "service user-create %s --project %s --username %s --csr %s -d %s", c.service, c.project, user, filepath.Join(dir, "user.csr"), dir)
	return dir
}

// TestKeysThatNeverReachSegue has keys that openssl and keytool made authenticate
// at a real broker, and again with the certificate of the sweep's renewal.
func TestKeysThatNeverReachSegue(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "90s", "40s") // renewed after 50 s
	c := s.createService(t, "demo", "orders.prod")
	c.start(t, brokerOptions{settings: small()})
	users := map[string][]string{
		"ec256": {"ec", "-pkeyopt", "ec_paramgen_curve:P-256"}, "ec521": {"ec", "-pkeyopt", "ec_paramgen_curve:P-521"}, "rsa": {"rsa:3072"},
	}
	dirs := map[string]string{}
	for user, algorithm := range users {
		dirs[user] = certify(t, s, c, user, algorithm...)
		createTopic(t, c.admin, topic+"-"+user, 1, user)
	}
	for user, dir := range dirs {
		goWorks(t, c.client, dir, topic+"-"+user, "go, "+user)
	}
	javaWorks(t, startJava(t, c.kit, dirs["ec256"], topic+"-ec256"), "java, P-256")
	javaWorks(t, startJava(t, c.kit, dirs["rsa"], topic+"-rsa"), "java, RSA")

	for user, dir := range dirs {
		before, key := read(t, dir, "service.cert"), read(t, dir, "service.key")
		s.awaitGeneration(t, "demo", c.service, user, 2, 2*time.Minute)
		s.downloadTo(t, "demo", c.service, user, dir)
		if !bytes.Equal(read(t, dir, "service.key"), key) || bytes.Equal(read(t, dir, "service.cert"), before) {
			t.Errorf("%s: the key was touched, or the certificate is the one of before", user)
		}
		goWorks(t, c.client, dir, topic+"-"+user, "go, "+user+", certified again")
	}
	javaWorks(t, startJava(t, c.kit, dirs["ec521"], topic+"-ec521"), "java, P-521, certified again")
	if u := s.user(t, "demo", c.service, "ec256"); u.AccessKey != nil || !u.ByCSR {
		t.Errorf("the server has a key of ec256: %+v", u)
	}
	s.doctor(t)
}

func read(t testing.TB, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAvnAndAKeyElsewhere: avn ends with words that a person understands where
// there is no key to fetch, and has written what there is.
func TestAvnAndAKeyElsewhere(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	c := s.createService(t, "demo", "orders")
	certify(t, s, c, "shop", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
	a := startAvn(t, s)
	dir := t.TempDir()
	said := a.fails(t, "service user-creds-download orders --project demo --username shop -d "+dir)
	if !strings.Contains(said, "The user 'shop' does not have key") || strings.Contains(said, "Traceback") {
		t.Errorf("avn said:\n%s", said)
	}
	if len(read(t, dir, "ca.pem")) == 0 || len(read(t, dir, "service.cert")) == 0 {
		t.Error("avn did not write what there is")
	}
	if _, err := os.Stat(filepath.Join(dir, "service.key")); !os.IsNotExist(err) {
		t.Errorf("service.key: %v", err)
	}
	for _, line := range []string{"service user-get orders --project demo --username shop", "service user-list orders --project demo"} {
		if out := a.run(t, line); !strings.Contains(out, "shop") {
			t.Errorf("avn %s: %s", line, out)
		}
	}
	if said := a.fails(t, "service user-password-reset orders --project demo --username shop"); !strings.Contains(said, "certificate signing request") {
		t.Errorf("avn said:\n%s", said)
	}
}
