package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

// found are the rows of a list of users of orders.
func (f *fixture) found(filter app.UserFilter) (rows []app.UserRow) {
	f.t.Helper()
	for page := (app.Page{Limit: 2}); ; {
		got, next, err := f.FindUsers(f.ctx, f.admin, "acme", "orders", filter, page, f.now)
		f.must(err)
		rows = append(rows, got...)
		if page.After = next; next == "" {
			return rows
		}
	}
}

func (f *fixture) finds(filter app.UserFilter, want ...string) {
	f.t.Helper()
	var got []string
	for _, row := range f.found(filter) {
		got = append(got, row.Name)
	}
	if !slices.Equal(got, want) {
		f.t.Errorf("at %s %+v finds %v, want %v", f.now.Format(time.DateOnly), filter, got, want)
	}
}

func TestFindUsers(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		for i, name := range []string{"alice", "bob", "Carl"} {
			f.now = start.Add(time.Duration(i) * day)
			f.createUser(name)
		}
		f.now = renewal.Add(time.Hour)
		f.sweep() // avnadmin and alice
		f.acknowledge("orders", lifecycle.PrimaryUser)
		_, err := f.SnoozeUser(f.ctx, f.admin, "acme", "orders", "alice", f.now.Add(day), "a freeze", f.now)
		f.must(err)
		f.now = f.now.Add(day)
		f.sweep() // bob
		f.finds(app.UserFilter{}, "alice", "bob", lifecycle.PrimaryUser, "Carl")
		f.finds(app.UserFilter{Sort: app.SortName}, "Carl", "alice", lifecycle.PrimaryUser, "bob")
		f.finds(app.UserFilter{Sort: app.SortEnd, Search: "AL"}, "alice")
		f.finds(app.UserFilter{State: app.FilterAwaiting}, "alice", "bob")
		f.finds(app.UserFilter{State: app.FilterOverlap}, "alice", "bob", lifecycle.PrimaryUser)
		f.finds(app.UserFilter{State: app.FilterValid}, "Carl")
		f.finds(app.UserFilter{State: app.FilterLapsed})

		rows := f.found(app.UserFilter{})
		alice, admin, carl := rows[0], rows[2], rows[3]
		first, err := f.GetGeneration(f.ctx, f.admin, "acme", "orders", "alice", 1, f.now)
		f.must(err)
		if want := (app.PairSpan{Generation: 1, NotBefore: first.NotBefore, NotAfter: first.NotAfter}); alice.Old == nil || *alice.Old != want {
			t.Errorf("the old pair is %+v, want %+v", alice.Old, want)
		}
		wantRenewal := app.RenewalFacts{Generation: 2, Replaced: 1, CreatedAt: renewal.Add(time.Hour), SnoozedUntil: f.now, SnoozeReason: "a freeze"}
		if alice.Renewal == nil || *alice.Renewal != wantRenewal {
			t.Errorf("the renewal is %+v, want %+v", alice.Renewal, wantRenewal)
		}
		if admin.State != lifecycle.Acknowledged || admin.Renewal.AcknowledgedBy != f.admin.Email || admin.Old == nil || !admin.Primary {
			t.Errorf("avnadmin is %+v", admin)
		}
		if carl.Old != nil || carl.Renewal != nil || carl.State != lifecycle.Valid {
			t.Errorf("Carl is %+v", carl)
		}
		described, err := f.DescribeUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if !reflect.DeepEqual(alice.UserView, described) {
			t.Errorf("the list shows %+v, the user's page %+v", alice.UserView, described)
		}

		f.now = oldEnd.Add(time.Hour)
		f.finds(app.UserFilter{State: app.FilterLapsed}, "alice")
		f.finds(app.UserFilter{State: app.FilterValid}, "Carl", lifecycle.PrimaryUser)
		counts, err := f.CountUsers(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if want := (app.StateCounts{Lapsed: 1, Expiring: 1, Valid: 2, Total: 4, FirstEnd: oldEnd.Add(day)}); counts != want {
			t.Errorf("counts %+v, want %+v", counts, want)
		}
		f.clean()
	})
}

func TestFindUsersRefusesNonsense(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.service()
	for _, bad := range []app.UserFilter{{State: "expiring"}, {Sort: "size"}, {Search: strings.Repeat("x", 65)}} {
		_, _, err := f.FindUsers(f.ctx, f.admin, "acme", "orders", bad, app.Page{}, f.now)
		f.refused(err, app.CodeInvalid)
	}
	for _, after := range []string{"x", "1.2", "1.2.", "..", "a.b.c"} {
		_, _, err := f.FindUsers(f.ctx, f.admin, "acme", "orders", app.UserFilter{}, app.Page{After: after}, f.now)
		f.refused(err, app.CodeInvalid)
		_, _, err = f.ListDates(f.ctx, f.admin, "acme", "", f.now, f.now.Add(day), app.Page{After: after}, f.now)
		f.refused(err, app.CodeInvalid)
	}
	for _, to := range []time.Time{f.now, f.now.Add(-day), f.now.Add(401 * day)} {
		_, err := f.CountDates(f.ctx, f.admin, "acme", "", f.now, to, time.UTC, f.now)
		f.refused(err, app.CodeInvalid)
	}
	_, err := f.CountUsers(f.ctx, f.admin, "acme", "gone", f.now)
	f.refused(err, app.CodeNotFound)
}

func TestServiceCounts(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.addService("clicks", nil)
		f.createUser("alice")
		f.now = renewal
		f.sweep()
		f.acknowledge("orders", lifecycle.PrimaryUser, "alice")
		urgent, err := f.CountServices(f.ctx, f.admin, "acme", f.now)
		f.must(err)
		clicks := app.ServiceCount{Name: "clicks", Users: 1, Awaiting: 1, FirstEnd: oldEnd}
		if !slices.Equal(urgent, []app.ServiceCount{clicks}) {
			t.Errorf("urgent are %+v", urgent)
		}
		first, next, err := f.ListServiceCounts(f.ctx, f.admin, "acme", app.Page{Limit: 1}, f.now)
		f.must(err)
		rest, _, err := f.ListServiceCounts(f.ctx, f.admin, "acme", app.Page{After: next, Limit: 1}, f.now)
		f.must(err)
		if !slices.Equal(append(first, rest...), []app.ServiceCount{clicks, {Name: "orders", Users: 2}}) {
			t.Errorf("services are %+v and %+v", first, rest)
		}
		totals, err := f.TotalServices(f.ctx, f.admin, "acme", f.now)
		f.must(err)
		if totals != (app.ServiceTotals{Services: 2, Awaiting: 1}) {
			t.Errorf("totals are %+v", totals)
		}
	})
}

// A day is the zone's: what happens at half past eleven in the evening of UTC is
// tomorrow's in Helsinki, and a day of 25 hours is one day.
func TestDatesByDay(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		helsinki, err := time.LoadLocation("Europe/Helsinki")
		f.must(err)
		short := "100d"
		f.renewalPolicy("renew_before", "10d")
		f.renewalPolicy("validity", short)
		f.now = time.Date(2027, 7, 23, 22, 30, 0, 0, time.UTC) // ends on Sunday 31 October, when clocks go back
		f.createUser("alice")
		end := f.now.Add(100 * day)
		from, to := end.Add(-30*day), end.Add(day)
		days := func(zone *time.Location) []app.DayCount {
			got, err := f.CountDates(f.ctx, f.admin, "acme", "orders", from, to, zone, f.now)
			f.must(err)
			return got
		}
		if got, want := days(time.UTC), []app.DayCount{
			{Day: time.Date(2027, 10, 21, 0, 0, 0, 0, time.UTC), Renewals: 1}, {Day: time.Date(2027, 10, 31, 0, 0, 0, 0, time.UTC), Ends: 1},
		}; !reflect.DeepEqual(got, want) {
			t.Errorf("in UTC %v, want %v", got, want)
		}
		if got, want := days(helsinki), []app.DayCount{
			{Day: time.Date(2027, 10, 22, 0, 0, 0, 0, helsinki), Renewals: 1}, {Day: time.Date(2027, 11, 1, 0, 0, 0, 0, helsinki), Ends: 1},
		}; !reflect.DeepEqual(got, want) {
			t.Errorf("in Helsinki %v, want %v", got, want)
		}
		f.now = end.Add(-10 * day)
		f.sweep()
		f.acknowledge("orders", "alice")
		rows, next, err := f.ListDates(f.ctx, f.admin, "acme", "", from, to, app.Page{}, f.now)
		f.must(err)
		want := []app.DateRow{{
			At: end, What: app.DateEnd, Service: "orders", User: "alice", State: lifecycle.Acknowledged, End: end, Acknowledged: true,
		}}
		if !slices.Equal(rows, want) || next != "" {
			t.Errorf("dates are %+v (next %q), want %+v", rows, next, want)
		}
		whole, _, err := f.ListDates(f.ctx, f.admin, "acme", "", end, end.Add(399*day), app.Page{}, f.now)
		f.must(err)
		var what []string
		for _, row := range whole {
			if row.User == "alice" {
				what = append(what, row.What)
			}
		}
		if !slices.Equal(what, []string{app.DateEnd, app.DateRenewal, app.DateEnd}) {
			t.Errorf("alice's dates are %v", what)
		}
	})
}

func TestListAndVerifyAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		for i := range 5 {
			f.createUser(fmt.Sprintf("user-%d", i))
		}
		list := func(filter app.AuditFilter, before int64, limit int) []app.AuditEntry {
			t.Helper()
			entries, err := f.ListAudit(f.ctx, f.admin, "acme", filter, before, limit, f.now)
			f.must(err)
			return entries
		}
		all := list(app.AuditFilter{}, 0, 0)
		last := all[0].Seq
		if len(all) != int(last) || all[0].User != "user-4" {
			t.Fatalf("%d entries, the newest %+v", len(all), all[0])
		}
		if page := list(app.AuditFilter{}, last-1, 2); len(page) != 2 || page[0].Seq != last-2 {
			t.Errorf("the page before %d is %+v", last-1, page)
		}
		if page := list(app.AuditFilter{Service: "orders", User: "user-2"}, 0, 10); len(page) != 2 || page[1].Action != "user.create" {
			t.Errorf("entries of user-2 are %+v", page)
		}
		verify := func(a *app.App) app.AuditProof {
			t.Helper()
			proof, err := a.VerifyAudit(f.ctx, f.admin, "acme", nil, f.now)
			f.must(err)
			return proof
		}
		if proof := verify(f.App); proof != (app.AuditProof{VerifiedTo: last}) {
			t.Errorf("an untouched log is %+v", proof)
		}
		f.createUser("late") // and its key was seen
		if proof := verify(f.App); proof != (app.AuditProof{VerifiedTo: last + 2}) {
			t.Errorf("after one entry more the log is %+v", proof)
		}
		projectID := f.project("acme")
		f.exec(`UPDATE audit SET actor = 'mallory' WHERE project_id = $1 AND seq = $2`, projectID, last-1)
		if proof := verify(app.New(f.Config)); proof.VerifiedTo != last-2 || proof.BrokenAt != last-1 || !strings.Contains(proof.Reason, "was changed") {
			t.Errorf("a changed entry gives %+v", proof)
		}
		if proof := verify(f.App); proof.BrokenAt != 0 {
			t.Errorf("what was verified is looked at again: %+v", proof)
		}
		for name, filter := range map[string]app.AuditFilter{"all": {}, "some": {Actor: "mallory"}} {
			proof, err := f.VerifyAudit(f.ctx, f.admin, "acme", list(filter, 0, 0), f.now)
			f.must(err)
			if proof.VerifiedTo != last-2 || proof.BrokenAt != last-1 || !strings.Contains(proof.Reason, "was changed") {
				t.Errorf("a changed entry that was verified before and is shown among %s gives %+v", name, proof)
			}
		}
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq = $2`, projectID, last-1)
		if proof := verify(app.New(f.Config)); proof.VerifiedTo != last-2 || proof.BrokenAt != last-1 || !strings.Contains(proof.Reason, "missing") {
			t.Errorf("a missing entry gives %+v", proof)
		}
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq > $2`, projectID, last-2)
		if proof := verify(app.New(f.Config)); proof.VerifiedTo != last-2 || !strings.Contains(proof.Reason, "its head is entry") {
			t.Errorf("a cut tail gives %+v", proof)
		}
		if proof := verify(f.App); proof.BrokenAt != last+2 || !strings.Contains(proof.Reason, "was verified before") {
			t.Errorf("a cut tail gives %+v where it was verified before", proof)
		}
	})
}

// A message about a user is found from that user, once it left.
func TestMessagesAboutAUser(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		about := func(user string) (kinds []string) {
			t.Helper()
			for after := ""; ; {
				messages, next, err := f.ListUserMessages(f.ctx, f.admin, "acme", "orders", user, app.Page{After: after, Limit: 1}, f.now)
				f.must(err)
				for _, m := range messages {
					kinds = append(kinds, string(m.Kind)+string(m.Event))
				}
				if after = next; next == "" {
					return kinds
				}
			}
		}
		says := func(user string, want ...string) {
			t.Helper()
			if got := about(user); !slices.Equal(got, want) {
				t.Errorf("messages about %s at %s are %v, want %v", user, f.now.Format(time.DateOnly), got, want)
			}
		}
		f.createUser("alice")
		f.now = start.Add(5 * day)
		f.createUser("bob")
		hook := f.webhook("hook")
		f.server.Play(smtptest.At(smtptest.To, smtptest.Answer{Code: 450, Text: "greylisted"}))
		f.at(renewal)
		says("alice", "eventrenewal.created")
		f.at(renewal.Add(10 * time.Minute))
		says("alice", "eventrenewal.created") // the digest did not leave yet
		f.server.Play(nil)
		f.at(renewal.Add(2 * time.Hour))
		says("alice", "digest", "eventrenewal.created")
		says("bob")
		f.acknowledge("orders", "alice")
		f.record()
		f.deliver()
		says("alice", "eventrenewal.acknowledged", "digest", "eventrenewal.created")
		hook.events()
		hook.answer = http.StatusGone // for good: nothing more leaves there
		f.at(oldEnd.Add(time.Second))
		if got := about(lifecycle.PrimaryUser); !slices.Contains(got, "urgent") || slices.Contains(got, "eventcertificate.lapsed") {
			t.Errorf("messages about avnadmin are %v", got)
		}
		_, _, err := f.ListUserMessages(f.ctx, f.admin, "acme", "orders", "alice", app.Page{After: "x"}, f.now)
		f.refused(err, app.CodeInvalid)
	})
}

func TestAcknowledgeMany(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		var which []app.RenewalRef
		for i := range 60 { // some transactions
			name := fmt.Sprintf("user-%02d", i)
			f.createUser(name)
			which = append(which, app.RenewalRef{Service: "orders", User: name, Generation: 2})
		}
		f.now = renewal
		f.sweep()
		f.acknowledge("orders", "user-07")
		at := f.now.Add(time.Hour)
		f.now = at
		ilse := f.member("ilse@example.com", app.RoleDeveloper)
		which[10].Generation = 1
		which[20].User = "nobody"
		which[30].Service = "gone"
		which = append(which, which[0], app.RenewalRef{Service: "orders", User: lifecycle.PrimaryUser}) // twice, and the compatible way
		results, err := f.AcknowledgeRenewals(f.ctx, ilse, "acme", which, f.now)
		f.must(err)
		if len(results) != len(which) {
			t.Fatalf("%d results for %d", len(results), len(which))
		}
		for i, r := range results {
			if r.RenewalRef != which[i] {
				t.Fatalf("result %d is about %+v, want %+v", i, r.RenewalRef, which[i])
			}
			switch i {
			case 7:
				if r.Err != nil || r.By != f.admin.Email || !r.At.Equal(renewal) {
					t.Errorf("what was acknowledged before: %+v", r)
				}
			case 10:
				f.refused(r.Err, app.CodeConflict)
			case 20, 30:
				f.refused(r.Err, app.CodeNotFound)
			default:
				if r.Err != nil || r.By != ilse.Email || !r.At.Equal(at) {
					t.Errorf("result %d: %+v", i, r)
				}
			}
		}
		if n := f.audited("renewal.acknowledge"); n != 58 { // 60 users and avnadmin, less three that failed
			t.Errorf("%d acknowledgements were audited, want 58", n)
		}
		f.state("user-10", lifecycle.Expiring)
		f.state("user-59", lifecycle.Acknowledged)

		by, when, err := f.Acknowledgement(f.ctx, ilse, "acme", "orders", "user-07", 2, f.now)
		f.must(err)
		if by != f.admin.Email || !when.Equal(renewal) {
			t.Errorf("user-07 was acknowledged by %q at %s", by, when)
		}
		by, when, err = f.Acknowledgement(f.ctx, ilse, "acme", "orders", "user-10", 0, f.now)
		f.must(err)
		if by != "" || !when.IsZero() {
			t.Errorf("user-10 was acknowledged by %q at %s", by, when)
		}
		_, _, err = f.Acknowledgement(f.ctx, ilse, "acme", "orders", "user-10", 3, f.now)
		f.refused(err, app.CodeNotFound)
		_, err = f.AcknowledgeRenewals(f.ctx, ilse, "acme", make([]app.RenewalRef, 1001), f.now)
		f.refused(err, app.CodeInvalid)
		_, err = f.AcknowledgeRenewals(f.ctx, f.member("reader@example.com", app.RoleReadOnly), "acme", which[:1], f.now)
		f.refused(err, app.CodeForbidden)
		f.clean()
	})
}

// A preview says what the change then does.
func TestPreviewPolicy(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		for i := range 12 {
			f.now = start.Add(time.Duration(i) * 20 * day)
			f.createUser(fmt.Sprintf("user-%02d", i))
		}
		f.addService("clicks", nil)
		f.now = start.Add(600 * day)
		entries := f.audited("policy.set")
		earlier, zone := "400d", `"Europe/Helsinki"`
		patch := app.PolicyPatch{
			Renewal: map[string]*string{"renew_before": &earlier}, Notices: map[string]json.RawMessage{"time_zone": json.RawMessage(zone)},
		}
		preview, err := f.PreviewPolicy(f.ctx, f.admin, "acme", "", patch, f.now)
		f.must(err)
		before, err := f.GetPolicy(f.ctx, f.admin, "acme", "", f.now)
		f.must(err)
		if f.audited("policy.set") != entries || !reflect.DeepEqual(preview.Before, before) {
			t.Errorf("the preview wrote something, or knows another policy: %+v", preview.Before)
		}
		if preview.Users != 14 || len(preview.NextBefore) != 10 || preview.NeedsConfirm {
			t.Errorf("the preview is %+v", preview)
		}
		if first := preview.NextBefore[1]; first.Service != "orders" || !first.At.Equal(renewal) {
			t.Errorf("the first renewals are %+v", preview.NextBefore)
		}
		after, err := f.SetPolicy(f.ctx, f.admin, "acme", "", patch, false, f.now)
		f.must(err)
		if after.Due != preview.DueAtOnce || after.Due == 0 || !reflect.DeepEqual(after, preview.After) {
			t.Errorf("the change is %+v, the preview was %+v", after, preview.After)
		}
		again, err := f.PreviewPolicy(f.ctx, f.admin, "acme", "", app.PolicyPatch{}, f.now)
		f.must(err)
		if !slices.Equal(again.NextBefore, preview.NextAfter) || !slices.Equal(again.NextAfter, preview.NextAfter) {
			t.Errorf("renewals are now %+v, the preview said %+v", again.NextBefore, preview.NextAfter)
		}

		short := "500d" // not twice what is renewed before
		bad := app.PolicyPatch{Renewal: map[string]*string{"validity": &short}}
		_, err = f.PreviewPolicy(f.ctx, f.admin, "acme", "clicks", bad, f.now)
		refused := f.refused(err, app.CodeInvalid)
		_, err = f.SetPolicy(f.ctx, f.admin, "acme", "clicks", bad, false, f.now)
		if other := f.refused(err, app.CodeInvalid); *other != *refused {
			t.Errorf("the preview refuses with %q, the change with %q", refused, other)
		}
		one, err := f.PreviewPolicy(f.ctx, f.admin, "acme", "clicks", app.PolicyPatch{Renewal: map[string]*string{"renew_before": nil}}, f.now)
		f.must(err)
		if one.Users != 1 || one.NextAfter[0].Service != "clicks" {
			t.Errorf("the preview of a service is %+v", one)
		}
	})
}

func TestProjectHealth(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		health := func() app.Health {
			t.Helper()
			h, err := f.ProjectHealth(f.ctx, f.admin, "acme", f.now)
			f.must(err)
			return h
		}
		h := health()
		if !h.LastSweep.IsZero() || h.Overdue != 0 || !h.MailConfigured || h.MailState != app.MailUntried || len(h.Messages) != 0 || h.Channels != nil {
			t.Errorf("at first: %+v", h)
		}
		f.createUser("alice")
		hook := f.webhook("hook")
		hook.answer = http.StatusInternalServerError
		f.now = renewal
		if h := health(); h.Overdue != 2 {
			t.Errorf("%d are overdue, want 2", h.Overdue)
		}
		f.server.Play(smtptest.At(smtptest.To, smtptest.Answer{Code: 450, Text: "greylisted"}))
		f.tick()
		f.at(renewal.Add(10 * time.Minute))
		h = health()
		if h.Overdue != 0 || !h.LastSweep.Equal(f.now) || h.MailState != app.MailFails || !h.MailAt.Equal(f.now) ||
			h.Messages[app.MessageDue] != 3 || h.NewestError == "" || !h.NewestErrorAt.Equal(f.now) {
			t.Errorf("while nothing can be delivered: %+v", h)
		}
		if got := h.Channels; len(got) != 1 || got[0].LastError == "" || !got[0].NextTry.After(renewal) || got[0].LastAt.Before(renewal) {
			t.Errorf("channels are %+v", got)
		} else if got[0].Name != "hook" || got[0].Kind != app.ChannelWebhook || got[0].LastOutcome != app.MessageDue {
			t.Errorf("the channel is %+v", got[0])
		}
		f.server.Play(nil)
		hook.answer = http.StatusNoContent
		f.at(renewal.Add(3 * time.Hour))
		h = health()
		if h.MailState != app.MailWorks || h.Messages[app.MessageSent] != 3 || h.NewestError != "" || h.Channels[0].LastOutcome != app.MessageSent || !h.Channels[0].NextTry.IsZero() {
			t.Errorf("once all is well: %+v", h)
		}
	})
}

func TestHealthWithoutMail(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.service()
	h, err := f.ProjectHealth(f.ctx, f.admin, "acme", f.now)
	f.must(err)
	if h.MailConfigured || h.MailState != app.MailNotSet {
		t.Errorf("without a mail server: %+v", h)
	}
}
