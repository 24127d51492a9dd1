package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func (s *server) overviewRoutes() {
	s.mux.HandleFunc("GET /projects/{project}", s.inProject("overview", (*visit).overviewPage))
}

// What the overview holds at most.
const (
	neededShown = 20
	lastEntries = 5
)

// neededWidth is how wide the work list's axis is at least, in pixels.
const neededWidth = 234

// overviewView is a project at a glance, what needs a person first.
type overviewView struct {
	frame
	Services int
	Counts   app.StateCounts
	Groups   []neededGroup
	More     int // renewals that are not shown
	Axis     axis
	Year     year
	Health   []healthLine
	Entries  []app.AuditEntry
	Proof    app.AuditProof
}

func (v *visit) overviewPage() error {
	ctx, o := v.r.Context(), overviewView{frame: v.frame, Axis: workAxis(v.now, v.frame.Zone).within(neededWidth)}
	totals, err := v.App.TotalServices(ctx, v.actor, o.Project, v.now)
	if err != nil {
		return err
	}
	if o.Services = totals.Services; o.Services == 0 {
		return v.show("Overview", emptyOverview(v.frame))
	}
	if o.Counts, err = v.App.CountUsers(ctx, v.actor, o.Project, "", v.now); err != nil {
		return err
	}
	needed, _, err := v.App.ListRenewals(ctx, v.actor, o.Project, app.Page{Limit: neededShown}, v.now)
	if err != nil {
		return err
	}
	o.Groups, o.More = neededGroups(needed, o.Counts, v.now)
	if err := v.overviewSides(&o); err != nil {
		return err
	}
	return v.show("Overview", overviewPage(o))
}

// overviewSides reads what stands around the work list.
func (v *visit) overviewSides(o *overviewView) error {
	ctx := v.r.Context()
	o.Year = emptyYear(v.now, o.Zone)
	days, err := v.App.CountDates(ctx, v.actor, o.Project, "", o.Year.From, o.Year.To, o.Zone, v.now)
	if err != nil {
		return err
	}
	o.Year.fill(days)
	health, err := v.App.ProjectHealth(ctx, v.actor, o.Project, v.now)
	if err != nil {
		return err
	}
	o.Health = healthLines(health, v.now, o.Zone)
	if o.Entries, err = v.App.ListAudit(ctx, v.actor, o.Project, app.AuditFilter{}, 0, lastEntries, v.now); err != nil {
		return err
	}
	o.Proof, err = v.App.VerifyAudit(ctx, v.actor, o.Project, o.Entries, v.now)
	return err
}

// waiting counts what needs a person.
func (o overviewView) waiting() int { return o.Counts.Lapsed + o.Counts.Expiring }

// neededGroup is the renewals of one urgency.
type neededGroup struct {
	Title, Then string
	Count       int // of all; 0: unknown, as the list was cut within the group
	Rows        []app.RenewalView
}

// byUrgency splits renewals, most urgent first, by urgency; some groups may be empty.
func byUrgency(rows []app.RenewalView, now time.Time) []neededGroup {
	all := []neededGroup{
		{Title: "Lapsed", Then: "The old pair no longer works; only the new one does."},
		{Title: "Ends within 7 days", Then: "Both pairs work until then."},
		{Title: "Awaiting acknowledgement", Then: "Put the new pair in use, then acknowledge."},
	}
	for _, r := range rows {
		i := 2
		switch {
		case r.State == lifecycle.Lapsed:
			i = 0
		case r.OldNotAfter.Sub(now) < soon:
			i = 1
		}
		all[i].Rows = append(all[i].Rows, r)
	}
	return all
}

// neededGroups splits the beginning of the work list by urgency; more is how many
// renewals it leaves out.
func neededGroups(rows []app.RenewalView, c app.StateCounts, now time.Time) (groups []neededGroup, more int) {
	all := byUrgency(rows, now)
	total := c.Lapsed + c.Expiring
	more = max(total-len(rows), 0)
	for i := range all {
		all[i].Count = len(all[i].Rows)
	}
	switch { // the last group shown may go on beyond the list
	case more == 0:
	case all[2].Count > 0:
		all[2].Count = total - all[0].Count - all[1].Count
	case all[1].Count > 0:
		all[1].Count = 0
	default:
		all[0].Count = c.Lapsed
	}
	return slices.DeleteFunc(all, func(g neededGroup) bool { return len(g.Rows) == 0 }), more
}

// renewalTimeline is a renewal's old and new pair on an axis.
func renewalTimeline(a axis, r app.RenewalView) timeline {
	old := app.PairSpan{Generation: r.Replaced, NotBefore: r.OldNotBefore, NotAfter: r.OldNotAfter}
	return drawn(a, &old, r.NewNotBefore, r.NewNotAfter, r.State)
}

// oldEndWords says when a renewal's old pair ends: to the minute where that is
// near, and whether reminders are silent.
func oldEndWords(r app.RenewalView, now time.Time, zone *time.Location) string {
	words := "old ends " + dayWithin(r.OldNotAfter, now, zone)
	switch {
	case r.State == lifecycle.Lapsed:
		words = "old ended " + moment(r.OldNotAfter, now, zone)
	case r.OldNotAfter.Sub(now) < soon:
		words = "old ends " + moment(r.OldNotAfter, now, zone)
	}
	if r.SnoozedUntil.After(now) {
		words += " · snoozed until " + dayWithin(r.SnoozedUntil, now, zone)
	}
	return words
}

// dayWithin is a date, without the year where it is this one's.
func dayWithin(t, now time.Time, zone *time.Location) string {
	if t.In(zone).Year() == now.In(zone).Year() {
		return t.In(zone).Format("2 Jan")
	}
	return day(t, zone)
}

// happened is when something was, in a narrow column: "11:04", "Yesterday", "18 Nov".
func happened(t, now time.Time, zone *time.Location) string {
	switch today := startOfDay(now, zone); {
	case !t.Before(today):
		return t.In(zone).Format("15:04")
	case !t.Before(today.AddDate(0, 0, -1)):
		return "Yesterday"
	}
	return dayWithin(t, now, zone)
}

func startOfDay(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// inService is the frame of a service for what only needs its name.
func (f frame) inService(name string) serviceFrame {
	return serviceFrame{frame: f, Service: app.ServiceView{Service: app.Service{Name: name}}}
}

// zoneWords names the zone that times are shown in.
func (o overviewView) zoneWords() string { return "times in " + o.Zone.String() }

func (o overviewView) proofWords() string {
	if o.Proof.BrokenAt > 0 {
		return fmt.Sprintf("Audit chain broken at entry %s: %s", number(int(o.Proof.BrokenAt)), strings.TrimSuffix(o.Proof.Reason, "."))
	}
	return "Audit chain verified to entry " + number(int(o.Proof.VerifiedTo))
}
