package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

// avn is the unmodified client of managed Kafka, signed in at a segue.
type avn struct {
	bin  string
	url  string
	home string
	env  []string
	seen *trial
}

func startAvn(t *testing.T, s *segue) *avn {
	t.Helper()
	bin, err := fetchAvn()
	if err != nil {
		t.Fatal(err)
	}
	version, err := command(bin, "--version")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	a := &avn{
		bin: bin, url: s.url, home: home, env: []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "AIVEN_PASSWORD=" + adminPassword},
		seen: tries(t, "avn", strings.TrimPrefix(version, "aiven-client ")),
	}
	a.run(t, "user login "+adminEmail)
	return a
}

// run is one command, split at blanks.
func (a *avn) run(t *testing.T, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.bin, append([]string{"--url", a.url}, strings.Fields(line)...)...)
	cmd.Env, cmd.Dir = a.env, a.home // some commands write where they are
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.Join(err, errors.New(string(exit.Stderr)))
		}
		t.Fatalf("avn %s: %v\n%s", line, err, out)
	}
	a.seen.ran(avnCommand(line))
	return string(out)
}

// avnCommand is the command of a line, without its arguments and flags.
func avnCommand(line string) string {
	words := strings.Fields(line)
	switch words[1] {
	case "access-token", "tags", "connection-info":
		return strings.Join(words[:3], " ")
	}
	return strings.Join(words[:2], " ")
}

// fails is one command that ends badly; it returns all that was printed.
func (a *avn) fails(t *testing.T, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.bin, append([]string{"--url", a.url}, strings.Fields(line)...)...)
	cmd.Env, cmd.Dir = a.env, a.home // some commands write where they are
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("avn %s must fail: %v\n%s", line, err, out)
	}
	return string(out)
}

func (a *avn) json(t *testing.T, line string, into any) {
	t.Helper()
	if out := a.run(t, line+" --json"); json.Unmarshal([]byte(out), into) != nil {
		t.Fatalf("avn %s printed no JSON:\n%s", line, out)
	}
}

// pendingRenewal makes a user whose renewal awaits acknowledgement, without
// waiting for time to pass: its first pair is of minutes, and the sweep renews it
// once the policy says that pairs last long.
func (s *segue) pendingRenewal(t *testing.T, project, service string, create func(user string), user string) {
	t.Helper()
	s.setPolicy(t, project, service, "10m", "1m")
	create(user)
	s.setPolicy(t, project, service, "820d", "90d")
	s.awaitGeneration(t, project, service, user, 2, 30*time.Second)
}

// setPolicy says how long the pairs of a service live.
func (s *segue) setPolicy(t *testing.T, project, service, validity, renewBefore string) {
	t.Helper()
	policy := api.PolicyUpdate{Validity: api.Give(validity), RenewBefore: api.Give(renewBefore), Spread: api.Give("0s")}
	if _, err := s.api.SetServicePolicy(t.Context(), project, service, policy); err != nil {
		t.Fatal(err)
	}
}

// TestAvn does with avn what the seed document says to do with it.
func TestAvn(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	a := startAvn(t, s)
	a.run(t, "service create main --project demo -t kafka --plan any --cloud any -c bootstrap_servers=127.0.0.1:9092")

	if out := a.run(t, "project list"); !strings.Contains(out, "demo") {
		t.Errorf("avn project list printed\n%s", out)
	}
	s.pendingRenewal(t, "demo", "main", func(user string) {
		a.run(t, "service user-create main --project demo --username "+user)
	}, "alice")
	const warning = "access certificate is expiring"
	if out := a.run(t, "service get main --project demo"); !strings.Contains(out, warning) {
		t.Errorf("avn service get does not warn of the renewal:\n%s", out)
	}

	dir := t.TempDir()
	a.run(t, "service user-creds-download main --project demo --username alice -d "+dir)
	served := s.user(t, "demo", "main", "alice")
	for name, want := range map[string]string{"service.cert": *served.AccessCert, "service.key": *served.AccessKey} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(bytes.TrimSpace(got), []byte(strings.TrimSpace(want))) {
			t.Errorf("%s is not what Segue serves: %v", name, err)
		}
	}
	loadTLS(t, dir)

	var before, after struct {
		Users []api.User `json:"users"`
	}
	a.json(t, "service get main --project demo", &before)
	a.run(t, "service user-creds-acknowledge main --project demo --username alice")
	a.json(t, "service get main --project demo", &after)
	if expiringEnds(before.Users) != 1 || expiringEnds(after.Users) != 0 {
		t.Errorf("%d users await acknowledgement before, %d after", expiringEnds(before.Users), expiringEnds(after.Users))
	}
	if out := a.run(t, "service get main --project demo"); strings.Contains(out, warning) {
		t.Errorf("avn service get still warns of the renewal:\n%s", out)
	}
	if out := a.run(t, "service user-list main --project demo"); !strings.Contains(out, "avnadmin") || !strings.Contains(out, "alice") {
		t.Errorf("avn service user-list printed\n%s", out)
	}
	s.doctor(t)
}

// TestAvnMembers lets avn invite somebody, who accepts by the link in the mail, and
// take their place away again.
func TestAvnMembers(t *testing.T) {
	t.Parallel()
	const grace, password = "grace@example.com", "a bug in the relay"
	mail := smtptest.Start(t, smtptest.STARTTLS)
	s := startSegue(t, "--smtp-url", mail.URL(), "--mail-from", "segue@example.com", "--public-url", "http://segue.example")
	s.createProject(t, "demo", "", "")
	a := startAvn(t, s)

	a.run(t, "project user-invite "+grace+" --project demo --role operator")
	var invited []struct {
		Invited  string `json:"invited_user_email"`
		Inviting string `json:"inviting_user_email"`
		Role     string `json:"member_type"`
		At       string `json:"invite_time"`
	}
	a.json(t, "project invite-list --project demo", &invited)
	if len(invited) != 1 || invited[0].Invited != grace || invited[0].Inviting != adminEmail || invited[0].Role != "operator" || invited[0].At == "" {
		t.Errorf("avn project invite-list printed %+v", invited)
	}
	a.run(t, "project invite-list --project demo") // as a table

	mails := mail.Messages()
	if len(mails) != 1 || mails[0].To[0] != grace {
		t.Fatalf("%d mails left, want the invitation", len(mails))
	}
	link := regexp.MustCompile(`http://segue\.example/invitation/(\w+)`).FindStringSubmatch(mails[0].Parse(t).Text)
	if link == nil {
		t.Fatalf("the invitation holds no link:\n%s", mails[0].Parse(t).Text)
	}
	if err := s.api.AcceptInvitation(t.Context(), api.InvitationAccept{Token: link[1], Password: password, RealName: "Grace"}); err != nil {
		t.Fatal(err)
	}
	if got := a.members(t, "demo"); got[grace] != "operator" || len(got) != 2 {
		t.Errorf("avn project user-list printed %v", got)
	}
	hers := &avn{bin: a.bin, url: a.url, seen: a.seen, env: []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "AIVEN_PASSWORD=" + password}}
	hers.run(t, "user login "+grace)
	if out := hers.run(t, "project list"); !strings.Contains(out, "demo") {
		t.Errorf("a member's avn project list printed\n%s", out)
	}

	a.run(t, "project user-remove "+grace+" --project demo")
	if got := a.members(t, "demo"); len(got) != 1 || got[adminEmail] != "admin" {
		t.Errorf("after user-remove avn project user-list printed %v", got)
	}
	if out := hers.run(t, "project list"); strings.Contains(out, "demo") {
		t.Errorf("somebody who was removed still sees\n%s", out)
	}
	s.doctor(t)
}

// members are those whom avn lists, with their roles.
func (a *avn) members(t *testing.T, project string) map[string]string {
	t.Helper()
	var listed []struct {
		Email string `json:"user_email"`
		Role  string `json:"member_type"`
		Since string `json:"create_time"`
	}
	a.json(t, "project user-list --project "+project, &listed)
	a.run(t, "project user-list --project "+project) // as a table
	roles := map[string]string{}
	for _, m := range listed {
		if m.Since == "" {
			t.Errorf("%s has no create_time", m.Email)
		}
		roles[m.Email] = m.Role
	}
	return roles
}

func expiringEnds(users []api.User) int {
	n := 0
	for _, u := range users {
		if u.ExpiringCertNotValidAfterTime != nil {
			n++
		}
	}
	return n
}

// seedCurl is the last block of the seed document, as it stands there.
const seedCurl = `
        curl --request PUT \
            --url https://api.aiven.io/v1/project/<project>/service/<service>/user/<username> \
            --header 'Authorization: Bearer <bearer token>' \
            --header 'content-type: application/json' \
            --data '{"operation": "acknowledge-renewal"}'
`

func TestSeedCurl(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	s.run(t, "service create main --project demo -c bootstrap_servers=127.0.0.1:9092")
	s.pendingRenewal(t, "demo", "main", func(user string) { s.createUser(t, "demo", "main", user) }, "alice")

	signIn, err := api.New(s.url, "")
	if err != nil {
		t.Fatal(err)
	}
	account, err := signIn.SignIn(t.Context(), adminEmail, adminPassword)
	if err != nil {
		t.Fatal(err)
	}
	tries(t, "curl", "any").ran("PUT /v1/project/{project}/service/{service}/user/{user}")
	script := strings.NewReplacer("https://api.aiven.io", s.url, "<project>", "demo", "<service>", "main",
		"<username>", "alice", "<bearer token>", account.Token).Replace(seedCurl)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "sh", "-c", script).Output()
	if err != nil {
		t.Fatalf("curl: %v (is it installed?)", err)
	}
	var reply api.ServiceReply
	if err := json.Unmarshal(out, &reply); err != nil || reply.Service.ServiceName != "main" {
		t.Fatalf("curl printed %s", out)
	}
	if expiringEnds(reply.Service.Users) != 0 || s.user(t, "demo", "main", "alice").ExpiringCertNotValidAfterTime != nil {
		t.Error("the renewal still awaits acknowledgement")
	}
	s.doctor(t)
}
