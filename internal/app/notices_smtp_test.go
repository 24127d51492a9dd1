package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

// faults are what a mail server does to one attempt, besides taking the mail.
// Where it stalls, the attempt's context ends first.
var faults = []struct {
	name   string
	script smtptest.Script
	stalls bool
}{
	{"greets with a refusal", smtptest.At(smtptest.Hello, smtptest.Answer{Code: 421, Text: "too busy"}), false},
	{"drops the line at once", smtptest.At(smtptest.Hello, smtptest.Answer{Drop: true}), false},
	{"refuses the sign-in for now", smtptest.At(smtptest.Auth, smtptest.Answer{Code: 454, Text: "no directory"}), false},
	{"refuses the sender for now", smtptest.At(smtptest.From, smtptest.Answer{Code: 451, Text: "later"}), false},
	{"refuses the recipient for now", smtptest.At(smtptest.To, smtptest.Answer{Code: 450, Text: "greylisted"}), false},
	{"refuses the recipient for good", smtptest.At(smtptest.To, smtptest.Answer{Code: 550, Text: "who?"}), false},
	{"drops the line at the recipient", smtptest.At(smtptest.To, smtptest.Answer{Drop: true}), false},
	{"refuses the mail for now", smtptest.At(smtptest.Data, smtptest.Answer{Code: 452, Text: "disk full"}), false},
	{"refuses the mail for good", smtptest.At(smtptest.Data, smtptest.Answer{Code: 554, Text: "spam"}), false},
	{"drops the line after the mail", smtptest.At(smtptest.Data, smtptest.Answer{Drop: true}), false},
	{"says nothing at the sender", smtptest.At(smtptest.From, smtptest.Answer{Stall: true}), true},
	{"says nothing after the mail", smtptest.At(smtptest.Data, smtptest.Answer{Stall: true}), true},
}

// stalled is how long an attempt is given where the server stalls.
const stalled = 200 * time.Millisecond

// trial delivers to a server that fails at random, and holds each mail that
// arrives against who awaited acknowledgement as its attempt began.
type trial struct {
	*mailed
	rng      *rand.Rand
	awaiting []string
	attempts map[string]int // by fault
	mails    map[string]int // by Message-ID
	to       map[string]string
}

// attempt delivers one message, to a server that fails one time in two.
func (f *trial) attempt(id int64) {
	f.t.Helper()
	ctx, fault := f.ctx, "takes it"
	f.server.Play(nil)
	if f.rng.IntN(2) == 0 {
		chosen := faults[f.rng.IntN(len(faults))]
		fault = chosen.name
		f.server.Play(chosen.script)
		if chosen.stalls {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, stalled)
			defer cancel()
		}
	}
	f.attempts[fault]++
	if err := f.DeliverMessage(ctx, id, f.now); err != nil && ctx.Err() == nil {
		f.t.Fatal(err)
	}
	f.server.Play(nil) // lets go of a client that was kept waiting
	for to, mails := range f.news() {
		for _, m := range mails {
			if to == admin && strings.HasPrefix(m.Subject, "Messages do not arrive") {
				continue
			}
			f.names(m, f.awaiting...)
			f.mails[m.MessageID()]++
			if known, ok := f.to[m.MessageID()]; ok && known != to {
				f.t.Errorf("the mails of one id went to %s and to %s", known, to)
			}
			f.to[m.MessageID()] = to
		}
	}
}

// acknowledgeOne takes somebody off the list, now and then.
func (f *trial) acknowledgeOne() {
	if len(f.awaiting) < 3 || f.rng.IntN(20) > 0 {
		return
	}
	i := f.rng.IntN(len(f.awaiting))
	f.acknowledge("orders", f.awaiting[i])
	f.awaiting = slices.Delete(f.awaiting, i, i+1)
}

// TestEveryMailArrives has a server do everything that servers do wrong.
func TestEveryMailArrives(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		trial := &trial{mailed: f, rng: rand.New(rand.NewPCG(seed, 0)), attempts: map[string]int{}, mails: map[string]int{}, to: map[string]string{}}
		trial.awaiting = []string{lifecycle.PrimaryUser}
		var contacts []string
		for i := range 40 {
			contacts = append(contacts, fmt.Sprintf("contact-%02d@example.com", i))
		}
		f.must(f.SetContacts(f.ctx, f.admin, "acme", "", contacts, f.now))
		f.member(admin, app.RoleAdmin)
		recipients := append(contacts, admin)
		for i := range 15 {
			name := fmt.Sprintf("user-%02d", i)
			f.createUser(name)
			trial.awaiting = append(trial.awaiting, name)
		}
		f.at(renewal)
		f.now = renewal.Add(10 * time.Minute)
		f.record()
		recorded := f.counted(app.MessageDue, len(recipients))
		trial.run()

		duplicates, total := 0, 0
		for _, m := range recorded {
			id := fmt.Sprintf("%x.%x.acme@segue.example", uint64(m.ID), m.CreatedAt.Unix())
			if n := trial.mails[id]; n == 0 || trial.to[id] != m.Recipient {
				t.Errorf("%d mails with the id %s of the message to %s, went to %q", n, id, m.Recipient, trial.to[id])
			} else {
				total, duplicates = total+n, duplicates+n-1
			}
		}
		if len(trial.mails) != len(recipients) {
			t.Errorf("mails of %d messages, %d were recorded", len(trial.mails), len(recipients))
		}
		if known := trial.attempts["drops the line after the mail"] + trial.attempts["says nothing after the mail"]; duplicates > known {
			t.Errorf("%d duplicates, and only %d mails whose sender did not hear that they were taken", duplicates, known)
		}
		t.Logf("%d mails of %d messages: %.1f %% duplicates; attempts: %v", total, len(recipients), 100*float64(duplicates)/float64(total), trial.attempts)

		f.now = renewal.Add(14 * day)
		f.sweep()
		f.record()
		f.counted(app.MessageDue, len(recipients))
		f.acknowledge("orders", trial.awaiting...)
		f.deliver()
		f.silence()
		f.clean()
	})
}

// run makes attempts until every message was sent.
func (f *trial) run() {
	f.t.Helper()
	for ; ; f.now = f.now.Add(20 * time.Minute) {
		if f.now.After(renewal.Add(5 * day)) {
			f.t.Fatalf("after five days these are not sent: %+v", f.messages(app.MessageDue))
		}
		due, err := f.DueMessages(f.ctx, f.now, 100)
		f.must(err)
		for _, id := range due {
			f.acknowledgeOne()
			f.attempt(id)
		}
		for _, m := range f.messages(app.MessageDead) {
			f.must(f.RetryMessage(f.ctx, f.admin, "acme", m.ID, f.now))
		}
		if len(f.messages(app.MessageSent)) == len(f.messages("")) {
			return
		}
	}
}

// TestManyWorkersSendOneMail lets several processes try every message at once.
func TestManyWorkersSendOneMail(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		var contacts []string
		for i := range 20 {
			contacts = append(contacts, fmt.Sprintf("contact-%02d@example.com", i))
		}
		f.must(f.SetContacts(f.ctx, f.admin, "acme", "", contacts, f.now))
		f.at(renewal)
		f.now = renewal.Add(10 * time.Minute)
		var group sync.WaitGroup
		for range 4 {
			other, _ := f.open()
			other.Mailer = f.Mailer
			group.Go(func() {
				if err := other.RecordDigests(f.ctx, f.now); err != nil {
					t.Error(err)
				}
				due, err := other.DueMessages(f.ctx, f.now, 100)
				if err != nil {
					t.Error(err)
				}
				for _, id := range due {
					if err := other.DeliverMessage(f.ctx, id, f.now); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		f.deliver()
		f.mailedTo(contacts...)
		f.counted(app.MessageSent, len(contacts))
	})
}

// TestMailServerDown has no server for hours of one day, and then over the digests
// of two days.
func TestMailServerDown(t *testing.T) {
	for name, outage := range map[string]time.Duration{"for eight hours": 8 * time.Hour, "for thirty hours": 30 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			onBothWithMail(t, func(t *testing.T, f *mailed) {
				f.member(admin, app.RoleAdmin)
				for _, user := range []string{"alice", "bob", "carol"} {
					f.createUser(user)
				}
				f.at(renewal)
				f.acknowledge("orders", lifecycle.PrimaryUser)
				f.through(oldEnd.Add(-6*day), day)
				f.news()

				f.through(oldEnd.Add(-5*day-time.Hour), time.Hour)
				f.server.Down()
				f.through(f.now.Add(outage-time.Hour), 10*time.Minute)
				f.acknowledge("orders", "bob")
				f.through(f.now.Add(time.Hour), 10*time.Minute)
				f.silence()
				f.server.Up(t)
				f.through(f.now.Truncate(day).Add(33*time.Hour-time.Minute), 10*time.Minute)
				digests := map[string]int{}
				for to, mails := range f.news() {
					for _, m := range mails {
						if strings.HasPrefix(m.Subject, "Messages do not arrive") {
							continue
						}
						digests[to]++
						f.names(m, "alice", "carol")
					}
				}
				if len(digests) != 2 || digests[admin] != 1 || digests[kafkaTeam] != 1 {
					t.Errorf("after the outage there came %v, want one digest to each", digests)
				}
				f.clean()
			})
		})
	}
}
