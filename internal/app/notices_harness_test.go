package app_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/notify"
	"github.com/segue-project/segue/internal/notify/smtptest"
	"github.com/segue-project/segue/internal/testenv"
)

// mailed is a fixture whose mails go to a real server, over TLS and with sign-in.
type mailed struct {
	*fixture
	server *smtptest.Server
	read   int // mails of the server that a test has looked at
}

// onBothWithMail runs a test on SQLite and on PostgreSQL. Project "acme" with
// service "orders" is there; nothing spreads due dates, so that a pair made at
// start is renewed at renewal and ends at oldEnd.
func onBothWithMail(t *testing.T, test func(t *testing.T, f *mailed)) {
	with := func(url func(testing.TB) string) func(t *testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			test(t, newMailed(t, url(t)))
		}
	}
	t.Run("sqlite", with(func(testing.TB) string { return "" }))
	t.Run("postgres", with(testenv.Postgres))
}

func newMailed(t *testing.T, url string) *mailed {
	t.Helper()
	f := &mailed{fixture: newFixture(t, t.TempDir(), url), server: smtptest.Start(t, smtptest.TLS)}
	mailer, err := notify.NewSMTP(f.server.URL(), "Segue <segue@example.com>")
	f.must(err)
	mailer.Roots = f.server.Roots()
	f.Mailer = mailer
	f.service()
	f.renewalPolicy("spread", "0s")
	return f
}

// The life of a pair made at start under the default policy, without a spread.
var (
	renewal = start.Add(730 * day)
	oldEnd  = start.Add(820 * day)
)

// The people of project "acme" in these tests; kafka-team is its contact from the beginning.
const (
	kafkaTeam = "kafka-team@example.com"
	admin     = "ann@example.com"
	operator  = "olaf@example.com"
)

func (f *fixture) renewalPolicy(key, value string) {
	f.t.Helper()
	_, err := f.SetPolicy(f.ctx, f.admin, "acme", "", app.PolicyPatch{Renewal: map[string]*string{key: &value}}, true, f.now)
	f.must(err)
}

// notices changes how people of the project, or of a service, are told.
func (f *fixture) notices(service, patch string) {
	f.t.Helper()
	f.must(f.setNotices(service, patch))
}

func (f *fixture) setNotices(service, patch string) error {
	f.t.Helper()
	var keys map[string]json.RawMessage
	f.must(json.Unmarshal([]byte(patch), &keys))
	_, err := f.SetPolicy(f.ctx, f.admin, "acme", service, app.PolicyPatch{Notices: keys}, false, f.now)
	return err
}

// addService makes another service in project "acme".
func (f *fixture) addService(name string, config map[string]any) {
	f.t.Helper()
	_, err := f.CreateService(f.ctx, f.admin, "acme", app.NewService{Name: name, UserConfig: config}, f.now)
	f.must(err)
}

func (f *fixture) acknowledge(service string, users ...string) {
	f.t.Helper()
	for _, user := range users {
		f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", service, user, 0, f.now))
	}
}

// tick does what the jobs of a serve do at this moment.
func (f *fixture) tick() {
	f.t.Helper()
	f.sweep()
	f.record()
	f.deliver()
}

func (f *fixture) record() {
	f.t.Helper()
	f.must(f.WatchSweep(f.ctx, f.now))
	f.must(f.RecordDigests(f.ctx, f.now))
}

// deliver makes one attempt at every message that is due.
func (f *fixture) deliver() {
	f.t.Helper()
	for {
		due, err := f.DueMessages(f.ctx, f.now, 100)
		f.must(err)
		for _, id := range due {
			f.must(f.DeliverMessage(f.ctx, id, f.now))
		}
		if len(due) == 0 {
			return
		}
	}
}

// at moves to a moment and ticks there.
func (f *fixture) at(now time.Time) {
	f.t.Helper()
	f.now = now
	f.tick()
}

// through ticks at every step up to a moment.
func (f *fixture) through(end time.Time, step time.Duration) {
	f.t.Helper()
	for f.now.Before(end) {
		f.at(f.now.Add(min(step, end.Sub(f.now))))
	}
}

// news are the mails since the last time, by recipient.
func (f *mailed) news() map[string][]smtptest.Mail {
	f.t.Helper()
	all := f.server.Messages()
	found := map[string][]smtptest.Mail{}
	for _, m := range all[f.read:] {
		if !m.Signed || len(m.To) != 1 {
			f.t.Fatalf("a mail by somebody who did not sign in, or to %d recipients", len(m.To))
		}
		found[m.To[0]] = append(found[m.To[0]], m.Parse(f.t))
	}
	f.read = len(all)
	return found
}

// mailedTo demands one new mail to each of these and to nobody else.
func (f *mailed) mailedTo(recipients ...string) map[string]smtptest.Mail {
	f.t.Helper()
	all := f.news()
	got := slices.Sorted(maps.Keys(all))
	slices.Sort(recipients)
	if !slices.Equal(got, recipients) {
		f.t.Fatalf("at %s mails went to %v, want %v", f.now.Format(time.RFC3339), got, recipients)
	}
	each := map[string]smtptest.Mail{}
	for to, mails := range all {
		if len(mails) != 1 {
			f.t.Fatalf("%s got %d mails at once: %q and %q", to, len(mails), mails[0].Subject, mails[1].Subject)
		}
		each[to] = mails[0]
	}
	return each
}

func (f *mailed) silence() {
	f.t.Helper()
	f.mailedTo()
}

// listed is a renewal's first line in the text of a mail, with its state.
var listed = regexp.MustCompile(`(?m)^(\S+) \[([^\]]+)\]\r?$`)

// named are the users whose renewals a mail lists, in its order.
func named(m smtptest.Mail) (users []string) {
	for _, match := range listed.FindAllStringSubmatch(m.Text, -1) {
		users = append(users, match[1])
	}
	return users
}

// names demands that a mail lists exactly these users.
func (f *fixture) names(m smtptest.Mail, users ...string) {
	f.t.Helper()
	got := slices.Sorted(slices.Values(named(m)))
	slices.Sort(users)
	if !slices.Equal(got, users) {
		f.t.Errorf("the mail %q lists %v, want %v", m.Subject, got, users)
	}
}

// says demands that a mail's text holds every part.
func (f *fixture) says(m smtptest.Mail, parts ...string) {
	f.t.Helper()
	text := strings.Join(strings.Fields(m.Text), " ")
	for _, p := range parts {
		if !strings.Contains(text, p) {
			f.t.Errorf("the mail %q does not say %q:\n%s", m.Subject, p, m.Text)
		}
	}
}

// messages are the project's messages in a state, the newest first.
func (f *fixture) messages(state app.MessageState) []app.Message {
	f.t.Helper()
	found, _, err := f.ListMessages(f.ctx, f.admin, "acme", state, app.Page{Limit: 1000}, f.now)
	f.must(err)
	return found
}

// counted demands how many messages are in a state.
func (f *fixture) counted(state app.MessageState, want int) []app.Message {
	f.t.Helper()
	found := f.messages(state)
	if len(found) != want {
		f.t.Fatalf("%d messages are %s at %s, want %d: %+v", len(found), state, f.now.Format(time.RFC3339), want, found)
	}
	return found
}
