package crash

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/notify"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

// people are the technical contacts of project "acme" in these tests.
var people = func() (emails []string) {
	for i := range 12 {
		emails = append(emails, fmt.Sprintf("person-%02d@example.com", i))
	}
	return emails
}()

// outside is who hears: a mail server and the receiver of a webhook.
type outside struct {
	mail *smtptest.Server
	hook *httptest.Server

	mu     sync.Mutex
	events map[string][]string // types, by the event's id
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{mail: smtptest.Start(t, smtptest.STARTTLS), events: map[string][]string{}}
	o.hook = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct{ Type string }
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			t.Errorf("an event that cannot be read: %v", err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		id := r.Header.Get("webhook-id")
		o.events[id] = append(o.events[id], event.Type)
	}))
	t.Cleanup(o.hook.Close)
	return o
}

// flags let a serve reach it.
func (o *outside) flags() []string {
	return []string{"--smtp-url", o.mail.URL(), "--mail-from", "segue@example.com", "--allow-private-webhooks", "--public-url", "http://segue.example"}
}

// mails are how many mails arrived, by recipient and Message-ID.
func (o *outside) mails(t *testing.T) map[string]map[string]int {
	t.Helper()
	got := map[string]map[string]int{}
	for _, m := range o.mail.Messages() {
		to := m.To[0]
		if got[to] == nil {
			got[to] = map[string]int{}
		}
		got[to][m.Parse(t).MessageID()]++
	}
	return got
}

// tell has people and a webhook told of a project's renewals, and digests leave
// every ten seconds.
func (in instance) tell(t *testing.T, out *outside) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	ctx, now := t.Context(), time.Now()
	must(t, o.SetContacts(ctx, app.System(), "acme", "", people, now))
	_, err := o.SetPolicy(ctx, app.System(), "acme", "", app.PolicyPatch{Notices: map[string]json.RawMessage{
		"digest_interval": json.RawMessage(`"10s"`), "digest_delay": json.RawMessage(`"1s"`),
	}}, false, now)
	must(t, err)
	outgoing := notify.NewOutgoing(true)
	o.Posters = map[app.ChannelKind]app.Poster{app.ChannelWebhook: notify.NewWebhook(outgoing, time.Now)}
	o.NewWebhookSecret = notify.NewWebhookSecret
	_, err = o.CreateChannel(ctx, app.System(), "acme", "hook", app.ChannelWebhook, out.hook.URL, now)
	must(t, err)
	must(t, o.NoteSweep(ctx, now)) // or its absence would be news
}

// messages are all of project "acme".
func (in instance) messages(t *testing.T) (all []app.Message) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	for page := (app.Page{Limit: 1000}); ; {
		found, next, err := o.ListMessages(t.Context(), app.System(), "acme", "", page, time.Now())
		must(t, err)
		all = append(all, found...)
		if page.After = next; next == "" {
			return all
		}
	}
}

// count counts the messages that a condition holds for.
func (o opened) count(t *testing.T, where string) (n int) {
	t.Helper()
	must(t, o.store.Writer().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM messages WHERE `+where).Scan(&n))
	return n
}

// await returns when a condition holds, and every process runs still.
func await(t *testing.T, what string, within time.Duration, holds func() bool, processes ...*process) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(5 * time.Millisecond) {
		for _, p := range processes {
			select {
			case <-p.done:
				t.Fatalf("serve ended with %v:\n%s", p.err, p.out.String())
			default:
			}
		}
		if time.Now().After(deadline) {
			for _, p := range processes {
				t.Logf("a process printed:\n%s", p.out.String())
			}
			t.Fatalf("after %s not %s", within, what)
		}
	}
}

// awaitSent returns when there are messages and none waits any more.
func (in instance) awaitSent(t *testing.T, processes ...*process) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	await(t, "all is sent", 3*patience, func() bool {
		return o.count(t, `state = 'due'`) == 0 && o.count(t, `state = 'sent'`) > 0
	}, processes...)
}

// heardOnce demands that every message was sent at the first attempt and arrived
// once, and that of each renewal there was one event.
func (o *outside) heardOnce(t *testing.T, messages []app.Message, users int) {
	t.Helper()
	mails, events := 0, 0
	for _, m := range messages {
		switch {
		case m.Kind == app.MessageUrgent && m.State == app.MessageDropped:
			// The lapse that it was to tell of was superseded by a renewal before it left.
		case m.State != app.MessageSent || m.Attempts != 1:
			t.Errorf("the %s to %s is %s after %d attempts: %s", m.Kind, m.Recipient, m.State, m.Attempts, m.LastError)
		case m.ChannelID != 0:
			events++
		default:
			mails++
		}
	}
	for to, ids := range o.mails(t) {
		for id, n := range ids {
			if mails -= n; n != 1 {
				t.Errorf("%d mails to %s are %s", n, to, id)
			}
		}
	}
	if mails != 0 {
		t.Errorf("%d mails more are recorded than arrived", mails)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	created := 0
	for id, types := range o.events {
		if len(types) != 1 {
			t.Errorf("the event %s came %d times", id, len(types))
		}
		if types[0] == string(app.EventRenewalCreated) {
			created++
		}
	}
	if len(o.events) != events || created != users {
		t.Errorf("%d events of %d recorded, %d of them about %d renewals", len(o.events), events, created, users)
	}
	t.Logf("%d messages, each arrived once", len(messages))
}

// newReminders is an instance in which a digest to everybody is due: pairs were
// renewed fifteen days ago, and nobody was there to tell of it.
func newReminders(t *testing.T, url string) template {
	t.Helper()
	in := instance{dir: t.TempDir(), url: url}
	now := time.Now()
	populate(t, in, 20, 0, now.AddDate(0, 0, -15))
	o := in.open(t)
	defer o.close(t)
	must(t, o.SetContacts(t.Context(), app.System(), "acme", "", people, now.AddDate(0, 0, -15)))
	_, err := o.Sweep(t.Context(), app.SweepOptions{}, now.AddDate(0, 0, -15))
	must(t, err)
	must(t, o.NoteSweep(t.Context(), now))
	return template{in, 22}
}

// TestKilledWithMails kills serve between the record of a message and its delivery,
// between its delivery and the record of that, and at random moments: the next one
// goes on, and nothing is lost.
func TestKilledWithMails(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		from := newReminders(t, url)
		t.Run("before the delivery", func(t *testing.T) {
			killed(t, from, smtptest.Hello, 0)
		})
		t.Run("after the delivery", func(t *testing.T) {
			killed(t, from, smtptest.Data, 1)
		})
		for i := range (points(t) + 3) / 4 {
			t.Run(fmt.Sprintf("at random, %d", i), func(t *testing.T) { killedAtRandom(t, from) })
		}
	})
}

// killed ends a serve by force while its mails are at a step, at which the server
// says nothing; at least so many arrived by then.
func killed(t *testing.T, from template, at smtptest.Step, arrived int) {
	in, out := from.copy(t), newOutside(t)
	out.mail.Play(smtptest.At(at, smtptest.Answer{Stall: true}))
	p := in.serve(t, out.flags()...)
	o := in.open(t)
	await(t, "every message is recorded and one is on its way", patience, func() bool {
		return o.count(t, `kind = 'digest'`) == len(people) && out.mail.Asked(at) > 0
	}, p)
	p.kill()
	o.sound(t, "after the kill")
	if n := o.count(t, `state <> 'due'`); n != 0 {
		t.Fatalf("%d messages are said to have left", n)
	}
	o.close(t)
	out.mail.Play(nil) // what was read whole is a mail now
	await(t, "what was delivered is seen", patience, func() bool { return len(out.mail.Messages()) >= arrived })
	before := len(out.mail.Messages())
	in.goOn(t, out)
	if n := len(out.mail.Messages()); n != len(people)+before {
		t.Errorf("%d mails to %d people, %d of whom had one before", n, len(people), before)
	}
}

// killedAtRandom ends a serve by force some moment after it has something to deliver.
func killedAtRandom(t *testing.T, from template) {
	in, out := from.copy(t), newOutside(t)
	p := in.serve(t, out.flags()...)
	o := in.open(t)
	await(t, "every message is recorded", patience, func() bool { return o.count(t, `kind = 'digest'`) == len(people) }, p)
	time.Sleep(rand.N(150 * time.Millisecond))
	p.kill()
	sent := o.count(t, `state = 'sent'`)
	o.close(t)
	before := len(out.mail.Messages())
	in.goOn(t, out)
	t.Logf("%d mails had arrived and %d were recorded as sent when it was killed; %d mails in all", before, sent, len(out.mail.Messages()))
}

// TestHangingMailServerDelaysNoRenewal has a mail server that takes connections and
// then says nothing: pairs are renewed on time all the same.
func TestHangingMailServerDelaysNoRenewal(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		due := time.Now().Add(12 * time.Second)
		in, out := newTemplate(t, url, 20, 5, due), newOutside(t)
		in.tell(t, out)
		out.mail.Play(smtptest.At(smtptest.Hello, smtptest.Answer{Stall: true}))
		p := in.serve(t, out.flags()...)
		await(t, "the mail server hangs", patience, func() bool { return out.mail.Asked(smtptest.Hello) > 1 }, p)
		if time.Now().After(due) {
			t.Skip("this machine is too busy: pairs were due before any mail was")
		}
		in.awaitRenewed(t, in.users, p)
		late := time.Since(due)
		t.Logf("%d pairs were renewed within %s of their date, beside a mail server that hangs", in.users, late.Round(time.Millisecond))
		if late > 30*time.Second { // an attempt hangs for 90 s
			t.Errorf("pairs were renewed %s after their date", late)
		}
		if n := len(out.mail.Messages()); n != 0 {
			t.Errorf("%d mails arrived", n)
		}
		out.mail.Play(nil) // the attempts end, or stopping would wait for them for eight seconds
		p.terminate(t)
		in.check(t, in.users)
	})
}

// goOn starts serve again and demands that everybody gets the one mail that was
// recorded, at least once.
func (in instance) goOn(t *testing.T, out *outside) {
	t.Helper()
	in.letTimePass(t)
	p := in.serve(t, out.flags()...)
	in.awaitSent(t, p)
	// All may have been sent before: a serve that still starts is interrupted, not ended.
	await(t, "it listens", patience, func() bool { return strings.Contains(p.out.String(), "listening on") }, p)
	p.terminate(t)
	messages := in.messages(t)
	mails := out.mails(t)
	for _, m := range messages {
		if m.State != app.MessageSent || len(mails[m.Recipient]) != 1 {
			t.Errorf("the message to %s is %s, and mails with %d ids arrived", m.Recipient, m.State, len(mails[m.Recipient]))
		}
	}
	if len(messages) != len(people) || len(mails) != len(people) {
		t.Errorf("%d messages were recorded and mails went to %d, want %d", len(messages), len(mails), len(people))
	}
	in.start(t, "doctor").await(t)
}

// letTimePass ends what a killed process had in its hands: the claims on messages,
// its jobs, which are never the truth about anything, and its lead among replicas.
// Where many points are asked for, there is time to see all end by themselves,
// after three minutes.
func (in instance) letTimePass(t *testing.T) {
	t.Helper()
	if points(t) > 20 {
		return
	}
	o := in.open(t)
	defer o.close(t)
	for _, statement := range []string{
		`UPDATE messages SET due_at = created_at WHERE state = 'due' AND attempts = 0`,
		`DELETE FROM river_job`,
		`DELETE FROM river_leader`,
	} {
		_, err := o.store.Writer().ExecContext(t.Context(), statement)
		must(t, err)
	}
}
