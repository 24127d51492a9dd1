package console

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func TestOverview(t *testing.T) {
	r := newRig(t)
	page := r.admin().get(demo).ok().shows(
		"2 services · 13 users · times in UTC", "Lapsed 2", "Lapsed 41 days ago", "Ends within 7 days 2", "6 days left",
		"Awaiting acknowledgement 2", "Expiring in 41 days", "Audit chain verified to entry", "nothing was due yet",
		"Segue acknowledged generation 2 of refunds", "24–30 Nov", "Jan 2027",
	)
	if got := page.link("Review 6 renewals"); got != demo+"/renewals" {
		t.Error("the way to the work list is", got)
	}
	at := 0
	for _, user := range []string{"ads-export", "fraud-scoring", "inventory-cdc", "orders-writer", "billing-sink", "audit-export"} {
		found := strings.Index(page.text()[at:], user)
		if found < 0 {
			t.Fatalf("%s is not shown, or before somebody more urgent", user)
		}
		at += found
	}
	if got := page.link("Acknowledge certificate of orders-writer"); got != writer+"/acknowledge" {
		t.Error("acknowledging leads to", got)
	}
	page.one("summary", "aria-label", "More actions for orders-writer")
	page.one("svg", "aria-label", "2 lapsed, 4 expiring, 1 acknowledged, 6 valid")
	page.one("svg", "aria-label", "old pair ends 30 Nov 2026, new pair ends "+day(r.user("orders-writer").Current.NotAfter, time.UTC))
}

func TestOverviewByRole(t *testing.T) {
	r := newRig(t)
	r.developer().get(demo).ok().shows("Acknowledge certificate")
	page := r.reader().get(demo).ok().shows("orders-writer", "6 days left")
	page.lacks("Acknowledge certificate", "More actions", "/acknowledge", "/key")
}

// TestOverviewWhenAllIsDone acknowledges everything: what needs a person is gone.
func TestOverviewWhenAllIsDone(t *testing.T) {
	r := newRig(t)
	r.acknowledgeAll()
	page := r.admin().get(demo).ok().shows("Nothing needs a person now", "Segue renews the next pair on")
	if page.hasLink("Review 6 renewals") || strings.Contains(page.text(), "Acknowledge certificate") {
		t.Error("a finished work list offers work")
	}
}

// acknowledgeAll acknowledges every renewal of the demo that awaits it.
func (r *rig) acknowledgeAll() {
	r.t.Helper()
	found, _, err := r.app.ListRenewals(r.t.Context(), app.System(), app.DemoProject, app.Page{}, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range found {
		if err := r.app.AcknowledgeRenewal(r.t.Context(), app.System(), app.DemoProject, p.Service, p.User, p.Generation, r.now); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestOverviewOfAnEmptyProject(t *testing.T) {
	r := newRig(t)
	if _, err := r.app.CreateProject(t.Context(), app.System(), app.NewProject{Name: "shop"}, r.now); err != nil {
		t.Fatal(err)
	}
	page := r.admin().get("/projects/shop").ok().shows("No service yet", "segue service create kafka-orders --project shop")
	if got := page.link("Add service"); got != "/projects/shop/new-service" {
		t.Error("the first step leads to", got)
	}
}

// TestOverviewSaysThatTheChainIsBroken changes an entry behind Segue's back.
func TestOverviewSaysThatTheChainIsBroken(t *testing.T) {
	v := overviewView{Proof: app.AuditProof{VerifiedTo: 3, BrokenAt: 4, Reason: "entry 4 was changed."}}
	if got := v.proofWords(); got != "Audit chain broken at entry 4: entry 4 was changed" {
		t.Error(got)
	}
	v.Proof = app.AuditProof{VerifiedTo: 18_204}
	if got := v.proofWords(); got != "Audit chain verified to entry 18,204" {
		t.Error(got)
	}
}

func TestNeededGroups(t *testing.T) {
	row := func(state lifecycle.State, end time.Duration) app.RenewalView {
		return app.RenewalView{State: state, PendingRenewal: app.PendingRenewal{OldNotAfter: t0.Add(end)}}
	}
	const day = 24 * time.Hour
	lapsed, near, far := row(lifecycle.Lapsed, -day), row(lifecycle.Expiring, 3*day), row(lifecycle.Expiring, 30*day)
	for name, c := range map[string]struct {
		rows []app.RenewalView
		c    app.StateCounts
		want string
		more int
	}{
		"all shown":               {[]app.RenewalView{lapsed, near, far, far}, app.StateCounts{Lapsed: 1, Expiring: 3}, "Lapsed 1, Ends within 7 days 1, Awaiting acknowledgement 2", 0},
		"cut among those waiting": {[]app.RenewalView{lapsed, near, far}, app.StateCounts{Lapsed: 1, Expiring: 90}, "Lapsed 1, Ends within 7 days 1, Awaiting acknowledgement 89", 88},
		"cut among those near":    {[]app.RenewalView{lapsed, near}, app.StateCounts{Lapsed: 1, Expiring: 90}, "Lapsed 1, Ends within 7 days 0", 89},
		"cut among the lapsed":    {[]app.RenewalView{lapsed}, app.StateCounts{Lapsed: 70, Expiring: 1}, "Lapsed 70", 70},
		"none":                    {nil, app.StateCounts{Valid: 3}, "", 0},
	} {
		groups, more := neededGroups(c.rows, c.c, t0)
		var got []string
		for _, g := range groups {
			got = append(got, fmt.Sprintf("%s %d", g.Title, g.Count))
		}
		if words := strings.Join(got, ", "); words != c.want || more != c.more {
			t.Errorf("%s: %s, %d more, want %s, %d more", name, words, more, c.want, c.more)
		}
	}
}

func TestStateShares(t *testing.T) {
	for _, c := range []app.StateCounts{
		{Lapsed: 1, Expiring: 5, Acknowledged: 4, Valid: 302},
		{Valid: 7},
		{Lapsed: 1, Valid: 10_000_000},
		{Lapsed: 3, Expiring: 3, Acknowledged: 3, Valid: 3},
		{Expiring: 1, Acknowledged: 30, Valid: 2},
	} {
		shares := stateShares(c)
		end := 0.0
		for i, s := range shares {
			x, width := pixels(t, s.X), pixels(t, s.Width)
			if i > 0 && math.Abs(x-end-shareGap) > .1 {
				t.Errorf("%+v: part %d begins at %.1f, the one before ends at %.1f", c, i, x, end)
			}
			if end = x + width; width < shareLeast-.1 {
				t.Errorf("%+v: part %d is %.1f pixels wide", c, i, width)
			}
		}
		if math.Abs(end-shareNominal) > .1 {
			t.Errorf("%+v: the bar ends at %.1f of %d", c, end, shareNominal)
		}
	}
	if got := stateShares(app.StateCounts{}); len(got) != 0 {
		t.Errorf("nobody has %d parts", len(got))
	}
}

func pixels(t *testing.T, share string) (x float64) {
	t.Helper()
	if _, err := fmt.Sscanf(share, "%f%%", &x); err != nil {
		t.Fatal(err)
	}
	return x * shareNominal / 100
}

func TestYear(t *testing.T) {
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	// Still October in UTC, November in Helsinki.
	now := time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC)
	y := emptyYear(now, helsinki)
	if y.From.Format(time.RFC3339) != "2026-11-01T00:00:00+02:00" || y.To.Format(time.RFC3339) != "2027-11-01T00:00:00+02:00" {
		t.Errorf("the year is %s to %s", y.From, y.To)
	}
	if len(y.Months) != 12 || y.Months[0].Label != "Nov" || y.Months[2].Label != "Jan 2027" || y.Months[11].Label != "Oct" {
		t.Errorf("months: %+v", y.Months)
	}
	y = emptyYear(t0, helsinki)
	if y.Months[0].Label != "24–30 Nov" {
		t.Errorf("the rest of the month is %q", y.Months[0].Label)
	}
	day := func(month time.Month, d int) time.Time { return time.Date(2027, month, d, 0, 0, 0, 0, helsinki) }
	y.fill([]app.DayCount{
		{Day: day(3, 12), Renewals: 2}, {Day: day(6, 9), Ends: 1}, {Day: day(6, 10), Ends: 31}, {Day: day(10, 31), Ends: 2, Renewals: 1},
	})
	if y.Months[4].Renewals != 2 || y.Months[7].Ends != 32 || y.Months[11].Ends != 2 || !y.First.Equal(day(3, 12)) {
		t.Errorf("filled: %+v", y)
	}
	if y.Busiest != "10 Jun 2027: 31 pairs end on one day." {
		t.Errorf("busiest: %q", y.Busiest)
	}
	if emptyYear(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), time.UTC).Months[0].Label != "30 Nov" {
		t.Error("the last day of a month is no range")
	}
}

func TestBusiest(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2027, 3, d, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		days []app.DayCount
		want string
	}{
		"nothing":       {nil, ""},
		"few":           {[]app.DayCount{{Day: day(1), Ends: 4}}, ""},
		"one day":       {[]app.DayCount{{Day: day(1), Ends: 5}}, "1 Mar 2027: 5 pairs end on one day."},
		"all alike":     {[]app.DayCount{{Day: day(1), Ends: 40}, {Day: day(2), Ends: 41}}, ""},
		"renewals":      {[]app.DayCount{{Day: day(1), Renewals: 2}, {Day: day(2), Renewals: 44}, {Day: day(3), Renewals: 3}}, "2 Mar 2027: 44 renewals are due on one day."},
		"ends and more": {[]app.DayCount{{Day: day(1), Ends: 9, Renewals: 8}}, "1 Mar 2027: 9 pairs end on one day."},
	} {
		if got := busiest(c.days, time.UTC); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestScale(t *testing.T) {
	for most, want := range map[int]string{0: "0 1", 1: "0 1", 3: "0 1 2 3", 5: "0 2 4 6", 44: "0 20 40 60", 13_700: "0 5,000 10,000 15,000"} {
		lines, top := year{Months: []monthCount{{Ends: most}}}.scale()
		var words []string
		for _, l := range lines {
			words = append(words, l.Words)
			if l.Y < chartTop-.01 || l.Y > chartBottom+.01 {
				t.Errorf("%d: line %s lies outside at %.1f", most, l.Words, l.Y)
			}
		}
		if got := strings.Join(words, " "); got != want || top < most {
			t.Errorf("%d: %s to %d, want %s", most, got, top, want)
		}
	}
}

func TestHealthLines(t *testing.T) {
	at := t0.Add(-14 * time.Second)
	for name, c := range map[string]struct {
		health app.Health
		want   string
	}{
		"running":    {app.Health{LastSweep: at, MailState: app.MailUntried}, "Sweep: 14 seconds ago; nothing overdue (Running)"},
		"behind":     {app.Health{LastSweep: at, Overdue: 3, MailState: app.MailUntried}, "Sweep: 14 seconds ago; 3 users overdue (Behind)"},
		"new":        {app.Health{MailState: app.MailNotSet}, "Mail: no mail server is set; mails stay in the Outbox (Kept)"},
		"mail works": {app.Health{MailState: app.MailWorks, MailAt: at}, "Mail: last sent 24 Nov, 08:59 (Delivered)"},
		"mail fails": {app.Health{MailState: app.MailFails, MailAt: at, NewestError: "550 no such box"}, "Mail: 550 no such box; last tried 24 Nov, 08:59 (Failing)"},
		"given up":   {app.Health{Messages: map[app.MessageState]int{app.MessageDead: 2}}, "Messages: 2 messages given up; the Outbox sends them again (Given up)"},
		"retrying": {app.Health{Channels: []app.ChannelHealth{{Name: "ops-pager", Kind: app.ChannelWebhook, LastOutcome: app.MessageDue, LastError: "HTTP 503", NextTry: t0.Add(time.Hour)}}},
			"Webhook ops-pager: HTTP 503; next try 24 Nov, 10:00 (Retrying)"},
	} {
		var words []string
		for _, l := range healthLines(c.health, t0, time.UTC) {
			words = append(words, fmt.Sprintf("%s: %s (%s)", l.Name, l.Fact, l.Words))
		}
		if got := strings.Join(words, "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n%s\nwant %s", name, got, c.want)
		}
	}
}

// TestOverviewRefreshesBySelecting: what the page asks for again is itself.
func TestOverviewRefreshesBySelecting(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	live := c.get(demo).one("div", "id", "overview", "hx-trigger", "every 20s")
	if attr(live, "hx-get") != demo || attr(live, "hx-select") != "#overview" {
		t.Errorf("the overview asks for %s, %s", attr(live, "hx-get"), attr(live, "hx-select"))
	}
	c.get(attr(live, "hx-get")).status(http.StatusOK).one("div", "id", "overview")
}
