package console

import (
	"net/http"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// snoozeView is the dialog that silences reminders, with what was typed.
type snoozeView struct {
	userView
	Until, Reason, Message string
}

func (v *visit) askSnooze(u userView) error {
	if !u.may(app.ManageUsers) {
		return notYours()
	}
	s := snoozeView{userView: u}
	if u.snoozed() {
		s.Until, s.Reason = u.History.Reminders.SnoozedUntil.In(u.Zone).Format(time.DateOnly), u.History.Reminders.SnoozeReason
	}
	return v.snoozeDialog(http.StatusOK, s)
}

func (v *visit) snoozeDialog(status int, s snoozeView) error {
	return v.dialog(status, "Snooze reminders of "+s.User, snoozeDialog(s))
}

// snooze silences the reminders of the pending renewal until a day begins, or ends
// a snooze.
func (v *visit) snooze(u userView) error {
	form := v.r.PostForm
	s := snoozeView{userView: u, Until: form.Get("until"), Reason: form.Get("reason")}
	var until time.Time
	var err error
	said := "Reminders of " + u.User + " go on."
	if form.Get("end") == "" {
		if until, err = time.ParseInLocation(time.DateOnly, s.Until, u.Zone); err != nil {
			if !u.may(app.ManageUsers) {
				return notYours()
			}
			s.Message = "Choose the day on which reminders go on."
			return v.snoozeDialog(http.StatusUnprocessableEntity, s)
		}
		said = "Reminders of " + u.User + " go on from " + day(until, u.Zone) + "."
	}
	_, err = v.App.SnoozeUser(v.r.Context(), v.actor, u.Project, u.Service, u.User, until, s.Reason, v.now)
	if err != nil {
		status, e := v.refusal(err)
		if e.Code != app.CodeInvalid && e.Code != app.CodeConflict {
			return err
		}
		s.Message = s.refusalWords(e)
		return v.snoozeDialog(status, s)
	}
	return v.stored(u, said)
}

// refusalWords say a refusal in the words of the form.
func (s snoozeView) refusalWords(e *app.Error) string {
	old, ok := s.old()
	switch {
	case e.Field == "reason":
		return "Say in up to 500 letters why nobody is to be reminded: whoever looks next wants to know."
	case e.Field == "until" && ok && live(old, s.Now):
		return "Choose a day from " + s.first() + " to " + s.last(old) + ": then the old pair ends, and its clients are cut off."
	}
	return inWords(e.Message, s.Now, s.Zone)
}

func (s snoozeView) first() string { return day(s.Now.AddDate(0, 0, 1), s.Zone) }

func (s snoozeView) last(old app.GenerationView) string { return day(old.NotAfter, s.Zone) }

// dates are the bounds of the control, as it takes them.
func (s snoozeView) dates() (first, last string) {
	old, _ := s.old()
	return s.Now.In(s.Zone).AddDate(0, 0, 1).Format(time.DateOnly), old.NotAfter.In(s.Zone).Format(time.DateOnly)
}

// snoozed reports whether reminders are silenced now.
func (u userView) snoozed() bool {
	return u.History.Reminders != nil && u.History.Reminders.SnoozedUntil.After(u.Now)
}
