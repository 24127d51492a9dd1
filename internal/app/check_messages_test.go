package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// heard is a project of which people hear by mail, webhook and Slack: ada was
// renewed and nobody acknowledged, bob's reminders are snoozed, carl's renewal was
// acknowledged. All that was due has left, but for one event, whose first attempt
// has just failed and whose next one is due.
func heard(f *fixture) {
	f.t.Helper()
	answer := http.StatusOK
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(answer) }))
	f.t.Cleanup(receiver.Close)
	f.service()
	for _, name := range []string{"ada", "bob", "carl"} {
		f.createUser(name)
	}
	for name, kind := range map[string]app.ChannelKind{"hook": app.ChannelWebhook, "chat": app.ChannelSlack, "spare": app.ChannelWebhook} {
		_, err := f.CreateChannel(f.ctx, f.admin, "acme", name, kind, receiver.URL, f.now)
		f.must(err)
	}
	f.now = f.now.Add(731 * day)
	f.tick()
	f.now = f.now.Add(time.Hour)
	f.tick()
	_, err := f.SnoozeUser(f.ctx, f.admin, "acme", "orders", "bob", f.now.Add(30*day), "on holiday", f.now)
	f.must(err)
	answer = http.StatusServiceUnavailable
	f.must(f.DeleteChannel(f.ctx, f.admin, "acme", "spare", f.now))
	f.must(f.DeleteChannel(f.ctx, f.admin, "acme", "chat", f.now))
	_, err = f.CreateChannel(f.ctx, f.admin, "acme", "chat", app.ChannelSlack, receiver.URL, f.now)
	f.must(err)
	f.acknowledge("orders", "carl")
	f.tick()
	if n := len(f.messages(app.MessageDue)); n != 2 { // by each channel
		f.t.Fatalf("%d messages wait", n)
	}
	answer = http.StatusOK
	f.now = f.now.Add(time.Minute)
	f.tick()
	if n := len(f.messages(app.MessageKept)); n == 0 {
		f.t.Fatal("no digest was kept")
	}
}

const (
	aDigest   = `id = (SELECT MIN(id) FROM messages WHERE kind = 'digest')`
	anEvent   = `id = (SELECT MIN(id) FROM messages WHERE event = 'renewal.acknowledged')`
	ofRenewal = `generation = 2 AND user_id = $1`
)

func byQuery(query string, args ...any) func(*fixture) {
	return func(f *fixture) { f.exec(query, args...) }
}

var messageDamages = []damage{
	{"an address of another channel", func(f *fixture) {
		swapBytes("channels", "sealed_url", "name = $1", []any{"hook"}, []any{"chat"})(f)
	}, []string{
		"6 channel hook of acme: its address does not open in its place", "6 channel chat of acme: its address does not open in its place",
	}},
	{"an address in the clear", byQuery(`UPDATE channels SET sealed_url = $1 WHERE name = 'chat'`, []byte("https://chat.example.com/T0/B0")), []string{
		"6 channel chat of acme: its address lies in the store in the clear",
	}},
	{"a secret in the clear", byQuery(`UPDATE channels SET sealed_secret = $1 WHERE name = 'hook'`, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")), []string{
		"6 channel hook of acme: its secret lies in the store in the clear",
	}},
	{"a secret that was sealed as an address", byQuery(`UPDATE channels SET sealed_secret = sealed_url WHERE name = 'hook'`), []string{
		"6 channel hook of acme: its secret does not open in its place",
	}},
	{"a webhook that cannot sign", byQuery(`UPDATE channels SET sealed_secret = NULL WHERE name = 'hook'`), []string{
		"4 channel hook of acme: it has no secret to sign by",
	}},
	{"a channel of no kind", byQuery(`UPDATE channels SET kind = 'pigeon' WHERE name = 'chat'`), []string{
		"4 channel chat of acme: it is of no kind that Segue knows",
	}},
	{"nobody is reminded", by(`UPDATE renewals SET remind_at = NULL WHERE `+ofRenewal, "ada"), []string{
		"4 acme/orders/ada: awaits an acknowledgement and nobody is reminded",
	}},
	{"nobody is reminded after a snooze", by(`UPDATE renewals SET remind_at = NULL WHERE `+ofRenewal, "bob"), []string{
		"4 acme/orders/bob: awaits an acknowledgement and nobody is reminded",
	}},
	{"told before there was anything to tell", by(`UPDATE renewals SET told_at = created_at - 3600000 WHERE `+ofRenewal, "carl"), []string{
		"4 acme/orders/carl: people were told of generation 2 at",
	}},
	{"snoozed past the end", by(`UPDATE renewals SET snoozed_until = old_not_after + 1 WHERE `+ofRenewal, "bob"), []string{
		"4 acme/orders/bob: past the old pair's end",
	}},
	{"a message due at no time", byQuery(`UPDATE messages SET state = 'due' WHERE ` + aDigest), []string{
		"4 message ID of acme: it is due and no attempt is",
	}},
	{"an attempt of what has left", byQuery(`UPDATE messages SET due_at = 1 WHERE ` + aDigest), []string{
		"4 message ID of acme: it is kept, and yet an attempt is due",
	}},
	{"a state that is none", byQuery(`UPDATE messages SET state = 'lost' WHERE ` + aDigest), []string{
		"4 message ID of acme: it is in no state",
	}},
	{"an attempt is missing", byQuery(`DELETE FROM attempts WHERE number = 1 AND message_id = (SELECT id FROM messages WHERE ` + anEvent + `)`), []string{
		"4 message ID of acme: it says that 2 attempts were made, and 1 are recorded",
	}},
	{"an attempt too many", byQuery(`INSERT INTO attempts (message_id, number, started_at, ended_at, outcome, error)
		SELECT id, 9, 1, 1, 'sent', '' FROM messages WHERE ` + aDigest), []string{
		"4 message ID of acme: it says that 1 attempts were made, and 2 are recorded",
	}},
	{"due by no channel", byQuery(`UPDATE messages SET channel_id = 1, state = 'due', due_at = 1, created_at = 1 WHERE ` + anEvent), []string{
		"4 message ID of acme: it is due by a channel that is not there",
		"0 acme: the oldest message that has not left waits since 1970-01-01",
	}},
	{"of no project", byQuery(`UPDATE messages SET project_id = 1 WHERE ` + aDigest), []string{
		"4 message ID of project ID: it belongs to a project that is not in the store",
	}},
	{"a token in a mail", func(f *fixture) {
		token, _, _, err := f.Tokens.New()
		f.must(err)
		f.exec(`UPDATE messages SET body = $1 WHERE `+aDigest, "use "+token)
	}, []string{"6 message ID of acme: a private key or a token in the clear"}},
}

// TestCheckStoreNamesBrokenMessages does for channels, reminders and messages what
// TestCheckStoreNamesWhatIsBroken does for pairs.
func TestCheckStoreNamesBrokenMessages(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		heard(f)
		f.named(f.check())
		if t.Failed() {
			return
		}
		f.namesEach(t, messageDamages)
		f.named(f.check())
	})
}

// TestCheckStoreAcceptsSilence lets schedules end, services be silent and policies
// change: a renewal without a next reminder is wrong only where one is to come.
func TestCheckStoreAcceptsSilence(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("ada")
		f.notices("", `{"after_lapse":{"every":"7d","times":1}}`)
		f.addService("quiet", map[string]any{"kafka_authentication_methods": map[string]any{"certificate": false}})
		f.at(start.Add(731 * day))
		f.through(start.Add(840*day), day)
		if n := ask[int](f, `SELECT COUNT(*) FROM renewals WHERE remind_at IS NULL AND acknowledged_at IS NULL AND closed_at IS NULL`); n != 3 {
			t.Fatalf("%d renewals have no next reminder, want those of ada and of two avnadmin", n)
		}
		f.named(f.check())

		f.notices("", `{"after_lapse":{"every":"7d","times":8}}`)
		f.named(f.check())
		f.exec(`UPDATE renewals SET remind_at = NULL`)
		f.exec(`INSERT INTO policy_rewrites (id, kind, project_id, service_id, done_to, at) VALUES (1, 'remind', $1, 0, 0, 1)`, f.project("acme"))
		f.named(f.check()) // their dates are being written
		f.exec(`DELETE FROM policy_rewrites`)
		f.named(f.check(), "4 acme/orders/ada: nobody is reminded", "4 acme/orders/avnadmin: nobody is reminded")
	})
}

// TestCheckStoreSpeaksOfMessagesThatWait has a receiver that is gone: at first it
// is too early to speak of it, then something waits, then it was given up.
func TestCheckStoreSpeaksOfMessagesThatWait(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		gone := httptest.NewServer(nil)
		gone.Close()
		f.service()
		_, err := f.CreateChannel(f.ctx, f.admin, "acme", "hook", app.ChannelWebhook, gone.URL, f.now)
		f.must(err)
		f.at(start.Add(731 * day))
		f.named(f.check())

		since := f.now.Format(time.RFC3339)
		f.now = f.now.Add(2 * time.Hour)
		f.named(f.check(), fmt.Sprintf("0 acme: waits since %s; 1 attempts failed", since))

		f.through(f.now.Add(10*day), 6*time.Hour)
		dead := len(f.messages(app.MessageDead))
		f.named(f.check(), fmt.Sprintf("0 acme: %d messages were given up", dead))
	})
}
