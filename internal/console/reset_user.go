package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/segue-project/segue/internal/app"
)

func (v *visit) askReset(u userView) error { return v.resetDialog(http.StatusOK, u, "", "") }

func (v *visit) resetDialog(status int, u userView, typed, message string) error {
	p, err := v.previewed(u)
	if err != nil {
		return err
	}
	return v.dialog(status, "Reset credentials of "+u.User, resetDialog(changeView{u, p.Reset, typed, message}))
}

// reset issues a new pair and revokes every earlier one, once its name was typed.
func (v *visit) reset(u userView) error {
	typed := v.r.PostForm.Get("name")
	if typed != u.User {
		return v.resetDialog(http.StatusUnprocessableEntity, u, typed, notTheName(u))
	}
	p, err := v.previewed(u)
	if err != nil {
		return err
	}
	if err := v.App.ResetPair(v.r.Context(), v.actor, u.Project, u.Service, u.User, v.now); err != nil {
		status, e := v.refusal(err)
		if e.Code != app.CodeConflict {
			return err
		}
		if err := v.loadUser(&u); err != nil {
			return err
		}
		return v.resetDialog(status, u, typed, inWords(e.Message, v.now, u.Zone))
	}
	if err := v.loadUser(&u); err != nil {
		return err
	}
	return v.stored(u, u.User+" is reset: generation "+strconv.Itoa(u.current().Generation)+" is issued, every earlier one revoked. "+u.accepted(p.Reset))
}

func notTheName(u userView) string {
	return "This is not the name of the user. Nothing was changed; type " + u.User + " to go on."
}

// accepted says until when brokers would still take what is revoked.
func (u userView) accepted(p app.ChangePreview) string {
	if p.AcceptedUntil.IsZero() {
		return "No broker accepts an earlier pair any more."
	}
	return "A broker that does not check revocation accepts an earlier pair until " + day(p.AcceptedUntil, u.Zone) + "."
}

// revokedWords name generations: "Generation 2 is", "Generations 2 and 3 are".
func revokedWords(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	switch len(words) {
	case 0:
		return "Nothing is"
	case 1:
		return "Generation " + words[0] + " is"
	case 2, 3, 4, 5:
		return "Generations " + strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1] + " are"
	}
	return "All " + number(len(words)) + " earlier generations are"
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
