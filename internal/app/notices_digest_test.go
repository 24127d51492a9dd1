package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func TestRenewalIsToldOnceAndRemembered(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(admin, app.RoleAdmin)
		f.member(operator, app.RoleOperator)
		f.member("dave@example.com", app.RoleDeveloper)
		f.member("rita@example.com", app.RoleReadOnly)
		f.notices("", `{"time_zone": "Europe/Helsinki"}`)
		f.createUser("alice")

		f.at(renewal)
		f.at(renewal.Add(10*time.Minute - time.Millisecond))
		f.silence()
		f.at(renewal.Add(10 * time.Minute))
		first := f.mailedTo(admin, kafkaTeam, operator)
		for _, m := range first {
			f.names(m, "alice", lifecycle.PrimaryUser)
			f.says(m, "orders · 2 to acknowledge, 2 newly renewed", "times in Europe/Helsinki",
				"Old pair ends Wed 21 Feb 2029, 11:00 (09:00 UTC), in 89 days", "New pair (generation 2) ends",
				"segue service user-creds-download orders", "segue service user-creds-acknowledge orders", "--generation 2")
			if !strings.HasSuffix(m.Subject, ": acme") || m.HTML == "" || !strings.Contains(m.Calendar, "DTSTART") {
				t.Errorf("subject %q, %d bytes of HTML, calendar entry %q", m.Subject, len(m.HTML), m.Calendar)
			}
			if thread := m.Header.Get("References"); thread != "<thread.acme@segue.example>" || m.MessageID() == "" {
				t.Errorf("message %q of thread %q", m.MessageID(), thread)
			}
			if strings.Contains(m.Text+m.HTML, "PRIVATE KEY") {
				t.Error("a key in a mail")
			}
		}
		f.says(first[admin], "You are an admin of project acme")
		f.says(first[operator], "You are an operator of project acme")
		f.says(first[kafkaTeam], "You are a technical contact of project acme")

		f.through(renewal.Add(14*day-2*time.Hour-time.Second), 6*time.Hour)
		f.silence()
		f.at(renewal.Add(14*day - 2*time.Hour)) // 09:00 in Helsinki, where the renewal was at 11:00
		for _, m := range f.mailedTo(admin, kafkaTeam, operator) {
			f.names(m, "alice", lifecycle.PrimaryUser)
		}
		f.clean()
	})
}

func TestOneDigestADay(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		f.now = start.Add(100 * day)
		f.createUser("bob")
		f.at(renewal)
		f.through(renewal.Add(3*time.Hour), 10*time.Minute)
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], "alice", lifecycle.PrimaryUser)

		_, err := f.RenewUser(f.ctx, f.admin, "acme", "orders", "bob", f.now)
		f.must(err)
		f.through(renewal.Add(day-time.Minute), time.Hour)
		f.silence() // today's digest has left
		f.at(renewal.Add(day))
		m := f.mailedTo(kafkaTeam)[kafkaTeam]
		f.names(m, "alice", "bob", lifecycle.PrimaryUser)
		if got := named(m); got[2] != "bob" {
			t.Errorf("the first end should come first, got %v", got)
		}
		f.acknowledge("orders", "alice", "bob", lifecycle.PrimaryUser)
		f.through(oldEnd.Add(100*day), 5*day)
		f.silence()
		f.clean()
	})
}

// TestWholeScheduleArrives lets nobody acknowledge: DESIGN's schedule is what arrives.
func TestWholeScheduleArrives(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		f.at(renewal)
		var days []int
		for f.now.Before(oldEnd.Add(200 * day)) {
			f.at(f.now.Add(6 * time.Hour))
			for range f.news()[kafkaTeam] {
				days = append(days, int(f.now.Sub(oldEnd).Round(day)/day))
			}
		}
		want := []int{-90, -76, -62, -48, -34, -27, -20, -13, -7, -6, -5, -4, -3, -2, -1, 0, 7, 14, 21, 28, 35, 42, 49, 56}
		if !slices.Equal(days, want) {
			t.Errorf("mails on days %v around the end, want %v", days, want)
		}
		f.state("alice", lifecycle.Lapsed)
		f.clean()
	})
}

func TestAcknowledgedBetweenRecordingAndSending(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		f.at(renewal)
		f.now = renewal.Add(10 * time.Minute)
		f.record()
		f.counted(app.MessageDue, 1)
		f.acknowledge("orders", "alice")
		f.deliver()
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], lifecycle.PrimaryUser)

		f.now = renewal.Add(14 * day)
		f.sweep()
		f.record()
		f.counted(app.MessageDue, 1)
		f.acknowledge("orders", lifecycle.PrimaryUser)
		f.deliver()
		f.silence()
		f.counted(app.MessageDropped, 1)
		f.through(oldEnd.Add(70*day), day)
		f.silence()
		f.clean()
	})
}

func TestNewsNearAnEndIsUrgent(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(admin, app.RoleAdmin)
		f.createUser("alice")
		f.at(oldEnd.Add(-3 * day)) // nothing ran until now
		for _, m := range f.mailedTo(admin, kafkaTeam) {
			f.names(m, "alice", lifecycle.PrimaryUser)
			f.says(m, "This mail left at once, outside the daily digest", "3 days left")
		}
		f.at(f.now.Add(10 * time.Minute)) // and the day has its digest
		for _, m := range f.mailedTo(admin, kafkaTeam) {
			f.names(m, "alice", lifecycle.PrimaryUser)
			if strings.Contains(m.Text, "left at once") {
				t.Error("the digest says that it left at once")
			}
		}
		f.clean()
	})
}

func TestUrgentMailOfWhatNeedsNobody(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		for _, user := range []string{"alice", "bob", "carol"} {
			f.createUser(user)
		}
		f.now = oldEnd.Add(-3 * day)
		f.sweep() // a shard at a time, each with its message
		f.acknowledge("orders", "alice", lifecycle.PrimaryUser)
		_, err := f.SnoozeUser(f.ctx, f.admin, "acme", "orders", "bob", f.now.Add(day), "on leave", f.now)
		f.must(err)
		f.deliver()
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], "carol")
	})
}

func TestLapseIsToldAtOnce(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(admin, app.RoleAdmin)
		f.createUser("alice")
		f.at(renewal)
		f.acknowledge("orders", lifecycle.PrimaryUser)
		f.through(oldEnd.Add(-day), day)
		f.news()
		f.at(oldEnd) // it is valid at this moment still
		f.silence()
		f.at(oldEnd.Add(time.Millisecond))
		for _, m := range f.mailedTo(admin, kafkaTeam) {
			f.names(m, "alice")
			f.says(m, "alice [Lapsed", "Its old pair works no longer.", "This mail left at once")
		}
		f.through(oldEnd.Add(7*day-time.Minute), time.Hour)
		f.silence()
		f.at(oldEnd.Add(7 * day))
		f.names(f.mailedTo(admin, kafkaTeam)[admin], "alice")
		f.clean()
	})
}

func TestSilentService(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		hook := f.webhook("hook")
		f.addService("sasl", map[string]any{"kafka_authentication_methods": map[string]any{"certificate": false}})
		_, err := f.CreateUser(f.ctx, f.admin, "acme", "sasl", "sam", f.now)
		f.must(err)
		f.at(renewal)
		f.acknowledge("orders", lifecycle.PrimaryUser)
		f.through(oldEnd.Add(70*day), day)
		f.silence()
		for _, e := range hook.events() {
			if e.Data.Service == "sasl" {
				t.Errorf("an event of the silent service: %+v", e)
			}
		}
		sam, err := f.GetUser(f.ctx, f.admin, "acme", "sasl", "sam", f.now)
		f.must(err)
		if sam.Current.Generation != 2 {
			t.Errorf("sam has generation %d, want it renewed silently", sam.Current.Generation)
		}
		v, err := f.GetService(f.ctx, f.admin, "acme", "sasl", f.now)
		f.must(err)
		told, err := f.ListRecipients(f.ctx, f.admin, "acme", "sasl", f.now)
		f.must(err)
		if len(v.Notifications) != 1 || v.Notifications[0].Type != app.NoteNoAddress || len(told) != 0 {
			t.Errorf("the silent service warns %+v and tells %+v", v.Notifications, told)
		}
		f.clean()
	})
}

func TestChangedScheduleBeginsAtTheNextDigestHour(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		f.addService("clicks", nil)
		f.at(renewal)
		f.at(renewal.Add(10 * time.Minute))
		f.news()

		f.through(renewal.Add(5*day+6*time.Hour), 6*time.Hour)
		f.notices("orders", `{"reminders": [{"within": "90d", "every": "2d"}]}`)
		f.through(renewal.Add(6*day-time.Minute), time.Hour)
		f.silence() // not in the middle of the day
		f.at(renewal.Add(6 * day))
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], "alice", lifecycle.PrimaryUser, lifecycle.PrimaryUser)
		f.through(renewal.Add(8*day), time.Hour)
		f.mailedTo(kafkaTeam)

		f.notices("orders", `{"reminders": null}`) // inherits again
		f.through(renewal.Add(14*day-time.Minute), 6*time.Hour)
		f.silence()
		f.at(renewal.Add(14 * day)) // clicks' own
		f.mailedTo(kafkaTeam)
		f.clean()
	})
}

func TestDigestWithoutAMailServerIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.renewalPolicy("spread", "0s")
		f.createUser("alice")
		f.at(renewal)
		f.at(renewal.Add(10 * time.Minute))
		kept := f.messages(app.MessageKept)
		if len(kept) != 1 || kept[0].Recipient != kafkaTeam || !strings.Contains(kept[0].Body, "alice") || !strings.Contains(kept[0].HTML, "alice") || kept[0].Subject == "" {
			t.Fatalf("in the outbox: %+v", kept)
		}
	})
}
