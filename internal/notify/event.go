package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/words"
)

type eventView struct {
	page
	Message, Remedy []phrase
	Facts           []fact
	Steps           *steps
	Console         string
	Why             string
	Project         string
	Service         string
}

// fact is one line of an event's table.
type fact struct {
	Name, Value string
}

// Event writes the mail that states a fact.
func (*Renderer) Event(e app.Event, to string, id int64) (app.Mail, error) {
	zone := orUTC(e.Zone)
	title := headline(e)
	view := eventView{
		page: page{
			Subject: title, Heading: title, Preheader: clean(e.Message),
			Sub: moment(e.At, zone), Server: e.PublicURL,
		},
		Message: phrases(opening(e)), Remedy: phrases(words.Capital(sentence(e.Remedy))), Facts: facts(e),
		Steps: eventSteps(e), Console: e.ConsoleURL, Why: why(e), Project: e.Project, Service: e.Service,
	}
	if e.Project != "" {
		view.Subject += ": " + e.Project
		view.Sub = e.Project + " · " + view.Sub
	}
	document, text, err := write("event.html", view)
	if err != nil {
		return app.Mail{}, err
	}
	return app.Mail{
		To: to, Subject: view.Subject, Text: text, HTML: document,
		MessageID: messageID(e.PublicURL, id, e.At, e.Project),
		ThreadID:  threadID(e.PublicURL, e.Project),
	}, nil
}

// opening is the event's message as the first sentence of a mail. It begins with a
// capital letter, unless with a name.
func opening(e app.Event) string {
	s := sentence(e.Message)
	names := []string{e.User, e.Service}
	if e.Renewal != nil {
		names = append(names, clean(e.Renewal.Acknowledger))
	}
	for _, name := range names {
		if name != "" && strings.HasPrefix(s, name+" ") {
			return s
		}
	}
	return words.Capital(s)
}

// phrase is a stretch of text, or of a command.
type phrase struct {
	Text string
	Code bool
}

// phrases tells the commands of a text from the rest: they stand between backticks.
func phrases(s string) []phrase {
	if strings.Count(s, "`")%2 != 0 {
		return []phrase{{Text: s}}
	}
	var all []phrase
	code := false
	for part := range strings.SplitSeq(s, "`") {
		if part != "" {
			all = append(all, phrase{part, code})
		}
		code = !code
	}
	return all
}

// headline says in a few words what happened, to whom.
func headline(e app.Event) string {
	who := e.User
	switch {
	case e.User != "" && e.Service != "":
		who = e.User + " of " + e.Service
	case e.User == "":
		who = e.Service
	}
	if who == "" {
		who = "a service user"
	}
	switch e.Type {
	case app.EventRenewalCreated:
		return who + " has a new pair"
	case app.EventRenewalWaiting:
		return who + " waits for a new key"
	case app.EventRenewalReminder:
		if e.Renewal != nil && e.Renewal.Waits {
			return who + " waits for a new key"
		}
		return who + " awaits acknowledgement"
	case app.EventRenewalAcknowledged:
		return who + " is acknowledged"
	case app.EventCertificateLapsed:
		return who + " has lapsed"
	case app.EventCertificateRevoked:
		return who + ": certificate revoked"
	case app.EventRenewalFailed:
		return "Renewal failed: " + who
	case app.EventDeliveryFailing:
		return "Messages do not arrive"
	case app.EventSweepStale:
		return "Renewals have stopped"
	case app.EventTest:
		return "A test of Segue's messages"
	}
	return string(e.Type)
}

// facts are what the event is about, beside its message.
func facts(e app.Event) []fact {
	zone := orUTC(e.Zone)
	var all []fact
	if e.Service != "" {
		all = append(all, fact{"Service", e.Service})
	}
	if e.User != "" {
		all = append(all, fact{"User", e.User})
	}
	if p := e.Renewal; p != nil {
		all = append(all, fact{"Generation", fmt.Sprintf("%d, after %d", p.Generation, p.Replaced)})
		ends := "Old pair ends"
		if e.At.After(p.OldNotAfter) {
			ends = "Old pair ended"
		}
		all = append(all, fact{ends, moment(p.OldNotAfter, zone) + ", " + relative(p.OldNotAfter, e.At)})
		if p.Waits {
			all = append(all, fact{"New pair", "waits for a certificate signing request"})
		}
		if !p.NewNotAfter.IsZero() { // an acknowledgement says nothing of it
			all = append(all, fact{"New pair ends", distant(p.NewNotAfter, zone) + ", " + relative(p.NewNotAfter, e.At)})
		}
		if by := clean(p.Acknowledger); by != "" {
			all = append(all, fact{"Acknowledged by", by})
		}
	}
	return all
}

// relative is how far an end is from the event: "in 6 days", or "4 days ago".
func relative(end, at time.Time) string {
	if at.After(end) {
		return ago(end, at)
	}
	return ahead(end, at)
}

// eventSteps are the commands, where somebody has something to do about a renewal.
func eventSteps(e app.Event) *steps {
	if e.Renewal == nil || e.User == "" || e.Service == "" || e.Project == "" {
		return nil
	}
	s := &steps{
		Title:   "What to do, in three steps",
		Project: e.Project, Service: e.Service, User: e.User, Generation: e.Renewal.Generation,
		Fate: "Both pairs work until the old one ends, on " + moment(e.Renewal.OldNotAfter, orUTC(e.Zone)) + ".",
	}
	if s.Waits = e.Renewal.Waits; s.Waits {
		s.Fate = s.worksUntil(e.Renewal.OldNotAfter, orUTC(e.Zone))
	}
	switch e.Type {
	case app.EventRenewalCreated, app.EventRenewalWaiting, app.EventRenewalReminder:
		return s
	case app.EventCertificateLapsed:
		s.Fate = "Its old pair works no longer."
		return s
	}
	return nil
}

// why says why somebody gets a mail about an event.
func why(e app.Event) string {
	of := ""
	if e.Project != "" {
		of = " of " + e.Project
	}
	switch e.Type {
	case app.EventRenewalFailed, app.EventDeliveryFailing, app.EventSweepStale:
		return "Admins and operators" + of + " hear at once of what keeps renewals or messages from happening."
	case app.EventTest:
		return "An admin" + of + " asked for a test message to this address."
	}
	return "You are among the people" + of + " who are told of renewals."
}
