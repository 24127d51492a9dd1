package console

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

func TestAuditWords(t *testing.T) {
	for _, c := range []struct {
		entry app.AuditEntry
		want  string
	}{
		{app.AuditEntry{Action: "keys.read", Service: "s", User: "orders-writer", Detail: `{"keys":1}`}, "saw the access key of orders-writer"},
		{app.AuditEntry{Action: "keys.read", Service: "s", User: "orders-writer", Detail: `{"keys":2}`}, "saw 2 access keys of orders-writer"},
		{app.AuditEntry{Action: "keys.read", Service: "kafka-orders", Detail: `{"keys":1200}`}, "saw 1,200 access keys of kafka-orders"},
		{app.AuditEntry{Action: "renewal.create", Service: "s", User: "u", Detail: `{"generation":3}`}, "renewed u to generation 3"},
		{app.AuditEntry{Action: "renewal.snooze", Service: "s", User: "u", Detail: `{"until":"2026-12-01T10:00:00Z"}`}, "snoozed reminders of u until 1 Dec 2026"},
		{app.AuditEntry{Action: "member.invite", Detail: `{"email":"ilse@example.com","role":"read_only"}`}, "invited ilse@example.com as read only"},
		{app.AuditEntry{Action: "policy.set", Detail: `{}`}, "changed the policy of the project"},
		{app.AuditEntry{Action: "contacts.set", Service: "kafka-orders", Detail: `{"contacts":1}`}, "set 1 contact of kafka-orders"},
		{app.AuditEntry{Action: "denied", Detail: `{"permission":"read-secrets"}`}, "was not allowed to see keys"},
		{app.AuditEntry{Action: "project.create", Detail: `{"project":"shop"}`}, "made the project shop"},
		{app.AuditEntry{Action: "service.delete", Service: "s", Detail: `{"users":1}`}, "deleted the service s with 1 user"},
		{app.AuditEntry{Action: "new.action", Service: "s", Detail: `{}`}, `did "new.action" to s`},
		{app.AuditEntry{Action: "member.invite", Detail: `broken`}, "invited an unknown email as an unknown role"},
	} {
		if got := auditWords(c.entry); got != c.want {
			t.Errorf("%s: %q, want %q", c.entry.Action, got, c.want)
		}
	}
}

// TestEveryActionHasWords reads the actions that the rules and the use cases write.
func TestEveryActionHasWords(t *testing.T) {
	written := regexp.MustCompile(`u\.audit\([^"\n]*?, "([a-z.-]+)"|Action +Action = "([a-z.-]+)"|"((?:member|channel|session|account)\.[a-z-]+)"`)
	found := 0
	for _, pattern := range []string{"../app/*.go", "../lifecycle/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range written.FindAllStringSubmatch(string(source), -1) {
				found++
				if action := m[1] + m[2] + m[3]; deeds[action] == "" {
					t.Errorf("%s writes %q, which has no words", file, action)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d actions found in the sources", found)
	}
}

func TestActorWords(t *testing.T) {
	if got := actorWords("dana@acme.example"); got != "dana" {
		t.Error(got)
	}
	if got := actorWords(app.System().Email); got != "Segue" {
		t.Error(got)
	}
}
