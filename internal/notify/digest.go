package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

type digestView struct {
	page
	Project     string
	Figures     []figure
	Sections    []section
	Elsewhere   string // what awaits in services that have no section; empty for nothing
	First, Last string // months of the axis; empty where no bars are drawn
	Console     string
	Open        string // the button's words
	Steps       *steps
	Calendar    string // what is attached; empty for nothing
	Why         string
	AtOnce      bool
	AuditSeq    string
	AuditMAC    string
	Example     string // a service to look at
}

// figure is a number with its words, in the tone of its urgency.
type figure struct {
	Number, Words, Tone string
}

type section struct {
	Service string
	Counts  string
	Link    string
	Items   []item
	More    string // how many are not listed; empty for none
}

type item struct {
	User, Link  string
	State, Tone string
	Old, New    string
	Bars        bars
}

// Digest writes the mail that says what a project's people have to do.
func (*Renderer) Digest(d app.Digest, id int64) (app.Mail, error) {
	d.Zone = orUTC(d.Zone)
	found := survey(d)
	view := digestView{
		page: page{
			Subject:   found.subject() + ": " + d.Project,
			Preheader: found.preheader(),
			Heading:   found.heading(),
			Sub:       fmt.Sprintf("%s · %s · times in %s", d.Project, d.Now.In(d.Zone).Format("Monday 2 January 2006, 15:04"), d.Zone),
			Server:    d.PublicURL,
		},
		Project: d.Project, Figures: found.figures(), Console: d.ConsoleURL, Why: capital(sentence(d.Why)), AtOnce: d.Urgent,
		Steps: found.steps(), AuditMAC: d.AuditMAC,
	}
	if d.AuditMAC != "" {
		view.AuditSeq = number(d.AuditSeq)
	}
	view.addSections(d)
	if found.total() > 0 {
		view.Open = "Open " + count(found.total(), "renewal", "renewals") + " in the console"
	}
	entry, err := found.calendar()
	if err != nil {
		return app.Mail{}, err
	}
	if entry != nil {
		view.Calendar = fmt.Sprintf("%s on %s", found.next.User, moment(found.next.OldNotAfter, d.Zone))
	}
	document, text, err := write("digest.html", view)
	if err != nil {
		return app.Mail{}, err
	}
	return app.Mail{
		To: d.Recipient, Subject: view.Subject, Text: text, HTML: document, Calendar: entry,
		MessageID: messageID(d.PublicURL, id, d.Recorded, d.Project),
		ThreadID:  threadID(d.PublicURL, d.Project),
	}, nil
}

func (v *digestView) addSections(d app.Digest) {
	scale := newAxis(d.Now, d.Zone)
	for _, s := range d.Sections {
		out := section{Service: s.Service, Counts: counts(s.ServiceSummary)}
		if s.More > 0 {
			out.More = number(int64(s.More))
		}
		if d.ConsoleURL != "" {
			out.Link = d.ConsoleURL + "/services/" + s.Service + "/users"
		}
		for _, i := range s.Items {
			out.Items = append(out.Items, newItem(i, out.Link, scale, d))
			v.First, v.Last = scale.months()
		}
		v.Sections = append(v.Sections, out)
	}
	if d.MoreServices > 0 {
		v.Elsewhere = count(d.MoreRenewals, "renewal", "renewals") + " in " + count(d.MoreServices, "other service", "other services")
	}
	if len(v.Sections) > 0 {
		v.Example = v.Sections[0].Service
	}
}

// counts is what a service's heading says beside its name.
func counts(s app.ServiceSummary) string {
	var parts []string
	for _, c := range []struct {
		n     int
		words string
	}{{s.Lapsed, "lapsed"}, {s.Awaiting, "to acknowledge"}, {s.Snoozed, "snoozed"}, {s.Renewed, "newly renewed"}} {
		if c.n > 0 {
			parts = append(parts, number(int64(c.n))+" "+c.words)
		}
	}
	return strings.Join(parts, ", ")
}

func newItem(i app.DigestItem, serviceLink string, scale axis, d app.Digest) item {
	out := item{
		User: i.User,
		Old:  "Old pair ends " + moment(i.OldNotAfter, d.Zone),
		New: fmt.Sprintf("New pair (generation %d) ends %s, %s",
			i.Generation, distant(i.NewNotAfter, d.Zone), ahead(i.NewNotAfter, d.Now)),
		Bars: scale.draw(i.OldNotBefore, i.OldNotAfter, i.NewNotBefore, i.NewNotAfter),
	}
	if serviceLink != "" {
		out.Link = serviceLink + "/" + i.User
	}
	switch renewed := newness(i, d); {
	case i.Lapsed:
		out.State, out.Tone = "Lapsed "+ago(i.OldNotAfter, d.Now), "bad"
		out.Old = "Old pair ended " + moment(i.OldNotAfter, d.Zone)
	case lifecycle.Urgent(i.OldNotAfter, d.Now):
		out.State, out.Tone = capital(span(i.OldNotAfter.Sub(d.Now)))+" left", "bad"
	case renewed != "":
		out.State, out.Tone = "Renewed "+renewed, "new"
		out.Old += ", " + ahead(i.OldNotAfter, d.Now)
	default:
		out.State, out.Tone = "Expiring "+ahead(i.OldNotAfter, d.Now), "warn"
	}
	return out
}

// newness is "today" or "yesterday" for a pair made then, else empty.
func newness(i app.DigestItem, d app.Digest) string {
	made := i.NewNotBefore.Add(lifecycle.Backdate).In(d.Zone).Format(time.DateOnly)
	now := d.Now.In(d.Zone)
	switch made {
	case now.Format(time.DateOnly):
		return "today"
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "yesterday"
	}
	return ""
}

// findings is what a digest's items come to, most urgent first.
type findings struct {
	app.Digest
	lead   *placed // the first item: what the steps are about
	lapsed *placed // the first lapsed one
	next   *placed // the first that still works: the next end
	soon   int     // listed ones that end within lifecycle.UrgentWithin
	cut    bool    // more may end as soon, but are not listed
}

// placed is an item with where it belongs.
type placed struct {
	app.DigestItem
	Service string
}

func survey(d app.Digest) findings {
	f := findings{Digest: d}
	more, later := d.MoreRenewals, 0
	for _, s := range d.Sections {
		more += s.More
		for _, i := range s.Items {
			p := &placed{i, s.Service}
			if f.lead == nil {
				f.lead = p
			}
			switch {
			case i.Lapsed:
				if f.lapsed == nil {
					f.lapsed = p
				}
				continue
			case lifecycle.Urgent(i.OldNotAfter, d.Now):
				f.soon++
			default:
				later++
			}
			if f.next == nil || i.OldNotAfter.Before(f.next.OldNotAfter) {
				f.next = p
			}
		}
	}
	f.cut = more > 0 && later == 0 && f.soon > 0
	return f
}

// total is how many renewals there are to acknowledge.
func (f findings) total() int { return f.Awaiting + f.Lapsed }

// rest is how many are left to acknowledge after those already named.
func (f findings) rest(named int) int { return max(f.total()-named, 0) }

// subject says the most urgent first; the project's name follows it.
func (f findings) subject() string {
	var parts []string
	named := 0
	switch {
	case f.lapsed != nil && f.Lapsed <= 1:
		parts, named = append(parts, f.lapsed.User+" lapsed "+ago(f.lapsed.OldNotAfter, f.Now)), 1
	case f.Lapsed > 0:
		parts, named = append(parts, number(int64(f.Lapsed))+" lapsed"), f.Lapsed
	}
	if f.next != nil && (f.Lapsed == 0 || f.soon > 0) {
		parts = append(parts, f.next.User+" ends "+ahead(f.next.OldNotAfter, f.Now))
		named++
	}
	switch rest := f.rest(named); {
	case rest > 0 && named > 0:
		parts = append(parts, count(rest, "more awaits", "more await")+" acknowledgement")
	case rest > 0:
		parts = append(parts, count(rest, "renewal awaits", "renewals await")+" acknowledgement")
	case named == 0:
		parts = append(parts, "Nothing awaits acknowledgement")
		if f.Renewed > 0 {
			parts = append(parts, number(int64(f.Renewed))+" renewed")
		}
	}
	return strings.Join(parts, ", ")
}

// heading counts what has stopped and what stops next.
func (f findings) heading() string {
	var parts []string
	if f.Lapsed > 0 {
		parts = append(parts, count(f.Lapsed, "pair has lapsed", "pairs have lapsed"))
	}
	one, many := "pair stops working ", "pairs stop working "
	if len(parts) > 0 {
		one, many = "stops working ", "stop working "
	}
	switch {
	case f.cut:
		parts = append(parts, "at least "+count(f.soon, one, many)+"within 7 days")
	case f.soon == 1:
		parts = append(parts, "1 "+one+ahead(f.next.OldNotAfter, f.Now))
	case f.soon > 1:
		parts = append(parts, count(f.soon, one, many)+"within 7 days")
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case f.Awaiting > 0:
		return count(f.Awaiting, "new pair awaits acknowledgement", "new pairs await acknowledgement")
	}
	return "Nothing awaits acknowledgement"
}

// preheader names what is most urgent, for the list of mails.
func (f findings) preheader() string {
	var parts []string
	if f.lapsed != nil {
		parts = append(parts, f.lapsed.User+" lapsed "+ago(f.lapsed.OldNotAfter, f.Now))
	}
	if f.next != nil {
		parts = append(parts, f.next.User+" stops working on "+moment(f.next.OldNotAfter, f.Zone))
	}
	switch {
	case len(parts) > 0 && f.total() == 1:
		return strings.Join(parts, "; ") + ". The new pair is ready."
	case len(parts) > 0:
		return strings.Join(parts, "; ") + ". The new pairs are ready."
	}
	return "No renewal waits for you."
}

// figures are the numbers under the heading; those that are 0 say nothing.
func (f findings) figures() []figure {
	soon := number(int64(f.soon))
	if f.cut {
		soon += "+"
	}
	rest := max(f.Awaiting-f.soon, 0)
	words := "to acknowledge"
	if f.Lapsed+f.soon > 0 {
		words = "more " + words
	}
	ends := "end within 7 days"
	if f.soon == 1 {
		ends = "ends within 7 days"
	}
	var shown []figure
	for _, c := range []struct {
		n int
		figure
	}{
		{f.Lapsed, figure{number(int64(f.Lapsed)), "lapsed", "cbad"}},
		{f.soon, figure{soon, ends, "cbad"}},
		{rest, figure{number(int64(rest)), words, "cwarn"}},
		{f.Renewed, figure{number(int64(f.Renewed)), "newly renewed", "cnew"}},
		{f.Snoozed, figure{number(int64(f.Snoozed)), "snoozed", "cmu"}},
	} {
		if c.n > 0 {
			shown = append(shown, c.figure)
		}
	}
	return shown
}

// steps says what to do, with the commands of the most urgent item.
func (f findings) steps() *steps {
	if f.lead == nil {
		return nil
	}
	s := &steps{
		Title:   "What to do, in three steps",
		Project: f.Project, Service: f.lead.Service, User: f.lead.User, Generation: f.lead.Generation,
		Fate: "Both pairs work until the old one ends, on " + moment(f.lead.OldNotAfter, f.Zone) + ".",
	}
	if f.total() > 1 {
		s.Title = "Three steps for each, " + f.lead.User + " first"
	}
	if f.lead.Lapsed {
		s.Fate = "Its old pair works no longer."
	}
	return s
}
