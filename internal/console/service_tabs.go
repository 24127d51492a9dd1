package console

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// usersSuggested is how many names the choice of a user for the snippets offers.
const usersSuggested = 50

// serviceOverview is the first tab of a service.
type serviceOverview struct {
	serviceFrame
	Notes   []app.Notification
	Snippet snippet
	Conn    connection
	Users   []string // suggested
	Wanted  string   // a user that was asked for and is not there; empty: none
}

func (v *visit) serviceOverview(f serviceFrame) error {
	o := serviceOverview{serviceFrame: f, Conn: connection{Project: f.Project, Service: f.Service.Name, Brokers: f.Service.Bootstrap()}}
	for _, n := range f.Service.Notifications {
		if n.Type != app.NoteCertificatesExpiring { // the banner says it
			o.Notes = append(o.Notes, n)
		}
	}
	if err := v.chooseUser(&o); err != nil {
		return err
	}
	o.Snippet = snippetFor(v.r.URL.Query().Get("client"), o.Conn)
	return v.show(f.Service.Name, serviceOverviewPage(o))
}

// chooseUser takes the user that was asked for, or the first that is not the
// primary one.
func (v *visit) chooseUser(o *serviceOverview) error {
	ctx, f := v.r.Context(), o.serviceFrame
	found, _, err := v.App.FindUsers(ctx, v.actor, f.Project, f.Service.Name, app.UserFilter{Sort: app.SortName}, app.Page{Limit: usersSuggested}, v.now)
	if err != nil {
		return err
	}
	o.Conn.User = primaryUser
	for _, u := range found {
		o.Users = append(o.Users, u.Name)
		if o.Conn.User == primaryUser {
			o.Conn.User = u.Name
		}
	}
	wanted := v.r.URL.Query().Get("user")
	if wanted == "" {
		return nil
	}
	switch _, err := v.App.DescribeUser(ctx, v.actor, f.Project, f.Service.Name, wanted, v.now); {
	case isCode(err, app.CodeNotFound):
		o.Wanted = wanted
	case err != nil:
		return err
	default:
		o.Conn.User = wanted
	}
	return nil
}

// at is the tab with another client chosen.
func (o serviceOverview) at(client string) string {
	return withQuery(o.path(), "client", client) + "&" + withQuery("", "user", o.Conn.User)[1:] + "#connect"
}

// serviceCA answers with the certificates that clients verify brokers with.
func (v *visit) serviceCA(f serviceFrame) error {
	pem, err := v.App.ProjectCA(v.r.Context(), v.actor, f.Project, v.now)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/x-pem-file")
	h.Set("Content-Disposition", `attachment; filename="`+caFile+`"`)
	_, _ = v.w.Write([]byte(pem)) // a client that went away
	return nil
}

// messagesShown is how many of the last messages the tab of notifications shows.
const messagesShown = 10

// serviceNotices is the tab of who is told about a service.
type serviceNotices struct {
	serviceFrame
	Recipients []app.Recipient
	Channels   []app.Channel
	Messages   []app.Message
	Contacts   string // one a line
	Refused    string
}

func (v *visit) serviceNotices(f serviceFrame) error {
	return v.serviceNoticesWith(f, http.StatusOK, serviceNotices{Contacts: strings.Join(f.Service.TechEmails, "\n")})
}

func (v *visit) serviceNoticesWith(f serviceFrame, status int, n serviceNotices) error {
	ctx, err := v.r.Context(), error(nil)
	n.serviceFrame = f
	if n.Recipients, err = v.App.ListRecipients(ctx, v.actor, f.Project, f.Service.Name, v.now); err != nil {
		return err
	}
	if n.Channels, err = v.App.ListChannels(ctx, v.actor, f.Project, v.now); err != nil {
		return err
	}
	if n.Messages, _, err = v.App.ListMessages(ctx, v.actor, f.Project, "", app.Page{Limit: messagesShown}, v.now); err != nil {
		return err
	}
	return v.showAs(status, f.Service.Name+" notifications", serviceNoticesPage(n))
}

func (v *visit) setServiceContacts(f serviceFrame) error {
	if err := v.form(); err != nil {
		return err
	}
	typed := v.r.PostForm.Get("contacts")
	if err := v.App.SetContacts(v.r.Context(), v.actor, f.Project, f.Service.Name, addresses(typed), v.now); err != nil {
		status, e := v.refusal(err)
		return v.serviceNoticesWith(f, status, serviceNotices{Contacts: typed, Refused: inForm(e.Message)})
	}
	said := "The contacts of " + f.Service.Name + " are stored."
	if len(addresses(typed)) == 0 {
		said = f.Service.Name + " has no contacts of its own now: the project's are told."
	}
	return v.done(f.path("notifications"), said)
}

// addresses are what a person typed, one a line or separated by commas.
func addresses(typed string) []string {
	return strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(", ;\r\n\t", r) })
}

// activityShown is how many entries a page of a service's activity has.
const activityShown = 50

// serviceActivity is the tab of what happened in a service.
type serviceActivity struct {
	serviceFrame
	Entries []app.AuditEntry
	Before  int64 // the page begins before this entry; 0: with the newest
	Next    int64 // the page after it begins before this one; 0: none
}

func (v *visit) serviceActivity(f serviceFrame) error {
	a := serviceActivity{serviceFrame: f}
	if before := v.r.URL.Query().Get("before"); before != "" {
		n, err := strconv.ParseInt(before, 10, 64)
		if err != nil || n < 1 {
			return &app.Error{Code: app.CodeInvalid, Message: "before must be the number of an entry: go back to the newest entries"}
		}
		a.Before = n
	}
	var err error
	filter := app.AuditFilter{Service: f.Service.Name}
	a.Entries, err = v.App.ListAudit(v.r.Context(), v.actor, f.Project, filter, a.Before, activityShown+1, v.now)
	if err != nil {
		return err
	}
	if len(a.Entries) > activityShown {
		a.Entries = a.Entries[:activityShown]
		a.Next = a.Entries[activityShown-1].Seq
	}
	return v.show(f.Service.Name+" activity", serviceActivityPage(a))
}

// older is the page of entries before one.
func (a serviceActivity) older() string {
	return withQuery(a.path("activity"), "before", strconv.FormatInt(a.Next, 10))
}

var machineTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// inWords says the moments of a message for machines as people say them.
func inWords(message string, now time.Time, zone *time.Location) string {
	return sentence(machineTime.ReplaceAllStringFunc(message, func(found string) string {
		t, err := time.Parse(time.RFC3339, found)
		if err != nil {
			return found
		}
		return moment(t, now, zone)
	}))
}

// why turns "you are an admin …", which a mail says, into what is said of somebody.
func why(r app.Recipient) string {
	return strings.TrimPrefix(r.Why, "you are ")
}

// about is what a message is about, for a list.
func about(m app.Message) string {
	switch {
	case m.Subject != "":
		return m.Subject
	case m.Kind == app.MessageEvent:
		return strings.ReplaceAll(string(m.Event), ".", " ")
	case m.Kind == app.MessageUrgent:
		return "Certificates that end soon"
	}
	return "Digest"
}

// messageState says how far a message is on its way.
func messageState(m app.Message, now time.Time, zone *time.Location) said {
	switch m.State {
	case app.MessageSent:
		return said{"Sent " + happened(m.SentAt, now, zone), good}
	case app.MessageKept:
		return said{"Kept in the Outbox", quiet}
	case app.MessageDropped:
		return said{"Nothing left to say", quiet}
	case app.MessageDead:
		return said{"Given up", bad}
	}
	if m.Attempts > 0 {
		return said{"Retrying", warn}
	}
	return said{"Due " + in(m.DueAt, now), quiet}
}
