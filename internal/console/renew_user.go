package console

import (
	"net/http"
	"strconv"

	"github.com/segue-project/segue/internal/app"
)

// changeView is the dialog of a change to a user's pairs: what would happen now.
type changeView struct {
	userView
	Preview app.ChangePreview
	Typed   string // the name, where it is asked for
	Message string
}

// previewed loads what the changes of a user would do now.
func (v *visit) previewed(u userView) (app.UserPreview, error) {
	return v.App.PreviewUser(v.r.Context(), v.actor, u.Project, u.Service, u.User, v.now)
}

func (v *visit) askRenew(u userView) error { return v.renewDialog(http.StatusOK, u, "") }

func (v *visit) renewDialog(status int, u userView, message string) error {
	p, err := v.previewed(u)
	if err != nil {
		return err
	}
	return v.dialog(status, "Renew "+u.User+" now", renewDialog(changeView{userView: u, Preview: p.Renew, Message: message}))
}

// renew issues the next pair ahead of its date.
func (v *visit) renew(u userView) error {
	err := v.App.RenewPair(v.r.Context(), v.actor, u.Project, u.Service, u.User, v.now)
	if err != nil {
		status, e := v.refusal(err)
		if e.Code != app.CodeConflict {
			return err
		}
		if err := v.loadUser(&u); err != nil {
			return err
		}
		return v.renewDialog(status, u, inWords(e.Message, v.now, u.Zone))
	}
	if err := v.loadUser(&u); err != nil {
		return err
	}
	return v.stored(u, "Generation "+strconv.Itoa(u.current().Generation)+" of "+u.User+" is ready. Put it in use, then acknowledge it.")
}
