package console

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) outboxRoutes() {
	const outbox = "/projects/{project}/outbox"
	in := func(p page) http.HandlerFunc { return s.inProject("outbox", p) }
	s.mux.HandleFunc("GET "+outbox, in((*visit).outboxPage))
	s.mux.HandleFunc("GET "+outbox+"/digest", in((*visit).digestPage))
	s.mux.HandleFunc("GET "+outbox+"/{message}", in((*visit).messagePage))
	s.mux.HandleFunc("POST "+outbox+"/{message}/retry", in((*visit).retryMessage))
}

const outboxShown = 50

// outboxView is a page of a project's messages.
type outboxView struct {
	frame
	State       app.MessageState // the only one shown; empty: all
	Counts      map[app.MessageState]int
	Messages    []app.Message
	After, Next string
	Mail        healthLine
}

func (v *visit) outboxPage() error {
	query := v.r.URL.Query()
	o := outboxView{frame: v.frame, State: app.MessageState(query.Get("state")), After: query.Get("after")}
	var err error
	o.Messages, o.Next, err = v.App.ListMessages(v.r.Context(), v.actor, v.frame.Project, o.State, app.Page{After: o.After, Limit: outboxShown}, v.now)
	if err != nil {
		return err
	}
	health, err := v.App.ProjectHealth(v.r.Context(), v.actor, v.frame.Project, v.now)
	if err != nil {
		return err
	}
	o.Counts, o.Mail = health.Messages, mailLine(health, v.now, v.frame.Zone)
	return v.show("Outbox", outboxPage(o))
}

func (o outboxView) total() (n int) {
	for _, count := range o.Counts {
		n += count
	}
	return n
}

// at is the list of another state or place.
func (o outboxView) at(state app.MessageState, after string) string {
	return queried(o.path("outbox"), "state", string(state), "after", after)
}

// outboxStates are the states a list can be narrowed to, in the order of their tabs.
var outboxStates = []app.MessageState{app.MessageDue, app.MessageSent, app.MessageKept, app.MessageDropped, app.MessageDead}

// stateName is a message's state as people say it.
func stateName(s app.MessageState) string {
	return map[app.MessageState]string{
		app.MessageDue: "Waiting", app.MessageSent: "Sent", app.MessageKept: "Kept", app.MessageDropped: "Dropped", app.MessageDead: "Given up",
	}[s]
}

// messageThen is what stands under a message's state; empty where that says all.
func messageThen(m app.Message, f frame) string {
	switch {
	case m.State == app.MessageDue && m.Attempts > 0:
		return "next try " + in(m.DueAt, f.Now)
	case m.State == app.MessageDead:
		return "after " + plural(m.Attempts, "attempt")
	}
	return ""
}

func messageID(id int64) string { return fmt.Sprintf("%016x", uint64(id)) }

// messageNamed is the id of the message that the path names.
func (v *visit) messageNamed() (int64, error) {
	id, err := strconv.ParseUint(v.r.PathValue("message"), 16, 64)
	if err != nil {
		return 0, &app.Error{Code: app.CodeNotFound, Message: "no such message in this project"}
	}
	return int64(id), nil
}

func (v *visit) messagePage() error { return v.messageWith(nil) }

// messageWith shows a message, and why something about it was refused.
func (v *visit) messageWith(refused error) error {
	id, err := v.messageNamed()
	if err != nil {
		return err
	}
	m, attempts, err := v.App.GetMessage(v.r.Context(), v.actor, v.frame.Project, id, v.now)
	if err != nil {
		return err
	}
	if refused == nil {
		return v.dialog(http.StatusOK, "Message", messageDialog(v.frame, m, attempts, ""))
	}
	status, e := v.refusal(refused)
	return v.dialog(status, "Message", messageDialog(v.frame, m, attempts, sentence(e.Message)))
}

func (v *visit) retryMessage() error {
	id, err := v.messageNamed()
	if err != nil {
		return err
	}
	switch err := v.App.RetryMessage(v.r.Context(), v.actor, v.frame.Project, id, v.now); {
	case isCode(err, app.CodeConflict):
		return v.messageWith(err)
	case err != nil:
		return err
	}
	return v.done(v.frame.path("outbox"), "The message is due again and leaves now.")
}

// retriable reports whether a message can be made due again by hand.
func retriable(m app.Message) bool {
	return m.State == app.MessageDead || m.State == app.MessageDropped || m.State == app.MessageKept
}

// digestPage shows the digest that would leave now. Its text says all that its
// HTML does, which a page without inline styles could not show.
func (v *visit) digestPage() error {
	mail, err := v.App.PreviewDigest(v.r.Context(), v.actor, v.frame.Project, v.now)
	if isCode(err, app.CodeConflict) {
		return v.dialog(http.StatusOK, "Digest", noDigestDialog(v.frame, sentence(err.Error())))
	}
	if err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Digest", digestDialog(v.frame, mail))
}

// attemptWords is what came of an attempt.
func attemptWords(a app.Attempt) string {
	switch {
	case a.Error != "":
		return sentence(a.Error)
	case a.Outcome == app.MessageDue:
		return "To be tried again."
	}
	return stateName(a.Outcome) + "."
}

// byWords say how a message leaves.
func byWords(m app.Message) string {
	if m.ChannelID == 0 {
		return "by mail"
	}
	return "by channel"
}
