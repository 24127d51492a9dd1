package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// ackView is the dialog that asks whether the new pair is in use.
type ackView struct {
	userView
	Message string // why it was not taken
}

func (v *visit) askAcknowledge(u userView) error {
	if !u.may(app.ManageUsers) {
		return notYours()
	}
	return v.dialog(http.StatusOK, "Acknowledge certificate of "+u.User, acknowledgeDialog(ackView{userView: u}))
}

// noGeneration is what a form that names none says it saw. The console never takes
// whatever is pending, as the compatible call does.
const noGeneration = -1

// acknowledge records that the generation somebody saw is in use. Done before is
// no failure; a newer generation has to be looked at first.
func (v *visit) acknowledge(u userView) error {
	seen, err := strconv.Atoi(v.r.PostForm.Get("generation"))
	if err != nil || seen < 1 {
		seen = noGeneration
	}
	err = v.App.AcknowledgeRenewal(v.r.Context(), v.actor, u.Project, u.Service, u.User, seen, v.now)
	if err != nil {
		return v.refuseAcknowledge(u, seen, err)
	}
	return v.sayAcknowledged(u, seen)
}

// refuseAcknowledge shows the dialog again, as things stand now.
func (v *visit) refuseAcknowledge(u userView, seen int, err error) error {
	status, e := v.refusal(err)
	if e.Code != app.CodeConflict {
		return err
	}
	if err := v.loadUser(&u); err != nil {
		return err
	}
	a := ackView{userView: u, Message: inWords(e.Message, v.now, u.Zone)}
	if n := u.current().Generation; n > seen {
		a.Message = "A newer generation, " + strconv.Itoa(n) + ", exists. Look at it, then acknowledge."
	}
	return v.dialog(status, "Acknowledge certificate of "+u.User, acknowledgeDialog(a))
}

// sayAcknowledged tells who acknowledged: this person now, or somebody before.
func (v *visit) sayAcknowledged(u userView, generation int) error {
	by, at, err := v.App.Acknowledgement(v.r.Context(), v.actor, u.Project, u.Service, u.User, generation, v.now)
	if err != nil {
		return err
	}
	g := "Generation " + strconv.Itoa(generation) + " of " + u.User
	switch {
	case by == "":
		return v.stored(u, "No renewal of "+u.User+" awaits acknowledgement. Nothing is left to do.")
	case by == v.actor.Email && at.UnixMilli() == v.now.UnixMilli():
		said := g + " is acknowledged: its reminders stop."
		if old, ok := u.old(); ok && live(old, v.now) {
			said += " Generation " + strconv.Itoa(old.Generation) + " " + u.endWords(old) + "."
		}
		return v.stored(u, said)
	}
	return v.stored(u, u.doneBy(by, at))
}

// notYours answers a role that changes no users.
func notYours() error {
	return &app.Error{
		Code:    app.CodeForbidden,
		Message: "your role in this project changes no users: ask one of its admins, operators or developers",
	}
}

// thenOld says what becomes of the old pair.
func (u userView) thenOld(old app.GenerationView) string {
	n := "eneration " + strconv.Itoa(old.Generation) + " " + u.endWords(old)
	if live(old, u.Now) {
		return "Nothing is cut off: g" + n + ", as it would without this."
	}
	return "G" + n + ": a client that still uses it is refused already."
}

// nothingPending says why there is nothing to acknowledge.
func (u userView) nothingPending() string {
	if r, ok := u.renewal(u.current().Generation); ok && !r.AcknowledgedAt.IsZero() {
		return u.doneBy(r.AcknowledgedBy, r.AcknowledgedAt)
	}
	return "No renewal of " + u.User + " awaits acknowledgement. Nothing is left to do."
}

// doneBy says that somebody acknowledged already: no error.
func (u userView) doneBy(by string, at time.Time) string {
	return actorWords(by) + " acknowledged this " + when(at, u.Now, u.Zone) + ". Nothing is left to do."
}
