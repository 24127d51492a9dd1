package notify

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares with a file below testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run the test with -update.\n%s", path, got)
	}
}

// samples is every sort of mail.
func samples(t testing.TB) map[string]app.Mail {
	t.Helper()
	r := NewRenderer()
	made := map[string]app.Mail{}
	keep := func(name string, m app.Mail, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		made[name] = m
	}
	for name, d := range map[string]app.Digest{
		"digest": acme(t), "digest-console": acmeWithConsole(t), "digest-urgent": oneUrgent(t), "digest-quiet": quiet(t),
	} {
		m, err := r.Digest(d, 0x2f1)
		keep(name, m, err)
	}
	lapsed := event(app.EventCertificateLapsed)
	lapsed.At, lapsed.Zone, lapsed.ConsoleURL = at("2026-11-30 21:57").Add(time.Second), helsinki(t), "https://segue.acme.example/projects/acme-prod"
	for name, e := range map[string]app.Event{
		"event-created": event(app.EventRenewalCreated), "event-lapsed": lapsed, "event-stale": failure(),
	} {
		m, err := r.Event(e, "ilse@acme.example", 0x2f2)
		keep(name, m, err)
	}
	m, err := r.Invitation("acme-prod", "new@acme.example", "ilse@acme.example", "https://segue.acme.example/invitation/sgi_one-time", at("2026-12-01 10:00"))
	keep("invitation", m, err)
	return made
}

func TestGolden(t *testing.T) {
	for name, m := range samples(t) {
		golden(t, name+".html", m.HTML)
		golden(t, name+".txt", "Subject: "+m.Subject+"\nMessage-ID: <"+m.MessageID+">\nReferences: <"+m.ThreadID+">\n\n"+m.Text)
		if m.Calendar != nil {
			golden(t, name+".ics", string(m.Calendar))
		}
	}
}
