package app_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

const clicksTeam = "clicks@example.com"

func TestContactsOfAServiceReplaceTheProjects(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(admin, app.RoleAdmin)
		f.addService("clicks", nil)
		f.must(f.SetContacts(f.ctx, f.admin, "acme", "clicks", []string{"Clicks@Example.com", clicksTeam}, f.now))
		f.createUser("alice")
		_, err := f.CreateUser(f.ctx, f.admin, "acme", "clicks", "carl", f.now)
		f.must(err)
		f.recipients("orders", admin, kafkaTeam)
		f.recipients("clicks", admin, clicksTeam)

		f.at(renewal)
		f.at(renewal.Add(10 * time.Minute))
		first := f.mailedTo(admin, kafkaTeam, clicksTeam)
		f.names(first[admin], "alice", "carl", lifecycle.PrimaryUser, lifecycle.PrimaryUser)
		f.names(first[kafkaTeam], "alice", lifecycle.PrimaryUser)
		f.names(first[clicksTeam], "carl", lifecycle.PrimaryUser)
		f.says(first[clicksTeam], "You are a technical contact of service clicks in project acme")

		// Reminders of orders alone are no reason to write to the people of clicks.
		f.notices("orders", `{"reminders": [{"within": "90d", "every": "1d"}]}`)
		f.at(renewal.Add(day))
		f.mailedTo(admin, kafkaTeam)

		f.must(f.SetContacts(f.ctx, f.admin, "acme", "clicks", nil, f.now))
		f.recipients("clicks", admin, kafkaTeam)
		f.at(renewal.Add(2 * day))
		f.names(f.mailedTo(admin, kafkaTeam)[kafkaTeam], "alice", "carl", lifecycle.PrimaryUser, lifecycle.PrimaryUser)
	})
}

// recipients demands who would be told about a service; each must hear why.
func (f *fixture) recipients(service string, want ...string) {
	f.t.Helper()
	told, err := f.ListRecipients(f.ctx, f.admin, "acme", service, f.now)
	f.must(err)
	var got []string
	for _, r := range told {
		if got = append(got, r.Email); r.Why == "" {
			f.t.Errorf("%s is told without a reason", r.Email)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		f.t.Errorf("%v are told about %s, want %v", got, service, want)
	}
}

// TestReminderAfterAnothersNews: what one team is told early does not keep
// another's reminder away.
func TestReminderAfterAnothersNews(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.addService("clicks", nil)
		f.must(f.SetContacts(f.ctx, f.admin, "acme", "clicks", []string{clicksTeam}, f.now))
		f.now = start.Add(13*day + 17*time.Hour) // its renewal will be at 02:00, on a day when clicks is reminded
		f.createUser("bob")
		f.at(renewal)
		f.at(renewal.Add(10 * time.Minute))
		f.mailedTo(kafkaTeam, clicksTeam)
		f.at(renewal.Add(13*day + 17*time.Hour))
		f.at(f.now.Add(10 * time.Minute))
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], "bob", lifecycle.PrimaryUser)
		f.at(renewal.Add(14 * day))
		f.names(f.mailedTo(clicksTeam)[clicksTeam], lifecycle.PrimaryUser) // kafkaTeam had its digest of today
	})
}

func TestNobodyToTellWarns(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		warns := func() bool {
			f.t.Helper()
			v, err := f.GetService(f.ctx, f.admin, "acme", "orders", f.now)
			f.must(err)
			onService := slices.ContainsFunc(v.Notifications, func(n app.Notification) bool { return n.Type == app.NoteNobodyTold })
			inDoctor := false
			f.must(f.CheckStore(f.ctx, f.now, func(v app.Violation) {
				inDoctor = inDoctor || (v.Invariant == 0 && v.Subject == "acme/orders" && strings.Contains(v.Message, "Nobody would be told"))
			}))
			if onService != inDoctor {
				t.Errorf("the service warns: %t, doctor: %t", onService, inDoctor)
			}
			return onService
		}
		contacts := func(service string, emails ...string) {
			f.t.Helper()
			f.must(f.SetContacts(f.ctx, f.admin, "acme", service, emails, f.now))
		}
		for _, c := range []struct {
			name      string
			yes, undo func()
		}{
			{"a contact of the project", func() { contacts("", kafkaTeam) }, func() { contacts("") }},
			{"a contact of the service", func() { contacts("orders", kafkaTeam) }, func() { contacts("orders") }},
			{"a channel", func() { f.webhook("hook") }, func() { f.must(f.DeleteChannel(f.ctx, f.admin, "acme", "hook", f.now)) }},
			{"an operator", func() { f.member(operator, app.RoleOperator) },
				func() { f.must(f.SetMemberRole(f.ctx, f.admin, "acme", operator, app.RoleDeveloper, f.now)) }},
		} {
			contacts("")
			if !warns() {
				t.Errorf("without %s nothing warns", c.name)
			}
			c.yes()
			if warns() {
				t.Errorf("%s is somebody to tell", c.name)
			}
			c.undo()
		}
		f.at(renewal)
		f.at(renewal.Add(10 * time.Minute))
		f.silence()
		f.clean()
	})
}

func TestRoleTakenBitesAtOnce(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		ann := f.member(admin, app.RoleAdmin)
		olaf := f.member(operator, app.RoleOperator)
		dave := f.member("dave@example.com", app.RoleDeveloper)
		f.createUser("alice")
		f.at(renewal)
		f.now = renewal.Add(10 * time.Minute)
		f.record()
		f.counted(app.MessageDue, 3)

		_, err := f.GetGeneration(f.ctx, olaf, "acme", "orders", "alice", 2, f.now)
		f.must(err)
		f.must(f.RemoveMember(f.ctx, ann, "acme", operator, f.now))
		_, err = f.GetGeneration(f.ctx, olaf, "acme", "orders", "alice", 2, f.now)
		f.refused(err, app.CodeNotFound)
		f.must(f.SetMemberRole(f.ctx, ann, "acme", "dave@example.com", app.RoleReadOnly, f.now))
		_, err = f.GetGeneration(f.ctx, dave, "acme", "orders", "alice", 2, f.now)
		f.refused(err, app.CodeForbidden)
		f.deliver() // also what was recorded for olaf before
		f.mailedTo(admin, kafkaTeam)

		f.must(f.SetMemberRole(f.ctx, ann, "acme", "dave@example.com", app.RoleOperator, f.now))
		f.at(renewal.Add(14 * day))
		f.mailedTo(admin, kafkaTeam, "dave@example.com")
		f.refused(f.RemoveMember(f.ctx, ann, "acme", admin, f.now), app.CodeConflict) // the only admin
		f.refused(f.SetMemberRole(f.ctx, ann, "acme", admin, app.RoleOperator, f.now), app.CodeConflict)
		f.refused(f.RemoveMember(f.ctx, dave, "acme", admin, f.now), app.CodeForbidden)
		f.refused(f.RemoveMember(f.ctx, ann, "acme", operator, f.now), app.CodeNotFound)
		f.clean()
	})
}

func TestSnooze(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		f.at(renewal)
		f.acknowledge("orders", lifecycle.PrimaryUser)
		f.at(renewal.Add(10 * time.Minute))
		f.mailedTo(kafkaTeam)

		snooze := func(until time.Time, reason string) error {
			_, err := f.SnoozeUser(f.ctx, f.admin, "acme", "orders", "alice", until, reason, f.now)
			return err
		}
		f.refused(snooze(f.now.Add(day), ""), app.CodeInvalid)
		f.refused(snooze(f.now.Add(-day), "the past"), app.CodeInvalid)
		f.refused(snooze(oldEnd.Add(time.Second), "for ever"), app.CodeInvalid)
		if e := f.refused(snooze(oldEnd.Add(time.Second), "for ever"), app.CodeInvalid); e.Field != "until" || !strings.Contains(e.Message, "2029-02-21") {
			t.Errorf("the refusal names %q and says %q", e.Field, e.Message)
		}
		f.must(snooze(renewal.Add(20*day+5*time.Hour), "deploys on the 13th"))
		f.through(renewal.Add(21*day-time.Minute), 6*time.Hour)
		f.silence() // the reminder of day 14 too
		f.at(renewal.Add(21 * day))
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], "alice") // the first digest hour after it
		f.through(renewal.Add(35*day-time.Minute), 12*time.Hour)
		f.silence()

		f.must(snooze(oldEnd, "until it breaks"))
		f.must(snooze(time.Time{}, "")) // ended by hand: as if it had not been
		f.at(renewal.Add(35 * day))
		f.mailedTo(kafkaTeam)
		f.must(snooze(oldEnd, "until it breaks"))
		f.through(oldEnd, day)
		f.silence()
		f.at(oldEnd.Add(time.Millisecond))
		f.names(f.mailedTo(kafkaTeam)[kafkaTeam], "alice") // never past the end
		f.refused(snooze(f.now.Add(day), "later"), app.CodeInvalid)
		f.acknowledge("orders", "alice")
		f.refused(snooze(f.now.Add(day), "later"), app.CodeConflict)
		if n := f.audited("renewal.snooze") + f.audited("renewal.end-snooze"); n != 4 {
			t.Errorf("%d audit entries for 4 changes of a snooze", n)
		}
		f.clean()
	})
}

// TestSnoozedAreCountedAndNotListed has two pending, one of them snoozed.
func TestSnoozedAreCountedAndNotListed(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.createUser("alice")
		f.at(renewal)
		_, err := f.SnoozeUser(f.ctx, f.admin, "acme", "orders", "alice", renewal.Add(60*day), "on leave", f.now)
		f.must(err)
		f.at(renewal.Add(10 * time.Minute))
		m := f.mailedTo(kafkaTeam)[kafkaTeam]
		f.names(m, lifecycle.PrimaryUser)
		f.says(m, "1 to acknowledge, 1 snoozed")
		f.acknowledge("orders", lifecycle.PrimaryUser)
		f.at(renewal.Add(14 * day))
		f.silence()
	})
}

// link is the one-time link of an invitation.
var link = regexp.MustCompile(`http://segue\.example:8420/invitation/(\w+)`)

func (f *fixture) tokenIn(text string) string {
	f.t.Helper()
	found := link.FindStringSubmatch(text)
	if found == nil {
		f.t.Fatalf("no link in %q", text)
	}
	return found[1]
}

func TestInvitation(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		ann := f.member(admin, app.RoleAdmin)
		shown, err := f.InviteMember(f.ctx, ann, "acme", " Bea@Example.com ", app.RoleOperator, f.now)
		f.must(err)
		m := f.mailedTo("bea@example.com")["bea@example.com"]
		if shown != "" || !strings.Contains(m.Subject, "invites you to acme") {
			t.Errorf("the link was mailed (%q) and shown, too: %q", m.Subject, shown)
		}
		token := f.tokenIn(m.Text)
		v, err := f.ListMembers(f.ctx, ann, "acme", app.Page{}, f.now)
		f.must(err)
		if len(v.Invitations) != 1 || v.Invitations[0].Email != "bea@example.com" || len(f.messages("")) != 0 {
			t.Errorf("invited: %+v; nothing of the link may be stored", v.Invitations)
		}
		accept := func(token, password string) error {
			return f.AcceptInvitation(f.ctx, token, password, "Bea", "192.0.2.1", f.now)
		}
		f.refused(accept(token, "short"), app.CodeInvalid)
		f.refused(accept(token+"x", "long enough 1"), app.CodeUnauthenticated)
		f.must(accept(token, "long enough 1"))
		f.refused(accept(token, "long enough 1"), app.CodeUnauthenticated) // once
		_, acc, err := f.SignIn(f.ctx, "bea@example.com", "long enough 1", "192.0.2.1", "test", f.now)
		f.must(err)
		bea := app.Actor{AccountID: acc.ID, Email: acc.Email}
		_, err = f.SetPolicy(f.ctx, bea, "acme", "", app.PolicyPatch{}, false, f.now)
		f.must(err)
		_, err = f.InviteMember(f.ctx, bea, "acme", "x@example.com", app.RoleReadOnly, f.now)
		f.refused(err, app.CodeForbidden)
		_, err = f.InviteMember(f.ctx, ann, "acme", "bea@example.com", app.RoleReadOnly, f.now)
		f.refused(err, app.CodeConflict) // she is a member
		f.clean()
	})
}

func TestInvitationOfAnAccount(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		_, err := f.CreateProject(f.ctx, f.admin, app.NewProject{Name: "beta", TechEmails: []string{kafkaTeam}}, f.now)
		f.must(err)
		token := map[string]string{}
		for _, project := range []string{"acme", "beta"} {
			_, err := f.InviteMember(f.ctx, f.admin, project, "bea@example.com", app.RoleOperator, f.now)
			f.must(err)
			token[project] = f.tokenIn(f.mailedTo("bea@example.com")["bea@example.com"].Text)
		}
		accept := func(project, password string) error {
			return f.AcceptInvitation(f.ctx, token[project], password, "Bea", "192.0.2.1", f.now)
		}
		f.must(accept("acme", "long enough 1"))
		f.refused(accept("beta", "long enough 2"), app.CodeUnauthenticated) // somebody else found the link
		f.must(accept("beta", "long enough 1"))                             // at the same moment as the account was made
		_, acc, err := f.SignIn(f.ctx, "bea@example.com", "long enough 1", "192.0.2.1", "test", f.now)
		f.must(err)
		for project := range token {
			_, err := f.GetProject(f.ctx, app.Actor{AccountID: acc.ID, Email: acc.Email}, project, f.now)
			f.must(err)
		}
		f.clean()
	})
}

func TestInvitationEnds(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		invite := func() string {
			t.Helper()
			_, err := f.InviteMember(f.ctx, f.admin, "acme", "bea@example.com", app.RoleOperator, f.now)
			f.must(err)
			return f.tokenIn(f.mailedTo("bea@example.com")["bea@example.com"].Text)
		}
		refused := func(token, why string) {
			t.Helper()
			if err := f.AcceptInvitation(f.ctx, token, "long enough 1", "Bea", "192.0.2.1", f.now); err == nil {
				t.Errorf("an invitation that %s was accepted", why)
			} else {
				f.refused(err, app.CodeUnauthenticated)
			}
		}
		first := invite()
		second := invite()
		refused(first, "was replaced")
		f.must(f.WithdrawInvitation(f.ctx, f.admin, "acme", "Bea@example.com", f.now))
		refused(second, "was withdrawn")
		f.refused(f.WithdrawInvitation(f.ctx, f.admin, "acme", "bea@example.com", f.now), app.CodeNotFound)
		third := invite()
		f.now = f.now.Add(app.InvitationLife + time.Millisecond)
		refused(third, "is too old")
		f.now = f.now.Add(-time.Millisecond)
		f.must(f.AcceptInvitation(f.ctx, third, "long enough 1", "Bea", "192.0.2.1", f.now))
	})
}

// TestInvitationThatCannotBeMailed is shown to the admin instead.
func TestInvitationThatCannotBeMailed(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.server.Play(smtptest.At(smtptest.Auth, smtptest.Answer{Code: 535, Text: "no"}))
		shown, err := f.InviteMember(f.ctx, f.admin, "acme", "bea@example.com", app.RoleOperator, f.now)
		f.must(err)
		f.must(f.AcceptInvitation(f.ctx, f.tokenIn(shown), "long enough 1", "Bea", "192.0.2.1", f.now))
	})
}

func TestPeopleSetWrongly(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		for _, email := range []string{"", "bea", "bea@", "Bea <bea@example.com>", "bea@example.com\r\nBcc: all@example.com", strings.Repeat("b", 250) + "@example.com"} {
			_, err := f.InviteMember(f.ctx, f.admin, "acme", email, app.RoleOperator, f.now)
			f.refused(err, app.CodeInvalid)
			f.refused(f.SetContacts(f.ctx, f.admin, "acme", "", []string{email}, f.now), app.CodeInvalid)
			f.refused(f.SetContacts(f.ctx, f.admin, "acme", "orders", []string{email}, f.now), app.CodeInvalid)
		}
		var many []string
		for i := range 51 {
			many = append(many, fmt.Sprintf("contact-%d@example.com", i))
		}
		f.refused(f.SetContacts(f.ctx, f.admin, "acme", "", many, f.now), app.CodeInvalid)
		for _, patch := range []string{
			`{"reminders": []}`, `{"reminders": [{"within": "7d", "every": "1d"}, {"within": "30d", "every": "7d"}]}`,
			`{"reminders": [{"within": "7d", "every": "8d"}]}`, `{"reminders": [{"within": "7", "every": "1d"}]}`, `{"reminders": 7}`,
			`{"after_lapse": {"every": "7d", "times": 101}}`, `{"after_lapse": {"every": "-7d", "times": 1}}`,
			`{"digest_delay": "2d"}`, `{"digest_interval": "36h"}`, `{"digest_interval": 1}`,
			`{"time_zone": "Europe/Nowhere"}`, `{"time_zone": "Local"}`, `{"time_zone": ""}`, `{"time_zone": "../../etc/passwd"}`,
		} {
			f.refused(f.setNotices("", patch), app.CodeInvalid)
		}
		f.refused(f.setNotices("orders", `{"time_zone": "Europe/Helsinki"}`), app.CodeInvalid)
		for kind, urls := range map[app.ChannelKind][]string{
			app.ChannelWebhook: {"", "ftp://example.com/x", "https://", "not a url", "https://example.com:0/", "https://user:secret@example.com/"},
			app.ChannelSlack:   {"", "file:///etc/passwd"},
			"pigeon":           {"https://example.com/"},
		} {
			for _, url := range urls {
				_, err := f.CreateChannel(f.ctx, f.admin, "acme", "hook", kind, url, f.now)
				e := f.refused(err, app.CodeInvalid)
				if strings.Contains(e.Message, "secret") {
					t.Errorf("the refusal repeats what was sent: %s", e.Message)
				}
			}
		}
	})
}
