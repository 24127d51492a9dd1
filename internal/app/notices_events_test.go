package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

// receiver is a webhook's other side, which trusts only what is signed.
type receiver struct {
	t      testing.TB
	url    string
	secret string // empty: Slack's, where nothing is signed

	mu     sync.Mutex
	answer int
	got    []received
}

// received is one delivery.
type received struct {
	ID   string
	Type app.EventType
	Text string // of Slack
	Data struct {
		Version                            int
		Project, Service, Username, Remedy string
		Message                            string
		Renewal                            *struct {
			Generation     int
			Replaced       int       `json:"replaced_generation"`
			OldNotAfter    time.Time `json:"old_not_after"`
			AcknowledgedBy string    `json:"acknowledged_by"`
		}
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	e := received{ID: q.Header.Get(standardwebhooks.HeaderWebhookID)}
	if r.secret != "" {
		if verifier, err := standardwebhooks.NewWebhook(r.secret); err != nil {
			r.t.Error(err)
		} else if err := verifier.Verify(body, q.Header); err != nil {
			r.t.Errorf("a delivery whose signature is wrong: %v", err)
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		r.t.Errorf("a delivery that is no JSON: %v", err)
	}
	r.got = append(r.got, e)
	w.WriteHeader(r.answer)
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = status
}

func (r *receiver) events() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// types demands which events came, in order, since the last time.
func (r *receiver) types(want ...app.EventType) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var types []app.EventType
	for _, e := range r.got {
		types = append(types, e.Type)
	}
	if !slices.Equal(types, want) {
		r.t.Errorf("the webhook got %v, want %v", types, want)
	}
	r.got = nil
}

func (f *fixture) receiver() *receiver {
	r := &receiver{t: f.t, answer: http.StatusNoContent}
	server := httptest.NewServer(r)
	f.t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// webhook makes a channel to a receiver of its own.
func (f *fixture) webhook(name string) *receiver {
	f.t.Helper()
	r := f.receiver()
	var err error
	r.secret, err = f.CreateChannel(f.ctx, f.admin, "acme", name, app.ChannelWebhook, r.url, f.now)
	f.must(err)
	return r
}

func TestEventsOfALife(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		f.createUser("bob")
		f.at(renewal.Add(-time.Second))
		hook := f.webhook("hook")
		f.at(renewal)
		created := hook.events()
		hook.types(app.EventRenewalCreated, app.EventRenewalCreated, app.EventRenewalCreated)
		for _, e := range created {
			if e.Data.Version != 1 || e.Data.Project != "acme" || e.Data.Service != "orders" || e.Data.Renewal.Generation != 2 || !e.Data.Renewal.OldNotAfter.Equal(oldEnd) {
				t.Errorf("the event of a renewal: %+v", e)
			}
		}
		f.acknowledge("orders", lifecycle.PrimaryUser, "bob", "bob")
		f.deliver()
		acknowledged := hook.events()
		hook.types(app.EventRenewalAcknowledged, app.EventRenewalAcknowledged)
		if by := acknowledged[0].Data.Renewal.AcknowledgedBy; by != "system" {
			t.Errorf("acknowledged by %q", by)
		}
		f.through(renewal.Add(20*day), day)
		hook.types(app.EventRenewalReminder)
		f.through(oldEnd.Add(-day), day)
		hook.events()
		hook.types(slices.Repeat([]app.EventType{app.EventRenewalReminder}, 13)...)
		f.at(oldEnd.Add(time.Millisecond))
		f.at(oldEnd.Add(time.Second))
		lapsed := hook.events()
		hook.types(app.EventCertificateLapsed)
		if lapsed[0].Data.Username != "alice" || !strings.Contains(lapsed[0].Data.Remedy, "refused") {
			t.Errorf("the lapse: %+v", lapsed[0])
		}
		_, err := f.ResetCredentials(f.ctx, f.admin, "acme", "orders", "alice", "", f.now)
		f.must(err)
		_, err = f.DeleteUser(f.ctx, f.admin, "acme", "orders", "bob", f.now)
		f.must(err)
		f.deliver()
		hook.types(app.EventCertificateRevoked, app.EventCertificateRevoked)
		f.through(oldEnd.Add(70*day), day)
		hook.types()
		f.clean()
	})
}

func TestSlackHearsTheSame(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		slack := f.receiver()
		_, err := f.CreateChannel(f.ctx, f.admin, "acme", "team", app.ChannelSlack, slack.url, f.now)
		f.must(err)
		f.must(f.TestChannel(f.ctx, f.admin, "acme", "team", f.now))
		f.at(renewal)
		got := slack.events()
		if len(got) != 3 || !strings.Contains(got[0].Text, "test") || !strings.Contains(got[1].Text+got[2].Text, "alice of orders has a new pair") {
			t.Errorf("Slack got %+v", got)
		}
	})
}

// TestRenewalOfAnEndedPair has nothing run until the pair was over.
func TestRenewalOfAnEndedPair(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.at(oldEnd.Add(3 * day))
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], lifecycle.PrimaryUser)
		f.at(f.now.Add(10 * time.Minute))
		f.mailedTo(kafkaTeam)
		f.acknowledge("orders", lifecycle.PrimaryUser)

		hook := f.webhook("hook")
		f.createUser("alice")
		f.at(f.now.Add(820*day + time.Hour))
		lapsed := hook.events()
		if !slices.ContainsFunc(lapsed, func(e received) bool { return e.Type == app.EventCertificateLapsed && e.Data.Username == "alice" }) {
			t.Errorf("no word of the lapse: %+v", lapsed)
		}
		f.clean()
	})
}

func TestWebhookComesAgainWithTheSameID(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(operator, app.RoleOperator)
		hook := f.webhook("hook")
		hook.answers(http.StatusServiceUnavailable)
		f.at(renewal)
		f.through(renewal.Add(2*time.Hour), time.Minute)
		first := hook.events()
		if len(first) < 5 {
			t.Fatalf("%d attempts in two hours", len(first))
		}
		for _, e := range first {
			if e.ID != first[0].ID || e.Type != app.EventRenewalCreated {
				t.Errorf("another delivery: %+v", e)
			}
		}
		news := f.news()
		if len(news[operator]) != 2 || len(news[kafkaTeam]) != 1 { // the digest, and this:
			t.Fatalf("the operator got %d mails, the contact %d", len(news[operator]), len(news[kafkaTeam]))
		}
		failing := slices.IndexFunc(news[operator], func(m smtptest.Mail) bool { return strings.HasPrefix(m.Subject, "Messages do not arrive") })
		f.says(news[operator][failing], "hook", "could not be delivered in 5 attempts")
		hook.answers(http.StatusOK)
		f.through(renewal.Add(12*time.Hour), 10*time.Minute)
		f.counted(app.MessageDue, 0)
		if all := hook.events(); all[len(all)-1].ID != first[0].ID {
			t.Error("the event arrived under another id")
		}
	})
}

func TestMessageThatIsGivenUp(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(operator, app.RoleOperator)
		f.server.Play(smtptest.Recipients(map[string]smtptest.Answer{kafkaTeam: {Code: 550, Text: "no such user"}}))
		f.at(renewal)
		f.at(renewal.Add(10 * time.Minute))
		dead := f.counted(app.MessageDead, 1)[0]
		if dead.Recipient != kafkaTeam || !strings.Contains(dead.LastError, "no such user") || dead.Attempts != 1 {
			t.Fatalf("given up: %+v", dead)
		}
		news := f.news()[operator]
		if len(news) != 2 {
			t.Fatalf("the operator got %d mails, want the digest and word of what failed", len(news))
		}
		f.says(news[1], kafkaTeam, "was given up", "no such user", "segue notify deliveries --state dead")
		reader := f.member("rita@example.com", app.RoleReadOnly)
		f.refused(f.RetryMessage(f.ctx, reader, "acme", dead.ID, f.now), app.CodeForbidden)

		f.server.Play(nil)
		f.must(f.RetryMessage(f.ctx, f.admin, "acme", dead.ID, f.now))
		f.deliver()
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], lifecycle.PrimaryUser)
		again, attempts, err := f.GetMessage(f.ctx, f.admin, "acme", dead.ID, f.now)
		f.must(err)
		if again.State != app.MessageSent || len(attempts) != 2 || attempts[0].Outcome != app.MessageDead || attempts[1].Outcome != app.MessageSent {
			t.Errorf("after the retry: %+v, attempts %+v", again, attempts)
		}
		f.refused(f.RetryMessage(f.ctx, f.admin, "acme", dead.ID, f.now), app.CodeConflict)
		f.clean()
	})
}

func TestFailedRenewalIsToldOnceADay(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(operator, app.RoleOperator)
		f.member("dave@example.com", app.RoleDeveloper)
		hook := f.webhook("hook")
		f.createUser("alice")
		f.now = start.AddDate(app.CAYears, 0, -30).Truncate(day).Add(9 * time.Hour) // the CA ends within renew_before
		f.tick()
		m := f.mailedTo(operator)[operator]
		f.says(m, "could not be made", "certificate authority", "segue doctor names every user it concerns")
		hook.types(app.EventRenewalFailed, app.EventRenewalFailed)
		f.through(f.now.Add(14*time.Hour), time.Hour) // it fails every hour
		f.silence()
		f.at(f.now.Add(2 * time.Hour)) // the next day
		f.mailedTo(operator)
		hook.types()
		f.clean()
	})
}

func TestSweepThatDoesNotRun(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(operator, app.RoleOperator)
		hook := f.webhook("hook")
		f.tick()
		watch := func(now time.Time) {
			f.now = now
			f.record()
			f.deliver()
		}
		watch(start.Add(day - time.Minute))
		f.silence()
		for hour := range 14 { // a day without a sweep ends at 09:00
			watch(start.Add(day + time.Duration(hour)*time.Hour))
		}
		f.says(f.mailedTo(operator)[operator], "No sweep has run since 2026-11-24T09:00:00Z", "segue doctor")
		hook.types(app.EventSweepStale)
		watch(start.Add(day + 16*time.Hour)) // the next day
		f.mailedTo(operator)
		f.sweep()
		watch(f.now.Add(time.Hour))
		f.silence()
	})
}

// TestEventsToWhoeverLostTheRole drops what was recorded for somebody who may not
// hear it any more.
func TestEventsToWhoeverLostTheRole(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(admin, app.RoleAdmin)
		f.member(operator, app.RoleOperator)
		f.tick()
		f.now = start.Add(25 * time.Hour)
		f.record()
		f.counted(app.MessageDue, 2)
		f.must(f.SetMemberRole(f.ctx, f.admin, "acme", operator, app.RoleDeveloper, f.now))
		f.deliver()
		f.mailedTo(admin)
		f.counted(app.MessageDropped, 1)
	})
}
